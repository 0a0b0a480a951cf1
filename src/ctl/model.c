/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/model.h"

#include "base/array.h"
#include "ctl/bus-client.h"

void strings_done(Strings *s)
{
        for (size_t i = 0; i < s->n; i++)
                free(s->items[i]);
        free(s->items);
        *s = (Strings){};
}

int strings_take(Strings *s, char *text)
{
        if (!text || ARRAY_GROW(s->items, s->n, s->n_allocated) < 0) {
                free(text);
                return -ENOMEM;
        }
        s->items[s->n++] = text;
        return 0;
}

int strings_add(Strings *s, const char *text)
{
        return strings_take(s, strdup(text));
}

bool strings_contain(const Strings *s, const char *text)
{
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->items[i], text))
                        return true;
        return false;
}

char *strings_join(const Strings *s, const char *separator)
{
        size_t size = 1, at = 0;
        char *text;

        for (size_t i = 0; i < s->n; i++)
                size += strlen(s->items[i]) + strlen(separator);
        text = malloc(size);
        if (!text)
                return NULL;
        text[0] = 0;
        for (size_t i = 0; i < s->n; i++)
                at += (size_t) snprintf(text + at, size - at, "%s%s", i > 0 ? separator : "", s->items[i]);
        return text;
}

void manager_info_done(ManagerInfo *m)
{
        free(m->node_name);
        free(m->view);
        free(m->version);
        free(m->rebooted_why);
        free(m->status);
        strings_done(&m->members);
        strings_done(&m->waiting_for);
        FOREACH_ARRAY(fact, m->facts, m->n_facts) {
                free(fact->key);
                free(fact->text);
        }
        free(m->facts);
        *m = (ManagerInfo){};
}

void app_info_done(AppInfo *a)
{
        free(a->name);
        free(a->description);
        free(a->state);
        free(a->reason);
        free(a->node);
        free(a->start_type);
        free(a->from_node);
        free(a->unit);
        free(a->target);
        FOREACH_ARRAY(tier, a->tiers, a->n_tiers)
                strings_done(tier);
        free(a->tiers);
        FOREACH_ARRAY(p, a->permissions, a->n_permissions)
                free(p->node);
        free(a->permissions);
        FOREACH_ARRAY(f, a->failures, a->n_failures)
                free(f->node);
        free(a->failures);
        strings_done(&a->mismatch);
        strings_done(&a->missing);
        FOREACH_ARRAY(w, a->wrong, a->n_wrong) {
                free(w->node);
                free(w->text);
        }
        free(a->wrong);
        FOREACH_ARRAY(part, a->parts, a->n_parts) {
                free(part->kind);
                free(part->id);
                free(part->state);
                free(part->text);
        }
        free(a->parts);
        FOREACH_ARRAY(d, a->digests, a->n_digests)
                free(d->node);
        free(a->digests);
        *a = (AppInfo){};
}

void node_info_done(NodeInfo *n)
{
        free(n->name);
        free(n->state);
        free(n->record);
        strings_done(&n->applications);
        *n = (NodeInfo){};
}

void snapshot_done(Snapshot *s)
{
        manager_info_done(&s->manager);
        FOREACH_ARRAY(a, s->apps, s->n_apps)
                app_info_done(a);
        free(s->apps);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                node_info_done(n);
        free(s->nodes);
        *s = (Snapshot){};
}

void eligibility_done(NodeEligibility *e, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(e[i].node);
                free(e[i].why);
        }
        free(e);
}

/* Path and interface are checked by the caller's name first: a name that no object can have is simply
 * unknown. */
static int fetch_object(Ctl *c, const char *prefix, const char *name, const char *interface,
                const char *unknown, sd_bus_error *error, sd_bus_message **ret)
{
        _cleanup_free_ char *path = NULL;
        int r = sd_bus_path_encode(prefix, name, &path);

        if (r < 0)
                return r;
        r = bus_get_all(c, path, interface, error, ret);
        if (r < 0 && bus_error_is_unknown(error)) {
                sd_bus_error_free(error);
                return sd_bus_error_setf(error, unknown, "There is no %s named %s",
                                streq(interface, BUS_INTERFACE_NODE) ? "node" : "application", name);
        }
        return r;
}

int app_info_fetch(Ctl *c, const char *name, sd_bus_error *error, AppInfo *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = fetch_object(c, BUS_PATH_APPLICATION, name, BUS_INTERFACE_APPLICATION,
                        "org.distro.Error.NoSuchApplication", error, &m);

        return r < 0 ? r : app_info_read(m, ret);
}

int node_info_fetch(Ctl *c, const char *name, sd_bus_error *error, NodeInfo *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = fetch_object(
                        c, BUS_PATH_NODE, name, BUS_INTERFACE_NODE, "org.distro.Error.NoSuchNode", error, &m);

        return r < 0 ? r : node_info_read(m, ret);
}

int manager_info_fetch(Ctl *c, sd_bus_error *error, ManagerInfo *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = bus_get_all(c, BUS_PATH, BUS_INTERFACE_MANAGER, error, &m);

        return r < 0 ? r : manager_info_read(m, ret);
}

