/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "config/unit-names.h"
#include "systemd/private-bus.h"
#include "systemd/unit-read.h"
#include "systemd/unit-run.h"

#define STOP_TIMEOUT_USEC USEC_PER_SEC
#define UNIT_PATH SYSTEMD_PATH "/unit"
#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"
#define RUN_PATH_MAX (sizeof(UNIT_PATH "/") + 32)

int private_bus_open(const char *address, sd_bus **ret)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

int bus_wait_until_ready(sd_bus *bus)
{
        uint64_t end = clock_usec(CLOCK_MONOTONIC) + BUS_READY_USEC;

        for (uint64_t now; (now = clock_usec(CLOCK_MONOTONIC)) < end;) {
                int r = sd_bus_is_ready(bus);

                if (r != 0)
                        return MIN(r, 0);
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, end - now);
                if (r < 0)
                        return r;
        }
        return -ETIMEDOUT;
}

/* The path of the unit's present run, "" where it has had none. */
static int get_run(sd_bus *bus, const char *unit, char ret[static RUN_PATH_MAX])
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_free_ char *path = NULL;
        const uint8_t *id;
        size_t size;
        int r = sd_bus_path_encode(UNIT_PATH, unit, &path);

        if (r >= 0)
                r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, path, DBUS_PROPERTIES, "Get");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", UNIT_INTERFACE, "InvocationID");
        if (r >= 0)
                r = sd_bus_call(bus, m, STOP_TIMEOUT_USEC, NULL, &reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_read_array(reply, 'y', (const void **) &id, &size);
        if (r < 0)
                return r;
        ret[0] = '\0';
        if (size == 16)
                run_id_text(id, stpcpy(ret, UNIT_PATH "/"));
        return 0;
}

/* A call that systemd did not answer in time it carries out later: when the unit may be another copy. So it is the run that
 * is stopped, by its own path; only what has never run is stopped by its name. */
static int stop_unit(sd_bus *bus, const char *group)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *slash = strrchr(group, '/'), *unit = slash ? slash + 1 : group;
        char app[APP_NAME_MAX + 1], run[RUN_PATH_MAX];
        int r;

        if (!app_unit_parse(unit, app))
                return -EINVAL;
        r = get_run(bus, unit, run);
        if (r < 0)
                return r;
        if (!isempty(run)) {
                r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, run, UNIT_INTERFACE, "Stop");
                if (r >= 0)
                        r = sd_bus_message_append(m, "s", "replace");
        } else {
                r = sd_bus_message_new_method_call(
                                bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit");
                if (r >= 0)
                        r = sd_bus_message_append(m, "ss", unit, "replace");
        }
        if (r >= 0)
                r = sd_bus_call(bus, m, STOP_TIMEOUT_USEC, &error, NULL);
        if (r < 0 && (bus_error_means_absent(&error) ||
                                     sd_bus_error_has_name(&error,
                                                     "org.freedesktop.systemd1.NoUnitForInvocationID")))
                return 0;
        return MIN(r, 0);
}

int private_bus_stop_units(const char *address, char *const *groups)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int first = private_bus_open(address, &bus);

        if (first >= 0)
                first = bus_wait_until_ready(bus);
        if (first < 0)
                return first;
        for (; *groups; groups++) {
                int r = stop_unit(bus, *groups);

                if (r == -ETIMEDOUT) /* there is none */
                        return r;
                if (first >= 0)
                        first = r;
        }
        return first;
}
