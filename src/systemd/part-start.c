/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <linux/capability.h>

#include "base/array.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/part-order.h"
#include "systemd/part-stages.h"
#include "systemd/part-start.h"

#define PART_WORDS_MAX 64u /* of one command */

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

/* The helper, its verb and what the part gives it. */
static int command_make(const Part *p, const PartPlace *place, const char *verb, PartCommand *c)
{
        int r = command_add(c, text_format("%s/distro-%s", place->helpers, part_kind_to_string(p->kind)));

        if (r >= 0)
                r = command_add(c, strdup(verb));
        for (char **word = p->arguments; *word && r >= 0; word++)
                r = command_add(c, strdup(*word));
        return r;
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
static int append_exec(sd_bus_message *m, const char *key, const PartCommand *c, int times)
{
        int r = unit_start_open_list(m, key, "(sasb)");

        for (; times > 0 && r >= 0; times--)
                r = append_command(m, c, times > 1);
        return r < 0 ? r : unit_start_close_list(m);
}

static int append_description(sd_bus_message *m, const UnitStart *s, const Part *p)
{
        _cleanup_free_ char *description =
                        text_format("%s %s of application %s", part_kind_to_string(p->kind), p->name, s->app);

        return description ? sd_bus_message_append(m, "(sv)", "Description", "s", description) : -ENOMEM;
}

static int append_service(sd_bus_message *m, const UnitStart *s, const Part *p, const char *slice)
{
        int r = append_description(m, s, p);

        return r < 0 ? r
                     : sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Slice", "s", slice, "Type",
                                       "s", "notify", "KillMode", "s", "mixed", "Restart", "s", "no",
                                       "CollectMode", "s", "inactive", "IgnoreOnIsolate", "b", 1,
                                       "TimeoutStartUSec", "t",
                                       usec_add(p->start_timeout_usec, PART_START_SLACK_USEC));
}

/* ---- an address ---- */

/* A kill of all that is in the slice can hit the removal as well, so there are two. */
static int append_address_commands(
                sd_bus_message *m, const UnitStart *s, const Part *p, const PartPlace *place)
{
        _cleanup_(command_done) PartCommand run = {}, del = {};
        int r = command_make(p, place, "run", &run);

        if (r >= 0)
                r = command_add(&run, text_format("--timeout=%" PRIu64 "us", p->start_timeout_usec));
        if (r >= 0)
                r = command_add(&run, text_format("--maintenance=%s/%s", place->maintenance, s->app));
        if (r >= 0)
                r = append_exec(m, "ExecStart", &run, 1);
        if (r >= 0)
                r = command_make(p, place, "del", &del);
        return r < 0 ? r : append_exec(m, "ExecStopPost", &del, 2);
}

/* In the directory of runtime its helpers agree on who has what; it stays, as others may be at work in it. */
static int append_address_sandbox(sd_bus_message *m)
{
        uint64_t capabilities = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW;

        return sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "CapabilityBoundingSet", "t",
                        capabilities, "NoNewPrivileges", "b", 1, "ProtectSystem", "s", "strict",
                        "ProtectHome", "s", "yes", "RestrictAddressFamilies", "(bas)", 1, 5, "AF_UNIX",
                        "AF_NETLINK", "AF_PACKET", "AF_INET", "AF_INET6", "MemoryDenyWriteExecute", "b", 1,
                        "RuntimeDirectory", "as", 1, "distro-manager/addresses", "RuntimeDirectoryPreserve",
                        "s", "yes");
}

/* With the network behind it, so that a host that goes down takes the address away before that; and after what an earlier
 * run's removal is still at. */
static int append_address(sd_bus_message *m, const UnitStart *s, size_t i, const PartPlace *place)
{
        char slice[APP_SLICE_NAME_MAX], removal[PART_UNIT_NAME_MAX];
        const Part *p = s->parts->items + i;
        int r;

        if (!removal_unit(s->app, p, removal))
                return -EINVAL;
        app_slice_name(s->app, slice);
        r = append_service(m, s, p, slice);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)", "NotifyAccess", "s", "main", "TimeoutStopUSec", "t",
                                p->stop_timeout_usec);
        if (r >= 0)
                r = append_address_commands(m, s, p, place);
        if (r >= 0)
                r = part_order_append_part(m, s, i, (const char *const[]){ "network.target", removal, NULL });
        return r < 0 ? r : append_address_sandbox(m);
}

