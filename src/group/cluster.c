/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <inttypes.h>

#include "base/array.h"
#include "base/ip-address.h"
#include "group/cluster.h"

#include "base/text.h"
#include "base/utf8.h"

/* corosync.conf(5): how long a change may wait for the device's answer, unless it is configured */
#define DEVICE_SYNC_TIMEOUT_MSEC 30000u

void cluster_info_done(ClusterInfo *c)
{
        FOREACH_ARRAY(n, c->nodes, c->n_nodes) {
                free(n->name);
                for (size_t i = 0; i < CLUSTER_RINGS_MAX; i++)
                        free(n->addresses[i]);
        }
        free(c->nodes);
        free(c->cluster_name);
        free(c->device_model);
        free(c->device_algorithm);
        *c = (ClusterInfo){};
}

ClusterInfo *cluster_info_free(ClusterInfo *c)
{
        if (!c)
                return NULL;
        cluster_info_done(c);
        free(c);
        return NULL;
}

const ClusterNode *cluster_info_find(const ClusterInfo *c, uint32_t id)
{
        FOREACH_ARRAY(n, c->nodes, c->n_nodes)
                if (n->id == id)
                        return n;
        return NULL;
}

/* ---- keys ---- */

static int compare_key(const void *name, const void *key)
{
        return strcmp(name, ((const ClusterKey *) key)->name);
}

static const char *find_key(const ClusterKey *keys, size_t n_keys, const char *name)
{
        const ClusterKey *k = n_keys > 0 ? bsearch(name, keys, n_keys, sizeof(keys[0]), compare_key) : NULL;

        return k ? k->value : NULL;
}

/* The number; `otherwise` where there is no such key, or no number in it. */
static uint64_t find_number(const ClusterKey *keys, size_t n_keys, const char *name, uint64_t otherwise)
{
        const char *value = find_key(keys, n_keys, name);
        char *end = NULL;
        uint64_t v;

        if (isempty(value) || !isdigit((unsigned char) value[0]))
                return otherwise;
        errno = 0;
        v = strtoull(value, &end, 10);
        return errno != 0 || *end ? otherwise : v;
}

/* Corosync takes 1, yes and on; cmap shows what was written. */
static bool find_flag(const ClusterKey *keys, size_t n_keys, const char *name, bool otherwise)
{
        const char *value = find_key(keys, n_keys, name);

        if (isempty(value))
                return otherwise;
        return streq(value, "yes") || streq(value, "on") || find_number(keys, n_keys, name, 0) != 0;
}

