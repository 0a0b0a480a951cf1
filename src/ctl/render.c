/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/render.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/array.h"
#include "base/quorum-warnings.h"
#include "ctl/table.h"

RenderOptions render_options(const Ctl *c)
{
        return (RenderOptions){
                .style = c->out,
                .now = moment_now(c->options.host != NULL),
                .legend = !c->options.no_legend,
                .full = c->options.full,
        };
}

#define LABEL_WIDTH 10

/* One line of a status screen: label, colon, text. Empty text prints nothing. */
static void print_field(FILE *f, const RenderOptions *o, Color color, const char *label, const char *text)
{
        _cleanup_free_ char *clean = NULL;

        if (isempty(text))
                return;
        clean = text_clean(text);
        fprintf(f, "%*s: %s%s%s\n", LABEL_WIDTH, label, style_on(&o->style, color), clean ? clean : "?",
                        style_off(&o->style, color));
}

static void print_fieldf(FILE *f, const RenderOptions *o, Color color, const char *label, const char *format,
                ...) _printf_(5, 6);

static void print_fieldf(
                FILE *f, const RenderOptions *o, Color color, const char *label, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                text = NULL;
        va_end(args);
        print_field(f, o, color, label, text);
}

/* ● NAME - DESCRIPTION */
static void print_headline(FILE *f, const RenderOptions *o, Color color, const char *name, const char *text)
{
        _cleanup_free_ char *clean = text_clean(strempty(text)), *clean_name = text_clean(strempty(name));

        fprintf(f, "%s%s%s %s%s%s%s%s\n", style_on(&o->style, color), style_dot(&o->style),
                        style_off(&o->style, color), style_on(&o->style, COLOR_BOLD), strempty(clean_name),
                        style_off(&o->style, COLOR_BOLD), isempty(clean) ? "" : " - ", strempty(clean));
}

static int append(char **text, const char *separator, const char *format, ...) _printf_(3, 4);

static int append(char **text, const char *separator, const char *format, ...)
{
        _cleanup_free_ char *more = NULL;
        char *joined;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&more, format, args);
        va_end(args);
        if (r < 0) {
                more = NULL;
                return -ENOMEM;
        }
        r = asprintf(&joined, "%s%s%s", strempty(*text), isempty(*text) ? "" : separator, more);
        if (r < 0)
                return -ENOMEM;
        free(*text);
        *text = joined;
        return 0;
}

char *app_tiers(const AppInfo *a)
{
        _cleanup_free_ char *text = strdup("");

        for (size_t i = 0; text && i < a->n_tiers; i++) {
                _cleanup_free_ char *names = strings_join(&a->tiers[i], " ");
                bool equals = a->tiers[i].n > 1;

                if (!names || append(&text, " ", "%s%s%s", equals ? "{" : "", names, equals ? "}" : "") < 0)
                        return NULL;
        }
        return TAKE_PTR(text);
}

static bool file_is_wrong(const AppInfo *a, const char *node)
{
        for (size_t i = 0; i < a->n_wrong; i++)
                if (streq(a->wrong[i].node, node))
                        return true;
        return false;
}

/* Which nodes have another file than the agreed one, none, or a wrong one; each is named once. Where no node has one the reason
 * says so. */
static int append_files(char **text, const AppInfo *a)
{
        const char *separator = "; ";
        size_t n_others = 0;
        int r = 0;

        for (size_t i = 0; i < a->mismatch.n && r >= 0; i++) {
                const char *node = a->mismatch.items[i];

                if (file_is_wrong(a, node) || strings_contain(&a->missing, node))
                        continue;
                r = append(text, separator, n_others++ == 0 ? "other definition on %s" : "%s", node);
                separator = ", ";
        }
        if (r >= 0 && a->missing.n > 0 && !strstr(a->reason, "no node has a file")) {
                _cleanup_free_ char *names = strings_join(&a->missing, ", ");

                r = names ? append(text, "; ", "no file on %s", names) : -ENOMEM;
        }
        for (size_t i = 0; i < a->n_wrong && r >= 0; i++)
                if (!strstr(a->reason, a->wrong[i].text)) /* it may be why it does not run */
                        r = append(text, "; ", "wrong file on %s: %s", a->wrong[i].node, a->wrong[i].text);
        return r;
}

