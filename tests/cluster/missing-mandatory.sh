#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A mandatory node is missing when the time is over: the start fails and names it, and nothing starts on this node until
# it is there; then no administrator is needed.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

export CLUSTER_SYNC=4s
begin=$(now)
step 'abc and def boot, bcd does not'
cluster_add abc bcd def
cluster_add_managers
cluster_app distro 'abc {bcd def}'
node_boot abc
node_boot def

# What a manager says before it gives up; the rest as for journalctl.
missing() { find_line "$begin" MESSAGE_ID=94749d3d50254dbeb15b7a31d30fee73 "$@"; }

for node in abc def; do
        wait_line "$begin" 20 "$(of "$node")" _COMM=systemd UNIT=distro-manager.service --grep='Failed to start' >/dev/null ||
                fail "systemctl start distro-manager fails on $node"
        check 'the error names the missing node' missing "$(of "$node")" --grep=bcd
done
# When the second one gives up, the first is gone too.
first=$(line_text "$(missing --no-hostname)")
case $first in
*abc* | *def*) fail 'the first that gives up names no other node' "$first" ;;
esac
check_stays 3 'nothing runs' app_runs_nowhere distro
again=$(now)
for node in abc def; do
        wait_line "$again" 20 "$(of "$node")" MESSAGE_ID=94749d3d50254dbeb15b7a31d30fee73 --grep=bcd >/dev/null ||
                fail "systemd has $node's manager wait for bcd again"
done

step 'a start by hand fails in the same way'
begin=$(now)
check_fails 'systemctl start fails' node_exec abc systemctl start distro-manager
check_time 'it' $(($(now) - begin)) 0 8000000

step 'bcd boots, and now all start by themselves'
begin=$(now)
node_boot bcd
cluster_wait_synced
expect_start "$begin" 10 distro abc normal

end_test distro
