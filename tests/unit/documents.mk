# SPDX-License-Identifier: LGPL-2.1-or-later
# What the documents point to is there.
TESTS += tests/unit/test-documents.sh
check_SCRIPTS += tests/unit/test-documents.sh
EXTRA_DIST += tests/unit/test-documents.sh

# The format of the sources.
TESTS += tests/unit/test-format.sh
check_SCRIPTS += tests/unit/test-format.sh
EXTRA_DIST += tests/unit/test-format.sh

# What the folders may include, circles, names, lengths.
TESTS += tests/unit/test-walls.sh
check_SCRIPTS += tests/unit/test-walls.sh
EXTRA_DIST += tests/unit/test-walls.sh

# The bash completion.
TESTS += tests/unit/test-completion.sh
check_SCRIPTS += tests/unit/test-completion.sh
EXTRA_DIST += tests/unit/test-completion.sh

# What the first steps say before and after the installation.
TESTS += tests/unit/test-first-steps.sh
check_SCRIPTS += tests/unit/test-first-steps.sh
EXTRA_DIST += tests/unit/test-first-steps.sh
