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

/* No job does that to it: its helper has ended. An installed unit may be about to be started again by itself. */
static bool part_ends_by_itself(const PartView *v)
{
        const PartProperties *p = v->properties;

        return part_is_over(p) || (v->part->kind != PART_UNIT && part_is_ending(p) && p->unit.job_id == 0);
}

static bool part_is_up(const PartProperties *p)
{
        return p->unit.job_id == 0 && unit_properties_are_alive(&p->unit) &&
               !streq(p->unit.active_state, "activating") && !streq(p->unit.active_state, "deactivating");
}

/* Its own restart, or an administrator's: the worker goes with it where it has a job, and the copy goes on. */
static bool part_restarts(const PartView *v)
{
        const UnitProperties *p = &v->properties->unit;

        return v->part->kind == PART_UNIT &&
               (streq(p->active_state, "activating") || unit_properties_are_pending(p));
}

static bool part_has_failed(const PartProperties *p)
{
        return streq(p->unit.active_state, "failed");
}

/* The helper of a device whose process was killed: what waits for the device in its place can do so for long. */
static bool view_has_failed(const PartView *v)
{
        const UnitProperties *p = &v->properties->unit;

        return part_has_failed(v->properties) ||
               (v->part->kind == PART_DEVICE && streq(p->active_state, "deactivating") && p->result[0] &&
                               !streq(p->result, "success"));
}

bool part_is_foreign(const PartView *v)
{
        const UnitProperties *p = &v->properties->unit;

        return v->part->kind == PART_MOUNT && unit_properties_exist(p) && p->epoch == 0 &&
               (unit_properties_are_alive(p) || p->fragment_path[0]);
}

/* Nothing of it is to be ended. */
static bool view_is_over(const PartView *v)
{
        return part_is_foreign(v) || part_is_over(v->properties);
}

/* A helper begins with what the part is called, which stands there already. */
static const char *without_name(const char *text, const Part *part)
{
        size_t n = part->kind == PART_ADDRESS ? strcspn(part->name, "/") : strlen(part->name);

        if (strncmp(text, part->name, n) != 0)
                return text;
        return text[n] == ':' && text[n + 1] == ' ' ? text + n + 2 : text[n] == ' ' ? text + n + 1 : text;
}

static void say_helpers_word(const PartView *v, char *ret, size_t size_bytes)
{
        const char *text = v->properties->text, *rest = without_name(text, v->part);
        bool is_sentence = v->part->kind == PART_DEVICE && startswith(rest, "is ");

        snprintf(ret, size_bytes, "%s%s", is_sentence ? "it " : "", rest);
}

/* What a file system that was not unmounted may need: nothing checks that of a mount of ours. */
static const char *advice(const PartView *v)
{
        const char *text = v->properties->text;
        bool is_damaged = strstr(text, "needs cleaning") || strstr(text, "bad superblock") ||
                          strstr(text, "can't read superblock");

        return is_damaged && v->part->arguments[0] && v->part->arguments[0][0] == '/' ? v->part->arguments[0]
                                                                                      : NULL;
}

static void mount_end_to_words(const PartView *v, char *ret, size_t size_bytes)
{
        const PartProperties *p = v->properties;
        const char *device = advice(v);

        if (part_is_foreign(v))
                snprintf(ret, size_bytes, "something else is mounted there");
        else if (!part_has_failed(p))
                snprintf(ret, size_bytes, "it was unmounted from outside");
        else if (streq(p->unit.result, "timeout"))
                snprintf(ret, size_bytes, "timeout: mount(8) did not end in time");
        else if (p->text[0] && device)
                snprintf(ret, size_bytes, "it has to be checked (fsck %s): %s", device, p->text);
        else if (p->text[0])
                snprintf(ret, size_bytes, "%s", p->text);
        else
                unit_result_to_words(&p->unit, ret, size_bytes);
}

/* It was started in this copy, and not before it, as an installed unit may have been. */
static bool part_was_there(const PartView *v)
{
        return v->properties->active_usec != 0 &&
               (v->part->kind != PART_UNIT || v->properties->active_usec >= v->begun_usec);
}

/* A job that is done is no start where a condition has skipped it. */
static bool part_was_skipped(const PartView *v)
{
        const UnitProperties *p = &v->properties->unit;

        return v->part->kind == PART_UNIT && part_is_over(v->properties) && !part_was_there(v) &&
               (p->condition_failed || streq(p->result, "exec-condition"));
}

