/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "group/queue.h"

int queue_add(SendQueue *q, const void *data, size_t size_bytes, size_t max_bytes)
{
        QueueItem *i;

        if (size_bytes > max_bytes - q->size_bytes)
                return -ENOBUFS;
        i = malloc(sizeof(*i) + size_bytes);
        if (!i)
                return -ENOMEM;
        i->next = NULL;
        i->size_bytes = size_bytes;
        memcpy(i->data, data, size_bytes);
        if (q->tail)
                q->tail->next = i;
        else
                q->head = i;
        q->tail = i;
        q->size_bytes += size_bytes;
        return 0;
}

void queue_pop(SendQueue *q)
{
        QueueItem *i = q->head;

        ASSERT(i);
        q->head = i->next;
        if (!q->head)
                q->tail = NULL;
        q->size_bytes -= i->size_bytes;
        q->n_tries = 0;
        free(i);
}

void queue_clear(SendQueue *q)
{
        while (q->head)
                queue_pop(q);
        q->n_tries = 0;
}

uint64_t queue_backoff_usec(SendQueue *q)
{
        static const uint8_t delays_msec[] = { 1, 2, 5, 10, 20, 50 };
        size_t i = MIN(q->n_tries, ELEMENTSOF(delays_msec) - 1);

        q->n_tries++;
        return delays_msec[i] * USEC_PER_MSEC;
}

uint64_t reconnect_delay_usec(size_t n)
{
        return MIN((50 * USEC_PER_MSEC) << MIN(n, (size_t) 10), 2 * USEC_PER_SEC);
}
