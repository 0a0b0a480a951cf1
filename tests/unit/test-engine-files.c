/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the nodes' files say, as the group knows it: restarts that they make necessary, reloads, and the room that there is. */

#include "engine/local/own-files.h"
#include "engine/agreed/definition.h"
#include "engine/member/hold.h"
#include "engine-cluster.h"

/* The file of distro on abc, with another digest of its unit. */
static void unit_file_is_read(Cluster *c, uint64_t unit_digest, uint64_t delay_usec)
{
        NodePriority nodes[] = { { (char *) "abc", 0 }, { (char *) "bcd", 1 }, { (char *) "def", 2 } };
        Definition d = { .name = (char *) "distro",
                .nodes = nodes,
                .n_nodes = ELEMENTSOF(nodes),
                .failover_delay_usec = delay_usec,
                .weight = 1,
                .takeover_automatic = true,
                .enabled = true,
                .digest = 100 + unit_digest + delay_usec };
        Event event = { .type = EVENT_DEFINITIONS };

        event.definitions.definitions = &d;
        event.definitions.unit_digests = &unit_digest;
        event.definitions.n_definitions = 1;
        cluster_step(c, ABC, &event);
}

static void unit_file_is(Cluster *c, uint64_t unit_digest, uint64_t delay_usec)
{
        unit_file_is_read(c, unit_digest, delay_usec);
        cluster_deliver(c);
}

static void unit_is_of(Cluster *c, uint64_t unit_digest)
{
        Event event = { .type = EVENT_UNIT, .unit.app = "distro", .unit.state = UNIT_RUNNING };

        event.unit.epoch = cluster_distro(c, ABC)->last_epoch;
        event.unit.unit_digest = unit_digest;
        cluster_step(c, ABC, &event);
        cluster_deliver(c);
}

static bool restart_is_needed_on(const Cluster *c, uint32_t node)
{
        AppStatus status;

        engine_app_status(c->engine[node], cluster_distro(c, node), &status);
        return status.restart_needed;
}

static void restart_is_needed(const Cluster *c, bool needed)
{
        for (uint32_t i = 1; i <= N_NODES; i++)
                assert_int_equal(restart_is_needed_on(c, i), needed);
}

/* A worker goes on with what it was started from. Where its file says something else now, all nodes say that a restart is
 * needed, and no longer than that. */
static void test_restart_is_needed(void **state)
{
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        unit_file_is(&c, 7, CLUSTER_DELAY);
        restart_is_needed(&c, false); /* nobody knows what it was started from */
        unit_is_of(&c, 7);
        restart_is_needed(&c, false);
        unit_file_is(&c, 7, 2 * CLUSTER_DELAY); /* what [Application] says counts at once */
        restart_is_needed(&c, false);
        unit_file_is_read(&c, 8, 2 * CLUSTER_DELAY);
        assert_true(restart_is_needed_on(&c, ABC)); /* at once, for whoever asks after his reload */
        assert_false(restart_is_needed_on(&c, DEF));
        /* It is told before what the file holds, which may be the last answer to a `reload --all`. */
        cluster_deliver_one(&c);
        assert_true(restart_is_needed_on(&c, DEF));
        assert_int_equal(cluster_distro(&c, DEF)->definition.digest, 100 + 7 + 2 * CLUSTER_DELAY);
        cluster_deliver(&c);
        restart_is_needed(&c, true);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_STOP), 0);
        unit_file_is(&c, 7, 2 * CLUSTER_DELAY); /* as it was */
        restart_is_needed(&c, false);

        unit_file_is(&c, 9, CLUSTER_DELAY);
        restart_is_needed(&c, true);
        cluster_unit_is(&c, ABC, "distro", UNIT_KILLED); /* it is started again in place */
        unit_is_of(&c, 9);
        restart_is_needed(&c, false);
        cluster_end(&c);
}

/* A manager that comes back finds a unit, a file, and a group that knows nothing of a change. */
static void test_restart_is_needed_after_a_restart(void **state)
{
        Event unit = { .type = EVENT_UNIT, .unit.app = "distro", .unit.state = UNIT_RUNNING };
        uint64_t epoch;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        unit_file_is(&c, 7, CLUSTER_DELAY);
        unit_is_of(&c, 7);
        epoch = cluster_distro(&c, ABC)->last_epoch;
        cluster_manager_gone(&c, ABC);

        engine_free(c.engine[ABC]);
        cluster_make_engine(&c, ABC, NO_QUORUM_STOP, RECORD_BLANK);
        unit.unit.epoch = epoch;
        unit.unit.unit_digest = 7;
        cluster_step(&c, ABC, &unit);
        unit_file_is(&c, 8, CLUSTER_DELAY);
        cluster_connect(&c, ABC);
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_int_equal(app_present_copy(cluster_distro(&c, DEF))->node_id, ABC);
        restart_is_needed(&c, true);
        cluster_end(&c);
}

