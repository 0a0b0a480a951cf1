/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this node is cut off, and since when its peers may count it as lost. Every moment of silence, quorum and
 * isolation is kept here, and no other file sets one. */

#include "engine/local/cutoff.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/runs.h"
#include "engine/member/hold.h"
#include "engine/member/view.h"
#include "engine/agreed/node.h"
#include "base/array.h"
#include "base/timing.h"

static Timing cutoff_timing(const Local *here)
{
        return timing_of(here->cutoff->token_usec, here->cutoff->consensus_usec,
                        here->cutoff->isolation_config_usec, here->cutoff->quorum_device);
}

NodeTiming cutoff_node_timing(const Local *here)
{
        Timing t = cutoff_timing(here);

        return (NodeTiming){ t.detection_usec, t.isolation_usec, t.needed_usec,
                timing_needs_end_usec(&t, here->cutoff->self_fence_usec, here->me.grace_usec) };
}

/* A longer time than its peers count with is no use to a node that is cut off: it goes by one only when all have been told
 * of it. A shorter one counts at once. */
uint64_t cutoff_isolation_usec(const Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        uint64_t t = cutoff_timing(here).isolation_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.isolation_usec) : t;
}

/* The peers notice after token and consensus that a Corosync is silent; the quickest of them counts. */
static uint64_t cutoff_detection_usec(const Local *here)
{
        uint64_t t = cutoff_timing(here).detection_usec;

        FOREACH_ARRAY(n, here->me.agreed.state.nodes, here->me.agreed.state.n_nodes)
                if (n->timing.detection_usec > 0)
                        t = MIN(t, n->least.detection_usec);
        return t;
}

/* What its peers wait for at least, whatever else they count with. */
uint64_t cutoff_needed_usec(const Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        uint64_t t = cutoff_timing(here).needed_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.needed_usec) : t;
}

uint64_t cutoff_needs_end_usec(const Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        uint64_t t = cutoff_node_timing(here).needs_end_usec;

        return own && own->timing.detection_usec > 0 ? MIN(t, own->least.needs_end_usec) : t;
}

uint64_t cutoff_self_fence_usec(const Local *here)
{
        return here->cutoff->self_fence_usec;
}

static uint64_t cutoff_probe_interval(const Local *here)
{
        return MAX(cutoff_detection_usec(here) / TIMING_PROBES_PER_DETECTION, 10 * USEC_PER_MSEC);
}

/* What a quicker peer is ahead of this node when both notice the same loss. */
static uint64_t cutoff_lag_usec(const Local *here)
{
        return cutoff_timing(here).detection_usec - cutoff_detection_usec(here);
}

/* Corosync speaks again, or there is quorum again: what was counted until now is kept until this member is in step.
 *
 * If this node returns and is lost again before it has reported, its peers count from the first loss. So does this node;
 * otherwise they would start what still runs here. */
static void cutoff_note_away(Local *here)
{
        uint64_t t = here->cutoff->away_usec != 0 ? here->cutoff->away_usec : USEC_INFINITY;

        if (here->cutoff->silent_usec != 0)
                t = MIN(t, usec_add(here->cutoff->silent_usec, cutoff_detection_usec(here)));
        if (here->cutoff->no_quorum_usec != 0)
                t = MIN(t, usec_left(here->cutoff->no_quorum_usec, cutoff_lag_usec(here)));
        if (here->cutoff->cut_off_usec != 0)
                t = MIN(t, here->cutoff->cut_off_usec);
        here->cutoff->away_usec = t != USEC_INFINITY ? t : 0;
}

/* The node is in step again if the group has been told that it is synced, and no silence of Corosync since then makes that
 * doubtful (`step_probe`). */
void cutoff_watch_step(Local *here)
{
        const Node *own;

        if (here->cutoff->away_usec == 0 || here->cutoff->step_probe != 0 || !member_is_synced(&here->me) ||
                        !view_is_quorate(&here->me))
                return;
        own = state_find_node(&here->me.agreed.state, here->me.node_id);
        if (own && own->presence == PRESENCE_SYNCED)
                here->cutoff->away_usec = 0;
}

