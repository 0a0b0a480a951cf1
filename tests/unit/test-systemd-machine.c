/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of unit-machine.h: what was before, what comes, and what follows, each in words.
 *
 *   want N, sent, answered JOB, exists, unheard, conflicts, refused         a start
 *   stop, stop-sent, stop-answered JOB, stop-failed                         a stop
 *   job ID, job-done ID, job-failed ID, type-stop, type-restart, type-gone  jobs
 *   read WORDS, hint WORDS    active, activating, deactivating, inactive or failed; gone; @EPOCH; #JOB; !RUN; file, masked;
 *                             left: processes are in its group; guard: the guard was at work
 *   want-parts N, noted N                                                   a copy with parts
 *   want-units N                                                            ... and an installed unit, in two calls
 *   parts WORDS               all were read: well; dead: one has failed, unmade: at its start; stopped: one has ended otherwise;
 *                             ending: one is about to; slice: the slice has a job or none is there; alive: one can be stopped; left; guard; #JOB
 *                             mount: one is a mount, and stands: it stays mounted; foreign: one's unit is another's
 *                             up: all that are due are at work; restarts; taken: an installed unit cannot be started
 *   judge-sent, stays, leaves, judge-failed; deaf, detached; later          what else there is
 *
 * What follows is the phase, what is said of a copy, and what is to be done. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/text.h"
#include "systemd/unit-step.h"

typedef struct Row {
        const char *before, *comes, *follows;
} Row;

#define UP "want 5, sent, answered 7, job-done 7, read active @5"
#define PARTS "want-parts 5, sent, answered 7, job-done 7, read active @5, parts well"
#define TRY ", sent, exists, parts well, read gone, stop-sent, stop-failed, read gone"
#define UNMOUNT PARTS ", stop, stop-sent, stop-answered 8, parts well alive mount #8"
#define PART_DEAD PARTS ", job 9, type-stop, read gone, parts dead"
#define FIRST "want-units 5, read gone, parts well, read gone, sent, answered 7"
#define SECOND FIRST ", job-done 7, read gone, parts up, sent"
#define JUDGED UP ", job 9, type-stop, read gone"

