#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clients that ask for more than the manager takes are refused at a bound, and the cluster does not notice: what it is
# doing goes on, others are served, and a failover comes as always. And distroctl itself stays below the bound.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

APPS=60

applications() {
        local n
        # It is to hang for as long as the test wants.
        printf '[Service]\nWatchdogSec=0\n' |
                cluster_file def /etc/systemd/system/distro-manager.service.d/no-watchdog.conf
        cluster_app distro 'abc bcd def' FailoverDelaySec=3s Takeover=manual
        for n in $(seq "$APPS"); do
                cluster_app "a$n" '{abc bcd def}' Takeover=manual -- 'ExecStart=/bin/sleep infinity' Type=exec
        done
}

all_run() { [ "$(cluster_status "${1:-abc}" '[.applications[] | select(.state == "running")] | length')" = $((APPS + 1)) ]; }
# shellcheck disable=SC2016 # awk expands it
memory_of() { node_exec "$1" awk '/^Pss:/ { s += $2 } END { print s }' "/proc/$(manager_pid "$1")/smaps"; }

cluster_up abc bcd def
check_within 60 'all applications run' all_run
manager=$(manager_pid abc)

step 'distroctl with more names than the manager takes calls of one client'
# shellcheck disable=SC2046
check 'all are restarted' node_exec abc distroctl restart $(seq -f a%g "$APPS")
check_within 20 'all run' all_run

step 'a flood, while commands take their two seconds since a manager hangs'
memory=$(memory_of abc)
# shellcheck disable=SC2046
cc -O1 -o "$LAB/abc/root/root/flood" "$LAB_SRC/flood.c" $(pkg-config --cflags --libs libsystemd)
cp "$LAB/abc/root/root/flood" "$LAB/bcd/root/root/flood"
node_exec def systemctl kill --kill-whom=main --signal=STOP distro-manager
clients=()
for n in 1 2 3 4; do
        NODE_TIMEOUT=100 node_exec abc /root/flood 200 >"$LAB/told.$n" &
        clients+=($!)
done
check 'somebody else is served meanwhile' node_exec abc distroctl --no-pager status
check 'and elsewhere' node_exec bcd distroctl --no-pager status
for n in "${clients[@]}"; do
        wait "$n" || fail 'everybody gets an answer to everything' "$(cat "$LAB"/told.*)"
done
node_exec def systemctl kill --kill-whom=main --signal=CONT distro-manager
sed 's/^/    /' "$LAB"/told.*
for n in 1 2 3 4; do
        check 'some are refused at the bound' grep -q 'refused [1-9]' "$LAB/told.$n"
        check 'and some are answered' grep -q 'answered [1-9]' "$LAB/told.$n"
        # Before the manager sees it the bus has a bound of its own on calls without an answer.
        check 'and nobody hears of anything else' grep -qE 'other (0 |[0-9]+ org.freedesktop.DBus.Error.LimitsExceeded)' "$LAB/told.$n"
done
check 'the manager is the same' test "$(manager_pid abc)" = "$manager"
cluster_wait_synced
check 'the maintenance ends' node_exec abc distroctl maintenance --all off
check_within 20 'all run on' all_run
more=$(($(memory_of abc) - memory))
note "the manager has $more KiB more than before"
# Instruments keep what was freed.
[ -n "${LAB_INSTRUMENT:-}" ] || check 'and has not kept what it refused' test "$more" -lt 2048

step 'a user who writes lines to the journal as if he were the manager'
forged='MESSAGE=a1: forged\nDISTRO_APPLICATION=a1\nUNIT=distro-app-a1.service\nOBJECT_SYSTEMD_UNIT=distro-app-a1.service\n'
node_exec abc setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "printf '$forged' | logger --journald"
check_within 20 'the line is in the journal' node_exec abc journalctl -q -n 1 'MESSAGE=a1: forged'
said=$(node_exec abc distroctl --no-pager -n 100 status a1)
check 'distroctl shows what the manager wrote' grep -q 'distro-manager\[' <<<"$said"
check_fails 'and not what he did' grep -q forged <<<"$said"

