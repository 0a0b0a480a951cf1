/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a delivered message changes in the agreed state. Every synced member comes here with the same messages in the
 * same order. A message names what it refers to (a copy, a timer, a command), and one that refers to something that
 * the state does not have changes nothing. */

#include "engine/internal.h"
#include "base/array.h"

Timer timer_start(Engine *e, uint64_t usec)
{
        return (Timer){ .serial = ++e->state.next_serial, .deadline_usec = usec_add(e->now_usec, usec) };
}

static void node_touched(Engine *e, Node *n)
{
        e->view_changed_state = true;
        engine_changed_node(e, n->id);
}

/* ---- losses ---- */

void app_begin_loss(Engine *e, App *a, uint32_t node_id, uint64_t delay_usec)
{
        a->lost_node = node_id;
        a->next_type = START_FAILOVER;
        a->next_from = node_id;
        a->next_node = 0;
        a->delay = delay_usec > 0 ? timer_start(e, delay_usec) : (Timer){};
        app_touched(e, a);
}

static bool app_wants_up(const App *a)
{
        return a->target_up && !a->finished && !a->halted;
}

static void copy_ended_note(Engine *e, const App *a, const Copy *c, const char *why)
{
        engine_note(e, NOTE_APP_STOPPED, a->name, c->node_id, "%s", why)->epoch = c->epoch;
}

/* A copy went with its node. `delay_usec`: how long its node is waited for from now. */
static void copy_lose(Engine *e, App *a, Copy *c, uint64_t delay_usec)
{
        bool live = copy_is_live(c);

        e->lasting_changed = true;
        if (c->surplus || c->phase == COPY_LOST) {
                c->phase = COPY_LOST;
                c->surplus = false;
                return;
        }
        if (a->maintenance)
                c->untamed = true;
        copy_ended_note(e, a, c, "lost with its node");
        if (live && !a->maintenance && app_wants_up(a)) {
                /* With start-first the other copy goes on alone, without delay. */
                if (app_count_live(a, c) > 0)
                        a->owner = 0;
                else {
                        app_begin_loss(e, a, c->node_id, delay_usec);
                        if (delay_usec > 0)
                                engine_note(e, NOTE_APP_WAITING, a->name, c->node_id,
                                        delay_usec == USEC_INFINITY ? "the node is waited for"
                                                                    : "the node is waited for during FailoverDelaySec=");
                }
        }
        c->phase = COPY_LOST;
        c->stuck = false;
        FOREACH_ARRAY(other, a->copies, a->n_copies)
                if (a->owner == 0 && copy_is_live(other))
                        a->owner = other->node_id;
        app_touched(e, a);
}

static uint64_t node_grace(const Engine *e, const Node *n)
{
        uint64_t longest = 0;

        if (n->grace_usec > 0)
                return n->grace_usec;
        FOREACH_ARRAY(o, e->state.nodes, e->state.n_nodes)
                longest = MAX(longest, o->grace_usec);
        return longest;
}

static uint64_t app_delay(const App *a)
{
        return a->has_definition ? a->definition.failover_delay_usec : 0;
}

static void apply_owed(App *a, uint32_t node_id)
{
        for (size_t i = a->n_owed; i > 0; i--)
                if (a->owed[i - 1] == node_id)
                        ARRAY_CLOSE(a->owed, a->n_owed, i - 1);
}

static bool node_has_copies(const Engine *e, const Node *n)
{
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id)
                                return true;
        return false;
}

/* Its manager said that it would leave, and nothing is left there that anybody would have to wait for. */
static bool node_has_left(const Engine *e, const Node *n)
{
        return n->leaving && !n->unknown && !node_has_copies(e, n);
}

/* The node is not in the ring any more. Where its manager was gone before, or did not answer, the later of grace and
 * delay decides: its workers are stopped by the guard then. */
