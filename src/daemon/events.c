/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/events.h"

#include "base/array.h"
#include "base/utf8.h"
#include "daemon/cluster-link.h"
#include "daemon/late.h"
#include "daemon/loop.h"
#include "daemon/maintenance.h"
#include "daemon/pulse.h"
#include "daemon/start.h"
#include "daemon/step.h"

/* The way in. effects.c is the way out.
 *
 *   event         comes from                                      here
 *   CONNECTED     the group: it is being joined                   event_connected()
 *   DISCONNECTED  the group: Corosync is gone                     event_disconnected()
 *   VIEW          the group: another membership                   event_view()
 *   QUORUM        the group: Corosync's word for one ring         event_quorum()
 *   MESSAGE       the group: the last fragment has come           event_message()
 *   PROBE         the group: a probe has come back                event_probe()
 *   TIMING        cluster-link.c: corosync.conf was loaded again  event_timing()
 *   NODELIST      the same, with other nodes or rules of quorum   event_nodelist()
 *   UNIT          the units: a copy's state changed               event_unit(), event_begin()
 *                 effects.c: a start is refused at once           late.c
 *   WRITTEN       the thread that writes the record               event_written()
 *                 effects.c: the record cannot be written         late.c
 *   DEFINITIONS   reload.c: the files were read                   event_definitions()
 *   GUARD         guard-link.c: there is a guard, or none         event_guard()
 *   FUSE          fuse-link.c: there is a fuse, or none           event_fuse()
 *   COMMAND       the bus server: a client asks                   event_command()
 *   STOP_LOCAL    the bus server: root asks on this node          event_stop_local()
 *   LEAVE         ending.c: this node hands over                  event_leave()
 *   RESTART       ending.c: this manager ends, its workers run on event_restart()
 *   TIME          step.c: engine_deadline() has come
 *   SUSPENDED     step.c: pulse.c has found a gap */

/* ---- the group ---- */

void event_connected(void *manager, const GroupConnected *c)
{
        Manager *m = manager;

        if (!cluster_link_is_up(m, c))
                return;
        step_event(m, &(Event){ .type = EVENT_CONNECTED,
                                      .connected = { .incarnation = c->incarnation,
                                                      .pid = c->self.pid,
                                                      .token_usec = c->cluster->token_usec,
                                                      .consensus_usec = c->cluster->consensus_usec,
                                                      .quorum_device = c->cluster->device_model,
                                                      .quorum_by_fewer = c->cluster->quorum_by_fewer } });
        if (!m->exiting)
                cluster_link_compare(m, c->cluster);
}

void event_disconnected(void *manager, const char *why)
{
        cluster_link_is_down(manager, why);
        step_event(manager, &(Event){ .type = EVENT_DISCONNECTED });
}

void event_view(void *manager, const Event *view)
{
        Manager *m = manager;
        Event event = *view;

        wire_reset(m->reader);
        pulse_trim_later(m); /* the state is exchanged, and there may be much to start */
        cluster_link_look_for_strangers(m, view);
        step_event(m, &event);
}

void event_quorum(void *manager, RingId ring, bool quorate)
{
        Manager *m = manager;

        if (m->votes_reader)
                votes_reader_ask(m->votes_reader);
        step_event(m, &(Event){ .type = EVENT_QUORUM, .quorum = { .ring = ring, .quorate = quorate } });
}

void event_message(void *manager, Member sender, const void *data, size_t size_bytes)
{
        Manager *m = manager;
        _cleanup_(message_freep) Message *message = NULL;
        _cleanup_free_ char *error = NULL;
        uint64_t n_fragments = wire_refused(m->reader, WIRE_REFUSED_FRAGMENT);
        int r = wire_feed(m->reader, sender, data, size_bytes, &message, &error);

        if (r == -ENOMEM)
                return loop_fail(m, r, "reading a message");
        if (r < 0) {
                /* The rest of a message that a new view has cut is nothing to speak of. */
                if (wire_refused(m->reader, WIRE_REFUSED_FRAGMENT) == n_fragments)
                        cluster_link_note_refused(m, cluster_link_node_name(m, sender.node_id),
                                        error ? error : strerror(-r));
                return;
        }
        if (r == 0)
                return;
        step_event(m, &(Event){ .type = EVENT_MESSAGE, .message = { .sender = sender, .message = message } });
}

void event_probe(void *manager, uint64_t number)
{
        step_event(manager, &(Event){ .type = EVENT_PROBE, .probe = { .number = number } });
}

void event_timing(Manager *m)
{
        step_event(m, &(Event){ .type = EVENT_TIMING,
                                      .timing = { .token_usec = m->cluster->token_usec,
                                                      .consensus_usec = m->cluster->consensus_usec,
                                                      .quorum_device = m->cluster->device_model } });
}

void event_nodelist(Manager *m)
{
        const ClusterInfo *c = m->cluster;
        _cleanup_free_ EngineNode *nodes = calloc(c->n_nodes, sizeof(EngineNode));

        if (!nodes)
                return loop_fail(m, -ENOMEM, "taking the nodelist");
        for (size_t i = 0; i < c->n_nodes; i++)
                nodes[i] = (EngineNode){ .id = c->nodes[i].id, .name = c->nodes[i].name };
        step_event(m, &(Event){ .type = EVENT_NODELIST,
                                      .nodelist = { .nodes = nodes,
                                                      .n_nodes = c->n_nodes,
                                                      .quorum_by_fewer = c->quorum_by_fewer } });
}

