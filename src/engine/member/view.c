/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A view by itself changes nothing that is agreed. In each view, and after each change of quorum in it, every member
 * but the new processes sends `view`, once its own quorum notification names the ring. When the last one has been
 * delivered it is clear who holds the agreed state: the greatest revision, then the commonest digest, then the
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
#include "base/array.h"

Peer *view_find_peer(const Engine *e, const Member *m)
{
        for (size_t i = 0; i < e->n_peers; i++)
                if (member_compare(&e->peers[i].member, m) == 0)
                        return &e->peers[i];
        return NULL;
}

static Peer *view_own_peer(const Engine *e)
{
        Member own = { .node_id = e->node_id, .pid = e->pid };

        return view_find_peer(e, &own);
}

size_t view_rank(const Engine *e)
{
        for (size_t i = 0; i < e->n_peers; i++)
                if (e->peers[i].member.node_id == e->node_id && e->peers[i].member.pid == e->pid)
                        return i;
        return 0;
}

bool view_has_node(const Engine *e, uint32_t node_id)
{
        for (size_t i = 0; i < e->n_ring_nodes; i++)
                if (e->ring_nodes[i] == node_id)
                        return true;
        return false;
}

bool view_has_manager(const Engine *e, uint32_t node_id)
{
        for (size_t i = 0; i < e->n_peers; i++)
                if (e->peers[i].member.node_id == node_id)
                        return true;
        return false;
}

bool view_is_quorate(const Engine *e)
{
        return e->phase != PHASE_NONE && e->quorum_known && e->quorum_value &&
               ring_compare(&e->quorum_ring, &e->view.ring) == 0;
}

bool view_has_quorum_word(const Engine *e)
{
        return e->quorum_known && ring_compare(&e->quorum_ring, &e->view.ring) == 0;
}

static void peers_clear(Engine *e)
{
        for (size_t i = 0; i < e->n_peers; i++) {
                Message m = { .type = MESSAGE_FACTS, .facts = e->peers[i].facts };

                message_done(&m);
        }
        e->n_peers = 0;
}

/* What was sent in an earlier view is void, here and wherever a SentIn says so. */
static void view_reset(Engine *e)
{
        backlog_clear(e);
        e->in_view = (InView){};
        e->view_serial++;
        e->hold_serial++;
}

void view_end(Engine *e)
{
        peers_clear(e);
        view_reset(e);
        e->phase = PHASE_NONE;
        e->n_ring_nodes = 0;
        e->n_known = false;
}

static bool event_joined(const Event *event, const Member *m)
{
        for (size_t i = 0; i < event->view.n_joined; i++)
                if (member_compare(&event->view.joined[i], m) == 0)
                        return true;
        return false;
}

void view_lost(Engine *e)
{
        view_end(e);
        e->synced = false;
        e->since_seq = e->ring_quorate_seq = e->quorate_seq = 0;
}

