/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Placement: tiers, weights, who is eligible and why not; and what an engine refuses to be born with. */

#include "base/array.h"
#include "engine/engine.h"
#include "engine/engine-struct.h"
#include "engine/agreed/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ABC = 1, BCD, DEF, EFG };

static Engine *new_engine(void)
{
        static const EngineNode nodes[] = { { DEF, "def" }, { ABC, "abc" }, { EFG, "efg" }, { BCD, "bcd" } };
        EngineConfig config = {
                .node_id = ABC,
                .nodes = nodes,
                .n_nodes = ELEMENTSOF(nodes),
                .grace_usec = 15 * USEC_PER_SEC,
                .boot_id = 1,
        };
        Engine *e = NULL;

        assert_int_equal(engine_new(&config, &e), 0);
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
                Node *n = state_add_node(&e->here.me.agreed.state, nodes[i].id, nodes[i].name);

                assert_non_null(n);
                n->presence = PRESENCE_SYNCED;
        }
        return e;
}

/* "abc|bcd,def" as Nodes=abc {bcd def}. */
static App *add_app(Engine *e, const char *name, const char *tiers, uint32_t weight)
{
        App *a = state_add_app(&e->here.me.agreed.state, name);
        char copy[128], *p = copy, *tier;
        uint32_t n_tier = 0;

        assert_non_null(a);
        a->has_definition = true;
        a->definition = (Definition){
                .name = strdup(name), .weight = weight, .digest = 7, .takeover_automatic = true
        };
        a->definition.nodes = calloc(8, sizeof(NodePriority));
        snprintf(copy, sizeof(copy), "%s", tiers);
        while ((tier = strsep(&p, "|"))) {
                char *node;

                while ((node = strsep(&tier, ",")))
                        a->definition.nodes[a->definition.n_nodes++] =
                                        (NodePriority){ .name = strdup(node), .tier = n_tier };
                n_tier++;
        }
        a->target_up = true;
        return a;
}

static void put_copy_on(App *a, uint32_t node)
{
        Copy *c = app_add_copy(a, node, 1);

        assert_non_null(c);
        c->phase = COPY_RUNNING;
        a->owner = node;
}

static uint32_t choose(const Engine *e, const char *app)
{
        const Node *n = place_choose(&e->here.me.agreed, state_find_app(&e->here.me.agreed.state, app), 0);

        return n ? n->id : 0;
}

static void test_first_tier_wins(void **state)
{
        Engine *e = new_engine();

        (void) state;
        add_app(e, "distro", "abc|bcd,def", 1);
        assert_int_equal(choose(e, "distro"), ABC);
        state_find_node(&e->here.me.agreed.state, ABC)->presence = PRESENCE_OFFLINE;
        assert_int_equal(choose(e, "distro"), BCD);
        state_find_node(&e->here.me.agreed.state, BCD)->presence = PRESENCE_SYNCING;
        assert_int_equal(choose(e, "distro"), DEF);
        state_find_node(&e->here.me.agreed.state, DEF)->presence = PRESENCE_SILENT;
        assert_int_equal(choose(e, "distro"), 0);
        engine_free(e);
}

/* Weights are compared within a tier, and nowhere else. */
static void test_load_does_not_cross_tiers(void **state)
{
        Engine *e = new_engine();

        (void) state;
        add_app(e, "alone", "abc|def", 1);
        add_app(e, "distro", "abc,bcd|def", 1);
        put_copy_on(add_app(e, "heavy", "abc", 10), ABC);
        put_copy_on(add_app(e, "heavier", "bcd", 20), BCD);
        assert_int_equal(choose(e, "alone"), ABC);
        assert_int_equal(choose(e, "distro"), ABC);
        engine_free(e);
}

static void test_owner_stays_in_its_tier(void **state)
{
        Engine *e = new_engine();

        (void) state;
        add_app(e, "distro", "abc|bcd,def", 1)->owner = DEF;
        assert_int_equal(choose(e, "distro"), ABC);
        state_find_node(&e->here.me.agreed.state, ABC)->standby = true;
        assert_int_equal(choose(e, "distro"), DEF);
        engine_free(e);
}