/* Of what runs: it should end then, but not in maintenance. */
static int append_parts(char **text, const AppInfo *a)
{
        int r = 0;

        for (size_t i = 0; i < a->n_parts && r >= 0; i++) {
                const char *state = a->parts[i].state;

                if (streq(state, "active") || streq(state, "unknown"))
                        continue;
                r = append(text, "; ", "its part %s %s%s", a->parts[i].id,
                                streq(state, "failed")     ? "has failed"
                                : streq(state, "inactive") ? "has ended"
                                                           : "is ",
                                streq(state, "failed") || streq(state, "inactive") ? "" : state);
        }
        return r;
}

char *app_remark(const AppInfo *a, const Moment *now)
{
        _cleanup_free_ char *text = strdup(a->reason);
        uint64_t left = app_info_left(a, now);
        char span[SPAN_MAX];
        int r = text ? 0 : -ENOMEM;

        if (r >= 0 && left != USEC_INFINITY)
                r = append(&text, " ", isempty(a->reason) ? "%s left" : "(%s left)", span_rough(left, span));
        if (r >= 0 && a->maintenance && !strstr(a->reason, "maintenance")) /* the manager may have said it */
                r = append(&text, "; ", "in maintenance");
        if (r >= 0 && a->held)
                r = append(&text, "; ", "held here by hand");
        if (r >= 0 && a->restart_needed)
                r = append(&text, "; ", "restart needed: its file has changed");
        if (r >= 0 && streq(a->state, "running"))
                r = append_parts(&text, a);
        if (r >= 0)
                r = append_files(&text, a);
        return r < 0 ? NULL : TAKE_PTR(text);
}

size_t quorum_warnings(const ManagerInfo *m, const char **ret, size_t n_max)
{
        size_t n = 0;

        for (size_t i = 0; i < QUORUM_WARNINGS_MAX && n < n_max; i++) {
                const QuorumFact *fact = manager_info_fact(m, quorum_warning_table[i].flag);

                if (fact && !fact->text && fact->number > 0)
                        ret[n++] = quorum_warning_table[i].text;
        }
        return n;
}

const char *node_warning(const NodeInfo *n)
{
        /* What a node said that is not there is old. */
        if (streq(n->state, "offline") || streq(n->state, "unknown") || streq(n->state, "manager-gone"))
                return NULL;
        if (!n->guarded)
                return "it has no guard (distro-guard.service): it keeps its workers and gets no new ones";
        if (!n->fused)
                return "it has no fuse (distro-fuse.service): it keeps its workers and gets no application with a part "
                       "that needs it";
        if (streq(n->record, "unwritable"))
                return "its state directory takes no writes (full, or read-only?): it keeps its workers and gets no "
                       "new ones";
        if (streq(n->record, "late"))
                return "its disk does not acknowledge the record in time: it keeps its workers and gets no new ones";
        return NULL;
}

/* Before the first view, and without Corosync. Of quorum it knows nothing then. */
static bool is_outside(const ManagerInfo *m)
{
        return !m->quorate && m->members.n == 0;
}

/* In the group, and before Corosync's first word on the quorum of its ring. */
static bool awaits(const ManagerInfo *m)
{
        return m->quorum_pending && !is_outside(m);
}

/* All is as it was in its last view, and old nevertheless: Corosync is there and says nothing. */
static bool is_isolated(const ManagerInfo *m)
{
        return m->quorate && m->formed && m->synced && m->known.stale;
}

const char *manager_caution(const ManagerInfo *m, const Moment *now, char buffer[CAUTION_MAX])
{
        const char *why = is_outside(m)    ? "this node is not in the group"
                          : awaits(m)      ? "Corosync has not said yet whether this node has quorum"
                          : !m->quorate    ? "this node has no quorum"
                          : !m->formed     ? "the group has not formed"
                          : is_isolated(m) ? "Corosync is silent on this node"
                                           : "this node is not in step";
        char stamp[SPAN_MAX], ago[SPAN_MAX];

        if (!m->known.stale)
                return NULL;
        if (m->known.since_usec == 0 || m->known.since_usec == USEC_INFINITY)
                snprintf(buffer, CAUTION_MAX,
                                "%s: what is shown is what its record holds, and may be old; only what runs on it is "
                                "as of now",
                                why);
        else
                snprintf(buffer, CAUTION_MAX,
                                "%s: what is shown is as of %s, %s; only what runs on it is as of now", why,
                                time_stamp(m->known.since_usec, stamp),
                                time_ago(m->known.since_usec, now->realtime_usec, ago));
        return buffer;
}

