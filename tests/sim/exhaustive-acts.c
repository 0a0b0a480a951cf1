/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can happen next, and making it happen. */

#include "exhaustive-internal.h"

/* ---- time ---- */

static uint64_t model_next_usec(const Model *m)
{
        uint64_t t = USEC_INFINITY;

        for (size_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];

                if (h->brain)
                        t = MIN(t, engine_deadline(h->brain->engine));
                if (h->guard_usec != 0)
                        t = MIN(t, h->guard_usec);
        }
        return t == USEC_INFINITY ? t : MAX(t, m->now_usec);
}

static void host_guard(Model *m, Host *h)
{
        h->guard_usec = 0;
        for (size_t i = 0; i < m->config->n_apps; i++)
                if (h->units[i].state != UNIT_NONE) {
                        h->units[i].gone = true;
                        h->units[i].state = UNIT_STOPPING;
                        if (!h->brain)
                                h->units[i] = (Unit){};
                        m->busy_usec = m->now_usec;
                }
}

static void model_pass(Model *m, uint64_t usec)
{
        Event event = { .type = EVENT_TIME };

        m->now_usec = usec;
        for (size_t i = 0; i < MODEL_NODES; i++) {
                Host *h = &m->hosts[i];

                if (h->guard_usec != 0 && h->guard_usec <= usec)
                        host_guard(m, h);
                if (h->brain && engine_deadline(h->brain->engine) <= usec)
                        host_step(m, h, &event);
        }
}

static bool model_is_busy(const Model *m);

/* Until something but a probe goes on. */
static void model_time(Model *m)
{
        for (unsigned n = 0; n < CALM_STEPS; n++) {
                uint64_t next = model_next_usec(m);

                if (next == USEC_INFINITY || next > m->busy_usec + CALM_USEC) {
                        m->busy_usec = 0; /* calm for good */
                        return;
                }
                model_pass(m, next);
                for (size_t i = 0; i < MODEL_NODES; i++) {
                        Host *h = &m->hosts[i];

                        while (h->n_queue > 0 && !h->queue[0]->message && host_ring_is_whole(m, h))
                                model_order(m, h, 0);
                }
                if (model_is_busy(m))
                        return;
        }
        wrong(m, "an engine asks to be woken again and again");
}

/* ---- what can happen ---- */

static bool host_may_order(const Model *m, const Host *h)
{
        return h->n_queue > 0 && h->ring_mask != 0 && (host_ring_is_whole(m, h) || m->n_torn > 0);
}

static bool host_unit_is_due(const Host *h, size_t app)
{
        return h->units[app].state == UNIT_STARTING || h->units[app].state == UNIT_STOPPING;
}

size_t list_due(const Model *m, Act *ret)
{
        size_t n = 0;

        for (uint8_t i = 0; m->config->fast_disks && i < MODEL_NODES; i++)
                if (m->hosts[i].writes) {
                        ret[0] = (Act){ .type = ACT_WRITTEN, .node = i };
                        return 1;
                }
        for (uint8_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];
                uint8_t hears = host_hears(m, h);
                bool queued = false;

                if (host_may_order(m, h))
                        ret[n++] = (Act){ .type = ACT_ORDER, .node = i };
                for (uint8_t app = 0; app < m->config->n_apps; app++)
                        if (host_unit_is_due(h, app))
                                ret[n++] = (Act){ .type = ACT_UNIT, .node = i, .app = app };
                if (h->writes)
                        ret[n++] = (Act){ .type = ACT_WRITTEN, .node = i };
                if (!h->up || host_ring_is_whole(m, h) || __builtin_ctz(hears) != i)
                        continue;
                for (size_t j = 0; j < MODEL_NODES; j++)
                        queued = queued || (hears & 1u << j && m->hosts[j].n_queue > 0);
                ret[n++] = (Act){ .type = ACT_RING, .node = i, .mask = hears };
                if (queued)
                        ret[n++] = (Act){ .type = ACT_RING, .node = i, .mask = hears, .flag = true };
        }
        return n;
}

static bool model_is_busy(const Model *m)
{
        Act acts[MODEL_ACTS_MAX];

        return list_due(m, acts) > 0;
}

