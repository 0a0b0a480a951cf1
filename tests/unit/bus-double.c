/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-double.h"

#include "base/array.h"

static void *must(void *p)
{
        ASSERT(p);
        return p;
}

static void define(Definition *d, const char *name, const char *description)
{
        static const struct {
                const char *name;
                uint32_t tier;
        } nodes[] = { { "abc", 0 }, { "bcd", 1 }, { "def", 1 } };

        *d = (Definition){
                .name = must(strdup(name)),
                .description = must(strdup(description)),
                .nodes = must(calloc(ELEMENTSOF(nodes), sizeof(NodePriority))),
                .n_nodes = ELEMENTSOF(nodes),
                .failover_delay_usec = 5 * USEC_PER_SEC,
                .failure_timeout_usec = 600 * USEC_PER_SEC,
                .weight = 1,
                .takeover_automatic = true,
                .enabled = true,
                .digest = 77,
        };
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++)
                d->nodes[i] = (NodePriority){ .name = must(strdup(nodes[i].name)), .tier = nodes[i].tier };
}

App *double_add_app(Engine *e, const char *name, const char *description)
{
        State *s = &e->state;
        size_t at = 0;
        App *a;

        ASSERT(ARRAY_GROW(s->apps, s->n_apps, s->n_apps_allocated) >= 0);
        while (at < s->n_apps && strcmp(s->apps[at].name, name) < 0)
                at++;
        ARRAY_OPEN(s->apps, s->n_apps, at);
        a = s->apps + at;
        a->name = must(strdup(name));
        a->has_definition = true;
        define(&a->definition, name, description);
        return a;
}

static void free_app(App *a)
{
        free(a->variants);
        free(a->wrong);
        free(a->name);
        free(a->permissions);
        free(a->marks);
        free(a->copies);
        free(a->failure);
        definition_done(&a->definition);
}

void double_remove_app(Engine *e, const char *name)
{
        App *a = must(state_find_app(&e->state, name));
        size_t at = (size_t) (a - e->state.apps);

        free_app(a);
        ARRAY_CLOSE(e->state.apps, e->state.n_apps, at);
}

void double_set_copy(App *app, uint32_t node_id, uint64_t epoch, CopyPhase phase)
{
        app->n_copies = 0;
        if (node_id == 0)
                return;
        ASSERT(ARRAY_GROW(app->copies, app->n_copies, app->n_copies_allocated) >= 0);
        app->copies[app->n_copies++] = (Copy){ .node_id = node_id, .epoch = epoch, .phase = phase };
        app->epoch = MAX(app->epoch, epoch);
        app->owner = node_id;
        app->start_type = START_NORMAL;
        app->target_up = true;
}

void double_add_mark(App *app, const Mark *mark)
{
        ASSERT(ARRAY_GROW(app->marks, app->n_marks, app->n_marks_allocated) >= 0);
        app->marks[app->n_marks++] = *mark;
}

void double_set_permission(App *app, uint32_t node_id, bool allowed)
{
        ASSERT(ARRAY_GROW(app->permissions, app->n_permissions, app->n_permissions_allocated) >= 0);
        app->permissions[app->n_permissions++] = (Permission){ .node_id = node_id, .allowed = allowed };
}

void double_set_reason(App *app, const char *reason)
{
        free(app->failure);
        app->failure = must(strdup(reason));
}

void double_init(Engine *e)
{
        static const char *const names[] = { "abc", "bcd", "def" };
        App *a;

        *e = (Engine){
                .synced = true,
                .formed = true,
                .quorate = true,
                .view = { .ring = { .node_id = 1, .seq = 40 }, .n = 2 },
                .members = { { 1, 100 }, { 2, 200 }, { 2, 201 }, { 3, 300 } },
                .n_members = 4,
        };
        e->state.formed = true;
        e->state.nodes = must(calloc(ELEMENTSOF(names), sizeof(Node)));
        e->state.n_nodes = e->state.n_nodes_allocated = ELEMENTSOF(names);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                e->state.nodes[i] = (Node){
                        .id = (uint32_t) i + 1, .name = must(strdup(names[i])), .presence = PRESENCE_SYNCED
                };
        a = double_add_app(e, "distro", "The distro worker");
        double_set_copy(a, 1, (40 << EPOCH_RING_SHIFT) + 1, COPY_RUNNING);
        a->changed_realtime_usec = 1700000000000000;
        (void) double_add_app(e, "idle", "");
        a = double_add_app(e, "local", "Runs here");
        double_set_copy(a, 2, (40 << EPOCH_RING_SHIFT) + 2, COPY_RUNNING);
        a = double_add_app(e, "moving", "");
        double_set_copy(a, 3, (40 << EPOCH_RING_SHIFT) + 3, COPY_STARTING);
        a->start_type = START_FAILOVER;
        a->from_node = 1;
}

