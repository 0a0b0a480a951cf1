# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-address
TESTS += tests/unit/test-address
tests_unit_test_address_SOURCES = tests/unit/test-address.c
tests_unit_test_address_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_address_LDADD = libaddress.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

# The program among hosts, in network namespaces.
check_PROGRAMS += tests/unit/test-address-net
TESTS += tests/unit/test-address-net
tests_unit_test_address_net_SOURCES = tests/unit/test-address-net.c tests/unit/address-hosts.c tests/unit/address-hosts.h
tests_unit_test_address_net_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_address_net_LDADD = libaddress.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_address_net_DEPENDENCIES = distro-address$(EXEEXT)
