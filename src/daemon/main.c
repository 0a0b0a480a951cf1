/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <getopt.h>
#include <malloc.h>

#include "daemon/lock.h"
#include "daemon/manager.h"
#include "systemd/guard.h"
#include "systemd/private-bus.h"

static void print_help(FILE *f)
{
        fputs("distro-manager [OPTIONS]\n"
              "\n"
              "Keeps each application running on one node of a Corosync cluster. It is started by\n"
              "distro-manager.service; administrators use distroctl.\n"
              "\n"
              "     --config-root=DIRECTORY  comes before every path of a file, for tests\n"
              "  -h --help                   this text\n"
              "     --version                the version\n"
              "\n"
              "For distro-guard.service: distro-manager guard.\n"
              "See distro-manager(8).\n",
                        f);
}

static const char *guard_directory(void)
{
        const char *directory = getenv("RUNTIME_DIRECTORY");

        return isempty(directory) || directory[0] != '/' ? GUARD_DIRECTORY : directory;
}

static int run_guard(void)
{
        GuardParameters parameters = { .directory = guard_directory(),
                .private_address = PRIVATE_BUS_ADDRESS };
        int r;

        parameters.manager = lock_owner(parameters.directory);
        r = guard_run(&parameters);
        if (r < 0)
                fprintf(stderr, "distro-manager guard failed: %s\n", strerror(-r));
        return r < 0 ? MANAGER_EXIT_FAILURE : MANAGER_EXIT_SUCCESS;
}

static int run_manager(const ManagerOptions *options)
{
        _cleanup_(manager_freep) Manager *m = NULL;
        int r;

        /* The few threads do not compete for memory. Libqb's buffers of a megabyte each stay apart, untouched as long
         * as no message is that long, and so do replies of the bus, which go back at once. */
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        (void) mallopt(M_TRIM_THRESHOLD, 128 * 1024);
        r = manager_new(options, &m);
        if (r < 0) {
                fprintf(stderr, "distro-manager cannot start: %s\n", strerror(-r));
                return MANAGER_EXIT_FAILURE;
        }
        return manager_run(m);
}

int main(int argc, char **argv)
{
        enum {
                ARG_VERSION = 256,
                ARG_CONFIG_ROOT,
        };
        static const struct option long_options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                { "config-root", required_argument, NULL, ARG_CONFIG_ROOT },
                {},
        };
        ManagerOptions options = {};

        for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0;)
                switch (c) {
                case 'h':
                        print_help(stdout);
                        return MANAGER_EXIT_SUCCESS;
                case ARG_VERSION:
                        puts("distro-manager " PACKAGE_VERSION);
                        return MANAGER_EXIT_SUCCESS;
                case ARG_CONFIG_ROOT:
                        options.root = optarg;
                        break;
                default:
                        return MANAGER_EXIT_USAGE;
                }
        if (argc - optind == 1 && streq(argv[optind], "guard"))
                return run_guard();
        if (argc > optind) {
                fprintf(stderr, "distro-manager: unexpected argument \"%s\"; see --help\n", argv[optind]);
                return MANAGER_EXIT_USAGE;
        }
        return run_manager(&options);
}
