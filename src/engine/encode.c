/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agreed state as bytes: each pair stands side by side, and both name the fields in the same order. */

#include "engine/encode.h"
#include "engine/names.h"
#include "base/array.h"
#include "base/hash.h"

#define STATE_VERSION 1u

/* How the bytes differ by what they are for. A digest leaves out what synced members may hold differently:
 * times left and acknowledgements. A record leaves out what is of the present only. */
typedef struct Codec {
        ByteWriter *w;
        NameWriter *written;
        ByteReader *r;
        NameReader *read;
        StateEncoding encoding;
        uint64_t now_usec;
} Codec;

static bool codec_present(const Codec *c)
{
        return c->encoding != STATE_LASTING;
}

static bool codec_full(const Codec *c)
{
        return c->encoding == STATE_FULL;
}

static void put_timer(const Codec *c, const Timer *t)
{
        put_u64(c->w, t->serial);
        if (t->serial != 0 && codec_full(c))
                put_u64(c->w, usec_left(t->deadline_usec, c->now_usec));
}

static void get_timer(const Codec *c, Timer *t)
{
        t->serial = get_u64(c->r);
        if (t->serial != 0 && codec_full(c))
                t->deadline_usec = usec_add(c->now_usec, get_u64(c->r));
}

static void put_revision(ByteWriter *w, const Revision *v)
{
        put_u64(w, v->ring_seq);
        put_u64(w, v->count);
}

static void get_revision(ByteReader *r, Revision *v)
{
        v->ring_seq = get_u64(r);
        v->count = get_u64(r);
}

static void put_ids(ByteWriter *w, const uint32_t *ids, size_t n)
{
        put_u32(w, (uint32_t) n);
        for (size_t i = 0; i < n; i++)
                put_u32(w, ids[i]);
}

/* Sorted, no id twice, none of them 0. */
static void get_ids(ByteReader *r, uint32_t **ret, size_t *ret_n)
{
        uint32_t n = get_count(r, 4);

        if (r->error || n == 0)
                return;
        *ret = calloc(n, sizeof(uint32_t));
        if (!*ret) {
                r->error = -ENOMEM;
                return;
        }
        for (; *ret_n < n; (*ret_n)++) {
                (*ret)[*ret_n] = get_u32(r);
                if ((*ret)[*ret_n] == 0 || (*ret_n > 0 && (*ret)[*ret_n] <= (*ret)[*ret_n - 1]))
                        r->error = r->error ? r->error : -EBADMSG;
                if (r->error)
                        return;
        }
}

static void *get_items(ByteReader *r, size_t n, size_t size)
{
        void *p;

        if (r->error || n == 0)
                return NULL;
        p = calloc(n, size);
        if (!p)
                r->error = -ENOMEM;
        return p;
}

static void reader_refuse(ByteReader *r)
{
        if (!r->error)
                r->error = -EBADMSG;
}

void put_definition_keys(ByteWriter *w, const Definition *d)
{
        put_u64(w, d->failover_delay_usec);
        put_u64(w, d->takeover_delay_usec);
        put_u64(w, d->failure_timeout_usec);
        put_u32(w, d->weight);
        put_u8(w, d->local_restarts);
        put_u8(w, (uint8_t) d->takeover_mode);
        put_u8(w, (uint8_t) d->failure_action);
        put_bool(w, d->takeover_automatic);
        put_bool(w, d->awaits_leaver);
        put_bool(w, d->enabled);
}

void get_definition_keys(ByteReader *r, Definition *d)
{
        d->failover_delay_usec = get_u64(r);
        d->takeover_delay_usec = get_u64(r);
        d->failure_timeout_usec = get_u64(r);
        d->weight = get_u32(r);
        d->local_restarts = get_u8(r);
        d->takeover_mode = get_enum(r, _TAKEOVER_MODE_MAX);
        d->failure_action = get_enum(r, _FAILURE_ACTION_MAX);
        d->takeover_automatic = get_bool(r);
        d->awaits_leaver = get_bool(r);
        d->enabled = get_bool(r);
}

