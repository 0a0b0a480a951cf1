/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/jobs.h"

#include <signal.h>
#include <stdarg.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "ctl/bus-client.h"
#include "ctl/polkit-agent.h"

/* How long something that does not go on by itself may look so. Between two steps of a move it does, for a
 * moment. */
#define CHANGES                                                                   \
        "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'," \
        "path_namespace='" BUS_PATH_APPLICATION "'"
#define REST_PATIENCE_USEC (3 * USEC_PER_SEC)

/* How many calls of ours may be without an answer at once: half of what the manager takes from one client. */
#define CALLS_MAX 16u

struct JobRun {
        Ctl *ctl;
        Job *jobs;
        size_t n_jobs;
        size_t n_begun; /* the first ones; the others follow as these are answered */
        size_t n_calls; /* on their way */
        sd_event *event;
        sd_event_source *timer, *interrupt, *terminate;
        sd_bus_slot *changed_slot, *removed_slot, *owner_slot;
        uint64_t begun_usec;
        int signal;          /* the one that ended the wait; 0: none */
        bool finished;       /* nothing is left to wait for. Not sd_event_exit(): that closes the bus too */
        bool progress;       /* a line of progress is wanted */
        bool may_ask;        /* until a call is answered the terminal belongs to polkit's question */
        bool progress_shown; /* and stands on the terminal now */
};

static uint64_t now_usec(void)
{
        return moment_now(false).boottime_usec;
}

int job_prepare(Ctl *c, Job *job, const char *app, const char *member, const char *types, ...)
{
        va_list args;
        int r;

        job->app = app;
        r = sd_bus_message_new_method_call(
                        c->bus, &job->call, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, member);
        if (r < 0)
                return r;
        va_start(args, types);
        r = sd_bus_message_appendv(job->call, types, args);
        va_end(args);
        if (r < 0)
                return r;
        return sd_bus_message_set_allow_interactive_authorization(job->call, !c->options.no_ask_password);
}

void job_set_doing(Job *job, const char *format, ...)
{
        va_list args;

        free(job->doing);
        va_start(args, format);
        if (vasprintf(&job->doing, format, args) < 0)
                job->doing = NULL;
        va_end(args);
}

void jobs_done(Job *jobs, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                Job *j = jobs + i;

                sd_bus_slot_unref(j->call_slot);
                sd_bus_slot_unref(j->fetch_slot);
                sd_bus_message_unref(j->call);
                app_info_done(&j->now);
                free(j->doing);
                free(j->path);
                free(j->rest_text);
                *j = (Job){};
        }
}

/* ---- the line of progress ---- */

static void progress_hide(JobRun *run)
{
        if (run->progress_shown)
                fputs("\r\x1b[K", stderr);
        run->progress_shown = false;
}

static void progress_show(JobRun *run)
{
        size_t n_open = 0;
        const Job *open = NULL;
        char line[512], span[SPAN_MAX], left[SPAN_MAX];
        _cleanup_free_ char *fit = NULL;
        Moment now = moment_now(run->ctl->options.host != NULL);
        uint64_t wait;

        for (size_t i = 0; i < run->n_jobs; i++)
                if (!run->jobs[i].done) {
                        n_open++;
                        open = open ? open : run->jobs + i;
                }
        if (!run->progress || !open || (run->may_ask && open->call && !open->committed))
                return;
        wait = open->known ? app_info_left(&open->now, &now) : USEC_INFINITY;
        snprintf(line, sizeof(line), "%s: %s%s%s%s%s%s%s (%s)", strempty(open->doing),
                        !open->committed && open->call ? "asking"
                        : open->known                  ? open->now.state
                                                       : "waiting",
                        open->known && !isempty(open->now.node) ? " on " : "",
                        open->known ? strempty(open->now.node) : "",
                        open->known && !isempty(open->now.reason) ? ", " : "",
                        open->known ? strempty(open->now.reason) : "",
                        wait != USEC_INFINITY ? ", still " : "",
                        wait != USEC_INFINITY ? span_rough(wait, left) : "",
                        span_rough((now_usec() - run->begun_usec) / USEC_PER_SEC * USEC_PER_SEC, span));
        if (n_open > 1)
                snprintf(line + strlen(line), sizeof(line) - strlen(line), "; %zu of %zu done",
                                run->n_jobs - n_open, run->n_jobs);
        fit = text_fit(line, run->ctl->err.width > 1 ? run->ctl->err.width - 1 : 79, run->ctl->err.utf8);
        fprintf(stderr, "\r\x1b[K%s%s%s", style_on(&run->ctl->err, COLOR_GREY), strempty(fit),
                        style_off(&run->ctl->err, COLOR_GREY));
        fflush(stderr);
        run->progress_shown = true;
}

