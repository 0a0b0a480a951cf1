/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/loader.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/array.h"

/* The thread owns `result` from its creation until it has made the eventfd readable; the loop owns it at all
 * other times. That and pthread_join() are all the order that is needed. */
struct Loader {
        char *root;
        char **node_names;
        size_t n_node_names;
        ConfigNodeAddress *node_addresses; /* own copies */
        size_t n_node_addresses;
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
                .node_names = (const char *const *) l->node_names,
                .n_node_names = l->n_node_names,
                .node_addresses = l->node_addresses,
                .n_node_addresses = l->n_node_addresses,
                .systemd = l->root ? NULL : &systemd,
        };
        uint64_t one = 1;

        l->result.error = app_config_load_all(&context, &l->result.messages, &l->result.configs);
        /* The counter is 0 here, so it takes one more. */
        if (write(l->event_fd, &one, sizeof(one)) < 0)
                abort();
        return NULL;
}

static int copy_addresses(Loader *l, const ConfigNodeAddress *addresses, size_t n)
{
        l->node_addresses = calloc(n + 1, sizeof(l->node_addresses[0]));
        if (!l->node_addresses)
                return -ENOMEM;
        for (; l->n_node_addresses < n; l->n_node_addresses++) {
                ConfigNodeAddress *a = l->node_addresses + l->n_node_addresses;

                a->node = strdup(addresses[l->n_node_addresses].node);
                a->address = strdup(addresses[l->n_node_addresses].address);
                if (!a->node || !a->address) {
                        free((char *) a->node);
                        free((char *) a->address);
                        return -ENOMEM;
                }
        }
        return 0;
}

int loader_new(const char *root, const char *const *node_names, size_t n_node_names,
                const ConfigNodeAddress *node_addresses, size_t n_node_addresses, Loader **ret)
{
        _cleanup_(loader_freep) Loader *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (l->event_fd < 0)
                return -errno;
        if (root) {
                l->root = strdup(root);
                if (!l->root)
                        return -ENOMEM;
        }
        l->node_names = calloc(n_node_names + 1, sizeof(l->node_names[0]));
        if (!l->node_names)
                return -ENOMEM;
        for (; l->n_node_names < n_node_names; l->n_node_names++) {
                l->node_names[l->n_node_names] = strdup(node_names[l->n_node_names]);
                if (!l->node_names[l->n_node_names])
                        return -ENOMEM;
        }
        if (copy_addresses(l, node_addresses, n_node_addresses) < 0)
                return -ENOMEM;
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
        for (size_t i = 0; i < l->n_node_names; i++)
                free(l->node_names[i]);
        free(l->node_names);
        FOREACH_ARRAY(a, l->node_addresses, l->n_node_addresses) {
                free((char *) a->node);
                free((char *) a->address);
        }
        free(l->node_addresses);
        free(l->root);
        if (l->event_fd >= 0)
                (void) close(l->event_fd);
        free(l);
        return NULL;
}

int loader_fd(const Loader *l)
{
        return l->event_fd;
}

static int begin(Loader *l)
{
        sigset_t all, before;
        int r;

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
