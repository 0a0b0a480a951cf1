/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>

#include "base/array.h"
#include "base/text.h"
#include "config/installed-unit.h"
#include "config/unit-names.h"

/* Without these no manager runs, or there is no host. */
static const char *const own_units[] = {
        "corosync.service",
        "corosync-qdevice.service",
        "distro-manager.service",
        "distro-guard.service",
        "distro-fuse.service",
        "dbus.service",
        "dbus.socket",
        "dbus-broker.service",
        "-.mount",
        "boot.mount",
        "run.mount",
        "tmp.mount",
        "usr.mount",
        "var.mount",
};
/* What is mounted there is the kernel's. */
static const char *const own_mounts[] = { "proc", "sys", "dev", "run-lock" };
/* What the boot goes by. */
static const char *const own_targets[] = { "basic", "default", "emergency", "exit", "final", "graphical",
        "halt", "kexec", "local-fs", "local-fs-pre", "multi-user", "network", "network-online", "network-pre",
        "paths", "poweroff", "reboot", "remote-fs", "remote-fs-pre", "rescue", "shutdown", "sleep", "slices",
        "sockets", "swap", "sysinit", "time-set", "time-sync", "timers", "umount" };

static bool is_own(const char *name)
{
        const char *dot = strrchr(name, '.');

        for (size_t i = 0; i < ELEMENTSOF(own_units); i++)
                if (streq(name, own_units[i]))
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(own_mounts) && streq(dot, ".mount"); i++)
                if (startswith(name, own_mounts[i]) && strchr("-.", name[strlen(own_mounts[i])]))
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(own_targets) && streq(dot, ".target"); i++)
                if (strlen(own_targets[i]) == (size_t) (dot - name) && startswith(name, own_targets[i]))
                        return true;
        return startswith(name, "systemd-") || startswith(name, "initrd-");
}

int installed_unit_check_name(const char *name, char **ret)
{
        static const char *const types[] = { ".service", ".mount", ".socket", ".target", ".swap" };
        const Part part = { .kind = PART_UNIT, .id = (char *) name };
        const char *dot = strrchr(name, '.');
        char unit[PART_UNIT_NAME_MAX];
        bool is_known = false;

        for (size_t i = 0; dot && i < ELEMENTSOF(types); i++)
                is_known = is_known || streq(dot, types[i]);
        *ret = NULL;
        if (!is_known)
                *ret = text_format(
                                "\"%s\" cannot be a part, expected a unit of systemd that is a .service, .mount, "
                                ".socket, .target or .swap",
                                name);
        else if (dot > name && dot[-1] == '@')
                *ret = text_format("%s is a template, expected an instance of it, as in %.*s%s%s", name,
                                (int) (dot - name), name, startswith(name, "postgresql@") ? "15-main" : "1",
                                dot);
        else if (is_own(name))
                *ret = text_format("%s is one that this host, or its manager, needs, expected another one",
                                name);
        else if (!part_unit("a", &part, unit))
                *ret = text_format("\"%s\" is no name of an installed unit, expected one as in nginx.service",
                                name);
        else
                return 0;
        return *ret ? 0 : -ENOMEM;
}

/* ---- what systemd says of it ---- */

_printf_(2, 3) static bool say(char *ret, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(ret, INSTALLED_UNIT_WORDS_MAX, format, ap);
        va_end(ap);
        return true;
}

/* Debian's clusters of PostgreSQL are wanted by a generator, which goes by a file of each. */
static bool say_of_postgresql(const char *name, char *ret)
{
        const char *version = startswith(name, "postgresql@"), *dash = version ? strchr(version, '-') : NULL;
        const char *end = dash && endswith(dash, ".service") ? strrchr(dash, '.') : NULL;

        return end &&
               say(ret,
                               "%s is started at boot by postgresql.service: write \"manual\" into "
                               "/etc/postgresql/%.*s/%.*s/start.conf, then: systemctl daemon-reload",
                               name, (int) (dash - version), version, (int) (end - dash - 1), dash + 1);
}

void installed_unit_take_wanting(InstalledUnit *u, const char *name)
{
        static const char *const targets[] = { "basic.target", "default.target", "graphical.target",
                "multi-user.target", "network.target", "network-online.target", "paths.target",
                "sockets.target", "swap.target", "sysinit.target", "timers.target" };

        if (streq(name, "local-fs.target") || streq(name, "remote-fs.target"))
                u->has_boot_mount = true;
        for (size_t i = 0; i < ELEMENTSOF(targets); i++)
                if (streq(name, targets[i]))
                        snprintf(u->boot_target, sizeof(u->boot_target), "%s", name);
}

/* No file of the unit's says so: a script of /etc/init.d, a link of a package. */
static bool say_of_boot(const char *name, const InstalledUnit *u, char *ret)
{
        if (!u->boot_target[0])
                return false;
        if (endswith(name, ".swap"))
                return say(ret, "%s is used from the boot on: write noauto into its line in /etc/fstab, then: systemctl daemon-reload",
                                name);
        if (streq(u->file_state, "generated") && endswith(name, ".service"))
                return say(ret, "%s is started at boot by %s: systemctl disable %s", name, u->boot_target,
                                name);
        return say(ret, "%s is started at boot, as %s wants it", name, u->boot_target);
}

bool installed_unit_is_refused(const char *name, const char *load_state, const InstalledUnit *u,
                char ret[static INSTALLED_UNIT_WORDS_MAX])
{
        if (streq(load_state, "not-found"))
                return say(ret, "%s: there is no such unit on this node", name);
        if (streq(load_state, "masked"))
                return say(ret, "%s is masked", name);
        if (!streq(load_state, "loaded"))
                return say(ret, "%s cannot be loaded by systemd: %s", name, load_state);
        if (u->id[0] && !streq(u->id, name))
                return say(ret, "%s is another name of %s: write Unit=%s", name, u->id, u->id);
        if (streq(u->file_state, "enabled"))
                return say(ret, "%s is enabled and would also start at boot: systemctl disable %s", name,
                                name);
        if (streq(u->file_state, "enabled-runtime"))
                return say_of_postgresql(name, ret) ||
                       say(ret, "%s is enabled until the next boot: systemctl disable --runtime %s", name,
                                       name);
        if (u->has_boot_mount)
                return say(ret, "%s is mounted at boot: write noauto into its line in /etc/fstab, then: systemctl daemon-reload",
                                name);
        if (say_of_boot(name, u, ret))
                return true;
        if (streq(u->type, "oneshot") && !u->remain_after_exit)
                return say(ret,
                                "%s is a oneshot without RemainAfterExit=yes: it would be over before the application "
                                "has started",
                                name);
        return false;
}
