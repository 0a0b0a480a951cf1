# SPDX-License-Identifier: LGPL-2.1-or-later
dist_dbuspolicy_DATA = dbus/org.distro.Manager1.conf
dist_polkitpolicy_DATA = dbus/org.distro.Manager1.policy
dist_dbusinterfaces_DATA = \
	dbus/org.distro.Application1.xml \
	dbus/org.distro.Manager1.xml \
	dbus/org.distro.Node1.xml
