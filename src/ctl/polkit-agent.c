/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/polkit-agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENT_READY_MSEC 5000

static _noreturn_ void agent_run(int notify_fd)
{
        char number[16];
        sigset_t none;

        /* Our own descriptor is close-on-exec; a copy is not. */
        notify_fd = dup(notify_fd);
        snprintf(number, sizeof(number), "%d", notify_fd);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        if (notify_fd >= 0)
                execlp("pkttyagent", "pkttyagent", "--notify-fd", number, "--fallback", (char *) NULL);
        _exit(EXIT_FAILURE);
}

bool polkit_agent_open(PolkitAgent *a)
{
        struct pollfd wait;
        int fds[2];
        pid_t pid;

        if (geteuid() == 0 || !isatty(STDIN_FILENO) || pipe2(fds, O_CLOEXEC) < 0)
                return false;
        pid = fork();
        if (pid == 0)
                agent_run(fds[1]);
        close(fds[1]);
        /* It closes the pipe when it is ready, and its end does so too. */
        wait = (struct pollfd){ .fd = fds[0], .events = POLLIN };
        if (pid > 0)
                (void) poll(&wait, 1, AGENT_READY_MSEC);
        close(fds[0]);
        a->pid = MAX(pid, 0);
        return a->pid > 0;
}

void polkit_agent_close(PolkitAgent *a)
{
        if (a->pid <= 0)
                return;
        (void) kill(a->pid, SIGTERM); /* it may have ended by itself */
        (void) kill(a->pid, SIGCONT);
        while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        a->pid = 0;
}
