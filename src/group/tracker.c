/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "group/tracker.h"

void tracker_init(GroupTracker *t, Member self)
{
        *t = (GroupTracker){ .self = self };
}

/* Adds to a sorted list, once. */
static void insert_member(Member *list, size_t *n, Member m)
{
        size_t at = *n;

        for (size_t i = 0; i < *n; i++)
                if (member_compare(list + i, &m) == 0)
                        return;
        if (*n >= TRACKER_MEMBERS_MAX)
                return;
        while (at > 0 && member_compare(list + at - 1, &m) > 0)
                at--;
        memmove(list + at + 1, list + at, (*n - at) * sizeof(list[0]));
        list[at] = m;
        (*n)++;
}

static void remove_member(Member *list, size_t *n, Member m)
{
        for (size_t i = 0; i < *n; i++)
                if (member_compare(list + i, &m) == 0) {
                        memmove(list + i, list + i + 1, (*n - i - 1) * sizeof(list[0]));
                        (*n)--;
                        return;
                }
}

static int compare_ids(const void *a, const void *b)
{
        return CMP(*(const uint32_t *) a, *(const uint32_t *) b);
}

static bool ring_has(const GroupTracker *t, uint32_t id)
{
        return bsearch(&id, t->ring_nodes, t->n_ring_nodes, sizeof(id), compare_ids) != NULL;
}

/* What stands in the view: `members` without ghosts, and those of the joined ones that are still there. */
static TrackerResult emit(GroupTracker *t, ViewChange change, Event *ret_event)
{
        size_t n_joined = 0;

        t->n_shown = 0;
        FOREACH_ARRAY(m, t->members, t->n_members)
                if (ring_has(t, m->node_id))
                        t->shown[t->n_shown++] = *m;
        for (size_t i = 0; i < t->n_joined; i++)
                if (ring_has(t, t->joined[i].node_id))
                        t->joined[n_joined++] = t->joined[i];
        *ret_event = (Event) {
                .type = EVENT_VIEW,
                .view = {
                        .change = change,
                        .ring = t->ring,
                        .members = t->shown,
                        .n_members = t->n_shown,
                        .joined = change == VIEW_PROCESS ? t->joined : NULL,
                        .n_joined = change == VIEW_PROCESS ? n_joined : 0,
                        .ring_nodes = t->ring_nodes,
                        .n_ring_nodes = t->n_ring_nodes,
                },
        };
        t->n_joined = 0; /* the list itself stays for the event */
        t->settled = true;
        t->in_round = false;
        return TRACKER_VIEW;
}

static bool is_process_reason(uint32_t reason)
{
        return reason == TRACKER_JOIN || reason == TRACKER_LEAVE || reason == TRACKER_PROCDOWN;
}

static bool has_node_reason(const TrackerEntry *entries, size_t n)
{
        FOREACH_ARRAY(e, entries, n)
                if (!is_process_reason(e->reason))
                        return true;
        return false;
}

/* Our own orderly leave; anything else that takes us out is Corosync's doing and shows in the view. */
static bool has_own_leave(const GroupTracker *t, const TrackerEntry *left, size_t n_left)
{
        FOREACH_ARRAY(e, left, n_left)
                if (member_compare(&e->member, &t->self) == 0 && e->reason == TRACKER_LEAVE)
                        return true;
        return false;
}

TrackerResult tracker_confchg(GroupTracker *t, const TrackerEntry *members, size_t n_members,
                const TrackerEntry *left, size_t n_left, const TrackerEntry *joined, size_t n_joined,
                Event *ret_event)
{
        t->n_members = 0;
        FOREACH_ARRAY(e, members, n_members)
                insert_member(t->members, &t->n_members, e->member);
        FOREACH_ARRAY(e, left, n_left)
                remove_member(t->joined, &t->n_joined, e->member);
        FOREACH_ARRAY(e, joined, n_joined) {
                if (e->reason == TRACKER_JOIN)
                        insert_member(t->joined, &t->n_joined, e->member);
                if (member_compare(&e->member, &t->self) == 0)
                        t->in_group = true;
        }

        if (has_own_leave(t, left, n_left)) {
                tracker_init(t, t->self);
                return TRACKER_LEFT;
        }
        if (has_node_reason(left, n_left) || has_node_reason(joined, n_joined))
                t->in_round = true;
        if (!t->in_group || !t->has_ring || t->in_round || n_left + n_joined == 0)
                return TRACKER_NOTHING;
        return emit(t, VIEW_PROCESS, ret_event);
}

TrackerResult tracker_totem(
                GroupTracker *t, RingId ring, const uint32_t *nodes, size_t n_nodes, Event *ret_event)
{
        if (t->settled && !t->in_round && ring_compare(&t->ring, &ring) == 0)
                return TRACKER_NOTHING;
        t->ring = ring;
        t->has_ring = true;
        t->n_ring_nodes = MIN(n_nodes, (size_t) TRACKER_NODES_MAX);
        if (t->n_ring_nodes > 0)
                memcpy(t->ring_nodes, nodes, t->n_ring_nodes * sizeof(nodes[0]));
        qsort(t->ring_nodes, t->n_ring_nodes, sizeof(t->ring_nodes[0]), compare_ids);
        t->in_round = false;
        if (!t->in_group)
                return TRACKER_NOTHING;
        return emit(t, t->settled ? VIEW_RING : VIEW_PROCESS, ret_event);
}