static void node_lost(Engine *e, Node *n)
{
        const char *how = node_has_left(e, n) ? "left" : "lost";
        uint64_t grace_left = 0;

        if (n->grace.serial != 0)
                grace_left = usec_left(n->grace.deadline_usec, e->now_usec);
        else if (n->presence == PRESENCE_SILENT)
                grace_left = node_grace(e, n);
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps) {
                for (size_t i = 0; i < a->n_copies; i++)
                        if (a->copies[i].node_id == n->id)
                                copy_lose(e, a, &a->copies[i], MAX(app_delay(a), grace_left));
                apply_owed(a, n->id);
        }
        n->grace = (Timer){};
        n->grace_over = false;
        n->leaving = n->unknown = n->late = false;
        if (n->presence != PRESENCE_OFFLINE)
                engine_note(e, NOTE_NODE_LEFT, NULL, n->id, "%s", how);
}

/* Counts from the first end of the manager since it was synced. */
static void node_manager_gone(Engine *e, Node *n)
{
        uint64_t grace = node_grace(e, n);

        if (n->grace.serial != 0 || n->grace_over || node_has_left(e, n))
                return;
        n->grace = timer_start(e, grace);
        if (n->presence == PRESENCE_MANAGER_GONE) {
                n->since_usec = e->now_usec;
                engine_note(e, NOTE_MANAGER_GONE, NULL, n->id, "its workers are left alone for %llu s",
                        (unsigned long long) (grace / USEC_PER_SEC));
        }
}

/* ManagerGraceSec= is over: the guard has stopped what ran there. The delay began together with the grace. */
static void node_grace_over(Engine *e, Node *n)
{
        uint64_t grace = node_grace(e, n);

        n->grace = (Timer){};
        n->grace_over = true;
        n->unknown = false;
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps)
                for (size_t i = 0; i < a->n_copies; i++)
                        if (a->copies[i].node_id == n->id) {
                                uint64_t delay = app_delay(a);

                                copy_lose(e, a, &a->copies[i],
                                        delay == USEC_INFINITY ? delay : delay > grace ? delay - grace : 0);
                        }
        node_touched(e, n);
}

/* ---- the view ---- */

static Presence node_presence_in_view(const Engine *e, const Node *n)
{
        bool manager = false, silent = false;

        if (!view_has_node(e, n->id))
                return PRESENCE_OFFLINE;
        FOREACH_ARRAY(p, e->peers, e->n_peers) {
                if (p->member.node_id != n->id)
                        continue;
                /* Of two members of one node the one that answers counts. */
                if (p->won)
                        return PRESENCE_SYNCED;
                if (p->excluded)
                        silent = true;
                else
                        manager = true;
        }
        return manager ? PRESENCE_SYNCING : silent ? PRESENCE_SILENT : PRESENCE_MANAGER_GONE;
}

static bool node_has_process(const Engine *e, const Node *n)
{
        Member m = { .node_id = n->id, .pid = n->pid };

        return view_find_peer(e, &m) != NULL;
}

static void node_set_pid(const Engine *e, Node *n)
{
        FOREACH_ARRAY(p, e->peers, e->n_peers)
                if (p->member.node_id == n->id && p->won)
                        n->pid = p->member.pid;
}

static void apply_view_node(Engine *e, Node *n)
{
        Presence before = n->presence, now = node_presence_in_view(e, n);

        if (now == PRESENCE_OFFLINE) {
                if (before != PRESENCE_OFFLINE)
                        node_lost(e, n);
        } else if (before == PRESENCE_OFFLINE) {
                engine_note(e, NOTE_NODE_JOINED, NULL, n->id, NULL);
                /* Where fewer than a majority can have quorum, it may come from a group of its own, with anything. */
                if (e->state.by_fewer && now != PRESENCE_SYNCED)
                        n->unknown = true;
        }
        if (now == PRESENCE_SYNCED) {
                n->grace = (Timer){};
                n->grace_over = false;
                node_set_pid(e, n);
        }
        if (now != before) {
                n->presence = now;
                n->since_usec = e->now_usec;
        }
        /* The process that was synced last has ended: its node's guard is armed. */
        if (now != PRESENCE_OFFLINE && now != PRESENCE_SYNCED && !node_has_process(e, n))
                node_manager_gone(e, n);
        if (now != before)
                node_touched(e, n);
}

