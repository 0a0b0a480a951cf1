/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of [Parts]. */

#include "base/address-spec.h"
#include "base/array.h"
#include "base/parse.h"
#include "base/strings.h"
#include "base/text.h"
#include "config/installed-unit.h"
#include "config/part-keys.h"
#include "config/part-line.h"

#define ADDRESS_ID_PREFIX "ip-"
#define ADDRESS_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)
#define ADDRESS_WORD_MAX 255u
#define MOUNT_WORD_MAX 1023u
#define UNIT_TIMEOUT_DEFAULT_USEC (90 * USEC_PER_SEC)
#define UNIT_WORD_MAX 255u

/* A word as it is, or with what a key of ours has behind its name. */
static int add_option(Part *part, const char *name, const char *value)
{
        _cleanup_free_ char *word = text_format("%s%s", name, value);

        return word ? strings_append(&part->arguments, word) : -ENOMEM;
}

/* What the shared parser of addresses has said. */
static int refuse(ParseState *p, int r, const char *error)
{
        return r == -EINVAL ? parse_error(p, "%s", error) : r;
}

static int add_address_word(PartLine *l, const char *word, AddressSpec *spec, Part *part)
{
        _cleanup_free_ char *error = NULL;
        int r = part_line_timeout(l, word, part);

        if (r != 0)
                return r;
        r = address_spec_add(spec, word, &error);
        if (r == 0)
                return parse_error(l->u->p,
                                "\"%s\" is not known, expected an interface, check=, announce=, label=, "
                                "TimeoutStartSec= or TimeoutStopSec=",
                                word);
        return refuse(l->u->p, r, error);
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

/* systemd would find nothing in it to fill in. */
static int next_address_word(PartLine *l, char **ret)
{
        int r = part_line_next(l, ret);

        if (r > 0 && strchr(*ret, '$'))
                return parse_error(
                                l->u->p, "\"%s\" has a $, expected none: nothing is filled in there", *ret);
        return r;
}

static int read_address(PartLine *l, AddressSpec *spec, Part *part)
{
        _cleanup_free_ char *first = NULL, *error = NULL;
        int r = next_address_word(l, &first);

        if (r >= 0) {
                r = address_spec_begin(spec, strempty(first), &error);
                r = refuse(l->u->p, r, error);
        }
        while (r >= 0) {
                _cleanup_free_ char *word = NULL;
                r = next_address_word(l, &word);
                if (r == 0)
                        break;
                if (r > 0)
                        r = add_address_word(l, word, spec, part);
        }
        if (r < 0)
                return r;
        /* distro-address takes it where one interface alone has an address of a link, which hardly a node has. */
        if (address_is_link_local(&spec->address) && !*spec->interface)
                return parse_error(l->u->p, "%s is an address of one link, expected the interface behind it",
                                first);
        r = address_spec_finish(spec, &error);
        return r < 0 ? refuse(l->u->p, r, error) : 0;
}

static int parse_address(PartLine *l, Parts *parts)
{
        _cleanup_(part_done) Part part = {
                .kind = PART_ADDRESS,
                .start_timeout_usec = ADDRESS_TIMEOUT_DEFAULT_USEC,
                .stop_timeout_usec = ADDRESS_TIMEOUT_DEFAULT_USEC,
        };
        AddressSpec spec = {};
        int r = read_address(l, &spec, &part);

        if (r >= 0)
                r = describe_address(&spec, &part);
        return r < 0 ? r : parts_add(parts, &part);
}

static int describe_unit(const char *name, Part *part)
{
        part->id = strdup(name);
        part->name = strdup(name);
        part->arguments = calloc(1, sizeof(char *));
        return part->id && part->name && part->arguments ? 0 : -ENOMEM;
}

/* Its times are its own; those of a unit that says nothing are systemd's. */
static int parse_unit(PartLine *l, Parts *parts)
{
        _cleanup_free_ char *name = NULL, *more = NULL, *error = NULL;
        _cleanup_(part_done) Part part = {
                .kind = PART_UNIT,
                .start_timeout_usec = UNIT_TIMEOUT_DEFAULT_USEC,
                .stop_timeout_usec = UNIT_TIMEOUT_DEFAULT_USEC,
        };
        int r = part_line_next(l, &name);

        if (r >= 0)
                r = part_line_next(l, &more);
        if (r > 0)
                return parse_error(l->u->p,
                                "\"%s\" stands behind the unit, expected the unit alone: its times are those of the unit",
                                more);
        if (r >= 0)
                r = installed_unit_check_name(strempty(name), &error);
        if (r < 0)
                return r;
        if (error)
                return parse_error(l->u->p, "%s", error);
        r = describe_unit(name, &part);
        return r < 0 ? r : parts_add(parts, &part);
}

static const struct {
        const char *key;
        int (*parse)(PartLine *l, Parts *parts);
        size_t word_bytes_max;
} part_keys[] = {
        { "Address", parse_address, ADDRESS_WORD_MAX },
        { "Mount", parse_mount, MOUNT_WORD_MAX },
        { "Unit", parse_unit, UNIT_WORD_MAX },
};

/* Where the value cannot be read with neutral specifiers, it stands for itself. */
static int add_raw(Parts *parts, const char *value)
{
        _cleanup_(part_done) Part raw = { .id = strdup(""), .name = strdup("") };

        if (!raw.id || !raw.name || strings_append(&raw.arguments, value) < 0)
                return -ENOMEM;
        return parts_add(parts, &raw);
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

/* Whether the last of them can be there beside the others, and on this host at all. */
static int check_last(AppParse *a, ParseState *p)
{
        Part *last = a->parts.items + a->parts.n_items - 1;
        const char *node;

        FOREACH_ARRAY(other, a->parts.items, a->parts.n_items - 1)
                if (streq(part_claim(other), part_claim(last)))
                        return parse_error(p, "%s is a part already (%s:%u), expected it once", other->name,
                                        other->file, other->line);
        node = find_node(p->context, last->id);
        if (node)
                return parse_error(p, "%s is %s's own in the nodelist, expected one that no node has",
                                last->name, node);
        last->line = p->line;
        if (string_copy(p->file, &last->file) < 0)
                return -ENOMEM;
        return mounts_check(&a->parts, p);
}

static int read_parts(UnitParse *u, size_t key, const char *value, size_t place, Parts *ret)
{
        PartLine l = {
                .u = u,
                .rest = value,
                .place = place,
                .bytes_max = part_keys[key].word_bytes_max,
        };

        return part_keys[key].parse(&l, ret);
}

static int parse_part(AppParse *a, ParseState *p, size_t key, const char *value)
{
        UnitParse u = { .p = p, .specifiers = &a->specifiers };
        _cleanup_(parts_done) Parts parts = {};
        int r = read_parts(&u, key, value, a->n_part_lines, &parts);

        for (size_t i = 0; i < parts.n_items && r >= 0; i++) {
                r = parts_add(&a->parts, parts.items + i);
                if (r >= 0)
                        r = check_last(a, p);
        }
        return r;
}

/* The same with specifiers that are equal on all nodes. Its complaints are the first's. */
static int parse_neutral(AppParse *a, const ParseState *p, size_t key, const char *value)
{
        ParseState quiet = *p;
        UnitParse u = { .p = &quiet, .specifiers = &a->neutral };
        _cleanup_(parts_done) Parts parts = {};
        int r;

        quiet.quiet = true;
        r = read_parts(&u, key, value, a->n_part_lines, &parts);
        if (r == -EINVAL)
                return add_raw(&a->neutral_parts, value);
        for (size_t i = 0; i < parts.n_items && r >= 0; i++)
                r = parts_add(&a->neutral_parts, parts.items + i);
        return r;
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
                        "start-first does not go with %s=, which cannot be on two nodes at once, expected "
                        "stop-first",
                        part_kind_key(a->parts.items[0].kind));
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
