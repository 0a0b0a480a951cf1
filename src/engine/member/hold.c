/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this member holds the agreed state, and what was delivered that it could not carry out yet. */

#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "engine/member/peer.h"
#include "engine/agreed/doors.h"
#include "base/array.h"

/* ---- messages kept for later ---- */

void backlog_clear(Membership *me)
{
        for (size_t i = 0; i < me->n_backlog; i++)
                message_free(me->backlog[i].message);
        me->n_backlog = me->n_released = me->n_carried_out = 0;
}

void backlog_drop(BacklogEntry *b)
{
        message_free(b->message);
        b->message = NULL;
}

void backlog_add(Membership *me, const Member *sender, const Message *m)
{
        Message *copy;

        if (me->n_backlog >= BACKLOG_MAX) {
                hold_lose_track(me, "too many messages came before the state");
                return;
        }
        if (member_grow(me, ARRAY_GROW(me->backlog, me->n_backlog, me->n_backlog_allocated)) < 0)
                return;
        if (member_grow(me, message_copy(m, &copy)) < 0)
                return;
        me->backlog[me->n_backlog++] = (BacklogEntry){ .sender = *sender, .message = copy };
}

uint64_t state_number(const StateMessage *numbers, const Member *m)
{
        for (size_t i = 0; i < numbers->n_numbers; i++)
                if (member_compare(&numbers->numbers[i].member, m) == 0)
                        return numbers->numbers[i].number;
        return 0;
}

/* ---- what is due ---- */

void hold_take(Membership *me, const Member *sender, const Message *m)
{
        if (me->phase == PHASE_DECIDED && me->synced) {
                me->delivered = m;
                me->delivered_by = *sender;
        } else
                backlog_add(me, sender, m);
}

void hold_release(Membership *me, const StateMessage *numbers)
{
        FOREACH_ARRAY(b, me->backlog, me->n_backlog)
                if (numbers && b->message && b->message->number <= state_number(numbers, &b->sender))
                        backlog_drop(b);
        me->n_released = me->n_backlog;
}

void hold_tell(Membership *me, Outcome o)
{
        me->outcome_is_new = true;
        me->outcome.files_dirty = me->outcome.files_dirty || o.files_dirty;
        me->outcome.room = me->outcome.room || o.room;
        me->outcome.reload = me->outcome.reload || o.reload;
}

static bool hold_carry_out(Membership *me, const Member *sender, const Message *m, CarriedOut *ret)
{
        if (m->type == MESSAGE_VIEW) {
                ret->outcome = agreed_revoked(&me->agreed, sender->node_id);
                return true;
        }
        ret->outcome = agreed_message(&me->agreed, sender, m);
        if (sender->node_id == me->node_id)
                ret->own = m;
        if (ret->own && m->type == MESSAGE_NODELIST)
                listed_delivered(me, &m->nodelist);
        return true;
}

bool hold_next(Membership *me, CarriedOut *ret)
{
        const Member sender = me->delivered_by;
        const Message *m = me->delivered;

        if (!me->outcome_is_new && !m && me->n_released == 0)
                return false;
        ret->own = NULL;
        if (me->outcome_is_new) {
                ret->outcome = me->outcome;
                me->outcome = (Outcome){};
                me->outcome_is_new = false;
                return true;
        }
        me->delivered = NULL;
        me->delivered_by = (Member){};
        if (m)
                return hold_carry_out(me, &sender, m, ret);
        while (me->n_carried_out < me->n_released) {
                const BacklogEntry *b = &me->backlog[me->n_carried_out++];

                if (b->message)
                        return hold_carry_out(me, &b->sender, b->message, ret);
        }
        if (me->n_released > 0)
                backlog_clear(me);
        return false;
}

/* ---- losing it ---- */

/* A state that answers our earlier facts may arrive late. It lacks what we have applied since, and we kept no backlog to
 * replay. So we accept only an answer to facts that are sent from now on (`facts_floor`). */
void hold_forget(Membership *me)
{
        me->synced = false;
        me->in_view.facts_sent = me->in_view.synced_sent = false;
        me->in_view.facts_floor = me->in_view.number;
}

void hold_start_over(Membership *me)
{
        hold_forget(me);
        me->in_view.form_sent = false; /* what it formed in this view is lost again */
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                p->has_facts = p->served = false;
        backlog_clear(me);
}

void hold_lose_track(Membership *me, const char *why)
{
        if (!me->in_view.lost_track)
                member_note(me, NOTE_UNSYNCED, NULL, me->node_id, "%s; asking for the state again", why);
        me->in_view.lost_track = true;
        hold_forget(me);
        backlog_clear(me);
        member_changed(me);
}