/* Only who is synced can have a record of what comes now. */
static void apply_view_nodes(Engine *e)
{
        State *s = &e->state;
        uint32_t *nodes = calloc(MAX(s->n_nodes, (size_t) 1), sizeof(uint32_t));
        size_t n = 0;

        if (!nodes) {
                e->oom = true;
                return;
        }
        FOREACH_ARRAY(o, s->nodes, s->n_nodes)
                if (o->presence == PRESENCE_SYNCED)
                        nodes[n++] = o->id;
        free(s->view_nodes);
        s->view_nodes = nodes;
        s->n_view_nodes = n;
        e->lasting_changed = true;
}

void apply_view(Engine *e)
{
        State *s = &e->state;

        s->ring_seq = MAX(s->ring_seq, e->view.ring.seq);
        /* The last acknowledgements of a view may have reached some of its members only. */
        s->committed = (Revision){};
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                n->acked = (Revision){};
                apply_view_node(e, n);
        }
        apply_view_nodes(e);
        apply_version(e);
        e->view_changed_state = true;
}

void apply_version(Engine *e)
{
        uint8_t version = UINT8_MAX;

        FOREACH_ARRAY(n, e->state.nodes, e->state.n_nodes)
                /* A node that is away counts with what it knew last: it shall find its way back. */
                if (n->version_max != 0 || (n->presence != PRESENCE_OFFLINE && n->presence != PRESENCE_MANAGER_GONE))
                        version = MIN(version, n->version_max);
        if (version == UINT8_MAX || version <= e->state.version)
                return;
        e->state.version = version;
        engine_note(e, NOTE_VERSION, NULL, 0, "%u, which all nodes know", version);
}

/* ---- marks ---- */

void app_fail_copy(Engine *e, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        Mark *m = app_find_mark(a, node_id);
        uint64_t timeout = a->has_definition ? a->definition.failure_timeout_usec : 600 * USEC_PER_SEC;

        if (!m)
                m = app_add_mark(a, node_id);
        if (!m) {
                e->oom = true;
                return;
        }
        m->count++;
        m->expired = m->booted = false;
        m->set_realtime_usec = realtime_usec;
        /* Each further mark lasts twice as long, up to a day. */
        m->duration_usec = timeout;
        for (uint32_t i = 1; i < m->count && m->duration_usec < MARK_MAX_USEC; i++)
                m->duration_usec *= 2;
        if (timeout < MARK_MAX_USEC)
                m->duration_usec = MIN(m->duration_usec, MARK_MAX_USEC);
        m->timer = timer_start(e, m->duration_usec);

        free(a->failure);
        a->failure = engine_strdup(e, reason && *reason ? reason : "failed");
        engine_note(e, NOTE_APP_FAILED, a->name, node_id, "%s", a->failure ? a->failure : "");
        if (a->has_definition && a->definition.failure_action == FAILURE_STOP)
                a->halted = true;
        e->lasting_changed = true;
}

static void mark_expired(Engine *e, App *a, Mark *m)
{
        m->timer = (Timer){};
        if (m->booted)
                app_remove_mark(a, m);
        else
                m->expired = true;
        e->lasting_changed = true;
        app_touched(e, a);
}

/* ---- the end of a copy ---- */

