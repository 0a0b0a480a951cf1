/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* States and reasons in words, for people. Nothing here changes anything. */

#include "engine/engine.h"
#include "engine/engine-struct.h"
#include "engine/local/cutoff.h"
#include "engine/local/own-files.h"
#include "engine/local/leave.h"
#include "engine/local/runs.h"
#include "engine/member/form.h"
#include "engine/member/sync.h"
#include "engine/member/view.h"
#include "engine/agreed/explain.h"
#include "engine/agreed/place.h"
#include "engine/agreed/retry.h"
#include "engine/agreed/verdict.h"
#include "engine/agreed/app.h"
#include "base/array.h"
#include "base/text.h"

static void say(AppStatus *s, AppState state, const char *format, ...) _printf_(3, 4);

#include <stdarg.h>

static void say(AppStatus *s, AppState state, const char *format, ...)
{
        va_list ap;

        s->state = state;
        va_start(ap, format);
        vsnprintf(s->reason, sizeof(s->reason), format, ap);
        va_end(ap);
}

/* What is to become of a copy that runs. */
static void status_of_running(const App *a, const AppVerdict *v, AppStatus *s)
{
        if (v->what == APP_VERDICT_MAINTENANCE)
                say(s, APP_RUNNING, "in maintenance: it is left alone");
        else if (v->what == APP_VERDICT_ORPHAN || v->what == APP_VERDICT_NO_FILE)
                say(s, APP_ORPHAN, "no node has a file for it; it runs until it is stopped");
        else if (v->what == APP_VERDICT_OWED)
                say(s, APP_RUNNING, "%s", v->why);
        else if (v->what == APP_VERDICT_BETTER && a->better.serial != 0) {
                say(s, APP_RUNNING, "%s takes it over after TakeoverDelaySec=", v->node->name);
                s->deadline_usec = a->better.deadline_usec;
        }
}

/* Its own node knows what is left now; the others were told once, unless they came later. */
static void status_of_stuck(const Engine *e, const App *a, const Copy *c, const char *name, AppStatus *s)
{
        const LocalUnit *u = c->node_id == e->here.me.node_id ? runs_find(&e->here, a->name, c->epoch) : NULL;

        const char *why = u && u->state == UNIT_STUCK && !isempty(u->reason) ? u->reason : c->stuck_why;

        if (why[0])
                say(s, APP_BLOCKED, "its stop on %s did not end: %s", name, why);
        else
                say(s, APP_BLOCKED, "its stop on %s did not end; processes are left there", name);
}

static void status_of_copy(const Engine *e, const App *a, const AppVerdict *v, AppStatus *s)
{
        const Copy *c = v->at;
        const Node *n = state_find_node(&e->here.me.agreed.state, c->node_id);
        const char *name = n ? n->name : "?";
        char retried[200] = "";

        (void) retry_explain(a, c->node_id, retried, sizeof(retried));
        s->node = name;
        s->epoch = c->epoch;
        s->start_type = c->start_type;
        s->from_node = state_node_name(&e->here.me.agreed.state, c->from_node);
        if (c->stuck)
                status_of_stuck(e, a, c, name, s);
        else if (n && n->presence == PRESENCE_SILENT)
                say(s, APP_BLOCKED, "the manager of %s does not answer", name);
        else if (n && n->grace.serial != 0) {
                /* Its worker runs on under systemd alone; a start or a stop that no manager carries out is another thing. */
                if (c->phase == COPY_RUNNING)
                        say(s, APP_RUNNING, "unsupervised: the manager of %s is gone and is waited for",
                                        name);
                else
                        say(s, APP_BLOCKED, "the manager of %s is gone; it is waited for", name);
                s->deadline_usec = n->grace.deadline_usec;
        } else if (c->phase == COPY_STOPPING)
                say(s, APP_STOPPING, "%s",
                                a->next_type != START_TAKEOVER || !a->target_up ? ""
                                : a->next_node == 0 && app_awaits_leaver(a, n)
                                                ? "its node is leaving, and will be waited for: HandOver=no"
                                                : "on the way to another node");
        else if (c->phase == COPY_STARTING || app_restarts(a, c))
                say(s, APP_STARTING, "%s", app_restarts(a, c) ? app_restarts(a, c) : retried);
        else
                say(s, APP_RUNNING, "%s", retried);
        if (s->state == APP_RUNNING)
                status_of_running(a, v, s);
}

