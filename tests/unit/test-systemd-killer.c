/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The last resort: control groups are killed by hand, and systemd is told over its own socket. */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "systemd-folder.h"
#include "systemd/cgroup.h"
#include "systemd/killer.h"
#include "systemd/unit-read.h"

#define GROUP "/distro.slice/distro-app-a.service"

#define ABSENT "org.freedesktop.systemd1.NoSuchUnit"
#define RUN_IS_OVER "org.freedesktop.systemd1.NoUnitForInvocationID"
#define RUN "/org/freedesktop/systemd1/unit/ab010000000000000000000000000000"

static void test_cgroup_kill_file(void **state)
{
        assert_int_equal(cgroup_kill(folder, GROUP), -ENOENT);
        assert_int_equal(cgroup_kill(folder, ""), -EINVAL);
        assert_int_equal(cgroup_kill(folder, "/"), -EINVAL);

        put("unified" GROUP "/cgroup.kill", "");
        put("unified" GROUP "/cgroup.events", "populated 1\nfrozen 0\n");
        assert_int_equal(cgroup_is_populated(folder, GROUP), 1);
        assert_int_equal(cgroup_kill(folder, GROUP), 0);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        put("unified" GROUP "/cgroup.events", "populated 0\nfrozen 0\n");
        assert_int_equal(cgroup_is_populated(folder, GROUP), 0);
        put("unified" GROUP "/cgroup.events", "rubbish\n");
        assert_int_equal(cgroup_is_populated(folder, GROUP), -EBADMSG);
        assert_int_equal(cgroup_is_populated(folder, "/distro.slice/distro-app-b.service"), 0);
}

static pid_t child(void)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                for (;;)
                        (void) pause();
        return pid;
}

/* Without cgroup.kill every process dies by itself, those of groups below as well. */
static void test_cgroup_kill_processes(void **state)
{
        pid_t pids[] = { child(), child() };
        char text[32];

        snprintf(text, sizeof(text), "%d\n", (int) pids[0]);
        put("systemd" GROUP "/cgroup.procs", text);
        snprintf(text, sizeof(text), "%d\n", (int) pids[1]);
        put("systemd" GROUP "/below/cgroup.procs", text);
        assert_int_equal(cgroup_is_populated(folder, GROUP), 1);
        assert_int_equal(cgroup_kill(folder, GROUP), -EBUSY); /* the lists of this tree never get empty */
        FOREACH_ARRAY(pid, pids, ELEMENTSOF(pids)) {
                int status;

                assert_int_equal(waitpid(*pid, &status, 0), *pid);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        }
        put("systemd" GROUP "/cgroup.procs", "");
        put("systemd" GROUP "/below/cgroup.procs", "");
        assert_int_equal(cgroup_is_populated(folder, GROUP), 0);
        assert_int_equal(cgroup_kill(folder, GROUP), 0);
}

/* Says of cgroup.procs what is to be read, one text after the other, to whoever opens it. */
static pid_t list_teller(const char *path, const char *const *texts, size_t n)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        for (size_t i = 0; i < n; i++) {
                int fd = open(path, O_WRONLY | O_CLOEXEC);
                if (fd < 0 || write(fd, texts[i], strlen(texts[i])) < 0 || close(fd) < 0)
                        _exit(1);
                (void) usleep(20000); /* the reader sees the end before the next text */
        }
        _exit(0);
}

/* A number that the group lists no more when its process has been taken hold of is somebody else's. */
static void test_cgroup_kill_spares_strangers(void **state)
{
        char path[256], text[32];
        const char *const texts[] = { text, "", "" };
        pid_t stranger = child(), teller;
        int status;

        put("systemd" GROUP "/cgroup.procs", "");
        snprintf(path, sizeof(path), "%s/systemd" GROUP "/cgroup.procs", folder);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        snprintf(text, sizeof(text), "%d\n", (int) stranger);
        teller = list_teller(path, texts, ELEMENTSOF(texts));
        assert_int_equal(cgroup_kill(folder, GROUP), 0);
        assert_int_equal(waitpid(teller, &status, 0), teller);
        assert_int_equal(status, 0);
        (void) usleep(20000);
        assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
        assert_int_equal(kill(stranger, SIGKILL), 0);
        assert_int_equal(waitpid(stranger, &status, 0), stranger);
}

/* Workers in the slice, and in those of the applications with parts, whose parts are there too, and where a drop-in has placed
 * one; each once. What lies in a service is none. */
