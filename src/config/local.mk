# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += libconfig.a
libconfig_a_SOURCES = \
	src/config/app-parse.c \
	src/config/app-parse.h \
	src/config/application-keys.c \
	src/config/application-keys.h \
	src/config/application.c \
	src/config/application.h \
	src/config/config-files.c \
	src/config/config-files.h \
	src/config/config.h \
	src/config/load.c \
	src/config/manager-config.c \
	src/config/manager-config.h \
	src/config/parse-state.c \
	src/config/parse-state.h \
	src/config/mount-part.c \
	src/config/part-keys.c \
	src/config/part-keys.h \
	src/config/part-line.c \
	src/config/part-line.h \
	src/config/part.c \
	src/config/part.h \
	src/config/pitfalls.c \
	src/config/pitfalls.h \
	src/config/sealed.c \
	src/config/sealed.h \
	src/config/shared-parts.c \
	src/config/short-delay.c \
	src/config/specifier.c \
	src/config/specifier.h \
	src/config/syntax.c \
	src/config/syntax.h \
	src/config/systemd-keys.c \
	src/config/systemd-keys.h \
	src/config/unit-environment.c \
	src/config/unit-environment.h \
	src/config/unit-exec.c \
	src/config/unit-exec.h \
	src/config/unit-keys.c \
	src/config/unit-keys.h \
	src/config/unit-list.c \
	src/config/unit-list.h \
	src/config/unit-names.c src/config/unit-names.h \
	src/config/unit-parse.c \
	src/config/unit-parse.h \
	src/config/unit-property.c \
	src/config/unit-property.h \
	src/config/unit-resources.c \
	src/config/unit-resources.h \
	src/config/unit-sandbox.c \
	src/config/unit-sandbox.h \
	src/config/unit-values.c \
	src/config/unit-values.h \
	src/config/words.c \
	src/config/words.h
