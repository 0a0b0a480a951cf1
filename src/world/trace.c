/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readable lines. What several nodes say in the same words within a moment becomes one line with all their names;
 * so lines are held back for that long. */

#include "world/world-struct.h"

#define JOIN_USEC (100 * USEC_PER_MSEC)

static void line_print(World *w, const TraceLine *l)
{
        fprintf(w->config.trace, "%8llu.%03llu  %-15s %s\n", (unsigned long long) (l->at_usec / USEC_PER_SEC),
                        (unsigned long long) (l->at_usec / USEC_PER_MSEC % 1000), l->nodes, l->text);
}

static void flush_until(World *w, uint64_t usec)
{
        size_t n = 0;

        while (n < w->n_lines && w->lines[n].at_usec <= usec) {
                line_print(w, w->lines + n);
                free(w->lines[n].nodes);
                free(w->lines[n].text);
                n++;
        }
        if (n == 0)
                return;
        memmove(w->lines, w->lines + n, (w->n_lines - n) * sizeof(*w->lines));
        w->n_lines -= n;
}

void world_flush_trace(World *w)
{
        if (!w->config.trace)
                return;
        flush_until(w, UINT64_MAX);
        fflush(w->config.trace);
}

static bool line_join(World *w, const WorldNode *n, const char *text)
{
        FOREACH_ARRAY(l, w->lines, w->n_lines) {
                char *nodes;
                size_t length = strlen(n->name);
                const char *at;

                if (!l->joins || !streq(l->text, text))
                        continue;
                at = strstr(l->nodes, n->name);
                if (at && (at[length] == ' ' || at[length] == '\0') && (at == l->nodes || at[-1] == ' '))
                        continue;
                if (asprintf(&nodes, "%s %s", l->nodes, n->name) < 0) {
                        world_fail(w, -ENOMEM);
                        return true;
                }
                free(l->nodes);
                l->nodes = nodes;
                return true;
        }
        return false;
}

_printf_(4, 0) static void line_add(World *w, const WorldNode *n, bool joins, const char *format, va_list ap)
{
        _cleanup_free_ char *text = NULL;
        TraceLine *l;

        if (!w->config.trace)
                return;
        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                world_fail(w, -ENOMEM);
                return;
        }
        flush_until(w, w->now_usec > JOIN_USEC ? w->now_usec - JOIN_USEC : 0);
        if (joins && line_join(w, n, text))
                return;
        if (ARRAY_GROW(w->lines, w->n_lines, w->n_lines_allocated) < 0) {
                world_fail(w, -ENOMEM);
                return;
        }
        l = w->lines + w->n_lines;
        *l = (TraceLine){ .at_usec = w->now_usec, .joins = joins, .nodes = strdup(n ? n->name : "--") };
        if (!l->nodes) {
                world_fail(w, -ENOMEM);
                return;
        }
        l->text = TAKE_PTR(text);
        w->n_lines++;
}

void trace(World *w, const WorldNode *n, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        line_add(w, n, false, format, ap);
        va_end(ap);
}

_printf_(3, 4) static void trace_shared(World *w, const WorldNode *n, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        line_add(w, n, true, format, ap);
        va_end(ap);
}

void world_remark(World *w, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        line_add(w, NULL, false, format, ap);
        va_end(ap);
}

void trace_note(World *w, const WorldNode *n, const Effect *f)
{
        char epoch[64] = "";

        if (!w->config.trace)
                return;
        if (f->epoch > 0)
                (void) snprintf(epoch, sizeof(epoch), " %llu.%llu",
                                (unsigned long long) (f->epoch >> EPOCH_RING_SHIFT),
                                (unsigned long long) (f->epoch & ((1u << EPOCH_RING_SHIFT) - 1)));
        trace_shared(w, n, "%s%s%s%s%s%s%s%s%s%s%s%s", note_kind_to_string(f->note),
                        isempty(f->app) ? "" : " ", strempty(f->app), epoch, isempty(f->node) ? "" : " @",
                        strempty(f->node), f->start_type == START_NONE ? "" : " ",
                        start_type_to_string(f->start_type), isempty(f->from_node) ? "" : " from ",
                        strempty(f->from_node), isempty(f->text) ? "" : ": ", strempty(f->text));
}

