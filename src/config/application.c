/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <strings.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "config/application.h"
#include "config/application-keys.h"
#include "config/part-keys.h"
#include "config/pitfalls.h"
#include "config/systemd-keys.h"
#include "config/unit-exec.h"
#include "config/unit-keys.h"
#include "engine/encode.h"

enum { APPLICATION, UNIT, PARTS, SERVICE };
const char *const app_sections[] = {
        [APPLICATION] = "Application", [UNIT] = "Unit", [PARTS] = "Parts", [SERVICE] = "Service", NULL
};

/* Properties that the adapter does not know of: values that can't be read with neutral specifiers, for the
 * digest. */
#define RAW_PREFIX "raw:"

void app_config_done(AppConfig *c)
{
        definition_done(&c->definition);
        sealed_done(&c->properties);
        parts_done(&c->parts);
        *c = (AppConfig){ 0 };
}

int app_parse_init(AppParse *a, const ConfigContext *context, ConfigMessages *messages, const char *name,
                const char *file)
{
        *a = (AppParse){
                .state = { .context = context, .messages = messages, .application = name, .file = file },
                .specifiers = { .context = context, .application = name },
                .neutral = { .context = context, .application = name, .neutral = true },
                .definition.name = strdup(name),
                .n_errors_before = messages->n_errors,
                .unit_places = calloc(unit_key_count(), sizeof(ParsePlace)),
        };
        app_definition_init(&a->definition);
        if (a->definition.name && a->unit_places)
                return 0;
        app_parse_done(a);
        return -ENOMEM;
}

void app_parse_done(AppParse *a)
{
        definition_done(&a->definition);
        property_list_done(&a->properties);
        property_list_done(&a->neutral_properties);
        parts_done(&a->parts);
        parts_done(&a->neutral_parts);
        free(a->unit_places);
        *a = (AppParse){ 0 };
}

/* The same assignment once more, with specifiers that are equal on all nodes. Its complaints are the first's.
 */
static int apply_neutral(AppParse *a, ParseState *p, const UnitKey *k, const char *value)
{
        ParseState quiet = *p;
        quiet.quiet = true;
        UnitParse u = { .p = &quiet, .specifiers = &a->neutral, .properties = &a->neutral_properties };
        _cleanup_free_ char *raw = text_format(RAW_PREFIX "%s", k->key);

        if (!raw)
                return -ENOMEM;
        if (!*value)
                property_list_remove(u.properties, raw);
        int r = unit_key_apply(&u, k, value);
        if (r != -EINVAL)
                return r;
        UnitProperty *property = property_list_extend(u.properties, raw, UNIT_PROPERTY_STRINGS);
        return property ? unit_strings_add(&property->strings, value) : -ENOMEM;
}

/* Every user can read what a unit is made of, from the bus and from its file in /run, whatever the mode of our file. */
static int check_secret(AppParse *a, ParseState *p)
{
        static const char *const data[] = { "Environment", "SetCredential", "StandardInputText",
                "StandardInputData" };

        if (!p->closed || (a->closed_file && streq(a->closed_file, p->file)))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                if (streq(p->key, data[i])) {
                        a->closed_file = p->file;
                        return parse_warning(p,
                                        "others may not read the file, but everybody can read this value while the "
                                        "application runs: a secret belongs in a file of its own, for "
                                        "LoadCredential= or LoadCredentialEncrypted=");
                }
        return 0;
}

static int add_line(PropertyList *l, const char *name, const char *value)
{
        UnitProperty *property = property_list_extend(l, name, UNIT_PROPERTY_LINES);
        return property ? unit_strings_add(&property->strings, value) : -ENOMEM;
}

/* A key that systemd knows and our table does not goes to systemd as it stands. */
static int hand_on(AppParse *a, ParseState *p, const char *section, const char *key, const char *value)
{
        ConfigSystemd *systemd = a->state.context->systemd;
        int r = systemd_knows(systemd, section, key);
        if (r < 0)
                return r;
        if (r == 0)
                return parse_error(p,
                                systemd && systemd->items && *systemd->items
                                                ? "unknown key in section [%s], also to systemd on this node"
                                                : "unknown key in section [%s]",
                                section);
        if (endswith(value, "\\"))
                return parse_error(p,
                                "a backslash at the end, expected none in a key that is handed on as it stands");

        _cleanup_free_ char *name = text_format("%s.%s", section, key);
        if (!name)
                return -ENOMEM;
        r = add_line(&a->properties, name, value);
        return r < 0 ? r : add_line(&a->neutral_properties, name, value);
}

