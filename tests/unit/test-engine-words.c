/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What people are told: states, reasons, why a node may not, STATUS=. And that every word has its value, and every value
 * its word. */

#include "engine-cluster.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/runs.h"
#include "engine/member/peer.h"

typedef void (*Change)(Cluster *c, Engine *e, App *a);

#define CHANGE(name, statement)                         \
        static void name(Cluster *c, Engine *e, App *a) \
        {                                               \
                (void) c;                               \
                (void) e;                               \
                (void) a;                               \
                statement;                              \
        }

static Node *node_of(Engine *e, uint32_t id)
{
        Node *n = state_find_node(&e->here.me.agreed.state, id);

        assert_non_null(n);
        return n;
}

static void variant(App *a, uint32_t node, uint64_t digest, const char *error)
{
        const Definition d = { .name = a->name, .weight = 1, .digest = digest };

        assert_true(app_set_variant(a, node, digest, &d, error));
}

static void no_copy(App *a)
{
        a->n_copies = 0;
}

static void everywhere(Engine *e, App *a, bool error)
{
        for (uint32_t node = ABC; node <= DEF; node++)
                variant(a, node, 0, error ? "distro.app:3: Nodes=: empty" : NULL);
        (void) e;
}

/* ---- applications ---- */

CHANGE(runs, (void) 0)
CHANGE(starts, a->copies[0].phase = COPY_STARTING)
CHANGE(stops, a->copies[0].phase = COPY_STOPPING)
CHANGE(moves, a->copies[0].phase = COPY_STOPPING; a->next_type = START_TAKEOVER)
CHANGE(is_stuck, a->copies[0].stuck = true)
CHANGE(is_stuck_here, is_stuck(c, e, a); e->here.units[0].state = UNIT_STUCK;
                e->here.units[0].reason = strdup("its part x has left processes"))
/* As long as such a reason can be. */
#define LONG_REST                                                                               \
        "its part address 2001:0db8:1111:2222:3333:4444:5555:6666/128 may still be there: its " \
        "removal did not succeed; remove it, then: systemctl reset-failed "                     \
        "distro-app-a23456789-123456789-123456789-123456789-123456789-123456789-123"            \
        ":ip-2001:db8:1111:2222:3333:4444:5555:6666.service"
CHANGE(is_stuck_at_length, is_stuck(c, e, a); e->here.units[0].state = UNIT_STUCK;
                e->here.units[0].reason = strdup(LONG_REST))
CHANGE(is_silent, node_of(e, ABC)->presence = PRESENCE_SILENT)
CHANGE(manager_gone, node_of(e, ABC)->grace = ((Timer){ .serial = 3, .deadline_usec = 77 }))
CHANGE(manager_gone_stopping, manager_gone(c, e, a); a->copies[0].phase = COPY_STOPPING)
CHANGE(better_waits, a->copies[0].node_id = DEF; a->better = ((Timer){ .serial = 3, .deadline_usec = 78 });
                a->better_nodes = 1)
CHANGE(better_waits_unheard, better_waits(c, e, a); node_of(e, DEF)->presence = PRESENCE_SYNCING)
CHANGE(in_maintenance, a->maintenance = true)
CHANGE(runs_orphaned, everywhere(e, a, false))
CHANGE(runs_owed, a->owed = calloc(1, sizeof(uint32_t)); a->owed[0] = DEF; a->n_owed = 1)
CHANGE(is_finished, no_copy(a); a->finished = true)
CHANGE(is_halted, no_copy(a); a->halted = true; a->failure = strdup("exit-code"))
CHANGE(is_halted_unsaid, no_copy(a); a->halted = true)
CHANGE(is_stopped, no_copy(a); a->target_up = false; a->commanded = true)
CHANGE(is_disabled, no_copy(a); a->target_up = false)
CHANGE(is_held_back, no_copy(a); a->maintenance = true)
CHANGE(has_no_file, no_copy(a); a->has_definition = false)
CHANGE(has_a_wrong_file, no_copy(a); a->has_definition = false; everywhere(e, a, true))
CHANGE(is_orphan, no_copy(a); everywhere(e, a, false))
CHANGE(is_forming, no_copy(a); e->here.me.agreed.state.form_pending = true)
CHANGE(waits_for_ever, node_of(e, ABC)->presence = PRESENCE_OFFLINE; no_copy(a); a->lost_node = ABC;
                a->delay = ((Timer){ .serial = 3, .deadline_usec = USEC_INFINITY }))
