/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/evidence.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <unistd.h>

#include "base/dbus.h"
#include "base/ip-address.h"
#include "base/mount-list.h"
#include "base/text.h"
#include "config/unit-names.h"

static int say(char **ret_why, char *text)
{
        *ret_why = text;
        return text ? 0 : -ENOMEM;
}

/* ---- units ---- */

static bool is_unknown_unit(const sd_bus_error *error)
{
        return sd_bus_error_has_name(error, "org.freedesktop.systemd1.NoSuchUnit");
}

/* "inactive" where systemd does not know it. The caller frees. */
static int unit_state(sd_bus *systemd, const char *unit, char **ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *path;
        int r = sd_bus_call_method(
                        systemd, PID1_NAME, PID1_PATH, PID1_MANAGER, "GetUnit", &error, &m, "s", unit);

        if (is_unknown_unit(&error))
                return say(ret, strdup("inactive"));
        if (r >= 0)
                r = sd_bus_message_read(m, "o", &path);
        return r < 0 ? r
                     : sd_bus_get_property_string(
                                       systemd, PID1_NAME, path, PID1_UNIT, "ActiveState", NULL, ret);
}

/* A process of it, as the kernel has it; 0: none. */
static int unit_process(
                sd_bus *systemd, const char *unit, uint32_t *ret_pid, char *ret_command, size_t size_bytes)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *group, *command;
        int r = sd_bus_call_method(systemd, PID1_NAME, PID1_PATH, PID1_MANAGER, "GetUnitProcesses", &error,
                        &m, "s", unit);

        *ret_pid = 0;
        if (is_unknown_unit(&error))
                return 0;
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(sus)");
        if (r >= 0)
                r = sd_bus_message_read(m, "(sus)", &group, ret_pid, &command);
        if (r > 0)
                snprintf(ret_command, size_bytes, "%s", command);
        return r < 0 ? r : 0;
}

int evidence_of_unit(sd_bus *systemd, const char *unit, char **ret_why)
{
        _cleanup_free_ char *state = NULL;
        char command[128] = "";
        uint32_t pid;
        int r = unit_state(systemd, unit, &state);

        *ret_why = NULL;
        if (r >= 0 && !streq(state, "inactive") && !streq(state, "failed"))
                return say(ret_why, text_format("%s is %s", unit, state));
        if (r >= 0)
                r = unit_process(systemd, unit, &pid, command, sizeof(command));
        if (r < 0 || pid == 0)
                return r;
        return say(ret_why,
                        text_format("%s has a process in its control group, %u (%s)", unit, pid, command));
}

/* ---- mounts and devices ---- */

int evidence_of_mount(const char *where, char **ret_why)
{
        static const char *const lists[] = { MOUNTINFO, "/proc/1/mountinfo" };
        int r = 0;

        *ret_why = NULL;
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(lists); i++) {
                _cleanup_free_ char *source = NULL;

                r = mount_find(lists[i], where, &source);
        }
        return r > 0 ? say(ret_why, text_format("%s is mounted", where)) : r;
}

int evidence_of_device(const char *path, char **ret_why)
{
        int fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);

        *ret_why = NULL;
        if (fd >= 0)
                return close(fd) < 0 ? -errno : 0;
        if (errno == EBUSY)
                return say(ret_why, text_format("%s is in use", path));
        return errno == ENOENT || errno == ENXIO || errno == ENODEV ? 0 : -errno;
}

/* ---- addresses ---- */

int evidence_of_address(const char *address, char **ret_why)
{
        _cleanup_free_ char *error = NULL;
        struct ifaddrs *all = NULL;
        Address wanted, is;
        int r = address_parse(address, &wanted, &error);

        *ret_why = NULL;
        if (r >= 0 && getifaddrs(&all) < 0)
                r = -errno;
        for (const struct ifaddrs *i = all; i && r >= 0 && !*ret_why; i = i->ifa_next)
                if (i->ifa_addr && address_of_socket(i->ifa_addr, &is) && is.family == wanted.family &&
                                address_is_same(&is, &wanted))
                        r = say(ret_why, text_format("%s is on %s", address, i->ifa_name));
        freeifaddrs(all);
        return r;
}

/* ---- all of it ---- */

int evidence_of_part(sd_bus *systemd, const char *app, const Part *p, char **ret_why)
{
        char unit[PART_UNIT_NAME_MAX];
        int r = part_unit(app, p, unit) ? evidence_of_unit(systemd, unit, ret_why) : -EINVAL;

        if (r < 0 || *ret_why)
                return r;
        switch (p->kind) {
        case PART_ADDRESS:
                return evidence_of_address(p->name, ret_why);
        case PART_DEVICE:
                return evidence_of_device(p->name, ret_why);
        case PART_MOUNT:
                return evidence_of_mount(p->name, ret_why);
        case PART_UNIT:
        case _PART_KIND_MAX:
                return 0;
        }
        return 0;
}
