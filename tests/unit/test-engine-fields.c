/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Field by field: what the digest covers, what the record keeps, and which orders a decoder refuses. */

#include "base/array.h"
#include "engine/engine.h"
#include "engine/engine-struct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW (1000 * USEC_PER_SEC)

static State sample(void)
{
        State s = { .formed = true, .version = 1, .ring_seq = 8, .revision = { 8, 3 }, .next_serial = 20 };
        App *a;

        assert_non_null(state_add_node(&s, 1, "abc"));
        assert_non_null(state_add_node(&s, 2, "bcd"));
        s.nodes[0].nodelist = calloc(1, sizeof(uint32_t));
        s.nodes[0].nodelist[0] = 2;
        s.nodes[0].n_nodelist = 1;
        s.view_nodes = calloc(2, sizeof(uint32_t));
        s.view_nodes[0] = 1;
        s.view_nodes[1] = 2;
        s.n_view_nodes = 2;
        assert_non_null(state_add_app(&s, "distro"));
        assert_non_null(state_add_app(&s, "web"));
        a = state_find_app(&s, "distro");
        a->epoch = 9;
        a->unsure.since.count = 1;
        a->last_epoch = 8;
        a->permissions = calloc(2, sizeof(Permission));
        a->n_permissions = a->n_permissions_allocated = 2;
        a->permissions[0].node_id = 1;
        a->permissions[1].node_id = 2;
        assert_non_null(app_add_mark(a, 1));
        assert_non_null(app_add_mark(a, 2));
        assert_non_null(app_add_retry(a, 2));
        a->retries[0].failure = strdup("exit-code");
        assert_non_null(app_add_copy(a, 1, 7));
        assert_non_null(app_add_copy(a, 2, 8));
        assert_non_null(app_add_variant(a, 1));
        assert_non_null(app_add_variant(a, 2));
        a->owed = calloc(2, sizeof(uint32_t));
        a->owed[0] = 1;
        a->owed[1] = 2;
        a->n_owed = 2;
        return s;
}

typedef void (*Change)(State *s, App *a);

#define CHANGE(name, statement)            \
        static void name(State *s, App *a) \
        {                                  \
                (void) s;                  \
                (void) a;                  \
                statement;                 \
        }

