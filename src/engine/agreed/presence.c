/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a decided view means for the nodes. And what the loss of a node, or of its manager, means for the copies there:
 * how long they are waited for, and when they count no more. */

#include "engine/agreed/presence.h"
#include "engine/agreed/app.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "base/array.h"

/* ---- losses ---- */

static uint64_t node_grace(const Agreed *g, const Node *n)
{
        uint64_t longest = 0;

        if (n->grace_usec > 0)
                return n->grace_usec;
        FOREACH_ARRAY(o, g->state.nodes, g->state.n_nodes)
                longest = MAX(longest, o->grace_usec);
        return longest;
}

static bool node_has_copies(const Agreed *g, const Node *n)
{
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id)
                                return true;
        return false;
}

/* Its manager said that it would leave, and no copy is left there that the others would have to wait for. */
static bool node_has_left(const Agreed *g, const Node *n)
{
        return n->leaving && !n->unknown && !node_has_copies(g, n);
}

/* The node is not in the ring any more. If its manager was gone before, or did not answer, the later of grace and delay
 * decides: the guard stops its workers then. Members may disagree on how much of the grace is left, but not on whether any
 * is: it ends by its expiry message only. So at least 1 us counts as left. */
static void node_lost(Agreed *g, Node *n)
{
        uint64_t grace_left = 0;

        if (n->presence != PRESENCE_OFFLINE)
                agreed_note(g, NOTE_NODE_LEFT, NULL, n->id, "%s",
                                node_has_left(g, n) ? "left in order" : "lost");
        if (n->grace.serial != 0)
                grace_left = MAX(usec_left(n->grace.deadline_usec, g->now_usec), (uint64_t) 1);
        else if (n->presence == PRESENCE_SILENT)
                grace_left = node_grace(g, n);
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                for (size_t i = 0; i < a->n_copies; i++)
                        if (a->copies[i].node_id == n->id)
                                copy_lose(g, a, &a->copies[i], MAX(app_delay(&g->state, a), grace_left), "");
                app_end_owing(a, n);
        }
        n->grace = (Timer){};
        n->grace_over = false;
        n->leaving = n->late = false;
        n->shutdown = (Timer){};
}

/* Counts from the first end of the manager since it was synced. */
static void node_manager_gone(Agreed *g, Node *n)
{
        uint64_t grace = node_grace(g, n);

        if (n->grace.serial != 0 || n->grace_over || node_has_left(g, n))
                return;
        n->grace = agreed_timer(g, grace);
        if (n->presence == PRESENCE_MANAGER_GONE) {
                n->since_usec = g->now_usec;
                agreed_note(g, NOTE_MANAGER_GONE, NULL, n->id, "its workers are left alone for %llu s",
                                (unsigned long long) (grace / USEC_PER_SEC));
        }
}

/* ManagerGraceSec= is over: the guard has stopped what ran there. The delay began together with the grace. */
void node_grace_over(Agreed *g, Node *n)
{
        uint64_t grace = node_grace(g, n);

        n->grace = (Timer){};
        n->grace_over = true;
        n->unknown = false;
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                for (size_t i = 0; i < a->n_copies; i++)
                        if (a->copies[i].node_id == n->id) {
                                uint64_t delay = app_delay(&g->state, a);
                                bool stuck = a->copies[i].stuck;

                                copy_lose(g, a, &a->copies[i],
                                                delay == USEC_INFINITY ? delay
                                                : delay > grace        ? delay - grace
                                                                       : 0,
                                                "its manager is not back within ManagerGraceSec=");
                                /* What no stop has ended the guard may not have ended either. */
                                a->copies[i].untamed = a->copies[i].untamed || stuck;
                                a->copies[i].stuck = stuck;
                        }
                app_end_owing(a, n);
        }
        node_touched(g, n);
}

/* ---- what it says of itself ---- */

/* Where it could not end what was here it would not be able to the next time. Twice within an hour, and nothing is started
 * there until somebody has looked. */
static void facts_rebooted_itself(Agreed *g, Node *n, const FactsMessage *f)
{
        bool again = n->rebooted_usec != 0 &&
                     usec_left(f->realtime_usec, n->rebooted_usec) < REBOOTED_AGAIN_USEC;

        n->rebooted_usec = MAX(f->realtime_usec, (uint64_t) 1);
        n->standby = n->standby || again;
        agreed_note(g, NOTE_SELF_REBOOT, NULL, n->id, "%s",
                        again ? "twice within an hour: it is in standby until 'distroctl unstandby'" : "");
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id && c->needs_end)
                                app_mark_last(g, a, n->id, "its host rebooted itself", f->realtime_usec);
}

