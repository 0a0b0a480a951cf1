/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What `distroctl` shows of every state that an application, a copy, a unit, a node and the group can be in, in step and
 * stale: real engines, our objects, and the tool's verbs, each with its exit status. ctl-every-state.txt has the words, which
 * are to be read; `test-ctl-every-state --print` prints them anew. The enumerations are walked to their ends: a new value
 * without words fails here. */

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus-owner.h"
#include "ctl/ctl.h"
#include "engine-cluster.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/runs.h"
#include "engine/member/peer.h"

#define LINE_MAX_BYTES 1024u
#define TEXT_MAX_BYTES 16384u
#define LOOP_USEC (10 * USEC_PER_SEC)
#define LOST_REALTIME_USEC (1003 * USEC_PER_SEC)
#define NOW_USEC (1060 * USEC_PER_SEC)

typedef void (*Change)(Engine *e, App *a, unsigned value);

#define CHANGE(name, statement)                             \
        static void name(Engine *e, App *a, unsigned value) \
        {                                                   \
                (void) e;                                   \
                (void) a;                                   \
                (void) value;                               \
                statement;                                  \
        }

/* What is kept of what a verb writes: all, a screen without what is always the same, one row, or some of the JSON. */
typedef enum KeptPart {
        KEEP_ALL,
        KEEP_SCREEN,
        KEEP_ROW,
        KEEP_JSON,
} KeptPart;

typedef struct Question {
        const char *args[4];
        KeptPart keep;
        const char *what; /* the row's first word, or the keys */
} Question;

static const Question app_asked[] = {
        { { "status" }, KEEP_ROW, "distro" },
        { { "status", "distro" }, KEEP_SCREEN, NULL },
        { { "locate", "distro" }, KEEP_ALL, NULL },
        { { "list-applications", "distro" }, KEEP_JSON, "state reason node stale held left_usec" },
};

static const Question parts_asked[] = {
        { { "status" }, KEEP_ROW, "distro" },
        { { "status", "distro" }, KEEP_SCREEN, NULL },
        { { "list-applications", "distro" }, KEEP_JSON, "has_parts kind id state since_usec text" },
};

static const Question node_asked[] = {
        { { "status" }, KEEP_ROW, "bcd" },
        { { "status", "bcd" }, KEEP_ALL, NULL },
        { { "explain", "distro" }, KEEP_ROW, "bcd" },
        { { "list-nodes", "bcd" }, KEEP_JSON, "state standby record guarded fused stale" },
};

static const Question cluster_asked[] = {
        { { "status" }, KEEP_SCREEN, NULL },
        { { "explain", "distro" }, KEEP_ALL, NULL },
        { { "status", "distro" }, KEEP_SCREEN, NULL },
        { { "locate", "distro" }, KEEP_ALL, NULL },
};

/* ---- the states ---- */

static Node *node_of(Engine *e, uint32_t id)
{
        Node *n = state_find_node(&e->here.me.agreed.state, id);

        assert_non_null(n);
        return n;
}

static void file_on(App *a, uint32_t node, uint64_t digest, const char *error)
{
        const Definition d = { .name = a->name, .weight = 1, .digest = digest };

        assert_true(app_set_variant(a, node, digest, &d, error));
}

static void file_everywhere(App *a, const char *error)
{
        for (uint32_t node = ABC; node <= DEF; node++)
                file_on(a, node, 0, error);
}

static void runs_nowhere(App *a)
{
        a->n_copies = 0;
}

static void waits_for(Engine *e, App *a, uint64_t deadline_usec, bool in_order)
{
        node_of(e, ABC)->presence = PRESENCE_OFFLINE;
        runs_nowhere(a);
        a->lost_node = ABC;
        a->lost_in_order = in_order;
        a->delay = (Timer){ .serial = 3, .deadline_usec = deadline_usec };
}

static void hold_against(App *a, uint32_t owner, uint32_t better)
{
        a->copies[0].node_id = a->held_node = owner;
        app_add_held_against(a, better);
}

#define SOON ((Timer){ .serial = 3, .deadline_usec = NOW_USEC + 42 * USEC_PER_SEC })
#define WRONG "distro.app:3: Nodes=: empty"

CHANGE(as_it_is, (void) 0)