static const Row rows[] = {
        /* absent */
        { "", "want 5", "asked start-waits" },
        { "", "read active @5", "up [5 running] keep-run" },
        { "", "read inactive @5 #7", "starting [5 starting] ask-job-7 keep-run" },
        { "", "read failed @5", "ended [5 failed (failed)] keep-run" },
        { "", "read active", "absent remove" },
        { "", "read gone", "absent remove" },

        /* asked */
        { "want 5", "want 5", "asked start-waits" },
        { "want 5", "want 6", "asked [6 refused (another copy of it is at work on this node)] start-waits" },
        { "want 5", "read gone", "asked start-waits" },
        { "want 5", "stop", "ended [5 stopped]" },
        { "want 5", "refused", "ended [5 refused (no)] remove-commands-5" },
        { "want 5", "detached", "asked start-waits" },
        { "want 5", "sent", "asked" },
        { "want 5, sent", "answered 7", "starting [5 starting]" },
        { "want 5, sent", "answered 0", "asked read-later" },
        { "want 5, sent", "job 7", "asked" },
        { "want 5, sent, job-done 7", "answered 7", "asked read" },
        { "want 5, sent, job-done 7, answered 7", "read active @5", "up [5 running] keep-run" },
        { "want 5, sent", "exists", "asked read" },
        { "want 5, sent, unheard", "read inactive @5 left", "judging [5 stopping] ask-judge keep-run" },
        { "want 5, sent", "unheard", "asked read-later" },
        { "want 5, sent", "refused", "ended [5 refused (no)] remove-commands-5" },
        { "want 5, sent", "conflicts", "judging [5 stopping] ask-judge" },
        { "want 5, sent", "stop", "asked stop-waits" },
        { "want 5, sent", "detached", "asked" },
        { "want 5, sent, detached", "read active @5", "up [5 running] keep-run" },
        { "want 5, sent, exists", "read active @5", "up [5 running] keep-run" },
        { "want 5, sent, exists", "read active @4",
                        "up [5 refused (another copy of it is at work on this node)] [4 running] "
                        "remove-commands-5 keep-run" },
        { "want 5, sent, exists", "read active",
                        "ended [5 refused (a unit of that name is at work that is none of ours)] "
                        "remove-commands-5" },
        { "want 5, sent, exists", "read inactive file",
                        "ended [5 refused (there is a unit file of that name: /etc/x)] remove-commands-5" },
        { "want 5, sent, exists", "read inactive masked",
                        "ended [5 refused (u.service is masked)] remove-commands-5" },
        { "want 5, sent, exists", "read failed @4", "asked start-waits reset" },
        { "want 5, sent, exists, read failed @4, sent, exists", "read failed @4", "asked reset read-later" },
        { "want 5, sent, unheard", "read gone", "asked start-waits" },
        { "want 5, sent, unheard, stop, stop-sent, stop-failed", "read gone", "ended [5 stopped]" },

        /* starting, up, stopping */
        { "want 5, sent, answered 7", "read activating @5 #7", "starting" },
        { "want 5, sent, answered 7", "hint active @5 #7", "starting" },
        { "want 5, sent, answered 7", "job-done 7", "starting read" },
        { "want 5, sent, answered 7, job-failed 7", "read failed @5", "ended [5 failed (failed)] keep-run" },
        { "want 5, sent, answered 7, job-failed 7", "read gone", "ended [5 failed (failed)]" },
        { "want 5, sent, answered 7", "read gone", "judging [5 stopping] ask-judge" },
        { "want 5, sent, answered 7", "detached", "starting" },
        { UP, "want 5", "up [5 running]" },
        { UP, "want 6", "up [5 running] [6 refused (another copy of it is at work on this node)]" },
        { UP, "hint active @5", "up" },
        { UP, "hint deactivating @5", "up read" },
        { UP, "read active", "up" },             /* a drop-in took the epoch away */
        { UP, "read active !2", "up keep-run" }, /* and it was restarted */
        { UP, "read active @6 !2", "up [5 stopped from outside] [6 running] keep-run" },
        { UP, "read gone", "ended [5 finished]" },
        { UP, "read failed @5", "ended [5 failed (failed)]" },
        { UP, "read failed @5 guard", "ended [5 stopped] reset" },
        { UP ", deaf", "read gone", "judging [5 stopping] ask-judge" },
        { UP ", deaf, read active @5", "read gone", "ended [5 finished]" },
        { UP, "job 9", "up ask-job-9" },
        { UP ", job 9", "read gone", "up" },
        { UP ", job 9", "type-stop", "up read" },
        { UP ", job 9, type-stop", "read deactivating @5 #9", "stopping [5 stopping]" },
        { UP ", job 9, type-restart", "read deactivating @5 #9", "starting [5 starting]" },
        { UP ", job 9, type-stop", "read gone", "judging [5 stopping] ask-judge" },
        { UP ", job 9, type-gone, job-done 9", "read gone", "judging [5 stopping] ask-judge" },
        { UP ", job 9, type-gone, job-failed 9", "read gone", "ended [5 finished]" },
        { UP ", job 9, type-stop, job-failed 9, read active @5", "read gone", "ended [5 finished]" },
        { UP, "stop", "up stop-waits" },
        { UP ", stop", "stop-sent", "up" },
        { UP ", stop, stop-sent", "stop", "up" },
        { UP ", stop, stop-sent", "stop-answered 8", "up" },
        { UP ", stop, stop-sent", "stop-failed", "up read" },
        { UP ", stop, stop-sent, stop-failed", "read active @5", "up read-at" },
        { UP ", stop, stop-sent, stop-failed, later", "read active @5", "up stop-waits" },
        { UP ", stop, stop-sent, stop-answered 8", "read deactivating @5 #8", "stopping [5 stopping]" },
        { UP ", stop, stop-sent, stop-answered 8", "job-done 8", "up read" },
        { UP ", stop, stop-sent, stop-answered 8, job-done 8", "read gone", "ended [5 stopped]" },
        { UP ", stop, stop-sent, stop-answered 8, job-done 8", "read failed @5", "ended [5 stopped] reset" },
        { UP ", stop, stop-sent, detached, later", "read active @5", "up stop-waits" },
        { UP, "read gone left", "stopping [5 stopping] read-at" },
        { UP ", read gone left, later", "read gone left",
                        "stopping [5 stuck (processes are left after its end (success))] read-at" },
        { UP ", read gone left", "read gone", "ended [5 finished]" },

        /* judging */
        { JUDGED, "read gone", "judging ask-judge" },
        { JUDGED, "read active @5", "up [5 running]" },
        { JUDGED, "detached", "stopping" },
        { JUDGED, "judge-sent", "judging" },
        { JUDGED ", judge-sent", "stays", "ended [5 stopped from outside]" },
        { JUDGED ", judge-sent", "leaves", "ended [5 stopped at shutdown]" },
        { JUDGED ", judge-sent", "judge-failed", "stopping read-later" },
        { JUDGED, "stop", "judging stop-waits" },
        { "want 5, sent, conflicts, judge-sent", "stays", "ended [5 refused (no)]" },
        { "want 5, sent, conflicts, judge-sent", "leaves", "ended [5 stopped at shutdown]" },

        /* ended */
        { "want 5, refused", "want 5", "ended [5 refused (no)]" },
        { "want 5, refused", "want 6", "asked start-waits" },
        { "want 5, refused", "stop", "ended [5 refused (no)]" },
        { "want 5, refused", "read gone", "ended" },
        { UP ", read gone", "job 9", "ended" },
        { UP ", read gone", "read failed @5", "ended" },
        { UP ", read gone", "read active @5 !2", "up [5 running] keep-run" },
        { UP ", read gone", "read active @6 !2", "up [6 running] keep-run" },

        /* with parts: not on the road yet */
        { "", "noted 5", "asked" },
        { "noted 5", "read active @5", "asked keep-run read-parts" },
        { "noted 5, read active @5", "parts well", "up [5 running]" },
        { "noted 5, read active @5", "parts dead", "stopping [5 stopping] stop-waits" },
        { "noted 5", "read gone", "asked read-parts" },
        { "noted 5, read gone", "parts well alive", "stopping [5 stopping] read-parts" },
        { "noted 5, read gone, parts well alive", "parts well alive", "stopping stop-waits" },
        { "noted 0, read gone, parts well", "parts well", "stopping stop-waits" },
        { "noted 0, read gone, parts well, parts well, stop-sent, stop-failed, read gone", "parts well",
                        "ended [1 stopped] forget-parts" },
        { "noted 0, read active @5", "parts well", "up [5 running]" },
        { "noted 5, read inactive @5 #7", "parts well", "starting [5 starting]" },
        { "noted 5", "want-parts 6", "asked start-waits" },
        { "noted 5, read gone, parts well", "want-parts 6",
                        "stopping [5 stopping] [6 refused (another copy of it is at work on this node)]" },
        { "want-parts 5", "stop", "ended [5 stopped] forget-parts" },
        { "want-parts 5, sent", "refused", "ended [5 refused (no)] remove-commands-5 forget-parts" },
        { "want-parts 5, sent", "conflicts", "judging [5 stopping] ask-judge" },
        { "want-parts 5, sent, conflicts, judge-sent", "stays", "ended [5 refused (no)] forget-parts" },
        { "want-parts 5, sent", "exists", "asked read read-parts" },
        { "want-parts 5, sent, exists", "read gone", "asked" },
        { "want-parts 5, sent, exists, read gone", "parts well", "asked read" },
        { "want-parts 5, sent, exists, parts well", "read gone", "asked stop-waits reset-parts" },
        { "want-parts 5, sent, exists, parts well, read gone, stop-sent, stop-failed", "read gone",
                        "asked start-waits reset-parts" },
        /* ... and is somebody else's: what may be ours beside it has to have ended */
        { "want-parts 5, sent, exists, parts foreign", "read gone", "stopping [5 stopping] read" },
        { "want-parts 5, sent, exists, parts foreign, read gone, read gone", "parts foreign",
                        "ended [5 refused (its part is another's)]" },
        { "want-parts 5, sent, exists, parts foreign, read gone, read gone", "parts foreign left alive",
                        "stopping read-at" },
        /* what is in the way does not end: it may be an address, so the start is refused when it has ended */
        { "want-parts 5" TRY TRY TRY TRY TRY TRY TRY TRY
          ", sent, exists, parts well, read gone, stop-sent, stop-failed",
                        "read gone", "stopping [5 stopping] read reset-parts" },
        { "want-parts 5" TRY TRY TRY TRY TRY TRY TRY TRY TRY ", read gone, parts dead left, later, read gone",
                        "parts dead left", "stopping [5 stuck (its part is left)] read-at" },
        { "want-parts 5" TRY TRY TRY TRY TRY TRY TRY TRY TRY
          ", read gone, parts dead left, later, read gone, "
          "parts dead left, read gone",
                        "parts dead",
                        "ended [5 refused (parts of an earlier run are still there, and systemd does not let go of them)]" },
        { "want-parts 5" TRY, "stop", "stopping [5 stopping] read" },
        { "want-parts 5" TRY ", stop, read gone, parts dead left, later, read gone", "parts dead left",
                        "stopping [5 stuck (its part is left)] read-at" },
        { "want-parts 5" TRY ", stop, read gone", "parts well", "ended [5 stopped] forget-parts" },
        { "want-parts 5, sent, unheard", "read gone", "asked start-waits reset-parts" },
        { "want-parts 5, sent, unheard, stop, stop-sent, stop-failed", "read gone", "asked read-parts" },
        { "want-parts 5, sent, answered 7, job-done 7", "read active @5", "starting keep-run read-parts" },
        { "want-parts 5, sent, answered 7, job-done 7, read active @5", "parts well", "up [5 running]" },

        /* in two calls: before the first */
        { "", "want-units 5", "asked read" },
        { "want-units 5", "read gone", "asked read-parts reset-parts" },
        { "want-units 5, read gone", "parts well", "asked read" },
        { "want-units 5, read gone, parts well", "read gone", "asked start-waits reset-parts" },
        { "want-units 5, read gone, parts taken", "read gone",
                        "ended [5 refused (its part is not ours)] reset-parts forget-parts" },
        { "want-units 5, read gone", "stop", "ended [5 stopped] forget-parts" },
        { "want-units 5, read gone, detached, parts well", "read gone", "asked start-waits reset-parts" },
        /* between two */
        { FIRST, "job-done 7", "starting read read-parts" },
        { FIRST ", job-done 7", "read gone", "starting" },
        { FIRST ", job-done 7, read gone", "parts up", "starting start-waits" },
        { FIRST ", job-done 7, read gone", "parts well", "starting read-at" },
        { FIRST ", job-done 7, read gone, parts well", "read gone", "starting read-at read-parts" },
        { FIRST ", job-done 7, read gone", "parts unmade", "stopping [5 stopping] read-parts" },
        { FIRST ", job-done 7, read gone, parts unmade, parts unmade, stop-sent, stop-failed, read gone",
                        "parts unmade", "ended [5 refused (its part is unmade)]" },
        { FIRST ", job-failed 7, read gone", "parts up alive", "stopping [5 stopping] read-parts" },
        { FIRST ", job-done 7", "stop", "starting stop-waits" },
        { FIRST ", job-done 7, stop, stop-sent, stop-failed, read gone", "parts up",
                        "stopping [5 stopping] read-parts" },
        { FIRST ", job-done 7, read gone, parts up", "stop", "starting stop-waits" },
        { FIRST, "read gone", "starting read-at" },                  /* its job is at work */
        { FIRST ", read gone", "parts up", "starting start-waits" }, /* or its end was not heard */
        /* the second */
        { SECOND, "answered 9", "starting" },
        { SECOND, "refused", "stopping [5 stopping] stop-waits" },
        { SECOND, "exists", "starting read read-parts" },
        { SECOND ", exists", "parts foreign", "starting read" },
        { SECOND ", exists, parts foreign", "read gone", "stopping [5 stopping] stop-waits" },
        { SECOND ", exists, parts foreign, read gone, stop-sent, stop-failed, read gone", "parts foreign",
                        "ended [5 refused (its part is another's)]" },
        { SECOND, "conflicts", "stopping [5 stopping] read-parts" },
        { SECOND ", refused, stop-sent, stop-failed, read gone", "parts well", "ended [5 refused (no)]" },
        { SECOND ", unheard", "read active @5", "up [5 running] keep-run" },
        { SECOND ", unheard", "read gone", "stopping [5 stopping] stop-waits" },
        { SECOND ", detached", "read gone", "stopping [5 stopping] stop-waits" },
        { SECOND ", detached, read gone, stop-sent, stop-failed, read gone", "parts well",
                        "ended [5 stopped] forget-parts" },
        { "want-units 5, read gone, parts well, read gone, sent, unheard", "read gone",
                        "stopping [5 stopping] stop-waits" },
        { SECOND ", answered 9, job-done 9, read active @5", "parts up", "up [5 running]" },
        { SECOND ", answered 9, job-done 9, read active @5", "parts unmade",
                        "stopping [5 stopping] stop-waits" },
        /* an installed unit is started again by itself, or by hand */
        { SECOND ", answered 9, job-done 9, read active @5, parts up", "parts restarts",
                        "starting [5 starting (its part restarts)]" },
        { SECOND ", answered 9, job-done 9, read active @5, parts up, parts restarts", "parts up",
                        "up [5 running]" },

        /* the road: in maintenance nothing follows from an end */
        { PARTS ", parts well", "read gone maintenance", "stopping [5 stopping] read-at" },
        { PARTS ", parts well, read active @5 maintenance", "parts dead", "up read-at" },
        { PARTS ", parts well, read gone maintenance", "read gone", "stopping read-parts" },
        { PARTS ", parts well, read gone maintenance", "stop", "stopping stop-waits" },

        /* the road: cause */
        { PARTS, "parts well", "up" },
        { PARTS, "parts dead", "stopping [5 stopping] stop-waits" },
        { PARTS, "read gone", "stopping [5 stopping] read-parts" },
        { PARTS ", read gone", "parts well alive", "stopping stop-waits" },
        { PARTS, "parts dead ending", "stopping [5 stopping] read-at" },
        { PARTS ", read gone", "parts well ending", "stopping read-at" },
        { PARTS ", read gone, parts well ending", "read gone", "stopping read-at read-parts" },
        { PARTS ", read gone, parts well ending", "parts dead", "stopping stop-waits" },
        { PARTS ", read gone, parts well ending, stop, stop-sent, stop-failed", "read gone",
                        "stopping read-parts" },
        { "noted 5, read active @5, parts well, job 9, type-stop, read gone", "parts well alive",
                        "judging ask-judge" },
        { PARTS ", job 9, type-stop", "read gone", "stopping [5 stopping] read-parts" },
        { PARTS ", job 9, type-stop, read gone", "parts dead", "stopping stop-waits" },
        { PARTS ", job 9, type-stop, read gone", "parts stopped", "stopping stop-waits" },
        { PARTS ", job 9, type-stop, read gone", "parts well alive", "judging ask-judge" },
        { PARTS ", job 9, type-stop, read gone", "parts stopped slice", "judging ask-judge" },
        { PARTS ", job 9, type-stop, read gone, parts stopped slice, judge-sent", "leaves",
                        "stopping stop-waits" },
        { "want-parts 5, sent, answered 7, job-failed 7, read gone", "parts unmade",
                        "stopping [5 stopping] read-parts" },
        { "want-parts 5, sent, answered 7, job-failed 7, read gone, parts unmade", "parts unmade",
                        "stopping stop-waits" },

        /* the road: stop */
        { PARTS, "stop", "up stop-waits" },
        { PARTS ", stop, stop-sent", "stop-answered 8", "up" },
        { PARTS ", stop, stop-sent, detached", "read active @5", "up stop-waits" }, /* unheard */
        { PARTS ", stop, stop-sent, detached", "read gone", "stopping [5 stopping] stop-waits" },
        { PARTS ", stop, stop-sent, stop-answered 8", "job 9", "up" }, /* the worker's, of ours */
        { PARTS ", stop, stop-sent, stop-answered 8", "read gone", "stopping [5 stopping]" },
        { PARTS ", stop, stop-sent, stop-answered 8, read gone", "parts well alive #8", "stopping" },
        { PARTS ", stop, stop-sent, stop-answered 8, read gone, job-done 8", "read gone",
                        "stopping read-parts" },
        { PARTS ", stop, stop-sent, stop-answered 8, read gone", "parts stopped", "stopping read-parts" },
        /* umount(8) has failed, and the job of the slice goes on */
        { UNMOUNT, "read gone", "stopping [5 stopping] read-at" },
        { UNMOUNT ", later", "read gone", "stopping [5 stopping] read-parts" },
        { UNMOUNT ", later, read gone", "parts stopped alive left mount #8", "stopping read-at" },
        { UNMOUNT ", later, read gone", "parts stopped alive left stands #8",
                        "stopping [5 stuck (its part is left)] read-at" },
        { UNMOUNT ", later, read gone, parts stopped alive left stands #8, later, later, later, read gone",
                        "parts stopped alive left stands #8", "stopping stop-waits read-at" },
        { UNMOUNT ", later, read gone, parts stopped alive left stands #8, read gone, job-done 8, read gone",
                        "parts stopped", "ended [5 stopped] forget-parts" },
        { PART_DEAD ", stop-sent", "stop-failed", "stopping read" },
        { PART_DEAD ", stop-sent, stop-failed", "read gone", "stopping read-parts" },
        { PART_DEAD ", stop-sent, detached", "read gone", "stopping read-parts" },

        /* the road: check */
        { PART_DEAD ", stop-sent, stop-failed, read gone", "parts dead",
                        "ended [5 failed (its part is dead)]" },
        { PART_DEAD ", stop-sent, stop-failed, read gone", "parts dead left", "stopping read-at" },
        { PART_DEAD ", stop-sent, stop-failed, read gone", "parts dead #9", "stopping read-at" },
        { PART_DEAD ", stop-sent, stop-failed, read gone, parts dead #9, read gone", "parts dead",
                        "ended [5 failed (its part is dead)]" },
        /* somebody's start has taken the place of the stop, and all is at work again */
        { PART_DEAD ", stop-sent, stop-answered 8, job-done 8, read active @5, parts well alive, later, read active @5",
                        "parts well alive",
                        "stopping [5 stuck (its worker has not ended)] stop-waits read-at" },
        /* somebody's job waits, and is no reason */
        { PARTS ", read inactive @5, parts well, judge-sent, read inactive @5 #9", "stays",
                        "stopping stop-waits" },
        { PARTS ", read active @5, parts stopped slice, judge-sent, stays, stop-sent, stop-answered 8, job-done 8, "
                "read gone",
                        "parts stopped slice", "ended [5 stopped from outside] forget-parts" },
        /* the worker's properties are still those of an older copy */
        { PART_DEAD ", stop-sent, stop-failed, read failed @5, parts dead, want-parts 6, sent, answered 12, "
                    "job-failed 12",
                        "parts well", "starting read" },
        /* the end of the stop of what is in the way was not heard */
        { "want-parts 5, sent, exists, parts well, read gone, stop-sent, stop-answered 8, deaf", "parts well",
                        "asked read" },
        { PART_DEAD ", stop-sent, stop-failed, read gone, parts dead left", "read gone",
                        "stopping read-parts" },
        { PART_DEAD ", stop-sent, stop-failed, read gone, parts dead left, later, read gone",
                        "parts dead left", "stopping [5 stuck (its part is left)] read-at" },
        { PART_DEAD ", stop-sent, stop-failed, read gone, parts dead left, later, read gone",
                        "parts dead left alive", "stopping [5 stuck (its part is left)] stop-waits read-at" },
        { PART_DEAD ", stop-sent, stop-failed, read gone, parts dead left, later, read gone, parts dead left, "
                    "read gone",
                        "parts dead", "ended [5 failed (its part is dead)]" },
        { PARTS ", stop, stop-sent, stop-answered 8, read gone, job-done 8, read gone", "parts stopped",
                        "ended [5 stopped] forget-parts" },
        { PARTS ", stop, stop-sent, stop-answered 8, read gone left, job-done 8, read gone left",
                        "parts stopped", "stopping read-at" },
        { PARTS ", read gone, parts well alive, stop-sent, stop-failed, read gone", "parts stopped",
                        "ended [5 finished] forget-parts" },
        { PARTS ", read failed @5, parts well alive, stop-sent, stop-failed, read failed @5", "parts stopped",
                        "ended [5 failed (failed)]" },
        { PARTS ", read failed @5 guard, parts dead, stop-sent, stop-failed, read failed @5", "parts dead",
                        "ended [5 stopped] reset forget-parts" },
        { PART_DEAD ", stop-sent, stop-failed, read gone, parts dead left, later, read gone",
                        "parts dead left #9", "stopping read-at" },
        { PARTS ", job 9, type-stop, read gone, parts dead guard, stop-sent, stop-failed, read gone",
                        "parts dead guard", "ended [5 stopped] forget-parts" },
        { "want-parts 5, sent, answered 7, job-failed 7, read gone, parts unmade, parts unmade, stop-sent, "
          "stop-failed, read gone",
                        "parts unmade", "ended [5 refused (its part is unmade)]" },
        { PARTS ", job 9, type-stop, read gone, parts stopped slice, judge-sent, leaves, stop-sent, "
                "stop-failed, read gone",
                        "parts stopped slice", "ended [5 stopped at shutdown] forget-parts" },
};

