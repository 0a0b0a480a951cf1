/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/message.h"

void command_done(Command *c)
{
        free(c->app);
        free(c->node);
        c->app = c->node = NULL;
}

static void definition_entry_done(DefinitionEntry *d)
{
        free(d->app);
        free(d->error);
        definition_done(&d->definition);
}

void message_done(Message *m)
{
        switch (m->type) {
        case MESSAGE_VIEW:
                free(m->view_vote.members);
                free(m->view_vote.nodelist);
                break;
        case MESSAGE_EXCLUDE:
                free(m->exclude.members);
                break;
        case MESSAGE_FACTS:
                free(m->facts.node_name);
                free(m->facts.record_nodes);
                free(m->facts.nodelist);
                for (size_t i = 0; i < m->facts.n_copies; i++)
                        free(m->facts.copies[i].app);
                free(m->facts.copies);
                break;
        case MESSAGE_STATE:
                free(m->state.numbers);
                free(m->state.state);
                break;
        case MESSAGE_DEFINITIONS:
                for (size_t i = 0; i < m->definitions.n_entries; i++)
                        definition_entry_done(&m->definitions.entries[i]);
                free(m->definitions.entries);
                break;
        case MESSAGE_RESULT:
                free(m->result.app);
                free(m->result.reason);
                break;
        case MESSAGE_EXPIRY:
                free(m->expiry.timers);
                break;
        case MESSAGE_COMMAND:
                command_done(&m->command.command);
                break;
        case MESSAGE_NODELIST:
                for (size_t i = 0; i < m->nodelist.n_nodes; i++)
                        free(m->nodelist.nodes[i].name);
                free(m->nodelist.nodes);
                break;
        case MESSAGE_SYNCED:
        case MESSAGE_ACK:
        case MESSAGE_LEAVE:
        case MESSAGE_GUARD:
        case MESSAGE_UNSENT:
        case MESSAGE_TIMING:
        case _MESSAGE_TYPE_MAX:
        default:
                break;
        }
        *m = (Message){};
}

Message *message_free(Message *m)
{
        if (m) {
                message_done(m);
                free(m);
        }
        return NULL;
}

static int array_copy(const void *from, size_t n, size_t size, void *ret)
{
        void *copy;

        *(void **) ret = NULL;
        if (n == 0)
                return 0;
        copy = malloc(n * size);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, from, n * size);
        *(void **) ret = copy;
        return 0;
}

static int facts_copy(const FactsMessage *from, FactsMessage *to)
{
        *to = *from;
        to->node_name = NULL;
        to->record_nodes = to->nodelist = NULL;
        to->copies = NULL;
        to->n_copies = 0;
        if (string_copy(from->node_name, &to->node_name) < 0 ||
                        array_copy(from->record_nodes, from->n_record_nodes, sizeof(uint32_t),
                                        &to->record_nodes) < 0 ||
                        array_copy(from->nodelist, from->n_nodelist, sizeof(uint32_t), &to->nodelist) < 0)
                return -ENOMEM;
        if (from->n_copies == 0)
                return 0;
        to->copies = calloc(from->n_copies, sizeof(to->copies[0]));
        if (!to->copies)
                return -ENOMEM;
        for (; to->n_copies < from->n_copies; to->n_copies++) {
                CopyFact *c = &to->copies[to->n_copies];

                *c = from->copies[to->n_copies];
                c->app = strdup(c->app);
                if (!c->app)
                        return -ENOMEM;
        }
        return 0;
}

