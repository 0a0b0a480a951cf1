/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/array.h"
#include "systemd/unit-read.h"

#define WORKER_PATH_PREFIX "/org/freedesktop/systemd1/unit/distro_2dapp_2d"

bool is_worker_path(const char *path)
{
        return strncmp(path, WORKER_PATH_PREFIX, strlen(WORKER_PATH_PREFIX)) == 0;
}

bool worker_path_parse(const char *path, char *ret)
{
        _cleanup_free_ char *name = NULL;

        if (!is_worker_path(path))
                return false;
        if (sd_bus_path_decode(path, "/org/freedesktop/systemd1/unit", &name) <= 0)
                return false;
        return worker_unit_parse(name, ret);
}

uint32_t job_id_from_path(const char *path)
{
        size_t prefix = strlen(SYSTEMD_JOB_PREFIX);
        char *end;

        if (strncmp(path, SYSTEMD_JOB_PREFIX, prefix) != 0 || path[prefix] < '0' || path[prefix] > '9')
                return 0;
        errno = 0;
        unsigned long id = strtoul(path + prefix, &end, 10);
        return errno || *end || id > UINT32_MAX ? 0 : (uint32_t) id;
}

static void copy_field(char *field, size_t size_bytes, const char *value)
{
        snprintf(field, size_bytes, "%s", value);
}

static uint64_t epoch_from_assignment(const char *assignment)
{
        const char *value = assignment + strlen("DISTRO_EPOCH=");
        char *end;

        if (*value < '0' || *value > '9')
                return 0;
        errno = 0;
        uintmax_t v = strtoumax(value, &end, 10);
        return errno || *end || !epoch_is_possible((uint64_t) v) ? 0 : (uint64_t) v;
}

