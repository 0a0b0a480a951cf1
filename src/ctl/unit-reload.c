/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/unit-reload.h"

#include "base/dbus.h"
#include "ctl/bus-client.h"

int unit_can_reload(sd_bus *systemd, const char *unit, sd_bus_error *error, bool *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *path;
        int can, r;

        r = sd_bus_call_method(systemd, PID1_NAME, PID1_PATH, PID1_MANAGER, "GetUnit", error, &m, "s", unit);
        if (r >= 0)
                r = sd_bus_message_read(m, "o", &path);
        if (r >= 0)
                r = sd_bus_get_property_trivial(
                                systemd, PID1_NAME, path, PID1_UNIT, "CanReload", error, 'b', &can);
        if (r < 0)
                return r;
        *ret = can;
        return 0;
}

/* The answer to the call says who systemd is and which job it is; signals that came before it wait until then. */
typedef struct JobWait {
        const char *sender, *job; /* of the answer */
        char result[RELOAD_RESULT_MAX];
} JobWait;

/* Any client of the bus can send us this signal. */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *job, *unit, *result;
        JobWait *w = userdata;
        uint32_t id;

        if (streq(strempty(sd_bus_message_get_sender(m)), w->sender) &&
                        sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) >= 0 && streq(job, w->job))
                snprintf(w->result, sizeof(w->result), "%s", result);
        return 0;
}

/* systemd sends signals to a bus if a client of it has subscribed, which each may once. */
static int subscribe(sd_bus *systemd, sd_bus_error *error)
{
        int r = sd_bus_call_method(systemd, PID1_NAME, PID1_PATH, PID1_MANAGER, "Subscribe", error, NULL, "");

        if (!sd_bus_error_has_name(error, "org.freedesktop.systemd1.AlreadySubscribed"))
                return r;
        sd_bus_error_free(error);
        return 0;
}

/* With "fail" a job that is under way, as the stop of a copy that moves, is not replaced by ours. */
static int call_reload(sd_bus *systemd, const char *unit, sd_bus_error *error, sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(systemd, &m, PID1_NAME, PID1_PATH, PID1_MANAGER, "ReloadUnit");

        if (r >= 0)
                r = sd_bus_message_append(m, "ss", unit, "fail");
        return r < 0 ? r : sd_bus_call(systemd, m, BUS_COMMAND_TIMEOUT_USEC, error, ret);
}

static int wait_for_job(sd_bus *systemd, const JobWait *w, uint64_t timeout_usec)
{
        uint64_t end_usec = usec_add(moment_now(false).boottime_usec, timeout_usec);

        while (!w->result[0]) {
                uint64_t now_usec;
                int r = sd_bus_process(systemd, NULL);

                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                now_usec = moment_now(false).boottime_usec;
                if (now_usec >= end_usec)
                        return -ETIME;
                r = sd_bus_wait(systemd, end_usec - now_usec);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

int unit_reload(sd_bus *systemd, const char *unit, uint64_t timeout_usec, sd_bus_error *error,
                char ret_result[static RELOAD_RESULT_MAX])
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        JobWait w = {};
        int r = sd_bus_match_signal(
                        systemd, &slot, PID1_NAME, PID1_PATH, PID1_MANAGER, "JobRemoved", on_job_removed, &w);

        if (r >= 0)
                r = subscribe(systemd, error);
        if (r >= 0)
                r = call_reload(systemd, unit, error, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &w.job);
        if (r < 0)
                return r;
        w.sender = strempty(sd_bus_message_get_sender(reply));
        r = wait_for_job(systemd, &w, timeout_usec);
        if (r < 0)
                return r;
        memcpy(ret_result, w.result, sizeof(w.result));
        return 0;
}
