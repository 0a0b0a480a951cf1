/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "fuse/fuse.h"

static void print_help(void)
{
        fputs("distro-fuse [DIRECTORY [STATE-DIRECTORY]]\n"
              "\n"
              "Reboots this host past a deadline that distro-manager or its guard has set. DIRECTORY holds its socket and\n"
              "its table of deadlines [/run/distro-manager]; in STATE-DIRECTORY it leaves that it rebooted the host\n"
              "[/var/lib/distro-manager].\n"
              "\n"
              "  -h --help     this text\n"
              "     --version  the version\n",
                        stdout);
}

int main(int argc, char **argv)
{
        FuseParameters p = { .directory = "/run/distro-manager",
                .state_directory = "/var/lib/distro-manager" };
        int r;

        if (argc == 2 && (streq(argv[1], "-h") || streq(argv[1], "--help"))) {
                print_help();
                return EXIT_SUCCESS;
        }
        if (argc == 2 && streq(argv[1], "--version")) {
                puts("distro-fuse " PACKAGE_VERSION);
                return EXIT_SUCCESS;
        }
        if (argc > 3 || (argc >= 2 && argv[1][0] != '/') || (argc == 3 && argv[2][0] != '/')) {
                fputs("The arguments have to be absolute paths, two at most.\nTry 'distro-fuse --help'.\n",
                                stderr);
                return EXIT_FAILURE;
        }
        if (argc >= 2)
                p.directory = argv[1];
        if (argc == 3)
                p.state_directory = argv[2];
        last_resort_open(NULL, &p.last_resort);
        r = fuse_run(&p);
        if (r < 0)
                fprintf(stderr, "%s/fuse: %s\n", p.directory, strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