/* "yes, 3 of 3 votes, 2 needed"; without numbers from the manager only the word. */
static void print_quorum(FILE *f, const RenderOptions *o, const ManagerInfo *m)
{
        const QuorumFact *total = manager_info_fact(m, "TotalVotes"),
                         *expected = manager_info_fact(m, "ExpectedVotes"),
                         *needed = manager_info_fact(m, "Quorum"), *device = manager_info_fact(m, "Device"),
                         *for_all = manager_info_fact(m, "WaitForAll");
        Color color = m->quorate && !is_isolated(m) ? COLOR_GREEN : awaits(m) ? COLOR_YELLOW : COLOR_RED;
        const char *word = is_isolated(m)  ? "not known: Corosync is silent"
                           : m->quorate    ? "yes"
                           : is_outside(m) ? "not known: this node is not in the group"
                           : awaits(m)     ? "not known yet: Corosync has not said it for this ring"
                                           : "NO: nothing starts or moves here";
        const char *with = device && device->number > 0 ? ", with a quorum device" : "";

        if (total && expected && needed)
                print_fieldf(f, o, color, "Quorum",
                                "%s; %" PRIu64 " of %" PRIu64 " votes, %" PRIu64 " needed%s", word,
                                total->number, expected->number, needed->number, with);
        else
                print_fieldf(f, o, color, "Quorum", "%s%s", word, with);
        if (total && needed && !m->quorate && total->number >= needed->number && for_all &&
                        for_all->number > 0)
                print_field(f, o, color, "Hint",
                                "wait_for_all: after a boot Corosync gives no quorum before all nodes have been there.");
}

static int print_manager(FILE *f, const RenderOptions *o, const Snapshot *s)
{
        const ManagerInfo *m = &s->manager;
        _cleanup_free_ char *members = strings_join(&m->members, ", "),
                            *waiting = strings_join(&m->waiting_for, ", ");
        const NodeInfo *own = snapshot_find_node(s, m->node_name);
        bool well = m->quorate && m->formed && m->synced && !m->known.stale;
        char caution[CAUTION_MAX], when[SPAN_MAX];
        const char *warnings[8];
        size_t n_warnings;

        if (!members || !waiting)
                return -ENOMEM;
        print_headline(f, o,
                        well                            ? COLOR_GREEN
                        : m->quorate && !is_isolated(m) ? COLOR_YELLOW
                                                        : COLOR_RED,
                        m->node_name,
                        well             ? "takes part in the cluster"
                        : is_outside(m)  ? "is not in the group"
                        : awaits(m)      ? "waits for Corosync's word on quorum"
                        : !m->quorate    ? "has no quorum"
                        : !m->formed     ? "waits for the group to form"
                        : is_isolated(m) ? "is cut off: Corosync is silent"
                                         : "is being brought up to date");
        if (s->n_nodes > 0)
                print_fieldf(f, o, COLOR_NONE, "View", "%s, %zu of %zu nodes%s%s",
                                m->members.n == 0 ? "none" : m->view, m->members.n, s->n_nodes,
                                m->members.n > 0 ? ": " : "", members);
        else /* before the group has formed there is nothing that they could be counted against */
                print_fieldf(f, o, COLOR_NONE, "View", "%s%s%s", m->members.n == 0 ? "none" : m->view,
                                m->members.n > 0 ? ", of " : "", members);
        print_quorum(f, o, m);
        print_field(f, o, well ? COLOR_NONE : COLOR_YELLOW, "Group",
                        is_outside(m)    ? "not known: this node is not in it"
                        : awaits(m)      ? "not known yet"
                        : !m->quorate    ? "without quorum"
                        : !m->formed     ? "not formed yet: no application is started"
                        : is_isolated(m) ? "not known: this node hears nothing of it"
                        : m->synced      ? "formed, this node is in step"
                                         : "formed, this node is not in step yet");
        print_field(f, o, COLOR_YELLOW, "Caution", manager_caution(m, &o->now, caution));
        if (!well || (own && streq(own->state, "leaving"))) /* it says what it waits for */
                print_field(f, o, COLOR_YELLOW, "Status", m->status);
        if (m->waiting_for.n > 0) {
                print_field(f, o, COLOR_YELLOW, "Waits for", waiting);
                if (!m->formed && o->legend && !o->address) /* it would be a cluster of this node alone */
                        print_field(f, o, COLOR_NONE, "Hint",
                                        "'distroctl form' goes on without them. Only where they cannot be "
                                        "running anything!");
        }
        print_field(f, o, COLOR_YELLOW, "Warning", o->address);
        n_warnings = quorum_warnings(m, warnings, ELEMENTSOF(warnings));
        for (size_t i = 0; i < n_warnings; i++)
                print_field(f, o, COLOR_YELLOW, "Warning", warnings[i]);
        FOREACH_ARRAY(n, s->nodes, s->n_nodes) {
                const char *warning = node_warning(n);

                if (warning)
                        print_fieldf(f, o, COLOR_YELLOW, "Warning", "%s: %s.", n->name, warning);
        }
        if (m->rebooted_usec != 0)
                print_fieldf(f, o, COLOR_YELLOW, "Rebooted", "this host rebooted itself at %s: %s",
                                time_stamp(m->rebooted_usec, when), strempty(m->rebooted_why));
        if (m->n_file_warnings > 0)
                print_fieldf(f, o, COLOR_YELLOW, "Files",
                                "%" PRIu32 " warning%s about those of this node: 'distroctl verify' tells",
                                m->n_file_warnings, m->n_file_warnings == 1 ? "" : "s");
        return 0;
}

