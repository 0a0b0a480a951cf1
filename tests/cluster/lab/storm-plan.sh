# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a storm will do, drawn from its seed before anything is booted: the same seed, number of faults and nodes give
# the same plan, whatever the machine does. Sourced by storm.sh.
#
#   ROUND_FAULTS[i]    the faults of round i, separated by `|`: OFFSET DURATION KIND [ARGUMENT...]
#   ROUND_COMMANDS[i]  its commands: AT NODE VERB [ARGUMENT...]; AT is `before`, or a time of the round
#
# Times are milliseconds from the beginning of the round. A round has one fault, or two that overlap. A kind of fault is
# a row in the table below and the functions begin_KIND and end_KIND in storm-faults.sh.

STORM_KINDS=()
declare -A KIND_WEIGHT KIND_ARGUMENT KIND_SCOPE KIND_LASTS

# kind NAME WEIGHT ARGUMENT SCOPE LASTS
#   ARGUMENT  what it is aimed at: node, node-loss (and how much of it), node-moment (and for how many milliseconds it is
#             back in between), pair (of nodes), app, or none
#   SCOPE     which workers it may end: those of its node, its app, all, or none
#   LASTS     how long, in milliseconds: least and most
kind() {
        STORM_KINDS+=("$1")
        KIND_WEIGHT[$1]=$2
        KIND_ARGUMENT[$1]=$3
        KIND_SCOPE[$1]=$4
        KIND_LASTS[$1]=$5
}

kind power-cut 4 node node 100-9500
kind power-cut-all 1 none all 100-2000
kind reboot 2 node node 100-100
kind cable-cut 4 node node 300-10000
kind cable-flicker 3 node-moment node 1500-7000
kind loss-out 2 node-loss node 1000-9000
kind loss-in 2 node-loss node 1000-9000
kind loss-pair 1 pair all 1000-7000
kind witness-cut 1 none none 300-4000
kind manager-kill 2 node none 100-100
kind manager-stop 2 node none 300-5000
kind manager-restart 1 node none 100-100
kind corosync-kill 2 node node 100-5000
kind corosync-stop 3 node node 300-9000
kind corosync-restart 1 node node 100-100
kind dbus-restart 1 node none 100-100
kind reload 1 node none 500-2500
kind reload-failover 2 node node 4000-9500
kind disk-full 2 node none 500-4000
kind disk-readonly 2 node none 500-4000
kind worker-kill 2 app app 100-100
kind worker-stop 1 app app 100-100

# Those that take a node out of the ring, or a vote out of the count: two at once may cost everybody the quorum.
RING_KINDS=' power-cut reboot cable-cut cable-flicker loss-out loss-in corosync-kill corosync-stop corosync-restart witness-cut '
# With these a second one may overlap. A manager that hangs and a node that is cut off in the same moment need a delay
# as long as the grace (doc/guarantees.md, "Can two copies run at once?"), so these two never hit the same node.
OVERLAP_KINDS=(power-cut cable-cut loss-out loss-in witness-cut corosync-kill corosync-stop manager-kill manager-stop
        dbus-restart reload disk-full disk-readonly worker-kill reboot)

DRAW_STATE=0
DRAWN=0

# Sets DRAWN to one of 0 to $1 - 1. No subshell may call it: what it draws would be drawn again.
draw() {
        DRAW_STATE=$((DRAW_STATE * 6364136223846793005 + 1442695040888963407))
        DRAWN=$((((DRAW_STATE >> 33) & 0x7fffffff) % $1))
}

# Sets DRAWN to one of the arguments.
draw_of() {
        draw $#
        shift "$DRAWN"
        DRAWN=$1
}

