/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This node's own files: what engines decide by is agreed state and travels by message; a node's own file makes only its digest
 * and the unit that it starts. */

#include "engine/local/own-files.h"
#include "engine/agreed/definition.h"
#include "base/array.h"

static int compare_definitions(const void *a, const void *b)
{
        const LocalDefinition *x = a, *y = b;

        return strcmp(x->app, y->app);
}

static const LocalDefinition *files_search(const LocalDefinition *d, size_t n, const char *app)
{
        const LocalDefinition key = { .app = (char *) app };

        return n > 0 ? bsearch(&key, d, n, sizeof(key), compare_definitions) : NULL;
}

const LocalDefinition *files_find(const Local *here, const char *app)
{
        return files_search(here->definitions, here->n_definitions, app);
}

static void files_free(LocalDefinition *d, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                definition_done(&d[i].definition);
                free(d[i].app);
                free(d[i].error);
        }
        free(d);
}

void files_end(Local *here)
{
        files_free(here->definitions, here->n_definitions);
}

bool files_unit_differs(const Local *here, const LocalUnit *u)
{
        const LocalDefinition *d = files_find(here, u->app);

        return d && !d->error && d->unit_digest != 0 && u->unit_digest != 0 &&
               d->unit_digest != u->unit_digest;
}

/* The adapter that reads the files hands them over in order. */
static void files_sort(Local *here)
{
        bool sorted = true;

        for (size_t i = 1; i < here->n_definitions && sorted && !here->me.agreed.out.oom; i++)
                sorted = strcmp(here->definitions[i - 1].app, here->definitions[i].app) < 0;
        if (!here->me.agreed.out.oom && !sorted)
                qsort(here->definitions, here->n_definitions, sizeof(LocalDefinition), compare_definitions);
}

/* What a file says. Mostly it is as before: then that is kept, and but for its digest gone from `old`. */
static void file_take(Local *here, const Definition *now, LocalDefinition *old, Definition *ret)
{
        if (!old || old->error || !old->definition.name || old->definition.digest != now->digest) {
                (void) member_grow(&here->me, definition_copy(now, ret));
                return;
        }
        *ret = old->definition;
        old->definition = (Definition){ .digest = now->digest };
}

/* One name stands once in each list. */
static void files_take(Local *here, const Definition *definitions, const uint64_t *unit_digests, size_t n,
                const struct DefinitionError *errors, size_t n_errors, LocalDefinition *old, size_t n_old)
{
        size_t n_good;

        for (size_t i = 0; i < n && !here->me.agreed.out.oom; i++) {
                LocalDefinition *d;

                if (!app_name_is_valid(definitions[i].name))
                        continue;
                d = &here->definitions[here->n_definitions++];
                d->app = member_strdup(&here->me, definitions[i].name);
                d->unit_digest = unit_digests ? unit_digests[i] : 0;
                /* What cannot be read from the state again must not get into it. */
                if (definition_is_valid(&definitions[i]))
                        file_take(here, &definitions[i],
                                        (LocalDefinition *) files_search(old, n_old, definitions[i].name),
                                        &d->definition);
                else
                        d->error = member_strdup(
                                        &here->me, "it names a node twice, or has a value out of its range");
        }
        files_sort(here);
        n_good = here->n_definitions;
        for (size_t i = 0; i < n_errors && !here->me.agreed.out.oom; i++) {
                LocalDefinition *d =
                                (LocalDefinition *) files_search(here->definitions, n_good, errors[i].app);

                /* A file that became wrong: the last good definition stays in force, and that it is wrong is shown. */
                if (d) {
                        d->wrong_line = errors[i].line != 0 ? errors[i].line : WRONG_SOMEWHERE;
                        continue;
                }
                d = &here->definitions[here->n_definitions++];
                d->app = member_strdup(&here->me, errors[i].app);
                d->error = member_strdup(&here->me, errors[i].text);
        }
        files_sort(here);
}

void files_set(Local *here, const Definition *definitions, const uint64_t *unit_digests, size_t n,
                const struct DefinitionError *errors, size_t n_errors, bool again)
{
        LocalDefinition *old = here->definitions;
        size_t n_old = here->n_definitions;

        here->definitions = calloc(MAX(n + n_errors, (size_t) 1), sizeof(LocalDefinition));
        here->n_definitions = 0;
        if (!here->definitions) {
                here->me.agreed.out.oom = true;
                files_free(old, n_old);
                return;
        }
        files_take(here, definitions, unit_digests, n, errors, n_errors, old, n_old);
        files_free(old, n_old);
        here->definitions_sent_in = 0;
        here->definitions_known_in = 0;
        here->files_read = !again;
}

const Definition **files_good(Local *here, size_t *ret_n)
{
        const Definition **good = calloc(MAX(here->n_definitions, (size_t) 1), sizeof(*good));

        *ret_n = 0;
        if (!good)
                here->me.agreed.out.oom = true;
        for (size_t i = 0; good && i < here->n_definitions; i++)
                if (!here->definitions[i].error)
                        good[(*ret_n)++] = &here->definitions[i].definition;
        return good;
}

/* ---- what the group has not heard of them ---- */

void files_ask_again(Local *here)
{
        FOREACH_ARRAY(d, here->definitions, here->n_definitions)
                d->refused_in = 0;
        here->definitions_known_in = 0;
}

