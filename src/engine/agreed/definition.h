/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which definition is agreed; where nodes' files differ from it; `reload --all`. Of a node's own files nothing is known here but
 * what it said. */

#include "engine/agreed/agreed.h"
#include "engine/encode.h"

/* Three quarters of a message: marks, starts where it failed, permissions and copies come on top, and cannot be refused. (A
 * start where it failed that was refused would leave a mark, which is as large.) */
#define STATE_ROOM_BYTES (MESSAGE_BYTES_MAX / 4 * 3) /* a state that is larger takes no more definitions */
#define RELOAD_USEC (2 * USEC_PER_SEC)               /* nodes that read their files are waited for so long */
#define DEFINITIONS_BYTES (1024u * 1024)             /* of one message of definitions; more go in parts */

void definitions_apply(Agreed *g, uint32_t node_id, const DefinitionsMessage *m);
/* Picks the agreed definition again after a file changed on `changed_node`. */
void app_agree_definition(Agreed *g, App *a, uint32_t changed_node);
/* `reload --all` is carried out; it is over for all nodes, also if some have not answered; what has no owner waits for it. */
void definitions_reload(Agreed *g);
void definitions_end_reading(Agreed *g);
bool definitions_hold_up(const Agreed *g, const App *a);
/* No node has a usable or a wrong file for it, as far as all nodes of the cluster are known. */
bool definitions_gone(const Agreed *g, const App *a);
/* Forming: the file of the member that forms is the agreed definition until others object, if there is room. 0 or -ENOMEM. */
int definition_form(State *s, const Definition *d);
/* At most what an entry adds to a message or a state. */
size_t definition_entry_bytes(const DefinitionEntry *d);
