/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This node alone: what the agreed state asks of it, what holds it back, and what it has to report.
 *
 * A start is issued if (1) this member is synced in the present view, (2) the view has been decided, and (3) its own quorum
 * notification names the ring. If the node is cut off (loss of quorum, a silent or lost Corosync), it stops its workers
 * without asking the group: each has what is left of its FailoverDelaySec=. */

#include "engine/internal.h"
#include "base/array.h"
#include "base/text.h"
#include "base/timing.h"

#define KILL_TAKES_USEC USEC_PER_SEC

/* Where the unit of this copy stands or would stand: units are sorted by application, then epoch. */
static size_t local_unit_place(const Engine *e, const char *app, uint64_t epoch)
{
        size_t low = 0, high = e->n_units;

        while (low < high) {
                size_t middle = (low + high) / 2;
                const LocalUnit *u = &e->units[middle];
                int c = strcmp(u->app, app);

                if (c < 0 || (c == 0 && u->epoch < epoch))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

LocalUnit *local_find_unit(const Engine *e, const char *app, uint64_t epoch)
{
        size_t at = local_unit_place(e, app, epoch);

        return at < e->n_units && e->units[at].epoch == epoch && streq(e->units[at].app, app) ? &e->units[at]
                                                                                              : NULL;
}

bool local_has_workers(const Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (unit_state_is_alive(u->state))
                        return true;
        return false;
}

bool local_in_maintenance(const Engine *e, const char *app)
{
        const App *a = state_find_app(&e->agreed.state, app);

        return a && a->maintenance;
}

/* The same where this node is cut off: what the others may not know of does not hold them up. */
static bool local_is_left_alone(const Engine *e, const char *app)
{
        const App *a = state_find_app(&e->agreed.state, app);

        return a && app_is_left_alone(a);
}

void local_reset_reports(Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units) {
                u->reported = UNIT_NONE;
                u->restarts_told_usec = 0;
                u->restart_told = false;
        }
}

static LocalUnit *local_add_unit(Engine *e, const char *app, uint64_t epoch)
{
        size_t at = local_unit_place(e, app, epoch);
        char *name = engine_strdup(e, app);

        if (!name)
                return NULL;
        if (engine_grow(e, ARRAY_GROW(e->units, e->n_units, e->n_units_allocated)) < 0) {
                free(name);
                return NULL;
        }
        ARRAY_OPEN(e->units, e->n_units, at);
        e->units[at] = (LocalUnit){ .app = name, .epoch = epoch, .kill_usec = USEC_INFINITY };
        return &e->units[at];
}

static void local_remove_unit(Engine *e, LocalUnit *u)
{
        size_t at = (size_t) (u - e->units);

        free(u->app);
        free(u->reason);
        ARRAY_CLOSE(e->units, e->n_units, at);
}

/* No other member hears of an end without quorum. The group will say that the copy was lost with its node. */
static void local_tell_cut_off_end(Engine *e, const LocalUnit *u, UnitState state)
{
        if (!engine_is_stale(e) || !u->stop_issued || !unit_state_is_alive(u->state) ||
                        unit_state_is_alive(state))
                return;
        engine_note(e, NOTE_APP_STOPPED, u->app, e->node_id, "it has ended here: this node is cut off")
                        ->epoch = u->epoch;
}

void local_unit(Engine *e, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason)
{
        LocalUnit *u = local_find_unit(e, app, epoch);
        App *a = state_find_app(&e->agreed.state, app);

        if (!u) {
                if (state == UNIT_NONE)
                        return;
                u = local_add_unit(e, app, epoch);
                if (!u)
                        return;
        }
        if (state == UNIT_NONE)
                state = UNIT_STOPPED;
        local_tell_cut_off_end(e, u, state);
        if (state == UNIT_STUCK && u->state != UNIT_STUCK)
                engine_note(e, NOTE_COPY_STUCK, app, e->node_id, "%s", strempty(reason))->epoch = epoch;
        if (unit_digest != 0)
                u->unit_digest = unit_digest;
        restarts_set_unit(e, u, state, reason);
        /* One unit name holds one copy: whatever was there before is over. */
        FOREACH_ARRAY(old, e->units, e->n_units)
                if (old != u && streq(old->app, app) && unit_state_is_alive(old->state) &&
                                unit_state_is_alive(state))
                        old->state = UNIT_STOPPED;
        if (a)
                engine_changed_app(e, a);
}

/* ---- cut off ---- */

static Timing local_timing(const Engine *e)
{
        return timing_of(e->token_usec, e->consensus_usec, e->isolation_config_usec, e->quorum_device);
}

NodeTiming local_node_timing(const Engine *e)
{
        Timing t = local_timing(e);

        return (NodeTiming){ t.detection_usec, t.isolation_usec, t.needed_usec };
}

/* A longer time than its peers count with is no use to a node that is cut off: it goes by one only when all have been told
 * of it. A shorter one counts at once. */
uint64_t local_isolation_usec(const Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        uint64_t t = local_timing(e).isolation_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.isolation_usec) : t;
}

