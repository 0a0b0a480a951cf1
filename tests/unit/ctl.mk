# SPDX-License-Identifier: LGPL-2.1-or-later
# A manager of canned data, on a bus of its own.
check_PROGRAMS += tests/unit/ctl-fake-manager
tests_unit_ctl_fake_manager_LDADD = libengine.a libbase.a $(SYSTEMD_LIBS)

CTL_TEST_LIBS = libctl.a libworld.a libconfig.a libwire.a libengine.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-ctl-verbs
TESTS += tests/unit/test-ctl-verbs
tests_unit_test_ctl_verbs_SOURCES = tests/unit/test-ctl-verbs.c tests/unit/ctl-harness.c tests/unit/ctl-harness.h
tests_unit_test_ctl_verbs_LDADD = $(CMOCKA_LIBS)
EXTRA_tests_unit_test_ctl_verbs_DEPENDENCIES = distroctl$(EXEEXT) tests/unit/ctl-fake-manager$(EXEEXT)

check_PROGRAMS += tests/unit/test-ctl-format
TESTS += tests/unit/test-ctl-format
tests_unit_test_ctl_format_LDADD = $(CTL_TEST_LIBS)

check_PROGRAMS += tests/unit/test-ctl-trust
TESTS += tests/unit/test-ctl-trust
tests_unit_test_ctl_trust_LDADD = $(CTL_TEST_LIBS)

check_PROGRAMS += tests/unit/test-ctl-goal
TESTS += tests/unit/test-ctl-goal
tests_unit_test_ctl_goal_LDADD = $(CTL_TEST_LIBS)

check_PROGRAMS += tests/unit/test-ctl-evidence
TESTS += tests/unit/test-ctl-evidence
tests_unit_test_ctl_evidence_LDADD = $(CTL_TEST_LIBS)

check_PROGRAMS += tests/unit/test-ctl-journal
TESTS += tests/unit/test-ctl-journal
tests_unit_test_ctl_journal_SOURCES = tests/unit/test-ctl-journal.c tests/unit/ctl-harness.c tests/unit/ctl-harness.h
tests_unit_test_ctl_journal_LDADD = $(CTL_TEST_LIBS)
EXTRA_tests_unit_test_ctl_journal_DEPENDENCIES = distroctl$(EXEEXT) tests/unit/ctl-fake-manager$(EXEEXT)

check_PROGRAMS += tests/unit/test-ctl-reload-service
TESTS += tests/unit/test-ctl-reload-service
tests_unit_test_ctl_reload_service_SOURCES = tests/unit/test-ctl-reload-service.c \
	tests/unit/ctl-harness.c tests/unit/ctl-harness.h
tests_unit_test_ctl_reload_service_LDADD = $(CTL_TEST_LIBS)
EXTRA_tests_unit_test_ctl_reload_service_DEPENDENCIES = distroctl$(EXEEXT) tests/unit/ctl-fake-manager$(EXEEXT)

check_PROGRAMS += tests/unit/test-ctl-corosync-conf
TESTS += tests/unit/test-ctl-corosync-conf
tests_unit_test_ctl_corosync_conf_LDADD = $(CTL_TEST_LIBS)

# Table, --help, completion and manual name the same verbs and options.
check_PROGRAMS += tests/unit/test-ctl-names
TESTS += tests/unit/test-ctl-names
tests_unit_test_ctl_names_LDADD = $(CTL_TEST_LIBS)

check_PROGRAMS += tests/unit/test-ctl-simulate
TESTS += tests/unit/test-ctl-simulate
tests_unit_test_ctl_simulate_LDADD = $(CTL_TEST_LIBS)

# Real engines, our objects, and the verbs of distroctl, whose clock is the engines'.
check_PROGRAMS += tests/unit/test-ctl-every-state
TESTS += tests/unit/test-ctl-every-state
EXTRA_DIST += tests/unit/ctl-every-state.txt
tests_unit_test_ctl_every_state_SOURCES = tests/unit/test-ctl-every-state.c \
	tests/unit/engine-cluster.c tests/unit/engine-cluster.h tests/unit/bus-owner.c tests/unit/bus-owner.h
tests_unit_test_ctl_every_state_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=moment_now
tests_unit_test_ctl_every_state_LDADD = libbus.a $(CTL_TEST_LIBS)