# Sets DRAWN to a time for kind $1. Half of them are in the lower third: most of what goes wrong goes wrong early.
draw_time() {
        local least=${KIND_LASTS[$1]%-*} most=${KIND_LASTS[$1]#*-} range
        range=$((most - least + 1))
        draw 2
        [ "$DRAWN" -eq 0 ] || range=$((range / 3 + 1))
        draw "$range"
        DRAWN=$((least + DRAWN))
}

# Sets DRAWN to KIND [ARGUMENT...] for kind $1, aimed at a node that is not $2.
draw_aim() {
        local kind=$1 node other
        draw_of "${MEMBERS_PLANNED[@]}"
        while [ "$DRAWN" = "${2:-}" ]; do draw_of "${MEMBERS_PLANNED[@]}"; done
        node=$DRAWN
        case ${KIND_ARGUMENT[$kind]} in
        none) DRAWN=$kind ;;
        node) DRAWN="$kind $node" ;;
        node-loss)
                draw_of 100 100 60 30 10
                DRAWN="$kind $node $DRAWN"
                ;;
        node-moment)
                draw_of 600 900 1200 1500 2000 3000
                DRAWN="$kind $node $DRAWN"
                ;;
        pair)
                draw_of "${MEMBERS_PLANNED[@]}"
                while [ "$DRAWN" = "$node" ]; do draw_of "${MEMBERS_PLANNED[@]}"; done
                other=$DRAWN
                DRAWN="$kind $node $other"
                ;;
        app)
                draw_of "${STORM_APPS[@]}"
                DRAWN="$kind $DRAWN"
                ;;
        esac
}

# Sets DRAWN to the faults of a round of kind $1.
draw_faults() {
        local kind=$1 first node second offset duration
        draw_aim "$kind"
        first=$DRAWN
        draw_time "$kind"
        duration=$DRAWN
        first="0 $duration $first"
        draw 5
        if [ "$DRAWN" -ne 0 ] || [[ " ${OVERLAP_KINDS[*]} " != *" $kind "* ]]; then
                DRAWN=$first
                return
        fi
        draw_of "${OVERLAP_KINDS[@]}"
        second=$DRAWN
        draw "$((duration + 1))"
        offset=$DRAWN
        node=
        [[ ${KIND_ARGUMENT[$kind]} != node* ]] || read -r _ _ _ node _ <<<"$first"
        # On the same node only what a node that is cut off can have besides.
        case $kind-$second in
        cable-cut-disk-* | cable-cut-manager-kill | cable-cut-dbus-restart | cable-cut-reload | corosync-stop-manager-kill) node= ;;
        esac
        if [ "$second" = "$kind" ] && [ "${KIND_ARGUMENT[$kind]}" = none ]; then
                DRAWN=$first
                return
        fi
        draw_aim "$second" "$node"
        second=$DRAWN
        draw_time "${second%% *}"
        DRAWN="$first|$offset $DRAWN $second"
}

# What the commands drawn so far would have brought about, were all of them answered; so that start follows stop, and
# never more is taken away than the applications need to run.
declare -A PLAN_STOPPED PLAN_FORBIDDEN PLAN_MAINTENANCE
PLAN_STANDBY=

# Sets DRAWN to a command other than about $1, and SUBJECT to what it is about.
draw_command() {
        local app node verb
        draw_of "${STORM_APPS[@]}"
        while [ "$DRAWN" = "$1" ]; do draw_of "${STORM_APPS[@]}"; done
        app=$DRAWN
        SUBJECT=$app
        draw_of "${MEMBERS_PLANNED[@]}"
        node=$DRAWN
        if [ -n "${PLAN_MAINTENANCE[$app]:-}" ]; then
                PLAN_MAINTENANCE[$app]=
                DRAWN="maintenance $app off"
                return
        fi
        if [ -n "${PLAN_STOPPED[$app]:-}" ]; then
                PLAN_STOPPED[$app]=
                DRAWN="start $app"
                return
        fi
        draw_of stop restart takeover takeover permit permit standby maintenance
        verb=$DRAWN
        # A standby would be about all applications, also those of the round's other command.
        [ "$verb" != standby ] || [ -z "$1" ] || verb=permit
        case $verb in
        stop)
                PLAN_STOPPED[$app]=yes
                DRAWN="stop $app"
                ;;
        restart) DRAWN="restart $app" ;;
        takeover) DRAWN="takeover $app $node" ;;
        permit)
                if [ -n "${PLAN_FORBIDDEN[$app]:-}" ]; then
                        DRAWN="permit $app ${PLAN_FORBIDDEN[$app]}"
                        PLAN_FORBIDDEN[$app]=
                else
                        PLAN_FORBIDDEN[$app]=$node
                        DRAWN="forbid $app $node"
                fi
                ;;
        standby)
                SUBJECT=all
                if [ -n "$PLAN_STANDBY" ]; then
                        DRAWN="unstandby $PLAN_STANDBY"
                        PLAN_STANDBY=
                else
                        DRAWN="standby $node"
                        PLAN_STANDBY=$node
                fi
                ;;
        maintenance)
                if [ "$1" != "$STORM_PAUSED" ] && [ -z "${PLAN_STOPPED[$STORM_PAUSED]:-}" ]; then
                        SUBJECT=$STORM_PAUSED
                        PLAN_MAINTENANCE[$STORM_PAUSED]=yes
                        DRAWN="maintenance $STORM_PAUSED on"
                else
                        DRAWN="restart $app"
                fi
                ;;
        esac
}

