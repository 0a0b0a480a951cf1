#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A start that waits for another unit has no process yet, and will have one: the next manager finds it, and so does the guard
# where no manager comes.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

GRACE=8000000
applications() {
        cluster_app distro 'abc {bcd def}' Takeover=manual
        cluster_manager_conf ManagerGraceSec=8s
        printf '[Unit]\nRequires=lab-ready.service\nAfter=lab-ready.service\n' |
                cluster_file all /etc/distro-manager/applications/distro.app.d/ready.conf
        # On abc it becomes ready when it is told so, elsewhere at once.
        cluster_file all /etc/systemd/system/lab-ready.service <<-END
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'while test -e /etc/lab-not-ready; do sleep 0.1; done'
	END
        echo yes | cluster_file abc /etc/lab-not-ready
}

start_waits() { node_exec abc systemctl list-jobs --no-legend distro-app-distro.service | grep -q 'start *waiting'; }
is_starting_on_abc() { app_is distro state starting && app_is distro node abc; }
as_it_was() { is_starting_on_abc && app_is distro epoch "$epoch" && start_waits; }
next_manager_takes_part() { node_is_synced abc && manager_is_new abc "$pid"; }

cluster_up abc bcd def

step 'the start on abc waits for a unit that the worker requires'
check_within 10 'its job waits' start_waits
check 'all show it as starting there' is_starting_on_abc
epoch=$(app_field distro epoch)

step 'the manager of abc is killed: the next one finds the start that waits'
pid=$(manager_pid abc)
node_exec abc systemctl kill -s KILL distro-manager
check_within 10 'the next manager takes part' next_manager_takes_part
check 'it is the same start' as_it_was
check_stays 3 'nobody starts another' as_it_was

step 'the manager of abc is killed again and stays away: its guard ends the start'
printf '[Service]\nRestart=no\n' | cluster_file abc /etc/systemd/system/distro-manager.service.d/no-restart.conf
node_exec abc systemctl daemon-reload
killed=$(now)
node_exec abc systemctl kill -s KILL distro-manager
line=$(worker_start "$killed" distro bcd 20) || line=$(worker_start "$killed" distro def 1) || fail 'another node starts it'
check_time 'the start after the end of the manager' $(($(line_time "$line") - killed)) "$GRACE" $((GRACE + 3000000))
check_fails 'no start waits on abc any more' start_waits
node_exec abc rm /etc/lab-not-ready
check_stays 3 'nothing starts on abc, whose unit is ready now' test "$(app_copies distro)" != abc
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1

step 'the manager of abc is back'
rm "$LAB/abc/root/etc/systemd/system/distro-manager.service.d/no-restart.conf"
node_exec abc systemctl daemon-reload
node_exec abc systemctl start distro-manager
cluster_wait_synced 20
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1

end_test distro
