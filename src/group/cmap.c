/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <corosync/cmap.h>

#include "base/array.h"
#include "group/cluster.h"
#include "group/corosync.h"

/* Keys of one cmap; a cluster of 64 nodes has some hundreds. */
#define KEYS_MAX 20000u

typedef struct KeyList {
        ClusterKey *keys; /* both strings of each are owned */
        size_t n_keys;
        size_t n_allocated;
} KeyList;

static void key_list_done(KeyList *l)
{
        FOREACH_ARRAY(k, l->keys, l->n_keys) {
                free((char *) k->name);
                free((char *) k->value);
        }
        free(l->keys);
}

/* Decimal digits or the text; NULL without memory. Types that no key of ours has become "". */
static char *value_to_string(const uint8_t *value, size_t size_bytes, cmap_value_types_t type)
{
        uint64_t u = 0;
        int64_t s = 0;
        char *text = NULL;

        if (type == CMAP_VALUETYPE_STRING)
                return strndup((const char *) value, size_bytes);
        switch (type) {
        case CMAP_VALUETYPE_UINT8:
                u = *value;
                break;
        case CMAP_VALUETYPE_UINT16: {
                uint16_t v;

                memcpy(&v, value, sizeof(v));
                u = v;
                break;
        }
        case CMAP_VALUETYPE_UINT32: {
                uint32_t v;

                memcpy(&v, value, sizeof(v));
                u = v;
                break;
        }
        case CMAP_VALUETYPE_UINT64:
                memcpy(&u, value, sizeof(u));
                break;
        case CMAP_VALUETYPE_INT8:
                s = (int8_t) *value; /* NOLINT(bugprone-signed-char-misuse): it is a number */
                break;
        case CMAP_VALUETYPE_INT16: {
                int16_t v;

                memcpy(&v, value, sizeof(v));
                s = v;
                break;
        }
        case CMAP_VALUETYPE_INT32: {
                int32_t v;

                memcpy(&v, value, sizeof(v));
                s = v;
                break;
        }
        case CMAP_VALUETYPE_INT64:
                memcpy(&s, value, sizeof(s));
                break;
        case CMAP_VALUETYPE_FLOAT:
        case CMAP_VALUETYPE_DOUBLE:
        case CMAP_VALUETYPE_STRING:
        case CMAP_VALUETYPE_BINARY:
        default:
                return strdup("");
        }
        if (s != 0)
                return asprintf(&text, "%" PRIi64, s) < 0 ? NULL : text;
        return asprintf(&text, "%" PRIu64, u) < 0 ? NULL : text;
}

static int read_key(cmap_handle_t handle, const char *name, size_t size_bytes, cmap_value_types_t type,
                KeyList *l)
{
        _cleanup_free_ uint8_t *value = calloc(1, size_bytes + sizeof(uint64_t));
        cs_error_t e;

        if (!value || ARRAY_GROW(l->keys, l->n_keys, l->n_allocated) < 0)
                return -ENOMEM;
        e = cmap_get(handle, name, value, &size_bytes, &type);
        if (e == CS_ERR_NOT_EXIST) /* gone since it was listed */
                return 0;
        if (e != CS_OK)
                return -ENOTCONN;
        l->keys[l->n_keys].name = strdup(name);
        l->keys[l->n_keys].value = value_to_string(value, size_bytes, type);
        l->n_keys++;
        return l->keys[l->n_keys - 1].name && l->keys[l->n_keys - 1].value ? 0 : -ENOMEM;
}

static int read_prefix(cmap_handle_t handle, const char *prefix, KeyList *l)
{
        char name[CMAP_KEYNAME_MAXLEN + 1];
        cmap_iter_handle_t iter;
        cmap_value_types_t type;
        size_t size_bytes;
        cs_error_t e = CS_OK;
        int r = 0;

        if (cmap_iter_init(handle, prefix, &iter) != CS_OK)
                return -ENOTCONN;
        while (r == 0 && l->n_keys < KEYS_MAX &&
                        (e = cmap_iter_next(handle, iter, name, &size_bytes, &type)) == CS_OK)
                r = read_key(handle, name, size_bytes, type, l);
        if (r == 0 && e != CS_OK && e != CS_ERR_NO_SECTIONS)
                r = -ENOTCONN;                   /* half of a nodelist is another nodelist */
        (void) cmap_iter_finalize(handle, iter); /* the handle is closed next */
        return r;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const ClusterKey *) a)->name, ((const ClusterKey *) b)->name);
}

static int read_keys(KeyList *l, cs_error_t *ret_reason)
{
        static const char *const prefixes[] = { "nodelist.", "quorum.", "runtime.config.totem.",
                "totem.cluster_name" };
        cmap_handle_t handle;
        int r = 0;

        *ret_reason = cmap_initialize(&handle);
        if (*ret_reason != CS_OK)
                return -ENOTCONN;
        for (size_t i = 0; i < ELEMENTSOF(prefixes) && r == 0; i++)
                r = read_prefix(handle, prefixes[i], l);
        (void) cmap_finalize(handle);
        if (r == 0 && l->n_keys > 0)
                qsort(l->keys, l->n_keys, sizeof(l->keys[0]), compare_names);
        *ret_reason = CS_ERR_LIBRARY;
        return r;
}

int cluster_info_read(ClusterInfo **ret, char **ret_error)
{
        _cleanup_(key_list_done) KeyList l = {};
        cs_error_t reason;
        int r;

        r = read_keys(&l, &reason);
        if (r == -ENOTCONN && asprintf(ret_error, "cmap: %s", corosync_error_to_string((int) reason)) < 0)
                *ret_error = NULL;
        if (r < 0)
                return r;
        return cluster_info_from_keys(l.keys, l.n_keys, ret, ret_error);
}
