/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a member that is not synced becomes so. It reports its facts: what it runs, what its disk records. Where the
 * group has formed, the lowest synced member that answers sends the state, and the newcomer carries out what was
 * delivered since. Where it has not, the holder of the newest record forms the group from what the members report.
 *
 * A node's start comes before: a manager waits for the managers of SyncMandatory= and SyncOptional= before it
 * takes part. The wait is skipped where the group has formed. */

#include "engine/internal.h"
#include "engine/agreed/check.h"
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
                sync_lose_track(e, "too many messages came before the state");
                return;
        }
        if (engine_grow(e, ARRAY_GROW(e->backlog, e->n_backlog, e->n_backlog_allocated)) < 0)
                return;
        if (engine_grow(e, message_copy(m, &copy)) < 0)
                return;
        e->backlog[e->n_backlog++] = (BacklogEntry){ .sender = *sender, .message = copy };
}

static uint64_t numbers_find(const StateMessage *numbers, const Member *m)
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

                if (numbers && b->message->number <= numbers_find(numbers, &b->sender))
                        continue;
                if (b->message->type == MESSAGE_VIEW)
                        engine_hear(e, agreed_revoked(&e->agreed, b->sender.node_id));
                else
                        engine_apply(e, &b->sender, b->message);
        }
}

/* A state that answers our earlier facts may arrive late. It lacks what we have applied since, and we kept no backlog to
 * replay. So we accept only an answer to facts that are sent from now on (`facts_floor`). */
void sync_forget(Engine *e)
{
        e->synced = false;
        e->facts_sent = e->synced_sent = false;
        e->facts_floor = e->number;
}

void sync_start_over(Engine *e)
{
        sync_forget(e);
        e->form_sent = false; /* what it formed in this view is lost again */
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                p->has_facts = p->served = false;
        backlog_clear(e);
}

void sync_lose_track(Engine *e, const char *why)
{
        if (!e->lost_track)
                engine_note(e, NOTE_UNSYNCED, NULL, e->node_id, "%s; asking for the state again", why);
        e->lost_track = true;
        sync_forget(e);
        backlog_clear(e);
        engine_changed(e);
}

/* ---- facts ---- */

static bool state_is_known(const Engine *e)
{
        return e->agreed.state.revision.count != 0;
}

static int facts_add_copies(const Engine *e, FactsMessage *f)
{
        f->copies = calloc(MAX(e->n_units, (size_t) 1), sizeof(CopyFact));
        if (!f->copies)
                return -ENOMEM;
        for (size_t i = 0; i < e->n_units; i++) {
                const LocalUnit *u = &e->units[i];
                char *app = strdup(u->app);

                if (!app)
                        return -ENOMEM;
                f->copies[f->n_copies++] = (CopyFact){
                        .app = app,
                        .epoch = u->epoch,
                        .state = u->stop_issued && unit_state_is_alive(u->state) && u->state != UNIT_STUCK
                                                 ? UNIT_STOPPING
                                                 : u->state,
                };
        }
        return 0;
}

static void sync_send_facts(Engine *e)
{
        Message m = { .type = MESSAGE_FACTS };
        FactsMessage *f = &m.facts;
        const uint32_t *nodes = e->agreed.state.view_nodes;
        size_t n_nodes = e->agreed.state.n_view_nodes;

        f->version_min = e->version_min;
        f->version_max = e->version_max;
        /* Not what the state calls it: this node may have been given another name. */
        f->node_name = engine_strdup(e, engine_nodelist_name(e, e->node_id));
        f->grace_usec = e->grace_usec;
        f->timing = local_node_timing(e);
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
        f->nodelist = engine_nodelist_ids(e);
        f->n_nodelist = f->nodelist ? e->n_nodelist : 0;
        f->by_fewer = e->by_fewer;
        f->can_write = !e->write_failed;
        f->guarded = !e->unguarded;
        f->realtime_usec = e->realtime_usec;
        if (e->agreed.out.oom || engine_grow(e, facts_add_copies(e, f)) < 0) {
                message_done(&m);
                return;
        }
        engine_send(e, &m);
        e->facts_sent = true;
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

static void sync_send_state(Engine *e, const State *state, bool forms)
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
        e->state_sent_usec = e->now_usec;
}