static bool file_is_news(const Local *here, const App *a, const LocalDefinition *own)
{
        const Variant *v = a ? app_find_variant(a, here->me.node_id) : NULL;
        uint64_t shown = v ? v->digest : a && a->has_definition ? a->definition.digest : 0;
        uint64_t mine = own && !own->error ? own->definition.digest : 0;

        if (own && own->refused_in == here->me.view_serial)
                return false;
        if (mine != shown)
                return true;
        if (mine != 0) {
                const WrongFile *wrong = a ? app_find_wrong(a, here->me.node_id) : NULL;

                return own->wrong_line != (wrong ? wrong->line : 0);
        }
        return strcmp_ptr(own ? own->error : NULL, v ? app_variant_error(a, v) : NULL) != 0;
}

static int file_tell(DefinitionsMessage *m, size_t *n_allocated, const char *name, const LocalDefinition *own)
{
        DefinitionEntry *entry;
        int r;

        r = array_reserve(&m->entries, n_allocated, m->n_entries + 1, sizeof(DefinitionEntry));
        if (r < 0)
                return r;
        entry = &m->entries[m->n_entries++];
        *entry = (DefinitionEntry){ .app = strdup(name) };
        if (!entry->app)
                return -ENOMEM;
        if (own && own->error) {
                entry->error = strndup(own->error, TEXT_MAX);
                return entry->error ? 0 : -ENOMEM;
        }
        if (!own)
                return 0;
        r = definition_copy(&own->definition, &entry->definition);
        if (r < 0)
                return r;
        entry->digest = own->definition.digest;
        entry->wrong_line = own->wrong_line;
        return 0;
}

/* Both lists are sorted by name. */
bool files_differ(const Local *here)
{
        const LocalDefinition *own = here->definitions, *own_end = own + here->n_definitions;
        const App *a = here->me.agreed.state.apps, *a_end = a + here->me.agreed.state.n_apps;

        while (own < own_end || a < a_end) {
                int r = own == own_end ? 1 : a == a_end ? -1 : strcmp(own->app, a->name);

                if (file_is_news(here, r >= 0 ? a : NULL, r <= 0 ? own : NULL))
                        return true;
                own += r <= 0;
                a += r >= 0;
        }
        return false;
}

/* What would be larger than a message goes in parts. The next one follows when this one has been delivered, and tells what
 * differs then; until the last one this node's files are not known. */
static int files_difference(const Local *here, DefinitionsMessage *ret)
{
        size_t n_allocated = 0, n_bytes = 0;
        int r;

        for (size_t i = 0; i < here->n_definitions; i++) {
                const LocalDefinition *own = &here->definitions[i];

                if (!file_is_news(here, state_find_app(&here->me.agreed.state, own->app), own))
                        continue;
                if (n_bytes >= DEFINITIONS_BYTES) {
                        ret->more = true;
                        return 0;
                }
                r = file_tell(ret, &n_allocated, own->app, own);
                if (r < 0)
                        return r;
                n_bytes += definition_entry_bytes(&ret->entries[ret->n_entries - 1]);
        }
        FOREACH_ARRAY(a, here->me.agreed.state.apps, here->me.agreed.state.n_apps) {
                if (files_find(here, a->name) || !file_is_news(here, a, NULL))
                        continue;
                r = file_tell(ret, &n_allocated, a->name, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool files_owed(const Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);

        return own && own->reading && here->files_read;
}

/* Whether the state has what this node told: a file for which there is no room is not taken. */
static bool file_was_taken(const Local *here, const DefinitionEntry *d)
{
        const App *a = state_find_app(&here->me.agreed.state, d->app);
        const Variant *v = a ? app_find_variant(a, here->me.node_id) : NULL;

        if (d->digest != 0)
                return d->digest == (v ? v->digest : a && a->has_definition ? a->definition.digest : 0);
        return strcmp_ptr(d->error, v ? app_variant_error(a, v) : NULL) == 0;
}

/* What was refused is not told again as long as nothing else changes. */
void files_delivered(Local *here, const DefinitionsMessage *m)
{
        here->definitions_sent_in = 0;
        for (size_t i = 0; i < m->n_entries; i++) {
                LocalDefinition *own = (LocalDefinition *) files_find(here, m->entries[i].app);

                if (own && !file_was_taken(here, &m->entries[i]))
                        own->refused_in = here->me.view_serial;
        }
}

bool files_pump(Local *here)
{
        Message m = { .type = MESSAGE_DEFINITIONS };

        if (here->definitions_sent_in == here->me.view_serial)
                return !here->definitions_more;
        if (here->definitions_known_in != here->me.view_serial && !files_differ(here))
                here->definitions_known_in = here->me.view_serial;
        if (here->definitions_known_in == here->me.view_serial && !files_owed(here))
                return true;
        if (member_grow(&here->me, files_difference(here, &m.definitions)) < 0) {
                message_done(&m);
                return false;
        }
        here->definitions_more = m.definitions.more;
        m.definitions.answers = files_owed(here) ? here->me.agreed.state.reload.serial : 0;
        member_send(&here->me, &m);
        here->definitions_sent_in = here->me.view_serial;
        return !here->definitions_more;
}
