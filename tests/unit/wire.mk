# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-wire tests/unit/test-wire-fields tests/unit/test-wire-memory
TESTS += tests/unit/test-wire tests/unit/test-wire-fields tests/unit/test-wire-memory
tests_unit_test_wire_SOURCES = \
	tests/unit/test-wire.c \
	tests/unit/wire-golden.h \
	tests/unit/wire-samples.c \
	tests/unit/wire-samples.h
tests_unit_test_wire_LDADD = libwire.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_wire_fields_LDADD = libwire.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_wire_memory_SOURCES = tests/unit/test-wire-memory.c tests/unit/wire-samples.c tests/unit/wire-samples.h \
	$(failing_memory_sources)
tests_unit_test_wire_memory_LDFLAGS = $(failing_memory_link)
tests_unit_test_wire_memory_LDADD = libwire.a libengine.a libbase.a $(CMOCKA_LIBS)
