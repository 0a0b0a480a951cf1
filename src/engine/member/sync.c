/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a member that is not synced becomes so. It reports its facts: what it runs, what its disk records. Where the
 * group has formed, the lowest synced member that answers sends the state, and the newcomer carries out what was
 * delivered since. Where it has not, the holder of the newest record forms the group from what the members report.
 *
 * A node's start comes before: a manager waits for the managers of SyncMandatory= and SyncOptional= before it
 * takes part. The wait is skipped where the group has formed. */

#include "engine/member/sync.h"
#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "engine/member/view.h"
#include "engine/agreed/check.h"
#include "engine/encode.h"
#include "engine/agreed/doors.h"
#include "base/array.h"

/* ---- facts ---- */

static bool state_is_known(const Membership *me)
{
        return me->agreed.state.revision.count != 0;
}

void sync_send_facts(Membership *me, FactsMessage *own)
{
        Message m = { .type = MESSAGE_FACTS, .facts = *own };
        FactsMessage *f = &m.facts;
        const uint32_t *nodes = me->agreed.state.view_nodes;
        size_t n_nodes = me->agreed.state.n_view_nodes;

        *own = (FactsMessage){};
        f->version_min = me->version_min;
        f->version_max = me->version_max;
        /* Not what the state calls it: this node may have been given another name. */
        f->node_name = member_strdup(me, member_nodelist_name(me, me->node_id));
        f->grace_usec = me->grace_usec;
        f->boot_id = me->boot_id;
        f->record = !state_is_known(me)          ? me->record_kind
                    : me->agreed.state.confirmed ? RECORD_VALID
                                                 : RECORD_BLANK;
        if (state_is_known(me)) {
                f->record_revision = me->agreed.state.revision;
                f->record_nodes = calloc(MAX(n_nodes, (size_t) 1), sizeof(uint32_t));
                if (!f->record_nodes)
                        me->agreed.out.oom = true;
                else if (n_nodes > 0) {
                        memcpy(f->record_nodes, nodes, n_nodes * sizeof(uint32_t));
                        f->n_record_nodes = n_nodes;
                }
        }
        f->nodelist = listed_ids(me);
        f->n_nodelist = f->nodelist ? me->n_nodelist : 0;
        f->by_fewer = me->by_fewer;
        f->realtime_usec = me->agreed.realtime_usec;
        if (me->agreed.out.oom) {
                message_done(&m);
                return;
        }
        member_send(me, &m);
        me->in_view.facts_sent = true;
        me->own_facts_usec = me->agreed.now_usec;
}

static int facts_keep(const Message *m, FactsMessage *ret)
{
        Message *copy;
        int r;

        r = message_copy(m, &copy);
        if (r < 0)
                return r;
        *ret = copy->facts;
        copy->facts = (FactsMessage){};
        message_free(copy);
        return 0;
}

void sync_facts(Membership *me, Peer *p, const Message *m)
{
        FactsMessage facts = {};
        Message old = { .type = MESSAGE_FACTS };

        if (member_grow(me, facts_keep(m, &facts)) < 0)
                return;
        old.facts = p->facts;
        message_done(&old);
        p->facts = facts;
        p->has_facts = true;
        peer_tell_nodelist(p, facts.nodelist, facts.n_nodelist, facts.by_fewer);
        p->facts_number = m->number;
        p->facts_usec = me->agreed.now_usec;
        p->served = false;
        p->won = false;
        member_changed(me);
}

/* Also before there is a state: by what the members said last they find out whether they can form. */
void sync_nodelist(Membership *me, Peer *p, const NodelistMessage *m)
{
        uint32_t ids[NODES_MAX];
        size_t n = 0;

        for (; n < m->n_nodes && n < NODES_MAX; n++)
                ids[n] = m->nodes[n].id;
        peer_tell_nodelist(p, ids, n, m->by_fewer);
        member_changed(me);
}

/* ---- the state, from the members that hold it ---- */

static int state_message_numbers(const Membership *me, StateMessage *s)
{
        s->numbers = calloc(MAX(me->n_peers, (size_t) 1), sizeof(s->numbers[0]));
        if (!s->numbers)
                return -ENOMEM;
        for (size_t i = 0; i < me->n_peers; i++) {
                s->numbers[s->n_numbers].member = me->peers[i].member;
                s->numbers[s->n_numbers++].number = me->peers[i].number;
        }
        return 0;
}

