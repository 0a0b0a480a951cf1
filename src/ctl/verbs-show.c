/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* show: every property that the manager has, as it has it. Nothing here knows the properties by name but for
 * how times are written, so that a newer manager's are shown too. */

#include <inttypes.h>

#include "ctl/bus-client.h"
#include "ctl/model.h"

static bool is_wanted(const Ctl *c, const char *name)
{
        for (size_t i = 0; i < c->options.n_properties; i++)
                if (streq(c->options.properties[i], name))
                        return true;
        return c->options.n_properties == 0;
}

static bool ends_with(const char *text, const char *end)
{
        size_t n = strlen(text), n_end = strlen(end);

        return n >= n_end && streq(text + n - n_end, end);
}

/* How a number is to be read follows from its property's name. DeadlineUSec is a point on a clock, not a
 * span. */
static void print_number(FILE *f, const char *property, uint64_t value)
{
        char buffer[SPAN_MAX];

        if (ends_with(property, "Timestamp") || streq(property, "Failures") || streq(property, "Parts"))
                fputs(value == USEC_INFINITY ? "infinity" : time_stamp(value, buffer), f);
        else if (streq(property, "DeadlineUSec") && (value == USEC_INFINITY || value == 0))
                fputs("infinity", f);
        else if (ends_with(property, "USec") && !streq(property, "DeadlineUSec"))
                fputs(span_exact(value, buffer), f);
        else
                fprintf(f, "%" PRIu64, value);
}

static int print_value(FILE *f, sd_bus_message *m, const char *property, unsigned depth);

static int print_basic(FILE *f, sd_bus_message *m, const char *property, char type)
{
        BusValue value;
        _cleanup_free_ char *clean = NULL;
        int r = sd_bus_message_read_basic(m, type, &value);

        if (r < 0)
                return r;
        switch (type) {
        case 'b':
                fputs(yes_no(value.b), f);
                return 0;
        case 'y':
                fprintf(f, "%02x", value.y);
                return 0;
        case 'u':
                print_number(f, property, value.u);
                return 0;
        case 't':
                print_number(f, property, value.t);
                return 0;
        case 's':
        case 'o':
                clean = text_clean(value.s);
                if (!clean)
                        return -ENOMEM;
                fputs(clean, f);
                return 0;
        default:
                return -EBADMSG;
        }
}

/* Arrays by space, entries as key=value, inner arrays in braces, as in Nodes=, and structures in parentheses; bytes without
 * anything between. */
