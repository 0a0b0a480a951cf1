/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tries everything that can happen in a small cluster, see exhaustive-model.h: each point is a state, and from each
 * state all that can happen next is tried, until no new state comes up. Two states are the same where all engines, all
 * that is under way and the time are.
 *
 *   --faults N      faults in one history (1)
 *   --apps N        applications (1)
 *   --start-first   TakeoverMode=
 *   --delay N       FailoverDelaySec= (0)
 *   --kinds LIST    only these faults: down,cut,kill,lose,lag,fail,command
 *   --seconds N     give up after so long
 *   --digest        one number over what all engines did, in words; it does not look at encoded bytes
 *
 * Without other options than --digest a few such clusters, one after another. A violation prints what led to it. */

#include <getopt.h>
#include <time.h>

#include "base/hash.h"
#include "exhaustive-model.h"

typedef struct Seen {
        uint64_t *table; /* open addressing; 0: free */
        size_t n, n_allocated;
} Seen;

typedef struct Step {
        Model *model;
        Act acts[MODEL_ACTS_MAX];
        size_t n_acts, at;
} Step;

typedef struct Search {
        const ModelConfig *config;
        double until_sec;
        Seen seen;
        Step *stack;
        size_t n_stack, n_allocated;
        size_t n_steps, depth, n_calm;
        bool given_up;
} Search;

#define ALL_KINDS                                                                                            \
        (1u << ACT_DOWN | 1u << ACT_CUT | 1u << ACT_KILL | 1u << ACT_LOSE | 1u << ACT_LAG | 1u << ACT_FAIL | \
                        1u << ACT_COMMAND)

