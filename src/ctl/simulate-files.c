/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/simulate-files.h"

#include <dirent.h>
#include <inttypes.h>

#include "base/array.h"
#include "base/text.h"
#include "config/config.h"
#include "ctl/corosync-conf.h"
#include "ctl/read-file.h"

static int add_list(Strings *steps, const char *verb, char *const *names, size_t n)
{
        Text text = {};

        if (n == 0)
                return 0;
        text_add(&text, verb);
        for (size_t i = 0; i < n; i++)
                text_printf(&text, " %s", names[i]);
        return strings_take(steps, text_take(&text));
}

/* ---- corosync.conf ---- */

static int add_corosync(const CorosyncConf *conf, Strings *steps)
{
        int r = add_list(steps, "nodes", conf->names, conf->n_names);

        if (r >= 0 && (conf->has_device || conf->two_node))
                r = strings_take(steps, text_format("quorum %s", conf->has_device ? "device" : "two-node"));
        if (r >= 0)
                r = strings_take(steps, text_format("token %" PRIu64 "us", conf->token_usec));
        return r < 0 ? r : strings_take(steps, text_format("consensus %" PRIu64 "us", conf->consensus_usec));
}

static int check_corosync(const Ctl *c, const char *path, const CorosyncConf *conf)
{
        if (conf->n_nodes == 0 || conf->n_names < conf->n_nodes || conf->n_nodes > NODES_MAX) {
                ctl_error(c, "The nodelist of %s cannot be simulated: 'distroctl verify' tells why.", path);
                return STATUS_FAILURE;
        }
        if (conf->last_man_standing)
                ctl_warning(c, "%s of corosync.conf is not simulated.", "last_man_standing");
        if (conf->auto_tie_breaker)
                ctl_warning(c, "%s of corosync.conf is not simulated.", "auto_tie_breaker");
        return STATUS_OK;
}

static int describe_corosync(const Ctl *c, const char *path, Strings *ret)
{
        _cleanup_(corosync_conf_done) CorosyncConf conf = {};
        _cleanup_free_ char *text = NULL;
        int r, status;

        path = path ? path : corosync_conf_path();
        r = read_file(path, &text, NULL);
        if (r < 0) {
                ctl_error(c,
                                "Cannot read %s: %s. --corosync=FILE names another one; or the steps say which "
                                "nodes there are: 'nodes abc bcd def'.",
                                path, strerror(-r));
                return STATUS_FAILURE;
        }
        if (corosync_conf_parse(text, &conf) < 0)
                return ctl_oom(c);
        status = check_corosync(c, path, &conf);
        if (status == STATUS_OK && add_corosync(&conf, ret) < 0)
                status = ctl_oom(c);
        return status;
}

/* ---- manager.conf ---- */

static int add_manager(const ManagerConfig *config, Strings *steps)
{
        int r = strings_take(steps,
                        text_format("policy %s",
                                        config->no_quorum_policy == NO_QUORUM_FREEZE ? "freeze" : "stop"));

        if (r >= 0)
                r = strings_take(steps, text_format("grace %" PRIu64 "us", config->manager_grace_usec));
        if (r >= 0)
                r = strings_take(steps, config->sync_timeout_usec == USEC_INFINITY
                                                        ? strdup("sync-timeout infinity")
                                                        : text_format("sync-timeout %" PRIu64 "us",
                                                                          config->sync_timeout_usec));
        if (r >= 0)
                r = add_list(steps, "mandatory", config->sync_mandatory, config->n_sync_mandatory);
        return r < 0 ? r : add_list(steps, "optional", config->sync_optional, config->n_sync_optional);
}

int simulate_manager_config(const Ctl *c, ManagerConfig *ret)
{
        ConfigContext context = {};
        ConfigMessages messages = {};
        int r = manager_config_load(&context, &messages, ret);

        config_messages_done(&messages);
        if (r >= 0)
                return STATUS_OK;
        ctl_error(c, "manager.conf cannot be read: 'distroctl verify' tells why.");
        return STATUS_FAILURE;
}

static int describe_manager(const Ctl *c, Strings *ret)
{
        ManagerConfig config = {};
        int r, status = simulate_manager_config(c, &config);

        if (status != STATUS_OK)
                return status;
        r = add_manager(&config, ret);
        manager_config_done(&config);
        return r < 0 ? ctl_oom(c) : STATUS_OK;
}

int simulate_describe(const Ctl *c, const char *corosync, Strings *ret)
{
        int status = describe_corosync(c, corosync, ret);

        return status == STATUS_OK ? describe_manager(c, ret) : status;
}

/* ---- applications ---- */

bool simulate_is_file(const char *word)
{
        size_t n = strlen(word);

        return !strpbrk(word, " \t") && n > strlen(".app") && streq(word + n - strlen(".app"), ".app");
}

static int filter_files(const struct dirent *d)
{
        return d->d_name[0] != '.' && simulate_is_file(d->d_name);
}

int simulate_list_files(const Ctl *c, const char *directory, Strings *ret)
{
        struct dirent **entries = NULL;
        int n = scandir(directory, &entries, filter_files, alphasort), r = 0;

        if (n < 0) {
                ctl_error(c, "Cannot read %s: %s.", directory, strerror(errno));
                return STATUS_FAILURE;
        }
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = strings_take(ret, text_format("app %s/%s", directory, entries[i]->d_name));
                free(entries[i]);
        }
        free(entries);
        return r < 0 ? ctl_oom(c) : STATUS_OK;
}

static void tell_messages(const Ctl *c, const ConfigMessages *messages, char *ret_error, size_t size_bytes)
{
        bool told = false;

        FOREACH_ARRAY(m, messages->items, messages->n_items) {
                if (m->level == CONFIG_WARNING)
                        ctl_warning(c, "Warning: %s.", m->text);
                else if (!told)
                        (void) snprintf(ret_error, size_bytes, "%s", m->text);
                told = told || m->level == CONFIG_ERROR;
        }
}

int simulate_read_file(void *userdata, const char *path, Definition *ret, char *ret_error, size_t size_bytes)
{
        _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = config_systemd_program() };
        ConfigContext context = { .systemd = &systemd };
        ConfigMessages messages = {};
        AppConfig app = {};
        int r = app_config_load_file(&context, path, &messages, &app);

        tell_messages(userdata, &messages, ret_error, size_bytes);
        if (r >= 0)
                r = definition_copy(&app.definition, ret);
        app_config_done(&app);
        config_messages_done(&messages);
        return r;
}