static const char *const phases[] = {
        [COPY_STARTING] = "starting",
        [COPY_RUNNING] = "running",
        [COPY_STOPPING] = "stopping",
        [COPY_LOST] = "lost",
};
static_assert(ELEMENTSOF(phases) == _COPY_PHASE_MAX, "each phase of a copy has its words");

CHANGE(has_phase, a->copies[0].phase = (CopyPhase) value)
CHANGE(has_start_type, a->copies[0].start_type = (StartType) value;
                a->copies[0].from_node = value > START_NORMAL ? BCD : 0)
CHANGE(is_moving, a->copies[0].phase = COPY_STOPPING; a->next_type = START_TAKEOVER)
CHANGE(will_wait, a->definition.awaits_leaver = true; node_of(e, ABC)->leaving = true; is_moving(e, a, value))
CHANGE(is_stuck, a->copies[0].phase = COPY_STOPPING; a->copies[0].stuck = true)
CHANGE(part_is_stuck, a->copies[0].phase = COPY_STOPPING; a->copies[0].stuck = true;
                strcpy(a->copies[0].stuck_why, "its part mount /srv/data is still mounted: used by 7 (vim)"))
CHANGE(is_untamed, a->copies[0].phase = COPY_LOST; a->copies[0].untamed = true)
CHANGE(is_silent, node_of(e, ABC)->presence = PRESENCE_SILENT)
CHANGE(is_alone, node_of(e, ABC)->grace = SOON)
CHANGE(stops_alone, node_of(e, ABC)->grace = SOON; a->copies[0].phase = COPY_STOPPING)
CHANGE(is_better_elsewhere, char *name = a->definition.nodes[0].name;
                a->definition.nodes[0].name = a->definition.nodes[1].name; a->definition.nodes[1].name = name;
                a->better = SOON; a->better_nodes = 1)
CHANGE(is_held, hold_against(a, DEF, BCD))
CHANGE(needs_restart, a->copies[0].restart_needed = true)
CHANGE(differs_on_bcd, file_on(a, BCD, 5, NULL); file_on(a, DEF, 0, NULL))
CHANGE(runs_while_maintained, a->maintenance = true)
CHANGE(runs_orphaned, file_everywhere(a, NULL))
CHANGE(runs_owed, a->owed = calloc(1, sizeof(uint32_t)); assert_non_null(a->owed); a->owed[0] = DEF;
                a->n_owed = 1)
CHANGE(has_finished, runs_nowhere(a); a->finished = true)
CHANGE(has_halted, runs_nowhere(a); a->halted = true; a->failure = strdup("exit-code"))
CHANGE(has_failed_everywhere, runs_nowhere(a); app_add_mark(a, ABC)->timer = SOON; app_add_mark(a, BCD);
                app_add_mark(a, DEF))
CHANGE(is_stopped, runs_nowhere(a); a->target_up = false; a->commanded = true)
CHANGE(is_disabled, runs_nowhere(a); a->target_up = false)
CHANGE(is_disabled_unread, runs_nowhere(a); a->target_up = a->has_definition = false;
                file_everywhere(a, WRONG))
CHANGE(is_kept_in_maintenance, runs_nowhere(a); a->maintenance = true)
CHANGE(has_no_file, runs_nowhere(a); a->has_definition = false)
CHANGE(has_a_wrong_file, runs_nowhere(a); a->has_definition = false; file_everywhere(a, WRONG))
CHANGE(is_orphan, runs_nowhere(a); file_everywhere(a, NULL))
CHANGE(is_forming, runs_nowhere(a); e->here.me.agreed.state.form_pending = true)
CHANGE(is_lost, waits_for(e, a, SOON.deadline_usec, false))
CHANGE(is_lost_for_ever, waits_for(e, a, USEC_INFINITY, false))
CHANGE(has_left, waits_for(e, a, SOON.deadline_usec, true))
CHANGE(has_left_for_ever, waits_for(e, a, USEC_INFINITY, true))
CHANGE(is_about_to_start, runs_nowhere(a))
CHANGE(has_nowhere, runs_nowhere(a); for (uint32_t n = ABC; n <= DEF; n++) node_of(e, n)->standby = true)
CHANGE(has_unknown, runs_nowhere(a); node_of(e, DEF)->unknown = true)

