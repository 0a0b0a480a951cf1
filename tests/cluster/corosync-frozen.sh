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
# On a busy machine a freeze of a second can last until the others count the node as lost; then it was no short one. They
# may do so as late as token + consensus after it.
owner() { cluster_status def '.applications[] | select(.name == "distro" and .state == "running") | .node' | grep .; }
for try in 1 2 3 4 5; do
        check_within 20 'it runs' owner
        at=$(owner)
        id=$(node_exec "$at" systemctl show --value -p InvocationID distro-app-distro.service)
        begin=$(now)
        node_exec "$at" systemctl kill -s STOP corosync
        check_stays 1 'the worker runs' node_exec "$at" systemctl is-active distro-app-distro.service
        node_exec "$at" systemctl kill -s CONT corosync
        took=$(($(now) - begin))
        sleep "$(seconds "$CLUSTER_DETECTION")"
        cluster_wait_synced 30
        [ "$took" -ge $((CLUSTER_DETECTION * 3 / 4)) ] || break
        note "try $try froze it for $(seconds "$took") s, which is not short"
done
if [ "$took" -lt $((CLUSTER_DETECTION * 3 / 4)) ]; then
        check_within 5 'it runs where it ran' app_runs_on distro "$at"
        check 'it is the same copy' test \
                "$(node_exec "$at" systemctl show --value -p InvocationID distro-app-distro.service)" = "$id"
fi

end_test distro
