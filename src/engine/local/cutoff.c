/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this node is cut off, and since when its peers may count it as lost. Every moment of silence, quorum and isolation is
 * kept here, and nobody else sets one. */

#include "engine/local/cutoff.h"
#include "engine/local/runs.h"
#include "engine/member/hold.h"
#include "engine/member/view.h"
#include "base/array.h"
#include "base/timing.h"

static Timing cutoff_timing(const Engine *e)
{
        return timing_of(e->cutoff.token_usec, e->cutoff.consensus_usec, e->cutoff.isolation_config_usec,
                        e->cutoff.quorum_device);
}

NodeTiming cutoff_node_timing(const Engine *e)
{
        Timing t = cutoff_timing(e);

        return (NodeTiming){ t.detection_usec, t.isolation_usec, t.needed_usec };
}

/* A longer time than its peers count with is no use to a node that is cut off: it goes by one only when all have been told
 * of it. A shorter one counts at once. */
uint64_t cutoff_isolation_usec(const Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        uint64_t t = cutoff_timing(e).isolation_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.isolation_usec) : t;
}

/* The peers notice after token and consensus that a Corosync is silent; the quickest of them counts. */
static uint64_t cutoff_detection_usec(const Engine *e)
{
        uint64_t t = cutoff_timing(e).detection_usec;

        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->timing.detection_usec > 0)
                        t = MIN(t, n->least.detection_usec);
        return t;
}

/* What its peers wait for at least, whatever else they count with. */
uint64_t cutoff_needed_usec(const Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        uint64_t t = cutoff_timing(e).needed_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.needed_usec) : t;
}

static uint64_t cutoff_probe_interval(const Engine *e)
{
        return MAX(cutoff_detection_usec(e) / TIMING_PROBES_PER_DETECTION, 10 * USEC_PER_MSEC);
}

/* What a quicker peer is ahead of this node when both notice the same loss. */
static uint64_t cutoff_lag_usec(const Engine *e)
{
        return cutoff_timing(e).detection_usec - cutoff_detection_usec(e);
}

/* Corosync speaks again, or there is quorum again: what was counted until now is kept until this member is in step.
 *
 * If this node returns and is lost again before it has reported, its peers count from the first loss. So does this node;
 * otherwise they would start what still runs here. */
static void cutoff_note_away(Engine *e)
{
        uint64_t t = e->cutoff.away_usec != 0 ? e->cutoff.away_usec : USEC_INFINITY;

        if (e->cutoff.silent_usec != 0)
                t = MIN(t, usec_add(e->cutoff.silent_usec, cutoff_detection_usec(e)));
        if (e->cutoff.no_quorum_usec != 0)
                t = MIN(t, usec_left(e->cutoff.no_quorum_usec, cutoff_lag_usec(e)));
        if (e->cutoff.cut_off_usec != 0)
                t = MIN(t, e->cutoff.cut_off_usec);
        e->cutoff.away_usec = t != USEC_INFINITY ? t : 0;
}

/* The node is in step again if the group has been told that it is synced, and no silence of Corosync since then makes that
 * doubtful (`step_probe`). */
void cutoff_watch_step(Engine *e)
{
        const Node *own;

        if (e->cutoff.away_usec == 0 || e->cutoff.step_probe != 0 || !engine_is_synced(e) ||
                        !view_is_quorate(e))
                return;
        own = state_find_node(&e->agreed.state, e->node_id);
        if (own && own->presence == PRESENCE_SYNCED)
                e->cutoff.away_usec = 0;
}

/* The time of the workers begins to run, if it does not yet. */
static void cutoff_begin(Engine *e, uint64_t since_usec)
{
        since_usec = usec_left(since_usec, cutoff_lag_usec(e));
        if (e->cutoff.away_usec != 0)
                since_usec = MIN(since_usec, e->cutoff.away_usec);
        if (e->cutoff.cut_off_usec == 0)
                e->cutoff.cut_off_usec = MAX(since_usec, (uint64_t) 1);
        /* Should quorum come back in this very view, it asks for the state. */
        hold_forget(e);
}

/* The peers may never have noticed the silence. This member has to tell them what it stopped meanwhile, and to hear what
 * they decided meanwhile. So it asks for the state, as a member that has lost track does. */
static void cutoff_end_silence(Engine *e)
{
        if (!e->cutoff.isolated)
                return;
        e->cutoff.isolated = false;
        if (view_is_quorate(e)) {
                e->cutoff.no_quorum_usec = e->cutoff.cut_off_usec = 0;
                if (e->phase == PHASE_DECIDED && !e->synced)
                        hold_lose_track(e, "Corosync was silent");
        }
        engine_changed(e);
}

/* ---- what happens ---- */