/* ---- this host ---- */

void event_unit(const UnitInfo *info, void *manager)
{
        Manager *m = manager;

        /* Before there is an engine nothing is lost: event_begin() tells it how all units stand. */
        if (!m->engine)
                return;
        step_event(m, &(Event){ .type = EVENT_UNIT,
                                      .unit = { .app = info->app,
                                                      .epoch = info->epoch,
                                                      .state = info->state,
                                                      .unit_digest = info->unit_digest,
                                                      .reason = info->reason,
                                                      .needs_end = info->needs_end } });
        if (m->exiting)
                return;
        maintenance_look(m, info->app);
        bus_server_changed(m->bus_server, info->app, NULL); /* its invocation may have changed */
        (void) bus_server_flush(m->bus_server);             /* a bus that is lost is noticed by itself */
}

int event_written(sd_event_source *source, int fd, uint32_t events, void *manager)
{
        Manager *m = manager;
        RecordResult result;

        while (record_writer_result(m->writer, &result))
                step_event(m, &(Event){ .type = EVENT_WRITTEN,
                                              .written = { result.revision, result.error } });
        return 0;
}

static void step_definitions(Manager *m, bool again)
{
        _cleanup_free_ Definition *definitions = calloc(m->apps.n_items + 1, sizeof(Definition));
        _cleanup_free_ struct DefinitionError *errors =
                        calloc(m->apps.n_failures + 1, sizeof(struct DefinitionError));
        _cleanup_free_ uint64_t *unit_digests = calloc(m->apps.n_items + 1, sizeof(unit_digests[0]));
        size_t n_errors = 0;

        if (!definitions || !errors || !unit_digests)
                return loop_fail(m, -ENOMEM, "handing the definitions to the engine");
        for (size_t i = 0; i < m->apps.n_items; i++) {
                definitions[i] = m->apps.items[i].definition;
                unit_digests[i] = m->apps.items[i].unit_digest;
        }
        FOREACH_ARRAY(failure, m->apps.failures, m->apps.n_failures)
                if (app_name_is_valid(failure->name))
                        errors[n_errors++] = (struct DefinitionError){
                                .app = failure->name, .text = failure->text, .line = failure->line
                        };
        step_event(m, &(Event){ .type = EVENT_DEFINITIONS,
                                      .definitions = { .definitions = definitions,
                                                      .n_definitions = m->apps.n_items,
                                                      .unit_digests = unit_digests,
                                                      .errors = errors,
                                                      .n_errors = n_errors,
                                                      .again = again } });
}

/* The start waits for the first ones. */
void event_definitions(Manager *m, bool again)
{
        if (m->engine)
                step_definitions(m, again);
        else
                start_go_on(m);
}

/* The start waits until there is a word about the guard, so that this node does not begin as one without. */
void event_guard(Manager *m, bool guarded)
{
        step_event(m, &(Event){ .type = EVENT_GUARD, .guard = { .guarded = guarded } });
        start_go_on(m);
}

/* The same for the fuse. */
void event_fuse(Manager *m, bool fused)
{
        step_event(m, &(Event){ .type = EVENT_FUSE, .fuse = { .fused = fused } });
        start_go_on(m);
}

/* ---- the bus server ---- */

/* A name that no node can have would make a message that the group refuses. */
int event_command(void *manager, uint64_t token, const Command *command)
{
        Manager *m = manager;

        if (!isempty(command->node) && !utf8_is_word(command->node, NODE_NAME_MAX)) {
                bus_server_reply(m->bus_server, token, COMMAND_NO_SUCH_NODE, NULL);
                (void) bus_server_flush(m->bus_server); /* a client that is gone needs no answer */
                return 0;
        }
        step_event(m, &(Event){ .type = EVENT_COMMAND, .command = { .token = token, .command = *command } });
        return 0;
}

int event_stop_local(void *manager, uint64_t token, const char *app)
{
        step_event(manager,
                        &(Event){ .type = EVENT_STOP_LOCAL, .stop_local = { .token = token, .app = app } });
        return 0;
}

/* ---- the manager's own life ---- */

/* The units go in by a copy of the list: an effect of a step may change it. */
void event_begin(Manager *m)
{
        for (size_t i = 0; i < units_count(m->units) && !m->exiting; i++) {
                UnitInfo info;

                units_get(m->units, i, &info);
                if (info.state != UNIT_NONE)
                        late_unit(m, &info);
        }
        step_event(m, &(Event){ .type = EVENT_TIME });
        if (!m->exiting)
                maintenance_begin(m);
        if (!m->exiting)
                step_definitions(m, false);
}

void event_leave(Manager *m)
{
        step_event(m, &(Event){ .type = EVENT_LEAVE, .leave = m->leave_timing });
}

void event_restart(Manager *m)
{
        step_event(m, &(Event){ .type = EVENT_RESTART, .leave = m->leave_timing });
}
