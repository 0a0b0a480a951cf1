/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The agreed state: what every synced member holds identically at the same point of the message order. It changes only
 * by the rules in agreed/, and only because a message was delivered or a view was decided. The member that forms a
 * group makes one of its own, and sends it. Everything is sorted: nodes by id, applications by name, what hangs off
 * them by node id or epoch. Every part may read it (the bus, status, simulate); only the engine writes. As bytes:
 * encode.h.
 *
 * Node ids are Corosync's; 0 means "no node". */

#include "engine/types.h"

/* A timer of the agreed state. The serial is agreed, the deadline is on the local clock: each member runs the timer
 * for itself, and the expiry message is what counts. */
typedef struct Timer {
        uint64_t serial; /* 0: not running */
        uint64_t deadline_usec;
} Timer;

#define STUCK_WHY_MAX 256u

typedef enum CopyPhase {
        COPY_STARTING, /* granted; its end or its start has not been reported */
        COPY_RUNNING,
        COPY_STOPPING, /* its node has to stop it */
        COPY_LOST,     /* its node, or its node's manager for longer than the grace, is gone. Kept until it is
                        * reported ended: it counts again when the node is back in the ring */
        _COPY_PHASE_MAX,
} CopyPhase;

typedef struct Copy {
        uint32_t node_id;
        uint64_t epoch;
        CopyPhase phase;
        StartType start_type; /* why it was started; START_NONE where it was only found */
        uint32_t from_node; /* the previous owner; 0 for normal, but where it is started again where it failed */
        bool stuck;         /* its stop did not end */
        bool restart_needed; /* its unit was started from something else than its node's file says */
        bool surplus;        /* found in a merge, being stopped because another one is the application's */
        bool needs_end;      /* as granted: something of it outlives a kill of its processes */
        uint64_t granted_delay_usec; /* FailoverDelaySec= as it was written then; 0 where it does not need an end */
        bool untamed; /* lost while in maintenance: no manager stops it there, so it may run until it is reported */

        /* Of this engine, not agreed. */
        const char *stop_why; /* why its stop was decided; NULL: it was not, or before this member came */
        char stuck_why[STUCK_WHY_MAX]; /* what its node said is left of it; "": nothing, or before this member came */
} Copy;

/* A note that a node failed to run the application. */
typedef struct Mark {
        uint32_t node_id;
        uint32_t count;             /* failures in a row; each lasts twice as long, up to a day */
        uint64_t set_realtime_usec; /* wall clock */
        uint64_t duration_usec;
        bool expired; /* good for the next start, not for an automatic takeover */
        bool booted;  /* the node has booted since: the mark goes when it expires */
        bool stays;   /* it could not be ended there: no boot of the node takes the mark away */
        bool is_last; /* for nothing else: the node comes after all others, and is eligible where no other one is */
        Timer timer;
} Mark;

/* After its failures on a node the application was started there again (LocalRestarts=): how often, and the last failure.
 * Forgotten FailureTimeoutSec= after the last. */
typedef struct Retry {
        uint32_t node_id;
        uint32_t count;
        char *failure; /* NULL: it is not known */
        Timer timer;
} Retry;

typedef struct Permission {
        uint32_t node_id;
        bool allowed;
} Permission;

/* A node whose file differs from the agreed definition. */
typedef struct Variant {
        uint32_t node_id;
        uint64_t digest; /* 0: no usable file */
        uint64_t error;  /* where the file is wrong: the hash of what is wrong; else 0 */
} Variant;

/* A node whose file has become wrong: what it held before stays in force, until that node's manager is started again. */
typedef struct WrongFile {
        uint32_t node_id;
        uint32_t line; /* of the first error; WRONG_SOMEWHERE */
} WrongFile;

/* What such files hold, once for all nodes that have the same. Else a change that goes from node to node would fill the
 * state with a definition for each node. One without a variant is dropped. */
