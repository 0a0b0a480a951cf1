#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# At most 420 s.
# An application with a disk that all nodes share: it starts with it, is drained, loses its node's power, its manager is killed,
# the disk is unmounted by hand, and something that is none of its own uses the disk when it is to move: then it is blocked, and
# each node says by whom. Last, what is in the way of its start. No two nodes ever have the disk.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

UNIT='srv-the\x2ddata.mount'
DEVICE=distro-app-db:device-1.service

applications() {
        disk_add data
        cluster_app db '{abc bcd def}' FailoverDelaySec=auto Takeover=manual '[Parts]' \
                "Mount=/lab/data /srv/the-data ext4 noatime TimeoutStopSec=20s"
        cluster_app none abc FailoverDelaySec=auto Enabled=no '[Parts]' 'Mount=/lab/none /srv/none'
        cluster_app memory bcd FailoverDelaySec=auto Enabled=no '[Parts]' 'Mount=tmpfs /srv/memory tmpfs size=1M'
        mkdir -p "$LAB"/{abc,bcd,def}/root/srv
}

owner() { app_field db node; }
state_is() { [ "$(app_field db state)" = "$1" ]; }
reason_has() {
        local name
        for name in "${MEMBERS[@]}"; do
                node_is_up "$name" || continue
                case $(app_field db reason "$name") in
                *"$1"*) ;;
                *) return 1 ;;
                esac
        done
}
is_mounted() { node_exec "$1" mountpoint -q /srv/the-data; }
mounted_nodes() {
        local name nodes=
        for name in "${MEMBERS[@]}"; do
                node_is_up "$name" && is_mounted "$name" && nodes+=" $name"
        done
        echo "${nodes# }"
}
runs_elsewhere() { state_is running && [ "$(owner)" != "$1" ] && [ "$(mounted_nodes)" = "$(owner)" ]; }
write_it() { node_exec "$1" sh -c "echo $2 >/srv/the-data/$2 && sync /srv/the-data/$2 /srv/the-data"; }
reads() { [ "$(node_exec "$1" cat "/srv/the-data/$2")" = "$2" ]; }
other_than() { printf '%s\n' "${MEMBERS[@]}" | grep -vx "$1" | head -n 1; }
# Somebody works in there, and systemd does not know. Sets BUSY to the process as the guest has it.
use_it() {
        node_exec "$1" systemd-run --quiet --unit=lab-user sh -c 'cd /srv/the-data && exec sleep infinity'
        BUSY=$(node_exec "$1" systemctl show --value -p MainPID lab-user.service)
}
leave_it() { node_exec "$1" systemctl stop lab-user.service; }
run_of() { node_exec "$1" systemctl show --value -p InvocationID "$2"; }
identity() {
        run_of "$1" distro-app-db.service
        run_of "$1" "$DEVICE"
        run_of "$1" "$UNIT"
        app_field db epoch
}
# failed_with SINCE NODE REASON: its journal says so.
failed_with() {
        wait_line "$1" 20 "$(of "$2")" --grep="failed on $2: $3" >"$LAB/line" || fail "it fails on $2: $3"
}
# Sets NODE.
moved() {
        check_within 60 "it runs elsewhere than on $2, which alone has the disk" runs_elsewhere "$2"
        NODE=$(owner)
        [ -z "${3:-}" ] || check "$NODE reads what $2 wrote" reads "$NODE" "$3"
        note "$1: $2 -> $NODE"
}

cluster_up abc bcd def
check_within 20 'it runs' state_is running
NODE=$(owner)
check 'the disk is where it runs' test "$(mounted_nodes)" = "$NODE"
check 'its parts are active' test "$(cluster_status "$NODE" '.applications[] | select(.name == "db") | [.parts[] | .kind + " " + .state] | join(",")')" = 'device active,mount active'
said=$(node_exec "$NODE" distroctl --no-pager status db)
grep -qE '^ *device +device-1 +active .*/lab/data, UUID=' <<<"$said" || fail 'its status names the device' "$said"
write_it "$NODE" one