static int parse_unit_assignment(AppParse *a, ParseState *p, unsigned section, const char *name,
                const char *key, const char *value)
{
        UnitParse u = { .p = p, .specifiers = &a->specifiers, .properties = &a->properties };
        const UnitKey *k = unit_key_find(section, key);

        if (!k) {
                const char *reason = unit_key_refusal(section, key);
                if (reason)
                        return parse_error(p, "%s", reason);
                unsigned other = section == SECTION_UNIT ? SECTION_SERVICE : SECTION_UNIT;
                if (unit_key_find(other, key))
                        return parse_error(p, "unknown key in section [%s], expected it in [%s]", name,
                                        app_sections[other == SECTION_UNIT ? UNIT : SERVICE]);
                if (part_key_is_known(key))
                        return parse_error(p, "unknown key in section [%s], expected it in [%s]", name,
                                        app_sections[PARTS]);
                return hand_on(a, p, name, key, value);
        }
        a->unit_places[unit_key_index(k)] = (ParsePlace){ p->file, p->line };
        int r = unit_key_apply(&u, k, value);
        if (r >= 0)
                r = apply_neutral(a, p, k, value);
        return r < 0 ? r : check_secret(a, p);
}

/* The section that a key belongs in which [Application], or [Parts], does not have; NULL: none is known. */
static const char *right_section(size_t section, const char *key)
{
        if (section == APPLICATION)
                return part_key_is_known(key) ? app_sections[PARTS] : NULL;
        for (size_t i = 0; app_key_name(i); i++)
                if (streq(app_key_name(i), key))
                        return app_sections[APPLICATION];
        if (unit_key_find(SECTION_UNIT, key))
                return app_sections[UNIT];
        return unit_key_find(SECTION_SERVICE, key) ? app_sections[SERVICE] : NULL;
}

static int complain_key(ParseState *p, size_t section, const char *key)
{
        const char *right = right_section(section, key);

        if (right)
                return parse_error(p, "unknown key in section [%s], expected it in [%s]",
                                app_sections[section], right);
        return parse_error(p, "unknown key in section [%s]", app_sections[section]);
}

int app_parse_assignment(ParseState *p, size_t section, const char *key, const char *value, void *userdata)
{
        AppParse *a = userdata;
        int r;

        a->has_service = a->has_service || section == SERVICE;
        if (section != APPLICATION && section != PARTS)
                return parse_unit_assignment(a, p, section == UNIT ? SECTION_UNIT : SECTION_SERVICE,
                                app_sections[section], key, value);
        r = section == PARTS ? part_key_parse(a, p, key, value) : app_key_parse(a, p, key, value);
        return r == -ENOENT ? complain_key(p, section, key) : r;
}

/* Complaints about the whole: told, and not a reason to stop looking. */
static int go_on(int r)
{
        return r == -ENOMEM ? r : 0;
}

static bool has_errors(const AppParse *a)
{
        return a->state.messages->n_errors > a->n_errors_before;
}

static int warn_of_node(AppParse *a, ParseState *at, const char *name)
{
        const ConfigContext *context = a->state.context;

        for (size_t i = 0; i < context->n_node_names; i++)
                if (strcasecmp(context->node_names[i], name) == 0)
                        return parse_warning(at,
                                        "there is no node \"%s\" in corosync.conf, it will never be eligible; \"%s\" "
                                        "differs in capitals only",
                                        name, context->node_names[i]);
        return parse_warning(at, "there is no node \"%s\" in corosync.conf, it will never be eligible", name);
}

