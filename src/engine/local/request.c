/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What administrators want of this node: it becomes a message, and is answered when it is committed, that is, when it is on the
 * disks. */

#include "engine/local/request.h"
#include "engine/local/cutoff.h"
#include "engine/member/view.h"
#include "engine/agreed/commit.h"
#include "base/array.h"
#include "base/text.h"

static void request_reply(Local *here, uint64_t token, CommandError error, const char *text)
{
        Effect *f = member_emit(&here->me, EFFECT_REPLY);

        f->token = token;
        f->error = error;
        f->text = member_strdup(&here->me, strempty(text));
}

static void request_finish(Local *here, size_t at, CommandError error, const char *text)
{
        LocalCommand *c = &here->commands[at];

        request_reply(here, c->token, error, text);
        command_done(&c->command);
        ARRAY_CLOSE(here->commands, here->n_commands, at);
}

void request_end(Local *here)
{
        FOREACH_ARRAY(c, here->commands, here->n_commands)
                command_done(&c->command);
        free(here->commands);
}

/* A lost node may be cut off, not dead: until IsolationTimeoutSec= is over it takes --force to start elsewhere. Asked when
 * the command is sent, in each view anew: a takeover that waited for the view may find its node lost. */
static bool request_is_hasty(const Local *here, const Command *c, char *ret_text, size_t size_bytes)
{
        const App *a = state_find_app(&here->me.agreed.state, strempty(c->app));
        const Node *lost = a ? state_find_node(&here->me.agreed.state, a->lost_node) : NULL;
        char span[USEC_TEXT_MAX];
        uint64_t left;

        /* One that left in order has ended its copy before. */
        if (!lost || a->lost_in_order || lost->presence != PRESENCE_OFFLINE)
                return false;
        left = usec_left(usec_add(lost->since_usec, cutoff_isolation_usec(here)), here->me.agreed.now_usec);
        if (left == 0)
                return false;
        snprintf(ret_text, size_bytes,
                        "%s may be cut off and still run it for %s; wait that long, or use --force if it is dead",
                        lost->name, usec_format(span, left, USEC_PER_MSEC));
        return true;
}

void request_submit(Local *here, uint64_t token, const Command *c)
{
        LocalCommand *l;

        if (here->n_commands >= COMMANDS_MAX) {
                request_reply(here, token, COMMAND_TOO_MANY, "too many commands are under way on this node");
                return;
        }
        if (c->kind == COMMAND_FORM && here->me.phase == PHASE_DECIDED) {
                request_reply(here, token, COMMAND_OK, "");
                return;
        }
        if (member_grow(&here->me, ARRAY_GROW(here->commands, here->n_commands, here->n_commands_allocated)) <
                        0)
                return;
        l = &here->commands[here->n_commands++];
        *l = (LocalCommand){ .token = token, .command = *c };
        l->command.app = member_strdup(&here->me, strempty(c->app));
        l->command.node = member_strdup(&here->me, strempty(c->node));
}

void request_applied(Local *here, uint64_t seq, const Outcome *o)
{
        for (size_t i = 0; i < here->n_commands; i++) {
                LocalCommand *c = &here->commands[i];

                if (c->seq != seq || c->applied)
                        continue;
                if (o->error != COMMAND_OK) {
                        request_finish(here, i, o->error, o->text);
                        return;
                }
                c->applied = true;
                c->applied_usec = here->me.agreed.now_usec;
                c->revision = o->revision;
                return;
        }
}

void request_forget_sent(Local *here)
{
        for (size_t i = here->n_commands; i > 0; i--)
                if (here->commands[i - 1].sent_ever)
                        request_finish(here, i - 1, COMMAND_NOT_COMMITTED,
                                        "the connection to the group was lost; it may or may not have been carried out");
        here->command_seq = 0;
}

static void request_send(Local *here, LocalCommand *c)
{
        Message m = { .type = MESSAGE_COMMAND };

        if (c->seq == 0)
                c->seq = ++here->command_seq;
        m.command.seq = c->seq;
        m.command.command = c->command;
        m.command.command.app = member_strdup(&here->me, c->command.app);
        m.command.command.node = member_strdup(&here->me, c->command.node);
        member_send(&here->me, &m);
        c->sent_in = here->me.view_serial;
        c->sent_ever = true;
}

/* The acknowledgements were waited for and are too few. Only one commit timer runs at a time. If that of an earlier
 * revision is running, the one of this command's revision starts after it. So does one for a member that came
 * meanwhile: 2 x COMMIT_USEC at most. */
