#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab's shared disk, which tests of parts rely on: what one guest writes another reads, a power cut and a reboot lose what
# was not written, and each of the three ways to see a disk in two guests at once does see it. No manager takes part.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

# mount_on GUEST and unmount_on GUEST: by systemd, as the manager does. writer_on GUEST start|stop.
mount_on() {
        node_exec "$1" busctl call --quiet org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
                StartTransientUnit 'ssa(sv)a(sa(sv))' srv-data.mount fail 3 What s /lab/data Where s /srv/data Type s ext4 0
        wait_until 10 is_mounted "$1" || fail "/srv/data is mounted on $1" "$(node_exec "$1" systemctl --no-pager status srv-data.mount)"
}
is_mounted() { node_exec "$1" mountpoint -q /srv/data; }
unmount_on() { node_exec "$1" systemctl stop srv-data.mount; }
writer_on() { node_exec "$1" systemctl "$2" lab-writer.service; }
boot() {
        node_boot "$1"
        wait_until 30 node_exec "$1" systemctl is-active -q lab.target || fail "$1 boots"
}
has_rebooted() {
        local id
        id=$(node_pid "$1") && [ "$id" != "$2" ] && node_exec "$1" systemctl is-active -q lab.target
}
write_on() { node_exec "$1" sh -c "echo $2 >/srv/data/$2${3:+ && sync /srv/data/$2 /srv/data}"; }
files_on() { node_exec "$1" sh -c 'cd /srv/data && ls -d [a-z]*' | grep -vx lost+found | tr '\n' ' '; }
writers_met() { disk_writers_met | grep .; }
loops() { losetup -l -n -O BACK-FILE | grep -c "^$DISK_DIR/" || true; }

lab_up
for name in abc bcd; do
        node_add "$name"
        MEMBERS+=("$name")
done
disk_add data
disk_add_raw raw
disk_writer_install
cluster_file all /etc/systemd/system/lab-writer.service <<-END
	[Service]
	Type=notify
	ExecStart=$DISK_WRITER /lab/raw
END
boot abc
boot bcd
check 'each guest has a device of its own for each disk' test "$(loops)" = 4

step 'what one writes the other reads'
mount_on abc
writer_on abc start
write_on abc one
unmount_on abc
writer_on abc stop
mount_on bcd
writer_on bcd start
check 'bcd reads it' test "$(files_on bcd)" = 'one '

step 'a power cut loses what was not written, and frees the disk'
write_on bcd two synced
write_on bcd three
node_power_cut bcd
check 'its devices are gone' test "$(loops)" = 2
mount_on abc
check 'what was written is there, and nothing else' test "$(files_on abc)" = 'one two '

step 'so does a guest that reboots itself by force, and not one that ends in order'
write_on abc four
pid=$(node_pid abc)
# Under this name systemctl knows how to do without sync(2).
node_exec abc bash -c 'exec -a reboot systemctl --force --force --no-sync' || true
check_within 30 'it is back' has_rebooted abc "$pid"
mount_on abc
check 'what was not written is lost' test "$(files_on abc)" = 'one two '
write_on abc five
pid=$(node_pid abc)
node_exec abc systemctl reboot || true
check_within 30 'it is back' has_rebooted abc "$pid"
mount_on abc
check 'what was not written yet is there' test "$(files_on abc)" = 'five one two '

step 'nothing is found where nothing was twice'
boot bcd
check 'no mount' test -z "$(disk_overlaps srv-data.mount)"
check 'no writer' test -z "$(disk_writers_met)"

step 'two writers find each other'
writer_on abc start
writer_on bcd start || true
check_within 5 'one of them says so' writers_met
note "$(disk_writers_met | head -n 1)"

step 'two mounts are found, in the journals and in the file system'
mount_on bcd
for i in 1 2 3 4; do
        for name in abc bcd; do
                node_exec "$name" sh -c "mkdir /srv/data/$name-$i && cp -r /etc/systemd /etc/ssl /srv/data/$name-$i; sync -f /srv/data" || true
        done
done
check 'the journals show it' test -n "$(disk_overlaps srv-data.mount)"
note "$(disk_overlaps srv-data.mount)"
for name in abc bcd; do
        node_power_cut "$name"
done
damage=$(disk_damage data)
check 'the file system is damaged' test -n "$damage"
note "e2fsck: $(grep -vE '^(Pass|e2fsck) ' <<<"$damage" | head -n 1)"
check 'and all devices are gone' test "$(loops)" = 0