static uint64_t first_mark_usec(const App *a)
{
        uint64_t t = USEC_INFINITY;

        FOREACH_ARRAY(m, a->marks, a->n_marks)
                if (m->timer.serial != 0)
                        t = MIN(t, m->timer.deadline_usec);
        return t;
}

static const char *file_error(const App *a)
{
        FOREACH_ARRAY(v, a->variants, a->n_variants)
                if (v->error != 0)
                        return app_variant_error(a, v);
        return NULL;
}

static void status_of_wait(const Engine *e, const App *a, AppStatus *s)
{
        bool never = a->delay.deadline_usec == USEC_INFINITY;
        const char *name = state_node_name(&e->here.me.agreed.state, a->lost_node);

        s->deadline_usec = a->delay.deadline_usec;
        if (a->lost_in_order)
                say(s, APP_WAITING, "waits for %s, which left in order%s", name,
                                never ? ", for ever: FailoverDelaySec=infinity" : "; FailoverDelaySec= runs");
        else
                say(s, APP_WAITING, "%s is lost%s", name,
                                never ? ", and waited for for ever: FailoverDelaySec=infinity"
                                      : "; FailoverDelaySec= runs");
}

/* No copy lives. */
static void status_of_none(const Engine *e, const App *a, const AppVerdict *v, AppStatus *s)
{
        const char *error = file_error(a);

        s->epoch = a->last_epoch;
        s->start_type = a->start_type;
        s->from_node = state_node_name(&e->here.me.agreed.state, a->from_node);
        switch (v->what) {
        case APP_VERDICT_FINISHED:
                return say(s, APP_FINISHED, "the worker ended by itself");
        case APP_VERDICT_HALTED:
                return say(s, APP_FAILED, "%s; FailureAction=stop",
                                a->failure ? a->failure : "the worker failed");
        case APP_VERDICT_STOPPED:
                if (!a->has_definition && !a->commanded)
                        return say(s, APP_STOPPED, "no file that can be used%s%s", error ? ": " : "",
                                        strempty(error));
                return say(s, APP_STOPPED, "%s", a->commanded ? "by command" : "Enabled=no");
        case APP_VERDICT_MAINTENANCE:
                return say(s, APP_BLOCKED, "in maintenance");
        case APP_VERDICT_NO_FILE:
                return say(s, APP_BLOCKED, "%s", error ? error : "no node has a file for it");
        case APP_VERDICT_ORPHAN:
                return say(s, APP_ORPHAN, "no node has a file for it");
        case APP_VERDICT_FORMING:
                return say(s, APP_WAITING, "the group has just formed; its record is being written");
        case APP_VERDICT_DELAY:
                return status_of_wait(e, a, s);
        case APP_VERDICT_READING:
                return say(s, APP_WAITING, "its files are being read");
        case APP_VERDICT_FAILED:
                s->deadline_usec = first_mark_usec(a);
                return say(s, APP_FAILED, "%s; failed on every node that may run it",
                                a->failure ? a->failure : "the worker failed");
        case APP_VERDICT_BLOCKED:
        case APP_VERDICT_NOWHERE:
                return say(s, APP_BLOCKED, "%s", v->why);
        case APP_VERDICT_START:
        case APP_VERDICT_OWED:
        case APP_VERDICT_TWO:
        case APP_VERDICT_SILENT:
        case APP_VERDICT_ENDING:
        case APP_VERDICT_MOVE:
        case APP_VERDICT_BETTER:
        case APP_VERDICT_STAYS:
        default:
                return say(s, APP_WAITING, "about to start");
        }
}

