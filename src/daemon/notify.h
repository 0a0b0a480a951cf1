/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the service manager is told: READY=1, STATUS= and so on, through $NOTIFY_SOCKET. Unlike sd_notify() it
 * never waits: a systemd that has stopped must not stop the manager. What it could not take is kept, the
 * newest of each kind, and sent by the next notify_flush(); a watchdog's sign of life is not kept, since it
 * would be a lie by then.
 *
 * Without $NOTIFY_SOCKET all of this does nothing. */

#include "base/macros.h"

typedef struct Notify Notify;

/* `path`: of the socket, as in $NOTIFY_SOCKET; NULL: there is none. 0 or -ENOMEM. */
int notify_new(const char *path, Notify **ret);
Notify *notify_free(Notify *n);
DEFINE_TRIVIAL_CLEANUP(Notify *, notify_free)

void notify_ready(Notify *n);                     /* READY=1; at most once */
void notify_reloading(Notify *n, bool reloading); /* RELOADING=1, or READY=1 after it */
void notify_stopping(Notify *n);                  /* STOPPING=1 */
/* STATUS=; the same text twice is sent once */
void notify_status(Notify *n, const char *format, ...) _printf_(2, 3);
bool notify_status_is(const Notify *n, const char *text); /* the last one that was set is this */
const char *notify_status_text(const Notify *n);          /* it; "" before the first */
void notify_errno(Notify *n, int error);                  /* ERRNO=, a positive errno */
void notify_extend(Notify *n, uint64_t usec);             /* EXTEND_TIMEOUT_USEC= */
void notify_watchdog_usec(Notify *n, uint64_t usec);      /* WATCHDOG_USEC=: changes WatchdogSec= */
void notify_watchdog(Notify *n);                          /* WATCHDOG=1 */

/* Sends what could not be sent before. True if nothing is left. */
bool notify_flush(Notify *n);
