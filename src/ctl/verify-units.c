/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit= of [Parts]: what systemd says of the unit on this node. */

#include <systemd/sd-bus.h>

#include "base/dbus.h"
#include "config/installed-unit.h"
#include "ctl/verify.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_UNIT SYSTEMD ".Unit"
#define SYSTEMD_SERVICE SYSTEMD ".Service"

typedef struct AskedUnit {
        sd_bus *bus;
        const char *path; /* of the unit */
} AskedUnit;

/* "" where systemd says nothing. */
static void ask_text(
                const AskedUnit *a, const char *interface, const char *property, char *ret, size_t size_bytes)
{
        _cleanup_free_ char *text = NULL;

        (void) sd_bus_get_property_string(a->bus, SYSTEMD, a->path, interface, property, NULL, &text);
        snprintf(ret, size_bytes, "%s", strempty(text));
}

/* The first of a list of names; NULL: it is empty, or not known. */
static char *ask_first(const AskedUnit *a, const char *property)
{
        _cleanup_(strings_freep) char **names = NULL;

        if (sd_bus_get_property_strv(a->bus, SYSTEMD, a->path, SYSTEMD_UNIT, property, NULL, &names) < 0 ||
                        !names || !names[0])
                return NULL;
        return strdup(names[0]);
}

static void ask_wanted(const AskedUnit *a, const char *property, InstalledUnit *ret)
{
        _cleanup_(strings_freep) char **names = NULL;

        if (sd_bus_get_property_strv(a->bus, SYSTEMD, a->path, SYSTEMD_UNIT, property, NULL, &names) < 0)
                return;
        for (char **name = names; name && *name; name++)
                installed_unit_take_wanting(ret, *name);
}

static void ask_installed(const AskedUnit *a, InstalledUnit *ret)
{
        int remain = 0;

        ask_text(a, SYSTEMD_UNIT, "Id", ret->id, sizeof(ret->id));
        ask_text(a, SYSTEMD_UNIT, "UnitFileState", ret->file_state, sizeof(ret->file_state));
        ask_text(a, SYSTEMD_SERVICE, "Type", ret->type, sizeof(ret->type));
        (void) sd_bus_get_property_trivial(
                        a->bus, SYSTEMD, a->path, SYSTEMD_SERVICE, "RemainAfterExit", NULL, 'b', &remain);
        ret->remain_after_exit = remain;
        ask_wanted(a, "WantedBy", ret);
        ask_wanted(a, "RequiredBy", ret);
}

/* Of the units that would start it one that is at work, or will be from the next boot on, and is no part itself. NULL: there is none. To be
 * freed. */
static char *find_trigger(const AppConfig *app, const AskedUnit *a)
{
        _cleanup_(strings_freep) char **names = NULL;

        if (sd_bus_get_property_strv(a->bus, SYSTEMD, a->path, SYSTEMD_UNIT, "TriggeredBy", NULL, &names) < 0)
                return NULL;
        for (char **name = names; name && *name; name++) {
                char active[24], file_state[24];
                _cleanup_free_ char *path = NULL;

                if (parts_find(&app->parts, *name) ||
                                sd_bus_path_encode("/org/freedesktop/systemd1/unit", *name, &path) < 0)
                        continue;
                ask_text(&(AskedUnit){ a->bus, path }, SYSTEMD_UNIT, "ActiveState", active, sizeof(active));
                ask_text(&(AskedUnit){ a->bus, path }, SYSTEMD_UNIT, "UnitFileState", file_state,
                                sizeof(file_state));
                if (streq(active, "active") || streq(file_state, "enabled"))
                        return strdup(*name);
        }
        return NULL;
}

static int judge(const AppConfig *app, const Part *part, const AskedUnit *a, ConfigMessages *messages)
{
        const char *name = app->definition.name;
        char words[INSTALLED_UNIT_WORDS_MAX], load_state[24];
        _cleanup_free_ char *real = NULL, *trigger = NULL, *triggered = NULL;
        InstalledUnit u = {};

        ask_text(a, SYSTEMD_UNIT, "LoadState", load_state, sizeof(load_state));
        if (!load_state[0])
                return 0; /* not known */
        ask_installed(a, &u);
        if (installed_unit_is_refused(part->id, load_state, &u, words))
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Unit=: on this node %s, so the application is refused here", name,
                                words);
        if (streq(u.type, "oneshot") && (real = ask_first(a, "ConsistsOf")))
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Unit=: %s runs nothing itself; the processes are those of %s", name,
                                part->id, real);
        trigger = find_trigger(app, a);
        if (trigger)
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Unit=: %s starts %s whenever it is used, also where the application does not run: "
                                "systemctl disable --now %s",
                                name, trigger, part->id, trigger);
        triggered = ask_first(a, "Triggers");
        if (triggered && !parts_find(&app->parts, triggered))
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Unit=: %s starts %s, which goes on when it is stopped, expected Unit=%s behind it",
                                name, part->id, triggered, triggered);
        return 0;
}

int verify_unit(const AppConfig *app, const Part *part, ConfigMessages *messages)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        AskedUnit a = {};
        int r = sd_bus_open_system(&a.bus);

        if (r >= 0)
                r = sd_bus_call_method(a.bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
                                "LoadUnit", NULL, &answer, "s", part->id);
        if (r >= 0)
                r = sd_bus_message_read_basic(answer, 'o', &a.path);
        r = r >= 0         ? judge(app, part, &a, messages)
            : r == -ENOMEM ? r
                           : 0; /* where nobody answers it is not known */
        sd_bus_flush_close_unref(a.bus);
        return r;
}
