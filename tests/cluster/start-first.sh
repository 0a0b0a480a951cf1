#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# TakeoverMode=start-first: the new copy is ready before the old one is stopped; and if it does not start, the old stays.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' TakeoverMode=start-first Takeover=manual
        # It starts on abc only.
        cluster_app picky 'abc bcd def' TakeoverMode=start-first -- Type=exec \
                "ExecStartPre=/bin/sh -c 'printenv DISTRO_NODE | grep -qx abc'" 'ExecStart=/bin/sleep infinity'
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 5 'picky runs on abc' app_runs_on picky abc

step 'takeover by bcd'
begin=$(now)
check 'the command succeeds' node_exec abc distroctl takeover distro bcd
expect_start "$begin" 5 distro bcd takeover abc
overlap=$(copy_overlaps distro | cut -d ' ' -f 1,2)
case $overlap in
'abc+bcd '[0-9]* | 'bcd+abc '[0-9]*) note "both ran for $(seconds "${overlap#* }") s" ;;
*) fail 'the old copy ran until the new one was ready' "$overlap"$'\n'"$(copy_events distro)" ;;
esac
[ "$(wc -l <<<"$overlap")" = 1 ] || fail 'there was one overlap' "$overlap"

step 'a takeover that fails leaves the old copy alone'
id=$(node_exec abc systemctl show --value -p InvocationID distro-app-picky.service)
check_fails 'the command says that it failed' node_exec abc distroctl takeover picky bcd
check_within 5 'bcd is marked' test "$(cluster_status abc '.applications[] | select(.name == "picky") | .failures | has("bcd")')" = true
check_stays 2 'picky still runs on abc' app_runs_on picky abc
check 'the old copy was not touched' test \
        "$(node_exec abc systemctl show --value -p InvocationID distro-app-picky.service)" = "$id"

end_test
