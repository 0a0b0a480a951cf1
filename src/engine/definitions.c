/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What engines decide by is agreed state and travels by message; a node's own file makes only its digest and the
 * unit that it starts. The agreed definition changes by a message only: when the owner's file changes, or, while
 * nothing runs, when a majority of the files agree that members have which stand in its Nodes=, else the lowest
 * node's. It never makes a running application move. A node whose file differs is a Variant of the application,
 * not eligible, and shown. */

#include "engine/internal.h"
#include "base/array.h"

static int compare_definitions(const void *a, const void *b)
{
        const LocalDefinition *x = a, *y = b;

        return strcmp(x->app, y->app);
}

static const LocalDefinition *definitions_search(const LocalDefinition *d, size_t n, const char *app)
{
        const LocalDefinition key = { .app = (char *) app };

        return n > 0 ? bsearch(&key, d, n, sizeof(key), compare_definitions) : NULL;
}

const LocalDefinition *definitions_find(const Engine *e, const char *app)
{
        return definitions_search(e->definitions, e->n_definitions, app);
}

static void definitions_free(LocalDefinition *d, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                definition_done(&d[i].definition);
                free(d[i].app);
                free(d[i].error);
        }
        free(d);
}

bool definitions_unit_differs(const Engine *e, const LocalUnit *u)
{
        const LocalDefinition *d = definitions_find(e, u->app);

        return d && !d->error && d->unit_digest != 0 && u->unit_digest != 0 &&
               d->unit_digest != u->unit_digest;
}

/* The adapter that reads the files hands them over in order. */
static void definitions_sort(Engine *e)
{
        bool sorted = true;

        for (size_t i = 1; i < e->n_definitions && sorted && !e->agreed.out.oom; i++)
                sorted = strcmp(e->definitions[i - 1].app, e->definitions[i].app) < 0;
        if (!e->agreed.out.oom && !sorted)
                qsort(e->definitions, e->n_definitions, sizeof(LocalDefinition), compare_definitions);
}

/* What a file says. Mostly it is as before: then that is kept, and but for its digest gone from `old`. */
static void definition_take(Engine *e, const Definition *now, LocalDefinition *old, Definition *ret)
{
        if (!old || old->error || !old->definition.name || old->definition.digest != now->digest) {
                (void) engine_grow(e, definition_copy(now, ret));
                return;
        }
        *ret = old->definition;
        old->definition = (Definition){ .digest = now->digest };
}

/* One name stands once in each list. */
static void definitions_take(Engine *e, const Definition *definitions, const uint64_t *unit_digests, size_t n,
                const struct DefinitionError *errors, size_t n_errors, LocalDefinition *old, size_t n_old)
{
        size_t n_good;

        for (size_t i = 0; i < n && !e->agreed.out.oom; i++) {
                LocalDefinition *d;

                if (!app_name_is_valid(definitions[i].name))
                        continue;
                d = &e->definitions[e->n_definitions++];
                d->app = engine_strdup(e, definitions[i].name);
                d->unit_digest = unit_digests ? unit_digests[i] : 0;
                /* What cannot be read from the state again must not get into it. */
                if (definition_is_valid(&definitions[i]))
                        definition_take(e, &definitions[i],
                                        (LocalDefinition *) definitions_search(
                                                        old, n_old, definitions[i].name),
                                        &d->definition);
                else
                        d->error = engine_strdup(e, "it names a node twice, or has a value out of its range");
        }
        definitions_sort(e);
        n_good = e->n_definitions;
        for (size_t i = 0; i < n_errors && !e->agreed.out.oom; i++) {
                LocalDefinition *d =
                                (LocalDefinition *) definitions_search(e->definitions, n_good, errors[i].app);

                /* A file that became wrong: the last good definition stays in force, and that it is wrong is shown. */
                if (d) {
                        d->wrong_line = errors[i].line != 0 ? errors[i].line : WRONG_SOMEWHERE;
                        continue;
                }
                d = &e->definitions[e->n_definitions++];
                d->app = engine_strdup(e, errors[i].app);
                d->error = engine_strdup(e, errors[i].text);
        }
        definitions_sort(e);
}

void definitions_set(Engine *e, const Definition *definitions, const uint64_t *unit_digests, size_t n,
                const struct DefinitionError *errors, size_t n_errors)
{
        LocalDefinition *old = e->definitions;
        size_t n_old = e->n_definitions;

        e->definitions = calloc(MAX(n + n_errors, (size_t) 1), sizeof(LocalDefinition));
        e->n_definitions = 0;
        if (!e->definitions) {
                e->agreed.out.oom = true;
                definitions_free(old, n_old);
                return;
        }
        definitions_take(e, definitions, unit_digests, n, errors, n_errors, old, n_old);
        definitions_free(old, n_old);
        e->definitions_sent = false;
        e->definitions_dirty = true;
        e->files_read = true;
}

