#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clients that ask for more than the manager takes are refused at a bound, and the cluster does not notice: what it is
# doing goes on, others are served, and a failover comes as always. And distroctl itself stays below the bound.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

APPS=60

applications() {
        local node n
        # They are to hang for as long as the test wants.
        for node in bcd def; do
                printf '[Service]\nWatchdogSec=0\n' |
                        cluster_file "$node" /etc/systemd/system/distro-manager.service.d/no-watchdog.conf
        done
        cluster_app distro 'abc bcd def' FailoverDelaySec=3s Takeover=manual
        for n in $(seq "$APPS"); do
                cluster_app "a$n" '{abc bcd def}' Takeover=manual -- 'ExecStart=/bin/sleep infinity' Type=exec
        done
}

all_run() { [ "$(cluster_status "${1:-abc}" '[.applications[] | select(.state == "running")] | length')" = $((APPS + 1)) ]; }
main_pid() { node_exec "$1" systemctl show --value -p MainPID distro-manager; }
# shellcheck disable=SC2016 # awk expands it
memory_of() { node_exec "$1" awk '/^Pss:/ { s += $2 } END { print s }' "/proc/$(main_pid "$1")/smaps"; }

cluster_up abc bcd def
check_within 60 'all applications run' all_run
manager=$(main_pid abc)

step 'distroctl with more names than the manager takes calls of one client'
# shellcheck disable=SC2046
check 'all are restarted' node_exec abc distroctl restart $(seq -f a%g "$APPS")
check_within 20 'all run' all_run

step 'a flood, while no command is committed since two managers hang'
memory=$(memory_of abc)
cluster_file abc /root/flood <<-'END'
	#!/bin/bash
	# What 400 clients at once are told, counted.
	for n in $(seq 400); do
	        { busctl --timeout=20 call org.distro.Manager1 /org/distro/Manager1 org.distro.Manager1 SetMaintenance sb \
	                "a$((n % 60 + 1))" "$((n / 60 % 2))" 2>&1 && echo answered; } | cut -c -70 &
	done | sort | uniq -c
	wait
END
chmod 755 "$LAB/abc/root/root/flood"
# With one of them the others would go on without it after two seconds, and a busy machine starts too few clients in that time.
for node in bcd def; do
        node_exec "$node" systemctl kill --kill-whom=main --signal=STOP distro-manager
done
NODE_TIMEOUT=100 node_exec abc /root/flood >"$LAB/told" &
flood=$!
check 'somebody else is served meanwhile' node_exec abc distroctl --no-pager status
wait "$flood" || fail 'the flood ends'
for node in bcd def; do
        node_exec "$node" systemctl kill --kill-whom=main --signal=CONT distro-manager
done
sed 's/^/    /' "$LAB/told"
check 'many are refused at the bound' grep -qiE 'under way' "$LAB/told"
check 'nobody is left without an answer' test -z "$(grep -iE 'timed out|no reply|disconnected' "$LAB/told" || true)"
check 'the manager is the same' test "$(main_pid abc)" = "$manager"
cluster_wait_synced
check 'the maintenance ends' node_exec abc distroctl maintenance --all off
check_within 20 'all run on' all_run
more=$(($(memory_of abc) - memory))
note "the manager has $more KiB more than before"
# Instruments keep what was freed.
[ -n "${LAB_INSTRUMENT:-}" ] || check 'and has not kept what it refused' test "$more" -lt 2048

step 'a failover under a flood'
cluster_file bcd /root/flood <<-'END'
	#!/bin/bash
	end=$((SECONDS + 15))
	while [ "$SECONDS" -lt "$end" ]; do
	        for n in 1 2 3 4 5 6 7 8; do
	                busctl call org.distro.Manager1 /org/distro/Manager1 org.distro.Manager1 Permit ssb "a$n" def true &
	        done
	        wait
	done >/dev/null 2>&1
END
chmod 755 "$LAB/bcd/root/root/flood"
NODE_TIMEOUT=100 node_exec bcd /root/flood &
flood=$!
cut=$(now)
node_power_cut abc
expect_start "$cut" 20 distro bcd failover abc
wait "$flood" || true
check_within 30 'all run' all_run bcd

end_test distro
