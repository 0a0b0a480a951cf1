/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A node's start: a manager waits for the managers of SyncMandatory= and SyncOptional= before it takes part. The wait is
 * skipped where the group has formed. */

#include "engine/local/startup.h"
#include "engine/member/view.h"

int startup_take_names(Engine *e, const char *const *names, size_t n, uint32_t **ret, size_t *ret_n)
{
        if (n == 0)
                return 0;
        *ret = calloc(n, sizeof(uint32_t));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                uint32_t id = 0;

                for (size_t j = 0; j < e->n_nodelist; j++)
                        if (streq(e->nodelist[j].name, names[i]))
                                id = e->nodelist[j].id;
                if (id == 0)
                        return -EINVAL;
                if (id != e->node_id)
                        (*ret)[(*ret_n)++] = id;
        }
        return 0;
}

static bool startup_has_all(const Engine *e, const uint32_t *nodes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!view_has_manager(e, nodes[i]))
                        return false;
        return true;
}

uint64_t startup_deadline(const Engine *e)
{
        if (e->takes_part || e->started_usec == 0 || e->exiting)
                return USEC_INFINITY;
        return usec_add(e->started_usec, e->sync_timeout_usec);
}

static void startup_missing_names(
                const Engine *e, const uint32_t *nodes, size_t n, char *ret, size_t size_bytes)
{
        size_t at = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                if (view_has_manager(e, nodes[i]))
                        continue;
                at += (size_t) snprintf(ret + at, size_bytes - at, "%s%s", at ? " " : "",
                                engine_node_name(e, nodes[i]));
                if (at >= size_bytes)
                        return;
        }
}

static void startup_wait(Engine *e)
{
        char names[512], text[600];

        if (e->takes_part || e->exiting)
                return;
        if (e->phase == PHASE_DECIDED)
                e->takes_part = true;
        else if (e->phase != PHASE_NONE && startup_has_all(e, e->wait_mandatory, e->n_wait_mandatory) &&
                        startup_has_all(e, e->wait_optional, e->n_wait_optional))
                e->takes_part = true;
        else if (e->now_usec >= startup_deadline(e)) {
                if (startup_has_all(e, e->wait_mandatory, e->n_wait_mandatory)) {
                        e->takes_part = true;
                        return;
                }
                startup_missing_names(e, e->wait_mandatory, e->n_wait_mandatory, names, sizeof(names));
                snprintf(text, sizeof(text), "the managers of these mandatory nodes have not joined: %s",
                                names);
                engine_note(e, NOTE_SYNC_FAILED, NULL, 0, "%s", text);
                e->exiting = true;
                engine_emit(e, EFFECT_EXIT)->text = engine_strdup(e, text);
        } else if (!e->noted_waiting && e->phase != PHASE_NONE) {
                e->noted_waiting = true;
                startup_missing_names(e, e->wait_mandatory, e->n_wait_mandatory, names, sizeof(names));
                if (!*names)
                        startup_missing_names(e, e->wait_optional, e->n_wait_optional, names, sizeof(names));
                engine_note(e, NOTE_WAITING, NULL, 0, "waiting for the managers of: %s", names);
                engine_changed(e);
        }
}

void startup_pump(Engine *e)
{
        startup_wait(e);
        if (!e->takes_part || e->ready_sent)
                return;
        e->ready_sent = true;
        engine_emit(e, EFFECT_READY);
        engine_changed(e);
}

void startup_tell_synced(Engine *e)
{
        bool synced = engine_is_synced(e);
        /* Without a formed group there is no member to sync with: the guard is called off once the workers are adopted. */
        bool alone = e->takes_part &&
                     (e->phase == PHASE_FORMING || (e->phase == PHASE_INQUORATE &&
                                                                   e->no_quorum_policy == NO_QUORUM_FREEZE));

        if ((synced || alone) && !e->synced_told) {
                e->synced_told = true;
                engine_emit(e, EFFECT_SYNCED);
        }
}
