/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/loader.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/array.h"

/* Of the nodelist; own copies. */
typedef struct LoaderNodes {
        char **names;
        size_t n_names;
        ConfigNodeAddress *addresses;
        size_t n_addresses;
} LoaderNodes;

/* The thread owns `result` and `nodes` from its creation until it has made the eventfd readable; the loop owns them at all
 * other times. That and pthread_join() are all the order that is needed. */
struct Loader {
        char *root;
        SelfFence self_fence;
        LoaderNodes nodes,
                        next_nodes; /* those of the load that begins next; without a list where they are the same */
        int event_fd;
        pthread_t thread;
        bool running;
        bool again;          /* asked for while a load was under way */
        uint64_t generation; /* of the load that began last */
        LoaderResult result;
};

void loader_result_done(LoaderResult *r)
{
        app_configs_done(&r->configs);
        config_messages_done(&r->messages);
        *r = (LoaderResult){};
}

static void *loader_thread(void *userdata)
{
        Loader *l = userdata;
        _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = config_systemd_program() };
        ConfigContext context = {
                .root = l->root,
                .node_names = (const char *const *) l->nodes.names,
                .n_node_names = l->nodes.n_names,
                .node_addresses = l->nodes.addresses,
                .n_node_addresses = l->nodes.n_addresses,
                .systemd = l->root ? NULL : &systemd,
                .self_fence = l->self_fence,
        };
        uint64_t one = 1;

        l->result.error = app_config_load_all(&context, &l->result.messages, &l->result.configs);
        /* The counter is 0 here, so it takes one more. */
        if (write(l->event_fd, &one, sizeof(one)) < 0)
                abort();
        return NULL;
}

static void nodes_done(LoaderNodes *n)
{
        for (size_t i = 0; i < n->n_names; i++)
                free(n->names[i]);
        free(n->names);
        FOREACH_ARRAY(a, n->addresses, n->n_addresses) {
                free((char *) a->node);
                free((char *) a->address);
        }
        free(n->addresses);
        *n = (LoaderNodes){};
}

/* What could be copied when memory ran out is in *n too. */
static int copy_nodes(LoaderNodes *n, const char *const *names, size_t n_names,
                const ConfigNodeAddress *addresses, size_t n_addresses)
{
        n->names = calloc(n_names + 1, sizeof(n->names[0]));
        n->addresses = calloc(n_addresses + 1, sizeof(n->addresses[0]));
        if (!n->names || !n->addresses)
                return -ENOMEM;
        for (; n->n_names < n_names; n->n_names++) {
                n->names[n->n_names] = strdup(names[n->n_names]);
                if (!n->names[n->n_names])
                        return -ENOMEM;
        }
        while (n->n_addresses < n_addresses) {
                const ConfigNodeAddress *from = addresses + n->n_addresses;
                ConfigNodeAddress *a = n->addresses + n->n_addresses++;

                a->node = strdup(from->node);
                a->address = strdup(from->address);
                if (!a->node || !a->address)
                        return -ENOMEM;
        }
        return 0;
}

int loader_new(const char *root, SelfFence self_fence, const char *const *node_names, size_t n_node_names,
                const ConfigNodeAddress *node_addresses, size_t n_node_addresses, Loader **ret)
{
        _cleanup_(loader_freep) Loader *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (l->event_fd < 0)
                return -errno;
        l->self_fence = self_fence;
        if (root) {
                l->root = strdup(root);
                if (!l->root)
                        return -ENOMEM;
        }
        r = loader_set_nodes(l, node_names, n_node_names, node_addresses, n_node_addresses);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

Loader *loader_free(Loader *l)
{
        if (!l)
                return NULL;
        if (l->running)
                (void) pthread_join(l->thread, NULL);
        loader_result_done(&l->result);
        nodes_done(&l->nodes);
        nodes_done(&l->next_nodes);
        free(l->root);
        if (l->event_fd >= 0)
                (void) close(l->event_fd);
        free(l);
        return NULL;
}

int loader_set_nodes(Loader *l, const char *const *node_names, size_t n_node_names,
                const ConfigNodeAddress *node_addresses, size_t n_node_addresses)
{
        LoaderNodes next = {};
        int r = copy_nodes(&next, node_names, n_node_names, node_addresses, n_node_addresses);

        if (r < 0) {
                nodes_done(&next);
                return r;
        }
        nodes_done(&l->next_nodes);
        l->next_nodes = next;
        return 0;
}

/* No thread runs. */
static void take_next_nodes(Loader *l)
{
        if (!l->next_nodes.names)
                return;
        nodes_done(&l->nodes);
        l->nodes = l->next_nodes;
        l->next_nodes = (LoaderNodes){};
}

int loader_fd(const Loader *l)
{
        return l->event_fd;
}

static int begin(Loader *l)
{
        sigset_t all, before;
        int r;

        take_next_nodes(l);
        /* Signals are the loop's. */
        (void) sigfillset(&all);
        r = pthread_sigmask(SIG_SETMASK, &all, &before);
        if (r != 0)
                return -r;
        r = pthread_create(&l->thread, NULL, loader_thread, l);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        l->running = true;
        l->generation++;
        return 0;
}

int loader_request(Loader *l, uint64_t *ret_generation)
{
        if (l->running)
                l->again = true;
        else {
                int r = begin(l);

                if (r < 0)
                        return r;
        }
        *ret_generation = l->generation + l->again;
        return 0;
}

bool loader_take(Loader *l, LoaderResult *ret)
{
        uint64_t count;

        if (!l->running || read(l->event_fd, &count, sizeof(count)) < 0)
                return false;
        (void) pthread_join(l->thread, NULL);
        l->running = false;
        *ret = l->result;
        ret->generation = l->generation;
        l->result = (LoaderResult){};
        if (l->again) {
                l->again = false;
                /* Without a thread the requests are answered with what there is now, and the next one tries
                 * again. */
                ret->again = begin(l) >= 0;
                if (!ret->again)
                        ret->generation = ++l->generation;
        }
        return true;
}
