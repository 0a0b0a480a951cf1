#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host that cannot end in time what runs on it reboots itself, and no other does.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc {bcd def}' Takeover=manual
}

fuse_of() { node_exec "$1" systemctl show --value -p "$2" distro-fuse.service; }
fuse_is_back() { [ "$(fuse_of abc ActiveState)" = active ] && [ "$(fuse_of abc MainPID)" != "$1" ]; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'the fuse is there, and stays'
for name in abc bcd def; do
        check "$name has one" test "$(fuse_of "$name" ActiveState)" = active
done
pid=$(fuse_of abc MainPID)
# A guest may have neither real time (a kernel with RT_GROUP_SCHED) nor locked memory; then the fuse says so, and does without.
said() { node_exec abc sh -c "journalctl -u distro-fuse | grep -q '$1'"; }
goes_first() { [ "$(node_exec abc chrt -p "$1" | sed -n 's/.*policy: //p')" = SCHED_FIFO ]; }
is_locked() { node_exec abc grep -q '^VmLck:.* [1-9][0-9]* kB' "/proc/$1/status"; }
goes_first "$pid" || said 'it gets no real-time priority' || fail 'it goes before other processes'
is_locked "$pid" || said 'its memory cannot be locked' || fail 'it is locked in memory'
note "memory: $(node_exec abc grep VmRSS "/proc/$pid/status")"
note "exposure: $(node_exec abc systemd-analyze security --no-pager distro-fuse.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')"
check_fails 'nobody stops it' node_exec abc systemctl stop distro-fuse
check_fails 'nor restarts it' node_exec abc systemctl restart distro-fuse
check 'it is the same' test "$(fuse_of abc MainPID)" = "$pid"
node_exec abc systemctl kill -s KILL distro-fuse
check_within 5 'one that is killed comes back' fuse_is_back "$pid"

end_test distro