CHANGE(waits, node_of(e, ABC)->presence = PRESENCE_OFFLINE; no_copy(a); a->lost_node = ABC;
                a->delay = ((Timer){ .serial = 3, .deadline_usec = 79 }))
CHANGE(waits_in_order, node_of(e, ABC)->presence = PRESENCE_OFFLINE; no_copy(a); a->lost_node = ABC;
                a->lost_in_order = true; a->delay = ((Timer){ .serial = 3, .deadline_usec = 79 }))
CHANGE(waits_in_order_for_ever, node_of(e, ABC)->presence = PRESENCE_OFFLINE; no_copy(a); a->lost_node = ABC;
                a->lost_in_order = true; a->delay = ((Timer){ .serial = 3, .deadline_usec = USEC_INFINITY }))
CHANGE(will_wait, a->definition.awaits_leaver = true; node_of(e, ABC)->leaving = true;
                a->copies[0].phase = COPY_STOPPING; a->next_type = START_TAKEOVER)
CHANGE(is_obstructed, a->copies[0].phase = COPY_LOST)
CHANGE(is_untamed, a->copies[0].phase = COPY_LOST; a->copies[0].untamed = true)
CHANGE(is_about_to, no_copy(a))
CHANGE(failed, no_copy(a); app_add_mark(a, ABC)->timer = ((Timer){ .serial = 4, .deadline_usec = 81 });
                app_add_mark(a, BCD)->timer = ((Timer){ .serial = 3, .deadline_usec = 80 });
                app_add_mark(a, DEF))
CHANGE(has_nowhere, no_copy(a);
                for (uint32_t node = ABC; node <= DEF; node++) node_of(e, node)->standby = true)
CHANGE(has_unknown, no_copy(a); node_of(e, DEF)->unknown = true)

static const struct {
        Change change;
        AppState state;
        const char *reason, *node;
        uint64_t deadline_usec;
} apps[] = {
        { runs, APP_RUNNING, "", "abc", USEC_INFINITY },
        { starts, APP_STARTING, "", "abc", USEC_INFINITY },
        { stops, APP_STOPPING, "", "abc", USEC_INFINITY },
        { moves, APP_STOPPING, "on the way to another node", "abc", USEC_INFINITY },
        { is_stuck, APP_BLOCKED, "its stop on abc did not end; processes are left there", "abc",
                        USEC_INFINITY },
        { is_stuck_here, APP_BLOCKED, "its stop on abc did not end: its part x has left processes", "abc",
                        USEC_INFINITY },
        { is_stuck_at_length, APP_BLOCKED, "its stop on abc did not end: " LONG_REST, "abc", USEC_INFINITY },
        { is_silent, APP_BLOCKED, "the manager of abc does not answer", "abc", USEC_INFINITY },
        { manager_gone, APP_RUNNING, "unsupervised: the manager of abc is gone and is waited for", "abc",
                        77 },
        { manager_gone_stopping, APP_BLOCKED, "the manager of abc is gone; it is waited for", "abc", 77 },
        { better_waits, APP_RUNNING, "abc takes it over after TakeoverDelaySec=", "def", 78 },
        { better_waits_unheard, APP_RUNNING, "", "def", USEC_INFINITY },
        { in_maintenance, APP_RUNNING, "in maintenance: it is left alone", "abc", USEC_INFINITY },
        { runs_orphaned, APP_ORPHAN, "no node has a file for it; it runs until it is stopped", "abc",
                        USEC_INFINITY },
        { runs_owed, APP_RUNNING, "def has not reported after the maintenance", "abc", USEC_INFINITY },
        { is_finished, APP_FINISHED, "the worker ended by itself", "", USEC_INFINITY },
        { is_halted, APP_FAILED, "exit-code; FailureAction=stop", "", USEC_INFINITY },
        { is_halted_unsaid, APP_FAILED, "the worker failed; FailureAction=stop", "", USEC_INFINITY },
        { is_stopped, APP_STOPPED, "by command", "", USEC_INFINITY },
        { is_disabled, APP_STOPPED, "Enabled=no", "", USEC_INFINITY },
        { is_held_back, APP_BLOCKED, "in maintenance", "", USEC_INFINITY },
        { has_no_file, APP_BLOCKED, "no node has a file for it", "", USEC_INFINITY },
        { has_a_wrong_file, APP_BLOCKED, "distro.app:3: Nodes=: empty", "", USEC_INFINITY },
        { is_orphan, APP_ORPHAN, "no node has a file for it", "", USEC_INFINITY },
        { is_forming, APP_WAITING, "the group has just formed; its record is being written", "",
                        USEC_INFINITY },
        { waits, APP_WAITING, "abc is lost; FailoverDelaySec= runs", "", 79 },
        { waits_for_ever, APP_WAITING, "abc is lost, and waited for for ever: FailoverDelaySec=infinity", "",
                        USEC_INFINITY },
        { waits_in_order, APP_WAITING, "waits for abc, which left in order; FailoverDelaySec= runs", "", 79 },
        { waits_in_order_for_ever, APP_WAITING,
                        "waits for abc, which left in order, for ever: FailoverDelaySec=infinity", "",
                        USEC_INFINITY },
        { will_wait, APP_STOPPING, "its node is leaving, and will be waited for: HandOver=no", "abc",
                        USEC_INFINITY },
        { is_obstructed, APP_BLOCKED, "the copy on abc has not ended", "", USEC_INFINITY },
        { is_untamed, APP_BLOCKED, "abc was lost in maintenance and may still run it", "", USEC_INFINITY },
        { is_about_to, APP_WAITING, "about to start", "", USEC_INFINITY },
        { failed, APP_FAILED, "the worker failed; failed on every node that may run it", "", 80 },
        { has_nowhere, APP_BLOCKED, "no node that may run it is there", "", USEC_INFINITY },
        { has_unknown, APP_BLOCKED, "def has not reported what it runs", "", USEC_INFINITY },
};

