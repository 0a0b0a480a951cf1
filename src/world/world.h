/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A deterministic world: whole clusters of real engines in one process, on one virtual clock. Each node has a disk,
 * a fake systemd, a fake Corosync and a manager process with an engine in it. The tests drive it with faults; `distroctl
 * simulate` asks it what would happen.
 *
 * Two worlds that are made with the same configuration and get the same calls do exactly the same, to the
 * microsecond. What is drawn at random is drawn from the seed.
 *
 * Times are virtual microseconds since world_new(). Nodes are named by their Corosync id, which is their place in
 * WorldConfig.nodes counted from 1.
 *
 * How the parts are modelled:
 *   nodelist-model.c  which nodes there are, and changes of that
 *   links.c           which nodes hear each other
 *   group-bytes.c     messages as bytes, and what a ring carries of them
 *   totem.c           rings, their total order, what a broken ring delivers to whom
 *   group-model.c     the process group: joining, leaving, views, quorum notifications, sending
 *   begin.c           a world that goes on where a cluster is
 *   node-process.c    the manager's process: what the daemon does around an engine, start to end
 *   effect-model.c    carries out what an engine asks for
 *   systemd-model.c   systemd's main process: what it is asked for, in order and perhaps late
 *   unit-model.c      its units: workers
 *   part-model.c      what parts they have, and how an end of such a copy is told
 *   guard-model.c     the guard, which outlives the manager
 *   fuse-model.c      the host's own end
 *   faults.c          what a test does to the world
 *   trace.c           readable lines
 *   script-run.c      a small language over all of it */

#include "engine/engine.h"

typedef struct World World;

/* What the world may do wrong by itself, drawn from the seed. Without any of them every delay is a small constant and
 * the trace is fit for reading. What a test does to the world (world_node_down() and so on) is on top of it. */
typedef enum WorldFaults {
        WORLD_JITTER = 1 << 0,      /* every delay is drawn; sources overtake each other */
        WORLD_ALONE = 1 << 1,       /* what a broken ring had not delivered everywhere reaches only some */
        WORLD_ABORT = 1 << 2,       /* a round reaches some members only and is followed by another one */
        WORLD_CARRY = 1 << 3,       /* messages queued in the old ring come before the new ring's view */
        WORLD_GHOST = 1 << 4,       /* a process that dies during a round stays in the member list */
        WORLD_EVICT = 1 << 5,       /* a living process is taken out of the member list */
        WORLD_REPEAT = 1 << 6,      /* a ring's view comes twice */
        WORLD_LATE_QUORUM = 1 << 7, /* quorum comes up to 30 s after the view, nodes in any order */
        WORLD_TEAR = 1 << 8,        /* a power cut during a write can leave a damaged record */
        WORLD_CLOCKS = 1 << 9,      /* every node's clocks have an offset of their own; pids are used again */
        WORLD_SLOW_SYSTEMD = 1 << 10, /* unit events come late, by seconds at times */
        WORLD_BUSY = 1 << 11,         /* Corosync answers TRY_AGAIN now and then, for seconds at times */
        WORLD_RATES = 1 << 12,        /* every node's clock runs up to a thousandth faster or slower */
        WORLD_LATE_SYSTEMD =
                        1
                        << 13, /* systemd carries out what it was asked for later, by many seconds at times */
        WORLD_SLOW_DISK = 1 << 14, /* a record takes up to 9 s to be written, now and then */
        WORLD_ALL_FAULTS = (1 << 15) - 1,
} WorldFaults;

typedef enum WorldQuorum {
        WORLD_QUORUM_MAJORITY, /* more than half of the nodes */
        WORLD_QUORUM_DEVICE, /* last man standing by a quorum device: one part at a time, the largest, even a single node */
        WORLD_QUORUM_TWO_NODE, /* each of two nodes is quorate by itself once it has seen the other */
} WorldQuorum;