/* The peers notice after token and consensus that a Corosync is silent; the quickest of them counts. */
static uint64_t local_detection_usec(const Engine *e)
{
        uint64_t t = local_timing(e).detection_usec;

        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->timing.detection_usec > 0)
                        t = MIN(t, n->least.detection_usec);
        return t;
}

static uint64_t local_probe_interval(const Engine *e)
{
        return MAX(local_detection_usec(e) / TIMING_PROBES_PER_DETECTION, 10 * USEC_PER_MSEC);
}

/* What a quicker peer is ahead of this node when both notice the same loss. */
static uint64_t local_lag_usec(const Engine *e)
{
        return local_timing(e).detection_usec - local_detection_usec(e);
}

/* If this node returns and is lost again before it has reported, its peers count from the first loss. So does this node;
 * otherwise they would start what still runs here. */
void local_note_away(Engine *e)
{
        uint64_t t = e->away_usec != 0 ? e->away_usec : USEC_INFINITY;

        if (e->silent_usec != 0)
                t = MIN(t, usec_add(e->silent_usec, local_detection_usec(e)));
        if (e->no_quorum_usec != 0)
                t = MIN(t, usec_left(e->no_quorum_usec, local_lag_usec(e)));
        if (e->cut_off_usec != 0)
                t = MIN(t, e->cut_off_usec);
        e->away_usec = t != USEC_INFINITY ? t : 0;
}

/* The node is in step again if the group has been told that it is synced, and no silence of Corosync since then makes that
 * doubtful (`step_probe`). */
static void local_watch_step(Engine *e)
{
        const Node *own;

        if (e->away_usec == 0 || e->step_probe != 0 || !engine_is_synced(e) || !view_is_quorate(e))
                return;
        own = state_find_node(&e->agreed.state, e->node_id);
        if (own && own->presence == PRESENCE_SYNCED)
                e->away_usec = 0;
}

void local_cut_off(Engine *e, uint64_t since_usec)
{
        since_usec = usec_left(since_usec, local_lag_usec(e));
        if (e->away_usec != 0)
                since_usec = MIN(since_usec, e->away_usec);
        if (e->cut_off_usec == 0)
                e->cut_off_usec = MAX(since_usec, (uint64_t) 1);
        /* Should quorum come back in this very view, it asks for the state. */
        sync_forget(e);
}

/* The peers may never have noticed the silence. This member has to tell them what it stopped meanwhile, and to hear what
 * they decided meanwhile. So it asks for the state, as a member that has lost track does. */
static void local_end_silence(Engine *e)
{
        if (!e->isolated)
                return;
        e->isolated = false;
        if (view_is_quorate(e)) {
                e->no_quorum_usec = e->cut_off_usec = 0;
                if (e->phase == PHASE_DECIDED && !e->synced)
                        sync_lose_track(e, "Corosync was silent");
        }
        engine_changed(e);
}

/* When it was sent: one of the last PROBES_KEPT. */
static uint64_t local_probe_time(const Engine *e, uint64_t number)
{
        return e->probe_times[number % PROBES_KEPT];
}

/* Corosync may freeze after it has put a probe in order and before it delivers the probe. Then this probe is the first to
 * come back, though the others left the ring long ago. They do not leave it before a token is lost, so a probe that took
 * half of that time at most proves that they are there. */
static bool local_answer_was_quick(const Engine *e)
{
        return e->n_probes_sent - e->n_probes_back < PROBES_KEPT &&
               e->now_usec - local_probe_time(e, e->n_probes_back) <= e->token_usec / 2;
}

/* The answer that ends a silence may come from a ring that the others left during the silence. They count from then,
 * whatever this node has been told. A quick answer to a later probe proves that they did not leave, or know that this node
 * is back. */
static void local_doubt_step(Engine *e)
{
        if (e->silent_usec != 0 && e->now_usec - e->silent_usec > e->token_usec / 2) {
                local_note_away(e);
                e->step_probe = e->n_probes_sent + 1;
        } else if (e->n_probes_back >= e->step_probe && local_answer_was_quick(e))
                e->step_probe = 0;
}

void local_probe_back(Engine *e, uint64_t number)
{
        if (number <= e->n_probes_sent)
                e->n_probes_back = MAX(e->n_probes_back, number);
        if (e->hold_probe != 0 && e->n_probes_back >= e->hold_probe)
                e->hold_probe = 0;
        local_doubt_step(e);
        e->silent_usec = 0;
        local_end_silence(e);
}

