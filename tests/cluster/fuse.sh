#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# At most 600 s.
# A host that cannot end in time what runs on it reboots itself, at least a second before others start it: cut off beside a mount
# that is busy, with a systemd that stands still, and with a manager that is gone. Quorum that flaps reboots nothing.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

UNIT=srv-data.mount
GRACE=8000000

applications() {
        disk_add data
        cluster_app db 'abc bcd def' FailoverDelaySec=auto Takeover=manual '[Parts]' 'Mount=/lab/data /srv/data ext4 noatime TimeoutStopSec=15s' -- TimeoutStopSec=5s
        cluster_manager_conf ManagerGraceSec=8s
        mkdir -p "$LAB"/{abc,bcd,def}/root/srv
}

fuse_of() { node_exec "$1" systemctl show --value -p "$2" distro-fuse.service; }
another_fuse() { [ "$(fuse_of "$1" ActiveState)" = active ] && [ "$(fuse_of "$1" MainPID)" != "$2" ]; }
owner() { app_field db node; }
is_running() { [ "$(app_field db state)" = running ]; }
# Somebody works in there, and systemd does not know.
use_it() { node_exec "$1" systemd-run --quiet --unit=lab-user sh -c 'cd /srv/data && exec sleep infinity'; }
# Prints when the host $1 went down by itself after time $2.
went_down() { awk -v who="$1" -v since="$2" '$1 == who && $2 > since { print $2; found = 1; exit } END { exit !found }' "$LAB/cuts"; }
boots() { node_exec "$1" cat /proc/sys/kernel/random/boot_id; }

# expect_reboot NODE SINCE: it rebooted itself, and db started elsewhere a second later or more; it says why. Sets DOWN.
expect_reboot() {
        local line started
        wait_until 60 went_down "$1" "$2" >/dev/null || fail "$1 reboots itself"
        DOWN=$(went_down "$1" "$2")
        grep -q 'distro-fuse: rebooting: ' "$LAB/$1/console" || fail 'its console says why' "$(tail -n 20 "$LAB/$1/console")"
        line=$(wait_line "$2" 60 MESSAGE_ID=1ccb93dc83a64e7a9375f951b4d68c06 DISTRO_APPLICATION=db) || fail 'db starts elsewhere'
        started=$(line_time "$(worker_start "$2" db "$(jq -r .DISTRO_NODE <<<"$line")" 30)")
        note "down $(seconds $((DOWN - $2))) s after it began, started elsewhere $(seconds $((started - DOWN))) s after that"
        check_time 'the start after its end' $((started - DOWN)) 1000000 60000000
}

# says_why NODE: it is back, and says so, to root there and to the others.
says_why() {
        local said
        wait_until 60 node_is_synced "$1" || fail "$1 is back"
        said=$(node_exec "$1" distroctl --no-pager status)
        grep -q 'Rebooted: this host rebooted itself at ' <<<"$said" || fail 'its status says it' "$said"
        wait_line "$DOWN" 20 "$(of "$1")" SYSLOG_IDENTIFIER=distro-manager --grep='this host rebooted itself at ' >/dev/null ||
                fail 'its journal says it'
}

begin=$(now)
cluster_up abc bcd def
check_within 30 'db runs' is_running
check 'on abc' test "$(owner)" = abc

step 'the fuse is there, and stays'
for name in abc bcd def; do
        check "$name has one" test "$(fuse_of "$name" ActiveState)" = active
