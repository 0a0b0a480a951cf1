/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <corosync/cmap.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "group-fake.h"

#define HANDLES_MAX 64
#define PENDING_MAX 4096

Fake fake;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

typedef enum PendingKind { PENDING_DELIVER, PENDING_CONFCHG, PENDING_TOTEM, PENDING_QUORUM } PendingKind;

typedef struct Pending {
        PendingKind kind;
        uint32_t node_id, pid;
        char *data;
        size_t size_bytes;
        bool joins;
        uint32_t reason;
        uint64_t seq;
        bool quorate;
} Pending;

typedef struct Handle {
        bool open, is_quorum, joined, is_main;
        int fd; /* readable as long as something is pending */
        void *context;
        cpg_model_v1_data_t cpg;
        quorum_model_v1_data_t quorum;
        struct cpg_name group;
        Pending pending[PENDING_MAX];
        size_t n_pending, n_taken;
        Pending kept[PENDING_MAX]; /* sent, not delivered yet */
        size_t n_kept, n_echoed;
        struct cpg_address members[CPG_MEMBERS_MAX];
        size_t n_members;
} Handle;

static Handle handles[HANDLES_MAX];

void fake_lock(void)
{
        ASSERT(pthread_mutex_lock(&mutex) == 0);
}

void fake_unlock(void)
{
        ASSERT(pthread_mutex_unlock(&mutex) == 0);
}

static void handle_clear(Handle *h)
{
        for (size_t i = 0; i < PENDING_MAX; i++) {
                free(h->pending[i].data);
                free(h->kept[i].data);
        }
        memset(h, 0, sizeof(*h));
}

void fake_reset(void)
{
        ASSERT(fake_open_handles() == 0);
        fake_lock();
        for (size_t i = 0; i < HANDLES_MAX; i++)
                handle_clear(handles + i);
        memset(&fake, 0, sizeof(fake));
        fake_unlock();
}

size_t fake_open_handles(void)
{
        size_t n = 0;

        fake_lock();
        for (size_t i = 0; i < HANDLES_MAX; i++)
                n += handles[i].open;
        fake_unlock();
        return n;
}