/* Why this node cannot know what the others do. */
static const char *unknown_reason(const Engine *e)
{
        if (cutoff_is_isolated(&e->here) || !e->here.me.connected)
                return "this node has lost Corosync";
        if (e->here.me.phase == PHASE_NONE)
                return "not known yet: this node is not in the group";
        if (e->here.me.phase == PHASE_FORMING)
                return "not known yet: the group has not formed";
        if (e->here.me.quorum_known && !view_is_quorate(&e->here.me))
                return "this node has no quorum";
        return "not known yet: this node is not in step";
}

/* NULL: it has no unit here in which something may run. */
static const LocalUnit *own_unit(const Engine *e, const App *a)
{
        FOREACH_ARRAY(u, e->here.units, e->here.n_units)
                if (unit_state_is_alive(u->state) && streq(u->app, a->name))
                        return u;
        return NULL;
}

/* Of what has been cut off, or has not been in step yet, only the own units are certain. A unit that is being stopped
 * is shown so, whatever stops it. */
static void status_of_stale(const Engine *e, const App *a, AppStatus *s)
{
        const LocalUnit *u = own_unit(e, a);

        s->held = s->held && u && a->held_node == e->here.me.node_id;
        s->restart_needed = u && files_unit_differs(&e->here, u);
        if (!u) {
                say(s, APP_UNKNOWN, "%s; it does not run here", unknown_reason(e));
                s->epoch = a->last_epoch;
                return;
        }
        s->node = member_node_name(&e->here.me, e->here.me.node_id);
        s->epoch = u->epoch;
        say(s,
                        u->state == UNIT_STUCK                            ? APP_BLOCKED
                        : u->stop_issued || u->state == UNIT_STOPPING     ? APP_STOPPING
                        : u->state == UNIT_STARTING || u->restarted_again ? APP_STARTING
                                                                          : APP_RUNNING,
                        "%s%s%s%s", unknown_reason(e),
                        u->state == UNIT_STUCK ? "; its stop here did not end" : "",
                        u->restarted && u->reason ? "; " : "", u->restarted ? strempty(u->reason) : "");
}

uint32_t engine_app_node(const Engine *e, const App *a)
{
        const Copy *c = app_present_copy(a);

        if (engine_is_stale(e))
                return own_unit(e, a) ? e->here.me.node_id : 0;
        return c ? c->node_id : 0;
}

uint64_t engine_failover_delay(const Engine *e, const App *a)
{
        return app_delay(&e->here.me.agreed.state, a);
}

/* The bus asks for that of all applications: what lies where is made out once for all of them. */
static AppVerdict status_verdict(const Agreed *g, const App *a)
{
        AppVerdict v;

        places_begin(g, g->places, a);
        v = app_verdict(g, a);
        places_end(g, g->places);
        return v;
}

void engine_app_status(const Engine *e, const App *a, AppStatus *ret)
{
        const AppVerdict v = status_verdict(&e->here.me.agreed, a);
        const Copy *c = v.at;
        const LocalUnit *own;

        *ret = (AppStatus){ .node = "", .from_node = "", .deadline_usec = USEC_INFINITY };
        ret->held = c && c->node_id == a->held_node && a->n_held_against > 0;
        ret->restart_needed = c && c->restart_needed;
        /* Of its own copy a node knows it before the others have heard it. */
        own = c && c->node_id == e->here.me.node_id ? runs_find(&e->here, a->name, c->epoch) : NULL;
        if (own)
                ret->restart_needed = files_unit_differs(&e->here, own);
        if (engine_is_stale(e)) {
                status_of_stale(e, a, ret);
                return;
        }
        if (c)
                status_of_copy(e, a, &v, ret);
        else
                status_of_none(e, a, &v, ret);
}

NodeState engine_node_state(const Engine *e, const Node *n)
{
        if (engine_is_stale(e))
                return n->id == e->here.me.node_id || view_has_manager(&e->here.me, n->id) ? NODE_SYNCING
                                                                                           : NODE_UNKNOWN;
        /* It came before the nodelist that names it was agreed: until the next view only the present one knows that. */
        if (n->presence == PRESENCE_OFFLINE && view_has_node(&e->here.me, n->id))
                return view_has_manager(&e->here.me, n->id) ? NODE_SYNCING : NODE_MANAGER_GONE;
        return node_state(n);
}

