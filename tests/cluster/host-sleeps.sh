#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All of a host stands still for longer than the others wait, and goes on: it starts nothing of what it missed, its worker
# ends, and one copy is left. A short sleep moves nothing.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() {
        cluster_app distro 'abc bcd def' FailoverDelaySec=3s Takeover=manual
        cluster_app slow 'abc bcd def' FailoverDelaySec=6s Takeover=manual
}

app_field_is() { [ "$(app_field "$1" "$2" "$3")" = "$4" ]; }
identity() { node_exec "$1" systemctl show --value -p InvocationID "distro-app-$2.service"; }
# The times at which application $1 began, or ended ($3), on guest $2.
times_of() { copy_events "$1" | awk -v node="$2" -v what="$3" '$2 == node && $3 == what { print $1 }'; }
# Whether guest $2 noticed it: its manager says so, or its systemd, which was awake before it, ended it as one that hangs.
slept() {
        find_line "$1" "$(of "$2")" MESSAGE_ID=9e3e113604db4593903b10f1abb69b42 ||
                find_line "$1" "$(of "$2")" _COMM=systemd UNIT=distro-manager.service --grep='[Ww]atchdog timeout'
}

begin=$(now)
cluster_up -w abc bcd def
expect_start "$begin" 10 distro abc normal
expect_start "$begin" 10 slow abc normal

step 'abc sleeps for a moment: nothing moves'
distro=$(identity abc distro)
slow=$(identity abc slow)
node_freeze abc
sleep 0.7
node_thaw abc
cluster_wait_synced 20
check_stays 4 'both run where they ran' app_runs_on distro abc
check_within 2 'both run where they ran' app_runs_on slow abc
check 'they are the same copies' test "$(identity abc distro) $(identity abc slow)" = "$distro $slow"

step 'abc sleeps until the others have started what it ran'
since=$(now)
node_freeze abc
for app in distro slow; do
        line=$(worker_start "$since" "$app" bcd 25) || fail "bcd starts $app"
        case $(line_text "$line") in
        "$app: start type failover on bcd, from abc, epoch "*) ;;
        *) fail "the type of $app is failover" "$(line_text "$line")" ;;
        esac
done
check_within 5 'def says so too' app_field_is slow node def bcd

step 'abc wakes up: its workers end'
woke=$(now)
node_thaw abc
cluster_wait_synced 30
check_within 5 'one copy of distro is left' app_runs_on distro bcd
check_within 5 'one copy of slow is left' app_runs_on slow bcd
slept "$woke" abc >/dev/null || fail 'abc noticed that it slept'
for app in distro slow; do
        ended=$(times_of "$app" abc end | tail -n 1)
        [ "${ended:-0}" -ge "$woke" ] || fail "the copy of $app on abc ended" "$(copy_events "$app")"
        # Corosync of abc has to lose the token and to meet the others first; guarantees.md, row 7.
        check_time "the end of abc's copy of $app after it woke" $((ended - woke)) 0 10000000
        [ "$(times_of "$app" abc begin | wc -l)" = 1 ] || fail "abc started $app once" "$(copy_events "$app")"
done
check_stays 3 'it stays so' app_runs_on distro bcd

step 'bcd loses its power, and abc, the next one, sleeps while the delay runs: def starts both'
since=$(now)
node_power_cut bcd
quorum_time abc "$since" >/dev/null || fail 'abc gets a new ring'
check_within 3 'abc waits for the end of the delay' app_field_is distro state abc waiting
node_freeze abc
for app in distro slow; do
        worker_start "$since" "$app" def 30 >/dev/null || fail "def starts $app"
done

step 'abc wakes up: it starts nothing, though by its own clock both delays are over'
woke=$(now)
node_thaw abc
cluster_wait_synced 30
check_within 5 'distro runs where it was started' app_runs_on distro def
check_within 5 'slow runs where it was started' app_runs_on slow def
check_stays 3 'it stays so' app_runs_on distro def
for app in distro slow; do
        [ -z "$(times_of "$app" abc begin | awk -v woke="$woke" '$1 > woke')" ] ||
                fail "abc did not start $app" "$(copy_events "$app")"
done

end_test