static bool model_any_queue(const Model *m)
{
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (m->hosts[i].n_queue > 0)
                        return true;
        return false;
}

static size_t list_returns(const Model *m, Act *ret)
{
        size_t n = 0;
        bool cut = false;

        for (uint8_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];

                cut = cut || (h->up && h->part != 0);
                if (!h->up)
                        ret[n++] = (Act){ .type = ACT_UP, .node = i };
                else if (!h->brain && host_ring_is_whole(m, h)) {
                        ret[n++] = (Act){ .type = ACT_MANAGER_START, .node = i };
                        if (model_any_queue(m))
                                ret[n++] = (Act){ .type = ACT_MANAGER_START, .node = i, .flag = true };
                }
        }
        if (cut)
                ret[n++] = (Act){ .type = ACT_HEAL };
        return n;
}

static size_t list_faults(const Model *m, Act *ret)
{
        size_t n = 0;

        for (uint8_t i = 0; i < MODEL_NODES; i++) {
                const Host *h = &m->hosts[i];

                if (!h->up)
                        continue;
                ret[n++] = (Act){ .type = ACT_DOWN, .node = i };
                if (h->part == 0)
                        ret[n++] = (Act){ .type = ACT_CUT, .node = i };
                if (!h->brain)
                        continue;
                ret[n++] = (Act){ .type = ACT_KILL, .node = i };
                if (model_any_queue(m))
                        ret[n++] = (Act){ .type = ACT_KILL, .node = i, .flag = true };
                if (i < 2)
                        for (uint8_t k = 0; k < ELEMENTSOF(commands); k++)
                                ret[n++] = (Act){ .type = ACT_COMMAND, .node = i, .other = k };
                for (uint8_t app = 0; app < m->config->n_apps; app++)
                        if (h->units[app].state == UNIT_RUNNING)
                                ret[n++] = (Act){ .type = ACT_FAIL, .node = i, .app = app };
                for (uint8_t j = 0; host_may_order(m, h) && h->queue[0]->message && j < MODEL_NODES; j++)
                        if (j != i && h->ring_mask & 1u << j && m->hosts[j].pid != 0)
                                ret[n++] = (Act){ .type = ACT_LOSE, .node = i, .other = j };
        }
        if (model_is_busy(m) && model_next_usec(m) != USEC_INFINITY)
                ret[n++] = (Act){ .type = ACT_LAG };
        return n;
}

size_t model_list(const Model *m, Act *ret, size_t n_max)
{
        Act all[4 * MODEL_ACTS_MAX];
        size_t n = list_due(m, all), kept = 0, own;

        if (m->verdict[0])
                return 0;
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (m->hosts[i].rejoins && host_ring_is_whole(m, &m->hosts[i]))
                        all[n++] = (Act){ .type = ACT_MANAGER_START, .node = (uint8_t) i, .flag = true };
        if (n == 0 && m->busy_usec != 0)
                all[n++] = (Act){ .type = ACT_TIME };
        if (!m->config->fast_disks || n != 1 || all[0].type != ACT_WRITTEN)
                n += list_returns(m, all + n);
        own = n;
        if (m->n_faults_left > 0)
                n += list_faults(m, all + n);
        for (size_t i = 0; i < n; i++)
                if (i < own || m->config->kinds & 1u << all[i].type) {
                        ASSERT(kept < n_max);
                        ret[kept++] = all[i];
                }
        return kept;
}

/* All is well and calm: each application is where it belongs. */
static void judge_calm(Model *m)
{
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (!m->hosts[i].up || !m->hosts[i].brain || m->hosts[i].part != 0)
                        return;
        for (size_t app = 0; app < m->config->n_apps; app++) {
                /* One that failed on every node is to run and does not. */
                Wish wish = m->n_failed >= MODEL_NODES ? WISH_EITHER : app == 0 ? m->wish : WISH_UP;
                size_t n = 0;

                for (size_t i = 0; i < MODEL_NODES; i++)
                        n += m->hosts[i].units[app].state == UNIT_RUNNING;
                if (n > 1 || (n == 0 && wish == WISH_UP) || (n == 1 && wish == WISH_DOWN))
                        wrong(m, "all is calm and %s, which is to %s, runs on %zu nodes", apps[app],
                                        wish == WISH_UP     ? "run"
                                        : wish == WISH_DOWN ? "be stopped"
                                                            : "run or not",
                                        n);
        }
        for (size_t i = 0; i < MODEL_NODES; i++)
                if (!engine_is_synced(m->hosts[i].brain->engine))
                        wrong(m, "all is calm and %s is not synced", names[i]);
}

