/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/unit-parts.h"

int unit_parts_new(const Parts *parts, UnitParts **ret)
{
        _cleanup_(unit_parts_freep) UnitParts *p = NULL;

        if (parts && parts->n_items > 0) {
                p = calloc(1, sizeof(*p));
                if (!p || parts_copy(parts, &p->parts) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(p);
        return 0;
}

UnitParts *unit_parts_free(UnitParts *p)
{
        if (!p)
                return NULL;
        parts_done(&p->parts);
        free(p);
        return NULL;
}

void unit_parts_get(const UnitParts *p, size_t i, UnitPart *ret)
{
        const Part *part = &p->parts.items[i];

        *ret = (UnitPart){
                .kind = part_kind_to_string(part->kind),
                .id = part->id,
                .name = part->name,
                .state = "unknown",
                .text = "",
        };
}
