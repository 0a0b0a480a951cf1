/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What administrators want. A command is a message; every member carries it out at the same point of the order and
 * comes to the same answer. It is answered when it is committed: when it is on the disks. */

#include "engine/internal.h"
#include "base/array.h"
#include "base/text.h"

typedef struct Outcome {
        char *text;
        size_t size_bytes;
} Outcome;

static CommandError refuse(Outcome *o, CommandError error, const char *format, ...) _printf_(3, 4);

#include <stdarg.h>

static CommandError refuse(Outcome *o, CommandError error, const char *format, ...)
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

static CommandError check_start(const App *a, Outcome *o)
{
        if (!a->has_definition)
                return refuse(o, COMMAND_NOT_ALLOWED, "no node has a usable file for %s", a->name);
        return COMMAND_OK;
}

/* What stands against a start elsewhere is no reason to stop what runs, and then to start nothing. */
static CommandError check_can_start_again(
                const Engine *e, const App *a, const Copy *present, bool force, Outcome *o)
{
        char buffer[200];
        const char *obstacle = decide_obstacle_but(e, a, present, force, buffer, sizeof(buffer));

        if (present && e->agreed.state.form_pending)
                return refuse(o, COMMAND_NOT_ALLOWED,
                                "the group has just formed; nothing starts before its record is on enough disks");
        return obstacle ? refuse(o, COMMAND_STILL_RUNNING, "%s", obstacle) : COMMAND_OK;
}

static CommandError check_restart(const Engine *e, const App *a, Outcome *o)
{
        const Copy *present = app_present_copy(a);
        const Node *n = present ? state_find_node(&e->agreed.state, present->node_id) : NULL;

        if (!present || present->phase == COPY_STOPPING)
                return refuse(o, COMMAND_NOT_RUNNING, "%s is not running", a->name);
        if (!n || n->presence != PRESENCE_SYNCED)
                return refuse(o, COMMAND_STILL_RUNNING, "the manager of %s does not answer",
                                n ? n->name : "?");
        /* The other copy of a start-first takeover would go on alone. */
        if (app_count_live(a, present) > 0)
                return COMMAND_OK;
        return check_can_start_again(e, a, present, false, o);
}

/* A node whose corosync.conf has this one, among those that are there; NULL: none. */
static const Node *node_that_lists(const Engine *e, const Node *n)
{
        FOREACH_ARRAY(o, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                if (o->presence < PRESENCE_SYNCING)
                        continue;
                for (size_t i = 0; i < o->n_nodelist; i++)
                        if (o->nodelist[i] == n->id)
                                return o;
        }
        return NULL;
}

/* No manager ever hears what is said to a node that was taken out of the nodelist. */
static CommandError check_node(const Engine *e, const Command *c, Outcome *o)
{
        const Node *n = state_find_node_name(&e->agreed.state, c->node);

        if (!n)
                return refuse(o, COMMAND_NO_SUCH_NODE, "no node is called %s", c->node);
        if (n->presence == PRESENCE_OFFLINE && !node_that_lists(e, n))
                return refuse(o, COMMAND_NO_SUCH_NODE,
                                "%s is in no node's corosync.conf any more; 'distroctl forget %s' forgets it",
                                n->name, n->name);
        return COMMAND_OK;
}

static CommandError check_takeover_node(const Engine *e, const App *a, const Node *to, Outcome *o)
{
        char why[200];
        Eligibility x = place_eligible(a, to, false);

        if (x == ELIGIBLE || x == NODE_MARKED)
                return COMMAND_OK;
        (void) engine_explain(e, a, to, why, sizeof(why));
        if (x == NOT_IN_NODES || x == NOT_PERMITTED || x == NODE_IN_STANDBY)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s: %s", to->name, why);
        return refuse(o, COMMAND_NOT_ELIGIBLE, "%s: %s", to->name, why);
}

/* Where a takeover takes what runs on `at`; NULL: nowhere. */
static const Node *takeover_target(const Engine *e, const App *a, const Node *at, const Node *to)
{
        if (!to) {
                to = place_choose(e, a, 0);
                if (to && place_tier(a, to) == place_tier(a, at))
                        return NULL;
        }
        return to == at ? NULL : to;
}