/* A stop job that is not ours: started again in place; twice within FailureTimeoutSec= is a mark. */
static void app_stopped_outside(Engine *e, App *a, uint32_t node_id, uint64_t realtime_usec)
{
        uint64_t window = a->has_definition ? a->definition.failure_timeout_usec : 0;

        if (a->outside_count > 0 && realtime_usec - a->outside_realtime_usec > window)
                a->outside_count = 0;
        if (a->outside_count++ == 0)
                a->outside_realtime_usec = realtime_usec;
        if (a->outside_count < 2) {
                a->next_type = START_NORMAL;
                a->next_from = 0;
                a->next_node = node_id;
                return;
        }
        a->outside_count = 0;
        app_fail_copy(e, a, node_id, "stopped from outside again and again", realtime_usec);
        a->next_type = START_FAILOVER;
        a->next_from = node_id;
        a->next_node = 0;
}

/* The application's present copy has ended in `state`, as its node reports. The copy is gone already. */
static void app_present_ended(Engine *e, App *a, const Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Node *n = state_find_node(&e->state, c->node_id);

        switch (state) {
        case UNIT_FAILED:
        case UNIT_REFUSED:
                app_fail_copy(e, a, c->node_id, reason, realtime);
                a->next_type = START_FAILOVER;
                a->next_from = c->node_id;
                a->next_node = 0;
                break;
        case UNIT_FINISHED:
                a->finished = true;
                a->owner = 0;
                engine_note(e, NOTE_APP_FINISHED, a->name, c->node_id, NULL);
                break;
        case UNIT_KILLED:
                copy_ended_note(e, a, c, "stopped from outside; it is started again");
                app_stopped_outside(e, a, c->node_id, realtime);
                break;
        case UNIT_SHUTDOWN:
                copy_ended_note(e, a, c, "its host is being shut down");
                if (n)
                        n->leaving = true;
                a->next_type = START_TAKEOVER;
                a->next_from = c->node_id;
                a->next_node = 0;
                e->view_changed_state = true;
                break;
        case UNIT_NONE:
                if (c->phase == COPY_STARTING) {
                        /* It was granted and never began: the same start is decided again. */
                        a->next_type = c->start_type;
                        a->next_from = c->from_node;
                        a->next_node = 0;
                        break;
                }
                /* It ended while nobody looked: the owner is back, or comes back, without it. */
                copy_ended_note(e, a, c, "gone");
                app_begin_loss(e, a, c->node_id, app_delay(a));
                break;
        case UNIT_STOPPED:
        case UNIT_STARTING:
        case UNIT_RUNNING:
        case UNIT_STOPPING:
        case UNIT_STUCK:
        case _UNIT_STATE_MAX:
        default:
                copy_ended_note(e, a, c, "stopped on its own node");
                app_clear_next(a);
                break;
        }
}

/* A copy has ended. What comes next is decide.c's to say; here stands what its end means. */
static void copy_ended(Engine *e, App *a, Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Copy was = *c;
        bool ordered = c->phase == COPY_STOPPING, live = copy_is_live(c);
        bool failed = state == UNIT_FAILED || state == UNIT_REFUSED;

        app_remove_copy(a, c);
        e->lasting_changed = true;
        app_touched(e, a);
        if (was.phase == COPY_LOST)
                return; /* its loss was noted when it happened */
        if (!live || a->maintenance)
                copy_ended_note(e, a, &was, "ended");
        if (was.surplus)
                return;
        if (app_count_live(a, NULL) > 0) {
                /* start-first: the other copy is the application's. A new one that failed leaves a mark. */
                if (failed && !ordered)
                        app_fail_copy(e, a, was.node_id, reason, realtime);
                else
                        copy_ended_note(e, a, &was, strempty(was.stop_why));
                a->owner = app_present_copy(a)->node_id;
                return;
        }
        if (ordered || a->maintenance) {
                if (live && !a->maintenance)
                        copy_ended_note(e, a, &was, strempty(was.stop_why));
                return;
        }
        app_present_ended(e, a, &was, state, reason, realtime);
        if (failed)
                a->held_node = 0; /* a failover ends the hold */
}

/* ---- messages ---- */

