/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "daemon/journal.h"
#include "daemon/notify.h"

static char directory[64], path[128];
static int saved_stderr = -1;

/* A socket that stands in for the journal's or systemd's. Lines would also go to standard error, where the
 * test's own output is; they are dropped. */
static int listen_here(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        strcpy(directory, "/tmp/journal-XXXXXX");
        assert_non_null(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/socket", directory);
        strcpy(address.sun_path, path);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static int quiet(void **state)
{
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void) state;
        saved_stderr = dup(STDERR_FILENO);
        return dup2(null, STDERR_FILENO) < 0 || close(null) < 0 ? -1 : 0;
}

static int loud(void **state)
{
        (void) state;
        dup2(saved_stderr, STDERR_FILENO);
        close(saved_stderr);
        if (*path)
                (void) unlink(path);
        if (*directory)
                (void) rmdir(directory);
        path[0] = directory[0] = '\0';
        return 0;
}

/* Returns the next datagram as a string, or NULL. */
static const char *receive(int fd)
{
        static char buffer[65536];
        ssize_t n = recv(fd, buffer, sizeof(buffer) - 1, 0);

        if (n < 0)
                return NULL;
        for (ssize_t i = 0; i < n; i++)
                if (buffer[i] == '\0')
                        buffer[i] = '?';
        buffer[n] = '\0';
        return buffer;
}

static void test_words(void **state)
{
        static const struct {
                JournalEntry entry;
                const char *expect;
        } cases[] = {
                { { NOTE_APP_STARTED, "distro", "bcd", "abc", NULL, START_FAILOVER, 13631489, NULL },
                                "distro: started on bcd (failover from abc, epoch 13631489)" },
                { { NOTE_APP_STARTED, "distro", "bcd", "", NULL, START_NORMAL, 13631489, NULL },
                                "distro: started on bcd (normal, epoch 13631489)" },
                { { NOTE_APP_STARTED, "distro", "bcd", NULL, NULL, START_NORMAL, 0, NULL },
                                "distro: started on bcd (normal)" },
                { { NOTE_APP_STOPPED, "distro", "bcd", NULL, "by a command", START_NONE, 0, NULL, NULL },
                                "distro: stopped on bcd: by a command" },
                { { NOTE_APP_STOPPED, "distro", NULL, NULL, NULL, START_NONE, 0, NULL, NULL },
                                "distro: stopped" },
                { { NOTE_APP_LOST, "distro", "bcd", NULL, NULL, START_NONE, 7, NULL, NULL },
                                "distro: lost with node bcd" },
                { { NOTE_APP_WAITING, "distro", "bcd", NULL, "5.0 s for bcd to come back (FailoverDelaySec=)",
                                  START_NONE, 0, NULL, NULL },
                                "distro: waiting 5.0 s for bcd to come back (FailoverDelaySec=)" },
                { { NOTE_NODE_LEFT, NULL, "bcd", NULL, "left in order", START_NONE, 0, NULL, NULL },
                                "node bcd left in order" },
                { { NOTE_ISOLATED, NULL, NULL, NULL, "Corosync has been silent for 7.5 s", START_NONE, 0,
                                  NULL, NULL },
                                "Corosync has been silent for 7.5 s: this node acts as cut off" },
                { { NOTE_COPY_STOPPED, "distro", "bcd", "abc", NULL, START_NONE, 7, NULL },
                                "distro: the copy on bcd (epoch 7) is one too many and is stopped, the one "
                                "on abc stays" },
                { { NOTE_COMMAND, NULL, "bcd", NULL, "standby abc", START_NONE, 0, NULL, NULL },
                                "command from bcd: standby abc" },
                { { NOTE_COMMAND, "distro", "bcd", NULL, "stop", START_NONE, 0, NULL, NULL },
                                "distro: command from bcd: stop" },
                { { NOTE_APP_BLOCKED, "distro", NULL, NULL, "100%n [x]", START_NONE, 0, NULL, NULL },
                                "distro: blocked: 100%n [x]" },
                { { JOURNAL_BUS_LOST, NULL, NULL, NULL, "words", START_NONE, 0, NULL, NULL }, "words" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = journal_format(&cases[i].entry);

                assert_string_equal(text, cases[i].expect);
        }
}

static void test_fields(void **state)
{
        _cleanup_(journal_freep) Journal *j = NULL;
        ViewId view = { .ring = { 1, 13 }, .n = 2 };
        const char *line;
        int fd = listen_here();

        (void) state;
        assert_int_equal(journal_new(path, &j), 0);
        journal_send(j, &(JournalEntry){ .kind = NOTE_APP_STARTED,
                                        .app = "distro",
                                        .node = "bcd",
                                        .from_node = "abc",
                                        .start_type = START_TAKEOVER,
                                        .epoch = 99,
                                        .view = &view });
        line = receive(fd);
        assert_non_null(line);
        assert_non_null(strstr(line, "MESSAGE=distro: started on bcd (takeover from abc, epoch 99)\n"));
        assert_non_null(strstr(line, "\nMESSAGE_ID="));
        assert_non_null(strstr(line, "\nPRIORITY=5\n"));
        assert_non_null(strstr(line, "\nSYSLOG_IDENTIFIER=distro-manager\n"));
        assert_non_null(strstr(line, "\nDISTRO_APPLICATION=distro\n"));
        assert_non_null(strstr(line, "\nDISTRO_NODE=bcd\n"));
        assert_non_null(strstr(line, "\nDISTRO_START_TYPE=takeover\n"));
        assert_non_null(strstr(line, "\nDISTRO_FROM_NODE=abc\n"));
        assert_non_null(strstr(line, "\nDISTRO_EPOCH=99\n"));
        assert_non_null(strstr(line, "\nDISTRO_VIEW=13.2\n"));

        journal_send(j, &(JournalEntry){ .kind = JOURNAL_REFUSED,
                                        .app = "distro",
                                        .text = "user 5 asks",
                                        .caller = &(JournalCaller){ "Takeover", "5", "77", "sh", true } });
        line = receive(fd);
        assert_non_null(line);
        assert_non_null(strstr(line, "MESSAGE=distro: user 5 asks\n"));
        assert_non_null(strstr(line, "\nDISTRO_VERB=Takeover\nDISTRO_FORCE=yes\nDISTRO_CALLER_UID=5\n"
                                     "DISTRO_CALLER_PID=77\nDISTRO_CALLER_COMM=sh\nOBJECT_PID=77\n"));

        journal_app(j, JOURNAL_APPLICATION_WRONG, "distro", "one\ntwo");
        line = receive(fd);
        assert_non_null(line);
        /* "distro: one\ntwo" has 15 bytes; the zeroes of the length were made visible. */
        assert_non_null(strstr(line, "MESSAGE\n\x0f???????distro: one\ntwo\n"));
        assert_null(strstr(line, "DISTRO_EPOCH"));
        assert_null(strstr(line, "DISTRO_VIEW"));
        assert_null(strstr(line, "DISTRO_NODE"));

        journal_text(j, JOURNAL_STARTING, "%s", "info passes");
        assert_non_null(receive(fd));
        journal_set_max_priority(j, LOG_NOTICE);
        journal_text(j, JOURNAL_STARTING, "%s", "info does not");
        assert_null(receive(fd));
        assert_int_equal(close(fd), 0);
}

/* A journal that takes nothing costs one wait and some lines, and says so when it is back. */
static void test_stuck_journal(void **state)
{
        _cleanup_(journal_freep) Journal *j = NULL;
        struct timespec before, after;
        const char *line;
        unsigned n = 0;
        int fd = listen_here();

        (void) state;
        assert_int_equal(journal_new(path, &j), 0);
        (void) clock_gettime(CLOCK_MONOTONIC, &before);
        for (unsigned i = 0; i < 5000; i++)
                journal_text(j, JOURNAL_RELOADED, "line %u", i);
        (void) clock_gettime(CLOCK_MONOTONIC, &after);
        assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 <
                        2000);
        while (receive(fd))
                n++;
        assert_true(n < 5000);
        journal_text(j, JOURNAL_RELOADED, "back");
        line = receive(fd);
        assert_non_null(line);
        assert_non_null(strstr(line, "MESSAGE=back\n"));
        line = receive(fd);
        assert_non_null(line);
        assert_non_null(strstr(line, "MESSAGE=the journal did not take "));
        {
                char expect[32];

                snprintf(expect, sizeof(expect), " %u lines", 5000 - n);
                assert_non_null(strstr(line, expect));
        }
        journal_text(j, JOURNAL_RELOADED, "once");
        assert_non_null(receive(fd));
        assert_null(receive(fd));
        assert_int_equal(close(fd), 0);
}

static void test_journal_comes_and_goes(void **state)
{
        _cleanup_(journal_freep) Journal *j = NULL;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        (void) state;
        assert_int_equal(journal_new("/nonexistent/socket", &j), 0);
        journal_text(j, JOURNAL_RELOADED, "nobody hears this");
        j = journal_free(j);

        fd = listen_here();
        assert_int_equal(journal_new(path, &j), 0);
        journal_text(j, JOURNAL_RELOADED, "one");
        assert_non_null(receive(fd));
        assert_int_equal(close(fd), 0);
        journal_text(j, JOURNAL_RELOADED, "nobody hears this");
        assert_int_equal(unlink(path), 0);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        strcpy(address.sun_path, path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        journal_text(j, JOURNAL_RELOADED, "two");
        assert_non_null(receive(fd));
        assert_int_equal(close(fd), 0);
}

static bool is_message_id(const char *s)
{
        return strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32;
}

static void test_table(void **state)
{
        (void) state;
        for (unsigned i = 0; i < _JOURNAL_KIND_MAX; i++) {
                const JournalRow *row = journal_row(i);

                if (!row->name)
                        fail_msg("kind %u (%s) has no row", i,
                                        i < _NOTE_KIND_MAX ? note_kind_to_string(i) : "the daemon's");
                assert_true(is_message_id(row->message_id));
                assert_true(row->priority >= LOG_CRIT && row->priority <= LOG_INFO);
                for (unsigned k = 0; k < i; k++) {
                        assert_string_not_equal(row->message_id, journal_row(k)->message_id);
                        assert_string_not_equal(row->name, journal_row(k)->name);
                }
        }
        assert_null(journal_row(_JOURNAL_KIND_MAX));
}

/* Reads the catalog as systemd does: "-- ID" begins an entry, header lines follow up to an empty one, then
 * text. */
static void test_catalog(void **state)
{
        const char *top = getenv("top_srcdir");
        char file[4096], line[512];
        bool seen[_JOURNAL_KIND_MAX] = {}, header = false, subject = true, text = true;
        FILE *f;

        (void) state;
        snprintf(file, sizeof(file), "%s/units/distro-manager.catalog", top ? top : ".");
        f = fopen(file, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                assert_true(strlen(line) <= 100);
                if (strncmp(line, "-- ", 3) == 0) {
                        unsigned k = 0;

                        assert_true(is_message_id(line + 3));
                        while (k < _JOURNAL_KIND_MAX && !streq(journal_row(k)->message_id, line + 3))
                                k++;
                        if (k == _JOURNAL_KIND_MAX)
                                fail_msg("nothing has the message id %s", line + 3);
                        assert_false(seen[k]);
                        assert_true(subject && text);
                        seen[k] = header = true;
                        subject = text = false;
                } else if (header && !*line) {
                        header = false;
                } else if (header) {
                        subject = subject || strncmp(line, "Subject: ", 9) == 0;
                        assert_true(strncmp(line, "Subject: ", 9) == 0 ||
                                        strncmp(line, "Defined-By: ", 12) == 0 ||
                                        strncmp(line, "Documentation: ", 15) == 0);
                } else if (*line)
                        text = true;
        }
        assert_true(subject && text);
        fclose(f);
        for (unsigned k = 0; k < _JOURNAL_KIND_MAX; k++)
                if (journal_row(k)->priority <= LOG_NOTICE && !seen[k])
                        fail_msg("%s has no entry in the catalog", journal_row(k)->name);
                else if (journal_row(k)->priority > LOG_NOTICE)
                        assert_false(seen[k]);
}

static void test_notify(void **state)
{
        _cleanup_(notify_freep) Notify *n = NULL;
        int fd = listen_here();

        (void) state;
        assert_int_equal(notify_new(path, &n), 0);
        notify_status(n, "waiting");
        assert_string_equal(receive(fd), "STATUS=waiting");
        notify_status(n, "waiting");
        assert_null(receive(fd));
        notify_status(n, "two\nREADY=1");
        assert_string_equal(receive(fd), "STATUS=two READY=1");
        notify_status(n, "two\nREADY=1");
        assert_null(receive(fd));
        notify_reloading(n, true);
        notify_reloading(n, false);
        assert_null(receive(fd));
        notify_ready(n);
        assert_string_equal(receive(fd), "READY=1");
        notify_ready(n);
        assert_null(receive(fd));
        notify_reloading(n, true);
        assert_string_equal(receive(fd), "RELOADING=1");
        notify_reloading(n, false);
        assert_string_equal(receive(fd), "READY=1");
        notify_watchdog(n);
        assert_string_equal(receive(fd), "WATCHDOG=1");
        notify_watchdog_usec(n, 250000);
        assert_string_equal(receive(fd), "WATCHDOG_USEC=250000");
        notify_extend(n, 5000000);
        assert_string_equal(receive(fd), "EXTEND_TIMEOUT_USEC=5000000");
        notify_errno(n, EBUSY);
        assert_string_equal(receive(fd), "ERRNO=16");
        notify_stopping(n);
        assert_string_equal(receive(fd), "STOPPING=1");
        assert_true(notify_flush(n));
        assert_null(receive(fd));
        assert_int_equal(close(fd), 0);
}

/* A systemd that takes nothing never makes us wait, and gets the newest of each when it does. */
static void test_notify_stuck(void **state)
{
        _cleanup_(notify_freep) Notify *n = NULL;
        unsigned n_pings = 0;
        const char *text;
        int fd = listen_here();

        (void) state;
        assert_int_equal(notify_new(path, &n), 0);
        for (unsigned i = 0; i < 5000; i++)
                notify_watchdog(n);
        notify_ready(n);
        notify_status(n, "one");
        notify_status(n, "two");
        notify_reloading(n, true);
        notify_reloading(n, false);
        assert_false(notify_flush(n));
        while ((text = receive(fd)) && streq(text, "WATCHDOG=1"))
                n_pings++;
        assert_null(text);
        assert_true(n_pings < 5000);
        assert_true(notify_flush(n));
        assert_string_equal(receive(fd), "READY=1");
        assert_string_equal(receive(fd), "STATUS=two");
        assert_null(receive(fd));
        assert_int_equal(close(fd), 0);
}

static void test_notify_without_systemd(void **state)
{
        static const char *const paths[] = { NULL, "", "relative", "/", "/nonexistent/socket" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_(notify_freep) Notify *n = NULL;

                assert_int_equal(notify_new(paths[i], &n), 0);
                notify_ready(n);
                notify_status(n, "x");
                notify_watchdog(n);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test_setup_teardown(test_fields, quiet, loud),
                cmocka_unit_test_setup_teardown(test_stuck_journal, quiet, loud),
                cmocka_unit_test_setup_teardown(test_journal_comes_and_goes, quiet, loud),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_catalog),
                cmocka_unit_test_setup_teardown(test_notify, quiet, loud),
                cmocka_unit_test_setup_teardown(test_notify_stuck, quiet, loud),
                cmocka_unit_test(test_notify_without_systemd),
        };

        return cmocka_run_group_tests_name("daemon-journal", tests, NULL, NULL);
}
