/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a plan: first the acts, with every judge looking on; then all is healed and progress is demanded. */

#include <stdarg.h>

#include "base/array.h"
#include "base/timing.h"
#include "digest.h"
#include "plan.h"

#define SETTLE_USEC (90 * USEC_PER_SEC)    /* after healing, before anything is asked for */
#define PROGRESS_USEC (300 * USEC_PER_SEC) /* until all must run */
#define PEACE_USEC (30 * USEC_PER_SEC)     /* and go on to */

#define JOINED_USEC \
        (40 * USEC_PER_SEC) /* a host that slept has joined the others, and its worker's stop has ended */
#define DETECTION_USEC (3630 * USEC_PER_MSEC) /* the usual token and consensus */
/* In this world the two sides of a cut notice it up to 2.5 s apart, and a worker is killed a second before its time. */
#define OVERLAP_USEC (2 * USEC_PER_SEC)

typedef struct Run {
        const Plan *plan;
        World *world;
        CheckApp apps[PLAN_APPS_MAX];
        CheckConfig config;
        const CheckClass *classes[7];
        void *judges[7];
        const char *judge; /* whose finding came first */
        Findings findings;
        uint64_t *digest; /* NULL: nobody wants it */
} Run;

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

static void *judge_of(const Run *r, const CheckClass *class)
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