/* A node's flag says that another tier begins with it. */
static void put_definition(ByteWriter *w, NameWriter *names, const Definition *d)
{
        put_string(w, d->name);
        put_string(w, d->description);
        put_u32(w, (uint32_t) d->n_nodes);
        for (size_t i = 0; i < d->n_nodes; i++)
                names_put(w, names, d->nodes[i].name, i > 0 && d->nodes[i].tier != d->nodes[i - 1].tier);
        put_u32(w, (uint32_t) d->n_permitted);
        for (size_t i = 0; i < d->n_permitted; i++)
                names_put(w, names, d->permitted[i], false);
        put_definition_keys(w, d);
        put_bool(w, d->needs_end);
        put_u64(w, d->digest);
}

static void get_definition_nodes(ByteReader *r, NameReader *names, Definition *d)
{
        uint32_t n = get_count(r, 4);
        bool next_tier, flag;

        if (n > NODES_MAX)
                reader_refuse(r);
        d->nodes = get_items(r, n, sizeof(NodePriority));
        names_begin(names);
        while (!r->error && d->n_nodes < n) {
                NodePriority *p = &d->nodes[d->n_nodes++];

                p->name = names_get(r, names, &next_tier);
                p->tier = d->n_nodes > 1 ? p[-1].tier + next_tier : 0;
                if (d->n_nodes == 1 && next_tier)
                        reader_refuse(r);
        }
        n = get_count(r, 4);
        if (n > NODES_MAX)
                reader_refuse(r);
        d->permitted = get_items(r, n, sizeof(char *));
        while (!r->error && d->n_permitted < n) {
                names_begin(names);
                d->permitted[d->n_permitted++] = names_get(r, names, &flag);
                if (flag)
                        reader_refuse(r);
        }
}

static void get_definition(ByteReader *r, NameReader *names, Definition *d)
{
        d->name = get_string(r, APP_NAME_MAX);
        d->description = get_string(r, TEXT_MAX);
        get_definition_nodes(r, names, d);
        get_definition_keys(r, d);
        d->needs_end = get_bool(r);
        d->digest = get_u64(r);
        if (!r->error && !definition_is_valid(d))
                reader_refuse(r);
}

static void put_copy(const Codec *c, const Copy *p)
{
        put_u32(c->w, p->node_id);
        put_u64(c->w, p->epoch);
        put_u8(c->w, (uint8_t) p->start_type);
        put_u32(c->w, p->from_node);
        put_bool(c->w, p->untamed);
        put_bool(c->w, p->needs_end);
        put_u64(c->w, p->granted_delay_usec);
        if (codec_present(c)) {
                put_u8(c->w, (uint8_t) p->phase);
                put_bool(c->w, p->stuck);
                put_bool(c->w, p->restart_needed);
                put_bool(c->w, p->surplus);
        }
}

static void get_copy(const Codec *c, Copy *p)
{
        p->node_id = get_u32(c->r);
        p->epoch = get_u64(c->r);
        p->start_type = get_enum(c->r, _START_TYPE_MAX);
        p->from_node = get_u32(c->r);
        p->untamed = get_bool(c->r);
        p->needs_end = get_bool(c->r);
        p->granted_delay_usec = get_u64(c->r);
        /* A copy on a record is what may still run somewhere: it counts once its node is in the ring. */
        p->phase = COPY_LOST;
        if (codec_present(c)) {
                p->phase = get_enum(c->r, _COPY_PHASE_MAX);
                p->stuck = get_bool(c->r);
                p->restart_needed = get_bool(c->r);
                p->surplus = get_bool(c->r);
        }
        if (p->node_id == 0 || p->epoch == 0 || !epoch_is_possible(p->epoch / 2))
                reader_refuse(c->r);
}

static void put_mark(const Codec *c, const Mark *m)
{
        put_u32(c->w, m->node_id);
        put_u32(c->w, m->count);
        put_u64(c->w, m->set_realtime_usec);
        put_u64(c->w, m->duration_usec);
        put_bool(c->w, m->expired);
        put_bool(c->w, m->booted);
        put_bool(c->w, m->stays);
        put_bool(c->w, m->is_last);
        if (codec_present(c))
                put_timer(c, &m->timer);
}

