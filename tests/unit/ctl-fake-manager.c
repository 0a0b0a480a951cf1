/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A manager of canned data on a private bus, for the tests of distroctl: three nodes, some applications, and
 * for each way in which a command can end an application that ends so. `ctl-fake-manager SCENARIO` prints
 * "ready" when it has the name.
 *
 * Scenarios: well, noquorum, unformed, clean (only what runs). In all of them time is the host's; deadlines
 * are two hours away. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/macros.h"
#include "engine/encode.h"
#include "engine/message.h"
#include "engine/state.h"

#define ROOT "/org/distro/Manager1"
#define STEP_USEC (60 * USEC_PER_MSEC)

typedef struct FakeApp {
        const char *name, *description, *state, *reason, *node, *start_type, *from_node, *target;
        uint64_t epoch, left_usec, delay_usec;
        bool delay_auto, waits, maintenance, held, restart_needed;
        const char *failed_on; /* NULL: none */
        const char *forbidden; /* NULL: none */
        const char *mismatch;  /* NULL: none */

        char path[128];
        sd_bus_slot *slot;
        /* What happens next, after STEP_USEC. */
        const char *next_state, *next_node, *next_reason, *next_failed_on;
        bool next_epoch;
} FakeApp;

typedef struct FakeNode {
        const char *name, *state;
        uint32_t id;
        bool standby;
        const char *record;
        char path[128];
        sd_bus_slot *slot;
} FakeNode;

static FakeApp apps[] = {
        { .name = "db",
                        .description = "The database",
                        .state = "waiting",
                        .reason = "def was lost",
                        .start_type = "normal",
                        .from_node = "def",
                        .target = "started",
                        .epoch = 7,
                        .left_usec = 7200 * USEC_PER_SEC,
                        .delay_usec = 5 * USEC_PER_SEC },
        { .name = "web",
                        .description = "The web server",
                        .state = "running",
                        .node = "abc",
                        .start_type = "takeover",
                        .from_node = "bcd",
                        .target = "started",
                        .epoch = 42,
                        .held = true,
                        .failed_on = "bcd",
                        .forbidden = "def" },
        { .name = "mail",
                        .state = "blocked",
                        .reason = "no eligible node",
                        .target = "started",
                        .epoch = 3,
                        .delay_usec = USEC_INFINITY },
        { .name = "idle",
                        .state = "stopped",
                        .target = "stopped",
                        .delay_usec = 2361250,
                        .delay_auto = true },
        { .name = "bad", .state = "stopped", .target = "stopped" },
        { .name = "stuck", .state = "stopped", .target = "stopped" },
        { .name = "silent",
                        .state = "running",
                        .node = "bcd",
                        .target = "started",
                        .epoch = 5,
                        .start_type = "normal",
                        .restart_needed = true },
        { .name = "kept",
                        .state = "running",
                        .node = "bcd",
                        .target = "started",
                        .epoch = 6,
                        .maintenance = true,
                        .start_type = "normal",
                        .mismatch = "def" },
};

static FakeNode nodes[] = {
        { .name = "abc", .state = "online", .id = 1, .record = "unwritable" },
        { .name = "bcd", .state = "online", .id = 2, .standby = true, .record = "late" },
        { .name = "def", .state = "offline", .id = 3, .record = "late" },
};

static const char *scenario;
static sd_event *event;

static uint64_t clock_now(clockid_t id)
{
        struct timespec t;

        clock_gettime(id, &t);
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

static FakeApp *find_app(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(apps); i++)
                if (streq(apps[i].name, name))
                        return apps + i;
        return NULL;
}

static const FakeNode *find_node(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++)
                if (streq(nodes[i].name, name))
                        return nodes + i;
        return NULL;
}

/* ---- properties ---- */

/* Stale and StaleSinceTimestamp, of each object. */
static int get_known(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        bool lost = streq(scenario, "noquorum"), never = streq(scenario, "unformed");

        if (streq(property, "Stale"))
                return sd_bus_message_append(reply, "b", (int) (lost || never));
        return sd_bus_message_append(reply, "t",
                        lost    ? UINT64_C(1767323045) * USEC_PER_SEC
                        : never ? USEC_INFINITY
                                : 0);
}