static int run_init(Run *r, FILE *trace)
{
        const Plan *p = r->plan;
        Timing t = worst_timing(p);
        const CheckClass *classes[] = { &check_copies, &check_epochs, &check_states, &check_quorum,
                &check_commands, &check_overlap, &check_stops };
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
                r->apps[i] = (CheckApp){ p->apps[i].name,
                        p->apps[i].takeover_mode == TAKEOVER_START_FIRST || plan_changes_mode(p, i),
                        p->faults & PLAN_FILE ? USEC_INFINITY : plan_least_delay(p, i, &t),
                        plan_longest_delay(p, i, &t), plan_least_delay(p, i, &t) };
        r->config = (CheckConfig){ .apps = r->apps,
                .n_apps = p->n_apps,
                .n_nodes = p->n_nodes,
                .policy = p->policy,
                .grace_usec = p->grace_usec,
                .apart = p->quorum != WORLD_QUORUM_MAJORITY,
                .tails_differ = p->faults & (WORLD_ALONE | WORLD_CARRY),
                .isolation_usec = t.isolation_usec + 3 * USEC_PER_MSEC };
        /* The columns of doc/guarantees.md where two copies are possible in a cut, and row 9; the other rows are the judge's. */
        if (p->policy == NO_QUORUM_STOP && p->quorum == WORLD_QUORUM_MAJORITY &&
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

_printf_(2, 3) static void demand(Run *r, const char *format, ...)
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

/* ---- acts ---- */

static void set_file(Run *r, const Act *a, uint64_t delay_usec)
{
        Definition d = r->plan->apps[a->app];

        d.failover_delay_usec = delay_usec;
        if (delay_usec != r->plan->apps[a->app].failover_delay_usec)
                d.digest += 100 + delay_usec / USEC_PER_SEC % 1000;
        (void) world_set_definition(r->world, a->node, &d);
        world_reload(r->world, a->node);
}

static void change_file(Run *r, const Act *a)
{
        Definition d = r->plan->apps[a->app];
        NodePriority nodes[PLAN_NODES_MAX];

        for (size_t i = 0; i < d.n_nodes; i++)
                nodes[i] = (NodePriority){ d.nodes[(i + 1) % d.n_nodes].name, d.nodes[i].tier };
        if (a->value == FILE_NODES)
                d.nodes = nodes;
        else if (a->value == FILE_MODE)
                d.takeover_mode = d.takeover_mode == TAKEOVER_START_FIRST ? TAKEOVER_STOP_FIRST
                                                                          : TAKEOVER_START_FIRST;
        else if (a->value == FILE_ENABLED)
                d.enabled = !d.enabled;
        d.digest += 5000 + 10 * a->value;
        if (a->value == FILE_GONE)
                world_drop_definition(r->world, a->node, d.name);
        else
                (void) world_set_definition(r->world, a->node, &d);
        world_reload(r->world, a->node);
}

static void cut(Run *r, uint64_t bits)
{
        unsigned part[PLAN_NODES_MAX] = {};

        for (size_t i = 0; i < r->plan->n_nodes; i++)
                part[i] = bits >> i & 1;
        world_partition(r->world, part);
}

static void command(Run *r, const Act *a)
{
        bool node = a->command == COMMAND_TAKEOVER || a->command == COMMAND_PERMIT ||
                    a->command == COMMAND_STANDBY;
        Command c = { .kind = a->command, .flag = a->flag, .force = a->force };
        uint64_t token;

        c.app = (char *) (a->command == COMMAND_STANDBY || a->command == COMMAND_RELOAD
                                          ? ""
                                          : r->plan->apps[a->app].name);
        c.node = (char *) (node && !(a->command == COMMAND_TAKEOVER && a->flag)
                                           ? plan_node_names[a->value - 1]
                                           : "");
        (void) world_command(
                        r->world, a->node, &c, &token); /* where no manager runs there is nobody to ask */
}

/* `node` 0: on all, and so where it runs. */
static void act_on_units(Run *r, const Act *a)
{
        const char *app = r->plan->apps[a->app].name;
        World *w = r->world;

        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                if (a->node != 0 && a->node != node)
                        continue;
                if (a->kind == ACT_UNIT_FAIL)
                        world_unit_fail(w, node, app);
                else if (a->kind == ACT_UNIT_FINISH)
                        world_unit_finish(w, node, app);
                else if (a->kind == ACT_UNIT_STOP_OUTSIDE)
                        world_unit_stop_outside(w, node, app);
                else if (a->kind == ACT_UNIT_RESTART)
                        world_unit_restart(w, node, app);
                else if (a->kind == ACT_UNIT_SLOW)
                        world_unit_behave(w, node, app, WORLD_UNIT_WELL, a->value, a->value2);
                else
                        world_unit_behave(w, node, app, (WorldUnitFault) a->value, 0, 0);
        }
}

static void act(Run *r, const Act *a)
{
        World *w = r->world;

        switch (a->kind) {
        case ACT_UP:
                world_node_up(w, a->node);
                break;
        case ACT_DOWN:
                world_node_down(w, a->node);
                break;
        case ACT_SHUTDOWN:
                world_node_shutdown(w, a->node);
                break;
        case ACT_SUSPEND:
                check_overlap_sleeps(
                                judge_of(r, &check_overlap), a->node, world_now(w) + a->value + JOINED_USEC);
                world_node_suspend(w, a->node, a->value);
                break;
        case ACT_WIPE:
                /* Where ring numbers come back and no record is left that knows better, epochs repeat: a limit. */
                if (!world_node_is_up(w, a->node) && !(r->plan->faults & PLAN_RINGS))
                        world_wipe_disk(w, a->node);
                break;
        case ACT_MANAGER_KILL:
        case ACT_MANAGER_KILL_FOR_GOOD:
                world_manager_kill(w, a->node, a->kind == ACT_MANAGER_KILL);
                break;
        case ACT_MANAGER_START:
                world_manager_start(w, a->node);
                break;
        case ACT_MANAGER_STOP:
                world_manager_stop(w, a->node);
                break;
        case ACT_MANAGER_RESTART:
                world_manager_restart(w, a->node);
                break;
        case ACT_MANAGER_HANG:
                check_overlap_hangs(judge_of(r, &check_overlap), a->node, world_now(w));
                world_manager_hang(w, a->node, a->value);
                break;
        case ACT_FREEZE:
        case ACT_THAW:
                world_corosync_freeze(w, a->node, a->kind == ACT_FREEZE);
                break;
        case ACT_COROSYNC_KILL:
                world_corosync_kill(w, a->node, a->value);
                break;
        case ACT_EVICT:
                world_evict(w, a->node);
                break;
        case ACT_CUT:
                cut(r, a->value);
                break;
        case ACT_CUT_SENDING:
                world_cut_sending(w, a->node);
                break;
        case ACT_HEAL:
                world_heal(w);
                break;
        case ACT_DISK_FAILS:
        case ACT_DISK_WORKS:
                world_disk_fail(w, a->node, a->kind == ACT_DISK_FAILS);
                break;
        case ACT_DEVICE_FAILS:
        case ACT_DEVICE_WORKS:
                world_device_fail(w, a->kind == ACT_DEVICE_FAILS);
                break;
        case ACT_UNIT_FAIL:
        case ACT_UNIT_FINISH:
        case ACT_UNIT_STOP_OUTSIDE:
        case ACT_UNIT_RESTART:
        case ACT_UNIT_SLOW:
        case ACT_BEHAVE:
                act_on_units(r, a);
                break;
        case ACT_COMMAND:
                command(r, a);
                break;
        case ACT_ARM:
                (void) world_arm(w, a->node, (WorldMoment) (a->value / _WORLD_BLOW_MAX), (unsigned) a->value2,
                                (WorldBlow) (a->value % _WORLD_BLOW_MAX));
                break;
        case ACT_POWER_CUT:
                world_power_cut(w, a->value);
                break;
        case ACT_ONE_WAY:
                world_one_way(w, a->node, (uint32_t) a->value);
                break;
        case ACT_LOSSY:
                world_lossy(w, a->node);
                break;
        case ACT_CLOCK:
                world_clock_set(w, a->node, a->value);
                break;
        case ACT_REMOVE:
                /* Where not all else is well it stays. */
                if (world_node_remove(w, a->node))
                        check_commands_forget(judge_of(r, &check_commands), plan_node_names[a->node - 1]);
                break;
        case ACT_ADD:
                (void) world_node_add(w, a->node, a->value ? plan_other_names[a->node - 1] : NULL);
                break;
        case ACT_FILE:
                set_file(r, a, a->value);
                break;
        case ACT_FILE_CHANGE:
                change_file(r, a);
                break;
        case ACT_TIMING:
                world_set_timing(w, a->node, a->value, a->value2, 0);
                break;
        case ACT_FILE_BACK:
                set_file(r, a, r->plan->apps[a->app].failover_delay_usec);
                break;
        case _ACT_KIND_MAX:
        default:
                break;
        }
}

static int run_acts(Run *r, FILE *trace)
{
        const Plan *p = r->plan;

        for (size_t i = 0; i < p->n_acts && r->findings.n == 0; i++) {
                int k;

                if (p->left_out[i] || (p->acts[i].later & ~p->faults) != 0)
                        continue;
                k = world_run_until(r->world, p->acts[i].at_usec);
                if (k < 0)
                        return k;
                if (trace) {
                        _cleanup_free_ char *text = NULL;
                        size_t size;
                        FILE *f = open_memstream(&text, &size);

                        if (f) {
                                act_print(p, p->acts + i, f);
                                fclose(f);
                                world_remark(r->world, "> %zu: %s", i, text);
                        }
                }
                act(r, p->acts + i);
        }
        return r->findings.n > 0 ? 0 : world_run_until(r->world, p->end_usec);
}

/* ---- healing ---- */

static bool is_dead(const Run *r, uint32_t node)
{
        return r->plan->dead >> (node - 1) & 1;
}

static void end_for_good(Run *r, uint32_t node)
{
        if (!r->plan->dead_manager)
                world_node_down(r->world, node);
        else if (world_manager_is_up(r->world, node))
                world_manager_kill(r->world, node, false);
}

static void end_all_for_good(Run *r)
{
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++)
                if (is_dead(r, node))
                        end_for_good(r, node);
}

