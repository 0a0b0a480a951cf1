#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A systemd that does nothing for some seconds finds a start waiting when it goes on: one whose asker is gone it refuses, and
# one that the node has taken back, as it was cut off, never has a process.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}' FailoverDelaySec=4s Takeover=manual; }

systemd_stops() { kill -STOP "$(node_pid "$1")"; }
systemd_goes_on() { kill -CONT "$(node_pid "$1")"; }
is_starting_on_bcd() { [ "$(app_field distro state abc) $(app_field distro node abc)" = 'starting bcd' ]; }
begins_on_bcd() { copy_events distro | grep -c ' bcd begin' || true; }
# A worker that ran for no time at all would have said so.
said_on_bcd() { journal_since 1000000 "$(of bcd)" _SYSTEMD_UNIT=distro-app-distro.service -o cat | grep -c 'start type' || true; }
nothing_new_on_bcd() { [ "$(begins_on_bcd) $(said_on_bcd)" = "$begins $said" ]; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'systemd of bcd stands still, and its manager asks it for a start and is killed'
pid=$(manager_pid bcd)
systemd_stops bcd
check 'takeover' node_exec abc distroctl --no-block takeover distro bcd
check_within 5 'it is starting on bcd' is_starting_on_bcd
epoch=$(app_field distro epoch abc)
node_exec bcd kill -KILL "$pid"
check_stays 1 'nothing starts elsewhere while bcd may start it' app_runs_nowhere
systemd_goes_on bcd
cluster_wait_synced 20
check_within 10 'it runs' app_is distro state running
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1
check 'the start of the manager that was killed was not carried out' test "$(app_field distro epoch)" != "$epoch"

step 'once more, and bcd is cut off'
check 'takeover' node_exec abc distroctl takeover distro abc
begins=$(begins_on_bcd) said=$(said_on_bcd)
systemd_stops bcd
check 'takeover' node_exec abc distroctl --no-block takeover distro bcd
check_within 5 'it is starting on bcd' is_starting_on_bcd
cut=$(now)
cable_cut bcd
worker_start "$cut" distro abc 20 >/dev/null || worker_start "$cut" distro def 1 >/dev/null || fail 'another node starts it'
systemd_goes_on bcd
check_stays 3 'no worker begins on bcd' nothing_new_on_bcd
cable_mend bcd
cluster_wait_synced 30
check 'there is one copy' test "$(app_copies distro | wc -w)" = 1
check 'it is not on bcd' test "$(app_copies distro)" != bcd

end_test distro
