/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the configuration module: a property of a transient systemd unit while its file is read. Lines add to it,
 * and an empty one takes it away, so it has a shape that can be changed. Once the file is through it is sealed
 * (sealed.h), and this is gone; only the parsers see it.
 *
 * Everything that a property points to is its own and allocated; unit_property_done() frees it. Strings are
 * never NULL. Empty arrays are NULL with a count of 0. */

#include "base/macros.h"
#include "config/sealed.h"

typedef enum UnitPropertyKind {
        UNIT_PROPERTY_BOOL,    /* b        .boolean */
        UNIT_PROPERTY_I32,     /* i        .i32 */
        UNIT_PROPERTY_U32,     /* u        .u32 */
        UNIT_PROPERTY_U64,     /* t        .u64 */
        UNIT_PROPERTY_STRING,  /* s        .string */
        UNIT_PROPERTY_STRINGS, /* as       .strings */
        UNIT_PROPERTY_BYTES,   /* ay       .bytes */
        UNIT_PROPERTY_EXEC,    /* a(sasb)  .exec: path, argv, whether flags has "ignore-failure" (Exec...=) */
        UNIT_PROPERTY_EXEC_EX, /* a(sasas) .exec: path, argv, flags (the ...Ex form of Exec...=) */
        UNIT_PROPERTY_STRING_BOOLS, /* a(sb)    .rows: first, flag (EnvironmentFiles: path, optional) */
        UNIT_PROPERTY_STRING_PAIRS, /* a(ss)    .rows: first, second */
        UNIT_PROPERTY_STRING_U64S,  /* a(st)    .rows: first, number */
        UNIT_PROPERTY_STRING_BYTES, /* a(say)   .rows: first, second as bytes without the final zero */
        UNIT_PROPERTY_BINDS,        /* a(ssbt)  .rows: first, second, flag, number (BindPaths) */
        UNIT_PROPERTY_CONDITIONS,   /* a(sbbs)  .rows: first, flag (trigger), flag2 (negate), second */
        UNIT_PROPERTY_ADDRESSES,    /* a(iayu)  .addresses */
        UNIT_PROPERTY_SET, /* (bas)    .set: flag, strings (SystemCallFilter, RestrictAddressFamilies) */
        UNIT_PROPERTY_STATUS_SET,   /* (aiai)   .status_set: exit codes, signals (SuccessExitStatus) */
        UNIT_PROPERTY_LINKS,        /* a(sst)   .rows: first, second, number (StateDirectorySymlink) */
        UNIT_PROPERTY_SOCKET_BINDS, /* a(iiqq)  .socket_binds (SocketBindAllow) */
        UNIT_PROPERTY_LABEL,        /* (bs)     .label: flag (ignore failure), name (AppArmorProfile) */
        UNIT_PROPERTY_BYTE_ARRAYS, /* aay      .strings, each as bytes without the final zero (LogExtraFields)
                                    */
        UNIT_PROPERTY_LINES, /* not for the bus: .strings, values as they stand of a key that systemd alone knows;
                              * the name is "Service.Key" or "Unit.Key" */
        _UNIT_PROPERTY_KIND_MAX,
} UnitPropertyKind;

typedef struct UnitStrings {
        char **items;
        size_t n;
} UnitStrings;

/* One command line of an Exec...= key. Flags are systemd's words: "ignore-failure", "privileged",
 * "no-setuid", "ambient", "no-env-expand". argv.items[0] is what the process sees as its name. */
typedef struct UnitExec {
        char *path;
        UnitStrings argv;
        UnitStrings flags;
} UnitExec;

typedef struct UnitRow {
        char *first;
        char *second; /* "" where the kind has none */
        bool flag, flag2;
        uint64_t number;
} UnitRow;

typedef struct UnitAddress {
        int32_t family; /* AF_INET or AF_INET6 */
        uint8_t bytes[16];
        size_t n_bytes; /* 4 or 16 */
        uint32_t prefix_length;
} UnitAddress;

typedef struct UnitSocketBind {
        int32_t family;   /* AF_INET, AF_INET6 or AF_UNSPEC for both */
        int32_t protocol; /* IPPROTO_TCP, IPPROTO_UDP or 0 for both */
        uint16_t n_ports; /* 0: any port */
        uint16_t port;    /* the first of them */
} UnitSocketBind;

typedef struct UnitProperty {
        char *name; /* as on the bus: "MemoryMax", "RestartUSec" */
        UnitPropertyKind kind;
        union {
                bool boolean;
                int32_t i32;
                uint32_t u32;
                uint64_t u64;
                char *string;
                UnitStrings strings;
                struct {
                        uint8_t *data;
                        size_t size_bytes;
                } bytes;
                struct {
                        UnitExec *items;
                        size_t n;
                } exec;
                struct {
                        UnitRow *items;
                        size_t n;
                } rows;
                struct {
                        UnitAddress *items;
                        size_t n;
                } addresses;
                struct {
                        UnitSocketBind *items;
                        size_t n;
                } socket_binds;
                struct {
                        bool flag; /* true: only these are allowed; false: all but these */
                        UnitStrings strings;
                } set;
                struct {
                        bool flag;
                        char *name;
                } label;
                struct {
                        int32_t *codes;
                        size_t n_codes;
                        int32_t *signals;
                        size_t n_signals;
                } status_set;
        };
} UnitProperty;

/* Frees what the property owns and leaves it zeroed; NULL and zeroed properties are fine. */
void unit_property_done(UnitProperty *p);
/* All of them, in this order. -ENOMEM, or -E2BIG: a value is too long. */
int unit_properties_seal(const UnitProperty *properties, size_t n, SealedProperties *ret);
