/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world/world-struct.h"

#define REALTIME_BASE_USEC (UINT64_C(1750000000) * USEC_PER_SEC)

WorldNode *world_node(const World *w, uint32_t id)
{
        ASSERT(id >= 1 && id <= w->n_nodes);
        return w->nodes + id - 1;
}

uint64_t world_now(const World *w)
{
        return w->now_usec;
}

uint64_t world_clock(const World *w, uint32_t node)
{
        return process_clock(w, world_node(w, node));
}

void world_set_faults(World *w, unsigned faults)
{
        w->config.faults = faults;
}

size_t world_n_nodes(const World *w)
{
        return w->n_nodes;
}

uint32_t world_find_node(const World *w, const char *name)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                if (streq(n->name, name))
                        return n->id;
        return 0;
}

const char *world_node_name(const World *w, uint32_t node)
{
        return node >= 1 && node <= w->n_nodes ? w->nodes[node - 1].name : "?";
}

uint64_t world_random_of(uint64_t *state, uint64_t n)
{
        uint64_t z;

        *state += UINT64_C(0x9e3779b97f4a7c15);
        z = *state;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        return n ? z % n : z;
}

uint64_t world_random(World *w, uint64_t n)
{
        return world_random_of(&w->random, n);
}

bool world_chance(World *w, unsigned percent)
{
        return world_random(w, 100) < percent;
}

uint64_t world_delay(World *w, uint64_t usec, uint64_t max_usec)
{
        if (!world_has(w, WORLD_JITTER))
                return usec;
        if (world_chance(w, 70))
                return world_random(w, max_usec / 20 + 1);
        return world_random(w, max_usec + 1);
}

void world_observe(World *w, Observation *o)
{
        if (!w->config.observer)
                return;
        o->at_usec = w->now_usec;
        w->config.observer(w->config.userdata, o);
}

void world_fail(World *w, int error)
{
        if (w->error == 0)
                w->error = error;
}

/* ---- the heap of what is to happen ---- */

static bool happening_before(const Happening *a, const Happening *b)
{
        return a->at_usec != b->at_usec ? a->at_usec < b->at_usec : a->serial < b->serial;
}

void world_schedule(World *w, uint64_t at_usec, HappeningFunc func, WorldNode *n, uint64_t generation,
                uint64_t value)
{
        Happening h = { MAX(at_usec, w->now_usec), ++w->next_serial, generation, value, func, n };
        size_t i;

        if (ARRAY_GROW(w->heap, w->n_heap, w->n_heap_allocated) < 0) {
                world_fail(w, -ENOMEM);
                return;
        }
        for (i = w->n_heap++; i > 0 && happening_before(&h, w->heap + (i - 1) / 2); i = (i - 1) / 2)
                w->heap[i] = w->heap[(i - 1) / 2];
        w->heap[i] = h;
}

static Happening heap_pop(World *w)
{
        Happening top = w->heap[0], last = w->heap[--w->n_heap];
        size_t i = 0;

        for (;;) {
                size_t child = 2 * i + 1;

                if (child >= w->n_heap)
                        break;
                if (child + 1 < w->n_heap && happening_before(w->heap + child + 1, w->heap + child))
                        child++;
                if (!happening_before(w->heap + child, &last))
                        break;
                w->heap[i] = w->heap[child];
                i = child;
        }
        w->heap[i] = last;
        return top;
}

int world_run_until(World *w, uint64_t usec)
{
        size_t n_at_once = 0;

        while (w->error == 0 && !w->halted && w->n_heap > 0 && w->heap[0].at_usec <= usec) {
                Happening h = heap_pop(w);

                n_at_once = h.at_usec == w->now_usec ? n_at_once + 1 : 0;
                if (n_at_once > EVENTS_AT_ONCE_MAX) {
                        world_fail(w, -ELOOP);
                        break;
                }
                w->now_usec = h.at_usec;
                h.func(w, h.node, &h);
        }
        if (w->error == 0 && !w->halted)
                w->now_usec = MAX(w->now_usec, usec);
        return w->error;
}

void world_halt(World *w)
{
        w->halted = true;
}

int world_run_for(World *w, uint64_t usec)
{
        return world_run_until(w, usec_add(w->now_usec, usec));
}

/* ---- birth and death ---- */

static void node_done(WorldNode *n)
{
        WorldManager *m = &n->manager;

        process_release(n);
        free(m->write_data);
        free(m->next_data);
        FOREACH_ARRAY(u, n->units, n->n_units)
                free(u->app);
        free(n->units);
        guard_model_disarm(n);
        free(n->guard.spared);
        systemd_forget_calls(n);
        free(n->systemd.calls);
        FOREACH_ARRAY(d, n->definitions, n->n_definitions)
                definition_done(d);
        free(n->definitions);
        free(n->unit_digests);
        FOREACH_ARRAY(e, n->wrong_files, n->n_wrong_files) {
                free((char *) e->app);
                free((char *) e->text);
        }
        free(n->wrong_files);
        item_queue_done(&n->corosync.queue);
        free(n->corosync.procs);
        free(n->record);
        free(n->name);
}

