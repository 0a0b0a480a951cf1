#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The state directory of a node is full, then read-only: the node keeps its workers, gets no new ones and says why; the
# others go on committing commands. All heals when the disk takes writes again.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

STATE=/var/lib/distro-manager
applications() {
        local node
        cluster_app distro 'abc bcd def'
        cluster_app other 'bcd abc def'
        cluster_app late 'abc bcd' Enabled=no
        for node in abc bcd; do
                cluster_file "$node" /etc/fstab <<<"state $STATE tmpfs size=256k,mode=700 0 0"
        done
}

# Whether guest $1 says of guest $2 that it takes no writes: $3 is yes or no. Shown with each application.
shows_unwritable() {
        local text word=no
        text=$(NODE_TIMEOUT=10 node_exec "$1" distroctl --no-pager status late) || [ $? -eq 3 ] || return 1
        ! grep -qE "\\b$2\\b.*its state directory takes no writes" <<<"$text" || word=yes
        [ "$word" = "$3" ]
}

all_show() {
        local node
        for node in abc bcd def; do
                shows_unwritable "$node" "$1" "$2" || return 1
        done
}
# The same in the plain status: a line of its own for each such node.
status_warns() { NODE_TIMEOUT=10 node_exec "$1" distroctl --no-pager status | grep -q "Warning: $2: its state directory takes no writes"; }
identity() { node_exec abc systemctl show --value -p InvocationID distro-app-distro.service; }

# The disk of abc has just become unwritable. What is commanded elsewhere reaches the disks of the others.
unwritable() {
        local begin
        begin=$(now)
        check 'a command is committed by the others' node_exec def distroctl standby def
        check_time 'its answer' $(($(now) - begin)) 0 3500000
        check_within 5 'all say why abc gets nothing' all_show abc yes
        check 'its own status warns of it' status_warns abc abc
        check "another node's status warns of it" status_warns def abc
        wait_line "$begin" 5 "$(of abc)" MESSAGE_ID=4c87097e142049b1a758f9cdaebf7f0b >/dev/null ||
                fail 'the journal of abc says so'
        check 'its worker runs on' app_runs_on distro abc
        check 'it is the same copy' test "$(identity)" = "$before"

        check 'a command given on abc is committed' node_exec abc distroctl start late
        check_within 5 'it starts on the next node' app_runs_on late bcd
        check_fails 'a takeover by abc is refused' node_exec abc distroctl takeover late abc
        check 'stop' node_exec def distroctl stop late
        check 'unstandby' node_exec def distroctl unstandby def
}

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 other bcd normal
before=$(identity)

writable_again() {
        local begin
        check_within 10 'abc is well again for all' all_show abc no
        begin=$(now)
        check 'start' node_exec def distroctl start late
        expect_start "$begin" 5 late abc normal
        check 'stop' node_exec def distroctl stop late
}

step 'the state directory of abc is full'
node_exec abc sh -c "dd if=/dev/zero of=$STATE/filler bs=4k 2>/dev/null; ! echo more 2>/dev/null >$STATE/more"
unwritable

step 'there is room again'
node_exec abc rm -f "$STATE/filler" "$STATE/more"
writable_again

step 'the state directory of abc is read-only'
node_exec abc mount -o remount,ro "$STATE"
unwritable

step 'it takes writes again'
node_exec abc mount -o remount,rw "$STATE"
writable_again

step 'the manager of abc is restarted while it is read-only'
node_exec abc mount -o remount,ro "$STATE"
check 'restart' node_exec abc systemctl restart distro-manager
cluster_wait_synced 20
check 'a command is committed by the others' node_exec def distroctl start late
check_within 5 'all say why abc gets nothing' all_show abc yes
check_within 5 'it starts on the next node' app_runs_on late bcd
check 'its worker runs on' app_runs_on distro abc
check 'it is the same copy' test "$(identity)" = "$before"

step 'it takes writes again: the manager, whose own mounts are of its start, is restarted once more'
node_exec abc mount -o remount,rw "$STATE"
begin=$(now)
check 'restart' node_exec abc systemctl restart distro-manager
cluster_wait_synced 20
expect_start "$begin" 10 late abc takeover bcd
check 'it is the same copy' test "$(identity)" = "$before"

step 'bcd cannot write either: two of three disks are out, so nothing is committed'
node_exec abc mount -o remount,ro "$STATE"
node_exec bcd mount -o remount,ro "$STATE"
check_fails 'a command is refused' node_exec def distroctl standby def
check 'what runs goes on' app_runs_on distro abc
check 'what runs goes on' app_runs_on other bcd
node_exec abc mount -o remount,rw "$STATE"
node_exec bcd mount -o remount,rw "$STATE"
check_within 10 'abc is well again for all' all_show abc no
check 'a command is committed' node_exec def distroctl unstandby def

end_test distro other late
