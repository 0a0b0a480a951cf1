/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What administrators want of this node: it becomes a message, and is answered when it is committed, that is, when it is on the
 * disks. */

#include "engine/local/request.h"
#include "engine/local/cutoff.h"
#include "engine/member/view.h"
#include "base/array.h"
#include "base/text.h"

static void request_reply(Engine *e, uint64_t token, CommandError error, const char *text)
{
        Effect *f = engine_emit(e, EFFECT_REPLY);

        f->token = token;
        f->error = error;
        f->text = engine_strdup(e, strempty(text));
}

static void request_finish(Engine *e, size_t at, CommandError error, const char *text)
{
        LocalCommand *c = &e->commands[at];

        request_reply(e, c->token, error, text);
        command_done(&c->command);
        ARRAY_CLOSE(e->commands, e->n_commands, at);
}

/* A lost node may be cut off, not dead: until IsolationTimeoutSec= is over it takes --force to start elsewhere. Asked when
 * the command is sent, in each view anew: a takeover that waited for the view may find its node lost. */
static bool request_is_hasty(const Engine *e, const Command *c, char *ret_text, size_t size_bytes)
{
        const App *a = state_find_app(&e->agreed.state, strempty(c->app));
        const Node *lost = a ? state_find_node(&e->agreed.state, a->lost_node) : NULL;
        char span[USEC_TEXT_MAX];
        uint64_t left;

        /* One that left in order has ended its copy before. */
        if (!lost || a->lost_in_order || lost->presence != PRESENCE_OFFLINE)
                return false;
        left = usec_left(usec_add(lost->since_usec, cutoff_isolation_usec(e)), e->now_usec);
        if (left == 0)
                return false;
        snprintf(ret_text, size_bytes,
                        "%s may be cut off and still run it for %s; wait that long, or use --force if it is dead",
                        lost->name, usec_format(span, left, USEC_PER_MSEC));
        return true;
}

void request_submit(Engine *e, uint64_t token, const Command *c)
{
        LocalCommand *l;

        if (e->n_commands >= COMMANDS_MAX) {
                request_reply(e, token, COMMAND_TOO_MANY, "too many commands are under way on this node");
                return;
        }
        if (c->kind == COMMAND_FORM && e->phase == PHASE_DECIDED) {
                request_reply(e, token, COMMAND_OK, "");
                return;
        }
        if (engine_grow(e, ARRAY_GROW(e->commands, e->n_commands, e->n_commands_allocated)) < 0)
                return;
        l = &e->commands[e->n_commands++];
        *l = (LocalCommand){ .token = token, .command = *c };
        l->command.app = engine_strdup(e, strempty(c->app));
        l->command.node = engine_strdup(e, strempty(c->node));
}

void request_applied(Engine *e, uint64_t seq, const Outcome *o)
{
        for (size_t i = 0; i < e->n_commands; i++) {
                LocalCommand *c = &e->commands[i];

                if (c->seq != seq || c->applied)
                        continue;
                if (o->error != COMMAND_OK) {
                        request_finish(e, i, o->error, o->text);
                        return;
                }
                c->applied = true;
                c->applied_usec = e->now_usec;
                c->revision = o->revision;
                return;
        }
}

void request_forget_sent(Engine *e)
{
        for (size_t i = e->n_commands; i > 0; i--)
                if (e->commands[i - 1].sent_ever)
                        request_finish(e, i - 1, COMMAND_NOT_COMMITTED,
                                        "the connection to the group was lost; it may or may not have been carried out");
        e->command_seq = 0;
}

static void request_send(Engine *e, LocalCommand *c)
{
        Message m = { .type = MESSAGE_COMMAND };

        if (c->seq == 0)
                c->seq = ++e->command_seq;
        m.command.seq = c->seq;
        m.command.command = c->command;
        m.command.command.app = engine_strdup(e, c->command.app);
        m.command.command.node = engine_strdup(e, c->command.node);
        engine_send(e, &m);
        c->sent_in = e->view_serial;
        c->sent_ever = true;
}

/* The acknowledgements were waited for and are too few. Only one commit timer runs at a time. If that of an earlier revision
 * is running, the one of this command's revision starts after it, and so does one for a member that came meanwhile:
 * 2 x COMMIT_USEC at most. */