/* ---- this node's side ---- */

void definitions_ask_again(Engine *e)
{
        FOREACH_ARRAY(d, e->definitions, e->n_definitions)
                d->refused = false;
        e->definitions_dirty = true;
}

static bool definition_entry_needed(const Engine *e, const App *a, const LocalDefinition *own)
{
        const Variant *v = a ? app_find_variant(a, e->node_id) : NULL;
        uint64_t shown = v ? v->digest : a && a->has_definition ? a->definition.digest : 0;
        uint64_t mine = own && !own->error ? own->definition.digest : 0;

        if (own && own->refused)
                return false;
        if (mine != shown)
                return true;
        if (mine != 0) {
                const WrongFile *wrong = a ? app_find_wrong(a, e->node_id) : NULL;

                return own->wrong_line != (wrong ? wrong->line : 0);
        }
        return strcmp_ptr(own ? own->error : NULL, v ? app_variant_error(a, v) : NULL) != 0;
}

/* At most what it adds to a message or a state. */
static size_t definition_bytes(const Definition *d)
{
        size_t n = 512 + strlen(d->name) + strlen(strempty(d->description));

        FOREACH_ARRAY(p, d->nodes, d->n_nodes)
                n += 6 + strlen(p->name);
        FOREACH_ARRAY(p, d->permitted, d->n_permitted)
                n += 6 + strlen(*p);
        return n;
}

static size_t entry_bytes(const DefinitionEntry *d)
{
        return d->digest != 0 ? definition_bytes(&d->definition)
                              : 512 + strlen(d->app) + strlen(strempty(d->error));
}

static int definition_entry_add(
                DefinitionsMessage *m, size_t *n_allocated, const char *name, const LocalDefinition *own)
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

bool definitions_differ(const Engine *e)
{
        for (size_t i = 0; i < e->n_definitions; i++)
                if (definition_entry_needed(e, state_find_app(&e->agreed.state, e->definitions[i].app),
                                    &e->definitions[i]))
                        return true;
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps)
                if (!definitions_find(e, a->name) && definition_entry_needed(e, a, NULL))
                        return true;
        return false;
}

/* What would be larger than a message goes in parts. The next one follows when this one has been delivered, and tells what
 * differs then; until the last one this node's files are not known. */
