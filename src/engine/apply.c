/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a delivered message changes in the agreed state. Every synced member comes here with the same messages in the
 * same order. A message names what it refers to (a copy, a timer, a command), and one that refers to something that
 * the state does not have changes nothing. */

#include "engine/internal.h"
#include "base/array.h"

/* ---- marks ---- */

static void app_mark_node(Engine *e, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        Mark *m = app_find_mark(a, node_id);
        uint64_t timeout =
                        a->has_definition ? a->definition.failure_timeout_usec : FAILURE_TIMEOUT_DEFAULT_USEC;

        if (!m)
                m = app_add_mark(a, node_id);
        if (!m) {
                e->agreed.out.oom = true;
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
        m->timer = agreed_timer(&e->agreed, m->duration_usec);

        free(a->failure);
        a->failure = engine_strdup(e, reason && *reason ? reason : "failed");
        engine_note(e, NOTE_APP_FAILED, a->name, node_id, "%s", a->failure ? a->failure : "");
        e->agreed.lasting_changed = true;
}

void app_fail_copy(Engine *e, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        app_mark_node(e, a, node_id, reason, realtime_usec);
        if (a->has_definition && a->definition.failure_action == FAILURE_STOP)
                a->halted = true;
}

static void mark_expired(Engine *e, App *a, Mark *m)
{
        m->timer = (Timer){};
        if (m->booted)
                app_remove_mark(a, m);
        else
                m->expired = true;
        e->agreed.lasting_changed = true;
        app_look_again(e, a);
}

/* ---- the end of a copy ---- */

/* A stop job that is not ours: started again in place; twice within FailureTimeoutSec= is a mark. */
static void app_stopped_outside(Engine *e, App *a, uint32_t node_id, uint64_t realtime_usec)
{
        uint64_t window = a->has_definition ? a->definition.failure_timeout_usec : 0;

        if (a->outside.serial == 0) {
                if (window > 0)
                        a->outside = agreed_timer(&e->agreed, window);
                a->next_type = START_NORMAL;
                a->next_from = 0;
                a->next_node = node_id;
                return;
        }
        a->outside = (Timer){};
        app_fail_copy(e, a, node_id, "stopped from outside again and again", realtime_usec);
        a->next_type = START_FAILOVER;
        a->next_from = node_id;
        a->next_node = 0;
}

/* Its manager will say that it leaves; where the shutdown is called off it says nothing. */
static void node_goes_down(Engine *e, Node *n)
{
        if (!n || n->leaving)
                return;
        n->leaving = true;
        n->shutdown = agreed_timer(&e->agreed, SHUTDOWN_USEC);
        node_touched(e, n);
}

/* The application's present copy has ended in `state`, as its node reports. The copy is gone already. */
static void app_present_ended(
                Engine *e, App *a, const Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Node *n = state_find_node(&e->agreed.state, c->node_id);

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
                node_goes_down(e, n);
                a->next_type = START_TAKEOVER;
                a->next_from = c->node_id;
                a->next_node = 0;
                e->agreed.all_dirty = true;
                break;
        case UNIT_NONE:
                if (c->phase == COPY_STARTING) {
                        /* It was granted and never began: the same start is decided again. */
                        a->next_type = c->start_type;
                        a->next_from = c->from_node;
                        a->next_node = 0;
                        break;
                }
                /* It ended while no manager watched it: the owner is back, or comes back, without it. */
                copy_ended_note(e, a, c, "gone");
                app_begin_loss(e, a, c->node_id, app_delay(&e->agreed.state, a));
                break;
        case UNIT_STOPPED:
                /* Its node took itself for cut off, and is there: it is waited for like one that was lost, and for as long as
                 * its manager takes to be in step again. */
                copy_ended_note(e, a, c, "stopped on its own node");
                app_begin_loss(e, a, c->node_id, MAX(app_delay(&e->agreed.state, a), ANSWER_USEC));
                break;
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
        app_await_leaver(e, a, c);
}

/* start-first: one of two copies has ended, and the other one is the application's. A new one that ended by itself, however,
 * leaves a mark, or it would be started again at once; it stops nothing, whatever FailureAction= says. */
static void copy_ended_beside(
                Engine *e, App *a, const Copy *was, UnitState state, const char *reason, uint64_t realtime)
{
        const Copy *other = app_present_copy(a);
        bool failed = state == UNIT_FAILED || state == UNIT_REFUSED;
        bool ended = failed || state == UNIT_FINISHED || state == UNIT_KILLED || state == UNIT_STOPPED;

        if (was->phase != COPY_STOPPING && state == UNIT_SHUTDOWN)
                node_goes_down(e, state_find_node(&e->agreed.state, was->node_id));
        if (was->phase != COPY_STOPPING && ended && was->epoch > other->epoch)
                app_mark_node(e, a, was->node_id, failed ? reason : "it ended beside the other copy",
                                realtime);
        else if (was->phase != COPY_STOPPING && failed)
                app_fail_copy(e, a, was->node_id, reason, realtime);
        else
                copy_ended_note(e, a, was, strempty(was->stop_why));
        a->owner = other->node_id;
}

/* A copy has ended. What comes next is decide.c's to say; here stands what its end means. */
static void copy_ended(Engine *e, App *a, Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Copy was = *c;
        bool ordered = c->phase == COPY_STOPPING, live = copy_is_live(c);
        bool failed = state == UNIT_FAILED || state == UNIT_REFUSED;

        app_remove_copy(a, c);
        e->agreed.lasting_changed = true;
        app_touched(e, a);
        if (was.phase == COPY_LOST)
                return; /* its loss was noted when it happened */
        if (!live || a->maintenance)
                copy_ended_note(e, a, &was, "ended");
        if (was.surplus)
                return;
        if (app_count_live(a, NULL) > 0) {
                copy_ended_beside(e, a, &was, state, reason, realtime);
                return;
        }
        if (ordered || a->maintenance) {
                if (live && !a->maintenance) {
                        copy_ended_note(e, a, &was, strempty(was.stop_why));
                        app_await_leaver(e, a, &was);
                }
                return;
        }
        app_present_ended(e, a, &was, state, reason, realtime);
        if (failed)
                app_clear_hold(a); /* a failover ends it */
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
        f->from_node = engine_strdup(e, state_node_name(&e->agreed.state, c->from_node));
        /* start-first: the new one runs, so the old one goes. Its node's file may have changed while the old one counted. */
        FOREACH_ARRAY(old, a->copies, a->n_copies)
                if (old->epoch < c->epoch && copy_is_live(old))
                        app_stop_copy(e, a, old, "the new copy runs");
        app_agree_definition(e, a, c->node_id);
        app_touched(e, a);
}

/* systemd restarts it; without a reason nothing is told of it. How often is no change of what it is. */
static void apply_restarts(Engine *e, App *a, const Copy *c, const char *reason)
{
        bool known = app_restarts(a, c);

        if (isempty(reason) || (c->phase != COPY_STARTING && c->phase != COPY_RUNNING))
                return;
        app_end_restarts(a);
        a->restarts = engine_strdup(e, reason);
        a->restarts_epoch = c->epoch;
        if (known) {
                engine_changed_app(e, a);
                return;
        }
        engine_note(e, NOTE_APP_RESTARTING, a->name, c->node_id, "%s", reason)->epoch = c->epoch;
        app_touched(e, a);
}

static void apply_settled(Engine *e, App *a, const Copy *c)
{
        if (!app_restarts(a, c))
                return;
        app_end_restarts(a);
        engine_note(e, NOTE_APP_SETTLED, a->name, c->node_id, NULL)->epoch = c->epoch;
        app_touched(e, a);
}

static void apply_result(Engine *e, uint32_t node_id, const ResultMessage *m)
{
        App *a = state_find_app(&e->agreed.state, m->app);
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
        if (unit_state_is_alive(m->state) && c->restart_needed != m->restart_needed) {
                c->restart_needed = m->restart_needed;
                engine_changed_app(e, a);
        }
        switch (m->state) {
        case UNIT_STARTING:
                apply_restarts(e, a, c, m->reason);
                break;
        case UNIT_STOPPING:
                break;
        case UNIT_RUNNING:
                if (c->phase == COPY_STARTING)
                        apply_running(e, a, c);
                else
                        apply_settled(e, a, c);
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

static int compare_facts(const void *a, const void *b)
{
        const CopyFact *const *x = a, *const *y = b;
        int c = strcmp((*x)->app, (*y)->app);

        return c != 0 ? c : CMP((*x)->epoch, (*y)->epoch);
}

/* A list to be searched; the caller frees it. NULL without memory. */
static const CopyFact **facts_sort(const FactsMessage *f)
{
        const CopyFact **sorted = calloc(MAX(f->n_copies, (size_t) 1), sizeof(*sorted));

        for (size_t i = 0; sorted && i < f->n_copies; i++)
                sorted[i] = &f->copies[i];
        if (sorted)
                qsort(sorted, f->n_copies, sizeof(*sorted), compare_facts);
        return sorted;
}

static bool facts_have(const CopyFact *const *sorted, size_t n, const char *app, uint64_t epoch)
{
        const CopyFact key = { .app = (char *) app, .epoch = epoch }, *k = &key;

        return bsearch(&k, sorted, n, sizeof(*sorted), compare_facts);
}

static void copy_stop_surplus(Engine *e, App *a, Copy *c)
{
        const Copy *kept = app_present_copy(a);
        Effect *f;

        c->surplus = true;
        c->phase = COPY_STOPPING;
        f = engine_note(e, NOTE_COPY_STOPPED, a->name, c->node_id,
                        kept && kept != c ? "another copy is the application's"
                                          : "it is not the last that was started");
        f->epoch = c->epoch;
        f->from_node = engine_strdup(
                        e, kept && kept != c ? state_node_name(&e->agreed.state, kept->node_id) : "");
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
        e->agreed.lasting_changed = true;
        app_touched(e, a);
}

/* A copy that this state knows as the application's present one stays; another is adopted if there is none and its
 * epoch is the last that was granted; else it is stopped. While the group forms all are taken first. */
static void apply_fact(Engine *e, uint32_t node_id, const CopyFact *f, uint64_t realtime_usec, bool forming)
{
        App *a = state_find_app(&e->agreed.state, f->app);
        Copy *c;

        if (!a && e->agreed.state.n_apps >= STATE_APPS_MAX)
                return; /* its node stops what the state does not know */
        if (!a) {
                a = state_add_app(&e->agreed.state, f->app);
                if (!a) {
                        e->agreed.out.oom = true;
                        return;
                }
                a->target_up = true;
                e->agreed.lasting_changed = true;
        }
        c = app_find_copy(a, node_id, f->epoch);
        if (!unit_state_is_alive(f->state)) {
                bool last = c && c->phase == COPY_LOST && c->epoch == a->last_epoch &&
                            app_count_live(a, NULL) == 0;

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
                        e->agreed.out.oom = true;
                        return;
                }
                c->phase = COPY_LOST;
                e->agreed.lasting_changed = true;
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

        if (n->grace_usec != f->grace_usec || n->boot_id != f->boot_id || n->version_max != f->version_max)
                e->agreed.lasting_changed = true;
        if (node_rename(e, n, f->node_name))
                e->agreed.lasting_changed = true;
        n->grace_usec = f->grace_usec;
        n->boot_id = f->boot_id;
        node_set_timing(e, n, &f->timing);
        n->unwritable = !f->can_write;
        n->unguarded = !f->guarded;
        n->version_max = f->version_max;
        node_set_nodelist(e, n, f->nodelist, f->n_nodelist, f->by_fewer);
        n->unknown = n->late = n->leaving = false;
        n->shutdown = (Timer){};
        n->acked = (Revision){};
        n->presence = PRESENCE_REPORTED;
        if (f->version_min > e->agreed.state.version || f->version_max < e->agreed.state.version) {
                n->presence = PRESENCE_SYNCING; /* what it runs counts; it never gets to be synced */
                engine_note(e, NOTE_MESSAGE_REFUSED, NULL, n->id,
                                "its manager knows protocol versions %u to %u; the group speaks %u",
                                f->version_min, f->version_max, e->agreed.state.version);
        }
        node_touched(e, n);
        if (!booted)
                return;
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                Mark *m = app_find_mark(a, n->id);

                if (m && m->expired)
                        app_remove_mark(a, m);
                else if (m)
                        m->booted = true;
        }
}

void apply_facts(Engine *e, const Member *sender, const FactsMessage *f, bool forming)
{
        _cleanup_free_ const CopyFact **sorted = NULL;
        Node *n = state_find_node(&e->agreed.state, sender->node_id);

        if (!n) {
                if (e->agreed.state.n_nodes >= NODES_MAX)
                        return;
                n = state_add_node(&e->agreed.state, sender->node_id, f->node_name);
                if (!n) {
                        e->agreed.out.oom = true;
                        return;
                }
        }
        facts_node(e, n, f);
        e->definitions_dirty = true;
        /* What differs is told anew by `definitions`. */
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                Variant *v = app_find_variant(a, n->id);

                if (v)
                        app_remove_variant(a, v);
                (void) app_set_wrong(a, n->id, 0);
                apply_owed(a, n->id);
        }
        sorted = facts_sort(f);
        if (!sorted) {
                e->agreed.out.oom = true;
                return;
        }
        for (size_t i = 0; i < f->n_copies; i++)
                apply_fact(e, n->id, &f->copies[i], f->realtime_usec, forming);
        /* What the state had there and was not reported has ended. */
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                for (size_t i = a->n_copies; i > 0; i--) {
                        Copy *c = &a->copies[i - 1];

                        if (c->node_id == n->id && !facts_have(sorted, f->n_copies, a->name, c->epoch))
                                copy_ended(e, a, c, UNIT_NONE, NULL, f->realtime_usec);
                }
}

/* All facts are in: of several copies the newest is the application's. */
void apply_formed(Engine *e)
{
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
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
        e->agreed.all_dirty = true;
        apply_finish(e);
}

static void apply_synced(Engine *e, const Member *sender)
{
        Node *n = state_find_node(&e->agreed.state, sender->node_id);

        if (!n || n->presence != PRESENCE_REPORTED)
                return;
        n->presence = PRESENCE_SYNCED;
        n->synced_serial = e->agreed.state.next_serial;
        n->grace = (Timer){};
        n->grace_over = false;
        n->pid = sender->pid;
        /* Its manager knows by now whether maintenance is over: it watches over what runs there again. */
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id && copy_is_live(c))
                                c->untamed = false;
        apply_view_nodes(e);
        apply_version(e);
        node_touched(e, n);
}

