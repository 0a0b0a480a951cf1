#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The distribution's HAProxy, by its own unit, with an address of IPv4 and one of IPv6, under a client that never stops asking:
# moved by hand, its configuration read anew, its process killed, its node cut off and without power. After each exactly one
# node answers, by both addresses and with its MAC. The client's longest pause is printed.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        command -v haproxy >/dev/null || lab_die 'there is no HAProxy (tools/deps)'
        web_install
        cluster_file all /etc/haproxy/haproxy.cfg <<-END
		global
			log stdout format raw local0 notice
		defaults
			mode http
			timeout client 5s
			timeout server 5s
			timeout connect 5s
		frontend web
			bind :$WEB_PORT
			bind :::$WEB_PORT v6only
			http-request return status 200 content-type text/plain lf-string "%H\n"
	END
        cluster_file all /etc/distro-manager/applications/web.app <<-END
		[Application]
		Nodes={abc bcd def}
		Takeover=manual

		[Parts]
		Address=$WEB_4/24 host0
		Address=$WEB_6/64 host0
		Unit=haproxy.service
	END
}

owner() { app_field web node; }
other_than() { printf '%s\n' "${MEMBERS[@]}" | grep -vx "$1" | head -n 1; }
answers_now() { web_answers_from "$1" $(($(now) - 200000)); }
# As another node than $1 shows it, which may be cut off.
runs_elsewhere() {
        local other
        other=$(other_than "$1")
        app_left web "$1" "$other" && answers_now "$(app_field web node "$other")"
}
is_another_run() { [ "$(run_of "$1")" != "$2" ] && app_is web state running; }
run_of() { node_exec "$1" systemctl show --value -p InvocationID haproxy.service; }
pid_on() { node_exec "$1" systemctl show --value -p MainPID haproxy.service; }

# settled WHAT SINCE: it answers where it is now, and nobody else does.
settled() {
        cluster_wait_synced
        NODE=$(owner)
        check_within 10 "$NODE answers the client" answers_now "$NODE"
        check_within 5 "$NODE alone has the addresses, and answers with its MAC" web_is_on "$NODE"
        note "$1: $NODE has it; the client's longest pause was $(seconds "$(web_pause "$2")") s (Corosync notices the loss of a node after $(seconds "$CLUSTER_DETECTION") s)"
}

cluster_up abc bcd def
check_within 20 'it runs' app_is web state running
NODE=$(owner)
web_ask
settled 'at the beginning' "$(now)"

step 'it is moved by hand'
from=$NODE since=$(now)
check 'takeover' node_exec abc distroctl takeover web "$(other_than "$from")"
settled 'moved by hand' "$since"
check 'it has moved' test "$NODE" != "$from"

step 'it reads its configuration anew, under the client'
from=$NODE since=$(now) run=$(run_of "$NODE")
check 'reload' node_exec "$from" systemctl reload haproxy.service
settled 'reload' "$since"
check 'it is the same run' test "$(run_of "$from")" = "$run"
[ "$(web_pause "$since")" -lt 1000000 ] || fail 'the client hardly notices' "$(seconds "$(web_pause "$since")") s"

step 'it is killed: its own Restart= starts it again in its place, and nothing moves'
from=$NODE since=$(now) run=$(run_of "$NODE")
node_exec "$from" kill -KILL "$(pid_on "$from")"
check_within 10 'another run of it' is_another_run "$from" "$run"
settled 'killed' "$since"
check 'in its place' test "$NODE" = "$from"

step 'the cable of its node is cut'
from=$NODE since=$(now)
cable_cut "$from"
check_within 30 'another node has it' runs_elsewhere "$from"
check 'it has ended there' test "$(pid_on "$from")" = 0
cable_mend "$from"
settled 'cable cut' "$since"

step 'its node loses its power'
from=$NODE since=$(now)
node_power_cut "$from"
check_within 30 'another node has it' runs_elsewhere "$from"
node_boot "$from"
settled 'power cut' "$since"

end_test web