/* What went wrong, and how often: a fault that no seed ever brings tests nothing. */
typedef enum WorldDeed {
        DEED_ALONE,           /* of a broken ring's messages one reached some of its members only */
        DEED_SENDER_ALONE,    /* ... and of those, what only its sender has */
        DEED_ABORT,           /* a round gave its view to some members only */
        DEED_CARRY,           /* a message queued in the old ring came before the new one's view */
        DEED_REPEAT,          /* a ring's view came twice */
        DEED_LEFT_AND_JOINED, /* a Corosync came back into the ring before the others had lost it */
        DEED_RING_OF_ONE,     /* a Corosync that has just started is alone at first */
        DEED_TOKEN_LOST,      /* all are there, and the ring forms anew */
        DEED_GHOST,           /* a dead process stays in the member list */
        DEED_EVICTED,
        DEED_TRY_AGAIN,        /* a send was refused */
        DEED_PROBE_DROPPED,    /* ... and it was a probe, which is not kept */
        DEED_LATE_QUORUM,      /* later than a second after the view */
        DEED_VERY_LATE_QUORUM, /* later than ten */
        DEED_QUORUM_FIRST,     /* a manager reads quorum's word before the view that it is about */
        DEED_QUORUM_TURNED,    /* quorum went or came without a new ring */
        DEED_CUT,
        DEED_ONE_WAY,
        DEED_LOSSY,
        DEED_NODE_DOWN,
        DEED_SEVERAL_DOWN, /* in one moment */
        DEED_SHUTDOWN,
        DEED_SLEEP,
        DEED_COROSYNC_DEAD,
        DEED_FREEZE,
        DEED_MANAGER_DEAD,
        DEED_MANAGER_HANGS,
        DEED_WATCHDOG,
        DEED_MANAGER_STOPPED,
        DEED_PID_AGAIN, /* the next manager has the pid of an earlier one */
        DEED_GUARD,     /* the guard stops or kills a worker */
        DEED_GUARD_AWAY,
        DEED_GUARD_AGAIN, /* one that is there again ends the workers of a manager that has ended */
        DEED_CLOCK_RATE,
        DEED_CLOCK_SET,
        DEED_DISK_TORN,
        DEED_DISK_LOST_WRITE, /* what was not on the disk yet is gone */
        DEED_DISK_FAILS,      /* a write fails */
        DEED_DISK_NEW,
        DEED_DISK_SLOW,        /* a write takes longer than a second */
        DEED_UNIT_SLOW,        /* a start or stop takes longer than a second */
        DEED_UNIT_LATE,        /* its manager hears of it later than a second */
        DEED_SYSTEMD_LATE,     /* systemd does nothing for longer than a second */
        DEED_CALL_OF_NOBODY,   /* and refuses then what a manager had asked for that is gone */
        DEED_START_TAKEN_BACK, /* or finds the stop of what it was to start */
        DEED_BUS_LOST,         /* a manager can neither ask systemd nor hear of it */
        DEED_UNIT_UNSEEN,      /* and does not learn why a worker ended meanwhile */
        DEED_UNIT_FAILS,
        DEED_UNIT_REFUSED,
        DEED_UNIT_STUCK,
        DEED_UNIT_RESTARTED, /* by systemd itself */
        DEED_UNIT_FINISHED,
        DEED_UNIT_STOPPED, /* from outside */
        DEED_PART_FAILS,   /* a part does not start */
        DEED_PART_DIES,
        DEED_PART_STUCK,   /* its stop does not succeed */
        DEED_REBOOT,       /* a host's own end */
        DEED_NODE_REMOVED, /* from the nodelist */
        DEED_NODE_ADDED,
        DEED_NODE_RENAMED,   /* it came back under another name */
        DEED_NODELIST_TAKEN, /* a manager has started anew for it */
        DEED_FILE_WRONG,
        DEED_FILES_READ_AGAIN, /* they were asked for while they were being read */
        DEED_VERSION,          /* a manager of another version of the program starts */
        DEED_POLICY,           /* ... or with another NoQuorumPolicy= than the others */
        DEED_BLOW,
        _WORLD_DEED_MAX,
} WorldDeed;

/* "one-way link", "torn write" ... */
const char *world_deed_to_string(WorldDeed d);

