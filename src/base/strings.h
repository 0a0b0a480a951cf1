/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lists of strings that end with NULL; the list and each string are the owner's. A list may be NULL, and is empty then. */

#include "base/macros.h"

char **strings_free(char **list); /* returns NULL */
DEFINE_TRIVIAL_CLEANUP(char **, strings_free)
/* A copy of `s` at the end. 0, or -ENOMEM, and the list is as it was. It looks for the end, so it is for short lists. */
size_t strings_count(char *const *list);
int strings_append(char ***list, const char *s);
