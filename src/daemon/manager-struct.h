/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager consists of: every file of the daemon sees it. manager.h says which file is which. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/bytes.h"
#include "base/timing.h"
#include "bus/bus.h"
#include "config/config.h"
#include "daemon/exit-status.h"
#include "daemon/journal.h"
#include "daemon/loader.h"
#include "daemon/notify.h"
#include "daemon/record.h"
#include "engine/engine.h"
#include "fuse/self-reboot.h"
#include "group/cluster-reader.h"
#include "group/group.h"
#include "group/votes.h"
#include "systemd/guard.h"
#include "systemd/units.h"
#include "wire/wire.h"

#define STATE_DIRECTORY_DEFAULT "/var/lib/distro-manager"
#define RUNTIME_DIRECTORY_DEFAULT "/run/distro-manager"
#define TOOK_PART_NAME "took-part" /* in the runtime directory: a manager of this boot has taken part */

#define RECONNECT_MIN_USEC (100 * USEC_PER_MSEC)
#define RECONNECT_MAX_USEC (5 * USEC_PER_SEC)

typedef struct Manager Manager;

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

typedef struct LateEvent LateEvent;   /* see late.h */
typedef struct PulseHooks PulseHooks; /* see pulse.h */

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

typedef struct MaintenanceFile MaintenanceFile; /* see maintenance.h */

/* A process that has to be there beside the manager: see companion.h. */
typedef struct Companion {
        sd_event_source *timer; /* the next try, or the end of our patience */
        uint64_t delay_usec;    /* before the next try; 0: the last one was good */
        bool heard, was_there;  /* there was a word about it, and that is what the engine has heard */
        bool was_lost;          /* the journal says so */
} Companion;

/* The connection to the guard: see guard-link.c. */
typedef struct GuardLink {
        Companion companion;
        sd_event_source *source; /* the connection; NULL: there is none */
        size_t n_greeted;        /* so much of the greeting has come */
        bool there;              /* all of it has: there is a guard */
        bool dirty, told;        /* what it knows may be old; it knows `text` */
        ByteWriter text, unsent;
        size_t n_sent; /* of `unsent` */
} GuardLink;

/* The connection to the fuse: see fuse-link.c. */
typedef struct FuseLink {
        Companion companion;     /* its timer also: why it was lost is to be told */
        sd_event_source *source; /* the connection; NULL: there is none. Off: an answer can wait */
        sd_event_source *slack;  /* on: a move waits */
        sd_event_source *end;    /* the fuse's process */
        int error;               /* it was lost by this, and the engine does not know yet; 0: it does */
        bool there;              /* it has answered, and has not been lost since */
        unsigned n_unanswered;   /* orders */
        uint64_t asked_usec;     /* since when the first of them waits at most */
        bool told;               /* this fuse knows `told_usec`, and for what; 0: nothing */
        uint64_t told_usec;
        bool told_poweroff;
        char app[APP_NAME_MAX + 1];
} FuseLink;

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
        SelfReboot rebooted; /* how this boot began; `realtime_usec` 0: otherwise */
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
        const PulseHooks *pulse_hooks;
        uint64_t hang_usec; /* before that, a loop that does not turn for so long is ended by the kernel */

        BusLink systemd_link, clients_link;
        sd_event_source *private_source; /* see private-socket.c */
        Asker askers[ASKERS_MAX];        /* see asked.c */
        BusNumber quorum_numbers[24];    /* what ask_local() in bus-link.c hands out */

        /* Corosync. */
        ClusterReader *cluster_reader;
        VotesReader *votes_reader; /* while there is a connection */
        Votes votes;
        bool takes_part; /* no other node is waited for any more */
        bool in_step;    /* has been so once, or knows that there is no member to be in step with */
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
        FuseLink fuse;

        MaintenanceFile *maintenance_files; /* sorted by name */
        size_t n_maintenance_files, n_maintenance_files_allocated;
        sd_event_source *maintenance_timer; /* what could not be made or removed is tried again */

        /* Reloads. */
        ReloadWait *reloads;
        size_t n_reloads, n_reloads_allocated;
        sd_event_source *loader_source, *writer_source;

        /* The end. */
        LeaveStep leave;
        bool powers_off; /* the host is to stay down: so the fuse, should it go off, does not boot it */
        bool anew;       /* it leaves so that systemd starts it again */
        OwnJobQuery *own_job;
        uint64_t leave_usec; /* when the signal came */
        LeaveTiming leave_timing;
        sd_event_source *leave_timer;
        int exit_status;
        bool exiting;
};
