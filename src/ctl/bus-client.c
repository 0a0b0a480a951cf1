/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/bus-client.h"

#include <unistd.h>

#define PRIVATE_ADDRESS "unix:path=/run/distro-manager/private"
#define READ_TRIES_MAX 50u
#define READ_RETRY_USEC (100 * USEC_PER_MSEC)

typedef struct BusErrorInfo {
        const char *name;
        int status;
        const char *next_step; /* NULL: the manager's own words are enough */
} BusErrorInfo;

/* What the manager answers. */
static const BusErrorInfo manager_errors[] = {
        { "org.distro.Error.NoSuchApplication", STATUS_UNKNOWN,
                        "'distroctl list-applications' names them all." },
        { "org.distro.Error.NoSuchNode", STATUS_UNKNOWN, "'distroctl list-nodes' names them all." },
        { "org.distro.Error.NoQuorum", STATUS_FAILURE,
                        "Without quorum nothing is decided on this side: 'distroctl status' shows the votes. "
                        "Ask on a node of the "
                        "quorate side, or stop what runs here with 'distroctl stop --local'." },
        { "org.distro.Error.NotFormed", STATUS_FAILURE,
                        "'distroctl status' names the nodes that are being waited for; 'distroctl form' goes "
                        "on without them." },
        { "org.distro.Error.NotRunning", STATUS_FAILURE, "'distroctl status' with its name says why." },
        { "org.distro.Error.NotEligible", STATUS_FAILURE,
                        "'distroctl explain' says for each node why it may or may not." },
        { "org.distro.Error.NotAllowed", STATUS_FAILURE,
                        "'distroctl status' shows the present state, 'distroctl explain' where it may run." },
        { "org.distro.Error.StillRunning", STATUS_FAILURE,
                        "A copy may still be at work. Make sure that it is not, then use 'distroctl "
                        "takeover' with --force." },
        { "org.distro.Error.InMaintenance", STATUS_FAILURE, "'distroctl maintenance APP off' ends that." },
        { "org.distro.Error.NotCommitted", STATUS_FAILURE,
                        "It may still take effect: look with 'distroctl status' before asking again." },
        { "org.distro.Error.TooMany", STATUS_FAILURE,
                        "Wait until what was asked before is done, then ask again." },
};

/* What the bus answers in its place. */
static const BusErrorInfo bus_errors[] = {
        { "org.freedesktop.DBus.Error.AccessDenied", STATUS_FAILURE,
                        "Only root, or a user whom polkit allows it, may change the cluster." },
        { "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", STATUS_FAILURE,
                        "Run it on a terminal, where polkit can ask for a password, or run it as root." },
        { "org.freedesktop.DBus.Error.UnknownMethod", STATUS_FAILURE,
                        "The running manager and this tool differ in version: 'systemctl restart "
                        "distro-manager' leaves the workers "
                        "running." },
};

static const char *const absent_errors[] = {
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.systemd1.NoSuchUnit",
};

static const char *const unanswered_errors[] = {
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.Timeout",
        "org.freedesktop.DBus.Error.TimedOut",
        "org.freedesktop.DBus.Error.Disconnected",
};

static bool error_is_one_of(const sd_bus_error *error, const char *const *names, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sd_bus_error_has_name(error, names[i]))
                        return true;
        return false;
}

static const BusErrorInfo *find_error(const BusErrorInfo *table, size_t n, const sd_bus_error *error)
{
        for (size_t i = 0; i < n; i++)
                if (sd_bus_error_has_name(error, table[i].name))
                        return table + i;
        return NULL;
}

bool bus_error_is_unknown(const sd_bus_error *error)
{
        return sd_bus_error_has_name(error, "org.freedesktop.DBus.Error.UnknownObject") ||
               sd_bus_error_has_name(error, "org.distro.Error.NoSuchApplication") ||
               sd_bus_error_has_name(error, "org.distro.Error.NoSuchNode");
}

const char *full_stop(const char *text)
{
        size_t n = strlen(text);

        return n > 0 && strchr(".!?", text[n - 1]) ? "" : ".";
}

int bus_explain_error(const Ctl *c, const sd_bus_error *error, int r, const char *doing, bool is_command,
                char **ret)
{
        const BusErrorInfo *info = find_error(manager_errors, ELEMENTSOF(manager_errors), error);
        const char *message = error && !isempty(error->message) ? error->message : strerror(abs(r));
        const char *host = c->options.host, *option = host ? " -H " : "";
        int status = STATUS_FAILURE, n;

        if (!info)
                info = find_error(bus_errors, ELEMENTSOF(bus_errors), error);
        if (info) {
                status = info->status;
                n = asprintf(ret, "Cannot %s: %s%s %s", doing, message, full_stop(message),
                                strempty(info->next_step));
        } else if (error_is_one_of(error, absent_errors, ELEMENTSOF(absent_errors)))
                n = asprintf(ret,
                                "Cannot %s: distro-manager is not running on %s. Start it with 'systemctl%s%s "
                                "start distro-manager'; 'systemctl%s%s status distro-manager' shows why it "
                                "ended.",
                                doing, host ? host : "this node", option, strempty(host), option,
                                strempty(host));
        else if (error_is_one_of(error, unanswered_errors, ELEMENTSOF(unanswered_errors)) ||
                        r == -ETIMEDOUT || r == -ECONNRESET || r == -ENOTCONN)
                n = is_command ? asprintf(ret,
                                                 "No answer: distro-manager was asked to %s, which may or "
                                                 "may not have happened. "
                                                 "Look with 'distroctl status' before asking again.",
                                                 doing)
                               : asprintf(ret,
                                                 "Cannot %s: distro-manager did not answer. 'systemctl%s%s "
                                                 "status distro-manager' shows how it is.",
                                                 doing, option, strempty(host));
        else
                n = asprintf(ret, "Cannot %s: %s%s 'journalctl -u distro-manager' may say more.", doing,
                                message, full_stop(message));
        if (n < 0)
                *ret = NULL;
        return status;
}

