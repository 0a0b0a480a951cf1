/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "engine/encode.h"
#include "engine/state.h"
#include "wire/body.h"

/* ---- node ids ---- */

static bool ids_may_follow(uint32_t before, uint32_t id)
{
        return id > before; /* sorted, none twice, none 0 */
}

static void put_nodes(ByteWriter *w, const uint32_t *ids, size_t n)
{
        uint32_t before = 0;

        wire_put_count(w, n, NODES_MAX);
        FOREACH_ARRAY(id, ids, n) {
                if (!ids_may_follow(before, *id))
                        wire_writer_fail(w, -EINVAL);
                put_u32(w, *id);
                before = *id;
        }
}

static void get_nodes(ByteReader *r, uint32_t **ret, size_t *ret_n)
{
        size_t n = wire_get_count(r, 4, NODES_MAX);
        uint32_t before = 0;

        *ret = wire_get_array(r, n, sizeof(**ret));
        if (!*ret)
                return;
        *ret_n = n;
        FOREACH_ARRAY(id, *ret, n) {
                *id = get_u32(r);
                if (!ids_may_follow(before, *id))
                        wire_reader_fail(r);
                before = *id;
        }
}

/* ---- view ---- */

static void put_view(ByteWriter *w, const ViewMessage *v)
{
        put_bool(w, v->quorate);
        put_bool(w, v->synced);
        wire_put_revision(w, &v->revision);
        put_u64(w, v->digest);
        put_u64(w, v->since_seq);
        put_u64(w, v->quorate_seq);
        put_nodes(w, v->nodelist, v->n_nodelist);
        put_bool(w, v->by_fewer);
        wire_put_count(w, v->n_members, WIRE_MEMBERS_MAX);
        FOREACH_ARRAY(m, v->members, v->n_members) {
                wire_put_member(w, &m->member);
                put_u32(w, m->joined_n);
        }
}

static void get_view(ByteReader *r, ViewMessage *v)
{
        size_t n;

        v->quorate = get_bool(r);
        v->synced = get_bool(r);
        v->revision = wire_get_revision(r);
        v->digest = get_u64(r);
        v->since_seq = get_u64(r);
        v->quorate_seq = get_u64(r);
        get_nodes(r, &v->nodelist, &v->n_nodelist);
        v->by_fewer = get_bool(r);
        n = wire_get_count(r, 12, WIRE_MEMBERS_MAX);
        v->members = wire_get_array(r, n, sizeof(v->members[0]));
        if (!v->members)
                return;
        v->n_members = n;
        FOREACH_ARRAY(m, v->members, n) {
                m->member = wire_get_member(r);
                m->joined_n = get_u32(r);
        }
}

/* ---- exclude ---- */

static void put_exclude(ByteWriter *w, const ExcludeMessage *x)
{
        wire_put_count(w, x->n_members, WIRE_MEMBERS_MAX);
        FOREACH_ARRAY(m, x->members, x->n_members)
                wire_put_member(w, m);
}

static void get_exclude(ByteReader *r, ExcludeMessage *x)
{
        size_t n = wire_get_count(r, 8, WIRE_MEMBERS_MAX);

        x->members = wire_get_array(r, n, sizeof(x->members[0]));
        if (!x->members)
                return;
        x->n_members = n;
        FOREACH_ARRAY(m, x->members, n)
                *m = wire_get_member(r);
}

/* ---- facts ---- */

static void put_copies(ByteWriter *w, const FactsMessage *f)
{
        wire_put_count(w, f->n_copies, WIRE_APPS_MAX);
        FOREACH_ARRAY(c, f->copies, f->n_copies) {
                wire_put_app_name(w, c->app, NAME_REQUIRED);
                put_u64(w, c->epoch);
                put_u8(w, (uint8_t) c->state);
                put_bool(w, c->needs_end);
                put_u64(w, c->granted_delay_usec);
        }
}

static void get_copies(ByteReader *r, FactsMessage *f)
{
        size_t n = wire_get_count(r, 21, WIRE_APPS_MAX);

        f->copies = wire_get_array(r, n, sizeof(f->copies[0]));
        if (!f->copies)
                return;
        f->n_copies = n;
        for (CopyFact *c = f->copies; c < f->copies + n && !r->error; c++) {
                c->app = wire_get_app_name(r, NAME_REQUIRED);
                c->epoch = get_u64(r);
                if (!epoch_is_possible(c->epoch))
                        wire_reader_fail(r);
                c->state = get_enum(r, _UNIT_STATE_MAX);
                c->needs_end = get_bool(r);
                c->granted_delay_usec = get_u64(r);
        }
}