static void test_application_states(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(apps); i++) {
                AppStatus s;
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                apps[i].change(&c, c.engine[ABC], cluster_distro(&c, ABC));
                engine_app_status(c.engine[ABC], cluster_distro(&c, ABC), &s);
                assert_string_equal(s.reason, apps[i].reason);
                assert_string_equal(app_state_to_string(s.state), app_state_to_string(apps[i].state));
                assert_string_equal(s.node, apps[i].node);
                assert_int_equal(s.deadline_usec, apps[i].deadline_usec);
                assert_int_equal(s.epoch, cluster_distro(&c, ABC)->last_epoch);
                cluster_end(&c);
        }
}

CHANGE(is_held, a->held_node = ABC; app_add_held_against(a, BCD))
CHANGE(is_held_no_more, a->held_node = ABC)
CHANGE(is_kept, app_add_held_against(a, BCD))
CHANGE(goes_to_be_held, a->held_node = DEF; app_add_held_against(a, BCD); stops(c, e, a))
CHANGE(runs_nowhere, is_held(c, e, a); no_copy(a))
CHANGE(is_held_alone, is_held(c, e, a); e->here.cutoff->stale_since_usec = 1)
CHANGE(was_held_elsewhere, is_held_alone(c, e, a); a->held_node = a->copies[0].node_id = DEF)