/* What the view says, which comes before the state where the nodelist is late. */
static void bcd_is_away(Engine *e, bool manager_only)
{
        for (size_t i = e->here.me.n_peers; i > 0; i--)
                if (e->here.me.peers[i - 1].member.node_id == BCD)
                        e->here.me.peers[i - 1].member.node_id = DEF;
        for (size_t i = e->here.me.n_ring_nodes; i > 0 && !manager_only; i--)
                if (e->here.me.ring_nodes[i - 1] == BCD)
                        ARRAY_CLOSE(e->here.me.ring_nodes, e->here.me.n_ring_nodes, i - 1);
}

CHANGE(has_presence, node_of(e, BCD)->presence = (Presence) value;
                if (value == PRESENCE_OFFLINE) bcd_is_away(e, false))
CHANGE(bcd_is_not_listed, node_of(e, BCD)->presence = PRESENCE_OFFLINE)
CHANGE(bcd_is_not_listed_alone, bcd_is_not_listed(e, a, value); bcd_is_away(e, true))
CHANGE(bcd_is_leaving, node_of(e, BCD)->leaving = true)
CHANGE(bcd_is_in_standby, node_of(e, BCD)->standby = true)
CHANGE(bcd_is_unguarded, node_of(e, BCD)->unguarded = true)
CHANGE(bcd_is_unfused, node_of(e, BCD)->unfused = true)
CHANGE(bcd_is_unwritable, node_of(e, BCD)->unwritable = true)
CHANGE(bcd_is_late, node_of(e, BCD)->late = true)
CHANGE(bcd_was_late, bcd_is_late(e, a, value); has_presence(e, a, PRESENCE_OFFLINE))
CHANGE(bcd_has_it, a->copies[0].node_id = BCD)
CHANGE(bcd_had_it, bcd_has_it(e, a, value); a->copies[0].phase = COPY_LOST;
                has_presence(e, a, PRESENCE_OFFLINE))
CHANGE(bcd_has_failed, Mark *m = app_add_mark(a, BCD); m->count = 2; m->timer = SOON)

static const char *const presences[] = {
        [PRESENCE_OFFLINE] = "offline",
        [PRESENCE_MANAGER_GONE] = "without a manager",
        [PRESENCE_SILENT] = "silent",
        [PRESENCE_SYNCING] = "syncing",
        [PRESENCE_REPORTED] = "syncing, has reported",
        [PRESENCE_SYNCED] = "in step",
};
static_assert(ELEMENTSOF(presences) == _PRESENCE_MAX, "each presence of a node has its words");

CHANGE(unit_is, runs_nowhere(a); e->here.units[0].state = (UnitState) value)
CHANGE(unit_is_being_stopped, e->here.units[0].stop_issued = true)
CHANGE(unit_restarts, e->here.units[0].restarted = e->here.units[0].restarted_again = true;
                e->here.units[0].reason = strdup("restarted 3 times: exit-code"))

CHANGE(has_no_guard, e->here.unguarded = true; node_of(e, ABC)->unguarded = true)
CHANGE(leaves, e->here.leaving = true; node_of(e, ABC)->leaving = true)
CHANGE(leaves_stuck, leaves(e, a, value); e->here.units[0].state = UNIT_STUCK)
CHANGE(is_starting, a->copies[0].phase = COPY_STARTING)

static void set_stale(Engine *e, uint64_t since_usec)
{
        e->here.cutoff->stale_since_usec = since_usec;
}

static void disconnect(Engine *e)
{
        const Event event = { .type = EVENT_DISCONNECTED,
                .now_usec = e->here.me.agreed.now_usec,
                .realtime_usec = LOST_REALTIME_USEC };
        EffectList effects = {};

        assert_int_equal(engine_step(e, &event, &effects), 0);
        effect_list_done(&effects);
}

CHANGE(has_no_quorum, e->here.me.quorum_value = false; set_stale(e, LOST_REALTIME_USEC))
CHANGE(never_had_quorum, e->here.me.quorum_value = false; set_stale(e, USEC_INFINITY))
CHANGE(has_no_corosync, disconnect(e))
CHANGE(is_in_no_group, disconnect(e); e->here.me.connected = true; set_stale(e, USEC_INFINITY))
CHANGE(has_no_word_of_quorum, e->here.me.quorum_known = false; set_stale(e, USEC_INFINITY))
CHANGE(is_isolated, e->here.cutoff->isolated = true; set_stale(e, LOST_REALTIME_USEC))
CHANGE(forms, e->here.me.phase = PHASE_FORMING; e->here.me.in_view.form_forced = true;
                e->here.me.synced = false;
                for (size_t i = 0; i < e->here.me.n_peers; i++) e->here.me.peers[i].has_facts = true;
                set_stale(e, USEC_INFINITY))