static CommandError check_takeover_running(
                const Engine *e, const App *a, const Copy *present, const Node *to, bool force, Outcome *o)
{
        const Node *at = state_find_node(&e->agreed.state, present->node_id);

        if (app_count_live(a, NULL) > 1)
                return refuse(o, COMMAND_NOT_ALLOWED, "a takeover of %s is under way", a->name);
        if (!at || at->presence != PRESENCE_SYNCED)
                return refuse(o, COMMAND_STILL_RUNNING,
                                "the manager of %s does not answer, so what it runs cannot be stopped",
                                at ? at->name : "?");
        if (present->phase == COPY_STOPPING || !takeover_target(e, a, at, to))
                return COMMAND_OK;
        return check_can_start_again(e, a, present, force, o);
}

static CommandError check_takeover_waiting(
                const Engine *e, const App *a, const Node *to, bool force, Outcome *o)
{
        CommandError error = check_can_start_again(e, a, NULL, force, o);

        if (error == COMMAND_OK && !to && !place_choose(e, a, 0))
                return refuse(o, COMMAND_NOT_ELIGIBLE, "no node may run %s now", a->name);
        return error;
}

static CommandError check_takeover(const Engine *e, const App *a, const Command *c, Outcome *o)
{
        const Node *to = isempty(c->node) ? NULL : state_find_node_name(&e->agreed.state, c->node);
        const Copy *present = app_present_copy(a);
        CommandError error;

        if (!a->has_definition)
                return refuse(o, COMMAND_NOT_ALLOWED, "no node has a usable file for %s", a->name);
        if (!a->target_up || a->finished || a->halted)
                return refuse(o, COMMAND_NOT_RUNNING, "%s is not to run; start it first", a->name);
        error = isempty(c->node) ? COMMAND_OK : check_node(e, c, o);
        if (error == COMMAND_OK && to)
                error = check_takeover_node(e, a, to, o);
        if (error != COMMAND_OK)
                return error;
        return present ? check_takeover_running(e, a, present, to, c->force, o)
                       : check_takeover_waiting(e, a, to, c->force, o);
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

static CommandError check_forget(const Engine *e, const Command *c, Outcome *o)
{
        const Node *n = state_find_node_name(&e->agreed.state, c->node),
                   *lists = n ? node_that_lists(e, n) : NULL;
        char apps[200] = "";
        size_t at = 0;

        if (!n)
                return refuse(o, COMMAND_NO_SUCH_NODE, "no node is called %s", c->node);
        if (n->presence != PRESENCE_OFFLINE)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s is in the ring of this view", n->name);
        if (lists)
                return refuse(o, COMMAND_NOT_ALLOWED, "%s is in the nodelist of %s", n->name, lists->name);
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                if (app_needs_node(a, n) && at < sizeof(apps))
                        at += (size_t) snprintf(
                                        apps + at, sizeof(apps) - at, "%s%s", at > 0 ? " " : "", a->name);
        return at > 0 ? refuse(o, COMMAND_STILL_RUNNING, "these may still run there, or wait for it: %s",
                                        apps)
                      : COMMAND_OK;
}

static CommandError check_permit(const Engine *e, const App *a, const Command *c, Outcome *o)
{
        const Node *n = state_find_node_name(&e->agreed.state, c->node);
        CommandError error = check_node(e, c, o);

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

static CommandError command_check(const Engine *e, const App *a, const Command *c, Outcome *o)
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
                return check_restart(e, a, o);
        case COMMAND_TAKEOVER:
                return check_takeover(e, a, c, o);
        case COMMAND_PERMIT:
                return check_permit(e, a, c, o);
        case COMMAND_CLEAR:
        case COMMAND_STANDBY:
                return c->kind == COMMAND_STANDBY || !isempty(c->node) ? check_node(e, c, o) : COMMAND_OK;
        case COMMAND_FORGET:
                return check_forget(e, c, o);
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

/* The state that is shown is another one when something follows from the command. */
static void app_commanded(Engine *e, App *a)
{
        e->agreed.lasting_changed = true;
        app_look_again(e, a);
}

/* What its failures left: marks (of one node, or of all), and that it was stopped from outside. */
static void app_forget_failures(App *a, const Node *n)
{
        for (size_t i = a->n_marks; i > 0; i--)
                if (!n || a->marks[i - 1].node_id == n->id)
                        app_remove_mark(a, &a->marks[i - 1]);
        a->outside = (Timer){};
        if (!n)
                a->halted = false;
        if (a->n_marks > 0)
                return;
        free(a->failure);
        a->failure = NULL;
}

static void command_start(Engine *e, App *a)
{
        if (!a->target_up || a->finished || a->halted)
                app_touched(e, a);
        a->target_up = a->commanded = true;
        a->finished = false;
        /* The administrator has mended what made it fail, and FailureAction=stop says that it is not to start elsewhere. */
        if (a->halted)
                app_forget_failures(a, NULL);
        app_commanded(e, a);
}

static void command_stop(Engine *e, App *a)
{
        if (a->target_up)
                app_touched(e, a);
        a->target_up = false;
        a->commanded = true;
        app_commanded(e, a);
}

static void command_restart(Engine *e, App *a)
{
        Copy *present = app_present_copy(a);

        app_clear_next(a);
        a->next_node = present->node_id;
        app_stop_copy(e, a, present, "restarted by command");
        app_commanded(e, a);
}

static void app_hold(Engine *e, App *a, const Node *at)
{
        app_hold_against(e, a, at, false);
        a->held_node = at->id;
}

/* --force: the copies that no node can be asked about any more. */
static void app_give_up(App *a)
{
        for (size_t i = a->n_copies; i > 0; i--)
                if (copy_is_given_up(&a->copies[i - 1]))
                        app_remove_copy(a, &a->copies[i - 1]);
        a->n_owed = 0;
}

static void takeover_running(Engine *e, App *a, Copy *present, const Node *to)
{
        const Node *at = state_find_node(&e->agreed.state, present->node_id);
        const Node *target = takeover_target(e, a, at, to);

        if (to)
                app_hold(e, a, to);
        else
                app_clear_hold(a);
        if (!target)
                return;
        if (present->phase == COPY_STOPPING) {
                a->next_type = START_TAKEOVER;
                a->next_from = at->id;
                a->next_node = target->id;
        } else
                app_move(e, a, present, START_TAKEOVER, target->id, "taken over by command");
}

/* Nothing runs: the start that waits happens now. */
static void takeover_waiting(Engine *e, App *a, const Node *to)
{
        app_touched(e, a);
        a->delay = (Timer){};
        a->next_node = to ? to->id : 0;
        if (to)
                app_hold(e, a, to);
}

static void command_takeover(Engine *e, App *a, const Command *c)
{
        const Node *to = isempty(c->node) ? NULL : state_find_node_name(&e->agreed.state, c->node);
        Copy *present;
        Mark *mark;

        if (c->force)
                app_give_up(a);
        present = app_present_copy(a);
        if (present)
                takeover_running(e, a, present, to);
        else
                takeover_waiting(e, a, to);
        mark = to ? app_find_mark(a, to->id) : NULL;
        if (mark)
                app_remove_mark(a, mark);
        app_commanded(e, a);
}

static void command_permit(Engine *e, App *a, const Command *c)
{
        const Node *n = state_find_node_name(&e->agreed.state, c->node);
        const Copy *present = app_present_copy(a);
        size_t at = 0;

        while (at < a->n_permissions && a->permissions[at].node_id < n->id)
                at++;
        if (at == a->n_permissions || a->permissions[at].node_id != n->id) {
                if (engine_grow(e, ARRAY_GROW(a->permissions, a->n_permissions, a->n_permissions_allocated)) <
                                0)
                        return;
                ARRAY_OPEN(a->permissions, a->n_permissions, at);
                a->permissions[at].node_id = n->id;
        }
        a->permissions[at].allowed = c->flag;
        /* That a changed definition moves nothing is no shelter from a command. */
        if (!c->flag && present && present->node_id == n->id)
                a->kept = false;
        app_commanded(e, a);
        engine_changed_node(e, n->id);
}

static void command_standby(Engine *e, const Command *c)
{
        Node *n = state_find_node_name(&e->agreed.state, c->node);

        n->standby = c->flag;
        e->agreed.lasting_changed = true;
        e->agreed.all_dirty = true;
        engine_changed_node(e, n->id);
}

/* Its number may be another node's one day. */
static void command_forget(Engine *e, const Command *c)
{
        Node *n = state_find_node_name(&e->agreed.state, c->node);

        engine_changed_node(e, n->id);
        state_remove_node(&e->agreed.state, n);
        nodelist_look_at_rules(e);
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                app_look_again(e, a);
        e->agreed.lasting_changed = true;
        e->agreed.all_dirty = true;
        e->definitions_dirty = true;
        engine_changed(e);
}

/* Switching it off makes every member report first. */
static void app_set_maintenance(Engine *e, App *a, bool on)
{
        if (a->maintenance == on)
                return;
        app_change_hold(e, a, on, NULL);
        a->maintenance = on;
        if (!app_present_copy(a))
                app_touched(e, a);
        free(a->owed);
        a->owed = NULL;
        a->n_owed = 0;
        app_commanded(e, a);
        if (on)
                return;
        a->owed = calloc(MAX(e->agreed.state.n_nodes, (size_t) 1), sizeof(uint32_t));
        if (!a->owed) {
                e->agreed.out.oom = true;
                return;
        }
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->presence == PRESENCE_SYNCED)
                        a->owed[a->n_owed++] = n->id;
        /* If a node has not heard that maintenance is over, its guard goes on leaving the worker alone. */
        FOREACH_ARRAY(c, a->copies, a->n_copies) {
                const Node *n = state_find_node(&e->agreed.state, c->node_id);

                if (!n || n->presence != PRESENCE_SYNCED)
                        c->untamed = true;
        }
}

static void command_clear(Engine *e, const Command *c)
{
        const Node *n = isempty(c->node) ? NULL : state_find_node_name(&e->agreed.state, c->node);

        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                if (!isempty(c->app) && !streq(a->name, c->app))
                        continue;
                app_forget_failures(a, n);
                app_commanded(e, a);
        }
}