/* ---- a job's life ---- */

static void job_finish(Job *job, int status)
{
        job->done = true;
        job->status = status;
        job->call_slot = sd_bus_slot_unref(job->call_slot);
        job->fetch_slot = sd_bus_slot_unref(job->fetch_slot);
        for (size_t i = 0; i < job->run->n_jobs; i++)
                if (!job->run->jobs[i].done)
                        return;
        job->run->finished = true;
}

static void job_fail(Job *job, const sd_bus_error *error, int r, bool is_command)
{
        progress_hide(job->run);
        job_finish(job, bus_failed(job->run->ctl, error, r, strempty(job->doing), is_command));
}

static void job_judge(Job *job, const AppInfo *now)
{
        _cleanup_free_ char *text = NULL;
        Verdict v;

        if (goal_judge(&job->goal, job->app, now, &v, &text) < 0) {
                job_finish(job, ctl_oom(job->run->ctl));
                return;
        }
        if (v != VERDICT_STUCK && v != VERDICT_SETTLED) {
                free(job->rest_text);
                job->rest_text = NULL;
        }
        switch (v) {
        case VERDICT_WAIT:
                break;
        case VERDICT_DONE:
                progress_hide(job->run);
                if (text)
                        ctl_say(job->run->ctl, "%s", text);
                job_finish(job, STATUS_OK);
                break;
        case VERDICT_FAILED:
                progress_hide(job->run);
                ctl_error(job->run->ctl, "%s", strempty(text));
                job_finish(job, STATUS_FAILURE);
                break;
        case VERDICT_STUCK:
        case VERDICT_SETTLED:
                if (!job->rest_text)
                        job->rest_usec = now_usec();
                free(job->rest_text);
                job->rest_text = TAKE_PTR(text);
                job->rest_is_failure = v == VERDICT_STUCK;
                break;
        }
}

static void job_fetch(Job *job);

static int on_fetched(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Job *job = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        int r = 0;

        job->fetching = false;
        job->fetch_slot = sd_bus_slot_unref(job->fetch_slot);
        if (error && bus_error_is_limit(error)) {
                job->stale = true; /* on_second() reads again */
                return 0;
        }
        if (error && !bus_error_is_unknown(error)) {
                job_fail(job, error, -sd_bus_error_get_errno(error), false);
                return 0;
        }
        app_info_done(&job->now);
        job->known = false;
        if (!error)
                r = app_info_read(m, &job->now);
        if (r < 0) {
                job_fail(job, NULL, r, false);
                return 0;
        }
        job->known = !error;
        job_judge(job, error ? NULL : &job->now);
        if (!job->done && job->stale)
                job_fetch(job);
        progress_show(job->run);
        return 0;
}

/* Reads the application again; what changes while the answer is on its way is read once more after it. */
static void job_fetch(Job *job)
{
        int r;

        job->stale = job->fetching;
        if (job->fetching)
                return;
        r = sd_bus_call_method_async(job->run->ctl->bus, &job->fetch_slot, BUS_NAME, job->path,
                        "org.freedesktop.DBus.Properties", "GetAll", on_fetched, job, "s",
                        BUS_INTERFACE_APPLICATION);
        if (r < 0)
                job_fail(job, NULL, r, false);
        else
                job->fetching = true;
}

static void job_committed(Job *job)
{
        job->committed = true;
        if (!job->app || job->goal.type == GOAL_COMMITTED || job->run->ctl->options.no_block)
                job_finish(job, STATUS_OK);
        else
                job_fetch(job);
}

static void jobs_begin(JobRun *run);

static int on_answered(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Job *job = userdata;
        JobRun *run = job->run;
        const sd_bus_error *error = sd_bus_message_get_error(m);

        job->call_slot = sd_bus_slot_unref(job->call_slot);
        run->n_calls--;
        if (error)
                job_fail(job, error, -sd_bus_error_get_errno(error), true);
        else
                job_committed(job);
        jobs_begin(run);
        return 0;
}

