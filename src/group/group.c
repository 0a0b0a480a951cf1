/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"
#include "group/connection.h"
#include "group/corosync.h"
#include "group/group.h"
#include "group/queue.h"
#include "group/task.h"
#include "group/tracker.h"

/* CONNECTING -> CONNECTED -> (lost) WAITING -> CONNECTING ...; LEAVING from anywhere, then LEFT. */
typedef enum GroupState {
        GROUP_CONNECTING, /* `task` opens the connection */
        GROUP_WAITING,    /* `timer` starts the next attempt */
        GROUP_CONNECTED,
        GROUP_LEAVING, /* `task` leaves; `timer` is how long that may take */
        GROUP_LEFT,
} GroupState;

/* What has to happen to the connection, but not while a library's dispatch function is running. */
typedef enum GroupAction {
        ACTION_NONE,
        ACTION_REJOIN,
        ACTION_LOST,
        ACTION_LEAVE,
        ACTION_LEFT,
} GroupAction;

struct Group {
        sd_event *loop;
        char name[GROUP_NAME_MAX + 1];
        GroupCallbacks callbacks;
        void *userdata;

        GroupState state;
        GroupAction action;
        bool in_callback;
        bool told_disconnected; /* the daemon knows that there is no connection */
        size_t n_failed;        /* attempts to connect in a row */
        char *why;              /* what trouble() or disconnected() said last */
        char *busy;             /* Corosync's answer to the last attempt was to try again; NULL: it was not */

        Connection *connection;
        Task *task; /* while it leaves, the thread owns the connection */
        sd_event_source *quorum_source, *cpg_source, *probe_source, *cmap_source;
        sd_event_source *timer, *send_timer, *action_source;
        sd_event_source *together_timer; /* since a message that can wait was sent; NULL: none was lately */
        sd_event_source *settle_timer;   /* since the configuration began to change */
        sd_event_source *slow_timer;     /* while there is no connection */

        GroupTracker tracker;
        SendQueue queue;
        bool holds;         /* all that is queued can wait until `together_timer` */
        size_t n_in_flight; /* multicast, and not delivered back yet */
        uint64_t probe_sent, probe_answered, probe_forgotten; /* counters of probes; 0: none */
};

static void group_connect(Group *g);

/* ---- the connection's end ---- */

static void leave_and_close(void *data)
{
        connection_leave(data);
        connection_close(data);
}

static void close_only(void *data)
{
        connection_close(data);
}

static void group_clear_queue(Group *g)
{
        g->send_timer = sd_event_source_disable_unref(g->send_timer);
        g->holds = false;
        queue_clear(&g->queue);
}

/* The descriptors leave the loop before a thread closes them: their numbers may be used again at once. */
static void group_drop_connection(Group *g, TaskFunction how)
{
        Connection *c;

        g->quorum_source = sd_event_source_disable_unref(g->quorum_source);
        g->cpg_source = sd_event_source_disable_unref(g->cpg_source);
        g->probe_source = sd_event_source_disable_unref(g->probe_source);
        g->cmap_source = sd_event_source_disable_unref(g->cmap_source);
        g->settle_timer = sd_event_source_disable_unref(g->settle_timer);
        g->together_timer = sd_event_source_disable_unref(g->together_timer);
        group_clear_queue(g);
        g->n_in_flight = 0;
        g->probe_sent = g->probe_answered = g->probe_forgotten = 0;
        if (g->task && g->state == GROUP_LEAVING)
                g->connection = NULL; /* the thread closes it */
        g->task = task_free(g->task);
        c = TAKE_PTR(g->connection);
        if (c)
                (void) task_detach(
                                how, c); /* without a thread to be had it stays open until the process ends */
}

/* A loop that takes no source is of no use: nothing here would ever go on. */
static void group_set_timer(
                Group *g, sd_event_source **source, uint64_t usec, sd_event_time_handler_t handler)
{
        int r;

        *source = sd_event_source_disable_unref(*source);
        r = sd_event_add_time_relative(g->loop, source, CLOCK_BOOTTIME, usec, 1, handler, g);
        if (r < 0)
                (void) sd_event_exit(g->loop, r);
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *userdata)
{
        Group *g = userdata;

        g->timer = sd_event_source_disable_unref(g->timer);
        group_connect(g);
        return 0;
}