int definitions_difference(const Engine *e, DefinitionsMessage *ret)
{
        size_t n_allocated = 0, n_bytes = 0;
        int r;

        for (size_t i = 0; i < e->n_definitions; i++) {
                const LocalDefinition *own = &e->definitions[i];

                if (!definition_entry_needed(e, state_find_app(&e->agreed.state, own->app), own))
                        continue;
                if (n_bytes >= DEFINITIONS_BYTES) {
                        ret->more = true;
                        return 0;
                }
                r = definition_entry_add(ret, &n_allocated, own->app, own);
                if (r < 0)
                        return r;
                n_bytes += entry_bytes(&ret->entries[ret->n_entries - 1]);
        }
        FOREACH_ARRAY(a, e->agreed.state.apps, e->agreed.state.n_apps) {
                if (definitions_find(e, a->name) || !definition_entry_needed(e, a, NULL))
                        continue;
                r = definition_entry_add(ret, &n_allocated, a->name, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- the bound ----
 *
 * A state that is larger than a message brings no newcomer into step. So what a file would add is added only while there
 * is room. What it adds is at most entry_bytes(), mostly much less, as names and what several nodes have stand in the state
 * once: where that does not fit any more, the state is measured. All members measure the same. */

static void room_measure(State *s)
{
        size_t size = state_size_bytes(s);

        s->room_bytes = size < STATE_ROOM_BYTES ? STATE_ROOM_BYTES - size : 1; /* 0: not measured */
        s->room_taken_bytes = 0;
}

static bool room_take(State *s, size_t size_bytes)
{
        bool measured = s->room_bytes > 0 && s->room_taken_bytes <= DEFINITIONS_BYTES / 16;

        if (s->room_taken_bytes + size_bytes > s->room_bytes && !measured)
                room_measure(s);
        if (s->room_taken_bytes + size_bytes > s->room_bytes)
                return false;
        s->room_taken_bytes += size_bytes;
        return true;
}

void definitions_form(Engine *e, State *s)
{
        for (size_t i = 0; i < e->n_definitions; i++) {
                const LocalDefinition *own = &e->definitions[i];
                App *a;

                if (own->error)
                        continue;
                a = state_find_app(s, own->app);
                if ((!a && s->n_apps >= APPS_MAX) || !room_take(s, definition_bytes(&own->definition)))
                        continue; /* its node tells of it once more, and hears why it is not taken */
                if (!a)
                        a = state_add_app(s, own->app);
                if (!a || definition_copy(&own->definition, &a->definition) < 0) {
                        e->agreed.out.oom = true;
                        return;
                }
                a->has_definition = true;
                if (!a->commanded)
                        a->target_up = own->definition.enabled;
        }
}

/* ---- the agreed side ---- */

static bool node_is_known(const Node *n)
{
        return n->presence == PRESENCE_SYNCED || n->presence == PRESENCE_REPORTED;
}

/* Only a synced member has said what files it has: it tells that after its facts. */
bool definitions_gone(const Engine *e, const App *a)
{
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                const Variant *v = app_find_variant(a, n->id);

                if (n->presence != PRESENCE_SYNCED)
                        return false;
                if (v ? v->digest != 0 || v->error != 0 : a->has_definition)
                        return false;
        }
        return true;
}

static void variant_set(
                Engine *e, App *a, uint32_t node_id, uint64_t digest, const Definition *d, const char *error)
{
        if (!app_set_variant(a, node_id, digest, d, error))
                e->agreed.out.oom = true;
}

/* Makes `d` the agreed definition. A node that agreed with the one before differs from now on. */
static void definition_switch(Engine *e, App *a, const Definition *d)
{
        const Copy *present = app_present_copy(a);
        Definition next;

        if (engine_grow(e, definition_copy(d, &next)) < 0)
                return;
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (node_is_known(n) && !app_find_variant(a, n->id))
                        variant_set(e, a, n->id, a->has_definition ? a->definition.digest : 0, &a->definition,
                                        NULL);
        if (a->has_definition)
                engine_note(e, NOTE_DEFINITION, a->name, 0, "the definition has changed");
        app_change_hold(e, a, a->maintenance, &next);
        definition_done(&a->definition);
        a->definition = next;
        a->has_definition = true;
        /* Nor does it switch off what ran until now: its owner is away, or is just being stopped for a restart or a move. */
        if (!present && !a->commanded && (a->owner == 0 || !a->target_up))
                a->target_up = next.enabled;
        for (size_t i = a->n_variants; i > 0; i--)
                if (a->variants[i - 1].digest == next.digest)
                        app_remove_variant(a, &a->variants[i - 1]);
        /* It never makes a running application move. */
        a->kept = present != NULL;
        if (present)
                app_hold_against(e, a, state_find_node(&e->agreed.state, present->node_id), true);
        a->dirty = true;
        e->definitions_dirty = true;
        e->agreed.lasting_changed = true;
        engine_changed_app(e, a);
}

static const Definition *definition_majority(const Engine *e, const App *a)
{
        const Definition *lowest = NULL;
        size_t n_files = 0;

        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                const Definition *d = node_is_known(n) ? app_node_definition(a, n->id) : NULL;

                if (!d || definition_find_node(d, n->name) < 0)
                        continue;
                n_files++;
                if (!lowest)
                        lowest = d;
        }
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                const Definition *d = node_is_known(n) ? app_node_definition(a, n->id) : NULL;
                size_t same = 0;

                if (!d || definition_find_node(d, n->name) < 0)
                        continue;
                FOREACH_ARRAY(o, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                        const Definition *other = node_is_known(o) ? app_node_definition(a, o->id) : NULL;

                        same += other && definition_find_node(other, o->name) >= 0 &&
                                other->digest == d->digest;
                }
                if (same * 2 > n_files)
                        return d;
        }
        return lowest;
}

void app_agree_definition(Engine *e, App *a, uint32_t changed_node)
{
        const Copy *present = app_present_copy(a);
        const Definition *d = NULL;

        if (present) {
                const Variant *v = app_find_variant(a, present->node_id);
                const OtherFile *f = v && v->digest != 0 ? app_find_file(a, v->digest, 0) : NULL;

                if (changed_node == present->node_id && f)
                        d = &f->definition;
        } else
                d = definition_majority(e, a);
        if (d && (!a->has_definition || d->digest != a->definition.digest))
                definition_switch(e, a, d);
}

/* ---- reload --all ---- */

/* Every node reads its files again. Until all have answered, an application without an owner is not started: the first node
 * to answer would be its only candidate. Every node answers, even if nothing has changed. */
void definitions_reload(Engine *e)
{
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                n->reading = n->presence == PRESENCE_SYNCED;
                n->unread = false;
        }
        e->agreed.state.reload = agreed_timer(&e->agreed, RELOAD_USEC);
        e->files_read = false;
        engine_emit(e, EFFECT_RELOAD);
}

static bool definitions_are_read(const Engine *e)
{
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes)
                if (n->reading && n->presence == PRESENCE_SYNCED)
                        return false;
        return true;
}

