# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-daemon-record tests/unit/test-daemon-journal
TESTS += tests/unit/test-daemon-record tests/unit/test-daemon-journal

tests_unit_test_daemon_record_LDADD = libdaemon.a libengine.a libbase.a $(CMOCKA_LIBS)

tests_unit_test_daemon_journal_LDADD = libdaemon.a libengine.a libbase.a $(CMOCKA_LIBS)

# The real manager between stand-ins: what daemon-double.c defines is not taken from the libraries.
DAEMON_TESTS = \
	tests/unit/test-daemon-effects \
	tests/unit/test-daemon-fuse \
	tests/unit/test-daemon-leave \
	tests/unit/test-daemon-manager \
	tests/unit/test-daemon-parts \
	tests/unit/test-daemon-start
check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
DAEMON_TEST_SOURCES = \
	tests/unit/daemon-double.c \
	tests/unit/daemon-double.h \
	tests/unit/daemon-harness.c \
	tests/unit/daemon-harness.h
daemon_test_link = $(AM_LDFLAGS) \
	-Wl,--wrap=engine_new -Wl,--wrap=engine_free -Wl,--wrap=engine_step -Wl,--wrap=engine_deadline -Wl,--wrap=engine_fuse_deadline \
	-Wl,--wrap=engine_is_synced -Wl,--wrap=engine_has_workers -Wl,--wrap=engine_state -Wl,--wrap=engine_view -Wl,--wrap=engine_status_text
DAEMON_TEST_LDADD = libdaemon.a libunits.a libgroup.a libconfig.a libwire.a libengine.a libdeadline.a libbase.a \
	$(SYSTEMD_LIBS) $(COROSYNC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_daemon_effects_SOURCES = tests/unit/test-daemon-effects.c $(DAEMON_TEST_SOURCES)
tests_unit_test_daemon_effects_LDFLAGS = $(daemon_test_link)
tests_unit_test_daemon_effects_LDADD = $(DAEMON_TEST_LDADD)
tests_unit_test_daemon_fuse_SOURCES = tests/unit/test-daemon-fuse.c $(DAEMON_TEST_SOURCES)
tests_unit_test_daemon_fuse_LDFLAGS = $(daemon_test_link)
tests_unit_test_daemon_fuse_LDADD = $(DAEMON_TEST_LDADD)
tests_unit_test_daemon_leave_SOURCES = tests/unit/test-daemon-leave.c $(DAEMON_TEST_SOURCES)
tests_unit_test_daemon_leave_LDFLAGS = $(daemon_test_link)
tests_unit_test_daemon_leave_LDADD = $(DAEMON_TEST_LDADD)
tests_unit_test_daemon_manager_SOURCES = tests/unit/test-daemon-manager.c $(DAEMON_TEST_SOURCES)
tests_unit_test_daemon_manager_LDFLAGS = $(daemon_test_link)
tests_unit_test_daemon_manager_LDADD = $(DAEMON_TEST_LDADD)
tests_unit_test_daemon_parts_SOURCES = tests/unit/test-daemon-parts.c $(DAEMON_TEST_SOURCES)
tests_unit_test_daemon_parts_LDFLAGS = $(daemon_test_link)
tests_unit_test_daemon_parts_LDADD = $(DAEMON_TEST_LDADD)
tests_unit_test_daemon_start_SOURCES = tests/unit/test-daemon-start.c $(DAEMON_TEST_SOURCES)
tests_unit_test_daemon_start_LDFLAGS = $(daemon_test_link)
tests_unit_test_daemon_start_LDADD = $(DAEMON_TEST_LDADD)