static bool request_is_late(const Engine *e, LocalCommand *c)
{
        const State *s = &e->agreed.state;

        if (!engine_is_synced(e) || e->now_usec >= c->applied_usec + 2 * COMMIT_USEC)
                return true;
        if (revision_compare(&s->commit_base, &c->revision) < 0)
                return false;
        if (c->wait_serial == 0)
                c->wait_serial = s->commit.serial;
        return (c->wait_serial != s->commit.serial || c->wait_serial == 0) &&
               !commit_is_waited_for(&e->agreed, &c->revision);
}

/* True where the command is over. */
static bool request_send_or_refuse(Engine *e, size_t at)
{
        LocalCommand *c = &e->commands[at];
        char text[256];

        if (c->command.kind == COMMAND_TAKEOVER && !c->command.force) {
                if (!engine_is_synced(e))
                        return false; /* it does not know yet which nodes are lost */
                if (request_is_hasty(e, &c->command, text, sizeof(text))) {
                        request_finish(e, at, COMMAND_STILL_RUNNING, text);
                        return true;
                }
        }
        request_send(e, c);
        return false;
}

/* `reload --all` is answered when all nodes have said what their files hold. */
static bool request_waits_for_files(const Engine *e, const LocalCommand *c)
{
        return c->command.kind == COMMAND_RELOAD && engine_is_synced(e) &&
               e->agreed.state.reload.serial != 0 && e->now_usec < c->applied_usec + 2 * COMMIT_USEC;
}

/* Whoever is answered that an application is in maintenance relies on the guards: they were told when that was committed, which
 * made a revision, and whoever has acknowledged that one has told its guard before. */
static bool request_waits_for_guards(const Engine *e, LocalCommand *c)
{
        if (c->command.kind != COMMAND_MAINTENANCE || !c->command.flag || c->sure)
                return false;
        c->sure = true;
        c->revision = e->agreed.state.revision;
        c->wait_serial = 0;
        return revision_compare(&e->agreed.state.committed, &c->revision) < 0;
}

/* True where the command is over. */
static bool request_step(Engine *e, size_t at)
{
        LocalCommand *c = &e->commands[at];
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        bool form = c->command.kind == COMMAND_FORM;

        if (c->applied) {
                if (request_waits_for_files(e, c))
                        return false;
                if (revision_compare(&e->agreed.state.committed, &c->revision) >= 0 &&
                                !request_waits_for_guards(e, c))
                        request_finish(e, at, COMMAND_OK, "");
                else if (request_is_late(e, c))
                        request_finish(e, at, COMMAND_NOT_COMMITTED,
                                        c->sure ? "it is on the disks, but too few nodes have acknowledged that their "
                                                  "guards know it: a guard whose manager dies may still end the worker"
                                                : "carried out, but too few disks have acknowledged it; it may be lost");
                else
                        return false;
                return true;
        }
        if (engine_is_synced(e) && c->sent_ever && own && own->command_incarnation == e->incarnation &&
                        own->command_seq >= c->seq) {
                request_finish(e, at, COMMAND_NOT_COMMITTED,
                                "this node lost track of the group meanwhile; the command has reached the others");
                return true;
        }
        if (e->phase == PHASE_VOTING || (e->phase == PHASE_DECIDED && view_is_quorate(e))) {
                return c->sent_in != e->view_serial && e->phase == PHASE_DECIDED && e->n_known &&
                       request_send_or_refuse(e, at);
        }
        if (e->phase == PHASE_FORMING && view_is_quorate(e)) {
                if (form && c->sent_in != e->view_serial && e->n_known)
                        request_send(e, c);
                if (form)
                        return false;
                request_finish(e, at, c->sent_ever ? COMMAND_NOT_COMMITTED : COMMAND_NOT_FORMED,
                                c->sent_ever ? "it may or may not have been carried out"
                                             : "the group has not formed yet");
                return true;
        }
        request_finish(e, at, c->sent_ever ? COMMAND_NOT_COMMITTED : COMMAND_NO_QUORUM,
                        c->sent_ever ? "quorum was lost; it may or may not have been carried out"
                                     : "this node has no quorum");
        return true;
}

void request_pump(Engine *e)
{
        for (size_t i = 0; i < e->n_commands;)
                if (!request_step(e, i))
                        i++;
}

uint64_t request_deadline(const Engine *e)
{
        uint64_t t = USEC_INFINITY;

        FOREACH_ARRAY(c, e->commands, e->n_commands)
                if (c->applied)
                        t = MIN(t, c->applied_usec + 2 * COMMIT_USEC);
        return t;
}
