/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/verdict.h"
#include "engine/agreed/app.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/agreed/place.h"
#include "engine/agreed/retry.h"
#include "base/array.h"

/* ---- what stands against a start ---- */

/* What a start asks about, and what is not in its way. */
typedef struct StartAsked {
        const Copy *but,
                        *beside; /* a copy that ends first, or is the start itself; one that may run beside it */
        uint32_t node_id; /* where it is to be; 0: not known yet. That node's own copies have been reported */
        bool given_up;
} StartAsked;

static void copy_obstacle(const Copy *c, const Node *n, char *ret_why, size_t size_bytes)
{
        const char *name = n ? n->name : "?";

        if (c->stuck && c->stuck_why[0])
                snprintf(ret_why, size_bytes, "its stop on %s did not end: %s", name, c->stuck_why);
        else if (c->stuck)
                snprintf(ret_why, size_bytes, "its stop on %s did not end; processes are left there", name);
        else if (c->phase == COPY_LOST && c->untamed)
                snprintf(ret_why, size_bytes, "%s was lost in maintenance and may still run it", name);
        else if (n && n->presence == PRESENCE_SILENT)
                snprintf(ret_why, size_bytes, "the manager of %s does not answer", name);
        else if (n && n->presence != PRESENCE_SYNCED)
                snprintf(ret_why, size_bytes, "%s has not reported what it runs", name);
        else
                snprintf(ret_why, size_bytes, "the copy on %s has not ended", name);
}

static void owed_obstacle(const Agreed *g, const App *a, char *ret_why, size_t size_bytes)
{
        snprintf(ret_why, size_bytes, "%s has not reported after the maintenance",
                        state_node_name(&g->state, a->owed[0]));
}

/* What may run somewhere stands against any start: (1) a copy that has not ended; (2) a copy on a node that is back in
 * the ring and has not reported; (3) a node that has not reported at all since the group formed; (4) a report that is
 * owed after a maintenance. */
static const char *start_obstacle(
                const Agreed *g, const App *a, const StartAsked *asked, char *buffer, size_t size_bytes)
{
        FOREACH_ARRAY(c, a->copies, a->n_copies) {
                const Node *n = state_find_node(&g->state, c->node_id);

                if (c == asked->but || c == asked->beside || (asked->given_up && copy_is_given_up(c)))
                        continue;
                if (c->phase == COPY_LOST && !c->untamed && node_is_past(n))
                        continue;
                copy_obstacle(c, n, buffer, size_bytes);
                return buffer;
        }
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                if (n->id == asked->node_id || !node_is_owing(a, n))
                        continue;
                snprintf(buffer, size_bytes, "%s has not reported what it runs", n->name);
                return buffer;
        }
        if (a->n_owed > 0 && !asked->given_up) {
                owed_obstacle(g, a, buffer, size_bytes);
                return buffer;
        }
        return NULL;
}

const char *verdict_obstacle(const Agreed *g, const App *a, const Copy *but, bool given_up, char *buffer,
                size_t size_bytes)
{
        const StartAsked asked = { .but = but, .given_up = given_up };

        return start_obstacle(g, a, &asked, buffer, size_bytes);
}

/* Since the start was decided a node may have come back. If it has a copy, or may have one, that copy has to be
 * reported ended first; if the group that formed knew nothing of the node, it has to report at all. A start-first
 * takeover finds one. */
bool verdict_holds_start(const Agreed *g, const App *a, const Copy *c)
{
        StartAsked asked = { .but = c, .node_id = c->node_id };
        char why[200];

        if (c->start_type == START_TAKEOVER && a->has_definition &&
                        a->definition.takeover_mode == TAKEOVER_START_FIRST)
                FOREACH_ARRAY(o, a->copies, a->n_copies)
                        if (o != c && copy_is_live(o) && !asked.beside)
                                asked.beside = o;
        return start_obstacle(g, a, &asked, why, sizeof(why)) != NULL;
}

/* ---- the verdict of one of which nothing lives ---- */

/* A mark is what keeps it from a node that is there. */
static bool app_failed_everywhere(const Agreed *g, const App *a)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                if (place_eligible(a, n, false) == NODE_MARKED)
                        return true;
        return false;
}

/* The owner was lost: wait for it as long as the delay runs. True where the start has to wait. */
static bool verdict_waits(const Agreed *g, const App *a)
{
        const Node *lost = state_find_node(&g->state, a->lost_node);

        if (a->lost_node == 0 || a->delay.serial == 0)
                return false;
        return !lost || lost->presence != PRESENCE_SYNCED || app_awaits_leaver(a, lost);
}

