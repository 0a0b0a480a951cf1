/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "systemd-fake.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/unit-read.h"

FakeUnit *fake_find(Fake *fake, const char *app)
{
        char name[WORKER_UNIT_NAME_MAX];

        worker_unit_name(app, name);
        for (size_t i = 0; i < fake->n_units; i++)
                if (streq(fake->units[i].name, name))
                        return &fake->units[i];
        return NULL;
}

FakeUnit *fake_find_unit(Fake *fake, const char *name)
{
        for (size_t i = 0; i < fake->n_units; i++)
                if (streq(fake->units[i].name, name))
                        return &fake->units[i];
        return NULL;
}

static FakeUnit *find_name(Fake *fake, const char *name)
{
        return fake_find_unit(fake, name);
}

FakeUnit *fake_add(Fake *fake, const char *app, uint64_t epoch, const char *active)
{
        assert_true(fake->n_units < FAKE_UNITS_MAX);
        FakeUnit *unit = &fake->units[fake->n_units++];

        *unit = (FakeUnit){ .epoch = epoch, .transient = true, .invocation = (uint8_t) (fake->last_job + 1) };
        worker_unit_name(app, unit->name);
        strcpy(unit->active, active);
        strcpy(unit->result, "success");
        strcpy(unit->fragment, "/run/systemd/transient/x");
        return unit;
}

static void remove_unit(Fake *fake, FakeUnit *unit)
{
        *unit = fake->units[--fake->n_units];
}

void fake_remove(Fake *fake, const char *app)
{
        FakeUnit *unit = fake_find(fake, app);

        assert_non_null(unit);
        if (unit)
                remove_unit(fake, unit);
}

static void send_message(Fake *fake, sd_bus_message *m)
{
        assert_true(sd_bus_send(fake->server, m, NULL) >= 0);
        sd_bus_message_unref(m);
}

static sd_bus_message *new_signal(Fake *fake, const char *path, const char *interface, const char *member)
{
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(fake->server, &m, path, interface, member) >= 0);
        return m;
}

static void append_state(sd_bus_message *m, const FakeUnit *u)
{
        char path[64] = "/";

        if (u->job)
                snprintf(path, sizeof(path), SYSTEMD_JOB_PREFIX "%u", u->job);
        assert_true(sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "ActiveState", "s", u->active,
                                    "SubState", "s", "x", "Result", "s", u->result, "Job", "(uo)", u->job,
                                    path, "InvocationID", "ay", 16, u->invocation, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                    0, 0, 0, 0, 0, 0) >= 0);
}

static void emit_changed(Fake *fake, const FakeUnit *u)
{
        _cleanup_free_ char *path = NULL;

        assert_true(sd_bus_path_encode("/org/freedesktop/systemd1/unit", u->name, &path) >= 0);
        sd_bus_message *m = new_signal(fake, path, DBUS_PROPERTIES, "PropertiesChanged");
        assert_true(sd_bus_message_append(m, "s", "org.freedesktop.systemd1.Unit") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        append_state(m, u);
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_append(m, "as", 0) >= 0);
        send_message(fake, m);
}

void fake_changed(Fake *fake, const char *app)
{
        emit_changed(fake, fake_find(fake, app));
}

static void emit_job(Fake *fake, const char *member, uint32_t id, const char *unit, const char *result)
{
        char path[64];
        sd_bus_message *m = new_signal(fake, SYSTEMD_PATH, SYSTEMD_MANAGER, member);

        snprintf(path, sizeof(path), SYSTEMD_JOB_PREFIX "%u", id);
        assert_true(sd_bus_message_append(m, "uos", id, path, unit) >= 0);
        if (result)
                assert_true(sd_bus_message_append(m, "s", result) >= 0);
        send_message(fake, m);
}

static void begin_job(Fake *fake, FakeUnit *u, const char *type)
{
        if (u->job) {
                emit_job(fake, "JobRemoved", u->job, u->name, "canceled");
                fake->n_jobs--;
        }
        u->job = ++fake->last_job;
        strcpy(u->job_type, type);
        fake->n_jobs++;
        fake->n_jobs_max = MAX(fake->n_jobs_max, fake->n_jobs);
        emit_job(fake, "JobNew", u->job, u->name, NULL);
}

