/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

#include "group/connection.h"
#include "group/corosync.h"

#define LEAVE_PAUSE_USEC 10000u
#define LEAVE_TRIES (GROUP_LEAVE_USEC / LEAVE_PAUSE_USEC)

static void fail(Connection *c, const char *what, cs_error_t e)
{
        /* What a rejoin meets until its leave has gone round. */
        c->error = e == CS_ERR_TRY_AGAIN || e == CS_ERR_EXIST ? -EAGAIN : -ENOTCONN;
        if (asprintf(&c->why, "%s: %s", what, corosync_error_to_string((int) e)) < 0)
                c->why = NULL;
}

static void make_name(struct cpg_name *name, const char *group, uint32_t node_id)
{
        int n = node_id > 0 ? snprintf(name->value, sizeof(name->value), "%s/%" PRIu32, group, node_id)
                            : snprintf(name->value, sizeof(name->value), "%s", group);

        ASSERT(n > 0 && (size_t) n < sizeof(name->value));
        name->length = (uint32_t) n;
}

static bool open_quorum(Connection *c)
{
        uint32_t type = 0;
        cs_error_t e;

        e = quorum_model_initialize(&c->quorum, QUORUM_MODEL_V1, (quorum_model_data_t *) &c->quorum_callbacks,
                        &type, c->context);
        if (e == CS_OK) {
                c->has_quorum = true;
                e = quorum_fd_get(c->quorum, &c->quorum_fd);
        }
        if (e == CS_OK && type != QUORUM_SET)
                e = CS_ERR_NOT_SUPPORTED;
        if (e == CS_OK)
                e = quorum_trackstart(c->quorum, CS_TRACK_CURRENT | CS_TRACK_CHANGES);
        if (e != CS_OK)
                fail(c, "quorum", e);
        return e == CS_OK;
}

static bool open_probe(Connection *c)
{
        struct cpg_name name;
        cs_error_t e;

        make_name(&name, c->group, c->cluster->own_id);
        e = cpg_model_initialize(
                        &c->probe, CPG_MODEL_V1, (cpg_model_data_t *) &c->probe_callbacks, c->context);
        if (e == CS_OK) {
                c->has_probe = true;
                e = cpg_fd_get(c->probe, &c->probe_fd);
        }
        if (e == CS_OK)
                e = cpg_join(c->probe, &name);
        if (e != CS_OK)
                fail(c, "cpg, own group", e);
        return e == CS_OK;
}

static bool open_cpg(Connection *c)
{
        struct cpg_name name;
        unsigned int node_id = 0;
        cs_error_t e;

        make_name(&name, c->group, 0);
        e = cpg_model_initialize(&c->cpg, CPG_MODEL_V1, (cpg_model_data_t *) &c->cpg_callbacks, c->context);
        if (e == CS_OK) {
                c->has_cpg = true;
                e = cpg_fd_get(c->cpg, &c->cpg_fd);
        }
        if (e == CS_OK)
                e = cpg_local_get(c->cpg, &node_id);
        if (e == CS_OK && node_id != c->cluster->own_id) {
                c->error = -EINVAL;
                if (asprintf(&c->why, "Corosync calls this node %u, its nodelist %" PRIu32, node_id,
                                    c->cluster->own_id) < 0)
                        c->why = NULL;
                return false;
        }
        if (e == CS_OK)
                e = cpg_join(c->cpg, &name);
        c->joined = e == CS_OK;
        if (e != CS_OK)
                fail(c, "cpg", e);
        return e == CS_OK;
}

/* What `corosync-cfgtool -R` changes: the nodelist, the timeouts that are in force, the options of quorum. */
static bool open_cmap(Connection *c)
{
        static const char *const prefixes[] = { "nodelist.", "quorum.", "runtime.config.totem." };
        cmap_track_handle_t track;
        cs_error_t e;

        e = cmap_initialize(&c->cmap);
        if (e == CS_OK) {
                c->has_cmap = true;
                e = cmap_fd_get(c->cmap, &c->cmap_fd);
        }
        for (size_t i = 0; e == CS_OK && i < ELEMENTSOF(prefixes); i++)
                e = cmap_track_add(c->cmap, prefixes[i],
                                CMAP_TRACK_ADD | CMAP_TRACK_DELETE | CMAP_TRACK_MODIFY | CMAP_TRACK_PREFIX,
                                c->cmap_callback, c->context, &track);
        if (e != CS_OK)
                fail(c, "cmap", e);
        return e == CS_OK;
}

void connection_open(Connection *c)
{
        while (c->incarnation == 0)
                if (getrandom(&c->incarnation, sizeof(c->incarnation), 0) != sizeof(c->incarnation)) {
                        c->incarnation = 0;
                        if (errno == EINTR)
                                continue;
                        c->error = -errno;
                        return;
                }
        if (!open_cmap(c)) /* before it is read, so that no change is missed */
                return;
        c->error = cluster_info_read(&c->cluster, &c->why);
        if (c->error < 0)
                return;
        (void) (open_quorum(c) && open_probe(c) && open_cpg(c)); /* how it went is in c->error */
}

void connection_leave(Connection *c)
{
        struct cpg_name name;

        if (!c->joined)
                return;
        make_name(&name, c->group, 0);
        /* Busy during every change of the ring. Whatever else goes wrong: the handle is closed next, which
         * ends the membership too, only that the others take it for a crash. */
        for (unsigned int i = 0; i < LEAVE_TRIES && cpg_leave(c->cpg, &name) == CS_ERR_TRY_AGAIN; i++)
                (void) usleep(LEAVE_PAUSE_USEC);
        c->joined = false;
}

void connection_close(Connection *c)
{
        if (c->has_cpg)
                (void) cpg_finalize(c->cpg);
        if (c->has_probe)
                (void) cpg_finalize(c->probe);
        if (c->has_quorum)
                (void) quorum_finalize(c->quorum);
        if (c->has_cmap)
                (void) cmap_finalize(c->cmap);
        cluster_info_free(c->cluster);
        free(c->why);
        free(c);
}