done
pid=$(fuse_of abc MainPID)
# A guest may have neither real time (a kernel with RT_GROUP_SCHED) nor locked memory; then the fuse says so, and does without.
# The runtime of sanitizers locks nothing.
said() { node_exec abc sh -c "journalctl -u distro-fuse | grep -q '$1'"; }
goes_first() { [ "$(node_exec abc chrt -p "$1" | sed -n 's/.*policy: //p')" = SCHED_FIFO ]; }
is_locked() { node_exec abc grep -q '^VmLck:.* [1-9][0-9]* kB' "/proc/$1/status"; }
goes_first "$pid" || said 'it gets no real-time priority' || fail 'it goes before other processes'
[ "${LAB_INSTRUMENT:-}" = sanitize ] || is_locked "$pid" || said 'its memory cannot be locked' || fail 'it is locked in memory'
note "memory: $(node_exec abc grep VmRSS "/proc/$pid/status")"
note "exposure: $(node_exec abc systemd-analyze security --no-pager distro-fuse.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')"
check_fails 'nobody stops it' node_exec abc systemctl stop distro-fuse
check_fails 'nor restarts it' node_exec abc systemctl restart distro-fuse
check 'it is the same' test "$(fuse_of abc MainPID)" = "$pid"
node_exec abc systemctl kill -s KILL distro-fuse
check_within 5 'one that is killed comes back' another_fuse abc "$pid"
check_stays 3 'and nothing reboots' app_runs_on db abc

step 'cut off, with a mount that is busy'
from=$(owner)
use_it "$from"
begin=$(now)
cable_cut "$from"
expect_reboot "$from" "$begin"
cable_mend "$from"
says_why "$from"

step 'the same, and its systemd stands still'
check_within 30 'db runs' is_running
from=$(owner)
use_it "$from"
kill -STOP "$(node_pid "$from")"
begin=$(now)
cable_cut "$from"
expect_reboot "$from" "$begin"
cable_mend "$from"
says_why "$from"

step 'its manager is gone for good: the guard tells the fuse'
check_within 30 'db runs' is_running
from=$(owner)
use_it "$from"
node_exec "$from" sh -c 'mkdir -p /run/systemd/system/distro-manager.service.d &&
        printf "[Service]\nRestart=no\n" >/run/systemd/system/distro-manager.service.d/stays-away.conf && systemctl daemon-reload'
begin=$(now)
node_exec "$from" systemctl kill --kill-whom=main --signal=KILL distro-manager
expect_reboot "$from" "$begin"
check_time 'the end of the host after that of its manager' $((DOWN - begin)) $((GRACE * 7 / 8 - 200000)) $((GRACE * 7 / 8 + 1000000))
says_why "$from"

step 'a manager that comes back in time calls it off'
check_within 30 'db runs' is_running
from=$(owner)
before=$(boots "$from")
node_exec "$from" systemctl kill -s KILL distro-manager
cluster_wait_synced
check_stays 12 'nothing reboots' app_runs_on db "$from"
check 'it is the same boot' test "$(boots "$from")" = "$before"

step 'guard and fuse are killed: they come back, and nothing reboots'
fuse=$(fuse_of "$from" MainPID)
node_exec "$from" systemctl kill -s KILL distro-guard distro-fuse
check_within 5 'there is another fuse' another_fuse "$from" "$fuse"
check_stays 12 'it runs where it ran' app_runs_on db "$from"
check 'it is the same boot' test "$(boots "$from")" = "$before"

step 'quorum flaps: fifty times a second without'
from=$(owner)
before=$(boots "$from")
for ((i = 0; i < ${FLAPS:-50}; i++)); do
        cable_cut "$from"
        sleep 1 # how long it lasts
        cable_mend "$from"
        wait_until 30 node_is_quorate "$from" 3 || fail 'it has quorum again'
done
cluster_wait_synced
check 'it is the same boot' test "$(boots "$from")" = "$before"
check_within 30 'db runs' is_running

step 'the host is to stay down, and the mount does not end'
check_within 30 'db runs' is_running
from=$(owner)
use_it "$from"
node_exec "$from" systemctl --no-block poweroff
stays_down() { ! node_is_up "$from"; }
check_within 120 'it goes down, and does not boot again' stays_down
check_within 60 'db runs elsewhere' is_running

end_test db
disk_end "$UNIT"