/* No attempt has failed for good, and none has succeeded: what Corosync is at has to be told, once. */
static int on_slow(sd_event_source *source, uint64_t usec, void *userdata);

static void group_watch_slow(Group *g)
{
        if (!g->slow_timer)
                group_set_timer(g, &g->slow_timer, GROUP_SLOW_USEC, on_slow);
}

static void group_set_busy(Group *g, const char *busy)
{
        free(g->busy);
        g->busy = busy ? strdup(busy) : NULL; /* without memory it is told as no answer */
}

static void group_wait(Group *g)
{
        g->state = GROUP_WAITING;
        group_set_timer(g, &g->timer, reconnect_delay_usec(g->n_failed++), on_reconnect);
}

static bool group_remember(Group *g, const char *why)
{
        if (g->why && streq(g->why, why))
                return false;
        free(g->why);
        g->why = strdup(why); /* without memory it is said once more */
        return true;
}

static void group_trouble(Group *g, const char *why)
{
        if (group_remember(g, why))
                g->callbacks.trouble(g->userdata, why);
}

static int on_slow(sd_event_source *source, uint64_t usec, void *userdata)
{
        _cleanup_free_ char *why = NULL;
        Group *g = userdata;
        int r = 0;

        g->slow_timer = sd_event_source_disable_unref(g->slow_timer);
        if (g->busy)
                r = asprintf(&why,
                                "%s, again and again for %u s: it has not finished a change of its ring, or what this "
                                "node had in the group; 'corosync-cfgtool -n' shows its links, 'journalctl -u "
                                "corosync' what it is at",
                                g->busy, (unsigned) (GROUP_SLOW_USEC / USEC_PER_SEC));
        else if (g->state == GROUP_CONNECTING)
                r = asprintf(&why,
                                "no answer for %u s: it is stopped, or has no time; 'systemctl status corosync' shows "
                                "its process, and what does not come back has to be restarted",
                                (unsigned) (GROUP_SLOW_USEC / USEC_PER_SEC));
        if (r < 0)
                why = NULL;
        group_watch_slow(g);
        if (why)
                group_trouble(g, why);
        return 0;
}

static void group_lost(Group *g, const char *why)
{
        group_drop_connection(g, close_only);
        group_wait(g);
        if (g->told_disconnected)
                return;
        g->told_disconnected = true;
        g->callbacks.disconnected(g->userdata, why);
}

/* ---- actions that wait until no library function is on the stack ---- */

static int on_leave_over(sd_event_source *source, uint64_t usec, void *userdata)
{
        Group *g = userdata;

        g->timer = sd_event_source_disable_unref(g->timer);
        group_drop_connection(g, close_only);
        g->state = GROUP_LEFT;
        g->callbacks.left(g->userdata);
        return 0;
}

static void run_leave(void *data)
{
        connection_leave(data);
}

/* Left, as far as we are concerned; the confchg that says so to all members is still to come. */
static void on_leave_done(void *data, void *userdata)
{
        Group *g = userdata;

        g->task = task_free(g->task);
        g->connection = data;
}

/* The connection is with the thread while it leaves; its descriptor stays on the loop, so that our own leave
 * is seen. If this is freed meanwhile, the thread closes it. */
static void group_begin_leave(Group *g)
{
        uint64_t timeout_usec = 0;

        queue_clear(&g->queue);
        g->send_timer = sd_event_source_disable_unref(g->send_timer);
        if (g->state != GROUP_CONNECTED)
                group_drop_connection(g, leave_and_close);
        else if (task_start(g->loop, run_leave, on_leave_done, close_only, g->connection, g, &g->task) >= 0)
                timeout_usec = GROUP_LEAVE_USEC;
        g->state = GROUP_LEAVING;
        g->slow_timer = sd_event_source_disable_unref(g->slow_timer);
        group_set_timer(g, &g->timer, timeout_usec, on_leave_over);
}

