/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* manager.conf. */

#include "base/parse.h"
#include "base/text.h"
#include "base/timing.h"
#include "config/config-files.h"
#include "config/manager-config.h"
#include "config/words.h"

#define GROUP_MAX 100u

static const char *const manager_sections[] = { "Cluster", NULL };

void manager_config_done(ManagerConfig *c)
{
        free(c->group);
        names_free(c->sync_mandatory, c->n_sync_mandatory);
        names_free(c->sync_optional, c->n_sync_optional);
        *c = (ManagerConfig){ 0 };
}

static int parse_group(ParseState *p, const char *value, ManagerConfig *c)
{
        if (!*value)
                value = "distro-manager";
        size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
        if (value[length] || length > GROUP_MAX)
                return parse_error(p, "\"%s\" is not valid, expected at most %u letters, digits and \"-_.\"",
                                value, GROUP_MAX);
        char *group = strdup(value);
        if (!group)
                return -ENOMEM;
        free(c->group);
        c->group = group;
        return 0;
}

static int parse_nodes(ParseState *p, const char *value, char ***list, size_t *n)
{
        if (!*value) {
                *list = names_free(*list, *n);
                *n = 0;
                return 0;
        }
        return parse_name_list(p, value, node_name_is_valid, NODE_NAME_EXPECTED, list, n);
}

static int parse_mandatory(ParseState *p, const char *value, ManagerConfig *c)
{
        return parse_nodes(p, value, &c->sync_mandatory, &c->n_sync_mandatory);
}

static int parse_optional(ParseState *p, const char *value, ManagerConfig *c)
{
        return parse_nodes(p, value, &c->sync_optional, &c->n_sync_optional);
}

static int parse_sync_timeout(ParseState *p, const char *value, ManagerConfig *c)
{
        uint64_t usec = SYNC_TIMEOUT_DEFAULT_USEC;
        int r = *value ? parse_span(p, value, 0, &usec) : 0;

        if (r < 0)
                return r;
        if (usec < SYNC_TIMEOUT_MIN_USEC)
                return parse_error(p, "\"%s\" is too short, expected at least 1s", value);
        c->sync_timeout_usec = usec;
        return 0;
}

static int parse_no_quorum_policy(ParseState *p, const char *value, ManagerConfig *c)
{
        static const char *const words[] = { [NO_QUORUM_STOP] = "stop", [NO_QUORUM_FREEZE] = "freeze" };
        unsigned word = NO_QUORUM_STOP;
        int r = *value ? parse_choice(p, value, words, ELEMENTSOF(words), &word) : 0;
        if (r < 0)
                return r;
        c->no_quorum_policy = (NoQuorumPolicy) word;
        return 0;
}

static int parse_self_fence(ParseState *p, const char *value, ManagerConfig *c)
{
        static const char *const words[] = {
                [SELF_FENCE_AUTO] = "auto", [SELF_FENCE_YES] = "yes", [SELF_FENCE_NO] = "no"
        };
        unsigned word = SELF_FENCE_AUTO;
        int r = *value ? parse_choice(p, value, words, ELEMENTSOF(words), &word) : 0;

        if (r < 0)
                return r;
        c->self_fence = (SelfFence) word;
        return 0;
}

static int parse_self_fence_time(ParseState *p, const char *value, ManagerConfig *c)
{
        if (*value)
                return parse_span(p, value, SPAN_NOT_ZERO | SPAN_NOT_INFINITE, &c->self_fence_usec);
        c->self_fence_usec = SELF_FENCE_DEFAULT_USEC;
        return 0;
}

static int parse_isolation_timeout(ParseState *p, const char *value, ManagerConfig *c)
{
        if (*value)
                return parse_span(p, value, SPAN_NOT_ZERO | SPAN_NOT_INFINITE, &c->isolation_timeout_usec);
        c->isolation_timeout_usec = 0;
        return 0;
}

/* A manager that comes back has half of the grace to be in step again, and its watchdog a quarter. The guard kills in the
 * last quarter, which holds also some patience with systemd. A busy host needs a second for that. */
#define MANAGER_GRACE_MIN_USEC (4 * USEC_PER_SEC)

static int parse_manager_grace(ParseState *p, const char *value, ManagerConfig *c)
{
        uint64_t usec = MANAGER_GRACE_DEFAULT_USEC;
        int r = *value ? parse_span(p, value, SPAN_NOT_ZERO | SPAN_NOT_INFINITE, &usec) : 0;
        if (r < 0)
                return r;
        if (usec < MANAGER_GRACE_MIN_USEC)
                return parse_error(p, "\"%s\" is too short, expected at least 4s", value);
        c->manager_grace_usec = usec;
        return 0;
}

static const struct {
        const char *key;
        int (*parse)(ParseState *p, const char *value, ManagerConfig *c);
} manager_keys[] = {
        { "Group", parse_group },
        { "SyncMandatory", parse_mandatory },
        { "SyncOptional", parse_optional },
        { "SyncTimeoutSec", parse_sync_timeout },
        { "NoQuorumPolicy", parse_no_quorum_policy },
        { "IsolationTimeoutSec", parse_isolation_timeout },
        { "ManagerGraceSec", parse_manager_grace },
        { "SelfFence", parse_self_fence },
        { "SelfFenceSec", parse_self_fence_time },
};

