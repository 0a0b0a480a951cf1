/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Carries out what the lines of a script ask for. */

#include <stdarg.h>

#include "base/array.h"
#include "world/act.h"

typedef struct Asked {
        uint64_t token;
        size_t act;
} Asked;

struct Script {
        FILE *trace;
        World *world;
        bool own_world;
        Scope scope;
        Act *acts; /* all lines that were read */
        size_t n_acts, n_acts_allocated;
        Asked *unexpected; /* commands of which no answer is expected */
        size_t n_unexpected, n_unexpected_allocated;
        WorldConfig config;
        struct NameList {
                char **names; /* of its act */
                size_t n;
        } lists[ACT_OPTIONAL + 1];
        uint64_t token; /* of the last command */
        size_t at;      /* what is being carried out */
        char *error;
        size_t error_size_bytes;
};

_printf_(3, 4) static int refuse(Script *s, int r, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(s->error, s->error_size_bytes, format, ap);
        va_end(ap);
        return r;
}

int script_new(FILE *trace, Script **ret)
{
        Script *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->trace = trace;
        s->own_world = true;
        *ret = s;
        return 0;
}

static int learn_world(Scope *scope, const World *w)
{
        for (uint32_t i = 1; i <= world_n_nodes(w); i++) {
                const Engine *e = world_engine(w, i);
                const State *state = e ? engine_state(e) : NULL;
                int r = scope_add_node(scope, world_node_name(w, i));

                for (size_t k = 0; state && k < state->n_apps && r == 0; k++)
                        r = scope_add_app(scope, state->apps[k].name);
                if (r < 0)
                        return r;
        }
        scope->happens = true;
        return 0;
}

int script_new_for(World *w, Script **ret)
{
        _cleanup_(script_freep) Script *s = NULL;
        int r = script_new(NULL, &s);

        if (r == 0)
                r = learn_world(&s->scope, w);
        if (r < 0)
                return r;
        s->own_world = false;
        s->world = w;
        *ret = TAKE_PTR(s);
        return 0;
}

Script *script_free(Script *s)
{
        if (!s)
                return NULL;
        if (s->own_world)
                world_free(s->world);
        scope_done(&s->scope);
        for (size_t i = 0; i < s->n_acts; i++)
                act_done(s->acts + i);
        free(s->acts);
        free(s->unexpected);
        free(s);
        return NULL;
}

void script_set_reader(Script *s, ScriptReader reader, void *userdata)
{
        s->scope.reader = reader;
        s->scope.userdata = userdata;
}

World *script_world(Script *s)
{
        return s->world;
}

const char *script_app(const Script *s, size_t i)
{
        return i < s->scope.n_apps ? s->scope.apps[i] : NULL;
}

/* ---- what the world is like ---- */

static void describe(Script *s, const Act *a)
{
        WorldConfig *c = &s->config;

        if (a->kind == ACT_NODELIST || a->kind == ACT_MANDATORY || a->kind == ACT_OPTIONAL)
                s->lists[a->kind] = (struct NameList){ a->names, a->n_names };
        else if (a->kind == ACT_QUORUM)
                c->quorum = a->quorum;
        else if (a->kind == ACT_POLICY)
                c->policy = a->policy;
        else if (a->kind == ACT_GRACE)
                c->grace_usec = a->usec;
        else if (a->kind == ACT_SYNC_TIMEOUT)
                c->sync_timeout_usec = a->usec;
        else if (a->kind == ACT_TOKEN)
                c->token_usec = a->usec;
        else if (a->kind == ACT_CONSENSUS)
                c->consensus_usec = a->usec;
}

static void take_list(const struct NameList *l, const char *const **names, size_t *n)
{
        *names = (const char *const *) l->names;
        *n = l->n;
}

/* A list may have come before the nodes did. */
static int check_names(Script *s, const struct NameList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (scope_find_node(&s->scope, l->names[i]) == 0)
                        return refuse(s, -EINVAL, "there is no node '%s'", l->names[i]);
        return 0;
}

static int need_world(Script *s)
{
        WorldConfig *c = &s->config;
        int r;

        if (s->world)
                return 0;
        r = check_names(s, &s->lists[ACT_MANDATORY]);
        if (r == 0)
                r = check_names(s, &s->lists[ACT_OPTIONAL]);
        if (r < 0)
                return r;
        take_list(&s->lists[ACT_NODELIST], &c->nodes, &c->n_nodes);
        take_list(&s->lists[ACT_MANDATORY], &c->sync_mandatory, &c->n_sync_mandatory);
        take_list(&s->lists[ACT_OPTIONAL], &c->sync_optional, &c->n_sync_optional);
        c->trace = s->trace;
        return world_new(c, &s->world);
}

