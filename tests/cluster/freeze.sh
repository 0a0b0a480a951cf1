#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# NoQuorumPolicy=freeze: without quorum the workers run on, nothing is started, and one copy is left in the end.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=2s Takeover=manual
        cluster_app far 'def abc bcd' FailoverDelaySec=2s Takeover=manual
        cluster_app local 'abc bcd def' FailoverDelaySec=2s Takeover=manual
        cluster_manager_conf NoQuorumPolicy=freeze
}

test_quorum() { [ "$(cluster_status "$1" .manager.quorate)" = "$2" ]; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 far def normal
expect_start "$begin" 10 local abc normal
check_fails 'with quorum stop --local is refused' node_exec abc distroctl stop --local local
check 'nothing was stopped' app_runs_on local abc

step 'two of three lose their power: the last one has no quorum'
node_power_cut bcd
node_power_cut def
check_within 10 'abc has no quorum' test_quorum abc false
check_stays 4 'its worker runs on' node_exec abc systemctl is-active distro-app-distro.service
check 'that of another node is not started' node_exec abc sh -c '! systemctl is-active --quiet distro-app-far.service'
check_fails 'commands are refused' node_exec abc distroctl takeover far abc
check_fails 'a stop too' node_exec abc distroctl stop local
check 'stop --local is not' node_exec abc distroctl stop --local local
inactive() { node_exec abc sh -c "! systemctl is-active --quiet distro-app-$1.service"; }
check_within 5 'the copy here ends' inactive local
check_stays 2 'it stays so without quorum' inactive local
check 'the other one is left alone' node_exec abc systemctl is-active --quiet distro-app-distro.service

step 'the manager is restarted without quorum: no guard ends the worker later'
id=$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)
# It takes part when the group has met again; until then its start is not over.
check 'restart' node_exec abc systemctl restart --no-block distro-manager
check_stays 9 'the worker runs on' node_exec abc systemctl is-active distro-app-distro.service
check 'what was stopped stays so' inactive local

step 'both return'
begin=$(now)
node_boot bcd
node_boot def
cluster_wait_synced
check_within 10 'distro still runs on abc' app_runs_on distro abc
check 'it is the same copy' test \
        "$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)" = "$id"
wait_until 15 app_is far state running || fail 'far runs again'
check_within 15 'local was not commanded to stop by the group, and runs again' app_is local state running

step 'a cut off owner and a new one meet: one copy is left'
cable_cut abc
line=$(worker_start "$begin" distro bcd 20) || fail 'bcd starts distro'
check 'abc still runs its copy' node_exec abc systemctl is-active --quiet distro-app-distro.service
cable_mend abc
cluster_wait_synced
check_within 10 'the copy of the quorate side stays' app_runs_on distro bcd
find_line "$(line_time "$line")" MESSAGE_ID=be1f8919d57a4c8cbbff7c21297d2114 DISTRO_APPLICATION=distro >/dev/null ||
        fail 'the journal warns of the second copy'

end_test far