static int get_manager(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        bool well = streq(scenario, "well") || streq(scenario, "clean");

        if (streq(property, "NodeName"))
                return sd_bus_message_append(reply, "s", "abc");
        if (streq(property, "NodeId"))
                return sd_bus_message_append(reply, "u", (uint32_t) 1);
        if (streq(property, "View"))
                return sd_bus_message_append(reply, "s", "40.2");
        if (streq(property, "Quorate"))
                return sd_bus_message_append(reply, "b", (int) !streq(scenario, "noquorum"));
        if (streq(property, "Synced") || streq(property, "Formed"))
                return sd_bus_message_append(reply, "b", (int) !streq(scenario, "unformed"));
        if (streq(property, "Members"))
                return well ? sd_bus_message_append(reply, "as", 2, "abc", "bcd")
                            : sd_bus_message_append(reply, "as", 1, "abc");
        if (streq(property, "Version") || streq(property, "SelfRebootReason"))
                return sd_bus_message_append(reply, "s", *property == 'V' ? "0.1.0" : "web did not end");
        if (streq(property, "Status"))
                return sd_bus_message_append(reply, "s", "Waiting for Corosync: cpg: busy");
        if (streq(property, "WaitingFor"))
                return streq(scenario, "unformed") ? sd_bus_message_append(reply, "as", 2, "bcd", "def")
                                                   : sd_bus_message_append(reply, "as", 0);
        if (streq(property, "QuorumDetail"))
                return sd_bus_message_append(reply, "a{sv}", 4, "TotalVotes", "t",
                                well ? UINT64_C(2) : UINT64_C(1), "ExpectedVotes", "t", UINT64_C(3), "Quorum",
                                "t", UINT64_C(2), "LastManStanding", "b", (int) well);
        if (streq(property, "FileWarnings"))
                return sd_bus_message_append(reply, "u", (uint32_t) (streq(scenario, "well") ? 2 : 0));
        return sd_bus_message_append(reply, "t",
                        *property == 'C'
                                        ? UINT64_C(1980000) /* ConsensusUSec, TokenUSec, SelfRebootTimestamp */
                        : *property == 'T' ? UINT64_C(1650000)
                                           : streq(scenario, "rebooted") * UINT64_C(1700000000000000));
}

static int get_app_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeApp *a = userdata;
        char unit[128];
        const struct {
                const char *property, *value;
        } values[] = {
                { "Name", a->name },
                { "Description", a->description },
                { "State", streq(scenario, "noquorum") && streq(a->name, "kept") ? "unknown" : a->state },
                { "Reason", a->reason },
                { "Node", a->node },
                { "StartType", a->start_type },
                { "FromNode", a->from_node },
                { "Target", a->target },
                { "Unit", unit },
        };

        snprintf(unit, sizeof(unit), "distro-app-%s.service", a->name);
        /* Whoever asked for a start has its answer and looks at what becomes of it; the signal has no target. */
        if (streq(a->name, "stuck") && streq(property, "Target") && streq(a->target, "started"))
                puts("stuck is looked at");
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                if (streq(values[i].property, property))
                        return sd_bus_message_append(reply, "s", strempty(values[i].value));
        return -ENOENT;
}

static int get_app_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeApp *a = userdata;
        uint64_t value = streq(property, "Epoch")               ? a->epoch
                         : streq(property, "FailoverDelayUSec") ? a->delay_usec
                         : streq(property, "StateChangeTimestamp")
                                         ? clock_now(CLOCK_REALTIME) - 125 * USEC_PER_SEC
                         : a->left_usec ? clock_now(CLOCK_BOOTTIME) + a->left_usec
                                        : USEC_INFINITY; /* DeadlineUSec */

        return sd_bus_message_append(reply, "t", value);
}

static bool reloaded; /* of all nodes, successfully */

static int get_app_flag(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeApp *a = userdata;
        bool older = streq(scenario, "edited") && reloaded && streq(a->name, "web");

        return sd_bus_message_append(reply, "b",
                        (int) (streq(property, "Maintenance")                  ? a->maintenance
                                        : streq(property, "Held")              ? a->held
                                        : streq(property, "FailoverDelayAuto") ? a->delay_auto
                                        : streq(property, "HandOver")          ? !a->waits
                                                                               : a->restart_needed || older));
}

