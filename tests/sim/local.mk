# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/sim/sim
sim_checks = \
	tests/sim/check.h \
	tests/sim/check-commands.c \
	tests/sim/check-copies.c \
	tests/sim/check-epochs.c \
	tests/sim/check-hosts.c \
	tests/sim/check-hosts.h \
	tests/sim/check-leaver.c \
	tests/sim/check-live.c \
	tests/sim/check-overlap.c \
	tests/sim/check-parts.c \
	tests/sim/check-places.c \
	tests/sim/check-quorum.c \
	tests/sim/check-reboots.c \
	tests/sim/check-restarts.c \
	tests/sim/check-states.c \
	tests/sim/check-stops.c \
	tests/sim/check-versions.c
tests_sim_sim_SOURCES = \
	tests/sim/digest.c \
	tests/sim/digest.h \
	tests/sim/plan.c \
	tests/sim/plan.h \
	tests/sim/plan-draw.h \
	tests/sim/plan-later.c \
	tests/sim/plan-words.c \
	tests/sim/run.c \
	tests/sim/run-acts.c \
	tests/sim/run-internal.h \
	tests/sim/run-progress.c \
	tests/sim/seeds.c \
	tests/sim/sim.c \
	$(sim_checks)
tests_sim_sim_LDADD = libworld.a libwire.a libengine.a libbase.a
TESTS += tests/sim/sim

if HAVE_CMOCKA
check_PROGRAMS += tests/sim/test-checks tests/sim/test-checks-parts
tests_sim_test_checks_SOURCES = tests/sim/test-checks.c tests/sim/test-checks.h $(sim_checks)
tests_sim_test_checks_CFLAGS = $(TEST_CFLAGS)
tests_sim_test_checks_LDADD = libworld.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS)
tests_sim_test_checks_parts_SOURCES = tests/sim/test-checks-parts.c tests/sim/test-checks.h $(sim_checks)
tests_sim_test_checks_parts_CFLAGS = $(TEST_CFLAGS)
tests_sim_test_checks_parts_LDADD = libworld.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS)
TESTS += tests/sim/test-checks tests/sim/test-checks-parts
endif

# Everything that can happen in a very small cluster; copying engines is for tests only and in no library.
check_PROGRAMS += tests/sim/exhaustive
tests_sim_exhaustive_SOURCES = \
	src/engine/duplicate.c \
	src/engine/duplicate.h \
	tests/sim/digest.c \
	tests/sim/digest.h \
	tests/sim/exhaustive.c \
	tests/sim/exhaustive-acts.c \
	tests/sim/exhaustive-cluster.c \
	tests/sim/exhaustive-internal.h \
	tests/sim/exhaustive-model.c \
	tests/sim/exhaustive-model.h
tests_sim_exhaustive_LDADD = libengine.a libbase.a
TESTS += tests/sim/exhaustive

# Many nodes and applications, as bytes on a ring of so many a second.
check_PROGRAMS += tests/sim/large
tests_sim_large_SOURCES = tests/sim/large.c
tests_sim_large_LDADD = libworld.a libwire.a libengine.a libbase.a
TESTS += tests/sim/large

EXTRA_DIST += tests/mutations tests/sim/baseline