static void apply_running(Engine *e, App *a, Copy *c)
{
        Effect *f;

        if (c->phase != COPY_STARTING)
                return;
        c->phase = COPY_RUNNING;
        f = engine_note(e, NOTE_APP_STARTED, a->name, c->node_id, NULL);
        f->epoch = c->epoch;
        f->start_type = c->start_type;
        f->from_node = engine_strdup(e, state_node_name(&e->state, c->from_node));
        /* start-first: the new one runs, so the old one goes. */
        FOREACH_ARRAY(old, a->copies, a->n_copies)
                if (old->epoch < c->epoch && copy_is_live(old))
                        app_stop_copy(e, a, old, "the new copy runs");
        app_touched(e, a);
}

static void apply_result(Engine *e, uint32_t node_id, const ResultMessage *m)
{
        App *a = state_find_app(&e->state, m->app);
        Copy *c;

        if (!a)
                return;
        if (a->n_owed > 0) {
                apply_owed(a, node_id);
                app_touched(e, a);
        }
        c = app_find_copy(a, node_id, m->epoch);
        if (!c)
                return;
        switch (m->state) {
        case UNIT_STARTING:
        case UNIT_STOPPING:
                break;
        case UNIT_RUNNING:
                apply_running(e, a, c);
                break;
        case UNIT_STUCK:
                c->stuck = true;
                if (c->phase != COPY_LOST)
                        c->phase = COPY_STOPPING;
                app_touched(e, a);
                break;
        case UNIT_NONE:
        case UNIT_STOPPED:
        case UNIT_FINISHED:
        case UNIT_FAILED:
        case UNIT_REFUSED:
        case UNIT_KILLED:
        case UNIT_SHUTDOWN:
        case _UNIT_STATE_MAX:
        default:
                copy_ended(e, a, c, m->state, m->reason, m->realtime_usec);
                break;
        }
}

/* ---- facts ---- */

static const CopyFact *facts_find(const FactsMessage *f, const char *app, uint64_t epoch)
{
        for (size_t i = 0; i < f->n_copies; i++)
                if (f->copies[i].epoch == epoch && streq(f->copies[i].app, app))
                        return &f->copies[i];
        return NULL;
}

static void copy_stop_surplus(Engine *e, App *a, Copy *c)
{
        const Copy *kept = app_present_copy(a);
        Effect *f;

        c->surplus = true;
        c->phase = COPY_STOPPING;
        f = engine_note(e, NOTE_COPY_STOPPED, a->name, c->node_id,
                kept && kept != c ? "another copy is the application's" : "it is not the last that was started");
        f->epoch = c->epoch;
        f->from_node = engine_strdup(e, kept && kept != c ? state_node_name(&e->state, kept->node_id) : "");
        app_touched(e, a);
}

static void copy_adopt(Engine *e, App *a, Copy *c, UnitState state)
{
        c->phase = state == UNIT_STARTING ? COPY_STARTING : COPY_RUNNING;
        c->untamed = c->stuck = c->surplus = false;
        a->owner = c->node_id;
        a->last_epoch = MAX(a->last_epoch, c->epoch);
        app_end_loss(a);
        app_clear_next(a);
        engine_note(e, NOTE_COPY_ADOPTED, a->name, c->node_id, NULL)->epoch = c->epoch;
        e->lasting_changed = true;
        app_touched(e, a);
}

/* A copy that this state knows as the application's present one stays; another is adopted if there is none and its
 * epoch is the last that was granted; else it is stopped. While the group forms all are taken first. */