static bool request_is_late(const Local *here, LocalCommand *c)
{
        const State *s = &here->me.agreed.state;

        if (!member_is_synced(&here->me) || here->me.agreed.now_usec >= c->applied_usec + 2 * COMMIT_USEC)
                return true;
        if (revision_compare(&s->commit_base, &c->revision) < 0)
                return false;
        if (c->wait_serial == 0)
                c->wait_serial = s->commit.serial;
        return (c->wait_serial != s->commit.serial || c->wait_serial == 0) &&
               !commit_is_waited_for(&here->me.agreed, &c->revision);
}

/* True where the command is over. */
static bool request_send_or_refuse(Local *here, size_t at)
{
        LocalCommand *c = &here->commands[at];
        char text[256];

        if (c->command.kind == COMMAND_TAKEOVER && !c->command.force) {
                if (!member_is_synced(&here->me))
                        return false; /* it does not know yet which nodes are lost */
                if (request_is_hasty(here, &c->command, text, sizeof(text))) {
                        request_finish(here, at, COMMAND_STILL_RUNNING, text);
                        return true;
                }
        }
        request_send(here, c);
        return false;
}

/* `reload --all` is answered when all nodes have said what their files hold. */
static bool request_waits_for_files(const Local *here, const LocalCommand *c)
{
        return c->command.kind == COMMAND_RELOAD && member_is_synced(&here->me) &&
               here->me.agreed.state.reload.serial != 0 &&
               here->me.agreed.now_usec < c->applied_usec + 2 * COMMIT_USEC;
}

/* An administrator who is answered that an application is in maintenance relies on the guards. They were told when that
 * was committed, which made a revision; a member that has acknowledged that one has told its guard before. */
static bool request_waits_for_guards(const Local *here, LocalCommand *c)
{
        if (c->command.kind != COMMAND_MAINTENANCE || !c->command.flag || c->sure)
                return false;
        c->sure = true;
        c->revision = here->me.agreed.state.revision;
        c->wait_serial = 0;
        return revision_compare(&here->me.agreed.state.committed, &c->revision) < 0;
}

/* True where the command is over. */
static bool request_step(Local *here, size_t at)
{
        LocalCommand *c = &here->commands[at];
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        bool form = c->command.kind == COMMAND_FORM;

        if (c->applied) {
                if (request_waits_for_files(here, c))
                        return false;
                if (revision_compare(&here->me.agreed.state.committed, &c->revision) >= 0 &&
                                !request_waits_for_guards(here, c))
                        request_finish(here, at, COMMAND_OK, "");
                else if (request_is_late(here, c))
                        request_finish(here, at, COMMAND_NOT_COMMITTED,
                                        c->sure ? "it is on the disks, but too few nodes have acknowledged that their "
                                                  "guards know it: a guard whose manager dies may still end the worker"
                                                : "carried out, but too few disks have acknowledged it; it may be lost");
                else
                        return false;
                return true;
        }
        if (member_is_synced(&here->me) && c->sent_ever && own &&
                        own->command_incarnation == here->me.incarnation && own->command_seq >= c->seq) {
                request_finish(here, at, COMMAND_NOT_COMMITTED,
                                "this node lost track of the group meanwhile; the command has reached the others");
                return true;
        }
        if (here->me.phase == PHASE_VOTING ||
                        (here->me.phase == PHASE_DECIDED && view_is_quorate(&here->me))) {
                return c->sent_in != here->me.view_serial && here->me.phase == PHASE_DECIDED &&
                       here->me.n_known && request_send_or_refuse(here, at);
        }
        if (here->me.phase == PHASE_FORMING && view_is_quorate(&here->me)) {
                if (form && c->sent_in != here->me.view_serial && here->me.n_known)
                        request_send(here, c);
                if (form)
                        return false;
                request_finish(here, at, c->sent_ever ? COMMAND_NOT_COMMITTED : COMMAND_NOT_FORMED,
                                c->sent_ever ? "it may or may not have been carried out"
                                             : "the group has not formed yet");
                return true;
        }
        request_finish(here, at, c->sent_ever ? COMMAND_NOT_COMMITTED : COMMAND_NO_QUORUM,
                        c->sent_ever ? "quorum was lost; it may or may not have been carried out"
                                     : "this node has no quorum");
        return true;
}

void request_pump(Local *here)
{
        for (size_t i = 0; i < here->n_commands;)
                if (!request_step(here, i))
                        i++;
}

uint64_t request_deadline(const Local *here)
{
        uint64_t t = USEC_INFINITY;

        FOREACH_ARRAY(c, here->commands, here->n_commands)
                if (c->applied)
                        t = MIN(t, c->applied_usec + 2 * COMMIT_USEC);
        return t;
}
