/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only writer of an App. What becomes of one:
 *
 *   is set             when                                        ended by
 *   next_type, _from,  its last copy ended, a move, a command      the grant of the next start; nothing can start it;
 *   _node (the plan)                                               target down
 *   lost_node, delay   its last copy was lost; its node leaves     the delay (then a start elsewhere); the owner is back;
 *                      (HandOver=no: lost_in_order)                a start; target down, once the delay is over
 *   better_nodes,      a better node is eligible for a takeover    the timer (then a move); no better node; any move
 *   better
 *   held_*             takeover to a node by command; a changed    a start elsewhere; each node for itself: it was not
 *                      definition would move it                    eligible for once
 *   outside            a stop from outside                         the timer; another one (then a mark); clear
 *   retries            it failed on a node, and is started        the timer, which each begins anew; clear; takeover to it
 *                      there again (LocalRestarts=)
 *   marks              it failed on a node                         clear; takeover to it; the timer and a boot of the node
 *                      it could not be ended there                 clear; takeover to it
 *   halted, finished   FailureAction=stop; it ended by itself      start
 *   owed               maintenance is switched off                 each node reports, or goes
 *   unsure             maintenance or delay changed                the revision is committed */

#include "engine/agreed/app.h"
#include "engine/agreed/place.h"
#include "engine/agreed/retry.h"
#include "base/array.h"

void app_look_again(Agreed *g, App *a)
{
        a->dirty = true;
        agreed_changed_app(g, a);
}

void app_touched(Agreed *g, App *a)
{
        a->changed_realtime_usec = g->realtime_usec;
        app_look_again(g, a);
}

/* The state that is shown is another one when something follows from the command. */
void app_commanded(Agreed *g, App *a)
{
        g->lasting_changed = true;
        app_look_again(g, a);
}

bool app_wants_up(const App *a)
{
        return a->target_up && !a->finished && !a->halted;
}

bool app_is_orphan(const Agreed *g, const App *a)
{
        bool any = false;

        if (!a->has_definition)
                return a->n_copies > 0;
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                const Variant *v;

                if (n->presence != PRESENCE_SYNCED)
                        continue;
                v = app_find_variant(a, n->id);
                if (!v || v->digest != 0 || v->error)
                        return false;
                any = true;
        }
        return any;
}

void app_blocked(Agreed *g, App *a, const char *why)
{
        if (strcmp_ptr(a->last_blocked, why) == 0)
                return;
        free(a->last_blocked);
        a->last_blocked = outlet_strdup(&g->out, why);
        agreed_note(g, NOTE_APP_BLOCKED, a->name, 0, "%s", why);
        app_touched(g, a);
}

void app_want(App *a, bool up)
{
        a->target_up = up;
        a->commanded = true;
        if (up)
                a->finished = false;
}

void app_disown(Agreed *g, App *a)
{
        a->owner = 0;
        g->lasting_changed = true;
}

void app_timers(Agreed *g, App *a, const ExpiryMessage *m)
{
        if (expiry_names(m, TIMER_FAILOVER, &a->delay)) {
                a->delay = (Timer){};
                app_touched(g, a);
        }
        if (expiry_names(m, TIMER_TAKEOVER, &a->better)) {
                a->better = (Timer){}; /* decide.c sees that better_nodes have waited */
                a->dirty = true;
        }
        if (expiry_names(m, TIMER_OUTSIDE, &a->outside))
                a->outside = (Timer){};
        retry_timers(g, a, m);
        for (size_t i = a->n_marks; i > 0; i--)
                if (expiry_names(m, TIMER_MARK, &a->marks[i - 1].timer))
                        app_mark_expired(g, a, &a->marks[i - 1]);
}

/* ---- its definition ---- */

int app_define_first(App *a, const Definition *d)
{
        if (definition_copy(d, &a->definition) < 0)
                return -ENOMEM;
        a->has_definition = true;
        if (!a->commanded)
                a->target_up = d->enabled;
        return 0;
}

