# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The distribution's PostgreSQL on the lab's shared disk, with an address, and a client that writes without end. Sourced by a
# test after lab.sh. The client is a host of its own at the switch, as that of web.sh.

PG_ADDRESS=10.99.0.90
PG_PORT=5432
# Where the disk is mounted; and, from pg_install on, the server's version.
PG_MOUNT=/srv/pg
PG_VERSION=

# Makes the data on disk $1, and the configuration of all members: what pg_createcluster makes, once, on the first of them.
# For `applications`, after disk_add.
pg_install() {
        local disk=$1 first=${MEMBERS[0]} name root loop said status=0
        # shellcheck disable=SC2012 # numbers
        PG_VERSION=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
        [ -n "$PG_VERSION" ] && command -v pg_createcluster >/dev/null || lab_die 'there is no PostgreSQL (tools/deps)'
        cc -O1 -o "$LAB/sql-writer" "$LAB_SRC/sql-writer.c"
        for name in "${MEMBERS[@]}"; do
                root=$LAB/$name/root
                # Whatever this machine has.
                rm -rf "$root/etc/postgresql" "$root/var/lib/postgresql" "$root/var/log/postgresql"
                mkdir -p "$root$PG_MOUNT" "$root/etc/postgresql"
                install -d -o postgres -g postgres "$root/var/lib/postgresql"
                install -d -m 1775 -g postgres "$root/var/log/postgresql"
        done
        loop=$(losetup --find --show "$DISK_DIR/$disk.img")
        mkdir -p "$DISK_DIR/look"
        mount "$loop" "$DISK_DIR/look"
        said=$(pg_create "$first" 2>&1) || status=$?
        umount "$DISK_DIR/look"
        losetup --detach "$loop"
        [ "$status" -eq 0 ] || lab_die "no PostgreSQL could be made: $said"
        for name in "${MEMBERS[@]}"; do
                [ "$name" = "$first" ] || cp -a "$LAB/$first/root/etc/postgresql/." "$LAB/$name/root/etc/postgresql/"
        done
}

# In the file system of guest $1, before it boots.
pg_create() {
        local settings=(-o 'listen_addresses=*' -o ssl=off -o shared_buffers=16MB -o min_wal_size=32MB -o max_wal_size=64MB)
        node_join_cgroups "$1"
        # shellcheck disable=SC2016 # for the shell there
        systemd-nspawn -q -D "$LAB/$1/root" --register=no --keep-unit --pipe --link-journal=no --resolv-conf=off --timezone=off \
                --bind="$DISK_DIR/look:$PG_MOUNT" -- /bin/sh -ec '
                version=$1 mount=$2
                shift 2
                mkdir -p /run/postgresql && chown postgres: /run/postgresql
                pg_createcluster "$version" main -d "$mount/main" --start-conf=manual -p 5432 "$@" -- --no-sync
                echo "host all all 10.99.0.0/24 trust" >>"/etc/postgresql/$version/main/pg_hba.conf"
                pg_ctlcluster --skip-systemctl-redirect "$version" main start
                runuser -u postgres -- psql -q -c "CREATE TABLE written (n bigint PRIMARY KEY)"
                pg_ctlcluster --skip-systemctl-redirect -m fast "$version" main stop
                ' sh "$PG_VERSION" "$PG_MOUNT" "${settings[@]}" </dev/null
}

# The client begins to write. It ends as those of web.sh do.
pg_write() {
        ip link set lab0 address 02:00:00:00:00:fe
        ip address add 10.99.0.254/24 dev lab0
        "$LAB/sql-writer" "$PG_ADDRESS" "$PG_PORT" >"$LAB/written" &
        WEB_CLIENTS+=($!)
}

# Whether a commit was answered since time $1.
pg_answers_since() { [ "$(tail -n 1 "$LAB/written" | cut -d ' ' -f 1)" -gt "$1" ]; }

# The longest time since time $1 in which no commit was answered, in microseconds.
pg_pause() { longest_pause "$LAB/written" "$1"; }

# The members on which any process of a server is.
pg_nodes() {
        local name nodes=
        for name in "${MEMBERS[@]}"; do
                node_is_up "$name" || continue
                ! node_exec "$name" pgrep -x postgres >/dev/null || nodes+=" $name"
        done
        echo "${nodes# }"
}

# Whether exactly one server is there, on guest $1: one process that no other server's is the parent of.
pg_runs_on() {
        [ "$(pg_nodes)" = "$1" ] && [ "$(node_exec "$1" sh -c 'pgrep -x postgres | while read -r pid; do
                [ "$(cat "/proc/$(awk "/^PPid:/ { print \$2 }" "/proc/$pid/status")/comm")" = postgres ] || echo "$pid"
                done' | wc -l)" = 1 ]
}

# Prints what was answered and is not there, as guest $1 has it.
pg_lost() {
        cut -d ' ' -f 2 "$LAB/written" | sort >"$LAB/answered"
        node_exec "$1" runuser -u postgres -- psql -AtX -c 'SELECT n FROM written' | sort >"$LAB/kept"
        [ -s "$LAB/kept" ] || echo 'nothing at all is there'
        comm -23 "$LAB/answered" "$LAB/kept"
}
