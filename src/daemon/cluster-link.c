/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager-internal.h"

#include <inttypes.h>

#include "base/timing.h"

static Timing cluster_timing(const ManagerConfig *config, const ClusterInfo *c)
{
        return timing_of(c->token_usec, c->consensus_usec, config->isolation_timeout_usec, c->device_model);
}

/* ---- what to warn of ---- */

static void warn_of_quorum(Manager *m, const ClusterInfo *c)
{
        const struct {
                bool set;
                const char *text;
        } warnings[] = {
                { c->two_node, "two_node: when the link between the nodes is cut both are quorate; without "
                               "fencing an "
                               "application can run on both" },
                { c->last_man_standing, "last_man_standing: after a cut a part without a majority can become "
                                        "quorate; "
                                        "without fencing an application can run twice" },
                { c->auto_tie_breaker,
                                "auto_tie_breaker: half of the nodes are quorate; without fencing, and with "
                                "different votes on the two sides, an application can run twice" },
                { c->allow_downscale, "allow_downscale: Corosync itself calls this incomplete; the votes "
                                      "that are needed "
                                      "can sink until a few nodes are quorate" },
                { c->uneven_votes, "the votes of corosync.conf are not one for each node: a quorate part can "
                                   "have less than "
                                   "half of the nodes" },
        };

        for (size_t i = 0; i < ELEMENTSOF(warnings); i++)
                if (warnings[i].set)
                        journal_text(m->journal, JOURNAL_CLUSTER_WARNING, "corosync.conf: %s",
                                        warnings[i].text);
}

/* A node that is cut off notices it by its own silent Corosync, or by a quorum that it hears nothing of, at the
 * latest, and then stops its workers; the others start them when they have noticed the loss and FailoverDelaySec=
 * is over. */
void cluster_warn_of_delays(Manager *m)
{
        Timing t = cluster_timing(&m->config, m->cluster);
        _cleanup_(byte_writer_done) ByteWriter names = {};
        size_t n = 0;

        for (size_t i = 0; i < m->apps.n_items; i++) {
                const Definition *d = &m->apps.items[i].definition;

                if (d->failover_delay_usec == DELAY_AUTO || d->failover_delay_usec >= t.needed_usec ||
                                d->n_nodes < 2)
                        continue;
                if (n++ > 0)
                        put_bytes(&names, ", ", 2);
                put_bytes(&names, d->name, strlen(d->name));
        }
        put_u8(&names, 0);
        if (n == 0 || names.error)
                return;
        journal_text(m->journal, JOURNAL_CLUSTER_WARNING,
                        "FailoverDelaySec= is below %.1f s for: %s. A node that is cut off may need that long "
                        "after the others have noticed (after %.1f s) to notice it itself and to stop its "
                        "workers",
                        (double) t.needed_usec / USEC_PER_SEC, (const char *) names.data,
                        (double) t.detection_usec / USEC_PER_SEC);
}

/* ---- before there is an engine ---- */

static void on_cluster(void *userdata, int error, ClusterInfo *cluster, const char *why)
{
        Manager *m = userdata;

        if (error == -ENOTCONN) {
                manager_status(m, "Waiting for Corosync: %s", why);
                if (!m->waiting_noted)
                        journal_text(m->journal, JOURNAL_COROSYNC_WAITING, "waiting for Corosync: %s", why);
                m->waiting_noted = true;
                return;
        }
        if (error == -EINVAL) {
                journal_text(m->journal, JOURNAL_CLUSTER_REFUSED, "%s", why);
                manager_status(m, "Corosync's configuration cannot be used: %s", why);
                manager_exit(m, MANAGER_EXIT_CONFIG);
                return;
        }
        if (error < 0)
                return manager_fail(m, error, "reading Corosync's configuration");
        m->cluster = cluster;
        manager_set_isolation(m, cluster_timing(&m->config, cluster).isolation_usec);
        warn_of_quorum(m, cluster);
        start_go_on(m);
}

int cluster_begin(Manager *m)
{
        return cluster_reader_new(m->event, on_cluster, m, &m->cluster_reader);
}

/* ---- the group ---- */

/* What a manager is made for. */
static bool same_self(const ClusterInfo *a, const ClusterInfo *b)
{
        return a->own_id == b->own_id && streq(a->own_name, b->own_name);
}

static bool same_cluster(const ClusterInfo *a, const ClusterInfo *b)
{
        if (a->n_nodes != b->n_nodes || a->quorum_by_fewer != b->quorum_by_fewer)
                return false;
        for (size_t i = 0; i < a->n_nodes; i++)
                if (a->nodes[i].id != b->nodes[i].id || !streq(a->nodes[i].name, b->nodes[i].name))
                        return false;
        return true;
}

/* Under another name or number the manager starts anew; its workers run on. So does one that waits for its peers still: what
 * it waits for is written in manager.conf. */
static void begin_anew(Manager *m)
{
        journal_text(m->journal, JOURNAL_FAILED,
                        "Corosync's nodelist has changed what this manager began with: it is started again to "
                        "take it");
        leave_to_begin_anew(m);
}

static void read_again(Manager *m);

