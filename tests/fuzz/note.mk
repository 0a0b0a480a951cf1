# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/fuzz/replay-note
TESTS += tests/fuzz/replay-note
tests_fuzz_replay_note_SOURCES = tests/fuzz/fuzz-note.c tests/fuzz/replay.c
tests_fuzz_replay_note_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/note\"
tests_fuzz_replay_note_LDADD = libunits.a libconfig.a libengine.a libbase.a $(SYSTEMD_LIBS)

if FUZZERS
# Built from the sources, so that what is fuzzed is instrumented too.
noinst_PROGRAMS += tests/fuzz/fuzz-note
tests_fuzz_fuzz_note_SOURCES = tests/fuzz/fuzz-note.c $(libunits_a_SOURCES) $(libconfig_a_SOURCES) $(libbase_a_SOURCES) \
	src/engine/types.c
tests_fuzz_fuzz_note_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_note_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_note_LDADD = $(SYSTEMD_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/note
