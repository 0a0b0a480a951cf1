/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a node does on its own, without an engine around it: this links the wings and not the roof, so a rule that reaches
 * up does not link. */

#include "base/array.h"
#include "engine/local/cutoff.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/runs.h"
#include "engine/local/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define START (1000 * USEC_PER_SEC)

static void here_begin(Local *here, EffectList *effects)
{
        *here = (Local){ .me.node_id = 1, .no_quorum_policy = NO_QUORUM_STOP, .started_usec = START };
        *effects = (EffectList){};
        assert_int_equal(cutoff_new(0, SELF_FENCE_DEFAULT_USEC, &here->cutoff), 0);
        cutoff_times(here, USEC_PER_SEC, USEC_PER_SEC, false);
        here->me.agreed.out.effects = effects;
        here->me.agreed.now_usec = START;
        here->me.view_serial = here->me.hold_serial = 2;
        member_connected(&here->me, 5, 6, false);
        cutoff_connected(here);
}

static void here_end(Local *here, EffectList *effects)
{
        assert_false(here->me.agreed.out.oom);
        runs_end(here);
        free(here->cutoff);
        state_done(&here->me.agreed.state);
        outlet_done(&here->me.agreed.out);
        effect_list_done(effects);
}

static size_t count(const EffectList *effects, EffectType type)
{
        size_t n = 0;

        FOREACH_ARRAY(f, effects->effects, effects->n_effects)
                n += f->type == type;
        return n;
}

/* What is due to a node that is cut off, `usec` after its start. */
static void here_at(Local *here, uint64_t usec)
{
        here->me.agreed.now_usec = START + usec;
        cutoff_begin_step(here);
        cutoff_watch(here);
        worker_stop_cut_off(here);
        worker_kill_overdue(here);
}

static void test_units_by_name_and_epoch(void **state)
{
        EffectList effects;
        Local here;

        (void) state;
        here_begin(&here, &effects);
        assert_non_null(runs_add(&here, "web", 7));
        assert_non_null(runs_add(&here, "nix", 9));
        assert_non_null(runs_add(&here, "web", 5));
        assert_string_equal(here.units[0].app, "nix");
        assert_int_equal(here.units[1].epoch, 5);
        assert_int_equal(here.units[2].epoch, 7);
        assert_null(runs_find(&here, "web", 6));
        assert_false(runs_any_alive(&here));
        worker_is(&here, "web", 7, UNIT_RUNNING, 0, NULL, false);
        assert_true(runs_app_is_alive(&here, "web"));
        assert_false(runs_app_is_alive(&here, "nix"));
        runs_remove(&here, runs_find(&here, "web", 5));
        assert_int_equal(here.n_units, 2);
        here_end(&here, &effects);
}

/* Corosync is gone: the worker is stopped when the isolation time is over, and killed, as no file gives it any. */
static void test_cut_off_without_a_group(void **state)
{
        uint64_t isolation_usec;
        EffectList effects;
        Local here;

        (void) state;
        here_begin(&here, &effects);
        worker_is(&here, "web", 7, UNIT_RUNNING, 0, NULL, false);
        cutoff_corosync_lost(&here);
        member_disconnected(&here.me);
        cutoff_outside(&here);
        isolation_usec = cutoff_isolation_usec(&here);
        assert_int_equal(cutoff_deadline(&here), START + isolation_usec);
        here_at(&here, isolation_usec - 1);
        assert_int_equal(count(&effects, EFFECT_STOP), 0);
        assert_int_equal(cutoff_since(&here), 0);
        here_at(&here, isolation_usec);
        assert_int_not_equal(cutoff_since(&here), 0);
        assert_int_equal(count(&effects, EFFECT_STOP), 1);
        assert_int_equal(count(&effects, EFFECT_KILL), 1);
        here_at(&here, isolation_usec + USEC_PER_SEC);
        assert_int_equal(count(&effects, EFFECT_STOP), 1);
        assert_int_equal(count(&effects, EFFECT_KILL), 1);
        here_end(&here, &effects);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_units_by_name_and_epoch),
                cmocka_unit_test(test_cut_off_without_a_group),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
