# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-group
TESTS += tests/unit/test-group
tests_unit_test_group_LDADD = libgroup.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS) $(GROUP_LIBS)

# group-fake.c takes the place of Corosync's libraries.
GROUP_TESTS = tests/unit/test-group-loop tests/unit/test-group-send tests/unit/test-group-votes
check_PROGRAMS += $(GROUP_TESTS)
TESTS += $(GROUP_TESTS)
GROUP_TEST_SOURCES = \
	tests/unit/group-fake.c \
	tests/unit/group-fake.h \
	tests/unit/group-harness.c \
	tests/unit/group-harness.h
GROUP_TEST_LDADD = libgroup.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS) $(SYSTEMD_LIBS) -lpthread
tests_unit_test_group_loop_SOURCES = tests/unit/test-group-loop.c $(GROUP_TEST_SOURCES)
tests_unit_test_group_loop_LDADD = $(GROUP_TEST_LDADD)
tests_unit_test_group_send_SOURCES = tests/unit/test-group-send.c $(GROUP_TEST_SOURCES)
tests_unit_test_group_send_LDADD = $(GROUP_TEST_LDADD)
tests_unit_test_group_votes_SOURCES = tests/unit/test-group-votes.c $(GROUP_TEST_SOURCES)
tests_unit_test_group_votes_LDADD = $(GROUP_TEST_LDADD)
