/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the worker's processes may do and see. */

#include <limits.h>
#include <sched.h>
#include <strings.h>
#include <sys/mount.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/unit-sandbox.h"
#include "config/unit-values.h"

static const char *const capability_names[] = {
        "cap_chown",
        "cap_dac_override",
        "cap_dac_read_search",
        "cap_fowner",
        "cap_fsetid",
        "cap_kill",
        "cap_setgid",
        "cap_setuid",
        "cap_setpcap",
        "cap_linux_immutable",
        "cap_net_bind_service",
        "cap_net_broadcast",
        "cap_net_admin",
        "cap_net_raw",
        "cap_ipc_lock",
        "cap_ipc_owner",
        "cap_sys_module",
        "cap_sys_rawio",
        "cap_sys_chroot",
        "cap_sys_ptrace",
        "cap_sys_pacct",
        "cap_sys_admin",
        "cap_sys_boot",
        "cap_sys_nice",
        "cap_sys_resource",
        "cap_sys_time",
        "cap_sys_tty_config",
        "cap_mknod",
        "cap_lease",
        "cap_audit_write",
        "cap_audit_control",
        "cap_setfcap",
        "cap_mac_override",
        "cap_mac_admin",
        "cap_syslog",
        "cap_wake_alarm",
        "cap_block_suspend",
        "cap_audit_read",
        "cap_perfmon",
        "cap_bpf",
        "cap_checkpoint_restore",
};
#define CAPABILITIES_ALL ((UINT64_C(1) << ELEMENTSOF(capability_names)) - 1)

static int read_capabilities(UnitParse *u, const char *value, uint64_t *ret)
{
        uint64_t set = 0;
        for (;;) {
                _cleanup_free_ char *word = NULL;
                size_t i = 0;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                while (i < ELEMENTSOF(capability_names) && strcasecmp(capability_names[i], word) != 0)
                        i++;
                if (i == ELEMENTSOF(capability_names))
                        return unit_wrong(u, word,
                                        "capabilities like CAP_NET_ADMIN, with \"~\" before the first for "
                                        "all others");
                set |= UINT64_C(1) << i;
        }
        *ret = set;
        return 0;
}

/* As in systemd: "" and "~" replace what there was (by nothing, and by all), lists are added or, with "~",
 * taken away; the first "~" list takes away from all. */
int unit_parse_capabilities(UnitParse *u, const UnitKey *k, const char *value)
{
        const UnitProperty *before = property_list_get(u->properties, unit_key_property(k));
        bool invert = *value == '~';
        uint64_t set = 0;
        int r = read_capabilities(u, value + invert, &set);
        if (r < 0)
                return r;
        if (set == 0 || !before)
                set = invert ? CAPABILITIES_ALL & ~set : set;
        else
                set = invert ? before->u64 & ~set : before->u64 | set;
        return unit_set_u64(u, unit_key_property(k), set);
}

static const NamedNumber namespaces[] = {
        { "cgroup", CLONE_NEWCGROUP },
        { "ipc", CLONE_NEWIPC },
        { "net", CLONE_NEWNET },
        { "mnt", CLONE_NEWNS },
        { "pid", CLONE_NEWPID },
        { "user", CLONE_NEWUSER },
        { "uts", CLONE_NEWUTS },
        { NULL, 0 },
};

/* The property holds what is allowed. */
int unit_parse_namespaces(UnitParse *u, const UnitKey *k, const char *value)
{
        const UnitProperty *before = property_list_get(u->properties, unit_key_property(k));
        bool b, invert = *value == '~';
        uint64_t set = 0, all = 0;

        for (size_t i = 0; namespaces[i].name; i++)
                all |= (uint64_t) namespaces[i].number;
        if (parse_boolean(value, &b) >= 0)
                return unit_set_u64(u, unit_key_property(k), b ? 0 : all);
        value += invert;
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                const NamedNumber *found = numbers_find(namespaces, word);
                if (!found)
                        return unit_wrong(u, word,
                                        "yes, no, or a list of \"cgroup\", \"ipc\", \"net\", \"mnt\", "
                                        "\"pid\", \"user\" and \"uts\"");
                set |= (uint64_t) found->number;
        }
        if (invert)
                set = (before ? before->u64 : all) & ~set;
        else
                set |= before ? before->u64 : 0;
        return unit_set_u64(u, unit_key_property(k), set);
}

