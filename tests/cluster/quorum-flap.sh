#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The last node of three has quorum by the device, and both others come back at once. With Corosync's default tie_breaker the
# device can take its vote away for some milliseconds: the rule stands, the worker gets its stop at once, and is started
# again. With a tie_breaker that names the last node nothing happens to it.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

LOST=MESSAGE_ID=1d81ae2d3151435abeed1d5f8e0e2912
GAINED=MESSAGE_ID=18cc89268b124e90b6147a275e8074e0
applications() { cluster_app distro 'abc bcd def' FailoverDelaySec=5s Takeover=manual; }

identity() { node_exec def systemctl show --value -p InvocationID distro-app-distro.service; }
runs_once() {
        local node
        for node in abc bcd def; do
                ! app_runs_on distro "$node" || return 0
        done
        return 1
}

# def alone runs distro, and both others boot. Sets BOOT.
both_return() {
        local node next cut
        step "tie_breaker: $CLUSTER_TIE_BREAKER; abc and bcd lose their power, and boot at once"
        for node in abc bcd; do
                next=$([ "$node" = abc ] && echo bcd || echo def)
                cut=$(now)
                node_power_cut "$node"
                expect_start "$cut" 20 distro "$next" failover "$node"
        done
        BEFORE=$(identity)
        BOOT=$(now)
        node_boot abc
        node_boot bcd
        cluster_wait_synced 60
        check_within 15 'one copy runs' runs_once
}

export CLUSTER_TIE_BREAKER=lowest
begin=$(now)
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal
both_return
if line=$(find_line "$BOOT" "$(of def)" "$LOST"); then
        lost=$(line_time "$line")
        line=$(find_line "$lost" "$(of def)" "$GAINED") || fail 'def has quorum again'
        note "def was without quorum for $(seconds $(($(line_time "$line") - lost))) s"
        ended=$(copy_events distro | awk -v lost="$lost" '$1 > lost - 100000 && $2 == "def" && $3 == "end" { print $1; exit }')
        [ -n "$ended" ] || fail 'its worker was stopped' "$(copy_events distro)"
        check_time 'the end of its worker after that' $((ended - lost + 100000)) 0 5100000
        begun=$(copy_events distro | awk -v ended="$ended" '$1 > ended && $3 == "begin" { print $1; exit }')
        check_time 'the next start after the end' $((begun - ended)) 0 15000000
else
        note 'def kept its quorum'
        check 'it is the same copy' test "$(identity)" = "$BEFORE"
fi

step 'all lose their power and boot with another tie_breaker'
for node in abc bcd def; do
        node_power_cut "$node"
done
export CLUSTER_TIE_BREAKER=highest
for node in abc bcd def; do
        cluster_corosync_conf >"$LAB/$node/root/etc/corosync/corosync.conf"
done
cluster_boot
cluster_wait_synced 60
check_within 15 'one copy runs' runs_once
check 'takeover' node_exec def distroctl takeover distro abc
check_within 10 'it runs on abc' app_runs_on distro abc
both_return
! line=$(find_line "$BOOT" "$(of def)" "$LOST") || fail 'def keeps its quorum' "$(line_text "$line")"
check 'it is the same copy' test "$(identity)" = "$BEFORE"

end_test distro
