# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libbus.a
libbus_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
libbus_a_SOURCES = \
	src/bus/application.c \
	src/bus/bus.h \
	src/bus/call.c \
	src/bus/errors.c \
	src/bus/internal.h \
	src/bus/manager.c \
	src/bus/node.c \
	src/bus/property.c \
	src/bus/property.h \
	src/bus/peers.c \
	src/bus/reads.c \
	src/bus/server.c \
	src/bus/shown.c
