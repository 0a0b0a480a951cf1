/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a server consists of: every file of src/bus sees it. From the roof to the ground:
 *
 *   server.c       what the owner knows (bus.h): one connection to the system bus, and the peers
 *   peers.c        clients without a bus in between; each has an endpoint of its own
 *   shown.c        what clients have been told
 *   endpoint.c     our objects on one connection
 *   signals.c      the signals
 *   reads.c        the bounds of reads
 *   manager-object.c, application-object.c, node-object.c   one interface each
 *   call.c         changes, from the request to the answer
 *   outbox.c       what waits for the flush
 *   property.c     how a property becomes a value on the bus, or a hash
 *   path.c, errors.c   names */

#include "base/array.h"
#include "bus/bus.h"

/* ---- changes under way ---- */

typedef enum CallKind {
        CALL_COMMAND,
        CALL_RELOAD,     /* this node's files only */
        CALL_STOP_LOCAL, /* of command.app */
} CallKind;

typedef enum CallPhase {
        CALL_CREDENTIALS, /* the bus is asked for the sender's user */
        CALL_ASKING,      /* polkit is asked whether the sender may */
        CALL_SUBMITTED,   /* the owner has it */
        _CALL_PHASE_MAX,
} CallPhase;

/* Owned by the server's list. Freeing it cancels what was in flight. */
typedef struct BusCall {
        BusServer *server;
        struct BusCall *next;
        uint64_t token;
        CallKind kind;
        CallPhase phase;
        bool known;        /* the sender's user */
        uint32_t uid, pid; /* of the sender, once it is known */
        char comm[16];
        Command command;    /* owned */
        const char *action; /* polkit's */
        sd_bus_message *message;
        sd_bus_slot *pending_slot; /* the question to the bus or to polkit */
        sd_bus_slot *gone_slot;    /* while polkit is asked: the match for the sender's end */
} BusCall;

/* ---- the bounds of reads ---- */

#define READERS_MAX 1024u
#define READ_ACCOUNTS_MAX 64u

/* A connection that reads. */
typedef struct Reader {
        char *sender; /* NULL: free */
        uint32_t uid; /* UINT32_MAX: not known */
        sd_bus_slot *slot;
} Reader;

/* What a user may still read, in objects. */
typedef struct ReadAccount {
        bool used;
        uint32_t uid;
        int64_t left;
        uint64_t usec; /* when it was filled last */
} ReadAccount;

typedef struct Reads {
        Reader readers[READERS_MAX];
        size_t next_reader;
        ReadAccount accounts[READ_ACCOUNTS_MAX];
        uint64_t queued; /* objects in answers, since nothing waited to be sent */
} Reads;

/* ---- what clients have been told ---- */

/* What was last shown of an object: its name, and a hash of each property that can change. */
typedef struct Shown {
        char *name;
        uint32_t *hashes; /* one for each property of the interface */
        uint32_t node_id; /* of an application: the node of its present copy; of a node: its id */
        bool dirty;
} Shown;

typedef struct ShownList {
        Shown *items; /* sorted by name */
        size_t n_items, n_allocated;
        bool dirty;   /* some item is */
        bool changed; /* items may have come or gone */
} ShownList;

/* ---- objects and peers ---- */

/* One object of ours while sd-bus handles a call for it. */
typedef struct BusObject {
        BusServer *server;
        const App *app;   /* of an Application1 */
        const Node *node; /* of a Node1 */
        AppStatus status; /* of `app` */
        BusLocal local;   /* of the Manager1 */
} BusObject;

typedef struct BusPeer BusPeer;
struct BusPeer {
        BusServer *parent, *server;
        sd_bus *bus;
        sd_bus_slot *gone_slot;
        BusPeer *next;
        uint64_t n_waits; /* 0: it has taken all; else smaller than of those that wait for a shorter time */
};

/* ---- the server ---- */

#define BUS_SLOTS_PER_INTERFACE 2u

typedef enum BusSlot {
        SLOT_FILTER,
        SLOT_OBJECT_MANAGER,
        SLOT_MANAGER,
        SLOT_APPLICATION = SLOT_MANAGER + BUS_SLOTS_PER_INTERFACE,
        SLOT_NODE = SLOT_APPLICATION + BUS_SLOTS_PER_INTERFACE,
        SLOT_NAME = SLOT_NODE + BUS_SLOTS_PER_INTERFACE,
        _SLOT_MAX,
} BusSlot;

struct BusServer {
        BusOps ops;
        void *userdata;

        sd_bus *bus; /* NULL: detached */
        sd_bus_slot *slots[_SLOT_MAX];

        Reads reads;

        BusServer *parent;                    /* of a peer's server: that which finds out what has changed */
        void (*make_room)(BusServer *parent); /* of a peer's server: asked before each call */
        BusPeer *peers;
        size_t n_peers;
        bool peers_filled; /* much has waited for them, and the owner was not told yet that it was freed */
        uint64_t n_peers_ever, n_waits_ever;

        BusCall *calls; /* bounded: see bus.h */
        size_t n_calls[_CALL_PHASE_MAX];
        uint64_t last_token; /* never starts again, so that a late answer meets no other call */

        sd_bus_message **outbox; /* what waits for the flush */
        size_t n_outbox, n_outbox_allocated;
        int outbox_error; /* of what could not be queued or had to leave early; told by the next flush */

        ShownList shown_apps, shown_nodes;
        uint32_t *shown_manager; /* hashes */
        bool manager_dirty;

        /* The object that sd-bus works on; filled anew by each lookup, used before the next one. */
        BusObject found;
};

static inline const Engine *server_engine(const BusServer *s)
{
        return s->ops.engine(s->userdata);
}
static inline const State *server_state(const BusServer *s)
{
        return engine_state(server_engine(s));
}
