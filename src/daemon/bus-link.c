/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "daemon/bus-link.h"

#include "base/array.h"
#include "base/dbus.h"
#include "daemon/asked.h"
#include "daemon/events.h"
#include "daemon/loop.h"
#include "daemon/private-socket.h"
#include "daemon/pulse.h"
#include "daemon/reload.h"
#include "systemd/private-bus.h"

/* The manager has two connections to the system bus: one for systemd, one for the clients of our own objects. What
 * systemd says would otherwise stand behind every call of every user who can reach the bus; now clients are served
 * when nothing else is to be done. A connection that is lost, or cannot be had, is tried again with a growing delay: a
 * manager lives on without a bus. */

/* With systemd the manager speaks over systemd's own socket where it has to end and the bus does not work: other than the
 * bus it is there as long as systemd is. In any other case the bus is waited for.
 *
 * For so long it may take nothing of what waits to be sent to clients. */
#define BUS_STUCK_USEC (5 * USEC_PER_SEC)

/* Behind all else, before what waits for an idle loop. */
#define CLIENTS_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

struct BusLinkType {
        const char *description, *lost, *unusable, *back;
        int64_t priority;
        int (*attach)(Manager *m, sd_bus *bus);
        void (*detach)(Manager *m);
};

static int attach_units(Manager *m, sd_bus *bus)
{
        return units_attach(m->units, bus);
}

static void detach_units(Manager *m)
{
        if (m->units)
                units_detach(m->units);
}

/* Without an engine there is nothing to show yet. */
static int attach_server(Manager *m, sd_bus *bus)
{
        return m->engine ? bus_server_attach(m->bus_server, bus) : 0;
}

static void detach_server(Manager *m)
{
        if (m->bus_server)
                bus_server_detach(m->bus_server);
}

static const BusLinkType link_systemd = {
        .description = "distro-manager",
        .lost = "the connection to the system bus has ended",
        .unusable = "the system bus cannot be used",
        .back = "connected to the system bus again",
        .priority = SD_EVENT_PRIORITY_NORMAL,
        .attach = attach_units,
        .detach = detach_units,
}, link_clients = {
        .description = "distro-manager-clients",
        .lost = "the connection to the system bus for clients has ended",
        .unusable = "the system bus cannot be used for clients",
        .back = "connected to the system bus for clients again",
        .priority = CLIENTS_PRIORITY,
        .attach = attach_server,
        .detach = detach_server,
};

static void link_connect(BusLink *l);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        link_connect(userdata);
        return 0;
}

static void link_drop(BusLink *l)
{
        if (!l->type) /* it was never connected */
                return;
        l->type->detach(l->manager);
        l->disconnected_slot = sd_bus_slot_unref(l->disconnected_slot);
        /* Closed, not flushed: a peer that is gone or has stopped takes nothing. */
        l->bus = sd_bus_close_unref(l->bus);
}

void bus_link_drop(Manager *m)
{
        link_drop(&m->systemd_link);
        link_drop(&m->clients_link);
        m->systemd_link.timer = sd_event_source_unref(m->systemd_link.timer);
        m->clients_link.timer = sd_event_source_unref(m->clients_link.timer);
}

static void link_retry(BusLink *l, const char *what, int error)
{
        Manager *m = l->manager;
        int r;

        link_drop(l);
        if (l == &m->systemd_link && m->leave != LEAVE_NO)
                l->direct = true;
        if (!l->was_lost)
                journal_text(m->journal, JOURNAL_BUS_LOST, "%s: %s; trying again until it works", what,
                                strerror(-error));
        l->was_lost = true;
        l->delay_usec = l->delay_usec == 0 ? RECONNECT_MIN_USEC : MIN(l->delay_usec * 2, RECONNECT_MAX_USEC);
        r = loop_arm(m, &l->timer, l->delay_usec, on_retry);
        if (r < 0) {
                loop_fail(m, r, "arming a timer");
                return;
        }
        (void) sd_event_source_set_userdata(l->timer, l); /* returns what it was */
}

/* The bus's own word, made here in our process, that the connection has ended. */
static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        BusLink *l = userdata;

        link_retry(l, l->type->lost, -ECONNRESET);
        return 0;
}

/* The bus has answered our first call: the connection is good. sd-bus answers by itself where the connection ends, or
 * where nothing comes in time: what follows that is not ours to tell. */
static int on_connected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        BusLink *l = userdata;

        if (sd_bus_message_is_method_error(message, NULL))
                return 0;
        l->delay_usec = 0;
        if (l->was_lost)
                journal_text(l->manager->journal, JOURNAL_BUS_BACK, "%s", l->type->back);
        l->was_lost = false;
        return 0;
}