static void get_mark(const Codec *c, Mark *m)
{
        m->node_id = get_u32(c->r);
        m->count = get_u32(c->r);
        m->set_realtime_usec = get_u64(c->r);
        m->duration_usec = get_u64(c->r);
        m->expired = get_bool(c->r);
        m->booted = get_bool(c->r);
        m->stays = get_bool(c->r);
        m->is_last = get_bool(c->r);
        if (codec_present(c))
                get_timer(c, &m->timer);
        if (m->node_id == 0)
                reader_refuse(c->r);
}

/* One that is empty is NULL. */
static char *get_text(ByteReader *r)
{
        _cleanup_free_ char *text = get_string(r, TEXT_MAX);

        return isempty(text) ? NULL : TAKE_PTR(text);
}

static void put_retries(const Codec *c, const App *a)
{
        put_bool(c->w, a->next_retry);
        put_u32(c->w, (uint32_t) a->n_retries);
        FOREACH_ARRAY(r, a->retries, a->n_retries) {
                put_u32(c->w, r->node_id);
                put_u32(c->w, r->count);
                put_string(c->w, r->failure);
                put_timer(c, &r->timer);
        }
}

static void get_retries(const Codec *c, App *a)
{
        uint32_t n;

        a->next_retry = get_bool(c->r);
        n = get_count(c->r, 20);
        a->retries = get_items(c->r, n, sizeof(Retry));
        a->n_retries_allocated = n;
        while (!c->r->error && a->n_retries < n) {
                Retry *r = &a->retries[a->n_retries++];

                r->node_id = get_u32(c->r);
                r->count = get_u32(c->r);
                r->failure = get_text(c->r);
                get_timer(c, &r->timer);
                if (r->node_id == 0 || (a->n_retries > 1 && r->node_id <= r[-1].node_id))
                        reader_refuse(c->r);
        }
}

static void put_file(const Codec *c, const OtherFile *f)
{
        put_u64(c->w, f->digest);
        if (f->digest != 0)
                put_definition(c->w, c->written, &f->definition);
        else
                put_string(c->w, f->text);
}

static void get_file(const Codec *c, OtherFile *f)
{
        f->digest = get_u64(c->r);
        if (f->digest != 0) {
                get_definition(c->r, c->read, &f->definition);
                if (f->definition.digest != f->digest)
                        reader_refuse(c->r);
                return;
        }
        f->text = get_string(c->r, TEXT_MAX);
        if (isempty(f->text))
                reader_refuse(c->r);
        else
                f->error = hash64(f->text, strlen(f->text));
}

/* Which of the files it is, from 1 on; 0: none. */
static void put_variant(const Codec *c, const App *a, const Variant *v)
{
        const OtherFile *f = app_find_file(a, v->digest, v->error);

        put_u32(c->w, v->node_id);
        put_u16(c->w, f ? (uint16_t) (f - a->files + 1) : 0);
}

static void get_variant(const Codec *c, const App *a, Variant *v)
{
        uint16_t file;

        v->node_id = get_u32(c->r);
        file = get_u16(c->r);
        if (v->node_id == 0 || file > a->n_files)
                reader_refuse(c->r);
        else if (file > 0) {
                v->digest = a->files[file - 1].digest;
                v->error = a->files[file - 1].error;
        }
}

static void put_files(const Codec *c, const App *a)
{
        put_u32(c->w, (uint32_t) a->n_files);
        for (size_t i = 0; i < a->n_files; i++)
                put_file(c, &a->files[i]);
        put_u32(c->w, (uint32_t) a->n_variants);
        for (size_t i = 0; i < a->n_variants; i++)
                put_variant(c, a, &a->variants[i]);
        put_u32(c->w, (uint32_t) a->n_wrong);
        for (size_t i = 0; i < a->n_wrong; i++) {
                put_u32(c->w, a->wrong[i].node_id);
                put_u32(c->w, a->wrong[i].line);
        }
}

