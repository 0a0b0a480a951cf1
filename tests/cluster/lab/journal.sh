# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Waiting for what happens in the guests, and when it happened. Sourced by lab.sh.
#
# All guests share this machine's clocks and their journals lie in one folder, so lines of different nodes can be
# ordered and subtracted. Times are microseconds of CLOCK_REALTIME. Nothing here sleeps for a fixed time: the journals
# are followed, and each new line is a reason to look again.

JOURNAL_FD=
JOURNAL_PID=

# The present time.
now() {
        local us=${EPOCHREALTIME/[.,]/}
        echo "$us"
}

# $1 microseconds as seconds.
seconds() {
        printf '%d.%03d' $(($1 / 1000000)) $(($1 % 1000000 / 1000))
}

# Prints the lines of all guests since time $1 that match; the rest as for journalctl: FIELD=VALUE, --grep, -o.
journal_since() {
        local since=$1
        shift
        journalctl -D "$LAB/journal" --no-pager -q --boot=all --since="@${since:0:-6}.${since: -6}" "$@" 2>/dev/null
}

# The match for lines of guest $1.
of() { echo "_MACHINE_ID=$(node_machine_id "$1")"; }

# Prints the first line since time $1 that matches the rest, as JSON; fails if there is none.
find_line() {
        local line
        line=$(journal_since "$@" -o json | head -n 1) || true
        [ -n "$line" ] && printf '%s\n' "$line"
}

# Waits at most $2 seconds for a line since time $1 that matches the rest, and prints it as JSON. (A journalctl that
# follows with a start time and matches was seen to miss lines: version 252.)
wait_line() {
        local since=$1 limit=$2
        shift 2
        wait_until "$limit" find_line "$since" "$@" && find_line "$since" "$@"
}

# The time of a line that wait_line printed: when it was sent, where that is known, as a busy journal takes it later.
line_time() { jq -r '._SOURCE_REALTIME_TIMESTAMP // .__REALTIME_TIMESTAMP' <<<"$1"; }

# The text of a line that wait_line printed.
line_text() { jq -r .MESSAGE <<<"$1"; }

# Follows all journals on a file descriptor of its own, for wait_until.
journal_open() {
        [ -z "$JOURNAL_FD" ] || return 0
        exec {JOURNAL_FD}< <(exec journalctl -D "$LAB/journal" --no-pager -q --boot=all --follow -n 0 -o cat 2>/dev/null)
        JOURNAL_PID=$!
}

journal_close() {
        [ -n "$JOURNAL_FD" ] || return 0
        kill "$JOURNAL_PID" 2>/dev/null || true
        exec {JOURNAL_FD}<&-
        JOURNAL_FD=
}

# Waits for a new line in any journal, at most a second.
journal_next() {
        local status=0
        journal_open
        IFS= read -r -t 1 -u "$JOURNAL_FD" _ || status=$?
        if [ "$status" -eq 0 ]; then
                # Lines that came together are one reason to look again.
                while IFS= read -r -t 0.02 -u "$JOURNAL_FD" _; do :; done
        elif [ "$status" -le 128 ]; then
                # journalctl ends at once while there is no journal yet.
                journal_close
                sleep 0.1
        fi
}

# Waits at most $1 seconds until the command that follows succeeds. It is tried again after every new line in a
# journal, and once a second for what no line tells.
wait_until() {
        local limit=$1 end
        shift
        end=$(($(now) + limit * 1000000))
        until "$@" >/dev/null 2>&1; do
                [ "$(now)" -lt "$end" ] || return 1
                journal_next
        done
}

# Writes what outlives the lab to $LAB_OUT: all journals as one text, when power was cut (lines of NODE MICROSECONDS), the
# consoles, and what the guests left for it.
lab_keep_logs() {
        local name
        [ -n "${LAB_OUT:-}" ] && [ -d "$LAB/journal" ] || return 0
        mkdir -p "$LAB_OUT"
        journalctl -D "$LAB/journal" --no-pager -q --boot=all -o short-iso-precise >"$LAB_OUT/journal" 2>/dev/null || true
        cp "$LAB/cuts" "$LAB_OUT/cuts" 2>/dev/null || true
        for name in "${NODES[@]}"; do
                cp "$LAB/$name/console" "$LAB_OUT/$name.console" 2>/dev/null || true
                if [ -d "$LAB/$name/root/var/log/distro-manager" ]; then
                        mkdir -p "$LAB_OUT/$name"
                        cp -r "$LAB/$name/root/var/log/distro-manager/." "$LAB_OUT/$name/"
                fi
        done
}
