#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files of one application that differ between nodes: shown, not eligible, nothing crashes; and reload.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=1s Takeover=manual
        CLUSTER_APP_ON=bcd cluster_app distro 'abc bcd def' FailoverDelaySec=2s Takeover=manual
}

mismatch_is() {
        [ "$(cluster_status def '.applications[] | select(.name == "distro") | .definition_mismatch | join(" ")')" = "$1" ]
}

begin=$(now)
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal
check_within 3 'bcd differs, and status shows it' mismatch_is bcd

step 'bcd is not eligible'
check_fails 'takeover' node_exec abc distroctl takeover distro bcd
cut=$(now)
node_power_cut abc
expect_start "$cut" 10 distro def failover abc

step 'the file on bcd is mended and read again'
cluster_file bcd /etc/distro-manager/applications/distro.app <"$LAB/def/root/etc/distro-manager/applications/distro.app"
check 'reload says what has changed' test "$(node_exec bcd distroctl reload)" = 'distro: changed on bcd.'
check 'and that nothing has' test "$(node_exec bcd distroctl reload)" = 'Read on bcd: nothing has changed.'
check_within 3 'no node differs' mismatch_is ''
begin=$(now)
check 'takeover' node_exec def distroctl takeover distro bcd
expect_start "$begin" 5 distro bcd takeover def

step 'a file that cannot be used: the last good definition stays in force'
echo 'Nodes=' >>"$LAB/bcd/root/etc/distro-manager/applications/distro.app"
echo 'Nonsense=yes' >>"$LAB/bcd/root/etc/distro-manager/applications/distro.app"
check_fails 'verify' node_exec bcd distroctl verify /etc/distro-manager/applications/distro.app
check_fails 'reload says so' node_exec bcd distroctl reload
case $(node_exec bcd distroctl reload 2>&1) in
*'distro.app:'*Nonsense*'The manager keeps the last good definitions'*) ;;
*) fail 'reload names the file and the line' "$(node_exec bcd distroctl reload 2>&1)" ;;
esac
check_stays 2 'it runs' app_runs_on distro bcd
wrong_is() { [ "$(cluster_status def '.applications[] | select(.name == "distro") | .wrong_files | keys | join(" ")')" = "$1" ]; }
check_within 3 'def knows that it is wrong' wrong_is bcd
said=$(node_exec def distroctl reload --all 2>&1) && fail 'reload --all says so' "$said"
case $said in
*'distro: the file on bcd is wrong: line '*'the last good one is in force'*) ;;
*) fail 'reload --all names the node' "$said" ;;
esac

step 'a new file that cannot be used'
echo '[Application]' >"$LAB/bcd/root/etc/distro-manager/applications/second.app"
check_fails 'reload says so' node_exec bcd distroctl reload
says_no_file() { grep -q 'no file that can be used' <<<"$(app_field second reason)"; }
check_within 3 'the status says why it does not run' says_no_file
rm "$LAB/bcd/root/etc/distro-manager/applications/second.app"

step 'a new [Service] counts at the next start'
cluster_app distro 'abc bcd def' FailoverDelaySec=1s Takeover=manual -- Environment=GENERATION=2
id=$(node_exec bcd systemctl show --value -p InvocationID distro-app-distro.service)
said=$(node_exec bcd distroctl reload --all 2>&1) || fail 'reload on every node' "$said"
case $said in
*'distro: changed on bcd, def; restart needed.'*) ;;
*) fail 'it says what has changed where' "$said" ;;
esac
needs_restart() { for n in bcd def; do [ "$(app_field distro restart_needed "$n")" = "$1" ] || return; done; }
check_within 3 'the status on all nodes says so' needs_restart true
node_exec bcd systemctl restart distro-manager
check_within 10 'also when the manager there was restarted' needs_restart true
cluster_app distro 'abc bcd def' FailoverDelaySec=2s Takeover=manual
check 'reload on every node' node_exec bcd distroctl reload --all
check_within 3 'no restart is needed when the file is as it was, but for [Application]' needs_restart false
cluster_app distro 'abc bcd def' FailoverDelaySec=1s Takeover=manual -- Environment=GENERATION=2
check 'reload on every node' node_exec bcd distroctl reload --all
check_within 3 'and again' needs_restart true
check 'it was left alone' test "$(node_exec bcd systemctl show --value -p InvocationID distro-app-distro.service)" = "$id"
begin=$(now)
check 'restart' node_exec def distroctl restart distro
expect_start "$begin" 5 distro bcd normal
check 'the new setting is in force' node_exec bcd sh -c \
        'systemctl show -p Environment distro-app-distro.service | grep -q GENERATION=2'
check_within 3 'no restart is needed' needs_restart false

step 'new files, read on every node: each application starts once, and where it belongs'
for i in 1 2 3 4; do
        cluster_app "first$i" 'def bcd' Takeover=manual
        cluster_app "even$i" '{bcd def}' Takeover=manual
done
check 'reload on every node' node_exec bcd distroctl reload --all
all_run() {
        [ "$(cluster_status bcd '[.applications[] | select(.name != "distro" and .state == "running" and .start_type == "normal")] | length')" = 8 ]
}
check_within 10 'all eight run' all_run
began() { copy_events "$1" | awk '$3 == "begin" { print $2 }' | tr '\n' ' '; }
for i in 1 2 3 4; do
        check "first$i started on def alone" test "$(began "first$i")" = 'def '
done
evens=$(for i in 1 2 3 4; do began "even$i"; echo; done | sort | tr -d ' \n')
check 'the equal nodes share the others' test "$evens" = bcdbcddefdef

end_test distro first1 first2 first3 first4 even1 even2 even3 even4
