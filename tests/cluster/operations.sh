#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# doc/operations.md, typed as it stands there: nodes are added, removed and replaced, an application is renamed, everything
# is stopped and started, the power of all fails, files are backed up and restored.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/manual.sh
. "$LAB_SRC/manual.sh"

PAGE=${0%/*}/../../doc/operations.md

# The page in the form in which manual_read takes one. The test needs no examples but those with a comment before them.
read_page() {
        manual_read operations.md < <(sed -e 's/\\/\\e/g' -e 's/^## /.SH /' -e 's/^<!-- \(try .*\) -->$/.\\" \1/' "$PAGE" |
                awk '/^```/ { print inside ? ".EE" : ".EX"; inside = !inside; next } { print }')
        mapfile -t blocks <<<"$MANUAL_LIST"
}

# Tries the examples of section $1, one after the other; $2, if given: a function that is called before the example $3.
try_section() {
        local block number how tried=0
        for block in "${blocks[@]}"; do
                number=${block%% *}
                how=${block#*|}
                block=${block#* }
                [ "${block%%|*}" = "$1" ] || continue
                tried=$((tried + 1))
                if [ "${3:-}" = "$tried" ]; then
                        "$2"
                fi
                case $how in
                'on abc bcd def')
                        for name in abc bcd def; do
                                manual_try operations.md "$number" "on $name"
                        done
                        ;;
                *) manual_try operations.md "$number" "$how" ;;
                esac
        done
        check "section $1 has examples" test "$tried" -gt 0
}

# What the page says to put on a new node: what abc has. $1: the node.
copy_files() {
        cp "$LAB/abc/root/etc/corosync/corosync.conf" "$LAB/$1/root/etc/corosync/"
        mkdir -p "$LAB/$1/root/etc/distro-manager/applications"
        cp "$LAB/abc/root/etc/distro-manager/manager.conf" "$LAB/$1/root/etc/distro-manager/"
        cp "$LAB"/abc/root/etc/distro-manager/applications/*.app "$LAB/$1/root/etc/distro-manager/applications/"
}

copy_to_xyz() { copy_files xyz; }
copy_to_def() { copy_files def; }

# The cluster as the first steps of distro-manager(7) make it, up to the first application.
first_steps() {
        local block number how list
        manual_read distro-manager.7 <"$LAB/tree/usr/share/man/man7/distro-manager.7"
        mapfile -t list <<<"$MANUAL_LIST"
        for block in "${list[@]}"; do
                number=${block%% *}
                how=${block#*|}
                block=${block#* }
                if [ "${block%%|*}" = 'FIRST STEPS' ] && [[ $how != *', with the package' ]]; then
                        manual_try distro-manager.7 "$number" "$how"
                        [[ $how != *', then clock runs on abc' ]] || return 0
                fi
        done
        fail 'the first steps start clock'
}

manual_add_guests abc bcd def xyz
MEMBERS=(abc bcd def xyz)
manual_boot
MEMBERS=(abc bcd def)
# Nobody wants to see a test wait for a node that does not come for as long as an administrator does.
cluster_manager_conf SyncTimeoutSec=5s
first_steps
cluster_wait_synced
check_within 20 'clock runs on abc' app_runs_on clock abc
copy=$(node_exec abc systemctl show --value -p InvocationID distro-app-clock.service)
read_page

# Each node's manager and when it began: it takes a new nodelist as it runs.
managers() {
        local name
        for name in abc bcd def; do
                node_exec "$name" systemctl show --value -p InvocationID distro-manager.service
        done
}
before=$(managers)

try_section 'Add a node' copy_to_xyz 3
check 'four nodes are known' test "$(node_exec abc distroctl --json=short list-nodes | jq length)" = 4
try_section 'Remove a node'
check 'xyz is forgotten' test "$(node_exec bcd distroctl --json=short list-nodes | jq length)" = 3
check 'no manager was started anew' test "$(managers)" = "$before"
check 'clock was left alone all the time' test \
        "$(node_exec abc systemctl show --value -p InvocationID distro-app-clock.service)" = "$copy"

step 'def loses its disk'
node_power_cut def
rm -rf "$LAB"/def/root/var/lib/distro-manager "$LAB"/def/root/var/lib/corosync/ringid* \
        "$LAB"/def/root/etc/distro-manager "$LAB"/def/root/etc/corosync/corosync.conf
find "$LAB/def/root/etc/systemd/system" -name 'corosync.service' -delete -o -name 'distro-manager.service' -delete
node_boot def
wait_until 30 node_exec def busctl --quiet status org.freedesktop.systemd1 || fail 'def boots'
try_section 'Replace a node' copy_to_def 1

try_section 'Rename a node'
try_section 'Rename an application'
try_section 'Stop and start everything'

step 'the power of all fails, and def does not come back'
for name in "${MEMBERS[@]}"; do
        node_power_cut "$name"
done
node_boot abc
node_boot bcd
try_section 'After a power failure'
node_boot def
cluster_wait_synced
lose_files() { rm -r "$LAB/abc/root/etc/distro-manager/applications"; }
try_section 'Back up and restore' lose_files 2
end_test watch
