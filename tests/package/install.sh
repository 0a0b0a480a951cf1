#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The life of the package on a cluster of three: installed, configured, upgraded under a running worker, upgraded without
# quorum, removed, purged.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${0%/*}/lib.sh"

# What lies on the disk of guest $1, but for what dpkg and the journal keep about themselves.
files_of() {
        node_exec "$1" sh -c 'find "$@" -print; ls -d /run/distro-manager /run/systemd/transient/* 2>/dev/null || true' - \
                /etc /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/lib/corosync -o -path /var/tmp \
                -o -path /var/lib/systemd/catalog -o -path /etc/machine-id \) -prune -o | sort
}

# Which copy of application clock runs on guest $1.
copy_of() { unit_property "$1" InvocationID distro-app-clock.service; }

package_boot abc bcd def
files_of abc >"$LAB/before"

step 'installing starts nothing'
for name in "${MEMBERS[@]}"; do
        package "$name" --install /root/old.deb
        check_fails 'it is not enabled' node_exec "$name" systemctl is-enabled --quiet distro-manager
        check 'it is not started' test "$(unit_property "$name" ActiveState distro-manager)" = inactive
        check 'the workers'\'' slice is known' test -n "$(unit_property "$name" FragmentPath distro.slice)"
done
check 'what is installed verifies' node_exec abc distroctl verify
check 'its messages are in the catalog' node_exec abc journalctl --list-catalog 94749d3d50254dbeb15b7a31d30fee73
check 'polkit knows its actions' node_exec abc test -e /usr/share/polkit-1/actions/org.distro.Manager1.policy
check_fails 'nobody answers' node_exec abc distroctl --no-pager status

step 'an application of our own'
cluster_file all /usr/local/bin/clock-worker <<-'END'
	#!/bin/sh
	echo "clock: start type $DISTRO_START_TYPE on $DISTRO_NODE, from $DISTRO_FROM_NODE, epoch $DISTRO_EPOCH"
	exec sleep infinity
END
for name in "${MEMBERS[@]}"; do
        chmod 755 "$LAB/$name/root/usr/local/bin/clock-worker"
done
# With a delay: without one the other side may start it before a node that is cut off has stopped it.
cluster_app clock 'abc bcd def' Takeover=manual FailoverDelaySec=5s -- ExecStart=/usr/local/bin/clock-worker User=nobody
package_configure
check 'it verifies' node_exec abc distroctl verify
package_start
check_within 10 'clock runs on abc' app_runs_on clock abc

step 'an upgrade leaves the worker alone'
for name in "${MEMBERS[@]}"; do
        manager=$(unit_property "$name" MainPID distro-manager)
        copy=$(copy_of abc)
        worker=$(unit_property abc MainPID distro-app-clock.service)
        epoch=$(app_field clock epoch)
        fuse=$(unit_property "$name" MainPID distro-fuse.service)
        begin=$(now)
        package "$name" --install /root/new.deb
        check_time "the upgrade of $name" $(($(now) - begin)) 0 20000000
        # shellcheck disable=SC2016 # dpkg-query expands it
        check 'the new version is there' test "$(node_exec "$name" dpkg-query -Wf '${Version}' distro-manager)" = \
                "$(dpkg-deb -f "$PACKAGE_NEW" Version)"
        check 'the manager is another process' test "$(unit_property "$name" MainPID distro-manager)" != "$manager"
        check 'it takes part when the upgrade is over' node_is_synced "$name"
        check_within 5 'clock runs on abc' app_runs_on clock abc
        check 'it is the same copy' test "$(copy_of abc)" = "$copy"
        check 'it is the same process' test "$(unit_property abc MainPID distro-app-clock.service)" = "$worker"
        check 'it has the same epoch' test "$(app_field clock epoch)" = "$epoch"
        check 'the guard is the new one' test "$(unit_property "$name" FragmentPath distro-guard.service)" != \
                /run/systemd/transient/distro-guard.service
        check 'it is there' test "$(unit_property "$name" ActiveState distro-guard.service)" = active
        check 'there is a fuse' test "$(unit_property "$name" ActiveState distro-fuse.service)" = active
        # That of an older package has to be begun; later it stays.
        if [ "${fuse:-0}" -ne 0 ]; then
                check 'the fuse is the same process' test "$(unit_property "$name" MainPID distro-fuse.service)" = "$fuse"
        fi
