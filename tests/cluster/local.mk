# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests with real clusters need root and seconds each: tools/check runs them, not `make check`.
EXTRA_DIST += tests/cluster