/* When this member has to send the state: the lowest synced one at once. It takes what the ring needs for so many bytes,
 * and each further one that is sent meanwhile makes all of them take longer. So the next one sends only when nothing
 * came for as long as the lowest one may take; a manager that is gone, or does not answer, is not the lowest in the
 * view that follows. */
static uint64_t sync_state_usec(const Engine *e)
{
        uint64_t t = USEC_INFINITY;
        size_t rank = 0;

        if (!engine_is_synced(e) || e->state_sent_usec != 0)
                return USEC_INFINITY;
        for (size_t i = 0; i < e->agreed.state.n_nodes; i++)
                rank += e->agreed.state.nodes[i].presence == PRESENCE_SYNCED &&
                        e->agreed.state.nodes[i].id < e->node_id;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && !p->served && p->facts.version_min <= e->agreed.state.version &&
                                p->facts.version_max >= e->agreed.state.version)
                        t = MIN(t, MAX(p->facts_usec, rank > 0 ? e->state_heard_usec : 0) +
                                                        rank * STATE_USEC);
        return t;
}

static void sync_install(Engine *e, State *s)
{
        agreed_install(&e->agreed, s);
        e->synced = true;
        e->definitions_dirty = true;
        e->lost_track = false;
        e->synced_sent = e->timing_sent = false;
        e->own_revision = e->agreed.state.revision;
        e->acked = (Revision){};
        nodelist_unknown(e);
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
        for (size_t i = 0; i < e->n_backlog; i++)
                if (e->backlog[i].message->type == MESSAGE_FACTS)
                        agreed_form_facts(&e->agreed, &e->backlog[i].sender, &e->backlog[i].message->facts);
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && agreed_form_synced(&e->agreed, &p->member))
                        p->won = p->served = true;
        engine_note(e, NOTE_FORMED, NULL, former->member.node_id, "%zu applications known",
                        e->agreed.state.n_apps);
        engine_hear(e, agreed_formed(&e->agreed));
        for (size_t i = 0; i < e->n_backlog; i++)
                if (e->backlog[i].message->type != MESSAGE_FACTS)
                        engine_apply(e, &e->backlog[i].sender, e->backlog[i].message);
        backlog_clear(e);
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

void sync_state(Engine *e, Peer *sender, const Message *m)
{
        const StateMessage *sm = &m->state;
        Peer *own = NULL;
        Effect *f;
        State s;
        int r;

        e->state_heard_usec = e->now_usec;
        if (sender->member.node_id == e->node_id && sender->member.pid == e->pid)
                e->state_sent_usec = 0;
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (p->member.node_id == e->node_id && p->member.pid == e->pid)
                        own = p;
                if (!sm->forms && p->has_facts && p->facts_number <= numbers_find(sm, &p->member))
                        p->served = true;
        }
        if (sm->forms ? e->phase != PHASE_FORMING : e->synced)
                return;
        if (sm->forms && (!own || !own->has_facts || e->lost_track)) {
                /* Formed without this member: now it asks for the state as any newcomer. */
                FOREACH_ARRAY(p, e->peers, e->n_peers)
                        p->won = p->served = p->has_facts;
                e->phase = PHASE_DECIDED;
                e->facts_sent = false;
                backlog_clear(e);
                engine_changed(e);
                return;
        }
        if (!sm->forms && (!own || !own->has_facts || own->facts_number <= e->facts_floor ||
                                          numbers_find(sm, &own->member) < own->facts_number))
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
                char text[160];

                snprintf(text, sizeof(text),
                                "the group speaks protocol version %u; this manager knows %u to %u",
                                s.version, e->version_min, e->version_max);
                state_done(&s);
                e->exiting = true;
                engine_note(e, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
                f = engine_emit(e, EFFECT_EXIT);
                f->text = engine_strdup(e, text);
                f->final = true;
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
        backlog_replay(e, sm);
        backlog_clear(e);
}