/* By hand, here, and against a node that is better: else it is not called held. */
static void test_held(void **state)
{
        static const struct {
                Change change;
                bool held;
        } cases[] = {
                { runs, false },
                { is_held, true },
                { is_held_no_more, false },
                { is_kept, false },
                { goes_to_be_held, false },
                { runs_nowhere, false },
                { is_held_alone, true },
                { was_held_elsewhere, false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                AppStatus s;
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cases[i].change(&c, c.engine[ABC], cluster_distro(&c, ABC));
                engine_app_status(c.engine[ABC], cluster_distro(&c, ABC), &s);
                if (s.held != cases[i].held)
                        fail_msg("case %zu", i);
                cluster_end(&c);
        }
}

/* ---- nodes, and why they may not ---- */

CHANGE(is_forbidden, a->permissions = calloc(1, sizeof(Permission)); a->permissions[0].node_id = BCD;
                a->n_permissions = 1)
CHANGE(bcd_standby, node_of(e, BCD)->standby = true)
CHANGE(bcd_leaving, node_of(e, BCD)->leaving = true)
CHANGE(bcd_left, node_of(e, BCD)->leaving = true; node_of(e, BCD)->presence = PRESENCE_MANAGER_GONE)
CHANGE(bcd_gone, node_of(e, BCD)->presence = PRESENCE_MANAGER_GONE)
CHANGE(bcd_offline, node_of(e, BCD)->presence = PRESENCE_OFFLINE; e->here.me.n_ring_nodes = 1)
CHANGE(bcd_not_listed, node_of(e, BCD)->presence = PRESENCE_OFFLINE)
CHANGE(bcd_silent, node_of(e, BCD)->presence = PRESENCE_SILENT)
CHANGE(bcd_syncing, node_of(e, BCD)->presence = PRESENCE_SYNCING)
CHANGE(bcd_reported, node_of(e, BCD)->presence = PRESENCE_REPORTED)
CHANGE(bcd_marked, Mark *m = app_add_mark(a, BCD); m->count = 2;
                m->timer = ((Timer){ .serial = 3,
                                .deadline_usec = e->here.me.agreed.now_usec + 90 * USEC_PER_SEC }))
CHANGE(bcd_marked_last, bcd_marked(c, e, a); app_add_mark(a, DEF)->set_realtime_usec = 5;
                app_find_mark(a, BCD)->set_realtime_usec = 6;
                a->failure = strdup("its part address 192.0.2.20/24: removed from eth0 by somebody else"))
CHANGE(bcd_marked_before, bcd_marked_last(c, e, a); app_find_mark(a, BCD)->set_realtime_usec = 4)
CHANGE(bcd_mark_expired, Mark *m = app_add_mark(a, BCD); m->count = 2; m->expired = true)
CHANGE(bcd_differs, variant(a, BCD, 5, NULL))
CHANGE(bcd_has_none, variant(a, BCD, 0, NULL))
CHANGE(bcd_is_wrong, variant(a, BCD, 0, "distro.app:3: Nodes=: empty"))
CHANGE(bcd_unwritable, node_of(e, BCD)->unwritable = true)
CHANGE(bcd_unguarded, node_of(e, BCD)->unguarded = true)
CHANGE(bcd_unfused, node_of(e, BCD)->unfused = e->here.me.agreed.state.apps[0].definition.needs_end = true)
CHANGE(bcd_late, node_of(e, BCD)->late = true)
CHANGE(not_listed, free(a->definition.nodes[1].name); a->definition.nodes[1].name = strdup("xyz"))
CHANGE(better_manual, a->copies[0].node_id = DEF; a->definition.takeover_automatic = false)
CHANGE(better_changed, a->copies[0].node_id = DEF; app_add_held_against(a, BCD))
CHANGE(better_held, a->copies[0].node_id = a->held_node = DEF; app_add_held_against(a, BCD))
CHANGE(better_maintained, better_manual(c, e, a); a->maintenance = true)
CHANGE(better_stops, better_manual(c, e, a); a->copies[0].phase = COPY_STOPPING)
CHANGE(better_blocked, a->copies[0].node_id = DEF; free(a->definition.nodes[0].name);
                a->definition.nodes[0].name = strdup("xyz"); app_add_copy(a, ABC, 0)->phase = COPY_LOST)
CHANGE(worse_manual, a->definition.takeover_automatic = false)
CHANGE(is_here, a->copies[0].node_id = BCD)

static const struct {
        Change change;
        bool eligible;
        const char *why;
        NodeState state;
} nodes[] = {
        { runs, true, "in tier 2 of Nodes=", NODE_ONLINE },
        { is_here, true, "it is here, in tier 2 of Nodes=", NODE_ONLINE },
        { better_manual, true, "better; Takeover=manual; 'distroctl takeover distro' moves it", NODE_ONLINE },
        { better_changed, true, "better; not moved by a changed file; 'distroctl takeover distro' moves it",
                        NODE_ONLINE },
        { better_held, true, "better; it is held where it is; 'distroctl takeover distro' moves it",
                        NODE_ONLINE },
        { better_maintained, true, "in tier 2 of Nodes=", NODE_ONLINE },
        { better_stops, true, "in tier 2 of Nodes=", NODE_ONLINE },
        { better_blocked, true, "better; the copy on abc has not ended", NODE_ONLINE },
        { worse_manual, true, "in tier 2 of Nodes=", NODE_ONLINE },
        { not_listed, false, "not in Nodes=", NODE_ONLINE },
        { is_forbidden, false, "forbidden", NODE_ONLINE },
        { bcd_standby, false, "in standby", NODE_ONLINE },
        { bcd_leaving, false, "leaving", NODE_LEAVING },
        { bcd_left, false, "manager-gone", NODE_MANAGER_GONE },
        { bcd_gone, false, "manager-gone", NODE_MANAGER_GONE },
        { bcd_offline, false, "offline", NODE_OFFLINE },
        { bcd_not_listed, false, "syncing", NODE_SYNCING },
        { bcd_silent, false, "silent", NODE_SILENT },
        { bcd_syncing, false, "syncing", NODE_SYNCING },
        { bcd_reported, false, "syncing", NODE_SYNCING },
        { bcd_marked, false, "failed 2 times; its mark expires in 1min 30s", NODE_ONLINE },
        { bcd_marked_last, false,
                        "failed 2 times; its mark expires in 1min 30s; the last time: its part address 192.0.2.20/24: "
                        "removed from eth0 by somebody else",
                        NODE_ONLINE },
        { bcd_marked_before, false, "failed 2 times; its mark expires in 1min 30s", NODE_ONLINE },
        { bcd_mark_expired, true, "failed before: good for the next start, not for a takeover", NODE_ONLINE },
        { bcd_differs, false,
                        "its file differs from the agreed definition: compare 'distroctl cat' there and here",
                        NODE_ONLINE },
        { bcd_has_none, false, "it has no file for it", NODE_ONLINE },
        { bcd_is_wrong, false, "distro.app:3: Nodes=: empty", NODE_ONLINE },
        { bcd_unwritable, false, "its state directory takes no writes", NODE_ONLINE },
        { bcd_unguarded, false, "it has no guard: distro-guard.service does not answer", NODE_ONLINE },
        { bcd_unfused, false, "it has no fuse: distro-fuse.service does not answer", NODE_ONLINE },
        { bcd_late, false, "its disk has not acknowledged the present state", NODE_ONLINE },
};

static void test_nodes_are_explained(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
                char why[200];
                Cluster c;
                Engine *e;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                e = c.engine[ABC];
                nodes[i].change(&c, e, cluster_distro(&c, ABC));
                assert_int_equal(
                                engine_explain(e, cluster_distro(&c, ABC), node_of(e, BCD), why, sizeof(why)),
                                nodes[i].eligible);
                assert_string_equal(why, nodes[i].why);
                assert_string_equal(node_state_to_string(engine_node_state(e, node_of(e, BCD))),
                                node_state_to_string(nodes[i].state));
                cluster_end(&c);
        }
}