static int check_definition(AppParse *a)
{
        Definition *d = &a->definition;
        ParseState at = parse_state_at(&a->state, &a->nodes, "Nodes");
        int r = 0;

        if (d->n_nodes == 0 && !a->nodes.file)
                return parse_error(&at, "missing in section [Application], expected the nodes that may run "
                                        "the application");
        if (d->n_nodes == 0 && !has_errors(a)) /* else it was told why */
                r = go_on(parse_error(&at, "names no node, expected at least one"));
        for (size_t i = 0; r >= 0 && i < d->n_nodes; i++)
                if (!context_has_node(a->state.context, d->nodes[i].name))
                        r = warn_of_node(a, &at, d->nodes[i].name);

        at = parse_state_at(&a->state, &a->permitted, "PermittedNodes");
        for (size_t i = 0; r >= 0 && i < d->n_permitted; i++)
                if (definition_find_node(d, d->permitted[i]) < 0)
                        r = go_on(parse_error(&at, "\"%s\" is not in Nodes=, expected some of its nodes",
                                        d->permitted[i]));
        return r;
}

/* A worker fails for good when its start limit is hit; restarts that are too slow never do that. */
static int check_start_limit(AppParse *a, const char *restart)
{
        const UnitProperty *burst = property_list_get(&a->properties, "StartLimitBurst"),
                           *interval = property_list_get(&a->properties, "StartLimitIntervalUSec"),
                           *wait = property_list_get(&a->properties, "RestartUSec");
        uint64_t n = burst ? burst->u32 : 5, within = interval ? interval->u64 : 10 * USEC_PER_SEC;
        ParseState at = app_parse_at_key(a, "RestartSec");

        if (!wait || streq(restart, "no"))
                return 0;
        if (n != 0 && within != 0 && (within == USEC_INFINITY || wait->u64 <= within / n))
                return 0;
        return parse_warning(&at,
                        "with these restarts StartLimitBurst= is not reached within StartLimitIntervalSec=, "
                        "so a worker that keeps failing never goes to another node");
}

/* Without [Service] the worker of an application that is its installed units has no process: it stands for them. */
static int add_anchor(AppParse *a)
{
        static const struct {
                const char *key, *value;
        } lines[] = {
                { "Type", "oneshot" },
                { "RemainAfterExit", "yes" },
                { "ExecStart", "/bin/true" },
                { "User", "nobody" },
        };
        bool has_unit = false;
        int r = 0;

        FOREACH_ARRAY(part, a->parts.items, a->parts.n_items)
                has_unit = has_unit || part->kind == PART_UNIT;
        for (size_t i = 0; i < ELEMENTSOF(lines) && has_unit && !a->has_service && r >= 0; i++) {
                ParseState p = a->state;

                p.key = lines[i].key;
                r = parse_unit_assignment(
                                a, &p, SECTION_SERVICE, app_sections[SERVICE], lines[i].key, lines[i].value);
        }
        return r;
}

/* What systemd would refuse only when the application is started. */
static int check_service(AppParse *a)
{
        const UnitProperty *start = property_list_get(&a->properties, "ExecStart");
        const char *type = app_parse_string(a, "Type", "simple"),
                   *restart = app_parse_string(a, "Restart", "no");
        bool oneshot = streq(type, "oneshot");
        ParseState at = app_parse_at_key(a, "ExecStart");
        int r = 0;

        if (!start && (at.line == 0 || !has_errors(a)))
                r = go_on(parse_error(&at, "missing in section [Service], expected the command to run"));
        else if (start && start->exec.n > 1 && !oneshot)
                r = go_on(parse_error(&at, "%zu commands with Type=%s, expected one, or Type=oneshot",
                                start->exec.n, type));
        at = app_parse_at_key(a, "Restart");
        if (r >= 0)
                r = check_start_limit(a, restart);
        if (r >= 0 && oneshot && (streq(restart, "always") || streq(restart, "on-success")))
                r = go_on(parse_error(&at,
                                "\"%s\" does not go with Type=oneshot, expected \"no\" or a kind of failure",
                                restart));
        at = app_parse_at_key(a, "Type");
        if (r >= 0 && streq(type, "dbus") && !property_list_get(&a->properties, "BusName"))
                r = go_on(parse_error(&at, "\"dbus\" needs BusName= too"));

        const UnitProperty *kill = property_list_get(&a->properties, "SendSIGKILL");
        at = app_parse_at_key(a, "SendSIGKILL");
        if (r >= 0 && kill && !kill->boolean)
                r = parse_warning(&at, "with \"no\" a worker that ignores its stop keeps the application "
                                       "blocked on its node");
        const UnitProperty *stop = property_list_get(&a->properties, "TimeoutStopUSec");
        at = app_parse_at_key(a,
                        a->unit_places[unit_key_index(unit_key_find(SECTION_SERVICE, "TimeoutStopSec"))].file
                                        ? "TimeoutStopSec"
                                        : "TimeoutSec");
        if (r >= 0 && stop && stop->u64 == USEC_INFINITY)
                r = parse_warning(&at, "a worker that does not end in its own time keeps the application "
                                       "blocked on its node");
        return r;
}

