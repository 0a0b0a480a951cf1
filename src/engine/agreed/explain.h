/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a node may run an application, or may not, in words for people. Changes nothing. */

#include "engine/agreed/place.h"

/* True and a remark, or false and the reason. `state`: what the node is to the engine that asks. */
bool place_explain(const Agreed *g, const App *a, const Node *n, NodeState state, char *ret_why,
                size_t size_bytes);
/* What is wrong with the file that the node has, maybe in `buffer`; NULL: it is right, or there is none. */
const char *app_wrong_file(const App *a, const Node *n, char *buffer, size_t size_bytes);
