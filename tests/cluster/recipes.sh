#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# doc/recipes.md, typed as it stands there, but that the guests' interface is called host0, their disk is /lab/data, and their
# PostgreSQL is the one that this Debian has.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/manual.sh
. "$LAB_SRC/manual.sh"


PAGE=${0%/*}/../../doc/recipes.md
# shellcheck disable=SC2012 # numbers
PG_VERSION=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
[ -n "$PG_VERSION" ] || lab_die 'there is no PostgreSQL (tools/deps)'

applications() {
        disk_add_raw data 256
        cluster_app distro 'abc {bcd def}'
}

cluster_up abc bcd def
manual_read recipes.md < <(sed -e 's/\\/\\e/g' -e 's/\beth0\b/host0/' -e 's|/dev/disk/by-id/wwn-[0-9a-fx]*|/lab/data|' -e "s/@15-main/@$PG_VERSION-main/; s|postgresql/15/|postgresql/$PG_VERSION/|" -e 's/^## /.SH /' -e 's/^<!-- \(try .*\) -->$/.\\" \1/' "$PAGE" |
        awk '/^```/ { print inside ? ".EE" : ".EX"; inside = !inside; next } { print }')
mkdir -p "$LAB"/{abc,bcd,def}/root/usr/share/doc/distro-manager
while read -r number block; do
        manual_try recipes.md "$number" "${block#*|}"
done <<<"$MANUAL_LIST"
check 'there are recipes' test "$MANUAL_TRIED" -gt 8

end_test web db pg
disk_end srv-db.mount