static void heal(Run *r)
{
        World *w = r->world;

        world_remark(w, "> all faults end");
        world_set_faults(w, (unsigned) r->plan->faults & WORLD_JITTER);
        world_disarm(w);
        world_device_fail(w, false);
        world_heal(w);
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                world_disk_fail(w, node, false);
                world_corosync_freeze(w, node, false);
                for (size_t i = 0; i < r->plan->n_apps; i++) {
                        world_unit_behave(w, node, r->plan->apps[i].name, WORLD_UNIT_WELL, 0, 0);
                        (void) world_set_definition(w, node, r->plan->apps + i);
                }
                if (is_dead(r, node))
                        end_for_good(r, node);
                else
                        world_node_up(w, node);
        }
}

static void start_managers(Run *r)
{
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++)
                if (is_dead(r, node))
                        continue;
                else if (!world_node_is_listed(r->world, node))
                        (void) world_node_add(r->world, node, NULL); /* once the others are well */
                else if (!world_node_is_up(r->world, node))
                        world_node_up(r->world, node);
                else if (!world_manager_is_up(r->world, node))
                        world_manager_start(r->world, node);
}

static const Engine *synced_engine(const Run *r)
{
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                const Engine *e = world_engine(r->world, node);

                if (e && engine_is_synced(e) && engine_is_quorate(e))
                        return e;
        }
        return NULL;
}

static uint64_t ask(Run *r, CommandKind kind)
{
        const Engine *e = synced_engine(r);
        Command c = { .kind = kind, .app = (char *) "", .node = (char *) "" };
        uint32_t node = 1;
        uint64_t token = 0;

        while (!world_manager_is_up(r->world, node) && node < r->plan->n_nodes)
                node++;
        (void) world_command(r->world, e ? engine_node_id(e) : node, &c,
                        &token); /* what comes of it is judged later */
        return token;
}