bool engine_explain(const Engine *e, const App *a, const Node *n, char *ret_why, size_t size_bytes)
{
        const Agreed *g = &e->here.me.agreed;
        bool eligible;

        places_begin(g, g->places, a);
        eligible = place_explain(g, a, n, engine_node_state(e, n), ret_why, size_bytes);
        places_end(g, g->places);
        return eligible;
}

const char *engine_wrong_file(const App *a, const Node *n, char *buffer, size_t size_bytes)
{
        return app_wrong_file(a, n, buffer, size_bytes);
}

/* ---- the manager as a whole ---- */

static size_t waiting_nodes(
                const Engine *e, const uint32_t *nodes, size_t n, const char **ret, size_t n_max, size_t at)
{
        for (size_t i = 0; i < n; i++) {
                if (view_has_manager(&e->here.me, nodes[i]))
                        continue;
                if (at < n_max)
                        ret[at] = member_node_name(&e->here.me, nodes[i]);
                at++;
        }
        return at;
}

size_t engine_waiting_for(const Engine *e, const char **ret, size_t n_max)
{
        size_t at = 0;

        if (!e->here.takes_part) {
                at = waiting_nodes(e, e->here.wait_mandatory, e->here.n_wait_mandatory, ret, n_max, at);
                at = waiting_nodes(e, e->here.wait_optional, e->here.n_wait_optional, ret, n_max, at);
        } else if (e->here.me.phase == PHASE_FORMING && !form_is_possible(&e->here.me))
                for (size_t i = 0; i < e->here.me.n_nodelist; i++) {
                        if (!form_waits_for(&e->here.me, e->here.me.nodelist[i].id))
                                continue;
                        if (at < n_max)
                                ret[at] = e->here.me.nodelist[i].name;
                        at++;
                }
        return MIN(at, n_max);
}

static size_t count_here(const Engine *e)
{
        size_t n = 0;

        FOREACH_ARRAY(a, e->here.me.agreed.state.apps, e->here.me.agreed.state.n_apps) {
                const Copy *c = app_present_copy(a);

                n += c && c->node_id == e->here.me.node_id && c->phase == COPY_RUNNING && !app_restarts(a, c);
        }
        return n;
}

/* What keeps a leaving manager. */
static char *leaving_text(const Engine *e)
{
        char waits[512] = "";
        size_t at = 0;

        FOREACH_ARRAY(u, e->here.units, e->here.n_units)
                if (leave_waits_for(&e->here, u) && at < sizeof(waits))
                        at += (size_t) snprintf(waits + at, sizeof(waits) - at, "%s%s%s", at > 0 ? ", " : "",
                                        u->app,
                                        u->state == UNIT_STUCK ? " (processes left after its stop)" : "");
        return at > 0 ? text_format("Leaving: waits for %s", waits)
                      : text_format("Leaving: handing over what runs here");
}

/* Whose turn it is; one that is older than this manager may not be able to. */
static char *forming_text(const Engine *e)
{
        const Peer *p = form_awaited(&e->here.me);

        if (!p)
                return text_format("Forming the group");
        if (p->facts.version_max < e->here.me.version_max)
                return text_format(
                                "Waiting for %s to form the group: it has the newest record, and its manager knows "
                                "protocol version %u at most",
                                member_node_name(&e->here.me, p->member.node_id), p->facts.version_max);
        return text_format("Waiting for %s to form the group: it has the newest record",
                        member_node_name(&e->here.me, p->member.node_id));
}

