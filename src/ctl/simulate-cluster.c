/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/simulate-cluster.h"
#include "ctl/simulate-files.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/parse.h"
#include "config/config.h"
#include "ctl/bus-client.h"
#include "ctl/read-file.h"

#define FIRST_LINE "distro-manager cluster 1"
#define STATE_LINE_MAX_BYTES (64u * 1024u)
#define TIMING_MAX_USEC (24 * 3600 * USEC_PER_SEC)

static const char *const quorum_names[] = {
        [WORLD_QUORUM_MAJORITY] = "majority",
        [WORLD_QUORUM_DEVICE] = "device",
        [WORLD_QUORUM_TWO_NODE] = "two-node",
};

void simulate_cluster_done(SimulateCluster *k)
{
        free(k->node);
        strings_done(&k->mandatory);
        strings_done(&k->optional);
        strings_done(&k->rules);
        free(k->state);
        *k = (SimulateCluster){};
}

/* The lists are pointed to once they grow no more. */
static void set_names(SimulateCluster *k)
{
        k->config.sync_mandatory = (const char *const *) k->mandatory.items;
        k->config.n_sync_mandatory = k->mandatory.n;
        k->config.sync_optional = (const char *const *) k->optional.items;
        k->config.n_sync_optional = k->optional.n;
}

/* ---- from the running manager ---- */

static int copy_names(char **names, size_t n, Strings *ret)
{
        for (size_t i = 0; i < n; i++)
                if (strings_add(ret, names[i]) < 0)
                        return -ENOMEM;
        return 0;
}

/* manager.conf of this host. */
static int take_manager_config(const Ctl *c, SimulateCluster *k)
{
        ManagerConfig config = {};
        int r, status = simulate_manager_config(c, &config);

        if (status != STATUS_OK)
                return status;
        k->config.policy = config.no_quorum_policy;
        k->config.sync_timeout_usec = config.sync_timeout_usec;
        r = copy_names(config.sync_mandatory, config.n_sync_mandatory, &k->mandatory);
        if (r >= 0)
                r = copy_names(config.sync_optional, config.n_sync_optional, &k->optional);
        manager_config_done(&config);
        return r < 0 ? ctl_oom(c) : STATUS_OK;
}

static uint64_t fact(const ManagerInfo *info, const char *key)
{
        const QuorumFact *f = manager_info_fact(info, key);

        return f ? f->number : 0;
}

static int take_facts(const ManagerInfo *info, SimulateCluster *k)
{
        static const struct {
                const char *fact, *rule;
        } rules[] = {
                { "WaitForAll", "wait_for_all" },
                { "LastManStanding", "last_man_standing" },
                { "AutoTieBreaker", "auto_tie_breaker" },
                { "AllowDownscale", "allow_downscale" },
                { "UnevenVotes", "quorum_votes" },
        };
        bool two_node = fact(info, "TwoNode") > 0;

        k->config.quorum = fact(info, "Device") > 0 ? WORLD_QUORUM_DEVICE
                           : two_node               ? WORLD_QUORUM_TWO_NODE
                                                    : WORLD_QUORUM_MAJORITY;
        k->config.token_usec = info->token_usec;
        k->config.consensus_usec = info->consensus_usec;
        k->config.isolation_usec = fact(info, "IsolationTimeoutUSec");
        k->in_step = info->synced && info->quorate;
        if (fact(info, "UnevenVotes") == 0)
                k->expected_votes = usec_left(fact(info, "ExpectedVotes"), fact(info, "DeviceVotes"));
        k->node = strdup(info->node_name);
        if (!k->node)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(rules); i++)
                if (fact(info, rules[i].fact) > 0 && !(two_node && streq(rules[i].fact, "WaitForAll")) &&
                                strings_add(&k->rules, rules[i].rule) < 0)
                        return -ENOMEM;
        return 0;
}

static int ask_state(Ctl *c, sd_bus_error *error, SimulateCluster *k)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const void *data;
        size_t size;
        int r = bus_read(c, "GetState", error, &m, NULL);

        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &data, &size);
        if (r < 0)
                return r;
        k->state = malloc(size + 1);
        if (!k->state)
                return -ENOMEM;
        memcpy(k->state, data, size);
        k->state_size_bytes = size;
        return 0;
}

