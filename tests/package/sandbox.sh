#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The unit's sandbox is tight, and the manager can do in it all that it has to: speak to Corosync, systemd and the bus,
# write its record, read a file of another user, end workers by their control groups; and its guard, to do what is the guard's.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${0%/*}/lib.sh"

# Of 10: what `systemd-analyze security` may say at most, in tenths.
EXPOSURE_MAX=20
EXPOSURE_GUARD_MAX=13
EXPOSURE_FUSE_MAX=40

# Nothing but the worker belongs to nobody.
worker_is_gone() { node_exec "$1" sh -c '! pgrep -u nobody'; }
worker_is_on() { node_exec "$1" systemctl is-active --quiet distro-app-stubborn.service; }

package_boot abc bcd def
for name in "${MEMBERS[@]}"; do
        package "$name" --install /root/old.deb
done
step 'how exposed the unit is'
exposure=$(node_exec abc systemd-analyze security --no-pager distro-manager.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
note "exposure ${exposure:-unknown}, at most $((EXPOSURE_MAX / 10)).$((EXPOSURE_MAX % 10))"
check 'a sandbox that is not weaker than it was' node_exec abc systemd-analyze security --no-pager \
        --threshold="$EXPOSURE_MAX" distro-manager.service
check 'the guard'\''s is tighter' node_exec abc systemd-analyze security --no-pager --threshold="$EXPOSURE_GUARD_MAX" \
        distro-guard.service
note "the fuse: $(node_exec abc systemd-analyze security --no-pager distro-fuse.service | sed -n 's/.*Overall exposure level.*: //p')"
check 'the fuse'\''s has not grown' node_exec abc systemd-analyze security --no-pager --threshold="$EXPOSURE_FUSE_MAX" \
        distro-fuse.service

step 'it starts a worker, and writes its record'
# A worker that ignores SIGTERM, with a control group of its own user.
cluster_app stubborn 'abc bcd def' Takeover=manual -- 'ExecStart=/bin/sh -c "trap : TERM; while :; do sleep 1000; done"' \
        User=nobody Delegate=yes TimeoutStopSec=infinity
package_configure
chown nobody "$LAB/abc/root/etc/distro-manager/applications/stubborn.app"
chmod 400 "$LAB/abc/root/etc/distro-manager/applications/stubborn.app"
begin=$(now)
package_start
check_within 10 'it runs on abc' app_runs_on stubborn abc
check 'the record was written' node_exec abc test -s /var/lib/distro-manager/state
check 'permit is answered, so records are written' node_exec abc distroctl forbid stubborn def
check 'reload' node_exec abc systemctl reload distro-manager
check 'the sandbox refused nothing' test -z "$(journal_since "$begin" UNIT=distro-manager.service + \
        _SYSTEMD_UNIT=distro-manager.service -o cat | grep -E 'not permitted|denied|Read-only')"

step 'the guard, when the manager does not come back'
node_exec abc sh -c 'mkdir -p /run/systemd/system/distro-manager.service.d &&
        printf "[Service]\nRestart=no\n" >/run/systemd/system/distro-manager.service.d/lab.conf && systemctl daemon-reload'
begin=$(now)
node_exec abc systemctl kill --kill-whom=main --signal=KILL distro-manager
check_within 20 'it kills the worker that ignores its stop' worker_is_gone abc
check_time 'that' $(($(now) - begin)) 10000000 15000000
check_within 20 'bcd starts it' worker_is_on bcd
node_exec abc sh -c 'rm -r /run/systemd/system/distro-manager.service.d && systemctl daemon-reload'
node_exec abc systemctl start distro-manager
cluster_wait_synced

step 'bcd loses quorum while its systemd does not answer'
check 'it runs on bcd' app_runs_on stubborn bcd
# Nothing can be asked through it then; the lab sees the worker's process from outside.
systemd=$(node_pid bcd)
worker=$(pgrep -u nobody -x sh --nslist pid --ns "$systemd" | head -n 1)
[ -n "$worker" ] || fail 'the worker of bcd is seen from outside'
kill -STOP "$systemd"
cut=$(now)
cable_cut bcd
# It stays a zombie, as nobody reaps it.
wait_until 20 grep -q '^State:.*Z' "/proc/$worker/status" || fail 'the manager kills the worker by its control group'
note "that took $(seconds $(($(now) - cut))) s after the cut"
kill -CONT "$systemd"
check_within 20 'abc has it' worker_is_on abc
cable_mend bcd
cluster_wait_synced

end_test
