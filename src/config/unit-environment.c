/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a command finds when it is executed: environment, working directory, standard streams, credentials, and the fields
 * of its journal entries. */

#include "base/text.h"
#include "config/unit-environment.h"
#include "config/words.h"

static size_t variable_name_length(const char *s)
{
        if (*s >= '0' && *s <= '9')
                return 0;
        return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

/* The worker learns from these why it was started; a file may not set them. */
static int check_reserved(UnitParse *u, const char *name)
{
        if (!startswith(name, "DISTRO_"))
                return 0;
        return parse_error(u->p,
                        "\"%.*s\" is reserved, since distro-manager sets the variables that begin with "
                        "DISTRO_",
                        (int) variable_name_length(name), name);
}

static bool environment_value_is_valid(const char *s)
{
        for (; *s; s++)
                if (((unsigned char) *s < ' ' && *s != '\t' && *s != '\n') || *s == 0x7f)
                        return false;
        return true;
}

/* A later value of a variable takes the place of an earlier one. */
static int set_variable(UnitStrings *s, const char *assignment, size_t name_length)
{
        for (size_t i = 0; i < s->n; i++)
                if (strncmp(s->items[i], assignment, name_length + 1) == 0) {
                        char *copy = strdup(assignment);
                        if (!copy)
                                return -ENOMEM;
                        free(s->items[i]);
                        s->items[i] = copy;
                        return 0;
                }
        return unit_strings_add(s, assignment);
}

int unit_parse_environment(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_UNESCAPE, &word);
                if (r <= 0)
                        return r;
                size_t n = variable_name_length(word);
                if (n == 0 || word[n] != '=' || !environment_value_is_valid(word + n))
                        return unit_wrong(u, word, "NAME=value, the name of letters, digits and \"_\"");
                r = check_reserved(u, word);
                if (r < 0)
                        return r;
                UnitProperty *p = property_list_extend(
                                u->properties, unit_key_property(k), UNIT_PROPERTY_STRINGS);
                if (!p || set_variable(&p->strings, word, n) < 0)
                        return -ENOMEM;
        }
}

/* PassEnvironment= takes names, UnsetEnvironment= assignments too. */
int unit_parse_environment_names(UnitParse *u, const UnitKey *k, const char *value)
{
        bool assignments = streq(k->key, "UnsetEnvironment");
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_UNESCAPE, &word);
                if (r <= 0)
                        return r;
                size_t n = variable_name_length(word);
                if (n == 0 || (word[n] && !(assignments && word[n] == '=')) ||
                                !environment_value_is_valid(word + n))
                        return unit_wrong(u, word,
                                        assignments ? "names of variables, or NAME=value"
                                                    : "names of variables");
                r = check_reserved(u, word);
                if (r < 0)
                        return r;
                if (unit_extend_strings(u, unit_key_property(k), word) < 0)
                        return -ENOMEM;
        }
}

int unit_parse_environment_file(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *path = NULL;
        bool optional = *value == '-';
        int r = unit_expand(u, value + optional, &path);
        if (r < 0)
                return r;
        r = unit_check_path(u, path);
        if (r < 0)
                return r;
        UnitProperty *p =
                        property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_STRING_BOOLS);
        return p ? unit_rows_add(p, path, NULL, optional, false, 0) : -ENOMEM;
}

int unit_parse_working_directory(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *text = NULL;
        int r = unit_expand(u, value, &text);
        if (r < 0)
                return r;
        char *path = text + (*text == '-');
        if (!streq(path, "~") && !path_tidy(path))
                return unit_wrong(u, text,
                                "an absolute path or \"~\", with \"-\" before it if it may be missing");
        return unit_set_string(u, unit_key_property(k), text);
}

/* StandardOutput= and its kind are one key and, on the bus, several properties; only the last one given
 * counts. */
static const char *const stream_suffixes[] = { "", "File", "FileToAppend", "FileToTruncate" };

static int set_stream(UnitParse *u, const UnitKey *k, const char *suffix, const char *value)
{
        char name[64];
        for (size_t i = 0; i < ELEMENTSOF(stream_suffixes); i++) {
                snprintf(name, sizeof(name), "%s%s", k->key, stream_suffixes[i]);
                property_list_remove(u->properties, name);
        }
        if (!*value)
                return 0;
        snprintf(name, sizeof(name), "%s%s", k->key, suffix);
        return unit_set_string(u, name, value);
}

static int set_stream_file(UnitParse *u, const UnitKey *k, const char *suffix, const char *value)
{
        _cleanup_free_ char *path = NULL;
        int r = unit_expand(u, value, &path);
        if (r < 0)
                return r;
        r = unit_check_path(u, path);
        return r < 0 ? r : set_stream(u, k, suffix, path);
}

int unit_parse_output(UnitParse *u, const UnitKey *k, const char *value)
{
        static const struct {
                const char *prefix, *suffix;
        } files[] = { { "file:", "File" }, { "append:", "FileToAppend" }, { "truncate:", "FileToTruncate" } };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                const char *path = startswith(value, files[i].prefix);
                if (path)
                        return set_stream_file(u, k, files[i].suffix, path);
        }
        if (*value && !words_contain(k->words, value))
                return unit_wrong(u, value,
                                "\"inherit\", \"null\", \"tty\", \"journal\", \"kmsg\", \"journal+console\", "
                                "\"kmsg+console\", \"file:PATH\", \"append:PATH\" or \"truncate:PATH\"");
        return set_stream(u, k, "", value);
}

