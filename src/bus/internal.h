/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of src/bus share. server.c holds the life of a server, the way out of everything that
 * leaves, and the signals; call.c the changes from the request to the answer; reads.c the bounds of reads; peers.c clients without a bus in
 * between; manager.c, application.c and
 * node.c one interface each; shown.c what clients have been told; property.c how a property becomes a value
 * on the bus or a hash; errors.c the names of errors. */

#include "base/array.h"
#include "bus/bus.h"
#include "bus/property.h"

/* ---- errors.c ---- */

/* "org.distro.Error.NotRunning"; NULL for COMMAND_OK. */
const char *bus_error_name(CommandError e);
/* What the error means, as a sentence for people. */
const char *bus_error_text(CommandError e);
/* Fills `error` and returns a negative number, for handlers to return. */
int bus_error_set(sd_bus_error *error, CommandError e, const char *format, ...) _printf_(3, 4);
/* An argument that cannot be: org.freedesktop.DBus.Error.InvalidArgs with what was expected. */
int bus_error_set_invalid(sd_bus_error *error, const char *format, ...) _printf_(2, 3);

/* ---- call.c: changes under way ---- */

typedef enum CallKind {
        CALL_COMMAND,
        CALL_RELOAD,     /* this node's files only */
        CALL_STOP_LOCAL, /* of command.app */
} CallKind;

typedef enum CallPhase {
        CALL_CREDENTIALS, /* the bus is asked who the sender is */
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
        bool known;        /* who the sender is */
        uint32_t uid, pid; /* of the sender, once it is known */
        char comm[16];
        Command command;    /* owned */
        const char *action; /* polkit's */
        sd_bus_message *message;
        sd_bus_slot *pending_slot; /* the question to the bus or to polkit */
        sd_bus_slot *gone_slot;    /* while polkit is asked: the match for the sender's end */
} BusCall;

BusCall *bus_call_free(BusCall *c);
DEFINE_TRIVIAL_CLEANUP(BusCall *, bus_call_free)
/* Drops all calls without an answer. */
void bus_calls_drop(BusServer *s);
/* Handles a changing method whose arguments have been checked. `app` and `node` may be NULL. Returns 1, the
 * answer comes later; or a negative number with *error filled. */
int bus_call_begin(
                BusServer *s, sd_bus_message *m, CallKind kind, const Command *command, sd_bus_error *error);

/* Reads a name from the message and checks its form. An empty one is refused unless `may_be_empty`. */
int bus_read_app_name(sd_bus_message *m, bool may_be_empty, const char **ret, sd_bus_error *error);
int bus_read_node_name(sd_bus_message *m, bool may_be_empty, const char **ret, sd_bus_error *error);

/* A method that is a command of the group. A letter for each argument: a application, n node (A, N: they may be empty),
 * b the command's flag, f its force. */
typedef struct BusChange {
        const char *member;
        CommandKind kind;
        const char *arguments;
} BusChange;

/* The method of this name, or NULL. */
const BusChange *bus_change_find(const BusChange *changes, size_t n_changes, const char *member);
/* Reads the arguments of one of these methods and begins the call; `app`: of the object it was called on, or NULL. */
int bus_change(BusServer *s, sd_bus_message *m, const BusChange *changes, size_t n_changes, const char *app,
                sd_bus_error *error);

/* ---- reads.c: what is read, and by whom ---- */

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

/* Looks at each call before it is carried out: SLOT_FILTER. */
int reads_watch(BusServer *s);
void reads_forget(BusServer *s);
/* What waits to be sent, in objects; a message is at least one. */
uint64_t reads_waiting(BusServer *s);

/* ---- shown.c: what clients have been told ---- */

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

void shown_list_done(ShownList *l);
/* Takes what the engine shows now as told, and sends nothing. */
int shown_reset(BusServer *s);
/* Sends InterfacesAdded, InterfacesRemoved and PropertiesChanged. 0, or the first error. */
int shown_flush(BusServer *s);

/* ---- the interfaces ---- */

/* One object of ours while sd-bus handles a call for it. */
typedef struct BusObject {
        BusServer *server;
        const App *app;   /* of an Application1 */
        const Node *node; /* of a Node1 */
        AppStatus status; /* of `app` */
        BusLocal local;   /* of the Manager1 */
} BusObject;

/* A method of this name changes something. */
bool manager_method_changes(const char *member);
bool application_method_changes(const char *member);
int manager_object_add(BusServer *s, sd_bus_slot **ret_slots);
int application_object_add(BusServer *s, sd_bus_slot **ret_slots);
int node_object_add(BusServer *s, sd_bus_slot **ret_slots);
#define BUS_SLOTS_PER_INTERFACE 2u

/* Stale and StaleSinceTimestamp, which each object has. */
void bus_write_stale(const BusObject *o, Sink *s);
void bus_write_stale_since(const BusObject *o, Sink *s);

extern const Property manager_properties[], application_properties[], node_properties[];
extern const size_t n_manager_properties, n_application_properties, n_node_properties;

void manager_object_fill(BusServer *s, BusObject *ret);
void application_object_fill(BusServer *s, const App *app, BusObject *ret);
void node_object_fill(BusServer *s, const Node *node, BusObject *ret);

/* New strings; NULL without memory. */
char *application_path(const char *name);
char *application_unit(const char *name);
char *node_path(const char *name);
/* The node of the copy that is shown as the application's; 0: nowhere. */
uint32_t application_node_id(const App *app);

/* The name at the end of a path below `prefix`, newly allocated. 0 if it is no such path, or not written as
 * we write it; 1 if it is; -ENOMEM. */
int bus_path_name(const char *path, const char *prefix, char **ret);

/* The paths of n objects, as sd-bus's enumerators give them: 0 or -ENOMEM. */
int bus_paths(const State *state, size_t n, char *(*path_at)(const State *state, size_t i), char ***ret);

/* A property that is read by the file's own get_property(). */
#define BUS_CONSTANT(name, signature) \
        SD_BUS_PROPERTY(name, signature, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define BUS_CHANGING(name, signature) \
        SD_BUS_PROPERTY(name, signature, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

/* ---- peers.c: clients without a bus in between ---- */

typedef struct BusPeer BusPeer;
struct BusPeer {
        BusServer *parent, *server;
        sd_bus *bus;
        sd_bus_slot *gone_slot;
        BusPeer *next;
        uint64_t n_waits; /* 0: it has taken all; else smaller than of those that wait for a shorter time */
};

/* Ends those that have not taken what they were sent for the longest time, until little enough waits for all. They are
 * only closed, since one of them may be the sender of the call that is looked at; bus_server_check_peers() frees them. */
void peers_make_room(BusServer *s);

void peers_drop(BusServer *s);
void peers_reply(BusServer *s, uint64_t token, CommandError error, const char *text);
void peers_note(BusServer *s, const Effect *note);
void peers_flush(BusServer *s); /* their answers; what has changed they have been told by then */

/* ---- server.c ---- */

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

        BusServer *parent; /* of a peer's server: that which finds out what has changed */
        BusPeer *peers;
        size_t n_peers;
        bool peers_filled; /* much has waited for them, and the owner was not told yet that it was freed */
        uint64_t n_peers_ever, n_waits_ever;

        BusCall *calls; /* bounded: see bus.h */
        size_t n_calls[_CALL_PHASE_MAX];
        uint64_t last_token; /* never starts again, so that a late answer meets nobody else's call */

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
/* Queues a message for the flush. The reference is taken over. */
void server_queue(BusServer *s, sd_bus_message *m);