void trace_view(World *w, const WorldNode *n, const Letter *l)
{
        char text[2048];
        int at = 0;

        if (!w->config.trace)
                return;
        text[0] = '\0';
        for (size_t i = 0; i < l->n_members && at >= 0 && (size_t) at < sizeof(text); i++)
                at += snprintf(text + at, sizeof(text) - (size_t) at, " %s/%u",
                                world_node_name(w, l->members[i].node_id), l->members[i].pid);
        if (at >= 0 && (size_t) at < sizeof(text) && l->n_nodes != l->n_members) {
                at += snprintf(text + at, sizeof(text) - (size_t) at, "; ring");
                for (size_t i = 0; i < l->n_nodes && (size_t) at < sizeof(text); i++)
                        at += snprintf(text + at, sizeof(text) - (size_t) at, " %s",
                                        world_node_name(w, l->nodes[i]));
        }
        trace_shared(w, n, "%s of ring %u.%llu:%s", l->change == VIEW_RING ? "view" : "change",
                        l->ring.node_id, (unsigned long long) l->ring.seq, text);
}

static void describe_nodelist(const NodelistMessage *m, char *ret, size_t size_bytes)
{
        size_t at = 0;

        for (size_t i = 0; i < m->n_nodes && at < size_bytes; i++)
                at += (size_t) snprintf(ret + at, size_bytes - at, "%s%s", i > 0 ? " " : "",
                                strempty(m->nodes[i].name));
        if (m->by_fewer && at < size_bytes)
                (void) snprintf(ret + at, size_bytes - at, ", quorum by fewer");
}