step 'it is drained'
from=$NODE
check 'drain' node_exec "$from" distroctl drain "$from"
moved drained "$from" one
check 'unstandby' node_exec "$from" distroctl unstandby "$from"
check 'nothing of it is left behind' test -z "$(node_exec "$from" systemctl list-units --all --no-legend "$UNIT" "$DEVICE" 'distro-db.slice' 'distro-app-db*')"

step 'its node loses its power'
from=$NODE
write_it "$NODE" two
node_power_cut "$from"
moved 'power cut' "$from" two
node_boot "$from"
cluster_wait_synced
check 'it stays where it is' app_runs_on db "$NODE"

step 'its manager is killed'
before=$(identity "$NODE")
node_exec "$NODE" systemctl kill -s KILL distro-manager.service
cluster_wait_synced
check_within 10 'its parts are read again' test "$(identity "$NODE")" = "$before"
check_stays 2 'and nothing moves' app_runs_on db "$NODE"

step 'its manager is killed, and its worker with it'
node_exec "$NODE" systemctl kill -s KILL distro-manager.service distro-app-db.service
check_within 30 'the next one ends what is left, and it runs again' state_is running
cluster_wait_synced
NODE=$(owner)
check 'with the disk there and nowhere else' test "$(mounted_nodes)" = "$NODE"

step 'somebody else uses the disk: it is blocked, and each node says by whom'
from=$NODE
use_it "$from"
begin=$(now)
check_fails 'the takeover says what is in its way' node_exec "$from" distroctl takeover db "$(other_than "$from")"
check 'it is blocked' state_is blocked
check_within 5 'each node names the process' reason_has "mount /srv/the-data is still mounted: used by $BUSY (sleep)"
line=$(journal_since "$begin" MESSAGE_ID=58df036d18d04febbf787df77c68918c -o json | head -n 1)
check_time 'it was known after' $(($(line_time "$line") - begin)) 0 4000000
note "$(app_field db reason)"
check_stays 3 'no other node has the disk' test "$(mounted_nodes)" = "$from"
node_exec "$from" systemctl reset-failed
node_exec "$from" systemctl kill -s KILL distro-manager.service
cluster_wait_synced
check_within 10 'the next manager says the same' reason_has "mount /srv/the-data is still mounted: used by $BUSY (sleep)"
leave_it "$from"
moved 'once it is left' "$from"

step 'it is unmounted by hand'
from=$NODE begin=$(now)
check 'umount' node_exec "$from" umount /srv/the-data
failed_with "$begin" "$from" 'its part mount /srv/the-data ended: it was unmounted from outside'
moved 'unmounted by hand' "$from"
check 'clear' node_exec "$from" distroctl clear db

step 'somebody has mounted something there: the start is refused, and that is not touched'
from=$NODE other=$(other_than "$NODE") begin=$(now)
check 'mount' node_exec "$other" mount -t tmpfs mine /srv/the-data
node_exec "$from" distroctl takeover db "$other" >/dev/null 2>&1 || true
failed_with "$begin" "$other" 'its part mount /srv/the-data did not start: mine is mounted there already, and not by distro-manager'
check 'it is there' test "$(node_exec "$other" findmnt -n -o FSTYPE /srv/the-data)" = tmpfs
check 'umount' node_exec "$other" umount /srv/the-data
check_within 30 'it runs on' state_is running
check 'with the disk there and nowhere else' test "$(mounted_nodes)" = "$(owner)"

step 'a device that is not there, and a file system from elsewhere'
check_fails 'start says why' node_exec abc distroctl start none
failed_with "$begin" abc 'its part device /lab/none did not start: it is not there'
check 'start' node_exec abc distroctl start memory
check_within 10 'it runs' app_is memory state running
check 'it is mounted' test "$(node_exec bcd findmnt -n -o FSTYPE /srv/memory)" = tmpfs
check 'stop' node_exec abc distroctl stop memory
check_fails 'it is unmounted' node_exec bcd mountpoint -q /srv/memory

end_test db
disk_end "$UNIT"
