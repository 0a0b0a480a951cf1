#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Corosync is restarted, crashes, and is frozen, under the owner: there is never a second copy.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'systemctl restart corosync: a planned leave, then a takeover'
begin=$(now)
check 'restart' node_exec abc systemctl restart corosync
line=$(worker_start "$begin" distro bcd 10) || fail 'bcd takes over'
case $(line_text "$line") in
'distro: start type takeover on bcd, from abc, epoch '*) ;;
*) fail 'the type is takeover' "$(line_text "$line")" ;;
esac
expect_start $(($(line_time "$line") + 1)) 30 distro abc takeover bcd

step 'corosync is killed and started again: the worker is left alone'
before=$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)
node_exec abc systemctl kill -s KILL corosync
wait_until 5 node_exec abc systemctl is-failed --quiet corosync || fail 'corosync is down'
node_exec abc systemctl start corosync
cluster_wait_synced 30
check_within 5 'it runs on abc' app_runs_on distro abc
check 'it is the same copy' test \
        "$(node_exec abc systemctl show --value -p InvocationID distro-app-distro.service)" = "$before"

end_test distro
