/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/reload.h"

#include <sys/epoll.h>

#include "base/array.h"
#include "daemon/delays.h"
#include "daemon/events.h"
#include "daemon/loop.h"
#include "daemon/pulse.h"

static void tell_messages(Manager *m, const ConfigMessages *messages)
{
        FOREACH_ARRAY(message, messages->items, messages->n_items)
                journal_app(m->journal,
                                message->level == CONFIG_ERROR ? JOURNAL_APPLICATION_WRONG
                                                               : JOURNAL_CONFIG_WARNING,
                                message->application, "%s", message->text);
}

static void show_warnings(Manager *m, const ConfigMessages *messages)
{
        uint32_t n = (uint32_t) (messages->n_items - messages->n_errors);

        if (n == m->n_file_warnings)
                return;
        m->n_file_warnings = n;
        if (m->bus_server)
                bus_server_changed(m->bus_server, NULL, NULL);
}

static AppConfig *find_app(AppConfigs *c, const char *name)
{
        FOREACH_ARRAY(a, c->items, c->n_items)
                if (streq(a->definition.name, name))
                        return a;
        return NULL;
}

/* Moves the last good definition of each file that has become wrong from the old set to the new one. */
static int keep_last_good(AppConfigs *old, AppConfigs *new)
{
        AppConfig *items;

        if (new->n_failures == 0 || old->n_items == 0)
                return 0;
        items = realloc(new->items, (new->n_items + new->n_failures) * sizeof(AppConfig));
        if (!items)
                return -ENOMEM;
        new->items = items;
        FOREACH_ARRAY(failure, new->failures, new->n_failures) {
                AppConfig *kept = find_app(old, failure->name), moved;
                size_t at = 0;

                if (!kept || find_app(new, failure->name))
                        continue;
                moved = *kept;
                ARRAY_CLOSE(old->items, old->n_items, (size_t) (kept - old->items));
                while (at < new->n_items && strcmp(new->items[at].definition.name, moved.definition.name) < 0)
                        at++;
                ARRAY_OPEN(new->items, new->n_items, at);
                new->items[at] = moved;
        }
        return 0;
}

/* That a file has parts is this node's own word: no other change has to come with it. */
static void show_parts(Manager *m, const AppConfigs *old)
{
        if (!m->bus_server)
                return;
        FOREACH_ARRAY(a, m->apps.items, m->apps.n_items) {
                const AppConfig *before = app_configs_find(old, a->definition.name);

                if ((before && before->parts.n_items > 0) != (a->parts.n_items > 0))
                        bus_server_changed(m->bus_server, a->definition.name, NULL);
        }
        FOREACH_ARRAY(a, old->items, old->n_items)
                if (a->parts.n_items > 0 && !app_configs_find(&m->apps, a->definition.name))
                        bus_server_changed(m->bus_server, a->definition.name, NULL);
}

static void answer(Manager *m, uint64_t generation, int error)
{
        size_t n = 0;

        for (size_t i = 0; i < m->n_reloads; i++) {
                if (m->reloads[i].generation > generation) {
                        m->reloads[n++] = m->reloads[i];
                        continue;
                }
                if (m->bus_server)
                        bus_server_reply(m->bus_server, m->reloads[i].token,
                                        error < 0 ? COMMAND_NOT_ALLOWED : COMMAND_OK,
                                        error < 0 ? "the directories of the applications' files could not be "
                                                    "read"
                                                  : NULL);
        }
        m->n_reloads = n;
        if (n == 0)
                notify_reloading(m->notify, false);
        if (m->bus_server)
                (void) bus_server_flush(m->bus_server); /* a client that is gone needs no answer */
}

static void take(Manager *m, LoaderResult *result)
{
        bool first = !m->apps_loaded;
        size_t n_right;

        pulse_trim_later(m);
        if (result->error >= 0)
                result->error = app_configs_refuse_shared(&result->configs, &m->apps, &result->messages);
        if (result->error >= 0)
                result->error = delays_refuse_short(m, result);
        n_right = result->configs.n_items; /* without the last good ones of files that are wrong now */
        tell_messages(m, &result->messages);
        show_warnings(m, &result->messages);
        if (result->error == -ENOMEM)
                return loop_fail(m, result->error, "reading the applications' files");
        if (result->error < 0 && !first)
                return; /* what was read last stays in force; the message has said why */
        if (result->error >= 0) {
                AppConfigs old = m->apps;

                if (keep_last_good(&old, &result->configs) < 0)
                        return loop_fail(m, -ENOMEM, "taking over the applications' files");
                m->apps = result->configs;
                result->configs = (AppConfigs){};
                show_parts(m, &old);
                app_configs_done(&old);
                delays_warn_of_raised(m);
        }
        m->apps_loaded = true;
        if (!first)
                journal_text(m->journal, JOURNAL_RELOADED,
                                "the applications' files were read again: %zu right, %zu wrong", n_right,
                                m->apps.n_failures);
        event_definitions(m, result->again);
}

static int on_loaded(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Manager *m = userdata;
        LoaderResult result = {};

        if (!loader_take(m->loader, &result))
                return 0;
        take(m, &result);
        answer(m, result.generation, result.error);
        loader_result_done(&result);
        return 0;
}

/* Makes the loader, or tells it, with the names and addresses of the nodelist. */
static int give_nodes(Manager *m)
{
        size_t n = m->cluster->n_nodes, n_addresses = 0;
        _cleanup_free_ const char **names = calloc(n + 1, sizeof(names[0]));
        _cleanup_free_ ConfigNodeAddress *addresses = calloc(n * CLUSTER_RINGS_MAX + 1, sizeof(addresses[0]));

        if (!names || !addresses)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const ClusterNode *node = m->cluster->nodes + i;

                names[i] = node->name;
                for (size_t k = 0; k < CLUSTER_RINGS_MAX; k++)
                        if (node->addresses[k])
                                addresses[n_addresses++] = (ConfigNodeAddress){ .node = node->name,
                                        .address = node->addresses[k] };
        }
        if (m->loader)
                return loader_set_nodes(m->loader, names, n, addresses, n_addresses);
        return loader_new(*m->root ? m->root : NULL, m->config.self_fence, names, n, addresses, n_addresses,
                        &m->loader);
}

int reload_begin(Manager *m)
{
        int r = give_nodes(m);

        if (r < 0)
                return r;
        r = sd_event_add_io(m->event, &m->loader_source, loader_fd(m->loader), EPOLLIN, on_loaded, m);
        if (r < 0)
                return r;
        return reload_request(m, 0);
}

void reload_take_nodelist(Manager *m)
{
        int r = m->loader ? give_nodes(m) : 0;

        if (r < 0)
                loop_fail(m, r, "taking the nodelist");
}

int reload_request(Manager *m, uint64_t token)
{
        uint64_t generation;
        int r;

        if (!m->loader)
                return -EAGAIN; /* the start has not come so far; it will read them anyway */
        if (token != 0) {
                if (m->n_reloads >= RELOADS_MAX)
                        return -ENOBUFS;
                if (ARRAY_GROW(m->reloads, m->n_reloads, m->n_reloads_allocated) < 0)
                        return -ENOMEM;
        }
        r = loader_request(m->loader, &generation);
        if (r < 0)
                return r;
        if (token != 0)
                m->reloads[m->n_reloads++] = (ReloadWait){ .token = token, .generation = generation };
        notify_reloading(m->notify, true);
        return 0;
}
