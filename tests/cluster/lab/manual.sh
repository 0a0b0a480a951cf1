# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The examples of the manual pages, tried on guests as they stand there. Sourced by the tests that do so.
#
# Each block of a page (.EX to .EE, .nf to .fi) has a comment directly before it that says how it is tried:
#
#   .\" try on WHERE[, then CLAUSE]     each line is typed as it stands, in bash
#   .\" try as PATH on WHERE[, …]       a file; distro-manager's own are given to `distroctl verify`
#   .\" try nothing: WHY                not something that can be tried: a formula, a grammar, a list of files
#
# WHERE is a guest or `all` (then on all at the same time), with one of these behind it: `until it succeeds`; `for a while`
# (the command does not end by itself: it must say something, and be there when it gets Ctrl-C); `which goes down` (its end
# need not be seen); `when GUEST is back`; `at the end`; and after a comma `with the package`. CLAUSE is `APP runs on NODE`,
# `APP runs elsewhere than NODE` or `APP runs nowhere`, and has to come true. A block without such a comment, or with one
# that is not understood, fails.
#
# manual_read PAGE TEXT makes of a page lines of "NUMBER SECTION|HOW", in MANUAL_LIST; the text of block NUMBER is the file
# $LAB/manual/PAGE.NUMBER. manual_try PAGE NUMBER HOW tries one.

MANUAL_LIST=
MANUAL_TRIED=0

# $1: the page's name; standard input: its source.
manual_read() {
        mkdir -p "$LAB/manual"
        MANUAL_LIST=$(awk -v base="$LAB/manual/$1." '
                function plain(s) {
                        gsub(/\\f[BIRP]/, "", s)
                        gsub(/\\\(dq/, "\"", s)
                        gsub(/\\&/, "", s)
                        gsub(/\\-/, "-", s)
                        gsub(/\\e/, "\\", s)
                        return s
                }
                /^\.(EE|fi)$/ { if (inside) close(base n); inside = 0; next }
                inside { print plain($0) >(base n); next }
                /^\.SH / { section = plain(substr($0, 5)) }
                /^\.(EX|nf)$/ {
                        n++
                        inside = 1
                        printf "" >(base n)
                        print n, section "|" how
                        how = ""
                        next
                }
                { how = "" }
                /^\.\\" try / { how = plain(substr($0, 9)) }')
}

# A line as it is typed on guest $1. Without the search for leaks: timeout(1) sends SIGCONT behind a signal, which can wake
# what that search has stopped, and then it hangs.
manual_type() {
        NODE_TIMEOUT=${NODE_TIMEOUT:-100} node_exec "$1" env TERM=dumb HOME=/root ASAN_OPTIONS=detect_leaks=0 \
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd /root; $2"
}

# Each line of file $2 on guest $1, until one fails. What they say is printed, and shown if the test fails.
manual_type_all() {
        local lines line said
        mapfile -t lines <"$2"
        for line in "${lines[@]}"; do
                note "$1# $line"
                said=$(manual_type "$1" "$line" 2>&1) || fail "this works on $1: $line" "$said"
                [ -z "$said" ] || sed 's/^/        /' <<<"$said"
        done
}

# The same for lines that have to succeed at last.
manual_type_until() {
        local lines line
        mapfile -t lines <"$2"
        for line in "${lines[@]}"; do
                note "$1# $line"
                check_within 60 "this works on $1: $line" manual_type "$1" "$line"
        done
}

# A command that does not end by itself.
manual_type_for_a_while() {
        local line said status=0
        line=$(cat "$2")
        note "$1# $line"
        said=$(manual_type "$1" "timeout -s INT 4 bash -c $(printf %q "$line")" 2>&1) || status=$?
        [ "$status" -eq 124 ] || fail "this goes on until Ctrl-C on $1: $line" "status $status: $said"
        [ -n "$said" ] || fail "this says something on $1: $line"
        sed -n '1,4 { s/^\(.\{100\}\).*/\1.../; s/^/        /p }' <<<"$said"
}

# On all guests at once: the file of lines $1.
manual_type_everywhere() {
        local name pids=() failed=
        for name in "${MEMBERS[@]}"; do
                (trap - EXIT && manual_type_all "$name" "$1") >"$LAB/manual/said.$name" 2>&1 &
                pids+=($!)
        done
        for name in "${!pids[@]}"; do
                wait "${pids[name]}" || failed+=" ${MEMBERS[name]}"
        done
        for name in "${MEMBERS[@]}"; do
                cat "$LAB/manual/said.$name"
        done
        [ -z "$failed" ] || fail "that works on$failed"
}

# The words behind `then`, as a condition.
manual_clause() {
        local words
        read -ra words <<<"$1"
        case $1 in
        *' runs on '*) app_runs_on "${words[0]}" "${words[3]}" ;;
        *' runs elsewhere than '*)
                case $(app_copies "${words[0]}") in
                '' | *' '* | "${words[4]}") return 1 ;;
                esac
                ;;
        *' runs nowhere') app_runs_nowhere "${words[0]}" ;;
        *) fail 'a clause that is known' "$1" ;;
        esac
}

