/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a delivered message changes in the agreed state. Every synced member comes here with the same messages in the
 * same order. A message names what it refers to (a copy, a timer, a command), and one that refers to something that
 * the state does not have changes nothing. */

#include "engine/agreed/apply.h"
#include "engine/agreed/app.h"
#include "engine/agreed/command.h"
#include "engine/agreed/commit.h"
#include "engine/agreed/copy.h"
#include "engine/agreed/decide.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "base/array.h"

/* ---- marks ---- */

static void app_mark_node(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        Mark *m = app_find_mark(a, node_id);
        uint64_t timeout =
                        a->has_definition ? a->definition.failure_timeout_usec : FAILURE_TIMEOUT_DEFAULT_USEC;

        if (!m)
                m = app_add_mark(a, node_id);
        if (!m) {
                g->out.oom = true;
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
        m->timer = agreed_timer(g, m->duration_usec);

        free(a->failure);
        a->failure = outlet_strdup(&g->out, reason && *reason ? reason : "failed");
        agreed_note(g, NOTE_APP_FAILED, a->name, node_id, "%s", a->failure ? a->failure : "");
        g->lasting_changed = true;
}

void app_fail_copy(Agreed *g, App *a, uint32_t node_id, const char *reason, uint64_t realtime_usec)
{
        app_mark_node(g, a, node_id, reason, realtime_usec);
        if (a->has_definition && a->definition.failure_action == FAILURE_STOP)
                a->halted = true;
}

static void mark_expired(Agreed *g, App *a, Mark *m)
{
        m->timer = (Timer){};
        if (m->booted)
                app_remove_mark(a, m);
        else
                m->expired = true;
        g->lasting_changed = true;
        app_look_again(g, a);
}

/* ---- the end of a copy ---- */

/* A stop job that is not ours: started again in place; twice within FailureTimeoutSec= is a mark. */
static void app_stopped_outside(Agreed *g, App *a, uint32_t node_id, uint64_t realtime_usec)
{
        uint64_t window = a->has_definition ? a->definition.failure_timeout_usec : 0;

        if (a->outside.serial == 0) {
                if (window > 0)
                        a->outside = agreed_timer(g, window);
                a->next_type = START_NORMAL;
                a->next_from = 0;
                a->next_node = node_id;
                return;
        }
        a->outside = (Timer){};
        app_fail_copy(g, a, node_id, "stopped from outside again and again", realtime_usec);
        a->next_type = START_FAILOVER;
        a->next_from = node_id;
        a->next_node = 0;
}

/* Its manager will say that it leaves; where the shutdown is called off it says nothing. */
static void node_goes_down(Agreed *g, Node *n)
{
        if (!n || n->leaving)
                return;
        n->leaving = true;
        n->shutdown = agreed_timer(g, SHUTDOWN_USEC);
        node_touched(g, n);
}

/* The application's present copy has ended in `state`, as its node reports. The copy is gone already. */
static void app_present_ended(
                Agreed *g, App *a, const Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Node *n = state_find_node(&g->state, c->node_id);

        switch (state) {
        case UNIT_FAILED:
        case UNIT_REFUSED:
                app_fail_copy(g, a, c->node_id, reason, realtime);
                a->next_type = START_FAILOVER;
                a->next_from = c->node_id;
                a->next_node = 0;
                break;
        case UNIT_FINISHED:
                a->finished = true;
                a->owner = 0;
                agreed_note(g, NOTE_APP_FINISHED, a->name, c->node_id, NULL);
                break;
        case UNIT_KILLED:
                copy_ended_note(g, a, c, "stopped from outside; it is started again");
                app_stopped_outside(g, a, c->node_id, realtime);
                break;
        case UNIT_SHUTDOWN:
                copy_ended_note(g, a, c, "its host is being shut down");
                node_goes_down(g, n);
                a->next_type = START_TAKEOVER;
                a->next_from = c->node_id;
                a->next_node = 0;
                g->all_dirty = true;
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
                copy_ended_note(g, a, c, "gone");
                app_begin_loss(g, a, c->node_id, app_delay(&g->state, a));
                break;
        case UNIT_STOPPED:
                /* Its node took itself for cut off, and is there: it is waited for like one that was lost, and for as long as
                 * its manager takes to be in step again. */
                copy_ended_note(g, a, c, "stopped on its own node");
                app_begin_loss(g, a, c->node_id, MAX(app_delay(&g->state, a), ANSWER_USEC));
                break;
        case UNIT_STARTING:
        case UNIT_RUNNING:
        case UNIT_STOPPING:
        case UNIT_STUCK:
        case _UNIT_STATE_MAX:
        default:
                copy_ended_note(g, a, c, "stopped on its own node");
                app_clear_next(a);
                break;
        }
        app_await_leaver(g, a, c);
}

/* start-first: one of two copies has ended, and the other one is the application's. A new one that ended by itself, however,
 * leaves a mark, or it would be started again at once; it stops nothing, whatever FailureAction= says. */
static void copy_ended_beside(
                Agreed *g, App *a, const Copy *was, UnitState state, const char *reason, uint64_t realtime)
{
        const Copy *other = app_present_copy(a);
        bool failed = state == UNIT_FAILED || state == UNIT_REFUSED;
        bool ended = failed || state == UNIT_FINISHED || state == UNIT_KILLED || state == UNIT_STOPPED;

        if (was->phase != COPY_STOPPING && state == UNIT_SHUTDOWN)
                node_goes_down(g, state_find_node(&g->state, was->node_id));
        if (was->phase != COPY_STOPPING && ended && was->epoch > other->epoch)
                app_mark_node(g, a, was->node_id, failed ? reason : "it ended beside the other copy",
                                realtime);
        else if (was->phase != COPY_STOPPING && failed)
                app_fail_copy(g, a, was->node_id, reason, realtime);
        else
                copy_ended_note(g, a, was, strempty(was->stop_why));
        a->owner = other->node_id;
}

/* A copy has ended. What comes next is decide.c's to say; here stands what its end means. */
static void copy_ended(Agreed *g, App *a, Copy *c, UnitState state, const char *reason, uint64_t realtime)
{
        Copy was = *c;
        bool ordered = c->phase == COPY_STOPPING, live = copy_is_live(c);
        bool failed = state == UNIT_FAILED || state == UNIT_REFUSED;

        app_remove_copy(a, c);
        g->lasting_changed = true;
        app_touched(g, a);
        if (was.phase == COPY_LOST)
                return; /* its loss was noted when it happened */
        if (!live || a->maintenance)
                copy_ended_note(g, a, &was, "ended");
        if (was.surplus)
                return;
        if (app_count_live(a, NULL) > 0) {
                copy_ended_beside(g, a, &was, state, reason, realtime);
                return;
        }
        if (ordered || a->maintenance) {
                if (live && !a->maintenance) {
                        copy_ended_note(g, a, &was, strempty(was.stop_why));
                        app_await_leaver(g, a, &was);
                }
                return;
        }
        app_present_ended(g, a, &was, state, reason, realtime);
        if (failed)
                app_clear_hold(a); /* a failover ends it */
}

/* ---- messages ---- */

static void apply_running(Agreed *g, App *a, Copy *c)
{
        Effect *f;

        if (c->phase != COPY_STARTING)
                return;
        c->phase = COPY_RUNNING;
        f = agreed_note(g, NOTE_APP_STARTED, a->name, c->node_id, NULL);
        f->epoch = c->epoch;
        f->start_type = c->start_type;
        f->from_node = outlet_strdup(&g->out, state_node_name(&g->state, c->from_node));
        /* start-first: the new one runs, so the old one goes. Its node's file may have changed while the old one counted. */
        FOREACH_ARRAY(old, a->copies, a->n_copies)
                if (old->epoch < c->epoch && copy_is_live(old))
                        app_stop_copy(g, a, old, "the new copy runs");
        app_agree_definition(g, a, c->node_id);
        app_touched(g, a);
}

/* systemd restarts it; without a reason nothing is told of it. How often is no change of what it is. */
static void apply_restarts(Agreed *g, App *a, const Copy *c, const char *reason)
{
        bool known = app_restarts(a, c);

        if (isempty(reason) || (c->phase != COPY_STARTING && c->phase != COPY_RUNNING))
                return;
        app_end_restarts(a);
        a->restarts = outlet_strdup(&g->out, reason);
        a->restarts_epoch = c->epoch;
        if (known) {
                agreed_changed_app(g, a);
                return;
        }
        agreed_note(g, NOTE_APP_RESTARTING, a->name, c->node_id, "%s", reason)->epoch = c->epoch;
        app_touched(g, a);
}

static void apply_settled(Agreed *g, App *a, const Copy *c)
{
        if (!app_restarts(a, c))
                return;
        app_end_restarts(a);
        agreed_note(g, NOTE_APP_SETTLED, a->name, c->node_id, NULL)->epoch = c->epoch;
        app_touched(g, a);
}

static void apply_result(Agreed *g, uint32_t node_id, const ResultMessage *m)
{
        App *a = state_find_app(&g->state, m->app);
        Copy *c;

        if (!a)
                return;
        if (a->n_owed > 0) {
                apply_owed(a, node_id);
                app_touched(g, a);
        }
        c = app_find_copy(a, node_id, m->epoch);
        if (!c)
                return;
        if (unit_state_is_alive(m->state) && c->restart_needed != m->restart_needed) {
                c->restart_needed = m->restart_needed;
                agreed_changed_app(g, a);
        }
        switch (m->state) {
        case UNIT_STARTING:
                apply_restarts(g, a, c, m->reason);
                break;
        case UNIT_STOPPING:
                break;
        case UNIT_RUNNING:
                if (c->phase == COPY_STARTING)
                        apply_running(g, a, c);
                else
                        apply_settled(g, a, c);
                break;
        case UNIT_STUCK:
                c->stuck = true;
                if (c->phase != COPY_LOST)
                        c->phase = COPY_STOPPING;
                app_touched(g, a);
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
                copy_ended(g, a, c, m->state, m->reason, m->realtime_usec);
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

static void copy_stop_surplus(Agreed *g, App *a, Copy *c)
{
        const Copy *kept = app_present_copy(a);
        Effect *f;

        c->surplus = true;
        c->phase = COPY_STOPPING;
        f = agreed_note(g, NOTE_COPY_STOPPED, a->name, c->node_id,
                        kept && kept != c ? "another copy is the application's"
                                          : "it is not the last that was started");
        f->epoch = c->epoch;
        f->from_node = outlet_strdup(
                        &g->out, kept && kept != c ? state_node_name(&g->state, kept->node_id) : "");
        app_touched(g, a);
}

static void copy_adopt(Agreed *g, App *a, Copy *c, UnitState state)
{
        c->phase = state == UNIT_STARTING ? COPY_STARTING : COPY_RUNNING;
        c->untamed = c->stuck = c->surplus = false;
        a->owner = c->node_id;
        a->last_epoch = MAX(a->last_epoch, c->epoch);
        app_end_loss(a);
        app_clear_next(a);
        agreed_note(g, NOTE_COPY_ADOPTED, a->name, c->node_id, NULL)->epoch = c->epoch;
        g->lasting_changed = true;
        app_touched(g, a);
}

/* A copy that this state knows as the application's present one stays; another is adopted if there is none and its
 * epoch is the last that was granted; else it is stopped. While the group forms all are taken first. */
static void apply_fact(Agreed *g, uint32_t node_id, const CopyFact *f, uint64_t realtime_usec, bool forming)
{
        App *a = state_find_app(&g->state, f->app);
        Copy *c;

        if (!a && g->state.n_apps >= STATE_APPS_MAX)
                return; /* its node stops what the state does not know */
        if (!a) {
                a = state_add_app(&g->state, f->app);
                if (!a) {
                        g->out.oom = true;
                        return;
                }
                a->target_up = true;
                g->lasting_changed = true;
        }
        c = app_find_copy(a, node_id, f->epoch);
        if (!unit_state_is_alive(f->state)) {
                bool last = c && c->phase == COPY_LOST && c->epoch == a->last_epoch &&
                            app_count_live(a, NULL) == 0;

                if (last && app_wants_up(a))
                        c->phase = COPY_RUNNING; /* it was the application's: its end counts */
                if (c)
                        copy_ended(g, a, c, f->state, NULL, realtime_usec);
                return;
        }
        a->epoch = MAX(a->epoch, f->epoch);
        if (!c) {
                bool newest = f->epoch >= a->last_epoch;

                c = app_add_copy(a, node_id, f->epoch);
                if (!c) {
                        g->out.oom = true;
                        return;
                }
                c->phase = COPY_LOST;
                g->lasting_changed = true;
                if (!newest && !forming) {
                        copy_stop_surplus(g, a, c);
                        return;
                }
        }
        c->untamed = false;
        if (f->state == UNIT_STUCK) {
                c->stuck = true;
                c->phase = COPY_STOPPING;
                app_touched(g, a);
        } else if (f->state == UNIT_STOPPING) {
                c->phase = COPY_STOPPING;
                app_touched(g, a);
        } else if (c->phase == COPY_LOST) {
                if (forming || (app_count_live(a, c) == 0 && c->epoch >= a->last_epoch))
                        copy_adopt(g, a, c, f->state);
                else
                        copy_stop_surplus(g, a, c);
        } else if (f->state == UNIT_RUNNING)
                apply_running(g, a, c);
}

static void facts_node(Agreed *g, Node *n, const FactsMessage *f)
{
        bool booted = n->boot_id != 0 && n->boot_id != f->boot_id;

        if (n->grace_usec != f->grace_usec || n->boot_id != f->boot_id || n->version_max != f->version_max)
                g->lasting_changed = true;
        if (node_rename(g, n, f->node_name))
                g->lasting_changed = true;
        n->grace_usec = f->grace_usec;
        n->boot_id = f->boot_id;
        node_set_timing(g, n, &f->timing);
        n->unwritable = !f->can_write;
        n->unguarded = !f->guarded;
        n->version_max = f->version_max;
        node_set_nodelist(g, n, f->nodelist, f->n_nodelist, f->by_fewer);
        n->unknown = n->late = n->leaving = false;
        n->shutdown = (Timer){};
        n->acked = (Revision){};
        n->presence = PRESENCE_REPORTED;
        if (f->version_min > g->state.version || f->version_max < g->state.version) {
                n->presence = PRESENCE_SYNCING; /* what it runs counts; it never gets to be synced */
                agreed_note(g, NOTE_MESSAGE_REFUSED, NULL, n->id,
                                "its manager knows protocol versions %u to %u; the group speaks %u",
                                f->version_min, f->version_max, g->state.version);
        }
        node_touched(g, n);
        if (!booted)
                return;
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                Mark *m = app_find_mark(a, n->id);

                if (m && m->expired)
                        app_remove_mark(a, m);
                else if (m)
                        m->booted = true;
        }
}

void apply_facts(Agreed *g, const Member *sender, const FactsMessage *f, bool forming)
{
        _cleanup_free_ const CopyFact **sorted = NULL;
        Node *n = state_find_node(&g->state, sender->node_id);

        if (!n) {
                if (g->state.n_nodes >= NODES_MAX)
                        return;
                n = state_add_node(&g->state, sender->node_id, f->node_name);
                if (!n) {
                        g->out.oom = true;
                        return;
                }
        }
        facts_node(g, n, f);
        g->outcome.files_dirty = true;
        /* What differs is told anew by `definitions`. */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                Variant *v = app_find_variant(a, n->id);

                if (v)
                        app_remove_variant(a, v);
                (void) app_set_wrong(a, n->id, 0);
                apply_owed(a, n->id);
        }
        sorted = facts_sort(f);
        if (!sorted) {
                g->out.oom = true;
                return;
        }
        for (size_t i = 0; i < f->n_copies; i++)
                apply_fact(g, n->id, &f->copies[i], f->realtime_usec, forming);
        /* What the state had there and was not reported has ended. */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                for (size_t i = a->n_copies; i > 0; i--) {
                        Copy *c = &a->copies[i - 1];

                        if (c->node_id == n->id && !facts_have(sorted, f->n_copies, a->name, c->epoch))
                                copy_ended(g, a, c, UNIT_NONE, NULL, f->realtime_usec);
                }
}

/* All facts are in: of several copies the newest is the application's. */
void apply_formed(Agreed *g)
{
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps) {
                Copy *newest = NULL;

                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (copy_is_live(c))
                                newest = c;
                if (!newest)
                        continue;
                a->owner = newest->node_id;
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c != newest && copy_is_live(c))
                                copy_stop_surplus(g, a, c);
                app_end_loss(a);
        }
        apply_view_nodes(g);
        g->all_dirty = true;
}

