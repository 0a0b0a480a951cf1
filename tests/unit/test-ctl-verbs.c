/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the verbs of distroctl print and how they exit. */

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl-harness.h"

static void test_usage(void **state)
{
        static const ToolCase cases[] = {
                { .args = { "--help" },
                                .out = { "list-applications [PATTERN...]", "--no-pager", "Emergencies:" } },
                { .args = { "--version" }, .out = { "distroctl 0." } },
                { .args = { "frobnicate" },
                                .status = 2,
                                .err = { "There is no command 'frobnicate'", "--help" },
                                .silent = true },
                { .args = { "start" },
                                .status = 2,
                                .err = { "Too few arguments", "distroctl start APP..." } },
                { .args = { "takeover", "a", "b", "c" }, .status = 2, .err = { "Too many arguments" } },
                { .args = { "start", "--force", "web" },
                                .status = 2,
                                .err = { "'start' does not take --force." } },
                { .args = { "--json=xml", "status" },
                                .status = 2,
                                .err = { "short, pretty or off, not 'xml'" } },
                { .args = { "-n", "-3", "status" }, .status = 2, .err = { "number from 0" } },
                { .args = { "-H", "-oProxyCommand=x", "status" },
                                .status = 2,
                                .err = { "wants the name of a host" } },
                { .args = { "--nonsense" }, .status = 2, .err = { "distroctl --help" } },
                { .args = { "maintenance", "web" }, .status = 2, .err = { "maintenance APP on|off" } },
                { .args = { "maintenance", "web", "maybe" },
                                .status = 2,
                                .err = { "maintenance APP on|off" } },
                { .args = { "maintenance", "--all", "web", "on" }, .status = 2, .err = { "--all on|off" } },
                { .args = { "clear", "--all", "web", "abc" }, .status = 2, .err = { "clear --all [NODE]" } },
                { .args = { "-H", "other", "verify" }, .status = 2, .err = { "files of this host" } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_no_manager(void **state)
{
        static const ToolCase cases[] = {
                { .args = { "status" },
                                .status = 1,
                                .err = { "distro-manager is not running", "systemctl start distro-manager" },
                                .silent = true },
                { .args = { "status", "web" }, .status = 1, .err = { "not running" } },
                { .args = { "list-nodes" }, .status = 1, .err = { "not running" } },
                { .args = { "locate", "web" },
                                .status = 1,
                                .err = { "Cannot locate web: distro-manager is not running" } },
                { .args = { "start", "web" },
                                .status = 1,
                                .err = { "Cannot start web: distro-manager is not running" },
                                .not_out = { "may or may not" } },
                { .args = { "show" }, .status = 1, .err = { "not running" } },
                { .args = { "timing" }, .status = 1, .err = { "not running" } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_status(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "status" },
                                .out = { "\u25cf abc - takes part", "Quorum: yes; 2 of 3 votes, 2 needed",
                                                "Warning: last_man_standing",
                                                "bcd   online, standby  silent kept",
                                                "def was lost (1h 59min left)",
                                                "takeover from bcd  2min 5s ago",
                                                "in maintenance; other definition on def", "restart needed" },
                                .not_out = { "\x1b[", "Warning: def", "Status:" } },
                { "well", { "status" },
                                .out = { "Warning: abc: its state directory takes no writes",
                                                "Warning: bcd: its disk does not acknowledge" } },
                { "unguarded", { "status" },
                                .out = { "Warning: bcd: it has no guard (distro-guard.service): it keeps its workers" },
                                .not_out = { "Warning: def" } },
                { "unguarded", { "--json=short", "status" }, .out = { "\"guarded\":false" } },
                { "unfused", { "--json=short", "status" }, .out = { "\"fused\":false" } },
                { "rebooted", { "status" },
                                .out = { "this host rebooted itself at ", ": web did not end\n" } },
                { "rebooted", { "--json=short", "status" },
                                .out = { "\"self_reboot_usec\":1700000000000000,\"self_reboot_reason\":\"web did not end\"" } },
                { "unfused", { "status" },
                                .out = { "Warning: bcd: it has no fuse (distro-fuse.service): it keeps its workers" } },
                { "well", { "status" },
                                .out = { "Files: 2 warnings about those of this node: 'distroctl verify' tells" } },
                { "well", { "status", "--json=short" }, .out = { "\"file_warnings\":2" } },
                { "clean", { "status" }, .not_out = { "Files:", "takes no writes", "acknowledge", "guard" } },
                { "well", { "status", "abc" }, .out = { "Warning: its state directory takes no writes" } },
                { "noquorum", { "status" }, .out = { "Status: Waiting for Corosync: cpg: busy" } },
                { "noquorum", { "status" },
                                .out = { "Quorum: NO: nothing starts or moves here; 1 of 3 votes",
                                                "has no quorum", "Group: without quorum\n",
                                                "Caution: this node has no quorum: what is shown is as of Fri 2026-01-02 03:04:05 UTC, ",
                                                " ago; only what runs on it is as of now\n" },
                                .not_out = { "no application is started" } },
                /* What this node knew last must not be taken for what is. */
                { "noquorum", { "-n0", "status", "web" },
                                .out = { "Caution: this node has no quorum: what is shown is as of Fri 2026-01-02 03:04:05 UTC" } },
                /* Not running is one answer, and that this node cannot know another. */
                { "noquorum", { "-n0", "status", "kept" }, .status = 5, .out = { "State: unknown" } },
                { "noquorum", { "-q", "status", "kept" }, .status = 5, .silent = true },
                { "noquorum", { "--json=short", "status", "kept" }, .status = 5,
                                .out = { "\"state\":\"unknown\"" } },
                { "noquorum", { "status", "bcd" }, .out = { "Caution: this node has no quorum" } },
                { "well", { "-n0", "status", "web", "bcd" }, .not_out = { "Caution" } },
                { "unformed", { "status" },
                                .out = { "not formed yet", "Waits for: bcd, def", "distroctl form",
                                                "Caution: the group has not formed: what is shown is what its record holds, and may be old" } },
                { "unformed", { "--no-legend", "status" }, .out = { "Waits for: bcd, def" },
                                .not_out = { "distroctl form", "APPLICATION" } },
                { "well", { "-q", "status" }, .silent = true },
                { "well", { "-n0", "status", "web" },
                                .out = { "web - The web server", "State: running on abc since ",
                                                "; 2min 5s ago", "Start: takeover from bcd, epoch 42",
                                                "Nodes: abc {bcd def}", "Forbidden: def",
                                                "Failed on: bcd until Fri 2100-01-01 00:00:00 UTC",
                                                "bcd   no          in standby" } },
                { "well", { "-n0", "status", "web" },
                                .out = { "Remark: held here by hand; its part ip-fd00::30 has failed",
                                                "  PART     NAME           STATE   SINCE",
                                                "  address  ip-192.0.2.20  active",
                                                " ago  192.0.2.20/24 is on eth0\n",
                                                "  address  ip-fd00::30    failed  -" },
                                .not_out = { "Parts:" } },
                { "well", { "-n0", "status", "silent" },
                                .out = { "Parts: shown on bcd alone: 'distroctl -H bcd status silent'\n" },
                                .not_out = { "PART " } },
                { "well", { "-n0", "status", "kept" }, .not_out = { "Parts", "PART " } },
                { "well", { "-n0", "status", "db" }, .status = 3,
                                .out = { "State: waiting", "Failover: after 5s" } },
                { "well", { "-n0", "status", "mail" }, .status = 3,
                                .out = { "State: blocked", "Failover: never by itself" } },
                { "well", { "status", "bcd" },
                                .out = { "State: online", "Standby: yes", "Runs: silent kept" } },
                { "well", { "-n0", "status", "web", "nope", "db" }, .status = 4,
                                .out = { "The web server", "The database" },
                                .err = { "There is no application and no node named nope" } },
                { "well", { "status", "-q", "idle" }, .status = 3, .silent = true },
                { "well", { "status", "No such/name" }, .status = 4, .err = { "named No such/name" } },
        };

        setenv("COROSYNC_MAIN_CONFIG_FILE", "/nonexistent/corosync.conf", 1); /* this host's may be wrong */
        tool_run_cases(cases, ELEMENTSOF(cases));
        unsetenv("COROSYNC_MAIN_CONFIG_FILE");
        unsetenv("LIBMOUNT_FSTAB");
}

static void test_lists(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "list-applications" },
                                .out = { "APPLICATION  STATE", "db           waiting  -",
                                                "\n8 applications.\n" } },
                { "well", { "list-applications", "--no-legend", "w*" }, .out = { "web  running" },
                                .not_out = { "STATE", "db" } },
                { "well", { "list-nodes" },
                                .out = { "NODE  STATE            APPLICATIONS", "def   offline          -",
                                                "3 nodes." } },
                { "noquorum", { "list-nodes" }, .out = { "NODE  STATE" },
                                .err = { "Caution: this node has no quorum: what is shown is as of Fri 2026-01-02 03:04:05 UTC" } },
                { "noquorum", { "list-applications", "w*" }, .err = { "Caution: this node has no quorum" } },
                { "noquorum", { "explain", "web" }, .err = { "Caution: this node has no quorum" } },
                { "noquorum", { "locate", "web" }, .out = { "abc\n" },
                                .err = { "Caution: this node has no quorum: what is shown is as of" } },
                { "well", { "locate", "web" }, .out = { "abc\n" }, .not_out = { "web" } },
                { "well", { "locate", "web", "kept" }, .out = { "web abc\nkept bcd\n" } },
                { "well", { "locate", "idle" }, .status = 1,
                                .err = { "Cannot locate idle: The application does not run." },
                                .silent = true },
                { "well", { "locate", "nope" }, .status = 4, .err = { "list-applications" }, .silent = true },
                { "well", { "explain", "web" },
                                .out = { "abc   yes         runs it", "def   no          offline" } },
                { "well", { "explain", "nope" }, .status = 4 },
                { "well", { "timing" },
                                .out = { "Detection: 3s 630ms", "Isolation: 4s 537ms 500us",
                                                "web          0                      3s 630ms        shorter than",
                                                "db           5s                     8s 630ms        -",
                                                "mail         infinity               infinity        -",
                                                "may need up to 2s 361ms 250us" } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_show(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "show" },
                                .out = { "NodeName=abc\n", "Quorate=yes\n", "Members=abc bcd\n",
                                                "TokenUSec=1s 650ms\n", "TotalVotes=2" } },
                { "well", { "show", "web" },
                                .out = { "Name=web\n", "Nodes={abc} {bcd def}\n",
                                                "Permissions=abc=yes def=no\n", "InvocationID=abcd\n",
                                                "DeadlineUSec=infinity\n",
                                                "Failures=bcd=Fri 2100-01-01 00:00:00 UTC\n",
                                                "FailoverDelayUSec=0\n", "FailoverDelayAuto=no\n" } },
                { "well", { "show", "idle" },
                                .out = { "FailoverDelayUSec=2s 361ms 250us\n", "FailoverDelayAuto=yes\n" } },
                { "well", { "status", "idle" }, .status = 3,
                                .out = { "Failover: after 2s 361ms 250us (auto)\n" } },
                { "well", { "timing" }, .out = { "idle         2s 361ms 250us (auto)" } },
                { "well", { "show", "-p", "Parts", "web" },
                                .out = { "Parts=(address ip-192.0.2.20 active Fri 2026-01-02 03:04:05 UTC 192.0.2.20/24 is on eth0) "
                                         "(address ip-fd00::30 failed  )\n" } },
                { "well", { "--json=short", "show", "-p", "Parts", "web" },
                                .out = { "[{\"Parts\":[[\"address\",\"ip-192.0.2.20\",\"active\",1767323045000000,"
                                         "\"192.0.2.20/24 is on eth0\"],[\"address\",\"ip-fd00::30\",\"failed\",0,\"\"]]}]\n" } },
                { "well", { "show", "-p", "State", "--value", "web", "db" },
                                .out = { "running\n\nwaiting\n" }, .not_out = { "State" } },
                { "well", { "show", "bcd" }, .out = { "Standby=yes\n", "Applications=silent kept\n" } },
                { "well", { "show", "nope" }, .status = 4, .err = { "named nope" }, .silent = true },
                { "well", { "--json=short", "show", "-p", "Nodes", "web" },
                                .out = { "[{\"Nodes\":[[\"abc\"],[\"bcd\",\"def\"]]}]\n" } },
                { "well", { "--json=short", "show", "-p", "DeadlineUSec", "web" },
                                .out = { "[{\"DeadlineUSec\":null}]\n" } },
                { "well", { "--json=short", "show", "-p", "QuorumDetail" },
                                .out = { "{\"QuorumDetail\":{\"TotalVotes\":2,\"ExpectedVotes\":3,\"Quorum\":"
                                         "2,\"LastManStanding\":true}}\n" } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_json(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "--json=short", "list-nodes", "bcd" },
                                .out = { "[{\"name\":\"bcd\",\"id\":2,\"state\":\"online\",\"standby\":true,"
                                         "\"record\":\"late\",\"guarded\":true,\"fused\":true,\"stale\":false,\"stale_since_usec\":null,\"applications\":[\"silent\",\"kept\"]}]\n" } },
                { "well", { "--json=short", "locate", "web" },
                                .out = { "[{\"name\":\"web\",\"node\":\"abc\",\"unit\":\"distro-app-web."
                                         "service\",\"epoch\":42,\"stale\":false,\"stale_since_usec\":null}]\n" } },
                { "noquorum", { "--json=short", "locate", "web" },
                                .out = { "\"stale\":true,\"stale_since_usec\":1767323045000000}]\n" } },
                { "noquorum", { "--json=short", "explain", "web" },
                                .out = { "\"why\":\"runs it\",\"stale\":true,\"stale_since_usec\":1767323045000000}," } },
                { "well", { "--json=short", "locate", "idle" }, .status = 1, .out = { "[]\n" },
                                .err = { "does not run" } },
                { "well", { "--json=pretty", "status", "web" },
                                .out = { "    \"applications\": [\n        {\n            \"name\": \"web\",",
                                                "\"failures\": {\n                \"bcd\": 4102444800000000",
                                                "\"reason\": null", "\"deadline_usec\": null",
                                                "\"eligibility\": [" } },
                { "well", { "--json=short", "status", "db" }, .status = 3, .out = { "\"left_usec\":71" } },
                { "well", { "--json=short", "status", "web", "silent" },
                                .out = { "\"has_parts\":true,\"parts\":[{\"kind\":\"address\",\"id\":\"ip-192.0.2.20\",\"state\":\"active\","
                                         "\"since_usec\":1767323045000000,\"text\":\"192.0.2.20/24 is on eth0\"},"
                                         "{\"kind\":\"address\",\"id\":\"ip-fd00::30\",\"state\":\"failed\",\"since_usec\":null,\"text\":null}],",
                                                "\"has_parts\":true,\"parts\":[]," } },
                { "noquorum", { "--json=short", "status" },
                                .out = { "{\"manager\":{\"node\":\"abc\"", "\"quorate\":false",
                                                "\"warnings\":[]" } },
                /* In each object the time is the same, and where there is none it is null. */
                { "noquorum", { "--json=short", "list-nodes", "bcd" },
                                .out = { "\"stale\":true,\"stale_since_usec\":1767323045000000," } },
                { "noquorum", { "--json=short", "list-applications", "web" },
                                .out = { "\"stale\":true,\"stale_since_usec\":1767323045000000," } },
                { "unformed", { "--json=short", "status" },
                                .out = { "\"stale\":true,\"stale_since_usec\":null," },
                                .not_out = { "\"stale\":false" } },
                { "well", { "--json=short", "explain", "web" },
                                .out = { "[{\"node\":\"abc\",\"eligible\":true,\"why\":\"runs it\",\"stale\":false,\"stale_since_usec\":null}," } },
                { "well", { "--json=short", "timing" },
                                .out = { "{\"token_usec\":1650000,\"consensus_usec\":1980000,\"detection_"
                                         "usec\":3630000",
                                                "\"needed_delay_usec\":2361250",
                                                "{\"name\":\"db\",\"failover_delay_usec\":5000000,\"failover_"
                                                "delay_auto\":false,\"total_usec\":8630000,\"safe\":true}",
                                                "{\"name\":\"idle\",\"failover_delay_usec\":2361250,\"failover_"
                                                "delay_auto\":true,\"total_usec\":5991250,\"safe\":true}" } },
                { "well", { "--json=short", "start", "idle" }, .silent = true },
                { "well", { "--json=off", "locate", "web" }, .out = { "abc\n" } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_commands(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "start", "idle" }, .out = { "idle runs on abc (normal).\n" } },
                { "well", { "start", "-q", "idle" }, .silent = true },
                { "well", { "start", "--no-block", "bad" }, .silent = true },
                { "well", { "start", "idle", "bad" }, .status = 1, .out = { "idle runs on abc" },
                                .err = { "bad has failed: exit-code. 'distroctl status bad'" } },
                { "well", { "start", "stuck" }, .status = 1,
                                .err = { "stuck cannot run now: no eligible node.", "explain stuck" } },
                { "well", { "start", "nope" }, .status = 4,
                                .err = { "Cannot start nope: There is no application of that name. "
                                         "'distroctl list-" } },
                { "well", { "start", "kept" }, .status = 1, .err = { "in maintenance" } },
                { "noquorum", { "start", "idle" }, .status = 1,
                                .err = { "no quorum", "quorate side", "--local" }, .silent = true },
                { "unformed", { "start", "idle" }, .status = 1,
                                .err = { "has not formed", "distroctl form" } },
                { "well", { "start", "silent" }, .status = 1,
                                .err = { "may or may not have happened", "distroctl status" } },
                { "well", { "stop", "web" }, .out = { "web is stopped.\n" } },
                { "noquorum", { "stop", "--local", "web" }, .silent = true },
                { "well", { "restart", "web" }, .out = { "web runs on abc" } },
                { "well", { "restart", "nope" }, .status = 4 },
                { "well", { "takeover", "web", "bcd" }, .out = { "web runs on bcd (takeover from abc).\n" } },
                { "well", { "takeover", "web" }, .out = { "web runs on abc" } },
                { "well", { "takeover", "web", "nope" }, .status = 4,
                                .err = { "no node of that name", "list-nodes" } },
                { "well", { "takeover", "web", "def" }, .status = 1,
                                .err = { "def is offline. 'distroctl explain'" } },
                { "well", { "takeover", "--force", "web", "def" }, .status = 1,
                                .err = { "could not be started on def and runs on abc" } },
                { "well", { "permit", "web", "def" },
                                .out = { "def is offline; it may run web when it is back." } },
                { "well", { "permit", "web", "bcd" }, .silent = true },
                { "well", { "forbid", "web", "abc" }, .out = { "web runs on bcd" } },
                { "well", { "forbid", "web", "nope" }, .status = 4 },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_nodes_and_rest(void **state)
{
        static const ToolCase cases[] = {
                { "well", { "standby", "bcd" }, .out = { "bcd is in standby." } },
                { "well", { "unstandby", "bcd" }, .out = { "bcd takes part again." } },
                { "well", { "standby", "def" },
                                .out = { "def is offline; it is in standby when it is back." } },
                { "well", { "unstandby", "def" },
                                .out = { "def is offline; it will take part when it is back." } },
                { "well", { "standby", "nope" }, .status = 4 },
                { "well", { "forget", "gone" }, .out = { "gone is forgotten." } },
                { "well", { "forget", "bcd" }, .status = 1, .err = { "bcd is in the nodelist of abc" } },
                { "well", { "drain", "abc" }, .out = { "web runs on bcd", "abc is drained." } },
                { "well", { "drain", "bcd" }, .status = 1, .out = { "silent runs on abc" },
                                .err = { "kept stays on bcd: it is in maintenance", "not everything" } },
                { "clean", { "drain", "def" }, .out = { "def is offline: it is in standby" } },
                { "well", { "drain", "def" },
                                .out = { "idle runs on abc", "def is offline: it is in standby" } },
                { "well", { "drain", "nope" }, .status = 4 },
                /* The fake manager refuses these and repeats what it was asked. */
                { "well", { "maintenance", "web", "on" }, .status = 1, .err = { "application 'web', yes" } },
                { "well", { "maintenance", "--all", "off" }, .status = 1, .err = { "application '', no" } },
                { "well", { "clear" }, .status = 1,
                                .err = { "application '', node ''. It may still take effect" } },
                { "well", { "clear", "web", "bcd" }, .status = 1,
                                .err = { "application 'web', node 'bcd'" } },
                { "well", { "clear", "--all", "bcd" }, .status = 1, .err = { "application '', node 'bcd'" } },
                { "well", { "reload" }, .out = { "Read on abc: nothing has changed.\n" } },
                { "well", { "-q", "reload" }, .silent = true },
                { "edited", { "reload" },
                                .out = { "web: changed on abc; restart needed.\n", "added: new on abc.\n",
                                                "old: no file any more on abc.\n" },
                                .not_out = { "nothing has changed" } },
                /* Whoever did not answer is named; it is an error where it is there. */
                { "unread", { "reload", "--all" }, .status = 1,
                                .out = { "Read on abc: nothing has changed." },
                                .err = { "bcd has not answered: it is online, and late. What its files hold is not known; when it "
                                         "answers again, 'distroctl reload --all'.",
                                                "def has not answered: it is offline, and reads its files when it starts." } },
                { "well", { "reload", "--all" }, .status = 1, .err = { "Too many calls", "ask again" } },
                { "same", { "reload", "--all" }, .out = { "Read on abc, bcd: nothing has changed" },
                                .err = { "def has not answered: it is offline" } },
                { "edited", { "reload", "--all" }, .status = 1,
                                .out = { "web: changed on abc; restart needed.", "bad: new on abc, bcd." },
                                .err = { "web: the file on bcd is wrong: line 3; the last good one is in force" } },
                { "unformed", { "form" }, .out = { "The group forms without the records of bcd, def." } },
                { "well", { "form" }, .out = { "The group has formed already." } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_simulate(void **state)
{
        static const ToolCase cases[] = {
                /* The manager's state: web runs on abc and comes after 5 s to one of the others. */
                { "well", { "simulate", "--save=state", "down abc" },
                                .out = { "     0.000  --              down abc", "failover from abc",
                                                "web          running  bcd" } },
                { .args = { "simulate", "--state=state", "--json=short", "down abc", "wait 3s" },
                                .out = { "{\"trace\":[\"     0.000  ", "\"time_usec\":3000000",
                                                "{\"name\":\"web\",\"state\":\"running\",\"nodes\":[]," } },
                { .args = { "simulate", "--state=state", "command bcd takeover web def", "wait 1s",
                                  "expect web running def takeover" },
                                .out = { "takeover from abc" } },
                { .args = { "simulate", "--state=state", "wait 1s", "expect web running def" },
                                .status = 1,
                                .err = { "Not as expected" } },
                { .args = { "simulate", "--state=state", "explode abc" },
                                .status = 2,
                                .err = { "Cannot read the step 'explode abc'" } },
                /* All steps are read before the first one is run. */
                { .args = { "simulate", "--state=state", "down abc", "command bcd maintenance web yes" },
                                .status = 2,
                                .err = { "Cannot read the step 'command bcd maintenance web yes': maintenance is on or off" },
                                .silent = true },
                { .args = { "simulate", "--state=state", "down abc", "expect wbe nowhere" },
                                .status = 2,
                                .err = { "there is no application 'wbe'" },
                                .silent = true },
                { .args = { "simulate", "--state=good.app", "wait 1s" },
                                .status = 1,
                                .err = { "good.app is not a cluster that", "Write it anew" } },
                /* The file has the timing, too: the same steps come to the same. */
                { "well", { "simulate", "down abc" }, .out = { "     3.631", "failover from abc" } },
                { .args = { "simulate", "--state=state", "down abc" },
                                .out = { "     3.631", "failover from abc" },
                                .err = { "last_man_standing of corosync.conf is not simulated" } },
                { .args = { "simulate", "--save=state", "nodes a b", "up all" },
                                .status = 2,
                                .err = { "--save= is about a cluster that there is" } },
                { "noquorum", { "simulate", "down abc" }, .status = 1,
                                .err = { "the state is an old one, as abc was not in step",
                                                "Nothing was simulated. With --force" } },
                { "noquorum", { "simulate", "--force", "down abc" }, .out = { "failover from abc" },
                                .err = { "This is not as in the cluster: the state is an old one" } },
                { "unformed", { "simulate", "down abc" }, .status = 1,
                                .err = { "The group has not formed" } },
                { .args = { "simulate", "--state=absent", "wait 1s" },
                                .status = 1,
                                .err = { "Cannot read absent" } },
                { .args = { "simulate", "down abc" }, .status = 1, .err = { "not running" } },
                { .args = { "simulate", "nodes a b c", "app web Nodes=a b", "up all", "wait 60s",
                                  "expect web running a normal" },
                                .out = { "boots" } },
        };

        tool_write("good.app", "[Application]\n");
        tool_run_cases(cases, ELEMENTSOF(cases));
}

/* What there is no manager of yet. */
static void test_simulate_files(void **state)
{
        static const ToolCase cases[] = {
                { .args = { "simulate", "--corosync=corosync.conf", "--applications=apps", "down abc" },
                                .out = { "    60.000  --              down abc", "    63.6",
                                                "mail         running  bcd", "web          running  bcd" },
                                .err = { "Nodes= of web names 'zz', which is no node" } },
                { .args = { "simulate", "--corosync=corosync.conf", "apps/web.app", "standby abc" },
                                .out = { "web          running  bcd" } },
                { .args = { "simulate", "apps/web.app", "nodes abc zz", "up all", "wait 20s",
                                  "expect web running abc" },
                                .out = { "web          running  abc" } },
                { .args = { "simulate", "nodes abc bcd", "app apps/web.app", "up all", "wait 20s" },
                                .out = { "web          running  abc" } },
                { .args = { "simulate", "--corosync=corosync.conf", "bad.app", "down abc" },
                                .status = 2,
                                .err = { "bad.app:2: Nodes=" },
                                .silent = true },
                { .args = { "simulate", "--corosync=corosync.conf", "--applications=nowhere", "down abc" },
                                .status = 1,
                                .err = { "Cannot read nowhere" } },
                { .args = { "simulate", "--corosync=nowhere", "down abc" },
                                .status = 1,
                                .err = { "Cannot read nowhere", "the steps say which nodes there are" } },
                { .args = { "simulate", "--corosync=good.app", "down abc" },
                                .status = 1,
                                .err = { "The nodelist of good.app cannot be simulated" } },
                { .args = { "simulate", "--corosync=corosync.conf", "nodes abc" },
                                .status = 2,
                                .err = { "says which nodes there are, and so do the steps" } },
                { .args = { "simulate", "down abc" },
                                .status = 1,
                                .err = { "Without a manager a cluster can be described" } },
        };
        char path[128];

        tool_path(path, sizeof(path), "apps");
        assert_int_equal(mkdir(path, 0700), 0);
        tool_write("corosync.conf",
                        "totem {\n token: 1000\n consensus: 2630\n token_coefficient: 0\n}\nquorum {\n "
                        "provider: corosync_votequorum\n}\nnodelist {\n"
                        " node {\n  name: abc\n  nodeid: 1\n }\n node {\n  name: bcd\n  nodeid: 2\n }\n"
                        " node {\n  name: def\n  nodeid: 3\n }\n}\n");
        tool_write("apps/web.app", "[Application]\nNodes=abc bcd zz\n[Service]\nExecStart=/bin/sleep 1d\n");
        tool_write("apps/mail.app", "[Application]\nNodes={bcd def}\n[Service]\nExecStart=/bin/sleep 1d\n");
        tool_write("bad.app", "[Application]\nNodes={bcd def\n[Service]\nExecStart=/bin/sleep 1d\n");
        tool_run_cases(cases, ELEMENTSOF(cases));
        tool_path(path, sizeof(path), "apps/web.app");
        unlink(path);
        tool_path(path, sizeof(path), "apps/mail.app");
        unlink(path);
        tool_path(path, sizeof(path), "apps");
        rmdir(path);
}

/* The end is told, also where no node knows it. */
#define DESCRIBED "nodes abc bcd def", "app clock Nodes=abc bcd FailoverDelaySec=infinity"
#define SETTLED DESCRIBED, "up all", "wait 20s"
static void test_simulate_end(void **state)
{
        static const ToolCase cases[] = {
                { .args = { "simulate", SETTLED, "down bcd def" },
                                .out = { "clock        unknown  -        no quorum" } },
                { .args = { "simulate", "policy freeze", SETTLED, "down bcd def" },
                                .out = { "clock        running  abc      no quorum" } },
                { .args = { "simulate", SETTLED, "down all" },
                                .out = { "clock        unknown  -        no node is up" } },
                { .args = { "simulate", SETTLED, "kill-for-good all" }, .out = { "no manager is up" } },
                { .args = { "simulate", DESCRIBED }, .out = { "clock        unknown  -" } },
                { .args = { "simulate", "nodes abc bcd def", "mandatory def", "app clock Nodes=abc",
                                  "up abc bcd", "wait 10s" },
                                .out = { "waiting for the managers of: def" } },
                { .args = { "simulate", SETTLED, "down abc" },
                                .out = { "abc is lost, and waited for for ever" } },
                { .args = { "simulate", SETTLED, "takeover clock def" },
                                .status = 1,
                                .out = { "clock        running  abc" },
                                .err = { "'takeover clock def' was refused, and no line expects it: NotAllowed" } },
                { .args = { "simulate", SETTLED, "takeover clock def", "wait 1s", "expect reply NotAllowed" },
                                .out = { "clock        running  abc" } },
                { .args = { "simulate", "--json=short", SETTLED, "down bcd def" },
                                .out = { "{\"name\":\"clock\",\"state\":\"unknown\",\"nodes\":[],\"reason\":\"no quorum\"}" } },
        };

        tool_run_cases(cases, ELEMENTSOF(cases));
}

static void test_verify(void **state)
{
        static const ToolCase cases[] = {
                { .args = { "verify", "good.app" },
                                .out = { "Checked 1 definition: no errors, 0 warnings." } },
                { .args = { "verify", "short.app" },
                                .err = { "FailoverDelaySec=0 is shorter than 2s 361ms 250us" } },
                { .args = { "verify", "bad.app" }, .status = 1, .err = { "bad.app:3", "1 error" } },
                { .args = { "verify", "--json=short", "bad.app" },
                                .status = 1,
                                .out = { "{\"ok\":false,\"messages\":[{\"level\":\"error\"", "\"line\":3" } },
                { .args = { "verify", "absent.app" }, .status = 1, .err = { "absent.app" } },
                { .args = { "verify", "address.app" },
                                .status = 1,
                                .err = { "address.app:7: Address=: 10.77.0.1/24 is abc's own in the nodelist" } },
                { .args = { "verify", "manager.conf" }, .out = { "no errors" } },
                { .args = { "verify", "bus.conf" },
                                .status = 1,
                                .err = { "neither manager.conf nor NAME.app" } },
                { .args = { "cat", "no-such-application" },
                                .status = 4,
                                .err = { "There is no file for no-such-application" },
                                .silent = true },
        };
        char path[128];

        tool_path(path, sizeof(path), "corosync.conf");
        setenv("COROSYNC_MAIN_CONFIG_FILE", path, 1);
        tool_write("corosync.conf",
                        "totem {\n token: 1000\n}\nquorum {\n provider: corosync_votequorum\n}\nnodelist {\n"
                        " node {\n  name: abc\n  nodeid: 1\n  ring0_addr: 10.77.0.1\n }\n"
                        " node {\n  name: bcd\n  nodeid: 2\n }\n node {\n  name: def\n  nodeid: 3\n }\n}\n");
        tool_write("address.app",
                        "[Application]\nNodes=abc bcd\n[Service]\nExecStart=/bin/sleep 1d\n[Parts]\n"
                        "Address=192.0.2.9/32 lo\nAddress=10.77.0.1/24\n");
        tool_write("good.app", "[Application]\nNodes=abc "
                               "bcd\n[Service]\nExecStart=/bin/sleep 1d\n");
        tool_write("short.app",
                        "[Application]\nNodes=abc bcd\nFailoverDelaySec=0\n[Service]\nExecStart=/bin/sleep 1d\n");
        tool_write("bad.app",
                        "[Application]\nNodes=abc bcd\nNonsense=1\n[Service]\nExecStart=/bin/sleep 1d\n");
        tool_write("manager.conf", "[Cluster]\nSyncTimeoutSec=10s\n");
        tool_run_cases(cases, ELEMENTSOF(cases));
        unsetenv("COROSYNC_MAIN_CONFIG_FILE");
}

/* What the host lacks, rings that lead nowhere, and one line for what is the same of many applications. */
static void test_verify_host(void **state)
{
        static const ToolCase cases[] = {
                { .args = { "verify", "lacks.app" },
                                .err = { "lacks: ExecStart=: this node has no program /no/such/program,",
                                                "lacks: ExecStop=: this node has no program no-such-program,",
                                                "lacks: User=: this node has no \"no-such-user\"",
                                                "lacks: Group=: this node has no \"no-such-group\"" } },
                { .args = { "verify", "has.app" }, .out = { "0 warnings" } },
                { .args = { "verify", "far.app" },
                                .err = { "far: Address=: there is no interface eth-none on this node, so the "
                                         "application cannot run here",
                                                "far: Address=: no interface of this node has an address of the subnet of "
                                                "203.0.113.9/24, so" },
                                .not_out = { "192.0.2.9" },
                                .out = { "Checked 1 definition: no errors, 2 warnings." } },
                { .args = { "verify", "disk.app" },
                                .err = { "disk: Mount=: there is no /dev/none on this node, so the application cannot run "
                                         "here",
                                                "disk: Mount=: /etc/passwd is no block device on this node",
                                                "disk: Mount=: there is no directory /srv/none on this node; it is made",
                                                "disk: Mount=: /etc/passwd is no directory on this node",
                                                "disk: Mount=: /mnt is in /etc/fstab of this node",
                                                "disk: Mount=: this node has no program mount.glusterfs, so" },
                                .out = { "Checked 1 definition: no errors, 6 warnings." } },
                { .args = { "verify", "one.app", "two.app", "has.app", "three.app" },
                                .err = { "Warning: Restart=: with",
                                                "wants \"always\". (3 applications: one two three)" },
                                .not_out = { "one.app" },
                                .out = { "Checked 4 definitions: no errors, 3 warnings." } },
                { .args = { "verify", "one.app", "has.app" },
                                .err = { "Warning: one.app:7: Restart=: with" } },
                { .args = { "verify" },
                                .err = { "corosync.conf: the ring address 127.0.1.1 is every host's own",
                                                "corosync.conf: the ring address ::1 is every host's own",
                                                "corosync.conf: the ring address localhost is ",
                                                "there is no manager.conf",
                                                "no application is configured here" },
                                .not_out = { "10.0.0.1" } },
                /* Whoever waits for the others is told why they will not come; going on without them would not help. */
                { "unformed", { "status" },
                                .out = { "Waits for: bcd, def", "Warning: ",
                                                "corosync.conf: the ring address 127.0.1.1 is every host's own" },
                                .not_out = { "distroctl form" } },
                { "well", { "status" }, .not_out = { "ring address" } },
        };
        char path[128], fstab[128];

        if (access(SYSCONFDIR "/distro-manager", F_OK) >= 0)
                skip(); /* this host has a configuration of its own */
        tool_path(path, sizeof(path), "corosync.conf");
        setenv("COROSYNC_MAIN_CONFIG_FILE", path, 1);
        tool_write("corosync.conf",
                        "quorum {\n provider: corosync_votequorum\n}\nnodelist {\n"
                        " node {\n  name: abc\n  nodeid: 1\n  ring0_addr: 127.0.1.1\n  ring1_addr: 10.0.0.1\n }\n"
                        " node {\n  name: bcd\n  nodeid: 2\n  ring0_addr: ::1\n  ring1_addr: localhost\n }\n}\n");
#define APP_OF(text) "[Application]\nNodes=abc\n[Service]\n" text
        tool_write("lacks.app",
                        APP_OF("ExecStart=/no/such/program\nExecStop=no-such-program\nExecStop=-/no/such/other\n"
                               "User=no-such-user\nGroup=no-such-group\n"));
        tool_write("far.app",
                        "[Application]\nNodes=abc\n[Service]\nExecStart=/bin/true\n[Parts]\nAddress=192.0.2.9/32 lo\n"
                        "Address=192.0.2.10/32 eth-none\nAddress=203.0.113.9/24\n");
        tool_write("disk.app",
                        "[Application]\nNodes=abc\n[Service]\nExecStart=/bin/true\n[Parts]\nMount=/dev/none /srv/none\n"
                        "Mount=/etc/passwd /opt\nMount=/ /etc/passwd none bind\nMount=tmpfs /mnt tmpfs\n"
                        "Mount=srv:/x /media glusterfs\n");
        tool_write("fstab", "tmpfs /mnt tmpfs noauto 0 0\n");
        tool_path(fstab, sizeof(fstab), "fstab");
        setenv("LIBMOUNT_FSTAB", fstab, 1);
        tool_write("has.app", APP_OF("ExecStart=/bin/sleep 1d\nExecStop=true\nUser=root\nGroup=0\n"));
        tool_write("one.app", APP_OF("ExecStart=/bin/sleep 1d\n\n\nRestart=on-failure\n"));
        tool_write("two.app", APP_OF("Restart=on-failure\nExecStart=/bin/sleep 1d\n"));
        tool_write("three.app", APP_OF("ExecStart=/bin/sleep 1d\nRestart=on-failure\n"));
        tool_run_cases(cases, ELEMENTSOF(cases));
        unsetenv("COROSYNC_MAIN_CONFIG_FILE");
}

static void test_colors(void **state)
{
        static const ToolCase forced[] = { { "well", { "status" },
                        .out = { "\x1b[0;1;32mrunning\x1b[0m" } } };

        setenv("SYSTEMD_COLORS", "1", 1);
        tool_run_cases(forced, ELEMENTSOF(forced));
        unsetenv("SYSTEMD_COLORS");
}

static void test_narrow(void **state)
{
        static const ToolCase narrow[] = { { "well", { "list-applications", "--no-legend" },
                                                           .out = { "\u2026" },
                                                           .not_out = { "other definition on def" } },
                { "well", { "list-applications", "--full" }, .out = { "other definition on def" } } };

        setenv("COLUMNS", "80", 1);
        tool_run_cases(narrow, ELEMENTSOF(narrow));
        unsetenv("COLUMNS");
}

/* Ctrl-C while a start that takes for ever is waited for: the tool says that it goes on, and dies of the
 * signal. */
static void test_interrupt(void **state)
{
        static const char *const args[ARGS_MAX] = { "start", "stuck", NULL };
        _cleanup_free_ char *err = NULL;
        int status;
        pid_t pid;

        tool_needs_bus();
        tool_start_manager("well");
        pid = tool_begin(args);
        tool_await_manager("stuck is looked at");
        kill(pid, SIGINT);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGINT);
        err = tool_read("stderr");
        assert_non_null(strstr(err, "Interrupted: 'start stuck' goes on in the cluster"));
        tool_start_manager(NULL);
}

/* The manager goes while its result is waited for. */
static void test_manager_leaves(void **state)
{
        static const char *const args[ARGS_MAX] = { "start", "stuck", NULL };
        _cleanup_free_ char *err = NULL;
        int status;
        pid_t pid;

        tool_needs_bus();
        tool_start_manager("well");
        pid = tool_begin(args);
        tool_await_manager("stuck is looked at");
        tool_start_manager(NULL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        err = tool_read("stderr");
        assert_non_null(strstr(err, "'start stuck' is in force, but distro-manager has left the bus"));
}

/* watch prints a status at its start and one at each change. */
static void test_watch(void **state)
{
        static const char *const args[ARGS_MAX] = { "watch", "--json=short", NULL };
        static const ToolCase start = { "well", { "start", "idle" }, .out = { "idle runs on abc" } };
        char path[128], second[128];
        _cleanup_free_ char *out = NULL;
        int status;
        pid_t pid;

        tool_needs_bus();
        tool_start_manager("well");
        pid = tool_begin(args);
        tool_await_text("stdout", "\n");
        tool_path(path, sizeof(path), "stdout");
        tool_path(second, sizeof(second), "watched");
        assert_int_equal(rename(path, second), 0); /* the watcher goes on writing into it */
        tool_run_case(&start);
        tool_await_text("watched", "\"name\":\"idle\",\"description\":null,\"state\":\"running\"");
        kill(pid, SIGTERM);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        out = tool_read("watched");
        assert_non_null(strstr(out, "\"name\":\"idle\",\"description\":null,\"state\":\"stopped\""));
        unlink(second);
        tool_start_manager(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_usage),
                cmocka_unit_test(test_no_manager),
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_show),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_commands),
                cmocka_unit_test(test_nodes_and_rest),
                cmocka_unit_test(test_simulate),
                cmocka_unit_test(test_simulate_files),
                cmocka_unit_test(test_simulate_end),
                cmocka_unit_test(test_verify),
                cmocka_unit_test(test_verify_host),
                cmocka_unit_test(test_colors),
                cmocka_unit_test(test_narrow),
                cmocka_unit_test(test_interrupt),
                cmocka_unit_test(test_manager_leaves),
                cmocka_unit_test(test_watch),
        };

        return cmocka_run_group_tests(tests, tool_setup, tool_teardown);
}