char *engine_status_text(const Engine *e, uint64_t now_usec)
{
        const char *names[NODES_MAX];
        size_t n = engine_waiting_for(e, names, NODES_MAX), at = 0;
        char list[512] = "", view[64];
        char *text = NULL;
        int r;

        (void) now_usec;
        for (size_t i = 0; i < n && at < sizeof(list); i++)
                at += (size_t) snprintf(list + at, sizeof(list) - at, "%s%s", i ? " " : "", names[i]);
        view_id_format(&e->here.me.view, view, sizeof(view));
        if (e->here.leaving)
                return leaving_text(e);
        if (!e->here.me.connected)
                r = asprintf(&text, "Waiting for Corosync");
        else if (!e->here.takes_part && n > 0)
                r = asprintf(&text, "Waiting for the managers of: %s", list);
        else if (cutoff_is_isolated(&e->here))
                r = asprintf(&text, "Corosync is silent: acting as cut off");
        else if (sync_is_behind(&e->here.me))
                r = asprintf(&text, "The group speaks protocol version %u; this manager knows %u to %u",
                                e->here.me.agreed.state.version, e->here.me.version_min,
                                e->here.me.version_max);
        else if (e->here.me.phase == PHASE_FORMING && n > 0)
                r = asprintf(&text, "Waiting for the records of: %s", list);
        else if (e->here.me.phase == PHASE_NONE)
                r = asprintf(&text, "Joining the group");
        else if (!view_has_quorum_word(&e->here.me))
                r = asprintf(&text, "Waiting for Corosync to say whether there is quorum");
        else if (!view_is_quorate(&e->here.me))
                r = asprintf(&text, "No quorum");
        else if (e->here.me.phase == PHASE_FORMING)
                return forming_text(e);
        else if (!member_is_synced(&e->here.me))
                r = asprintf(&text, "Getting the state from the group");
        else if (e->here.unguarded)
                r = asprintf(&text, "Taking part in view %s, without a guard: nothing is started here", view);
        else
                r = asprintf(&text, "Taking part in view %s: %zu of %zu applications run here", view,
                                count_here(e), e->here.me.agreed.state.n_apps);
        return r < 0 ? NULL : text;
}

/* ---- words ---- */

const char *app_state_to_string(AppState s)
{
        static const char *const names[_APP_STATE_MAX] = {
                [APP_STOPPED] = "stopped",
                [APP_WAITING] = "waiting",
                [APP_STARTING] = "starting",
                [APP_RUNNING] = "running",
                [APP_STOPPING] = "stopping",
                [APP_FAILED] = "failed",
                [APP_FINISHED] = "finished",
                [APP_BLOCKED] = "blocked",
                [APP_ORPHAN] = "orphan",
                [APP_UNKNOWN] = "unknown",
        };

        return s < _APP_STATE_MAX ? names[s] : "?";
}

const char *command_error_to_string(CommandError e)
{
        static const char *const names[_COMMAND_ERROR_MAX] = {
                [COMMAND_OK] = "",
                [COMMAND_NO_SUCH_APPLICATION] = "NoSuchApplication",
                [COMMAND_NO_SUCH_NODE] = "NoSuchNode",
                [COMMAND_NO_QUORUM] = "NoQuorum",
                [COMMAND_NOT_FORMED] = "NotFormed",
                [COMMAND_NOT_RUNNING] = "NotRunning",
                [COMMAND_NOT_ELIGIBLE] = "NotEligible",
                [COMMAND_NOT_ALLOWED] = "NotAllowed",
                [COMMAND_STILL_RUNNING] = "StillRunning",
                [COMMAND_IN_MAINTENANCE] = "InMaintenance",
                [COMMAND_NOT_COMMITTED] = "NotCommitted",
                [COMMAND_TOO_MANY] = "TooMany",
        };

        return e < _COMMAND_ERROR_MAX ? names[e] : "?";
}

