# SPDX-License-Identifier: LGPL-2.1-or-later
# Each module's unit tests, and each kind of test, keep their own list.
TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -Wno-missing-prototypes
# Unit tests: all with the same flags, so that what several of them have is compiled once.
tests/unit/%.$(OBJEXT): AM_CFLAGS += $(CMOCKA_CFLAGS) $(COROSYNC_CFLAGS) $(SYSTEMD_CFLAGS) -pthread -Wno-missing-prototypes
if HAVE_CMOCKA
include tests/unit/base.mk
include tests/unit/address.mk
include tests/unit/device.mk
include tests/unit/fuse.mk
include tests/unit/engine.mk
include tests/unit/wire.mk
include tests/unit/config.mk
include tests/unit/group.mk
include tests/unit/systemd.mk
include tests/unit/bus.mk
include tests/unit/daemon.mk
include tests/unit/ctl.mk
endif
include tests/unit/man.mk
include tests/unit/errors.mk
include tests/unit/documents.mk
include tests/unit/unit-file.mk
include tests/sim/local.mk
include tests/golden/local.mk
include tests/fuzz/address.mk
include tests/fuzz/fuse.mk
include tests/fuzz/note.mk
include tests/fuzz/wire.mk
include tests/fuzz/config.mk
include tests/fuzz/engine.mk
include tests/fuzz/daemon.mk
include tests/fuzz/simulate.mk
include tests/cluster/local.mk
include tests/package/local.mk
include tests/bench/local.mk
