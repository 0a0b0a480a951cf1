/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Applications from their files. */

#include "base/array.h"
#include "base/text.h"
#include "config/application.h"
#include "config/config-files.h"
#include "config/words.h"

#define APPLICATIONS "applications"
#define SUFFIX ".app"
#define NAME_EXPECTED "a DNS label: a-z, 0-9 and hyphens, not at either end, at most 63 bytes"

static void app_config_failure_done(AppConfigFailure *f)
{
        free(f->name);
        free(f->text);
}

void app_configs_done(AppConfigs *c)
{
        for (size_t i = 0; i < c->n_items; i++)
                app_config_done(c->items + i);
        for (size_t i = 0; i < c->n_failures; i++)
                app_config_failure_done(c->failures + i);
        free(c->items);
        free(c->failures);
        *c = (AppConfigs){ 0 };
}

const AppConfig *app_configs_find(const AppConfigs *c, const char *name)
{
        size_t low = 0, high = c->n_items;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(name, c->items[middle].definition.name);

                if (order == 0)
                        return c->items + middle;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

/* The file and the drop-ins of an application: 0; -ENOENT, -ERFKILL (with the mask in `f`); another errno,
 * with *ret_bad set to the folder that could not be read. */
static int find_files(const ConfigContext *context, const char *name, ConfigFiles *f, char **ret_bad)
{
        _cleanup_free_ char *file = text_format(APPLICATIONS "/%s" SUFFIX, name);
        _cleanup_free_ char *dropins = text_format(APPLICATIONS "/%s" SUFFIX ".d", name);
        if (!file || !dropins)
                return -ENOMEM;
        int r = config_files_find(context, file, f);
        if (r == 0)
                return -ENOENT;
        return r < 0 ? r : config_files_find_dropins(context, NULL, dropins, f, ret_bad);
}

static int complain_unreadable(const ConfigContext *context, ConfigMessages *messages, const char *name,
                const char *path, int error)
{
        ParseState p = { .context = context, .messages = messages, .application = name, .file = path };
        return parse_error(&p, "can't be read: %s", strerror(-error));
}

static int parse_all(const ConfigContext *context, const char *name, const ConfigFiles *files,
                ConfigMessages *messages, AppConfig *ret)
{
        _cleanup_(app_parse_done) AppParse a = { 0 };
        int r = app_parse_init(&a, context, messages, name, files->items[0].path);
        if (r < 0)
                return r;
        if (!app_name_is_valid(name)) {
                r = parse_error(&a.state, "\"%s\" is no name for an application, expected " NAME_EXPECTED,
                                name);
                if (r == -ENOMEM)
                        return r;
        }
        r = config_files_parse(&a.state, files, app_sections, app_parse_assignment, &a);
        if (r < 0)
                return r;
        a.state.file = files->items[0].path; /* what is missing is missing from the file itself */
        return app_parse_finish(&a, ret);
}

int app_config_load(const ConfigContext *context, const char *name, ConfigMessages *messages, AppConfig *ret)
{
        _cleanup_(config_files_done) ConfigFiles files = { 0 };
        _cleanup_free_ char *bad = NULL;
        int r = find_files(context, name, &files, &bad);
        if (r < 0 && bad)
                return complain_unreadable(context, messages, name, bad, r);
        if (r < 0)
                return r == -ERFKILL ? -ENOENT : r;
        return parse_all(context, name, &files, messages, ret);
}

int app_config_parse(const ConfigContext *context, const char *name, const char *file, const char *text,
                size_t size_bytes, ConfigMessages *messages, AppConfig *ret)
{
        _cleanup_(app_parse_done) AppParse a = { 0 };
        int r = app_parse_init(&a, context, messages, name, file);
        if (r < 0)
                return r;
        if (!app_name_is_valid(name)) {
                r = parse_error(&a.state, "\"%s\" is no name for an application, expected " NAME_EXPECTED,
                                name);
                if (r == -ENOMEM)
                        return r;
        }
        r = syntax_parse(&a.state, text, size_bytes, app_sections, app_parse_assignment, &a);
        return r < 0 ? r : app_parse_finish(&a, ret);
}

int app_config_load_file(
                const ConfigContext *context, const char *path, ConfigMessages *messages, AppConfig *ret)
{
        _cleanup_(config_files_done) ConfigFiles files = { 0 };
        _cleanup_free_ char *bad = NULL, *directory = NULL, *name = NULL, *dropins = NULL;
        const char *slash = strrchr(path, '/');
        const char *base = slash ? slash + 1 : path;
        ParseState p = { .context = context, .messages = messages, .file = path };

        if (!endswith(base, SUFFIX) || strlen(base) == strlen(SUFFIX))
                return parse_error(&p, "the name does not end in " SUFFIX ", expected NAME" SUFFIX);
        name = strndup(base, strlen(base) - strlen(SUFFIX));
        directory = slash == path ? strdup("") : slash ? strndup(path, (size_t) (slash - path)) : strdup(".");
        dropins = name ? text_format(APPLICATIONS "/%s" SUFFIX ".d", name) : NULL;
        if (!name || !directory || !dropins ||
                        config_files_add(&files, true, slash ? directory : "", base) < 0)
                return -ENOMEM;
        if (slash == path) {
                free(files.items[0].path);
                files.items[0].path = strdup(path);
                if (!files.items[0].path)
                        return -ENOMEM;
        }
        int r = config_files_find_dropins(context, directory, dropins, &files, &bad);
        if (r < 0 && bad)
                return complain_unreadable(context, messages, name, bad, r);
        return r < 0 ? r : parse_all(context, name, &files, messages, ret);
}

/* The names of all files of applications, without the suffix, also of masks. */
static int list_all_names(const ConfigContext *context, char ***ret, size_t *ret_n, char **ret_bad)
{
        int r = config_files_list_names(context, APPLICATIONS, SUFFIX, ret, ret_n, ret_bad);
        for (size_t i = 0; r >= 0 && i < *ret_n; i++)
                (*ret)[i][strlen((*ret)[i]) - strlen(SUFFIX)] = 0;
        return r;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int app_config_list_names(const ConfigContext *context, char ***ret)
{
        _cleanup_free_ char *bad = NULL;
        char **names = NULL;
        size_t n = 0, kept = 0;
        int r = list_all_names(context, &names, &n, &bad);
        if (r < 0)
                return r;

        char **list = calloc(n + 1, sizeof(char *));
        for (size_t i = 0; list && r >= 0 && i < n; i++) {
                _cleanup_(config_files_done) ConfigFiles files = { 0 };
                _cleanup_free_ char *file = text_format(APPLICATIONS "/%s" SUFFIX, names[i]);
                int found = file ? config_files_find(context, file, &files) : -ENOMEM;
                if (found > 0)
                        list[kept++] = TAKE_PTR(names[i]);
                else if (found < 0 && found != -ERFKILL)
                        r = found;
        }
        names_free(names, n);
        if (!list || r < 0) {
                strings_free(list);
                return list ? r : -ENOMEM;
        }
        /* Without their suffixes the names may sort differently ("a-b" and "a"). */
        qsort(list, kept, sizeof(char *), compare_names);
        *ret = list;
        return 0;
}

int app_config_list_files(const ConfigContext *context, const char *name, char ***ret)
{
        _cleanup_(config_files_done) ConfigFiles files = { 0 };
        _cleanup_free_ char *bad = NULL;
        int r = find_files(context, name, &files, &bad);
        if (r < 0 && r != -ERFKILL)
                return r;
        int k = config_files_paths(&files, ret);
        return k < 0 ? k : r;
}

static int add_failure(AppConfigs *c, size_t *n_allocated, const char *name, const ConfigMessages *messages)
{
        AppConfigFailure f = { .name = strdup(name), .text = config_messages_join(messages, CONFIG_ERROR) };
        for (size_t i = messages->n_items; i > 0; i--)
                if (messages->items[i - 1].level == CONFIG_ERROR)
                        f.line = messages->items[i - 1].line;
        if (!f.name || !f.text || ARRAY_GROW(c->failures, c->n_failures, *n_allocated) < 0) {
                app_config_failure_done(&f);
                return -ENOMEM;
        }
        c->failures[c->n_failures++] = f;
        return 0;
}

static int load_one(const ConfigContext *context, const char *name, ConfigMessages *messages, AppConfigs *c,
                size_t *n_allocated, size_t *n_failures_allocated)
{
        _cleanup_(config_messages_done) ConfigMessages own = { 0 };
        AppConfig app = { 0 };

        int r = ARRAY_GROW(c->items, c->n_items, *n_allocated);
        if (r < 0)
                return r;
        r = app_config_load(context, name, &own, &app);
        if (r == -ENOENT)
                return 0; /* it vanished meanwhile */
        if (r >= 0)
                c->items[c->n_items++] = app;
        else if (r == -EINVAL)
                r = add_failure(c, n_failures_allocated, name, &own);
        return r < 0 ? r : config_messages_move(&own, messages);
}

/* A name that is not quite right makes no application, and no reader misses it. */
static int warn_of_stray(const ConfigContext *context, ConfigMessages *messages)
{
        _cleanup_(config_files_done) ConfigFiles stray = { 0 };
        int r = config_files_list_stray(context, APPLICATIONS, SUFFIX, &stray);

        if (r < 0)
                return r == -ENOMEM ? r : 0; /* a folder that cannot be read was told of */
        for (size_t i = 0; r >= 0 && i < stray.n_items; i++) {
                ParseState p = { .context = context, .messages = messages, .file = stray.items[i].path };
                r = parse_warning(&p, "is not read: applications are NAME" SUFFIX
                                      ", their drop-ins NAME" SUFFIX ".d/*.conf");
        }
        return r;
}

int app_config_load_all(const ConfigContext *context, ConfigMessages *messages, AppConfigs *ret)
{
        _cleanup_(app_configs_done) AppConfigs c = { 0 };
        char **names = NULL;
        size_t n_allocated = 0, n_failures_allocated = 0;

        int r = app_config_list_names(context, &names);
        if (r < 0 && r != -ENOMEM) {
                int k = complain_unreadable(context, messages, NULL, APPLICATIONS, r);
                return k == -ENOMEM ? k : r;
        }
        for (size_t i = 0; r >= 0 && names[i]; i++)
                r = load_one(context, names[i], messages, &c, &n_allocated, &n_failures_allocated);
        strings_free(names);
        if (r >= 0)
                r = warn_of_stray(context, messages);
        if (r < 0)
                return r;
        *ret = c;
        c = (AppConfigs){ 0 };
        return 0;
}
