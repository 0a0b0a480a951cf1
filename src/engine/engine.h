/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The engine decides; it does nothing. Every manager feeds its engine the same ordered messages, and each engine
 * reaches the same decision. What a node must do follows as a list of effects, which the adapters carry out in
 * order; how that went comes back as a later event.
 *
 * No clock, no randomness, no I/O in here: time and random numbers arrive inside events.
 *
 * Rules of behaviour and where they live. A file calls what stands below it; what a wing above has to hear is returned.
 *   engine.c      the step: which part hears of which event
 *   status.c      states and reasons in words
 * this node and this member:
 *   local.c       this node alone: starts held back, loss of quorum, isolation, leaving, results to report
 *   restarts.c    what is told of workers that systemd starts again and again
 *   command.c     this node's commands, from the bus to the answer
 *   definitions.c this node's files, and what the group has not heard of them
 *   nodelist.c    this node's corosync.conf, and what the group has not heard of it
 *   timers.c      which timers of the agreed state are over, as far as this member's clock tells
 *   view.c        whose state counts in a view, which member is left out (`view`, `exclude`)
 *   sync.c        how an unsynced member gets the state and reports its facts; forming a group; a node's start
 * agreed/, what all synced members do alike; no node's id is known in it:
 *   agreed.c      the doors: a message, a decided view, forming
 *   apply.c       what each delivered message changes
 *   command.c     what a command changes, and what stands against it
 *   decide.c      what happens to an application now: first start, failover, takeover, stop, blocked
 *   place.c       which node an application belongs on; which nodes are eligible; explain.c: and why not
 *   node.c        what a view means for the nodes, and the loss of one for its copies: delays, grace
 *   definition.c  which definition is agreed; where files differ
 *   commit.c      what is on enough disks
 * the ground: types, message, state (lists), encode (bytes), effect, outlet
 */

#include "base/timing.h"
#include "engine/effect.h"
#include "engine/encode.h"
#include "engine/message.h"
#include "engine/state.h"

typedef struct Engine Engine;

typedef struct EngineNode {
        uint32_t id;
        const char *name;
} EngineNode;

/* What the engine is born with. Everything is copied. */
typedef struct EngineConfig {
        uint32_t node_id;
        const EngineNode *nodes; /* the nodelist, any order */
        size_t n_nodes;
        const char *const *sync_mandatory; /* names; the node's own is ignored, an unknown one is -EINVAL */
        size_t n_sync_mandatory;
        const char *const *sync_optional;
        size_t n_sync_optional;
        uint64_t sync_timeout_usec; /* USEC_INFINITY: for ever */
        bool skip_sync_wait;        /* this manager was restarted in the same boot */
        bool unguarded;             /* this node has no guard yet; EVENT_GUARD tells later */
        NoQuorumPolicy no_quorum_policy;
        uint64_t isolation_timeout_usec; /* 0: the default that follows from EVENT_CONNECTED */
        uint64_t grace_usec;
        uint64_t boot_id; /* differs from boot to boot, not 0 */
        /* Protocol versions that this engine decides by; 0: those that the program knows. Tests pretend others. */
        uint8_t version_min, version_max;
        /* The record from this node's disk as engine effects wrote it, or nothing. */
        RecordKind record_kind;
        const void *record;
        size_t record_size_bytes; /* a RECORD_VALID that does not decode is -EBADMSG */
} EngineConfig;

typedef enum EventType {
        EVENT_TIME,         /* nothing but time passed; due whenever engine_deadline() is over */
        EVENT_CONNECTED,    /* the group is being joined; before the first view */
        EVENT_DISCONNECTED, /* Corosync is gone; the adapter goes on trying */
        EVENT_VIEW,         /* the group or the ring changed */
        EVENT_QUORUM,       /* Corosync's quorum notification of a ring */
        EVENT_MESSAGE,      /* delivered, in order; the only source of agreed state */
        EVENT_PROBE,        /* our own probe (EFFECT_PROBE) has come back from Corosync */
        EVENT_SUSPENDED,    /* a turn of the loop found that the host slept */
        EVENT_UNIT,         /* how a local unit stands now */
        EVENT_DEFINITIONS,  /* all definitions of this node's files, read again */
        EVENT_WRITTEN,      /* how an EFFECT_WRITE ended */
        EVENT_COMMAND,      /* an administrator asks, on this node */
        EVENT_STOP_LOCAL,   /* stop this node's copy without asking the group */
        EVENT_TIMING,       /* Corosync goes on with other timeouts */
        EVENT_NODELIST,     /* Corosync goes on with another nodelist, or other rules of quorum */
        EVENT_GUARD,        /* this node's guard is there, or is there no more */
        EVENT_LEAVE,        /* planned leave: hand over, then EFFECT_LEFT, in bounded time */
        EVENT_RESTART, /* the workers run on without us for a moment: EFFECT_LEFT when another member has the state */
        _EVENT_TYPE_MAX,
} EventType;