/* Adds to the last property of that name if it points the same way, else begins another. systemd applies them in order,
 * and the first decides whether the whole is a list of what is allowed. */
static UnitProperty *extend_set(UnitParse *u, const char *property, bool allow)
{
        UnitProperty *p = property_list_get(u->properties, property);
        if (p && p->set.flag == allow && p->set.strings.n > 0)
                return p;
        p = property_list_append(u->properties, property, UNIT_PROPERTY_SET);
        if (p)
                p->set.flag = allow;
        return p;
}

static int parse_set(UnitParse *u, const UnitKey *k, const char *value, bool (*is_valid)(const char *word),
                const char *expected)
{
        bool allow = *value != '~';
        value += !allow;
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                if (!is_valid(word))
                        return unit_wrong(u, word, expected);
                UnitProperty *p = extend_set(u, unit_key_property(k), allow);
                if (!p || unit_strings_add(&p->set.strings, word) < 0)
                        return -ENOMEM;
        }
}

static bool family_is_valid(const char *name)
{
        static const char *const families[] = {
                "AF_UNIX",
                "AF_LOCAL",
                "AF_INET",
                "AF_INET6",
                "AF_NETLINK",
                "AF_PACKET",
                "AF_ALG",
                "AF_APPLETALK",
                "AF_ASH",
                "AF_ATMPVC",
                "AF_ATMSVC",
                "AF_AX25",
                "AF_BLUETOOTH",
                "AF_BRIDGE",
                "AF_CAIF",
                "AF_CAN",
                "AF_ECONET",
                "AF_FILE",
                "AF_IB",
                "AF_IEEE802154",
                "AF_IPX",
                "AF_IRDA",
                "AF_ISDN",
                "AF_IUCV",
                "AF_KCM",
                "AF_KEY",
                "AF_LLC",
                "AF_MPLS",
                "AF_NETBEUI",
                "AF_NETROM",
                "AF_NFC",
                "AF_PHONET",
                "AF_PPPOX",
                "AF_QIPCRTR",
                "AF_RDS",
                "AF_ROSE",
                "AF_ROUTE",
                "AF_RXRPC",
                "AF_SECURITY",
                "AF_SMC",
                "AF_SNA",
                "AF_TIPC",
                "AF_VSOCK",
                "AF_WANPIPE",
                "AF_X25",
                "AF_XDP",
                NULL,
        };
        return words_contain(families, name);
}

/* "none" allows no family at all. */
int unit_parse_address_families(UnitParse *u, const UnitKey *k, const char *value)
{
        if (streq(value, "none")) {
                UnitProperty *p =
                                property_list_replace(u->properties, unit_key_property(k), UNIT_PROPERTY_SET);
                if (!p)
                        return -ENOMEM;
                p->set.flag = true;
                return 0;
        }
        return parse_set(u, k, value, family_is_valid,
                        "address families like AF_INET, with \"~\" before the first for all "
                        "others, or \"none\"");
}

/* systemd knows the system calls of each architecture and ignores, with a line in the journal, those that it
 * does not; groups it refuses, so they are looked up here. A call may say what it fails with, as in
 * "uname:EPERM". */
