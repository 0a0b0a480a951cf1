/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a plan: first the acts, with every judge looking on; then all is healed and progress is demanded. */

#include <stdarg.h>

#include "base/array.h"
#include "base/timing.h"
#include "digest.h"
#include "run-internal.h"

#define SETTLE_USEC (90 * USEC_PER_SEC) /* after healing, before anything is asked for */

#define DETECTION_USEC (3630 * USEC_PER_MSEC) /* the usual token and consensus */
/* In this world the two sides of a cut notice it up to 2.5 s apart, and a worker is killed a second before its time. */
#define OVERLAP_USEC (2 * USEC_PER_SEC)

static void digest_add(uint64_t *digest, const Observation *o)
{
        if (o->type == OBSERVE_STEP)
                digest_effects(digest, o->at_usec, o->node_id, o->effects);
        else if (o->type == OBSERVE_UNIT_END)
                digest_words(digest, "%llu %u end %s %llx", (unsigned long long) o->at_usec, o->node_id,
                                o->app, (unsigned long long) o->epoch);
}

static void on_observation(void *userdata, const Observation *o)
{
        Run *r = userdata;

        if (r->digest)
                digest_add(r->digest, o);
        for (size_t i = 0; i < ELEMENTSOF(r->judges); i++) {
                size_t n = r->findings.n;

                r->classes[i]->observe(r->judges[i], o, &r->findings);
                if (n == 0 && r->findings.n > 0) {
                        r->judge = r->classes[i]->name;
                        world_halt(r->world);
                }
        }
}

void *judge_of(const Run *r, const CheckClass *class)
{
        for (size_t i = 0; i < ELEMENTSOF(r->classes); i++)
                if (r->classes[i] == class)
                        return r->judges[i];
        return NULL;
}

static bool plan_changes_mode(const Plan *p, size_t app)
{
        for (size_t i = 0; i < p->n_acts; i++)
                if (p->acts[i].kind == ACT_FILE_CHANGE && p->acts[i].app == app &&
                                p->acts[i].value == FILE_MODE)
                        return true;
        return false;
}

static uint64_t plan_longest_delay(const Plan *p, size_t app, const Timing *t)
{
        uint64_t longest = p->apps[app].failover_delay_usec == DELAY_AUTO ? t->needed_usec : 0;

        for (size_t i = 0; i < p->n_acts; i++)
                if (p->acts[i].kind == ACT_FILE && p->acts[i].app == app)
                        longest = MAX(longest, p->acts[i].value);
        return longest;
}

static uint64_t plan_least_delay(const Plan *p, size_t app, const Timing *t)
{
        uint64_t least = p->apps[app].failover_delay_usec;

        if (least == DELAY_AUTO)
                least = t->needed_usec;
        for (size_t i = 0; i < p->n_acts; i++)
                if (p->acts[i].kind == ACT_FILE && p->acts[i].app == app)
                        least = MIN(least, p->acts[i].value);
        return least;
}

/* The worst that any node may have at any time: what is needed is from the slowest end to the quickest notice. */
static Timing worst_timing(const Plan *p)
{
        bool device = p->quorum == WORLD_QUORUM_DEVICE;
        Timing t = timing_of(p->token_usec ? p->token_usec : USEC_PER_SEC,
                        p->consensus_usec ? p->consensus_usec : 2630 * USEC_PER_MSEC, p->isolation_usec,
                        device);
        uint64_t stopped_usec = t.needed_usec + t.detection_usec, least_usec = t.detection_usec;

        FOREACH_ARRAY(a, p->acts, p->n_acts) {
                Timing o;

                if (a->kind != ACT_TIMING)
                        continue;
                for (unsigned i = 0; i < 2; i++) { /* before and after the manager has read its file again */
                        o = timing_of(a->value, a->value2, i ? 0 : p->isolation_usec, device);
                        stopped_usec = MAX(stopped_usec, o.needed_usec + o.detection_usec);
                        least_usec = MIN(least_usec, o.detection_usec);
                        t.isolation_usec = MAX(t.isolation_usec, o.isolation_usec);
                        t.detection_usec = MAX(t.detection_usec, o.detection_usec);
                }
        }
        t.needed_usec = stopped_usec - least_usec;
        return t;
}

