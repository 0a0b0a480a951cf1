/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A view by itself changes nothing that is agreed. In each view, and after each change of quorum in it, every member
 * but the new processes sends `view`, once its own quorum notification names the ring. When the last one has been
 * delivered it is clear which members hold the agreed state: the greatest revision, then the commonest digest, then the
 * lowest node. The members that hold the same state are synced, all others are not; only then is anything decided.
 *
 *   VOTING ----- all answered, none quorate ------------------------> INQUORATE
 *   VOTING ----- all answered, quorate, a member is synced ---------> DECIDED
 *   VOTING ----- all answered, quorate, none is synced -------------> FORMING --- a `state` that forms ---> DECIDED
 *   any ------- the last synced member says that quorum is gone ----> INQUORATE
 */

#include "engine/member/view.h"
#include "engine/member/hold.h"
#include "engine/member/listed.h"
#include "engine/agreed/node.h"
#include "engine/encode.h"
#include "engine/agreed/doors.h"
#include "base/array.h"

Peer *view_find_peer(const Membership *me, const Member *m)
{
        for (size_t i = 0; i < me->n_peers; i++)
                if (member_compare(&me->peers[i].member, m) == 0)
                        return &me->peers[i];
        return NULL;
}

static Peer *view_own_peer(const Membership *me)
{
        Member own = { .node_id = me->node_id, .pid = me->pid };

        return view_find_peer(me, &own);
}

size_t view_rank(const Membership *me)
{
        for (size_t i = 0; i < me->n_peers; i++)
                if (me->peers[i].member.node_id == me->node_id && me->peers[i].member.pid == me->pid)
                        return i;
        return 0;
}

bool view_has_node(const Membership *me, uint32_t node_id)
{
        for (size_t i = 0; i < me->n_ring_nodes; i++)
                if (me->ring_nodes[i] == node_id)
                        return true;
        return false;
}

bool view_has_manager(const Membership *me, uint32_t node_id)
{
        for (size_t i = 0; i < me->n_peers; i++)
                if (me->peers[i].member.node_id == node_id)
                        return true;
        return false;
}

bool view_is_quorate(const Membership *me)
{
        return me->phase != PHASE_NONE && me->quorum_known && me->quorum_value &&
               ring_compare(&me->quorum_ring, &me->view.ring) == 0;
}

bool view_has_quorum_word(const Membership *me)
{
        return me->quorum_known && ring_compare(&me->quorum_ring, &me->view.ring) == 0;
}

static void peers_clear(Membership *me)
{
        for (size_t i = 0; i < me->n_peers; i++) {
                Message m = { .type = MESSAGE_FACTS, .facts = me->peers[i].facts };

                message_done(&m);
        }
        me->n_peers = 0;
}

/* What was sent in an earlier view is void, here and wherever a SentIn says so. */
static void view_reset(Membership *me)
{
        backlog_clear(me);
        me->in_view = (InView){};
        me->view_serial++;
        me->hold_serial++;
}

void view_end(Membership *me)
{
        peers_clear(me);
        view_reset(me);
        me->phase = PHASE_NONE;
        me->n_ring_nodes = 0;
        me->n_known = false;
}

void view_done(Membership *me)
{
        view_end(me);
        free(me->peers);
        free(me->ring_nodes);
        free(me->backlog);
}

static bool event_joined(const Event *event, const Member *m)
{
        for (size_t i = 0; i < event->view.n_joined; i++)
                if (member_compare(&event->view.joined[i], m) == 0)
                        return true;
        return false;
}

void view_lost(Membership *me)
{
        view_end(me);
        me->synced = false;
        me->since_seq = me->ring_quorate_seq = me->quorate_seq = 0;
}

/* Takes the members of the new view and keeps, within one ring, when each of them joined. */
static void view_take_members(Membership *me, const Event *event, uint32_t n, bool n_known)
{
        bool ring = event->view.change == VIEW_RING;
        Peer *old = me->peers;
        size_t n_old = me->n_peers;
        Peer *peers = calloc(MAX(event->view.n_members, (size_t) 1), sizeof(Peer));

        if (!peers) {
                me->agreed.out.oom = true;
                return;
        }
        for (size_t i = 0; i < event->view.n_members; i++) {
                Peer *p = &peers[i];

                p->member = event->view.members[i];
                if (ring)
                        continue;
                p->newcomer = event_joined(event, &p->member);
                if (p->newcomer) {
                        p->joined_n = n;
                        p->joined_relative = !n_known;
                        continue;
                }
                for (size_t j = 0; j < n_old; j++)
                        if (member_compare(&old[j].member, &p->member) == 0) {
                                p->joined_n = old[j].joined_n;
                                p->joined_relative = old[j].joined_relative;
                        }
        }
        peers_clear(me);
        free(me->peers);
        me->peers = peers;
        me->n_peers = me->n_peers_allocated = event->view.n_members;
}