static void get_wrong(const Codec *c, App *a)
{
        ByteReader *r = c->r;
        uint32_t n = get_count(r, 8);

        a->wrong = get_items(r, n, sizeof(WrongFile));
        a->n_wrong_allocated = n;
        while (!r->error && a->n_wrong < n) {
                WrongFile *f = &a->wrong[a->n_wrong++];

                f->node_id = get_u32(r);
                f->line = get_u32(r);
                if (f->node_id == 0 || f->line == 0 || (a->n_wrong > 1 && f->node_id <= f[-1].node_id))
                        reader_refuse(r);
        }
}

static void get_files(const Codec *c, App *a)
{
        ByteReader *r = c->r;
        uint32_t n = get_count(r, 10);

        a->files = get_items(r, n, sizeof(OtherFile));
        a->n_files_allocated = n;
        while (!r->error && a->n_files < n) {
                OtherFile *f = &a->files[a->n_files++];

                get_file(c, f);
                if (a->n_files > 1 && (f->digest != f[-1].digest ? f->digest < f[-1].digest
                                                                 : f->error <= f[-1].error))
                        reader_refuse(r);
        }
        n = get_count(r, 6);
        a->variants = get_items(r, n, sizeof(Variant));
        a->n_variants_allocated = n;
        while (!r->error && a->n_variants < n) {
                Variant *v = &a->variants[a->n_variants++];

                get_variant(c, a, v);
                if (a->n_variants > 1 && v->node_id <= v[-1].node_id)
                        reader_refuse(r);
        }
        get_wrong(c, a);
}

static void put_app_lists(const Codec *c, const App *a)
{
        put_ids(c->w, a->held_against, a->n_held_against);
        put_u32(c->w, (uint32_t) a->n_permissions);
        for (size_t i = 0; i < a->n_permissions; i++) {
                put_u32(c->w, a->permissions[i].node_id);
                put_bool(c->w, a->permissions[i].allowed);
        }
        put_u32(c->w, (uint32_t) a->n_marks);
        for (size_t i = 0; i < a->n_marks; i++)
                put_mark(c, &a->marks[i]);
        put_u32(c->w, (uint32_t) a->n_copies);
        for (size_t i = 0; i < a->n_copies; i++)
                put_copy(c, &a->copies[i]);
}

static void get_app_lists(const Codec *c, App *a)
{
        ByteReader *r = c->r;
        uint32_t n;

        get_ids(r, &a->held_against, &a->n_held_against);
        n = get_count(r, 5);
        a->permissions = get_items(r, n, sizeof(Permission));
        for (a->n_permissions_allocated = n; !r->error && a->n_permissions < n; a->n_permissions++) {
                a->permissions[a->n_permissions].node_id = get_u32(r);
                a->permissions[a->n_permissions].allowed = get_bool(r);
                if (a->n_permissions > 0 && a->permissions[a->n_permissions].node_id <=
                                                            a->permissions[a->n_permissions - 1].node_id)
                        reader_refuse(r);
        }
        n = get_count(r, 28);
        a->marks = get_items(r, n, sizeof(Mark));
        for (a->n_marks_allocated = n; !r->error && a->n_marks < n; a->n_marks++) {
                get_mark(c, &a->marks[a->n_marks]);
                if (a->n_marks > 0 && a->marks[a->n_marks].node_id <= a->marks[a->n_marks - 1].node_id)
                        reader_refuse(r);
        }
        n = get_count(r, 27);
        a->copies = get_items(r, n, sizeof(Copy));
        for (a->n_copies_allocated = n; !r->error && a->n_copies < n; a->n_copies++) {
                get_copy(c, &a->copies[a->n_copies]);
                if (a->n_copies > 0 && a->copies[a->n_copies].epoch < a->copies[a->n_copies - 1].epoch)
                        reader_refuse(r);
        }
}

static void put_unsure(const Codec *c, const Unsure *u)
{
        put_bool(c->w, u->since.count > 0);
        if (u->since.count == 0)
                return;
        put_revision(c->w, &u->since);
        put_bool(c->w, u->maintenance);
        put_bool(c->w, u->is_auto);
        put_u64(c->w, u->least_delay_usec);
        put_u64(c->w, u->longest_delay_usec);
}

