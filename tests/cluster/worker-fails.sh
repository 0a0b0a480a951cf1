#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A worker that fails for good marks its node and moves; one that fails everywhere is failed until it is cleared; one with
# LocalRestarts= is started again in its place first; one that ends by itself is finished; one that is stopped
# from outside is started again. One that systemd restarts without end is starting.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

SICK=/etc/distro-sick AGAIN=/etc/distro-again
applications() {
        cluster_app distro 'abc bcd' FailoverDelaySec=60s -- Type=exec Restart=on-failure RestartSec=100ms \
                "ExecStart=/bin/sh -c 'test ! -e $SICK; while test ! -e $SICK; do sleep 0.1; done; exit 1'"
        cluster_app again 'abc bcd' LocalRestarts=1 -- Type=exec \
                "ExecStart=/bin/sh -c 'while test ! -e $AGAIN; do sleep 0.1; done; rm $AGAIN; exit 1'"
        cluster_app loop 'abc bcd' -- Type=exec Restart=always RestartSec=1500ms StartLimitIntervalSec=0 \
                "ExecStart=/bin/sh -c 'test ! -e $SICK && exec sleep 1000000; exit 7'"
        cluster_app once 'abc bcd' -- Type=exec "ExecStart=/bin/sh -c 'while test ! -e /etc/distro-done; do sleep 0.1; done'"
}

marks() { cluster_status "$(a_node)" '.applications[] | select(.name == "distro") | .failures | keys | join(" ")'; }
marks_are() { [ "$(marks)" = "$1" ]; }

cluster_up abc bcd def
check_within 10 'it runs' app_runs_on distro abc
check_within 10 'it runs' app_runs_on once abc

step 'with LocalRestarts=1 it is started again where it failed, once'
check_within 10 'it runs' app_runs_on again abc
check 'taken over by hand' node_exec abc distroctl takeover again bcd
check_within 5 'it runs on bcd' app_runs_on again bcd
echo | cluster_file bcd "$AGAIN"
why='failed: exit-code, status 1; started again here, 1 of 1'
check_within 10 'that it failed is told' app_is again reason "$why"
check_within 5 'it runs on bcd all the same' app_runs_on again bcd
check 'type normal' app_is again start_type normal
check 'from the node that it was taken over from' app_is again from_node abc
check 'still held' app_is again held true
check 'explain says so' sh -c "case \$1 in *'; $why'*) ;; *) exit 1 ;; esac" _ "$(node_exec def distroctl explain again)"
check 'the journal too' node_exec bcd sh -c "journalctl --no-pager -b -o cat | grep -q 'again: failed on bcd: ${why#failed: }'"
check 'no mark' test "$(cluster_status def '.applications[] | select(.name == "again") | .failures | length')" = 0
echo | cluster_file bcd "$AGAIN"
check_within 10 'the second time it runs on abc' app_runs_on again abc
check 'as failover' app_is again start_type failover

step 'it fails on abc, also when systemd tries again'
echo | cluster_file abc "$SICK"
check_within 20 'it runs on bcd' app_runs_on distro bcd
check 'at once, and as failover' app_is distro start_type failover
check 'from abc' app_is distro from_node abc
check 'abc is marked' marks_are abc
check_stays 2 'abc does not take it back' app_runs_on distro bcd

step 'what systemd restarts without end does not run'
looping='.applications[] | select(.name == "loop")'
loop_is() { [ "$(cluster_status "$1" "$looping | .state + \" \" + ((.reason // \"\") | sub(\"[0-9]+ times\"; \"N times\"))")" = "$2" ]; }
# shellcheck disable=SC2016 # the guest expands it
node_exec abc sh -c 'kill -KILL $(systemctl show --value -p MainPID distro-app-loop)'
for n in abc bcd def; do
        check_within 20 "it is starting, as $n says" loop_is "$n" 'starting restarted by systemd, N times; exit-code, status 7'
done
check 'distroctl status says so' test "$(node_exec def distroctl --no-pager status loop >/dev/null; echo $?)" = 3
node_exec abc distroctl --no-pager status
rm "$LAB/abc/root$SICK"
check_within 20 'it runs again, as def says' loop_is def 'running '
echo | cluster_file abc "$SICK"

step 'it fails on bcd too'
echo | cluster_file bcd "$SICK"
check_within 20 'it is failed' app_is distro state failed
check 'both are marked' marks_are 'abc bcd'
check 'nothing runs' app_runs_nowhere distro
check 'distroctl status says so' test "$(node_exec def distroctl --no-pager status distro >/dev/null; echo $?)" = 3

step 'abc is well again and cleared'
rm "$LAB/abc/root$SICK" "$LAB/bcd/root$SICK"
check 'clear' node_exec def distroctl clear distro abc
check_within 5 'it runs on abc' app_runs_on distro abc
check 'type normal' app_is distro start_type normal
check 'the other mark stays' marks_are bcd

step 'stopped from outside, it is started again in place'
node_exec abc systemctl stop distro-app-distro.service
check_within 5 'it runs on abc again' app_runs_on distro abc
check 'no mark for that' marks_are bcd

step 'a worker that ends by itself is finished'
echo | cluster_file abc /etc/distro-done
check_within 5 'it is finished' app_is once state finished
check_stays 2 'it is not started again' app_runs_nowhere once
rm "$LAB/abc/root/etc/distro-done"
check 'start' node_exec abc distroctl start once
check_within 5 'until it is commanded to' app_runs_on once abc

end_test distro once loop again