CHANGE(waits_for_records, forms(e, a, value); e->here.me.in_view.form_forced = false;
                for (size_t i = 0; i < e->here.me.n_peers; i++) e->here.me.peers[i].has_facts = false)
CHANGE(others_form, forms(e, a, value); e->here.me.peers[1].facts.record = RECORD_VALID;
                e->here.me.peers[1].facts.record_revision.count = 7)
CHANGE(older_forms, others_form(e, a, value); e->here.me.version_max = PROTOCOL_VERSION + 1)
CHANGE(waits_for_managers, is_in_no_group(e, a, value); e->here.takes_part = false;
                e->here.wait_mandatory = calloc(1, sizeof(uint32_t)); assert_non_null(e->here.wait_mandatory);
                e->here.wait_mandatory[0] = DEF; e->here.n_wait_mandatory = 1)
CHANGE(asks_for_the_state, e->here.me.synced = false; set_stale(e, LOST_REALTIME_USEC))
CHANGE(is_behind, asks_for_the_state(e, a, value); e->here.me.agreed.state.version = PROTOCOL_VERSION + 1)

typedef enum ShownKind {
        OF_APP,  /* as bcd shows it, in step, and stale */
        OF_UNIT, /* as abc shows what runs there, stale */
        OF_PART, /* as abc shows a part of what runs there, in step */
        OF_NODE, /* as abc shows bcd, in step, and stale */
        OF_CLUSTER,
} ShownKind;

/* With a word for each value there is a row for each, from 0 on. */
typedef struct ShownRow {
        ShownKind kind;
        const char *name;
        Change change;
        const char *(*word)(unsigned value);
        unsigned n_values;
} ShownRow;

static const char *phase_word(unsigned value)
{
        return phases[value];
}

static const char *presence_word(unsigned value)
{
        return presences[value];
}

static const char *start_word(unsigned value)
{
        const char *word = start_type_to_string((StartType) value);

        return value == START_NONE ? "none" : word;
}

static const char *unit_word(unsigned value)
{
        return unit_state_to_string((UnitState) value);
}

/* What systemd may say of a part, and its helper. */
static const struct {
        const char *word;
        BusPart part;
} parts[] = {
        { "is not read", { .state = "unknown", .text = "" } },
        { "starts", { .state = "activating",
                                    .text = "192.0.2.20: another host has it (02:00:00:00:00:05, on eth0); it is asked again each second" } },
        { "is there", { .state = "active", .text = "192.0.2.20/24 is on eth0" } },
        { "would have failed, in maintenance",
                        { .state = "active", .text = "192.0.2.20: removed from eth0 by somebody else" } },
        { "is reloading", { .state = "reloading", .text = "192.0.2.20/24 is on eth0" } },
        { "stops", { .state = "deactivating", .text = "192.0.2.20/24 is on eth0" } },
        { "has failed", { .state = "failed",
                                        .text = "failed: 192.0.2.20: removed from eth0 by somebody else" } },
        { "has ended", { .state = "inactive", .text = "" } },
};

static const char *part_word(unsigned value)
{
        return parts[value].word;
}

static BusPart parts_here[2];

CHANGE(has_part, parts_here[0] = parts[value].part; parts_here[1] = parts[2].part;
                for (size_t i = 0; i < ELEMENTSOF(parts_here); i++) parts_here[i].kind = "address";
                parts_here[0].id = "ip-192.0.2.20"; parts_here[1].id = "ip-2001:db8::30";
                parts_here[1].text = "2001:db8::30/64 is on eth0";
                parts_here[0].since_usec = streq(parts_here[0].state, "unknown")
                                                           ? 0
                                                           : NOW_USEC - 5 * USEC_PER_SEC;
                parts_here[1].since_usec = NOW_USEC - 59 * USEC_PER_SEC)

