/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What distro-address reads from outside. The first byte says what the rest is: 'a' words, one a line; 'f' a frame; anything
 * else messages of the kernel. What is accepted must be what can be written again, and then reads the same. */

#include <sys/socket.h>

#include "address/arguments.h"
#include "address/frame.h"
#include "address/network.h"
#include "base/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

#define WORDS_MAX 16

static const Mac own = { { 2, 0, 0, 0, 0, 1 } };
static const Address v4 = { .family = AF_INET, .bytes = { 192, 0, 2, 10 }, .prefix = 24 };
static const Address v6 = { .family = AF_INET6, .bytes = { 0x20, 1, 0xd, 0xb8, [15] = 0x10 }, .prefix = 64 };

/* The kernel would have it as it was asked for. */
static void check_request(const AddressSpec *a)
{
        RtnlRequest q;
        RtnlMessage m;
        size_t at = 0;

        rtnl_add(a, 3, 9, &q);
        ASSERT(rtnl_next(q.data, q.size_bytes, &at, &m) == 1);
        ASSERT(at == q.size_bytes && m.kind == RTNL_ADDRESS && m.address.is_ours && m.address.index == 3);
        ASSERT(address_is_same(&m.address.address, &a->address));
        ASSERT(m.address.address.prefix == a->address.prefix);
        at = 0;
        rtnl_remove(&a->address, 3, 9, &q);
        ASSERT(rtnl_next(q.data, q.size_bytes, &at, &m) == 1);
        ASSERT(m.kind == RTNL_ADDRESS_GONE && address_is_same(&m.address.address, &a->address));
}

/* Another host that has it would be seen. */
static void check_frames(const Address *a)
{
        static const Mac other = { { 2, 0, 0, 0, 0, 2 } };
        Frame f;
        Mac mac;

        frame_probe(a, &other, &f);
        ASSERT(frame_is_claim(f.data, f.size_bytes, a, &own, &mac) && memcmp(&mac, &other, sizeof(mac)) == 0);
        for (unsigned form = 0; frame_announce(a, &other, form, false, &f); form++) {
                ASSERT(frame_is_claim(f.data, f.size_bytes, a, &own, &mac) &&
                                memcmp(&mac, &other, sizeof(mac)) == 0);
                ASSERT(!frame_is_claim(f.data, f.size_bytes, a, &other, &mac));
        }
}

static void feed_words(const uint8_t *data, size_t size_bytes)
{
        _cleanup_free_ char *text = malloc(size_bytes + 1), *error = NULL, *again = NULL;
        const char *words[WORDS_MAX];
        char whole[ADDRESS_TEXT_MAX + 8], bare[ADDRESS_TEXT_MAX];
        Arguments a = {};
        Address same;
        size_t n = 0;
        int r;

        ASSERT(text);
        memcpy(text, data, size_bytes);
        text[size_bytes] = '\0';
        for (char *p = text; p && n < WORDS_MAX; n++) {
                char *line = p;

                p = strchr(p, '\n');
                if (p)
                        *p++ = '\0';
                words[n] = line;
        }
        r = arguments_parse(words, n, &a, &error);
        ASSERT((r < 0) == !!error);
        if (r < 0)
                return;
        snprintf(whole, sizeof(whole), "%s/%u", address_format(bare, &a.spec.address), a.spec.address.prefix);
        ASSERT(address_parse(whole, &same, &again) == 0);
        ASSERT(memcmp(&same, &a.spec.address, sizeof(same)) == 0);
        check_request(&a.spec);
        check_frames(&a.spec.address);
}

static void feed_frame(const uint8_t *data, size_t size_bytes)
{
        const Address *both[] = { &v4, &v6 };

        for (size_t i = 0; i < ELEMENTSOF(both); i++) {
                Mac mac;

                if (frame_is_claim(data, size_bytes, both[i], &own, &mac))
                        ASSERT(memcmp(&mac, &own, sizeof(mac)) != 0);
        }
}

static void check_network(const Network *n)
{
        const Address *both[] = { &v4, &v6 };

        for (size_t i = 0; i < ELEMENTSOF(both); i++) {
                _cleanup_free_ char *error = NULL;
                AddressSpec a = { .address = *both[i] };
                const InterfaceAddress *found = network_find(n, both[i], 0);
                const Interface *chosen = NULL;
                int r = network_choose(n, &a, &chosen, &error);

                ASSERT((r < 0) == !!error && (r < 0) == !chosen);
                if (found) {
                        ASSERT(network_find(n, both[i], found->index));
                        (void) network_has_secondaries(n, found);
                }
        }
}

static void feed_messages(const uint8_t *data, size_t size_bytes)
{
        Network n = {};
        RtnlMessage m;
        size_t at = 0, before = 0;
        int r;

        while ((r = rtnl_next(data, size_bytes, &at, &m)) > 0) {
                ASSERT(at > before && at <= size_bytes);
                before = at;
                if (m.kind == RTNL_INTERFACE)
                        ASSERT(strlen(m.interface.name) < IFNAMSIZ && m.interface.index > 0);
                if (m.kind == RTNL_ADDRESS)
                        ASSERT(m.address.address.prefix <= 8 * address_size(&m.address.address));
                ASSERT(m.error <= 0);
                ASSERT(network_take(&n, &m) == 0);
        }
        ASSERT(at == before);
        check_network(&n);
        network_done(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        if (size_bytes == 0)
                return 0;
        if (data[0] == 'a')
                feed_words(data + 1, size_bytes - 1);
        else if (data[0] == 'f')
                feed_frame(data + 1, size_bytes - 1);
        else
                feed_messages(data + 1, size_bytes - 1);
        return 0;
}
