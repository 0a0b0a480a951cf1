# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/fuzz/replay-fuse
TESTS += tests/fuzz/replay-fuse
tests_fuzz_replay_fuse_SOURCES = tests/fuzz/fuzz-fuse.c tests/fuzz/replay.c
tests_fuzz_replay_fuse_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/fuse\"
tests_fuzz_replay_fuse_LDADD = libdeadline.a libbase.a

if FUZZERS
# Built from the sources, so that what is fuzzed is instrumented too.
noinst_PROGRAMS += tests/fuzz/fuzz-fuse
tests_fuzz_fuzz_fuse_SOURCES = tests/fuzz/fuzz-fuse.c $(libdeadline_a_SOURCES) $(libbase_a_SOURCES)
tests_fuzz_fuzz_fuse_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_fuse_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_fuse_LDADD = $(SYSTEMD_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/fuse
