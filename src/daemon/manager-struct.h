/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the manager share; manager.h says which is which. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/bytes.h"
#include "base/timing.h"
#include "bus/bus.h"
#include "config/config.h"
#include "daemon/journal.h"
#include "daemon/loader.h"
#include "daemon/manager.h"
#include "daemon/notify.h"
#include "daemon/record.h"
#include "engine/engine.h"
#include "group/group.h"
#include "group/votes.h"
#include "systemd/guard.h"
#include "systemd/units.h"
#include "wire/wire.h"

#define STATE_DIRECTORY_DEFAULT "/var/lib/distro-manager"
#define RUNTIME_DIRECTORY_DEFAULT "/run/distro-manager"
#define TOOK_PART_NAME "took-part" /* in the runtime directory: a manager of this boot has taken part */
#define READY_WAIT_USEC (10 * USEC_PER_SEC) /* the Debian package waits for 20 s */

#define RETRY_MIN_USEC (100 * USEC_PER_MSEC)
#define RETRY_MAX_USEC (5 * USEC_PER_SEC)
#define REFUSED_NOTE_USEC (10 * USEC_PER_SEC) /* refused messages get one line in so long */
#define EXTEND_USEC (30 * USEC_PER_SEC)       /* while leaving, systemd is asked for so much more time ... */
#define EXTEND_EVERY_USEC (10 * USEC_PER_SEC) /* ... in these steps */
#define RELOADS_MAX BUS_CALLS_MAX             /* reloads that wait for their answer */

typedef enum StartStep {
        START_CLUSTER, /* Corosync is asked for the nodelist */
        START_LOCAL,   /* the applications' files and the units of this host are being read */
        START_DONE,    /* the engine runs */
} StartStep;

typedef enum LeaveStep {
        LEAVE_NO,
        LEAVE_ASKING,       /* a signal came; systemd is asked what it means */
        LEAVE_HANDING_OVER, /* EVENT_LEAVE was given, EFFECT_LEFT is waited for */
        LEAVE_RESTARTING,   /* EVENT_RESTART was given, EFFECT_LEFT is waited for; then the record */
        LEAVE_GOING,        /* the group is being left: the engine is asked no more */
} LeaveStep;

/* What became of an effect while it was carried out. It is handled when the step is over, since the engine
 * must not be called from within. */
typedef struct LateEvent LateEvent;
struct LateEvent {
        EventType type; /* UNIT or WRITTEN */
        char *app;
        uint64_t epoch;
        UnitState state;
        uint64_t unit_digest;
        char *reason;
        Revision revision;
        int error;
        LateEvent *next;
};

/* A reload that is answered when its load has ended. */
typedef struct ReloadWait {
        uint64_t token;
        uint64_t generation;
} ReloadWait;

/* Of a user's refused calls: how many were written down lately. */
#define ASKERS_MAX 16u
typedef struct Asker {
        uint32_t uid;
        uint64_t since_usec; /* 0: free */
        unsigned n;
        uint64_t n_left_out;
} Asker;

/* A connection to the system bus, and what is to come of it where it is lost: see bus-link.c. */
typedef struct BusLinkType BusLinkType;
typedef struct BusLink {
        Manager *manager;
        const BusLinkType *type; /* what hangs on it; NULL: it was never connected */
        sd_bus *bus;             /* NULL: waits for the next try */
        sd_bus_slot *disconnected_slot;
        sd_event_source *timer;
        uint64_t delay_usec; /* before the next try; 0: the bus has answered */
        bool was_lost;       /* the journal says so */
        bool direct;         /* leads to systemd itself, past the bus */
        uint64_t stuck_usec; /* since when something has waited to be sent each time; 0: nothing does */
} BusLink;

