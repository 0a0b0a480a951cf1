/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* verify and cat: what lies on this node's disk, whether a manager runs or not. */

#include "base/array.h"
#include "base/text.h"
#include "base/timing.h"
#include "config/config.h"
#include "ctl/corosync-conf.h"
#include "ctl/ctl.h"
#include "ctl/read-file.h"
#include "ctl/verify.h"

/* What verify finds. */
typedef struct Findings {
        ConfigMessages messages;
        size_t n_checked;
} Findings;

static bool refuse_host(const Ctl *c, const char *verb)
{
        if (c->options.host)
                ctl_error(c,
                                "'%s' reads the files of this host; 'ssh %s distroctl %s' reads those of the "
                                "other.",
                                verb, c->options.host, verb);
        return c->options.host;
}

/* A delay that ends before the other side of a cut has stopped. */
static int check_delay(const AppConfig *a, const CorosyncConf *corosync, const Timing *t,
                uint64_t needs_end_usec, ConfigMessages *messages)
{
        char delay[SPAN_MAX], needed[SPAN_MAX], detection[SPAN_MAX];
        const Definition *d = &a->definition;

        if (corosync->n_nodes > 0 && d->needs_end) {
                int r = app_config_check_delay(a, needs_end_usec, messages);

                return r == -EINVAL ? 0 : r;
        }
        if (corosync->n_nodes == 0 || d->n_nodes < 2 || d->failover_delay_usec == DELAY_AUTO ||
                        d->failover_delay_usec >= t->needed_usec)
                return 0;
        return verify_add(messages, CONFIG_WARNING, d->name, corosync_conf_path(),
                        "%s: FailoverDelaySec=%s is shorter than %s: a node that is cut off may need that "
                        "long after the others have noticed "
                        "(after %s) to notice it itself and to stop its worker. Without fencing both sides "
                        "can run it meanwhile",
                        d->name, span_exact(d->failover_delay_usec, delay),
                        span_exact(t->needed_usec, needed), span_exact(t->detection_usec, detection));
}

static int check_corosync(const CorosyncConf *conf, int error, ConfigMessages *messages)
{
        const char *path = corosync_conf_path();
        int r = 0;

        if (error < 0)
                return verify_add(messages, CONFIG_WARNING, NULL, path,
                                "%s: cannot be read (%s): names of nodes and delays are not checked against "
                                "it",
                                path, strerror(-error));
        if (!conf->has_quorum_provider)
                r = verify_add(messages, CONFIG_ERROR, NULL, path,
                                "%s: quorum { provider: corosync_votequorum } is missing: without a quorum "
                                "provider the manager refuses to start",
                                path);
        if (r >= 0 && conf->n_nodes == 0)
                r = verify_add(messages, CONFIG_ERROR, NULL, path,
                                "%s: there is no nodelist { node { ... } }", path);
        if (r >= 0 && conf->n_names < conf->n_nodes)
                r = verify_add(messages, CONFIG_ERROR, NULL, path,
                                "%s: %zu of %zu nodes in the nodelist have no name: the manager refuses to "
                                "start. Add 'name: ...' to each node { }",
                                path, conf->n_nodes - conf->n_names, conf->n_nodes);
        if (r >= 0 && conf->n_nodes > NODES_MAX)
                r = verify_add(messages, CONFIG_ERROR, NULL, path, "%s: more than %u nodes", path, NODES_MAX);
        if (r >= 0 && (conf->two_node || conf->last_man_standing || conf->auto_tie_breaker))
                r = verify_add(messages, CONFIG_WARNING, NULL, path,
                                "%s: with %s more than one part of the cluster can be quorate: without "
                                "fencing an application can run twice",
                                path,
                                conf->two_node            ? "two_node"
                                : conf->last_man_standing ? "last_man_standing"
                                                          : "auto_tie_breaker");
        return r;
}