static void local_send_probe(Engine *e)
{
        if (e->probed)
                return;
        e->probed = true;
        e->n_probes_sent++;
        e->probe_times[e->n_probes_sent % PROBES_KEPT] = e->now_usec;
        engine_emit(e, EFFECT_PROBE)->token = e->n_probes_sent;
        if (e->silent_usec == 0)
                e->silent_usec = e->now_usec;
}

/* What its peers wait for at least, whatever else they count with. */
static uint64_t local_needed_usec(const Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        uint64_t t = local_timing(e).needed_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.needed_usec) : t;
}

static uint64_t local_delay(const Engine *e, const char *app)
{
        const App *a = state_find_app(&e->agreed.state, app);
        const LocalDefinition *d = definitions_find(e, app);

        if (a && a->has_definition)
                return app_least_delay(&e->agreed.state, a);
        if (!d || d->error)
                return 0;
        return d->definition.failover_delay_usec == DELAY_AUTO ? local_needed_usec(e)
                                                               : d->definition.failover_delay_usec;
}

static void local_stop_unit(Engine *e, LocalUnit *u, uint64_t kill_usec)
{
        Effect *f;

        u->kill_usec = MIN(u->kill_usec, kill_usec);
        if (u->stop_issued)
                return;
        u->stop_issued = true;
        f = engine_emit(e, EFFECT_STOP);
        f->app = engine_strdup(e, u->app);
        f->epoch = u->epoch;
}

/* The others start their copy when the delay is over, so by then ours must have gone: the kill comes before, by what it
 * takes at most (systemd gets a second to do it), but never before half of the time is over. */
static uint64_t local_time_to_end(const Engine *e, const char *app)
{
        uint64_t delay = local_delay(e, app);

        return delay == USEC_INFINITY ? delay : delay - MIN(delay / 2, KILL_TAKES_USEC);
}

/* Where this node is cut off, each worker has what is left of its delay to end; with 0 its time is over at once. */
static void local_stop_cut_off(Engine *e)
{
        if (e->cut_off_usec == 0 || e->no_quorum_policy != NO_QUORUM_STOP)
                return;
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (unit_state_is_alive(u->state) && !local_is_left_alone(e, u->app))
                        local_stop_unit(e, u, usec_add(e->cut_off_usec, local_time_to_end(e, u->app)));
}

static void local_kill_overdue(Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units) {
                Effect *f;

                if (!unit_state_is_alive(u->state) || u->kill_issued || e->now_usec < u->kill_usec)
                        continue;
                u->kill_issued = true;
                f = engine_emit(e, EFFECT_KILL);
                f->app = engine_strdup(e, u->app);
                f->epoch = u->epoch;
        }
}

/* The moment by which a node that is not in step must have noticed that it is cut off. The needed delay (base/timing.h)
 * assumes that a silence began one detection time before the peers noticed, so that time is subtracted. With a quorum device
 * it is not: two rings in a row that wait for the device would end the workers on every node. */
static uint64_t local_away_usec(const Engine *e)
{
        uint64_t t = usec_add(e->away_usec, local_isolation_usec(e));

        return e->quorum_device ? t : usec_left(t, local_detection_usec(e));
}

/* How long may pass without a quorum notification of a ring; counted from the first view since the last one that was
 * quorate, or from the loss of Corosync or of our place in the group. A manager that is not in the group while its node
 * is in the ring is waited for by its peers for the grace, and no guard counts that could stop its workers: so it never
 * takes longer than half of that. */
static uint64_t local_no_quorum_usec(const Engine *e)
{
        uint64_t t;

        if (e->no_quorum_usec == 0 || e->cut_off_usec != 0 || e->started_usec == 0)
                return USEC_INFINITY;
        /* Losing Corosync on top of it gives no further time. */
        t = usec_add(e->no_quorum_usec, local_isolation_usec(e));
        /* If a view has come, the peers got theirs at the same moment: the isolation time counts from `away`. If Corosync
         * was lost, they started up to one detection time earlier: it counts from local_away_usec(). */
        if (e->away_usec != 0 && local_has_workers(e))
                t = MIN(t, MAX(e->no_quorum_usec,
                                           e->phase == PHASE_NONE
                                                           ? local_away_usec(e)
                                                           : usec_add(e->away_usec,
                                                                             local_isolation_usec(e))));
        if (e->outside_usec != 0 && e->grace_usec > 0)
                t = MIN(t, usec_add(e->outside_usec, grace_timing_of(e->grace_usec).stop_usec));
        return t;
}

static uint64_t local_silence_usec(const Engine *e)
{
        uint64_t t, again;

        if (e->silent_usec == 0 || e->isolated)
                return USEC_INFINITY;
        t = usec_add(e->silent_usec, local_isolation_usec(e));
        if (e->away_usec == 0 || !local_has_workers(e))
                return t;
        /* What the peers need to notice that this node is lost again is all that is left then. */
        again = MAX(usec_left(local_detection_usec(e) - local_probe_interval(e), KILL_TAKES_USEC),
                        usec_left(e->token_usec, local_lag_usec(e)) / 2);
        /* A probe takes its time: without any, each would cut this node off again. */
        again = MAX(again, local_probe_interval(e));
        return MIN(t, MAX(local_away_usec(e), usec_add(e->silent_usec, again)));
}