/* Takes the members of the new view and keeps, within one ring, when each of them joined. */
static void view_take_members(Engine *e, const Event *event, uint32_t n, bool n_known)
{
        bool ring = event->view.change == VIEW_RING;
        Peer *old = e->peers;
        size_t n_old = e->n_peers;
        Peer *peers = calloc(MAX(event->view.n_members, (size_t) 1), sizeof(Peer));

        if (!peers) {
                e->agreed.out.oom = true;
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
        peers_clear(e);
        free(e->peers);
        e->peers = peers;
        e->n_peers = e->n_peers_allocated = event->view.n_members;
}

static void view_take_ring(Engine *e, const Event *event)
{
        uint32_t *nodes = NULL;

        if (event->view.n_ring_nodes > 0) {
                nodes = malloc(event->view.n_ring_nodes * sizeof(uint32_t));
                if (!nodes) {
                        e->agreed.out.oom = true;
                        return;
                }
                memcpy(nodes, event->view.ring_nodes, event->view.n_ring_nodes * sizeof(uint32_t));
        }
        if (e->since_seq == 0)
                e->since_seq = event->view.ring.seq;
        if (e->ring_quorate_seq != event->view.ring.seq)
                e->quorate_seq = MAX(e->quorate_seq, e->ring_quorate_seq);
        free(e->ring_nodes);
        e->ring_nodes = nodes;
        e->n_ring_nodes = event->view.n_ring_nodes;
        e->view.ring = event->view.ring;
}

static bool event_has_self(const Engine *e, const Event *event)
{
        for (size_t i = 0; i < event->view.n_members; i++)
                if (event->view.members[i].node_id == e->node_id && event->view.members[i].pid == e->pid)
                        return true;
        return false;
}

static void view_put_out(Engine *e, const char *why)
{
        view_lost(e);
        engine_emit(e, EFFECT_REJOIN);
        engine_note(e, NOTE_UNSYNCED, NULL, e->node_id, "%s", why);
}

bool view_begin(Engine *e, const Event *event)
{
        Member own = { .node_id = e->node_id, .pid = e->pid };
        bool known = true;
        uint32_t n = 0;

        if (!event_has_self(e, event)) {
                view_put_out(e, "Corosync has put this member out of the group");
                return false;
        }
        if (event->view.change == VIEW_PROCESS) {
                if (event_joined(event, &own)) {
                        /* If this member is alone, it counts for itself. If there are others, one of them tells. */
                        known = event->view.n_members == 1;
                        n = known ? 1 : 0;
                } else {
                        known = e->n_known;
                        n = e->view.n + 1;
                }
        }
        view_take_members(e, event, n, known);
        view_take_ring(e, event);
        e->view.n = n;
        e->n_known = known;
        view_reset(e);
        e->view_usec = e->now_usec;
        e->phase = PHASE_VOTING;
        e->own_revision = e->agreed.state.revision;
        e->own_digest = e->synced ? state_digest(&e->agreed.state) : 0;
        return true;
}

bool view_quorum(Engine *e, const RingId *ring, bool quorate)
{
        e->quorum_ring = *ring;
        e->quorum_known = true;
        e->quorum_value = quorate;
        if (e->phase == PHASE_NONE || !view_has_quorum_word(e))
                return false;
        if (e->in_view.ring_quorum_usec == 0)
                e->in_view.ring_quorum_usec = e->now_usec;
        if (quorate)
                e->ring_quorate_seq = ring->seq;
        else
                hold_forget(e); /* a member that has had a view without quorum is unsynced */
        return true;
}

/* Changes of a ring come to all of its members in the order of its messages, so no member can be ahead. If a message is
 * ahead, then either
 *   (1) this member joined within this ring and was told wrong: by an earlier `view`, in which the same process had joined
 *       already. It has left since, as a process does that joins again. So this member begins the view anew. Or
 *   (2) this member came with the ring, and was not told of a change that the others were told of. What it has missed it
 *       cannot know, so it joins again: false is returned. */
bool view_doubt(Engine *e, uint32_t sender, const Message *m)
{
        char why[NODE_NAME_MAX + 80];
        const Peer *own = view_own_peer(e);
        uint32_t joined_n;

        if (m->type != MESSAGE_VIEW || !e->n_known || !own || m->view.n <= e->view.n ||
                        ring_compare(&m->view.ring, &e->view.ring) != 0)
                return true;
        if (own->joined_n == 0) {
                snprintf(why, sizeof(why), "Corosync has told %s more of this ring than this member",
                                engine_node_name(e, sender));
                view_put_out(e, why);
                engine_changed(e);
                return false;
        }
        joined_n = own->joined_n;
        e->view.n -= joined_n;
        e->n_known = false;
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (p->joined_n >= joined_n) {
                        p->joined_n -= joined_n;
                        p->joined_relative = true;
                }
                p->voted = p->excluded = p->won = p->has_facts = p->served = false;
                p->incarnation = p->number = 0;
        }
        view_reset(e);
        e->synced = false;
        e->phase = PHASE_VOTING;
        if (view_has_quorum_word(e))
                e->in_view.ring_quorum_usec = e->now_usec;
        view_evaluate(e);
        engine_changed(e);
        return true;
}

