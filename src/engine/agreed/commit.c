/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a revision is committed: when it is on enough disks. Each member acknowledges what its own disk holds, and all count
 * alike. What is committed survives any loss from which the group can form again. */

#include "engine/agreed/commit.h"
#include "engine/agreed/app.h"
#include "engine/agreed/node.h"
#include "base/array.h"

static bool same_nodelist(const Node *a, const Node *b)
{
        return a->n_nodelist == b->n_nodelist &&
               (a->n_nodelist == 0 ||
                               memcmp(a->nodelist, b->nodelist, a->n_nodelist * sizeof(uint32_t)) == 0);
}

static bool nodelist_acked(const Agreed *g, const Node *like, const Revision *revision)
{
        size_t n_acked = 0;

        for (size_t i = 0; i < like->n_nodelist; i++) {
                const Node *n = state_find_node(&g->state, like->nodelist[i]);

                n_acked += n && n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, revision) >= 0;
        }
        return n_acked * 2 > like->n_nodelist;
}

bool nodelist_acked_by_majorities(const Agreed *g, const Revision *revision)
{
        const Node *before = NULL;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                if (n->presence != PRESENCE_SYNCED || n->by_fewer || (before && same_nodelist(before, n)))
                        continue;
                if (!nodelist_acked(g, n, revision))
                        return false;
                before = n;
        }
        return true;
}

/* A revision is committed when (1) every synced member that is not late has acknowledged it, and (2) these are a
 * majority of the nodelist: forming needs the records of one. Where forming asks for all of the last view it is every
 * synced member, or, without those that were late, a majority of them. Where the nodes have said different things, the
 * strictest counts. */
static bool commit_reached(const Agreed *g, const Revision *revision)
{
        size_t n_synced = 0, n_acked = 0, n_out = 0;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                if (n->presence != PRESENCE_SYNCED)
                        continue;
                n_synced++;
                if (revision_compare(&n->acked, revision) >= 0)
                        n_acked++;
                else if (n->late || n->unwritable)
                        n_out++;
        }
        if (n_acked == 0 || n_acked + n_out < n_synced)
                return false;
        if (g->state.by_fewer && n_out > 0 && n_acked * 2 <= n_synced)
                return false;
        return nodelist_acked_by_majorities(g, revision);
}

void apply_commit(Agreed *g)
{
        State *s = &g->state;
        Revision best = s->committed;

        /* What is on the disks is one of the revisions that were acknowledged. */
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, &best) > 0 &&
                                commit_reached(g, &n->acked))
                        best = n->acked;
        if (revision_compare(&best, &s->committed) > 0) {
                s->committed = best;
                FOREACH_ARRAY(a, s->apps, s->n_apps)
                        if (revision_compare(&a->unsure.since, &best) < 0)
                                app_is_sure(g, a);
                if (s->form_pending && best.ring_seq >= s->ring_seq) {
                        s->form_pending = false;
                        g->lasting_changed = g->lasting_changed || !s->confirmed;
                        s->confirmed = true;
                        g->all_dirty = true;
                }
        }
        if (revision_compare(&s->committed, &s->revision) >= 0) {
                s->commit = (Timer){};
                node_commit_timings(g);
        } else if (s->commit.serial == 0 && revision_compare(&s->commit_base, &s->revision) < 0) {
                s->commit = agreed_timer(g, COMMIT_USEC);
                s->commit_base = s->revision;
        }
}

/* A member may acknowledge it yet, and in time. */
bool commit_is_waited_for(const Agreed *g, const Revision *revision)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, revision) < 0 && !n->late &&
                                !n->unwritable)
                        return true;
        return false;
}

/* A member that has come into step since the timer was begun has not had that long. The next timer counts it; that
 * begins at once, since its coming made a revision. */
void apply_commit_timer(Agreed *g)
{
        State *s = &g->state;
        uint64_t serial = s->commit.serial;

        s->commit = (Timer){};
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, &s->commit_base) < 0 &&
                                n->synced_serial < serial && !n->late) {
                        n->late = true;
                        node_touched(g, n);
                }
}

void apply_ack(Agreed *g, uint32_t node_id, const AckMessage *m)
{
        Node *n = state_find_node(&g->state, node_id);
        bool was_late;

        if (!n)
                return;
        if (n->unwritable != !m->written) {
                n->unwritable = !m->written;
                node_touched(g, n);
        }
        if (!m->written)
                return;
        was_late = n->late;
        if (revision_compare(&m->revision, &n->acked) > 0)
                n->acked = m->revision;
        if (revision_compare(&n->acked, &g->state.commit_base) >= 0)
                n->late = false;
        if (was_late && !n->late)
                node_touched(g, n);
}
