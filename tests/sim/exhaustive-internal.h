/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the exhaustive model share. */

#include "base/hash.h"
#include "exhaustive-model.h"

#define TOKEN_USEC (1 * USEC_PER_SEC)
#define CONSENSUS_USEC (2630 * USEC_PER_MSEC)
#define GRACE_USEC (15 * USEC_PER_SEC)
#define RING_STEP 4u
#define QUEUE_MAX 24u
#define STARTS_MAX 24u
#define CALM_USEC (60 * USEC_PER_SEC) /* after so long without anything but probes nothing comes any more */
#define CALM_STEPS 4096u

/* A message under way; shared by the copies of a model, never changed. */
typedef struct Letter {
        unsigned n_refs;
        uint64_t fingerprint;
        Message *message; /* NULL: a probe */
        uint64_t probe;
} Letter;

/* An engine; shared by the copies of a model until one of them steps it. */
typedef struct Brain {
        unsigned n_refs;
        Engine *engine;
        uint64_t fingerprint; /* 0: not known */
} Brain;

typedef struct Unit {
        uint64_t epoch;
        UnitState state; /* NONE; STARTING or STOPPING: something is about to be reported */
        bool gone;       /* no processes any more; its end has yet to be reported */
} Unit;

typedef struct Host {
        bool up;
        Brain *brain; /* NULL: no manager */
        uint32_t pid;
        uint8_t part, ring_mask;
        bool rejoins;
        RingId ring;
        uint64_t history; /* over what was delivered since the ring, in order */
        Letter *queue[QUEUE_MAX];
        size_t n_queue;
        Unit units[MODEL_APPS];
        uint64_t guard_usec; /* when it stops the workers; 0: disarmed */
        uint64_t boot;
        bool writes;
        Revision written;
        Letter *record, *next_record; /* the bytes, as a state message's */
} Host;

typedef enum Wish {
        WISH_UP,
        WISH_DOWN,
        WISH_EITHER, /* asked, not answered */
} Wish;

struct Model {
        const ModelConfig *config;
        uint64_t now_usec, busy_usec;
        unsigned n_faults_left;
        unsigned n_torn; /* messages that may still be ordered in a ring that is breaking */
        uint64_t starts[MODEL_APPS][STARTS_MAX]; /* epochs that were started, in order */
        size_t n_starts[MODEL_APPS];
        Wish wish;         /* of administrators, for the first application */
        uint64_t n_asked;  /* commands; the last one's token */
        uint64_t n_open;   /* not answered yet */
        Wish asked;        /* what the last one wants; EITHER: it overlaps with another one */
        unsigned n_failed; /* workers */
        Host hosts[MODEL_NODES];
        char verdict[160];
};

static const char *const names[MODEL_NODES] = { "abc", "bcd", "def" };
static const char *const apps[MODEL_APPS] = { "distro", "web" };
static const struct {
        CommandKind kind;
        const char *node;
        const char *text;
        Wish wish;
} commands[] = {
        { COMMAND_STOP, "", "stop", WISH_DOWN },
        { COMMAND_START, "", "start", WISH_UP },
        { COMMAND_TAKEOVER, "def", "takeover def --force", WISH_EITHER },
        { COMMAND_RESTART, "", "restart", WISH_EITHER },
};

/* ---- exhaustive-model.c: what is shared between the copies of a model ---- */
void wrong(Model *m, const char *format, ...) _printf_(2, 3);
Letter *letter_new(Message *message, uint64_t probe);
Letter *letter_ref(Letter *l);
Letter *letter_unref(Letter *l);
Brain *brain_new(Engine *e);
Brain *brain_unref(Brain *b);
Engine *host_engine(Host *h);
void host_drop_queue(Host *h);
void host_shift_queue(Host *h);
void host_forget_write(Host *h);

/* ---- exhaustive-cluster.c: engines, rings, nodes ---- */
unsigned host_index(const Model *m, const Host *h);
void host_end_manager(Model *m, Host *h, bool planned);
void host_step(Model *m, Host *h, Event *event);
uint8_t host_hears(const Model *m, const Host *h);
bool host_ring_is_whole(const Model *m, const Host *h);
void model_ring(Model *m, uint8_t mask, bool carry);
void model_order(Model *m, Host *h, unsigned except);
void model_manager_start(Model *m, Host *h, bool carry);
void model_kill(Model *m, Host *h, bool carry);
void host_down(Model *m, Host *h);
void host_up(Host *h);
void host_rejoin(Model *m, Host *h);
void host_unit(Model *m, Host *h, size_t app, UnitState state);
void host_written(Model *m, Host *h);
void host_command(Model *m, Host *h, unsigned which);

/* ---- exhaustive-acts.c: what can happen ---- */
/* What goes on by itself and time waits for. */
size_t list_due(const Model *m, Act *ret);
