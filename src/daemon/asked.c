/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The caller of a change, for an audit. The line is written before the change is carried out, so it stands before what the
 * change causes, and is there even if the change is never heard of again. The caller stands first, as the bus knows it, so
 * that nothing that a caller gives can pass for it. */

#include "daemon/asked.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/text.h"
#include "base/utf8.h"
#include "daemon/loop.h"

#define REFUSALS_MAX 20u /* lines of one user but root */
#define REFUSALS_WITHIN_USEC (10 * USEC_PER_SEC)

static void add_caller(Text *t, const BusAsked *a)
{
        if (!a->known) {
                text_add(t, "a caller of whom the bus says nothing asks for ");
                return;
        }
        text_printf(t, "user %" PRIu32, a->uid);
        if (a->pid > 0)
                text_printf(t, " (process %" PRIu32 "%s%s%s)", a->pid, *a->comm ? " \"" : "", a->comm,
                                *a->comm ? "\"" : "");
        text_add(t, " asks for ");
}

/* A name that no node can have may be anything. */
static const char *shown_node(const BusAsked *a)
{
        return isempty(a->node) || utf8_is_word(a->node, NODE_NAME_MAX) ? a->node : "?";
}

static void write_line(Manager *m, const BusAsked *a)
{
        _cleanup_free_ char *message = NULL;
        char uid[16] = "", pid[16] = "";
        Text t = {};

        add_caller(&t, a);
        text_printf(&t, "%s%s%s%s%s", a->verb, isempty(a->node) ? "" : " ", shown_node(a),
                        !a->has_flag ? ""
                        : a->flag    ? " yes"
                                     : " no",
                        a->force ? " with force" : "");
        if (a->refusal)
                text_printf(&t, "; %s: %s", a->unsure ? "not known to be done" : "refused", a->refusal);
        message = text_take(&t);
        if (a->known)
                snprintf(uid, sizeof(uid), "%" PRIu32, a->uid);
        if (a->known && a->pid > 0)
                snprintf(pid, sizeof(pid), "%" PRIu32, a->pid);
        const JournalCaller caller = {
                .verb = a->verb, .uid = uid, .pid = pid, .comm = a->comm, .force = a->force
        };
        journal_send(m->journal, &(JournalEntry){ .kind = a->refusal ? JOURNAL_REFUSED : JOURNAL_ASKED,
                                                 .app = a->app,
                                                 .node = shown_node(a),
                                                 .text = message,
                                                 .caller = &caller });
}

static void note_left_out(Manager *m, Asker *a)
{
        char uid[16];

        snprintf(uid, sizeof(uid), "%" PRIu32, a->uid);
        if (a->n_left_out > 0) {
                _cleanup_free_ char *text = text_format("user %" PRIu32 " asked for %" PRIu64
                                                        " more changes that were refused",
                                a->uid, a->n_left_out);
                journal_send(m->journal, &(JournalEntry){ .kind = JOURNAL_REFUSED,
                                                         .text = text,
                                                         .caller = &(JournalCaller){ .uid = uid } });
        }
        *a = (Asker){};
}

/* May one more line about a refusal to this user be written? No user is to fill the journal, or drive the lines of others
 * out of it. All callers that the bus does not know share one account. */
static bool may_write_refusal(Manager *m, const BusAsked *asked)
{
        uint32_t uid = asked->known ? asked->uid : UINT32_MAX;
        uint64_t now_usec = boottime_usec();
        Asker *found = NULL, *oldest = m->askers;

        if (asked->known && uid == 0)
                return true;
        FOREACH_ARRAY(a, m->askers, ASKERS_MAX) {
                if (a->since_usec > 0 && now_usec - a->since_usec >= REFUSALS_WITHIN_USEC)
                        note_left_out(m, a);
                if (a->since_usec > 0 && a->uid == uid)
                        found = a;
                if (a->since_usec < oldest->since_usec)
                        oldest = a;
        }
        if (!found) {
                note_left_out(m, oldest);
                *oldest = (Asker){ .uid = uid, .since_usec = now_usec };
                found = oldest;
        }
        if (found->n >= REFUSALS_MAX) {
                found->n_left_out++;
                return false;
        }
        found->n++;
        return true;
}

void asked_note(void *manager, const BusAsked *asked)
{
        if (!asked->refusal || may_write_refusal(manager, asked))
                write_line(manager, asked);
}
