# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A terminal in a guest, and ssh between guests. Sourced by the tests that need them. The terminal is tmux: what is typed
# goes through a pseudo terminal, and what is on the screen can be read.

TERM_GUEST=
TERM_NUMBER=0

term_tmux() { node_exec "$TERM_GUEST" env LC_ALL=C.UTF-8 TERM=xterm-256color HOME=/root SHELL=/bin/bash tmux -L "lab$TERM_NUMBER" -f /dev/null "$@"; }

# term_open GUEST WIDTH HEIGHT [SHELL]: a new terminal in place of the one before.
term_open() {
        if [ -n "$TERM_GUEST" ]; then
                term_tmux kill-server 2>/dev/null || true
        fi
        TERM_GUEST=$1
        # Each has a server of its own: one that is just ending still takes a connection, and then drops it.
        TERM_NUMBER=$((TERM_NUMBER + 1))
        term_tmux new-session -d -x "$2" -y "$3" "cd /root; PS1='# ' exec ${4:-bash --norc --noprofile}"
        wait_until 10 term_shows '^[#%] |# *$|% *$' || fail 'a shell asks' "$(term_screen)"
}

term_type() { term_tmux send-keys -l "$1" && term_tmux send-keys Enter; }
term_key() { term_tmux send-keys "$@"; }
term_resize() { term_tmux resize-window -x "$1" -y "$2"; }

# What is on the screen; `-e` with colours.
term_screen() { term_tmux capture-pane -p "$@"; }

term_shows() { term_screen | grep -qE -- "$1"; }

# term_wait PATTERN: it comes to be on the screen.
term_wait() {
        wait_until "${2:-20}" term_shows "$1" || fail "the screen shows $1" "$(term_screen)"
}

# The line on which the cursor stands, without the prompt.
term_line() { term_screen | sed -n 's/^\(#\|[a-z]*[%#]\) //p' | tail -n 1; }
term_line_is() { [ "$(term_line)" = "${1%% }" ]; }

# term_completes TEXT LINE: after TEXT and the tabulator key the line is LINE; a blank at its end is one on the screen.
term_completes() {
        local column
        term_key C-u
        term_tmux send-keys -l 'clear'
        term_key Enter
        term_tmux send-keys -l "$1"
        wait_until 5 term_line_is "$1" || fail "it was typed: $1" "$(term_screen)"
        term_key Tab
        wait_until 10 term_line_is "$2" || fail "$1 is completed to $2" "$(term_screen)"
        column=$(term_tmux display-message -p '#{cursor_x}')
        wait_until 5 term_cursor_at "$((${#2} + 2))" || fail "the cursor stands behind $2" "column $column: $(term_screen)"
}
term_cursor_at() { [ "$(term_tmux display-message -p '#{cursor_x}')" = "$1" ]; }

# Lets root of every guest into guest $1 by ssh, and runs a sshd there. Before it boots.
lab_ssh() {
        local root=$LAB/$1/root other
        [ -e "$LAB/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$LAB/key"
        mkdir -p "$root/root/.ssh"
        chmod 700 "$root/root/.ssh"
        cp "$LAB/key" "$root/root/.ssh/id_ed25519"
        cp "$LAB/key.pub" "$root/root/.ssh/authorized_keys"
        printf '%s\n' 'StrictHostKeyChecking accept-new' 'PasswordAuthentication no' >"$root/root/.ssh/config"
        chmod 600 "$root"/root/.ssh/*
        rm -f "$root"/etc/ssh/ssh_host_*
        ssh-keygen -q -t ed25519 -N '' -f "$root/etc/ssh/ssh_host_ed25519_key"
        node_wants "$1" ssh.service
        node_wants "$1" systemd-user-sessions.service
        for other in "${MEMBERS[@]}"; do
                grep -q " $other\$" "$root/etc/hosts" || echo "$(node_address "$other") $other" >>"$root/etc/hosts"
        done
}