void cutoff_init(Engine *e, const EngineConfig *config)
{
        e->cutoff.isolation_config_usec = config->isolation_timeout_usec;
        e->cutoff.stale_since_usec = USEC_INFINITY;
}

void cutoff_times(Engine *e, uint64_t token_usec, uint64_t consensus_usec, bool quorum_device)
{
        e->cutoff.token_usec = token_usec;
        e->cutoff.consensus_usec = consensus_usec;
        e->cutoff.quorum_device = quorum_device;
}

void cutoff_connected(Engine *e)
{
        e->cutoff.n_probes_sent = e->cutoff.n_probes_back = 0;
        e->cutoff.hold_probe = e->cutoff.hold_probe != 0;
        e->cutoff.step_probe = e->cutoff.step_probe != 0;
}

void cutoff_corosync_lost(Engine *e)
{
        if (e->connected && e->cutoff.disconnected_usec == 0)
                e->cutoff.disconnected_usec = e->now_usec;
        /* A Corosync that was silent before it went has said nothing since then. */
        if (e->cutoff.no_quorum_usec == 0)
                e->cutoff.no_quorum_usec = e->cutoff.silent_usec;
        e->cutoff.silent_usec = e->cutoff.probe_next_usec = 0;
}

void cutoff_corosync_speaks(Engine *e)
{
        cutoff_note_away(e);
        e->cutoff.silent_usec = 0;
        e->cutoff.isolated = false;
}

void cutoff_outside(Engine *e)
{
        if (e->cutoff.no_quorum_usec == 0)
                e->cutoff.no_quorum_usec = e->now_usec;
        if (e->cutoff.outside_usec == 0)
                e->cutoff.outside_usec = e->now_usec;
}

void cutoff_view(Engine *e)
{
        e->cutoff.outside_usec = 0;
        if (!view_is_quorate(e) && e->cutoff.no_quorum_usec == 0)
                e->cutoff.no_quorum_usec = e->now_usec;
}

static void cutoff_note_quorum(Engine *e, bool quorate)
{
        if (quorate == e->cutoff.was_quorate)
                return;
        e->cutoff.was_quorate = quorate;
        if (quorate)
                engine_note(e, NOTE_QUORUM_GAINED, NULL, 0, NULL);
        else
                engine_note(e, NOTE_QUORUM_LOST, NULL, 0, "%s",
                                e->no_quorum_policy == NO_QUORUM_STOP
                                                ? "the workers here are being stopped"
                                                : "the workers here run on (NoQuorumPolicy=freeze)");
        engine_changed(e);
}

void cutoff_quorum(Engine *e, bool quorate)
{
        if (quorate) {
                cutoff_note_away(e);
                e->cutoff.no_quorum_usec = e->cutoff.cut_off_usec = e->cutoff.disconnected_usec = 0;
                cutoff_note_quorum(e, true);
                return;
        }
        if (e->cutoff.no_quorum_usec == 0)
                e->cutoff.no_quorum_usec = e->now_usec;
        /* A Corosync just started is alone at first: that counts only when IsolationTimeoutSec= is over. */
        if (e->cutoff.disconnected_usec != 0)
                return;
        cutoff_note_quorum(e, false);
        cutoff_begin(e, e->view_usec);
}

void cutoff_suspended(Engine *e)
{
        e->cutoff.slept_usec = e->now_usec;
        e->cutoff.hold_probe = e->cutoff.n_probes_sent + 1;
        e->cutoff.probe_next_usec = 0;
}

void cutoff_begin_step(Engine *e)
{
        e->cutoff.probed = false;
}

/* ---- probes ---- */

/* When it was sent: one of the last PROBES_KEPT. */
static uint64_t cutoff_probe_time(const Engine *e, uint64_t number)
{
        return e->cutoff.probe_times[number % PROBES_KEPT];
}

/* Corosync may freeze after it has put a probe in order and before it delivers the probe. Then this probe is the first to
 * come back, though the others left the ring long ago. They do not leave it before a token is lost, so a probe that took
 * half of that time at most proves that they are there. */
static bool cutoff_answer_was_quick(const Engine *e)
{
        return e->cutoff.n_probes_sent - e->cutoff.n_probes_back < PROBES_KEPT &&
               e->now_usec - cutoff_probe_time(e, e->cutoff.n_probes_back) <= e->cutoff.token_usec / 2;
}

/* The answer that ends a silence may come from a ring that the others left during the silence. They count from then,
 * whatever this node has been told. A quick answer to a later probe proves that they did not leave, or know that this node
 * is back. */
static void cutoff_doubt_step(Engine *e)
{
        if (e->cutoff.silent_usec != 0 && e->now_usec - e->cutoff.silent_usec > e->cutoff.token_usec / 2) {
                cutoff_note_away(e);
                e->cutoff.step_probe = e->cutoff.n_probes_sent + 1;
        } else if (e->cutoff.n_probes_back >= e->cutoff.step_probe && cutoff_answer_was_quick(e))
                e->cutoff.step_probe = 0;
}

