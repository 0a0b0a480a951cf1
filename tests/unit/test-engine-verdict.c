/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One state, one answer: many states are walked through, and in each the verdict is compared with all that read it: what is
 * decided, what status and explain say, what a takeover by hand is answered, and whether the start is carried out. */

#include "engine/agreed/app.h"
#include "engine/agreed/check.h"
#include "engine/agreed/command.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/verdict.h"
#include "engine/duplicate.h"
#include "engine/encode.h"
#include "engine-cluster.h"

/* The application is, or was, on bcd: abc is better, def worse. Of each kind of change the state has one; 0 is none. */
enum { COPY_IS, NODE_IS, WANT_IS, ALONE_IS, FILE_IS, BETTER_IS, OTHER_IS, DEF_IS, N_KINDS };
enum {
        COPY_NONE = 1,
        COPY_GONE,
        COPY_BACK,
        COPY_UNTAMED,
        COPY_STARTS,
        COPY_STOPS,
        COPY_STUCK,
        COPY_TWO,
        N_COPY
};
enum { NODE_IS_SILENT = 1, NODE_IS_GONE, NODE_SYNCS, NODE_LEAVES, NODE_STANDBY, NODE_FORBIDDEN, N_NODE };
enum { WANT_DOWN = 1, WANT_FINISHED, WANT_HALTED, N_WANT };
enum { ALONE_MAINTENANCE = 1, ALONE_OWED, N_ALONE };
enum { FILE_NONE = 1, FILE_ORPHAN, N_FILE };
enum {
        BETTER_MANUAL = 1,
        BETTER_HELD,
        BETTER_MARKED,
        BETTER_MARK_EXPIRED,
        BETTER_STANDBY,
        BETTER_LATER,
        BETTER_MARKED_ALL,
        N_BETTER
};
enum { OTHER_FORMING = 1, OTHER_DELAY, OTHER_START_FIRST, OTHER_WANTED, OTHER_START_FIRST_FORMING, N_OTHER };
enum { DEF_UNKNOWN = 1, DEF_BACK, DEF_UNTAMED, DEF_STUCK, N_DEF };

static const int n_of_kind[N_KINDS] = { N_COPY, N_NODE, N_WANT, N_ALONE, N_FILE, N_BETTER, N_OTHER, N_DEF };

static Node *walk_node(Engine *e, uint32_t id)
{
        Node *n = state_find_node(&e->here.me.agreed.state, id);

        assert_non_null(n);
        return n;
}

static App *walk_app(Engine *e)
{
        App *a = state_find_app(&e->here.me.agreed.state, "distro");

        assert_non_null(a);
        return a;
}

static void change_copy(Engine *e, App *a, int to)
{
        Copy *c = &a->copies[0];

        c->node_id = a->owner = BCD;
        if (to == COPY_NONE) {
                a->n_copies = 0;
        } else if (to == COPY_GONE || to == COPY_BACK || to == COPY_UNTAMED) {
                c->phase = COPY_LOST;
                c->untamed = to == COPY_UNTAMED;
                walk_node(e, BCD)->presence = to == COPY_BACK ? PRESENCE_REPORTED : PRESENCE_OFFLINE;
        } else if (to == COPY_STARTS) {
                c->phase = COPY_STARTING;
        } else if (to == COPY_STOPS || to == COPY_STUCK) {
                c->phase = COPY_STOPPING;
                c->stuck = to == COPY_STUCK;
        } else if (to == COPY_TWO) {
                a->definition.takeover_mode = TAKEOVER_START_FIRST;
                c = app_add_copy(a, ABC, 2);
                assert_non_null(c);
                c->phase = COPY_STARTING;
                c->start_type = START_TAKEOVER;
                a->epoch = a->last_epoch = 2;
        }
}

