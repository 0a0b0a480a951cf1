# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libwire.a
libwire_a_SOURCES = \
	src/wire/body.c \
	src/wire/body.h \
	src/wire/fields.c \
	src/wire/wire.c \
	src/wire/wire.h
