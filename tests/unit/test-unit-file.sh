#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-unit-file.sh
#
# The units of the manager, of its guard and of the fuse say what the manager's promises need of systemd. Each rule is tried twice: the
# unit as it is built has to pass, and with the line of the tables below changed it must not.

# shellcheck disable=SC2317 # the functions are called by the table

set -euo pipefail

top=${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}
units=${top_builddir:-$top}/units
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# values FILE KEY: what the unit sets KEY to, all lines of it as words.
values() {
        sed -n "s/^$2=//p" "$1" | tr '\n' ' '
}

# is FILE KEY VALUE: KEY is set once, to this.
is() {
        [ "$(values "$1" "$2")" = "$3 " ]
}

# has FILE KEY WORD: WORD is one of the words that KEY is set to.
has() {
        case " $(values "$1" "$2") " in
        *" $3 "*) ;;
        *) return 1 ;;
        esac
}

# Prints a time like 100ms, 5min or 15s in milliseconds.
msec() {
        case $1 in
        *ms) echo "${1%ms}" ;;
        *min) echo $((${1%min} * 60000)) ;;
        *s) echo $((${1%s} * 1000)) ;;
        *) return 1 ;;
        esac
}

# defined FILE NAME: the number behind NAME in a header.
defined() {
        sed -nE "s/.*\b$2( = | \(?)([0-9]+).*/\2/p" "$top/src/$1" | head -n 1
}

grace=$(($(defined base/timing.h MANAGER_GRACE_DEFAULT_USEC) * 1000))

# systemd kills a manager that hangs before its node's guard stops the workers.
watchdog_is_short() { [ "$(msec "$(sed -n 's/^WatchdogSec=//p' "$1")")" -le $((grace / 4)) ]; }

# While its peers wait for it systemd does not give a manager up that crashes in a loop.
limit_is_long() {
        [ $(($(sed -n 's/^StartLimitBurst=//p' "$1") * $(msec "$(sed -n 's/^RestartSec=//p' "$1")"))) -gt "$grace" ]
}

exits_are_final() {
        local name
        for name in USAGE NEWER CONFIG; do
                has "$1" RestartPreventExitStatus "$(defined daemon/exit-status.h "MANAGER_EXIT_$name")" || return 1
        done
        ! has "$1" RestartPreventExitStatus "$(defined daemon/exit-status.h MANAGER_EXIT_FAILURE)"
}

# Mandatory nodes that come later find a manager that still tries: the shortest SyncTimeoutSec= is too long for the limit.
missing_nodes_are_retried() {
        local least
        least=$(defined config/config.h SYNC_TIMEOUT_MIN_USEC)
        ! has "$1" RestartPreventExitStatus "$(defined daemon/exit-status.h MANAGER_EXIT_GAVE_UP)" &&
                [ $(($(sed -n 's/^StartLimitBurst=//p' "$1") * least * 1000)) -gt \
                        "$(msec "$(sed -n 's/^StartLimitIntervalSec=//p' "$1")")" ]
}

# A worker that is ordered against the manager makes a shutdown hang.
no_order_with_workers() { ! grep -qE '^(Before|After|Wants|Requires|PartOf|BindsTo)=.*(distro-app-|distro\.slice)' "$1"; }

# Corosync's sockets are abstract, and its rings lie in /dev/shm.
corosync_is_in_reach() { ! grep -qE '^(PrivateNetwork|PrivateIPC|NetworkNamespacePath|IPCNamespacePath)=' "$1"; }

