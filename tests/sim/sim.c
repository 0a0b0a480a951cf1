/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Simulates whole clusters, one seed each. Without options: the seeds that found something once (seeds.c), and then as
 * many as fit into twenty seconds.
 *
 *   --found            the seeds that found something once, and no others
 *   --seeds A..B       these
 *   --seed N           this one; with --trace all that happens in it, with --messages also what each manager reads
 *   --seconds N, --minutes N, --hours N   for so long, from --from N (1) on
 *   --faults LIST      only these kinds, see plan-words.c; each seed takes some of them, with --all-faults every one
 *   --without LIST     the world does not do these by itself, in an otherwise equal plan, as a minimised failure names them
 *   --keep LIST        with --seed: only these acts, as a minimised failure names them
 *   --census           which faults there were, and how often
 *   --digest           one number over what all engines did, in words; it does not look at encoded bytes. Those of parts
 *                      of the seeds add up (modulo 2^64) to that of all
 *   --no-minimise
 *
 * A failure prints its seed first, then the acts that it needs, then the end of the trace. */

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "plan.h"

#define TRACE_LINES 120u
#define MINIMISE_SEC 60

typedef struct Options {
        uint64_t from, to;
        uint64_t seconds;
        uint64_t faults, without;
        bool trace, messages, census, digest, minimise, all, found, others;
        const char *keep;
} Options;

static volatile sig_atomic_t crashed_in_handler;
static char current_seed[64];

/* An assertion of the engine's ends the program; the seed must not be lost with it. */
static void on_crash(int sig)
{
        if (!crashed_in_handler) {
                crashed_in_handler = 1;
                (void) !write(STDERR_FILENO, current_seed, strlen(current_seed));
        }
        signal(sig, SIG_DFL);
        raise(sig);
}

