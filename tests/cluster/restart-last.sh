#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With a quorum device the manager that is in step alone is restarted while another node is being lost: it waits until the
# manager that comes meanwhile is in step, or until the ring has ended where there is none. The group waits for no record
# of the dead node, and nothing that runs is touched.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc bcd def' FailoverDelaySec=5s Takeover=manual; }

identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }
is_back() { manager_is_new abc "$pid" && node_is_synced abc; }

# Loses def and restarts the manager of abc at once; a command, if given, is called between.
lose_and_restart() {
        pid=$(manager_pid abc)
        id=$(identity)
        cut=$(now)
        node_power_cut def
        "$@"
        node_exec abc systemctl --no-block restart distro-manager
        check_within 25 'another manager of abc is in step' is_back
        check_time 'from the loss until abc is in step again' $(($(now) - cut)) 0 25000000
        line=$(find_line "$cut" "$(of abc)" SYSLOG_IDENTIFIER=distro-manager --grep='is being restarted') ||
                fail 'the manager of abc was restarted, and did not hand over'
        note "it was asked to end $(seconds $(($(line_time "$line") - cut))) s after the loss"
        check 'the worker was left alone' test "$(identity)" = "$id"
}

begin=$(now)
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal

step 'the manager of bcd is started, def is lost, and the manager of abc is restarted'
check 'stop' node_exec bcd systemctl stop distro-manager
lose_and_restart node_exec bcd systemctl start --no-block distro-manager
check_within 25 'the manager of bcd is in step' node_is_synced bcd
check 'one copy runs' app_runs_on distro abc

step 'the same where bcd has no manager'
node_boot def
cluster_wait_synced
check 'stop' node_exec bcd systemctl stop distro-manager
lose_and_restart true
check 'start' node_exec bcd systemctl start distro-manager
cluster_wait_synced
check 'one copy runs' app_runs_on distro abc

step 'def is back'
node_boot def
cluster_wait_synced
check 'a command is answered' node_exec def distroctl takeover distro def
check_within 10 'it runs on def' app_runs_on distro def

end_test distro
