# SPDX-License-Identifier: LGPL-2.1-or-later
BUS_TESTS = tests/unit/test-bus-allowed tests/unit/test-bus-change tests/unit/test-bus-introspection tests/unit/test-bus-read \
	tests/unit/test-bus-signal
check_PROGRAMS += $(BUS_TESTS)
TESTS += $(BUS_TESTS)
# An engine that decides nothing, so that the bus is tested alone; and a bus daemon of the test's own.
BUS_TEST_SOURCES = \
	tests/unit/bus-double.c \
	tests/unit/bus-double.h \
	tests/unit/bus-harness.c \
	tests/unit/bus-harness.h \
	tests/unit/bus-owner.c \
	tests/unit/bus-owner.h
BUS_TEST_LDADD = libbus.a libengine.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bus_allowed_SOURCES = tests/unit/test-bus-allowed.c $(BUS_TEST_SOURCES)
tests_unit_test_bus_allowed_LDADD = $(BUS_TEST_LDADD)
tests_unit_test_bus_change_SOURCES = tests/unit/test-bus-change.c $(BUS_TEST_SOURCES)
tests_unit_test_bus_change_LDADD = $(BUS_TEST_LDADD)
tests_unit_test_bus_introspection_SOURCES = tests/unit/test-bus-introspection.c $(BUS_TEST_SOURCES)
tests_unit_test_bus_introspection_LDADD = $(BUS_TEST_LDADD)
tests_unit_test_bus_read_SOURCES = tests/unit/test-bus-read.c $(BUS_TEST_SOURCES)
tests_unit_test_bus_read_LDADD = $(BUS_TEST_LDADD)
tests_unit_test_bus_signal_SOURCES = tests/unit/test-bus-signal.c $(BUS_TEST_SOURCES)
tests_unit_test_bus_signal_LDADD = $(BUS_TEST_LDADD)