static void note_isolated(Engine *e, const char *what, uint64_t since_usec)
{
        unsigned long long tenths = usec_left(e->now_usec, since_usec) / (100 * USEC_PER_MSEC);

        engine_note(e, NOTE_ISOLATED, NULL, e->node_id, "%s for %llu.%llu s", what, tenths / 10, tenths % 10);
}

static void local_watch_quorum(Engine *e)
{
        if (e->now_usec >= local_no_quorum_usec(e)) {
                uint64_t since = e->no_quorum_usec;

                e->disconnected_usec = 0;
                if (e->was_quorate)
                        note_isolated(e, "Corosync has not said whether this node has quorum", since);
                e->was_quorate = false;
                local_cut_off(e, since);
                engine_changed(e);
        }
        if (e->now_usec >= local_silence_usec(e)) {
                e->isolated = true;
                note_isolated(e, "Corosync has been silent", e->silent_usec);
                local_cut_off(e, usec_add(e->silent_usec, local_timing(e).detection_usec));
                engine_changed(e);
        }
}

static uint64_t local_probe_usec(const Engine *e)
{
        if (!e->connected || e->phase == PHASE_NONE)
                return USEC_INFINITY;
        /* A probe may be dropped while Corosync is busy: what waits for one does not wait long for the next. */
        if (e->starts_wait || e->hold_probe > e->n_probes_sent || (e->restarting && !e->left))
                return MIN(e->probe_next_usec, local_probe_time(e, e->n_probes_sent) + PROBE_RETRY_USEC);
        /* One that was dropped never comes back: once there is a silence it takes another to end it, also where the worker
         * that was watched over has ended meanwhile. */
        return local_has_workers(e) || e->hold_probe != 0 || e->silent_usec != 0 ? e->probe_next_usec
                                                                                 : USEC_INFINITY;
}

static void local_probe(Engine *e)
{
        if (e->now_usec < local_probe_usec(e))
                return;
        local_send_probe(e);
        e->probe_next_usec = e->now_usec + local_probe_interval(e);
}

/* ---- what the agreed state asks of this node ---- */

static bool local_may_start(const Engine *e)
{
        return view_is_quorate(e) && !e->isolated && e->hold_probe == 0 && !e->agreed.state.form_pending &&
               e->cut_off_usec == 0 && !e->unguarded;
}

static bool local_app_is_alive(const Engine *e, const char *app)
{
        for (size_t i = local_unit_place(e, app, 0); i < e->n_units && streq(e->units[i].app, app); i++)
                if (unit_state_is_alive(e->units[i].state))
                        return true;
        return false;
}

/* Since this start was decided a node may have come back that has, or may have, a copy: that one has to be reported
 * ended first, and a node of which the group that formed knew nothing has to report at all. A start-first takeover finds
 * one. */
static bool local_must_hold(const Engine *e, const App *a, const Copy *c)
{
        bool overlap = c->start_type == START_TAKEOVER && a->has_definition &&
                       a->definition.takeover_mode == TAKEOVER_START_FIRST;

        FOREACH_ARRAY(o, a->copies, a->n_copies) {
                const Node *n = state_find_node(&e->agreed.state, o->node_id);

                if (o == c || (o->phase == COPY_LOST && node_is_past(n)))
                        continue;
                if (!overlap || !copy_is_live(o))
                        return true;
                overlap = false;
        }
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->id != e->node_id && node_is_owing(a, n))
                        return true;
        return false;
}

/* What was delivered may be long past: a Corosync that was frozen, or a manager that hung, hands over the last of a ring
 * that the others have left. So a start waits until a probe that was sent after all that allows it has come back, quickly,
 * before any other view: then the ring still turned, and all of its nodes have been told what this node was told. */
static bool local_is_fresh(Engine *e, App *a, const Copy *c)
{
        if (a->start_epoch != c->epoch)
                a->start_probe = 0;
        a->start_epoch = c->epoch;
        if (a->start_probe == 0) {
                local_send_probe(e);
                a->start_probe = e->n_probes_sent;
        }
        if (e->n_probes_back >= a->start_probe && local_answer_was_quick(e))
                return true;
        e->starts_wait = true;
        return false;
}

