/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One copy of a worker: where it stands, what came, and what follows. Pure: no bus, no clock, no file; what the host says is
 * in the fact, and what is to be done in the todo. unit-step.h has the one way in; unit-take.h carries out what follows.
 *
 *   phase      fact                                       phase then   said, and to be done
 *   ---------  -----------------------------------------  -----------  --------------------------------------------
 *   absent     START_WANTED                               asked        the start waits in line
 *              LOOKED: a copy of ours is there            its own      its state is said, its run is kept
 *              LOOKED: it has ended, processes are left   stopping     look again, as of one that is known
 *              LOOKED: none is                            absent       the unit is removed
 *   asked      START_SENT, _ANSWERED                      asked,       STARTING, with the answer
 *                                                         starting
 *              START_EXISTS, _UNHEARD, DETACHED           asked        read: what is there decides (LOOKED)
 *              LOOKED: this copy                          its own      its state
 *              LOOKED: processes of this copy are left    stopping     look again: it has begun, and ended unseen
 *              LOOKED: another copy                       its own      REFUSED for this one, the state of that
 *              LOOKED: a failed rest                      asked        reset, and the start waits in line again
 *              LOOKED: nothing                            asked        the start waits in line again
 *              START_CONFLICTS                            judging      look; then STOPPING: does the host go down?
 *              START_REFUSED                              ended        REFUSED, its commands are removed
 *              STOP_WANTED, of a start that waits         ended        STOPPED
 *              ... once something of its names was        check        STOPPED is the cause
 *              in its way, with parts
 *   starting,  STOP_WANTED                                the same     the stop waits in line
 *   up,        JOB_SEEN: not ours                         the same     ask what it does
 *   stopping   JOB_TYPE, JOB_ENDED, STOP_FAILED           the same     read
 *              LOOKED: active, activating, deactivating   up ...       the state; a stop that was asked for, again
 *              LOOKED: ended, processes are left,         stopping     look again; after STUCK_AFTER_USEC: STUCK
 *              of a start that failed too
 *              LOOKED: ended by another hand              judging      STOPPING: does the host go down?
 *              LOOKED: ended otherwise                    ended        why: unit_state_from_properties()
 *              DEAF, DETACHED                             the same     what ends now, ends unseen
 *   judging    JUDGED                                     ended        SHUTDOWN, or KILLED (REFUSED: of a start)
 *              JUDGE_FAILED, DETACHED                     stopping     read
 *              LOOKED: alive                              its own      its state
 *   ended      START_WANTED of another epoch              asked        the start waits in line
 *              LOOKED: alive                              its own      the rest of it was started again
 *              anything else                              ended        nothing, or the same is said again
 *
 * A copy with parts takes one road to its end, whatever ends it, and STOPPING is said on it. Its stops are those of its
 * slice, which is what systemd ends all of it by:
 *
 *   on the road  fact                                     then         said, and to be done
 *   -----------  ---------------------------------------  -----------  ------------------------------------------
 *   not yet      NOTED: an earlier manager's note         not yet      read; it may have run
 *                LOOKED: its parts were never read        not yet      read them; until then nothing is said of it
 *                LOOKED: of a start, again and again      check        REFUSED is the cause
 *                something of its names is in the way
 *                LOOKED: alive, a part has ended          cause        what is known says why
 *                LOOKED: ended                            cause        read the parts
 *                LOOKED: ended, as a stop was asked for   stop, check  STOPPED is the cause
 *                START_REFUSED, _CONFLICTS                not yet      nothing was started: as without parts
 *                START_EXISTS: PARTS_READ: a part's unit  check        REFUSED is the cause, by name
 *                is somebody else's
 *                LOOKED: in maintenance, and no stop was  not yet      look again; its worker has ended: STOPPING
 *                asked for
 *   cause        PARTS_READ: one is ending                cause        read them again
 *                PARTS_READ: one has ended                stop         FAILED (REFUSED: of a start) by that part; KILLED
 *                                                                      where the slice was stopped as well: judged first
 *                PARTS_READ: all are at work              stop         as without parts
 *   stop         JOB_ENDED, STOP_FAILED: of the slice     check        read the parts
 *                LOOKED: a second after it, with a mount  stop         read the parts
 *                PARTS_READ: a mount stands, and nothing  stop         STUCK, by name, though the job waits for what comes
 *                is at work to unmount it                              behind; the stop again
 *   check        PARTS_READ: all have ended, and no job   ended        the cause
 *                of the slice is left
 *                PARTS_READ: something is left            check        look again; after STUCK_AFTER_USEC: STUCK, by name
 *                ... which a part's own removal left      check        take it away once more
 *                ... and can be stopped                   stop         a stop that was asked for, again
 *
 * A start in several calls (part-stages.h) is one start: STARTING is said from the first on, and the worker is in the last.
 *
 *   its calls    fact                                     then         said, and to be done
 *   -----------  ---------------------------------------  -----------  ------------------------------------------
 *   before the   START_WANTED, with installed units       asked        read the parts
 *   first        LOOKED: an installed unit is at work,    ended        REFUSED
 *                or cannot be a part
 *                LOOKED: none is                          asked        the first call waits in line
 *                STOP_WANTED                              ended        STOPPED
 *   between      JOB_ENDED: of a call                     between      read the parts of all calls until then
 *   two          LOOKED: all of them are at work          asked        the next call waits in line
 *                LOOKED: one is on its way                between      read them again
 *                LOOKED: one is not, or was skipped       cause        its end says why
 *                LOOKED: the call's job was not done      cause
 *                STOP_WANTED                              stop         the next call is not sent
 *   a later one  START_REFUSED                            stop         REFUSED is the cause
 *                START_CONFLICTS                          cause        judged first
 *                START_EXISTS                             stop         REFUSED is the cause
 *   any          START_UNHEARD, DETACHED; LOOKED: there   stop         STOPPED is the cause: it never began, and what the
 *                is no worker                                          call has begun is taken away
 *
 * FAILED and REFUSED leave the note and the failed parts where they are, as a manager that comes later is to find the reason;
 * every other end takes them away.
 *
 * tests/unit/test-systemd-machine.c has these rows as cases. */