const char *manager_key_name(size_t i)
{
        return i < ELEMENTSOF(manager_keys) ? manager_keys[i].key : NULL;
}

typedef struct ManagerParse {
        ManagerConfig config;
        ParsePlace mandatory, optional; /* where the lists were given last */
} ManagerParse;

static int handle_assignment(
                ParseState *p, size_t section, const char *key, const char *value, void *userdata)
{
        ManagerParse *m = userdata;

        for (size_t i = 0; i < ELEMENTSOF(manager_keys); i++) {
                if (!streq(manager_keys[i].key, key))
                        continue;
                if (streq(key, "SyncMandatory"))
                        m->mandatory = (ParsePlace){ p->file, p->line };
                if (streq(key, "SyncOptional"))
                        m->optional = (ParsePlace){ p->file, p->line };
                return manager_keys[i].parse(p, value, &m->config);
        }
        return parse_error(p, "unknown key in section [%s]", manager_sections[section]);
}

/* A name that no node has would be waited for until the time is over, or for ever. */
static int check_nodes(ParseState *p, const ParsePlace *place, const char *key, char **names, size_t n)
{
        ParseState at = parse_state_at(p, place, key);
        int r = 0;
        for (size_t i = 0; i < n && r != -ENOMEM; i++)
                if (!context_has_node(p->context, names[i]))
                        r = parse_error(&at,
                                        "there is no node \"%s\" in corosync.conf, expected a name of its "
                                        "nodelist",
                                        names[i]);
        return r == -ENOMEM ? r : 0;
}

static int check_manager(ParseState *p, ManagerParse *m)
{
        ManagerConfig *c = &m->config;
        int r = check_nodes(p, &m->mandatory, "SyncMandatory", c->sync_mandatory, c->n_sync_mandatory);
        if (r >= 0)
                r = check_nodes(p, &m->optional, "SyncOptional", c->sync_optional, c->n_sync_optional);

        ParseState at = parse_state_at(p, &m->optional, "SyncOptional");
        for (size_t i = 0; r >= 0 && i < c->n_sync_optional; i++)
                if (names_contain(c->sync_mandatory, c->n_sync_mandatory, c->sync_optional[i])) {
                        r = parse_error(&at, "\"%s\" is in SyncMandatory= too, expected it in one of them",
                                        c->sync_optional[i]);
                        r = r == -ENOMEM ? r : 0;
                }
        return r;
}

static int manager_parse_begin(ParseState *p, ManagerParse *m)
{
        *m = (ManagerParse){ .config = {
                                             .sync_timeout_usec = SYNC_TIMEOUT_DEFAULT_USEC,
                                             .no_quorum_policy = NO_QUORUM_STOP,
                                             .manager_grace_usec = MANAGER_GRACE_DEFAULT_USEC,
                                             .self_fence_usec = SELF_FENCE_DEFAULT_USEC,
                             } };
        return parse_group(p, "", &m->config);
}

/* Hands the result over if there were no errors since `errors_before`. */
static int manager_parse_end(ParseState *p, ManagerParse *m, size_t errors_before, int r, ManagerConfig *ret)
{
        if (r >= 0)
                r = check_manager(p, m);
        if (r >= 0 && p->messages->n_errors > errors_before)
                r = -EINVAL;
        if (r < 0) {
                manager_config_done(&m->config);
                return r;
        }
        *ret = m->config;
        return 0;
}

int manager_config_parse(const ConfigContext *context, const char *file, const char *text, size_t size_bytes,
                ConfigMessages *messages, ManagerConfig *ret)
{
        ParseState p = { .context = context, .messages = messages, .file = file };
        size_t errors = messages->n_errors;
        ManagerParse m;
        int r = manager_parse_begin(&p, &m);
        if (r >= 0)
                r = syntax_parse(&p, text, size_bytes, manager_sections, handle_assignment, &m);
        return manager_parse_end(&p, &m, errors, r, ret);
}

static int find_manager_files(const ConfigContext *context, ConfigFiles *f, char **ret_bad)
{
        int r = config_files_find(context, "manager.conf", f);
        if (r < 0 && r != -ERFKILL)
                return r;
        return config_files_find_dropins(context, NULL, "manager.conf.d", f, ret_bad);
}

int manager_config_load(const ConfigContext *context, ConfigMessages *messages, ManagerConfig *ret)
{
        _cleanup_(config_files_done) ConfigFiles files = { 0 };
        _cleanup_free_ char *bad = NULL;
        ParseState p = { .context = context, .messages = messages, .file = "manager.conf" };
        size_t errors = messages->n_errors;
        ManagerParse m = { 0 };

        int r = find_manager_files(context, &files, &bad);
        if (r < 0 && bad) {
                p.file = bad;
                r = parse_error(&p, "can't be read: %s", strerror(-r));
        }
        if (r >= 0)
                r = manager_parse_begin(&p, &m);
        if (r >= 0)
                r = config_files_parse(&p, &files, manager_sections, handle_assignment, &m);
        return manager_parse_end(&p, &m, errors, r, ret);
}

int manager_config_list_files(const ConfigContext *context, char ***ret)
{
        _cleanup_(config_files_done) ConfigFiles files = { 0 };
        _cleanup_free_ char *bad = NULL;
        int r = find_manager_files(context, &files, &bad);
        return r < 0 ? r : config_files_paths(&files, ret);
}