static void apply_fact(Engine *e, uint32_t node_id, const CopyFact *f, uint64_t realtime_usec, bool forming)
{
        App *a = state_find_app(&e->state, f->app);
        Copy *c;

        if (!a) {
                a = state_add_app(&e->state, f->app);
                if (!a) {
                        e->oom = true;
                        return;
                }
                a->target_up = true;
                e->lasting_changed = true;
        }
        c = app_find_copy(a, node_id, f->epoch);
        if (!unit_state_is_alive(f->state)) {
                bool last = c && c->phase == COPY_LOST && c->epoch == a->last_epoch && app_count_live(a, NULL) == 0;

                if (last && app_wants_up(a))
                        c->phase = COPY_RUNNING; /* it was the application's: its end counts */
                if (c)
                        copy_ended(e, a, c, f->state, NULL, realtime_usec);
                return;
        }
        a->epoch = MAX(a->epoch, f->epoch);
        if (!c) {
                bool newest = f->epoch >= a->last_epoch;

                c = app_add_copy(a, node_id, f->epoch);
                if (!c) {
                        e->oom = true;
                        return;
                }
                c->phase = COPY_LOST;
                e->lasting_changed = true;
                if (!newest && !forming) {
                        copy_stop_surplus(e, a, c);
                        return;
                }
        }
        c->untamed = false;
        if (f->state == UNIT_STUCK) {
                c->stuck = true;
                c->phase = COPY_STOPPING;
                app_touched(e, a);
        } else if (f->state == UNIT_STOPPING) {
                c->phase = COPY_STOPPING;
                app_touched(e, a);
        } else if (c->phase == COPY_LOST) {
                if (forming || (app_count_live(a, c) == 0 && c->epoch >= a->last_epoch))
                        copy_adopt(e, a, c, f->state);
                else
                        copy_stop_surplus(e, a, c);
        } else if (f->state == UNIT_RUNNING)
                apply_running(e, a, c);
}

static void facts_node(Engine *e, Node *n, const FactsMessage *f)
{
        bool booted = n->boot_id != 0 && n->boot_id != f->boot_id;

        if (n->grace_usec != f->grace_usec || n->boot_id != f->boot_id)
                e->lasting_changed = true;
        n->grace_usec = f->grace_usec;
        n->boot_id = f->boot_id;
        n->unwritable = !f->can_write;
        n->version_max = f->version_max;
        n->unknown = n->late = n->leaving = false;
        n->acked = (Revision){};
        n->presence = PRESENCE_REPORTED;
        if (f->version_min > e->state.version || f->version_max < e->state.version) {
                n->presence = PRESENCE_SYNCING; /* what it runs counts; it never gets to be synced */
                engine_note(e, NOTE_MESSAGE_REFUSED, NULL, n->id,
                        "its manager knows protocol versions %u to %u; the group speaks %u", f->version_min,
                        f->version_max, e->state.version);
        }
        node_touched(e, n);
        if (!booted)
                return;
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps) {
                Mark *m = app_find_mark(a, n->id);

                if (m && m->expired)
                        app_remove_mark(a, m);
                else if (m)
                        m->booted = true;
        }
}

void apply_facts(Engine *e, const Member *sender, const FactsMessage *f, bool forming)
{
        Node *n = state_find_node(&e->state, sender->node_id);

        if (!n) {
                if (e->state.n_nodes >= NODES_MAX)
                        return;
                n = state_add_node(&e->state, sender->node_id, f->node_name);
                if (!n) {
                        e->oom = true;
                        return;
                }
        }
        facts_node(e, n, f);
        e->definitions_dirty = true;
        /* What differs is told anew by `definitions`. */
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps) {
                Variant *v = app_find_variant(a, n->id);

                if (v)
                        app_remove_variant(a, v);
                apply_owed(a, n->id);
        }
        for (size_t i = 0; i < f->n_copies; i++)
                apply_fact(e, n->id, &f->copies[i], f->realtime_usec, forming);
        /* What the state had there and was not reported has ended. */
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps)
                for (size_t i = a->n_copies; i > 0; i--) {
                        Copy *c = &a->copies[i - 1];

                        if (c->node_id == n->id && !facts_find(f, a->name, c->epoch))
                                copy_ended(e, a, c, UNIT_NONE, NULL, f->realtime_usec);
                }
}

