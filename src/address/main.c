/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "address/keeper.h"
#include "address/removal.h"

static void print_help(FILE *f)
{
        fputs("distro-address run ADDRESS/PREFIX [INTERFACE] [OPTION...]\n"
              "distro-address del ADDRESS/PREFIX [INTERFACE]\n"
              "\n"
              "Has an address on an interface for as long as it runs, unless another host has it, and removes it when it\n"
              "gets SIGTERM. del removes what was left by one that was killed. Without INTERFACE: the one that has an\n"
              "address of the subnet.\n"
              "\n"
              "     check=no            does not ask whether another host has it\n"
              "     announce=no         does not tell the other hosts\n"
              "     label=TEXT          the label of an address of IPv4, as in ip-address(8)\n"
              "     --timeout=SPAN      for how long it is asked again where another host has it [10s]\n"
              "     --maintenance=PATH  while this file exists it does not end when the address goes away\n"
              "  -h --help              this text\n"
              "     --version           the version\n"
              "\n"
              "Exit statuses: 0 ended by a signal, 1 the address went away, 2 it could not be added, 6 wrong arguments.\n",
                        f);
}

int main(int argc, char **argv)
{
        _cleanup_free_ char *error = NULL;
        Arguments a;

        if (argc == 2 && (streq(argv[1], "-h") || streq(argv[1], "--help"))) {
                print_help(stdout);
                return KEEPER_ENDED;
        }
        if (argc == 2 && streq(argv[1], "--version")) {
                puts("distro-address " PACKAGE_VERSION);
                return KEEPER_ENDED;
        }
        if (arguments_parse((const char *const *) argv + 1, argc > 0 ? (size_t) argc - 1 : 0, &a, &error) <
                        0) {
                fprintf(stderr, "%s\n", error ? error : "out of memory");
                return KEEPER_INVALID;
        }
        return a.is_del ? removal_run(&a) : keeper_run(&a);
}
