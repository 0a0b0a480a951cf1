/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/member/peer.h"

void peer_tell_nodelist(Peer *p, const uint32_t *ids, size_t n, bool by_fewer)
{
        p->n_nodelist = MIN(n, (size_t) NODES_MAX);
        if (p->n_nodelist > 0)
                memcpy(p->nodelist, ids, p->n_nodelist * sizeof(*ids));
        p->by_fewer = by_fewer;
}

bool peer_lists(const Peer *p, uint32_t node_id)
{
        for (size_t i = 0; i < p->n_nodelist; i++)
                if (p->nodelist[i] == node_id)
                        return true;
        return false;
}
