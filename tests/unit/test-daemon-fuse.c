/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager's deadline in the fuse: set, moved on, put out, and told again to a fuse that comes back. */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-harness.h"
#include "daemon/fuse-link.h"
#include "daemon/loop.h"
#include "daemon/step.h"
#include "fuse/fuse.h"

#define WHY "distro did not end here before the other nodes of the cluster may start it"

/* What the engine has now, and a step after which it is asked. */
static void engine_says(uint64_t usec)
{
        doubles.fuse_usec = usec;
        doubles.fuse_app = usec == 0 ? NULL : "distro";
        step_event(m, &(Event){ .type = EVENT_PROBE });
}

static const char *armed(uint64_t usec)
{
        static char text[256];

        snprintf(text, sizeof(text), "arm 1 %" PRIu64 " %s " WHY "\n", usec - FUSE_TAKES_USEC,
                        m->powers_off ? "poweroff" : "reboot");
        return text;
}

static void assert_heard(const char *expect)
{
        turn();
        assert_string_equal(fuse_heard(), expect);
}

static uint64_t soon(uint64_t sec)
{
        return boottime_usec() + sec * USEC_PER_SEC;
}

static void test_set_moved_put_out(void **state)
{
        uint64_t at = soon(60);

        (void) state;
        begin_quietly();
        assert_string_equal(fuse_heard(), "ping\ndisarm 1\n");
        engine_says(0);
        assert_heard(""); /* it knows */
        engine_says(at);
        assert_heard(armed(at));
        engine_says(at);
        assert_heard("");

        /* A move by less waits for the next one, and one that is long enough is told at once. */
        engine_says(at + FUSE_SLACK_USEC / 2);
        engine_says(at + FUSE_SLACK_USEC - 1);
        assert_heard("");
        engine_says(at + FUSE_SLACK_USEC);
        assert_heard(armed(at + FUSE_SLACK_USEC));
        /* Where it stands still it is told after a while. */
        engine_says(at + FUSE_SLACK_USEC + 7);
        for (uint64_t end = boottime_usec() + FUSE_SLACK_USEC; boottime_usec() <= end;)
                turn();
        turn();
        assert_string_equal(fuse_heard(), armed(at + FUSE_SLACK_USEC + 7));

        /* Sooner is never too late to be told. */
        engine_says(at - 1);
        assert_heard(armed(at - 1));
        /* A host that is to stay down does. */
        m->powers_off = true;
        engine_says(at - 1);
        assert_heard(armed(at - 1));
        /* What stands, stands. */
        engine_says(USEC_INFINITY);
        assert_heard("");
        engine_says(0);
        assert_heard("disarm 1\n");
        engine_says(0);
        assert_heard("");
        assert_null(strstr(doubles_trace(), "fuse"));
}

/* What a step brings up is known before its effects are carried out: a start rests on it. Only after all of the step is known
 * that nothing is here. */
static void test_set_before_the_effects(void **state)
{
        uint64_t at = soon(60);

        (void) state;
        doubles.found[0] = (UnitInfo){ .app = "distro", .epoch = 7, .state = UNIT_RUNNING };
        doubles.n_found = 1;
        doubles.fuse_usec = USEC_INFINITY;
        begin_quietly();
        assert_string_equal(fuse_heard(), "ping\n");
        doubles.fuse_usec = at;
        doubles.fuse_app = "distro";
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED);
        m->stepping = true;
        fuse_link_arm(m);
        assert_heard(armed(at));
        doubles.fuse_usec = 0;
        fuse_link_arm(m);
        assert_heard("");
        m->stepping = false;
        fuse_link_update(m);
        assert_heard("disarm 1\n");
}

/* A node whose fuse does not answer says so from its first message on. */
static void test_start_without_a_fuse(void **state)
{
        (void) state;
        begin_without_a_fuse();
        assert_trace("read-cluster\n"
                     "engine-new node=1 nodes=2 record=0 bytes=0 skip=no without a fuse\n"
                     "event time\n"
                     "event definitions right=1 wrong=0 distro\n"
                     "join distro-manager\n");
        engine_says(soon(60));
        fuse_comes();
        for (int i = 0; i < 100 && !m->fuse.there; i++)
                turn();
        assert_trace("event probe\nevent fuse there\n");
        turn();
        assert_true(strncmp(fuse_heard(), "ping\narm 1 ", strlen("ping\narm 1 ")) == 0);
}

static void test_mute(void **state)
{
        (void) state;
        begin_quietly();
        (void) fuse_heard();
        fuse_is_mute = true;
        engine_says(soon(60));
        for (int i = 0; i < 200 && m->fuse.companion.was_there; i++)
                turn();
        assert_trace("event probe\nevent fuse not there\n");
        fuse_is_mute = false;
        for (int i = 0; i < 100 && !m->fuse.there; i++)
                turn();
        assert_trace("event fuse there\n");
}