typedef struct Player {
        UnitMachine m;
        uint64_t now_usec;
        UnitTodo todo; /* of the last fact, with that of its look */
        PartsSeen seen;
        bool has_seen;
        UnitFact look; /* what the last reading showed beside the worker */
} Player;

static void take_word(UnitProperties *p, UnitFact *look, const char *word)
{
        static const char *const states[] = { "active", "activating", "deactivating", "inactive", "failed" };

        FOREACH_ARRAY(s, states, ELEMENTSOF(states))
                if (streq(word, *s)) {
                        strcpy(p->active_state, word);
                        return;
                }
        if (word[0] == '@')
                p->epoch = (uint64_t) atoi(word + 1);
        else if (word[0] == '#')
                p->job_id = (uint32_t) atoi(word + 1);
        else if (word[0] == '!')
                p->invocation_id[0] = (uint8_t) atoi(word + 1);
        else if (streq(word, "left"))
                look->left = true;
        else if (streq(word, "guard"))
                look->by_guard = true;
        else if (streq(word, "maintenance"))
                look->in_maintenance = true;
        else if (streq(word, "file") || streq(word, "masked")) {
                p->transient = false;
                strcpy(p->fragment_path, "/etc/x");
                strcpy(p->load_state, streq(word, "file") ? "loaded" : "masked");
        } else if (!streq(word, "gone"))
                fail_msg("what is %s?", word);
}

