/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/guard-link.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/local-socket.h"
#include "base/text.h"
#include "daemon/companion.h"
#include "daemon/events.h"
#include "daemon/loop.h"

/* The guard outlives the manager. It is told what it needs to know over a connection that lasts as long as both: it sees
 * the end of this process, and the manager sees whether there is a guard. Without one this node gets no start. */

#define GUARD_ANSWER_USEC USEC_PER_SEC /* a guard that has not greeted us by then is none */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void link_close(Manager *m)
{
        GuardLink *l = &m->guard;

        l->source = sd_event_source_disable_unref(l->source); /* closes the descriptor */
        byte_writer_done(&l->unsent);
        l->unsent = (ByteWriter){};
        l->n_sent = l->n_greeted = 0;
        l->there = false;
}

void guard_link_drop(Manager *m)
{
        link_close(m);
        m->guard.companion.timer = sd_event_source_unref(m->guard.companion.timer);
        byte_writer_done(&m->guard.text);
}

static void link_lost(Manager *m, int error)
{
        Companion *c = &m->guard.companion;

        link_close(m);
        if (!c->was_lost)
                journal_text(m->journal, JOURNAL_GUARD_FAILED,
                                "the guard, distro-guard.service, does not answer: %s; this node gets no application until it does, and what runs "
                                "here runs on",
                                strerror(-error));
        companion_lost(m, c, on_timer, event_guard);
}

/* What it does not take now waits until it does; a connection that has ended is noticed by itself. */
static void link_flush(Manager *m)
{
        GuardLink *l = &m->guard;

        while (l->n_sent < l->unsent.size_bytes) {
                ssize_t n = send(sd_event_source_get_io_fd(l->source), l->unsent.data + l->n_sent,
                                l->unsent.size_bytes - l->n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0)
                        break;
                l->n_sent += (size_t) n;
        }
        if (l->n_sent == l->unsent.size_bytes) {
                byte_writer_done(&l->unsent);
                l->unsent = (ByteWriter){};
                l->n_sent = 0;
        }
        (void) sd_event_source_set_io_events(
                        l->source, EPOLLIN | (l->unsent.size_bytes > 0 ? EPOLLOUT : 0u)); /* cannot fail */
}

static void link_greeted(Manager *m)
{
        GuardLink *l = &m->guard;

        loop_disarm(l->companion.timer);
        if (companion_is_back(&l->companion))
                journal_text(m->journal, JOURNAL_GUARD_BACK,
                                "the guard, distro-guard.service, answers again");
        l->dirty = true;
        l->told = false;
        l->there = true;
        if (m->engine)
                guard_link_update(m);
        companion_heard(m, &l->companion, true, event_guard);
}

static int on_guard(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Manager *m = userdata;
        GuardLink *l = &m->guard;
        char text[64];
        ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
                link_lost(m, -errno);
        else if (n == 0)
                link_lost(m, -ECONNRESET);
        else if (n > 0 && !l->there) {
                if (l->n_greeted + (size_t) n > strlen(GUARD_GREETING) ||
                                strncmp(&GUARD_GREETING[l->n_greeted], text, (size_t) n) != 0) {
                        link_lost(m, -EBADMSG);
                        return 0;
                }
                l->n_greeted += (size_t) n;
                if (l->n_greeted == strlen(GUARD_GREETING))
                        link_greeted(m);
        } else
                link_flush(m);
        return 0;
}

static int link_connect(Manager *m)
{
        _cleanup_free_ char *path = text_format("%s/" GUARD_SOCKET, m->runtime_directory);
        GuardLink *l = &m->guard;
        int fd = path ? local_socket_connect(path, SOCK_STREAM) : -ENOMEM, r;

        if (fd < 0)
                return fd;
        r = sd_event_add_io(m->event, &l->source, fd, EPOLLIN, on_guard, m);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        (void) sd_event_source_set_io_fd_own(l->source, true); /* cannot fail */
        return loop_arm(m, &l->companion.timer, GUARD_ANSWER_USEC, on_timer);
}

/* It is tried again, or has not greeted us in time. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;
        int r = m->guard.source ? -ETIMEDOUT : link_connect(m);

        if (r < 0)
                link_lost(m, r);
        return 0;
}

int guard_link_begin(Manager *m)
{
        return loop_arm(m, &m->guard.companion.timer, 0, on_timer);
}

void guard_link_tell(Manager *m)
{
        m->guard.dirty = true;
        guard_link_update(m);
}

/* ---- what it is told ---- */

static int make_text(Manager *m, ByteWriter *ret)
{
        const State *state = engine_state(m->engine);
        _cleanup_free_ char **names = calloc(state->n_apps + 1, sizeof(names[0]));
        GuardState told = { .in_step = m->in_step,
                .idle = m->idle,
                .self_fence = m->config.self_fence,
                .powers_off = m->powers_off };
        _cleanup_free_ char *text = NULL;
        size_t n = 0, size = 0;
        FILE *f;
        int r;

        if (!names)
                return -ENOMEM;
        FOREACH_ARRAY(a, state->apps, state->n_apps)
                if (app_is_left_alone(a))
                        names[n++] = a->name;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        told.grace_usec = m->config.manager_grace_usec;
        told.maintenance = names; /* borrowed */
        told.n_maintenance = n;
        r = guard_state_write(f, &told);
        if (fclose(f) != 0 || r < 0)
                return -ENOMEM;
        put_bytes(ret, text, size);
        return ret->error;
}

void guard_link_update(Manager *m)
{
        _cleanup_(byte_writer_done) ByteWriter text = {};
        GuardLink *l = &m->guard;
        int r;

        if (!l->dirty || !l->there)
                return;
        r = make_text(m, &text);
        if (r < 0)
                return loop_fail(m, r, "telling the guard");
        l->dirty = false;
        if (l->told && text.size_bytes == l->text.size_bytes &&
                        memcmp(text.data, l->text.data, text.size_bytes) == 0)
                return;
        put_bytes(&l->unsent, text.data, text.size_bytes);
        if (l->unsent.error)
                return loop_fail(m, l->unsent.error, "telling the guard");
        byte_writer_done(&l->text);
        l->text = text;
        text = (ByteWriter){};
        l->told = true;
        link_flush(m);
}
