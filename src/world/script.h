/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A small language over a world, one command a line. Golden tests are written in it, and `distroctl simulate` takes
 * it. `#` begins a comment. Times are written as in the configuration: 200ms, 5s, 10min, infinity; a bare number is
 * seconds. NODES is one or more names, or `all`.
 *
 * What the world is like comes first:
 *
 *   nodes NAME...                the nodelist
 *   quorum majority|device|two-node
 *   policy stop|freeze           NoQuorumPolicy=
 *   grace TIME                   ManagerGraceSec=
 *   mandatory NAME...            SyncMandatory=; also `optional NAME...`, `sync-timeout TIME`
 *
 * What it runs, also later (then `reload NODES`, or the command `reload`, makes it known):
 *
 *   app NAME Nodes=... Key=...   the file of this application on all nodes, with the keys of [Application]
 *   file NODE NAME Nodes=...     on one node only
 *   drop NODES NAME              takes the file away
 *
 * What happens:
 *
 *   up NODES | down NODES | shutdown NODES | suspend NODE TIME      (`start NODES` is `up NODES`)
 *   kill NODES | kill-for-good NODES | manager-stop NODES | manager-start NODES | manager-restart NODES
 *   hang NODE TIME | freeze NODES | thaw NODES | corosync-kill NODE TIME | evict NODE
 *   guard-away NODES | guard-back NODES                             a node without a guard gets no start
 *   cut A,B|C,D                  who hears whom; `heal`
 *   cut-sending NODE             it is cut off as its next message goes out, which nobody else gets
 *   wipe NODES | disk NODE fails|works | device fails|works
 *   fail APP | crash APP | finish APP | stop-outside APP             wherever it runs; after a crash systemd restarts it
 *   late NODE TIME                                                  systemd does nothing for so long; calls wait
 *   behave NODE APP well|start-fails|start-finishes|start-refused|stuck|crashes [START-TIME [STOP-TIME]]
 *   command NODE VERB ...        start APP, stop APP, restart APP, takeover APP [NODE] [--force], permit APP NODE,
 *                                forbid APP NODE, standby NODE, unstandby NODE, maintenance APP|--all on|off,
 *                                clear [APP [NODE]], reload, form
 *   stop-local NODE APP
 *   version NODES N              another program is installed: its next manager knows protocol versions up to N
 *   wait TIME
 *
 * What must be so now:
 *
 *   expect APP running NODE... [TYPE]     processes of it exist on these nodes and no others
 *   expect APP nowhere
 *   expect APP state STATE [NODE]         as the engine on NODE says, or else the first one that is synced
 *   expect reply ok|ERROR                 the last command's answer; a name that nobody knows goes into a command only
 *                                         where its refusal is expected
 *   expect node NODE synced|unsynced|no-manager|off
 */

#include "world/world.h"

typedef struct Script Script;

/* The trace is the world's, see WorldConfig; NULL: none. */
int script_new(FILE *trace, Script **ret);
/* The same over a world that exists already and stays the caller's. */
int script_new_for(World *w, Script **ret);
Script *script_free(Script *s);
DEFINE_TRIVIAL_CLEANUP(Script *, script_free)
/* Runs one line. -EINVAL: it cannot be read; -EDOM: what it expects is not so; both with the reason in words. Other
 * errors are those of world_run_until(). */
int script_line(Script *s, const char *line, char *ret_error, size_t size_bytes);
/* Whether all of them can be read, before the first one is run; nothing happens. `w`: the world that they are for, or NULL. On
 * -EINVAL *ret_line is the first one that cannot, counted from 0. */
int script_check(World *w, const char *const *lines, size_t n_lines, size_t *ret_line, char *ret_error,
                size_t size_bytes);
/* After the last line. -EDOM: a command was refused, and no line expected an answer of it. */
int script_check_answers(const Script *s, size_t *ret_line, char *ret_error, size_t size_bytes);
/* The world, once a line has needed one; else NULL. */
World *script_world(Script *s);
/* "5s" -> microseconds; -EINVAL. */
int script_parse_time(const char *text, uint64_t *ret_usec);
/* The keys of an application, in words: "Nodes=abc", "{bcd", "def}", "FailoverDelaySec=5s". */
int script_parse_definition(const char *name, char *const *words, size_t n_words, Definition *ret,
                char *ret_error, size_t size_bytes);
