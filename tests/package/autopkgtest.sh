#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests that Debian's machines run (debian/tests), by autopkgtest itself, in a bare guest and with the built package.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${0%/*}/lib.sh"



cluster_add abc
root=$LAB/abc/root
package_bare "$root"
rm -f "$root/etc/corosync/corosync.conf" "$root/etc/systemd/system/lab.target.wants/corosync.service"
echo '127.0.0.1 localhost abc' >"$root/etc/hosts"
mkdir -p "$root/root/source"
cp -r "$LAB_SRC/../../../debian" "$root/root/source/"
cp "$PACKAGE_OLD" "$root/root/"
cluster_boot
wait_until 30 node_exec abc busctl --quiet status org.freedesktop.systemd1 || lab_die 'abc does not boot'

step 'autopkgtest'
status=0
# The guest is a machine of its own, which the null backend cannot know.
NODE_TIMEOUT=300 node_exec abc env HOME=/root PATH="$PATH:/usr/sbin:/sbin" autopkgtest --ignore-restrictions=isolation-machine,breaks-testbed \
        --output-dir /root/out "/root/$(basename "$PACKAGE_OLD")" /root/source -- null >"$LAB/said" 2>&1 || status=$?
[ ! -e "$root/root/out/summary" ] || sed 's/^/    /' "$root/root/out/summary"
[ "$status" -eq 0 ] || fail 'all tests pass' "status $status"$'\n'"$(tail -n 60 "$LAB/said")"
check 'each was run' test "$(grep -c ' PASS' "$root/root/out/summary")" = "$(grep -c '^Tests:' "$root/root/source/debian/tests/control")"
