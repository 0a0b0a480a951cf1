/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/body.h"

#include "base/utf8.h"
#include "engine/encode.h"

void wire_put_member(ByteWriter *w, const Member *m)
{
        put_u32(w, m->node_id);
        put_u32(w, m->pid);
}

Member wire_get_member(ByteReader *r)
{
        Member m = {};

        m.node_id = get_u32(r);
        m.pid = get_u32(r);
        if (m.node_id == 0)
                wire_reader_fail(r);
        return m;
}

void wire_put_revision(ByteWriter *w, const Revision *v)
{
        put_u64(w, v->ring_seq);
        put_u64(w, v->count);
}

Revision wire_get_revision(ByteReader *r)
{
        Revision v = {};

        v.ring_seq = get_u64(r);
        v.count = get_u64(r);
        return v;
}

void wire_put_count(ByteWriter *w, size_t n, size_t max)
{
        if (n > max)
                wire_writer_fail(w, -EINVAL);
        put_u32(w, (uint32_t) n);
}

size_t wire_get_count(ByteReader *r, size_t min_bytes, size_t max)
{
        size_t n = get_count(r, min_bytes);

        if (n <= max)
                return n;
        wire_reader_fail(r);
        return 0;
}

void *wire_get_array(ByteReader *r, size_t n, size_t size_bytes)
{
        void *p;

        if (r->error || n == 0)
                return NULL;
        p = calloc(n, size_bytes);
        if (!p)
                r->error = -ENOMEM;
        return p;
}

void wire_put_text(ByteWriter *w, const char *s)
{
        size_t n = strlen(strempty(s));

        if (n > TEXT_MAX) {
                n = TEXT_MAX;
                while (n > 0 && ((uint8_t) s[n] & 0xc0) == 0x80) /* not through the middle of a character */
                        n--;
        }
        put_u16(w, (uint16_t) n);
        put_bytes(w, s, n);
}

/* The length stays, so a text can be made safe where it lies. */
static void make_readable(char *s)
{
        uint32_t c;

        for (size_t n; *s; s += n) {
                n = utf8_decode(s, &c);
                if (n == 0) {
                        *s = '?';
                        n = 1;
                } else if (utf8_is_control(c))
                        memset(s, c == '\n' || c == '\t' || c == '\r' ? ' ' : '?', n);
        }
}

char *wire_get_text(ByteReader *r)
{
        _cleanup_free_ char *s = get_string(r, TEXT_MAX);

        if (!s || !*s)
                return NULL;
        make_readable(s);
        return TAKE_PTR(s);
}

void wire_put_app_name(ByteWriter *w, const char *s, NameRule rule)
{
        if (rule == NAME_OPTIONAL ? !isempty(s) && !app_name_is_valid(s)
                                  : isempty(s) || !app_name_is_valid(s))
                wire_writer_fail(w, -EINVAL);
        put_string(w, s);
}

char *wire_get_app_name(ByteReader *r, NameRule rule)
{
        _cleanup_free_ char *s = get_string(r, APP_NAME_MAX);

        if (s && (*s ? !app_name_is_valid(s) : rule == NAME_REQUIRED))
                wire_reader_fail(r);
        return TAKE_PTR(s);
}

void wire_put_node_name(ByteWriter *w, const char *s, NameRule rule)
{
        if (!(rule == NAME_OPTIONAL && isempty(s)) && !utf8_is_word(s, NODE_NAME_MAX))
                wire_writer_fail(w, -EINVAL);
        put_string(w, s);
}

char *wire_get_node_name(ByteReader *r, NameRule rule)
{
        _cleanup_free_ char *s = get_string(r, NODE_NAME_MAX);

        if (s && (*s ? !utf8_is_word(s, NODE_NAME_MAX) : rule == NAME_REQUIRED))
                wire_reader_fail(r);
        return TAKE_PTR(s);
}

/* Tiers count from 0 in the order of the list, and no name is in it twice. */
static bool priority_is_valid(const Definition *d, size_t i)
{
        uint32_t before = i > 0 ? d->nodes[i - 1].tier : 0, tier = d->nodes[i].tier;

        if (!d->nodes[i].name || definition_find_node(d, d->nodes[i].name) != (int) i)
                return false;
        return tier == before || (i > 0 && tier == before + 1);
}

static void put_priorities(ByteWriter *w, const Definition *d)
{
        wire_put_count(w, d->n_nodes, NODES_MAX);
        for (size_t i = 0; i < d->n_nodes; i++) {
                if (!priority_is_valid(d, i))
                        wire_writer_fail(w, -EINVAL);
                wire_put_node_name(w, d->nodes[i].name, NAME_REQUIRED);
                put_u32(w, d->nodes[i].tier);
        }
}

static void get_priorities(ByteReader *r, Definition *d)
{
        size_t n = wire_get_count(r, 7, NODES_MAX);

        d->nodes = wire_get_array(r, n, sizeof(d->nodes[0]));
        if (!d->nodes)
                return;
        while (d->n_nodes < n && !r->error) {
                size_t i = d->n_nodes++;

                d->nodes[i].name = wire_get_node_name(r, NAME_REQUIRED);
                d->nodes[i].tier = get_u32(r);
                if (!priority_is_valid(d, i))
                        wire_reader_fail(r);
        }
}

static void put_permitted(ByteWriter *w, const Definition *d)
{
        wire_put_count(w, d->n_permitted, NODES_MAX);
        for (size_t i = 0; i < d->n_permitted; i++)
                wire_put_node_name(w, d->permitted[i], NAME_REQUIRED);
}

static void get_permitted(ByteReader *r, Definition *d)
{
        size_t n = wire_get_count(r, 3, NODES_MAX);

        d->permitted = wire_get_array(r, n, sizeof(d->permitted[0]));
        if (!d->permitted)
                return;
        d->n_permitted = n;
        for (size_t i = 0; i < n && !r->error; i++)
                d->permitted[i] = wire_get_node_name(r, NAME_REQUIRED);
}

void wire_put_definition(ByteWriter *w, const Definition *d)
{
        wire_put_text(w, d->description);
        put_priorities(w, d);
        put_permitted(w, d);
        if (d->weight == 0)
                wire_writer_fail(w, -EINVAL);
        put_definition_keys(w, d);
        put_bool(w, d->needs_end);
}

void wire_get_definition(ByteReader *r, Definition *d)
{
        d->description = wire_get_text(r);
        get_priorities(r, d);
        get_permitted(r, d);
        get_definition_keys(r, d);
        d->needs_end = get_bool(r);
        if (d->weight == 0)
                wire_reader_fail(r);
}
