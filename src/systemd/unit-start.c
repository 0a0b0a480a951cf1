/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "systemd/unit-read.h"
#include "systemd/unit-start.h"

struct UnitStartCopy {
        UnitStart start; /* points into what follows */
        char *app, *description, *node, *from_node;
        UnitProperty *properties;
        size_t n_properties; /* filled so far */
};

UnitStartCopy *unit_start_copy_free(UnitStartCopy *c)
{
        if (!c)
                return NULL;
        free(c->app);
        free(c->description);
        free(c->node);
        free(c->from_node);
        unit_properties_free(c->properties, c->n_properties);
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
        c->properties = calloc(MAX(start->n_properties, (size_t) 1), sizeof(*c->properties));
        if (!c->app || !c->node || !c->from_node || !c->properties)
                return -ENOMEM;
        if (isempty(start->description)) {
                if (asprintf(&c->description, "Application %s of distro-manager", start->app) < 0) {
                        c->description = NULL;
                        return -ENOMEM;
                }
        } else if (!(c->description = strdup(start->description)))
                return -ENOMEM;

        for (; c->n_properties < start->n_properties; c->n_properties++) {
                int r = unit_property_copy(
                                &start->properties[c->n_properties], &c->properties[c->n_properties]);
                if (r < 0)
                        return r;
        }

        c->start = (UnitStart){
                .app = c->app,
                .epoch = start->epoch,
                .description = c->description,
                .start_type = start->start_type,
                .node = c->node,
                .from_node = c->from_node,
                .digest = start->digest,
                .properties = c->properties,
                .n_properties = c->n_properties,
        };
        *ret = TAKE_PTR(c);
        return 0;
}

const UnitStart *unit_start_copy_get(const UnitStartCopy *c)
{
        return &c->start;
}

