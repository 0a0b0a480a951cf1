#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# NoQuorumPolicy=freeze: without quorum the workers run on, nothing is started, and one copy is left in the end.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=2s Takeover=manual
        cluster_app far 'def abc bcd' FailoverDelaySec=2s Takeover=manual
        cluster_manager_conf NoQuorumPolicy=freeze
}

test_quorum() { [ "$(cluster_status "$1" .manager.quorate)" = "$2" ]; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 far def normal

step 'two of three lose their power: the last one has no quorum'
node_power_cut bcd
node_power_cut def
check_within 10 'abc has no quorum' test_quorum abc false
check_stays 4 'its worker runs on' node_exec abc systemctl is-active distro-app-distro.service
check 'that of another node is not started' node_exec abc sh -c '! systemctl is-active --quiet distro-app-far.service'
check_fails 'commands are refused' node_exec abc distroctl takeover far abc

step 'both return'
begin=$(now)
id=$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)
node_boot bcd
node_boot def
cluster_wait_synced
check_within 10 'distro still runs on abc' app_runs_on distro abc
check 'it is the same copy' test \
        "$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)" = "$id"
wait_until 15 app_is far state running || fail 'far runs again'

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
