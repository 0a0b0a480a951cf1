/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/effect.h"

void effect_done(Effect *f)
{
        message_free(f->message);
        free(f->app);
        free(f->node);
        free(f->from_node);
        free(f->data);
        free(f->text);
        *f = (Effect){};
}

void effect_list_done(EffectList *l)
{
        for (size_t i = 0; i < l->n_effects; i++)
                effect_done(&l->effects[i]);
        free(l->effects);
        *l = (EffectList){};
}