/* The least that any node may have at any time for what outlives a kill. */
static uint64_t least_end(const Plan *p)
{
        bool device = p->quorum == WORLD_QUORUM_DEVICE;
        Timing t = timing_of(p->token_usec ? p->token_usec : USEC_PER_SEC,
                        p->consensus_usec ? p->consensus_usec : 2630 * USEC_PER_MSEC, p->isolation_usec,
                        device);
        uint64_t least = timing_needs_end_usec(&t, SELF_FENCE_DEFAULT_USEC, p->grace_usec);

        FOREACH_ARRAY(a, p->acts, p->n_acts)
                for (unsigned i = 0; a->kind == ACT_TIMING && i < 2; i++) {
                        t = timing_of(a->value, a->value2, i ? 0 : p->isolation_usec, device);
                        least = MIN(least, timing_needs_end_usec(&t, SELF_FENCE_DEFAULT_USEC, p->grace_usec));
                }
        return least;
}

static CheckApp check_app(const Plan *p, size_t i, const Timing *t)
{
        const Definition *d = p->apps + i;
        uint64_t end = least_end(p), least = plan_least_delay(p, i, t);
        CheckApp a = { .name = d->name,
                .start_first = d->takeover_mode == TAKEOVER_START_FIRST || plan_changes_mode(p, i),
                .failover_delay_usec = p->faults & PLAN_FILE ? USEC_INFINITY : least,
                .longest_delay_usec = plan_longest_delay(p, i, t),
                .least_delay_usec = least,
                .awaits_leaver = d->awaits_leaver && d->failover_delay_usec != DELAY_AUTO,
                .failure_timeout_usec = d->failure_timeout_usec,
                .local_restarts = d->local_restarts };

        if (!d->needs_end)
                return a;
        a.needs_end = true;
        a.least_end_usec = a.least_delay_usec = MAX(least, end);
        a.failover_delay_usec = USEC_INFINITY;
        FOREACH_ARRAY(act, p->acts, p->n_acts)
                if (act->kind ==
                                ACT_TIMING) /* what a peer may be ahead of a slower node is taken from its time */
                        a.least_end_usec = 0;
        return a;
}

/* Nodes that may freeze at some time. */
static uint64_t freezing_nodes(const Plan *p)
{
        uint64_t nodes = p->policy == NO_QUORUM_STOP ? p->freeze : ~p->freeze;

        if (!(p->faults & PLAN_CONFIG))
                return 0;
        FOREACH_ARRAY(a, p->acts, p->n_acts)
                if (a->kind == ACT_POLICY && a->value == NO_QUORUM_FREEZE)
                        nodes |= UINT64_C(1) << (a->node - 1);
        return nodes;
}

static void set_policies(Run *r)
{
        for (uint32_t node = 1; r->plan->faults & PLAN_CONFIG && node <= r->plan->n_nodes; node++)
                if (r->plan->freeze >> (node - 1) & 1)
                        world_set_policy(r->world, node,
                                        r->plan->policy == NO_QUORUM_STOP ? NO_QUORUM_FREEZE
                                                                          : NO_QUORUM_STOP);
}

