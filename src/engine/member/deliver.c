/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message is delivered: whether it counts in this view, and what it is for. */

#include "engine/member/deliver.h"
#include "engine/member/hold.h"
#include "engine/member/sync.h"
#include "engine/member/view.h"
#include "base/array.h"

/* A sender's messages of one view have one incarnation and follow each other without a gap. */
static bool deliver_is_next(Membership *me, Peer *p, const Message *m)
{
        if (p->incarnation == 0)
                p->incarnation = m->incarnation;
        if (p->incarnation != m->incarnation) {
                member_note(me, NOTE_MESSAGE_REFUSED, NULL, p->member.node_id,
                                "a %s message of another incarnation of this member",
                                message_type_to_string(m->type));
                return false;
        }
        if (m->number <= p->number)
                return false;
        if (m->number != p->number + 1)
                hold_lose_track(me, "a message of the group is missing");
        p->number = m->number;
        return true;
}

bool deliver_event(Membership *me, const Event *event)
{
        const Message *m = event->message.message;
        Peer *p;

        if (me->phase == PHASE_NONE)
                return true;
        p = view_find_peer(me, &event->message.sender);
        if (!p)
                return true;
        if (!view_doubt(me, event->message.sender.node_id, m))
                return false;
        if (!me->n_known && !view_learn(me, m))
                return true;
        if (!view_id_equal(&m->view, &me->view))
                return true; /* of an earlier view: its sender sends again what still matters */
        if (view_is_without_us(me, m)) {
                view_join_again(me, event->message.sender.node_id);
                return false;
        }
        if (!deliver_is_next(me, p, m))
                return true;

        if (m->type == MESSAGE_UNSENT)
                /* Its sender tries again in the next view, since it takes the message for sent. */
                member_note(me, NOTE_MESSAGE_REFUSED, NULL, p->member.node_id,
                                "its %s message could not be sent", message_type_to_string(m->unsent.type));
        else if (m->type == MESSAGE_VIEW)
                view_message(me, p, m);
        else if (m->type == MESSAGE_EXCLUDE)
                view_exclude(me, m);
        else if (m->type == MESSAGE_STATE)
                sync_state(me, p, m);
        else {
                if (m->type == MESSAGE_FACTS)
                        sync_facts(me, p, m);
                if (m->type == MESSAGE_NODELIST)
                        sync_nodelist(me, p, &m->nodelist);
                if (m->type == MESSAGE_SYNCED)
                        p->won = true;
                if (m->type == MESSAGE_COMMAND && m->command.command.kind == COMMAND_FORM)
                        me->in_view.form_forced = true;
                hold_take(me, &event->message.sender, m);
        }
        return true;
}
