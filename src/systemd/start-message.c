/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd/part-order.h"
#include "systemd/part-stages.h"
#include "systemd/part-start.h"
#include "systemd/start-message.h"

/* ---- values, by their signature ---- */

static int append_value(sd_bus_message *m, const char *signature, ByteReader *r);

/* The length of the first whole type of a signature. */
static size_t type_length(const char *signature)
{
        size_t n = 1;

        if (signature[0] == 'a')
                return 1 + type_length(signature + 1);
        if (signature[0] == '(')
                while (signature[n] != ')')
                        n += type_length(signature + n);
        return signature[0] == '(' ? n + 1 : n;
}

/* `type` is what open_container() takes: 'a' with the elements' type, 'r' with the members'. */
static int append_container(sd_bus_message *m, char type, const char *contents, size_t length, ByteReader *r)
{
        char text[32];
        uint32_t n = type == 'a' ? get_u32(r) : 1;
        int k;

        snprintf(text, sizeof(text), "%.*s", (int) length, contents);
        if (streq(text, "y")) {
                const uint8_t *bytes = get_bytes(r, n);
                return sd_bus_message_append_array(m, 'y', bytes, n);
        }
        k = sd_bus_message_open_container(m, type, text);
        for (; n > 0 && k >= 0; n--)
                for (size_t at = 0; at < length && k >= 0; at += type_length(contents + at))
                        k = append_value(m, contents + at, r);
        return k < 0 ? k : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const char *signature, ByteReader *r)
{
        switch (signature[0]) {
        case 'b':
                return sd_bus_message_append(m, "b", (int) get_bool(r));
        case 'q':
                return sd_bus_message_append(m, "q", get_u16(r));
        case 'i':
        case 'u':
                return sd_bus_message_append(m, signature[0] == 'i' ? "i" : "u", get_u32(r));
        case 't':
                return sd_bus_message_append(m, "t", get_u64(r));
        case 's':
                return sd_bus_message_append(m, "s", sealed_string(r));
        case 'a':
                return append_container(m, 'a', signature + 1, type_length(signature + 1), r);
        case '(':
                return append_container(m, 'r', signature + 1, type_length(signature) - 2, r);
        default:
                return -EINVAL;
        }
}

static int append_property(sd_bus_message *m, SealedProperty *p)
{
        int r;

        if (!p->signature[0]) /* goes another way: unit-commands.h */
                return 0;
        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', p->signature);
        if (r >= 0)
                r = append_value(m, p->signature, &p->value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_properties(sd_bus_message *m, const SealedProperties *properties)
{
        ByteReader reader = properties ? sealed_reader(properties) : (ByteReader){};
        SealedProperty p;
        int r = 0;

        while (r >= 0 && sealed_next(&reader, &p))
                r = append_property(m, &p);
        return r;
}

/* ---- the call ---- */

/* What the file may set otherwise: of two assignments systemd takes the later. No target wants a worker, so systemctl
 * isolate would stop each, and the manager would start it again, though the manager itself stays. */
static int append_defaults(sd_bus_message *m)
{
        return sd_bus_message_append(m, "(sv)", "IgnoreOnIsolate", "b", 1);
}

static int append_own_properties(sd_bus_message *m, const UnitStart *s)
{
        char slice[APP_SLICE_NAME_MAX] = WORKER_SLICE;

        if (s->parts && s->parts->n_items > 0)
                app_slice_name(s->app, slice);
        return sd_bus_message_append(m, "(sv)(sv)(sv)", "Description", "s",
                        s->description ? s->description : s->app, "Slice", "s", slice, "CollectMode", "s",
                        "inactive");
}

static int append_worker(sd_bus_message *m, const UnitStart *s)
{
        int r = append_defaults(m);

        if (r >= 0)
                r = append_properties(m, s->properties);
        if (r >= 0)
                r = append_own_properties(m, s);
        if (r >= 0)
                r = part_order_append_worker(m, s);
        return r < 0 ? r : unit_start_append_identity(m, s);
}

static int append_gate(sd_bus_message *m, const UnitStart *s, size_t stage)
{
        _cleanup_free_ char *description = text_format("start of application %s, as far as part %zu", s->app,
                        part_stages_get(s->parts, stage).end);
        int r = description ? append_defaults(m) : -ENOMEM;

        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)", "Description", "s", description, "CollectMode", "s",
                                "inactive");
        return r < 0 ? r : part_order_append_gate(m, s, stage);
}

int unit_start_message(sd_bus *bus, const UnitStart *start, size_t stage, const PartPlace *place,
                sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char name[MAX(WORKER_UNIT_NAME_MAX, GATE_SLICE_NAME_MAX)];
        bool is_last = stage + 1 >= part_stages_count(start->parts);
        int r;

        if (is_last)
                worker_unit_name(start->app, name);
        else
                gate_slice_name(start->app, stage, name);
        r = unit_start_open_call(bus, name, &m);
        if (r >= 0)
                r = is_last ? append_worker(m, start) : append_gate(m, start, stage);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = part_start_append_units(m, start, stage, place);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}