void sync_send_state(Membership *me, const State *state, bool forms)
{
        Message m = { .type = MESSAGE_STATE };
        ByteWriter w = {};

        m.state.forms = forms;
        if (!forms && member_grow(me, state_message_numbers(me, &m.state)) < 0)
                return;
        state_encode(state, STATE_FULL, me->agreed.now_usec, &w);
        if (w.error) {
                me->agreed.out.oom = true;
                byte_writer_done(&w);
                message_done(&m);
                return;
        }
        m.state.state = w.data;
        m.state.state_size_bytes = w.size_bytes;
        member_send(me, &m);
        me->in_view.state_sent_usec = me->agreed.now_usec;
}

/* When this member has to send the state: the lowest synced one at once. It takes what the ring needs for so many
 * bytes, and each further one that is sent meanwhile makes all of them take longer. So the next one sends only when
 * nothing came for as long as the lowest one may take. A manager that is gone, or does not answer, is not the lowest in
 * the view that follows. */
static uint64_t sync_state_usec(const Membership *me)
{
        uint64_t t = USEC_INFINITY;
        size_t rank = 0;

        if (!member_is_synced(me) || me->in_view.state_sent_usec != 0)
                return USEC_INFINITY;
        for (size_t i = 0; i < me->agreed.state.n_nodes; i++)
                rank += me->agreed.state.nodes[i].presence == PRESENCE_SYNCED &&
                        me->agreed.state.nodes[i].id < me->node_id;
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->has_facts && !p->served && p->facts.version_min <= me->agreed.state.version &&
                                p->facts.version_max >= me->agreed.state.version)
                        t = MIN(t, MAX(p->facts_usec, rank > 0 ? me->in_view.state_heard_usec : 0) +
                                                        rank * STATE_USEC);
        return t;
}

/* A `reload --all` that came while this member had lost the state is in the one that it got, and it has read nothing. */
static void sync_reload(Membership *me)
{
        const Node *own = state_find_node(&me->agreed.state, me->node_id);

        if (!own || !own->reading)
                return;
        member_emit(me, EFFECT_RELOAD);
        hold_tell(me, (Outcome){ .reload = true });
}

static void sync_install(Membership *me, State *s)
{
        agreed_install(&me->agreed, s);
        me->synced = true;
        hold_tell(me, (Outcome){ .files_dirty = true });
        sync_reload(me);
        me->in_view.lost_track = false;
        me->in_view.synced_sent = false;
        me->own_revision = me->agreed.state.revision;
        me->hold_serial++;
        listed_unknown(me);
        for (size_t i = 0; i < me->agreed.state.n_apps; i++)
                agreed_changed_app(&me->agreed, &me->agreed.state.apps[i]);
        for (size_t i = 0; i < me->agreed.state.n_nodes; i++)
                member_changed_node(me, me->agreed.state.nodes[i].id);
        member_changed(me);
}

/* The state that forms the group is the record; what the members reported comes on top, in the order delivered. */
static void sync_install_formed(Membership *me, const Peer *former, State *s)
{
        me->phase = PHASE_DECIDED;
        sync_install(me, s);
        FOREACH_ARRAY(b, me->backlog, me->n_backlog)
                if (b->message->type == MESSAGE_FACTS) {
                        agreed_form_facts(&me->agreed, &b->sender, &b->message->facts);
                        backlog_drop(b);
                }
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->has_facts && agreed_form_synced(&me->agreed, &p->member))
                        p->won = p->served = true;
        member_note(me, NOTE_FORMED, NULL, former->member.node_id, "%zu applications known",
                        me->agreed.state.n_apps);
        hold_tell(me, agreed_formed(&me->agreed));
        hold_release(me, NULL);
}