static int run_init(Run *r, FILE *trace)
{
        const Plan *p = r->plan;
        Timing t = worst_timing(p);
        const CheckClass *classes[] = { &check_copies, &check_epochs, &check_states, &check_quorum,
                &check_commands, &check_overlap, &check_stops, &check_places, &check_leaver, &check_versions,
                &check_restarts, &check_parts, &check_reboots };
        WorldConfig c = {
                .nodes = plan_node_names,
                .n_nodes = p->n_nodes,
                .seed = p->seed,
                .faults = (unsigned) p->faults & WORLD_ALL_FAULTS,
                .ring_bytes_sec = p->ring_bytes_sec,
                .ring_numbers = p->faults & PLAN_RINGS,
                .quorum = p->quorum,
                .policy = p->policy,
                .grace_usec = p->grace_usec,
                .token_usec = p->token_usec,
                .consensus_usec = p->consensus_usec,
                .isolation_timeout_usec = p->isolation_usec,
                .sync_mandatory = plan_node_names,
                .n_sync_mandatory = p->n_mandatory,
                .sync_optional = plan_node_names,
                .n_sync_optional = p->n_optional,
                .sync_timeout_usec = 20 * USEC_PER_SEC,
                .trace = trace,
                .trace_messages = p->messages,
                .observer = on_observation,
                .userdata = r,
        };

        for (size_t i = 0; i < p->n_apps; i++)
                r->apps[i] = check_app(p, i, &t);
        r->config = (CheckConfig){ .apps = r->apps,
                .n_apps = p->n_apps,
                .n_nodes = p->n_nodes,
                .policy = p->policy,
                .freeze = freezing_nodes(p),
                .formed_by_hand = p->faults & PLAN_BY_HAND,
                .grace_usec = p->grace_usec,
                .apart = p->quorum != WORLD_QUORUM_MAJORITY,
                .tails_differ = p->faults & (WORLD_ALONE | WORLD_CARRY),
                .isolation_usec = t.isolation_usec + 3 * USEC_PER_MSEC };
        /* The columns of doc/guarantees.md where two copies are possible in a cut, and row 9; the other rows are the judge's. */
        if (p->policy == NO_QUORUM_STOP && r->config.freeze == 0 && p->quorum == WORLD_QUORUM_MAJORITY &&
                        !(p->faults & WORLD_LATE_SYSTEMD)) {
                r->config.needed_usec = p->faults & WORLD_LATE_QUORUM ? t.isolation_usec + USEC_PER_SEC
                                                                      : t.needed_usec;
                r->config.overlap_usec = MAX(OVERLAP_USEC, OVERLAP_USEC * t.detection_usec / DETECTION_USEC);
        }
        for (size_t i = 0; i < ELEMENTSOF(classes); i++) {
                r->classes[i] = classes[i];
                r->judges[i] = classes[i]->judge_new(&r->config);
                if (!r->judges[i])
                        return -ENOMEM;
        }
        if (world_new(&c, &r->world) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < p->n_apps; i++)
                if (p->n_parts[i] > 0 &&
                                world_set_parts(r->world, p->apps[i].name, p->parts[i], p->n_parts[i]) < 0)
                        return -ENOMEM;
        set_policies(r);
        for (uint32_t node = 1; node <= p->n_nodes; node++)
                for (size_t i = 0; i < p->n_apps; i++)
                        if (world_set_definition(r->world, node, p->apps + i) < 0)
                                return -ENOMEM;
        return 0;
}

static void run_done(Run *r)
{
        world_free(r->world);
        for (size_t i = 0; i < ELEMENTSOF(r->judges); i++)
                if (r->judges[i])
                        r->classes[i]->judge_free(r->judges[i]);
}

void demand(Run *r, const char *format, ...)
{
        Observation now = { .at_usec = world_now(r->world) };
        char text[400];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (r->findings.n == 0)
                r->judge = "progress";
        finding(&r->findings, &now, "%s", text);
}

static void demand_commands(Run *r)
{
        const Engine *e = synced_engine(r);
        size_t n = r->findings.n;

        if (n > 0 || !e)
                return;
        /* The disks of the dead are lost, too: with another one fewer than a majority may be left. */
        if (r->plan->dead != 0 && r->plan->faults & (PLAN_DISK | WORLD_TEAR))
                return;
        check_commands_settings(judge_of(r, &check_commands), engine_state(e), &r->findings);
        if (r->findings.n > n)
                r->judge = check_commands.name;
}

static void count(const Run *r, Tally *t)
{
        t->n_steps += world_n_steps(r->world);
        t->n_seconds += world_now(r->world) / USEC_PER_SEC;
        for (size_t i = 0; i < _WORLD_DEED_MAX; i++) {
                t->deeds[i] += world_deeds(r->world)[i];
                t->n_seeds[i] += world_deeds(r->world)[i] > 0;
        }
}

int plan_run(const Plan *p, FILE *trace, Tally *tally, Findings *ret)
{
        Run r = { .plan = p, .digest = tally && tally->digest ? &tally->digest : NULL };
        int k = run_init(&r, trace);

        if (k == 0)
                k = run_acts(&r, trace);
        if (k == 0 && r.findings.n == 0) {
                heal(&r);
                k = world_run_for(r.world, SETTLE_USEC);
        }
        if (k == 0 && r.findings.n == 0 && p->dead != 0) {
                end_all_for_good(&r); /* one was just about to start */
                k = world_run_for(r.world, SETTLE_USEC);
        }
        if (k == 0 && r.findings.n == 0)
                k = demand_progress(&r);
        if (k == 0 && r.findings.n > 0 && trace)
                remark_nodes(&r);
        if (k == 0)
                demand_commands(&r);
        if (k == -ELOOP && r.findings.n == 0) {
                r.judge = "world";
                demand(&r, "an engine goes round and round");
                k = 0;
        }
        if (tally && r.world)
                count(&r, tally);
        *ret = r.findings;
        if (r.findings.n > 0)
                (void) snprintf(ret->first, sizeof(ret->first), "%.20s: %.480s", r.judge, r.findings.first);
        run_done(&r);
        return k < 0 ? k : (int) MIN(ret->n, (size_t) 1000);
}