void app_define(Agreed *g, App *a, Definition *next)
{
        const Copy *present = app_present_copy(a);

        app_change_hold(g, a, a->maintenance, next);
        /* What its node starts in this moment may be of the new file. */
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->phase == COPY_STARTING && next->needs_end && !c->needs_end) {
                        c->needs_end = true;
                        c->granted_delay_usec = next->failover_delay_usec;
                }
        app_clear_better(a); /* it is held against those that are there */
        definition_done(&a->definition);
        a->definition = *next;
        a->has_definition = true;
        /* Nor does it switch off what ran until now: its owner is away, or is just being stopped for a restart or a move. */
        if (!present && !a->commanded && (a->owner == 0 || !a->target_up))
                a->target_up = next->enabled;
        for (size_t i = a->n_variants; i > 0; i--)
                if (a->variants[i - 1].digest == next->digest)
                        app_remove_variant(a, &a->variants[i - 1]);
        /* It never makes a running application move. */
        a->kept = present != NULL;
        if (present)
                app_hold_against(g, a, state_find_node(&g->state, present->node_id), true);
        g->lasting_changed = true;
        app_look_again(g, a);
}

void app_keep_no_more(App *a)
{
        a->kept = false;
}

/* ---- a loss ---- */

/* A node that may have a copy: one of Nodes=, or one that has what Nodes= no longer allows. While a change of Nodes= is
 * not committed, the peers that wait count all nodes (`most`); a node that is waited for counts itself if it has one. */
static bool app_concerns(const App *a, const Node *n, bool most)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->node_id == n->id)
                        return true;
        if (a->owner == n->id)
                return true;
        if (a->unsure.is_auto || (a->unsure.since.count > 0 && app_needs_end(a)))
                return most;
        return place_tier(a, n) != UINT32_MAX;
}

/* The time that the slowest of these nodes may take from its Corosync's silence until its copy has ended. Subtracted is
 * what the quickest of all takes to notice that it is gone. Where all nodes have the same timeouts it is the greatest
 * that any of them needs. A node that was cut off may know the old value or the new one while a change is not
 * committed. The peers that wait take the greatest that any of it comes to (`most`); the node that is waited for takes
 * the least. */
static uint64_t app_auto_delay(const State *s, const App *a, bool most, bool needs_end)
{
        uint64_t stopped = 0, noticed = USEC_INFINITY;

        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                const NodeTiming *slow = most ? &n->most : &n->least, *quick = most ? &n->least : &n->most;

                if (n->timing.detection_usec == 0)
                        continue;
                noticed = MIN(noticed, quick->detection_usec);
                if (app_concerns(a, n, most))
                        stopped = MAX(stopped, usec_add(needs_end ? slow->needs_end_usec : slow->needed_usec,
                                                               slow->detection_usec));
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

/* ---- what was granted holds ---- */

/* A copy that was waited out once holds nothing up. */
static bool copy_is_waited_for(const App *a, const Copy *c)
{
        return c->phase != COPY_LOST || c->node_id == a->owner || c->node_id == a->lost_node;
}

bool app_needs_end(const App *a)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->needs_end && copy_is_waited_for(a, c))
                        return true;
        return a->has_definition && a->definition.needs_end;
}

const Copy *app_lost_needs_end(const App *a)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->needs_end && c->phase == COPY_LOST && c->node_id == a->lost_node &&
                                a->delay.serial != 0)
                        return c;
        return NULL;
}

bool app_delay_follows_nodes(const App *a)
{
        return app_delay_is_auto(a) || app_needs_end(a);
}

uint64_t app_delay(const State *s, const App *a)
{
        uint64_t delay = a->unsure.since.count > 0 ? a->unsure.longest_delay_usec : app_written_delay(a);

        if (app_delay_is_auto(a))
                delay = MAX(app_auto_delay(s, a, true, false), delay == DELAY_AUTO ? 0 : delay);
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->needs_end && copy_is_waited_for(a, c) && c->granted_delay_usec != DELAY_AUTO)
                        delay = MAX(delay, c->granted_delay_usec);
        return app_needs_end(a) ? MAX(delay, app_auto_delay(s, a, true, true)) : delay;
}

uint64_t app_least_delay(const State *s, const App *a, const Copy *own)
{
        uint64_t delay = a->unsure.since.count > 0 ? a->unsure.least_delay_usec : app_written_delay(a);

        if (app_delay_is_auto(a))
                delay = MIN(app_auto_delay(s, a, false, false), delay == DELAY_AUTO ? USEC_INFINITY : delay);
        if (!own || !own->needs_end)
                return delay;
        delay = MIN(delay, own->granted_delay_usec == DELAY_AUTO ? 0 : own->granted_delay_usec);
        return MAX(delay, app_auto_delay(s, a, false, true));
}

