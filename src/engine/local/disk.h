/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/internal.h"

/* The record on this node's disk. Only the newest counts: one that waits is replaced. */

/* EVENT_WRITTEN. */
void disk_written(Engine *e, const Event *event);
void disk_write(Engine *e);              /* the record of the present revision */
void disk_acknowledge(Engine *e);        /* tells the group what is on the disk, or that it takes no writes */
uint64_t disk_deadline(const Engine *e); /* a write that failed is tried again */
