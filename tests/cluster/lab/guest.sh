# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Guests: their file systems, control groups and processes. Sourced by lab.sh.
#
# $LAB/NAME/disk     a tmpfs: the upper layer of the guest's overlay, which is its disk and survives a power cut
# $LAB/NAME/root     the guest's / as seen from outside
# $LAB/journal/ID    its journal, also outside of the guest: one `journalctl -D $LAB/journal` reads all guests at once

declare -A NODE_NUMBER=()
NODES=()

# Makes the place where guests live. With LAB_TREE, copies it: overlay layers must not lie inside each other.
lab_up() {
        [ ! -e "$LAB" ] || return 0
        local tree=
        # The tree may lie in the /run that is about to be covered.
        [ -z "${LAB_TREE:-}" ] || exec {tree}<"$LAB_TREE"
        mount -t tmpfs -o mode=755 lab /run
        mkdir -p "$LAB/tree" "$LAB/journal"
        if [ -n "$tree" ]; then
                cp -a "/proc/self/fd/$tree/." "$LAB/tree/"
                exec {tree}<&-
        fi
        ip link set lo up
        ip link add lab0 type bridge
        ip link set lab0 up
        trap lab_exit EXIT
        trap 'exit 143' TERM
        trap 'exit 130' INT HUP
}

# Ends all guests and takes down all that lab_up and node_add made. Does nothing where there is nothing.
lab_down() {
        local name
        [ -e "$LAB" ] || return 0
        journal_close
        web_end
        for name in "${NODES[@]}"; do
                node_power_cut "$name"
                # With what a test has mounted in it.
                umount -R "$LAB/$name/root"
                umount "$LAB/$name/disk"
        done
        NODES=()
        NODE_NUMBER=()
        ip link del lab0
        umount /run
}

lab_exit() {
        local status=$?
        trap - EXIT
        lab_keep_logs || true
        lab_down || status=99
        exit "$status"
}

