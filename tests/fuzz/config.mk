# SPDX-License-Identifier: LGPL-2.1-or-later
# Without --enable-fuzzers the corpus is replayed by `make check`; with it the target is a libFuzzer program too.
check_PROGRAMS += tests/fuzz/replay-config
TESTS += tests/fuzz/replay-config
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/replay.c
tests_fuzz_replay_config_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/config\"
tests_fuzz_replay_config_LDADD = libconfig.a libengine.a libbase.a

if FUZZERS
# Built from the sources, so that what is fuzzed is instrumented too.
noinst_PROGRAMS += tests/fuzz/fuzz-config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c $(libconfig_a_SOURCES) $(libbase_a_SOURCES)
tests_fuzz_fuzz_config_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_config_LDADD = libengine.a libbase.a
endif

EXTRA_DIST += tests/fuzz/corpus/config