/* The owner is back before anything started: it goes before a better node that may not take it over either. */
static Node *verdict_returned(const Agreed *g, const App *a, Node *choice)
{
        Node *owner = state_find_node(&g->state, a->lost_node);

        if (!choice || !owner || place_eligible(a, owner, false) != ELIGIBLE)
                return choice;
        /* It was waited for because the application belongs there, so an equal one does not get it. */
        if (a->lost_in_order && place_tier(a, owner) <= place_tier(a, choice))
                return owner;
        return !a->definition.takeover_automatic || app_is_held_against(a, choice) ? owner : choice;
}

/* Where an administrator wants it; else the placement's choice, or the owner that is back. */
static Node *verdict_node(const Agreed *g, const App *a)
{
        Node *wanted = a->next_node != 0 ? state_find_node(&g->state, a->next_node) : NULL;

        if (wanted && (place_eligible(a, wanted, false) == ELIGIBLE ||
                                      place_eligible(a, wanted, false) == NODE_IS_LAST))
                return wanted;
        return verdict_returned(g, a, place_choose(g, a, 0));
}

/* The owner is back, a move goes back to where it came from, or it is started again where it failed: that is a normal start. */
static StartType verdict_type(const App *a, const Node *node)
{
        StartType type = a->next_type == START_NONE ? START_NORMAL : a->next_type;

        if (retry_is_due(a, node->id))
                return START_NORMAL;
        if (node->id == a->next_from && (a->lost_node == node->id || type == START_TAKEOVER))
                return START_NORMAL;
        return type;
}

/* What the start comes to when nothing is waited for any more. */
static void verdict_of_start(const Agreed *g, const App *a, AppVerdict *v)
{
        if (verdict_obstacle(g, a, NULL, false, v->why, sizeof(v->why)))
                v->what = APP_VERDICT_BLOCKED;
        else if ((v->node = verdict_node(g, a))) {
                v->what = APP_VERDICT_START;
                v->type = verdict_type(a, v->node);
        } else if (app_failed_everywhere(g, a)) {
                v->what = APP_VERDICT_FAILED;
                snprintf(v->why, sizeof(v->why), "failed on every node that may run it");
        } else {
                v->what = APP_VERDICT_NOWHERE;
                snprintf(v->why, sizeof(v->why), "no node that may run it is there");
        }
}

static void verdict_of_none(const Agreed *g, const App *a, AppVerdict *v)
{
        if (g->state.form_pending)
                v->what = APP_VERDICT_FORMING;
        else if (verdict_waits(g, a))
                v->what = APP_VERDICT_DELAY;
        else if (definitions_hold_up(g, a))
                v->what = APP_VERDICT_READING;
        else
                verdict_of_start(g, a, v);
}

/* ---- the verdict of one that lives ---- */

/* The best tier that it is held against: a move to a better node would end the hold, and nodes of that tier would take over
 * at once. */
static uint32_t hold_tier(const Agreed *g, const App *a)
{
        uint32_t tier = UINT32_MAX;

        if (a->n_held_against > 0)
                FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                        if (app_is_held_against(a, n))
                                tier = MIN(tier, place_tier(a, n));
        return tier;
}

bool verdict_is_held(const Agreed *g, const App *a, const Node *n)
{
        return app_is_held_against(a, n) || place_tier(a, n) > hold_tier(g, a);
}

static Node *verdict_better(const Agreed *g, const App *a, const AppVerdict *v, const Node *at)
{
        uint32_t held = hold_tier(g, a);

        if (!a->definition.takeover_automatic || v->at->phase != COPY_RUNNING)
                return NULL;
        return place_better(g, a, MIN(place_tier(a, at), held == UINT32_MAX ? held : held + 1));
}

/* Why it may not be where it is; NULL: it may. */
static const char *verdict_goes(const App *a, const Node *at)
{
        if (at->leaving)
                return "its node is leaving";
        if (at->standby)
                return "its node is in standby";
        return !place_is_permitted(a, at) && !a->kept ? "its node is forbidden" : NULL;
}

/* A planned leave stops here before it starts there, whatever TakeoverMode= says. Before the formed state is written nothing
 * is started beside it, and nothing is stopped for a better node. */
