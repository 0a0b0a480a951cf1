#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Standby and drain move everything away from a node without delay, and last until they are taken back.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app one 'abc bcd def' FailoverDelaySec=60s
        cluster_app two 'abc def bcd' FailoverDelaySec=60s
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 one abc normal
expect_start "$begin" 10 two abc normal

step 'drain waits until all of it has moved'
begin=$(now)
check 'drain' node_exec def distroctl drain abc
check 'nothing runs there when it returns' node_exec abc sh -c \
        '! systemctl is-active --quiet distro-app-one.service && ! systemctl is-active --quiet distro-app-two.service'
expect_start "$begin" 5 one bcd takeover abc
expect_start "$begin" 5 two def takeover abc

step 'it lasts over a restart of the manager and of the node'
check 'restart' node_exec abc systemctl restart distro-manager
cluster_wait_synced
node_power_cut abc
node_boot abc
cluster_wait_synced
check_stays 2 'one stays on bcd' app_runs_on one bcd
check 'two stays on def' app_runs_on two def

step 'unstandby: the better node takes over'
begin=$(now)
check 'unstandby' node_exec bcd distroctl unstandby abc
expect_start "$begin" 5 one abc takeover bcd
expect_start "$begin" 5 two abc takeover def

end_test one two
