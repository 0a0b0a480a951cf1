/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The machine beside a small model of systemd: a slice, two parts, each bound to the one before it, and a worker bound to
 * the last, with their jobs, one of the parts an installed unit in some, and calls, answers and signals that are on their way. What comes, and in which order, is drawn; the
 * order is always one that systemd could produce. Whatever it is:
 *
 *   - no end is said of a copy of which something is there,
 *   - no start is sent while something of an earlier copy is there,
 *   - no installed unit is started while what comes before it is not there, as long as nothing dies,
 *   - once nothing more comes from outside and a stop was asked for, an end is said.
 *
 * An argument is the seed of one walk, which is shown. */

#include "systemd-model.h"

#define N_WALKS 20000u
#define N_STEPS 400u
#define N_STEPS_TO_END 4000u

static void take(World *w, UnitFact f);
static void take_plain(World *w, UnitFactType type)
{
        take(w, (UnitFact){ .type = type });
}

/* ---- what the manager sees ---- */

static UnitProperties properties_of(const Model *u, Place place)
{
        UnitProperties p = { .transient = true, .job_id = u->job_id, .ended_usec = u->ended_usec };

        strcpy(p.load_state, u->is_loaded ? "loaded" : "not-found");
        strcpy(p.active_state, stand_names[u->stand]);
        strcpy(p.sub_state, stand_names[u->stand]);
        strcpy(p.result, u->fails ? "exit-code" : "success");
        p.invocation_id[0] = u->run;
        p.epoch = place == WORKER || place == PART_B ? u->epoch : 0;
        if (u->is_loaded && model_is_up(u))
                snprintf(p.control_group, sizeof(p.control_group), "/x/%s", place_names[place]);
        return p;
}

static const PartsSeen *see_parts(World *w)
{
        Part names[] = { {}, { .name = (char *) "a" }, { .name = (char *) "b" } };
        PartProperties properties[N_PLACES] = {};
        PartView views[2];

        if (w->installed < N_PLACES)
                names[w->installed].kind = PART_UNIT;
        if (w->has_mount) {
                names[PART_A].kind = PART_DEVICE;
                names[PART_B].kind = PART_MOUNT;
        }
        for (Place p = SLICE; p < WORKER; p++) {
                const Model *u = &w->parts[p];

                if (!w->is_part_read[p])
                        return NULL;
                properties[p] = (PartProperties){ .unit = properties_of(u, p),
                        .begun_usec = u->begun_usec,
                        .active_usec = u->active_usec,
                        .clean_code = u->is_clean ? CLD_EXITED : 0 };
                if (p != SLICE)
                        views[p - PART_A] = (PartView){ .part = &names[p],
                                .unit = place_names[p],
                                .properties = &properties[p],
                                .is_due = w->m.n_stages < 2 || w->m.stage > 0 || p == PART_A,
                                .begun_usec = w->begun_usec,
                                .has_processes = model_is_up(&w->units[p]) || w->units[p].has_processes,
                                .is_mounted = model_is_up(&w->units[p]) || w->units[p].has_processes };
        }
        parts_see(views, 2, &properties[SLICE].unit, &w->seen);
        return &w->seen;
}

static bool may_be_there(const World *w, uint64_t epoch)
{
        for (Place p = PART_A; p < N_PLACES; p++)
                if (model_is_there(w, p) && w->units[p].epoch == epoch)
                        return true;
        return false;
}

static void check_said(World *w, const UnitSaid *said)
{
        SHOW(w, "# %u: %s%s%s\n", (unsigned) said->epoch, unit_state_to_string(said->state),
                        said->reason[0] ? ", " : "", said->reason);
        if (unit_state_is_end(said->state) && !w->is_touched && may_be_there(w, said->epoch))
                fail_msg("seed %u: %s is said of %u, and something of it is there", (unsigned) w->first_seed,
                                unit_state_to_string(said->state), (unsigned) said->epoch);
}

static void call(World *w, unsigned *number, Letter letter)
{
        letter.number = ++w->n_numbers;
        if (number)
                *number = letter.number;
        mail_post(&w->calls, letter);
}

static void follow_parts(World *w, const UnitTodo *t)
{
        if (!w->m.has_parts)
                return;
        for (Place p = PART_A; p < WORKER && w->is_attached && (t->reset_parts || t->forget_parts); p++)
                call(w, NULL, (Letter){ .what = ASK_RESET, .place = p });
        if (t->forget_parts)
                w->note = 0;
        for (Place p = SLICE; p < WORKER && t->read_parts; p++)
                w->wants_parts[p] = true;
}

