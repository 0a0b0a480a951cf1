#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who asked for a change is in the journal of the node that was asked: user, process, what was asked for; also where the
# rules of access, or the cluster, refuse it. The other nodes say from which node it came.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app web 'abc bcd' Takeover=manual -- 'ExecStart=/bin/sleep infinity'; }

message_id() { awk -v name="$1" '$2 == name { print $1 }' "$LAB/messages"; }
cluster_up abc bcd
zcat -f "$LAB"/tree/usr/share/man/man8/distro-manager.8* | sed 's/\\-/-/g' | grep -E '^[0-9a-f]{32} ' >"$LAB/messages"
check_within 10 'web runs on abc' app_runs_on web abc

# line SINCE KIND FIELD=VALUE...: such a line is in the journal of abc, and in no other.
line() {
        local begin=$1 id
        id=$(message_id "$2")
        shift 2
        wait_line "$begin" 5 "$(of abc)" MESSAGE_ID="$id" "$@"
}
none_on_bcd() { ! find_line "$1" "$(of bcd)" MESSAGE_ID="$(message_id "$2")" | grep -q .; }

step 'root moves it with force'
begin=$(now)
check 'it moves' node_exec abc distroctl takeover --force web bcd
said=$(line "$begin" command-asked DISTRO_VERB=TakeoverApplication DISTRO_APPLICATION=web DISTRO_NODE=bcd DISTRO_FORCE=yes \
        DISTRO_CALLER_UID=0 DISTRO_CALLER_COMM=distroctl) || fail 'abc says who asked'
note "$(line_text "$said")"
check 'bcd does not' none_on_bcd "$begin" command-asked

step 'the cluster refuses'
begin=$(now)
check_fails 'there is no such node' node_exec abc distroctl takeover web xyz
line "$begin" command-asked DISTRO_NODE=xyz DISTRO_CALLER_UID=0 >/dev/null || fail 'abc says who asked'
said=$(line "$begin" command-refused DISTRO_NODE=xyz DISTRO_CALLER_UID=0) || fail 'abc says that it was refused'
note "$(line_text "$said")"

step 'the rules refuse nobody'
begin=$(now)
check_fails 'nobody may not' node_exec abc runuser -u nobody -- distroctl stop web
said=$(line "$begin" command-refused DISTRO_VERB=StopApplication DISTRO_CALLER_UID=65534 DISTRO_CALLER_COMM=distroctl) ||
        fail 'abc says who was refused'
note "$(line_text "$said")"
! find_line "$begin" "$(of abc)" MESSAGE_ID="$(message_id command-asked)" | grep -q . || fail 'nothing was carried out'
check 'web runs on' app_runs_on web bcd

end_test
