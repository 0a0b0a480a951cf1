/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which copy a run is, as the third witness: beside DISTRO_EPOCH= in Environment= and in LogExtraFields=, both of which
 * a drop-in can empty while the worker runs. A symbolic link for each application, in a folder that lasts for this
 * boot, holds the run's InvocationID and the copy's epoch. It counts for that run alone, so one that is left behind
 * does no harm. */

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "systemd/unit-run.h"

#define RUN_PATH_PREFIX "/run-of-"

static int run_path(const char *directory, const char *app, const char *suffix, char **ret)
{
        return asprintf(ret, "%s" RUN_PATH_PREFIX "%s%s", directory, app, suffix) < 0 ? -ENOMEM : 0;
}

void run_id_text(const uint8_t id[static 16], char ret[static 33])
{
        sd_id128_t run;

        memcpy(run.bytes, id, sizeof(run.bytes));
        (void) sd_id128_to_string(run, ret); /* cannot fail */
}

int unit_run_keep(const char *directory, const char *app, const uint8_t id[static 16], uint64_t epoch)
{
        _cleanup_free_ char *path = NULL, *new = NULL;
        char run[33], target[33 + 1 + 20 + 1];
        int r;

        r = run_path(directory, app, "", &path);
        if (r == 0)
                r = run_path(directory, app, ".new", &new);
        if (r < 0)
                return r;
        run_id_text(id, run);
        snprintf(target, sizeof(target), "%s:%" PRIu64, run, epoch);
        (void) unlink(new); /* of a process that was ended in between */
        if (symlink(target, new) < 0 || rename(new, path) < 0)
                return -errno;
        return 0;
}

uint64_t unit_run_epoch(const char *directory, const char *app, const uint8_t id[static 16])
{
        _cleanup_free_ char *path = NULL;
        char run[33], target[128], *end;
        uint64_t epoch;
        ssize_t n;

        if (run_path(directory, app, "", &path) < 0)
                return 0;
        n = readlink(path, target, sizeof(target) - 1);
        if (n <= 33)
                return 0;
        target[n] = 0;
        run_id_text(id, run);
        if (strncmp(target, run, 32) != 0 || target[32] != ':' || target[33] < '0' || target[33] > '9')
                return 0;
        errno = 0;
        epoch = strtoull(target + 33, &end, 10);
        return errno || *end || !epoch_is_possible(epoch) ? 0 : epoch;
}

void unit_run_forget(const char *directory, const char *app)
{
        _cleanup_free_ char *path = NULL;

        if (run_path(directory, app, "", &path) == 0)
                (void) unlink(path); /* without one there is none */
}
