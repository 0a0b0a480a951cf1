# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests of the Debian package need root and packages for building packages: tests/package/run, not `make check`.
EXTRA_DIST += tests/package debian
