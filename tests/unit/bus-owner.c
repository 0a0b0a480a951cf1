/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-owner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"

static const Engine *op_engine(void *userdata)
{
        BusOwner *o = userdata;

        o->n_looks++;
        return o->engine;
}

static uint64_t op_now(void *userdata)
{
        return ((BusOwner *) userdata)->now_usec;
}

static void op_local(void *userdata, BusLocal *ret)
{
        BusOwner *o = userdata;

        *ret = o->local;
}

static bool op_invocation(void *userdata, const char *app, uint8_t ret_id[16])
{
        BusOwner *o = userdata;

        if (!o->local_active || !streq(app, "local"))
                return false;
        memset(ret_id, 0xab, 16);
        return true;
}

static bool op_has_parts(void *userdata, const char *app)
{
        BusOwner *o = userdata;

        return o->parts_app && streq(o->parts_app, app);
}

static void op_parts(void *userdata, const char *app, void (*tell)(void *to, const BusPart *part), void *to)
{
        BusOwner *o = userdata;

        if (op_has_parts(o, app))
                FOREACH_ARRAY(part, o->parts, o->n_parts)
                        tell(to, part);
}

static void op_files(void *userdata, void (*tell)(void *to, const char *app, uint64_t digest, bool right),
                void *to)
{
        (void) userdata;
        tell(to, "distro", 77, true);
        tell(to, "bad", 0, false);
}

static int answer(BusOwner *o, uint64_t token)
{
        o->token = token;
        if (o->result < 0)
                return o->result;
        if (!o->hold) {
                bus_server_reply(o->server, token, o->answer, o->answer_text);
                bus_server_flush(o->server);
        }
        return 0;
}

static int op_submit(void *userdata, uint64_t token, const Command *command)
{
        BusOwner *o = userdata;

        o->n_submitted++;
        command_done(&o->command);
        o->command = *command;
        o->command.app = strdup(command->app);
        o->command.node = strdup(command->node);
        return answer(o, token);
}

static int op_stop_local(void *userdata, uint64_t token, const char *app)
{
        BusOwner *o = userdata;

        o->n_stops++;
        command_done(&o->command);
        o->command = (Command){ .app = strdup(app) };
        return answer(o, token);
}

static int op_reload(void *userdata, uint64_t token)
{
        BusOwner *o = userdata;

        o->n_reloads++;
        return answer(o, token);
}

static void op_asked(void *userdata, const BusAsked *a)
{
        BusOwner *o = userdata;

        if (o->n_asked < ELEMENTSOF(o->asked))
                snprintf(o->asked[o->n_asked], sizeof(o->asked[0]), "%d %" PRIu32 " %s '%s' '%s' %s%s%s %s%s",
                                a->known, a->uid, a->verb, a->app, a->node,
                                !a->has_flag ? "-"
                                : a->flag    ? "yes"
                                             : "no",
                                a->force ? " force" : "", a->pid == 0 ? " no-pid" : "",
                                a->unsure ? "unsure: " : "", a->refusal ? a->refusal : "done");
        o->n_asked++;
        snprintf(o->comm, sizeof(o->comm), "%s", a->comm);
        o->pid = a->pid;
}

static void op_name(void *userdata, int error)
{
        BusOwner *o = userdata;

        o->name_known = true;
        o->name_error = error;
}

static void op_freed(void *userdata)
{
        ((BusOwner *) userdata)->n_freed++;
}

const BusOps bus_owner_ops = {
        .engine = op_engine,
        .now = op_now,
        .local = op_local,
        .invocation = op_invocation,
        .parts = op_parts,
        .has_parts = op_has_parts,
        .files = op_files,
        .submit = op_submit,
        .stop_local = op_stop_local,
        .reload = op_reload,
        .asked = op_asked,
        .name = op_name,
        .freed = op_freed,
};

void bus_owner_done(BusOwner *o)
{
        command_done(&o->command);
}
