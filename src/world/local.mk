# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libworld.a
libworld_a_SOURCES = \
	src/world/act.h \
	src/world/begin.c \
	src/world/bytes.c \
	src/world/effects.c \
	src/world/faults.c \
	src/world/group.c \
	src/world/internal.h \
	src/world/links.c \
	src/world/manager.c \
	src/world/nodelist.c \
	src/world/script.c \
	src/world/script.h \
	src/world/script-definition.c \
	src/world/script-parse.c \
	src/world/script-verbs.c \
	src/world/systemd.c \
	src/world/totem.c \
	src/world/trace.c \
	src/world/units.c \
	src/world/world.c \
	src/world/world.h
