#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Corosync of two nodes loses the manager of the third, whose own Corosync still lists it: that manager notices and joins
# again, before the others think that it is gone for good and start what it runs.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/joinlist.sh
. "${0%/*}/lab/joinlist.sh"

export CLUSTER_TOKEN=3000
applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=5s Takeover=manual
        cluster_manager_conf ManagerGraceSec=8s
}

identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
before=$(identity)

step 'def is cut off'
cable_cut def
wait_until 30 node_is_quorate abc 2 || fail 'abc has a ring without def'
check 'distro runs on abc' node_exec abc systemctl is-active --quiet distro-app-distro.service

step 'it comes back, and in the list that abc sends its manager is missing'
joinlist_fault abc lose
since=$(now)
cable_mend def
joinlist_wait abc
wait_line "$since" 20 "$(of abc)" MESSAGE_ID=aa19d546a02a410b983a5f0a5407287f --grep='out of the group on (bcd|def)$' >/dev/null ||
        fail 'the manager of abc notices'
wait_line "$since" 5 "$(of bcd)" MESSAGE_ID=0a5b4d57b714474c993878e4f6e9fe7d >/dev/null || fail 'for bcd it was gone'
cluster_wait_synced 20
check_within 5 'all show distro on abc' app_runs_on distro abc
check_stays 10 'it stays there' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"

end_test distro
