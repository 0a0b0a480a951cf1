/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/signals.h"

#include "bus/outbox.h"
#include "bus/property.h"

typedef enum SignalShape {
        SIGNAL_NONE,
        SIGNAL_STARTED,
        SIGNAL_STOPPED,
        SIGNAL_COPY_STOPPED,
        SIGNAL_JOINED,
        SIGNAL_LEFT,
        SIGNAL_QUORUM,
} SignalShape;

static SignalShape note_signal(NoteKind note, const char **ret_member)
{
        switch (note) {
        case NOTE_APP_STARTED:
                *ret_member = "ApplicationStarted";
                return SIGNAL_STARTED;
        case NOTE_APP_STOPPED:
        case NOTE_APP_LOST:
        case NOTE_APP_FAILED:
        case NOTE_APP_RETRIED:
        case NOTE_APP_FINISHED:
                *ret_member = "ApplicationStopped";
                return SIGNAL_STOPPED;
        case NOTE_COPY_STOPPED:
                *ret_member = "CopyStopped";
                return SIGNAL_COPY_STOPPED;
        case NOTE_NODE_JOINED:
                *ret_member = "NodeJoined";
                return SIGNAL_JOINED;
        case NOTE_NODE_LEFT:
                *ret_member = "NodeLeft";
                return SIGNAL_LEFT;
        case NOTE_QUORUM_GAINED:
        case NOTE_QUORUM_LOST:
                *ret_member = "QuorumChanged";
                return SIGNAL_QUORUM;
        case NOTE_APP_STARTING:
        case NOTE_APP_STOPPING:
        case NOTE_APP_WAITING:
        case NOTE_APP_BLOCKED:
        case NOTE_APP_RESTARTING:
        case NOTE_APP_SETTLED:
        case NOTE_COPY_STUCK:
        case NOTE_COPY_ADOPTED:
        case NOTE_FORMED:
        case NOTE_WAITING:
        case NOTE_SYNC_FAILED:
        case NOTE_COMMAND:
        case NOTE_UNSYNCED:
        case NOTE_MESSAGE_REFUSED:
        case NOTE_RECORD_FAILED:
        case NOTE_DEFINITION:
        case NOTE_ISOLATED:
        case NOTE_LEAVING:
        case NOTE_MANAGER_GONE:
        case NOTE_MANAGER_BACK:
        case NOTE_SELF_REBOOT:
        case NOTE_VERSION:
        case _NOTE_KIND_MAX:
        default:
                return SIGNAL_NONE; /* for the journal only */
        }
}

static const char *note_default_reason(NoteKind note)
{
        if (note == NOTE_APP_LOST)
                return "lost with its node";
        return note == NOTE_APP_FAILED ? "failed" : note == NOTE_APP_FINISHED ? "finished" : "";
}

static void signal_write(BusServer *s, const Effect *note, SignalShape shape, Sink *sink)
{
        const Node *node = note->node ? state_find_node_name(server_state(s), note->node) : NULL;

        if (shape == SIGNAL_QUORUM) {
                sink_bool(sink, note->note == NOTE_QUORUM_GAINED);
                return;
        }
        if (shape == SIGNAL_STARTED || shape == SIGNAL_STOPPED || shape == SIGNAL_COPY_STOPPED)
                sink_string(sink, note->app);
        sink_string(sink, note->node);
        if (shape == SIGNAL_STARTED) {
                sink_string(sink, start_type_to_string(note->start_type));
                sink_string(sink, note->from_node);
                sink_u64(sink, note->epoch);
        } else if (shape == SIGNAL_COPY_STOPPED) {
                sink_u64(sink, note->epoch);
                sink_string(sink, note->from_node);
        } else if (shape == SIGNAL_JOINED || shape == SIGNAL_LEFT)
                sink_u32(sink, node ? node->id : 0);
        if (shape == SIGNAL_STOPPED || shape == SIGNAL_LEFT)
                sink_string(sink, isempty(note->text) ? note_default_reason(note->note) : note->text);
}

void signal_note(BusServer *s, const Effect *note)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *member = NULL;
        SignalShape shape = note_signal(note->note, &member);
        Sink sink = { 0 };
        int r;

        if (shape == SIGNAL_NONE || !s->bus)
                return;
        r = sd_bus_message_new_signal(s->bus, &m, BUS_PATH, BUS_INTERFACE_MANAGER, member);
        if (r >= 0) {
                sink.message = m;
                signal_write(s, note, shape, &sink);
                r = sink.error;
        }
        if (r >= 0)
                outbox_queue(s, TAKE_PTR(m));
        else
                outbox_fail(s, r);
}