bool view_learn(Engine *e, const Message *m)
{
        uint32_t base;

        if (m->type != MESSAGE_VIEW || ring_compare(&m->view.ring, &e->view.ring) != 0)
                return false;
        for (size_t i = 0; i < m->view_vote.n_members; i++) {
                const ViewMember *v = &m->view_vote.members[i];

                if (v->member.node_id != e->node_id || v->member.pid != e->pid)
                        continue;
                if (v->joined_n == 0)
                        return false; /* an earlier process: this one has joined within the ring */
                base = v->joined_n;
                e->view.n += base;
                e->n_known = true;
                FOREACH_ARRAY(p, e->peers, e->n_peers)
                        if (p->joined_relative) {
                                p->joined_n += base;
                                p->joined_relative = false;
                        }
                return true;
        }
        return false;
}

/* All members of a view are told the same list. If one of this very view was told none with this member in it, its
 * Corosync has lost us: it delivers nothing of ours there, and the manager goes on as if this one were gone. No other
 * member can see that, so this one joins again. */
bool view_is_without_us(const Engine *e, const Message *m)
{
        if (m->type != MESSAGE_VIEW)
                return false;
        for (size_t i = 0; i < m->view_vote.n_members; i++)
                if (m->view_vote.members[i].member.node_id == e->node_id &&
                                m->view_vote.members[i].member.pid == e->pid)
                        return false;
        return true;
}

void view_join_again(Engine *e, uint32_t node_id)
{
        char why[NODE_NAME_MAX + 80];

        snprintf(why, sizeof(why), "Corosync has put this member out of the group on %s",
                        engine_node_name(e, node_id));
        view_put_out(e, why);
        engine_changed(e);
}

/* ---- votes ---- */

static void view_send_vote(Engine *e, bool quorate)
{
        Message m = { .type = MESSAGE_VIEW };

        m.view_vote.members = calloc(e->n_peers, sizeof(ViewMember));
        m.view_vote.nodelist = listed_ids(e);
        if (!m.view_vote.members || !m.view_vote.nodelist) {
                e->agreed.out.oom = true;
                message_done(&m);
                return;
        }
        m.view_vote.n_nodelist = e->n_nodelist;
        m.view_vote.by_fewer = e->by_fewer;
        for (size_t i = 0; i < e->n_peers; i++)
                m.view_vote.members[m.view_vote.n_members++] = (ViewMember){ .member = e->peers[i].member,
                        .joined_n = e->peers[i].joined_n };
        m.view_vote.quorate = quorate;
        m.view_vote.synced = quorate && e->synced;
        m.view_vote.revision = e->own_revision;
        m.view_vote.digest = e->own_digest;
        m.view_vote.since_seq = e->since_seq;
        m.view_vote.quorate_seq = e->quorate_seq;
        engine_send(e, &m);
        e->in_view.own_vote_sent = true;
        e->own_vote_quorate = quorate;
}

static bool peer_is_missing(const Peer *p, bool any_quorate)
{
        if (p->newcomer || p->excluded)
                return false;
        return !p->voted || (any_quorate && !p->quorate);
}

static bool view_any_quorate(const Engine *e)
{
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->voted && p->quorate && !p->excluded)
                        return true;
        return false;
}