static double now_sec(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static bool seen_put(uint64_t *table, size_t n_allocated, uint64_t f)
{
        for (size_t i = (size_t) f & (n_allocated - 1);; i = (i + 1) & (n_allocated - 1)) {
                if (table[i] == f)
                        return false;
                if (table[i] == 0) {
                        table[i] = f;
                        return true;
                }
        }
}

/* True if it is new. */
static bool seen_add(Seen *s, uint64_t f)
{
        if (s->n * 2 >= s->n_allocated) {
                size_t n = s->n_allocated ? s->n_allocated * 2 : 1u << 16;
                uint64_t *table = calloc(n, sizeof(uint64_t));

                ASSERT(table);
                for (size_t i = 0; i < s->n_allocated; i++)
                        if (s->table[i] != 0)
                                (void) seen_put(table, n, s->table[i]);
                free(s->table);
                s->table = table;
                s->n_allocated = n;
        }
        if (!seen_put(s->table, s->n_allocated, f ? f : 1))
                return false;
        s->n++;
        return true;
}

static void search_push(Search *s, Model *m)
{
        Step *step;

        if (s->n_stack == s->n_allocated) {
                s->n_allocated = s->n_allocated ? s->n_allocated * 2 : 256;
                s->stack = realloc(s->stack, s->n_allocated * sizeof(Step));
                ASSERT(s->stack);
        }
        step = &s->stack[s->n_stack++];
        step->model = m;
        step->at = 0;
        step->n_acts = model_list(m, step->acts, MODEL_ACTS_MAX);
        s->depth = MAX(s->depth, s->n_stack);
        s->n_calm += step->n_acts == 0;
}

static void search_pop(Search *s)
{
        s->n_stack--;
        s->stack[s->n_stack].model = model_free(s->stack[s->n_stack].model);
}

static void print_path(const Search *s, const Model *last)
{
        char text[200];

        for (size_t i = 0; i < s->n_stack; i++) {
                const Step *step = &s->stack[i];

                model_describe(step->model, &step->acts[step->at - 1], text, sizeof(text));
                printf("%s\n", text);
        }
        printf("=> %s\n", model_verdict(last));
}

/* True if nothing was wrong. */
static bool search_run(Search *s)
{
        Model *first = model_new(s->config);
        bool well = true;

        if (model_verdict(first)) {
                printf("=> before any fault: %s\n", model_verdict(first));
                model_free(first);
                return false;
        }
        (void) seen_add(&s->seen, model_fingerprint(first));
        search_push(s, first);
        while (s->n_stack > 0 && well) {
                Step *top = &s->stack[s->n_stack - 1];
                Model *next;

                if (top->at == top->n_acts) {
                        search_pop(s);
                        continue;
                }
                next = model_copy(top->model);
                model_do(next, &top->acts[top->at++]);
                s->n_steps++;
                if (model_verdict(next)) {
                        print_path(s, next);
                        well = false;
                }
                if (well && seen_add(&s->seen, model_fingerprint(next)))
                        search_push(s, next);
                else
                        model_free(next);
                if (s->n_steps % 1024 == 0 && now_sec() > s->until_sec) {
                        s->given_up = true;
                        break;
                }
        }
        while (s->n_stack > 0)
                search_pop(s);
        return well;
}

static bool run(const ModelConfig *wanted, uint64_t seconds, uint64_t *digest)
{
        ModelConfig with_digest = *wanted, *config = &with_digest;
        double start = now_sec();
        Search s = { .config = config, .until_sec = start + (double) seconds };
        bool well;

        config->digest = digest;
        well = search_run(&s);

        printf("%u nodes, %zu applications, %s, FailoverDelaySec=%llu, %u faults of %d kinds: %zu states, %zu steps, "
               "depth %zu, %zu ends, %.1f s: %s\n",
                        MODEL_NODES, config->n_apps, config->start_first ? "start-first" : "stop-first",
                        (unsigned long long) (config->delay_usec / USEC_PER_SEC), config->n_faults,
                        __builtin_popcount(config->kinds), s.seen.n, s.n_steps, s.depth, s.n_calm,
                        now_sec() - start,
                        !well        ? "VIOLATED"
                        : s.given_up ? "given up"
                                     : "complete");
        fflush(stdout);
        free(s.seen.table);
        free(s.stack);
        return well;
}

static const struct {
        const char *name;
        ActType type;
} kinds[] = {
        { "down", ACT_DOWN },
        { "cut", ACT_CUT },
        { "kill", ACT_KILL },
        { "lose", ACT_LOSE },
        { "lag", ACT_LAG },
        { "fail", ACT_FAIL },
        { "command", ACT_COMMAND },
};

static unsigned parse_kinds(char *list)
{
        unsigned mask = 0;

        for (char *save, *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
                size_t i = 0;

                while (i < ELEMENTSOF(kinds) && !streq(kinds[i].name, word))
                        i++;
                if (i == ELEMENTSOF(kinds)) {
                        fprintf(stderr, "'%s' is no fault\n", word);
                        exit(EXIT_FAILURE);
                }
                mask |= 1u << kinds[i].type;
        }
        return mask;
}

/* Complete within seconds; more takes --faults 2 and patience. */
static bool run_default(uint64_t *digest)
{
        static const ModelConfig configs[] = {
                { .n_apps = 1, .n_faults = 1, .fast_disks = true, .kinds = ALL_KINDS },
                { .n_apps = 1,
                                .n_faults = 1,
                                .fast_disks = true,
                                .start_first = true,
                                .kinds = 1u << ACT_CUT | 1u << ACT_KILL | 1u << ACT_FAIL |
                                         1u << ACT_COMMAND },
                { .n_apps = 1,
                                .n_faults = 1,
                                .fast_disks = true,
                                .delay_usec = 5 * USEC_PER_SEC,
                                .kinds = 1u << ACT_CUT | 1u << ACT_KILL },
                { .n_apps = 1,
                                .n_faults = 2,
                                .fast_disks = true,
                                .kinds = 1u << ACT_LOSE | 1u << ACT_LAG | 1u << ACT_FAIL |
                                         1u << ACT_COMMAND },
                { .n_apps = 2,
                                .n_faults = 1,
                                .fast_disks = true,
                                .kinds = 1u << ACT_KILL | 1u << ACT_FAIL | 1u << ACT_COMMAND },
                { .n_apps = 1, .n_faults = 1, .kinds = 1u << ACT_FAIL | 1u << ACT_COMMAND },
        };

        for (size_t i = 0; i < ELEMENTSOF(configs); i++)
                if (!run(&configs[i], UINT32_MAX, digest))
                        return false;
        return true;
}

int main(int argc, char **argv)
{
        enum { FAULTS = 1, APPS, START_FIRST, DELAY, KINDS, SECONDS, FAST_DISKS, DIGEST };
        static const struct option options[] = {
                { "faults", required_argument, NULL, FAULTS },
                { "apps", required_argument, NULL, APPS },
                { "start-first", no_argument, NULL, START_FIRST },
                { "delay", required_argument, NULL, DELAY },
                { "kinds", required_argument, NULL, KINDS },
                { "seconds", required_argument, NULL, SECONDS },
                { "fast-disks", no_argument, NULL, FAST_DISKS },
                { "digest", no_argument, NULL, DIGEST },
                {},
        };
        ModelConfig config = { .n_apps = 1, .n_faults = 1, .kinds = ALL_KINDS };
        uint64_t seconds = UINT32_MAX, digest = HASH64_INIT;
        bool wants_digest = false, well;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case FAULTS:
                        config.n_faults = (unsigned) atoi(optarg);
                        break;
                case APPS:
                        config.n_apps = MIN((size_t) atoi(optarg), MODEL_APPS);
                        break;
                case START_FIRST:
                        config.start_first = true;
                        break;
                case FAST_DISKS:
                        config.fast_disks = true;
                        break;
                case DIGEST:
                        wants_digest = true;
                        break;
                case DELAY:
                        config.delay_usec = (uint64_t) atoi(optarg) * USEC_PER_SEC;
                        break;
                case KINDS:
                        config.kinds = parse_kinds(optarg);
                        break;
                case SECONDS:
                        seconds = (uint64_t) atoi(optarg);
                        break;
                default:
                        return EXIT_FAILURE;
                }
        if (argc == 1 + wants_digest)
                well = run_default(wants_digest ? &digest : NULL);
        else
                well = run(&config, seconds, wants_digest ? &digest : NULL);
        if (wants_digest)
                printf("digest %016llx\n", (unsigned long long) hash64_finish(digest));
        return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
