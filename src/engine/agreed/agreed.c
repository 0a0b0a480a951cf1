/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/agreed.h"
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

int timer_ref_compare(const void *a, const void *b)
{
        const TimerRef *x = a, *y = b;

        return x->kind != y->kind ? CMP(x->kind, y->kind) : CMP(x->serial, y->serial);
}

bool expiry_names(const ExpiryMessage *m, TimerKind kind, const Timer *t)
{
        const TimerRef key = { .kind = kind, .serial = t->serial };

        return t->serial != 0 && bsearch(&key, m->timers, m->n_timers, sizeof(key), timer_ref_compare);
}
