/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the world share. Nothing in here is for others. */

#include <stdarg.h>

#include "base/array.h"
#include "wire/wire.h"
#include "world/world.h"

#define BOOT_USEC (500 * USEC_PER_MSEC)       /* from power to a running Corosync */
#define RING_ALONE_USEC (50 * USEC_PER_MSEC)  /* a Corosync that has just started finds no other at first */
#define RING_MERGE_USEC (300 * USEC_PER_MSEC) /* two rings find each other */
#define RING_LEAVE_USEC (50 * USEC_PER_MSEC)  /* a Corosync that was stopped in order has said so */
#define UNIT_DIGEST_BEFORE 1u                 /* a unit that was started from another file */
#define UNIT_DIGEST_NOW 2u
#define MANAGER_RESTART_USEC (100 * USEC_PER_MSEC)
#define MANAGER_BOOT_USEC (100 * USEC_PER_MSEC)
#define EVENTS_AT_ONCE_MAX 100000u /* of one moment: more is an engine that goes round and round */

/* A multicast message on its way; shared by all nodes that are to get it. */
typedef struct Packet {
        size_t n_refs;
        uint64_t id;
        Member sender;
        Message *message;
        WireFragments bytes; /* where the ring carries bytes */
} Packet;

typedef enum ItemKind {
        ITEM_MESSAGE,
        ITEM_PROBE,
        ITEM_JOIN,
        ITEM_LEAVE,
} ItemKind;

/* One thing that a ring brings into order. */
typedef struct Item {
        ItemKind kind;
        uint64_t id;
        Member member;   /* the sender, or the member that joins or leaves */
        Packet *packet;  /* ITEM_MESSAGE */
        size_t fragment; /* of it */
        uint64_t number; /* ITEM_PROBE */
        bool unheard;    /* only its sender has it */
} Item;

typedef struct ItemQueue {
        Item *items;
        size_t n_items, n_allocated;
} ItemQueue;

/* One membership of Corosyncs. It lives as long as a Corosync is in it. */
typedef struct Ring {
        size_t n_refs;
        uint64_t serial;
        RingId id;
        uint32_t nodes[NODES_MAX];
        size_t n_nodes;
        uint64_t corosyncs[NODES_MAX]; /* the processes that make it up, by their generation */
        bool given_up;                 /* the token was lost though all are there */
        bool broken;                   /* the token is lost: nothing is put in order any more */
        uint64_t broken_usec;
        bool open;            /* its round is complete: messages may be sent */
        bool carries;         /* bytes are on their way */
        uint32_t turn;        /* whose they were last */
        size_t n_commits_max; /* the round is to fail after so many members have committed */
        size_t n_committed;
        uint64_t committed_usec; /* the last of them */
        ItemQueue log;
        Member *members; /* of the group, as the round found them */
        size_t n_members, n_members_allocated;
} Ring;

typedef struct Corosync {
        bool up, frozen;
        bool starting;       /* looks for no other yet */
        bool left;           /* it was stopped in order: its peers know at once */
        uint64_t generation; /* of this process: what was scheduled for an earlier one is void */
        uint64_t last_seq;   /* on the disk */
        Ring *ring;          /* NULL: none since it started */
        bool committed;      /* this node has the ring's view */
        bool open;           /* this node may send */
        bool ready;          /* clients may connect: a first round is complete */
        size_t at;           /* so many items of the ring's log have been delivered here */
        uint64_t history;    /* over the ring's messages, joins and leaves delivered here */
        ItemQueue queue;     /* accepted from the manager, not in order yet */
        Member *procs;       /* the group's members as known here, sorted */
        size_t n_procs, n_procs_allocated;
        bool quorate; /* as last notified, for this ring */
        RingId quorum_ring;
        bool seen_peer; /* two-node clusters wait for all first */
} Corosync;

typedef enum InboxSource {
        INBOX_GROUP,
        INBOX_QUORUM,
        INBOX_SYSTEMD,
        INBOX_OTHER,
        _INBOX_SOURCE_MAX,
} InboxSource;

