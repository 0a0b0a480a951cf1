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
#include "base/array.h"

/* ---- facts ---- */

static bool state_is_known(const Engine *e)
{
        return e->agreed.state.revision.count != 0;
}

void sync_send_facts(Engine *e, FactsMessage *own)
{
        Message m = { .type = MESSAGE_FACTS, .facts = *own };
        FactsMessage *f = &m.facts;
        const uint32_t *nodes = e->agreed.state.view_nodes;
        size_t n_nodes = e->agreed.state.n_view_nodes;

        *own = (FactsMessage){};
        f->version_min = e->version_min;
        f->version_max = e->version_max;
        /* Not what the state calls it: this node may have been given another name. */
        f->node_name = engine_strdup(e, engine_nodelist_name(e, e->node_id));
        f->grace_usec = e->grace_usec;
        f->boot_id = e->boot_id;
        f->record = !state_is_known(e)          ? e->record_kind
                    : e->agreed.state.confirmed ? RECORD_VALID
                                                : RECORD_BLANK;
        if (state_is_known(e)) {
                f->record_revision = e->agreed.state.revision;
                f->record_nodes = calloc(MAX(n_nodes, (size_t) 1), sizeof(uint32_t));
                if (!f->record_nodes)
                        e->agreed.out.oom = true;
                else if (n_nodes > 0) {
                        memcpy(f->record_nodes, nodes, n_nodes * sizeof(uint32_t));
                        f->n_record_nodes = n_nodes;
                }
        }
        f->nodelist = listed_ids(e);
        f->n_nodelist = f->nodelist ? e->n_nodelist : 0;
        f->by_fewer = e->by_fewer;
        f->realtime_usec = e->realtime_usec;
        if (e->agreed.out.oom) {
                message_done(&m);
                return;
        }
        engine_send(e, &m);
        e->in_view.facts_sent = true;
        e->own_facts_usec = e->now_usec;
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

void sync_facts(Engine *e, Peer *p, const Message *m)
{
        FactsMessage facts = {};
        Message old = { .type = MESSAGE_FACTS };

        if (engine_grow(e, facts_keep(m, &facts)) < 0)
                return;
        old.facts = p->facts;
        message_done(&old);
        p->facts = facts;
        p->has_facts = true;
        view_tell_nodelist(p, facts.nodelist, facts.n_nodelist, facts.by_fewer);
        p->facts_number = m->number;
        p->facts_usec = e->now_usec;
        p->served = false;
        p->won = false;
        engine_changed(e);
}

/* Also before there is a state: by what the members said last they find out whether they can form. */
void sync_nodelist(Engine *e, Peer *p, const NodelistMessage *m)
{
        uint32_t ids[NODES_MAX];
        size_t n = 0;

        for (; n < m->n_nodes && n < NODES_MAX; n++)
                ids[n] = m->nodes[n].id;
        view_tell_nodelist(p, ids, n, m->by_fewer);
        engine_changed(e);
}

/* ---- the state, from the members that hold it ---- */

static int state_message_numbers(const Engine *e, StateMessage *s)
{
        s->numbers = calloc(MAX(e->n_peers, (size_t) 1), sizeof(s->numbers[0]));
        if (!s->numbers)
                return -ENOMEM;
        for (size_t i = 0; i < e->n_peers; i++) {
                s->numbers[s->n_numbers].member = e->peers[i].member;
                s->numbers[s->n_numbers++].number = e->peers[i].number;
        }
        return 0;
}

void sync_send_state(Engine *e, const State *state, bool forms)
{
        Message m = { .type = MESSAGE_STATE };
        ByteWriter w = {};

        m.state.forms = forms;
        if (!forms && engine_grow(e, state_message_numbers(e, &m.state)) < 0)
                return;
        state_encode(state, STATE_FULL, e->now_usec, &w);
        if (w.error) {
                e->agreed.out.oom = true;
                byte_writer_done(&w);
                message_done(&m);
                return;
        }
        m.state.state = w.data;
        m.state.state_size_bytes = w.size_bytes;
        engine_send(e, &m);
        e->in_view.state_sent_usec = e->now_usec;
}

/* When this member has to send the state: the lowest synced one at once. It takes what the ring needs for so many bytes,
 * and each further one that is sent meanwhile makes all of them take longer. So the next one sends only when nothing
 * came for as long as the lowest one may take; a manager that is gone, or does not answer, is not the lowest in the
 * view that follows. */
static uint64_t sync_state_usec(const Engine *e)
{
        uint64_t t = USEC_INFINITY;
        size_t rank = 0;

        if (!engine_is_synced(e) || e->in_view.state_sent_usec != 0)
                return USEC_INFINITY;
        for (size_t i = 0; i < e->agreed.state.n_nodes; i++)
                rank += e->agreed.state.nodes[i].presence == PRESENCE_SYNCED &&
                        e->agreed.state.nodes[i].id < e->node_id;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && !p->served && p->facts.version_min <= e->agreed.state.version &&
                                p->facts.version_max >= e->agreed.state.version)
                        t = MIN(t, MAX(p->facts_usec, rank > 0 ? e->in_view.state_heard_usec : 0) +
                                                        rank * STATE_USEC);
        return t;
}

