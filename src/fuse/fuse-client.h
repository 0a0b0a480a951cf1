/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager and its guard say to the fuse, and how it gets there. Nothing waits.
 *
 * Each sender has a deadline of its own. An order says all of it, so it can be repeated, and the last one counts. A fuse that
 * is not there leaves its table: an order is written there then, in the same words, so that the next fuse does not go by a
 * deadline that has long been put off. */

#include <sys/types.h>

#include "fuse/deadlines.h"

/* Serials never change: a fuse outlives whoever has told it something. */
typedef enum FuseSender {
        FUSE_MANAGER = 1,
        FUSE_GUARD = 2,
} FuseSender;

typedef struct FuseOrder {
        char text[DEADLINE_ORDER_MAX + 1];
} FuseOrder;

/* `reason` is told to people. What the fuse would not take in it is replaced, what is too long is cut. */
void fuse_order_arm(
                FuseOrder *o, FuseSender sender, uint64_t usec, DeadlineAction action, const char *reason);
void fuse_order_disarm(FuseOrder *o, FuseSender sender);
void fuse_order_ping(FuseOrder *o);

/* A descriptor that leads to the fuse of `directory` as long as that one lives. `is_answered`: what it says comes back on it,
 * with who it is; that needs the same network namespace. Negative errno: there is no fuse. */
int fuse_connect(const char *directory, bool is_answered);
/* 0: it is in the fuse's queue. -EAGAIN: that is full; another errno: there is none any more. */
int fuse_send(int fd, const FuseOrder *o);
/* The next answer: 1; 0: there is none yet. -EBADMSG: it was not root's or ours, or not "ok"; another errno. */
int fuse_answer(int fd, pid_t *ret_pid);
/* Into the table of a fuse that is not there. 0, or negative errno, as where there was never one. */
int fuse_write_table(const char *directory, const FuseOrder *o);
/* The deadline that stands in it; 0: there is none, or it cannot be read. */
uint64_t fuse_read_table(const char *directory, FuseSender sender);