/* ---- timers and acknowledgements ---- */

static int compare_timers(const void *a, const void *b)
{
        const TimerRef *x = a, *y = b;

        return x->kind != y->kind ? CMP(x->kind, y->kind) : CMP(x->serial, y->serial);
}

static bool expiry_names(const ExpiryMessage *m, TimerKind kind, const Timer *t)
{
        const TimerRef key = { .kind = kind, .serial = t->serial };

        return t->serial != 0 && bsearch(&key, m->timers, m->n_timers, sizeof(key), compare_timers);
}

static void apply_app_timers(Engine *e, App *a, const ExpiryMessage *m)
{
        if (expiry_names(m, TIMER_FAILOVER, &a->delay)) {
                a->delay = (Timer){};
                app_touched(e, a);
        }
        if (expiry_names(m, TIMER_TAKEOVER, &a->better)) {
                a->better = (Timer){}; /* decide.c sees that better_node has waited */
                a->dirty = true;
        }
        if (expiry_names(m, TIMER_OUTSIDE, &a->outside))
                a->outside = (Timer){};
        for (size_t i = a->n_marks; i > 0; i--)
                if (expiry_names(m, TIMER_MARK, &a->marks[i - 1].timer))
                        mark_expired(e, a, &a->marks[i - 1]);
}

