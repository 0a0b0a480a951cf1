#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Five nodes in three tiers: equals share the load, a tier is used up before the next one, and all return.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

APPS=(one two three four)
applications() {
        local app
        for app in "${APPS[@]}"; do
                cluster_app "$app" 'abc {bcd cde} {def efg}' FailoverDelaySec=1s
        done
}

# move FROM SINCE TYPE APP NODE [APP NODE...]
moves() {
        local from=$1 since=$2 type=$3
        shift 3
        while [ $# -gt 0 ]; do
                expect_start "$since" 20 "$1" "$2" "$type" "$from"
                shift 2
        done
}

begin=$(now)
cluster_up -w abc bcd cde def efg
for app in "${APPS[@]}"; do
        expect_start "$begin" 10 "$app" abc normal
done

step 'abc is lost: its four applications are shared by the next tier, counted in order of name'
cut=$(now)
node_power_cut abc
moves abc "$cut" failover four bcd one cde three bcd two cde

step 'bcd is lost: the other one of its tier takes all'
cut=$(now)
node_power_cut bcd
moves bcd "$cut" failover four cde three cde
check 'what ran on cde was left alone' app_runs_on one cde

step 'cde is lost: the last tier'
cut=$(now)
node_power_cut cde
moves cde "$cut" failover four def one efg three def two efg

step 'a node of the middle tier returns and takes all'
boot=$(now)
node_boot cde
for app in "${APPS[@]}"; do
        line=$(worker_start "$boot" "$app" cde 30) || fail "$app is taken over by cde"
        case $(line_text "$line") in
        "$app: start type takeover on cde, from "[de]*) ;;
        *) fail "$app is taken over by cde" "$(line_text "$line")" ;;
        esac
done

step 'abc returns and takes all'
boot=$(now)
node_boot abc
moves cde "$boot" takeover four abc one abc three abc two abc

step 'bcd returns: within what is placed already nothing moves'
node_boot bcd
cluster_wait_synced
for app in "${APPS[@]}"; do
        check "$app stays" app_runs_on "$app" abc
done

end_test "${APPS[@]}"