/* What a node said since the delay began may show that the lost one needs longer, or was noticed earlier, than was counted
 * with. A delay that runs is never shortened. */
void app_lengthen_delay(Agreed *g, App *a)
{
        uint64_t delay;

        if (a->lost_node == 0 || a->delay.serial == 0 || !app_delay_follows_nodes(a))
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

/* Says how long the lost node is waited for, and by which setting. Only what a grace has left differs from member to
 * member. */
void app_note_waiting(Agreed *g, const App *a, uint32_t node_id, uint64_t delay_usec)
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

void app_begin_loss(Agreed *g, App *a, uint32_t node_id, uint64_t delay_usec)
{
        a->lost_node = node_id;
        a->lost_in_order = false;
        app_plan(a, START_FAILOVER, node_id, 0);
        a->delay = delay_usec > 0 ? agreed_timer(g, delay_usec) : (Timer){};
        a->delay_usec = app_delay(&g->state, a);
        app_touched(g, a);
}

void app_end_loss(App *a)
{
        a->lost_node = 0;
        a->lost_in_order = false;
        a->delay = (Timer){};
        a->delay_usec = 0;
}

void app_end_delay(App *a)
{
        a->delay = (Timer){};
}

bool app_awaits_leaver(const App *a, const Node *n)
{
        return a->has_definition && a->definition.awaits_leaver && n &&
               place_eligible(a, n, false) == NODE_IS_LEAVING && !app_find_mark(a, n->id);
}

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
        app_note_waiting(g, a, node_id, delay);
}

/* ---- what is not committed yet ---- */

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
        changes = before != now || ((now == DELAY_AUTO || (d && d->needs_end) || app_needs_end(a)) && d &&
                                                   a->has_definition && !same_nodes(d, &a->definition));
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

/* What was changed is on the disks. Where the worker is left alone from now on the guards are yet to be told: a revision of
 * its own is acknowledged by a node after its guard was. */
void app_is_sure(Agreed *g, App *a)
{
        bool before = app_is_left_alone(a);

        a->unsure = (Unsure){};
        if (app_is_left_alone(a) == before)
                return;
        g->lasting_changed = true;
        agreed_changed_app(g, a);
}

/* ---- the next start ---- */

void app_plan(App *a, StartType type, uint32_t from_node, uint32_t node_id)
{
        a->next_type = type;
        a->next_from = from_node;
        a->next_node = node_id;
        a->next_retry = false;
}

void app_plan_again(App *a, const Copy *failed)
{
        app_plan(a, START_FAILOVER, failed->node_id, failed->node_id);
        a->next_retry = true;
        a->from_node = failed->from_node;
}

void app_plan_the_same(App *a, const Copy *c)
{
        if (c->start_type == START_NORMAL && app_find_retry(a, c->node_id))
                app_plan_again(a, c);
        else
                app_plan(a, c->start_type == START_NONE ? START_NORMAL : c->start_type, c->from_node, 0);
}

void app_clear_next(App *a)
{
        app_plan(a, START_NORMAL, 0, 0);
}

void app_clear_better(App *a)
{
        a->better_nodes = 0;
        a->better = (Timer){};
}

void app_await_better(Agreed *g, App *a, uint64_t nodes)
{
        a->better_nodes &= nodes;
        if (a->better_nodes != 0)
                return;
        app_clear_better(a);
        a->better_nodes = nodes;
        if (a->definition.takeover_delay_usec == 0)
                return;
        a->better = agreed_timer(g, a->definition.takeover_delay_usec);
        app_look_again(g, a);
}

void app_clear_hold(App *a)
{
        a->held_node = 0;
        free(a->held_against);
        a->held_against = NULL;
        a->n_held_against = 0;
}

/* A move by hand that did not come to be moves nothing. The better nodes are kept away as they were asked to be; if
 * there is none, the hold is over. */
