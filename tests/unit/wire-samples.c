/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"
#include "wire-samples.h"

static void *must(void *p)
{
        ASSERT(p);
        return p;
}

static char *dup(const char *s)
{
        return must(strdup(s));
}

static void *array(size_t n, size_t size)
{
        return n > 0 ? must(calloc(n, size)) : NULL;
}

uint64_t sample_random(uint64_t *seed)
{
        uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* ---- fixed ---- */

static void fixed_definition(Definition *d, const char *name, uint64_t digest)
{
        d->name = dup(name);
        d->digest = digest;
        d->description = dup("The distro worker");
        d->n_nodes = 3;
        d->nodes = array(3, sizeof(d->nodes[0]));
        d->nodes[0] = (NodePriority){ dup("abc"), 0 };
        d->nodes[1] = (NodePriority){ dup("bcd"), 1 };
        d->nodes[2] = (NodePriority){ dup("def"), 1 };
        d->n_permitted = 2;
        d->permitted = array(2, sizeof(d->permitted[0]));
        d->permitted[0] = dup("abc");
        d->permitted[1] = dup("def");
        d->failover_delay_usec = 5 * USEC_PER_SEC;
        d->takeover_delay_usec = USEC_INFINITY;
        d->failure_timeout_usec = 600 * USEC_PER_SEC;
        d->weight = 7;
        d->local_restarts = 3;
        d->takeover_mode = TAKEOVER_START_FIRST;
        d->failure_action = FAILURE_STOP;
        d->takeover_automatic = true;
        d->awaits_leaver = true;
        d->enabled = false;
        d->needs_end = true;
}

static void fixed_facts(FactsMessage *f)
{
        *f = (FactsMessage){
                .version_min = 1,
                .version_max = 2,
                .node_name = dup("abc"),
                .grace_usec = 15 * USEC_PER_SEC,
                .timing = { 8850 * USEC_PER_MSEC, 11 * USEC_PER_SEC, 4 * USEC_PER_SEC },
                .boot_id = UINT64_C(0xb007b007b007b007),
                .record = RECORD_VALID,
                .record_revision = { 44, 45 },
                .n_record_nodes = 3,
                .record_nodes = array(3, sizeof(uint32_t)),
                .n_nodelist = 2,
                .nodelist = array(2, sizeof(uint32_t)),
                .can_write = true,
                .rebooted_itself = true,
                .guarded = true,
                .fused = true,
                .leaving = true,
                .realtime_usec = UINT64_C(1700000000000000),
                .n_copies = 2,
                .copies = array(2, sizeof(CopyFact)),
        };
        f->record_nodes[0] = 1;
        f->record_nodes[1] = 2;
        f->record_nodes[2] = 9;
        f->nodelist[0] = 1;
        f->nodelist[1] = 4;
        f->by_fewer = true;
        f->copies[0] = (CopyFact){ dup("distro"), (UINT64_C(44) << EPOCH_RING_SHIFT) + 1, UNIT_RUNNING, false,
                0 };
        f->copies[1] = (CopyFact){ dup("web-2"), (UINT64_C(44) << EPOCH_RING_SHIFT) + 2, UNIT_STUCK, true,
                30 * USEC_PER_SEC };
}

static void fixed_definitions(DefinitionsMessage *d)
{
        d->n_entries = 3;
        d->entries = array(3, sizeof(d->entries[0]));
        d->entries[0].app = dup("distro");
        d->entries[0].digest = UINT64_C(0x0123456789abcdef);
        fixed_definition(&d->entries[0].definition, "distro", UINT64_C(0x0123456789abcdef));
        d->entries[0].wrong_line = 7;
        d->entries[1].app = dup("gone");
        d->entries[2].app = dup("wrong");
        d->entries[2].error = dup("wrong.app:3: unknown key Foo=");
        d->more = true;
        d->answers = 0x1122334455667788;
}

static void fixed_lists(Message *m)
{
        if (m->type == MESSAGE_VIEW) {
                m->view_vote = (ViewMessage){ true, false, { 42, 43 }, UINT64_C(0xd16e57d16e57d16e), 41, 40,
                        array(2, sizeof(uint32_t)), 2, true, array(2, sizeof(ViewMember)), 2 };
                m->view_vote.nodelist[0] = 1;
                m->view_vote.nodelist[1] = 4;
                m->view_vote.members[0] = (ViewMember){ { 1, 1001 }, 0 };
                m->view_vote.members[1] = (ViewMember){ { 2, 1002 }, 3 };
        } else if (m->type == MESSAGE_EXCLUDE) {
                m->exclude.n_members = 2;
                m->exclude.members = array(2, sizeof(Member));
                m->exclude.members[0] = (Member){ 2, 1002 };
                m->exclude.members[1] = (Member){ 3, 1003 };
        } else if (m->type == MESSAGE_EXPIRY) {
                m->expiry.n_timers = 2;
                m->expiry.timers = array(2, sizeof(TimerRef));
                m->expiry.timers[0] = (TimerRef){ TIMER_FAILOVER, 77 };
                m->expiry.timers[1] = (TimerRef){ TIMER_COMMIT, 78 };
        } else if (m->type == MESSAGE_STATE) {
                m->state.forms = true;
                m->state.n_numbers = 2;
                m->state.numbers = array(2, sizeof(m->state.numbers[0]));
                m->state.numbers[0].member = (Member){ 1, 1001 };
                m->state.numbers[0].number = 5;
                m->state.numbers[1].member = (Member){ 2, 1002 };
                m->state.numbers[1].number = 6;
                m->state.state = (uint8_t *) dup("state");
                m->state.state_size_bytes = 5;
        }
}

Message *sample_fixed(MessageType type)
{
        Message *m = array(1, sizeof(*m));

        m->type = type;
        m->view = (ViewId){ { 1, 0x1122334455 }, 3 };
        m->version = 1;
        m->incarnation = UINT64_C(0x1c1c1c1c00000001);
        m->number = 12;
        fixed_lists(m);
        if (type == MESSAGE_FACTS)
                fixed_facts(&m->facts);
        if (type == MESSAGE_DEFINITIONS)
                fixed_definitions(&m->definitions);
        if (type == MESSAGE_RESULT)
                m->result = (ResultMessage){ dup("distro"), (UINT64_C(44) << EPOCH_RING_SHIFT) + 1,
                        UNIT_FAILED, dup("exit-code"), true, UINT64_C(1700000000000002) };
        if (type == MESSAGE_COMMAND)
                m->command = (CommandMessage){ 4,
                        { COMMAND_TAKEOVER, dup("distro"), dup("bcd"), true, false } };
        if (type == MESSAGE_ACK)
                m->ack = (AckMessage){ { 44, 46 }, true };
        if (type == MESSAGE_GUARD)
                m->guard = (GuardMessage){ true };
        if (type == MESSAGE_UNSENT)
                m->unsent.type = MESSAGE_STATE;
        if (type == MESSAGE_TIMING)
                m->timing = (NodeTiming){ 2 * USEC_PER_SEC, 3 * USEC_PER_SEC, USEC_INFINITY,
                        10 * USEC_PER_SEC };
        if (type == MESSAGE_NODELIST) {
                m->nodelist = (NodelistMessage){ array(2, sizeof(ListedNode)), 2, true };
                m->nodelist.nodes[0] = (ListedNode){ 1, dup("abc") };
                m->nodelist.nodes[1] = (ListedNode){ 4, dup("xyz") };
        }
        return m;
}

/* ---- drawn ---- */

static uint64_t draw(uint64_t *seed, uint64_t n)
{
        return sample_random(seed) % n;
}

/* Mostly anything, often an end of the range. */
static uint64_t draw_u64(uint64_t *seed)
{
        uint64_t kind = draw(seed, 6);

        return kind == 0 ? 0 : kind == 1 ? UINT64_MAX : kind == 2 ? draw(seed, 100) : sample_random(seed);
}

static size_t draw_length(uint64_t *seed, size_t max)
{
        uint64_t kind = draw(seed, 5);

        return kind == 0 ? 0 : kind == 1 ? max : (size_t) draw(seed, MIN(max, (size_t) 6) + 1);
}

static char *draw_word(uint64_t *seed, size_t max, const char *letters)
{
        size_t n = draw_length(seed, max - 1) + 1, n_letters = strlen(letters);
        char *s = array(n + 1, 1);

        for (size_t i = 0; i < n; i++)
                s[i] = letters[draw(seed, n_letters)];
        return s;
}

static char *draw_app(uint64_t *seed)
{
        return draw_word(seed, APP_NAME_MAX, "abcdefghijklmnopqrstuvwxyz0123456789");
}

static char *draw_node(uint64_t *seed)
{
        return draw_word(seed, NODE_NAME_MAX, "abcXYZ019-._:/");
}

static char *draw_text(uint64_t *seed)
{
        return draw(seed, 3) == 0 ? NULL
                                  : draw_word(seed, TEXT_MAX, "words, (and) \"more\" of them: 1/2 100%");
}

static Member draw_member(uint64_t *seed)
{
        return (Member){ .node_id = 1 + (uint32_t) draw(seed, UINT32_MAX), .pid = (uint32_t) draw_u64(seed) };
}

static Revision draw_revision(uint64_t *seed)
{
        uint64_t ring_seq = draw_u64(seed);

        return (Revision){ .ring_seq = ring_seq, .count = draw_u64(seed) };
}

static bool draw_bool(uint64_t *seed)
{
        return draw(seed, 2) == 1;
}

static void draw_definition(Definition *d, uint64_t *seed)
{
        d->description = draw_text(seed);
        d->n_nodes = draw_length(seed, NODES_MAX);
        d->nodes = array(d->n_nodes, sizeof(d->nodes[0]));
        for (size_t i = 0; i < d->n_nodes; i++) {
                _cleanup_free_ char *rest = draw_node(seed);

                ASSERT(asprintf(&d->nodes[i].name, "%zu_%.*s", i, (int) NODE_NAME_MAX - 3, rest) >
                                0); /* none twice */
                d->nodes[i].tier = i == 0 ? 0 : d->nodes[i - 1].tier + (uint32_t) draw(seed, 2);
        }
        d->n_permitted = draw_length(seed, NODES_MAX);
        d->permitted = array(d->n_permitted, sizeof(d->permitted[0]));
        for (size_t i = 0; i < d->n_permitted; i++)
                d->permitted[i] = draw_node(seed);
        d->failover_delay_usec = draw_u64(seed);
        d->takeover_delay_usec = draw_u64(seed);
        d->failure_timeout_usec = draw_u64(seed);
        d->weight = 1 + (uint32_t) (draw_u64(seed) % UINT32_MAX);
        d->takeover_mode = (TakeoverMode) draw(seed, _TAKEOVER_MODE_MAX);
        d->failure_action = (FailureAction) draw(seed, _FAILURE_ACTION_MAX);
        d->takeover_automatic = draw_bool(seed);
        d->awaits_leaver = draw_bool(seed);
        d->local_restarts = (uint8_t) draw(seed, LOCAL_RESTARTS_MAX + 1);
        d->enabled = draw_bool(seed);
        d->needs_end = draw_bool(seed);
}

static uint32_t *draw_ids(size_t n, uint64_t *seed)
{
        uint32_t *ids = array(n, sizeof(*ids)), id = 0;

        for (size_t i = 0; i < n; i++)
                ids[i] = id += 1 + (uint32_t) draw(seed, 1000);
        return ids;
}

static void draw_view(ViewMessage *v, uint64_t *seed)
{
        v->quorate = draw_bool(seed);
        v->synced = draw_bool(seed);
        v->revision = draw_revision(seed);
        v->digest = draw_u64(seed);
        v->since_seq = draw_u64(seed);
        v->quorate_seq = draw_u64(seed);
        v->n_nodelist = draw_length(seed, NODES_MAX);
        v->nodelist = draw_ids(v->n_nodelist, seed);
        v->by_fewer = draw_bool(seed);
        v->n_members = draw_length(seed, 128);
        v->members = array(v->n_members, sizeof(v->members[0]));
        FOREACH_ARRAY(m, v->members, v->n_members) {
                m->member = draw_member(seed);
                m->joined_n = (uint32_t) draw_u64(seed);
        }
}

static void draw_nodelist(NodelistMessage *l, uint64_t *seed)
{
        uint32_t id = 0;

        l->by_fewer = draw_bool(seed);
        l->n_nodes = draw_length(seed, NODES_MAX);
        l->nodes = array(l->n_nodes, sizeof(l->nodes[0]));
        FOREACH_ARRAY(n, l->nodes, l->n_nodes)
                *n = (ListedNode){ id += 1 + (uint32_t) draw(seed, 1000), draw_node(seed) };
}

static void draw_facts(FactsMessage *f, uint64_t *seed)
{
        f->version_min = 1 + (uint8_t) draw(seed, 100);
        f->version_max = f->version_min + (uint8_t) draw(seed, 100);
        f->node_name = draw_node(seed);
        f->grace_usec = draw_u64(seed);
        f->timing = (NodeTiming){ draw_u64(seed), draw_u64(seed), draw_u64(seed), draw_u64(seed) };
        f->boot_id = draw_u64(seed);
        f->record = (RecordKind) draw(seed, _RECORD_KIND_MAX);
        f->record_revision = draw_revision(seed);
        f->n_record_nodes = draw_length(seed, NODES_MAX);
        f->record_nodes = draw_ids(f->n_record_nodes, seed);
        f->n_nodelist = draw_length(seed, NODES_MAX);
        f->nodelist = draw_ids(f->n_nodelist, seed);
        f->by_fewer = draw_bool(seed);
        f->can_write = draw_bool(seed);
        f->rebooted_itself = draw_bool(seed);
        f->guarded = draw_bool(seed);
        f->fused = draw_bool(seed);
        f->leaving = draw_bool(seed);
        f->realtime_usec = draw_u64(seed);
        f->n_copies = draw_length(seed, 500);
        f->copies = array(f->n_copies, sizeof(f->copies[0]));
        FOREACH_ARRAY(c, f->copies, f->n_copies)
                *c = (CopyFact){ draw_app(seed), draw_u64(seed) % (EPOCH_MAX + 1),
                        (UnitState) draw(seed, _UNIT_STATE_MAX), draw_bool(seed), draw_u64(seed) };
}

static void draw_state(StateMessage *s, uint64_t *seed)
{
        s->forms = draw_bool(seed);
        s->n_numbers = draw_length(seed, 128);
        s->numbers = array(s->n_numbers, sizeof(s->numbers[0]));
        for (size_t i = 0; i < s->n_numbers; i++) {
                s->numbers[i].member = draw_member(seed);
                s->numbers[i].number = draw_u64(seed);
        }
        s->state_size_bytes = draw_length(seed, 300000);
        s->state = array(s->state_size_bytes, 1);
        for (size_t i = 0; i < s->state_size_bytes; i++)
                s->state[i] = (uint8_t) sample_random(seed);
}

static void draw_definitions(DefinitionsMessage *d, uint64_t *seed)
{
        d->more = draw(seed, 2);
        d->answers = draw(seed, UINT32_MAX);
        d->n_entries = draw_length(seed, 40);
        d->entries = array(d->n_entries, sizeof(d->entries[0]));
        FOREACH_ARRAY(e, d->entries, d->n_entries) {
                e->app = draw_app(seed);
                e->digest = draw(seed, 3) == 0 ? 0 : 1 + draw(seed, UINT64_MAX);
                if (e->digest == 0) {
                        e->error = draw_text(seed);
                        continue;
                }
                e->wrong_line = draw(seed, 3) == 0 ? (uint32_t) draw(seed, UINT32_MAX) : 0;
                draw_definition(&e->definition, seed);
                e->definition.name = dup(e->app);
                e->definition.digest = e->digest;
        }
}

static void draw_others(Message *m, uint64_t *seed)
{
        if (m->type == MESSAGE_EXCLUDE) {
                m->exclude.n_members = draw_length(seed, 128);
                m->exclude.members = array(m->exclude.n_members, sizeof(Member));
                FOREACH_ARRAY(e, m->exclude.members, m->exclude.n_members)
                        *e = draw_member(seed);
        } else if (m->type == MESSAGE_RESULT) {
                m->result = (ResultMessage){ draw_app(seed), draw_u64(seed),
                        (UnitState) draw(seed, _UNIT_STATE_MAX), draw_text(seed), draw_bool(seed),
                        draw_u64(seed) };
        } else if (m->type == MESSAGE_EXPIRY) {
                m->expiry.n_timers = draw_length(seed, 20000);
                m->expiry.timers = array(m->expiry.n_timers, sizeof(TimerRef));
                FOREACH_ARRAY(t, m->expiry.timers, m->expiry.n_timers)
                        *t = (TimerRef){ (TimerKind) draw(seed, _TIMER_KIND_MAX), draw_u64(seed) };
        } else if (m->type == MESSAGE_COMMAND) {
                m->command = (CommandMessage){ 1 + draw(seed, UINT64_MAX),
                        { (CommandKind) draw(seed, _COMMAND_KIND_MAX),
                                        draw_bool(seed) ? dup("") : draw_app(seed),
                                        draw_bool(seed) ? dup("") : draw_node(seed), draw_bool(seed),
                                        draw_bool(seed) } };
        } else if (m->type == MESSAGE_ACK) {
                m->ack = (AckMessage){ draw_revision(seed), draw_bool(seed) };
        } else if (m->type == MESSAGE_GUARD) {
                m->guard = (GuardMessage){ draw_bool(seed) };
        } else if (m->type == MESSAGE_UNSENT) {
                m->unsent.type = (MessageType) (1 + draw(seed, MESSAGE_UNSENT - 1));
        } else if (m->type == MESSAGE_TIMING) {
                m->timing = (NodeTiming){ draw_u64(seed), draw_u64(seed), draw_u64(seed), draw_u64(seed) };
        } else if (m->type == MESSAGE_NODELIST) {
                draw_nodelist(&m->nodelist, seed);
        }
}

Message *sample_drawn(MessageType type, uint64_t *seed)
{
        Message *m = array(1, sizeof(*m));

        m->type = type;
        m->view = (ViewId){ { (uint32_t) draw_u64(seed), draw_u64(seed) }, (uint32_t) draw_u64(seed) };
        m->version = PROTOCOL_VERSION;
        m->incarnation = 1 + draw(seed, UINT64_MAX);
        m->number = 1 + draw(seed, UINT64_MAX);
        if (type == MESSAGE_VIEW)
                draw_view(&m->view_vote, seed);
        else if (type == MESSAGE_FACTS)
                draw_facts(&m->facts, seed);
        else if (type == MESSAGE_STATE)
                draw_state(&m->state, seed);
        else if (type == MESSAGE_DEFINITIONS)
                draw_definitions(&m->definitions, seed);
        else
                draw_others(m, seed);
        return m;
}

/* ---- equal ---- */

static bool revision_equal(Revision a, Revision b)
{
        return revision_compare(&a, &b) == 0;
}

static bool members_equal(const Member *a, size_t n_a, const Member *b, size_t n_b)
{
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (member_compare(a + i, b + i) != 0)
                        return false;
        return true;
}

static bool definition_equal(const Definition *a, const Definition *b)
{
        if (a->n_nodes != b->n_nodes || a->n_permitted != b->n_permitted ||
                        strcmp_ptr(a->name, b->name) != 0 || strcmp_ptr(a->description, b->description) != 0)
                return false;
        for (size_t i = 0; i < a->n_nodes; i++)
                if (!streq(a->nodes[i].name, b->nodes[i].name) || a->nodes[i].tier != b->nodes[i].tier)
                        return false;
        for (size_t i = 0; i < a->n_permitted; i++)
                if (!streq(a->permitted[i], b->permitted[i]))
                        return false;
        return a->failover_delay_usec == b->failover_delay_usec &&
               a->takeover_delay_usec == b->takeover_delay_usec &&
               a->failure_timeout_usec == b->failure_timeout_usec && a->weight == b->weight &&
               a->local_restarts == b->local_restarts && a->takeover_mode == b->takeover_mode &&
               a->failure_action == b->failure_action && a->takeover_automatic == b->takeover_automatic &&
               a->awaits_leaver == b->awaits_leaver && a->enabled == b->enabled &&
               a->needs_end == b->needs_end && a->digest == b->digest;
}

static bool ids_equal(const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b)
{
        return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * sizeof(*a)) == 0);
}

