# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a storm demands: of the moment, once the faults of a round have ended, and of the whole history. Sourced by
# storm.sh.

# What the answered commands have made of the cluster, as JSON: for each application its target, permissions,
# maintenance, the node that a takeover by hand holds it on (`?`: a fault may have ended that), and the epoch that a
# restart had to leave behind; for each node its standby. null: a command was not answered and may have happened.
MODEL=

model_init() {
        MODEL=$(jq -cn --arg apps "${STORM_APPS[*]}" --arg nodes "${MEMBERS[*]}" '{
                apps: (reduce ($apps | split(" ")[]) as $a ({}; .[$a] = {target: "started", maintenance: false, hold: null,
                        restarted: null, permissions: (reduce ($nodes | split(" ")[]) as $n ({}; .[$n] = true))})),
                standby: (reduce ($nodes | split(" ")[]) as $n ({}; .[$n] = false))
        }')
}

model_change() { MODEL=$(jq -c "$@" <<<"$MODEL"); }

# model_command ANSWERED VERB ARGUMENT...: what a command has changed, or may have changed.
model_command() {
        local value=$1 verb=$2 on=${3:-} node=${4:-} known=true
        [ "$value" = yes ] || known=false
        case $verb in
        start | stop)
                value=started
                [ "$verb" = start ] || value=stopped
                model_change --arg a "$on" --arg v "$value" --argjson known "$known" \
                        '.apps[$a] |= (.target = (if $known then $v else null end)
                                | .hold = (if .hold == null then null elif $known and $v == "stopped" then null else "?" end))'
                ;;
        permit | forbid | maintenance)
                value=true
                [ "$verb $node" != "maintenance off" ] && [ "$verb" != forbid ] || value=false
                if [ "$verb" = maintenance ]; then
                        model_change --arg a "$on" --argjson v "$value" --argjson known "$known" \
                                '.apps[$a] |= (.maintenance = (if $known then $v else null end) | .hold |= (if . then "?" else . end))'
                else
                        model_change --arg a "$on" --arg n "$node" --argjson v "$value" --argjson known "$known" \
                                '.apps[$a] |= (.permissions[$n] = (if $known then $v else null end) | .hold |= (if . then "?" else . end))'
                fi
                ;;
        standby | unstandby)
                value=true
                [ "$verb" = standby ] || value=false
                model_change --arg n "$on" --argjson v "$value" --argjson known "$known" \
                        '.standby[$n] = (if $known then $v else null end) | .apps[].hold |= (if . then "?" else . end)'
                ;;
        takeover)
                model_change --arg a "$on" --arg n "$node" --argjson known "$known" \
                        '.apps[$a].hold = (if $known and $n != "" then $n else "?" end)'
                ;;
        restart)
                [ "$known" = false ] || model_change --arg a "$on" --argjson e "$(seen_epoch "$on")" '.apps[$a].restarted = $e'
                ;;
        esac
}

# A fault may have ended what holds applications on worse nodes.
model_doubt_holds() { model_change '.apps[].hold |= (if . then "?" else . end)'; }

# The cluster has settled: what was not known can be read.
model_learn() {
        model_change --slurpfile s "$LAB/look/${MEMBERS[0]}.status" '
                reduce $s[0].applications[] as $a (.; .apps[$a.name] |= (.target = $a.target | .maintenance = $a.maintenance
                        | .permissions = $a.permissions | .restarted = null
                        | .hold |= (if . == "?" and ($a.held | not) then null else . end)))
                | reduce $s[0].nodes[] as $n (.; .standby[$n.name] = $n.standby)'
}

