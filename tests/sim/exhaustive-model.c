/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model as a whole: its beginning, its copies, its fingerprint. */

#include <stdarg.h>

#include "exhaustive-internal.h"

void wrong(Model *m, const char *format, ...)
{
        va_list ap;

        if (m->verdict[0])
                return;
        va_start(ap, format);
        vsnprintf(m->verdict, sizeof(m->verdict), format, ap);
        va_end(ap);
}

const char *model_verdict(const Model *m)
{
        return m->verdict[0] ? m->verdict : NULL;
}

/* ---- what is shared ---- */

Letter *letter_new(Message *message, uint64_t probe)
{
        Letter *l = calloc(1, sizeof(*l));

        ASSERT(l);
        *l = (Letter){ .n_refs = 1, .message = message, .probe = probe };
        l->fingerprint = message ? message_fingerprint(message) : probe;
        return l;
}

Letter *letter_ref(Letter *l)
{
        if (l)
                l->n_refs++;
        return l;
}

Letter *letter_unref(Letter *l)
{
        if (!l || --l->n_refs > 0)
                return NULL;
        message_free(l->message);
        free(l);
        return NULL;
}

Brain *brain_new(Engine *e)
{
        Brain *b = calloc(1, sizeof(*b));

        ASSERT(b);
        *b = (Brain){ .n_refs = 1, .engine = e };
        return b;
}

Brain *brain_unref(Brain *b)
{
        if (!b || --b->n_refs > 0)
                return NULL;
        engine_free(b->engine);
        free(b);
        return NULL;
}

/* The engine, to be stepped. */
Engine *host_engine(Host *h)
{
        if (h->brain->n_refs > 1) {
                Brain *own = brain_new(engine_copy(h->brain->engine));

                brain_unref(h->brain);
                h->brain = own;
        }
        h->brain->fingerprint = 0;
        return h->brain->engine;
}

void host_drop_queue(Host *h)
{
        for (size_t i = 0; i < h->n_queue; i++)
                letter_unref(h->queue[i]);
        h->n_queue = 0;
}

void host_shift_queue(Host *h)
{
        h->n_queue--;
        memmove(h->queue, h->queue + 1, h->n_queue * sizeof(h->queue[0]));
}

void host_forget_write(Host *h)
{
        h->writes = false;
        h->next_record = letter_unref(h->next_record);
}

/* ---- as a whole ---- */

/* Runs what is due, the first of it each time, until nothing is. */
static void model_settle(Model *m)
{
        Act acts[MODEL_ACTS_MAX];

        while (!m->verdict[0] && (list_due(m, acts) > 0 || m->busy_usec != 0)) {
                if (list_due(m, acts) == 0)
                        acts[0] = (Act){ .type = ACT_TIME };
                model_do(m, &acts[0]);
        }
}

Model *model_new(const ModelConfig *config)
{
        Model *m = calloc(1, sizeof(*m));

        ASSERT(m);
        m->config = config;
        m->now_usec = m->busy_usec = 1000 * USEC_PER_SEC;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                m->hosts[i].boot = 100;
                host_up(&m->hosts[i]);
        }
        model_ring(m, (1u << MODEL_NODES) - 1, false);
        for (size_t i = 0; i < MODEL_NODES; i++) {
                model_manager_start(m, &m->hosts[i], true);
                model_settle(m);
        }
        m->n_faults_left = config->n_faults;
        return m;
}

Model *model_copy(const Model *m)
{
        Model *copy = malloc(sizeof(*copy));

        ASSERT(copy);
        *copy = *m;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &copy->hosts[i];

                if (h->brain)
                        h->brain->n_refs++;
                for (size_t j = 0; j < h->n_queue; j++)
                        letter_ref(h->queue[j]);
                letter_ref(h->record);
                letter_ref(h->next_record);
        }
        return copy;
}

Model *model_free(Model *m)
{
        if (!m)
                return NULL;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &m->hosts[i];

                brain_unref(h->brain);
                host_drop_queue(h);
                letter_unref(h->record);
                letter_unref(h->next_record);
        }
        free(m);
        return NULL;
}

static uint64_t add_u64(uint64_t hash, uint64_t v)
{
        return hash64_add(hash, &v, sizeof(v));
}

static uint64_t host_fingerprint(const Host *h, uint64_t f)
{
        if (h->brain && h->brain->fingerprint == 0)
                h->brain->fingerprint = engine_fingerprint(h->brain->engine);
        f = add_u64(f, (uint64_t) h->up | (uint64_t) h->rejoins << 4 | (uint64_t) h->part << 8 |
                                        (uint64_t) h->ring_mask << 16);
        f = add_u64(add_u64(f, h->ring.seq), h->ring.node_id);
        f = add_u64(add_u64(f, h->guard_usec), h->boot);
        f = add_u64(add_u64(f, h->pid), h->brain ? h->brain->fingerprint : 0);
        for (size_t i = 0; i < h->n_queue; i++)
                f = add_u64(f, h->queue[i]->fingerprint);
        f = add_u64(f, h->n_queue);
        for (size_t i = 0; i < MODEL_APPS; i++)
                f = add_u64(add_u64(f, h->units[i].epoch),
                                (uint64_t) h->units[i].state | (uint64_t) h->units[i].gone << 8);
        f = add_u64(f, h->record ? h->record->fingerprint : 0);
        return add_u64(f, h->writes ? h->next_record->fingerprint : 0);
}

uint64_t model_fingerprint(const Model *m)
{
        uint64_t f = add_u64(HASH64_INIT, m->now_usec);

        f = add_u64(add_u64(add_u64(f, m->busy_usec), m->n_faults_left), m->n_torn);
        f = add_u64(add_u64(f, (uint64_t) m->wish | (uint64_t) m->asked << 8 | (uint64_t) m->n_failed << 16),
                        add_u64(m->n_open, m->n_asked));
        for (size_t i = 0; i < m->config->n_apps; i++) {
                f = hash64_add(f, m->starts[i], m->n_starts[i] * sizeof(m->starts[i][0]));
                f = add_u64(f, m->n_starts[i]);
        }
        for (size_t i = 0; i < MODEL_NODES; i++) {
                f = host_fingerprint(&m->hosts[i], f);
                /* Of what was heard it matters only who has heard the same. */
                for (size_t j = 0; j < i; j++)
                        f = add_u64(f, m->hosts[i].history == m->hosts[j].history);
        }
        return hash64_finish(f);
}
