# SPDX-License-Identifier: LGPL-2.1-or-later
TESTS += tests/unit/man-warnings
EXTRA_DIST += tests/unit/man-warnings

if HAVE_CMOCKA
# The manual names what the tables have, and nothing else.
check_PROGRAMS += tests/unit/test-man
TESTS += tests/unit/test-man
tests_unit_test_man_LDADD = libdaemon.a libbus.a libconfig.a libengine.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
endif