/* At a reload a file that has become wrong comes with its last good definition, which counts: the node differs from nobody. */
static void test_wrong_file_keeps_the_definition(void **state)
{
        struct DefinitionError error = { .app = "distro", .text = "line 3: what is this?", .line = 3 };
        Event event = { .type = EVENT_DEFINITIONS,
                .definitions.n_definitions = 1,
                .definitions.errors = &error,
                .definitions.n_errors = 1 };
        uint64_t epoch;
        char why[256];
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        epoch = cluster_distro(&c, DEF)->epoch;
        event.definitions.definitions = &cluster_distro(&c, ABC)->definition;
        for (uint32_t i = ABC; i <= BCD; i++)
                cluster_step(&c, i, &event);
        cluster_deliver(&c);
        for (uint32_t i = ABC; i <= DEF; i++)
                assert_int_equal(cluster_distro(&c, i)->n_variants, 0);
        assert_int_equal(c.engine[ABC]->here.n_definitions, 1);
        assert_int_equal(cluster_distro(&c, DEF)->epoch, epoch);
        /* All know of it, and who is told the state too; the node may run it all the same. */
        for (uint32_t i = ABC; i <= DEF; i++) {
                const App *a = cluster_distro(&c, i);

                assert_int_equal(a->n_wrong, 2);
                assert_int_equal(app_find_wrong(a, BCD)->line, 3);
                assert_true(engine_explain(c.engine[i], a,
                                state_find_node(&c.engine[i]->here.me.agreed.state, BCD), why, sizeof(why)));
                assert_non_null(strstr(why, "; its file is wrong: line 3; the last good one is in force"));
        }
        /* It is right again. */
        event.definitions.n_errors = 0;
        cluster_step(&c, ABC, &event);
        cluster_deliver(&c);
        assert_null(app_find_wrong(cluster_distro(&c, DEF), ABC));
        assert_non_null(app_find_wrong(cluster_distro(&c, DEF), BCD));
        event.definitions.n_errors = 1;
        /* One that has no good definition has only the error, and is not eligible. */
        event.definitions.n_definitions = 0;
        cluster_step(&c, BCD, &event);
        cluster_deliver(&c);
        assert_string_equal(app_variant_error(cluster_distro(&c, DEF),
                                            app_find_variant(cluster_distro(&c, DEF), BCD)),
                        error.text);
        cluster_end(&c);
}

/* Whatever comes in, what is agreed can be read by who joins. */
static void test_definition_that_cannot_be_agreed(void **state)
{
        NodePriority twice[] = { { .name = (char *) "abc" }, { .name = (char *) "abc", .tier = 1 } };
        NodePriority gap[] = { { .name = (char *) "abc" }, { .name = (char *) "bcd", .tier = 2 } };
        const Definition good = {
                .name = (char *) "web", .nodes = twice, .n_nodes = 1, .weight = 1, .digest = 7
        };
        Definition wrong[] = { good, good, good, good };

        (void) state;
        wrong[0].n_nodes = 2;
        wrong[1].nodes = gap;
        wrong[1].n_nodes = 2;
        wrong[2].weight = 0;
        wrong[3].digest = 0;
        FOREACH_ARRAY(d, wrong, ELEMENTSOF(wrong)) {
                Event event = { .type = EVENT_DEFINITIONS, .definitions.n_definitions = 2 };
                ByteWriter w = {};
                State back = {};
                Cluster c;

                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                for (uint32_t i = ABC; i <= DEF; i++) {
                        Definition list[] = { cluster_distro(&c, i)->definition, *d };

                        event.definitions.definitions = list;
                        cluster_step(&c, i, &event);
                }
                cluster_deliver(&c);
                state_encode(engine_state(c.engine[ABC]), STATE_FULL, c.now, &w);
                assert_int_equal(w.error, 0);
                assert_int_equal(state_decode(w.data, w.size_bytes, STATE_FULL, c.now, &back), 0);
                assert_false(state_find_app(&back, "web") && state_find_app(&back, "web")->has_definition);
                state_done(&back);
                byte_writer_done(&w);
                cluster_end(&c);
        }
}

