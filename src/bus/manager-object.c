/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.distro.Manager1: the cluster as this node sees it, and all that can be asked for by name. */

#include "bus/manager-object.h"

#include "bus/call.h"
#include "bus/errors.h"
#include "bus/path.h"

void manager_object_fill(BusServer *s, BusObject *ret)
{
        *ret = (BusObject){ .server = s };
        s->ops.local(s->userdata, &ret->local);
}

/* ---- properties ---- */

static void write_node_name(const BusObject *o, Sink *s)
{
        sink_string(s, o->local.node_name);
}

static void write_node_id(const BusObject *o, Sink *s)
{
        sink_u32(s, engine_node_id(server_engine(o->server)));
}

static void write_version(const BusObject *o, Sink *s)
{
        sink_string(s, o->local.version);
}

static void write_view(const BusObject *o, Sink *s)
{
        ViewId view = engine_view(server_engine(o->server));
        char text[64];

        view_id_format(&view, text, sizeof(text));
        sink_string(s, text);
}

static void write_quorate(const BusObject *o, Sink *s)
{
        sink_bool(s, engine_is_quorate(server_engine(o->server)));
}

static void write_quorum_pending(const BusObject *o, Sink *s)
{
        sink_bool(s, engine_awaits_quorum(server_engine(o->server)));
}

static void write_synced(const BusObject *o, Sink *s)
{
        sink_bool(s, engine_is_synced(server_engine(o->server)));
}

void bus_write_stale(const BusObject *o, Sink *s)
{
        sink_bool(s, engine_is_stale(server_engine(o->server)));
}

void bus_write_stale_since(const BusObject *o, Sink *s)
{
        sink_u64(s, engine_stale_since(server_engine(o->server)));
}

static void write_formed(const BusObject *o, Sink *s)
{
        sink_bool(s, engine_is_formed(server_engine(o->server)));
}

static void write_members(const BusObject *o, Sink *s)
{
        const Engine *e = server_engine(o->server);
        Member members[2 * NODES_MAX]; /* Corosync has no more */
        size_t n = engine_members(e, members, ELEMENTSOF(members));

        sink_open(s, 'a', "s");
        for (size_t i = 0; i < MIN(n, ELEMENTSOF(members)); i++)
                /* While one manager of a node replaces another, both are members. */
                if (i == 0 || members[i].node_id != members[i - 1].node_id)
                        sink_string(s, engine_node_name(e, members[i].node_id));
        sink_close(s);
}

static void write_waiting_for(const BusObject *o, Sink *s)
{
        const char *names[NODES_MAX];
        size_t n = engine_waiting_for(server_engine(o->server), names, ELEMENTSOF(names));

        sink_open(s, 'a', "s");
        for (size_t i = 0; i < MIN(n, ELEMENTSOF(names)); i++)
                sink_string(s, names[i]);
        sink_close(s);
}

static void write_quorum_detail(const BusObject *o, Sink *s)
{
        sink_open(s, 'a', "{sv}");
        FOREACH_ARRAY(q, o->local.quorum, o->local.n_quorum) {
                sink_open(s, 'e', "sv");
                sink_string(s, q->name);
                sink_open(s, 'v', q->is_flag ? "b" : "t");
                if (q->is_flag)
                        sink_bool(s, q->value != 0);
                else
                        sink_u64(s, q->value);
                sink_close(s);
                sink_close(s);
        }
        sink_close(s);
}

static void write_status(const BusObject *o, Sink *s)
{
        sink_string(s, o->local.status);
}

static void write_token(const BusObject *o, Sink *s)
{
        sink_u64(s, o->local.token_usec);
}

static void write_consensus(const BusObject *o, Sink *s)
{
        sink_u64(s, o->local.consensus_usec);
}

static void write_rebooted(const BusObject *o, Sink *s)
{
        sink_u64(s, o->local.rebooted_usec);
}

static void write_rebooted_why(const BusObject *o, Sink *s)
{
        sink_string(s, strempty(o->local.rebooted_why));
}

static void write_file_warnings(const BusObject *o, Sink *s)
{
        sink_u32(s, o->local.n_file_warnings);
}

