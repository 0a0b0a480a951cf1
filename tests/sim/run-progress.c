/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All faults end, and progress is demanded. */

#include "base/array.h"
#include "run-internal.h"

#define PROGRESS_USEC (300 * USEC_PER_SEC) /* until all must run */
#define PEACE_USEC (30 * USEC_PER_SEC)     /* and go on to */

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

void end_all_for_good(Run *r)
{
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++)
                if (is_dead(r, node))
                        end_for_good(r, node);
}

/* Its manager may not know the version which the group speaks: it was put back, or the group did not know of it, or does not
 * any more. */
static bool needs_upgrade(const Run *r, uint32_t node)
{
        const Plan *p = r->plan;

        if (!r->upgrading)
                return false;
        if (!(r->reported >> (node - 1) & 1) || p->quorum != WORLD_QUORUM_MAJORITY ||
                        p->faults & (PLAN_DISK | PLAN_LIST | PLAN_BY_HAND | WORLD_TEAR))
                return true;
        for (size_t i = 0; i < p->n_acts; i++)
                if (p->acts[i].kind == ACT_VERSION && p->acts[i].node == node && !p->left_out[i] &&
                                p->acts[i].value < PLAN_VERSION_NEW)
                        return true;
        return false;
}

void heal(Run *r)
{
        World *w = r->world;

        world_remark(w, "> all faults end");
        check_reboots_calm(judge_of(r, &check_reboots));
        world_set_faults(w, (unsigned) r->plan->faults & WORLD_JITTER);
        world_disarm(w);
        world_device_fail(w, false);
        world_heal(w);
        for (uint32_t node = 1; node <= r->plan->n_nodes; node++) {
                world_disk_fail(w, node, false);
                world_corosync_freeze(w, node, false);
                for (size_t i = 0; i < r->plan->n_apps; i++) {
                        world_unit_behave(w, node, r->plan->apps[i].name, WORLD_UNIT_WELL, 0, 0);
                        world_part_behave(w, node, r->plan->apps[i].name, WORLD_PART_WELL, 0, 0);
                        (void) world_set_definition(w, node, r->plan->apps + i);
                }
                world_guard_back(w, node);
                if (is_dead(r, node))
                        end_for_good(r, node);
                else
                        world_node_up(w, node);
                if (needs_upgrade(r, node)) {
                        world_set_version(w, node, PLAN_VERSION_NEW);
                        world_manager_kill(w, node, true);
                }
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

const Engine *synced_engine(const Run *r)
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
void remark_nodes(Run *r)
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
                                        "   %s: %s on '%s' (%s), epoch %llx, owner %u, next %d from %u on %u, lost %u delay %llu better %llx %llu",
                                        a->name, app_state_to_string(s.state), s.node, s.reason,
                                        (unsigned long long) a->epoch, a->owner, (int) a->next_type,
                                        a->next_from, a->next_node, a->lost_node,
                                        (unsigned long long) a->delay.serial,
                                        (unsigned long long) a->better_nodes,
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

int demand_progress(Run *r)
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