int simulate_cluster_ask(Ctl *c, SimulateCluster *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(manager_info_done) ManagerInfo info = {};
        int r, status = ctl_connect(c);

        if (status != STATUS_OK)
                return status;
        r = manager_info_fetch(c, &error, &info);
        if (r >= 0 && !info.formed) {
                ctl_error(c, "The group has not formed, so there is nothing to begin with: %s.", info.status);
                return STATUS_FAILURE;
        }
        if (r >= 0)
                r = ask_state(c, &error, ret);
        if (r >= 0)
                r = take_facts(&info, ret);
        if (r < 0)
                return bus_failed(c, &error, r, "get the state of the cluster", false);
        ret->config.realtime_usec = clock_usec(CLOCK_REALTIME);
        status = c->options.host ? STATUS_OK : take_manager_config(c, ret);
        if (c->options.host)
                ctl_warning(c,
                                "What manager.conf says on %s is not known here: NoQuorumPolicy=, SyncMandatory= and "
                                "SyncOptional= have their defaults.",
                                ret->node);
        set_names(ret);
        return status;
}

/* ---- as a file ---- */

static void write_list(FILE *f, const char *key, const Strings *names)
{
        fprintf(f, "%s=", key);
        for (size_t i = 0; i < names->n; i++)
                fprintf(f, "%s%s", i ? " " : "", names->items[i]);
        fputc('\n', f);
}

static void write_number(FILE *f, const char *key, uint64_t number)
{
        fprintf(f, "%s=%" PRIu64 "\n", key, number);
}

