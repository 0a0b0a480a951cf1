/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/call.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dbus.h"
#include "bus/errors.h"
#include "bus/outbox.h"
#include "bus/property.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_INTERACTIVE 1u
/* How long polkit may take: its own work, and a person with a password. */
#define POLKIT_TIMEOUT_USEC (25 * USEC_PER_SEC)
#define POLKIT_INTERACTIVE_TIMEOUT_USEC (120 * USEC_PER_SEC)

/* A call goes through these steps; each is asynchronous, and none is skipped but polkit, for users that may
 * do everything:
 *
 *   begin -> CALL_CREDENTIALS -> (root or our own user) ---------> CALL_SUBMITTED -> bus_server_reply()
 *                             -> (all others) CALL_ASKING -> yes ->
 *                                                         -> no: AccessDenied
 */

BusCall *bus_call_free(BusCall *c)
{
        if (!c)
                return NULL;
        sd_bus_slot_unref(c->pending_slot);
        sd_bus_slot_unref(c->gone_slot);
        sd_bus_message_unref(c->message);
        command_done(&c->command);
        free(c);
        return NULL;
}

static void call_link(BusCall *c)
{
        c->next = c->server->calls;
        c->server->calls = c;
        c->server->n_calls[c->phase]++;
}

static void call_set_phase(BusCall *c, CallPhase phase)
{
        c->server->n_calls[c->phase]--;
        c->server->n_calls[phase]++;
        c->phase = phase;
}

static void call_unlink(BusCall *c)
{
        c->server->n_calls[c->phase]--;
        for (BusCall **p = &c->server->calls; *p; p = &(*p)->next)
                if (*p == c) {
                        *p = c->next;
                        return;
                }
}

static void call_end(BusCall *c)
{
        call_unlink(c);
        bus_call_free(c);
}

void bus_calls_drop(BusServer *s)
{
        while (s->calls)
                call_end(s->calls);
}

static BusCall *call_find(const BusServer *s, uint64_t token)
{
        for (BusCall *c = s->calls; c; c = c->next)
                if (c->token == token)
                        return c;
        return NULL;
}

/* ---- the caller, for the audit ---- */

/* What a process calls itself, as far as it can be shown. Its user has to be the one that the bus named: another process
 * may have the number by now. */
