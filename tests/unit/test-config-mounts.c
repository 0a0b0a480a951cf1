/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mount= of [Parts]: the parts that it makes, and the exact words for what is none. */

#include "config-harness.h"
#include "base/array.h"
#include "config/unit-names.h"

/* The lines of [Parts] begin in the sixth. */
#define PARTS "[Application]\nNodes=abc\n[Service]\nExecStart=/bin/true\n[Parts]\n"

/* "KIND ID NAME (WORD) (WORD) 90 90", one a line. */
static void assert_parts(const Parts *parts, const char *expected, const char *text)
{
        char all[4096] = "";
        size_t n = 0;

        FOREACH_ARRAY(p, parts->items, parts->n_items) {
                n += (size_t) snprintf(all + n, sizeof(all) - n, "%s %s %s", part_kind_to_string(p->kind),
                                p->id, p->name);
                for (char *const *word = p->arguments; *word; word++)
                        n += (size_t) snprintf(all + n, sizeof(all) - n, " (%s)", *word);
                n += (size_t) snprintf(all + n, sizeof(all) - n, " %llu %llu\n",
                                (unsigned long long) (p->start_timeout_usec / USEC_PER_SEC),
                                (unsigned long long) (p->stop_timeout_usec / USEC_PER_SEC));
                assert_true(n < sizeof(all));
        }
        if (strcmp(all, expected) != 0)
                fail_msg("of\n%s\nthe parts are\n%s\nnot\n%s", text, all, expected);
}

static void test_good(void **state)
{
        static const struct {
                const char *text, *expected;
        } good[] = {
                { "Mount=/dev/sdb1 /srv/nfs\n",
                                "device device-1 /dev/sdb1 (/dev/sdb1) 90 90\n"
                                "mount srv-nfs.mount /srv/nfs (/dev/sdb1) (/srv/nfs) () () 90 90\n" },
                { "Address=192.0.2.20/24\nMount=/dev//disk/by-id/x /srv//a-b/ xfs noatime,ro TimeoutStopSec=20s\n",
                                "address ip-192.0.2.20 192.0.2.20/24 (192.0.2.20/24) 10 10\n"
                                "device device-2 /dev/disk/by-id/x (/dev/disk/by-id/x) 90 20\n"
                                "mount srv-a\\x2db.mount /srv/a-b (/dev/disk/by-id/x) (/srv/a-b) (xfs) (noatime,ro) 90 20\n" },
                /* what is no block device has no helper beside it */
                { "Mount=nfs.example.org:/web /srv/www nfs4 ro,soft TimeoutStartSec=5\n",
                                "mount srv-www.mount /srv/www (nfs.example.org:/web) (/srv/www) (nfs4) (ro,soft) 5 90\n" },
                { "Mount=tmpfs /srv/t tmpfs size=1M\n",
                                "mount srv-t.mount /srv/t (tmpfs) (/srv/t) (tmpfs) (size=1M) 90 90\n" },
                { "Mount=/data /srv/t none bind\nMount=/data/image /srv/u ext4 noatime,loop\n",
                                "mount srv-t.mount /srv/t (/data) (/srv/t) (none) (bind) 90 90\n"
                                "mount srv-u.mount /srv/u (/data/image) (/srv/u) (ext4) (noatime,loop) 90 90\n" },
                { "Mount=/dev/sdb1 /srv/a\nMount=\nMount=/dev/sdb1 \"/srv/%l x\"\n",
                                "device device-1 /dev/sdb1 (/dev/sdb1) 90 90\n"
                                "mount srv-eth0\\x20x.mount /srv/eth0 x (/dev/sdb1) (/srv/eth0 x) () () 90 90\n" },
                { "Mount=/dev/sdb1 /srv\nMount=/dev/sdb2 /srv/a\nMount=/dev/sdb3 /srvs\n",
                                "device device-1 /dev/sdb1 (/dev/sdb1) 90 90\n"
                                "mount srv.mount /srv (/dev/sdb1) (/srv) () () 90 90\n"
                                "device device-2 /dev/sdb2 (/dev/sdb2) 90 90\n"
                                "mount srv-a.mount /srv/a (/dev/sdb2) (/srv/a) () () 90 90\n"
                                "device device-3 /dev/sdb3 (/dev/sdb3) 90 90\n"
                                "mount srvs.mount /srvs (/dev/sdb3) (/srvs) () () 90 90\n" },
        };

        (void) state;
        FOREACH_ARRAY(g, good, ELEMENTSOF(good)) {
                char text[1024];
                AppConfig app;

                snprintf(text, sizeof(text), PARTS "%s", g->text);
                app = parse_good(&three_nodes, text);
                assert_parts(&app.parts, g->expected, text);
                app_config_done(&app);
        }
}

#define NO_POINT \
        " cannot be a mount point, as the host itself needs what is there, expected a directory of the application's own"

