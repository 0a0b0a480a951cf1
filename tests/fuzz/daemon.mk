# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/fuzz/replay-daemon
TESTS += tests/fuzz/replay-daemon
tests_fuzz_replay_daemon_SOURCES = tests/fuzz/fuzz-daemon.c tests/fuzz/replay.c
tests_fuzz_replay_daemon_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/daemon\"
tests_fuzz_replay_daemon_LDADD = libdaemon.a libengine.a libbase.a

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz-daemon
tests_fuzz_fuzz_daemon_SOURCES = tests/fuzz/fuzz-daemon.c
tests_fuzz_fuzz_daemon_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_daemon_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_daemon_LDADD = libdaemon.a libengine.a libbase.a
endif

EXTRA_DIST += tests/fuzz/corpus/daemon
