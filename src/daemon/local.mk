# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libdaemon.a
libdaemon_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -pthread
libdaemon_a_SOURCES = \
	src/daemon/asked.c \
	src/daemon/asked.h \
	src/daemon/bus-link.c \
	src/daemon/bus-link.h \
	src/daemon/cluster-link.c \
	src/daemon/companion.c src/daemon/companion.h \
	src/daemon/cluster-link.h \
	src/daemon/delays.c \
	src/daemon/delays.h \
	src/daemon/effects.c \
	src/daemon/effects.h \
	src/daemon/events.c \
	src/daemon/events.h \
	src/daemon/exit-status.h \
	src/daemon/fuse-link.c \
	src/daemon/fuse-link.h \
	src/daemon/guard-link.c \
	src/daemon/guard-link.h \
	src/daemon/journal-table.c \
	src/daemon/journal.c \
	src/daemon/journal.h \
	src/daemon/late.c \
	src/daemon/late.h \
	src/daemon/ending.c \
	src/daemon/ending.h \
	src/daemon/loader.c \
	src/daemon/loader.h \
	src/daemon/lock.c \
	src/daemon/lock.h \
	src/daemon/loop.c \
	src/daemon/loop.h \
	src/daemon/maintenance.c \
	src/daemon/maintenance.h \
	src/daemon/manager-struct.h \
	src/daemon/manager.c \
	src/daemon/manager.h \
	src/daemon/notify.c \
	src/daemon/notify.h \
	src/daemon/private-socket.c \
	src/daemon/private-socket.h \
	src/daemon/pulse.c \
	src/daemon/pulse.h \
	src/daemon/rebooted.c \
	src/daemon/rebooted.h \
	src/daemon/record.c \
	src/daemon/record.h \
	src/daemon/reload.c \
	src/daemon/reload.h \
	src/daemon/start.c \
	src/daemon/start.h \
	src/daemon/status-line.c \
	src/daemon/status-line.h \
	src/daemon/step.c \
	src/daemon/step.h \
	src/daemon/writer.c

sbin_PROGRAMS += distro-manager
distro_manager_SOURCES = src/daemon/main.c
distro_manager_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) -pthread
distro_manager_LDADD = libdaemon.a libbus.a libunits.a libgroup.a libconfig.a libwire.a libengine.a libdeadline.a libbase.a $(COROSYNC_LIBS) $(SYSTEMD_LIBS)
