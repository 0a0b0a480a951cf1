/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What happens, as plain data: each step of the engine is given one event. Its adapter owns what it points to. */

#include "base/timing.h"
#include "engine/message.h"

typedef struct EngineNode {
        uint32_t id;
        const char *name;
} EngineNode;

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
        EVENT_FUSE,         /* the same of its fuse */
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
                        bool needs_end; /* what is noted of it has parts that outlive a kill */
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
                        bool again; /* they are being read once more: no answer to a `reload --all` that came meanwhile */
                } definitions;
                struct {
                        Revision revision;
                        int error; /* 0 or negative errno */
                } written;
                struct {
                        bool guarded;
                } guard;
                struct {
                        bool fused;
                } fuse;
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
