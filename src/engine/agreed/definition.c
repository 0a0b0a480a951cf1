/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What engines decide by is agreed state and travels by message; a node's own file makes only its digest and the unit
 * that it starts. The agreed definition changes by a message only: (1) when the owner's file changes; (2) while nothing
 * runs, to what a majority of the members in its Nodes= have in their files, else to the lowest node's. It never makes
 * a running application move. A node whose file differs is a Variant of the application, not eligible, and shown. */

#include "engine/agreed/definition.h"
#include "engine/agreed/app.h"
#include "base/array.h"

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

size_t definition_entry_bytes(const DefinitionEntry *d)
{
        return d->digest != 0 ? definition_bytes(&d->definition)
                              : 512 + strlen(d->app) + strlen(strempty(d->error));
}

/* ---- the bound ----
 *
 * A state that is larger than a message brings no newcomer into step. So what a file would add is added only while
 * there is room. What it adds is at most definition_entry_bytes(). Mostly it is much less, since names, and what
 * several nodes have, stand in the state once: if it does not fit any more, the state is measured. All members measure
 * the same. */

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

int definition_form(State *s, const Definition *d)
{
        App *a = state_find_app(s, d->name);

        if ((!a && s->n_apps >= APPS_MAX) || !room_take(s, definition_bytes(d)))
                return 0; /* its node tells of it once more, and hears why it is not taken */
        if (!a)
                a = state_add_app(s, d->name);
        return a ? app_define_first(a, d) : -ENOMEM;
}

static bool node_is_known(const Node *n)
{
        return n->presence == PRESENCE_SYNCED || n->presence == PRESENCE_REPORTED;
}

/* Only a synced member has said what files it has: it tells that after its facts. */
bool definitions_gone(const Agreed *g, const App *a)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                const Variant *v = app_find_variant(a, n->id);

                if (n->presence != PRESENCE_SYNCED)
                        return false;
                if (v ? v->digest != 0 || v->error != 0 : a->has_definition)
                        return false;
        }
        return true;
}

static void variant_set(
                Agreed *g, App *a, uint32_t node_id, uint64_t digest, const Definition *d, const char *error)
{
        if (!app_set_variant(a, node_id, digest, d, error))
                g->out.oom = true;
}

/* Makes `d` the agreed definition. A node that agreed with the one before differs from now on. */
static void definition_switch(Agreed *g, App *a, const Definition *d)
{
        Definition next;

        if (outlet_grow(&g->out, definition_copy(d, &next)) < 0)
                return;
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                if (node_is_known(n) && !app_find_variant(a, n->id))
                        variant_set(g, a, n->id, a->has_definition ? a->definition.digest : 0, &a->definition,
                                        NULL);
        if (a->has_definition)
                agreed_note(g, NOTE_DEFINITION, a->name, 0, "the definition has changed");
        app_define(g, a, &next);
        g->outcome.files_dirty = true;
}

/* The file of a node that stands in its own Nodes=: one that has a say. */
static const Definition *definition_vote(const Agreed *g, const App *a, const Node *n)
{
        const Definition *d = node_is_known(n) ? app_node_definition(a, n->id) : NULL;

        return d && definition_find_node(d, n->name) >= 0 ? d : NULL;
}

/* What more than half of the files say, else what the lowest node's says. Two that differ are struck out together: what more
 * than half say is left then, and what is left is counted, as less may be left too. */
static const Definition *definition_majority(const Agreed *g, const App *a)
{
        const Definition *lowest = NULL, *left = NULL;
        size_t n_files = 0, n_left = 0, n_same = 0;

        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                const Definition *d = definition_vote(g, a, n);

                if (!d)
                        continue;
                n_files++;
                if (!lowest)
                        lowest = d;
                if (n_left == 0)
                        left = d;
                if (left->digest == d->digest)
                        n_left++;
                else
                        n_left--;
        }
        if (n_left == 0 || n_left == n_files)
                return lowest;
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                const Definition *d = definition_vote(g, a, n);

                n_same += d && d->digest == left->digest;
        }
        return n_same * 2 > n_files ? left : lowest;
}

void app_agree_definition(Agreed *g, App *a, uint32_t changed_node)
{
        const Copy *present = app_present_copy(a);
        const Definition *d = NULL;

        if (present) {
                const Variant *v = app_find_variant(a, present->node_id);
                const OtherFile *f = v && v->digest != 0 ? app_find_file(a, v->digest, 0) : NULL;

                if (changed_node == present->node_id && f)
                        d = &f->definition;
        } else
                d = definition_majority(g, a);
        if (d && (!a->has_definition || d->digest != a->definition.digest))
                definition_switch(g, a, d);
}

/* ---- reload --all ---- */

/* Every node reads its files again. Until all have answered, an application without an owner is not started: the first node
 * to answer would be its only candidate. Every node answers, even if nothing has changed. */