/* ---- forming ---- */

/* A first forming that never came to an end leaves states that no member knows to be agreed. If there is no record, they
 * count as blank disks. Beside a record they count as a disk that says nothing new. */
static bool forming_has_record(const Peer *p)
{
        return p->has_facts && (p->facts.record == RECORD_VALID || p->facts.record_revision.count != 0);
}

static const Peer *forming_find(const Engine *e, uint32_t node_id)
{
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->member.node_id == node_id && forming_has_record(p))
                        return p;
        return NULL;
}

/* The newest record present; NULL: none. */
static const Peer *forming_newest(const Engine *e)
{
        const Peer *newest = NULL;

        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && p->facts.record == RECORD_VALID &&
                                (!newest || revision_compare(&p->facts.record_revision,
                                                            &newest->facts.record_revision) > 0))
                        newest = p;
        return newest;
}

/* Nodes that `like` lists and that have reported: those with a record, or all of them. */
static size_t forming_count(const Engine *e, const Peer *like, bool with_record)
{
        size_t count = 0;

        for (size_t i = 0; i < like->n_nodelist; i++) {
                bool counts = false;

                FOREACH_ARRAY(p, e->peers, e->n_peers)
                        counts = counts || (p->member.node_id == like->nodelist[i] && p->has_facts &&
                                                           (!with_record || forming_has_record(p)));
                count += counts;
        }
        return count;
}

/* Every process present has a blank disk, and they are a majority. One that says nothing while another process of its
 * node answers is dead and only still listed. A forming that a node began may have come to its end elsewhere: then a
 * majority has to know of it, or all nodes have to be there, since a disk that is blank may be a new one. */
static bool forming_all_blank(const Engine *e)
{
        size_t n_began = 0, n_facts = 0;

        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                bool answers = p->has_facts;

                if (p->has_facts && p->facts.record != RECORD_BLANK)
                        return false;
                n_began += p->has_facts && p->facts.record_revision.count != 0;
                FOREACH_ARRAY(q, e->peers, e->n_peers)
                        answers = answers || (q->has_facts && q->member.node_id == p->member.node_id);
                if (!answers)
                        return false;
        }
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                size_t n_blank = forming_count(e, p, false);

                n_facts += p->has_facts;
                if (!p->has_facts)
                        continue;
                if (n_blank * 2 <= p->n_nodelist)
                        return false;
                if (n_began > 0 && forming_count(e, p, true) * 2 <= p->n_nodelist && n_blank < p->n_nodelist)
                        return false;
        }
        return n_facts > 0;
}

/* A group forms from the records of a majority of the nodelist, or, where Corosync gives quorum to fewer, of all
 * members of the newest recorded view. Blank disks count only where all present are blank and a majority. Where the members
 * have different nodelists, or rules, each has to be content. */
bool sync_can_form(const Engine *e)
{
        const Peer *newest = forming_newest(e);
        size_t n_facts = 0;
        bool by_fewer = false;

        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                n_facts += p->has_facts;
                by_fewer = by_fewer || (p->has_facts && p->by_fewer);
        }
        if (e->form_forced)
                return n_facts > 0;
        if (!newest)
                return forming_all_blank(e);
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && !p->by_fewer && forming_count(e, p, true) * 2 <= p->n_nodelist)
                        return false;
        for (size_t i = 0; by_fewer && i < newest->facts.n_record_nodes; i++)
                if (!forming_find(e, newest->facts.record_nodes[i]))
                        return false;
        return true;
}

/* While the group waits to be formed: is it this node's record that is missing? */
bool sync_waits_for(const Engine *e, uint32_t node_id)
{
        const Peer *newest = forming_newest(e);

        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->member.node_id == node_id && p->has_facts &&
                                (newest ? forming_has_record(p) : p->facts.record == RECORD_BLANK))
                        return false;
        if (!newest)
                return true;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && !p->by_fewer && peer_lists(p, node_id))
                        return true;
        for (size_t i = 0; i < newest->facts.n_record_nodes; i++)
                if (newest->facts.record_nodes[i] == node_id)
                        return true;
        return false;
}

