#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Corosync of a node dies in the moment in which it has told the others of its processes: they list its manager for ever. The
# group goes on without it, and takes the node's next manager in beside the ghost.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/joinlist.sh
. "${0%/*}/lab/joinlist.sh"

export CLUSTER_TOKEN=3000
applications() {
        cluster_app distro 'bcd def abc' FailoverDelaySec=5s
        cluster_app mine 'abc bcd def' FailoverDelaySec=5s
}

# Whether guest $1 lists a manager of abc, and its ring has $2 nodes.
lists_abc() {
        node_exec "$1" corosync-cpgtool | grep -A 9 '^distro-manager[^/]*$' | sed '/^distro-manager\//,$d' |
                grep -q '1 (10\.99\.0\.1)' && node_is_quorate "$1" "$2"
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro bcd normal
expect_start "$begin" 10 mine abc normal

step 'the cable of abc is cut, and its application moves'
cut=$(now)
cable_cut abc
worker_start "$cut" mine bcd 30 >/dev/null || fail 'bcd starts mine'

step 'the cable is mended, and Corosync of abc dies when the others have its list'
joinlist_fault abc kill
cable_mend abc
joinlist_wait abc
check_within 5 'corosync of abc is dead' node_exec abc systemctl is-failed --quiet corosync
for node in bcd def; do
        check_within 20 "Corosync of $node lists a manager on a node that is not in the ring" lists_abc "$node" 2
done

step 'the others take no notice'
begin=$(now)
check 'a restart' node_exec def distroctl restart distro
check_time 'it' $(($(now) - begin)) 0 3000000
check 'abc is offline' test "$(cluster_status bcd '.nodes[] | select(.name == "abc") | .state')" = offline
begin=$(now)
check 'a takeover' node_exec bcd distroctl takeover distro def
worker_start "$begin" distro def 5 >/dev/null || fail 'def starts distro'

step 'Corosync of abc starts again, and so does its manager'
begin=$(now)
node_exec abc systemctl kill -s KILL distro-manager
node_exec abc systemctl start corosync
cluster_wait_synced 60
worker_start "$begin" mine abc 20 >/dev/null || fail 'abc takes mine over'
check_within 5 'mine runs on abc' app_runs_on mine abc
check_within 5 'distro runs on def' app_runs_on distro def
note "of abc's managers Corosync of bcd lists $(node_exec bcd corosync-cpgtool | grep -A 9 '^distro-manager[^/]*$' |
        sed '/^distro-manager\//,$d' | grep -c '1 (10\.99\.0\.1)')"

step 'the power of abc is cut'
cut=$(now)
node_power_cut abc
expect_start "$cut" 30 mine bcd failover abc

end_test distro mine