static bool view_is_complete(const Engine *e)
{
        bool any = view_any_quorate(e);

        FOREACH_ARRAY(p, e->peers, e->n_peers)
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

static size_t view_count_same(const Engine *e, const Peer *like)
{
        size_t n = 0;

        FOREACH_ARRAY(p, e->peers, e->n_peers)
                n += peer_holds_the_same(p, like);
        return n;
}

/* The greatest revision, then the commonest digest, then the lowest node. */
static const Peer *view_winner(const Engine *e)
{
        const Peer *best = NULL;
        size_t best_count = 0;

        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                size_t count;
                int c;

                if (!peer_is_candidate(p))
                        continue;
                count = view_count_same(e, p);
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
static bool view_is_since(const Engine *e, const Peer *like, const Peer *winner)
{
        size_t n_since = 0;

        FOREACH_ARRAY(p, e->peers, e->n_peers)
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
static bool view_is_behind(const Engine *e, const Peer *winner)
{
        size_t n_voters = 0;
        uint64_t last_seq = winner->revision.ring_seq;

        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (peer_holds_the_same(p, winner))
                        last_seq = MAX(last_seq, p->quorate_seq);
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (!peer_votes(p))
                        continue;
                n_voters += p->revision.count != 0; /* a blank disk knows of nothing */
                if (revision_compare(&p->revision, &winner->revision) > 0 || p->quorate_seq > last_seq)
                        return true;
        }
        if (e->view.ring.seq <= winner->revision.ring_seq + RING_STEP)
                return false;
        /* The strictest of what the members say that it takes. */
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (peer_votes(p) &&
                                (p->by_fewer ? n_voters < e->n_ring_nodes : !view_is_since(e, p, winner)))
                        return true;
        return false;
}

static void view_hand_over(Engine *e)
{
        _cleanup_free_ ViewProcess *processes = calloc(MAX(e->n_peers, (size_t) 1), sizeof(*processes));
        DecidedView v = { .ring_seq = e->view.ring.seq,
                .ring_nodes = e->ring_nodes,
                .n_ring_nodes = e->n_ring_nodes,
                .processes = processes,
                .n_processes = e->n_peers };

        if (!processes) {
                e->agreed.out.oom = true;
                return;
        }
        for (size_t i = 0; i < e->n_peers; i++)
                processes[i] = (ViewProcess){ e->peers[i].member, e->peers[i].won, e->peers[i].excluded };
        hold_tell(e, agreed_view(&e->agreed, &v));
}

static void view_decided(Engine *e, const Peer *winner)
{
        Revision revision = winner->revision;
        uint64_t digest = winner->digest;
        const Peer *own = view_own_peer(e);
        bool was_synced = e->synced;

        e->phase = PHASE_DECIDED;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                p->won = peer_is_candidate(p) && revision_compare(&p->revision, &revision) == 0 &&
                         p->digest == digest;
        e->synced = e->synced && !e->in_view.lost_track && own && own->won;
        engine_changed(e);
        if (e->synced) {
                view_hand_over(e);
                hold_release(e, NULL);
        } else if (was_synced)
                engine_note(e, NOTE_UNSYNCED, NULL, e->node_id,
                                "other members hold a newer or commoner state; asking them for it");
}

void view_evaluate(Engine *e)
{
        const Peer *winner;
        size_t n_votes = 0;

        if (e->phase == PHASE_NONE || e->phase == PHASE_DECIDED || !view_is_complete(e))
                return;
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                n_votes += p->voted && !p->excluded;
        winner = view_winner(e);
        if (winner && view_is_behind(e, winner)) {
                winner = NULL;
                e->synced = false;
        }
        if (winner)
                view_decided(e, winner);
        else if (view_any_quorate(e) || n_votes == 0) {
                e->phase = PHASE_FORMING;
                e->synced = false;
        } else
                e->phase = PHASE_INQUORATE;
        engine_changed(e);
}

/* A member says that it has lost quorum after the view was decided. A member that waits for a state keeps that for later:
 * the state may have been sent before. */
static void view_revoke(Engine *e, Peer *p, const Message *m)
{
        p->won = false;
        if (e->synced)
                hold_tell(e, agreed_revoked(&e->agreed, p->member.node_id));
        else
                backlog_add(e, &p->member, m);
        FOREACH_ARRAY(q, e->peers, e->n_peers)
                if (q->won)
                        return;
        e->phase = PHASE_INQUORATE;
        hold_start_over(e);
        engine_changed(e);
}

void view_tell_nodelist(Peer *p, const uint32_t *ids, size_t n, bool by_fewer)
{
        p->n_nodelist = MIN(n, (size_t) NODES_MAX);
        if (p->n_nodelist > 0)
                memcpy(p->nodelist, ids, p->n_nodelist * sizeof(*ids));
        p->by_fewer = by_fewer;
}

bool peer_lists(const Peer *p, uint32_t node_id)
{
        for (size_t i = 0; i < p->n_nodelist; i++)
                if (p->nodelist[i] == node_id)
                        return true;
        return false;
}

void view_message(Engine *e, Peer *p, const Message *m)
{
        p->voted = true;
        p->quorate = m->view_vote.quorate;
        p->claims_synced = m->view_vote.synced;
        p->revision = m->view_vote.revision;
        p->digest = m->view_vote.digest;
        p->since_seq = m->view_vote.since_seq;
        p->quorate_seq = m->view_vote.quorate_seq;
        view_tell_nodelist(p, m->view_vote.nodelist, m->view_vote.n_nodelist, m->view_vote.by_fewer);
        if (e->phase == PHASE_DECIDED) {
                if (!p->quorate && p->won)
                        view_revoke(e, p, m);
                return;
        }
        p->excluded = false;
        if (e->phase == PHASE_INQUORATE || e->phase == PHASE_FORMING)
                e->phase = PHASE_VOTING;
        view_evaluate(e);
}

/* These members did not answer: the view is decided without them. One that has answered meanwhile stays. */
void view_exclude(Engine *e, const Message *m)
{
        bool any = view_any_quorate(e);

        e->in_view.exclude_sent = false;
        if (e->phase == PHASE_DECIDED)
                return;
        for (size_t i = 0; i < m->exclude.n_members; i++) {
                Peer *q = view_find_peer(e, &m->exclude.members[i]);

                if (q && peer_is_missing(q, any))
                        q->excluded = true;
        }
        view_evaluate(e);
}

static uint64_t view_exclude_usec(const Engine *e)
{
        if (e->phase != PHASE_VOTING || !e->n_known || !view_is_quorate(e) || e->in_view.exclude_sent)
                return USEC_INFINITY;
        return MAX(e->view_usec, e->in_view.ring_quorum_usec) + SILENCE_USEC + view_rank(e) * STAGGER_USEC;
}

static void view_send_exclude(Engine *e)
{
        bool any = view_any_quorate(e) || view_is_quorate(e);
        Message m = { .type = MESSAGE_EXCLUDE };

        m.exclude.members = calloc(e->n_peers, sizeof(Member));
        if (!m.exclude.members) {
                e->agreed.out.oom = true;
                return;
        }
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (peer_is_missing(p, any))
                        m.exclude.members[m.exclude.n_members++] = p->member;
        if (m.exclude.n_members == 0) {
                message_done(&m);
                view_evaluate(e);
                return;
        }
        engine_send(e, &m);
        e->in_view.exclude_sent = true;
}

/* If no other member tells a newcomer how the views are counted, since the others are newcomers too or do not answer, it
 * counts for itself in the end. The newest one waits longer: those before it tell it meanwhile. */
static uint64_t view_count_usec(const Engine *e)
{
        const Peer *own = view_own_peer(e);

        return e->view_usec + SILENCE_USEC * (own && own->newcomer ? 2 : 1) + view_rank(e) * STAGGER_USEC;
}

void view_pump(Engine *e)
{
        const Peer *own = view_own_peer(e);

        if (e->phase == PHASE_NONE || !own)
                return;
        if (!e->n_known && e->now_usec >= view_count_usec(e)) {
                e->n_known = true;
                e->view.n += 1;
                FOREACH_ARRAY(p, e->peers, e->n_peers)
                        if (p->joined_relative) {
                                p->joined_n += 1;
                                p->joined_relative = false;
                        }
        }
        if (e->n_known && own->newcomer && !e->in_view.own_vote_sent && e->synced) {
                /* A new process is not waited for; it speaks up once its quorum changes. */
                e->in_view.own_vote_sent = true;
                e->own_vote_quorate = true;
        }
        if (e->n_known && view_has_quorum_word(e) && (!own->newcomer || e->in_view.own_vote_sent) &&
                        (!e->in_view.own_vote_sent || e->own_vote_quorate != e->quorum_value))
                view_send_vote(e, e->quorum_value);
        if (e->now_usec >= view_exclude_usec(e))
                view_send_exclude(e);
}

uint64_t view_deadline(const Engine *e)
{
        if (e->phase == PHASE_NONE)
                return USEC_INFINITY;
        if (!e->n_known)
                return view_count_usec(e);
        return view_exclude_usec(e);
}