static void apply_grace(Engine *e, Node *n)
{
        /* Its next manager is there and about to report what runs. */
        if (n->presence == PRESENCE_SYNCING || n->presence == PRESENCE_REPORTED)
                n->grace = agreed_timer(&e->agreed, ANSWER_USEC);
        else
                node_grace_over(e, n);
}

/* A member that has come into step since the timer was begun has not had that long: the next timer counts it, which begins
 * at once, as its coming made a revision. */
static void apply_commit_timer(Engine *e)
{
        State *s = &e->agreed.state;
        uint64_t serial = s->commit.serial;

        s->commit = (Timer){};
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, &s->commit_base) < 0 &&
                                n->synced_serial < serial && !n->late) {
                        n->late = true;
                        node_touched(e, n);
                }
}

/* `m` is sorted: however many timers it names, the state is gone through once. */
static void apply_timers(Engine *e, const ExpiryMessage *m)
{
        State *s = &e->agreed.state;

        FOREACH_ARRAY(a, s->apps, s->n_apps)
                apply_app_timers(e, a, m);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                if (expiry_names(m, TIMER_GRACE, &n->grace))
                        apply_grace(e, n);
                if (expiry_names(m, TIMER_SHUTDOWN, &n->shutdown)) {
                        n->shutdown = (Timer){};
                        n->leaving = false; /* the shutdown was called off */
                        node_touched(e, n);
                }
        }
        if (expiry_names(m, TIMER_COMMIT, &s->commit))
                apply_commit_timer(e);
        if (expiry_names(m, TIMER_RELOAD, &s->reload))
                definitions_end_reading(e);
}