static void command_maintenance(Engine *e, App *a, const Command *c)
{
        if (a)
                app_set_maintenance(e, a, c->flag);
        else
                FOREACH_ARRAY(each, e->agreed.state.apps, e->agreed.state.n_apps)
                        app_set_maintenance(e, each, c->flag);
}

static void command_do(Engine *e, App *a, const Command *c)
{
        switch (c->kind) {
        case COMMAND_START:
                return command_start(e, a);
        case COMMAND_STOP:
                return command_stop(e, a);
        case COMMAND_RESTART:
                return command_restart(e, a);
        case COMMAND_TAKEOVER:
                return command_takeover(e, a, c);
        case COMMAND_PERMIT:
                return command_permit(e, a, c);
        case COMMAND_STANDBY:
                return command_standby(e, c);
        case COMMAND_MAINTENANCE:
                return command_maintenance(e, a, c);
        case COMMAND_CLEAR:
                return command_clear(e, c);
        case COMMAND_RELOAD:
                return definitions_reload(e);
        case COMMAND_FORGET:
                return command_forget(e, c);
        case COMMAND_FORM:
        case _COMMAND_KIND_MAX:
        default:
                return;
        }
}

CommandError command_apply(
                Engine *e, const Member *sender, const Command *c, char *ret_text, size_t size_bytes)
{
        Outcome o = { .text = ret_text, .size_bytes = size_bytes };
        App *a = isempty(c->app) ? NULL : state_find_app(&e->agreed.state, c->app);
        CommandError error = command_check(e, a, c, &o);

        if (error != COMMAND_OK)
                return error;
        command_do(e, a, c);
        engine_note(e, NOTE_COMMAND, isempty(c->app) ? NULL : c->app, sender->node_id, "%s%s%s%s",
                        c->kind == COMMAND_PERMIT && !c->flag    ? "forbid"
                        : c->kind == COMMAND_STANDBY && !c->flag ? "unstandby"
                                                                 : command_kind_to_string(c->kind),
                        isempty(c->node) ? "" : " ", strempty(c->node),
                        c->kind == COMMAND_MAINTENANCE ? (c->flag ? " on" : " off") : "");
        return COMMAND_OK;
}