/* A word of its own, STATUS=, is none about its end. */
static void installed_end_to_words(const PartView *v, char *ret, size_t size_bytes)
{
        if (part_has_failed(v->properties))
                unit_result_to_words(&v->properties->unit, ret, size_bytes);
        else if (part_was_there(v))
                snprintf(ret, size_bytes, "it has ended, or was stopped from outside");
        else
                snprintf(ret, size_bytes, "systemd did not make it active");
}

void part_end_to_words(const PartView *v, char *ret, size_t size_bytes)
{
        const PartProperties *p = v->properties;

        if (v->part->kind == PART_MOUNT)
                mount_end_to_words(v, ret, size_bytes);
        else if (v->part->kind == PART_UNIT)
                installed_end_to_words(v, ret, size_bytes);
        else if (!view_has_failed(v))
                snprintf(ret, size_bytes, "it was stopped from outside");
        else if (streq(p->unit.result, "exit-code") && p->text[0] && strcmp_ptr(p->text, v->text_before) != 0)
                say_helpers_word(v, ret, size_bytes);
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

/* What the helper beside the mount says of who uses the device; "": nothing. */
static const char *users_of(const PartView *mount, const PartView *views)
{
        const PartView *before = mount > views ? mount - 1 : NULL;
        const char *users;

        if (!before || before->part->kind != PART_DEVICE || !part_is_ending(before->properties))
                return "";
        users = strstr(before->properties->text, " still: ");
        return users ? users + strlen(" still: ") : "";
}

/* Another mount than ours is none of ours to end. */
static void mount_left(const PartView *v, const PartView *views, char *ret)
{
        const PartProperties *p = v->properties;
        const char *users = users_of(v, views);

        if (!view_is_over(v) && !streq(p->unit.active_state, "active"))
                say_of_part(ret, v, "has not ended: it is %s", p->unit.active_state);
        else if (view_is_over(v) && (!v->is_mounted || part_is_foreign(v)))
                return;
        else if (users[0])
                say_of_part(ret, v, "is still mounted: %s", users);
        else if (p->text[0])
                say_of_part(ret, v, "is still mounted: %s 'fuser -vm %s' names who uses it", p->text,
                                v->part->name);
        else
                say_of_part(ret, v, "is still mounted");
}

static void device_left(const PartView *v, char *ret)
{
        char word[PART_TEXT_MAX];

        say_helpers_word(v, word, sizeof(word));
        if (!part_is_over(v->properties))
                say_of_part(ret, v, "is not known to be free: %s",
                                part_is_ending(v->properties) && word[0] ? word
                                                                         : v->properties->unit.active_state);
        else if (part_may_be_there(v->properties))
                say_of_part(ret, v,
                                "may still be in use: the helper that waits for its end was killed, and it is looked at "
                                "again; once nothing has it: systemctl reset-failed %s",
                                v->unit);
}

/* "": it has ended, and nothing of it is left. */
static void part_left(const PartView *v, const PartView *views, char *ret)
{
        const PartProperties *p = v->properties;

        if (v->part->kind == PART_MOUNT)
                mount_left(v, views, ret);
        else if (v->part->kind == PART_DEVICE)
                device_left(v, ret);
        else if (!part_is_over(p))
                say_of_part(ret, v, "has not ended: it is %s%s", p->unit.active_state,
                                p->unit.job_id != 0 ? ", with a job" : "");
        else if (v->part->kind != PART_UNIT && part_may_be_there(p))
                say_of_part(ret, v,
                                "may still be there: its removal did not succeed and is tried again; once you have "
                                "removed it: systemctl reset-failed %s",
                                v->unit);
        if (!ret[0] && v->has_processes && !part_is_foreign(v))
                say_of_part(ret, v, "has left processes");
}

/* Somebody else has what it would be called. */
static void part_is_taken(const PartView *v, char *ret)
{
        const char *file = v->properties->unit.fragment_path;

        if (startswith(file, "/run/systemd/generator"))
                say_of_part(ret, v, "did not start: it is in /etc/fstab; take it out there");
        else if (file[0])
                say_of_part(ret, v, "did not start: there is a unit file of that name: %s", file);
        else
                say_of_part(ret, v, "did not start: %s is mounted there already, and not by distro-manager",
                                isempty(v->mounted) ? "something" : v->mounted);
}

/* It is mounted, and stays so: unmounting it has failed, or nobody has begun. */
static bool mount_stands(const PartView *v)
{
        return v->part->kind == PART_MOUNT && !view_is_over(v) && v->properties->unit.job_id == 0 &&
               streq(v->properties->unit.active_state, "active");
}

/* The one that is the reason: one that failed before one that was stopped, then the one that ended first. */
static const PartView *first_ended(const PartView *views, size_t n_views)
{
        const PartView *first = NULL;

        FOREACH_ARRAY(v, views, n_views) {
                const PartProperties *p = v->properties;

                if (!v->is_due || (!part_ends_by_itself(v) && !part_is_foreign(v) && !view_has_failed(v)))
                        continue;
                if (!first || view_has_failed(v) > view_has_failed(first) ||
                                (part_has_failed(p) && part_has_failed(first->properties) &&
                                                p->unit.ended_usec < first->properties->unit.ended_usec))
                        first = v;
        }
        return first;
}

static void say_of_end(const PartView *v, PartsSeen *ret)
{
        char why[UNIT_REASON_MAX];

        part_end_to_words(v, why, sizeof(why));
        ret->was_there = part_was_there(v) || !unit_properties_exist(&v->properties->unit);
        ret->has_failed = view_has_failed(v);
        if (part_was_skipped(v))
                say_of_part(ret->ended, v, "was skipped: a condition of it was not met");
        else
                say_of_part(ret->ended, v, "%s: %s", ret->was_there ? "ended" : "did not start", why);
}

/* Its Restart= is at work: its start job has failed, and with it those of what requires it. */
static void say_of_retry(const PartView *v, char *ret)
{
        const UnitProperties *p = &v->properties->unit;
        char why[UNIT_REASON_MAX];

        if (!v->is_due || !part_restarts(v) || p->job_id != 0)
                return;
        if (!p->result[0] || streq(p->result, "success"))
                strcpy(why, "systemd tries it again");
        else
                unit_result_to_words(p, why, sizeof(why));
        say_of_part(ret, v, "did not start: %s", why);
}

/* Why an installed unit cannot be started for a copy that is about to be begun. */
static void part_refusal(const PartView *v, char *ret)
{
        const PartProperties *p = v->properties;
        char words[INSTALLED_UNIT_WORDS_MAX];

        if (v->part->kind != PART_UNIT)
                return;
        if (installed_unit_is_refused(v->unit, p->unit.load_state, &p->installed, words))
                snprintf(ret, UNIT_REASON_MAX, "its part unit %s", words);
        else if (!part_is_over(p) || v->has_processes)
                say_of_part(ret, v, "runs already, and was not started by distro-manager: systemctl stop %s",
                                v->unit);
}

void parts_see(const PartView *views, size_t n_views, const UnitProperties *slice, PartsSeen *ret)
{
        const PartView *first = first_ended(views, n_views);

        *ret = (PartsSeen){
                .slice_job = slice->job_id,
                .slice_stops = slice->job_id != 0 || !unit_properties_are_alive(slice),
                .is_up = true,
        };
        FOREACH_ARRAY(v, views, n_views) {
                ret->is_alive = ret->is_alive || !view_is_over(v);
                ret->is_ending = ret->is_ending || (!part_is_foreign(v) && v->part->kind != PART_DEVICE &&
                                                                   part_is_ending(v->properties));
                ret->by_guard = ret->by_guard || v->by_guard;
                ret->is_up = ret->is_up && (!v->is_due || (part_is_up(v->properties) && !part_is_foreign(v)));
                if (!ret->refusal[0])
                        part_refusal(v, ret->refusal);
                if (!ret->restarts[0] && part_restarts(v))
                        say_of_part(ret->restarts, v, "is restarting");
                if (!ret->retried[0])
                        say_of_retry(v, ret->retried);
                if (ret->unremoved == 0 && v->part->kind != PART_UNIT && view_is_over(v) &&
                                !v->has_processes && part_may_be_there(v->properties))
                        ret->unremoved = (size_t) (v - views) + 1;
                ret->has_mount = ret->has_mount || v->part->kind == PART_MOUNT;
                ret->stands = ret->stands || mount_stands(v);
                if (!ret->foreign[0] && part_is_foreign(v))
                        part_is_taken(v, ret->foreign);
        }
        /* As they are stopped: what comes behind has to have ended before. */
        for (const PartView *v = views + n_views; v > views && !ret->left[0];)
                part_left(--v, views, ret->left);
        if (first)
                say_of_end(first, ret);
}
