#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The system bus and systemd itself are restarted: the manager finds both again, and a failover in the middle of it
# starts one copy.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc bcd def' FailoverDelaySec=2s Takeover=manual; }

booted=$(now)
begin=$booted
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal
id=$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)

step 'dbus is restarted'
pid=$(manager_pid abc)
node_exec abc systemctl restart dbus.service
cluster_wait_synced 20
check_within 10 'all say that it runs' app_runs_on distro abc
check 'it is the same copy' test \
        "$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)" = "$id"
check 'the manager did not end over it' test "$(manager_pid abc)" = "$pid"

step 'systemd executes itself anew'
node_exec abc systemctl daemon-reexec
check_stays 2 'it runs' app_runs_on distro abc

step 'after both a command works'
begin=$(now)
check 'restart' node_exec abc distroctl restart distro
expect_start "$begin" 5 distro abc normal

step 'failover while the systemd of the next node executes itself anew'
cut=$(now)
node_power_cut abc
quorum_time bcd "$cut" >/dev/null || fail 'bcd gets a new ring'
until find_line "$cut" "$(of bcd)" "_SYSTEMD_UNIT=distro-app-distro.service" >/dev/null; do
        [ $(($(now) - cut)) -lt 20000000 ] || fail 'bcd starts it'
        node_exec bcd systemctl daemon-reexec || true
done
expect_start "$cut" 5 distro bcd failover abc
[ "$(copy_events distro | grep -c ' bcd begin')" = 1 ] || fail 'it was started once' "$(copy_events distro)"

step 'failover while the bus of the next node is restarted'
cut=$(now)
node_power_cut bcd
quorum_time def "$cut" >/dev/null || fail 'def gets a new ring'
until find_line "$cut" "$(of def)" "_SYSTEMD_UNIT=distro-app-distro.service" >/dev/null; do
        [ $(($(now) - cut)) -lt 20000000 ] || fail 'def starts it'
        node_exec def systemctl restart dbus.service || true
        journal_next
done
expect_start "$cut" 15 distro def failover bcd
[ "$(copy_events distro | grep -c ' def begin')" = 1 ] || fail 'it was started once' "$(copy_events distro)"

step 'no bus has refused a call'
refused=$(journal_since "$booted" SYSLOG_IDENTIFIER=dbus-daemon SYSLOG_IDENTIFIER=dbus-broker \
        SYSLOG_IDENTIFIER=dbus-broker-launch \
        --grep='(Rejected send message|security policy denied).*distro-manager') || true
[ -z "$refused" ] || fail 'nobody is refused by the bus' "$refused"

end_test distro
