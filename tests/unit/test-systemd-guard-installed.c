/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Installed units lie among all others, and the guard finds by the notes which it has to end where systemd does not answer. */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "systemd-folder.h"
#include "systemd/guard.h"

#define NOTE(app, unit)                                                                \
        "epoch=5\nbegun=1\nslice=distro-" app ".slice\npart=unit " unit "\nname=" unit \
        "\nstart=1\nstop=1\nend\n"
#define GROUP(unit) "system.slice/system-pg.slice/" unit "/"

/* A manager was in step, and none is there any more. */
static pid_t guard_start(void)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                char units[128], nobody[128];

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                snprintf(units, sizeof(units), "%s/transient", folder);
                snprintf(nobody, sizeof(nobody), "unix:path=%s/nobody", folder);
                _exit(guard_run(&(GuardParameters){ .directory = folder,
                                      .cgroup_root = folder,
                                      .unit_directory = units,
                                      .private_address = nobody,
                                      .bus_address = nobody }) < 0);
        }
        return pid;
}

static void put_group(const char *group)
{
        char name[128];

        snprintf(name, sizeof(name), "%scgroup.kill", group);
        put(name, "");
        snprintf(name, sizeof(name), "%scgroup.events", group);
        put(name, "populated 1\nfrozen 0\n");
}

static void test_installed(void **state)
{
        pid_t guard;
        int status;

        put("guard", "grace=400000\nmaintenance=kept\nend\n");
        put("parts/a", NOTE("a", "pg@1.service"));
        put("parts/kept", NOTE("kept", "pg@2.service"));
        put_group(GROUP("pg@1.service"));
        put_group(GROUP("pg@2.service"));
        put_group(GROUP("pg@3.service")); /* in no note */
        guard = guard_start();
        for (int i = 0; i < 10000 && get(GROUP("pg@1.service") "cgroup.kill")[0] != '1'; i++)
                (void) usleep(1000);
        assert_string_equal(get(GROUP("pg@1.service") "cgroup.kill"), "1");
        assert_string_equal(get(GROUP("pg@2.service") "cgroup.kill"), "");
        assert_string_equal(get(GROUP("pg@3.service") "cgroup.kill"), "");
        assert_int_equal(kill(guard, SIGTERM), 0);
        assert_int_equal(waitpid(guard, &status, 0), guard);
        assert_int_equal(status, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                FOLDER_TEST(test_installed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
