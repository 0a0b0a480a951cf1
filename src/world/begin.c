/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A world that goes on where a cluster is. Its managers are newcomers with damaged disks, and no member tells them
 * anything; so they wait. Then one more process joins their group, which is no manager: it holds the state, sends it as
 * a member that is in step would, and leaves. What an engine takes over on this way it takes over in a cluster too. */

#include "base/array.h"
#include "base/timing.h"
#include "world/world-struct.h"

#define JOINED_USEC (1 * USEC_PER_SEC)
#define TELLER_USEC (5 * USEC_PER_SEC)
#define LEAD_USEC (5 * USEC_PER_MSEC) /* the state is told so long before the beginning */
#define TELLER_PID UINT32_MAX

static bool node_is_there(const Node *n)
{
        return n->presence != PRESENCE_OFFLINE;
}

/* One that is in no step joins when the others have begun. */
static bool node_has_manager(const Node *n)
{
        return n->presence == PRESENCE_SYNCED;
}

/* ---- what lies on the disks ---- */

static int begin_files(World *w, const State *s, const Node *n)
{
        FOREACH_ARRAY(a, s->apps, s->n_apps) {
                const Variant *v = app_find_variant(a, n->id);
                const Definition *d = app_node_definition(a, n->id);
                int r = 0;

                if (v && v->error != 0)
                        r = world_set_wrong_file(w, n->id, a->name, app_variant_error(a, v));
                else if (d)
                        r = world_set_definition(w, n->id, d);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What the units would be started from is not in the state; whether that is another thing now, is. */
static int begin_unit_digests(World *w, const Node *from)
{
        WorldNode *n = world_node(w, from->id);

        n->unit_digests = calloc(n->n_definitions + 1, sizeof(*n->unit_digests));
        if (!n->unit_digests)
                return -ENOMEM;
        for (size_t i = 0; i < n->n_definitions; i++)
                n->unit_digests[i] = UNIT_DIGEST_NOW;
        n->n_unit_digests = n->n_definitions;
        return 0;
}

/* A node that is away knows an older state. */
static int begin_record(World *w, const State *s, const Node *n)
{
        _cleanup_(byte_writer_done) ByteWriter record = {};
        State older = *s;

        if (!node_has_manager(n))
                older.revision = n->acked.count != 0 ? n->acked : (Revision){ .count = 1 };
        state_encode(&older, STATE_LASTING, 0, &record);
        return record.error ? record.error : world_set_record(w, n->id, record.data, record.size_bytes);
}

/* ---- nodes and workers ---- */

static bool node_is_listed(const State *s, const Node *n)
{
        bool known = false;

        FOREACH_ARRAY(o, s->nodes, s->n_nodes) {
                if (!node_has_manager(o))
                        continue;
                known = known || o->n_nodelist > 0;
                for (size_t i = 0; i < o->n_nodelist; i++)
                        if (o->nodelist[i] == n->id)
                                return true;
        }
        return !known;
}

static void begin_node(World *w, const State *s, const Node *from)
{
        WorldNode *n = world_node(w, from->id);

        /* It came back with another number, or was taken out. */
        n->unlisted = state_find_node_name(s, from->name) != from || !node_is_listed(s, from);
        n->grace_usec = from->grace_usec;
        n->version_max = MIN(from->version_max, (uint8_t) PROTOCOL_VERSION);
        if (!node_is_there(from))
                return;
        n->up = n->ready_in_boot = true;
        n->generation = ++w->next_serial;
        n->boot_id = from->boot_id != 0 ? from->boot_id : ++w->next_serial;
        n->clock_offset_usec = USEC_PER_SEC;
        n->disk_fails = from->unwritable;
        n->guard.away = from->unguarded;
        n->fuse_away = from->unfused;
        n->record_kind = RECORD_DAMAGED;
        if (from->pid != 0 && from->pid != TELLER_PID)
                n->next_pid = from->pid - 1;
}

/* How long its manager has been gone. */
static uint64_t node_gone_usec(const Node *n)
{
        if (n->presence != PRESENCE_MANAGER_GONE)
                return 0;
        return n->grace_over          ? n->grace_usec
               : n->grace.serial != 0 ? n->grace_usec - MIN(n->grace.deadline_usec, n->grace_usec)
                                      : 0;
}

/* Is there a unit of this copy on its node? A start that is under way the engine gives again. */
static bool copy_has_unit(const App *a, const Copy *c, const Node *n)
{
        if (c->phase == COPY_STARTING && node_has_manager(n))
                return false;
        if (c->untamed || a->maintenance || c->stuck)
                return true;
        return c->phase != COPY_LOST &&
               (n->unguarded || node_gone_usec(n) < grace_timing_of(n->grace_usec).stop_usec +
                                                                    (n->grace_usec == 0));
}

static void begin_workers(World *w, const State *s)
{
        FOREACH_ARRAY(a, s->apps, s->n_apps)
                FOREACH_ARRAY(c, a->copies, a->n_copies) {
                        const Node *n = state_find_node(s, c->node_id);

                        if (n && node_is_there(n) && copy_has_unit(a, c, n))
                                unit_model_place(w, world_node(w, n->id), a->name, c->epoch, c->start_type,
                                                c->stuck, c->restart_needed);
                }
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                if (n->presence == PRESENCE_MANAGER_GONE)
                        guard_model_resume(w, world_node(w, n->id), s, node_gone_usec(n));
}

/* ---- what tells it ---- */

static Member teller_of(const World *w)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                if (n->manager.up)
                        return (Member){ n->id, TELLER_PID };
        return (Member){};
}

static void teller_does(World *w, ItemKind kind)
{
        Member m = teller_of(w);

        if (m.node_id != 0)
                totem_order(w, world_node(w, m.node_id),
                                (Item){ .kind = kind, .id = ++w->next_serial, .member = m });
}

/* Time runs on while it is told; what is left of a delay counts from the beginning. */
static int put_state(const State *s, Message *m)
{
        _cleanup_(byte_writer_done) ByteWriter now = {}, later = {};
        _cleanup_(state_done) State shifted = {};
        int r;

        state_encode(s, STATE_FULL, 0, &now);
        r = now.error ? now.error : state_decode(now.data, now.size_bytes, STATE_FULL, LEAD_USEC, &shifted);
        if (r < 0)
                return r;
        state_encode(&shifted, STATE_FULL, 0, &later);
        if (later.error)
                return later.error;
        m->state.state_size_bytes = later.size_bytes;
        m->state.state = TAKE_PTR(later.data);
        return 0;
}

/* All that the members have said in this view is older than what is told. */
static int put_numbers(const Engine *e, Message *m)
{
        Member members[NODES_MAX + 1];
        size_t n = MIN(engine_members(e, members, ELEMENTSOF(members)), ELEMENTSOF(members));

        m->state.numbers = calloc(n, sizeof(*m->state.numbers));
        if (!m->state.numbers)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                m->state.numbers[i].member = members[i];
                m->state.numbers[i].number = UINT64_MAX;
        }
        m->state.n_numbers = n;
        return 0;
}

