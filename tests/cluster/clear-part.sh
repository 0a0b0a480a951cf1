#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The way out where a copy is stuck as nothing can show that its parts have gone: a helper that is not installed any more, a
# note that cannot be read. "clear --part" asks, and refuses as long as the host shows the part.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        web_install
        web_app web '{abc bcd def}' Takeover=manual
}

HELPER=/usr/libexec/distro-manager/distro-address
PART=ip-$WEB_4
NOTE=/run/distro-manager/parts/web
answers_now() { web_answers_from "$1" $(($(now) - 200000)); }
# What it says on guest $1, with the answer $2.
# shellcheck disable=SC2016 # the shell there expands it
clear_on() { node_exec "$1" sh -c 'echo "$1" | distroctl clear --part web "$2" 2>&1' sh "$2" "$3"; }
# refused NODE ANSWER ID WORDS: it is, and says why.
refused() {
        local said status=0
        said=$(clear_on "$1" "$2" "$3") || status=$?
        [ "$status" -eq 1 ] || fail 'it is refused' "status $status: $said"
        grep -qF "$4" <<<"$said" || fail "it says '$4'" "$said"
}
cleared() {
        local said status=0
        said=$(clear_on "$1" yes "$2") || status=$?
        [ "$status" -eq 0 ] || fail 'it is cleared' "status $status: $said"
        grep -qF "taken to be gone from this node" <<<"$said" || fail 'it says so' "$said"
}
is_stuck() { [ "$(app_field web state "$1")" = blocked ] && grep -qF "$2" <<<"$(app_field web reason "$1")"; }
runs_elsewhere() { [ "$(app_field web state)" = running ] && [ "$(app_field web node)" != "$1" ]; }

cluster_up abc bcd def
check_within 20 'it runs' app_is web state running
NODE=$(app_field web node)
other=$(printf '%s\n' "${MEMBERS[@]}" | grep -vx "$NODE" | head -n 1)
web_ask
check_within 5 'the client is answered' answers_now "$NODE"

step 'what is at work cannot be cleared'
refused "$NODE" yes "$PART" "cannot be cleared: distro-app-web:$PART.service is active"
said=$(clear_on "$other" yes "$PART") && fail 'where it does not run there is no part' "$said"
grep -qF 'No part' <<<"$said" || fail 'it says so' "$said"
said=$(clear_on "$NODE" yes note)
grep -qF 'There is nothing to clear' <<<"$said" || fail 'a note that can be read is left alone' "$said"
said=$(node_exec "$other" distroctl -H "$NODE" clear --part web "$PART" 2>&1) && fail 'not of another host' "$said"

step 'its helper is not installed any more: it is stuck, as nothing takes the address away'
node_exec "$NODE" mv "$HELPER" "$HELPER.away"
node_exec "$NODE" systemctl kill --signal=SIGKILL "distro-app-web:$PART.service"
# What is told is the last one: it is to be gone before the one that it was started after. The other address has the same helper,
# which took it away at its end; only no program could look again.
check_within 20 'it is stuck' is_stuck "$NODE" "$WEB_6"
refused "$NODE" yes "$PART" "cannot be cleared: $WEB_4/24 is on host0"
node_exec "$NODE" ip address del "$WEB_4/24" dev host0
refused "$NODE" no "$PART" 'Nothing was cleared.'
check_stays 2 'it is stuck on' is_stuck "$NODE" "$WEB_6"
check 'no start will come here' node_exec "$other" distroctl standby "$NODE"
cleared "$NODE" "ip-$WEB_6"
check_within 5 'the next one is in the way' is_stuck "$NODE" "$WEB_4"
cleared "$NODE" "$PART"
check_within 20 'it runs elsewhere' runs_elsewhere "$NODE"
node_exec "$NODE" mv "$HELPER.away" "$HELPER"
check 'it may come back' node_exec "$other" distroctl unstandby "$NODE"
NODE=$(app_field web node)
check_within 5 "$NODE alone has the addresses" web_is_on "$NODE"

step 'its note cannot be read when another manager comes'
pid=$(manager_pid "$NODE")
node_exec "$NODE" sh -c "echo 'nobody wrote this' >$NOTE && kill -KILL $pid"
check_within 30 'there is another manager' manager_is_new "$NODE" "$pid"
cluster_wait_synced
check 'stop it' node_exec "$NODE" distroctl --no-block stop web
check_within 20 'it is stuck' is_stuck "$NODE" 'cannot be read'
refused "$NODE" no note 'Nothing was cleared.'
cleared "$NODE" note
check_within 20 'it is stopped' app_is web state stopped
check 'no address is left' test -z "$(address_nodes "$WEB_4")$(address_nodes "$WEB_6")"

end_test web
