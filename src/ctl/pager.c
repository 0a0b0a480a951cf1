/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/pager.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* We run with more rights than the person at the terminal has, and a program started from the pager would have them too. */
static bool is_secure(void)
{
        return getenv("SUDO_UID") || getenv("PKEXEC_UID") || getuid() != geteuid() || getgid() != getegid();
}

/* What the environment wants; NULL: it says nothing. */
static const char *pager_wanted(void)
{
        const char *wanted = getenv("SYSTEMD_PAGER");

        return wanted ? wanted : getenv("PAGER");
}

static _noreturn_ void pager_run(int input, const char *wanted)
{
        const char *options = getenv("SYSTEMD_LESS");

        if (dup2(input, STDIN_FILENO) < 0)
                _exit(EXIT_FAILURE);
        setenv("LESS", options ? options : "FRSXMK", 1);
        /* Of all pagers less alone can be told not to open a shell or a file. */
        if (is_secure()) {
                setenv("LESSSECURE", "1", 1);
                execlp("less", "less", (char *) NULL);
                execlp("cat", "cat", (char *) NULL);
                _exit(EXIT_FAILURE);
        }
        if (!isempty(wanted))
                execl("/bin/sh", "sh", "-c", wanted, (char *) NULL);
        else {
                execlp("pager", "pager", (char *) NULL);
                execlp("less", "less", (char *) NULL);
                execlp("more", "more", (char *) NULL);
                execlp("cat", "cat", (char *) NULL);
        }
        _exit(EXIT_FAILURE);
}

void pager_open(Pager *p)
{
        const char *wanted = pager_wanted();
        int fds[2];
        pid_t pid;

        if (p->pid > 0 || (wanted && (streq(wanted, "") || streq(wanted, "cat"))))
                return;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return;
        fflush(stdout);
        pid = fork();
        if (pid == 0)
                pager_run(fds[0], wanted);
        close(fds[0]);
        if (pid > 0 && dup2(fds[1], STDOUT_FILENO) >= 0) {
                p->pid = pid;
                /* The pager may be left before everything was written, and Ctrl-C is for it. */
                (void) signal(SIGPIPE, SIG_IGN);
                (void) signal(SIGINT, SIG_IGN);
        }
        close(fds[1]);
}

void pager_close(Pager *p)
{
        if (p->pid <= 0)
                return;
        fflush(stdout);
        /* Both descriptors: the pager sees the end only when the last writer is gone. */
        if (!freopen("/dev/null", "w", stdout))
                (void) close(STDOUT_FILENO);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        p->pid = 0;
}