static bool syscall_is_valid(const char *name)
{
        static const char *const groups[] = {
                "@default",
                "@aio",
                "@basic-io",
                "@chown",
                "@clock",
                "@cpu-emulation",
                "@debug",
                "@file-system",
                "@io-event",
                "@ipc",
                "@keyring",
                "@known",
                "@memlock",
                "@module",
                "@mount",
                "@network-io",
                "@obsolete",
                "@pkey",
                "@privileged",
                "@process",
                "@raw-io",
                "@reboot",
                "@resources",
                "@setuid",
                "@signal",
                "@swap",
                "@sync",
                "@system-service",
                "@timer",
                NULL,
        };
        size_t n = strcspn(name, ":");
        if (name[0] == '@') {
                char group[32];
                snprintf(group, sizeof(group), "%.*s", (int) MIN(n, sizeof(group) - 1), name);
                if (!words_contain(groups, group))
                        return false;
        } else if (n == 0 ||
                        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") < n)
                return false;
        return !name[n] || name[n + 1];
}

int unit_parse_syscalls(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_set(u, k, value, syscall_is_valid,
                        "names of system calls or groups like \"@system-service\", with \"~\" "
                        "before the first for all others");
}

static bool plain_name_is_valid(const char *name)
{
        return *name && strlen(name) < 256 && !strpbrk(name, "/~ \t");
}

int unit_parse_name_set(UnitParse *u, const UnitKey *k, const char *value)
{
        return parse_set(u, k, value, plain_name_is_valid,
                        "a list of names, with \"~\" before the first for all others");
}

/* The errno by name or number; "kill" is systemd's number for ending the process instead. */
int unit_parse_syscall_errno(UnitParse *u, const UnitKey *k, const char *value)
{
        int32_t number;
        if (streq(value, "kill"))
                return unit_set_i32(u, unit_key_property(k), INT_MAX - 1);
        if (parse_i32(value, &number) >= 0 && number > 0 && number < 4096)
                return unit_set_i32(u, unit_key_property(k), number);
        for (int i = 1; i < 4096; i++) {
                const char *name = strerrorname_np(i);
                if (name && streq(name, value))
                        return unit_set_i32(u, unit_key_property(k), i);
        }
        return unit_wrong(u, value, "an error like EPERM, its number, or \"kill\"");
}

int unit_parse_secure_bits(UnitParse *u, const UnitKey *k, const char *value)
{
        const UnitProperty *before = property_list_get(u->properties, unit_key_property(k));
        int64_t bits = before ? before->i32 : 0;
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r < 0)
                        return r;
                if (r == 0)
                        return unit_set_i32(u, unit_key_property(k), bits);
                const NamedNumber *found = numbers_find(k->numbers, word);
                if (!found)
                        return unit_wrong(u, word,
                                        "\"keep-caps\", \"no-setuid-fixup\" or \"noroot\", each also with "
                                        "\"-locked\"");
                bits |= found->number;
        }
}

/* A relative path of plain parts; "private" is what systemd uses itself. */
static bool directory_is_valid(const char *path)
{
        if (!*path || strlen(path) >= PATH_MAX || streq(path, "private") || startswith(path, "private/"))
                return false;
        for (const char *c = path; *c;) {
                size_t n = strcspn(c, "/");
                if (n == 0 || n > NAME_MAX || (n == 1 && c[0] == '.') ||
                                (n == 2 && c[0] == '.' && c[1] == '.'))
                        return false;
                c += n;
                if (*c && !*++c)
                        return false;
        }
        return true;
}

int unit_parse_directories(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                char *link = k->flags & KEY_SYMLINK ? strchr(word, ':') : NULL;
                if (link)
                        *link++ = 0;
                if (!directory_is_valid(word) || (link && !directory_is_valid(link)))
                        return unit_wrong(u, word,
                                        k->flags & KEY_SYMLINK ? "relative paths without \"..\", each with a "
                                                                 "\":LINK\" if wanted"
                                                               : "relative paths without \"..\"");
                UnitProperty *p = property_list_extend(
                                u->properties, unit_key_property(k), UNIT_PROPERTY_STRINGS);
                if (!p || (!names_contain(p->strings.items, p->strings.n, word) &&
                                          unit_strings_add(&p->strings, word) < 0))
                        return -ENOMEM;
                if (!link)
                        continue;
                p = property_list_extend(u->properties, k->also, UNIT_PROPERTY_LINKS);
                if (!p || unit_rows_add(p, word, link, false, false, 0) < 0)
                        return -ENOMEM;
        }
}