static void end_job(Fake *fake, FakeUnit *u, const char *result)
{
        uint32_t id = u->job;
        bool stop = streq(u->job_type, "stop"), done = streq(result, "done");

        u->job = 0;
        fake->n_jobs--;
        if (done && !stop) {
                u->invocation = (uint8_t) id;
                strcpy(u->active, fake->finish_at_once ? "inactive" : "active");
        } else if (done)
                strcpy(u->active, u->exit_status ? "failed" : "inactive");
        else if (streq(result, "failed")) {
                strcpy(u->active, "failed");
                strcpy(u->result, "exit-code");
        }
        u->was_active = u->was_active || streq(u->active, "active");
        emit_job(fake, "JobRemoved", id, u->name, result);
        if (!stop || !fake->silent_stop)
                emit_changed(fake, u);
        if (streq(u->active, "inactive") && !u->is_installed)
                remove_unit(fake, u);
}

void fake_job_new(Fake *fake, const char *app, const char *type)
{
        FakeUnit *unit = fake_find(fake, app);

        assert_non_null(unit);
        if (unit)
                begin_job(fake, unit, type);
}

void fake_job_done(Fake *fake, const char *app, const char *result)
{
        end_job(fake, fake_find(fake, app), result);
}

void fake_end_job(Fake *fake, const char *name, const char *result)
{
        FakeUnit *unit = fake_find_unit(fake, name);

        assert_non_null(unit);
        if (unit)
                end_job(fake, unit, result);
}