/* What happened, as the checkers see it: plain data, so that a test can make up a history. */
typedef enum ObservationType {
        OBSERVE_START, /* an engine issued a start: node, app, epoch, start_type, ring, ring_nodes, quorate */
        OBSERVE_START_VOID, /* and it will not begin: refused, or taken back: node, app, epoch */
        OBSERVE_STOP,       /* an engine issued a stop: node, app, epoch, quorate: and not cut off */
        OBSERVE_KILL,       /* and its time was over */
        OBSERVE_UNIT_BEGIN, /* processes of a worker exist from now on: node, app, epoch */
        OBSERVE_UNIT_END,   /* they are gone; flag: by a stop that was asked for */
        OBSERVE_UNIT_STUCK, /* they cannot be ended */
        OBSERVE_PART_BEGIN, /* something of a part may exist from now on: node, app, epoch, where: its kind, token: its number */
        OBSERVE_PART_END,   /* nothing of it does */
        OBSERVE_PART_STUCK, /* its stop did not succeed; it is tried again */
        OBSERVE_REBOOT, /* a host goes down by itself: node, where: by whose deadline, flag: the guard's; its end follows */
        OBSERVE_QUORUM, /* an engine's step began without quorum and ended with it or the reverse: node, quorate */
        OBSERVE_DECISION, /* an engine noted a decision on an application: node, app, where, epoch, note, quorate */
        OBSERVE_STATE, /* after a delivered message: node, ring, history, digest, revision, version, quorate; flag: all of it is
                        * committed; synced members only */
        OBSERVE_MANAGER_BEGIN,
        OBSERVE_MANAGER_END,  /* node; flag: planned */
        OBSERVE_NODE_DOWN,    /* its workers are gone with it */
        OBSERVE_GUARD,        /* a guard is there again, or is not any more: node, flag */
        OBSERVE_DISK_WRITTEN, /* a record is on the disk: node */
        OBSERVE_DISK_LOST,    /* a record was lost or damaged: node */
        OBSERVE_COMMAND,      /* an administrator asked: node, token, command */
        OBSERVE_REPLY,        /* and was answered: node, token, error */
        OBSERVE_STEP,         /* after each step: node, engine, event, effects */
        _OBSERVATION_TYPE_MAX,
} ObservationType;

typedef struct Observation {
        ObservationType type;
        uint64_t at_usec;
        uint32_t node_id;
        const char *app;
        const char *where; /* of a decision: the node that it names */
        uint64_t epoch;
        StartType start_type;
        NoteKind note;
        bool quorate;
        bool flag;
        RingId ring;
        const uint32_t *ring_nodes;
        size_t n_ring_nodes;
        uint64_t history; /* over what was delivered in this ring, in order */
        uint64_t digest;  /* of the agreed state, */
        Revision revision;
        uint8_t version; /* and the protocol version in it */
        uint64_t token;
        const Command *command;
        CommandError error;
        const Engine *engine;
        const Event *event;
        const EffectList *effects;
} Observation;

typedef void (*WorldObserver)(void *userdata, const Observation *o);

/* Everything is copied, but for the trace and the observer's userdata. Zero means the default. */
typedef struct WorldConfig {
        const char *const *nodes;
        size_t n_nodes;
        uint64_t seed;
        unsigned faults; /* WorldFaults */
        WorldQuorum quorum;
        NoQuorumPolicy policy;
        uint64_t token_usec, consensus_usec; /* 1 s, 2.63 s */
        uint64_t grace_usec;                 /* 15 s */
        uint64_t isolation_timeout_usec;     /* 0: the engine's default */
        uint64_t sync_timeout_usec;          /* 30 s */
        const char *const *sync_mandatory;   /* the same on every node */
        size_t n_sync_mandatory;
        const char *const *sync_optional;
        size_t n_sync_optional;
        uint64_t start_usec, stop_usec; /* of a worker: 20 ms, 10 ms */
        uint64_t realtime_usec;         /* the wall clock at the world's time 0 */
        bool ring_numbers;       /* they have gaps, and a power cut takes back what was not on the disk */
        uint64_t ring_bytes_sec; /* messages go as bytes, so many a second; 0: as they are, and at once */
        /* What a step takes of this processor's time the manager does nothing else for, in percent of it; 0: steps take no
         * time. Two worlds are not alike then. */
        unsigned charge_percent;
        FILE *trace;         /* NULL: none */
        bool trace_messages; /* every message that a manager reads, too */
        WorldObserver observer;
        void *userdata;
} WorldConfig;

/* All nodes are down at first, with blank disks and without definitions. -EINVAL, -ENOMEM. */
int world_new(const WorldConfig *config, World **ret);
World *world_free(World *w);
DEFINE_TRIVIAL_CLEANUP(World *, world_free)