void definitions_reload(Agreed *g)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                n->reading = n->presence == PRESENCE_SYNCED;
                n->unread = false;
        }
        g->state.reload = agreed_timer(g, RELOAD_USEC);
        g->outcome.reload = true;
        outlet_emit(&g->out, EFFECT_RELOAD);
}

static bool definitions_are_read(const Agreed *g)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes)
                if (n->reading && n->presence == PRESENCE_SYNCED)
                        return false;
        return true;
}

void definitions_end_reading(Agreed *g)
{
        FOREACH_ARRAY(n, g->state.nodes, g->state.n_nodes) {
                n->unread = n->unread || n->reading;
                n->reading = false;
        }
        g->state.reload = (Timer){};
        g->all_dirty = true;
}

bool definitions_hold_up(const Agreed *g, const App *a)
{
        return a->owner == 0 && !definitions_are_read(g);
}

/* Is there room for what the entry brings? The first one for which there is none is named. */
static bool definition_fits(Agreed *g, uint32_t node_id, const DefinitionEntry *d, size_t *n_refused)
{
        bool many = !state_find_app(&g->state, d->app) && g->state.n_apps >= APPS_MAX;

        if (!many && room_take(&g->state, definition_entry_bytes(d)))
                return true;
        if ((*n_refused)++ > 0)
                return false;
        if (many)
                agreed_note(g, NOTE_DEFINITION, d->app, node_id,
                                "not taken: there are %u applications, which is the limit", APPS_MAX);
        else
                agreed_note(g, NOTE_DEFINITION, d->app, node_id,
                                "not taken: all definitions together are larger than %u MiB",
                                STATE_ROOM_BYTES / 1024 / 1024);
        return false;
}

static App *definition_app(Agreed *g, const char *name)
{
        App *a = state_find_app(&g->state, name);

        if (a)
                return a;
        a = state_add_app(&g->state, name);
        if (a)
                g->lasting_changed = true;
        else
                g->out.oom = true;
        return a;
}

/* The file of a node has become wrong, or is right again; what is in force does not change. */
static void definition_apply_wrong(Agreed *g, App *a, uint32_t node_id, uint32_t line)
{
        const WrongFile *before = app_find_wrong(a, node_id);

        if (line == (before ? before->line : 0))
                return;
        if (!app_set_wrong(a, node_id, line))
                g->out.oom = true;
        if (line == WRONG_SOMEWHERE)
                agreed_note(g, NOTE_DEFINITION, a->name, node_id,
                                "its file is wrong; the last good one is in force");
        else if (line != 0)
                agreed_note(g, NOTE_DEFINITION, a->name, node_id,
                                "its file is wrong in line %u; the last good one is in force", line);
}

static void definition_apply(Agreed *g, uint32_t node_id, const DefinitionEntry *d, bool fits)
{
        App *a = definition_app(g, d->app);
        Variant *v = a ? app_find_variant(a, node_id) : NULL;

        if (!a)
                return;
        if (v)
                app_remove_variant(a, v);
        if (!fits)
                variant_set(g, a, node_id, 0, NULL, NULL);
        else if (d->digest == 0 ? a->has_definition || d->error
                                : !a->has_definition || d->digest != a->definition.digest) {
                variant_set(g, a, node_id, d->digest, &d->definition, d->error);
                if (d->error)
                        agreed_note(g, NOTE_DEFINITION, a->name, node_id, "%s", d->error);
        }
        definition_apply_wrong(g, a, node_id, d->wrong_line);
        app_agree_definition(g, a, node_id);
        app_look_again(g, a);
}

void definitions_apply(Agreed *g, uint32_t node_id, const DefinitionsMessage *m)
{
        Node *sender = state_find_node(&g->state, node_id);
        size_t n_refused = 0;

        if (sender && !m->more)
                sender->unread = false;
        /* What was on its way when the reload came speaks of the files as they were. */
        if (sender && sender->reading && !m->more && m->answers == g->state.reload.serial) {
                sender->reading = false;
                if (definitions_are_read(g))
                        definitions_end_reading(g);
        }
        g->outcome.files_dirty = true;
        for (size_t i = 0; i < m->n_entries && !g->out.oom; i++) {
                const DefinitionEntry *d = &m->entries[i];
                const App *a = state_find_app(&g->state, d->app);
                bool fits = true;

                if (d->digest == 0 && !d->error) {
                        if (!a)
                                continue;
                } else if (!a || !a->has_definition || d->digest != a->definition.digest)
                        fits = definition_fits(g, node_id, d, &n_refused);
                if (a || fits)
                        definition_apply(g, node_id, d, fits);
        }
        if (n_refused > 1)
                agreed_note(g, NOTE_DEFINITION, NULL, node_id, "%zu more of its files are not taken",
                                n_refused - 1);
}
