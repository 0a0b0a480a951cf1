#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names of nodes with dots, capitals and 112 characters, large numbers, a nodelist that each node has in another order, two
# links, and a ring number beyond 2^32: placement, commands and a failover are as with short ones.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

declare -A NAME=([abc]=DB-Node1.Example.COM [bcd]=db_node2.example.com [def]=$(printf 'n%.0s' {1..100}).example.com)
declare -A NUMBER=([abc]=60001 [bcd]=65535 [def]=300)
APP=$(printf 'a%.0s' {1..63})

# corosync.conf with the nodes in the order that is given.
conf() {
        local node link
        printf 'totem {\n version: 2\n cluster_name: lab\n transport: knet\n link_mode: passive\n'
        # A link is given up long before the token: on a busy machine else the ring is lost first.
        printf ' token: %s\n token_coefficient: 0\n' "$((3 * CLUSTER_TOKEN / 2))"
        for link in 0 1; do
                printf ' interface {\n  linknumber: %s\n  knet_ping_interval: 100\n  knet_ping_timeout: 300\n }\n' "$link"
        done
        printf '}\nlogging {\n to_syslog: yes\n to_stderr: no\n}\nnodelist {\n'
        for node; do
                printf ' node {\n  name: %s\n  nodeid: %s\n  ring0_addr: %s\n  ring1_addr: fd00::%s\n }\n' "${NAME[$node]}" \
                        "${NUMBER[$node]}" "$(node_address "$node")" "${NODE_NUMBER[$node]}"
        done
        printf '}\nquorum {\n provider: corosync_votequorum\n}\n'
}

# Whether the application runs on guest $1 alone, and guest $2 says so.
runs_on() {
        [ "$(app_copies "$APP")" = "$1" ] && [ "$(node_exec "$2" distroctl locate "$APP")" = "${NAME[$1]}" ]
}
identity() { node_exec abc systemctl show --value -p InvocationID "distro-app-$APP.service"; }
# Whether Corosync of abc has as many links to others as $1.
links_are() { [ "$(node_exec abc corosync-cfgtool -s | grep -c '[[:space:]]connected')" = "$1" ]; }

cluster_add abc bcd def
cluster_add_managers
conf abc bcd def | cluster_file abc /etc/corosync/corosync.conf
conf def bcd abc | cluster_file bcd /etc/corosync/corosync.conf
conf bcd def abc | cluster_file def /etc/corosync/corosync.conf
cluster_manager_conf SyncMandatory= "SyncMandatory=${NAME[*]}"
cluster_file all "/etc/distro-manager/applications/$APP.app" <<-END
	[Application]
	Nodes=${NAME[abc]} {${NAME[bcd]} ${NAME[def]}}
	Description=Datenbank für Übung – 時計 100% %n
	[Service]
	ExecStart=$WORKER
	Type=notify
END
for node in "${MEMBERS[@]}"; do
        # Corosync goes on from the number that it finds: here 2^32, in its own byte order.
        mkdir -p "$LAB/$node/root/var/lib/corosync"
        perl -e 'print pack("Q", 4294967296)' >"$LAB/$node/root/var/lib/corosync/ringid_${NUMBER[$node]}"
        sed -i "s|dev host0'|dev host0; ip address replace fd00::${NODE_NUMBER[$node]}/64 dev host0 nodad'|" \
                "$LAB/$node/root/etc/systemd/system/lab-network.service"
done
cluster_boot
cluster_wait_synced 60

step 'it starts where it belongs, with an epoch of that ring'
check_within 20 'it runs on abc' runs_on abc def
check 'the ring is beyond 2^32' test "$(app_field "$APP" epoch)" -gt $((4294967296 << 20))
check 'nothing is wrong with the files' node_exec abc distroctl verify
check_within 10 'both links are up' links_are 4

step 'commands by name'
check 'takeover' node_exec def distroctl takeover "$APP" "${NAME[bcd]}"
check_within 10 'it runs on bcd' runs_on bcd abc
check_fails 'capitals make another name' node_exec def distroctl takeover "$APP" "${NAME[abc],,}"
check_fails 'and so does a number' node_exec def distroctl standby "${NUMBER[bcd]}"
check 'takeover' node_exec def distroctl takeover "$APP"
check_within 10 'it runs on abc' runs_on abc bcd
before=$(identity)

step 'one link of abc fails, then the other one'
node_exec abc ip address del "$(node_address abc)/24" dev host0
check_within 20 'two links are left' links_are 2
check_stays 3 'it runs on' runs_on abc bcd
node_exec abc ip address add "$(node_address abc)/24" dev host0
check_within 20 'both links are up' links_are 4
node_exec abc ip address del "fd00::${NODE_NUMBER[abc]}/64" dev host0
check_within 20 'two links are left' links_are 2
check_stays 3 'it runs on' runs_on abc bcd
check 'it is the same copy' test "$(identity)" = "$before"

step 'the power of abc is cut'
node_power_cut abc
moved() { runs_on bcd bcd || runs_on def bcd; }
check_within 30 'another node has it' moved

end_test "$APP"