void fake_forge_signals(Fake *fake, const char *app)
{
        static const char stranger[] = ":1.66";
        const FakeUnit *unit = fake_find(fake, app);
        FakeUnit forged;
        sd_bus_message *m;

        ASSERT(unit);
        forged = *unit;
        assert_true(sd_bus_set_sender(fake->server, stranger) >= 0);
        strcpy(forged.active, "failed");
        strcpy(forged.result, "exit-code");
        emit_changed(fake, &forged);
        emit_job(fake, "JobNew", 4711, unit->name, NULL);
        emit_job(fake, "JobRemoved", 4711, unit->name, "done");
        emit_job(fake, "JobRemoved", unit->job, unit->name, "failed");
        m = new_signal(fake, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reloading");
        assert_true(sd_bus_message_append(m, "b", 0) >= 0);
        send_message(fake, m);
        m = new_signal(fake, "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged");
        assert_true(sd_bus_message_append(m, "sss", SYSTEMD_NAME, ":1.1", stranger) >= 0);
        send_message(fake, m);
        assert_true(sd_bus_set_sender(fake->server, SYSTEMD_NAME) >= 0);
}

void fake_owner_changed(Fake *fake, const char *owner)
{
        sd_bus_message *m =
                        new_signal(fake, "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged");

        assert_true(sd_bus_message_set_sender(m, "org.freedesktop.DBus") >= 0);
        assert_true(sd_bus_message_append(m, "sss", SYSTEMD_NAME, ":1.1", owner) >= 0);
        send_message(fake, m);
}

/* ---- the methods ---- */

static void note(Fake *fake, const char *what, const char *unit)
{
        char app[APP_NAME_MAX + 1] = "?";
        size_t n = strlen(fake->log);
        const char *colon = strchr(unit, ':');

        if (!app_unit_parse(unit, app)) {
                snprintf(fake->log + n, sizeof(fake->log) - n, "%s %s;", what, unit);
                return;
        }
        snprintf(fake->log + n, sizeof(fake->log) - n, "%s %s%.*s%s;", what, app,
                        colon ? (int) (strlen(colon) - strlen(".service")) : 0, strempty(colon),
                        app_slice_parse(unit, app)    ? ".slice"
                        : gate_slice_parse(unit, app) ? ".gate"
                                                      : "");
}

/* Sends the answer for a job, and ends the job if it is not held. */
static int answer_job(Fake *fake, sd_bus_message *m, FakeUnit *u, bool hold)
{
        char path[64];

        snprintf(path, sizeof(path), SYSTEMD_JOB_PREFIX "%u", u->job);
        if (!hold && fake->early_removed) {
                end_job(fake, u, "done");
                return sd_bus_reply_method_return(m, "o", path);
        }
        assert_true(sd_bus_reply_method_return(m, "o", path) >= 0);
        if (!hold)
                end_job(fake, u, "done");
        return 1;
}

/* DISTRO_DEFINITION=..., as it stands there. */
static void read_definition(Fake *fake, sd_bus_message *m)
{
        const void *field;
        size_t n;

        assert_true(sd_bus_message_enter_container(m, 'v', "aay") > 0);
        assert_true(sd_bus_message_enter_container(m, 'a', "ay") > 0);
        while (sd_bus_message_at_end(m, 0) == 0) {
                assert_true(sd_bus_message_read_array(m, 'y', &field, &n) > 0);
                if (n < sizeof(fake->definition) && n > 18 && memcmp(field, "DISTRO_DEFINITION=", 18) == 0) {
                        memcpy(fake->definition, field, n);
                        fake->definition[n] = 0;
                }
        }
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_true(sd_bus_message_exit_container(m) >= 0);
}

static uint64_t read_environment(Fake *fake, sd_bus_message *m)
{
        const char *name, *contents, *s;
        uint64_t epoch = 0;
        int ignores = 0;
        char type;

        fake->environment[0] = 0;
        fake->n_required = 0;
        assert_true(sd_bus_message_enter_container(m, 'a', "(sv)") > 0);
        while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
                assert_true(sd_bus_message_read_basic(m, 's', &name) > 0);
                assert_true(sd_bus_message_peek_type(m, &type, &contents) > 0);
                if (streq(name, "IgnoreOnIsolate"))
                        assert_true(sd_bus_message_read(m, "v", "b", &ignores) > 0);
                else if (streq(name, "LogExtraFields"))
                        read_definition(fake, m);
                else if (streq(name, "Requires"))
                        fake_read_required(fake, m);
                else if (!streq(name, "Environment"))
                        assert_true(sd_bus_message_skip(m, "v") >= 0);
                else {
                        assert_true(sd_bus_message_enter_container(m, 'v', "as") > 0);
                        assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
                        while (sd_bus_message_read_basic(m, 's', &s) > 0) {
                                size_t n = strlen(fake->environment);

                                snprintf(fake->environment + n, sizeof(fake->environment) - n, "%s;", s);
                                if (strncmp(s, "DISTRO_EPOCH=", 13) == 0)
                                        epoch = strtoull(s + 13, NULL, 10);
                        }
                        assert_true(sd_bus_message_exit_container(m) >= 0);
                        assert_true(sd_bus_message_exit_container(m) >= 0);
                }
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        fake->ignores_isolate = ignores;
        return epoch;
}

/* ---- an application with parts ---- */

FakeUnit *fake_add_part(Fake *fake, const char *app, const char *name, const char *active)
{
        FakeUnit *u = fake_add(fake, app, 0, active);

        snprintf(u->name, sizeof(u->name), "%s", name);
        snprintf(u->app, sizeof(u->app), "%s", app);
        u->was_active = streq(active, "active");
        u->has_parts = true;
        return u;
}

FakeUnit *fake_add_installed(Fake *fake, const char *name)
{
        FakeUnit *u = fake_add_part(fake, "", name, "inactive");

        u->transient = false;
        u->is_installed = true;
        u->has_parts = false;
        return u;
}

void fake_set(Fake *fake, const char *name, const char *active, uint32_t job)
{
        FakeUnit *u = fake_find_unit(fake, name);

        assert_non_null(u);
        if (!u)
                return;
        strcpy(u->active, active);
        u->job = job;
        emit_changed(fake, u);
}

/* What the start requires, for this application. True: one of them is not there then. */
static bool start_installed(Fake *fake, const char *app)
{
        for (size_t i = 0; i < fake->n_required; i++) {
                FakeUnit *u = fake_find_unit(fake, fake->required[i]);

                assert_non_null(u);
                if (!u || streq(u->active, "active"))
                        continue;
                snprintf(u->app, sizeof(u->app), "%s", app);
                if (streq(u->name, fake->skip_installed)) {
                        strcpy(u->result, "exec-condition");
                        continue;
                }
                if (streq(u->name, fake->fail_installed)) {
                        strcpy(u->active, "failed");
                        strcpy(u->result, "exit-code");
                        u->exit_status = 1;
                        return true;
                }
                strcpy(u->active, "active");
                u->active_usec = clock_usec(CLOCK_MONOTONIC);
                emit_changed(fake, u);
        }
        return false;
}

void fake_unit_changed(Fake *fake, const char *name)
{
        emit_changed(fake, fake_find_unit(fake, name));
}

static bool is_part_named(const char *unit, const char *id)
{
        const char *colon = strchr(unit, ':');

        return id[0] && strncmp(colon ? colon + 1 : unit, id, strlen(id)) == 0;
}

static bool is_mount(const char *unit)
{
        return endswith(unit, ".mount");
}

static void fail_part(FakeUnit *part, const char *text)
{
        strcpy(part->active, "failed");
        strcpy(part->result, "exit-code");
        part->exit_status = 2;
        snprintf(part->text, sizeof(part->text), "%s", text);
}

/* True: one of them fails, and what comes after it is not started. */
static bool start_parts(Fake *fake, const char *app, uint64_t epoch, sd_bus_message *m)
{
        const char *name;
        bool failed = false;

        assert_true(sd_bus_message_enter_container(m, 'a', "(sa(sv))") > 0);
        while (sd_bus_message_enter_container(m, 'r', "sa(sv)") > 0) {
                assert_true(sd_bus_message_read_basic(m, 's', &name) > 0);
                assert_true(sd_bus_message_skip(m, "a(sv)") >= 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
                if (failed)
                        continue;
                FakeUnit *part = fake_add_part(fake, app, name, "active");
                failed = is_part_named(name, fake->fail_part);
                part->epoch = is_mount(name) ? epoch : 0;
                if (failed) {
                        part->was_active = false;
                        fail_part(part, is_mount(name) ? "" : "192.0.2.20: another host has it");
                }
        }
        return failed;
}

static void stop_installed(FakeUnit *u)
{
        strcpy(u->active, "inactive");
        u->app[0] = '\0';
        u->job = 0;
}

/* The worker first; its slice's job ends last. */
static void stop_all_of(Fake *fake, const char *app)
{
        FakeUnit *worker = fake_find(fake, app);
        char gate[APP_NAME_MAX + 1];

        if (worker && !streq(worker->active, "failed"))
                remove_unit(fake, worker);
        for (size_t i = fake->n_units; i > 0; i--) {
                FakeUnit *u = &fake->units[i - 1];

                if (!streq(u->app, app) || streq(u->active, "failed") ||
                                is_part_named(u->name, fake->keep_part))
                        continue;
                if (u->is_installed)
                        stop_installed(u);
                else if (strchr(u->name, ':') || is_mount(u->name) || gate_slice_parse(u->name, gate))
                        remove_unit(fake, u);
        }
}

void fake_part_dies(Fake *fake, const char *name, const char *text)
{
        FakeUnit *part = fake_find_unit(fake, name);

        assert_non_null(part);
        if (!part)
                return;
        char app[64];
        strcpy(app, part->app);
        fail_part(part, text);
        strcpy(part->active, "deactivating"); /* what it leaves is taken away */
        emit_changed(fake, part);
        begin_job(fake, fake_find(fake, app), "stop");
        end_job(fake, fake_find(fake, app), "done");
        if (fake->hold_stops)
                return;
        part = fake_find_unit(fake, name);
        strcpy(part->active, "failed");
        emit_changed(fake, part);
}

void fake_remove_unit(Fake *fake, const char *name)
{
        FakeUnit *unit = fake_find_unit(fake, name);

        assert_non_null(unit);
        if (!unit)
                return;
        strcpy(unit->active, "inactive");
        emit_changed(fake, unit);
        remove_unit(fake, unit);
}

void fake_stop_slice(Fake *fake, const char *app)
{
        char slice[APP_SLICE_NAME_MAX];
        FakeUnit *worker = fake_find(fake, app), *u;

        app_slice_name(app, slice);
        if (worker)
                end_job(fake, worker, "done");
        stop_all_of(fake, app);
        u = fake_find_unit(fake, slice);
        begin_job(fake, u, "stop");
        end_job(fake, u, "done");
}

static bool fake_has_gate(Fake *fake, const char *app)
{
        char of[APP_NAME_MAX + 1];

        for (size_t i = 0; i < fake->n_units; i++)
                if (gate_slice_parse(fake->units[i].name, of) && streq(of, app))
                        return true;
        return false;
}

void fake_job_of(Fake *fake, const char *name, const char *result)
{
        emit_job(fake, "JobRemoved", ++fake->last_job, name, result);
}

/* Its job, and where it succeeds it is gone with that. */
static int run_removal(Fake *fake, sd_bus_message *m, FakeUnit *u)
{
        char name[sizeof(u->name)];
        int r;

        strcpy(name, u->name);
        strcpy(u->active, "activating");
        begin_job(fake, u, "start");
        r = answer_job(fake, m, u, true);
        end_job(fake, u, fake->removals_fail ? "failed" : "done");
        if (!fake->removals_fail)
                fake_remove_unit(fake, name);
        return r;
}

/* What takes away once more what a part has left. One that failed stays. */
static int do_removal(Fake *fake, sd_bus_message *m, const char *name)
{
        FakeUnit *u = &fake->units[fake->n_units];

        if (fake_find_unit(fake, name))
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.UnitExists", "exists");
        fake->n_units++;
        assert_true(fake->n_units < FAKE_UNITS_MAX);
        *u = (FakeUnit){};
        snprintf(u->name, sizeof(u->name), "%s", name);
        return run_removal(fake, m, u);
}

static int do_start_unit(Fake *fake, sd_bus_message *m)
{
        const char *name, *mode;
        FakeUnit *u;

        assert_true(sd_bus_message_read(m, "ss", &name, &mode) > 0);
        u = fake_find_unit(fake, name);
        return u ? run_removal(fake, m, u)
                 : sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
}

static const FakeUnit *fake_find_slice(Fake *fake, const char *app)
{
        char slice[APP_SLICE_NAME_MAX];

        app_slice_name(app, slice);
        return fake_find_unit(fake, slice);
}

static int do_start(Fake *fake, sd_bus_message *m)
{
        const char *name, *mode, *error = fake->start_error;
        char app[APP_NAME_MAX + 1], gate_name[GATE_SLICE_NAME_MAX] = "";
        size_t id_length;
        const char *id;

        free(fake->start_text);
        fake->start_text = fake_message_text(m);
        assert_true(sd_bus_message_read(m, "ss", &name, &mode) > 0);
        assert_string_equal(mode, "fail");
        note(fake, "start", name);
        snprintf(gate_name, sizeof(gate_name), "%s", name); /* it ends with what is read next */
        fake->start_error = NULL;
        if (error && fake->start_missing)
                return sd_bus_reply_method_errorf(m, error, "Unit %s not found.", fake->start_missing);
        if (error)
                return sd_bus_reply_method_errorf(m, error, "it says no");
        if (removal_unit_parse(name, app, &id, &id_length))
                return do_removal(fake, m, name);
        bool is_gate = gate_slice_parse(name, app);
        assert_true(is_gate || worker_unit_parse(name, app));
        bool is_later = !is_gate && fake_has_gate(fake, app);
        for (size_t i = 0; i < fake->n_units; i++)
                if (streq(fake->units[i].name, name) || (!is_later && streq(fake->units[i].app, app)))
                        return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.UnitExists", "exists");

        uint64_t epoch = read_environment(fake, m);
        assert_true(sd_bus_message_exit_container(m) >= 0);
        bool failed = start_parts(fake, app, epoch, m) || start_installed(fake, app);
        FakeUnit *u = fake_add(fake, app, epoch, failed ? "inactive" : "activating");
        if (is_gate) {
                strcpy(u->name, gate_name);
                strcpy(u->app, app);
        }
        strcpy(u->definition, fake->definition);
        u->has_parts = fake->n_units > 1 && fake_find_slice(fake, app);
        begin_job(fake, u, "start");
        if (!failed)
                return answer_job(fake, m, u, fake->hold_starts);
        answer_job(fake, m, u, true);
        end_job(fake, u, "dependency");
        return 1;
}

static int do_stop(Fake *fake, sd_bus_message *m)
{
        const char *name, *mode;
        char app[APP_NAME_MAX + 1];

        assert_true(sd_bus_message_read(m, "ss", &name, &mode) > 0);
        assert_string_equal(mode, "replace");
        note(fake, "stop", name);
        FakeUnit *u = find_name(fake, name);
        if (!u)
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
        if (u->is_installed) {
                if (!fake->hold_stops && !streq(u->name, fake->keep_part))
                        stop_installed(u);
                return sd_bus_reply_method_return(m, "o", SYSTEMD_JOB_PREFIX "1");
        }
        if (app_slice_parse(name, app) && !fake->hold_stops) {
                stop_all_of(fake, app);
                u = find_name(fake, name);
        }
        begin_job(fake, u, "stop");
        strcpy(u->active, "deactivating");
        return answer_job(fake, m, u, fake->hold_stops);
}

static int do_kill(Fake *fake, sd_bus_message *m)
{
        const char *name, *who;
        int32_t sig;

        assert_true(sd_bus_message_read(m, "ssi", &name, &who, &sig) > 0);
        assert_string_equal(who, "all");
        assert_int_equal(sig, 9);
        note(fake, "kill", name);
        return find_name(fake, name) ? sd_bus_reply_method_return(m, NULL)
                                     : sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit",
                                                       "not loaded");
}

static int do_reset(Fake *fake, sd_bus_message *m)
{
        const char *name;

        assert_true(sd_bus_message_read(m, "s", &name) > 0);
        note(fake, "reset", name);
        FakeUnit *u = find_name(fake, name);
        if (u && u->is_installed && streq(u->active, "failed")) {
                stop_installed(u);
                strcpy(u->result, "success");
                u->exit_status = 0;
        } else if (u && streq(u->active, "failed"))
                remove_unit(fake, u);
        return sd_bus_reply_method_return(m, NULL);
}

static int reply_rows(Fake *fake, sd_bus_message *m, bool own)
{
        sd_bus_message *reply = NULL;

        assert_true(sd_bus_message_new_method_return(m, &reply) >= 0);
        assert_true(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
        for (size_t i = 0; !own && i < fake->n_units; i++)
                assert_true(sd_bus_message_append(reply, "(ssssssouso)", fake->units[i].name, "", "loaded",
                                            fake->units[i].active, "", "", "/x", 0, "", "/") >= 0);
        if (own && fake->target)
                assert_true(sd_bus_message_append(reply, "(ssssssouso)", fake->target, "", "loaded",
                                            "inactive", "", "", "/x", 78, "start", "/") >= 0);
        if (own)
                assert_true(sd_bus_message_append(reply, "(ssssssouso)", "distro-manager.service", "",
                                            "loaded", "active", "", "", "/x", fake->own_job[0] ? 77 : 0,
                                            fake->own_job, "/") >= 0);
        assert_true(sd_bus_message_close_container(reply) >= 0);
        send_message(fake, reply);
        return 1;
}

static int do_get_all(Fake *fake, sd_bus_message *m)
{
        static const FakeUnit absent = { .active = "inactive", .result = "success" };
        _cleanup_free_ char *name = NULL;
        char epoch[64], slice[APP_SLICE_NAME_MAX], group[2 * APP_SLICE_NAME_MAX + 16];
        sd_bus_message *reply = NULL;

        fake->n_reads++;
        assert_true(sd_bus_path_decode(sd_bus_message_get_path(m), "/org/freedesktop/systemd1/unit", &name) >
                        0);
        const FakeUnit *found = find_name(fake, name), *u = found ? found : &absent;
        snprintf(epoch, sizeof(epoch), "DISTRO_EPOCH=%llu", (unsigned long long) u->epoch);
        fake_place_unit(u, slice, group);

        assert_true(sd_bus_message_new_method_return(m, &reply) >= 0);
        assert_true(sd_bus_message_open_container(reply, 'a', "{sv}") >= 0);
        append_state(reply, u);
        assert_true(sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "LoadState", "s",
                                    found && !u->no_file ? "loaded" : "not-found", "FragmentPath", "s",
                                    u->fragment, "Transient", "b", (int) u->transient, "Environment", "as", 2,
                                    "A=b", u->epoch && !u->no_environment ? epoch : "B=c", "ControlGroup",
                                    "s", found && !u->no_group ? group : "", "Slice", "s", found ? slice : "",
                                    "ExecMainCode", "i", u->exit_status ? 1 : 0, "ExecMainStatus", "i",
                                    u->exit_status, "InactiveEnterTimestampMonotonic", "t",
                                    u->ended_usec) >= 0);
        fake_append_part(reply, u);
        fake_append_log_fields(
                        reply, u->epoch && !u->no_log_fields ? epoch : "DISTRO_NODE=abc", u->definition);
        assert_true(sd_bus_message_close_container(reply) >= 0);
        send_message(fake, reply);
        return 1;
}

static int do_get(Fake *fake, sd_bus_message *m)
{
        const char *interface, *name;

        assert_true(sd_bus_message_read(m, "ss", &interface, &name) > 0);
        if (streq(name, "SystemState"))
                return sd_bus_reply_method_return(
                                m, "v", "s", fake->system_state ? fake->system_state : "running");
        assert_string_equal(name, "JobType");
        uint32_t id = job_id_from_path(sd_bus_message_get_path(m));
        for (size_t i = 0; i < fake->n_units; i++)
                if (fake->units[i].job == id)
                        return sd_bus_reply_method_return(m, "v", "s", fake->units[i].job_type);
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_OBJECT, "no such job");
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Fake *fake = userdata;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        if (fake->mute)
                return 1; /* taken, and never answered */
        if (sd_bus_message_is_method_call(m, NULL, "StartTransientUnit"))
                return do_start(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "StartUnit"))
                return do_start_unit(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "StopUnit"))
                return do_stop(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "KillUnit"))
                return do_kill(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "ResetFailedUnit"))
                return do_reset(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "GetAll"))
                return do_get_all(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "Get"))
                return do_get(fake, m);
        if (sd_bus_message_is_method_call(m, NULL, "ListUnitsByPatterns")) {
                fake->n_lists++;
                return reply_rows(fake, m, false);
        }
        if (sd_bus_message_is_method_call(m, NULL, "ListUnitsByNames"))
                return reply_rows(fake, m, true);
        if (sd_bus_message_is_method_call(m, NULL, "Subscribe")) {
                fake->n_subscribes++;
                return sd_bus_reply_method_return(m, NULL);
        }
        fail_msg("a method that the fake does not have: %s", sd_bus_message_get_member(m));
        return 0;
}

