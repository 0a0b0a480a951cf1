# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/address-spec.c src/base/address-spec.h \
	src/base/array.c src/base/array.h \
	src/base/bytes.c src/base/bytes.h \
	src/base/clock.c src/base/clock.h \
	src/base/dbus.h \
	src/base/hash.c src/base/hash.h \
	src/base/ip-address.c src/base/ip-address.h \
	src/base/local-socket.c src/base/local-socket.h \
	src/base/mount-list.c src/base/mount-list.h \
	src/base/parse.c src/base/parse.h \
	src/base/quorum-warnings.c src/base/quorum-warnings.h \
	src/base/strings.c src/base/strings.h \
	src/base/text.c src/base/text.h \
	src/base/timing.c src/base/timing.h \
	src/base/utf8.c src/base/utf8.h \
	src/base/macros.h
