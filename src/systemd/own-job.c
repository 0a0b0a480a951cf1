/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/own-job.h"
#include "systemd/unit-read.h"

#define POWEROFF_UNIT "poweroff.target"
#define HALT_UNIT "halt.target"
#define QUERY_TIMEOUT_USEC (5 * USEC_PER_SEC)

struct OwnJobQuery {
        sd_bus_slot *units, *state;
        char *own_unit;
        OwnJobCallback callback;
        void *userdata;
        OwnJobAnswer answer;
        bool host_stopping;
};

OwnJobQuery *own_job_query_free(OwnJobQuery *q)
{
        if (!q)
                return NULL;
        sd_bus_slot_unref(q->units);
        sd_bus_slot_unref(q->state);
        free(q->own_unit);
        free(q);
        return NULL;
}

bool own_job_is_leave(const OwnJobAnswer *answer)
{
        return answer->error == 0 &&
               (answer->manager == OWN_JOB_STOP || answer->manager == OWN_JOB_SHUTDOWN ||
                               answer->corosync != OWN_JOB_NONE);
}

static OwnJob job_from_type(const char *type)
{
        if (streq(type, "stop"))
                return OWN_JOB_STOP;
        if (streq(type, "restart") || streq(type, "try-restart"))
                return OWN_JOB_RESTART;
        return OWN_JOB_NONE;
}

/* One answer came. The last one ends the query, and its callback may free it. */
static void query_part_done(OwnJobQuery *q, sd_bus_slot **slot, int error)
{
        *slot = sd_bus_slot_unref(*slot);
        if (error < 0 && q->answer.error == 0)
                q->answer.error = error;
        if (q->units || q->state)
                return;

        if (q->host_stopping)
                q->answer.manager = OWN_JOB_SHUTDOWN;

        OwnJobAnswer answer = q->answer.error < 0 ? (OwnJobAnswer){ .error = q->answer.error } : q->answer;
        q->callback(&answer, q->userdata);
}

static int read_unit_jobs(sd_bus_message *m, OwnJobQuery *q)
{
        const char *unit, *type;
        uint32_t job;
        int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(ssssssouso)", &unit, NULL, NULL, NULL, NULL, NULL, NULL, &job,
                                &type, NULL)) > 0) {
                if (job == 0)
                        continue;
                if (streq(unit, q->own_unit))
                        q->answer.manager = job_from_type(type);
                else if (streq(unit, COROSYNC_UNIT))
                        q->answer.corosync = job_from_type(type);
                else if (streq(unit, POWEROFF_UNIT) || streq(unit, HALT_UNIT))
                        q->answer.powers_off = q->answer.powers_off || streq(type, "start");
        }
        return r;
}

static int on_units(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        OwnJobQuery *q = userdata;
        int r = sd_bus_message_is_method_error(m, NULL) ? -sd_bus_message_get_errno(m) : read_unit_jobs(m, q);

        query_part_done(q, &q->units, r < 0 ? r : 0);
        return 0;
}

static int on_state(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        OwnJobQuery *q = userdata;
        const char *state = "";
        int r = sd_bus_message_is_method_error(m, NULL) ? -sd_bus_message_get_errno(m)
                                                        : sd_bus_message_read(m, "v", "s", &state);

        if (r >= 0)
                q->host_stopping = streq(state, "stopping");
        query_part_done(q, &q->state, r < 0 ? r : 0);
        return 0;
}

static int query_units(sd_bus *bus, OwnJobQuery *q)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(
                        bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByNames");
        if (r >= 0)
                r = sd_bus_message_append(m, "as", 4, q->own_unit, COROSYNC_UNIT, POWEROFF_UNIT, HALT_UNIT);
        if (r >= 0)
                r = sd_bus_call_async(bus, &q->units, m, on_units, q, QUERY_TIMEOUT_USEC);
        return r;
}

static int query_state(sd_bus *bus, OwnJobQuery *q)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, DBUS_PROPERTIES, "Get");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", SYSTEMD_MANAGER, "SystemState");
        if (r >= 0)
                r = sd_bus_call_async(bus, &q->state, m, on_state, q, QUERY_TIMEOUT_USEC);
        return r;
}

int own_job_query_new(
                sd_bus *bus, const char *own_unit, OwnJobCallback callback, void *userdata, OwnJobQuery **ret)
{
        _cleanup_(own_job_query_freep) OwnJobQuery *q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;

        q->callback = callback;
        q->userdata = userdata;
        q->own_unit = strdup(own_unit);
        if (!q->own_unit)
                return -ENOMEM;

        int r = query_units(bus, q);
        if (r >= 0)
                r = query_state(bus, q);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(q);
        return 0;
}