static void call_read_comm(BusCall *c)
{
        char path[32];
        struct stat st;
        int fd;

        snprintf(path, sizeof(path), "/proc/%" PRIu32 "/comm", c->pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        ssize_t n = fstat(fd, &st) < 0 || st.st_uid != c->uid ? 0 : read(fd, c->comm, sizeof(c->comm) - 1);
        close(fd);
        c->comm[MAX(n, 0)] = '\0';
        c->comm[strcspn(c->comm, "\n")] = '\0';
        for (char *s = c->comm; *s; s++)
                if (*s < ' ' || *s > '~' || *s == '"')
                        *s = '?';
}

static void call_set_sender(BusCall *c, uint32_t uid, uint32_t pid)
{
        c->known = true;
        c->uid = uid;
        c->pid = pid;
        if (pid > 0)
                call_read_comm(c);
}

/* The command's flag says what is asked for. */
static bool call_has_flag(const BusCall *c)
{
        return c->kind == CALL_RELOAD ||
               (c->kind == CALL_COMMAND &&
                               (c->command.kind == COMMAND_PERMIT || c->command.kind == COMMAND_STANDBY ||
                                               c->command.kind == COMMAND_MAINTENANCE ||
                                               c->command.kind == COMMAND_RELOAD));
}

/* `error`: NULL, it is carried out now. */
static void call_tell(const BusCall *c, const sd_bus_error *error)
{
        _cleanup_free_ char *node = NULL;

        c->server->ops.asked(c->server->userdata,
                        &(BusAsked){
                                        .verb = sd_bus_message_get_member(c->message),
                                        .app = c->command.app,
                                        .node = bus_clean_text(c->command.node, &node),
                                        .has_flag = call_has_flag(c),
                                        .flag = c->command.flag,
                                        .force = c->command.force,
                                        .known = c->known,
                                        .uid = c->uid,
                                        .pid = c->pid,
                                        .comm = c->comm,
                                        .refusal = error ? strempty(error->message) : NULL,
                                        .unsure = error &&
                                                  streq(error->name, bus_error_name(COMMAND_NOT_COMMITTED)),
                        });
}

/* Queues the answer (an empty one for success) and forgets the call. */
static void call_answer(BusCall *c, const sd_bus_error *error)
{
        BusServer *s = c->server;
        sd_bus_message *reply = NULL;
        int r;

        if (error)
                call_tell(c, error);
        if (sd_bus_message_get_expect_reply(c->message) > 0) {
                if (error)
                        r = sd_bus_message_new_method_error(c->message, &reply, error);
                else
                        r = sd_bus_message_new_method_return(c->message, &reply);
                if (r >= 0)
                        outbox_queue(s, reply);
                else
                        outbox_fail(s, r);
        }
        call_end(c);
}

/* Outside of a step there is no other flush. */
static void call_refuse(BusCall *c, const sd_bus_error *error)
{
        BusServer *s = c->server;

        call_answer(c, error);
        (void) outbox_flush(s); /* of an answer that cannot be sent the caller cannot be told */
}

static void call_denied(BusCall *c, const char *name, const char *text)
{
        _cleanup_free_ char *clean = NULL;

        call_refuse(c, &SD_BUS_ERROR_MAKE_CONST(name, bus_clean_text(text, &clean)));
}

bool call_reply(BusServer *s, uint64_t token, CommandError error, const char *text)
{
        _cleanup_free_ char *clean = NULL;
        BusCall *c = call_find(s, token);

        if (!c)
                return false;
        if (error == COMMAND_OK)
                call_answer(c, NULL);
        else
                call_answer(c, &SD_BUS_ERROR_MAKE_CONST(bus_error_name(error),
                                               isempty(text) ? bus_error_text(error)
                                                             : bus_clean_text(text, &clean)));
        return true;
}

static int call_hand_over(BusCall *c)
{
        BusServer *s = c->server;

        switch (c->kind) {
        case CALL_RELOAD:
                return s->ops.reload(s->userdata, c->token);
        case CALL_STOP_LOCAL:
                return s->ops.stop_local(s->userdata, c->token, c->command.app);
        case CALL_COMMAND:
        default:
                return s->ops.submit(s->userdata, c->token, &c->command);
        }
}

static void call_submit(BusCall *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusServer *s = c->server;
        uint64_t token = c->token;
        int r;

        call_tell(c, NULL);
        call_set_phase(c, CALL_SUBMITTED);
        c->gone_slot = sd_bus_slot_unref(c->gone_slot);
        c->pending_slot = sd_bus_slot_unref(c->pending_slot);

        r = call_hand_over(c);
        /* The owner may have stepped and answered already, so the call is looked up again. */
        c = call_find(s, token);
        if (c && r == -ENOBUFS)
                call_denied(c, bus_error_name(COMMAND_TOO_MANY), bus_error_text(COMMAND_TOO_MANY));
        else if (c && r < 0) {
                (void) sd_bus_error_set_errno(&error, r); /* returns the errno back */
                call_refuse(c, &error);
        }
}

/* The dialog on the user's screen has lost its purpose. Whether polkit hears it does not matter to us. */
static void call_cancel_polkit(const BusCall *c)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *cancel = NULL;
        sd_bus *bus = c->server->bus;
        char id[32];

        snprintf(id, sizeof(id), "%" PRIu64, c->token);
        if (sd_bus_message_new_method_call(bus, &cancel, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                            "CancelCheckAuthorization") >= 0 &&
                        sd_bus_message_append(cancel, "s", id) >= 0 &&
                        sd_bus_message_set_expect_reply(cancel, 0) >= 0)
                (void) sd_bus_send(bus, cancel, NULL);
}

static int on_sender_gone(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        BusCall *c = userdata;

        /* Every process may send us such a signal; only the bus's own counts. */
        if (!streq(strempty(sd_bus_message_get_sender(m)), DBUS_NAME))
                return 0;
        call_cancel_polkit(c);
        call_tell(c, &SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_ACCESS_DENIED,
                                     "Its connection ended before polkit had answered."));
        call_end(c);
        return 0;
}

static void call_polkit_failed(BusCall *c, const sd_bus_error *error)
{
        char text[512];

        if (sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                            "org.freedesktop.systemd1.NoSuchUnit",
                            "org.freedesktop.DBus.Error.Spawn.ServiceNotFound"))
                snprintf(text, sizeof(text),
                                "Only root may do this: polkit, which could allow it to others (%s), "
                                "is not installed or not running on this node.",
                                c->action);
        else if (sd_bus_error_has_names(error, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT)) {
                call_cancel_polkit(c); /* what is answered from now on would be in vain */
                snprintf(text, sizeof(text), "polkit did not answer in time whether you may do this (%s).",
                                c->action);
        } else
                snprintf(text, sizeof(text), "polkit could not say whether you may do this (%s): %s",
                                c->action, isempty(error->message) ? strempty(error->name) : error->message);
        call_denied(c, SD_BUS_ERROR_ACCESS_DENIED, text);
}

