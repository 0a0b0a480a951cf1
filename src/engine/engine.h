/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The engine decides; it does nothing. Every manager feeds its engine the same ordered messages, and each engine
 * reaches the same decision. What a node must do follows as a list of effects. The adapters carry them out in order;
 * how that went comes back as a later event.
 *
 * No clock, no randomness, no I/O in here: time and random numbers arrive inside events.
 *
 * Rules of behaviour and where they live. A file calls what stands below it; what a wing above has to hear is returned. A rule
 * takes what it may see: Agreed, Membership or Local, of which each reaches the ones before it.
 *   engine.c      the step: which part hears of which event
 *   status.c      states and reasons in words
 * local/, what one node knows and does on its own:
 *   startup.c     from the first connection to READY=1
 *   leave.c       the end: planned leave, restart
 *   request.c     this node's commands, from the bus to the answer
 *   worker.c      starts held back, stops, kills, results to report; runs.c: the units; restarts.c: systemd starts one again
 *   own-files.c   this node's files, and what the group has not heard of them
 *   cutoff.c      is this node cut off, and since when; every moment of silence, quorum and isolation
 *   disk.c        the record; guarded.c: guard and fuse; expiry.c: which timers of the agreed state are over by this clock
 * member/, how this process is a member of the group:
 *   deliver.c     which messages count
 *   form.c        forming a group
 *   sync.c        how an unsynced member gets the state and reports its facts
 *   view.c        whose state counts in a view, which member is left out (`view`, `exclude`); peer.h: one member of it
 *   hold.c        does this member hold the state; what is carried out, and what is kept
 *   listed.c      this node's corosync.conf, and what the group has not heard of it
 * agreed/, what all synced members do alike; no node's id is known in it:
 *   doors.c       a message, a decided view, forming: all ways in
 *   apply.c       what each delivered message changes
 *   command.c     what a command changes, and what stands against it
 *   decide.c      what happens to an application now: first start, failover, takeover, stop, blocked
 *   verdict.c     what is to be done with one, and why: the answer that decide.c carries out and the others show
 *   presence.c    what a view means for the nodes, and the loss of one for its copies: delays, grace
 *   commit.c      what is on enough disks
 *   copy.c        what is reported of a copy, and what its end means; which one stays
 *   definition.c  which definition is agreed; where files differ
 *   node.c        a node's name, times and nodelist; app.c: an application
 *   place.c       which node an application belongs on; which nodes are eligible; explain.c: and why not
 *   retry.c       a failure that costs the node no mark: LocalRestarts=
 *   check.c       what is always true
 * the ground: types, message, state (lists), encode (bytes), event, effect, outlet */

#include "engine/effect.h"
#include "engine/encode.h"
#include "engine/event.h"
#include "engine/message.h"
#include "engine/state.h"

typedef struct Engine Engine;

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
        bool unfused;               /* the same of its fuse, and EVENT_FUSE */
        NoQuorumPolicy no_quorum_policy;
        uint64_t isolation_timeout_usec; /* 0: the default that follows from EVENT_CONNECTED */
        uint64_t grace_usec;
        bool rebooted_itself; /* so this boot began: something could not be ended in time */
        SelfFence self_fence;
        uint64_t self_fence_usec; /* SelfFenceSec=; 0: SELF_FENCE_DEFAULT_USEC */
        uint64_t boot_id;         /* differs from boot to boot, not 0 */
        /* Protocol versions that this engine decides by; 0: those that the program knows. Tests pretend others. */
        uint8_t version_min, version_max;
        /* The record from this node's disk as engine effects wrote it, or nothing. */
        RecordKind record_kind;
        const void *record;
        size_t record_size_bytes; /* a RECORD_VALID that does not decode is -EBADMSG */
} EngineConfig;

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

/* The moment, on the clock of Event.now_usec, past which this host has to be down while an application is here that needs
 * that: the others may start it from then on. To be asked after each step, before its effects are carried out: a start rests
 * on it. 0: no such application is here, or none that anybody starts or ends elsewhere (FailoverDelaySec=infinity,
 * maintenance, NoQuorumPolicy=freeze, SelfFence=no). USEC_INFINITY: one is here, and no quorate ring has answered this engine yet:
 * what an earlier manager said stands. The moment stays in the future while this member is in step, whatever its quorum does
 * for a while; once past, it is not taken back but by the end of what is here, or by a quorate ring. `ret_app`: for which one,
 * NULL with 0; valid until the next step. */
uint64_t engine_fuse_deadline(const Engine *e, const char **ret_app);

/* What this engine holds to be agreed; valid until the next step. Before the group has formed, and while this
 * member is not synced, it is the last that was known (engine_is_synced() tells). */
const State *engine_state(const Engine *e);
bool engine_is_synced(const Engine *e); /* this member holds the present agreed state */
bool engine_is_formed(const Engine *e); /* the group has formed: some member holds an agreed state */
/* What this member holds may be old: it has not been in step with a quorate group since it started, or it has lost
 * quorum or Corosync since. What it says of its own units is true all the same. 0: it is not old; else the wall clock
 * when it was in step last. USEC_INFINITY: it was not since it started, and what it holds is its record, of no known
 * date. */
uint64_t engine_stale_since(const Engine *e);
static inline bool engine_is_stale(const Engine *e)
{
        return engine_stale_since(e) != 0;
}
bool engine_is_quorate(const Engine *e);    /* Corosync's word for the present ring, on this node */
bool engine_awaits_quorum(const Engine *e); /* in a view, before Corosync's first word for its ring */
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
        char reason[512];      /* in words; "" where there is nothing to say */
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