static void forget_machine(World *w)
{
        unit_machine_done(&w->m);
        unit_machine_init(&w->m, "u.service", 0);
        w->is_absent = true;
        w->wants_read = false;
        w->check_usec = USEC_INFINITY;
        memset(w->wants_parts, 0, sizeof(w->wants_parts));
        memset(w->is_part_read, 0, sizeof(w->is_part_read));
        w->read_number = w->part_number = w->start_number = w->stop_number = 0;
}

static void look(World *w)
{
        UnitFact f = { .type = UNIT_FACT_LOOKED };

        if (w->m.has_parts)
                f.parts = see_parts(w);
        if (!unit_properties_are_alive(&w->m.properties) && w->m.properties.job_id == 0 &&
                        (model_is_up(&w->units[WORKER]) || w->units[WORKER].has_processes)) {
                if (!w->m.control_group)
                        take(w, (UnitFact){ .type = UNIT_FACT_GROUP, .text = "/x/worker" });
                f.left = true;
        }
        take(w, f);
}

static void take(World *w, UnitFact f)
{
        UnitTodo t;

        f.now_usec = w->now_usec;
        SHOW(w, "    fact %d, job %u%s%s\n", f.type, f.job_id, f.properties ? ", " : "",
                        f.properties ? f.properties->active_state : "");
        unit_step(&w->m, &f, &t);
        FOREACH_ARRAY(said, t.said, t.n_said)
                check_said(w, said);
        if (t.ended)
                w->check_usec = USEC_INFINITY;
        w->wants_read = w->wants_read || t.read;
        w->check_usec = MIN(w->check_usec, t.read_usec);
        if (t.read_later)
                w->check_usec = MIN(w->check_usec, w->now_usec + 20 * USEC_PER_MSEC);
        follow_parts(w, &t);
        if (t.reset_failed && w->is_attached)
                call(w, NULL, (Letter){ .what = ASK_RESET, .place = WORKER });
        if (t.ask_job != 0 && w->is_attached)
                call(w, &w->type_number, (Letter){ .what = ASK_JOB_TYPE, .job_id = t.ask_job });
        else if (t.ask_job != 0)
                take(w, (UnitFact){ .type = UNIT_FACT_JOB_TYPE, .job_type = FOREIGN_UNKNOWN });
        if (t.ask_judge && w->is_attached && w->judge_number == 0) {
                call(w, &w->judge_number, (Letter){ .what = ASK_JUDGE });
                take_plain(w, UNIT_FACT_JUDGE_SENT);
        }
        if (t.look)
                look(w);
        else if (t.remove)
                forget_machine(w);
}

/* ---- what the manager sends, and what it hears ---- */

static void send_start(World *w)
{
        for (uint64_t e = 1; e <= w->n_epochs; e++)
                if (e != w->m.epoch && !w->is_touched && may_be_there(w, e))
                        fail_msg("seed %u: a start of %u is sent, and something of %u is there",
                                        (unsigned) w->first_seed, (unsigned) w->m.epoch, (unsigned) e);
        if (w->m.has_parts)
                w->note = w->m.epoch;
        if (w->m.stage == 0)
                w->begun_usec = w->now_usec;
        memset(w->is_part_read, 0, sizeof(w->is_part_read));
        if (w->part_number != 0) /* is being read, and is read again */
                w->wants_parts[w->part_place] = true;
        w->part_number = 0;
        call(w, &w->start_number, (Letter){ .what = ASK_START, .stage = w->m.stage, .epoch = w->m.epoch });
        take_plain(w, UNIT_FACT_START_SENT);
}

static void pump(World *w)
{
        if (!w->is_attached)
                return;
        if (w->m.stop.stage == CALL_WAITS) {
                call(w, &w->stop_number, (Letter){ .what = ASK_STOP });
                take_plain(w, UNIT_FACT_STOP_SENT);
        }
        if (w->m.start.stage == CALL_WAITS)
                send_start(w);
        if (w->wants_read && w->read_number != 0)
                w->is_hinted = true;
        else if (w->wants_read)
                call(w, &w->read_number, (Letter){ .what = ASK_READ, .place = WORKER });
        w->wants_read = false;
        for (Place p = SLICE; p < WORKER; p++)
                if (w->wants_parts[p] && w->part_number == 0) {
                        call(w, &w->part_number, (Letter){ .what = ASK_READ_PART, .place = p });
                        w->part_place = p;
                        w->wants_parts[p] = false;
                }
}

