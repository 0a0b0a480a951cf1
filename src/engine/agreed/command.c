/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What administrators want. A command is a message; every member carries it out at the same point of the order and
 * comes to the same answer. It is answered when it is committed: when it is on the disks. */

#include "engine/agreed/command.h"
#include "engine/agreed/app.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/explain.h"
#include "engine/agreed/node.h"
#include "engine/agreed/place.h"
#include "engine/agreed/retry.h"
#include "engine/agreed/verdict.h"
#include "base/array.h"
#include "base/text.h"

typedef struct Refusal {
        char *text;
        size_t size_bytes;
} Refusal;

static CommandError refuse(Refusal *o, CommandError error, const char *format, ...) _printf_(3, 4);

#include <stdarg.h>

static CommandError refuse(Refusal *o, CommandError error, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        vsnprintf(o->text, o->size_bytes, format, ap);
        va_end(ap);
        return error;
}

/* ---- what stands against a command ----
 *
 * A command that is refused has changed nothing: all that can refuse it stands here, and is asked before anything is done. */

static CommandError check_start(const App *a, Refusal *o)
{
        if (!a->has_definition)
                return refuse(o, COMMAND_NOT_ALLOWED, "no node has a usable file for %s", a->name);
        return COMMAND_OK;
}

/* What stands against a start elsewhere is no reason to stop what runs, and then to start nothing. */
static CommandError refuse_verdict(const Agreed *g, const App *a, const AppVerdict *v, Refusal *o)
{
        if (v->what == APP_VERDICT_TWO)
                return refuse(o, COMMAND_NOT_ALLOWED, "a takeover of %s is under way", a->name);
        if (v->what == APP_VERDICT_SILENT)
                return refuse(o, COMMAND_STILL_RUNNING,
                                "the manager of %s does not answer, so what it runs cannot be stopped",
                                state_node_name(&g->state, v->at->node_id));
        if (v->what == APP_VERDICT_FORMING)
                return refuse(o, COMMAND_NOT_ALLOWED,
                                "the group has just formed; nothing starts before its record is on enough disks");
        if (v->what == APP_VERDICT_BLOCKED)
                return refuse(o, COMMAND_STILL_RUNNING, "%s", v->why);
        if (v->what == APP_VERDICT_NOWHERE)
                return refuse(o, COMMAND_NOT_ELIGIBLE, "no node may run %s now", a->name);
        return COMMAND_OK;
}

static CommandError check_restart(const Agreed *g, const App *a, Refusal *o)
{
        Copy *present = app_present_copy(a);
        Node *n = present ? state_find_node(&g->state, present->node_id) : NULL;
        AppVerdict v;

        if (!present || present->phase == COPY_STOPPING)
                return refuse(o, COMMAND_NOT_RUNNING, "%s is not running", a->name);
        if (!n || n->presence != PRESENCE_SYNCED)
                return refuse(o, COMMAND_STILL_RUNNING, "the manager of %s does not answer",
                                n ? n->name : "?");
        /* The other copy of a start-first takeover would go on alone. */
        if (app_count_live(a, present) > 0)
                return COMMAND_OK;
        v = verdict_moved(g, a, present, n, false);
        return refuse_verdict(g, a, &v, o);
}

/* A node whose corosync.conf has this one, among those that are there; NULL: none. */
static const Node *node_that_lists(const Agreed *g, const Node *n)
{
        FOREACH_ARRAY(o, g->state.nodes, g->state.n_nodes) {
                if (o->presence < PRESENCE_SYNCING)
                        continue;
                for (size_t i = 0; i < o->n_nodelist; i++)
                        if (o->nodelist[i] == n->id)
                                return o;
        }
        return NULL;
}

/* No manager ever hears what is said to a node that was taken out of the nodelist. */
static CommandError check_node(const Agreed *g, const Command *c, Refusal *o)
{
        const Node *n = state_find_node_name(&g->state, c->node);

        if (!n)
                return refuse(o, COMMAND_NO_SUCH_NODE, "no node is called %s", c->node);
        if (n->presence == PRESENCE_OFFLINE && !node_that_lists(g, n))
                return refuse(o, COMMAND_NO_SUCH_NODE,
                                "%s is in no node's corosync.conf any more; 'distroctl forget %s' forgets it",
                                n->name, n->name);
        return COMMAND_OK;
}

