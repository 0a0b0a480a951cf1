#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# HandOver=no: an application whose node reboots, or whose manager is stopped, waits for that node and starts there again;
# where the node does not come back in FailoverDelaySec=, or by command, another node starts it. One beside it, without
# that line, is handed over as ever.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

DELAY=25000000
applications() {
        cluster_app distro 'abc bcd def' HandOver=no FailoverDelaySec=25s
        cluster_app mail 'abc bcd def' FailoverDelaySec=25s
}

# When the last copy of distro on abc ended after time $1.
end_on_abc() { copy_events distro | awk -v since="$1" '$1 > since && $2 == "abc" && $3 == "end" { print $1 }' | tail -n 1; }
begun_elsewhere() { copy_events distro | awk -v since="$1" '$1 > since && $2 != "abc" && $3 == "begin"' | grep .; }
waits_for_abc() { node_exec bcd distroctl status | grep -q 'waiting .*waits for abc, which left in order'; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 5 'mail runs on abc' app_runs_on mail abc

step 'abc reboots'
begin=$(now)
node_exec abc systemctl --no-block reboot
worker_start "$begin" mail bcd 10 >/dev/null || fail 'mail is handed over'
wait_line "$begin" 5 "$(of bcd)" SYSLOG_IDENTIFIER=distro-manager \
        --grep='distro: waiting 25.0 s for abc, which left in order, to come back' >/dev/null || fail 'bcd says that it waits'
expect_start "$begin" 24 distro abc normal
check_time 'the time without a copy' $((STARTED - $(end_on_abc "$begin"))) 0 "$DELAY"
check_fails 'no other node has started it' begun_elsewhere "$begin"
check_within 10 'mail is back' app_runs_on mail abc

step 'the manager of abc is stopped and started'
begin=$(now)
check 'stop' node_exec abc systemctl stop distro-manager
check_within 5 'distro waits for abc' waits_for_abc
check_fails 'it runs nowhere' node_exec abc systemctl is-active --quiet distro-app-distro.service
check 'start' node_exec abc systemctl start distro-manager
expect_start "$begin" 10 distro abc normal
check_fails 'no other node has started it' begun_elsewhere "$begin"

step 'the manager of abc is stopped, and distro is wanted elsewhere'
begin=$(now)
check 'stop' node_exec abc systemctl stop distro-manager
check_within 5 'distro waits for abc' waits_for_abc
check 'takeover' node_exec bcd distroctl takeover distro
worker_start "$begin" distro bcd 5 >/dev/null || fail 'bcd starts it'
begin=$(now)
check 'start' node_exec abc systemctl start distro-manager
expect_start "$begin" 10 distro abc takeover bcd

step 'abc is shut down and does not come back'
begin=$(now)
node_exec abc systemctl --no-block poweroff
line=$(worker_start "$begin" distro bcd 50) || fail 'bcd starts it'
case $(line_text "$line") in
'distro: start type takeover on bcd, from abc, epoch '*) ;;
*) fail 'the type is takeover' "$(line_text "$line")" ;;
esac
check_time 'the time without a copy' $(($(line_time "$line") - $(end_on_abc "$begin"))) "$DELAY" $((DELAY + 3000000))

end_test distro mail