/* Something that waits to be read by a manager, with all it points to. */
typedef struct Letter {
        EventType type;
        ViewChange change;
        RingId ring;
        bool quorate;
        Member *members, *joined;
        size_t n_members, n_joined;
        uint32_t *nodes;
        size_t n_nodes;
        Packet *packet;
        size_t fragment;
        uint64_t number;  /* of PROBE */
        uint64_t history; /* of MESSAGE: including it */
        char *app;
        uint64_t epoch;
        UnitState state;
        char *reason;
        Revision revision;
        int error;
        uint64_t token;
        Command command;
        bool guarded;         /* of GUARD; of FUSE, that it is there */
        uint64_t unit_digest; /* of UNIT */
        bool needs_end;       /* the same */
} Letter;

typedef struct Inbox {
        Letter *letters;
        size_t n_letters, n_allocated;
        uint64_t last_usec; /* when the newest will be read */
        size_t n_due;       /* read as soon as the manager does not hang any more */
} Inbox;

typedef struct WorldManager {
        bool restarting;                 /* what follows EFFECT_LEFT: another manager */
        bool up, hung, stopping, exited; /* exited: it said so itself, systemd does not restart it */
        uint64_t generation;
        Engine *engine;
        WireReader *reader; /* where the ring carries bytes */
        uint32_t pid;
        uint8_t version_max; /* of the program that it runs; 0: as it is */
        uint64_t nodelist;   /* as it read it last: bit i is node i + 1 */
        uint64_t incarnation;
        bool connected;    /* to Corosync */
        bool told;         /* its engine has read so */
        bool in_group;     /* its own join has been delivered */
        uint64_t join_id;  /* the item that is its own join */
        uint64_t probe;    /* the newest that is about to be sent; 0: none */
        size_t n_readings; /* of its files, asked for and not over */
        bool send_scheduled;
        bool busy; /* Corosync has answered TRY_AGAIN */
        Inbox inbox[_INBOX_SOURCE_MAX];
        Packet **outbox;
        size_t n_outbox, n_outbox_allocated;
        uint64_t timer_usec; /* for when the next EVENT_TIME is scheduled */
        uint64_t timer_serial;
        bool timer_due;        /* while it hung */
        uint64_t stepped_usec; /* many steps of one moment are a loop */
        size_t n_steps_at_once;
        RingId ring; /* of the last view that it was given */
        uint32_t ring_nodes[NODES_MAX];
        size_t n_ring_nodes;
        uint64_t history;
        uint64_t traced_digest;
        bool traced_synced;
        bool was_quorate;
        bool writing, next_write;
        Revision write_revision, next_revision;
        uint8_t *write_data, *next_data;
        size_t write_size_bytes, next_size_bytes;
} WorldManager;

typedef enum PartPhase {
        PART_GONE,
        PART_STARTING, /* something of it may be there */
        PART_ACTIVE,
        PART_STOPPING,
        PART_LEFT, /* its stop is over and has not succeeded */
} PartPhase;

typedef struct WorldPart {
        WorldPartKind kind;
        PartPhase phase;
        uint64_t serial; /* of its last change */
} WorldPart;

/* What the next copy of an application has beside its worker. */
typedef struct WorldAppParts {
        char *app;
        WorldPartKind kinds[WORLD_PARTS_MAX];
        size_t n_kinds;
} WorldAppParts;

/* A worker's unit. It stays listed when it has failed, as systemd keeps it, until it is started again. */
typedef struct WorldUnit {
        char *app;
        UnitState state;
        uint64_t epoch;
        uint64_t unit_digest; /* of what it was started from; 0: not known */
        StartType start_type;
        uint64_t serial;  /* of its last change: what was scheduled for an earlier one is void */
        bool unread;      /* it has changed since the bus was lost */
        bool asked;       /* a stop that the manager asked for */
        UnitState ending; /* what its end will be called */
        WorldUnitFault fault;
        uint64_t start_usec, stop_usec;
        unsigned n_restarts; /* by systemd, of this copy */

        /* Of a copy with parts: `state` is its worker's. See part-model.c. */
        WorldPart parts[WORLD_PARTS_MAX];
        size_t n_parts;      /* as its note has them; 0: none, or they have ended */
        bool begun;          /* its worker has had processes */
        bool slice_job;      /* systemd stops all of it */
        uint64_t slice_usec; /* since when, or when it was asked last */
        bool has_ended;      /* one of them has, by itself: */
        bool was_there;      /* it had started, */
        bool by_hand;        /* and somebody stopped it */
        WorldPartKind ended_kind;
        WorldPartFault part_fault;
        uint64_t part_start_usec, part_stop_usec; /* 0: as the worker's */
        /* as the manager here sees it */
        UnitState said; /* last */
        bool stop_asked;
        bool by_guard;   /* the guard has stopped it */
        bool is_noted;   /* it was begun by an earlier manager, and its worker has not been seen at work */
        bool is_blind;   /* there was no bus for a while */
        bool on_road;    /* to its end */
        UnitState cause; /* of that; NONE: not known yet */
        char reason[96];
        uint64_t left_usec; /* since when something is left and nothing is at work */
        uint64_t look;      /* the next one; 0: none */
} WorldUnit;