static void apply_expiry(Engine *e, const ExpiryMessage *m)
{
        ExpiryMessage sorted = { .n_timers = m->n_timers };

        if (m->n_timers == 0)
                return;
        sorted.timers = calloc(m->n_timers, sizeof(m->timers[0]));
        if (!sorted.timers) {
                e->agreed.out.oom = true;
                return;
        }
        memcpy(sorted.timers, m->timers, m->n_timers * sizeof(m->timers[0]));
        qsort(sorted.timers, sorted.n_timers, sizeof(sorted.timers[0]), compare_timers);
        apply_timers(e, &sorted);
        free(sorted.timers);
}

static void apply_ack(Engine *e, uint32_t node_id, const AckMessage *m)
{
        Node *n = state_find_node(&e->agreed.state, node_id);
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
        if (revision_compare(&n->acked, &e->agreed.state.commit_base) >= 0)
                n->late = false;
        if (was_late && !n->late)
                node_touched(e, n);
}

static void apply_guard(Engine *e, uint32_t node_id, const GuardMessage *m)
{
        Node *n = state_find_node(&e->agreed.state, node_id);

        if (!n || n->unguarded == !m->guarded)
                return;
        n->unguarded = !m->guarded;
        node_touched(e, n);
}

/* A revision is committed when every synced member has acknowledged it, but for those that were late, and they are a
 * majority of the nodelist: forming needs the records of one. Where forming asks for all of the last view it is every
 * synced member, or, without those that were late, a majority of them. Where the nodes have said different things, the
 * strictest counts. */
