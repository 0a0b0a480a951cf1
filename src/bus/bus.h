/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Our objects on D-Bus: org.distro.Manager1, one org.distro.Application1 for each application, one
 * org.distro.Node1 for each node, and an ObjectManager over them. dbus/ holds the interfaces as XML,
 * org.distro.Manager1(5) their meaning.
 *
 * Reads are answered at once from the engine. A change is parsed, the sender's right to it is found out
 * without blocking (root and our own user pass, all others need polkit's word), and then it is handed to the
 * owner's `submit`; the answer goes out when the owner calls bus_server_reply(). Nothing here changes the
 * engine.
 *
 * Order of what leaves: bus_server_note() and bus_server_reply() only queue. bus_server_flush() sends what
 * has changed (PropertiesChanged, InterfacesAdded, InterfacesRemoved), then the queue in its order, so that a
 * client that has its answer has also been told what changed.
 *
 * Bounds: BUS_CALLS_MAX changes may be under way at once, BUS_CALLS_PER_SENDER_MAX of one connection, and
 * BUS_CALLS_ASKING_MAX (of one user BUS_CALLS_ASKING_PER_USER_MAX) may wait for polkit; what is above is answered with org.distro.Error.TooMany. Those
 * that wait for polkit (perhaps for a person with a password) are fewer than all, so that they never keep
 * root out; nor do those whose sender is not known yet, which have a bound of their own: for a moment any user
 * can have many of them. What one user but root may read in a second is bounded, and what may wait to be sent; above
 * that a read is answered with org.freedesktop.DBus.Error.LimitsExceeded. Where too much waits for all peers together,
 * those end that have not taken theirs for the longest time. */

#include <systemd/sd-bus.h>

#include "base/dbus.h"
#include "engine/engine.h"

#define BUS_ERROR_PREFIX "org.distro.Error."

#define BUS_PEERS_MAX 64u
#define BUS_CALLS_MAX 256u
#define BUS_CALLS_PER_SENDER_MAX 32u
#define BUS_CALLS_ASKING_MAX 64u
#define BUS_CALLS_ASKING_PER_USER_MAX 16u
#define BUS_CALLS_UNKNOWN_MAX \
        8192u /* as many as the 256 connections that dbus-daemon gives one user can have */
/* Of reads, in objects shown: an application costs the manager some 10 us and some 1.2 KiB. */
#define READS_BURST 40000u
#define READS_PER_SEC 20000u      /* of one user: a fifth of the manager's time */
#define READS_QUEUED_MAX 8192u    /* in answers that the bus has not taken yet */
#define READS_REFUSALS_MAX 16384u /* and so many messages: what comes then is not even refused */
/* What waits for all peers together, in objects (some 5 MiB), and what of it may be one's own before its reads are refused. */
#define PEERS_QUEUED_MAX 4096u
#define PEER_QUEUED_MAX (PEERS_QUEUED_MAX / 4)
#define BUS_OUTBOX_MAX 4096u /* messages that wait for the flush; what is above leaves at once */

typedef struct BusServer BusServer;

/* One entry of QuorumDetail. */
typedef struct BusNumber {
        const char *name; /* CamelCase */
        uint64_t value;
        bool is_flag; /* shown as a boolean; else as an unsigned 64-bit number */
} BusNumber;

/* What the engine does not know. The pointers stay valid until the owner is asked again or the loop turns. */
typedef struct BusLocal {
        const char *node_name;
        const char *version;
        const char *status;                  /* the line that systemd shows */
        uint64_t token_usec, consensus_usec; /* from cmap; 0: not known yet */
        uint64_t rebooted_usec; /* this boot began because this host rebooted itself, then; 0: it did not */
        const char *rebooted_why;
        uint32_t n_file_warnings; /* about this node's files of applications, as they were read last */
        const BusNumber *quorum;  /* what Corosync's votequorum says; may be empty */
        size_t n_quorum;
} BusLocal;

/* A part of a copy that is known on this node. The pointers stay valid during the call. */
typedef struct BusPart {
        const char *kind, *id; /* "address", and what it is called among those of its application */
        const char *state;     /* systemd's ActiveState; "unknown" until it was read */
        uint64_t since_usec;   /* in that state since then, CLOCK_REALTIME; 0: not known */
        const char *text;      /* what its helper says, or why it ended; "" */
} BusPart;

/* A change that a client asked for. The bus says which user and process that is. `comm` is what the process calls itself,
 * and it may call itself as it likes. The pointers stay valid during the call. */
typedef struct BusAsked {
        const char *verb;       /* the method's name */
        const char *app, *node; /* "" where they have no meaning */
        bool has_flag, flag, force;
        bool known;          /* else the bus does not say which user it is, and what follows is not set */
        uint32_t uid, pid;   /* pid 0: not known */
        const char *comm;    /* printable; "": not known */
        const char *refusal; /* NULL: it is carried out now; else why it was not */
        bool unsure;         /* or why it is not known whether it was */
} BusAsked;

/* What the owner gives; all are required. They are called from within sd-bus's dispatch or from the functions
 * below. */
typedef struct BusOps {
        /* Never NULL while a bus is attached. */
        const Engine *(*engine)(void *userdata);
        /* The clock of Event.now_usec. */
        uint64_t (*now)(void *userdata);
        void (*local)(void *userdata, BusLocal *ret);
        /* Is a worker's unit of this application active on this node? Then its invocation id is written
         * (zeroes where it is not known yet). */
        bool (*invocation)(void *userdata, const char *app, uint8_t ret_id[16]);

        /* Tells the parts of the copy that is known on this node, in the order of their start; and whether this node's file of
         * the application, as it is in force, has any. */
        void (*parts)(void *userdata, const char *app, void (*tell)(void *to, const BusPart *part), void *to);
        bool (*has_parts)(void *userdata, const char *app);

        /* This node's files as they were read last: of each application its name, the digest of what is in force (0:
         * nothing), and whether the file is right. */
        void (*files)(void *userdata, void (*tell)(void *to, const char *app, uint64_t digest, bool right),
                        void *to);

        /* The three changes. `command` and `app` are valid during the call only; names are never NULL, ""
         * where they have no meaning. The answer is given by bus_server_reply() with the same token, in the
         * call already or any time later. A negative errno refuses: -ENOBUFS as TooMany, all others as the
         * D-Bus error that sd-bus makes of it. */
        int (*submit)(void *userdata, uint64_t token, const Command *command);
        int (*stop_local)(void *userdata, uint64_t token, const char *app);
        /* Reads this node's files again; answer when they were read. */
        int (*reload)(void *userdata, uint64_t token);

        /* Each change once the sender is known to be allowed to, before it is handed over; and each that is refused,
         * for whatever reason, but those that are no change (wrong arguments) or too many to look at. */
        void (*asked)(void *userdata, const BusAsked *asked);

        /* How asking for the bus name ended: 0; -EEXIST, another manager has it; -EPERM, the policy file is
         * missing; or another negative errno. Once for each attach, later. */
        void (*name)(void *userdata, int error);
        /* Much memory was given up, and may be given back to the host. */
        void (*freed)(void *userdata);
} BusOps;

/* Copies `ops`; `userdata` is handed to them. 0 or -ENOMEM. */
int bus_server_new(const BusOps *ops, void *userdata, BusServer **ret);
/* Detaches too. */
BusServer *bus_server_free(BusServer *s);
DEFINE_TRIVIAL_CLEANUP(BusServer *, bus_server_free)

/* Puts our objects on `bus` and asks for the name without blocking. A reference is taken; the owner attaches
 * the bus to its loop and watches for its end. A server that was attached is detached first. What is shown
 * now is taken as known to all clients. On failure (-ENOMEM, or what sd-bus says) the server is detached. */
int bus_server_attach(BusServer *s, sd_bus *bus);
/* For a bus that is gone: forgets it, and the calls that came over it; those that were submitted already are
 * carried out all the same, their replies are dropped. */
void bus_server_detach(BusServer *s);

/* A client with a connection of its own, without a bus in between: it sees and may do the same, and goes on where the bus
 * is gone. `bus` is attached to the owner's loop, and a reference is taken; it ends by itself. -ENOBUFS at BUS_PEERS_MAX,
 * -ENOMEM, or what sd-bus says. */
int bus_server_add_peer(BusServer *s, sd_bus *bus);
/* Frees those that were ended since they did not take what they were sent. To be called now and then, from the loop and
 * not from within a call. */
void bus_server_check_peers(BusServer *s);

/* EFFECT_REPLY, or the answer to stop_local or reload. An empty text is replaced by the error's meaning. A
 * token that is not known (its client or its bus is gone) is ignored. */
void bus_server_reply(BusServer *s, uint64_t token, CommandError error, const char *text);
/* EFFECT_NOTE: queues the D-Bus signal of those notes that have one. */
void bus_server_note(BusServer *s, const Effect *note);
/* EFFECT_CHANGED, and for what is local: this application, or this node, or (both NULL or empty) the manager
 * may show something else now. Marking is cheap, and marking what has not changed sends nothing. */
void bus_server_changed(BusServer *s, const char *app, const char *node);
/* The same for everything there is. */
void bus_server_changed_all(BusServer *s);

/* Sends what has changed and what was queued. To be called after each step, or once for several. Returns 0,
 * or the first error; the rest was sent nevertheless. Without a bus only peers are told, and 0. */
int bus_server_flush(BusServer *s);
