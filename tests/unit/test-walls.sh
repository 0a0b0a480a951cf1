#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-walls.sh
#
# The walls inside the engine: a file includes what stands below it, and nothing above or beside. The ground (types, messages,
# state, effects, outlet) knows no rule; the agreed wing knows the ground alone, so that no rule in it can ask which node it is
# on. That nothing above is called, the link of test-agreed shows. How this process is a member of the group knows nothing of what
# this node alone knows and does.

set -euo pipefail

cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"
failed=0
ground='types|message|state|names|encode|effect|outlet'

# wall ALLOWED FILE…: of the headers of the project each FILE includes those of base and those that match alone
wall() {
        local allowed=$1 file header
        shift
        for file; do
                [ -e "$file" ] || {
                        echo "there is no $file"
                        failed=1
                        continue
                }
                while read -r header; do
                        if ! [[ $header =~ ^(base/[a-z-]+\.h|$allowed)$ ]]; then
                                echo "$file includes $header, which stands above it"
                                failed=1
                        fi
                done < <(sed -n 's/^#include "\(.*\)"$/\1/p' "$file")
        done
}

for name in ${ground//|/ }; do
        wall "engine/($ground)\.h" "src/engine/$name.c" "src/engine/$name.h"
done
wall "engine/($ground)\.h|engine/agreed/[a-z]+\.h" src/engine/agreed/*.[ch]
wall "engine/($ground|internal)\.h|engine/(agreed|member)/[a-z]+\.h" src/engine/member/*.[ch]
wall "engine/($ground|internal)\.h|engine/(agreed|member|local)/[a-z]+\.h" src/engine/local/*.[ch]
exit $failed
