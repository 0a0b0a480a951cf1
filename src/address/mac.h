/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The address of an Ethernet interface. Pure. */

#include "base/macros.h"

#define MAC_BYTES 6
#define MAC_TEXT_MAX 18
typedef struct Mac {
        uint8_t bytes[MAC_BYTES];
} Mac;

/* "3a:2e:e5:92:13:13". Returns `buffer`. */
const char *mac_format(char buffer[static MAC_TEXT_MAX], const Mac *m);