static void play_fact(Player *player, const UnitFact *fact, UnitFact *look)
{
        UnitFact f = *fact;
        UnitTodo second;

        f.now_usec = look->now_usec = player->now_usec;
        look->parts = player->has_seen ? &player->seen : NULL;
        unit_step(&player->m, &f, &player->todo);
        if (!player->todo.look)
                return;
        unit_step(&player->m, look, &second);
        second.read = second.read || player->todo.read;
        assert_int_equal(player->todo.n_said, 0);
        player->todo = second;
}

static void play_reading(Player *player, UnitFactType type, char *words)
{
        UnitProperties p = {
                .load_state = "loaded", .transient = true, .invocation_id = { 1 }, .control_group = "/x"
        };
        UnitFact look = { .type = UNIT_FACT_LOOKED };
        char *rest;
        bool gone = strstr(words, "gone");

        for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
                take_word(&p, &look, w);
        player->look = look;
        play_fact(player, &(UnitFact){ .type = type, .properties = gone ? NULL : &p }, &look);
}

static void take_part_word(PartsSeen *s, const char *word)
{
        if (streq(word, "dead") || streq(word, "unmade") || streq(word, "stopped")) {
                snprintf(s->ended, sizeof(s->ended), "its part is %s", word);
                s->has_failed = !streq(word, "stopped");
                s->was_there = !streq(word, "unmade");
        } else if (streq(word, "slice"))
                s->slice_stops = true;
        else if (streq(word, "alive"))
                s->is_alive = true;
        else if (streq(word, "ending"))
                s->is_ending = true;
        else if (streq(word, "guard"))
                s->by_guard = true;
        else if (word[0] == '#')
                s->slice_job = (uint32_t) atoi(word + 1);
        else if (streq(word, "left"))
                strcpy(s->left, "its part is left");
        else if (streq(word, "mount"))
                s->has_mount = true;
        else if (streq(word, "stands"))
                s->has_mount = s->stands = true;
        else if (streq(word, "foreign"))
                strcpy(s->foreign, "its part is another's");
        else if (streq(word, "up"))
                s->is_up = true;
        else if (streq(word, "restarts"))
                strcpy(s->restarts, "its part restarts");
        else if (streq(word, "taken"))
                strcpy(s->refusal, "its part is not ours");
        else if (!streq(word, "well"))
                fail_msg("what is %s?", word);
}