/* The member that holds the newest record forms. If several hold it, the lowest one forms at once, and the next one if
 * nothing came of that. If a member has not reported yet, it is waited for a moment, so that as many as possible are in from
 * the start. */
static uint64_t sync_form_usec(const Engine *e)
{
        const Peer *newest = forming_newest(e);
        uint64_t t = 0, last = 0;
        size_t rank = 0;
        bool all = true, holder = false;

        if (e->phase != PHASE_FORMING || !view_is_quorate(e) || e->form_sent || e->leaving ||
                        !sync_can_form(e))
                return USEC_INFINITY;
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                bool holds = p->has_facts &&
                             (!newest || (p->facts.record == RECORD_VALID &&
                                                         revision_compare(&p->facts.record_revision,
                                                                         &newest->facts.record_revision) ==
                                                                         0));

                all = all && p->has_facts;
                if (p->has_facts)
                        last = MAX(last, p->facts_usec);
                if (p->member.node_id == e->node_id && p->member.pid == e->pid) {
                        holder = holds;
                        t = p->facts_usec + SILENCE_USEC;
                } else if (holds && p->member.node_id < e->node_id)
                        rank++;
        }
        if (!holder)
                return USEC_INFINITY;
        return (all ? last : t) + rank * STATE_USEC;
}

/* A node that is lost is still needed if it is the owner that a start takes over from, or if it may have a copy that no
 * manager stops. */
static bool form_needs_node(const State *s, const Node *n)
{
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                if (a->owner == n->id)
                        return true;
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id && (c->untamed || a->maintenance))
                                return true;
        }
        return false;
}

/* A node that was taken out of the nodelist is forgotten, with its marks and permissions: it is no part of a majority. */
static void form_forget_nodes(Engine *e, State *s)
{
        for (size_t i = s->n_nodes; i > 0; i--) {
                Node *n = &s->nodes[i - 1];
                bool listed = false;

                FOREACH_ARRAY(p, e->peers, e->n_peers)
                        listed = listed || (p->has_facts && peer_lists(p, n->id));
                if (!listed && !view_has_node(e, n->id) && !form_needs_node(s, n))
                        state_remove_node(s, n);
        }
}

static void form_set_nodes(Engine *e, State *s)
{
        uint64_t longest = e->grace_usec;

        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                longest = MAX(longest, n->grace_usec);
        for (size_t i = 0; i < e->n_nodelist; i++) {
                Node *n = state_find_node(s, e->nodelist[i].id);

                if (n)
                        (void) node_rename(&e->agreed, n,
                                        e->nodelist[i].name); /* what forms is written in any case */
                else if (!state_add_node(s, e->nodelist[i].id, e->nodelist[i].name))
                        e->agreed.out.oom = true;
        }
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                n->unknown = true; /* also one that is lost: it may come back with what was decided elsewhere */
                n->presence = !view_has_node(e, n->id)     ? PRESENCE_OFFLINE
                              : view_has_manager(e, n->id) ? PRESENCE_SYNCING
                                                           : PRESENCE_MANAGER_GONE;
                if (n->presence == PRESENCE_MANAGER_GONE) {
                        n->grace.serial = ++s->next_serial;
                        n->grace.deadline_usec =
                                        usec_add(e->now_usec, n->grace_usec ? n->grace_usec : longest);
                }
        }
}

static uint64_t form_floor(const State *s)
{
        return MIN(s->ring_seq, EPOCH_RING_MAX / 2) << EPOCH_RING_SHIFT;
}

/* A cold start after which the last owner is missing is a loss of it: the owner's way back inside the delay is the
 * same as ever. Every count grows, since the last starts may be on no disk. */
