/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager-internal.h"

#include "base/array.h"

/* The guard outlives the manager: its file says what it needs to know, and a synced manager calls it off. */

static void disarm(Manager *m);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        disarm(userdata);
        return 0;
}

static void retry_later(Manager *m, int error)
{
        int r;

        if (!m->disarm_failed)
                journal_text(m->journal, JOURNAL_GUARD_FAILED,
                                "the guard could not be called off: %s; trying again until it works",
                                strerror(-error));
        m->disarm_failed = true;
        r = manager_arm(m, &m->disarm_timer, RETRY_MIN_USEC * 5, on_retry);
        if (r < 0)
                manager_fail(m, r, "arming a timer");
}

static void on_disarmed(int error, void *userdata)
{
        Manager *m = userdata;

        m->disarming = guard_disarm_free(m->disarming);
        if (error < 0)
                return retry_later(m, error);
        m->disarm_failed = false;
}

static void disarm(Manager *m)
{
        int r;

        m->disarming = guard_disarm_free(m->disarming);
        r = m->systemd_link.bus ? guard_disarm(m->systemd_link.bus, m->runtime_directory, on_disarmed, m,
                                                  &m->disarming)
                                : -ENOTCONN;
        if (r < 0)
                retry_later(m, r);
}

void guard_link_call_off(Manager *m)
{
        guard_link_update(m);
        disarm(m);
}

void guard_link_update(Manager *m)
{
        const State *state = engine_state(m->engine);
        _cleanup_free_ const char **names = NULL;
        _cleanup_(byte_writer_done) ByteWriter text = {};
        size_t n = 0;
        int r;

        if (!m->guard_dirty)
                return;
        m->guard_dirty = false;
        names = calloc(state->n_apps + 1, sizeof(names[0]));
        if (!names)
                return manager_fail(m, -ENOMEM, "writing the guard's file");
        FOREACH_ARRAY(a, state->apps, state->n_apps) {
                if (!a->maintenance)
                        continue;
                names[n++] = a->name;
                put_string(&text, a->name);
        }
        if (text.error)
                return manager_fail(m, text.error, "writing the guard's file");
        if (m->guard_written && text.size_bytes == m->guard_text.size_bytes &&
                        (text.size_bytes == 0 || memcmp(text.data, m->guard_text.data, text.size_bytes) == 0))
                return;
        r = guard_file_write(m->runtime_directory, m->config.manager_grace_usec, names, n);
        if (r < 0) {
                /* A guard with an old file would spare a worker that the peers no longer spare. */
                if (!m->guard_failed)
                        journal_text(m->journal, JOURNAL_GUARD_FAILED,
                                        "%s: the guard's file could not be written: %s", m->runtime_directory,
                                        strerror(-r));
                m->guard_failed = m->guard_dirty = true;
                return;
        }
        m->guard_failed = false;
        byte_writer_done(&m->guard_text);
        m->guard_text = text;
        text = (ByteWriter){};
        m->guard_written = true;
}
