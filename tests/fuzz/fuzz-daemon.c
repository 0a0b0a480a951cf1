/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The record's file with any content. What is accepted has to be exactly what would be written for its
 * payload; and where the header is put right for the bytes, they have to be accepted, so that the fuzzer
 * comes past the checksums. */

#include "daemon/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void check(const uint8_t *file, size_t size_bytes, bool must_pass)
{
        uint8_t header[RECORD_HEADER_BYTES];
        const uint8_t *payload = NULL;
        size_t payload_bytes = 0;
        char why[128] = "";
        int r = record_parse(file, size_bytes, &payload, &payload_bytes, why, sizeof(why));

        if (r < 0) {
                ASSERT(!must_pass);
                ASSERT(r == -EBADMSG || r == -EPROTONOSUPPORT);
                ASSERT(*why);
                return;
        }
        ASSERT(r == 0);
        ASSERT(payload == file + RECORD_HEADER_BYTES);
        ASSERT(payload_bytes + RECORD_HEADER_BYTES == size_bytes);
        record_header(payload, payload_bytes, header);
        ASSERT(memcmp(header, file, sizeof(header)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        _cleanup_free_ uint8_t *file = malloc(RECORD_HEADER_BYTES + size_bytes);

        check(data, size_bytes, false);
        if (!file)
                return 0;
        record_header(data, size_bytes, file);
        if (size_bytes > 0)
                memcpy(file + RECORD_HEADER_BYTES, data, size_bytes);
        check(file, RECORD_HEADER_BYTES + size_bytes, true);
        return 0;
}
