/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bus daemon of our own, with a server that shows a double of the engine, a client, and what acts as
 * polkit, each on a connection of its own and all on one loop of this process: a call by the client runs the
 * loop until the answer is there. */

#include <setjmp.h>
#include <stdarg.h>
#include <sys/types.h>

#include <cmocka.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus-double.h"
#include "bus-owner.h"

#define ROOT BUS_PATH
#define MANAGER BUS_INTERFACE_MANAGER
#define DISTRO ROOT "/application/distro"
#define SIGNALS_MAX 256u

/* Calls of a test whose harness is `h`. */
#define ON_ROOT(...) harness_call(h, ROOT, MANAGER, __VA_ARGS__)
#define ON_APP(...) harness_call(h, DISTRO, BUS_INTERFACE_APPLICATION, __VA_ARGS__)

typedef enum PolkitAnswer {
        POLKIT_YES,
        POLKIT_NO,
        POLKIT_CHALLENGE,
        POLKIT_BROKEN, /* an error of its own */
        POLKIT_LATE,   /* what sd-bus says where none comes in time */
        POLKIT_HOLD,   /* no answer */
} PolkitAnswer;

typedef struct Harness {
        char dir[64];
        char *address;
        pid_t daemon;
        sd_event *loop;
        sd_bus *service, *client, *polkit;
        BusServer *server;
        Engine engine;

        BusOwner owner;
        BusNumber numbers[3];

        /* What polkit does and was asked. */
        PolkitAnswer polkit_answer;
        unsigned n_polkit, n_polkit_cancelled;
        char polkit_action[128], polkit_subject[128], polkit_details[256];
        uint32_t polkit_flags;
        sd_bus_message *polkit_held;

        sd_bus_message *signals[SIGNALS_MAX];
        size_t n_signals;
} Harness;

/* For cmocka's setup and teardown; setup without a bus daemon on the machine fails. */
int harness_setup(void **state);
int harness_teardown(void **state);
void harness_polkit_start(Harness *h);

sd_bus *harness_connect(Harness *h);
/* Calls and runs the loop. Returns the reply (not to be freed before the error), or NULL and fills `error`.
 */
sd_bus_message *harness_call(Harness *h, const char *path, const char *interface, const char *member,
                sd_bus_error *error, const char *types, ...);
sd_bus_message *harness_get(Harness *h, const char *path, const char *interface, const char *property,
                const char *contents);

/* Answers to calls that nobody waits for, one by one. */
typedef struct Tally {
        unsigned n, n_ok, n_too_many;
} Tally;

int harness_tally(sd_bus_message *m, void *tally, sd_bus_error *error);
/* Asks for a start of "distro", whose answer is added to `tally` as the loop runs. */
void harness_ask(sd_bus *bus, Tally *tally);

/* All that the server has sent so far has arrived. */
void harness_settle(Harness *h);
/* One turn of the loop. */
void harness_turn(Harness *h);

/* Runs `child` as the user nobody in a process of its own, which gets the bus's address and writes its
 * report; the loop runs meanwhile. Skips the test where this process is not root. */
void harness_as_nobody(Harness *h, void (*child)(const char *address, char *report, size_t size_bytes),
                char *ret_report, size_t size_bytes);

/* Signals in the order in which they came; NULL: there is no further one. */
sd_bus_message *harness_next_signal(Harness *h, const char *member);
void harness_forget_signals(Harness *h);

/* "s:running" and the like: the message's next value as text. */
void message_format(sd_bus_message *m, char *ret, size_t size_bytes);
