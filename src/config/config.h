/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From text to validated configuration: manager.conf and the applications' files. Reads files, checks every line and
 * hands out plain data; calls no other service, logs nothing, keeps nothing between calls.
 *
 * Syntax is systemd's: sections, and Key=value. A backslash at the end of a line continues it. Lines that begin with #
 * or ; are comments. An empty value resets a list, and puts any other key back to its default. Sections and keys that
 * begin with X- are ignored. Everything else that is unknown is an error.
 *
 * Files are looked for as systemd does it. The directories are, from the highest: /etc/distro-manager,
 * /run/distro-manager, /usr/lib/distro-manager (the first and the last as configured at build time). Of files with one
 * name the highest counts; an empty one or a link to /dev/null masks those below. Drop-ins (manager.conf.d, and
 * applications/NAME.app.d, *.conf) come from all directories and are read after the file itself, in the order of their
 * names. Each name is read once, from the highest directory that has it. Drop-ins alone make no application.
 *
 * What goes wrong with a file is never only an errno: the caller gets messages that say where and what. All of a file's
 * mistakes are reported, not only the first, and a wrong application keeps out itself and no other. */

#include "config/part.h"
#include "base/strings.h"
#include "config/sealed.h"
#include "engine/types.h"

#define SYNC_TIMEOUT_DEFAULT_USEC (30 * USEC_PER_SEC)
#define SYNC_TIMEOUT_MIN_USEC (1 * USEC_PER_SEC) /* a shorter one would meet the unit's limit of starts */

/* Where to look, and what specifiers stand for. All fields may be NULL; nothing is copied, nothing is freed.
 */
typedef struct ConfigContext {
        const char *root; /* comes before every path that is opened; messages name paths without it */
        const char *const
                        *search_path; /* NULL-terminated, highest first; NULL: config_search_path_default() */
        const char *host_name;        /* %H; NULL: the kernel's */
        const char *machine_id;       /* %m; NULL: from /etc/machine-id */
        const char *boot_id;          /* %b; NULL: the kernel's */
        const char *const *node_names; /* the nodelist, for warnings about names that it lacks; NULL: no
                                          warnings */
        size_t n_node_names;
        const struct ConfigNodeAddress *node_addresses; /* what the nodelist says; NULL: not known */
        size_t n_node_addresses;
        struct ConfigSystemd *systemd; /* asked about keys that our table lacks; NULL: none is */
        SelfFence self_fence;          /* as manager.conf has it */
} ConfigContext;

/* One address of a ring: whose it is, and as it is written; names of hosts are passed over. */
typedef struct ConfigNodeAddress {
        const char *node, *address;
} ConfigNodeAddress;

/* A systemd that says which keys it knows: its program is asked once, when the first key comes up that our table lacks. One
 * thread at a time. */
typedef struct ConfigSystemd {
        const char *program; /* NULL: there is none */
        char *items;         /* what it said; NULL: it was not asked yet */
} ConfigSystemd;

/* This host's systemd, for `program`; NULL: it is not found. */
const char *config_systemd_program(void);
void config_systemd_done(ConfigSystemd *s);

const char *const *config_search_path_default(void);

typedef enum ConfigLevel {
        CONFIG_WARNING,
        CONFIG_ERROR,
} ConfigLevel;

/* One thing to tell. `text` is complete, "file:line: Key=: what was wrong, what was expected", without a full stop or
 * newline at its end. The other fields repeat its parts. */
typedef struct ConfigMessage {
        ConfigLevel level;
        char *text;
        char *application; /* whose file it is; NULL for manager.conf */
        char *file;
        unsigned line; /* 0: the file as a whole */
        char *key;     /* NULL: not about one key */
} ConfigMessage;

typedef struct ConfigMessages {
        ConfigMessage *items;
        size_t n_items, n_allocated;
        size_t n_errors;
} ConfigMessages;

void config_messages_done(ConfigMessages *m);
/* All texts of that level, one a line, without a newline at the end; "" if there are none. NULL: out of
 * memory. */
char *config_messages_join(const ConfigMessages *m, ConfigLevel level);

/* [Cluster] of manager.conf. */
typedef struct ManagerConfig {
        char *group; /* Group=; 1 to 127 bytes */
        char **sync_mandatory;
        size_t n_sync_mandatory;
        char **sync_optional;
        size_t n_sync_optional;
        uint64_t sync_timeout_usec; /* USEC_INFINITY: for ever */
        NoQuorumPolicy no_quorum_policy;
        SelfFence self_fence;
        uint64_t self_fence_usec;        /* SelfFenceSec= */
        uint64_t isolation_timeout_usec; /* 0: not set, the default follows from Corosync's timing */
        uint64_t manager_grace_usec;     /* never 0, never infinity */
} ManagerConfig;

void manager_config_done(ManagerConfig *c);