step 'a user who takes no answers'
NODE_TIMEOUT=100 node_exec bcd /root/flood 40 hoard >"$LAB/told.hoard" &
hoard=$!
check_within 20 'he has asked' grep -q asked "$LAB/told.hoard"
memory=$(memory_of bcd)
check_within 20 'root is answered all the same' all_run bcd
more=$(($(memory_of bcd) - memory))
note "the manager has $more KiB more than before"
[ -n "${LAB_INSTRUMENT:-}" ] || check 'and does not keep what is not taken' test "$more" -lt 20480
wait "$hoard" || true
check_within 20 'all run on' all_run bcd

step 'root, who takes no answers on a socket of his own'
memory=$(memory_of bcd)
same=$(manager_pid bcd)
NODE_TIMEOUT=100 node_exec bcd /root/flood 15 private >"$LAB/told.private" &
hoard=$!
most=0
while kill -0 "$hoard" 2>/dev/null; do
        more=$(($(memory_of bcd) - memory))
        most=$((more > most ? more : most))
done
wait "$hoard" || fail 'he was not refused the socket' "$(cat "$LAB/told.private")"
sed 's/^/    /' "$LAB/told.private"
note "the manager had up to $most KiB more than before"
[ -n "${LAB_INSTRUMENT:-}" ] || check 'and does not keep what is not taken' test "$most" -lt 20480
check 'those that take nothing are ended' grep -q 'ended [1-9]' "$LAB/told.private"
check 'the manager is the same' test "$(manager_pid bcd)" = "$same"
given_back() { more=$(($(memory_of bcd) - memory)) && [ "$more" -lt 2048 ]; }
[ -n "${LAB_INSTRUMENT:-}" ] || check_within 20 'what was freed is given back' given_back
note "the manager has $more KiB more than before"
check 'root is answered' all_run bcd

step 'root is served under floods of reads, without the bus'
# In milliseconds; whoever asks by the bus waits in its line.
ask() {
        local begin
        begin=$(now)
        NODE_TIMEOUT=60 node_exec "$@" >/dev/null 2>&1 || return 1
        echo $((($(now) - begin) / 1000))
}
floods=()
for n in 1 2 3; do
        NODE_TIMEOUT=100 node_exec bcd /root/flood 90 read >/dev/null &
        floods+=($!)
done
NODE_TIMEOUT=100 node_exec bcd /root/flood 90 hoard >/dev/null &
floods+=($!)
worst=0
for n in 1 2 3 4 5 6; do
        for verb in 'status a1' 'stop a1' 'start a1' 'locate a1'; do
                # shellcheck disable=SC2086
                took=$(ask bcd distroctl --no-pager $verb) || fail "root's $verb is answered"
                worst=$((took > worst ? took : worst))
        done
done
check 'the floods are not over' kill -0 "${floods[0]}"
note "the longest took $worst ms"
check 'each within five seconds' test "$worst" -lt 5000
note "one by the bus took $(ask bcd env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket distroctl --no-pager status a1 || echo 'for ever') ms"
check 'nobody else may use the socket' test "$(node_exec bcd stat -c '%a %u %F' /run/distro-manager/private)" = '600 0 socket'
node_exec bcd pkill -x flood
wait "${floods[@]}" || true
check_within 20 'all run on' all_run bcd

step 'root needs no bus at all'
node_exec bcd systemctl kill --kill-whom=main --signal=STOP dbus.service
check 'status is answered' ask bcd distroctl --no-pager status
check 'a command is carried out' ask bcd distroctl maintenance a1 on
check 'and taken back' ask bcd distroctl maintenance a1 off
node_exec bcd systemctl kill --kill-whom=main --signal=CONT dbus.service || true
check_within 20 'all run on' all_run bcd

step 'a failover under a flood'
# shellcheck disable=SC2016 # the guest expands it
NODE_TIMEOUT=100 node_exec bcd bash -c 'while [ "$SECONDS" -lt 15 ]; do /root/flood 100 permit; done' >/dev/null &
flood=$!
NODE_TIMEOUT=100 node_exec bcd /root/flood 40 read >/dev/null &
reads=$!
cut=$(now)
node_power_cut abc
expect_start "$cut" 20 distro bcd failover abc
check_within 30 'all run' all_run bcd
check 'before the flood ends' kill -0 "$reads"
wait "$flood" "$reads" || true

end_test distro