static void set_votes(Manager *m, const Votes *votes)
{
        if (!m->votes_known && !votes)
                return;
        m->votes_known = votes;
        m->votes = votes ? *votes : (Votes){};
        if (m->bus_server)
                bus_server_changed(m->bus_server, NULL, NULL);
}

static void on_votes(void *userdata, const Votes *votes)
{
        Manager *m = userdata;

        set_votes(m, votes);
        if (m->bus_server)
                (void) bus_server_flush(m->bus_server); /* a bus that is lost is noticed by itself */
}

/* What `distroctl status` and systemd show while there is no connection. */
static void set_trouble(Manager *m, const char *why)
{
        free(m->trouble);
        m->trouble = why ? strdup(why) : NULL; /* without memory the line is shorter */
}

static void on_connected(void *userdata, const GroupConnected *c)
{
        Manager *m = userdata;
        int r;

        set_trouble(m, NULL);

        if (!same_self(m->cluster, c->cluster))
                return begin_anew(m);
        if (m->corosync_was_lost)
                journal_text(m->journal, JOURNAL_COROSYNC_BACK, "connected to Corosync again");
        m->corosync_was_lost = false;
        m->self = c->self;
        m->cluster->token_usec = c->cluster->token_usec;
        m->cluster->consensus_usec = c->cluster->consensus_usec;
        manager_set_isolation(m, cluster_timing(&m->config, c->cluster).isolation_usec);
        wire_reset(m->reader);
        m->votes_reader = votes_reader_free(m->votes_reader);
        r = votes_reader_new(m->event, m->self.node_id, VOTES_DEVICE_USEC, on_votes, m, &m->votes_reader);
        if (r < 0)
                return manager_fail(m, r, "preparing to ask for the votes");
        manager_step(m, &(Event){ .type = EVENT_CONNECTED,
                                        .connected = { .incarnation = c->incarnation,
                                                        .pid = c->self.pid,
                                                        .token_usec = c->cluster->token_usec,
                                                        .consensus_usec = c->cluster->consensus_usec,
                                                        .quorum_device = c->cluster->device_model,
                                                        .quorum_by_fewer = c->cluster->quorum_by_fewer } });
        if (!m->exiting && !same_cluster(m->cluster, c->cluster))
                read_again(m);
}

static void on_disconnected(void *userdata, const char *why)
{
        Manager *m = userdata;

        journal_text(m->journal, JOURNAL_COROSYNC_LOST, "the connection to Corosync is lost");
        m->corosync_was_lost = true;
        set_trouble(m, why);
        m->votes_reader = votes_reader_free(m->votes_reader);
        set_votes(m, NULL);
        manager_step(m, &(Event){ .type = EVENT_DISCONNECTED });
}

static void on_trouble(void *userdata, const char *why)
{
        Manager *m = userdata;

        m->corosync_was_lost = true;
        set_trouble(m, why);
        journal_text(m->journal, JOURNAL_COROSYNC_WAITING, "waiting for Corosync: %s", why);
        manager_status_later(m);
}

/* Timeouts that a reload of corosync.conf has brought: only this node's own silence is measured by them, so they need
 * not be agreed. */
static void take_timing(Manager *m, const ClusterInfo *c)
{
        bool same = m->cluster->token_usec == c->token_usec &&
                    m->cluster->consensus_usec == c->consensus_usec &&
                    !m->cluster->device_model == !c->device_model;

        if (same)
                return;
        m->cluster->token_usec = c->token_usec;
        m->cluster->consensus_usec = c->consensus_usec;
        m->cluster->device_model = c->device_model;
        manager_set_isolation(m, cluster_timing(&m->config, m->cluster).isolation_usec);
        manager_step(m, &(Event){ .type = EVENT_TIMING,
                                        .timing = { .token_usec = m->cluster->token_usec,
                                                        .consensus_usec = m->cluster->consensus_usec,
                                                        .quorum_device = m->cluster->device_model } });
        if (m->exiting)
                return;
        cluster_warn_of_delays(m);
        bus_server_changed(m->bus_server, NULL, NULL);
        (void) bus_server_flush(m->bus_server); /* a bus that is lost is noticed by itself */
}

/* By the nodes and the rules of quorum more than one node decides: the engine tells the group. */
static void take_nodelist(Manager *m)
{
        const ClusterInfo *c = m->cluster;
        _cleanup_free_ EngineNode *nodes = calloc(c->n_nodes, sizeof(EngineNode));
        _cleanup_(byte_writer_done) ByteWriter names = {};

        if (!nodes)
                return manager_fail(m, -ENOMEM, "taking the nodelist");
        for (size_t i = 0; i < c->n_nodes; i++) {
                nodes[i] = (EngineNode){ .id = c->nodes[i].id, .name = c->nodes[i].name };
                put_bytes(&names, " ", 1);
                put_bytes(&names, c->nodes[i].name, strlen(c->nodes[i].name));
        }
        put_u8(&names, 0);
        journal_text(m->journal, JOURNAL_NODELIST, "corosync.conf was loaded again; its nodes are%s%s",
                        names.error ? "" : (const char *) names.data,
                        c->quorum_by_fewer ? ", and fewer than a majority of them can have quorum" : "");
        warn_of_quorum(m, c);
        m->stranger_seen = false; /* the next view tells */
        manager_step(m, &(Event){ .type = EVENT_NODELIST,
                                        .nodelist = { .nodes = nodes,
                                                        .n_nodes = c->n_nodes,
                                                        .quorum_by_fewer = c->quorum_by_fewer } });
}

