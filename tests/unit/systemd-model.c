/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd-model.h"

unsigned walk_draw(World *w, unsigned n)
{
        w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned) (w->seed >> 33) % n;
}

void mail_post(Mail *mail, Letter letter)
{
        assert_true(mail->n < ELEMENTSOF(mail->letters));
        mail->letters[mail->n++] = letter;
}

Letter mail_fetch(Mail *mail)
{
        Letter first = mail->letters[0];

        memmove(mail->letters, mail->letters + 1, --mail->n * sizeof(first));
        return first;
}

/* ---- the model of systemd ---- */

bool model_is_up(const Model *u)
{
        return u->stand >= ACTIVATING;
}

bool model_is_there(const World *w, Place place)
{
        const Model *u = &w->units[place];

        if (place == SLICE || place == GATE || !u->is_loaded)
                return false;
        return model_is_up(u) || u->job == JOB_START || u->has_processes ||
               (u->stand == FAILED && u->begun_usec != 0 && !u->is_clean && place != WORKER &&
                               place != w->installed);
}

/* Requires= or BindsTo=. */
static bool needs(const World *w, Place place, Place other)
{
        if (!w->has_parts || place == other || place == w->installed || place == SLICE)
                return false;
        if (other == SLICE)
                return true;
        if (place == GATE)
                return other == PART_A;
        return other != GATE && other < place;
}

/* Nor is what comes before it its requirement; but its slice takes it along when it stops. */
static bool stops_with(const World *w, Place place, Place other)
{
        return needs(w, place, other) || (other == SLICE && place == w->installed && w->propagates);
}

static bool comes_after(const World *w, Place place, Place other)
{
        return needs(w, place, other) ||
               (w->has_parts && place == w->installed && (other < place || other == GATE));
}

const char *const place_names[N_PLACES] = { "slice", "part-a", "part-b", "worker", "gate" };
const char *const stand_names[] = { "inactive", "failed", "activating", "active", "deactivating" };

static void tell(World *w, What what, Place place, uint32_t id, const char *result)
{
        if (w->is_attached)
                mail_post(&w->answers, (Letter){ .what = what,
                                                       .place = place,
                                                       .job_id = id,
                                                       .result = result,
                                                       .model = w->units[place] });
}

static void end_job(World *w, Place place, const char *result)
{
        uint32_t id = w->units[place].job_id;

        w->units[place].job = JOB_NONE;
        w->units[place].job_id = 0;
        SHOW(w, "  job %u of %s: %s\n", id, place_names[place], result);
        tell(w, SIGNAL_JOB_REMOVED, place, id, result);
}

void model_make_job(World *w, Place place, Job job)
{
        Model *u = &w->units[place];

        if (u->job == job || !u->is_loaded)
                return;
        if (u->job != JOB_NONE)
                end_job(w, place, "canceled");
        u->job = job;
        u->job_id = ++w->n_jobs;
        SHOW(w, "  job %u of %s: %s\n", u->job_id, place_names[place],
                        job == JOB_START  ? "start"
                        : job == JOB_STOP ? "stop"
                                          : "restart");
        tell(w, SIGNAL_JOB_NEW, place, u->job_id, NULL);
}

/* What is up keeps what it requires. */
static bool is_required(const World *w, Place place)
{
        return place == SLICE && w->has_mount &&
               (model_is_up(&w->units[PART_A]) || model_is_up(&w->units[PART_B]));
}

void model_collect(World *w)
{
        for (Place p = SLICE; p < N_PLACES; p++) {
                Model *u = &w->units[p];

                if (!u->is_loaded || u->stand != INACTIVE || u->job != JOB_NONE || u->has_processes ||
                                p == w->installed || is_required(w, p))
                        continue;
                *u = (Model){};
                w->propagates = w->propagates && p != SLICE;
        }
}

void model_set_stand(World *w, Place place, Stand stand)
{
        Model *u = &w->units[place];
        bool was_up = u->stand == ACTIVE || u->stand == ACTIVATING;

        u->stand = stand;
        SHOW(w, "  %s: %s\n", place_names[place], stand_names[stand]);
        if (stand == ACTIVE)
                u->active_usec = w->now_usec;
        if (stand <= FAILED)
                u->ended_usec = w->now_usec;
        tell(w, SIGNAL_CHANGED, place, 0, NULL);
        if (!was_up || stand == ACTIVE || place == w->installed || (place != PART_A && place != PART_B))
                return;
        /* BindsTo= */
        for (Place p = SLICE; p < N_PLACES; p++)
                if (needs(w, p, place) && w->units[p].job == JOB_NONE &&
                                (w->units[p].stand == ACTIVE || w->units[p].stand == ACTIVATING))
                        model_make_job(w, p, JOB_STOP);
}