/* ---- what happens ---- */

static int do_nodes(Script *s, const Act *a)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                a->on_node(s->world, a->nodes[i]);
        return 0;
}

static int do_node_for(Script *s, const Act *a)
{
        a->on_node_for(s->world, a->nodes[0], a->usec);
        return 0;
}

static int do_file(Script *s, const Act *a)
{
        for (size_t i = 0; i < a->n_nodes; i++) {
                int r = world_set_definition(s->world, a->nodes[i], &a->definition);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int do_drop(Script *s, const Act *a)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                world_drop_definition(s->world, a->nodes[i], a->app);
        return 0;
}

static int do_version(Script *s, const Act *a)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                world_set_version(s->world, a->nodes[i], a->version);
        return 0;
}

static int do_timing(Script *s, const Act *a)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                world_set_timing(s->world, a->nodes[i], a->usec, a->stop_usec, 0);
        return 0;
}

static int do_disk(Script *s, const Act *a)
{
        world_disk_fail(s->world, a->nodes[0], a->flag);
        return 0;
}

static int do_device(Script *s, const Act *a)
{
        world_device_fail(s->world, a->flag);
        return 0;
}

static int do_cut(Script *s, const Act *a)
{
        world_partition(s->world, a->part);
        return 0;
}

static int do_heal(Script *s, const Act *a)
{
        (void) a;
        world_heal(s->world);
        return 0;
}

static int do_behave(Script *s, const Act *a)
{
        world_unit_behave(s->world, a->nodes[0], a->app, a->fault, a->usec, a->stop_usec);
        return 0;
}

static int do_parts(Script *s, const Act *a)
{
        return world_set_parts(s->world, a->app, a->part_kinds, a->n_part_kinds);
}

static int do_part(Script *s, const Act *a)
{
        if (a->flag)
                world_part_dies(s->world, a->nodes[0], a->app);
        else
                world_part_behave(s->world, a->nodes[0], a->app, a->part_fault, a->usec, a->stop_usec);
        return 0;
}

static int do_copies(Script *s, const Act *a)
{
        uint32_t nodes[NODES_MAX];
        size_t n = world_running(s->world, a->app, nodes, ELEMENTSOF(nodes));

        if (n == 0)
                return refuse(s, -EDOM, "%s runs nowhere", a->app);
        for (size_t i = 0; i < n; i++)
                a->on_copy(s->world, nodes[i], a->app);
        return 0;
}

/* Where an administrator would go: a node that is in step, else one with a manager. */
static uint32_t find_asked(const World *w)
{
        uint32_t found = 0;

        for (uint32_t i = 1; i <= world_n_nodes(w); i++) {
                const Engine *e = world_engine(w, i);

                if (e && engine_is_synced(e) && engine_is_quorate(e))
                        return i;
                if (e && found == 0)
                        found = i;
        }
        return found;
}

static int do_command(Script *s, const Act *a)
{
        uint32_t node = a->n_nodes > 0 ? a->nodes[0] : find_asked(s->world);
        int r = node == 0 ? -ENOTCONN : world_command(s->world, node, &a->command, &s->token);

        if (r == -ENOTCONN)
                return refuse(s, -EDOM, "no manager runs on %s",
                                node ? world_node_name(s->world, node) : "any node");
        if (r < 0)
                return r;
        if (ARRAY_GROW(s->unexpected, s->n_unexpected, s->n_unexpected_allocated) < 0)
                return -ENOMEM;
        s->unexpected[s->n_unexpected++] = (Asked){ s->token, s->at };
        return 0;
}

static int do_stop_local(Script *s, const Act *a)
{
        int r = world_stop_local(s->world, a->nodes[0], a->app);

        return r == -ENOTCONN ? refuse(s, -EDOM, "no manager runs on %s",
                                                world_node_name(s->world, a->nodes[0]))
                              : r;
}

static int do_wait(Script *s, const Act *a)
{
        return world_run_for(s->world, a->usec);
}

/* ---- what must be so ---- */