/* A node that was added to the nodelist while Corosync runs may show first in a ring. Asked off the loop; if the
 * nodelist does not have it either, the administrator has forgotten this node's file. */
static void on_cluster_again(void *userdata, int error, ClusterInfo *cluster, const char *why)
{
        Manager *m = userdata;
        _cleanup_(cluster_info_freep) ClusterInfo *c = cluster;
        bool same;

        if (error == -ENOTCONN)
                return;
        if (error < 0) {
                journal_text(m->journal, JOURNAL_CLUSTER_WARNING, "%s", why);
                return;
        }
        same = same_cluster(m->cluster, c);
        if (!same_self(m->cluster, c) || (!same && !m->takes_part))
                return begin_anew(m);
        take_timing(m, c);
        cluster_info_free(m->cluster);
        m->cluster = TAKE_PTR(c);
        if (!same && !m->exiting)
                take_nodelist(m);
        if (m->exiting)
                return;
        if (!m->stranger_seen || m->stranger_noted)
                return;
        journal_text(m->journal, JOURNAL_CLUSTER_WARNING,
                        "a node of the ring is not in the nodelist of this node's corosync.conf: it counts "
                        "for nothing here");
        m->stranger_noted = true;
}

static void read_again(Manager *m)
{
        int r;

        m->cluster_reader = cluster_reader_free(m->cluster_reader);
        r = cluster_reader_new(m->event, on_cluster_again, m, &m->cluster_reader);
        if (r < 0)
                manager_fail(m, r, "asking for the nodelist");
}

static void look_for_strangers(Manager *m, const Event *view)
{
        int r = 0;

        for (size_t i = 0; i < view->view.n_ring_nodes && r == 0; i++)
                if (!cluster_info_find(m->cluster, view->view.ring_nodes[i]))
                        r = 1;
        m->stranger_seen = r > 0;
        if (r == 0)
                m->stranger_noted = false;
        else if (!m->stranger_noted)
                read_again(m);
}

static void on_configuration(void *userdata)
{
        Manager *m = userdata;

        read_again(m);
        if (m->votes_reader)
                votes_reader_ask(m->votes_reader);
}

static void on_view(void *userdata, const Event *view)
{
        Manager *m = userdata;
        Event event = *view;

        wire_reset(m->reader);
        manager_trim_later(m); /* the state is exchanged, and there may be much to start */
        look_for_strangers(m, view);
        manager_step(m, &event);
}

static void on_quorum(void *userdata, RingId ring, bool quorate)
{
        Manager *m = userdata;

        if (m->votes_reader)
                votes_reader_ask(m->votes_reader);
        manager_step(m, &(Event){ .type = EVENT_QUORUM, .quorum = { .ring = ring, .quorate = quorate } });
}

static void on_message(void *userdata, Member sender, const void *data, size_t size_bytes)
{
        Manager *m = userdata;
        _cleanup_(message_freep) Message *message = NULL;
        _cleanup_free_ char *error = NULL;
        uint64_t n_fragments = wire_refused(m->reader, WIRE_REFUSED_FRAGMENT);
        int r = wire_feed(m->reader, sender, data, size_bytes, &message, &error);

        if (r == -ENOMEM)
                return manager_fail(m, r, "reading a message");
        if (r < 0) {
                /* The rest of a message that a new view has cut is nothing to speak of. */
                if (wire_refused(m->reader, WIRE_REFUSED_FRAGMENT) == n_fragments)
                        effects_note_refused(m, manager_node_name(m, sender.node_id),
                                        error ? error : strerror(-r));
                return;
        }
        if (r == 0)
                return;
        manager_step(m, &(Event){ .type = EVENT_MESSAGE,
                                        .message = { .sender = sender, .message = message } });
}

static void on_probe(void *userdata, uint64_t number)
{
        manager_step(userdata, &(Event){ .type = EVENT_PROBE, .probe = { .number = number } });
}

static void on_left(void *userdata)
{
        Manager *m = userdata;

        manager_exit(m, m->anew ? MANAGER_EXIT_FAILURE : MANAGER_EXIT_SUCCESS);
}

int cluster_join(Manager *m)
{
        static const GroupCallbacks callbacks = {
                .connected = on_connected,
                .disconnected = on_disconnected,
                .trouble = on_trouble,
                .view = on_view,
                .quorum = on_quorum,
                .message = on_message,
                .probe = on_probe,
                .configuration = on_configuration,
                .left = on_left,
        };

        return group_new(m->event, m->config.group, &callbacks, m, &m->group);
}

void cluster_leave(Manager *m)
{
        m->leave = LEAVE_GOING;
        if (m->group)
                group_leave(m->group);
        else
                manager_exit(m, MANAGER_EXIT_SUCCESS);
}
