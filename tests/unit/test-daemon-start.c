/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager's start: what it reads, in which order, and what it refuses to start with. */

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "daemon-harness.h"
#include "daemon/lock.h"

static void test_start(void **state)
{
        (void) state;
        doubles.found[0] = (UnitInfo){ .app = "distro", .epoch = 7, .state = UNIT_RUNNING };
        doubles.found[1] = (UnitInfo){ .app = "gone", .epoch = 8, .state = UNIT_NONE };
        doubles.n_found = 2;
        begin();
        assert_trace("read-cluster\n"
                     "engine-new node=1 nodes=2 record=0 bytes=0 skip=no\n"
                     "event time\n"
                     "event unit distro 7 running\n"
                     "event definitions right=1 wrong=0 distro\n"
                     "join distro-manager\n");
        assert_string_equal(guard_heard(), "grace=15000000\nend\n");
}

/* A node whose guard does not answer takes part, and says so from its first message on. */
static void test_start_without_a_guard(void **state)
{
        (void) state;
        begin_without_a_guard();
        assert_trace("read-cluster\n"
                     "engine-new node=1 nodes=2 record=0 bytes=0 skip=no without a guard\n"
                     "event time\n"
                     "event definitions right=1 wrong=0 distro\n"
                     "join distro-manager\n");
        guard_comes();
        for (int i = 0; i < 100 && !m->guard.there; i++)
                turn();
        assert_trace("event guard there\n");
        assert_string_equal(guard_heard(), "grace=15000000\nend\n");
}

/* One that takes connections and says nothing is none. */
static void test_start_beside_a_frozen_guard(void **state)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) state;
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/distro-manager/" GUARD_SOCKET, root);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 8), 0);
        begin_without_a_guard();
        assert_trace("read-cluster\n");
        for (int i = 0; i < 100 && m->start != START_DONE; i++)
                turn();
        assert_non_null(strstr(doubles_trace(), "skip=no without a guard\n"));
        assert_int_equal(close(fd), 0);
}

/* Nothing of a step is begun before what it waits for is there. */
static void test_start_waits_for_units(void **state)
{
        (void) state;
        doubles.units_ready_now = false;
        begin();
        assert_trace("read-cluster\n");
        doubles.units.ready(m);
        turn();
        assert_non_null(strstr(doubles_trace(), "join distro-manager\n"));
}

static void test_record_is_used(void **state)
{
        char directory[128];

        (void) state;
        snprintf(directory, sizeof(directory), "%s/var/lib/distro-manager", root);
        write_file("/run/distro-manager/took-part", "");
        assert_int_equal(record_write(directory, "12345", 5), 0);
        begin();
        assert_non_null(strstr(doubles_trace(), "engine-new node=1 nodes=2 record=1 bytes=5 skip=yes\n"));
}

static void test_record_that_the_engine_refuses(void **state)
{
        char directory[128];

        (void) state;
        snprintf(directory, sizeof(directory), "%s/var/lib/distro-manager", root);
        assert_int_equal(record_write(directory, "12345", 5), 0);
        doubles.engine_new_result = -EBADMSG;
        begin();
        assert_non_null(strstr(doubles_trace(),
                        "record=1 bytes=5 skip=no\nengine-new node=1 nodes=2 record=2 bytes=0"));
        assert_false(file_exists("/var/lib/distro-manager/state"));
        assert_false(m->exiting);
}

static void assert_ends(int status)
{
        begin();
        assert_true(m->exiting);
        assert_int_equal(m->exit_status, status);
        assert_null(strstr(doubles_trace(), "join"));
}

static void test_wrong_manager_conf(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/manager.conf", "[Cluster]\nFoo=bar\n");
        assert_ends(MANAGER_EXIT_CONFIG);
}

static void *wait_for_ever(void *userdata)
{
        for (;;)
                (void) pause();
        return userdata;
}

/* Holds the lock as another manager would, until it is killed. `stuck`: as one that was killed already, with a thread
 * that a disk does not let go. */
static pid_t other_manager(bool stuck)
{
        int ready[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe(ready), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char directory[128];
                pid_t owner;
                int fd = -1;
                pthread_t thread;

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* none is left behind by a test that fails */
                snprintf(directory, sizeof(directory), "%s/run/distro-manager", root);
                if (lock_take(directory, &fd, &owner) < 0 || fd < 0 || write(ready[1], "", 1) != 1 ||
                                (stuck && pthread_create(&thread, NULL, wait_for_ever, NULL) != 0))
                        _exit(1);
                if (stuck)
                        (void) syscall(SYS_exit, 0); /* of this thread alone */
                (void) wait_for_ever(NULL);
        }
        (void) close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void) close(ready[0]);
        return pid;
}

/* A second manager on a host touches neither the record nor the group. */
static void test_second_manager(void **state)
{
        pid_t other = other_manager(false);

        (void) state;
        write_file("/var/lib/distro-manager/state", "damaged");
        assert_ends(MANAGER_EXIT_FAILURE);
        assert_true(file_exists("/var/lib/distro-manager/state"));
        m = manager_free(m);

        /* However the other one ends. */
        assert_int_equal(kill(other, SIGKILL), 0);
        assert_int_equal(waitpid(other, NULL, 0), other);
        begin();
        assert_false(m->exiting);
        assert_non_null(strstr(doubles_trace(), "join distro-manager\n"));
}

