# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libbus.a
libbus_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
libbus_a_SOURCES = \
	src/bus/application-object.c \
	src/bus/application-object.h \
	src/bus/bus.h \
	src/bus/call.c \
	src/bus/call.h \
	src/bus/endpoint.c \
	src/bus/endpoint.h \
	src/bus/errors.c \
	src/bus/errors.h \
	src/bus/manager-object.c \
	src/bus/manager-object.h \
	src/bus/node-object.c \
	src/bus/node-object.h \
	src/bus/outbox.c \
	src/bus/outbox.h \
	src/bus/path.c \
	src/bus/path.h \
	src/bus/peers.c \
	src/bus/peers.h \
	src/bus/property.c \
	src/bus/property.h \
	src/bus/reads.c \
	src/bus/reads.h \
	src/bus/server-struct.h \
	src/bus/server.c \
	src/bus/shown.c \
	src/bus/shown.h \
	src/bus/signals.c \
	src/bus/signals.h