typedef enum ViewChange {
        VIEW_RING,    /* a new ring, complete with its totem_confchg */
        VIEW_PROCESS, /* a process joined or left; the ring is the same */
} ViewChange;

typedef struct Event {
        EventType type;
        uint64_t now_usec;      /* monotonic, counting sleep (CLOCK_BOOTTIME); never smaller than before */
        uint64_t realtime_usec; /* wall clock, for dates that last */
        union {
                struct {
                        uint64_t incarnation;                /* random, not 0, new at each join */
                        uint32_t pid;                        /* ours, as the group will show it */
                        uint64_t token_usec, consensus_usec; /* from cmap */
                        bool quorum_device;                  /* a quorum device is configured */
                        bool quorum_by_fewer; /* quorum may be given to less than a majority of the nodelist:
                                               * a device, two_node, last_man_standing, auto_tie_breaker */
                } connected;
                struct {
                        uint64_t token_usec, consensus_usec;
                        bool quorum_device;
                } timing;
                struct {
                        const EngineNode *
                                        nodes; /* any order; the engine's own node with its own name is among them */
                        size_t n_nodes;
                        bool quorum_by_fewer; /* as in `connected` */
                } nodelist;
                struct {
                        ViewChange change;
                        RingId ring;
                        const Member *members; /* sorted; the group now */
                        size_t n_members;
                        const Member *joined; /* with VIEW_PROCESS: the processes that joined */
                        size_t n_joined;
                        const uint32_t *ring_nodes; /* sorted ids of the ring's nodes */
                        size_t n_ring_nodes;
                } view;
                struct {
                        RingId ring;
                        bool quorate;
                } quorum;
                struct {
                        Member sender;
                        const Message *message;
                } message;
                struct {
                        uint64_t number; /* of the EFFECT_PROBE that came back */
                } probe;
                LeaveTiming leave; /* of LEAVE and RESTART */
                struct {
                        const char *app;
                        uint64_t epoch; /* from the unit's environment; which copy this is */
                        UnitState state;
                        /* From the unit, see EVENT_DEFINITIONS: what it was started from; 0: not known, or as before. */
                        uint64_t unit_digest;
                        const char *reason; /* of FAILED, REFUSED and STUCK, and of STARTING where systemd restarts it;
                                             * may be NULL */
                } unit;
                struct {
                        const Definition *definitions; /* sorted by name */
                        size_t n_definitions;
                        /* For each of them a digest of what its unit would be started from on this node; NULL: it does not
                         * matter. A worker of another digest needs a restart before its file counts. */
                        const uint64_t *unit_digests;
                        /* Files that are wrong: their application's name and the error. */
                        const struct DefinitionError {
                                const char *app;
                                const char *text;
                                unsigned line; /* 0: the file as a whole */
                        } * errors;
                        size_t n_errors;
                } definitions;
                struct {
                        Revision revision;
                        int error; /* 0 or negative errno */
                } written;
                struct {
                        bool guarded;
                } guard;
                struct {
                        uint64_t token; /* the caller's, comes back in EFFECT_REPLY */
                        Command command;
                } command;
                struct {
                        uint64_t token;
                        const char *app;
                } stop_local;
        };
} Event;

/* Makes an engine that knows its configuration and nothing else. -EINVAL: the configuration contradicts itself
 * (more than NODES_MAX nodes, a node twice, own node missing); -EBADMSG: the record; -ENOMEM. */
int engine_new(const EngineConfig *config, Engine **ret);
Engine *engine_free(Engine *e);
DEFINE_TRIVIAL_CLEANUP(Engine *, engine_free)

/* The only way in. Appends to `effects`, which the caller has initialised to zero or emptied. A message that
 * cannot be used is noted and changes nothing. Returns 0, or -ENOMEM, after which the engine must not be used
 * any more: the caller exits, and the restarted manager gets the state from its peers. */
int engine_step(Engine *e, const Event *event, EffectList *effects);