static void apply_synced(Agreed *g, const Member *sender)
{
        Node *n = state_find_node(&g->state, sender->node_id);

        if (!n || n->presence != PRESENCE_REPORTED)
                return;
        n->presence = PRESENCE_SYNCED;
        n->synced_serial = g->state.next_serial;
        n->grace = (Timer){};
        n->grace_over = false;
        n->pid = sender->pid;
        /* Its manager knows by now whether maintenance is over: it watches over what runs there again. */
        FOREACH_ARRAY(a, g->state.apps, g->state.n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies)
                        if (c->node_id == n->id && copy_is_live(c))
                                c->untamed = false;
        apply_view_nodes(g);
        apply_version(g);
        node_touched(g, n);
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

static void apply_app_timers(Agreed *g, App *a, const ExpiryMessage *m)
{
        if (expiry_names(m, TIMER_FAILOVER, &a->delay)) {
                a->delay = (Timer){};
                app_touched(g, a);
        }
        if (expiry_names(m, TIMER_TAKEOVER, &a->better)) {
                a->better = (Timer){}; /* decide.c sees that better_node has waited */
                a->dirty = true;
        }
        if (expiry_names(m, TIMER_OUTSIDE, &a->outside))
                a->outside = (Timer){};
        for (size_t i = a->n_marks; i > 0; i--)
                if (expiry_names(m, TIMER_MARK, &a->marks[i - 1].timer))
                        mark_expired(g, a, &a->marks[i - 1]);
}

static void apply_grace(Agreed *g, Node *n)
{
        /* Its next manager is there and about to report what runs. */
        if (n->presence == PRESENCE_SYNCING || n->presence == PRESENCE_REPORTED)
                n->grace = agreed_timer(g, ANSWER_USEC);
        else
                node_grace_over(g, n);
}

/* `m` is sorted: however many timers it names, the state is gone through once. */
static void apply_timers(Agreed *g, const ExpiryMessage *m)
{
        State *s = &g->state;

        FOREACH_ARRAY(a, s->apps, s->n_apps)
                apply_app_timers(g, a, m);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                if (expiry_names(m, TIMER_GRACE, &n->grace))
                        apply_grace(g, n);
                if (expiry_names(m, TIMER_SHUTDOWN, &n->shutdown)) {
                        n->shutdown = (Timer){};
                        n->leaving = false; /* the shutdown was called off */
                        node_touched(g, n);
                }
        }
        if (expiry_names(m, TIMER_COMMIT, &s->commit))
                apply_commit_timer(g);
        if (expiry_names(m, TIMER_RELOAD, &s->reload))
                definitions_end_reading(g);
}

