/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* large [--long] [NODES APPLICATIONS NAMES MEGABYTES [SHARE]]
 *
 * Large clusters on a ring that carries bytes, where what a step takes of the processor is time that the manager does not
 * have. What is judged is what does not depend on this machine: who is in step, how many messages and bytes went round, and
 * that nobody refused any or left the group. How long steps took is printed beside what is aimed at.
 *
 * In `make check` there are fewer applications on a ring that is slower in the same proportion: what is on its way at a
 * time, and how long it takes, is as with all of them. The rolling change reaches one of SHARE applications (1: each). */

#include "base/array.h"
#include "engine/engine.h"
#include "world/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

typedef struct Size {
        size_t n_nodes, n_apps, n_names;
        double megabytes; /* of the ring, in a second */
        size_t share;     /* the file of one of so many applications changes */
} Size;

typedef struct Large {
        Size size;
        World *world;
        char names[NODES_MAX][48];
        bool failed;
} Large;

/* ---- the cluster ---- */

static void must(bool ok, const char *what)
{
        if (ok)
                return;
        fprintf(stderr, "large: %s\n", what);
        exit(1);
}

/* As an administrator would write it, with no worker: how many start is not what is tried here. */
static void define(Large *l, size_t i, uint64_t change, uint32_t node)
{
        char name[32], description[64];
        NodePriority nodes[NODES_MAX];
        Definition d = { .name = name,
                .description = description,
                .nodes = nodes,
                .failover_delay_usec = 5 * USEC_PER_SEC,
                .failure_timeout_usec = 600 * USEC_PER_SEC,
                .weight = 1,
                .takeover_automatic = true,
                .digest = 1000 + i + change * 1000000 };

        (void) snprintf(name, sizeof(name), "app-%05zu", i);
        (void) snprintf(description, sizeof(description), "The service of customer %zu, edition %" PRIu64, i,
                        change);
        for (; d.n_nodes < l->size.n_names; d.n_nodes++)
                nodes[d.n_nodes] =
                                (NodePriority){ l->names[(i + d.n_nodes) % l->size.n_nodes], d.n_nodes > 0 };
        must(world_set_definition(l->world, node, &d) == 0, "no memory");
}

static void begin(Large *l)
{
        const char *names[NODES_MAX];
        WorldConfig config = { .nodes = names,
                .n_nodes = l->size.n_nodes,
                .token_usec = 4 * USEC_PER_SEC,
                .consensus_usec = 4800 * USEC_PER_MSEC,
                .ring_bytes_sec = (uint64_t) (l->size.megabytes * 1e6),
                .charge_percent = 100 };

        for (size_t i = 0; i < l->size.n_nodes; i++) {
                (void) snprintf(l->names[i], sizeof(l->names[i]), "node%02zu.cluster.example.com", i + 1);
                names[i] = l->names[i];
        }
        must(world_new(&config, &l->world) == 0, "no memory");
        for (uint32_t node = 1; node <= l->size.n_nodes; node++)
                for (size_t i = 0; i < l->size.n_apps; i++)
                        define(l, i, 0, node);
        for (uint32_t node = 1; node <= l->size.n_nodes; node++)
                world_node_up(l->world, node);
}

/* ---- what is judged ---- */

static size_t count_in_step(const Large *l)
{
        size_t n = 0;

        for (uint32_t node = 1; node <= l->size.n_nodes; node++) {
                const Engine *e = world_engine(l->world, node);

                n += e && engine_is_synced(e) && engine_is_quorate(e) &&
                     engine_state(e)->n_apps == l->size.n_apps;
        }
        return n;
}

/* All that are in step hold the same. */
static bool agree(const Large *l)
{
        uint64_t digest = 0;

        for (uint32_t node = 1; node <= l->size.n_nodes; node++) {
                const Engine *e = world_engine(l->world, node);
                uint64_t own = e && engine_is_synced(e) ? state_digest(engine_state(e)) : digest;

                if (digest != 0 && own != digest)
                        return false;
                digest = own;
        }
        return true;
}

static void demand(Large *l, const char *what, bool ok)
{
        if (ok)
                return;
        printf("  FAILED: %s\n", what);
        l->failed = true;
}

typedef struct Demand {
        const char *what;
        size_t n_in_step;
        uint64_t within_usec;
        uint64_t n_states_max; /* messages with a state */
        uint64_t goal_usec;    /* of one step, on all members at once */
} Demand;

static void print_traffic(const Large *l, const Demand *d, uint64_t took_usec)
{
        const WorldTraffic *t = world_traffic(l->world);
        uint64_t n = 0, bytes = 0, longest = 0;
        EventType type = EVENT_TIME;

        for (MessageType m = MESSAGE_VIEW; m < _MESSAGE_TYPE_MAX; m++) {
                n += t->n_messages[m];
                bytes += t->n_bytes[m];
        }
        for (EventType e = EVENT_TIME; e < _EVENT_TYPE_MAX; e++)
                if (t->longest_usec[e] > longest) {
                        longest = t->longest_usec[e];
                        type = e;
                }
        printf("%-32s %6.1f s; %" PRIu64 " messages, %.1f MB; states %" PRIu64
               ", %.1f MB; longest step %.1f ms (%s), goal %.0f\n",
                        d->what, (double) took_usec / 1e6, n, (double) bytes / 1e6,
                        t->n_messages[MESSAGE_STATE], (double) t->n_bytes[MESSAGE_STATE] / 1e6,
                        (double) longest / 1e3, event_type_to_string(type), (double) d->goal_usec / 1e3);
}