/* One SOURCE[:DESTINATION[:OPTIONS]] of BindPaths=. */
static int parse_bind(UnitParse *u, const UnitKey *k, const char *word)
{
        static const char expected[] = "SOURCE[:DESTINATION[:OPTIONS]] with absolute paths and the options "
                                       "\"rbind\" or \"norbind\"";
        _cleanup_free_ char *source = NULL, *destination = NULL, *options = NULL;
        const char *s = word;

        int r = word_next(&s, WORD_COLON, &source);
        if (r > 0)
                r = word_next(&s, WORD_COLON, &destination);
        if (r > 0)
                r = word_next(&s, WORD_COLON, &options);
        if (r == -ENOMEM)
                return r;
        bool recursive = isempty(options) || streq(options, "rbind");
        if (r < 0 || *s || !source || (!recursive && !streq(options, "norbind")))
                return unit_wrong(u, word, expected);
        bool optional = source[0] == '-';
        char *path = source + optional;
        if (!path_tidy(path) || (destination && !path_tidy(destination)))
                return unit_wrong(u, word, expected);
        UnitProperty *p = property_list_extend(u->properties, unit_key_property(k), UNIT_PROPERTY_BINDS);
        return p ? unit_rows_add(p, path, destination ? destination : path, optional, false,
                                   recursive ? MS_REC : 0)
                 : -ENOMEM;
}

int unit_parse_binds(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                r = parse_bind(u, k, word);
                if (r < 0)
                        return r;
        }
}

int unit_parse_tmpfs(UnitParse *u, const UnitKey *k, const char *value)
{
        for (;;) {
                _cleanup_free_ char *word = NULL;
                int r = unit_word_next(u, &value, WORD_UNQUOTE, &word);
                if (r <= 0)
                        return r;
                char *options = strchr(word, ':');
                if (options)
                        *options++ = 0;
                r = unit_check_path(u, word);
                if (r < 0)
                        return r;
                UnitProperty *p = property_list_extend(
                                u->properties, unit_key_property(k), UNIT_PROPERTY_STRING_PAIRS);
                if (!p || unit_rows_add(p, word, options, false, false, 0) < 0)
                        return -ENOMEM;
        }
}

int unit_parse_mount_flags(UnitParse *u, const UnitKey *k, const char *value)
{
        const NamedNumber *found = numbers_find(k->numbers, value);
        if (!found)
                return unit_wrong(u, value, "\"shared\", \"slave\" or \"private\"");
        return unit_set_u64(u, unit_key_property(k), (uint64_t) found->number);
}

/* The label of a security module; with "-" before it, a host without that module goes on without it. */
int unit_parse_label(UnitParse *u, const UnitKey *k, const char *value)
{
        bool ignore = *value == '-';
        _cleanup_free_ char *name = NULL;
        int r = unit_expand(u, value + ignore, &name);
        if (r < 0)
                return r;
        if (!*name)
                return unit_wrong(u, value, "a label");
        UnitProperty *p = property_list_replace(u->properties, unit_key_property(k), UNIT_PROPERTY_LABEL);
        if (!p)
                return -ENOMEM;
        p->label.flag = ignore;
        p->label.name = TAKE_PTR(name);
        return 0;
}

/* systemd 252 takes a "-" before the label of a unit file for "if that can be", but before that of a transient unit for a
 * part of the label. */
int unit_parse_context(UnitParse *u, const UnitKey *k, const char *value)
{
        if (*value == '-')
                return unit_wrong(u, value,
                                "a label without \"-\" before it, which can't be set for a transient unit");
        return unit_parse_string(u, k, value);
}
