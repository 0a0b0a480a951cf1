/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/check.h"
#include "base/array.h"

/* The number and the words of the first that is broken. */
#define HOLDS(expr, words)            \
        do {                          \
                if (!(expr))          \
                        return words; \
        } while (0)

static bool timer_is_of(const State *s, const Timer *t)
{
        return t->serial <= s->next_serial;
}

static bool ids_rise(const uint32_t *ids, size_t n)
{
        for (size_t i = 1; i < n; i++)
                if (ids[i] <= ids[i - 1])
                        return false;
        return true;
}

static const char *check_copies(const App *a)
{
        size_t n_begun = 0;
        bool restarts = !a->restarts;

        for (size_t i = 0; i < a->n_copies; i++) {
                const Copy *c = &a->copies[i];

                HOLDS(i == 0 || c->epoch >= c[-1].epoch, "C1: copies are sorted by epoch");
                HOLDS(c->epoch <= a->epoch, "C2: no copy has an epoch that was not granted or seen");
                HOLDS(!c->surplus || c->phase == COPY_STOPPING, "C3: a surplus copy is being stopped");
                HOLDS(!c->stuck || c->phase == COPY_STOPPING || c->phase == COPY_LOST,
                                "C4: a copy whose stop did not end is being stopped, or lost");
                n_begun += c->phase == COPY_STARTING || c->phase == COPY_RUNNING;
                restarts = restarts || c->epoch == a->restarts_epoch;
        }
        HOLDS(n_begun <= 2, "C5: two copies at most start or run");
        HOLDS(restarts, "C6: what systemd restarts is a copy");
        return NULL;
}

static const char *check_files(const App *a)
{
        for (size_t i = 0; i < a->n_variants; i++) {
                const Variant *v = &a->variants[i];

                HOLDS(i == 0 || v->node_id > v[-1].node_id, "F1: variants are sorted by node");
                HOLDS((v->digest == 0 && v->error == 0) || app_find_file(a, v->digest, v->error),
                                "F2: what a node's file holds is known");
        }
        for (size_t i = 1; i < a->n_wrong; i++)
                HOLDS(a->wrong[i].node_id > a->wrong[i - 1].node_id, "F3: wrong files are sorted by node");
        return NULL;
}

static const char *check_marks(const State *s, const App *a)
{
        for (size_t i = 0; i < a->n_marks; i++) {
                const Mark *m = &a->marks[i];

                HOLDS(i == 0 || m->node_id > m[-1].node_id, "M1: marks are sorted by node");
                HOLDS(timer_is_of(s, &m->timer), "M2: a mark's timer was handed out");
                HOLDS(!m->expired || m->timer.serial == 0, "M3: a mark that is expired has no timer");
        }
        for (size_t i = 0; i < a->n_retries; i++) {
                const Retry *r = &a->retries[i];

                HOLDS(i == 0 || r->node_id > r[-1].node_id, "M7: retries are sorted by node");
                HOLDS(r->count > 0 && r->timer.serial > 0 && timer_is_of(s, &r->timer),
                                "M8: retries are counted until a timer is over");
        }
        for (size_t i = 1; i < a->n_permissions; i++)
                HOLDS(a->permissions[i].node_id > a->permissions[i - 1].node_id,
                                "M4: permissions are sorted by node");
        HOLDS(ids_rise(a->held_against, a->n_held_against), "M5: nodes that it is held against are sorted");
        HOLDS(ids_rise(a->owed, a->n_owed), "M6: nodes that owe a report are sorted");
        return NULL;
}

const char *check_app(const State *s, const App *a)
{
        const char *broken;

        HOLDS(a == s->apps || strcmp(a[-1].name, a->name) < 0, "A1: applications are sorted by name");
        HOLDS(a->last_epoch <= a->epoch, "A2: the last start is not above what was granted");
        HOLDS(a->next_type != START_NONE, "A3: why the next start happens is known");
        HOLDS(!a->next_retry || (a->next_type == START_FAILOVER && a->next_node != 0 &&
                                                a->next_node == a->next_from),
                        "A9: it is started again where it failed");
        HOLDS(a->lost_node != 0 || (a->delay.serial == 0 && !a->lost_in_order),
                        "A4: a delay runs for a node that is lost");
        HOLDS(a->better_nodes != 0 || a->better.serial == 0, "A5: TakeoverDelaySec= runs for a better node");
        HOLDS(timer_is_of(s, &a->delay) && timer_is_of(s, &a->better) && timer_is_of(s, &a->outside),
                        "A6: its timers were handed out");
        HOLDS(a->n_owed == 0 || !a->maintenance, "A7: reports are owed after a maintenance, not in one");
        HOLDS(a->has_definition == (a->definition.name != NULL), "A8: a definition has a name");
        broken = check_copies(a);
        broken = broken ? broken : check_files(a);
        return broken ? broken : check_marks(s, a);
}

static const char *check_node(const State *s, const Node *n)
{
        HOLDS(n == s->nodes || n[-1].id < n->id, "N1: nodes are sorted by id");
        HOLDS(timer_is_of(s, &n->grace) && timer_is_of(s, &n->shutdown), "N2: its timers were handed out");
        HOLDS(n->grace.serial == 0 || !n->grace_over, "N3: a grace that runs is not over");
        HOLDS(n->grace.serial == 0 || (n->presence != PRESENCE_OFFLINE && n->presence != PRESENCE_SYNCED),
                        "N4: a grace runs for a node in the ring that is not synced");
        HOLDS(!n->grace_over || (n->presence != PRESENCE_OFFLINE && n->presence != PRESENCE_SYNCED),
                        "N5: a grace is over for a node in the ring that is not synced");
        HOLDS(n->shutdown.serial == 0 || n->leaving, "N6: a node that goes down is leaving");
        HOLDS(!n->reading || s->reload.serial != 0, "N7: files are read while a reload is under way");
        HOLDS(ids_rise(n->nodelist, n->n_nodelist), "N8: a nodelist is sorted");
        return NULL;
}

const char *check_nodes(const State *s)
{
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                const char *broken = check_node(s, n);

                if (broken)
                        return broken;
        }
        HOLDS(timer_is_of(s, &s->commit) && timer_is_of(s, &s->reload), "S1: its timers were handed out");
        HOLDS(revision_compare(&s->committed, &s->revision) <= 0, "S2: what is committed has been counted");
        HOLDS(!s->form_pending || s->formed, "S3: a record of forming is waited for where a group formed");
        HOLDS(ids_rise(s->view_nodes, s->n_view_nodes), "S4: the members of the last view are sorted");
        return NULL;
}

const char *check_state(const State *s)
{
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                const char *broken = check_app(s, a);

                if (broken)
                        return broken;
        }
        return check_nodes(s);
}

void check_assert(const char *broken)
{
        if (broken)
                assert_failed(broken, __FILE__, __LINE__, __func__);
}
