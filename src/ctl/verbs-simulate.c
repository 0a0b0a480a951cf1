/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* simulate: what would happen if. The steps run on engines in this process; the cluster is asked for its
 * state and for nothing else. */

#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "ctl/read-file.h"
#include "ctl/simulate-cluster.h"
#include "ctl/simulate-files.h"
#include "ctl/simulate-result.h"
#include "world/script.h"

typedef struct Simulation {
        Ctl *ctl;
        FILE *trace; /* into `text` */
        char *text;
        size_t text_size;
        size_t shown;       /* of the text: what has been printed, or is not to be */
        uint64_t base_usec; /* the world's time that is shown as 0 */
        World *world;       /* made from a state; NULL: the script makes its own */
        Script *script;
        Strings lines; /* of the trace, for JSON */
} Simulation;

static void simulation_done(Simulation *s)
{
        script_free(s->script);
        world_free(s->world);
        if (s->trace)
                fclose(s->trace);
        free(s->text);
        strings_done(&s->lines);
}

static World *simulation_world(Simulation *s)
{
        return s->world ? s->world : script_world(s->script);
}

/* What was added to the trace since the last time, with times that count from the first step. */
static int show_trace(Simulation *s)
{
        World *w = simulation_world(s);
        char *line, *end;
        int r = 0;

        if (w)
                world_flush_trace(w);
        if (fflush(s->trace) != 0)
                return -ENOMEM;
        for (line = s->text + s->shown; (end = strchr(line, '\n')); line = end + 1) {
                _cleanup_free_ char *shifted = NULL;
                char *dot;
                unsigned long long seconds = strtoull(line, &dot, 10);

                if (asprintf(&shifted, "%6llu%.*s", seconds - s->base_usec / USEC_PER_SEC, (int) (end - dot),
                                    dot) < 0) {
                        shifted = NULL;
                        return -ENOMEM;
                }
                s->shown = (size_t) (end + 1 - s->text);
                if (s->ctl->options.json != JSON_OFF)
                        r = strings_add(&s->lines, shifted);
                else if (!s->ctl->options.quiet)
                        puts(shifted);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- where the world comes from ---- */

static bool makes_its_own_world(const char *step)
{
        static const char *const words[] = { "nodes", "quorum", "policy", "grace", "mandatory", "optional",
                "sync-timeout", "token", "consensus" };
        size_t length;

        step += strspn(step, " \t");
        length = strcspn(step, " \t\n");
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strlen(words[i]) == length && strncmp(words[i], step, length) == 0)
                        return true;
        return false;
}

/* What is not as the cluster has it: nothing is simulated then, unless --force is given. */
static int tell_differences(const Ctl *c, const Strings *differences)
{
        for (size_t i = 0; i < differences->n; i++) {
                if (c->options.force)
                        ctl_warning(c, "This is not as in the cluster: %s.", differences->items[i]);
                else
                        ctl_error(c, "This would not be as in the cluster: %s.", differences->items[i]);
        }
        if (differences->n == 0 || c->options.force)
                return STATUS_OK;
        ctl_error(c, "Nothing was simulated. With --force it is, from there.");
        return STATUS_FAILURE;
}

static int compare(const Simulation *s, const SimulateCluster *k, Strings *differences)
{
        size_t n_nodes = world_n_nodes(s->world);
        int r = 0;

        if (!k->in_step)
                r = strings_take(differences,
                                text_format("the state is an old one, as %s was not in step with a quorate group",
                                                k->node));
        if (r >= 0 && k->expected_votes > 0 && k->expected_votes != n_nodes)
                r = strings_take(differences,
                                text_format("quorum counts %llu votes, and the state has %zu nodes",
                                                (unsigned long long) k->expected_votes, n_nodes));
        return r < 0 ? r : simulate_compare(s->world, k->state, k->state_size_bytes, differences);
}

static int make_world(Simulation *s, const SimulateCluster *k)
{
        _cleanup_(strings_done) Strings differences = {};
        Ctl *c = s->ctl;
        SimulateConfig config = k->config;
        int r;

        config.trace = s->trace;
        for (size_t i = 0; i < k->rules.n; i++)
                ctl_warning(c, "%s of corosync.conf is not simulated.", k->rules.items[i]);
        r = simulate_world_from_state(&config, k->state, k->state_size_bytes, &s->world);
        if (r >= 0)
                r = compare(s, k, &differences);
        if (r == -EHOSTDOWN)
                ctl_error(c, "Cannot simulate: the nodes that are there would have no quorum.");
        else if (r == -EBADMSG)
                ctl_error(c, "Cannot simulate: the manager's state is of another version than distroctl.");
        else if (r < 0)
                ctl_error(c, "Cannot simulate: %s.", strerror(-r));
        return r < 0 ? STATUS_FAILURE : tell_differences(c, &differences);
}

/* From the cluster, or from what was saved of one. */
static int open_world(Simulation *s)
{
        Ctl *c = s->ctl;
        _cleanup_(simulate_cluster_done) SimulateCluster k = {};
        int status = c->options.state_file ? simulate_cluster_load(c, c->options.state_file, &k)
                                           : simulate_cluster_ask(c, &k);

        if (status != STATUS_OK && !c->options.state_file && !c->options.host)
                ctl_error(c, "Without a manager a cluster can be described, by files (--corosync=, --applications=) or by steps: "
                             "distroctl simulate 'nodes abc bcd def' 'app web Nodes=abc bcd' 'up all' 'wait 60s' 'down abc'.");
        if (status == STATUS_OK && c->options.save_file)
                status = simulate_cluster_save(c, c->options.save_file, &k);
        if (status == STATUS_OK)
                status = make_world(s, &k);
        if (status != STATUS_OK)
                return status;
        s->base_usec = WORLD_BEGIN_USEC;
        world_flush_trace(s->world);
        if (fflush(s->trace) != 0)
                return ctl_oom(c);
        s->shown = s->text_size; /* how it came up is nothing that was asked */
        return script_new_for(s->world, &s->script) < 0 ? ctl_oom(c) : STATUS_OK;
}

/* ---- steps and result ---- */

static int run_step(Simulation *s, size_t at, const char *step)
{
        char why[256];
        int r = script_run(s->script, at, why, sizeof(why)), shown = show_trace(s);

        if (r >= 0)
                return shown < 0 ? ctl_oom(s->ctl) : STATUS_OK;
        if (r == -EINVAL)
                ctl_error(s->ctl, "Cannot read the step '%s': %s. distroctl(1) lists the steps.", step, why);
        else if (r == -EDOM)
                ctl_error(s->ctl, "Not as expected: '%s': %s.", step, why);
        else
                ctl_error(s->ctl, "Cannot simulate '%s': %s.", step, strerror(-r));
        return r == -EINVAL ? STATUS_USAGE : STATUS_FAILURE;
}

/* All of them are read before the first one is run. */
static int read_all(const Simulation *s, const Strings *steps)
{
        char why[256];
        size_t at = 0;
        int r = 0;

        for (size_t i = 0; i < steps->n && r >= 0; i++) {
                const char *warning;

                at = i;
                r = script_read(s->script, steps->items[i], why, sizeof(why));
                warning = r < 0 ? NULL : script_warning(s->script, i);
                if (warning)
                        ctl_warning(s->ctl, "%s.", warning);
        }
        if (r >= 0)
                r = script_read_end(s->script, &at, why, sizeof(why));
        if (r >= 0)
                return STATUS_OK;
        if (r == -EINVAL)
                ctl_error(s->ctl, "Cannot read the step '%s': %s. distroctl(1) lists the steps.",
                                steps->items[at], why);
        else
                ctl_error(s->ctl, "Cannot simulate: %s.", strerror(-r));
        return r == -EINVAL ? STATUS_USAGE : STATUS_FAILURE;
}

/* A refusal is an outcome like others, and the end is shown all the same. */
static int tell_refusals(const Simulation *s, const Strings *steps)
{
        char why[256];
        size_t at = 0;

        if (script_check_answers(s->script, &at, why, sizeof(why)) == 0)
                return STATUS_OK;
        ASSERT(at < steps->n);
        ctl_error(s->ctl, "'%s' was %s.", steps->items[at], why);
        return STATUS_FAILURE;
}

static int show_end(Simulation *s, const Strings *steps)
{
        const SimulationEnd end = { .world = simulation_world(s),
                .script = s->script,
                .trace = &s->lines,
                .time_usec = simulation_world(s) ? world_now(simulation_world(s)) - s->base_usec : 0 };

        if (simulate_show_end(s->ctl, &end) < 0)
                return ctl_oom(s->ctl);
        return tell_refusals(s, steps);
}

static int run_all(Simulation *s, const Strings *steps)
{
        bool ends_with_wait = false;
        int r = 0, status = STATUS_OK;

        for (size_t i = 0; i < steps->n && status == STATUS_OK; i++) {
                const char *step = steps->items[i] + strspn(steps->items[i], " \t");

                status = run_step(s, i, step);
                ends_with_wait = strncmp(step, "wait", 4) == 0 || strncmp(step, "expect", 6) == 0;
        }
        if (status != STATUS_OK)
                return status;
        /* Without a time to wait, the question is how it ends. */
        if (!ends_with_wait && simulation_world(s))
                r = world_run_for(simulation_world(s), simulate_patience_usec(simulation_world(s)));
        if (r >= 0)
                r = show_trace(s);
        if (r < 0) {
                ctl_error(s->ctl, "Cannot simulate: %s.", strerror(-r));
                return STATUS_FAILURE;
        }
        return show_end(s, steps);
}

static int open_described(Simulation *s)
{
        const Options *o = &s->ctl->options;

        if (o->save_file || o->state_file) {
                ctl_error(s->ctl, "--%s= is about a cluster that there is, and the steps describe one.",
                                o->save_file ? "save" : "state");
                return STATUS_USAGE;
        }
        return script_new(s->trace, &s->script) < 0 ? ctl_oom(s->ctl) : STATUS_OK;
}

static int run_steps(Simulation *s, const Strings *steps)
{
        int status = steps->n > 0 && makes_its_own_world(steps->items[0]) ? open_described(s) : open_world(s);

        if (status == STATUS_OK) {
                script_set_reader(s->script, simulate_read_file, s->ctl);
                status = read_all(s, steps);
        }
        if (status == STATUS_OK)
                ctl_pager_open(s->ctl);
        return status == STATUS_OK ? run_all(s, steps) : status;
}

/* ---- the steps ---- */

static int add_all(const Strings *from, size_t begin, size_t end, Strings *ret)
{
        for (size_t i = begin; i < end; i++)
                if (strings_add(ret, from->items[i]) < 0)
                        return -ENOMEM;
        return 0;
}

/* Files stand for steps: the nodes first, then the applications; then all nodes boot, unless the steps say which nodes there
 * are, and when they boot. */
static int describe_by_files(const Ctl *c, const Strings *files, const Strings *given, Strings *ret)
{
        size_t n_said = 0;
        bool described = given->n > 0 && makes_its_own_world(given->items[0]);
        int r = 0, status = STATUS_OK;

        if (described && c->options.corosync) {
                ctl_error(c, "--corosync= says which nodes there are, and so do the steps.");
                return STATUS_USAGE;
        }
        while (described && n_said < given->n && makes_its_own_world(given->items[n_said]))
                n_said++;
        if (!described)
                status = simulate_describe(c, c->options.corosync, ret);
        else
                r = add_all(given, 0, n_said, ret);
        if (status == STATUS_OK && c->options.applications)
                status = simulate_list_files(c, c->options.applications, ret);
        if (status != STATUS_OK)
                return status;
        if (r >= 0)
                r = add_all(files, 0, files->n, ret);
        if (r >= 0 && !described)
                r = strings_add(ret, "up all");
        if (r >= 0 && !described)
                r = strings_add(ret, "wait 60s");
        if (r >= 0)
                r = add_all(given, n_said, given->n, ret);
        return r < 0 ? ctl_oom(c) : STATUS_OK;
}

/* One step a line, as a golden test has them. */
static int read_steps(Strings *ret)
{
        _cleanup_free_ char *text = NULL;
        char *rest, *line;
        int r = read_file("-", &text, NULL);

        rest = text;
        while (r >= 0 && (line = strsep(&rest, "\n"))) {
                line += strspn(line, " \t\r");
                if (*line && *line != '#')
                        r = strings_add(ret, line);
        }
        return r;
}

static int add_file(Strings *files, const char *path)
{
        return strings_take(files, text_format("app %s", path));
}

static bool has_files(const Ctl *c, const Strings *files)
{
        return files->n > 0 || c->options.applications || c->options.corosync;
}

int verb_simulate(Ctl *c, int argc, char **argv)
{
        _cleanup_(simulation_done) Simulation s = { .ctl = c };
        _cleanup_(strings_done) Strings given = {}, files = {}, steps = {};
        int r = 0, status = STATUS_OK;

        for (int i = 1; i < argc && r >= 0; i++)
                r = simulate_is_file(argv[i]) ? add_file(&files, argv[i]) : strings_add(&given, argv[i]);
        if (argc == 1 && isatty(STDIN_FILENO) && !c->options.save_file && !has_files(c, &files)) {
                ctl_error(c, "Say what is to happen, for example: distroctl simulate 'down abc'. "
                             "distroctl(1) lists the steps; without "
                             "any they are read from standard input.");
                return STATUS_USAGE;
        }
        if (argc == 1 && !isatty(STDIN_FILENO))
                r = read_steps(&given);
        s.trace = r < 0 ? NULL : open_memstream(&s.text, &s.text_size);
        if (!s.trace)
                return ctl_oom(c);
        if (has_files(c, &files))
                status = describe_by_files(c, &files, &given, &steps);
        return status == STATUS_OK ? run_steps(&s, has_files(c, &files) ? &steps : &given) : status;
}