/* All facts are in: of several copies the newest is the application's. */
void apply_formed(Engine *e)
{
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps) {
                Copy *newest = NULL;

                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (copy_is_live(c))
                                newest = c;
                if (!newest)
                        continue;
                a->owner = newest->node_id;
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c != newest && copy_is_live(c))
                                copy_stop_surplus(e, a, c);
                app_end_loss(a);
        }
        apply_view_nodes(e);
        e->view_changed_state = true;
        apply_finish(e);
}

static void apply_synced(Engine *e, const Member *sender)
{
        Node *n = state_find_node(&e->state, sender->node_id);

        if (!n || n->presence != PRESENCE_REPORTED)
                return;
        n->presence = PRESENCE_SYNCED;
        n->grace = (Timer){};
        n->grace_over = false;
        n->pid = sender->pid;
        /* Its manager knows by now whether maintenance is over: what runs there is under somebody's eyes again. */
        FOREACH_ARRAY(a, e->state.apps, e->state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id && copy_is_live(c))
                                c->untamed = false;
        apply_view_nodes(e);
        apply_version(e);
        node_touched(e, n);
}

/* ---- timers and acknowledgements ---- */

static void apply_timer(Engine *e, const TimerRef *t)
{
        State *s = &e->state;

        switch (t->kind) {
        case TIMER_FAILOVER:
                FOREACH_ARRAY(a, s->apps, s->n_apps)
                        if (a->delay.serial == t->serial) {
                                a->delay = (Timer){};
                                app_touched(e, a);
                        }
                break;
        case TIMER_TAKEOVER:
                FOREACH_ARRAY(a, s->apps, s->n_apps)
                        if (a->better.serial == t->serial) {
                                a->better = (Timer){}; /* decide.c sees that better_node has waited */
                                a->dirty = true;
                        }
                break;
        case TIMER_MARK:
                FOREACH_ARRAY(a, s->apps, s->n_apps)
                        for (size_t i = a->n_marks; i > 0; i--)
                                if (a->marks[i - 1].timer.serial == t->serial)
                                        mark_expired(e, a, &a->marks[i - 1]);
                break;
        case TIMER_GRACE:
                FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                        if (n->grace.serial != t->serial)
                                continue;
                        /* Its next manager is there and about to report what runs. */
                        if (n->presence == PRESENCE_SYNCING || n->presence == PRESENCE_REPORTED)
                                n->grace = timer_start(e, ANSWER_USEC);
                        else
                                node_grace_over(e, n);
                }
                break;
        case TIMER_COMMIT:
                if (s->commit.serial != t->serial)
                        break;
                s->commit = (Timer){};
                FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                        if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, &s->commit_base) < 0 &&
                            !n->late) {
                                n->late = true;
                                node_touched(e, n);
                        }
                break;
        case _TIMER_KIND_MAX:
        default:
                break;
        }
}

static void apply_expiry(Engine *e, const ExpiryMessage *m)
{
        for (size_t i = 0; i < m->n_timers; i++)
                if (m->timers[i].serial != 0)
                        apply_timer(e, &m->timers[i]);
}

static void apply_ack(Engine *e, uint32_t node_id, const AckMessage *m)
{
        Node *n = state_find_node(&e->state, node_id);
        bool was_late;

        if (!n)
                return;
        if (n->unwritable != !m->written) {
                n->unwritable = !m->written;
                node_touched(e, n);
        }
        if (!m->written)
                return;
        was_late = n->late;
        if (revision_compare(&m->revision, &n->acked) > 0)
                n->acked = m->revision;
        if (revision_compare(&n->acked, &e->state.commit_base) >= 0)
                n->late = false;
        if (was_late && !n->late)
                node_touched(e, n);
}

/* A revision is committed when every synced member has acknowledged it, but for those that were late, and they are a
 * majority of the nodelist: forming needs the records of one. Where forming asks for all of the last view it is every
 * synced member, or, without those that were late, a majority of them. */
