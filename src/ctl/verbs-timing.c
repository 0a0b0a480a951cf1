/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* timing: how long each failover takes, and whether the other side has stopped by then. */

#include <inttypes.h>

#include "base/array.h"
#include "base/timing.h"
#include "ctl/bus-client.h"
#include "ctl/model.h"
#include "ctl/table.h"

static Timing timing_from(const ManagerInfo *m)
{
        const QuorumFact *device = manager_info_fact(m, "Device"),
                         *isolation = manager_info_fact(m, "IsolationTimeoutUSec");

        return timing_of(m->token_usec, m->consensus_usec,
                        isolation && !isolation->text ? isolation->number : 0, device && device->number > 0);
}

/* Where there is no second node nothing can run twice. */
static bool is_safe(const AppInfo *a, const Timing *t)
{
        size_t n_nodes = 0;

        FOREACH_ARRAY(tier, a->tiers, a->n_tiers)
                n_nodes += tier->n;
        return n_nodes < 2 || a->failover_delay_auto || a->failover_delay_usec >= t->needed_usec;
}

static void json_timing(const Ctl *c, const Snapshot *s, const Timing *t)
{
        Json j = json(stdout, c->options.json);

        json_object(&j, NULL);
        json_usec(&j, "token_usec", t->token_usec);
        json_usec(&j, "consensus_usec", t->consensus_usec);
        json_usec(&j, "detection_usec", t->detection_usec);
        json_usec(&j, "isolation_usec", t->isolation_usec);
        json_usec(&j, "needed_delay_usec", t->needed_usec);
        json_array(&j, "applications");
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                json_object(&j, NULL);
                json_string(&j, "name", a->name);
                json_usec(&j, "failover_delay_usec", a->failover_delay_usec);
                json_bool(&j, "failover_delay_auto", a->failover_delay_auto);
                json_usec(&j, "total_usec", usec_add(t->detection_usec, a->failover_delay_usec));
                json_bool(&j, "safe", is_safe(a, t));
                json_end(&j);
        }
        json_end(&j);
        json_end(&j);
}

static int print_timing(Ctl *c, const Snapshot *s, const Timing *t)
{
        static const char *const headers[] = { "APPLICATION", "DELAY", "TOTAL", "REMARK", NULL };
        _cleanup_(table_done) Table table = table_start(headers);
        char token[SPAN_MAX], consensus[SPAN_MAX], detection[SPAN_MAX], isolation[SPAN_MAX], needed[SPAN_MAX];
        size_t n_short = 0;

        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                bool is_short = !is_safe(a, t);
                char span[SPAN_MAX], delay[SPAN_MAX + sizeof(" (auto)")];

                n_short += is_short;
                (void) snprintf(delay, sizeof(delay), "%s%s", span_exact(a->failover_delay_usec, span),
                                a->failover_delay_auto ? " (auto)" : "");
                table_add(&table, COLOR_NONE, a->name);
                table_add(&table, COLOR_NONE, delay);
                table_add(&table, COLOR_NONE,
                                span_exact(usec_add(t->detection_usec, a->failover_delay_usec), span));
                table_add(&table, is_short ? COLOR_YELLOW : COLOR_NONE,
                                is_short ? "shorter than the other side may need" : "");
        }
        ctl_pager_open(c);
        printf("    Token: %s\nConsensus: %s\nDetection: %s (token + consensus: from a node's death to the "
               "others' new view)\n",
                        span_exact(t->token_usec, token), span_exact(t->consensus_usec, consensus),
                        span_exact(t->detection_usec, detection));
        printf("Isolation: %s (until a node whose Corosync is silent acts as cut off)\n\n",
                        span_exact(t->isolation_usec, isolation));
        if (table_print(&table, stdout, &c->out, 0, !c->options.no_legend, c->options.full) < 0)
                return ctl_oom(c);
        if (n_short > 0 && !c->options.no_legend)
                printf("\n%sA node that is cut off, not dead, may need up to %s after the others have "
                       "noticed to notice it itself and "
                       "to stop its workers.\nWith a shorter FailoverDelaySec= and without fencing both "
                       "sides can run an application for "
                       "that long; see distro-manager(7).%s\n",
                                style_on(&c->out, COLOR_YELLOW), span_exact(t->needed_usec, needed),
                                style_off(&c->out, COLOR_YELLOW));
        return STATUS_OK;
}

int verb_timing(Ctl *c, int argc, char **argv)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_done) Snapshot s = {};
        Timing t;
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        r = snapshot_fetch(c, &error, &s);
        if (r < 0)
                return bus_failed(c, &error, r, "ask for the timing", false);
        if (s.manager.token_usec == 0) {
                ctl_error(c, "The manager does not know Corosync's timing yet: it is not connected to it. "
                             "'systemctl status corosync' shows how it is.");
                return STATUS_FAILURE;
        }
        t = timing_from(&s.manager);
        if (c->options.quiet)
                return STATUS_OK;
        if (c->options.json != JSON_OFF) {
                json_timing(c, &s, &t);
                return STATUS_OK;
        }
        return print_timing(c, &s, &t);
}
