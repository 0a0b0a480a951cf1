/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every user may read, and an answer can be large. What one user may have of the manager's time, and what may wait to be
 * sent, is bounded here, before a call is carried out. Changes have bounds of their own: call.c.
 *
 * A read costs what it shows: one for each object. Each user has an account from which that is taken, and which time
 * fills again. A user with an empty account is refused, which costs next to nothing. Root has no account. With the first
 * read over a connection the bus is asked for its user; until it has told, all such connections share one account. So root's first read may be refused under a flood, but not one that is sent a moment later. */

#include "bus/reads.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/dbus.h"
#include "bus/application-object.h"
#include "bus/manager-object.h"

#define OBJECT_BYTES 1024u /* an object takes so much, or a little more, in an answer */
#define UID_UNKNOWN UINT32_MAX

/* These change something; whatever else is called only reads. */
static bool call_changes(sd_bus_message *m)
{
        const char *member = strempty(sd_bus_message_get_member(m));

        return manager_method_changes(member) || application_method_changes(member);
}

/* What the answer may say again of the call, where it is an error: the path, and strings at the beginning. */
static uint64_t quoted_bytes(sd_bus_message *m)
{
        const char *types = strempty(sd_bus_message_get_signature(m, true)), *text;
        uint64_t size_bytes = strlen(strempty(sd_bus_message_get_path(m)));

        for (; *types == 's' && sd_bus_message_read_basic(m, 's', &text) > 0; types++)
                size_bytes += strlen(text);
        (void) sd_bus_message_rewind(m, true); /* what cannot be read is refused by the handler */
        return size_bytes;
}

/* How many objects the answer shows. */
static uint64_t read_cost(const BusServer *s, sd_bus_message *m)
{
        const char *member = strempty(sd_bus_message_get_member(m));

        if (streq(member, "GetManagedObjects") || streq(member, "ListApplications") ||
                        streq(member, "ListFiles") || streq(member, "GetState") ||
                        streq(member, "Introspect"))
                return (uint64_t) server_state(s)->n_apps + server_state(s)->n_nodes + 1;
        return 1 + quoted_bytes(m) / OBJECT_BYTES;
}

static int on_reader(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        Reader *r = userdata;
        uint32_t uid;

        r->slot = sd_bus_slot_unref(r->slot);
        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "u", &uid) > 0)
                r->uid = uid;
        return 0;
}

/* The connection's user, or UID_UNKNOWN. Names of connections do not come again, so the oldest may be forgotten. */
static uint32_t reads_find_uid(BusServer *s, const char *sender)
{
        Reader *r;

        for (size_t i = 0; i < READERS_MAX; i++)
                if (s->reads.readers[i].sender && streq(s->reads.readers[i].sender, sender))
                        return s->reads.readers[i].uid;
        r = s->reads.readers + s->reads.next_reader++ % READERS_MAX;
        r->slot = sd_bus_slot_unref(r->slot);
        free(r->sender);
        r->uid = UID_UNKNOWN;
        r->sender = strdup(sender);
        if (r->sender && sd_bus_call_method_async(s->bus, &r->slot, DBUS_NAME, DBUS_PATH, DBUS_NAME,
                                         "GetConnectionUnixUser", on_reader, r, "s", sender) < 0) {
                free(r->sender); /* to be asked again with the next read */
                r->sender = NULL;
        }
        return UID_UNKNOWN;
}

/* The account of this user; where there is none yet, that which rested longest, filled anew. */
static ReadAccount *reads_account(BusServer *s, uint32_t uid, uint64_t now_usec)
{
        ReadAccount *oldest = s->reads.accounts;

        for (size_t i = 0; i < READ_ACCOUNTS_MAX; i++) {
                ReadAccount *a = s->reads.accounts + i;

                if (a->used && a->uid == uid)
                        return a;
                if (a->used < oldest->used || (a->used == oldest->used && a->usec < oldest->usec))
                        oldest = a;
        }
        *oldest = (ReadAccount){ .used = true, .uid = uid, .usec = now_usec, .left = READS_BURST };
        return oldest;
}

/* The account may go below nothing by one read: what one client needs at all it gets. */
static bool account_take(ReadAccount *a, uint64_t cost, uint64_t now_usec)
{
        uint64_t passed_usec = now_usec > a->usec ? now_usec - a->usec : 0;
        uint64_t filled = MIN(passed_usec, 3600 * USEC_PER_SEC) * READS_PER_SEC / USEC_PER_SEC;

        if (filled > 0) {
                a->left = MIN(a->left + (int64_t) filled, (int64_t) READS_BURST);
                a->usec = now_usec;
        }
        if (a->left <= 0)
                return false;
        a->left -= (int64_t) cost;
        return true;
}

uint64_t reads_waiting(BusServer *s)
{
        uint64_t n = 0;

        if (sd_bus_is_open(s->bus) <= 0 || sd_bus_get_n_queued_write(s->bus, &n) < 0 || n == 0)
                s->reads.queued = 0;
        return MAX(n, s->reads.queued);
}

/* A bus that takes nothing from us, because others do not take what it has for them, must not fill our memory; nor must
 * a peer, and there are many. */
static bool queue_has_room(BusServer *s, uint64_t cost, uint64_t *ret_n_messages)
{
        uint64_t n = 0;

        (void) reads_waiting(s); /* forgets what was sent */
        (void) sd_bus_get_n_queued_write(s->bus, &n);
        *ret_n_messages = n;
        if (n > 0 && s->reads.queued >= (s->parent ? PEER_QUEUED_MAX : READS_QUEUED_MAX))
                return false;
        s->reads.queued += cost;
        return true;
}

static int refuse(sd_bus_message *m, const char *text)
{
        (void) sd_bus_reply_method_errorf(
                        m, SD_BUS_ERROR_LIMITS_EXCEEDED, "%s", text); /* else it gets no answer */
        return 1;
}

static int check_read(BusServer *s, sd_bus_message *m)
{
        const char *sender = sd_bus_message_get_sender(m);
        uint64_t cost = read_cost(s, m), n_messages, now_usec = s->ops.now(s->userdata);
        uint32_t uid;

        if (!queue_has_room(s, cost, &n_messages))
                return n_messages < READS_REFUSALS_MAX
                                       ? refuse(m, "Too much waits to be sent; ask again in a moment.")
                                       : 1;
        if (!sender) /* on a connection without a bus in between */
                return 0;
        uid = reads_find_uid(s, sender);
        if (uid == 0 || uid == geteuid() || account_take(reads_account(s, uid, now_usec), cost, now_usec))
                return 0;
        return refuse(m, "This user reads too much; ask again in a moment.");
}

/* Before any call is carried out. 1: it has been dealt with. */
static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
        BusServer *s = userdata;
        uint8_t type;

        if (s->parent)
                s->make_room(s->parent);
        if (sd_bus_is_open(s->bus) <= 0)
                return 1; /* it is being ended */
        if (sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL || call_changes(m))
                return 0;
        /* The bus does not count calls that want no answer, and this one would reach no client. */
        if (sd_bus_message_get_expect_reply(m) == 0)
                return 1;
        return check_read(s, m);
}

int reads_watch(BusServer *s)
{
        return sd_bus_add_filter(s->bus, &s->slots[SLOT_FILTER], on_call, s);
}

void reads_forget(BusServer *s)
{
        for (size_t i = 0; i < READERS_MAX; i++) {
                sd_bus_slot_unref(s->reads.readers[i].slot);
                free(s->reads.readers[i].sender);
                s->reads.readers[i] = (Reader){ 0 };
        }
        s->reads.queued = 0;
}
