# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What makes guests a cluster: Corosync, a quorum device, distro-manager and its applications. Sourced by lab.sh.
#
#   MEMBERS       the guests that are nodes of the cluster, in order of their ids
#   WITNESS       the guest that runs the quorum device; empty: none
#   CLUSTER_TIE_BREAKER   the device's tie_breaker; Corosync's default is `lowest`

MEMBERS=()
WITNESS=
CLUSTER_TOKEN=${CLUSTER_TOKEN:-1000}
# Token and consensus in microseconds: what Corosync has suffered by then, it has noticed.
CLUSTER_DETECTION=$((CLUSTER_TOKEN * 2200))

# Adds the guests of a cluster without booting them. `-w`: with a quorum device in a guest named witness, so that the
# last node of all stays quorate.
cluster_add() {
        local name witness=
        if [ "$1" = -w ]; then
                witness=yes
                shift
        fi
        lab_up
        for name; do
                node_add "$name"
                MEMBERS+=("$name")
        done
        if [ -n "$witness" ]; then
                WITNESS=witness
                node_add "$WITNESS"
                cluster_configure_witness
        fi
        for name in "${MEMBERS[@]}"; do
                cluster_corosync_conf >"$LAB/$name/root/etc/corosync/corosync.conf"
                node_wants "$name" corosync.service
                [ -z "$WITNESS" ] || node_wants "$name" corosync-qdevice.service
        done
}

# TLS is off in a lab only.
cluster_configure_witness() {
        local root=$LAB/$WITNESS/root
        mkdir -p "$root/etc/default"
        echo 'COROSYNC_QNETD_OPTIONS="-s off"' >"$root/etc/default/corosync-qnetd"
        node_wants "$WITNESS" corosync-qnetd.service
}