static void facts_node(Agreed *g, Node *n, const FactsMessage *f)
{
        bool booted = n->boot_id != 0 && n->boot_id != f->boot_id;

        if (f->rebooted_itself && n->boot_id != f->boot_id)
                facts_rebooted_itself(g, n, f);
        if (n->grace_usec != f->grace_usec || n->boot_id != f->boot_id || n->version_max != f->version_max)
                g->lasting_changed = true;
        if (node_rename(g, n, f->node_name))
                g->lasting_changed = true;
        n->grace_usec = f->grace_usec;
        n->boot_id = f->boot_id;
        node_set_timing(g, n, &f->timing);
        n->unwritable = !f->can_write;
        n->unguarded = !f->guarded;
        n->unfused = !f->fused;
        n->version_max = f->version_max;
        node_set_nodelist(g, n, f->nodelist, f->n_nodelist, f->by_fewer);
        n->unknown = n->late = false;
        n->leaving = f->leaving; /* one that has lost track while it leaves does so all the same */
        n->shutdown = (Timer){};
        n->acked = (Revision){};
        n->presence = PRESENCE_REPORTED;
        if (f->version_min > g->state.version || f->version_max < g->state.version) {
                n->presence = PRESENCE_SYNCING; /* what it runs counts; it never gets to be synced */
                agreed_note(g, NOTE_MESSAGE_REFUSED, NULL, n->id,
                                "its manager knows protocol versions %u to %u; the group speaks %u",
                                f->version_min, f->version_max, g->state.version);
        }
        node_touched(g, n);
        if (!booted)
                return;
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                Mark *m = app_find_mark(a, n->id);

                if (m && m->expired && !m->stays)
                        app_remove_mark(a, m);
                else if (m)
                        m->booted = true;
        }
}

static int compare_facts(const void *a, const void *b)
{
        const CopyFact *const *x = a, *const *y = b;
        int c = strcmp((*x)->app, (*y)->app);

        return c != 0 ? c : CMP((*x)->epoch, (*y)->epoch);
}

/* A list to be searched; the caller frees it. NULL without memory. */
static const CopyFact **facts_sort(const FactsMessage *f)
{
        const CopyFact **sorted = calloc(MAX(f->n_copies, (size_t) 1), sizeof(*sorted));

        for (size_t i = 0; sorted && i < f->n_copies; i++)
                sorted[i] = &f->copies[i];
        if (sorted)
                qsort(sorted, f->n_copies, sizeof(*sorted), compare_facts);
        return sorted;
}

static bool facts_have(const CopyFact *const *sorted, size_t n, const char *app, uint64_t epoch)
{
        const CopyFact key = { .app = (char *) app, .epoch = epoch }, *k = &key;

        return bsearch(&k, sorted, n, sizeof(*sorted), compare_facts);
}

void apply_facts(Agreed *g, const Member *sender, const FactsMessage *f, bool forming)
{
        _cleanup_free_ const CopyFact **sorted = NULL;
        Node *n = state_find_node(&g->state, sender->node_id);

        if (!n) {
                if (g->state.n_nodes >= NODES_MAX)
                        return;
                n = state_add_node(&g->state, sender->node_id, f->node_name);
                if (!n) {
                        g->out.oom = true;
                        return;
                }
        }
        facts_node(g, n, f);
        g->outcome.files_dirty = true;
        /* What differs is told anew by `definitions`. */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                Variant *v = app_find_variant(a, n->id);

                if (v)
                        app_remove_variant(a, v);
                (void) app_set_wrong(a, n->id, 0);
                app_owed_said(a, n->id);
        }
        sorted = facts_sort(f);
        if (!sorted) {
                g->out.oom = true;
                return;
        }
        for (size_t i = 0; i < f->n_copies; i++)
                copy_fact(g, n->id, &f->copies[i], f->realtime_usec, forming);
        /* What the state had there and was not reported has ended. */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                for (size_t i = a->n_copies; i > 0; i--) {
                        Copy *c = &a->copies[i - 1];

                        if (c->node_id == n->id && !facts_have(sorted, f->n_copies, a->name, c->epoch))
                                copy_ended(g, a, c, UNIT_NONE, NULL, f->realtime_usec);
                }
}

void apply_synced(Agreed *g, const Member *sender)
{
        Node *n = state_find_node(&g->state, sender->node_id);

        if (!n || n->presence != PRESENCE_REPORTED)
                return;
        n->presence = PRESENCE_SYNCED;
        n->synced_serial = g->state.next_serial;
        n->grace = (Timer){};
        n->grace_over = false;
        n->pid = sender->pid;
        /* Its manager knows by now whether maintenance is over: it watches over what runs there again. */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id)
                                copy_watched(c);
        apply_view_nodes(g);
        apply_version(g);
        node_touched(g, n);
}

void apply_guard(Agreed *g, uint32_t node_id, const GuardMessage *m)
{
        Node *n = state_find_node(&g->state, node_id);

        if (!n || (n->unguarded == !m->guarded && n->unfused == !m->fused))
                return;
        n->unguarded = !m->guarded;
        n->unfused = !m->fused;
        node_touched(g, n);
}

void apply_grace(Agreed *g, Node *n)
{
        /* Its next manager is there and about to report what runs. */
        if (n->presence == PRESENCE_SYNCING || n->presence == PRESENCE_REPORTED)
                n->grace = agreed_timer(g, ANSWER_USEC);
        else
                node_grace_over(g, n);
}

/* ---- the view ---- */

static bool view_has_node(const DecidedView *v, uint32_t node_id)
{
        for (size_t i = 0; i < v->n_ring_nodes; i++)
                if (v->ring_nodes[i] == node_id)
                        return true;
        return false;
}

