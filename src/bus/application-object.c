/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.distro.Application1: one application, as the group agreed on it. */

#include "bus/application-object.h"

#include "bus/call.h"
#include "bus/manager-object.h"
#include "bus/path.h"

void application_object_fill(BusServer *s, const App *app, BusObject *ret)
{
        *ret = (BusObject){ .server = s, .app = app };
        engine_app_status(server_engine(s), app, &ret->status);
}

/* ---- properties ---- */

static void write_name(const BusObject *o, Sink *s)
{
        sink_string(s, o->app->name);
}

static void write_unit(const BusObject *o, Sink *s)
{
        _cleanup_free_ char *unit = application_unit(o->app->name);

        if (unit)
                sink_string(s, unit);
        else
                s->error = -ENOMEM;
}

static void write_description(const BusObject *o, Sink *s)
{
        sink_string(s, o->app->definition.description);
}

static void write_state(const BusObject *o, Sink *s)
{
        sink_string(s, app_state_to_string(o->status.state));
}

static void write_reason(const BusObject *o, Sink *s)
{
        sink_string(s, o->status.reason);
}

static void write_node(const BusObject *o, Sink *s)
{
        sink_string(s, o->status.node);
}

static void write_start_type(const BusObject *o, Sink *s)
{
        sink_string(s, start_type_to_string(o->status.start_type));
}

static void write_from_node(const BusObject *o, Sink *s)
{
        sink_string(s, o->status.from_node);
}

static void write_epoch(const BusObject *o, Sink *s)
{
        sink_u64(s, o->status.epoch);
}

static void write_invocation_id(const BusObject *o, Sink *s)
{
        const BusOps *ops = &o->server->ops;
        uint8_t id[16] = { 0 };

        if (ops->invocation(o->server->userdata, o->app->name, id))
                sink_bytes(s, id, sizeof(id));
        else
                sink_bytes(s, NULL, 0);
}

static void write_target(const BusObject *o, Sink *s)
{
        sink_string(s, o->app->target_up ? "started" : "stopped");
}

static void write_nodes(const BusObject *o, Sink *s)
{
        const Definition *d = &o->app->definition;

        sink_open(s, 'a', "as");
        for (size_t i = 0; i < d->n_nodes; i++) {
                if (i == 0 || d->nodes[i].tier != d->nodes[i - 1].tier)
                        sink_open(s, 'a', "s");
                sink_string(s, d->nodes[i].name);
                if (i + 1 == d->n_nodes || d->nodes[i + 1].tier != d->nodes[i].tier)
                        sink_close(s);
        }
        sink_close(s);
}

static void write_failover_delay(const BusObject *o, Sink *s)
{
        const BusServer *server = o->server;

        sink_u64(s, engine_failover_delay(server->ops.engine(server->userdata), o->app));
}

static void write_failover_delay_auto(const BusObject *o, Sink *s)
{
        sink_bool(s, o->app->definition.failover_delay_usec == DELAY_AUTO);
}

static void write_hand_over(const BusObject *o, Sink *s)
{
        sink_bool(s, !o->app->definition.awaits_leaver);
}

static bool permitted_by_default(const Definition *d, const char *node)
{
        if (d->n_permitted == 0)
                return definition_find_node(d, node) >= 0;
        FOREACH_ARRAY(p, d->permitted, d->n_permitted)
                if (streq(*p, node))
                        return true;
        return false;
}

static void write_permission(Sink *s, const char *node, bool allowed)
{
        sink_open(s, 'e', "sb");
        sink_string(s, node);
        sink_bool(s, allowed);
        sink_close(s);
}

static const Permission *find_permission(const App *app, uint32_t node_id)
{
        FOREACH_ARRAY(p, app->permissions, app->n_permissions)
                if (p->node_id == node_id)
                        return p;
        return NULL;
}

/* What was commanded, else the definition's default, for each node in Nodes=. */
static void write_permissions(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);
        const Definition *d = &o->app->definition;

        sink_open(s, 'a', "{sb}");
        FOREACH_ARRAY(n, d->nodes, d->n_nodes) {
                const Node *node = state_find_node_name(state, n->name);
                const Permission *p = node ? find_permission(o->app, node->id) : NULL;

                write_permission(s, n->name, p ? p->allowed : permitted_by_default(d, n->name));
        }
        sink_close(s);
}