static bool versions_are_valid(const FactsMessage *f)
{
        return f->version_min > 0 && f->version_min <= f->version_max;
}

static void put_facts(ByteWriter *w, const FactsMessage *f)
{
        if (!versions_are_valid(f))
                wire_writer_fail(w, -EINVAL);
        put_u8(w, f->version_min);
        put_u8(w, f->version_max);
        wire_put_node_name(w, f->node_name, NAME_REQUIRED);
        put_u64(w, f->grace_usec);
        put_node_timing(w, &f->timing);
        put_u64(w, f->boot_id);
        put_u8(w, (uint8_t) f->record);
        wire_put_revision(w, &f->record_revision);
        put_nodes(w, f->record_nodes, f->n_record_nodes);
        put_nodes(w, f->nodelist, f->n_nodelist);
        put_bool(w, f->by_fewer);
        put_bool(w, f->can_write);
        put_bool(w, f->rebooted_itself);
        put_bool(w, f->guarded);
        put_bool(w, f->fused);
        put_bool(w, f->leaving);
        put_u64(w, f->realtime_usec);
        put_copies(w, f);
}

static void get_facts(ByteReader *r, FactsMessage *f)
{
        f->version_min = get_u8(r);
        f->version_max = get_u8(r);
        if (!versions_are_valid(f))
                wire_reader_fail(r);
        f->node_name = wire_get_node_name(r, NAME_REQUIRED);
        f->grace_usec = get_u64(r);
        get_node_timing(r, &f->timing);
        f->boot_id = get_u64(r);
        f->record = get_enum(r, _RECORD_KIND_MAX);
        f->record_revision = wire_get_revision(r);
        get_nodes(r, &f->record_nodes, &f->n_record_nodes);
        get_nodes(r, &f->nodelist, &f->n_nodelist);
        f->by_fewer = get_bool(r);
        f->can_write = get_bool(r);
        f->rebooted_itself = get_bool(r);
        f->guarded = get_bool(r);
        f->fused = get_bool(r);
        f->leaving = get_bool(r);
        f->realtime_usec = get_u64(r);
        get_copies(r, f);
}

/* ---- nodelist ---- */

static void put_nodelist(ByteWriter *w, const NodelistMessage *l)
{
        uint32_t before = 0;

        put_bool(w, l->by_fewer);
        wire_put_count(w, l->n_nodes, NODES_MAX);
        FOREACH_ARRAY(n, l->nodes, l->n_nodes) {
                if (!ids_may_follow(before, n->id))
                        wire_writer_fail(w, -EINVAL);
                put_u32(w, n->id);
                wire_put_node_name(w, n->name, NAME_REQUIRED);
                before = n->id;
        }
}

static void get_nodelist(ByteReader *r, NodelistMessage *l)
{
        uint32_t before = 0;
        size_t n;

        l->by_fewer = get_bool(r);
        n = wire_get_count(r, 7, NODES_MAX);
        l->nodes = wire_get_array(r, n, sizeof(l->nodes[0]));
        if (!l->nodes)
                return;
        l->n_nodes = n;
        for (ListedNode *o = l->nodes; o < l->nodes + n && !r->error; o++) {
                o->id = get_u32(r);
                if (!ids_may_follow(before, o->id))
                        wire_reader_fail(r);
                before = o->id;
                o->name = wire_get_node_name(r, NAME_REQUIRED);
        }
}

/* ---- state ---- */

static void put_state(ByteWriter *w, const StateMessage *s)
{
        put_bool(w, s->forms);
        wire_put_count(w, s->n_numbers, WIRE_MEMBERS_MAX);
        FOREACH_ARRAY(n, s->numbers, s->n_numbers) {
                wire_put_member(w, &n->member);
                put_u64(w, n->number);
        }
        put_blob(w, s->state, s->state_size_bytes);
}

static void get_state(ByteReader *r, StateMessage *s)
{
        const uint8_t *state;
        size_t n, size_bytes = 0;

        s->forms = get_bool(r);
        n = wire_get_count(r, 16, WIRE_MEMBERS_MAX);
        s->numbers = wire_get_array(r, n, sizeof(s->numbers[0]));
        if (n > 0 && !s->numbers)
                return;
        s->n_numbers = n;
        FOREACH_ARRAY(e, s->numbers, n) {
                e->member = wire_get_member(r);
                e->number = get_u64(r);
        }
        state = get_blob(r, &size_bytes);
        s->state = wire_get_array(r, size_bytes, 1);
        if (!s->state)
                return;
        memcpy(s->state, state, size_bytes);
        s->state_size_bytes = size_bytes;
}

