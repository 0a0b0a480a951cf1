#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-completion.sh
#
# The bash completion offers what distroctl prints, and carries nothing of it out: names come from other hosts.

set -euo pipefail

cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=/dev/null
. src/ctl/distroctl.bash
# What it calls: the command, here with a name that no sane node has, and a builtin that works in a completion only.
distroctl() {
        case $* in
        *list-applications) printf '%s\n' 'pay running' 'payroll stopped' 'web running' ;;
        *'show pay') printf '%s\n' State=running 'Description=a=b' ;;
        *show) printf '%s\n' Quorate=yes Stale=no Status= ;;
        *list-nodes) printf '%s online\n' abc "\$(touch\${IFS}$work/done)" ;;
        esac
}
compopt() { :; }

# offered WORD...: what completion offers after these words of a command line.
offered() {
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _distroctl
        printf '%s\n' "${COMPREPLY[@]}"
}

expect() {
        local want=$1 got
        shift
        got=$(offered "$@" | sort | paste -s -d ' ')
        [ "$got" = "$want" ] || { printf 'FAILED: %s: "%s" and not "%s"\n' "$*" "$got" "$want" && exit 1; }
}

expect 'pay payroll' distroctl stop pa
expect 'Stale Status' distroctl show -p S
expect 'Quorate Stale Status' distroctl show --property =
expect 'Quorate' distroctl show --property = Q
expect 'Description State' distroctl show pay -p ''
expect 'list-applications list-nodes locate logs' distroctl l
expect 'reload reload-service' distroctl rel
expect 'pay payroll' distroctl reload-service pa
expect "$(printf '%q abc' "\$(touch\${IFS}$work/done)")" distroctl drain ''
expect 'device\ fails device\ works' distroctl simulate dev
expect 'takeover\ pay takeover\ payroll' distroctl simulate 'takeover\ p'
expect 'takeover pay takeover payroll' distroctl simulate "'takeover p"
expect "$(printf '%q shutdown\ abc' "shutdown \$(touch\${IFS}$work/done)")" distroctl simulate shutd
if [ -e "$work/done" ]; then
        echo 'FAILED: a name was carried out'
        exit 1
fi
# On the command line the name is a word, and nothing that a shell carries out.
eval "words=($(offered distroctl drain '$'))"
# shellcheck disable=SC2154
if [ "${words[0]}" != "\$(touch\${IFS}$work/done)" ] || [ -e "$work/done" ]; then
        echo 'FAILED: a name was carried out'
        exit 1
fi
echo '1 completion PASSED'
