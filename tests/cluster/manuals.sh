#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every example of every manual page, as it stands in the installed page, on three nodes that are set up by the first steps
# of distro-manager(7).
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/manual.sh
. "$LAB_SRC/manual.sh"
# shellcheck source-path=SCRIPTDIR source=lab/terminal.sh
. "$LAB_SRC/terminal.sh"

MAN=/usr/share/man

# Tries the blocks of page $1 whose comment is like the pattern $2 and not like $3.
try_page() {
        local number rest how list
        manual_read "$1" <"$LAB/tree$MAN/man${1##*.}/$1"
        mapfile -t list <<<"$MANUAL_LIST"
        for rest in "${list[@]}"; do
                number=${rest%% *}
                rest=${rest#* }
                how=${rest#*|}
                case $how in
                *', with the package'*)
                        # What needs the package is tried with it, by tests/package/newcomer.sh, and only there.
                        [ "${rest%%|*}" = 'FIRST STEPS' ] ||
                                fail 'what needs the package stands in FIRST STEPS' "$1, block $number"
                        ;;
                *)
                        # shellcheck disable=SC2053 # patterns
                        if [[ $how == $2 && $how != $3 ]]; then
                                manual_try "$1" "$number" "$how"
                        fi
                        ;;
                esac
        done
}

manual_add_guests abc bcd def
pages=$(cd "$LAB/tree$MAN" && find . -name '*distro*' -name '*.[0-9]' -printf '%f\n' | sort)
check 'seven pages are installed' test "$(wc -w <<<"$pages")" = 7
for name in "${MEMBERS[@]}"; do
        lab_ssh "$name"
        mkdir -p "$LAB/$name/root/srv/distro"
done
manual_boot

# The first steps make the cluster, the example of distro-manager.app(5) the application of the other pages.
try_page distro-manager.7 '*' '*at the end*'
try_page distro-manager.app.5 '*' ''
for page in $pages; do
        case $page in
        distro-manager.7 | distro-manager.app.5) ;;
        *) try_page "$page" '*' '' ;;
        esac
done
step 'the installed examples'
for file in abc.conf bcd.conf def.conf manager.conf; do
        cluster_file abc /root/example/manager.conf <"$LAB/tree/usr/share/doc/distro-manager/examples/$file"
        check "$file verifies" node_exec abc distroctl verify /root/example/manager.conf
done
for file in distro.app web.app; do
        cluster_file abc "/root/example/$file" <"$LAB/tree/usr/share/doc/distro-manager/examples/$file"
        check "$file verifies" node_exec abc distroctl verify "/root/example/$file"
done
check 'there are no others' test "$(find "$LAB/tree/usr/share/doc/distro-manager/examples" -type f | wc -l)" = 6

try_page distro-manager.7 '*at the end*' ''
note "$MANUAL_TRIED examples"