/* Locked, as all that follow. */
static Handle *handle_open(uint64_t *ret)
{
        for (size_t i = 1; i < HANDLES_MAX; i++)
                if (!handles[i].open && handles[i].fd == 0) {
                        handles[i].open = true;
                        handles[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
                        ASSERT(handles[i].fd > 0);
                        fake.n_opened++;
                        *ret = i;
                        return handles + i;
                }
        abort();
}

static Handle *handle_find(uint64_t id)
{
        ASSERT(id < HANDLES_MAX && handles[id].open); /* closed already, or never open */
        return handles + id;
}

static cs_error_t handle_close(uint64_t id)
{
        Handle *h;

        fake_lock();
        h = handle_find(id);
        h->open = false;
        (void) close(h->fd);
        fake.n_closed++;
        fake_unlock();
        return CS_OK;
}

static void push(Handle *h, Pending p)
{
        uint64_t one = 1;

        ASSERT(h && h->n_pending < PENDING_MAX);
        h->pending[h->n_pending++] = p;
        ASSERT(write(h->fd, &one, sizeof(one)) == sizeof(one));
}

static bool pop(Handle *h, Pending *ret)
{
        uint64_t one;

        if (h->n_taken == h->n_pending)
                return false;
        *ret = h->pending[h->n_taken++];
        ASSERT(read(h->fd, &one, sizeof(one)) == sizeof(one));
        return true;
}

static Handle *find_cpg(bool is_main)
{
        for (size_t i = 1; i < HANDLES_MAX; i++)
                if (handles[i].open && !handles[i].is_quorum && handles[i].joined &&
                                handles[i].is_main == is_main)
                        return handles + i;
        return NULL;
}

static void echo(bool is_main)
{
        Handle *h;

        fake_lock();
        h = find_cpg(is_main);
        ASSERT(h && h->n_echoed < h->n_kept);
        push(h, h->kept[h->n_echoed]);
        h->kept[h->n_echoed++].data = NULL;
        fake_unlock();
}

void fake_echo(void)
{
        echo(true);
}

void fake_echo_probe(void)
{
        echo(false);
}

void fake_deliver(uint32_t node_id, uint32_t pid, const char *text)
{
        fake_lock();
        push(find_cpg(true), (Pending){ .kind = PENDING_DELIVER,
                                             .node_id = node_id,
                                             .pid = pid,
                                             .data = strdup(text),
                                             .size_bytes = strlen(text) });
        fake_unlock();
}

void fake_confchg(uint32_t node_id, uint32_t pid, bool joins, uint32_t reason)
{
        fake_lock();
        push(find_cpg(true), (Pending){ .kind = PENDING_CONFCHG,
                                             .node_id = node_id,
                                             .pid = pid,
                                             .joins = joins,
                                             .reason = reason });
        fake_unlock();
}

void fake_totem(uint64_t seq)
{
        fake_lock();
        push(find_cpg(true), (Pending){ .kind = PENDING_TOTEM, .seq = seq });
        fake_unlock();
}

void fake_quorum(uint64_t seq, bool quorate)
{
        fake_lock();
        for (size_t i = 1; i < HANDLES_MAX; i++)
                if (handles[i].open && handles[i].is_quorum)
                        push(handles + i,
                                        (Pending){ .kind = PENDING_QUORUM, .seq = seq, .quorate = quorate });
        fake_unlock();
}

/* ---- libcpg ---- */

static void hang(const bool *flag)
{
        for (;;) {
                fake_lock();
                if (!*flag)
                        break;
                fake_unlock();
                (void) usleep(1000);
        }
        fake_unlock();
}

cs_error_t cpg_model_initialize(
                cpg_handle_t *handle, cpg_model_t model, cpg_model_data_t *data, void *context)
{
        Handle *h;

        hang(&fake.hang_open);
        fake_lock();
        h = handle_open(handle);
        memcpy(&h->cpg, data, sizeof(h->cpg));
        h->context = context;
        fake_unlock();
        return CS_OK;
}

cs_error_t cpg_finalize(cpg_handle_t handle)
{
        return handle_close(handle);
}

cs_error_t cpg_fd_get(cpg_handle_t handle, int *fd)
{
        *fd = handle_find(handle)->fd;
        return CS_OK;
}

cs_error_t cpg_context_get(cpg_handle_t handle, void **context)
{
        *context = handle_find(handle)->context;
        return CS_OK;
}

cs_error_t cpg_local_get(cpg_handle_t handle, unsigned int *id)
{
        *id = 1;
        return CS_OK;
}

cs_error_t cpg_join(cpg_handle_t handle, const struct cpg_name *name)
{
        Handle *h;

        fake_lock();
        h = handle_find(handle);
        h->group = *name;
        h->is_main = !memchr(name->value, '/', name->length);
        if (h->is_main && fake.n_join_errors > 0) {
                fake.n_join_errors--;
                fake_unlock();
                return fake.join_error;
        }
        (void) snprintf(h->is_main ? fake.main_group : fake.own_group, CPG_MAX_NAME_LENGTH, "%.*s",
                        (int) name->length, name->value);
        h->joined = true;
        if (h->is_main) {
                fake.n_joined++;
                push(h, (Pending){ .kind = PENDING_CONFCHG,
                                        .node_id = 1,
                                        .pid = (uint32_t) getpid(),
                                        .joins = true,
                                        .reason = CPG_REASON_JOIN });
                push(h, (Pending){ .kind = PENDING_TOTEM, .seq = 4 });
        }
        fake_unlock();
        return CS_OK;
}

cs_error_t cpg_leave(cpg_handle_t handle, const struct cpg_name *name)
{
        Handle *h;

        hang(&fake.hang_leave);
        fake_lock();
        h = handle_find(handle);
        fake.n_left++;
        if (!fake.no_leave)
                push(h, (Pending){ .kind = PENDING_CONFCHG,
                                        .node_id = 1,
                                        .pid = (uint32_t) getpid(),
                                        .joins = false,
                                        .reason = CPG_REASON_LEAVE });
        fake_unlock();
        return CS_OK;
}

cs_error_t cpg_mcast_joined(
                cpg_handle_t handle, cpg_guarantee_t guarantee, const struct iovec *iov, unsigned int n)
{
        Pending p = { .kind = PENDING_DELIVER, .node_id = 1, .pid = (uint32_t) getpid() };
        Handle *h;

        ASSERT(guarantee == CPG_TYPE_AGREED && n == 1);
        fake_lock();
        if (fake.n_mcast_errors > 0) {
                fake.n_mcast_errors--;
                fake_unlock();
                return fake.mcast_error;
        }
        h = handle_find(handle);
        p.size_bytes = iov->iov_len;
        p.data = malloc(iov->iov_len);
        ASSERT(p.data);
        memcpy(p.data, iov->iov_base, iov->iov_len);
        if (h->is_main)
                fake.n_mcast++;
        else
                fake.n_probes++;
        ASSERT(h->n_kept < PENDING_MAX);
        if (fake.no_echo)
                h->kept[h->n_kept++] = p;
        else
                push(h, p);
        fake_unlock();
        return CS_OK;
}

static void call_confchg(cpg_handle_t id, Handle *h, const Pending *p)
{
        struct cpg_address change = { p->node_id, p->pid, p->reason };
        size_t n = 0;

        for (size_t i = 0; i < h->n_members; i++)
                if (h->members[i].nodeid != p->node_id || h->members[i].pid != p->pid)
                        h->members[n++] = h->members[i];
        if (p->joins)
                h->members[n++] = (struct cpg_address){ p->node_id, p->pid, 0 };
        h->n_members = n;
        h->cpg.cpg_confchg_fn(id, &h->group, h->members, n, &change, !p->joins, &change, p->joins);
}

cs_error_t cpg_dispatch(cpg_handle_t id, cs_dispatch_flags_t flags)
{
        static const uint32_t nodes[] = { 1, 2, 3 };
        Handle *h;
        Pending p = {};
        bool any;

        ASSERT(flags == CS_DISPATCH_ONE_NONBLOCKING);
        fake_lock();
        h = handle_find(id);
        if (fake.dead) {
                fake_unlock();
                return CS_ERR_LIBRARY;
        }
        any = pop(h, &p);
        if (any)
                h->pending[h->n_taken - 1].data = NULL; /* ours now */
        fake_unlock();
        if (!any)
                return CS_ERR_TRY_AGAIN;
        if (p.kind == PENDING_DELIVER)
                h->cpg.cpg_deliver_fn(id, &h->group, p.node_id, p.pid, p.data, p.size_bytes);
        else if (p.kind == PENDING_CONFCHG && h->cpg.cpg_confchg_fn)
                call_confchg(id, h, &p);
        else if (p.kind == PENDING_TOTEM && h->cpg.cpg_totem_confchg_fn)
                h->cpg.cpg_totem_confchg_fn(id, (struct cpg_ring_id){ 1, p.seq }, 3, nodes);
        free(p.data);
        return CS_OK;
}

/* ---- libquorum ---- */

cs_error_t quorum_model_initialize(quorum_handle_t *handle, quorum_model_t model, quorum_model_data_t *data,
                uint32_t *type, void *context)
{
        Handle *h;

        fake_lock();
        h = handle_open(handle);
        h->is_quorum = true;
        memcpy(&h->quorum, data, sizeof(h->quorum));
        h->context = context;
        *type = QUORUM_SET;
        fake_unlock();
        return CS_OK;
}

cs_error_t quorum_finalize(quorum_handle_t handle)
{
        return handle_close(handle);
}

cs_error_t quorum_fd_get(quorum_handle_t handle, int *fd)
{
        *fd = handle_find(handle)->fd;
        return CS_OK;
}

cs_error_t quorum_context_get(quorum_handle_t handle, const void **context)
{
        *context = handle_find(handle)->context;
        return CS_OK;
}

cs_error_t quorum_trackstart(quorum_handle_t handle, unsigned int flags)
{
        ASSERT(flags == (CS_TRACK_CURRENT | CS_TRACK_CHANGES));
        fake_lock();
        push(handle_find(handle), (Pending){ .kind = PENDING_QUORUM, .seq = 4, .quorate = true });
        fake_unlock();
        return CS_OK;
}

cs_error_t quorum_dispatch(quorum_handle_t id, cs_dispatch_flags_t flags)
{
        static const uint32_t nodes[] = { 1, 2, 3 };
        Handle *h;
        Pending p;
        bool any;

        fake_lock();
        h = handle_find(id);
        any = !fake.dead && pop(h, &p);
        fake_unlock();
        if (fake.dead)
                return CS_ERR_LIBRARY;
        if (!any)
                return CS_ERR_TRY_AGAIN;
        /* The nodelist's own notification has a ring of its own here, to see that it does not count. */
        h->quorum.nodelist_notify_fn(
                        id, (struct quorum_ring_id){ 1, p.seq + 100 }, 3, nodes, 0, NULL, 0, NULL);
        h->quorum.quorum_notify_fn(id, p.quorate, (struct quorum_ring_id){ 1, p.seq }, 3, nodes);
        return CS_OK;
}

/* ---- libvotequorum ---- */

cs_error_t votequorum_initialize(votequorum_handle_t *handle, votequorum_callbacks_t *callbacks)
{
        fake_lock();
        fake.n_votes_begun++;
        fake_unlock();
        hang(&fake.hang_votes);
        fake_lock();
        if (fake.n_votes_errors > 0) {
                fake.n_votes_errors--;
                fake_unlock();
                return fake.votes_error;
        }
        (void) handle_open(handle);
        fake_unlock();
        return CS_OK;
}

cs_error_t votequorum_getinfo(votequorum_handle_t handle, unsigned int node_id, struct votequorum_info *info)
{
        fake_lock();
        (void) handle_find(handle);
        ASSERT(node_id == 1);
        fake.n_votes++;
        *info = fake.votes;
        fake_unlock();
        return CS_OK;
}

cs_error_t votequorum_finalize(votequorum_handle_t handle)
{
        return handle_close(handle);
}

/* ---- libcmap: one handle, iterators are positions ---- */

static const struct {
        const char *name, *text;
        uint32_t number;
} KEYS[] = {
        { "nodelist.local_node_pos", NULL, 0 },
        { "nodelist.node.0.name", "abc", 0 },
        { "nodelist.node.0.nodeid", NULL, 1 },
        { "nodelist.node.1.name", "bcd", 0 },
        { "nodelist.node.1.nodeid", NULL, 2 },
        { "nodelist.node.2.name", "def", 0 },
        { "nodelist.node.2.nodeid", NULL, 3 },
        { "quorum.provider", "corosync_votequorum", 0 },
        { "runtime.config.totem.consensus", NULL, 1980 },
        { "runtime.config.totem.token", NULL, 1650 },
        { "totem.cluster_name", "fake", 0 },
};
static char iter_prefix[64];
static size_t iter_at;

cs_error_t cmap_initialize(cmap_handle_t *handle)
{
        cs_error_t e;

        fake_lock();
        e = fake.cmap_error ? fake.cmap_error : CS_OK;
        fake_unlock();
        *handle = 1;
        return e;
}

static int cmap_pipe[2] = { -1, -1 };
static cmap_notify_fn_t cmap_notify;
static void *cmap_notify_data;

cs_error_t cmap_fd_get(cmap_handle_t handle, int *fd)
{
        if (cmap_pipe[0] < 0 && pipe(cmap_pipe) < 0)
                return CS_ERR_LIBRARY;
        *fd = cmap_pipe[0];
        return CS_OK;
}

cs_error_t cmap_track_add(cmap_handle_t handle, const char *key_name, int32_t track_type,
                cmap_notify_fn_t notify_fn, void *user_data, cmap_track_handle_t *cmap_track_handle)
{
        ASSERT(track_type & CMAP_TRACK_PREFIX);
        fake_lock();
        fake.n_tracked++;
        cmap_notify = notify_fn;
        cmap_notify_data = user_data;
        fake_unlock();
        return CS_OK;
}

cs_error_t cmap_dispatch(cmap_handle_t handle, cs_dispatch_flags_t dispatch_types)
{
        struct cmap_notify_value none = {};
        char byte;

        if (read(cmap_pipe[0], &byte, 1) != 1)
                return CS_ERR_LIBRARY;
        cmap_notify(handle, 1, CMAP_TRACK_MODIFY, "runtime.config.totem.token", none, none, cmap_notify_data);
        return CS_OK;
}

void fake_configuration(void)
{
        ASSERT(write(cmap_pipe[1], "x", 1) == 1);
}

cs_error_t cmap_finalize(cmap_handle_t handle)
{
        return CS_OK;
}

cs_error_t cmap_iter_init(cmap_handle_t handle, const char *prefix, cmap_iter_handle_t *iter)
{
        (void) snprintf(iter_prefix, sizeof(iter_prefix), "%s", prefix);
        iter_at = 0;
        *iter = 1;
        return CS_OK;
}

cs_error_t cmap_iter_next(cmap_handle_t handle, cmap_iter_handle_t iter, char name[], size_t *size,
                cmap_value_types_t *type)
{
        cs_error_t e;

        fake_lock();
        e = fake.cmap_iter_error;
        fake_unlock();
        if (e && iter_at < ELEMENTSOF(KEYS) && strstr(KEYS[iter_at].name, "nodelist.node.1."))
                return e;
        for (; iter_at < ELEMENTSOF(KEYS); iter_at++) {
                if (strncmp(KEYS[iter_at].name, iter_prefix, strlen(iter_prefix)) != 0)
                        continue;
                if (fake.no_names && strstr(KEYS[iter_at].name, ".name"))
                        continue;
                strcpy(name, KEYS[iter_at].name);
                *size = KEYS[iter_at].text ? strlen(KEYS[iter_at].text) : sizeof(uint32_t);
                *type = KEYS[iter_at].text ? CMAP_VALUETYPE_STRING : CMAP_VALUETYPE_UINT32;
                iter_at++;
                return CS_OK;
        }
        return CS_ERR_NO_SECTIONS;
}

cs_error_t cmap_iter_finalize(cmap_handle_t handle, cmap_iter_handle_t iter)
{
        return CS_OK;
}

cs_error_t cmap_get(
                cmap_handle_t handle, const char *name, void *value, size_t *size, cmap_value_types_t *type)
{
        for (size_t i = 0; i < ELEMENTSOF(KEYS); i++)
                if (streq(KEYS[i].name, name)) {
                        if (KEYS[i].text)
                                memcpy(value, KEYS[i].text, *size);
                        else
                                memcpy(value, &KEYS[i].number, sizeof(uint32_t));
                        return CS_OK;
                }
        return CS_ERR_NOT_EXIST;
}
