/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a test does to the world: nodes, processes, cables, disks, commands. */

#include "world/world-struct.h"
#include "base/timing.h"

/* ---- files ---- */

static size_t definition_place(const WorldNode *n, const char *name, bool *ret_found)
{
        size_t i = 0;

        while (i < n->n_definitions && strcmp(n->definitions[i].name, name) < 0)
                i++;
        *ret_found = i < n->n_definitions && streq(n->definitions[i].name, name);
        return i;
}

static void drop_wrong_file(WorldNode *n, const char *app)
{
        for (size_t i = n->n_wrong_files; i > 0; i--) {
                if (!streq(n->wrong_files[i - 1].app, app))
                        continue;
                free((char *) n->wrong_files[i - 1].app);
                free((char *) n->wrong_files[i - 1].text);
                ARRAY_CLOSE(n->wrong_files, n->n_wrong_files, i - 1);
        }
}

int world_set_definition(World *w, uint32_t node, const Definition *d)
{
        WorldNode *n = world_node(w, node);
        Definition copy;
        bool found;
        size_t at;

        if (definition_copy(d, &copy) < 0)
                return -ENOMEM;
        drop_wrong_file(n, d->name);
        at = definition_place(n, d->name, &found);
        if (found)
                definition_done(n->definitions + at);
        else {
                if (ARRAY_GROW(n->definitions, n->n_definitions, n->n_definitions_allocated) < 0) {
                        definition_done(&copy);
                        return -ENOMEM;
                }
                ARRAY_OPEN(n->definitions, n->n_definitions, at);
        }
        n->definitions[at] = copy;
        return 0;
}

int world_set_wrong_file(World *w, uint32_t node, const char *app, const char *text)
{
        WorldNode *n = world_node(w, node);
        struct DefinitionError e;

        if (ARRAY_GROW(n->wrong_files, n->n_wrong_files, n->n_wrong_files_allocated) < 0)
                return -ENOMEM;
        world_did(w, DEED_FILE_WRONG);
        e = (struct DefinitionError){ .app = strdup(app), .text = strdup(text) };
        n->wrong_files[n->n_wrong_files++] = e;
        return e.app && e.text ? 0 : -ENOMEM;
}

void world_drop_definition(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        bool found;
        size_t at = definition_place(n, app, &found);

        drop_wrong_file(n, app);
        if (!found)
                return;
        definition_done(n->definitions + at);
        ARRAY_CLOSE(n->definitions, n->n_definitions, at);
}

void world_reload(World *w, uint32_t node)
{
        process_post_definitions(w, world_node(w, node));
}

void world_set_self_fence(World *w, uint32_t node, uint64_t usec)
{
        world_node(w, node)->self_fence_usec = usec;
}

void world_set_timing(World *w, uint32_t node, uint64_t token_usec, uint64_t consensus_usec,
                uint64_t isolation_usec)
{
        WorldNode *n = world_node(w, node);
        Letter l = { .type = EVENT_TIMING };

        n->token_usec = token_usec;
        n->consensus_usec = consensus_usec;
        n->isolation_usec = isolation_usec;
        trace(w, n, "token %llu ms, consensus %llu ms", (unsigned long long) (token_usec / USEC_PER_MSEC),
                        (unsigned long long) (consensus_usec / USEC_PER_MSEC));
        if (n->manager.up)
                process_post(w, n, INBOX_OTHER, &l, 20 * USEC_PER_MSEC);
}

int world_set_record(World *w, uint32_t node, const void *data, size_t size_bytes)
{
        WorldNode *n = world_node(w, node);
        uint8_t *copy = malloc(MAX(size_bytes, 1u));

        if (!copy)
                return -ENOMEM;
        memcpy(copy, data, size_bytes);
        free(n->record);
        n->record = copy;
        n->record_size_bytes = size_bytes;
        n->record_kind = RECORD_VALID;
        return 0;
}

void world_set_version(World *w, uint32_t node, uint8_t version_max)
{
        world_node(w, node)->version_max = version_max;
}

void world_set_policy(World *w, uint32_t node, NoQuorumPolicy policy)
{
        world_node(w, node)->policy = policy;
}

void world_wipe_disk(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);

        trace(w, n, "its disk is new");
        world_did(w, DEED_DISK_NEW);
        free(TAKE_PTR(n->record));
        n->record_size_bytes = 0;
        n->record_kind = RECORD_BLANK;
        n->disk_lost = true;
        world_observe(w, &(Observation){ .type = OBSERVE_DISK_LOST, .node_id = n->id });
}