static void test_least_weight_wins_then_list_order(void **state)
{
        Engine *e = new_engine();

        (void) state;
        add_app(e, "distro", "bcd,def,efg", 1);
        assert_int_equal(choose(e, "distro"), BCD);
        put_copy_on(add_app(e, "heavy", "bcd", 10), BCD);
        assert_int_equal(choose(e, "distro"), DEF);
        put_copy_on(add_app(e, "light", "def", 2), DEF);
        assert_int_equal(choose(e, "distro"), EFG);
        put_copy_on(add_app(e, "middle", "efg", 2), EFG);
        assert_int_equal(choose(e, "distro"), DEF);
        engine_free(e);
}

/* What has been lost or is being stopped does not weigh. */
static void test_only_what_runs_weighs(void **state)
{
        Engine *e = new_engine();
        App *heavy;

        (void) state;
        add_app(e, "distro", "bcd,def", 1);
        heavy = add_app(e, "heavy", "bcd", 10);
        put_copy_on(heavy, BCD);
        heavy->copies[0].phase = COPY_STOPPING;
        assert_int_equal(choose(e, "distro"), BCD);
        heavy->copies[0].phase = COPY_STARTING;
        assert_int_equal(choose(e, "distro"), DEF);
        engine_free(e);
}

static void test_eligibility(void **state)
{
        Engine *e = new_engine();
        App *a = add_app(e, "distro", "abc|bcd,def", 1);
        Node *n = state_find_node(&e->here.me.agreed.state, BCD);
        Mark *m;

        (void) state;
        assert_int_equal(place_eligible(a, n, false), ELIGIBLE);
        assert_int_equal(place_eligible(a, state_find_node(&e->here.me.agreed.state, EFG), false),
                        NOT_IN_NODES);

        a->permissions = calloc(1, sizeof(Permission));
        a->permissions[a->n_permissions++] = (Permission){ .node_id = BCD, .allowed = false };
        assert_int_equal(place_eligible(a, n, false), NOT_PERMITTED);
        a->permissions[0].allowed = true;
        a->definition.permitted = calloc(1, sizeof(char *));
        a->definition.permitted[a->definition.n_permitted++] = strdup("abc");
        assert_int_equal(place_eligible(a, n, false), ELIGIBLE); /* a command goes before PermittedNodes= */
        assert_int_equal(place_eligible(a, state_find_node(&e->here.me.agreed.state, DEF), false),
                        NOT_PERMITTED);

        n->standby = true;
        assert_int_equal(place_eligible(a, n, false), NODE_IN_STANDBY);
        n->standby = false;
        n->leaving = true;
        assert_int_equal(place_eligible(a, n, false), NODE_IS_LEAVING);
        n->leaving = false;
        n->presence = PRESENCE_REPORTED;
        assert_int_equal(place_eligible(a, n, false), NODE_NOT_SYNCED);
        n->presence = PRESENCE_SYNCED;

        m = app_add_mark(a, BCD);
        assert_int_equal(place_eligible(a, n, false), NODE_MARKED);
        m->expired = true;
        assert_int_equal(place_eligible(a, n, false), ELIGIBLE);
        assert_int_equal(place_eligible(a, n, true), NODE_MARKED);
        app_remove_mark(a, m);

        assert_non_null(app_add_variant(a, BCD));
        assert_int_equal(place_eligible(a, n, false), NODE_DIFFERS);
        app_remove_variant(a, &a->variants[0]);
        n->unguarded = true;
        assert_int_equal(place_eligible(a, n, false), NODE_UNGUARDED);
        n->unguarded = false;
        n->unfused = true;
        assert_int_equal(place_eligible(a, n, false), ELIGIBLE);
        a->definition.needs_end = true;
        assert_int_equal(place_eligible(a, n, false), NODE_UNFUSED);
        a->definition.needs_end = false;
        n->unfused = false;
        n->unwritable = true;
        assert_int_equal(place_eligible(a, n, false), NODE_UNWRITABLE);
        n->unwritable = false;
        n->late = true;
        assert_int_equal(place_eligible(a, n, false), NODE_LATE);
        engine_free(e);
}