static const ShownRow rows[] = {
        { OF_APP, "a copy is", has_phase, phase_word, _COPY_PHASE_MAX },
        { OF_APP, "a copy's start was", has_start_type, start_word, _START_TYPE_MAX },
        { OF_APP, "stopping, to go elsewhere", is_moving, NULL, 0 },
        { OF_APP, "stopping, and will be waited for", will_wait, NULL, 0 },
        { OF_APP, "its stop did not end", is_stuck, NULL, 0 },
        { OF_APP, "the end of a part of it is waited for", part_is_stuck, NULL, 0 },
        { OF_APP, "lost in maintenance", is_untamed, NULL, 0 },
        { OF_APP, "its manager is silent", is_silent, NULL, 0 },
        { OF_APP, "its manager is gone", is_alone, NULL, 0 },
        { OF_APP, "its manager is gone, while it stops", stops_alone, NULL, 0 },
        { OF_APP, "runs, a better node is there", is_better_elsewhere, NULL, 0 },
        { OF_APP, "runs, held", is_held, NULL, 0 },
        { OF_APP, "runs, restart needed", needs_restart, NULL, 0 },
        { OF_APP, "runs, files differ", differs_on_bcd, NULL, 0 },
        { OF_APP, "runs, in maintenance", runs_while_maintained, NULL, 0 },
        { OF_APP, "runs, an orphan", runs_orphaned, NULL, 0 },
        { OF_APP, "runs, a report is owed", runs_owed, NULL, 0 },
        { OF_APP, "finished", has_finished, NULL, 0 },
        { OF_APP, "failed, FailureAction=stop", has_halted, NULL, 0 },
        { OF_APP, "failed everywhere", has_failed_everywhere, NULL, 0 },
        { OF_APP, "stopped by command", is_stopped, NULL, 0 },
        { OF_APP, "stopped by its file", is_disabled, NULL, 0 },
        { OF_APP, "stopped, no file is right", is_disabled_unread, NULL, 0 },
        { OF_APP, "does not run, in maintenance", is_kept_in_maintenance, NULL, 0 },
        { OF_APP, "does not run, no file", has_no_file, NULL, 0 },
        { OF_APP, "does not run, wrong file", has_a_wrong_file, NULL, 0 },
        { OF_APP, "does not run, an orphan", is_orphan, NULL, 0 },
        { OF_APP, "waits for the record", is_forming, NULL, 0 },
        { OF_APP, "waits, its node is lost", is_lost, NULL, 0 },
        { OF_APP, "waits for ever, its node is lost", is_lost_for_ever, NULL, 0 },
        { OF_APP, "waits, its node has left", has_left, NULL, 0 },
        { OF_APP, "waits for ever, its node has left", has_left_for_ever, NULL, 0 },
        { OF_APP, "about to start", is_about_to_start, NULL, 0 },
        { OF_APP, "blocked, no node", has_nowhere, NULL, 0 },
        { OF_APP, "blocked, a node has not reported", has_unknown, NULL, 0 },
        { OF_UNIT, "a unit here is", unit_is, unit_word, _UNIT_STATE_MAX },
        { OF_UNIT, "a unit here is being stopped", unit_is_being_stopped, NULL, 0 },
        { OF_UNIT, "a unit here is restarted again and again", unit_restarts, NULL, 0 },
        { OF_PART, "a part here", has_part, part_word, ELEMENTSOF(parts) },
        { OF_PART, "it runs here without the parts that its file has now", as_it_is, NULL, 0 },
        { OF_PART, "the parts are elsewhere", bcd_has_it, NULL, 0 },
        { OF_PART, "the parts are nowhere", is_stopped, NULL, 0 },
        { OF_NODE, "a node is", has_presence, presence_word, _PRESENCE_MAX },
        { OF_NODE, "a node that the nodelist does not name yet", bcd_is_not_listed, NULL, 0 },
        { OF_NODE, "such a node, without a manager", bcd_is_not_listed_alone, NULL, 0 },
        { OF_NODE, "a node leaves", bcd_is_leaving, NULL, 0 },
        { OF_NODE, "a node in standby", bcd_is_in_standby, NULL, 0 },
        { OF_NODE, "a node without a guard", bcd_is_unguarded, NULL, 0 },
        { OF_NODE, "a node without a fuse", bcd_is_unfused, NULL, 0 },
        { OF_NODE, "a node whose disk takes no writes", bcd_is_unwritable, NULL, 0 },
        { OF_NODE, "a node whose disk is late", bcd_is_late, NULL, 0 },
        { OF_NODE, "a node whose disk was late, offline", bcd_was_late, NULL, 0 },
        { OF_NODE, "a node that has the worker", bcd_has_it, NULL, 0 },
        { OF_NODE, "a node that had the worker, offline", bcd_had_it, NULL, 0 },
        { OF_NODE, "a node with a mark", bcd_has_failed, NULL, 0 },
        { OF_CLUSTER, "in step", as_it_is, NULL, 0 },
        { OF_CLUSTER, "in step, the worker starts", is_starting, NULL, 0 },
        { OF_CLUSTER, "without a guard", has_no_guard, NULL, 0 },
        { OF_CLUSTER, "leaving", leaves, NULL, 0 },
        { OF_CLUSTER, "leaving, a stop did not end", leaves_stuck, NULL, 0 },
        { OF_CLUSTER, "waiting for managers", waits_for_managers, NULL, 0 },
        { OF_CLUSTER, "not in the group", is_in_no_group, NULL, 0 },
        { OF_CLUSTER, "before Corosync's word on quorum", has_no_word_of_quorum, NULL, 0 },
        { OF_CLUSTER, "forming", forms, NULL, 0 },
        { OF_CLUSTER, "forming, another has the newest record", others_form, NULL, 0 },
        { OF_CLUSTER, "forming, an older one has the newest record", older_forms, NULL, 0 },
        { OF_CLUSTER, "forming, records are missing", waits_for_records, NULL, 0 },
        { OF_CLUSTER, "getting the state", asks_for_the_state, NULL, 0 },
        { OF_CLUSTER, "of an older version", is_behind, NULL, 0 },
        { OF_CLUSTER, "quorum was lost", has_no_quorum, NULL, 0 },
        { OF_CLUSTER, "quorum never was", never_had_quorum, NULL, 0 },
        { OF_CLUSTER, "isolated", is_isolated, NULL, 0 },
        { OF_CLUSTER, "without Corosync", has_no_corosync, NULL, 0 },
};

