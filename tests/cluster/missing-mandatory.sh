#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A mandatory node is missing when the time is over: the start fails and names it, and nothing starts on this node.
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
        check 'the unit is failed and stays so' test "$(node_exec "$node" systemctl is-failed distro-manager)" = failed
done
# When the second one gives up, the first is gone too.
first=$(line_text "$(missing --no-hostname)")
case $first in
*abc* | *def*) fail 'the first that gives up names no other node' "$first" ;;
esac
check_stays 3 'nothing runs' app_runs_nowhere distro
check_fails 'distroctl has nobody to ask' node_exec abc distroctl --no-pager status

step 'a start by hand fails in the same way'
begin=$(now)
check_fails 'systemctl start fails' node_exec abc systemctl start distro-manager
check_time 'it' $(($(now) - begin)) 3900000 8000000
check 'systemd does not try again' test "$(node_exec abc systemctl show --value -p NRestarts distro-manager)" = 0

step 'bcd boots, and now all start'
begin=$(now)
node_boot bcd
wait_until 10 node_is_quorate bcd 3 || fail 'bcd is quorate'
for node in abc def; do
        node_exec "$node" systemctl start --no-block distro-manager
done
cluster_wait_synced
expect_start "$begin" 10 distro abc normal

end_test distro