static void test_better(void **state)
{
        Engine *e = new_engine();
        App *a = add_app(e, "distro", "abc|bcd,def", 1);

        (void) state;
        assert_int_equal(place_better(&e->here.me.agreed, a, 1)->id, ABC);
        assert_null(place_better(&e->here.me.agreed, a, 0)); /* within a tier nothing moves */
        a->held_against = malloc(sizeof(uint32_t));
        a->held_against[a->n_held_against++] = ABC;
        assert_null(place_better(&e->here.me.agreed, a, 1));
        engine_free(e);
}

static void test_unknown_names_are_never_eligible(void **state)
{
        Engine *e = new_engine();

        (void) state;
        add_app(e, "distro", "nowhere|bcd", 1);
        assert_int_equal(choose(e, "distro"), BCD);
        add_app(e, "lost", "nowhere", 1);
        assert_int_equal(choose(e, "lost"), 0);
        engine_free(e);
}

static void test_refused_configurations(void **state)
{
        static const EngineNode good[] = { { 1, "abc" }, { 2, "bcd" } };
        static const EngineNode same_id[] = { { 1, "abc" }, { 1, "bcd" } };
        static const EngineNode same_name[] = { { 1, "abc" }, { 2, "abc" } };
        static const EngineNode no_name[] = { { 1, "abc" }, { 2, "" } };
        static const EngineNode no_id[] = { { 1, "abc" }, { 0, "bcd" } };
        static const char *const stranger[] = { "xyz" };
        EngineNode many[NODES_MAX + 1];
        char names[NODES_MAX + 1][8];
        const struct {
                EngineConfig config;
                int error;
        } cases[] = {
                { { .node_id = 1, .nodes = good, .n_nodes = 2 }, 0 },
                { { .node_id = 3, .nodes = good, .n_nodes = 2 }, -EINVAL },
                { { .node_id = 1, .nodes = good, .n_nodes = 0 }, -EINVAL },
                { { .node_id = 1, .nodes = same_id, .n_nodes = 2 }, -EINVAL },
                { { .node_id = 1, .nodes = same_name, .n_nodes = 2 }, -EINVAL },
                { { .node_id = 1, .nodes = no_name, .n_nodes = 2 }, -EINVAL },
                { { .node_id = 1, .nodes = no_id, .n_nodes = 2 }, -EINVAL },
                { { .node_id = 1, .nodes = many, .n_nodes = NODES_MAX + 1 }, -EINVAL },
                { { .node_id = 1, .nodes = many, .n_nodes = NODES_MAX }, 0 },
                { { .node_id = 1,
                                  .nodes = good,
                                  .n_nodes = 2,
                                  .sync_mandatory = stranger,
                                  .n_sync_mandatory = 1 },
                                -EINVAL },
                { { .node_id = 1,
                                  .nodes = good,
                                  .n_nodes = 2,
                                  .record_kind = RECORD_VALID,
                                  .record = "x",
                                  .record_size_bytes = 1 },
                                -EBADMSG },
        };

        (void) state;
        for (uint32_t i = 0; i <= NODES_MAX; i++) {
                snprintf(names[i], sizeof(names[i]), "n%u", i);
                many[i] = (EngineNode){ .id = i + 1, .name = names[i] };
        }
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Engine *e = NULL;

                assert_int_equal(engine_new(&cases[i].config, &e), cases[i].error);
                engine_free(e);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_first_tier_wins),
                cmocka_unit_test(test_load_does_not_cross_tiers),
                cmocka_unit_test(test_owner_stays_in_its_tier),
                cmocka_unit_test(test_least_weight_wins_then_list_order),
                cmocka_unit_test(test_only_what_runs_weighs),
                cmocka_unit_test(test_eligibility),
                cmocka_unit_test(test_better),
                cmocka_unit_test(test_unknown_names_are_never_eligible),
                cmocka_unit_test(test_refused_configurations),
        };

        return cmocka_run_group_tests_name("engine-place", tests, NULL, NULL);
}
