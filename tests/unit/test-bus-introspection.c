/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interfaces in dbus/ are what the running server has: same members, arguments, names, access and
 * annotations. */

#include "bus-harness.h"
#include "bus/errors.h"

#define LINES_MAX 512u

typedef struct Lines {
        char *lines[LINES_MAX];
        size_t n_lines;
} Lines;

static void lines_done(Lines *l)
{
        for (size_t i = 0; i < l->n_lines; i++)
                free(l->lines[i]);
        l->n_lines = 0;
}

static int compare_lines(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The value of an attribute within the tag, "" if there is none. */
static void attribute(const char *tag, const char *name, char *ret, size_t size_bytes)
{
        char pattern[64];
        const char *p, *end;

        snprintf(pattern, sizeof(pattern), " %s=\"", name);
        p = strstr(tag, pattern);
        *ret = '\0';
        if (!p)
                return;
        p += strlen(pattern);
        end = strchr(p, '"');
        assert_non_null(end);
        assert_true((size_t) (end - p) < size_bytes);
        memcpy(ret, p, (size_t) (end - p));
        ret[end - p] = '\0';
}

/* Adds what a tag says: "interface member element name type direction access value", the path down to it
 * first. */
static void add_line(Lines *l, const char *interface, const char *member, unsigned n_args,
                const char *element, const char *tag)
{
        char name[128], type[64], direction[16], access[16], value[64];
        int r;

        attribute(tag, "name", name, sizeof(name));
        attribute(tag, "type", type, sizeof(type));
        attribute(tag, "direction", direction, sizeof(direction));
        attribute(tag, "access", access, sizeof(access));
        attribute(tag, "value", value, sizeof(value));
        assert_true(l->n_lines < LINES_MAX);
        r = asprintf(&l->lines[l->n_lines++], "%s %s %u %s %s %s %s %s %s", interface, member, n_args,
                        element, name, type, direction, access, value);
        assert_true(r >= 0);
}

/* Reads the members of one interface out of introspection data, as sorted lines. The order of members has no
 * meaning, that of arguments has. */
static void read_interface(const char *xml, const char *wanted, Lines *ret)
{
        char interface[128] = "", member[128] = "";
        unsigned n_args = 0;

        for (const char *p = strchr(xml, '<'); p; p = strchr(p + 1, '<')) {
                char tag[512];
                size_t length;

                if (strncmp(p, "<!--", 4) == 0) {
                        p = strstr(p, "-->");
                        assert_non_null(p);
                        continue;
                }
                length = strcspn(p, ">");
                assert_true(length < sizeof(tag));
                memcpy(tag, p, length);
                tag[length] = '\0';
                if (strncmp(tag, "<interface ", 11) == 0)
                        attribute(tag, "name", interface, sizeof(interface));
                if (!streq(interface, wanted))
                        continue;
                if (strncmp(tag, "<method ", 8) == 0 || strncmp(tag, "<signal ", 8) == 0 ||
                                strncmp(tag, "<property ", 10) == 0) {
                        attribute(tag, "name", member, sizeof(member));
                        n_args = 0;
                        tag[1 + strcspn(tag + 1, " ")] = '\0';
                        add_line(ret, interface, member, n_args, tag + 1, p);
                } else if (strncmp(tag, "<arg ", 5) == 0)
                        add_line(ret, interface, member, ++n_args, "arg", tag);
                else if (strncmp(tag, "<annotation ", 12) == 0)
                        add_line(ret, interface, member, n_args, "annotation", tag);
        }
        qsort(ret->lines, ret->n_lines, sizeof(ret->lines[0]), compare_lines);
}

static char *read_file(const char *folder, const char *name, const char *suffix)
{
        const char *top = getenv("top_srcdir");
        char path[512];
        char *data = calloc(1, 65536);
        FILE *f;

        assert_non_null(data);
        snprintf(path, sizeof(path), "%s/%s/%s%s", top ? top : ".", folder, name, suffix);
        f = fopen(path, "re");
        if (!f)
                fail_msg("cannot open %s", path);
        assert_true(fread(data, 1, 65535, f) > 0);
        fclose(f);
        return data;
}

static void compare(Harness *h, const char *path, const char *interface, size_t n_least)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        Lines published = { 0 }, live = { 0 };
        const char *xml;
        char *file = read_file("dbus", interface, ".xml");
        sd_bus_message *m = harness_call(
                        h, path, "org.freedesktop.DBus.Introspectable", "Introspect", &error, "");

        assert_non_null(m);
        assert_true(sd_bus_message_read(m, "s", &xml) > 0);
        read_interface(file, interface, &published);
        read_interface(xml, interface, &live);
        assert_true(published.n_lines >= n_least); /* the reader has read something */
        for (size_t i = 0; i < MIN(published.n_lines, live.n_lines); i++)
                assert_string_equal(published.lines[i], live.lines[i]);
        assert_int_equal(published.n_lines, live.n_lines);
        lines_done(&published);
        lines_done(&live);
        sd_bus_message_unref(m);
        free(file);
}

