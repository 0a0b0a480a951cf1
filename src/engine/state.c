/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agreed state as sorted lists: what is in them is found, added and removed here. */

#include "engine/state.h"
#include "base/array.h"
#include "base/hash.h"

static void file_done(OtherFile *f)
{
        definition_done(&f->definition);
        free(f->text);
}

static void app_done(App *a)
{
        free(a->name);
        free(a->held_against);
        free(a->permissions);
        free(a->marks);
        for (size_t i = 0; i < a->n_retries; i++)
                free(a->retries[i].failure);
        free(a->retries);
        free(a->copies);
        definition_done(&a->definition);
        free(a->variants);
        free(a->wrong);
        for (size_t i = 0; i < a->n_files; i++)
                file_done(&a->files[i]);
        free(a->files);
        free(a->owed);
        free(a->failure);
        free(a->restarts);
        free(a->last_blocked);
        *a = (App){};
}

void state_done(State *s)
{
        for (size_t i = 0; i < s->n_nodes; i++) {
                free(s->nodes[i].name);
                free(s->nodes[i].nodelist);
        }
        free(s->nodes);
        for (size_t i = 0; i < s->n_apps; i++)
                app_done(&s->apps[i]);
        free(s->apps);
        free(s->view_nodes);
        *s = (State){};
}

NodeState node_state(const Node *n)
{
        switch (n->presence) {
        case PRESENCE_OFFLINE:
                return NODE_OFFLINE;
        case PRESENCE_MANAGER_GONE:
                return NODE_MANAGER_GONE;
        case PRESENCE_SILENT:
                return NODE_SILENT;
        case PRESENCE_SYNCED:
                return n->leaving ? NODE_LEAVING : NODE_ONLINE;
        case PRESENCE_SYNCING:
        case PRESENCE_REPORTED:
        case _PRESENCE_MAX:
        default:
                return NODE_SYNCING;
        }
}

const char *node_state_to_string(NodeState s)
{
        static const char *const names[_NODE_STATE_MAX] = {
                [NODE_ONLINE] = "online",
                [NODE_SYNCING] = "syncing",
                [NODE_SILENT] = "silent",
                [NODE_MANAGER_GONE] = "manager-gone",
                [NODE_LEAVING] = "leaving",
                [NODE_OFFLINE] = "offline",
                [NODE_UNKNOWN] = "unknown",
        };

        return s < _NODE_STATE_MAX ? names[s] : "?";
}

/* ---- finding ---- */