void model_stop(World *w, Place place)
{
        for (Place p = SLICE; p < N_PLACES; p++)
                if (p == place || (stops_with(w, p, place) && (model_is_up(&w->units[p]) ||
                                                                              w->units[p].job == JOB_START)))
                        model_make_job(w, p, JOB_STOP);
}

void model_restart(World *w, Place place)
{
        for (Place p = SLICE; p < N_PLACES; p++)
                if ((p == place || stops_with(w, p, place)) && w->units[p].job == JOB_NONE &&
                                (w->units[p].stand == ACTIVE || p == place))
                        model_make_job(w, p, JOB_RESTART);
}

static void go_up(World *w, Place place)
{
        Model *u = &w->units[place];

        if (u->stand == ACTIVE) {
                end_job(w, place, "done");
                return;
        }
        for (Place p = SLICE; p < N_PLACES; p++) {
                const Model *before = &w->units[p];

                if (!comes_after(w, place, p))
                        continue;
                if (before->job != JOB_NONE)
                        return;
                if (before->stand != ACTIVE && needs(w, place, p)) {
                        end_job(w, place, "dependency");
                        return;
                }
        }
        if (u->stand == ACTIVATING && place != SLICE && place != GATE && walk_draw(w, 8) == 0) {
                u->fails = true;
                end_job(w, place, "failed");
                model_set_stand(w, place, DEACTIVATING);
        } else if (place == w->installed && u->stand != ACTIVATING && walk_draw(w, 16) == 0) {
                end_job(w, place, "done"); /* a condition of it skips it */
        } else if (u->stand == ACTIVATING || place == SLICE || place == GATE) {
                model_set_stand(w, place, ACTIVE);
                end_job(w, place, "done");
        } else {
                u->begun_usec = w->now_usec;
                u->run = ++w->n_runs;
                u->is_clean = u->fails = false;
                if (place == w->installed && w->is_calm && w->units[PART_A].stand != ACTIVE &&
                                w->n_stages > 1)
                        fail_msg("seed %u: %s is started, and what comes before it is not there",
                                        (unsigned) w->first_seed, place_names[place]);
                model_set_stand(w, place, ACTIVATING);
        }
}

/* The helper of a device waits for its mount; its job may run out of time before. */
static bool waits_for_mount(World *w, Place place)
{
        Model *mount = &w->units[PART_B];

        if (place != PART_A || !w->has_mount || w->units[place].stand != DEACTIVATING ||
                        !(model_is_up(mount) || mount->has_processes))
                return false;
        if (w->units[place].job == JOB_STOP && walk_draw(w, 8) == 0)
                end_job(w, place, "timeout");
        if (!model_is_up(mount) && walk_draw(w, 4) == 0)
                mount->has_processes = false;
        return true;
}

/* True: umount(8) has failed. */
static bool stays_mounted(World *w, Place place)
{
        if (place != PART_B || !w->has_mount || !w->is_busy)
                return false;
        model_set_stand(w, place, ACTIVE);
        if (w->units[place].job == JOB_STOP)
                end_job(w, place, "failed");
        return true;
}

/* It is started again by itself; what requires it goes with it. */
static void restart_itself(World *w, Place place)
{
        Model *u = &w->units[place];

        u->restarts = false;
        model_restart(w, place);
        model_set_stand(w, place, ACTIVATING);
        u->stand = INACTIVE;
}

static void go_down(World *w, Place place)
{
        Model *u = &w->units[place];

        for (Place p = SLICE; p < N_PLACES; p++)
                if (comes_after(w, p, place) &&
                                (w->units[p].job == JOB_STOP || (w->units[p].job == JOB_RESTART &&
                                                                                model_is_up(&w->units[p]))))
                        return;
        if (waits_for_mount(w, place))
                return;
        if ((place == SLICE || place == GATE) && u->stand == ACTIVE)
                model_set_stand(w, place, INACTIVE);
        else if (u->stand == ACTIVE || u->stand == ACTIVATING)
                model_set_stand(w, place, DEACTIVATING);
        else if (u->stand == DEACTIVATING && stays_mounted(w, place))
                return;
        else if (u->stand == DEACTIVATING) {
                u->is_clean = walk_draw(w, 12) > 0 || (place == PART_B && w->has_mount);
                u->has_processes = walk_draw(w, 12) == 0;
                if (!u->is_clean && place != WORKER && place != w->installed)
                        u->fails = true;
                if (u->restarts && u->job == JOB_NONE) {
                        restart_itself(w, place);
                        return;
                }
                model_set_stand(w, place, u->fails ? FAILED : INACTIVE);
        }
        if (!model_is_up(u) && u->job == JOB_STOP)
                end_job(w, place, "done");
        else if (!model_is_up(u) && u->job == JOB_RESTART)
                u->job = JOB_START;
}

