/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a decided view means for the nodes, and what the loss of a node, or of its manager, means for the copies there:
 * how long they are waited for, and when they count no more. */

#include "engine/internal.h"
#include "base/array.h"

void node_touched(Engine *e, Node *n)
{
        e->agreed.all_dirty = true;
        engine_changed_node(e, n->id);
}

bool node_is_owing(const App *a, const Node *n)
{
        return n->unknown && !node_is_past(n) && place_tier(a, n) != UINT32_MAX;
}

bool node_rename(Engine *e, Node *n, const char *name)
{
        char *copy;

        if (isempty(name) || streq(n->name, name))
                return false;
        copy = engine_strdup(e, name);
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
static void app_lengthen_delay(Engine *e, App *a)
{
        uint64_t delay;

        if (a->lost_node == 0 || a->delay.serial == 0 || !app_delay_is_auto(a))
                return;
        delay = app_delay(&e->agreed.state, a);
        if (delay <= a->delay_usec)
                return;
        a->delay.serial = ++e->agreed.state.next_serial;
        a->delay.deadline_usec = usec_add(
                        a->delay.deadline_usec, delay == USEC_INFINITY ? delay : delay - a->delay_usec);
        a->delay_usec = delay;
        engine_note(e, NOTE_APP_WAITING, a->name, a->lost_node,
                        "longer for %s to come back: FailoverDelaySec= has grown",
                        state_node_name(&e->agreed.state, a->lost_node));
        app_look_again(e, a);
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

void node_set_timing(Engine *e, Node *n, const NodeTiming *t)
{
        bool first = n->timing.detection_usec == 0;

        if (node_timing_equal(&n->timing, t))
                return;
        n->least = first ? *t : timing_least(&n->least, t);
        n->most = first ? *t : timing_most(&n->most, t);
        n->timing = *t;
        e->agreed.lasting_changed = true;
        engine_changed(e);
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                app_lengthen_delay(e, a);
                if (app_delay_is_auto(a))
                        engine_changed_app(e, a);
        }
}

/* All nodes in step hold what the nodes said last, and so does any node that is cut off from now on. */
void node_commit_timings(Engine *e)
{
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                n->least = n->most = n->timing;
}

/* ---- losses ---- */

void app_begin_loss(Engine *e, App *a, uint32_t node_id, uint64_t delay_usec)
{
        a->lost_node = node_id;
        a->lost_in_order = false;
        a->next_type = START_FAILOVER;
        a->next_from = node_id;
        a->next_node = 0;
        a->delay = delay_usec > 0 ? agreed_timer(&e->agreed, delay_usec) : (Timer){};
        a->delay_usec = app_delay(&e->agreed.state, a);
        app_touched(e, a);
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

static void note_waiting(Engine *e, const App *a, uint32_t node_id, uint64_t delay_usec);

void app_await_leaver(Engine *e, App *a, const Copy *ended)
{
        uint32_t node_id = ended->node_id;
        uint64_t delay = app_delay(&e->agreed.state, a);

        if (delay == 0 || !app_wants_up(a) ||
                        !app_awaits_leaver(a, state_find_node(&e->agreed.state, node_id)) ||
                        (a->next_node != 0 && a->next_node != node_id))
                return;
        app_begin_loss(e, a, node_id, delay);
        a->lost_in_order = true;
        a->next_type = START_TAKEOVER; /* its last copy was stopped in order, so nothing failed */
        note_waiting(e, a, node_id, delay);
}

void copy_ended_note(Engine *e, const App *a, const Copy *c, const char *why)
{
        engine_note(e, NOTE_APP_STOPPED, a->name, c->node_id, "%s", why)->epoch = c->epoch;
}

/* Says how long the lost node is waited for, and by which setting. Only what a grace has left differs from member to
 * member. */
static void note_waiting(Engine *e, const App *a, uint32_t node_id, uint64_t delay_usec)
{
        const char *name = state_node_name(&e->agreed.state, node_id);
        const char *how = a->lost_in_order ? ", which left in order," : "";
        unsigned long long tenths = delay_usec / 100000 + (delay_usec % 100000 != 0);

        if (delay_usec == USEC_INFINITY)
                engine_note(e, NOTE_APP_WAITING, a->name, node_id,
                                "until %s%s is back (FailoverDelaySec=infinity)", name, how);
        else
                engine_note(e, NOTE_APP_WAITING, a->name, node_id, "%llu.%llu s for %s%s to come back (%s)",
                                tenths / 10, tenths % 10, name, how,
                                delay_usec > app_delay(&e->agreed.state, a) ? "ManagerGraceSec="
                                                                            : "FailoverDelaySec=");
}

/* A copy went with its node. `delay_usec`: how long its node is waited for from now. */
static void copy_lose(Engine *e, App *a, Copy *c, uint64_t delay_usec)
{
        bool live = copy_is_live(c);

        e->agreed.lasting_changed = true;
        if (c->surplus || c->phase == COPY_LOST) {
                c->phase = COPY_LOST;
                c->surplus = false;
                return;
        }
        if (a->maintenance)
                c->untamed = true;
        engine_note(e, NOTE_APP_LOST, a->name, c->node_id, "%s",
                        view_has_node(e, c->node_id) ? "its manager is not back within ManagerGraceSec=" : "")
                        ->epoch = c->epoch;
        if (live && !a->maintenance && app_wants_up(a)) {
                /* With start-first the other copy goes on alone, without delay. */
                if (app_count_live(a, c) > 0)
                        a->owner = 0;
                else {
                        app_begin_loss(e, a, c->node_id, delay_usec);
                        if (delay_usec > 0)
                                note_waiting(e, a, c->node_id, delay_usec);
                }
        }
        c->phase = COPY_LOST;
        c->stuck = false;
        FOREACH_ARRAY(other, a->copies, a->n_copies)
                if (a->owner == 0 && copy_is_live(other))
                        a->owner = other->node_id;
        app_touched(e, a);
}

static uint64_t node_grace(const Engine *e, const Node *n)
{
        uint64_t longest = 0;

        if (n->grace_usec > 0)
                return n->grace_usec;
        FOREACH_ARRAY(o, e->agreed.state.nodes, e->agreed.state.n_nodes)
                longest = MAX(longest, o->grace_usec);
        return longest;
}

bool app_is_left_alone(const App *a)
{
        return a->maintenance && (a->unsure.since.count == 0 || a->unsure.maintenance);
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

void app_change_hold(Engine *e, App *a, bool maintenance, const Definition *d)
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
        u->since = e->agreed.state.revision;
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

static bool node_has_copies(const Engine *e, const Node *n)
{
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id)
                                return true;
        return false;
}

/* Its manager said that it would leave, and no copy is left there that the others would have to wait for. */
static bool node_has_left(const Engine *e, const Node *n)
{
        return n->leaving && !n->unknown && !node_has_copies(e, n);
}

bool node_is_past(const Node *n)
{
        return !n || n->presence == PRESENCE_OFFLINE ||
               (n->grace_over && n->presence == PRESENCE_MANAGER_GONE);
}

/* The node is not in the ring any more. If its manager was gone before, or did not answer, the later of grace and delay
 * decides: the guard stops its workers then. Members may disagree on how much of the grace is left, but not on whether any
 * is: it ends by its expiry message only. So at least 1 us counts as left. */
static void node_lost(Engine *e, Node *n)
{
        uint64_t grace_left = 0;

        if (n->presence != PRESENCE_OFFLINE)
                engine_note(e, NOTE_NODE_LEFT, NULL, n->id, "%s",
                                node_has_left(e, n) ? "left in order" : "lost");
        if (n->grace.serial != 0)
                grace_left = MAX(usec_left(n->grace.deadline_usec, e->now_usec), (uint64_t) 1);
        else if (n->presence == PRESENCE_SILENT)
                grace_left = node_grace(e, n);
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                for (size_t i = 0; i < a->n_copies; i++)
                        if (a->copies[i].node_id == n->id)
                                copy_lose(e, a, &a->copies[i],
                                                MAX(app_delay(&e->agreed.state, a), grace_left));
                app_end_owing(a, n);
        }
        n->grace = (Timer){};
        n->grace_over = false;
        n->leaving = n->late = false;
        n->shutdown = (Timer){};
}

/* Counts from the first end of the manager since it was synced. */
static void node_manager_gone(Engine *e, Node *n)
{
        uint64_t grace = node_grace(e, n);

        if (n->grace.serial != 0 || n->grace_over || node_has_left(e, n))
                return;
        n->grace = agreed_timer(&e->agreed, grace);
        if (n->presence == PRESENCE_MANAGER_GONE) {
                n->since_usec = e->now_usec;
                engine_note(e, NOTE_MANAGER_GONE, NULL, n->id, "its workers are left alone for %llu s",
                                (unsigned long long) (grace / USEC_PER_SEC));
        }
}

/* ManagerGraceSec= is over: the guard has stopped what ran there. The delay began together with the grace. */
void node_grace_over(Engine *e, Node *n)
{
        uint64_t grace = node_grace(e, n);

        n->grace = (Timer){};
        n->grace_over = true;
        n->unknown = false;
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                for (size_t i = 0; i < a->n_copies; i++)
                        if (a->copies[i].node_id == n->id) {
                                uint64_t delay = app_delay(&e->agreed.state, a);
                                bool stuck = a->copies[i].stuck;

                                copy_lose(e, a, &a->copies[i],
                                                delay == USEC_INFINITY ? delay
                                                : delay > grace        ? delay - grace
                                                                       : 0);
                                /* What no stop has ended the guard may not have ended either. */
                                a->copies[i].untamed = a->copies[i].untamed || stuck;
                                a->copies[i].stuck = stuck;
                        }
                app_end_owing(a, n);
        }
        node_touched(e, n);
}