/* When the next EVENT_TIME is due, on the clock of Event.now_usec; USEC_INFINITY: nothing waits. */
uint64_t engine_deadline(const Engine *e);

/* What this engine holds to be agreed; valid until the next step. Before the group has formed, and while this
 * member is not synced, it is the last that was known (engine_is_synced() tells). */
const State *engine_state(const Engine *e);
bool engine_is_synced(const Engine *e); /* this member holds the present agreed state */
bool engine_is_formed(const Engine *e); /* the group has formed: some member holds an agreed state */
/* What this member holds may be old: it has not been in step with a quorate group since it started, or it has lost
 * quorum or Corosync since. What it says of its own units is true all the same. 0: it is not old; else the wall clock
 * when it was in step last; USEC_INFINITY: not since it started, and what it holds is its record, of no known date. */
uint64_t engine_stale_since(const Engine *e);
static inline bool engine_is_stale(const Engine *e)
{
        return engine_stale_since(e) != 0;
}
bool engine_is_quorate(const Engine *e); /* Corosync's word for the present ring, on this node */
bool engine_is_isolated(const Engine *e);
bool engine_has_workers(
                const Engine *e); /* a worker is alive here, or its start waits for Corosync's answer */
ViewId engine_view(const Engine *e);
/* Copies up to `n_max` members of the present view, sorted; returns how many there are. */
size_t engine_members(const Engine *e, Member *ret, size_t n_max);
uint32_t engine_node_id(const Engine *e);
/* A node's name as the agreed state has it, or, before there is one, the nodelist; "?" where neither knows it. */
const char *engine_node_name(const Engine *e, uint32_t id);
const char *engine_nodelist_name(const Engine *e, uint32_t id); /* NULL: it is not listed */
/* Node names that are being waited for, at start, at forming; count returned, pointers valid until the next step. */
size_t engine_waiting_for(const Engine *e, const char **ret, size_t n_max);
/* One line for STATUS=: what is being waited for, or how things stand. The caller frees; NULL without memory. */
char *engine_status_text(const Engine *e, uint64_t now_usec);

/* ---- what status, list, show and the bus display; see status.c ---- */

typedef enum AppState {
        APP_STOPPED,
        APP_WAITING,
        APP_STARTING,
        APP_RUNNING,
        APP_STOPPING,
        APP_FAILED,
        APP_FINISHED,
        APP_BLOCKED,
        APP_ORPHAN,
        APP_UNKNOWN, /* it does not run here, and this node cannot know about others */
        _APP_STATE_MAX,
} AppState;

typedef struct AppStatus {
        AppState state;
        char reason[256];      /* in words; "" where there is nothing to say */
        const char *node;      /* where the present copy is; "" if nowhere */
        StartType start_type;  /* of the last start */
        const char *from_node; /* "" for normal */
        uint64_t epoch;        /* of the last start; 0: none */
        uint64_t deadline_usec; /* when the next thing happens by itself, on this engine's clock; USEC_INFINITY: never */
        bool held;
        bool restart_needed; /* its unit was started from another [Unit] or [Service] than its node's file has */
} AppStatus;

/* How long the group waits when the application's node is lost; what FailoverDelaySec=auto comes to at present. */
uint64_t engine_failover_delay(const Engine *e, const App *app);
/* Points into the engine; valid until the next step. */
void engine_app_status(const Engine *e, const App *app, AppStatus *ret);
/* The node of the copy that is shown as the application's, 0: nowhere. Of what is stale only an own unit is certain. */
uint32_t engine_app_node(const Engine *e, const App *app);
NodeState engine_node_state(const Engine *e, const Node *node);
/* What is wrong with the file that `node` has, in words, maybe in `buffer`; NULL: it is right, or there is none. */
const char *engine_wrong_file(const App *app, const Node *node, char *buffer, size_t size_bytes);
/* Why `node` may or may not run `app`: true and a remark, or false and the reason, in words. */
bool engine_explain(const Engine *e, const App *app, const Node *node, char *ret_why, size_t size_bytes);

const char *app_state_to_string(AppState s);         /* "stopped" ... */
const char *command_error_to_string(CommandError e); /* "NoSuchApplication" ...; "" for COMMAND_OK */
const char *note_kind_to_string(NoteKind k);
const char *event_type_to_string(EventType t);
const char *effect_type_to_string(EffectType t);
/* Writes "SEQ.N" ("SEQ.?" before n is known). */
void view_id_format(const ViewId *view, char *ret, size_t size_bytes);