static void view_take_ring(Membership *me, const Event *event)
{
        uint32_t *nodes = NULL;

        if (event->view.n_ring_nodes > 0) {
                nodes = malloc(event->view.n_ring_nodes * sizeof(uint32_t));
                if (!nodes) {
                        me->agreed.out.oom = true;
                        return;
                }
                memcpy(nodes, event->view.ring_nodes, event->view.n_ring_nodes * sizeof(uint32_t));
        }
        if (me->since_seq == 0)
                me->since_seq = event->view.ring.seq;
        if (me->ring_quorate_seq != event->view.ring.seq)
                me->quorate_seq = MAX(me->quorate_seq, me->ring_quorate_seq);
        free(me->ring_nodes);
        me->ring_nodes = nodes;
        me->n_ring_nodes = event->view.n_ring_nodes;
        me->view.ring = event->view.ring;
}

static bool event_has_self(const Membership *me, const Event *event)
{
        for (size_t i = 0; i < event->view.n_members; i++)
                if (event->view.members[i].node_id == me->node_id && event->view.members[i].pid == me->pid)
                        return true;
        return false;
}

static void view_put_out(Membership *me, const char *why)
{
        view_lost(me);
        member_emit(me, EFFECT_REJOIN);
        member_note(me, NOTE_UNSYNCED, NULL, me->node_id, "%s", why);
}

bool view_begin(Membership *me, const Event *event)
{
        Member own = { .node_id = me->node_id, .pid = me->pid };
        bool known = true;
        uint32_t n = 0;

        if (!event_has_self(me, event)) {
                view_put_out(me, "Corosync has put this member out of the group");
                return false;
        }
        if (event->view.change == VIEW_PROCESS) {
                if (event_joined(event, &own)) {
                        /* If this member is alone, it counts for itself. If there are others, one of them tells. */
                        known = event->view.n_members == 1;
                        n = known ? 1 : 0;
                } else {
                        known = me->n_known;
                        n = me->view.n + 1;
                }
        }
        view_take_members(me, event, n, known);
        view_take_ring(me, event);
        me->view.n = n;
        me->n_known = known;
        view_reset(me);
        me->view_usec = me->agreed.now_usec;
        me->phase = PHASE_VOTING;
        me->own_revision = me->agreed.state.revision;
        me->own_digest = me->synced ? state_digest(&me->agreed.state) : 0;
        return true;
}

bool view_quorum(Membership *me, const RingId *ring, bool quorate)
{
        me->quorum_ring = *ring;
        me->quorum_known = true;
        me->quorum_value = quorate;
        if (me->phase == PHASE_NONE || !view_has_quorum_word(me))
                return false;
        if (me->in_view.ring_quorum_usec == 0)
                me->in_view.ring_quorum_usec = me->agreed.now_usec;
        if (quorate)
                me->ring_quorate_seq = ring->seq;
        else
                hold_forget(me); /* a member that has had a view without quorum is unsynced */
        return true;
}

/* Changes of a ring come to all of its members in the order of its messages, so no member can be ahead. If a message is
 * ahead, then either
 *   (1) this member joined within this ring and was told wrong: by an earlier `view`, in which the same process had joined
 *       already. It has left since, as a process does that joins again. So this member begins the view anew. Or
 *   (2) this member came with the ring, and was not told of a change that the others were told of. What it has missed it
 *       cannot know, so it joins again: false is returned. */
bool view_doubt(Membership *me, uint32_t sender, const Message *m)
{
        char why[NODE_NAME_MAX + 80];
        const Peer *own = view_own_peer(me);
        uint32_t joined_n;

        if (m->type != MESSAGE_VIEW || !me->n_known || !own || m->view.n <= me->view.n ||
                        ring_compare(&m->view.ring, &me->view.ring) != 0)
                return true;
        if (own->joined_n == 0) {
                snprintf(why, sizeof(why), "Corosync has told %s more of this ring than this member",
                                member_node_name(me, sender));
                view_put_out(me, why);
                member_changed(me);
                return false;
        }
        joined_n = own->joined_n;
        me->view.n -= joined_n;
        me->n_known = false;
        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                if (p->joined_n >= joined_n) {
                        p->joined_n -= joined_n;
                        p->joined_relative = true;
                }
                p->voted = p->excluded = p->won = p->has_facts = p->served = false;
                p->incarnation = p->number = 0;
        }
        view_reset(me);
        me->synced = false;
        me->phase = PHASE_VOTING;
        if (view_has_quorum_word(me))
                me->in_view.ring_quorum_usec = me->agreed.now_usec;
        view_evaluate(me);
        member_changed(me);
        return true;
}