static void write_failures(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);

        sink_open(s, 'a', "{st}");
        FOREACH_ARRAY(m, o->app->marks, o->app->n_marks) {
                sink_open(s, 'e', "st");
                sink_string(s, state_node_name(state, m->node_id));
                sink_u64(s, usec_add(m->set_realtime_usec, m->duration_usec));
                sink_close(s);
        }
        sink_close(s);
}

static void write_part(void *to, const BusPart *part)
{
        Sink *s = to;

        sink_open(s, 'r', "sssts");
        sink_string(s, part->kind);
        sink_string(s, part->id);
        sink_string(s, part->state);
        sink_u64(s, part->since_usec);
        sink_string(s, part->text);
        sink_close(s);
}

static void write_parts(const BusObject *o, Sink *s)
{
        sink_open(s, 'a', "(sssts)");
        o->server->ops.parts(o->server->userdata, o->app->name, write_part, s);
        sink_close(s);
}

static void write_has_parts(const BusObject *o, Sink *s)
{
        sink_bool(s, o->server->ops.has_parts(o->server->userdata, o->app->name));
}

static void write_maintenance(const BusObject *o, Sink *s)
{
        sink_bool(s, o->app->maintenance);
}

static void write_held(const BusObject *o, Sink *s)
{
        sink_bool(s, o->status.held);
}

static void write_restart_needed(const BusObject *o, Sink *s)
{
        sink_bool(s, o->status.restart_needed);
}

static void write_changed(const BusObject *o, Sink *s)
{
        sink_u64(s, o->app->changed_realtime_usec);
}

static void write_deadline(const BusObject *o, Sink *s)
{
        sink_u64(s, o->status.deadline_usec);
}

static void write_mismatch(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);

        sink_open(s, 'a', "s");
        FOREACH_ARRAY(v, o->app->variants, o->app->n_variants)
                sink_string(s, state_node_name(state, v->node_id));
        sink_close(s);
}

/* Of the nodes that differ, those that have no file at all. */
static void write_missing(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);

        sink_open(s, 'a', "s");
        FOREACH_ARRAY(v, o->app->variants, o->app->n_variants)
                if (v->digest == 0 && v->error == 0)
                        sink_string(s, state_node_name(state, v->node_id));
        sink_close(s);
}

static void write_wrong(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);

        sink_open(s, 'a', "{ss}");
        FOREACH_ARRAY(n, state->nodes, state->n_nodes) {
                char buffer[80];
                const char *text = engine_wrong_file(o->app, n, buffer, sizeof(buffer));

                if (!text)
                        continue;
                sink_open(s, 'e', "ss");
                sink_string(s, n->name);
                sink_string(s, text);
                sink_close(s);
        }
        sink_close(s);
}

static void write_digests(const BusObject *o, Sink *s)
{
        const State *state = server_state(o->server);

        sink_open(s, 'a', "{st}");
        FOREACH_ARRAY(n, state->nodes, state->n_nodes) {
                const Variant *v = app_find_variant(o->app, n->id);

                sink_open(s, 'e', "st");
                sink_string(s, n->name);
                sink_u64(s, v ? v->digest : o->app->has_definition ? o->app->definition.digest : 0);
                sink_close(s);
        }
        sink_close(s);
}

const Property application_properties[] = {
        { "Name", true, write_name },
        { "Unit", true, write_unit },
        { "Description", false, write_description },
        { "State", false, write_state },
        { "Reason", false, write_reason },
        { "Node", false, write_node },
        { "StartType", false, write_start_type },
        { "FromNode", false, write_from_node },
        { "Epoch", false, write_epoch },
        { "InvocationID", false, write_invocation_id },
        { "Target", false, write_target },
        { "Nodes", false, write_nodes },
        { "FailoverDelayUSec", false, write_failover_delay },
        { "FailoverDelayAuto", false, write_failover_delay_auto },
        { "HandOver", false, write_hand_over },
        { "Permissions", false, write_permissions },
        { "Failures", false, write_failures },
        { "Parts", false, write_parts },
        { "HasParts", false, write_has_parts },
        { "Maintenance", false, write_maintenance },
        { "Held", false, write_held },
        { "RestartNeeded", false, write_restart_needed },
        { "StateChangeTimestamp", false, write_changed },
        { "DeadlineUSec", false, write_deadline },
        { "DefinitionMismatch", false, write_mismatch },
        { "MissingFiles", false, write_missing },
        { "WrongFiles", false, write_wrong },
        { "FileDigests", false, write_digests },
        { "Stale", false, bus_write_stale },
        { "StaleSinceTimestamp", false, bus_write_stale_since },
};
const size_t n_application_properties = ELEMENTSOF(application_properties);

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return property_append(application_properties, n_application_properties, userdata, property, reply);
}