void fake_connect(Fake *fake, sd_event *event, sd_bus **ret_client)
{
        int fds[2];
        sd_id128_t id = SD_ID128_MAKE(01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f, 10);

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_bus_new(&fake->server) >= 0);
        assert_true(sd_bus_set_fd(fake->server, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_set_server(fake->server, 1, id) >= 0);
        assert_true(sd_bus_set_sender(fake->server, SYSTEMD_NAME) >= 0);
        assert_true(sd_bus_add_filter(fake->server, NULL, on_call, fake) >= 0);
        assert_true(sd_bus_start(fake->server) >= 0);
        assert_true(sd_bus_attach_event(fake->server, event, SD_EVENT_PRIORITY_NORMAL) >= 0);

        assert_true(sd_bus_new(ret_client) >= 0);
        assert_true(sd_bus_set_fd(*ret_client, fds[1], fds[1]) >= 0);
        assert_true(sd_bus_start(*ret_client) >= 0);
        assert_true(sd_bus_attach_event(*ret_client, event, SD_EVENT_PRIORITY_NORMAL) >= 0);
}

void fake_close(Fake *fake)
{
        free(fake->start_text);
        fake->start_text = NULL;
        if (!fake->server)
                return;
        (void) sd_bus_detach_event(fake->server);
        fake->server = sd_bus_close_unref(fake->server);
}