static void test_list(void **state)
{
        static const char *const expected[] = { GROUP,
                "/distro.slice/distro-web\\x2d1.slice/distro-app-web-1.service",
                "/distro.slice/distro-web\\x2d1.slice/distro-app-web-1:ip-2001:db8::30.service",
                "/site.slice/site-web.slice/distro-app-web-2.service" };
        _cleanup_free_ char *found = NULL;
        _cleanup_(strings_freep) char **groups = NULL;
        size_t n = 0;

        put("unified" GROUP "/cgroup.procs", "");
        put("systemd" GROUP "/cgroup.procs", "");
        put("unified/distro.slice/other.service/cgroup.procs", "");
        put("unified/site.slice/site-web.slice/distro-app-web-2.service/cgroup.procs", "");
        put("unified/user.slice/user@0.service/app.slice/distro-app-web-3.service/cgroup.procs", "");
        put("unified/distro.slice/distro-web\\x2d1.slice/distro-app-web-1.service/cgroup.procs", "");
        put("unified/distro.slice/distro-web\\x2d1.slice/distro-app-web-1:ip-2001:db8::30.service/cgroup.procs",
                        "");
        assert_int_equal(cgroup_list_workers(folder, &groups), 0);
        for (; groups[n]; n++) {
                assert_true(n < ELEMENTSOF(expected));
                assert_true(endswith(groups[n], expected[n]));
        }
        assert_int_equal(n, ELEMENTSOF(expected));
        assert_int_equal(cgroup_find_unit(folder, "distro-app-web-3.service", &found), -ENOENT);
        assert_int_equal(cgroup_find_unit(folder, "distro-app-web-2.service", &found), 0);
        assert_true(endswith(found, expected[3]));
        free(found);
        found = NULL;
        assert_int_equal(cgroup_find_unit(folder, "other.service", &found), 0); /* an installed unit */
        assert_true(endswith(found, "/distro.slice/other.service"));
}

/* Where systemd puts a unit of a slice. */
static void test_guess(void **state)
{
        static const struct {
                const char *slice, *group;
        } cases[] = { { "-.slice", "/x.service" }, { "site.slice", "/site.slice/x.service" },
                { "site-a-b.slice", "/site.slice/site-a.slice/site-a-b.slice/x.service" },
                { "distro-web\\x2d1.slice", "/distro.slice/distro-web\\x2d1.slice/x.service" } };
        char *group;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                assert_int_equal(cgroup_guess_unit(c->slice, "x.service", &group), 0);
                assert_true(endswith(group, c->group));
                free(group);
        }
        assert_int_equal(cgroup_guess_unit("x.service", "x.service", &group), -EINVAL);
        assert_true(cgroup_is_below("/a.slice/b", "/a.slice"));
        assert_false(cgroup_is_below("/a.slice", "/a.slice"));
        assert_false(cgroup_is_below("/a.slice2/b", "/a.slice"));
}

/* What is killed is stopped as well, or systemd, where only the message bus does not work, starts it again. */
static void test_killer(void **state)
{
        static const char *const replies[] = { NULL, RUN_IS_OVER, ABSENT, NULL, NULL };
        const char *const groups[] = { GROUP, "/distro.slice/distro-app-b.service",
                "/distro.slice/distro-app-new.service", "/distro.slice/distro-web\\x2d1.slice" };
        int listener = folder_listen(), status;
        char address[128];
        Killer *killer;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                folder_serve(listener, replies);
        put("unified" GROUP "/cgroup.kill", "");
        put("unified/distro.slice/distro-app-b.service/cgroup.kill", "");
        snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
        assert_int_equal(killer_new(folder, address, &killer), 0);
        assert_int_equal(killer_submit(killer, NULL, 0), 0);
        put("unified/distro.slice/distro-web\\x2d1.slice/cgroup.kill", "");
        assert_int_equal(killer_submit(killer, groups, 4), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        assert_string_equal(get("unified/distro.slice/distro-app-b.service/cgroup.kill"), "1");
        /* The runs that are there: a call that systemd gets to when another copy has the name is nothing to that one. */
        assert_string_equal(get("calls"),
                        "Stop " RUN " replace\nStop " RUN
                        " replace\nStopUnit distro-app-new.service replace\nStop " RUN " replace\n");
        assert_int_equal(close(listener), 0);

        /* Without that socket the groups are killed all the same. */
        put("unified" GROUP "/cgroup.kill", "");
        for (int i = 0; i < 2000 && killer_submit(killer, groups, 1) == -EBUSY; i++)
                (void) usleep(1000);
        for (int i = 0; i < 2000 && get("unified" GROUP "/cgroup.kill")[0] != '1'; i++)
                (void) usleep(1000);
        assert_string_equal(get("unified" GROUP "/cgroup.kill"), "1");
        killer_free(killer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                FOLDER_TEST(test_cgroup_kill_file),
                FOLDER_TEST(test_cgroup_kill_processes),
                FOLDER_TEST(test_cgroup_kill_spares_strangers),
                FOLDER_TEST(test_list),
                cmocka_unit_test(test_guess),
                FOLDER_TEST(test_killer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
