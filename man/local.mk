# SPDX-License-Identifier: LGPL-2.1-or-later
dist_man_MANS += man/distro-manager.8
dist_man_MANS += man/distro-fuse.8
dist_man_MANS += man/org.distro.Manager1.5
dist_man_MANS += man/distro-manager.app.5
dist_man_MANS += man/distro-manager.conf.5
dist_man_MANS += man/distroctl.1
dist_man_MANS += man/distro-manager.7
