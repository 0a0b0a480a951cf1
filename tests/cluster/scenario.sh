#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Failover twice, then takeover: the life of an application on three nodes, two of which lose their power.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

DELAY=5000000
applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s; }

# loses NODE NEXT: the power of NODE, which runs distro, is cut; NEXT starts it when the delay is over.
loses() {
        local cut quorum
        step "the power of $1 is cut"
        cut=$(now)
        node_power_cut "$1"
        quorum=$(quorum_time "$2" "$cut") || fail "$2 gets a new ring"
        check_within 3 'the manager waits' app_is distro state waiting
        expect_start "$cut" 15 distro "$2" failover "$1"
        note "Corosync's detection: $(seconds $((quorum - cut))) s"
        check_time 'the start after the quorum of the new ring' $((STARTED - quorum)) "$DELAY" $((DELAY + 1000000))
}

begin=$(now)
step 'all nodes boot'
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal
check 'the worker runs in the slice of the workers' node_exec abc \
        systemctl is-active --quiet distro.slice distro-app-distro.service
check 'distroctl says where' test "$(node_exec def distroctl locate distro)" = abc

loses abc bcd
loses bcd def

step 'abc and bcd boot'
boot=$(now)
node_boot abc
node_boot bcd
expect_start "$boot" 30 distro abc takeover def
cluster_wait_synced
check_stays 3 'it stays there' app_runs_on distro abc

end_test distro
