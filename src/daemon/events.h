/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way in: what the adapters and the parts of the manager report, as events of the engine. events.c has the table. Each
 * call takes the step as well, and what follows from it, before it returns. */

#include "daemon/manager-struct.h"

/* Of the group: these are its callbacks. */
void event_connected(void *manager, const GroupConnected *c);
void event_disconnected(void *manager, const char *why);
void event_view(void *manager, const Event *view);
void event_quorum(void *manager, RingId ring, bool quorate);
void event_message(void *manager, Member sender, const void *data, size_t size_bytes);
void event_probe(void *manager, uint64_t number);
/* Of corosync.conf, when it was loaded again: `m->cluster` has what is in force now. */
void event_timing(Manager *m);
void event_nodelist(Manager *m);

/* Of this host: callbacks of the units and of the thread that writes, the files as `m->apps` has them, guard and fuse. */
void event_unit(const UnitInfo *info, void *manager);
int event_written(sd_event_source *source, int fd, uint32_t events, void *manager);
void event_definitions(Manager *m, bool again);
void event_guard(Manager *m, bool guarded);
void event_fuse(Manager *m, bool fused);

/* Of the bus server: these are its callbacks. */
int event_command(void *manager, uint64_t token, const Command *command);
int event_stop_local(void *manager, uint64_t token, const char *app);

/* Of the manager's own life. */
void event_begin(Manager *m); /* the engine has just been made: what it has to know of this host */
void event_leave(Manager *m);
void event_restart(Manager *m);
