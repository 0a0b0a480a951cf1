/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster-link.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/quorum-warnings.h"
#include "base/timing.h"
#include "daemon/events.h"
#include "daemon/ending.h"
#include "daemon/loop.h"
#include "daemon/pulse.h"
#include "daemon/reload.h"
#include "daemon/status-line.h"

#define REFUSED_NOTE_USEC (10 * USEC_PER_SEC) /* refused messages get one line in so long */

static Timing cluster_timing(const ManagerConfig *config, const ClusterInfo *c)
{
        return timing_of(c->token_usec, c->consensus_usec, config->isolation_timeout_usec, c->device_model);
}

/* ---- what to warn of ---- */

static void warn_of_quorum(Manager *m, const ClusterInfo *c)
{
        const struct {
                const char *flag;
                bool set;
        } flags[] = {
                { "TwoNode", c->two_node },
                { "LastManStanding", c->last_man_standing },
                { "AutoTieBreaker", c->auto_tie_breaker },
                { "AllowDownscale", c->allow_downscale },
                { "UnevenVotes", c->uneven_votes },
        };

        FOREACH_ARRAY(f, flags, ELEMENTSOF(flags))
                if (f->set)
                        journal_text(m->journal, JOURNAL_CLUSTER_WARNING, "corosync.conf: %s",
                                        quorum_warning(f->flag));
}

static void warn_of_address(Manager *m, const ClusterInfo *c)
{
        if (c->loopback)
                journal_text(m->journal, JOURNAL_RING_ADDRESS,
                                "corosync.conf: the ring address %s is every host's own: no node hears another one over it",
                                c->loopback);
}

/* A node that is cut off notices it by its own silent Corosync, or by a quorum that it hears nothing of, at the
 * latest, and then stops its workers; the others start them when they have noticed the loss and FailoverDelaySec=
 * is over. */