void world_disk_fail(World *w, uint32_t node, bool fails)
{
        WorldNode *n = world_node(w, node);

        if (n->disk_fails != fails)
                trace(w, n, fails ? "its disk takes no writes" : "its disk takes writes again");
        n->disk_fails = fails;
}

/* ---- nodes ---- */

static void on_boot(World *w, WorldNode *n, const Happening *h)
{
        if (!n->up || n->generation != h->generation)
                return;
        totem_corosync_start(w, n);
}

static void on_manager(World *w, WorldNode *n, const Happening *h)
{
        if (n->up && n->generation == h->generation)
                process_start(w, n);
}

void world_node_up(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);
        uint64_t boot = world_delay(w, BOOT_USEC, 4 * USEC_PER_SEC);

        if (n->up || n->unlisted)
                return;
        trace(w, n, "boots");
        n->up = true;
        n->suspended = n->shutting_down = n->ready_in_boot = false;
        n->generation = ++w->next_serial;
        n->boot_id = ++w->next_serial;
        n->clock_offset_usec = USEC_PER_SEC;
        n->realtime_offset_usec = 0;
        n->clock_ppm = 0;
        if (world_has(w, WORLD_RATES)) {
                n->clock_ppm = (int) world_random(w, 2001) - 1000;
                world_did(w, DEED_CLOCK_RATE);
        }
        if (world_has(w, WORLD_CLOCKS)) {
                n->clock_offset_usec = USEC_PER_SEC + world_random(w, 1000 * USEC_PER_SEC);
                n->realtime_offset_usec = world_random(w, 7200 * USEC_PER_SEC);
        }
        world_schedule(w, w->now_usec + boot, on_boot, n, n->generation, 0);
        world_schedule(w, w->now_usec + boot + world_delay(w, MANAGER_BOOT_USEC, 5 * USEC_PER_SEC),
                        on_manager, n, n->generation, 0);
}

void world_node_down(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);
        bool left = n->corosync.left;

        if (!n->up)
                return;
        trace(w, n, "is off");
        world_did(w, DEED_NODE_DOWN);
        disk_power_cut(w, n);
        n->up = n->suspended = n->shutting_down = false;
        n->generation = ++w->next_serial;
        process_end(w, n, false, false);
        n->manager.exited = false;
        guard_model_disarm(n);
        fuse_power_cut(n);
        n->guard.away = n->fuse_away = false;
        systemd_power_cut(n);
        unit_models_power_cut(w, n);
        totem_corosync_stop(w, n);
        n->corosync.left = left;
        if (w->config.ring_numbers && world_random_of(&w->random_late, 3) == 0) {
                uint64_t lost = 4 * world_random_of(&w->random_late, 6);

                n->corosync.last_seq -= MIN(n->corosync.last_seq, lost);
        }
        world_observe(w, &(Observation){ .type = OBSERVE_NODE_DOWN, .node_id = n->id });
        totem_changed(w);
}

void world_power_cut(World *w, uint64_t nodes)
{
        size_t n_down = 0;

        for (uint32_t node = 1; node <= w->n_nodes; node++)
                if (nodes >> (node - 1) & 1 && world_node_is_up(w, node)) {
                        world_node_down(w, node);
                        n_down++;
                }
        if (n_down > 1)
                world_did(w, DEED_SEVERAL_DOWN);
}

static void on_late_power_off(World *w, WorldNode *n, const Happening *h)
{
        if (n->up && n->generation == h->generation)
                world_node_down(w, n->id);
}

void world_node_shutdown(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);
        Letter l = { .type = EVENT_LEAVE };

        if (!n->up || n->shutting_down || systemd_is_late(w, n))
                return;
        trace(w, n, "shuts down");
        world_did(w, DEED_SHUTDOWN);
        n->shutting_down = true;
        n->manager.restarting = false;
        for (size_t i = 0; i < n->n_units; i++)
                unit_model_stop_as(w, n, n->units + i, UNIT_SHUTDOWN);
        if (n->manager.up)
                process_post(w, n, INBOX_OTHER, &l, 0);
        world_schedule(w, w->now_usec + (n->manager.up ? 90 : 5) * USEC_PER_SEC, on_late_power_off, n,
                        n->generation, 0);
}

static void on_wake(World *w, WorldNode *n, const Happening *h)
{
        Event event = { .type = EVENT_SUSPENDED };

        if (!n->up || n->generation != h->generation || !n->suspended)
                return;
        trace(w, n, "wakes up");
        n->suspended = false;
        if (n->manager.up && n->manager.hung) {
                n->manager.hung = false;
                process_step(w, n, &event);
                n->manager.hung = n->manager.up;
                process_unhang(w, n);
        }
        totem_changed(w);
}