/* Puts a world that has just been made where a cluster is: its nodes, which are the world's in the same order, with
 * their files, managers and workers, and what they have agreed on. The world's time afterwards is WORLD_BEGIN_USEC;
 * what is left of a delay counts from there. A node that is away is off, with a record that is older. A manager that is
 * gone stays gone. 0, also where this is not quite how the cluster is (its state tells: compare it); -EHOSTDOWN: no
 * quorum; -ENOMEM, -ELOOP. */
#define WORLD_BEGIN_USEC (10 * USEC_PER_SEC)
int world_begin(World *w, const State *s);

uint64_t world_now(const World *w);
uint64_t world_clock(
                const World *w, uint32_t node); /* of its manager, as the deadlines of its engine's state */
/* Lets everything happen that is due up to and at `usec`. 0, or -ENOMEM, or -ELOOP: an engine asks to be woken again
 * and again without time passing. */
int world_run_until(World *w, uint64_t usec);
int world_run_for(World *w, uint64_t usec);
/* Time stands still from now on, for an observer that has seen enough: runs end at once, with 0. */
void world_halt(World *w);

/* Which WorldFaults happen from now on. */
void world_set_faults(World *w, unsigned faults);

size_t world_n_nodes(const World *w);
uint32_t world_find_node(const World *w, const char *name); /* 0: there is none */
const char *world_node_name(const World *w, uint32_t node);

/* ---- what lies on a node's disk ---- */

/* Puts a definition into a node's files, or takes it out; the manager reads it at its start and on a reload.
 * 0 or -ENOMEM. */
int world_set_definition(World *w, uint32_t node, const Definition *d);
/* Its file is wrong: it has no definition, and `text` is told in its place. */
int world_set_wrong_file(World *w, uint32_t node, const char *app, const char *text);
void world_drop_definition(World *w, uint32_t node, const char *app);
/* The manager reads its files again, as after a reload on this node alone. */
void world_reload(World *w, uint32_t node);
/* The record as if it had been written earlier; the node is down. */
int world_set_record(World *w, uint32_t node, const void *data, size_t size_bytes);
/* Another version of the program is installed: the next manager there knows the protocol versions up to this one. */
void world_set_version(World *w, uint32_t node, uint8_t version_max);
/* corosync.conf was changed and read again: its Corosync goes on with these at once, its manager hears of it soon. The
 * isolation timeout (0: the engine's default) is of manager.conf, which its next manager reads. */
void world_set_timing(World *w, uint32_t node, uint64_t token_usec, uint64_t consensus_usec,
                uint64_t isolation_usec);
/* SelfFenceSec= of manager.conf, which the next manager there reads. */
void world_set_self_fence(World *w, uint32_t node, uint64_t usec);
/* NoQuorumPolicy= of manager.conf, which the next manager there reads. */
void world_set_policy(World *w, uint32_t node, NoQuorumPolicy policy);
void world_wipe_disk(World *w, uint32_t node);
/* Writes fail from now on, or work again. */
void world_disk_fail(World *w, uint32_t node, bool fails);

/* ---- what can happen to nodes and processes; those that do not apply (a node that is down already) do nothing ---- */

void world_node_up(World *w, uint32_t node);       /* boots: Corosync, then the manager */
void world_node_down(World *w, uint32_t node);     /* a power cut */
void world_power_cut(World *w, uint64_t nodes);    /* of several in one moment: bit i is node i + 1 */
void world_node_shutdown(World *w, uint32_t node); /* in order: hand over, then off */
void world_manager_kill(
                World *w, uint32_t node, bool restart); /* a crash; systemd starts it again or does not */
void world_manager_start(World *w, uint32_t node);
void world_manager_stop(World *w, uint32_t node);    /* a planned leave */
void world_manager_restart(World *w, uint32_t node); /* workers run on */
/* The guard of `node` is not there: nothing ends the workers of a manager that ends meanwhile. The next one goes on
 * where it was, and of an end that it has not seen counts from then. */
void world_guard_away(World *w, uint32_t node);
void world_guard_back(World *w, uint32_t node);
/* Its fuse does not answer its manager, or does again. */
void world_fuse_away(World *w, uint32_t node);
void world_fuse_back(World *w, uint32_t node);
/* Hangs for so long; its watchdog kills it after a quarter of the grace, or, where it has no worker to answer for,
 * after WATCHDOG_IDLE_USEC. */
