# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a test expects. Sourced by lab.sh. The first thing that is not as expected ends the test with status 1 and what
# all nodes say; `end_test` at its end demands that no copy overlapped with another and no instrument reported anything.

# Says what the test does now.
step() { printf -- '- %s\n' "$*"; }

# Says what was seen, where a number is worth it.
note() { printf '    %s\n' "$*"; }

# $1: what was expected; $2: what was seen.
fail() {
        local name
        printf 'FAILED: expected that %s\n' "$1"
        [ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
        for name in "${MEMBERS[@]}"; do
                if node_is_up "$name"; then
                        printf '  %s says:\n' "$name"
                        NODE_TIMEOUT=10 node_exec "$name" distroctl --no-pager status 2>&1 | sed 's/^/    /' || true
                else
                        printf '  %s is down\n' "$name"
                fi
        done
        exit 1
}

# check TEXT COMMAND...: the command succeeds now.
check() {
        local text=$1 output
        shift
        output=$("$@" 2>&1) || fail "$text" "$* said: $output"
}

# check_fails TEXT COMMAND...: it does not, and says so in time.
check_fails() {
        local text=$1 output status=0
        shift
        output=$("$@" 2>&1) || status=$?
        case $status in
        0) fail "$text" "$* succeeded and said: $output" ;;
        124) fail "$text" "$* did not answer" ;;
        esac
}

# check_within SECONDS TEXT COMMAND...: it succeeds within this time.
check_within() {
        local limit=$1 text=$2
        shift 2
        wait_until "$limit" "$@" || fail "$text within $limit s" "$* said: $("$@" 2>&1 || true)"
}

# check_stays SECONDS TEXT COMMAND...: it succeeds now and goes on doing so for this time; for what must not happen.
check_stays() {
        local limit=$1 text=$2 end
        shift 2
        end=$(($(now) + limit * 1000000))
        while [ "$(now)" -lt "$end" ]; do
                "$@" >/dev/null 2>&1 || fail "$text for $limit s" "$* said: $("$@" 2>&1 || true)"
                journal_next
        done
}

# check_time TEXT VALUE LEAST MOST, in microseconds.
check_time() {
        if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
                fail "$1 took $(seconds "$3") to $(seconds "$4") s" "it took $(seconds "$2") s"
        fi
        note "$1: $(seconds "$2") s"
}

# The first thing that a worker of the example says, since time $1, of application $2 on guest $3, as JSON; at most $4
# seconds from now.
worker_start() {
        wait_line "$1" "$4" "$(of "$3")" "_SYSTEMD_UNIT=distro-app-$2.service" --grep="^$2: start type"
}

# expect_start SINCE SECONDS APP NODE TYPE [FROM]: a worker of the example starts, and says this of itself; then all
# nodes agree that it runs there and nowhere else. Sets STARTED to the time of the worker's line.
expect_start() {
        local since=$1 limit=$2 app=$3 node=$4 type=$5 from=${6:-} line text
        line=$(worker_start "$since" "$app" "$node" "$limit") || fail "$app starts on $node within $limit s"
        STARTED=$(line_time "$line")
        text=$(line_text "$line")
        case $text in
        "$app: start type $type on $node${from:+, from $from}, epoch "*) ;;
        *) fail "$app starts on $node as $type${from:+ from $from}" "$text" ;;
        esac
        check_within 5 "$app runs on $node and nowhere else" app_runs_on "$app" "$node"
}

# What systemd says when a unit begins and ends. The unit counts from before its first process to after its last; one of
# Type=simple only says that it has started.
COPY_MESSAGES=(MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 MESSAGE_ID=39f53479d3a045ac8e11786248231fbf
        MESSAGE_ID=7ad2d189f7e94e70a38c781354912448 MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c)
# Makes [TIME, APP, NODE, begin|end] of a line of the journal, by jq; APP is null if it is not about a worker.
# shellcheck disable=SC2016 # the names are those of jq
COPY_EVENTS='select(._PID == "1") | {
                "7d4958e842da4a758f6c1cdc7b36dcc5": "begin",
                "39f53479d3a045ac8e11786248231fbf": "begin",
                "7ad2d189f7e94e70a38c781354912448": "end",
                "d9b373ed55a64feb8242e02dbe79a49c": "end"
        }[.MESSAGE_ID // ""] as $kind | select($kind)
        | [(._SOURCE_REALTIME_TIMESTAMP // .__REALTIME_TIMESTAMP),
                ((.UNIT // "") | capture("^distro-app-(?<app>.*)[.]service$").app? // null), ._HOSTNAME, $kind]'

# When unit $1 began and ended on all guests: lines of TIME NODE begin|end, in order. It ends with its guest, too.
unit_events() {
        {
                journal_since 1000000 "UNIT=$1" -o json | jq -r "$COPY_EVENTS"' | "\(.[0]) \(.[2]) \(.[3])"'
                awk '{ print $2, $1, "gone" }' "$LAB/cuts" 2>/dev/null || true
        } | sort -n | awk '
                $3 == "gone" { if (!($2 in runs)) next; $3 = "end" }
                $3 == "begin" { if ($2 in runs) next; runs[$2] = 1 }
                $3 == "end" { delete runs[$2] }
                { print }'
}

# The same of application $1.
copy_events() { unit_events "distro-app-$1.service"; }

# The times in which there was more than one copy, one a line: NODES MICROSECONDS BEGIN. Standard input: what
# copy_events prints.
overlaps_of() {
        awk '
                function count(   n, i) { n = 0; for (i in runs) n++; return n }
                function names(   s, i) { s = ""; for (i in runs) s = s (s == "" ? "" : "+") i; return s }
                $3 == "begin" {
                        runs[$2] = 1
                        if (count() > 1 && since == "") since = $1
                        if (count() > 1) who = names()
                }
                $3 == "end" { delete runs[$2]; if (count() < 2 && since != "") { print who, $1 - since, since; since = "" } }
                END { if (since != "") print who, "endless", since }'
}

# The times in which unit $1 was there on more than one guest.
unit_overlaps() { unit_events "$1" | overlaps_of; }

# The times in which application $1 had more than one copy.
copy_overlaps() { copy_events "$1" | overlaps_of; }

# Ends the test. The applications named may never have had two copies.
end_test() {
        local app overlaps reports
        for app; do
                overlaps=$(copy_overlaps "$app")
                [ -z "$overlaps" ] || fail "$app never had two copies" "$overlaps"$'\n'"$(copy_events "$app")"
                [ -n "$(copy_events "$app")" ] || fail "$app was started at all"
        done
        if [ -n "${LAB_INSTRUMENT:-}" ]; then
                step 'all managers end'
                cluster_stop_managers
                ! reports=$(cluster_reports) || fail "no report of $LAB_INSTRUMENT" "$reports"
        fi
}

# Stops all managers and guards, one after the other, so that what is looked for at the end of a process is found.
cluster_stop_managers() {
        local name
        for name in "${MEMBERS[@]}"; do
                ! node_is_up "$name" || NODE_TIMEOUT=30 node_exec "$name" systemctl stop distro-manager.service distro-guard.service ||
                        fail "the manager of $name ends within 30 s"
        done
}
