/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The nodes that this node's corosync.conf lists, and whether fewer than a majority of them can have quorum. They change while
 * the manager runs, on each node at another moment: so a change is told to the group, and only what was delivered counts. */

#include "engine/member/listed.h"
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
void listed_set(Engine *e, const Event *event)
{
        Node *nodes = NULL;
        size_t n = 0;
        int r = listed_take(event->nodelist.nodes, event->nodelist.n_nodes, e->node_id, &nodes, &n);

        if (r == -ENOMEM)
                e->agreed.out.oom = true;
        if (r < 0)
                return;
        listed_free(e->nodelist, e->n_nodelist);
        e->nodelist = nodes;
        e->n_nodelist = n;
        e->by_fewer = event->nodelist.quorum_by_fewer;
        e->nodelist_dirty = true;
        engine_changed(e);
}

uint32_t *listed_ids(Engine *e)
{
        uint32_t *ids = calloc(MAX(e->n_nodelist, (size_t) 1), sizeof(*ids));

        if (!ids) {
                e->agreed.out.oom = true;
                return NULL;
        }
        for (size_t i = 0; i < e->n_nodelist; i++)
                ids[i] = e->nodelist[i].id;
        return ids;
}

/* ---- what is told ---- */

static bool listed_is(const Engine *e, const uint32_t *ids, size_t n, bool by_fewer)
{
        if (n != e->n_nodelist || by_fewer != e->by_fewer)
                return false;
        for (size_t i = 0; i < n; i++)
                if (ids[i] != e->nodelist[i].id)
                        return false;
        return true;
}

/* A state that was installed may lack a node that is listed here. Once: of two names for one the last one stays. */
void listed_unknown(Engine *e)
{
        e->in_view.nodelist_sent = false;
        for (size_t i = 0; i < e->n_nodelist; i++)
                if (!state_find_node(&e->agreed.state, e->nodelist[i].id))
                        e->nodelist_dirty = true;
}

static bool listed_is_news(const Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);

        if (engine_is_synced(e))
                return own &&
                       (e->nodelist_dirty || !listed_is(e, own->nodelist, own->n_nodelist, own->by_fewer));
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (e->phase == PHASE_FORMING && p->has_facts && p->member.node_id == e->node_id &&
                                p->member.pid == e->pid)
                        return !listed_is(e, p->nodelist, p->n_nodelist, p->by_fewer);
        return false;
}

void listed_tell(Engine *e)
{
        Message m = { .type = MESSAGE_NODELIST, .nodelist.by_fewer = e->by_fewer };
        NodelistMessage *l = &m.nodelist;

        if (e->in_view.nodelist_sent || !listed_is_news(e))
                return;
        l->nodes = calloc(e->n_nodelist, sizeof(l->nodes[0]));
        if (!l->nodes) {
                e->agreed.out.oom = true;
                return;
        }
        for (; l->n_nodes < e->n_nodelist; l->n_nodes++)
                l->nodes[l->n_nodes] = (ListedNode){ .id = e->nodelist[l->n_nodes].id,
                        .name = engine_strdup(e, e->nodelist[l->n_nodes].name) };
        engine_send(e, &m);
        e->in_view.nodelist_sent = true;
}

static bool listed_is_told(const Engine *e, const NodelistMessage *m)
{
        if (m->n_nodes != e->n_nodelist || m->by_fewer != e->by_fewer)
                return false;
        for (size_t i = 0; i < m->n_nodes; i++)
                if (m->nodes[i].id != e->nodelist[i].id || !streq(m->nodes[i].name, e->nodelist[i].name))
                        return false;
        return true;
}

/* Our own nodelist has been delivered; it may have changed again since it was sent. */
void listed_delivered(Engine *e, const NodelistMessage *m)
{
        if (!state_find_node(&e->agreed.state, e->node_id))
                return;
        e->in_view.nodelist_sent = false;
        e->nodelist_dirty = !listed_is_told(e, m);
}
