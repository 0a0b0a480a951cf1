/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.distro.Node1: one node of Corosync's nodelist. */

#include "bus/node-object.h"

#include "bus/manager-object.h"
#include "bus/path.h"

void node_object_fill(BusServer *s, const Node *node, BusObject *ret)
{
        *ret = (BusObject){ .server = s, .node = node };
}

static void write_name(const BusObject *o, Sink *s)
{
        sink_string(s, o->node->name);
}

static void write_id(const BusObject *o, Sink *s)
{
        sink_u32(s, o->node->id);
}

static void write_state(const BusObject *o, Sink *s)
{
        sink_string(s, node_state_to_string(engine_node_state(server_engine(o->server), o->node)));
}

static void write_standby(const BusObject *o, Sink *s)
{
        sink_bool(s, o->node->standby);
}

static void write_record(const BusObject *o, Sink *s)
{
        sink_string(s, o->node->unwritable ? "unwritable" : o->node->late ? "late" : "written");
}

static void write_guarded(const BusObject *o, Sink *s)
{
        sink_bool(s, !o->node->unguarded);
}

static void write_fused(const BusObject *o, Sink *s)
{
        sink_bool(s, !o->node->unfused);
}

static void write_files_unread(const BusObject *o, Sink *s)
{
        sink_bool(s, o->node->unread);
}

static void write_applications(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);
        const Engine *e = server_engine(o->server);

        sink_open(s, 'a', "s");
        FOREACH_ARRAY(app, state->apps, state->n_apps)
                if (engine_app_node(e, app) == o->node->id)
                        sink_string(s, app->name);
        sink_close(s);
}

const Property node_properties[] = {
        { "Name", true, write_name },
        { "Id", true, write_id },
        { "State", false, write_state },
        { "Standby", false, write_standby },
        { "Record", false, write_record },
        { "Guarded", false, write_guarded },
        { "Fused", false, write_fused },
        { "FilesUnread", true, write_files_unread }, /* not told: who asked for the reload looks */
        { "Applications", false, write_applications },
        { "Stale", false, bus_write_stale },
        { "StaleSinceTimestamp", false, bus_write_stale_since },
};
const size_t n_node_properties = ELEMENTSOF(node_properties);

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return property_append(node_properties, n_node_properties, userdata, property, reply);
}

static int find_node(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                sd_bus_error *error)
{
        _cleanup_free_ char *name = NULL;
        BusServer *s = userdata;
        const Node *node;
        int r;

        r = bus_path_name(path, BUS_PATH_NODE, &name);
        if (r <= 0)
                return r;
        node = state_find_node_name(server_state(s), name);
        if (!node)
                return 0;
        node_object_fill(s, node, &s->found);
        *ret_found = &s->found;
        return 1;
}

static char *path_at(const State *state, size_t i)
{
        return node_path(state->nodes[i].name);
}

static int enumerate_nodes(
                sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
        const State *state = server_state(userdata);

        return bus_paths(state, state->n_nodes, path_at, ret_nodes);
}

/* clang-format off */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),

        BUS_CONSTANT("Name", "s"),
        BUS_CONSTANT("Id", "u"),
        BUS_CHANGING("State", "s"),
        BUS_CHANGING("Standby", "b"),
        BUS_CHANGING("Record", "s"),
        BUS_CHANGING("Guarded", "b"),
        BUS_CHANGING("Fused", "b"),
        SD_BUS_PROPERTY("FilesUnread", "b", get_property, 0, 0),
        BUS_CHANGING("Stale", "b"),
        BUS_CHANGING("StaleSinceTimestamp", "t"),
        /* A list that grows by one in each of a thousand moves: told as changed, without the list. */
        SD_BUS_PROPERTY("Applications", "as", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),

        SD_BUS_VTABLE_END,
};
/* clang-format on */

int node_object_add(BusServer *s, sd_bus_slot **ret_slots)
{
        int r;

        r = sd_bus_add_fallback_vtable(
                        s->bus, ret_slots, BUS_PATH_NODE, BUS_INTERFACE_NODE, vtable, find_node, s);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(s->bus, ret_slots + 1, BUS_PATH_NODE, enumerate_nodes, s);
}
