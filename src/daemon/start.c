/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/start.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "daemon/bus-link.h"
#include "daemon/cluster-link.h"
#include "daemon/events.h"
#include "daemon/fuse-link.h"
#include "daemon/guard-link.h"
#include "daemon/lock.h"
#include "daemon/loop.h"
#include "daemon/rebooted.h"
#include "daemon/reload.h"
#include "systemd/private-bus.h"
#include "systemd/unit-commands.h"

static void tell_config(Manager *m, const ConfigMessages *messages)
{
        for (size_t i = 0; i < messages->n_items; i++)
                journal_text(m->journal,
                                messages->items[i].level == CONFIG_ERROR ? JOURNAL_CONFIG_WRONG
                                                                         : JOURNAL_CONFIG_WARNING,
                                "%s", messages->items[i].text);
}

static int load_config(Manager *m)
{
        ConfigContext context = { .root = *m->root ? m->root : NULL };
        ConfigMessages messages = {};
        int r = manager_config_load(&context, &messages, &m->config);

        tell_config(m, &messages);
        if (r == -EINVAL) {
                _cleanup_free_ char *text = config_messages_join(&messages, CONFIG_ERROR);

                notify_status(m->notify, "The configuration is wrong: %.*s",
                                text ? (int) strcspn(text, "\n") : 0, strempty(text));
                loop_exit(m, MANAGER_EXIT_CONFIG);
                r = 0;
        }
        config_messages_done(&messages);
        return r;
}

/* Before the record is touched and the group is joined. Without a place for the lock, as without the place itself, the
 * manager works all the same: it guards against a mistake only. */
static void take_lock(Manager *m)
{
        pid_t owner = 0;
        int r = lock_take(m->runtime_directory, &m->lock_fd, &owner);

        if (r == -EBUSY) {
                journal_text(m->journal, JOURNAL_FAILED,
                                "another distro-manager, process %d, is at work on this host: this one ends",
                                (int) owner);
                notify_status(m->notify, "Another distro-manager, process %d, is at work on this host",
                                (int) owner);
                notify_errno(m->notify, -r);
                loop_exit(m, MANAGER_EXIT_FAILURE);
        } else if (r < 0)
                journal_text(m->journal, JOURNAL_CONFIG_WARNING,
                                "%s/" LOCK_NAME
                                " could not be made: %s; a second manager on this host is not noticed",
                                m->runtime_directory, strerror(-r));
}

static int read_record(Manager *m)
{
        int r;

        if (mkdir(m->state_directory, 0700) < 0 && errno != EEXIST)
                journal_text(m->journal, JOURNAL_CONFIG_WARNING, "%s could not be made: %s",
                                m->state_directory, strerror(errno));
        r = record_read(m->state_directory, &m->record);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                journal_text(m->journal, JOURNAL_RECORD_REFUSED, "%s", m->record.why);
                notify_status(m->notify, "%s", m->record.why);
                notify_errno(m->notify, -r);
                loop_exit(m, MANAGER_EXIT_NEWER);
                return 0;
        }
        if (m->record.kind == RECORD_DAMAGED)
                journal_text(m->journal, JOURNAL_RECORD_DAMAGED, "%s", m->record.why);
        return 0;
}

static int read_boot_id(uint64_t *ret)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
        char text[64];

        if (!f)
                return -errno;
        if (!fgets(text, sizeof(text), f))
                return -EIO;
        *ret = hash64(text, strcspn(text, "\n"));
        if (*ret == 0)
                *ret = 1; /* 0 means that it is not known */
        return 0;
}

/* ---- the parts that work beside the loop ---- */

static void on_units_ready(void *userdata)
{
        Manager *m = userdata;

        m->units_ready = true;
        start_go_on(m);
}

