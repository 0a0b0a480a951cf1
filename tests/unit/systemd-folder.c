/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd-folder.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "systemd/unit-read.h"

char folder[64];

int folder_set_up(void **state)
{
        snprintf(folder, sizeof(folder), "/tmp/test-guard-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

int folder_tear_down(void **state)
{
        char command[128];

        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command);
}

void put(const char *name, const char *text)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = 0;
                (void) mkdir(path, 0755);
                *slash = '/';
        }
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

const char *get(const char *name)
{
        static char text[1024];
        char path[256];
        size_t n = 0;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        FILE *f = fopen(path, "re");
        if (f) {
                n = fread(text, 1, sizeof(text) - 1, f);
                (void) fclose(f);
        }
        text[n] = 0;
        return text;
}

void folder_remove(const char *name)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        (void) unlink(path);
}

/* ---- a bus, with systemd on it, in a process of its own ---- */

/* Errors that systemd answers with, stop by stop; NULL: it does what it is asked to. */
static const char *const *answers;

static void log_call(const char *member, const char *unit, const char *mode)
{
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/calls", folder);
        f = fopen(path, "ae");
        if (!f || fprintf(f, "%s %s %s\n", member, unit, mode) < 0 || fclose(f) != 0)
                _exit(1);
}

/* The run of a unit: all but "new" have one. */
static int get_run(sd_bus_message *m)
{
        uint8_t id[16] = { 0xab, 1 };
        sd_bus_message *reply = NULL;
        size_t size = strstr(sd_bus_message_get_path(m), "new") ? 0 : sizeof(id);
        int r = sd_bus_message_new_method_return(m, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', id, size);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r < 0 ? r : 1;
}

/* There is no unit. */
static int list_nothing(sd_bus_message *m)
{
        int r = sd_bus_reply_method_return(m, "a(ssssssouso)", 0);

        return r < 0 ? r : 1;
}

/* Nor one that ever was. */
static int get_nothing(sd_bus_message *m)
{
        int r = sd_bus_reply_method_return(m, "a{sv}", 3, "LoadState", "s", "not-found", "ActiveState", "s",
                        "inactive", "SubState", "s", "dead");

        return r < 0 ? r : 1;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        static size_t n;
        const char *unit = sd_bus_message_get_path(m), *mode;

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
                return sd_bus_reply_method_return(m, "s", ":1.1");
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
                return get_run(m);
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "GetAll"))
                return get_nothing(m);
        if (sd_bus_message_is_method_call(m, NULL, "ListUnitsByPatterns"))
                return list_nothing(m);
        if (sd_bus_message_is_method_call(m, NULL, "Subscribe"))
                return sd_bus_reply_method_return(m, "");
        if (sd_bus_message_is_method_call(m, NULL, "StopUnit") && sd_bus_message_read(m, "s", &unit) < 0)
                return 0;
        if (sd_bus_message_read(m, "s", &mode) < 0)
                return 0;
        log_call(sd_bus_message_get_member(m), unit, mode);
        if (answers[n])
                return sd_bus_reply_method_errorf(m, answers[n++], "no");
        n++;
        return sd_bus_reply_method_return(m, "o", SYSTEMD_JOB_PREFIX "7");
}

int folder_listen(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", folder);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 1), 0);
        return fd;
}

void folder_serve(int listener, const char *const *replies)
{
        sd_bus *bus = NULL;
        int fd = accept(listener, NULL, NULL);

        answers = replies;
        if (fd < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
                        sd_bus_set_server(bus, 1, (sd_id128_t){ .bytes = { 1 } }) < 0 ||
                        sd_bus_set_trusted(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
                        sd_bus_add_filter(bus, NULL, on_call, NULL) < 0)
                _exit(1);
        for (int r = 0; r >= 0;) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        _exit(0);
}
