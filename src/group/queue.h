/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside src/group: what waits to be multicast, and how long to wait before the next try. */

#include "base/macros.h"

typedef struct QueueItem {
        struct QueueItem *next;
        size_t size_bytes;
        uint8_t data[];
} QueueItem;

typedef struct SendQueue {
        QueueItem *head, *tail;
        size_t size_bytes;
        size_t n_tries; /* refused tries of the head in a row */
} SendQueue;

/* 0; -ENOBUFS where it would hold more than `max_bytes`; -ENOMEM. */
int queue_add(SendQueue *q, const void *data, size_t size_bytes, size_t max_bytes);
void queue_pop(SendQueue *q);
void queue_clear(SendQueue *q);
/* The head was refused once more: how long to wait. */
uint64_t queue_backoff_usec(SendQueue *q);
/* How long before the next attempt to connect, after `n` that failed. */
uint64_t reconnect_delay_usec(size_t n);
