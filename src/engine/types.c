/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/types.h"

void definition_done(Definition *d)
{
        free(d->name);
        free(d->description);
        for (size_t i = 0; i < d->n_nodes; i++)
                free(d->nodes[i].name);
        free(d->nodes);
        for (size_t i = 0; i < d->n_permitted; i++)
                free(d->permitted[i]);
        free(d->permitted);
        *d = (Definition){};
}

static int definition_copy_strings(const Definition *d, Definition *copy)
{
        int r;

        r = string_copy(d->name, &copy->name);
        if (r < 0)
                return r;
        r = string_copy(d->description, &copy->description);
        if (r < 0)
                return r;
        if (d->n_nodes > 0) {
                copy->nodes = calloc(d->n_nodes, sizeof(copy->nodes[0]));
                if (!copy->nodes)
                        return -ENOMEM;
        }
        for (; copy->n_nodes < d->n_nodes; copy->n_nodes++) {
                r = string_copy(d->nodes[copy->n_nodes].name, &copy->nodes[copy->n_nodes].name);
                if (r < 0)
                        return r;
                copy->nodes[copy->n_nodes].tier = d->nodes[copy->n_nodes].tier;
        }
        if (d->n_permitted > 0) {
                copy->permitted = calloc(d->n_permitted, sizeof(copy->permitted[0]));
                if (!copy->permitted)
                        return -ENOMEM;
        }
        for (; copy->n_permitted < d->n_permitted; copy->n_permitted++) {
                r = string_copy(d->permitted[copy->n_permitted], &copy->permitted[copy->n_permitted]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int definition_copy(const Definition *d, Definition *ret)
{
        Definition copy = *d;
        int r;

        copy.name = copy.description = NULL;
        copy.nodes = NULL;
        copy.permitted = NULL;
        copy.n_nodes = copy.n_permitted = 0;
        r = definition_copy_strings(d, &copy);
        if (r < 0) {
                definition_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

int definition_find_node(const Definition *d, const char *name)
{
        for (size_t i = 0; i < d->n_nodes; i++)
                if (streq(d->nodes[i].name, name))
                        return (int) i;
        return -1;
}

bool app_name_is_valid(const char *name)
{
        size_t n = strlen(name);

        if (n == 0 || n > APP_NAME_MAX || name[0] == '-' || name[n - 1] == '-')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
                                    name[i] == '-'))
                        return false;
        return true;
}

static bool node_name_is_valid(const char *name)
{
        return !isempty(name) && strlen(name) <= NODE_NAME_MAX;
}

bool definition_is_valid(const Definition *d)
{
        if (!d->name || !app_name_is_valid(d->name) || strlen(strempty(d->description)) > TEXT_MAX)
                return false;
        if (d->n_nodes > NODES_MAX || d->n_permitted > NODES_MAX || d->weight == 0 || d->digest == 0 ||
                        d->local_restarts > LOCAL_RESTARTS_MAX)
                return false;
        if (d->takeover_mode >= _TAKEOVER_MODE_MAX || d->failure_action >= _FAILURE_ACTION_MAX)
                return false;
        for (size_t i = 0; i < d->n_nodes; i++) {
                uint32_t last = i > 0 ? d->nodes[i - 1].tier : 0;

                if (!node_name_is_valid(d->nodes[i].name) ||
                                definition_find_node(d, d->nodes[i].name) != (int) i)
                        return false;
                if (d->nodes[i].tier < last || d->nodes[i].tier > last + (i > 0))
                        return false;
        }
        for (size_t i = 0; i < d->n_permitted; i++)
                if (!node_name_is_valid(d->permitted[i]))
                        return false;
        return true;
}

const char *start_type_to_string(StartType t)
{
        static const char *const names[_START_TYPE_MAX] = {
                [START_NONE] = "",
                [START_NORMAL] = "normal",
                [START_FAILOVER] = "failover",
                [START_TAKEOVER] = "takeover",
        };

        return t < _START_TYPE_MAX ? names[t] : "?";
}

const char *unit_state_to_string(UnitState s)
{
        static const char *const names[_UNIT_STATE_MAX] = {
                [UNIT_NONE] = "none",
                [UNIT_STARTING] = "starting",
                [UNIT_RUNNING] = "running",
                [UNIT_STOPPING] = "stopping",
                [UNIT_STOPPED] = "stopped",
                [UNIT_FINISHED] = "finished",
                [UNIT_FAILED] = "failed",
                [UNIT_REFUSED] = "refused",
                [UNIT_KILLED] = "stopped from outside",
                [UNIT_SHUTDOWN] = "stopped at shutdown",
                [UNIT_STUCK] = "stuck",
        };

        return s < _UNIT_STATE_MAX ? names[s] : "?";
}
