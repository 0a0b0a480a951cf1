/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Has one address on one interface for as long as the process lives, and says so to systemd.
 *
 *     asking    three frames within KEEPER_PROBE_USEC ask whether another host has it. Nobody answers: added. Somebody does:
 *               asked again each KEEPER_AGAIN_USEC, until the next question would end after the timeout; then it fails
 *     there     READY=1. It is announced at once, after 1 s and 5 s, and when the carrier or the interface's MAC changes.
 *               Each change of the interface and its addresses is looked at in the kernel's list
 *     failed    it is not there any more, or another host has it. The process ends, unless the file of the maintenance exists:
 *               then STATUS= says what would have ended it, and it is looked at again each second
 *
 * SIGTERM removes it, and nothing that the keeper has not added: what is its own carries RTNL_PROTOCOL_OURS. What an earlier
 * keeper left, which was killed, is removed before the first question; where another one has the address it fails. An interface without ARP is neither asked nor
 * told; one without a carrier is, in vain, and that is said, but it is no failure. The last reason is written to standard
 * error and to STATUS=. */

#include "address/arguments.h"
#include "address/keeper-exit.h"

#define KEEPER_PROBES 3
#define KEEPER_PROBE_USEC (200 * USEC_PER_MSEC)
#define KEEPER_AGAIN_USEC USEC_PER_SEC

KeeperExit keeper_run(const Arguments *a);
