/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/unit-names.h"
#include "systemd/part-order.h"
#include "systemd/part-stages.h"

typedef enum Which {
        TRANSIENT = 1 << 0,
        INSTALLED = 1 << 1,
} Which;

static size_t count_parts(const UnitStart *s)
{
        return s->parts ? s->parts->n_items : 0;
}

static bool is_one_of(const UnitStart *s, size_t i, Which which)
{
        return which & (s->parts->items[i].kind == PART_UNIT ? INSTALLED : TRANSIENT);
}

/* Those of first <= i < end that are of these kinds; nothing where there is none. */
static int append_names(sd_bus_message *m, const UnitStart *s, const char *property, PartStage of,
                Which which, const char *const *also)
{
        char name[PART_UNIT_NAME_MAX];
        size_t n = also && *also;
        int r = 0;

        for (size_t i = of.first; i < of.end; i++)
                n += is_one_of(s, i, which);
        if (n == 0)
                return 0;
        r = unit_start_open_list(m, property, "s");
        for (size_t i = of.first; i < of.end && r >= 0; i++) {
                if (!is_one_of(s, i, which))
                        continue;
                if (!part_unit(s->app, s->parts->items + i, name))
                        return -EINVAL;
                r = sd_bus_message_append_basic(m, 's', name);
        }
        for (; also && *also && r >= 0; also++)
                r = sd_bus_message_append_basic(m, 's', *also);
        return r < 0 ? r : unit_start_close_list(m);
}

static int append_needs(sd_bus_message *m, const UnitStart *s, PartStage of, const char *const *also_after)
{
        int r = append_names(m, s, "BindsTo", of, TRANSIENT, NULL);

        if (r >= 0)
                r = append_names(m, s, "Requires", of, INSTALLED, NULL);
        return r < 0 ? r : append_names(m, s, "After", of, TRANSIENT | INSTALLED, also_after);
}

int part_order_append_slice(sd_bus_message *m, const UnitStart *s)
{
        PartStage all = { 0, count_parts(s) };
        int r = append_names(m, s, "PropagatesStopTo", all, INSTALLED, NULL);

        return r < 0 ? r : append_names(m, s, "Before", all, INSTALLED, NULL);
}

int part_order_append_part(sd_bus_message *m, const UnitStart *s, size_t i, const char *const *also_after)
{
        int r = append_needs(m, s, (PartStage){ i > 0 ? i - 1 : 0, i }, also_after);

        return r < 0 ? r
                     : append_names(m, s, "Before", (PartStage){ i + 1, count_parts(s) }, INSTALLED, NULL);
}

int part_order_append_gate(sd_bus_message *m, const UnitStart *s, size_t stage)
{
        size_t end = part_stages_get(s->parts, stage).end;
        int r = append_needs(m, s, (PartStage){ 0, end }, NULL);

        return r < 0 ? r : append_names(m, s, "Before", (PartStage){ end, count_parts(s) }, INSTALLED, NULL);
}

int part_order_append_worker(sd_bus_message *m, const UnitStart *s)
{
        return append_needs(m, s, (PartStage){ 0, count_parts(s) }, NULL);
}
