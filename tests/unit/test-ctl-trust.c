/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom distroctl believes, and what it starts with root's rights. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/bus-client.h"
#include "ctl/pager.h"

/* ---- signals ---- */

static sd_bus *open_bus(void)
{
        sd_bus *bus = NULL;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        close(fds[1]);
        return bus;
}

static sd_bus_message *make_owner_changed(sd_bus *bus, const char *sender, const char *name, const char *new)
{
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(bus, &m, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                    "NameOwnerChanged") >= 0);
        assert_true(sd_bus_message_append(m, "sss", name, ":1.7", new) >= 0);
        assert_true(sd_bus_message_set_sender(m, sender) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_true(sd_bus_message_rewind(m, 1) >= 0);
        return m;
}

static void test_who_has_the_name(void **state)
{
        static const struct {
                const char *sender, *name, *new, *expected;
        } cases[] = {
                { "org.freedesktop.DBus", BUS_NAME, ":1.9", ":1.9" },
                { "org.freedesktop.DBus", BUS_NAME, "", "" },
                { ":1.66", BUS_NAME, "", NULL },
                { ":1.66", BUS_NAME, ":1.66", NULL },
                { "org.freedesktop.DBus", "org.other", "", NULL },
        };
        Ctl c = { .bus = open_bus() };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                sd_bus_message *m = make_owner_changed(c.bus, cases[i].sender, cases[i].name, cases[i].new);
                const char *new = NULL;

                strcpy(c.manager_name, ":1.7");
                assert_int_equal(bus_owner_changed(&c, m, &new), cases[i].expected != NULL);
                assert_string_equal(c.manager_name, cases[i].expected ? cases[i].expected : ":1.7");
                sd_bus_message_unref(m);
        }
        sd_bus_unref(c.bus);
}

static void test_who_speaks(void **state)
{
        Ctl c = { .bus = open_bus() };
        sd_bus_message *m = make_owner_changed(c.bus, ":1.66", BUS_NAME, "");

        (void) state;
        assert_false(bus_is_from_manager(&c, m)); /* nobody has the name */
        strcpy(c.manager_name, ":1.7");
        assert_false(bus_is_from_manager(&c, m));
        strcpy(c.manager_name, ":1.66");
        assert_true(bus_is_from_manager(&c, m));
        sd_bus_message_unref(m);
        sd_bus_unref(c.bus);
}

/* ---- the pager ---- */

static char dir[] = "/tmp/ctl-trust-XXXXXX";

static void make_pager(const char *name)
{
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "w");
        assert_non_null(f);
        fprintf(f, "#!/bin/sh\necho %s $LESSSECURE >%s/started\nexec /bin/cat >/dev/null\n", name, dir);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, 0755), 0);
}

/* What is started where $PAGER and `variable` are set. */
static void look(const char *variable, char ret[64])
{
        char path[256];
        int status;
        FILE *f;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                Pager p = { 0 };

                setenv("PATH", dir, 1);
                setenv("PAGER", "wanted", 1);
                unsetenv("SYSTEMD_PAGER");
                unsetenv("LESSSECURE");
                unsetenv("SUDO_UID");
                unsetenv("PKEXEC_UID");
                if (variable)
                        setenv(variable, "1000", 1);
                pager_open(&p);
                pager_close(&p);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        snprintf(path, sizeof(path), "%s/started", dir);
        strcpy(ret, "nothing\n");
        f = fopen(path, "r");
        if (f) {
                assert_non_null(fgets(ret, 64, f));
                fclose(f);
        }
        (void) unlink(path);
}

static void test_pager(void **state)
{
        char started[64], path[256];

        (void) state;
        assert_non_null(mkdtemp(dir));
        make_pager("wanted");
        make_pager("pager");
        make_pager("less");
        make_pager("more");
        look(NULL, started);
        assert_string_equal(started, "wanted\n");
        look("SUDO_UID", started);
        assert_string_equal(started, "less 1\n");
        look("PKEXEC_UID", started);
        assert_string_equal(started, "less 1\n");
        snprintf(path, sizeof(path), "%s/less", dir);
        assert_int_equal(unlink(path), 0);
        look("SUDO_UID", started);
        assert_string_equal(started, "nothing\n");
        snprintf(path, sizeof(path), "rm -rf %s", dir);
        assert_int_equal(system(path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_has_the_name),
                cmocka_unit_test(test_who_speaks),
                cmocka_unit_test(test_pager),
        };

        return cmocka_run_group_tests_name("ctl-trust", tests, NULL, NULL);
}
