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

/* ---- the call ---- */

int unit_start_open_call(sd_bus *bus, const char *name, sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(
                        bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");

        if (r >= 0)
                r = sd_bus_message_append(m, "ss", name, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* ---- properties that are lists ---- */

int unit_start_open_list(sd_bus_message *m, const char *property, const char *element)
{
        char type[16];
        int r = sd_bus_message_open_container(m, 'r', "sv");

        snprintf(type, sizeof(type), "a%s", element);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', property);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', type);
        return r < 0 ? r : sd_bus_message_open_container(m, 'a', element);
}

int unit_start_close_list(sd_bus_message *m)
{
        int r = 0;

        for (int depth = 0; depth < 3 && r >= 0; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* ---- what it says of itself ---- */

static int append_bytes(sd_bus_message *m, const char *s)
{
        return sd_bus_message_append_array(m, 'y', s, strlen(s));
}

int unit_start_append_identity(sd_bus_message *m, const UnitStart *s)
{
        static const char *const names[] = { "APPLICATION", "NODE", "START_TYPE", "FROM_NODE", "EPOCH" };
        char epoch[21], text[sizeof("DISTRO_APPLICATION=") + NODE_NAME_MAX];
        const char *values[] = { s->app, strempty(s->node), start_type_to_string(s->start_type),
                strempty(s->from_node), epoch };
        int r = 0;

        snprintf(epoch, sizeof(epoch), "%" PRIu64, s->epoch);
        for (int fields = 0; fields < 2 && r >= 0; fields++) {
                r = unit_start_open_list(m, fields ? "LogExtraFields" : "Environment", fields ? "ay" : "s");
                for (size_t i = 0; i < ELEMENTSOF(names) && r >= 0; i++) {
                        snprintf(text, sizeof(text), "DISTRO_%s=%s", names[i], values[i]);
                        r = fields ? append_bytes(m, text) : sd_bus_message_append_basic(m, 's', text);
                }
                if (fields && r >= 0) {
                        snprintf(text, sizeof(text), "DISTRO_DEFINITION=%016" PRIx64, s->digest);
                        r = append_bytes(m, text);
                }
                if (r >= 0)
                        r = unit_start_close_list(m);
        }
        return r;
}
