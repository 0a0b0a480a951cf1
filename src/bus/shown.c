/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/shown.h"

#include "bus/application-object.h"
#include "bus/manager-object.h"
#include "bus/node-object.h"
#include "bus/path.h"

/* Room for the names of changed properties and the NULL behind them. */
#define CHANGED_MAX 32u

static void shown_done(Shown *x)
{
        free(x->name);
        free(x->hashes);
}

void shown_list_done(ShownList *l)
{
        FOREACH_ARRAY(x, l->items, l->n_items)
                shown_done(x);
        free(l->items);
        *l = (ShownList){ 0 };
}

static Shown *shown_find(const ShownList *l, const char *name, size_t *ret_at)
{
        size_t low = 0, high = l->n_items;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int c = strcmp(name, l->items[middle].name);

                if (c == 0) {
                        *ret_at = middle;
                        return l->items + middle;
                }
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        *ret_at = low;
        return NULL;
}

static void shown_mark(ShownList *l, const char *name)
{
        size_t at;
        Shown *x = shown_find(l, name, &at);

        if (x)
                l->dirty = x->dirty = true;
        else
                l->changed = true;
}

void bus_server_changed(BusServer *s, const char *app, const char *node)
{
        if (!isempty(app))
                shown_mark(&s->shown_apps, app);
        if (!isempty(node))
                shown_mark(&s->shown_nodes, node);
        if (isempty(app) && isempty(node))
                s->manager_dirty = true;
}

void bus_server_changed_all(BusServer *s)
{
        s->manager_dirty = true;
        s->shown_apps.changed = s->shown_nodes.changed = true;
        s->shown_apps.dirty = s->shown_nodes.dirty = true;
        FOREACH_ARRAY(x, s->shown_apps.items, s->shown_apps.n_items)
                x->dirty = true;
        FOREACH_ARRAY(x, s->shown_nodes.items, s->shown_nodes.n_items)
                x->dirty = true;
}

static int shown_insert(ShownList *l, size_t at, const char *name, size_t n_hashes)
{
        Shown x = { .name = strdup(name), .hashes = calloc(n_hashes, sizeof(uint32_t)) };
        int r = -ENOMEM;

        if (x.name && x.hashes)
                r = ARRAY_GROW(l->items, l->n_items, l->n_allocated);
        if (r < 0) {
                shown_done(&x);
                return r;
        }
        ARRAY_OPEN(l->items, l->n_items, at);
        l->items[at] = x;
        return 0;
}

static void shown_remove(ShownList *l, size_t at)
{
        shown_done(l->items + at);
        ARRAY_CLOSE(l->items, l->n_items, at);
}

/* The node shows its list of applications; on a move both ends of it change. */
static void shown_app_node(BusServer *s, Shown *x, uint32_t node_id)
{
        if (x->node_id == node_id)
                return;
        FOREACH_ARRAY(n, s->shown_nodes.items, s->shown_nodes.n_items)
                if (n->node_id == x->node_id || n->node_id == node_id)
                        s->shown_nodes.dirty = n->dirty = true;
        x->node_id = node_id;
}

/* ---- what the engine has now against what was shown ---- */

static size_t app_changes(BusServer *s, Shown *x, const App *app, const char **ret_names)
{
        BusObject o;

        shown_app_node(s, x, engine_app_node(server_engine(s), app));
        application_object_fill(s, app, &o);
        return properties_compare(application_properties, n_application_properties, &o, x->hashes, ret_names);
}

static size_t node_changes(BusServer *s, Shown *x, const Node *node, const char **ret_names)
{
        BusObject o;

        x->node_id = node->id;
        node_object_fill(s, node, &o);
        return properties_compare(node_properties, n_node_properties, &o, x->hashes, ret_names);
}

static size_t manager_changes(BusServer *s, const char **ret_names)
{
        BusObject o;

        manager_object_fill(s, &o);
        return properties_compare(manager_properties, n_manager_properties, &o, s->shown_manager, ret_names);
}