int unit_parse_input(UnitParse *u, const UnitKey *k, const char *value)
{
        const char *path = startswith(value, "file:");
        if (path)
                return set_stream_file(u, k, "File", path);
        if (*value && !words_contain(k->words, value))
                return unit_wrong(u, value,
                                "\"null\", \"tty\", \"tty-force\", \"tty-fail\", \"data\" or \"file:PATH\"");
        return set_stream(u, k, "", value);
}

static int add_input(UnitParse *u, const void *data, size_t size_bytes)
{
        UnitProperty *p = property_list_extend(u->properties, "StandardInputData", UNIT_PROPERTY_BYTES);
        uint8_t *grown = p ? realloc(p->bytes.data, p->bytes.size_bytes + size_bytes + 1) : NULL;
        if (!grown)
                return -ENOMEM;
        p->bytes.data = grown;
        memcpy(grown + p->bytes.size_bytes, data, size_bytes);
        p->bytes.size_bytes += size_bytes;
        return 0;
}

int unit_parse_input_text(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *plain = NULL, *text = NULL;
        int r = text_unescape(value, &plain);
        if (r == -EINVAL)
                return unit_wrong(u, value, "text with C escapes");
        if (r < 0)
                return r;
        r = unit_expand(u, plain, &text);
        if (r < 0)
                return r;
        r = add_input(u, text, strlen(text));
        return r < 0 ? r : add_input(u, "\n", 1);
}

static int base64_decode(const char *s, uint8_t **ret, size_t *ret_size_bytes)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        _cleanup_free_ uint8_t *data = malloc(strlen(s) / 4 * 3 + 3);
        size_t n = 0, n_digits = 0, n_padding = 0;
        uint32_t group = 0;

        if (!data)
                return -ENOMEM;
        for (; *s; s++) {
                if (strchr(WORD_WHITE, *s))
                        continue;
                const char *digit = strchr(digits, *s);
                if (*s == '=')
                        n_padding++;
                else if (!digit || n_padding > 0)
                        return -EINVAL;
                group = group << 6 | (digit ? (uint32_t) (digit - digits) : 0);
                if (++n_digits % 4 == 0) {
                        data[n++] = (uint8_t) (group >> 16);
                        data[n++] = (uint8_t) (group >> 8);
                        data[n++] = (uint8_t) group;
                        group = 0;
                }
        }
        if (n_digits % 4 != 0 || n_padding > 2 || n_padding > n)
                return -EINVAL;
        *ret = TAKE_PTR(data);
        *ret_size_bytes = n - n_padding;
        return 0;
}

int unit_parse_input_data(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ uint8_t *data = NULL;
        size_t size_bytes;
        int r = base64_decode(value, &data, &size_bytes);
        if (r == -EINVAL)
                return parse_error(u->p, "not valid, expected base64");
        return r < 0 ? r : add_input(u, data, size_bytes);
}

static bool credential_name_is_valid(const char *name)
{
        return *name && strlen(name) < 256 && !strpbrk(name, "/: \t") && !streq(name, ".") &&
               !streq(name, "..");
}

/* Puts a credential in the place of one with the same name, which systemd does too. */
static int set_row(UnitParse *u, const char *property, UnitPropertyKind kind, const char *name,
                const char *value)
{
        UnitProperty *p = property_list_extend(u->properties, property, kind);
        if (!p)
                return -ENOMEM;
        for (size_t i = 0; i < p->rows.n; i++)
                if (streq(p->rows.items[i].first, name)) {
                        char *copy = strdup(value);
                        if (!copy)
                                return -ENOMEM;
                        free(p->rows.items[i].second);
                        p->rows.items[i].second = copy;
                        return 0;
                }
        return unit_rows_add(p, name, value, false, false, 0);
}

int unit_parse_load_credential(UnitParse *u, const UnitKey *k, const char *value)
{
        _cleanup_free_ char *text = NULL;
        int r = unit_expand(u, value, &text);
        if (r < 0)
                return r;
        char *source = strchr(text, ':');
        if (source)
                *source++ = 0;
        else
                source = text; /* the credential of that name which systemd itself was given */
        if (!credential_name_is_valid(text) ||
                        (*source == '/' ? !path_tidy(source) : !credential_name_is_valid(source)))
                return unit_wrong(u, value, "NAME or NAME:PATH with an absolute path");
        return set_row(u, unit_key_property(k), UNIT_PROPERTY_STRING_PAIRS, text, source);
}

/* NAME:DATA with C escapes. */
int unit_parse_set_credential(UnitParse *u, const UnitKey *k, const char *value)
{
        const char *colon = strchr(value, ':');
        if (!colon)
                return unit_wrong(u, value, "NAME:DATA");

        _cleanup_free_ char *raw = strndup(value, (size_t) (colon - value)), *name = NULL, *data = NULL;
        if (!raw)
                return -ENOMEM;
        int r = unit_expand(u, raw, &name);
        if (r < 0)
                return r;
        r = text_unescape(colon + 1, &data);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !credential_name_is_valid(name))
                return unit_wrong(u, value, "NAME:DATA, the data with C escapes");
        return set_row(u, unit_key_property(k), UNIT_PROPERTY_STRING_BYTES, name, data);
}

int unit_parse_log_extra_fields(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *field = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE | WORD_UNESCAPE, &field);
                if (r <= 0)
                        return r;
                size_t n = strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
                if (n == 0 || n > 64 || field[n] != '=' || field[0] == '_' ||
                                (field[0] >= '0' && field[0] <= '9'))
                        return unit_wrong(u, field, "FIELD=value, the field of A-Z, 0-9 and \"_\"");
                UnitProperty *p = property_list_extend(
                                u->properties, unit_key_property(k), UNIT_PROPERTY_BYTE_ARRAYS);
                if (!p || unit_strings_add(&p->strings, field) < 0)
                        return -ENOMEM;
        }
}
