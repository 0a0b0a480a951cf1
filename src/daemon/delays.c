/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/delays.h"

#include "base/array.h"
#include "base/text.h"
#include "base/timing.h"

static uint64_t needs_end_usec(const Manager *m)
{
        Timing t = timing_of(m->cluster->token_usec, m->cluster->consensus_usec,
                        m->config.isolation_timeout_usec, m->cluster->device_model);

        return timing_needs_end_usec(&t, m->config.self_fence_usec, m->config.manager_grace_usec);
}

/* What the group, or the record of it, knows was there with such a delay, or is to be there: its delay is raised. */
typedef struct KnownApps {
        const State *state;
        State record;
} KnownApps;

static bool is_known(const char *name, void *userdata)
{
        const KnownApps *k = userdata;
        const App *a = state_find_app(k->state, name);

        return a && (a->has_definition || a->last_epoch > 0);
}

/* A delay in which this node cannot end what outlives a kill is an error in a new file. */
int delays_refuse_short(Manager *m, LoaderResult *result)
{
        KnownApps k = { .state = m->engine ? engine_state(m->engine) : &k.record };
        int r;

        if (!m->cluster)
                return 0;
        /* A record that cannot be read knows none. */
        if (!m->engine && m->record.kind == RECORD_VALID)
                (void) state_decode(m->record.payload, m->record.size_bytes, STATE_LASTING, 0, &k.record);
        r = app_configs_refuse_short(&result->configs, needs_end_usec(m), is_known, &k, &result->messages);
        state_done(&k.record);
        return r;
}

void delays_warn_of_raised(Manager *m)
{
        char delay[USEC_TEXT_MAX], least[USEC_TEXT_MAX];
        uint64_t least_usec;

        if (!m->cluster)
                return;
        least_usec = needs_end_usec(m);
        FOREACH_ARRAY(a, m->apps.items, m->apps.n_items) {
                const Definition *d = &a->definition;

                if (!d->needs_end || d->n_nodes < 2 || d->failover_delay_usec == DELAY_AUTO ||
                                d->failover_delay_usec >= least_usec)
                        continue;
                journal_app(m->journal, JOURNAL_CONFIG_WARNING, d->name,
                                "FailoverDelaySec=%s is too short for what outlives a kill: it counts as %s",
                                usec_format(delay, d->failover_delay_usec, 1),
                                usec_format(least, least_usec, USEC_PER_MSEC));
        }
}