static void play_parts(Player *player, char *words)
{
        char *rest;

        player->seen = (PartsSeen){};
        player->has_seen = true;
        for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
                take_part_word(&player->seen, w);
        play_fact(player, &(UnitFact){ .type = UNIT_FACT_PARTS_READ, .slice_read = true }, &player->look);
}

static void play(Player *player, const char *fact)
{
        static const struct {
                const char *word;
                UnitFact fact;
        } words[] = {
                { "want", { .type = UNIT_FACT_START_WANTED } },
                { "want-parts", { .type = UNIT_FACT_START_WANTED, .has_parts = true } },
                { "want-units", { .type = UNIT_FACT_START_WANTED,
                                                .has_parts = true,
                                                .has_units = true,
                                                .n_stages = 2 } },
                { "noted", { .type = UNIT_FACT_NOTED } },
                { "parts", { .type = UNIT_FACT_PARTS_READ } },
                { "sent", { .type = UNIT_FACT_START_SENT } },
                { "answered", { .type = UNIT_FACT_START_ANSWERED } },
                { "exists", { .type = UNIT_FACT_START_EXISTS } },
                { "unheard", { .type = UNIT_FACT_START_UNHEARD } },
                { "conflicts", { .type = UNIT_FACT_START_CONFLICTS, .text = "no" } },
                { "refused", { .type = UNIT_FACT_START_REFUSED, .text = "no" } },
                { "stop", { .type = UNIT_FACT_STOP_WANTED } },
                { "stop-sent", { .type = UNIT_FACT_STOP_SENT } },
                { "stop-answered", { .type = UNIT_FACT_STOP_ANSWERED } },
                { "stop-failed", { .type = UNIT_FACT_STOP_FAILED } },
                { "job", { .type = UNIT_FACT_JOB_SEEN } },
                { "job-done", { .type = UNIT_FACT_JOB_ENDED, .text = "done" } },
                { "job-failed", { .type = UNIT_FACT_JOB_ENDED, .text = "failed" } },
                { "type-stop", { .type = UNIT_FACT_JOB_TYPE, .job_type = FOREIGN_STOP } },
                { "type-restart", { .type = UNIT_FACT_JOB_TYPE, .job_type = FOREIGN_RESTART } },
                { "type-gone", { .type = UNIT_FACT_JOB_TYPE, .job_type = FOREIGN_UNKNOWN } },
                { "judge-sent", { .type = UNIT_FACT_JUDGE_SENT } },
                { "stays", { .type = UNIT_FACT_JUDGED } },
                { "leaves", { .type = UNIT_FACT_JUDGED, .leaves = true } },
                { "judge-failed", { .type = UNIT_FACT_JUDGE_FAILED } },
                { "deaf", { .type = UNIT_FACT_DEAF } },
                { "detached", { .type = UNIT_FACT_DETACHED } },
                { "read", { .type = UNIT_FACT_READ } },
                { "hint", { .type = UNIT_FACT_HINT } },
        };
        char text[256], *argument;

        snprintf(text, sizeof(text), "%s", fact);
        if (streq(text, "later")) {
                player->now_usec += 2 * USEC_PER_SEC;
                return;
        }
        argument = strchr(text, ' ');
        if (argument)
                *argument++ = 0;
        FOREACH_ARRAY(w, words, ELEMENTSOF(words)) {
                UnitFact f = w->fact, look = { .type = UNIT_FACT_LOOKED };

                if (!streq(w->word, text))
                        continue;
                if (f.type == UNIT_FACT_READ || f.type == UNIT_FACT_HINT) {
                        play_reading(player, f.type, argument);
                        return;
                }
                if (f.type == UNIT_FACT_PARTS_READ) {
                        play_parts(player, argument);
                        return;
                }
                if (f.type == UNIT_FACT_START_WANTED)
                        player->has_seen = false;
                if (argument)
                        f.job_id = (uint32_t) (f.epoch = (uint64_t) atoi(argument));
                play_fact(player, &f, &look);
                return;
        }
        fail_msg("what is %s?", text);
}

