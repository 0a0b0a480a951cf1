/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/agreed.h"
#include "engine/agreed/apply.h"
#include "engine/agreed/check.h"
#include "engine/agreed/node.h"
#include "base/array.h"

Effect *agreed_note(Agreed *g, NoteKind kind, const char *app, uint32_t node_id, const char *format, ...)
{
        const char *node = node_id != 0 ? state_node_name(&g->state, node_id) : NULL;
        Effect *f;
        va_list ap;

        va_start(ap, format);
        f = outlet_note(&g->out, kind, app, node, format, ap);
        va_end(ap);
        return f;
}

void agreed_changed_app(Agreed *g, App *a)
{
        if (a->told)
                return;
        a->told = true;
        outlet_emit(&g->out, EFFECT_CHANGED)->app = outlet_strdup(&g->out, a->name);
}

void agreed_changed_node(Agreed *g, uint32_t node_id)
{
        outlet_changed_node(&g->out, state_node_name(&g->state, node_id));
}

void agreed_changed(Agreed *g)
{
        outlet_changed(&g->out);
}

void agreed_end_changed(Agreed *g)
{
        FOREACH_ARRAY(f, g->out.effects->effects, g->out.effects->n_effects) {
                App *a = f->type == EFFECT_CHANGED && f->app ? state_find_app(&g->state, f->app) : NULL;

                if (a)
                        a->told = false;
        }
}

Timer agreed_timer(Agreed *g, uint64_t usec)
{
        return (Timer){ .serial = ++g->state.next_serial, .deadline_usec = usec_add(g->now_usec, usec) };
}

/* ---- the doors ---- */

static Outcome agreed_end(Agreed *g)
{
        Outcome o;

        apply_finish(g);
        if (!g->out.oom)
                check_assert(check_nodes(&g->state));
        o = g->outcome;
        g->outcome = (Outcome){};
        return o;
}

Outcome agreed_message(Agreed *g, const Member *sender, const Message *m)
{
        apply_message(g, sender, m);
        return agreed_end(g);
}

Outcome agreed_view(Agreed *g, const DecidedView *v)
{
        apply_view(g, v);
        return agreed_end(g);
}

Outcome agreed_revoked(Agreed *g, uint32_t node_id)
{
        Node *n = state_find_node(&g->state, node_id);

        if (!n || n->presence != PRESENCE_SYNCED)
                return (Outcome){};
        n->presence = PRESENCE_SYNCING;
        n->since_usec = g->now_usec;
        node_touched(g, n);
        return agreed_end(g);
}

void agreed_form_facts(Agreed *g, const Member *sender, const FactsMessage *f)
{
        apply_facts(g, sender, f, true);
}

bool agreed_form_synced(Agreed *g, const Member *member)
{
        Node *n = state_find_node(&g->state, member->node_id);

        if (!n || n->presence != PRESENCE_REPORTED)
                return false;
        n->presence = PRESENCE_SYNCED;
        n->pid = member->pid;
        return true;
}

Outcome agreed_formed(Agreed *g)
{
        apply_formed(g);
        return agreed_end(g);
}

void agreed_install(Agreed *g, State *s)
{
        /* What this engine knows of an application besides the agreed state starts anew. */
        state_done(&g->state);
        g->state = *s;
        *s = (State){};
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                n->since_usec = g->now_usec;
}
