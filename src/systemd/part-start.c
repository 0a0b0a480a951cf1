/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <linux/capability.h>

#include "base/array.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/part-start.h"
#include "systemd/unit-read.h"

#define PART_WORDS_MAX 64u /* of one command */

static size_t count_parts(const UnitStart *s)
{
        return s->parts ? s->parts->n_items : 0;
}

/* ---- what the worker has more ---- */

static int append_part_names(sd_bus_message *m, const UnitStart *s, const char *property)
{
        char name[PART_UNIT_NAME_MAX];
        int r = unit_start_open_list(m, property, "s");

        for (size_t i = 0; i < count_parts(s) && r >= 0; i++) {
                if (!part_unit(s->app, s->parts->items + i, name))
                        return -EINVAL;
                r = sd_bus_message_append_basic(m, 's', name);
        }
        return r < 0 ? r : unit_start_close_list(m);
}

int part_start_append_worker(sd_bus_message *m, const UnitStart *s)
{
        int r;

        if (count_parts(s) == 0)
                return 0;
        r = append_part_names(m, s, "BindsTo");
        return r < 0 ? r : append_part_names(m, s, "After");
}

/* ---- the parts ---- */

typedef struct PartCommand {
        char *words[PART_WORDS_MAX]; /* the first n are owned */
        size_t n;
} PartCommand;

static void command_done(PartCommand *c)
{
        for (size_t i = 0; i < c->n; i++)
                free(c->words[i]);
}

/* Takes the word; NULL: out of memory. */
static int command_add(PartCommand *c, char *word)
{
        if (!word)
                return -ENOMEM;
        if (c->n >= PART_WORDS_MAX || strchr(word, '$')) {
                free(word);
                return -EINVAL;
        }
        c->words[c->n++] = word;
        return 0;
}

/* What distro-address is run with; `verb` is "run" or "del". */
static int command_make(
                const char *app, const Part *p, const PartPlace *place, const char *verb, PartCommand *c)
{
        int r = command_add(c, text_format("%s/distro-%s", place->helpers, part_kind_to_string(p->kind)));

        if (r >= 0)
                r = command_add(c, strdup(verb));
        for (char **word = p->arguments; *word && r >= 0; word++)
                r = command_add(c, strdup(*word));
        if (r < 0 || streq(verb, "del"))
                return r;
        r = command_add(c, text_format("--timeout=%" PRIu64 "us", p->start_timeout_usec));
        return r < 0 ? r : command_add(c, text_format("--maintenance=%s/%s", place->maintenance, app));
}

static int append_command(sd_bus_message *m, const PartCommand *c, bool ignore_failure)
{
        int r = sd_bus_message_open_container(m, 'r', "sasb");

        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', c->words[0]);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; i < c->n && r >= 0; i++)
                r = sd_bus_message_append_basic(m, 's', c->words[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int) ignore_failure);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The command is run `times`; only the last time counts. */
static int append_exec(sd_bus_message *m, const char *key, const char *app, const Part *p,
                const PartPlace *place, const char *verb, int times)
{
        _cleanup_(command_done) PartCommand c = {};
        int r = command_make(app, p, place, verb, &c);

        if (r >= 0)
                r = unit_start_open_list(m, key, "(sasb)");
        for (; times > 0 && r >= 0; times--)
                r = append_command(m, &c, times > 1);
        return r < 0 ? r : unit_start_close_list(m);
}

/* A kill of all that is in the slice can hit the removal as well, so there are two. */
static int append_commands(sd_bus_message *m, const UnitStart *s, const Part *p, const PartPlace *place)
{
        int r = append_exec(m, "ExecStart", s->app, p, place, "run", 1);

        return r < 0 ? r : append_exec(m, "ExecStopPost", s->app, p, place, "del", 2);
}

/* With the network behind it, so that a host that goes down takes the address away before that; and after what an earlier
 * run's removal is still at. */
static int append_order(sd_bus_message *m, const char *before, const char *removal)
{
        if (!before)
                return sd_bus_message_append(m, "(sv)", "After", "as", 2, "network.target", removal);
        return sd_bus_message_append(m, "(sv)(sv)", "BindsTo", "as", 1, before, "After", "as", 3, before,
                        "network.target", removal);
}

/* In the directory of runtime its helpers agree on who has what; it stays, as others may be at work in it. */
static int append_sandbox(sd_bus_message *m)
{
        uint64_t capabilities = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW;

        return sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "CapabilityBoundingSet", "t",
                        capabilities, "NoNewPrivileges", "b", 1, "ProtectSystem", "s", "strict",
                        "ProtectHome", "s", "yes", "RestrictAddressFamilies", "(bas)", 1, 5, "AF_UNIX",
                        "AF_NETLINK", "AF_PACKET", "AF_INET", "AF_INET6", "MemoryDenyWriteExecute", "b", 1,
                        "RuntimeDirectory", "as", 1, "distro-manager/addresses", "RuntimeDirectoryPreserve",
                        "s", "yes");
}

