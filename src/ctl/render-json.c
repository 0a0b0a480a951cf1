/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The JSON of status and the lists. Keys are only ever added: distroctl(1) documents them as stable. */

#include "base/array.h"
#include "ctl/render.h"

static void json_list(Json *j, const char *key, const Strings *s)
{
        json_strings(j, key, s->items, s->n);
}

void json_known(Json *j, const Known *k)
{
        json_bool(j, "stale", k->stale);
        json_usec(j, "stale_since_usec", k->stale ? k->since_usec : USEC_INFINITY);
}

void json_manager(Json *j, const char *key, const ManagerInfo *m)
{
        const char *warnings[8];
        size_t n_warnings = quorum_warnings(m, warnings, ELEMENTSOF(warnings));

        json_object(j, key);
        json_text(j, "node", m->node_name);
        json_u64(j, "node_id", m->node_id);
        json_text(j, "version", m->version);
        json_text(j, "view", m->view);
        json_bool(j, "quorate", m->quorate);
        json_bool(j, "quorum_pending", m->quorum_pending);
        json_bool(j, "formed", m->formed);
        json_bool(j, "synced", m->synced);
        json_known(j, &m->known);
        json_list(j, "members", &m->members);
        json_list(j, "waiting_for", &m->waiting_for);
        json_text(j, "status", m->status);
        json_object(j, "quorum");
        FOREACH_ARRAY(fact, m->facts, m->n_facts) {
                if (fact->text)
                        json_string(j, fact->key, fact->text);
                else if (fact->is_bool)
                        json_bool(j, fact->key, fact->number > 0);
                else
                        json_u64(j, fact->key, fact->number);
        }
        json_end(j);
        json_array(j, "warnings");
        for (size_t i = 0; i < n_warnings; i++)
                json_string(j, NULL, warnings[i]);
        json_end(j);
        json_usec(j, "token_usec", m->token_usec);
        json_usec(j, "consensus_usec", m->consensus_usec);
        json_u64(j, "file_warnings", m->n_file_warnings);
        json_u64(j, "self_reboot_usec", m->rebooted_usec);
        json_string(j, "self_reboot_reason", strempty(m->rebooted_why));
        json_end(j);
}

void json_eligibility(Json *j, const char *key, const NodeEligibility *e, size_t n, const Known *known)
{
        json_array(j, key);
        for (size_t i = 0; i < n; i++) {
                json_object(j, NULL);
                json_string(j, "node", e[i].node);
                json_bool(j, "eligible", e[i].eligible);
                json_text(j, "why", e[i].why);
                json_known(j, known);
                json_end(j);
        }
        json_end(j);
}

void json_app(Json *j, const char *key, const AppInfo *a, const Moment *now,
                const NodeEligibility *eligibility, size_t n_eligibility)
{
        json_object(j, key);
        json_string(j, "name", a->name);
        json_text(j, "description", a->description);
        json_string(j, "state", a->state);
        json_text(j, "reason", a->reason);
        json_text(j, "node", a->node);
        json_text(j, "start_type", a->start_type);
        json_text(j, "from_node", a->from_node);
        json_u64(j, "epoch", a->epoch);
        json_text(j, "unit", a->unit);
        json_text(j, "target", a->target);
        json_array(j, "tiers");
        FOREACH_ARRAY(tier, a->tiers, a->n_tiers)
                json_list(j, NULL, tier);
        json_end(j);
        json_usec(j, "failover_delay_usec", a->failover_delay_usec);
        json_bool(j, "failover_delay_auto", a->failover_delay_auto);
        json_bool(j, "hand_over", a->hand_over);
        json_bool(j, "has_parts", a->has_parts);
        json_array(j, "parts");
        FOREACH_ARRAY(part, a->parts, a->n_parts) {
                json_object(j, NULL);
                json_string(j, "kind", part->kind);
                json_string(j, "id", part->id);
                json_string(j, "state", part->state);
                json_usec(j, "since_usec", part->since_usec == 0 ? USEC_INFINITY : part->since_usec);
                json_text(j, "text", part->text);
                json_end(j);
        }
        json_end(j);
        json_object(j, "permissions");
        FOREACH_ARRAY(permission, a->permissions, a->n_permissions)
                json_bool(j, permission->node, permission->allowed);
        json_end(j);
        json_object(j, "failures");
        FOREACH_ARRAY(failure, a->failures, a->n_failures)
                json_usec(j, failure->node, failure->until_usec);
        json_end(j);
        json_bool(j, "maintenance", a->maintenance);
        json_bool(j, "held", a->held);
        json_bool(j, "restart_needed", a->restart_needed);
        json_known(j, &a->known);
        json_list(j, "definition_mismatch", &a->mismatch);
        json_list(j, "missing_files", &a->missing);
        json_object(j, "wrong_files");
        FOREACH_ARRAY(w, a->wrong, a->n_wrong)
                json_string(j, w->node, w->text);
        json_end(j);
        json_usec(j, "since_usec", a->changed_usec == 0 ? USEC_INFINITY : a->changed_usec);
        json_usec(j, "deadline_usec", a->deadline_usec);
        json_usec(j, "left_usec", app_info_left(a, now));
        if (eligibility)
                json_eligibility(j, "eligibility", eligibility, n_eligibility, &a->known);
        json_end(j);
}

void json_node(Json *j, const char *key, const NodeInfo *n)
{
        json_object(j, key);
        json_string(j, "name", n->name);
        json_u64(j, "id", n->id);
        json_string(j, "state", n->state);
        json_bool(j, "standby", n->standby);
        json_text(j, "record", n->record);
        json_bool(j, "guarded", n->guarded);
        json_bool(j, "fused", n->fused);
        json_known(j, &n->known);
        json_list(j, "applications", &n->applications);
        json_end(j);
}

void json_snapshot(Json *j, const Snapshot *s, const Moment *now)
{
        json_object(j, NULL);
        json_manager(j, "manager", &s->manager);
        json_array(j, "nodes");
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                json_node(j, NULL, n);
        json_end(j);
        json_array(j, "applications");
        FOREACH_ARRAY(a, s->apps, s->n_apps)
                json_app(j, NULL, a, now, NULL, 0);
        json_end(j);
        json_end(j);
}
