/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The nodes that this node's corosync.conf lists, and whether fewer than a majority of them can have quorum. They change while
 * the manager runs, on each node at another moment: so a change is told to the group, and only what was delivered counts. */

#include "engine/member/listed.h"
#include "engine/member/peer.h"
#include "base/array.h"

/* ---- this node's ---- */

void listed_free(Node *nodes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(nodes[i].name);
        free(nodes);
}

static bool listed_has(const Node *nodes, size_t n, const EngineNode *like)
{
        for (size_t i = 0; i < n; i++)
                if (nodes[i].id == like->id || streq(nodes[i].name, like->name))
                        return true;
        return false;
}

static int listed_fill(const EngineNode *nodes, size_t n, Node *list, size_t *n_list)
{
        for (size_t i = 0; i < n; i++) {
                size_t at = 0;
                char *name;

                if (nodes[i].id == 0 || isempty(nodes[i].name) || listed_has(list, *n_list, &nodes[i]))
                        return -EINVAL;
                name = strdup(nodes[i].name);
                if (!name)
                        return -ENOMEM;
                while (at < *n_list && list[at].id < nodes[i].id)
                        at++;
                ARRAY_OPEN(list, *n_list, at);
                list[at].id = nodes[i].id;
                list[at].name = name;
        }
        return 0;
}

int listed_take(const EngineNode *nodes, size_t n, uint32_t own_id, Node **ret, size_t *ret_n)
{
        size_t n_list = 0;
        bool own = false;
        Node *list;
        int r;

        if (n == 0 || n > NODES_MAX)
                return -EINVAL;
        list = calloc(n, sizeof(Node));
        if (!list)
                return -ENOMEM;
        r = listed_fill(nodes, n, list, &n_list);
        for (size_t i = 0; i < n_list; i++)
                own = own || list[i].id == own_id;
        if (r == 0 && !own)
                r = -EINVAL;
        if (r < 0) {
                listed_free(list, n_list);
                return r;
        }
        *ret = list;
        *ret_n = n_list;
        return 0;
}

/* One that cannot be used leaves what there is: the adapter does not hand on any. */
void listed_set(Membership *me, const Event *event)
{
        Node *nodes = NULL;
        size_t n = 0;
        int r = listed_take(event->nodelist.nodes, event->nodelist.n_nodes, me->node_id, &nodes, &n);

        if (r == -ENOMEM)
                me->agreed.out.oom = true;
        if (r < 0)
                return;
        listed_free(me->nodelist, me->n_nodelist);
        me->nodelist = nodes;
        me->n_nodelist = n;
        me->by_fewer = event->nodelist.quorum_by_fewer;
        me->nodelist_dirty = true;
        member_changed(me);
}

uint32_t *listed_ids(Membership *me)
{
        uint32_t *ids = calloc(MAX(me->n_nodelist, (size_t) 1), sizeof(*ids));

        if (!ids) {
                me->agreed.out.oom = true;
                return NULL;
        }
        for (size_t i = 0; i < me->n_nodelist; i++)
                ids[i] = me->nodelist[i].id;
        return ids;
}

/* ---- what is told ---- */

static bool listed_is(const Membership *me, const uint32_t *ids, size_t n, bool by_fewer)
{
        if (n != me->n_nodelist || by_fewer != me->by_fewer)
                return false;
        for (size_t i = 0; i < n; i++)
                if (ids[i] != me->nodelist[i].id)
                        return false;
        return true;
}

/* A state that was installed may lack a node that is listed here. Once: of two names for one the last one stays. */
void listed_unknown(Membership *me)
{
        me->in_view.nodelist_sent = false;
        for (size_t i = 0; i < me->n_nodelist; i++)
                if (!state_find_node(&me->agreed.state, me->nodelist[i].id))
                        me->nodelist_dirty = true;
}

static bool listed_is_news(const Membership *me)
{
        const Node *own = state_find_node(&me->agreed.state, me->node_id);

        if (member_is_synced(me))
                return own &&
                       (me->nodelist_dirty || !listed_is(me, own->nodelist, own->n_nodelist, own->by_fewer));
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (me->phase == PHASE_FORMING && p->has_facts && p->member.node_id == me->node_id &&
                                p->member.pid == me->pid)
                        return !listed_is(me, p->nodelist, p->n_nodelist, p->by_fewer);
        return false;
}

void listed_tell(Membership *me)
{
        Message m = { .type = MESSAGE_NODELIST, .nodelist.by_fewer = me->by_fewer };
        NodelistMessage *l = &m.nodelist;

        if (me->in_view.nodelist_sent || !listed_is_news(me))
                return;
        l->nodes = calloc(me->n_nodelist, sizeof(l->nodes[0]));
        if (!l->nodes) {
                me->agreed.out.oom = true;
                return;
        }
        for (; l->n_nodes < me->n_nodelist; l->n_nodes++)
                l->nodes[l->n_nodes] = (ListedNode){ .id = me->nodelist[l->n_nodes].id,
                        .name = member_strdup(me, me->nodelist[l->n_nodes].name) };
        member_send(me, &m);
        me->in_view.nodelist_sent = true;
}

static bool listed_is_told(const Membership *me, const NodelistMessage *m)
{
        if (m->n_nodes != me->n_nodelist || m->by_fewer != me->by_fewer)
                return false;
        for (size_t i = 0; i < m->n_nodes; i++)
                if (m->nodes[i].id != me->nodelist[i].id || !streq(m->nodes[i].name, me->nodelist[i].name))
                        return false;
        return true;
}

/* Our own nodelist has been delivered; it may have changed again since it was sent. */
void listed_delivered(Membership *me, const NodelistMessage *m)
{
        if (!state_find_node(&me->agreed.state, me->node_id))
                return;
        me->in_view.nodelist_sent = false;
        me->nodelist_dirty = !listed_is_told(me, m);
}