/* ---- this node's commands ---- */

static void command_reply(Engine *e, uint64_t token, CommandError error, const char *text)
{
        Effect *f = engine_emit(e, EFFECT_REPLY);

        f->token = token;
        f->error = error;
        f->text = engine_strdup(e, strempty(text));
}

static void command_finish(Engine *e, size_t at, CommandError error, const char *text)
{
        LocalCommand *c = &e->commands[at];

        command_reply(e, c->token, error, text);
        command_done(&c->command);
        ARRAY_CLOSE(e->commands, e->n_commands, at);
}

/* A lost node may be cut off, not dead: until IsolationTimeoutSec= is over it takes --force to start elsewhere. Asked when
 * the command is sent, in each view anew: a takeover that waited for the view may find its node lost. */
static bool command_is_hasty(const Engine *e, const Command *c, char *ret_text, size_t size_bytes)
{
        const App *a = state_find_app(&e->agreed.state, strempty(c->app));
        const Node *lost = a ? state_find_node(&e->agreed.state, a->lost_node) : NULL;
        char span[USEC_TEXT_MAX];
        uint64_t left;

        /* One that left in order has ended its copy before. */
        if (!lost || a->lost_in_order || lost->presence != PRESENCE_OFFLINE)
                return false;
        left = usec_left(usec_add(lost->since_usec, local_isolation_usec(e)), e->now_usec);
        if (left == 0)
                return false;
        snprintf(ret_text, size_bytes,
                        "%s may be cut off and still run it for %s; wait that long, or use --force if it is dead",
                        lost->name, usec_format(span, left, USEC_PER_MSEC));
        return true;
}

