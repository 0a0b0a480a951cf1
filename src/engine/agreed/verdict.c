/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/verdict.h"
#include "engine/agreed/app.h"
#include "engine/agreed/definition.h"
#include "engine/agreed/node.h"
#include "engine/agreed/place.h"
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

        if (c->stuck)
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

/* A copy that may run somewhere stands against any start: one that has not ended, one on a node that is back in the
 * ring and has not reported, and a node that has not reported at all since the group formed. */
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
                snprintf(buffer, size_bytes, "%s has not reported after the maintenance",
                                state_node_name(&g->state, a->owed[0]));
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

/* Since the start was decided a node may have come back that has, or may have, a copy: that one has to be reported ended
 * first, and a node of which the group that formed knew nothing has to report at all. A start-first takeover finds one. */
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

/* ---- the verdict ---- */

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

        if (wanted && place_eligible(a, wanted, false) == ELIGIBLE)
                return wanted;
        return verdict_returned(g, a, place_choose(g, a, 0));
}

/* The owner is back, or a move goes back to where it came from: that is a normal start. */
static StartType verdict_type(const App *a, const Node *node)
{
        StartType type = a->next_type == START_NONE ? START_NORMAL : a->next_type;

        if (node->id == a->next_from && (a->lost_node == node->id || type == START_TAKEOVER))
                return START_NORMAL;
        return type;
}

AppVerdict app_verdict(const Agreed *g, const App *a)
{
        AppVerdict v = {};

        if (g->state.form_pending)
                v.what = APP_VERDICT_FORMING;
        else if (verdict_waits(g, a))
                v.what = APP_VERDICT_DELAY;
        else if (definitions_hold_up(g, a))
                v.what = APP_VERDICT_READING;
        else if (verdict_obstacle(g, a, NULL, false, v.why, sizeof(v.why)))
                v.what = APP_VERDICT_BLOCKED;
        else if ((v.node = verdict_node(g, a))) {
                v.what = APP_VERDICT_START;
                v.type = verdict_type(a, v.node);
        } else if (app_failed_everywhere(g, a)) {
                v.what = APP_VERDICT_FAILED;
                snprintf(v.why, sizeof(v.why), "failed on every node that may run it");
        } else {
                v.what = APP_VERDICT_NOWHERE;
                snprintf(v.why, sizeof(v.why), "no node that may run it is there");
        }
        return v;
}
