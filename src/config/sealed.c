/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/sealed.h"

#define EXEC_SIGNATURE "a(sasb)"
#define EXEC_EX_SIGNATURE "a(sasas)"

void sealed_done(SealedProperties *s)
{
        free(s->data);
        *s = (SealedProperties){};
}

int sealed_copy(const SealedProperties *s, SealedProperties *ret)
{
        SealedProperties copy = { .size_bytes = s->size_bytes };

        if (s->size_bytes > 0) {
                copy.data = malloc(s->size_bytes);
                if (!copy.data)
                        return -ENOMEM;
                memcpy(copy.data, s->data, s->size_bytes);
        }
        *ret = copy;
        return 0;
}

void put_sealed_string(ByteWriter *w, const char *s)
{
        put_blob(w, s, strlen(s) + 1);
}

const char *sealed_string(ByteReader *value)
{
        size_t size_bytes;
        const uint8_t *s = get_blob(value, &size_bytes);

        return s && size_bytes > 0 && s[size_bytes - 1] == 0 ? (const char *) s : "";
}

bool sealed_next(ByteReader *r, SealedProperty *ret)
{
        const uint8_t *value;
        size_t size_bytes;

        if (bytes_left(r) == 0)
                return false;
        ret->name = sealed_string(r);
        ret->signature = sealed_string(r);
        value = get_blob(r, &size_bytes);
        ASSERT(value); /* they are our own bytes */
        ret->value = byte_reader(value, size_bytes);
        return true;
}

bool sealed_find(const SealedProperties *s, const char *name, SealedProperty *ret)
{
        ByteReader r = sealed_reader(s);

        while (sealed_next(&r, ret))
                if (streq(ret->name, name))
                        return true;
        return false;
}

bool sealed_is_exec(const SealedProperty *p)
{
        return streq(p->signature, EXEC_SIGNATURE) || streq(p->signature, EXEC_EX_SIGNATURE);
}

int sealed_exec_key_length(const SealedProperty *p)
{
        return (int) (strlen(p->name) - (streq(p->signature, EXEC_EX_SIGNATURE) ? strlen("Ex") : 0));
}

SealedExec sealed_exec(SealedProperty *p)
{
        SealedExec e = { .path = sealed_string(&p->value), .n_argv = get_u32(&p->value) };

        e.argv = p->value;
        for (uint32_t i = 0; i < e.n_argv; i++)
                (void) sealed_string(&p->value); /* stepped over */
        if (streq(p->signature, EXEC_SIGNATURE)) {
                e.ignore_failure = get_bool(&p->value);
                return e;
        }
        for (uint32_t i = get_u32(&p->value); i > 0; i--) {
                const char *flag = sealed_string(&p->value);

                e.ignore_failure = e.ignore_failure || streq(flag, "ignore-failure");
                e.privileged = e.privileged || streq(flag, "privileged");
                e.no_setuid = e.no_setuid || streq(flag, "no-setuid");
        }
        return e;
}
