/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/hash.h"
#include "base/text.h"
#include "bus/property.h"

const char *bus_clean_text(const char *text, char **ret_copy)
{
        *ret_copy = NULL;
        if (utf8_is_valid(text, strlen(text)))
                return text;
        *ret_copy = strdup(text);
        if (!*ret_copy)
                return "?";
        for (char *p = *ret_copy; *p; p++)
                if ((unsigned char) *p >= 0x80)
                        *p = '?';
        return *ret_copy;
}

static void sink_add(Sink *s, char type, const void *data, size_t size_bytes)
{
        uint64_t size = size_bytes;

        s->hash = hash64_add(s->hash, &type, 1);
        s->hash = hash64_add(s->hash, &size, sizeof(size));
        s->hash = hash64_add(s->hash, data, size_bytes);
}

static void sink_result(Sink *s, int r)
{
        if (r < 0)
                s->error = r;
}

void sink_string(Sink *s, const char *v)
{
        _cleanup_free_ char *clean = NULL;

        v = strempty(v);
        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_append_basic(s->message, 's', bus_clean_text(v, &clean)));
        else
                sink_add(s, 's', v, strlen(v));
}

void sink_path(Sink *s, const char *v)
{
        if (s->error)
                return;
        if (!v)
                s->error = -ENOMEM;
        else if (s->message)
                sink_result(s, sd_bus_message_append_basic(s->message, 'o', v));
        else
                sink_add(s, 'o', v, strlen(v));
}

void sink_u32(Sink *s, uint32_t v)
{
        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_append_basic(s->message, 'u', &v));
        else
                sink_add(s, 'u', &v, sizeof(v));
}

void sink_u64(Sink *s, uint64_t v)
{
        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_append_basic(s->message, 't', &v));
        else
                sink_add(s, 't', &v, sizeof(v));
}

void sink_bool(Sink *s, bool v)
{
        int b = v;

        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_append_basic(s->message, 'b', &b));
        else
                sink_add(s, 'b', &b, sizeof(b));
}

void sink_bytes(Sink *s, const void *data, size_t size_bytes)
{
        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_append_array(s->message, 'y', data, size_bytes));
        else
                sink_add(s, 'y', data, size_bytes);
}

void sink_open(Sink *s, char type, const char *contents)
{
        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_open_container(s->message, type, contents));
        else
                sink_add(s, type, contents, strlen(contents));
}

void sink_close(Sink *s)
{
        if (s->error)
                return;
        if (s->message)
                sink_result(s, sd_bus_message_close_container(s->message));
        else
                sink_add(s, ')', NULL, 0);
}

int property_append(const Property *properties, size_t n, const struct BusObject *o, const char *name,
                sd_bus_message *reply)
{
        Sink sink = { .message = reply };

        FOREACH_ARRAY(p, properties, n)
                if (streq(p->name, name)) {
                        p->write(o, &sink);
                        return sink.error;
                }
        return -ENOENT;
}

size_t properties_compare(const Property *properties, size_t n, const struct BusObject *o, uint32_t *hashes,
                const char **ret_names)
{
        size_t n_names = 0;

        for (size_t i = 0; i < n; i++) {
                Sink sink = { .hash = HASH64_INIT };
                uint32_t hash;

                if (properties[i].constant)
                        continue;
                properties[i].write(o, &sink);
                hash = (uint32_t) hash64_finish(sink.hash);
                if (hash == hashes[i])
                        continue;
                hashes[i] = hash;
                ret_names[n_names++] = properties[i].name;
        }
        return n_names;
}
