/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What follows from an event, as plain data: an ordered list of effects. The holder of the list owns what the effects
 * point to, and frees it with effect_list_done(). */

#include "engine/message.h"

typedef enum EffectType {
        EFFECT_SEND,  /* multicast `message`. On every EVENT_VIEW the adapter drops what it has not sent yet:
                            * the engine sends again what still matters */
        EFFECT_PROBE, /* send a probe to this node's own group; `token` is its number. One that cannot be sent
                            * is dropped: the engine sends another */
        EFFECT_REJOIN, /* leave the group and join it again, with a new incarnation */
        EFFECT_START,  /* start the worker's unit: app, epoch, start_type, from_node */
        EFFECT_STOP,   /* stop it: app, epoch */
        EFFECT_KILL,   /* its time is over: kill all its processes */
        EFFECT_FORGET, /* the end of this copy (app, epoch) has been delivered: its failed unit may be reset */
        EFFECT_WRITE,  /* put `data` on the disk as the record, then EVENT_WRITTEN with `revision`. Only the
                            * newest counts: one that waits is replaced */
        EFFECT_REPLY,  /* answer to the command with `token`: `error`, `text` */
        EFFECT_NOTE,   /* a decision or observation for the journal and the bus signals */
        EFFECT_CHANGED, /* what the bus shows of `app`, of `node`, or (both empty) of the manager may have changed */
        EFFECT_RELOAD, /* read this node's definitions again, then EVENT_DEFINITIONS */
        EFFECT_READY,  /* this node takes part: READY=1 */
        EFFECT_SYNCED, /* synced: the guard is called off */
        EFFECT_LEFT, /* leave the group and exit: a restart may go on; or everything is handed over or stopped, or has
                        * been waited for long enough (`text` names what is left) */
        EFFECT_EXIT, /* give up with `text`; systemd must not restart us if it is `final` */
        _EFFECT_TYPE_MAX,
} EffectType;

/* How a command ended; each is a D-Bus error's name but for the first. */
typedef enum CommandError {
        COMMAND_OK,
        COMMAND_NO_SUCH_APPLICATION,
        COMMAND_NO_SUCH_NODE,
        COMMAND_NO_QUORUM,
        COMMAND_NOT_FORMED,
        COMMAND_NOT_RUNNING,
        COMMAND_NOT_ELIGIBLE,
        COMMAND_NOT_ALLOWED,
        COMMAND_STILL_RUNNING,
        COMMAND_IN_MAINTENANCE,
        COMMAND_NOT_COMMITTED,
        COMMAND_TOO_MANY,
        _COMMAND_ERROR_MAX,
} CommandError;

typedef enum NoteKind {
        NOTE_APP_STARTING, /* a start was decided: app, node, from_node, start_type, epoch */
        NOTE_APP_STARTED,  /* it runs */
        NOTE_APP_STOPPING, /* a stop was decided; text says why */
        NOTE_APP_STOPPED,  /* it ended; text says why */
        NOTE_APP_LOST, /* its node was lost, or with a text the manager there, and the copy with it: node, epoch */
        NOTE_APP_FAILED, /* a worker failed for good and its node was marked; text: systemd's result */
        NOTE_APP_RETRIED, /* one failed for good and is started again there, without a mark; text: its result, how often */
        NOTE_APP_WAITING, /* the owner was lost; text follows the word "waiting": how long, and for what */
        NOTE_APP_BLOCKED, /* should run but cannot; text says why */
        NOTE_APP_FINISHED,
        NOTE_APP_RESTARTING, /* systemd restarts it again and again, or for long; text: how often and why */
        NOTE_APP_SETTLED,    /* it runs again after that: node, epoch */
        NOTE_COPY_STUCK,     /* what was stopped here has left processes: app, node, text, epoch */
        NOTE_COPY_STOPPED, /* a second copy was found and is being stopped: node, epoch; from_node: kept on */
        NOTE_COPY_ADOPTED, /* a running copy was taken into the state */
        NOTE_NODE_JOINED,
        NOTE_NODE_LEFT, /* text: lost, left in order */
        NOTE_QUORUM_GAINED,
        NOTE_QUORUM_LOST,     /* text: what happens to the workers */
        NOTE_FORMED,          /* text: from whose record */
        NOTE_WAITING,         /* the manager waits; text says for what */
        NOTE_SYNC_FAILED,     /* mandatory nodes are missing; text names them */
        NOTE_COMMAND,         /* a command was carried out; text says which, by which node */
        NOTE_UNSYNCED,        /* this member lost track and asks for the state again; text says why */
        NOTE_MESSAGE_REFUSED, /* a message could not be used: node, text */
        NOTE_RECORD_FAILED,   /* the record could not be written; text says why */
        NOTE_DEFINITION,      /* an agreed definition changed, or nodes' files differ: app, text */
        NOTE_ISOLATED, /* this node acts as cut off; text: what Corosync has not said, and for how long */
        NOTE_LEAVING,
        NOTE_MANAGER_GONE, /* a node's manager is gone, its node alive: node, text: how long is waited */
        NOTE_MANAGER_BACK, /* that node has a manager again: node */
        NOTE_SELF_REBOOT,  /* a node reports that its host rebooted itself: node, text: what follows */
        NOTE_VERSION,      /* the group goes over to another protocol version: text */
        _NOTE_KIND_MAX,
} NoteKind;

typedef struct Effect {
        EffectType type;
        Message *message; /* SEND */
        bool may_wait; /* SEND: for a moment, so that several messages go together; no member starts anything because of it */
        NoteKind note;   /* NOTE */
        char *app;       /* NULL where it has no meaning */
        char *node;      /* NOTE, CHANGED */
        char *from_node; /* START, NOTE: the owner of the previous epoch; "" for normal */
        uint64_t epoch;  /* START, STOP, KILL, NOTE */
        StartType start_type;
        Revision revision; /* WRITE */
        uint8_t *data;     /* WRITE */
        size_t data_size_bytes;
        uint64_t token;     /* REPLY; PROBE: its number */
        CommandError error; /* REPLY */
        char *text;         /* REPLY, NOTE, LEFT, EXIT */
        bool final;         /* EXIT: another try would end in the same way */
} Effect;

typedef struct EffectList {
        Effect *effects;
        size_t n_effects;
        size_t n_allocated;
} EffectList;

void effect_done(Effect *f);
void effect_list_done(EffectList *l);