/* Reads manager.conf and its drop-ins; without any file all keys have their defaults. Messages are appended.
 * Returns 0 and sets *ret; -EINVAL if there were errors, which `messages` tells; -ENOMEM. */
int manager_config_load(const ConfigContext *context, ConfigMessages *messages, ManagerConfig *ret);
/* The same for one file's text, without drop-ins; `file` is only the name that messages use. */
int manager_config_parse(const ConfigContext *context, const char *file, const char *text, size_t size_bytes,
                ConfigMessages *messages, ManagerConfig *ret);
/* The files that manager_config_load() would read, without the root, NULL-terminated; 0 or -ENOMEM.
 * strings_free() frees. */
int manager_config_list_files(const ConfigContext *context, char ***ret);

/* One application: what the engine decides by, and what its unit is made of. */
typedef struct AppConfig {
        Definition definition; /* its digest is over everything here with specifiers left as they stand: equal
                                * on all nodes for equal files, whatever their comments, order and white space
                                */
        SealedProperties
                        properties; /* of [Unit] and [Service]; never empty. Environment is complete but for the
                                      * DISTRO_... variables, which the adapter adds; names of that kind are
                                      * refused */
        uint64_t stop_timeout_usec; /* TimeoutStopSec=; USEC_INFINITY: none; 0: not set, systemd's default
                                       holds */
        Parts parts;                /* of [Parts]; empty: the application is its worker alone */
        uint64_t unit_digest; /* of [Unit], [Service] and [Parts] alone, as expanded here: a worker that was
                               * started with another one needs a restart. Never 0 */
} AppConfig;

void app_config_done(AppConfig *c);

typedef struct AppConfigFailure {
        char *name;    /* of the application, or of the file (without .app) if that is not a valid name */
        char *text;    /* its errors, one a line */
        unsigned line; /* of the first one; 0: the file as a whole */
} AppConfigFailure;

typedef struct AppConfigs {
        AppConfig *items; /* sorted by name */
        size_t n_items;
        AppConfigFailure *failures; /* sorted by name */
        size_t n_failures;
} AppConfigs;

void app_configs_done(AppConfigs *c);
/* NULL: there is none of that name. */
const AppConfig *app_configs_find(const AppConfigs *c, const char *name);

/* Reads all applications. A wrong one is in ret->failures; its errors, and all warnings, are appended to
 * `messages` too. Returns 0, also with failures; -ENOMEM; another errno where a directory could not be read,
 * after a message. */
int app_config_load_all(const ConfigContext *context, ConfigMessages *messages, AppConfigs *ret);
/* Of two applications with one address, of which a node may run both, keeps one; the other becomes a failure, and
 * `messages` tells. It is the one that `in_force`, what was read before, does not have with that address, else the second by
 * name. `in_force` may be NULL. What it has for applications that are failures counts too, since that stays. 0 or -ENOMEM. */
int app_configs_refuse_shared(AppConfigs *c, const AppConfigs *in_force, ConfigMessages *messages);
/* An application of which something outlives a kill, and whose FailoverDelaySec= is shorter than `least_usec`, what this node
 * needs to end that: a message says so with both. Returns -EINVAL for one, 0, or -ENOMEM. */
int app_config_check_delay(const AppConfig *a, uint64_t least_usec, ConfigMessages *messages);
/* Makes failures of these. What `is_known` says was there before is not refused: the group raises its delay. 0 or -ENOMEM. */
int app_configs_refuse_short(AppConfigs *c, uint64_t least_usec,
                bool (*is_known)(const char *name, void *userdata), void *userdata, ConfigMessages *messages);
/* One application with its drop-ins. -ENOENT: there is no file, or it is masked; -EINVAL: `messages` tells.
 */
int app_config_load(const ConfigContext *context, const char *name, ConfigMessages *messages, AppConfig *ret);
/* A file wherever it lies; the application's name is the file's without .app. Drop-ins are those of
 * NAME.app.d beside it and of the search path. The root is not put before `path`. -EINVAL: `messages` tells,
 * also where the file could not be read; -ENOMEM. An empty file is no mask here but an error. */
int app_config_load_file(
                const ConfigContext *context, const char *path, ConfigMessages *messages, AppConfig *ret);
/* The same for a text, without drop-ins; `file` is only the name that messages use. */
int app_config_parse(const ConfigContext *context, const char *name, const char *file, const char *text,
                size_t size_bytes, ConfigMessages *messages, AppConfig *ret);
/* The names of all applications that have a file which is not masked, valid or not: sorted, NULL-terminated.
 */
int app_config_list_names(const ConfigContext *context, char ***ret);
/* The file and the drop-ins that make up an application, in the order in which they are read, NULL-terminated, without
 * the root. -ENOENT: there is no file. -ERFKILL: it is masked, and the list (set all the same) holds the mask alone. */
int app_config_list_files(const ConfigContext *context, const char *name, char ***ret);
