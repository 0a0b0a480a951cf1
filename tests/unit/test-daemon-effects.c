/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the engine asks for is carried out, in order, and what came of it goes back as an event. */

#include "base/array.h"
#include "daemon-harness.h"

static void test_units(void **state)
{
        Effect *effect;

        (void) state;
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("distro");
        effect->epoch = 5;
        effect->start_type = START_FAILOVER;
        effect->from_node = strdup("bcd");
        effect = doubles_effect(EVENT_PROBE, EFFECT_STOP);
        effect->app = strdup("a");
        effect->epoch = 1;
        effect = doubles_effect(EVENT_PROBE, EFFECT_KILL);
        effect->app = strdup("b");
        effect->epoch = 2;
        effect = doubles_effect(EVENT_PROBE, EFFECT_FORGET);
        effect->app = strdup("c");
        effect->epoch = 3;
        doubles.group.probe(m, 1);
        assert_trace("event probe\n"
                     "start distro 5 failover on abc from bcd properties=yes\n"
                     "stop a 1\n"
                     "kill b 2\n"
                     "forget c 3\n");
}

/* What is known at once comes back as an event after the step. */
static void test_start_without_a_file(void **state)
{
        Effect *effect;

        (void) state;
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("unknown");
        effect->epoch = 5;
        doubles_effect(EVENT_PROBE, EFFECT_PROBE);
        doubles.group.probe(m, 1);
        assert_trace("event probe\n"
                     "probe\n"
                     "event unit unknown 5 refused: this node has no usable file of the application\n");

        doubles.units_start_result = -EINVAL;
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("distro");
        effect->epoch = 6;
        doubles.group.probe(m, 1);
        assert_non_null(strstr(doubles_trace(), "event unit distro 6 refused: "));
}

static void test_write(void **state)
{
        Effect *effect;
        Record record;
        char directory[128];

        (void) state;
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_WRITE);
        effect->revision = (Revision){ 3, 4 };
        effect->data = (uint8_t *) strdup("abc");
        effect->data_size_bytes = 3;
        doubles.group.probe(m, 1);
        for (unsigned i = 0;
                        i < 100 && !strstr(doubles.trace_file ? doubles_trace() : "", "event written 4 0\n");
                        i++)
                (void) sd_event_run(m->event, 50 * USEC_PER_MSEC);
        snprintf(directory, sizeof(directory), "%s/var/lib/distro-manager", root);
        assert_int_equal(record_read(directory, &record), 0);
        assert_int_equal(record.kind, RECORD_VALID);
        assert_memory_equal(record.payload, "abc", 3);
        record_done(&record);

        effect = doubles_effect(EVENT_PROBE, EFFECT_WRITE);
        effect->data = (uint8_t *) strdup("abc");
        effect->data_size_bytes = (size_t) RECORD_PAYLOAD_MAX + 1;
        effect->revision = (Revision){ 3, 5 };
        (void) doubles_trace();
        doubles.group.probe(m, 1);
        assert_non_null(strstr(doubles_trace(), "event written 5 -7\n"));
}

static Message *make_message(void)
{
        Message *message = calloc(1, sizeof(*message));

        assert_non_null(message);
        message->type = MESSAGE_LEAVE;
        message->version = PROTOCOL_VERSION;
        message->view = (ViewId){ .ring = { 1, 5 }, .n = 1 };
        message->incarnation = 1;
        message->number = 1;
        return message;
}

static void test_messages(void **state)
{
        Message *message = make_message();
        WireFragments fragments;

        (void) state;
        begin_quietly();
        assert_int_equal(wire_encode(message, 0, &fragments), 0);
        doubles.group.message(
                        m, (Member){ 2, 99 }, fragments.fragments[0].data, fragments.fragments[0].size_bytes);
        assert_trace("event message leave from 2\n");

        /* One that cannot be read never comes to the engine; only the first of many makes a line. */
        fragments.fragments[0].data[20] ^= 1;
        for (unsigned i = 0; i < 3; i++)
                doubles.group.message(m, (Member){ 2, 99 }, fragments.fragments[0].data,
                                fragments.fragments[0].size_bytes);
        assert_trace("");
        assert_int_equal(m->n_refused, 2);
        wire_fragments_done(&fragments);

        doubles_effect(EVENT_PROBE, EFFECT_SEND)->message = message;
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsend\n");
        /* A full queue makes a gap in our numbers. */
        doubles.group_send_result = -ENOBUFS;
        doubles_effect(EVENT_PROBE, EFFECT_SEND)->message = make_message();
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsend\nrejoin\n");
        doubles.group_send_result = 0;
        assert_int_equal(doubles.sent_type, MESSAGE_LEAVE);
        /* A message that nobody would take, or that is too large, makes none: another one has its number. */
        message = make_message();
        message->type = MESSAGE_STATE;
        message->state.state_size_bytes = MESSAGE_BYTES_MAX + 1;
        message->state.state = calloc(1, message->state.state_size_bytes);
        assert_non_null(message->state.state);
        doubles_effect(EVENT_PROBE, EFFECT_SEND)->message = message;
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsend\n");
        assert_int_equal(doubles.sent_type, MESSAGE_UNSENT);
}