/* ---- the device of a mount ---- */

/* That it is free. `timeout`: how long that is waited for. */
static int append_check(sd_bus_message *m, const char *key, const Part *p, const PartPlace *place,
                const char *timeout, bool after_hold)
{
        _cleanup_(command_done) PartCommand check = {};
        int r = command_make(p, place, "check", &check);

        if (r >= 0)
                r = command_add(&check, text_format("--timeout=%s", timeout));
        if (r >= 0 && after_hold)
                r = command_add(&check, strdup("--after-hold"));
        return r < 0 ? r : append_exec(m, key, &check, 1);
}

static int append_device_commands(sd_bus_message *m, const Part *p, const PartPlace *place)
{
        _cleanup_(command_done) PartCommand hold = {};
        int r = command_make(p, place, "hold", &hold);

        if (r >= 0)
                r = command_add(&hold, strdup("--timeout=infinity"));
        if (r >= 0)
                r = append_exec(m, "ExecStart", &hold, 1);
        return r < 0 ? r : append_check(m, "ExecStopPost", p, place, "infinity", true);
}

/* It sees the end of all, so a kill of all that is in the slice leaves it alone; the slice's stop stops it. It ends when the
 * device is free, however long that takes, but the stop of the slice waits for it no longer than is said. */
static int append_device(sd_bus_message *m, const UnitStart *s, size_t i, const PartPlace *place)
{
        char slice[APP_SLICE_NAME_MAX], removal[PART_UNIT_NAME_MAX];
        const Part *p = s->parts->items + i;
        int r = removal_unit(s->app, p, removal) ? append_service(m, s, p, WORKER_SLICE) : -EINVAL;

        app_slice_name(s->app, slice);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)", "NotifyAccess", "s", "exec",
                                "TimeoutStopUSec", "t", USEC_INFINITY, "JobRunningTimeoutUSec", "t",
                                MAX(p->stop_timeout_usec, PART_DEVICE_JOB_MIN_USEC), "NoNewPrivileges", "b",
                                1, "Requires", "as", 1, slice);
        if (r >= 0)
                r = append_device_commands(m, p, place);
        return r < 0 ? r : part_order_append_part(m, s, i, (const char *const[]){ slice, removal, NULL });
}

/* ---- a mount ---- */

/* mount(8) mounts a device that cannot be written to for reading alone, if it is let. */
static bool mount_is_written(const Part *p, bool has_device)
{
        const char *options = p->arguments[3];

        return has_device && !startswith(options, "ro,") && !streq(options, "ro") &&
               !strstr(options, ",ro,") && !endswith(options, ",ro");
}

/* systemd has one time for the mount and the unmount. What mount(8) and umount(8) say is kept for the reason. The mount lies in
 * distro.slice: with the application's slice its stop takes the control group away in which umount(8) would be run again. */
static int append_mount(sd_bus_message *m, const UnitStart *s, size_t i, const PartPlace *place)
{
        const Part *p = s->parts->items + i;
        bool has_device = i > 0 && p[-1].kind == PART_DEVICE;
        _cleanup_free_ char *words = text_format("%s/%s", place->words, p->id);
        char slice[APP_SLICE_NAME_MAX];
        int r = words ? append_description(m, s, p) : -ENOMEM;

        app_slice_name(s->app, slice);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Slice", "s", WORKER_SLICE,
                                "Requires", "as", 1, slice, "CollectMode", "s", "inactive", "IgnoreOnIsolate",
                                "b", 1, "TimeoutUSec", "t", MAX(p->start_timeout_usec, p->stop_timeout_usec),
                                "What", "s", p->arguments[0], "Where", "s", p->arguments[1],
                                "StandardErrorFileToTruncate", "s", words);
        if (r >= 0 && p->arguments[2][0])
                r = sd_bus_message_append(m, "(sv)", "Type", "s", p->arguments[2]);
        if (r >= 0 && p->arguments[3][0])
                r = sd_bus_message_append(m, "(sv)", "Options", "s", p->arguments[3]);
        if (r >= 0 && mount_is_written(p, has_device))
                r = sd_bus_message_append(m, "(sv)", "ReadWriteOnly", "b", 1);
        return r < 0 ? r : part_order_append_part(m, s, i, (const char *const[]){ slice, NULL });
}