typedef struct OtherFile {
        uint64_t digest, error; /* as in the variants */
        Definition definition;  /* where digest is not 0 */
        char *text;             /* where error is not 0: what is wrong */
} OtherFile;

/* What was changed and is not committed yet: there may be members that never hear of it, and decide without it. So a node
 * that is cut off goes by the least that holds its workers back from ending, and its peers by the longest. */
typedef struct Unsure {
        Revision since;   /* the last revision without the last such change; count 0: there is none */
        bool maintenance; /* in all revisions from the one that is committed on */
        bool is_auto;     /* FailoverDelaySec=auto in one of them, with one Nodes= or another */
        uint64_t least_delay_usec,
                        longest_delay_usec; /* FailoverDelaySec= in the others; infinity and 0: there are none */
} Unsure;

typedef struct App {
        char *name;

        /* Lasting: on the record of every member. */
        bool target_up; /* what was commanded last, or Enabled= */
        bool commanded; /* target_up comes from a command */
        bool finished;  /* the worker ended by itself: until the next command */
        bool halted;    /* FailureAction=stop and it failed: until the next command */
        bool maintenance;
        uint64_t epoch;      /* nothing up to here is ever granted again */
        uint64_t last_epoch; /* of the last start that was granted or seen; 0: none */
        uint32_t owner; /* node of the last start that was granted; 0: none, or it was stopped on purpose */
        StartType start_type; /* of the last start */
        uint32_t from_node;   /* of the last start: the previous owner; 0 for normal */
        bool kept; /* the definition changed while it ran: what it says against its node waits for the next
                               * start, since a changed definition moves nothing */
        uint32_t held_node; /* moved here by hand ... */
        uint32_t *held_against; /* ... and held against these nodes, sorted, until each was not eligible for once */
        size_t n_held_against;
        Permission *permissions;
        size_t n_permissions;
        Mark *marks;
        size_t n_marks, n_marks_allocated, n_permissions_allocated;
        Copy *copies; /* sorted by epoch */
        size_t n_copies, n_copies_allocated;

        /* Agreed, but of the present only. */
        bool has_definition; /* false: known from a record or a copy, no file anywhere */
        Definition definition;
        Unsure unsure;
        Variant *variants;
        size_t n_variants, n_variants_allocated;
        WrongFile *wrong; /* sorted by node */
        size_t n_wrong, n_wrong_allocated;
        OtherFile *files; /* sorted by digest and error */
        size_t n_files, n_files_allocated;

        StartType next_type; /* why the next start will happen */
        uint32_t next_from;
        uint32_t next_node; /* where an administrator wants it; 0: the placement's choice */

        bool next_retry; /* it failed on next_node, and is started there again; anywhere else that start is what
                             * next_type says */

        Retry *retries; /* sorted by node */
        size_t n_retries, n_retries_allocated;

        uint32_t lost_node;    /* the owner that was lost while FailoverDelaySec= runs; 0: none */
        bool lost_in_order;    /* that one left in order, without a copy: HandOver=no */
        Timer delay;           /* FailoverDelaySec= */
        uint64_t delay_usec;   /* what FailoverDelaySec= came to when `delay` was begun, or grew since */
        uint64_t better_nodes; /* TakeoverDelaySec= runs for these, of one tier: bits, by their place in Nodes=. At least one has been there all the time */
        Timer better;

        uint32_t *owed; /* after maintenance: nodes that have yet to say what they run, sorted */
        size_t n_owed;

        Timer outside; /* it was stopped from outside; another time before this is over is a failure */
        char *failure; /* what the last failure was, in systemd's words; NULL */
        char *restarts; /* systemd restarts the copy of `restarts_epoch` again and again, and why; NULL: it does not */
        uint64_t restarts_epoch;

        /* Of this engine, not agreed. */
        uint64_t changed_realtime_usec; /* when the state shown changed last; newcomers are told; 0: not known */
        bool dirty;                     /* decide.c has to look at it */
        bool told;                      /* EFFECT_CHANGED is out; within a step */
        uint64_t start_epoch, start_probe; /* this node's start waits until this probe is back */
        SentIn start_probe_in;
        SentIn owed_sent_in; /* this node's report after maintenance is under way */
        char *last_blocked;  /* the reason that was noted last, so that it is noted once */
} App;

