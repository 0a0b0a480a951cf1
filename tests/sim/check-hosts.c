/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check-hosts.h"

bool hosts_begin(Hosts *h, const CheckConfig *config)
{
        *h = (Hosts){
                .config = config,
                .manager_up = calloc(config->n_nodes + 1, sizeof(bool)),
                .unguarded = calloc(config->n_nodes + 1, sizeof(bool)),
                .forced = calloc(config->n_apps + 1, sizeof(bool)),
        };
        return h->manager_up && h->unguarded && h->forced;
}

void hosts_done(Hosts *h)
{
        free(h->manager_up);
        free(h->unguarded);
        free(h->forced);
}

static bool observe_node(Hosts *h, const Observation *o)
{
        if (o->type == OBSERVE_GUARD)
                h->unguarded[o->node_id] = !o->flag;
        else if (o->type == OBSERVE_NODE_DOWN)
                h->unguarded[o->node_id] = false;
        else if (o->type == OBSERVE_MANAGER_BEGIN || o->type == OBSERVE_MANAGER_END)
                h->manager_up[o->node_id] = o->type == OBSERVE_MANAGER_BEGIN;
        else
                return false;
        return true;
}

bool hosts_observe(Hosts *h, const Observation *o)
{
        bool *forced;

        if (o->type != OBSERVE_COMMAND)
                return observe_node(h, o);
        forced = o->command->kind == COMMAND_TAKEOVER && o->command->force
                                 ? hosts_forced(h, strempty(o->command->app))
                                 : NULL;
        if (forced)
                *forced = true;
        return false;
}

void hosts_mark(const Hosts *h, const Observation *o, uint32_t node_id, bool *unguarded)
{
        if (node_id != o->node_id)
                return;
        if (o->type == OBSERVE_MANAGER_BEGIN)
                *unguarded = false;
        else if (h->unguarded[node_id] && !h->manager_up[node_id])
                *unguarded = true;
}

const CheckApp *hosts_find_app(const Hosts *h, const char *name)
{
        for (size_t i = 0; i < h->config->n_apps; i++)
                if (streq(h->config->apps[i].name, name))
                        return h->config->apps + i;
        return NULL;
}

bool *hosts_forced(const Hosts *h, const char *app)
{
        const CheckApp *a = hosts_find_app(h, app);

        return a ? h->forced + (a - h->config->apps) : NULL;
}

bool in_ring(const Observation *o, uint32_t node_id)
{
        for (size_t i = 0; i < o->n_ring_nodes; i++)
                if (o->ring_nodes[i] == node_id)
                        return true;
        return false;
}