/* Of what is shown alone: the engine hears of a part that has ended as of a worker that has. */
static void on_parts_changed(const char *app, void *userdata)
{
        Manager *m = userdata;

        if (!m->bus_server || !m->engine)
                return;
        bus_server_changed(m->bus_server, app, NULL);
        (void) bus_server_flush(m->bus_server); /* a bus that is lost is noticed by itself */
}

static void on_units_failed(int error, void *userdata)
{
        loop_fail(userdata, error, "watching the workers' units");
}

static int make_parts(Manager *m)
{
        UnitsParameters parameters = {
                .event = m->event,
                .callbacks = { .changed = event_unit,
                                .parts_changed = on_parts_changed,
                                .ready = on_units_ready,
                                .failed = on_units_failed },
                .userdata = m,
                .private_address = PRIVATE_BUS_ADDRESS,
                .guard_directory = m->runtime_directory,
                .dropin_dir = UNIT_DROPIN_DIR,
        };
        int r;

        r = wire_reader_new(&m->reader);
        if (r < 0)
                return r;
        r = record_writer_new(m->state_directory, &m->writer);
        if (r < 0)
                return r;
        r = sd_event_add_io(
                        m->event, &m->writer_source, record_writer_fd(m->writer), EPOLLIN, event_written, m);
        if (r < 0)
                return r;
        return units_new(&parameters, &m->units);
}

/* ---- the steps ---- */

static void on_cluster(void *userdata, int error, ClusterInfo *cluster, const char *why)
{
        Manager *m = userdata;

        if (error == -ENOTCONN) {
                notify_status(m->notify, "Waiting for Corosync: %s", why);
                if (!m->waiting_noted)
                        journal_text(m->journal, JOURNAL_COROSYNC_WAITING, "waiting for Corosync: %s", why);
                m->waiting_noted = true;
                return;
        }
        if (error == -EINVAL) {
                journal_text(m->journal, JOURNAL_CLUSTER_REFUSED, "%s", why);
                notify_status(m->notify, "Corosync's configuration cannot be used: %s", why);
                loop_exit(m, MANAGER_EXIT_CONFIG);
                return;
        }
        if (error < 0)
                return loop_fail(m, error, "reading Corosync's configuration");
        cluster_link_take(m, cluster);
        start_go_on(m);
}

int start_begin(Manager *m)
{
        int r;

        r = load_config(m);
        if (r < 0 || m->exiting)
                return r;
        take_lock(m);
        if (m->exiting)
                return 0;
        r = read_record(m);
        if (r < 0 || m->exiting)
                return r;
        r = read_boot_id(&m->boot_id);
        if (r < 0)
                return r;
        rebooted_look(m);
        r = make_parts(m);
        if (r < 0)
                return r;
        r = guard_link_begin(m);
        if (r >= 0)
                r = fuse_link_begin(m);
        if (r < 0)
                return r;
        bus_link_connect(m);
        notify_status(m->notify, "Waiting for Corosync");
        return cluster_reader_new(m->event, on_cluster, m, &m->cluster_reader);
}

/* ---- when Corosync has told who the nodes are ---- */

static bool names_are_known(Manager *m, const char *key, char **names, size_t n_names)
{
        bool known = true;

        for (size_t i = 0; i < n_names; i++) {
                size_t k = 0;

                while (k < m->cluster->n_nodes && !streq(m->cluster->nodes[k].name, names[i]))
                        k++;
                if (k < m->cluster->n_nodes)
                        continue;
                if (m->took_part) {
                        journal_text(m->journal, JOURNAL_CONFIG_WARNING,
                                        "manager.conf: %s=: Corosync's nodelist has no node named %s any more; "
                                        "at this host's next boot the manager would refuse to start",
                                        key, names[i]);
                        continue;
                }
                journal_text(m->journal, JOURNAL_CONFIG_WRONG,
                                "manager.conf: %s=: Corosync's nodelist has no node named %s", key, names[i]);
                notify_status(m->notify, "%s= names %s, which is not in Corosync's nodelist", key, names[i]);
                known = false;
        }
        return known;
}

