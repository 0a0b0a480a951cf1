# SPDX-License-Identifier: LGPL-2.1-or-later
# distro-device with real block devices.
check_PROGRAMS += tests/unit/test-device
TESTS += tests/unit/test-device
tests_unit_test_device_SOURCES = tests/unit/test-device.c
tests_unit_test_device_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_device_LDADD = libdevice.a libbase.a $(SYSTEMD_LIBS) $(DEVICE_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_device_DEPENDENCIES = distro-device$(EXEEXT)