static bool was_done(const Run *r, uint64_t token)
{
        const char *text;
        CommandError error;

        return world_reply(r->world, token, &error, &text) && error == COMMAND_OK;
}

/* ---- progress ---- */

static bool node_is_eligible(const App *a, const Node *n, bool better)
{
        bool allowed = a->definition.n_permitted == 0;

        for (size_t i = 0; i < a->definition.n_permitted; i++)
                allowed = allowed || streq(a->definition.permitted[i], n->name);
        FOREACH_ARRAY(p, a->permissions, a->n_permissions)
                if (p->node_id == n->id)
                        allowed = p->allowed;
        FOREACH_ARRAY(m, a->marks, a->n_marks)
                if (m->node_id == n->id && (better || !m->expired))
                        allowed = false;
        return allowed && !n->standby;
}

/* Moved here by hand, or its definition changed while it ran: against these nodes it stays. */
static bool node_is_held_against(const App *a, const Node *n)
{
        for (size_t i = 0; i < a->n_held_against; i++)
                if (a->held_against[i] == n->id)
                        return true;
        return false;
}

/* Told to wait for its node without end, or left alone there in maintenance (doc/guarantees.md, row 14). */
static bool app_waits_for_the_dead(const Run *r, const App *a)
{
        if (r->plan->dead == 0)
                return false;
        /* The delay that was agreed on when it was lost holds. */
        if (a->lost_node != 0 && is_dead(r, a->lost_node) && a->delay.serial != 0 &&
                        a->delay.deadline_usec == USEC_INFINITY)
                return true;
        for (size_t i = 0; i < a->n_copies; i++)
                if (a->copies[i].untamed && is_dead(r, a->copies[i].node_id))
                        return true;
        return false;
}

static bool app_is_live(Run *r, const State *s, const char *name, char *ret_why, size_t size_bytes)
{
        const App *a = state_find_app(s, name);
        LiveNode nodes[PLAN_NODES_MAX];
        const char *running[PLAN_NODES_MAX];
        uint32_t ids[PLAN_NODES_MAX];
        LiveApp live = { .name = name, .nodes = nodes, .running = running };

        if (!a || !a->has_definition) {
                (void) snprintf(ret_why, size_bytes, "nobody knows %s", name);
                return false;
        }
        for (size_t i = 0; i < a->definition.n_nodes; i++) {
                const Node *n = state_find_node_name(s, a->definition.nodes[i].name);

                if (n)
                        nodes[live.n_nodes++] = (LiveNode){ n->name, a->definition.nodes[i].tier,
                                !is_dead(r, n->id) && node_is_eligible(a, n, false),
                                !is_dead(r, n->id) && node_is_eligible(a, n, true) &&
                                                !node_is_held_against(a, n) };
        }
        live.wanted = a->target_up && !a->finished && !a->halted;
        live.left_alone = a->maintenance || app_waits_for_the_dead(r, a);
        live.may_move = a->definition.takeover_automatic;
        live.n_running = world_running(r->world, name, ids, ELEMENTSOF(ids));
        for (size_t i = 0; i < live.n_running; i++)
                running[i] = world_node_name(r->world, ids[i]);
        return check_live(&live, ret_why, size_bytes);
}

static bool all_is_live(Run *r, char *ret_why, size_t size_bytes)
{
        const Engine *first = synced_engine(r);

        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                const Engine *e = world_engine(r->world, node);

                if (is_dead(r, node) || (e && engine_is_synced(e) && first &&
                                                        state_digest(engine_state(e)) ==
                                                                        state_digest(engine_state(first))))
                        continue;
                (void) snprintf(ret_why, size_bytes, "%s is not synced with the others",
                                world_node_name(r->world, node));
                return false;
        }
        for (size_t i = 0; i < r->plan->n_apps; i++)
                if (!app_is_live(r, engine_state(first), r->plan->apps[i].name, ret_why, size_bytes))
                        return false;
        return true;
}

static bool no_group(const Run *r)
{
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                const Engine *e = world_engine(r->world, node);

                if (e && engine_is_synced(e))
                        return false;
        }
        return true;
}

/* A disk that took no writes for a while has no record of what was decided then. With a quorum device all of the last view
 * have to be there, and one of them may have lost power before its very first write. */
static bool disk_was_lost(const Run *r)
{
        if (r->plan->faults & PLAN_DISK)
                return true;
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++)
                if (world_disk_is_lost(r->world, node) ||
                                ((r->plan->quorum != WORLD_QUORUM_MAJORITY || r->plan->dead != 0) &&
                                                world_disk_is_blank(r->world, node)))
                        return true;
        return false;
}