static void sync_install(Engine *e, State *s)
{
        agreed_install(&e->agreed, s);
        e->synced = true;
        hold_tell(e, (Outcome){ .files_dirty = true });
        e->in_view.lost_track = false;
        e->in_view.synced_sent = false;
        e->own_revision = e->agreed.state.revision;
        e->hold_serial++;
        listed_unknown(e);
        for (size_t i = 0; i < e->agreed.state.n_apps; i++)
                engine_changed_app(e, &e->agreed.state.apps[i]);
        for (size_t i = 0; i < e->agreed.state.n_nodes; i++)
                engine_changed_node(e, e->agreed.state.nodes[i].id);
        engine_changed(e);
}

/* The state that forms the group is the record; what the members reported comes on top, in the order delivered. */
static void sync_install_formed(Engine *e, const Peer *former, State *s)
{
        e->phase = PHASE_DECIDED;
        sync_install(e, s);
        FOREACH_ARRAY(b, e->backlog, e->n_backlog)
                if (b->message->type == MESSAGE_FACTS) {
                        agreed_form_facts(&e->agreed, &b->sender, &b->message->facts);
                        backlog_drop(b);
                }
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && agreed_form_synced(&e->agreed, &p->member))
                        p->won = p->served = true;
        engine_note(e, NOTE_FORMED, NULL, former->member.node_id, "%zu applications known",
                        e->agreed.state.n_apps);
        hold_tell(e, agreed_formed(&e->agreed));
        hold_release(e, NULL);
}