/* Two flags, so that all mistakes are told. A manager that is restarted in the same boot waits for no other: a node that was
 * removed meanwhile is no reason to leave the workers alone. */
static bool config_fits_cluster(Manager *m)
{
        bool mandatory = names_are_known(
                        m, "SyncMandatory", m->config.sync_mandatory, m->config.n_sync_mandatory);
        bool optional = names_are_known(
                        m, "SyncOptional", m->config.sync_optional, m->config.n_sync_optional);

        return mandatory && optional;
}

static bool took_part(const Manager *m)
{
        _cleanup_free_ char *path = NULL;

        return asprintf(&path, "%s/" TOOK_PART_NAME, m->runtime_directory) >= 0 && access(path, F_OK) == 0;
}

static int make_engine(Manager *m)
{
        _cleanup_free_ EngineNode *nodes = calloc(m->cluster->n_nodes, sizeof(EngineNode));
        EngineConfig config = {
                .node_id = m->cluster->own_id,
                .nodes = nodes,
                .n_nodes = m->cluster->n_nodes,
                .sync_mandatory = (const char *const *) m->config.sync_mandatory,
                .n_sync_mandatory = m->took_part ? 0 : m->config.n_sync_mandatory,
                .sync_optional = (const char *const *) m->config.sync_optional,
                .n_sync_optional = m->took_part ? 0 : m->config.n_sync_optional,
                .sync_timeout_usec = m->config.sync_timeout_usec,
                .skip_sync_wait = m->took_part,
                .unguarded = !m->guard.there,
                .unfused = !m->fuse.there,
                .rebooted_itself = m->rebooted.realtime_usec != 0,
                .no_quorum_policy = m->config.no_quorum_policy,
                .self_fence = m->config.self_fence,
                .self_fence_usec = m->config.self_fence_usec,
                .isolation_timeout_usec = m->config.isolation_timeout_usec,
                .grace_usec = m->config.manager_grace_usec,
                .boot_id = m->boot_id,
                .record_kind = m->record.kind,
                .record = m->record.payload,
                .record_size_bytes = m->record.size_bytes,
        };
        int r;

        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; i < m->cluster->n_nodes; i++)
                nodes[i] = (EngineNode){ .id = m->cluster->nodes[i].id, .name = m->cluster->nodes[i].name };
        r = engine_new(&config, &m->engine);
        if (r == -EBADMSG && m->record.kind == RECORD_VALID) {
                record_reject(m->state_directory, "its content is not a manager's state", &m->record);
                journal_text(m->journal, JOURNAL_RECORD_DAMAGED, "%s", m->record.why);
                config.record_kind = RECORD_DAMAGED;
                config.record = NULL;
                config.record_size_bytes = 0;
                r = engine_new(&config, &m->engine);
        }
        record_done(&m->record);
        return r;
}

static int begin_engine(Manager *m)
{
        int r = make_engine(m);

        if (r < 0)
                return r;
        m->start = START_DONE;
        r = bus_link_serve(m);
        if (r < 0)
                return r;
        event_begin(m);
        cluster_link_warn_of_delays(m);
        return m->exiting ? 0 : cluster_link_join(m);
}

void start_go_on(Manager *m)
{
        int r = 0;

        if (m->exiting)
                return;
        if (m->start == START_CLUSTER && m->cluster) {
                m->took_part = took_part(m);
                if (!config_fits_cluster(m)) {
                        loop_exit(m, MANAGER_EXIT_CONFIG);
                        return;
                }
                m->start = START_LOCAL;
                notify_status(m->notify, "Looking for the units of this host");
                r = reload_begin(m);
        } else if (m->start == START_LOCAL && m->apps_loaded && m->units_ready && m->guard.companion.heard &&
                        m->fuse.companion.heard)
                r = begin_engine(m);
        if (r < 0)
                loop_fail(m, r, "starting");
}
