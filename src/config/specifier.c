/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "config/specifier.h"
#include "config/unit-names.h"

/* Those that are the same on every node. %i and %I are empty: a worker's unit has no instance. */
static const struct {
        char letter;
        const char *value;
} fixed[] = {
        { '%', "%" },
        { 'i', "" },
        { 'I', "" },
        { 'S', "/var/lib" },
        { 'C', "/var/cache" },
        { 'L', "/var/log" },
        { 't', "/run" },
        { 'E', "/etc" },
        { 'T', "/tmp" },
        { 'V', "/var/tmp" },
        { 'u', "root" },
        { 'U', "0" },
        { 'g', "root" },
        { 'G', "0" },
        { 'h', "/root" },
};

/* The first line of a small file, as a new string; NULL: it can't be read. */
static char *read_line(const char *root, const char *path)
{
        _cleanup_free_ char *full = text_format("%s%s", strempty(root), path);
        _cleanup_fclose_ FILE *f = full ? fopen(full, "re") : NULL;
        char line[128];
        if (!f || !fgets(line, sizeof(line), f))
                return NULL;
        const char *s = text_strip(line);
        return *s ? strdup(s) : NULL;
}

/* Boot and machine ids are written without hyphens. */
static void add_id(Text *t, const char *id)
{
        for (; *id; id++)
                if (*id != '-')
                        text_add_n(t, id, 1);
}

/* A specifier that differs by node. Returns -ENOENT if this host can't tell, -EINVAL if there is none. */
static int expand_local(const Specifiers *s, char letter, Text *t)
{
        if (!strchr("Hlmbv", letter))
                return -EINVAL;
        if (s->neutral) {
                text_printf(t, "specifier-%c", letter);
                return 0;
        }
        struct utsname names;
        if (letter == 'v') {
                if (uname(&names) < 0)
                        return -ENOENT;
                text_add(t, names.release);
                return 0;
        }
        if (letter == 'H' || letter == 'l') {
                const char *host = s->context->host_name;
                if (!host && uname(&names) >= 0)
                        host = names.nodename;
                if (isempty(host))
                        return -ENOENT;
                text_add_n(t, host, letter == 'l' ? strcspn(host, ".") : strlen(host));
                return 0;
        }
        const char *given = letter == 'm' ? s->context->machine_id : s->context->boot_id;
        _cleanup_free_ char *id = given           ? strdup(given)
                                  : letter == 'm' ? read_line(s->context->root, "/etc/machine-id")
                                                  : read_line(NULL, "/proc/sys/kernel/random/boot_id");
        if (!id)
                return -ENOENT;
        add_id(t, id);
        return 0;
}

/* The unit's name and its parts; %j is what follows the last hyphen. */
static bool expand_name(const Specifiers *s, char letter, Text *t)
{
        const char *hyphen = strrchr(s->application, '-');

        switch (letter) {
        case 'n':
                text_printf(t, WORKER_UNIT_PREFIX "%s.service", s->application);
                return true;
        case 'N':
        case 'p':
                text_printf(t, WORKER_UNIT_PREFIX "%s", s->application);
                return true;
        case 'j':
                text_add(t, hyphen ? hyphen + 1 : s->application);
                return true;
        case 'd':
                text_printf(t, "/run/credentials/" WORKER_UNIT_PREFIX "%s.service", s->application);
                return true;
        default:
                return false;
        }
}

static int expand_one(ParseState *p, const Specifiers *s, char letter, Text *t)
{
        for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
                if (fixed[i].letter == letter) {
                        text_add(t, fixed[i].value);
                        return 0;
                }
        if (expand_name(s, letter, t))
                return 0;
        int r = expand_local(s, letter, t);
        if (r == -ENOENT)
                return parse_error(p, "%%%c can't be told on this host", letter);
        if (r < 0)
                return parse_error(p,
                                "unknown specifier %%%c, expected a known one, or %%%% for a percent sign",
                                letter);
        return 0;
}

int specifier_expand(ParseState *p, const Specifiers *s, const char *text, char **ret)
{
        Text t = { 0 };
        while (*text) {
                size_t n = strcspn(text, "%");
                text_add_n(&t, text, n);
                text += n;
                if (!*text)
                        break;
                /* What no letter follows can't be meant as a specifier: "50%", "50%/10s". */
                if (text[1] != '%' && !isalpha((unsigned char) text[1])) {
                        text_add_n(&t, text++, 1);
                        continue;
                }
                int r = expand_one(p, s, text[1], &t);
                if (r < 0) {
                        text_done(&t);
                        return r;
                }
                text += 2;
        }
        char *expanded = text_take(&t);
        if (!expanded)
                return -ENOMEM;
        *ret = expanded;
        return 0;
}
