/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way out of a step: a rule that decides something puts here what follows. Nothing that is put here is ever looked
 * at to decide the next thing.
 *
 * To be without memory is one bit, `oom`, which is never taken back. The rule that needed the memory gets something
 * harmless and goes on; the step fails as a whole at its end (see engine_step()). So no rule has a way out of its own
 * for it. */

#include "engine/effect.h"

#include <stdarg.h>

typedef struct Outlet {
        EffectList *effects; /* of the present step; NULL between steps */
        bool oom;
        Effect nowhere; /* what could not be put on the list, and is never read */
} Outlet;

void outlet_done(Outlet *o);
/* Appends an effect that says its type and nothing else. Never NULL; valid until the next one is put. */
Effect *outlet_emit(Outlet *o, EffectType type);
/* `app` and `node` are names, and may be NULL; `format` NULL: without a text. */
Effect *outlet_note(Outlet *o, NoteKind kind, const char *app, const char *node, const char *format,
                va_list ap) _printf_(5, 0);
/* What the bus shows of the manager may have changed; once in a step. */
void outlet_changed(Outlet *o);
/* What it shows of the node may have changed. */
void outlet_changed_node(Outlet *o, const char *name);
char *outlet_strdup(Outlet *o, const char *s); /* NULL is NULL; sets oom */
int outlet_grow(Outlet *o, int r);             /* sets oom where r is an error; returns r */