/* ---- the view ---- */

static Presence node_presence_in_view(const Engine *e, const Node *n)
{
        bool manager = false, silent = false;

        if (!view_has_node(e, n->id))
                return PRESENCE_OFFLINE;
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (p->member.node_id != n->id)
                        continue;
                /* Of two members of one node the one that answers counts. */
                if (p->won)
                        return PRESENCE_SYNCED;
                if (p->excluded)
                        silent = true;
                else
                        manager = true;
        }
        return manager ? PRESENCE_SYNCING : silent ? PRESENCE_SILENT : PRESENCE_MANAGER_GONE;
}

static bool node_has_process(const Engine *e, const Node *n)
{
        Member m = { .node_id = n->id, .pid = n->pid };

        return view_find_peer(e, &m) != NULL;
}

static void node_set_pid(const Engine *e, Node *n)
{
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->member.node_id == n->id && p->won)
                        n->pid = p->member.pid;
}

/* `unseen`: there may have been a ring between the last view that was decided and this one, which every holder of this state
 * has slept through. In that ring a manager of this node may have come, called the guard off, and gone again. So the grace
 * counts from now. */
static void apply_view_node(Engine *e, Node *n, bool unseen)
{
        Presence before = n->presence, now = node_presence_in_view(e, n);

        if (unseen && now != PRESENCE_SYNCED && (n->grace.serial != 0 || n->grace_over)) {
                n->grace = agreed_timer(&e->agreed, node_grace(e, n));
                n->grace_over = false;
        }
        /* It holds the state, but where its files differ is not in it yet: it says so before it says `synced`. */
        if (now == PRESENCE_SYNCED && before == PRESENCE_REPORTED)
                now = PRESENCE_REPORTED;

        if (now == PRESENCE_OFFLINE) {
                if (before != PRESENCE_OFFLINE)
                        node_lost(e, n);
        } else if (before == PRESENCE_OFFLINE) {
                engine_note(e, NOTE_NODE_JOINED, NULL, n->id, NULL);
                /* Where fewer than a majority can have quorum, it may come from a group of its own, with anything. */
                if (e->agreed.state.by_fewer && now != PRESENCE_SYNCED)
                        n->unknown = true;
        } else if (before == PRESENCE_MANAGER_GONE && (now == PRESENCE_SYNCING || now == PRESENCE_SYNCED))
                engine_note(e, NOTE_MANAGER_BACK, NULL, n->id, NULL);
        if (now == PRESENCE_SYNCED) {
                n->grace = (Timer){};
                n->grace_over = false;
                node_set_pid(e, n);
        }
        if (now != before) {
                n->presence = now;
                n->since_usec = e->now_usec;
        }
        /* The process that was synced last has ended: its node's guard counts. */
        if (now != PRESENCE_OFFLINE && now != PRESENCE_SYNCED && !node_has_process(e, n))
                node_manager_gone(e, n);
        if (now != before)
                node_touched(e, n);
}