static int append_strings(sd_bus_message *m, const UnitStrings *s)
{
        int r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; i < s->n && r >= 0; i++)
                r = sd_bus_message_append_basic(m, 's', s->items[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_bytes(sd_bus_message *m, const char *s)
{
        return sd_bus_message_append_array(m, 'y', s, strlen(s));
}

static bool ignores_failure(const UnitExec *e)
{
        for (size_t i = 0; i < e->flags.n; i++)
                if (streq(e->flags.items[i], "ignore-failure"))
                        return true;
        return false;
}

static int append_exec(sd_bus_message *m, UnitPropertyKind kind, const UnitExec *e)
{
        bool ex = kind == UNIT_PROPERTY_EXEC_EX;
        int r = sd_bus_message_open_container(m, 'r', ex ? "sasas" : "sasb");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', e->path);
        if (r >= 0)
                r = append_strings(m, &e->argv);
        if (r >= 0)
                r = ex ? append_strings(m, &e->flags)
                       : sd_bus_message_append(m, "b", (int) ignores_failure(e));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_string_bytes(sd_bus_message *m, const UnitRow *row)
{
        int r = sd_bus_message_open_container(m, 'r', "say");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', row->first);
        if (r >= 0)
                r = append_bytes(m, row->second);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_row(sd_bus_message *m, UnitPropertyKind kind, const UnitRow *row)
{
        switch ((int) kind) {
        case UNIT_PROPERTY_STRING_BOOLS:
                return sd_bus_message_append(m, "(sb)", row->first, (int) row->flag);
        case UNIT_PROPERTY_STRING_PAIRS:
                return sd_bus_message_append(m, "(ss)", row->first, row->second);
        case UNIT_PROPERTY_STRING_U64S:
                return sd_bus_message_append(m, "(st)", row->first, row->number);
        case UNIT_PROPERTY_STRING_BYTES:
                return append_string_bytes(m, row);
        case UNIT_PROPERTY_BINDS:
                return sd_bus_message_append(
                                m, "(ssbt)", row->first, row->second, (int) row->flag, row->number);
        case UNIT_PROPERTY_CONDITIONS:
                return sd_bus_message_append(
                                m, "(sbbs)", row->first, (int) row->flag, (int) row->flag2, row->second);
        case UNIT_PROPERTY_LINKS:
                return sd_bus_message_append(m, "(sst)", row->first, row->second, row->number);
        default:
                return -EINVAL;
        }
}

static int append_address(sd_bus_message *m, const UnitAddress *a)
{
        int r;

        if (a->n_bytes > sizeof(a->bytes))
                return -EINVAL;
        r = sd_bus_message_open_container(m, 'r', "iayu");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 'i', &a->family);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', a->bytes, a->n_bytes);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 'u', &a->prefix_length);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_set(sd_bus_message *m, const UnitProperty *p)
{
        int flag = p->set.flag;
        int r = sd_bus_message_open_container(m, 'r', "bas");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 'b', &flag);
        if (r >= 0)
                r = append_strings(m, &p->set.strings);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_status_set(sd_bus_message *m, const UnitProperty *p)
{
        int r = sd_bus_message_open_container(m, 'r', "aiai");
        if (r >= 0)
                r = sd_bus_message_append_array(
                                m, 'i', p->status_set.codes, p->status_set.n_codes * sizeof(int32_t));
        if (r >= 0)
                r = sd_bus_message_append_array(
                                m, 'i', p->status_set.signals, p->status_set.n_signals * sizeof(int32_t));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The kinds that are arrays of structures: one element each. */
static int append_elements(sd_bus_message *m, const UnitProperty *p, const char *signature)
{
        int r = sd_bus_message_open_container(m, 'a', signature + 1);

        if (p->kind == UNIT_PROPERTY_EXEC || p->kind == UNIT_PROPERTY_EXEC_EX)
                for (size_t i = 0; i < p->exec.n && r >= 0; i++)
                        r = append_exec(m, p->kind, &p->exec.items[i]);
        else if (p->kind == UNIT_PROPERTY_ADDRESSES)
                for (size_t i = 0; i < p->addresses.n && r >= 0; i++)
                        r = append_address(m, &p->addresses.items[i]);
        else if (p->kind == UNIT_PROPERTY_SOCKET_BINDS)
                for (size_t i = 0; i < p->socket_binds.n && r >= 0; i++) {
                        const UnitSocketBind *b = &p->socket_binds.items[i];
                        r = sd_bus_message_append(m, "(iiqq)", b->family, b->protocol, b->n_ports, b->port);
                }
        else if (p->kind == UNIT_PROPERTY_BYTE_ARRAYS)
                for (size_t i = 0; i < p->strings.n && r >= 0; i++)
                        r = append_bytes(m, p->strings.items[i]);
        else
                for (size_t i = 0; i < p->rows.n && r >= 0; i++)
                        r = append_row(m, p->kind, &p->rows.items[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const UnitProperty *p, const char *signature)
{
        switch (p->kind) {
        case UNIT_PROPERTY_BOOL:
                return sd_bus_message_append(m, "b", (int) p->boolean);
        case UNIT_PROPERTY_I32:
                return sd_bus_message_append(m, "i", p->i32);
        case UNIT_PROPERTY_U32:
                return sd_bus_message_append(m, "u", p->u32);
        case UNIT_PROPERTY_U64:
                return sd_bus_message_append(m, "t", p->u64);
        case UNIT_PROPERTY_STRING:
                return sd_bus_message_append(m, "s", p->string);
        case UNIT_PROPERTY_STRINGS:
                return append_strings(m, &p->strings);
        case UNIT_PROPERTY_BYTES:
                return sd_bus_message_append_array(m, 'y', p->bytes.data, p->bytes.size_bytes);
        case UNIT_PROPERTY_SET:
                return append_set(m, p);
        case UNIT_PROPERTY_LABEL:
                return sd_bus_message_append(m, "(bs)", (int) p->label.flag, p->label.name);
        case UNIT_PROPERTY_STATUS_SET:
                return append_status_set(m, p);
        case UNIT_PROPERTY_EXEC:
        case UNIT_PROPERTY_EXEC_EX:
        case UNIT_PROPERTY_STRING_BOOLS:
        case UNIT_PROPERTY_STRING_PAIRS:
        case UNIT_PROPERTY_STRING_U64S:
        case UNIT_PROPERTY_STRING_BYTES:
        case UNIT_PROPERTY_BINDS:
        case UNIT_PROPERTY_CONDITIONS:
        case UNIT_PROPERTY_ADDRESSES:
        case UNIT_PROPERTY_LINKS:
        case UNIT_PROPERTY_SOCKET_BINDS:
        case UNIT_PROPERTY_BYTE_ARRAYS:
                return append_elements(m, p, signature);
        case UNIT_PROPERTY_LINES:
        case _UNIT_PROPERTY_KIND_MAX:
        default:
                return -EINVAL;
        }
}

static int append_property(sd_bus_message *m, const UnitProperty *p)
{
        const char *signature = unit_property_kind_signature(p->kind);
        int r;

        if (p->kind == UNIT_PROPERTY_LINES) /* goes another way: unit-commands.h */
                return 0;
        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', signature);
        if (r >= 0)
                r = append_value(m, p, signature);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
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
        for (size_t i = 0; i < start->n_properties && r >= 0; i++)
                r = append_property(m, &start->properties[i]);
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
