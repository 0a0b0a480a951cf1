# SPDX-License-Identifier: LGPL-2.1-or-later
# The engine's tests link the engine and base alone: a stray dependency breaks the build.
engine_unit_tests = \
	tests/unit/test-engine-place \
	tests/unit/test-engine-state
check_PROGRAMS += $(engine_unit_tests)
TESTS += $(engine_unit_tests)
tests_unit_test_engine_place_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_engine_place_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_state_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_engine_state_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
