/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What `verify` looks for beside the text of the files. It may wait for file systems and services of names; the manager
 * must not, so it does not look for these things. */

#include "config/config.h"
#include "ctl/corosync-conf.h"

/* One more message; 0 or -ENOMEM. */
int verify_add(ConfigMessages *m, ConfigLevel level, const char *application, const char *file,
                const char *format, ...) _printf_(5, 6);

/* Programs, users and groups that this host lacks. */
int verify_host(const AppConfig *app, ConfigMessages *messages);
/* Devices, mount points and programs for a mount that this host lacks, and what it has of its own there. */
int verify_mount(const AppConfig *app, const Part *part, ConfigMessages *messages);
/* An installed unit that this host lacks, or starts at boot, or that cannot be a part. */
int verify_unit(const AppConfig *app, const Part *part, ConfigMessages *messages);
/* Of all parts; interfaces for the addresses that this host lacks, or has too many of. */
int verify_parts(const AppConfig *app, ConfigMessages *messages);
/* Addresses of rings that are the host itself, on whichever host. */
int verify_addresses(const CorosyncConf *conf, ConfigMessages *messages);

/* What a message says beside where: messages of several applications with the same words are told once. Points into the
 * text. */
const char *verify_words(const ConfigMessage *m);
