/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/array.h"
#include "engine/types.h"
#include "systemd/guard.h"
#include "systemd/units.h"

#define LINE_MAX_BYTES 128u
#define ROUND_USEC (250 * USEC_PER_MSEC) /* how often the guard looks, once its time has come */

void guard_state_done(GuardState *s)
{
        for (size_t i = 0; i < s->n_maintenance; i++)
                free(s->maintenance[i]);
        free(s->maintenance);
        *s = (GuardState){};
}

bool guard_state_in_maintenance(const GuardState *s, const char *app)
{
        for (size_t i = 0; i < s->n_maintenance; i++)
                if (streq(s->maintenance[i], app))
                        return true;
        return false;
}

GuardMoments guard_moments(uint64_t ended_usec, uint64_t grace_usec)
{
        uint64_t kill_usec = usec_add(ended_usec, grace_usec - grace_usec / 4);

        return (GuardMoments){
                .stop_usec = usec_add(ended_usec, grace_usec / 2),
                .kill_usec = kill_usec,
                .by_hand_usec = usec_add(kill_usec, MIN(UNITS_SYSTEMD_ANSWER_USEC, grace_usec / 8)),
        };
}

uint64_t guard_next_look(const GuardMoments *m, uint64_t now_usec)
{
        uint64_t next = usec_add(now_usec, ROUND_USEC);

        if (now_usec < m->stop_usec)
                return m->stop_usec;
        if (now_usec < m->kill_usec)
                return MIN(next, m->kill_usec);
        return now_usec < m->by_hand_usec ? MIN(next, m->by_hand_usec) : next;
}

static char *file_path(const char *directory, const char *name)
{
        char *path;

        return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static int write_state(FILE *f, uint64_t grace_usec, const char *const *maintenance, size_t n_maintenance)
{
        fprintf(f, "grace=%" PRIu64 "\n", grace_usec);
        for (size_t i = 0; i < n_maintenance; i++)
                fprintf(f, "maintenance=%s\n", maintenance[i]);
        fprintf(f, "end\n");
        return fflush(f) != 0 || ferror(f) ? -EIO : 0;
}

int guard_file_write(const char *directory, uint64_t grace_usec, const char *const *maintenance,
                size_t n_maintenance)
{
        _cleanup_free_ char *path = file_path(directory, "guard"),
                            *temporary = file_path(directory, "guard.new");
        FILE *f;
        int r;

        if (!path || !temporary)
                return -ENOMEM;
        f = fopen(temporary, "we");
        if (!f)
                return -errno;
        r = write_state(f, grace_usec, maintenance, n_maintenance);
        if (fclose(f) != 0 && r >= 0)
                r = -errno;
        /* The directory is in memory and gone with the boot, so there is nothing to be synced. */
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r;
}

static int parse_number(const char *text, uint64_t *ret)
{
        char *end;

        if (*text < '0' || *text > '9')
                return -EBADMSG;
        errno = 0;
        uintmax_t v = strtoumax(text, &end, 10);
        if (errno || *end)
                return -EBADMSG;
        *ret = v;
        return 0;
}

static int add_maintenance(GuardState *s, size_t *n_allocated, const char *app)
{
        if (!app_name_is_valid(app) || s->n_maintenance >= APPS_MAX)
                return -EBADMSG;
        if (ARRAY_GROW(s->maintenance, s->n_maintenance, *n_allocated) < 0)
                return -ENOMEM;
        s->maintenance[s->n_maintenance] = strdup(app);
        return s->maintenance[s->n_maintenance] ? (s->n_maintenance++, 0) : -ENOMEM;
}

static int read_state(FILE *f, GuardState *s)
{
        char line[LINE_MAX_BYTES];
        size_t n_allocated = 0;
        bool has_grace = false;

        while (fgets(line, sizeof(line), f)) {
                size_t n = strlen(line);
                int r = -EBADMSG;

                if (n == 0 || line[n - 1] != '\n')
                        return -EBADMSG;
                line[n - 1] = 0;
                if (streq(line, "end"))
                        return has_grace && fgetc(f) == EOF ? 0 : -EBADMSG;
                if (strncmp(line, "grace=", strlen("grace=")) == 0 && !has_grace) {
                        r = parse_number(line + strlen("grace="), &s->grace_usec);
                        has_grace = true;
                } else if (strncmp(line, "maintenance=", strlen("maintenance=")) == 0)
                        r = add_maintenance(s, &n_allocated, line + strlen("maintenance="));
                if (r < 0)
                        return r;
        }
        return ferror(f) ? -EIO : -EBADMSG;
}

int guard_file_read(const char *directory, GuardState *ret)
{
        _cleanup_free_ char *path = file_path(directory, "guard");
        _cleanup_fclose_ FILE *f = NULL;
        GuardState s = {};

        if (!path)
                return -ENOMEM;
        f = fopen(path, "re");
        if (!f)
                return -errno;
        int r = read_state(f, &s);
        if (r < 0) {
                guard_state_done(&s);
                return r;
        }
        *ret = s;
        return 0;
}

static int read_stamp(const char *path, uint64_t *ret)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        char line[LINE_MAX_BYTES];

        if (!f)
                return -errno;
        if (!fgets(line, sizeof(line), f) || strncmp(line, "ended=", strlen("ended=")) != 0)
                return -EBADMSG;
        line[strcspn(line, "\n")] = 0;
        return parse_number(line + strlen("ended="), ret);
}

/* Appears with its contents or not at all, and never in place of an older one. */
static int write_stamp(const char *path, const char *temporary, uint64_t now_usec)
{
        FILE *f = fopen(temporary, "we");
        int r = 0;

        if (!f)
                return -errno;
        if (fprintf(f, "ended=%" PRIu64 "\n", now_usec) < 0)
                r = -EIO;
        if (fclose(f) != 0 && r >= 0)
                r = -errno;
        if (r >= 0 && link(temporary, path) < 0)
                r = -errno;
        (void) unlink(temporary);
        return r;
}

int guard_stamp_set(const char *directory, uint64_t now_usec, uint64_t *ret_ended_usec)
{
        _cleanup_free_ char *path = file_path(directory, "guard.stamp"), *temporary = NULL;
        int r;

        if (!path || asprintf(&temporary, "%s/guard.stamp.%d", directory, (int) getpid()) < 0)
                return -ENOMEM;
        r = write_stamp(path, temporary, now_usec);
        if (r == 0) {
                *ret_ended_usec = now_usec;
                return 0;
        }
        if (r != -EEXIST)
                return r;

        uint64_t ended_usec = 0;
        r = read_stamp(path, &ended_usec);
        if (r == -ENOMEM)
                return r;
        /* The clock counts from the boot, so a note of the future is as wrong as one that cannot be read. */
        *ret_ended_usec = r < 0 || ended_usec > now_usec ? 0 : ended_usec;
        return 0;
}

bool guard_was_missed(const char *directory)
{
        _cleanup_free_ char *state = file_path(directory, "guard"),
                            *stamp = file_path(directory, "guard.stamp");

        /* Without memory it is better armed once too often. */
        return !state || !stamp || (access(state, F_OK) == 0 && access(stamp, F_OK) < 0);
}

int guard_stamp_remove(const char *directory)
{
        _cleanup_free_ char *path = file_path(directory, "guard.stamp");

        if (!path)
                return -ENOMEM;
        return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
