/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/endpoint.h"

#include "bus/application-object.h"
#include "bus/call.h"
#include "bus/manager-object.h"
#include "bus/node-object.h"
#include "bus/outbox.h"
#include "bus/reads.h"

int endpoint_new(const BusOps *ops, void *userdata, BusServer **ret)
{
        BusServer *s;

        ASSERT(ops->engine && ops->now && ops->local && ops->invocation && ops->files && ops->submit &&
                        ops->stop_local && ops->reload && ops->asked && ops->name && ops->freed);
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->ops = *ops;
        s->userdata = userdata;
        s->shown_manager = calloc(n_manager_properties, sizeof(s->shown_manager[0]));
        if (!s->shown_manager) {
                free(s);
                return -ENOMEM;
        }
        *ret = s;
        return 0;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        /* DBUS_REQUEST_NAME_REPLY_…: primary owner, in queue, exists, already owner. */
        static const int results[] = { -EPROTO, 0, -EEXIST, -EEXIST, 0 };
        BusServer *s = userdata;
        uint32_t result;
        int r;

        s->slots[SLOT_NAME] = sd_bus_slot_unref(s->slots[SLOT_NAME]);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_ACCESS_DENIED))
                r = -EPERM;
        else if (sd_bus_message_is_method_error(m, NULL))
                r = -sd_bus_message_get_errno(m);
        else {
                r = sd_bus_message_read(m, "u", &result);
                if (r >= 0)
                        r = result < ELEMENTSOF(results) ? results[result] : -EPROTO;
        }
        s->ops.name(s->userdata, r);
        return 0;
}

static int server_add_objects(BusServer *s)
{
        int r;

        r = reads_watch(s);
        if (r < 0)
                return r;
        r = sd_bus_add_object_manager(s->bus, &s->slots[SLOT_OBJECT_MANAGER], BUS_PATH);
        if (r < 0)
                return r;
        r = manager_object_add(s, s->slots + SLOT_MANAGER);
        if (r < 0)
                return r;
        r = application_object_add(s, s->slots + SLOT_APPLICATION);
        if (r < 0)
                return r;
        r = node_object_add(s, s->slots + SLOT_NODE);
        if (r < 0)
                return r;
        if (!sd_bus_is_bus_client(s->bus))
                return 0; /* a direct connection has no names */
        return sd_bus_request_name_async(s->bus, &s->slots[SLOT_NAME], BUS_NAME, 0, on_name, s);
}

int endpoint_attach(BusServer *s, sd_bus *bus)
{
        int r;

        endpoint_detach(s);
        s->bus = sd_bus_ref(bus);
        r = server_add_objects(s);
        if (r < 0) {
                endpoint_detach(s);
                return r;
        }
        return 0;
}

void endpoint_detach(BusServer *s)
{
        bus_calls_drop(s);
        outbox_clear(s);
        reads_forget(s);
        for (size_t i = 0; i < _SLOT_MAX; i++)
                s->slots[i] = sd_bus_slot_unref(s->slots[i]);
        s->bus = sd_bus_unref(s->bus);
}

BusServer *endpoint_free(BusServer *s)
{
        if (!s)
                return NULL;
        endpoint_detach(s);
        free(s->shown_manager);
        free(s->outbox);
        free(s);
        return NULL;
}
