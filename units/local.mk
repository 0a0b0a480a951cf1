# SPDX-License-Identifier: LGPL-2.1-or-later
nodist_systemdsystemunit_DATA += units/distro-manager.service units/distro-guard.service units/distro-fuse.service
dist_systemdsystemunit_DATA += units/distro.slice
dist_catalog_DATA = units/distro-manager.catalog
EXTRA_DIST += units/distro-manager.service.in units/distro-guard.service.in units/distro-fuse.service.in
CLEANFILES += units/distro-manager.service units/distro-guard.service units/distro-fuse.service

units/distro-manager.service: units/distro-manager.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) units && \
	$(SED) -e 's|@sbindir[@]|$(sbindir)|g' $(srcdir)/units/distro-manager.service.in > $@.tmp && mv $@.tmp $@

units/distro-guard.service: units/distro-guard.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) units && \
	$(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e '$(SURVIVE_UNIT_SED)' $(srcdir)/units/distro-guard.service.in > $@.tmp && mv $@.tmp $@

units/distro-fuse.service: units/distro-fuse.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) units && \
	$(SED) -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' -e '$(SURVIVE_UNIT_SED)' $(srcdir)/units/distro-fuse.service.in > $@.tmp && mv $@.tmp $@

# journalctl -x knows the manager's messages once systemd has read the catalog; a package's trigger does that itself.
install-data-hook:
	if test -z '$(DESTDIR)' && command -v journalctl >/dev/null 2>&1; then journalctl --update-catalog || true; fi
