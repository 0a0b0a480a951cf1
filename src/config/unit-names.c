/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "config/unit-names.h"

#define SLICE_PREFIX "distro-"
#define SLICE_SUFFIX ".slice"
#define HYPHEN "\\x2d"

void worker_unit_name(const char *app, char *ret)
{
        snprintf(ret, WORKER_UNIT_NAME_MAX, WORKER_UNIT_PREFIX "%.*s" WORKER_UNIT_SUFFIX, (int) APP_NAME_MAX,
                        app);
}

/* The first `n` bytes as an application's name; false: they are none. */
static bool take_app(const char *from, size_t n, char *ret)
{
        char name[APP_NAME_MAX + 1];

        if (n > APP_NAME_MAX)
                return false;
        memcpy(name, from, n);
        name[n] = '\0';
        if (!app_name_is_valid(name))
                return false;
        strcpy(ret, name);
        return true;
}

bool worker_unit_parse(const char *unit_name, char *ret)
{
        const char *app = startswith(unit_name, WORKER_UNIT_PREFIX);

        return app && endswith(app, WORKER_UNIT_SUFFIX) &&
               take_app(app, strlen(app) - strlen(WORKER_UNIT_SUFFIX), ret);
}

void app_slice_name(const char *app, char *ret)
{
        char *to = stpcpy(ret, SLICE_PREFIX);

        for (size_t i = 0; app[i] && i < APP_NAME_MAX; i++)
                if (app[i] == '-')
                        to = stpcpy(to, HYPHEN);
                else
                        *to++ = app[i];
        strcpy(to, SLICE_SUFFIX);
}

#define PART_ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\"

static bool part_id_is_valid(const char *id, size_t length)
{
        return length > 0 && strspn(id, PART_ID_CHARACTERS) >= length;
}

bool app_slice_parse(const char *unit_name, char *ret)
{
        const char *from = startswith(unit_name, SLICE_PREFIX);
        char name[APP_NAME_MAX + 1];
        size_t n = 0;

        if (!from || !endswith(from, SLICE_SUFFIX))
                return false;
        for (const char *end = from + strlen(from) - strlen(SLICE_SUFFIX); from < end; n++) {
                const char *hyphen = startswith(from, HYPHEN);

                /* A plain hyphen is a slice within. */
                if (n >= APP_NAME_MAX || *from == '-')
                        return false;
                name[n] = hyphen ? '-' : *from;
                from = hyphen ? hyphen : from + 1;
        }
        return take_app(name, n, ret);
}

/* "PREFIXAPP:ID.service". */
static bool parse_with_id(const char *unit_name, const char *prefix, char *ret, const char **ret_id,
                size_t *ret_id_length)
{
        const char *app = startswith(unit_name, prefix), *colon = app ? strchr(app, ':') : NULL;

        if (!colon || !endswith(colon, WORKER_UNIT_SUFFIX))
                return false;
        *ret_id = colon + 1;
        *ret_id_length = strlen(colon + 1) - strlen(WORKER_UNIT_SUFFIX);
        return part_id_is_valid(*ret_id, *ret_id_length) && take_app(app, (size_t) (colon - app), ret);
}

void gate_slice_name(const char *app, size_t stage, char *ret)
{
        app_slice_name(app, ret);
        sprintf(ret + strlen(ret) - strlen(SLICE_SUFFIX), "-%zu" SLICE_SUFFIX, stage + 1);
}

bool gate_slice_parse(const char *unit_name, char *ret)
{
        char name[GATE_SLICE_NAME_MAX], app[APP_NAME_MAX + 1], *hyphen;

        if (strlen(unit_name) >= sizeof(name) || !endswith(unit_name, SLICE_SUFFIX))
                return false;
        strcpy(name, unit_name);
        hyphen = strrchr(name, '-');
        if (!hyphen || hyphen[1] < '1' || hyphen[1] > '9' ||
                        !streq(hyphen + 1 + strspn(hyphen + 1, "0123456789"), SLICE_SUFFIX))
                return false;
        strcpy(hyphen, SLICE_SUFFIX);
        if (!app_slice_parse(name, app))
                return false;
        strcpy(ret, app);
        return true;
}

bool part_unit_parse(const char *unit_name, char *ret)
{
        const char *id;
        size_t length;

        return parse_with_id(unit_name, WORKER_UNIT_PREFIX, ret, &id, &length);
}

bool removal_unit_parse(const char *unit_name, char *ret, const char **ret_id, size_t *ret_id_length)
{
        return parse_with_id(unit_name, REMOVAL_UNIT_PREFIX, ret, ret_id, ret_id_length);
}

bool removal_unit(const char *app, const Part *p, char ret[static PART_UNIT_NAME_MAX])
{
        int n = snprintf(ret, PART_UNIT_NAME_MAX, REMOVAL_UNIT_PREFIX "%s:%s" WORKER_UNIT_SUFFIX, app, p->id);

        return n > 0 && (size_t) n < PART_UNIT_NAME_MAX && part_id_is_valid(p->id, strlen(p->id));
}

bool app_unit_parse(const char *unit_name, char *ret)
{
        return worker_unit_parse(unit_name, ret) || part_unit_parse(unit_name, ret) ||
               app_slice_parse(unit_name, ret) || gate_slice_parse(unit_name, ret);
}

/* As systemd has it: what it is called, and what it is, behind the last dot. No unit of ours is somebody's own. */
static bool own_name_is_valid(PartKind kind, const char *name)
{
        static const char *const types[] = { ".mount", ".service", ".socket", ".target", ".swap" };
        const char *dot = strrchr(name, '.');
        char app[APP_NAME_MAX + 1];

        if (!dot || dot == name || strspn(name, PART_ID_CHARACTERS "@") < strlen(name) ||
                        app_unit_parse(name, app))
                return false;
        for (size_t i = 0; i < (kind == PART_MOUNT ? 1 : ELEMENTSOF(types)); i++)
                if (streq(dot, types[i]))
                        return true;
        return false;
}

bool part_unit(const char *app, const Part *p, char ret[static PART_UNIT_NAME_MAX])
{
        bool is_own = p->kind == PART_MOUNT || p->kind == PART_UNIT;
        int n = is_own ? snprintf(ret, PART_UNIT_NAME_MAX, "%s", p->id)
                       : snprintf(ret, PART_UNIT_NAME_MAX, WORKER_UNIT_PREFIX "%s:%s" WORKER_UNIT_SUFFIX, app,
                                         p->id);

        return n > 0 && (size_t) n < PART_UNIT_NAME_MAX &&
               (is_own ? own_name_is_valid(p->kind, p->id) : part_id_is_valid(p->id, strlen(p->id)));
}

bool mount_unit_name(const char *where, char ret[static PART_UNIT_NAME_MAX])
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.";
        const char *from = where + (where[0] == '/'), *begin = from;
        size_t n = 0, room = PART_UNIT_NAME_MAX - sizeof(".mount");

        for (; *from && n + strlen(HYPHEN) <= room; from++)
                if (*from == '/')
                        ret[n++] = '-';
                else if (strchr(plain, *from) && !(*from == '.' && from == begin))
                        ret[n++] = *from;
                else
                        n += (size_t) sprintf(ret + n, "\\x%02x", (unsigned char) *from);
        strcpy(ret + n, ".mount");
        return !*from && n > 0;
}