/* Something that a manager has asked systemd for, and that it has not looked at yet. */
typedef struct SystemdCall {
        EffectType type;
        uint64_t sender; /* the manager's generation */
        char *app, *from_node;
        uint64_t epoch;
        StartType start_type;
} SystemdCall;

typedef struct Systemd {
        uint64_t late_until_usec;     /* does nothing before; 0: it is well */
        uint64_t bus_lost_until_usec; /* its manager has no bus before; 0: it has one */
        SystemdCall *calls;
        size_t n_calls, n_calls_allocated;
} Systemd;

typedef enum DeadlineOwner {
        DEADLINE_MANAGER,
        DEADLINE_GUARD,
        _DEADLINE_OWNER_MAX,
} DeadlineOwner;

typedef struct WorldFuse {
        uint64_t at_usec[_DEADLINE_OWNER_MAX]; /* when the host goes down; 0: not */
        uint64_t look_usec;                    /* when it is looked at next; 0: never */
        bool told, slack;   /* of the present manager: it has said one; it moves it on soon */
        uint64_t told_usec; /* what it has said, by its engine's clock */
} WorldFuse;

typedef struct WorldGuard {
        bool away; /* there is none: nothing ends the workers, and the manager is told */
        bool armed;
        bool counts; /* since `since_usec`; false: it was not there yet when the manager ended */
        uint64_t since_usec;
        uint64_t serial;
        char **spared; /* applications in maintenance when the manager ended */
        size_t n_spared, n_spared_allocated;
} WorldGuard;

typedef struct WorldNode {
        uint32_t id;
        char *name;
        bool unlisted; /* not in the nodelist at present */
        bool up, suspended, shutting_down;
        uint64_t generation; /* of this boot */
        uint64_t boot_id;
        uint64_t clock_offset_usec, realtime_offset_usec;
        int clock_ppm; /* so much faster than the world's */
        uint32_t next_pid, last_pid;
        bool ready_in_boot; /* a manager has taken part since the boot */
        bool last_word; /* its next message in order is the last that it hears of its ring, and no other node gets it */
        unsigned part;
        uint64_t deaf; /* to these nodes: bit i is node i + 1 */
        bool lossy;
        uint64_t token_usec, consensus_usec; /* of its Corosync */
        uint64_t isolation_usec;             /* of its next manager; 0: the engine's default */
        uint64_t self_fence_usec;            /* the same of SelfFenceSec= */
        NoQuorumPolicy policy;               /* of its next manager */
        Corosync corosync;
        WorldManager manager;
        WorldGuard guard;
        WorldFuse fuse;
        unsigned n_reboots; /* by it */
        bool fuse_away;
        Systemd systemd;
        WorldUnit *units;
        size_t n_units, n_units_allocated;
        RecordKind record_kind;
        uint8_t *record;
        size_t record_size_bytes;
        uint8_t version_max; /* the highest protocol version of the manager that is installed; 0: the program's */
        uint8_t manager_version_max; /* of its last manager */
        bool disk_fails, disk_lost;
        Definition *definitions; /* sorted by name */
        size_t n_definitions, n_definitions_allocated;
        uint64_t *unit_digests; /* of what their units would be started from; of fewer files than there are: not known */
        size_t n_unit_digests;
        struct DefinitionError *wrong_files;
        size_t n_wrong_files, n_wrong_files_allocated;
        uint64_t grace_usec; /* its ManagerGraceSec=; 0: the world's */
} WorldNode;