static void local_start(Engine *e, App *a, const Copy *c)
{
        LocalUnit *u;
        Effect *f;

        if (!local_may_start(e) || a->maintenance || local_app_is_alive(e, a->name) ||
                        local_must_hold(e, a, c)) {
                a->start_probe = 0;
                return;
        }
        if (!local_is_fresh(e, a, c))
                return;
        u = local_add_unit(e, a->name, c->epoch);
        if (!u)
                return;
        u->state = UNIT_STARTING;
        f = engine_emit(e, EFFECT_START);
        f->app = engine_strdup(e, a->name);
        f->epoch = c->epoch;
        f->start_type = c->start_type;
        f->from_node = engine_strdup(e, state_node_name(&e->agreed.state, c->from_node));
}

/* A node of this view that reports a newer copy of the application; 0: none. */
static uint32_t local_newer_copy(const Engine *e, const LocalUnit *u)
{
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (!p->has_facts || p->member.node_id == e->node_id)
                        continue;
                for (size_t i = 0; i < p->facts.n_copies; i++) {
                        const CopyFact *f = &p->facts.copies[i];

                        if (f->epoch > u->epoch && unit_state_is_alive(f->state) && streq(f->app, u->app))
                                return p->member.node_id;
                }
        }
        return 0;
}

/* A group that waits to be formed decides nothing, for as long as a record is missing. Of two copies that met in it the newer
 * one is the application's, and will be when it forms; the other one is of the past, and this node need not ask to stop it. */
static void local_stop_older(Engine *e)
{
        if (e->phase != PHASE_FORMING)
                return;
        FOREACH_ARRAY(u, e->units, e->n_units) {
                uint32_t kept = unit_state_is_alive(u->state) && !u->stop_issued &&
                                                                !local_in_maintenance(e, u->app)
                                                ? local_newer_copy(e, u)
                                                : 0;
                Effect *f;

                if (kept == 0)
                        continue;
                f = engine_note(e, NOTE_COPY_STOPPED, u->app, e->node_id,
                                "a newer copy was started elsewhere");
                f->epoch = u->epoch;
                f->from_node = engine_strdup(e, engine_node_name(e, kept));
                local_stop_unit(e, u, USEC_INFINITY);
        }
}

/* Whether the report of a worker that runs, or that systemd restarts, may wait. No member starts or stops anything because
 * of such a report, except for the old copy beside a new one. */
static bool local_report_may_wait(const Engine *e, const char *app, const ResultMessage *r)
{
        const App *a = state_find_app(&e->agreed.state, app);

        return (r->state == UNIT_RUNNING || (r->state == UNIT_STARTING && r->reason)) &&
               !(a && a->n_copies > 1);
}

/* Each says of a copy that lives whether it needs a restart. */
static void local_report(Engine *e, const char *app, uint64_t epoch, UnitState state, const char *reason)
{
        LocalUnit *u = local_find_unit(e, app, epoch);
        Message m = { .type = MESSAGE_RESULT };
        bool may_wait;

        if (u) {
                u->restart_told = true;
                u->restart_told_needed = m.result.restart_needed = definitions_unit_differs(e, u);
        }

        m.result.app = engine_strdup(e, app);
        m.result.epoch = epoch;
        m.result.state = state;
        m.result.reason = reason ? strndup(reason, TEXT_MAX) : NULL;
        m.result.realtime_usec = e->realtime_usec;
        may_wait = local_report_may_wait(e, app, &m.result);
        engine_send(e, &m)->may_wait = may_wait;
}

/* A start that was granted before the group heard that this node has no guard: it is decided again, for another node. A
 * unit without a state stands for the message that is under way. */
static void local_give_back(Engine *e, App *a, const Copy *c, LocalUnit *u)
{
        if (!u)
                u = local_add_unit(e, a->name, c->epoch);
        if (!u || u->reported != UNIT_NONE)
                return;
        a->start_probe = 0;
        u->reported = UNIT_STOPPED;
        local_report(e, a->name, c->epoch, UNIT_NONE, NULL);
}

/* What has to be reported of a copy here; UNIT_NONE: nothing. */
static UnitState local_news(const Engine *e, const App *a, const Copy *c, LocalUnit *u)
{
        if (!unit_state_is_alive(u->state))
                return u->state;
        if (u->state == UNIT_STUCK && !c->stuck)
                return UNIT_STUCK;
        return restarts_news(e, a, c, u);
}

static bool local_restart_is_news(const Engine *e, const Copy *c, const LocalUnit *u)
{
        bool needed = definitions_unit_differs(e, u);

        return needed != c->restart_needed && !(u->restart_told && u->restart_told_needed == needed);
}

