/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon-double.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/array.h"

Doubles doubles;
static char *last_trace;

/* The things that are opaque to the manager need no content, only an address. */
struct Engine {
        int unused;
};
struct Units {
        int unused;
};
struct Group {
        int unused;
};
struct BusServer {
        int unused;
};
struct ClusterReader {
        int unused;
};
struct OwnJobQuery {
        OwnJobCallback callback;
        void *userdata;
        sd_event_source *source;
};

static void trace(const char *format, ...) _printf_(1, 2);
static void trace(const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        vfprintf(doubles.trace_file, format, ap);
        va_end(ap);
        fputc('\n', doubles.trace_file);
}

void doubles_begin(void)
{
        doubles = (Doubles){ .cluster_nodes = { "abc", "bcd" }, .units_ready_now = true };
        doubles.trace_file = open_memstream(&doubles.trace, &doubles.trace_bytes);
        ASSERT(doubles.trace_file);
}

void doubles_end(void)
{
        (void) fclose(doubles.trace_file);
        free(doubles.trace);
        free(last_trace);
        last_trace = NULL;
        effect_list_done(&doubles.effects);
        for (size_t i = 0; i < doubles.state.n_apps; i++)
                free(doubles.state.apps[i].name);
        free(doubles.state.apps);
}

const char *doubles_trace(void)
{
        (void) fclose(doubles.trace_file);
        free(last_trace);
        last_trace = doubles.trace;
        doubles.trace_file = open_memstream(&doubles.trace, &doubles.trace_bytes);
        ASSERT(doubles.trace_file);
        return last_trace;
}

Effect *doubles_effect(EventType on, EffectType type)
{
        EffectList *l = &doubles.effects;

        doubles.effects_on = on;
        ASSERT(ARRAY_GROW(l->effects, l->n_effects, l->n_allocated) == 0);
        l->effects[l->n_effects] = (Effect){ .type = type };
        return &l->effects[l->n_effects++];
}

/* ---- engine ---- */

int __wrap_engine_new(const EngineConfig *config, Engine **ret);
int __wrap_engine_new(const EngineConfig *config, Engine **ret)
{
        trace("engine-new node=%" PRIu32 " nodes=%zu record=%d bytes=%zu skip=%s%s%s%s", config->node_id,
                        config->n_nodes, (int) config->record_kind, config->record_size_bytes,
                        yes_no(config->skip_sync_wait), config->unguarded ? " without a guard" : "",
                        config->unfused ? " without a fuse" : "",
                        config->rebooted_itself ? " after a reboot by itself" : "");
        if (doubles.engine_new_result < 0 && config->record_kind == RECORD_VALID)
                return doubles.engine_new_result;
        *ret = calloc(1, sizeof(Engine));
        return *ret ? 0 : -ENOMEM;
}

Engine *__wrap_engine_free(Engine *e);
Engine *__wrap_engine_free(Engine *e)
{
        free(e);
        return NULL;
}

uint64_t __wrap_engine_fuse_deadline(const Engine *e, const char **ret_app);
uint64_t __wrap_engine_fuse_deadline(const Engine *e, const char **ret_app)
{
        (void) e;
        *ret_app = doubles.fuse_app;
        return doubles.fuse_usec;
}

static void trace_nodelist(const Event *event)
{
        char names[256] = "";
        size_t at = 0;

        for (size_t i = 0; i < event->nodelist.n_nodes && at < sizeof(names); i++)
                at += (size_t) snprintf(names + at, sizeof(names) - at, " %s", event->nodelist.nodes[i].name);
        trace("event nodelist%s", names);
}

