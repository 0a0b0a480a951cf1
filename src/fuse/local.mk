# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libdeadline.a
libdeadline_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -pthread
libdeadline_a_SOURCES = \
	src/fuse/deadlines.c src/fuse/deadlines.h \
	src/fuse/fuse.c src/fuse/fuse.h \
	src/fuse/fuse-client.c src/fuse/fuse-client.h \
	src/fuse/last-resort.c src/fuse/last-resort.h \
	src/fuse/scribe.c src/fuse/scribe.h \
	src/fuse/self-reboot.c src/fuse/self-reboot.h

pkglibexec_PROGRAMS += distro-fuse
distro_fuse_SOURCES = src/fuse/main.c
distro_fuse_CFLAGS = $(AM_CFLAGS) -pthread
distro_fuse_LDADD = libdeadline.a libbase.a $(SYSTEMD_LIBS)
