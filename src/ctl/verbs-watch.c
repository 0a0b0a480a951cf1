/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* watch: the status, drawn again whenever the manager says that something changed. On a terminal it fills the
 * screen and shows the last events below; elsewhere each status follows the last one, in JSON one a line. */

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <systemd/sd-event.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/render.h"

#define EVENTS_MAX 64u
/* Many changes at once are drawn once. */
#define REDRAW_DELAY_USEC (50 * USEC_PER_MSEC)

typedef struct Watch {
        Ctl *ctl;
        sd_event *event;
        sd_event_source *redraw, *second, *signals[4], *keys;
        sd_bus_slot *slots[4];
        Snapshot snapshot;
        char *failure;            /* the last status could not be read: why */
        char *events[EVENTS_MAX]; /* a ring; the oldest is at n_events % EVENTS_MAX once it is full */
        size_t n_events;          /* ever seen */
        bool screen;
        struct termios saved;
} Watch;

static void remember(Watch *w, char *text)
{
        char **place = &w->events[w->n_events % EVENTS_MAX];

        if (!text)
                return;
        free(*place);
        *place = text;
        w->n_events++;
}

static int fetch(Watch *w)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        snapshot_done(&w->snapshot);
        free(w->failure);
        w->failure = NULL;
        r = snapshot_fetch(w->ctl, &error, &w->snapshot);
        if (r < 0)
                (void) bus_explain_error(w->ctl, &error, r, "show the status", false,
                                &w->failure); /* the text is all that is wanted */
        return r;
}

