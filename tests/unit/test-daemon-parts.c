/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the manager does for the parts of an application: they go along with a start and are shown, and their helpers are told
 * of a maintenance by a file. */

#include <unistd.h>

#include "base/array.h"
#include "daemon-harness.h"
#include "daemon/maintenance.h"

#define APP_FILE SYSCONFDIR "/distro-manager/applications/distro.app"
#define PARTS_TEXT APP_TEXT "[Parts]\nAddress=192.0.2.20/24 eth0\nAddress=2001:db8::30/64 eth0\n"
#define MAINTENANCE "/run/distro-manager/maintenance"

/* ---- starts, and what is shown ---- */

static void test_start(void **state)
{
        Effect *effect;

        (void) state;
        write_file(APP_FILE, PARTS_TEXT);
        begin_quietly();
        effect = doubles_effect(EVENT_PROBE, EFFECT_START);
        effect->app = strdup("distro");
        effect->epoch = 5;
        effect->start_type = START_NORMAL;
        doubles.group.probe(m, 1);
        assert_trace("event probe\n"
                     "start distro 5 normal on abc from  properties=yes\n"
                     "  with ip-192.0.2.20\n"
                     "  with ip-2001:db8::30\n");
}

static char told[256];

static void on_told(void *to, const BusPart *part)
{
        size_t n = strlen(told);

        snprintf(told + n, sizeof(told) - n, "%s %s %s %u '%s'\n", part->kind, part->id, part->state,
                        (unsigned) part->since_usec, part->text);
        assert_ptr_equal(to, m);
}

static void test_shown(void **state)
{
        (void) state;
        write_file(APP_FILE, PARTS_TEXT);
        begin_quietly();
        assert_true(doubles.bus.has_parts(m, "distro"));
        assert_false(doubles.bus.has_parts(m, "other"));
        doubles.found[0] = (UnitInfo){ .app = "distro", .epoch = 5, .state = UNIT_RUNNING };
        doubles.n_found = 1;
        doubles.parts[0] = (UnitPart){ "address", "ip-192.0.2.20", "192.0.2.20/24", "active", 7, "here" };
        doubles.parts[1] = (UnitPart){ "address", "ip-2001:db8::30", "2001:db8::30/64", "unknown", 0, "" };
        doubles.n_parts = 2;
        *told = 0;
        doubles.bus.parts(m, "distro", on_told, m);
        assert_string_equal(told,
                        "address ip-192.0.2.20 active 7 'here'\naddress ip-2001:db8::30 unknown 0 ''\n");
        *told = 0;
        doubles.bus.parts(m, "other", on_told, m);
        assert_string_equal(told, "");

        /* It is no event: the engine hears of what follows, when something does. */
        doubles.units.parts_changed("distro", m);
        assert_trace("changed distro \n");
}

/* That a file has parts is told when it is read so. */
static void test_reload(void **state)
{
        static const struct {
                const char *text;
                bool has, told;
        } cases[] = {
                { PARTS_TEXT, true, true }, { PARTS_TEXT "Address=192.0.2.21/24 eth0\n", true, false },
                { APP_TEXT "[Parts]\n", false, true }, { PARTS_TEXT, true, true },
                { "", false, true }, /* it is masked */
        };

        (void) state;
        begin_quietly();
        assert_false(doubles.bus.has_parts(m, "distro"));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *trace;

                write_file(APP_FILE, cases[i].text);
                assert_int_equal(doubles.bus.reload(m, i + 1), 0);
                turn();
                trace = doubles_trace();
                assert_int_equal(strstr(trace, "changed distro") != NULL, cases[i].told);
                assert_int_equal(doubles.bus.has_parts(m, "distro"), cases[i].has);
        }
}

/* A worker that was started with other parts needs a restart. */
static void test_digest(void **state)
{
        uint64_t without, with;

        (void) state;
        begin_quietly();
        without = m->apps.items[0].unit_digest;
        write_file(APP_FILE, PARTS_TEXT);
        assert_int_equal(doubles.bus.reload(m, 1), 0);
        turn();
        with = m->apps.items[0].unit_digest;
        assert_true(with != without);
        write_file(APP_FILE, APP_TEXT "[Parts]\nAddress=2001:db8::30/64 eth0\nAddress=192.0.2.20/24 eth0\n");
        assert_int_equal(doubles.bus.reload(m, 2), 0);
        turn();
        assert_true(m->apps.items[0].unit_digest != with); /* their order counts */
        write_file(APP_FILE, APP_TEXT);
        assert_int_equal(doubles.bus.reload(m, 3), 0);
        turn();
        assert_true(m->apps.items[0].unit_digest == without);
}

