#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# distroctl as a person has it: on a terminal (tmux), with its colours, pager, line of progress, Ctrl-C, watch, and the
# completions of bash and zsh; and with -H on another host's manager, through a real ssh.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=lab/terminal.sh
. "$LAB_SRC/terminal.sh"

applications() {
        cluster_app distro 'abc {bcd def}' FailoverDelaySec=5s
        # Long enough in its start that somebody can look on.
        cluster_app slow 'bcd def' Description='Takes its time' -- Type=notify NotifyAccess=all \
                'ExecStart=/bin/sh -c "sleep 4; systemd-notify --ready; exec sleep infinity"'
        cluster_app broken def -- ExecStart=/bin/false
        for name in "${MEMBERS[@]}"; do
                lab_ssh "$name"
        done
}

cluster_up abc bcd def
check_within 20 'distro runs' app_runs_on distro abc
check_within 20 'slow runs' app_runs_on slow bcd

step 'colours on a terminal, and nowhere else'
term_open abc 120 40
term_type 'distroctl --no-pager status'
term_wait 'takes part in the cluster'
check 'green' grep -q $'\e\\[[0-9;]*32m' <<<"$(term_screen -e)"
check 'none in a pipe' test -z "$(node_exec abc distroctl status | grep $'\e' || true)"
term_type 'clear; NO_COLOR=1 distroctl --no-pager status | cat; distroctl --no-pager -q start nope'
term_wait 'no application is called nope'
check 'an error is red' grep -q $'\e\\[[0-9;]*31m' <<<"$(term_screen -e)"

step 'tables fit the terminal'
for width in 60 80 100; do
        term_open abc "$width" 40
        term_type 'distroctl --no-pager status; distroctl --no-pager list-applications; echo end'
        term_wait '^end$'
        check "nothing is cut or wrapped below a table at $width" term_screen
        # A line that does not fit would go on in the next one, which then does not begin as a row does.
        wrapped=$(term_screen | sed -n '/^APPLICATION/,/^$/p' | grep -vE '^(APPLICATION|broken|distro|slow|$)' |
                grep -vE '^[0-9]+ applications|^end$|^\$' || true)
        check "rows are lines at $width" test -z "$wrapped"
done
check 'without a terminal nothing is cut' node_exec abc sh -c '! distroctl status | grep -q "\.\.\.$"'

step 'a pager where it does not fit'
term_open abc 100 8
term_type 'PAGER= SYSTEMD_PAGER=less distroctl status'
term_wait 'lines 1-7'
term_key q
term_type 'clear; echo left the pager'
term_wait '^left the pager'
term_type 'clear; SYSTEMD_PAGER=less distroctl --no-pager status; echo end'
term_wait '^end$'

step 'progress while it waits, and no trace of it afterwards'
term_open abc 120 20
term_type 'distroctl restart slow; echo status $?'
term_wait 'restart slow: starting on bcd'
term_wait '^status 0'
check 'the result is there' grep -q '^slow runs on bcd (normal)' <<<"$(term_screen)"
check 'the line of progress is gone' test -z "$(term_screen | grep 'restart slow: ' || true)"

step 'Ctrl-C leaves the command running, and says so'
epoch=$(app_field slow epoch)
term_type 'clear; distroctl restart slow'
term_wait 'restart slow: starting on bcd'
term_key C-c
term_wait "Interrupted: 'restart slow' goes on in the cluster"
# The shell gives up a whole line when a command in it dies of Ctrl-C; so this is typed behind it.
term_type 'echo status $?'
term_wait '^status 130'
slow_runs_anew() { app_runs_on slow bcd && [ "$(app_field slow epoch)" -gt "$epoch" ]; }
check_within 20 'slow is restarted all the same' slow_runs_anew

step 'watch'
term_open abc 110 24
term_type 'distroctl watch'
term_wait 'distro +running +abc'
check 'takeover' node_exec def distroctl takeover distro def
term_wait 'distro +running +def'
term_wait 'distro.*started on def|distro.*def.*takeover'
term_resize 70 15
term_wait 'distro +running +def'
check 'takeover' node_exec def distroctl takeover distro
term_wait 'distro +running +abc'
term_key q
term_wait '^# $|distroctl watch$'
term_type 'clear; echo still here'
term_wait '^still here'
term_type 'distroctl watch; echo status $?'
term_wait 'distro +running +abc'
term_key C-c
term_wait '^status 0'