int bus_failed(const Ctl *c, const sd_bus_error *error, int r, const char *doing, bool is_command)
{
        _cleanup_free_ char *text = NULL;
        int status = bus_explain_error(c, error, r, doing, is_command, &text);

        if (!text)
                return ctl_oom(c);
        ctl_error(c, "%s", text);
        return status;
}

/* Root needs no bus, and none of its crowds. If its socket has no listener, there is no manager, or one that starts. */
static int connect_directly(Ctl *c)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        const char *other = getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        if (c->options.host || geteuid() != 0 || !isempty(other))
                return -EOPNOTSUPP;
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, PRIVATE_ADDRESS);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        c->bus = TAKE_PTR(bus);
        c->direct = true;
        return 0;
}

int ctl_connect(Ctl *c)
{
        return c->bus || connect_directly(c) >= 0 ? STATUS_OK : ctl_connect_bus(c);
}

const char *bus_manager_sender(const Ctl *c)
{
        return c->direct ? NULL : BUS_NAME;
}

int ctl_connect_bus(Ctl *c)
{
        int r;

        if (c->bus)
                return STATUS_OK;
        if (c->options.host) {
                const char *name;

                /* Opening only starts ssh. Whether it gets through shows with the bus's first answer; before that
                 * nothing has been asked. */
                r = sd_bus_open_system_remote(&c->bus, c->options.host);
                if (r >= 0)
                        r = sd_bus_get_unique_name(c->bus, &name);
        } else
                r = sd_bus_open_system_with_description(&c->bus, "distroctl");
        if (r < 0) {
                if (c->options.host)
                        ctl_error(c,
                                        "Cannot reach the system bus of %s by ssh: %s. Check that 'ssh %s true' "
                                        "works, and that systemd runs there.",
                                        c->options.host, strerror(-r), c->options.host);
                else
                        ctl_error(c,
                                        "Cannot reach the system bus: %s. 'systemctl status dbus' shows how "
                                        "it is.",
                                        strerror(-r));
                return STATUS_FAILURE;
        }
        (void) sd_bus_set_allow_interactive_authorization(
                        c->bus, !c->options.no_ask_password); /* without it polkit refuses */
        return STATUS_OK;
}

bool bus_error_is_limit(const sd_bus_error *error)
{
        return sd_bus_error_has_name(error, SD_BUS_ERROR_LIMITS_EXCEEDED);
}

/* The manager bounds the reads of a connection that it does not know as root's yet. A moment later it knows, or has time. */
static bool read_again(sd_bus_error *error, unsigned *n_tries)
{
        if (!bus_error_is_limit(error) || ++*n_tries >= READ_TRIES_MAX)
                return false;
        sd_bus_error_free(error);
        usleep(READ_RETRY_USEC);
        return true;
}

int bus_read_object(Ctl *c, const char *path, const char *interface, const char *member, sd_bus_error *error,
                sd_bus_message **ret, const char *argument)
{
        unsigned n_tries = 0;
        int r;

        do
                r = sd_bus_call_method(c->bus, BUS_NAME, path, interface, member, error, ret,
                                argument ? "s" : "", argument);
        while (r < 0 && read_again(error, &n_tries));
        return r < 0 ? r : 0;
}

int bus_read(Ctl *c, const char *member, sd_bus_error *error, sd_bus_message **ret, const char *argument)
{
        return bus_read_object(c, BUS_PATH, BUS_INTERFACE_MANAGER, member, error, ret, argument);
}

int bus_get_all(Ctl *c, const char *path, const char *interface, sd_bus_error *error, sd_bus_message **ret)
{
        return bus_read_object(c, path, "org.freedesktop.DBus.Properties", "GetAll", error, ret, interface);
}

int bus_learn_manager(Ctl *c)
{
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        const char *name = NULL;
        int r;

        if (c->direct)
                return 0;
        r = sd_bus_get_name_creds(c->bus, BUS_NAME, SD_BUS_CREDS_UNIQUE_NAME, &creds);

        if (r >= 0)
                r = sd_bus_creds_get_unique_name(creds, &name);
        if (r < 0 && r != -ENXIO && r != -ESRCH) /* it has no owner now */
                return r;
        c->manager_name[0] = '\0';
        if (name && strlen(name) < sizeof(c->manager_name))
                strcpy(c->manager_name, name);
        return 0;
}

bool bus_owner_changed(Ctl *c, sd_bus_message *m, const char **ret_new)
{
        const char *name, *old, *new;

        if (!streq(strempty(sd_bus_message_get_sender(m)), "org.freedesktop.DBus") ||
                        !sd_bus_message_is_signal(m, "org.freedesktop.DBus", "NameOwnerChanged") ||
                        sd_bus_message_read(m, "sss", &name, &old, &new) < 0 || !streq(name, BUS_NAME))
                return false;
        snprintf(c->manager_name, sizeof(c->manager_name), "%s", new);
        *ret_new = new;
        return true;
}

bool bus_is_from_manager(const Ctl *c, sd_bus_message *m)
{
        return c->direct ||
               (!isempty(c->manager_name) && streq(strempty(sd_bus_message_get_sender(m)), c->manager_name));
}
