#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installed units as parts of an application without [Service]: `front`, then an address, then `db`, which does not start without
# the address. Restarts of theirs are no failover, an end is one; a condition that skips one, and one that runs already, are
# failed starts; a reload is neither; and a manager that is killed in the middle of a start leaves nothing that runs alone.
# At most 400 s.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/terminal.sh
. "$LAB_SRC/terminal.sh"

ADDRESS=10.99.0.83
ROUNDS=${UNIT_PART_ROUNDS:-12}

applications() {
        cluster_file all /etc/systemd/system/front.service <<-END
		[Service]
		ExecStartPre=/bin/sleep 0.4
		Type=exec
		ExecStart=/bin/sleep infinity
		ExecReload=/bin/sh -c 'sleep 1; echo front >>/run/reloads'
		Restart=always
		RestartSec=200ms
	END
        cluster_file all /etc/systemd/system/db.service <<-END
		[Unit]
		ConditionPathExists=!/run/skip-db
		[Install]
		WantedBy=multi-user.target
		[Service]
		ExecStartPre=/bin/sh -c 'ip -4 address show dev host0 | grep -qw $ADDRESS'
		Type=exec
		ExecStart=/bin/sleep infinity
		ExecReload=/bin/sh -c 'echo db >>/run/reloads; ! test -e /run/bad-db'
	END
        cluster_file all /etc/distro-manager/applications/pg.app <<-END
		[Application]
		Nodes={abc bcd def}
		Takeover=manual

		[Parts]
		Unit=front.service
		Address=$ADDRESS/24 host0
		Unit=db.service
	END
        for name in "${MEMBERS[@]}"; do
                lab_ssh "$name"
        done
}

unit_is() { [ "$(node_exec "$1" systemctl show --value -p ActiveState "$2")" = "$3" ]; }
run_of() { node_exec "$1" systemctl show --value -p InvocationID "$2"; }
pid_of() { node_exec "$1" systemctl show --value -p MainPID "$2"; }
is_another_run() { [ "$(run_of "$1" "$2")" != "$3" ] && unit_is "$1" "$2" active; }
other_than() { printf '%s\n' "${MEMBERS[@]}" | grep -vx "$1" | head -n 1; }
has_address() { node_exec "$1" ip -4 address show dev host0 | grep -qw "$ADDRESS"; }
# Guest $1 has all of it.
is_whole() { unit_is "$1" front.service active && unit_is "$1" db.service active && has_address "$1"; }
# ... or nothing.
is_bare() { unit_is "$1" front.service inactive && unit_is "$1" db.service inactive && ! has_address "$1"; }
runs_whole() {
        NODE=$(app_field pg node "${1:-}")
        [ "$(app_field pg state "${1:-}")" = running ] && is_whole "$NODE"
}
runs_off() { runs_whole "$1" && [ "$NODE" != "$2" ]; }
others_are_bare() {
        local name
        for name in "${MEMBERS[@]}"; do
                [ "$name" = "$NODE" ] || is_bare "$name" || return 1
        done
}
# settled WHAT: one node has all of it, the others nothing.
settled() {
        check_within 40 "$1: it runs" runs_whole
        check_within 10 "$NODE alone has anything of it" others_are_bare
        note "$1: $NODE"
}
# A restart that lasts a second, or a second one soon after, is told until it has run for 10 s.
runs_again() { check_within 20 'it runs' runs_whole; }
has_reason() { node_exec "$1" distroctl explain pg | grep -qF "$2"; }

cluster_up abc bcd def
settled 'at the beginning'
check 'its parts are shown' test "$(cluster_status "$NODE" '.applications[] | select(.name == "pg") | [.parts[] | "\(.kind) \(.id) \(.state)"] | join(", ")')" = \
        "unit front.service active, address ip-$ADDRESS active, unit db.service active"

step 'it would start at boot'
check 'verify finds nothing' node_exec "$NODE" distroctl verify
check 'enable' node_exec "$NODE" systemctl -q enable db.service
verified=$(node_exec "$NODE" distroctl verify 2>&1 || true)
grep -qF 'Unit=: on this node db.service is enabled and would also start at boot: systemctl disable db.service' <<<"$verified" ||
        fail 'verify says that it is enabled' "$verified"
check 'disable' node_exec "$NODE" systemctl -q disable db.service

step 'a socket of the host would start it'
check 'a socket' node_exec "$NODE" sh -c 'printf "[Socket]\nListenStream=/run/db.sock\n[Install]\nWantedBy=sockets.target\n" >/etc/systemd/system/db.socket'
check 'enable' node_exec "$NODE" systemctl -q enable db.socket
verified=$(node_exec "$NODE" distroctl verify 2>&1 || true)
grep -qF 'Unit=: db.socket starts db.service whenever it is used, also where the application does not run: systemctl disable --now db.socket' <<<"$verified" ||
        fail 'verify says that it can be started by it' "$verified"
check 'disable' node_exec "$NODE" systemctl -q disable --now db.socket
check 'verify finds nothing' node_exec "$NODE" distroctl verify
check 'no socket' node_exec "$NODE" sh -c 'rm /etc/systemd/system/db.socket && systemctl daemon-reload'

