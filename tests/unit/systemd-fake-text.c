/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a call to the fake systemd says, as one line of words; and what it says itself of a unit. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/text.h"
#include "config/unit-names.h"
#include "systemd-fake.h"

/* The values of what sd-bus tells of a message, which has a line for each; bytes make a word. */
static void keep_values(char *text)
{
        char *to = text, *rest;
        bool in_bytes = false;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *value = line + strspn(line, " "), *end = strrchr(value, ';');
                bool is_byte = strncmp(value, "BYTE ", 5) == 0;

                if (in_bytes && !is_byte)
                        *to++ = ' ';
                in_bytes = is_byte;
                value = strchr(value, ' ');
                if (!end || !value || end < value)
                        continue;
                value += value[1] == '"' ? 2 : 1;
                end -= end[-1] == '"';
                if (is_byte)
                        *to++ = (char) atoi(value);
                else {
                        memmove(to, value, (size_t) (end - value));
                        to += end - value;
                        *to++ = ' ';
                }
        }
        *to = '\0';
}

char *fake_message_text(sd_bus_message *m)
{
        size_t size;
        char *text = NULL, *begin;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        assert_true(sd_bus_message_dump(m, f, 0) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_true(sd_bus_message_rewind(m, true) >= 0);
        begin = strstr(text, "MESSAGE");
        assert_non_null(begin);
        if (begin)
                memmove(text, begin, strlen(begin) + 1);
        keep_values(text);
        return text;
}

void fake_append_log_fields(sd_bus_message *reply, const char *text, const char *definition)
{
        assert_true(sd_bus_message_open_container(reply, 'e', "sv") >= 0);
        assert_true(sd_bus_message_append(reply, "s", "LogExtraFields") >= 0);
        assert_true(sd_bus_message_open_container(reply, 'v', "aay") >= 0);
        assert_true(sd_bus_message_open_container(reply, 'a', "ay") >= 0);
        assert_true(sd_bus_message_append_array(reply, 'y', "A=b", 3) >= 0);
        assert_true(sd_bus_message_append_array(reply, 'y', text, strlen(text)) >= 0);
        assert_true(sd_bus_message_append_array(reply, 'y', definition, strlen(definition)) >= 0);
        for (int depth = 0; depth < 3; depth++)
                assert_true(sd_bus_message_close_container(reply) >= 0);
}

void fake_append_part(sd_bus_message *reply, const FakeUnit *u)
{
        bool over = streq(u->active, "failed");

        assert_true(sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}", "StatusText", "s", u->text,
                                    "StateChangeTimestamp", "t", (uint64_t) 7000000,
                                    "ExecMainStartTimestampMonotonic", "t", (uint64_t) 1000,
                                    "ActiveEnterTimestampMonotonic", "t",
                                    u->is_installed ? u->active_usec : (uint64_t) (u->was_active ? 2000 : 0),
                                    "ExecStopPost", "a(sasbttttuii)", 2, "/x", 0, 1, (uint64_t) 1,
                                    (uint64_t) 1, (uint64_t) 1, (uint64_t) 1, 5, 2, 9, "/x", 0, 0,
                                    (uint64_t) 1, (uint64_t) 1, (uint64_t) 1, (uint64_t) 1, 6, (int32_t) over,
                                    (int32_t) u->not_clean) >= 0);
        if (u->is_installed)
                assert_true(sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "Id", "s", u->name,
                                            "UnitFileState", "s", u->file_state ? u->file_state : "disabled",
                                            "Type", "s", "simple", "RemainAfterExit", "b", 0) >= 0);
        if (u->is_installed && u->wanted_by)
                assert_true(sd_bus_message_append(reply, "{sv}", "WantedBy", "as", 1, u->wanted_by) >= 0);
}

/* Those with parts lie in a slice of their own. */
void fake_place_unit(const FakeUnit *u, char *ret_slice, char *ret_group)
{
        char app[APP_NAME_MAX + 1];

        strcpy(ret_slice, WORKER_SLICE);
        if (u->has_parts && app_unit_parse(u->name, app) && !endswith(u->name, ".slice"))
                app_slice_name(app, ret_slice);
        if (u->slice[0])
                strcpy(ret_slice, u->slice);
        if (u->is_installed)
                strcpy(ret_slice, "system.slice");
        sprintf(ret_group, "%s%s/%s", u->slice[0] || !u->has_parts ? "/" : "/" WORKER_SLICE "/", ret_slice,
                        u->name);
        if (endswith(u->name, ".slice"))
                sprintf(ret_group, "/" WORKER_SLICE "/%s", u->name);
}

void fake_read_required(Fake *fake, sd_bus_message *m)
{
        const char *s;

        assert_true(sd_bus_message_enter_container(m, 'v', "as") > 0);
        assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
        while (sd_bus_message_read_basic(m, 's', &s) > 0) {
                assert_true(fake->n_required < ELEMENTSOF(fake->required));
                strcpy(fake->required[fake->n_required++], s);
        }
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_true(sd_bus_message_exit_container(m) >= 0);
}