/* "edited": a reload finds web changed on abc, wrong on bcd and not heard of from def, and bad new; "same": nothing; "unread": nor
 * that, and bcd does not answer. */
static int get_files(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeApp *a = userdata;
        bool added = streq(scenario, "edited") && reloaded, edited = added && streq(a->name, "web");

        if (streq(property, "WrongFiles"))
                return edited ? sd_bus_message_append(reply, "a{ss}", 1, "bcd",
                                                "line 3; the last good one is in force")
                              : sd_bus_message_append(reply, "a{ss}", 0);
        if (streq(a->name, "bad"))
                return sd_bus_message_append(
                                reply, "a{st}", 2, "abc", UINT64_C(9) * added, "bcd", UINT64_C(9) * added);
        return sd_bus_message_append(reply, "a{st}", 3, "abc", UINT64_C(7) + edited, "bcd", UINT64_C(7),
                        "def", UINT64_C(7) + edited);
}

static int get_app_lists(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeApp *a = userdata;

        if (streq(property, "InvocationID"))
                return sd_bus_message_append(reply, "ay", 2, 0xab, 0xcd);
        if (streq(property, "Nodes"))
                return sd_bus_message_append(reply, "aas", 2, 1, "abc", 2, "bcd", "def");
        if (streq(property, "Permissions"))
                return a->forbidden ? sd_bus_message_append(reply, "a{sb}", 2, "abc", 1, a->forbidden, 0)
                                    : sd_bus_message_append(reply, "a{sb}", 1, "abc", 1);
        if (streq(property, "Failures"))
                return a->failed_on ? sd_bus_message_append(reply, "a{st}", 1, a->failed_on,
                                                      UINT64_C(4102444800000000))
                                    : sd_bus_message_append(reply, "a{st}", 0);
        return a->mismatch ? sd_bus_message_append(reply, "as", 1, a->mismatch)
                           : sd_bus_message_append(reply, "as", 0);
}

/* Those of web are here, those of silent elsewhere; "installed": they are installed units. */
static int get_parts(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeApp *a = userdata;
        bool here = streq(a->name, "web");

        if (streq(property, "HasParts"))
                return sd_bus_message_append(reply, "b", (int) (here || streq(a->name, "silent")));
        if (!here || streq(scenario, "installed"))
                return sd_bus_message_append(reply, "a(sssts)", 2 * here, "unit", "front.service", "active",
                                UINT64_C(0), "", "unit", "db.service", "active", UINT64_C(0), "");
        return sd_bus_message_append(reply, "a(sssts)", 2, "address", "ip-192.0.2.20", "active",
                        UINT64_C(1767323045000000), "192.0.2.20/24 is on eth0", "address", "ip-fd00::30",
                        "failed", UINT64_C(0), "");
}

static int get_node(sd_bus *bus, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const FakeNode *n = userdata;
        int r;

        if (streq(property, "Name"))
                return sd_bus_message_append(reply, "s", n->name);
        if (streq(property, "State"))
                return sd_bus_message_append(reply, "s", n->state);
        if (streq(property, "Id"))
                return sd_bus_message_append(reply, "u", n->id);
        if (streq(property, "Standby"))
                return sd_bus_message_append(reply, "b", (int) n->standby);
        if (streq(property, "Record"))
                return sd_bus_message_append(reply, "s", streq(scenario, "clean") ? "written" : n->record);
        if (streq(property, "Guarded") || streq(property, "Fused"))
                return sd_bus_message_append(reply, "b",
                                !streq(scenario, *property == 'G' ? "unguarded" : "unfused") ||
                                                streq(n->name, "abc"));
        if (streq(property, "FilesUnread"))
                return sd_bus_message_append(reply, "b", streq(scenario, "unread") && streq(n->name, "bcd"));
        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < ELEMENTSOF(apps) && r >= 0; i++)
                if (apps[i].node && streq(apps[i].node, n->name))
                        r = sd_bus_message_append(reply, "s", apps[i].name);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- methods ---- */

static int changed(sd_bus *bus, const FakeApp *a)
{
        return sd_bus_emit_properties_changed(
                        bus, a->path, "org.distro.Application1", "State", "Reason", "Node", "Epoch", NULL);
}