/* An empty folder is right as it is; but another one may have been meant. */
static int check_nothing(const ConfigContext *context, Findings *f)
{
        _cleanup_(strings_freep) char **files = NULL;
        const char *directory = config_search_path_default()[0];
        int r = manager_config_list_files(context, &files);

        if (r >= 0 && !files[0])
                r = verify_add(&f->messages, CONFIG_WARNING, NULL, directory,
                                "%s: there is no manager.conf, so all of its settings have their defaults",
                                directory);
        if (r >= 0 && f->n_checked == 0)
                r = verify_add(&f->messages, CONFIG_WARNING, NULL, directory,
                                "%s: no application is configured here; each is a file %s/applications/NAME.app",
                                directory, directory);
        return r;
}

static int check_all(ConfigContext *context, const CorosyncConf *corosync, Findings *f)
{
        ManagerConfig manager = {};
        AppConfigs apps = {};
        uint64_t isolation_usec = 0, grace_usec = MANAGER_GRACE_DEFAULT_USEC,
                 self_fence_usec = SELF_FENCE_DEFAULT_USEC;
        Timing t;
        int r = manager_config_load(context, &f->messages, &manager);

        if (r >= 0) {
                isolation_usec = manager.isolation_timeout_usec;
                grace_usec = manager.manager_grace_usec;
                self_fence_usec = manager.self_fence_usec;
        }
        context->self_fence = manager.self_fence;
        manager_config_done(&manager);
        if (r < 0 && r != -EINVAL)
                return r;
        t = timing_of(corosync->token_usec, corosync->consensus_usec, isolation_usec, corosync->has_device);
        r = app_config_load_all(context, &f->messages, &apps);
        if (r >= 0)
                r = app_configs_refuse_shared(&apps, NULL, &f->messages);
        for (size_t i = 0; i < apps.n_items && r >= 0; i++) {
                r = check_delay(&apps.items[i], corosync, &t,
                                timing_needs_end_usec(&t, self_fence_usec, grace_usec), &f->messages);
                if (r >= 0)
                        r = verify_host(&apps.items[i], &f->messages);
                if (r >= 0)
                        r = verify_parts(&apps.items[i], &f->messages);
        }
        f->n_checked = apps.n_items + apps.n_failures;
        if (r >= 0)
                r = check_nothing(context, f);
        app_configs_done(&apps);
        return r;
}

static int check_manager_file(const ConfigContext *context, const char *path, Findings *f)
{
        _cleanup_free_ char *text = NULL;
        ManagerConfig manager = {};
        size_t size;
        int r = read_file(path, &text, &size);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return verify_add(&f->messages, CONFIG_ERROR, NULL, path, "%s: cannot be read: %s", path,
                                strerror(-r));
        r = manager_config_parse(context, path, text, size, &f->messages, &manager);
        manager_config_done(&manager);
        return r == -EINVAL ? 0 : r;
}

static int check_file(
                const ConfigContext *context, const CorosyncConf *corosync, const char *path, Findings *f)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
        Timing t = timing_of(corosync->token_usec, corosync->consensus_usec, 0, corosync->has_device);
        AppConfig app = {};
        int r;

        f->n_checked++;
        if (streq(name, "manager.conf"))
                return check_manager_file(context, path, f);
        if (!dot || !streq(dot, ".app"))
                return verify_add(&f->messages, CONFIG_ERROR, NULL, path,
                                "%s: neither manager.conf nor NAME.app; drop-ins are checked together with "
                                "what they belong to",
                                path);
        r = app_config_load_file(context, path, &f->messages, &app);
        if (r >= 0)
                r = check_delay(&app, corosync, &t,
                                timing_needs_end_usec(
                                                &t, SELF_FENCE_DEFAULT_USEC, MANAGER_GRACE_DEFAULT_USEC),
                                &f->messages);
        if (r >= 0)
                r = verify_host(&app, &f->messages);
        if (r >= 0)
                r = verify_parts(&app, &f->messages);
        app_config_done(&app);
        return r == -EINVAL ? 0 : r;
}

