/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The units that are known here, the lines in which they wait for their turn, reports and time: what the files behind
 * units.h have in common. Each calls those above it only.
 *
 *   unit-machine.h   pure: what follows from what came, for one copy
 *   unit-known.c     this
 *   unit-take.c      gives the machine what came, and carries out what follows
 *   unit-jobs.c      sends what stands in line, and hears the answers
 *   unit-facts.c     what comes from systemd by itself: signals, the listing
 *   units.c          the object, and what is asked of it */

#include "systemd/cgroup.h"
#include "systemd/killer.h"
#include "systemd/own-job.h"
#include "systemd/unit-info.h"
#include "systemd/unit-machine.h"
#include "systemd/unit-parts.h"
#include "systemd/unit-read.h"
#include "systemd/unit-start.h"

#define UNITS_CALL_TIMEOUT_USEC \
        (90 * USEC_PER_SEC) /* a daemon-reload can hold systemd up for longer than a minute */
#define UNITS_RETRY_MIN_USEC (20 * USEC_PER_MSEC)
#define UNITS_RETRY_MAX_USEC (2 * USEC_PER_SEC)

typedef enum UnitQueue {
        QUEUE_KILL,
        QUEUE_STOP,  /* stop.stage is WAITS */
        QUEUE_START, /* start.stage is WAITS */
        QUEUE_READ,
        QUEUE_PARTS, /* a part is to be read */
        _QUEUE_MAX,
} UnitQueue;

typedef struct Unit Unit;

/* One application's unit. */
struct Unit {
        Units *units;
        char *app, *name, *path;
        UnitMachine machine;    /* changed by unit_take() alone */
        UnitStartCopy *request; /* what is started; NULL where start.stage is NONE */
        UnitParts *parts;       /* of the copy that was started last; NULL: it has none */

        sd_bus_slot *start_slot, *stop_slot, *read_slot, *kill_slot, *job_slot, *part_slot;
        PartUnit *part_read;  /* what part_slot waits for */
        bool hinted;          /* a signal came while the read was in flight */
        bool unread;          /* counts in Units.n_unread */
        uint64_t check_usec;  /* read again then; USEC_INFINITY: no need */
        uint64_t kill_usec;   /* kill through the control group then; USEC_INFINITY: no need */
        uint64_t killed_usec; /* when systemd was seen to have killed it last; 0: it was not */
        uint64_t retry_usec;  /* the present distance of retries */

        struct {
                Unit *prev, *next;
                bool in;
        } links[_QUEUE_MAX];
};

/* A report that waits for the loop; app NULL is `ready`, UNIT_NONE that what is shown of parts has changed. */
typedef struct UnitReport {
        char *app;
        UnitSaid said;
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
        char *dropin_dir;                                           /* NULL: no commands are kept there */
        char *helper_dir, *maintenance_dir, *words_dir, *mountinfo; /* for parts */

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

Unit *units_lookup(const Units *u, const char *app);
size_t units_place(const Units *u, const char *app, bool *ret_found);
int units_add(Units *u, const char *app, Unit **ret); /* a fresh one; -ENOBUFS at UNITS_MAX */
void units_remove(Units *u, Unit *unit);              /* frees it */
Unit *unit_free(Unit *unit);                          /* where all of them go */

void units_failed(Units *u, int error);
uint64_t units_now(const Units *u);
void units_pump_later(Units *u);
void units_schedule(Units *u, uint64_t usec); /* the timer fires then, or before */
void unit_check_at(Unit *unit, uint64_t usec);
void unit_check_backoff(Unit *unit);

/* A unit stands at most once in each. */
void unit_queue(Unit *unit, UnitQueue queue);
void unit_unqueue(Unit *unit, UnitQueue queue);

void units_report(Units *u, const char *app, const UnitSaid *said); /* from the loop, in order */
void unit_report_parts(Unit *unit); /* the same; once where nothing else came in between */
void units_check_ready(Units *u);   /* reports `ready` once all of the listing has been read */