World *world_free(World *w)
{
        if (!w)
                return NULL;
        world_flush_trace(w);
        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                totem_corosync_stop(w, n);
                node_done(n);
        }
        free(w->nodes);
        for (size_t i = 0; w->sync_mandatory && i < w->config.n_sync_mandatory; i++)
                free(w->sync_mandatory[i]);
        free(w->sync_mandatory);
        for (size_t i = 0; w->sync_optional && i < w->config.n_sync_optional; i++)
                free(w->sync_optional[i]);
        free(w->sync_optional);
        free(w->heap);
        free(w->pending);
        free(w->arms);
        FOREACH_ARRAY(a, w->app_parts, w->n_app_parts)
                free(a->app);
        free(w->app_parts);
        FOREACH_ARRAY(r, w->replies, w->n_replies)
                free(r->text);
        free(w->replies);
        free(w->lines);
        free(w);
        return NULL;
}

static int names_copy(const char *const *names, size_t n, char ***ret)
{
        if (n == 0)
                return 0;
        *ret = calloc(n, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                (*ret)[i] = strdup(names[i]);
                if (!(*ret)[i])
                        return -ENOMEM;
        }
        return 0;
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
        return value > 0 ? value : otherwise;
}

static int world_init(World *w, const WorldConfig *config)
{
        WorldConfig *c = &w->config;

        *c = *config;
        c->sync_mandatory = c->sync_optional = NULL;
        c->nodes = NULL;
        c->token_usec = or_default(c->token_usec, USEC_PER_SEC);
        c->consensus_usec = or_default(c->consensus_usec, 2630 * USEC_PER_MSEC);
        c->grace_usec = or_default(c->grace_usec, MANAGER_GRACE_DEFAULT_USEC);
        c->realtime_usec = or_default(c->realtime_usec, REALTIME_BASE_USEC);
        c->sync_timeout_usec = or_default(c->sync_timeout_usec, 30 * USEC_PER_SEC);
        c->start_usec = or_default(c->start_usec, 20 * USEC_PER_MSEC);
        c->stop_usec = or_default(c->stop_usec, 10 * USEC_PER_MSEC);
        w->random = config->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
        w->random_late = config->seed * UINT64_C(0x2545f4914f6cdd1d) + 2;

        if (names_copy(config->sync_mandatory, config->n_sync_mandatory, &w->sync_mandatory) < 0 ||
                        names_copy(config->sync_optional, config->n_sync_optional, &w->sync_optional) < 0)
                return -ENOMEM;
        c->sync_mandatory = (const char *const *) w->sync_mandatory;
        c->sync_optional = (const char *const *) w->sync_optional;

        w->nodes = calloc(config->n_nodes, sizeof(*w->nodes));
        if (!w->nodes)
                return -ENOMEM;
        for (size_t i = 0; i < config->n_nodes; i++) {
                WorldNode *n = w->nodes + w->n_nodes++;

                n->id = (uint32_t) i + 1;
                n->next_pid = 100 * n->id;
                n->token_usec = c->token_usec;
                n->consensus_usec = c->consensus_usec;
                n->isolation_usec = c->isolation_timeout_usec;
                n->policy = c->policy;
                n->name = strdup(config->nodes[i]);
                if (!n->name)
                        return -ENOMEM;
        }
        return 0;
}

int world_new(const WorldConfig *config, World **ret)
{
        _cleanup_(world_freep) World *w = NULL;

        if (config->n_nodes == 0 || config->n_nodes > NODES_MAX)
                return -EINVAL;
        w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        if (world_init(w, config) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(w);
        return 0;
}

/* ---- looking ---- */

bool world_node_is_up(const World *w, uint32_t node)
{
        return world_node(w, node)->up;
}

bool world_manager_is_up(const World *w, uint32_t node)
{
        return world_node(w, node)->manager.up;
}

bool world_corosync_is_well(const World *w, uint32_t node)
{
        const WorldNode *n = world_node(w, node);

        return n->corosync.up && !n->corosync.frozen && !n->suspended;
}

const Engine *world_engine(const World *w, uint32_t node)
{
        return world_node(w, node)->manager.engine;
}

unsigned world_reboots(const World *w, uint32_t node)
{
        return world_node(w, node)->n_reboots;
}

size_t world_running(const World *w, const char *app, uint32_t *ret_nodes, size_t n_max)
{
        size_t n_found = 0;

        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                const WorldUnit *u = unit_model_find(n, app);

                if (u && unit_model_is_alive(u)) {
                        if (n_found < n_max)
                                ret_nodes[n_found] = n->id;
                        n_found++;
                }
        }
        return n_found;
}

uint64_t world_unit_epoch(const World *w, uint32_t node, const char *app)
{
        const WorldUnit *u = unit_model_find(world_node(w, node), app);

        return u && unit_model_is_alive(u) ? u->epoch : 0;
}

UnitState world_unit_state(const World *w, uint32_t node, const char *app)
{
        const WorldUnit *u = unit_model_find(world_node(w, node), app);

        return u ? u->state : UNIT_NONE;
}

StartType world_unit_start_type(const World *w, uint32_t node, const char *app)
{
        const WorldUnit *u = unit_model_find(world_node(w, node), app);

        return u && unit_model_is_alive(u) ? u->start_type : START_NONE;
}

bool world_disk_is_lost(const World *w, uint32_t node)
{
        return world_node(w, node)->disk_lost;
}

const uint64_t *world_deeds(const World *w)
{
        return w->deeds;
}

uint64_t world_n_steps(const World *w)
{
        return w->n_steps;
}

bool world_disk_is_blank(const World *w, uint32_t node)
{
        return world_node(w, node)->record_kind == RECORD_BLANK;
}