/* The state holds what this member reported, but not its node: the group knows as many as it can. */
static void sync_find_no_room(Engine *e, size_t n_nodes)
{
        char text[160];

        snprintf(text, sizeof(text),
                        "the group knows %zu nodes, which is the limit; one that was removed is forgotten when it forms anew",
                        n_nodes);
        e->exiting = true;
        engine_note(e, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
        engine_emit(e, EFFECT_EXIT)->text = engine_strdup(e, text);
}

/* The state does not fit this program. It may be that of the record. */
static void sync_refuse_version(Engine *e, uint8_t version, bool ends)
{
        const char *where = version > e->version_max ? "this node" : "the other nodes";
        char text[160];
        Effect *f;

        snprintf(text, sizeof(text),
                        "the group speaks protocol version %u; this manager knows %u to %u: upgrade distro-manager on %s",
                        version, e->version_min, e->version_max, where);
        engine_note(e, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
        if (!ends)
                return;
        e->exiting = true;
        f = engine_emit(e, EFFECT_EXIT);
        f->text = engine_strdup(e, text);
        f->final = true;
}

bool sync_is_behind(const Engine *e)
{
        return state_is_known(e) && !e->synced && e->agreed.state.version > e->version_max;
}

static void sync_tell_behind(Engine *e)
{
        if (!e->connected || e->noted_behind || !sync_is_behind(e))
                return;
        e->noted_behind = true;
        sync_refuse_version(e, e->agreed.state.version, false);
        engine_changed(e);
}

void sync_state(Engine *e, Peer *sender, const Message *m)
{
        const StateMessage *sm = &m->state;
        Peer *own = NULL;
        State s;
        int r;

        e->in_view.state_heard_usec = e->now_usec;
        if (sender->member.node_id == e->node_id && sender->member.pid == e->pid)
                e->in_view.state_sent_usec = 0;
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (p->member.node_id == e->node_id && p->member.pid == e->pid)
                        own = p;
                if (!sm->forms && p->has_facts && p->facts_number <= state_number(sm, &p->member))
                        p->served = true;
        }
        if (sm->forms ? e->phase != PHASE_FORMING : e->synced)
                return;
        if (sm->forms && (!own || !own->has_facts || e->in_view.lost_track)) {
                /* Formed without this member: now it asks for the state as any newcomer. */
                FOREACH_ARRAY(p, e->peers, e->n_peers)
                        p->won = p->served = p->has_facts;
                e->phase = PHASE_DECIDED;
                e->in_view.facts_sent = false;
                backlog_clear(e);
                engine_changed(e);
                return;
        }
        if (!sm->forms && (!own || !own->has_facts || own->facts_number <= e->in_view.facts_floor ||
                                          state_number(sm, &own->member) < own->facts_number))
                return; /* meant for another member, or late; it does not hold our facts */

        r = state_decode(sm->state, sm->state_size_bytes, STATE_FULL, e->now_usec, &s);
        if (r == -ENOMEM) {
                e->agreed.out.oom = true;
                return;
        }
        /* What is always true is asserted from then on: a state in which it is not is none. */
        if (r == 0 && check_state(&s)) {
                state_done(&s);
                r = -EBADMSG;
        }
        if (r < 0) {
                engine_note(e, NOTE_MESSAGE_REFUSED, NULL, sender->member.node_id,
                                "a state of %zu bytes that cannot be read", sm->state_size_bytes);
                return;
        }
        if (s.version < e->version_min || s.version > e->version_max) {
                sync_refuse_version(e, s.version, true);
                state_done(&s);
                return;
        }
        if (!state_find_node(&s, e->node_id) && (!sm->forms || s.n_nodes >= NODES_MAX)) {
                sync_find_no_room(e, s.n_nodes);
                state_done(&s);
                return;
        }
        if (sm->forms) {
                sync_install_formed(e, sender, &s);
                return;
        }
        e->phase = PHASE_DECIDED;
        sync_install(e, &s);
        hold_release(e, sm);
}

/* ---- what is due ---- */

bool sync_owes_facts(const Engine *e, bool cut_off)
{
        if (e->synced || !e->takes_part || !e->n_known || e->in_view.facts_sent || e->exiting ||
                        e->phase == PHASE_NONE)
                return false;
        if (e->phase == PHASE_FORMING || cut_off)
                return view_is_quorate(e);
        return e->phase == PHASE_DECIDED || e->in_view.lost_track;
}

/* All members that held the state when the view was decided may have lost it since, by a silent Corosync or a quorum that
 * went and came back. Only a new view finds that out; this member makes one by leaving the group and joining it again. */
static uint64_t sync_unanswered_usec(const Engine *e)
{
        if (e->phase != PHASE_DECIDED || e->synced || !e->in_view.facts_sent || !view_is_quorate(e))
                return USEC_INFINITY;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->won && (!p->has_facts || p->served))
                        return USEC_INFINITY;
        return e->own_facts_usec + UNANSWERED_USEC + view_rank(e) * USEC_PER_SEC;
}

bool sync_ask_again(Engine *e)
{
        if (e->now_usec < sync_unanswered_usec(e))
                return false;
        engine_note(e, NOTE_UNSYNCED, NULL, e->node_id, "nobody has sent the state; joining the group again");
        view_lost(e);
        engine_emit(e, EFFECT_REJOIN);
        return true;
}

void sync_pump(Engine *e)
{
        sync_tell_behind(e);
        if (e->now_usec >= sync_state_usec(e))
                sync_send_state(e, &e->agreed.state, false);
}

void sync_tell_synced(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_SYNCED };

        if (!own || own->presence == PRESENCE_SYNCED || e->in_view.synced_sent)
                return;
        engine_send(e, &m);
        e->in_view.synced_sent = true;
}

uint64_t sync_deadline(const Engine *e)
{
        return MIN(sync_state_usec(e), sync_unanswered_usec(e));
}