void cutoff_answer(Engine *e, uint64_t number)
{
        if (number <= e->cutoff.n_probes_sent)
                e->cutoff.n_probes_back = MAX(e->cutoff.n_probes_back, number);
        if (e->cutoff.hold_probe != 0 && e->cutoff.n_probes_back >= e->cutoff.hold_probe)
                e->cutoff.hold_probe = 0;
        cutoff_doubt_step(e);
        e->cutoff.silent_usec = 0;
        cutoff_end_silence(e);
}

static void cutoff_send_probe(Engine *e)
{
        if (e->cutoff.probed)
                return;
        e->cutoff.probed = true;
        e->cutoff.n_probes_sent++;
        e->cutoff.probe_times[e->cutoff.n_probes_sent % PROBES_KEPT] = e->now_usec;
        engine_emit(e, EFFECT_PROBE)->token = e->cutoff.n_probes_sent;
        if (e->cutoff.silent_usec == 0)
                e->cutoff.silent_usec = e->now_usec;
}

static uint64_t cutoff_probe_usec(const Engine *e)
{
        if (!e->connected || e->phase == PHASE_NONE)
                return USEC_INFINITY;
        /* A probe may be dropped while Corosync is busy: what waits for one does not wait long for the next. */
        if (e->starts_wait || e->cutoff.hold_probe > e->cutoff.n_probes_sent || (e->restarting && !e->left))
                return MIN(e->cutoff.probe_next_usec,
                                cutoff_probe_time(e, e->cutoff.n_probes_sent) + PROBE_RETRY_USEC);
        /* One that was dropped never comes back: once there is a silence it takes another to end it, also where the worker
         * that was watched over has ended meanwhile. */
        return runs_any_alive(e) || e->cutoff.hold_probe != 0 || e->cutoff.silent_usec != 0
                               ? e->cutoff.probe_next_usec
                               : USEC_INFINITY;
}

void cutoff_probe(Engine *e)
{
        if (e->now_usec < cutoff_probe_usec(e))
                return;
        cutoff_send_probe(e);
        e->cutoff.probe_next_usec = e->now_usec + cutoff_probe_interval(e);
}

/* ---- when its time is over ---- */

/* The moment by which a node that is not in step must have noticed that it is cut off. The needed delay (base/timing.h)
 * assumes that a silence began one detection time before the peers noticed, so that time is subtracted. With a quorum device
 * it is not: two rings in a row that wait for the device would end the workers on every node. */
static uint64_t cutoff_away_usec(const Engine *e)
{
        uint64_t t = usec_add(e->cutoff.away_usec, cutoff_isolation_usec(e));

        return e->cutoff.quorum_device ? t : usec_left(t, cutoff_detection_usec(e));
}

/* How long may pass without a quorum notification of a ring; counted from the first view since the last one that was
 * quorate, or from the loss of Corosync or of our place in the group. A manager that is not in the group while its node
 * is in the ring is waited for by its peers for the grace, and no guard counts that could stop its workers: so it never
 * takes longer than half of that. */
static uint64_t cutoff_no_quorum_usec(const Engine *e)
{
        uint64_t t;

        if (e->cutoff.no_quorum_usec == 0 || e->cutoff.cut_off_usec != 0 || e->started_usec == 0)
                return USEC_INFINITY;
        /* Losing Corosync on top of it gives no further time. */
        t = usec_add(e->cutoff.no_quorum_usec, cutoff_isolation_usec(e));
        /* If a view has come, the peers got theirs at the same moment: the isolation time counts from `away`. If Corosync
         * was lost, they started up to one detection time earlier: it counts from cutoff_away_usec(). */
        if (e->cutoff.away_usec != 0 && runs_any_alive(e))
                t = MIN(t, MAX(e->cutoff.no_quorum_usec,
                                           e->phase == PHASE_NONE
                                                           ? cutoff_away_usec(e)
                                                           : usec_add(e->cutoff.away_usec,
                                                                             cutoff_isolation_usec(e))));
        if (e->cutoff.outside_usec != 0 && e->grace_usec > 0)
                t = MIN(t, usec_add(e->cutoff.outside_usec, grace_timing_of(e->grace_usec).stop_usec));
        return t;
}