static void form_set_apps(Engine *e, State *s)
{
        if (s->forgotten_epoch > 0)
                s->forgotten_epoch = MAX(s->forgotten_epoch, form_floor(s)) + FORM_EPOCHS;
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                /* Above this ring's floor: what was granted in this very ring may be on no disk either. */
                a->epoch = MAX(a->epoch, form_floor(s)) + FORM_EPOCHS;
                a->next_type = START_NORMAL;
                FOREACH_ARRAY(m, a->marks, a->n_marks)
                        if (!m->expired) {
                                uint64_t set = MIN(m->set_realtime_usec, e->realtime_usec);

                                m->timer.serial = ++s->next_serial;
                                m->timer.deadline_usec = usec_add(e->now_usec,
                                                usec_left(usec_add(set, m->duration_usec), e->realtime_usec));
                        }
                if (a->owner == 0 || !a->target_up || a->finished || a->halted || a->maintenance)
                        continue;
                a->lost_node = a->owner;
                a->next_type = START_FAILOVER;
                a->next_from = a->owner;
                a->delay_usec = app_delay(s, a);
                if (a->delay_usec > 0) {
                        a->delay.serial = ++s->next_serial;
                        a->delay.deadline_usec = usec_add(e->now_usec, a->delay_usec);
                }
        }
}

/* The highest protocol version that all members know that have reported, and all nodes that are away, as they knew last. */
static uint8_t form_version(const Engine *e, const State *s)
{
        uint8_t version = e->version_max;

        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->has_facts && p->facts.version_max >= e->version_min)
                        version = MIN(version, p->facts.version_max);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (!view_has_manager(e, n->id) && n->version_max >= e->version_min)
                        version = MIN(version, n->version_max);
        return version;
}

static void sync_form(Engine *e)
{
        ByteWriter w = {};
        State s = {};
        int r;

        state_encode(&e->agreed.state, STATE_LASTING, e->now_usec, &w);
        r = w.error ? w.error : state_decode(w.data, w.size_bytes, STATE_LASTING, e->now_usec, &s);
        byte_writer_done(&w);
        if (engine_grow(e, r) < 0)
                return;
        s.by_fewer = false;
        s.formed = s.form_pending = true;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                s.by_fewer = s.by_fewer || (p->has_facts && p->by_fewer);
        s.ring_seq = MAX(e->view.ring.seq, s.revision.ring_seq);
        s.revision.count = s.revision.ring_seq == s.ring_seq ? s.revision.count + 1 : 1;
        s.revision.ring_seq = s.ring_seq;
        form_forget_nodes(e, &s);
        form_set_nodes(e, &s);
        s.version = form_version(e, &s);
        definitions_form(e, &s);
        form_set_apps(e, &s);
        if (!e->agreed.out.oom)
                sync_send_state(e, &s, true);
        e->form_sent = true;
        state_done(&s);
}

/* ---- a node's start ---- */

static bool sync_has_all(const Engine *e, const uint32_t *nodes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!view_has_manager(e, nodes[i]))
                        return false;
        return true;
}

static uint64_t sync_wait_usec(const Engine *e)
{
        if (e->takes_part || e->started_usec == 0 || e->exiting)
                return USEC_INFINITY;
        return usec_add(e->started_usec, e->sync_timeout_usec);
}

static void sync_missing_names(const Engine *e, const uint32_t *nodes, size_t n, char *ret, size_t size_bytes)
{
        size_t at = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                if (view_has_manager(e, nodes[i]))
                        continue;
                at += (size_t) snprintf(ret + at, size_bytes - at, "%s%s", at ? " " : "",
                                engine_node_name(e, nodes[i]));
                if (at >= size_bytes)
                        return;
        }
}

