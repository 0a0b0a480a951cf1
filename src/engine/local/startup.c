/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A node's start: a manager waits for the managers of SyncMandatory= and SyncOptional= before it takes part. The wait is
 * skipped where the group has formed. */

#include "engine/local/startup.h"
#include "engine/member/view.h"

int startup_take_names(Local *here, const char *const *names, size_t n, uint32_t **ret, size_t *ret_n)
{
        if (n == 0)
                return 0;
        *ret = calloc(n, sizeof(uint32_t));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                uint32_t id = 0;

                for (size_t j = 0; j < here->me.n_nodelist; j++)
                        if (streq(here->me.nodelist[j].name, names[i]))
                                id = here->me.nodelist[j].id;
                if (id == 0)
                        return -EINVAL;
                if (id != here->me.node_id)
                        (*ret)[(*ret_n)++] = id;
        }
        return 0;
}

static bool startup_has_all(const Local *here, const uint32_t *nodes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!view_has_manager(&here->me, nodes[i]))
                        return false;
        return true;
}

uint64_t startup_deadline(const Local *here)
{
        if (here->takes_part || here->started_usec == 0 || here->me.exiting)
                return USEC_INFINITY;
        return usec_add(here->started_usec, here->sync_timeout_usec);
}

static void startup_missing_names(
                const Local *here, const uint32_t *nodes, size_t n, char *ret, size_t size_bytes)
{
        size_t at = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                if (view_has_manager(&here->me, nodes[i]))
                        continue;
                at += (size_t) snprintf(ret + at, size_bytes - at, "%s%s", at ? " " : "",
                                member_node_name(&here->me, nodes[i]));
                if (at >= size_bytes)
                        return;
        }
}

static void startup_wait(Local *here)
{
        char names[512], text[600];

        if (here->takes_part || here->me.exiting)
                return;
        if (here->me.phase == PHASE_DECIDED)
                here->takes_part = true;
        else if (here->me.phase != PHASE_NONE &&
                        startup_has_all(here, here->wait_mandatory, here->n_wait_mandatory) &&
                        startup_has_all(here, here->wait_optional, here->n_wait_optional))
                here->takes_part = true;
        else if (here->me.agreed.now_usec >= startup_deadline(here)) {
                if (startup_has_all(here, here->wait_mandatory, here->n_wait_mandatory)) {
                        here->takes_part = true;
                        return;
                }
                startup_missing_names(
                                here, here->wait_mandatory, here->n_wait_mandatory, names, sizeof(names));
                snprintf(text, sizeof(text), "the managers of these mandatory nodes have not joined: %s",
                                names);
                member_note(&here->me, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
                member_give_up(&here->me, text, false);
        } else if (!here->noted_waiting && here->me.phase != PHASE_NONE) {
                here->noted_waiting = true;
                startup_missing_names(
                                here, here->wait_mandatory, here->n_wait_mandatory, names, sizeof(names));
                if (!*names)
                        startup_missing_names(here, here->wait_optional, here->n_wait_optional, names,
                                        sizeof(names));
                member_note(&here->me, NOTE_WAITING, NULL, 0, "waiting for the managers of: %s", names);
                member_changed(&here->me);
        }
}

void startup_pump(Local *here)
{
        startup_wait(here);
        if (!here->takes_part || here->ready_sent)
                return;
        here->ready_sent = true;
        member_emit(&here->me, EFFECT_READY);
        member_changed(&here->me);
}

void startup_tell_synced(Local *here)
{
        bool synced = member_is_synced(&here->me);
        /* Without a formed group there is no member to sync with: the guard is called off once the workers are adopted. */
        bool alone = here->takes_part &&
                     (here->me.phase == PHASE_FORMING ||
                                     (here->me.phase == PHASE_INQUORATE &&
                                                     here->no_quorum_policy == NO_QUORUM_FREEZE));

        if ((synced || alone) && !here->synced_told) {
                here->synced_told = true;
                member_emit(&here->me, EFFECT_SYNCED);
        }
}
