/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is executed: command lines. */

#include "base/array.h"
#include "base/text.h"
#include "config/unit-exec.h"
#include "config/words.h"

typedef struct ExecFlags {
        bool ignore_failure, own_argv0, no_env_expand, privileged, no_setuid, ambient;
} ExecFlags;

/* Reads the prefixes of a command; returns what follows them, or NULL if they don't go together. "!!" means
 * something only to kernels without ambient capabilities, which are none that systemd 252 runs well on: it is
 * read and dropped. */
static const char *take_prefixes(const char *word, ExecFlags *f)
{
        for (;; word++) {
                if (*word == '-' && !f->ignore_failure)
                        f->ignore_failure = true;
                else if (*word == '@' && !f->own_argv0)
                        f->own_argv0 = true;
                else if (*word == ':' && !f->no_env_expand)
                        f->no_env_expand = true;
                else if (*word == '+' && !f->privileged && !f->no_setuid && !f->ambient)
                        f->privileged = true;
                else if (*word == '!' && !f->privileged && !f->no_setuid && !f->ambient)
                        f->no_setuid = true;
                else if (*word == '!' && f->no_setuid) {
                        f->no_setuid = false;
                        f->ambient = true;
                } else
                        return strchr("-@:+!", *word) && *word ? NULL : word;
        }
}

static int add_flags(UnitStrings *s, const ExecFlags *f)
{
        const struct {
                bool set;
                const char *name;
        } flags[] = {
                { f->ignore_failure, "ignore-failure" },
                { f->privileged, "privileged" },
                { f->no_setuid, "no-setuid" },
        };
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (flags[i].set && unit_strings_add(s, flags[i].name) < 0)
                        return -ENOMEM;
        return 0;
}

/* The prefix ":" keeps dollar signs as they are. Doubling them does the same, and needs no flag. */
static int double_dollars(UnitStrings *argv)
{
        for (size_t i = 0; i < argv->n; i++) {
                Text t = { 0 };
                for (const char *c = argv->items[i]; *c; c++)
                        text_add_n(&t, *c == '$' ? "$$" : c, *c == '$' ? 2 : 1);
                char *doubled = text_take(&t);
                if (!doubled)
                        return -ENOMEM;
                free(argv->items[i]);
                argv->items[i] = doubled;
        }
        return 0;
}

/* A program: an absolute path, or a name that systemd looks for in its own search path. */
static int check_program(UnitParse *u, char *path)
{
        size_t length = strlen(path);
        if (length > 0 && !strchr(path, '/') && !streq(path, ".") && !streq(path, ".."))
                return 0;
        if (length > 1 && path[0] == '/' && path[length - 1] != '/' && path_tidy(path))
                return 0;
        return unit_wrong(u, path, "a program: an absolute path without \"..\", or a name without a slash");
}

static bool at_separator(const char *s)
{
        return s[0] == ';' && (!s[1] || strchr(WORD_WHITE, s[1]));
}

/* The arguments up to a semicolon that stands alone, or the end. "\;" is a semicolon as an argument. */
static int take_arguments(UnitParse *u, const char **s, UnitStrings *argv)
{
        while (**s && !at_separator(*s)) {
                if ((*s)[0] == '\\' && at_separator(*s + 1)) {
                        *s += 2;
                        *s += strspn(*s, WORD_WHITE);
                        if (unit_strings_add(argv, ";") < 0)
                                return -ENOMEM;
                        continue;
                }
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, s, WORD_UNQUOTE | WORD_UNESCAPE, &word);
                if (r < 0)
                        return r;
                if (unit_strings_add(argv, word) < 0)
                        return -ENOMEM;
        }
        if (**s) {
                (*s)++;
                *s += strspn(*s, WORD_WHITE);
        }
        return 0;
}

