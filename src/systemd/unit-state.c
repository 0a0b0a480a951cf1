/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdarg.h>

#include "base/array.h"
#include "systemd/unit-state.h"

bool unit_properties_exist(const UnitProperties *p)
{
        return p->active_state[0] && !streq(p->load_state, "not-found");
}

bool unit_properties_are_alive(const UnitProperties *p)
{
        return unit_properties_exist(p) && !streq(p->active_state, "inactive") &&
               !streq(p->active_state, "failed");
}

bool unit_properties_are_pending(const UnitProperties *p)
{
        return unit_properties_exist(p) && !unit_properties_are_alive(p) && p->job_id != 0;
}

/* The exit statuses by which systemd says that the worker's program was never reached. */
static const char *exit_status_word(int32_t status)
{
        switch (status) {
        case 200:
                return " (CHDIR)";
        case 203:
                return " (EXEC)";
        case 205:
                return " (LIMITS)";
        case 209:
                return " (STDOUT)";
        case 216:
                return " (GROUP)";
        case 217:
                return " (USER)";
        case 226:
                return " (NAMESPACE)";
        case 238:
                return " (STATE_DIRECTORY)";
        case 243:
                return " (CREDENTIALS)";
        default:
                return "";
        }
}

void unit_result_to_words(const UnitProperties *p, char *ret, size_t size_bytes)
{
        const char *result = p->result[0] ? p->result : "failed";

        if (streq(result, "exit-code") && p->exec_main_code == CLD_EXITED && p->exec_main_status != 0) {
                snprintf(ret, size_bytes, "exit-code, status %d%s", p->exec_main_status,
                                exit_status_word(p->exec_main_status));
                return;
        }
        if ((streq(result, "signal") && p->exec_main_code == CLD_KILLED) ||
                        (streq(result, "core-dump") && p->exec_main_code == CLD_DUMPED)) {
                const char *name = sigabbrev_np(p->exec_main_status);
                const char *prefix = streq(result, "signal") ? "signal" : "core-dump, signal";

                if (name)
                        snprintf(ret, size_bytes, "%s %s", prefix, name);
                else
                        snprintf(ret, size_bytes, "%s %d", prefix, p->exec_main_status);
                return;
        }
        snprintf(ret, size_bytes, "%s", result);
}

/* "auto-restart", and in later versions "auto-restart-queued". */
static bool unit_waits_for_restart(const UnitProperties *p)
{
        return strncmp(p->sub_state, "auto-restart", strlen("auto-restart")) == 0;
}

static void restarts_to_words(const UnitProperties *p, char *ret)
{
        char words[64];

        unit_result_to_words(p, words, sizeof(words));
        if (p->n_restarts == 0)
                snprintf(ret, UNIT_REASON_MAX, "to be restarted by systemd; %s", words);
        else if (p->n_restarts == 1)
                snprintf(ret, UNIT_REASON_MAX, "restarted by systemd, once; %s", words);
        else
                snprintf(ret, UNIT_REASON_MAX, "restarted by systemd, %u times; %s", p->n_restarts, words);
}

static UnitState with_reason(UnitState state, char *ret_reason, const char *text)
{
        snprintf(ret_reason, UNIT_REASON_MAX, "%s", text);
        return state;
}

static UnitState ended_from_outside(const UnitHistory *h)
{
        return h->going_down ? UNIT_SHUTDOWN : UNIT_KILLED;
}

/* Our start job came to an end that was no start, and the unit has not failed: it never got to its processes.
 */
static UnitState state_from_job_result(const UnitHistory *h, char *ret_reason)
{
        static const struct {
                const char *result;
                UnitState state;
                const char *reason;
        } table[] = {
                { "dependency", UNIT_REFUSED, "a unit that it requires could not be started" },
                { "assert", UNIT_REFUSED, "an assertion of its [Unit] section was not met" },
                { "skipped", UNIT_REFUSED, "systemd skipped its start" },
                { "invalid", UNIT_REFUSED, "systemd called its start job invalid" },
                { "unsupported", UNIT_REFUSED, "systemd cannot start such a unit on this host" },
                { "once", UNIT_REFUSED, "it may be started only once in a boot" },
                { "timeout", UNIT_FAILED, "timeout of its start job" },
                { "failed", UNIT_FAILED, "failed" },
        };

        FOREACH_ARRAY(t, table, ELEMENTSOF(table))
                if (streq(h->job_result, t->result))
                        return with_reason(t->state, ret_reason, t->reason);
        return UNIT_NONE;
}

static UnitState state_of_ended(const UnitProperties *p, const UnitHistory *h, char *ret_reason)
{
        bool failed = streq(p->active_state, "failed") || (p->result[0] && !streq(p->result, "success"));

        if (h->left_over) {
                char words[64];

                unit_result_to_words(p, words, sizeof(words));
                snprintf(ret_reason, UNIT_REASON_MAX, "processes are left after its end (%s)",
                                failed ? words : "success");
                return UNIT_STUCK;
        }
        if (h->stop_asked)
                return UNIT_STOPPED;
        /* Whatever systemd calls it, the worker did not end by itself; and what the guard ends, this program has ended. */
        if (h->by_guard)
                return h->going_down ? UNIT_SHUTDOWN : UNIT_STOPPED;
        if (h->outside_stop)
                return ended_from_outside(h);
        if (streq(p->result, "exec-condition"))
                return with_reason(UNIT_REFUSED, ret_reason, "its ExecCondition= was not met");
        if (failed) {
                unit_result_to_words(p, ret_reason, UNIT_REASON_MAX);
                return UNIT_FAILED;
        }
        if (streq(h->job_result, "canceled") || streq(h->job_result, "collected"))
                return ended_from_outside(h);

        UnitState s = state_from_job_result(h, ret_reason);
        if (s != UNIT_NONE)
                return s;
        if (p->assert_failed)
                return with_reason(
                                UNIT_REFUSED, ret_reason, "an assertion of its [Unit] section was not met");
        if (p->condition_failed)
                return with_reason(UNIT_REFUSED, ret_reason, "a condition of its [Unit] section was not met");
        if (!h->ran)
                return UNIT_NONE;

        /* Why it ended was not seen. Started once too often is better than not at all, so it counts as stopped from
         * outside and not as finished, which would be for good. */
        return h->blind ? ended_from_outside(h) : UNIT_FINISHED;
}

UnitState unit_state_from_properties(const UnitProperties *p, const UnitHistory *h, char *ret_reason)
{
        ret_reason[0] = 0;

        if (unit_properties_are_alive(p)) {
                if (streq(p->active_state, "activating")) {
                        if (unit_waits_for_restart(p))
                                restarts_to_words(p, ret_reason);
                        return UNIT_STARTING;
                }
                if (!streq(p->active_state, "deactivating"))
                        return UNIT_RUNNING;
                return h->restart_job && !h->stop_asked ? UNIT_STARTING : UNIT_STOPPING;
        }

        /* A unit is inactive or failed with a job that waits (1) before its first start, (2) between the two halves of
         * a restart, (3) where a restart by systemd itself is due. */
        if (unit_properties_are_pending(p))
                return h->stop_asked ? UNIT_STOPPING : UNIT_STARTING;
        return state_of_ended(p, h, ret_reason);
}
