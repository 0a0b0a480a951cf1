# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/fuzz/replay-engine
TESTS += tests/fuzz/replay-engine
tests_fuzz_replay_engine_SOURCES = tests/fuzz/fuzz-engine.c tests/fuzz/replay.c
tests_fuzz_replay_engine_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/engine\"
tests_fuzz_replay_engine_LDADD = libengine.a libbase.a

if FUZZERS
# Built from the sources, so that what is fuzzed is instrumented too.
noinst_PROGRAMS += tests/fuzz/fuzz-engine
tests_fuzz_fuzz_engine_SOURCES = tests/fuzz/fuzz-engine.c $(libengine_a_SOURCES) $(libbase_a_SOURCES)
tests_fuzz_fuzz_engine_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_engine_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
endif

EXTRA_DIST += tests/fuzz/corpus/engine
