# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for distroctl(1)

__distroctl_names() {
        local row
        while read -r row _; do
                printf '%s\n' "$row"
        done < <(distroctl --no-pager --no-legend --no-ask-password "$1" 2>/dev/null)
}

# What "show" prints of the objects named, of the manager without any: NAME=VALUE, of which the name counts.
__distroctl_properties() {
        local line
        while read -r line; do
                [[ $line != [A-Z]*=* ]] || printf '%s\n' "${line%%=*}"
        done < <(distroctl --no-pager --no-ask-password show "$@" 2>/dev/null)
}

# A step of simulate is one word of the shell: "down abc".
__distroctl_steps() {
        local cur=$1 plain=${1#[\'\"]} verb name step
        local -a nodes apps steps=(heal reload form 'wait 60s' 'up all' 'device fails' 'device works')
        read -rd '' -a nodes < <(__distroctl_names list-nodes) || true
        read -rd '' -a apps < <(__distroctl_names list-applications) || true
        for name in "${nodes[@]}"; do
                for verb in up down shutdown standby unstandby drain kill kill-for-good manager-stop manager-start manager-restart \
                        freeze thaw evict wipe 'clear --all'; do
                        steps+=("$verb $name")
                done
        done
        for name in "${apps[@]}"; do
                for verb in start stop restart takeover clear fail crash finish stop-outside; do
                        steps+=("$verb $name")
                done
                steps+=("maintenance $name on" "maintenance $name off")
        done
        COMPREPLY=()
        for step in "${steps[@]}"; do
                if [[ $cur != "$plain" ]]; then
                        [[ $step != "$plain"* ]] || COMPREPLY+=("$step")
                else
                        printf -v step %q "$step"
                        [[ $step != "$cur"* ]] || COMPREPLY+=("$step")
                fi
        done
}

_distroctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
        local verb='' n_args=0 i candidates='' properties=''
        local -a objects=()
        local options='-h --help --version -H --host= --json= -q --quiet --no-block -f --force --follow --local -a --all -l --full
                -n --lines= --part -p --property= --value --state= --save= --applications= --corosync= --no-pager --no-legend --no-ask-password'
        local verbs='status list-applications list-nodes show locate explain logs watch timing start stop restart reload-service takeover
                permit forbid maintenance clear standby unstandby drain forget verify cat reload simulate form'

        COMPREPLY=()
        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -*|=) ;;
                *)
                        case ${COMP_WORDS[i-1]} in
                        -H|-n|-p|=) continue ;;
                        esac
                        if [[ -z $verb ]]; then
                                verb=${COMP_WORDS[i]}
                        else
                                ((n_args++))
                                objects+=("${COMP_WORDS[i]}")
                        fi
                        ;;
                esac
        done

        case $prev in
        -p|--property) properties=yes ;;
        --json) candidates='short pretty off' ;;
        =)
                case ${COMP_WORDS[COMP_CWORD-2]} in
                --json) candidates='short pretty off' ;;
                --property) properties=yes ;;
                --state|--save|--applications|--corosync) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
                esac
                ;;
        esac
        if [[ $cur == = && ( $prev == --json || $prev == --property ) ]]; then
                cur=''
        fi
        if [[ $properties ]]; then
                candidates=$(__distroctl_properties "${objects[@]}")
        fi
        if [[ -z $candidates && $cur == -* ]]; then
                candidates=$options
        elif [[ -z $candidates && -z $verb ]]; then
                candidates=$verbs
        elif [[ -z $candidates ]]; then
                case $verb in
                status|show)
                        candidates="$(__distroctl_names list-applications) $(__distroctl_names list-nodes)" ;;
                list-applications|locate|start|stop|restart|cat)
                        candidates=$(__distroctl_names list-applications) ;;
                explain|logs|reload-service)
                        ((n_args == 0)) && candidates=$(__distroctl_names list-applications) ;;
                takeover|permit|forbid|clear)
                        if ((n_args == 0)); then
                                candidates=$(__distroctl_names list-applications)
                        elif ((n_args == 1)); then
                                candidates=$(__distroctl_names list-nodes)
                        fi
                        ;;
                maintenance)
                        if ((n_args == 0)); then
                                candidates="$(__distroctl_names list-applications) --all on off"
                        elif ((n_args == 1)); then
                                candidates='on off'
                        fi
                        ;;
                standby|unstandby|drain|forget)
                        ((n_args == 0)) && candidates=$(__distroctl_names list-nodes) ;;
                list-nodes)
                        candidates=$(__distroctl_names list-nodes) ;;
                simulate)
                        __distroctl_steps "$cur"; return ;;
                verify)
                        mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
                esac
        fi
        # compgen -W would carry out what a name holds, and so would the shell, had the name no quotes.
        local word words
        read -rd '' -a words <<<"$candidates" || true
        for word in "${words[@]}"; do
                [[ $word != "$cur"* ]] || COMPREPLY+=("$(printf %q "$word")")
        done
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
        return 0
}

complete -F _distroctl distroctl
