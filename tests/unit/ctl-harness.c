/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl-harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_USEC 2000u
#define LOOKS_MAX 10000u /* 20 seconds: longer than anything here takes */

/* A bus of its own, a manager on it, and a folder in which the tool runs. */
static struct {
        char dir[64];
        char address[256];
        pid_t daemon, manager;
        int manager_output;
        bool no_daemon; /* there is no dbus-daemon on this machine */
} tool = { .manager_output = -1 };

static const char bus_config[] =
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
                " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                "<busconfig><listen>unix:path=%s/bus</listen><policy context=\"default\">"
                "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow "
                "own=\"*\"/><allow user=\"*\"/>"
                "</policy></busconfig>\n";

static const char *top_builddir(void)
{
        const char *dir = getenv("top_builddir");

        return isempty(dir) ? "." : dir;
}

/* Starts a program whose standard output is read by us. Its end comes with ours. */
static pid_t spawn(char *const *argv, int *ret_output)
{
        int fds[2];
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                dup2(fds[1], STDOUT_FILENO);
                dup2(open("/dev/null", O_WRONLY | O_CLOEXEC),
                                STDERR_FILENO); /* dbus-daemon complains about its limits */
                execvp(argv[0], argv);
                _exit(127);
        }
        close(fds[1]);
        *ret_output = fds[0];
        return pid;
}

static int close_fd(int fd)
{
        if (fd >= 0)
                close(fd);
        return -1;
}

static void end_process(pid_t *pid)
{
        if (*pid <= 0)
                return;
        kill(*pid, SIGTERM);
        waitpid(*pid, NULL, 0);
        *pid = 0;
}