const Property manager_properties[] = {
        { "NodeName", true, write_node_name },
        { "NodeId", true, write_node_id },
        { "Version", true, write_version },
        { "View", false, write_view },
        { "Quorate", false, write_quorate },
        { "QuorumPending", false, write_quorum_pending },
        { "Synced", false, write_synced },
        { "Stale", false, bus_write_stale },
        { "StaleSinceTimestamp", false, bus_write_stale_since },
        { "Formed", false, write_formed },
        { "Members", false, write_members },
        { "WaitingFor", false, write_waiting_for },
        { "Status", true, write_status }, /* it changes with each start: clients that want it ask */
        { "QuorumDetail", false, write_quorum_detail },
        { "TokenUSec", false, write_token },
        { "ConsensusUSec", false, write_consensus },
        { "FileWarnings", false, write_file_warnings },
        { "SelfRebootTimestamp", false, write_rebooted },
        { "SelfRebootReason", false, write_rebooted_why },
};
const size_t n_manager_properties = ELEMENTSOF(manager_properties);

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        BusObject o;

        manager_object_fill(userdata, &o);
        return property_append(manager_properties, n_manager_properties, &o, property, reply);
}

/* ---- methods that read ---- */

static void append_application(BusServer *s, const App *app, Sink *reply)
{
        _cleanup_free_ char *path = application_path(app->name);
        AppStatus status;

        engine_app_status(server_engine(s), app, &status);
        sink_open(reply, 'r', "ssssto");
        sink_string(reply, app->name);
        sink_string(reply, app_state_to_string(status.state));
        sink_string(reply, status.node);
        sink_string(reply, start_type_to_string(status.start_type));
        sink_u64(reply, status.epoch);
        sink_path(reply, path);
        sink_close(reply);
}

static void append_node(BusServer *s, const Node *node, Sink *reply)
{
        _cleanup_free_ char *path = node_path(node->name);

        sink_open(reply, 'r', "suso");
        sink_string(reply, node->name);
        sink_u32(reply, node->id);
        sink_string(reply, node_state_to_string(engine_node_state(server_engine(s), node)));
        sink_path(reply, path);
        sink_close(reply);
}

/* The reply is one array. It is sent by end_list(), if all of it was written. */
static void begin_list(sd_bus_message *m, const char *element, Sink *ret)
{
        *ret = (Sink){};
        ret->error = MIN(sd_bus_message_new_method_return(m, &ret->message), 0);
        sink_open(ret, 'a', element);
}

static int end_list(Sink *reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = reply->message;

        sink_close(reply);
        return reply->error ? reply->error : sd_bus_send(NULL, message, NULL);
}

static int method_list_applications(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        BusServer *s = userdata;
        const State *state = server_state(s);
        Sink reply;

        begin_list(m, "(ssssto)", &reply);
        FOREACH_ARRAY(app, state->apps, state->n_apps)
                append_application(s, app, &reply);
        return end_list(&reply);
}

static int method_list_nodes(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        BusServer *s = userdata;
        const State *state = server_state(s);
        Sink reply;

        begin_list(m, "(suso)", &reply);
        FOREACH_ARRAY(node, state->nodes, state->n_nodes)
                append_node(s, node, &reply);
        return end_list(&reply);
}

static int read_application(sd_bus_message *m, BusServer *s, const App **ret, sd_bus_error *error)
{
        const char *name;
        int r;

        r = bus_read_app_name(m, false, &name, error);
        if (r < 0)
                return r;
        *ret = state_find_app(server_state(s), name);
        if (*ret)
                return 0;
        (void) bus_error_set(error, COMMAND_NO_SUCH_APPLICATION, "There is no application '%s'.",
                        name); /* is the reply */
        return -ENOENT;
}

static int method_get_application(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_free_ char *path = NULL;
        const App *app;
        int r;

        r = read_application(m, userdata, &app, error);
        if (r < 0)
                return r;
        path = application_path(app->name);
        return path ? sd_bus_reply_method_return(m, "o", path) : -ENOMEM;
}

static int method_get_node(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_free_ char *path = NULL;
        const char *name;
        int r;

        r = bus_read_node_name(m, false, &name, error);
        if (r < 0)
                return r;
        if (!state_find_node_name(server_state(userdata), name))
                return bus_error_set(error, COMMAND_NO_SUCH_NODE, "There is no node '%s'.", name);
        path = node_path(name);
        return path ? sd_bus_reply_method_return(m, "o", path) : -ENOMEM;
}