#include "systemd/part-state.h"

#define UNIT_STUCK_AFTER_USEC USEC_PER_SEC /* processes may be left for this long after their unit's end */
#define UNIT_STOP_REPEAT_USEC USEC_PER_SEC
#define UNIT_UNMOUNT_REPEAT_USEC (5 * USEC_PER_SEC) /* each try is three lines in the journal */
#define UNIT_START_TRIES_MAX 8u
/* How often it is looked at while something is left, and after that. */
#define UNIT_LEFT_LOOK_USEC (50 * USEC_PER_MSEC)
#define UNIT_STUCK_LOOK_USEC USEC_PER_SEC

/* A start or a stop, from the wish until its job has ended. What waits stands in line for its turn. */
typedef enum CallStage {
        CALL_NONE,
        CALL_WAITS,     /* systemd has not heard of it */
        CALL_SENT,      /* nor answered */
        CALL_AT_WORK,   /* its job has an id */
        CALL_UNCERTAIN, /* of a start: its effect is not known, reading tells */
} CallStage;

typedef struct UnitCall {
        CallStage stage;
        uint32_t job_id; /* of AT_WORK; else 0 */
} UnitCall;

static inline bool unit_call_is_out(const UnitCall *call)
{
        return call->stage == CALL_SENT || call->stage == CALL_AT_WORK;
}

typedef enum ForeignType {
        FOREIGN_UNKNOWN, /* the job was gone before it could be asked */
        FOREIGN_ASKED,
        FOREIGN_STOP,
        FOREIGN_RESTART,
        FOREIGN_OTHER,
} ForeignType;

/* A job of the unit that is not ours. */
typedef struct ForeignJob {
        uint32_t id; /* 0: none */
        ForeignType type;
        bool done;                 /* it has ended, and did what it was to do */
        uint8_t invocation_id[16]; /* the run that it found */
} ForeignJob;

/* A worker has ended by another hand: is it the host's, or our manager's, end as well? */
typedef enum Judgement {
        JUDGE_NOT,
        JUDGE_WAITS, /* for a question that is sent after the end */
        JUDGE_ASKED,
        JUDGE_ANSWERED, /* in history.going_down */
} Judgement;

typedef enum UnitRoadStage {
        ROAD_NONE,
        ROAD_CAUSE, /* why did it end? */
        ROAD_STOP,  /* its slice is being stopped */
        ROAD_CHECK, /* have all parts ended? */
} UnitRoadStage;

