# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A cluster of real hosts on one machine: sourced by each cluster test and by tools/demo.
#
# Each node is a guest of systemd-nspawn over an overlay of this machine's /, with a systemd, a D-Bus, a Corosync and
# a distro-manager of its own; what `make install DESTDIR=TREE` made lies over /. The script that sources this file
# is run again by lab/enter in namespaces of its own, so it may mount, add links and kill as it likes.
#
# Read from the environment:
#   LAB_TREE      what `make install DESTDIR=` made; empty: guests without distro-manager
#   LAB_OUT       folder for journals and logs that outlive the lab; default: none are kept
#   LAB_VERBOSE   not empty: say what is done
#   LAB_TRANSPORT Corosync's transport; default knet
#   LAB_BUS       the service that is the guests' system bus, dbus-broker say; default: as this machine has it
#
# What the parts offer:
#   guest.sh      lab_up, lab_down, node_boot, node_power_cut, node_freeze, node_thaw, node_exec, node_is_up
#   disk.sh       disk_add, disk_end: a disk that all guests share, and three ways to see that two used it at once
#   net.sh        cable_cut, cable_mend, loss_from, loss_end
#   journal.sh    now, wait_line, wait_until, line_time, seconds
#   cluster.sh    cluster_up, cluster_file, the contents of guests: corosync.conf, manager.conf, applications
#   web.sh        web_app, web_ask, web_pause, web_is_on: a web server with addresses, and its client
#   check.sh      pass, fail, check_…, what a test says and how it ends

set -euo pipefail
export LC_ALL=C

LAB_SRC=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
if [ -z "${LAB_ID:-}" ]; then
        exec "$LAB_SRC/enter" "$(readlink -f "$0")" "$@"
fi

# Inside: a /run of our own holds everything, and vanishes with the namespace.
LAB=/run/distro-lab
LAB_TRANSPORT=${LAB_TRANSPORT:-knet}

# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/guest.sh"
# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/disk.sh"
# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/net.sh"
# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/journal.sh"
# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/cluster.sh"
# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/web.sh"
# shellcheck source-path=SCRIPTDIR
. "$LAB_SRC/check.sh"

# Says something about the lab itself, on standard error.
lab_say() {
        [ -z "${LAB_VERBOSE:-}" ] || printf '%s lab: %s\n' "$(date +%H:%M:%S.%3N)" "$*" >&2
}

lab_die() {
        printf 'lab: %s\n' "$*" >&2
        exit 99
}
