#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The system bus hangs: a node that is cut off ends its worker all the same, for good, and when the manager ends too its
# guard sees it.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=4s Takeover=manual -- Restart=on-failure RestartSec=100ms; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

ends() { copy_events distro | grep -c " $1 end"; }
begins() { copy_events distro | grep -c " $1 begin"; }
has_ended() { [ "$(ends "$1")" -ge "$(begins "$1")" ]; }

step "dbus of abc gets SIGSTOP, and its cable is cut"
cut=$(now)
node_exec abc systemctl kill -s STOP dbus.service
cable_cut abc
check_within 15 'the copy on abc ends' has_ended abc
worker_start "$cut" distro bcd 20 >/dev/null || fail 'bcd starts it'
note "abc's copy ended after $(seconds $(($(copy_events distro | awk '$2 == "abc" && $3 == "end" { print $1 }' | tail -n 1) - cut))) s"
check_stays 2 'systemd does not start it again' has_ended abc
[ "$(begins abc)" = 1 ] || fail 'systemd did not start again what was killed' "$(copy_events distro)"

step 'all is well again'
node_exec abc systemctl kill -s CONT dbus.service
cable_mend abc
cluster_wait_synced 30
check_within 10 'there is one copy' app_runs_on distro bcd

step "dbus of bcd gets SIGSTOP, and its manager is killed"
killed=$(now)
node_exec bcd systemctl kill -s STOP dbus.service
node_exec bcd systemctl kill -s KILL distro-manager
guard_counts() { node_exec bcd sh -c '! grep -q "^ended=0*$" /run/distro-manager/guard.stamp'; }
check_within 2 'the guard counts' guard_counts
wait_line "$killed" 15 "$(of bcd)" SYSLOG_IDENTIFIER=distro-manager --grep='is starting' >/dev/null ||
        fail 'the next manager of bcd is started'
worker_start "$killed" distro abc 30 >/dev/null || fail 'abc starts it when the grace is over'

step 'all is well again'
node_exec bcd systemctl kill -s CONT dbus.service
cluster_wait_synced 30
check_within 10 'there is one copy' app_runs_on distro abc

end_test distro