typedef struct Happening Happening;
typedef void (*HappeningFunc)(World *w, WorldNode *n, const Happening *h);
struct Happening {
        uint64_t at_usec;
        uint64_t serial;     /* those of one moment happen in the order in which they were scheduled */
        uint64_t generation; /* of whatever it is meant for; the function checks it */
        uint64_t value;
        HappeningFunc func;
        WorldNode *node; /* NULL: the world's */
};

typedef struct Arm {
        uint32_t node_id;
        WorldMoment moment;
        unsigned count;
        WorldBlow blow;
} Arm;

typedef struct Reply {
        bool answered;
        uint32_t node_id;
        CommandError error;
        char *text;
} Reply;

/* A line of the trace that waits for other nodes to say the same. */
typedef struct TraceLine {
        uint64_t at_usec;
        char *nodes, *text;
        bool joins;
} TraceLine;

struct World {
        WorldNode *nodes;
        size_t n_nodes;
        WorldConfig config; /* its pointers are the world's own */
        bool by_fewer; /* the managers say that fewer than a majority can have quorum, whatever `config` says */
        char **sync_mandatory, **sync_optional;
        uint64_t now_usec;
        uint64_t random;
        uint64_t random_late; /* of a fault that came later: what the others draw stays as it is */
        uint64_t next_serial;
        int error;
        bool halted;
        Happening *heap;
        size_t n_heap, n_heap_allocated;
        /* Sets of Corosyncs that are going to form a ring. */
        struct Pending {
                uint64_t serial;
                uint32_t nodes[NODES_MAX];
                size_t n_nodes;
                uint64_t at_usec;
        } * pending;
        size_t n_pending, n_pending_allocated;
        unsigned turn; /* whose turn it is to be left out where links work in one direction only */
        bool flapping;
        uint64_t deeds[_WORLD_DEED_MAX];
        uint64_t n_steps;
        WorldTraffic traffic;
        bool device_fails;
        uint32_t device_nodes[NODES_MAX]; /* the side that the quorum device has given its vote last */
        size_t n_device_nodes;
        Arm *arms;
        size_t n_arms, n_arms_allocated;
        Reply *replies;
        size_t n_replies, n_replies_allocated;
        TraceLine *lines;
        size_t n_lines, n_lines_allocated;
        WorldAppParts *app_parts;
        size_t n_app_parts, n_app_parts_allocated;
};

/* world-run.c */
WorldNode *world_node(const World *w, uint32_t id);
void world_schedule(World *w, uint64_t at_usec, HappeningFunc func, WorldNode *n, uint64_t generation,
                uint64_t value);
void world_fail(World *w, int error); /* remembers the first error; the run ends with it */
static inline bool world_has(const World *w, WorldFaults f)
{
        return w->config.faults & f;
}
/* `usec`, or with WORLD_JITTER a number between 0 and `max_usec`, mostly small. */
uint64_t world_delay(World *w, uint64_t usec, uint64_t max_usec);
bool world_chance(World *w, unsigned percent);
uint64_t world_random_of(uint64_t *state, uint64_t n); /* below `n`; of a stream of its own */
static inline void world_did(World *w, WorldDeed d)
{
        w->deeds[d]++;
}
void world_observe(World *w, Observation *o);
/* It may bring a blow: the caller's node may not be what it was afterwards. */
void world_cut_off(World *w, WorldNode *n);
void world_moment(World *w, WorldNode *n, WorldMoment moment);

/* nodelist-model.c */
uint64_t nodelist_bits(const World *w);
size_t nodelist_count(const World *w);
bool nodelist_by_fewer(const World *w); /* what Corosync's rules of quorum tell a manager */
size_t nodelist_read(
                World *w, WorldNode *n, EngineNode *ret); /* its manager has this one now; up to NODES_MAX */
void nodelist_look(World *w, WorldNode *n); /* its manager connects: is its nodelist the present one? */

/* links.c */
bool links_hears(const WorldNode *n); /* its Corosync runs and listens */
bool links_hear_all(const World *w, const WorldNode *n, const uint32_t *nodes, size_t n_nodes);
size_t links_part_of(const World *w, const WorldNode *of,
                uint32_t *ret); /* sorted; 0: it hears none, not even itself */
