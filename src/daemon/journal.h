/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the daemon says: one line in the journal per decision or event, with fields to search by
 * (DISTRO_APPLICATION=, DISTRO_NODE=, DISTRO_START_TYPE=, DISTRO_FROM_NODE=, DISTRO_EPOCH=,
 * DISTRO_VIEW=, those of JournalCaller) and a MESSAGE_ID= that never changes. One table (journal-table.c) has all of them; the
 * catalog explains those of priority notice and above.
 *
 * Where standard error is not the journal the lines go there as well, without fields. Nothing here waits for
 * the journal for longer than JOURNAL_PATIENCE_MSEC once: a journal that has stopped must not stop the
 * manager. Lines that it did not take are counted, and the first line that it takes again is followed by that
 * number. */

#include "engine/engine.h"

#define JOURNAL_PATIENCE_MSEC 50

/* What the daemon itself has to say; the numbers go on where those of the engine's NoteKind end. */
typedef enum JournalKind {
        JOURNAL_STARTING = _NOTE_KIND_MAX, /* the manager's process begins */
        JOURNAL_ENDED,                     /* the manager's process ends as it was asked to */
        JOURNAL_STOPPING,                  /* a signal, and what follows from it */
        JOURNAL_CONFIG_WRONG,              /* manager.conf cannot be used: exit */
        JOURNAL_CONFIG_WARNING,
        JOURNAL_APPLICATION_WRONG, /* an application's files cannot be used */
        JOURNAL_RELOADED,
        JOURNAL_CLUSTER_REFUSED, /* Corosync's configuration cannot be used: exit */
        JOURNAL_CLUSTER_WARNING,
        JOURNAL_RING_ADDRESS,     /* an address of the nodelist is every host's own */
        JOURNAL_COROSYNC_WAITING, /* Corosync does not answer yet */
        JOURNAL_COROSYNC_LOST,
        JOURNAL_COROSYNC_BACK,
        JOURNAL_NODELIST, /* corosync.conf was loaded again, with other nodes or rules of quorum */
        JOURNAL_BUS_LOST,
        JOURNAL_BUS_BACK,
        JOURNAL_ASKED,   /* the caller of a change that is carried out now */
        JOURNAL_REFUSED, /* or for one that was refused */
        JOURNAL_RECORD_DAMAGED,
        JOURNAL_RECORD_REFUSED, /* written by a newer version, or unreadable: exit */
        JOURNAL_SUSPENDED,
        JOURNAL_FAILED,      /* the daemon cannot go on, and is started again */
        JOURNAL_UNIT_FAILED, /* systemd could not be asked to do something with a worker's unit */
        JOURNAL_GUARD_FAILED,
        JOURNAL_GUARD_BACK,
        JOURNAL_FUSE_FAILED,
        JOURNAL_FUSE_BACK,
        JOURNAL_REBOOTED,           /* the fuse did, in the boot before */
        JOURNAL_MAINTENANCE_UNTOLD, /* the helpers of parts do not know of a maintenance, or of its end */
        JOURNAL_LINES_LOST,
        _JOURNAL_KIND_MAX,
} JournalKind;

/* One row of the table. In `format` a percent sign and a letter stand for a field: %a application, %n node,
 * %f from node, %s start type, %e epoch, %t text; what stands in [] is left out when one of its fields is
 * empty. */
typedef struct JournalRow {
        const char *name; /* "app-started" ... */
        const char *message_id;
        int priority; /* LOG_ERR ... */
        const char *format;
} JournalRow;

/* NULL where there is no such kind. */
const JournalRow *journal_row(unsigned kind);

/* The caller of a change, in numbers as texts; "" or NULL: not known. */
typedef struct JournalCaller {
        const char *verb, *uid, *pid, *comm;
        bool force;
} JournalCaller;

/* What a line is about; fields may be NULL, 0 or empty where they mean nothing. Nothing is kept. */
typedef struct JournalEntry {
        unsigned kind; /* NoteKind or JournalKind */
        const char *app, *node, *from_node, *text;
        StartType start_type;
        uint64_t epoch;
        const ViewId *view;
        const JournalCaller *caller;
} JournalEntry;

typedef struct Journal Journal;

/* `path`: the journal's socket; NULL: the usual one. 0 or -ENOMEM; a journal that is not there is no error.
 */
int journal_new(const char *path, Journal **ret);
Journal *journal_free(Journal *j);
DEFINE_TRIVIAL_CLEANUP(Journal *, journal_free)

/* Lines below this priority are dropped; LOG_INFO at first. */
void journal_set_max_priority(Journal *j, int max_priority);

void journal_send(Journal *j, const JournalEntry *entry);
/* A line that is nothing but its text. */
void journal_text(Journal *j, JournalKind kind, const char *format, ...) _printf_(3, 4);
/* The same about an application. */
void journal_app(Journal *j, JournalKind kind, const char *app, const char *format, ...) _printf_(4, 5);

/* The line's words. The caller frees; NULL without memory. */
char *journal_format(const JournalEntry *entry);