step 'an administrator restarts them'
for unit in db front; do
        epoch=$(app_field pg epoch) run=$(run_of "$NODE" $unit.service)
        check "systemctl restart $unit" node_exec "$NODE" systemctl restart $unit.service
        check_within 10 "$unit is another run" is_another_run "$NODE" $unit.service "$run"
        runs_again
        check 'it is the same copy' test "$(app_field pg epoch)" = "$epoch"
done

step 'they are reloaded'
epoch=$(app_field pg epoch) other=$(other_than "$NODE")
run="$(run_of "$NODE" front.service) $(run_of "$NODE" db.service)"
said=$(node_exec "$other" distroctl reload-service pg 2>&1) && fail 'elsewhere it is not done' "$said"
grep -qF "pg runs on $NODE, and $other cannot reload it." <<<"$said" || fail 'it says where it runs' "$said"
# reloads GUEST OPTION...: it is done, by that guest's distroctl.
reloads() {
        local said
        said=$(node_exec "$1" distroctl "${@:2}" reload-service pg 2>&1) || fail 'it is reloaded' "$said"
        [ "$said" = "front.service of pg has reloaded.
db.service of pg has reloaded.
Cannot reload, and left as it is: distro-app-pg.service." ] || fail 'it says what has reloaded, and what cannot' "$said"
}
reloads "$NODE"
check_within 20 'ssh gets through' node_exec "$other" ssh -n "$NODE" true
reloads "$other" -H "$NODE"
check 'both have, twice' test "$(node_exec "$NODE" cat /run/reloads | paste -sd ' ')" = 'front db front db'
check 'a bad configuration' node_exec "$NODE" touch /run/bad-db
said=$(node_exec "$NODE" distroctl reload-service pg 2>&1) && fail 'that is no success' "$said"
grep -qF "db.service of pg was not reloaded: systemd says 'failed'." <<<"$said" || fail 'it names db' "$said"
check 'rm' node_exec "$NODE" rm /run/bad-db
check 'it is the same run' test "$(run_of "$NODE" front.service) $(run_of "$NODE" db.service)" = "$run"
check_stays 3 'it is the same copy' test "$(app_field pg epoch)" = "$epoch"
check 'it runs' runs_whole

step 'front dies, and systemd starts it again'
epoch=$(app_field pg epoch) run=$(run_of "$NODE" front.service)
check 'kill' node_exec "$NODE" kill -KILL "$(pid_of "$NODE" front.service)"
check_within 10 'front is another run' is_another_run "$NODE" front.service "$run"
runs_again
check_stays 3 'it is the same copy' test "$(app_field pg epoch)" = "$epoch"

step 'db dies'
from=$NODE
check 'kill' node_exec "$from" kill -KILL "$(pid_of "$from" db.service)"
check_within 40 'it runs on another node' runs_off "$from" "$from"
check 'the reason names the part' has_reason "$from" 'its part unit db.service ended: signal KILL'
settled 'db died'
check 'clear' node_exec "$NODE" distroctl clear pg "$from"

step 'a condition skips db'
to=$(other_than "$NODE") from=$NODE
check 'touch' node_exec "$to" touch /run/skip-db
node_exec "$from" distroctl takeover pg "$to" >/dev/null 2>&1 || true
check_within 40 'the start has failed' has_reason "$to" 'its part unit db.service was skipped: a condition of it was not met'
check 'rm' node_exec "$to" rm /run/skip-db
settled 'skipped'
check 'clear' node_exec "$NODE" distroctl clear pg "$to"

step 'db runs already where it is to start'
to=$(other_than "$NODE") from=$NODE
check 'a drop-in' node_exec "$to" sh -c 'mkdir -p /run/systemd/system/db.service.d && printf "[Service]\nExecStartPre=\n" >/run/systemd/system/db.service.d/x.conf && systemctl daemon-reload'
check 'start' node_exec "$to" systemctl start db.service
node_exec "$from" distroctl takeover pg "$to" >/dev/null 2>&1 || true
check_within 40 'it is refused' has_reason "$to" 'its part unit db.service runs already, and was not started by distro-manager'
check 'it is left alone' unit_is "$to" db.service active
check 'stop' node_exec "$to" systemctl stop db.service
check 'the drop-in goes' node_exec "$to" sh -c 'rm -r /run/systemd/system/db.service.d && systemctl daemon-reload'
settled 'ran already'
check 'clear' node_exec "$NODE" distroctl clear pg "$to"

step "a manager is killed in the middle of a start, $ROUNDS times"
for ((round = 1; round <= ROUNDS; round++)); do
        to=$(other_than "$NODE")
        node_exec "$NODE" distroctl takeover pg "$to" >/dev/null 2>&1 &
        wait_until 15 unit_is "$to" front.service activating || true
        sleep "0.$(((round * 7) % 9))" # somewhere between the first call and the last
        node_exec "$to" systemctl kill -s KILL distro-manager.service
        wait $! || true
        settled "round $round"
done

step 'power is cut'
from=$NODE
node_power_cut "$from"
other=$(other_than "$from")
check_within 60 'it runs on another node' runs_off "$other" "$from"
note "power cut: $NODE"

step 'it is stopped'
check 'stop' node_exec "$other" distroctl stop pg
for name in "${MEMBERS[@]}"; do
        [ "$name" = "$from" ] || check_within 10 "$name has nothing of it" is_bare "$name"
done
overlaps=$(unit_overlaps front.service)
[ -z "$overlaps" ] || fail 'front was never on two nodes' "$overlaps"
end_test pg
