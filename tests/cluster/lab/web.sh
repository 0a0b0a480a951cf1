# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A web server with an address of IPv4 and one of IPv6, and a client of it that never stops asking. Sourced by lab.sh. The
# client is a host of its own at the switch: this machine's end of the bridge.

WEB_4=10.99.0.80
WEB_6=fd99::80
WEB_PORT=8080
WEB_PROGRAM=/usr/local/bin/lab-web
WEB_CLIENTS=()

# Makes the program for the client, and gives it to all members. For `applications`, before web_app.
web_install() {
        local name
        cc -O1 -o "$LAB/web" "$LAB_SRC/web.c"
        for name in "${MEMBERS[@]}"; do
                install -D "$LAB/web" "$LAB/$name/root$WEB_PROGRAM"
        done
}

# web_app APP NODES [KEY=VALUE...] [-- LINE...]: defines it on all members. KEY=VALUE are of [Application]; LINE are those of
# [Parts], both addresses unless given.
web_app() {
        local name=$1 nodes=$2 keys='' parts
        shift 2
        while [ $# -gt 0 ] && [ "$1" != -- ]; do
                keys+=$1$'\n'
                shift
        done
        parts=$(printf '%s\n' "Address=$WEB_4/24 host0" "Address=$WEB_6/64 host0")
        if [ $# -gt 0 ]; then
                shift
                parts=$(printf '%s\n' "$@")
        fi
        cluster_file all "/etc/distro-manager/applications/$name.app" <<-END
		[Application]
		Nodes=$nodes
		$keys
		[Parts]
		$parts
		[Service]
		Type=notify
		ExecStart=$WEB_PROGRAM serve $WEB_PORT
	END
}

# The client begins to ask.
web_ask() {
        # Else it has the lowest one of its ports, and is another host whenever a guest comes or goes.
        ip link set lab0 address 02:00:00:00:00:fe
        ip address add 10.99.0.254/24 dev lab0
        ip address add fd99::fe/64 dev lab0 nodad
        "$LAB/web" ask "$WEB_4" "$WEB_PORT" >"$LAB/asked.4" &
        WEB_CLIENTS+=($!)
        "$LAB/web" ask "$WEB_6" "$WEB_PORT" >"$LAB/asked.6" &
        WEB_CLIENTS+=($!)
}

# It ends.
web_end() {
        local client
        for client in "${WEB_CLIENTS[@]}"; do
                kill "$client" 2>/dev/null || true
                wait "$client" 2>/dev/null || true
        done
        WEB_CLIENTS=()
}

# Whether guest $1, and nobody else, answered the last questions of both clients since time $2.
web_answers_from() {
        local family
        for family in 4 6; do
                [ "$(awk -v since="$2" '$1 > since { print $2 }' "$LAB/asked.$family" | sort -u)" = "$1" ] || return 1
        done
}

# The longest time since time $2 between two lines of file $1, each of which begins with its time, in microseconds.
longest_pause() {
        awk -v since="$2" -v end="$(now)" '
                $1 > since && last != "" && $1 - last > most { most = $1 - last }
                { last = $1 }
                END { if (end - last > most) most = end - last; printf "%.0f\n", most }' "$1"
}

# The longest time since time $1 in which a client had no answer, in microseconds.
web_pause() {
        local family
        for family in 4 6; do
                longest_pause "$LAB/asked.$family" "$1"
        done | sort -n | tail -n 1
}

node_mac() { node_exec "$1" cat /sys/class/net/host0/address; }

# The members whose kernel has address $1.
address_nodes() {
        local name nodes=
        for name in "${MEMBERS[@]}"; do
                node_is_up "$name" || continue
                case $(node_exec "$name" ip -o address show dev host0) in
                *" $1/"*) nodes+=" $name" ;;
                esac
        done
        echo "${nodes# }"
}

# Whether address $1 is on guest $2 and on no other member, and the network hears of its MAC and of no other: asked from guest
# $3, or without from the switch.
address_is_on() {
        local nodes macs mac
        nodes=$(address_nodes "$1")
        if [ -n "${3:-}" ]; then
                macs=$(node_exec "$3" "$WEB_PROGRAM" who "$1" host0)
        else
                macs=$("$LAB/web" who "$1" lab0)
        fi
        mac=$(node_mac "$2")
        echo "$1 is on: $nodes; who answers: $macs; the MAC of $2: $mac"
        [ "$nodes" = "$2" ] && [ "$macs" = "$mac" ]
}

# Both of the web server's.
web_is_on() { address_is_on "$WEB_4" "$1" && address_is_on "$WEB_6" "$1"; }