void cluster_link_warn_of_delays(Manager *m)
{
        Timing t = cluster_timing(&m->config, m->cluster);
        _cleanup_(byte_writer_done) ByteWriter names = {};
        size_t n = 0;

        for (size_t i = 0; i < m->apps.n_items; i++) {
                const Definition *d = &m->apps.items[i].definition;

                if (d->failover_delay_usec == DELAY_AUTO || d->failover_delay_usec >= t.needed_usec ||
                                d->n_nodes < 2 || d->needs_end)
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

/* ---- the group ---- */

void cluster_link_take(Manager *m, ClusterInfo *c)
{
        m->cluster = c;
        pulse_set_isolation(m, cluster_timing(&m->config, c).isolation_usec);
        warn_of_quorum(m, c);
        warn_of_address(m, c);
}

const char *cluster_link_node_name(const Manager *m, uint32_t node_id)
{
        const ClusterNode *node = m->cluster ? cluster_info_find(m->cluster, node_id) : NULL;

        return node ? node->name : "?";
}

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
        ending_begin_anew(m);
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

bool cluster_link_is_up(Manager *m, const GroupConnected *c)
{
        int r;

        set_trouble(m, NULL);
        if (!same_self(m->cluster, c->cluster)) {
                begin_anew(m);
                return false;
        }
        if (m->corosync_was_lost)
                journal_text(m->journal, JOURNAL_COROSYNC_BACK, "connected to Corosync again");
        m->corosync_was_lost = false;
        m->self = c->self;
        m->cluster->token_usec = c->cluster->token_usec;
        m->cluster->consensus_usec = c->cluster->consensus_usec;
        pulse_set_isolation(m, cluster_timing(&m->config, c->cluster).isolation_usec);
        wire_reset(m->reader);
        m->votes_reader = votes_reader_free(m->votes_reader);
        r = votes_reader_new(m->event, m->self.node_id, VOTES_DEVICE_USEC, on_votes, m, &m->votes_reader);
        if (r < 0) {
                loop_fail(m, r, "preparing to ask for the votes");
                return false;
        }
        return true;
}

void cluster_link_is_down(Manager *m, const char *why)
{
        journal_text(m->journal, JOURNAL_COROSYNC_LOST, "the connection to Corosync is lost");
        m->corosync_was_lost = true;
        set_trouble(m, why);
        m->votes_reader = votes_reader_free(m->votes_reader);
        set_votes(m, NULL);
}

static void on_trouble(void *userdata, const char *why)
{
        Manager *m = userdata;

        m->corosync_was_lost = true;
        set_trouble(m, why);
        journal_text(m->journal, JOURNAL_COROSYNC_WAITING, "waiting for Corosync: %s", why);
        status_line_later(m);
}

static bool same_timing(const ClusterInfo *a, const ClusterInfo *b)
{
        return a->token_usec == b->token_usec && a->consensus_usec == b->consensus_usec &&
               !a->device_model == !b->device_model;
}

/* Timeouts that a reload of corosync.conf has brought: only this node's own silence is measured by them, so they need
 * not be agreed. */
static void take_timing(Manager *m)
{
        pulse_set_isolation(m, cluster_timing(&m->config, m->cluster).isolation_usec);
        event_timing(m);
        if (m->exiting)
                return;
        cluster_link_warn_of_delays(m);
        bus_server_changed(m->bus_server, NULL, NULL);
        (void) bus_server_flush(m->bus_server); /* a bus that is lost is noticed by itself */
}

/* By the nodes and the rules of quorum more than one node decides: the engine tells the group. */
static void take_nodelist(Manager *m)
{
        const ClusterInfo *c = m->cluster;
        _cleanup_(byte_writer_done) ByteWriter names = {};

        for (size_t i = 0; i < c->n_nodes; i++) {
                put_bytes(&names, " ", 1);
                put_bytes(&names, c->nodes[i].name, strlen(c->nodes[i].name));
        }
        put_u8(&names, 0);
        journal_text(m->journal, JOURNAL_NODELIST, "corosync.conf was loaded again; its nodes are%s%s",
                        names.error ? "" : (const char *) names.data,
                        c->quorum_by_fewer ? ", and fewer than a majority of them can have quorum" : "");
        warn_of_quorum(m, c);
        m->stranger_seen = false; /* the next view tells */
        event_nodelist(m);
}

/* A node that was added to the nodelist while Corosync runs may show first in a ring. Asked off the loop; if the
 * nodelist does not have it either, the administrator has forgotten this node's file. */
static void on_cluster_again(void *userdata, int error, ClusterInfo *cluster, const char *why)
{
        Manager *m = userdata;
        _cleanup_(cluster_info_freep) ClusterInfo *c = cluster;
        bool same, timing, address;

        if (error == -ENOTCONN)
                return;
        if (error < 0) {
                journal_text(m->journal, JOURNAL_CLUSTER_WARNING, "%s", why);
                return;
        }
        same = same_cluster(m->cluster, c);
        timing = same_timing(m->cluster, c);
        address = strcmp_ptr(m->cluster->loopback, c->loopback) == 0;
        if (!same_self(m->cluster, c) || (!same && !m->takes_part))
                return begin_anew(m);
        cluster_info_free(m->cluster);
        m->cluster = TAKE_PTR(c);
        reload_take_nodelist(m);
        if (!timing)
                take_timing(m);
        if (!same && !m->exiting)
                take_nodelist(m);
        if (m->exiting)
                return;
        if (!address)
                warn_of_address(m, m->cluster);
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
                loop_fail(m, r, "asking for the nodelist");
}

void cluster_link_compare(Manager *m, const ClusterInfo *c)
{
        if (!same_cluster(m->cluster, c))
                read_again(m);
}

void cluster_link_look_for_strangers(Manager *m, const Event *view)
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

void cluster_link_note_refused(Manager *m, const char *node, const char *text)
{
        uint64_t now = boottime_usec();
        _cleanup_free_ char *counted = NULL;

        if (m->refused_usec != 0 && now - m->refused_usec < REFUSED_NOTE_USEC) {
                m->n_refused++;
                return;
        }
        if (m->n_refused > 0 && asprintf(&counted, "%s (and %" PRIu64 " more since the last such line)", text,
                                                m->n_refused) < 0)
                counted = NULL;
        journal_send(m->journal, &(JournalEntry){ .kind = NOTE_MESSAGE_REFUSED,
                                                 .node = node,
                                                 .text = counted ? counted : text });
        m->refused_usec = now;
        m->n_refused = 0;
}

int cluster_link_join(Manager *m)
{
        static const GroupCallbacks callbacks = {
                .connected = event_connected,
                .disconnected = event_disconnected,
                .trouble = on_trouble,
                .view = event_view,
                .quorum = event_quorum,
                .message = event_message,
                .probe = event_probe,
                .configuration = on_configuration,
                .left = ending_is_over,
        };

        return group_new(m->event, m->config.group, &callbacks, m, &m->group);
}
