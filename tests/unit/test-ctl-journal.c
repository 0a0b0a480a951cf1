/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which lines of the journal are about an application, and how `logs` has journalctl show them. */

#include <stdlib.h>
#include <sys/stat.h>

#include "ctl-harness.h"
#include "ctl/journal-lines.h"

#define UNIT(name) "+ _SYSTEMD_UNIT=" name " + _PID=1 UNIT=" name " + _UID=0 OBJECT_SYSTEMD_UNIT=" name " "
#define ABOUT(name, slice, parts)                                                                   \
        "_SYSTEMD_UNIT=distro-app-" name ".service + _PID=1 UNIT=distro-app-" name                  \
        ".service + _UID=0 OBJECT_SYSTEMD_UNIT=distro-app-" name ".service + _SYSTEMD_SLICE=" slice \
        " " parts "+ _UID=0 _SYSTEMD_UNIT=distro-manager.service DISTRO_APPLICATION=" name

static void check(const AppInfo *a, const Parts *more, const char *wanted)
{
        _cleanup_free_ char *is = NULL;
        Strings matches = {};

        assert_int_equal(journal_matches(a, more, &matches), 0);
        is = strings_join(&matches, " ");
        assert_non_null(is);
        assert_string_equal(is, wanted);
        strings_done(&matches);
}

/* A process of another unit may write any field but those of journald: what it claims counts nowhere. */
static void test_matches(void **state)
{
        AppInfo a = { .name = (char[]){ "web-1" }, .unit = (char[]){ "distro-app-web-1.service" } };
        PartInfo shown[] = {
                { .kind = (char[]){ "address" }, .id = (char[]){ "ip-192.0.2.1" } },
                { .kind = (char[]){ "mount" }, .id = (char[]){ "srv-web.mount" } },
                { .kind = (char[]){ "of a later version" }, .id = (char[]){ "x" } },
        };
        /* Its file lists what is shown, and what is not there at present; an id that is no unit's name is passed over. */
        Part of_file[] = {
                { .kind = PART_MOUNT, .id = (char[]){ "srv-web.mount" } },
                { .kind = PART_UNIT, .id = (char[]){ "nginx.service" } },
                { .kind = PART_UNIT, .id = (char[]){ "nginx" } },
        };
        const Parts more = { .items = of_file, .n_items = ELEMENTSOF(of_file) };

        check(&a, NULL, ABOUT("web-1", "distro-web\\x2d1.slice", ""));
        a.parts = shown;
        a.n_parts = ELEMENTSOF(shown);
        check(&a, NULL,
                        ABOUT("web-1", "distro-web\\x2d1.slice",
                                        UNIT("distro-app-web-1:ip-192.0.2.1.service") UNIT("srv-web.mount")));
        check(&a, &more,
                        ABOUT("web-1", "distro-web\\x2d1.slice",
                                        UNIT("distro-app-web-1:ip-192.0.2.1.service") UNIT("srv-web.mount")
                                                        UNIT("nginx.service")));
}

/* Programs of the folder stand for those of the system, and say what they are called with; ssh brings the bus along, too. */
static void stand_in(const char *name)
{
        char path[128], text[256];

        snprintf(text, sizeof(text),
                        "#!/bin/sh\ncase \"$*\" in *systemd-stdio-bridge*) exec systemd-stdio-bridge --bus-path=\"$DBUS_SYSTEM_BUS_ADDRESS\" ;; esac\n"
                        "echo \"%s $*\"\nexit 7\n",
                        name);
        tool_write(name, text);
        assert_int_equal(chmod(tool_path(path, sizeof(path), name), 0755), 0);
}

static void test_logs(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "logs", "web" }, .status = 7,
                                .out = { "journalctl _SYSTEMD_UNIT=distro-app-web.service + _PID=1 UNIT=distro-app-web.service + ",
                                                "+ _PID=1 UNIT=distro-app-web:ip-192.0.2.20.service + ",
                                                " + _SYSTEMD_SLICE=distro-web.slice + ",
                                                " + _UID=0 "
                                                "_SYSTEMD_UNIT=distro-manager.service DISTRO_APPLICATION=web\n" },
                                .not_out = { "runs on" } },
                { "well", { "logs", "-f", "-n", "5", "--no-pager", "web" }, .status = 7,
                                .out = { "journalctl --follow --lines=5 --no-pager _SYSTEMD_UNIT=" } },
                { "well", { "logs", "--follow", "--json=short", "-q", "kept" }, .status = 7,
                                .out = { "journalctl --follow --quiet --output=json _SYSTEMD_UNIT=" },
                                .not_out = { "runs on" } },
                /* Of what runs elsewhere, too; it is said where. */
                { "well", { "logs", "silent" }, .status = 7,
                                .out = { "journalctl _SYSTEMD_UNIT=distro-app-silent.service" },
                                .err = { "silent runs on bcd, and this is the journal of abc. 'distroctl -H bcd logs "
                                         "silent', or 'distroctl logs silent' there, shows that of bcd." } },
                { "well", { "logs", "idle" }, .status = 7, .not_out = { "runs on" } },
                /* Another host's, by ssh and as its shell reads it. */
                { "well", { "-H", "other", "logs", "-f", "web" }, .status = 7,
                                .out = { "ssh -- other 'journalctl' '--follow' '--no-pager' '_SYSTEMD_UNIT=distro-app-web.service' '+' " } },
                /* A manager that is gone is a reason to look. */
                { NULL, { "logs", "web" }, .status = 7,
                                .out = { "journalctl _SYSTEMD_UNIT=distro-app-web.service" },
                                .err = { "Cannot ask where it runs: distro-manager is not running on this node." } },
                { NULL, { "logs", "no name" }, .status = 1, .err = { "distro-manager is not running" },
                                .silent = true },
                { "well", { "logs", "nobody" }, .status = 4, .err = { "Cannot show its journal: " },
                                .silent = true },
                { "well", { "logs", "--force", "web" }, .status = 2,
                                .err = { "'logs' does not take --force." } },
                { "well", { "status", "--follow" }, .status = 2,
                                .err = { "'status' does not take --follow." } },
                { "well", { "status", "-f" }, .status = 2, .err = { "'status' does not take --force." } },
        };
        _cleanup_free_ char *old = strdup(strempty(getenv("PATH"))), *path = NULL;
        char dir[128];

        tool_needs_bus();
        stand_in("journalctl");
        stand_in("ssh");
        assert_true(asprintf(&path, "%s:%s", tool_path(dir, sizeof(dir), ""), old) > 0);
        setenv("PATH", path, 1);
        tool_run_cases(cases, ELEMENTSOF(cases));
        setenv("PATH", old, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matches),
                cmocka_unit_test(test_logs),
        };

        return cmocka_run_group_tests(tests, tool_setup, tool_teardown);
}