static int read_environment(sd_bus_message *m, UnitProperties *p)
{
        const char *s;
        int r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;

        p->environment_epoch = 0;
        while ((r = sd_bus_message_read_basic(m, 's', &s)) > 0)
                if (strncmp(s, "DISTRO_EPOCH=", strlen("DISTRO_EPOCH=")) == 0)
                        p->environment_epoch = epoch_from_assignment(s);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static void read_log_field(const char *field, UnitProperties *p)
{
        const char *value;
        char *end;

        if (strncmp(field, "DISTRO_EPOCH=", strlen("DISTRO_EPOCH=")) == 0)
                p->log_epoch = epoch_from_assignment(field);
        if (strncmp(field, "DISTRO_DEFINITION=", strlen("DISTRO_DEFINITION=")) != 0)
                return;
        value = field + strlen("DISTRO_DEFINITION=");
        errno = 0;
        uintmax_t v = strtoumax(value, &end, 16);
        p->digest = errno || *end || strlen(value) != 16 ? 0 : (uint64_t) v;
}

/* The second witness: a drop-in that empties Environment= leaves it alone. */
static int read_log_fields(sd_bus_message *m, UnitProperties *p)
{
        char text[sizeof("DISTRO_DEFINITION=") + 20]; /* room for UINT64_MAX */
        const void *data;
        size_t size_bytes;
        int r = sd_bus_message_enter_container(m, 'a', "ay");
        if (r < 0)
                return r;

        p->log_epoch = p->digest = 0;
        while ((r = sd_bus_message_at_end(m, 0)) == 0) {
                r = sd_bus_message_read_array(m, 'y', &data, &size_bytes);
                if (r < 0)
                        return r;
                if (size_bytes >= sizeof(text))
                        continue;
                memcpy(text, data, size_bytes);
                text[size_bytes] = 0;
                read_log_field(text, p);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_job(sd_bus_message *m, UnitProperties *p)
{
        const char *path;
        uint32_t id;
        int r = sd_bus_message_read(m, "(uo)", &id, &path);
        if (r >= 0)
                p->job_id = id;
        return r;
}

static int read_invocation(sd_bus_message *m, UnitProperties *p)
{
        const void *data;
        size_t size_bytes;
        int r = sd_bus_message_read_array(m, 'y', &data, &size_bytes);
        if (r < 0)
                return r;
        if (size_bytes == sizeof(p->invocation_id))
                memcpy(p->invocation_id, data, sizeof(p->invocation_id));
        else
                memset(p->invocation_id, 0, sizeof(p->invocation_id));
        return 0;
}

/* The last command counts. */
static int read_clean(sd_bus_message *m, PartProperties *p)
{
        int32_t code, status;
        int r = sd_bus_message_enter_container(m, 'a', "(sasbttttuii)");

        p->clean_code = p->clean_status = 0;
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sasbttttuii")) > 0) {
                r = sd_bus_message_skip(m, "sasbttttu");
                if (r >= 0)
                        r = sd_bus_message_read(m, "ii", &code, &status);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r >= 0) {
                        p->clean_code = code;
                        p->clean_status = status;
                }
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* What the boot itself starts. */
static int read_wanted(sd_bus_message *m, PartProperties *p)
{
        const char *s;
        int r = sd_bus_message_enter_container(m, 'a', "s");

        while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &s)) > 0)
                installed_unit_take_wanting(&p->installed, s);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* ConditionResult and AssertResult mean something only after an attempt; their timestamps tell. */
typedef struct Checks {
        bool condition_result, assert_result, has_condition, has_assert;
        uint64_t condition_usec, assert_usec;
} Checks;

typedef struct UnitField {
        const char *name;
        const char *signature;
        int (*read)(sd_bus_message *m, UnitProperties *p); /* where the value is more than a basic one */
        size_t offset, size_bytes;
        bool in_checks;
} UnitField;

/* Where what is read goes. */
typedef struct UnitTarget {
        UnitProperties *unit;
        Checks *checks;
        PartProperties *part; /* NULL: it is no part */
} UnitTarget;

/* clang-format off */
#define STRING_FIELD(n, f) \
        { \
                n, "s", NULL, offsetof(UnitProperties, f), sizeof(((UnitProperties *) NULL)->f), false \
        }
#define INSTALLED_FIELD(n, f) \
        { \
                n, "s", NULL, offsetof(PartProperties, installed.f), \
                                sizeof(((PartProperties *) NULL)->installed.f), false \
        }
#define NUMBER_FIELD(n, f) { n, "i", NULL, offsetof(UnitProperties, f), sizeof(int32_t), false }
/* clang-format on */

static const UnitField fields[] = {
        STRING_FIELD("LoadState", load_state),
        STRING_FIELD("ActiveState", active_state),
        STRING_FIELD("SubState", sub_state),
        STRING_FIELD("Result", result),
        STRING_FIELD("FragmentPath", fragment_path),
        STRING_FIELD("ControlGroup", control_group),
        STRING_FIELD("Slice", slice),
        NUMBER_FIELD("ExecMainCode", exec_main_code),
        NUMBER_FIELD("ExecMainStatus", exec_main_status),
        { "NRestarts", "u", NULL, offsetof(UnitProperties, n_restarts), sizeof(uint32_t), false },
        { "InactiveEnterTimestampMonotonic", "t", NULL, offsetof(UnitProperties, ended_usec),
                        sizeof(uint64_t), false },
        { "Transient", "b", NULL, offsetof(UnitProperties, transient), sizeof(bool), false },
        { "Job", "(uo)", read_job, 0, 0, false },
        { "InvocationID", "ay", read_invocation, 0, 0, false },
        { "Environment", "as", read_environment, 0, 0, false },
        { "LogExtraFields", "aay", read_log_fields, 0, 0, false },
        { "ConditionResult", "b", NULL, offsetof(Checks, condition_result), sizeof(bool), true },
        { "ConditionTimestamp", "t", NULL, offsetof(Checks, condition_usec), sizeof(uint64_t), true },
        { "AssertResult", "b", NULL, offsetof(Checks, assert_result), sizeof(bool), true },
        { "AssertTimestamp", "t", NULL, offsetof(Checks, assert_usec), sizeof(uint64_t), true },
};

static int read_basic(sd_bus_message *m, const UnitField *f, void *target)
{
        union {
                const char *s;
                int32_t i;
                uint32_t u;
                int b;
                uint64_t t;
        } v;
        int r = sd_bus_message_read_basic(m, f->signature[0], &v);
        if (r < 0)
                return r;

        switch (f->signature[0]) {
        case 's':
                /* A path that is cut would name something else. */
                if (strlen(v.s) >= f->size_bytes &&
                                (streq(f->name, "ControlGroup") || streq(f->name, "Slice")))
                        v.s = "";
                copy_field(target, f->size_bytes, v.s);
                break;
        case 'i':
                memcpy(target, &v.i, sizeof(v.i));
                break;
        case 'u':
                memcpy(target, &v.u, sizeof(v.u));
                break;
        case 'b':
                *(bool *) target = v.b != 0;
                break;
        default:
                memcpy(target, &v.t, sizeof(v.t));
                break;
        }
        return 0;
}

static const UnitField part_fields[] = {
        { "StatusText", "s", NULL, offsetof(PartProperties, text), PART_TEXT_MAX, false },
        { "StateChangeTimestamp", "t", NULL, offsetof(PartProperties, since_usec), sizeof(uint64_t), false },
        { "ExecMainStartTimestampMonotonic", "t", NULL, offsetof(PartProperties, begun_usec),
                        sizeof(uint64_t), false },
        { "ActiveEnterTimestampMonotonic", "t", NULL, offsetof(PartProperties, active_usec), sizeof(uint64_t),
                        false },
        { "ExecStopPost", "a(sasbttttuii)", NULL, 0, 0, false },
        { "WantedBy", "as", NULL, 0, 0, false },
        { "RequiredBy", "as", NULL, 0, 0, false },
        INSTALLED_FIELD("Id", id),
        INSTALLED_FIELD("UnitFileState", file_state),
        INSTALLED_FIELD("Type", type),
        { "RemainAfterExit", "b", NULL, offsetof(PartProperties, installed.remain_after_exit), sizeof(bool),
                        false },
};

static const UnitField *find_field(const UnitField *in, size_t n, const char *name)
{
        FOREACH_ARRAY(f, in, n)
                if (streq(f->name, name))
                        return f;
        return NULL;
}

static int read_value(sd_bus_message *m, const UnitField *f, const UnitTarget *t, bool of_part)
{
        uint8_t *base = of_part        ? (uint8_t *) t->part
                        : f->in_checks ? (uint8_t *) t->checks
                                       : (uint8_t *) t->unit;

        if (of_part && f->size_bytes == 0)
                return streq(f->signature, "as") ? read_wanted(m, t->part) : read_clean(m, t->part);
        return f->read ? f->read(m, t->unit) : read_basic(m, f, base + f->offset);
}

static int read_field(sd_bus_message *m, const char *name, const UnitTarget *t)
{
        const UnitField *f = t->part ? find_field(part_fields, ELEMENTSOF(part_fields), name) : NULL;
        bool of_part = f;
        const char *contents;
        char type;
        int r;

        if (!f)
                f = find_field(fields, ELEMENTSOF(fields), name);
        if (!f)
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (type != 'v' || !contents || !streq(contents, f->signature))
                return sd_bus_message_skip(m, "v");

        r = sd_bus_message_enter_container(m, 'v', f->signature);
        if (r >= 0)
                r = read_value(m, f, t, of_part);
        if (r < 0)
                return r;
        if (f->in_checks && f->signature[0] == 'b')
                *(f->name[0] == 'C' ? &t->checks->has_condition : &t->checks->has_assert) = true;
        return sd_bus_message_exit_container(m);
}

static int read_entries(sd_bus_message *m, const UnitTarget *t)
{
        const char *name;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                r = read_field(m, name, t);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_all(sd_bus_message *m, UnitProperties *p, PartProperties *part)
{
        UnitProperties copy = *p;
        Checks checks = {};

        if (read_entries(m, &(UnitTarget){ &copy, &checks, part }) < 0)
                return -EBADMSG;

        if (checks.has_condition)
                copy.condition_failed = checks.condition_usec != 0 && !checks.condition_result;
        if (checks.has_assert)
                copy.assert_failed = checks.assert_usec != 0 && !checks.assert_result;
        copy.epoch = copy.environment_epoch != 0 ? copy.environment_epoch : copy.log_epoch;
        *p = copy;
        return 0;
}

int unit_properties_read(sd_bus_message *m, UnitProperties *p)
{
        return read_all(m, p, NULL);
}

int part_properties_read(sd_bus_message *m, PartProperties *p)
{
        PartProperties copy = *p;
        int r = read_all(m, &copy.unit, &copy);

        if (r >= 0)
                *p = copy;
        return r;
}

bool bus_error_means_unknown(const sd_bus_error *e)
{
        static const char *const names[] = {
                SD_BUS_ERROR_NO_REPLY,
                SD_BUS_ERROR_SERVICE_UNKNOWN,
                SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                SD_BUS_ERROR_NO_MEMORY,
                SD_BUS_ERROR_DISCONNECTED,
                SD_BUS_ERROR_TIMEOUT,
                SD_BUS_ERROR_LIMITS_EXCEEDED,
                SD_BUS_ERROR_NO_SERVER,
                SD_BUS_ERROR_NO_NETWORK,
                "org.freedesktop.DBus.Error.TimedOut",
                "System.Error.ECONNRESET",
                "System.Error.ETIMEDOUT",
                "System.Error.ENOTCONN",
                "System.Error.EPIPE",
        };

        FOREACH_ARRAY(name, names, ELEMENTSOF(names))
                if (sd_bus_error_has_name(e, *name))
                        return true;
        return false;
}

bool bus_error_means_absent(const sd_bus_error *e)
{
        return sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit") ||
               sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchJob") ||
               sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchProcess") ||
               sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT);
}