static bool commit_reached(const Engine *e, const Revision *revision)
{
        size_t n_synced = 0, n_acked = 0, n_out = 0;

        FOREACH_ARRAY(n, e->state.nodes, e->state.n_nodes) {
                if (n->presence != PRESENCE_SYNCED)
                        continue;
                n_synced++;
                if (revision_compare(&n->acked, revision) >= 0)
                        n_acked++;
                else if (n->late || n->unwritable)
                        n_out++;
        }
        if (n_acked == 0 || n_acked + n_out < n_synced)
                return false;
        if (!e->state.by_fewer)
                return n_acked * 2 > e->state.n_nodes;
        return n_out == 0 || n_acked * 2 > n_synced;
}

static void apply_commit(Engine *e)
{
        State *s = &e->state;
        Revision best = s->committed;

        /* What is on the disks is one of the revisions that were acknowledged. */
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, &best) > 0 &&
                    commit_reached(e, &n->acked))
                        best = n->acked;
        if (revision_compare(&best, &s->committed) > 0) {
                s->committed = best;
                if (s->form_pending && best.ring_seq >= s->ring_seq) {
                        s->form_pending = false;
                        e->lasting_changed = e->lasting_changed || !s->confirmed;
                        s->confirmed = true;
                        e->view_changed_state = true;
                }
        }
        if (revision_compare(&s->committed, &s->revision) >= 0)
                s->commit = (Timer){};
        else if (s->commit.serial == 0 && revision_compare(&s->commit_base, &s->revision) < 0) {
                s->commit = timer_start(e, COMMIT_USEC);
                s->commit_base = s->revision;
        }
}

/* ---- the message as a whole ---- */

static void apply_command(Engine *e, const Member *sender, const Message *m)
{
        Node *n = state_find_node(&e->state, sender->node_id);
        char text[256] = "";
        CommandError error;

        if (!n)
                return;
        if (n->command_incarnation != m->incarnation) {
                n->command_incarnation = m->incarnation;
                n->command_seq = 0;
        }
        if (m->command.seq <= n->command_seq)
                return; /* sent again, and carried out before */
        n->command_seq = m->command.seq;
        error = command_apply(e, sender, &m->command.command, text, sizeof(text));
        if (sender->node_id == e->node_id && m->incarnation == e->incarnation)
                command_applied(e, m->command.seq, error, text);
}

void apply_message(Engine *e, const Member *sender, const Message *m)
{
        Node *n;

        switch (m->type) {
        case MESSAGE_FACTS:
                apply_facts(e, sender, &m->facts, false);
                break;
        case MESSAGE_SYNCED:
                apply_synced(e, sender);
                break;
        case MESSAGE_DEFINITIONS:
                definitions_apply(e, sender->node_id, &m->definitions);
                if (sender->node_id == e->node_id)
                        e->definitions_sent = false;
                break;
        case MESSAGE_RESULT:
                apply_result(e, sender->node_id, &m->result);
                break;
        case MESSAGE_EXPIRY:
                apply_expiry(e, &m->expiry);
                break;
        case MESSAGE_COMMAND:
                apply_command(e, sender, m);
                break;
        case MESSAGE_ACK:
                apply_ack(e, sender->node_id, &m->ack);
                break;
        case MESSAGE_LEAVE:
                n = state_find_node(&e->state, sender->node_id);
                if (n && !n->leaving) {
                        n->leaving = true;
                        node_touched(e, n);
                }
                break;
        case MESSAGE_VIEW:
        case MESSAGE_EXCLUDE:
        case MESSAGE_STATE:
        case _MESSAGE_TYPE_MAX:
        default:
                break;
        }
}

void apply_finish(Engine *e)
{
        State *s = &e->state;
        bool pending;

        do {
                pending = s->form_pending;
                decide_all(e);
                if (e->lasting_changed) {
                        e->lasting_changed = false;
                        if (s->ring_seq > s->revision.ring_seq)
                                s->revision = (Revision){ .ring_seq = s->ring_seq };
                        s->revision.count++;
                }
                apply_commit(e);
        } while (pending && !s->form_pending);
}