static int on_action(sd_event_source *source, void *userdata)
{
        Group *g = userdata;
        GroupAction action = g->action;

        g->action = ACTION_NONE;
        g->action_source = sd_event_source_disable_unref(g->action_source);
        switch (action) {
        case ACTION_LOST:
                if (g->state == GROUP_CONNECTED)
                        group_lost(g, "the connection to Corosync was lost");
                else if (g->state == GROUP_LEAVING)
                        group_set_timer(g, &g->timer, 0, on_leave_over);
                break;
        case ACTION_REJOIN:
                if (g->state == GROUP_CONNECTED) { /* else it is about to join anyway */
                        group_drop_connection(g, leave_and_close);
                        g->n_failed = 0;
                        group_wait(g);
                }
                break;
        case ACTION_LEAVE:
                if (g->state < GROUP_LEAVING)
                        group_begin_leave(g);
                break;
        case ACTION_LEFT:
                group_set_timer(g, &g->timer, 0, on_leave_over);
                break;
        case ACTION_NONE:
        default:
                break;
        }
        return 0;
}

/* The strongest wins: once we leave nothing else counts. */
static void group_schedule(Group *g, GroupAction action)
{
        g->action = MAX(g->action, action);
        if (g->action_source)
                return;
        if (sd_event_add_defer(g->loop, &g->action_source, on_action, g) < 0) {
                (void) sd_event_exit(g->loop, -ENOMEM); /* a loop that takes no source is of no use */
                return;
        }
        (void) sd_event_source_set_priority(g->action_source, GROUP_PRIORITY_QUORUM - 1);
}

/* ---- sending ---- */

static int on_send_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* Connected, and nothing is about to change that. */
static bool group_is_open(const Group *g)
{
        return g->state == GROUP_CONNECTED && g->action == ACTION_NONE;
}

static cs_error_t multicast(cpg_handle_t handle, const void *data, size_t size_bytes)
{
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size_bytes };

        return cpg_mcast_joined(handle, CPG_TYPE_AGREED, &iov, 1);
}

static void group_flush(Group *g)
{
        if (g->send_timer || g->holds)
                return;
        while (group_is_open(g) && g->queue.head && g->n_in_flight < GROUP_IN_FLIGHT_MAX) {
                cs_error_t e = multicast(g->connection->cpg, g->queue.head->data, g->queue.head->size_bytes);

                if (e == CS_ERR_TRY_AGAIN) {
                        group_set_timer(g, &g->send_timer, queue_backoff_usec(&g->queue), on_send_timer);
                        return;
                }
                if (e != CS_OK) {
                        group_schedule(g, ACTION_LOST);
                        return;
                }
                g->n_in_flight++;
                queue_pop(&g->queue);
        }
}

static int on_send_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Group *g = userdata;

        g->send_timer = sd_event_source_disable_unref(g->send_timer);
        group_flush(g);
        return 0;
}

static int on_together(sd_event_source *source, uint64_t usec, void *userdata)
{
        Group *g = userdata;

        g->together_timer = sd_event_source_disable_unref(g->together_timer);
        if (!g->holds)
                return 0;
        group_set_timer(g, &g->together_timer, GROUP_TOGETHER_USEC, on_together);
        g->holds = false;
        group_flush(g);
        return 0;
}

static int group_queue(Group *g, const void *data, size_t size_bytes)
{
        if (size_bytes == 0 || size_bytes > GROUP_FRAGMENT_MAX)
                return -EMSGSIZE;
        if (!group_is_open(g))
                return -ENOTCONN;
        return queue_add(&g->queue, data, size_bytes, GROUP_QUEUE_MAX);
}

int group_send(Group *g, const void *data, size_t size_bytes)
{
        int r = group_queue(g, data, size_bytes);

        if (r < 0)
                return r;
        g->holds = false;
        group_flush(g);
        return 0;
}

int group_send_together(Group *g, const void *data, size_t size_bytes)
{
        bool first = !g->queue.head;
        int r = group_queue(g, data, size_bytes);

        if (r < 0)
                return r;
        if (first)
                g->holds = g->together_timer;
        if (!g->together_timer)
                group_set_timer(g, &g->together_timer, GROUP_TOGETHER_USEC, on_together);
        group_flush(g);
        return 0;
}

size_t group_queued(const Group *g)
{
        return g->queue.size_bytes;
}

/* ---- probes ---- */