/* Why it is nowhere, or not surely there: in the words of its status. */
static int locate_error(const Engine *e, const App *app, const AppStatus *status, sd_bus_error *error)
{
        if (status->state == APP_UNKNOWN)
                return bus_error_set(error, COMMAND_NO_QUORUM,
                                "'%s' does not run on this node, which %s, so that it does not know about "
                                "others.",
                                app->name,
                                engine_is_quorate(e) ? "is not in step with its group yet" : "has no quorum");
        if (status->state == APP_STARTING || status->state == APP_STOPPING)
                return bus_error_set(error, COMMAND_NOT_RUNNING, "'%s' is being %s on node '%s'.", app->name,
                                status->state == APP_STARTING ? "started" : "stopped", status->node);
        if (status->state == APP_BLOCKED) /* it may run nevertheless */
                return bus_error_set(error, COMMAND_NOT_RUNNING, "'%s' is blocked: %s.", app->name,
                                status->reason);
        return bus_error_set(error, COMMAND_NOT_RUNNING, "'%s' does not run.", app->name);
}

/* Where its status says that it runs: one truth for both. */
static int method_locate(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_free_ char *unit = NULL;
        BusServer *s = userdata;
        const Engine *e = server_engine(s);
        const App *app;
        AppStatus status;
        int r;

        r = read_application(m, s, &app, error);
        if (r < 0)
                return r;
        engine_app_status(e, app, &status);
        if (isempty(status.node) || (status.state != APP_RUNNING && status.state != APP_ORPHAN))
                return locate_error(e, app, &status, error);
        unit = application_unit(app->name);
        if (!unit)
                return -ENOMEM;
        return sd_bus_reply_method_return(m, "sst", status.node, unit, status.epoch);
}

static void append_explanation(BusServer *s, const App *app, const Node *node, const char *name, Sink *reply)
{
        char why[TEXT_MAX] = "not in Corosync's nodelist";
        bool eligible = node && engine_explain(server_engine(s), app, node, why, sizeof(why));

        sink_open(reply, 'r', "sbs");
        sink_string(reply, name);
        sink_bool(reply, eligible);
        sink_string(reply, why);
        sink_close(reply);
}

static int method_explain(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        BusServer *s = userdata;
        const State *state = server_state(s);
        const App *app;
        Sink reply;
        int r;

        r = read_application(m, s, &app, error);
        if (r < 0)
                return r;
        begin_list(m, "(sbs)", &reply);
        FOREACH_ARRAY(n, app->definition.nodes, app->definition.n_nodes)
                append_explanation(s, app, state_find_node_name(state, n->name), n->name, &reply);
        return end_list(&reply);
}

static void append_file(void *to, const char *app, uint64_t digest, bool right)
{
        Sink *reply = to;

        sink_open(reply, 'r', "stb");
        sink_string(reply, app);
        sink_u64(reply, digest);
        sink_bool(reply, right);
        sink_close(reply);
}

static int method_list_files(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        BusServer *s = userdata;
        Sink reply;

        begin_list(m, "(stb)", &reply);
        s->ops.files(s->userdata, append_file, &reply);
        return end_list(&reply);
}

static int method_get_state(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(byte_writer_done) ByteWriter w = { 0 };
        BusServer *s = userdata;
        int r;

        state_encode(server_state(s), STATE_FULL, s->ops.now(s->userdata), &w);
        if (w.error)
                return w.error;
        r = sd_bus_message_new_method_return(m, &message);
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(message, 'y', w.data, w.size_bytes);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, message, NULL);
}

/* ---- methods that change ---- */

static const BusChange changes[] = {
        { "StartApplication", COMMAND_START, "a" },
        { "StopApplication", COMMAND_STOP, "a" },
        { "RestartApplication", COMMAND_RESTART, "a" },
        { "TakeoverApplication", COMMAND_TAKEOVER, "aNf" },
        { "Permit", COMMAND_PERMIT, "anb" },
        { "SetStandby", COMMAND_STANDBY, "nb" },
        { "SetMaintenance", COMMAND_MAINTENANCE, "Ab" },
        { "ClearFailures", COMMAND_CLEAR, "AN" },
        { "Form", COMMAND_FORM, "" },
        { "ForgetNode", COMMAND_FORGET, "n" },
};

bool manager_method_changes(const char *member)
{
        return bus_change_find(changes, ELEMENTSOF(changes), member) || streq(member, "Reload") ||
               streq(member, "StopLocal");
}

static int method_change(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        return bus_change(userdata, m, changes, ELEMENTSOF(changes), NULL, error);
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Command command = { .kind = COMMAND_RELOAD };
        int all, r;

        r = sd_bus_message_read(m, "b", &all);
        if (r < 0)
                return r;
        return bus_call_begin(userdata, m, all ? CALL_COMMAND : CALL_RELOAD, &command, error);
}