/* Until so many are in step and the ring is quiet. */
static void judge(Large *l, const Demand *d)
{
        uint64_t begin_usec = world_now(l->world), took_usec = 0;
        const WorldTraffic *t = world_traffic(l->world);

        while (took_usec < d->within_usec && count_in_step(l) != d->n_in_step) {
                must(world_run_for(l->world, 100 * USEC_PER_MSEC) == 0, "the world came to an end");
                took_usec = world_now(l->world) - begin_usec;
        }
        must(world_run_for(l->world, 5 * USEC_PER_SEC) == 0, "the world came to an end");
        print_traffic(l, d, took_usec);
        demand(l, "not all are in step", count_in_step(l) == d->n_in_step);
        demand(l, "they hold different states", agree(l));
        demand(l, "too many states went round", t->n_messages[MESSAGE_STATE] <= d->n_states_max);
        demand(l, "a message could not be sent", t->n_unsent == 0);
        demand(l, "fragments were refused", t->n_refused == 0);
        demand(l, "members left the group to join it again", t->n_rejoins == 0);
        demand(l, "a watchdog ended a manager", world_deeds(l->world)[DEED_WATCHDOG] == 0);
        fflush(stdout);
        world_forget_traffic(l->world);
}

/* ---- what happens ---- */

static void first_start(Large *l)
{
        judge(l, &(Demand){ "first start", l->size.n_nodes, 30 * USEC_PER_SEC, 1, 50000 });
}

static void loss_of_a_node(Large *l)
{
        uint32_t lost = (uint32_t) l->size.n_nodes;

        world_node_down(l->world, lost);
        must(world_run_for(l->world, 12 * USEC_PER_SEC) == 0,
                        "the world came to an end"); /* token and consensus */
        judge(l, &(Demand){ "a node is lost", l->size.n_nodes - 1, 30 * USEC_PER_SEC, 0, 20000 });
        world_node_up(l->world, lost);
        judge(l, &(Demand){ "and back", l->size.n_nodes, 30 * USEC_PER_SEC, 1, 50000 });
}

static void loss_of_quorum(Large *l)
{
        unsigned part[NODES_MAX];

        for (size_t i = 0; i < l->size.n_nodes; i++)
                part[i] = (unsigned) i % 2;
        world_partition(l->world, part);
        must(world_run_for(l->world, 15 * USEC_PER_SEC) == 0, "the world came to an end");
        must(count_in_step(l) == 0, "half of them have quorum");
        world_heal(l->world);
        judge(l, &(Demand){ "quorum lost by all, and back", l->size.n_nodes, 30 * USEC_PER_SEC, 1, 50000 });
}

static void restart_of_a_manager(Large *l)
{
        world_manager_kill(l->world, 2, true);
        must(world_run_for(l->world, 50 * USEC_PER_MSEC) == 0, "the world came to an end");
        judge(l, &(Demand){ "a manager restarts", l->size.n_nodes, 30 * USEC_PER_SEC, 1, 50000 });
}

/* Each node in turn gets other files, for all applications or a share of them. */
static void rolling_change(Large *l)
{
        for (uint32_t node = 1; node <= l->size.n_nodes; node++) {
                for (size_t i = 0; i < l->size.n_apps; i += l->size.share)
                        define(l, i, 1, node);
                world_reload(l->world, node);
                must(world_run_for(l->world, USEC_PER_SEC) == 0, "the world came to an end");
        }
        judge(l, &(Demand){ "other files, node by node", l->size.n_nodes, 60 * USEC_PER_SEC, 0, 20000 });
        for (uint32_t node = 1; node <= l->size.n_nodes; node++) {
                const State *s = engine_state(world_engine(l->world, node));

                for (size_t i = 0; i < s->n_apps; i++)
                        demand(l, "a file did not become the agreed one, or one that did not change did",
                                        (s->apps[i].definition.digest >= 1000000) ==
                                                        (i % l->size.share == 0));
        }
}

static bool try(const Size *size)
{
        Large l = { .size = *size };
        uint64_t begin_usec = (uint64_t) clock();

        printf("%zu nodes, %zu applications with %zu names, a ring of %.1f MB/s; the files of 1 in %zu change\n",
                        size->n_nodes, size->n_apps, size->n_names, size->megabytes, size->share);
        begin(&l);
        first_start(&l);
        loss_of_a_node(&l);
        loss_of_quorum(&l);
        restart_of_a_manager(&l);
        rolling_change(&l);
        world_free(l.world);
        printf("%s, %.1f s of this processor\n\n", l.failed ? "FAILED" : "passed",
                        (double) ((uint64_t) clock() - begin_usec) / CLOCKS_PER_SEC);
        return !l.failed;
}

int main(int argc, char **argv)
{
        static const Size sizes[2][2] = { { { 64, 100, 5, 0.12, 1 }, { 16, 500, 16, 0.6, 1 } },
                { { 64, 10000, 5, 12, 9 }, { 16, 10000, 16, 12, 1 } } };
        bool is_long = argc > 1 && streq(argv[1], "--long"), passed = true;

        if (argc > 4) {
                Size size = { strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10),
                        strtoul(argv[3], NULL, 10), strtod(argv[4], NULL),
                        argc > 5 ? strtoul(argv[5], NULL, 10) : 1 };

                must(size.n_nodes > 1 && size.n_nodes <= NODES_MAX && size.n_names > 0 &&
                                                size.n_names <= size.n_nodes && size.megabytes > 0 &&
                                                size.share > 0,
                                "no such cluster");
                return try(&size) ? 0 : 1;
        }
        for (size_t i = 0; i < ELEMENTSOF(sizes[0]); i++)
                passed = try(&sizes[is_long][i]) && passed;
        return passed ? 0 : 1;
}
