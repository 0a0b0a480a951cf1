/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a{sv} to the structs of model.h. One table per interface says which property fills which field. */

#include "base/array.h"
#include "ctl/bus-client.h"
#include "ctl/model.h"

typedef int (*FieldReader)(sd_bus_message *m, void *field);

typedef struct InfoField {
        const char *property;
        const char *type;
        FieldReader read;
        size_t offset;
} InfoField;

static int read_string(sd_bus_message *m, void *field)
{
        char **p = field, *copy;
        const char *s;
        int r = sd_bus_message_read_basic(m, 's', &s);

        if (r < 0)
                return r;
        copy = strdup(s);
        if (!copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}

static int read_u64(sd_bus_message *m, void *field)
{
        return sd_bus_message_read_basic(m, 't', field);
}

static int read_u32(sd_bus_message *m, void *field)
{
        return sd_bus_message_read_basic(m, 'u', field);
}

static int read_bool(sd_bus_message *m, void *field)
{
        int value, r = sd_bus_message_read_basic(m, 'b', &value);

        if (r < 0)
                return r;
        *(bool *) field = value;
        return 0;
}

/* A deadline of 0 means none, as USEC_INFINITY does. */
static int read_deadline(sd_bus_message *m, void *field)
{
        uint64_t value;
        int r = sd_bus_message_read_basic(m, 't', &value);

        if (r < 0)
                return r;
        *(uint64_t *) field = value == 0 ? USEC_INFINITY : value;
        return 0;
}

static int read_strings(sd_bus_message *m, void *field)
{
        Strings *strings = field;
        const char *s;
        int r = sd_bus_message_enter_container(m, 'a', "s");

        while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &s)) > 0)
                r = strings_add(strings, s);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_tiers(sd_bus_message *m, void *field)
{
        AppInfo *a = field;
        int r = sd_bus_message_enter_container(m, 'a', "as");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                if (ARRAY_GROW(a->tiers, a->n_tiers, a->n_tiers_allocated) < 0)
                        return -ENOMEM;
                r = read_strings(m, &a->tiers[a->n_tiers++]);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_permissions(sd_bus_message *m, void *field)
{
        AppInfo *a = field;
        const char *node;
        int allowed, r = sd_bus_message_enter_container(m, 'a', "{sb}");

        while (r >= 0 && (r = sd_bus_message_read(m, "{sb}", &node, &allowed)) > 0) {
                if (ARRAY_GROW(a->permissions, a->n_permissions, a->n_permissions_allocated) < 0)
                        return -ENOMEM;
                a->permissions[a->n_permissions] =
                                (NodePermission){ .node = strdup(node), .allowed = allowed };
                if (!a->permissions[a->n_permissions].node)
                        return -ENOMEM;
                a->n_permissions++;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_failures(sd_bus_message *m, void *field)
{
        AppInfo *a = field;
        const char *node;
        uint64_t until;
        int r = sd_bus_message_enter_container(m, 'a', "{st}");

        while (r >= 0 && (r = sd_bus_message_read(m, "{st}", &node, &until)) > 0) {
                if (ARRAY_GROW(a->failures, a->n_failures, a->n_failures_allocated) < 0)
                        return -ENOMEM;
                a->failures[a->n_failures] = (NodeFailure){ .node = strdup(node), .until_usec = until };
                if (!a->failures[a->n_failures].node)
                        return -ENOMEM;
                a->n_failures++;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_wrong(sd_bus_message *m, void *field)
{
        AppInfo *a = field;
        const char *node, *text;
        int r = sd_bus_message_enter_container(m, 'a', "{ss}");

        while (r >= 0 && (r = sd_bus_message_read(m, "{ss}", &node, &text)) > 0) {
                NodeText *w;

                if (ARRAY_GROW(a->wrong, a->n_wrong, a->n_wrong_allocated) < 0)
                        return -ENOMEM;
                w = &a->wrong[a->n_wrong++];
                *w = (NodeText){ .node = strdup(node), .text = strdup(text) };
                if (!w->node || !w->text)
                        return -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_digests(sd_bus_message *m, void *field)
{
        AppInfo *a = field;
        const char *node;
        uint64_t digest;
        int r = sd_bus_message_enter_container(m, 'a', "{st}");

        while (r >= 0 && (r = sd_bus_message_read(m, "{st}", &node, &digest)) > 0) {
                if (ARRAY_GROW(a->digests, a->n_digests, a->n_digests_allocated) < 0)
                        return -ENOMEM;
                a->digests[a->n_digests] = (NodeDigest){ .node = strdup(node), .digest = digest };
                if (!a->digests[a->n_digests].node)
                        return -ENOMEM;
                a->n_digests++;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_parts(sd_bus_message *m, void *field)
{
        AppInfo *a = field;
        const char *kind, *id, *state, *text;
        uint64_t since;
        int r = sd_bus_message_enter_container(m, 'a', "(sssts)");

        while (r >= 0 && (r = sd_bus_message_read(m, "(sssts)", &kind, &id, &state, &since, &text)) > 0) {
                PartInfo *part;

                if (ARRAY_GROW(a->parts, a->n_parts, a->n_parts_allocated) < 0)
                        return -ENOMEM;
                part = &a->parts[a->n_parts++];
                *part = (PartInfo){ .kind = strdup(kind),
                        .id = strdup(id),
                        .state = strdup(state),
                        .text = strdup(text),
                        .since_usec = since };
                if (!part->kind || !part->id || !part->state || !part->text)
                        return -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* One variant of QuorumDetail. Types that are neither number nor text are left out. */
static int read_fact(sd_bus_message *m, QuorumFact *fact, bool *ret_known)
{
        const char *contents;
        char type;
        BusValue value;
        int r = sd_bus_message_peek_type(m, &type, &contents);

        if (r < 0)
                return r;
        *ret_known = strlen(contents) == 1 && strchr("byuts", contents[0]);
        if (!*ret_known)
                return sd_bus_message_skip(m, "v");
        type = contents[0];
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;
        fact->is_bool = type == 'b';
        if (type == 's') {
                fact->text = strdup(value.s);
                if (!fact->text)
                        return -ENOMEM;
        } else
                fact->number = type == 'b'   ? (uint64_t) !!value.b
                               : type == 'y' ? value.y
                               : type == 'u' ? value.u
                                             : value.t;
        return sd_bus_message_exit_container(m);
}

static int read_facts(sd_bus_message *m, void *field)
{
        ManagerInfo *info = field;
        const char *key;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                QuorumFact *fact;
                bool known;

                r = sd_bus_message_read_basic(m, 's', &key);
                if (r < 0)
                        return r;
                if (ARRAY_GROW(info->facts, info->n_facts, info->n_facts_allocated) < 0)
                        return -ENOMEM;
                fact = &info->facts[info->n_facts];
                *fact = (QuorumFact){};
                r = read_fact(m, fact, &known);
                if (r >= 0 && known) {
                        fact->key = strdup(key);
                        info->n_facts++;
                        if (!fact->key)
                                return -ENOMEM;
                }
                if (r < 0) {
                        free(fact->text);
                        fact->text = NULL;
                        return r;
                }
                r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Reads the whole a{sv}; what the table does not name, or names with another type, is skipped: a manager of
 * another version has properties that this tool does not know. */
static int read_properties(sd_bus_message *m, const InfoField *fields, size_t n_fields, void *into)
{
        const char *name, *contents;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const InfoField *field = NULL;
                char type;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                r = sd_bus_message_peek_type(m, &type, &contents);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < n_fields && !field; i++)
                        if (streq(fields[i].property, name) && streq(fields[i].type, contents))
                                field = fields + i;
                if (field) {
                        r = sd_bus_message_enter_container(m, 'v', contents);
                        if (r < 0)
                                return r;
                        r = field->read(m, (uint8_t *) into + field->offset);
                        if (r < 0)
                                return r;
                        r = sd_bus_message_exit_container(m);
                } else
                        r = sd_bus_message_skip(m, "v");
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Readers of a whole struct begin at its start, the others at their field. */
static const InfoField manager_fields[] = {
        { "NodeName", "s", read_string, offsetof(ManagerInfo, node_name) },
        { "NodeId", "u", read_u32, offsetof(ManagerInfo, node_id) },
        { "View", "s", read_string, offsetof(ManagerInfo, view) },
        { "Quorate", "b", read_bool, offsetof(ManagerInfo, quorate) },
        { "QuorumPending", "b", read_bool, offsetof(ManagerInfo, quorum_pending) },
        { "Synced", "b", read_bool, offsetof(ManagerInfo, synced) },
        { "Stale", "b", read_bool, offsetof(ManagerInfo, known.stale) },
        { "StaleSinceTimestamp", "t", read_u64, offsetof(ManagerInfo, known.since_usec) },
        { "Formed", "b", read_bool, offsetof(ManagerInfo, formed) },
        { "Members", "as", read_strings, offsetof(ManagerInfo, members) },
        { "Version", "s", read_string, offsetof(ManagerInfo, version) },
        { "WaitingFor", "as", read_strings, offsetof(ManagerInfo, waiting_for) },
        { "Status", "s", read_string, offsetof(ManagerInfo, status) },
        { "QuorumDetail", "a{sv}", read_facts, 0 },
        { "TokenUSec", "t", read_u64, offsetof(ManagerInfo, token_usec) },
        { "ConsensusUSec", "t", read_u64, offsetof(ManagerInfo, consensus_usec) },
        { "FileWarnings", "u", read_u32, offsetof(ManagerInfo, n_file_warnings) },
        { "SelfRebootTimestamp", "t", read_u64, offsetof(ManagerInfo, rebooted_usec) },
        { "SelfRebootReason", "s", read_string, offsetof(ManagerInfo, rebooted_why) },
};

static const InfoField app_fields[] = {
        { "Name", "s", read_string, offsetof(AppInfo, name) },
        { "Description", "s", read_string, offsetof(AppInfo, description) },
        { "State", "s", read_string, offsetof(AppInfo, state) },
        { "Reason", "s", read_string, offsetof(AppInfo, reason) },
        { "Node", "s", read_string, offsetof(AppInfo, node) },
        { "StartType", "s", read_string, offsetof(AppInfo, start_type) },
        { "FromNode", "s", read_string, offsetof(AppInfo, from_node) },
        { "Epoch", "t", read_u64, offsetof(AppInfo, epoch) },
        { "Unit", "s", read_string, offsetof(AppInfo, unit) },
        { "Target", "s", read_string, offsetof(AppInfo, target) },
        { "Nodes", "aas", read_tiers, 0 },
        { "FailoverDelayUSec", "t", read_u64, offsetof(AppInfo, failover_delay_usec) },
        { "FailoverDelayAuto", "b", read_bool, offsetof(AppInfo, failover_delay_auto) },
        { "HandOver", "b", read_bool, offsetof(AppInfo, hand_over) },
        { "Permissions", "a{sb}", read_permissions, 0 },
        { "Failures", "a{st}", read_failures, 0 },
        { "Parts", "a(sssts)", read_parts, 0 },
        { "HasParts", "b", read_bool, offsetof(AppInfo, has_parts) },
        { "Maintenance", "b", read_bool, offsetof(AppInfo, maintenance) },
        { "Held", "b", read_bool, offsetof(AppInfo, held) },
        { "RestartNeeded", "b", read_bool, offsetof(AppInfo, restart_needed) },
        { "Stale", "b", read_bool, offsetof(AppInfo, known.stale) },
        { "StaleSinceTimestamp", "t", read_u64, offsetof(AppInfo, known.since_usec) },
        { "StateChangeTimestamp", "t", read_u64, offsetof(AppInfo, changed_usec) },
        { "DeadlineUSec", "t", read_deadline, offsetof(AppInfo, deadline_usec) },
        { "DefinitionMismatch", "as", read_strings, offsetof(AppInfo, mismatch) },
        { "MissingFiles", "as", read_strings, offsetof(AppInfo, missing) },
        { "WrongFiles", "a{ss}", read_wrong, 0 },
        { "FileDigests", "a{st}", read_digests, 0 },
};

static const InfoField node_fields[] = {
        { "Name", "s", read_string, offsetof(NodeInfo, name) },
        { "Id", "u", read_u32, offsetof(NodeInfo, id) },
        { "State", "s", read_string, offsetof(NodeInfo, state) },
        { "Standby", "b", read_bool, offsetof(NodeInfo, standby) },
        { "Stale", "b", read_bool, offsetof(NodeInfo, known.stale) },
        { "StaleSinceTimestamp", "t", read_u64, offsetof(NodeInfo, known.since_usec) },
        { "Record", "s", read_string, offsetof(NodeInfo, record) },
        { "Guarded", "b", read_bool, offsetof(NodeInfo, guarded) },
        { "Fused", "b", read_bool, offsetof(NodeInfo, fused) },
        { "FilesUnread", "b", read_bool, offsetof(NodeInfo, unread) },
        { "Applications", "as", read_strings, offsetof(NodeInfo, applications) },
};

/* Text fields that no property filled become "". */
static int fill_empty(const InfoField *fields, size_t n_fields, void *into)
{
        for (size_t i = 0; i < n_fields; i++) {
                char **p = (char **) (void *) ((uint8_t *) into + fields[i].offset);

                if (fields[i].read != read_string || *p)
                        continue;
                *p = strdup("");
                if (!*p)
                        return -ENOMEM;
        }
        return 0;
}

int manager_info_read(sd_bus_message *m, ManagerInfo *ret)
{
        int r = read_properties(m, manager_fields, ELEMENTSOF(manager_fields), ret);

        return r < 0 ? r : fill_empty(manager_fields, ELEMENTSOF(manager_fields), ret);
}

int app_info_read(sd_bus_message *m, AppInfo *ret)
{
        int r;

        ret->deadline_usec = USEC_INFINITY;
        r = read_properties(m, app_fields, ELEMENTSOF(app_fields), ret);
        return r < 0 ? r : fill_empty(app_fields, ELEMENTSOF(app_fields), ret);
}

int node_info_read(sd_bus_message *m, NodeInfo *ret)
{
        int r;

        ret->guarded = ret->fused = true; /* where the manager does not say */
        r = read_properties(m, node_fields, ELEMENTSOF(node_fields), ret);
        return r < 0 ? r : fill_empty(node_fields, ELEMENTSOF(node_fields), ret);
}
