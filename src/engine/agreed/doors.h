/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The doors of this wing: the only ways to change what is agreed. Each is followed by decisions and by the count of the revision,
 * and what is always true is asserted then. */

#include "engine/agreed/agreed.h"

/* A message was delivered in a view that is decided. One that refers to something that the state does not have changes
 * nothing. */
Outcome agreed_message(Agreed *g, const Member *sender, const Message *m);
Outcome agreed_view(Agreed *g, const DecidedView *v);
/* This node's member has lost quorum after the view was decided: it is not synced any more. */
Outcome agreed_revoked(Agreed *g, uint32_t node_id);

/* Forming: first the facts of all members in the order delivered, then those that are synced by that, then the end, which
 * leaves one copy of each application. */
void agreed_form_facts(Agreed *g, const Member *sender, const FactsMessage *f);
bool agreed_form_synced(Agreed *g, const Member *member); /* false: it has not reported */
Outcome agreed_formed(Agreed *g);

/* A state that came by message is the agreed one from now on. Takes the contents of *s. */
void agreed_install(Agreed *g, State *s);
