/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a decided view means for the nodes, and what the loss of a node, or of its manager, means for the copies there:
 * how long they are waited for, and when they count no more. */

#include "engine/agreed/node.h"
#include "engine/agreed/app.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/place.h"
#include "base/array.h"

void node_touched(Agreed *g, Node *n)
{
        g->all_dirty = true;
        agreed_changed_node(g, n->id);
}

bool node_is_owing(const App *a, const Node *n)
{
        return n->unknown && !node_is_past(n) && place_tier(a, n) != UINT32_MAX;
}

bool node_rename(Agreed *g, Node *n, const char *name)
{
        char *copy;

        if (isempty(name) || streq(n->name, name))
                return false;
        copy = outlet_strdup(&g->out, name);
        if (!copy)
                return false;
        free(n->name);
        n->name = copy;
        return true;
}

/* ---- FailoverDelaySec=auto ---- */

/* A node that may have a copy: one of Nodes=, or one that has what Nodes= no longer allows. While a change of Nodes= is not
 * committed, the peers, which wait, count with all nodes (`most`); a node that is waited for counts with itself if it has
 * one. */
static bool app_concerns(const App *a, const Node *n, bool most)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->node_id == n->id)
                        return true;
        if (a->owner == n->id)
                return true;
        return a->unsure.is_auto ? most : place_tier(a, n) != UINT32_MAX;
}

/* How long the slowest of these nodes may take from its Corosync's silence until its copy has ended, less what the quickest
 * of all takes to notice that it is gone. Where all nodes have the same timeouts it is the greatest that any of them needs.
 * A node that was cut off may know the old value or the new one while a change is not committed. The peers that wait take
 * the greatest that any of it comes to (`most`); the node that is waited for takes the least. */
static uint64_t app_auto_delay(const State *s, const App *a, bool most)
{
        uint64_t stopped = 0, noticed = USEC_INFINITY;

        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                const NodeTiming *slow = most ? &n->most : &n->least, *quick = most ? &n->least : &n->most;

                if (n->timing.detection_usec == 0)
                        continue;
                noticed = MIN(noticed, quick->detection_usec);
                if (app_concerns(a, n, most))
                        stopped = MAX(stopped, usec_add(slow->needed_usec, slow->detection_usec));
        }
        return stopped == USEC_INFINITY ? stopped : usec_left(stopped, noticed);
}

static bool app_delay_is_auto(const App *a)
{
        return a->has_definition && (a->definition.failover_delay_usec == DELAY_AUTO || a->unsure.is_auto);
}

static uint64_t app_written_delay(const App *a)
{
        return a->has_definition ? a->definition.failover_delay_usec : 0;
}

uint64_t app_delay(const State *s, const App *a)
{
        uint64_t delay = a->unsure.since.count > 0 ? a->unsure.longest_delay_usec : app_written_delay(a);

        if (!app_delay_is_auto(a))
                return delay;
        return MAX(app_auto_delay(s, a, true), delay == DELAY_AUTO ? 0 : delay);
}

uint64_t app_least_delay(const State *s, const App *a)
{
        uint64_t delay = a->unsure.since.count > 0 ? a->unsure.least_delay_usec : app_written_delay(a);

        if (!app_delay_is_auto(a))
                return delay;
        return MIN(app_auto_delay(s, a, false), delay == DELAY_AUTO ? USEC_INFINITY : delay);
}

/* What a node said since the delay began may show that the lost one needs longer, or was noticed earlier, than was counted
 * with. A delay that runs is never shortened. */
static void app_lengthen_delay(Agreed *g, App *a)
{
        uint64_t delay;

        if (a->lost_node == 0 || a->delay.serial == 0 || !app_delay_is_auto(a))
                return;
        delay = app_delay(&g->state, a);
        if (delay <= a->delay_usec)
                return;
        a->delay.serial = ++g->state.next_serial;
        a->delay.deadline_usec = usec_add(
                        a->delay.deadline_usec, delay == USEC_INFINITY ? delay : delay - a->delay_usec);
        a->delay_usec = delay;
        agreed_note(g, NOTE_APP_WAITING, a->name, a->lost_node,
                        "longer for %s to come back: FailoverDelaySec= has grown",
                        state_node_name(&g->state, a->lost_node));
        app_look_again(g, a);
}

static NodeTiming timing_least(const NodeTiming *a, const NodeTiming *b)
{
        return (NodeTiming){ MIN(a->detection_usec, b->detection_usec),
                MIN(a->isolation_usec, b->isolation_usec), MIN(a->needed_usec, b->needed_usec) };
}

static NodeTiming timing_most(const NodeTiming *a, const NodeTiming *b)
{
        return (NodeTiming){ MAX(a->detection_usec, b->detection_usec),
                MAX(a->isolation_usec, b->isolation_usec), MAX(a->needed_usec, b->needed_usec) };
}