void app_stays_on(const Agreed *g, App *a, uint32_t node_id)
{
        const Node *at = state_find_node(&g->state, node_id);

        a->owner = node_id;
        if (a->held_node == 0 || a->held_node == node_id)
                return;
        a->held_node = node_id;
        for (size_t i = a->n_held_against; i > 0; i--) {
                const Node *n = state_find_node(&g->state, a->held_against[i - 1]);

                if (!n || !at || place_tier(a, n) >= place_tier(a, at))
                        ARRAY_CLOSE(a->held_against, a->n_held_against, i - 1);
        }
        if (a->n_held_against == 0)
                app_clear_hold(a);
}

void app_hold_against(Agreed *g, App *a, const Node *at, bool differing)
{
        uint32_t *against = calloc(MAX(g->state.n_nodes, (size_t) 1), sizeof(uint32_t));

        if (!against) {
                g->out.oom = true;
                return;
        }
        free(a->held_against);
        a->held_against = against;
        a->n_held_against = 0;
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                Eligibility x = place_eligible(a, n, true);

                if (at && place_tier(a, n) < place_tier(a, at) &&
                                (x == ELIGIBLE || (differing && x == NODE_DIFFERS)))
                        against[a->n_held_against++] = n->id;
        }
}

void app_hold(Agreed *g, App *a, const Node *at)
{
        app_hold_against(g, a, at, false);
        a->held_node = at->id;
}

static void copy_take_definition(Copy *c, const App *a)
{
        c->needs_end = a->has_definition && a->definition.needs_end;
        c->granted_delay_usec = c->needs_end ? a->definition.failover_delay_usec : 0;
}

Copy *app_grant(Agreed *g, App *a, uint32_t node_id, StartType type, uint32_t from_node)
{
        uint64_t floor = MIN(g->state.ring_seq, EPOCH_RING_MAX / 2) << EPOCH_RING_SHIFT;
        uint32_t was = a->owner;
        Copy *c;
        Effect *f;

        a->epoch = MAX(a->epoch, floor) + 1;
        a->last_epoch = a->epoch;
        c = app_add_copy(a, node_id, a->epoch);
        if (!c) {
                g->out.oom = true;
                return NULL;
        }
        c->phase = COPY_STARTING;
        c->start_type = a->start_type = type;
        /* What it had to take over when it failed it has to take over now. */
        if (!retry_is_due(a, node_id))
                a->from_node = type == START_NORMAL ? 0 : from_node;
        c->from_node = a->from_node;
        copy_take_definition(c, a);
        a->owner = node_id;
        /* A start in place keeps it, also one that came with a changed file. */
        if (a->held_node != 0 ? a->held_node != node_id : was != node_id)
                app_clear_hold(a);
        app_clear_next(a);
        app_end_loss(a);
        app_clear_better(a);
        a->kept = false;
        g->lasting_changed = true;
        free(a->last_blocked);
        a->last_blocked = NULL;
        f = agreed_note(g, NOTE_APP_STARTING, a->name, node_id, NULL);
        f->epoch = c->epoch;
        f->start_type = type;
        f->from_node = outlet_strdup(&g->out, state_node_name(&g->state, c->from_node));
        app_touched(g, a);
        return c;
}

/* ---- failures ---- */

static Mark *app_set_mark(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        Mark *m = app_find_mark(a, node_id);
        uint64_t timeout =
                        a->has_definition ? a->definition.failure_timeout_usec : FAILURE_TIMEOUT_DEFAULT_USEC;

        if (!m)
                m = app_add_mark(a, node_id);
        if (!m) {
                g->out.oom = true;
                return NULL;
        }
        m->count++;
        m->expired = m->booted = false;
        m->set_realtime_usec = realtime_usec;
        /* Each further mark lasts twice as long, up to a day. */
        m->duration_usec = timeout;
        for (uint32_t i = 1; i < m->count && m->duration_usec < MARK_MAX_USEC; i++)
                m->duration_usec *= 2;
        if (timeout < MARK_MAX_USEC)
                m->duration_usec = MIN(m->duration_usec, MARK_MAX_USEC);
        m->timer = agreed_timer(g, m->duration_usec);

        free(a->failure);
        a->failure = outlet_strdup(&g->out, reason && *reason ? reason : "failed");
        g->lasting_changed = true;
        return m;
}

