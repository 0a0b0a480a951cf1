/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/explain.h"
#include "engine/agreed/retry.h"
#include "engine/agreed/verdict.h"
#include "base/array.h"
#include "base/text.h"

/* The words of the last failure alone are kept: it was where the mark is that was set last. */
static const char *last_failure(const App *a, const Mark *m)
{
        FOREACH_ARRAY(other, a->marks, a->n_marks)
                if (other->set_realtime_usec > m->set_realtime_usec)
                        return NULL;
        return a->failure;
}

static void explain_mark(const Agreed *g, const App *a, const Node *n, char *ret_why, size_t size_bytes)
{
        const Mark *m = app_find_mark(a, n->id);
        uint64_t left = m && m->timer.serial != 0 ? usec_left(m->timer.deadline_usec, g->now_usec) : 0;
        const char *failure = m ? last_failure(a, m) : NULL;
        char span[USEC_TEXT_MAX];
        size_t length;

        usec_format(span, left, USEC_PER_SEC);
        if (m && m->count > 1)
                snprintf(ret_why, size_bytes, "failed %u times; its mark expires in %s", m->count, span);
        else
                snprintf(ret_why, size_bytes, "failed once; its mark expires in %s", span);
        length = strlen(ret_why);
        if (failure)
                snprintf(ret_why + length, size_bytes - length, "; the last time: %s", failure);
}

/* Why a node that may run it, and is better than where it runs, does not take it over; false: it is not better, or it will.
 * The command is named where it would not be refused. */
static bool explain_stays(const Agreed *g, const App *a, const Node *n, char *ret_why, size_t size_bytes)
{
        const AppVerdict v = app_verdict(g, a);
        AppVerdict moved;
        const Node *at = v.at ? state_find_node(&g->state, v.at->node_id) : NULL;
        const char *why;

        if ((v.what != APP_VERDICT_STAYS && v.what != APP_VERDICT_BETTER) ||
                        place_tier(a, n) >= place_tier(a, at))
                return false;
        if (v.node == n && v.why[0] && a->better.serial == 0) {
                snprintf(ret_why, size_bytes, "better; %s", v.why);
                return true;
        }
        if (verdict_is_held(g, a, n))
                why = a->held_node != 0 ? "it is held where it is" : "not moved by a changed file";
        else if (!a->definition.takeover_automatic)
                why = "Takeover=manual";
        else
                return false;
        moved = verdict_moved(g, a, v.at, NULL, false);
        if (moved.what == APP_VERDICT_MOVE)
                snprintf(ret_why, size_bytes, "better; %s; 'distroctl takeover %s' moves it", why, a->name);
        else
                snprintf(ret_why, size_bytes, "better; %s; %s", why, moved.why);
        return true;
}

const char *app_wrong_file(const App *a, const Node *n, char *buffer, size_t size_bytes)
{
        const WrongFile *f = app_find_wrong(a, n->id);
        const Variant *v = app_find_variant(a, n->id);

        if (!f)
                return v && v->error ? app_variant_error(a, v) : NULL;
        if (f->line == WRONG_SOMEWHERE)
                snprintf(buffer, size_bytes, "the last good one is in force");
        else
                snprintf(buffer, size_bytes, "line %u; the last good one is in force", f->line);
        return buffer;
}

/* A file that is wrong keeps no node from running what it was. */
static void explain_wrong_file(const App *a, const Node *n, char *why, size_t size_bytes)
{
        size_t length = strlen(why);
        char text[80];

        if (app_find_wrong(a, n->id))
                snprintf(why + length, size_bytes - length, "; its file is wrong: %s",
                                app_wrong_file(a, n, text, sizeof(text)));
}

static void explain_here(const App *a, const Node *n, char *ret_why, size_t size_bytes)
{
        char retried[200];

        if (retry_explain(a, n->id, retried, sizeof(retried)))
                snprintf(ret_why, size_bytes, "it is here, in tier %u of Nodes=; %s", place_tier(a, n) + 1,
                                retried);
        else
                snprintf(ret_why, size_bytes, "it is here, in tier %u of Nodes=", place_tier(a, n) + 1);
}

bool place_explain(const Agreed *g, const App *a, const Node *n, NodeState state, char *ret_why,
                size_t size_bytes)
{
        const Copy *c = app_present_copy(a);
        const Mark *m = app_find_mark(a, n->id);
        const Variant *v = app_find_variant(a, n->id);
        Eligibility x = place_eligible(a, n, false);

        switch (x) {
        case ELIGIBLE:
                if (c && c->node_id == n->id)
                        explain_here(a, n, ret_why, size_bytes);
                else if (explain_stays(g, a, n, ret_why, size_bytes))
                        break;
                else if (m && m->stays)
                        snprintf(ret_why, size_bytes,
                                        "could not be ended there once: good for the next start, not for a takeover");
                else if (m)
                        snprintf(ret_why, size_bytes,
                                        "failed before: good for the next start, not for a takeover");
                else
                        snprintf(ret_why, size_bytes, "in tier %u of Nodes=", place_tier(a, n) + 1);
                break;
        case NOT_IN_NODES:
                snprintf(ret_why, size_bytes, "not in Nodes=");
                break;
        case NOT_PERMITTED:
                snprintf(ret_why, size_bytes, "forbidden");
                break;
        case NODE_IN_STANDBY:
                snprintf(ret_why, size_bytes, "in standby");
                break;
        /* A manager that was leaving may have left since. */
        case NODE_IS_LEAVING:
        case NODE_NOT_SYNCED:
                snprintf(ret_why, size_bytes, "%s", node_state_to_string(state));
                break;
        case NODE_IS_LAST:
                snprintf(ret_why, size_bytes, "where no other node may: it could not be ended there in time");
                break;
        case NODE_MARKED:
                explain_mark(g, a, n, ret_why, size_bytes);
                break;
        case NODE_DIFFERS:
                snprintf(ret_why, size_bytes, "%s",
                                v && v->error ? app_variant_error(a, v)
                                : v && v->digest == 0
                                                ? "it has no file for it"
                                                : "its file differs from the agreed definition: compare 'distroctl cat' there and here");
                break;
        case NODE_UNGUARDED:
                snprintf(ret_why, size_bytes, "it has no guard: distro-guard.service does not answer");
                break;
        case NODE_UNFUSED:
                snprintf(ret_why, size_bytes, "it has no fuse: distro-fuse.service does not answer");
                break;
        case NODE_UNWRITABLE:
                snprintf(ret_why, size_bytes, "its state directory takes no writes");
                break;
        case NODE_LATE:
        default:
                snprintf(ret_why, size_bytes, "its disk has not acknowledged the present state");
                break;
        }
        explain_wrong_file(a, n, ret_why, size_bytes);
        return x == ELIGIBLE || x == NODE_IS_LAST;
}