static void local_reconcile_copy(Engine *e, const Node *own, App *a, const Copy *c)
{
        LocalUnit *u = local_find_unit(e, a->name, c->epoch);
        UnitState news;

        if ((!u || u->state == UNIT_NONE) && c->phase == COPY_STARTING) {
                if (u || (own->unguarded && e->unguarded && !a->maintenance))
                        local_give_back(e, a, c, u);
                else
                        local_start(e, a, c);
                return;
        }
        if (!u) {
                /* It is to be stopped before it was started, or it has gone without a trace. */
                u = local_add_unit(e, a->name, c->epoch);
                if (!u)
                        return;
        }
        if (u->state == UNIT_NONE)
                u->state = UNIT_STOPPED;
        if (c->phase == COPY_STOPPING && unit_state_is_alive(u->state) && u->state != UNIT_STUCK &&
                        !a->maintenance)
                local_stop_unit(e, u, USEC_INFINITY);
        news = local_news(e, a, c, u);
        if (news == UNIT_NONE || news == u->reported) {
                if (unit_state_is_alive(u->state) && local_restart_is_news(e, c, u))
                        local_report(e, a->name, c->epoch, UNIT_STARTING, NULL);
                return;
        }
        u->reported = news;
        if (news == UNIT_STARTING)
                u->restarts_told_usec = e->now_usec;
        local_report(e, a->name, c->epoch, news,
                        news == UNIT_STARTING  ? restarts_text(u)
                        : news == UNIT_RUNNING ? NULL
                                               : u->reason);
}

static void local_reconcile_owed(Engine *e, App *a)
{
        for (size_t i = 0; i < a->n_owed; i++) {
                if (a->owed[i] != e->node_id)
                        continue;
                if (!a->owed_sent)
                        local_report(e, a->name, a->last_epoch, UNIT_STARTING, NULL);
                a->owed_sent = true;
                return;
        }
        a->owed_sent = false;
}

static void local_reconcile(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);

        e->starts_wait = false;
        if (!engine_is_synced(e) || !own)
                return;
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == e->node_id)
                                local_reconcile_copy(e, own, a, c);
                local_reconcile_owed(e, a);
        }
        for (size_t i = e->n_units; i > 0; i--) {
                LocalUnit *u = &e->units[i - 1];
                const App *a = state_find_app(&e->agreed.state, u->app);
                Effect *f;

                if (a && app_find_copy(a, e->node_id, u->epoch))
                        continue;
                if (unit_state_is_alive(u->state)) {
                        /* The agreed state does not know it: no other node counts with it, so it must not run. */
                        if (!local_in_maintenance(e, u->app))
                                local_stop_unit(e, u, USEC_INFINITY);
                        continue;
                }
                f = engine_emit(e, EFFECT_FORGET);
                f->app = engine_strdup(e, u->app);
                f->epoch = u->epoch;
                local_remove_unit(e, u);
        }
}

/* ---- the record ---- */

static void local_write(Engine *e)
{
        ByteWriter w = {};
        Effect *f;

        if (!engine_is_synced(e))
                return;
        if (revision_compare(&e->agreed.state.revision, &e->write_issued) == 0 &&
                        !(e->write_failed && e->now_usec >= e->write_retry_usec))
                return;
        state_encode(&e->agreed.state, STATE_LASTING, e->now_usec, &w);
        if (w.error) {
                e->agreed.out.oom = true;
                byte_writer_done(&w);
                return;
        }
        f = engine_emit(e, EFFECT_WRITE);
        f->revision = e->write_issued = e->agreed.state.revision;
        f->data = w.data;
        f->data_size_bytes = w.size_bytes;
        e->write_retry_usec = e->now_usec + COMMIT_USEC;
}

static void local_acknowledge(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_ACK };

        if (!engine_is_synced(e) || !own)
                return;
        if (e->write_failed) {
                if (e->failure_told)
                        return;
                e->failure_told = true;
                m.ack.revision = e->agreed.state.revision;
                engine_send(e, &m);
                return;
        }
        if (e->write_done.count == 0 || revision_compare(&e->write_done, &e->acked) == 0)
                return;
        if (!own->unwritable && revision_compare(&e->write_done, &own->acked) <= 0)
                return;
        m.ack.revision = e->acked = e->write_done;
        m.ack.written = true;
        engine_send(e, &m);
}

/* ---- the guard ---- */

void local_guard(Engine *e, bool guarded)
{
        if (e->unguarded == !guarded)
                return;
        e->unguarded = !guarded;
        engine_changed(e);
}

static void local_tell_guard(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_GUARD, .guard = { .guarded = !e->unguarded } };

        if (!engine_is_synced(e) || !own)
                return;
        if (own->unguarded == e->unguarded)
                e->guard_told = false;
        else if (!e->guard_told) {
                e->guard_told = true;
                engine_send(e, &m);
        }
}

/* ---- leaving ---- */

static bool local_has_copies(const Engine *e)
{
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == e->node_id && !a->maintenance)
                                return true;
        return false;
}

bool local_keeps_leave(const Engine *e, const LocalUnit *u)
{
        return unit_state_is_alive(u->state) && !local_in_maintenance(e, u->app);
}

static bool local_has_workers_to_stop(const Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (local_keeps_leave(e, u))
                        return true;
        return false;
}

