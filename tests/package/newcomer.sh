#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody who has never seen it, with the package and its manual alone: three bare hosts, and what FIRST STEPS of
# distro-manager(7) says, typed line by line, from the installation to the removal.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../cluster/lab/manual.sh
. "$LAB_SRC/manual.sh"

PAGE=distro-manager.7

manual_add_guests abc bcd def
for name in "${MEMBERS[@]}"; do
        root=$LAB/$name/root
        package_bare "$root"
        cp "$PACKAGE_OLD" "$root/root/"
        # Who types it answers "Y". The rest is for speed and for a log that can be read.
        cat >"$root/etc/apt/apt.conf.d/99answer" <<-'END'
		APT::Get::Assume-Yes "true";
		quiet "1";
		DPkg::Use-Pty "0";
		DPkg::Options { "--force-unsafe-io"; };
	END
done
manual_boot
# On a small Debian the package brings D-Bus along, and nothing starts it before the next boot. Here it is installed.
for name in "${MEMBERS[@]}"; do
        check "D-Bus is off on $name" node_exec "$name" sh -c \
                'systemctl stop dbus.socket dbus.service && ! systemctl --quiet is-active dbus.socket dbus.service'
done

# The page that the package has, before it is installed.
dpkg-deb --fsys-tarfile "$PACKAGE_OLD" | tar -xO "./usr/share/man/man7/$PAGE.gz" | gzip -dc >"$LAB/page"
manual_read "$PAGE" <"$LAB/page"
mapfile -t blocks < <(sed -n 's/ FIRST STEPS|/ /p' <<<"$MANUAL_LIST")
check 'there are first steps' test "${#blocks[@]}" -gt 10
for block in "${blocks[@]}"; do
        manual_try "$PAGE" "${block%% *}" "${block#* }"
        case $block in
        *'as /etc/corosync'*)
                check 'the page that was read is the installed one' \
                        cmp "$LAB/page" <(gzip -dc "$LAB/abc/root/usr/share/man/man7/$PAGE.gz")
                ;;
        esac
done
check 'each of them was tried' test "$MANUAL_TRIED" -eq "${#blocks[@]}"

step 'nothing of it is left'
for name in "${MEMBERS[@]}"; do
        check "the package is gone from $name" node_exec "$name" sh -c '! dpkg -s distro-manager 2>/dev/null | grep "^Status: install"'
        check "no worker is left on $name" node_exec "$name" sh -c '! pgrep -u nobody'
        check "no file of it is left on $name" node_exec "$name" sh -c \
                '! ls -d /etc/distro-manager /var/lib/distro-manager /usr/sbin/distro-manager /usr/bin/distroctl 2>/dev/null'
        check "Corosync runs on, on $name" node_exec "$name" systemctl is-active --quiet corosync
done

end_test clock