static bool nodelist_equal(const NodelistMessage *a, const NodelistMessage *b)
{
        if (a->by_fewer != b->by_fewer || a->n_nodes != b->n_nodes)
                return false;
        for (size_t i = 0; i < a->n_nodes; i++)
                if (a->nodes[i].id != b->nodes[i].id || !streq(a->nodes[i].name, b->nodes[i].name))
                        return false;
        return true;
}

static bool view_equal(const ViewMessage *a, const ViewMessage *b)
{
        if (a->quorate != b->quorate || a->synced != b->synced || !revision_equal(a->revision, b->revision) ||
                        a->digest != b->digest || a->since_seq != b->since_seq ||
                        a->quorate_seq != b->quorate_seq || a->n_members != b->n_members ||
                        a->by_fewer != b->by_fewer ||
                        !ids_equal(a->nodelist, a->n_nodelist, b->nodelist, b->n_nodelist))
                return false;
        for (size_t i = 0; i < a->n_members; i++)
                if (member_compare(&a->members[i].member, &b->members[i].member) != 0 ||
                                a->members[i].joined_n != b->members[i].joined_n)
                        return false;
        return true;
}

static bool timing_equal(const NodeTiming *a, const NodeTiming *b)
{
        return a->detection_usec == b->detection_usec && a->isolation_usec == b->isolation_usec &&
               a->needed_usec == b->needed_usec && a->needs_end_usec == b->needs_end_usec;
}

