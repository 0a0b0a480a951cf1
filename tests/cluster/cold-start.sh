#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All nodes lose their power at once and start again, also without the last owner; what was commanded is kept.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=3s
        cluster_app stopped 'abc bcd def'
        cluster_app moved 'abc bcd def'
        cluster_manager_conf SyncMandatory= 'SyncOptional=abc bcd def' SyncTimeoutSec=5s
}

power_cut_all() {
        local node
        for node in abc bcd def; do
                node_power_cut "$node"
        done
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 stopped abc normal
expect_start "$begin" 10 moved abc normal
check 'stop' node_exec abc distroctl stop stopped
check 'forbid' node_exec abc distroctl forbid moved abc
check_within 5 'it moved' app_runs_on moved bcd
epoch=$(app_field distro epoch)

step 'the power of all nodes is cut; all boot'
power_cut_all
begin=$(now)
cluster_boot
cluster_wait_synced
expect_start "$begin" 20 distro abc normal
[ "$(app_field distro epoch)" -gt "$epoch" ] || fail 'the epoch grew' "$epoch, then $(app_field distro epoch)"
check_within 5 'what was moved by a command stays there' app_runs_on moved bcd
check_stays 2 'what was stopped stays so' app_runs_nowhere stopped

step 'the power of all nodes is cut; the owner does not boot'
power_cut_all
begin=$(now)
node_boot bcd
node_boot def
cluster_wait_synced
expect_start "$begin" 30 distro bcd failover abc

step 'the owner boots'
begin=$(now)
node_boot abc
expect_start "$begin" 30 distro abc takeover bcd
check 'what was forbidden stays so' app_runs_on moved bcd

end_test distro moved