/* The time of the workers begins to run, if it does not yet. */
static void cutoff_begin(Local *here, uint64_t since_usec)
{
        since_usec = usec_left(since_usec, cutoff_lag_usec(here));
        if (here->cutoff->away_usec != 0)
                since_usec = MIN(since_usec, here->cutoff->away_usec);
        if (here->cutoff->cut_off_usec == 0)
                here->cutoff->cut_off_usec = MAX(since_usec, (uint64_t) 1);
        /* Should quorum come back in this very view, it asks for the state. */
        hold_forget(&here->me);
}

/* The peers may never have noticed the silence. This member has to tell them what it stopped meanwhile, and to hear what
 * they decided meanwhile. So it asks for the state, as a member that has lost track does. */
static void cutoff_end_silence(Local *here)
{
        if (!here->cutoff->isolated)
                return;
        here->cutoff->isolated = false;
        if (view_is_quorate(&here->me)) {
                here->cutoff->no_quorum_usec = here->cutoff->cut_off_usec = 0;
                if (here->me.phase == PHASE_DECIDED && !here->me.synced)
                        hold_lose_track(&here->me, "Corosync was silent");
        }
        member_changed(&here->me);
}

/* ---- what happens ---- */

int cutoff_new(uint64_t isolation_usec, uint64_t self_fence_usec, Cutoff **ret)
{
        Cutoff *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        c->isolation_config_usec = isolation_usec;
        c->self_fence_usec = self_fence_usec;
        c->stale_since_usec = USEC_INFINITY;
        *ret = c;
        return 0;
}

void cutoff_times(Local *here, uint64_t token_usec, uint64_t consensus_usec, bool quorum_device)
{
        here->cutoff->token_usec = token_usec;
        here->cutoff->consensus_usec = consensus_usec;
        here->cutoff->quorum_device = quorum_device;
}

void cutoff_connected(Local *here)
{
        here->cutoff->n_probes_sent = here->cutoff->n_probes_back = 0;
        here->cutoff->hold_probe = here->cutoff->hold_probe != 0;
        here->cutoff->step_probe = here->cutoff->step_probe != 0;
}

void cutoff_corosync_lost(Local *here)
{
        if (here->me.connected && here->cutoff->disconnected_usec == 0)
                here->cutoff->disconnected_usec = here->me.agreed.now_usec;
        /* A Corosync that was silent before it went has said nothing since then. */
        if (here->cutoff->no_quorum_usec == 0)
                here->cutoff->no_quorum_usec = here->cutoff->silent_usec;
        here->cutoff->silent_usec = here->cutoff->probe_next_usec = 0;
}

void cutoff_corosync_speaks(Local *here)
{
        cutoff_note_away(here);
        here->cutoff->silent_usec = 0;
        here->cutoff->isolated = false;
}

void cutoff_outside(Local *here)
{
        if (here->cutoff->no_quorum_usec == 0)
                here->cutoff->no_quorum_usec = here->me.agreed.now_usec;
        if (here->cutoff->outside_usec == 0)
                here->cutoff->outside_usec = here->me.agreed.now_usec;
}

void cutoff_view(Local *here)
{
        here->cutoff->outside_usec = 0;
        if (!view_is_quorate(&here->me) && here->cutoff->no_quorum_usec == 0)
                here->cutoff->no_quorum_usec = here->me.agreed.now_usec;
}

static void cutoff_note_quorum(Local *here, bool quorate)
{
        if (quorate == here->cutoff->was_quorate)
                return;
        here->cutoff->was_quorate = quorate;
        if (quorate)
                member_note(&here->me, NOTE_QUORUM_GAINED, NULL, 0, NULL);
        else
                member_note(&here->me, NOTE_QUORUM_LOST, NULL, 0, "%s",
                                here->no_quorum_policy == NO_QUORUM_STOP
                                                ? "the workers here are being stopped"
                                                : "the workers here run on (NoQuorumPolicy=freeze)");
        member_changed(&here->me);
}

