/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config-unit-keys.h"

#include "base/text.h"

static const ConfigContext context = {
        .root = "/nonexistent",
        .host_name = "host.example.org",
        .machine_id = "0123456789abcdef0123456789abcdef",
        .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
};

static void show_strings(Text *t, ByteReader *r)
{
        uint32_t n = get_u32(r);

        for (uint32_t i = 0; i < n; i++)
                text_printf(t, "%s<%s>", i > 0 ? " " : "", sealed_string(r));
}

static void show_exec(Text *t, SealedProperty *p)
{
        uint32_t n = get_u32(&p->value);

        for (uint32_t i = 0; i < n; i++) {
                SealedExec e = sealed_exec(p);
                const char *words[] = { e.ignore_failure ? "ignore-failure" : NULL,
                        e.privileged ? "privileged" : NULL, e.no_setuid ? "no-setuid" : NULL };
                const char *between = " ";

                text_printf(t, "%s%s ", i > 0 ? "; " : "", e.path);
                for (uint32_t k = 0; k < e.n_argv; k++)
                        text_printf(t, "%s<%s>", k > 0 ? " " : "", sealed_string(&e.argv));
                for (size_t k = 0; k < ELEMENTSOF(words); k++)
                        if (words[k]) {
                                text_printf(t, "%s%s", between, words[k]);
                                between = ",";
                        }
        }
}

/* Up to two strings, of which the second may be bytes, two flags and a number. */
static void show_row(Text *t, const char *signature, ByteReader *r)
{
        const char *strings[2] = { "", "" };
        bool flags[2] = { false, false };
        uint64_t number = 0;
        size_t n_strings = 0, n_flags = 0, length = 0;

        for (const char *c = signature + 2; *c != ')'; c++)
                if (*c == 's')
                        strings[n_strings++] = sealed_string(r);
                else if (*c == 'b')
                        flags[n_flags++] = get_bool(r);
                else if (*c == 't')
                        number = get_u64(r);
                else if (*c == 'a')
                        strings[n_strings++] = (const char *) get_blob(r, &length);
        text_printf(t, "%s|", strings[0]);
        text_add_n(t, strings[1], length > 0 ? length : strlen(strings[1]));
        text_printf(t, "|%d%d|%llu", flags[0], flags[1], (unsigned long long) number);
}

static void show_bytes(Text *t, const uint8_t *data, size_t n)
{
        for (size_t i = 0; i < n; i++)
                text_printf(t, "%02x", data[i]);
}

static void show_element(Text *t, const char *signature, ByteReader *r)
{
        size_t n;
        const uint8_t *bytes;

        if (streq(signature, "a(iayu)")) {
                (void) get_u32(r);
                bytes = get_blob(r, &n);
                show_bytes(t, bytes, n);
                text_printf(t, "/%u", get_u32(r));
        } else if (streq(signature, "a(iiqq)")) {
                int family = (int) get_u32(r), protocol = (int) get_u32(r);
                unsigned n_ports = get_u16(r);
                text_printf(t, "%d:%d:%u+%u", family, protocol, get_u16(r), n_ports);
        } else if (streq(signature, "aay")) {
                bytes = get_blob(r, &n);
                text_add(t, "<");
                text_add_n(t, (const char *) bytes, n);
                text_add(t, ">");
        } else
                show_row(t, signature, r);
}

static void show_status_set(Text *t, ByteReader *r)
{
        for (uint32_t n = get_u32(r); n > 0; n--)
                text_printf(t, "%d ", (int) get_u32(r));
        text_add(t, "signals");
        for (uint32_t n = get_u32(r); n > 0; n--)
                text_printf(t, " %d", (int) get_u32(r));
}