CHANGE(revision, s->revision.count++)
CHANGE(confirmed, s->confirmed = true)
CHANGE(by_fewer, s->by_fewer = true)
CHANGE(forgotten_epoch, s->forgotten_epoch++)
CHANGE(view_node, s->view_nodes[1] = 3)
CHANGE(version, s->version++)
CHANGE(form_pending, s->form_pending = true)
CHANGE(ring_seq, s->ring_seq++)
CHANGE(next_serial, s->next_serial++)
CHANGE(commit_base, s->commit_base.count++)
CHANGE(commit, s->commit.serial = 5)
CHANGE(node_standby, s->nodes[0].standby = true)
CHANGE(node_grace, s->nodes[0].grace_usec++)
CHANGE(node_detection, s->nodes[0].timing.detection_usec++)
CHANGE(node_isolation, s->nodes[0].timing.isolation_usec++)
CHANGE(node_needed, s->nodes[0].timing.needed_usec++)
CHANGE(node_needs_end, s->nodes[0].timing.needs_end_usec++)
CHANGE(node_least, s->nodes[0].least.needed_usec++)
CHANGE(node_most, s->nodes[0].most.needed_usec++)
CHANGE(node_boot, s->nodes[0].boot_id++)
CHANGE(node_leaving, s->nodes[0].leaving = true)
CHANGE(node_shutdown, s->nodes[0].shutdown.serial = 11)
CHANGE(node_unknown, s->nodes[0].unknown = true)
CHANGE(node_unwritable, s->nodes[0].unwritable = true)
CHANGE(node_unguarded, s->nodes[0].unguarded = true)
CHANGE(node_unfused, s->nodes[0].unfused = true)
CHANGE(node_nodelist, s->nodes[0].nodelist[0]++)
CHANGE(node_by_fewer, s->nodes[0].by_fewer = true)
CHANGE(node_reading, s->nodes[0].reading = true)
CHANGE(reload, s->reload.serial = 5)
CHANGE(node_late, s->nodes[0].late = true)
CHANGE(node_synced_serial, s->nodes[0].synced_serial++)
CHANGE(node_grace_is_over, s->nodes[0].grace_over = true)
CHANGE(node_incarnation, s->nodes[0].command_incarnation++)
CHANGE(node_command, s->nodes[0].command_seq++)
CHANGE(node_pid, s->nodes[0].pid++)
CHANGE(node_version, s->nodes[0].version_max++)
CHANGE(node_grace_timer, s->nodes[0].grace.serial = 6)
CHANGE(target_up, a->target_up = true)
CHANGE(commanded, a->commanded = true)
CHANGE(finished, a->finished = true)
CHANGE(halted, a->halted = true)
CHANGE(maintenance, a->maintenance = true)
CHANGE(epoch, a->epoch++)
CHANGE(last_epoch, a->last_epoch++)
CHANGE(owner, a->owner = 2)
CHANGE(start_type, a->start_type = START_TAKEOVER)
CHANGE(from_node, a->from_node = 2)
CHANGE(kept, a->kept = true)
CHANGE(held_node, a->held_node = 2)
CHANGE(permission, a->permissions[1].allowed = true)
CHANGE(mark_count, a->marks[0].count++)
CHANGE(mark_set, a->marks[0].set_realtime_usec++)
CHANGE(mark_duration, a->marks[0].duration_usec++)
CHANGE(mark_expired, a->marks[0].expired = true)
CHANGE(mark_booted, a->marks[0].booted = true)
CHANGE(mark_stays, a->marks[0].stays = true)
CHANGE(mark_is_last, a->marks[0].is_last = true)
CHANGE(node_rebooted, s->nodes[0].rebooted_usec++)
CHANGE(mark_timer, a->marks[0].timer.serial = 7)
CHANGE(copy_node, a->copies[0].node_id = 2)
CHANGE(copy_epoch, a->copies[0].epoch--)
CHANGE(copy_type, a->copies[0].start_type = START_FAILOVER)
CHANGE(copy_from, a->copies[0].from_node = 2)
CHANGE(copy_untamed, a->copies[0].untamed = true)
CHANGE(copy_needs_end, a->copies[0].needs_end = true)
CHANGE(copy_granted_delay, a->copies[0].granted_delay_usec++)
CHANGE(copy_phase, a->copies[0].phase = COPY_RUNNING)
CHANGE(copy_stuck, a->copies[0].stuck = true)
CHANGE(copy_surplus, a->copies[0].surplus = true)
CHANGE(unsure_since, a->unsure.since.count++)
CHANGE(unsure_maintenance, a->unsure.maintenance = true)
CHANGE(unsure_auto, a->unsure.is_auto = true)
CHANGE(unsure_least, a->unsure.least_delay_usec++)
CHANGE(unsure_longest, a->unsure.longest_delay_usec++)
CHANGE(next_type, a->next_type = START_FAILOVER)
CHANGE(next_from, a->next_from = 2)
CHANGE(next_node, a->next_node = 2)
CHANGE(lost_node, a->lost_node = 2)
CHANGE(lost_in_order, a->lost_in_order = true)
CHANGE(delay, a->delay.serial = 8)
CHANGE(delay_length, a->delay_usec++)
CHANGE(better_nodes, a->better_nodes = 2)
CHANGE(better, a->better.serial = 9)
CHANGE(owed, a->owed[1] = 3)
CHANGE(outside, a->outside.serial = 10)
CHANGE(next_retry, a->next_retry = true)
CHANGE(retry_node, a->retries[0].node_id = 1)
CHANGE(retry_count, a->retries[0].count++)
CHANGE(retry_failure, free(a->retries[0].failure); a->retries[0].failure = NULL)
CHANGE(retry_timer, a->retries[0].timer.serial = 8)
CHANGE(failure, a->failure = strdup("exit-code"))
CHANGE(acknowledged, s->nodes[0].acked.count++)
CHANGE(presence, s->nodes[0].presence = PRESENCE_SYNCED)
CHANGE(committed, s->committed.count++)
CHANGE(changed_time, a->changed_realtime_usec++)
CHANGE(since, s->nodes[0].since_usec++)
CHANGE(dirty, a->dirty = true)
CHANGE(probe, a->start_probe++)