int tool_setup(void **state)
{
        char config[128], arg[160];
        char *argv[] = { (char[]){ "dbus-daemon" }, (char[]){ "--nofork" }, (char[]){ "--print-address" },
                arg, NULL };
        FILE *f;
        ssize_t n;
        int output;

        snprintf(tool.dir, sizeof(tool.dir), "/tmp/distroctl-test-XXXXXX");
        assert_non_null(mkdtemp(tool.dir));
        snprintf(config, sizeof(config), "%s/bus.conf", tool.dir);
        snprintf(arg, sizeof(arg), "--config-file=%s", config);
        f = fopen(config, "we");
        assert_non_null(f);
        fprintf(f, bus_config, tool.dir);
        assert_int_equal(fclose(f), 0);

        tool.daemon = spawn(argv, &output);
        n = read(output, tool.address, sizeof(tool.address) - 1);
        close(output);
        tool.no_daemon = n <= 0;
        if (tool.no_daemon) {
                print_message("dbus-daemon cannot be started: nothing is tested here\n");
                return 0;
        }
        tool.address[strcspn(tool.address, "\n")] = 0;
        setenv("DBUS_SYSTEM_BUS_ADDRESS", tool.address, 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        setenv("TZ", "UTC", 1);
        unsetenv("COLUMNS");
        unsetenv("SYSTEMD_COLORS");
        unsetenv("NO_COLOR");
        return 0;
}

/* Whatever a test has put there. */
static void remove_files(void)
{
        DIR *d = opendir(tool.dir);
        struct dirent *entry;

        while (d && (entry = readdir(d)))
                (void) unlinkat(dirfd(d), entry->d_name, 0); /* not "." and ".." */
        if (d)
                (void) closedir(d);
}

int tool_teardown(void **state)
{
        end_process(&tool.manager);
        end_process(&tool.daemon);
        tool.manager_output = close_fd(tool.manager_output);
        remove_files();
        return rmdir(tool.dir);
}

void tool_start_manager(const char *scenario)
{
        char program[512], name[32], ready[16] = "";
        char *argv[] = { program, name, NULL };

        end_process(&tool.manager);
        tool.manager_output = close_fd(tool.manager_output);
        if (!scenario)
                return;
        snprintf(program, sizeof(program), "%s/tests/unit/ctl-fake-manager", top_builddir());
        snprintf(name, sizeof(name), "%s", scenario);
        tool.manager = spawn(argv, &tool.manager_output);
        assert_true(read(tool.manager_output, ready, sizeof(ready) - 1) > 0);
        assert_string_equal(ready, "ready\n");
}

void tool_await_manager(const char *text)
{
        char said[64] = "";

        assert_true(read(tool.manager_output, said, sizeof(said) - 1) > 0);
        assert_non_null(strstr(said, text));
}

char *tool_read(const char *name)
{
        char path[128], *text = calloc(1, 65536);
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", tool.dir, name);
        f = fopen(path, "re");
        assert_non_null(f);
        assert_non_null(text);
        text[fread(text, 1, 65535, f)] = 0;
        fclose(f);
        return text;
}

void tool_write(const char *name, const char *text)
{
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", tool.dir, name);
        f = fopen(path, "we");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

void tool_await_text(const char *name, const char *text)
{
        for (unsigned n = 0;; n++) {
                _cleanup_free_ char *is = tool_read(name);

                if (strstr(is, text))
                        return;
                if (n == LOOKS_MAX)
                        fail_msg("%s never has '%s':\n%s", name, text, is);
                usleep(LOOK_USEC);
        }
}

/* It is empty as soon as the tool begins, so that nobody takes what the one before has said for an answer. */
static int new_file(const char *name)
{
        char path[128];
        int fd = open(tool_path(path, sizeof(path), name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        return fd;
}

pid_t tool_begin(const char *const *args)
{
        char program[512];
        char *argv[ARGS_MAX + 2] = { program };
        int out = new_file("stdout"), err = new_file("stderr");
        pid_t pid;

        snprintf(program, sizeof(program), "%s/distroctl", top_builddir());
        for (size_t i = 0; i < ARGS_MAX && args[i]; i++)
                argv[i + 1] = strdup(args[i]);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (chdir(tool.dir) < 0)
                        _exit(126);
                dup2(out, STDOUT_FILENO);
                dup2(err, STDERR_FILENO);
                execv(program, argv);
                _exit(127);
        }
        close(out);
        close(err);
        for (size_t i = 1; argv[i]; i++)
                free(argv[i]);
        return pid;
}

static void check_text(const ToolCase *c, const char *stream, const char *text, const char *const *wanted)
{
        for (size_t i = 0; i < TEXTS_MAX && wanted[i]; i++)
                if (!strstr(text, wanted[i]))
                        fail_msg("distroctl %s %s (%s): '%s' is not in %s:\n%s", c->args[0],
                                        strempty(c->args[1]), strempty(c->scenario), wanted[i], stream, text);
}

void tool_run_case(const ToolCase *c)
{
        _cleanup_free_ char *out = NULL, *err = NULL;
        int status;
        pid_t pid = tool_begin(c->args);

        assert_int_equal(waitpid(pid, &status, 0), pid);
        out = tool_read("stdout");
        err = tool_read("stderr");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != c->status)
                fail_msg("distroctl %s %s (%s): status %d, not %d\n%s\n%s", c->args[0], strempty(c->args[1]),
                                strempty(c->scenario), WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                c->status, out, err);
        check_text(c, "standard output", out, c->out);
        check_text(c, "standard error", err, c->err);
        for (size_t i = 0; i < TEXTS_MAX && c->not_out[i]; i++)
                if (strstr(out, c->not_out[i]) || strstr(err, c->not_out[i]))
                        fail_msg("distroctl %s %s: '%s' must not be printed:\n%s%s", c->args[0],
                                        strempty(c->args[1]), c->not_out[i], out, err);
        if (c->silent)
                assert_string_equal(out, "");
}

void tool_needs_bus(void)
{
        if (tool.no_daemon)
                skip();
}

const char *tool_path(char *ret, size_t size_bytes, const char *name)
{
        snprintf(ret, size_bytes, "%s/%s", tool.dir, name);
        return ret;
}

void tool_run_cases(const ToolCase *cases, size_t n)
{
        tool_needs_bus();
        for (size_t i = 0; i < n; i++) {
                tool_start_manager(cases[i].scenario);
                tool_run_case(cases + i);
        }
        tool_start_manager(NULL);
}
