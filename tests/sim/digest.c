/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>

#include "base/array.h"
#include "base/hash.h"
#include "digest.h"

void digest_words(uint64_t *digest, const char *format, ...)
{
        char text[1024];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        *digest = hash64_add(*digest, text, strlen(text) + 1);
}

void digest_effects(uint64_t *digest, uint64_t at_usec, uint32_t node, const EffectList *effects)
{
        FOREACH_ARRAY(f, effects->effects, effects->n_effects) {
                const char *what = NULL;

                if (f->type == EFFECT_START)
                        what = start_type_to_string(f->start_type);
                else if (f->type == EFFECT_STOP || f->type == EFFECT_KILL)
                        what = "";
                else if (f->type == EFFECT_REPLY)
                        what = command_error_to_string(f->error);
                else if (f->type == EFFECT_NOTE)
                        what = note_kind_to_string(f->note);
                if (what)
                        digest_words(digest, "%llu %u %s %s %s %s %s %llx %llu %s",
                                        (unsigned long long) at_usec, node, effect_type_to_string(f->type),
                                        what, strempty(f->app), strempty(f->node), strempty(f->from_node),
                                        (unsigned long long) f->epoch, (unsigned long long) f->token,
                                        strempty(f->text));
        }
}