static double now_sec(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static int run_quietly(const Plan *p, Findings *ret)
{
        return plan_run(p, NULL, NULL, ret);
}

/* Leaves out one act after another for as long as the plan still fails. */
static void minimise(Plan *p)
{
        double until = now_sec() + MINIMISE_SEC;
        bool progress = true;
        Findings f;

        while (progress && now_sec() < until) {
                progress = false;
                for (size_t i = p->n_acts; i > 0 && now_sec() < until; i--) {
                        if (p->left_out[i - 1])
                                continue;
                        p->left_out[i - 1] = true;
                        if (run_quietly(p, &f) > 0)
                                progress = true;
                        else
                                p->left_out[i - 1] = false;
                }
                for (uint64_t bit = 1; bit < WORLD_ALL_FAULTS && now_sec() < until; bit <<= 1) {
                        if (!(p->faults & bit))
                                continue;
                        p->faults &= ~bit;
                        if (run_quietly(p, &f) > 0)
                                progress = true;
                        else
                                p->faults |= bit;
                }
        }
}

static void print_tail(const char *text, size_t size)
{
        size_t n = 0, at = size;

        while (at > 0 && n <= TRACE_LINES)
                n += text[--at] == '\n';
        fwrite(text + at, 1, size - at, stdout);
        printf("\n");
}

static void report(Plan *p, const Findings *first, const Options *o)
{
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        Findings f = *first;
        uint64_t drawn = p->faults;
        FILE *trace;

        printf("seed %llu failed: %s\n", (unsigned long long) p->seed, first->first);
        fflush(stdout);
        if (o->minimise)
                minimise(p);
        trace = open_memstream(&text, &size);
        if (!trace)
                return;
        (void) plan_run(p, trace, NULL, &f);
        fclose(trace);
        plan_print(p, stdout);
        print_tail(text, size);
        printf("=> %s\nagain: --seed %llu%s --trace", f.first, (unsigned long long) p->seed,
                        o->all ? " --all-faults" : "");
        if (o->faults != PLAN_DEFAULT) {
                printf(" --faults=");
                plan_print_faults(o->faults, stdout);
        }
        if (drawn != p->faults) {
                printf(" --without=");
                plan_print_faults(drawn & ~p->faults, stdout);
        }
        printf(" --keep=");
        for (size_t i = 0, n = 0; i < p->n_acts; i++)
                if (!p->left_out[i])
                        printf("%s%zu", n++ ? "," : "", i);
        printf("\n");
        fflush(stdout);
}

static int keep_only(Plan *p, const char *list)
{
        for (size_t i = 0; i < p->n_acts; i++)
                p->left_out[i] = true;
        while (*list) {
                char *end;
                unsigned long i = strtoul(list, &end, 10);

                if (end == list || i >= p->n_acts)
                        return -EINVAL;
                p->left_out[i] = false;
                list = *end == ',' ? end + 1 : end;
        }
        return 0;
}

/* True if the seed passes. */
static bool run_seed(uint64_t seed, const Options *o, Tally *tally)
{
        Findings f = {};
        Plan p;
        int r;

        (void) snprintf(current_seed, sizeof(current_seed), "crashed in seed %llu\n",
                        (unsigned long long) seed);
        if (plan_draw(seed, o->faults, o->all, &p) < 0)
                return false;
        if (o->keep && keep_only(&p, o->keep) < 0) {
                fprintf(stderr, "--keep takes numbers of acts\n");
                exit(EXIT_FAILURE);
        }
        p.messages = o->messages;
        p.faults &= ~o->without;
        if (o->trace)
                plan_print(&p, stdout);
        if (o->digest)
                tally->digest = hash64_add(HASH64_INIT, &seed, sizeof(seed));
        r = plan_run(&p, o->trace ? stdout : NULL, tally, &f);
        if (o->digest)
                tally->digests += hash64_finish(tally->digest);
        if (r > 0 && !o->trace)
                report(&p, &f, o);
        else if (r != 0)
                printf("seed %llu failed: %s\n", (unsigned long long) seed, r < 0 ? strerror(-r) : f.first);
        plan_done(&p);
        return r == 0;
}

static uint64_t number(const char *text)
{
        char *end;
        unsigned long long v = strtoull(text, &end, 10);

        if (end == text || *end != '\0') {
                fprintf(stderr, "'%s' is not a number\n", text);
                exit(EXIT_FAILURE);
        }
        return v;
}

static void parse_seeds(char *text, Options *o)
{
        char *dots = strstr(text, "..");

        if (dots) {
                *dots = '\0';
                o->to = number(dots + 2);
        }
        o->from = number(text);
        if (!dots)
                o->to = o->from;
        o->seconds = UINT64_MAX;
}

static void parse_options(int argc, char **argv, Options *o)
{
        enum {
                FOUND = 1,
                SEEDS,
                SEED,
                FROM,
                SECONDS,
                MINUTES,
                HOURS,
                FAULTS,
                WITHOUT,
                ALL_FAULTS,
                KEEP,
                TRACE,
                MESSAGES,
                CENSUS,
                DIGEST,
                NO_MINIMISE
        };
        static const struct option options[] = {
                { "found", no_argument, NULL, FOUND },
                { "seeds", required_argument, NULL, SEEDS },
                { "seed", required_argument, NULL, SEED },
                { "from", required_argument, NULL, FROM },
                { "seconds", required_argument, NULL, SECONDS },
                { "minutes", required_argument, NULL, MINUTES },
                { "hours", required_argument, NULL, HOURS },
                { "without", required_argument, NULL, WITHOUT },
                { "faults", required_argument, NULL, FAULTS },
                { "all-faults", no_argument, NULL, ALL_FAULTS },
                { "keep", required_argument, NULL, KEEP },
                { "trace", no_argument, NULL, TRACE },
                { "messages", no_argument, NULL, MESSAGES },
                { "census", no_argument, NULL, CENSUS },
                { "digest", no_argument, NULL, DIGEST },
                { "no-minimise", no_argument, NULL, NO_MINIMISE },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case FOUND:
                        o->others = false;
                        break;
                case SEEDS:
                        parse_seeds(optarg, o);
                        break;
                case SEED:
                        o->from = o->to = number(optarg);
                        o->seconds = UINT64_MAX;
                        break;
                case FROM:
                        o->from = number(optarg);
                        break;
                case SECONDS:
                        o->seconds = number(optarg);
                        break;
                case MINUTES:
                        o->seconds = 60 * number(optarg);
                        break;
                case HOURS:
                        o->seconds = 3600 * number(optarg);
                        break;
                case FAULTS:
                case WITHOUT:
                        if (plan_parse_faults(optarg, c == FAULTS ? &o->faults : &o->without) < 0) {
                                fprintf(stderr, "'%s' names no faults\n", optarg);
                                exit(EXIT_FAILURE);
                        }
                        break;
                case ALL_FAULTS:
                        o->all = true;
                        break;
                case KEEP:
                        o->keep = optarg;
                        break;
                case TRACE:
                        o->trace = true;
                        break;
                case MESSAGES:
                        o->trace = o->messages = true;
                        break;
                case CENSUS:
                        o->census = true;
                        break;
                case DIGEST:
                        o->digest = true;
                        break;
                case NO_MINIMISE:
                        o->minimise = false;
                        break;
                default:
                        exit(EXIT_FAILURE);
                }
}

/* Which faults there were: one that no seed brings is not tested. */
static void print_census(const Tally *t, size_t n_seeds)
{
        for (size_t i = 0; i < _WORLD_DEED_MAX; i++)
                printf("%-32s %10llu in %5.1f %% of the seeds%s\n", world_deed_to_string((WorldDeed) i),
                                (unsigned long long) t->deeds[i],
                                100.0 * (double) t->n_seeds[i] / (double) MAX(n_seeds, (size_t) 1),
                                t->deeds[i] == 0 ? "  <- NEVER" : "");
}

static void run_found(Options o, Tally *tally, size_t *n_passed, size_t *n_failed)
{
        for (size_t i = 0; i < n_plan_seeds; i++) {
                o.all = plan_seeds[i].all;
                o.faults = PLAN_ALL & ~PLAN_LATER;
                if (plan_seeds[i].faults)
                        (void) plan_parse_faults(plan_seeds[i].faults,
                                        &o.faults); /* names that this file has spelled itself */
                if (run_seed(plan_seeds[i].seed, &o, tally))
                        (*n_passed)++;
                else {
                        printf("seed %llu%s once found: %s\n", (unsigned long long) plan_seeds[i].seed,
                                        o.all ? " --all-faults" : "", plan_seeds[i].what);
                        (*n_failed)++;
                }
        }
}

int main(int argc, char **argv)
{
        Options o = { .from = 1,
                .to = UINT64_MAX,
                .seconds = 20,
                .faults = PLAN_DEFAULT,
                .minimise = true,
                .found = argc == 1,
                .others = true };
        size_t n_passed = 0, n_failed = 0;
        double start = now_sec();
        Tally tally = {};

        parse_options(argc, argv, &o);
        signal(SIGABRT, on_crash);
        signal(SIGSEGV, on_crash);
        if (o.found || !o.others)
                run_found(o, &tally, &n_passed, &n_failed);
        for (uint64_t seed = o.from; o.others && seed <= o.to && now_sec() - start < (double) o.seconds;
                        seed++) {
                if (run_seed(seed, &o, &tally))
                        n_passed++;
                else
                        n_failed++;
                if (seed == UINT64_MAX)
                        break;
        }
        if (o.census)
                print_census(&tally, n_passed + n_failed);
        if (o.digest)
                printf("digest %016llx\n", (unsigned long long) tally.digests);
        printf("seeds from %llu, %.1f s; %llu steps of engines, %.3f years of their time\n%zu passed, %zu failed\n",
                        (unsigned long long) o.from, now_sec() - start, (unsigned long long) tally.n_steps,
                        (double) tally.n_seconds / (365.25 * 24 * 3600), n_passed, n_failed);
        return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
