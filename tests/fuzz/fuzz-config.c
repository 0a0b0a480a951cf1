/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any bytes as the two kinds of files. What is accepted has to be whole: a name, nodes, a command, a digest
 * that does not change when it is read again; what is refused has to be explained. */

#include "base/address-spec.h"
#include "base/text.h"
#include "config/config.h"
#include "config/unit-names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static const ConfigContext context = {
        .root = "/nonexistent",
        .host_name = "host.example",
        .machine_id = "0123456789abcdef0123456789abcdef",
        .boot_id = "fedcba9876543210fedcba9876543210",
};

/* Its helper would take the words, and understand them as they were meant. */
static void check_address(const Part *p)
{
        _cleanup_free_ char *error = NULL;
        AddressSpec spec;

        ASSERT(streq(p->arguments[0], p->name));
        ASSERT(address_spec_begin(&spec, p->arguments[0], &error) == 0);
        for (char *const *word = p->arguments + 1; *word; word++) {
                ASSERT(!strpbrk(*word, "$ \t\n") && **word);
                ASSERT(address_spec_add(&spec, *word, &error) == 1);
        }
        ASSERT(address_spec_finish(&spec, &error) == 0);
}

/* systemd has each of them in a line of a file. */
static void check_mount(const Part *p)
{
        char unit[PART_UNIT_NAME_MAX];

        ASSERT(strings_count(p->arguments) == 4 && streq(p->arguments[1], p->name) && p->name[0] == '/');
        ASSERT(mount_unit_name(p->name, unit) && streq(unit, p->id));
        for (char *const *word = p->arguments; *word; word++)
                ASSERT(!strpbrk(*word, "\n\t") && !endswith(*word, "\\"));
}

static void check_parts(const Parts *parts)
{
        char unit[PART_UNIT_NAME_MAX];

        ASSERT(parts->n_items <= 128);
        for (size_t i = 0; i < parts->n_items; i++) {
                const Part *p = parts->items + i;

                ASSERT(p->start_timeout_usec > 0 && p->stop_timeout_usec > 0);
                ASSERT(p->start_timeout_usec < USEC_INFINITY && p->stop_timeout_usec < USEC_INFINITY);
                ASSERT(parts_find(parts, p->id) == p);
                ASSERT(part_unit("fuzz", p, unit));
                if (p->kind == PART_ADDRESS)
                        check_address(p);
                else if (p->kind == PART_DEVICE)
                        ASSERT(streq(p->arguments[0], p->name) && !p->arguments[1] && p->name[0] == '/' &&
                                        !strchr(p->name, '$') && i + 1 < parts->n_items &&
                                        p[1].kind == PART_MOUNT);
                else if (p->kind == PART_MOUNT)
                        check_mount(p);
        }
}

static void check_application(const char *text, size_t size_bytes)
{
        ConfigMessages messages = { 0 };
        AppConfig app = { 0 }, again = { 0 };

        int r = app_config_parse(&context, "fuzz", "fuzz.app", text, size_bytes, &messages, &app);
        ASSERT(r == 0 || r == -EINVAL || r == -ENOMEM);
        ASSERT(r != -EINVAL || messages.n_errors > 0);
        if (r == 0) {
                ASSERT(messages.n_errors == 0);
                ASSERT(app.definition.n_nodes > 0);
                ASSERT(app.definition.digest != 0);
                SealedProperty p;
                ByteReader reader = sealed_reader(&app.properties);
                ASSERT(sealed_find(&app.properties, "ExecStart", &p) ||
                                sealed_find(&app.properties, "ExecStartEx", &p));
                while (sealed_next(&reader, &p))
                        if (sealed_is_exec(&p)) {
                                for (uint32_t n = get_u32(&p.value); n > 0; n--)
                                        (void) sealed_exec(&p);
                                ASSERT(byte_reader_finish(&p.value) == 0);
                        }
                ASSERT(reader.error == 0);
                check_parts(&app.parts);
                if (app_config_parse(&context, "fuzz", "fuzz.app", text, size_bytes, &messages, &again) ==
                                0) {
                        ASSERT(again.definition.digest == app.definition.digest);
                        ASSERT(again.unit_digest == app.unit_digest);
                }
        }
        app_config_done(&app);
        app_config_done(&again);
        config_messages_done(&messages);
}

static void check_manager(const char *text, size_t size_bytes)
{
        ConfigMessages messages = { 0 };
        ManagerConfig config = { 0 };

        int r = manager_config_parse(&context, "manager.conf", text, size_bytes, &messages, &config);
        ASSERT(r == 0 || r == -EINVAL || r == -ENOMEM);
        ASSERT(r != -EINVAL || messages.n_errors > 0);
        if (r == 0)
                ASSERT(config.group && *config.group && config.manager_grace_usec > 0);
        manager_config_done(&config);
        config_messages_done(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
        check_application((const char *) data, size_bytes);
        check_manager((const char *) data, size_bytes);
        return 0;
}