/* ---- how this boot began ---- */

static void leave_note(const char *path, const char *boot)
{
        SelfReboot s = { .realtime_usec = UINT64_C(1700000000000000), .reason = "web did not end" };
        char text[SELF_REBOOT_BYTES];

        snprintf(s.boot, sizeof(s.boot), "%s", boot);
        self_reboot_format(&s, text);
        write_file(path, text);
}

/* Told once, by the first manager of this boot; those after it know it too, and the next boot does not. */
static void test_rebooted_itself(void **state)
{
        (void) state;
        leave_note("/var/lib/distro-manager/" SELF_REBOOT_NAME, "of-another-boot");
        begin();
        assert_trace("read-cluster\n"
                     "engine-new node=1 nodes=2 record=0 bytes=0 skip=no after a reboot by itself\n"
                     "event time\n"
                     "event definitions right=1 wrong=0 distro\n"
                     "join distro-manager\n");
        assert_int_equal(m->rebooted.realtime_usec, 1700000000000000);
        assert_string_equal(m->rebooted.reason, "web did not end");
        assert_false(file_exists("/var/lib/distro-manager/" SELF_REBOOT_NAME));
        fuse_goes();
        m = manager_free(m);
        begin_quietly();
        assert_int_equal(m->rebooted.realtime_usec, 1700000000000000);
}

/* What this boot's fuse has written is for the next one: it may be about to go off. And room alone says nothing. */
static void test_did_not_reboot_itself(void **state)
{
        char boot[40];

        (void) state;
        assert_int_equal(self_reboot_boot(boot), 0);
        leave_note("/var/lib/distro-manager/" SELF_REBOOT_NAME, boot);
        begin_quietly();
        assert_int_equal(m->rebooted.realtime_usec, 0);
        assert_true(file_exists("/var/lib/distro-manager/" SELF_REBOOT_NAME));
        fuse_goes();
        m = manager_free(m);
        write_file("/var/lib/distro-manager/" SELF_REBOOT_NAME, "");
        begin_quietly();
        assert_int_equal(m->rebooted.realtime_usec, 0);
}

/* ---- with a real one ---- */

static int end_of_host(DeadlineAction action)
{
        _exit(action == DEADLINE_REBOOT ? 9 : 8);
}

static pid_t real_fuse(void)
{
        pid_t pid = fork();
        char directory[128];

        assert_true(pid >= 0);
        if (pid == 0) {
                FuseParameters p = {
                        .last_resort = { .kmsg_fd = -1, .console_fd = -1, .sysrq_fd = -1, .end = end_of_host }
                };

                snprintf(directory, sizeof(directory), "%s/run/distro-manager", root);
                p.directory = directory;
                _exit(fuse_run(&p) < 0);
        }
        return pid;
}

static void turn_until_there(bool there)
{
        for (int i = 0; i < 200 && (m->fuse.there != there || m->fuse.companion.was_there != there); i++)
                turn();
        assert_true(m->fuse.there == there);
}

/* The fuse is killed, and what is said meanwhile is in its table: the next one does not go by a deadline that was put off. It
 * is told again all the same. */
static void test_killed(void **state)
{
        uint64_t at = soon(2);
        pid_t pid;
        int status;

        (void) state;
        pid = real_fuse();
        begin_without_a_fuse();
        turn_until_there(true);
        engine_says(at);
        turn();
        (void) doubles_trace();
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        turn_until_there(false);
        assert_trace("event fuse not there\n");
        engine_says(at + 60 * USEC_PER_SEC);
        while (boottime_usec() <= at)
                turn();
        pid = real_fuse();
        turn_until_there(true);
        turn();
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it did not go off */
        engine_says(boottime_usec());
        turn();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

/* A planned leave without quorum: the last end and the engine's last word come in one step. */
static void test_put_out_as_it_leaves(void **state)
{
        (void) state;
        begin_quietly();
        engine_says(soon(60));
        turn();
        (void) fuse_heard();
        assert_int_equal(raise(SIGTERM), 0);
        turn();
        doubles.fuse_usec = 0;
        doubles.fuse_app = NULL;
        doubles_effect(EVENT_PROBE, EFFECT_LEFT);
        doubles.group.probe(m, 1);
        assert_true(m->fuse.told);
        assert_int_equal(m->fuse.told_usec, 0);
        turn();
        assert_true(m->exiting);
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, daemon_setup, daemon_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_set_moved_put_out),
                TEST(test_set_before_the_effects),
                TEST(test_put_out_as_it_leaves),
                TEST(test_start_without_a_fuse),
                TEST(test_mute),
                TEST(test_killed),
                TEST(test_rebooted_itself),
                TEST(test_did_not_reboot_itself),
        };

        return cmocka_run_group_tests_name("daemon-fuse", tests, NULL, NULL);
}