bool view_learn(Membership *me, const Message *m)
{
        uint32_t base;

        if (m->type != MESSAGE_VIEW || ring_compare(&m->view.ring, &me->view.ring) != 0)
                return false;
        for (size_t i = 0; i < m->view_vote.n_members; i++) {
                const ViewMember *v = &m->view_vote.members[i];

                if (v->member.node_id != me->node_id || v->member.pid != me->pid)
                        continue;
                if (v->joined_n == 0)
                        return false; /* an earlier process: this one has joined within the ring */
                base = v->joined_n;
                me->view.n += base;
                me->n_known = true;
                FOREACH_ARRAY(p, me->peers, me->n_peers)
                        if (p->joined_relative) {
                                p->joined_n += base;
                                p->joined_relative = false;
                        }
                return true;
        }
        return false;
}

/* All members of a view are told the same list. If a member of this very view was told none with this member in it, its
 * Corosync has lost us. It delivers nothing of ours there, and that manager goes on as if this one were gone. No other
 * member can see that, so this one joins again. */
bool view_is_without_us(const Membership *me, const Message *m)
{
        if (m->type != MESSAGE_VIEW)
                return false;
        for (size_t i = 0; i < m->view_vote.n_members; i++)
                if (m->view_vote.members[i].member.node_id == me->node_id &&
                                m->view_vote.members[i].member.pid == me->pid)
                        return false;
        return true;
}

void view_join_again(Membership *me, uint32_t node_id)
{
        char why[NODE_NAME_MAX + 80];

        snprintf(why, sizeof(why), "Corosync has put this member out of the group on %s",
                        member_node_name(me, node_id));
        view_put_out(me, why);
        member_changed(me);
}

/* ---- votes ---- */

static void view_send_vote(Membership *me, bool quorate)
{
        Message m = { .type = MESSAGE_VIEW };

        m.view_vote.members = calloc(me->n_peers, sizeof(ViewMember));
        m.view_vote.nodelist = listed_ids(me);
        if (!m.view_vote.members || !m.view_vote.nodelist) {
                me->agreed.out.oom = true;
                message_done(&m);
                return;
        }
        m.view_vote.n_nodelist = me->n_nodelist;
        m.view_vote.by_fewer = me->by_fewer;
        for (size_t i = 0; i < me->n_peers; i++)
                m.view_vote.members[m.view_vote.n_members++] = (ViewMember){ .member = me->peers[i].member,
                        .joined_n = me->peers[i].joined_n };
        m.view_vote.quorate = quorate;
        m.view_vote.synced = quorate && me->synced;
        m.view_vote.revision = me->own_revision;
        m.view_vote.digest = me->own_digest;
        m.view_vote.since_seq = me->since_seq;
        m.view_vote.quorate_seq = me->quorate_seq;
        member_send(me, &m);
        me->in_view.own_vote_sent = true;
        me->own_vote_quorate = quorate;
}

static bool peer_is_missing(const Peer *p, bool any_quorate)
{
        if (p->newcomer || p->excluded)
                return false;
        return !p->voted || (any_quorate && !p->quorate);
}

static bool view_any_quorate(const Membership *me)
{
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (p->voted && p->quorate && !p->excluded)
                        return true;
        return false;
}

static bool view_is_complete(const Membership *me)
{
        bool any = view_any_quorate(me);

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (peer_is_missing(p, any))
                        return false;
        return true;
}

static bool peer_is_candidate(const Peer *p)
{
        return p->voted && !p->excluded && p->quorate && p->claims_synced;
}

static bool peer_holds_the_same(const Peer *p, const Peer *like)
{
        return peer_is_candidate(p) && revision_compare(&p->revision, &like->revision) == 0 &&
               p->digest == like->digest;
}

static size_t view_count_same(const Membership *me, const Peer *like)
{
        size_t n = 0;

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                n += peer_holds_the_same(p, like);
        return n;
}

/* The greatest revision, then the commonest digest, then the lowest node. */
static const Peer *view_winner(const Membership *me)
{
        const Peer *best = NULL;
        size_t best_count = 0;

        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                size_t count;
                int c;

                if (!peer_is_candidate(p))
                        continue;
                count = view_count_same(me, p);
                c = best ? revision_compare(&p->revision, &best->revision) : 1;
                if (c > 0 || (c == 0 && count > best_count)) {
                        best = p;
                        best_count = count;
                }
        }
        return best;
}

