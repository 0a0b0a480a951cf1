/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of [Parts]. */

#include "base/address-spec.h"
#include "base/array.h"
#include "base/parse.h"
#include "base/strings.h"
#include "base/text.h"
#include "config/part-keys.h"

#define ADDRESS_ID_PREFIX "ip-"
#define ADDRESS_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)
#define PART_TIMEOUT_MIN_USEC USEC_PER_SEC
#define PART_TIMEOUT_MAX_USEC (3600 * USEC_PER_SEC) /* also distro-address's bound */
#define PART_WORD_MAX 255u

typedef struct AddressParse {
        AddressSpec spec;
        bool has_start_timeout, has_stop_timeout;
        bool is_after_timeout; /* the last word was one */
} AddressParse;

/* A word as it is, or with what a key of ours has behind its name. */
static int add_option(Part *part, const char *name, const char *value)
{
        _cleanup_free_ char *word = text_format("%s%s", name, value);

        return word ? strings_append(&part->arguments, word) : -ENOMEM;
}

/* The next word; it is not long, and systemd would find nothing in it to fill in. */
static int next_word(UnitParse *u, const char **value, char **ret)
{
        _cleanup_free_ char *word = NULL;
        int r = unit_word_next(u, value, WORD_UNQUOTE | WORD_UNESCAPE, &word);

        if (r <= 0)
                return r;
        if (strlen(word) > PART_WORD_MAX)
                return parse_error(u->p, "a word of %zu bytes is too long, expected at most %u", strlen(word),
                                PART_WORD_MAX);
        if (strchr(word, '$'))
                return parse_error(u->p, "\"%s\" has a $, expected none: nothing is filled in there", word);
        *ret = TAKE_PTR(word);
        return 1;
}

/* One of the keys that stand in the line of a part: 1; 0 for another word. */
static int parse_timeout(ParseState *p, const char *word, const char *key, uint64_t *ret, bool *is_given)
{
        const char *value = startswith(word, key);

        if (!value)
                return 0;
        if (*is_given)
                return parse_error(p, "%s is given twice, expected it once", key);
        *is_given = true;
        if (parse_usec(value, ret) < 0 || *ret < PART_TIMEOUT_MIN_USEC || *ret > PART_TIMEOUT_MAX_USEC)
                return parse_error(p, "%s%s is not valid, expected a time span from 1s to 1h", key, value);
        return 1;
}

/* What the shared parser of addresses has said. */
static int refuse(ParseState *p, int r, const char *error)
{
        return r == -EINVAL ? parse_error(p, "%s", error) : r;
}

static int add_address_word(ParseState *p, const char *word, AddressParse *a, Part *part)
{
        _cleanup_free_ char *error = NULL;
        uint64_t span;
        int r;

        r = parse_timeout(p, word, "TimeoutStartSec=", &part->start_timeout_usec, &a->has_start_timeout);
        if (r == 0)
                r = parse_timeout(p, word, "TimeoutStopSec=", &part->stop_timeout_usec, &a->has_stop_timeout);
        if (r != 0) {
                a->is_after_timeout = true;
                return r;
        }
        if (a->is_after_timeout && parse_usec(word, &span) >= 0)
                return parse_error(p,
                                "\"%s\" goes with the time span before it, expected quotes around both, as in "
                                "\"TimeoutStopSec=1min 30s\"",
                                word);
        a->is_after_timeout = false;
        r = address_spec_add(&a->spec, word, &error);
        if (r == 0)
                return parse_error(p,
                                "\"%s\" is not known, expected an interface, check=, announce=, label=, "
                                "TimeoutStartSec= or TimeoutStopSec=",
                                word);
        return refuse(p, r, error);
}

/* What its helper is called with, in one form for all ways to write it. */
static int describe_address(const AddressSpec *spec, Part *part)
{
        char text[ADDRESS_TEXT_MAX];
        int r;

        part->id = text_format(ADDRESS_ID_PREFIX "%s", address_format(text, &spec->address));
        part->name = text_format("%s/%u", text, spec->address.prefix);
        r = part->id && part->name ? strings_append(&part->arguments, part->name) : -ENOMEM;
        if (r >= 0 && *spec->interface)
                r = strings_append(&part->arguments, spec->interface);
        if (r >= 0 && !spec->check)
                r = strings_append(&part->arguments, "check=no");
        if (r >= 0 && !spec->announce)
                r = strings_append(&part->arguments, "announce=no");
        if (r >= 0 && *spec->label)
                r = add_option(part, "label=", spec->label);
        return r;
}

static int parse_address(UnitParse *u, const char *value, Part *part)
{
        _cleanup_free_ char *first = NULL, *error = NULL;
        AddressParse a = {};
        int r = next_word(u, &value, &first);

        part->kind = PART_ADDRESS;
        part->start_timeout_usec = part->stop_timeout_usec = ADDRESS_TIMEOUT_DEFAULT_USEC;
        if (r >= 0) {
                r = address_spec_begin(&a.spec, strempty(first), &error);
                r = refuse(u->p, r, error);
        }
        while (r >= 0) {
                _cleanup_free_ char *word = NULL;
                r = next_word(u, &value, &word);
                if (r == 0)
                        break;
                if (r > 0)
                        r = add_address_word(u->p, word, &a, part);
        }
        if (r < 0)
                return r;
        /* distro-address takes it where one interface alone has an address of a link, which hardly a node has. */
        if (address_is_link_local(&a.spec.address) && !*a.spec.interface)
                return parse_error(u->p, "%s is an address of one link, expected the interface behind it",
                                first);
        r = address_spec_finish(&a.spec, &error);
        return r < 0 ? refuse(u->p, r, error) : describe_address(&a.spec, part);
}

