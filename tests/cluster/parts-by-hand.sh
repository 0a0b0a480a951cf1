#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What happens to an address on its own node: the manager is killed, somebody removes the address, in maintenance and
# without, and another host has it. The reason names the part, and what its helper says. Beside it an application without
# parts, which has the unit that it always had, and gets parts while it runs.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

TAKEN=10.99.0.81
ADDED=10.99.0.82

applications() {
        web_install
        web_app web 'abc {bcd def}' Takeover=manual
        web_app taken 'abc bcd' Enabled=no -- "Address=$TAKEN/24 host0 TimeoutStartSec=1s"
        sed -i 's/serve 8080/serve 8081/' "$LAB"/{abc,bcd,def}/root/etc/distro-manager/applications/taken.app
        cluster_app plain 'def abc'
}

# What systemd calls this run of a unit.
run_of() { node_exec "$1" systemctl show --value -p InvocationID "$2"; }
identity() {
        run_of "$1" distro-app-web.service
        run_of "$1" "distro-app-web:ip-$WEB_4.service"
        app_field web epoch
}
answers_now() { web_answers_from "$1" $(($(now) - 200000)); }
# The words of part $2 of web, as guest $1 shows it.
# shellcheck disable=SC2016 # jq expands it
part_text() { cluster_status "$1" '.applications[] | select(.name == "web") | .parts[] | select(.id == $id) | .text' --arg id "$2"; }
part_says() {
        case $(part_text "$1" "ip-$WEB_4") in
        *"$2"*) ;;
        *) return 1 ;;
        esac
}
REASON="its part address $WEB_4/24 ended: "
# Sets NODE.
runs_elsewhere() {
        NODE=$(app_field web node)
        [ "$(app_field web state)" = running ] && [ "$NODE" != "$1" ] && answers_now "$NODE"
}
# The journal of guest $1 names the part, with the words of its helper.
gone_with_words() {
        local line
        line=$(wait_line "$2" 5 "$(of "$1")" MESSAGE_ID=73caa36ca06a4f5583ec215c0324c231 --grep="$REASON") ||
                fail 'the journal names the part' "$(journal_since "$2" MESSAGE_ID=73caa36ca06a4f5583ec215c0324c231 -o cat)"
        note "$(line_text "$line")"
        grep -qF 'removed from host0 by somebody else' <<<"$(line_text "$line")" || fail 'and has the words of its helper'
}
told_of_maintenance() { node_exec "$1" test -e /run/distro-manager/maintenance/web; }

begin=$(now)
cluster_up abc bcd def
check_within 20 'it runs' app_runs_on web abc
expect_start "$begin" 10 plain def normal
web_ask
check_within 5 'the client is answered by both addresses' answers_now abc
check_within 5 'abc alone has the addresses' web_is_on abc
before=$(identity abc)
plain=$(run_of def distro-app-plain.service)
check 'an application without parts is one unit in distro.slice' \
        test "$(node_exec def systemctl show --value -p Slice distro-app-plain.service)" = distro.slice

step 'the manager is killed, and restarted as after an upgrade'
for node in abc def; do
        since=$(now)
        pid=$(manager_pid "$node")
        node_exec "$node" kill -KILL "$pid"
        check_within 5 'systemd starts it again' manager_is_new "$node" "$pid"
        cluster_wait_synced 10
        check 'restart' node_exec "$node" systemctl restart distro-manager
        cluster_wait_synced 10
        check 'it runs where it ran' app_runs_on web abc
        check 'it is the same copy' test "$(identity abc)" = "$before"
        check 'and so is the one without parts' test "$(run_of def distro-app-plain.service)" = "$plain"
        check_time "the client's longest pause" "$(web_pause "$since")" 0 500000
done
check 'the parts are shown by the new manager' part_says abc "$WEB_4/24 is on host0"

step 'in maintenance somebody removes the address: nothing ends'
since=$(now)
check 'on' node_exec bcd distroctl maintenance web on
check 'its helpers are told' told_of_maintenance abc
check_fails 'and nobody where it does not run' told_of_maintenance bcd
node_exec abc ip address del "$WEB_4/24" dev host0
check_within 5 'its helper says so' part_says abc 'removed from host0 by somebody else'
said=$(node_exec abc distroctl --no-pager -n 100 status web)
grep -qE "distro-address\[[0-9]+\]: $WEB_4: removed from host0 by somebody else" <<<"$said" || fail 'status has its line of the journal' "$said"
grep -qF "systemd[1]: Started distro-app-web:ip-$WEB_4.service" <<<"$said" || fail "and systemd's" "$said"
check_stays 3 'nothing ends' test "$(identity abc)" = "$before"
check 'off' node_exec bcd distroctl maintenance web off
check_within 5 'it fails over once the maintenance is off' runs_elsewhere abc
check_fails 'its helpers are told' told_of_maintenance abc
gone_with_words abc "$since"
check_within 5 'one node alone has the addresses' web_is_on "$NODE"
check 'clear' node_exec abc distroctl clear web

