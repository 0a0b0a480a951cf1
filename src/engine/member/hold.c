/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this member holds the agreed state, and what was delivered that it could not carry out yet. */

#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "base/array.h"

/* ---- messages kept for later ---- */

void backlog_clear(Engine *e)
{
        for (size_t i = 0; i < e->n_backlog; i++)
                message_free(e->backlog[i].message);
        e->n_backlog = e->n_released = e->n_carried_out = 0;
}

void backlog_drop(BacklogEntry *b)
{
        message_free(b->message);
        b->message = NULL;
}

void backlog_add(Engine *e, const Member *sender, const Message *m)
{
        Message *copy;

        if (e->n_backlog >= BACKLOG_MAX) {
                hold_lose_track(e, "too many messages came before the state");
                return;
        }
        if (engine_grow(e, ARRAY_GROW(e->backlog, e->n_backlog, e->n_backlog_allocated)) < 0)
                return;
        if (engine_grow(e, message_copy(m, &copy)) < 0)
                return;
        e->backlog[e->n_backlog++] = (BacklogEntry){ .sender = *sender, .message = copy };
}

uint64_t state_number(const StateMessage *numbers, const Member *m)
{
        for (size_t i = 0; i < numbers->n_numbers; i++)
                if (member_compare(&numbers->numbers[i].member, m) == 0)
                        return numbers->numbers[i].number;
        return 0;
}

/* ---- what is due ---- */

void hold_take(Engine *e, const Member *sender, const Message *m)
{
        if (e->phase == PHASE_DECIDED && e->synced)
                e->delivered = (Delivered){ .sender = *sender, .message = m };
        else
                backlog_add(e, sender, m);
}

void hold_release(Engine *e, const StateMessage *numbers)
{
        FOREACH_ARRAY(b, e->backlog, e->n_backlog)
                if (numbers && b->message && b->message->number <= state_number(numbers, &b->sender))
                        backlog_drop(b);
        e->n_released = e->n_backlog;
}

void hold_tell(Engine *e, Outcome o)
{
        e->outcome_is_new = true;
        e->outcome.files_dirty = e->outcome.files_dirty || o.files_dirty;
        e->outcome.room = e->outcome.room || o.room;
        e->outcome.reload = e->outcome.reload || o.reload;
}

static bool hold_carry_out(Engine *e, const Member *sender, const Message *m, CarriedOut *ret)
{
        if (m->type == MESSAGE_VIEW) {
                ret->outcome = agreed_revoked(&e->agreed, sender->node_id);
                return true;
        }
        ret->outcome = agreed_message(&e->agreed, sender, m);
        if (sender->node_id == e->node_id)
                ret->own = m;
        if (ret->own && m->type == MESSAGE_NODELIST)
                listed_delivered(e, &m->nodelist);
        return true;
}

bool hold_next(Engine *e, CarriedOut *ret)
{
        const Delivered d = e->delivered;

        *ret = (CarriedOut){};
        if (e->outcome_is_new) {
                ret->outcome = e->outcome;
                e->outcome = (Outcome){};
                e->outcome_is_new = false;
                return true;
        }
        e->delivered = (Delivered){};
        if (d.message)
                return hold_carry_out(e, &d.sender, d.message, ret);
        while (e->n_carried_out < e->n_released) {
                const BacklogEntry *b = &e->backlog[e->n_carried_out++];

                if (b->message)
                        return hold_carry_out(e, &b->sender, b->message, ret);
        }
        if (e->n_released > 0)
                backlog_clear(e);
        return false;
}

/* ---- losing it ---- */

/* A state that answers our earlier facts may arrive late. It lacks what we have applied since, and we kept no backlog to
 * replay. So we accept only an answer to facts that are sent from now on (`facts_floor`). */
void hold_forget(Engine *e)
{
        e->synced = false;
        e->in_view.facts_sent = e->in_view.synced_sent = false;
        e->in_view.facts_floor = e->in_view.number;
}

void hold_start_over(Engine *e)
{
        hold_forget(e);
        e->in_view.form_sent = false; /* what it formed in this view is lost again */
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                p->has_facts = p->served = false;
        backlog_clear(e);
}

void hold_lose_track(Engine *e, const char *why)
{
        if (!e->in_view.lost_track)
                engine_note(e, NOTE_UNSYNCED, NULL, e->node_id, "%s; asking for the state again", why);
        e->in_view.lost_track = true;
        hold_forget(e);
        backlog_clear(e);
        engine_changed(e);
}