static void hear_call(World *w, UnitCall *of, unsigned number, const Letter *l, bool is_start)
{
        if (of->stage != CALL_SENT || l->number != number)
                return;
        if (!is_start && l->job_id == 0)
                take_plain(w, UNIT_FACT_STOP_FAILED);
        else if (!is_start)
                take(w, (UnitFact){ .type = UNIT_FACT_STOP_ANSWERED, .job_id = l->job_id });
        else if (l->answer != 0)
                take(w, (UnitFact){ .type = (UnitFactType) l->answer, .text = "no" });
        else
                take(w, (UnitFact){ .type = UNIT_FACT_START_ANSWERED, .job_id = l->job_id });
}

static void hear_reading(World *w, const Letter *l)
{
        UnitProperties p = properties_of(&l->model, WORKER);
        bool overlaps = w->is_hinted;

        if (l->number != w->read_number)
                return;
        w->read_number = 0;
        w->is_hinted = false;
        take(w, (UnitFact){ .type = UNIT_FACT_READ, .properties = &p, .overlaps = overlaps });
}

static void hear_part(World *w, const Letter *l)
{
        if (l->number != w->part_number)
                return;
        w->part_number = 0;
        w->parts[l->place] = l->model;
        w->is_part_read[l->place] = true;
        w->is_slice_read = w->is_slice_read || l->place == SLICE;
        for (Place p = SLICE; p < WORKER; p++)
                if (w->wants_parts[p])
                        return;
        take(w, (UnitFact){ .type = UNIT_FACT_PARTS_READ, .slice_read = w->is_slice_read });
        w->is_slice_read = false;
}

static void hear_signal(World *w, const Letter *l)
{
        UnitProperties p = properties_of(&l->model, l->place);

        if (w->is_absent)
                return;
        if (l->what == SIGNAL_CHANGED && l->place < WORKER)
                w->wants_parts[l->place] = w->m.has_parts;
        else if (l->place == GATE && l->what != SIGNAL_JOB_REMOVED)
                return;
        else if (l->what == SIGNAL_CHANGED)
                take(w, (UnitFact){ .type = UNIT_FACT_HINT,
                                        .properties = &p,
                                        .overlaps = w->read_number != 0 });
        else if (l->what == SIGNAL_JOB_NEW && l->place == WORKER)
                take(w, (UnitFact){ .type = UNIT_FACT_JOB_SEEN, .job_id = l->job_id });
        else if (l->what == SIGNAL_JOB_REMOVED &&
                        (l->place == WORKER || ((l->place == SLICE || l->place == GATE) && w->m.has_parts)))
                take(w, (UnitFact){ .type = UNIT_FACT_JOB_ENDED, .job_id = l->job_id, .text = l->result });
}

static void hear(World *w)
{
        Letter l = mail_fetch(&w->answers);

        if (l.what == ASK_START)
                hear_call(w, &w->m.start, w->start_number, &l, true);
        else if (l.what == ASK_STOP)
                hear_call(w, &w->m.stop, w->stop_number, &l, false);
        else if (l.what == ASK_READ)
                hear_reading(w, &l);
        else if (l.what == ASK_READ_PART)
                hear_part(w, &l);
        else if (l.what == ASK_JOB_TYPE && l.number == w->type_number && w->m.foreign.type == FOREIGN_ASKED)
                take(w, (UnitFact){ .type = UNIT_FACT_JOB_TYPE, .job_type = l.type });
        else if (l.what == ASK_JUDGE && l.number == w->judge_number) {
                w->judge_number = 0;
                take(w, (UnitFact){ .type = UNIT_FACT_JUDGED, .leaves = false });
        } else
                hear_signal(w, &l);
}

/* ---- what comes from outside ---- */

static void list_units(World *w)
{
        bool has_part = (w->units[PART_A].is_loaded && w->installed != PART_A) ||
                        (w->units[PART_B].is_loaded && w->installed != PART_B);

        if (w->is_absent && !w->note && !has_part && !w->units[WORKER].is_loaded)
                return;
        if (w->is_absent && (w->note || has_part))
                take(w, (UnitFact){ .type = UNIT_FACT_NOTED, .epoch = w->note });
        w->is_absent = false;
        w->wants_read = true;
        for (Place p = SLICE; p < WORKER; p++)
                w->wants_parts[p] = w->m.has_parts;
}

