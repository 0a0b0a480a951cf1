# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2317 # called by their kinds' names
#
# What each kind of fault does to real nodes: begin_KIND, and end_KIND where it does not end by itself. They get the
# kind's arguments. Two faults may overlap, so none may mind that a guest is down or was booted anew. Sourced by storm.sh.

# A command in guest $1, whatever becomes of it.
upon() { NODE_TIMEOUT=10 node_exec "$@" >/dev/null 2>&1 || true; }

begin_power-cut() { node_power_cut "$1"; }
end_power-cut() { node_is_up "$1" || node_boot "$1"; }

begin_power-cut-all() {
        local name
        for name in "${MEMBERS[@]}"; do node_power_cut "$name"; done
}
end_power-cut-all() {
        local name
        for name in "${MEMBERS[@]}"; do end_power-cut "$name"; done
}

# In the background: entering a guest that goes down can hang.
begin_reboot() {
        node_pid "$1" >"$LAB/$1/rebooting" || return 0
        upon "$1" systemctl --no-block reboot &
}
is_rebooted() {
        local pid
        ! node_is_up "$1" || { pid=$(node_pid "$1") && [ "$pid" != "$(cat "$LAB/$1/rebooting")" ]; }
}
end_reboot() { wait_until 100 is_rebooted "$1" || storm_fail "$1 reboots"; }

begin_cable-cut() { cable_cut "$1" 2>/dev/null || true; }
end_cable-cut() { cable_mend "$1" 2>/dev/null || true; }

# Cut once more before, or just after, the ring has taken the node in again.
begin_cable-flicker() { cable_cut "$1" 2>/dev/null || true; }
end_cable-flicker() {
        cable_mend "$1" 2>/dev/null || true
        sleep "$(seconds $(($2 * 1000)))"
        cable_cut "$1" 2>/dev/null || true
        sleep "$(seconds $((CLUSTER_DETECTION + 1000000)))"
        cable_mend "$1" 2>/dev/null || true
}

begin_loss-out() { loss_from "$1" "$2" 2>/dev/null || true; }
end_loss-out() { loss_end "$1" 2>/dev/null || true; }

begin_loss-in() { loss_to "$1" "$2" 2>/dev/null || true; }
end_loss-in() { loss_to_end "$1" 2>/dev/null || true; }

begin_loss-pair() { loss_between "$1" "$2" 2>/dev/null || true; }
end_loss-pair() { loss_end "$1" 2>/dev/null || true; }

begin_witness-cut() { node_power_cut "$WITNESS"; }
end_witness-cut() { node_is_up "$WITNESS" || node_boot "$WITNESS"; }

begin_manager-kill() { upon "$1" systemctl kill -s KILL distro-manager.service; }
end_manager-kill() { :; }

begin_manager-stop() { upon "$1" systemctl kill --kill-whom=main -s STOP distro-manager.service; }
end_manager-stop() { upon "$1" systemctl kill --kill-whom=main -s CONT distro-manager.service; }

begin_manager-restart() { upon "$1" systemctl --no-block restart distro-manager.service; }
end_manager-restart() { :; }

begin_corosync-kill() { upon "$1" systemctl kill -s KILL corosync.service; }
end_corosync-kill() {
        upon "$1" systemctl reset-failed
        upon "$1" systemctl --no-block start corosync.service ${WITNESS:+corosync-qdevice.service} distro-manager.service
}

begin_corosync-stop() { upon "$1" systemctl kill -s STOP corosync.service; }
end_corosync-stop() { upon "$1" systemctl kill -s CONT corosync.service; }

begin_corosync-restart() { upon "$1" systemctl --no-block restart corosync.service; }
end_corosync-restart() { :; }

begin_dbus-restart() { upon "$1" systemctl --no-block restart dbus.service; }
end_dbus-restart() { :; }

# It pauses for a moment, as PID 1 answers nobody meanwhile, and two processors carry all guests.
begin_reload() {
        echo yes >"$LAB/$1/reloading"
        (
                while [ -e "$LAB/$1/reloading" ]; do
                        upon "$1" systemctl daemon-reload
                        upon "$1" systemctl daemon-reexec
                        sleep 0.1
                done
        ) &
        RELOADERS+=($!)
}
end_reload() { rm -f "$LAB/$1/reloading"; }

begin_reload-failover() {
        local name
        for name in "${MEMBERS[@]}"; do
                [ "$name" = "$1" ] || begin_reload "$name"
        done
        begin_power-cut "$1"
}
end_reload-failover() {
        local name
        for name in "${MEMBERS[@]}"; do
                [ "$name" = "$1" ] || end_reload "$name"
        done
        end_power-cut "$1"
}

# Each guest's state directory is a small file system of its own, mounted from outside, so that it survives power cuts.
begin_disk-full() { dd if=/dev/zero "of=$LAB/$1/root$STORM_STATE/full" bs=4096 2>/dev/null || true; }
end_disk-full() { rm -f "$LAB/$1/root$STORM_STATE/full"; }

# A file system on which a file is open for writing at this moment refuses.
disk_readonly() { mount -o remount,ro "$LAB/$1/root$STORM_STATE" 2>/dev/null; }
begin_disk-readonly() { wait_until 5 disk_readonly "$1" || storm_fail "the state directory of $1 gets read-only"; }
end_disk-readonly() { mount -o remount,rw "$LAB/$1/root$STORM_STATE"; }

# On the node where the last look saw it.
begin_worker-kill() {
        local node
        node=$(seen_copy "$1")
        [ -z "$node" ] || upon "$node" systemctl kill -s KILL "distro-app-$1.service"
}
end_worker-kill() { :; }

begin_worker-stop() {
        local node
        node=$(seen_copy "$1")
        [ -z "$node" ] || upon "$node" systemctl --no-block stop "distro-app-$1.service"
}
end_worker-stop() { :; }