static bool commit_reached(const Engine *e, const Revision *revision)
{
        size_t n_synced = 0, n_acked = 0, n_out = 0;

        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes) {
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
        if (e->agreed.state.by_fewer && n_out > 0 && n_acked * 2 <= n_synced)
                return false;
        return nodelist_acked_by_majorities(e, revision);
}

/* A member may acknowledge it yet, and in time. */
bool commit_is_waited_for(const Engine *e, const Revision *revision)
{
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, revision) < 0 && !n->late &&
                                !n->unwritable)
                        return true;
        return false;
}

/* What was changed is on the disks. Where the worker is left alone from now on the guards are yet to be told: a revision of
 * its own is acknowledged by a node after its guard was. */
static void app_is_sure(Engine *e, App *a)
{
        bool before = app_is_left_alone(a);

        a->unsure = (Unsure){};
        if (app_is_left_alone(a) == before)
                return;
        e->agreed.lasting_changed = true;
        engine_changed_app(e, a);
}

static void apply_commit(Engine *e)
{
        State *s = &e->agreed.state;
        Revision best = s->committed;

        /* What is on the disks is one of the revisions that were acknowledged. */
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (n->presence == PRESENCE_SYNCED && revision_compare(&n->acked, &best) > 0 &&
                                commit_reached(e, &n->acked))
                        best = n->acked;
        if (revision_compare(&best, &s->committed) > 0) {
                s->committed = best;
                FOREACH_ARRAY(a, s->apps, s->n_apps)
                        if (revision_compare(&a->unsure.since, &best) < 0)
                                app_is_sure(e, a);
                if (s->form_pending && best.ring_seq >= s->ring_seq) {
                        s->form_pending = false;
                        e->agreed.lasting_changed = e->agreed.lasting_changed || !s->confirmed;
                        s->confirmed = true;
                        e->agreed.all_dirty = true;
                }
        }
        if (revision_compare(&s->committed, &s->revision) >= 0) {
                s->commit = (Timer){};
                node_commit_timings(e);
        } else if (s->commit.serial == 0 && revision_compare(&s->commit_base, &s->revision) < 0) {
                s->commit = agreed_timer(&e->agreed, COMMIT_USEC);
                s->commit_base = s->revision;
        }
}