static bool facts_equal(const FactsMessage *a, const FactsMessage *b)
{
        if (a->version_min != b->version_min || a->version_max != b->version_max ||
                        !streq(a->node_name, b->node_name) || a->grace_usec != b->grace_usec ||
                        !timing_equal(&a->timing, &b->timing) || a->boot_id != b->boot_id ||
                        a->record != b->record || !revision_equal(a->record_revision, b->record_revision) ||
                        a->n_record_nodes != b->n_record_nodes || a->n_nodelist != b->n_nodelist ||
                        a->by_fewer != b->by_fewer || a->can_write != b->can_write ||
                        a->guarded != b->guarded || a->fused != b->fused || a->leaving != b->leaving ||
                        a->rebooted_itself != b->rebooted_itself || a->realtime_usec != b->realtime_usec ||
                        a->n_copies != b->n_copies)
                return false;
        for (size_t i = 0; i < a->n_record_nodes; i++)
                if (a->record_nodes[i] != b->record_nodes[i])
                        return false;
        for (size_t i = 0; i < a->n_nodelist; i++)
                if (a->nodelist[i] != b->nodelist[i])
                        return false;
        for (size_t i = 0; i < a->n_copies; i++)
                if (!streq(a->copies[i].app, b->copies[i].app) || a->copies[i].epoch != b->copies[i].epoch ||
                                a->copies[i].state != b->copies[i].state ||
                                a->copies[i].needs_end != b->copies[i].needs_end ||
                                a->copies[i].granted_delay_usec != b->copies[i].granted_delay_usec)
                        return false;
        return true;
}