static void change_node(Engine *e, App *a, int to)
{
        Node *n = walk_node(e, BCD);

        if (to == NODE_IS_SILENT) {
                n->presence = PRESENCE_SILENT;
        } else if (to == NODE_IS_GONE) {
                n->presence = PRESENCE_MANAGER_GONE;
                n->grace = (Timer){ .serial = 1, .deadline_usec = e->here.me.agreed.now_usec + USEC_PER_SEC };
        } else if (to == NODE_SYNCS) {
                n->presence = PRESENCE_SYNCING;
        } else if (to == NODE_LEAVES) {
                n->leaving = true;
        } else if (to == NODE_STANDBY) {
                n->standby = true;
        } else if (to == NODE_FORBIDDEN) {
                a->permissions = calloc(1, sizeof(Permission));
                assert_non_null(a->permissions);
                a->permissions[a->n_permissions++].node_id = BCD;
                a->n_permissions_allocated = 1;
        }
}

static void change_want(App *a, int want, int alone, int file)
{
        a->target_up = want != WANT_DOWN;
        a->commanded = want == WANT_DOWN;
        a->finished = want == WANT_FINISHED;
        a->halted = want == WANT_HALTED;
        a->maintenance = alone == ALONE_MAINTENANCE;
        if (alone == ALONE_OWED) {
                a->owed = calloc(1, sizeof(uint32_t));
                assert_non_null(a->owed);
                a->owed[a->n_owed++] = DEF;
        }
        if (file == FILE_NONE) {
                definition_done(&a->definition);
                a->definition = (Definition){};
                a->has_definition = false;
        } else if (file == FILE_ORPHAN) {
                for (uint32_t node = ABC; node <= DEF; node++)
                        assert_true(app_set_variant(a, node, 0, NULL, NULL));
        }
}

static void change_mark(App *a, uint32_t node, bool expired)
{
        Mark *m = app_add_mark(a, node);

        assert_non_null(m);
        m->count = 1;
        m->expired = expired;
}

static void change_better(Engine *e, App *a, int to)
{
        if (to == BETTER_MANUAL) {
                a->definition.takeover_automatic = false;
        } else if (to == BETTER_HELD) {
                a->held_node = BCD;
                assert_true(app_add_held_against(a, ABC));
        } else if (to == BETTER_MARKED || to == BETTER_MARK_EXPIRED) {
                change_mark(a, ABC, to == BETTER_MARK_EXPIRED);
        } else if (to == BETTER_STANDBY) {
                walk_node(e, ABC)->standby = true;
        } else if (to == BETTER_LATER) {
                a->definition.takeover_delay_usec = USEC_PER_SEC;
        } else if (to == BETTER_MARKED_ALL) {
                for (uint32_t node = ABC; node <= DEF; node++)
                        change_mark(a, node, false);
        }
}

static void change_other(Engine *e, App *a, int to)
{
        e->here.me.agreed.state.form_pending = to == OTHER_FORMING || to == OTHER_START_FIRST_FORMING;
        if (to == OTHER_START_FIRST || to == OTHER_START_FIRST_FORMING) {
                a->definition.takeover_mode = TAKEOVER_START_FIRST;
        } else if (to == OTHER_WANTED) {
                a->next_node = DEF;
        } else if (to == OTHER_DELAY) {
                a->lost_node = BCD;
                a->next_type = START_FAILOVER;
                a->next_from = BCD;
                a->delay = (Timer){ .serial = 1, .deadline_usec = e->here.me.agreed.now_usec + USEC_PER_SEC };
        }
}

/* What may run on def stands against a start, whatever else keeps it where it is. */
static void change_def(Engine *e, App *a, int to)
{
        Copy *c;

        if (to == 0)
                return;
        if (to == DEF_UNKNOWN) {
                walk_node(e, DEF)->unknown = true;
                return;
        }
        c = app_add_copy(a, DEF, 0);
        assert_non_null(c);
        c->phase = to == DEF_STUCK ? COPY_STOPPING : COPY_LOST;
        c->stuck = to == DEF_STUCK;
        c->untamed = to == DEF_UNTAMED;
        if (to != DEF_STUCK)
                walk_node(e, DEF)->presence = to == DEF_BACK ? PRESENCE_REPORTED : PRESENCE_OFFLINE;
}

