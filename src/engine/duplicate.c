/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One table for each structure says which pointers it owns, and what of it a new view has voided. Copying and the
 * fingerprint both follow the tables; all else is taken byte by byte. A pointer that is missing in a table is shared by
 * the copy and freed twice, which no test survives; a plain field cannot be missing. */

#include "engine/duplicate.h"
#include "engine/engine.h"
#include "engine/engine-struct.h"
#include "engine/local/cutoff-struct.h"
#include "engine/local/own-files.h"
#include "engine/local/request.h"
#include "engine/local/runs.h"
#include "engine/member/hold.h"
#include "engine/member/peer.h"
#include "engine/agreed/place.h"

typedef enum OwnedKind {
        OWNED_STRING,   /* char *, may be NULL */
        OWNED_ARRAY,    /* a pointer and, elsewhere in the structure, a count */
        OWNED_EMBEDDED, /* a structure within */
        OWNED_ONE,      /* a pointer to one structure, never NULL */
        OWNED_MESSAGE,  /* Message * */
        OWNED_ANEW,     /* a pointer to one structure that says nothing: it begins empty in the copy */
        VOID_IN_VIEW,   /* a SentIn, and what it is about: of no meaning in another view */
        VOID_IN_HOLD,   /* the same, by hold_serial */
} OwnedKind;

#define NOWHERE SIZE_MAX

struct Shape;

typedef struct Owned {
        OwnedKind kind;
        size_t at;
        size_t count_at;
        size_t allocated_at;       /* NOWHERE: the array never grows in place */
        const struct Shape *shape; /* of an element or of what is embedded; NULL: nothing is owned there */
        size_t size_bytes;         /* of an element */
} Owned;

typedef struct Shape {
        size_t size_bytes;
        const Owned *owned;
        size_t n_owned;
} Shape;

/* clang-format off */
#define STRING(t, f) { .kind = OWNED_STRING, .at = offsetof(t, f) }
#define EMBEDDED(t, f, s) { .kind = OWNED_EMBEDDED, .at = offsetof(t, f), .shape = &(s) }
#define ONE(t, f, s) { .kind = OWNED_ONE, .at = offsetof(t, f), .shape = &(s) }
#define ARRAY_AS(t, f, n, allocated, s) \
        { .kind = OWNED_ARRAY, .at = offsetof(t, f), .count_at = offsetof(t, n), .allocated_at = allocated, \
          .shape = s, .size_bytes = sizeof(((t *) NULL)->f[0]) }