int shown_reset(BusServer *s)
{
        const State *state = server_state(s);
        const char *names[CHANGED_MAX];
        size_t at;
        int r;

        ASSERT(n_application_properties < CHANGED_MAX);
        ASSERT(n_node_properties < CHANGED_MAX);
        ASSERT(n_manager_properties < CHANGED_MAX);
        shown_list_done(&s->shown_apps);
        shown_list_done(&s->shown_nodes);
        FOREACH_ARRAY(node, state->nodes, state->n_nodes) {
                if (shown_find(&s->shown_nodes, node->name, &at))
                        continue;
                r = shown_insert(&s->shown_nodes, at, node->name, n_node_properties);
                if (r < 0)
                        return r;
                (void) node_changes(s, s->shown_nodes.items + at, node, names);
        }
        FOREACH_ARRAY(app, state->apps, state->n_apps) {
                r = shown_insert(&s->shown_apps, s->shown_apps.n_items, app->name, n_application_properties);
                if (r < 0)
                        return r;
                (void) app_changes(s, s->shown_apps.items + s->shown_apps.n_items - 1, app, names);
        }
        (void) manager_changes(s, names);
        s->manager_dirty = false;
        s->shown_nodes.dirty = false;
        FOREACH_ARRAY(x, s->shown_nodes.items, s->shown_nodes.n_items)
                x->dirty = false;
        return 0;
}

static int first_error(int first, int r)
{
        return first < 0 ? first : r < 0 ? r : 0;
}

/* ---- objects that come and go ---- */

/* By then the object is gone, so its interfaces have to be named: ours, and what every object has. */
static int emit_removed_on(sd_bus *bus, const char *path, const char *interface)
{
        return sd_bus_emit_interfaces_removed(bus, path, "org.freedesktop.DBus.Peer",
                        "org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Properties", interface,
                        NULL);
}

static int emit_removed(BusServer *s, const char *path, const char *interface)
{
        if (!path)
                return -ENOMEM;
        for (BusPeer *p = s->peers; p; p = p->next)
                (void) emit_removed_on(p->bus, path, interface); /* one that is lost is noticed by itself */
        return s->bus ? emit_removed_on(s->bus, path, interface) : 0;
}

static int emit_added(BusServer *s, const char *path)
{
        if (!path)
                return -ENOMEM;
        for (BusPeer *p = s->peers; p; p = p->next)
                (void) sd_bus_emit_object_added(p->bus, path);
        return s->bus ? sd_bus_emit_object_added(s->bus, path) : 0;
}

static int apps_flush_list(BusServer *s)
{
        const State *state = server_state(s);
        ShownList *l = &s->shown_apps;
        const char *names[CHANGED_MAX];
        int first = 0, r;
        size_t at = 0;

        for (size_t i = 0; i < state->n_apps || at < l->n_items;) {
                const App *app = i < state->n_apps ? state->apps + i : NULL;
                int c = !app ? 1 : at >= l->n_items ? -1 : strcmp(app->name, l->items[at].name);
                _cleanup_free_ char *path = NULL;

                if (c == 0) {
                        i++;
                        at++;
                        continue;
                }
                path = application_path(c < 0 ? app->name : l->items[at].name);
                if (c > 0) {
                        r = emit_removed(s, path, BUS_INTERFACE_APPLICATION);
                        shown_app_node(s, l->items + at, 0);
                        shown_remove(l, at);
                } else {
                        r = shown_insert(l, at, app->name, n_application_properties);
                        if (r < 0)
                                return r;
                        (void) app_changes(s, l->items + at, app, names);
                        r = emit_added(s, path);
                }
                first = first_error(first, r);
        }
        l->changed = false;
        return first;
}

