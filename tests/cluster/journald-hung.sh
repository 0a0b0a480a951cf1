#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The journal of a node hangs: its manager goes on, carries out what it is asked for, and nothing fails over. What the journal
# did not take is counted when it goes on.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

# What the workers of `moved` say of themselves is lost in part, so that no history can be made of it.
applications() {
        cluster_app distro 'abc {bcd def}' FailoverDelaySec=0 Takeover=manual
        cluster_app moved 'abc {bcd def}' FailoverDelaySec=0 Takeover=manual
}

journal_stops() { node_exec "$1" systemctl kill -s STOP systemd-journald.service; }
journal_goes_on() { node_exec "$1" systemctl kill -s CONT systemd-journald.service; }
is_as_it_was() { [ "$(manager_pid abc) $(app_field distro node bcd) $(app_field distro epoch bcd)" = "$pid abc $epoch" ]; }
abc_answers() { NODE_TIMEOUT=5 node_exec abc distroctl status distro; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
pid=$(manager_pid abc) epoch=$(app_field distro epoch bcd)

step 'the journal of abc stands still, and more is said there than it takes'
hung=$(now)
journal_stops abc
queue=$(node_exec abc cat /proc/sys/net/unix/max_dgram_qlen)
# Each of these is a line of each manager.
check 'commands are carried out' node_exec bcd sh -c \
        "i=0; while [ \$i -le $queue ]; do distroctl standby def && distroctl unstandby def || exit 1; i=\$((i + 1)); done"
check 'abc answers' abc_answers
check_stays 6 'the manager of abc is the same, and its worker runs on there' is_as_it_was

step 'it stops and starts workers'
check 'takeover from abc' node_exec bcd distroctl takeover moved bcd
check 'it runs on bcd alone' app_runs_on moved bcd
check 'takeover to abc' node_exec abc distroctl takeover moved abc
check 'it runs on abc alone' app_runs_on moved abc
check 'the manager of abc is the same, and so is its other worker' is_as_it_was

step 'the journal goes on'
journal_goes_on abc
check 'a command' node_exec bcd distroctl standby def
check 'a command' node_exec bcd distroctl unstandby def
wait_line "$hung" 10 "$(of abc)" SYSLOG_IDENTIFIER=distro-manager --grep='the journal did not take [0-9]+ lines' >/dev/null ||
        fail 'it says how much is missing'
check 'the manager of abc is the same' test "$(manager_pid abc)" = "$pid"

end_test distro
