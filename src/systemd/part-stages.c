/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/part-stages.h"

static bool begins_stage(const Parts *p, size_t i)
{
        return i > 0 && p->items[i].kind == PART_UNIT;
}

size_t part_stages_count(const Parts *p)
{
        size_t n = 1;

        for (size_t i = 0; p && i < p->n_items; i++)
                n += begins_stage(p, i);
        return n;
}

PartStage part_stages_get(const Parts *p, size_t stage)
{
        PartStage s = {};

        if (!p)
                return s;
        for (; s.end < p->n_items; s.end++) {
                if (!begins_stage(p, s.end))
                        continue;
                if (stage-- == 0)
                        return s;
                s.first = s.end;
        }
        return s;
}

bool part_stages_have_units(const Parts *p)
{
        for (size_t i = 0; p && i < p->n_items; i++)
                if (p->items[i].kind == PART_UNIT)
                        return true;
        return false;
}
