#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# corosync.conf is loaded again on a running cluster: with a longer token the managers ride through what Corosync rides
# through.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s; }

# change SED-COMMAND: in all corosync.conf; then Corosync loads them again.
change() {
        local node
        for node in abc bcd def; do
                sed -i -E "$1" "$LAB/$node/root/etc/corosync/corosync.conf"
        done
        node_exec abc corosync-cfgtool -R >/dev/null || fail 'corosync-cfgtool -R'
}

token_is() { [[ $(node_exec "$1" distroctl timing) = *"Token: $2"* ]]; }
invocation() { node_exec abc systemctl show --value -p InvocationID distro-app-distro; }

cluster_up -w abc bcd def
check_within 20 'the application runs on abc' app_runs_on distro abc

step 'a longer token'
change 's/token: [0-9]+$/token: 10000/'
for node in abc bcd def; do
        check_within 10 "$node knows it" token_is "$node" 10s
done
before=$(invocation)
begin=$(now)
cable_cut abc bcd def
sleep 4
cable_mend abc bcd def
check_stays 6 'the application stays' app_runs_on distro abc
check 'it is the same worker' test "$(invocation)" = "$before"
check 'nobody acted as cut off' test -z "$(find_line "$begin" MESSAGE_ID=c798ba6447f847c8ba64469095a15840)"

end_test distro