static void test_bad(void **state)
{
        static const struct {
                const char *text, *expected;
        } bad[] = {
                { "Mount=/dev/sdb1",
                                "the mount point is missing, expected WHAT WHERE, as in /dev/disk/by-id/x /srv/data" },
                { "Mount=TimeoutStopSec=5s",
                                "what is mounted is missing, expected WHAT WHERE, as in /dev/disk/by-id/x /srv/data" },
                { "Mount=/dev/sdb1 srv", "\"srv\" is not absolute, expected a path as /srv/data" },
                { "Mount=/dev/sdb1 /", "/" NO_POINT },
                { "Mount=/dev/sdb1 /proc/x", "/proc/x" NO_POINT },
                { "Mount=/dev/sdb1 /var", "/var" NO_POINT },
                { "Mount=/dev/sdb1 /run/distro-manager", "/run/distro-manager" NO_POINT },
                { "Mount=UUID=12-ab /srv/a", "UUID=12-ab is no path, expected /dev/disk/by-uuid/12-ab" },
                { "Mount=LABEL=data /srv/a", "LABEL=data is no path, expected /dev/disk/by-label/data" },
                { "Mount=/dev/sdb1 /srv/a ext4 noatime x",
                                "\"x\" is not known, expected WHAT WHERE TYPE OPTIONS, TimeoutStartSec= or TimeoutStopSec=" },
                { "Mount=/dev/sdb1 /srv/a LazyUnmount=yes",
                                "LazyUnmount=yes leaves processes that write behind on the file system, expected none of it" },
                { "Mount=a:/b /srv/a nfs ro,bg",
                                "the option bg mounts behind the application's back, expected none of it" },
                { "Mount=/dev/sdb1 /srv/a ext4 nofail,ro",
                                "the option nofail calls it a success where nothing is mounted, expected none of it" },
                { "Mount=/dev/sdb1 /srv/a ext4 ro,noauto",
                                "the option noauto belongs in /etc/fstab, expected none of it" },
                { "Mount=/dev/sdb1 /srv/a ext4 ro,x-systemd.device-timeout=1",
                                "the options x-systemd.* belong in /etc/fstab, expected none of them" },
                { "Mount=/dev/sd$b /srv/a",
                                "\"/dev/sd$b\" has a $, expected none: nothing is filled in there" },
                { "Mount=/dev/sdb1 \"/srv/a\\tb\"", "a control character in \"/srv/a\tb\", expected none" },
                { "Mount=/dev/sdb1 \"/srv/a \"",
                                "\"/srv/a \" is empty, or has a blank or a backslash at its end, expected neither" },
                { "Mount=/dev/sdb1 \"\"",
                                "\"\" is empty, or has a blank or a backslash at its end, expected neither" },
                { "Mount=/dev/sdb1 /srv/a TimeoutStopSec=0",
                                "TimeoutStopSec=0 is not valid, expected a time span from 1s to 1h" },
                { "Mount=/dev/sdb1 /srv/a/../b",
                                "\"/srv/a/../b\" is not valid, expected an absolute path without \"..\"" },
        };

        (void) state;
        FOREACH_ARRAY(b, bad, ELEMENTSOF(bad)) {
                char text[1024], expected[1024];

                snprintf(text, sizeof(text), PARTS "%s\n", b->text);
                snprintf(expected, sizeof(expected), "x.app:6: Mount=: %s", b->expected);
                check_bad(&three_nodes, text, expected);
        }
}

/* Where the host may not end what a kill does not, nothing of the kind is here. */
static void test_self_fence(void **state)
{
        ConfigContext never = three_nodes;

        (void) state;
        never.self_fence = SELF_FENCE_NO;
        check_bad(&never, PARTS "Address=192.0.2.20/24\nMount=/dev/sdb1 /srv/nfs\n",
                        "x.app:7: Mount=: /dev/sdb1 outlives a kill of its processes, and SelfFence=no in manager.conf keeps "
                        "this host from ending it in time, expected SelfFence=auto there or no such part");
}

/* What two lines cannot both have, and what one hides of another. */
static void test_two_lines(void **state)
{
        static const struct {
                const char *first, *second, *expected;
        } bad[] = {
                { "/dev/sdb1 /srv/a", "/dev/sdb1 /srv/b",
                                "/dev/sdb1 is a part already (x.app:6), expected it once" },
                { "/dev/sdb1 /srv/a", "/dev/sdb2 /srv/a/",
                                "/srv/a is a part already (x.app:6), expected it once" },
                { "/dev/sdb1 /srv/a/b", "/dev/sdb2 /srv/a",
                                "/srv/a/b (x.app:6) comes before /srv/a, which hides it, expected it behind that" },
        };
        char text[600], expected[1024];

        (void) state;
        FOREACH_ARRAY(b, bad, ELEMENTSOF(bad)) {
                snprintf(text, sizeof(text), PARTS "Mount=%s\nMount=%s\n", b->first, b->second);
                snprintf(expected, sizeof(expected), "x.app:7: Mount=: %s", b->expected);
                check_bad(&three_nodes, text, expected);
        }
        snprintf(text, sizeof(text), "/%0130d/%0130d", 0, 0);
        snprintf(expected, sizeof(expected),
                        "x.app:6: Mount=: %s is too long: systemd has no unit for it, expected a shorter mount point",
                        text);
        snprintf(text, sizeof(text), PARTS "Mount=/dev/sdb1 /%0130d/%0130d\n", 0, 0);
        check_bad(&three_nodes, text, expected);
}

/* As systemd-escape(1) has it. */
static void test_unit_names(void **state)
{
        static const struct {
                const char *where, *unit;
        } names[] = {
                { "/srv", "srv.mount" },
                { "/srv/.x/.y", "srv-.x-.y.mount" },
                { "/.x", "\\x2ex.mount" },
                { "/a-b/c\\d@e:f_g", "a\\x2db-c\\x5cd\\x40e:f_g.mount" },
                { "/\303\244", "\\xc3\\xa4.mount" },
        };
        char unit[PART_UNIT_NAME_MAX], same[PART_UNIT_NAME_MAX];

        (void) state;
        FOREACH_ARRAY(n, names, ELEMENTSOF(names)) {
                assert_true(mount_unit_name(n->where, unit));
                assert_string_equal(unit, n->unit);
                assert_true(part_unit("web", &(Part){ .kind = PART_MOUNT, .id = unit }, same));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_self_fence),
                cmocka_unit_test(test_two_lines),
                cmocka_unit_test(test_unit_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
