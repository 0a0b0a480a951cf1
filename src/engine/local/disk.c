/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The record on this node's disk, and what the group hears of it. */

#include "engine/local/disk.h"

void disk_write(Engine *e)
{
        ByteWriter w = {};
        Effect *f;

        if (!engine_is_synced(e))
                return;
        if (revision_compare(&e->agreed.state.revision, &e->write_issued) == 0 &&
                        !(e->write_failed && e->now_usec >= e->write_retry_usec))
                return;
        state_encode(&e->agreed.state, STATE_LASTING, e->now_usec, &w);
        if (w.error) {
                e->agreed.out.oom = true;
                byte_writer_done(&w);
                return;
        }
        f = engine_emit(e, EFFECT_WRITE);
        f->revision = e->write_issued = e->agreed.state.revision;
        f->data = w.data;
        f->data_size_bytes = w.size_bytes;
        e->write_retry_usec = e->now_usec + COMMIT_USEC;
}

void disk_acknowledge(Engine *e)
{
        const Node *own = state_find_node(&e->agreed.state, e->node_id);
        Message m = { .type = MESSAGE_ACK };

        if (!engine_is_synced(e) || !own)
                return;
        if (e->write_failed) {
                if (e->failure_told_in == e->view_serial)
                        return;
                e->failure_told_in = e->view_serial;
                m.ack.revision = e->agreed.state.revision;
                engine_send(e, &m);
                return;
        }
        if (e->write_done.count == 0 ||
                        (e->acked_in == e->hold_serial && revision_compare(&e->write_done, &e->acked) == 0))
                return;
        if (!own->unwritable && revision_compare(&e->write_done, &own->acked) <= 0)
                return;
        m.ack.revision = e->acked = e->write_done;
        e->acked_in = e->hold_serial;
        m.ack.written = true;
        engine_send(e, &m);
}

void disk_written(Engine *e, const Event *event)
{
        if (event->written.error < 0) {
                if (!e->write_failed)
                        engine_note(e, NOTE_RECORD_FAILED, NULL, e->node_id,
                                        "%s; this node gets no new applications",
                                        strerror(-event->written.error));
                e->write_failed = true;
                e->failure_told_in = 0;
                e->write_retry_usec = e->now_usec + COMMIT_USEC;
                e->acked_in = 0;
                return;
        }
        if (e->write_failed)
                e->acked_in = 0;
        e->write_failed = false;
        e->write_retry_usec = 0;
        if (revision_compare(&event->written.revision, &e->write_done) != 0)
                e->write_done = event->written.revision;
}

uint64_t disk_deadline(const Engine *e)
{
        return e->write_failed && engine_is_synced(e) ? e->write_retry_usec : USEC_INFINITY;
}
