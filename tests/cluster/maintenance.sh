#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Maintenance leaves a worker alone whatever happens, and switching it off restarts nothing that runs.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=1s
        cluster_app gone 'bcd abc def' FailoverDelaySec=1s
        cluster_app other 'bcd abc def' FailoverDelaySec=1s
        cluster_manager_conf ManagerGraceSec=8s
        printf '[Service]\nRestart=no\n' | cluster_file bcd /etc/systemd/system/distro-manager.service.d/no-restart.conf
}

test_quorum() { [ "$(cluster_status "$1" .manager.quorate)" = "$2" ]; }
identity() { node_exec "${2:-abc}" systemctl show --value -p InvocationID "distro-app-${1:-distro}.service"; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 gone bcd normal
expect_start "$begin" 10 other bcd normal
before=$(identity)

step 'maintenance on: commands are refused'
check 'on' node_exec def distroctl maintenance distro on
check 'on' node_exec def distroctl maintenance gone on
check_fails 'takeover' node_exec def distroctl takeover distro bcd
check 'it was not touched' test "$(identity)" = "$before"

step 'its node loses quorum, its manager is stopped: the worker runs on'
cable_cut abc
check_within 10 'abc has no quorum' test_quorum abc false
check_stays 3 'the worker runs' node_exec abc systemctl is-active distro-app-distro.service
cable_mend abc
cluster_wait_synced 30
check 'systemctl stop' node_exec abc systemctl stop distro-manager
check_stays 3 'the worker runs' node_exec abc systemctl is-active distro-app-distro.service
check 'systemctl start' node_exec abc systemctl start distro-manager
cluster_wait_synced 30
check 'it is the same copy' test "$(identity)" = "$before"

step 'its manager is gone for good: the guard ends what is not in maintenance, and nothing else'
kept=$(identity gone bcd)
killed=$(now)
node_exec bcd systemctl kill -s KILL distro-manager
worker_start "$killed" other abc 20 >/dev/null || fail 'other starts on abc'
check_stays 3 'the worker in maintenance runs' node_exec bcd systemctl is-active distro-app-gone.service
begin=$(now)
check 'systemctl start' node_exec bcd systemctl start distro-manager
expect_start "$begin" 15 other bcd takeover abc
check 'it is the same copy' test "$(identity gone bcd)" = "$kept"

step 'the node of the other one is lost: nobody starts it'
cut=$(now)
node_power_cut bcd
expect_start "$cut" 10 other abc failover bcd
check_stays 2 'gone runs nowhere' app_runs_nowhere gone

step 'maintenance off: what runs goes on, what may still run elsewhere is blocked'
check 'off' node_exec def distroctl maintenance distro off
check_stays 2 'distro runs' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"
check 'off' node_exec def distroctl maintenance gone off
check_within 3 'gone is blocked' app_is gone state blocked
check_fails 'a takeover is refused' node_exec def distroctl takeover gone def
begin=$(now)
check 'unless it is forced' node_exec def distroctl takeover gone def --force
worker_start "$begin" gone def 5 >/dev/null || fail 'gone starts on def'

end_test distro gone other