/* Only synced members can have a record of what comes now. */
void apply_view_nodes(Engine *e)
{
        State *s = &e->agreed.state;
        uint32_t *nodes = calloc(MAX(s->n_nodes, (size_t) 1), sizeof(uint32_t));
        size_t n = 0;

        if (!nodes) {
                e->agreed.out.oom = true;
                return;
        }
        FOREACH_ARRAY(o, s->nodes, s->n_nodes)
                if (o->presence == PRESENCE_SYNCED)
                        nodes[n++] = o->id;
        free(s->view_nodes);
        s->view_nodes = nodes;
        s->n_view_nodes = n;
        e->agreed.lasting_changed = true;
}

void apply_view(Engine *e)
{
        State *s = &e->agreed.state;
        bool unseen = e->view.ring.seq > s->ring_seq + RING_STEP;

        s->ring_seq = MAX(s->ring_seq, e->view.ring.seq);
        /* The last acknowledgements of a view may have reached some of its members only. So all are given anew, and waited for
         * from now. */
        s->committed = (Revision){};
        s->commit = (Timer){};
        definitions_end_reading(e);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                n->acked = (Revision){};
                apply_view_node(e, n, unseen);
        }
        s->room_bytes = 0;
        apply_view_nodes(e);
        apply_version(e);
        e->agreed.all_dirty = true;
}

void apply_version(Engine *e)
{
        uint8_t version = UINT8_MAX;

        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                /* A node that is away counts with what it knew last: it shall find its way back. */
                if (n->version_max != 0 ||
                                (n->presence != PRESENCE_OFFLINE && n->presence != PRESENCE_MANAGER_GONE))
                        version = MIN(version, n->version_max);
        if (version == UINT8_MAX || version <= e->agreed.state.version)
                return;
        e->agreed.state.version = version;
        engine_note(e, NOTE_VERSION, NULL, 0, "%u, which all nodes know", version);
}