# Makes the disk of a new guest. $1: its name; its number, from 1, is also its Corosync node id and its address.
node_add() {
        local name=$1 dir=$LAB/$1 root
        NODES+=("$name")
        NODE_NUMBER[$name]=${#NODES[@]}
        mkdir -p "$dir/disk" "$dir/root"
        mount -t tmpfs -o mode=755 "lab-$name" "$dir/disk"
        mkdir "$dir/disk/upper" "$dir/disk/work"
        mount -t overlay -o "lowerdir=$LAB/tree:/,upperdir=$dir/disk/upper,workdir=$dir/disk/work" \
                "lab-$name" "$dir/root"
        root=$dir/root

        # Nothing that this machine has enabled or gathered may show in a guest.
        rm -rf "$root"/etc/systemd/{system,journald.conf.d,system.conf.d} "$root"/etc/systemd/journald.conf \
                "$root"/etc/corosync "$root"/etc/distro-manager "$root"/var/lib/{corosync,distro-manager} \
                "$root"/var/log/journal "$root"/etc/fstab
        mkdir -p "$root"/etc/systemd/{system,journald.conf.d} "$root"/etc/corosync/uidgid.d "$root"/var/lib/corosync \
                "$root"/var/log/journal "$root"/etc/distro-manager/applications
        node_machine_id "$name" >"$root/etc/machine-id"
        echo "$name" >"$root/etc/hostname"
        echo '127.0.0.1 localhost' >"$root/etc/hosts"
        mkdir -p "$LAB/journal/$(node_machine_id "$name")"
        cat >"$root/etc/systemd/journald.conf.d/lab.conf" <<-END
		[Journal]
		Storage=persistent
		RateLimitBurst=0
		SyncIntervalSec=1
	END
        cat >"$root/etc/systemd/system/lab.target" <<-END
		[Unit]
		Description=What the lab tests
		Requires=sysinit.target
		After=sysinit.target
		Wants=dbus.socket
		AllowIsolate=yes
	END
        # Which program is the system bus; the tree has what this machine lacks.
        [ -z "${LAB_BUS:-}" ] || ln -s "/usr/lib/systemd/system/$LAB_BUS.service" "$root/etc/systemd/system/dbus.service"
        # The interface can be a moment late.
        cat >"$root/etc/systemd/system/lab-network.service" <<-END
		[Unit]
		Description=Address of the lab's guest
		DefaultDependencies=no
		Before=network.target network-online.target corosync.service corosync-qnetd.service

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -ec 'until ip link set host0 up; do sleep 0.02; done; \\
			ip address replace $(node_address "$name")/24 dev host0'
	END
        node_wants "$name" lab-network.service
}

# Has the guest start unit $2 when it boots.
node_wants() {
        mkdir -p "$LAB/$1/root/etc/systemd/system/lab.target.wants"
        ln -sf "/usr/lib/systemd/system/$2" "$LAB/$1/root/etc/systemd/system/lab.target.wants/$2"
}

node_address() { echo "10.99.0.${NODE_NUMBER[$1]}"; }

# Machine ids are fixed, so that they name the nodes in tests of the journal.
node_machine_id() { printf '%s' "distro-lab $1" | md5sum | cut -c -32; }

# Every guest needs a control group of its own in every hierarchy: in a shared one `systemctl kill` in a guest fails
# and a stop leaves processes behind. Prints their paths.
node_cgroups() {
        local hierarchy
        while read -r hierarchy; do
                echo "$hierarchy/$LAB_ID-$1"
        done < <(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts)
}

# Moves the calling process into the guest's control groups.
node_join_cgroups() {
        local group file
        while read -r group; do
                mkdir -p "$group"
                # A new cpuset holds no processor and takes no process before it does.
                for file in cpuset.cpus cpuset.mems; do
                        [ ! -e "$group/$file" ] || [ -e "$group/cgroup.controllers" ] ||
                                cat "${group%/*}/$file" >"$group/$file"
                done
                echo "$BASHPID" >"$group/cgroup.procs"
        done < <(node_cgroups "$1")
}

# Boots a guest and returns at once; node_exec waits for it.
node_boot() {
        local name=$1 id nspawn
        id=$(node_machine_id "$name")
        lab_say "boot $name"
        ! node_is_up "$name" || lab_die "$name is up already"
        (
                trap - EXIT TERM INT HUP
                node_join_cgroups "$name"
                # 133: the guest reboots.
                status=133
                while [ "$status" -eq 133 ]; do
                        status=0
                        disks_plug "$name"
                        systemd-nspawn -q -D "$LAB/$name/root" --boot --network-bridge=lab0 --machine="$name" \
                                --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
                                --bind="$LAB/journal/$id:/var/log/journal/$id" \
                                -- systemd.unit=lab.target </dev/null >>"$LAB/$name/console" 2>&1 &
                        nspawn=$!
                        disks_watch "$name" "$nspawn"
                        wait "$nspawn" || status=$?
                        disks_unwatch "$name"
                        echo "$name $(now)" >>"$LAB/cuts"
                        disks_unplug "$name"
                done
        ) &
        echo $! >"$LAB/$name/supervisor"
}

# Prints the process id of what boots the guest, and boots it again when it reboots.
node_supervisor() {
        [ -e "$LAB/$1/supervisor" ] && cat "$LAB/$1/supervisor"
}

children_of() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

node_is_up() {
        local supervisor
        supervisor=$(node_supervisor "$1") && kill -0 "$supervisor" 2>/dev/null
}

# Prints the process id of the guest's systemd; fails while there is none.
node_pid() {
        local supervisor nspawn child
        supervisor=$(node_supervisor "$1") || return 1
        for nspawn in $(children_of "$supervisor"); do
                for child in $(children_of "$nspawn"); do
                        # The last of the ids is the one in the innermost namespace.
                        if [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$child/status" 2>/dev/null)" = 1 ]; then
                                echo "$child"
                                return 0
                        fi
                done
        done
        return 1
}

# Runs a command in a guest. With a deadline, as entering a guest that is going down can hang.
node_exec() {
        local name=$1 pid
        shift
        pid=$(node_pid "$name") || {
                echo "lab: $name is down" >&2
                return 98
        }
        timeout -k 2 "${NODE_TIMEOUT:-60}" nsenter -t "$pid" -a -- "$@" </dev/null
}

# The same with the caller's standard input and for as long as it takes; without a command, a shell.
node_enter() {
        local name=$1 pid
        shift
        pid=$(node_pid "$name") || {
                echo "$name is down" >&2
                return 1
        }
        [ $# -gt 0 ] || set -- /bin/bash -l
        nsenter -t "$pid" -a -- "$@"
}

# Takes the processor away from all processes of a guest, as when a host sleeps or a virtual machine is paused; its
# clocks go on. Until it is thawed nothing can be asked of it.
node_freeze() {
        lab_say "freeze $1"
        touch "$LAB/$1/frozen"
        node_set_frozen "$1" 1
}

node_thaw() {
        lab_say "thaw $1"
        node_set_frozen "$1" 0
        rm "$LAB/$1/frozen"
}

# $2: 1 or 0. Waits until the kernel says that it is so.
node_set_frozen() {
        local group words=(THAWED FROZEN)
        while read -r group; do
                if [ -e "$group/cgroup.freeze" ]; then
                        echo "$2" >"$group/cgroup.freeze"
                        until grep -q "^frozen $2$" "$group/cgroup.events"; do sleep 0.01; done
                        return 0
                elif [ -e "$group/freezer.state" ]; then
                        echo "${words[$2]}" >"$group/freezer.state"
                        until grep -q "^${words[$2]}$" "$group/freezer.state"; do sleep 0.01; done
                        return 0
                fi
        done < <(node_cgroups "$1")
        lab_die 'this kernel freezes no control groups'
}

# The guest's processes are gone at once, its disk stays as it is.
node_power_cut() {
        local name=$1 supervisor children child pid group
        if node_is_up "$name"; then
                lab_say "cut the power of $name"
                supervisor=$(node_supervisor "$name")
                # Nobody shall take the end of the guest for a reboot.
                kill -STOP "$supervisor"
                children=$(children_of "$supervisor")
                if pid=$(node_pid "$name"); then
                        disks_shut "$name" "/proc/$pid/ns/mnt"
                        kill -KILL "$pid" 2>/dev/null || true
                else
                        # shellcheck disable=SC2086 # one for each word
                        kill -KILL $children 2>/dev/null || true
                fi
                kill -KILL "$supervisor"
                # What is frozen does not die.
                [ ! -e "$LAB/$name/frozen" ] || node_thaw "$name"
                wait "$supervisor" 2>/dev/null || true
                for child in $children; do
                        tail -s 0.02 -f --pid="$child" /dev/null
                done
                disks_unplug "$name"
                # Only now: what began before its processor stopped counts as ended by the cut.
                echo "$name $(now)" >>"$LAB/cuts"
        fi
        rm -f "$LAB/$name/supervisor"
        ip link del "vb-$name" 2>/dev/null || true
        # What could not be removed now is removed by lab/enter.
        while read -r group; do
                [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        done < <(node_cgroups "$name")
}