void double_done(Engine *e)
{
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps)
                free_app(a);
        FOREACH_ARRAY(n, e->state.nodes, e->state.n_nodes)
                free(n->name);
        free(e->state.apps);
        free(e->state.nodes);
        *e = (Engine){ 0 };
}

/* ---- what the bus asks an engine ---- */

const State *engine_state(const Engine *e)
{
        return &e->state;
}

bool engine_is_synced(const Engine *e)
{
        return e->synced;
}

bool engine_is_formed(const Engine *e)
{
        return e->formed;
}

bool engine_awaits_quorum(const Engine *e)
{
        return e->awaits_quorum;
}

bool engine_is_quorate(const Engine *e)
{
        return e->quorate;
}

ViewId engine_view(const Engine *e)
{
        return e->view;
}

size_t engine_members(const Engine *e, Member *ret, size_t n_max)
{
        memcpy(ret, e->members, MIN(n_max, e->n_members) * sizeof(*ret));
        return e->n_members;
}

uint32_t engine_node_id(const Engine *e)
{
        return 2;
}

const char *engine_node_name(const Engine *e, uint32_t id)
{
        static const char *const nodelist[] = { "?", "abc", "bcd", "def" };

        return nodelist[id < ELEMENTSOF(nodelist) ? id : 0];
}

size_t engine_waiting_for(const Engine *e, const char **ret, size_t n_max)
{
        for (size_t i = 0; i < MIN(n_max, e->n_waiting); i++)
                ret[i] = e->waiting[i];
        return e->n_waiting;
}

uint64_t engine_stale_since(const Engine *e)
{
        return e->stale_since_usec;
}

uint64_t engine_failover_delay(const Engine *e, const App *app)
{
        (void) e;
        return app->definition.failover_delay_usec == DELAY_AUTO ? 2361250
                                                                 : app->definition.failover_delay_usec;
}

void engine_app_status(const Engine *e, const App *app, AppStatus *ret)
{
        const Copy *c = app_present_copy(app);

        *ret = (AppStatus){
                .state = !c                          ? APP_STOPPED
                         : c->stuck                  ? APP_BLOCKED
                         : c->phase == COPY_STARTING ? APP_STARTING
                         : c->phase == COPY_RUNNING  ? APP_RUNNING
                                                     : APP_STOPPING,
                .node = state_node_name(&e->state, c ? c->node_id : 0),
                .start_type = app->start_type,
                .from_node = state_node_name(&e->state, app->from_node),
                .epoch = app->epoch,
                .deadline_usec = app->delay.serial ? app->delay.deadline_usec : USEC_INFINITY,
                .held = app->held_node != 0,
                .restart_needed = app->halted,
        };
        snprintf(ret->reason, sizeof(ret->reason), "%s", strempty(app->failure));
        if (engine_is_stale(e) && (!c || c->node_id != 2 || c->phase == COPY_LOST)) {
                ret->state = APP_UNKNOWN;
                ret->node = "";
        }
}

uint32_t engine_app_node(const Engine *e, const App *app)
{
        const Copy *c = app_present_copy(app);

        return !c || (engine_is_stale(e) && (c->node_id != 2 || c->phase == COPY_LOST)) ? 0 : c->node_id;
}

NodeState engine_node_state(const Engine *e, const Node *node)
{
        return node->presence == PRESENCE_SYNCED         ? NODE_ONLINE
               : node->presence == PRESENCE_MANAGER_GONE ? NODE_MANAGER_GONE
                                                         : NODE_OFFLINE;
}

const char *engine_wrong_file(const App *app, const Node *node, char *buffer, size_t size_bytes)
{
        const WrongFile *f = app_find_wrong(app, node->id);

        if (f)
                snprintf(buffer, size_bytes, "line %u", f->line);
        return f ? buffer : NULL;
}

bool engine_explain(const Engine *e, const App *app, const Node *node, char *ret_why, size_t size_bytes)
{
        snprintf(ret_why, size_bytes, "%s", node->standby ? "in standby" : "online");
        return !node->standby;
}

const char *app_state_to_string(AppState s)
{
        static const char *const names[] = { "stopped", "waiting", "starting", "running", "stopping",
                "failed", "finished", "blocked", "orphan", "unknown" };
        return names[s];
}

void view_id_format(const ViewId *view, char *ret, size_t size_bytes)
{
        snprintf(ret, size_bytes, "%llu.%u", (unsigned long long) view->ring.seq, view->n);
}
