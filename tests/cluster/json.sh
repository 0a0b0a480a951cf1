#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What --json writes has the keys that the installed distroctl(1) documents, no more and no less: keys are only ever added,
# and then the page says so too.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        # With what has keys of its own.
        cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s Description='The distro worker' '[Parts]' 'Address=10.99.0.90/24 host0'
        cluster_app broken 'bcd def' -- ExecStart=/bin/false
}

# The keys that the page's section JSON names for verb $1. "status" on a line of its own is the verb, as in "as of status".
documented() {
        sed 's/\\-/-/g' "$LAB/tree/usr/share/man/man1/distroctl.1" | awk -v verb="$1" '
                /^\.SH JSON$/ { inside = 1; next }
                /^\.SH / { inside = 0 }
                !inside { next }
                /^\.TP$/ { getline; on = $0 == ".B " verb; next }
                !on { next }
                /^\.B status$/ { next }
                /^\.BR? [a-z_]+ ?,?$/ { print $2; next }
                { while (match($0, /\\fB[a-z_]+\\fR/)) { print substr($0, RSTART + 3, RLENGTH - 6); $0 = substr($0, RSTART + RLENGTH) } }' |
                sort -u
}

# The keys of the objects in the standard input, but for those of objects whose keys are names.
written() {
        jq -r '(.. | objects | select(has("permissions")) | .permissions, .failures) |= null |
                (.. | objects | select(has("quorum")) | .quorum) |= null |
                .. | objects | keys[]' | sort -u
}

# document VERB ARGUMENT...: what it writes is valid, in both modes, and what it says of times are numbers.
document() {
        local short pretty
        short=$(node_exec abc distroctl --json=short "$@" 2>/dev/null) || true
        pretty=$(node_exec abc distroctl --json=pretty "$@" 2>/dev/null) || true
        check "$* writes one line" test "$(wc -l <<<"$short")" = 1
        check "$*: indented it has more" test "$(wc -l <<<"$pretty")" -gt 1
        check "$*: and the same keys" test "$(written <<<"$short")" = "$(written <<<"$pretty")"
        check "$*: times are numbers or null" jq -e '[.. | objects | to_entries[] | select(.key | endswith("_usec")) | .value |
                select(type != "number" and . != null)] == []' <<<"$short"
        printf '%s\n' "$short"
}

# same WHAT DOCUMENTED WRITTEN
same() {
        note "$1: $(wc -l <<<"$3") keys"
        [ "$2" = "$3" ] || fail "$1 has the documented keys" "$(diff <(echo "$2") <(echo "$3"))"
}

cluster_up abc bcd def
check_within 20 'distro runs' app_runs_on distro abc
check_within 20 'broken has failed' app_is broken state failed

step 'each verb against its paragraph'
apps=$(documented list-applications)
nodes=$(documented list-nodes)
explain=$(documented explain)
same list-applications "$apps" "$(document list-applications | written)"
same list-nodes "$nodes" "$(document list-nodes | written)"
same explain "$explain" "$(document explain distro | written)"
same locate "$(documented locate)" "$(document locate distro | written)"
same timing "$(documented timing)" "$(document timing | written)"
same simulate "$(documented simulate)" "$(document simulate 'down abc' | written)"
same cat "$(documented cat)" "$(document cat distro | written)"
echo '[Nonsense]' >"$LAB/abc/root/root/wrong.app"
same verify "$(documented verify)" "$(document verify /root/wrong.app | written)"
both=$(documented status | cat - <(echo "$apps") <(echo "$nodes") <(echo "$explain") | sort -u)
same 'status with a name' "$both" "$({ document status && document status distro broken abc; } | written)"
same 'status without' "$(grep -vxE 'eligibility|eligible|why' <<<"$both")" "$(document status | written)"
same 'watch' "$(document status | written)" "$(node_exec abc timeout 2 distroctl watch --json=short | head -n 1 | written)"

step 'show has the properties of the bus'
bus() { node_exec abc busctl -j call org.distro.Manager1 "$1" org.freedesktop.DBus.Properties GetAll s "$2" | jq -r '.data[0] | keys[]' | sort; }
same 'show' "$(bus /org/distro/Manager1 org.distro.Manager1)" "$(node_exec abc distroctl --json=short show | jq -r 'keys[]' | sort)"
same 'show distro' "$(bus /org/distro/Manager1/application/distro org.distro.Application1)" \
        "$(node_exec abc distroctl --json=short show distro | jq -r '.[0] | keys[]' | sort)"

step 'a command prints nothing there'
check 'stop' test -z "$(node_exec abc distroctl --json=short stop distro)"

end_test distro