static void add_node_row(Table *t, const NodeInfo *n)
{
        _cleanup_free_ char *apps = strings_join(&n->applications, " ");

        table_add(t, COLOR_NONE, n->name);
        table_addf(t, node_state_color(n->state), "%s%s", n->state, n->standby ? ", standby" : "");
        if (!apps)
                t->error = -ENOMEM;
        table_add(t, COLOR_NONE, apps);
}

static void add_app_row(Table *t, const AppInfo *a, const Moment *now)
{
        _cleanup_free_ char *remark = app_remark(a, now);
        char ago[SPAN_MAX];

        if (!remark)
                t->error = -ENOMEM;
        table_add(t, COLOR_NONE, a->name);
        table_add(t, app_state_color(a->state), a->state);
        table_add(t, COLOR_NONE, a->node);
        table_addf(t, COLOR_NONE, "%s%s%s",
                        isempty(a->start_type) || streq(a->start_type, "none") ? "-" : a->start_type,
                        isempty(a->from_node) ? "" : " from ", a->from_node);
        table_add(t, COLOR_NONE, time_ago(a->changed_usec, now->realtime_usec, ago));
        table_add(t, COLOR_NONE, remark);
}

static const char *const node_headers[] = { "NODE", "STATE", "APPLICATIONS", NULL };
static const char *const app_headers[] = { "APPLICATION", "STATE", "NODE", "LAST START", "SINCE", "REMARK",
        NULL };

int render_node_list(FILE *f, const RenderOptions *o, const NodeInfo *const *nodes, size_t n)
{
        _cleanup_(table_done) Table t = table_start(node_headers);

        for (size_t i = 0; i < n; i++)
                add_node_row(&t, nodes[i]);
        return table_print(&t, f, &o->style, 0, o->legend, o->full);
}

int render_app_list(FILE *f, const RenderOptions *o, const AppInfo *const *apps, size_t n)
{
        _cleanup_(table_done) Table t = table_start(app_headers);

        for (size_t i = 0; i < n; i++)
                add_app_row(&t, apps[i], &o->now);
        return table_print(&t, f, &o->style, 0, o->legend, o->full);
}

int render_overview(FILE *f, const RenderOptions *o, const Snapshot *s)
{
        _cleanup_(table_done) Table nodes = table_start(node_headers), apps = table_start(app_headers);
        int r = print_manager(f, o, s);

        if (r < 0)
                return r;
        FOREACH_ARRAY(n, s->nodes, s->n_nodes)
                add_node_row(&nodes, n);
        FOREACH_ARRAY(a, s->apps, s->n_apps)
                add_app_row(&apps, a, &o->now);
        fputc('\n', f);
        r = table_print(&nodes, f, &o->style, 0, o->legend, o->full);
        if (r < 0)
                return r;
        fputc('\n', f);
        if (s->n_apps > 0)
                return table_print(&apps, f, &o->style, 0, o->legend, o->full);
        if (o->legend && !s->manager.formed)
                fprintf(f, "Which applications there are is not known before the group has formed.\n");
        else if (o->legend)
                fprintf(f, "No applications. Their files belong in /etc/distro-manager/applications/; see "
                           "distro-manager.app(5).\n");
        return 0;
}

