/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/agreed/retry.h"
#include "engine/agreed/place.h"
#include "base/text.h"

/* A file that allows fewer than there were does not make that "3 of 2". */
static uint32_t retry_limit(const App *a, const Retry *r)
{
        return MAX(a->has_definition ? (uint32_t) a->definition.local_restarts : 0, r->count);
}

/* How often it was started again on this node since the count was forgotten last. */
static uint32_t retry_count(const App *a, uint32_t node_id)
{
        const Retry *r = app_find_retry(a, node_id);

        return r ? r->count : 0;
}

bool retry_begin(Agreed *g, App *a, const Copy *failed, const char *failure)
{
        const Node *n = state_find_node(&g->state, failed->node_id);
        Retry *r;

        if (!n || !a->has_definition || retry_count(a, n->id) >= a->definition.local_restarts ||
                        place_eligible(a, n, false) != ELIGIBLE)
                return false;
        r = app_find_retry(a, n->id);
        if (!r)
                r = app_add_retry(a, n->id);
        if (!r) {
                g->out.oom = true;
                return false;
        }
        r->count++;
        r->timer = agreed_timer(g, a->definition.failure_timeout_usec);
        free(r->failure);
        r->failure = isempty(failure) ? NULL : outlet_strdup(&g->out, failure);
        agreed_note(g, NOTE_APP_RETRIED, a->name, n->id, "%s; started again here, %u of %u",
                        r->failure ? r->failure : "failed", r->count, retry_limit(a, r))
                        ->epoch = failed->epoch;
        return true;
}

bool retry_is_due(const App *a, uint32_t node_id)
{
        return a->next_retry && a->next_node == node_id;
}

void retry_timers(Agreed *g, App *a, const ExpiryMessage *m)
{
        for (size_t i = a->n_retries; i > 0; i--)
                if (expiry_names(m, TIMER_RETRY, &a->retries[i - 1].timer)) {
                        app_remove_retry(a, &a->retries[i - 1]);
                        agreed_changed_app(g, a);
                }
}

void retry_forget(App *a, const Node *n)
{
        for (size_t i = a->n_retries; i > 0; i--)
                if (!n || a->retries[i - 1].node_id == n->id)
                        app_remove_retry(a, &a->retries[i - 1]);
}

bool retry_explain(const App *a, uint32_t node_id, char *ret, size_t size_bytes)
{
        const Retry *r = app_find_retry(a, node_id);

        if (!r)
                return false;
        snprintf(ret, size_bytes, "failed%s%s; started again here, %u of %u", r->failure ? ": " : "",
                        strempty(r->failure), r->count, retry_limit(a, r));
        return true;
}