static void get_unsure(const Codec *c, Unsure *u)
{
        if (!get_bool(c->r))
                return;
        get_revision(c->r, &u->since);
        if (u->since.count == 0)
                reader_refuse(c->r);
        u->maintenance = get_bool(c->r);
        u->is_auto = get_bool(c->r);
        u->least_delay_usec = get_u64(c->r);
        u->longest_delay_usec = get_u64(c->r);
}

static void put_app_present(const Codec *c, const App *a)
{
        put_bool(c->w, a->has_definition);
        if (a->has_definition)
                put_definition(c->w, c->written, &a->definition);
        put_unsure(c, &a->unsure);
        put_files(c, a);
        put_u8(c->w, (uint8_t) a->next_type);
        put_u32(c->w, a->next_from);
        put_u32(c->w, a->next_node);
        put_u32(c->w, a->lost_node);
        put_bool(c->w, a->lost_in_order);
        put_timer(c, &a->delay);
        put_u64(c->w, a->delay_usec);
        put_u64(c->w, a->better_nodes);
        put_timer(c, &a->better);
        put_ids(c->w, a->owed, a->n_owed);
        put_timer(c, &a->outside);
        put_retries(c, a);
        put_string(c->w, a->failure);
        put_string(c->w, a->restarts);
        put_u64(c->w, a->restarts_epoch);
        if (codec_full(c))
                put_u64(c->w, a->changed_realtime_usec);
}

static void get_app_present(const Codec *c, App *a)
{
        ByteReader *r = c->r;

        a->has_definition = get_bool(r);
        if (a->has_definition) {
                get_definition(r, c->read, &a->definition);
                if (!r->error && !streq(a->definition.name, a->name))
                        reader_refuse(r);
        }
        get_unsure(c, &a->unsure);
        get_files(c, a);
        a->next_type = get_enum(r, _START_TYPE_MAX);
        a->next_from = get_u32(r);
        a->next_node = get_u32(r);
        a->lost_node = get_u32(r);
        a->lost_in_order = get_bool(r);
        get_timer(c, &a->delay);
        a->delay_usec = get_u64(r);
        a->better_nodes = get_u64(r);
        get_timer(c, &a->better);
        get_ids(r, &a->owed, &a->n_owed);
        get_timer(c, &a->outside);
        get_retries(c, a);
        a->failure = get_text(r);
        a->restarts = get_text(r);
        a->restarts_epoch = get_u64(r);
        if ((a->restarts != NULL) != (a->restarts_epoch != 0))
                reader_refuse(r);
        a->changed_realtime_usec = get_u64(r);
}

static void put_app(const Codec *c, const App *a)
{
        put_string(c->w, a->name);
        put_bool(c->w, a->target_up);
        put_bool(c->w, a->commanded);
        put_bool(c->w, a->finished);
        put_bool(c->w, a->halted);
        put_bool(c->w, a->maintenance);
        put_u64(c->w, a->epoch);
        put_u64(c->w, a->last_epoch);
        put_u32(c->w, a->owner);
        put_u8(c->w, (uint8_t) a->start_type);
        put_u32(c->w, a->from_node);
        put_bool(c->w, a->kept);
        put_u32(c->w, a->held_node);
        put_app_lists(c, a);
        if (codec_present(c))
                put_app_present(c, a);
}

static void get_app(const Codec *c, App *a)
{
        ByteReader *r = c->r;

        a->name = get_string(r, APP_NAME_MAX);
        if (a->name && !app_name_is_valid(a->name))
                reader_refuse(r);
        a->target_up = get_bool(r);
        a->commanded = get_bool(r);
        a->finished = get_bool(r);
        a->halted = get_bool(r);
        a->maintenance = get_bool(r);
        a->epoch = get_u64(r);
        a->last_epoch = get_u64(r);
        a->owner = get_u32(r);
        a->start_type = get_enum(r, _START_TYPE_MAX);
        a->from_node = get_u32(r);
        a->kept = get_bool(r);
        a->held_node = get_u32(r);
        get_app_lists(c, a);
        if (codec_present(c))
                get_app_present(c, a);
        if (a->last_epoch > a->epoch || !epoch_is_possible(a->epoch / 2))
                reader_refuse(r);
}