void group_probe(Group *g, uint64_t number)
{
        ByteWriter w = {};

        if (!group_is_open(g) || g->probe_sent - g->probe_answered >= GROUP_PROBES_MAX)
                return;
        put_u64(&w, g->connection->incarnation);
        put_u64(&w, g->probe_sent + 1);
        put_u64(&w, number);
        if (!w.error) {
                cs_error_t e = multicast(g->connection->probe, w.data, w.size_bytes);

                if (e == CS_OK)
                        g->probe_sent++;
                else if (e != CS_ERR_TRY_AGAIN)
                        group_schedule(g, ACTION_LOST);
        }
        byte_writer_done(&w);
}

void group_forget_probes(Group *g)
{
        g->probe_forgotten = g->probe_sent;
}

static void on_probe(cpg_handle_t handle, const struct cpg_name *name, uint32_t node_id, uint32_t pid,
                void *data, size_t size_bytes)
{
        ByteReader r = byte_reader(data, size_bytes);
        uint64_t incarnation = get_u64(&r), count = get_u64(&r), number = get_u64(&r);
        void *context = NULL;
        Group *g;

        if (cpg_context_get(handle, &context) != CS_OK || !context)
                return;
        g = context;
        if (byte_reader_finish(&r) < 0 || !group_is_open(g) || incarnation != g->connection->incarnation ||
                        count <= g->probe_answered || count > g->probe_sent)
                return; /* of an earlier life, or not ours at all */
        g->probe_answered = count;
        if (count > g->probe_forgotten)
                g->callbacks.probe(g->userdata, number);
}

/* ---- what Corosync calls ---- */

static Group *group_of(cpg_handle_t handle)
{
        void *context = NULL;
        Group *g;

        if (cpg_context_get(handle, &context) != CS_OK || !context)
                return NULL;
        g = context;
        return g->state == GROUP_CONNECTED || g->state == GROUP_LEAVING ? g : NULL;
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *name, uint32_t node_id, uint32_t pid,
                void *data, size_t size_bytes)
{
        Group *g = group_of(handle);
        Member sender = { .node_id = node_id, .pid = pid };

        if (!g || !group_is_open(g))
                return;
        if (member_compare(&sender, &g->tracker.self) == 0 && g->n_in_flight > 0)
                g->n_in_flight--;
        g->callbacks.message(g->userdata, sender, data, size_bytes);
        group_flush(g);
}

static void group_tracked(Group *g, TrackerResult result, const Event *event)
{
        if (result == TRACKER_LEFT && g->state == GROUP_LEAVING)
                group_schedule(g, ACTION_LEFT);
        if (result == TRACKER_LEFT && g->state == GROUP_CONNECTED)
                group_schedule(g, ACTION_REJOIN); /* we did not ask for that */
        if (result != TRACKER_VIEW || !group_is_open(g))
                return;
        group_clear_queue(g);
        g->callbacks.view(g->userdata, event);
}

static size_t copy_entries(const struct cpg_address *from, size_t n, TrackerEntry *to)
{
        n = MIN(n, (size_t) TRACKER_MEMBERS_MAX);
        for (size_t i = 0; i < n; i++)
                to[i] = (TrackerEntry){ { from[i].nodeid, from[i].pid }, from[i].reason };
        return n;
}

static void on_confchg(cpg_handle_t handle, const struct cpg_name *name, const struct cpg_address *members,
                size_t n_members, const struct cpg_address *left, size_t n_left,
                const struct cpg_address *joined, size_t n_joined)
{
        TrackerEntry m[TRACKER_MEMBERS_MAX], l[TRACKER_MEMBERS_MAX], j[TRACKER_MEMBERS_MAX];
        Group *g = group_of(handle);
        Event event;

        if (!g)
                return;
        n_members = copy_entries(members, n_members, m);
        n_left = copy_entries(left, n_left, l);
        n_joined = copy_entries(joined, n_joined, j);
        group_tracked(g, tracker_confchg(&g->tracker, m, n_members, l, n_left, j, n_joined, &event), &event);
}

static void on_totem(cpg_handle_t handle, struct cpg_ring_id ring, uint32_t n_nodes, const uint32_t *nodes)
{
        Group *g = group_of(handle);
        Event event;

        if (g)
                group_tracked(g,
                                tracker_totem(&g->tracker, (RingId){ ring.nodeid, ring.seq }, nodes, n_nodes,
                                                &event),
                                &event);
}