void cutoff_quorum(Local *here, bool quorate)
{
        if (quorate) {
                cutoff_note_away(here);
                here->cutoff->no_quorum_usec = here->cutoff->cut_off_usec = here->cutoff->disconnected_usec =
                                0;
                cutoff_note_quorum(here, true);
                return;
        }
        /* It had quorum in this very view, and was in step: nobody can have counted it as lost before now. */
        if (here->cutoff->no_quorum_usec == 0 && here->cutoff->away_usec == 0)
                here->cutoff->turned_usec = here->me.agreed.now_usec;
        if (here->cutoff->no_quorum_usec == 0)
                here->cutoff->no_quorum_usec = here->me.agreed.now_usec;
        /* A Corosync just started is alone at first: that counts only when IsolationTimeoutSec= is over. */
        if (here->cutoff->disconnected_usec != 0)
                return;
        cutoff_note_quorum(here, false);
        cutoff_begin(here, here->me.view_usec);
}

void cutoff_suspended(Local *here)
{
        here->cutoff->slept_usec = here->me.agreed.now_usec;
        here->cutoff->hold_probe = here->cutoff->n_probes_sent + 1;
        here->cutoff->probe_next_usec = 0;
}

void cutoff_begin_step(Local *here)
{
        here->cutoff->probed = false;
}

/* ---- probes ---- */

/* When it was sent: one of the last PROBES_KEPT. */
static uint64_t cutoff_probe_time(const Local *here, uint64_t number)
{
        return here->cutoff->probe_times[number % PROBES_KEPT];
}

/* Corosync may freeze after it has put a probe in order and before it delivers the probe. Then this probe is the first to
 * come back, though the others left the ring long ago. They do not leave it before a token is lost, so a probe that took
 * half of that time at most proves that they are there. */
static bool cutoff_answer_was_quick(const Local *here)
{
        return here->cutoff->n_probes_sent - here->cutoff->n_probes_back < PROBES_KEPT &&
               here->me.agreed.now_usec - cutoff_probe_time(here, here->cutoff->n_probes_back) <=
                               here->cutoff->token_usec / 2;
}

/* The answer that ends a silence may come from a ring that the others left during the silence. They count from then,
 * whatever this node has been told. A quick answer to a later probe proves that they did not leave, or know that this node
 * is back. */
static void cutoff_doubt_step(Local *here)
{
        if (here->cutoff->silent_usec != 0 &&
                        here->me.agreed.now_usec - here->cutoff->silent_usec > here->cutoff->token_usec / 2) {
                cutoff_note_away(here);
                here->cutoff->step_probe = here->cutoff->n_probes_sent + 1;
        } else if (here->cutoff->n_probes_back >= here->cutoff->step_probe && cutoff_answer_was_quick(here))
                here->cutoff->step_probe = 0;
}

/* Whoever has quorum was in one ring with this node when the probe was put in order, and cannot have noticed a loss sooner
 * than one detection time after it was sent. */
void cutoff_take_answer(Local *here)
{
        if (view_is_quorate(&here->me) && here->cutoff->n_probes_back > 0 && cutoff_answer_was_quick(here))
                here->cutoff->proven_usec = cutoff_probe_time(here, here->cutoff->n_probes_back);
}

void cutoff_answer(Local *here, uint64_t number)
{
        if (number <= here->cutoff->n_probes_sent)
                here->cutoff->n_probes_back = MAX(here->cutoff->n_probes_back, number);
        if (here->cutoff->hold_probe != 0 && here->cutoff->n_probes_back >= here->cutoff->hold_probe)
                here->cutoff->hold_probe = 0;
        cutoff_doubt_step(here);
        cutoff_take_answer(here);
        here->cutoff->silent_usec = 0;
        cutoff_end_silence(here);
}

