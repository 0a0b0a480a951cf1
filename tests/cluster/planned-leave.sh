#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A manager that is stopped, and a node that is rebooted, hand their applications over without any delay.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=60s
        cluster_app second 'bcd abc def' FailoverDelaySec=infinity
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 second bcd normal

step 'systemctl stop distro-manager'
begin=$(now)
check 'stop' node_exec abc systemctl stop distro-manager
stopped=$(now)
check 'nothing is left running' node_exec abc sh -c '! systemctl is-active --quiet distro-app-distro.service'
line=$(worker_start "$begin" distro bcd 5) || fail 'bcd takes over'
case $(line_text "$line") in
'distro: start type takeover on bcd, from abc, epoch '*) ;;
*) fail 'the type is takeover' "$(line_text "$line")" ;;
esac
check_time 'the hand-over' $(($(line_time "$line") - begin)) 0 2000000
check_time 'the stop' $((stopped - begin)) 0 5000000
check 'what ran elsewhere was left alone' node_exec bcd systemctl is-active --quiet distro-app-second.service

step 'it is started again and takes over'
begin=$(now)
check 'start' node_exec abc systemctl start distro-manager
expect_start "$begin" 10 distro abc takeover bcd

step 'abc reboots'
begin=$(now)
node_exec abc systemctl --no-block reboot
line=$(worker_start "$begin" distro bcd 10) || fail 'bcd takes over'
case $(line_text "$line") in
'distro: start type takeover on bcd, from abc, epoch '*) ;;
*) fail 'the type is takeover' "$(line_text "$line")" ;;
esac
check_time 'the hand-over' $(($(line_time "$line") - begin)) 0 3000000
expect_start $(($(line_time "$line") + 1)) 30 distro abc takeover bcd
note "the node was back and had its application again after $(seconds $((STARTED - begin))) s"

step 'bcd is shut down'
begin=$(now)
node_exec bcd systemctl --no-block poweroff
line=$(worker_start "$begin" second abc 10) || fail 'abc takes second over'
check_time 'the hand-over' $(($(line_time "$line") - begin)) 0 3000000
node_is_down() { ! node_is_up "$1"; }
check_within 20 'bcd goes down' node_is_down bcd

end_test distro second