void world_node_suspend(World *w, uint32_t node, uint64_t usec)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || n->suspended || n->manager.hung)
                return;
        trace(w, n, "sleeps");
        world_did(w, DEED_SLEEP);
        n->suspended = true;
        n->manager.hung = n->manager.up;
        world_schedule(w, w->now_usec + usec, on_wake, n, n->generation, 0);
        totem_changed(w);
}

void world_clock_set(World *w, uint32_t node, uint64_t offset_usec)
{
        WorldNode *n = world_node(w, node);

        if (!n->up)
                return;
        trace(w, n, "its wall clock is set");
        world_did(w, DEED_CLOCK_SET);
        n->realtime_offset_usec = offset_usec;
}

/* ---- managers ---- */

void world_manager_kill(World *w, uint32_t node, bool restart)
{
        WorldNode *n = world_node(w, node);

        if (!n->manager.up)
                return;
        trace(w, n, "manager dies");
        world_did(w, DEED_MANAGER_DEAD);
        process_end(w, n, false, restart);
}

void world_manager_start(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);

        n->manager.exited = false;
        process_start(w, n);
}

void world_manager_restart(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);
        Letter l = { .type = EVENT_RESTART };

        if (!n->manager.up)
                return;
        trace(w, n, "manager restarts");
        n->manager.restarting = true;
        process_post(w, n, INBOX_OTHER, &l, 0);
}

void world_manager_stop(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);
        Letter l = { .type = EVENT_LEAVE };

        if (!n->manager.up)
                return;
        trace(w, n, "manager is to stop");
        n->manager.restarting = false;
        world_did(w, DEED_MANAGER_STOPPED);
        process_post(w, n, INBOX_OTHER, &l, 0);
}

static void guard_model_tell(World *w, WorldNode *n)
{
        Letter l = { .type = EVENT_GUARD, .guarded = !n->guard.away };

        if (n->manager.up)
                process_post(w, n, INBOX_OTHER, &l, 0);
}

void world_guard_away(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || n->guard.away)
                return;
        trace(w, n, "its guard ends");
        world_did(w, DEED_GUARD_AWAY);
        n->guard.away = true;
        world_observe(w, &(Observation){ .type = OBSERVE_GUARD, .node_id = n->id });
        guard_model_tell(w, n);
}

void world_guard_back(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || !n->guard.away)
                return;
        trace(w, n, "its guard is there again");
        n->guard.away = false;
        world_observe(w, &(Observation){ .type = OBSERVE_GUARD, .node_id = n->id, .flag = true });
        guard_model_again(w, n);
        guard_model_tell(w, n);
}

static void fuse_is(World *w, WorldNode *n, bool away)
{
        Letter l = { .type = EVENT_FUSE, .guarded = !away };

        if (!n->up || n->fuse_away == away)
                return;
        trace(w, n, away ? "its fuse ends" : "its fuse is there again");
        n->fuse_away = away;
        if (n->manager.up)
                process_post(w, n, INBOX_OTHER, &l, 0);
}

void world_fuse_away(World *w, uint32_t node)
{
        fuse_is(w, world_node(w, node), true);
}

void world_fuse_back(World *w, uint32_t node)
{
        fuse_is(w, world_node(w, node), false);
}

static void on_unhang(World *w, WorldNode *n, const Happening *h)
{
        if (n->manager.up && n->manager.generation == h->generation) {
                trace(w, n, "manager goes on");
                process_unhang(w, n);
        }
}

static void on_watchdog(World *w, WorldNode *n, const Happening *h)
{
        if (!n->manager.up || n->manager.generation != h->generation || !n->manager.hung)
                return;
        if (systemd_is_late(w, n)) { /* it is systemd that watches */
                world_schedule(w, w->now_usec + systemd_lateness(w, n), on_watchdog, n, n->manager.generation,
                                0);
                return;
        }
        world_did(w, DEED_WATCHDOG);
        world_manager_kill(w, n->id, true);
}

/* A manager on which no worker depends is given longer. */
static uint64_t watchdog_time(const World *w, const WorldNode *n)
{
        const Engine *e = n->manager.engine;

        return engine_is_synced(e) && !engine_has_workers(e)
                               ? WATCHDOG_IDLE_USEC
                               : grace_timing_of(process_grace(w, n)).watchdog_usec;
}

/* It works, and does nothing else meanwhile; its watchdog does not know the difference. */
void process_be_busy(World *w, WorldNode *n, uint64_t usec)
{
        uint64_t watchdog_usec = watchdog_time(w, n);

        if (!n->manager.up || n->manager.hung || usec == 0)
                return;
        n->manager.hung = true;
        world_schedule(w, w->now_usec + MIN(usec, watchdog_usec),
                        usec > watchdog_usec ? on_watchdog : on_unhang, n, n->manager.generation, 0);
}