static const struct {
        const char *key;
        int (*parse)(UnitParse *u, const char *value, Part *part);
} part_keys[] = {
        { "Address", parse_address },
};

static int add_part(Parts *parts, Part *part)
{
        Part *grown = realloc(parts->items, (parts->n_items + 1) * sizeof(Part));

        if (!grown)
                return -ENOMEM;
        parts->items = grown;
        grown[parts->n_items++] = *part;
        *part = (Part){};
        return 0;
}

/* Where the value cannot be read with neutral specifiers, it stands for itself. */
static int add_raw(Parts *parts, const char *value)
{
        _cleanup_(part_done) Part raw = { .id = strdup(""), .name = strdup("") };

        if (!raw.id || !raw.name || strings_append(&raw.arguments, value) < 0)
                return -ENOMEM;
        return add_part(parts, &raw);
}

/* The node whose own address the part would be; NULL: nobody's. */
static const char *find_node(const ConfigContext *context, const char *id)
{
        const char *text = startswith(id, ADDRESS_ID_PREFIX);

        for (size_t i = 0; text && i < context->n_node_addresses; i++) {
                char own[ADDRESS_TEXT_MAX];
                Address a;

                if (address_parse_bare(context->node_addresses[i].address, &a) &&
                                streq(address_format(own, &a), text))
                        return context->node_addresses[i].node;
        }
        return NULL;
}

static int parse_part(AppParse *a, ParseState *p, size_t key, const char *value)
{
        UnitParse u = { .p = p, .specifiers = &a->specifiers };
        _cleanup_(part_done) Part part = { .line = p->line };
        const Part *other;
        const char *node;
        int r = part_keys[key].parse(&u, value, &part);

        if (r < 0)
                return r;
        other = parts_find(&a->parts, part.id);
        if (other)
                return parse_error(p, "%s is a part already (%s:%u), expected it once", other->name,
                                other->file, other->line);
        node = find_node(p->context, part.id);
        if (node)
                return parse_error(p, "%s is %s's own in the nodelist, expected one that no node has",
                                part.name, node);
        if (string_copy(p->file, &part.file) < 0)
                return -ENOMEM;
        return add_part(&a->parts, &part);
}

/* The same with specifiers that are equal on all nodes. Its complaints are the first's. */
static int parse_neutral(AppParse *a, const ParseState *p, size_t key, const char *value)
{
        ParseState quiet = *p;
        UnitParse u = { .p = &quiet, .specifiers = &a->neutral };
        _cleanup_(part_done) Part part = {};
        int r;

        quiet.quiet = true;
        r = part_keys[key].parse(&u, value, &part);
        if (r == -EINVAL)
                return add_raw(&a->neutral_parts, value);
        return r < 0 ? r : add_part(&a->neutral_parts, &part);
}

/* ELEMENTSOF(part_keys): there is none. */
static size_t find_key(const char *key)
{
        size_t i = 0;

        while (i < ELEMENTSOF(part_keys) && !streq(part_keys[i].key, key))
                i++;
        return i;
}

const char *part_key_name(size_t i)
{
        return i < ELEMENTSOF(part_keys) ? part_keys[i].key : NULL;
}

bool part_key_is_known(const char *key)
{
        return find_key(key) < ELEMENTSOF(part_keys);
}

int part_key_parse(AppParse *a, ParseState *p, const char *key, const char *value)
{
        size_t i = find_key(key);
        int r;

        if (streq(key, "TimeoutStartSec") || streq(key, "TimeoutStopSec"))
                return parse_error(p, "has no line of its own in [Parts], expected it behind the part, as in "
                                      "Address=192.0.2.10/24 TimeoutStopSec=5s");
        if (i == ELEMENTSOF(part_keys))
                return -ENOENT;
        if (!*value) {
                parts_done(&a->parts);
                parts_done(&a->neutral_parts);
                a->n_part_lines = 0;
                return 0;
        }
        if (a->n_part_lines++ >= PARTS_MAX) /* told once, of however many lines */
                return a->n_part_lines == PARTS_MAX + 1
                                       ? parse_error(p, "too many parts, expected at most %u", PARTS_MAX)
                                       : -EINVAL;
        r = parse_part(a, p, i, value);
        return r < 0 ? r : parse_neutral(a, p, i, value);
}

int parts_check(AppParse *a)
{
        ParseState at = parse_state_at(&a->state, &a->takeover_mode, "TakeoverMode");

        if (a->definition.takeover_mode != TAKEOVER_START_FIRST || a->parts.n_items == 0)
                return 0;
        return parse_error(&at,
                        "start-first does not go with an Address=, which cannot be on two nodes at once, "
                        "expected stop-first");
}

static void put_part(ByteWriter *w, const Part *part)
{
        put_u8(w, (uint8_t) part->kind);
        put_string(w, part->id);
        put_string(w, part->name);
        for (char *const *word = part->arguments; *word; word++) {
                put_bool(w, true);
                put_string(w, *word);
        }
        put_bool(w, false);
        put_u64(w, part->start_timeout_usec);
        put_u64(w, part->stop_timeout_usec);
}

void put_parts(ByteWriter *w, const Parts *parts)
{
        if (parts->n_items > 0)
                put_u32(w, (uint32_t) parts->n_items);
        FOREACH_ARRAY(part, parts->items, parts->n_items)
                put_part(w, part);
}