void definitions_end_reading(Engine *e)
{
        FOREACH_ARRAY(n, e->agreed.state.nodes, e->agreed.state.n_nodes) {
                n->unread = n->unread || n->reading;
                n->reading = false;
        }
        e->agreed.state.reload = (Timer){};
        e->agreed.all_dirty = true;
}

bool definitions_hold_up(const Engine *e, const App *a)
{
        return a->owner == 0 && !definitions_are_read(e);
}

bool definitions_owed(const Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);

        return own && own->reading && e->files_read;
}

/* Its sender shall not tell it again as long as nothing else changes. */
static void definition_refused(Engine *e, uint32_t node_id, const DefinitionEntry *d)
{
        LocalDefinition *own = node_id == e->node_id ? (LocalDefinition *) definitions_find(e, d->app) : NULL;

        if (own)
                own->refused = true;
}

/* Is there room for what the entry brings? The first one for which there is none is named. */
static bool definition_fits(Engine *e, uint32_t node_id, const DefinitionEntry *d, size_t *n_refused)
{
        bool many = !state_find_app(&e->agreed.state, d->app) && e->agreed.state.n_apps >= APPS_MAX;

        if (!many && room_take(&e->agreed.state, entry_bytes(d)))
                return true;
        definition_refused(e, node_id, d);
        if ((*n_refused)++ > 0)
                return false;
        if (many)
                engine_note(e, NOTE_DEFINITION, d->app, node_id,
                                "not taken: there are %u applications, which is the limit", APPS_MAX);
        else
                engine_note(e, NOTE_DEFINITION, d->app, node_id,
                                "not taken: all definitions together are larger than %u MiB",
                                STATE_ROOM_BYTES / 1024 / 1024);
        return false;
}

static App *definition_app(Engine *e, const char *name)
{
        App *a = state_find_app(&e->agreed.state, name);

        if (a)
                return a;
        a = state_add_app(&e->agreed.state, name);
        if (a)
                e->agreed.lasting_changed = true;
        else
                e->agreed.out.oom = true;
        return a;
}

/* The file of a node has become wrong, or is right again; what is in force does not change. */
static void definition_apply_wrong(Engine *e, App *a, uint32_t node_id, uint32_t line)
{
        const WrongFile *before = app_find_wrong(a, node_id);

        if (line == (before ? before->line : 0))
                return;
        if (!app_set_wrong(a, node_id, line))
                e->agreed.out.oom = true;
        if (line == WRONG_SOMEWHERE)
                engine_note(e, NOTE_DEFINITION, a->name, node_id,
                                "its file is wrong; the last good one is in force");
        else if (line != 0)
                engine_note(e, NOTE_DEFINITION, a->name, node_id,
                                "its file is wrong in line %u; the last good one is in force", line);
}

static void definition_apply(Engine *e, uint32_t node_id, const DefinitionEntry *d, bool fits)
{
        App *a = definition_app(e, d->app);
        Variant *v = a ? app_find_variant(a, node_id) : NULL;

        if (!a)
                return;
        if (v)
                app_remove_variant(a, v);
        if (!fits)
                variant_set(e, a, node_id, 0, NULL, NULL);
        else if (d->digest == 0 ? a->has_definition || d->error
                                : !a->has_definition || d->digest != a->definition.digest) {
                variant_set(e, a, node_id, d->digest, &d->definition, d->error);
                if (d->error)
                        engine_note(e, NOTE_DEFINITION, a->name, node_id, "%s", d->error);
        }
        definition_apply_wrong(e, a, node_id, d->wrong_line);
        app_agree_definition(e, a, node_id);
        a->dirty = true;
        engine_changed_app(e, a);
}

void definitions_apply(Engine *e, uint32_t node_id, const DefinitionsMessage *m)
{
        Node *sender = state_find_node(&e->agreed.state, node_id);
        size_t n_refused = 0;

        if (sender && !m->more)
                sender->unread = false;
        if (sender && sender->reading && !m->more) {
                sender->reading = false;
                if (definitions_are_read(e))
                        definitions_end_reading(e);
        }
        e->definitions_dirty = true;
        for (size_t i = 0; i < m->n_entries && !e->agreed.out.oom; i++) {
                const DefinitionEntry *d = &m->entries[i];
                const App *a = state_find_app(&e->agreed.state, d->app);
                bool fits = true;

                if (d->digest == 0 && !d->error) {
                        if (!a)
                                continue;
                } else if (!a || !a->has_definition || d->digest != a->definition.digest)
                        fits = definition_fits(e, node_id, d, &n_refused);
                if (a || fits)
                        definition_apply(e, node_id, d, fits);
        }
        if (n_refused > 1)
                engine_note(e, NOTE_DEFINITION, NULL, node_id, "%zu more of its files are not taken",
                                n_refused - 1);
}
