/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of verbs, --help, the completions and distroctl(1) name the same verbs and options. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "ctl/ctl.h"
#include "ctl/read-file.h"

static char *tree_file(const char *name)
{
        const char *top = getenv("top_srcdir");
        _cleanup_free_ char *path = NULL;
        char *text = NULL;

        assert_true(asprintf(&path, "%s/%s", isempty(top) ? "." : top, name) >= 0);
        if (read_file(path, &text, NULL) < 0)
                fail_msg("%s cannot be read", path);
        return text;
}

/* --help as the program prints it. */
static char *help_text(void)
{
        static Ctl c;
        char *text = NULL;
        size_t size;
        FILE *old = stdout, *f = open_memstream(&text, &size);

        assert_non_null(f);
        stdout = f;
        options_print_help(&c);
        stdout = old;
        assert_int_equal(fclose(f), 0);
        return text;
}

static bool is_word(char c)
{
        return isalnum((unsigned char) c) || c == '-' || c == '_';
}

/* Is `word` in the text, and not as a part of a longer word? */
static bool has_word(const char *text, const char *word)
{
        size_t n = strlen(word);

        for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
                if ((at == text || !is_word(at[-1])) && !is_word(at[n]))
                        return true;
        return false;
}

/* The manual writes a hyphen as \-. */
static void unescape_roff(char *text)
{
        char *to = text;

        for (const char *from = text; *from; from++)
                if (!(from[0] == '\\' && from[1] == '-'))
                        *to++ = *from;
        *to = 0;
}

static void test_verbs(void **state)
{
        _cleanup_free_ char *bash = tree_file("src/ctl/distroctl.bash"),
                            *zsh = tree_file("src/ctl/_distroctl"), *man = tree_file("man/distroctl.1"),
                            *help = help_text();

        unescape_roff(man);
        for (size_t i = 0; i < n_ctl_verbs; i++) {
                const char *name = ctl_verbs[i].name;
                char entry[96], line[160];

                assert_true(has_word(help, name));
                if (!has_word(bash, name))
                        fail_msg("distroctl.bash lacks %s", name);
                snprintf(entry, sizeof(entry), "'%s:", name);
                if (!strstr(zsh, entry))
                        fail_msg("_distroctl lacks %s", name);
                snprintf(line, sizeof(line), "\n.B %s", name);
                if (!strstr(man, line))
                        fail_msg("distroctl(1) lacks %s", name);
        }
}

/* Every --word of `from` is in `in`. */
static void check_options(const char *from, const char *from_name, const char *in, const char *in_name)
{
        for (const char *at = strstr(from, "--"); at; at = strstr(at + 2, "--")) {
                char option[64];
                size_t n = 2;

                while (is_word(at[n]))
                        n++;
                if (n == 2 || n >= sizeof(option) || (at > from && is_word(at[-1])))
                        continue;
                memcpy(option, at, n);
                option[n] = 0;
                if (!has_word(in, option))
                        fail_msg("%s names %s, %s does not", from_name, option, in_name);
        }
}

static void test_options(void **state)
{
        _cleanup_free_ char *bash = tree_file("src/ctl/distroctl.bash"),
                            *zsh = tree_file("src/ctl/_distroctl"), *man = tree_file("man/distroctl.1"),
                            *help = help_text();
        const char *section, *end;
        _cleanup_free_ char *manual = NULL;

        unescape_roff(man);
        section = strstr(man, "\n.SH OPTIONS");
        assert_non_null(section);
        end = strstr(section + 1, "\n.SH ");
        assert_non_null(end);
        manual = strndup(section, (size_t) (end - section));
        check_options(help, "--help", bash, "distroctl.bash");
        check_options(help, "--help", zsh, "_distroctl");
        check_options(help, "--help", manual, "distroctl(1)");
        check_options(bash, "distroctl.bash", help, "--help");
        check_options(zsh, "_distroctl", help, "--help");
        check_options(manual, "distroctl(1)", help, "--help");
}

/* No verb is in a completion or the manual that the program does not have. */
static void test_no_others(void **state)
{
        _cleanup_free_ char *bash = tree_file("src/ctl/distroctl.bash");
        char *at = strstr(bash, "verbs='"), *end, *word;
        size_t n = 0;

        assert_non_null(at);
        at += strlen("verbs='");
        end = strchr(at, '\'');
        assert_non_null(end);
        *end = 0;
        while ((word = strsep(&at, " \t\n"))) {
                bool found = false;

                if (*word == 0)
                        continue;
                for (size_t i = 0; i < n_ctl_verbs; i++)
                        found |= streq(ctl_verbs[i].name, word);
                if (!found)
                        fail_msg("distroctl.bash names %s, which does not exist", word);
                n++;
        }
        assert_int_equal(n, n_ctl_verbs);
}

static void test_table(void **state)
{
        assert_non_null(ctl_verbs[0].group);
        FOREACH_ARRAY(v, ctl_verbs, n_ctl_verbs) {
                assert_non_null(v->run);
                assert_true(v->max_args < 0 || v->max_args >= v->min_args);
                /* "Too few arguments" quotes this. */
                assert_true((*v->arguments == 0) == (v->max_args == 0));
                assert_true(v->help[strlen(v->help) - 1] != '.');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verbs),
                cmocka_unit_test(test_options),
                cmocka_unit_test(test_no_others),
                cmocka_unit_test(test_table),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
