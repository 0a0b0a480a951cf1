/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "systemd/unit-read.h"
#include "systemd/unit-start.h"

struct UnitStartCopy {
        UnitStart start; /* points into what follows */
        char *app, *description, *node, *from_node;
        SealedProperties properties;
        Parts parts;
};

UnitStartCopy *unit_start_copy_free(UnitStartCopy *c)
{
        if (!c)
                return NULL;
        free(c->app);
        free(c->description);
        free(c->node);
        free(c->from_node);
        sealed_done(&c->properties);
        parts_done(&c->parts);
        free(c);
        return NULL;
}

int unit_start_copy(const UnitStart *start, UnitStartCopy **ret)
{
        _cleanup_(unit_start_copy_freep) UnitStartCopy *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;

        c->app = strdup(start->app);
        c->node = strdup(strempty(start->node));
        c->from_node = strdup(strempty(start->from_node));
        if (!c->app || !c->node || !c->from_node ||
                        (start->properties && sealed_copy(start->properties, &c->properties) < 0) ||
                        (start->parts && parts_copy(start->parts, &c->parts) < 0))
                return -ENOMEM;
        if (isempty(start->description)) {
                if (asprintf(&c->description, "Application %s of distro-manager", start->app) < 0) {
                        c->description = NULL;
                        return -ENOMEM;
                }
        } else if (!(c->description = strdup(start->description)))
                return -ENOMEM;

        c->start = (UnitStart){
                .app = c->app,
                .epoch = start->epoch,
                .description = c->description,
                .start_type = start->start_type,
                .node = c->node,
                .from_node = c->from_node,
                .digest = start->digest,
                .properties = &c->properties,
                .parts = &c->parts,
        };
        *ret = TAKE_PTR(c);
        return 0;
}

const UnitStart *unit_start_copy_get(const UnitStartCopy *c)
{
        return &c->start;
}

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

static int append_bytes(sd_bus_message *m, const char *s)
{
        return sd_bus_message_append_array(m, 'y', s, strlen(s));
}

/* What the file may set otherwise: of two assignments systemd takes the later. No target wants a worker, so systemctl
 * isolate would stop each, and the manager would start it again, though the manager itself stays. */
static int append_defaults(sd_bus_message *m)
{
        return sd_bus_message_append(m, "(sv)", "IgnoreOnIsolate", "b", 1);
}

static int append_own_properties(sd_bus_message *m, const UnitStart *s)
{
        static const char *const names[] = { "APPLICATION", "NODE", "START_TYPE", "FROM_NODE", "EPOCH" };
        char epoch[21], text[sizeof("DISTRO_APPLICATION=") + NODE_NAME_MAX];
        const char *values[] = { s->app, strempty(s->node), start_type_to_string(s->start_type),
                strempty(s->from_node), epoch };
        int r;

        snprintf(epoch, sizeof(epoch), "%" PRIu64, s->epoch);
        r = sd_bus_message_append(m, "(sv)(sv)(sv)", "Description", "s",
                        s->description ? s->description : s->app, "Slice", "s", WORKER_SLICE, "CollectMode",
                        "s", "inactive");

        /* Environment comes last: of two assignments systemd takes the later. The same words in the worker's
         * own journal entries let one match find them together with ours. */
        for (int fields = 0; fields < 2 && r >= 0; fields++) {
                r = sd_bus_message_open_container(m, 'r', "sv");
                if (r >= 0)
                        r = sd_bus_message_append_basic(m, 's', fields ? "LogExtraFields" : "Environment");
                if (r >= 0)
                        r = sd_bus_message_open_container(m, 'v', fields ? "aay" : "as");
                if (r >= 0)
                        r = sd_bus_message_open_container(m, 'a', fields ? "ay" : "s");
                for (size_t i = 0; i < ELEMENTSOF(names) && r >= 0; i++) {
                        snprintf(text, sizeof(text), "DISTRO_%s=%s", names[i], values[i]);
                        r = fields ? append_bytes(m, text) : sd_bus_message_append_basic(m, 's', text);
                }
                if (fields && r >= 0) {
                        snprintf(text, sizeof(text), "DISTRO_DEFINITION=%016" PRIx64, s->digest);
                        r = append_bytes(m, text);
                }
                for (int depth = 0; depth < 3 && r >= 0; depth++)
                        r = sd_bus_message_close_container(m);
        }
        return r;
}

int unit_start_message(sd_bus *bus, const UnitStart *start, sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char name[WORKER_UNIT_NAME_MAX];
        int r;

        worker_unit_name(start->app, name);
        r = sd_bus_message_new_method_call(
                        bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", name, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_defaults(m);
        if (r >= 0)
                r = append_properties(m, start->properties);
        if (r >= 0)
                r = append_own_properties(m, start);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}
