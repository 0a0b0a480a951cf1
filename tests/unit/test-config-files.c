/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which files make up the configuration: precedence, masks, drop-ins, and what one wrong file does to the
 * others. Each test has a directory of its own, which stands for the root. */

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const search_path[] = { "/etc/distro-manager", "/run/distro-manager",
        "/usr/lib/distro-manager", NULL };

#define APPS "distro-manager/applications/"
#define APP(nodes) "[Application]\nNodes=" nodes "\n[Service]\nExecStart=/bin/true\n"

typedef struct Fixture {
        char root[64];
        ConfigContext context;
        ConfigMessages messages;
} Fixture;

static int setup(void **state)
{
        Fixture *f = calloc(1, sizeof(*f));
        if (!f)
                return -1;
        strcpy(f->root, "/tmp/distro-config-XXXXXX");
        if (!mkdtemp(f->root))
                return -1;
        f->context = (ConfigContext){ .root = f->root, .search_path = search_path };
        *state = f;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static int teardown(void **state)
{
        Fixture *f = *state;
        config_messages_done(&f->messages);
        (void) nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static void make_parents(char *path)
{
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                (void) mkdir(path, 0755);
                *slash = '/';
        }
}

static void put(Fixture *f, const char *name, const char *text)
{
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", f->root, name);
        make_parents(path);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int unlink_in(Fixture *f, const char *name)
{
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", f->root, name);
        return unlink(path);
}

static void put_link(Fixture *f, const char *name, const char *target)
{
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", f->root, name);
        make_parents(path);
        assert_int_equal(symlink(target, path), 0);
}

static void assert_errors(Fixture *f, const char *expected)
{
        char *text = config_messages_join(&f->messages, CONFIG_ERROR);
        assert_string_equal(text, expected);
        free(text);
}

/* Loads one and says which description it has. */
static void assert_description(Fixture *f, const char *name, const char *expected)
{
        AppConfig app;
        int r = app_config_load(&f->context, name, &f->messages, &app);
        if (r < 0)
                fail_msg("%s: %s, %s", name, strerror(-r),
                                f->messages.n_items > 0 ? f->messages.items[0].text : "");
        assert_string_equal(app.definition.name, name);
        assert_string_equal(app.definition.description ? app.definition.description : "", expected);
        app_config_done(&app);
}

static void assert_list(char **list, const char *const *expected)
{
        size_t i = 0;
        for (; expected[i]; i++) {
                if (!list[i])
                        fail_msg("%s is missing", expected[i]);
                assert_string_equal(list[i], expected[i]);
        }
        assert_null(list[i]);
        strings_free(list);
}

#define ASSERT_FILES(f, name, result, ...)                                                    \
        do {                                                                                  \
                char **list_;                                                                 \
                assert_int_equal(app_config_list_files(&(f)->context, name, &list_), result); \
                assert_list(list_, (const char *const[]){ __VA_ARGS__, NULL });               \
        } while (0)

static void test_precedence(void **state)
{
        Fixture *f = *state;
        put(f, "usr/lib/" APPS "a.app", APP("n") "[Application]\nDescription=lib\n");
        assert_description(f, "a", "lib");
        put(f, "run/" APPS "a.app", APP("n") "[Application]\nDescription=run\n");
        assert_description(f, "a", "run");
        put(f, "etc/" APPS "a.app", APP("n") "[Application]\nDescription=etc\n");
        assert_description(f, "a", "etc");
        ASSERT_FILES(f, "a", 0, "/etc/" APPS "a.app");
}

static void test_masks(void **state)
{
        Fixture *f = *state;
        AppConfig app;
        AppConfigs all;
        char **names;

        put(f, "usr/lib/" APPS "a.app", APP("n"));
        put(f, "etc/" APPS "a.app", "");
        put(f, "usr/lib/" APPS "a.app.d/x.conf", "[Nonsense]\n");
        put(f, "usr/lib/" APPS "b.app", APP("n"));
        put_link(f, "run/" APPS "b.app", "/dev/null");
        put(f, "usr/lib/" APPS "c.app", APP("n"));
        put(f, "etc/" APPS "d.app.d/x.conf", "[Application]\nNodes=n\n");

        assert_int_equal(app_config_load(&f->context, "a", &f->messages, &app), -ENOENT);
        assert_int_equal(app_config_load(&f->context, "b", &f->messages, &app), -ENOENT);
        assert_int_equal(app_config_load(&f->context, "d", &f->messages, &app), -ENOENT);
        assert_int_equal(app_config_load(&f->context, "e", &f->messages, &app), -ENOENT);
        ASSERT_FILES(f, "a", -ERFKILL, "/etc/" APPS "a.app");
        ASSERT_FILES(f, "b", -ERFKILL, "/run/" APPS "b.app");
        assert_int_equal(app_config_list_files(&f->context, "d", &names), -ENOENT);

        assert_int_equal(app_config_list_names(&f->context, &names), 0);
        assert_list(names, (const char *const[]){ "c", NULL });
        assert_int_equal(app_config_load_all(&f->context, &f->messages, &all), 0);
        assert_int_equal(all.n_items, 1);
        assert_int_equal(all.n_failures, 0);
        assert_int_equal(f->messages.n_items, 0);
        app_configs_done(&all);
}

static void test_dropins(void **state)
{
        Fixture *f = *state;
        put(f, "etc/" APPS "a.app", APP("n m") "[Application]\nDescription=file\nWeight=1\n");
        put(f, "usr/lib/" APPS "a.app.d/10-lib.conf", "[Application]\nDescription=10-lib\nWeight=10\n");
        put(f, "etc/" APPS "a.app.d/20-etc.conf", "[Application]\nDescription=20-etc\n");
        put(f, "run/" APPS "a.app.d/30-run.conf", "[Application]\nNodes=\nNodes=m\n");
        put(f, "etc/" APPS "a.app.d/ignored", "[Nonsense]\n");
        put(f, "etc/" APPS "a.app.d/.hidden.conf", "[Nonsense]\n");
        assert_description(f, "a", "20-etc");
        ASSERT_FILES(f, "a", 0, "/etc/" APPS "a.app", "/usr/lib/" APPS "a.app.d/10-lib.conf",
                        "/etc/" APPS "a.app.d/20-etc.conf", "/run/" APPS "a.app.d/30-run.conf");

        AppConfig app;
        assert_int_equal(app_config_load(&f->context, "a", &f->messages, &app), 0);
        assert_int_equal(app.definition.weight, 10);
        assert_int_equal(app.definition.n_nodes, 1);
        assert_string_equal(app.definition.nodes[0].name, "m");
        app_config_done(&app);

        /* The same name in a higher directory takes its place; an empty one or a link to /dev/null takes it
         * away. */
        put(f, "run/" APPS "a.app.d/20-etc.conf", "[Application]\nDescription=lower\n");
        assert_description(f, "a", "20-etc");
        put(f, "etc/" APPS "a.app.d/10-lib.conf", "[Application]\nDescription=etc\nWeight=11\n");
        put_link(f, "etc/" APPS "a.app.d/30-run.conf", "/dev/null");
        ASSERT_FILES(f, "a", 0, "/etc/" APPS "a.app", "/etc/" APPS "a.app.d/10-lib.conf",
                        "/etc/" APPS "a.app.d/20-etc.conf");
        put(f, "etc/" APPS "a.app.d/20-etc.conf", "");
        assert_description(f, "a", "etc");
        ASSERT_FILES(f, "a", 0, "/etc/" APPS "a.app", "/etc/" APPS "a.app.d/10-lib.conf");

        /* A mistake in a drop-in names the drop-in. */
        put(f, "usr/lib/" APPS "a.app.d/90-bad.conf", "\n[Application]\nWeight=0\nPermittedNodes=m x\n");
        assert_int_equal(app_config_load(&f->context, "a", &f->messages, &app), -EINVAL);
        assert_errors(f, "/usr/lib/" APPS "a.app.d/90-bad.conf:3: Weight=: \"0\" is not valid, expected a "
                         "number from 1 to 10000\n"
                         "/usr/lib/" APPS "a.app.d/90-bad.conf:4: PermittedNodes=: \"x\" is not in Nodes=, "
                         "expected some of its nodes");
}

/* A wrong file keeps that application out and no other. */
static void test_load_all(void **state)
{
        Fixture *f = *state;
        AppConfigs all;

        assert_int_equal(app_config_load_all(&f->context, &f->messages, &all), 0);
        assert_int_equal(all.n_items, 0);
        assert_int_equal(all.n_failures, 0);
        app_configs_done(&all);

        put(f, "etc/" APPS "b.app", APP("n"));
        put(f, "run/" APPS "a-b.app", APP("n"));
        put(f, "usr/lib/" APPS "a.app", APP("n"));
        put(f, "etc/" APPS "bad.app",
                        "[Application]\nNodes=n\nWeight=x\n[Service]\nFoo=1\nExecStart=/bin/true\n");
        put(f, "etc/" APPS "Bad_Name.app", APP("n"));
        put(f, "etc/" APPS "README", "nothing to see");
        put(f, "etc/" APPS ".hidden.app", "nothing to see");
        put(f, "etc/" APPS "folder.app/x", "");
        put_link(f, "etc/" APPS "lost.app", "/nonexistent/file");
        put_link(f, "etc/" APPS "link.app", "b.app");

        assert_int_equal(app_config_load_all(&f->context, &f->messages, &all), 0);
        assert_int_equal(all.n_items, 4);
        assert_string_equal(all.items[0].definition.name, "a");
        assert_string_equal(all.items[1].definition.name, "a-b");
        assert_string_equal(all.items[2].definition.name, "b");
        assert_string_equal(all.items[3].definition.name, "link");
        assert_ptr_equal(app_configs_find(&all, "b"), all.items + 2);
        assert_null(app_configs_find(&all, "bad"));
        assert_int_equal(all.n_failures, 4);
        assert_string_equal(all.failures[0].name, "Bad_Name");
        assert_string_equal(all.failures[0].text,
                        "/etc/" APPS
                        "Bad_Name.app: \"Bad_Name\" is no name for an application, expected a DNS "
                        "label: a-z, 0-9 and hyphens, not at either end, at most 63 bytes");
        assert_string_equal(all.failures[1].name, "bad");
        assert_string_equal(all.failures[1].text,
                        "/etc/" APPS
                        "bad.app:3: Weight=: \"x\" is not valid, expected a number from 1 to 10000\n"
                        "/etc/" APPS "bad.app:5: Foo=: unknown key in section [Service]");
        assert_string_equal(all.failures[2].name, "folder");
        assert_non_null(strstr(
                        all.failures[2].text, "/etc/" APPS "folder.app: can't be read: Is a directory"));
        assert_string_equal(all.failures[3].name, "lost");
        assert_non_null(strstr(all.failures[3].text,
                        "/etc/" APPS "lost.app: can't be read: No such file or directory"));
        assert_true(f->messages.n_errors >= 5);
        app_configs_done(&all);
}

static void test_load_file(void **state)
{
        Fixture *f = *state;
        char path[PATH_MAX], before[PATH_MAX];
        AppConfig app;

        assert_non_null(getcwd(before, sizeof(before)));
        put(f, "home/me/a.app", APP("n"));
        put(f, "home/me/a.app.d/x.conf", "[Application]\nDescription=beside\n");
        put(f, "etc/" APPS "a.app.d/y.conf", "[Application]\nWeight=7\n");
        put(f, "etc/" APPS "a.app.d/x.conf", "[Application]\nDescription=below\n");
        snprintf(path, sizeof(path), "%s/home/me/a.app", f->root);
        assert_int_equal(app_config_load_file(&f->context, path, &f->messages, &app), 0);
        assert_string_equal(app.definition.name, "a");
        assert_string_equal(app.definition.description, "beside");
        assert_int_equal(app.definition.weight, 7);
        app_config_done(&app);

        assert_int_equal(app_config_load_file(&f->context, "/nonexistent/a.conf", &f->messages, &app),
                        -EINVAL);
        assert_int_equal(app_config_load_file(&f->context, ".app", &f->messages, &app), -EINVAL);
        assert_errors(f, "/nonexistent/a.conf: the name does not end in .app, expected NAME.app\n"
                         ".app: the name does not end in .app, expected NAME.app");
        config_messages_done(&f->messages);
        assert_int_equal(
                        app_config_load_file(&f->context, "/nonexistent/b.app", &f->messages, &app), -EINVAL);
        assert_true(f->messages.n_items > 0);
        assert_string_equal(f->messages.items[0].text,
                        "/nonexistent/b.app: can't be read: No such file or directory");
        config_messages_done(&f->messages);

        /* A file without a slash in its name lies in the working directory, one in the root has no directory.
         */
        snprintf(path, sizeof(path), "%s/home/me", f->root);
        assert_int_equal(chdir(path), 0);
        assert_int_equal(app_config_load_file(&f->context, "a.app", &f->messages, &app), 0);
        assert_string_equal(app.definition.description, "beside");
        app_config_done(&app);
        assert_int_equal(chdir(before), 0);
        assert_int_equal(app_config_load_file(&f->context, "/no-such-file.app", &f->messages, &app), -EINVAL);
        assert_string_equal(f->messages.items[0].text,
                        "/no-such-file.app: can't be read: No such file or directory");
}

/* Others may not read a file, and its values are shown to everybody all the same: said once of a file. */
static void test_secret(void **state)
{
        static const struct {
                const char *text;
                mode_t mode;
                const char *expected;
        } cases[] = {
                { APP("n") "Environment=A=1\nSetCredential=a:b\n", 0644, NULL },
                { APP("n") "Environment=A=1\nSetCredential=a:b\n", 0640,
                                ":5: Environment=: others may not read" },
                { APP("n") "SetCredential=a:b\n", 0600, ":5: SetCredential=: others may not read" },
                { APP("n") "LoadCredential=a:/b\n", 0600, NULL },
        };
        Fixture *f = *state;
        char path[PATH_MAX];
        AppConfig app;

        snprintf(path, sizeof(path), "%s/x.app", f->root);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                put(f, "x.app", cases[i].text);
                assert_int_equal(chmod(path, cases[i].mode), 0);
                assert_int_equal(app_config_load_file(&f->context, path, &f->messages, &app), 0);
                assert_int_equal(f->messages.n_items, cases[i].expected != NULL);
                if (cases[i].expected && !strstr(f->messages.items[0].text, cases[i].expected))
                        fail_msg("%s", f->messages.items[0].text);
                app_config_done(&app);
                config_messages_done(&f->messages);
        }
}

/* Names that are not quite right make no application, which is said. */
static void test_stray(void **state)
{
        Fixture *f = *state;
        AppConfigs apps;

        put(f, "etc/" APPS "a.app", APP("n"));
        put(f, "etc/" APPS "a.app.d/x.conf", "[Application]\nWeight=2\n");
        put(f, "etc/" APPS ".hidden", "");
        put(f, "etc/" APPS "a.app~", APP("n"));
        put(f, "usr/lib/" APPS "shop.service", "[Service]\n");
        assert_int_equal(app_config_load_all(&f->context, &f->messages, &apps), 0);
        assert_int_equal(apps.n_items, 1);
        assert_int_equal(f->messages.n_items, 2);
        assert_int_equal(f->messages.n_errors, 0);
        assert_string_equal(f->messages.items[0].text,
                        "/etc/" APPS "a.app~: is not read: applications are NAME.app, their drop-ins "
                        "NAME.app.d/*.conf");
        assert_non_null(strstr(f->messages.items[1].text, "/usr/lib/" APPS "shop.service: is not read"));
        app_configs_done(&apps);
}

static void test_unreadable(void **state)
{
        Fixture *f = *state;
        char path[PATH_MAX];
        AppConfig app;

        snprintf(path, sizeof(path), "%s/fifo.app", f->root);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(app_config_load_file(&f->context, path, &f->messages, &app), -EINVAL);
        assert_string_equal(f->messages.items[0].text + strlen(path), ": not a regular file");
        config_messages_done(&f->messages);

        snprintf(path, sizeof(path), "%s/big.app", f->root);
        put(f, "big.app", APP("n"));
        assert_int_equal(truncate(path, 2 << 20), 0);
        assert_int_equal(app_config_load_file(&f->context, path, &f->messages, &app), -EINVAL);
        assert_string_equal(f->messages.items[0].text + strlen(path),
                        ": too large, expected at most 1048576 bytes");
}

static void test_manager(void **state)
{
        Fixture *f = *state;
        ManagerConfig c;
        char **list;

        assert_int_equal(manager_config_load(&f->context, &f->messages, &c), 0);
        assert_string_equal(c.group, "distro-manager");
        manager_config_done(&c);
        assert_int_equal(manager_config_list_files(&f->context, &list), 0);
        assert_list(list, (const char *const[]){ NULL });

        put(f, "usr/lib/distro-manager/manager.conf", "[Cluster]\nGroup=lib\n");
        put(f, "etc/distro-manager/manager.conf", "[Cluster]\nGroup=etc\nSyncMandatory=a\n");
        put(f, "run/distro-manager/manager.conf.d/50-x.conf",
                        "[Cluster]\nSyncMandatory=b\nSyncTimeoutSec=1min\n");
        put(f, "usr/lib/distro-manager/manager.conf.d/60-y.conf", "[Cluster]\nNoQuorumPolicy=freeze\n");
        assert_int_equal(manager_config_load(&f->context, &f->messages, &c), 0);
        assert_string_equal(c.group, "etc");
        assert_int_equal(c.n_sync_mandatory, 2);
        assert_true(c.sync_timeout_usec == 60 * USEC_PER_SEC);
        assert_int_equal(c.no_quorum_policy, NO_QUORUM_FREEZE);
        manager_config_done(&c);
        assert_int_equal(manager_config_list_files(&f->context, &list), 0);
        assert_list(list, (const char *const[]){ "/etc/distro-manager/manager.conf",
                                          "/run/distro-manager/manager.conf.d/50-x.conf",
                                          "/usr/lib/distro-manager/manager.conf.d/60-y.conf", NULL });

        put(f, "etc/distro-manager/manager.conf.d/60-y.conf", "[Cluster]\nNoQuorumPolicy=ignore\nFoo=1\n");
        assert_int_equal(manager_config_load(&f->context, &f->messages, &c), -EINVAL);
        assert_errors(f, "/etc/distro-manager/manager.conf.d/60-y.conf:2: NoQuorumPolicy=: \"ignore\" is not "
                         "valid, expected \"stop\" or "
                         "\"freeze\"\n/etc/distro-manager/manager.conf.d/60-y.conf:3: Foo=: unknown key in "
                         "section [Cluster]");
}

static void test_default_path(void **state)
{
        const char *const *path = config_search_path_default();
        size_t n = 0;
        for (; path[n]; n++) {
                assert_int_equal(path[n][0], '/');
                assert_non_null(strstr(path[n], "/distro-manager"));
        }
        assert_int_equal(n, 3);
        assert_string_equal(path[1], "/run/distro-manager");
        assert_null(strings_free(NULL));
}

/* The examples that users copy are right. */
static void test_examples(void **state)
{
        const char *top = getenv("top_srcdir");
        static const char *const names[] = { "distro.app", "web.app" };
        ConfigContext context = { 0 };
        ConfigMessages messages = { 0 };
        char path[PATH_MAX], text[4096];
        ManagerConfig manager;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                AppConfig app;
                snprintf(path, sizeof(path), "%s/examples/%s", top ? top : ".", names[i]);
                if (app_config_load_file(&context, path, &messages, &app) < 0)
                        fail_msg("%s", messages.items[0].text);
                app_config_done(&app);
        }
        snprintf(path, sizeof(path), "%s/examples/manager.conf", top ? top : ".");
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        size_t size_bytes = fread(text, 1, sizeof(text), file);
        (void) fclose(file);
        assert_true(size_bytes > 0 && size_bytes < sizeof(text));
        assert_int_equal(manager_config_parse(&context, path, text, size_bytes, &messages, &manager), 0);
        manager_config_done(&manager);
        assert_int_equal(messages.n_items, 0);
}