step 'in maintenance somebody stops the server: the addresses stay'
check 'on' node_exec bcd distroctl maintenance web on
run=$(run_of "$NODE" distro-app-web.service)
has_new_run() { node_exec "$NODE" systemctl is-active --quiet distro-app-web.service && [ "$(run_of "$NODE" distro-app-web.service)" != "$1" ]; }
node_exec "$NODE" systemctl stop distro-app-web.service
helper_is_active() { node_exec "$NODE" systemctl is-active --quiet "distro-app-web:ip-$WEB_4.service"; }
check_stays 3 'the helper runs on' helper_is_active
check 'off' node_exec bcd distroctl maintenance web off
check_within 8 'the server is started again' has_new_run "$run"
check_within 5 'it runs' app_is web state running
check_within 5 'one node alone has the addresses' web_is_on "$NODE"
check 'clear' node_exec abc distroctl clear web

step 'somebody removes the address'
from=$NODE since=$(now)
node_exec "$from" ip address del "$WEB_4/24" dev host0
removed=$(now)
check_within 10 'it fails over' runs_elsewhere "$from"
line=$(wait_line "$removed" 5 "$(of "$NODE")" UNIT=distro-app-web.service MESSAGE_ID=39f53479d3a045ac8e11786248231fbf) ||
        fail "it starts on $NODE"
check_time 'from the removal to its start elsewhere' $(($(line_time "$line") - removed)) 0 1500000
note "the client's longest pause was $(seconds "$(web_pause "$since")") s"
gone_with_words "$from" "$removed"
said=$(node_exec def distroctl explain web)
grep -qE "^$from .*failed once; its mark expires in .*; the last time: ${REASON}.*removed from host0 by somebody else" <<<"$said" ||
        fail 'explain names the part' "$said"
check_within 5 "$NODE alone has the addresses" web_is_on "$NODE"
check 'clear' node_exec abc distroctl clear web

step 'another host has the address'
ip address add "$TAKEN/24" dev lab0
mac=$(ip -j link show dev lab0 | jq -r '.[0].address')
since=$(now)
check_fails 'it is not started' node_exec abc distroctl start taken
for node in abc bcd; do
        line=$(wait_line "$since" 5 "$(of "$node")" "UNIT=distro-app-taken:ip-$TAKEN.service" MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5) ||
                fail "$node asks for the address"
        asked=$(line_time "$line")
        line=$(wait_line "$since" 5 "$(of "$node")" "_SYSTEMD_UNIT=distro-app-taken:ip-$TAKEN.service" --grep="another host has it") ||
                fail "its helper on $node says that another host has it"
        check_time "refused on $node" $(($(line_time "$line") - asked)) 0 300000
done
said=$(app_field taken reason)
grep -qF "its part address $TAKEN/24" <<<"$said" || fail 'the reason names the part' "$said"
grep -qF "another host has it ($mac, on host0)" <<<"$said" || fail 'with the MAC' "$said"
note "$said"
check 'no member has it' test -z "$(address_nodes "$TAKEN")"
ip address del "$TAKEN/24" dev lab0
check 'clear' node_exec abc distroctl clear taken
check 'it starts now' node_exec abc distroctl start taken
check_within 5 'abc alone has it' address_is_on "$TAKEN" abc
check 'stop' node_exec abc distroctl stop taken
check 'and gives it up' test -z "$(address_nodes "$TAKEN")"

step 'a file gets parts while its application runs'
for node in abc bcd def; do
        printf '[Parts]\nAddress=%s/24 host0\n' "$ADDED" >>"$LAB/$node/root/etc/distro-manager/applications/plain.app"
done
check 'reload' node_exec def distroctl reload --all
check_within 5 'a restart is needed' app_is plain restart_needed true
check 'it runs on as it is' test "$(run_of def distro-app-plain.service)" = "$plain"
check 'without the address' test -z "$(address_nodes "$ADDED")"
check 'restart' node_exec def distroctl restart plain
check_within 5 'def alone has it' address_is_on "$ADDED" def
check 'it has a slice of its own' \
        test "$(node_exec def systemctl show --value -p Slice distro-app-plain.service)" = distro-plain.slice

end_test web plain