void model_do(Model *m, const Act *a)
{
        Host *h = &m->hosts[a->node];

        if (a->type >= ACT_DOWN)
                m->n_faults_left--;
        m->busy_usec = m->now_usec;
        switch (a->type) {
        case ACT_ORDER:
                model_order(m, h, 0);
                break;
        case ACT_LOSE:
                model_order(m, h, a->other + 1u);
                break;
        case ACT_UNIT:
                host_unit(m, h, a->app,
                                h->units[a->app].state == UNIT_STARTING ? UNIT_RUNNING : UNIT_STOPPED);
                break;
        case ACT_FAIL:
                m->n_failed++;
                host_unit(m, h, a->app, UNIT_FAILED);
                break;
        case ACT_WRITTEN:
                host_written(m, h);
                break;
        case ACT_RING:
                model_ring(m, a->mask, a->flag);
                break;
        case ACT_TIME:
                model_time(m);
                if (m->busy_usec == 0)
                        judge_calm(m);
                break;
        case ACT_LAG:
                model_pass(m, model_next_usec(m));
                break;
        case ACT_UP:
                host_up(h);
                break;
        case ACT_DOWN:
                host_down(m, h);
                break;
        case ACT_CUT:
                h->part = (uint8_t) (a->node + 1);
                m->n_torn = 1;
                break;
        case ACT_HEAL:
                for (size_t i = 0; i < MODEL_NODES; i++)
                        m->hosts[i].part = 0;
                break;
        case ACT_MANAGER_START:
                if (h->rejoins)
                        host_rejoin(m, h);
                else
                        model_manager_start(m, h, a->flag);
                break;
        case ACT_KILL:
                model_kill(m, h, a->flag);
                break;
        case ACT_COMMAND:
                host_command(m, h, a->other);
                break;
        case _ACT_TYPE_MAX:
                break;
        }
}

void model_describe(const Model *m, const Act *a, char *ret, size_t size_bytes)
{
        static const char *const types[_ACT_TYPE_MAX] = {
                [ACT_ORDER] = "order",
                [ACT_UNIT] = "unit",
                [ACT_WRITTEN] = "written",
                [ACT_RING] = "ring",
                [ACT_TIME] = "time",
                [ACT_UP] = "up",
                [ACT_HEAL] = "heal",
                [ACT_COMMAND] = "command",
                [ACT_DOWN] = "down",
                [ACT_CUT] = "cut",
                [ACT_KILL] = "kill",
                [ACT_LOSE] = "lose",
                [ACT_LAG] = "lag",
                [ACT_FAIL] = "fail",
                [ACT_MANAGER_START] = "manager-start",
        };
        const Host *h = &m->hosts[a->node];
        const char *what = "";

        if ((a->type == ACT_ORDER || a->type == ACT_LOSE) && h->n_queue > 0)
                what = h->queue[0]->message ? message_type_to_string(h->queue[0]->message->type) : "probe";
        else if (a->type == ACT_UNIT || a->type == ACT_FAIL)
                what = apps[a->app];
        else if (a->type == ACT_COMMAND)
                what = commands[a->other].text;
        else if (a->type == ACT_LOSE)
                what = names[a->other];
        snprintf(ret, size_bytes, "%8.3f %-13s %s %s%s%s%s",
                        (double) (m->now_usec % (1000 * USEC_PER_SEC)) / 1e6, types[a->type],
                        a->type == ACT_TIME || a->type == ACT_LAG || a->type == ACT_HEAL ? ""
                                                                                         : names[a->node],
                        what, a->type == ACT_LOSE ? " but for " : "",
                        a->type == ACT_LOSE ? names[a->other] : "",
                        a->flag ? " (what was not sent comes later)" : "");
}