bool node_timing_equal(const NodeTiming *a, const NodeTiming *b)
{
        return a->detection_usec == b->detection_usec && a->isolation_usec == b->isolation_usec &&
               a->needed_usec == b->needed_usec;
}

void node_set_timing(Agreed *g, Node *n, const NodeTiming *t)
{
        bool first = n->timing.detection_usec == 0;

        if (node_timing_equal(&n->timing, t))
                return;
        n->least = first ? *t : timing_least(&n->least, t);
        n->most = first ? *t : timing_most(&n->most, t);
        n->timing = *t;
        g->lasting_changed = true;
        agreed_changed(g);
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                app_lengthen_delay(g, a);
                if (app_delay_is_auto(a))
                        agreed_changed_app(g, a);
        }
}

/* All nodes in step hold what the nodes said last, and so does any node that is cut off from now on. */
void node_commit_timings(Agreed *g)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                n->least = n->most = n->timing;
}

/* ---- losses ---- */

void app_begin_loss(Agreed *g, App *a, uint32_t node_id, uint64_t delay_usec)
{
        a->lost_node = node_id;
        a->lost_in_order = false;
        a->next_type = START_FAILOVER;
        a->next_from = node_id;
        a->next_node = 0;
        a->delay = delay_usec > 0 ? agreed_timer(g, delay_usec) : (Timer){};
        a->delay_usec = app_delay(&g->state, a);
        app_touched(g, a);
}

bool app_wants_up(const App *a)
{
        return a->target_up && !a->finished && !a->halted;
}

bool app_awaits_leaver(const App *a, const Node *n)
{
        return a->has_definition && a->definition.awaits_leaver && n &&
               place_eligible(a, n, false) == NODE_IS_LEAVING && !app_find_mark(a, n->id);
}

static void note_waiting(Agreed *g, const App *a, uint32_t node_id, uint64_t delay_usec);

void app_await_leaver(Agreed *g, App *a, const Copy *ended)
{
        uint32_t node_id = ended->node_id;
        uint64_t delay = app_delay(&g->state, a);

        if (delay == 0 || !app_wants_up(a) || !app_awaits_leaver(a, state_find_node(&g->state, node_id)) ||
                        (a->next_node != 0 && a->next_node != node_id))
                return;
        app_begin_loss(g, a, node_id, delay);
        a->lost_in_order = true;
        a->next_type = START_TAKEOVER; /* its last copy was stopped in order, so nothing failed */
        note_waiting(g, a, node_id, delay);
}

void copy_ended_note(Agreed *g, const App *a, const Copy *c, const char *why)
{
        agreed_note(g, NOTE_APP_STOPPED, a->name, c->node_id, "%s", why)->epoch = c->epoch;
}

/* Says how long the lost node is waited for, and by which setting. Only what a grace has left differs from member to
 * member. */
static void note_waiting(Agreed *g, const App *a, uint32_t node_id, uint64_t delay_usec)
{
        const char *name = state_node_name(&g->state, node_id);
        const char *how = a->lost_in_order ? ", which left in order," : "";
        unsigned long long tenths = delay_usec / 100000 + (delay_usec % 100000 != 0);

        if (delay_usec == USEC_INFINITY)
                agreed_note(g, NOTE_APP_WAITING, a->name, node_id,
                                "until %s%s is back (FailoverDelaySec=infinity)", name, how);
        else
                agreed_note(g, NOTE_APP_WAITING, a->name, node_id, "%llu.%llu s for %s%s to come back (%s)",
                                tenths / 10, tenths % 10, name, how,
                                delay_usec > app_delay(&g->state, a) ? "ManagerGraceSec="
                                                                     : "FailoverDelaySec=");
}

/* A copy went with its node. `delay_usec`: how long its node is waited for from now. */
static void copy_lose(Agreed *g, App *a, Copy *c, uint64_t delay_usec, const char *why)
{
        bool live = copy_is_live(c);

        g->lasting_changed = true;
        if (c->surplus || c->phase == COPY_LOST) {
                c->phase = COPY_LOST;
                c->surplus = false;
                return;
        }
        if (a->maintenance)
                c->untamed = true;
        agreed_note(g, NOTE_APP_LOST, a->name, c->node_id, "%s", why)->epoch = c->epoch;
        if (live && !a->maintenance && app_wants_up(a)) {
                /* With start-first the other copy goes on alone, without delay. */
                if (app_count_live(a, c) > 0)
                        a->owner = 0;
                else {
                        app_begin_loss(g, a, c->node_id, delay_usec);
                        if (delay_usec > 0)
                                note_waiting(g, a, c->node_id, delay_usec);
                }
        }
        c->phase = COPY_LOST;
        c->stuck = false;
        FOREACH_ARRAY(other, a->copies, a->n_copies)
                if (a->owner == 0 && copy_is_live(other))
                        a->owner = other->node_id;
        app_touched(g, a);
}