static bool app_state_seen[_APP_STATE_MAX], node_state_seen[_NODE_STATE_MAX], unit_state_seen[_APP_STATE_MAX];

/* ---- the manager, as far as its objects ask ---- */

static sd_bus *bus_of(int fd, bool server)
{
        const sd_id128_t id = { .bytes = { 1 } };
        sd_bus *bus = NULL;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
        if (server)
                assert_true(sd_bus_set_server(bus, 1, id) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

/* Answers until the client is gone. */
static void serve(BusOwner *owner, int fd)
{
        BusServer *server = NULL;
        sd_event *loop = NULL;
        sd_bus *bus = bus_of(fd, true);

        assert_true(sd_event_new(&loop) >= 0);
        assert_true(sd_bus_attach_event(bus, loop, 0) >= 0);
        assert_int_equal(bus_server_new(&bus_owner_ops, owner, &server), 0);
        assert_int_equal(bus_server_add_peer(server, bus), 0);
        while (sd_bus_is_open(bus) > 0)
                assert_true(sd_event_run(loop, LOOP_USEC) > 0);
        bus_server_free(server);
        sd_bus_unref(bus);
        sd_event_unref(loop);
        /* Nothing here changes anything. */
        assert_int_equal(owner->n_asked + owner->n_submitted + owner->n_stops + owner->n_reloads, 0);
}

/* ---- distroctl, in a process of its own ---- */

/* The tool's clocks: the engine's. */
Moment __wrap_moment_now(bool remote);
Moment __wrap_moment_now(bool remote)
{
        (void) remote;
        return (Moment){ .realtime_usec = NOW_USEC, .boottime_usec = NOW_USEC };
}

static bool has_word(const char *words, const char *word, size_t n)
{
        for (const char *at = words; *at; at += strspn(at, " ")) {
                size_t length = strcspn(at, " ");

                if (length == n && strncmp(at, word, n) == 0)
                        return true;
                at += length;
        }
        return false;
}

static bool is_always_so(const char *line)
{
        static const char *const labels[] = { "Target:", "Unit:", "Nodes:", "Failover:" };
        const char *text = line + strspn(line, " ");

        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                if (strncmp(text, labels[i], strlen(labels[i])) == 0)
                        return true;
        return false;
}

/* "state": "running", of JSON that has each key on a line. */
static void take_json(FILE *f, const char *line, const char *keys)
{
        const char *text = line + strspn(line, " ");
        size_t n = strcspn(text, "\n");

        if (*text == '"' && has_word(keys, text + 1, strcspn(text + 1, "\"")))
                fprintf(f, "  %.*s", (int) (text[n - 1] == ',' ? n - 1 : n), text);
}

static void take(FILE *to, FILE *from, const Question *a)
{
        char line[LINE_MAX_BYTES];

        while (fgets(line, sizeof(line), from)) {
                if (a->keep == KEEP_SCREEN && strncmp(line + strspn(line, " "), "NODE ", 5) == 0)
                        return;
                if (a->keep == KEEP_JSON)
                        take_json(to, line, a->what);
                else if (a->keep == KEEP_ROW ? has_word(a->what, line, strcspn(line, " "))
                                             : *line != '\n' && !(a->keep == KEEP_SCREEN &&
                                                                                is_always_so(line)))
                        fprintf(to, "  %s", line);
        }
        if (a->keep == KEEP_JSON)
                fputc('\n', to);
}

static void ask(Ctl *c, FILE *to, const Question *a)
{
        int argc = 0, fd = memfd_create("verb", MFD_CLOEXEC), status = STATUS_USAGE;
        char *argv[ELEMENTSOF(a->args) + 1] = {};
        FILE *from;

        fprintf(to, "$ distroctl%s", a->keep == KEEP_JSON ? " --json=pretty" : "");
        for (; argc < (int) ELEMENTSOF(a->args) && a->args[argc]; argc++) {
                fprintf(to, " %s", a->args[argc]);
                argv[argc] = (char *) a->args[argc];
        }
        fflush(stdout);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
                _exit(1);
        c->options.json = a->keep == KEEP_JSON ? JSON_PRETTY : JSON_OFF;
        for (size_t i = 0; i < n_ctl_verbs; i++)
                if (streq(ctl_verbs[i].name, argv[0]))
                        status = ctl_verbs[i].run(c, argc, argv);
        fflush(stdout);
        fprintf(to, "   [%d]\n", status);
        from = fdopen(fd, "r");
        if (!from)
                _exit(1);
        rewind(from);
        take(to, from, a);
        fclose(from);
        fflush(to);
}

static _noreturn_ void be_distroctl(int fd, FILE *to, const Question *asked, size_t n_asked)
{
        Ctl c = { .options.host = "there", .bus = bus_of(fd, false), .direct = true };

        for (size_t i = 0; i < n_asked; i++)
                ask(&c, to, asked + i);
        fclose(to);
        _exit(0);
}

/* What distroctl shows; the caller frees. */
static char *shown(const Engine *e, ShownKind kind, const Question *asked, size_t n_asked)
{
        char *text, *status_text = engine_status_text(e, NOW_USEC);
        BusOwner owner = { .engine = e, .now_usec = NOW_USEC };
        int fds[2], status, fd = memfd_create("shown", MFD_CLOEXEC);
        FILE *f = fdopen(fd, "w+");
        pid_t pid;

        assert_non_null(f);
        assert_non_null(status_text);
        if (kind == OF_PART) {
                owner.parts_app = "distro";
                owner.parts = parts_here;
                owner.n_parts = parts_here[0].kind ? ELEMENTSOF(parts_here) : 0;
        }
        owner.local = (BusLocal){
                .node_name = engine_node_name(e, engine_node_id(e)), .version = "1", .status = status_text
        };
        fflush(stdout); /* or the child writes it once more */
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(fds[0]);
                be_distroctl(fds[1], f, asked, n_asked);
        }
        close(fds[1]);
        serve(&owner, fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        text = calloc(1, TEXT_MAX_BYTES);
        assert_non_null(text);
        rewind(f);
        assert_true(fread(text, 1, TEXT_MAX_BYTES, f) < TEXT_MAX_BYTES);
        fclose(f);
        free(status_text);
        return text;
}

/* ---- the rows ---- */

static void note_seen(const Engine *e, const App *a, ShownKind kind)
{
        AppStatus s;

        engine_app_status(e, a, &s);
        (kind == OF_UNIT ? unit_state_seen : app_state_seen)[s.state] = true;
        FOREACH_ARRAY(n, e->here.me.agreed.state.nodes, e->here.me.agreed.state.n_nodes)
                node_state_seen[engine_node_state(e, n)] = true;
}

typedef struct ShownText {
        FILE *file;
        char *stale[OF_CLUSTER]; /* the first text of each subject that is stale; most are as this one */
} ShownText;

static const struct {
        const char *name;
        const Question *asked;
        size_t n_asked;
} subjects[] = {
        [OF_APP] = { "application", app_asked, ELEMENTSOF(app_asked) },
        [OF_UNIT] = { "unit", app_asked, ELEMENTSOF(app_asked) },
        [OF_PART] = { "part", parts_asked, ELEMENTSOF(parts_asked) },
        [OF_NODE] = { "node", node_asked, ELEMENTSOF(node_asked) },
        [OF_CLUSTER] = { "cluster", cluster_asked, ELEMENTSOF(cluster_asked) },
};

static void print_row(ShownText *o, const ShownRow *row, unsigned value, bool stale)
{
        uint32_t at = row->kind == OF_APP ? BCD : ABC;
        char **first = stale ? o->stale + row->kind : NULL, *text;
        Cluster c;
        Engine *e;
        App *a;

        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        e = c.engine[at];
        a = cluster_distro(&c, at);
        memset(parts_here, 0, sizeof(parts_here));
        row->change(e, a, value);
        if (stale)
                has_no_quorum(e, a, 0);
        note_seen(e, a, row->kind);
        text = shown(e, row->kind, subjects[row->kind].asked, subjects[row->kind].n_asked);
        fprintf(o->file, "== %s: %s%s%s%s ==\n", subjects[row->kind].name, row->name, row->word ? " " : "",
                        row->word ? row->word(value) : "", stale ? "; stale" : "");
        if (first && *first && streq(*first, text))
                fprintf(o->file, "as the first %s that is stale\n\n", subjects[row->kind].name);
        else
                fprintf(o->file, "%s\n", text);
        if (first && !*first)
                *first = TAKE_PTR(text);
        free(text);
        cluster_end(&c);
}

static void print_rows(FILE *f)
{
        ShownText o = { .file = f };

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows))
                for (unsigned value = 0; value < MAX(row->n_values, 1u); value++) {
                        if (row->word && (!row->word(value) || streq(row->word(value), "?")))
                                fail_msg("%s: value %u has no word", row->name, value);
                        if (row->kind != OF_UNIT)
                                print_row(&o, row, value, false);
                        if (row->kind != OF_CLUSTER && row->kind != OF_PART)
                                print_row(&o, row, value, true);
                }
        for (size_t i = 0; i < ELEMENTSOF(o.stale); i++)
                free(o.stale[i]);
}

