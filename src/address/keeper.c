/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/keeper.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <signal.h>
#include <stdarg.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "address/address-lock.h"
#include "address/removal.h"
#include "base/clock.h"

#define REASON_BYTES 320
#define FRAMES_AT_ONCE 64

typedef enum KeeperState {
        KEEPER_BEGINS,
        KEEPER_ASKING,
        KEEPER_WAITING, /* to ask again */
        KEEPER_THERE,
        KEEPER_FAILED, /* and in maintenance */
} KeeperState;

typedef struct Keeper {
        const Arguments *arguments;
        char text[ADDRESS_TEXT_MAX]; /* the address */
        KeeperState state;
        Kernel kernel;
        Interface interface;
        sd_event *event;
        sd_event_source *timer; /* the next question, or announcement */
        sd_event_source *look;  /* in maintenance */
        sd_event_source *answers;
        int answers_fd, send_fd, lock_fd;
        uint64_t deadline_usec; /* for asking */
        uint64_t round_usec;    /* when this round of asking, or of announcing, began */
        size_t n_sent;          /* in this round */
        bool carrier, had_carrier;
        char reason[REASON_BYTES];
        bool is_over;
        KeeperExit exit;
} Keeper;

static const uint64_t announcements_usec[] = { 0, USEC_PER_SEC, 5 * USEC_PER_SEC };

static uint64_t now_usec(void)
{
        /* Not that of the loop's iteration: what came before may have taken long. */
        return clock_usec(CLOCK_BOOTTIME);
}

static void say_status(const char *format, ...) _printf_(1, 2);
static void say_status(const char *format, ...)
{
        char text[REASON_BYTES + 16];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        (void) sd_notifyf(false, "STATUS=%s", text); /* nobody listens where it was started by hand */
}

static void say_there(Keeper *k)
{
        if (k->carrier)
                say_status("%s/%u is on %s", k->text, k->arguments->spec.address.prefix, k->interface.name);
        else
                say_status("%s/%u is on %s; %s %s", k->text, k->arguments->spec.address.prefix,
                                k->interface.name, k->interface.name,
                                k->had_carrier ? "lost its carrier" : "has no carrier");
}

static int end(Keeper *k, KeeperExit status)
{
        k->exit = status;
        k->is_over = true;
        return sd_event_exit(k->event, 0);
}

static bool is_in_maintenance(const Keeper *k)
{
        return k->arguments->maintenance && access(k->arguments->maintenance, F_OK) == 0;
}

