/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/internal.h"

int bus_server_new(const BusOps *ops, void *userdata, BusServer **ret)
{
        BusServer *s;

        ASSERT(ops->engine && ops->now && ops->local && ops->invocation && ops->submit && ops->stop_local &&
                        ops->reload && ops->asked && ops->name && ops->freed);
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->ops = *ops;
        s->userdata = userdata;
        s->shown_manager = calloc(n_manager_properties, sizeof(s->shown_manager[0]));
        if (!s->shown_manager) {
                free(s);
                return -ENOMEM;
        }
        *ret = s;
        return 0;
}

BusServer *bus_server_free(BusServer *s)
{
        if (!s)
                return NULL;
        peers_drop(s);
        bus_server_detach(s);
        shown_list_done(&s->shown_apps);
        shown_list_done(&s->shown_nodes);
        free(s->shown_manager);
        free(s->outbox);
        free(s);
        return NULL;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        /* DBUS_REQUEST_NAME_REPLY_…: primary owner, in queue, exists, already owner. */
        static const int results[] = { -EPROTO, 0, -EEXIST, -EEXIST, 0 };
        BusServer *s = userdata;
        uint32_t result;
        int r;

        s->slots[SLOT_NAME] = sd_bus_slot_unref(s->slots[SLOT_NAME]);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_ACCESS_DENIED))
                r = -EPERM;
        else if (sd_bus_message_is_method_error(m, NULL))
                r = -sd_bus_message_get_errno(m);
        else {
                r = sd_bus_message_read(m, "u", &result);
                if (r >= 0)
                        r = result < ELEMENTSOF(results) ? results[result] : -EPROTO;
        }
        s->ops.name(s->userdata, r);
        return 0;
}

static int server_add_objects(BusServer *s)
{
        int r;

        r = reads_watch(s);
        if (r < 0)
                return r;
        r = sd_bus_add_object_manager(s->bus, &s->slots[SLOT_OBJECT_MANAGER], BUS_PATH);
        if (r < 0)
                return r;
        r = manager_object_add(s, s->slots + SLOT_MANAGER);
        if (r < 0)
                return r;
        r = application_object_add(s, s->slots + SLOT_APPLICATION);
        if (r < 0)
                return r;
        r = node_object_add(s, s->slots + SLOT_NODE);
        if (r < 0)
                return r;
        if (!sd_bus_is_bus_client(s->bus))
                return 0; /* a direct connection has no names */
        return sd_bus_request_name_async(s->bus, &s->slots[SLOT_NAME], BUS_NAME, 0, on_name, s);
}

int bus_server_attach(BusServer *s, sd_bus *bus)
{
        int r;

        bus_server_detach(s);
        r = s->parent ? 0 : shown_reset(s);
        if (r < 0)
                return r;
        s->bus = sd_bus_ref(bus);
        r = server_add_objects(s);
        if (r < 0) {
                bus_server_detach(s);
                return r;
        }
        return 0;
}

static void server_clear_outbox(BusServer *s)
{
        for (size_t i = 0; i < s->n_outbox; i++)
                sd_bus_message_unref(s->outbox[i]);
        s->n_outbox = 0;
        s->outbox_error = 0;
}

void bus_server_detach(BusServer *s)
{
        bus_calls_drop(s);
        server_clear_outbox(s);
        reads_forget(s);
        for (size_t i = 0; i < _SLOT_MAX; i++)
                s->slots[i] = sd_bus_slot_unref(s->slots[i]);
        s->bus = sd_bus_unref(s->bus);
}

static int server_send(BusServer *s, sd_bus_message *m)
{
        int r;

        /* A reply goes where its call came from, a signal to everybody. */
        r = sd_bus_send(s->bus, m, NULL);
        sd_bus_message_unref(m);
        return r;
}

void server_queue(BusServer *s, sd_bus_message *m)
{
        int r = 0;

        if (s->n_outbox >= BUS_OUTBOX_MAX || ARRAY_GROW(s->outbox, s->n_outbox, s->n_outbox_allocated) < 0)
                r = server_send(s, m); /* out of order beats lost */
        else
                s->outbox[s->n_outbox++] = m;
        if (r < 0 && s->outbox_error == 0)
                s->outbox_error = r;
}

int bus_server_flush(BusServer *s)
{
        int first, r;

        if (!s->bus && !s->peers)
                return 0;
        first = s->parent ? 0 : shown_flush(s);
        peers_flush(s);
        peers_make_room(s);
        if (first >= 0 && s->outbox_error < 0)
                first = s->outbox_error;
        for (size_t i = 0; i < s->n_outbox; i++) {
                r = server_send(s, s->outbox[i]);
                if (r < 0 && first >= 0)
                        first = r;
        }
        s->n_outbox = 0;
        s->outbox_error = 0;
        return first < 0 ? first : 0;
}

/* ---- the signals ---- */

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

void bus_server_note(BusServer *s, const Effect *note)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *member = NULL;
        SignalShape shape = note_signal(note->note, &member);
        Sink sink = { 0 };
        int r;

        if (shape == SIGNAL_NONE)
                return;
        peers_note(s, note);
        if (!s->bus)
                return;
        r = sd_bus_message_new_signal(s->bus, &m, BUS_PATH, BUS_INTERFACE_MANAGER, member);
        if (r >= 0) {
                sink.message = m;
                signal_write(s, note, shape, &sink);
                r = sink.error;
        }
        if (r >= 0)
                server_queue(s, TAKE_PTR(m));
        else if (s->outbox_error == 0)
                s->outbox_error = r;
}
