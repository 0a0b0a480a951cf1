#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Faults drawn from a seed hit real nodes while commands are given; after each the cluster settles, what nobody touched
# still runs, what was answered is in force, and no application ever has two copies.
#
# STORM_SEED=    what is drawn; the seed of the last run is its first line. Default: by the clock
# STORM_FAULTS=  how many; default 40
# STORM_NODES=   how many nodes: 3 (default) with a quorum device, 5 without one
# STORM_PLAN=    not empty: print what would be done, and end
#
# At most 900 s.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

STORM_SEED=${STORM_SEED:-$EPOCHSECONDS}
STORM_FAULTS=${STORM_FAULTS:-40}
STORM_NODES=${STORM_NODES:-3}
# How long the cluster may take to settle. Bounds of the product are far less; this machine may be busy.
STORM_SETTLE=120
STORM_STATE=/var/lib/distro-manager
STORM_APPS=(main tier handed simple slow paused)
# The one that may have two copies in a hand-over, and the one that gets into maintenance.
STORM_HANDED=handed
STORM_PAUSED=paused
STORM_WITNESS=yes
nodes=(abc bcd def efg fgh)
nodes=("${nodes[@]:0:STORM_NODES}")
[ "$STORM_NODES" -le 3 ] || STORM_WITNESS=

# shellcheck source=lab/storm-plan.sh
. "$LAB_SRC/storm-plan.sh"
# shellcheck source=lab/storm-faults.sh
. "$LAB_SRC/storm-faults.sh"
# shellcheck source=lab/storm-judge.sh
. "$LAB_SRC/storm-judge.sh"

applications() {
        local name more=${nodes[*]:3}
        # All delays are longer than needed: detection 2.2 s, IsolationTimeoutSec= + 1 s with a quorum device.
        cluster_app main "abc {bcd def} $more" FailoverDelaySec=5s
        cluster_app tier "{abc bcd def $more}" FailoverDelaySec=5s
        cluster_app handed "bcd abc def $more" FailoverDelaySec=5s TakeoverMode=start-first
        cluster_app simple "def {abc bcd} $more" FailoverDelaySec=5s -- "ExecStart=$WORKER" Type=simple Restart=on-failure RestartSec=100ms
        cluster_app slow "{bcd def} abc $more" FailoverDelaySec=5s -- "ExecStart=$WORKER" Type=notify 'ExecStop=/bin/sleep 1.2'
        cluster_app paused "abc bcd def $more" FailoverDelaySec=5s
        cluster_manager_conf SyncMandatory= "SyncOptional=${nodes[*]}" SyncTimeoutSec=5s ManagerGraceSec=12s \
                IsolationTimeoutSec=4s
        # A disk of its own for the record of each node, small enough to be filled.
        for name in "${MEMBERS[@]}"; do
                mkdir -p "$LAB/$name/root$STORM_STATE"
                mount -t tmpfs -o mode=700,size=512k "state-$name" "$LAB/$name/root$STORM_STATE"
        done
}

declare -A KIND_COUNT KIND_LONGEST
LOST=0
OVERLAPS=0
RESTARTED=0
ANSWERED=0
STALLED=0
GIVEN=0
LAST_ROUNDS=()

storm_table() {
        local kind
        printf '\n%-18s %6s %18s\n' fault count 'longest to settle'
        for kind in "${STORM_KINDS[@]}"; do
                [ -z "${KIND_COUNT[$kind]:-}" ] || printf '%-18s %6d %16s s\n' "$kind" "${KIND_COUNT[$kind]}" \
                        "$(seconds "${KIND_LONGEST[$kind]:-0}")"
        done
        printf '%-34s %d\n' 'moments with two copies:' "$OVERLAPS" 'healthy workers restarted:' "$RESTARTED" \
                'commands given:' "$GIVEN" 'commands answered:' "$ANSWERED" 'answered commands lost:' "$LOST" \
                'rings that Corosync never ended:' "$STALLED"
}

# storm_fail TEXT [SEEN]: as fail; says before what brings it back.
storm_fail() {
        storm_table
        printf '\nSTORM_SEED=%s STORM_FAULTS=%s STORM_NODES=%s; the last rounds:\n' "$STORM_SEED" "$STORM_FAULTS" "$STORM_NODES"
        printf '    %s\n' "${LAST_ROUNDS[@]}"
        fail "$@"
}

# The option that has a command answered as soon as it is agreed; some have nothing to wait for.
no_block() {
        case $1 in
        maintenance | standby | unstandby) ;;
        *) echo --no-block ;;
        esac
}

# Gives command $3... on node $2 and notes in $LAB/commands/$1 whether it was answered.
storm_command() {
        local id=$1 node=$2 status=0
        shift 2
        # shellcheck disable=SC2046 # an option or none
        NODE_TIMEOUT=40 node_exec "$node" distroctl --no-pager -q $(no_block "$1") "$@" >"$LAB/commands/$id.said" 2>&1 || status=$?
        echo "$status" >"$LAB/commands/$id"
}

