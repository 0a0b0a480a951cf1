/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manual pages name what the program's tables and the interfaces have, and nothing else. Verbs and options of
 * distroctl are compared in test-ctl-names.c. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "bus/errors.h"
#include "config/application-keys.h"
#include "config/manager-config.h"
#include "config/part-keys.h"
#include "config/unit-keys.h"
#include "daemon/journal.h"
#include "daemon/manager.h"

#define WORDS_MAX 512u

typedef struct Words {
        char *items[WORDS_MAX];
        size_t n_items;
} Words;

static void words_done(Words *w)
{
        for (size_t i = 0; i < w->n_items; i++)
                free(w->items[i]);
        w->n_items = 0;
}

static bool words_have(const Words *w, const char *word)
{
        for (size_t i = 0; i < w->n_items; i++)
                if (streq(w->items[i], word))
                        return true;
        return false;
}

static void words_add_n(Words *w, const char *word, size_t n)
{
        char *copy = strndup(word, n);

        assert_non_null(copy);
        assert_true(w->n_items < WORDS_MAX);
        w->items[w->n_items++] = copy;
}

static void words_add(Words *w, const char *word)
{
        words_add_n(w, word, strlen(word));
}

/* Both hold the same words. */
static void words_compare(const Words *manual, const Words *table, const char *what)
{
        assert_true(table->n_items > 0);
        for (size_t i = 0; i < table->n_items; i++)
                if (!words_have(manual, table->items[i]))
                        fail_msg("%s: the manual lacks %s", what, table->items[i]);
        for (size_t i = 0; i < manual->n_items; i++)
                if (!words_have(table, manual->items[i]))
                        fail_msg("%s: the manual names %s, which does not exist", what, manual->items[i]);
}

static char *tree_file(const char *name)
{
        const char *top = getenv("top_srcdir");
        _cleanup_free_ char *path = text_format("%s/%s", isempty(top) ? "." : top, name);
        char *text = NULL;
        size_t allocated = 0;
        FILE *f;

        assert_non_null(path);
        f = fopen(path, "re");
        if (!f)
                fail_msg("%s cannot be read", path);
        assert_true(getdelim(&text, &allocated, '\0', f) > 0);
        assert_int_equal(fclose(f), 0);
        return text;
}

/* A page as plain text: \- is a hyphen. */
static char *page(const char *name)
{
        char *text = tree_file(name), *to = text;

        for (const char *from = text; *from; from++)
                if (!(from[0] == '\\' && from[1] == '-'))
                        *to++ = *from;
        *to = '\0';
        return text;
}

/* What stands between the heading and the next one of its level or above; the caller frees. `after`: the heading is
 * looked for behind that one. */
static char *section(const char *text, const char *after, const char *heading)
{
        _cleanup_free_ char *line = text_format("\n%s\n", heading);
        const char *begin = after ? strstr(text, after) : text, *end, *other;
        char *copy;

        assert_non_null(line);
        begin = begin ? strstr(begin, line) : NULL;
        if (!begin)
                fail_msg("there is no \"%s\"", heading);
        begin += strlen(line);
        end = strstr(begin, "\n.SH ");
        other = startswith(heading, ".SS ") ? strstr(begin, "\n.SS ") : NULL;
        if (other && (!end || other < end))
                end = other;
        copy = strndup(begin, end ? (size_t) (end - begin) : strlen(begin));
        assert_non_null(copy);
        return copy;
}

/* The first word behind each .TP that stands in `macro` (".B", ".BI"): ".BI Group= NAME" gives "Group=". */
static void add_tagged(Words *w, const char *text, const char *const *macros)
{
        for (const char *at = strstr(text, ".TP\n"); at; at = strstr(at, ".TP\n")) {
                at += strlen(".TP\n");
                for (const char *const *m = macros; *m; m++) {
                        const char *word = startswith(at, *m);

                        if (word)
                                words_add_n(w, word, strcspn(word, " \n"));
                }
        }
}

static const char *const bold[] = { ".B ", NULL };
static const char *const bold_with_value[] = { ".BI ", ".BR ", NULL };

/* ---- keys ---- */

static void check_keys(const char *page_name, const char *heading, const char *(*name)(size_t i))
{
        _cleanup_free_ char *text = page(page_name), *part = section(text, NULL, heading);
        Words manual = {}, table = {};

        for (size_t i = 0; name(i); i++) {
                char key[64];

                assert_true(snprintf(key, sizeof(key), "%s=", name(i)) < (int) sizeof(key));
                words_add(&table, key);
        }
        add_tagged(&manual, part, bold_with_value);
        words_compare(&manual, &table, page_name);
        words_done(&manual);
        words_done(&table);
}