#define ARRAY(t, f, s) ARRAY_AS(t, f, n_##f, NOWHERE, s)
#define GROWING(t, f, s) ARRAY_AS(t, f, n_##f, offsetof(t, n_##f##_allocated), s)
#define SENT_AS(k, t, f, at_value, size) { .kind = k, .at = offsetof(t, f), .count_at = at_value, .size_bytes = size }
#define SENT(t, f) SENT_AS(VOID_IN_VIEW, t, f, 0, 0)
#define SENT_OF(t, f, value) SENT_AS(VOID_IN_VIEW, t, f, offsetof(t, value), sizeof(((t *) NULL)->value))
#define SHAPE(name, t, ...) \
        static const Owned name##_owned[] = { __VA_ARGS__ }; \
        static const Shape name = { sizeof(t), name##_owned, ELEMENTSOF(name##_owned) }
/* clang-format on */

SHAPE(string_shape, char *, { .kind = OWNED_STRING, .at = 0 });
SHAPE(priority_shape, NodePriority, STRING(NodePriority, name));
SHAPE(definition_shape, Definition, STRING(Definition, name), STRING(Definition, description),
                ARRAY(Definition, nodes, &priority_shape), ARRAY(Definition, permitted, &string_shape));
SHAPE(retry_shape, Retry, STRING(Retry, failure));
SHAPE(file_shape, OtherFile, EMBEDDED(OtherFile, definition, definition_shape), STRING(OtherFile, text));
SHAPE(app_shape, App, STRING(App, name), ARRAY(App, held_against, NULL), GROWING(App, permissions, NULL),
                GROWING(App, marks, NULL), GROWING(App, retries, &retry_shape), GROWING(App, copies, NULL),
                EMBEDDED(App, definition, definition_shape), GROWING(App, variants, NULL),
                GROWING(App, wrong, NULL), GROWING(App, files, &file_shape), ARRAY(App, owed, NULL),
                STRING(App, failure), STRING(App, restarts), STRING(App, last_blocked),
                SENT(App, owed_sent_in), SENT_OF(App, start_probe_in, start_probe));
SHAPE(node_shape, Node, STRING(Node, name), ARRAY(Node, nodelist, NULL));
SHAPE(state_shape, State, GROWING(State, nodes, &node_shape), GROWING(State, apps, &app_shape),
                ARRAY(State, view_nodes, NULL));
SHAPE(fact_shape, CopyFact, STRING(CopyFact, app));
SHAPE(facts_shape, FactsMessage, STRING(FactsMessage, node_name), ARRAY(FactsMessage, record_nodes, NULL),
                ARRAY(FactsMessage, nodelist, NULL), ARRAY(FactsMessage, copies, &fact_shape));
SHAPE(peer_shape, Peer, EMBEDDED(Peer, facts, facts_shape));
SHAPE(backlog_shape, BacklogEntry, { .kind = OWNED_MESSAGE, .at = offsetof(BacklogEntry, message) });
SHAPE(unit_shape, LocalUnit, STRING(LocalUnit, app), STRING(LocalUnit, reason),
                SENT_OF(LocalUnit, reported_in, reported),
                SENT_OF(LocalUnit, restart_told_in, restart_told_needed),
                SENT_OF(LocalUnit, restarts_told_in, restarts_told_usec));
SHAPE(command_shape, Command, STRING(Command, app), STRING(Command, node));
SHAPE(local_command_shape, LocalCommand, EMBEDDED(LocalCommand, command, command_shape),
                SENT(LocalCommand, sent_in));
SHAPE(local_definition_shape, LocalDefinition, EMBEDDED(LocalDefinition, definition, definition_shape),
                STRING(LocalDefinition, app), STRING(LocalDefinition, error),
                SENT(LocalDefinition, refused_in));
static const Shape places_shape = { sizeof(Places), NULL, 0 };
SHAPE(agreed_shape, Agreed, EMBEDDED(Agreed, state, state_shape),
                { .kind = OWNED_ANEW, .at = offsetof(Agreed, places), .shape = &places_shape });
SHAPE(membership_shape, Membership, EMBEDDED(Membership, agreed, agreed_shape),
                ARRAY(Membership, nodelist, &node_shape), GROWING(Membership, peers, &peer_shape),
                ARRAY(Membership, ring_nodes, NULL), GROWING(Membership, backlog, &backlog_shape),
                SENT(Membership, view_serial), SENT_AS(VOID_IN_HOLD, Membership, hold_serial, 0, 0));
static const Shape cutoff_shape = { sizeof(Cutoff), NULL, 0 };
SHAPE(local_shape, Local, EMBEDDED(Local, me, membership_shape), ONE(Local, cutoff, cutoff_shape),
                ARRAY(Local, wait_mandatory, NULL), ARRAY(Local, wait_optional, NULL),
                GROWING(Local, units, &unit_shape), ARRAY(Local, definitions, &local_definition_shape),
                GROWING(Local, commands, &local_command_shape),
                ARRAY_AS(Local, expiry_sent, n_expiry_sent, offsetof(Local, n_expiry_allocated), NULL),
                SENT(Local, expiry_in), SENT(Local, definitions_known_in), SENT(Local, definitions_sent_in),
                SENT(Local, failure_told_in), SENT(Local, guard_told_in), SENT(Local, leave_sent_in),
                SENT_AS(VOID_IN_HOLD, Local, timing_sent_in, 0, 0),
                SENT_AS(VOID_IN_HOLD, Local, acked_in, offsetof(Local, acked), sizeof(Revision)));
SHAPE(engine_shape, Engine, EMBEDDED(Engine, here, local_shape));

SHAPE(view_message_shape, Message, ARRAY_AS(Message, view_vote.members, view_vote.n_members, NOWHERE, NULL),
                ARRAY_AS(Message, view_vote.nodelist, view_vote.n_nodelist, NOWHERE, NULL));
SHAPE(exclude_message_shape, Message, ARRAY_AS(Message, exclude.members, exclude.n_members, NOWHERE, NULL));
SHAPE(facts_message_shape, Message, EMBEDDED(Message, facts, facts_shape));
SHAPE(state_message_shape, Message, ARRAY_AS(Message, state.numbers, state.n_numbers, NOWHERE, NULL),
                ARRAY_AS(Message, state.state, state.state_size_bytes, NOWHERE, NULL));
SHAPE(entry_shape, DefinitionEntry, STRING(DefinitionEntry, app),
                EMBEDDED(DefinitionEntry, definition, definition_shape), STRING(DefinitionEntry, error));
SHAPE(definitions_message_shape, Message,
                ARRAY_AS(Message, definitions.entries, definitions.n_entries, NOWHERE, &entry_shape));
SHAPE(result_message_shape, Message, STRING(Message, result.app), STRING(Message, result.reason));
SHAPE(expiry_message_shape, Message, ARRAY_AS(Message, expiry.timers, expiry.n_timers, NOWHERE, NULL));
SHAPE(command_message_shape, Message, EMBEDDED(Message, command.command, command_shape));
SHAPE(listed_shape, ListedNode, STRING(ListedNode, name));
SHAPE(nodelist_message_shape, Message,
                ARRAY_AS(Message, nodelist.nodes, nodelist.n_nodes, NOWHERE, &listed_shape));
static const Shape plain_message_shape = { sizeof(Message), NULL, 0 };

static const Shape *message_shape(const Message *m)
{
        static const Shape *const shapes[_MESSAGE_TYPE_MAX] = {
                [MESSAGE_VIEW] = &view_message_shape,
                [MESSAGE_EXCLUDE] = &exclude_message_shape,
                [MESSAGE_FACTS] = &facts_message_shape,
                [MESSAGE_STATE] = &state_message_shape,
                [MESSAGE_RESULT] = &result_message_shape,
                [MESSAGE_DEFINITIONS] = &definitions_message_shape,
                [MESSAGE_EXPIRY] = &expiry_message_shape,
                [MESSAGE_COMMAND] = &command_message_shape,
                [MESSAGE_NODELIST] = &nodelist_message_shape,
        };

        return m->type < _MESSAGE_TYPE_MAX && shapes[m->type] ? shapes[m->type] : &plain_message_shape;
}

static bool has_pointer(const Owned *o)
{
        return o->kind == OWNED_STRING || o->kind == OWNED_ARRAY || o->kind == OWNED_ONE ||
               o->kind == OWNED_MESSAGE || o->kind == OWNED_ANEW;
}

static void *pointer_at(const void *base, size_t at)
{
        void *p;

        memcpy(&p, (const char *) base + at, sizeof(p));
        return p;
}

static void pointer_put(void *base, size_t at, const void *p)
{
        memcpy((char *) base + at, &p, sizeof(p));
}

static size_t count_at(const void *base, size_t at)
{
        size_t n;

        memcpy(&n, (const char *) base + at, sizeof(n));
        return n;
}

/* ---- copying ---- */

static void *duplicate(const void *from, size_t n, size_t size_bytes)
{
        void *copy;

        if (!from || n == 0)
                return NULL;
        copy = malloc(n * size_bytes);
        ASSERT(copy);
        memcpy(copy, from, n * size_bytes);
        return copy;
}

/* `base` is a copy, byte by byte, whose pointers are still the original's. */
static void own(void *base, const Shape *shape)
{
        for (size_t i = 0; i < shape->n_owned; i++) {
                const Owned *o = &shape->owned[i];
                char *p = has_pointer(o) ? pointer_at(base, o->at) : NULL;
                size_t n = o->kind == OWNED_ARRAY ? count_at(base, o->count_at) : 0;

                switch (o->kind) {
                case OWNED_STRING:
                        pointer_put(base, o->at, p ? duplicate(p, strlen(p) + 1, 1) : NULL);
                        break;
                case OWNED_ARRAY:
                        p = duplicate(p, n, o->size_bytes);
                        pointer_put(base, o->at, p);
                        if (o->allocated_at != NOWHERE)
                                memcpy((char *) base + o->allocated_at, &n, sizeof(n));
                        for (size_t j = 0; o->shape && j < n; j++)
                                own(p + j * o->size_bytes, o->shape);
                        break;
                case OWNED_EMBEDDED:
                        own((char *) base + o->at, o->shape);
                        break;
                case OWNED_ONE:
                        ASSERT(p);
                        p = duplicate(p, 1, o->shape->size_bytes);
                        pointer_put(base, o->at, p);
                        own(p, o->shape);
                        break;
                case OWNED_MESSAGE:
                        ASSERT(p);
                        p = duplicate(p, 1, sizeof(Message));
                        pointer_put(base, o->at, p);
                        own(p, message_shape((const Message *) (const void *) p));
                        break;
                case OWNED_ANEW:
                        p = calloc(1, o->shape->size_bytes);
                        ASSERT(p);
                        pointer_put(base, o->at, p);
                        break;
                case VOID_IN_VIEW:
                case VOID_IN_HOLD:
                        break;
                }
        }
}

Engine *engine_copy(const Engine *e)
{
        Engine *copy = duplicate(e, 1, sizeof(*e));

        own(copy, &engine_shape);
        return copy;
}

/* ---- the fingerprint ---- */

static uint64_t mix(uint64_t h, uint64_t word)
{
        h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
        return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, const void *data, size_t size_bytes)
{
        const char *p = data;
        uint64_t word;

        h = mix(h, size_bytes);
        for (; size_bytes >= sizeof(word); p += sizeof(word), size_bytes -= sizeof(word)) {
                memcpy(&word, p, sizeof(word));
                h = mix(h, word);
        }
        word = 0;
        if (size_bytes > 0)
                memcpy(&word, p, size_bytes);
        return mix(h, word);
}

/* Of a SentIn it counts whether it is of the present view; what is void says nothing. */
static void blank_sent(char *base, const Owned *o, const Engine *e)
{
        SentIn in, now = !e ? 0 : o->kind == VOID_IN_HOLD ? e->here.me.hold_serial : e->here.me.view_serial;

        memcpy(&in, base + o->at, sizeof(in));
        if (in != now)
                memset(base + o->count_at, 0, o->size_bytes);
        in = in == now;
        memcpy(base + o->at, &in, sizeof(in));
}

/* Addresses, and how much was allocated, say nothing. */
static void blank(void *base, const Shape *shape, const Engine *e)
{
        static const size_t none;

        for (size_t i = 0; i < shape->n_owned; i++) {
                const Owned *o = &shape->owned[i];

                if (o->kind == OWNED_EMBEDDED) {
                        blank((char *) base + o->at, o->shape, e);
                        continue;
                }
                if (!has_pointer(o)) {
                        blank_sent(base, o, e);
                        continue;
                }
                pointer_put(base, o->at, NULL);
                if (o->kind == OWNED_ARRAY && o->allocated_at != NOWHERE)
                        memcpy((char *) base + o->allocated_at, &none, sizeof(none));
        }
}

static uint64_t mix_owned(uint64_t h, const void *base, const Shape *shape, const Engine *e);

static uint64_t mix_shape(uint64_t h, const void *base, const Shape *shape, const Engine *e)
{
        uint64_t buffer[512];

        ASSERT(shape->size_bytes <= sizeof(buffer));
        memcpy(buffer, base, shape->size_bytes);
        blank(buffer, shape, e);
        return mix_owned(mix_bytes(h, buffer, shape->size_bytes), base, shape, e);
}

static uint64_t mix_owned(uint64_t h, const void *base, const Shape *shape, const Engine *e)
{
        for (size_t i = 0; i < shape->n_owned; i++) {
                const Owned *o = &shape->owned[i];
                const char *p = has_pointer(o) ? pointer_at(base, o->at) : NULL;
                size_t n = o->kind == OWNED_ARRAY && p ? count_at(base, o->count_at) : 0;

                switch (o->kind) {
                case OWNED_STRING:
                        h = p ? mix_bytes(h, p, strlen(p)) : mix(h, 1);
                        break;
                case OWNED_ARRAY:
                        if (!o->shape)
                                h = mix_bytes(h, p ? p : "", n * o->size_bytes);
                        for (size_t j = 0; o->shape && j < n; j++)
                                h = mix_shape(h, p + j * o->size_bytes, o->shape, e);
                        break;
                case OWNED_EMBEDDED:
                        h = mix_owned(h, (const char *) base + o->at, o->shape, e);
                        break;
                case OWNED_ONE:
                        ASSERT(p);
                        h = mix_shape(h, p, o->shape, e);
                        break;
                case OWNED_MESSAGE:
                        ASSERT(p);
                        h = mix_shape(h, p, message_shape((const Message *) (const void *) p), e);
                        break;
                case OWNED_ANEW:
                case VOID_IN_VIEW:
                case VOID_IN_HOLD:
                        break;
                }
        }
        return h;
}

uint64_t engine_fingerprint(const Engine *e)
{
        return mix_shape(UINT64_C(0x2545f4914f6cdd1d), e, &engine_shape, e);
}

uint64_t message_fingerprint(const Message *m)
{
        return mix_shape(UINT64_C(0x61c8864680b583eb), m, message_shape(m), NULL);
}