static bool is_same(const ConfigMessage *a, const ConfigMessage *b)
{
        return a->level == CONFIG_WARNING && b->level == CONFIG_WARNING && a->application && b->application &&
               streq(verify_words(a), verify_words(b));
}

/* The same words about many applications are said once, with their names. */
static void warn(const Ctl *c, const ConfigMessages *m, size_t at)
{
        const ConfigMessage *item = m->items + at, *first = NULL, *last = NULL;
        _cleanup_free_ char *names = NULL;
        size_t n = 0;
        Text t = {};

        FOREACH_ARRAY(other, m->items, m->n_items) {
                if (!is_same(item, other))
                        continue;
                first = first ? first : other;
                if (!last || !streq(last->application, other->application))
                        text_printf(&t, "%s%s", n++ > 0 ? " " : "", other->application);
                last = other;
        }
        names = text_take(&t);
        if (n < 2 || !names)
                ctl_warning(c, "Warning: %s.", item->text);
        else if (first == item)
                ctl_warning(c, "Warning: %s. (%zu applications: %s)", verify_words(item), n, names);
}

static int report(Ctl *c, const Findings *f)
{
        const ConfigMessages *m = &f->messages;
        size_t n_warnings = m->n_items - m->n_errors;

        if (c->options.json != JSON_OFF) {
                Json j = json(stdout, c->options.json);

                json_object(&j, NULL);
                json_bool(&j, "ok", m->n_errors == 0);
                json_array(&j, "messages");
                FOREACH_ARRAY(item, m->items, m->n_items) {
                        json_object(&j, NULL);
                        json_string(&j, "level", item->level == CONFIG_ERROR ? "error" : "warning");
                        json_string(&j, "text", item->text);
                        json_text(&j, "application", item->application);
                        json_text(&j, "file", item->file);
                        json_usec(&j, "line", item->line > 0 ? item->line : USEC_INFINITY);
                        json_text(&j, "key", item->key);
                        json_end(&j);
                }
                json_end(&j);
                json_end(&j);
                return m->n_errors > 0 ? STATUS_FAILURE : STATUS_OK;
        }
        for (size_t i = 0; i < m->n_items; i++) {
                if (m->items[i].level == CONFIG_ERROR)
                        ctl_error(c, "%s.", m->items[i].text);
                else if (!c->options.quiet)
                        warn(c, m, i);
        }
        if (m->n_errors > 0) {
                ctl_error(c,
                                "%zu error%s, %zu warning%s. The manager keeps the last good definitions; "
                                "correct the files, then "
                                "'distroctl verify' and 'distroctl reload'.",
                                m->n_errors, m->n_errors == 1 ? "" : "s", n_warnings,
                                n_warnings == 1 ? "" : "s");
                return STATUS_FAILURE;
        }
        ctl_say(c, "Checked %zu %s: no errors, %zu warning%s.", f->n_checked,
                        f->n_checked == 1 ? "definition" : "definitions", n_warnings,
                        n_warnings == 1 ? "" : "s");
        return STATUS_OK;
}