# RULE | sed's command that breaks it
rules() {
        cat <<-'END'
		has $f Requires corosync.service          | s/^Requires=.*/Wants=corosync.service/
		has $f After corosync.service             | s/^After=.*/After=dbus.service/
		has $f After dbus.service                 | s/^After=.*/After=corosync.service/
		has $f Wants dbus.socket                  | /^Wants=/d
		has $f After dbus.socket                  | s/^After=.*/After=dbus.service corosync.service/
		no_order_with_workers $f                  | s/^After=.*/& distro.slice/
		is $f Type notify                         | s/^Type=.*/Type=simple/
		is $f NotifyAccess main                   | s/^NotifyAccess=.*/NotifyAccess=none/
		is $f Restart on-failure                  | s/^Restart=.*/Restart=no/
		is $f RestartSec 100ms                    | s/^RestartSec=.*/RestartSec=1s/
		exits_are_final $f                        | s/^RestartPreventExitStatus=.*/RestartPreventExitStatus=2 78/
		missing_nodes_are_retried $f              | s/^RestartPreventExitStatus=.*/& 69/
		missing_nodes_are_retried $f              | s/^StartLimitBurst=.*/StartLimitBurst=200/
		is $f TimeoutStartSec infinity            | s/^TimeoutStartSec=.*/TimeoutStartSec=90s/
		watchdog_is_short $f                      | s/^WatchdogSec=.*/WatchdogSec=4s/
		limit_is_long $f                          | s/^StartLimitBurst=.*/StartLimitBurst=5/
		has $f Wants distro-guard.service         | s/^Wants=distro-guard.service/#&/
		has $f After distro-guard.service         | s/^After=\(.*\) distro-guard.service/After=\1/
		guard_stops_nothing $f                    | s/^Wants=distro-guard.service/BindsTo=distro-guard.service/
		has $f Wants distro-fuse.service          | s/^Wants=distro-fuse.service/#&/
		has $f After distro-fuse.service          | s/ distro-fuse.service$//
		guard_stops_nothing $f                    | s/^Wants=distro-fuse.service/BindsTo=distro-fuse.service/
		is $f StateDirectory distro-manager       | /^StateDirectory=/d
		is $f RuntimeDirectory distro-manager     | /^RuntimeDirectory=/d
		is $f RuntimeDirectoryPreserve yes        | s/^RuntimeDirectoryPreserve=.*/RuntimeDirectoryPreserve=no/
		corosync_is_in_reach $f                   | s/^Type=.*/&\nPrivateIPC=yes/
		default_kill_mode $f                      | s/^Type=.*/&\nKillMode=process/
	END
}

# A guard or a fuse that ends leaves manager and workers alone.
guard_stops_nothing() { ! grep -qE '^(Requires|BindsTo|PartOf|Requisite)=.*distro-(guard|fuse)' "$1"; }

# RULE | sed's command that breaks it, for the guard
guard_rules() {
        cat <<-'END'
		is $f DefaultDependencies no              | /^DefaultDependencies=/d
		is $f IgnoreOnIsolate yes                 | /^IgnoreOnIsolate=/d
		stands_alone $f                           | s/^Type=.*/&\nRequires=dbus.service/
		is $f StartLimitIntervalSec 0             | /^StartLimitIntervalSec=/d
		is $f Type notify                         | s/^Type=.*/Type=simple/
		is $f Restart always                      | s/^Restart=.*/Restart=on-failure/
		is $f RestartSec 100ms                    | s/^RestartSec=.*/RestartSec=5s/
		survives_the_end $f                       | s/ @distro-guard / distro-guard /
		is $f RuntimeDirectory distro-manager     | /^RuntimeDirectory=/d
		is $f RuntimeDirectoryPreserve yes        | s/^RuntimeDirectoryPreserve=.*/RuntimeDirectoryPreserve=no/
		needs_no_room $f                          | s/^Type=.*/&\nPrivateTmp=yes/
		is $f LimitMEMLOCK infinity               | /^LimitMEMLOCK=/d
		has $f CapabilityBoundingSet CAP_KILL     | s/ CAP_KILL//
		reaches_groups $f                         | s/^Type=.*/&\nProtectControlGroups=yes/
		default_kill_mode $f                      | s/^Type=.*/&\nKillMode=process/
	END
}