char *simulate_cluster_format(const SimulateCluster *k, size_t *ret_size_bytes)
{
        char *text = NULL;
        FILE *f = open_memstream(&text, ret_size_bytes);

        if (!f)
                return NULL;
        fprintf(f, "%s\n", FIRST_LINE);
        fprintf(f, "node=%s\n", strempty(k->node));
        fprintf(f, "in-step=%s\n", yes_no(k->in_step));
        write_number(f, "realtime-usec", k->config.realtime_usec);
        fprintf(f, "quorum=%s\n", quorum_names[k->config.quorum]);
        write_list(f, "quorum-rules", &k->rules);
        write_number(f, "expected-votes", k->expected_votes);
        write_number(f, "token-usec", k->config.token_usec);
        write_number(f, "consensus-usec", k->config.consensus_usec);
        write_number(f, "isolation-usec", k->config.isolation_usec);
        fprintf(f, "no-quorum-policy=%s\n", k->config.policy == NO_QUORUM_FREEZE ? "freeze" : "stop");
        write_list(f, "sync-mandatory", &k->mandatory);
        write_list(f, "sync-optional", &k->optional);
        write_number(f, "sync-timeout-usec", k->config.sync_timeout_usec);
        write_number(f, "state-bytes", k->state_size_bytes);
        fputc('\n', f);
        fwrite(k->state, 1, k->state_size_bytes, f);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

typedef struct StateReader {
        const char *at, *end;
        char *line; /* the last one, without its end */
        int error;
} StateReader;

static const char *read_line(StateReader *r)
{
        const char *newline = r->error == 0 ? memchr(r->at, '\n', (size_t) (r->end - r->at)) : NULL;

        free(r->line);
        r->line = NULL;
        if (!newline || newline - r->at > (ptrdiff_t) STATE_LINE_MAX_BYTES ||
                        memchr(r->at, '\0', (size_t) (newline - r->at)))
                r->error = r->error != 0 ? r->error : -EBADMSG;
        else {
                r->line = strndup(r->at, (size_t) (newline - r->at));
                r->at = newline + 1;
                if (!r->line)
                        r->error = -ENOMEM;
        }
        return r->line ? r->line : "";
}

/* "" and an error where the next line has another key. */
static const char *read_value(StateReader *r, const char *key)
{
        const char *line = read_line(r);
        size_t length = strlen(key);

        if (r->error == 0 && (strncmp(line, key, length) != 0 || line[length] != '='))
                r->error = -EBADMSG;
        return r->error == 0 ? line + length + 1 : "";
}

static uint64_t read_number(StateReader *r, const char *key, uint64_t max)
{
        uint64_t number = 0;
        const char *value = read_value(r, key);

        if (r->error == 0 && (parse_u64(value, &number) < 0 || (number > max && number != USEC_INFINITY) ||
                                             (number == USEC_INFINITY && max != USEC_INFINITY)))
                r->error = -EBADMSG;
        return number;
}

static bool read_choice(StateReader *r, const char *key, const char *no, const char *yes)
{
        const char *value = read_value(r, key);

        if (r->error == 0 && !streq(value, no) && !streq(value, yes))
                r->error = -EBADMSG;
        return streq(value, yes);
}

static void read_list(StateReader *r, const char *key, Strings *ret)
{
        const char *value = read_value(r, key);

        while (r->error == 0 && *value) {
                size_t length = strcspn(value, " ");
                _cleanup_free_ char *name = strndup(value, length);

                if (length == 0 || length > NODE_NAME_MAX || ret->n >= NODES_MAX)
                        r->error = -EBADMSG;
                else if (!name || strings_add(ret, name) < 0)
                        r->error = -ENOMEM;
                value += length + (value[length] == ' ');
        }
}

static WorldQuorum read_quorum(StateReader *r)
{
        const char *value = read_value(r, "quorum");

        for (size_t i = 0; i < ELEMENTSOF(quorum_names); i++)
                if (streq(quorum_names[i], value))
                        return (WorldQuorum) i;
        if (r->error == 0)
                r->error = -EBADMSG;
        return WORLD_QUORUM_MAJORITY;
}

static void read_keys(StateReader *r, SimulateCluster *k)
{
        SimulateConfig *s = &k->config;

        k->node = strdup(read_value(r, "node"));
        if (!k->node)
                r->error = -ENOMEM;
        k->in_step = read_choice(r, "in-step", "no", "yes");
        s->realtime_usec = read_number(r, "realtime-usec", INT64_MAX);
        s->quorum = read_quorum(r);
        read_list(r, "quorum-rules", &k->rules);
        k->expected_votes = read_number(r, "expected-votes", UINT32_MAX);
        s->token_usec = read_number(r, "token-usec", TIMING_MAX_USEC);
        s->consensus_usec = read_number(r, "consensus-usec", TIMING_MAX_USEC);
        s->isolation_usec = read_number(r, "isolation-usec", TIMING_MAX_USEC);
        s->policy = read_choice(r, "no-quorum-policy", "stop", "freeze") ? NO_QUORUM_FREEZE : NO_QUORUM_STOP;
        read_list(r, "sync-mandatory", &k->mandatory);
        read_list(r, "sync-optional", &k->optional);
        s->sync_timeout_usec = read_number(r, "sync-timeout-usec", USEC_INFINITY);
        k->state_size_bytes = read_number(r, "state-bytes", READ_FILE_MAX);
        if (*read_line(r) != '\0' && r->error == 0)
                r->error = -EBADMSG;
}

static int read_bytes(const StateReader *r, SimulateCluster *k)
{
        _cleanup_(state_done) State s = {};

        if ((size_t) (r->end - r->at) != k->state_size_bytes)
                return -EBADMSG;
        k->state = malloc(MAX(k->state_size_bytes, (size_t) 1));
        if (!k->state)
                return -ENOMEM;
        memcpy(k->state, r->at, k->state_size_bytes);
        return state_decode(k->state, k->state_size_bytes, STATE_FULL, 0, &s);
}

int simulate_cluster_parse(const char *data, size_t size_bytes, SimulateCluster *ret)
{
        StateReader r = { .at = data, .end = data + size_bytes };
        SimulateCluster k = {};

        if (!streq(read_line(&r), FIRST_LINE))
                r.error = r.error == -ENOMEM ? r.error : -EPROTO;
        else
                read_keys(&r, &k);
        if (r.error == 0)
                r.error = read_bytes(&r, &k);
        free(r.line);
        if (r.error < 0) {
                simulate_cluster_done(&k);
                return r.error;
        }
        *ret = k;
        set_names(ret);
        return 0;
}

int simulate_cluster_load(const Ctl *c, const char *path, SimulateCluster *ret)
{
        _cleanup_free_ char *data = NULL;
        size_t size = 0;
        int r = read_file(path, &data, &size);

        if (r < 0) {
                ctl_error(c, "Cannot read %s: %s.", path, strerror(-r));
                return STATUS_FAILURE;
        }
        r = simulate_cluster_parse(data, size, ret);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r == -EPROTO)
                ctl_error(c,
                                "%s is not a cluster that 'distroctl simulate --save=FILE' of this version has "
                                "written. Write it anew on a node of the cluster.",
                                path);
        else if (r < 0)
                ctl_error(c,
                                "%s is damaged. Write it anew with 'distroctl simulate --save=FILE' on a node of "
                                "the cluster.",
                                path);
        return r < 0 ? STATUS_FAILURE : STATUS_OK;
}

int simulate_cluster_save(const Ctl *c, const char *path, const SimulateCluster *k)
{
        size_t size = 0;
        _cleanup_free_ char *data = simulate_cluster_format(k, &size);
        FILE *f;
        bool written;

        if (!data)
                return ctl_oom(c);
        f = fopen(path, "we");
        if (f) {
                written = fwrite(data, 1, size, f) == size;
                if (fclose(f) == 0 && written)
                        return STATUS_OK;
        }
        ctl_error(c, "Cannot write %s: %s.", path, strerror(errno));
        return STATUS_FAILURE;
}