static bool state_equal(const StateMessage *a, const StateMessage *b)
{
        if (a->forms != b->forms || a->n_numbers != b->n_numbers ||
                        a->state_size_bytes != b->state_size_bytes)
                return false;
        for (size_t i = 0; i < a->n_numbers; i++)
                if (member_compare(&a->numbers[i].member, &b->numbers[i].member) != 0 ||
                                a->numbers[i].number != b->numbers[i].number)
                        return false;
        return a->state_size_bytes == 0 || memcmp(a->state, b->state, a->state_size_bytes) == 0;
}

static bool definitions_equal(const DefinitionsMessage *a, const DefinitionsMessage *b)
{
        if (a->more != b->more || a->answers != b->answers || a->n_entries != b->n_entries)
                return false;
        for (size_t i = 0; i < a->n_entries; i++) {
                const DefinitionEntry *x = a->entries + i, *y = b->entries + i;

                if (!streq(x->app, y->app) || x->digest != y->digest || x->wrong_line != y->wrong_line ||
                                strcmp_ptr(x->error, y->error) != 0 ||
                                !definition_equal(&x->definition, &y->definition))
                        return false;
        }
        return true;
}

static bool expiry_equal(const ExpiryMessage *a, const ExpiryMessage *b)
{
        if (a->n_timers != b->n_timers)
                return false;
        for (size_t i = 0; i < a->n_timers; i++)
                if (a->timers[i].kind != b->timers[i].kind || a->timers[i].serial != b->timers[i].serial)
                        return false;
        return true;
}

