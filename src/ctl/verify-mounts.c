/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <mntent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "ctl/verify.h"

static int check_device(const char *name, const Part *part, ConfigMessages *messages)
{
        struct stat st;

        if (stat(part->name, &st) < 0)
                return errno != ENOENT && errno != ENOTDIR
                                       ? 0 /* then it is not known */
                                       : verify_add(messages, CONFIG_WARNING, name, name,
                                                         "%s: Mount=: there is no %s on this node, so the application "
                                                         "cannot run here",
                                                         name, part->name);
        if (S_ISBLK(st.st_mode))
                return 0;
        return verify_add(messages, CONFIG_WARNING, name, name,
                        "%s: Mount=: %s is no block device on this node, so the application cannot run here. A directory "
                        "needs the option bind, and a file loop",
                        name, part->name);
}

/* As mount(8) has it, where the type is left out. */
static const char *type_of(const Part *part)
{
        const char *what = part->arguments[0], *type = part->arguments[2];

        if (type[0] && !streq(type, "auto"))
                return type;
        return startswith(what, "//") ? "cifs" : what[0] != '/' && strchr(what, ':') ? "nfs" : "";
}

/* File systems of the network are mounted by programs of their own. */
static int check_program(const char *name, const Part *part, ConfigMessages *messages)
{
        static const struct {
                const char *type, *package;
        } programs[] = {
                { "nfs", "nfs-common" },
                { "nfs4", "nfs-common" },
                { "cifs", "cifs-utils" },
                { "smb3", "cifs-utils" },
                { "ceph", "ceph-common" },
                { "glusterfs", "glusterfs-client" },
        };
        const char *type = type_of(part);

        FOREACH_ARRAY(p, programs, ELEMENTSOF(programs)) {
                _cleanup_free_ char *one = text_format("/sbin/mount.%s", p->type),
                                    *two = text_format("/usr/sbin/mount.%s", p->type);

                if (!one || !two)
                        return -ENOMEM;
                if (!streq(type, p->type) || access(one, X_OK) == 0 || access(two, X_OK) == 0)
                        continue;
                return verify_add(messages, CONFIG_WARNING, name, name,
                                "%s: Mount=: this node has no program mount.%s, so the application cannot run here; "
                                "package %s",
                                name, type, p->package);
        }
        return 0;
}

/* Its unit would be systemd's own. */
static int check_fstab(const char *name, const Part *part, ConfigMessages *messages)
{
        const char *path = getenv("LIBMOUNT_FSTAB"); /* as mount(8) */
        FILE *f = setmntent(path ? path : "/etc/fstab", "re");
        const struct mntent *entry;
        bool found = false;

        while (f && !found && (entry = getmntent(f)))
                found = streq(entry->mnt_dir, part->name);
        if (f)
                (void) endmntent(f); /* nothing was written */
        return !found ? 0
                      : verify_add(messages, CONFIG_WARNING, name, name,
                                        "%s: Mount=: %s is in /etc/fstab of this node, so the application cannot run "
                                        "here: take it out there",
                                        name, part->name);
}

static int check_where(const char *name, const Part *part, ConfigMessages *messages)
{
        struct stat st;

        if (stat(part->name, &st) < 0)
                return errno != ENOENT ? 0
                                       : verify_add(messages, CONFIG_WARNING, name, name,
                                                         "%s: Mount=: there is no directory %s on this node; it is "
                                                         "made when it is mounted",
                                                         name, part->name);
        return S_ISDIR(st.st_mode)
                               ? 0
                               : verify_add(messages, CONFIG_WARNING, name, name,
                                                 "%s: Mount=: %s is no directory on this node, so the application "
                                                 "cannot run here",
                                                 name, part->name);
}

int verify_mount(const AppConfig *app, const Part *part, ConfigMessages *messages)
{
        const char *name = app->definition.name;
        int r;

        if (part->kind == PART_DEVICE)
                return check_device(name, part, messages);
        r = check_where(name, part, messages);
        if (r >= 0)
                r = check_program(name, part, messages);
        return r < 0 ? r : check_fstab(name, part, messages);
}
