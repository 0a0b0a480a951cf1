/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one table of what distroctl can do. --help is made from it; completion and manual are tested against
 * --help. */

#include "ctl/ctl.h"

const Verb ctl_verbs[] = {
        { "status", "[APP|NODE...]", 0, -1, OPTION_LINES, "Looking",
                        "How the cluster, an application or a node is", verb_status },
        { "list-applications", "[PATTERN...]", 0, -1, 0, NULL, "All applications, one a line",
                        verb_list_applications },
        { "list-nodes", "[PATTERN...]", 0, -1, 0, NULL, "All nodes, one a line", verb_list_nodes },
        { "show", "[APP|NODE...]", 0, -1, OPTION_PROPERTY, NULL, "Properties as NAME=value, for scripts",
                        verb_show },
        { "locate", "APP...", 1, -1, 0, NULL, "On which node an application runs", verb_locate },
        { "explain", "APP", 1, 1, 0, NULL, "Why each node may or may not run it", verb_explain },
        { "logs", "APP", 1, 1, OPTION_LINES | OPTION_FOLLOW, NULL,
                        "The journal of its worker and its parts, where it runs", verb_logs },
        { "watch", "", 0, 0, 0, NULL, "The status, drawn again at each change", verb_watch },
        { "timing", "", 0, 0, 0, NULL, "How long each failover takes, and whether that is safe",
                        verb_timing },

        { "start", "APP...", 1, -1, OPTION_NO_BLOCK, "Applications", "Start, and wait until it runs",
                        verb_start },
        { "stop", "APP...", 1, -1, OPTION_NO_BLOCK | OPTION_LOCAL, NULL, "Stop, and wait until it is stopped",
                        verb_stop },
        { "restart", "APP...", 1, -1, OPTION_NO_BLOCK, NULL, "Stop and start in place", verb_restart },
        { "reload-service", "APP", 1, 1, 0, NULL, "Have it read its own configuration again, where it runs",
                        verb_reload_service },
        { "takeover", "APP [NODE]", 1, 2, OPTION_NO_BLOCK | OPTION_FORCE, NULL,
                        "Move it to NODE and hold it there, or to the best node", verb_takeover },
        { "permit", "APP NODE", 2, 2, OPTION_NO_BLOCK, NULL, "Let NODE run it", verb_permit },
        { "forbid", "APP NODE", 2, 2, OPTION_NO_BLOCK, NULL, "Do not let NODE run it", verb_permit },
        { "maintenance", "APP on|off", 1, 2, OPTION_ALL, NULL,
                        "Leave its worker alone, whatever happens (or --all)", verb_maintenance },
        { "clear", "[APP] [NODE]", 0, 2, OPTION_ALL | OPTION_PART, NULL, "Forget that it failed there",
                        verb_clear },

        { "standby", "NODE", 1, 1, 0, "Nodes", "Move everything away from NODE, and nothing to it",
                        verb_standby },
        { "unstandby", "NODE", 1, 1, 0, NULL, "Let NODE take part again", verb_standby },
        { "drain", "NODE", 1, 1, 0, NULL, "standby, and wait until everything has moved", verb_drain },
        { "forget", "NODE", 1, 1, 0, NULL, "Forget a node that was taken out of Corosync's nodelist",
                        verb_forget },

        { "verify", "[FILE...]", 0, -1, 0, "Configuration", "Check the configuration, without a manager",
                        verb_verify },
        { "cat", "APP...", 1, -1, 0, NULL, "The files that make up an application", verb_cat },
        { "reload", "", 0, 0, OPTION_ALL, NULL, "Read this node's files again (--all: every node's)",
                        verb_reload },
        { "simulate", "[STEP...]", 0, -1, OPTION_SIMULATE | OPTION_FORCE, NULL, "What would happen if",
                        verb_simulate },
        { "form", "", 0, 0, 0, "Emergencies", "Form the group without the nodes that it waits for",
                        verb_form },
};

const size_t n_ctl_verbs = ELEMENTSOF(ctl_verbs);