/* ---- all of them ---- */

static int append_properties(sd_bus_message *m, const UnitStart *s, size_t i, const PartPlace *place)
{
        switch (s->parts->items[i].kind) {
        case PART_ADDRESS:
                return append_address(m, s, i, place);
        case PART_DEVICE:
                return append_device(m, s, i, place);
        case PART_MOUNT:
                return strings_count(s->parts->items[i].arguments) == 4 ? append_mount(m, s, i, place)
                                                                        : -EINVAL;
        case PART_UNIT: /* that is there */
        case _PART_KIND_MAX:
                break;
        }
        return -EINVAL;
}

static int append_part(sd_bus_message *m, const UnitStart *s, size_t i, const PartPlace *place)
{
        char name[PART_UNIT_NAME_MAX];
        int r;

        if (!part_unit(s->app, s->parts->items + i, name))
                return -EINVAL;
        r = sd_bus_message_open_container(m, 'r', "sa(sv)");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(m, s, i, place);
        if (r >= 0)
                r = unit_start_append_identity(m, s);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_slice(sd_bus_message *m, const UnitStart *s)
{
        char slice[APP_SLICE_NAME_MAX];
        int r;

        app_slice_name(s->app, slice);
        r = sd_bus_message_open_container(m, 'r', "sa(sv)");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', slice);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)", "Description", "s",
                                s->description ? s->description : s->app, "CollectMode", "s", "inactive");
        if (r >= 0)
                r = part_order_append_slice(m, s);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int part_start_append_units(sd_bus_message *m, const UnitStart *s, size_t stage, const PartPlace *place)
{
        PartStage of = part_stages_get(s->parts, stage);
        int r = sd_bus_message_open_container(m, 'a', "(sa(sv))");

        if (of.end > 0 && stage == 0 && r >= 0)
                r = append_slice(m, s);
        for (size_t i = of.first; i < of.end && r >= 0; i++)
                if (s->parts->items[i].kind != PART_UNIT)
                        r = append_part(m, s, i, place);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ---- what a part has left ---- */

static int append_removal_commands(sd_bus_message *m, const Part *p, const PartPlace *place)
{
        _cleanup_(command_done) PartCommand del = {};
        int r;

        if (p->kind == PART_DEVICE)
                return append_check(m, "ExecStart", p, place, "1s", false);
        r = command_make(p, place, "del", &del);
        if (r >= 0)
                r = append_exec(m, "ExecStart", &del, 1);
        return r < 0 ? r : append_address_sandbox(m);
}

/* Not in the application's slice: what is killed there shall not hit it again. */
static int append_removal(sd_bus_message *m, const char *app, const Part *p, const PartPlace *place)
{
        _cleanup_free_ char *description = text_format("%s of %s %s of application %s",
                        p->kind == PART_DEVICE ? "check" : "removal", part_kind_to_string(p->kind), p->name,
                        app);
        int r;

        if (!description)
                return -ENOMEM;
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", description, "Type", "s",
                        "oneshot", "CollectMode", "s", "inactive-or-failed", "TimeoutStartUSec", "t",
                        p->stop_timeout_usec);
        return r < 0 ? r : append_removal_commands(m, p, place);
}

int part_removal_message(
                sd_bus *bus, const char *app, const Part *p, const PartPlace *place, sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char name[PART_UNIT_NAME_MAX];
        int r;

        if (!removal_unit(app, p, name))
                return -EINVAL;
        r = unit_start_open_call(bus, name, &m);
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