/* Its files are read: the one of `distro`, and perhaps one of `web` before bcd and def on abc. */
static void files_are_read(Cluster *c, uint32_t node, bool web)
{
        NodePriority order[] = { { .name = (char *) "abc" }, { .name = (char *) "bcd", .tier = 1 },
                { .name = (char *) "def", .tier = 2 } };
        Definition list[] = {
                cluster_distro(c, node)->definition,
                { .name = (char *) "web",
                                .nodes = order,
                                .n_nodes = ELEMENTSOF(order),
                                .weight = 1,
                                .takeover_automatic = true,
                                .failure_timeout_usec = 600 * USEC_PER_SEC,
                                .enabled = true,
                                .digest = 9 },
        };
        Event event = { .type = EVENT_DEFINITIONS,
                .definitions.definitions = list,
                .definitions.n_definitions = web ? 2 : 1 };

        cluster_step(c, node, &event);
        cluster_deliver(c);
}

static size_t starts_of_all(const Cluster *c)
{
        return cluster_count(c, ABC, EFFECT_START) + cluster_count(c, BCD, EFFECT_START) +
               cluster_count(c, DEF, EFFECT_START);
}

static void reload_all(Cluster *c)
{
        cluster_begin_running(c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_command(c, BCD, 1, COMMAND_RELOAD, "", "");
        cluster_deliver(c);
        for (uint32_t i = ABC; i <= DEF; i++)
                assert_int_equal(cluster_count(c, i, EFFECT_RELOAD), 1);
        assert_int_equal(cluster_reply(c, 1), _COMMAND_ERROR_MAX); /* it comes when all have read */
}

/* A new file is read everywhere, on the best node last: it starts there, and there only. */
static void test_reload_waits_for_all_files(void **state)
{
        AppStatus status;
        Cluster c;

        (void) state;
        reload_all(&c);
        files_are_read(&c, DEF, true);
        files_are_read(&c, BCD, true);
        assert_int_equal(starts_of_all(&c), 0);
        engine_app_status(
                        c.engine[BCD], state_find_app(&c.engine[BCD]->here.me.agreed.state, "web"), &status);
        assert_int_equal(status.state, APP_WAITING);
        assert_string_equal(status.reason, "its files are being read");
        assert_int_equal(cluster_reply(&c, 1), _COMMAND_ERROR_MAX);
        files_are_read(&c, ABC, true);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_OK);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 1);
        assert_int_equal(starts_of_all(&c), 1);
        cluster_end(&c);
}

/* What a node told, or read, before the reload came is no answer to it: it speaks of the files as they were. */
static void test_reload_is_answered_by_what_is_read_after_it(void **state)
{
        Event early = { .type = EVENT_DEFINITIONS, .definitions.again = true };
        Definition own;
        Cluster c;

        (void) state;
        for (unsigned read_late = 0; read_late < 2; read_late++) {
                cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
                own = cluster_distro(&c, ABC)->definition;
                early.definitions.definitions = &own;
                early.definitions.n_definitions = 1;
                cluster_command(&c, BCD, 1, COMMAND_RELOAD, "", "");
                if (read_late == 0)
                        files_are_read(&c, ABC,
                                        true); /* it is behind the command, and was sent before it came */
                else {
                        cluster_deliver(&c);
                        cluster_step(&c, ABC, &early); /* the read had begun when it came */
                        cluster_deliver(&c);
                }
                files_are_read(&c, DEF, true);
                files_are_read(&c, BCD, true);
                assert_int_equal(cluster_reply(&c, 1), _COMMAND_ERROR_MAX);
                files_are_read(&c, ABC, true);
                assert_int_equal(cluster_reply(&c, 1), COMMAND_OK);
                cluster_end(&c);
        }
}

/* A member that has lost the state when the command comes finds it in the one that it gets: it reads then. */
static void test_reload_is_in_the_state(void **state)
{
        EffectList effects = {};
        Membership *me;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_command(&c, BCD, 1, COMMAND_RELOAD, "", "");
        me = &c.engine[DEF]->here.me;
        me->agreed.out.effects = &effects;
        hold_lose_track(me, "a message of the group is missing");
        me->agreed.out.effects = NULL;
        effect_list_done(&effects);
        cluster_deliver(&c);
        for (unsigned i = 0; i < 20 && !engine_is_synced(c.engine[DEF]); i++)
                cluster_all_at(&c, c.now + 50 * USEC_PER_MSEC);
        assert_true(engine_is_synced(c.engine[DEF]));
        assert_int_equal(cluster_count(&c, DEF, EFFECT_RELOAD), 1);
        cluster_end(&c);
}

