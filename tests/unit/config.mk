# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-config tests/unit/test-config-unit tests/unit/test-config-files tests/unit/test-config-mounts tests/unit/test-config-parts
TESTS += tests/unit/test-config tests/unit/test-config-unit tests/unit/test-config-files tests/unit/test-config-mounts tests/unit/test-config-parts
CONFIG_HARNESS = tests/unit/config-harness.c tests/unit/config-harness.h
tests_unit_test_config_SOURCES = tests/unit/test-config.c $(CONFIG_HARNESS)
tests_unit_test_config_mounts_SOURCES = tests/unit/test-config-mounts.c $(CONFIG_HARNESS)
tests_unit_test_config_parts_SOURCES = tests/unit/test-config-parts.c $(CONFIG_HARNESS)
tests_unit_test_config_LDADD = libconfig.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_config_unit_SOURCES = tests/unit/test-config-unit.c tests/unit/config-unit-keys.c \
	tests/unit/config-unit-keys.h
tests_unit_test_config_unit_LDADD = libconfig.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_config_files_LDADD = libconfig.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_config_mounts_LDADD = libconfig.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_config_parts_LDADD = libconfig.a libengine.a libbase.a $(CMOCKA_LIBS)
