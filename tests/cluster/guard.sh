#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A node without a guard keeps what runs there and gets no start. A guard needs no systemd to end the workers of a manager
# that is gone, and what it killed is no failure of theirs.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

GRACE=8000000
applications() {
        cluster_app distro 'abc {bcd def}' Takeover=manual -- Restart=always RestartSec=100ms
        cluster_app other 'bcd abc def' Takeover=manual
        cluster_manager_conf ManagerGraceSec=8s
}

guarded() { [ "$(cluster_status bcd ".nodes[] | select(.name == \"$1\") | .guarded")" = "$2" ]; }
guard_pid() { node_exec "$1" systemctl show --value -p MainPID distro-guard.service; }
identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }
systemd_stops() { kill -STOP "$(node_pid "$1")"; }
systemd_goes_on() { kill -CONT "$(node_pid "$1")"; }
end_on_abc() { copy_events distro | awk -v since="$1" '$1 > since && $2 == "abc" && $3 == "end" { print $1 }' | tail -n 1; }
no_mark() { [ "$(cluster_status bcd '[.applications[].failures | length] | add')" = 0 ]; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 5 'other runs on bcd' app_runs_on other bcd
check 'abc has a guard' guarded abc true
before=$(identity)
exposure=$(node_exec abc systemd-analyze security --no-pager distro-guard.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
note "exposure of the guard: ${exposure:-unknown}"
note "memory of the guard: $(node_exec abc systemctl show --value -p MemoryCurrent distro-guard.service) bytes"

step 'the guard of abc is killed: it is back'
pid=$(guard_pid abc)
begin=$(now)
node_exec abc systemctl kill -s KILL distro-guard
wait_line "$begin" 5 "$(of abc)" SYSLOG_IDENTIFIER=distro-manager --grep='does not answer' >/dev/null || fail 'the manager says so'
wait_line "$begin" 5 "$(of abc)" SYSLOG_IDENTIFIER=distro-manager --grep='answers again' >/dev/null || fail 'it is back'
check_within 2 'abc has a guard' guarded abc true
check 'it is another one' test "$(guard_pid abc)" != "$pid"
check_stays 5 'nothing ends the worker' app_runs_on distro abc

step 'it is stopped by hand: nothing is started there'
node_exec abc systemctl stop distro-guard
check_within 2 'all know it' guarded abc false
check_fails 'a move there is refused' node_exec bcd distroctl takeover other abc
check 'it says why' grep -q 'abc: it has no guard' <(node_exec bcd distroctl explain other; node_exec bcd distroctl status)
check 'the warning' grep -q 'Warning: abc: it has no guard' <(node_exec bcd distroctl status)
check_stays 6 'what runs there runs on' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"
check 'stop' node_exec bcd distroctl stop distro
check 'start' node_exec bcd distroctl start distro
check_within 5 'it is started elsewhere' app_is distro state running
check_fails 'not on abc' app_runs_on distro abc
node_exec abc systemctl restart distro-manager
check_within 10 'the manager brings it along when it is started' guarded abc true
cluster_wait_synced
check 'takeover' node_exec bcd distroctl takeover distro abc

step 'the manager of abc is killed while its systemd does nothing'
pid=$(manager_pid abc)
worker=$(node_exec abc systemctl show --value -p MainPID distro-app-distro.service)
systemd_stops abc
killed=$(now)
node_exec abc kill -KILL "$pid"
# It stays a zombie, as nobody reaps it, and nobody writes a line.
worker_has_ended() { node_exec abc grep -q '^State:.*Z' "/proc/$worker/status"; }
wait_until 15 worker_has_ended || fail 'the guard kills the worker by its control group'
ended=$(now)
echo "abc $ended" >>"$LAB/cuts"
check_time 'the end of the copy on abc' $((ended - killed)) $((GRACE * 3 / 4)) "$GRACE"
line=$(worker_start "$killed" distro bcd 15) || line=$(worker_start "$killed" distro def 1) || fail 'another node starts distro'
check_time 'the start after the end of the manager' $(($(line_time "$line") - killed)) "$GRACE" $((GRACE + 1500000))
begins=$(copy_events distro | grep -c ' abc begin')
systemd_goes_on abc
cluster_wait_synced 30
check_stays 3 'systemd does not start again what was killed' test "$(copy_events distro | grep -c ' abc begin')" = "$begins"
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1
check_within 5 'no node has a mark' no_mark

step 'the guard kills late, and the manager comes back just after that'
check 'takeover' node_exec bcd distroctl takeover distro abc
check_within 10 'distro runs on abc' app_runs_on distro abc
# As though it had ended long ago: the guard kills at once, before it has asked systemd.
node_exec abc systemctl stop distro-guard
node_exec abc sh -c 'printf "ended=1\n" >/run/distro-manager/guard.stamp'
killed=$(now)
node_exec abc systemctl kill -s STOP distro-manager
node_exec abc systemctl start distro-guard
has_ended_on_abc() { [ -n "$(end_on_abc "$killed")" ]; }
wait_until 10 has_ended_on_abc || fail 'the guard killed it' "$(copy_events distro)"
node_exec abc systemctl kill -s KILL distro-manager
cluster_wait_synced 20
check_within 10 'distro runs' app_is distro state running
check_within 5 'no node has a mark' no_mark

step 'a user keeps systemd of abc busy, and the manager is killed: whether another one comes or not, the guard does not wait'
check 'takeover' node_exec bcd distroctl takeover distro abc
check_within 10 'distro runs on abc' app_runs_on distro abc
printf '[Service]\nRestart=no\n' | cluster_file abc /etc/systemd/system/distro-manager.service.d/no-restart.conf
node_exec abc systemctl daemon-reload
# shellcheck disable=SC2046
cc -O1 -o "$LAB/abc/root/root/flood" "$LAB_SRC/flood.c" $(pkg-config --cflags --libs libsystemd)
worker=$(node_exec abc systemctl show --value -p MainPID distro-app-distro.service)
pid=$(manager_pid abc)
floods=()
for _ in 1 2; do
        NODE_TIMEOUT=60 node_exec abc /root/flood 9 systemd >/dev/null &
        floods+=($!)
done
killed=$(now)
node_exec abc kill -KILL "$pid"
worker_is_gone() { ! node_exec abc grep '^State:' "/proc/$worker/status" 2>/dev/null | grep -qv Z; }
wait_until 15 worker_is_gone || fail 'the guard ends the worker'
ended=$(now)
echo "abc $ended" >>"$LAB/cuts"
check_time 'the end of the copy on abc' $((ended - killed)) $((GRACE / 2)) "$GRACE"
worker_start "$killed" distro bcd 15 >/dev/null || worker_start "$killed" distro def 1 >/dev/null || fail 'another node starts distro'
wait "${floods[@]}" || true
rm "$LAB/abc/root/etc/systemd/system/distro-manager.service.d/no-restart.conf"
# What it was asked for waits in the bus, and is answered one by one.
wait_until 150 node_exec abc timeout 10 systemctl daemon-reload || fail 'systemd goes on'
note "systemd went on after $(seconds $(($(now) - killed))) s"
wait_until 100 node_exec abc timeout 20 systemctl start distro-manager || fail 'the manager of abc is started'
cluster_wait_synced 30
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1

end_test distro other
