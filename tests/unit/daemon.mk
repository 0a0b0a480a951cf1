# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-daemon-record tests/unit/test-daemon-journal tests/unit/test-daemon-manager
TESTS += tests/unit/test-daemon-record tests/unit/test-daemon-journal tests/unit/test-daemon-manager

tests_unit_test_daemon_record_SOURCES = tests/unit/test-daemon-record.c
tests_unit_test_daemon_record_CFLAGS = $(TEST_CFLAGS) -pthread
tests_unit_test_daemon_record_LDADD = libdaemon.a libengine.a libbase.a $(CMOCKA_LIBS)

tests_unit_test_daemon_journal_SOURCES = tests/unit/test-daemon-journal.c
tests_unit_test_daemon_journal_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_daemon_journal_LDADD = libdaemon.a libengine.a libbase.a $(CMOCKA_LIBS)

# The real manager between stand-ins: what daemon-double.c defines is not taken from the libraries.
tests_unit_test_daemon_manager_SOURCES = tests/unit/test-daemon-manager.c tests/unit/daemon-double.c tests/unit/daemon-double.h
tests_unit_test_daemon_manager_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS) -pthread
tests_unit_test_daemon_manager_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=engine_new -Wl,--wrap=engine_free -Wl,--wrap=engine_step -Wl,--wrap=engine_deadline \
	-Wl,--wrap=engine_is_synced -Wl,--wrap=engine_has_workers -Wl,--wrap=engine_state -Wl,--wrap=engine_view -Wl,--wrap=engine_status_text
tests_unit_test_daemon_manager_LDADD = libdaemon.a libunits.a libgroup.a libconfig.a libwire.a libengine.a libbase.a \
	$(SYSTEMD_LIBS) $(COROSYNC_LIBS) $(CMOCKA_LIBS)