void command_submit(Engine *e, uint64_t token, const Command *c)
{
        LocalCommand *l;

        if (e->n_commands >= COMMANDS_MAX) {
                command_reply(e, token, COMMAND_TOO_MANY, "too many commands are under way on this node");
                return;
        }
        if (c->kind == COMMAND_FORM && e->phase == PHASE_DECIDED) {
                command_reply(e, token, COMMAND_OK, "");
                return;
        }
        if (engine_grow(e, ARRAY_GROW(e->commands, e->n_commands, e->n_commands_allocated)) < 0)
                return;
        l = &e->commands[e->n_commands++];
        *l = (LocalCommand){ .token = token, .command = *c };
        l->command.app = engine_strdup(e, strempty(c->app));
        l->command.node = engine_strdup(e, strempty(c->node));
}

void command_applied(Engine *e, uint64_t seq, CommandError error, const char *text)
{
        for (size_t i = 0; i < e->n_commands; i++) {
                LocalCommand *c = &e->commands[i];

                if (c->seq != seq || c->applied)
                        continue;
                if (error != COMMAND_OK) {
                        command_finish(e, i, error, text);
                        return;
                }
                /* The revision that holds it is counted at the end of this message. */
                c->applied = true;
                c->applied_usec = e->now_usec;
                c->revision = e->agreed.state.revision;
                if (e->agreed.lasting_changed) {
                        if (e->agreed.state.ring_seq > c->revision.ring_seq)
                                c->revision = (Revision){ .ring_seq = e->agreed.state.ring_seq };
                        c->revision.count++;
                }
                return;
        }
}

void command_forget_sent(Engine *e)
{
        for (size_t i = e->n_commands; i > 0; i--)
                if (e->commands[i - 1].sent_ever)
                        command_finish(e, i - 1, COMMAND_NOT_COMMITTED,
                                        "the connection to the group was lost; it may or may not have been carried out");
        e->command_seq = 0;
}

static void command_send(Engine *e, LocalCommand *c)
{
        Message m = { .type = MESSAGE_COMMAND };

        if (c->seq == 0)
                c->seq = ++e->command_seq;
        m.command.seq = c->seq;
        m.command.command = c->command;
        m.command.command.app = engine_strdup(e, c->command.app);
        m.command.command.node = engine_strdup(e, c->command.node);
        engine_send(e, &m);
        c->sent = c->sent_ever = true;
}

/* The acknowledgements were waited for and are too few. Only one commit timer runs at a time. If that of an earlier revision
 * is running, the one of this command's revision starts after it, and so does one for a member that came meanwhile:
 * 2 x COMMIT_USEC at most. */