static void encode_definition(const Definition *d, ByteWriter *w)
{
        put_string(w, d->name);
        put_string(w, strempty(d->description));
        put_u32(w, (uint32_t) d->n_nodes);
        for (size_t i = 0; i < d->n_nodes; i++) {
                put_string(w, d->nodes[i].name);
                put_u32(w, d->nodes[i].tier);
        }
        put_u32(w, (uint32_t) d->n_permitted);
        for (size_t i = 0; i < d->n_permitted; i++)
                put_string(w, d->permitted[i]);
        put_definition_keys(w, d);
}

/* Never 0, which means "none" elsewhere. `d` may be NULL. */
static int make_digest(
                const Definition *d, const SealedProperties *properties, const Parts *parts, uint64_t *ret)
{
        ByteWriter w = { 0 };
        if (d)
                encode_definition(d, &w);
        put_bytes(&w, properties->data, properties->size_bytes);
        put_parts(&w, parts);
        int r = w.error;
        uint64_t digest = r < 0 ? 0 : hash64(w.data, w.size_bytes);
        byte_writer_done(&w);
        if (r < 0)
                return r;
        *ret = digest != 0 ? digest : 1;
        return 0;
}

static int seal(AppParse *a, AppConfig *c)
{
        SealedProperties neutral = {};
        int r = unit_properties_seal(a->neutral_properties.items, a->neutral_properties.n_items, &neutral);
        if (r >= 0)
                r = make_digest(&a->definition, &neutral, &a->neutral_parts, &a->definition.digest);
        sealed_done(&neutral);
        if (r >= 0)
                r = property_list_split_exec(&a->properties);
        if (r >= 0)
                r = unit_properties_seal(a->properties.items, a->properties.n_items, &c->properties);
        if (r >= 0)
                r = make_digest(NULL, &c->properties, &a->parts, &c->unit_digest);
        return r == -E2BIG ? parse_error(&a->state, "a value is too long") : r;
}

/* What outlives a kill would be left behind where it does not end. */
static int check_self_fence(AppParse *a)
{
        const Part *part = parts_first_to_end(&a->parts);
        ParseState at;

        if (!a->state.context || a->state.context->self_fence != SELF_FENCE_NO || !part)
                return 0;
        at = parse_state_at_part(&a->state, part);
        return parse_error(&at,
                        "%s outlives a kill of its processes, and SelfFence=no in manager.conf keeps this "
                        "host from ending it in time, expected SelfFence=auto there or no such part",
                        part->name);
}

int app_parse_finish(AppParse *a, AppConfig *ret)
{
        AppConfig c = { 0 };

        a->state.line = 0;
        a->state.key = NULL;
        int r = go_on(check_definition(a));
        if (r >= 0)
                r = go_on(add_anchor(a));
        if (r >= 0)
                r = go_on(check_service(a));
        if (r >= 0)
                r = go_on(parts_check(a));
        if (r >= 0)
                r = go_on(check_self_fence(a));
        if (r >= 0)
                r = app_check_pitfalls(a);
        if (r < 0)
                return r;
        if (has_errors(a))
                return -EINVAL;
        const UnitProperty *stop = property_list_get(&a->properties, "TimeoutStopUSec");
        c.stop_timeout_usec = stop ? stop->u64 : 0;
        a->definition.needs_end = parts_need_end(&a->parts);
        r = seal(a, &c);
        if (r < 0) {
                sealed_done(&c.properties);
                return r;
        }
        c.definition = a->definition;
        a->definition = (Definition){ 0 };
        c.parts = a->parts;
        a->parts = (Parts){ 0 };
        *ret = c;
        return 0;
}