# Plays round $1: what it draws, in the order of its times, from its beginning on.
storm_play() {
        local faults commands fault command i offset duration kind rest at node actions='' begin time what pids=()
        IFS='|' read -ra faults <<<"${ROUND_FAULTS[$1]}"
        IFS='|' read -ra commands <<<"${ROUND_COMMANDS[$1]}"
        rm -rf "$LAB/commands"
        mkdir "$LAB/commands"
        for i in "${!commands[@]}"; do
                read -r at node rest <<<"${commands[i]}"
                if [ "$at" = before ]; then
                        # shellcheck disable=SC2086 # words of a command
                        storm_command "$i" "$node" $rest
                else
                        actions+="$at command $i"$'\n'
                fi
        done
        for i in "${!faults[@]}"; do
                read -r offset duration rest <<<"${faults[i]}"
                actions+="$offset begin $rest"$'\n'"$((offset + duration)) end $rest"$'\n'
        done
        RELOADERS=()
        begin=$(now)
        while read -r time what rest; do
                # The times of a storm are drawn; there is no event to wait for.
                time=$((begin + time * 1000 - $(now)))
                [ "$time" -le 0 ] || sleep "$(seconds "$time")"
                if [ "$what" = command ]; then
                        read -r _ node command <<<"${commands[rest]}"
                        # shellcheck disable=SC2086
                        storm_command "$rest" "$node" $command &
                        pids+=($!)
                else
                        read -r kind fault <<<"$rest"
                        # shellcheck disable=SC2086 # words of a fault
                        "${what}_$kind" $fault
                fi
        done < <(sort -n -s -k 1,1 <<<"${actions%$'\n'}")
        HEALED=$(now)
        for i in "${RELOADERS[@]}" "${pids[@]}"; do wait "$i" || true; done
        for i in "${!commands[@]}"; do
                read -r _ _ rest <<<"${commands[i]}"
                GIVEN=$((GIVEN + 1))
                what=no
                if [ "$(cat "$LAB/commands/$i" 2>/dev/null)" = 0 ]; then
                        ANSWERED=$((ANSWERED + 1))
                        what=yes
                else
                        note "not answered: $rest: $(tail -n 1 "$LAB/commands/$i.said")"
                fi
                # shellcheck disable=SC2086
                model_command "$what" $rest
        done
}

# Sets HIT_NODES and HIT_APPS to what round $1 may have ended workers of, MAY_FAIL to the applications that may get a
# mark by it, and HIT_HOLDS if a takeover by hand may have ended.
storm_hits() {
        local faults commands fault kind aim command verb rest='' rings=0
        IFS='|' read -ra faults <<<"${ROUND_FAULTS[$1]}"
        IFS='|' read -ra commands <<<"${ROUND_COMMANDS[$1]}"
        HIT_NODES=
        HIT_APPS=
        MAY_FAIL=
        HIT_HOLDS=
        HIT_RING=0
        for fault in "${faults[@]}"; do
                read -r _ _ kind aim rest <<<"$fault"
                [[ $RING_KINDS != *" $kind "* ]] || rings=$((rings + 1))
                [[ $RING_KINDS != *" $kind "* && $kind != loss-pair && $kind != power-cut-all ]] || HIT_RING=1
                case ${KIND_SCOPE[$kind]} in
                # Where some messages get through, the ring holds and stalls, for everybody. With a quorum device each new
                # ring waits for its word: two that follow each other leave everybody without one for longer than the
                # nodes wait for it here.
                node) if [[ ($kind == loss-* && $rest != 100) || ($kind == cable-flicker && -n $WITNESS) ]]; then HIT_NODES+=' all'; else HIT_NODES+=" $aim"; fi ;;
                all) HIT_NODES+=' all' ;;
                app)
                        HIT_APPS+=" $aim"
                        MAY_FAIL+=" $aim"
                        ;;
                esac
                case $kind in
                manager-kill | manager-restart | dbus-restart | reload | witness-cut | worker-stop) ;;
                *) HIT_HOLDS=yes ;;
                esac
        done
        [[ "$rings" -lt 2 && " $HIT_NODES " != *' all '* ]] || HIT_NODES=all
        for command in "${commands[@]}"; do
                read -r _ _ verb rest <<<"$command"
                case $verb in
                standby | unstandby) HIT_NODES=all ;;
                *) HIT_APPS+=" ${rest%% *}" ;;
                esac
        done
        [ -z "$HIT_HOLDS" ] || HIT_APPS+=" $HELD"
}

