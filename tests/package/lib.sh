# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The package on guests of the cluster tests' lab. Sourced by each test of this folder.
#
#   PACKAGE_OLD   the package as it was built
#   PACKAGE_NEW   the same with a greater version
#
# Guests run what is installed on this machine, so it must have what the package depends on.

if [ -z "${PACKAGE_OLD:-}" ] || [ -z "${PACKAGE_NEW:-}" ]; then
        echo "PACKAGE_OLD= and PACKAGE_NEW= are not set; tests/package/run sets them" >&2
        exit 2
fi
unset LAB_TREE

# shellcheck source-path=SCRIPTDIR source=../cluster/lab/lab.sh
. "${BASH_SOURCE[0]%/*}/../cluster/lab/lab.sh"

# A machine that builds packages keeps them from touching services; a guest is a machine like others. $1: its root.
package_bare() {
        rm -rf "$1/usr/sbin/policy-rc.d" "$1/etc/distro-manager"
        # All manual pages of this machine are indexed again otherwise, after each run of dpkg.
        rm -f "$1/var/lib/man-db/auto-update"
}

# Boots guests with Corosync, and with the package files in /root, but not installed. `-w` as for cluster_add; a function
# named `applications` of the test is called before.
package_boot() {
        local name root
        cluster_add "$@"
        for name in "${MEMBERS[@]}"; do
                root=$LAB/$name/root
                package_bare "$root"
                cp "$PACKAGE_OLD" "$root/root/old.deb"
                cp "$PACKAGE_NEW" "$root/root/new.deb"
        done
        [ "$(type -t applications)" != function ] || applications
        cluster_boot
        cluster_wait_quorate
}

# Runs dpkg on guest $1. What it says is in PACKAGE_SAID.
package() {
        local name=$1 status=0
        shift
        PACKAGE_SAID=$(NODE_TIMEOUT=120 node_exec "$name" env PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive \
                dpkg --force-unsafe-io "$@" 2>&1) || status=$?
        [ "$status" -eq 0 ] || fail "dpkg $* on $name" "$PACKAGE_SAID"
}

# The state of a unit on guest $1: property $2 of unit $3.
unit_property() { node_exec "$1" systemctl show --value -p "$2" "$3"; }

# The manager.conf of the guests: each waits for all others.
package_configure() {
        local name other others
        for name in "${MEMBERS[@]}"; do
                others=
                for other in "${MEMBERS[@]}"; do
                        [ "$other" = "$name" ] || others+=" $other"
                done
                printf '[Cluster]\nSyncMandatory=%s\nSyncTimeoutSec=60s\n' "$others" |
                        cluster_file "$name" /etc/distro-manager/manager.conf.d/nodes.conf
        done
}

# Enables and starts all managers at once, and waits until they take part.
package_start() {
        local name
        for name in "${MEMBERS[@]}"; do
                node_exec "$name" systemctl --quiet enable distro-manager
                node_exec "$name" systemctl --no-block start distro-manager
        done
        cluster_wait_synced
}
