/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/maintenance.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "daemon/loop.h"
#include "systemd/part-start.h"

/* ---- the list, sorted by name ---- */

static MaintenanceFile *file_find(Manager *m, const char *app, size_t *ret_at)
{
        size_t low = 0, high = m->n_maintenance_files;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(app, m->maintenance_files[middle].app);

                if (order == 0) {
                        *ret_at = middle;
                        return m->maintenance_files + middle;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        *ret_at = low;
        return NULL;
}

/* NULL: out of memory, and the manager ends. */
static MaintenanceFile *file_add(Manager *m, const char *app, size_t at)
{
        char *name = strdup(app);

        if (!name || ARRAY_GROW(m->maintenance_files, m->n_maintenance_files,
                                     m->n_maintenance_files_allocated) < 0) {
                free(name);
                loop_fail(m, -ENOMEM, "noting a maintenance");
                return NULL;
        }
        ARRAY_OPEN(m->maintenance_files, m->n_maintenance_files, at);
        m->maintenance_files[at].app = name;
        return m->maintenance_files + at;
}

static void file_drop(Manager *m, size_t at)
{
        free(m->maintenance_files[at].app);
        ARRAY_CLOSE(m->maintenance_files, m->n_maintenance_files, at);
}

/* ---- the files ---- */

static int make_file(Manager *m, const char *path)
{
        _cleanup_free_ char *directory = text_format("%s/" PART_MAINTENANCE, m->runtime_directory);
        int fd;

        if (!directory)
                return -ENOMEM;
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return -errno;
        (void) close(fd); /* nothing was written */
        return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;

        /* From the end: one that is settled goes from the list. */
        for (size_t i = m->n_maintenance_files; i > 0 && !m->exiting; i--)
                if (m->maintenance_files[i - 1].failed) {
                        _cleanup_free_ char *app = strdup(m->maintenance_files[i - 1].app);

                        if (app)
                                maintenance_look(m, app);
                }
        return 0;
}

static void file_failed(Manager *m, MaintenanceFile *f, const char *path, int error)
{
        int r;

        if (!f->failed && f->there)
                journal_app(m->journal, JOURNAL_MAINTENANCE_UNTOLD, f->app,
                                "%s could not be removed: %s; the helpers of its parts act as if it were in maintenance",
                                path, strerror(-error));
        else if (!f->failed)
                journal_app(m->journal, JOURNAL_MAINTENANCE_UNTOLD, f->app,
                                "%s could not be made: %s; the helpers of its parts act as if it were not in maintenance",
                                path, strerror(-error));
        f->failed = true;
        r = loop_arm(m, &m->maintenance_timer, MAINTENANCE_AGAIN_USEC, on_again);
        if (r < 0)
                loop_fail(m, r, "arming a timer");
}

/* Makes it so; one that is neither there nor wanted leaves the list. */
static void file_settle(Manager *m, size_t at, bool wanted)
{
        MaintenanceFile *f = m->maintenance_files + at;
        _cleanup_free_ char *path = text_format("%s/" PART_MAINTENANCE "/%s", m->runtime_directory, f->app);
        int r = 0;

        if (!path)
                return loop_fail(m, -ENOMEM, "noting a maintenance");
        if (wanted && !f->there)
                r = make_file(m, path);
        else if (!wanted && f->there)
                r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
        if (r < 0)
                return file_failed(m, f, path, r);
        f->failed = false;
        f->there = wanted;
        if (!wanted)
                file_drop(m, at);
}

/* What the engine does not know of is as it was found. */
static bool is_wanted(Manager *m, const char *app, const MaintenanceFile *f)
{
        const App *a = state_find_app(engine_state(m->engine), app);
        UnitInfo info;

        if (!units_find(m->units, app, &info) || !unit_state_is_alive(info.state))
                return false;
        return a ? app_is_left_alone(a) : f && f->there;
}

void maintenance_look(Manager *m, const char *app)
{
        size_t at;
        MaintenanceFile *f = file_find(m, app, &at);
        bool wanted = is_wanted(m, app, f);

        if (!f && !wanted)
                return;
        if (!f)
                f = file_add(m, app, at);
        if (f)
                file_settle(m, at, wanted);
}

/* ---- the manager's life ---- */

static void take_found(Manager *m)
{
        _cleanup_free_ char *path = text_format("%s/" PART_MAINTENANCE, m->runtime_directory);
        DIR *directory = path ? opendir(path) : NULL;
        struct dirent *entry;

        if (!directory)
                return; /* most often there is none */
        while ((entry = readdir(directory)) && !m->exiting) {
                size_t at;
                MaintenanceFile *f;

                if (!app_name_is_valid(entry->d_name) || file_find(m, entry->d_name, &at))
                        continue;
                f = file_add(m, entry->d_name, at);
                if (f)
                        f->there = true;
        }
        (void) closedir(directory);
}

void maintenance_begin(Manager *m)
{
        take_found(m);
        for (size_t i = m->n_maintenance_files; i > 0 && !m->exiting; i--)
                file_settle(m, i - 1,
                                is_wanted(m, m->maintenance_files[i - 1].app, m->maintenance_files + i - 1));
        for (size_t i = 0; i < units_count(m->units) && !m->exiting; i++) {
                UnitInfo info;

                units_get(m->units, i, &info);
                maintenance_look(m, info.app);
        }
}

void maintenance_done(Manager *m)
{
        m->maintenance_timer = sd_event_source_unref(m->maintenance_timer);
        while (m->n_maintenance_files > 0)
                file_drop(m, m->n_maintenance_files - 1);
        free(m->maintenance_files);
}