/* ---- the manager ---- */

CHANGE(without_guard, e->here.unguarded = true)
CHANGE(leaves, e->here.leaving = true)
CHANGE(leaves_stuck, e->here.leaving = true; e->here.units[0].state = UNIT_STUCK)
CHANGE(leaves_empty, e->here.leaving = true; e->here.units[0].state = UNIT_STOPPED)
CHANGE(no_corosync, e->here.me.connected = false)
CHANGE(isolated, e->here.cutoff->isolated = true)
CHANGE(no_quorum, e->here.me.quorum_value = false)
CHANGE(joins, e->here.me.phase = PHASE_NONE)
CHANGE(quorum_unknown, e->here.me.quorum_known = false)
CHANGE(forms, e->here.me.phase = PHASE_FORMING;
                for (size_t i = 0; i < e->here.me.n_peers; i++) e->here.me.peers[i].has_facts = true;
                e->here.me.in_view.form_forced = true)
CHANGE(others_form, forms(c, e, a); e->here.me.peers[1].facts.record = RECORD_VALID;
                e->here.me.peers[1].facts.record_revision.count = 7)
CHANGE(older_forms, others_form(c, e, a); e->here.me.version_max = PROTOCOL_VERSION + 1)
CHANGE(waits_for_records, e->here.me.phase = PHASE_FORMING;
                for (size_t i = 0; i < e->here.me.n_peers; i++) e->here.me.peers[i].has_facts = false)
CHANGE(asks, e->here.me.synced = false)
CHANGE(behind, e->here.me.synced = false; e->here.me.agreed.state.version = PROTOCOL_VERSION + 1)
CHANGE(waits_for_managers, e->here.takes_part = false; e->here.wait_mandatory = calloc(1, sizeof(uint32_t));
                e->here.wait_mandatory[0] = 9; e->here.n_wait_mandatory = 1)

