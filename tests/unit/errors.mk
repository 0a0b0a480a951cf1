# SPDX-License-Identifier: LGPL-2.1-or-later
# doc/errors.md explains every message.
TESTS += tests/unit/test-errors.sh
check_SCRIPTS += tests/unit/test-errors.sh
EXTRA_DIST += tests/unit/test-errors.sh
