# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libaddress.a
libaddress_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
libaddress_a_SOURCES = \
	src/address/address-lock.c src/address/address-lock.h \
	src/address/arguments.c src/address/arguments.h \
	src/address/frame.c src/address/frame.h \
	src/address/keeper.c src/address/keeper.h \
	src/address/keeper-exit.h \
	src/address/kernel.c src/address/kernel.h \
	src/address/mac.c src/address/mac.h \
	src/address/network.c src/address/network.h \
	src/address/removal.c src/address/removal.h \
	src/address/rtnl.c src/address/rtnl.h

pkglibexec_PROGRAMS += distro-address
distro_address_SOURCES = src/address/main.c
distro_address_CFLAGS = $(AM_CFLAGS)
distro_address_LDADD = libaddress.a libbase.a $(SYSTEMD_LIBS)
