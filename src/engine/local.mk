# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libengine.a
libengine_a_SOURCES = \
	src/engine/agreed/agreed.c \
	src/engine/agreed/agreed.h \
	src/engine/apply.c \
	src/engine/command.c \
	src/engine/decide.c \
	src/engine/definitions.c \
	src/engine/effect.c \
	src/engine/effect.h \
	src/engine/encode.c \
	src/engine/encode.h \
	src/engine/engine.c \
	src/engine/engine.h \
	src/engine/internal.h \
	src/engine/local.c \
	src/engine/message.c \
	src/engine/message.h \
	src/engine/names.c \
	src/engine/names.h \
	src/engine/node.c \
	src/engine/outlet.c \
	src/engine/outlet.h \
	src/engine/place.c \
	src/engine/restarts.c \
	src/engine/state.c \
	src/engine/state.h \
	src/engine/status.c \
	src/engine/sync.c \
	src/engine/nodelist.c \
	src/engine/timers.c \
	src/engine/types.c \
	src/engine/types.h \
	src/engine/view.c