/* A call that is out is heard by systemd, or is not; its answer is lost. */
static void detach(World *w)
{
        w->is_attached = false;
        while (w->calls.n > 0)
                if (walk_draw(w, 2) == 0)
                        model_serve(w);
                else
                        (void) mail_fetch(&w->calls);
        w->answers.n = 0;
        take_plain(w, UNIT_FACT_DETACHED);
        w->read_number = w->part_number = w->judge_number = 0;
        w->is_hinted = false;
}

static void attach(World *w)
{
        w->is_attached = true;
        list_units(w);
}

static void kill_manager(World *w)
{
        SHOW(w, "-- the manager is killed\n");
        w->is_attached = false;
        detach(w);
        forget_machine(w);
        attach(w);
}

static void start_wish(World *w)
{
        bool read = w->is_absent || w->m.state != UNIT_NONE || w->m.start.stage != CALL_NONE;

        if (!read) /* nothing is asked for before all has been read */
                return;
        SHOW(w, "-- start %u\n", (unsigned) w->n_epochs + 1);
        w->is_absent = false;
        take(w, (UnitFact){ .type = UNIT_FACT_START_WANTED,
                                .epoch = ++w->n_epochs,
                                .has_parts = w->has_parts,
                                .has_units = w->installed < N_PLACES,
                                .n_stages = w->n_stages });
        if (w->m.epoch != w->n_epochs)
                return;
        memset(w->is_part_read, 0, sizeof(w->is_part_read));
        for (Place p = SLICE; p < WORKER; p++)
                w->wants_parts[p] = w->m.has_units;
        w->part_number = 0;
        for (uint64_t e = 1; e < w->n_epochs; e++)
                if (may_be_there(w, e))
                        return;
        w->is_touched = false;
}

static void die(World *w)
{
        Place place = (Place) (PART_A + walk_draw(w, 3));
        Model *u = &w->units[place];

        if (u->stand != ACTIVE)
                return;
        SHOW(w, "-- %s dies\n", place_names[place]);
        u->fails = walk_draw(w, 3) > 0;
        u->restarts = place == w->installed && walk_draw(w, 2) == 0;
        model_set_stand(w, place, DEACTIVATING);
}

/* Somebody begins to work in there, or ends. */
static void turn_busy(World *w)
{
        w->is_busy = !w->is_busy;
        if (w->has_mount)
                SHOW(w, "-- the mount is %s\n", w->is_busy ? "busy" : "free");
}

static void administrate(World *w)
{
        Place place = (Place) walk_draw(w, N_PLACES);
        bool starts = walk_draw(w, 8) == 0;
        Letter ignored = {};

        if (!w->units[place].is_loaded || (starts && (place == SLICE || place == GATE)))
                return;
        SHOW(w, "-- systemctl %s %s\n", starts ? "start" : "stop", place_names[place]);
        if (place == SLICE) {
                model_stop_copy(w, &ignored);
                return;
        }
        w->is_touched = w->is_touched || starts;
        if (!starts && place == w->installed && w->units[place].stand == ACTIVE && walk_draw(w, 2) == 0)
                model_restart(w, place);
        else if (!starts)
                model_stop(w, place);
        for (Place p = w->has_parts && place != w->installed ? SLICE : place; starts && p <= place; p++)
                model_make_job(w, p, JOB_START);
}

typedef struct Event {
        void (*come)(World *w);
        unsigned weight;
} Event;

static void stop_wish(World *w)
{
        if (w->is_absent || w->m.epoch == 0)
                return;
        SHOW(w, "-- stop\n");
        take_plain(w, UNIT_FACT_STOP_WANTED);
}

static void lose_bus(World *w)
{
        if (!w->is_attached)
                return;
        SHOW(w, "-- the bus is lost\n");
        detach(w);
}

static void find_bus(World *w)
{
        if (!w->is_attached)
                attach(w);
}

static void reexec(World *w)
{
        if (!w->is_attached)
                return;
        SHOW(w, "-- systemd is executed anew\n");
        take_plain(w, UNIT_FACT_DEAF);
        w->answers.n = 0;
        w->read_number = w->part_number = w->judge_number = 0;
        if (w->m.start.stage == CALL_SENT)
                take_plain(w, UNIT_FACT_START_UNHEARD);
        if (w->m.stop.stage == CALL_SENT)
                take_plain(w, UNIT_FACT_STOP_FAILED);
        if (w->m.judgement == JUDGE_ASKED)
                take_plain(w, UNIT_FACT_JUDGE_FAILED);
        if (w->m.foreign.type == FOREIGN_ASKED)
                take(w, (UnitFact){ .type = UNIT_FACT_JOB_TYPE, .job_type = FOREIGN_UNKNOWN });
        attach(w);
}

