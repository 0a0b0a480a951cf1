#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A planned leave ends in bounded time: with a worker that does not end, with a system bus that is down until the manager
# has ended, and with one that is down for good while the host goes down.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc {bcd def}' FailoverDelaySec=60s Takeover=manual
        cluster_app stk 'def bcd' FailoverDelaySec=5s Takeover=manual -- Type=exec \
                "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.2; done'" TimeoutStopSec=1s SendSIGKILL=no
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 10 'stk runs' app_runs_on stk def
invocation() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }
has_ended() { [ "$(copy_events "$1" | awk -v n="$2" '$2 == n { kind = $3 } END { print kind }')" = end ]; }

step 'the bus and the manager are restarted in one call'
id=$(invocation)
pid=$(manager_pid abc)
begin=$(now)
check 'the call returns' node_exec abc systemctl restart dbus.service distro-manager.service
check_time 'the restart' $(($(now) - begin)) 0 20000000
check 'the manager is another one' manager_is_new abc "$pid"
check 'the bus is there again' node_exec abc systemctl is-active dbus.service
cluster_wait_synced 20
check 'the worker was left alone' test "$(invocation)" = "$id"

step 'the bus ends together with a stop of the manager'
begin=$(now)
check 'the call returns' node_exec abc sh -c 'systemctl kill -s KILL dbus.service; systemctl stop distro-manager'
check_time 'the stop' $(($(now) - begin)) 0 20000000
worker_start "$begin" distro bcd 5 >/dev/null || worker_start "$begin" distro def 1 >/dev/null || fail 'another node has it'
check 'the old copy has ended' has_ended distro abc
check 'start' node_exec abc systemctl start distro-manager
cluster_wait_synced 20
check 'back' node_exec abc distroctl takeover distro abc
check_within 10 'it runs on abc' app_runs_on distro abc

step 'a worker does not end'
begin=$(now)
node_exec def systemctl --no-block stop distro-manager
wait_line "$begin" 10 "$(of def)" SYSLOG_IDENTIFIER=distro-manager --grep='stk: its stop on def did not end' >/dev/null ||
        fail "the journal of def says that the stop did not end"
says_why() { node_exec def distroctl status | grep -q 'Leaving: waits for stk (processes left after its stop)'; }
has_left() { ! node_exec def systemctl is-active distro-manager; }
check_within 5 'the status says what is waited for' says_why
has_moved() { [ "$(app_copies stk)" = bcd ]; }
check_within 20 'stk runs on bcd' has_moved
check_within 5 'the manager leaves' has_left
note "it took $(seconds $(($(now) - begin))) s"
lines=$(journal_since "$begin" "$(of def)" SYSLOG_IDENTIFIER=distro-manager --grep='stk: its stop on def did not end' | wc -l)
[ "$lines" = 1 ] || fail 'the journal says it once' "$lines lines"

step 'the bus is stopped for good, and the host goes down'
begin=$(now)
node_exec abc systemctl stop dbus.socket dbus.service
node_exec abc systemctl --no-block start poweroff.target
worker_start "$begin" distro bcd 20 >/dev/null || worker_start "$begin" distro def 1 >/dev/null ||
        fail 'another node has it'
node_is_down() { ! node_is_up "$1"; }
check_within 60 'abc goes down' node_is_down abc
note "it took $(seconds $(($(now) - begin))) s"

end_test distro