void app_mark_node(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        Mark *m = app_set_mark(g, a, node_id, reason, realtime_usec);

        if (!m)
                return;
        m->is_last = false;
        agreed_note(g, NOTE_APP_FAILED, a->name, node_id, "%s", a->failure ? a->failure : "");
}

void app_mark_last(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        const Mark *before = app_find_mark(a, node_id);
        bool fails = before && !before->expired && !before->is_last;
        Mark *m = app_set_mark(g, a, node_id, reason, realtime_usec);

        if (!m)
                return;
        m->stays = true;
        m->is_last = !fails;
        app_touched(g, a);
}

void app_fail_copy(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        app_mark_node(g, a, node_id, reason, realtime_usec);
        if (a->has_definition && a->definition.failure_action == FAILURE_STOP)
                a->halted = true;
}

void app_mark_expired(Agreed *g, App *a, Mark *m)
{
        m->timer = (Timer){};
        if (m->booted && !m->stays)
                app_remove_mark(a, m);
        else
                m->expired = true;
        g->lasting_changed = true;
        app_look_again(g, a);
}

/* A stop job that is not ours: started again in place; twice within FailureTimeoutSec= is a mark. */
void app_stopped_outside(Agreed *g, App *a, uint32_t node_id, uint64_t realtime_usec)
{
        uint64_t window = a->has_definition ? a->definition.failure_timeout_usec : 0;

        if (a->outside.serial == 0) {
                if (window > 0)
                        a->outside = agreed_timer(g, window);
                app_plan(a, START_NORMAL, 0, node_id);
                return;
        }
        a->outside = (Timer){};
        app_fail_copy(g, a, node_id, "stopped from outside again and again", realtime_usec);
        app_plan(a, START_FAILOVER, node_id, 0);
}

/* What its failures left: marks and retries (of one node, or of all), and that it was stopped from outside. */
void app_forget_failures(App *a, const Node *n)
{
        for (size_t i = a->n_marks; i > 0; i--)
                if (!n || a->marks[i - 1].node_id == n->id)
                        app_remove_mark(a, &a->marks[i - 1]);
        retry_forget(a, n);
        a->outside = (Timer){};
        if (!n)
                a->halted = false;
        if (a->n_marks > 0)
                return;
        free(a->failure);
        a->failure = NULL;
}

/* ---- maintenance ---- */

bool app_owed_said(App *a, uint32_t node_id)
{
        size_t n = a->n_owed;

        for (size_t i = a->n_owed; i > 0; i--)
                if (a->owed[i - 1] == node_id)
                        ARRAY_CLOSE(a->owed, a->n_owed, i - 1);
        return a->n_owed < n;
}

/* The maintenance is over, and this node goes without having said what it runs: its guard may not have heard of it, and go
 * on leaving a copy there alone. So what it owed does not count any more, but such a copy does, until it is reported. */
void app_end_owing(App *a, const Node *n)
{
        if (!app_owed_said(a, n->id))
                return;
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->node_id == n->id)
                        c->untamed = true;
}

/* --force: the copies that no node can be asked about any more. */
void app_give_up(App *a)
{
        for (size_t i = a->n_copies; i > 0; i--)
                if (copy_is_given_up(&a->copies[i - 1]))
                        app_remove_copy(a, &a->copies[i - 1]);
        a->n_owed = 0;
}

/* Switching it off makes every member report first. */
void app_set_maintenance(Agreed *g, App *a, bool on)
{
        if (a->maintenance == on)
                return;
        app_change_hold(g, a, on, NULL);
        a->maintenance = on;
        if (!app_present_copy(a))
                app_touched(g, a);
        free(a->owed);
        a->owed = NULL;
        a->n_owed = 0;
        app_commanded(g, a);
        if (on)
                return;
        a->owed = calloc(MAX(g->state.n_nodes, (size_t) 1), sizeof(uint32_t));
        if (!a->owed) {
                g->out.oom = true;
                return;
        }
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                if (n->presence == PRESENCE_SYNCED)
                        a->owed[a->n_owed++] = n->id;
        /* If a node has not heard that maintenance is over, its guard goes on leaving the worker alone. */
        FOREACH_ARRAY(c, a->copies, a->n_copies) {
                const Node *n = state_find_node(&g->state, c->node_id);

                if (!n || n->presence != PRESENCE_SYNCED)
                        c->untamed = true;
        }
}
