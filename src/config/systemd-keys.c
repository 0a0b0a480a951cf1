/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which keys systemd itself knows: what this host's systemd is older or newer than our table. Its program lists them,
 * section by section, "Key=KIND" a line. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "config/systemd-keys.h"

#define ITEMS_MAX (256u * 1024u)
#define PATIENCE_MSEC 5000

const char *config_systemd_program(void)
{
        static const char *const programs[] = { "/usr/lib/systemd/systemd", "/lib/systemd/systemd" };

        for (size_t i = 0; i < ELEMENTSOF(programs); i++)
                if (access(programs[i], X_OK) >= 0)
                        return programs[i];
        return NULL;
}

/* Reads until the end, a bound, or until it takes too long. */
static void read_items(int fd, Text *t)
{
        char buffer[4096];

        while (t->length < ITEMS_MAX) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n;

                if (poll(&p, 1, PATIENCE_MSEC) <= 0)
                        return;
                n = read(fd, buffer, sizeof(buffer));
                if (n <= 0)
                        return;
                text_add_n(t, buffer, (size_t) n);
        }
}

static int spawn_program(const char *program, int output, pid_t *ret)
{
        char *const argv[] = { (char *) program, (char *) "--dump-configuration-items", NULL };
        char *const environment[] = { (char *) "LC_ALL=C", NULL };
        posix_spawn_file_actions_t actions;
        int r = posix_spawn_file_actions_init(&actions);

        if (r != 0)
                return -r;
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawn(ret, program, &actions, NULL, argv, environment);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* What the program prints; "" where it cannot be asked, so that it is asked once. NULL: out of memory. */
static char *ask_program(const char *program)
{
        Text t = {};
        int fds[2];
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return strdup("");
        int r = spawn_program(program, fds[1], &pid);
        (void) close(fds[1]);
        if (r == 0) {
                read_items(fds[0], &t);
                (void) kill(pid, SIGKILL); /* what it has left to say is not heard */
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        (void) close(fds[0]);
        return text_take(&t);
}

/* The KIND of a key, or NULL. */
static const char *find_item(const char *items, const char *section, const char *key)
{
        size_t n_section = strlen(section), n_key = strlen(key);
        bool inside = false;

        for (const char *line = items; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (*line == '[')
                        inside = strncmp(line + 1, section, n_section) == 0 && line[1 + n_section] == ']';
                else if (inside && strncmp(line, key, n_key) == 0 && line[n_key] == '=')
                        return line + n_key + 1;
        }
        return NULL;
}

void config_systemd_done(ConfigSystemd *s)
{
        free(s->items);
        *s = (ConfigSystemd){};
}

int systemd_knows(ConfigSystemd *s, const char *section, const char *key)
{
        const char *kind;

        if (!s || !s->program)
                return 0;
        if (!s->items)
                s->items = ask_program(s->program);
        if (!s->items)
                return -ENOMEM;
        kind = find_item(s->items, section, key);
        /* Dependencies are looked at more closely than a text can be: old names of theirs stay unknown. */
        return kind && strncmp(kind, "UNIT", 4) != 0;
}