/* False: no message leads to such a state. */
static bool walk_to(Engine *e, const int *to)
{
        App *a = walk_app(e);

        change_copy(e, a, to[COPY_IS]);
        change_node(e, a, to[NODE_IS]);
        change_better(e, a, to[BETTER_IS]);
        change_other(e, a, to[OTHER_IS]);
        change_def(e, a, to[DEF_IS]);
        change_want(a, to[WANT_IS], to[ALONE_IS], to[FILE_IS]);
        return !(to[OTHER_IS] == OTHER_DELAY && app_present_copy(a)) &&
               !check_state(&e->here.me.agreed.state);
}

/* ---- the readers ---- */

/* Where nothing lives a verdict is a state. */
static AppState state_of_none(AppVerdictKind what)
{
        switch (what) {
        case APP_VERDICT_FINISHED:
                return APP_FINISHED;
        case APP_VERDICT_HALTED:
        case APP_VERDICT_FAILED:
                return APP_FAILED;
        case APP_VERDICT_STOPPED:
                return APP_STOPPED;
        case APP_VERDICT_ORPHAN:
                return APP_ORPHAN;
        case APP_VERDICT_MAINTENANCE:
        case APP_VERDICT_NO_FILE:
        case APP_VERDICT_BLOCKED:
        case APP_VERDICT_NOWHERE:
                return APP_BLOCKED;
        case APP_VERDICT_FORMING:
        case APP_VERDICT_DELAY:
        case APP_VERDICT_READING:
        case APP_VERDICT_START:
                return APP_WAITING;
        case APP_VERDICT_OWED:
        case APP_VERDICT_TWO:
        case APP_VERDICT_SILENT:
        case APP_VERDICT_ENDING:
        case APP_VERDICT_MOVE:
        case APP_VERDICT_BETTER:
        case APP_VERDICT_STAYS:
        default:
                return _APP_STATE_MAX; /* something lives */
        }
}

static void status_agrees(Engine *e, const AppVerdict *v)
{
        AppStatus s;

        engine_app_status(e, walk_app(e), &s);
        assert_int_equal(v->at != NULL, s.node[0] != '\0');
        if (v->at)
                assert_string_equal(s.node, state_node_name(&e->here.me.agreed.state, v->at->node_id));
        else
                assert_int_equal(s.state, state_of_none(v->what));
        if (!v->at && v->why[0])
                assert_non_null(strstr(s.reason, v->why));
        if (s.state == APP_RUNNING && v->what == APP_VERDICT_OWED)
                assert_string_equal(s.reason, v->why);
        assert_int_equal(v->what == APP_VERDICT_BETTER && walk_app(e)->better.serial != 0,
                        strstr(s.reason, "takes it over") != NULL);
}

static size_t count_stopping(const App *a)
{
        size_t n = 0;

        FOREACH_ARRAY(c, a->copies, a->n_copies)
                n += c->phase == COPY_STOPPING;
        return n;
}

static void granted_as(const AppVerdict *v, Engine *e, StartType type)
{
        const App *a = walk_app(e);
        const Copy *c = &a->copies[a->n_copies - 1];

        assert_int_equal(c->phase, COPY_STARTING);
        assert_int_equal(c->node_id, v->node->id);
        assert_int_equal(c->start_type, type);
        /* Its node carries it out. */
        assert_false(verdict_holds_start(&e->here.me.agreed, a, c));
}

static void is_moving(const AppVerdict *v, Engine *e, size_t n_stopping, size_t n_copies)
{
        const App *a = walk_app(e);

        if (a->n_copies > n_copies) {
                granted_as(v, e, START_TAKEOVER);
                return;
        }
        assert_int_equal(count_stopping(a), n_stopping + 1);
        assert_int_equal(a->next_type, START_TAKEOVER);
        assert_int_equal(a->next_node, v->node ? v->node->id : 0);
}