static CommandError check_takeover_node(const Agreed *g, const App *a, const Node *to, Refusal *o)
{
        char why[200];
        Eligibility x = place_eligible(a, to, false);

        if (x == ELIGIBLE || x == NODE_IS_LAST || x == NODE_MARKED)
                return COMMAND_OK;
        (void) place_explain(g, a, to, node_state(to), why, sizeof(why));
        if (x == NOT_IN_NODES || x == NOT_PERMITTED || x == NODE_IN_STANDBY)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s: %s", to->name, why);
        return refuse(o, COMMAND_NOT_ELIGIBLE, "%s: %s", to->name, why);
}

static CommandError check_takeover(const Agreed *g, const App *a, const Command *c, Refusal *o)
{
        Node *to = isempty(c->node) ? NULL : state_find_node_name(&g->state, c->node);
        const Copy *lost;
        CommandError error;
        AppVerdict v;

        if (!a->has_definition)
                return refuse(o, COMMAND_NOT_ALLOWED, "no node has a usable file for %s", a->name);
        if (!app_wants_up(a))
                return refuse(o, COMMAND_NOT_RUNNING, "%s is not to run; start it first", a->name);
        error = isempty(c->node) ? COMMAND_OK : check_node(g, c, o);
        if (error == COMMAND_OK && to)
                error = check_takeover_node(g, a, to, o);
        if (error != COMMAND_OK)
                return error;
        lost = c->force ? NULL : app_lost_needs_end(a);
        if (lost)
                return refuse(o, COMMAND_STILL_RUNNING,
                                "%s may still have what outlives a kill until FailoverDelaySec= is over; where it is "
                                "known to be down, --force takes %s over now",
                                state_node_name(&g->state, lost->node_id), a->name);
        v = verdict_taken_over(g, a, to, c->force);
        return refuse_verdict(g, a, &v, o);
}

/* A copy there counts still, or is waited for. A lost one whose end the others have taken for certain does not. */
static bool app_needs_node(const App *a, const Node *n)
{
        if (a->lost_node == n->id)
                return true;
        FOREACH_ARRAY(c, a->copies, a->n_copies)
                if (c->node_id == n->id &&
                                (c->phase != COPY_LOST || c->untamed || c->stuck || a->maintenance))
                        return true;
        for (size_t i = 0; i < a->n_owed; i++)
                if (a->owed[i] == n->id)
                        return true;
        return false;
}

static CommandError check_forget(const Agreed *g, const Command *c, Refusal *o)
{
        const Node *n = state_find_node_name(&g->state, c->node), *lists = n ? node_that_lists(g, n) : NULL;
        char apps[200] = "";
        size_t at = 0;

        if (!n)
                return refuse(o, COMMAND_NO_SUCH_NODE, "no node is called %s", c->node);
        if (n->presence != PRESENCE_OFFLINE)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s is in the ring of this view", n->name);
        if (lists)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s is in the nodelist of %s", n->name, lists->name);
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                if (app_needs_node(a, n) && at < sizeof(apps))
                        at += (size_t) snprintf(
                                        apps + at, sizeof(apps) - at, "%s%s", at > 0 ? " " : "", a->name);
        return at > 0 ? refuse(o, COMMAND_STILL_RUNNING, "these may still run there, or wait for it: %s",
                                        apps)
                      : COMMAND_OK;
}

static CommandError check_permit(const Agreed *g, const App *a, const Command *c, Refusal *o)
{
        const Node *n = state_find_node_name(&g->state, c->node);
        CommandError error = check_node(g, c, o);

        if (error != COMMAND_OK)
                return error;
        if (place_tier(a, n) == UINT32_MAX)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s is not in Nodes= of %s", n->name, a->name);
        return COMMAND_OK;
}