/* What must be agreed, what lasts, and what newcomers are told. */
static const struct {
        const char *name;
        Change change;
        bool digest, record, full;
} fields[] = {
/* clang-format off */
#define AGREED_AND_LASTING(f) { #f, f, true, true, true }
#define AGREED(f) { #f, f, true, false, true }
#define TOLD(f) { #f, f, false, false, true }
#define OWN(f) { #f, f, false, false, false }
        /* clang-format on */
        AGREED_AND_LASTING(revision),
        AGREED_AND_LASTING(confirmed),
        AGREED_AND_LASTING(by_fewer),
        AGREED_AND_LASTING(forgotten_epoch),
        AGREED_AND_LASTING(view_node),
        AGREED_AND_LASTING(version),
        AGREED(form_pending),
        AGREED(ring_seq),
        AGREED(next_serial),
        AGREED(commit_base),
        AGREED(commit),
        AGREED_AND_LASTING(node_standby),
        AGREED_AND_LASTING(node_grace),
        AGREED_AND_LASTING(node_detection),
        AGREED_AND_LASTING(node_isolation),
        AGREED_AND_LASTING(node_needed),
        AGREED_AND_LASTING(node_needs_end),
        AGREED_AND_LASTING(node_least),
        AGREED_AND_LASTING(node_most),
        AGREED_AND_LASTING(node_boot),
        AGREED(node_leaving),
        AGREED(node_shutdown),
        AGREED(node_unknown),
        AGREED(node_unwritable),
        AGREED(node_unguarded),
        AGREED(node_unfused),
        AGREED(node_nodelist),
        AGREED(node_by_fewer),
        AGREED(node_reading),
        AGREED(reload),
        AGREED(node_late),
        AGREED(node_synced_serial),
        AGREED(node_grace_is_over),
        AGREED(node_incarnation),
        AGREED(node_command),
        AGREED(node_pid),
        AGREED_AND_LASTING(node_version),
        AGREED(node_grace_timer),
        AGREED_AND_LASTING(target_up),
        AGREED_AND_LASTING(commanded),
        AGREED_AND_LASTING(finished),
        AGREED_AND_LASTING(halted),
        AGREED_AND_LASTING(maintenance),
        AGREED_AND_LASTING(epoch),
        AGREED_AND_LASTING(last_epoch),
        AGREED_AND_LASTING(owner),
        AGREED_AND_LASTING(start_type),
        AGREED_AND_LASTING(from_node),
        AGREED_AND_LASTING(kept),
        AGREED_AND_LASTING(held_node),
        AGREED_AND_LASTING(permission),
        AGREED_AND_LASTING(mark_count),
        AGREED_AND_LASTING(mark_set),
        AGREED_AND_LASTING(mark_duration),
        AGREED_AND_LASTING(mark_expired),
        AGREED_AND_LASTING(mark_booted),
        AGREED_AND_LASTING(mark_stays),
        AGREED_AND_LASTING(mark_is_last),
        AGREED_AND_LASTING(node_rebooted),
        AGREED(mark_timer),
        AGREED_AND_LASTING(copy_node),
        AGREED_AND_LASTING(copy_epoch),
        AGREED_AND_LASTING(copy_type),
        AGREED_AND_LASTING(copy_from),
        AGREED_AND_LASTING(copy_untamed),
        AGREED_AND_LASTING(copy_needs_end),
        AGREED_AND_LASTING(copy_granted_delay),
        AGREED(copy_phase),
        AGREED(copy_stuck),
        AGREED(copy_surplus),
        AGREED(next_type),
        AGREED(unsure_since),
        AGREED(unsure_maintenance),
        AGREED(unsure_auto),
        AGREED(unsure_least),
        AGREED(unsure_longest),
        AGREED(next_from),
        AGREED(next_node),
        AGREED(lost_node),
        AGREED(lost_in_order),
        AGREED(delay),
        AGREED(delay_length),
        AGREED(better_nodes),
        AGREED(better),
        AGREED(owed),
        AGREED(outside),
        AGREED(next_retry),
        AGREED(retry_node),
        AGREED(retry_count),
        AGREED(retry_failure),
        AGREED(retry_timer),
        AGREED(failure),
        TOLD(acknowledged),
        TOLD(presence),
        TOLD(committed),
        TOLD(changed_time),
        OWN(since),
        OWN(dirty),
        OWN(probe),
};

static ByteWriter encode(const State *s, StateEncoding encoding)
{
        ByteWriter w = {};

        state_encode(s, encoding, NOW, &w);
        assert_int_equal(w.error, 0);
        return w;
}

static bool differ(const State *a, const State *b, StateEncoding encoding)
{
        ByteWriter x = encode(a, encoding), y = encode(b, encoding);
        bool r = x.size_bytes != y.size_bytes || memcmp(x.data, y.data, x.size_bytes) != 0;

        byte_writer_done(&x);
        byte_writer_done(&y);
        return r;
}

static void test_each_field(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                State a = sample(), b = sample();

                fields[i].change(&b, state_find_app(&b, "distro"));
                if ((state_digest(&a) != state_digest(&b)) != fields[i].digest ||
                                differ(&a, &b, STATE_DIGEST) != fields[i].digest ||
                                differ(&a, &b, STATE_LASTING) != fields[i].record ||
                                differ(&a, &b, STATE_FULL) != fields[i].full)
                        fail_msg("%s: the digest, the record or the full state has it wrong", fields[i].name);
                state_done(&a);
                state_done(&b);
        }
}

/* ---- order ---- */

#define SWAP(array)                                        \
        do {                                               \
                __typeof__((array)[0]) kept_ = (array)[0]; \
                (array)[0] = (array)[1];                   \
                (array)[1] = kept_;                        \
        } while (0)