void put_node_timing(ByteWriter *w, const NodeTiming *t)
{
        put_u64(w, t->detection_usec);
        put_u64(w, t->isolation_usec);
        put_u64(w, t->needed_usec);
        put_u64(w, t->needs_end_usec);
}

void get_node_timing(ByteReader *r, NodeTiming *t)
{
        t->detection_usec = get_u64(r);
        t->isolation_usec = get_u64(r);
        t->needed_usec = get_u64(r);
        t->needs_end_usec = get_u64(r);
}

static void put_node(const Codec *c, const Node *n)
{
        put_u32(c->w, n->id);
        put_string(c->w, n->name);
        put_bool(c->w, n->standby);
        put_u64(c->w, n->grace_usec);
        put_node_timing(c->w, &n->timing);
        put_node_timing(c->w, &n->least);
        put_node_timing(c->w, &n->most);
        put_u64(c->w, n->boot_id);
        put_u64(c->w, n->rebooted_usec);
        put_u8(c->w, n->version_max);
        if (!codec_present(c))
                return;
        put_bool(c->w, n->leaving);
        put_timer(c, &n->shutdown);
        put_bool(c->w, n->unknown);
        put_bool(c->w, n->unwritable);
        put_bool(c->w, n->unguarded);
        put_bool(c->w, n->unfused);
        put_bool(c->w, n->reading);
        put_bool(c->w, n->late);
        put_u64(c->w, n->synced_serial);
        put_bool(c->w, n->grace_over);
        put_u64(c->w, n->command_incarnation);
        put_u64(c->w, n->command_seq);
        put_u32(c->w, n->pid);
        put_ids(c->w, n->nodelist, n->n_nodelist);
        put_bool(c->w, n->by_fewer);
        put_timer(c, &n->grace);
        if (!codec_full(c))
                return;
        put_u8(c->w, (uint8_t) n->presence);
        put_revision(c->w, &n->acked);
}

static void get_node(const Codec *c, Node *n)
{
        ByteReader *r = c->r;

        n->id = get_u32(r);
        n->name = get_string(r, NODE_NAME_MAX);
        n->standby = get_bool(r);
        n->grace_usec = get_u64(r);
        get_node_timing(r, &n->timing);
        get_node_timing(r, &n->least);
        get_node_timing(r, &n->most);
        n->boot_id = get_u64(r);
        n->rebooted_usec = get_u64(r);
        n->version_max = get_u8(r);
        if (n->id == 0 || isempty(n->name))
                reader_refuse(r);
        if (!codec_present(c))
                return;
        n->leaving = get_bool(r);
        get_timer(c, &n->shutdown);
        n->unknown = get_bool(r);
        n->unwritable = get_bool(r);
        n->unguarded = get_bool(r);
        n->unfused = get_bool(r);
        n->reading = get_bool(r);
        n->late = get_bool(r);
        n->synced_serial = get_u64(r);
        n->grace_over = get_bool(r);
        n->command_incarnation = get_u64(r);
        n->command_seq = get_u64(r);
        n->pid = get_u32(r);
        get_ids(r, &n->nodelist, &n->n_nodelist);
        n->by_fewer = get_bool(r);
        get_timer(c, &n->grace);
        n->presence = get_enum(r, _PRESENCE_MAX);
        get_revision(r, &n->acked);
}