# RULE | sed's command that breaks it, for the fuse
fuse_rules() {
        cat <<-'END'
		is $f DefaultDependencies no              | /^DefaultDependencies=/d
		is $f IgnoreOnIsolate yes                 | /^IgnoreOnIsolate=/d
		is $f RefuseManualStop yes                | /^RefuseManualStop=/d
		stands_alone $f                           | s/^Type=.*/&\nBindsTo=distro-manager.service/
		is $f StartLimitIntervalSec 0             | /^StartLimitIntervalSec=/d
		is $f Type notify                         | s/^Type=.*/Type=simple/
		is $f Restart always                      | s/^Restart=.*/Restart=on-failure/
		is $f RestartSec 100ms                    | s/^RestartSec=.*/RestartSec=5s/
		calls_itself $f distro-fuse               | s/ @distro-fuse$/ distro-fuse/
		is $f RuntimeDirectory distro-manager     | /^RuntimeDirectory=/d
		is $f RuntimeDirectoryPreserve yes        | s/^RuntimeDirectoryPreserve=.*/RuntimeDirectoryPreserve=no/
		needs_no_room $f                          | s/^Type=.*/&\nStateDirectory=distro-manager/
		is $f OOMScoreAdjust -1000                | s/^OOMScoreAdjust=.*/OOMScoreAdjust=-950/
		is $f LimitMEMLOCK infinity               | /^LimitMEMLOCK=/d
		has $f CapabilityBoundingSet CAP_SYS_BOOT | s/CAP_SYS_BOOT //
		has $f CapabilityBoundingSet CAP_SYS_NICE | s/ CAP_SYS_NICE//
		has $f CapabilityBoundingSet CAP_IPC_LOCK | s/ CAP_IPC_LOCK//
		has $f SystemCallFilter reboot            | s/ reboot$//
		reaches_the_host $f                       | s/^Type=.*/&\nPrivateDevices=yes/
		reaches_the_host $f                       | s/^Type=.*/&\nProtectKernelTunables=yes/
		reaches_the_host $f                       | s/^Type=.*/&\nProtectKernelLogs=yes/
		reaches_the_host $f                       | s/^Type=.*/&\nRestrictRealtime=yes/
		reaches_the_host $f                       | s/^Type=.*/&\nPrivateNetwork=yes/
		default_kill_mode $f                      | s/^Type=.*/&\nKillMode=process/
	END
}

# It writes to sysrq, to the kernel's log and to the console, takes a real-time priority, and answers the manager's address, which
# is abstract.
reaches_the_host() {
        ! grep -qE '^(PrivateDevices|ProtectKernelTunables|ProtectKernelLogs|RestrictRealtime|ProtectSystem|ProtectProc|PrivateTmp|PrivateNetwork)=' "$1"
}

# calls_itself FILE NAME: its own name is "@NAME", which systemd leaves alone when the host goes down.
calls_itself() { [[ $(values "$1" ExecStart) =~ ^@/[^\ ]*/"$2 @$2 "$ ]]; }

# Nothing that stops, fails or is missing takes the guard with it.
stands_alone() { ! grep -qE '^(Requires|BindsTo|PartOf|Requisite|Conflicts)=' "$1"; }

# systemd leaves alone, when the host goes down, what calls itself so.
survives_the_end() { [ "$(values "$1" ExecStart)" = "@$(values "$units/distro-manager.service" ExecStart | tr -d ' ') @distro-guard guard " ]; }

# Where /tmp is full no folder can be made there.
needs_no_room() { ! grep -qE '^(PrivateTmp|StateDirectory|CacheDirectory|LogsDirectory|LoadCredential)=' "$1"; }

reaches_groups() { ! grep -qE '^ProtectControlGroups=yes' "$1"; }

# What the manager leaves behind at its end is nothing that may go on: the guard is a unit of its own.
default_kill_mode() { ! grep -q '^KillMode=' "$1"; }

failed=0
n=0
while IFS='|' read -r name rule break; do
        unit=$units/$name
        n=$((n + 1))
        f=$unit
        if ! eval "$rule"; then
                echo "the unit breaks the rule: $rule"
                failed=1
        fi
        f=$work/unit
        sed "$break" "$unit" >"$f"
        if cmp -s "$f" "$unit"; then
                echo "nothing was changed by: $break"
                failed=1
        elif eval "$rule"; then
                echo "the rule does not notice: $break"
                failed=1
        fi
done < <(rules | sed 's/^/distro-manager.service|/' && guard_rules | sed 's/^/distro-guard.service|/' &&
        fuse_rules | sed 's/^/distro-fuse.service|/')
[ "$n" -gt 0 ] || failed=1
[ "$failed" -eq 0 ] && echo "$n rules hold"
exit "$failed"
