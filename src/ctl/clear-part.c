/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/clear-part.h"

#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "config/config.h"
#include "config/unit-names.h"
#include "ctl/bus-client.h"
#include "ctl/evidence.h"
#include "ctl/model.h"

/* Where the manager notes the parts of an application; part-note.h has what is in it. */
#define NOTES "/run/distro-manager/parts"

typedef struct Clearing {
        Ctl *ctl;
        const char *app, *id;
        sd_bus *systemd;
        AppConfig config; /* as this node's file has it; empty: there is none */
        AppInfo info;     /* as this node's manager shows it */
} Clearing;

static void clearing_done(Clearing *l)
{
        app_config_done(&l->config);
        app_info_done(&l->info);
        sd_bus_flush_close_unref(l->systemd);
}

static int failed(const Clearing *l, int r, const char *what)
{
        if (r == -ENOMEM)
                return ctl_oom(l->ctl);
        ctl_error(l->ctl, "Cannot see whether %s of %s has gone: %s. Nothing was cleared.", what, l->app,
                        strerror(-r));
        return STATUS_FAILURE;
}

static int refuse(const Clearing *l, const char *why)
{
        ctl_error(l->ctl, "%s of %s cannot be cleared: %s. End that first.", l->id, l->app, why);
        return STATUS_FAILURE;
}

static int begin(Clearing *l)
{
        _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = config_systemd_program() };
        _cleanup_(config_messages_done) ConfigMessages messages = {};
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        ConfigContext context = { .systemd = &systemd };
        int status, r = app_config_load(&context, l->app, &messages, &l->config);

        if (r == -ENOMEM)
                return ctl_oom(l->ctl);
        status = ctl_connect(l->ctl);
        if (status != STATUS_OK)
                return status;
        r = app_info_fetch(l->ctl, l->app, &error, &l->info);
        if (r < 0)
                return bus_failed(l->ctl, &error, r, "ask for its parts", false);
        r = sd_bus_open_system(&l->systemd);
        return r < 0 ? failed(l, r, "anything") : STATUS_OK;
}

/* The question. Whatever is no "yes" is a no, the end of the input too. */
static bool is_sure(const char *question)
{
        char answer[16] = "";

        fprintf(stderr, "%s Type \"yes\" if so: ", question);
        if (!fgets(answer, sizeof(answer), stdin))
                return false;
        answer[strcspn(answer, "\n")] = '\0';
        return streq(answer, "yes");
}

static int not_sure(const Clearing *l)
{
        ctl_error(l->ctl, "Nothing was cleared.");
        return STATUS_FAILURE;
}

/* ---- a part ---- */

static const PartInfo *find_shown(const Clearing *l)
{
        for (size_t i = 0; i < l->info.n_parts; i++)
                if (streq(l->info.parts[i].id, l->id))
                        return &l->info.parts[i];
        return NULL;
}

static int reset_failed(const Clearing *l, const char *unit)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(l->systemd, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                        "org.freedesktop.systemd1.Manager", "ResetFailedUnit", &error, NULL, "s", unit);

        if (r < 0) {
                ctl_error(l->ctl, "Cannot clear %s of %s: %s.", l->id, l->app,
                                error.message ? error.message : strerror(-r));
                return STATUS_FAILURE;
        }
        ctl_say(l->ctl, "%s of %s is taken to be gone from this node.", l->id, l->app);
        return STATUS_OK;
}

static int clear_one(Clearing *l)
{
        const Part *part = parts_find(&l->config.parts, l->id);
        _cleanup_free_ char *why = NULL, *question = NULL;
        const PartInfo *shown = find_shown(l);
        char unit[PART_UNIT_NAME_MAX];
        int r;

        if (!shown) {
                ctl_error(l->ctl, "No part %s of %s is known on this node. 'distroctl status %s' lists them.",
                                l->id, l->app, l->app);
                return STATUS_UNKNOWN;
        }
        /* What it is to look for stands in the file. */
        if (!part || !streq(part_kind_to_string(part->kind), shown->kind) || !part_unit(l->app, part, unit))
                return refuse(l,
                                "this node's file of the application has no such part, so that nobody knows what to look for");
        r = evidence_of_part(l->systemd, l->app, part, &why);
        if (r < 0)
                return failed(l, r, l->id);
        if (why)
                return refuse(l, why);
        if (!streq(shown->state, "failed")) {
                ctl_say(l->ctl, "There is nothing to clear: %s of %s is %s.", l->id, l->app, shown->state);
                return STATUS_OK;
        }
        question = text_format(
                        "Nothing is to be seen of %s %s of %s on this node, but nobody has seen it end. Other nodes "
                        "will start it. Has it gone from here?",
                        shown->kind, part->name, l->app);
        if (!question)
                return ctl_oom(l->ctl);
        return is_sure(question) ? reset_failed(l, unit) : not_sure(l);
}

/* ---- the note ---- */

/* All that the file has, the worker, and whatever is in the slice. */
static int evidence_of_app(const Clearing *l, char **ret_why)
{
        char worker[WORKER_UNIT_NAME_MAX], slice[APP_SLICE_NAME_MAX];
        int r;

        worker_unit_name(l->app, worker);
        app_slice_name(l->app, slice);
        r = evidence_of_unit(l->systemd, worker, ret_why);
        if (r >= 0 && !*ret_why)
                r = evidence_of_unit(l->systemd, slice, ret_why);
        FOREACH_ARRAY(part, l->config.parts.items, l->config.parts.n_items)
                if (r >= 0 && !*ret_why)
                        r = evidence_of_part(l->systemd, l->app, part, ret_why);
        return r;
}

static int clear_note(Clearing *l)
{
        _cleanup_free_ char *why = NULL, *question = NULL, *path = text_format(NOTES "/%s", l->app);
        int r;

        if (!path)
                return ctl_oom(l->ctl);
        /* One that can be read says what there was, and the manager goes by it. */
        if (!strstr(l->info.reason, "cannot be read, so its parts are not known")) {
                ctl_say(l->ctl, "There is nothing to clear: the note of %s is in nobody's way.", l->app);
                return STATUS_OK;
        }
        r = evidence_of_app(l, &why);
        if (r < 0)
                return failed(l, r, "all");
        if (why)
                return refuse(l, why);
        question = text_format(
                        "Nothing of what this node's file has as parts of %s is to be seen here, but what was "
                        "started is not known. Other nodes will start it. Has all of it gone from here?",
                        l->app);
        if (!question)
                return ctl_oom(l->ctl);
        if (!is_sure(question))
                return not_sure(l);
        if (unlink(path) < 0 && errno != ENOENT) {
                ctl_error(l->ctl, "Cannot remove %s: %s.", path, strerror(errno));
                return STATUS_FAILURE;
        }
        ctl_say(l->ctl, "All parts of %s are taken to be gone from this node.", l->app);
        return STATUS_OK;
}

int clear_part(Ctl *c, const char *app, const char *id)
{
        Clearing l = { .ctl = c, .app = app, .id = id };
        int status;

        if (c->options.host) {
                ctl_error(c, "'clear --part' looks at this host; on the other: 'ssh -t %s distroctl clear --part %s %s'.",
                                c->options.host, app, id);
                return STATUS_USAGE;
        }
        if (geteuid() != 0) {
                ctl_error(c, "'clear --part' is for root: it is taken at its word.");
                return STATUS_FAILURE;
        }
        status = begin(&l);
        if (status == STATUS_OK)
                status = streq(id, CLEAR_PART_NOTE) ? clear_note(&l) : clear_one(&l);
        clearing_done(&l);
        return status;
}
