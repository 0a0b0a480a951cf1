#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may change things: root; with polkit whom a rule allows, and nobody else; without polkit only root. Everybody may
# look.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../cluster/lab/terminal.sh
. "$LAB_SRC/terminal.sh"

# as USER COMMAND...: on abc, as a user without a terminal who could be asked for a password.
as() {
        local user=$1
        shift
        node_exec abc runuser -u "$user" -- "$@"
}

# refused USER COMMAND...: it fails, says that it is not permitted, and changes nothing.
refused() {
        local user=$1 said status=0
        shift
        said=$(as "$user" "$@" 2>&1) || status=$?
        [ "$status" -eq 1 ] || fail "$user may not $*" "status $status: $said"
        note "$(head -n 1 <<<"$said")"
        case $said in
        *[Oo]'nly root'*) ;;
        *) fail 'it says who may' "$said" ;;
        esac
}

state_is() { [ "$(app_field clock state)" = "$1" ]; }

[ -e /usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service ] || lab_die 'this needs the package polkitd'

# Before it boots: who logs in is let in.
applications() {
        lab_ssh abc
        node_wants abc systemd-logind.service
}
package_boot abc
package abc --install /root/old.deb
cluster_app clock abc -- 'ExecStart=/usr/bin/sleep infinity' Type=exec
package_start
check_within 10 'clock runs' app_runs_on clock abc
for user in anna bert; do
        node_exec abc useradd --no-create-home --shell /bin/sh "$user"
done

step 'polkit with a rule for anna'
cluster_file all /etc/polkit-1/rules.d/50-distro.rules <<-'END'
	polkit.addRule(function(action, subject) {
	    if (action.id == "org.distro.Manager1.manage-applications" && subject.user == "anna")
	        return polkit.Result.YES;
	});
END
chmod 755 "$LAB/abc/root/etc/polkit-1/rules.d"
chmod 644 "$LAB/abc/root/etc/polkit-1/rules.d/50-distro.rules"
check 'bert may look' as bert distroctl --no-pager status
refused bert distroctl stop clock
check 'clock runs on' state_is running
check 'polkit was asked' node_exec abc systemctl is-active --quiet polkit.service
check 'anna may stop it' as anna distroctl stop clock
check 'it is stopped' state_is stopped
check 'the journal says who did it' find_line 1000000 "$(of abc)" MESSAGE_ID=8c8ad8ff717d4ae6a8b175ffebc86984 --grep=stop
check 'anna may start it' as anna distroctl start clock
check 'it runs' state_is running
refused anna distroctl standby abc
refused anna distroctl stop --local clock
refused anna distroctl reload
check 'root may do what no rule allows' node_exec abc distroctl maintenance clock on
check 'and back' node_exec abc distroctl maintenance clock off

said=$(node_exec abc distroctl stop --local clock 2>&1) && fail 'with quorum nothing is stopped without the group' "$said"
case $said in
*'for root'*) fail 'a refusal that is not about rights does not speak of them' "$said" ;;
esac

step 'an application'\''s own object asks the same'
check 'anna may stop it' as anna busctl call org.distro.Manager1 /org/distro/Manager1/application/clock \
        org.distro.Application1 Stop
check_within 5 'it is stopped' state_is stopped
check_fails 'bert may not start it' as bert busctl call org.distro.Manager1 /org/distro/Manager1/application/clock \
        org.distro.Application1 Start
check 'it is stopped' state_is stopped
check 'start' node_exec abc distroctl start clock

step 'on a terminal polkit asks for the password of somebody who may'
node_exec abc sh -c 'echo root:sesame | chpasswd'
for user in anna bert; do
        node_exec abc sh -c "mkdir -p /home/$user/.ssh && cp /root/.ssh/authorized_keys /home/$user/.ssh/ &&
                chmod 700 /home/$user/.ssh && chown -R $user /home/$user"
done
screen_lacks() { ! term_shows "$1"; }
# A session of a person, as sshd and logind make it.
login() {
        term_open abc 120 40
        term_type "ssh $1@abc"
        term_wait '^\$ $|^\$$'
}
login bert
term_type 'distroctl stop clock; echo status $?'
term_wait 'AUTHENTICATING FOR org.distro.Manager1.manage-applications'
term_wait '^Password:'
check_stays 3 'the question stays on the screen' term_shows '^Password:'
check 'nothing is done before that' state_is running
term_type sesame
term_wait 'AUTHENTICATION COMPLETE'
term_wait '^status 0'
check 'it is stopped' state_is stopped
term_type 'clear; distroctl start clock; echo status $?'
term_wait '^Password:'
term_type mistaken
term_wait 'AUTHENTICATION FAILED' 30
term_wait '^status 1'
check 'a wrong password starts nothing' state_is stopped
term_type clear
term_type 'distroctl start clock'
term_wait '^Password:'
term_key C-c
term_wait "Interrupted: 'start clock' has been asked for"
check 'neither does Ctrl-C at the question' state_is stopped
term_type 'clear; distroctl --no-ask-password start clock; echo status $?'
term_wait '^status 1'
check 'who is not to be asked is not asked' screen_lacks Password:
check 'it is stopped' state_is stopped
login anna
term_type 'distroctl start clock; echo status $?'
term_wait '^status 0'
check 'whom a rule allows is not asked' screen_lacks Password:
check 'it runs' state_is running

step 'polkit is restarted in between'
node_exec abc systemctl restart polkit.service
refused bert distroctl stop clock
check 'anna may restart it' as anna distroctl restart clock

step 'no polkit on the machine'
node_exec abc systemctl stop polkit.service
rm "$LAB/abc/root/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service"
node_exec abc systemctl mask --quiet --runtime polkit.service
node_exec abc systemctl reload dbus.service
begin=$(now)
refused anna distroctl stop clock
check_time 'the refusal' $(($(now) - begin)) 0 5000000
refused bert distroctl stop clock
check 'clock runs on' state_is running
check 'bert may look' as bert distroctl --no-pager status
check 'root may stop it' node_exec abc distroctl stop clock
check 'it is stopped' state_is stopped

step 'polkit that does not answer'
node_exec abc systemctl unmask --quiet --runtime polkit.service
node_exec abc systemctl start polkit.service
node_exec abc systemctl kill --kill-whom=main --signal=STOP polkit.service
# The manager goes on meanwhile.
as anna distroctl start clock >/dev/null 2>&1 &
check 'root may start it' node_exec abc distroctl start clock
check 'it runs' state_is running
node_exec abc systemctl kill --kill-whom=main --signal=KILL polkit.service
wait $! || true
check 'the manager is as it was' test "$(unit_property abc NRestarts distro-manager)" = 0

end_test clock