/* Workers run here, and a stop of each has left processes. */
static bool local_is_stuck(const Engine *e)
{
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (local_keeps_leave(e, u) && u->state != UNIT_STUCK)
                        return false;
        return local_has_workers_to_stop(e);
}

/* When the workers are stopped without the group's decision, when they are killed, and when what is left is left alone. */
static uint64_t local_leave_stop_usec(const Engine *e)
{
        return usec_add(e->leave_usec, e->leave.group_usec);
}

static uint64_t local_leave_kill_usec(const Engine *e)
{
        return usec_add(local_leave_stop_usec(e), e->leave.stop_usec);
}

static uint64_t local_leave_end_usec(const Engine *e)
{
        uint64_t t = usec_add(local_leave_kill_usec(e), e->leave.rest_usec);

        return e->leave_stuck_usec != 0 ? MIN(t, usec_add(e->leave_stuck_usec, e->leave.rest_usec)) : t;
}

static uint64_t local_leave_deadline(const Engine *e)
{
        if (!e->leaving || e->left)
                return USEC_INFINITY;
        return e->now_usec < local_leave_stop_usec(e) ? MIN(local_leave_stop_usec(e), local_leave_end_usec(e))
                                                      : local_leave_end_usec(e);
}

/* Nothing is left to be handed over or stopped. Only a member that is in step asks the group, and waits for it. */
static bool local_leave_is_done(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_LEAVE };

        if (e->synced && e->phase == PHASE_VOTING)
                return false;
        if (!engine_is_synced(e) || !view_is_quorate(e))
                return !local_has_workers_to_stop(e);
        if (own && (!own->leaving || own->shutdown.serial != 0) && !e->leave_sent) {
                engine_send(e, &m);
                e->leave_sent = true;
        }
        return own && own->leaving && !local_has_copies(e) && !local_has_workers_to_stop(e);
}

static void local_leave_anyway(Engine *e)
{
        Effect *f = engine_emit(e, EFFECT_LEFT);
        Text text = {};

        FOREACH_ARRAY(u, e->units, e->n_units)
                if (local_keeps_leave(e, u))
                        text_printf(&text, "%s%s", text.length > 0 ? " " : "", u->app);
        f->text = text_take(&text);
        if (!f->text)
                e->agreed.out.oom = true;
}

/* What a stop has left, and a kill may end, in the time that is left from the moment on when nothing else is waited for. */
static void local_leave_stuck(Engine *e)
{
        if (!local_is_stuck(e)) {
                e->leave_stuck_usec = 0;
                return;
        }
        if (e->leave_stuck_usec == 0)
                e->leave_stuck_usec = MAX(e->now_usec, (uint64_t) 1);
        FOREACH_ARRAY(u, e->units, e->n_units)
                if (local_keeps_leave(e, u))
                        local_stop_unit(e, u, usec_add(e->leave_stuck_usec, e->leave.rest_usec / 2));
}

/* A planned leave hands over. If there is no node to hand over to, or no group that decides, the workers are stopped all the
 * same. It ends in the time that it was given, even if a worker does not end or a member does not answer. */
static void local_leave(Engine *e)
{
        bool asks = (e->synced && e->phase == PHASE_VOTING) || (engine_is_synced(e) && view_is_quorate(e));

        if (!e->leaving || e->left)
                return;
        if (!asks || e->now_usec >= local_leave_stop_usec(e))
                FOREACH_ARRAY(u, e->units, e->n_units)
                        if (local_keeps_leave(e, u))
                                local_stop_unit(e, u, local_leave_kill_usec(e));
        local_leave_stuck(e);
        if (local_leave_is_done(e))
                engine_emit(e, EFFECT_LEFT);
        else if (e->now_usec >= local_leave_end_usec(e))
                local_leave_anyway(e);
        else
                return;
        e->left = true;
}

/* ---- restarting ---- */

/* What Corosync says of its ring may be long past: a node that has just died is in it still. So a restart waits, like a
 * start, for a probe that was sent after all that it goes by. */
static bool local_restart_is_fresh(Engine *e)
{
        if (e->restart_probe == 0) {
                local_send_probe(e);
                e->restart_probe = e->n_probes_sent;
        }
        return e->n_probes_back >= e->restart_probe && local_answer_was_quick(e);
}

/* The last member in step takes the agreed state along when it ends. Its record may name nodes that are lost and without
 * which the group cannot form again. So it may restart if another member is in step, or if there is no other member and the
 * record holds the state of this ring. */
static bool local_may_restart(Engine *e)
{
        bool others = false;

        if (e->synced && e->phase == PHASE_VOTING)
                return false;
        if (!engine_is_synced(e))
                return true;
        if (!local_restart_is_fresh(e))
                return false;
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->id != e->node_id && n->presence == PRESENCE_SYNCED)
                        return true;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                others = others || p->member.node_id != e->node_id;
        return !others && revision_compare(&e->write_done, &e->agreed.state.revision) == 0;
}

