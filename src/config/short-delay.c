/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A FailoverDelaySec= in which a node that is cut off cannot end what outlives a kill. */

#include "base/text.h"
#include "config/parse-state.h"

int app_config_check_delay(const AppConfig *a, uint64_t least_usec, ConfigMessages *messages)
{
        const Definition *d = &a->definition;
        const Part *part = parts_first_to_end(&a->parts);
        char delay[USEC_TEXT_MAX], least[USEC_TEXT_MAX];
        ParseState p = { .messages = messages, .application = d->name };

        /* Where there is no second node nobody waits. */
        if (!part || d->n_nodes < 2 || d->failover_delay_usec == DELAY_AUTO ||
                        d->failover_delay_usec >= least_usec)
                return 0;
        p = parse_state_at_part(&p, part);
        return parse_error(&p,
                        "%s outlives a kill, and FailoverDelaySec=%s is shorter than the %s that this node may need to "
                        "end it when it is cut off, expected \"auto\" or at least that",
                        part->name, usec_format(delay, d->failover_delay_usec, 1),
                        usec_format(least, least_usec, USEC_PER_MSEC));
}

int app_configs_refuse_short(AppConfigs *c, uint64_t least_usec,
                bool (*is_known)(const char *name, void *userdata), void *userdata, ConfigMessages *messages)
{
        _cleanup_(config_messages_done) ConfigMessages own = {};
        int r = 0;

        for (size_t i = c->n_items; r >= 0 && i > 0; i--) {
                if (is_known(c->items[i - 1].definition.name, userdata))
                        continue;
                r = app_config_check_delay(c->items + i - 1, least_usec, &own);
                if (r == -EINVAL)
                        r = app_configs_move_to_failures(c, i - 1, &own);
        }
        return r < 0 ? r : config_messages_move(&own, messages);
}
