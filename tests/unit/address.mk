# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-address
TESTS += tests/unit/test-address
tests_unit_test_address_SOURCES = tests/unit/test-address.c
tests_unit_test_address_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_address_LDADD = libaddress.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
