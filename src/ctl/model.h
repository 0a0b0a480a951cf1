/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager shows on the bus, read into plain structs. Strings are never NULL after reading: a
 * property that the manager does not have is "" or 0. */

#include "ctl/ctl.h"

typedef struct Strings {
        char **items;
        size_t n, n_allocated;
} Strings;

void strings_done(Strings *s);
int strings_add(Strings *s, const char *text);
/* The same with a text that becomes the list's, as text_format() makes one; NULL: -ENOMEM. */
int strings_take(Strings *s, char *text);
bool strings_contain(const Strings *s, const char *text);
/* "a, b and c"; the caller frees; NULL without memory. */
char *strings_join(const Strings *s, const char *separator);

/* One entry of QuorumDetail: a number, or words. */
typedef struct QuorumFact {
        char *key;
        char *text;      /* NULL: it is a number */
        uint64_t number; /* a boolean is 0 or 1 */
        bool is_bool;
} QuorumFact;

/* How old what the asked node shows is. `since_usec` is CLOCK_REALTIME, and has a meaning where it is stale: the last
 * moment at which it is certain to have been so; USEC_INFINITY: not known. */
typedef struct Known {
        bool stale;
        uint64_t since_usec;
} Known;

typedef struct ManagerInfo {
        char *node_name, *view, *version, *status, *rebooted_why;
        uint32_t node_id, n_file_warnings;
        bool quorate, quorum_pending, synced, formed;
        Known known;
        Strings members, waiting_for;
        uint64_t token_usec, consensus_usec, rebooted_usec;
        QuorumFact *facts;
        size_t n_facts, n_facts_allocated;
} ManagerInfo;

typedef struct NodePermission {
        char *node;
        bool allowed;
} NodePermission;

typedef struct NodeFailure {
        char *node;
        uint64_t until_usec; /* CLOCK_REALTIME; 0 or USEC_INFINITY: until cleared */
} NodeFailure;

typedef struct NodeText {
        char *node, *text;
} NodeText;

typedef struct NodeDigest {
        char *node;
        uint64_t digest;
} NodeDigest;

/* A part of the copy on the asked node. */
typedef struct PartInfo {
        char *kind, *id, *state, *text;
        uint64_t since_usec; /* CLOCK_REALTIME; 0: not known */
} PartInfo;

typedef struct AppInfo {
        char *name, *description, *state, *reason, *node, *start_type, *from_node, *unit, *target;
        uint64_t epoch, failover_delay_usec, changed_usec;
        uint64_t deadline_usec; /* CLOCK_BOOTTIME of the manager's host; USEC_INFINITY: none */
        bool failover_delay_auto, hand_over, maintenance, held, restart_needed;
        bool has_parts; /* the asked node's file has */
        PartInfo *parts;
        size_t n_parts, n_parts_allocated;
        Known known;
        Strings *tiers; /* Nodes=, tier by tier */
        size_t n_tiers, n_tiers_allocated;
        NodePermission *permissions;
        size_t n_permissions, n_permissions_allocated;
        NodeFailure *failures;
        size_t n_failures, n_failures_allocated;
        Strings mismatch, missing; /* nodes with another definition, or none; of these, with no file */
        NodeText *wrong;
        size_t n_wrong, n_wrong_allocated;
        NodeDigest *digests; /* of the nodes' files, as was heard last; 0: none that can be used */
        size_t n_digests, n_digests_allocated;
} AppInfo;

typedef struct NodeInfo {
        char *name, *state, *record;
        uint32_t id;
        bool standby, guarded, fused, unread;
        Known known;
        Strings applications;
} NodeInfo;

/* One application's files on the asked node. */
typedef struct FileInfo {
        char *app;
        uint64_t digest; /* of what is in force there; 0: nothing */
        bool right;
} FileInfo;

/* One node's line of Explain(). */
typedef struct NodeEligibility {
        char *node;
        bool eligible;
        char *why;
} NodeEligibility;

typedef struct Snapshot {
        ManagerInfo manager;
        AppInfo *apps; /* sorted by name */
        size_t n_apps, n_apps_allocated;
        NodeInfo *nodes; /* sorted by id */
        size_t n_nodes, n_nodes_allocated;
} Snapshot;

void manager_info_done(ManagerInfo *m);
void app_info_done(AppInfo *a);
void node_info_done(NodeInfo *n);
void snapshot_done(Snapshot *s);
void eligibility_done(NodeEligibility *e, size_t n);
void files_done(FileInfo *files, size_t n);

/* Each reads an a{sv} from the message. Properties that are not known are skipped, those of another type too.
 * Returns 0, -ENOMEM, or -EBADMSG. The struct is empty before; the caller ends it with ..._done() also on
 * failure. */
int manager_info_read(sd_bus_message *m, ManagerInfo *ret);
int app_info_read(sd_bus_message *m, AppInfo *ret);
int node_info_read(sd_bus_message *m, NodeInfo *ret);

/* Asks the bus; waits. 0, or a negative errno with `error` set where the manager answered one. */
int app_info_fetch(Ctl *c, const char *name, sd_bus_error *error, AppInfo *ret);
int node_info_fetch(Ctl *c, const char *name, sd_bus_error *error, NodeInfo *ret);
int manager_info_fetch(Ctl *c, sd_bus_error *error, ManagerInfo *ret);
int snapshot_fetch(Ctl *c, sd_bus_error *error, Snapshot *ret);
int eligibility_fetch(Ctl *c, const char *app, sd_bus_error *error, NodeEligibility **ret, size_t *ret_n);
int files_fetch(Ctl *c, sd_bus_error *error, FileInfo **ret, size_t *ret_n);

const AppInfo *snapshot_find_app(const Snapshot *s, const char *name);
const NodeInfo *snapshot_find_node(const Snapshot *s, const char *name);
const QuorumFact *manager_info_fact(const ManagerInfo *m, const char *key);
bool app_info_is_running(const AppInfo *a); /* running, or an orphan that runs on */
/* What the deadline leaves; USEC_INFINITY: there is none, or it cannot be known here. */
uint64_t app_info_left(const AppInfo *a, const Moment *now);