static int print_container(FILE *f, sd_bus_message *m, const char *property, char type, const char *contents,
                unsigned depth)
{
        const char *around = type == 'a' && depth > 0 ? "{}" : type == 'r' ? "()" : NULL;
        size_t n = 0;
        int r = sd_bus_message_enter_container(m, type, contents);

        if (r < 0)
                return r;
        if (around)
                fputc(around[0], f);
        for (; (r = sd_bus_message_at_end(m, false)) == 0; n++) {
                if (n > 0 && type == 'e')
                        fputc('=', f);
                else if (n > 0 && !streq(contents, "y"))
                        fputc(' ', f);
                r = print_value(f, m, property, type == 'a' ? depth + 1 : depth);
                if (r < 0)
                        return r;
        }
        if (around)
                fputc(around[1], f);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int print_value(FILE *f, sd_bus_message *m, const char *property, unsigned depth)
{
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(m, &type, &contents);

        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        if (strchr("byutso", type))
                return print_basic(f, m, property, type);
        if (strchr("aevr", type))
                return print_container(f, m, property, type, contents, depth);
        return sd_bus_message_skip(m, NULL);
}

static int json_value(Json *j, const char *key, sd_bus_message *m);

static int json_basic(Json *j, const char *key, sd_bus_message *m, char type)
{
        BusValue value;
        int r = sd_bus_message_read_basic(m, type, &value);

        if (r < 0)
                return r;
        if (type == 'b')
                json_bool(j, key, value.b);
        else if (type == 's' || type == 'o')
                json_string(j, key, value.s);
        else
                json_usec(j, key, type == 'y' ? value.y : type == 'u' ? value.u : value.t);
        return 0;
}

/* Dictionaries are objects, other arrays and structures are arrays. */
static int json_container(Json *j, const char *key, sd_bus_message *m, char type, const char *contents)
{
        bool is_object = type == 'a' && contents[0] == '{';
        const char *name;
        int r = sd_bus_message_enter_container(m, type, contents);

        if (r < 0)
                return r;
        if (is_object)
                json_object(j, key);
        else
                json_array(j, key);
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                if (is_object) {
                        r = sd_bus_message_enter_container(m, 'e', NULL);
                        if (r >= 0)
                                r = sd_bus_message_read_basic(m, 's', &name);
                        if (r >= 0)
                                r = json_value(j, name, m);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(m);
                } else
                        r = json_value(j, NULL, m);
                if (r < 0)
                        return r;
        }
        json_end(j);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int json_value(Json *j, const char *key, sd_bus_message *m)
{
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(m, &type, &contents);

        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        if (strchr("byutso", type))
                return json_basic(j, key, m, type);
        if (type == 'a' || type == 'r')
                return json_container(j, key, m, type, contents);
        if (type == 'v') {
                r = sd_bus_message_enter_container(m, 'v', NULL);
                if (r >= 0)
                        r = json_value(j, key, m);
                return r < 0 ? r : sd_bus_message_exit_container(m);
        }
        json_null(j, key);
        return sd_bus_message_skip(m, NULL);
}

/* One object's a{sv}. */
static int show_properties(Ctl *c, Json *j, sd_bus_message *m)
{
        const char *name;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        if (r < 0)
                return r;
        if (c->options.json != JSON_OFF)
                json_object(j, NULL);
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                if (!is_wanted(c, name))
                        r = sd_bus_message_skip(m, "v");
                else if (c->options.json != JSON_OFF)
                        r = json_value(j, name, m);
                else {
                        _cleanup_free_ char *clean = text_clean(name);

                        if (!c->options.value_only)
                                printf("%s=", strempty(clean));
                        r = print_value(stdout, m, name, 0);
                        fputc('\n', stdout);
                }
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (c->options.json != JSON_OFF)
                json_end(j);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

typedef struct ShowPlace {
        const char *prefix, *interface;
} ShowPlace;

/* Every object of that name. Returns an exit status. */
static int show_name(Ctl *c, Json *j, const char *name, bool *first)
{
        static const ShowPlace places[] = {
                { BUS_PATH_APPLICATION, BUS_INTERFACE_APPLICATION },
                { BUS_PATH_NODE, BUS_INTERFACE_NODE },
        };
        bool found = false;

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
                _cleanup_free_ char *path = NULL;
                int r = sd_bus_path_encode(places[i].prefix, name, &path);

                if (r >= 0)
                        r = bus_get_all(c, path, places[i].interface, &error, &m);
                if (r < 0 && bus_error_is_unknown(&error))
                        continue;
                if (r >= 0 && !*first && c->options.json == JSON_OFF)
                        fputc('\n', stdout);
                if (r >= 0)
                        r = show_properties(c, j, m);
                if (r < 0)
                        return bus_failed(c, &error, r, "show the properties", false);
                found = true;
                *first = false;
        }
        if (found)
                return STATUS_OK;
        ctl_error(c,
                        "There is no application and no node named %s. 'distroctl list-applications' and "
                        "'distroctl list-nodes' name "
                        "them all.",
                        name);
        return STATUS_UNKNOWN;
}

static int show_manager(Ctl *c, Json *j)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = bus_get_all(c, BUS_PATH, BUS_INTERFACE_MANAGER, &error, &m);

        if (r >= 0)
                r = show_properties(c, j, m);
        return r < 0 ? bus_failed(c, &error, r, "show the manager's properties", false) : STATUS_OK;
}

int verb_show(Ctl *c, int argc, char **argv)
{
        Json j = json(stdout, c->options.json);
        bool first = true;
        int status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        ctl_pager_open(c);
        if (argc == 1)
                return show_manager(c, &j);
        if (c->options.json != JSON_OFF)
                json_array(&j, NULL);
        for (int i = 1; i < argc; i++)
                status = status_worse(status, show_name(c, &j, argv[i], &first));
        /* After a failure in the middle of an object the levels below have to end too. */
        while (j.depth > 0)
                json_end(&j);
        return status;
}