# Sets DRAWN to the commands of a round with the faults $1.
draw_commands() {
        local n commands='' subject='' at command first
        draw_of 0 1 1 1 2
        n=$DRAWN
        # What was answered just before the power of all nodes is cut is what could be lost.
        [[ $1 != *power-cut-all* ]] || n=2
        while [ "$n" -gt 0 ] && [ "$subject" != all ]; do
                n=$((n - 1))
                draw_command "$subject"
                command=$DRAWN
                subject=$SUBJECT
                read -r _ first _ <<<"$1"
                draw "$((first + 500))"
                at=$DRAWN
                draw 3
                [ "$DRAWN" -ne 0 ] && [[ $1 != *power-cut-all* ]] || at=before
                draw_of "${MEMBERS_PLANNED[@]}"
                commands+="${commands:+|}$at $DRAWN $command"
        done
        DRAWN=$commands
}

# storm_plan SEED FAULTS NODE...: draws rounds until they have so many faults; each kind is there, if they are enough.
storm_plan() {
        local faults=$2 kind i j n=0 bag=()
        DRAW_STATE=$1
        shift 2
        MEMBERS_PLANNED=("$@")
        ROUND_FAULTS=()
        ROUND_COMMANDS=()
        # Near seeds begin with near numbers.
        for i in 1 2 3 4; do draw 2; done
        for kind in "${STORM_KINDS[@]}"; do
                [ "$kind" != witness-cut ] || [ -n "$STORM_WITNESS" ] || continue
                [ "$n" -ge "$faults" ] || plan_round "$kind"
                for ((i = 0; i < KIND_WEIGHT[$kind]; i++)); do bag+=("$kind"); done
        done
        while [ "$n" -lt "$faults" ]; do
                draw_of "${bag[@]}"
                plan_round "$DRAWN"
        done
        for ((i = ${#ROUND_FAULTS[@]} - 1; i > 0; i--)); do
                draw "$((i + 1))"
                j=$DRAWN
                kind=${ROUND_FAULTS[i]}
                ROUND_FAULTS[i]=${ROUND_FAULTS[j]}
                ROUND_FAULTS[j]=$kind
        done
        # Commands follow each other, so they come after the rounds have their order.
        for i in "${!ROUND_FAULTS[@]}"; do
                draw_commands "${ROUND_FAULTS[i]}"
                ROUND_COMMANDS[i]=$DRAWN
        done
}

# Adds a round of kind $1 and counts its faults in storm_plan's n.
plan_round() {
        draw_faults "$1"
        # A cluster without a witness cannot lose it.
        [ -n "$STORM_WITNESS" ] || DRAWN=${DRAWN%%|*witness-cut*}
        ROUND_FAULTS+=("$DRAWN")
        n=$((n + 1))
        [[ $DRAWN != *'|'* ]] || n=$((n + 1))
}

# Round $1 in words.
round_text() {
        local fault command offset duration text='' aim at node faults commands
        IFS='|' read -ra faults <<<"${ROUND_FAULTS[$1]}"
        IFS='|' read -ra commands <<<"${ROUND_COMMANDS[$1]}"
        for fault in "${faults[@]}"; do
                read -r offset duration aim <<<"$fault"
                text+="${text:+ + }$aim"
                [ "$duration" -le 100 ] || text+=" for $duration ms"
                [ "$offset" -eq 0 ] || text+=" after $offset ms"
        done
        for command in "${commands[@]}"; do
                read -r at node aim <<<"$command"
                [ "$at" = before ] || at="after $at ms"
                text+="; $aim, on $node, $at"
        done
        echo "$text"
}
