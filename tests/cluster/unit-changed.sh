#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What others do to the unit of a worker that runs is no end of it: a drop-in that empties Environment=, or LogExtraFields=
# too, also with another manager, and a unit file that is taken away.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc bcd def' FailoverDelaySec=5s Takeover=manual; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 20 distro abc normal
id=$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)
is_same() {
        app_runs_on distro abc &&
                [ "$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)" = "$id" ]
}

step 'a drop-in empties Environment='
printf '[Service]\nEnvironment=\n' | cluster_file abc /etc/systemd/system/service.d/x.conf
node_exec abc systemctl daemon-reload
check_stays 3 'the same copy runs' is_same
pid=$(manager_pid abc)
node_exec abc systemctl restart distro-manager
check 'the manager is another one' manager_is_new abc "$pid"
cluster_wait_synced
check_stays 2 'the same copy runs' is_same
node_exec abc rm /etc/systemd/system/service.d/x.conf

step 'a drop-in for the workers empties both, and another manager comes'
printf '[Service]\nEnvironment=\nEnvironment=ONLY=this\nLogExtraFields=\n' |
        cluster_file abc /etc/systemd/system/distro-app-.service.d/env.conf
node_exec abc systemctl daemon-reload
check 'the unit says nothing of the copy' test -z \
        "$(node_exec abc systemctl show -p Environment -p LogExtraFields distro-app-distro.service | grep DISTRO_EPOCH)"
check_stays 3 'the same copy runs' is_same
pid=$(manager_pid abc)
node_exec abc systemctl restart distro-manager
check 'the manager is another one' manager_is_new abc "$pid"
cluster_wait_synced
check_stays 3 'the same copy runs' is_same
pid=$(manager_pid abc)
node_exec abc kill -KILL "$pid"
check_within 10 'the manager is another one' manager_is_new abc "$pid"
cluster_wait_synced
check_stays 3 'the same copy runs' is_same
node_exec abc rm -r /etc/systemd/system/distro-app-.service.d
node_exec abc systemctl daemon-reload

step 'its unit file is taken away'
node_exec abc sh -c 'rm /run/systemd/transient/distro-app-distro.service && systemctl daemon-reload'
check 'systemd has lost it' test \
        "$(node_exec abc systemctl show --value -p LoadState distro-app-distro.service)" = not-found
check_stays 3 'the same copy runs' is_same
check 'stop' node_exec abc distroctl stop distro
check_within 5 'it runs nowhere' app_runs_nowhere distro
check 'start' node_exec abc distroctl start distro
check_within 5 'it runs again' app_runs_on distro abc
node_exec abc sh -c 'rm /run/systemd/transient/distro-app-distro.service && systemctl daemon-reload'
check 'takeover' node_exec abc distroctl takeover distro bcd
check_within 5 'it runs on bcd' app_runs_on distro bcd

end_test distro
