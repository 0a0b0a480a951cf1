# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Disks that all guests share, and what tells that two of them used one at the same time. Sourced by lab.sh.
#
# A disk is an image in $DISK_DIR and, in each guest that is up, a loop device of its own with the node /lab/NAME, outside
# of /dev: in a guest there is no udev, and systemd would wait for the device unit of a node in /dev. Nothing of such a
# device is cached for two guests at once. All guests have one kernel, though: with a guest that loses its power or reboots,
# what its file systems had not written has to be lost by hand, and so it is (disks_shut).

DISKS=()
# By the lab's name in it lab/enter finds the devices of a lab that was killed.
DISK_DIR=$LAB/$LAB_ID-disks

# disk_add NAME [MIB]: a disk with an ext4; disk_add_raw NAME: an empty one, for two-writers. Before the guests boot.
disk_add() {
        disk_add_raw "$1" "${2:-64}"
        mkfs.ext4 -q "$DISK_DIR/$1.img"
}

disk_add_raw() {
        lab_up
        mkdir -p "$DISK_DIR"
        [ -e "$DISK_DIR/disk-shut" ] || cc -O1 -o "$DISK_DIR/disk-shut" "$LAB_SRC/disk-shut.c"
        truncate -s "${2:-1}M" "$DISK_DIR/$1.img"
        DISKS+=("$1")
}

# Gives the guests, which have to be there, the program that writes to a raw disk and finds whoever else does.
DISK_WRITER=/usr/local/bin/two-writers
disk_writer_install() {
        local name
        cc -O1 -o "$DISK_DIR/two-writers" "$LAB_SRC/two-writers.c"
        for name in "${MEMBERS[@]}"; do
                install -D "$DISK_DIR/two-writers" "$LAB/$name/root$DISK_WRITER"
        done
}

# --- what guest.sh does with them

# Before guest $1 boots.
disks_plug() {
        local disk loop
        for disk in "${DISKS[@]}"; do
                mkdir -p "$LAB/$1/root/lab" "$LAB/$1/disks"
                loop=$(losetup --find --show "$DISK_DIR/$disk.img") || lab_die "$1 gets no disk $disk"
                rm -f "$LAB/$1/root/lab/$disk"
                cp -a "$loop" "$LAB/$1/root/lab/$disk"
                echo "${loop#/dev/}" >"$LAB/$1/disks/$disk"
        done
}

# In the guest's supervisor, while it boots as process $2: keeps what it mounts in sight beyond its end.
disks_watch() {
        local pid
        DISK_SIGHT=
        [ "${#DISKS[@]}" -gt 0 ] || return 0
        until pid=$(node_pid "$1"); do
                kill -0 "$2" 2>/dev/null || return 0
                sleep 0.02
        done
        exec {DISK_SIGHT}<"/proc/$pid/ns/mnt"
}

# In the same supervisor, when the guest has ended by itself.
disks_unwatch() {
        [ -n "$DISK_SIGHT" ] || return 0
        disks_shut "$1" "/proc/self/fd/$DISK_SIGHT"
        exec {DISK_SIGHT}<&-
}

# Nothing more is written to what guest $1 has mounted in mount namespace $2, a file.
disks_shut() {
        local disk
        for disk in "${DISKS[@]}"; do
                "$DISK_DIR/disk-shut" "$2" "$(disk_number "$1" "$disk")" || lab_die "the disk $disk of $1 goes on writing"
        done
}

# MAJOR:MINOR of disk $2 in guest $1.
disk_number() { cat "/sys/block/$(cat "$LAB/$1/disks/$2")/dev"; }

# When guest $1 has ended: its devices go, as soon as the kernel has let go of what was mounted.
disks_unplug() {
        local disk loop
        for disk in "${DISKS[@]}"; do
                [ -e "$LAB/$1/disks/$disk" ] || continue
                loop=$(cat "$LAB/$1/disks/$disk")
                losetup --detach "/dev/$loop" && disk_wait_gone "$loop" "$disk" || lab_die "$1 still has the disk $disk"
                rm "$LAB/$1/disks/$disk"
        done
}

# By now it may be another lab's.
disk_wait_gone() {
        local i
        for ((i = 0; i < 500; i++)); do
                [ "$(cat "/sys/block/$1/loop/backing_file" 2>/dev/null)" = "$DISK_DIR/$2.img" ] || return 0
                sleep 0.02
        done
        return 1
}

# --- what tells that two guests used a disk at once; each prints what it found, and nothing where all is well

# The times in which one of the units named was there on two guests, by their journals: mounts, or other parts.
disk_overlaps() {
        local unit
        for unit; do
                unit_overlaps "$unit" | sed "s|^|$unit: |"
        done
}

# What two-writers said.
disk_writers_met() { journal_since 1000000 --grep='^two writers: ' -o cat || true; }

# What is wrong in the file system of disk $1. No guest may have it. It is mounted first, as the next node would do: what a
# power cut leaves to the journal is no damage.
disk_damage() {
        local loop said
        loop=$(losetup --find --show "$DISK_DIR/$1.img")
        mkdir -p "$DISK_DIR/look"
        if said=$(mount -t ext4 "$loop" "$DISK_DIR/look" 2>&1); then
                umount "$DISK_DIR/look"
        else
                echo "it cannot be mounted: $said"
        fi
        losetup --detach "$loop"
        disk_wait_gone "${loop#/dev/}" "$1" || lab_die "$1 is still there"
        said=$(e2fsck -fn "$DISK_DIR/$1.img" 2>&1) || printf '%s\n' "$said"
}

# disk_end UNIT...: ends all guests, and demands that none of the units (the mounts) was ever there twice, that no writer of a
# raw disk met another, and that each file system is as it should be. The last line of a test.
disk_end() {
        local name disk found
        found=$(disk_overlaps "$@")
        [ -z "$found" ] || fail 'no part was ever there on two nodes' "$found"
        for name; do
                [ -n "$(unit_events "$name")" ] || fail "$name was there at all"
        done
        found=$(disk_writers_met)
        [ -z "$found" ] || fail 'nobody wrote to a disk that another wrote to' "$found"
        for name in "${NODES[@]}"; do
                node_power_cut "$name"
        done
        for disk in "${DISKS[@]}"; do
                [ "$(blkid -p -o value -s TYPE "$DISK_DIR/$disk.img")" = ext4 ] || continue
                found=$(disk_damage "$disk")
                [ -z "$found" ] || fail "the file system of $disk is whole" "$found"
        done
}
