/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The record on this node's disk, and what the group hears of it. */

#include "engine/local/disk.h"
#include "engine/agreed/commit.h"
#include "engine/encode.h"

void disk_write(Local *here)
{
        ByteWriter w = {};
        Effect *f;

        if (!member_is_synced(&here->me))
                return;
        if (revision_compare(&here->me.agreed.state.revision, &here->write_issued) == 0 &&
                        !(here->write_failed && here->me.agreed.now_usec >= here->write_retry_usec))
                return;
        state_encode(&here->me.agreed.state, STATE_LASTING, here->me.agreed.now_usec, &w);
        if (w.error) {
                here->me.agreed.out.oom = true;
                byte_writer_done(&w);
                return;
        }
        f = member_emit(&here->me, EFFECT_WRITE);
        f->revision = here->write_issued = here->me.agreed.state.revision;
        f->data = w.data;
        f->data_size_bytes = w.size_bytes;
        here->write_retry_usec = here->me.agreed.now_usec + COMMIT_USEC;
}

void disk_acknowledge(Local *here)
{
        const Node *own = state_find_node(&here->me.agreed.state, here->me.node_id);
        Message m = { .type = MESSAGE_ACK };

        if (!member_is_synced(&here->me) || !own)
                return;
        if (here->write_failed) {
                if (here->failure_told_in == here->me.view_serial)
                        return;
                here->failure_told_in = here->me.view_serial;
                m.ack.revision = here->me.agreed.state.revision;
                member_send(&here->me, &m);
                return;
        }
        if (here->write_done.count == 0 ||
                        (here->acked_in == here->me.hold_serial &&
                                        revision_compare(&here->write_done, &here->acked) == 0))
                return;
        if (!own->unwritable && revision_compare(&here->write_done, &own->acked) <= 0)
                return;
        m.ack.revision = here->acked = here->write_done;
        here->acked_in = here->me.hold_serial;
        m.ack.written = true;
        member_send(&here->me, &m);
}

void disk_written(Local *here, const Event *event)
{
        if (event->written.error < 0) {
                if (!here->write_failed)
                        member_note(&here->me, NOTE_RECORD_FAILED, NULL, here->me.node_id,
                                        "%s; this node gets no new applications",
                                        strerror(-event->written.error));
                here->write_failed = true;
                here->failure_told_in = 0;
                here->write_retry_usec = here->me.agreed.now_usec + COMMIT_USEC;
                here->acked_in = 0;
                return;
        }
        if (here->write_failed)
                here->acked_in = 0;
        here->write_failed = false;
        here->write_retry_usec = 0;
        if (revision_compare(&event->written.revision, &here->write_done) != 0)
                here->write_done = event->written.revision;
}

uint64_t disk_deadline(const Local *here)
{
        return here->write_failed && member_is_synced(&here->me) ? here->write_retry_usec : USEC_INFINITY;
}