static bool peer_votes(const Peer *p)
{
        return p->voted && !p->excluded && p->quorate;
}

/* Of the nodes that `like` lists a majority has been in the group since what `winner` holds. */
static bool view_is_since(const Membership *me, const Peer *like, const Peer *winner)
{
        size_t n_since = 0;

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                n_since += peer_votes(p) && p->since_seq <= winner->revision.ring_seq &&
                           peer_lists(like, p->member.node_id);
        return n_since * 2 > like->n_nodelist;
}

/* A member whose Corosync was frozen, or whose host slept, has not heard that the others went on without it, and takes
 * itself for synced. So the winner is behind if
 *   (1) a voter has a greater revision: it took part in a later quorate view and has lost quorum since, or
 *   (2) a voter was in a later quorate ring, synced or not, than every holder of this state, or
 *   (3) such a ring may have existed, and too few voters would know: fewer than a majority have been in the group since, or,
 *       with quorum by fewer, not all nodes of the ring vote.
 * What was decided there is known only to members that are gone or do not answer. A ring's number is the greatest that its
 * nodes have seen plus RING_STEP. */
static bool view_is_behind(const Membership *me, const Peer *winner)
{
        size_t n_voters = 0;
        uint64_t last_seq = winner->revision.ring_seq;

        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (peer_holds_the_same(p, winner))
                        last_seq = MAX(last_seq, p->quorate_seq);
        FOREACH_ARRAY(p, me->peers, me->n_peers) {
                if (!peer_votes(p))
                        continue;
                n_voters += p->revision.count != 0; /* a blank disk knows of nothing */
                if (revision_compare(&p->revision, &winner->revision) > 0 || p->quorate_seq > last_seq)
                        return true;
        }
        if (me->view.ring.seq <= winner->revision.ring_seq + RING_STEP)
                return false;
        /* The strictest of what the members say that it takes. */
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (peer_votes(p) &&
                                (p->by_fewer ? n_voters < me->n_ring_nodes : !view_is_since(me, p, winner)))
                        return true;
        return false;
}

static void view_hand_over(Membership *me)
{
        _cleanup_free_ ViewProcess *processes = calloc(MAX(me->n_peers, (size_t) 1), sizeof(*processes));
        DecidedView v = { .ring_seq = me->view.ring.seq,
                .ring_nodes = me->ring_nodes,
                .n_ring_nodes = me->n_ring_nodes,
                .processes = processes,
                .n_processes = me->n_peers };

        if (!processes) {
                me->agreed.out.oom = true;
                return;
        }
        for (size_t i = 0; i < me->n_peers; i++)
                processes[i] = (ViewProcess){ me->peers[i].member, me->peers[i].won, me->peers[i].excluded };
        hold_tell(me, agreed_view(&me->agreed, &v));
}

static void view_decided(Membership *me, const Peer *winner)
{
        Revision revision = winner->revision;
        uint64_t digest = winner->digest;
        const Peer *own = view_own_peer(me);
        bool was_synced = me->synced;

        me->phase = PHASE_DECIDED;
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                p->won = peer_is_candidate(p) && revision_compare(&p->revision, &revision) == 0 &&
                         p->digest == digest;
        me->synced = me->synced && !me->in_view.lost_track && own && own->won;
        member_changed(me);
        if (me->synced) {
                view_hand_over(me);
                hold_release(me, NULL);
        } else if (was_synced)
                member_note(me, NOTE_UNSYNCED, NULL, me->node_id,
                                "other members hold a newer or commoner state; asking them for it");
}

void view_evaluate(Membership *me)
{
        const Peer *winner;
        size_t n_votes = 0;

        if (me->phase == PHASE_NONE || me->phase == PHASE_DECIDED || !view_is_complete(me))
                return;
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                n_votes += p->voted && !p->excluded;
        winner = view_winner(me);
        if (winner && view_is_behind(me, winner)) {
                winner = NULL;
                me->synced = false;
        }
        if (winner)
                view_decided(me, winner);
        else if (view_any_quorate(me) || n_votes == 0) {
                me->phase = PHASE_FORMING;
                me->synced = false;
        } else
                me->phase = PHASE_INQUORATE;
        member_changed(me);
}

/* A member says that it has lost quorum after the view was decided. A member that waits for a state keeps that for later:
 * the state may have been sent before. */
