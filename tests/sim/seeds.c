/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Seeds that once found something. They are run before any others, without the kinds of faults that came later
 * (PLAN_LATER): `--without=late,list,flicker` beside `--seed`. A seed names a history only as long as neither the
 * plan's draws nor the world's have changed: whoever changes them looks for new seeds, with the seeded defect of the same
 * rule in tests/mutations. What was mended has a unit test or a golden script too. */

#include "plan.h"

const PlanSeed plan_seeds[] = {
        { 72290, true, "a start waited for a probe that a frozen Corosync handed over late" },
        { 2032229, true, "a grace was over by each member's own clock" },
        { 2050004, true,
                        "a start was let pass by a grace that was over, though a manager of that node was back" },
        { 3005803, false,
                        "a worker that cannot be killed, whose manager is gone before the guard's stop has ended" },
        { 3013896, false,
                        "a member that waited for the state did not hear that another one had lost quorum" },
        { 4012440, true, "a member counted as synced before it was known where its files differ" },
        { 6035587, true,
                        "a state was taken for the group's that others had left behind in a ring with an unsynced member" },
        { 6055248, true, "the administrator went on without a record whose node had just booted" },
        { 12016146, true,
                        "a node that was away when the group formed came back with a copy of which no record told" },
        { 5127, false, "a Corosync that died after a silence had the isolation time anew",
                        "jitter,link,power,corosync,cut,shape,unit,late-quorum,alone,abort,evict,busy,rates,ghost" },
        { 51035011, false,
                        "a start was not held by a node that was back and of which the group knew nothing" },
        { 93883, false, "a node that was lost again before it was in step counted its time anew",
                        "jitter,flicker,shape,unit,late-quorum" },
        { 71387, false, "a takeover that waited for the view found its node lost in it",
                        "jitter,flicker,cut,power,command,shape" },
        { 15241, false, "facts from before all had lost quorum counted for the forming",
                        "jitter,late-quorum,cut,manager,shape,busy,unit" },
        { 3365, true, "a probe of a ring that the others had left ended a node's time away",
                        "jitter,corosync,shape,flicker" },
        { 14, true, "a node that was cut off went by a delay that nobody else had heard of",
                        "jitter,alone,flicker,command,shape" },
        { 1327, false, "the file of a start-first's new copy did not count where the old one ended by itself",
                        "jitter,carry,repeat,busy,late,slow-disk,files,times,power,command,arm,flicker" },
};
const size_t n_plan_seeds = ELEMENTSOF(plan_seeds);