static void verdict_of_present(const Agreed *g, const App *a, AppVerdict *v)
{
        const Node *at = state_find_node(&g->state, v->at->node_id);

        if (!at || at->presence != PRESENCE_SYNCED)
                v->what = APP_VERDICT_SILENT;
        else if (v->at->phase == COPY_STOPPING)
                v->what = APP_VERDICT_ENDING;
        else if ((v->move = verdict_goes(a, at))) {
                v->node = at->leaving ? NULL : place_choose(g, a, at->id);
                v->what = v->node && g->state.form_pending &&
                                                          a->definition.takeover_mode == TAKEOVER_START_FIRST
                                          ? APP_VERDICT_FORMING
                                          : APP_VERDICT_MOVE;
        } else if (g->state.form_pending)
                v->what = APP_VERDICT_FORMING;
        else if ((v->node = verdict_better(g, a, v, at))) {
                v->what = APP_VERDICT_BETTER;
                /* What would stand against the start elsewhere is no reason to stop what runs. */
                (void) verdict_obstacle(g, a, v->at, false, v->why, sizeof(v->why));
        } else
                v->what = APP_VERDICT_STAYS;
}

/* ---- the verdict ---- */

AppVerdict app_verdict(const Agreed *g, const App *a)
{
        AppVerdict v = { .at = app_present_copy(a), .left_alone = a->maintenance || a->n_owed > 0 };

        if (v.at && a->maintenance)
                v.what = APP_VERDICT_MAINTENANCE;
        else if (v.at && a->n_owed > 0) {
                v.what = APP_VERDICT_OWED;
                owed_obstacle(g, a, v.why, sizeof(v.why));
        } else if (!app_wants_up(a))
                v.what = a->finished ? APP_VERDICT_FINISHED
                         : a->halted ? APP_VERDICT_HALTED
                                     : APP_VERDICT_STOPPED;
        else if (a->maintenance)
                v.what = APP_VERDICT_MAINTENANCE;
        else if (!a->has_definition)
                v.what = APP_VERDICT_NO_FILE;
        else if (app_is_orphan(g, a))
                v.what = APP_VERDICT_ORPHAN;
        else if (!v.at)
                verdict_of_none(g, a, &v);
        else if (app_count_live(a, v.at) > 0)
                v.what = APP_VERDICT_TWO;
        else
                verdict_of_present(g, a, &v);
        return v;
}

bool verdict_is_down(const AppVerdict *v)
{
        return v->what == APP_VERDICT_FINISHED || v->what == APP_VERDICT_HALTED ||
               v->what == APP_VERDICT_STOPPED;
}

/* ---- by hand ---- */

AppVerdict verdict_moved(const Agreed *g, const App *a, Copy *at, Node *node, bool force)
{
        AppVerdict v = { .what = APP_VERDICT_MOVE, .at = at, .node = node };

        if (g->state.form_pending)
                v.what = APP_VERDICT_FORMING;
        else if (verdict_obstacle(g, a, at, force, v.why, sizeof(v.why)))
                v.what = APP_VERDICT_BLOCKED;
        return v;
}

/* Where a takeover takes what runs on `at`; NULL: nowhere. Within a tier nothing is better. */
static Node *taken_over_to(const Agreed *g, const App *a, const Node *at, Node *to)
{
        if (!to) {
                to = place_choose(g, a, 0);
                if (to && place_tier(a, to) == place_tier(a, at))
                        return NULL;
        }
        return to == at ? NULL : to;
}

/* The start that waits happens now, whatever it waited for; it is known that a node that is named may run it. */
static AppVerdict verdict_started(const Agreed *g, const App *a, Node *to, bool force)
{
        AppVerdict v = { .what = APP_VERDICT_START, .node = to };

        if (verdict_obstacle(g, a, NULL, force, v.why, sizeof(v.why)))
                v.what = APP_VERDICT_BLOCKED;
        else if (!to && !(v.node = verdict_returned(g, a, place_choose(g, a, 0))))
                v.what = APP_VERDICT_NOWHERE;
        return v;
}

AppVerdict verdict_taken_over(const Agreed *g, const App *a, Node *to, bool force)
{
        AppVerdict v = { .what = APP_VERDICT_STAYS, .at = app_present_copy(a) };
        const Node *at;

        if (!v.at)
                return verdict_started(g, a, to, force);
        at = state_find_node(&g->state, v.at->node_id);
        if (app_count_live(a, v.at) > 0)
                v.what = APP_VERDICT_TWO;
        else if (!at || at->presence != PRESENCE_SYNCED)
                v.what = APP_VERDICT_SILENT;
        else if ((v.node = taken_over_to(g, a, at, to))) {
                /* One that is being stopped goes elsewhere from where it would have gone. */
                if (v.at->phase != COPY_STOPPING)
                        return verdict_moved(g, a, v.at, v.node, force);
                v.what = APP_VERDICT_MOVE;
        }
        return v;
}