cluster_corosync_conf() {
        local name
        cat <<-END
		totem {
			version: 2
			cluster_name: lab
			transport: $LAB_TRANSPORT
			crypto_cipher: none
			crypto_hash: none
			token: $CLUSTER_TOKEN
			token_coefficient: 0
		}
		logging {
			to_syslog: yes
			to_stderr: no
		}
		nodelist {
	END
        for name in "${MEMBERS[@]}"; do
                cat <<-END
			node {
				name: $name
				nodeid: ${NODE_NUMBER[$name]}
				ring0_addr: $(node_address "$name")
			}
		END
        done
        cat <<-END
		}
		quorum {
			provider: corosync_votequorum
	END
        # The tie-breaker: where two nodes come back to the last one at once, qnetd sees three partitions of one node for
        # some milliseconds, and unless the last node wins the tie it loses its quorum for as long. Tests leave the node
        # with the highest id for last.
        [ -z "$WITNESS" ] || cat <<-END
			device {
				model: net
				votes: $((${#MEMBERS[@]} - 1))
				timeout: 2000
				sync_timeout: 4000
				net {
					host: $(node_address "$WITNESS")
					algorithm: lms
					tie_breaker: ${CLUSTER_TIE_BREAKER:-highest}
					tls: off
				}
			}
	END
        echo '}'
}

# Boots all members and the witness.
cluster_boot() {
        local name
        # The witness first: a node that is refused by it tries again only a second later.
        for name in ${WITNESS:+"$WITNESS"} "${MEMBERS[@]}"; do
                node_is_up "$name" || node_boot "$name"
        done
}

# Whether guest $1 is quorate in a ring of $2 nodes, and with a witness its votes count.
node_is_quorate() {
        node_exec "$1" corosync-quorumtool -s 2>/dev/null | awk -v nodes="$2" -v witness="$WITNESS" '
                $1 == "Nodes:" { n = $2 }
                $1 == "Quorate:" { q = $2 }
                $1 == "Total" && $2 == "votes:" { total = $3 }
                $1 == "Expected" && $2 == "votes:" { expected = $3 }
                END { exit !(n == nodes && q == "Yes" && (witness == "" || nodes < expected)) }'
}

# Waits until all members are quorate together.
cluster_wait_quorate() {
        local name
        for name in "${MEMBERS[@]}"; do
                wait_until "${1:-30}" node_is_quorate "$name" "${#MEMBERS[@]}" ||
                        lab_die "$name did not get quorate"
        done
}

# The time at which guest $1 was told of the quorum of the first new ring after time $2: Corosync's part of a
# failover ends there. Corosync writes this line as it sends the quorum notification.
quorum_time() {
        local line
        line=$(wait_line "$2" "${3:-30}" "$(of "$1")" SYSLOG_IDENTIFIER=corosync \
                --grep='\[QUORUM\] Members\[') || return 1
        line_time "$line"
}

# --- distro-manager

WORKER=/usr/libexec/distro-manager/distro-worker

# Writes the standard input to file $2 of guest $1, or of all members where $1 is `all`.
cluster_file() {
        local name text
        text=$(cat)
        for name in $([ "$1" = all ] && echo "${MEMBERS[@]}" || echo "$1"); do
                mkdir -p "$(dirname "$LAB/$name/root$2")"
                printf '%s\n' "$text" >"$LAB/$name/root$2"
        done
}

# Has the guests start distro-manager when they boot; each waits for all others at most $CLUSTER_SYNC.
cluster_add_managers() {
        local name other others
        [ -n "${LAB_TREE:-}" ] || lab_die 'LAB_TREE= names no tree with distro-manager'
        for name in "${MEMBERS[@]}"; do
                others=
                for other in "${MEMBERS[@]}"; do
                        [ "$other" = "$name" ] || others+=" $other"
                done
                cluster_file "$name" /etc/distro-manager/manager.conf <<-END
			[Cluster]
			SyncMandatory=$others
			SyncTimeoutSec=${CLUSTER_SYNC:-60s}
		END
                node_wants "$name" distro-manager.service
                cluster_instrument "$name"
        done
}

# Adds lines to the manager.conf of all members. They are of its section [Cluster].
cluster_manager_conf() {
        printf '[Cluster]\n%s\n' "$(printf '%s\n' "$@")" | cluster_file all /etc/distro-manager/manager.conf.d/test.conf
}

# Defines an application on all members. $1 its name, $2 its Nodes=; then Key=value; from `--` on those of [Service],
# where ExecStart= is the example's worker unless given. CLUSTER_APP_ON: only on these members.
cluster_app() {
        local name=$1 nodes=$2 text service='' node
        shift 2
        # Nothing waits where a test does not speak of a delay.
        text="[Application]"$'\n'"Nodes=$nodes"$'\n'"FailoverDelaySec=0"$'\n'
        while [ $# -gt 0 ]; do
                if [ "$1" = -- ]; then
                        shift
                        break
                fi
                text+=$1$'\n'
                shift
        done
        service=$(printf '%s\n' "$@")
        text+="[Service]"$'\n'
        case $service in
        *ExecStart=*) ;;
        *) text+="ExecStart=$WORKER"$'\n'"Type=notify"$'\n' ;;
        esac
        text+=$service
        for node in ${CLUSTER_APP_ON:-"${MEMBERS[@]}"}; do
                cluster_file "$node" "/etc/distro-manager/applications/$name.app" <<<"$text"
        done
}

# What LAB_INSTRUMENT asks for: `sanitize` collects the reports of a manager built with sanitizers, `valgrind` runs it
# under valgrind. Reports are files in /var/log/distro-manager of the guest; see cluster_reports.
cluster_instrument() {
        local unit dropin=/etc/systemd/system/distro-manager.service.d/lab.conf
        # The hardening of the unit would keep both from their work at exit.
        local free='LogsDirectory=distro-manager
SystemCallFilter=
CapabilityBoundingSet=~
MemoryDenyWriteExecute=no
RestrictNamespaces=no
LimitCORE=0'
        case ${LAB_INSTRUMENT:-} in
        '') ;;
        sanitize)
                # Not the workers: one that ends within the same instant as it gets SIGTERM can hang, as the SIGCONT that
                # systemd sends after it wakes what the search for leaks has stopped.
                cluster_file "$1" /etc/systemd/system.conf.d/lab.conf <<-END
			[Manager]
			DefaultEnvironment=ASAN_OPTIONS=detect_leaks=0
		END
                for unit in distro-manager distro-guard; do
                        cluster_file "$1" "/etc/systemd/system/$unit.service.d/lab.conf" <<-END
				[Service]
				$free
				MemoryMax=infinity
				Environment=ASAN_OPTIONS=log_path=/var/log/distro-manager/asan:detect_leaks=1:exitcode=99
				Environment=UBSAN_OPTIONS=log_path=/var/log/distro-manager/ubsan:print_stacktrace=1
			END
                done
                # The guard ends as fast, so the same SIGCONT can stop it for good: it gets SIGTERM alone.
                cluster_file "$1" /etc/systemd/system/distro-guard.service.d/end.conf <<-'END'
			[Service]
			ExecStop=/bin/sh -c '[ -z "$MAINPID" ] || { kill -TERM "$MAINPID" && exec tail -f --pid="$MAINPID" /dev/null; }'
		END
                ;;
        valgrind)
                # "Possible" leaks would be the stacks of threads that still wait for Corosync when the process ends.
                cluster_file "$1" "$dropin" <<-END
			[Service]
			$free
			WatchdogSec=60s
			NotifyAccess=all
			ExecStart=
			ExecStart=/usr/bin/valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --error-exitcode=99 --log-file=/var/log/distro-manager/valgrind.%%q{INVOCATION_ID}.%%p /usr/sbin/distro-manager
		END
                ;;
        *) lab_die "LAB_INSTRUMENT=$LAB_INSTRUMENT: sanitize or valgrind" ;;
        esac
}