static void describe_copies(
                const Script *s, const Act *a, const uint32_t *nodes, size_t n, char *ret, size_t size_bytes)
{
        (void) snprintf(ret, size_bytes, "%s", n > 0 ? "" : " no node");
        for (size_t i = 0, at = 0; i < n && at < size_bytes; i++) {
                const char *type = start_type_to_string(world_unit_start_type(s->world, nodes[i], a->app));

                at += (size_t) snprintf(ret + at, size_bytes - at, " %s%s%s",
                                world_node_name(s->world, nodes[i]), *type ? " " : "", type);
        }
}

static int expect_running(Script *s, const Act *a)
{
        uint32_t nodes[NODES_MAX];
        size_t n = world_running(s->world, a->app, nodes, ELEMENTSOF(nodes));
        char text[512];
        bool so = a->n_nodes == n;

        for (size_t i = 0; i < a->n_nodes; i++)
                so = so && world_unit_state(s->world, a->nodes[i], a->app) == UNIT_RUNNING;
        for (size_t i = 0; i < n && a->start_type != START_NONE; i++)
                so = so && world_unit_start_type(s->world, nodes[i], a->app) == a->start_type;
        if (so)
                return 0;
        describe_copies(s, a, nodes, n, text, sizeof(text));
        return refuse(s, -EDOM, "%s runs on:%s", a->app, text);
}

static int expect_left(Script *s, const Act *a)
{
        uint32_t nodes[NODES_MAX];
        size_t n = world_running(s->world, a->app, nodes, ELEMENTSOF(nodes));
        char text[512];
        bool so = a->n_nodes == n;

        for (size_t i = 0; i < a->n_nodes; i++)
                so = so && world_unit_epoch(s->world, a->nodes[i], a->app) != 0 &&
                     world_unit_state(s->world, a->nodes[i], a->app) != UNIT_RUNNING;
        if (so)
                return 0;
        describe_copies(s, a, nodes, n, text, sizeof(text));
        return refuse(s, -EDOM, "%s is on:%s", a->app, text);
}

static int expect_nowhere(Script *s, const Act *a)
{
        return world_running(s->world, a->app, NULL, 0) == 0 ? 0 : refuse(s, -EDOM, "%s runs", a->app);
}

static const Engine *find_engine(const Script *s, const Act *a)
{
        if (a->n_nodes > 0)
                return world_engine(s->world, a->nodes[0]);
        for (uint32_t i = 1; i <= world_n_nodes(s->world); i++) {
                const Engine *e = world_engine(s->world, i);

                if (e && engine_is_synced(e))
                        return e;
        }
        return NULL;
}

static int expect_state(Script *s, const Act *a)
{
        const Engine *e = find_engine(s, a);
        const App *app = e ? state_find_app(engine_state(e), a->app) : NULL;
        AppStatus status;

        if (!app)
                return refuse(s, -EDOM, "no engine there knows %s", a->app);
        engine_app_status(e, app, &status);
        if (status.state != a->state)
                return refuse(s, -EDOM, "%s is %s: %s", a->app, app_state_to_string(status.state),
                                status.reason);
        return 0;
}

static const char *error_name(CommandError error)
{
        return error == COMMAND_OK ? "ok" : command_error_to_string(error);
}

static int expect_reply(Script *s, const Act *a)
{
        const char *text;
        CommandError error;

        if (s->n_unexpected > 0 && s->unexpected[s->n_unexpected - 1].token == s->token)
                s->n_unexpected--;
        if (!world_reply(s->world, s->token, &error, &text))
                return refuse(s, -EDOM, "the command has not been answered");
        return error == a->error ? 0 : refuse(s, -EDOM, "the answer is %s: %s", error_name(error), text);
}

static int expect_node(Script *s, const Act *a)
{
        static const char *const names[_EXPECTED_NODE_MAX] = { "synced", "unsynced", "no-manager", "off" };
        uint32_t node = a->nodes[0];
        ExpectedNode is = !world_node_is_up(s->world, node)                ? EXPECT_OFF
                          : !world_manager_is_up(s->world, node)           ? EXPECT_NO_MANAGER
                          : engine_is_synced(world_engine(s->world, node)) ? EXPECT_SYNCED
                                                                           : EXPECT_UNSYNCED;

        return is == a->expected_node ? 0
                                      : refuse(s, -EDOM, "node %s is %s", world_node_name(s->world, node),
                                                        names[is]);
}

static int expect_reboots(Script *s, const Act *a)
{
        unsigned n = world_reboots(s->world, a->nodes[0]);

        return n == a->n_reboots ? 0
                                 : refuse(s, -EDOM, "host %s has ended by itself %u times",
                                                   world_node_name(s->world, a->nodes[0]), n);
}

