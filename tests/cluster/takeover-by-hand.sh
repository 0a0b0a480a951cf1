#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# distroctl takeover moves an application and holds it against better nodes until one of them was away.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

applications() { cluster_app distro 'abc bcd def' FailoverDelaySec=30s; }

begin=$(now)
cluster_up abc bcd def
expect_start "$begin" 10 distro abc normal

step 'takeover by def'
begin=$(now)
check 'the command succeeds' node_exec bcd distroctl takeover distro def
expect_start "$begin" 5 distro def takeover abc
check_within 2 'it is held' app_is distro held true
check_stays 3 'no better node takes it back' app_runs_on distro def

step 'a restart of the better node'"'"'s manager does not count'
node_exec abc systemctl restart distro-manager
cluster_wait_synced
check_stays 3 'it stays on def' app_runs_on distro def

step 'abc was in standby: then it takes over'
check 'standby' node_exec abc distroctl standby abc
begin=$(now)
check 'unstandby' node_exec abc distroctl unstandby abc
expect_start "$begin" 5 distro abc takeover def
check_within 2 'it is not held any more' app_is distro held false

step 'refusals'
check 'forbid' node_exec abc distroctl forbid distro bcd
check_fails 'a takeover by a forbidden node is refused' node_exec abc distroctl takeover distro bcd
check_fails 'a takeover by an unknown node is refused' node_exec abc distroctl takeover distro xyz
check_fails 'a takeover of an unknown application is refused' node_exec abc distroctl takeover nothing def
check 'nothing moved' app_runs_on distro abc

step 'forbidding the owner moves it at once, past the node that is forbidden'
begin=$(now)
check 'forbid' node_exec def distroctl forbid distro abc
expect_start "$begin" 5 distro def takeover abc
begin=$(now)
check 'permit' node_exec def distroctl permit distro abc
expect_start "$begin" 5 distro abc takeover def

end_test distro
