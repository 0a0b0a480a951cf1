/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/member/member.h"

void member_connected(Membership *me, uint64_t incarnation, uint32_t pid, bool by_fewer)
{
        me->connected = true;
        me->incarnation = incarnation;
        me->pid = pid;
        me->by_fewer = by_fewer;
        me->quorum_known = false;
}

void member_disconnected(Membership *me)
{
        me->connected = false;
        me->quorum_known = false;
}

bool member_is_synced(const Membership *me)
{
        return me->synced && me->phase == PHASE_DECIDED;
}

const char *member_nodelist_name(const Membership *me, uint32_t id)
{
        for (size_t i = 0; i < me->n_nodelist; i++)
                if (me->nodelist[i].id == id)
                        return me->nodelist[i].name;
        return NULL;
}

const char *member_node_name(const Membership *me, uint32_t id)
{
        const Node *n = state_find_node(&me->agreed.state, id);
        const char *name = n ? n->name : member_nodelist_name(me, id);

        return name ? name : "?";
}

Effect *member_send(Membership *me, Message *m)
{
        Message *copy = malloc(sizeof(*copy));
        Effect *f;

        if (!copy) {
                me->agreed.out.oom = true;
                message_done(m);
                effect_done(&me->agreed.out.nowhere);
                return &me->agreed.out.nowhere;
        }
        /* A member that is not synced does not know the group's version: it uses its oldest. */
        m->version = member_is_synced(me) ? me->agreed.state.version : me->version_min;
        m->view = me->view;
        m->incarnation = me->incarnation;
        m->number = ++me->in_view.number;
        *copy = *m;
        *m = (Message){};
        f = member_emit(me, EFFECT_SEND);
        f->message = copy;
        return f;
}

void member_give_up(Membership *me, const char *text, bool final)
{
        Effect *f = member_emit(me, EFFECT_EXIT);

        me->exiting = true;
        f->text = member_strdup(me, text);
        f->final = final;
}

Effect *member_note(Membership *me, NoteKind kind, const char *app, uint32_t node_id, const char *format, ...)
{
        const char *node = node_id != 0 ? member_node_name(me, node_id) : NULL;
        Effect *f;
        va_list ap;

        va_start(ap, format);
        f = outlet_note(&me->agreed.out, kind, app, node, format, ap);
        va_end(ap);
        return f;
}

void member_changed_node(Membership *me, uint32_t node_id)
{
        outlet_changed_node(&me->agreed.out, member_node_name(me, node_id));
}
