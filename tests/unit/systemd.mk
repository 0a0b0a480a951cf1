# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-systemd-state tests/unit/test-systemd-machine tests/unit/test-systemd-walk tests/unit/test-systemd-units tests/unit/test-systemd-mounts tests/unit/test-systemd-parts tests/unit/test-systemd-parts-kill tests/unit/test-systemd-stages tests/unit/test-systemd-lost tests/unit/test-systemd-guard tests/unit/test-systemd-guard-installed tests/unit/test-systemd-guard-file tests/unit/test-systemd-killer
TESTS += tests/unit/test-systemd-state tests/unit/test-systemd-machine tests/unit/test-systemd-walk tests/unit/test-systemd-units tests/unit/test-systemd-mounts tests/unit/test-systemd-parts tests/unit/test-systemd-parts-kill tests/unit/test-systemd-stages tests/unit/test-systemd-lost tests/unit/test-systemd-guard tests/unit/test-systemd-guard-installed tests/unit/test-systemd-guard-file tests/unit/test-systemd-killer
SYSTEMD_TEST_LDADD = libunits.a libconfig.a libengine.a libdeadline.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_systemd_state_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_machine_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_walk_SOURCES = tests/unit/test-systemd-walk.c tests/unit/systemd-model.c tests/unit/systemd-model.h
tests_unit_test_systemd_walk_LDADD = $(SYSTEMD_TEST_LDADD)
SYSTEMD_BENCH_SOURCES = \
	tests/unit/systemd-bench.c \
	tests/unit/systemd-bench.h \
	tests/unit/systemd-fake.c \
	tests/unit/systemd-fake-text.c \
	tests/unit/systemd-fake.h
tests_unit_test_systemd_units_SOURCES = tests/unit/test-systemd-units.c $(SYSTEMD_BENCH_SOURCES)
tests_unit_test_systemd_units_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_mounts_SOURCES = tests/unit/test-systemd-mounts.c $(SYSTEMD_BENCH_SOURCES)
tests_unit_test_systemd_mounts_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_parts_SOURCES = tests/unit/test-systemd-parts.c $(SYSTEMD_BENCH_SOURCES)
tests_unit_test_systemd_parts_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_parts_kill_SOURCES = tests/unit/test-systemd-parts-kill.c $(SYSTEMD_BENCH_SOURCES)
tests_unit_test_systemd_parts_kill_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_lost_SOURCES = tests/unit/test-systemd-lost.c $(SYSTEMD_BENCH_SOURCES)
tests_unit_test_systemd_lost_LDADD = $(SYSTEMD_TEST_LDADD)
SYSTEMD_FOLDER_SOURCES = \
	tests/unit/systemd-folder.c \
	tests/unit/systemd-folder.h
tests_unit_test_systemd_guard_SOURCES = tests/unit/test-systemd-guard.c $(SYSTEMD_FOLDER_SOURCES)
tests_unit_test_systemd_guard_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_guard_file_SOURCES = tests/unit/test-systemd-guard-file.c $(SYSTEMD_FOLDER_SOURCES)
tests_unit_test_systemd_guard_file_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_killer_SOURCES = tests/unit/test-systemd-killer.c $(SYSTEMD_FOLDER_SOURCES)
tests_unit_test_systemd_killer_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_stages_SOURCES = tests/unit/test-systemd-stages.c $(SYSTEMD_BENCH_SOURCES)
tests_unit_test_systemd_stages_LDADD = $(SYSTEMD_TEST_LDADD)
tests_unit_test_systemd_guard_installed_SOURCES = tests/unit/test-systemd-guard-installed.c $(SYSTEMD_FOLDER_SOURCES)
tests_unit_test_systemd_guard_installed_LDADD = $(SYSTEMD_TEST_LDADD)
