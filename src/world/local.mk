# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libworld.a
libworld_a_SOURCES = \
	src/world/act.h \
	src/world/begin.c \
	src/world/effect-model.c \
	src/world/faults.c \
	src/world/fuse-model.c \
	src/world/group-bytes.c \
	src/world/group-model.c \
	src/world/guard-model.c \
	src/world/links.c \
	src/world/node-process.c \
	src/world/nodelist-model.c \
	src/world/part-model.c \
	src/world/script-definition.c \
	src/world/script-parse.c \
	src/world/script-run.c \
	src/world/script-verbs.c \
	src/world/script.h \
	src/world/systemd-model.c \
	src/world/totem.c \
	src/world/trace.c \
	src/world/unit-model.c \
	src/world/world-run.c \
	src/world/world-struct.h \
	src/world/world.h