/* How many lines the terminal has. */
static unsigned screen_height(void)
{
        struct winsize size = {};

        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

/* Copies at most `room` lines of `text` and clears what was there before. Returns how many it wrote. */
static unsigned put_lines(const char *text, unsigned room)
{
        unsigned n = 0;

        while (*text && n < room) {
                const char *end = strchrnul(text, '\n');

                printf("%.*s\x1b[K\r\n", (int) (end - text), text);
                text = *end ? end + 1 : end;
                n++;
        }
        return n;
}

/* The newest events, as many as there is room for. */
static void put_events(const Watch *w, unsigned room)
{
        size_t n = MIN(MIN(w->n_events, (size_t) EVENTS_MAX), (size_t) (room > 1 ? room - 1 : 0));

        if (n == 0)
                return;
        printf("\x1b[K\r\n");
        for (size_t i = w->n_events - n; i < w->n_events; i++) {
                _cleanup_free_ char *fit = text_fit(w->events[i % EVENTS_MAX],
                                w->ctl->out.width > 0 ? w->ctl->out.width : 80, w->ctl->out.utf8);

                printf("%s%s%s\x1b[K%s", style_on(&w->ctl->out, COLOR_GREY), strempty(fit),
                                style_off(&w->ctl->out, COLOR_GREY), i + 1 < w->n_events ? "\r\n" : "");
        }
}

static int render(const Watch *w, char **ret)
{
        RenderOptions o = render_options(w->ctl);
        size_t size;
        FILE *f = open_memstream(ret, &size);
        int r = 0;

        if (!f)
                return -ENOMEM;
        if (w->failure)
                fprintf(f, "%s%s%s\nWaiting for it to come back.\n", style_on(&o.style, COLOR_RED),
                                w->failure, style_off(&o.style, COLOR_RED));
        else if (w->ctl->options.json != JSON_OFF) {
                Json j = json(f, w->ctl->options.json);

                json_snapshot(&j, &w->snapshot, &o.now);
        } else
                r = render_overview(f, &o, &w->snapshot);
        if (fclose(f) != 0)
                r = -ENOMEM;
        return r;
}

static int draw(Watch *w)
{
        _cleanup_free_ char *text = NULL;
        unsigned height, n;

        if (w->screen)
                w->ctl->out = style_of(stdout); /* its size may have changed */
        if (render(w, &text) < 0)
                return -ENOMEM;
        if (!w->screen) {
                if (w->failure && w->ctl->options.json != JSON_OFF)
                        ctl_error(w->ctl, "%s", w->failure);
                else
                        printf("%s%s", text, w->ctl->options.json == JSON_OFF ? "\n" : "");
                return fflush(stdout) == 0 ? 0 : -errno;
        }
        height = screen_height();
        printf("\x1b[H");
        n = put_lines(text, height - 1);
        if (n + 2 < height)
                put_events(w, height - n - 1);
        printf("\x1b[J");
        fflush(stdout);
        return 0;
}

static int on_redraw(sd_event_source *source, uint64_t usec, void *userdata)
{
        Watch *w = userdata;
        int r;

        (void) fetch(w); /* what went wrong is drawn */
        r = draw(w);
        return r < 0 ? sd_event_exit(w->event, r) : 0;
}

/* Times go on without a change: only the screen is drawn, nothing is asked. */
static int on_second(sd_event_source *source, uint64_t usec, void *userdata)
{
        Watch *w = userdata;
        int r = draw(w);

        if (r < 0)
                return sd_event_exit(w->event, r);
        r = sd_event_source_set_time_relative(source, USEC_PER_SEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return r;
}

static void schedule(Watch *w)
{
        int enabled;

        if (sd_event_source_get_enabled(w->redraw, &enabled) >= 0 && enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(
                        w->redraw, REDRAW_DELAY_USEC); /* a redraw that is missed comes with the next */
        (void) sd_event_source_set_enabled(w->redraw, SD_EVENT_ONESHOT);
}

static char *clock_text(void)
{
        char text[16] = "";
        time_t now = time(NULL);
        struct tm tm;

        if (localtime_r(&now, &tm))
                strftime(text, sizeof(text), "%H:%M:%S", &tm);
        return strdup(text);
}

/* One of the manager's own signals, in words. */
static char *event_text(sd_bus_message *m)
{
        const char *member = sd_bus_message_get_member(m), *a, *b, *c, *d;
        _cleanup_free_ char *at = clock_text();
        char *text = NULL;
        uint64_t epoch;
        uint32_t id;
        int flag, r = -1;

        if (!at)
                return NULL;
        if (streq(member, "ApplicationStarted") &&
                        sd_bus_message_read(m, "sssst", &a, &b, &c, &d, &epoch) >= 0)
                r = asprintf(&text, "%s  %s started on %s (%s%s%s, epoch %" PRIu64 ")", at, a, b, c,
                                *d ? " from " : "", d, epoch);
        else if (streq(member, "ApplicationStopped") && sd_bus_message_read(m, "sss", &a, &b, &c) >= 0)
                r = asprintf(&text, "%s  %s stopped on %s%s%s", at, a, b, *c ? ": " : "", c);
        else if (streq(member, "CopyStopped") && sd_bus_message_read(m, "ssts", &a, &b, &epoch, &c) >= 0)
                r = asprintf(&text, "%s  %s: a second copy on %s (epoch %" PRIu64 ") is stopped, kept on %s",
                                at, a, b, epoch, c);
        else if (streq(member, "NodeJoined") && sd_bus_message_read(m, "su", &a, &id) >= 0)
                r = asprintf(&text, "%s  %s joined", at, a);
        else if (streq(member, "NodeLeft") && sd_bus_message_read(m, "sus", &a, &id, &b) >= 0)
                r = asprintf(&text, "%s  %s %s", at, a, *b ? b : "left");
        else if (streq(member, "QuorumChanged") && sd_bus_message_read(m, "b", &flag) >= 0)
                r = asprintf(&text, "%s  quorum %s", at, flag ? "gained" : "LOST");
        return r < 0 ? NULL : text;
}

static int on_bus_signal(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Watch *w = userdata;
        const char *new;

        if (!bus_owner_changed(w->ctl, m, &new) && !bus_is_from_manager(w->ctl, m))
                return 0;
        if (sd_bus_message_is_signal(m, BUS_INTERFACE_MANAGER, NULL))
                remember(w, event_text(m));
        schedule(w);
        return 0;
}

static int on_unix_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Watch *w = userdata;

        if (info->ssi_signo != SIGWINCH && info->ssi_signo != SIGCONT)
                return sd_event_exit(w->event, 0);
        schedule(w);
        return 0;
}

/* q ends it, as in a pager. */
static int on_key(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Watch *w = userdata;
        char key;
        ssize_t n = read(fd, &key, 1);

        if (n == 1 && (key == 'q' || key == 'Q'))
                return sd_event_exit(w->event, 0);
        if (n == 0)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Watch *w = userdata;

        return sd_event_exit(w->event, -ENOTCONN);
}

static int watch_bus(Watch *w)
{
        sd_bus *bus = w->ctl->bus;
        int r = sd_bus_attach_event(bus, w->event, SD_EVENT_PRIORITY_NORMAL);

        if (r >= 0)
                r = sd_bus_add_match(bus, &w->slots[0],
                                "type='signal',sender='" BUS_NAME "',path_namespace='" BUS_PATH "'",
                                on_bus_signal, w);
        if (r >= 0)
                r = sd_bus_add_match(bus, &w->slots[1],
                                "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus'"
                                ",member='NameOwnerChanged',"
                                "arg0='" BUS_NAME "'",
                                on_bus_signal, w);
        if (r >= 0)
                r = bus_learn_manager(w->ctl);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &w->slots[2], "org.freedesktop.DBus.Local", NULL,
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, w);
        return r;
}

static int watch_signals(Watch *w)
{
        static const int numbers[] = { SIGINT, SIGTERM, SIGWINCH, SIGCONT };
        sigset_t set;
        int r = 0;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                sigaddset(&set, numbers[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = sd_event_add_signal(w->event, &w->signals[i], numbers[i], on_unix_signal, w);
        return r;
}

static int watch_open(Watch *w)
{
        int r = sd_event_new(&w->event);

        if (r >= 0)
                r = watch_signals(w);
        if (r >= 0)
                r = sd_event_add_time_relative(w->event, &w->redraw, CLOCK_MONOTONIC, 0, 0, on_redraw, w);
        if (r >= 0)
                r = watch_bus(w);
        if (r < 0 || !w->screen)
                return r;
        r = sd_event_add_time_relative(w->event, &w->second, CLOCK_MONOTONIC, USEC_PER_SEC, 0, on_second, w);
        if (r >= 0 && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &w->saved) == 0) {
                struct termios raw = w->saved;

                raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
                if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
                        r = sd_event_add_io(w->event, &w->keys, STDIN_FILENO, POLLIN, on_key, w);
        }
        printf("\x1b[?1049h\x1b[?25l\x1b[?7l"); /* the other screen, without a cursor, long lines cut off */
        return r;
}

static void watch_close(Watch *w)
{
        if (w->screen)
                printf("\x1b[?7h\x1b[?25h\x1b[?1049l");
        if (w->keys)
                (void) tcsetattr(STDIN_FILENO, TCSANOW,
                                &w->saved); /* a terminal that is gone needs nothing back */
        fflush(stdout);
        for (size_t i = 0; i < ELEMENTSOF(w->slots); i++)
                sd_bus_slot_unref(w->slots[i]);
        for (size_t i = 0; i < ELEMENTSOF(w->signals); i++)
                sd_event_source_unref(w->signals[i]);
        sd_event_source_unref(w->redraw);
        sd_event_source_unref(w->second);
        sd_event_source_unref(w->keys);
        (void) sd_bus_detach_event(w->ctl->bus); /* not attached where opening failed */
        sd_event_unref(w->event);
        for (size_t i = 0; i < EVENTS_MAX; i++)
                free(w->events[i]);
        snapshot_done(&w->snapshot);
        free(w->failure);
}

int verb_watch(Ctl *c, int argc, char **argv)
{
        Watch w = { .ctl = c, .screen = isatty(STDOUT_FILENO) && c->options.json == JSON_OFF };
        int r, status = ctl_connect_bus(c);

        if (status != STATUS_OK)
                return status;
        r = watch_open(&w);
        if (r >= 0)
                r = sd_event_loop(w.event);
        watch_close(&w);
        return r < 0 && r != -EPIPE ? bus_failed(c, NULL, r, "watch", false) : STATUS_OK;
}