static void show(const Player *player, Text *t)
{
        static const char *const phases[] = { "absent", "asked", "starting", "up", "stopping", "judging",
                "ended" };
        const UnitTodo *todo = &player->todo;

        text_printf(t, "%s", phases[unit_machine_phase(&player->m)]);
        for (size_t i = 0; i < todo->n_said; i++)
                text_printf(t, " [%u %s%s%s%s]", (unsigned) todo->said[i].epoch,
                                unit_state_to_string(todo->said[i].state),
                                todo->said[i].reason[0] ? " (" : "", todo->said[i].reason,
                                todo->said[i].reason[0] ? ")" : "");
        if (player->m.start.stage == CALL_WAITS)
                text_add(t, " start-waits");
        if (player->m.stop.stage == CALL_WAITS)
                text_add(t, " stop-waits");
        if (todo->ask_job != 0)
                text_printf(t, " ask-job-%u", todo->ask_job);
        if (todo->ask_judge)
                text_add(t, " ask-judge");
        if (todo->reset_failed)
                text_add(t, " reset");
        if (todo->remove_commands != 0)
                text_printf(t, " remove-commands-%u", (unsigned) todo->remove_commands);
        text_printf(t, "%s%s%s%s%s", todo->keep_run ? " keep-run" : "", todo->read ? " read" : "",
                        todo->read_later ? " read-later" : "",
                        todo->read_usec != USEC_INFINITY ? " read-at" : "", todo->remove ? " remove" : "");
        text_printf(t, "%s%s%s", todo->read_parts ? " read-parts" : "",
                        todo->reset_parts ? " reset-parts" : "", todo->forget_parts ? " forget-parts" : "");
}

