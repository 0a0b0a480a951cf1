#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A record that is torn, overwritten, or something else altogether is kept aside and reported, and the node gets the state
# from the others; one of a newer version is left as it is, and its manager does not start.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

STATE=/var/lib/distro-manager
# The hash of a record's header (src/base/hash.c) over the bytes on the standard input, as eight bytes, little endian.
hash64() {
        local byte h=$((0xcbf29ce484222325)) i
        while read -r byte; do
                h=$(((h ^ byte) * 0x100000001b3))
        done < <(od -An -v -tu1 -w1)
        h=$((h ^ (h >> 33 & 0x7fffffff)))
        h=$((h * 0xff51afd7ed558ccd))
        h=$((h ^ (h >> 33 & 0x7fffffff)))
        h=$((h * 0xc4ceb9fe1a85ec53))
        h=$((h ^ (h >> 33 & 0x7fffffff)))
        for i in 0 1 2 3 4 5 6 7; do
                # shellcheck disable=SC2059 # the format is the byte
                printf "\\x$(printf '%02x' $((h >> (8 * i) & 255)))"
        done
}

applications() {
        cluster_app distro 'def bcd abc'
        cluster_app moved 'abc bcd def'
}

app_field_is() { [ "$(app_field "$1" "$2" "$3")" = "$4" ]; }

# How many records abc has kept aside.
n_kept() { find "$LAB/abc/root$STATE" -name 'state.damaged-*' | wc -l; }

# damaged WHAT COMMAND: the record of abc is damaged by COMMAND while its manager is away.
damaged() {
        local kept since
        step "the record of abc is $1"
        kept=$(n_kept)
        check 'stop' node_exec abc systemctl stop distro-manager
        check 'there is a record' test -s "$LAB/abc/root$STATE/state"
        (cd "$LAB/abc/root$STATE" && eval "$2")
        since=$(now)
        check 'start' node_exec abc systemctl start distro-manager
        cluster_wait_synced 20
        wait_line "$since" 5 "$(of abc)" MESSAGE_ID=912fe9d9d8c04c2aa9b8e153ff9985b0 >/dev/null ||
                fail 'the journal of abc says so'
        check 'it is kept aside' test "$(n_kept)" = $((kept + 1))
        check_within 5 'a good record is written' same_record
        check 'abc knows what was commanded' permission_is abc false
        check 'nothing moved' app_runs_on distro def
        check 'nothing moved' app_runs_on moved bcd
}

# Whether guest $1 holds that moved may, or may not, run on abc.
permission_is() {
        [ "$(cluster_status "$1" '.applications[] | select(.name == "moved") | .permissions.abc')" = "$2" ]
}

# All nodes write the same bytes.
same_record() { cmp -s "$LAB/abc/root$STATE/state" "$LAB/bcd/root$STATE/state"; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro def normal
expect_start "$begin" 10 moved abc normal
check 'forbid' node_exec def distroctl forbid moved abc
check_within 5 'it moved' app_runs_on moved bcd

# shellcheck disable=SC2016 # the function expands it
damaged 'torn' 'truncate -s $(($(stat -c %s state) / 2)) state'
damaged 'empty' ': >state'
damaged 'overwritten in its middle' 'printf xyz | dd of=state bs=1 seek=100 conv=notrunc 2>/dev/null'
damaged 'a folder' 'rm state && mkdir state'

step 'the record of abc is of a newer version'
check 'stop' node_exec abc systemctl stop distro-manager
(
        cd "$LAB/abc/root$STATE"
        head -c 24 state | hash64 | cmp -s - <(tail -c +25 state | head -c 8) || exit 1
        mv state old
        { head -c 20 old && printf '\377\0\0\0'; } >begin
        { cat begin && hash64 <begin && tail -c +33 old; } >state
        rm old begin
) || fail 'the record has the header that this test knows'
newer=$(md5sum <"$LAB/abc/root$STATE/state")
kept=$(n_kept)
since=$(now)
check_fails 'the manager does not start' node_exec abc systemctl start distro-manager
wait_line "$since" 5 "$(of abc)" MESSAGE_ID=1f072eeb25de4999af831d1eeff6883c --grep='format version 255' >/dev/null ||
        fail 'the journal of abc says why'
check 'its exit status says so too' test \
        "$(node_exec abc systemctl show --value -p ExecMainStatus distro-manager)" = 76
check_stays 2 'systemd does not try again' node_exec abc systemctl is-failed --quiet distro-manager
check 'the record is not touched' test "$(md5sum <"$LAB/abc/root$STATE/state")" = "$newer"
check 'nor is it kept aside' test "$(n_kept)" = "$kept"
check 'the others go on' app_field_is distro node bcd def

step 'it is moved away: abc has no record, and joins'
mv "$LAB/abc/root$STATE/state" "$LAB/abc/root/root/newer"
check 'start' node_exec abc systemctl start distro-manager
cluster_wait_synced 20
check_within 5 'a record is written' same_record
check 'abc knows what was commanded' permission_is abc false
check 'nothing moved' app_runs_on distro def
check 'nothing moved' app_runs_on moved bcd

end_test distro moved
