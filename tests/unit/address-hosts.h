/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Two hosts: network namespaces, each with an interface eth0 at the bridge of a third one, in which the test is the client.
 * Namespaces end with the processes that are in them, so that nothing is left however a test ends. And distro-address in
 * them, with somebody who listens as systemd does. What waits here waits for what is said or shown, and fails the test where
 * that takes long. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "address/kernel.h"
#include "base/macros.h"

#define N_HOSTS 2u
#define N_FAMILIES 2u

typedef struct Host {
        pid_t pid;   /* is in the namespace, and does nothing */
        int life_fd; /* it ends when this is closed */
        Mac mac;
} Host;

extern Host hosts[N_HOSTS];

/* The same checks for both families. */
typedef struct Family {
        int family;
        const char *address, *bare, *own[N_HOSTS]; /* the one that moves; those that the hosts have */
} Family;

extern const Family families[N_FAMILIES];

/* Makes the namespaces; this process is in the client's then. Returns what is missing for it, or NULL. */
const char *net_what_is_missing(void);
/* Finds the program, and makes a folder for what it says. Returns -errno. */
int net_begin(void);
void net_end(void);
/* For cmocka: before all tests, connects the hosts; after each test, ends what one that failed has left, which would make all
 * others fail. */
int net_connect(void **state);
int net_clean(void **state);

uint64_t net_now_usec(void);
void net_path(char *ret, size_t size_bytes, const char *name);
/* A command for sh(1) in a host's namespace, NULL: in the client's, which has to succeed. */
void net_must(const Host *h, const char *format, ...) _printf_(2, 3);
/* What ip(8) prints of a host's addresses; from iproute2 6.8 or so on it also tells who added one, which is left out. */
#define NET_SHOW_ADDRESSES "ip -o addr show | sed 's/ proto [^ ]*//'"
/* Whether what the command prints has `text` in it. */
bool net_shows(const Host *h, const char *text, const char *words);
bool net_has_address(const Host *h, const Family *f);

/* ---- the program ---- */

typedef struct Keeper {
        pid_t pid;
        int end_fd, notify_fd, said_fd;
        bool ready;
        char status[512]; /* the last STATUS= */
        char said[2048];  /* standard error, after its end */
        uint64_t started_usec;
} Keeper;

Keeper keeper_start(const Host *h, const char *const *words);
#define KEEPER_START(h, ...) keeper_start(h, (const char *const[]){ __VA_ARGS__, NULL })

typedef bool (*Condition)(const Keeper *k, const char *text);

bool keeper_is_ready(const Keeper *k, const char *text);
bool keeper_says(const Keeper *k, const char *text);
bool keeper_says_not(const Keeper *k, const char *text);
/* Returns false if the process ended before. */
bool keeper_wait(Keeper *k, Condition condition, const char *text);
void keeper_must(Keeper *k, Condition condition, const char *text);
/* Waits for the end. Returns the exit status; 128 and the signal where one ended it. */
int keeper_end(Keeper *k);
int keeper_stop(Keeper *k, int signal);

/* ---- what the client sees ---- */

/* A socket that sees frames about the address at the client's bridge; the caller closes it. */
int client_watch(const Family *f);
/* The next frame by which a host says that it has the address, or asks for it. */
Mac client_next_claim(int fd, const Family *f);
/* Makes the client look for the address, so that its table of neighbours has it. */
void client_talk_to(const Family *f);
bool client_neighbour_is(const Family *f, const Host *h);
void client_wait_for_neighbour(const Family *f, const Host *h);
void client_forget_neighbour(const Family *f);