static int append_service(sd_bus_message *m, const UnitStart *s, const Part *p)
{
        _cleanup_free_ char *description =
                        text_format("%s %s of application %s", part_kind_to_string(p->kind), p->name, s->app);
        char slice[APP_SLICE_NAME_MAX];

        if (!description)
                return -ENOMEM;
        app_slice_name(s->app, slice);
        return sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s",
                        description, "Slice", "s", slice, "Type", "s", "notify", "NotifyAccess", "s", "main",
                        "KillMode", "s", "mixed", "Restart", "s", "no", "CollectMode", "s", "inactive",
                        "IgnoreOnIsolate", "b", 1, "TimeoutStartUSec", "t",
                        usec_add(p->start_timeout_usec, PART_START_SLACK_USEC), "TimeoutStopUSec", "t",
                        p->stop_timeout_usec);
}

/* `before`: the unit of the part before it; NULL: it is the first. */
static int append_part(sd_bus_message *m, const UnitStart *s, const Part *p, const char *before,
                const PartPlace *place)
{
        char name[PART_UNIT_NAME_MAX], removal[PART_UNIT_NAME_MAX];
        int r;

        if (!part_unit(s->app, p, name) || !removal_unit(s->app, p, removal))
                return -EINVAL;
        r = sd_bus_message_open_container(m, 'r', "sa(sv)");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_service(m, s, p);
        if (r >= 0)
                r = append_commands(m, s, p, place);
        if (r >= 0)
                r = append_order(m, before, removal);
        if (r >= 0)
                r = append_sandbox(m);
        if (r >= 0)
                r = unit_start_append_identity(m, s);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_slice(sd_bus_message *m, const UnitStart *s)
{
        char slice[APP_SLICE_NAME_MAX];

        app_slice_name(s->app, slice);
        return sd_bus_message_append(m, "(sa(sv))", slice, 2, "Description", "s",
                        s->description ? s->description : s->app, "CollectMode", "s", "inactive");
}

int part_start_append_units(sd_bus_message *m, const UnitStart *s, const PartPlace *place)
{
        char before[PART_UNIT_NAME_MAX];
        int r;

        if (count_parts(s) == 0)
                return sd_bus_message_append(m, "a(sa(sv))", 0);
        r = sd_bus_message_open_container(m, 'a', "(sa(sv))");
        if (r >= 0)
                r = append_slice(m, s);
        for (size_t i = 0; i < s->parts->n_items && r >= 0; i++) {
                r = append_part(m, s, &s->parts->items[i], i > 0 ? before : NULL, place);
                (void) part_unit(s->app, s->parts->items + i, before); /* it was one */
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ---- what a part has left ---- */

/* Not in the application's slice: what is killed there shall not hit it again. */
static int append_removal(sd_bus_message *m, const char *app, const Part *p, const PartPlace *place)
{
        _cleanup_free_ char *description = text_format(
                        "removal of %s %s of application %s", part_kind_to_string(p->kind), p->name, app);
        int r;

        if (!description)
                return -ENOMEM;
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", description, "Type", "s",
                        "oneshot", "CollectMode", "s", "inactive-or-failed", "TimeoutStartUSec", "t",
                        p->stop_timeout_usec);
        if (r >= 0)
                r = append_exec(m, "ExecStart", app, p, place, "del", 1);
        return r < 0 ? r : append_sandbox(m);
}

int part_removal_message(
                sd_bus *bus, const char *app, const Part *p, const PartPlace *place, sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char name[PART_UNIT_NAME_MAX];
        int r;

        if (!removal_unit(app, p, name))
                return -EINVAL;
        r = sd_bus_message_new_method_call(
                        bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", name, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_removal(m, app, p, place);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}
