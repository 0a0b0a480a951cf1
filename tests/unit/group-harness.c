/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>

#include "group-harness.h"

_printf_(2, 3) void say(Test *t, const char *format, ...)
{
        size_t n = strlen(t->log);
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(t->log + n, sizeof(t->log) - n, format, ap);
        va_end(ap);
}

static void on_connected(void *userdata, const GroupConnected *c)
{
        Test *t = userdata;

        assert_true(c->incarnation != 0);
        assert_true(c->incarnation != t->incarnation);
        assert_int_equal(c->self.node_id, 1);
        assert_int_equal(c->self.pid, getpid());
        assert_string_equal(c->cluster->own_name, "abc");
        t->incarnation = c->incarnation;
        say(t, "connected ");
}

static void on_disconnected(void *userdata, const char *why)
{
        say(userdata, "disconnected(%s) ", why);
}

static void on_trouble(void *userdata, const char *why)
{
        say(userdata, "trouble(%.40s) ", why);
}

static void on_view(void *userdata, const Event *view)
{
        Test *t = userdata;

        say(t, "%s.%llu/%zu ", view->view.change == VIEW_RING ? "ring" : "process",
                        (unsigned long long) view->view.ring.seq, view->view.n_members);
        if (t->send_from_view)
                assert_int_equal(group_send(t->group, "hello", 5), 0);
}

static void on_quorum(void *userdata, RingId ring, bool quorate)
{
        say(userdata, "quorum.%llu=%d ", (unsigned long long) ring.seq, quorate);
}

static void on_message(void *userdata, Member sender, const void *data, size_t size_bytes)
{
        Test *t = userdata;

        t->n_messages++;
        say(t, "%u:%.*s ", sender.node_id, (int) MIN(size_bytes, (size_t) 8), (const char *) data);
        if (t->rejoin_from_message) {
                group_rejoin(t->group);
                assert_int_equal(group_send(t->group, "x", 1), -ENOTCONN); /* at once */
        }
}

static void on_probe(void *userdata, uint64_t number)
{
        Test *t = userdata;

        t->n_probes++;
        t->probe_back = number;
        say(t, "probe ");
}

static void on_configuration(void *userdata)
{
        say(userdata, "configuration ");
}

static void on_left(void *userdata)
{
        say(userdata, "left ");
}

static const GroupCallbacks CALLBACKS = { on_connected, on_disconnected, on_trouble, on_view, on_quorum,
        on_message, on_probe, on_configuration, on_left };

uint64_t now_usec(void)
{
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

void run_for(Test *t, uint64_t usec)
{
        uint64_t end = now_usec() + usec;

        while (now_usec() < end)
                assert_true(sd_event_run(t->loop, end - MIN(end, now_usec())) >= 0);
}

void expect(Test *t, const char *log)
{
        uint64_t end = now_usec() + PATIENCE_USEC;

        while (!streq(t->log, log) && now_usec() < end)
                assert_true(sd_event_run(t->loop, 100000) >= 0);
        run_for(t, 20000);
        assert_string_equal(t->log, log);
        t->log[0] = '\0';
}

int start_as(Test *t, const char *name)
{
        return group_new(t->loop, name, &CALLBACKS, t, &t->group);
}

void start(Test *t)
{
        assert_int_equal(start_as(t, "test"), 0);
}

void start_connected(Test *t)
{
        start(t);
        expect(t, "connected quorum.4=1 process.4/1 ");
}

int setup(void **state)
{
        Test *t = calloc(1, sizeof(*t));

        if (!t || sd_event_new(&t->loop) < 0)
                return -1;
        *state = t;
        return 0;
}

/* Everything that was opened is closed, by threads. */
int teardown(void **state)
{
        Test *t = *state;
        uint64_t end = now_usec() + PATIENCE_USEC;

        fake_lock();
        fake.hang_open = fake.hang_leave = fake.hang_votes = false;
        fake_unlock();
        group_free(t->group);
        while (fake_open_handles() > 0 && now_usec() < end)
                usleep(1000);
        usleep(20000); /* a thread that was opening may not have come to it yet */
        while (fake_open_handles() > 0 && now_usec() < end)
                usleep(1000);
        assert_int_equal(fake.n_opened, fake.n_closed);
        fake_reset();
        sd_event_unref(t->loop);
        free(t);
        return 0;
}