static void on_quorum(quorum_handle_t handle, uint32_t quorate, struct quorum_ring_id ring, uint32_t n,
                const uint32_t *list)
{
        const void *context = NULL;
        Group *g;

        if (quorum_context_get(handle, &context) != CS_OK || !context)
                return;
        g = (Group *) context;
        if (group_is_open(g))
                g->callbacks.quorum(g->userdata, (RingId){ ring.nodeid, ring.seq }, quorate != 0);
}

/* Comes up to seconds before the quorum that belongs to it, and says nothing that cpg does not say. */
static void on_nodelist(quorum_handle_t handle, struct quorum_ring_id ring, uint32_t n_members,
                const uint32_t *members, uint32_t n_joined, const uint32_t *joined, uint32_t n_left,
                const uint32_t *left)
{
}

/* ---- the loop's sources ---- */

static int group_dispatched(Group *g, cs_error_t e, uint32_t revents)
{
        g->in_callback = false;
        if ((e != CS_OK && e != CS_ERR_TRY_AGAIN) || (revents & (EPOLLHUP | EPOLLERR)))
                group_schedule(g, ACTION_LOST);
        return 0;
}

/* One event for each turn of the loop, so that quorum can come in between. */
static int on_cpg_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Group *g = userdata;

        g->in_callback = true;
        return group_dispatched(g, cpg_dispatch(g->connection->cpg, CS_DISPATCH_ONE_NONBLOCKING), revents);
}

static int on_probe_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Group *g = userdata;

        g->in_callback = true;
        return group_dispatched(g, cpg_dispatch(g->connection->probe, CS_DISPATCH_ONE_NONBLOCKING), revents);
}

static int on_quorum_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Group *g = userdata;

        g->in_callback = true;
        return group_dispatched(
                        g, quorum_dispatch(g->connection->quorum, CS_DISPATCH_ONE_NONBLOCKING), revents);
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
        Group *g = userdata;

        g->settle_timer = sd_event_source_disable_unref(g->settle_timer);
        g->callbacks.configuration(g->userdata);
        return 0;
}

static void on_cmap(cmap_handle_t handle, cmap_track_handle_t track, int32_t event, const char *key,
                struct cmap_notify_value value, struct cmap_notify_value old_value, void *userdata)
{
        Group *g = userdata;

        if (!g->settle_timer && g->state == GROUP_CONNECTED)
                group_set_timer(g, &g->settle_timer, GROUP_SETTLE_USEC, on_settled);
}

static int on_cmap_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Group *g = userdata;

        g->in_callback = true;
        return group_dispatched(g, cmap_dispatch(g->connection->cmap, CS_DISPATCH_ONE_NONBLOCKING), revents);
}

static int group_watch(Group *g)
{
        const Connection *c = g->connection;
        int r;

        r = sd_event_add_io(g->loop, &g->quorum_source, c->quorum_fd, EPOLLIN, on_quorum_io, g);
        if (r >= 0)
                r = sd_event_source_set_priority(g->quorum_source, GROUP_PRIORITY_QUORUM);
        if (r >= 0)
                r = sd_event_add_io(g->loop, &g->cpg_source, c->cpg_fd, EPOLLIN, on_cpg_io, g);
        if (r >= 0)
                r = sd_event_source_set_priority(g->cpg_source, GROUP_PRIORITY_CPG);
        if (r >= 0)
                r = sd_event_add_io(g->loop, &g->probe_source, c->probe_fd, EPOLLIN, on_probe_io, g);
        if (r >= 0)
                r = sd_event_source_set_priority(g->probe_source, GROUP_PRIORITY_CPG);
        if (r >= 0)
                r = sd_event_add_io(g->loop, &g->cmap_source, c->cmap_fd, EPOLLIN, on_cmap_io, g);
        return r;
}

/* ---- connecting ---- */

static void run_open(void *data)
{
        connection_open(data);
}

