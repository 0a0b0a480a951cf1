/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cluster that there is not yet, as its files describe it: corosync.conf, manager.conf and the applications become the
 * first steps of a simulation. */

#include "config/config.h"
#include "ctl/model.h"
#include "engine/types.h"

/* This host's manager.conf. An exit status; prints what is wrong. */
int simulate_manager_config(const Ctl *c, ManagerConfig *ret);
/* Is this word on the command line the file of an application, and no step? */
bool simulate_is_file(const char *word);
/* Appends "nodes ...", "quorum ..." and so on, as --corosync= (NULL: where Corosync looks) and this host's manager.conf have it.
 * An exit status; prints what is wrong. */
int simulate_describe(const Ctl *c, const char *corosync, Strings *ret);
/* Appends "app FILE" for each NAME.app in the directory. An exit status. */
int simulate_list_files(const Ctl *c, const char *directory, Strings *ret);
/* A ScriptReader; `userdata` is the Ctl. Warnings are printed. */
int simulate_read_file(void *userdata, const char *path, Definition *ret, char *ret_error, size_t size_bytes);