/* The state holds what this member reported, but not its node: the group knows as many as it can. */
static void sync_find_no_room(Membership *me, size_t n_nodes)
{
        char text[160];

        snprintf(text, sizeof(text),
                        "the group knows %zu nodes, which is the limit; one that was removed is forgotten when it forms anew",
                        n_nodes);
        member_note(me, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
        member_give_up(me, text, false);
}

/* The state does not fit this program. It may be that of the record. */
static void sync_refuse_version(Membership *me, uint8_t version, bool ends)
{
        const char *where = version > me->version_max ? "this node" : "the other nodes";
        char text[160];

        snprintf(text, sizeof(text),
                        "the group speaks protocol version %u; this manager knows %u to %u: upgrade distro-manager on %s",
                        version, me->version_min, me->version_max, where);
        member_note(me, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
        if (ends)
                member_give_up(me, text, true);
}

bool sync_is_behind(const Membership *me)
{
        return state_is_known(me) && !me->synced && me->agreed.state.version > me->version_max;
}

static void sync_tell_behind(Membership *me)
{
        if (!me->connected || me->noted_behind || !sync_is_behind(me))
                return;
        me->noted_behind = true;
        sync_refuse_version(me, me->agreed.state.version, false);
        member_changed(me);
}

void sync_state(Membership *me, Peer *sender, const Message *m)
{
        const StateMessage *sm = &m->state;
        Peer *own = NULL;
        State s;
        int r;

        me->in_view.state_heard_usec = me->agreed.now_usec;
        if (sender->member.node_id == me->node_id && sender->member.pid == me->pid)
                me->in_view.state_sent_usec = 0;
        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                if (p->member.node_id == me->node_id && p->member.pid == me->pid)
                        own = p;
                if (!sm->forms && p->has_facts && p->facts_number <= state_number(sm, &p->member))
                        p->served = true;
        }
        if (sm->forms ? me->phase != PHASE_FORMING : me->synced)
                return;
        if (sm->forms && (!own || !own->has_facts || me->in_view.lost_track)) {
                /* Formed without this member: now it asks for the state as any newcomer. */
                FOREACH_ARRAY(p, me->peers, me->n_peers)
                        p->won = p->served = p->has_facts;
                me->phase = PHASE_DECIDED;
                me->in_view.facts_sent = false;
                backlog_clear(me);
                member_changed(me);
                return;
        }
        if (!sm->forms && (!own || !own->has_facts || own->facts_number <= me->in_view.facts_floor ||
                                          state_number(sm, &own->member) < own->facts_number))
                return; /* meant for another member, or late; it does not hold our facts */

        r = state_decode(sm->state, sm->state_size_bytes, STATE_FULL, me->agreed.now_usec, &s);
        if (r == -ENOMEM) {
                me->agreed.out.oom = true;
                return;
        }
        /* What is always true is asserted from then on: a state in which it is not is none. */
        if (r == 0 && check_state(&s)) {
                state_done(&s);
                r = -EBADMSG;
        }
        if (r < 0) {
                member_note(me, NOTE_MESSAGE_REFUSED, NULL, sender->member.node_id,
                                "a state of %zu bytes that cannot be read", sm->state_size_bytes);
                return;
        }
        if (s.version < me->version_min || s.version > me->version_max) {
                sync_refuse_version(me, s.version, true);
                state_done(&s);
                return;
        }
        if (!state_find_node(&s, me->node_id) && (!sm->forms || s.n_nodes >= NODES_MAX)) {
                sync_find_no_room(me, s.n_nodes);
                state_done(&s);
                return;
        }
        if (sm->forms) {
                sync_install_formed(me, sender, &s);
                return;
        }
        me->phase = PHASE_DECIDED;
        sync_install(me, &s);
        hold_release(me, sm);
}

/* ---- what is due ---- */

bool sync_owes_facts(const Membership *me, bool cut_off)
{
        if (me->synced || !me->n_known || me->in_view.facts_sent || me->exiting || me->phase == PHASE_NONE)
                return false;
        if (me->phase == PHASE_FORMING || cut_off)
                return view_is_quorate(me);
        return me->phase == PHASE_DECIDED || me->in_view.lost_track;
}

/* All members that held the state when the view was decided may have lost it since, by a silent Corosync or a quorum that
 * went and came back. Only a new view finds that out; this member makes one by leaving the group and joining it again. */
static uint64_t sync_unanswered_usec(const Membership *me)
{
        if (me->phase != PHASE_DECIDED || me->synced || !me->in_view.facts_sent || !view_is_quorate(me))
                return USEC_INFINITY;
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->won && (!p->has_facts || p->served))
                        return USEC_INFINITY;
        return me->own_facts_usec + UNANSWERED_USEC + view_rank(me) * USEC_PER_SEC;
}

bool sync_ask_again(Membership *me)
{
        if (me->agreed.now_usec < sync_unanswered_usec(me))
                return false;
        member_note(me, NOTE_UNSYNCED, NULL, me->node_id,
                        "nobody has sent the state; joining the group again");
        view_lost(me);
        member_emit(me, EFFECT_REJOIN);
        return true;
}

void sync_pump(Membership *me)
{
        sync_tell_behind(me);
        if (me->agreed.now_usec >= sync_state_usec(me))
                sync_send_state(me, &me->agreed.state, false);
}

void sync_tell_synced(Membership *me)
{
        const Node *own = state_find_node(&me->agreed.state, me->node_id);
        Message m = { .type = MESSAGE_SYNCED };

        if (!own || own->presence == PRESENCE_SYNCED || me->in_view.synced_sent)
                return;
        member_send(me, &m);
        me->in_view.synced_sent = true;
}

uint64_t sync_deadline(const Membership *me)
{
        return MIN(sync_state_usec(me), sync_unanswered_usec(me));
}
