/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "systemd/cgroup.h"
#include "systemd/killer.h"
#include "systemd/private-bus.h"

/* Shared by its owner and the thread; the last of them to let go frees it. */
struct Killer {
        atomic_int n_refs;
        atomic_bool busy;
        char *root, *address;
        char **groups; /* the thread's while busy */
};

static void killer_unref(Killer *k)
{
        if (atomic_fetch_sub(&k->n_refs, 1) != 1)
                return;
        strings_free(k->groups);
        free(k->root);
        free(k->address);
        free(k);
}

static int copy_text(const char *text, char **ret)
{
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

int killer_new(const char *cgroup_root, const char *address, Killer **ret)
{
        Killer *k = calloc(1, sizeof(*k));

        if (!k)
                return -ENOMEM;
        atomic_init(&k->n_refs, 1);
        atomic_init(&k->busy, false);
        if (copy_text(cgroup_root, &k->root) < 0 || copy_text(address, &k->address) < 0) {
                killer_unref(k);
                return -ENOMEM;
        }
        *ret = k;
        return 0;
}

Killer *killer_free(Killer *k)
{
        if (k)
                killer_unref(k);
        return NULL;
}

/* What cannot be done now is done in the next round: the owner looks at the groups again, and asks again. */
static void *killer_thread(void *userdata)
{
        Killer *k = userdata;

        for (char **g = k->groups; *g; g++)
                (void) cgroup_kill(k->root, *g);
        if (k->address)
                (void) private_bus_stop_units(k->address, k->groups);
        k->groups = strings_free(k->groups);
        atomic_store(&k->busy, false);
        killer_unref(k);
        return NULL;
}

static char **copy_groups(const char *const *groups, size_t n_groups)
{
        char **copy = calloc(n_groups + 1, sizeof(*copy));

        for (size_t i = 0; copy && i < n_groups; i++) {
                copy[i] = strdup(groups[i]);
                if (!copy[i]) {
                        strings_free(copy);
                        return NULL;
                }
        }
        return copy;
}

int killer_submit(Killer *k, const char *const *groups, size_t n_groups)
{
        sigset_t all, saved;
        pthread_t thread;
        int r;

        if (n_groups == 0)
                return 0;
        if (atomic_load(&k->busy))
                return -EBUSY;
        k->groups = copy_groups(groups, n_groups);
        if (!k->groups)
                return -ENOMEM;

        atomic_store(&k->busy, true);
        atomic_fetch_add(&k->n_refs, 1);
        /* Signals are the loop's; the thread takes none. */
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &saved);
        r = pthread_create(&thread, NULL, killer_thread, k);
        (void) pthread_sigmask(SIG_SETMASK, &saved, NULL);
        if (r != 0) {
                k->groups = strings_free(k->groups);
                atomic_store(&k->busy, false);
                killer_unref(k);
                return -r;
        }
        (void) pthread_detach(thread);
        return 0;
}