/* The one road of each end of a copy with parts. */
typedef struct UnitRoad {
        UnitRoadStage stage;
        UnitState cause;       /* what is said at its end; known from STOP on */
        char *reason;          /* of it; NULL: none */
        bool reading;          /* the parts are being read: all that follows waits for it */
        bool again;            /* what was read is old */
        bool is_fresh;         /* all of it was read just now */
        uint64_t removal_usec; /* when what a part left was to be taken away once more, last; 0: never */
        uint64_t read_usec;    /* when that was last */
} UnitRoad;

#define UNIT_EPOCH_UNKNOWN UINT64_C(1) /* of a copy whose note cannot be read: no newer one is taken for it */
#define UNIT_JOBS_SEEN_MAX 4u

/* Texts that few copies have are not in the struct: hundreds of them are at rest for most of the time. */
typedef struct UnitMachine {
        const char *unit; /* the unit's name, not owned */
        uint64_t epoch; /* the copy that all of it is about; 0: a unit of the listing that was not read yet */
        uint8_t run_id[16];        /* InvocationID of the copy's run that was seen last; all 0: none was */
        UnitState state;           /* as said last; UNIT_NONE: nothing was */
        char *reason;              /* as said last; NULL: none */
        UnitProperties properties; /* as read last, with what signals said since */
        UnitHistory history;
        char *control_group; /* learned while it ran: systemd forgets it at the end; NULL: not known */

        UnitCall start, stop;
        uint64_t stop_usec; /* when a stop was sent last; 0: never */
        unsigned n_tries;   /* starts that an old unit of that name was in the way of */
        char *refusal; /* not NULL: what systemd said of a start that a host going down explains as well */
        struct {
                uint32_t id;
                char result[16];
        } jobs_seen[UNIT_JOBS_SEEN_MAX]; /* ends of jobs that came before the answer that names them */
        size_t n_jobs_seen;

        ForeignJob foreign;
        Judgement judgement;
        uint64_t left_usec; /* since when something is left after the end; 0: nothing was */

        bool is_stale; /* a start's job has ended since the unit was read: `properties` may be those of an older copy */
        bool has_parts; /* and a slice, and a note */
        bool has_units; /* of these installed ones: they may be at work without us */
        size_t stage, n_stages; /* the call that is out, or next, of those of its start: part-stages.h; 0 of 0: nothing is to be started */
        bool is_begun;   /* of these something may be there */
        bool is_noted;   /* an earlier manager began it, and the note is all that is known */
        bool in_the_way; /* of a start: there is something of that name, and it may be the slice or a part */
        UnitRoad road;
} UnitMachine;

typedef enum UnitPhase {
        UNIT_PHASE_ABSENT,
        UNIT_PHASE_ASKED,
        UNIT_PHASE_STARTING,
        UNIT_PHASE_UP,
        UNIT_PHASE_STOPPING, /* STUCK too */
        UNIT_PHASE_JUDGING,
        UNIT_PHASE_ENDED,
} UnitPhase;

UnitPhase unit_machine_phase(const UnitMachine *m);
/* The copy has ended, in whatever way. */
bool unit_state_is_end(UnitState state);

typedef enum UnitFactType {
        UNIT_FACT_NOTED,        /* epoch, 0: not known: an earlier manager's note of a copy with parts */
        UNIT_FACT_START_WANTED, /* epoch, has_parts, has_units, n_stages */
        UNIT_FACT_START_SENT,
        UNIT_FACT_START_ANSWERED,  /* job_id; 0: not an answer that systemd gives */
        UNIT_FACT_START_EXISTS,    /* systemd has a unit of that name */
        UNIT_FACT_START_UNHEARD,   /* no answer came */
        UNIT_FACT_START_CONFLICTS, /* text: another job is in the way, or the host goes down */
        UNIT_FACT_START_REFUSED,   /* text */
        UNIT_FACT_STOP_WANTED,
        UNIT_FACT_STOP_SENT,
        UNIT_FACT_STOP_ANSWERED, /* job_id */
        UNIT_FACT_STOP_FAILED,   /* whatever the error: it has ended, or is asked again while it lives */
        UNIT_FACT_JOB_SEEN,      /* job_id */
        UNIT_FACT_JOB_ENDED,     /* job_id, text: the result */
        UNIT_FACT_JOB_TYPE,      /* job_type: of the job that was asked about last */
        UNIT_FACT_HINT,          /* properties, overlaps: a read is in flight */
        UNIT_FACT_READ,       /* properties, NULL: there is no such unit; overlaps: a hint came in between */
        UNIT_FACT_LOOKED,     /* what the host shows beside it: epoch, by_guard, left, parts */
        UNIT_FACT_PARTS_READ, /* its parts and its slice, all of them since they were asked for */
        UNIT_FACT_GROUP,      /* text: its control group, of which systemd has said nothing */
        UNIT_FACT_JUDGE_SENT,
        UNIT_FACT_JUDGED, /* leaves */
        UNIT_FACT_JUDGE_FAILED,
        UNIT_FACT_DEAF, /* systemd left the bus */
        UNIT_FACT_DETACHED,
        _UNIT_FACT_MAX,
} UnitFactType;