#define SHARED(nodes, ...) APP(nodes) "[Parts]\n" __VA_ARGS__

static AppConfigs load_shared(Fixture *f, const AppConfigs *in_force, const char *expected)
{
        AppConfigs c = { 0 };

        assert_int_equal(app_config_load_all(&f->context, &f->messages, &c), 0);
        assert_errors(f, "");
        assert_int_equal(app_configs_refuse_shared(&c, in_force, &f->messages), 0);
        assert_errors(f, expected);
        config_messages_done(&f->messages);
        return c;
}

/* Nobody but the one who has it may have an address where a node may run both. */
static void test_shared_addresses(void **state)
{
        Fixture *f = *state;

        put(f, "etc/" APPS "shop.app",
                        SHARED("abc {bcd def}", "Address=192.0.2.20/24\nAddress=192.0.2.21/24\n"));
        put(f, "etc/" APPS "admin.app",
                        SHARED("def", "Address=2001:db8::30/64\nAddress=192.0.2.20/25 eth1\n"));
        put(f, "etc/" APPS "mail.app", SHARED("ghi", "Address=192.0.2.20/24\nAddress=192.0.2.21/24\n"));
        put(f, "etc/" APPS "wiki.app", SHARED("def abc", "Address=192.0.2.21/24\n"));

        /* The first by name; wiki has no quarrel with shop, which is out. */
        AppConfigs first = load_shared(f, NULL,
                        "/etc/distro-manager/applications/shop.app:6: Address=: 192.0.2.20/24 is a part of admin too "
                        "(/etc/distro-manager/applications/admin.app:7), and def may run both, expected it in one of them");
        assert_int_equal(first.n_items, 3);
        assert_non_null(app_configs_find(&first, "mail"));
        assert_non_null(app_configs_find(&first, "wiki"));
        assert_null(app_configs_find(&first, "shop"));
        assert_int_equal(first.n_failures, 1);
        assert_string_equal(first.failures[0].name, "shop");
        assert_int_equal(first.failures[0].line, 6);
        assert_non_null(strstr(first.failures[0].text, "is a part of admin too"));
        app_configs_done(&first);

        /* Who has it already keeps it, whatever its name is. */
        assert_int_equal(unlink_in(f, "etc/" APPS "admin.app"), 0);
        assert_int_equal(unlink_in(f, "etc/" APPS "wiki.app"), 0);
        AppConfigs before = load_shared(f, NULL, "");
        put(f, "etc/" APPS "admin.app",
                        SHARED("def", "Address=2001:db8::30/64\nAddress=192.0.2.20/25 eth1\n"));
        put(f, "etc/" APPS "able.app", SHARED("def", "Address=192.0.2.20/24\nAddress=192.0.2.21/24\n"));
        AppConfigs after = load_shared(f, &before,
                        "/etc/distro-manager/applications/able.app:6: Address=: 192.0.2.20/24 is a part of shop too "
                        "(/etc/distro-manager/applications/shop.app:6), and def may run both, expected it in one of them\n"
                        "/etc/distro-manager/applications/admin.app:7: Address=: 192.0.2.20/25 is a part of shop too "
                        "(/etc/distro-manager/applications/shop.app:6), and def may run both, expected it in one of them\n"
                        "/etc/distro-manager/applications/able.app:7: Address=: 192.0.2.21/24 is a part of shop too "
                        "(/etc/distro-manager/applications/shop.app:7), and def may run both, expected it in one of them");
        assert_int_equal(after.n_items, 2);
        assert_int_equal(after.n_failures, 2);
        assert_string_equal(after.failures[0].name, "able");
        assert_string_equal(after.failures[1].name, "admin");
        app_configs_done(&after);

        /* Also where its file is wrong now, or gives it away but is wrong for it: the last good definition stays. */
        put(f, "etc/" APPS "shop.app", SHARED("abc def", "Address=192.0.2.22/24\n"));
        put(f, "etc/" APPS "mail.app", SHARED("def", "Address=192.0.2.22/24\n"));
        assert_int_equal(unlink_in(f, "etc/" APPS "admin.app"), 0);
        after = load_shared(f, &before,
                        "/etc/distro-manager/applications/shop.app:6: Address=: 192.0.2.22/24 is a part of mail too "
                        "(/etc/distro-manager/applications/mail.app:6), and def may run both, expected it in one of them\n"
                        "/etc/distro-manager/applications/able.app:6: Address=: 192.0.2.20/24 is a part of shop too "
                        "(/etc/distro-manager/applications/shop.app:6), and def may run both, expected it in one of them\n"
                        "/etc/distro-manager/applications/able.app:7: Address=: 192.0.2.21/24 is a part of shop too "
                        "(/etc/distro-manager/applications/shop.app:7), and def may run both, expected it in one of them");
        assert_int_equal(after.n_items, 1);
        assert_int_equal(after.n_failures, 2);
        app_configs_done(&after);
        app_configs_done(&before);
}

