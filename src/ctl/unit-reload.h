/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Has systemd reload a unit, as `systemctl reload` does, and waits for the end of that. It starts and stops nothing: a unit that is
 * not at work is not reloaded, and where a job is under way for it, as its stop, systemd refuses. `systemd` is a bus on which
 * systemd is. */

#include <systemd/sd-bus.h>

#include "base/macros.h"

#define RELOAD_RESULT_MAX 32u

/* 0, or a negative errno with `error` set where systemd has answered one. */
int unit_can_reload(sd_bus *systemd, const char *unit, sd_bus_error *error, bool *ret);
/* `ret_result`: systemd's word for how it ended: "done", "failed", "timeout", "canceled" ... 0, or a negative errno with `error`
 * set where systemd has answered one; -ETIME: it has not ended within `timeout_usec`, and goes on. */
int unit_reload(sd_bus *systemd, const char *unit, uint64_t timeout_usec, sd_bus_error *error,
                char ret_result[static RELOAD_RESULT_MAX]);