/* Each walk knows some of them only, so that none hides what another one brings. */
static void come_from_outside(World *w)
{
        static const Event events[] = {
                { die, 4 },
                { administrate, 3 },
                { turn_busy, 2 },
                { stop_wish, 3 },
                { lose_bus, 1 },
                { kill_manager, 1 },
                { reexec, 1 },
        };
        unsigned n = walk_draw(w, 15);

        if (!w->is_attached && walk_draw(w, 3) == 0)
                find_bus(w);
        if (walk_draw(w, 6) == 0 ||
                        (walk_draw(w, 2) == 0 && (w->is_absent || unit_state_is_end(w->m.state)))) {
                start_wish(w);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(events); i++) {
                if (n < events[i].weight) {
                        if (w->kinds & 1u << i)
                                events[i].come(w);
                        return;
                }
                n -= events[i].weight;
        }
}

static void advance(World *w)
{
        w->now_usec = w->check_usec != USEC_INFINITY && walk_draw(w, 2) == 0 ? MAX(w->now_usec, w->check_usec)
                                                                             : w->now_usec + 1000;
        if (w->check_usec > w->now_usec)
                return;
        w->check_usec = USEC_INFINITY;
        w->wants_read = true;
}

static void step(World *w)
{
        unsigned n = walk_draw(w, 8);

        if (n < 2 && w->calls.n > 0)
                model_serve(w);
        else if (n < 5 && w->answers.n > 0)
                hear(w);
        else if (n < 7)
                (void) model_work(w);
        else
                advance(w);
        pump(w);
}

/* An administrator removes what was left, and nothing happens any more but what has to. */
static void clean_up(World *w)
{
        for (Place p = PART_A; p < WORKER; p++)
                if (w->units[p].stand == FAILED && !w->units[p].is_clean)
                        mail_post(&w->calls, (Letter){ .what = ASK_RESET, .place = p });
}

static bool is_at_rest(const World *w)
{
        return w->is_absent || (unit_state_is_end(w->m.state) && w->calls.n == 0 && w->answers.n == 0);
}

static void end_walk(World *w)
{
        SHOW(w, "-- the end\n");
        w->is_busy = false;
        if (!w->is_attached)
                attach(w);
        for (unsigned i = 0; i < N_STEPS_TO_END && !is_at_rest(w); i++) {
                if (w->m.epoch != 0 && !w->m.history.stop_asked && w->m.state != UNIT_NONE)
                        take_plain(w, UNIT_FACT_STOP_WANTED);
                if (i % 100 == 50)
                        clean_up(w);
                step(w);
        }
        if (!is_at_rest(w))
                fail_msg("seed %u: no end: %s (%s), start %d, stop %d, road %d%s%s, check %s",
                                (unsigned) w->first_seed, unit_state_to_string(w->m.state),
                                strempty(w->m.reason), w->m.start.stage, w->m.stop.stage, w->m.road.stage,
                                w->m.road.reading ? " reading" : "", w->m.road.again ? " again" : "",
                                w->check_usec == USEC_INFINITY ? "never" : "later");
}

static void walk(uint64_t seed, bool shows)
{
        World *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        w->first_seed = w->seed = seed;
        w->shows = shows;
        w->now_usec = 1000 * USEC_PER_SEC;
        w->check_usec = USEC_INFINITY;
        w->is_attached = w->is_absent = true;
        w->kinds = walk_draw(w, 128);
        w->is_calm = !(w->kinds & 3);
        w->has_parts = walk_draw(w, 6) > 0;
        w->has_mount = w->has_parts && walk_draw(w, 3) == 0;
        w->installed = !w->has_parts || w->has_mount
                                       ? N_PLACES
                                       : ((Place[]){ PART_A, PART_B, PART_B, N_PLACES })[walk_draw(w, 4)];
        w->n_stages = w->installed == PART_B ? 2 : 1;
        if (w->installed < N_PLACES)
                w->units[w->installed].is_loaded = true;
        unit_machine_init(&w->m, "u.service", 0);
        for (unsigned i = 0; i < N_STEPS; i++) {
                step(w);
                if (walk_draw(w, 10) == 0)
                        come_from_outside(w);
        }
        end_walk(w);
        unit_machine_done(&w->m);
        free(w);
}

static uint64_t given_seed;

static void test_walks(void **state)
{
        if (given_seed != 0) {
                walk(given_seed, true);
                return;
        }
        for (uint64_t seed = 1; seed <= N_WALKS; seed++)
                walk(seed, false);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_walks),
        };

        given_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