/* A node on which nothing has changed says so; one that does not answer is waited for during 2 s; a new view ends the wait. */
static void test_reload_waits_no_longer(void **state)
{
        Cluster c;

        (void) state;
        reload_all(&c);
        files_are_read(&c, ABC, false);
        files_are_read(&c, DEF, true);
        assert_int_equal(starts_of_all(&c), 0);
        files_are_read(&c, BCD, false);
        assert_int_equal(cluster_count(&c, DEF, EFFECT_START), 1);
        assert_int_equal(c.engine[ABC]->here.me.agreed.state.reload.serial, 0);
        for (uint32_t i = ABC; i <= DEF; i++)
                assert_false(state_find_node(&c.engine[ABC]->here.me.agreed.state, i)->unread);
        cluster_end(&c);

        reload_all(&c);
        files_are_read(&c, DEF, true);
        files_are_read(&c, BCD, true);
        cluster_all_at(&c, c.now + 2 * USEC_PER_SEC - 1);
        assert_int_equal(starts_of_all(&c), 0);
        cluster_all_at(&c, c.now + 100 * USEC_PER_MSEC);
        assert_int_equal(cluster_reply(&c, 1), COMMAND_OK);
        assert_int_equal(cluster_count(&c, BCD, EFFECT_START), 1);
        assert_int_equal(starts_of_all(&c), 1);
        /* Whoever asked can name it, until it has answered. */
        assert_false(state_find_node(&c.engine[BCD]->here.me.agreed.state, DEF)->unread);
        assert_true(state_find_node(&c.engine[BCD]->here.me.agreed.state, ABC)->unread);
        files_are_read(&c, ABC, true);
        assert_false(state_find_node(&c.engine[BCD]->here.me.agreed.state, ABC)->unread);
        cluster_end(&c);

        reload_all(&c);
        files_are_read(&c, DEF, true);
        cluster_new_ring(&c);
        assert_int_equal(starts_of_all(&c), 0);
        cluster_quorum(&c, true);
        assert_int_equal(cluster_count(&c, DEF, EFFECT_START), 1);
        assert_int_equal(starts_of_all(&c), 1);
        cluster_end(&c);
}

/* What has an owner does not wait for files: not its failover, nor its start in place. */
static void test_reload_holds_up_nothing_else(void **state)
{
        Cluster c;

        (void) state;
        reload_all(&c);
        cluster_unit_is(&c, ABC, "distro", UNIT_KILLED);
        assert_int_equal(cluster_count(&c, ABC, EFFECT_START), 1);
        cluster_end(&c);
}

/* ---- many files ---- */

/* `n` files, each with a list of names that nobody else has; the caller ends them with free_files(). */
static Definition *long_files(size_t n, size_t n_names, uint64_t digest)
{
        Definition *d = calloc(n, sizeof(*d));

        assert_non_null(d);
        for (size_t i = 0; i < n; i++) {
                char name[NODE_NAME_MAX + 1];

                snprintf(name, sizeof(name), "app-%05zu", i);
                d[i] = (Definition){ .name = strdup(name), .weight = 1, .digest = digest, .enabled = true };
                d[i].nodes = calloc(n_names, sizeof(d[i].nodes[0]));
                assert_non_null(d[i].nodes);
                while (d[i].n_nodes < n_names) {
                        snprintf(name, sizeof(name), "%04zu-%02zu-%0240d", i, d[i].n_nodes, 0);
                        d[i].nodes[d[i].n_nodes++].name = strdup(name);
                }
        }
        return d;
}

static void free_files(Definition *d, size_t n)
{
        for (size_t i = 0; i < n; i++)
                definition_done(&d[i]);
        free(d);
}

static size_t count_variants(const Cluster *c, uint32_t node)
{
        size_t n = 0;

        FOREACH_ARRAY(a, c->engine[node]->here.me.agreed.state.apps,
                        c->engine[node]->here.me.agreed.state.n_apps)
                n += a->n_variants;
        return n;
}

/* What there is no room for is not taken, on all nodes alike; its node does not tell it again and again, but once more when
 * something has changed. */