/* The interfaces of one object: a{sa{sv}}. */
static int read_object(sd_bus_message *m, Snapshot *s)
{
        const char *interface;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                r = sd_bus_message_read(m, "s", &interface);
                if (r < 0)
                        return r;
                if (streq(interface, BUS_INTERFACE_APPLICATION)) {
                        if (ARRAY_GROW(s->apps, s->n_apps, s->n_apps_allocated) < 0)
                                return -ENOMEM;
                        r = app_info_read(m, &s->apps[s->n_apps++]);
                } else if (streq(interface, BUS_INTERFACE_NODE)) {
                        if (ARRAY_GROW(s->nodes, s->n_nodes, s->n_nodes_allocated) < 0)
                                return -ENOMEM;
                        r = node_info_read(m, &s->nodes[s->n_nodes++]);
                } else
                        r = sd_bus_message_skip(m, "a{sv}");
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int compare_apps(const void *a, const void *b)
{
        return strcmp(((const AppInfo *) a)->name, ((const AppInfo *) b)->name);
}

static int compare_nodes(const void *a, const void *b)
{
        const NodeInfo *x = a, *y = b;

        return x->id != y->id ? CMP(x->id, y->id) : strcmp(x->name, y->name);
}

static int read_objects(sd_bus_message *m, Snapshot *s)
{
        int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                r = sd_bus_message_skip(m, "o");
                if (r < 0)
                        return r;
                r = read_object(m, s);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        if (s->n_apps > 0)
                qsort(s->apps, s->n_apps, sizeof(s->apps[0]), compare_apps);
        if (s->n_nodes > 0)
                qsort(s->nodes, s->n_nodes, sizeof(s->nodes[0]), compare_nodes);
        return 0;
}

int snapshot_fetch(Ctl *c, sd_bus_error *error, Snapshot *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = manager_info_fetch(c, error, &ret->manager);
        if (r < 0)
                return r;
        r = bus_read_object(c, BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", error, &m,
                        NULL);
        if (r < 0)
                return r;
        return read_objects(m, ret);
}

int eligibility_fetch(Ctl *c, const char *app, sd_bus_error *error, NodeEligibility **ret, size_t *ret_n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *node, *why;
        NodeEligibility *list = NULL;
        size_t n = 0, n_allocated = 0;
        int r, eligible;

        r = bus_read(c, "Explain", error, &m, app);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(sbs)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(sbs)", &node, &eligible, &why)) > 0) {
                if (ARRAY_GROW(list, n, n_allocated) < 0) {
                        r = -ENOMEM;
                        break;
                }
                list[n] = (NodeEligibility){ .node = strdup(node), .eligible = eligible, .why = strdup(why) };
                n++;
                if (!list[n - 1].node || !list[n - 1].why)
                        r = -ENOMEM;
        }
        if (r < 0) {
                eligibility_done(list, n);
                return r;
        }
        *ret = list;
        *ret_n = n;
        return 0;
}

void files_done(FileInfo *files, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(files[i].app);
        free(files);
}

int files_fetch(Ctl *c, sd_bus_error *error, FileInfo **ret, size_t *ret_n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        FileInfo *list = NULL;
        size_t n = 0, n_allocated = 0;
        const char *app;
        uint64_t digest;
        int r, right;

        r = bus_read(c, "ListFiles", error, &m, NULL);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(stb)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(stb)", &app, &digest, &right)) > 0) {
                if (ARRAY_GROW(list, n, n_allocated) < 0) {
                        r = -ENOMEM;
                        break;
                }
                list[n] = (FileInfo){ .app = strdup(app), .digest = digest, .right = right };
                if (!list[n++].app)
                        r = -ENOMEM;
        }
        if (r < 0) {
                files_done(list, n);
                return r;
        }
        *ret = list;
        *ret_n = n;
        return 0;
}

const AppInfo *snapshot_find_app(const Snapshot *s, const char *name)
{
        for (size_t i = 0; i < s->n_apps; i++)
                if (streq(s->apps[i].name, name))
                        return s->apps + i;
        return NULL;
}

const NodeInfo *snapshot_find_node(const Snapshot *s, const char *name)
{
        for (size_t i = 0; i < s->n_nodes; i++)
                if (streq(s->nodes[i].name, name))
                        return s->nodes + i;
        return NULL;
}

const QuorumFact *manager_info_fact(const ManagerInfo *m, const char *key)
{
        for (size_t i = 0; i < m->n_facts; i++)
                if (streq(m->facts[i].key, key))
                        return m->facts + i;
        return NULL;
}

bool app_info_is_running(const AppInfo *a)
{
        return streq(a->state, "running") || (streq(a->state, "orphan") && !isempty(a->node));
}

uint64_t app_info_left(const AppInfo *a, const Moment *now)
{
        if (a->deadline_usec == USEC_INFINITY || now->boottime_usec == 0)
                return USEC_INFINITY;
        return usec_left(a->deadline_usec, now->boottime_usec);
}