static int on_polkit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        const sd_bus_error *error = sd_bus_message_get_error(m);
        BusCall *c = userdata;
        int authorized, challenge, r;
        char text[256];

        if (error) {
                call_polkit_failed(c, error);
                return 0;
        }
        r = sd_bus_message_enter_container(m, 'r', "bba{ss}");
        if (r > 0)
                r = sd_bus_message_read(m, "bb", &authorized, &challenge);
        if (r <= 0) {
                call_denied(c, SD_BUS_ERROR_ACCESS_DENIED, "polkit gave an answer that could not be read.");
                return 0;
        }
        if (authorized)
                call_submit(c);
        else if (challenge) {
                snprintf(text, sizeof(text),
                                "Permission denied: only root, or a user whom polkit allows %s, may do this.",
                                c->action);
                call_denied(c, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, text);
        } else {
                snprintf(text, sizeof(text), "You may not do this (%s).", c->action);
                call_denied(c, SD_BUS_ERROR_ACCESS_DENIED, text);
        }
        return 0;
}

/* Without a callback sd-bus would give up the whole connection over a match that the bus refused. Without the
 * match the call only stays until polkit has answered. */
static int on_match_installed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        return 0;
}

static int call_match_sender_gone(BusCall *c, const char *sender)
{
        char match[512];
        int n;

        n = snprintf(match, sizeof(match),
                        "type='signal',sender='" DBUS_NAME "',path='" DBUS_PATH "',interface='" DBUS_NAME "',"
                        "member='NameOwnerChanged',arg0='%s',arg2=''",
                        sender);
        if (n < 0 || (size_t) n >= sizeof(match))
                return -E2BIG;
        return sd_bus_add_match_async(
                        c->server->bus, &c->gone_slot, match, on_sender_gone, on_match_installed, c);
}

/* What a rule of polkit's can look at, and a dialog can say. */
static int append_details(const BusCall *c, sd_bus_message *q)
{
        _cleanup_free_ char *node = NULL;
        const struct {
                const char *key, *value;
        } details[] = {
                { "verb", sd_bus_message_get_member(c->message) },
                { "application", c->command.app },
                { "node", bus_clean_text(c->command.node, &node) },
                { "force", c->command.force ? "true" : "" },
        };
        int r = sd_bus_message_open_container(q, 'a', "{ss}");

        for (size_t i = 0; i < ELEMENTSOF(details) && r >= 0; i++)
                if (!isempty(details[i].value))
                        r = sd_bus_message_append(q, "{ss}", details[i].key, details[i].value);
        return r < 0 ? r : sd_bus_message_close_container(q);
}

static int call_ask_polkit(BusCall *c)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *q = NULL;
        const char *sender = sd_bus_message_get_sender(c->message);
        bool interactive = sd_bus_message_get_allow_interactive_authorization(c->message) > 0;
        sd_bus *bus = c->server->bus;
        char id[32];
        int r;

        snprintf(id, sizeof(id), "%" PRIu64, c->token);
        r = call_match_sender_gone(c, sender);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(
                        bus, &q, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
        if (r < 0)
                return r;
        r = sd_bus_message_append(q, "(sa{sv})s", "system-bus-name", 1, "name", "s", sender, c->action);
        if (r >= 0)
                r = append_details(c, q);
        if (r >= 0)
                r = sd_bus_message_append(q, "us", interactive ? POLKIT_INTERACTIVE : 0u, id);
        if (r < 0)
                return r;
        return sd_bus_call_async(bus, &c->pending_slot, q, on_polkit, c,
                        interactive ? POLKIT_INTERACTIVE_TIMEOUT_USEC : POLKIT_TIMEOUT_USEC);
}

static size_t calls_under_way(const BusServer *s)
{
        return s->n_calls[CALL_ASKING] + s->n_calls[CALL_SUBMITTED];
}

static size_t calls_asking_of(const BusServer *s, uint32_t uid)
{
        size_t n = 0;

        for (const BusCall *c = s->calls; c; c = c->next)
                n += c->phase == CALL_ASKING && c->uid == uid;
        return n;
}

