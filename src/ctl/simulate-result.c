/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/simulate-result.h"

#include <ctype.h>

#include "base/array.h"
#include "ctl/table.h"

typedef struct Row {
        const char *app;
        AppState state;
        Strings nodes;
        char reason[512];
} Row;

/* The engine that knows: the first one that is in step; NULL: none. */
static const Engine *engine_in_step(const World *w)
{
        for (uint32_t node = 1; node <= world_n_nodes(w); node++) {
                const Engine *e = world_engine(w, node);

                if (e && engine_is_synced(e) && engine_is_quorate(e))
                        return e;
        }
        return NULL;
}

/* Why no node is in step: the first manager's word. */
static void explain(const World *w, char *ret, size_t size_bytes)
{
        const char *why = "no node is up";

        for (uint32_t node = 1; w && node <= world_n_nodes(w); node++) {
                const Engine *e = world_engine(w, node);
                _cleanup_free_ char *text = e ? engine_status_text(e, 0) : NULL;

                if (text) {
                        bool waits = strstr(text, "managers of") != NULL;

                        (void) snprintf(ret, size_bytes, "%s",
                                        waits || engine_is_quorate(e) ? text : "No quorum");
                        ret[0] = (char) tolower((unsigned char) ret[0]);
                        return;
                }
                if (world_node_is_up(w, node))
                        why = "no manager is up";
        }
        (void) snprintf(ret, size_bytes, "%s", why);
}

static int add_nodes(const World *w, Row *row)
{
        uint32_t nodes[NODES_MAX];
        size_t n = w ? world_running(w, row->app, nodes, ELEMENTSOF(nodes)) : 0;

        for (size_t i = 0; i < n; i++)
                if (strings_add(&row->nodes, world_node_name(w, nodes[i])) < 0)
                        return -ENOMEM;
        return 0;
}

/* Without a node in step what runs is all that is known. */
static int make_row(const World *w, const Engine *e, Row *row)
{
        const App *a = e ? state_find_app(engine_state(e), row->app) : NULL;
        AppStatus status;

        if (add_nodes(w, row) < 0)
                return -ENOMEM;
        if (a) {
                engine_app_status(e, a, &status);
                row->state = status.state;
                (void) snprintf(row->reason, sizeof(row->reason), "%s", status.reason);
        } else if (e)
                (void) snprintf(row->reason, sizeof(row->reason), "%s", "no node has read a file for it");
        else {
                row->state = row->nodes.n > 0 ? APP_RUNNING : APP_UNKNOWN;
                explain(w, row->reason, sizeof(row->reason));
        }
        return 0;
}

static int show_row(const Row *row, Json *j, Table *t)
{
        const char *state = app_state_to_string(row->state);
        _cleanup_free_ char *joined = strings_join(&row->nodes, " ");

        if (!joined)
                return -ENOMEM;
        if (j) {
                json_object(j, NULL);
                json_string(j, "name", row->app);
                json_string(j, "state", state);
                json_strings(j, "nodes", row->nodes.items, row->nodes.n);
                json_text(j, "reason", row->reason);
                json_end(j);
                return 0;
        }
        table_add(t, COLOR_NONE, row->app);
        table_add(t, app_state_color(state), state);
        table_add(t, COLOR_NONE, joined);
        table_add(t, COLOR_NONE, row->reason);
        return 0;
}

static int show_app(const SimulationEnd *end, const Engine *e, const char *app, Json *j, Table *t)
{
        Row row = { .app = app, .state = APP_UNKNOWN };
        int r = make_row(end->world, e, &row);

        if (r >= 0)
                r = show_row(&row, j, t);
        strings_done(&row.nodes);
        return r;
}

static int compare_names(const void *a, const void *b)
{
        const char *const *x = a, *const *y = b;

        return strcmp(*x, *y);
}

/* All that were spoken of, and what else an engine knows; sorted, each once. */
static int show_apps(const SimulationEnd *end, Json *j, Table *t)
{
        const Engine *e = end->world ? engine_in_step(end->world) : NULL;
        const State *s = e ? engine_state(e) : NULL;
        _cleanup_free_ const char **names = NULL;
        size_t n = 0;
        int r = 0;

        while (script_app(end->script, n))
                n++;
        names = calloc(n + (s ? s->n_apps : 0) + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        n = 0;
        for (const char *app; (app = script_app(end->script, n));)
                names[n++] = app;
        for (size_t i = 0; s && i < s->n_apps; i++)
                names[n++] = s->apps[i].name;
        qsort(names, n, sizeof(*names), compare_names);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (i == 0 || !streq(names[i - 1], names[i]))
                        r = show_app(end, e, names[i], j, t);
        return r;
}

int simulate_show_end(const Ctl *c, const SimulationEnd *end)
{
        static const char *const headers[] = { "APPLICATION", "STATE", "RUNS ON", "REASON", NULL };
        _cleanup_(table_done) Table t = table_start(headers);
        const Options *o = &c->options;
        Json j = json(stdout, o->json);
        int r;

        if (o->json == JSON_OFF) {
                if (o->quiet)
                        return 0;
                r = show_apps(end, NULL, &t);
                if (r < 0)
                        return r;
                fputc('\n', stdout);
                return table_print(&t, stdout, &c->out, 0, !o->no_legend, o->full);
        }
        json_object(&j, NULL);
        json_strings(&j, "trace", end->trace->items, end->trace->n);
        json_u64(&j, "time_usec", end->time_usec);
        json_array(&j, "applications");
        r = show_apps(end, &j, NULL);
        json_end(&j);
        json_end(&j);
        return r;
}
