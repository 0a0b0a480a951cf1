/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The sockets to the kernel: requests about interfaces and addresses, news of them, and frames. Requests are answered at
 * once; should one not be, it fails with -EAGAIN after KERNEL_ANSWER_USEC. */

#include "address/frame.h"
#include "address/network.h"

#define KERNEL_ANSWER_USEC (5 * USEC_PER_SEC)

typedef struct Kernel {
        int request_fd;
        int news_fd; /* for poll(2); kernel_news() reads it */
        uint32_t sequence;
        uint8_t *buffer;
} Kernel;

#define KERNEL_NONE ((Kernel){ .request_fd = -1, .news_fd = -1 })

/* News are kept from now on, so that what changes while the lists are read is not missed. */
int kernel_open(Kernel *k);
void kernel_done(Kernel *k);

/* All interfaces, and all addresses of that family. The caller ends *ret with network_done(). */
int kernel_list(Kernel *k, int family, Network *ret);

/* -EEXIST: it is there. -EOPNOTSUPP: this kernel can't note whose it is, and it has not been added. */
int kernel_add(Kernel *k, const AddressSpec *a, uint32_t index);
/* One that is not there any more is fine. Other addresses of the subnet stay; `n` was listed before. */
int kernel_remove(Kernel *k, const Network *n, const InterfaceAddress *a);

/* Reads what has come. Returns whether something of it concerns interface `index` or may have been lost. */
int kernel_news(Kernel *k, uint32_t index, bool *ret_concerns);

/* A socket for frames from and to interface `index`. With `listens_for` it receives those that can say who has that
 * address; NULL: none. */
int kernel_open_frames(uint32_t index, const Address *listens_for);
/* One that can't be sent since the interface is down is lost, as it would be in a cable. */
int kernel_send_frame(int fd, const Frame *f);

/* Whether this host says that it is a router of IPv6 on that interface. */
bool kernel_is_router(const char *interface);