/* What is in a message, as far as it helps to follow what each node knows. */
static void message_describe(const Message *m, char *ret, size_t size_bytes)
{
        char revision[64];

        ret[0] = '\0';
        switch (m->type) {
        case MESSAGE_VIEW:
                (void) snprintf(ret, size_bytes,
                                "%s%s, revision %llu.%llu, state %016llx, since %llu, quorate in %llu",
                                m->view_vote.quorate ? "quorate" : "no quorum",
                                m->view_vote.synced ? ", synced" : "",
                                (unsigned long long) m->view_vote.revision.ring_seq,
                                (unsigned long long) m->view_vote.revision.count,
                                (unsigned long long) m->view_vote.digest,
                                (unsigned long long) m->view_vote.since_seq,
                                (unsigned long long) m->view_vote.quorate_seq);
                break;
        case MESSAGE_EXCLUDE:
                for (size_t i = 0, at = 0; i < m->exclude.n_members && at < size_bytes; i++)
                        at += (size_t) snprintf(ret + at, size_bytes - at, "%s%u/%u", i ? " " : "",
                                        m->exclude.members[i].node_id, m->exclude.members[i].pid);
                break;
        case MESSAGE_FACTS:
                (void) snprintf(revision, sizeof(revision), "%llu.%llu",
                                (unsigned long long) m->facts.record_revision.ring_seq,
                                (unsigned long long) m->facts.record_revision.count);
                (void) snprintf(ret, size_bytes, "record %d %s, %zu copies", (int) m->facts.record, revision,
                                m->facts.n_copies);
                break;
        case MESSAGE_STATE:
                (void) snprintf(ret, size_bytes, "%s, %zu bytes", m->state.forms ? "forms" : "for newcomers",
                                m->state.state_size_bytes);
                break;
        case MESSAGE_DEFINITIONS:
                (void) snprintf(ret, size_bytes, "%zu differ", m->definitions.n_entries);
                break;
        case MESSAGE_RESULT:
                (void) snprintf(ret, size_bytes, "%s %llu.%llu %s", m->result.app,
                                (unsigned long long) (m->result.epoch >> EPOCH_RING_SHIFT),
                                (unsigned long long) (m->result.epoch & ((1u << EPOCH_RING_SHIFT) - 1)),
                                unit_state_to_string(m->result.state));
                break;
        case MESSAGE_EXPIRY:
                for (size_t i = 0, at = 0; i < m->expiry.n_timers && at < size_bytes; i++)
                        at += (size_t) snprintf(ret + at, size_bytes - at, "%s%llu", i ? " " : "timers ",
                                        (unsigned long long) m->expiry.timers[i].serial);
                break;
        case MESSAGE_COMMAND:
                (void) snprintf(ret, size_bytes, "%llu: %s %s %s", (unsigned long long) m->command.seq,
                                command_kind_to_string(m->command.command.kind),
                                strempty(m->command.command.app), strempty(m->command.command.node));
                break;
        case MESSAGE_GUARD:
                (void) snprintf(ret, size_bytes, "%s%s", m->guard.guarded ? "there" : "not there",
                                m->guard.fused ? "" : ", no fuse");
                break;
        case MESSAGE_ACK:
                (void) snprintf(ret, size_bytes, "%llu.%llu%s", (unsigned long long) m->ack.revision.ring_seq,
                                (unsigned long long) m->ack.revision.count,
                                m->ack.written ? "" : " not written");
                break;
        case MESSAGE_UNSENT:
                (void) snprintf(ret, size_bytes, "%s", message_type_to_string(m->unsent.type));
                break;
        case MESSAGE_TIMING:
                (void) snprintf(ret, size_bytes, "detection %llu ms, isolation %llu ms, needed %llu ms",
                                (unsigned long long) (m->timing.detection_usec / USEC_PER_MSEC),
                                (unsigned long long) (m->timing.isolation_usec / USEC_PER_MSEC),
                                (unsigned long long) (m->timing.needed_usec / USEC_PER_MSEC));
                break;
        case MESSAGE_NODELIST:
                describe_nodelist(&m->nodelist, ret, size_bytes);
                break;
        case MESSAGE_SYNCED:
        case MESSAGE_LEAVE:
        case _MESSAGE_TYPE_MAX:
        default:
                break;
        }
}

void trace_message(World *w, const WorldNode *n, const Packet *p)
{
        char what[256], view[64];

        if (!w->config.trace || !w->config.trace_messages)
                return;
        message_describe(p->message, what, sizeof(what));
        view_id_format(&p->message->view, view, sizeof(view));
        trace_shared(w, n, "   < %s/%u %s %llu: %s%s%s", world_node_name(w, p->sender.node_id), p->sender.pid,
                        view, (unsigned long long) p->message->number,
                        message_type_to_string(p->message->type), *what ? ": " : "", what);
}

void trace_state(World *w, WorldNode *n)
{
        WorldManager *m = &n->manager;
        const State *s;
        uint64_t digest;
        bool synced;

        if (!w->config.trace || !w->config.trace_messages || !m->up)
                return;
        s = engine_state(m->engine);
        digest = state_digest(s);
        synced = engine_is_synced(m->engine);
        if (digest == m->traced_digest && synced == m->traced_synced)
                return;
        m->traced_digest = digest;
        m->traced_synced = synced;
        trace_shared(w, n, "   = revision %llu.%llu, state %016llx%s",
                        (unsigned long long) s->revision.ring_seq, (unsigned long long) s->revision.count,
                        (unsigned long long) digest, synced ? "" : ", not synced");
}