void world_manager_hang(World *w, uint32_t node, uint64_t usec);
void world_corosync_kill(World *w, uint32_t node, uint64_t down_usec);
void world_corosync_freeze(World *w, uint32_t node, bool frozen);
void world_evict(World *w, uint32_t node);
/* The wall clock is set. */
void world_clock_set(World *w, uint32_t node, uint64_t offset_usec);
/* The host sleeps for so long: nothing of it runs. */
void world_node_suspend(World *w, uint32_t node, uint64_t usec);

/* Changes corosync.conf everywhere. A node that is down is taken out, and its disk with it; or it is put in again, as
 * another host with that id. `name` NULL: the name that it had. As by an administrator who follows the manual, this is
 * done only while all others are up and in step; else two quorate rings that follow each other may share no node.
 * False: they are not, and nothing was changed. */
bool world_node_remove(World *w, uint32_t node);
bool world_node_add(World *w, uint32_t node, const char *name);
bool world_node_is_listed(const World *w, uint32_t node);

/* Nodes of the same part hear each other: part[i] belongs to node i + 1. */
void world_partition(World *w, const unsigned *part);
/* No other node gets the next message that this node's Corosync puts in order: its cable is cut in that moment. */
void world_cut_sending(World *w, uint32_t node);
/* `node` does not hear `other` any more. Corosync's links are up only while their pings are answered, so nothing goes
 * the other way either. Third nodes hear both, and rings form that leave out now the one, now the other. */
void world_one_way(World *w, uint32_t node, uint32_t other);
/* `node` misses much of what the others send: it hears all late, and now and then the token is lost. */
void world_lossy(World *w, uint32_t node);
void world_heal(World *w); /* all of these */
/* The quorum device gives or takes its vote of its own accord. */
void world_device_fail(World *w, bool fails);

/* ---- workers ---- */

typedef enum WorldUnitFault {
        WORLD_UNIT_WELL,
        WORLD_UNIT_START_FAILS,    /* after its start time */
        WORLD_UNIT_START_FINISHES, /* ends well after its start time, as one that finds another's lock */
        WORLD_UNIT_START_REFUSED,  /* at once */
        WORLD_UNIT_STOP_STUCK,     /* a stop does not end, a kill neither, until WELL again */
        WORLD_UNIT_CRASHES,        /* it ends as soon as it runs, and systemd starts it again, without end */
        WORLD_UNIT_START_FAILS_BESIDE, /* after its start time, where another node has the worker */
} WorldUnitFault;

/* systemd does nothing for so long; what it is asked for waits. */
void world_systemd_late(World *w, uint32_t node, uint64_t usec);
/* Its manager has no bus for so long: it asks for nothing and learns of nothing, and kills by control groups. What it reads
 * then is how things stand: why a worker ended meanwhile it does not learn. */
void world_bus_lost(World *w, uint32_t node, uint64_t usec);
/* How workers of `app` behave on `node` from now on. */
void world_unit_behave(World *w, uint32_t node, const char *app, WorldUnitFault fault, uint64_t start_usec,
                uint64_t stop_usec);
void world_unit_fail(World *w, uint32_t node, const char *app);   /* for good */
void world_unit_finish(World *w, uint32_t node, const char *app); /* cleanly, by itself */
void world_unit_restart(
                World *w, uint32_t node, const char *app); /* its process dies, and systemd restarts it */
void world_unit_stop_outside(World *w, uint32_t node, const char *app); /* systemctl stop */

/* ---- parts ---- */

typedef enum WorldPartKind {
        WORLD_PART_ADDRESS, /* has a process; what that leaves is taken away after its end */
        WORLD_PART_MOUNT,   /* ends by its own stop only */
        WORLD_PART_UNIT,    /* has processes */
        _WORLD_PART_KIND_MAX,
} WorldPartKind;
#define WORLD_PARTS_MAX 4u

typedef enum WorldPartFault {
        WORLD_PART_WELL,
        WORLD_PART_START_FAILS,
        WORLD_PART_STUCK, /* its stop does not succeed, until WELL again */
} WorldPartFault;

const char *world_part_kind_to_string(WorldPartKind kind);
/* What each copy of `app` that starts from now on has beside its worker, in this order; at most WORLD_PARTS_MAX. */
int world_set_parts(World *w, const char *app, const WorldPartKind *kinds, size_t n);
/* One of these outlives a kill. The files that are there say so already. */
bool world_parts_need_end(const World *w, const char *app);
/* How what is mounted, or else the last part, behaves on `node`; and how long each takes, 0: as the worker does. */
void world_part_behave(World *w, uint32_t node, const char *app, WorldPartFault fault, uint64_t start_usec,
                uint64_t stop_usec);
