#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A manager that ends and does not come back, its node alive: its own node's guard stops the workers, and the others start
# them only when the grace is over.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

GRACE=8000000
applications() {
        cluster_app distro 'abc {bcd def}'
        cluster_manager_conf ManagerGraceSec=8s
        printf '[Service]\nRestart=no\n' | cluster_file abc /etc/systemd/system/distro-manager.service.d/no-restart.conf
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'the manager of abc is killed and not started again'
killed=$(now)
node_exec abc systemctl kill -s KILL distro-manager
node_says_gone() { [ "$(cluster_status bcd '.nodes[] | select(.name == "abc") | .state')" = manager-gone ]; }
check_within 2 'the others see it' node_says_gone
check_stays 2 'the worker runs on' node_exec abc systemctl is-active distro-app-distro.service
wait_line "$killed" 15 "$(of bcd)" _SYSTEMD_UNIT=distro-app-distro.service >/dev/null || fail 'bcd starts it'
started=$(line_time "$(worker_start "$killed" distro bcd 1)")
check_time 'the start after the end of the manager' $((started - killed)) "$GRACE" $((GRACE + 1500000))
stopped=$(copy_events distro | awk '$2 == "abc" && $3 == "end" { print $1 }' | tail -n 1)
[ -n "$stopped" ] || fail 'the guard stopped the copy on abc' "$(copy_events distro)"
check_time 'the end of the old copy after that of its manager' $((stopped - killed)) $((GRACE / 2)) $((GRACE * 3 / 4 + 500000))

step 'the manager returns and the better node takes over'
begin=$(now)
check 'start' node_exec abc systemctl start distro-manager
expect_start "$begin" 10 distro abc takeover bcd
check_stays 9 'a guard that was armed before does not stop it' app_runs_on distro abc

end_test distro
