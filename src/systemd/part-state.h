/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd says about a part's unit, and what that means for the copy. Pure. */

#include "config/installed-unit.h"
#include "config/part.h"
#include "systemd/unit-state.h"

#define PART_TEXT_MAX 192u /* bytes of a helper's word, with its final zero */

typedef struct PartProperties {
        UnitProperties unit;
        uint64_t since_usec;  /* in its ActiveState since then, CLOCK_REALTIME; 0: not known */
        uint64_t begun_usec;  /* when its helper was run last, CLOCK_MONOTONIC; 0: never */
        uint64_t active_usec; /* when it became active last; 0: never */
        char text[PART_TEXT_MAX]; /* StatusText: its helper's STATUS=; of a mount that mount(8) or umount(8) did not do: why */
        int32_t clean_code,
                        clean_status; /* how the last command of ExecStopPost= ended; 0: it was not seen to */
        InstalledUnit installed;      /* of an installed unit, what decides whether it can be a part */
} PartProperties;

/* What the host shows of one part. */
typedef struct PartView {
        const Part *part;
        const char *unit; /* its name */
        const PartProperties *properties;
        const char *text_before; /* the helper's word while it was well: no reason; NULL: it never was */
        bool by_guard;           /* it ended while the guard was ending what is here */
        bool has_processes;      /* in its control group */
        bool is_mounted;         /* of a mount: something is, where it would be, or it is not known */
        const char *mounted;     /* of that: what; "": not known */
        bool is_due;             /* the call of its start was sent */
        uint64_t begun_usec;     /* when the copy was begun, CLOCK_MONOTONIC; what was before is not of it */
} PartView;

/* What all of them and their slice mean for the copy. */
typedef struct PartsSeen {
        uint32_t slice_job; /* of the slice; 0: none */
        bool slice_stops;   /* the slice has ended or has a job: all of it is being stopped */
        bool is_alive;      /* something can still be stopped */
        bool is_ending;     /* one is on its way to its end: how it gets there is not known yet */
        bool by_guard;      /* the guard ended one */
        bool was_there;     /* that of `ended` had been started */
        bool has_failed;    /* ... and it was not stopped, it failed */
        size_t unremoved; /* 1 for the first, and so on: all of it has ended but what it left, and taking that away did not
                           * succeed; 0: there is none */
        bool is_up;                  /* all that are due are at work */
        bool has_mount;              /* one is a mount */
        bool stands;                 /* a mount is there, and nothing is at work to unmount it */
        char ended[UNIT_REASON_MAX]; /* "its part ... ended: ..."; "": all are at work, or about to be */
        char left[UNIT_REASON_MAX]; /* "its part ..." of one that is not seen to have ended, the last first; "": all have */
        char restarts[UNIT_REASON_MAX]; /* "its part ... is restarting"; "": none is */
        char retried[UNIT_REASON_MAX]; /* "its part ... did not start: ...", of one that systemd is to start again by itself; "": none */
        char refusal[UNIT_REASON_MAX]; /* before the first call: why one of them cannot be started; "": all can be */
        char foreign[UNIT_REASON_MAX]; /* "its part ... did not start: ...": somebody else has its unit; "": nobody has any */
} PartsSeen;

/* True: its unit is somebody else's: a mount by hand or of /etc/fstab, a unit file. */
bool part_is_foreign(const PartView *v);
/* True: it is over, and no job of it waits. */
bool part_is_over(const PartProperties *p);
/* True: it is about to be. Its helper has ended, and what it leaves is taken away, or it is stopped. */
bool part_is_ending(const PartProperties *p);
/* Why it is over, in words, without its name. */
void part_end_to_words(const PartView *v, char *ret, size_t size_bytes);
/* `views` in the order of the start. */
void parts_see(const PartView *views, size_t n_views, const UnitProperties *slice, PartsSeen *ret);