const char *note_kind_to_string(NoteKind k)
{
        static const char *const names[_NOTE_KIND_MAX] = {
                [NOTE_APP_STARTING] = "starting",
                [NOTE_APP_STARTED] = "started",
                [NOTE_APP_STOPPING] = "stopping",
                [NOTE_APP_STOPPED] = "stopped",
                [NOTE_APP_LOST] = "lost",
                [NOTE_APP_FAILED] = "failed",
                [NOTE_APP_RETRIED] = "retried",
                [NOTE_APP_WAITING] = "waiting",
                [NOTE_APP_BLOCKED] = "blocked",
                [NOTE_APP_FINISHED] = "finished",
                [NOTE_APP_RESTARTING] = "restarting",
                [NOTE_APP_SETTLED] = "settled",
                [NOTE_COPY_STUCK] = "copy-stuck",
                [NOTE_COPY_STOPPED] = "copy-stopped",
                [NOTE_COPY_ADOPTED] = "adopted",
                [NOTE_NODE_JOINED] = "node-joined",
                [NOTE_NODE_LEFT] = "node-left",
                [NOTE_QUORUM_GAINED] = "quorum-gained",
                [NOTE_QUORUM_LOST] = "quorum-lost",
                [NOTE_FORMED] = "formed",
                [NOTE_WAITING] = "manager-waiting",
                [NOTE_SYNC_FAILED] = "sync-failed",
                [NOTE_COMMAND] = "command",
                [NOTE_UNSYNCED] = "unsynced",
                [NOTE_MESSAGE_REFUSED] = "message-refused",
                [NOTE_RECORD_FAILED] = "record-failed",
                [NOTE_DEFINITION] = "definition",
                [NOTE_ISOLATED] = "isolated",
                [NOTE_LEAVING] = "leaving",
                [NOTE_MANAGER_GONE] = "manager-gone",
                [NOTE_MANAGER_BACK] = "manager-back",
                [NOTE_SELF_REBOOT] = "self-reboot",
                [NOTE_VERSION] = "version",
        };

        return k < _NOTE_KIND_MAX ? names[k] : "?";
}

const char *event_type_to_string(EventType t)
{
        static const char *const names[_EVENT_TYPE_MAX] = {
                [EVENT_TIME] = "time",
                [EVENT_CONNECTED] = "connected",
                [EVENT_DISCONNECTED] = "disconnected",
                [EVENT_VIEW] = "view",
                [EVENT_QUORUM] = "quorum",
                [EVENT_MESSAGE] = "message",
                [EVENT_PROBE] = "probe",
                [EVENT_SUSPENDED] = "suspended",
                [EVENT_TIMING] = "timing",
                [EVENT_NODELIST] = "nodelist",
                [EVENT_UNIT] = "unit",
                [EVENT_DEFINITIONS] = "definitions",
                [EVENT_WRITTEN] = "written",
                [EVENT_COMMAND] = "command",
                [EVENT_STOP_LOCAL] = "stop-local",
                [EVENT_GUARD] = "guard",
                [EVENT_FUSE] = "fuse",
                [EVENT_LEAVE] = "leave",
                [EVENT_RESTART] = "restart",
        };

        return t < _EVENT_TYPE_MAX ? names[t] : "?";
}

const char *effect_type_to_string(EffectType t)
{
        static const char *const names[_EFFECT_TYPE_MAX] = {
                [EFFECT_SEND] = "send",
                [EFFECT_PROBE] = "probe",
                [EFFECT_REJOIN] = "rejoin",
                [EFFECT_START] = "start",
                [EFFECT_STOP] = "stop",
                [EFFECT_KILL] = "kill",
                [EFFECT_FORGET] = "forget",
                [EFFECT_WRITE] = "write",
                [EFFECT_REPLY] = "reply",
                [EFFECT_NOTE] = "note",
                [EFFECT_CHANGED] = "changed",
                [EFFECT_RELOAD] = "reload",
                [EFFECT_READY] = "ready",
                [EFFECT_SYNCED] = "synced",
                [EFFECT_LEFT] = "left",
                [EFFECT_EXIT] = "exit",
        };

        return t < _EFFECT_TYPE_MAX ? names[t] : "?";
}

void view_id_format(const ViewId *view, char *ret, size_t size_bytes)
{
        if (view->n == VIEW_N_UNKNOWN)
                snprintf(ret, size_bytes, "%llu.?", (unsigned long long) view->ring.seq);
        else
                snprintf(ret, size_bytes, "%llu.%u", (unsigned long long) view->ring.seq, view->n);
}