static void test_rows(void **state)
{
        size_t n_wrong = 0;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                Player player = { .now_usec = 1000 * USEC_PER_SEC, .look = { .type = UNIT_FACT_LOOKED } };
                _cleanup_free_ char *before = strdup(row->before);
                _cleanup_(text_done) Text t = {};
                char *rest;

                unit_machine_init(&player.m, "u.service", 0);
                for (char *f = strtok_r(before, ",", &rest); f; f = strtok_r(NULL, ",", &rest))
                        play(&player, f + (f[0] == ' '));
                play(&player, row->comes);
                show(&player, &t);
                if (!streq(t.data, row->follows)) {
                        print_error("%s | %s: got \"%s\", expected \"%s\"\n", row->before, row->comes, t.data,
                                        row->follows);
                        n_wrong++;
                }
                unit_machine_done(&player.m);
        }
        assert_int_equal(n_wrong, 0);
}

/* Whatever comes, and in whatever order, these hold. */
static void check(const UnitMachine *m, const UnitTodo *t)
{
        UnitPhase phase = unit_machine_phase(m);

        assert_true(m->start.stage != CALL_AT_WORK || m->start.job_id != 0);
        assert_true(m->stop.stage != CALL_AT_WORK || m->stop.job_id != 0);
        assert_true(m->start.stage == CALL_AT_WORK || m->start.job_id == 0);
        assert_true(m->stop.stage != CALL_UNCERTAIN);
        assert_true(unit_call_is_out(&m->start) || unit_call_is_out(&m->stop) || m->n_jobs_seen == 0);
        assert_int_equal(phase == UNIT_PHASE_ABSENT, m->epoch == 0);
        assert_true(m->has_parts || m->road.stage == ROAD_NONE);
        if (phase != UNIT_PHASE_ENDED)
                return;
        assert_int_equal(m->start.stage, CALL_NONE);
        assert_true(m->stop.stage != CALL_WAITS);
        assert_int_equal(m->judgement, JUDGE_NOT);
        assert_int_equal(m->left_usec, 0);
        assert_int_equal(m->road.stage, ROAD_NONE);
        assert_null(m->road.reason);
        for (size_t i = 0; i < t->n_said; i++)
                assert_true(t->said[i].epoch != 0 && t->said[i].state != UNIT_NONE);
}

