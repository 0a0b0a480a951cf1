# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libengine.a

# The ground, and the wing of what is agreed: tests/unit/test-agreed links these alone.
agreed_sources = \
	src/engine/agreed/agreed.c \
	src/engine/agreed/agreed.h \
	src/engine/agreed/app.c \
	src/engine/agreed/app.h \
	src/engine/agreed/apply.c \
	src/engine/agreed/apply.h \
	src/engine/agreed/check.c \
	src/engine/agreed/check.h \
	src/engine/agreed/command.c \
	src/engine/agreed/command.h \
	src/engine/agreed/commit.c \
	src/engine/agreed/commit.h \
	src/engine/agreed/copy.c \
	src/engine/agreed/copy.h \
	src/engine/agreed/decide.c \
	src/engine/agreed/decide.h \
	src/engine/agreed/definition.c \
	src/engine/agreed/definition.h \
	src/engine/agreed/explain.c \
	src/engine/agreed/explain.h \
	src/engine/agreed/node.c \
	src/engine/agreed/node.h \
	src/engine/agreed/place.c \
	src/engine/agreed/place.h \
	src/engine/effect.c \
	src/engine/effect.h \
	src/engine/encode.c \
	src/engine/encode.h \
	src/engine/message.c \
	src/engine/message.h \
	src/engine/names.c \
	src/engine/names.h \
	src/engine/outlet.c \
	src/engine/outlet.h \
	src/engine/state.c \
	src/engine/state.h \
	src/engine/types.c \
	src/engine/types.h
libengine_a_SOURCES = $(agreed_sources) \
	src/engine/command.c \
	src/engine/definitions.c \
	src/engine/engine.c \
	src/engine/engine.h \
	src/engine/internal.h \
	src/engine/local.c \
	src/engine/nodelist.c \
	src/engine/restarts.c \
	src/engine/status.c \
	src/engine/sync.c \
	src/engine/timers.c \
	src/engine/view.c
