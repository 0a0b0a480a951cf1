#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# /run is full on a node: its guard was there before, and sees and ends all that it has to; also where the manager does not
# come back, for a mistake in its configuration.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

GRACE=8000000
applications() {
        cluster_app distro 'abc {bcd def}' Takeover=manual
        cluster_app kept 'abc bcd def' Takeover=manual
        cluster_manager_conf ManagerGraceSec=8s
}

identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }
end_on_abc() { copy_events distro | awk -v since="$1" '$1 > since && $2 == "abc" && $3 == "end" { print $1 }' | tail -n 1; }
fill_run() {
        # shellcheck disable=SC2016 # the guest expands it
        node_exec abc sh -c 'mount -o remount,size=$(($(df --output=used -k /run | tail -n 1) + 64))k /run; head -c 1M /dev/zero >/run/filler'
        check_fails 'nothing more can be written there' node_exec abc sh -c 'echo >/run/more'
}
run_is_full() { ! node_exec abc sh -c 'echo >/run/more' 2>/dev/null; }
make_room() { node_exec abc sh -c 'mount -o remount,size=64M /run; rm -f /run/filler /run/more'; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 5 'kept runs on abc' app_runs_on kept abc
before=$(identity)

step '/run of abc is full, and its manager is killed: the next one adopts the workers'
fill_run || true
node_exec abc systemctl kill -s KILL distro-manager
cluster_wait_synced 20
check_stays 6 'the worker runs on' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"
check 'maintenance' node_exec bcd distroctl maintenance kept on

step 'what cannot be started there says why'
make_room
check 'maintenance' node_exec bcd distroctl maintenance kept off
check 'kept goes to bcd' node_exec bcd distroctl takeover kept bcd
check_within 5 'kept runs on bcd' app_runs_on kept bcd
fill_run || true
begin=$(now)
node_exec bcd distroctl takeover kept abc || true
wait_line "$begin" 10 "$(of abc)" SYSLOG_IDENTIFIER=distro-manager \
        --grep="kept: failed on abc: systemd could not write the unit's file: /run is full" >/dev/null ||
        fail 'abc says why it cannot start kept' "$(journal_since "$begin" "$(of abc)" --grep='kept: failed' -o cat)"
make_room
check 'clear' node_exec bcd distroctl clear kept
check 'kept goes back to abc' node_exec bcd distroctl takeover kept abc
check_within 5 'kept runs on abc' app_runs_on kept abc
fill_run || true
check 'maintenance' node_exec bcd distroctl maintenance kept on

step 'a mistake in manager.conf, and a restart'
printf '[Cluster]\nGroop=x\n' | cluster_file abc /etc/distro-manager/manager.conf.d/typo.conf
killed=$(now)
node_exec abc systemctl restart distro-manager || true
line=$(worker_start "$killed" distro bcd 15) || line=$(worker_start "$killed" distro def 1) || fail 'another node starts distro'
check_time 'the start after the end of the manager' $(($(line_time "$line") - killed)) "$GRACE" $((GRACE + 2000000))
ended=$(end_on_abc "$killed")
[ -n "$ended" ] || fail 'the guard ended the copy on abc' "$(copy_events distro)"
check_time 'the end of the copy on abc' $((ended - killed)) $((GRACE / 2)) "$GRACE"
check 'what is in maintenance runs on, though that could not be noted' node_exec abc systemctl is-active --quiet distro-app-kept.service

step 'the guard is killed meanwhile'
node_exec abc systemctl kill -s KILL distro-guard
guard_answers() { node_exec abc systemctl is-active --quiet distro-guard; }
check_within 5 'it is back' guard_answers

step 'room, and no mistake any more'
make_room
rm "$LAB/abc/root/etc/distro-manager/manager.conf.d/typo.conf"
node_exec abc systemctl start distro-manager
cluster_wait_synced 20
check 'maintenance' node_exec bcd distroctl maintenance kept off
check_within 5 'kept runs on abc' app_runs_on kept abc
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1

end_test distro kept