static uint64_t cutoff_silence_usec(const Engine *e)
{
        uint64_t t, again;

        if (e->cutoff.silent_usec == 0 || e->cutoff.isolated)
                return USEC_INFINITY;
        t = usec_add(e->cutoff.silent_usec, cutoff_isolation_usec(e));
        if (e->cutoff.away_usec == 0 || !runs_any_alive(e))
                return t;
        /* What the peers need to notice that this node is lost again is all that is left then. */
        again = MAX(usec_left(cutoff_detection_usec(e) - cutoff_probe_interval(e), KILL_TAKES_USEC),
                        usec_left(e->cutoff.token_usec, cutoff_lag_usec(e)) / 2);
        /* A probe takes its time: without any, each would cut this node off again. */
        again = MAX(again, cutoff_probe_interval(e));
        return MIN(t, MAX(cutoff_away_usec(e), usec_add(e->cutoff.silent_usec, again)));
}

static void note_isolated(Engine *e, const char *what, uint64_t since_usec)
{
        unsigned long long tenths = usec_left(e->now_usec, since_usec) / (100 * USEC_PER_MSEC);

        engine_note(e, NOTE_ISOLATED, NULL, e->node_id, "%s for %llu.%llu s", what, tenths / 10, tenths % 10);
}

void cutoff_watch(Engine *e)
{
        if (e->now_usec >= cutoff_no_quorum_usec(e)) {
                uint64_t since = e->cutoff.no_quorum_usec;

                e->cutoff.disconnected_usec = 0;
                if (e->cutoff.was_quorate)
                        note_isolated(e, "Corosync has not said whether this node has quorum", since);
                e->cutoff.was_quorate = false;
                cutoff_begin(e, since);
                engine_changed(e);
        }
        if (e->now_usec >= cutoff_silence_usec(e)) {
                e->cutoff.isolated = true;
                note_isolated(e, "Corosync has been silent", e->cutoff.silent_usec);
                cutoff_begin(e, usec_add(e->cutoff.silent_usec, cutoff_timing(e).detection_usec));
                engine_changed(e);
        }
}

/* ---- what is known of the others ---- */

/* The last moment at which what this member knew is certain to have been so: a silence of Corosync, or of the host, that
 * led here counts from its begin. */
static uint64_t cutoff_last_certain(const Engine *e)
{
        uint64_t t = e->now_usec;

        if (e->cutoff.silent_usec != 0)
                t = MIN(t, e->cutoff.silent_usec);
        if (e->cutoff.no_quorum_usec != 0)
                t = MIN(t, e->cutoff.no_quorum_usec);
        return e->cutoff.hold_probe != 0 ? MIN(t, e->cutoff.slept_usec) : t;
}

/* A new view of a quorate group is no reason for doubt; a ring that is said not to be quorate is one, and so is a
 * Corosync that is gone or silent. */
void cutoff_watch_knowledge(Engine *e)
{
        bool was = engine_is_stale(e);

        if (engine_is_synced(e) && view_is_quorate(e) && !e->cutoff.isolated) {
                e->cutoff.in_step_usec = USEC_INFINITY;
                e->cutoff.stale_since_usec = 0;
        } else {
                if (e->cutoff.in_step_usec == USEC_INFINITY)
                        e->cutoff.in_step_usec = cutoff_last_certain(e);
                if (!was && (!e->connected || e->cutoff.isolated || e->cutoff.cut_off_usec != 0 ||
                                            e->phase == PHASE_NONE || e->phase == PHASE_INQUORATE ||
                                            e->phase == PHASE_FORMING))
                        e->cutoff.stale_since_usec = MAX((uint64_t) 1,
                                        usec_left(e->realtime_usec, e->now_usec - e->cutoff.in_step_usec));
        }
        if (was != engine_is_stale(e))
                engine_changed(e);
}

/* ---- what the group has to know ---- */

void cutoff_tell_timing(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_TIMING, .timing = cutoff_node_timing(e) };

        if (!own || e->timing_sent_in == e->hold_serial || node_timing_equal(&own->timing, &m.timing))
                return;
        engine_send(e, &m);
        e->timing_sent_in = e->hold_serial;
}

/* ---- what is asked ---- */

bool cutoff_is_isolated(const Engine *e)
{
        return e->cutoff.isolated;
}

uint64_t cutoff_since(const Engine *e)
{
        return e->cutoff.cut_off_usec;
}

uint64_t cutoff_stale_since(const Engine *e)
{
        return e->cutoff.stale_since_usec;
}

bool cutoff_has_slept(const Engine *e)
{
        return e->cutoff.hold_probe != 0;
}

uint64_t cutoff_ask(Engine *e)
{
        cutoff_send_probe(e);
        return e->cutoff.n_probes_sent;
}

bool cutoff_has_answered(const Engine *e, uint64_t number)
{
        return e->cutoff.n_probes_back >= number && cutoff_answer_was_quick(e);
}

uint64_t cutoff_deadline(const Engine *e)
{
        uint64_t t = cutoff_no_quorum_usec(e);

        t = MIN(t, cutoff_silence_usec(e));
        return MIN(t, cutoff_probe_usec(e));
}
