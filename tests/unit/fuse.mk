# SPDX-License-Identifier: LGPL-2.1-or-later
check_PROGRAMS += tests/unit/test-fuse
TESTS += tests/unit/test-fuse
tests_unit_test_fuse_SOURCES = tests/unit/test-fuse.c
tests_unit_test_fuse_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_fuse_LDADD = libdeadline.a libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
