#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The owner is back before the delay is over, and keeps its application; an administrator can go on without waiting.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=60s
        cluster_app never 'abc bcd def' FailoverDelaySec=infinity
}

begin=$(now)
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 never abc normal

step 'the power of abc is cut, and it boots again'
cut=$(now)
node_power_cut abc
check_within 10 'the others wait' app_is distro state waiting
node_boot abc
expect_start "$cut" 30 distro abc normal
expect_start "$cut" 30 never abc normal
cluster_wait_synced

step 'the power of abc is cut; a takeover by hand does not wait'
cut=$(now)
node_power_cut abc
check_within 10 'the others wait' app_is distro state waiting
check 'takeover --force' node_exec def distroctl takeover distro --force
expect_start "$cut" 5 distro bcd failover abc
check 'the other one goes on waiting' app_is never state waiting

step 'the next node is lost inside of the delay of the other one'
node_power_cut bcd
check_within 10 'def alone waits for both' app_is distro state waiting
check_stays 3 'nothing starts' app_runs_nowhere never
begin=$(now)
check 'takeover --force' node_exec def distroctl takeover never def --force
expect_start "$begin" 5 never def failover abc

end_test distro never
