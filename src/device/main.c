/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/text.h"
#include "device/device-hold.h"

static void print_help(void)
{
        fputs("distro-device hold DEVICE [--timeout=SPAN]\n"
              "distro-device check DEVICE [--timeout=SPAN] [--after-hold]\n"
              "\n"
              "hold stands beside the mount of a block device. It refuses a device that is missing, mounted or in use, and\n"
              "after SIGTERM ends when nothing on this host uses the device any more. check waits for that alone.\n"
              "\n"
              "     --timeout=SPAN  how long to wait for the device to be free [1min 30s]\n"
              "     --after-hold    only where $EXIT_CODE, of ExecStopPost=, says that hold was killed\n"
              "  -h --help          this text\n"
              "     --version       the version\n"
              "\n"
              "Exit statuses: 0 the device is free, 1 it is in use, 2 it is not there, 3 it is mounted already,\n"
              "6 wrong arguments.\n",
                        stdout);
}

static int invalid(const char *what, const char *word)
{
        fprintf(stderr, "%s%s%s\nTry 'distro-device --help'.\n", what, word ? ": " : "", strempty(word));
        return DEVICE_INVALID;
}

int main(int argc, char **argv)
{
        uint64_t timeout_usec = DEVICE_TIMEOUT_DEFAULT_USEC;
        const char *path = NULL;
        bool hold, after_hold = false;

        if (argc == 2 && (streq(argv[1], "-h") || streq(argv[1], "--help"))) {
                print_help();
                return DEVICE_FREE;
        }
        if (argc == 2 && streq(argv[1], "--version")) {
                puts("distro-device " PACKAGE_VERSION);
                return DEVICE_FREE;
        }
        if (argc < 2 || !(streq(argv[1], "hold") || streq(argv[1], "check")))
                return invalid("The first word has to be hold or check", NULL);
        hold = streq(argv[1], "hold");
        for (int i = 2; i < argc; i++) {
                const char *span = startswith(argv[i], "--timeout=");

                if (!hold && streq(argv[i], "--after-hold")) {
                        after_hold = true;
                        continue;
                }
                if (span && parse_usec(span, &timeout_usec) < 0)
                        return invalid("No time span", span);
                if (!span && (path || argv[i][0] != '/'))
                        return invalid(path ? "More than one device"
                                            : "The device has to be an absolute path",
                                        argv[i]);
                if (!span)
                        path = argv[i];
        }
        if (!path)
                return invalid("The device is missing", NULL);
        /* It has seen the end, or refused a device that was never ours. */
        if (after_hold && streq(strempty(getenv("EXIT_CODE")), "exited"))
                return DEVICE_FREE;
        return hold ? device_hold(path, timeout_usec) : device_check(path, timeout_usec);
}