static int copy_key(
                const ClusterKey *keys, size_t n_keys, const char *name, const char *otherwise, char **ret)
{
        const char *value = find_key(keys, n_keys, name);

        if (isempty(value))
                value = otherwise;
        if (!value)
                return 0;
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

/* ---- the nodelist ---- */

/* Of "nodelist.node.POSITION.KEY"; false for other keys. */
static bool node_position(const char *key, uint32_t *ret)
{
        const char *prefix = "nodelist.node.";
        char *end = NULL;
        unsigned long v;

        if (strncmp(key, prefix, strlen(prefix)) != 0 || !isdigit((unsigned char) key[strlen(prefix)]))
                return false;
        v = strtoul(key + strlen(prefix), &end, 10);
        if (*end != '.' || v > UINT16_MAX)
                return false;
        *ret = (uint32_t) v;
        return true;
}

static uint64_t node_number(const ClusterKey *keys, size_t n_keys, uint32_t position, const char *what,
                uint64_t otherwise)
{
        char name[64];

        (void) snprintf(name, sizeof(name), "nodelist.node.%" PRIu32 ".%s", position, what);
        return find_number(keys, n_keys, name, otherwise);
}

static const char *node_text(const ClusterKey *keys, size_t n_keys, uint32_t position, const char *what)
{
        char name[64];

        (void) snprintf(name, sizeof(name), "nodelist.node.%" PRIu32 ".%s", position, what);
        return find_key(keys, n_keys, name);
}

static int check_node(const ClusterInfo *c, const ClusterKey *keys, size_t n_keys, uint32_t position,
                uint64_t id, const char *name, char **ret_error)
{
        const char *address = node_text(keys, n_keys, position, "ring0_addr");

        address = address ? address : "?";
        if (id == 0 || id > UINT32_MAX)
                return text_refuse(-EINVAL, ret_error,
                                "the node with ring0_addr %s in corosync.conf's nodelist has no nodeid; add "
                                "to its node section on every node, and restart corosync:\n"
                                "        nodeid: A-NUMBER-OF-ITS-OWN",
                                address);
        if (isempty(name))
                return text_refuse(-EINVAL, ret_error,
                                "node %" PRIu64
                                " (ring0_addr %s) in corosync.conf's nodelist has no name; add to "
                                "its node section on every node, and restart corosync:\n"
                                "        name: NAME-OF-THE-NODE",
                                id, address);
        if (!utf8_is_word(name, NODE_NAME_MAX))
                return text_refuse(-EINVAL, ret_error,
                                "the name of node %" PRIu64
                                " in corosync.conf's nodelist is longer than %u bytes "
                                "or holds blanks or control characters",
                                id, NODE_NAME_MAX);
        FOREACH_ARRAY(n, c->nodes, c->n_nodes)
                if (streq(n->name, name) || n->id == id)
                        return text_refuse(-EINVAL, ret_error,
                                        "corosync.conf's nodelist has node %s (%" PRIu64
                                        ") and node %s (%" PRIu32 "): names and numbers must differ",
                                        name, id, n->name, n->id);
        return 0;
}

/* As it is written: what a name stands for would have to be asked, and waited for. */
static bool is_loopback(const char *address)
{
        Address a;

        if (address_parse_bare(address, &a))
                return address_is_loopback(&a);
        return streq(address, "localhost") || streq(address, "localhost.localdomain");
}

/* The first loopback address is enough: whoever mends it looks at the others. */
static int read_addresses(
                ClusterInfo *c, ClusterNode *n, const ClusterKey *keys, size_t n_keys, uint32_t position)
{
        for (unsigned i = 0; i < CLUSTER_RINGS_MAX; i++) {
                char what[16];

                (void) snprintf(what, sizeof(what), "ring%u_addr", i);
                if (string_copy(node_text(keys, n_keys, position, what), &n->addresses[i]) < 0)
                        return -ENOMEM;
                if (!c->loopback && n->addresses[i] && is_loopback(n->addresses[i]))
                        c->loopback = n->addresses[i];
        }
        return 0;
}

static int compare_nodes(const void *a, const void *b)
{
        return CMP(((const ClusterNode *) a)->id, ((const ClusterNode *) b)->id);
}

static int read_nodes(ClusterInfo *c, const ClusterKey *keys, size_t n_keys, char **ret_error)
{
        const ClusterNode *self;
        uint64_t own = find_number(keys, n_keys, "nodelist.local_node_pos", UINT64_MAX);
        uint32_t last = UINT32_MAX, position;
        size_t n_allocated = 0;
        int r;

        FOREACH_ARRAY(k, keys, n_keys) {
                const char *name;
                uint64_t id;

                if (!node_position(k->name, &position) || position == last)
                        continue;
                last = position; /* sorted: the keys of one node stand together */
                if (c->n_nodes >= NODES_MAX)
                        return text_refuse(-EINVAL, ret_error,
                                        "corosync.conf's nodelist has more than %u nodes", NODES_MAX);
                id = node_number(keys, n_keys, position, "nodeid", 0);
                name = node_text(keys, n_keys, position, "name");
                r = check_node(c, keys, n_keys, position, id, name, ret_error);
                if (r < 0)
                        return r;
                ASSERT(name); /* checked with the rest */
                if (ARRAY_GROW(c->nodes, c->n_nodes, n_allocated) < 0)
                        return -ENOMEM;
                c->nodes[c->n_nodes].id = (uint32_t) id;
                c->nodes[c->n_nodes].name = strdup(name);
                if (!c->nodes[c->n_nodes++].name ||
                                read_addresses(c, &c->nodes[c->n_nodes - 1], keys, n_keys, position) < 0)
                        return -ENOMEM;
                if (position == own)
                        c->own_id = (uint32_t) id;
                if (node_number(keys, n_keys, position, "quorum_votes", 1) != 1)
                        c->uneven_votes = true;
        }
        if (c->n_nodes == 0)
                return text_refuse(-EINVAL, ret_error,
                                "corosync.conf has no nodelist; add one with a node section for each node:\n"
                                "nodelist {\n        node {\n                nodeid: 1\n"
                                "                name: NAME-OF-THE-NODE\n"
                                "                ring0_addr: ADDRESS\n        }\n}");
        qsort(c->nodes, c->n_nodes, sizeof(c->nodes[0]), compare_nodes);
        self = cluster_info_find(c, c->own_id);
        if (!self)
                return text_refuse(-EINVAL, ret_error, "corosync.conf's nodelist does not have this node");
        c->own_name = self->name;
        return 0;
}

/* ---- quorum and times ---- */

static int read_quorum(ClusterInfo *c, const ClusterKey *keys, size_t n_keys, char **ret_error)
{
        const char *provider = find_key(keys, n_keys, "quorum.provider");

        if (isempty(provider))
                return text_refuse(-EINVAL, ret_error,
                                "corosync.conf has no quorum provider, and without one no node may decide; "
                                "add on every node, and restart corosync:\n"
                                "quorum {\n        provider: corosync_votequorum\n}");
        if (copy_key(keys, n_keys, "quorum.device.model", NULL, &c->device_model) < 0 ||
                        copy_key(keys, n_keys, "quorum.device.net.algorithm", NULL, &c->device_algorithm) < 0)
                return -ENOMEM;
        if (c->device_model)
                c->device_sync_timeout_usec = find_number(keys, n_keys, "quorum.device.sync_timeout",
                                                              DEVICE_SYNC_TIMEOUT_MSEC) *
                                              USEC_PER_MSEC;
        c->two_node = find_flag(keys, n_keys, "quorum.two_node", false);
        c->wait_for_all = find_flag(keys, n_keys, "quorum.wait_for_all", c->two_node);
        c->last_man_standing = find_flag(keys, n_keys, "quorum.last_man_standing", false);
        c->auto_tie_breaker = find_flag(keys, n_keys, "quorum.auto_tie_breaker", false);
        c->allow_downscale = find_flag(keys, n_keys, "quorum.allow_downscale", false);
        if (find_number(keys, n_keys, "quorum.expected_votes", c->n_nodes) < c->n_nodes)
                c->uneven_votes = true;
        c->quorum_by_fewer = c->device_model || c->two_node || c->last_man_standing || c->auto_tie_breaker ||
                             c->allow_downscale || c->uneven_votes;
        return 0;
}

static int read_times(ClusterInfo *c, const ClusterKey *keys, size_t n_keys, char **ret_error)
{
        uint64_t token = find_number(keys, n_keys, "runtime.config.totem.token", 0);
        uint64_t consensus = find_number(keys, n_keys, "runtime.config.totem.consensus", 0);

        if (token == 0 || consensus == 0 || token > UINT32_MAX || consensus > UINT32_MAX)
                return text_refuse(
                                -EINVAL, ret_error, "Corosync does not say its token and consensus timeouts");
        c->token_usec = token * USEC_PER_MSEC;
        c->consensus_usec = consensus * USEC_PER_MSEC;
        return 0;
}

int cluster_info_from_keys(const ClusterKey *keys, size_t n_keys, ClusterInfo **ret, char **ret_error)
{
        _cleanup_(cluster_info_freep) ClusterInfo *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        if (copy_key(keys, n_keys, "totem.cluster_name", "", &c->cluster_name) < 0)
                return -ENOMEM;
        r = read_nodes(c, keys, n_keys, ret_error);
        if (r < 0)
                return r;
        r = read_quorum(c, keys, n_keys, ret_error);
        if (r < 0)
                return r;
        r = read_times(c, keys, n_keys, ret_error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}