done

step 'an upgrade while the manager does not run starts nothing'
node_exec def systemctl stop distro-manager
package def --install /root/new.deb
check 'it is not started' test "$(unit_property def ActiveState distro-manager)" = inactive
check 'it is still enabled' node_exec def systemctl is-enabled --quiet distro-manager

step 'an upgrade without quorum'
cable_cut abc
wait_until 30 node_exec abc sh -c '! systemctl is-active --quiet distro-app-clock.service' || fail 'abc stops clock'
begin=$(now)
package abc --install /root/new.deb
check_time 'it' $(($(now) - begin)) 0 10000000

step 'an upgrade does not wait for a manager that waits for other nodes'
node_exec abc systemctl stop distro-manager
node_exec abc rm /run/distro-manager/took-part
node_exec abc systemctl --no-block start distro-manager
begin=$(now)
package abc --install /root/new.deb
check_time 'it' $(($(now) - begin)) 19000000 30000000
check 'it says so' grep -q 'does not take part yet' <<<"$PACKAGE_SAID"
check 'the manager goes on waiting' test "$(unit_property abc ActiveState distro-manager)" = activating
cable_mend abc
wait_until 30 node_is_quorate abc 3 || fail 'abc is quorate again'
node_exec def systemctl start distro-manager
cluster_wait_synced

step 'a removal hands the application over'
check 'takeover' node_exec abc distroctl takeover clock abc
check_within 10 'clock runs on abc' app_runs_on clock abc
begin=$(now)
package abc --remove distro-manager
check_time 'the removal' $(($(now) - begin)) 0 20000000
check 'the worker is gone' test "$(unit_property abc ActiveState distro-app-clock.service)" = inactive
line=$(wait_line "$begin" 5 "$(of bcd)" _SYSTEMD_UNIT=distro-app-clock.service --grep='clock: start type') ||
        fail 'bcd takes clock over'
case $(line_text "$line") in
'clock: start type takeover on bcd, from abc,'*) ;;
*) fail 'the type is takeover' "$(line_text "$line")" ;;
esac
check 'the record stays' node_exec abc test -s /var/lib/distro-manager/state
check 'the configuration stays' node_exec abc test -e /etc/distro-manager/applications/clock.app
check 'no process stays' node_exec abc sh -c '! pgrep -x "distro-manager|distro-guard|distro-fuse"'

step 'installed again, it goes on where it was'
package abc --install /root/old.deb
check 'it is still enabled' node_exec abc systemctl is-enabled --quiet distro-manager
check 'it starts' node_exec abc systemctl start distro-manager
check_within 5 'clock stays' app_runs_on clock bcd

step 'a purge leaves the administrator'\''s files, and nothing else'
package abc --purge distro-manager
check 'the application'\''s file stays' node_exec abc test -s /etc/distro-manager/applications/clock.app
check 'the record is gone' node_exec abc test ! -e /var/lib/distro-manager
node_exec abc rm -r /etc/distro-manager
rm "$LAB/abc/root/usr/local/bin/clock-worker"
check_within 5 'nothing runs' node_exec abc sh -c '! systemctl --quiet is-active "distro-*"'
files_of abc >"$LAB/after"
check 'no file is new' diff "$LAB/before" "$LAB/after"
check 'no unit is known' test "$(unit_property abc LoadState distro-manager)" = not-found
check 'the others keep what runs' test "$(copies=; for name in bcd def; do
        node_exec "$name" systemctl is-active --quiet distro-app-clock.service && copies+=$name; done; echo "$copies")" = bcd

step 'the last node that could run it: it is stopped'
package def --purge distro-manager
package bcd --remove distro-manager
check 'the worker is gone' test "$(unit_property bcd ActiveState distro-app-clock.service)" = inactive
check 'its process is gone' node_exec bcd sh -c '! pgrep -u nobody'

end_test clock
