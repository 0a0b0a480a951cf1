#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-first-steps.sh
#
# doc/first-steps.md types what FIRST STEPS of distro-manager(7) types, in the same order. The manual's examples are tried
# on real nodes, by tests/cluster/manuals.sh and tests/package/newcomer.sh.

set -euo pipefail

cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"

# What stands between the marks of an example in the manual's section, as it is shown.
# shellcheck disable=SC2016
of_manual() {
        sed -n '/^\.SH FIRST STEPS/,/^\.SH WHAT/p' man/distro-manager.7 | sed -n '/^\.EX$/,/^\.EE$/p' |
                sed -e 's/^\.E[XE]$/```/' -e 's/\\-/-/g' -e 's/\\e/\\/g' -e 's/\\&//g' -e "s/\\\\(aq/'/g"
}

# shellcheck disable=SC2016 # the marks of Markdown
of_page() { sed -n '/^```$/,/^```$/p' doc/first-steps.md; }

[ "$(of_manual | grep -c '^```$')" -ge 20 ] || { echo 'the manual has no first steps' && exit 1; }
diff -u --label distro-manager.7 --label doc/first-steps.md <(of_manual) <(of_page) || exit 1
echo 'the first steps of the manual and of the page: PASSED'
