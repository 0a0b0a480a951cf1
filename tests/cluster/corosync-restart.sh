#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Corosync is restarted, stopped, and crashes, for a moment and for good, under the owner: there is never a second copy.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s; }

identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }
corosync_says() { find_line "$1" "$(of "$2")" SYSLOG_IDENTIFIER=corosync --grep="$3"; }

# taken_over SINCE: bcd has taken it over from abc.
taken_over() {
        local line
        line=$(worker_start "$1" distro bcd 10) || fail 'bcd takes over'
        case $(line_text "$line") in
        'distro: start type takeover on bcd, from abc, epoch '*) ;;
        *) fail 'the type is takeover' "$(line_text "$line")" ;;
        esac
        TAKEN=$(line_time "$line")
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'systemctl restart corosync: a planned leave, then a takeover'
begin=$(now)
check 'restart' node_exec abc systemctl restart corosync
taken_over "$begin"
expect_start $((TAKEN + 1)) 30 distro abc takeover bcd

step 'systemctl stop corosync: the manager ends with it, and hands over first'
begin=$(now)
check 'stop' node_exec abc systemctl stop corosync
check 'the manager has ended well' test \
        "$(node_exec abc systemctl show --value -p ActiveState -p Result distro-manager | tr '\n' ' ')" = 'success inactive '
check 'nothing is left running' node_exec abc sh -c '! systemctl is-active --quiet distro-app-distro.service'
taken_over "$begin"
check_time 'the hand-over' $((TAKEN - begin)) 0 3000000
begin=$(now)
check 'the start of the manager starts both' node_exec abc systemctl start distro-manager
expect_start "$begin" 30 distro abc takeover bcd

# What makes it hard: the others see one round in which abc left and joined, and abc itself begins alone.
one_round() {
        local node
        for node in bcd def; do
                corosync_says "$killed" "$node" 'Sync joined\[1\]: 1$' >/dev/null || return 1
                corosync_says "$killed" "$node" 'Sync left\[1\]: 1$' >/dev/null || return 1
                ! corosync_says "$killed" "$node" 'Members\[2\]: 2 3$' >/dev/null || return 1
        done
        corosync_says "$killed" abc 'Members\[1\]: 1$' >/dev/null
}

step 'corosync is killed and started again before its loss is seen: the worker is left alone'
cluster_wait_synced 30
before=$(identity)
# A busy machine can be too slow for it.
for attempt in 1 2 3; do
        killed=$(now)
        node_exec abc systemctl kill -s KILL corosync
        wait_until 5 node_exec abc systemctl is-failed --quiet corosync || fail 'corosync is down'
        node_exec abc systemctl start corosync
        cluster_wait_synced 30
        check_within 5 'it runs on abc' app_runs_on distro abc
        check_stays 3 'it stays there' app_runs_on distro abc
        check 'it is the same copy' test "$(identity)" = "$before"
        ! one_round || break
        [ "$attempt" -lt 3 ] || fail 'the others see abc leave and join in one round' \
                "$(journal_since "$killed" SYSLOG_IDENTIFIER=corosync --grep=QUORUM)"
done

step 'corosync is killed and stays away: abc stops the worker before bcd starts it'
killed=$(now)
node_exec abc systemctl kill -s KILL corosync
line=$(worker_start "$killed" distro bcd 20) || fail 'bcd starts it'
case $(line_text "$line") in
'distro: start type failover on bcd, from abc, epoch '*) ;;
*) fail 'the type is failover' "$(line_text "$line")" ;;
esac
ended=$(copy_events distro | awk '$2 == "abc" && $3 == "end" { print $1 }' | tail -n 1)
[ "${ended:-0}" -gt "$killed" ] || fail 'abc stopped its copy' "$(copy_events distro)"
note "abc's copy ended after $(seconds $((ended - killed))) s, bcd's began after $(seconds $(($(line_time "$line") - killed))) s"
begin=$(now)
check 'start' node_exec abc systemctl start corosync
expect_start "$begin" 30 distro abc takeover bcd

step 'corosync of all three is stopped: nobody is left to take over, and the worker of the last one ends'
for node in bcd def abc; do
        check 'stop' node_exec "$node" systemctl stop corosync
done
check 'nothing runs' app_runs_nowhere distro

end_test distro
