#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What corosync.conf says of quorum: settings with which two parts can be quorate are warned of, at the start and in the
# status; without a quorum provider, or without names, the manager does not start, and says which lines to add.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc bcd' FailoverDelaySec=60s; }

# with SED-COMMAND: corosync.conf of both nodes is the plain one, changed; Corosync runs with it, and no manager.
with() {
        local node
        for node in abc bcd; do
                node_exec "$node" systemctl stop distro-manager corosync
        done
        for node in abc bcd; do
                sed -E "$1" "$LAB/plain.conf" >"$LAB/$node/root/etc/corosync/corosync.conf"
                ! cmp -s "$LAB/plain.conf" "$LAB/$node/root/etc/corosync/corosync.conf" || [ -z "$1" ] ||
                        fail "the file is changed by $1"
                node_exec "$node" systemctl start --no-block corosync
        done
        for node in abc bcd; do
                wait_until 20 node_exec "$node" systemctl is-active --quiet corosync || fail "corosync runs on $node"
        done
        SINCE=$(now)
}

start_all() {
        local node
        for node in abc bcd; do
                node_exec "$node" systemctl start --no-block distro-manager
        done
        cluster_wait_synced 30
}

warnings() { journal_since "$SINCE" MESSAGE_ID=8d641723f7a44183b9bc45144f9f9e65 "$(of "$1")" -o cat; }

# warned WORD SED-COMMAND: both say so at the start, in the status, and verify does.
warned() {
        local node
        step "$1"
        with "$2"
        start_all
        for node in abc bcd; do
                [[ $(warnings "$node") = *"corosync.conf: $1: "* ]] || fail "$node warns of $1 at its start" "$(warnings "$node")"
                [[ $(node_exec "$node" distroctl --no-pager status) = *"$1: "* ]] ||
                        fail "distroctl status warns of $1" "$(node_exec "$node" distroctl --no-pager status)"
        done
        [[ $(node_exec abc distroctl verify 2>&1) = *"with $1 more than one part"* ]] || fail "distroctl verify warns of $1"
        check_within 10 'the application runs all the same' app_runs_on distro abc
}

# refused TEXT LINE SED-COMMAND: the manager does not start, says TEXT and that LINE is to be added.
refused() {
        local line
        step "$1"
        with "$3"
        check_fails 'the start fails' node_exec abc systemctl start distro-manager
        check 'as one that an administrator has to mend' test \
                "$(node_exec abc systemctl show --value -p ExecMainStatus distro-manager)" = 78
        line=$(wait_line "$SINCE" 5 "$(of abc)" MESSAGE_ID=a60149511187443bbfcad4219fbcd40f) || fail 'the journal says why'
        case $(line_text "$line") in
        *"$1"*"$2"*) ;;
        *) fail "it says: $1 ... $2" "$(line_text "$line")" ;;
        esac
        check_stays 1 'systemd does not try again' node_exec abc systemctl is-failed --quiet distro-manager
        check_fails 'verify finds it as well' node_exec abc distroctl verify
}

step 'none of them: nothing is warned of'
SINCE=$(now)
cluster_up abc bcd
check_within 10 'distro runs' app_runs_on distro abc
cp "$LAB/abc/root/etc/corosync/corosync.conf" "$LAB/plain.conf"
for node in abc bcd; do
        [ -z "$(warnings "$node")" ] || fail "$node warns of nothing" "$(warnings "$node")"
done
[[ $(node_exec abc distroctl --no-pager status) != *'can run'* ]] || fail 'the status warns of nothing'

warned two_node '/provider:/a two_node: 1'
warned last_man_standing '/provider:/a last_man_standing: 1\nwait_for_all: 1'
warned auto_tie_breaker '/provider:/a auto_tie_breaker: 1'
refused 'no quorum provider' 'provider: corosync_votequorum' '/^quorum/,/^\}/d'
refused 'has no name' 'name: NAME-OF-THE-NODE' '/^[[:space:]]*name: (abc|bcd)$/d'

step 'the plain file again'
with ''
start_all
check_within 10 'distro runs' app_runs_on distro abc

end_test distro