static bool command_is_of_all(CommandKind kind)
{
        return kind == COMMAND_MAINTENANCE || kind == COMMAND_CLEAR || kind == COMMAND_STANDBY ||
               kind == COMMAND_RELOAD || kind == COMMAND_FORM || kind == COMMAND_FORGET;
}

static CommandError command_check(const Agreed *g, const App *a, const Command *c, Refusal *o)
{
        bool moves = c->kind == COMMAND_START || c->kind == COMMAND_STOP || c->kind == COMMAND_RESTART ||
                     c->kind == COMMAND_TAKEOVER;

        if (!a && (!isempty(c->app) || !command_is_of_all(c->kind)))
                return refuse(o, COMMAND_NO_SUCH_APPLICATION, "no application is called %s",
                                strempty(c->app));
        if (moves && a->maintenance)
                return refuse(o, COMMAND_IN_MAINTENANCE, "%s is in maintenance", a->name);
        switch (c->kind) {
        case COMMAND_START:
                return check_start(a, o);
        case COMMAND_RESTART:
                return check_restart(g, a, o);
        case COMMAND_TAKEOVER:
                return check_takeover(g, a, c, o);
        case COMMAND_PERMIT:
                return check_permit(g, a, c, o);
        case COMMAND_CLEAR:
        case COMMAND_STANDBY:
                return c->kind == COMMAND_STANDBY || !isempty(c->node) ? check_node(g, c, o) : COMMAND_OK;
        case COMMAND_FORGET:
                return check_forget(g, c, o);
        case COMMAND_STOP:
        case COMMAND_MAINTENANCE:
        case COMMAND_RELOAD:
        case COMMAND_FORM:
        case _COMMAND_KIND_MAX:
        default:
                return COMMAND_OK;
        }
}

/* ---- carrying out what nothing stands against ---- */

static void command_start(Agreed *g, App *a)
{
        if (!app_wants_up(a))
                app_touched(g, a);
        app_want(a, true);
        /* The administrator has mended what made it fail, and FailureAction=stop says that it is not to start elsewhere. */
        if (a->halted)
                app_forget_failures(a, NULL);
        app_commanded(g, a);
}

static void command_stop(Agreed *g, App *a)
{
        if (a->target_up)
                app_touched(g, a);
        app_want(a, false);
        app_commanded(g, a);
}

static void command_restart(Agreed *g, App *a)
{
        Copy *present = app_present_copy(a);

        app_plan(a, START_NORMAL, 0, present->node_id);
        app_stop_copy(g, a, present, "restarted by command");
        app_commanded(g, a);
}

static void takeover_running(Agreed *g, App *a, const AppVerdict *v, const Node *to)
{
        if (to)
                app_hold(g, a, to);
        else
                app_clear_hold(a);
        if (!v->node)
                return;
        if (v->at->phase == COPY_STOPPING)
                app_plan(a, START_TAKEOVER, v->at->node_id, v->node->id);
        else
                app_move(g, a, v->at, START_TAKEOVER, v->node->id, "taken over by command");
}

/* Nothing runs: the start that waits happens now. */
static void takeover_waiting(Agreed *g, App *a, const Node *to)
{
        app_touched(g, a);
        app_end_delay(a);
        app_plan(a, a->next_type, a->next_from, to ? to->id : 0);
        if (to)
                app_hold(g, a, to);
}

static void command_takeover(Agreed *g, App *a, const Command *c)
{
        Node *to = isempty(c->node) ? NULL : state_find_node_name(&g->state, c->node);
        AppVerdict v;
        Mark *mark;

        if (c->force)
                app_give_up(a);
        v = verdict_taken_over(g, a, to, c->force);
        if (v.at)
                takeover_running(g, a, &v, to);
        else
                takeover_waiting(g, a, to);
        if (to)
                retry_forget(a, to);
        mark = to ? app_find_mark(a, to->id) : NULL;
        if (mark)
                app_remove_mark(a, mark);
        app_commanded(g, a);
}