static void job_begin(JobRun *run, Job *job)
{
        int r = 0;

        if (!job->path && job->app)
                r = sd_bus_path_encode(BUS_PATH_APPLICATION, job->app, &job->path);
        if (r < 0)
                job_fail(job, NULL, r, false);
        else if (!job->call)
                job_committed(job);
        else {
                r = sd_bus_call_async(run->ctl->bus, &job->call_slot, job->call, on_answered, job,
                                BUS_COMMAND_TIMEOUT_USEC);
                if (r < 0)
                        job_fail(job, NULL, r, true);
                else
                        run->n_calls++;
        }
}

static void jobs_begin(JobRun *run)
{
        while (run->n_begun < run->n_jobs && run->n_calls < CALLS_MAX)
                job_begin(run, run->jobs + run->n_begun++);
}

/* ---- what the bus and the terminal tell ---- */

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        JobRun *run = userdata;
        const char *path = sd_bus_message_get_path(m);

        if (!bus_is_from_manager(run->ctl, m))
                return 0;
        for (size_t i = 0; i < run->n_jobs; i++)
                if (run->jobs[i].committed && !run->jobs[i].done && streq(run->jobs[i].path, path))
                        job_fetch(run->jobs + i);
        return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        JobRun *run = userdata;
        const char *path;

        if (!bus_is_from_manager(run->ctl, m) || sd_bus_message_read(m, "o", &path) < 0)
                return 0;
        for (size_t i = 0; i < run->n_jobs; i++)
                if (run->jobs[i].committed && !run->jobs[i].done && streq(run->jobs[i].path, path))
                        job_fetch(run->jobs + i);
        return 0;
}

/* The manager has left the bus. A job that waits for an answer gets an error from the bus; one that waits for an effect
 * is told here. */
static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        JobRun *run = userdata;
        const char *new;

        /* The end of its own socket only sd-bus itself tells of. */
        if (!run->ctl->direct && (!bus_owner_changed(run->ctl, m, &new) || !isempty(new)))
                return 0;
        progress_hide(run);
        for (size_t i = 0; i < run->n_jobs; i++) {
                Job *job = run->jobs + i;

                if (job->done || !job->committed)
                        continue;
                ctl_error(run->ctl,
                                "'%s' is in force, but distro-manager has left the bus before its end was "
                                "seen. "
                                "'systemctl status distro-manager' shows how it is.",
                                strempty(job->doing));
                job_finish(job, STATUS_FAILURE);
        }
        return 0;
}

static int on_second(sd_event_source *source, uint64_t usec, void *userdata)
{
        JobRun *run = userdata;

        for (size_t i = 0; i < run->n_jobs; i++) {
                Job *job = run->jobs + i;

                if (!job->done && job->stale && !job->fetching)
                        job_fetch(job);
                if (job->done || !job->rest_text || now_usec() - job->rest_usec < REST_PATIENCE_USEC)
                        continue;
                progress_hide(run);
                if (job->rest_is_failure)
                        ctl_error(run->ctl, "%s", job->rest_text);
                else
                        ctl_say(run->ctl, "%s", job->rest_text);
                job_finish(job, job->rest_is_failure ? STATUS_FAILURE : STATUS_OK);
        }
        progress_show(run);
        (void) sd_event_source_set_time_relative(
                        source, USEC_PER_SEC); /* the line of progress stands still then */
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        JobRun *run = userdata;

        run->signal = (int) info->ssi_signo;
        run->finished = true;
        return 0;
}

static void say_interrupted(const JobRun *run)
{
        for (size_t i = 0; i < run->n_jobs; i++) {
                const Job *job = run->jobs + i;

                if (job->done)
                        continue;
                if (i >= run->n_begun)
                        ctl_warning(run->ctl, "Interrupted: '%s' has not been asked for.",
                                        strempty(job->doing));
                else if (job->committed)
                        ctl_warning(run->ctl,
                                        "Interrupted: '%s' goes on in the cluster. 'distroctl status' shows "
                                        "how far it is.",
                                        strempty(job->doing));
                else
                        ctl_warning(run->ctl,
                                        "Interrupted: '%s' has been asked for and may or may not happen. "
                                        "Look with "
                                        "'distroctl status' before asking again.",
                                        strempty(job->doing));
        }
}

