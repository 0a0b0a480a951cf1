#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A manager that crashes again and again: the grace counts from its first end, so the guard ends the workers before the
# others start them; systemd goes on trying, and when a manager stays up all is as before.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

GRACE=16000000
CRASH=/etc/lab-crash
applications() {
        cluster_app distro 'abc {bcd def}'
        cluster_manager_conf ManagerGraceSec=16s
        cluster_file abc /usr/libexec/lab-manager <<-END
		#!/bin/sh
		[ ! -e $CRASH ] || kill -KILL \$\$
		exec /usr/sbin/distro-manager
	END
        chmod 755 "$LAB/abc/root/usr/libexec/lab-manager"
        printf '[Service]\nExecStart=\nExecStart=/bin/sh /usr/libexec/lab-manager\n' |
                cluster_file abc /etc/systemd/system/distro-manager.service.d/crash.conf
}

crash_on() { echo | cluster_file abc "$CRASH"; }
crash_off() { rm "$LAB/abc/root$CRASH"; }
identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }
n_restarts() { node_exec abc systemctl show --value -p NRestarts distro-manager; }
was_restarted() { [ "$(n_restarts)" -ge "$1" ]; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
before=$(identity)

step 'the manager of abc crashes three times: the worker is left alone'
crash_on
node_exec abc systemctl kill -s KILL distro-manager
check_within 6 'systemd tries again and again' was_restarted 3
check 'the worker runs on' node_exec abc systemctl is-active distro-app-distro.service
crash_off
cluster_wait_synced 10
check_stays 16 'no guard stops it later' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"

step 'it crashes again and again, but each takes part for a moment: the worker is left alone'
since=$(now)
while [ $(($(now) - since)) -lt $((GRACE * 3 / 2)) ]; do
        node_exec abc systemctl kill -s KILL distro-manager
        cluster_wait_synced 10
done
check_stays 2 'it runs on' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"

step 'it crashes, and does not cease to'
restarts=$(n_restarts)
crash_on
killed=$(now)
node_exec abc systemctl kill -s KILL distro-manager
line=$(worker_start "$killed" distro bcd 25) || fail 'bcd starts it'
check_time 'the start after the first end of the manager' $(($(line_time "$line") - killed)) "$GRACE" $((GRACE + 3000000))
stopped=$(copy_events distro | awk '$2 == "abc" && $3 == "end" { print $1 }' | tail -n 1)
[ "${stopped:-0}" -gt "$killed" ] || fail 'the guard stopped the copy on abc' "$(copy_events distro)"
check_time 'the end of the old copy' $((stopped - killed)) $((GRACE / 2)) $((GRACE * 3 / 4 + 500000))
note "$(($(n_restarts) - restarts)) managers were started meanwhile"
[ "$(n_restarts)" -gt $((restarts + 5)) ] || fail 'systemd still tries' "$restarts, then $(n_restarts)"

step 'it ceases to, and the better node takes over, with nobody starting anything'
begin=$(now)
crash_off
expect_start "$begin" 20 distro abc takeover bcd
check_stays 16 'no guard stops it later' app_runs_on distro abc

end_test distro
