/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/late.h"

#include "daemon/loop.h"

struct LateEvent {
        Event event; /* UNIT or WRITTEN */
        char *app, *reason;
        LateEvent *next;
};

LateEvent *late_free(LateEvent *l)
{
        if (!l)
                return NULL;
        free(l->app);
        free(l->reason);
        free(l);
        return NULL;
}

static void late_add(Manager *m, LateEvent *l)
{
        *m->late_end = l;
        m->late_end = &l->next;
}

static void late_fail(Manager *m)
{
        loop_fail(m, -ENOMEM, "remembering what became of an effect");
}

void late_unit(Manager *m, const UnitInfo *info)
{
        _cleanup_(late_freep) LateEvent *l = calloc(1, sizeof(*l));

        if (!l)
                return late_fail(m);
        l->app = strdup(info->app);
        l->reason = isempty(info->reason) ? NULL : strdup(info->reason);
        if (!l->app || (!isempty(info->reason) && !l->reason))
                return late_fail(m);
        l->event = (Event){ .type = EVENT_UNIT,
                .unit = { .app = l->app,
                                .epoch = info->epoch,
                                .state = info->state,
                                .unit_digest = info->unit_digest,
                                .reason = l->reason,
                                .needs_end = info->needs_end } };
        late_add(m, TAKE_PTR(l));
}

void late_written(Manager *m, Revision revision, int error)
{
        LateEvent *l = calloc(1, sizeof(*l));

        if (!l)
                return late_fail(m);
        l->event = (Event){ .type = EVENT_WRITTEN, .written = { revision, error } };
        late_add(m, l);
}

LateEvent *late_take(Manager *m)
{
        LateEvent *l = m->late;

        if (!l)
                return NULL;
        m->late = l->next;
        if (!m->late)
                m->late_end = &m->late;
        return l;
}

Event *late_event(LateEvent *l)
{
        return &l->event;
}
