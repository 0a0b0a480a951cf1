# SPDX-License-Identifier: LGPL-2.1-or-later
# The manager's unit says what its promises need of systemd.
TESTS += tests/unit/test-unit-file.sh
check_SCRIPTS += tests/unit/test-unit-file.sh
EXTRA_DIST += tests/unit/test-unit-file.sh