bool model_work(World *w)
{
        Place place = (Place) walk_draw(w, N_PLACES);
        Model *u;

        for (unsigned i = 0; i < N_PLACES && w->units[place].job == JOB_NONE &&
                             w->units[place].stand != DEACTIVATING;
                        i++)
                place = (place + 1) % N_PLACES;
        u = &w->units[place];
        if (u->job == JOB_START && u->stand != DEACTIVATING)
                go_up(w, place);
        else if (u->job == JOB_RESTART && !model_is_up(u))
                u->job = JOB_START;
        else if (u->job != JOB_NONE || u->stand == DEACTIVATING)
                go_down(w, place);
        else if (u->has_processes && walk_draw(w, 4) == 0)
                u->has_processes = false;
        else
                return false;
        model_collect(w);
        return true;
}

/* What a call of that stage makes. */
static bool is_made(const World *w, Place place, size_t stage)
{
        if (!w->has_parts)
                return place == WORKER;
        if (place == w->installed)
                return false;
        if (w->n_stages == 1)
                return place != GATE;
        return (place == WORKER) == (stage == 1);
}

static void begin_copy(World *w, Letter *call)
{
        Place last = call->stage + 1 < w->n_stages ? GATE : WORKER;

        for (Place p = SLICE; p < N_PLACES; p++)
                if (is_made(w, p, call->stage) && w->units[p].is_loaded)
                        call->answer = UNIT_FACT_START_EXISTS;
        if (call->answer == 0 && walk_draw(w, 30) == 0)
                call->answer = walk_draw(w, 2) == 0 ? UNIT_FACT_START_REFUSED : UNIT_FACT_START_CONFLICTS;
        if (call->answer != 0)
                return;
        for (Place p = SLICE; p < N_PLACES; p++)
                if (is_made(w, p, call->stage)) {
                        w->units[p] = (Model){ .is_loaded = true, .epoch = call->epoch };
                        w->propagates = w->propagates || p == SLICE;
                }
        /* It takes along what it requires; a slice that has gone is made, and is none of ours. */
        for (Place p = SLICE; p < N_PLACES; p++) {
                Model *u = &w->units[p];

                if (p != last && !needs(w, last, p))
                        continue;
                if (p == w->installed && !model_is_up(u))
                        u->epoch = call->epoch;
                u->is_loaded = true;
                if (u->stand != ACTIVE)
                        model_make_job(w, p, JOB_START);
        }
        call->job_id = w->units[last].job_id;
}

/* The slice, and the installed unit by its own name. */
void model_stop_copy(World *w, Letter *call)
{
        Place first = w->has_parts ? SLICE : WORKER;

        if (w->units[first].is_loaded) {
                model_stop(w, first);
                call->job_id = w->units[first].job_id;
        }
        if (w->installed < N_PLACES && model_is_up(&w->units[w->installed]))
                model_stop(w, w->installed);
}

void model_serve(World *w)
{
        Letter call = mail_fetch(&w->calls);

        call.model = w->units[call.place];
        if (call.what == ASK_START)
                begin_copy(w, &call);
        else if (call.what == ASK_STOP)
                model_stop_copy(w, &call);
        else if (call.what == ASK_RESET && call.model.stand == FAILED) {
                w->units[call.place].stand = INACTIVE;
                model_collect(w);
        } else if (call.what == ASK_JOB_TYPE)
                call.type = w->units[WORKER].job_id != call.job_id ? FOREIGN_UNKNOWN
                            : w->units[WORKER].job == JOB_STOP     ? FOREIGN_STOP
                            : w->units[WORKER].job == JOB_RESTART  ? FOREIGN_RESTART
                                                                   : FOREIGN_OTHER;
        if (w->is_attached && call.what != ASK_RESET)
                mail_post(&w->answers, call);
        model_collect(w);
}