/* ---- definitions ---- */

/* The definition's own name and digest are not sent: they are the entry's. */
static bool entry_is_valid(const DefinitionEntry *e)
{
        return e->digest == 0 ||
               (e->definition.digest == e->digest && e->definition.name && streq(e->definition.name, e->app));
}

static void put_entry(ByteWriter *w, const DefinitionEntry *e)
{
        wire_put_app_name(w, e->app, NAME_REQUIRED);
        put_u64(w, e->digest);
        if (e->digest == 0)
                wire_put_text(w, e->error);
        else if (!w->error && entry_is_valid(e)) {
                put_u32(w, e->wrong_line);
                wire_put_definition(w, &e->definition);
        } else
                wire_writer_fail(w, -EINVAL);
}

static void get_entry(ByteReader *r, DefinitionEntry *e)
{
        e->app = wire_get_app_name(r, NAME_REQUIRED);
        e->digest = get_u64(r);
        if (r->error)
                return;
        if (e->digest == 0) {
                e->error = wire_get_text(r);
                return;
        }
        e->wrong_line = get_u32(r);
        e->definition.digest = e->digest;
        e->definition.name = strdup(e->app);
        if (!e->definition.name)
                r->error = -ENOMEM;
        wire_get_definition(r, &e->definition);
}

static void put_definitions(ByteWriter *w, const DefinitionsMessage *d)
{
        wire_put_count(w, d->n_entries, WIRE_APPS_MAX);
        FOREACH_ARRAY(e, d->entries, d->n_entries)
                put_entry(w, e);
        put_bool(w, d->more);
        put_u64(w, d->answers);
}

static void get_definitions(ByteReader *r, DefinitionsMessage *d)
{
        size_t n;

        n = wire_get_count(r, 13, WIRE_APPS_MAX);
        d->entries = wire_get_array(r, n, sizeof(d->entries[0]));
        d->n_entries = d->entries ? n : 0;
        for (DefinitionEntry *e = d->entries; e < d->entries + d->n_entries && !r->error; e++)
                get_entry(r, e);
        d->more = get_bool(r);
        d->answers = get_u64(r);
}

/* ---- result ---- */

static void put_result(ByteWriter *w, const ResultMessage *m)
{
        wire_put_app_name(w, m->app, NAME_REQUIRED);
        put_u64(w, m->epoch);
        put_u8(w, (uint8_t) m->state);
        wire_put_text(w, m->reason);
        put_bool(w, m->restart_needed);
        put_u64(w, m->realtime_usec);
}

static void get_result(ByteReader *r, ResultMessage *m)
{
        m->app = wire_get_app_name(r, NAME_REQUIRED);
        m->epoch = get_u64(r);
        m->state = get_enum(r, _UNIT_STATE_MAX);
        m->reason = wire_get_text(r);
        m->restart_needed = get_bool(r);
        m->realtime_usec = get_u64(r);
}

/* ---- expiry ---- */

static void put_expiry(ByteWriter *w, const ExpiryMessage *x)
{
        wire_put_count(w, x->n_timers, UINT32_MAX);
        FOREACH_ARRAY(t, x->timers, x->n_timers) {
                put_u8(w, (uint8_t) t->kind);
                put_u64(w, t->serial);
        }
}

static void get_expiry(ByteReader *r, ExpiryMessage *x)
{
        size_t n = get_count(r, 9);

        x->timers = wire_get_array(r, n, sizeof(x->timers[0]));
        if (n > 0 && !x->timers)
                return;
        x->n_timers = n;
        FOREACH_ARRAY(t, x->timers, n) {
                t->kind = get_enum(r, _TIMER_KIND_MAX);
                t->serial = get_u64(r);
        }
}

/* ---- command ---- */

static void put_command(ByteWriter *w, const CommandMessage *c)
{
        if (c->seq == 0)
                wire_writer_fail(w, -EINVAL);
        put_u64(w, c->seq);
        put_u8(w, (uint8_t) c->command.kind);
        wire_put_app_name(w, c->command.app, NAME_OPTIONAL);
        wire_put_node_name(w, c->command.node, NAME_OPTIONAL);
        put_bool(w, c->command.flag);
        put_bool(w, c->command.force);
}