static void apply_expiry(Agreed *g, const ExpiryMessage *m)
{
        ExpiryMessage sorted = { .n_timers = m->n_timers };

        if (m->n_timers == 0)
                return;
        sorted.timers = calloc(m->n_timers, sizeof(m->timers[0]));
        if (!sorted.timers) {
                g->out.oom = true;
                return;
        }
        memcpy(sorted.timers, m->timers, m->n_timers * sizeof(m->timers[0]));
        qsort(sorted.timers, sorted.n_timers, sizeof(sorted.timers[0]), compare_timers);
        apply_timers(g, &sorted);
        free(sorted.timers);
}

static void apply_guard(Agreed *g, uint32_t node_id, const GuardMessage *m)
{
        Node *n = state_find_node(&g->state, node_id);

        if (!n || n->unguarded == !m->guarded)
                return;
        n->unguarded = !m->guarded;
        node_touched(g, n);
}

/* ---- the message as a whole ---- */

static Revision agreed_next_revision(const Agreed *g)
{
        const State *s = &g->state;

        if (s->ring_seq > s->revision.ring_seq)
                return (Revision){ .ring_seq = s->ring_seq, .count = 1 };
        return (Revision){ .ring_seq = s->revision.ring_seq, .count = s->revision.count + 1 };
}