void links_flap(World *w);      /* there are links that work in one direction only: rings come and go */

/* totem.c */
void totem_changed(World *w); /* which node hears which has changed */
void totem_begin(World *w, const uint32_t *nodes, size_t n_nodes,
                uint64_t seq); /* these are in one ring of that number */
void totem_corosync_start(World *w, WorldNode *n);
void totem_corosync_stop(World *w, WorldNode *n);
void totem_order(World *w, WorldNode *n, Item item);       /* into the node's queue */
void totem_quorum_again(World *w, uint64_t ring_serial);   /* the votes may have changed */
bool totem_is_ghostly(const World *w, const WorldNode *n); /* a round is under way here */

/* group-bytes.c */
bool bytes_are_on(const World *w);
void bytes_encode(World *w, Packet *p);
uint64_t bytes_usec(const World *w, const Item *item);
WorldNode *bytes_turn(const World *w, const Ring *r, uint32_t after);
void bytes_new_view(WorldNode *n);
bool bytes_read(World *w, WorldNode *n, Letter *l);

/* faults.c */
void process_be_busy(World *w, WorldNode *n, uint64_t usec);

/* group-model.c */
Packet *packet_unref(Packet *p);
void item_done(Item *i);
void item_queue_done(ItemQueue *q);
int item_queue_add(ItemQueue *q, Item item);
void world_group_deliver(World *w, WorldNode *n, const Item *item);
void world_group_commit(World *w, WorldNode *n); /* the node commits its ring's round */
void world_group_notify_quorum(World *w, WorldNode *n, const RingId *ring, bool quorate);
void world_group_connect(World *w, WorldNode *n); /* a manager connects if it can */
void world_group_told(World *w, WorldNode *n);    /* its engine has read that it is connected */
void world_group_disconnect(World *w, WorldNode *n);
void world_group_rejoin(World *w, WorldNode *n);
void world_group_leave(World *w, WorldNode *n, bool planned);    /* the manager's process has ended */
void world_group_send(World *w, WorldNode *n, Message *message); /* takes the message */
void world_group_probe(World *w, WorldNode *n, uint64_t number);
void world_group_flush(World *w, WorldNode *n); /* sending may be possible again */
void world_group_drop_outbox(WorldNode *n);

/* node-process.c */
void process_start(World *w, WorldNode *n);
void process_end(World *w, WorldNode *n, bool planned, bool restart);
void process_release(
                WorldNode *n); /* its engine and what is on the way to and from it, but not what it writes */
void process_post(World *w, WorldNode *n, InboxSource source, Letter *letter,
                uint64_t delay_usec); /* takes the letter */
void process_step(World *w, WorldNode *n, Event *event);
void process_schedule(World *w, WorldNode *n);
void process_unhang(World *w, WorldNode *n);
void process_post_definitions(World *w, WorldNode *n);
uint64_t process_clock(const World *w, const WorldNode *n);
uint64_t process_wait(
                const WorldNode *n, uint64_t usec); /* how long its clock takes for so much of its own time */
uint64_t process_realtime(const World *w, const WorldNode *n);
uint64_t process_grace(const World *w, const WorldNode *n);
void letter_done(Letter *l);

/* effect-model.c */
void world_carry_out(World *w, WorldNode *n, EffectList *effects);
void disk_power_cut(World *w, WorldNode *n);

/* unit-model.c */
WorldUnit *unit_model_find(const WorldNode *n, const char *app);
WorldUnit *unit_model_get(World *w, WorldNode *n, const char *app); /* makes it; NULL without memory */
void unit_model_start(World *w, WorldNode *n, const Effect *f);
void unit_model_begin(World *w, WorldNode *n, WorldUnit *u); /* its worker has processes from now on */
void unit_model_report(
                World *w, WorldNode *n, const char *app, uint64_t epoch, UnitState state, const char *reason);
void unit_model_stop_worker(
                World *w, WorldNode *n, WorldUnit *u, UnitState ending); /* and none of its parts */