/* ---- one line ---- */

static int (*const deeds[_ACT_KIND_MAX])(Script *s, const Act *a) = {
        [ACT_FILE] = do_file,
        [ACT_DROP] = do_drop,
        [ACT_VERSION] = do_version,
        [ACT_TIMING] = do_timing,
        [ACT_NODES] = do_nodes,
        [ACT_NODE_FOR] = do_node_for,
        [ACT_CUT] = do_cut,
        [ACT_HEAL] = do_heal,
        [ACT_DISK] = do_disk,
        [ACT_DEVICE] = do_device,
        [ACT_COPIES] = do_copies,
        [ACT_BEHAVE] = do_behave,
        [ACT_PARTS] = do_parts,
        [ACT_PART] = do_part,
        [ACT_COMMAND] = do_command,
        [ACT_STOP_LOCAL] = do_stop_local,
        [ACT_WAIT] = do_wait,
        [ACT_EXPECT_RUNNING] = expect_running,
        [ACT_EXPECT_LEFT] = expect_left,
        [ACT_EXPECT_NOWHERE] = expect_nowhere,
        [ACT_EXPECT_STATE] = expect_state,
        [ACT_EXPECT_REPLY] = expect_reply,
        [ACT_EXPECT_NODE] = expect_node,
        [ACT_EXPECT_REBOOTS] = expect_reboots,
};

static int carry_out(Script *s, const Act *a)
{
        int r;

        if (!deeds[a->kind]) {
                describe(s, a);
                return 0;
        }
        r = need_world(s);
        if (r < 0)
                return r;
        if (a->kind < ACT_WAIT)
                world_remark(s->world, "%s", a->line);
        return deeds[a->kind](s, a);
}

int script_read(Script *s, const char *line, char *ret_error, size_t size_bytes)
{
        int r;

        (void) snprintf(ret_error, size_bytes, "%s", strerror(ENOMEM));
        if (ARRAY_GROW(s->acts, s->n_acts, s->n_acts_allocated) < 0)
                return -ENOMEM;
        r = act_parse(&s->scope, line, s->acts + s->n_acts, ret_error, size_bytes);
        return r < 0 ? r : (int) s->n_acts++;
}

int script_read_end(const Script *s, size_t *ret_line, char *ret_error, size_t size_bytes)
{
        const Act *strange = NULL;

        for (size_t i = 0; i <= s->n_acts; i++) {
                const Act *a = i < s->n_acts ? s->acts + i : NULL;
                bool answers = a && a->kind == ACT_EXPECT_REPLY;

                if (strange && (!a || a->kind == ACT_COMMAND || (answers && a->error == COMMAND_OK))) {
                        (void) snprintf(ret_error, size_bytes, "%s, and no refusal is expected",
                                        strange->strange);
                        *ret_line = (size_t) (strange - s->acts);
                        return -EINVAL;
                }
                if (answers)
                        strange = NULL;
                if (a && a->strange)
                        strange = a;
        }
        return 0;
}

const char *script_warning(const Script *s, size_t line)
{
        return line < s->n_acts ? s->acts[line].warning : NULL;
}

int script_run(Script *s, size_t line, char *ret_error, size_t size_bytes)
{
        s->error = ret_error;
        s->error_size_bytes = size_bytes;
        s->at = line;
        (void) snprintf(ret_error, size_bytes, "%s", strerror(EINVAL));
        return carry_out(s, s->acts + line);
}

int script_line(Script *s, const char *line, char *ret_error, size_t size_bytes)
{
        int r = script_read(s, line, ret_error, size_bytes);

        return r < 0 ? r : script_run(s, (size_t) r, ret_error, size_bytes);
}

int script_check_answers(const Script *s, size_t *ret_line, char *ret_error, size_t size_bytes)
{
        for (size_t i = 0; i < s->n_unexpected; i++) {
                const char *text;
                CommandError error;

                if (!world_reply(s->world, s->unexpected[i].token, &error, &text) || error == COMMAND_OK ||
                                error == COMMAND_NOT_COMMITTED) /* which was carried out */
                        continue;
                *ret_line = s->unexpected[i].act;
                (void) snprintf(ret_error, size_bytes, "refused, and no line expects it: %s: %s",
                                command_error_to_string(error), strempty(text));
                return -EDOM;
        }
        return 0;
}
