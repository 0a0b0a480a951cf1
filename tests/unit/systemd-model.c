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

bool model_is_there(const Model *u, Place place)
{
        return place != SLICE && u->is_loaded &&
               (model_is_up(u) || u->job == JOB_START || u->has_processes ||
                               (u->stand == FAILED && u->begun_usec != 0 && !u->is_clean && place != WORKER));
}

const char *const place_names[N_PLACES] = { "slice", "part-a", "part-b", "worker" };
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
        SHOW(w, "  job %u of %s: %s\n", u->job_id, place_names[place], job == JOB_START ? "start" : "stop");
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

                if (u->is_loaded && u->stand == INACTIVE && u->job == JOB_NONE && !u->has_processes &&
                                !is_required(w, p))
                        *u = (Model){};
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
        if (!was_up || stand == ACTIVE || (place != PART_A && place != PART_B))
                return;
        /* BindsTo= */
        for (Place p = place + 1; p < N_PLACES; p++)
                if (w->units[p].stand == ACTIVE || w->units[p].stand == ACTIVATING)
                        model_make_job(w, p, JOB_STOP);
}

static void go_up(World *w, Place place)
{
        Model *u = &w->units[place];

        if (u->stand == ACTIVE) {
                end_job(w, place, "done");
                return;
        }
        for (Place p = SLICE; p < place && w->has_parts; p++) {
                const Model *before = &w->units[p];

                if (before->job == JOB_STOP || before->job == JOB_START)
                        return;
                if (before->stand != ACTIVE) {
                        end_job(w, place, "dependency");
                        return;
                }
        }
        if (u->stand == ACTIVATING && place != SLICE && walk_draw(w, 8) == 0) {
                u->fails = true;
                end_job(w, place, "failed");
                model_set_stand(w, place, DEACTIVATING);
        } else if (u->stand == ACTIVATING || place == SLICE) {
                model_set_stand(w, place, ACTIVE);
                end_job(w, place, "done");
        } else {
                u->begun_usec = w->now_usec;
                u->run = ++w->n_runs;
                u->is_clean = u->fails = false;
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

static void go_down(World *w, Place place)
{
        Model *u = &w->units[place];

        for (Place p = place + 1; p < N_PLACES && w->has_parts; p++)
                if (w->units[p].job == JOB_STOP)
                        return;
        if (waits_for_mount(w, place))
                return;
        if (place == SLICE && u->stand == ACTIVE)
                model_set_stand(w, place, INACTIVE);
        else if (u->stand == ACTIVE || u->stand == ACTIVATING)
                model_set_stand(w, place, DEACTIVATING);
        else if (u->stand == DEACTIVATING && stays_mounted(w, place))
                return;
        else if (u->stand == DEACTIVATING) {
                u->is_clean = walk_draw(w, 12) > 0 || (place == PART_B && w->has_mount);
                u->has_processes = walk_draw(w, 12) == 0;
                if (!u->is_clean && place != WORKER)
                        u->fails = true;
                model_set_stand(w, place, u->fails ? FAILED : INACTIVE);
        }
        if (!model_is_up(u) && u->job == JOB_STOP)
                end_job(w, place, "done");
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
        else if (u->job != JOB_NONE || u->stand == DEACTIVATING)
                go_down(w, place);
        else if (u->has_processes && walk_draw(w, 4) == 0)
                u->has_processes = false;
        else
                return false;
        model_collect(w);
        return true;
}

static void begin_copy(World *w, Letter *call)
{
        Place first = w->has_parts ? SLICE : WORKER;

        for (Place p = first; p < N_PLACES; p++)
                if (w->units[p].is_loaded)
                        call->answer = UNIT_FACT_START_EXISTS;
        if (call->answer == 0 && walk_draw(w, 30) == 0)
                call->answer = walk_draw(w, 2) == 0 ? UNIT_FACT_START_REFUSED : UNIT_FACT_START_CONFLICTS;
        if (call->answer != 0)
                return;
        for (Place p = first; p < N_PLACES; p++) {
                w->units[p] = (Model){ .is_loaded = true, .epoch = call->epoch };
                model_make_job(w, p, JOB_START);
        }
        call->job_id = w->units[WORKER].job_id;
}

void model_stop_copy(World *w, Letter *call)
{
        Place first = w->has_parts ? SLICE : WORKER;

        if (!w->units[first].is_loaded)
                return;
        for (Place p = first; p < N_PLACES; p++)
                if (p == first || model_is_up(&w->units[p]) || w->units[p].job == JOB_START)
                        model_make_job(w, p, JOB_STOP);
        call->job_id = w->units[first].job_id;
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
                                                                   : FOREIGN_OTHER;
        if (w->is_attached && call.what != ASK_RESET)
                mail_post(&w->answers, call);
        model_collect(w);
}
