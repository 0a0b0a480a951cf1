/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads the applications' files in a thread of its own: there may be thousands of them, on a slow disk, and
 * the loop must not wait. */

#include "config/config.h"

typedef struct Loader Loader;

typedef struct LoaderResult {
        uint64_t generation; /* covers every request that was given this number or a smaller one */
        int error;           /* what app_config_load_all() returned */
        AppConfigs configs;  /* on success */
        ConfigMessages messages;
        bool again; /* another load has begun, for who asked while this one was under way */
} LoaderResult;

void loader_result_done(LoaderResult *r);

/* `root`, and the names and addresses of the nodelist, as in ConfigContext, are copied. */
int loader_new(const char *root, SelfFence self_fence, const char *const *node_names, size_t n_node_names,
                const ConfigNodeAddress *node_addresses, size_t n_node_addresses, Loader **ret);
/* Those of the loads that begin after this call. 0 or -ENOMEM. */
int loader_set_nodes(Loader *l, const char *const *node_names, size_t n_node_names,
                const ConfigNodeAddress *node_addresses, size_t n_node_addresses);
/* Waits for a load that is under way. */
Loader *loader_free(Loader *l);
DEFINE_TRIVIAL_CLEANUP(Loader *, loader_free)

/* Readable when a result waits; the caller polls it, and never reads it itself. */
int loader_fd(const Loader *l);
/* Asks for a load that begins after this call; one that is under way is followed by another, however many ask
 * for it. *ret_generation is the number of the result that answers this request. 0, or -EAGAIN and -ENOMEM:
 * no thread. */
int loader_request(Loader *l, uint64_t *ret_generation);
/* Waits for nothing; false: no result yet. The caller ends with loader_result_done(). */
bool loader_take(Loader *l, LoaderResult *ret);
