#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The owner's cable is cut: its side has no quorum and stops the worker, the other side starts it only afterwards; when
# the cable is mended one copy is left. Then the same where only what the owner sends is lost. Beside it an application that
# ignores its stop has an address, which its node takes away after it: a kill leaves the time for that. It comes before the
# unit's own TimeoutStopSec=.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

ADDRESS=10.99.1.1
applications() {
        cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s Takeover=manual
        cluster_app vip 'abc bcd def' FailoverDelaySec=5s Takeover=manual -- Type=exec TimeoutStopSec=6s \
                "ExecStartPre=/sbin/ip address add $ADDRESS/32 dev host0" \
                "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.2; done'" \
                "ExecStopPost=/bin/sh -c 'sleep 0.5; ip address del $ADDRESS/32 dev host0'"
}
has_address() { node_exec "$1" ip -o -4 address show dev host0 | grep -q "$ADDRESS/"; }

# cut_off OWNER NEXT: what both sides do after $CUT, when OWNER can't be heard any more.
cut_off() {
        check_within 10 "$1 has no quorum" test_quorum "$1" false
        check_within 5 "$1 stops the worker" node_runs_nothing "$1"
        expect_start_after_cut "$2" "$1"
        check 'the cut node still runs nothing' node_runs_nothing "$1"
        check_within 5 "the address has come to $2" has_address "$2"
        check_fails "it has left $1" has_address "$1"
}

test_quorum() { [ "$(cluster_status "$1" .manager.quorate)" = "$2" ]; }

node_runs_nothing() {
        [ "$(node_exec "$1" systemctl show --value -p ActiveState distro-app-distro.service)" != active ]
}

# Not expect_start: the node that is cut off can't say what the others do.
expect_start_after_cut() {
        local line
        line=$(worker_start "$CUT" distro "$1" 20) || fail "distro starts on $1"
        case $(line_text "$line") in
        "distro: start type failover on $1, from $2, epoch "*) ;;
        *) fail "distro starts on $1 as failover from $2" "$(line_text "$line")" ;;
        esac
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 5 'vip runs on abc' app_runs_on vip abc

step 'the cable of abc is cut'
CUT=$(now)
cable_cut abc
cut_off abc bcd
check 'without quorum only what runs here is answered' \
        test "$(NODE_TIMEOUT=10 node_exec abc distroctl locate distro 2>/dev/null)" = ''

since=$(cluster_status abc .manager.stale_since_usec)
check 'and all else is as of the cut' test "$since" -ge "$CUT" -a "$since" -le $((CUT + 10000000))
check 'each object says the same' test "$(cluster_status abc '[.. | objects | .stale_since_usec? // empty] | unique | length')" = 1
stamp=$(node_exec abc date -d "@$((since / 1000000))" +%H:%M:%S)
check 'status says so' grep -qF "Caution: this node has no quorum: what is shown is as of" <<<"$(node_exec abc distroctl --no-pager status)"
check 'with the time' grep -qF " $stamp " <<<"$(node_exec abc distroctl --no-pager status | grep Caution)"
check 'and bcd, which is in step, does not' test "$(cluster_status bcd .manager.stale_since_usec)" = null

step 'the cable is mended'
cable_mend abc
cluster_wait_synced
check 'what abc shows is as of now again' test "$(cluster_status abc .manager.stale_since_usec)" = null
check_within 5 'one copy is left, where it was' app_runs_on distro bcd
check_stays 3 'it stays there' app_runs_on distro bcd

step 'all that bcd sends is lost'
CUT=$(now)
loss_from bcd 100
cut_off bcd abc
step 'it is heard again'
loss_end bcd
cluster_wait_synced
check_within 5 'one copy is left' app_runs_on distro abc

end_test distro vip
