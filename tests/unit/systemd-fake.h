/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A systemd for tests: the other end of a socket pair, on the same loop, with the few methods that the adapter uses and
 * as many units as a test makes. Tests steer it through the fields. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/macros.h"

#define FAKE_UNITS_MAX 256u

typedef struct FakeUnit {
        char name[192];
        char active[16], result[16], fragment[64], definition[64];
        char app[64];               /* of a part and a slice: whose it is */
        char text[96];              /* StatusText */
        bool was_active, not_clean; /* of a part: ever; its ExecStopPost= failed */
        char slice[64];             /* by a drop-in; "": that of the start */
        bool has_parts, no_group;   /* it has them, or is one; systemd has forgotten its control group */
        bool is_installed;          /* of its own name, and there for ever */
        const char *file_state;     /* NULL: "disabled" */
        const char *wanted_by;      /* NULL: nothing wants it */
        uint64_t active_usec;       /* of an installed one: when it became active last */
        bool transient;
        uint64_t epoch;
        uint32_t job;
        char job_type[16];
        uint8_t invocation;
        int exit_status;
        uint64_t ended_usec;                /* on the monotonic clock; 0: never */
        bool no_file;                       /* taken away while it runs */
        bool no_environment, no_log_fields; /* a drop-in empties Environment=, LogExtraFields= */
} FakeUnit;

typedef struct Fake {
        sd_bus *server;
        FakeUnit units[FAKE_UNITS_MAX];
        size_t n_units;
        uint32_t last_job;
        size_t n_jobs, n_jobs_max;
        char log[8192];     /* the changing calls, in order: "start a;stop b;" */
        char *start_text;   /* the last start: its values, one after the other, with a space behind each */
        char fail_part[96]; /* at its start, the part of this id; "": none */
        char fail_installed[96], skip_installed[96]; /* at its start; the latter by a condition of it */
        char required[4][96];                        /* what the last start requires */
        size_t n_required;
        char keep_part[96];    /* at the stop of its slice, it stays as it is; "": none */
        bool ignores_isolate;  /* the last start does */
        char definition[64];   /* of the last start: "DISTRO_DEFINITION=..." */
        char environment[512]; /* of the last start: "A=b;C=d;" */
        unsigned n_reads, n_lists, n_subscribes;

        bool removals_fail; /* where the manager tries them once more */
        bool hold_starts;   /* start jobs do not end by themselves */
        bool hold_stops;
        bool early_removed;        /* JobRemoved comes before the answer */
        bool mute;                 /* nothing is answered */
        bool finish_at_once;       /* what is started has ended when its job is done, and is forgotten */
        bool silent_stop;          /* a stopped unit is forgotten without PropertiesChanged */
        const char *start_error;   /* answers of StartTransientUnit(), once */
        const char *start_missing; /* the unit that it does not find; NULL: the error is of another sort */
        const char *system_state;  /* "running" */
        const char *target;        /* of the host, that is being started; NULL: none */
        char own_job[16];          /* type of a job of distro-manager.service; "": none */
} Fake;

/* Connects a new fake; *ret_client is the adapter's end. Both are attached to the loop. */
void fake_connect(Fake *fake, sd_event *event, sd_bus **ret_client);
void fake_close(Fake *fake);

FakeUnit *fake_find(Fake *fake, const char *app);
FakeUnit *fake_find_unit(Fake *fake, const char *name);
/* A part of an application, and its slice: in no start. */
FakeUnit *fake_add_part(Fake *fake, const char *app, const char *name, const char *active);
/* A unit that is no part of a start: the worker, or a gate, requires it. */
FakeUnit *fake_add_installed(Fake *fake, const char *name);
/* It is now in that state, with that job of this number; 0: none. */
void fake_set(Fake *fake, const char *name, const char *active, uint32_t job);
/* A part dies with that word, and systemd stops the worker, which is bound to it. */
void fake_part_dies(Fake *fake, const char *name, const char *text);
void fake_remove_unit(Fake *fake, const char *name);
/* By somebody else. */
void fake_stop_slice(Fake *fake, const char *app);
void fake_unit_changed(Fake *fake, const char *name);
FakeUnit *fake_add(Fake *fake, const char *app, uint64_t epoch, const char *active);
void fake_remove(Fake *fake, const char *app);
void fake_changed(Fake *fake, const char *app); /* emits PropertiesChanged */
/* A job by somebody else, from its signal on, and its end. */
void fake_job_new(Fake *fake, const char *app, const char *type);
void fake_end_job(Fake *fake, const char *name, const char *result); /* of any unit */
void fake_job_done(Fake *fake, const char *app, const char *result);
void fake_job_of(Fake *fake, const char *name, const char *result);
/* What another process sends us: that this unit has failed and its job, too, that systemd has read its units again and that
 * it has another owner. */
void fake_forge_signals(Fake *fake, const char *app);
void fake_owner_changed(Fake *fake, const char *owner);
/* The values of a message, one after the other, with a space behind each; the caller frees. */
char *fake_message_text(sd_bus_message *m);
/* Of an answer about a unit: what a part and an installed one have more; the fields of its journal entries; where it lies. */
void fake_append_part(sd_bus_message *reply, const FakeUnit *u);
void fake_append_log_fields(sd_bus_message *reply, const char *text, const char *definition);
void fake_place_unit(const FakeUnit *u, char *ret_slice, char *ret_group);
/* Requires= of a start, which `m` stands before. */
void fake_read_required(Fake *fake, sd_bus_message *m);
