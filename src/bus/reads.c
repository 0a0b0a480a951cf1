/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everybody may read, and an answer can be large: what one user may have of the manager's time is bounded here, before a
 * call is carried out. Changes have bounds of their own: call.c. */

#include <unistd.h>

#include "base/dbus.h"
#include "bus/internal.h"

/* These change something; whatever else is called only reads. */
static bool call_changes(sd_bus_message *m)
{
        const char *member = strempty(sd_bus_message_get_member(m));

        return manager_method_changes(member) || application_method_changes(member);
}

/* Before any call is carried out. 1: it has been dealt with. */
static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        uint8_t type;

        if (sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL || call_changes(m))
                return 0;
        /* The bus does not count calls that want no answer; and nobody would get this one. */
        return sd_bus_message_get_expect_reply(m) == 0;
}

int reads_watch(BusServer *s)
{
        return sd_bus_add_filter(s->bus, &s->slots[SLOT_FILTER], on_call, s);
}
