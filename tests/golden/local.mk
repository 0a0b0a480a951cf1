# SPDX-License-Identifier: LGPL-2.1-or-later
# Scripts over a simulated cluster and the traces that they must print. `make update-golden` writes the traces anew.
check_PROGRAMS += tests/golden/golden
tests_golden_golden_SOURCES = tests/golden/golden.c
tests_golden_golden_LDADD = libworld.a libwire.a libengine.a libbase.a
golden_cases = \
	tests/golden/all-silent.script \
	tests/golden/all-cut.script \
	tests/golden/auto.script \
	tests/golden/auto-delay-grows.script \
	tests/golden/auto-differs.script \
	tests/golden/auto-grows.script \
	tests/golden/auto-lost-counts.script \
	tests/golden/behind-forming.script \
	tests/golden/bus-lost.script \
	tests/golden/cold-start.script \
	tests/golden/corosync.script \
	tests/golden/cut.script \
	tests/golden/cut-freeze.script \
	tests/golden/definitions.script \
	tests/golden/definitions-majority.script \
	tests/golden/definitions-move-nothing.script \
	tests/golden/definitions-owner.script \
	tests/golden/definitions-then-forbid.script \
	tests/golden/delay-infinity.script \
	tests/golden/delay-next-dies.script \
	tests/golden/delay-now.script \
	tests/golden/delay-return.script \
	tests/golden/delay-return-other.script \
	tests/golden/delay-standby-restarts.script \
	tests/golden/delay-stop-start.script \
	tests/golden/delay-target-dies.script \
	tests/golden/device.script \
	tests/golden/device-forming.script \
	tests/golden/disk.script \
	tests/golden/disks-full.script \
	tests/golden/enabled-standby.script \
	tests/golden/enabled.script \
	tests/golden/epoch-again.script \
	tests/golden/evicted.script \
	tests/golden/finished.script \
	tests/golden/forgotten-forbid.script \
	tests/golden/forgotten-stop.script \
	tests/golden/failure-stop.script \
	tests/golden/forget.script \
	tests/golden/form.script \
	tests/golden/form-command.script \
	tests/golden/forming-unreported.script \
	tests/golden/freeze-manager-restart.script \
	tests/golden/frozen.script \
	tests/golden/grace-and-delay.script \
	tests/golden/grace-first-end.script \
	tests/golden/group.script \
	tests/golden/guard-again.script \
	tests/golden/hand-over.script \
	tests/golden/hand-over-by-hand.script \
	tests/golden/hand-over-infinity.script \
	tests/golden/hand-over-stopped.script \
	tests/golden/hold-commands.script \
	tests/golden/hold-ends.script \
	tests/golden/leave.script \
	tests/golden/leave-alone.script \
	tests/golden/leave-no-quorum.script \
	tests/golden/leave-start-first.script \
	tests/golden/leave-stuck.script \
	tests/golden/leave-undecided.script \
	tests/golden/left-behind.script \
	tests/golden/local-restarts.script \
	tests/golden/local-restarts-not.script \
	tests/golden/loss-waits.script \
	tests/golden/main.script \
	tests/golden/maintenance-guards-unheard.script \
	tests/golden/maintenance-off-unheard.script \
	tests/golden/last-word-delay.script \
	tests/golden/last-word-leave.script \
	tests/golden/last-word-guard.script \
	tests/golden/last-word-maintenance.script \
	tests/golden/maintenance.script \
	tests/golden/maintenance-all.script \
	tests/golden/maintenance-lost.script \
	tests/golden/maintenance-manager-gone.script \
	tests/golden/maintenance-no-quorum.script \
	tests/golden/manager-gone.script \
	tests/golden/node-without-fuse.script \
	tests/golden/node-without-guard.script \
	tests/golden/nodelist.script \
	tests/golden/manager-hangs.script \
	tests/golden/mandatory.script \
	tests/golden/mark-boot.script \
	tests/golden/manual-returns.script \
	tests/golden/marks.script \
	tests/golden/move-returns.script \
	tests/golden/orphan.script \
	tests/golden/orphan-stays.script \
	tests/golden/owed-failover.script \
	tests/golden/owed-leave.script \
	tests/golden/owed-lost.script \
	tests/golden/owed-manager-stop.script \
	tests/golden/owed-stop.script \
	tests/golden/owed-takeover.script \
	tests/golden/parts.script \
	tests/golden/parts-guard.script \
	tests/golden/parts-guard-late.script \
	tests/golden/parts-maintenance.script \
	tests/golden/parts-note.script \
	tests/golden/parts-manager-killed.script \
	tests/golden/self-hung.script \
	tests/golden/self-leave.script \
	tests/golden/self-maintenance.script \
	tests/golden/self-reboot.script \
	tests/golden/self-flap.script \
	tests/golden/self-reboot-race.script \
	tests/golden/permission.script \
	tests/golden/permit-others.script \
	tests/golden/priority.script \
	tests/golden/restart-with-obstacle.script \
	tests/golden/restart-loop.script \
	tests/golden/restart-held.script \
	tests/golden/restart-waits.script \
	tests/golden/restart.script \
	tests/golden/silent.script \
	tests/golden/silent-then-lost.script \
	tests/golden/slow-start.script \
	tests/golden/standby.script \
	tests/golden/standby-with-obstacle.script \
	tests/golden/start-fails.script \
	tests/golden/start-first-failure-stop.script \
	tests/golden/start-first-finished.script \
	tests/golden/start-first.script \
	tests/golden/start-first-new-lost.script \
	tests/golden/start-first-old-lost.script \
	tests/golden/stop-local.script \
	tests/golden/stopped-outside.script \
	tests/golden/stopped-outside-clock.script \
	tests/golden/storage-granted.script \
	tests/golden/storage-stuck.script \
	tests/golden/storage-takeover.script \
	tests/golden/storage.script \
	tests/golden/stuck.script \
	tests/golden/suspend.script \
	tests/golden/sync-formed.script \
	tests/golden/sync-infinity.script \
	tests/golden/sync-timeout.script \
	tests/golden/systemd-late.script \
	tests/golden/takeover-delay-again.script \
	tests/golden/takeover-delay-tier.script \
	tests/golden/takeover-fails-held.script \
	tests/golden/takeover-fails.script \
	tests/golden/takeover-force-refused.script \
	tests/golden/takeover-held.script \
	tests/golden/takeover-manual.script \
	tests/golden/takeover-marked.script \
	tests/golden/takeover-refused.script \
	tests/golden/takeover-refused-nodes.script \
	tests/golden/takeover-under-way.script \
	tests/golden/takeover-with-obstacle.script \
	tests/golden/two-applications.script \
	tests/golden/two-node.script \
	tests/golden/verdict.script \
	tests/golden/versions-forming.script \
	tests/golden/versions-record.script \
	tests/golden/versions.script \
	tests/golden/weights-drain.script \
	tests/golden/weights.script \
	tests/golden/worker.script
TESTS += tests/golden/run
check_SCRIPTS += tests/golden/run
EXTRA_DIST += tests/golden/run $(golden_cases) $(golden_cases:.script=.trace)

.PHONY: update-golden
update-golden: tests/golden/golden
	cd $(srcdir) && $(abs_builddir)/tests/golden/golden --update $(golden_cases)

if HAVE_CMOCKA
check_PROGRAMS += tests/golden/test-script
tests_golden_test_script_SOURCES = tests/golden/test-script.c
tests_golden_test_script_CFLAGS = $(TEST_CFLAGS)
tests_golden_test_script_LDADD = libworld.a libwire.a libengine.a libbase.a $(CMOCKA_LIBS)
TESTS += tests/golden/test-script
endif