/* The ring may have lost a node, and no member may have noticed yet. */
static uint64_t local_restart_end_usec(const Engine *e)
{
        return usec_add(usec_add(e->leave_usec, e->leave.group_usec), local_isolation_usec(e));
}

static void local_restart(Engine *e)
{
        if (!e->restarting || e->leaving || e->left)
                return;
        if (!local_may_restart(e) && e->now_usec < local_restart_end_usec(e))
                return;
        e->left = true;
        engine_emit(e, EFFECT_LEFT);
}

/* `stop --local`: this node's copy is stopped without asking the group. With quorum the group is to be asked. */
void local_stop(Engine *e, uint64_t token, const char *app)
{
        Effect *f;
        CommandError error = COMMAND_NOT_RUNNING;
        const char *text = "it does not run here";

        if (engine_is_synced(e) && view_is_quorate(e)) {
                error = COMMAND_NOT_ALLOWED;
                text = "this node has quorum: stop it without --local";
        } else
                FOREACH_ARRAY(u, e->units, e->n_units)
                        if (streq(u->app, app) && unit_state_is_alive(u->state)) {
                                local_stop_unit(e, u, USEC_INFINITY);
                                error = COMMAND_OK;
                                text = "";
                        }
        f = engine_emit(e, EFFECT_REPLY);
        f->token = token;
        f->error = error;
        f->text = engine_strdup(e, text);
}

/* ---- all of it ---- */

static void local_tell_synced(Engine *e)
{
        bool synced = engine_is_synced(e);
        /* Without a formed group there is no member to sync with: the guard is called off once the workers are adopted. */
        bool alone = e->takes_part &&
                     (e->phase == PHASE_FORMING || (e->phase == PHASE_INQUORATE &&
                                                                   e->no_quorum_policy == NO_QUORUM_FREEZE));

        if ((synced || alone) && !e->synced_told) {
                e->synced_told = true;
                engine_emit(e, EFFECT_SYNCED);
        }
}

/* The last moment at which what this member knew is certain to have been so: a silence of Corosync, or of the host, that
 * led here counts from its begin. */
static uint64_t local_last_certain(const Engine *e)
{
        uint64_t t = e->now_usec;

        if (e->silent_usec != 0)
                t = MIN(t, e->silent_usec);
        if (e->no_quorum_usec != 0)
                t = MIN(t, e->no_quorum_usec);
        return e->hold_probe != 0 ? MIN(t, e->slept_usec) : t;
}

/* A new view of a quorate group is no reason for doubt; a ring that is said not to be quorate is one, and so is a
 * Corosync that is gone or silent. */
static void local_watch_knowledge(Engine *e)
{
        bool was = engine_is_stale(e);

        if (engine_is_synced(e) && view_is_quorate(e) && !e->isolated) {
                e->in_step_usec = USEC_INFINITY;
                e->stale_since_usec = 0;
        } else {
                if (e->in_step_usec == USEC_INFINITY)
                        e->in_step_usec = local_last_certain(e);
                if (!was && (!e->connected || e->isolated || e->cut_off_usec != 0 || e->phase == PHASE_NONE ||
                                            e->phase == PHASE_INQUORATE || e->phase == PHASE_FORMING))
                        e->stale_since_usec = MAX((uint64_t) 1,
                                        usec_left(e->realtime_usec, e->now_usec - e->in_step_usec));
        }
        if (was != engine_is_stale(e))
                engine_changed(e);
}

void local_pump(Engine *e)
{
        local_watch_knowledge(e);
        local_tell_synced(e);
        local_watch_step(e);
        local_watch_quorum(e);
        local_stop_cut_off(e);
        local_stop_older(e);
        local_leave(e);
        local_tell_guard(e);
        local_reconcile(e);
        local_kill_overdue(e);
        local_probe(e);
        local_write(e);
        local_acknowledge(e);
        timers_expire(e);
        local_watch_knowledge(e);
        /* What was reconciled may have been the last thing that a leave waited for. */
        local_leave(e);
        local_restart(e);
}

uint64_t local_deadline(const Engine *e)
{
        uint64_t t = timers_deadline(e);

        FOREACH_ARRAY(u, e->units, e->n_units) {
                if (unit_state_is_alive(u->state) && !u->kill_issued)
                        t = MIN(t, u->kill_usec);
                t = MIN(t, restarts_deadline(e, u));
        }
        t = MIN(t, local_no_quorum_usec(e));
        t = MIN(t, local_silence_usec(e));
        t = MIN(t, local_probe_usec(e));
        t = MIN(t, local_leave_deadline(e));
        if (e->restarting && !e->left)
                t = MIN(t, local_restart_end_usec(e));
        if (e->write_failed && engine_is_synced(e))
                t = MIN(t, e->write_retry_usec);
        return t;
}