# Asks the manager and the systemd of every node; what they say stands in $LAB/look.
look() {
        local name pids=() units=() app
        for app in "${STORM_APPS[@]}"; do units+=("distro-app-$app.service"); done
        mkdir -p "$LAB/look"
        for name in "${MEMBERS[@]}"; do
                look_at "$name" "${units[@]}" &
                pids+=($!)
        done
        wait "${pids[@]}" || true
        cat "$LAB"/look/*.units >"$LAB/look/units"
}

look_at() {
        local name=$1
        shift
        {
                NODE_TIMEOUT=10 node_exec "$name" distroctl --no-pager --json=short status 2>/dev/null | jq -c . 2>/dev/null
        } >"$LAB/look/$name.status" || echo null >"$LAB/look/$name.status"
        [ -s "$LAB/look/$name.status" ] || echo null >"$LAB/look/$name.status"
        {
                NODE_TIMEOUT=10 node_exec "$name" systemctl show -p Id -p ActiveState -p InvocationID -p MainPID -p Environment \
                        "$@" 2>/dev/null || true
        } | awk -v node="$name" '
                function say() { if (id != "") print node, id, state, inv == "" ? "-" : inv, pid, epoch == "" ? 0 : epoch
                        id = state = inv = pid = epoch = "" }
                /^$/ { say() }
                /^Id=/ { id = substr($0, 4); sub(/^distro-app-/, "", id); sub(/\.service$/, "", id) }
                /^ActiveState=/ { state = substr($0, 13) }
                /^InvocationID=/ { inv = substr($0, 14) }
                /^MainPID=/ { pid = substr($0, 9) }
                /^Environment=/ && match($0, /DISTRO_EPOCH=[0-9]+/) { epoch = substr($0, RSTART + 13, RLENGTH - 13) }
                END { say() }' >"$LAB/look/$name.units"
}

# The node on which the last look saw a copy of application $1.
seen_copy() { awk -v app="$1" '$2 == app && $3 == "active" { print $1; exit }' "$LAB/look/units"; }

# The epoch of application $1 when the last look was taken.
seen_epoch() {
        jq -r --arg app "$1" '.applications[] | select(.name == $app) | .epoch' "$LAB/look/${MEMBERS[0]}.status"
}

# Prints what is not as it has to be; nothing, once the cluster has settled.
judge() {
        local name files=()
        for name in "${MEMBERS[@]}"; do files+=("$LAB/look/$name.status"); done
        jq -rn --arg members "${MEMBERS[*]}" --argjson model "$MODEL" \
                --rawfile units "$LAB/look/units" -f "$LAB_SRC/storm-judge.jq" "${files[@]}"
}

# The nodes whose Corosync asks for the same messages again and again: after random loss a ring of Corosync 3.1.7 can stay
# like that for ever, between two rings, though nothing is lost any more.
stalled_corosyncs() {
        local since
        since=$(($(now) - 5000000))
        { journal_since "$since" SYSLOG_IDENTIFIER=corosync --grep='Retransmit List' -o json || true; } |
                jq -r ._HOSTNAME | sort | uniq -c | awk '$1 >= 10 { print $2 }'
}

# Does what an administrator has to do then, and counts it: it is Corosync that stands still here.
mend_stalled() {
        local name
        for name in $(stalled_corosyncs | head -n 1); do
                note "Corosync does not get on with its ring; it is restarted on $name"
                STALLED=$((STALLED + 1))
                upon "$name" systemctl --no-block restart corosync.service
        done
}

# Waits until the cluster has settled: twice the same, as the first may be on the way to something else. $1: the
# applications that may have got a mark, by a fault of this round; marks are cleared. $2: not before this time.
storm_settle() {
        local may_fail=$1 not_before=${2:-0} end wrong last='' app name marks stalled
        end=$(($(now) + STORM_SETTLE * 1000000))
        stalled=$(($(now) + 30000000))
        while :; do
                if [ "$(now)" -ge "$stalled" ]; then
                        mend_stalled
                        stalled=$(($(now) + 20000000))
                fi
                look
                wrong=$(judge)
                # Corosync is asked itself: the next round may need the votes of the device.
                [ -n "$wrong" ] || for name in "${MEMBERS[@]}"; do
                        node_is_quorate "$name" "${#MEMBERS[@]}" || wrong+="wait $name has not all votes"$'\n'
                done
                marks=$(sed -n 's/^mark //p' <<<"$wrong")
                if [ -n "$marks" ]; then
                        for app in $(cut -d ' ' -f 1 <<<"$marks"); do
                                [[ " $may_fail " == *" $app "* ]] || storm_fail "$app gets no mark, as nothing was done to its worker" "$marks"
                        done
                        upon "${MEMBERS[0]}" distroctl -q clear --all
                fi
                if [ -n "$wrong" ]; then
                        last=
                        if [ "$(now)" -ge "$end" ]; then
                                LOST=$(grep -c '^lost' <<<"$wrong" || true)
                                storm_fail "the cluster settles within $STORM_SETTLE s, and shows what was answered" "$wrong"
                        fi
                        journal_next
                elif [ "$(now)" -ge "$not_before" ] && [ "$last" = "$(copies_seen)" ]; then
                        return 0
                else
                        last=$(copies_seen)
                        sleep 0.2
                fi
        done
}

copies_seen() { awk '$3 != "inactive" && $3 != "failed"' "$LAB/look/units" | sort; }

# The nodes whose Corosync has said since time $1 that its ring has no quorum.
without_quorum() {
        { journal_since "$1" SYSLOG_IDENTIFIER=corosync --grep='within the non-primary component' -o json || true; } |
                jq -r ._HOSTNAME | sort -u | paste -s -d ' '
}

# The nodes whose manager says since time $1 that it acts as cut off, while their Corosync was without a ring: by its own
# words its token was lost, and it had not completed the next ring.
without_ring() {
        { journal_since "$1" -o json SYSLOG_IDENTIFIER=corosync + SYSLOG_IDENTIFIER=distro-manager || true; } | jq -rn '
                reduce inputs as $l ({lost: {}, nodes: []}; ($l.MESSAGE | tostring) as $m | $l._HOSTNAME as $n |
                        if $m | test("Token has not been received|forming new configuration") then .lost[$n] = true
                        elif $m | test("Completed service synchronization") then .lost[$n] = false
                        elif ($m | test("^Corosync has been silent .* acts as cut off")) and .lost[$n] then .nodes += [$n]
                        else . end) | .nodes | unique | join(" ")'
}

# Compares the copies that ran before the round, in file $1, with those of the last look. $2: the nodes that were hit, or
# all; $3: the applications that were hit or commanded. Prints those that should be the same copies and are not.
restarted_copies() {
        local before=$1 nodes=" $2 " apps=" $3 " node app state rest
        [ "$2" != all ] || return 0
        while read -r node app state rest; do
                [ "$state" = active ] || continue
                [[ $nodes != *" $node "* && $apps != *" $app "* ]] || continue
                grep -qx "$node $app $state $rest" "$LAB/look/units" ||
                        echo "$app on $node: $rest; now $(awk -v a="$app" '$2 == a && $3 == "active"' "$LAB/look/units")"
        done <"$before"
}

# Applications that a takeover by hand holds on a worse node: they go back once a better one was away.
held_apps() { jq -r '[.apps | to_entries[] | select(.value.hold != null) | .key] | join(" ")' <<<"$MODEL"; }

# Whether all nodes explain application $1 in the same words.
explanations_agree() {
        local name text first=
        for name in "${MEMBERS[@]}"; do
                text=$(NODE_TIMEOUT=10 node_exec "$name" distroctl --no-pager --no-legend explain "$1") || return 1
                first=${first:-$text}
                [ "$text" = "$first" ] || return 1
        done
}

# --- the history

# Adds to $LAB/events and $LAB/starts what the journals hold since time $1. A journal that is about to be archived may
# hold a line that is read twice; sort -u takes care of that.
collect_history() {
        # journalctl fails where nothing matches.
        { journal_since "$1" _PID=1 "${COPY_MESSAGES[@]}" -o json || true; } |
                jq -r "$COPY_EVENTS"' | select(.[1]) | join(" ")' >>"$LAB/events"
        { journal_since "$1" _COMM=distro-worker --grep=': start type ' -o json || true; } |
                jq -r '. as $l | .MESSAGE | capture("^(?<app>[^:]+): start type (?<type>[a-z]+) on (?<node>[^,]+)(, from (?<from>[^,]+))?, epoch (?<epoch>[0-9]+)")
                        | "\($l._SOURCE_REALTIME_TIMESTAMP // $l.__REALTIME_TIMESTAMP) \(.app) \(.type) \(.node) \(.epoch)"' >>"$LAB/starts"
        sort -u -o "$LAB/events" "$LAB/events"
        sort -u -o "$LAB/starts" "$LAB/starts"
}

# The overlaps of application $1's copies that are not a hand-over, one a line.
forbidden_overlaps() {
        local app=$1 who begin length
        {
                awk -v app="$app" '$2 == app { print $1, $3, $4 }' "$LAB/events"
                awk '{ print $2, $1, "end" }' "$LAB/cuts" 2>/dev/null || true
        } | sort -n | overlaps_of | while read -r who length begin; do
                # Of a start-first takeover two copies at most, and the later one says that it is one.
                if [ "$app" = "$STORM_HANDED" ] && [[ $who != *+*+* ]] && awk -v app="$app" -v begin="$begin" '
                        $2 == app && $3 == "takeover" && $1 > begin - 3000000 && $1 < begin + 3000000 { found = 1 }
                        END { exit !found }' "$LAB/starts"; then
                        continue
                fi
                echo "$app on $who for $length us from $begin"
        done
}

# Epochs that ran on two nodes, one a line.
double_epochs() {
        awk '{ if (($2 " " $5) in node && node[$2 " " $5] != $4) print $2, "epoch", $5, "on", node[$2 " " $5], "and", $4
                node[$2 " " $5] = $4 }' "$LAB/starts"
}