storm_round() {
        local round=$1 text since wrong app settled kind apart ringless
        text="$(printf '%3d' "$((round + 1))") $(round_text "$round")"
        echo "$text"
        LAST_ROUNDS+=("$text")
        [ "${#LAST_ROUNDS[@]}" -le 5 ] || LAST_ROUNDS=("${LAST_ROUNDS[@]:1}")
        since=$(now)
        HELD=$(held_apps)
        storm_hits "$round"
        cp "$LAB/look/units" "$LAB/look/before"
        storm_play "$round"
        [ -z "$HIT_HOLDS" ] || model_doubt_holds
        # What a network or a Corosync suffered, the ring may find out as late as this.
        storm_settle "$MAY_FAIL" $((HIT_RING ? HEALED + CLUSTER_DETECTION : 0))
        settled=$(($(now) - HEALED))
        for kind in "${STORM_KINDS[@]}"; do
                [[ "${ROUND_FAULTS[round]} |" == *" $kind "* ]] || continue
                KIND_COUNT[$kind]=$((${KIND_COUNT[$kind]:-0} + 1))
                [ "$settled" -le "${KIND_LONGEST[$kind]:-0}" ] || KIND_LONGEST[$kind]=$settled
        done
        note "settled after $(seconds "$settled") s"
        model_learn
        # A ring can break where nothing was done to it: a Corosync that is heard again while the others form the next ring
        # may end up in a ring with some of them. Those who were left without quorum had to stop.
        apart=$(without_quorum "$since")
        [ -z "$apart" ] || note "Corosync says that these were in a ring without quorum: $apart"
        # A Corosync that hears nobody and is heard keeps the others from their next ring: with each of its own it calls them
        # to one more. That can take longer than nodes wait here (IsolationTimeoutSec=, half of its default).
        ringless=$(without_ring "$since")
        [ -z "$ringless" ] || note "Corosync says that these were without a ring when their time was over: $ringless"
        [ "$HIT_NODES" = all ] || HIT_NODES+=" $apart $ringless"
        wrong=$(restarted_copies "$LAB/look/before" "${HIT_NODES# }" "$HIT_APPS")
        if [ -n "$wrong" ]; then
                RESTARTED=$(wc -l <<<"$wrong")
                storm_fail 'workers that were not hit run on' "$wrong"
        fi
        app=${STORM_APPS[round % ${#STORM_APPS[@]}]}
        wait_until 5 explanations_agree "$app" || storm_fail "all nodes explain $app in the same words"
        storm_history "$((since - 5000000))"
}

# Judges what the journals hold since time $1 together with all before.
storm_history() {
        local app wrong
        collect_history "$1"
        for app in "${STORM_APPS[@]}"; do
                wrong=$(forbidden_overlaps "$app")
                [ -z "$wrong" ] || {
                        OVERLAPS=$(wc -l <<<"$wrong")
                        storm_fail "$app never has two copies" "$wrong"$'\n'"$(grep " $app " "$LAB/events" | tail -n 20)"
                }
        done
        wrong=$(double_epochs)
        [ -z "$wrong" ] || storm_fail 'no epoch runs on two nodes' "$wrong"
}

# Takes back all that commands have done; then every application runs where it is best.
storm_calm() {
        local name app
        for name in "${MEMBERS[@]}"; do
                calm_command unstandby "$name"
                for app in "${STORM_APPS[@]}"; do
                        [ "$(jq --arg a "$app" --arg n "$name" '.apps[$a].permissions[$n]' <<<"$MODEL")" != false ] ||
                                calm_command permit "$app" "$name"
                done
        done
        for app in "${STORM_APPS[@]}"; do
                [ "$(jq --arg a "$app" '.apps[$a].maintenance' <<<"$MODEL")" = false ] || calm_command maintenance "$app" off
                calm_command start "$app"
                [ "$(jq --arg a "$app" '.apps[$a].hold' <<<"$MODEL")" = null ] || calm_command takeover "$app"
        done
        storm_settle ''
}
calm_command() {
        # shellcheck disable=SC2046
        node_exec "${MEMBERS[0]}" distroctl --no-pager -q $(no_block "$1") "$@" >/dev/null || storm_fail "$* is answered in a calm cluster"
        model_command yes "$@"
}

echo "STORM_SEED=$STORM_SEED STORM_FAULTS=$STORM_FAULTS STORM_NODES=$STORM_NODES"
storm_plan "$STORM_SEED" "$STORM_FAULTS" "${nodes[@]}"
if [ -n "${STORM_PLAN:-}" ]; then
        for round in "${!ROUND_FAULTS[@]}"; do printf '%3d %s\n' "$((round + 1))" "$(round_text "$round")"; done
        exit
fi

begin=$(now)
cluster_up ${STORM_WITNESS:+-w} "${nodes[@]}"
: >"$LAB/cuts"
: >"$LAB/events"
: >"$LAB/starts"
model_init
storm_settle ''
for round in "${!ROUND_FAULTS[@]}"; do storm_round "$round"; done

step 'all is taken back'
storm_calm
storm_history "$begin"
storm_table
note "$(seconds $(($(now) - begin))) s"
end_test