static bool may_come(const UnitMachine *m, const char *fact)
{
        if (startswith(fact, "noted")) /* by the listing, before anything is known */
                return m->epoch == 0;
        if (startswith(fact, "parts"))
                return m->has_parts;
        if (startswith(fact, "sent") || streq(fact, "refused"))
                return m->start.stage == CALL_WAITS;
        if (startswith(fact, "answered") || streq(fact, "exists") || streq(fact, "unheard") ||
                        streq(fact, "conflicts"))
                return m->start.stage == CALL_SENT;
        if (startswith(fact, "stop-sent"))
                return m->stop.stage == CALL_WAITS;
        if (startswith(fact, "stop-"))
                return m->stop.stage == CALL_SENT;
        if (startswith(fact, "type-"))
                return m->foreign.type == FOREIGN_ASKED;
        if (streq(fact, "stays") || streq(fact, "leaves") || streq(fact, "judge-failed"))
                return m->judgement == JUDGE_ASKED;
        return !streq(fact, "stop") || m->epoch != 0;
}

static void test_walks(void **state)
{
        static const char *const facts[] = { "want 5", "want 6", "sent", "answered 7", "answered 0", "exists",
                "unheard", "conflicts", "refused", "stop", "stop-sent", "stop-answered 8", "stop-failed",
                "job 9", "job-done 7", "job-done 8", "job-done 9", "job-failed 7", "type-stop",
                "type-restart", "type-gone", "read active @5", "read active @6 !2", "read active",
                "read activating @5 #7", "read deactivating @5 #8", "read inactive @5 #9", "read failed @5",
                "read failed @4", "read gone", "read gone left", "read inactive file", "hint active @5",
                "hint failed @5", "judge-sent", "stays", "leaves", "judge-failed", "deaf", "detached",
                "later", "want-units 5", "want-units 6", "parts up", "parts taken", "want-parts 5",
                "want-parts 6", "noted 5", "noted 0", "parts well", "parts dead", "parts dead left alive",
                "parts dead ending", "parts unmade", "parts stopped slice", "parts well alive #8",
                "parts foreign", "parts stopped alive left stands #8" };
        uint64_t seed = 1;

        for (unsigned walk = 0; walk < 2000; walk++) {
                Player player = { .now_usec = 1000 * USEC_PER_SEC, .look = { .type = UNIT_FACT_LOOKED } };

                unit_machine_init(&player.m, "u.service", 0);
                for (unsigned step = 0; step < 100; step++) {
                        seed = seed * 6364136223846793005u + 1442695040888963407u;
                        const char *fact = facts[(seed >> 33) % ELEMENTSOF(facts)];
                        if (!may_come(&player.m, fact))
                                continue;
                        play(&player, fact);
                        check(&player.m, &player.todo);
                        if (player.todo.remove)
                                break;
                }
                unit_machine_done(&player.m);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_walks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