static void show_value(Text *t, SealedProperty *p)
{
        const char *signature = p->signature;
        ByteReader *r = &p->value;

        if (streq(signature, "b"))
                text_add(t, yes_no(get_bool(r)));
        else if (streq(signature, "i"))
                text_printf(t, "%d", (int) get_u32(r));
        else if (streq(signature, "u"))
                text_printf(t, "%u", get_u32(r));
        else if (streq(signature, "t"))
                text_printf(t, "%llu", (unsigned long long) get_u64(r));
        else if (streq(signature, "s"))
                text_add(t, sealed_string(r));
        else if (streq(signature, "as") || streq(signature, ""))
                show_strings(t, r);
        else if (sealed_is_exec(p))
                show_exec(t, p);
        else if (streq(signature, "ay")) {
                size_t n;
                const uint8_t *bytes = get_blob(r, &n);
                show_bytes(t, bytes, n);
        } else if (streq(signature, "(bas)")) {
                text_add(t, get_bool(r) ? "only " : "not ");
                show_strings(t, r);
        } else if (streq(signature, "(bs)")) {
                int flag = get_bool(r);
                text_printf(t, "%s|%d", sealed_string(r), flag);
        } else if (streq(signature, "(aiai)"))
                show_status_set(t, r);
        else {
                uint32_t n = get_u32(r);
                for (uint32_t i = 0; i < n; i++) {
                        text_add(t, i > 0 ? " " : "");
                        show_element(t, signature, r);
                }
        }
        assert_int_equal(byte_reader_finish(r), 0);
}

static bool is_frame(SealedProperty p)
{
        return streq(p.name, "ExecStart") && get_u32(&p.value) == 1 && streq(sealed_exec(&p).path, "/frame");
}

/* All properties but the plain ExecStart of the frame, "NAME SIGNATURE VALUE" on a line each. */
static char *show(const AppConfig *app)
{
        Text t = { 0 };
        ByteReader r = sealed_reader(&app->properties);
        SealedProperty p;
        while (sealed_next(&r, &p)) {
                if (is_frame(p))
                        continue;
                text_printf(&t, "%s%s %s ", t.length > 0 ? "\n" : "", p.name, p.signature);
                show_value(&t, &p);
        }
        char *text = text_take(&t);
        assert_non_null(text);
        return text;
}

int unit_keys_parse(const char *section, const char *lines, ConfigMessages *m, AppConfig *ret)
{
        char *text = text_format(
                        "[Application]\nNodes=a\n[Service]\nExecStart=/frame\n[%s]\n%s\n", section, lines);
        assert_non_null(text);
        int r = app_config_parse(&context, "my-app", "x", text, strlen(text), m, ret);
        free(text);
        return r;
}

void unit_keys_good(const char *section, const UnitKeysCase *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                ConfigMessages m = { 0 };
                AppConfig app = { 0 };
                int r = unit_keys_parse(section, cases[i].lines, &m, &app);
                if (r < 0)
                        fail_msg("\"%s\" is refused: %s", cases[i].lines,
                                        m.n_items > 0 ? m.items[0].text : strerror(-r));
                char *text = show(&app);
                if (!streq(text, cases[i].expected))
                        fail_msg("\"%s\" becomes\n%s\nnot\n%s", cases[i].lines, text, cases[i].expected);
                free(text);
                app_config_done(&app);
                config_messages_done(&m);
        }
}

void unit_keys_bad(const char *section, const UnitKeysCase *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                ConfigMessages m = { 0 };
                AppConfig app;
                char *expected = text_format("x:6: %.*s=: %s", (int) strcspn(cases[i].lines, "="),
                                cases[i].lines, cases[i].expected);
                int r = unit_keys_parse(section, cases[i].lines, &m, &app);
                if (r != -EINVAL)
                        fail_msg("\"%s\" is accepted", cases[i].lines);
                char *errors = config_messages_join(&m, CONFIG_ERROR);
                if (!streq(errors, expected))
                        fail_msg("\"%s\" is refused with\n%s\nnot\n%s", cases[i].lines, errors, expected);
                free(errors);
                free(expected);
                config_messages_done(&m);
        }
}
