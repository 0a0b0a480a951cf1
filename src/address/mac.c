/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/mac.h"

const char *mac_format(char buffer[static MAC_TEXT_MAX], const Mac *m)
{
        const uint8_t *b = m->bytes;

        snprintf(buffer, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
        return buffer;
}
