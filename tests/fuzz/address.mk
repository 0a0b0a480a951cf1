# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/fuzz/replay-address
TESTS += tests/fuzz/replay-address
tests_fuzz_replay_address_SOURCES = tests/fuzz/fuzz-address.c tests/fuzz/replay.c
tests_fuzz_replay_address_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tests/fuzz/corpus/address\"
tests_fuzz_replay_address_LDADD = libaddress.a libbase.a

if FUZZERS
# Built from the sources, so that what is fuzzed is instrumented too.
noinst_PROGRAMS += tests/fuzz/fuzz-address
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz-address.c $(libaddress_a_SOURCES) $(libbase_a_SOURCES)
tests_fuzz_fuzz_address_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_address_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer,address,undefined
tests_fuzz_fuzz_address_LDADD = $(SYSTEMD_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/address