static int nodes_flush_list(BusServer *s)
{
        const State *state = server_state(s);
        ShownList *l = &s->shown_nodes;
        const char *names[CHANGED_MAX];
        int first = 0, r;
        size_t at;

        /* The state has them by id, this list by name; there are few. */
        for (at = 0; at < l->n_items;) {
                _cleanup_free_ char *path = NULL;

                if (state_find_node_name(state, l->items[at].name)) {
                        at++;
                        continue;
                }
                path = node_path(l->items[at].name);
                first = first_error(first, emit_removed(s, path, BUS_INTERFACE_NODE));
                shown_remove(l, at);
        }
        FOREACH_ARRAY(node, state->nodes, state->n_nodes) {
                _cleanup_free_ char *path = NULL;

                if (shown_find(l, node->name, &at))
                        continue;
                r = shown_insert(l, at, node->name, n_node_properties);
                if (r < 0)
                        return r;
                (void) node_changes(s, l->items + at, node, names);
                path = node_path(node->name);
                first = first_error(first, emit_added(s, path));
        }
        l->changed = false;
        return first;
}

/* ---- properties ---- */

/* What an application's state and reason say can follow from how nodes and the group stand, so that all are
 * compared again when that has changed. */
static void list_mark_all(ShownList *l)
{
        l->dirty = true;
        FOREACH_ARRAY(x, l->items, l->n_items)
                x->dirty = true;
}

static int emit_changes(
                BusServer *s, const char *path, const char *interface, const char **names, size_t n_names)
{
        if (n_names == 0)
                return 0;
        if (!path)
                return -ENOMEM;
        names[n_names] = NULL;
        for (BusPeer *p = s->peers; p; p = p->next)
                (void) sd_bus_emit_properties_changed_strv(p->bus, path, interface, (char **) names);
        return s->bus ? sd_bus_emit_properties_changed_strv(s->bus, path, interface, (char **) names) : 0;
}

static int app_flush(BusServer *s, Shown *x)
{
        const App *app = state_find_app(server_state(s), x->name);
        _cleanup_free_ char *path = NULL;
        const char *names[CHANGED_MAX];
        size_t n;

        x->dirty = false;
        if (!app) {
                s->shown_apps.changed = true;
                return 0;
        }
        n = app_changes(s, x, app, names);
        path = n > 0 ? application_path(x->name) : NULL;
        return emit_changes(s, path, BUS_INTERFACE_APPLICATION, names, n);
}

static int node_flush(BusServer *s, Shown *x)
{
        const Node *node = state_find_node_name(server_state(s), x->name);
        _cleanup_free_ char *path = NULL;
        const char *names[CHANGED_MAX];
        size_t n;

        x->dirty = false;
        if (!node) {
                s->shown_nodes.changed = true;
                return 0;
        }
        n = node_changes(s, x, node, names);
        if (n > 1 || (n == 1 && !streq(names[0], "Applications")))
                list_mark_all(&s->shown_apps);
        path = n > 0 ? node_path(x->name) : NULL;
        return emit_changes(s, path, BUS_INTERFACE_NODE, names, n);
}

static int list_flush(BusServer *s, ShownList *l, int (*flush)(BusServer *, Shown *))
{
        int first = 0;

        if (!l->dirty)
                return 0;
        l->dirty = false;
        FOREACH_ARRAY(x, l->items, l->n_items)
                if (x->dirty)
                        first = first_error(first, flush(s, x));
        return first;
}

static int manager_flush(BusServer *s)
{
        const char *names[CHANGED_MAX];
        size_t n;

        if (!s->manager_dirty)
                return 0;
        s->manager_dirty = false;
        n = manager_changes(s, names);
        if (n > 0) {
                list_mark_all(&s->shown_apps);
                list_mark_all(&s->shown_nodes);
        }
        return emit_changes(s, BUS_PATH, BUS_INTERFACE_MANAGER, names, n);
}

int shown_flush(BusServer *s)
{
        const State *state = server_state(s);
        int r;

        r = manager_flush(s);
        r = first_error(r, list_flush(s, &s->shown_nodes, node_flush));
        r = first_error(r, list_flush(s, &s->shown_apps, app_flush));
        if (s->shown_apps.changed || s->shown_apps.n_items != state->n_apps)
                r = first_error(r, apps_flush_list(s));
        /* Again: a move has marked the nodes at both of its ends. */
        r = first_error(r, list_flush(s, &s->shown_nodes, node_flush));
        if (s->shown_nodes.changed || s->shown_nodes.n_items != state->n_nodes)
                r = first_error(r, nodes_flush_list(s));
        return r;
}
