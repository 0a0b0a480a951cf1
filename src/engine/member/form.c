/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Forming: where no member holds an agreed state, the holder of the newest record makes one of what the members report. */

#include "engine/member/form.h"
#include "engine/member/sync.h"
#include "engine/member/view.h"
#include "engine/agreed/app.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/encode.h"
#include "base/array.h"

/* ---- from which records ---- */

/* A first forming that never came to an end leaves states that no member knows to be agreed. If there is no record, they
 * count as blank disks. Beside a record they count as a disk that says nothing new. */
static bool forming_has_record(const Peer *p)
{
        return p->has_facts && (p->facts.record == RECORD_VALID || p->facts.record_revision.count != 0);
}

static const Peer *forming_find(const Membership *me, uint32_t node_id)
{
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->member.node_id == node_id && forming_has_record(p))
                        return p;
        return NULL;
}

/* The newest record present; NULL: none. */
static const Peer *forming_newest(const Membership *me)
{
        const Peer *newest = NULL;

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->has_facts && p->facts.record == RECORD_VALID &&
                                (!newest || revision_compare(&p->facts.record_revision,
                                                            &newest->facts.record_revision) > 0))
                        newest = p;
        return newest;
}

/* Nodes that `like` lists and that have reported: those with a record, or all of them. */
static size_t forming_count(const Membership *me, const Peer *like, bool with_record)
{
        size_t count = 0;

        for (size_t i = 0; i < like->n_nodelist; i++) {
                bool counts = false;

                FOREACH_ARRAY(p, me->peers, me->n_peers)
                        counts = counts || (p->member.node_id == like->nodelist[i] && p->has_facts &&
                                                           (!with_record || forming_has_record(p)));
                count += counts;
        }
        return count;
}

/* Every process present has a blank disk, and they are a majority. One that says nothing while another process of its
 * node answers is dead and only still listed. A forming that a node began may have come to its end elsewhere. Then a
 * majority has to know of it, or all nodes have to be there, since a disk that is blank may be a new one. */
static bool forming_all_blank(const Membership *me)
{
        size_t n_began = 0, n_facts = 0;

        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                bool answers = p->has_facts;

                if (p->has_facts && p->facts.record != RECORD_BLANK)
                        return false;
                n_began += p->has_facts && p->facts.record_revision.count != 0;
                FOREACH_ARRAY(q, me->peers, me->n_peers)
                        answers = answers || (q->has_facts && q->member.node_id == p->member.node_id);
                if (!answers)
                        return false;
        }
        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                size_t n_blank = forming_count(me, p, false);

                n_facts += p->has_facts;
                if (!p->has_facts)
                        continue;
                if (n_blank * 2 <= p->n_nodelist)
                        return false;
                if (n_began > 0 && forming_count(me, p, true) * 2 <= p->n_nodelist && n_blank < p->n_nodelist)
                        return false;
        }
        return n_facts > 0;
}

/* A group forms from the records of a majority of the nodelist, or, where Corosync gives quorum to fewer, of all
 * members of the newest recorded view. Blank disks count only where all present are blank and a majority. Where the members
 * have different nodelists, or rules, each has to be content. */
bool form_is_possible(const Membership *me)
{
        const Peer *newest = forming_newest(me);
        size_t n_facts = 0;
        bool by_fewer = false;

        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                n_facts += p->has_facts;
                by_fewer = by_fewer || (p->has_facts && p->by_fewer);
        }
        if (me->in_view.form_forced)
                return n_facts > 0;
        if (!newest)
                return forming_all_blank(me);
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->has_facts && !p->by_fewer && forming_count(me, p, true) * 2 <= p->n_nodelist)
                        return false;
        for (size_t i = 0; by_fewer && i < newest->facts.n_record_nodes; i++)
                if (!forming_find(me, newest->facts.record_nodes[i]))
                        return false;
        return true;
}

/* While the group waits to be formed: is it this node's record that is missing? */
bool form_waits_for(const Membership *me, uint32_t node_id)
{
        const Peer *newest = forming_newest(me);

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->member.node_id == node_id && p->has_facts &&
                                (newest ? forming_has_record(p) : p->facts.record == RECORD_BLANK))
                        return false;
        if (!newest)
                return true;
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->has_facts && !p->by_fewer && peer_lists(p, node_id))
                        return true;
        for (size_t i = 0; i < newest->facts.n_record_nodes; i++)
                if (newest->facts.record_nodes[i] == node_id)
                        return true;
        return false;
}

const Peer *form_awaited(const Membership *me)
{
        const Peer *newest = forming_newest(me), *lowest = NULL;

        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                if (!newest || !p->has_facts || p->facts.record != RECORD_VALID ||
                                revision_compare(&p->facts.record_revision, &newest->facts.record_revision) !=
                                                0)
                        continue;
                if (p->member.node_id == me->node_id)
                        return NULL;
                if (!lowest || p->member.node_id < lowest->member.node_id)
                        lowest = p;
        }
        return lowest;
}

/* The member that holds the newest record forms. If several hold it, the lowest one forms at once that speaks the group's
 * version, and the next one if nothing came of that. If a member has not reported yet, it is waited for a moment, so that as
 * many as possible are in from the start. */
