/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a delivered message changes in the agreed state. Every synced member comes here with the same messages in the
 * same order. A message names what it refers to (a copy, a timer, a command), and one that refers to something that
 * the state does not have changes nothing. */

#include "engine/agreed/apply.h"
#include "engine/agreed/app.h"
#include "engine/agreed/command.h"
#include "engine/agreed/commit.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/agreed/presence.h"
#include "base/array.h"

void apply_formed(Agreed *g)
{
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                app_keep_newest(g, a);
        apply_view_nodes(g);
        g->all_dirty = true;
}

/* ---- timers and acknowledgements ---- */

/* `m` is sorted: however many timers it names, the state is gone through once. */
static void apply_timers(Agreed *g, const ExpiryMessage *m)
{
        State *s = &g->state;

        FOREACH_ARRAY(a, s->apps, s->n_apps)
                app_timers(g, a, m);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                if (expiry_names(m, TIMER_GRACE, &n->grace))
                        apply_grace(g, n);
                if (expiry_names(m, TIMER_SHUTDOWN, &n->shutdown)) {
                        n->shutdown = (Timer){};
                        n->leaving = false; /* the shutdown was called off */
                        node_touched(g, n);
                }
        }
        if (expiry_names(m, TIMER_COMMIT, &s->commit))
                apply_commit_timer(g);
        if (expiry_names(m, TIMER_RELOAD, &s->reload))
                definitions_end_reading(g);
}

static void apply_expiry(Agreed *g, const ExpiryMessage *m)
{
        ExpiryMessage sorted = { .n_timers = m->n_timers };

        if (m->n_timers == 0)
                return;
        sorted.timers = calloc(m->n_timers, sizeof(m->timers[0]));
        if (!sorted.timers) {
                g->out.oom = true;
                return;
        }
        memcpy(sorted.timers, m->timers, m->n_timers * sizeof(m->timers[0]));
        qsort(sorted.timers, sorted.n_timers, sizeof(sorted.timers[0]), timer_ref_compare);
        apply_timers(g, &sorted);
        free(sorted.timers);
}

/* ---- the message as a whole ---- */

static Revision agreed_next_revision(const Agreed *g)
{
        const State *s = &g->state;

        if (s->ring_seq > s->revision.ring_seq)
                return (Revision){ .ring_seq = s->ring_seq, .count = 1 };
        return (Revision){ .ring_seq = s->revision.ring_seq, .count = s->revision.count + 1 };
}

static void apply_command(Agreed *g, const Member *sender, const Message *m)
{
        Node *n = state_find_node(&g->state, sender->node_id);
        Outcome *o = &g->outcome;

        if (!n)
                return;
        if (n->command_incarnation != m->incarnation) {
                n->command_incarnation = m->incarnation;
                n->command_seq = 0;
        }
        if (m->command.seq <= n->command_seq)
                return; /* sent again, and carried out before */
        n->command_seq = m->command.seq;
        o->command = true;
        o->error = command_apply(g, sender, &m->command.command, o->text, sizeof(o->text));
        /* The revision that holds it is counted at the end of this message. */
        o->revision = g->lasting_changed ? agreed_next_revision(g) : g->state.revision;
}

void apply_message(Agreed *g, const Member *sender, const Message *m)
{
        Node *n;

        switch (m->type) {
        case MESSAGE_FACTS:
                apply_facts(g, sender, &m->facts, false);
                break;
        case MESSAGE_SYNCED:
                apply_synced(g, sender);
                break;
        case MESSAGE_DEFINITIONS:
                definitions_apply(g, sender->node_id, &m->definitions);
                break;
        case MESSAGE_RESULT:
                copy_result(g, sender->node_id, &m->result);
                break;
        case MESSAGE_EXPIRY:
                apply_expiry(g, &m->expiry);
                break;
        case MESSAGE_COMMAND:
                apply_command(g, sender, m);
                break;
        case MESSAGE_ACK:
                apply_ack(g, sender->node_id, &m->ack);
                break;
        case MESSAGE_GUARD:
                apply_guard(g, sender->node_id, &m->guard);
                break;
        case MESSAGE_LEAVE:
                n = state_find_node(&g->state, sender->node_id);
                if (n && (!n->leaving || n->shutdown.serial != 0)) {
                        n->leaving = true;
                        n->shutdown = (Timer){};
                        node_touched(g, n);
                }
                break;
        case MESSAGE_TIMING:
                n = state_find_node(&g->state, sender->node_id);
                if (n)
                        node_set_timing(g, n, &m->timing);
                break;
        case MESSAGE_NODELIST:
                nodelist_apply(g, sender->node_id, &m->nodelist);
                break;
        case MESSAGE_VIEW:
        case MESSAGE_EXCLUDE:
        case MESSAGE_STATE:
        case MESSAGE_UNSENT:
        case _MESSAGE_TYPE_MAX:
        default:
                break;
        }
}

void apply_finish(Agreed *g)
{
        State *s = &g->state;
        bool pending;

        do {
                pending = s->form_pending;
                decide_all(g);
                if (g->lasting_changed) {
                        g->lasting_changed = false;
                        s->revision = agreed_next_revision(g);
                }
                apply_commit(g);
        } while (g->lasting_changed || (pending && !s->form_pending));
}
