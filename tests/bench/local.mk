# SPDX-License-Identifier: LGPL-2.1-or-later
# Measurements with real clusters need root and minutes: they are run by hand.
EXTRA_DIST += tests/bench