static int on_step(sd_event_source *source, uint64_t usec, void *userdata)
{
        FakeApp *a = userdata;

        sd_event_source_unref(source);
        a->state = a->next_state;
        a->node = a->next_node;
        a->reason = a->next_reason;
        a->failed_on = a->next_failed_on;
        a->epoch += a->next_epoch;
        return changed(sd_bus_slot_get_bus(a->slot), a);
}

/* Goes over to a state at once, and to another one a moment later. */
static int move(FakeApp *a, const char *now, const char *next_state, const char *next_node,
                const char *next_reason)
{
        sd_event_source *source = NULL; /* freed by on_step() */

        a->state = now;
        a->next_state = next_state;
        a->next_node = next_node;
        a->next_reason = next_reason;
        (void) changed(sd_bus_slot_get_bus(a->slot), a);
        return sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, STEP_USEC, 0, on_step, a);
}

static int check(FakeApp *a, sd_bus_error *error)
{
        if (!a)
                return sd_bus_error_set(error, "org.distro.Error.NoSuchApplication",
                                "There is no application of that name.");
        if (streq(scenario, "noquorum"))
                return sd_bus_error_set(error, "org.distro.Error.NoQuorum", "This node has no quorum.");
        if (streq(scenario, "unformed"))
                return sd_bus_error_set(error, "org.distro.Error.NotFormed", "The group has not formed yet.");
        if (a->maintenance)
                return sd_bus_error_set(error, "org.distro.Error.InMaintenance",
                                "The application is in maintenance.");
        return 0;
}

