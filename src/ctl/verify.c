/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/verify.h"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/array.h"
#include "base/ip-address.h"
#include "base/text.h"

int verify_add(ConfigMessages *m, ConfigLevel level, const char *application, const char *file,
                const char *format, ...)
{
        ConfigMessage *item;
        va_list args;
        int r;

        if (ARRAY_GROW(m->items, m->n_items, m->n_allocated) < 0)
                return -ENOMEM;
        item = &m->items[m->n_items];
        va_start(args, format);
        r = vasprintf(&item->text, format, args);
        va_end(args);
        if (r < 0) {
                item->text = NULL;
                return -ENOMEM;
        }
        m->n_items++;
        m->n_errors += level == CONFIG_ERROR;
        item->level = level;
        item->application = application ? strdup(application) : NULL;
        item->file = strdup(file);
        return item->file && (item->application || !application) ? 0 : -ENOMEM;
}

const char *verify_words(const ConfigMessage *m)
{
        const char *rest = startswith(m->text, m->file);

        if (rest && *rest == ':' && rest[1] != ' ')
                rest += 1 + strspn(rest + 1, "0123456789");
        if (!rest && m->application)
                rest = startswith(m->text, m->application);
        return rest && startswith(rest, ": ") ? rest + 2 : m->text;
}

/* ---- what the host lacks ---- */

/* Where systemd looks for a program without a slash in its name. */
static const char *const program_directories[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
        "/usr/bin", "/sbin", "/bin" };

static bool program_is_there(const char *program)
{
        bool found = false;

        if (strchr(program, '/'))
                return access(program, X_OK) >= 0;
        for (size_t i = 0; i < ELEMENTSOF(program_directories) && !found; i++) {
                _cleanup_free_ char *path = text_format("%s/%s", program_directories[i], program);
                found = !path || access(path, X_OK) >= 0;
        }
        return found;
}

static int check_programs(const AppConfig *app, SealedProperty *p, ConfigMessages *messages)
{
        int r = 0;

        for (uint32_t n = get_u32(&p->value); n > 0 && r >= 0; n--) {
                SealedExec e = sealed_exec(p);

                if (!e.ignore_failure && !program_is_there(e.path))
                        r = verify_add(messages, CONFIG_WARNING, app->definition.name, app->definition.name,
                                        "%s: %.*s=: this node has no program %s, so the application cannot run here",
                                        app->definition.name, sealed_exec_key_length(p), p->name, e.path);
        }
        return r;
}

static bool is_number(const char *name)
{
        return name[strspn(name, "0123456789")] == '\0';
}

static bool user_is_there(const char *name)
{
        return is_number(name) || getpwnam(name);
}

static bool group_is_there(const char *name)
{
        return is_number(name) || getgrnam(name);
}

static int check_user(const AppConfig *app, const char *key, bool (*is_there)(const char *name),
                ConfigMessages *messages)
{
        SealedProperty p, dynamic;
        const char *name;

        if (!sealed_find(&app->properties, key, &p) || !streq(p.signature, "s") ||
                        (sealed_find(&app->properties, "DynamicUser", &dynamic) && get_bool(&dynamic.value)))
                return 0;
        name = sealed_string(&p.value);
        if (isempty(name) || is_there(name))
                return 0;
        return verify_add(messages, CONFIG_WARNING, app->definition.name, app->definition.name,
                        "%s: %s=: this node has no \"%s\", so the application cannot run here",
                        app->definition.name, key, name);
}

int verify_host(const AppConfig *app, ConfigMessages *messages)
{
        /* With these the programs, and perhaps the users, are others than those here. */
        static const char *const elsewhere[] = { "RootDirectory", "RootImage", "ExecSearchPath" };
        ByteReader reader = sealed_reader(&app->properties);
        SealedProperty p;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(elsewhere); i++)
                if (sealed_find(&app->properties, elsewhere[i], &p))
                        return 0;
        r = check_user(app, "User", user_is_there, messages);
        if (r >= 0)
                r = check_user(app, "Group", group_is_there, messages);
        while (r >= 0 && sealed_next(&reader, &p))
                if (sealed_is_exec(&p))
                        r = check_programs(app, &p, messages);
        return r;
}

/* ---- addresses ---- */

static bool is_loopback(const struct sockaddr *address)
{
        Address a;

        return address_of_socket(address, &a) && address_is_loopback(&a);
}

/* The loopback address that a name stands for, or "". */
static const char *find_loopback(const char *name, char buffer[static NI_MAXHOST])
{
        const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
        struct addrinfo *all = NULL;

        buffer[0] = '\0';
        if (getaddrinfo(name, NULL, &hints, &all) != 0)
                return buffer;
        for (const struct addrinfo *a = all; a && !*buffer; a = a->ai_next)
                if (is_loopback(a->ai_addr) && getnameinfo(a->ai_addr, a->ai_addrlen, buffer, NI_MAXHOST,
                                                               NULL, 0, NI_NUMERICHOST) != 0)
                        buffer[0] = '\0';
        freeaddrinfo(all);
        return buffer;
}

int verify_addresses(const CorosyncConf *conf, ConfigMessages *messages)
{
        const char *path = corosync_conf_path();
        int r = 0;

        for (size_t i = 0; i < conf->n_addresses && r >= 0; i++) {
                const char *name = conf->addresses[i];
                char address[NI_MAXHOST];

                if (!*find_loopback(name, address))
                        continue;
                if (streq(address, name))
                        r = verify_add(messages, CONFIG_WARNING, NULL, path,
                                        "%s: the ring address %s is every host's own: no node hears another one, and each "
                                        "is a cluster by itself",
                                        path, name);
                else
                        r = verify_add(messages, CONFIG_WARNING, NULL, path,
                                        "%s: the ring address %s is %s here, which no other node can reach. Take a line like "
                                        "\"%s %s\" out of /etc/hosts, or write addresses",
                                        path, name, address, address, name);
        }
        return r;
}