static void command_permit(Agreed *g, App *a, const Command *c)
{
        const Node *n = state_find_node_name(&g->state, c->node);
        const Copy *present = app_present_copy(a);
        size_t at = 0;

        while (at < a->n_permissions && a->permissions[at].node_id < n->id)
                at++;
        if (at == a->n_permissions || a->permissions[at].node_id != n->id) {
                if (outlet_grow(&g->out, ARRAY_GROW(a->permissions, a->n_permissions,
                                                         a->n_permissions_allocated)) < 0)
                        return;
                ARRAY_OPEN(a->permissions, a->n_permissions, at);
                a->permissions[at].node_id = n->id;
        }
        a->permissions[at].allowed = c->flag;
        /* That a changed definition moves nothing is no shelter from a command. */
        if (!c->flag && present && present->node_id == n->id)
                app_keep_no_more(a);
        app_commanded(g, a);
        agreed_changed_node(g, n->id);
}

static void command_standby(Agreed *g, const Command *c)
{
        Node *n = state_find_node_name(&g->state, c->node);

        n->standby = c->flag;
        g->lasting_changed = true;
        g->all_dirty = true;
        agreed_changed_node(g, n->id);
}

/* Its number may be another node's one day. */
static void command_forget(Agreed *g, const Command *c)
{
        Node *n = state_find_node_name(&g->state, c->node);

        agreed_changed_node(g, n->id);
        state_remove_node(&g->state, n);
        nodelist_look_at_rules(g);
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                app_look_again(g, a);
        g->lasting_changed = true;
        g->all_dirty = true;
        g->outcome.files_dirty = true;
        agreed_changed(g);
}

static void command_clear(Agreed *g, const Command *c)
{
        const Node *n = isempty(c->node) ? NULL : state_find_node_name(&g->state, c->node);

        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                if (!isempty(c->app) && !streq(a->name, c->app))
                        continue;
                app_forget_failures(a, n);
                app_commanded(g, a);
        }
}

static void command_maintenance(Agreed *g, App *a, const Command *c)
{
        if (a)
                app_set_maintenance(g, a, c->flag);
        else
                FOREACH_ARRAY(each, g->state.apps, g->state.n_apps)
                        app_set_maintenance(g, each, c->flag);
}

static void command_do(Agreed *g, App *a, const Command *c)
{
        switch (c->kind) {
        case COMMAND_START:
                return command_start(g, a);
        case COMMAND_STOP:
                return command_stop(g, a);
        case COMMAND_RESTART:
                return command_restart(g, a);
        case COMMAND_TAKEOVER:
                return command_takeover(g, a, c);
        case COMMAND_PERMIT:
                return command_permit(g, a, c);
        case COMMAND_STANDBY:
                return command_standby(g, c);
        case COMMAND_MAINTENANCE:
                return command_maintenance(g, a, c);
        case COMMAND_CLEAR:
                return command_clear(g, c);
        case COMMAND_RELOAD:
                return definitions_reload(g);
        case COMMAND_FORGET:
                return command_forget(g, c);
        case COMMAND_FORM:
        case _COMMAND_KIND_MAX:
        default:
                return;
        }
}

CommandError command_apply(
                Agreed *g, const Member *sender, const Command *c, char *ret_text, size_t size_bytes)
{
        Refusal o = { .text = ret_text, .size_bytes = size_bytes };
        App *a = isempty(c->app) ? NULL : state_find_app(&g->state, c->app);
        CommandError error = command_check(g, a, c, &o);

        if (error != COMMAND_OK)
                return error;
        command_do(g, a, c);
        agreed_note(g, NOTE_COMMAND, isempty(c->app) ? NULL : c->app, sender->node_id, "%s%s%s%s",
                        c->kind == COMMAND_PERMIT && !c->flag    ? "forbid"
                        : c->kind == COMMAND_STANDBY && !c->flag ? "unstandby"
                                                                 : command_kind_to_string(c->kind),
                        isempty(c->node) ? "" : " ", strempty(c->node),
                        c->kind == COMMAND_MAINTENANCE ? (c->flag ? " on" : " off") : "");
        return COMMAND_OK;
}