bool unit_model_is_alive(const WorldUnit *u);                            /* or a part of it */
void unit_model_observe(World *w, const WorldNode *n, const WorldUnit *u, ObservationType type);
void unit_model_stop(World *w, WorldNode *n, const char *app, uint64_t epoch);
void unit_model_kill(World *w, WorldNode *n, const char *app, uint64_t epoch);
void unit_model_kill_group(World *w, WorldNode *n, uint64_t epoch); /* without systemd */
void unit_model_stop_as(World *w, WorldNode *n, WorldUnit *u, UnitState ending);
void unit_model_end(World *w, WorldNode *n, WorldUnit *u, UnitState state, const char *reason);
void unit_model_forget(WorldNode *n, const char *app, uint64_t epoch);
/* It has run since long ago, or its stop has not ended. */
void unit_model_place(World *w, WorldNode *n, const char *app, uint64_t epoch, StartType start_type,
                bool stuck, bool restart_needed);
void unit_models_power_cut(World *w, WorldNode *n);
void unit_models_read_again(World *w, WorldNode *n); /* the bus is back */

/* part-model.c */
void parts_prepare(World *w, WorldUnit *u); /* of a copy that is about to start */
void parts_start(World *w, WorldNode *n, WorldUnit *u);
void parts_place(World *w, WorldNode *n, WorldUnit *u); /* they have run since long ago */
void parts_go_on(World *w, WorldNode *n, WorldUnit *u);
void parts_stop(World *w, WorldNode *n, WorldUnit *u);
void parts_stop_slice(World *w, WorldNode *n, WorldUnit *u); /* whoever asks */
void parts_kill(World *w, WorldNode *n, WorldUnit *u);
bool parts_exist(const WorldUnit *u);          /* one of them */
bool parts_are_told_alive(const WorldUnit *u); /* the copy, by the manager */
/* What a manager that has just begun says of it. */
UnitState parts_found(World *w, WorldNode *n, WorldUnit *u);
void parts_read_again(World *w, WorldNode *n, WorldUnit *u);
void parts_power_cut(World *w, WorldNode *n, WorldUnit *u);
void parts_end_by_guard(World *w, WorldNode *n, WorldUnit *u, bool kill_now);
void parts_look_of_guard(World *w, WorldNode *n, WorldUnit *u);

/* fuse-model.c */
bool fuse_needs_end(const WorldUnit *u); /* something of it outlives a kill */
void fuse_set(World *w, WorldNode *n, DeadlineOwner owner, uint64_t at_usec); /* 0: it is put out */
void fuse_follow(World *w, WorldNode *n,
                bool may_put_out); /* the engine's deadline; put out only after a step's effects */
void fuse_manager_begins(WorldNode *n);
void fuse_power_cut(WorldNode *n);

/* guard-model.c */
void guard_model_arm(World *w, WorldNode *n);
void guard_model_again(World *w, WorldNode *n); /* it is there again */
void guard_model_resume(World *w, WorldNode *n, const State *s,
                uint64_t gone_usec); /* the manager has been gone so long */
void guard_model_disarm(WorldNode *n);

/* systemd-model.c */
bool systemd_is_late(const World *w, const WorldNode *n);
uint64_t systemd_lateness(const World *w, const WorldNode *n); /* until it does something; 0: it is well */
uint64_t bus_lateness(const World *w, const WorldNode *n);     /* how long its manager has no bus yet */
void systemd_be_late(World *w, WorldNode *n, uint64_t until_usec);
void systemd_must_go_on(World *w, WorldNode *n, uint64_t within_usec);
void systemd_ask(World *w, WorldNode *n, const Effect *f); /* START, STOP, KILL */
void systemd_manager_ended(World *w, WorldNode *n);
void systemd_void_start(World *w, const WorldNode *n, const char *app, uint64_t epoch);
void systemd_forget_calls(WorldNode *n);
void systemd_power_cut(WorldNode *n);

/* trace.c */
void trace(World *w, const WorldNode *n, const char *format, ...) _printf_(3, 4);
void trace_note(World *w, const WorldNode *n, const Effect *f);
void trace_view(World *w, const WorldNode *n, const Letter *l);
void trace_message(World *w, const WorldNode *n, const Packet *p);
void trace_state(World *w, WorldNode *n); /* where the last message has changed it */
