/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* reload: what the files of all nodes hold now, told by what it was before. */

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/model.h"

/* What became of one application's files. */
typedef struct Reloaded {
        Strings changed, added, removed; /* nodes */
} Reloaded;

static void reloaded_done(Reloaded *r)
{
        strings_done(&r->changed);
        strings_done(&r->added);
        strings_done(&r->removed);
}

/* 0 where the node, or the application, was not known. */
static uint64_t digest_on(const AppInfo *a, const char *node)
{
        for (size_t i = 0; a && i < a->n_digests; i++)
                if (streq(a->digests[i].node, node))
                        return a->digests[i].digest;
        return 0;
}

static bool is_online(const Snapshot *s, const char *node)
{
        const NodeInfo *n = snapshot_find_node(s, node);

        return n && streq(n->state, "online");
}

static int compare(const Snapshot *s, const AppInfo *before, const AppInfo *now, Reloaded *ret)
{
        for (size_t i = 0; i < now->n_digests; i++) {
                const char *node = now->digests[i].node;
                uint64_t was = digest_on(before, node), is = now->digests[i].digest;
                int r = 0;

                if (was == is || !is_online(s, node))
                        continue;
                r = strings_add(was == 0 ? &ret->added : is == 0 ? &ret->removed : &ret->changed, node);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int say_nodes(FILE *f, const char *what, const Strings *nodes, bool *first)
{
        _cleanup_free_ char *names = strings_join(nodes, ", ");

        if (!names)
                return -ENOMEM;
        if (nodes->n == 0)
                return 0;
        fprintf(f, "%s%s on %s", *first ? "" : "; ", what, names);
        *first = false;
        return 0;
}

/* Positive: something was said. */
static int say_app(const Ctl *c, const Snapshot *s, const AppInfo *before, const AppInfo *now)
{
        _cleanup_(reloaded_done) Reloaded files = {};
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        bool first = true;
        FILE *f;
        int r = compare(s, before, now, &files);

        if (r < 0 || files.changed.n + files.added.n + files.removed.n == 0)
                return r;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        r = say_nodes(f, "changed", &files.changed, &first);
        if (r >= 0)
                r = say_nodes(f, "new", &files.added, &first);
        if (r >= 0)
                r = say_nodes(f, "no file any more", &files.removed, &first);
        if (fclose(f) != 0 || r < 0)
                return -ENOMEM;
        ctl_say(c, "%s: %s%s.", now->name, text,
                        now->restart_needed && files.changed.n > 0 ? "; restart needed" : "");
        return 1;
}

/* Who did not say what its files hold. One that is away reads them when it starts. Returns how many are there all the same. */
static size_t say_unheard(const Ctl *c, const Snapshot *now)
{
        size_t n_there = 0;

        FOREACH_ARRAY(n, now->nodes, now->n_nodes) {
                bool away = streq(n->state, "offline"), gone = streq(n->state, "manager-gone");

                if (away || gone)
                        ctl_warning(c, "%s has not answered: it is %s, and reads its files when %s starts.",
                                        n->name, away ? "offline" : "without a manager",
                                        away ? "it" : "distro-manager");
                else if (n->unread || (!is_online(now, n->name) && !streq(n->state, "leaving"))) {
                        ctl_error(c,
                                        "%s has not answered: it is %s. What its files hold is not known; when it "
                                        "answers again, 'distroctl reload --all'.",
                                        n->name, is_online(now, n->name) ? "online, and late" : n->state);
                        n_there++;
                }
        }
        return n_there;
}

static int say_nothing(const Ctl *c, const Snapshot *now)
{
        _cleanup_(strings_done) Strings nodes = {};
        _cleanup_free_ char *names = NULL;

        FOREACH_ARRAY(n, now->nodes, now->n_nodes)
                if (is_online(now, n->name) && !n->unread && strings_add(&nodes, n->name) < 0)
                        return -ENOMEM;
        names = strings_join(&nodes, ", ");
        if (!names)
                return -ENOMEM;
        ctl_say(c, "Read on %s: nothing has changed.", names);
        return 0;
}

/* What is not known to be so now: who has not answered said it before. */
static bool is_unheard(const Snapshot *s, const char *node)
{
        const NodeInfo *n = snapshot_find_node(s, node);

        return !n || n->unread || !is_online(s, node);
}

/* Returns how many there are. */
static size_t say_wrong(const Ctl *c, const Snapshot *now, const AppInfo *a)
{
        size_t n = 0;

        FOREACH_ARRAY(w, a->wrong, a->n_wrong) {
                if (is_unheard(now, w->node))
                        continue;
                ctl_error(c, "%s: the file on %s is wrong: %s. 'distroctl verify' there says more.", a->name,
                                w->node, w->text);
                n++;
        }
        return n;
}

static int report(Ctl *c, const Snapshot *before, const Snapshot *now)
{
        size_t n_said = 0, n_wrong = 0, n_unheard;
        int r = 0;

        FOREACH_ARRAY(a, now->apps, now->n_apps) {
                r = say_app(c, now, snapshot_find_app(before, a->name), a);
                if (r < 0)
                        return ctl_oom(c);
                n_said += r > 0;
                n_wrong += say_wrong(c, now, a);
        }
        FOREACH_ARRAY(a, before->apps, before->n_apps)
                if (!snapshot_find_app(now, a->name)) {
                        ctl_say(c, "%s: no file any more; it is forgotten.", a->name);
                        n_said++;
                }
        if (n_said == 0 && n_wrong == 0 && say_nothing(c, now) < 0)
                return ctl_oom(c);
        n_unheard = say_unheard(c, now);
        return n_wrong + n_unheard > 0 ? STATUS_FAILURE : STATUS_OK;
}

static int fetch(Ctl *c, Snapshot *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = snapshot_fetch(c, &error, ret);

        return r < 0 ? bus_failed(c, &error, r, "show what the files hold", false) : STATUS_OK;
}

static int reload_all(Ctl *c)
{
        _cleanup_(snapshot_done) Snapshot before = {}, now = {};
        int status = fetch(c, &before);

        if (status == STATUS_OK)
                status = change_reload(c);
        if (status == STATUS_OK)
                status = fetch(c, &now);
        return status == STATUS_OK ? report(c, &before, &now) : status;
}

/* ---- this node alone ---- */

typedef struct Files {
        FileInfo *items;
        size_t n;
} Files;

static void files_end(Files *f)
{
        files_done(f->items, f->n);
}

static const FileInfo *files_find(const Files *files, const char *app)
{
        FOREACH_ARRAY(f, files->items, files->n)
                if (streq(f->app, app))
                        return f;
        return NULL;
}

/* A copy that runs here goes on with what it was started from. */
static bool own_copy_is_older(Ctl *c, const char *node, const char *app)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(app_info_done) AppInfo a = {};

        return app_info_fetch(c, app, &error, &a) >= 0 && a.restart_needed && streq(a.node, node);
}

/* Whatever the group knows of it: the manager's word of its own files, before and after. */
static int report_own(Ctl *c, const char *node, const Files *before, const Files *now)
{
        size_t n_said = 0, n_wrong = 0;

        FOREACH_ARRAY(f, now->items, now->n) {
                const FileInfo *was = files_find(before, f->app);
                uint64_t digest = was ? was->digest : 0;

                if (!f->right) {
                        n_wrong++;
                        if (c->options.host) /* else they are read here too, and it is told in full */
                                ctl_error(c, "%s: the file on %s is wrong. 'distroctl verify' there says more.",
                                                f->app, node);
                }
                if (f->digest == digest)
                        continue;
                ctl_say(c, "%s: %s on %s%s.", f->app, digest == 0 ? "new" : "changed", node,
                                digest != 0 && own_copy_is_older(c, node, f->app) ? "; restart needed" : "");
                n_said++;
        }
        FOREACH_ARRAY(f, before->items, before->n)
                if (f->digest != 0 && !files_find(now, f->app)) {
                        ctl_say(c, "%s: no file any more on %s.", f->app, node);
                        n_said++;
                }
        if (n_said + n_wrong == 0)
                ctl_say(c, "Read on %s: nothing has changed.", node);
        return n_wrong > 0 && c->options.host ? STATUS_FAILURE : STATUS_OK;
}

static int reload_own(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(manager_info_done) ManagerInfo m = {};
        _cleanup_(files_end) Files before = {}, now = {};
        int status, r = manager_info_fetch(c, &error, &m);

        if (r >= 0)
                r = files_fetch(c, &error, &before.items, &before.n);
        if (r < 0)
                return bus_failed(c, &error, r, "reload the files", false);
        status = change_reload(c);
        if (status != STATUS_OK)
                return status;
        r = files_fetch(c, &error, &now.items, &now.n);
        if (r < 0)
                return bus_failed(c, &error, r, "show what the files hold", false);
        return report_own(c, m.node_name, &before, &now);
}

int verb_reload(Ctl *c, int argc, char **argv)
{
        int status = ctl_connect(c), own;

        if (status != STATUS_OK)
                return status;
        status = c->options.all ? reload_all(c) : reload_own(c);
        if (c->options.host || (status != STATUS_OK && status != STATUS_FAILURE))
                return status;
        /* What this host's files lack is known in full here; the manager tells its journal. */
        own = files_check_reloaded(c);
        return own != STATUS_OK ? own : status;
}