static int teller_tells(World *w, const State *s)
{
        Member teller = teller_of(w);
        const Engine *e = teller.node_id != 0 ? world_engine(w, teller.node_id) : NULL;
        _cleanup_(message_freep) Message *m = calloc(1, sizeof(*m));
        Packet *p;
        int r;

        if (!m)
                return -ENOMEM;
        if (!e || !engine_is_quorate(e))
                return -EHOSTDOWN;
        m->type = MESSAGE_STATE;
        m->version = s->version;
        m->view = engine_view(e);
        m->incarnation = m->number = 1;
        r = put_state(s, m);
        if (r == 0)
                r = put_numbers(e, m);
        if (r < 0)
                return r;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (Packet){ .n_refs = 1, .id = ++w->next_serial, .sender = teller, .message = TAKE_PTR(m) };
        totem_order(w, world_node(w, teller.node_id),
                        (Item){ .kind = ITEM_MESSAGE, .id = p->id, .member = teller, .packet = p });
        return 0;
}

/* ---- all of it ---- */

static int begin_nodes(World *w, const State *s)
{
        uint32_t nodes[NODES_MAX];
        size_t n_nodes = 0;

        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                int r = begin_files(w, s, n);

                if (r == 0)
                        r = begin_unit_digests(w, n);
                if (r == 0 && !node_is_there(n))
                        r = begin_record(w, s, n);
                if (r < 0)
                        return r;
                begin_node(w, s, n);
                if (node_is_there(n))
                        nodes[n_nodes++] = n->id;
        }
        if (n_nodes == 0)
                return -EHOSTDOWN;
        totem_begin(w, nodes, n_nodes, s->ring_seq);
        return world_run_until(w, JOINED_USEC);
}

static int begin_managers(World *w, const State *s)
{
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                int r;

                if (!node_is_there(n))
                        continue;
                if (node_has_manager(n))
                        process_start(w, world_node(w, n->id));
                r = begin_record(w, s, n);
                if (r < 0)
                        return r;
        }
        return world_run_until(w, TELLER_USEC);
}

/* What a node does of its own accord, since it does it in the cluster. */
static void begin_doing(World *w, const State *s)
{
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                if (n->presence != PRESENCE_OFFLINE && n->presence != PRESENCE_MANAGER_GONE &&
                                !node_has_manager(n))
                        process_start(w, world_node(w, n->id));
                if (n->leaving)
                        world_manager_stop(w, n->id);
        }
}

int world_begin(World *w, const State *s)
{
        int r;

        ASSERT(w->now_usec == 0 && s->n_nodes == w->n_nodes);
        w->by_fewer = s->by_fewer;
        r = begin_nodes(w, s);
        if (r >= 0)
                r = begin_managers(w, s);
        if (r < 0)
                return r;
        teller_does(w, ITEM_JOIN);
        r = world_run_until(w, WORLD_BEGIN_USEC - LEAD_USEC - USEC_PER_MSEC * 2);
        if (r < 0)
                return r;
        begin_workers(w, s);
        r = world_run_until(w, WORLD_BEGIN_USEC - LEAD_USEC);
        if (r >= 0)
                r = teller_tells(w, s);
        if (r >= 0)
                r = world_run_until(w, WORLD_BEGIN_USEC - LEAD_USEC + USEC_PER_MSEC);
        if (r < 0)
                return r;
        teller_does(w, ITEM_LEAVE);
        r = world_run_until(w, WORLD_BEGIN_USEC);
        if (r >= 0)
                begin_doing(w, s);
        return r;
}