/* Where the application stands or would stand. */
static size_t app_place(const State *s, const char *name)
{
        size_t low = 0, high = s->n_apps;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (strcmp(s->apps[middle].name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

App *state_find_app(const State *s, const char *name)
{
        size_t at = app_place(s, name);

        return at < s->n_apps && streq(s->apps[at].name, name) ? &s->apps[at] : NULL;
}

Node *state_find_node(const State *s, uint32_t id)
{
        size_t low = 0, high = s->n_nodes;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (s->nodes[middle].id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < s->n_nodes && s->nodes[low].id == id ? &s->nodes[low] : NULL;
}

/* A node that came back with another number has two places until the old one is forgotten: the one that is there counts. */
Node *state_find_node_name(const State *s, const char *name)
{
        Node *found = NULL;

        for (size_t i = 0; i < s->n_nodes; i++)
                if (streq(s->nodes[i].name, name) && (!found || found->presence == PRESENCE_OFFLINE))
                        found = &s->nodes[i];
        return found;
}

const char *state_node_name(const State *s, uint32_t id)
{
        const Node *n = state_find_node(s, id);

        return n ? n->name : id == 0 ? "" : "?";
}

App *state_add_app(State *s, const char *name)
{
        size_t at = app_place(s, name);
        char *copy;

        if (array_reserve(&s->apps, &s->n_apps_allocated, s->n_apps + 1, sizeof(App)) < 0)
                return NULL;
        copy = strdup(name);
        if (!copy)
                return NULL;
        ARRAY_OPEN(s->apps, s->n_apps, at);
        s->apps[at].name = copy;
        s->apps[at].next_type = START_NORMAL;
        s->apps[at].epoch = s->forgotten_epoch;
        return &s->apps[at];
}

void state_forget_app(State *s, App *a)
{
        s->forgotten_epoch = MAX(s->forgotten_epoch, a->epoch);
        app_done(a);
}

void state_close_gaps(State *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_apps; i++)
                if (s->apps[i].name)
                        s->apps[n++] = s->apps[i];
        s->n_apps = n;
}

Node *state_add_node(State *s, uint32_t id, const char *name)
{
        size_t at = 0;
        char *copy;

        if (array_reserve(&s->nodes, &s->n_nodes_allocated, s->n_nodes + 1, sizeof(Node)) < 0)
                return NULL;
        copy = strdup(name);
        if (!copy)
                return NULL;
        while (at < s->n_nodes && s->nodes[at].id < id)
                at++;
        ARRAY_OPEN(s->nodes, s->n_nodes, at);
        s->nodes[at].id = id;
        s->nodes[at].name = copy;
        return &s->nodes[at];
}

Copy *app_find_copy(const App *a, uint32_t node_id, uint64_t epoch)
{
        for (size_t i = 0; i < a->n_copies; i++)
                if (a->copies[i].node_id == node_id && a->copies[i].epoch == epoch)
                        return &a->copies[i];
        return NULL;
}

Copy *app_add_copy(App *a, uint32_t node_id, uint64_t epoch)
{
        size_t at = 0;

        if (array_reserve(&a->copies, &a->n_copies_allocated, a->n_copies + 1, sizeof(Copy)) < 0)
                return NULL;
        while (at < a->n_copies && a->copies[at].epoch <= epoch)
                at++;
        ARRAY_OPEN(a->copies, a->n_copies, at);
        a->copies[at].node_id = node_id;
        a->copies[at].epoch = epoch;
        return &a->copies[at];
}

const char *app_restarts(const App *a, const Copy *c)
{
        return a->restarts && a->restarts_epoch == c->epoch ? a->restarts : NULL;
}

void app_end_restarts(App *a)
{
        free(a->restarts);
        a->restarts = NULL;
        a->restarts_epoch = 0;
}

void app_remove_copy(App *a, Copy *c)
{
        size_t at = (size_t) (c - a->copies);

        if (app_restarts(a, c))
                app_end_restarts(a);
        ARRAY_CLOSE(a->copies, a->n_copies, at);
}

bool app_is_left_alone(const App *a)
{
        return a->maintenance && (a->unsure.since.count == 0 || a->unsure.maintenance);
}

bool copy_is_given_up(const Copy *c)
{
        return c->phase == COPY_LOST && c->untamed;
}

bool copy_is_live(const Copy *c)
{
        return c->phase != COPY_LOST && !c->surplus;
}

size_t app_count_live(const App *a, const Copy *but)
{
        size_t n = 0;

        FOREACH_ARRAY(c, a->copies, a->n_copies)
                n += c != but && copy_is_live(c);
        return n;
}

Copy *app_present_copy(const App *a)
{
        Copy *newest = NULL;

        for (size_t i = 0; i < a->n_copies; i++) {
                Copy *c = &a->copies[i];

                if (!copy_is_live(c))
                        continue;
                /* A start-first takeover: until the new copy runs the old one is the application's. */
                if (newest && c->phase == COPY_STARTING)
                        continue;
                newest = c;
        }
        return newest;
}

Mark *app_find_mark(const App *a, uint32_t node_id)
{
        for (size_t i = 0; i < a->n_marks; i++)
                if (a->marks[i].node_id == node_id)
                        return &a->marks[i];
        return NULL;
}

Mark *app_add_mark(App *a, uint32_t node_id)
{
        size_t at = 0;

        if (array_reserve(&a->marks, &a->n_marks_allocated, a->n_marks + 1, sizeof(Mark)) < 0)
                return NULL;
        while (at < a->n_marks && a->marks[at].node_id < node_id)
                at++;
        ARRAY_OPEN(a->marks, a->n_marks, at);
        a->marks[at].node_id = node_id;
        return &a->marks[at];
}

void app_remove_mark(App *a, Mark *m)
{
        size_t at = (size_t) (m - a->marks);

        ARRAY_CLOSE(a->marks, a->n_marks, at);
}

Retry *app_find_retry(const App *a, uint32_t node_id)
{
        for (size_t i = 0; i < a->n_retries; i++)
                if (a->retries[i].node_id == node_id)
                        return &a->retries[i];
        return NULL;
}

Retry *app_add_retry(App *a, uint32_t node_id)
{
        size_t at = 0;

        if (array_reserve(&a->retries, &a->n_retries_allocated, a->n_retries + 1, sizeof(Retry)) < 0)
                return NULL;
        while (at < a->n_retries && a->retries[at].node_id < node_id)
                at++;
        ARRAY_OPEN(a->retries, a->n_retries, at);
        a->retries[at].node_id = node_id;
        return &a->retries[at];
}

void app_remove_retry(App *a, Retry *r)
{
        size_t at = (size_t) (r - a->retries);

        free(r->failure);
        ARRAY_CLOSE(a->retries, a->n_retries, at);
}

/* They are sorted by node: where this one's is, or would be. */
static size_t variant_position(const App *a, uint32_t node_id)
{
        size_t low = 0, high = a->n_variants;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (a->variants[middle].node_id < node_id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

Variant *app_find_variant(const App *a, uint32_t node_id)
{
        size_t at = variant_position(a, node_id);

        return at < a->n_variants && a->variants[at].node_id == node_id ? &a->variants[at] : NULL;
}

const WrongFile *app_find_wrong(const App *a, uint32_t node_id)
{
        for (size_t i = 0; i < a->n_wrong; i++)
                if (a->wrong[i].node_id == node_id)
                        return &a->wrong[i];
        return NULL;
}

/* 0: it is right. False: no memory. */
bool app_set_wrong(App *a, uint32_t node_id, uint32_t line)
{
        size_t at = 0;

        while (at < a->n_wrong && a->wrong[at].node_id < node_id)
                at++;
        if (at < a->n_wrong && a->wrong[at].node_id == node_id) {
                if (line == 0)
                        ARRAY_CLOSE(a->wrong, a->n_wrong, at);
                else
                        a->wrong[at].line = line;
                return true;
        }
        if (line == 0)
                return true;
        if (array_reserve(&a->wrong, &a->n_wrong_allocated, a->n_wrong + 1, sizeof(WrongFile)) < 0)
                return false;
        ARRAY_OPEN(a->wrong, a->n_wrong, at);
        a->wrong[at] = (WrongFile){ node_id, line };
        return true;
}

Variant *app_add_variant(App *a, uint32_t node_id)
{
        size_t at = variant_position(a, node_id);

        if (array_reserve(&a->variants, &a->n_variants_allocated, a->n_variants + 1, sizeof(Variant)) < 0)
                return NULL;
        ARRAY_OPEN(a->variants, a->n_variants, at);
        a->variants[at].node_id = node_id;
        return &a->variants[at];
}

void app_remove_variant(App *a, Variant *v)
{
        size_t at = (size_t) (v - a->variants);
        uint64_t digest = v->digest, error = v->error;
        OtherFile *f;

        ARRAY_CLOSE(a->variants, a->n_variants, at);
        FOREACH_ARRAY(o, a->variants, a->n_variants)
                if (o->digest == digest && o->error == error)
                        return;
        f = app_find_file(a, digest, error);
        if (!f)
                return;
        file_done(f);
        at = (size_t) (f - a->files);
        ARRAY_CLOSE(a->files, a->n_files, at);
}

static int file_compare(const OtherFile *f, uint64_t digest, uint64_t error)
{
        return f->digest != digest ? CMP(f->digest, digest) : CMP(f->error, error);
}

OtherFile *app_find_file(const App *a, uint64_t digest, uint64_t error)
{
        for (size_t i = 0; i < a->n_files; i++)
                if (file_compare(&a->files[i], digest, error) == 0)
                        return &a->files[i];
        return NULL;
}

const char *app_variant_error(const App *a, const Variant *v)
{
        const OtherFile *f = v->error != 0 ? app_find_file(a, v->digest, v->error) : NULL;

        return f ? f->text : NULL;
}

const Definition *app_node_definition(const App *a, uint32_t node_id)
{
        const Variant *v = app_find_variant(a, node_id);
        const OtherFile *f;

        if (!v)
                return a->has_definition ? &a->definition : NULL;
        f = v->digest != 0 ? app_find_file(a, v->digest, 0) : NULL;
        return f ? &f->definition : NULL;
}

static bool app_add_file(App *a, uint64_t digest, uint64_t error, const Definition *d, const char *text)
{
        OtherFile f = { .digest = digest, .error = error };
        size_t at = 0;

        if ((digest == 0 && error == 0) || app_find_file(a, digest, error))
                return true;
        if (array_reserve(&a->files, &a->n_files_allocated, a->n_files + 1, sizeof(OtherFile)) < 0)
                return false;
        if (digest != 0 && definition_copy(d, &f.definition) < 0)
                return false;
        f.text = digest == 0 ? strdup(text) : NULL;
        if (digest == 0 && !f.text)
                return false;
        while (at < a->n_files && file_compare(&a->files[at], digest, error) < 0)
                at++;
        ARRAY_OPEN(a->files, a->n_files, at);
        a->files[at] = f;
        return true;
}

bool app_set_variant(App *a, uint32_t node_id, uint64_t digest, const Definition *d, const char *error)
{
        Variant *v = app_find_variant(a, node_id);
        uint64_t hash = digest == 0 && !isempty(error) ? hash64(error, strlen(error)) : 0;

        if (v)
                app_remove_variant(a, v);
        if (!app_add_file(a, digest, hash, d, error))
                return false;
        v = app_add_variant(a, node_id);
        if (!v)
                return false;
        v->digest = digest;
        v->error = hash;
        return true;
}

bool app_add_held_against(App *a, uint32_t node_id)
{
        uint32_t *grown = realloc(a->held_against, (a->n_held_against + 1) * sizeof(uint32_t));
        size_t at = 0;

        if (!grown)
                return false;
        a->held_against = grown;
        while (at < a->n_held_against && grown[at] < node_id)
                at++;
        ARRAY_OPEN(a->held_against, a->n_held_against, at);
        a->held_against[at] = node_id;
        return true;
}

static void ids_remove(uint32_t *ids, size_t *n_ids, uint32_t id)
{
        for (size_t i = *n_ids; i > 0; i--)
                if (ids[i - 1] == id)
                        ARRAY_CLOSE(ids, *n_ids, i - 1);
}

static void app_forget_node(App *a, uint32_t node_id)
{
        Mark *m = app_find_mark(a, node_id);
        Retry *r = app_find_retry(a, node_id);

        if (m)
                app_remove_mark(a, m);
        if (r)
                app_remove_retry(a, r);
        for (size_t i = a->n_copies; i > 0; i--)
                if (a->copies[i - 1].node_id == node_id)
                        app_remove_copy(a, &a->copies[i - 1]);
        for (size_t i = a->n_permissions; i > 0; i--)
                if (a->permissions[i - 1].node_id == node_id)
                        ARRAY_CLOSE(a->permissions, a->n_permissions, i - 1);
        (void) app_set_wrong(a, node_id, 0);
        ids_remove(a->held_against, &a->n_held_against, node_id);
        if (a->from_node == node_id)
                a->from_node = 0;
        if (a->next_from == node_id) {
                a->next_from = 0;
                a->next_retry = false;
        }
        if (a->held_node == node_id)
                a->held_node = 0;
}

void state_remove_node(State *s, Node *n)
{
        size_t at = (size_t) (n - s->nodes);

        FOREACH_ARRAY(a, s->apps, s->n_apps)
                app_forget_node(a, n->id);
        ids_remove(s->view_nodes, &s->n_view_nodes, n->id);
        free(n->name);
        free(n->nodelist);
        ARRAY_CLOSE(s->nodes, s->n_nodes, at);
}
