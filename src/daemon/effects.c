/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/effects.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "daemon/cluster-link.h"
#include "daemon/guard-link.h"
#include "daemon/late.h"
#include "daemon/ending.h"
#include "daemon/loop.h"
#include "daemon/maintenance.h"
#include "daemon/pulse.h"
#include "daemon/reload.h"

#define READY_WAIT_USEC (10 * USEC_PER_SEC) /* the Debian package waits for 20 s */

/* The way out. events.c is the way in: what becomes of an effect comes back as an event, never as a return value. */
typedef void (*CarryOut)(Manager *m, Effect *effect);
static void send_message(Manager *m, Effect *effect);
static void probe(Manager *m, Effect *effect);
static void rejoin(Manager *m, Effect *effect);
static void start_unit(Manager *m, Effect *effect);
static void end_unit(Manager *m, Effect *effect);
static void forget_unit(Manager *m, Effect *effect);
static void write_record(Manager *m, Effect *effect);
static void reply(Manager *m, Effect *effect);
static void note(Manager *m, Effect *effect);
static void show_change(Manager *m, Effect *effect);
static void reload(Manager *m, Effect *effect);
static void take_part(Manager *m, Effect *effect);
static void be_in_step(Manager *m, Effect *effect);
static void go_on_leaving(Manager *m, Effect *effect);
static void give_up(Manager *m, Effect *effect);

static const CarryOut effects_table[_EFFECT_TYPE_MAX] = {
        [EFFECT_SEND] = send_message,   /* to the group */
        [EFFECT_PROBE] = probe,         /* to a group of this node's own */
        [EFFECT_REJOIN] = rejoin,       /* the group */
        [EFFECT_START] = start_unit,    /* systemd */
        [EFFECT_STOP] = end_unit,       /* systemd */
        [EFFECT_KILL] = end_unit,       /* systemd, and the kernel past it */
        [EFFECT_FORGET] = forget_unit,  /* what is known of a copy that has ended */
        [EFFECT_WRITE] = write_record,  /* the thread that writes */
        [EFFECT_REPLY] = reply,         /* the client that waits */
        [EFFECT_NOTE] = note,           /* the journal, and a signal on the bus */
        [EFFECT_CHANGED] = show_change, /* properties on the bus; the guard; the helpers of parts */
        [EFFECT_RELOAD] = reload,       /* the thread that reads the files */
        [EFFECT_READY] = take_part,     /* READY=1 */
        [EFFECT_SYNCED] = be_in_step,   /* READY=1; the guard is called off */
        [EFFECT_LEFT] = go_on_leaving,  /* ending.c */
        [EFFECT_EXIT] = give_up,        /* the loop ends */
};

/* Too large for the group, or something that every receiver would refuse. Our numbers would have a gap, which receivers
 * would take for a lost message. So another message has its number and says so, to our engine as well. */
static int encode_unsent(Manager *m, const Message *message, int error, WireFragments *ret)
{
        Message unsent = {
                .type = MESSAGE_UNSENT,
                .version = message->version,
                .view = message->view,
                .incarnation = message->incarnation,
                .number = message->number,
                .unsent = { .type = message->type },
        };
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "a %s message of this node cannot be sent: %s",
                            message_type_to_string(message->type), strerror(-error)) < 0)
                text = NULL;
        cluster_link_note_refused(m, m->cluster->own_name, strempty(text));
        return wire_encode(&unsent, 0, ret);
}

static void send_message(Manager *m, Effect *effect)
{
        const Message *message = effect->message;
        WireFragments fragments = {};
        int r = wire_encode(message, 0, &fragments);

        if (r < 0 && r != -ENOMEM)
                r = encode_unsent(m, message, r, &fragments);
        if (r < 0)
                return loop_fail(m, r, "encoding a message");
        for (size_t i = 0; i < fragments.n_fragments && r >= 0; i++)
                r = (effect->may_wait ? group_send_together : group_send)(
                                m->group, fragments.fragments[i].data, fragments.fragments[i].size_bytes);
        wire_fragments_done(&fragments);
        if (r == -ENOMEM)
                loop_fail(m, r, "sending a message");
        else if (r == -ENOBUFS) /* our numbers have a gap now */
                group_rejoin(m->group);
        /* -ENOTCONN: the engine is about to hear of it. */
}

static void probe(Manager *m, Effect *effect)
{
        group_probe(m->group, effect->token);
}

static void rejoin(Manager *m, Effect *effect)
{
        group_rejoin(m->group);
}

static void refuse_start(Manager *m, const Effect *effect, const char *reason)
{
        late_unit(m, &(UnitInfo){ .app = effect->app,
                                     .epoch = effect->epoch,
                                     .state = UNIT_REFUSED,
                                     .reason = reason });
}