static void test_status_of_the_manager(void **state)
{
        static const struct {
                Change change;
                const char *text;
        } cases[] = {
                { runs, "Taking part in view 8.0: 1 of 1 applications run here" },
                { without_guard, "Taking part in view 8.0, without a guard: nothing is started here" },
                { leaves, "Leaving: waits for distro" },
                { leaves_stuck, "Leaving: waits for distro (processes left after its stop)" },
                { leaves_empty, "Leaving: handing over what runs here" },
                { no_corosync, "Waiting for Corosync" },
                { isolated, "Corosync is silent: acting as cut off" },
                { no_quorum, "No quorum" },
                { joins, "Joining the group" },
                { quorum_unknown, "Waiting for Corosync to say whether there is quorum" },
                { forms, "Forming the group" },
                { others_form, "Waiting for bcd to form the group: it has the newest record" },
                { older_forms, "Waiting for bcd to form the group: it has the newest record, and its manager knows "
                               "protocol version 1 at most" },
                { waits_for_records, "Waiting for the records of: abc bcd def" },
                { asks, "Getting the state from the group" },
                { behind, "The group speaks protocol version 2; this manager knows 1 to 1" },
                { waits_for_managers, "Waiting for the managers of: ?" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Cluster c;
                char *text;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                cases[i].change(&c, c.engine[ABC], cluster_distro(&c, ABC));
                text = engine_status_text(c.engine[ABC], c.now);
                assert_non_null(text);
                assert_string_equal(text, cases[i].text);
                free(text);
                cluster_end(&c);
        }
}

/* ---- words ---- */

typedef const char *(*Word)(unsigned v);

#define WORD(f, t)                                 \
        static const char *word_of_##t(unsigned v) \
        {                                          \
                return f((t) v);                   \
        }

WORD(app_state_to_string, AppState)
WORD(node_state_to_string, NodeState)
WORD(command_error_to_string, CommandError)
WORD(note_kind_to_string, NoteKind)
WORD(event_type_to_string, EventType)
WORD(effect_type_to_string, EffectType)
WORD(message_type_to_string, MessageType)
WORD(command_kind_to_string, CommandKind)
WORD(start_type_to_string, StartType)
WORD(unit_state_to_string, UnitState)

static void test_every_value_has_its_word(void **state)
{
        static const struct {
                Word word;
                unsigned first, end;
        } tables[] = {
                { word_of_AppState, 0, _APP_STATE_MAX },
                { word_of_NodeState, 0, _NODE_STATE_MAX },
                { word_of_CommandError, 0, _COMMAND_ERROR_MAX },
                { word_of_NoteKind, 0, _NOTE_KIND_MAX },
                { word_of_EventType, 0, _EVENT_TYPE_MAX },
                { word_of_EffectType, 0, _EFFECT_TYPE_MAX },
                { word_of_MessageType, 1, _MESSAGE_TYPE_MAX },
                { word_of_CommandKind, 0, _COMMAND_KIND_MAX },
                { word_of_StartType, 0, _START_TYPE_MAX },
                { word_of_UnitState, 0, _UNIT_STATE_MAX },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                for (unsigned v = tables[i].first; v < tables[i].end; v++) {
                        assert_non_null(tables[i].word(v));
                        assert_string_not_equal(tables[i].word(v), "?");
                        for (unsigned other = tables[i].first; other < v; other++)
                                assert_string_not_equal(tables[i].word(v), tables[i].word(other));
                }
                assert_string_equal(tables[i].word(tables[i].end), "?");
        }
        assert_string_equal(message_type_to_string(0), "?");
}

static void test_names_of_views(void **state)
{
        ViewId view = { .ring.seq = 12, .n = 3 };
        char text[32];

        (void) state;
        view_id_format(&view, text, sizeof(text));
        assert_string_equal(text, "12.3");
        view.n = VIEW_N_UNKNOWN;
        view_id_format(&view, text, sizeof(text));
        assert_string_equal(text, "12.?");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_application_states),
                cmocka_unit_test(test_held),
                cmocka_unit_test(test_nodes_are_explained),
                cmocka_unit_test(test_status_of_the_manager),
                cmocka_unit_test(test_every_value_has_its_word),
                cmocka_unit_test(test_names_of_views),
        };

        return cmocka_run_group_tests_name("engine: words", tests, NULL, NULL);
}
