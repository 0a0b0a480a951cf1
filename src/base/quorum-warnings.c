/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/quorum-warnings.h"

const QuorumWarning quorum_warning_table[QUORUM_WARNINGS_MAX] = {
        { "TwoNode", "two_node: after a cut both nodes are quorate. Without fencing an application can run on both." },
        { "LastManStanding",
                        "last_man_standing: after a cut a part without a majority can become quorate. Without fencing an "
                        "application can run twice." },
        { "AutoTieBreaker",
                        "auto_tie_breaker: half of the nodes are quorate. Without fencing, and with different votes on "
                        "the two sides, an application can run twice." },
        { "AllowDownscale",
                        "allow_downscale: Corosync itself calls this incomplete. The votes that are needed can sink "
                        "until a few nodes are quorate." },
        { "UnevenVotes",
                        "the votes of corosync.conf are not one for each node: a quorate part can have less than half of "
                        "the nodes." },
};

const char *quorum_warning(const char *flag)
{
        for (size_t i = 0; i < QUORUM_WARNINGS_MAX; i++)
                if (streq(quorum_warning_table[i].flag, flag))
                        return quorum_warning_table[i].text;
        return NULL;
}