/* The connection to the guard: see guard-link.c. */
typedef struct GuardLink {
        sd_event_source *source; /* the connection; NULL: there is none */
        sd_event_source *timer;  /* the next try, or the end of our patience */
        uint64_t delay_usec;     /* before the next try; 0: the last one was good */
        size_t n_greeted;        /* so much of the greeting has come */
        bool there;              /* all of it has: there is a guard */
        bool heard, was_there;   /* there was a word about it, and that is what the engine has heard */
        bool was_lost;           /* the journal says so */
        bool dirty, told;        /* what it knows may be old; it knows `text` */
        ByteWriter text, unsent;
        size_t n_sent; /* of `unsent` */
} GuardLink;

struct Manager {
        sd_event *event;
        Journal *journal;
        Notify *notify;
        char *root;              /* "" or what comes before every path */
        char *state_directory;   /* with the root */
        char *runtime_directory; /* with the root */
        int lock_fd;             /* one manager a host; -1: not taken */

        /* Configuration, and what was found at the start. */
        ManagerConfig config;
        AppConfigs apps;      /* in force here: of a file that became wrong, the last that was right */
        ClusterInfo *cluster; /* NULL until Corosync has told */
        uint64_t boot_id;
        Record record;
        uint64_t isolation_usec; /* IsolationTimeoutSec=, or the default that Corosync's timing gives */
        StartStep start;
        bool apps_loaded, units_ready;
        uint32_t n_file_warnings; /* about the files of applications, as they were read last */

        /* The parts. */
        Engine *engine; /* NULL until START_DONE */
        Units *units;
        Group *group;
        BusServer *bus_server;
        WireReader *reader;
        RecordWriter *writer;
        Loader *loader;

        /* The step. */
        bool stepping;
        LateEvent *late, **late_end;
        sd_event_source *timer;
        sd_event_source *status_timer;
        sd_event_source *ready_timer; /* READY=1 is sent at the latest then */
        bool status_pending;          /* STATUS= follows when it fires */
        uint64_t now_usec;            /* the engine's clock: what it was given last */

        /* Time: a turn of the loop that finds too much of it gone. */
        uint64_t turn_boottime_usec, turn_monotonic_usec;
        sd_event_source *heartbeat;
        uint64_t heartbeat_usec; /* how often, while a worker depends on this manager */
        uint64_t watchdog_usec;  /* WatchdogSec= then */
        bool idle;               /* none does: the heartbeat is slow, and systemd has been told */
        uint64_t trim_usec; /* what was freed is given back to the host then; 0: there is nothing of account */
        bool watchdog;      /* systemd expects signs of life */
        bool ready;         /* it has got READY=1, and looks after them from then on */
        uint64_t hang_usec; /* before that, a loop that does not turn for so long is ended by the kernel */

        BusLink systemd_link, clients_link;
        sd_event_source *private_source; /* see private-socket.c */
        Asker askers[ASKERS_MAX];        /* see asked.c */
        BusNumber quorum_numbers[24];    /* what ask_local() in bus-link.c hands out */

        /* Corosync. */
        ClusterReader *cluster_reader;
        VotesReader *votes_reader; /* while there is a connection */
        Votes votes;
        bool takes_part; /* nobody is waited for any more */
        bool in_step;    /* has been so once, or knows that there is nobody to be in step with */
        bool took_part;  /* in this boot already: the wait for other nodes is skipped */
        bool votes_known;
        Member self;         /* as the group shows us */
        bool stranger_seen;  /* a node that the nodelist did not have is in the ring */
        bool stranger_noted; /* a node that the nodelist does not have was spoken of */
        bool corosync_was_lost;
        char *trouble;         /* why there is no connection; NULL: there is one, or it is not known */
        bool waiting_noted;    /* that Corosync does not answer was said */
        uint64_t refused_usec; /* when the last line about a refused message was written */
        uint64_t n_refused;    /* refused since, without a line */

        GuardLink guard;

        /* Reloads. */
        ReloadWait *reloads;
        size_t n_reloads, n_reloads_allocated;
        sd_event_source *loader_source, *writer_source;