/* What is decided is the verdict, and deciding again changes nothing. */
static void decision_agrees(Engine *e, AppVerdict v)
{
        App *a = walk_app(e);
        size_t n_copies = a->n_copies, n_stopping = count_stopping(a);
        uint64_t digest;
        bool moves = v.what == APP_VERDICT_MOVE ||
                     (v.what == APP_VERDICT_BETTER && !v.why[0] && a->definition.takeover_delay_usec == 0);

        a->dirty = true;
        decide_all(&e->here.me.agreed);
        /* One that no file and no copy tells of is forgotten. */
        if (!state_find_app(&e->here.me.agreed.state, "distro")) {
                assert_true(n_copies == 0 && !v.at && v.what != APP_VERDICT_START);
                return;
        }
        if (v.left_alone) {
                assert_int_equal(a->n_copies, n_copies);
                assert_int_equal(count_stopping(a), n_stopping);
        } else if (v.what == APP_VERDICT_START) {
                assert_int_equal(a->n_copies, n_copies + 1);
                granted_as(&v, e, v.type);
        } else if (moves) {
                is_moving(&v, e, n_stopping, n_copies);
        } else if (verdict_is_down(&v)) {
                assert_int_equal(app_count_live(a, NULL), count_stopping(a));
        } else {
                assert_int_equal(a->n_copies, n_copies);
                assert_true(count_stopping(a) == n_stopping || v.what == APP_VERDICT_ORPHAN ||
                                v.what == APP_VERDICT_NO_FILE);
        }
        if (v.what == APP_VERDICT_BLOCKED && !v.left_alone)
                assert_string_equal(a->last_blocked, v.why);
        v = app_verdict(&e->here.me.agreed, a);
        status_agrees(e, &v);
        digest = state_digest(&e->here.me.agreed.state);
        a->dirty = true;
        decide_all(&e->here.me.agreed);
        assert_int_equal(state_digest(&e->here.me.agreed.state), digest);
}

static CommandError take_over(Engine *e, const char *node)
{
        const Member sender = { .node_id = ABC };
        char app[] = "distro", to[8] = "", text[256] = "";
        Command c = { .kind = COMMAND_TAKEOVER, .app = app, .node = to };

        snprintf(to, sizeof(to), "%s", strempty(node));
        return command_apply(&e->here.me.agreed, &sender, &c, text, sizeof(text));
}

/* A takeover that is answered with yes is one: it moves, or starts as soon as nothing is waited for any more. */
static void takeover_agrees(Engine *e, AppVerdict before)
{
        const AppVerdict taken = verdict_taken_over(&e->here.me.agreed, walk_app(e), NULL, false);
        bool yes = taken.what == APP_VERDICT_START || taken.what == APP_VERDICT_MOVE ||
                   taken.what == APP_VERDICT_STAYS;
        bool asked = !verdict_is_down(&before) && before.what != APP_VERDICT_MAINTENANCE &&
                     walk_app(e)->has_definition && app_wants_up(walk_app(e));
        AppVerdict after;

        assert_int_equal(take_over(e, NULL) == COMMAND_OK, asked && yes);
        if (!asked || taken.what != APP_VERDICT_START || before.what == APP_VERDICT_ORPHAN)
                return;
        after = app_verdict(&e->here.me.agreed, walk_app(e));
        assert_true(after.what == APP_VERDICT_FORMING || after.what == APP_VERDICT_READING ||
                        after.what == APP_VERDICT_START);
        if (after.what == APP_VERDICT_START)
                assert_ptr_equal(after.node, taken.node);
}