/* ---- the message as a whole ---- */

static void apply_command(Engine *e, const Member *sender, const Message *m)
{
        Node *n = state_find_node(&e->agreed.state, sender->node_id);
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
        case MESSAGE_GUARD:
                apply_guard(e, sender->node_id, &m->guard);
                break;
        case MESSAGE_LEAVE:
                n = state_find_node(&e->agreed.state, sender->node_id);
                if (n && (!n->leaving || n->shutdown.serial != 0)) {
                        n->leaving = true;
                        n->shutdown = (Timer){};
                        node_touched(e, n);
                }
                break;
        case MESSAGE_TIMING:
                n = state_find_node(&e->agreed.state, sender->node_id);
                if (n)
                        node_set_timing(e, n, &m->timing);
                if (sender->node_id == e->node_id)
                        e->timing_sent = false;
                break;
        case MESSAGE_NODELIST:
                nodelist_apply(e, sender->node_id, &m->nodelist);
                break;
        case MESSAGE_VIEW:
        case MESSAGE_EXCLUDE:
        case MESSAGE_STATE:
        case MESSAGE_UNSENT:
        case _MESSAGE_TYPE_MAX:
        default:
                break;
        }
}

void apply_finish(Engine *e)
{
        State *s = &e->agreed.state;
        bool pending;

        do {
                pending = s->form_pending;
                decide_all(e);
                if (e->agreed.lasting_changed) {
                        e->agreed.lasting_changed = false;
                        if (s->ring_seq > s->revision.ring_seq)
                                s->revision = (Revision){ .ring_seq = s->ring_seq };
                        s->revision.count++;
                }
                apply_commit(e);
        } while (e->agreed.lasting_changed || (pending && !s->form_pending));
}
