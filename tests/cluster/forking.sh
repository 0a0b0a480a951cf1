#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A worker that forks and names its main process in a file, and one that is bound to another unit of its node: with that unit
# it goes.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app forks 'abc {bcd def}' Takeover=manual -- Type=forking PIDFile=/run/forks.pid \
                "ExecStart=/bin/sh -c 'sleep 1d & echo \$\$! >/run/forks.pid'"
        cluster_app bound 'abc bcd def' Takeover=manual -- '[Unit]' BindsTo=lab-base.service After=lab-base.service
        cluster_file all /etc/systemd/system/lab-base.service <<-END
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/true
	END
}

unit_of() { node_exec "$2" systemctl show --value -p "$3" "distro-app-$1.service"; }
main_process_is_the_named() { [ "$(unit_of forks "$1" MainPID)" = "$(node_exec "$1" cat /run/forks.pid)" ]; }
base_is_active() { node_exec "$1" systemctl is-active lab-base.service; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 bound abc normal

step 'a worker that forks'
check_within 10 'it runs on abc alone' app_runs_on forks abc
check 'its main process is the one in PIDFile=' main_process_is_the_named abc
main=$(unit_of forks abc MainPID)
check 'takeover' node_exec abc distroctl takeover forks bcd
check 'it runs on bcd alone' app_runs_on forks bcd
check_fails 'its process on abc has ended' node_exec abc kill -0 "$main"
check 'its main process is the one in PIDFile=' main_process_is_the_named bcd
node_exec bcd kill -KILL "$(unit_of forks bcd MainPID)"
is_elsewhere() { app_runs_on forks abc && app_is forks start_type failover; }
check_within 10 'its main process ends: abc has it' is_elsewhere

step 'a worker that is bound to a unit'
check 'that unit was started with it' base_is_active abc
stopped=$(now)
node_exec abc systemctl stop lab-base.service
expect_start "$stopped" 10 bound abc normal
check 'the unit was started again with it' base_is_active abc
stopped=$(now)
node_exec abc systemctl stop lab-base.service
expect_start "$stopped" 10 bound bcd failover abc
check 'its unit there was started' base_is_active bcd
check_fails 'the one on abc was not' base_is_active abc

end_test bound