static int arm(sd_event_source *source, uint64_t usec)
{
        int r = sd_event_source_set_time(source, usec);

        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* What would end it. In maintenance, once it has been there, it is only said. */
static int fail(Keeper *k, const char *format, ...) _printf_(2, 3);
static int fail(Keeper *k, const char *format, ...)
{
        bool was_there = k->state == KEEPER_THERE || k->state == KEEPER_FAILED;
        char reason[REASON_BYTES];
        va_list ap;

        va_start(ap, format);
        vsnprintf(reason, sizeof(reason), format, ap);
        va_end(ap);
        if (k->state != KEEPER_FAILED || !streq(reason, k->reason))
                fprintf(stderr, "%s\n", reason);
        strcpy(k->reason, reason);
        if (!was_there || !is_in_maintenance(k)) {
                say_status("%s", reason);
                return end(k, was_there ? KEEPER_WENT_AWAY : KEEPER_NOT_STARTED);
        }
        k->state = KEEPER_FAILED;
        say_status("failed: %s", reason);
        return arm(k->look, now_usec() + USEC_PER_SEC);
}

static int fail_by(Keeper *k, const char *what, int error)
{
        return fail(k, "%s: %s: %s", k->text, what, strerror(-error));
}

static int announce(Keeper *k)
{
        bool is_router = kernel_is_router(k->interface.name);
        Frame f;
        int r = 0;

        for (unsigned form = 0; r >= 0 && frame_announce(&k->arguments->spec.address, &k->interface.mac, form,
                                                          is_router, &f);
                        form++)
                r = kernel_send_frame(k->send_fd, &f);
        if (r < 0) /* it is there all the same, and the next one may be sent */
                fprintf(stderr, "%s could not be announced on %s: %s\n", k->text, k->interface.name,
                                strerror(-r));
        k->n_sent++;
        if (k->n_sent >= ELEMENTSOF(announcements_usec))
                return 0;
        return arm(k->timer, k->round_usec + announcements_usec[k->n_sent]);
}

static int begin_to_announce(Keeper *k)
{
        if (!k->arguments->spec.announce || !k->interface.is_ethernet)
                return 0;
        k->round_usec = now_usec();
        k->n_sent = 0;
        return announce(k);
}

static void stop_asking(Keeper *k)
{
        k->answers = sd_event_source_disable_unref(k->answers);
        if (k->answers_fd >= 0)
                (void) close(k->answers_fd);
        k->answers_fd = -1;
}

static int add(Keeper *k)
{
        int r;

        stop_asking(k);
        r = kernel_add(&k->kernel, &k->arguments->spec, k->interface.index);
        if (r == -EEXIST)
                return fail(k, "%s: is there already, not by us (on %s)", k->text, k->interface.name);
        if (r == -EOPNOTSUPP)
                return fail(k, "%s: the kernel can't note whose it is: Linux 5.18 or later is needed",
                                k->text);
        if (r < 0)
                return fail(k, "%s: could not be added to %s: %s", k->text, k->interface.name, strerror(-r));
        k->state = KEEPER_THERE;
        (void) sd_notify(false, "READY=1");
        say_there(k);
        return begin_to_announce(k);
}

static int taken(Keeper *k, const Mac *mac)
{
        char text[MAC_TEXT_MAX];

        stop_asking(k);
        mac_format(text, mac);
        if (k->round_usec + KEEPER_AGAIN_USEC + KEEPER_PROBE_USEC > k->deadline_usec)
                return fail(k, "%s: another host has it (%s, on %s)", k->text, text, k->interface.name);
        if (k->state == KEEPER_ASKING)
                say_status("%s: another host has it (%s, on %s); it is asked again each second", k->text,
                                text, k->interface.name);
        k->state = KEEPER_WAITING;
        return arm(k->timer, k->round_usec + KEEPER_AGAIN_USEC);
}

static int on_answer(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
        Keeper *k = userdata;
        uint8_t data[256];

        for (size_t i = 0; i < FRAMES_AT_ONCE; i++) {
                ssize_t n = recv(fd, data, sizeof(data), 0);
                Mac mac;

                if (n < 0)
                        return 0; /* nothing more, or the interface went down, of which there is news */
                if (frame_is_claim(data, (size_t) n, &k->arguments->spec.address, &k->interface.mac, &mac))
                        return taken(k, &mac);
        }
        return 0;
}

static int ask(Keeper *k)
{
        Frame f;
        int r;

        frame_probe(&k->arguments->spec.address, &k->interface.mac, &f);
        r = kernel_send_frame(k->answers_fd, &f);
        if (r < 0)
                return fail_by(k, "could not be asked for", r);
        k->n_sent++;
        return arm(k->timer, k->round_usec + k->n_sent * KEEPER_PROBE_USEC / KEEPER_PROBES);
}

static int begin_to_ask(Keeper *k)
{
        int r;

        k->answers_fd = kernel_open_frames(k->interface.index, &k->arguments->spec.address);
        if (k->answers_fd < 0)
                return fail_by(k, "could not be asked for", k->answers_fd);
        r = sd_event_add_io(k->event, &k->answers, k->answers_fd, EPOLLIN, on_answer, k);
        /* An answer that is here counts, however late this process gets to it. */
        if (r >= 0)
                r = sd_event_source_set_priority(k->answers, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0)
                return r;
        k->state = KEEPER_ASKING;
        k->round_usec = now_usec();
        k->n_sent = 0;
        return ask(k);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
        Keeper *k = userdata;

        switch (k->state) {
        case KEEPER_ASKING:
                return k->n_sent < KEEPER_PROBES ? ask(k) : add(k);
        case KEEPER_WAITING:
                return begin_to_ask(k);
        case KEEPER_THERE:
                return announce(k);
        case KEEPER_BEGINS:
        case KEEPER_FAILED:
                break;
        }
        return 0;
}

/* The interface as the list has it: carrier, MAC and name may have changed. */
static int interface_changed(Keeper *k, const Interface *i)
{
        bool carrier = i->flags & IFF_LOWER_UP, returns = carrier && !k->carrier;
        bool other_mac = memcmp(&i->mac, &k->interface.mac, sizeof(i->mac)) != 0;

        if (k->carrier && !carrier)
                fprintf(stderr, "%s lost its carrier\n", i->name);
        else if (returns)
                fprintf(stderr, "%s has its carrier again\n", i->name);
        k->interface = *i;
        if (carrier != k->carrier) {
                k->carrier = carrier;
                k->had_carrier = true;
                say_there(k);
        }
        /* Behind a switch that was restarted, or another port of it, nobody may know where we are. */
        return returns || other_mac ? begin_to_announce(k) : 0;
}

/* Why it is not there, for somebody who looks for who did it. */
static int went_away(Keeper *k, const Interface *i)
{
        if (!i)
                return fail(k, "%s: %s is gone", k->text, k->interface.name);
        if (!(i->flags & IFF_UP))
                return fail(k, "%s: removed from %s by somebody else, who set it down", k->text, i->name);
        return fail(k, "%s: removed from %s by somebody else", k->text, i->name);
}

static int look(Keeper *k)
{
        const InterfaceAddress *found;
        const Interface *i;
        Network n;
        int r = kernel_list(&k->kernel, k->arguments->spec.address.family, &n);

        if (r < 0)
                return fail_by(k, "the kernel does not say whether it is there", r);
        i = network_interface(&n, k->interface.index);
        found = network_find(&n, &k->arguments->spec.address, k->interface.index);
        if (!i || !found || !found->is_ours)
                r = went_away(k, i);
        else if (found->flags & IFA_F_DADFAILED)
                r = fail(k, "%s: another host has it (on %s)", k->text, i->name);
        else {
                if (k->state == KEEPER_FAILED) {
                        k->state = KEEPER_THERE;
                        say_there(k);
                }
                r = interface_changed(k, i);
        }
        network_done(&n);
        return r;
}

static int on_news(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
        Keeper *k = userdata;
        bool concerns;
        int r = kernel_news(&k->kernel, k->interface.index, &concerns);

        if (r < 0)
                return fail_by(k, "the kernel tells no news", r);
        if (!concerns || (k->state != KEEPER_THERE && k->state != KEEPER_FAILED))
                return 0;
        return look(k);
}

static int on_look(sd_event_source *s, uint64_t usec, void *userdata)
{
        return look(userdata);
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
        (void) sd_notify(false, "STOPPING=1");
        return end(userdata, KEEPER_ENDED);
}

/* Sets k->interface. */
static int choose(Keeper *k)
{
        _cleanup_free_ char *error = NULL;
        const Interface *i;
        Network n;
        int r = kernel_list(&k->kernel, k->arguments->spec.address.family, &n);

        if (r < 0)
                return fail_by(k, "could not begin", r);
        r = network_choose(&n, &k->arguments->spec, &i, &error);
        if (r >= 0) {
                k->interface = *i;
                k->carrier = k->had_carrier = i->flags & IFF_LOWER_UP;
        }
        network_done(&n);
        return r < 0 ? fail(k, "%s", error ? error : strerror(-r)) : 0;
}

/* Nobody has it on this host afterwards, or it fails. What an earlier keeper left is removed. */
static int clear(Keeper *k)
{
        const Address *a = &k->arguments->spec.address;
        /* What is on one link only may be there on each of them. */
        uint32_t index = address_is_link_local(a) ? k->interface.index : 0;
        char where[IFNAMSIZ];
        int r = address_lock_take(a, index, &k->lock_fd);

        if (r == -EADDRINUSE)
                return fail(k, "%s: another distro-address has it", k->text);
        if (r >= 0)
                r = removal_of_ours(&k->kernel, a, index, where);
        if (r < 0)
                return fail_by(k, "could not begin", r);
        return r > 0 ? fail(k, "%s: is there already, not by us (on %s)", k->text, where) : 0;
}

static int begin(Keeper *k)
{
        int r = choose(k);

        if (r >= 0 && !k->is_over)
                r = clear(k);
        if (r < 0 || k->is_over)
                return r;
        if (!k->carrier)
                fprintf(stderr, "%s has no carrier\n", k->interface.name);
        if (k->interface.is_ethernet) {
                k->send_fd = kernel_open_frames(k->interface.index, NULL);
                if (k->send_fd < 0)
                        return fail_by(k, "could not be announced", k->send_fd);
        }
        k->deadline_usec = now_usec() + k->arguments->timeout_usec;
        if (!k->arguments->spec.check || !k->interface.is_ethernet)
                return add(k);
        say_status("%s: asking on %s whether another host has it", k->text, k->interface.name);
        return begin_to_ask(k);
}

static int add_sources(Keeper *k)
{
        sigset_t mask;
        int r;

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        r = sd_event_new(&k->event);
        if (r >= 0)
                r = sd_event_add_signal(k->event, NULL, SIGTERM, on_signal, k);
        if (r >= 0)
                r = sd_event_add_signal(k->event, NULL, SIGINT, on_signal, k);
        if (r >= 0)
                r = sd_event_add_io(k->event, NULL, k->kernel.news_fd, EPOLLIN, on_news, k);
        if (r >= 0)
                r = sd_event_add_time(k->event, &k->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_timer, k);
        if (r >= 0)
                r = sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(k->event, &k->look, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_look, k);
        if (r >= 0)
                r = sd_event_source_set_enabled(k->look, SD_EVENT_OFF);
        return r;
}

static void keeper_done(Keeper *k)
{
        stop_asking(k);
        sd_event_source_disable_unref(k->timer);
        sd_event_source_disable_unref(k->look);
        sd_event_unref(k->event);
        if (k->send_fd >= 0)
                (void) close(k->send_fd);
        if (k->lock_fd >= 0)
                (void) close(k->lock_fd); /* nothing was written */
        kernel_done(&k->kernel);
}

/* Whatever ended it: what it has added does not outlive it. */
static void take_back(Keeper *k)
{
        char where[IFNAMSIZ];
        int r;

        if (k->state != KEEPER_THERE && k->state != KEEPER_FAILED)
                return;
        r = removal_of_ours(&k->kernel, &k->arguments->spec.address, k->interface.index, where);
        if (r >= 0)
                return;
        fprintf(stderr, "%s: could not be removed from %s: %s\n", k->text, k->interface.name, strerror(-r));
        k->exit = KEEPER_WENT_AWAY;
}

KeeperExit keeper_run(const Arguments *a)
{
        Keeper k = { .arguments = a,
                .kernel = KERNEL_NONE,
                .answers_fd = -1,
                .send_fd = -1,
                .lock_fd = -1,
                .exit = KEEPER_NOT_STARTED };
        int r;

        address_format(k.text, &a->spec.address);
        r = kernel_open(&k.kernel);
        if (r >= 0)
                r = add_sources(&k);
        if (r >= 0)
                r = begin(&k);
        if (r >= 0)
                r = sd_event_loop(k.event);
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", k.text, strerror(-r));
                k.exit = k.state == KEEPER_THERE ? KEEPER_WENT_AWAY : KEEPER_NOT_STARTED;
        }
        take_back(&k);
        keeper_done(&k);
        return k.exit;
}
