/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The adapter for Corosync: cpg, quorum and cmap on an sd-event loop. It translates and decides nothing.
 *
 * Connecting, and whatever else waits for an answer of Corosync's (initialize, join, leave, finalize, all of
 * cmap), runs on a thread of its own, one at a time for each Group, and its result comes back through an
 * eventfd: a frozen Corosync never holds up the loop. On the loop remain dispatching what has arrived and
 * cpg_mcast_joined(). That one does not wait for an answer, but spins in libqb once some 270 messages wait
 * unread in a frozen Corosync. So no more than GROUP_IN_FLIGHT_MAX messages, and GROUP_PROBES_MAX probes, are
 * ever on their way: the next one goes out when the first has been delivered back to us.
 *
 *   group_new() ------------> connecting ----> connected(), then view(), quorum(), message(), probe() ...
 *                             |  ^   ^               |                        |
 *                  trouble(), |  |   |               |                        |
 *        again after 50 ms .. |  |   |               |                        |
 *                         2 s +--+   +---------------+ group_rejoin()         |
 *                                    +----------------------------------------+ disconnected()
 *
 * After group_leave() only left() comes. Nothing is called from within group_new(), group_send() and the
 * like: all callbacks come from the loop. A callback may call everything here but group_free().
 *
 * Quorum's descriptor has the highest priority of the loop's sources, then cpg's, and each turn handles one
 * event: what Corosync said about quorum before a message was sent is handled before that message. */

#include <systemd/sd-event.h>

#include "engine/engine.h"
#include "group/cluster.h"

typedef struct Group Group;

#define GROUP_FRAGMENT_MAX (64u * 1024)     /* bytes of one group_send() */
#define GROUP_QUEUE_MAX (48u * 1024 * 1024) /* bytes that wait to be sent */
#define GROUP_IN_FLIGHT_MAX 32u
#define GROUP_PROBES_MAX 16u
#define GROUP_TOGETHER_USEC (50 * USEC_PER_MSEC) /* between messages that can wait for each other */
#define GROUP_SETTLE_USEC (500 * USEC_PER_MSEC)  /* the many keys of one change are told together */
#define GROUP_SLOW_USEC (5 * USEC_PER_SEC)       /* connecting that takes longer is trouble */
#define GROUP_PRIORITY_QUORUM (SD_EVENT_PRIORITY_NORMAL - 20)
#define GROUP_PRIORITY_CPG (SD_EVENT_PRIORITY_NORMAL - 10)

typedef struct GroupConnected {
        uint64_t incarnation;       /* random, not 0, new at each join */
        Member self;                /* our node id and pid, as the group shows them */
        const ClusterInfo *cluster; /* read anew; valid until the next connected() */
} GroupConnected;

/* Pointers in arguments are valid during the call only, unless said otherwise. All must be set. */
typedef struct GroupCallbacks {
        /* The group is being joined; comes before its first view. */
        void (*connected)(void *userdata, const GroupConnected *c);
        /* Corosync is gone: `why` in words. Everything queued is dropped, and connecting begins again. */
        void (*disconnected)(void *userdata, const char *why);
        /* Connecting did not succeed and is tried again; called once as long as `why` is the same. A wrong
         * configuration of Corosync (cluster.h) is reported here too: it may be mended and Corosync
         * restarted. That Corosync is busy, as it is at each rejoin, or does not answer counts as trouble after
         * GROUP_SLOW_USEC. */
        void (*trouble)(void *userdata, const char *why);
        /* EVENT_VIEW with everything but the times. The first one is VIEW_PROCESS with ourselves as joined. A
         * view without ourselves means that Corosync has put us out: group_rejoin(). Before this call what
         * was queued by group_send() has been dropped; what Corosync already had is still delivered. */
        void (*view)(void *userdata, const Event *view);
        /* Corosync's quorum notification of a ring; the nodelist's, which comes too early, is not reported.
         * The first may come before the first view, and the same may come again. */
        void (*quorum)(void *userdata, RingId ring, bool quorate);
        /* What a member has multicast, in the order that is the same for all. */
        void (*message)(void *userdata, Member sender, const void *data, size_t size_bytes);
        /* The probe with this number has come back; it was sent after the last group_forget_probes(). */
        void (*probe)(void *userdata, uint64_t number);
        /* The nodelist, the timeouts in force or the options of quorum have changed, GROUP_SETTLE_USEC ago: they are to
         * be read anew. */
        void (*configuration)(void *userdata);
        /* After group_leave(): the others know that we are gone, or the time for that is over. */
        void (*left)(void *userdata);
} GroupCallbacks;

/* Begins to connect to the group `name`. `callbacks` is copied. 0; -EINVAL for a name that is empty, too
 * long, or has anything but letters, digits and "._-"; -ENOMEM or another errno of the loop's. */
int group_new(sd_event *loop, const char *name, const GroupCallbacks *callbacks, void *userdata, Group **ret);
/* Not from within a callback. Does not wait; what is still open is closed by a thread, or by the end of the
 * process. */
Group *group_free(Group *g);
DEFINE_TRIVIAL_CLEANUP(Group *, group_free)

/* Multicasts one fragment, in order. The bytes are copied. While Corosync is busy (CS_ERR_TRY_AGAIN, which
 * follows every change of the ring) or the last ones are not back, it is kept and tried again after 1, 2, 5
 * ... 50 ms. 0: sent or queued; -ENOTCONN: there is no connection, or we are leaving; -EMSGSIZE: too long or
 * empty; -ENOBUFS: the queue is full, and as our running numbers would have a gap the caller does best to
 * group_rejoin(); -ENOMEM. */
int group_send(Group *g, const void *data, size_t size_bytes);
/* The same for a message on which no member acts at once. Each message makes the ring turn at its full speed for some
 * thirty rounds, which costs all nodes milliseconds of a processor. So the first goes out now, and those that
 * follow it within GROUP_TOGETHER_USEC together, or with the next group_send(). */
int group_send_together(Group *g, const void *data, size_t size_bytes);
size_t group_queued(const Group *g); /* bytes that wait */

/* Sends a probe to a group that this process alone has joined, "NAME/NODEID": if Corosync works, probe()
 * follows at once, with the caller's `number`. Not sent, and not tried again, while Corosync is busy or
 * GROUP_PROBES_MAX are unanswered: a later one with a greater number says as much. */
void group_probe(Group *g, uint64_t number);
/* Probes sent so far count no more, wherever they are: the host has slept. */
void group_forget_probes(Group *g);

/* Leaves and joins again under a new incarnation: connected() follows, or disconnected() if Corosync is gone.
 */
void group_rejoin(Group *g);
/* Leaves for good; left() follows within GROUP_LEAVE_USEC, also without a connection. */
void group_leave(Group *g);
