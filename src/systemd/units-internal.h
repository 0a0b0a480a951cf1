/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind units.h share.
 *
 *   units.c          the object, what is known, reports, time
 *   unit-jobs.c      calls that change something: start, stop, kill, reset, and their queue
 *   unit-facts.c     what comes from systemd: signals, the listing; coming and going of the bus
 *   unit-evaluate.c  reads, and what follows from them */

#include "systemd/cgroup.h"
#include "systemd/killer.h"
#include "systemd/unit-read.h"
#include "systemd/units.h"

#define CALL_TIMEOUT_USEC \
        (90 * USEC_PER_SEC) /* a daemon-reload can hold systemd up for longer than a minute */
#define RETRY_MIN_USEC (20 * USEC_PER_MSEC)
#define RETRY_MAX_USEC (2 * USEC_PER_SEC)
#define STOP_REPEAT_USEC USEC_PER_SEC
#define STUCK_AFTER_USEC USEC_PER_SEC /* processes may be left for this long after their unit's end */
#define START_TRIES_MAX 8u
#define JOBS_SEEN_MAX 4u

/* A start or a stop from the call until its job has ended. */
typedef struct UnitCall {
        bool active;
        uint32_t job_id; /* 0: systemd has not answered */
        sd_bus_slot *slot;
} UnitCall;

typedef enum ForeignType {
        FOREIGN_UNKNOWN, /* not answered, or the job was gone before it could be asked */
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

typedef enum UnitQueue {
        QUEUE_KILL,
        QUEUE_STOP,
        QUEUE_START,
        QUEUE_READ,
        _QUEUE_MAX,
} UnitQueue;

typedef struct Unit Unit;

/* One application's unit. `epoch` names the copy that all of it is about. There are hundreds of them for most of the
 * time at rest, so texts that few of them have are not in the struct. */
struct Unit {
        Units *units;
        char *app, *name, *path;
        uint64_t epoch;
        uint8_t run_id[16]; /* InvocationID of the copy's run that was seen last; all 0: none was */

        UnitState state;           /* as reported last; UNIT_NONE: nothing was */
        char *reason;              /* NULL: none */
        UnitProperties properties; /* as read last, with what signals said since */
        UnitHistory history;
        char *control_group; /* learned while it ran: systemd forgets it at the end; NULL: not known */

        UnitStartCopy *request; /* not NULL: a start that waits, is in flight, or whose effect is not known */
        bool verify;            /* the start's effect is not known: read, then decide */
        unsigned n_tries;
        char *refusal; /* not NULL: the start failed in a way that a host going down explains as well */
        UnitCall start, stop;
        struct {
                uint32_t id;
                char result[16];
        } jobs_seen[JOBS_SEEN_MAX]; /* ends of jobs that came before the answer that names them */
        size_t n_jobs_seen;
        ForeignJob foreign;

        sd_bus_slot *read_slot, *kill_slot, *foreign_slot;
        bool read_again; /* a signal came while the read was in flight */
        bool listed;     /* counts in Units.n_unread */
        bool judging, judged;
        uint64_t ended_usec; /* the end was seen, but processes were left; 0: no */
        uint64_t stop_usec;  /* of the last StopUnit() */
        uint64_t check_usec; /* read again then; USEC_INFINITY: no need */
        uint64_t kill_usec;  /* kill through the control group then; USEC_INFINITY: no need */
        uint64_t retry_usec; /* the present distance of retries */

        struct {
                Unit *prev, *next;
                bool in;
        } links[_QUEUE_MAX];
};

/* A report that waits for the loop; app NULL is `ready`. */
typedef struct UnitReport {
        char *app;
        uint64_t epoch;
        UnitState state;
        char reason[UNIT_REASON_MAX];
        uint8_t invocation_id[16];
        uint64_t unit_digest;
} UnitReport;

struct Units {
        sd_event *event;
        sd_bus *bus;
        char *systemd; /* the sender of systemd's answers; NULL: it has not answered on this connection */
        UnitsCallbacks callbacks;
        void *userdata;
        char *own_unit;
        Killer *killer;
        char *cgroup_root;
        char *guard_directory;
        char *dropin_dir; /* NULL: no commands are kept there */

        Unit **units; /* sorted by app */
        size_t n_units, n_allocated;
        struct {
                Unit *first, *last;
        } queues[_QUEUE_MAX];
        size_t n_jobs, n_start_jobs, n_reads, n_kills;

        UnitReport *reports;
        size_t n_reports, n_reports_allocated;

        sd_event_source *report_source, *pump_source, *timer;
        uint64_t timer_usec; /* when it is set to; USEC_INFINITY: off */
        sd_bus_slot *match_properties, *match_manager, *match_owner, *subscribe_slot, *list_slot;
        bool listed, ready;
        size_t n_unread; /* units of the listing that have not been read yet */
        uint64_t list_retry_usec,
                        list_usec; /* distance, and when the listing is repeated; USEC_INFINITY: not */
        OwnJobQuery *judge;
};

/* units.c */
Unit *units_lookup(const Units *u, const char *app);
int units_add(Units *u, const char *app, uint64_t epoch, Unit **ret); /* -ENOBUFS at UNITS_MAX */
void units_remove(Units *u, Unit *unit);                              /* frees it */
void units_failed(Units *u, int error);
uint64_t units_now(const Units *u);
void units_pump_later(Units *u);
void units_schedule(Units *u, uint64_t usec); /* the timer fires then, or before */
void unit_queue(Unit *unit, UnitQueue queue);
void unit_unqueue(Unit *unit, UnitQueue queue);
/* A fresh copy: everything that was seen of the last one is forgotten. */
void unit_reset_copy(Unit *unit, uint64_t epoch);
void unit_set_state(Unit *unit, UnitState state, const char *reason); /* reports what is new */
void unit_set_text(Unit *unit, char **text, const char *value); /* one of the unit's own; NULL or "": none */
void unit_report(Unit *unit);
void units_report(Units *u, const char *app, uint64_t epoch, UnitState state, const char *reason,
                const UnitProperties *properties); /* NULL: not known */
void unit_check_at(Unit *unit, uint64_t usec);
void unit_check_backoff(Unit *unit);
bool unit_state_is_end(UnitState state);

/* unit-jobs.c */
void units_pump(Units *u); /* sends what may be sent */
void unit_call_done(Unit *unit, UnitCall *call);
void unit_finish_job(Unit *unit, UnitCall *call, const char *result);
void unit_refuse(Unit *unit, const char *reason);
void unit_reset_failed(Unit *unit);
void unit_drop_request(Unit *unit);
void units_kill_groups(Units *u, uint64_t now_usec);

/* unit-facts.c */
int units_subscribe(Units *u);
int units_relist(Units *u);

/* unit-evaluate.c */
void units_check_ready(Units *u); /* reports `ready` once all of the listing has been read */
bool unit_same_state(
                const UnitProperties *a, const UnitProperties *b); /* in the fields that a change shows in */
void unit_note_foreign(Unit *unit, uint32_t id);                   /* a job that may not be ours */
int unit_send_read(Unit *unit);
void unit_evaluate(Unit *unit); /* may free it, where it turns out to be no copy of ours */