static int method_start(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name;
        FakeApp *a;
        int r = sd_bus_message_read(m, "s", &name);

        a = r < 0 ? NULL : find_app(name);
        r = check(a, error);
        if (r < 0)
                return r;
        if (streq(name, "silent"))
                exit(0); /* asked, and gone before the answer */
        a->target = "started";
        a->start_type = "normal";
        a->next_epoch = true;
        if (streq(name, "bad"))
                r = move(a, "starting", "failed", NULL, "exit-code");
        else if (streq(name, "stuck"))
                r = move(a, "blocked", "blocked", NULL, "no eligible node");
        else
                r = move(a, "starting", "running", "abc", NULL);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int method_stop(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name;
        FakeApp *a;
        int r = sd_bus_message_read(m, "s", &name);

        a = r < 0 ? NULL : find_app(name);
        r = check(a, error);
        if (r >= 0)
                r = move(a, "stopping", "stopped", NULL, NULL);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int method_stop_local(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        return sd_bus_reply_method_return(m, NULL);
}

static int method_restart(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name;
        FakeApp *a;
        int r = sd_bus_message_read(m, "s", &name);

        a = r < 0 ? NULL : find_app(name);
        r = check(a, error);
        if (r < 0)
                return r;
        a->next_epoch = true;
        r = move(a, "stopping", "running", a->node, NULL);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* bcd takes it; def is not eligible, or with force fails to start it, which comes back then. */
static int method_takeover(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name, *node;
        int force, r = sd_bus_message_read(m, "ssb", &name, &node, &force);
        FakeApp *a = r < 0 ? NULL : find_app(name);
        const FakeNode *target;

        r = check(a, error);
        if (r < 0)
                return r;
        target = find_node(isempty(node) ? "abc" : node);
        if (!target)
                return sd_bus_error_set(
                                error, "org.distro.Error.NoSuchNode", "There is no node of that name.");
        if (streq(node, "def") && !force)
                return sd_bus_error_set(error, "org.distro.Error.NotEligible", "def is offline.");
        a->start_type = "takeover";
        a->from_node = a->node;
        a->next_epoch = true;
        a->failed_on = NULL;
        a->next_failed_on = streq(node, "def") ? "def" : NULL;
        r = move(a, "stopping", "running", streq(node, "def") ? a->node : target->name, NULL);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int method_permit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name, *node;
        int permitted, r = sd_bus_message_read(m, "ssb", &name, &node, &permitted);
        FakeApp *a = r < 0 ? NULL : find_app(name);

        r = check(a, error);
        if (r >= 0 && !find_node(node))
                return sd_bus_error_set(
                                error, "org.distro.Error.NoSuchNode", "There is no node of that name.");
        if (r >= 0 && !permitted && a->node && streq(a->node, node))
                r = move(a, "stopping", "running", "bcd", NULL);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* What is on the node goes to abc, but for what is in maintenance. Just before standby is in force, "idle" arrives on
 * def. */
static int method_standby(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *node;
        int standby, r = sd_bus_message_read(m, "sb", &node, &standby);

        if (r < 0)
                return r;
        if (!find_node(node))
                return sd_bus_error_set(
                                error, "org.distro.Error.NoSuchNode", "There is no node of that name.");
        for (size_t i = 0; i < ELEMENTSOF(apps) && standby && streq(node, "def"); i++)
                if (streq(apps[i].name, "idle")) {
                        apps[i].state = "running";
                        apps[i].node = "def";
                }
        for (size_t i = 0; i < ELEMENTSOF(apps) && standby; i++)
                if (apps[i].node && streq(apps[i].node, node) && !apps[i].maintenance)
                        move(apps + i, "stopping", "running", streq(node, "abc") ? "bcd" : "abc", NULL);
        return sd_bus_reply_method_return(m, NULL);
}

/* Echoes what was asked as the error's text, so that a test sees the arguments. */
static int method_echo_sb(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *s;
        int b, r = sd_bus_message_read(m, "sb", &s, &b);

        return r < 0 ? r
                     : sd_bus_error_setf(error, "org.distro.Error.NotAllowed", "application '%s', %s", s,
                                       yes_no(b));
}

static int method_clear(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *app, *node;
        int r = sd_bus_message_read(m, "ss", &app, &node);

        return r < 0 ? r
                     : sd_bus_error_setf(error, "org.distro.Error.NotCommitted",
                                       "application '%s', node '%s'", app, node);
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        int all, r = sd_bus_message_read(m, "b", &all);

        reloaded = r >= 0;
        if (r >= 0 && all && !streq(scenario, "edited") && !streq(scenario, "same") &&
                        !streq(scenario, "unread"))
                return sd_bus_error_set(error, "org.distro.Error.TooMany", "Too many calls are under way.");
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* This node's own files: web changed, bad new and wrong, old gone. */
static int method_list_files(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        bool edited = streq(scenario, "edited") && reloaded;

        return !edited ? sd_bus_reply_method_return(
                                         m, "a(stb)", 2, "web", UINT64_C(7), 1, "old", UINT64_C(5), 1)
                       : sd_bus_reply_method_return(m, "a(stb)", 3, "web", UINT64_C(8), 1, "added",
                                         UINT64_C(9), 1, "bad", UINT64_C(0), 0);
}

static int method_forget(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *node;
        int r = sd_bus_message_read(m, "s", &node);

        if (r < 0)
                return r;
        return find_node(node) ? sd_bus_error_set(error, "org.distro.Error.NotAllowed",
                                                 "bcd is in the nodelist of abc")
                               : sd_bus_reply_method_return(m, NULL);
}

static int method_form(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        return sd_bus_reply_method_return(m, NULL);
}

static int method_locate(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        char unit[128];
        const char *name;
        const FakeApp *a;
        int r = sd_bus_message_read(m, "s", &name);

        a = r < 0 ? NULL : find_app(name);
        if (!a)
                return sd_bus_error_set(error, "org.distro.Error.NoSuchApplication",
                                "There is no application of that name.");
        if (!a->node)
                return sd_bus_error_set(
                                error, "org.distro.Error.NotRunning", "The application does not run.");
        snprintf(unit, sizeof(unit), "distro-app-%s.service", name);
        return sd_bus_reply_method_return(m, "sst", a->node, unit, a->epoch);
}

static int method_explain(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name;
        int r = sd_bus_message_read(m, "s", &name);

        if (r < 0)
                return r;
        if (!find_app(name))
                return sd_bus_error_set(error, "org.distro.Error.NoSuchApplication",
                                "There is no application of that name.");
        return sd_bus_reply_method_return(
                        m, "a(sbs)", 3, "abc", 1, "runs it", "bcd", 0, "in standby", "def", 0, "offline");
}

/* Three nodes with ids of their own; web runs on the first, and comes after 5 s to one of the others. */
static int method_get_state(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        static char names[3][4] = { "abc", "bcd", "def" }, web[] = "web";
        NodePriority priorities[3] = { { names[0], 0 }, { names[1], 1 }, { names[2], 1 } };
        Node state_nodes[3] = {};
        NodeTiming timing = { 3630000, 4537500, 2361250, 15245000 };
        uint32_t ids[3] = { 11, 12, 15 };
        Copy copy = { .node_id = 11,
                .epoch = (5 << EPOCH_RING_SHIFT) + 1,
                .phase = COPY_RUNNING,
                .start_type = START_NORMAL };
        App app = { .name = web,
                .target_up = true,
                .epoch = copy.epoch,
                .last_epoch = copy.epoch,
                .owner = 11,
                .start_type = START_NORMAL,
                .next_type = START_NORMAL,
                .copies = &copy,
                .n_copies = 1,
                .has_definition = true };
        State state = { .version = PROTOCOL_VERSION,
                .formed = true,
                .confirmed = true,
                .ring_seq = 9,
                .revision = { 9, 9 },
                .nodes = state_nodes,
                .n_nodes = 3,
                .apps = &app,
                .n_apps = 1,
                .view_nodes = ids,
                .n_view_nodes = 3 };
        _cleanup_(byte_writer_done) ByteWriter w = {};
        sd_bus_message *reply;
        int r;

        app.definition = (Definition){ .name = web,
                .nodes = priorities,
                .n_nodes = 3,
                .failover_delay_usec = 5 * USEC_PER_SEC,
                .failure_timeout_usec = 600 * USEC_PER_SEC,
                .weight = 1,
                .takeover_automatic = true,
                .enabled = true,
                .digest = 1 };
        for (size_t i = 0; i < 3; i++)
                state_nodes[i] = (Node){ .id = ids[i],
                        .timing = timing,
                        .least = timing,
                        .most = timing,
                        .name = names[i],
                        .presence = PRESENCE_SYNCED,
                        .nodelist = ids,
                        .n_nodelist = 3,
                        .pid = 100 + ids[i],
                        .boot_id = ids[i],
                        .grace_usec = 15 * USEC_PER_SEC };
        state_encode(&state, STATE_FULL, 0, &w);
        r = w.error ? w.error : sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(reply, 'y', w.data, w.size_bytes);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

#define READ_ONLY(name, type, getter) \
        SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

#define KNOWN READ_ONLY("Stale", "b", get_known), READ_ONLY("StaleSinceTimestamp", "t", get_known)

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StartApplication", "s", "", method_start, 0),
        SD_BUS_METHOD("StopApplication", "s", "", method_stop, 0),
        SD_BUS_METHOD("StopLocal", "s", "", method_stop_local, 0),
        SD_BUS_METHOD("RestartApplication", "s", "", method_restart, 0),
        SD_BUS_METHOD("TakeoverApplication", "ssb", "", method_takeover, 0),
        SD_BUS_METHOD("Permit", "ssb", "", method_permit, 0),
        SD_BUS_METHOD("SetStandby", "sb", "", method_standby, 0),
        SD_BUS_METHOD("SetMaintenance", "sb", "", method_echo_sb, 0),
        SD_BUS_METHOD("ClearFailures", "ss", "", method_clear, 0),
        SD_BUS_METHOD("Reload", "b", "", method_reload, 0),
        SD_BUS_METHOD("ListFiles", "", "a(stb)", method_list_files, 0),
        SD_BUS_METHOD("Form", "", "", method_form, 0),
        SD_BUS_METHOD("ForgetNode", "s", "", method_forget, 0),
        SD_BUS_METHOD("Locate", "s", "sst", method_locate, 0),
        SD_BUS_METHOD("GetState", "", "ay", method_get_state, 0),
        SD_BUS_METHOD("Explain", "s", "a(sbs)", method_explain, 0),
        READ_ONLY("NodeName", "s", get_manager),
        READ_ONLY("NodeId", "u", get_manager),
        READ_ONLY("View", "s", get_manager),
        READ_ONLY("Quorate", "b", get_manager),
        READ_ONLY("Synced", "b", get_manager),
        KNOWN,
        READ_ONLY("Formed", "b", get_manager),
        READ_ONLY("Members", "as", get_manager),
        READ_ONLY("Version", "s", get_manager),
        READ_ONLY("WaitingFor", "as", get_manager),
        READ_ONLY("Status", "s", get_manager),
        READ_ONLY("QuorumDetail", "a{sv}", get_manager),
        READ_ONLY("TokenUSec", "t", get_manager),
        READ_ONLY("ConsensusUSec", "t", get_manager),
        READ_ONLY("FileWarnings", "u", get_manager),
        READ_ONLY("SelfRebootTimestamp", "t", get_manager),
        READ_ONLY("SelfRebootReason", "s", get_manager),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable app_vtable[] = {
        SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
        READ_ONLY("Name", "s", get_app_text),
        READ_ONLY("Description", "s", get_app_text),
        READ_ONLY("State", "s", get_app_text),
        READ_ONLY("Reason", "s", get_app_text),
        READ_ONLY("Node", "s", get_app_text),
        READ_ONLY("StartType", "s", get_app_text),
        READ_ONLY("FromNode", "s", get_app_text),
        READ_ONLY("Target", "s", get_app_text),
        READ_ONLY("Unit", "s", get_app_text),
        READ_ONLY("Epoch", "t", get_app_number),
        READ_ONLY("FailoverDelayUSec", "t", get_app_number),
        READ_ONLY("FailoverDelayAuto", "b", get_app_flag),
        READ_ONLY("HandOver", "b", get_app_flag),
        READ_ONLY("StateChangeTimestamp", "t", get_app_number),
        READ_ONLY("DeadlineUSec", "t", get_app_number),
        READ_ONLY("Maintenance", "b", get_app_flag),
        READ_ONLY("Held", "b", get_app_flag),
        READ_ONLY("RestartNeeded", "b", get_app_flag),
        READ_ONLY("InvocationID", "ay", get_app_lists),
        READ_ONLY("Nodes", "aas", get_app_lists),
        READ_ONLY("Permissions", "a{sb}", get_app_lists),
        READ_ONLY("Failures", "a{st}", get_app_lists),
        READ_ONLY("DefinitionMismatch", "as", get_app_lists),
        READ_ONLY("Parts", "a(sssts)", get_parts),
        READ_ONLY("HasParts", "b", get_parts),
        KNOWN,
        READ_ONLY("WrongFiles", "a{ss}", get_files),
        READ_ONLY("FileDigests", "a{st}", get_files),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable node_vtable[] = {
        SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
        READ_ONLY("Name", "s", get_node),
        READ_ONLY("Id", "u", get_node),
        READ_ONLY("State", "s", get_node),
        READ_ONLY("Standby", "b", get_node),
        READ_ONLY("Record", "s", get_node),
        KNOWN,
        READ_ONLY("Guarded", "b", get_node),
        READ_ONLY("Fused", "b", get_node),
        READ_ONLY("FilesUnread", "b", get_node),
        READ_ONLY("Applications", "as", get_node),
        SD_BUS_VTABLE_END,
};

static int serve(sd_bus *bus)
{
        int r = sd_bus_add_object_manager(bus, NULL, ROOT);

        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, ROOT, "org.distro.Manager1", manager_vtable, NULL);
        for (size_t i = 0; i < ELEMENTSOF(apps) && r >= 0; i++) {
                FakeApp *a = apps + i;

                if (streq(scenario, "clean") && (!streq(a->state, "running") || a->maintenance))
                        continue;
                snprintf(a->path, sizeof(a->path), ROOT "/application/%s", a->name);
                r = sd_bus_add_object_vtable(
                                bus, &a->slot, a->path, "org.distro.Application1", app_vtable, a);
        }
        for (size_t i = 0; i < ELEMENTSOF(nodes) && r >= 0; i++) {
                snprintf(nodes[i].path, sizeof(nodes[i].path), ROOT "/node/%s", nodes[i].name);
                r = sd_bus_add_object_vtable(bus, &nodes[i].slot, nodes[i].path, "org.distro.Node1",
                                node_vtable, nodes + i);
        }
        return r < 0 ? r : sd_bus_request_name(bus, "org.distro.Manager1", 0);
}

int main(int argc, char **argv)
{
        sd_bus *bus = NULL;
        int r;

        if (argc != 2) {
                fprintf(stderr, "Usage: ctl-fake-manager SCENARIO\n");
                return 2;
        }
        scenario = argv[1];
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        r = sd_event_default(&event);
        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = serve(bus);
        if (r < 0) {
                fprintf(stderr, "ctl-fake-manager: %s\n", strerror(-r));
                return 1;
        }
        puts("ready");
        return sd_event_loop(event) < 0;
}
