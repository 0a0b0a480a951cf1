#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# corosync.conf is loaded again on a running cluster: with a longer token the managers ride through what Corosync rides
# through, and FailoverDelaySec=auto waits as long as a node that is cut off needs with it.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc {bcd def}' FailoverDelaySec=60s
        cluster_app waits 'abc bcd def' FailoverDelaySec=auto Takeover=manual
}

# change SED-COMMAND: in all corosync.conf; then Corosync loads them again.
change() {
        local node
        for node in abc bcd def; do
                sed -i -E "$1" "$LAB/$node/root/etc/corosync/corosync.conf"
        done
        node_exec abc corosync-cfgtool -R >/dev/null || fail 'corosync-cfgtool -R'
}

token_is() { [[ $(node_exec "$1" distroctl timing) = *"Token: $2"* ]]; }
# delay_is NODE MICROSECONDS: what auto comes to, as NODE has it.
delay_is() {
        [ "$(node_exec "$1" distroctl --json=short timing |
                jq '.applications[] | select(.name == "waits" and .failover_delay_auto).failover_delay_usec')" = "$2" ]
}
needed() { node_exec "$1" distroctl --json=short timing | jq .needed_delay_usec; }
bcd_waits() { [[ $(node_exec bcd distroctl status waits) = *'FailoverDelaySec= runs'* ]]; }
invocation() { node_exec abc systemctl show --value -p InvocationID distro-app-distro; }

cluster_up -w abc bcd def
check_within 20 'the application runs on abc' app_runs_on distro abc

check_within 20 'the other one does, too' app_runs_on waits abc
short=$(needed abc)
for node in abc bcd def; do
        check_within 10 "$node waits as long as is needed" delay_is "$node" "$short"
done

step 'a longer token'
change 's/token: [0-9]+$/token: 10000/'
for node in abc bcd def; do
        check_within 10 "$node knows it" token_is "$node" 10s
done
long=$(needed abc)
check 'more is needed' test "$long" -gt "$short"
for node in abc bcd def; do
        check_within 10 "$node waits longer" delay_is "$node" "$long"
done
before=$(invocation)
begin=$(now)
cable_cut abc bcd def
sleep 4
cable_mend abc bcd def
check_stays 6 'the application stays' app_runs_on distro abc
check 'it is the same worker' test "$(invocation)" = "$before"
check 'nobody acted as cut off' test -z "$(find_line "$begin" MESSAGE_ID=c798ba6447f847c8ba64469095a15840)"

step 'abc is cut off'
cut=$(now)
cable_cut abc
check_within 60 'bcd waits' bcd_waits
quorum=$(quorum_time bcd "$cut") || fail 'bcd gets a new ring'
line=$(worker_start "$cut" waits bcd 60) || fail 'bcd starts it'
check_time 'the start after the quorum of the new ring' $(($(line_time "$line") - quorum)) "$long" $((long + 1000000))
cable_mend abc

end_test distro waits