static void cutoff_send_probe(Local *here)
{
        if (here->cutoff->probed)
                return;
        here->cutoff->probed = true;
        here->cutoff->n_probes_sent++;
        here->cutoff->probe_times[here->cutoff->n_probes_sent % PROBES_KEPT] = here->me.agreed.now_usec;
        member_emit(&here->me, EFFECT_PROBE)->token = here->cutoff->n_probes_sent;
        if (here->cutoff->silent_usec == 0)
                here->cutoff->silent_usec = here->me.agreed.now_usec;
}

static uint64_t cutoff_probe_usec(const Local *here)
{
        if (!here->me.connected || here->me.phase == PHASE_NONE)
                return USEC_INFINITY;
        /* A probe may be dropped while Corosync is busy: what waits for one does not wait long for the next. */
        if (here->starts_wait || here->cutoff->hold_probe > here->cutoff->n_probes_sent ||
                        (here->restarting && !here->left))
                return MIN(here->cutoff->probe_next_usec,
                                cutoff_probe_time(here, here->cutoff->n_probes_sent) + PROBE_RETRY_USEC);
        /* One that was dropped never comes back: once there is a silence it takes another to end it, also where the worker
         * that was watched over has ended meanwhile. */
        return runs_any_alive(here) || here->cutoff->hold_probe != 0 || here->cutoff->silent_usec != 0
                               ? here->cutoff->probe_next_usec
                               : USEC_INFINITY;
}

void cutoff_probe(Local *here)
{
        if (here->me.agreed.now_usec < cutoff_probe_usec(here))
                return;
        cutoff_send_probe(here);
        here->cutoff->probe_next_usec = here->me.agreed.now_usec + cutoff_probe_interval(here);
}

/* ---- when its time is over ---- */

/* The moment by which a node that is not in step must have noticed that it is cut off. The needed delay (base/timing.h)
 * assumes that a silence began one detection time before the peers noticed, so that time is subtracted. With a quorum device
 * it is not: two rings in a row that wait for the device would end the workers on every node. */
static uint64_t cutoff_away_usec(const Local *here)
{
        uint64_t t = usec_add(here->cutoff->away_usec, cutoff_isolation_usec(here));

        return here->cutoff->quorum_device ? t : usec_left(t, cutoff_detection_usec(here));
}

/* How long may pass without a quorum notification of a ring. It is counted from the first view since the last one that
 * was quorate, or from the loss of Corosync or of our place in the group. If a manager is not in the group while its
 * node is in the ring, its peers wait for it for the grace. No guard counts meanwhile that could stop its workers: so
 * it never takes longer than half of that. */
static uint64_t cutoff_no_quorum_usec(const Local *here)
{
        uint64_t t;

        if (here->cutoff->no_quorum_usec == 0 || here->cutoff->cut_off_usec != 0 || here->started_usec == 0)
                return USEC_INFINITY;
        /* Losing Corosync on top of it gives no further time. */
        t = usec_add(here->cutoff->no_quorum_usec, cutoff_isolation_usec(here));
        /* If a view has come, the peers got theirs at the same moment: the isolation time counts from `away`. If Corosync
         * was lost, they started up to one detection time earlier: it counts from cutoff_away_usec(). */
        if (here->cutoff->away_usec != 0 && runs_any_alive(here))
                t = MIN(t, MAX(here->cutoff->no_quorum_usec,
                                           here->me.phase == PHASE_NONE
                                                           ? cutoff_away_usec(here)
                                                           : usec_add(here->cutoff->away_usec,
                                                                             cutoff_isolation_usec(here))));
        if (here->cutoff->outside_usec != 0 && here->me.grace_usec > 0)
                t = MIN(t, usec_add(here->cutoff->outside_usec,
                                           grace_timing_of(here->me.grace_usec).stop_usec));
        return t;
}

/* What the peers need at least to notice that this node is lost again, less what it takes to end what is left. */
static uint64_t cutoff_again_usec(const Local *here)
{
        uint64_t t = MAX(
                        usec_left(cutoff_detection_usec(here) - cutoff_probe_interval(here), KILL_TAKES_USEC),
                        usec_left(here->cutoff->token_usec, cutoff_lag_usec(here)) / 2);

        /* A probe takes its time: without any, each would cut this node off again. */
        return MAX(t, cutoff_probe_interval(here));
}

