#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Keys that our table lacks and systemd knows are in force. A daemon-reload changes no command of a worker's unit: not the prefixes "+" and "!", not "$", no quotes; also where a
# restart by systemd, or the end of the copy, comes after it. systemd 252 loses them from the file that it writes itself.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

# shellcheck disable=SC2016 # systemd expands them
applications() {
        cluster_app vip 'abc bcd' Takeover=manual -- User=nobody CoredumpFilter=private-anonymous 'ExecStart=/bin/sleep infinity' \
                'ExecStartPre=+/bin/ip address add 10.99.0.101/32 dev lo' \
                'ExecStopPost=+/bin/ip address del 10.99.0.101/32 dev lo'
        cluster_app all 'abc bcd' Takeover=manual -- User=nobody Type=exec Restart=always RestartSec=0 Environment=WHERE=/run/here \
                "ExecCondition=!/bin/sh -c ':'" \
                $'ExecStartPre=/bin/sh -c \'echo "\t%%n $$PWD" >/dev/null; :\'' \
                "ExecStartPre=-+@/bin/sh my-sh -c 'echo \$\$0 \"\$1\" \\\\\$\$1 >\${WHERE}' a ';' '%%H \"q\" ü' ''" \
                'ExecStart=+/bin/sleep 1000000' \
                'ExecStartPost=/bin/true ; +/bin/true $WHERE "" ; /bin/true' \
                'ExecReload=:/bin/echo $WHERE ${WHERE}' \
                'ExecStop=/bin/touch /dev/null $WHERE' \
                "ExecStopPost=+/bin/sh -c 'id -u >>\$\$WHERE-ended'"
}

# What systemd holds of the commands, without when they ran.
commands() {
        local key
        for key in ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPost; do
                node_exec "$1" busctl -j get-property org.freedesktop.systemd1 \
                        "/org/freedesktop/systemd1/unit/distro_2dapp_2d$2_2eservice" org.freedesktop.systemd1.Service "${key}Ex" |
                        jq -c --arg key "$key" '[$key, (.data | map(.[0:3]))]'
        done
}

drop_ins() { node_exec "$1" find /run/systemd/system -name '*distro*.conf'; }
has_drop_in() { node_exec "$1" sh -c "test -e /run/systemd/system/distro-app-$2.service.d/00-distro-manager-*.conf"; }
# systemd knows this key, and our table does not: it is in force from the first moment.
has_filter() { [ "$(node_exec "$1" systemctl show --value -p CoredumpFilter distro-app-vip)" = 0x1 ]; }
has_address() { node_exec "$1" ip -br address show dev lo | grep -qF 10.99.0.101; }
main_is_new() {
        local pid
        pid=$(node_exec abc systemctl show --value -p MainPID distro-app-all)
        [ "$pid" != 0 ] && [ "$pid" != "$1" ]
}

cluster_up abc bcd
check_within 10 'vip runs on abc' app_runs_on vip abc
check_within 10 'all runs on abc' app_runs_on all abc
check 'the address is there' has_address abc
check 'a key that systemd alone knows is in force' has_filter abc
check 'systemd has read all that there is' test "$(node_exec abc systemctl show --value -p NeedDaemonReload distro-app-vip)" = no
# shellcheck disable=SC2016 # as it is written
check "what a command wrote is what a unit file's would" test \
        "$(node_exec abc cat /run/here)" = 'a ; $1'

step 'a daemon-reload changes no command'
before=$(commands abc all)
check 'commands are told' test "$(wc -l <<<"$before")" = 7
check 'the main command is privileged' grep -q '"ExecStart",\[\["/bin/sleep",.*"privileged"' <<<"$before"
check 'it succeeds' node_exec abc systemctl daemon-reload
after=$(commands abc all)
[ "$before" = "$after" ] || fail 'they are the same' "$(diff <(echo "$before") <(echo "$after"))"
check 'systemd has read all that there is' test "$(node_exec abc systemctl show --value -p NeedDaemonReload distro-app-all)" = no

step 'a restart by systemd still has its command, and its privileges'
pid=$(node_exec abc systemctl show --value -p MainPID distro-app-all)
check 'the main process ends' node_exec abc kill "$pid"
check_within 10 'there is a new one' main_is_new "$pid"
pid=$(node_exec abc systemctl show --value -p MainPID distro-app-all)
check 'it is of root' test "$(node_exec abc stat -c %u "/proc/$pid")" = 0
check 'what comes at the end ran as root too' test "$(node_exec abc cat /run/here-ended)" = 0

step 'a move after the daemon-reload: the address is on one node'
check 'vip moves' node_exec abc distroctl takeover vip bcd
check_within 10 'vip runs on bcd' app_runs_on vip bcd
check 'bcd has the address' has_address bcd
check_fails 'abc has not' has_address abc
check 'bcd reloads too' node_exec bcd systemctl daemon-reload
check 'vip moves back' node_exec abc distroctl takeover vip abc
check_within 10 'vip runs on abc' app_runs_on vip abc
check_fails 'bcd has not' has_address bcd
check 'abc has it' has_address abc

step 'many moves, as fast as they go: each copy has its drop-in'
for node in bcd abc bcd abc; do
        check "vip moves to $node" node_exec abc distroctl takeover vip "$node"
        check "$node has the drop-in" has_drop_in "$node" vip
        check "$node knows the key" has_filter "$node"
        check "$node has restarted it" node_exec abc distroctl restart vip
        check "$node knows the key again" has_filter "$node"
        check "$node has the drop-in again" has_drop_in "$node" vip
done

step 'what ends leaves nothing behind'
check 'both are stopped' node_exec abc distroctl stop vip all
gone() { [ -z "$(drop_ins abc)$(drop_ins bcd)" ]; }
check_within 10 'no drop-in is left' gone

end_test
