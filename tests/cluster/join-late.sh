#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A ring forms while a manager has connected to Corosync and has not joined its group yet. Corosync then tells it that
# ring twice, before and after its join, and the other members once. All count the same views, and the group goes on.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc {bcd def}'; }
join_waits() { [ -n "$(find_line "$begin" "$(of abc)" MESSAGE='the join waits')" ]; }
ring_is_known() { node_exec "$1" corosync-quorumtool -s | grep -q 'Nodes: *3'; }

cluster_up abc bcd def

step 'Corosync of def ends, and the manager of abc is to join late'
node_exec def systemctl stop distro-manager corosync
cc -O1 -Wall -shared -fPIC -o "$LAB/abc/root/usr/local/lib/join-late.so" "$LAB_SRC/join-late.c" -lcpg
# The sanitizers' library has to be the first.
first=
[ "${LAB_INSTRUMENT:-}" != sanitize ] || first=$(cc -print-file-name=libasan.so)
printf '[Service]\nEnvironment="LD_PRELOAD=%s" JOIN_LATE=/etc/join-late\n' "${first:+$first }/usr/local/lib/join-late.so" |
        cluster_file abc /etc/systemd/system/distro-manager.service.d/late.conf
echo yes | cluster_file abc /etc/join-late
begin=$(now)
node_exec abc systemctl daemon-reload
node_exec abc systemctl stop distro-manager
node_exec abc systemctl start --no-block distro-manager
check_within 10 'the manager of abc has connected' join_waits

step 'a ring forms meanwhile'
node_exec def systemctl start corosync
check_within 30 'abc is in a ring of three' ring_is_known abc
rm "$LAB/abc/root/etc/join-late"

step 'the group takes abc in'
check_within 20 'the manager of abc takes part' node_is_synced abc
node_exec def systemctl start distro-manager
cluster_wait_synced 20
check_within 10 'distro runs on abc' app_runs_on distro abc

end_test distro