static void get_command(ByteReader *r, CommandMessage *c)
{
        c->seq = get_u64(r);
        if (c->seq == 0)
                wire_reader_fail(r);
        c->command.kind = get_enum(r, _COMMAND_KIND_MAX);
        c->command.app = wire_get_app_name(r, NAME_OPTIONAL);
        c->command.node = wire_get_node_name(r, NAME_OPTIONAL);
        c->command.flag = get_bool(r);
        c->command.force = get_bool(r);
}

/* ---- ack ---- */

static void put_ack(ByteWriter *w, const AckMessage *a)
{
        wire_put_revision(w, &a->revision);
        put_bool(w, a->written);
}

static void get_ack(ByteReader *r, AckMessage *a)
{
        a->revision = wire_get_revision(r);
        a->written = get_bool(r);
}

/* ---- unsent ---- */

static bool type_may_be_unsent(MessageType t)
{
        return t > 0 && t < MESSAGE_UNSENT;
}

static void put_unsent(ByteWriter *w, const UnsentMessage *u)
{
        if (!type_may_be_unsent(u->type))
                wire_writer_fail(w, -EINVAL);
        put_u16(w, (uint16_t) u->type);
}

static void get_unsent(ByteReader *r, UnsentMessage *u)
{
        u->type = get_u16(r);
        if (!type_may_be_unsent(u->type))
                wire_reader_fail(r);
}

/* ---- all of them ---- */

void wire_put_body(ByteWriter *w, const Message *m)
{
        switch (m->type) {
        case MESSAGE_VIEW:
                put_view(w, &m->view_vote);
                break;
        case MESSAGE_EXCLUDE:
                put_exclude(w, &m->exclude);
                break;
        case MESSAGE_FACTS:
                put_facts(w, &m->facts);
                break;
        case MESSAGE_STATE:
                put_state(w, &m->state);
                break;
        case MESSAGE_DEFINITIONS:
                put_definitions(w, &m->definitions);
                break;
        case MESSAGE_RESULT:
                put_result(w, &m->result);
                break;
        case MESSAGE_EXPIRY:
                put_expiry(w, &m->expiry);
                break;
        case MESSAGE_COMMAND:
                put_command(w, &m->command);
                break;
        case MESSAGE_ACK:
                put_ack(w, &m->ack);
                break;
        case MESSAGE_GUARD:
                put_bool(w, m->guard.guarded);
                put_bool(w, m->guard.fused);
                break;
        case MESSAGE_UNSENT:
                put_unsent(w, &m->unsent);
                break;
        case MESSAGE_TIMING:
                put_node_timing(w, &m->timing);
                break;
        case MESSAGE_NODELIST:
                put_nodelist(w, &m->nodelist);
                break;
        case MESSAGE_SYNCED:
        case MESSAGE_LEAVE:
                break; /* the header says it all */
        case _MESSAGE_TYPE_MAX:
        default:
                wire_writer_fail(w, -EINVAL);
        }
}

void wire_get_body(ByteReader *r, Message *m)
{
        switch (m->type) {
        case MESSAGE_VIEW:
                get_view(r, &m->view_vote);
                break;
        case MESSAGE_EXCLUDE:
                get_exclude(r, &m->exclude);
                break;
        case MESSAGE_FACTS:
                get_facts(r, &m->facts);
                break;
        case MESSAGE_STATE:
                get_state(r, &m->state);
                break;
        case MESSAGE_DEFINITIONS:
                get_definitions(r, &m->definitions);
                break;
        case MESSAGE_RESULT:
                get_result(r, &m->result);
                break;
        case MESSAGE_EXPIRY:
                get_expiry(r, &m->expiry);
                break;
        case MESSAGE_COMMAND:
                get_command(r, &m->command);
                break;
        case MESSAGE_ACK:
                get_ack(r, &m->ack);
                break;
        case MESSAGE_GUARD:
                m->guard.guarded = get_bool(r);
                m->guard.fused = get_bool(r);
                break;
        case MESSAGE_UNSENT:
                get_unsent(r, &m->unsent);
                break;
        case MESSAGE_TIMING:
                get_node_timing(r, &m->timing);
                break;
        case MESSAGE_NODELIST:
                get_nodelist(r, &m->nodelist);
                break;
        case MESSAGE_SYNCED:
        case MESSAGE_LEAVE:
                break;
        case _MESSAGE_TYPE_MAX:
        default:
                wire_reader_fail(r);
        }
}