uint64_t form_usec(const Membership *me)
{
        const Peer *newest = forming_newest(me);
        uint64_t t = 0, last = 0;
        size_t rank = 0;
        bool all = true, holder = false;

        if (me->phase != PHASE_FORMING || !view_is_quorate(me) || me->in_view.form_sent ||
                        sync_is_behind(me) || !form_is_possible(me))
                return USEC_INFINITY;
        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                bool holds = p->has_facts &&
                             (!newest || (p->facts.record == RECORD_VALID &&
                                                         revision_compare(&p->facts.record_revision,
                                                                         &newest->facts.record_revision) ==
                                                                         0));

                all = all && p->has_facts;
                if (p->has_facts)
                        last = MAX(last, p->facts_usec);
                if (p->member.node_id == me->node_id && p->member.pid == me->pid) {
                        holder = holds;
                        t = p->facts_usec + SILENCE_USEC;
                } else if (holds && p->member.node_id < me->node_id &&
                                p->facts.version_max >= me->agreed.state.version)
                        rank++;
        }
        if (!holder)
                return USEC_INFINITY;
        return (all ? last : t) + rank * STATE_USEC;
}

/* ---- the state that forms ---- */

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
static void form_forget_nodes(Membership *me, State *s)
{
        for (size_t i = s->n_nodes; i > 0; i--) {
                Node *n = &s->nodes[i - 1];
                bool listed = false;

                FOREACH_ARRAY(p, me->peers, me->n_peers)
                        listed = listed || (p->has_facts && peer_lists(p, n->id));
                if (!listed && !view_has_node(me, n->id) && !form_needs_node(s, n))
                        state_remove_node(s, n);
        }
}

static void form_set_nodes(Membership *me, State *s)
{
        uint64_t longest = me->grace_usec;

        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                longest = MAX(longest, n->grace_usec);
        for (size_t i = 0; i < me->n_nodelist; i++) {
                Node *n = state_find_node(s, me->nodelist[i].id);

                if (n)
                        (void) node_rename(&me->agreed, n,
                                        me->nodelist[i].name); /* what forms is written in any case */
                else if (!state_add_node(s, me->nodelist[i].id, me->nodelist[i].name))
                        me->agreed.out.oom = true;
        }
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                n->unknown = true; /* also one that is lost: it may come back with what was decided elsewhere */
                n->presence = !view_has_node(me, n->id)     ? PRESENCE_OFFLINE
                              : view_has_manager(me, n->id) ? PRESENCE_SYNCING
                                                            : PRESENCE_MANAGER_GONE;
                if (n->presence == PRESENCE_MANAGER_GONE) {
                        n->grace.serial = ++s->next_serial;
                        n->grace.deadline_usec = usec_add(
                                        me->agreed.now_usec, n->grace_usec ? n->grace_usec : longest);
                }
        }
}

static uint64_t form_floor(const State *s)
{
        return MIN(s->ring_seq, EPOCH_RING_MAX / 2) << EPOCH_RING_SHIFT;
}

/* A cold start after which the last owner is missing is a loss of it: the owner's way back inside the delay is the
 * same as ever. Every count grows, since the last starts may be on no disk. */
static void form_set_apps(Membership *me, State *s)
{
        if (s->forgotten_epoch > 0)
                s->forgotten_epoch = MAX(s->forgotten_epoch, form_floor(s)) + FORM_EPOCHS;
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                /* Above this ring's floor: what was granted in this very ring may be on no disk either. */
                a->epoch = MAX(a->epoch, form_floor(s)) + FORM_EPOCHS;
                a->next_type = START_NORMAL;
                FOREACH_ARRAY(m, a->marks, a->n_marks)
                        if (!m->expired) {
                                uint64_t set = MIN(m->set_realtime_usec, me->agreed.realtime_usec);

                                m->timer.serial = ++s->next_serial;
                                m->timer.deadline_usec = usec_add(me->agreed.now_usec,
                                                usec_left(usec_add(set, m->duration_usec),
                                                                me->agreed.realtime_usec));
                        }
                if (a->owner == 0 || !app_wants_up(a) || a->maintenance)
                        continue;
                a->lost_node = a->owner;
                a->next_type = START_FAILOVER;
                a->next_from = a->owner;
                a->delay_usec = app_delay(s, a);
                if (a->delay_usec > 0) {
                        a->delay.serial = ++s->next_serial;
                        a->delay.deadline_usec = usec_add(me->agreed.now_usec, a->delay_usec);
                }
        }
}

/* The highest protocol version that all members know that have reported, and all nodes that are away, as they knew
 * last. The group does not go back behind the one that it spoke, though a member does not know that any more. */
static uint8_t form_version(const Membership *me, const State *s)
{
        uint8_t version = me->version_max;

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->has_facts && p->facts.version_max >= me->version_min)
                        version = MIN(version, p->facts.version_max);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (!view_has_manager(me, n->id) && n->version_max >= me->version_min)
                        version = MIN(version, n->version_max);
        return MAX(version, s->version);
}

void form_group(Membership *me, const Definition *const *own, size_t n_own)
{
        ByteWriter w = {};
        State s = {};
        int r;

        state_encode(&me->agreed.state, STATE_LASTING, me->agreed.now_usec, &w);
        r = w.error ? w.error : state_decode(w.data, w.size_bytes, STATE_LASTING, me->agreed.now_usec, &s);
        byte_writer_done(&w);
        if (member_grow(me, r) < 0)
                return;
        s.by_fewer = false;
        s.formed = s.form_pending = true;
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                s.by_fewer = s.by_fewer || (p->has_facts && p->by_fewer);
        s.ring_seq = MAX(me->view.ring.seq, s.revision.ring_seq);
        s.revision.count = s.revision.ring_seq == s.ring_seq ? s.revision.count + 1 : 1;
        s.revision.ring_seq = s.ring_seq;
        form_forget_nodes(me, &s);
        form_set_nodes(me, &s);
        s.version = form_version(me, &s);
        for (size_t i = 0; i < n_own && !me->agreed.out.oom; i++)
                (void) member_grow(me, definition_form(&s, own[i]));
        form_set_apps(me, &s);
        if (!me->agreed.out.oom)
                sync_send_state(me, &s, true);
        me->in_view.form_sent = true;
        state_done(&s);
}
