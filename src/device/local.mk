# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libdevice.a
libdevice_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(DEVICE_CFLAGS)
libdevice_a_SOURCES = \
	src/device/block.c src/device/block.h \
	src/device/device-hold.c src/device/device-hold.h \
	src/device/users.c src/device/users.h

pkglibexec_PROGRAMS += distro-device
distro_device_SOURCES = src/device/main.c
distro_device_CFLAGS = $(AM_CFLAGS)
distro_device_LDADD = libdevice.a libbase.a $(SYSTEMD_LIBS) $(DEVICE_LIBS)
