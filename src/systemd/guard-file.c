/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/array.h"
#include "base/timing.h"
#include "engine/types.h"
#include "systemd/guard-file.h"
#include "systemd/unit-info.h"

#define LINE_MAX_BYTES 128u
#define ROUND_USEC (250 * USEC_PER_MSEC)  /* how often the guard looks, once its time has come */
#define ROUND_MAX_USEC (2 * USEC_PER_SEC) /* ... and what does not end is looked at ever less often */

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
        GraceTiming t = grace_timing_of(grace_usec);
        uint64_t kill_usec = usec_add(ended_usec, t.kill_usec),
                 end_kill_usec = usec_add(ended_usec, t.end_kill_usec),
                 answer_usec = MIN(UNITS_SYSTEMD_ANSWER_USEC, t.answer_usec);

        return (GuardMoments){
                .stop_usec = usec_add(ended_usec, t.stop_usec),
                .kill_usec = kill_usec,
                .by_hand_usec = usec_add(kill_usec, answer_usec),
                .end_kill_usec = end_kill_usec,
                .end_by_hand_usec = usec_add(end_kill_usec, answer_usec),
                .fuse_usec = usec_add(ended_usec, t.fuse_usec),
        };
}

uint64_t guard_next_look(const GuardMoments *m, uint64_t now_usec)
{
        const uint64_t at[] = { m->kill_usec, m->by_hand_usec, m->end_kill_usec, m->end_by_hand_usec };
        uint64_t past_usec = now_usec - MIN(now_usec, MAX(m->by_hand_usec, m->end_by_hand_usec)),
                 next = usec_add(now_usec, MIN(ROUND_USEC + past_usec / 16, ROUND_MAX_USEC));

        if (now_usec < m->stop_usec)
                return m->stop_usec;
        for (size_t i = 0; i < ELEMENTSOF(at); i++)
                if (now_usec < at[i])
                        next = MIN(next, at[i]);
        return next;
}

static char *file_path(const char *directory, const char *name)
{
        char *path;

        return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static const char *const self_fence_lines[] = {
        [SELF_FENCE_AUTO] = "", [SELF_FENCE_YES] = "self-fence=yes\n", [SELF_FENCE_NO] = "self-fence=no\n"
};

int guard_state_write(FILE *f, const GuardState *s)
{
        fprintf(f, "grace=%" PRIu64 "\n", s->grace_usec);
        for (size_t i = 0; i < s->n_maintenance; i++)
                fprintf(f, "maintenance=%s\n", s->maintenance[i]);
        fprintf(f, "%s%s%s%send\n", self_fence_lines[s->self_fence], s->in_step ? "in-step\n" : "",
                        s->idle ? "idle\n" : "", s->powers_off ? "powers-off\n" : "");
        return fflush(f) != 0 || ferror(f) ? -EIO : 0;
}

int guard_file_write(const char *directory, const GuardState *s)
{
        _cleanup_free_ char *path = file_path(directory, "guard"),
                            *temporary = file_path(directory, "guard.new");
        FILE *f;
        int r;

        if (!path || !temporary)
                return -ENOMEM;
        f = fopen(temporary, "we");
        if (!f) {
                r = -errno;
                (void) unlink(path);
                return r;
        }
        /* Whether it is in step, or idle, is the present manager's to say. */
        r = guard_state_write(f, &(GuardState){ .self_fence = s->self_fence,
                                                 .powers_off = s->powers_off,
                                                 .grace_usec = s->grace_usec,
                                                 .maintenance = s->maintenance,
                                                 .n_maintenance = s->n_maintenance });
        if (fclose(f) != 0 && r >= 0)
                r = -errno;
        /* The directory is in memory and gone with the boot, so there is nothing to be synced. */
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(temporary);
                (void) unlink(path);
        }
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
                } else if (streq(line, "self-fence=yes") && s->self_fence == SELF_FENCE_AUTO) {
                        s->self_fence = SELF_FENCE_YES;
                        r = 0;
                } else if (streq(line, "self-fence=no") && s->self_fence == SELF_FENCE_AUTO) {
                        s->self_fence = SELF_FENCE_NO;
                        r = 0;
                } else if (streq(line, "in-step") && !s->in_step) {
                        s->in_step = true;
                        r = 0;
                } else if (streq(line, "idle") && !s->idle) {
                        s->idle = true;
                        r = 0;
                } else if (streq(line, "powers-off") && !s->powers_off) {
                        s->powers_off = true;
                        r = 0;
                } else if (strncmp(line, "maintenance=", strlen("maintenance=")) == 0)
                        r = add_maintenance(s, &n_allocated, line + strlen("maintenance="));
                if (r < 0)
                        return r;
        }
        return ferror(f) ? -EIO : -EBADMSG;
}

