/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/local/local.h"

/* The record on this node's disk. Only the newest counts: one that waits is replaced. */

/* EVENT_WRITTEN. */
void disk_written(Local *here, const Event *event);
void disk_write(Local *here);       /* the record of the present revision */
void disk_acknowledge(Local *here); /* tells the group what is on the disk, or that it takes no writes */
uint64_t disk_deadline(const Local *here); /* a write that failed is tried again */