step 'the manager ends while it is watched, and comes back'
term_type 'clear; distroctl watch'
term_wait 'distro +running +abc'
node_exec abc systemctl stop distro-manager
term_wait 'is not running on this node'
node_exec abc systemctl start distro-manager
term_wait 'distro +running'
term_key q
check_within 20 'distro is back' app_runs_on distro abc

step 'completion in bash'
term_open abc 120 30
term_type '. /usr/share/bash-completion/completions/distroctl.bash'
term_completes 'distroctl tak' 'distroctl takeover '
term_completes 'distroctl takeover dis' 'distroctl takeover distro '
term_completes 'distroctl takeover distro bc' 'distroctl takeover distro bcd '
term_completes 'distroctl maintenance slow o' 'distroctl maintenance slow o'
term_completes 'distroctl drain de' 'distroctl drain def '
term_completes 'distroctl --no-b' 'distroctl --no-block '
term_completes 'distroctl --json=sh' 'distroctl --json=short '
term_completes 'distroctl start --no-block sl' 'distroctl start --no-block slow '
term_completes 'distroctl verify /etc/distro-manager/man' 'distroctl verify /etc/distro-manager/manager.conf '

step 'completion in zsh'
term_open abc 120 30 'zsh -f'
term_type "PS1='# '; fpath=(/usr/share/zsh/site-functions /usr/share/zsh/vendor-completions \$fpath); autoload -U compinit; compinit -u -D"
term_completes 'distroctl tak' 'distroctl takeover '
term_completes 'distroctl takeover dis' 'distroctl takeover distro '
term_completes 'distroctl takeover distro bc' 'distroctl takeover distro bcd '
term_completes 'distroctl drain de' 'distroctl drain def '
term_completes 'distroctl --no-b' 'distroctl --no-block '
term_completes 'distroctl --json=sh' 'distroctl --json=short '
term_completes 'distroctl start --no-block sl' 'distroctl start --no-block slow '

step '-H: another host answers, by ssh'
say() { NODE_TIMEOUT=40 node_exec def env HOME=/root distroctl --no-pager "$@"; }
check 'it is the other manager' test "$(say -H abc --json=short status | jq -r .manager.node)" = abc
check 'also with a user' test "$(say --host=root@abc --json=short status | jq -r .manager.node)" = abc
check 'it commands, and waits' say -H abc takeover distro bcd
check 'it runs there' app_runs_on distro bcd
status=0
said=$(say -H abc status broken 2>&1) || status=$?
check 'exit statuses come through: not running' test "$status" = 3
status=0
said=$(say -H abc start nope 2>&1) || status=$?
check 'exit statuses come through: unknown' test "$status" = 4
status=0
said=$(say -H nowhere stop distro 2>&1) || status=$?
check 'a host that is not there' test "$status" = 1
check 'it says what to do' grep -q "Cannot reach the system bus of nowhere by ssh: .*Check that 'ssh nowhere true' works" <<<"$said"
node_exec abc systemctl stop distro-manager
said=$(say -H abc status 2>&1) && fail 'a manager that is not running is an error' "$said"
check 'it names the host' grep -q "is not running on abc. Start it with 'systemctl -H abc start distro-manager'" <<<"$said"
check 'as it says' node_exec def env HOME=/root systemctl -H abc start distro-manager
check_within 20 'abc takes part' node_is_synced abc
node_exec abc mv /root/.ssh/authorized_keys /root/keys
said=$(say -H abc stop distro 2>&1) && fail 'who has no key may not' "$said"
check 'it says so' grep -q 'Cannot reach the system bus of abc by ssh' <<<"$said"
check 'nothing was asked there' app_is distro target started
said=$(say -H abc verify 2>&1) && fail 'verify is for files of this host' "$said"
check 'it says what to do' grep -q 'ssh abc distroctl verify' <<<"$said"

end_test distro slow
