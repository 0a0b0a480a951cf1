# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/fuzz/replay-simulate
TESTS += tests/fuzz/replay-simulate
tests_fuzz_replay_simulate_SOURCES = tests/fuzz/fuzz-simulate.c tests/fuzz/replay.c
tests_fuzz_replay_simulate_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/simulate\"
tests_fuzz_replay_simulate_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_fuzz_replay_simulate_LDADD = libctl.a libworld.a libconfig.a libwire.a libengine.a libbase.a $(SYSTEMD_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz-simulate
tests_fuzz_fuzz_simulate_SOURCES = tests/fuzz/fuzz-simulate.c
tests_fuzz_fuzz_simulate_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_simulate_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_simulate_LDADD = libctl.a libworld.a libconfig.a libwire.a libengine.a libbase.a $(SYSTEMD_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/simulate

# Clusters as they are saved now; tests/unit/test-ctl-simulate fails where one is not.
if HAVE_CMOCKA
.PHONY: update-corpus
update-corpus: tests/unit/test-ctl-simulate
	tests/unit/test-ctl-simulate --write $(srcdir)/tests/fuzz/corpus/simulate/whole
endif
