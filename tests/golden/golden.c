/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs scripts over a world without faults of its own and compares the whole trace with NAME.trace beside the
 * script. A changed trace is a changed decision: --update writes it anew, for a reader to judge.
 *
 *   golden [--update] [--print] SCRIPT... */

#include <stdarg.h>

#include "base/array.h"
#include "world/script.h"

typedef struct Options {
        bool update, print;
} Options;

typedef struct Lines {
        char **lines;
        size_t n, n_allocated;
} Lines;

static int read_lines(FILE *f, Lines *l)
{
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        while (getline(&line, &size, f) >= 0) {
                line[strcspn(line, "\n")] = '\0';
                if (ARRAY_GROW(l->lines, l->n, l->n_allocated) < 0)
                        return -ENOMEM;
                l->lines[l->n++] = TAKE_PTR(line);
                size = 0;
        }
        return 0;
}

static int say(const char *path, const Lines *l, size_t at, int r, const char *error)
{
        fprintf(stderr, "%s:%zu: %s: %s\n", path, at + 1, at < l->n ? l->lines[at] : "",
                        r == -EINVAL || r == -EDOM ? error : strerror(-r));
        return r;
}

/* Nothing runs where a line cannot be read. */
static int read_script(const char *path, const Lines *l, Script *s)
{
        char error[512];
        size_t at = 0;
        int r;

        for (size_t i = 0; i < l->n; i++) {
                r = script_read(s, l->lines[i], error, sizeof(error));
                if (r < 0)
                        return say(path, l, i, r, error);
        }
        r = script_read_end(s, &at, error, sizeof(error));
        return r < 0 ? say(path, l, at, r, error) : 0;
}

static int run_lines(const char *path, const Lines *l, Script *s)
{
        char error[512];
        size_t at = 0;
        int r = read_script(path, l, s);

        for (size_t i = 0; i < l->n && r != -EINVAL; i++) {
                int k = script_run(s, i, error, sizeof(error));

                if (k >= 0)
                        continue;
                r = say(path, l, i, k, error);
                if (k != -EDOM)
                        return r;
        }
        if (r != -EINVAL && script_check_answers(s, &at, error, sizeof(error)) < 0)
                r = say(path, l, at, -EDOM, error);
        return r;
}

static int run_script(const char *path, FILE *trace)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        _cleanup_(script_freep) Script *s = NULL;
        Lines l = {};
        int r;

        if (!f || script_new(trace, &s) < 0 || read_lines(f, &l) < 0) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                r = -ENOENT;
        } else
                r = run_lines(path, &l, s);
        for (size_t i = 0; i < l.n; i++)
                free(l.lines[i]);
        free(l.lines);
        return r;
}

static char *read_file(const char *path)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;

        if (!f)
                return NULL;
        if (getdelim(&text, &size, '\0', f) < 0) {
                free(text);
                return strdup("");
        }
        return text;
}

static void print_difference(const char *path, const char *is, const char *was)
{
        int n = 1;

        while (*is && *was) {
                size_t a = strcspn(is, "\n"), b = strcspn(was, "\n");

                if (a != b || memcmp(is, was, a) != 0)
                        break;
                is += a + (is[a] != '\0');
                was += b + (was[b] != '\0');
                n++;
        }
        fprintf(stderr, "%s:%d: the trace differs\n  was: %.*s\n  is:  %.*s\n", path, n,
                        (int) strcspn(was, "\n"), was, (int) strcspn(is, "\n"), is);
}

/* "dir/name.script" -> "dir/name.trace"; NULL: not a script's name. */
static char *trace_path(const char *script)
{
        size_t length = strlen(script), suffix = strlen(".script");
        char *path;

        if (length <= suffix || !streq(script + length - suffix, ".script"))
                return NULL;
        return asprintf(&path, "%.*s.trace", (int) (length - suffix), script) < 0 ? NULL : path;
}

static bool write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "we");
        bool good = f && fputs(text, f) >= 0;

        return f && fclose(f) == 0 && good;
}

static bool run_one(const char *script, const Options *o)
{
        _cleanup_free_ char *path = trace_path(script), *text = NULL, *was = NULL;
        size_t size = 0;
        FILE *trace = open_memstream(&text, &size);
        int r;

        if (!path || !trace) {
                fprintf(stderr, "%s is not the name of a script\n", script);
                if (trace)
                        fclose(trace);
                return false;
        }
        r = run_script(script, trace);
        fclose(trace);
        if (o->print)
                fputs(text, stdout);
        if (r < 0)
                return false;
        if (o->update)
                return write_file(path, text);
        was = read_file(path);
        if (was && streq(was, text))
                return true;
        print_difference(path, text, was ? was : "");
        return false;
}

int main(int argc, char **argv)
{
        Options o = {};
        size_t n_passed = 0, n_failed = 0;

        for (int i = 1; i < argc; i++)
                if (streq(argv[i], "--update"))
                        o.update = true;
                else if (streq(argv[i], "--print"))
                        o.print = true;
                else if (run_one(argv[i], &o))
                        n_passed++;
                else {
                        printf("failed: %s\n", argv[i]);
                        n_failed++;
                }
        printf("%zu passed, %zu failed\n", n_passed, n_failed);
        return n_failed > 0 || n_passed == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