static void trace_event(const Event *event)
{
        switch (event->type) {
        case EVENT_UNIT:
                trace("event unit %s %" PRIu64 " %s%s%s", event->unit.app, event->unit.epoch,
                                unit_state_to_string(event->unit.state), event->unit.reason ? ": " : "",
                                strempty(event->unit.reason));
                break;
        case EVENT_DEFINITIONS:
                trace("event definitions right=%zu wrong=%zu%s%s", event->definitions.n_definitions,
                                event->definitions.n_errors, event->definitions.n_definitions > 0 ? " " : "",
                                event->definitions.n_definitions > 0 ? event->definitions.definitions[0].name
                                                                     : "");
                break;
        case EVENT_WRITTEN:
                trace("event written %" PRIu64 " %d", event->written.revision.count, event->written.error);
                break;
        case EVENT_MESSAGE:
                trace("event message %s from %" PRIu32, message_type_to_string(event->message.message->type),
                                event->message.sender.node_id);
                break;
        case EVENT_COMMAND:
                trace("event command %s %" PRIu64, command_kind_to_string(event->command.command.kind),
                                event->command.token);
                break;
        case EVENT_GUARD:
                trace("event guard %s", event->guard.guarded ? "there" : "not there");
                break;
        case EVENT_FUSE:
                trace("event fuse %s", event->fuse.fused ? "there" : "not there");
                break;
        case EVENT_NODELIST:
                trace_nodelist(event);
                break;
        case EVENT_TIME:
        case EVENT_CONNECTED:
        case EVENT_DISCONNECTED:
        case EVENT_VIEW:
        case EVENT_QUORUM:
        case EVENT_PROBE:
        case EVENT_SUSPENDED:
        case EVENT_TIMING:
        case EVENT_STOP_LOCAL:
        case EVENT_LEAVE:
        case EVENT_RESTART:
        case _EVENT_TYPE_MAX:
        default:
                trace("event %s", event_type_to_string(event->type));
        }
}

int __wrap_engine_step(Engine *e, const Event *event, EffectList *effects);
int __wrap_engine_step(Engine *e, const Event *event, EffectList *effects)
{
        ASSERT(e);
        ASSERT(!doubles.in_step);
        ASSERT(event->now_usec >= doubles.last_now_usec);
        doubles.last_now_usec = event->now_usec;
        trace_event(event);
        if (doubles.effects.n_effects > 0 && doubles.effects_on == event->type) {
                *effects = doubles.effects;
                doubles.effects = (EffectList){};
        }
        return 0;
}

uint64_t __wrap_engine_deadline(const Engine *e);
uint64_t __wrap_engine_deadline(const Engine *e)
{
        (void) e;
        return USEC_INFINITY;
}

bool __wrap_engine_is_synced(const Engine *e);
bool __wrap_engine_is_synced(const Engine *e)
{
        (void) e;
        return doubles.synced;
}

bool __wrap_engine_has_workers(const Engine *e);
bool __wrap_engine_has_workers(const Engine *e)
{
        (void) e;
        return doubles.has_workers;
}

const State *__wrap_engine_state(const Engine *e);
const State *__wrap_engine_state(const Engine *e)
{
        (void) e;
        return &doubles.state;
}

ViewId __wrap_engine_view(const Engine *e);
ViewId __wrap_engine_view(const Engine *e)
{
        (void) e;
        return (ViewId){ .ring = { 1, 5 }, .n = 1 };
}

char *__wrap_engine_status_text(const Engine *e, uint64_t now_usec);
char *__wrap_engine_status_text(const Engine *e, uint64_t now_usec)
{
        (void) e;
        (void) now_usec;
        return strdup("well");
}

/* ---- units ---- */

int units_new(const UnitsParameters *parameters, Units **ret)
{
        doubles.units = parameters->callbacks;
        doubles.userdata = parameters->userdata;
        *ret = calloc(1, sizeof(Units));
        return *ret ? 0 : -ENOMEM;
}

Units *units_free(Units *u)
{
        free(u);
        return NULL;
}

int units_attach(Units *u, sd_bus *bus)
{
        (void) u;
        (void) bus;
        return 0;
}

void units_detach(Units *u)
{
        (void) u;
}

int units_start(Units *u, const UnitStart *start)
{
        (void) u;
        ASSERT(!doubles.in_step);
        trace("start %s %" PRIu64 " %s on %s from %s properties=%s", start->app, start->epoch,
                        start_type_to_string(start->start_type), start->node, strempty(start->from_node),
                        yes_no(start->properties->size_bytes > 0));
        for (size_t i = 0; start->parts && i < start->parts->n_items; i++)
                trace("  with %s", start->parts->items[i].id);
        return doubles.units_start_result;
}

int units_stop(Units *u, const char *app, uint64_t epoch)
{
        (void) u;
        trace("stop %s %" PRIu64, app, epoch);
        return 0;
}

int units_kill(Units *u, const char *app, uint64_t epoch)
{
        (void) u;
        trace("kill %s %" PRIu64, app, epoch);
        return 0;
}

