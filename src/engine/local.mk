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
	src/engine/agreed/doors.c \
	src/engine/agreed/doors.h \
	src/engine/agreed/explain.c \
	src/engine/agreed/explain.h \
	src/engine/agreed/node.c \
	src/engine/agreed/node.h \
	src/engine/agreed/place.c \
	src/engine/agreed/place.h \
	src/engine/agreed/presence.c \
	src/engine/agreed/presence.h \
	src/engine/agreed/retry.c \
	src/engine/agreed/retry.h \
	src/engine/agreed/verdict.c \
	src/engine/agreed/verdict.h \
	src/engine/effect.c \
	src/engine/effect.h \
	src/engine/encode.c \
	src/engine/encode.h \
	src/engine/event.h \
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
# The two wings above it, each linked by a test without what stands above: tests/unit/test-member, test-local.
member_sources = \
	src/engine/member/deliver.c \
	src/engine/member/deliver.h \
	src/engine/member/form.c \
	src/engine/member/form.h \
	src/engine/member/hold.c \
	src/engine/member/hold.h \
	src/engine/member/listed.c \
	src/engine/member/listed.h \
	src/engine/member/member.c \
	src/engine/member/member.h \
	src/engine/member/peer.c \
	src/engine/member/peer.h \
	src/engine/member/sync.c \
	src/engine/member/sync.h \
	src/engine/member/view.c \
	src/engine/member/view.h
local_sources = \
	src/engine/local/cutoff-struct.h \
	src/engine/local/cutoff.c \
	src/engine/local/cutoff.h \
	src/engine/local/disk.c \
	src/engine/local/disk.h \
	src/engine/local/expiry.c \
	src/engine/local/expiry.h \
	src/engine/local/guarded.c \
	src/engine/local/guarded.h \
	src/engine/local/leave.c \
	src/engine/local/leave.h \
	src/engine/local/local.h \
	src/engine/local/own-files.c \
	src/engine/local/own-files.h \
	src/engine/local/request.c \
	src/engine/local/request.h \
	src/engine/local/restarts.c \
	src/engine/local/restarts.h \
	src/engine/local/runs.c \
	src/engine/local/runs.h \
	src/engine/local/startup.c \
	src/engine/local/startup.h \
	src/engine/local/worker.c \
	src/engine/local/worker.h
libengine_a_SOURCES = $(agreed_sources) $(member_sources) $(local_sources) \
	src/engine/engine-struct.h \
	src/engine/engine-struct.h \
	src/engine/engine.c \
	src/engine/engine.h \
	src/engine/status.c