int guard_state_read(FILE *f, GuardState *ret)
{
        GuardState s = {};
        int r = read_state(f, &s);

        if (r < 0) {
                guard_state_done(&s);
                return r;
        }
        *ret = s;
        return 0;
}

int guard_file_read(const char *directory, GuardState *ret)
{
        _cleanup_free_ char *path = file_path(directory, "guard");
        _cleanup_fclose_ FILE *f = NULL;

        if (!path)
                return -ENOMEM;
        f = fopen(path, "re");
        return f ? guard_state_read(f, ret) : -errno;
}

/* ---- the stamp ---- */

#define STAMP_FORMAT "ended=%020" PRIu64 "\nacted=%020" PRIu64 "\ngrace=%020" PRIu64 "\n"
#define STAMP_BYTES 81u

static int parse_stamp(char *text, GuardStamp *ret)
{
        GuardStamp stamp = {};

        for (char *line = text, *end; *line; line = end) {
                uint64_t *value = strncmp(line, "ended=", 6) == 0   ? &stamp.ended_usec
                                  : strncmp(line, "acted=", 6) == 0 ? &stamp.acted_usec
                                  : strncmp(line, "grace=", 6) == 0 ? &stamp.grace_usec
                                                                    : NULL;

                end = strchr(line, '\n');
                if (!value || !end)
                        return -EBADMSG;
                *end++ = 0;
                if (parse_number(line + 6, value) < 0)
                        return -EBADMSG;
        }
        *ret = stamp;
        return 0;
}

static int read_stamp(int fd, GuardStamp *ret)
{
        char text[STAMP_BYTES + 1];
        ssize_t n = pread(fd, text, sizeof(text), 0);

        if (n < 0)
                return -errno;
        if (n == 0) /* there was no room for it */
                return -ENOENT;
        if ((size_t) n > STAMP_BYTES)
                return -EBADMSG;
        text[n] = 0;
        return parse_stamp(text, ret);
}

int guard_stamp_read(const char *directory, GuardStamp *ret)
{
        _cleanup_free_ char *path = file_path(directory, "guard.stamp");
        int fd, r;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        r = read_stamp(fd, ret);
        (void) close(fd); /* nothing was written */
        return r;
}

int guard_stamp_write(int fd, const GuardStamp *stamp)
{
        char text[STAMP_BYTES + 1];
        ssize_t n;

        snprintf(text, sizeof(text), STAMP_FORMAT, stamp->ended_usec, stamp->acted_usec, stamp->grace_usec);
        n = pwrite(fd, text, STAMP_BYTES, 0);
        return n < 0 ? -errno : (size_t) n < STAMP_BYTES ? -ENOSPC : 0;
}

int guard_stamp_open(const char *directory, uint64_t now_usec, int *ret_fd, GuardStamp *ret)
{
        _cleanup_free_ char *path = file_path(directory, "guard.stamp");
        GuardStamp stamp = {};
        int fd, r;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd >= 0) {
                r = read_stamp(fd, &stamp);
                /* The clock counts from the boot, so a note of the future is as wrong as one that cannot be read. */
                if ((r < 0 && r != -ENOENT) || stamp.ended_usec > now_usec)
                        stamp = (GuardStamp){ .ended_usec = 1 };
                r = guard_stamp_write(fd, &stamp);
                if (r < 0) {
                        (void) close(fd); /* it has not taken anything */
                        fd = -1;
                }
        }
        *ret_fd = fd;
        *ret = stamp;
        return 0;
}

bool guard_stamp_covers(const char *directory, uint64_t unit_end_usec)
{
        GuardStamp stamp = {};

        return directory && guard_stamp_read(directory, &stamp) >= 0 && stamp.acted_usec != 0 &&
               unit_end_usec >= stamp.acted_usec;
}
