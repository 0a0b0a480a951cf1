/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/errors.h"

#include <stdarg.h>

#include "bus/bus.h"

/* The one table from what the engine answers to what stands on the bus. */
static const struct {
        const char *name;
        const char *text;
} errors[] = {
        [COMMAND_NO_SUCH_APPLICATION] = { BUS_ERROR_PREFIX "NoSuchApplication",
                        "There is no application of that name." },
        [COMMAND_NO_SUCH_NODE] = { BUS_ERROR_PREFIX "NoSuchNode", "There is no node of that name." },
        [COMMAND_NO_QUORUM] = { BUS_ERROR_PREFIX "NoQuorum",
                        "This node has no quorum, or is not in step with its group yet." },
        [COMMAND_NOT_FORMED] = { BUS_ERROR_PREFIX "NotFormed", "The group has not formed yet." },
        [COMMAND_NOT_RUNNING] = { BUS_ERROR_PREFIX "NotRunning", "The application does not run." },
        [COMMAND_NOT_ELIGIBLE] = { BUS_ERROR_PREFIX "NotEligible", "The node may not run the application." },
        [COMMAND_NOT_ALLOWED] = { BUS_ERROR_PREFIX "NotAllowed",
                        "This cannot be done in the present state." },
        [COMMAND_STILL_RUNNING] = { BUS_ERROR_PREFIX "StillRunning",
                        "The application may still be running on its last node." },
        [COMMAND_IN_MAINTENANCE] = { BUS_ERROR_PREFIX "InMaintenance", "The application is in maintenance." },
        [COMMAND_NOT_COMMITTED] = { BUS_ERROR_PREFIX "NotCommitted",
                        "Not enough nodes have written the change to disk in time; it may or may not last." },
        [COMMAND_TOO_MANY] = { BUS_ERROR_PREFIX "TooMany", "Too many calls are under way." },
};
_Static_assert(ELEMENTSOF(errors) == _COMMAND_ERROR_MAX, "each command error has a name on the bus");

const char *bus_error_name(CommandError e)
{
        ASSERT((size_t) e < ELEMENTSOF(errors));
        return errors[e].name;
}

const char *bus_error_text(CommandError e)
{
        ASSERT((size_t) e < ELEMENTSOF(errors));
        return strempty(errors[e].text);
}

int bus_error_set(sd_bus_error *error, CommandError e, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = sd_bus_error_setfv(error, bus_error_name(e), format, ap);
        va_end(ap);
        return r;
}

int bus_error_set_invalid(sd_bus_error *error, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = sd_bus_error_setfv(error, SD_BUS_ERROR_INVALID_ARGS, format, ap);
        va_end(ap);
        return r;
}
