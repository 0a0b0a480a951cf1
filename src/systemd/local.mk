# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libunits.a
libunits_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
libunits_a_SOURCES = \
	src/systemd/cgroup.c src/systemd/cgroup.h \
	src/systemd/guard-end.c src/systemd/guard-end.h \
	src/systemd/guard-file.c src/systemd/guard-file.h \
	src/systemd/guard.c src/systemd/guard.h \
	src/systemd/killer.c src/systemd/killer.h \
	src/systemd/mount-words.c src/systemd/mount-words.h \
	src/systemd/own-job.c src/systemd/own-job.h \
	src/systemd/part-note.c src/systemd/part-note.h \
	src/systemd/part-order.c src/systemd/part-order.h \
	src/systemd/part-stages.c src/systemd/part-stages.h \
	src/systemd/part-start.c src/systemd/part-start.h \
	src/systemd/part-state.c src/systemd/part-state.h \
	src/systemd/private-bus.c src/systemd/private-bus.h \
	src/systemd/start-message.c src/systemd/start-message.h \
	src/systemd/unit-commands.c src/systemd/unit-commands.h \
	src/systemd/unit-facts.c src/systemd/unit-facts.h \
	src/systemd/unit-info.h \
	src/systemd/unit-jobs.c src/systemd/unit-jobs.h \
	src/systemd/unit-known.c src/systemd/unit-known.h \
	src/systemd/unit-machine.c src/systemd/unit-machine.h \
	src/systemd/unit-parts.c src/systemd/unit-parts.h \
	src/systemd/unit-read.c src/systemd/unit-read.h \
	src/systemd/unit-road.c src/systemd/unit-road.h \
	src/systemd/unit-run.c src/systemd/unit-run.h \
	src/systemd/unit-stages.c src/systemd/unit-stages.h \
	src/systemd/unit-start.c src/systemd/unit-start.h \
	src/systemd/unit-state.c src/systemd/unit-state.h \
	src/systemd/unit-step.c src/systemd/unit-step.h \
	src/systemd/unit-take.c src/systemd/unit-take.h \
	src/systemd/units.c src/systemd/units.h