static int definitions_copy(const DefinitionsMessage *from, DefinitionsMessage *to)
{
        *to = *from;
        to->entries = NULL;
        to->n_entries = 0;
        if (from->n_entries == 0)
                return 0;
        to->entries = calloc(from->n_entries, sizeof(to->entries[0]));
        if (!to->entries)
                return -ENOMEM;
        for (size_t i = 0; i < from->n_entries; i++) {
                const DefinitionEntry *f = &from->entries[i];
                DefinitionEntry *t = &to->entries[i];

                to->n_entries++;
                t->digest = f->digest;
                t->wrong_line = f->wrong_line;
                if (string_copy(f->app, &t->app) < 0 || string_copy(f->error, &t->error) < 0)
                        return -ENOMEM;
                if (f->digest != 0 && definition_copy(&f->definition, &t->definition) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int nodelist_copy(const NodelistMessage *from, NodelistMessage *to)
{
        to->by_fewer = from->by_fewer;
        if (from->n_nodes == 0)
                return 0;
        to->nodes = calloc(from->n_nodes, sizeof(to->nodes[0]));
        if (!to->nodes)
                return -ENOMEM;
        for (size_t i = 0; i < from->n_nodes; i++) {
                to->nodes[to->n_nodes++].id = from->nodes[i].id;
                if (string_copy(from->nodes[i].name, &to->nodes[i].name) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int view_copy(const ViewMessage *from, ViewMessage *to)
{
        *to = *from;
        to->nodelist = NULL;
        if (array_copy(from->members, from->n_members, sizeof(ViewMember), &to->members) < 0)
                return -ENOMEM;
        return array_copy(from->nodelist, from->n_nodelist, sizeof(uint32_t), &to->nodelist);
}

static int payload_copy(const Message *m, Message *to)
{
        switch (m->type) {
        case MESSAGE_VIEW:
                return view_copy(&m->view_vote, &to->view_vote);
        case MESSAGE_EXCLUDE:
                to->exclude = m->exclude;
                return array_copy(m->exclude.members, m->exclude.n_members, sizeof(Member),
                                &to->exclude.members);
        case MESSAGE_FACTS:
                return facts_copy(&m->facts, &to->facts);
        case MESSAGE_STATE:
                to->state = m->state;
                to->state.state = NULL;
                if (array_copy(m->state.numbers, m->state.n_numbers, sizeof(m->state.numbers[0]),
                                    &to->state.numbers) < 0)
                        return -ENOMEM;
                return array_copy(m->state.state, m->state.state_size_bytes, 1, &to->state.state);
        case MESSAGE_DEFINITIONS:
                return definitions_copy(&m->definitions, &to->definitions);
        case MESSAGE_RESULT:
                to->result = m->result;
                to->result.reason = NULL;
                if (string_copy(m->result.app, &to->result.app) < 0)
                        return -ENOMEM;
                return string_copy(m->result.reason, &to->result.reason);
        case MESSAGE_EXPIRY:
                to->expiry = m->expiry;
                return array_copy(m->expiry.timers, m->expiry.n_timers, sizeof(TimerRef), &to->expiry.timers);
        case MESSAGE_COMMAND:
                to->command = m->command;
                to->command.command.node = NULL;
                if (string_copy(m->command.command.app, &to->command.command.app) < 0)
                        return -ENOMEM;
                return string_copy(m->command.command.node, &to->command.command.node);
        case MESSAGE_ACK:
                to->ack = m->ack;
                return 0;
        case MESSAGE_GUARD:
                to->guard = m->guard;
                return 0;
        case MESSAGE_UNSENT:
                to->unsent = m->unsent;
                return 0;
        case MESSAGE_TIMING:
                to->timing = m->timing;
                return 0;
        case MESSAGE_NODELIST:
                return nodelist_copy(&m->nodelist, &to->nodelist);
        case MESSAGE_SYNCED:
        case MESSAGE_LEAVE:
        case _MESSAGE_TYPE_MAX:
        default:
                return 0;
        }
}

int message_copy(const Message *m, Message **ret)
{
        _cleanup_(message_freep) Message *copy = calloc(1, sizeof(*copy));
        int r;

        if (!copy)
                return -ENOMEM;
        copy->type = m->type;
        copy->version = m->version;
        copy->view = m->view;
        copy->incarnation = m->incarnation;
        copy->number = m->number;
        r = payload_copy(m, copy);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(copy);
        return 0;
}

const char *message_type_to_string(MessageType t)
{
        static const char *const names[_MESSAGE_TYPE_MAX] = {
                [MESSAGE_VIEW] = "view",
                [MESSAGE_EXCLUDE] = "exclude",
                [MESSAGE_FACTS] = "facts",
                [MESSAGE_STATE] = "state",
                [MESSAGE_SYNCED] = "synced",
                [MESSAGE_DEFINITIONS] = "definitions",
                [MESSAGE_RESULT] = "result",
                [MESSAGE_EXPIRY] = "expiry",
                [MESSAGE_COMMAND] = "command",
                [MESSAGE_ACK] = "ack",
                [MESSAGE_LEAVE] = "leave",
                [MESSAGE_GUARD] = "guard",
                [MESSAGE_UNSENT] = "unsent",
                [MESSAGE_TIMING] = "timing",
                [MESSAGE_NODELIST] = "nodelist",
        };

        return t > 0 && t < _MESSAGE_TYPE_MAX ? names[t] : "?";
}

const char *command_kind_to_string(CommandKind k)
{
        static const char *const names[_COMMAND_KIND_MAX] = {
                [COMMAND_START] = "start",
                [COMMAND_STOP] = "stop",
                [COMMAND_RESTART] = "restart",
                [COMMAND_TAKEOVER] = "takeover",
                [COMMAND_PERMIT] = "permit",
                [COMMAND_STANDBY] = "standby",
                [COMMAND_MAINTENANCE] = "maintenance",
                [COMMAND_CLEAR] = "clear",
                [COMMAND_RELOAD] = "reload",
                [COMMAND_FORM] = "form",
                [COMMAND_FORGET] = "forget",
        };

        return k < _COMMAND_KIND_MAX ? names[k] : "?";
}
