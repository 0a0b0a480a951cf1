/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* reload-service: what runs of an application reads its own configuration again, and is not started anew. systemd on the node
 * where it runs does that, and asks polkit as for `systemctl reload`; the manager only says which units they are. */

#include "base/array.h"
#include "base/text.h"
#include "ctl/bus-client.h"
#include "ctl/model.h"
#include "ctl/polkit-agent.h"
#include "ctl/unit-reload.h"

/* By systemd's default a reload ends after 90 s, with the time of a start. */
#define RELOAD_TIMEOUT_USEC (300 * USEC_PER_SEC)

typedef struct ServiceReload {
        Ctl *ctl;
        ManagerInfo manager;
        AppInfo app;
        sd_bus *systemd;
        Strings unable; /* units that cannot reload */
        size_t n_asked; /* units that can */
        bool failed;    /* one of these did not */
} ServiceReload;

static void service_reload_done(ServiceReload *l)
{
        strings_done(&l->unable);
        manager_info_done(&l->manager);
        app_info_done(&l->app);
        sd_bus_flush_close_unref(l->systemd);
}

/* Returns STATUS_OK where it runs on the node that was asked, else says why not. */
static int find_here(ServiceReload *l, const char *name)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *doing = text_format("reload %s", name);
        int r = manager_info_fetch(l->ctl, &error, &l->manager);

        if (!doing)
                return ctl_oom(l->ctl);
        if (r >= 0)
                r = app_info_fetch(l->ctl, name, &error, &l->app);
        if (r < 0)
                return bus_failed(l->ctl, &error, r, doing, false);
        if (!app_info_is_running(&l->app)) {
                ctl_error(l->ctl, "%s cannot reload: it is %s. 'distroctl status %s' says more.", name,
                                l->app.state, name);
                return STATUS_FAILURE;
        }
        if (!streq(l->app.node, l->manager.node_name)) {
                ctl_error(l->ctl,
                                "%s runs on %s, and %s cannot reload it. 'distroctl -H %s reload-service %s', or "
                                "'distroctl reload-service %s' there, does.",
                                name, l->app.node, l->manager.node_name, l->app.node, name, name);
                return STATUS_FAILURE;
        }
        return STATUS_OK;
}

/* The manager's own socket leads to no systemd; a bus, of this host or another, does. */
static int connect_systemd(ServiceReload *l)
{
        int r = 0;

        if (l->ctl->direct)
                r = sd_bus_open_system_with_description(&l->systemd, "distroctl");
        else
                l->systemd = sd_bus_ref(l->ctl->bus);
        if (r >= 0)
                return STATUS_OK;
        ctl_error(l->ctl, "Cannot reach the system bus: %s. 'systemctl status dbus' shows how it is.",
                        strerror(-r));
        return STATUS_FAILURE;
}

static int refused(ServiceReload *l, const char *unit, const sd_bus_error *error, int r)
{
        const char *message = error->message ? error->message : strerror(-r), *stop = full_stop(message);

        if (r == -ENOMEM)
                return r;
        l->failed = true;
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
                        sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
                ctl_error(l->ctl,
                                "Cannot reload %s of %s: %s%s Only root, or a user whom polkit allows to manage "
                                "units, may; on a terminal it can ask for a password.",
                                unit, l->app.name, message, stop);
        else
                ctl_error(l->ctl, "Cannot reload %s of %s: %s%s 'systemctl status %s' on %s shows how it is.",
                                unit, l->app.name, message, stop, unit, l->app.node);
        return 0;
}

static int reload_able(ServiceReload *l, const char *unit)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        char result[RELOAD_RESULT_MAX] = "", span[SPAN_MAX];
        int r = unit_reload(l->systemd, unit, RELOAD_TIMEOUT_USEC, &error, result);

        l->n_asked++;
        if (r == -ETIME) {
                l->failed = true;
                ctl_error(l->ctl,
                                "%s of %s has not reloaded within %s, and goes on with it. 'systemctl status %s' "
                                "on %s shows how far it is.",
                                unit, l->app.name, span_exact(RELOAD_TIMEOUT_USEC, span), unit, l->app.node);
        } else if (r < 0)
                return refused(l, unit, &error, r);
        else if (!streq(result, "done")) {
                l->failed = true;
                ctl_error(l->ctl,
                                "%s of %s was not reloaded: systemd says '%s'. 'journalctl -u %s' on %s shows "
                                "why.",
                                unit, l->app.name, result, unit, l->app.node);
        } else
                ctl_say(l->ctl, "%s of %s has reloaded.", unit, l->app.name);
        return 0;
}

/* What does not reload keeps none of the others from it. 0 or -ENOMEM. */
static int reload_unit(ServiceReload *l, const char *unit)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        bool can = false;
        int r = unit_can_reload(l->systemd, unit, &error, &can);

        if (r < 0)
                return refused(l, unit, &error, r);
        return can ? reload_able(l, unit) : strings_add(&l->unable, unit);
}

/* In the order of a start: the worker stands on its parts. */
static int reload_units(ServiceReload *l)
{
        int r = 0;

        FOREACH_ARRAY(p, l->app.parts, l->app.n_parts)
                if (streq(p->kind, "unit") && r >= 0)
                        r = reload_unit(l, p->id);
        return r < 0 ? r : reload_unit(l, l->app.unit);
}

static int report(const ServiceReload *l)
{
        _cleanup_free_ char *names = strings_join(&l->unable, ", ");

        if (!names)
                return ctl_oom(l->ctl);
        if (l->n_asked == 0 && !l->failed) {
                ctl_error(l->ctl,
                                "Nothing of %s can reload: %s. ExecReload= makes a unit able to; 'distroctl "
                                "restart %s' starts it anew.",
                                l->app.name, names, l->app.name);
                return STATUS_FAILURE;
        }
        if (l->unable.n > 0)
                ctl_say(l->ctl, "Cannot reload, and left as it is: %s.", names);
        return l->failed ? STATUS_FAILURE : STATUS_OK;
}

int verb_reload_service(Ctl *c, int argc, char **argv)
{
        _cleanup_(service_reload_done) ServiceReload l = { .ctl = c };
        PolkitAgent agent = {};
        int status = ctl_connect(c), r;

        if (status == STATUS_OK)
                status = find_here(&l, argv[1]);
        if (status == STATUS_OK)
                status = connect_systemd(&l);
        if (status != STATUS_OK)
                return status;
        if (!c->options.no_ask_password && !c->options.host)
                (void) polkit_agent_open(&agent); /* without it polkit refuses */
        r = reload_units(&l);
        polkit_agent_close(&agent);
        return r < 0 ? ctl_oom(c) : report(&l);
}