# Prints the reports of the instruments, and succeeds if there are any.
cluster_reports() {
        local name
        for name in "${MEMBERS[@]}"; do
                find "$LAB/$name/root/var/log/distro-manager" -type f -size +0 -exec cat {} + 2>/dev/null || true
        done | grep .
}

# Boots members with managers, and waits until all take part. `-w` as for cluster_add; applications are defined before,
# by a function named `applications` of the test, if it has one.
cluster_up() {
        cluster_add "$@"
        cluster_add_managers
        [ "$(type -t applications)" != function ] || applications
        cluster_boot
        cluster_wait_synced
        [ -z "${LAB_BUS:-}" ] || [ "$(node_exec "${MEMBERS[0]}" systemctl show --value -p Id dbus.service)" = "$LAB_BUS.service" ] ||
                lab_die "LAB_BUS=$LAB_BUS: the guests have another bus"
}

# The agreed state as guest $1 shows it, through the jq program $2; more arguments for jq after it.
cluster_status() {
        local name=$1 program=$2
        shift 2
        NODE_TIMEOUT=10 node_exec "$name" distroctl --no-pager --json=short status | jq -r "$@" "$program"
}

node_is_synced() {
        [ "$(cluster_status "$1" '.manager | .synced and .formed and .quorate')" = true ]
}

# The process of guest $1's manager; 0: there is none.
manager_pid() { node_exec "$1" systemctl show --value -p MainPID distro-manager.service; }

# Whether guest $1 has a manager, and it is not process $2.
manager_is_new() {
        local pid
        pid=$(manager_pid "$1")
        [ "$pid" != 0 ] && [ "$pid" != "$2" ]
}

# Waits until the managers of all members that are up take part.
cluster_wait_synced() {
        local name
        for name in "${MEMBERS[@]}"; do
                ! node_is_up "$name" || wait_until "${1:-60}" node_is_synced "$name" ||
                        fail "the manager of $name takes part" "$(node_exec "$name" systemctl --no-pager -n 20 status distro-manager 2>&1)"
        done
}

# Prints the first member that is up.
a_node() {
        local name
        for name in "${MEMBERS[@]}"; do
                ! node_is_up "$name" || { echo "$name" && return 0; }
        done
        return 1
}

# Field $2 of application $1, as guest $3 shows it; default: the first that is up.
app_field() {
        cluster_status "${3:-$(a_node)}" '.applications[] | select(.name == $app) | .[$field] | if . == null then "" else . end' \
                --arg app "$1" --arg field "$2"
}

# Whether application $1 runs, and not on $2, as guest $3 shows it at one moment: between two looks it may be lost.
app_left() {
        # shellcheck disable=SC2016 # jq expands it
        cluster_status "$3" '.applications[] | select(.name == $app and .state == "running" and .node != $from) | .name' \
                --arg app "$1" --arg from "$2" | grep -q .
}

# Whether field $2 of application $1 is $3 on every member that is up.
app_is() {
        local name
        for name in "${MEMBERS[@]}"; do
                ! node_is_up "$name" || [ "$(app_field "$1" "$2" "$name")" = "$3" ] || return 1
        done
}

# The members on which systemd runs the worker of application $1 at this moment.
app_copies() {
        local name copies=
        for name in "${MEMBERS[@]}"; do
                node_is_up "$name" || continue
                case $(node_exec "$name" systemctl show --value -p ActiveState "distro-app-$1.service") in
                active | activating | deactivating | reloading) copies+=" $name" ;;
                esac
        done
        echo "${copies# }"
}

# Whether application $1 runs on $2 and nowhere else, and all managers say so.
app_runs_on() {
        [ "$(app_copies "$1")" = "$2" ] && app_is "$1" state running && app_is "$1" node "$2"
}

app_runs_nowhere() { [ -z "$(app_copies "$1")" ]; }