        /* The end. */
        LeaveStep leave;
        bool anew; /* it leaves so that systemd starts it again */
        OwnJobQuery *own_job;
        uint64_t leave_usec; /* when the signal came */
        LeaveTiming leave_timing;
        sd_event_source *leave_timer;
        int exit_status;
        bool exiting;
};

/* ---- manager.c ---- */
uint64_t boottime_usec(void);
/* The time after which a silent Corosync counts as a cut; the signs of life follow it. */
void manager_set_isolation(Manager *m, uint64_t usec);
/* The node takes part: READY=1, and systemd's watchdog begins. */
void manager_ready(Manager *m);
/* Something has taken much memory for a while: files were read, the state was exchanged, much was told. */
void manager_trim_later(Manager *m);
/* Hands an event to the engine, carries out what follows, and what follows from that. The event's times are
 * filled in. Must not be called from within; before the engine exists it does nothing. */
void manager_step(Manager *m, Event *event);
/* For an outcome that is known at once; a copy is kept until the step is over. */
void manager_late_unit(Manager *m, const char *app, uint64_t epoch, UnitState state, uint64_t unit_digest,
                const char *reason);
void manager_late_written(Manager *m, Revision revision, int error);
/* Ends the loop. The first status counts. */
void manager_exit(Manager *m, int status);
/* Something that only a restart can mend (no memory): says so and ends. */
void manager_fail(Manager *m, int error, const char *what);
void manager_status(Manager *m, const char *format, ...) _printf_(2, 3);
/* What is shown may have changed. systemd tells the whole bus of each STATUS=, which takes it and the bus as long as a
 * part of a start; so a change waits until what it goes with, the starts of a failover above all, has been sent. */
void manager_status_later(Manager *m);
/* Arms `*source` (made at the first call) to fire after `delay_usec`. */
int manager_arm(Manager *m, sd_event_source **source, uint64_t delay_usec, sd_event_time_handler_t handler);
void manager_disarm(sd_event_source *source);
const char *manager_node_name(const Manager *m, uint32_t node_id); /* "?" for one that is not known */

/* ---- effects.c ---- */
void effects_carry_out(Manager *m, EffectList *effects);
/* A line about a message that could not be used, unless there was one lately. */
void effects_note_refused(Manager *m, const char *node, const char *text);

/* ---- start.c ---- */
int start_begin(Manager *m);
void start_go_on(Manager *m); /* something that a step waits for has come */

/* ---- cluster.c ---- */
int cluster_begin(Manager *m);
void cluster_warn_of_delays(Manager *m);
int cluster_join(Manager *m);
void cluster_leave(Manager *m); /* the loop ends when that is done */

/* ---- guard-link.c ---- */
int guard_link_begin(Manager *m);
void guard_link_drop(Manager *m);
void guard_link_update(Manager *m); /* tells it what has changed */
void guard_link_call_off(Manager *m);

/* ---- asked.c ---- */
/* Writes down who asked for a change, and that it was refused. */
void asked_note(void *manager, const BusAsked *asked);

/* ---- bus-link.c ---- */
void bus_link_connect(Manager *m);
void bus_link_drop(Manager *m);
/* From now on systemd is spoken to over its own socket. */
void bus_link_go_direct(Manager *m);
void bus_link_check(Manager *m); /* now and then: whether the bus takes what we send */
int bus_link_serve(Manager *m);  /* from now on there is an engine to show */

/* ---- private-socket.c ---- */
#define PRIVATE_SOCKET_NAME "private"
void private_socket_open(Manager *m); /* once there is a server */

/* ---- reload.c ---- */
int reload_begin(Manager *m);
/* Reads the files again; `token` 0: nobody waits for an answer. */
int reload_request(Manager *m, uint64_t token);
void reload_give_definitions(Manager *m);

/* ---- leave.c ---- */
void leave_go_on(Manager *m);         /* the engine has said that it may */
void leave_to_begin_anew(Manager *m); /* ends, so that systemd starts it again */
int leave_watch_signals(Manager *m);