static void view_revoke(Membership *me, Peer *p, const Message *m)
{
        p->won = false;
        if (me->synced)
                hold_tell(me, agreed_revoked(&me->agreed, p->member.node_id));
        else
                backlog_add(me, &p->member, m);
        FOREACH_ARRAY(q, me->peers, me->n_peers)
                if (q->won)
                        return;
        me->phase = PHASE_INQUORATE;
        hold_start_over(me);
        member_changed(me);
}

void view_message(Membership *me, Peer *p, const Message *m)
{
        p->voted = true;
        p->quorate = m->view_vote.quorate;
        p->claims_synced = m->view_vote.synced;
        p->revision = m->view_vote.revision;
        p->digest = m->view_vote.digest;
        p->since_seq = m->view_vote.since_seq;
        p->quorate_seq = m->view_vote.quorate_seq;
        peer_tell_nodelist(p, m->view_vote.nodelist, m->view_vote.n_nodelist, m->view_vote.by_fewer);
        if (me->phase == PHASE_DECIDED) {
                if (!p->quorate && p->won)
                        view_revoke(me, p, m);
                return;
        }
        p->excluded = false;
        if (me->phase == PHASE_INQUORATE || me->phase == PHASE_FORMING)
                me->phase = PHASE_VOTING;
        view_evaluate(me);
}

/* These members did not answer: the view is decided without them. One that has answered meanwhile stays. */
void view_exclude(Membership *me, const Message *m)
{
        bool any = view_any_quorate(me);

        me->in_view.exclude_sent = false;
        if (me->phase == PHASE_DECIDED)
                return;
        for (size_t i = 0; i < m->exclude.n_members; i++) {
                Peer *q = view_find_peer(me, &m->exclude.members[i]);

                if (q && peer_is_missing(q, any))
                        q->excluded = true;
        }
        view_evaluate(me);
}

static uint64_t view_exclude_usec(const Membership *me)
{
        if (me->phase != PHASE_VOTING || !me->n_known || !view_is_quorate(me) || me->in_view.exclude_sent)
                return USEC_INFINITY;
        return MAX(me->view_usec, me->in_view.ring_quorum_usec) + SILENCE_USEC + view_rank(me) * STAGGER_USEC;
}

static void view_send_exclude(Membership *me)
{
        bool any = view_any_quorate(me) || view_is_quorate(me);
        Message m = { .type = MESSAGE_EXCLUDE };

        m.exclude.members = calloc(me->n_peers, sizeof(Member));
        if (!m.exclude.members) {
                me->agreed.out.oom = true;
                return;
        }
        FOREACH_ARRAY(p, me->peers, me->n_peers)
                if (peer_is_missing(p, any))
                        m.exclude.members[m.exclude.n_members++] = p->member;
        if (m.exclude.n_members == 0) {
                message_done(&m);
                view_evaluate(me);
                return;
        }
        member_send(me, &m);
        me->in_view.exclude_sent = true;
}

/* If no other member tells a newcomer how the views are counted, since the others are newcomers too or do not answer, it
 * counts for itself in the end. The newest one waits longer: those before it tell it meanwhile. */
static uint64_t view_count_usec(const Membership *me)
{
        const Peer *own = view_own_peer(me);

        return me->view_usec + SILENCE_USEC * (own && own->newcomer ? 2 : 1) + view_rank(me) * STAGGER_USEC;
}

void view_pump(Membership *me)
{
        const Peer *own = view_own_peer(me);

        if (me->phase == PHASE_NONE || !own)
                return;
        if (!me->n_known && me->agreed.now_usec >= view_count_usec(me)) {
                me->n_known = true;
                me->view.n += 1;
                FOREACH_ARRAY(p, me->peers, me->n_peers)
                        if (p->joined_relative) {
                                p->joined_n += 1;
                                p->joined_relative = false;
                        }
        }
        if (me->n_known && own->newcomer && !me->in_view.own_vote_sent && me->synced) {
                /* A new process is not waited for; it speaks up once its quorum changes. */
                me->in_view.own_vote_sent = true;
                me->own_vote_quorate = true;
        }
        if (me->n_known && view_has_quorum_word(me) && (!own->newcomer || me->in_view.own_vote_sent) &&
                        (!me->in_view.own_vote_sent || me->own_vote_quorate != me->quorum_value))
                view_send_vote(me, me->quorum_value);
        if (me->agreed.now_usec >= view_exclude_usec(me))
                view_send_exclude(me);
}

uint64_t view_deadline(const Membership *me)
{
        if (me->phase == PHASE_NONE)
                return USEC_INFINITY;
        if (!me->n_known)
                return view_count_usec(me);
        return view_exclude_usec(me);
}