/* How things stand, for the reader of a failure. */
static void remark_nodes(Run *r)
{
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                const Engine *e = world_engine(r->world, node);
                _cleanup_free_ char *text = NULL;
                char view[64];
                ViewId id;

                if (!e) {
                        world_remark(r->world, "%s: no manager", world_node_name(r->world, node));
                        continue;
                }
                id = engine_view(e);
                view_id_format(&id, view, sizeof(view));
                text = engine_status_text(e, world_now(r->world));
                world_remark(r->world, "%s: view %s%s%s%s, state %016llx: %s",
                                world_node_name(r->world, node), view, engine_is_quorate(e) ? " quorate" : "",
                                engine_is_formed(e) ? " formed" : "", engine_is_synced(e) ? " synced" : "",
                                (unsigned long long) state_digest(engine_state(e)), strempty(text));
                FOREACH_ARRAY(n, engine_state(e)->nodes, engine_state(e)->n_nodes)
                        world_remark(r->world, "   %s: presence %d pid %u grace %llu%s%s%s%s%s%s", n->name,
                                        (int) n->presence, n->pid, (unsigned long long) n->grace.serial,
                                        n->grace_over ? " over" : "", n->leaving ? " leaving" : "",
                                        n->unknown ? " unknown" : "", n->late ? " late" : "",
                                        n->unwritable ? " unwritable" : "", n->standby ? " standby" : "");
                for (size_t i = 0; i < r->plan->n_apps; i++) {
                        const App *a = state_find_app(engine_state(e), r->plan->apps[i].name);
                        AppStatus s;

                        if (!a)
                                continue;
                        engine_app_status(e, a, &s);
                        world_remark(r->world,
                                        "   %s: %s on '%s' (%s), epoch %llx, owner %u, next %d from %u on %u, lost %u delay %llu better %u %llu",
                                        a->name, app_state_to_string(s.state), s.node, s.reason,
                                        (unsigned long long) a->epoch, a->owner, (int) a->next_type,
                                        a->next_from, a->next_node, a->lost_node,
                                        (unsigned long long) a->delay.serial, a->better_node,
                                        (unsigned long long) a->better.serial);
                        FOREACH_ARRAY(m, a->marks, a->n_marks)
                                world_remark(r->world, "      mark on %u, %u times%s", m->node_id, m->count,
                                                m->expired ? ", expired" : "");
                        FOREACH_ARRAY(v, a->variants, a->n_variants)
                                world_remark(r->world, "      another file on %u", v->node_id);
                        for (size_t k = 0; k < a->n_held_against; k++)
                                world_remark(r->world, "      held against %u", a->held_against[k]);
                        FOREACH_ARRAY(c, a->copies, a->n_copies)
                                world_remark(r->world, "      copy on %u epoch %llx phase %d%s%s", c->node_id,
                                                (unsigned long long) c->epoch, (int) c->phase,
                                                c->stuck ? " stuck" : "", c->surplus ? " surplus" : "");
                }
        }
}

static int demand_progress(Run *r)
{
        uint64_t deadline = world_now(r->world) + PROGRESS_USEC;
        char why[256] = "";
        uint64_t reload = 0, clear = 0;
        unsigned patience =
                        3; /* a node that has just booted reports before anybody goes on without its record */
        bool live = false, asked = false;
        int k = 0;

        while (!live && k == 0 && r->findings.n == 0 && world_now(r->world) < deadline) {
                start_managers(r);
                if (no_group(r) && disk_was_lost(r)) {
                        if (patience > 0)
                                patience--;
                        else
                                ask(r, COMMAND_FORM);
                } else if (!asked && synced_engine(r)) {
                        reload = ask(r, COMMAND_RELOAD);
                        clear = ask(r, COMMAND_CLEAR);
                }
                k = world_run_for(r->world, 10 * USEC_PER_SEC);
                asked = asked || (was_done(r, reload) && was_done(r, clear));
                live = k == 0 && asked && all_is_live(r, why, sizeof(why));
        }
        if (k < 0 || r->findings.n > 0)
                return k;
        if (!live) {
                demand(r, "no progress: %s", why);
                return 0;
        }
        k = world_run_for(r->world, PEACE_USEC);
        if (k == 0 && r->findings.n == 0 && !all_is_live(r, why, sizeof(why)))
                demand(r, "it does not last: %s", why);
        return k;
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