/* ---- maintenance ---- */

static App *app_known(bool in_maintenance)
{
        App *a = calloc(1, sizeof(*a));

        assert_non_null(a);
        a->name = strdup("distro");
        a->maintenance = in_maintenance;
        doubles.state.apps = a;
        doubles.state.n_apps = 1;
        return a;
}

static void app_changes(void)
{
        doubles_effect(EVENT_PROBE, EFFECT_CHANGED)->app = strdup("distro");
        doubles.group.probe(m, 1);
}

static void copy_is(UnitState unit)
{
        doubles.found[0] = (UnitInfo){ .app = "distro", .epoch = 5, .state = unit };
        doubles.n_found = 1;
        doubles.units.changed(&doubles.found[0], m);
}

static bool told_of_maintenance(void)
{
        return file_exists(MAINTENANCE "/distro");
}

static void test_maintenance(void **state)
{
        App *a = app_known(true);

        (void) state;
        begin_quietly();
        app_changes();
        assert_false(told_of_maintenance()); /* it has no copy here */
        copy_is(UNIT_STARTING);
        assert_true(told_of_maintenance());
        copy_is(UNIT_STUCK);
        assert_true(told_of_maintenance()); /* something of it is left */
        a->maintenance = false;
        assert_true(told_of_maintenance());
        app_changes();
        assert_false(told_of_maintenance());
        a->maintenance = true;
        app_changes();
        assert_true(told_of_maintenance());
        /* It may end before all know of it: then not all leave it alone. */
        a->unsure = (Unsure){ .since = { 1, 1 } };
        app_changes();
        assert_false(told_of_maintenance());
        a->unsure = (Unsure){ 0 };
        app_changes();
        assert_true(told_of_maintenance());
        copy_is(UNIT_STOPPED);
        assert_false(told_of_maintenance());
        assert_int_equal(m->n_maintenance_files, 0);
}

/* Its files are there for the next manager, which goes by them until it knows the application, and no longer than there is a
 * copy. */
static void test_next_manager(void **state)
{
        (void) state;
        (void) app_known(true);
        begin_quietly();
        copy_is(UNIT_RUNNING);
        m = manager_free(m);
        assert_true(told_of_maintenance());

        doubles.state.n_apps = 0;
        write_file(MAINTENANCE "/gone", "");
        begin_quietly();
        assert_true(told_of_maintenance());
        assert_false(file_exists(MAINTENANCE "/gone")); /* of which there is no copy */
        doubles.state.n_apps = 1;
        doubles.state.apps[0].maintenance = false;
        app_changes();
        assert_false(told_of_maintenance());
        m = manager_free(m);

        /* One that was away when it began. */
        doubles.state.apps[0].maintenance = true;
        begin_quietly();
        assert_true(told_of_maintenance());
}

static void wait_for_retry(void)
{
        while (m->n_maintenance_files > 0 && m->maintenance_files[0].failed)
                assert_true(sd_event_run(m->event, 10 * USEC_PER_SEC) > 0);
}

/* What cannot be made, or removed, is said, and is tried again. */
static void test_not_told(void **state)
{
        App *a = app_known(true);
        char path[128], command[256];

        (void) state;
        begin_quietly();
        write_file(MAINTENANCE, "no folder");
        copy_is(UNIT_RUNNING);
        assert_int_equal(m->n_maintenance_files, 1);
        assert_true(m->maintenance_files[0].failed);
        assert_false(m->maintenance_files[0].there);
        snprintf(path, sizeof(path), "%s" MAINTENANCE, root);
        assert_int_equal(unlink(path), 0);
        wait_for_retry();
        assert_true(told_of_maintenance());

        snprintf(command, sizeof(command), "cd %s && rm distro && mkdir distro", path);
        assert_int_equal(system(command), 0);
        a->maintenance = false;
        app_changes();
        assert_true(m->maintenance_files[0].failed);
        assert_true(m->maintenance_files[0].there);
        snprintf(command, sizeof(command), "rmdir %s/distro", path);
        assert_int_equal(system(command), 0);
        wait_for_retry();
        assert_int_equal(m->n_maintenance_files, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TEST(test_start),
                TEST(test_shown),
                TEST(test_reload),
                TEST(test_digest),
                TEST(test_maintenance),
                TEST(test_next_manager),
                TEST(test_not_told),
        };

        return cmocka_run_group_tests_name("daemon: parts", tests, NULL, NULL);
}