static void start_unit(Manager *m, Effect *effect)
{
        const AppConfig *config = app_configs_find(&m->apps, effect->app);
        UnitStart start;
        int r;

        if (!config) {
                refuse_start(m, effect, "this node has no usable file of the application");
                return;
        }
        start = (UnitStart){
                .app = effect->app,
                .epoch = effect->epoch,
                .description = config->definition.description,
                .start_type = effect->start_type,
                .node = m->cluster->own_name,
                .from_node = effect->from_node,
                .digest = config->unit_digest,
                .properties = &config->properties,
                .parts = &config->parts,
        };
        r = units_start(m->units, &start);
        if (r == -ENOMEM)
                loop_fail(m, r, "starting a unit");
        else if (r < 0)
                refuse_start(m, effect, strerror(-r));
}

static void end_unit(Manager *m, Effect *effect)
{
        int r = effect->type == EFFECT_STOP ? units_stop(m->units, effect->app, effect->epoch)
                                            : units_kill(m->units, effect->app, effect->epoch);

        if (r < 0)
                loop_fail(m, r, "stopping a unit");
}

static void forget_unit(Manager *m, Effect *effect)
{
        units_forget(m->units, effect->app, effect->epoch);
}

static void write_record(Manager *m, Effect *effect)
{
        int r = record_writer_write(
                        m->writer, effect->revision, TAKE_PTR(effect->data), effect->data_size_bytes);

        if (r < 0)
                late_written(m, effect->revision, r);
}

static void reply(Manager *m, Effect *effect)
{
        bus_server_reply(m->bus_server, effect->token, effect->error, effect->text);
}

static void note(Manager *m, Effect *effect)
{
        ViewId view = engine_view(m->engine);

        bus_server_note(m->bus_server, effect);
        if (effect->note == NOTE_MESSAGE_REFUSED) {
                cluster_link_note_refused(m, effect->node, strempty(effect->text));
                return;
        }
        journal_send(m->journal, &(JournalEntry){ .kind = effect->note,
                                                 .app = effect->app,
                                                 .node = effect->node,
                                                 .from_node = effect->from_node,
                                                 .text = effect->text,
                                                 .start_type = effect->start_type,
                                                 .epoch = effect->epoch,
                                                 .view = view.ring.seq > 0 ? &view : NULL });
}

static void show_change(Manager *m, Effect *effect)
{
        bus_server_changed(m->bus_server, effect->app, effect->node);
        if (isempty(effect->app))
                return;
        m->guard.dirty = true;
        maintenance_look(m, effect->app);
}

static int on_ready_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;

        if (!m->ready)
                pulse_ready(m);
        return 0;
}

/* READY=1 when this node is in step too, so that a client that looks then sees the cluster as it is. Without quorum it is not
 * for long, and the host's start must go on. */
static void report_ready(Manager *m)
{
        int r;

        if (m->ready || !m->takes_part)
                return;
        if (m->in_step) {
                pulse_ready(m);
                return;
        }
        r = loop_arm(m, &m->ready_timer, READY_WAIT_USEC, on_ready_timer);
        if (r < 0)
                loop_fail(m, r, "arming the timer of the start");
}

/* This node takes part: so will a manager that is started again in this boot. */
static void take_part(Manager *m, Effect *effect)
{
        _cleanup_free_ char *path = NULL;
        int fd;

        m->takes_part = true;
        report_ready(m);
        if (asprintf(&path, "%s/" TOOK_PART_NAME, m->runtime_directory) < 0)
                return loop_fail(m, -ENOMEM, "noting that this node takes part");
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                /* All that follows is that a restarted manager waits for the others once more. */
                journal_text(m->journal, JOURNAL_CONFIG_WARNING, "%s could not be made: %s", path,
                                strerror(errno));
        else
                (void) close(fd);
}

static void be_in_step(Manager *m, Effect *effect)
{
        m->in_step = true;
        report_ready(m);
        guard_link_tell(m);
}

static void go_on_leaving(Manager *m, Effect *effect)
{
        if (!isempty(effect->text))
                journal_text(m->journal, JOURNAL_STOPPING,
                                "the manager ends though not all has ended here: %s", effect->text);
        else if (m->leave == LEAVE_HANDING_OVER)
                journal_text(m->journal, JOURNAL_STOPPING, "everything is handed over or stopped");
        ending_go_on(m);
}

/* The engine has said why, by NOTE_SYNC_FAILED. */
static void give_up(Manager *m, Effect *effect)
{
        notify_status(m->notify, "%s", strempty(effect->text));
        notify_errno(m->notify, EHOSTUNREACH);
        loop_exit(m, effect->final ? MANAGER_EXIT_NEWER : MANAGER_EXIT_GAVE_UP);
}

static void reload(Manager *m, Effect *effect)
{
        int r = reload_request(m, 0);

        if (r < 0)
                journal_text(m->journal, JOURNAL_APPLICATION_WRONG,
                                "the applications' files could not be read again: %s", strerror(-r));
}

void effects_carry_out(Manager *m, EffectList *effects)
{
        /* After an end that was decided the rest still goes out: answers, lines, the last message. */
        for (size_t i = 0; i < effects->n_effects; i++) {
                ASSERT((unsigned) effects->effects[i].type < _EFFECT_TYPE_MAX);
                effects_table[effects->effects[i].type](m, &effects->effects[i]);
        }
}