/* What a node is to the group, as of the last decided view and the messages since. */
typedef enum Presence {
        PRESENCE_OFFLINE,      /* not in the ring */
        PRESENCE_MANAGER_GONE, /* in the ring, no member of the group */
        PRESENCE_SILENT,       /* a member that did not answer */
        PRESENCE_SYNCING,      /* a member that is not synced and has not reported its facts */
        PRESENCE_REPORTED,     /* not synced, but its facts are in the state */
        PRESENCE_SYNCED,
        _PRESENCE_MAX,
} Presence;

/* What a node is called. */
typedef enum NodeState {
        NODE_ONLINE,
        NODE_SYNCING,
        NODE_SILENT,
        NODE_MANAGER_GONE,
        NODE_LEAVING,
        NODE_OFFLINE,
        NODE_UNKNOWN, /* this node cannot know */
        _NODE_STATE_MAX,
} NodeState;

const char *node_state_to_string(NodeState s); /* "online", ... "manager-gone" ... */

typedef struct Node {
        uint32_t id;
        char *name;

        /* Lasting. */
        bool standby;
        uint64_t grace_usec;    /* its ManagerGraceSec=; 0: never reported */
        NodeTiming timing;      /* what it said last */
        NodeTiming least, most; /* of what it said, each number by itself, since what is committed */
        uint64_t rebooted_usec; /* wall clock of its first report after it rebooted itself last; 0: it did not */

        /* Of the present only. */
        Presence presence;
        bool leaving;
        Timer shutdown; /* a worker's end alone says that it leaves: until this is over, or it has said so itself */
        bool unknown; /* since forming it has not reported, there or away: it may run what no record shows */
        bool unwritable; /* it said that its disk takes no writes */
        bool unguarded;  /* it said that it has no guard */
        bool unfused;    /* it said that it has no fuse */
        bool reading;    /* `reload --all` told it to read its files, and it has not said what they hold */
        bool late;       /* has not acknowledged the present revision in time */
        uint64_t synced_serial; /* the last timer that was begun before it came into step: it is not counted by that one */
        bool grace_over; /* its manager has been gone for longer than its grace */
        uint64_t boot_id;
        Revision acked;
        uint64_t command_incarnation; /* which of its commands have been carried out */
        uint64_t command_seq;
        uint32_t pid;        /* of the manager that was synced last */
        uint8_t version_max; /* the highest protocol version that its manager knows */
        uint32_t *nodelist;  /* the nodes of its corosync.conf, as its manager reported last; sorted */
        size_t n_nodelist;
        bool by_fewer; /* as it reported last: its Corosync may give quorum to less than a majority of that */
        Timer grace;
        bool unread; /* its answer to the last `reload --all` did not come in time, and has not yet; for display */
        uint64_t since_usec; /* when it last ceased to be synced, on the local clock; for display */
} Node;

NodeState node_state(const Node *n); /* to the group: never NODE_UNKNOWN */

