/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdarg.h>

#include "base/array.h"
#include "base/text.h"
#include "systemd/part-state.h"

bool part_is_over(const PartProperties *p)
{
        return !unit_properties_are_alive(&p->unit) && p->unit.job_id == 0;
}

bool part_is_ending(const PartProperties *p)
{
        return streq(p->unit.active_state, "deactivating") || (!part_is_over(p) && p->unit.job_id != 0);
}

/* No job does that to it: its helper has ended. */
static bool part_ends_by_itself(const PartProperties *p)
{
        return part_is_over(p) || (part_is_ending(p) && p->unit.job_id == 0);
}

static bool part_has_failed(const PartProperties *p)
{
        return streq(p->unit.active_state, "failed");
}

/* A helper begins with what the part is called, which stands there already. */
static const char *without_name(const char *text, const char *name)
{
        size_t n = strcspn(name, "/");

        return strncmp(text, name, n) == 0 && text[n] == ':' && text[n + 1] == ' ' ? text + n + 2 : text;
}

void part_end_to_words(const PartView *v, char *ret, size_t size_bytes)
{
        const PartProperties *p = v->properties;

        if (!part_has_failed(p))
                snprintf(ret, size_bytes, "it was stopped from outside");
        else if (streq(p->unit.result, "exit-code") && p->text[0] && strcmp_ptr(p->text, v->text_before) != 0)
                snprintf(ret, size_bytes, "%s", without_name(p->text, v->part->name));
        else
                unit_result_to_words(&p->unit, ret, size_bytes);
}

/* Its helper ran, and what takes away what it left was not seen to succeed. */
static bool part_may_be_there(const PartProperties *p)
{
        return part_has_failed(p) && p->begun_usec != 0 &&
               !(p->clean_code == CLD_EXITED && p->clean_status == 0);
}

static void say_of_part(char *ret, const PartView *v, const char *format, ...) _printf_(3, 4);
static void say_of_part(char *ret, const PartView *v, const char *format, ...)
{
        int n = snprintf(ret, UNIT_REASON_MAX, "its part %s %s ", part_kind_to_string(v->part->kind),
                        v->part->name);
        va_list ap;

        if (n < 0 || (size_t) n >= UNIT_REASON_MAX)
                return;
        va_start(ap, format);
        (void) vsnprintf(ret + n, UNIT_REASON_MAX - (size_t) n, format, ap);
        va_end(ap);
}

/* "": it has ended, and nothing of it is left. */
static void part_left(const PartView *v, char *ret)
{
        const PartProperties *p = v->properties;

        if (!part_is_over(p))
                say_of_part(ret, v, "has not ended: it is %s%s", p->unit.active_state,
                                p->unit.job_id != 0 ? ", with a job" : "");
        else if (v->has_processes)
                say_of_part(ret, v, "has left processes");
        else if (part_may_be_there(p))
                say_of_part(ret, v,
                                "may still be there: its removal did not succeed and is tried again; once you have "
                                "removed it: systemctl reset-failed %s",
                                v->unit);
}

/* The one that is the reason: one that failed before one that was stopped, then the one that ended first. */
static const PartView *first_ended(const PartView *views, size_t n_views)
{
        const PartView *first = NULL;

        FOREACH_ARRAY(v, views, n_views) {
                const PartProperties *p = v->properties;

                if (!part_ends_by_itself(p))
                        continue;
                if (!first || part_has_failed(p) > part_has_failed(first->properties) ||
                                (part_has_failed(p) && part_has_failed(first->properties) &&
                                                p->unit.ended_usec < first->properties->unit.ended_usec))
                        first = v;
        }
        return first;
}

void parts_see(const PartView *views, size_t n_views, const UnitProperties *slice, PartsSeen *ret)
{
        const PartView *first = first_ended(views, n_views);

        *ret = (PartsSeen){
                .slice_job = slice->job_id,
                .slice_stops = slice->job_id != 0 || !unit_properties_are_alive(slice),
        };
        FOREACH_ARRAY(v, views, n_views) {
                ret->is_alive = ret->is_alive || !part_is_over(v->properties);
                ret->is_ending = ret->is_ending || part_is_ending(v->properties);
                ret->by_guard = ret->by_guard || v->by_guard;
                if (!ret->left[0])
                        part_left(v, ret->left);
                if (ret->unremoved == 0 && part_is_over(v->properties) && !v->has_processes &&
                                part_may_be_there(v->properties))
                        ret->unremoved = (size_t) (v - views) + 1;
        }
        if (first) {
                char why[UNIT_REASON_MAX];

                part_end_to_words(first, why, sizeof(why));
                ret->was_there = first->properties->active_usec != 0 ||
                                 !unit_properties_exist(&first->properties->unit);
                ret->has_failed = part_has_failed(first->properties);
                say_of_part(ret->ended, first, "%s: %s", ret->was_there ? "ended" : "did not start", why);
        }
}
