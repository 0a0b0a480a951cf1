/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "daemon/manager.h"

#include <unistd.h>

#include "daemon/bus-link.h"
#include "daemon/fuse-link.h"
#include "daemon/guard-link.h"
#include "daemon/late.h"
#include "daemon/ending.h"
#include "daemon/loop.h"
#include "daemon/maintenance.h"
#include "daemon/pulse.h"
#include "daemon/start.h"
#include "daemon/step.h"

#define START_HANG_USEC (30 * USEC_PER_SEC)

/* What systemd sets, else the default; both come after the root. Of several directories the first is ours. */
static char *directory_path(const char *root, const char *variable, const char *fallback)
{
        const char *from = getenv(variable);
        char *path;

        if (isempty(from) || from[0] != '/')
                from = fallback;
        if (asprintf(&path, "%s%.*s", root, (int) strcspn(from, ":"), from) < 0)
                return NULL;
        return path;
}

int manager_new(const ManagerOptions *options, Manager **ret)
{
        static const PulseHooks hooks = { .beat = bus_link_check, .idle_changed = guard_link_tell };
        _cleanup_(manager_freep) Manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        m->lock_fd = -1;
        r = ending_block_signals();
        if (r < 0)
                return r;
        m->hang_usec = START_HANG_USEC;
        m->late_end = &m->late;
        m->pulse_hooks = &hooks;
        r = journal_new(NULL, &m->journal);
        if (r < 0)
                return r;
        r = notify_new(getenv("NOTIFY_SOCKET"), &m->notify);
        if (r < 0)
                return r;
        m->root = strdup(strempty(options->root));
        m->state_directory =
                        directory_path(strempty(options->root), "STATE_DIRECTORY", STATE_DIRECTORY_DEFAULT);
        m->runtime_directory = directory_path(
                        strempty(options->root), "RUNTIME_DIRECTORY", RUNTIME_DIRECTORY_DEFAULT);
        if (!m->root || !m->state_directory || !m->runtime_directory)
                return -ENOMEM;
        r = sd_event_new(&m->event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m)
{
        if (!m)
                return NULL;

        /* While a disk hangs its thread holds up our end, and with it the guard; meanwhile the others must go on
         * seeing a member that does not answer, and not one that is gone. */
        m->loader = loader_free(m->loader);
        m->writer = record_writer_free(m->writer);

        /* First the parts that may call back, then what they would call. */
        m->group = group_free(m->group);
        m->cluster_reader = cluster_reader_free(m->cluster_reader);
        m->votes_reader = votes_reader_free(m->votes_reader);
        m->own_job = own_job_query_free(m->own_job);
        m->private_source = sd_event_source_unref(m->private_source);
        m->bus_server = bus_server_free(m->bus_server);
        m->units = units_free(m->units);
        bus_link_drop(m);
        guard_link_drop(m);
        fuse_link_drop(m);
        maintenance_done(m);
        m->engine = engine_free(m->engine);
        m->reader = wire_reader_free(m->reader);
        sd_event_source_unref(m->timer);
        sd_event_source_unref(m->status_timer);
        sd_event_source_unref(m->ready_timer);
        sd_event_source_unref(m->heartbeat);
        sd_event_source_unref(m->leave_timer);
        sd_event_source_unref(m->loader_source);
        sd_event_source_unref(m->writer_source);
        while (m->late)
                late_free(late_take(m));
        manager_config_done(&m->config);
        app_configs_done(&m->apps);
        m->cluster = cluster_info_free(m->cluster);
        record_done(&m->record);
        free(m->trouble);
        free(m->reloads);
        free(m->root);
        free(m->state_directory);
        free(m->runtime_directory);
        if (m->lock_fd >= 0)
                (void) close(m->lock_fd); /* last of all: the next manager may go on now */
        sd_event_unref(m->event);
        m->notify = notify_free(m->notify);
        m->journal = journal_free(m->journal);
        free(m);
        return NULL;
}

/* One turn: wait, look at the clocks, handle one thing. */
static int turn(Manager *m)
{
        int r = sd_event_prepare(m->event);

        if (r == 0)
                r = sd_event_wait(m->event, UINT64_MAX);
        if (r <= 0)
                return r;
        step_look_at_clocks(m);
        return sd_event_dispatch(m->event);
}

int manager_run(Manager *m)
{
        int r;

        journal_text(m->journal, JOURNAL_STARTING, "distro-manager " PACKAGE_VERSION " is starting");
        r = ending_watch_signals(m);
        if (r >= 0)
                r = start_begin(m);
        if (r >= 0 && !m->exiting)
                r = pulse_begin(m);
        while (r >= 0 && !m->exiting)
                r = turn(m);
        pulse_end(m);
        if (r < 0)
                loop_fail(m, r, "the loop");
        if (m->exit_status == MANAGER_EXIT_SUCCESS)
                journal_text(m->journal, JOURNAL_ENDED, "distro-manager ends");
        notify_stopping(m->notify);
        (void) notify_flush(m->notify);
        return m->exit_status;
}