/* ---- the tests ---- */

static FILE *open_expected(void)
{
        const char *top = getenv("top_srcdir");
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/tests/unit/ctl-every-state.txt", top ? top : ".");
        f = fopen(path, "re");
        assert_non_null(f);
        return f;
}

static void test_words(void **state)
{
        char is[LINE_MAX_BYTES], expected[LINE_MAX_BYTES], title[LINE_MAX_BYTES] = "";
        FILE *f = tmpfile(), *golden = open_expected();

        (void) state;
        assert_non_null(f);
        print_rows(f);
        rewind(f);
        for (unsigned n = 1;; n++) {
                bool more = fgets(is, sizeof(is), f),
                     more_expected = fgets(expected, sizeof(expected), golden);

                if (!more && !more_expected)
                        break;
                if (more && strncmp(is, "==", 2) == 0)
                        snprintf(title, sizeof(title), "%s", is);
                if (!more || !more_expected || !streq(is, expected))
                        fail_msg("%sctl-every-state.txt:%u: '%s' is shown, not '%s'", title, n,
                                        more ? is : "nothing", more_expected ? expected : "nothing");
        }
        fclose(f);
        fclose(golden);
}

/* Each state came up in a row. */
static void test_every_state_has_a_row(void **state)
{
        (void) state;
        for (unsigned s = 0; s < _APP_STATE_MAX; s++)
                if (!app_state_seen[s])
                        fail_msg("no row shows an application that is %s", app_state_to_string((AppState) s));
        for (unsigned s = 0; s < _NODE_STATE_MAX; s++)
                if (!node_state_seen[s])
                        fail_msg("no row shows a node that is %s", node_state_to_string((NodeState) s));
        assert_true(unit_state_seen[APP_BLOCKED] && unit_state_seen[APP_STOPPING]);
        assert_true(unit_state_seen[APP_STARTING] && unit_state_seen[APP_RUNNING]);
}

int main(int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_every_state_has_a_row),
        };

        setenv("TZ", "UTC", 1);
        if (argc == 2 && streq(argv[1], "--print")) {
                print_rows(stdout);
                return 0;
        }
        return cmocka_run_group_tests_name("ctl: every state", tests, NULL, NULL);
}
