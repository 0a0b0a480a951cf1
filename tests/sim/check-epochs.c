/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An epoch belongs to one start on one node for ever: neither started twice, nor decided for two nodes. Of the last
 * messages of a ring each part that it breaks into may have another selection; what they decide by them is void for all
 * but one part, so there only the starts count. */

#include "base/array.h"
#include "check.h"

typedef struct Granted {
        const char *app; /* the configuration's */
        uint64_t epoch;
        char where[64]; /* as decided; "" not seen */
        uint32_t started_on;
} Granted;

typedef struct Epochs {
        const CheckConfig *config;
        Granted *granted;
        size_t n_granted, n_allocated;
} Epochs;

static void *epochs_free(void *judge)
{
        Epochs *c = judge;

        if (c)
                free(c->granted);
        free(c);
        return NULL;
}

static void *epochs_new(const CheckConfig *config)
{
        Epochs *c = calloc(1, sizeof(*c));

        if (c)
                c->config = config;
        return c;
}

static Granted *find_granted(Epochs *c, const char *app, uint64_t epoch)
{
        Granted *g;
        const char *name = NULL;

        for (size_t i = c->n_granted; i > 0; i--)
                if (c->granted[i - 1].epoch == epoch && streq(c->granted[i - 1].app, app))
                        return c->granted + i - 1;
        FOREACH_ARRAY(a, c->config->apps, c->config->n_apps)
                if (streq(a->name, app))
                        name = a->name;
        if (!name || ARRAY_GROW(c->granted, c->n_granted, c->n_allocated) < 0)
                return NULL;
        g = c->granted + c->n_granted++;
        *g = (Granted){ .app = name, .epoch = epoch };
        return g;
}

static void epochs_observe(void *judge, const Observation *o, Findings *f)
{
        Epochs *c = judge;
        Granted *g;

        /* Epochs count rings, and rings of such sets may have the same number. */
        if (c->config->apart)
                return;
        if (o->type == OBSERVE_DECISION && o->note == NOTE_APP_STARTING && o->where &&
                        !c->config->tails_differ) {
                g = find_granted(c, o->app, o->epoch);
                if (!g)
                        return;
                if (g->where[0] && !streq(g->where, o->where))
                        finding(f, o, "epoch %#llx of %s was granted to %s and to %s",
                                        (unsigned long long) o->epoch, o->app, g->where, o->where);
                (void) snprintf(g->where, sizeof(g->where), "%s", o->where);
        } else if (o->type == OBSERVE_START) {
                g = find_granted(c, o->app, o->epoch);
                if (!g)
                        return;
                if (g->started_on != 0)
                        finding(f, o, "epoch %#llx of %s is started on node %u and was on node %u",
                                        (unsigned long long) o->epoch, o->app, o->node_id, g->started_on);
                g->started_on = o->node_id;
        }
}

const CheckClass check_epochs = { "epochs", epochs_new, epochs_free, epochs_observe };