static bool command_is_late(const Engine *e, LocalCommand *c)
{
        const State *s = &e->agreed.state;

        if (!engine_is_synced(e) || e->now_usec >= c->applied_usec + 2 * COMMIT_USEC)
                return true;
        if (revision_compare(&s->commit_base, &c->revision) < 0)
                return false;
        if (c->wait_serial == 0)
                c->wait_serial = s->commit.serial;
        return (c->wait_serial != s->commit.serial || c->wait_serial == 0) &&
               !commit_is_waited_for(e, &c->revision);
}

/* True where the command is over. */
static bool command_send_or_refuse(Engine *e, size_t at)
{
        LocalCommand *c = &e->commands[at];
        char text[256];

        if (c->command.kind == COMMAND_TAKEOVER && !c->command.force) {
                if (!engine_is_synced(e))
                        return false; /* it does not know yet which nodes are lost */
                if (command_is_hasty(e, &c->command, text, sizeof(text))) {
                        command_finish(e, at, COMMAND_STILL_RUNNING, text);
                        return true;
                }
        }
        command_send(e, c);
        return false;
}

/* `reload --all` is answered when all nodes have said what their files hold. */
static bool command_waits_for_files(const Engine *e, const LocalCommand *c)
{
        return c->command.kind == COMMAND_RELOAD && engine_is_synced(e) &&
               e->agreed.state.reload.serial != 0 && e->now_usec < c->applied_usec + 2 * COMMIT_USEC;
}

/* Whoever is answered that an application is in maintenance relies on the guards: they were told when that was committed, which
 * made a revision, and whoever has acknowledged that one has told its guard before. */
static bool command_waits_for_guards(const Engine *e, LocalCommand *c)
{
        if (c->command.kind != COMMAND_MAINTENANCE || !c->command.flag || c->sure)
                return false;
        c->sure = true;
        c->revision = e->agreed.state.revision;
        c->wait_serial = 0;
        return revision_compare(&e->agreed.state.committed, &c->revision) < 0;
}

/* True where the command is over. */
static bool command_step(Engine *e, size_t at)
{
        LocalCommand *c = &e->commands[at];
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        bool form = c->command.kind == COMMAND_FORM;

        if (c->applied) {
                if (command_waits_for_files(e, c))
                        return false;
                if (revision_compare(&e->agreed.state.committed, &c->revision) >= 0 &&
                                !command_waits_for_guards(e, c))
                        command_finish(e, at, COMMAND_OK, "");
                else if (command_is_late(e, c))
                        command_finish(e, at, COMMAND_NOT_COMMITTED,
                                        c->sure ? "it is on the disks, but too few nodes have acknowledged that their "
                                                  "guards know it: a guard whose manager dies may still end the worker"
                                                : "carried out, but too few disks have acknowledged it; it may be lost");
                else
                        return false;
                return true;
        }
        if (engine_is_synced(e) && c->sent_ever && own && own->command_incarnation == e->incarnation &&
                        own->command_seq >= c->seq) {
                command_finish(e, at, COMMAND_NOT_COMMITTED,
                                "this node lost track of the group meanwhile; the command has reached the others");
                return true;
        }
        if (e->phase == PHASE_VOTING || (e->phase == PHASE_DECIDED && view_is_quorate(e))) {
                return !c->sent && e->phase == PHASE_DECIDED && e->n_known && command_send_or_refuse(e, at);
        }
        if (e->phase == PHASE_FORMING && view_is_quorate(e)) {
                if (form && !c->sent && e->n_known)
                        command_send(e, c);
                if (form)
                        return false;
                command_finish(e, at, c->sent_ever ? COMMAND_NOT_COMMITTED : COMMAND_NOT_FORMED,
                                c->sent_ever ? "it may or may not have been carried out"
                                             : "the group has not formed yet");
                return true;
        }
        command_finish(e, at, c->sent_ever ? COMMAND_NOT_COMMITTED : COMMAND_NO_QUORUM,
                        c->sent_ever ? "quorum was lost; it may or may not have been carried out"
                                     : "this node has no quorum");
        return true;
}

void command_pump(Engine *e)
{
        for (size_t i = 0; i < e->n_commands;)
                if (!command_step(e, i))
                        i++;
}

uint64_t command_deadline(const Engine *e)
{
        uint64_t t = USEC_INFINITY;

        FOREACH_ARRAY(c, e->commands, e->n_commands)
                if (c->applied)
                        t = MIN(t, c->applied_usec + 2 * COMMIT_USEC);
        return t;
}
