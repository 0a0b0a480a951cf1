/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager-internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* Too large for the group, or something that every receiver would refuse. Our numbers would have a gap, and nobody shall
 * take it for a message that was lost: another one has its number and says so, to our engine as well. */
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
        effects_note_refused(m, m->cluster->own_name, strempty(text));
        return wire_encode(&unsent, 0, ret);
}

static void send_message(Manager *m, const Message *message, bool may_wait)
{
        WireFragments fragments = {};
        int r = wire_encode(message, 0, &fragments);

        if (r < 0 && r != -ENOMEM)
                r = encode_unsent(m, message, r, &fragments);
        if (r < 0)
                return manager_fail(m, r, "encoding a message");
        for (size_t i = 0; i < fragments.n_fragments && r >= 0; i++)
                r = (may_wait ? group_send_together : group_send)(
                                m->group, fragments.fragments[i].data, fragments.fragments[i].size_bytes);
        wire_fragments_done(&fragments);
        if (r == -ENOMEM)
                manager_fail(m, r, "sending a message");
        else if (r == -ENOBUFS) /* our numbers have a gap now */
                group_rejoin(m->group);
        /* -ENOTCONN: the engine is about to hear of it. */
}

void effects_note_refused(Manager *m, const char *node, const char *text)
{
        uint64_t now = boottime_usec();
        _cleanup_free_ char *counted = NULL;

        if (m->refused_usec != 0 && now - m->refused_usec < REFUSED_NOTE_USEC) {
                m->n_refused++;
                return;
        }
        if (m->n_refused > 0 && asprintf(&counted, "%s (and %" PRIu64 " more since the last such line)", text,
                                                m->n_refused) < 0)
                counted = NULL;
        journal_send(m->journal, &(JournalEntry){ .kind = NOTE_MESSAGE_REFUSED,
                                                 .node = node,
                                                 .text = counted ? counted : text });
        m->refused_usec = now;
        m->n_refused = 0;
}

static void start_unit(Manager *m, const Effect *effect)
{
        const AppConfig *config = app_configs_find(&m->apps, effect->app);
        UnitStart start;
        int r;

        if (!config) {
                manager_late_unit(m, effect->app, effect->epoch, UNIT_REFUSED, 0,
                                "this node has no usable file of the application");
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
                .properties = config->properties,
                .n_properties = config->n_properties,
        };
        r = units_start(m->units, &start);
        if (r == -ENOMEM)
                manager_fail(m, r, "starting a unit");
        else if (r < 0)
                manager_late_unit(m, effect->app, effect->epoch, UNIT_REFUSED, 0, strerror(-r));
}

static void end_unit(Manager *m, const Effect *effect)
{
        int r = effect->type == EFFECT_STOP ? units_stop(m->units, effect->app, effect->epoch)
                                            : units_kill(m->units, effect->app, effect->epoch);

        if (r < 0)
                manager_fail(m, r, "stopping a unit");
}

static void write_record(Manager *m, Effect *effect)
{
        int r = record_writer_write(
                        m->writer, effect->revision, TAKE_PTR(effect->data), effect->data_size_bytes);

        if (r < 0)
                manager_late_written(m, effect->revision, r);
}

static void note(Manager *m, const Effect *effect)
{
        ViewId view = engine_view(m->engine);

        bus_server_note(m->bus_server, effect);
        if (effect->note == NOTE_MESSAGE_REFUSED) {
                effects_note_refused(m, effect->node, strempty(effect->text));
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

static int on_ready_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Manager *m = userdata;

        if (!m->ready)
                manager_ready(m);
        return 0;
}

/* READY=1 when this node is in step too, so that whoever looks then sees the cluster as it is. Without quorum it is not
 * for long, and the host's start must go on. */
static void report_ready(Manager *m)
{
        int r;

        if (m->ready || !m->takes_part)
                return;
        if (m->in_step) {
                manager_ready(m);
                return;
        }
        r = manager_arm(m, &m->ready_timer, READY_WAIT_USEC, on_ready_timer);
        if (r < 0)
                manager_fail(m, r, "arming the timer of the start");
}

/* This node takes part: so will a manager that is started again in this boot. */
static void take_part(Manager *m)
{
        _cleanup_free_ char *path = NULL;
        int fd;

        m->takes_part = true;
        report_ready(m);
        if (asprintf(&path, "%s/" TOOK_PART_NAME, m->runtime_directory) < 0)
                return manager_fail(m, -ENOMEM, "noting that this node takes part");
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                /* All that follows is that a restarted manager waits for the others once more. */
                journal_text(m->journal, JOURNAL_CONFIG_WARNING, "%s could not be made: %s", path,
                                strerror(errno));
        else
                (void) close(fd);
}

/* The engine has said why, by NOTE_SYNC_FAILED. */
static void give_up(Manager *m, const Effect *effect)
{
        manager_status(m, "%s", strempty(effect->text));
        notify_errno(m->notify, EHOSTUNREACH);
        manager_exit(m, effect->final ? MANAGER_EXIT_NEWER : MANAGER_EXIT_GAVE_UP);
}

static void reload(Manager *m)
{
        int r = reload_request(m, 0);

        if (r < 0)
                journal_text(m->journal, JOURNAL_APPLICATION_WRONG,
                                "the applications' files could not be read again: %s", strerror(-r));
}

static void carry_out(Manager *m, Effect *effect)
{
        switch (effect->type) {
        case EFFECT_SEND:
                send_message(m, effect->message, effect->may_wait);
                break;
        case EFFECT_PROBE:
                group_probe(m->group, effect->token);
                break;
        case EFFECT_REJOIN:
                group_rejoin(m->group);
                break;
        case EFFECT_START:
                start_unit(m, effect);
                break;
        case EFFECT_STOP:
        case EFFECT_KILL:
                end_unit(m, effect);
                break;
        case EFFECT_FORGET:
                units_forget(m->units, effect->app, effect->epoch);
                break;
        case EFFECT_WRITE:
                write_record(m, effect);
                break;
        case EFFECT_REPLY:
                bus_server_reply(m->bus_server, effect->token, effect->error, effect->text);
                break;
        case EFFECT_NOTE:
                note(m, effect);
                break;
        case EFFECT_CHANGED:
                bus_server_changed(m->bus_server, effect->app, effect->node);
                if (!isempty(effect->app))
                        m->guard.dirty = true;
                break;
        case EFFECT_RELOAD:
                reload(m);
                break;
        case EFFECT_READY:
                take_part(m);
                break;
        case EFFECT_SYNCED:
                m->in_step = true;
                report_ready(m);
                guard_link_call_off(m);
                break;
        case EFFECT_LEFT:
                if (!isempty(effect->text))
                        journal_text(m->journal, JOURNAL_STOPPING,
                                        "the manager ends though not all has ended here: %s", effect->text);
                else if (m->leave == LEAVE_HANDING_OVER)
                        journal_text(m->journal, JOURNAL_STOPPING, "everything is handed over or stopped");
                leave_go_on(m);
                break;
        case EFFECT_EXIT:
                give_up(m, effect);
                break;
        case _EFFECT_TYPE_MAX:
        default:
                ASSERT(false);
        }
}

void effects_carry_out(Manager *m, EffectList *effects)
{
        /* After an end that was decided the rest still goes out: answers, lines, the last message. */
        for (size_t i = 0; i < effects->n_effects; i++)
                carry_out(m, &effects->effects[i]);
}
