# SPDX-License-Identifier: LGPL-2.1-or-later
# A program that links libgroup.a links $(GROUP_LIBS) too.
noinst_LIBRARIES += libgroup.a
libgroup_a_CFLAGS = $(AM_CFLAGS) $(COROSYNC_CFLAGS) $(SYSTEMD_CFLAGS) -pthread
libgroup_a_SOURCES = \
	src/group/cluster-reader.c \
	src/group/cluster-reader.h \
	src/group/cluster.c \
	src/group/cluster.h \
	src/group/cmap.c \
	src/group/connection.c \
	src/group/connection.h \
	src/group/corosync.c \
	src/group/corosync.h \
	src/group/group.c \
	src/group/group.h \
	src/group/queue.c \
	src/group/queue.h \
	src/group/task.c \
	src/group/task.h \
	src/group/tracker.c \
	src/group/tracker.h \
	src/group/votes.c \
	src/group/votes.h
GROUP_LIBS = $(COROSYNC_LIBS) $(SYSTEMD_LIBS) -lpthread