static void apply_command(Agreed *g, const Member *sender, const Message *m)
{
        Node *n = state_find_node(&g->state, sender->node_id);
        Outcome *o = &g->outcome;

        if (!n)
                return;
        if (n->command_incarnation != m->incarnation) {
                n->command_incarnation = m->incarnation;
                n->command_seq = 0;
        }
        if (m->command.seq <= n->command_seq)
                return; /* sent again, and carried out before */
        n->command_seq = m->command.seq;
        o->command = true;
        o->error = command_apply(g, sender, &m->command.command, o->text, sizeof(o->text));
        /* The revision that holds it is counted at the end of this message. */
        o->revision = g->lasting_changed ? agreed_next_revision(g) : g->state.revision;
}

void apply_message(Agreed *g, const Member *sender, const Message *m)
{
        Node *n;

        switch (m->type) {
        case MESSAGE_FACTS:
                apply_facts(g, sender, &m->facts, false);
                break;
        case MESSAGE_SYNCED:
                apply_synced(g, sender);
                break;
        case MESSAGE_DEFINITIONS:
                definitions_apply(g, sender->node_id, &m->definitions);
                break;
        case MESSAGE_RESULT:
                apply_result(g, sender->node_id, &m->result);
                break;
        case MESSAGE_EXPIRY:
                apply_expiry(g, &m->expiry);
                break;
        case MESSAGE_COMMAND:
                apply_command(g, sender, m);
                break;
        case MESSAGE_ACK:
                apply_ack(g, sender->node_id, &m->ack);
                break;
        case MESSAGE_GUARD:
                apply_guard(g, sender->node_id, &m->guard);
                break;
        case MESSAGE_LEAVE:
                n = state_find_node(&g->state, sender->node_id);
                if (n && (!n->leaving || n->shutdown.serial != 0)) {
                        n->leaving = true;
                        n->shutdown = (Timer){};
                        node_touched(g, n);
                }
                break;
        case MESSAGE_TIMING:
                n = state_find_node(&g->state, sender->node_id);
                if (n)
                        node_set_timing(g, n, &m->timing);
                break;
        case MESSAGE_NODELIST:
                nodelist_apply(g, sender->node_id, &m->nodelist);
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

void apply_finish(Agreed *g)
{
        State *s = &g->state;
        bool pending;

        do {
                pending = s->form_pending;
                decide_all(g);
                if (g->lasting_changed) {
                        g->lasting_changed = false;
                        s->revision = agreed_next_revision(g);
                }
                apply_commit(g);
        } while (g->lasting_changed || (pending && !s->form_pending));
}
