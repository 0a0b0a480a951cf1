# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Cables between the guests and their switch, a bridge. Sourced by lab.sh. A guest's end of its cable is host0, the
# switch's end is vb-NAME.

# Pulls the cables of the guests named.
cable_cut() {
        local name
        for name; do
                lab_say "cut the cable of $name"
                ip link set "vb-$name" down
        done
}

cable_mend() {
        local name
        for name; do
                lab_say "mend the cable of $name"
                ip link set "vb-$name" up
        done
}

# Drops $2 percent of what guest $1 sends, and nothing of what it receives.
loss_from() {
        lab_say "lose $2 % of what $1 sends"
        nft -f - <<-END
		table netdev lab-$1 {
			chain loss {
				type filter hook ingress device "vb-$1" priority 0;
				$([ "$2" -ge 100 ] || echo "numgen random mod 100 < $2") drop
			}
		}
	END
}

loss_end() {
        nft delete table netdev "lab-$1"
}

# Drops $2 percent of what guest $1 receives, and nothing of what it sends. It ends by itself when the guest ends.
loss_to() {
        local pid
        pid=$(node_pid "$1")
        lab_say "lose $2 % of what $1 receives"
        nsenter -t "$pid" -n nft -f - <<-END
		table inet lab {
			chain loss {
				type filter hook input priority 0;
				iifname "lo" accept;
				$([ "$2" -ge 100 ] || echo "numgen random mod 100 < $2") drop
			}
		}
	END
}

loss_to_end() { nsenter -t "$(node_pid "$1")" -n nft delete table inet lab; }

# Drops all that guest $1 sends to guest $2, and nothing else; loss_end for $1 ends it.
loss_between() {
        lab_say "lose what $1 sends to $2"
        nft -f - <<-END
		table netdev lab-$1 {
			chain loss {
				type filter hook ingress device "vb-$1" priority 0;
				ip daddr $(node_address "$2") drop
			}
		}
	END
}
