/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A small language over a world, one command a line. Golden tests are written in it, and `distroctl simulate` takes
 * it. `#` begins a comment. Times are written as in the configuration: 200ms, 0.5s, 1min 30s, infinity; a bare number is
 * seconds. NODES is one or more names, or `all`.
 *
 * What the world is like comes first:
 *
 *   nodes NAME...                the nodelist
 *   quorum majority|device|two-node
 *   policy stop|freeze           NoQuorumPolicy=
 *   grace TIME                   ManagerGraceSec=
 *   mandatory NAME...            SyncMandatory=; also `optional NAME...`, `sync-timeout TIME`
 *   token TIME, consensus TIME   Corosync's timeouts
 *
 * What it runs, also later (then `reload NODES`, or the command `reload`, makes it known):
 *
 *   app NAME Nodes=... Key=...   the file of this application on all nodes, with the keys of [Application]; as in a file
 *                                FailoverDelaySec=auto is the default. Parts=storage: something of it outlives a kill
 *   app PATH.app                 the same from a file, where there is a reader for it
 *   file NODE NAME Nodes=...     on one node only
 *   drop NODES NAME              takes the file away
 *   parts NAME KIND...           beside its worker each copy that starts from now on has these: address, mount, unit
 *
 * What happens:
 *
 *   up NODES | down NODES | shutdown NODES | suspend NODE TIME      (`start NODES` is `up NODES`)
 *   kill NODES | kill-for-good NODES | manager-stop NODES | manager-start NODES | manager-restart NODES
 *   hang NODE TIME | freeze NODES | thaw NODES | corosync-kill NODE TIME | evict NODE
 *   guard-away NODES | guard-back NODES                             a node without a guard gets no start
 *   fuse-away NODES | fuse-back NODES                               one without a fuse none of what outlives a kill
 *   cut A,B|C,D                  which nodes hear each other; `heal`
 *   cut-sending NODE             it is cut off as its next message goes out, which no other node gets
 *   wipe NODES | disk NODE fails|works | device fails|works
 *   unlist NODES                 takes nodes that are off out of the nodelist; the managers read it at once
 *   list NODES                   puts them in again
 *   fail APP | crash APP | finish APP | stop-outside APP             wherever it runs; after a crash systemd restarts it
 *   late NODE TIME                                                  systemd does nothing for so long; calls wait
 *   clock NODE TIME              its wall clock is so far ahead
 *   behave NODE APP well|start-fails|start-finishes|start-refused|stuck|crashes [START-TIME [STOP-TIME]]
 *   part APP NODE stuck|fails|free [START-TIME [STOP-TIME]]         what is mounted there, or else the last part: its stop does
 *                                not succeed, its start fails, or neither
 *   part APP NODE dies           it ends by itself
 *   command NODE VERB ...        start APP, stop APP, restart APP, takeover APP [NODE] [--force], permit APP NODE,
 *                                forbid APP NODE, standby NODE, unstandby NODE, maintenance APP|--all on|off,
 *                                drain NODE, clear [APP [NODE]], reload, form,
 *                                forget NODE
 *   VERB ...                     the same of a node that is in step (`start` and `reload` of a node's name are of the node)
 *   stop-local NODE APP
 *   version NODES N              another program is installed: its next manager knows protocol versions up to N
 *   timing NODES TOKEN CONSENSUS another corosync.conf is read there
 *   wait TIME
 *
 * What must be so now:
 *
 *   expect APP running NODE... [TYPE]     processes of it exist on these nodes and no others
 *   expect APP left NODE...               processes or parts of it exist on these nodes and no others, and it runs on none
 *   expect APP nowhere
 *   expect APP state STATE [NODE]         as the engine on NODE says, or else the first one that is synced
 *   expect reply ok|ERROR                 the last command's answer; a name that no node knows goes into a command only
 *                                         where its refusal is expected
 *   expect node NODE synced|unsynced|no-manager|off
 *   expect reboots NODE N                 so often has its host ended by itself
 */

#include "world/world.h"

typedef struct Script Script;

/* Reads the file of an application. -EINVAL, with the reason in words; -ENOMEM. */
typedef int (*ScriptReader)(
                void *userdata, const char *path, Definition *ret, char *ret_error, size_t size_bytes);

/* The trace is the world's, see WorldConfig; NULL: none. */
int script_new(FILE *trace, Script **ret);
/* The same over a world that exists already and stays the caller's; its nodes and applications are known. */
int script_new_for(World *w, Script **ret);
Script *script_free(Script *s);
DEFINE_TRIVIAL_CLEANUP(Script *, script_free)
/* Without one `app FILE` is refused. */
void script_set_reader(Script *s, ScriptReader reader, void *userdata);

/* Reads one line after those that were read before; nothing happens. Returns its number, from 0; -EINVAL, with the
 * reason in words; -ENOMEM. */
int script_read(Script *s, const char *line, char *ret_error, size_t size_bytes);
/* After the last line. -EINVAL: *ret_line names what no node knows, and no line expects the refusal. */
int script_read_end(const Script *s, size_t *ret_line, char *ret_error, size_t size_bytes);
/* A line that can be read, but is hardly meant so; NULL: it is well. Valid until the next line is read. */
const char *script_warning(const Script *s, size_t line);
/* Carries out a line that was read; each once, in their order. -EDOM: what it expects is not so; -EINVAL: it cannot be; both
 * with the reason in words. Other errors are those of world_run_until(). */
int script_run(Script *s, size_t line, char *ret_error, size_t size_bytes);
/* Reads one line and carries it out. */
int script_line(Script *s, const char *line, char *ret_error, size_t size_bytes);
/* After the last line was carried out. -EDOM: a command was refused, and no line expected an answer of it. */
int script_check_answers(const Script *s, size_t *ret_line, char *ret_error, size_t size_bytes);

/* The world, once a line has needed one; else NULL. */
World *script_world(Script *s);
/* The applications that were spoken of, or that the given world has: the `i`-th, or NULL. */
const char *script_app(const Script *s, size_t i);
/* The keys of an application, in words: "Nodes=abc", "{bcd", "def}", "FailoverDelaySec=5s". */
int script_parse_definition(const char *name, char *const *words, size_t n_words, Definition *ret,
                char *ret_error, size_t size_bytes);
