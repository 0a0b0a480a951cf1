/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where configuration files are, as systemd looks for them, and reading them. */

#include "config/syntax.h"

#define CONFIG_FILE_MAX (1024u * 1024u)

typedef struct ConfigFile {
        char *path;    /* without the root */
        bool absolute; /* the root does not come before it */
} ConfigFile;

typedef struct ConfigFiles {
        ConfigFile *items;
        size_t n_items, n_allocated;
} ConfigFiles;

void config_files_done(ConfigFiles *f);
/* Appends DIRECTORY/NAME; 0 or -ENOMEM. */
int config_files_add(ConfigFiles *f, bool absolute, const char *directory, const char *name);

/* The highest file of that name (relative to the directories of the search path), appended to `f`. Returns 1;
 * 0 if there is none; -ERFKILL if it is a mask, which is appended too; another errno. */
int config_files_find(const ConfigContext *context, const char *name, ConfigFiles *f);
/* Appends the drop-ins of the directory NAME; `beside` is one more directory, above all others, that the root
 * does not come before, or NULL. Masked ones are left out. -ENOMEM, or another errno and *ret_bad, the path
 * to blame. */
int config_files_find_dropins(const ConfigContext *context, const char *beside, const char *name,
                ConfigFiles *f, char **ret_bad);
/* What lies in the folders of that name and is never read: neither *suffix nor *suffix.d. 0, or a negative errno. */
int config_files_list_stray(
                const ConfigContext *context, const char *name, const char *suffix, ConfigFiles *f);
/* The names in all directories NAME of the search path that end in `suffix`, sorted, each once. The same
 * errors. */
int config_files_list_names(const ConfigContext *context, const char *name, const char *suffix, char ***ret,
                size_t *ret_n, char **ret_bad);

/* Reads and parses the files in order. A file that can't be read is a complaint. 0 or -ENOMEM. */
int config_files_parse(ParseState *p, const ConfigFiles *f, const char *const *sections,
                AssignmentHandler handler, void *userdata);
/* The paths as a NULL-terminated array. */
int config_files_paths(const ConfigFiles *f, char ***ret);