void units_forget(Units *u, const char *app, uint64_t epoch)
{
        (void) u;
        trace("forget %s %" PRIu64, app, epoch);
}

size_t units_count(const Units *u)
{
        (void) u;
        return doubles.n_found;
}

void units_get(const Units *u, size_t i, UnitInfo *ret)
{
        (void) u;
        *ret = doubles.found[i];
}

bool units_find(const Units *u, const char *app, UnitInfo *ret)
{
        (void) u;
        for (size_t i = 0; i < doubles.n_found; i++)
                if (streq(doubles.found[i].app, app)) {
                        *ret = doubles.found[i];
                        return true;
                }
        return false;
}

size_t units_count_parts(const Units *u, const char *app)
{
        (void) u;
        return doubles.n_found > 0 && streq(doubles.found[0].app, app) ? doubles.n_parts : 0;
}

void units_get_part(const Units *u, const char *app, size_t i, UnitPart *ret)
{
        (void) u;
        (void) app;
        *ret = doubles.parts[i];
}

static int on_own_job(sd_event_source *source, void *userdata)
{
        OwnJobQuery *q = userdata;

        (void) source;
        q->callback(&doubles.own_job, q->userdata);
        return 0;
}

int units_query_own_job(Units *u, OwnJobCallback callback, void *userdata, OwnJobQuery **ret)
{
        OwnJobQuery *q = calloc(1, sizeof(*q));

        (void) u;
        ASSERT(q);
        trace("query-own-job");
        *q = (OwnJobQuery){ .callback = callback, .userdata = userdata };
        if (!doubles.own_job_silent)
                ASSERT(sd_event_add_defer(((Manager *) doubles.userdata)->event, &q->source, on_own_job, q) >=
                                0);
        *ret = q;
        return 0;
}

OwnJobQuery *own_job_query_free(OwnJobQuery *q)
{
        if (!q)
                return NULL;
        sd_event_source_disable_unref(q->source);
        free(q);
        return NULL;
}

bool own_job_is_leave(const OwnJobAnswer *answer)
{
        return answer->manager == OWN_JOB_STOP || answer->manager == OWN_JOB_SHUTDOWN ||
               answer->corosync != OWN_JOB_NONE;
}

/* ---- group ---- */

ClusterInfo *doubles_cluster(void)
{
        ClusterInfo *c = calloc(1, sizeof(*c));

        ASSERT(c);
        c->nodes = calloc(ELEMENTSOF(doubles.cluster_nodes), sizeof(ClusterNode));
        ASSERT(c->nodes);
        for (size_t i = 0; i < ELEMENTSOF(doubles.cluster_nodes) && doubles.cluster_nodes[i]; i++)
                c->nodes[c->n_nodes++] = (ClusterNode){ .id = (uint32_t) i + 1,
                        .name = strdup(doubles.cluster_nodes[i]) };
        c->own_id = 1;
        c->own_name = c->nodes[0].name;
        c->token_usec = doubles.cluster_token_usec ? doubles.cluster_token_usec : USEC_PER_SEC;
        c->consensus_usec = 1200 * USEC_PER_MSEC;
        if (doubles.cluster_address && c->n_nodes > 1)
                c->nodes[1].addresses[0] = strdup(doubles.cluster_address);
        if (doubles.cluster_loopback) {
                c->nodes[0].addresses[0] = strdup(doubles.cluster_loopback);
                ASSERT(c->nodes[0].addresses[0]);
                c->loopback = c->nodes[0].addresses[0];
        }
        if (doubles.cluster_device) {
                c->device_model = strdup(doubles.cluster_device);
                ASSERT(c->device_model);
        }
        return c;
}

static int on_cluster(sd_event_source *source, void *userdata)
{
        int error = doubles.cluster_error;

        (void) source;
        doubles.cluster_callback(
                        userdata, error, error < 0 ? NULL : doubles_cluster(), error < 0 ? "words" : NULL);
        return 0;
}

int cluster_reader_new(sd_event *loop, ClusterCallback callback, void *userdata, ClusterReader **ret)
{
        sd_event_source *source = NULL;

        trace("read-cluster");
        doubles.cluster_callback = callback;
        ASSERT(sd_event_add_defer(loop, &source, on_cluster, userdata) >= 0);
        ASSERT(sd_event_source_set_floating(source, true) >= 0);
        sd_event_source_unref(source);
        *ret = calloc(1, sizeof(ClusterReader));
        return *ret ? 0 : -ENOMEM;
}