/* What may wait goes together with others; the engine says what that is. */
static void test_messages_that_may_wait(void **state)
{
        (void) state;
        begin_quietly();
        for (int may_wait = 0; may_wait < 2; may_wait++) {
                Effect *effect = doubles_effect(EVENT_PROBE, EFFECT_SEND);

                effect->message = make_message();
                effect->may_wait = may_wait;
                doubles.group.probe(m, 1);
                assert_trace(may_wait ? "event probe\nsend together\n" : "event probe\nsend\n");
        }
}

/* A node's name that no message can carry is refused here, and the engine counts no message that is not sent. */
static void test_command_with_a_wrong_name(void **state)
{
        char words[] = "b c";

        (void) state;
        begin_quietly();
        assert_int_equal(doubles.bus.submit(m, 12, &(Command){ .kind = COMMAND_STANDBY, .node = words }), 0);
        assert_trace("reply 12 NoSuchNode\n");
        words[1] = '-';
        assert_int_equal(doubles.bus.submit(m, 13, &(Command){ .kind = COMMAND_STANDBY, .node = words }), 0);
        assert_trace("event command standby 13\n");
}

static void test_notes_and_replies(void **state)
{
        Effect *effect;

        (void) state;
        begin_quietly();
        doubles_effect(EVENT_PROBE, EFFECT_NOTE)->note = NOTE_FORMED;
        effect = doubles_effect(EVENT_PROBE, EFFECT_CHANGED);
        effect->app = strdup("distro");
        effect = doubles_effect(EVENT_PROBE, EFFECT_REPLY);
        effect->token = 11;
        effect->error = COMMAND_NOT_RUNNING;
        effect->text = strdup("words");
        doubles.group.probe(m, 1);
        assert_trace("event probe\nsignal formed\nchanged distro \nreply 11 NotRunning: words\n");

        assert_int_equal(doubles.bus.submit(m, 12, &(Command){ .kind = COMMAND_FORM }), 0);
        assert_trace("event command form 12\n");
}

static void test_guard(void **state)
{
        (void) state;
        begin_quietly();
        assert_string_equal(guard_heard(), "grace=15000000\nend\n");
        doubles.state.apps = calloc(1, sizeof(App));
        doubles.state.n_apps = 1;
        doubles.state.apps[0].name = strdup("distro");
        doubles.state.apps[0].maintenance = true;
        doubles.state.apps[0].unsure = (Unsure){ .since = { 1, 1 } };
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        assert_string_equal(guard_heard(), ""); /* it is not committed */
        doubles.state.apps[0].unsure = (Unsure){};
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        assert_string_equal(guard_heard(), "grace=15000000\nmaintenance=distro\nend\n");

        /* Being in step calls it off. What it knows it is not told again. */
        (void) doubles_effect(EVENT_PROBE, EFFECT_SYNCED);
        doubles.group.probe(m, 1);
        assert_string_equal(guard_heard(), "grace=15000000\nmaintenance=distro\nin-step\nend\n");
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        assert_string_equal(guard_heard(), "");

        /* The engine hears of its end at once; the next one is told all that counts. */
        (void) doubles_trace();
        guard_goes();
        turn();
        assert_trace("event guard not there\n");
        doubles.state.apps[0].maintenance = false;
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        (void) doubles_trace();
        guard_comes();
        for (int i = 0; i < 100 && !m->guard.there; i++)
                turn();
        assert_trace("event guard there\n");
        assert_string_equal(guard_heard(), "grace=15000000\nin-step\nend\n");

        /* While nothing runs here the guard need not show often that it lives. */
        doubles.synced = true;
        m->trim_usec = 0;
        m->idle = true;
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
        assert_string_equal(guard_heard(), "grace=15000000\nin-step\nidle\nend\n");
        doubles.has_workers = true;
        doubles.group.probe(m, 2);
        assert_string_equal(guard_heard(), "grace=15000000\nin-step\nend\n");
}

static void test_exits(void **state)
{
        (void) state;
        begin_quietly();
        doubles_effect(EVENT_PROBE, EFFECT_EXIT)->text = strdup("bcd is missing");
        doubles.group.probe(m, 1);
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_GAVE_UP);
}

static void test_exits_for_good(void **state)
{
        Effect *f;

        (void) state;
        begin_quietly();
        f = doubles_effect(EVENT_PROBE, EFFECT_EXIT);
        f->text = strdup("the others are newer");
        f->final = true;
        doubles.group.probe(m, 1);
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, MANAGER_EXIT_NEWER);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_units),
                TEST(test_start_without_a_file),
                TEST(test_write),
                TEST(test_messages),
                TEST(test_messages_that_may_wait),
                TEST(test_command_with_a_wrong_name),
                TEST(test_notes_and_replies),
                TEST(test_guard),
                TEST(test_exits),
                TEST(test_exits_for_good),
        };

        return cmocka_run_group_tests_name("daemon-effects", tests, NULL, NULL);
}