/* Nor mounts of which one would hide the other. */
static void test_mounts_of_two(void **state)
{
        Fixture *f = *state;

        put(f, "etc/" APPS "admin.app", SHARED("abc", "Mount=/dev/sdb /srv/a\n"));
        put(f, "etc/" APPS "mail.app", SHARED("abc", "Mount=/dev/sdc /srv/a-b\n"));
        put(f, "etc/" APPS "shop.app", SHARED("abc", "Mount=/dev/sdd /srv/a/data\n"));
        put(f, "etc/" APPS "wiki.app", SHARED("ghi", "Mount=/dev/sde /srv\n"));
        AppConfigs first = load_shared(f, NULL,
                        "/etc/distro-manager/applications/shop.app:6: Mount=: /srv/a/data and /srv/a, a part of admin "
                        "(/etc/distro-manager/applications/admin.app:6), lie one below the other, and abc may run both, "
                        "expected them apart");
        assert_int_equal(first.n_items, 3);
        assert_null(app_configs_find(&first, "shop"));
        app_configs_done(&first);

        /* Who has it already keeps it. */
        assert_int_equal(unlink_in(f, "etc/" APPS "admin.app"), 0);
        AppConfigs before = load_shared(f, NULL, "");
        put(f, "etc/" APPS "admin.app", SHARED("abc", "Unit=srv-a.mount\n"));
        AppConfigs after = load_shared(f, &before,
                        "/etc/distro-manager/applications/admin.app:6: Unit=: srv-a.mount and /srv/a/data, a part of shop "
                        "(/etc/distro-manager/applications/shop.app:6), lie one below the other, and abc may run both, "
                        "expected them apart");
        assert_int_equal(after.n_items, 3);
        app_configs_done(&after);
        app_configs_done(&before);
}