int render_eligibility(FILE *f, const RenderOptions *o, unsigned indent, const NodeEligibility *e, size_t n)
{
        static const char *const headers[] = { "NODE", "MAY RUN IT", "WHY", NULL };
        _cleanup_(table_done) Table t = table_start(headers);

        for (size_t i = 0; i < n; i++) {
                table_add(&t, COLOR_NONE, e[i].node);
                table_add(&t, e[i].eligible ? COLOR_GREEN : COLOR_RED, yes_no(e[i].eligible));
                table_add(&t, COLOR_NONE, e[i].why);
        }
        return table_print(&t, f, &o->style, indent, o->legend, o->full);
}

/* "running on abc since Fri 2026-… ; 2min ago" */
static void print_app_state(FILE *f, const RenderOptions *o, const AppInfo *a)
{
        _cleanup_free_ char *state = text_clean(strempty(a->state)), *node = text_clean(strempty(a->node));
        char stamp[SPAN_MAX], ago[SPAN_MAX];

        fprintf(f, "%*s: %s%s%s", LABEL_WIDTH, "State", style_on(&o->style, app_state_color(a->state)),
                        strempty(state), style_off(&o->style, app_state_color(a->state)));
        if (!isempty(node))
                fprintf(f, " on %s", node);
        if (a->changed_usec > 0)
                fprintf(f, " since %s; %s", time_stamp(a->changed_usec, stamp),
                                time_ago(a->changed_usec, o->now.realtime_usec, ago));
        fputc('\n', f);
}

static int print_marks(FILE *f, const RenderOptions *o, const AppInfo *a)
{
        _cleanup_free_ char *text = NULL;
        char stamp[SPAN_MAX];

        FOREACH_ARRAY(failure, a->failures, a->n_failures) {
                bool dated = failure->until_usec > 0 && failure->until_usec != USEC_INFINITY;
                bool over = dated && failure->until_usec <= o->now.realtime_usec;
                int r = over ? append(&text, ", ", "%s (expired: good for the next start)", failure->node)
                             : append(&text, ", ", "%s until %s", failure->node,
                                               dated ? time_stamp(failure->until_usec, stamp) : "cleared");

                if (r < 0)
                        return r;
        }
        print_field(f, o, COLOR_YELLOW, "Failed on", text);
        if (text && o->legend)
                print_fieldf(f, o, COLOR_NONE, "Hint",
                                "'journalctl -u %s' there shows why; 'distroctl clear %s' lets it try again.",
                                a->unit, a->name);
        return 0;
}

/* What to do where nothing goes on by itself and no mark has its hint. */
static void print_next_step(FILE *f, const RenderOptions *o, const AppInfo *a)
{
        if (!o->legend)
                return;
        if (strstr(a->reason, "its stop") && strstr(a->reason, "did not end: its part"))
                print_fieldf(f, o, COLOR_NONE, "Hint",
                                "End %s%s what the remark names: it goes on by itself then, and starts nowhere else "
                                "before.",
                                isempty(a->node) ? "there" : "on ", a->node);
        else if (strstr(a->reason, "its stop") && strstr(a->reason, "did not end"))
                print_fieldf(f, o, COLOR_NONE, "Hint",
                                "'systemctl status %s' %s%s shows its processes; it starts nowhere else before they have "
                                "ended.",
                                a->unit, isempty(a->node) ? "there" : "on ", a->node);
        else if (streq(a->state, "failed") && a->n_failures == 0)
                print_fieldf(f, o, COLOR_NONE, "Hint",
                                "'journalctl -u %s' where it ran shows why; 'distroctl start %s' starts it again.",
                                a->unit, a->name);
}

static int print_permissions(FILE *f, const RenderOptions *o, const AppInfo *a)
{
        _cleanup_free_ char *text = NULL;

        FOREACH_ARRAY(permission, a->permissions, a->n_permissions)
                if (!permission->allowed && append(&text, ", ", "%s", permission->node) < 0)
                        return -ENOMEM;
        print_field(f, o, COLOR_NONE, "Forbidden", text);
        return 0;
}

/* A table where they are; where they run elsewhere the words that say where to look. What runs here may have none yet: it was
 * started before its file had them. */
