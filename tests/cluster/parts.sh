#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A web server with an address of IPv4 and one of IPv6, under a client that never stops asking: it is drained, it is moved by
# hand, its host is rebooted, its node loses its power, its cable is cut, its systemd stands still. After each exactly one node has both addresses
# and answers for them with its MAC. The client's longest pause is printed.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        web_install
        web_app web '{abc bcd def}' Takeover=manual
}

owner() { app_field web node; }
# The node is asked last: it is none as soon as the other one is known to be lost.
runs_elsewhere() {
        local node
        [ "$(app_field web state)" = running ] && node=$(owner) && [ -n "$node" ] && [ "$node" != "$1" ]
}
has_no_quorum() { [ "$(cluster_status "$1" .manager.quorate)" = false ]; }
# As one of the other nodes than $1 shows it, which $1 is cut off from.
others_run_it() {
        local other
        other=$(printf '%s\n' "${MEMBERS[@]}" | grep -vx "$1" | head -n 1)
        [ "$(app_field web state "$other")" = running ] && [ "$(app_field web node "$other")" != "$1" ] &&
                answers_now "$(app_field web node "$other")"
}
# Of a node that is cut off others see nothing, nor it of them.
left_by() {
        local addresses
        addresses=$(node_exec "$1" ip -o address show dev host0) && ! grep -qE " ($WEB_4|$WEB_6)/" <<<"$addresses"
}

# moved WHAT FROM SINCE: it has come to another node, which has both addresses and answers.
moved() {
        local since
        check_within 30 "it runs elsewhere than on $2" runs_elsewhere "$2"
        NODE=$(owner)
        check_within 5 "$NODE answers the client" answers_now "$NODE"
        check_within 5 "$NODE alone has the addresses, and answers with its MAC" web_is_on "$NODE"
        note "$1: $NODE has it; the client's longest pause was $(seconds "$(web_pause "$3")") s (Corosync notices the loss of a node after $(seconds "$CLUSTER_DETECTION") s)"
        since=$(now)
        check_stays 1 'it stays there' web_answers_or_waits "$NODE" "$since"
}
answers_now() {
        local since
        since=$(($(now) - 200000))
        web_answers_from "$1" "$since"
}
# Nobody else answers.
web_answers_or_waits() { [ -z "$(awk -v since="$2" -v node="$1" '$1 > since && $2 != node' "$LAB"/asked.[46])" ]; }

cluster_up abc bcd def
check_within 20 'it runs' app_is web state running
NODE=$(owner)
web_ask
check_within 5 'the client is answered by both addresses' answers_now "$NODE"
check_within 5 "$NODE alone has the addresses, and answers with its MAC" web_is_on "$NODE"

step 'its status lists the parts where they are, and says so elsewhere'
said=$(node_exec "$NODE" distroctl --no-pager status web)
for part in "ip-$WEB_4" "ip-$WEB_6"; do
        grep -qE "^ *address +$part +active .* is on host0" <<<"$said" || fail "it lists $part" "$said"
done
for name in "${MEMBERS[@]}"; do
        [ "$name" != "$NODE" ] || continue
        said=$(node_exec "$name" distroctl --no-pager status web)
        grep -qF "Parts: shown on $NODE alone: 'distroctl -H $NODE status web'" <<<"$said" || fail "$name says where" "$said"
done

step 'so do its logs'
said=$(node_exec "$NODE" distroctl --no-pager logs web)
for line in "systemd\[1\]: Started .*ip-$WEB_4" 'systemd\[1\]: Started distro-app-web.service' 'distro-manager\[.*web: '; do
        grep -q "$line" <<<"$said" || fail "they have a line with '$line'" "$said"
done
other=$(printf '%s\n' "${MEMBERS[@]}" | grep -vx "$NODE" | head -n 1)
said=$(node_exec "$other" distroctl --no-pager logs web 2>&1)
grep -qF "web runs on $NODE, and this is the journal of $other. 'distroctl -H $NODE logs web'" <<<"$said" || fail "$other says where" "$said"

step 'it is drained'
from=$NODE since=$(now)
check 'drain' node_exec "$from" distroctl drain "$from"
moved drained "$from" "$since"
check 'unstandby' node_exec "$from" distroctl unstandby "$from"

step 'it is moved by hand'
from=$NODE since=$(now)
check 'takeover' node_exec abc distroctl takeover web "$(printf '%s\n' "${MEMBERS[@]}" | grep -vx "$from" | head -n 1)"
moved 'moved by hand' "$from" "$since"

step 'its host is rebooted: it is handed over, parts and all'
from=$NODE since=$(now)
node_exec "$from" systemctl reboot || true
moved rebooted "$from" "$since"
check 'nothing waited for the loss of a node' test "$(web_pause "$since")" -lt "$CLUSTER_DETECTION"
cluster_wait_synced
check 'it stays where it is' app_runs_on web "$NODE"
check_within 5 'and the node that is back has neither address' web_is_on "$NODE"

step 'its node loses its power'
from=$NODE since=$(now)
node_power_cut "$from"
moved 'power cut' "$from" "$since"
node_boot "$from"
cluster_wait_synced
check 'it stays where it is' app_runs_on web "$NODE"
check_within 5 'and the node that is back has neither address' web_is_on "$NODE"

step 'the cable of its node is cut'
from=$NODE since=$(now)
cable_cut "$from"
check_within 10 "$from has no quorum" has_no_quorum "$from"
check_within 5 "$from gives both up" left_by "$from"
check_within 30 'another node has it' others_run_it "$from"
cable_mend "$from"
cluster_wait_synced
moved 'cable cut' "$from" "$since"

# A systemd that stands still says too late when a unit ended.
check 'there were never two copies' test -z "$(copy_overlaps web)"

step 'its systemd stands still, and the cable is cut: what is killed past systemd leaves its addresses behind'
from=$NODE since=$(now)
pid=$(node_pid "$from")
kill -STOP "$pid"
check_stays 2 'that alone moves nothing' answers_now "$from"
cable_cut "$from"
check_within 30 'another node has it' others_run_it "$from"
kill -CONT "$pid"
check_within 10 "$from gives both up once its systemd goes on" left_by "$from"
cable_mend "$from"
cluster_wait_synced
moved 'systemd stopped, cable cut' "$from" "$since"

end_test