static bool command_equal(const CommandMessage *a, const CommandMessage *b)
{
        return a->seq == b->seq && a->command.kind == b->command.kind &&
               streq(a->command.app, b->command.app) && streq(a->command.node, b->command.node) &&
               a->command.flag == b->command.flag && a->command.force == b->command.force;
}

bool sample_equal(const Message *a, const Message *b)
{
        if (a->type != b->type || a->version != b->version || !view_id_equal(&a->view, &b->view) ||
                        a->incarnation != b->incarnation || a->number != b->number)
                return false;
        switch (a->type) {
        case MESSAGE_VIEW:
                return view_equal(&a->view_vote, &b->view_vote);
        case MESSAGE_EXCLUDE:
                return members_equal(a->exclude.members, a->exclude.n_members, b->exclude.members,
                                b->exclude.n_members);
        case MESSAGE_FACTS:
                return facts_equal(&a->facts, &b->facts);
        case MESSAGE_STATE:
                return state_equal(&a->state, &b->state);
        case MESSAGE_DEFINITIONS:
                return definitions_equal(&a->definitions, &b->definitions);
        case MESSAGE_RESULT:
                return streq(a->result.app, b->result.app) && a->result.epoch == b->result.epoch &&
                       a->result.state == b->result.state &&
                       strcmp_ptr(a->result.reason, b->result.reason) == 0 &&
                       a->result.restart_needed == b->result.restart_needed &&
                       a->result.realtime_usec == b->result.realtime_usec;
        case MESSAGE_EXPIRY:
                return expiry_equal(&a->expiry, &b->expiry);
        case MESSAGE_COMMAND:
                return command_equal(&a->command, &b->command);
        case MESSAGE_ACK:
                return revision_equal(a->ack.revision, b->ack.revision) && a->ack.written == b->ack.written;
        case MESSAGE_GUARD:
                return a->guard.guarded == b->guard.guarded && a->guard.fused == b->guard.fused;
        case MESSAGE_UNSENT:
                return a->unsent.type == b->unsent.type;
        case MESSAGE_TIMING:
                return timing_equal(&a->timing, &b->timing);
        case MESSAGE_NODELIST:
                return nodelist_equal(&a->nodelist, &b->nodelist);
        case MESSAGE_SYNCED:
        case MESSAGE_LEAVE:
                return true;
        case _MESSAGE_TYPE_MAX:
        default:
                return false;
        }
}