void world_manager_hang(World *w, uint32_t node, uint64_t usec)
{
        WorldNode *n = world_node(w, node);
        uint64_t watchdog_usec;

        if (!n->manager.up || n->manager.hung)
                return;
        systemd_must_go_on(w, n, 0); /* its watchdog is systemd's */
        watchdog_usec = watchdog_time(w, n);
        trace(w, n, "manager hangs");
        world_did(w, DEED_MANAGER_HANGS);
        n->manager.hung = true;
        if (usec > watchdog_usec)
                world_schedule(w, w->now_usec + watchdog_usec, on_watchdog, n, n->manager.generation, 0);
        else
                world_schedule(w, w->now_usec + usec, on_unhang, n, n->manager.generation, 0);
}

/* ---- Corosync ---- */

void world_corosync_kill(World *w, uint32_t node, uint64_t down_usec)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || !n->corosync.up)
                return;
        trace(w, n, "corosync dies");
        world_did(w, DEED_COROSYNC_DEAD);
        totem_corosync_stop(w, n);
        world_group_disconnect(w, n);
        world_schedule(w, w->now_usec + down_usec, on_boot, n, n->generation, 0);
        totem_changed(w);
}

void world_corosync_freeze(World *w, uint32_t node, bool frozen)
{
        WorldNode *n = world_node(w, node);

        if (!n->up || !n->corosync.up || n->corosync.frozen == frozen)
                return;
        trace(w, n, frozen ? "corosync freezes" : "corosync goes on");
        if (frozen)
                world_did(w, DEED_FREEZE);
        n->corosync.frozen = frozen;
        totem_changed(w);
        if (!frozen && n->manager.up)
                world_group_connect(w, n);
}

void world_evict(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);
        Item item = { .kind = ITEM_LEAVE, .id = ++w->next_serial, .member = { n->id, n->manager.pid } };

        if (!n->manager.in_group || !n->corosync.up)
                return;
        trace(w, n, "is taken out of the group");
        world_did(w, DEED_EVICTED);
        totem_order(w, n, item);
}

void world_partition(World *w, const unsigned *part)
{
        for (size_t i = 1; i < w->n_nodes; i++)
                if (part[i] != part[0]) {
                        world_did(w, DEED_CUT);
                        break;
                }
        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                n->part = part[n->id - 1];
        totem_changed(w);
}

void world_cut_sending(World *w, uint32_t node)
{
        world_node(w, node)->last_word = true;
}

void world_one_way(World *w, uint32_t node, uint32_t other)
{
        WorldNode *n = world_node(w, node);

        if (node == other || n->deaf >> (other - 1) & 1)
                return;
        trace(w, n, "does not hear %s", world_node_name(w, other));
        world_did(w, DEED_ONE_WAY);
        n->deaf |= UINT64_C(1) << (other - 1);
        links_flap(w);
        totem_changed(w);
}

void world_lossy(World *w, uint32_t node)
{
        WorldNode *n = world_node(w, node);

        if (n->lossy)
                return;
        trace(w, n, "misses much of what the others send");
        world_did(w, DEED_LOSSY);
        n->lossy = true;
}

void world_heal(World *w)
{
        FOREACH_ARRAY(n, w->nodes, w->n_nodes) {
                n->part = 0;
                n->deaf = 0;
                n->lossy = n->last_word = false;
        }
        totem_changed(w);
}

void world_device_fail(World *w, bool fails)
{
        w->device_fails = fails;
        FOREACH_ARRAY(n, w->nodes, w->n_nodes)
                if (n->corosync.ring && n->corosync.open)
                        totem_quorum_again(w, n->corosync.ring->serial);
}

/* ---- commands ---- */

static int command_copy(const Command *c, Command *ret)
{
        *ret = (Command){ .kind = c->kind,
                .app = strdup(strempty(c->app)),
                .node = strdup(strempty(c->node)),
                .flag = c->flag,
                .force = c->force };
        if (ret->app && ret->node)
                return 0;
        command_done(ret);
        return -ENOMEM;
}

static int reply_new(World *w, uint32_t node, uint64_t *ret_token)
{
        if (ARRAY_GROW(w->replies, w->n_replies, w->n_replies_allocated) < 0)
                return -ENOMEM;
        w->replies[w->n_replies++] = (Reply){ .node_id = node };
        *ret_token = w->n_replies;
        return 0;
}

