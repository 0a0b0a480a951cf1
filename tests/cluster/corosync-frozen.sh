#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Corosync of the owner is frozen and says nothing: its manager notices by itself and stops the worker before the others
# start it.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s Takeover=manual; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'corosync of abc gets SIGSTOP'
begin=$(now)
node_exec abc systemctl kill -s STOP corosync
wait_line "$begin" 10 "$(of abc)" MESSAGE_ID=c798ba6447f847c8ba64469095a15840 >/dev/null || fail 'abc acts as cut off'
line=$(worker_start "$begin" distro bcd 20) || fail 'bcd starts it'
case $(line_text "$line") in
'distro: start type failover on bcd, from abc, epoch '*) ;;
*) fail 'the type is failover' "$(line_text "$line")" ;;
esac
ended=$(copy_events distro | awk '$2 == "abc" && $3 == "end" { print $1 }')
[ -n "$ended" ] || fail 'abc stopped its copy' "$(copy_events distro)"
note "abc's copy ended after $(seconds $((ended - begin))) s, bcd's began after $(seconds $(($(line_time "$line") - begin))) s"

step 'it goes on'
node_exec abc systemctl kill -s CONT corosync
cluster_wait_synced 30
check_within 5 'there is one copy' app_runs_on distro bcd

step 'a short freeze moves nothing'
# Short is what the ring outlives: a fifth of a token, less than knet takes to give a link up. On a busy machine Corosync can
# lose its token all the same and form a new ring, where the node may be alone for a moment; then it was no short freeze, and
# the next try begins where it runs now.
owner() { cluster_status def '.applications[] | select(.name == "distro" and .state == "running") | .node' | grep .; }
ring() { node_exec "$1" corosync-quorumtool -s | awk '$1 == "Ring" { print $3 }' | grep .; }
for try in 1 2 3 4 5 6 7 8 9 10; do
        check_within 20 'it runs' owner
        at=$(owner)
        id=$(node_exec "$at" systemctl show --value -p InvocationID distro-app-distro.service)
        before=$(ring "$at")
        node_exec "$at" sh -c "systemctl kill -s STOP corosync; sleep $(seconds $((CLUSTER_TOKEN * 200))); systemctl kill -s CONT corosync"
        # What the freeze has begun has ended by then.
        sleep "$(seconds "$CLUSTER_DETECTION")"
        cluster_wait_synced 30
        after=$(ring "$at")
        [ "$after" != "$before" ] || break
        note "try $try: the ring did not outlive it"
done
check 'the ring outlives a short freeze' test "$after" = "$before"
check 'it runs where it ran' app_runs_on distro "$at"
check 'it is the same copy' test \
        "$(node_exec "$at" systemctl show --value -p InvocationID distro-app-distro.service)" = "$id"

end_test distro