/* One name for one disk: no node has to be in both Nodes=. */
static void test_disk_of_two(void **state)
{
        Fixture *f = *state;

        put(f, "etc/" APPS "admin.app", SHARED("abc", "Mount=/dev/disk/by-id/wwn-0x1 /srv/a\n"));
        put(f, "etc/" APPS "mail.app", SHARED("ghi", "Mount=/dev/disk/by-id/wwn-0x1 /srv/b\n"));
        put(f, "etc/" APPS "shop.app", SHARED("abc", "Mount=/dev/sdb /srv/c\n"));
        put(f, "etc/" APPS "wiki.app", SHARED("ghi", "Mount=/dev/sdb /srv/d\n"));
        AppConfigs c = load_shared(f, NULL,
                        "/etc/distro-manager/applications/mail.app:6: Mount=: /dev/disk/by-id/wwn-0x1 is a part of admin too "
                        "(/etc/distro-manager/applications/admin.app:6), and is the same disk on every node, expected it in "
                        "one of them");
        assert_int_equal(c.n_items, 3);
        assert_null(app_configs_find(&c, "mail"));
        app_configs_done(&c);
}

static bool is_first_of_two(const char *name, void *userdata)
{
        return streq(name, userdata);
}

/* What outlives a kill, and has no time for its end: refused with both numbers, but not where it was there before. */
static void test_short_delays(void **state)
{
        char known[] = "known";
        char name[] = "/srv", *none[] = { NULL };
        Part parts[] = { { .kind = PART_ADDRESS, .id = name, .name = name, .arguments = none },
                { .kind = PART_MOUNT, .id = name, .name = name, .arguments = none, .line = 7 } };
        AppConfigs c = {};
        Fixture *f = *state;

        put(f, "etc/" APPS "known.app", APP("abc def") "[Application]\nFailoverDelaySec=9s\n");
        put(f, "etc/" APPS "other.app", APP("abc def") "[Application]\nFailoverDelaySec=9s\n");
        put(f, "etc/" APPS "plain.app", APP("abc def") "[Application]\nFailoverDelaySec=9s\n");
        assert_int_equal(app_config_load_all(&f->context, &f->messages, &c), 0);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(parts_copy(&(Parts){ parts, ELEMENTSOF(parts) }, &c.items[i].parts), 0);
        c.items[0].definition.needs_end = c.items[1].definition.needs_end = true;
        assert_int_equal(app_configs_refuse_short(&c, 9 * USEC_PER_SEC, is_first_of_two, known, &f->messages),
                        0);
        assert_errors(f, "");
        assert_int_equal(app_configs_refuse_short(
                                         &c, 10845 * USEC_PER_MSEC, is_first_of_two, known, &f->messages),
                        0);
        assert_errors(f,
                        ":7: Mount=: /srv outlives a kill, and FailoverDelaySec=9s is shorter than the 10s 845ms that "
                        "this node may need to end it when it is cut off, expected \"auto\" or at least that");
        assert_int_equal(c.n_items, 2);
        assert_non_null(app_configs_find(&c, "known"));
        assert_non_null(app_configs_find(&c, "plain"));
        assert_int_equal(c.n_failures, 1);
        assert_string_equal(c.failures[0].name, "other");

        /* What nobody waits for has time, and so has what waits as long as it needs. */
        c.items[0].definition.failover_delay_usec = DELAY_AUTO;
        assert_int_equal(app_config_check_delay(c.items, 10845 * USEC_PER_MSEC, &f->messages), 0);
        c.items[0].definition.failover_delay_usec = 0;
        assert_int_equal(app_config_check_delay(c.items, 10845 * USEC_PER_MSEC, &f->messages), -EINVAL);
        c.items[0].definition.n_nodes = 1;
        assert_int_equal(app_config_check_delay(c.items, 10845 * USEC_PER_MSEC, &f->messages), 0);
        c.items[0].definition.n_nodes = 2;
        app_configs_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
                cmocka_unit_test_setup_teardown(test_masks, setup, teardown),
                cmocka_unit_test_setup_teardown(test_dropins, setup, teardown),
                cmocka_unit_test_setup_teardown(test_load_all, setup, teardown),
                cmocka_unit_test_setup_teardown(test_load_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
                cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
                cmocka_unit_test_setup_teardown(test_stray, setup, teardown),
                cmocka_unit_test_setup_teardown(test_manager, setup, teardown),
                cmocka_unit_test_setup_teardown(test_shared_addresses, setup, teardown),
                cmocka_unit_test_setup_teardown(test_mounts_of_two, setup, teardown),
                cmocka_unit_test_setup_teardown(test_disk_of_two, setup, teardown),
                cmocka_unit_test_setup_teardown(test_short_delays, setup, teardown),
                cmocka_unit_test(test_default_path),
                cmocka_unit_test(test_examples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