void world_part_dies(World *w, uint32_t node, const char *app); /* that one, while its worker runs */

/* ---- commands ---- */

/* Asks the manager of `node`; *ret_token names the answer. -ENOTCONN: no manager answers there. */
int world_command(World *w, uint32_t node, const Command *command, uint64_t *ret_token);
/* True once it has been answered; *ret_error and *ret_text (valid as long as the world) are set then. A manager that
 * died first never answers. */
bool world_reply(const World *w, uint64_t token, CommandError *ret_error, const char **ret_text);
int world_stop_local(World *w, uint32_t node, const char *app);

/* ---- when something is about to go wrong ---- */

typedef enum WorldMoment {
        MOMENT_SEND,  /* this node's Corosync has just put a message of its manager in order */
        MOMENT_START, /* its manager has just asked for a start */
        MOMENT_STOP,
        MOMENT_WRITE, /* has begun to write its record */
        MOMENT_WRITTEN,
        MOMENT_VIEW,  /* has just been given a view */
        MOMENT_PROBE, /* its Corosync has just put a probe of its manager in order */
        _WORLD_MOMENT_MAX,
} WorldMoment;

typedef enum WorldBlow {
        BLOW_NODE_DOWN,
        BLOW_MANAGER_KILL,
        BLOW_CUT,    /* the node is alone */
        BLOW_FREEZE, /* its Corosync */
        BLOW_COROSYNC_KILL,
        BLOW_MINORITY_DOWN, /* the node and others, fewer than half of all */
        _WORLD_BLOW_MAX,
} WorldBlow;

/* The `count`-th such moment on `node` from now on brings the blow, before anything else happens. */
int world_arm(World *w, uint32_t node, WorldMoment moment, unsigned count, WorldBlow blow);

/* Forgets them all. */
void world_disarm(World *w);

/* ---- looking ---- */

bool world_node_is_up(const World *w, uint32_t node);
unsigned world_reboots(const World *w, uint32_t node); /* how often it has ended by itself */
bool world_manager_is_up(const World *w, uint32_t node);
bool world_corosync_is_well(const World *w, uint32_t node); /* neither down nor frozen */
const Engine *world_engine(const World *w, uint32_t node);  /* NULL: no manager runs */
/* Where processes of the worker, or a part of it, exist: ids in ascending order; the number is returned. */
size_t world_running(const World *w, const char *app, uint32_t *ret_nodes, size_t n_max);
/* 0: no worker there. */
uint64_t world_unit_epoch(const World *w, uint32_t node, const char *app);
UnitState world_unit_state(const World *w, uint32_t node, const char *app);
/* How the worker was started that runs there. */
StartType world_unit_start_type(const World *w, uint32_t node, const char *app);
bool world_disk_is_lost(const World *w, uint32_t node);
bool world_disk_is_blank(const World *w, uint32_t node); /* no record was ever written there */
/* How often each WorldDeed happened, _WORLD_DEED_MAX numbers; how many events engines have stepped through. */
const uint64_t *world_deeds(const World *w);
uint64_t world_n_steps(const World *w);
/* What went round, where the ring carries bytes; how long steps took, where they are charged. */
typedef struct WorldTraffic {
        uint64_t n_messages[_MESSAGE_TYPE_MAX], n_bytes[_MESSAGE_TYPE_MAX];
        uint64_t n_unsent;  /* messages that were too large */
        uint64_t n_refused; /* fragments, by all readers */
        uint64_t n_rejoins;
        uint64_t longest_usec[_EVENT_TYPE_MAX]; /* processor time of one step */
        uint64_t total_usec;                    /* of all of them */
} WorldTraffic;
const WorldTraffic *world_traffic(const World *w);
void world_forget_traffic(World *w); /* counts from here on */
/* A random number of the world's own, below `n`. */
uint64_t world_random(World *w, uint64_t n);
/* A remark between the lines of the trace. */
void world_remark(World *w, const char *format, ...) _printf_(2, 3);
/* Prints what is held back to be joined with what other nodes say. */
void world_flush_trace(World *w);