int verb_verify(Ctl *c, int argc, char **argv)
{
        _cleanup_(corosync_conf_done) CorosyncConf corosync = {};
        Findings f = {};
        _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = config_systemd_program() };
        ConfigContext context = { .systemd = &systemd };
        ConfigNodeAddress addresses[CONF_ADDRESSES_MAX];
        int r = 0, status, loaded;

        if (refuse_host(c, "verify"))
                return STATUS_USAGE;
        loaded = corosync_conf_load(&corosync);
        if (loaded >= 0 && corosync.n_names > 0) {
                context.node_names = (const char *const *) corosync.names;
                context.n_node_names = corosync.n_names;
        }
        for (size_t i = 0; loaded >= 0 && i < corosync.n_addresses; i++)
                addresses[context.n_node_addresses++] =
                                (ConfigNodeAddress){ .node = corosync_conf_address_node(&corosync, i),
                                        .address = corosync.addresses[i] };
        context.node_addresses = addresses;
        if (argc == 1) {
                r = check_corosync(&corosync, loaded, &f.messages);
                if (r >= 0)
                        r = verify_addresses(&corosync, &f.messages);
                if (r >= 0)
                        r = check_all(&context, &corosync, &f);
        } else
                for (int i = 1; i < argc && r >= 0; i++)
                        r = check_file(&context, &corosync, argv[i], &f);
        status = r == -ENOMEM ? ctl_oom(c) : report(c, &f);
        if (r < 0 && status == STATUS_OK)
                status = STATUS_FAILURE;
        config_messages_done(&f.messages);
        return status;
}

int files_check_reloaded(Ctl *c)
{
        _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = config_systemd_program() };
        ConfigContext context = { .systemd = &systemd };
        AppConfigs apps = {};
        Findings f = {};
        int status = STATUS_OK, r = app_config_load_all(&context, &f.messages, &apps);

        if (r >= 0)
                r = app_configs_refuse_shared(&apps, NULL, &f.messages);
        app_configs_done(&apps);
        if (r == -ENOMEM)
                status = ctl_oom(c);
        else if (f.messages.n_errors > 0)
                status = report(c, &f);
        config_messages_done(&f.messages);
        return status;
}

/* One file under a comment with its name, as systemctl cat. */
static int cat_file(Ctl *c, Json *j, const char *path, bool *first)
{
        _cleanup_free_ char *text = NULL;
        int r = read_file(path, &text, NULL);

        if (r < 0) {
                ctl_error(c, "Cannot read %s: %s.", path, strerror(-r));
                return STATUS_FAILURE;
        }
        if (c->options.json != JSON_OFF) {
                json_object(j, NULL);
                json_string(j, "file", path);
                json_string(j, "text", text);
                json_end(j);
                return STATUS_OK;
        }
        if (!*first)
                fputc('\n', stdout);
        *first = false;
        printf("%s# %s%s\n%s", style_on(&c->out, COLOR_GREY), path, style_off(&c->out, COLOR_GREY), text);
        if (*text && text[strlen(text) - 1] != '\n')
                fputc('\n', stdout);
        return STATUS_OK;
}

static int cat_app(Ctl *c, Json *j, const char *app, bool *first)
{
        _cleanup_(strings_freep) char **files = NULL;
        ConfigContext context = {};
        int status = STATUS_OK, r = app_config_list_files(&context, app, &files);

        if (r == -ENOENT) {
                ctl_error(c,
                                "There is no file for %s on this node. Applications are "
                                "/etc/distro-manager/applications/NAME.app; another "
                                "node may have it.",
                                app);
                return STATUS_UNKNOWN;
        }
        if (r == -ERFKILL) {
                ctl_warning(c, "%s is masked by %s.", app, files && files[0] ? files[0] : "a file");
                return STATUS_OK;
        }
        if (r < 0) {
                ctl_error(c, "Cannot look for the files of %s: %s.", app, strerror(-r));
                return STATUS_FAILURE;
        }
        for (size_t i = 0; files[i]; i++)
                status = status_worse(status, cat_file(c, j, files[i], first));
        return status;
}

int verb_cat(Ctl *c, int argc, char **argv)
{
        Json j = json(stdout, c->options.json);
        bool first = true;
        int status = STATUS_OK;

        if (refuse_host(c, "cat"))
                return STATUS_USAGE;
        ctl_pager_open(c);
        if (c->options.json != JSON_OFF)
                json_array(&j, NULL);
        for (int i = 1; i < argc; i++)
                status = status_worse(status, cat_app(c, &j, argv[i], &first));
        if (c->options.json != JSON_OFF)
                json_end(&j);
        return status;
}
