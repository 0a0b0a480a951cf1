#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A manager that crashes, and one that is restarted, leave the workers alone and find them again.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=0; }

identity() {
        node_exec abc systemctl show --value -p InvocationID -p MainPID -p NRestarts distro-app-distro.service
        app_field distro epoch
        app_field distro start_type
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
before=$(identity)
pids=()

step 'a second manager, started by hand on the same host'
pid=$(manager_pid abc)
said=$(node_exec abc /usr/sbin/distro-manager 2>&1) && fail 'it is refused' "$said"
grep -q "another distro-manager, process $pid, is at work on this host" <<<"$said" || fail 'it says why' "$said"
check 'the first one goes on' test "$(manager_pid abc)" = "$pid"
cluster_wait_synced 5
check 'it is the same copy' test "$(identity)" = "$before"

signals=(KILL SEGV)
# An instrument would report the second, as it should.
[ -z "${LAB_INSTRUMENT:-}" ] || signals=(KILL)
for signal in "${signals[@]}"; do
        step "the manager of the owner gets SIG$signal"
        pid=$(manager_pid abc)
        since=$(now)
        node_exec abc kill "-$signal" "$pid"
        check_within 5 'systemd starts it again' manager_is_new abc "$pid"
        cluster_wait_synced 10
        note "it takes part again after $(seconds $(($(now) - since))) s"
        check_within 2 'all show it as running' app_runs_on distro abc
        check 'it is the same copy' test "$(identity)" = "$before"
done

step 'all managers at once'
for node in abc bcd def; do
        node_exec "$node" systemctl kill -s KILL distro-manager
done
cluster_wait_synced 20
check_within 2 'it runs where it ran' app_runs_on distro abc
[ "$(identity)" = "$before" ] || fail 'it is the same copy' "before: $before
now: $(identity)"

step 'systemctl restart'
for node in abc bcd def; do
        check 'restart' node_exec "$node" systemctl restart distro-manager
        cluster_wait_synced 10
        check 'it is the same copy' test "$(identity)" = "$before"
done

step 'systemctl restart of all at once, as after an upgrade of the package on all nodes'
for node in abc bcd def; do
        pids[${#pids[@]}]=$(manager_pid "$node")
done
for node in abc bcd def; do
        node_exec "$node" systemctl restart --no-block distro-manager
done
n=0
for node in abc bcd def; do
        check_within 10 "the manager of $node is another" manager_is_new "$node" "${pids[n]}"
        n=$((n + 1))
done
cluster_wait_synced 20
check_within 2 'it runs where it ran' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"
check_stays 10 'no guard stops it later' app_runs_on distro abc

end_test distro