static void sync_wait(Engine *e)
{
        char names[512], text[600];

        if (e->takes_part || e->exiting)
                return;
        if (e->phase == PHASE_DECIDED)
                e->takes_part = true;
        else if (e->phase != PHASE_NONE && sync_has_all(e, e->wait_mandatory, e->n_wait_mandatory) &&
                        sync_has_all(e, e->wait_optional, e->n_wait_optional))
                e->takes_part = true;
        else if (e->now_usec >= sync_wait_usec(e)) {
                if (sync_has_all(e, e->wait_mandatory, e->n_wait_mandatory)) {
                        e->takes_part = true;
                        return;
                }
                sync_missing_names(e, e->wait_mandatory, e->n_wait_mandatory, names, sizeof(names));
                snprintf(text, sizeof(text), "the managers of these mandatory nodes have not joined: %s",
                                names);
                engine_note(e, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
                e->exiting = true;
                engine_emit(e, EFFECT_EXIT)->text = engine_strdup(e, text);
        } else if (!e->noted_waiting && e->phase != PHASE_NONE) {
                e->noted_waiting = true;
                sync_missing_names(e, e->wait_mandatory, e->n_wait_mandatory, names, sizeof(names));
                if (!*names)
                        sync_missing_names(e, e->wait_optional, e->n_wait_optional, names, sizeof(names));
                engine_note(e, NOTE_WAITING, NULL, 0, "waiting for the managers of: %s", names);
                engine_changed(e);
        }
}

static bool sync_owes_facts(const Engine *e)
{
        if (e->synced || !e->takes_part || !e->n_known || e->facts_sent || e->exiting ||
                        e->phase == PHASE_NONE)
                return false;
        if (e->phase == PHASE_FORMING || e->cut_off_usec != 0)
                return view_is_quorate(e);
        return e->phase == PHASE_DECIDED || e->lost_track;
}

/* All members that held the state when the view was decided may have lost it since, by a silent Corosync or a quorum that
 * went and came back. Only a new view finds that out; this member makes one by leaving the group and joining it again. */
static uint64_t sync_unanswered_usec(const Engine *e)
{
        if (e->phase != PHASE_DECIDED || e->synced || !e->facts_sent || !view_is_quorate(e))
                return USEC_INFINITY;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->won && (!p->has_facts || p->served))
                        return USEC_INFINITY;
        return e->own_facts_usec + UNANSWERED_USEC + view_rank(e) * USEC_PER_SEC;
}

static void sync_ask_again(Engine *e)
{
        if (e->now_usec < sync_unanswered_usec(e))
                return;
        engine_note(e, NOTE_UNSYNCED, NULL, e->node_id, "nobody has sent the state; joining the group again");
        view_lost(e);
        engine_emit(e, EFFECT_REJOIN);
}

static void sync_tell_timing(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_TIMING, .timing = local_node_timing(e) };

        if (!own || e->timing_sent || node_timing_equal(&own->timing, &m.timing))
                return;
        engine_send(e, &m);
        e->timing_sent = true;
}

void sync_pump(Engine *e)
{
        const Node *own;
        Message m = {};

        sync_wait(e);
        if (e->takes_part && !e->ready_sent) {
                e->ready_sent = true;
                engine_emit(e, EFFECT_READY);
                engine_changed(e);
        }
        if (sync_owes_facts(e))
                sync_send_facts(e);
        nodelist_tell(e);
        sync_ask_again(e);
        if (e->now_usec >= sync_state_usec(e))
                sync_send_state(e, &e->agreed.state, false);
        if (e->now_usec >= sync_form_usec(e))
                sync_form(e);
        if (!engine_is_synced(e))
                return;

        sync_tell_timing(e);
        own = state_find_node(&e->agreed.state, e->node_id);
        if (e->definitions_dirty && !e->definitions_sent)
                e->definitions_dirty = definitions_differ(e);
        if ((e->definitions_dirty || definitions_owed(e)) && !e->definitions_sent) {
                m.type = MESSAGE_DEFINITIONS;
                if (engine_grow(e, definitions_difference(e, &m.definitions)) < 0) {
                        message_done(&m);
                        return;
                }
                e->definitions_more = m.definitions.more;
                engine_send(e, &m);
                e->definitions_sent = true;
        }
        if (e->definitions_sent && e->definitions_more)
                return;
        if (own && own->presence != PRESENCE_SYNCED && !e->synced_sent) {
                m.type = MESSAGE_SYNCED;
                engine_send(e, &m);
                e->synced_sent = true;
        }
}

uint64_t sync_deadline(const Engine *e)
{
        uint64_t t = sync_wait_usec(e);

        t = MIN(t, sync_state_usec(e));
        t = MIN(t, sync_form_usec(e));
        t = MIN(t, sync_unanswered_usec(e));
        return t;
}