const char *world_deed_to_string(WorldDeed d)
{
        static const char *const names[_WORLD_DEED_MAX] = {
                [DEED_ALONE] = "message reaches a part only",
                [DEED_SENDER_ALONE] = "message reaches its sender only",
                [DEED_ABORT] = "view on some members only",
                [DEED_CARRY] = "old queue before the new view",
                [DEED_REPEAT] = "view comes twice",
                [DEED_LEFT_AND_JOINED] = "left and joined in one round",
                [DEED_RING_OF_ONE] = "ring of one after a start",
                [DEED_TOKEN_LOST] = "token lost",
                [DEED_GHOST] = "ghost",
                [DEED_EVICTED] = "evicted",
                [DEED_TRY_AGAIN] = "TRY_AGAIN",
                [DEED_PROBE_DROPPED] = "probe dropped",
                [DEED_LATE_QUORUM] = "quorum after 1 s",
                [DEED_VERY_LATE_QUORUM] = "quorum after 10 s",
                [DEED_QUORUM_FIRST] = "quorum before the view",
                [DEED_QUORUM_TURNED] = "quorum turns within a ring",
                [DEED_CUT] = "cut",
                [DEED_ONE_WAY] = "one-way link",
                [DEED_LOSSY] = "loss in one direction",
                [DEED_NODE_DOWN] = "power cut",
                [DEED_SEVERAL_DOWN] = "power cut of several",
                [DEED_SHUTDOWN] = "shutdown",
                [DEED_SLEEP] = "host sleeps",
                [DEED_COROSYNC_DEAD] = "corosync dies",
                [DEED_FREEZE] = "corosync freezes",
                [DEED_MANAGER_DEAD] = "manager dies",
                [DEED_MANAGER_HANGS] = "manager hangs",
                [DEED_WATCHDOG] = "watchdog",
                [DEED_MANAGER_STOPPED] = "planned leave",
                [DEED_PID_AGAIN] = "same pid again",
                [DEED_GUARD] = "guard stops a worker",
                [DEED_GUARD_AWAY] = "node without a guard",
                [DEED_GUARD_AGAIN] = "guard ends workers once it is there",
                [DEED_CLOCK_RATE] = "clock of another rate",
                [DEED_CLOCK_SET] = "wall clock set",
                [DEED_DISK_TORN] = "torn record",
                [DEED_DISK_LOST_WRITE] = "write lost",
                [DEED_DISK_FAILS] = "write fails",
                [DEED_DISK_NEW] = "new disk",
                [DEED_DISK_SLOW] = "slow disk",
                [DEED_UNIT_SLOW] = "slow unit",
                [DEED_UNIT_LATE] = "late unit signal",
                [DEED_SYSTEMD_LATE] = "systemd late by 1 s",
                [DEED_CALL_OF_NOBODY] = "call whose sender is gone",
                [DEED_START_TAKEN_BACK] = "start taken back in time",
                [DEED_BUS_LOST] = "bus lost",
                [DEED_UNIT_UNSEEN] = "end that nobody saw",
                [DEED_UNIT_FAILS] = "unit fails",
                [DEED_UNIT_REFUSED] = "start refused",
                [DEED_UNIT_STUCK] = "stuck unit",
                [DEED_UNIT_RESTARTED] = "restart by systemd",
                [DEED_UNIT_FINISHED] = "unit finishes",
                [DEED_UNIT_STOPPED] = "stop from outside",
                [DEED_PART_FAILS] = "part does not start",
                [DEED_PART_DIES] = "part dies",
                [DEED_PART_STUCK] = "part does not end",
                [DEED_REBOOT] = "host that ends itself",
                [DEED_NODE_REMOVED] = "node removed",
                [DEED_NODE_ADDED] = "node added",
                [DEED_NODE_RENAMED] = "node renamed",
                [DEED_NODELIST_TAKEN] = "manager takes a new nodelist",
                [DEED_FILES_READ_AGAIN] = "files asked for while they are read",
                [DEED_FILE_WRONG] = "wrong file",
                [DEED_VERSION] = "manager of another version",
                [DEED_POLICY] = "policy of its own",
                [DEED_BLOW] = "blow at a moment",
        };

        return names[d];
}
