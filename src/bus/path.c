/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/path.h"

#include "bus/bus.h"

char *application_path(const char *name)
{
        char *path;

        return sd_bus_path_encode(BUS_PATH_APPLICATION, name, &path) < 0 ? NULL : path;
}

char *application_unit(const char *name)
{
        char *unit;

        return asprintf(&unit, "distro-app-%s.service", name) < 0 ? NULL : unit;
}

char *node_path(const char *name)
{
        char *path;

        return sd_bus_path_encode(BUS_PATH_NODE, name, &path) < 0 ? NULL : path;
}

int bus_path_name(const char *path, const char *prefix, char **ret)
{
        _cleanup_free_ char *name = NULL, *canonical = NULL;
        int r;

        r = sd_bus_path_decode(path, prefix, &name);
        if (r <= 0)
                return r;
        /* "_61" decodes to "a" as "a" does, but an object has one path only. */
        r = sd_bus_path_encode(prefix, name, &canonical);
        if (r < 0)
                return r;
        if (!streq(canonical, path))
                return 0;
        *ret = TAKE_PTR(name);
        return 1;
}

int bus_paths(const State *state, size_t n, char *(*path_at)(const State *state, size_t i), char ***ret)
{
        char **paths = calloc(n + 1, sizeof(*paths));

        if (!paths)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                paths[i] = path_at(state, i);
                if (paths[i])
                        continue;
                while (i > 0)
                        free(paths[--i]);
                free(paths);
                return -ENOMEM;
        }
        *ret = paths;
        return 0;
}