int world_command(World *w, uint32_t node, const Command *command, uint64_t *ret_token)
{
        WorldNode *n = world_node(w, node);
        Letter l = { .type = EVENT_COMMAND };
        uint64_t token;

        if (!n->manager.up)
                return -ENOTCONN;
        if (reply_new(w, node, &token) < 0 || command_copy(command, &l.command) < 0)
                return -ENOMEM;
        trace(w, n, "command %llu: %s%s%s%s%s%s%s", (unsigned long long) token,
                        command_kind_to_string(command->kind), isempty(command->app) ? "" : " ",
                        strempty(command->app), isempty(command->node) ? "" : " ", strempty(command->node),
                        command->kind == COMMAND_PERMIT || command->kind == COMMAND_STANDBY ||
                                                        command->kind == COMMAND_MAINTENANCE
                                        ? (command->flag ? " on" : " off")
                                        : "",
                        command->force ? " --force" : "");
        world_observe(w, &(Observation){ .type = OBSERVE_COMMAND,
                                         .node_id = node,
                                         .token = token,
                                         .command = &l.command });
        l.token = token;
        process_post(w, n, INBOX_OTHER, &l, 0);
        *ret_token = token;
        return 0;
}

int world_stop_local(World *w, uint32_t node, const char *app)
{
        WorldNode *n = world_node(w, node);
        Letter l = { .type = EVENT_STOP_LOCAL };
        uint64_t token;

        if (!n->manager.up)
                return -ENOTCONN;
        l.app = strdup(app);
        if (!l.app || reply_new(w, node, &token) < 0) {
                free(l.app);
                return -ENOMEM;
        }
        trace(w, n, "command %llu: stop --local %s", (unsigned long long) token, app);
        l.token = token;
        process_post(w, n, INBOX_OTHER, &l, 0);
        return 0;
}

bool world_reply(const World *w, uint64_t token, CommandError *ret_error, const char **ret_text)
{
        const Reply *r;

        if (token == 0 || token > w->n_replies)
                return false;
        r = w->replies + token - 1;
        if (!r->answered)
                return false;
        *ret_error = r->error;
        *ret_text = strempty(r->text);
        return true;
}

/* ---- blows ---- */

int world_arm(World *w, uint32_t node, WorldMoment moment, unsigned count, WorldBlow blow)
{
        if (ARRAY_GROW(w->arms, w->n_arms, w->n_arms_allocated) < 0)
                return -ENOMEM;
        w->arms[w->n_arms++] = (Arm){ node, moment, MAX(count, 1u), blow };
        return 0;
}

void world_disarm(World *w)
{
        w->n_arms = 0;
}

void world_cut_off(World *w, WorldNode *n)
{
        unsigned part = 1;

        FOREACH_ARRAY(o, w->nodes, w->n_nodes)
                part = MAX(part, o->part + 1);
        trace(w, n, "is cut off");
        world_did(w, DEED_CUT);
        n->part = part;
        totem_changed(w);
}

static void minority_down(World *w, const WorldNode *n)
{
        uint64_t nodes = UINT64_C(1) << (n->id - 1);
        size_t n_more = (w->n_nodes - 1) / 2;

        for (size_t i = 1; i < n_more; i++)
                nodes |= UINT64_C(1) << world_random(w, w->n_nodes);
        world_power_cut(w, nodes);
}

static void strike(World *w, WorldNode *n, WorldBlow blow)
{
        world_did(w, DEED_BLOW);
        switch (blow) {
        case BLOW_MINORITY_DOWN:
                minority_down(w, n);
                break;
        case BLOW_NODE_DOWN:
                world_node_down(w, n->id);
                break;
        case BLOW_MANAGER_KILL:
                world_manager_kill(w, n->id, true);
                break;
        case BLOW_CUT:
                world_cut_off(w, n);
                break;
        case BLOW_FREEZE:
                world_corosync_freeze(w, n->id, true);
                break;
        case BLOW_COROSYNC_KILL:
                world_corosync_kill(w, n->id, world_delay(w, USEC_PER_SEC, 5 * USEC_PER_SEC));
                break;
        case _WORLD_BLOW_MAX:
        default:
                break;
        }
}

void world_moment(World *w, WorldNode *n, WorldMoment moment)
{
        for (size_t i = 0; i < w->n_arms; i++) {
                Arm *a = w->arms + i;
                WorldBlow blow;

                if (a->node_id != n->id || a->moment != moment || --a->count > 0)
                        continue;
                blow = a->blow;
                ARRAY_CLOSE(w->arms, w->n_arms, i);
                strike(w, n, blow);
                return;
        }
}
