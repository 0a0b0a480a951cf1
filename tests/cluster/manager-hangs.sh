#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A manager that hangs is ended by its watchdog and finds its workers again; one that hangs as it starts anew is not waited
# for: its node's guard stops the workers, and kills those that do not end, before the others start them.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

GRACE=8000000
HANG=/etc/lab-hang
applications() {
        cluster_app distro 'abc {bcd def}'
        cluster_app deaf 'abc {bcd def}' -- Type=exec TimeoutStopSec=15s "ExecStart=/bin/sh -c 'trap : TERM; while :; do sleep 0.2; done'"
        cluster_manager_conf ManagerGraceSec=8s
        printf '[Service]\nExecStartPre=/bin/sh -c "test ! -e %s || exec sleep infinity"\n' "$HANG" |
                cluster_file abc /etc/systemd/system/distro-manager.service.d/hang.conf
}

# shellcheck disable=SC2016 # the dollar is jq's
node_state_is() { [ "$(cluster_status "$1" '.nodes[] | select(.name == $node) | .state' --arg node "$2")" = "$3" ]; }
identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service distro-app-deaf.service; }
end_on_abc() { copy_events "$1" | awk '$2 == "abc" && $3 == "end" { print $1 }' | tail -n 1; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 10 'deaf runs on abc' app_runs_on deaf abc
before=$(identity)

step 'the manager of abc hangs: its watchdog ends it within a quarter of the grace'
pid=$(manager_pid abc)
since=$(now)
node_exec abc kill -STOP "$pid"
wait_until 10 manager_is_new abc "$pid" || fail 'systemd starts another'
line=$(wait_line "$since" 1 "$(of abc)" _COMM=systemd UNIT=distro-manager.service --grep='[Ww]atchdog timeout') ||
        fail 'it was the watchdog'
check_time 'the end of a manager that hangs' $(($(line_time "$line") - since)) 0 $((GRACE / 4 + 1000000))
cluster_wait_synced 10
check_within 5 'all show it as running' app_runs_on distro abc
check_stays 8 'no guard stops it later' app_runs_on distro abc
check 'they are the same copies' test "$(identity)" = "$before"

step 'the manager of abc is killed, and the next one hangs as it starts'
node_exec abc touch "$HANG"
killed=$(now)
node_exec abc systemctl kill -s KILL distro-manager
check_within 2 'the others see it' node_state_is bcd abc manager-gone
check_stays 2 'the worker runs on' node_exec abc systemctl is-active distro-app-distro.service
line=$(worker_start "$killed" distro bcd 15) || line=$(worker_start "$killed" distro def 1) || fail 'another node starts distro'
started=$(line_time "$line")
check_time 'the start after the end of the manager' $((started - killed)) "$GRACE" $((GRACE + 1500000))
stopped=$(end_on_abc distro)
[ -n "$stopped" ] || fail 'the guard stopped distro on abc' "$(copy_events distro)"
check_time 'the end of distro after that of its manager' $((stopped - killed)) $((GRACE / 2)) $((GRACE * 3 / 4))
stopped=$(end_on_abc deaf)
[ -n "$stopped" ] || fail 'the guard killed deaf on abc' "$(copy_events deaf)"
check_time 'the end of deaf, which ends only when it is killed' $((stopped - killed)) $((GRACE * 3 / 4)) "$GRACE"
check 'the manager is still at its start' test \
        "$(node_exec abc systemctl show --value -p ActiveState distro-manager)" = activating

step 'it goes on: abc is the better node'
begin=$(now)
node_exec abc rm "$HANG"
node_exec abc systemctl kill -s TERM --kill-who=control distro-manager
cluster_wait_synced 20
worker_start "$begin" distro abc 10 >/dev/null || fail 'abc takes distro over'
check_within 10 'distro runs on abc' app_runs_on distro abc
check_within 30 'deaf runs on abc' app_runs_on deaf abc

step 'the same, and its guard is killed with the manager: nobody saw the end of that'
node_exec abc touch "$HANG"
killed=$(now)
node_exec abc systemctl kill -s KILL distro-manager distro-guard
worker_start "$killed" distro bcd 15 >/dev/null || worker_start "$killed" distro def 1 >/dev/null || fail 'another node starts distro'
stopped=$(copy_events distro | awk -v since="$killed" '$1 > since && $2 == "abc" && $3 == "end" { print $1 }' | tail -n 1)
[ -n "$stopped" ] || fail 'the guard stopped distro on abc' "$(copy_events distro)"
check_time 'the end of distro after that of its manager' $((stopped - killed)) $((GRACE / 2)) $((GRACE * 3 / 4 + 500000))
node_exec abc rm "$HANG"
node_exec abc systemctl kill -s TERM --kill-who=control distro-manager
cluster_wait_synced 20

end_test distro deaf