static void test_manager_keys(void **state)
{
        check_keys("man/distro-manager.conf.5", ".SH [CLUSTER] OPTIONS", manager_key_name);
}

static void test_application_keys(void **state)
{
        check_keys("man/distro-manager.app.5", ".SH [PARTS] OPTIONS", part_key_name);
        check_keys("man/distro-manager.app.5", ".SH [APPLICATION] OPTIONS", app_key_name);
}

/* The lists in .RS and .RE, by comma: "Type=" is a key, "Host" a name behind Condition and Assert. */
static void add_listed(Words *w, char *text)
{
        for (char *at = strstr(text, ".RS 4\n"); at; at = strstr(at, ".RS 4\n")) {
                char *end = strstr(at, "\n.RE"), *word;

                assert_non_null(end);
                *end = '\0';
                at += strlen(".RS 4\n");
                for (char *line; (line = strsep(&at, "\n"));)
                        while (*line != '.' && (word = strsep(&line, ", ")) && line != word) {
                                char key[96];

                                if (*word && endswith(word, "="))
                                        words_add_n(w, word, strlen(word) - 1);
                                else if (*word) {
                                        (void) snprintf(key, sizeof(key), "Condition%s", word);
                                        words_add(w, key);
                                        (void) snprintf(key, sizeof(key), "Assert%s", word);
                                        words_add(w, key);
                                }
                                if (!line)
                                        break;
                        }
                at = end + 1;
        }
}

/* Keys that both sections take are listed under [Unit]. */
static void check_unit_keys(const char *heading, unsigned with, unsigned without)
{
        _cleanup_free_ char *text = page("man/distro-manager.app.5"), *part = section(text, NULL, heading);
        Words manual = {}, table = {};

        for (size_t i = 0; unit_key_at(i); i++)
                if ((unit_key_at(i)->sections & with) && !(unit_key_at(i)->sections & without))
                        words_add(&table, unit_key_at(i)->key);
        add_listed(&manual, part);
        words_compare(&manual, &table, heading);
        words_done(&manual);
        words_done(&table);
}

static void test_unit_keys(void **state)
{
        check_unit_keys(".SH [UNIT] OPTIONS", SECTION_UNIT, 0);
        check_unit_keys(".SH [SERVICE] OPTIONS", SECTION_SERVICE, SECTION_UNIT);
}

/* ---- the bus ---- */

/* The values of ATTRIBUTE name="..." of all tags of that element. */
static void add_elements(Words *w, const char *xml, const char *element)
{
        _cleanup_free_ char *tag = text_format("<%s name=\"", element);

        assert_non_null(tag);
        for (const char *at = strstr(xml, tag); at; at = strstr(at, tag)) {
                at += strlen(tag);
                words_add_n(w, at, strcspn(at, "\""));
        }
}

/* Members begin a line, or follow a comma where they are short: \fBName\fR(...) or \fBName\fR (type). */
static void add_members(Words *w, const char *text)
{
        for (const char *at = strstr(text, "\\fB"); at; at = strstr(at, "\\fB")) {
                const char *end;

                at += strlen("\\fB");
                end = strstr(at, "\\fR");
                if (end && (startswith(end, "\\fR(") || startswith(end, "\\fR (")))
                        words_add_n(w, at, (size_t) (end - at));
        }
}

static void test_interfaces(void **state)
{
        static const struct {
                const char *file, *heading;
        } interfaces[] = {
                { "dbus/org.distro.Manager1.xml", ".SH THE MANAGER: ORG.DISTRO.MANAGER1" },
                { "dbus/org.distro.Application1.xml", ".SH APPLICATIONS: ORG.DISTRO.APPLICATION1" },
                { "dbus/org.distro.Node1.xml", ".SH NODES: ORG.DISTRO.NODE1" },
        };
        _cleanup_free_ char *text = page("man/org.distro.Manager1.5");

        for (size_t i = 0; i < ELEMENTSOF(interfaces); i++) {
                _cleanup_free_ char *xml = tree_file(interfaces[i].file),
                                    *part = section(text, NULL, interfaces[i].heading);
                Words manual = {}, table = {};

                add_elements(&table, xml, "method");
                add_elements(&table, xml, "property");
                add_elements(&table, xml, "signal");
                add_members(&manual, part);
                words_compare(&manual, &table, interfaces[i].file);
                words_done(&manual);
                words_done(&table);
        }
}