/* The sender is known now. */
static void call_check_access(BusCall *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        c->pending_slot = sd_bus_slot_unref(c->pending_slot);
        if (calls_under_way(c->server) >= BUS_CALLS_MAX) { /* of those that were asked about together */
                call_denied(c, bus_error_name(COMMAND_TOO_MANY), bus_error_text(COMMAND_TOO_MANY));
                return;
        }
        if (c->uid == 0 || c->uid == geteuid()) {
                call_submit(c);
                return;
        }
        if (c->server->n_calls[CALL_ASKING] >= BUS_CALLS_ASKING_MAX ||
                        calls_asking_of(c->server, c->uid) >= BUS_CALLS_ASKING_PER_USER_MAX) {
                call_denied(c, bus_error_name(COMMAND_TOO_MANY), "Too many calls wait for polkit's answer.");
                return;
        }
        call_set_phase(c, CALL_ASKING);
        r = call_ask_polkit(c);
        if (r < 0) {
                (void) sd_bus_error_set_errno(&error, r); /* returns the errno back */
                call_refuse(c, &error);
        }
}

/* Of the bus's answer, a dictionary, what is looked for; -ENOENT if it does not name the connection's user. */
static int read_credentials(sd_bus_message *m, uint32_t *ret_uid, uint32_t *ret_pid)
{
        bool known = false;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        *ret_pid = 0;
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *key;
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0 && streq(key, "UnixUserID")) {
                        r = sd_bus_message_read(m, "v", "u", ret_uid);
                        known = r >= 0;
                } else if (r >= 0 && streq(key, "ProcessID"))
                        r = sd_bus_message_read(m, "v", "u", ret_pid);
                else if (r >= 0)
                        r = sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : known ? 0 : -ENOENT;
}

static int on_credentials(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        BusCall *c = userdata;
        uint32_t uid, pid;

        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                call_end(c); /* the caller is gone, and needs no answer */
        else if (sd_bus_message_is_method_error(m, NULL) || read_credentials(m, &uid, &pid) < 0)
                call_denied(c, SD_BUS_ERROR_ACCESS_DENIED, "The bus could not say who you are.");
        else {
                call_set_sender(c, uid, pid);
                call_check_access(c);
        }
        return 0;
}

/* On a connection without a bus in between there is one peer, and the socket knows it. */
static int call_check_peer(BusCall *c)
{
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        pid_t pid = 0;
        uid_t uid;
        int r;

        r = sd_bus_query_sender_creds(c->message, SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds);
        if (r < 0)
                return r;
        r = sd_bus_creds_get_euid(creds, &uid);
        if (r < 0)
                return r;
        (void) sd_bus_creds_get_pid(creds, &pid); /* 0: not known */
        call_set_sender(c, uid, (uint32_t) pid);
        if (uid == 0 || uid == geteuid())
                call_submit(c);
        else
                call_denied(c, SD_BUS_ERROR_ACCESS_DENIED, "Only root may do this.");
        return 0;
}

static const char *call_action(CallKind kind, const Command *command)
{
        if (kind == CALL_STOP_LOCAL)
                return BUS_NAME ".stop-local";
        if (kind == CALL_RELOAD)
                return BUS_NAME ".reload";
        if (command->kind == COMMAND_TAKEOVER && command->force)
                return BUS_NAME ".takeover-force"; /* two copies may be at work then */
        switch (command->kind) {
        case COMMAND_PERMIT:
        case COMMAND_STANDBY:
        case COMMAND_MAINTENANCE:
        case COMMAND_FORGET:
                return BUS_NAME ".manage-nodes";
        case COMMAND_RELOAD:
                return BUS_NAME ".reload";
        case COMMAND_FORM:
                return BUS_NAME ".form";
        case COMMAND_START:
        case COMMAND_STOP:
        case COMMAND_RESTART:
        case COMMAND_TAKEOVER:
        case COMMAND_CLEAR:
        case _COMMAND_KIND_MAX:
        default:
                return BUS_NAME ".manage-applications";
        }
}

static int call_new(BusServer *s, sd_bus_message *m, CallKind kind, const Command *command, BusCall **ret)
{
        _cleanup_(bus_call_freep) BusCall *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        c->server = s;
        c->kind = kind;
        c->action = call_action(kind, command);
        c->message = sd_bus_message_ref(m);
        c->command = (Command){ .kind = command->kind, .flag = command->flag, .force = command->force };
        c->command.app = strdup(strempty(command->app));
        c->command.node = strdup(strempty(command->node));
        if (!c->command.app || !c->command.node)
                return -ENOMEM;
        c->token = ++s->last_token;
        *ret = TAKE_PTR(c);
        return 0;
}

