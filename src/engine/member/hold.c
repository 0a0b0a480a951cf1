/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether this member holds the agreed state, and what was delivered that it could not carry out yet. */

#include "engine/member/hold.h"
#include "base/array.h"

/* ---- messages kept for later ---- */

void backlog_clear(Engine *e)
{
        for (size_t i = 0; i < e->n_backlog; i++)
                message_free(e->backlog[i].message);
        e->n_backlog = 0;
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

/* Carries out what was delivered since the view began, but for what a received state holds already. */
void backlog_replay(Engine *e, const StateMessage *numbers)
{
        for (size_t i = 0; i < e->n_backlog; i++) {
                BacklogEntry *b = &e->backlog[i];

                if (numbers && b->message->number <= state_number(numbers, &b->sender))
                        continue;
                if (b->message->type == MESSAGE_VIEW)
                        engine_hear(e, agreed_revoked(&e->agreed, b->sender.node_id));
                else
                        engine_apply(e, &b->sender, b->message);
        }
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