/* The socket of a systemd that takes no connections is tried again like the bus. */
static int link_open_direct(BusLink *l)
{
        int r;

        r = private_bus_open(PRIVATE_BUS_ADDRESS, &l->bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(l->bus, l->manager->event, l->type->priority);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(l->bus, &l->disconnected_slot, NULL, "/org/freedesktop/DBus/Local",
                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, l);
        return r < 0 ? r : l->type->attach(l->manager, l->bus);
}

static int link_open(BusLink *l)
{
        int r;

        if (l->direct)
                return link_open_direct(l);
        r = sd_bus_open_system_with_description(&l->bus, l->type->description);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(l->bus, l->manager->event, l->type->priority);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(l->bus, &l->disconnected_slot, "org.freedesktop.DBus.Local",
                        "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                        on_disconnected, l);
        if (r < 0)
                return r;
        /* Of what the bus answers itself, one that its policy allows; what it refuses it complains of in the journal. */
        r = sd_bus_call_method_async(
                        l->bus, NULL, DBUS_NAME, DBUS_PATH, DBUS_NAME, "GetId", on_connected, l, NULL);
        return r < 0 ? r : l->type->attach(l->manager, l->bus);
}

static void link_connect(BusLink *l)
{
        int r = link_open(l);

        if (r < 0)
                link_retry(l, l->type->unusable, r);
}

/* A bus that takes nothing from us, as dbus-daemon where others do not take what we have sent them, takes what comes over
 * a new connection. */
void bus_link_check(Manager *m)
{
        BusLink *l = &m->clients_link;
        uint64_t n_waiting = 0, now_usec = boottime_usec();

        if (m->bus_server)
                bus_server_check_peers(m->bus_server);
        if (!l->bus || sd_bus_get_n_queued_write(l->bus, &n_waiting) < 0 || n_waiting == 0)
                l->stuck_usec = 0;
        else if (l->stuck_usec == 0)
                l->stuck_usec = now_usec;
        else if (now_usec - l->stuck_usec >= BUS_STUCK_USEC) {
                l->stuck_usec = 0;
                link_retry(l, l->type->lost, -ETIMEDOUT);
        }
}

void bus_link_go_direct(Manager *m)
{
        BusLink *l = &m->systemd_link;

        if (l->direct || !l->type)
                return;
        l->direct = true;
        l->delay_usec = 0;
        loop_disarm(l->timer);
        link_drop(l);
        journal_text(m->journal, JOURNAL_BUS_LOST,
                        "the system bus does not answer: systemd is spoken to over its own socket");
        link_connect(l);
}

void bus_link_connect(Manager *m)
{
        m->systemd_link.manager = m->clients_link.manager = m;
        m->systemd_link.type = &link_systemd;
        m->clients_link.type = &link_clients;
        link_connect(&m->systemd_link);
        link_connect(&m->clients_link);
}

/* ---- what the bus server asks ---- */

static const Engine *ask_engine(void *userdata)
{
        return ((Manager *) userdata)->engine;
}

static uint64_t ask_now(void *userdata)
{
        Manager *m = userdata;

        return MAX(m->now_usec, boottime_usec());
}

static bool ask_invocation(void *userdata, const char *app, uint8_t ret_id[16])
{
        Manager *m = userdata;
        UnitInfo info;

        if (!units_find(m->units, app, &info) || !unit_state_is_alive(info.state))
                return false;
        memcpy(ret_id, info.invocation_id, 16);
        return true;
}

static void ask_parts(void *userdata, const char *app, void (*tell)(void *to, const BusPart *part), void *to)
{
        const Units *units = ((Manager *) userdata)->units;
        size_t n = units_count_parts(units, app);

        for (size_t i = 0; i < n; i++) {
                UnitPart part;

                units_get_part(units, app, i, &part);
                tell(to, &(BusPart){ .kind = part.kind,
                                         .id = part.id,
                                         .state = part.state,
                                         .since_usec = part.since_usec,
                                         .text = part.text });
        }
}

static bool ask_has_parts(void *userdata, const char *app)
{
        const AppConfig *config = app_configs_find(&((Manager *) userdata)->apps, app);

        return config && config->parts.n_items > 0;
}

static int ask_reload(void *userdata, uint64_t token)
{
        return reload_request(userdata, token);
}

static void tell_freed(void *userdata)
{
        pulse_trim_later(userdata);
}

static void tell_name(void *userdata, int error)
{
        Manager *m = userdata;

        if (error == -EEXIST)
                journal_text(m->journal, JOURNAL_BUS_LOST,
                                "another process has the name " BUS_NAME " on the system bus: "
                                "distroctl speaks to that one");
        else if (error == -EPERM)
                journal_text(m->journal, JOURNAL_BUS_LOST,
                                "the system bus does not give us the name " BUS_NAME
                                ": its policy file is missing, distroctl will not reach this manager");
        else if (error < 0)
                journal_text(m->journal, JOURNAL_BUS_LOST, "the name " BUS_NAME " was not given: %s",
                                strerror(-error));
}

/* What corosync.conf allows is shown also where it is not in force at the moment; the votes only where votequorum has
 * told, and those of a device only where there is one. */
static size_t quorum_numbers(Manager *m)
{
        const ClusterInfo *c = m->cluster;
        const Votes *v = &m->votes;
        const BusNumber flags[] = {
                { "TwoNode", c->two_node || v->two_node, true },
                { "WaitForAll", c->wait_for_all || v->wait_for_all, true },
                { "LastManStanding", c->last_man_standing || v->last_man_standing, true },
                { "AutoTieBreaker", c->auto_tie_breaker || v->auto_tie_breaker, true },
                { "AllowDownscale", c->allow_downscale || v->allow_downscale, true },
                { "UnevenVotes", c->uneven_votes, true },
                { "Device", c->device_model || v->device, true },
                { "IsolationTimeoutUSec", m->isolation_usec, false },
        };
        const BusNumber votes[] = {
                { "NodeVotes", v->node_votes, false },
                { "ExpectedVotes", v->expected_votes, false },
                { "HighestExpected", v->highest_expected, false },
                { "TotalVotes", v->total_votes, false },
                { "Quorum", v->quorum, false },
        };
        const BusNumber device[] = {
                { "DeviceVotes", v->device_votes, false },
                { "DeviceAlive", v->device_alive, true },
                { "DeviceCastsVote", v->device_casts_vote, true },
                { "DeviceMasterWins", v->device_master_wins, true },
        };
        _Static_assert(sizeof(flags) + sizeof(votes) + sizeof(device) <= sizeof(m->quorum_numbers),
                        "all have room");
        size_t n = ELEMENTSOF(flags);

        memcpy(m->quorum_numbers, flags, sizeof(flags));
        if (m->votes_known) {
                memcpy(m->quorum_numbers + n, votes, sizeof(votes));
                n += ELEMENTSOF(votes);
        }
        if (m->votes_known && v->device) {
                memcpy(m->quorum_numbers + n, device, sizeof(device));
                n += ELEMENTSOF(device);
        }
        return n;
}

static void ask_local(void *userdata, BusLocal *ret)
{
        Manager *m = userdata;

        *ret = (BusLocal){
                .node_name = m->cluster->own_name,
                .version = PACKAGE_VERSION,
                .status = notify_status_text(m->notify),
                .rebooted_usec = m->rebooted.realtime_usec,
                .rebooted_why = m->rebooted.reason,
                .n_file_warnings = m->n_file_warnings,
                .token_usec = m->cluster->token_usec,
                .consensus_usec = m->cluster->consensus_usec,
                .quorum = m->quorum_numbers,
                .n_quorum = quorum_numbers(m),
        };
}

static void ask_files(void *userdata, void (*tell)(void *to, const char *app, uint64_t digest, bool right),
                void *to)
{
        const AppConfigs *apps = &((Manager *) userdata)->apps;

        FOREACH_ARRAY(a, apps->items, apps->n_items) {
                bool right = true;

                FOREACH_ARRAY(f, apps->failures, apps->n_failures)
                        right = right && !streq(f->name, a->definition.name);
                tell(to, a->definition.name, a->definition.digest, right);
        }
        FOREACH_ARRAY(f, apps->failures, apps->n_failures)
                if (!app_configs_find(apps, f->name))
                        tell(to, f->name, 0, false);
}

int bus_link_serve(Manager *m)
{
        static const BusOps ops = {
                .engine = ask_engine,
                .now = ask_now,
                .local = ask_local,
                .invocation = ask_invocation,
                .parts = ask_parts,
                .has_parts = ask_has_parts,
                .files = ask_files,
                .submit = event_command,
                .stop_local = event_stop_local,
                .reload = ask_reload,
                .asked = asked_note,
                .name = tell_name,
                .freed = tell_freed,
        };
        int r = bus_server_new(&ops, m, &m->bus_server);

        if (r < 0)
                return r;
        private_socket_open(m);
        if (!m->clients_link.bus)
                return 0;
        r = bus_server_attach(m->bus_server, m->clients_link.bus);
        if (r < 0)
                link_retry(&m->clients_link, link_clients.unusable, r);
        return 0;
}
