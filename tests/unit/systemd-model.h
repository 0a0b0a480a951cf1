/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A small model of systemd for test-systemd-walk.c: the slice, two parts, the worker, their jobs, and what is on its way to it
 * and from it, beside the manager's own side of it. One of the parts may be an installed unit, which is always there, starts
 * whatever has become of what comes before it, and may be started again by itself. The second one begins a second call; the first
 * ends then in the gate. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/array.h"
#include "systemd/unit-step.h"

typedef enum Place { SLICE, PART_A, PART_B, WORKER, GATE, N_PLACES } Place;
typedef enum Stand { INACTIVE, FAILED, ACTIVATING, ACTIVE, DEACTIVATING } Stand;
typedef enum Job { JOB_NONE, JOB_START, JOB_STOP, JOB_RESTART } Job;

/* A unit as systemd has it. */
typedef struct Model {
        bool is_loaded, is_clean, fails, restarts;
        bool has_processes; /* of a mount: the kernel still has it */
        Stand stand;
        Job job;
        uint32_t job_id;
        uint64_t epoch, ended_usec, begun_usec, active_usec;
        uint8_t run;
} Model;

typedef enum What {
        ASK_START,
        ASK_STOP,
        ASK_READ,
        ASK_READ_PART,
        ASK_JOB_TYPE,
        ASK_JUDGE,
        ASK_RESET,
        SIGNAL_JOB_NEW,
        SIGNAL_JOB_REMOVED,
        SIGNAL_CHANGED,
} What;

/* A call on its way to systemd, or what is on its way from there. */
typedef struct Letter {
        What what;
        unsigned number; /* of the call */
        Place place;
        uint64_t epoch;
        size_t stage;
        uint32_t job_id;
        int answer; /* of a start: 0, or what was wrong */
        const char *result;
        ForeignType type;
        Model model; /* as it was read */
} Letter;

typedef struct Mail {
        Letter letters[512];
        size_t n;
} Mail;

typedef struct World {
        uint64_t first_seed, seed, now_usec;
        unsigned kinds;                 /* of events */
        bool shows, has_parts, is_calm; /* nothing dies, or is done by hand */
        bool has_mount;  /* part-b is a mount, and part-a the helper that waits for its device */
        bool is_busy;    /* and cannot be unmounted */
        Place installed; /* N_PLACES: none */
        size_t n_stages;
        bool propagates; /* the slice has been made by a start */
        bool is_touched; /* an administrator has started something of a copy again */
        Model units[N_PLACES];
        uint32_t n_jobs;
        uint8_t n_runs;
        uint64_t n_epochs;

        UnitMachine m;
        bool is_attached, is_absent;
        uint64_t note; /* the epoch; 0: none */
        uint64_t begun_usec;
        Mail calls, answers;
        unsigned n_numbers, start_number, stop_number, read_number, part_number, type_number, judge_number;
        Place part_place; /* that is being read */
        bool wants_read, is_hinted, wants_parts[N_PLACES];
        Model parts[N_PLACES]; /* as read last */
        bool is_part_read[N_PLACES], is_slice_read;
        PartsSeen seen;
        uint64_t check_usec;
} World;

#define SHOW(w, ...)                                \
        do {                                        \
                if ((w)->shows)                     \
                        print_message(__VA_ARGS__); \
        } while (false)

extern const char *const place_names[N_PLACES], *const stand_names[];

/* Below n. */
unsigned walk_draw(World *w, unsigned n);
void mail_post(Mail *mail, Letter letter);
Letter mail_fetch(Mail *mail);
bool model_is_up(const Model *u);
/* Something of a copy: processes, or what they leave; or it is about to be there. */
bool model_is_there(const World *w, Place place);
void model_make_job(World *w, Place place, Job job);
void model_set_stand(World *w, Place place, Stand stand);
void model_stop_copy(World *w, Letter *call);
/* A job, and those of all that it takes along. */
void model_stop(World *w, Place place);
void model_restart(World *w, Place place);
/* Answers the first call. */
void model_serve(World *w);
/* One thing that systemd has to do; false: there was none there. */
bool model_work(World *w);
void model_collect(World *w);