static void test_definitions_have_a_bound(void **state)
{
        enum { N_FILES = 1000 };
        Event event = { .type = EVENT_DEFINITIONS, .definitions.n_definitions = N_FILES };
        Definition *d = long_files(N_FILES, NODES_MAX, 5);
        size_t n_apps, n_own;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        n_own = cluster_distro(&c, ABC) != NULL;
        event.definitions.definitions = d;
        cluster_step(&c, BCD, &event);
        assert_true(c.queue[0].message->definitions.more);
        cluster_deliver(&c);
        n_apps = c.engine[ABC]->here.me.agreed.state.n_apps - n_own;
        assert_in_range(n_apps, N_FILES / 2, N_FILES - 1);
        for (uint32_t i = ABC; i <= DEF; i++) {
                assert_int_equal(c.engine[i]->here.me.agreed.state.n_apps - n_own, n_apps);
                assert_in_range(state_size_bytes(&c.engine[i]->here.me.agreed.state), STATE_ROOM_BYTES / 2,
                                STATE_ROOM_BYTES);
                assert_int_equal(state_digest(&c.engine[i]->here.me.agreed.state),
                                state_digest(&c.engine[ABC]->here.me.agreed.state));
        }
        assert_false(files_differ(&c.engine[BCD]->here)); /* nothing that it would tell */

        /* A node with files of its own for the same names: it differs, and what it has is not known. */
        free_files(d, N_FILES);
        event.definitions.definitions = d = long_files(N_FILES, NODES_MAX, 6);
        cluster_step(&c, DEF, &event);
        cluster_deliver(&c);
        for (uint32_t i = ABC; i <= DEF; i++) {
                assert_int_equal(count_variants(&c, i), 2 * (n_apps + n_own));
                /* That each of them differs takes 6 bytes, room or not. */
                assert_in_range(state_size_bytes(&c.engine[i]->here.me.agreed.state), 0,
                                STATE_ROOM_BYTES + 6 * (n_apps + n_own));
        }
        /* When the first ones are gone there is room, and the next view asks for what was refused. */
        event.definitions.definitions = NULL;
        event.definitions.n_definitions = 0;
        cluster_step(&c, BCD, &event);
        cluster_deliver(&c);
        cluster_new_ring(&c);
        cluster_quorum(&c, true);
        assert_false(files_differ(&c.engine[DEF]->here));
        assert_in_range(state_size_bytes(&c.engine[ABC]->here.me.agreed.state), STATE_ROOM_BYTES / 2,
                        STATE_ROOM_BYTES);
        free_files(d, N_FILES);
        cluster_end(&c);
}

/* Until the last part of a node's files has come, the group does not know them: its manager is not in step before. */
static void test_files_come_in_parts(void **state)
{
        enum { N_FILES = 200 };
        Event event = { .type = EVENT_DEFINITIONS, .definitions.n_definitions = N_FILES };
        Definition *d = long_files(N_FILES, NODES_MAX, 5);
        size_t n_parts = 0, n_synced = 0;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        cluster_manager_gone(&c, DEF);
        engine_free(c.engine[DEF]);
        cluster_make_engine(&c, DEF, NO_QUORUM_STOP, RECORD_BLANK);
        event.definitions.definitions = d;
        cluster_step(&c, DEF, &event);
        cluster_connect(&c, DEF);
        cluster_new_ring(&c);
        for (uint32_t i = ABC; i <= DEF; i++)
                cluster_quorum_on(&c, i, c.ring, true);
        while (c.n_queue > 0) {
                const Message *m = c.queue[0].message;

                if (m && m->type == MESSAGE_DEFINITIONS && c.queue[0].sender.node_id == DEF) {
                        assert_int_equal(n_synced, 0);
                        n_parts++;
                }
                n_synced += m && m->type == MESSAGE_SYNCED && c.queue[0].sender.node_id == DEF;
                cluster_deliver_one(&c);
        }
        assert_in_range(n_parts, 3, 10);
        assert_int_equal(n_synced, 1);
        assert_int_equal(c.engine[ABC]->here.me.agreed.state.n_apps, N_FILES + 1);
        free_files(d, N_FILES);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_restart_is_needed),
                cmocka_unit_test(test_restart_is_needed_after_a_restart),
                cmocka_unit_test(test_wrong_file_keeps_the_definition),
                cmocka_unit_test(test_definition_that_cannot_be_agreed),
                cmocka_unit_test(test_reload_waits_for_all_files),
                cmocka_unit_test(test_reload_is_answered_by_what_is_read_after_it),
                cmocka_unit_test(test_reload_is_in_the_state),
                cmocka_unit_test(test_definitions_have_a_bound),
                cmocka_unit_test(test_files_come_in_parts),
                cmocka_unit_test(test_reload_waits_no_longer),
                cmocka_unit_test(test_reload_holds_up_nothing_else),
        };

        return cmocka_run_group_tests_name("engine-files", tests, NULL, NULL);
}