static void explain_agrees(Engine *e, const AppVerdict *v, uint32_t node)
{
        Engine *copy = engine_copy(e);
        const Node *n = walk_node(e, node);
        EffectList effects = {};
        char why[200];
        bool may = engine_explain(e, walk_app(e), n, why, sizeof(why));
        bool starts = v->what == APP_VERDICT_START || v->what == APP_VERDICT_BETTER;
        AppVerdict moved = { .what = APP_VERDICT_MOVE };

        if (v->at)
                moved = verdict_moved(&e->here.me.agreed, walk_app(e), v->at, NULL, false);
        copy->here.me.agreed.out.effects = &effects;
        if (starts && v->node == n)
                assert_true(may);
        if (v->at && v->at->node_id == node && may)
                assert_non_null(strstr(why, "it is here"));
        /* What would keep a better node from it is said, and what it says that a command does, that one does. */
        if (strstr(why, "better; ") && moved.what == APP_VERDICT_BLOCKED)
                assert_non_null(strstr(why, moved.why));
        if (strstr(why, "moves it")) {
                assert_int_equal(take_over(copy, n->name), COMMAND_OK);
                assert_ptr_not_equal(app_present_copy(walk_app(copy)), NULL);
                assert_true(count_stopping(walk_app(copy)) > 0 || app_count_live(walk_app(copy), NULL) == 2);
        }
        if (v->what == APP_VERDICT_BETTER && v->node == n && v->why[0])
                assert_non_null(strstr(why, v->why));
        engine_free(copy);
        effect_list_done(&effects);
}

static void all_agree(Engine *e)
{
        const uint64_t digest = state_digest(&e->here.me.agreed.state);
        const AppVerdict v = app_verdict(&e->here.me.agreed, walk_app(e));
        void (*const readers[])(Engine *, AppVerdict) = { decision_agrees, takeover_agrees };

        status_agrees(e, &v);
        for (uint32_t node = ABC; node <= DEF; node++)
                explain_agrees(e, &v, node);
        assert_int_equal(state_digest(&e->here.me.agreed.state), digest);
        for (size_t i = 0; i < ELEMENTSOF(readers); i++) {
                Engine *copy = engine_copy(e);
                EffectList effects = {};

                copy->here.me.agreed.out.effects = &effects;
                readers[i](copy, app_verdict(&copy->here.me.agreed, walk_app(copy)));
                assert_false(copy->here.me.agreed.out.oom);
                engine_free(copy);
                effect_list_done(&effects);
        }
}

/* ---- the walk ---- */

static char last_state[128]; /* where a reader differs */

static int say_last_state(void **state)
{
        (void) state;
        print_message("the last state was %s\n", last_state);
        return 0;
}

/* All states with at most five changes. */
static void walk(const Engine *from, int *to, size_t kind, size_t n_left, size_t *n_states)
{
        Engine *e;

        if (kind < N_KINDS) {
                for (to[kind] = 0; to[kind] < (n_left > 0 ? n_of_kind[kind] : 1); to[kind]++)
                        walk(from, to, kind + 1, n_left - (to[kind] != 0), n_states);
                return;
        }
        snprintf(last_state, sizeof(last_state),
                        "copy %d, node %d, want %d, alone %d, file %d, better %d, other %d, def %d",
                        to[COPY_IS], to[NODE_IS], to[WANT_IS], to[ALONE_IS], to[FILE_IS], to[BETTER_IS],
                        to[OTHER_IS], to[DEF_IS]);
        e = engine_copy(from);
        if (walk_to(e, to)) {
                (*n_states)++;
                all_agree(e);
        }
        engine_free(e);
}

static void test_all_readers_agree(void **state)
{
        int to[N_KINDS] = {};
        size_t n_states = 0;
        Cluster c;

        (void) state;
        cluster_begin_running(&c, NO_QUORUM_STOP, CLUSTER_DELAY);
        walk(c.engine[ABC], to, 0, 5, &n_states);
        print_message("%zu states\n", n_states);
        assert_true(n_states > 40000);
        cluster_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_all_readers_agree, say_last_state),
        };

        return cmocka_run_group_tests_name("engine-verdict", tests, NULL, NULL);
}