/* Appends an empty command, so that what is filled in later is freed with the property. */
static UnitExec *add_command(UnitParse *u, const UnitKey *k)
{
        UnitProperty *p = property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_EXEC);
        UnitExec *grown = p ? realloc(p->exec.items, (p->exec.n + 1) * sizeof(UnitExec)) : NULL;
        if (!grown)
                return NULL;
        p->exec.items = grown;
        grown[p->exec.n] = (UnitExec){ 0 };
        grown[p->exec.n].path = strdup("");
        if (!grown[p->exec.n].path)
                return NULL;
        return grown + p->exec.n++;
}

static int parse_command(UnitParse *u, const UnitKey *k, const char **s)
{
        _cleanup_free_ char *first = NULL, *path = NULL, *argv0 = NULL;
        ExecFlags flags = { 0 };

        if (at_separator(*s))
                return parse_error(u->p, "no command before \";\", expected one");
        int r = word_next(s, WORD_UNQUOTE | WORD_UNESCAPE, &first);
        if (r < 0)
                return r == -EINVAL ? parse_error(u->p, "a quote that is not closed or a wrong escape") : r;
        const char *program = take_prefixes(first, &flags);
        if (!program)
                return unit_wrong(u, first,
                                "each of the prefixes \"-\", \"@\", \":\" at most once, and one of \"+\", "
                                "\"!\" and \"!!\"");
        r = unit_expand(u, program, &path);
        if (r < 0)
                return r;
        r = check_program(u, path);
        if (r < 0)
                return r;
        if (flags.own_argv0) {
                r = at_separator(*s) ? 0 : unit_word_next(u, s, WORD_UNQUOTE | WORD_UNESCAPE, &argv0);
                if (r < 0)
                        return r;
                if (r == 0)
                        return parse_error(u->p, "\"@\" needs the name that the program shall see as its own "
                                                 "after the path");
        }
        UnitExec *e = add_command(u, k);
        if (!e || unit_strings_add(&e->argv, argv0 ? argv0 : path) < 0 || add_flags(&e->flags, &flags) < 0)
                return -ENOMEM;
        free(e->path);
        e->path = TAKE_PTR(path);
        r = take_arguments(u, s, &e->argv);
        return r >= 0 && flags.no_env_expand ? double_dollars(&e->argv) : r;
}

int unit_parse_exec(UnitParse *u, const UnitKey *k, const char *value)
{
        while (*value) {
                int r = parse_command(u, k, &value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool needs_ex(const UnitExec *e)
{
        return names_contain(e->flags.items, e->flags.n, "privileged") ||
               names_contain(e->flags.items, e->flags.n, "no-setuid");
}

/* Commands up to the last one that needs the ...Ex form get it, in a property that comes first; those behind
 * it stay as they are. */
static int split_exec(PropertyList *l, size_t at)
{
        UnitProperty *p = l->items + at;
        size_t n = p->exec.n;

        while (n > 0 && !needs_ex(p->exec.items + n - 1))
                n--;
        if (n == 0)
                return 0;

        UnitProperty ex = { .name = text_format("%sEx", p->name), .kind = UNIT_PROPERTY_EXEC_EX };
        UnitExec *commands = calloc(n, sizeof(UnitExec));
        if (!ex.name || !commands || ARRAY_GROW(l->items, l->n_items, l->n_allocated) < 0) {
                free(ex.name);
                free(commands);
                return -ENOMEM;
        }
        p = l->items + at;
        memcpy(commands, p->exec.items, n * sizeof(UnitExec));
        memmove(p->exec.items, p->exec.items + n, (p->exec.n - n) * sizeof(UnitExec));
        p->exec.n -= n;
        ex.exec.items = commands;
        ex.exec.n = n;
        if (p->exec.n == 0) {
                unit_property_done(p);
                *p = ex;
                return 0;
        }
        ARRAY_OPEN(l->items, l->n_items, at);
        l->items[at] = ex;
        return 0;
}

int property_list_split_exec(PropertyList *l)
{
        for (size_t i = 0; i < l->n_items; i++) {
                if (l->items[i].kind != UNIT_PROPERTY_EXEC)
                        continue;
                size_t n = l->n_items;
                int r = split_exec(l, i);
                if (r < 0)
                        return r;
                i += l->n_items - n;
        }
        return 0;
}