ClusterReader *cluster_reader_free(ClusterReader *r)
{
        free(r);
        return NULL;
}

struct VotesReader {
        VotesCallback callback;
        void *userdata;
};

int votes_reader_new(sd_event *loop, uint32_t own_id, uint64_t device_usec, VotesCallback callback,
                void *userdata, VotesReader **ret)
{
        (void) loop;
        (void) own_id;
        *ret = calloc(1, sizeof(VotesReader));
        if (!*ret)
                return -ENOMEM;
        **ret = (VotesReader){ callback, userdata };
        return 0;
}

VotesReader *votes_reader_free(VotesReader *r)
{
        free(r);
        return NULL;
}

/* Answers at once, which the real one never does. */
void votes_reader_ask(VotesReader *r)
{
        static const Votes votes = { .node_votes = 1, .expected_votes = 3, .total_votes = 2, .quorum = 2 };

        trace("votes");
        r->callback(r->userdata, doubles.no_votes ? NULL : &votes);
}

int group_new(sd_event *loop, const char *name, const GroupCallbacks *callbacks, void *userdata, Group **ret)
{
        (void) loop;
        (void) userdata;
        trace("join %s", name);
        doubles.group = *callbacks;
        *ret = calloc(1, sizeof(Group));
        return *ret ? 0 : -ENOMEM;
}

Group *group_free(Group *g)
{
        free(g);
        return NULL;
}

int group_send(Group *g, const void *data, size_t size_bytes)
{
        (void) g;
        ASSERT(size_bytes >= WIRE_HEADER_BYTES);
        doubles.sent_type = ((const uint8_t *) data)[16];
        trace("send");
        return doubles.group_send_result;
}

int group_send_together(Group *g, const void *data, size_t size_bytes)
{
        (void) g;
        ASSERT(size_bytes >= WIRE_HEADER_BYTES);
        doubles.sent_type = ((const uint8_t *) data)[16];
        trace("send together");
        return doubles.group_send_result;
}

void group_probe(Group *g, uint64_t number)
{
        (void) g;
        (void) number;
        trace("probe");
}

void group_forget_probes(Group *g)
{
        (void) g;
        trace("forget-probes");
}

void group_rejoin(Group *g)
{
        (void) g;
        trace("rejoin");
}

static int on_left(sd_event_source *source, void *userdata)
{
        (void) source;
        doubles.group.left(userdata);
        return 0;
}

void group_leave(Group *g)
{
        sd_event_source *source = NULL;

        (void) g;
        trace("leave");
        ASSERT(sd_event_add_defer(((Manager *) doubles.userdata)->event, &source, on_left,
                               doubles.userdata) >= 0);
        ASSERT(sd_event_source_set_floating(source, true) >= 0);
        sd_event_source_unref(source);
}

/* ---- bus server ---- */

int bus_server_new(const BusOps *ops, void *userdata, BusServer **ret)
{
        (void) userdata;
        doubles.bus = *ops;
        *ret = calloc(1, sizeof(BusServer));
        return *ret ? 0 : -ENOMEM;
}

BusServer *bus_server_free(BusServer *s)
{
        free(s);
        return NULL;
}

int bus_server_attach(BusServer *s, sd_bus *bus)
{
        (void) s;
        (void) bus;
        return 0;
}

void bus_server_detach(BusServer *s)
{
        (void) s;
}

int bus_server_add_peer(BusServer *s, sd_bus *bus)
{
        (void) s;
        (void) bus;
        return -ENOBUFS;
}

void bus_server_check_peers(BusServer *s)
{
        (void) s;
}

void bus_server_reply(BusServer *s, uint64_t token, CommandError error, const char *text)
{
        (void) s;
        trace("reply %" PRIu64 " %s%s%s", token, error == COMMAND_OK ? "ok" : command_error_to_string(error),
                        text ? ": " : "", strempty(text));
}

void bus_server_note(BusServer *s, const Effect *note)
{
        (void) s;
        trace("signal %s", note_kind_to_string(note->note));
}

void bus_server_changed(BusServer *s, const char *app, const char *node)
{
        (void) s;
        trace("changed %s %s", strempty(app), strempty(node));
}

int bus_server_flush(BusServer *s)
{
        (void) s;
        ASSERT(!doubles.in_step);
        return 0;
}
