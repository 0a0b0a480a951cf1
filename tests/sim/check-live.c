/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When faults have ceased: every application that may run does, once, on a node that may have it, in the first tier
 * that has an eligible node unless something holds it where it is. */

#include <stdarg.h>

#include "check.h"

static const LiveNode *find_node(const LiveApp *a, const char *name)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                if (streq(a->nodes[i].name, name))
                        return a->nodes + i;
        return NULL;
}

_printf_(3, 4) static bool wrong(char *ret_why, size_t size_bytes, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(ret_why, size_bytes, format, ap);
        va_end(ap);
        return false;
}

static bool has_eligible(const LiveApp *a)
{
        for (size_t i = 0; i < a->n_nodes; i++)
                if (a->nodes[i].eligible)
                        return true;
        return false;
}

bool check_live(const LiveApp *a, char *ret_why, size_t size_bytes)
{
        const LiveNode *at;

        if (a->left_alone)
                return true;
        if (!a->wanted || !has_eligible(a)) {
                /* A node that is not eligible for the next start may still keep what it runs. */
                if (a->n_running > 1)
                        return wrong(ret_why, size_bytes, "%s should run nowhere and does so %zu times",
                                        a->name, a->n_running);
                if (!a->wanted && a->n_running == 1)
                        return wrong(ret_why, size_bytes, "%s should not run and does, on %s", a->name,
                                        a->running[0]);
                return true;
        }
        if (a->n_running == 0)
                return wrong(ret_why, size_bytes, "%s should run and does not", a->name);
        if (a->n_running > 1)
                return wrong(ret_why, size_bytes, "%s runs on %s and on %s", a->name, a->running[0],
                                a->running[1]);
        at = find_node(a, a->running[0]);
        if (!at)
                return wrong(ret_why, size_bytes, "%s runs on %s, which its list does not name", a->name,
                                a->running[0]);
        if (!a->may_move)
                return true;
        for (size_t i = 0; i < a->n_nodes; i++)
                if (a->nodes[i].better && a->nodes[i].tier < at->tier)
                        return wrong(ret_why, size_bytes, "%s runs on %s though %s is better and eligible",
                                        a->name, at->name, a->nodes[i].name);
        return true;
}