/* The lock of a process that was killed and that a hanging disk keeps from ending holds nobody up. */
static void test_lock_of_one_that_cannot_end(void **state)
{
        pid_t other = other_manager(true);
        char path[64];

        (void) state;
        snprintf(path, sizeof(path), "/proc/%d/stat", (int) other);
        for (unsigned i = 0;; i++) {
                char text[256] = "";
                FILE *f = fopen(path, "re");

                assert_non_null(f);
                assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
                (void) fclose(f);
                if (strstr(text, ") Z "))
                        break;
                assert_true(i < 1000);
                (void) usleep(10000);
        }
        begin();
        assert_false(m->exiting);
        assert_int_equal(m->lock_fd, -1);
        assert_int_equal(kill(other, SIGKILL), 0);
        assert_int_equal(waitpid(other, NULL, 0), other);
}

/* A manager without a place for the lock works. */
static void test_no_lock(void **state)
{
        char path[128];

        (void) state;
        snprintf(path, sizeof(path), "%s/run/distro-manager/" LOCK_NAME, root);
        assert_int_equal(mkdir(path, 0700), 0);
        begin();
        assert_false(m->exiting);
        assert_int_equal(m->lock_fd, -1);
}

static void test_unknown_mandatory_node(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/manager.conf", "[Cluster]\nSyncMandatory=xyz\n");
        assert_ends(MANAGER_EXIT_CONFIG);
}

static void test_unknown_optional_node(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/manager.conf",
                        "[Cluster]\nSyncMandatory=bcd\nSyncOptional=xyz\n");
        assert_ends(MANAGER_EXIT_CONFIG);
}

/* A node was removed from the nodelist since this node booted. */
static void test_removed_node_in_the_same_boot(void **state)
{
        (void) state;
        write_file("/run/distro-manager/" TOOK_PART_NAME, "");
        write_file(SYSCONFDIR "/distro-manager/manager.conf",
                        "[Cluster]\nSyncMandatory=bcd xyz\nSyncOptional=uvw\n");
        begin();
        assert_false(m->exiting);
        assert_non_null(m->engine);
}

static void test_refused_cluster(void **state)
{
        (void) state;
        doubles.cluster_error = -EINVAL;
        assert_ends(MANAGER_EXIT_CONFIG);
}

static void test_newer_record(void **state)
{
        uint8_t file[RECORD_HEADER_BYTES];
        char path[128];
        uint64_t hash;
        FILE *f;

        (void) state;
        record_header("", 0, file);
        file[20] = 9;
        hash = hash64(file, 24);
        for (unsigned i = 0; i < 8; i++)
                file[24 + i] = (uint8_t) (hash >> (8 * i));
        snprintf(path, sizeof(path), "%s/var/lib/distro-manager/state", root);
        f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(file, 1, sizeof(file), f), sizeof(file));
        assert_int_equal(fclose(f), 0);
        assert_ends(MANAGER_EXIT_NEWER);
        assert_true(file_exists("/var/lib/distro-manager/state"));
}

/* A wrong application keeps out itself only. */
static void test_wrong_application(void **state)
{
        (void) state;
        write_file(SYSCONFDIR "/distro-manager/applications/bad.app", "[Application]\nFoo=1\n");
        begin();
        assert_non_null(strstr(doubles_trace(), "event definitions right=1 wrong=1 distro\n"));
}

static void test_ready(void **state)
{
        (void) state;
        listen_for_notifications();
        begin_quietly();
        for (const char *text = next_notification(); *text; text = next_notification())
                assert_null(strstr(text, "READY"));
        doubles_effect(EVENT_PROBE, EFFECT_READY);
        assert_false(file_exists("/run/distro-manager/took-part"));
        doubles.group.probe(m, 1);
        assert_true(file_exists("/run/distro-manager/took-part"));
        for (const char *text = next_notification(); *text; text = next_notification())
                assert_null(strstr(text, "READY"));
        /* It shows the cluster as it is when it is in step. */
        doubles_effect(EVENT_PROBE, EFFECT_SYNCED);
        doubles.group.probe(m, 2);
        assert_non_null(strstr(next_notification(), "READY=1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_start),
                TEST(test_start_without_a_guard),
                TEST(test_start_beside_a_frozen_guard),
                TEST(test_start_waits_for_units),
                TEST(test_record_is_used),
                TEST(test_record_that_the_engine_refuses),
                TEST(test_wrong_manager_conf),
                TEST(test_unknown_mandatory_node),
                TEST(test_second_manager),
                TEST(test_lock_of_one_that_cannot_end),
                TEST(test_no_lock),
                TEST(test_unknown_optional_node),
                TEST(test_removed_node_in_the_same_boot),
                TEST(test_refused_cluster),
                TEST(test_newer_record),
                TEST(test_wrong_application),
                TEST(test_ready),
        };

        return cmocka_run_group_tests_name("daemon-start", tests, NULL, NULL);
}