/* ---- methods ---- */

static const BusChange changes[] = {
        { "Start", COMMAND_START, "" },
        { "Stop", COMMAND_STOP, "" },
        { "Restart", COMMAND_RESTART, "" },
        { "Takeover", COMMAND_TAKEOVER, "Nf" },
        { "Permit", COMMAND_PERMIT, "nb" },
        { "ClearFailures", COMMAND_CLEAR, "N" },
};

bool application_method_changes(const char *member)
{
        return bus_change_find(changes, ELEMENTSOF(changes), member);
}

static int method_change(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const BusObject *o = userdata;

        return bus_change(o->server, m, changes, ELEMENTSOF(changes), o->app->name, error);
}

static int find_application(sd_bus *bus, const char *path, const char *interface, void *userdata,
                void **ret_found, sd_bus_error *error)
{
        _cleanup_free_ char *name = NULL;
        BusServer *s = userdata;
        const App *app;
        int r;

        r = bus_path_name(path, BUS_PATH_APPLICATION, &name);
        if (r <= 0)
                return r;
        app = state_find_app(server_state(s), name);
        if (!app)
                return 0;
        application_object_fill(s, app, &s->found);
        *ret_found = &s->found;
        return 1;
}

static char *path_at(const State *state, size_t i)
{
        return application_path(state->apps[i].name);
}

static int enumerate_applications(
                sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
        const State *state = server_state(userdata);

        return bus_paths(state, state->n_apps, path_at, ret_nodes);
}

/* clang-format off */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Restart", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Takeover", SD_BUS_ARGS("s", node, "b", force), SD_BUS_NO_RESULT, method_change,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Permit", SD_BUS_ARGS("s", node, "b", permitted), SD_BUS_NO_RESULT, method_change,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ClearFailures", SD_BUS_ARGS("s", node), SD_BUS_NO_RESULT, method_change,
                                SD_BUS_VTABLE_UNPRIVILEGED),

        BUS_CONSTANT("Name", "s"),
        BUS_CONSTANT("Unit", "s"),
        BUS_CHANGING("Description", "s"),
        BUS_CHANGING("State", "s"),
        BUS_CHANGING("Reason", "s"),
        BUS_CHANGING("Node", "s"),
        BUS_CHANGING("StartType", "s"),
        BUS_CHANGING("FromNode", "s"),
        BUS_CHANGING("Epoch", "t"),
        BUS_CHANGING("InvocationID", "ay"),
        BUS_CHANGING("Target", "s"),
        BUS_CHANGING("Nodes", "aas"),
        BUS_CHANGING("FailoverDelayUSec", "t"),
        BUS_CHANGING("FailoverDelayAuto", "b"),
        BUS_CHANGING("HandOver", "b"),
        BUS_CHANGING("Permissions", "a{sb}"),
        BUS_CHANGING("Failures", "a{st}"),
        BUS_CHANGING("Parts", "a(sssts)"),
        BUS_CHANGING("HasParts", "b"),
        BUS_CHANGING("Maintenance", "b"),
        BUS_CHANGING("Held", "b"),
        BUS_CHANGING("RestartNeeded", "b"),
        BUS_CHANGING("StateChangeTimestamp", "t"),
        BUS_CHANGING("DeadlineUSec", "t"),
        BUS_CHANGING("DefinitionMismatch", "as"),
        BUS_CHANGING("MissingFiles", "as"),
        BUS_CHANGING("WrongFiles", "a{ss}"),
        BUS_CHANGING("FileDigests", "a{st}"),
        BUS_CHANGING("Stale", "b"),
        BUS_CHANGING("StaleSinceTimestamp", "t"),

        SD_BUS_VTABLE_END,
};
/* clang-format on */

int application_object_add(BusServer *s, sd_bus_slot **ret_slots)
{
        int r;

        r = sd_bus_add_fallback_vtable(s->bus, ret_slots, BUS_PATH_APPLICATION, BUS_INTERFACE_APPLICATION,
                        vtable, find_application, s);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(
                        s->bus, ret_slots + 1, BUS_PATH_APPLICATION, enumerate_applications, s);
}