void state_encode(const State *s, StateEncoding encoding, uint64_t now_usec, ByteWriter *w)
{
        NameWriter names = {};
        Codec c = { .w = w, .written = &names, .encoding = encoding, .now_usec = now_usec };

        put_u8(w, STATE_VERSION);
        put_u8(w, (uint8_t) encoding);
        put_revision(w, &s->revision);
        put_bool(w, s->confirmed);
        put_bool(w, s->by_fewer);
        put_u64(w, s->forgotten_epoch);
        put_ids(w, s->view_nodes, s->n_view_nodes);
        put_u8(w, s->version);
        if (codec_present(&c)) {
                put_bool(w, s->formed);
                put_bool(w, s->form_pending);
                put_u64(w, s->ring_seq);
                put_u64(w, s->next_serial);
                put_revision(w, &s->commit_base);
                put_timer(&c, &s->commit);
                put_timer(&c, &s->reload);
        }
        if (codec_full(&c)) {
                put_revision(w, &s->committed);
                put_u64(w, s->room_bytes);
                put_u64(w, s->room_taken_bytes);
        }
        put_u32(w, (uint32_t) s->n_nodes);
        for (size_t i = 0; i < s->n_nodes; i++)
                put_node(&c, &s->nodes[i]);
        put_u32(w, (uint32_t) s->n_apps);
        for (size_t i = 0; i < s->n_apps; i++)
                put_app(&c, &s->apps[i]);
        name_writer_done(&names);
}

static void get_state(const Codec *c, State *s)
{
        ByteReader *r = c->r;
        uint32_t n;

        get_revision(r, &s->revision);
        s->confirmed = get_bool(r);
        s->by_fewer = get_bool(r);
        s->forgotten_epoch = get_u64(r);
        if (!epoch_is_possible(s->forgotten_epoch / 2))
                reader_refuse(r);
        get_ids(r, &s->view_nodes, &s->n_view_nodes);
        s->version = get_u8(r);
        if (codec_present(c)) {
                s->formed = get_bool(r);
                s->form_pending = get_bool(r);
                s->ring_seq = get_u64(r);
                s->next_serial = get_u64(r);
                get_revision(r, &s->commit_base);
                get_timer(c, &s->commit);
                get_timer(c, &s->reload);
                get_revision(r, &s->committed);
                s->room_bytes = get_u64(r);
                s->room_taken_bytes = get_u64(r);
        }
        n = get_count(r, 15);
        if (n > NODES_MAX * 4)
                reader_refuse(r);
        s->nodes = get_items(r, n, sizeof(Node));
        s->n_nodes_allocated = n;
        while (!r->error && s->n_nodes < n) {
                Node *node = &s->nodes[s->n_nodes++];

                get_node(c, node);
                if (s->n_nodes > 1 && node->id <= node[-1].id)
                        reader_refuse(r);
        }
        n = get_count(r, 48);
        if (n > STATE_APPS_MAX)
                reader_refuse(r);
        s->apps = get_items(r, n, sizeof(App));
        s->n_apps_allocated = n;
        while (!r->error && s->n_apps < n) {
                App *a = &s->apps[s->n_apps++];

                get_app(c, a);
                if (!r->error && s->n_apps > 1 && strcmp(a->name, a[-1].name) <= 0)
                        reader_refuse(r);
        }
}

int state_decode(const void *data, size_t size_bytes, StateEncoding encoding, uint64_t now_usec, State *ret)
{
        ByteReader r = byte_reader(data, size_bytes);
        NameReader names = {};
        Codec c = { .r = &r, .read = &names, .encoding = encoding, .now_usec = now_usec };
        State s = {};
        int error;

        ASSERT(encoding != STATE_DIGEST);
        if (get_u8(&r) != STATE_VERSION || get_u8(&r) != (uint8_t) encoding)
                reader_refuse(&r);
        get_state(&c, &s);
        name_reader_done(&names);
        error = byte_reader_finish(&r);
        if (error < 0) {
                state_done(&s);
                return error;
        }
        *ret = s;
        return 0;
}

size_t state_size_bytes(const State *s)
{
        ByteWriter w = { .only_counts = true };

        state_encode(s, STATE_FULL, 0, &w);
        return w.error ? SIZE_MAX : w.size_bytes;
}

uint64_t state_digest(const State *s)
{
        ByteWriter w = {};
        uint64_t digest;

        state_encode(s, STATE_DIGEST, 0, &w);
        digest = w.error ? 0 : hash64(w.data, w.size_bytes);
        byte_writer_done(&w);
        return digest;
}
