/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/outlet.h"
#include "base/array.h"

void outlet_done(Outlet *o)
{
        effect_done(&o->nowhere);
}

int outlet_grow(Outlet *o, int r)
{
        if (r < 0)
                o->oom = true;
        return r;
}

char *outlet_strdup(Outlet *o, const char *s)
{
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                o->oom = true;
        return copy;
}

/* Without memory the effect goes to a place that is never read, and the step fails as a whole. */
Effect *outlet_emit(Outlet *o, EffectType type)
{
        EffectList *l = o->effects;

        if (outlet_grow(o, ARRAY_GROW(l->effects, l->n_effects, l->n_allocated)) < 0) {
                effect_done(&o->nowhere);
                return &o->nowhere;
        }
        l->effects[l->n_effects] = (Effect){ .type = type };
        return &l->effects[l->n_effects++];
}

Effect *outlet_note(
                Outlet *o, NoteKind kind, const char *app, const char *node, const char *format, va_list ap)
{
        Effect *f = outlet_emit(o, EFFECT_NOTE);

        f->note = kind;
        f->app = outlet_strdup(o, app);
        f->node = outlet_strdup(o, node);
        if (format && vasprintf(&f->text, format, ap) < 0) {
                f->text = NULL;
                o->oom = true;
        }
        return f;
}

void outlet_changed(Outlet *o)
{
        EffectList *l = o->effects;

        for (size_t i = 0; i < l->n_effects; i++)
                if (l->effects[i].type == EFFECT_CHANGED && !l->effects[i].app && !l->effects[i].node)
                        return;
        outlet_emit(o, EFFECT_CHANGED);
}

void outlet_changed_node(Outlet *o, const char *name)
{
        outlet_emit(o, EFFECT_CHANGED)->node = outlet_strdup(o, name);
}