static Presence node_presence_in_view(const DecidedView *v, const Node *n)
{
        bool manager = false, silent = false;

        if (!view_has_node(v, n->id))
                return PRESENCE_OFFLINE;
        FOREACH_ARRAY(p, v->processes, v->n_processes) {
                if (p->member.node_id != n->id)
                        continue;
                /* Of two members of one node the one that answers counts. */
                if (p->synced)
                        return PRESENCE_SYNCED;
                if (p->excluded)
                        silent = true;
                else
                        manager = true;
        }
        return manager ? PRESENCE_SYNCING : silent ? PRESENCE_SILENT : PRESENCE_MANAGER_GONE;
}

static bool node_has_process(const DecidedView *v, const Node *n)
{
        FOREACH_ARRAY(p, v->processes, v->n_processes)
                if (p->member.node_id == n->id && p->member.pid == n->pid)
                        return true;
        return false;
}

static void node_set_pid(const DecidedView *v, Node *n)
{
        FOREACH_ARRAY(p, v->processes, v->n_processes)
                if (p->member.node_id == n->id && p->synced)
                        n->pid = p->member.pid;
}

/* `unseen`: there may have been a ring between the last view that was decided and this one, which every holder of this state
 * has slept through. In that ring a manager of this node may have come, called the guard off, and gone again. So the grace
 * counts from now. */
static void apply_view_node(Agreed *g, const DecidedView *v, Node *n, bool unseen)
{
        Presence before = n->presence, now = node_presence_in_view(v, n);

        if (unseen && now != PRESENCE_SYNCED && (n->grace.serial != 0 || n->grace_over)) {
                n->grace = agreed_timer(g, node_grace(g, n));
                n->grace_over = false;
        }
        /* It holds the state, but where its files differ is not in it yet: it says so before it says `synced`. */
        if (now == PRESENCE_SYNCED && before == PRESENCE_REPORTED)
                now = PRESENCE_REPORTED;

        if (now == PRESENCE_OFFLINE) {
                if (before != PRESENCE_OFFLINE)
                        node_lost(g, n);
        } else if (before == PRESENCE_OFFLINE) {
                agreed_note(g, NOTE_NODE_JOINED, NULL, n->id, NULL);
                /* Where fewer than a majority can have quorum, it may come from a group of its own, with anything. */
                if (g->state.by_fewer && now != PRESENCE_SYNCED)
                        n->unknown = true;
        } else if (before == PRESENCE_MANAGER_GONE && (now == PRESENCE_SYNCING || now == PRESENCE_SYNCED))
                agreed_note(g, NOTE_MANAGER_BACK, NULL, n->id, NULL);
        if (now == PRESENCE_SYNCED) {
                n->grace = (Timer){};
                n->grace_over = false;
                node_set_pid(v, n);
        }
        if (now != before) {
                n->presence = now;
                n->since_usec = g->now_usec;
        }
        /* The process that was synced last has ended: its node's guard counts. */
        if (now != PRESENCE_OFFLINE && now != PRESENCE_SYNCED && !node_has_process(v, n))
                node_manager_gone(g, n);
        if (now != before)
                node_touched(g, n);
}

/* Only synced members can have a record of what comes now. */
void apply_view_nodes(Agreed *g)
{
        State *s = &g->state;
        uint32_t *nodes = calloc(MAX(s->n_nodes, (size_t) 1), sizeof(uint32_t));
        size_t n = 0;

        if (!nodes) {
                g->out.oom = true;
                return;
        }
        FOREACH_ARRAY(o, s->nodes, s->n_nodes)
                if (o->presence == PRESENCE_SYNCED)
                        nodes[n++] = o->id;
        free(s->view_nodes);
        s->view_nodes = nodes;
        s->n_view_nodes = n;
        g->lasting_changed = true;
}

void apply_view(Agreed *g, const DecidedView *v)
{
        State *s = &g->state;
        bool unseen = v->ring_seq > s->ring_seq + RING_STEP;

        s->ring_seq = MAX(s->ring_seq, v->ring_seq);
        /* The last acknowledgements of a view may have reached some of its members only. So all are given anew, and waited for
         * from now. */
        s->committed = (Revision){};
        s->commit = (Timer){};
        definitions_end_reading(g);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                n->acked = (Revision){};
                apply_view_node(g, v, n, unseen);
        }
        s->room_bytes = 0;
        apply_view_nodes(g);
        apply_version(g);
        g->all_dirty = true;
}

void apply_version(Agreed *g)
{
        uint8_t version = UINT8_MAX;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                /* A node that is away counts with what it knew last: it shall find its way back. */
                if (n->version_max != 0 ||
                                (n->presence != PRESENCE_OFFLINE && n->presence != PRESENCE_MANAGER_GONE))
                        version = MIN(version, n->version_max);
        if (version == UINT8_MAX || version <= g->state.version)
                return;
        g->state.version = version;
        g->lasting_changed = true;
        agreed_note(g, NOTE_VERSION, NULL, 0, "%u, which all nodes know", version);
}