static uint64_t cutoff_silence_usec(const Local *here)
{
        uint64_t t;

        if (here->cutoff->silent_usec == 0 || here->cutoff->isolated)
                return USEC_INFINITY;
        t = usec_add(here->cutoff->silent_usec, cutoff_isolation_usec(here));
        if (here->cutoff->away_usec == 0 || !runs_any_alive(here))
                return t;
        return MIN(t, MAX(cutoff_away_usec(here),
                                      usec_add(here->cutoff->silent_usec, cutoff_again_usec(here))));
}

static void note_isolated(Local *here, const char *what, uint64_t since_usec)
{
        unsigned long long tenths = usec_left(here->me.agreed.now_usec, since_usec) / (100 * USEC_PER_MSEC);

        member_note(&here->me, NOTE_ISOLATED, NULL, here->me.node_id, "%s for %llu.%llu s", what, tenths / 10,
                        tenths % 10);
}

void cutoff_watch(Local *here)
{
        if (here->me.agreed.now_usec >= cutoff_no_quorum_usec(here)) {
                uint64_t since = here->cutoff->no_quorum_usec;

                here->cutoff->disconnected_usec = 0;
                if (here->cutoff->was_quorate)
                        note_isolated(here, "Corosync has not said whether this node has quorum", since);
                here->cutoff->was_quorate = false;
                cutoff_begin(here, since);
                member_changed(&here->me);
        }
        if (here->me.agreed.now_usec >= cutoff_silence_usec(here)) {
                here->cutoff->isolated = true;
                note_isolated(here, "Corosync has been silent", here->cutoff->silent_usec);
                cutoff_begin(here, usec_add(here->cutoff->silent_usec, cutoff_timing(here).detection_usec));
                member_changed(&here->me);
        }
}

/* ---- when all has to have ended ---- */

bool cutoff_is_in_step(const Local *here)
{
        return here->cutoff->away_usec == 0 && here->cutoff->no_quorum_usec == 0 &&
               here->cutoff->cut_off_usec == 0 && here->cutoff->step_probe == 0 && !here->cutoff->isolated;
}

/* Workers have their time from the view on, also where quorum goes in a view that is old: that is the safe side for what a kill
 * ends. A host goes down for what is certain. */
static uint64_t cutoff_loss_usec(const Local *here, uint64_t since_usec)
{
        if (since_usec == 0)
                return USEC_INFINITY;
        return MAX(since_usec, usec_left(here->cutoff->turned_usec, cutoff_lag_usec(here)));
}

/* The first loss since it was in step counts. A ring that is not quorate yet is one, and so is an answer that came late. */
void cutoff_watch_loss(Local *here)
{
        Cutoff *c = here->cutoff;
        uint64_t t = USEC_INFINITY;

        if (!runs_any_alive(here))
                c->proven_usec = 0; /* nothing here goes by it, and no probe is sent that would keep it new */
        if (cutoff_is_in_step(here)) {
                c->lost_usec = c->turned_usec = 0;
                return;
        }
        /* No quorate ring has answered this manager yet: the peers may have lost the node under the one before it, by whose word
         * all goes then. */
        if (c->lost_usec == 0 && c->proven_usec == 0)
                return;
        if (c->proven_usec != 0)
                t = usec_add(c->proven_usec, cutoff_detection_usec(here));
        if (c->no_quorum_usec != 0)
                t = MIN(t, usec_left(c->no_quorum_usec, cutoff_lag_usec(here)));
        t = MIN(t, MIN(cutoff_loss_usec(here, c->cut_off_usec), cutoff_loss_usec(here, c->away_usec)));
        if (t != USEC_INFINITY && (c->lost_usec == 0 || t < c->lost_usec))
                c->lost_usec = MAX(t, (uint64_t) 1);
}