typedef struct State {
        bool formed;
        bool form_pending; /* formed, but the record is not committed yet: nothing starts */
        bool confirmed;  /* since this cluster's first start a formed state has been on its disks; lasting. A
                                * state of which that is not known counts as none: nothing was started by it */
        uint8_t version; /* of the protocol: fixes the bytes as well as the rules of decision; lasting */
        bool by_fewer;   /* some node's Corosync may give quorum to less than a majority of the nodelist */
        uint64_t ring_seq; /* of the ring in whose view the state was decided last */
        uint64_t forgotten_epoch; /* the greatest of the applications that were forgotten: they may come back; lasting */
        Revision revision;
        uint64_t next_serial;
        /* What files may add before the state is measured again, and have added since it was; see definitions.c. A view
         * begins anew with it. */
        uint64_t room_bytes, room_taken_bytes;
        Node *nodes;
        size_t n_nodes, n_nodes_allocated;
        App *apps;
        size_t n_apps, n_apps_allocated;
        uint32_t *view_nodes; /* synced members of the last quorate view, sorted node ids; lasting */
        size_t n_view_nodes;
        Revision committed;   /* in this view; this revision and all before it are committed */
        Revision commit_base; /* the revision for which `commit` runs */
        Timer commit;
        Timer reload; /* nodes that read their files are waited for */
} State;

void state_done(State *s);

/* ---- what is in it is found ---- */

App *state_find_app(const State *s, const char *name); /* NULL: there is none */
bool app_is_left_alone(
                const App *a); /* in maintenance, also for nodes that may never have heard of the last change */
Node *state_find_node(const State *s, uint32_t id); /* NULL: there is none */
Node *state_find_node_name(const State *s, const char *name);
const char *state_node_name(const State *s, uint32_t id); /* "" for 0, "?" for a node that is not known */

Copy *app_find_copy(const App *a, uint32_t node_id, uint64_t epoch);
/* Why that copy does not get to run, though systemd goes on trying; NULL: nothing is known against it. */
const char *app_restarts(const App *a, const Copy *c);
/* The copy that is the application's: the greatest epoch of those not LOST and not surplus, where a start-first
 * takeover's new copy counts from `started` on. NULL: there is none. */
Copy *app_present_copy(const App *a);
Mark *app_find_mark(const App *a, uint32_t node_id);
Retry *app_find_retry(const App *a, uint32_t node_id);
Variant *app_find_variant(const App *a, uint32_t node_id);
const WrongFile *app_find_wrong(const App *a, uint32_t node_id);
/* What the file of a variant holds; NULL: there is none, or nothing is known of it. */
OtherFile *app_find_file(const App *a, uint64_t digest, uint64_t error);
const Definition *app_node_definition(
                const App *a, uint32_t node_id);               /* of its file; NULL: none that can be used */
const char *app_variant_error(const App *a, const Variant *v); /* NULL: its file is not wrong */

/* ---- added and removed; for the engine alone. NULL, or false, is: no memory ---- */

App *state_add_app(State *s, const char *name);
void state_forget_app(State *s, App *a); /* leaves a gap: an application without a name */
void state_close_gaps(State *s);
Node *state_add_node(State *s, uint32_t id, const char *name);
/* Forgets the node, and what a record tells of it: copies, marks, permissions, holds. */
void state_remove_node(State *s, Node *n);
Copy *app_add_copy(App *a, uint32_t node_id, uint64_t epoch);
void app_remove_copy(App *a, Copy *c);
void app_end_restarts(App *a);
bool app_set_wrong(App *a, uint32_t node_id, uint32_t line); /* 0: its file is right */
Mark *app_add_mark(App *a, uint32_t node_id);
void app_remove_mark(App *a, Mark *m);
Variant *app_add_variant(App *a, uint32_t node_id);
Retry *app_add_retry(App *a, uint32_t node_id);
void app_remove_retry(App *a, Retry *r);
/* In the place of what the node had before. `d` where digest is not 0, else `error`, which may be NULL; both are copied. */
bool app_set_variant(App *a, uint32_t node_id, uint64_t digest, const Definition *d, const char *error);
bool app_add_held_against(App *a, uint32_t node_id);
void app_remove_variant(App *a, Variant *v);
bool copy_is_live(const Copy *c); /* neither lost nor surplus */
/* What `takeover --force` gives up: lost in maintenance, so that no manager stops it there. */
bool copy_is_given_up(const Copy *c);
size_t app_count_live(const App *a, const Copy *but); /* live copies besides `but`, which may be NULL */