static void test_interfaces(void **state)
{
        compare(*state, ROOT, "org.distro.Manager1", 50);
        compare(*state, ROOT "/application/distro", "org.distro.Application1", 25);
        compare(*state, ROOT "/node/abc", "org.distro.Node1", 5);
}

/* The comparison sees the small things too. */
static void test_reader(void **state)
{
        static const char *const differ[] = {
                "<interface name=\"i\"><method name=\"M\"><arg name=\"a\" type=\"s\" "
                "direction=\"in\"/></method></interface>",
                "<interface name=\"i\"><method name=\"M\"><arg name=\"b\" type=\"s\" "
                "direction=\"in\"/></method></interface>",
                "<interface name=\"i\"><method name=\"M\"><arg name=\"a\" type=\"u\" "
                "direction=\"in\"/></method></interface>",
                "<interface name=\"i\"><method name=\"M\"><arg name=\"a\" type=\"s\" "
                "direction=\"out\"/></method></interface>",
                "<interface name=\"i\"><signal name=\"M\"><arg name=\"a\" type=\"s\" "
                "direction=\"in\"/></signal></interface>",
                "<interface name=\"i\"><property name=\"M\" type=\"s\" access=\"read\"/></interface>",
                "<interface name=\"i\"><property name=\"M\" type=\"s\" access=\"read\"><annotation "
                "name=\"x\" value=\"const\"/>"
                "</property></interface>",
        };
        Lines lines[ELEMENTSOF(differ)] = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(differ); i++) {
                char text[1024] = "";

                read_interface(differ[i], "i", &lines[i]);
                assert_true(lines[i].n_lines > 0);
                for (size_t k = 0; k < i; k++) {
                        bool same = lines[i].n_lines == lines[k].n_lines;

                        for (size_t j = 0; same && j < lines[i].n_lines; j++)
                                same = streq(lines[i].lines[j], lines[k].lines[j]);
                        snprintf(text, sizeof(text), "%zu and %zu", i, k);
                        if (same)
                                fail_msg("not told apart: %s", text);
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(differ); i++)
                lines_done(&lines[i]);
}

/* The manual names every method, signal, property and error. */
static void test_manual(void **state)
{
        static const char *const interfaces[] = { "org.distro.Manager1", "org.distro.Application1",
                "org.distro.Node1" };
        char *manual = read_file("man", "org.distro.Manager1", ".5"), name[128], bold[160], other[160];
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(interfaces); i++) {
                char *xml = read_file("dbus", interfaces[i], ".xml");
                static const char *const elements[] = { "<method ", "<signal ", "<property " };

                for (size_t k = 0; k < ELEMENTSOF(elements); k++)
                        for (char *p = strstr(xml, elements[k]); p; p = strstr(p + 1, elements[k])) {
                                attribute(p, "name", name, sizeof(name));
                                snprintf(bold, sizeof(bold), "\\fB%s\\fR", name);
                                if (!strstr(manual, bold))
                                        fail_msg("%s of %s is not in the manual", name, interfaces[i]);
                                n++;
                        }
                free(xml);
        }
        assert_true(n > 60);
        for (CommandError e = COMMAND_OK + 1; e < _COMMAND_ERROR_MAX; e++) {
                snprintf(other, sizeof(other), ".B %s\n", bus_error_name(e));
                if (!strstr(manual, other))
                        fail_msg("%s is not in the manual", bus_error_name(e));
        }
        free(manual);
}

static void test_objects(void **state)
{
        static const struct {
                const char *path, *error;
        } cases[] = {
                { ROOT "/application/none", SD_BUS_ERROR_UNKNOWN_OBJECT },
                { ROOT "/application/_64istro",
                                SD_BUS_ERROR_UNKNOWN_OBJECT }, /* "distro", but not as we write it */
                { ROOT "/application/distro/x", SD_BUS_ERROR_UNKNOWN_OBJECT },
                { ROOT "/node/none", SD_BUS_ERROR_UNKNOWN_OBJECT },
                { ROOT "/application", SD_BUS_ERROR_UNKNOWN_METHOD }, /* a folder: there, with nothing in it
                                                                         of ours */
                { ROOT "/node/abc", SD_BUS_ERROR_UNKNOWN_METHOD },
        };
        Harness *h = *state;
        sd_bus_error error = SD_BUS_ERROR_NULL;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_null(harness_call(h, cases[i].path, BUS_INTERFACE_APPLICATION, "Start", &error, ""));
                assert_string_equal(error.name, cases[i].error);
        }
        /* A property that only reads cannot be set. */
        assert_null(harness_call(h, ROOT, "org.freedesktop.DBus.Properties", "Set", &error, "ssv", MANAGER,
                        "Quorate", "b", 0));
        assert_string_equal(error.name, SD_BUS_ERROR_PROPERTY_READ_ONLY);
        assert_int_equal(h->owner.n_submitted, 0);
        sd_bus_error_free(&error);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reader),
                cmocka_unit_test(test_manual),
                cmocka_unit_test_setup_teardown(test_interfaces, harness_setup, harness_teardown),
                cmocka_unit_test_setup_teardown(test_objects, harness_setup, harness_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