static void group_opened(Group *g, Connection *c)
{
        GroupConnected connected = {
                .incarnation = c->incarnation,
                .self = { .node_id = c->cluster->own_id, .pid = (uint32_t) getpid() },
                .cluster = c->cluster,
        };

        g->connection = c;
        g->slow_timer = sd_event_source_disable_unref(g->slow_timer);
        group_set_busy(g, NULL);
        if (group_watch(g) < 0) {
                g->state = GROUP_CONNECTED;
                group_schedule(g, ACTION_LOST);
                return;
        }
        g->state = GROUP_CONNECTED;
        g->n_failed = 0;
        g->told_disconnected = false;
        free(g->why);
        g->why = NULL;
        tracker_init(&g->tracker, connected.self);
        g->callbacks.connected(g->userdata, &connected);
}

static void group_failed(Group *g, Connection *c)
{
        _cleanup_free_ char *why = strdup(c->why ? c->why : strerror(-c->error));
        int error = c->error;

        (void) task_detach(
                        close_only, c); /* without a thread to be had it stays open until the process ends */
        group_wait(g);
        group_set_busy(g, error == -EAGAIN ? strempty(why) : NULL);
        if (error == -EAGAIN)
                return;
        if (!g->told_disconnected) {
                /* We were to rejoin only, and now there is no Corosync to join. */
                g->told_disconnected = true;
                g->callbacks.disconnected(g->userdata, strempty(why));
        } else
                group_trouble(g, strempty(why));
}

static void on_open_done(void *data, void *userdata)
{
        Group *g = userdata;
        Connection *c = data;

        g->task = task_free(g->task);
        if (c->error < 0)
                group_failed(g, c);
        else
                group_opened(g, c);
}

static void group_connect(Group *g)
{
        Connection *c = calloc(1, sizeof(*c));
        int r = c ? 0 : -ENOMEM;

        g->state = GROUP_CONNECTING;
        group_watch_slow(g);
        if (c) {
                memcpy(c->group, g->name, sizeof(c->group));
                c->context = g;
                c->cpg_callbacks = (cpg_model_v1_data_t){ CPG_MODEL_V1, on_deliver, on_confchg, on_totem,
                        CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF };
                c->probe_callbacks =
                                (cpg_model_v1_data_t){ .model = CPG_MODEL_V1, .cpg_deliver_fn = on_probe };
                c->quorum_callbacks = (quorum_model_v1_data_t){ QUORUM_MODEL_V1, on_quorum, on_nodelist };
                c->cmap_callback = on_cmap;
                r = task_start(g->loop, run_open, on_open_done, leave_and_close, c, g, &g->task);
        }
        if (r < 0) {
                free(c);
                group_wait(g);
        }
}

/* ---- the whole ---- */

static bool group_name_is_valid(const char *name)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        size_t n = strlen(name);

        return n > 0 && n <= GROUP_NAME_MAX && strspn(name, allowed) == n;
}

int group_new(sd_event *loop, const char *name, const GroupCallbacks *callbacks, void *userdata, Group **ret)
{
        Group *g;
        int r;

        if (!group_name_is_valid(name))
                return -EINVAL;
        g = calloc(1, sizeof(*g));
        if (!g)
                return -ENOMEM;
        g->loop = sd_event_ref(loop);
        memcpy(g->name, name, strlen(name));
        g->callbacks = *callbacks;
        g->userdata = userdata;
        g->told_disconnected = true;
        g->state = GROUP_WAITING;
        r = sd_event_add_time_relative(loop, &g->timer, CLOCK_BOOTTIME, 0, 1, on_reconnect, g);
        if (r < 0) {
                group_free(g);
                return r;
        }
        *ret = g;
        return 0;
}

Group *group_free(Group *g)
{
        if (!g)
                return NULL;
        ASSERT(!g->in_callback);
        group_drop_connection(g, leave_and_close);
        sd_event_source_disable_unref(g->timer);
        sd_event_source_disable_unref(g->slow_timer);
        sd_event_source_disable_unref(g->action_source);
        sd_event_unref(g->loop);
        free(g->why);
        free(g->busy);
        free(g);
        return NULL;
}

void group_rejoin(Group *g)
{
        group_schedule(g, ACTION_REJOIN);
}

void group_leave(Group *g)
{
        group_schedule(g, ACTION_LEAVE);
}