static int calls_check_bounds(const BusServer *s, sd_bus_message *m, sd_bus_error *error)
{
        const char *sender = sd_bus_message_get_sender(m);
        size_t n_sender = 0;

        for (const BusCall *c = s->calls; c; c = c->next)
                n_sender += strcmp_ptr(sd_bus_message_get_sender(c->message), sender) == 0;
        if (calls_under_way(s) >= BUS_CALLS_MAX || s->n_calls[CALL_CREDENTIALS] >= BUS_CALLS_UNKNOWN_MAX)
                return bus_error_set(error, COMMAND_TOO_MANY, "The manager has %u changes under way already.",
                                BUS_CALLS_MAX);
        if (n_sender >= BUS_CALLS_PER_SENDER_MAX)
                return bus_error_set(error, COMMAND_TOO_MANY,
                                "This client has %u changes under way already; wait for their answers.",
                                BUS_CALLS_PER_SENDER_MAX);
        return 0;
}

int bus_call_begin(
                BusServer *s, sd_bus_message *m, CallKind kind, const Command *command, sd_bus_error *error)
{
        _cleanup_(bus_call_freep) BusCall *c = NULL;
        const char *sender = sd_bus_message_get_sender(m);
        BusCall *linked;
        int r;

        r = calls_check_bounds(s, m, error);
        if (r < 0)
                return r;
        r = call_new(s, m, kind, command, &c);
        if (r < 0)
                return r;
        if (sender) {
                r = sd_bus_call_method_async(s->bus, &c->pending_slot, DBUS_NAME, DBUS_PATH, DBUS_NAME,
                                "GetConnectionCredentials", on_credentials, c, "s", sender);
                if (r < 0)
                        return r;
        }
        linked = TAKE_PTR(c);
        call_link(linked);
        if (sender)
                return 1;

        r = call_check_peer(linked);
        if (r < 0)
                call_end(linked);
        return r < 0 ? r : 1;
}

int bus_read_app_name(sd_bus_message *m, bool may_be_empty, const char **ret, sd_bus_error *error)
{
        const char *name;
        bool quotable;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        quotable = strlen(name) <= NODE_NAME_MAX;
        if (isempty(name) && !may_be_empty)
                return bus_error_set_invalid(
                                error, "The name of an application was expected, not an empty string.");
        if (!isempty(name) && !app_name_is_valid(name))
                return bus_error_set(error, COMMAND_NO_SUCH_APPLICATION,
                                "No application can have %s%s%s: a name is 1 to %u of a-z, 0-9 and hyphen, "
                                "with no "
                                "hyphen at either end.",
                                quotable ? "the name '" : "that name", quotable ? name : "",
                                quotable ? "'" : "", APP_NAME_MAX);
        *ret = name;
        return 0;
}

int bus_read_node_name(sd_bus_message *m, bool may_be_empty, const char **ret, sd_bus_error *error)
{
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        if (isempty(name) && !may_be_empty)
                return bus_error_set_invalid(error, "The name of a node was expected, not an empty string.");
        if (strlen(name) > NODE_NAME_MAX)
                return bus_error_set(error, COMMAND_NO_SUCH_NODE,
                                "No node can have a name of %zu bytes; %u are the most.", strlen(name),
                                NODE_NAME_MAX);
        *ret = name;
        return 0;
}

static int read_argument(sd_bus_message *m, char what, Command *c, sd_bus_error *error)
{
        const char *name = NULL;
        int value = 0, r;

        switch (what) {
        case 'a':
        case 'A':
                r = bus_read_app_name(m, what == 'A', &name, error);
                c->app = (char *) name;
                return r;
        case 'n':
        case 'N':
                r = bus_read_node_name(m, what == 'N', &name, error);
                c->node = (char *) name;
                return r;
        default:
                r = sd_bus_message_read(m, "b", &value);
                *(what == 'f' ? &c->force : &c->flag) = value;
                return r;
        }
}

const BusChange *bus_change_find(const BusChange *changes, size_t n_changes, const char *member)
{
        for (size_t i = 0; i < n_changes; i++)
                if (streq(changes[i].member, member))
                        return &changes[i];
        return NULL;
}

int bus_change(BusServer *s, sd_bus_message *m, const BusChange *changes, size_t n_changes, const char *app,
                sd_bus_error *error)
{
        Command command = { .app = (char *) app };
        const BusChange *change = bus_change_find(changes, n_changes, sd_bus_message_get_member(m));

        ASSERT(change); /* the vtable has no other */
        command.kind = change->kind;
        for (const char *what = change->arguments; *what; what++) {
                int r = read_argument(m, *what, &command, error);

                if (r < 0)
                        return r;
        }
        return bus_call_begin(s, m, CALL_COMMAND, &command, error);
}