static void test_errors(void **state)
{
        _cleanup_free_ char *text = page("man/org.distro.Manager1.5"),
                            *part = section(text, ".SH ERRORS", ".SS Of the manager");
        Words manual = {}, table = {};

        for (CommandError e = 0; e < _COMMAND_ERROR_MAX; e++)
                if (bus_error_name(e))
                        words_add(&table, bus_error_name(e));
        add_tagged(&manual, part, bold);
        words_compare(&manual, &table, "errors");
        words_done(&manual);
        words_done(&table);
}

static void test_states(void **state)
{
        _cleanup_free_ char *text = page("man/org.distro.Manager1.5"),
                            *apps = section(text, ".SH APPLICATIONS", ".SS States"),
                            *nodes = section(text, ".SH NODES", ".SS States");
        Words manual = {}, table = {};

        for (AppState s = 0; s < _APP_STATE_MAX; s++)
                words_add(&table, app_state_to_string(s));
        add_tagged(&manual, apps, bold);
        words_compare(&manual, &table, "application states");
        words_done(&manual);
        words_done(&table);
        for (NodeState s = 0; s < _NODE_STATE_MAX; s++)
                words_add(&table, node_state_to_string(s));
        add_tagged(&manual, nodes, bold);
        words_compare(&manual, &table, "node states");
        words_done(&manual);
        words_done(&table);
}

/* ---- the daemon ---- */

static void test_exit_statuses(void **state)
{
        static const int statuses[] = { MANAGER_EXIT_SUCCESS, MANAGER_EXIT_FAILURE, MANAGER_EXIT_USAGE,
                MANAGER_EXIT_GAVE_UP, MANAGER_EXIT_NEWER, MANAGER_EXIT_CONFIG };
        _cleanup_free_ char *text = page("man/distro-manager.8"),
                            *part = section(text, NULL, ".SH EXIT STATUS"),
                            *unit = tree_file("units/distro-manager.service.in"), *preventing = NULL;
        Words manual = {}, table = {};
        Text line = {};

        text_add(&line, "\nRestartPreventExitStatus=");
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                char number[16];

                (void) snprintf(number, sizeof(number), "%d", statuses[i]);
                words_add(&table, number);
                if (statuses[i] > MANAGER_EXIT_FAILURE && statuses[i] != MANAGER_EXIT_GAVE_UP)
                        text_printf(&line, "%s%s", statuses[i] > MANAGER_EXIT_USAGE ? " " : "", number);
        }
        text_add(&line, "\n");
        preventing = text_take(&line);
        assert_non_null(preventing);
        add_tagged(&manual, part, bold);
        words_compare(&manual, &table, "exit statuses");
        if (!strstr(unit, preventing))
                fail_msg("the unit lacks %s", preventing);
        words_done(&manual);
        words_done(&table);
}

/* "NAME MESSAGE_ID" for each kind of line. */
static void test_journal(void **state)
{
        _cleanup_free_ char *text = page("man/distro-manager.8"), *part = section(text, NULL, ".SH MESSAGES");
        Words manual = {}, table = {};
        char *at = strstr(part, ".EX\n"), *end = strstr(part, "\n.EE");

        for (unsigned kind = 0; kind < _JOURNAL_KIND_MAX; kind++) {
                const JournalRow *row = journal_row(kind);
                char line[128];

                assert_non_null(row);
                (void) snprintf(line, sizeof(line), "%s %s", row->message_id, row->name);
                words_add(&table, line);
        }
        assert_non_null(at);
        assert_non_null(end);
        *end = '\0';
        at += strlen(".EX\n");
        for (char *line; (line = strsep(&at, "\n"));)
                words_add(&manual, line);
        words_compare(&manual, &table, "messages");
        assert_int_equal(manual.n_items, table.n_items);
        words_done(&manual);
        words_done(&table);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_manager_keys),
                cmocka_unit_test(test_application_keys),
                cmocka_unit_test(test_unit_keys),
                cmocka_unit_test(test_interfaces),
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_exit_statuses),
                cmocka_unit_test(test_journal),
        };

        return cmocka_run_group_tests_name("man", tests, NULL, NULL);
}