static uint64_t node_grace(const Agreed *g, const Node *n)
{
        uint64_t longest = 0;

        if (n->grace_usec > 0)
                return n->grace_usec;
        FOREACH_ARRAY(o, g->state.nodes, g->state.n_nodes)
                longest = MAX(longest, o->grace_usec);
        return longest;
}

static bool same_nodes(const Definition *a, const Definition *b)
{
        bool same = a->n_nodes == b->n_nodes;

        for (size_t i = 0; i < a->n_nodes && same; i++)
                same = definition_find_node(b, a->nodes[i].name) >= 0;
        return same;
}

static void unsure_add(Unsure *u, uint64_t delay)
{
        if (delay == DELAY_AUTO) {
                u->is_auto = true;
                return;
        }
        u->least_delay_usec = MIN(u->least_delay_usec, delay);
        u->longest_delay_usec = MAX(u->longest_delay_usec, delay);
}

void app_change_hold(Agreed *g, App *a, bool maintenance, const Definition *d)
{
        Unsure *u = &a->unsure;
        uint64_t before = app_written_delay(a), now = d ? d->failover_delay_usec : before;
        bool changes;

        if (d && !a->has_definition)
                before = now; /* no node has another one */
        changes = before != now ||
                  (now == DELAY_AUTO && d && a->has_definition && !same_nodes(d, &a->definition));
        if (!changes && a->maintenance == maintenance)
                return;
        if (u->since.count == 0) {
                *u = (Unsure){ .maintenance = a->maintenance, .least_delay_usec = USEC_INFINITY };
                unsure_add(u, before);
        }
        u->since = g->state.revision;
        u->maintenance = u->maintenance && maintenance;
        unsure_add(u, now);
}

bool apply_owed(App *a, uint32_t node_id)
{
        size_t n = a->n_owed;

        for (size_t i = a->n_owed; i > 0; i--)
                if (a->owed[i - 1] == node_id)
                        ARRAY_CLOSE(a->owed, a->n_owed, i - 1);
        return a->n_owed < n;
}

/* The maintenance is over, and this node goes without having said what it runs: its guard may not have heard of it, and go
 * on leaving a copy there alone. So what it owed does not count any more, but such a copy does, until it is reported. */
static void app_end_owing(App *a, const Node *n)
{
        if (!apply_owed(a, n->id))
                return;
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->node_id == n->id)
                        c->untamed = true;
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

bool node_is_past(const Node *n)
{
        return !n || n->presence == PRESENCE_OFFLINE ||
               (n->grace_over && n->presence == PRESENCE_MANAGER_GONE);
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
        agreed_note(g, NOTE_VERSION, NULL, 0, "%u, which all nodes know", version);
}

/* ---- the nodelist ---- */

void nodelist_look_at_rules(Agreed *g)
{
        bool by_fewer = false;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                by_fewer = by_fewer || n->by_fewer;
        if (by_fewer == g->state.by_fewer)
                return;
        g->state.by_fewer = by_fewer;
        g->lasting_changed = true;
}

void node_set_nodelist(Agreed *g, Node *n, const uint32_t *ids, size_t n_ids, bool by_fewer)
{
        uint32_t *copy = calloc(MAX(n_ids, (size_t) 1), sizeof(*copy));

        if (!copy) {
                g->out.oom = true;
                return;
        }
        if (n_ids > 0)
                memcpy(copy, ids, n_ids * sizeof(*copy));
        free(n->nodelist);
        n->nodelist = copy;
        n->n_nodelist = n_ids;
        n->by_fewer = by_fewer;
        nodelist_look_at_rules(g);
}

/* A node that is away, or was never there, is called what it is called here; one that is there has said its name itself. */
static void nodelist_add(Agreed *g, const ListedNode *listed)
{
        Node *n = state_find_node(&g->state, listed->id);

        if (n && (n->presence != PRESENCE_OFFLINE || !node_rename(g, n, listed->name)))
                return;
        if (!n && (g->state.n_nodes >= NODES_MAX || state_find_node_name(&g->state, listed->name)))
                return;
        if (!n && !state_add_node(&g->state, listed->id, listed->name)) {
                g->out.oom = true;
                return;
        }
        g->lasting_changed = g->all_dirty = true;
        agreed_changed_node(g, listed->id);
}

void nodelist_apply(Agreed *g, uint32_t node_id, const NodelistMessage *m)
{
        Node *n = state_find_node(&g->state, node_id);
        uint32_t ids[NODES_MAX];
        size_t n_ids = 0;

        if (!n)
                return;
        for (; n_ids < m->n_nodes && n_ids < NODES_MAX; n_ids++)
                ids[n_ids] = m->nodes[n_ids].id;
        node_set_nodelist(g, n, ids, n_ids, m->by_fewer);
        for (size_t i = 0; i < m->n_nodes; i++)
                nodelist_add(g, &m->nodes[i]);
        agreed_changed(g);
}