typedef struct UnitFact {
        UnitFactType type;
        uint64_t now_usec;
        uint64_t epoch; /* LOOKED: that this run was kept as, where its properties name none; 0: it was not */
        uint32_t job_id;
        const char *text;
        const UnitProperties *properties;
        ForeignType job_type;
        bool overlaps;
        bool by_guard; /* the guard was at work when it ended */
        bool left;     /* processes are in its control group */
        bool leaves;   /* the host, corosync.service or the manager is being stopped */
        bool in_maintenance; /* the application is: what ends by itself, or by hand, leads to nothing until that is over */
        bool has_parts, has_units;
        size_t n_stages;
        bool slice_read;        /* PARTS_READ: the slice too, and with it all of them */
        const PartsSeen *parts; /* NULL: it has none, or not all of them were ever read */
} UnitFact;

/* What is reported: a copy's state. */
typedef struct UnitSaid {
        uint64_t epoch;
        UnitState state;
        char reason[UNIT_REASON_MAX]; /* "": none */
        uint8_t invocation_id[16];
        uint64_t unit_digest;
} UnitSaid;

typedef struct UnitTodo {
        UnitSaid said[3]; /* in order */
        size_t n_said;
        bool ended; /* nothing that was asked of the copy has a meaning any more; before what follows here */
        bool renewed;       /* the unit is another copy's, of which nothing is known; as `ended` */
        bool look;          /* what the host shows is wanted: LOOKED */
        bool read;          /* as soon as may be */
        bool read_later;    /* in a while that grows */
        uint64_t read_usec; /* then; USEC_INFINITY: no need */
        uint32_t ask_job;   /* what does it do? 0: none */
        bool ask_judge;
        bool reset_failed;
        uint64_t remove_commands; /* of this epoch; 0: none */
        bool keep_run;            /* which copy the run is */
        bool remove;              /* the unit is none of ours */
        bool read_parts;          /* all, and the slice, anew: PARTS_READ */
        bool reset_parts;         /* those that systemd keeps as failed */
        bool forget_parts;        /* the same, and the note goes */
        size_t remove_part; /* what it left is to be taken away once more: 1 for the first, and so on; 0: none */
        int error;          /* -ENOMEM: what is said is not all */
} UnitTodo;

/* Nothing is known; epoch 0: of the listing. */
void unit_machine_init(UnitMachine *m, const char *unit, uint64_t epoch);
void unit_machine_done(UnitMachine *m);

/* ---- inside of the machine ---- */

void unit_set_text(char **text, const char *value, UnitTodo *t);
UnitSaid *unit_next_said(UnitTodo *t);
void unit_say(const UnitMachine *m, UnitTodo *t); /* once more */
void unit_set_state(UnitMachine *m, UnitState state, const char *reason, UnitTodo *t);
void unit_forget_wishes(UnitMachine *m, UnitTodo *t);
void unit_reset_rest(const UnitMachine *m, UnitTodo *t);
void unit_read_at(UnitTodo *t, uint64_t usec);
void unit_call_done(UnitMachine *m, UnitCall *call);
/* True: the answer is there, in history.going_down; else it is asked for. */
bool unit_is_judged(UnitMachine *m, UnitTodo *t);
/* The worker's call is not due yet. */
bool unit_is_early(const UnitMachine *m);