uint64_t cutoff_end_usec(const Local *here, uint64_t delay_usec)
{
        const Cutoff *c = here->cutoff;
        uint64_t since = c->lost_usec, t;

        if (since == 0 && c->proven_usec != 0)
                since = usec_add(c->proven_usec, cutoff_detection_usec(here));
        if (since == 0 || delay_usec == USEC_INFINITY)
                return USEC_INFINITY;
        t = usec_left(usec_add(since, delay_usec), KILL_TAKES_USEC);
        if (c->lost_usec != 0 && c->proven_usec != 0)
                t = MAX(t, usec_add(c->proven_usec, cutoff_again_usec(here)));
        return MAX(t, (uint64_t) 1);
}

/* ---- what is known of the others ---- */

/* The last moment at which what this member knew is certain to have been so: a silence of Corosync, or of the host, that
 * led here counts from its begin. */
static uint64_t cutoff_last_certain(const Local *here)
{
        uint64_t t = here->me.agreed.now_usec;

        if (here->cutoff->silent_usec != 0)
                t = MIN(t, here->cutoff->silent_usec);
        if (here->cutoff->no_quorum_usec != 0)
                t = MIN(t, here->cutoff->no_quorum_usec);
        return here->cutoff->hold_probe != 0 ? MIN(t, here->cutoff->slept_usec) : t;
}

/* A new view of a quorate group is no reason for doubt. A ring that is said not to be quorate is one, and so is a
 * Corosync that is gone or silent. */
void cutoff_watch_knowledge(Local *here)
{
        bool was = cutoff_is_stale(here);

        if (member_is_synced(&here->me) && view_is_quorate(&here->me) && !here->cutoff->isolated) {
                here->cutoff->in_step_usec = USEC_INFINITY;
                here->cutoff->stale_since_usec = 0;
        } else {
                if (here->cutoff->in_step_usec == USEC_INFINITY)
                        here->cutoff->in_step_usec = cutoff_last_certain(here);
                if (!was && (!here->me.connected || here->cutoff->isolated ||
                                            here->cutoff->cut_off_usec != 0 || here->me.phase == PHASE_NONE ||
                                            here->me.phase == PHASE_INQUORATE ||
                                            here->me.phase == PHASE_FORMING))
                        here->cutoff->stale_since_usec = MAX((uint64_t) 1,
                                        usec_left(here->me.agreed.realtime_usec,
                                                        here->me.agreed.now_usec -
                                                                        here->cutoff->in_step_usec));
        }
        if (was != cutoff_is_stale(here))
                member_changed(&here->me);
}

/* ---- what the group has to know ---- */

void cutoff_tell_timing(Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        Message m = { .type = MESSAGE_TIMING, .timing = cutoff_node_timing(here) };

        if (!own || here->timing_sent_in == here->me.hold_serial ||
                        node_timing_equal(&own->timing, &m.timing))
                return;
        member_send(&here->me, &m);
        here->timing_sent_in = here->me.hold_serial;
}

/* ---- what is asked ---- */

bool cutoff_is_isolated(const Local *here)
{
        return here->cutoff->isolated;
}

uint64_t cutoff_since(const Local *here)
{
        return here->cutoff->cut_off_usec;
}

uint64_t cutoff_stale_since(const Local *here)
{
        return here->cutoff->stale_since_usec;
}

bool cutoff_has_slept(const Local *here)
{
        return here->cutoff->hold_probe != 0;
}

uint64_t cutoff_ask(Local *here)
{
        cutoff_send_probe(here);
        return here->cutoff->n_probes_sent;
}

bool cutoff_has_answered(const Local *here, uint64_t number)
{
        return here->cutoff->n_probes_back >= number && cutoff_answer_was_quick(here);
}

uint64_t cutoff_deadline(const Local *here)
{
        uint64_t t = cutoff_no_quorum_usec(here);

        t = MIN(t, cutoff_silence_usec(here));
        return MIN(t, cutoff_probe_usec(here));
}