static int method_stop_local(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Command command = { .kind = COMMAND_STOP };
        const char *app;
        int r;

        r = bus_read_app_name(m, false, &app, error);
        if (r < 0)
                return r;
        command.app = (char *) app;
        return bus_call_begin(userdata, m, CALL_STOP_LOCAL, &command, error);
}

/* Unprivileged throughout: reading is open, and for a change bus_call_begin() asks without blocking, where
 * sd-bus's own check would wait for the bus daemon. */
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

/* clang-format off */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_METHOD_WITH_ARGS("ListApplications", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(ssssto)", applications), method_list_applications, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListNodes", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(suso)", nodes), method_list_nodes, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetApplication", SD_BUS_ARGS("s", application),
                                SD_BUS_RESULT("o", path), method_get_application, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetNode", SD_BUS_ARGS("s", node),
                                SD_BUS_RESULT("o", path), method_get_node, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Locate", SD_BUS_ARGS("s", application),
                                SD_BUS_RESULT("s", node, "s", unit, "t", epoch), method_locate, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", application),
                                SD_BUS_RESULT("a(sbs)", nodes), method_explain, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListFiles", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(stb)", files), method_list_files, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetState", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("ay", state), method_get_state, OPEN),

        SD_BUS_METHOD_WITH_ARGS("StartApplication", SD_BUS_ARGS("s", application),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("StopApplication", SD_BUS_ARGS("s", application),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RestartApplication", SD_BUS_ARGS("s", application),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("TakeoverApplication", SD_BUS_ARGS("s", application, "s", node, "b", force),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Permit", SD_BUS_ARGS("s", application, "s", node, "b", permitted),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("SetStandby", SD_BUS_ARGS("s", node, "b", standby),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("SetMaintenance", SD_BUS_ARGS("s", application, "b", maintenance),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ClearFailures", SD_BUS_ARGS("s", application, "s", node),
                                SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_ARGS("b", all), SD_BUS_NO_RESULT, method_reload, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Form", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ForgetNode", SD_BUS_ARGS("s", node), SD_BUS_NO_RESULT, method_change, OPEN),
        SD_BUS_METHOD_WITH_ARGS("StopLocal", SD_BUS_ARGS("s", application),
                                SD_BUS_NO_RESULT, method_stop_local, OPEN),

        SD_BUS_SIGNAL_WITH_ARGS("ApplicationStarted",
                                SD_BUS_ARGS("s", application, "s", node, "s", start_type, "s", from_node, "t", epoch), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ApplicationStopped", SD_BUS_ARGS("s", application, "s", node, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("CopyStopped", SD_BUS_ARGS("s", application, "s", node, "t", epoch, "s", kept_on), 0),
        SD_BUS_SIGNAL_WITH_ARGS("NodeJoined", SD_BUS_ARGS("s", node, "u", id), 0),
        SD_BUS_SIGNAL_WITH_ARGS("NodeLeft", SD_BUS_ARGS("s", node, "u", id, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("QuorumChanged", SD_BUS_ARGS("b", quorate), 0),

        BUS_CONSTANT("NodeName", "s"),
        BUS_CONSTANT("NodeId", "u"),
        BUS_CONSTANT("Version", "s"),
        BUS_CHANGING("View", "s"),
        BUS_CHANGING("Quorate", "b"),
        BUS_CHANGING("QuorumPending", "b"),
        BUS_CHANGING("Synced", "b"),
        BUS_CHANGING("Stale", "b"),
        BUS_CHANGING("StaleSinceTimestamp", "t"),
        BUS_CHANGING("Formed", "b"),
        BUS_CHANGING("Members", "as"),
        BUS_CHANGING("WaitingFor", "as"),
        SD_BUS_PROPERTY("Status", "s", get_property, 0, 0),
        BUS_CHANGING("QuorumDetail", "a{sv}"),
        BUS_CHANGING("TokenUSec", "t"),
        BUS_CHANGING("ConsensusUSec", "t"),
        BUS_CHANGING("FileWarnings", "u"),
        BUS_CONSTANT("SelfRebootTimestamp", "t"),
        BUS_CONSTANT("SelfRebootReason", "s"),

        SD_BUS_VTABLE_END,
};
/* clang-format on */

int manager_object_add(BusServer *s, sd_bus_slot **ret_slots)
{
        return sd_bus_add_object_vtable(s->bus, ret_slots, BUS_PATH, BUS_INTERFACE_MANAGER, vtable, s);
}