# manual_try PAGE NUMBER HOW
manual_try() {
        local file=$LAB/manual/$1.$2 how=$3 then='' path words member members
        step "$1, example $2: $how"
        case $how in
        *', then '*)
                then=${how##*, then }
                how=${how%, then *}
                ;;
        esac
        how=${how%, with the package}
        how=${how% at the end}
        [ -s "$file" ] || fail 'there is something in it'
        read -ra words <<<"$how"
        case $how in
        'nothing: '?*) return 0 ;;
        'as /'*' on '*)
                path=${words[1]}
                members=${words[3]}
                [ "$members" != all ] || members=${MEMBERS[*]}
                for member in $members; do
                        cluster_file "$member" "$path" <"$file"
                        case $path in
                        /etc/distro-manager/*)
                                check "it verifies on $member" manual_type "$member" "distroctl verify $path"
                                ;;
                        esac
                done
                ;;
        'on all') manual_type_everywhere "$file" ;;
        'on '*' until it succeeds') manual_type_until "${words[1]}" "$file" ;;
        'on '*' for a while') manual_type_for_a_while "${words[1]}" "$file" ;;
        'on '*' which goes down')
                note "${words[1]}# $(cat "$file")"
                manual_type "${words[1]}" "$(cat "$file")" 2>&1 | sed 's/^/        /' || true
                node_is_down() { ! node_is_up "$1"; }
                check_within 60 "${words[1]} goes down" node_is_down "${words[1]}"
                ;;
        'on '*' when '*' is back')
                member=${words[3]}
                node_boot "$member"
                check_within 60 "$member takes part again" node_is_synced "$member"
                manual_type_all "${words[1]}" "$file"
                ;;
        'on '*)
                [ "${#words[@]}" -eq 2 ] || fail 'how it is tried is understood' "$how"
                manual_type_all "${words[1]}" "$file"
                ;;
        *) fail 'the page says how it is tried' "page $1, block $2: \"$how\""$'\n'"$(cat "$file")" ;;
        esac
        [ -z "$then" ] || check_within 30 "$then" manual_clause "$then"
        MANUAL_TRIED=$((MANUAL_TRIED + 1))
}

# Guests as a newcomer has them: names in /etc/hosts, nothing of a cluster configured.
manual_add_guests() {
        local name other
        lab_up
        for name; do
                node_add "$name"
                MEMBERS+=("$name")
        done
        for name; do
                # What is enabled starts with what guests boot into.
                ln -s lab.target.wants "$LAB/$name/root/etc/systemd/system/multi-user.target.wants"
                node_wants "$name" systemd-user-sessions.service
                cluster_instrument "$name"
                for other; do
                        echo "$(node_address "$other") $other" >>"$LAB/$name/root/etc/hosts"
                done
        done
}

# Boots them, and waits until somebody could log in.
manual_boot() {
        local name
        cluster_boot
        for name in "${MEMBERS[@]}"; do
                wait_until 30 node_exec "$name" busctl --quiet status org.freedesktop.systemd1 || lab_die "$name does not boot"
        done
}