static int run_listen(JobRun *run)
{
        sd_bus *bus = run->ctl->bus;
        const char *sender = bus_manager_sender(run->ctl);
        int r;

        r = sd_bus_add_match(bus, &run->changed_slot,
                        sender ? "type='signal',sender='" BUS_NAME "'," CHANGES : "type='signal'," CHANGES,
                        on_changed, run);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &run->removed_slot, sender, BUS_PATH,
                                "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", on_removed, run);
        if (r >= 0 && run->ctl->direct)
                r = sd_bus_match_signal(bus, &run->owner_slot, "org.freedesktop.DBus.Local", NULL,
                                "org.freedesktop.DBus.Local", "Disconnected", on_owner, run);
        else if (r >= 0)
                r = sd_bus_add_match(bus, &run->owner_slot,
                                "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus'"
                                ",member='NameOwnerChanged',"
                                "arg0='" BUS_NAME "'",
                                on_owner, run);
        return r < 0 ? r : bus_learn_manager(run->ctl);
}

static int run_prepare(JobRun *run)
{
        sigset_t signals;
        int r;

        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        r = sd_event_new(&run->event);
        if (r >= 0)
                r = sd_event_add_signal(run->event, &run->interrupt, SIGINT, on_signal, run);
        if (r >= 0)
                r = sd_event_add_signal(run->event, &run->terminate, SIGTERM, on_signal, run);
        if (r >= 0)
                r = sd_event_add_time_relative(
                                run->event, &run->timer, CLOCK_MONOTONIC, USEC_PER_SEC, 0, on_second, run);
        if (r >= 0)
                r = sd_bus_attach_event(run->ctl->bus, run->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = run_listen(run);
        return r < 0 ? r : 0;
}

static void run_end(JobRun *run)
{
        for (size_t i = 0; i < run->n_jobs; i++) {
                run->jobs[i].call_slot = sd_bus_slot_unref(run->jobs[i].call_slot);
                run->jobs[i].fetch_slot = sd_bus_slot_unref(run->jobs[i].fetch_slot);
        }
        sd_bus_slot_unref(run->changed_slot);
        sd_bus_slot_unref(run->removed_slot);
        sd_bus_slot_unref(run->owner_slot);
        sd_event_source_unref(run->timer);
        sd_event_source_unref(run->interrupt);
        sd_event_source_unref(run->terminate);
        (void) sd_bus_detach_event(run->ctl->bus); /* not attached where preparing failed */
        sd_event_unref(run->event);
}

int jobs_run(Ctl *c, Job *jobs, size_t n)
{
        JobRun run = {
                .ctl = c,
                .jobs = jobs,
                .n_jobs = n,
                .begun_usec = now_usec(),
                .progress = isatty(STDERR_FILENO) && !c->options.quiet && c->options.json == JSON_OFF,
        };
        PolkitAgent agent = {};
        int status = STATUS_OK, r = run_prepare(&run);

        if (r >= 0 && !c->options.no_ask_password && !c->options.host)
                run.may_ask = polkit_agent_open(&agent);
        for (size_t i = 0; i < n; i++)
                jobs[i].run = &run;
        if (r >= 0)
                jobs_begin(&run);
        while (!run.finished && r >= 0)
                r = sd_event_run(run.event, UINT64_MAX);
        progress_hide(&run);
        polkit_agent_close(&agent);
        if (r < 0)
                status = bus_failed(c, NULL, r,
                                n > 0 && jobs[0].doing ? jobs[0].doing : "wait for the result", true);
        else if (run.signal)
                say_interrupted(&run);
        for (size_t i = 0; i < n; i++)
                status = status_worse(status, jobs[i].status);
        run_end(&run);
        if (run.signal) {
                sigset_t signals;

                /* A script that runs us has to see that it was interrupted. */
                fflush(NULL);
                sigemptyset(&signals);
                sigaddset(&signals, run.signal);
                (void) signal(run.signal, SIG_DFL);
                (void) raise(run.signal);
                (void) sigprocmask(SIG_UNBLOCK, &signals, NULL);
        }
        return status;
}