static int print_parts(FILE *f, const RenderOptions *o, const AppInfo *a, const char *own)
{
        static const char *const headers[] = { "PART", "NAME", "STATE", "SINCE", "WHAT IT SAYS", NULL };
        _cleanup_(table_done) Table t = table_start(headers);

        if (a->n_parts == 0) {
                if (a->has_parts && streq(a->node, own))
                        print_field(f, o, COLOR_NONE, "Parts", "none yet");
                else if (a->has_parts && !isempty(a->node))
                        print_fieldf(f, o, COLOR_NONE, "Parts",
                                        "shown on %s alone: 'distroctl -H %s status %s'", a->node, a->node,
                                        a->name);
                return 0;
        }
        FOREACH_ARRAY(part, a->parts, a->n_parts) {
                char ago[SPAN_MAX];

                table_add(&t, COLOR_NONE, part->kind);
                table_add(&t, COLOR_NONE, part->id);
                table_add(&t, part_state_color(part->state), part->state);
                table_add(&t, COLOR_NONE, time_ago(part->since_usec, o->now.realtime_usec, ago));
                table_add(&t, COLOR_NONE, part->text);
        }
        fputc('\n', f);
        return table_print(&t, f, &o->style, 2, o->legend, o->full);
}

int render_app(FILE *f, const RenderOptions *o, const AppInfo *a, const char *own,
                const NodeEligibility *eligibility, size_t n_eligibility)
{
        _cleanup_free_ char *remark = app_remark(a, &o->now), *tiers = app_tiers(a);
        bool never = a->failover_delay_usec == USEC_INFINITY;
        char span[SPAN_MAX];
        int r;

        if (!remark || !tiers)
                return -ENOMEM;
        print_headline(f, o, app_state_color(a->state), a->name, a->description);
        print_app_state(f, o, a);
        print_field(f, o, COLOR_YELLOW, "Caution", o->caution);
        print_field(f, o, COLOR_NONE, "Remark", remark);
        print_field(f, o, COLOR_NONE, "Target", a->target);
        if (a->epoch > 0)
                print_fieldf(f, o, COLOR_NONE, isempty(a->node) ? "Last start" : "Start",
                                "%s%s%s, epoch %" PRIu64, isempty(a->start_type) ? "unknown" : a->start_type,
                                isempty(a->from_node) ? "" : " from ", a->from_node, a->epoch);
        print_field(f, o, COLOR_NONE, "Unit", a->unit);
        print_field(f, o, COLOR_NONE, "Nodes", tiers);
        print_fieldf(f, o, COLOR_NONE, "Failover", "%s%s%s%s",
                        a->failover_delay_usec > 0 && !never ? "after " : "",
                        never                         ? "never by itself"
                        : a->failover_delay_usec == 0 ? "at once"
                                                      : span_exact(a->failover_delay_usec, span),
                        a->failover_delay_auto ? " (auto)" : "",
                        a->hand_over ? "" : ", also in a planned leave: HandOver=no");
        r = print_permissions(f, o, a);
        if (r < 0)
                return r;
        r = print_marks(f, o, a);
        if (r >= 0) {
                print_next_step(f, o, a);
                r = print_parts(f, o, a, own);
        }
        if (r < 0 || n_eligibility == 0)
                return r;
        fputc('\n', f);
        return render_eligibility(f, o, 2, eligibility, n_eligibility);
}

int render_node(FILE *f, const RenderOptions *o, const NodeInfo *n, const char *own)
{
        _cleanup_free_ char *apps = strings_join(&n->applications, " ");
        Color color = node_state_color(n->state);

        if (!apps)
                return -ENOMEM;
        print_headline(f, o, color, n->name, NULL);
        print_field(f, o, color, "State", n->state);
        print_field(f, o, COLOR_YELLOW, "Caution", o->caution);
        print_fieldf(f, o, COLOR_NONE, "Id", "%" PRIu32, n->id);
        if (n->standby)
                print_fieldf(f, o, COLOR_YELLOW, "Standby",
                                "yes: nothing is placed here until 'distroctl unstandby %s'", n->name);
        else
                print_field(f, o, COLOR_NONE, "Standby", "no");
        print_field(f, o, COLOR_YELLOW, "Warning", node_warning(n));
        /* A manager that knows nothing of others knows of itself. */
        print_field(f, o, COLOR_NONE, "Runs",
                        !isempty(apps)                           ? apps
                        : n->known.stale && !streq(n->name, own) ? "not known"
                                                                 : "nothing");
        return 0;
}
