/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <corosync/votequorum.h>
#include <string.h>
#include <time.h>

#include "group/queue.h"
#include "group/task.h"
#include "group/votes.h"

#define TRIES_MAX 6u /* some 3 s */

/* A connection holds up Corosync, which has one thread, for some milliseconds: it makes three rings of shared
 * memory. Asked at once after a change of quorum, that is when the group's messages decide who starts what, and they
 * would wait for it. */
#define SETTLE_USEC (500 * USEC_PER_MSEC)

/* One attempt; the thread's until it is done. */
typedef struct VotesAttempt {
        uint32_t own_id;
        cs_error_t error;
        struct votequorum_info info;
} VotesAttempt;

struct VotesReader {
        TaskSeries series;
        uint32_t own_id;
        VotesCallback callback;
        void *userdata;
        uint64_t device_usec;
        Votes last;     /* what was answered last */
        bool by_itself; /* it was asked without a call: it is told only if it differs from that */
        size_t n_failed;
        bool again; /* was asked while an attempt was under way */
};

/* The handle is closed again: the answer is seldom wanted, and an open one costs shared memory. */
static void run_votes(void *data)
{
        static votequorum_callbacks_t no_callbacks;
        VotesAttempt *a = data;
        votequorum_handle_t handle;

        a->error = votequorum_initialize(&handle, &no_callbacks);
        if (a->error != CS_OK)
                return;
        a->error = votequorum_getinfo(handle, a->own_id, &a->info);
        (void) votequorum_finalize(handle);
}

static void votes_from_info(const struct votequorum_info *info, Votes *ret)
{
        *ret = (Votes){
                .node_votes = info->node_votes,
                .expected_votes = info->node_expected_votes,
                .highest_expected = info->highest_expected,
                .total_votes = info->total_votes,
                .quorum = info->quorum,
                .device_votes = info->qdevice_votes,
                .two_node = info->flags & VOTEQUORUM_INFO_TWONODE,
                .wait_for_all = info->flags & VOTEQUORUM_INFO_WAIT_FOR_ALL,
                .last_man_standing = info->flags & VOTEQUORUM_INFO_LAST_MAN_STANDING,
                .auto_tie_breaker = info->flags & VOTEQUORUM_INFO_AUTO_TIE_BREAKER,
                .allow_downscale = info->flags & VOTEQUORUM_INFO_ALLOW_DOWNSCALE,
                .device = info->flags & VOTEQUORUM_INFO_QDEVICE_REGISTERED,
                .device_alive = info->flags & VOTEQUORUM_INFO_QDEVICE_ALIVE,
                .device_casts_vote = info->flags & VOTEQUORUM_INFO_QDEVICE_CAST_VOTE,
                .device_master_wins = info->flags & VOTEQUORUM_INFO_QDEVICE_MASTER_WINS,
        };
}

static void reader_begin(VotesReader *r);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        VotesReader *r = userdata;

        r->series.timer = sd_event_source_disable_unref(r->series.timer);
        reader_begin(r);
        return 0;
}

/* False where it has been tried often enough, or cannot be. */
static bool reader_retry(VotesReader *r)
{
        if (r->n_failed >= TRIES_MAX)
                return false;
        return sd_event_add_time_relative(r->series.loop, &r->series.timer, CLOCK_BOOTTIME,
                               reconnect_delay_usec(r->n_failed++), 1, on_timer, r) >= 0;
}

/* Where this fails the numbers are those of the last time until quorum is announced again. */
static void reader_look_again(VotesReader *r)
{
        if (r->series.timer || r->series.task)
                return;
        r->by_itself = true;
        (void) sd_event_add_time_relative(r->series.loop, &r->series.timer, CLOCK_BOOTTIME, r->device_usec,
                        r->device_usec / 4, on_timer, r);
}

static bool votes_equal(const Votes *a, const Votes *b)
{
        return a->node_votes == b->node_votes && a->expected_votes == b->expected_votes &&
               a->highest_expected == b->highest_expected && a->total_votes == b->total_votes &&
               a->quorum == b->quorum && a->device_votes == b->device_votes && a->two_node == b->two_node &&
               a->wait_for_all == b->wait_for_all && a->last_man_standing == b->last_man_standing &&
               a->auto_tie_breaker == b->auto_tie_breaker && a->allow_downscale == b->allow_downscale &&
               a->device == b->device && a->device_alive == b->device_alive &&
               a->device_casts_vote == b->device_casts_vote && a->device_master_wins == b->device_master_wins;
}

static void on_votes(void *data, void *userdata)
{
        _cleanup_free_ VotesAttempt *a = data;
        VotesReader *r = userdata;
        Votes votes;

        r->series.task = task_free(r->series.task);
        if (r->again) {
                r->again = false;
                r->n_failed = 0;
                reader_begin(r);
                return;
        }
        if (a->error != CS_OK) {
                if (!reader_retry(r))
                        r->callback(r->userdata, NULL);
                return;
        }
        votes_from_info(&a->info, &votes);
        if (!r->by_itself || !votes_equal(&votes, &r->last))
                r->callback(r->userdata, &votes);
        r->last = votes;
        r->n_failed = 0;
        if (votes.device)
                reader_look_again(r);
}

static void reader_begin(VotesReader *r)
{
        VotesAttempt *a = calloc(1, sizeof(*a));

        if (a) {
                a->own_id = r->own_id;
                if (task_start(r->series.loop, run_votes, on_votes, free, a, r, &r->series.task) >= 0)
                        return;
                free(a);
        }
        if (!reader_retry(r))
                r->callback(r->userdata, NULL);
}

void votes_reader_ask(VotesReader *r)
{
        r->n_failed = 0;
        r->by_itself = false;
        if (r->series.task) {
                r->again = true;
                return;
        }
        r->series.timer = sd_event_source_disable_unref(r->series.timer);
        /* Without a source for the loop the numbers are those of the last time. */
        (void) sd_event_add_time_relative(r->series.loop, &r->series.timer, CLOCK_BOOTTIME, SETTLE_USEC,
                        100 * USEC_PER_MSEC, on_timer, r);
}

int votes_reader_new(sd_event *loop, uint32_t own_id, uint64_t device_usec, VotesCallback callback,
                void *userdata, VotesReader **ret)
{
        VotesReader *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        *r = (VotesReader){ .series.loop = sd_event_ref(loop),
                .own_id = own_id,
                .device_usec = device_usec,
                .callback = callback,
                .userdata = userdata };
        *ret = r;
        return 0;
}

VotesReader *votes_reader_free(VotesReader *r)
{
        if (!r)
                return NULL;
        task_series_done(&r->series);
        free(r);
        return NULL;
}
