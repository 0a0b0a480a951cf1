# SPDX-License-Identifier: LGPL-2.1-or-later
pkglibexec_PROGRAMS += distro-worker
distro_worker_SOURCES = examples/distro-worker.c
distro_worker_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
distro_worker_LDADD = $(SYSTEMD_LIBS)

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	examples/abc.conf \
	examples/bcd.conf \
	examples/def.conf \
	examples/distro.app \
	examples/manager.conf \
	examples/web.app
