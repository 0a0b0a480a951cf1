# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-group tests/unit/test-group-loop
TESTS += tests/unit/test-group tests/unit/test-group-loop
tests_unit_test_group_SOURCES = tests/unit/test-group.c
tests_unit_test_group_CFLAGS = $(TEST_CFLAGS) $(COROSYNC_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_group_LDADD = libgroup.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS) $(GROUP_LIBS)

# group-fake.c takes the place of Corosync's libraries.
tests_unit_test_group_loop_SOURCES = \
	tests/unit/test-group-loop.c \
	tests/unit/group-fake.c \
	tests/unit/group-fake.h
tests_unit_test_group_loop_CFLAGS = $(TEST_CFLAGS) $(COROSYNC_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_group_loop_LDADD = libgroup.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS) $(SYSTEMD_LIBS) -lpthread