CHANGE(swap_apps, SWAP(s->apps))
CHANGE(swap_nodes, SWAP(s->nodes))
CHANGE(swap_view_nodes, SWAP(s->view_nodes))
CHANGE(swap_permissions, SWAP(a->permissions))
CHANGE(swap_marks, SWAP(a->marks))
CHANGE(swap_copies, SWAP(a->copies))
CHANGE(swap_variants, SWAP(a->variants))
CHANGE(swap_owed, SWAP(a->owed))
CHANGE(view_node_twice, s->view_nodes[1] = 1)
CHANGE(view_node_none, s->view_nodes[0] = 0)
CHANGE(node_twice, s->nodes[1].id = 1)
CHANGE(node_none, s->nodes[0].id = 0)
CHANGE(node_unnamed, s->nodes[0].name[0] = '\0')
CHANGE(mark_twice, a->marks[1].node_id = 1)
CHANGE(mark_nowhere, a->marks[0].node_id = 0)
CHANGE(copy_nowhere, a->copies[0].node_id = 0)
CHANGE(copy_without_epoch, a->copies[0].epoch = 0)
CHANGE(variant_nowhere, a->variants[0].node_id = 0)
CHANGE(permission_twice, a->permissions[1].node_id = 1)
CHANGE(epoch_below_last, a->epoch = a->last_epoch - 1)
CHANGE(epoch_impossible, a->epoch = UINT64_MAX)
CHANGE(forgotten_impossible, s->forgotten_epoch = UINT64_MAX)
CHANGE(copy_impossible, a->copies[1].epoch = UINT64_MAX)
CHANGE(name_wrong, a->name[0] = '-')
CHANGE(nothing, (void) 0)

static const struct {
        const char *name;
        Change change;
        int lasting, full;
} orders[] = {
        { "nothing", nothing, 0, 0 },
        { "swap_apps", swap_apps, -EBADMSG, -EBADMSG },
        { "swap_nodes", swap_nodes, -EBADMSG, -EBADMSG },
        { "swap_view_nodes", swap_view_nodes, -EBADMSG, -EBADMSG },
        { "swap_permissions", swap_permissions, -EBADMSG, -EBADMSG },
        { "swap_marks", swap_marks, -EBADMSG, -EBADMSG },
        { "swap_copies", swap_copies, -EBADMSG, -EBADMSG },
        { "swap_variants", swap_variants, 0, -EBADMSG },
        { "swap_owed", swap_owed, 0, -EBADMSG },
        { "view_node_twice", view_node_twice, -EBADMSG, -EBADMSG },
        { "view_node_none", view_node_none, -EBADMSG, -EBADMSG },
        { "node_twice", node_twice, -EBADMSG, -EBADMSG },
        { "node_none", node_none, -EBADMSG, -EBADMSG },
        { "node_unnamed", node_unnamed, -EBADMSG, -EBADMSG },
        { "mark_twice", mark_twice, -EBADMSG, -EBADMSG },
        { "mark_nowhere", mark_nowhere, -EBADMSG, -EBADMSG },
        { "copy_nowhere", copy_nowhere, -EBADMSG, -EBADMSG },
        { "copy_without_epoch", copy_without_epoch, -EBADMSG, -EBADMSG },
        { "variant_nowhere", variant_nowhere, 0, -EBADMSG },
        { "permission_twice", permission_twice, -EBADMSG, -EBADMSG },
        { "epoch_below_last", epoch_below_last, -EBADMSG, -EBADMSG },
        { "epoch_impossible", epoch_impossible, -EBADMSG, -EBADMSG },
        { "forgotten_impossible", forgotten_impossible, -EBADMSG, -EBADMSG },
        { "copy_impossible", copy_impossible, -EBADMSG, -EBADMSG },
        { "name_wrong", name_wrong, -EBADMSG, -EBADMSG },
};

static int decode(const State *s, StateEncoding encoding)
{
        ByteWriter w = encode(s, encoding);
        State back = {};
        int r = state_decode(w.data, w.size_bytes, encoding, NOW, &back);

        byte_writer_done(&w);
        state_done(&back);
        return r;
}

static void test_order_is_checked(void **state)
{
        for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
                State s = sample();

                orders[i].change(&s, state_find_app(&s, "distro"));
                if (decode(&s, STATE_LASTING) != orders[i].lasting ||
                                decode(&s, STATE_FULL) != orders[i].full)
                        fail_msg("%s: not decoded as it should be", orders[i].name);
                state_done(&s);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_field),
                cmocka_unit_test(test_order_is_checked),
        };

        return cmocka_run_group_tests_name("engine: fields of the state", tests, NULL, NULL);
}
