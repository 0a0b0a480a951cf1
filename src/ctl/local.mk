# SPDX-License-Identifier: LGPL-2.1-or-later
# All but main() is a library, so that the tests link what the program links.
noinst_LIBRARIES += libctl.a
libctl_a_CPPFLAGS = $(AM_CPPFLAGS) -DDISTRO_VERSION=\"$(PACKAGE_VERSION)\"
libctl_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
libctl_a_SOURCES = \
	src/ctl/bus-client.c \
	src/ctl/bus-client.h \
	src/ctl/clear-part.c \
	src/ctl/clear-part.h \
	src/ctl/corosync-conf.c \
	src/ctl/corosync-conf.h \
	src/ctl/ctl.h \
	src/ctl/evidence.c \
	src/ctl/evidence.h \
	src/ctl/format.c \
	src/ctl/format.h \
	src/ctl/goal.c \
	src/ctl/goal.h \
	src/ctl/jobs.c \
	src/ctl/jobs.h \
	src/ctl/journal-lines.c \
	src/ctl/journal-lines.h \
	src/ctl/json.c \
	src/ctl/json.h \
	src/ctl/model-read.c \
	src/ctl/model.c \
	src/ctl/model.h \
	src/ctl/options.c \
	src/ctl/output.c \
	src/ctl/pager.c \
	src/ctl/pager.h \
	src/ctl/polkit-agent.c \
	src/ctl/polkit-agent.h \
	src/ctl/read-file.c \
	src/ctl/read-file.h \
	src/ctl/render-json.c \
	src/ctl/render.c \
	src/ctl/render.h \
	src/ctl/simulate-cluster.c \
	src/ctl/simulate-cluster.h \
	src/ctl/simulate-files.c \
	src/ctl/simulate-files.h \
	src/ctl/simulate-result.c \
	src/ctl/simulate-result.h \
	src/ctl/simulate.c \
	src/ctl/simulate.h \
	src/ctl/table.c \
	src/ctl/table.h \
	src/ctl/unit-reload.c \
	src/ctl/unit-reload.h \
	src/ctl/verbs-change.c \
	src/ctl/verbs-drain.c \
	src/ctl/verbs-files.c \
	src/ctl/verify-mounts.c src/ctl/verify-parts.c src/ctl/verify-units.c \
	src/ctl/verify.c \
	src/ctl/verify.h \
	src/ctl/verbs-list.c \
	src/ctl/verbs-logs.c \
	src/ctl/verbs-reload.c \
	src/ctl/verbs-reload-service.c \
	src/ctl/verbs-show.c \
	src/ctl/verbs-simulate.c \
	src/ctl/verbs-status.c \
	src/ctl/verbs-timing.c \
	src/ctl/verbs-watch.c \
	src/ctl/verbs.c

bin_PROGRAMS += distroctl
distroctl_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
distroctl_SOURCES = src/ctl/main.c
distroctl_LDADD = libctl.a libworld.a libconfig.a libwire.a libengine.a libbase.a $(SYSTEMD_LIBS)

# bash-completion finds NAME.bash too.
dist_bashcompletion_DATA = src/ctl/distroctl.bash
dist_zshcompletion_DATA = src/ctl/_distroctl
