#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# At most 600 s.
# postgresql.sh [--long]
#
# The distribution's PostgreSQL, by its own unit, on a disk that all nodes share, with an address: a client writes without end,
# and its node is drained, loses its manager, its power, its cable, its cable while its systemd stands still. After each
# exactly one server runs, the address is where it is and answers with that node's MAC, and every commit that was answered is
# there. The client's longest pause is printed. Each kind once, with --long four times.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/postgresql.sh
. "$LAB_SRC/postgresql.sh"

ROUNDS=1
[ "${1:-}" != --long ] || ROUNDS=4

applications() {
        disk_add data 512
        disk_add_raw raw
        disk_writer_install
        web_install
        pg_install data
        cluster_file all /etc/systemd/system/lab-writer.service <<-END
		[Service]
		Type=notify
		ExecStart=$DISK_WRITER /lab/raw
	END
        cluster_file all /etc/distro-manager/applications/pg.app <<-END
		[Application]
		Nodes={abc bcd def}
		Takeover=manual

		[Parts]
		Mount=/lab/data $PG_MOUNT ext4 noatime
		Unit=lab-writer.service
		Address=$PG_ADDRESS/24 host0
		Unit=postgresql@$PG_VERSION-main.service
	END
}

owner() { app_field pg node; }
# Any member but $1.
other_than() { printf '%s\n' "${MEMBERS[@]}" | grep -vx "$1" | head -n 1; }
# As one of the other nodes than $1 shows it, which may be cut off.
runs_elsewhere() { app_left pg "$1" "$(other_than "$1")"; }
has_rebooted() {
        local pid
        pid=$(node_pid "$1") && [ "$pid" != "$2" ] && node_is_synced "$1"
}
keeps_nothing() {
        ! node_exec "$1" pgrep -x postgres >/dev/null && ! node_exec "$1" mountpoint -q "$PG_MOUNT" &&
                ! node_exec "$1" ip -o address show dev host0 | grep -q " $PG_ADDRESS/"
}

# settled WHAT SINCE: all is as it should be on the node where it is now.
settled() {
        local since lost
        cluster_wait_synced
        check_within 30 'it runs' app_is pg state running
        NODE=$(owner)
        since=$(now)
        check_within 10 'the client is answered' pg_answers_since "$since"
        check_within 5 "one server runs, on $NODE" pg_runs_on "$NODE"
        check_within 5 "the address is on $NODE alone, and answers with its MAC" address_is_on "$PG_ADDRESS" "$NODE" "$(other_than "$NODE")"
        lost=$(pg_lost "$NODE")
        [ -z "$lost" ] || fail 'every commit that was answered is there' "lost: $lost"
        note "$1: it is on $NODE, with all $(wc -l <"$LAB/answered") commits that were answered; the client's longest pause was $(seconds "$(pg_pause "$2")") s (Corosync notices the loss of a node after $(seconds "$CLUSTER_DETECTION") s)"
}

drained() {
        check 'drain' node_exec "$1" distroctl drain "$1"
        check 'unstandby' node_exec "$1" distroctl unstandby "$1"
        check 'it has moved' runs_elsewhere "$1"
}

manager_killed() {
        local pid
        pid=$(manager_pid "$1")
        node_exec "$1" kill -KILL "$pid"
        check_within 30 'there is another manager' manager_is_new "$1" "$pid"
        cluster_wait_synced
        check 'it stays where it is' app_is pg node "$1"
}

power_cut() {
        node_power_cut "$1"
        check_within 60 'it runs elsewhere' runs_elsewhere "$1"
        node_boot "$1"
}

cable_was_cut() {
        cable_cut "$1"
        check_within 60 'it runs elsewhere' runs_elsewhere "$1"
        check 'nothing of it is left behind' keeps_nothing "$1"
        cable_mend "$1"
}

systemd_stopped() {
        local pid
        pid=$(node_pid "$1")
        kill -STOP "$pid"
        cable_cut "$1"
        check_within 60 'it runs elsewhere' runs_elsewhere "$1"
        # Nothing can be asked of it before it has rebooted itself; and then it has a new cable.
        check 'its node has rebooted itself' test ! -d "/proc/$pid"
        check_within 60 'it is back' has_rebooted "$1" "$pid"
}

cluster_up abc bcd def
check_within 60 'it runs' app_is pg state running
pg_write
settled 'at the beginning' "$(now)"
for ((round = 1; round <= ROUNDS; round++)); do
        for kind in drained manager_killed power_cut cable_was_cut systemd_stopped; do
                step "round $round: ${kind//_/ }"
                since=$(now)
                "$kind" "$NODE"
                settled "${kind//_/ }" "$since"
        done
done

end_test pg
disk_end srv-pg.mount
