/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/journal.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/local-socket.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SEND_BUFFER_BYTES (1024 * 1024)

struct Journal {
        char *path;
        int fd; /* connected, or -1 */
        int max_priority;
        bool to_stderr;
        bool stuck;      /* it took nothing last time: it gets no more patience until it does */
        uint64_t n_lost; /* lines since then */
};

/* systemd tells in $JOURNAL_STREAM which file the journal reads as our standard error. */
static bool stderr_is_journal(void)
{
        const char *s = getenv("JOURNAL_STREAM");
        uintmax_t dev, ino;
        struct stat st;

        return s && sscanf(s, "%ju:%ju", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
               st.st_dev == dev && st.st_ino == ino;
}

int journal_new(const char *path, Journal **ret)
{
        _cleanup_(journal_freep) Journal *j = calloc(1, sizeof(*j));

        if (!j)
                return -ENOMEM;
        j->fd = -1;
        j->max_priority = LOG_INFO;
        j->to_stderr = !stderr_is_journal();
        j->path = strdup(path ? path : JOURNAL_SOCKET);
        if (!j->path)
                return -ENOMEM;
        *ret = TAKE_PTR(j);
        return 0;
}

Journal *journal_free(Journal *j)
{
        if (!j)
                return NULL;
        if (j->fd >= 0)
                (void) close(j->fd);
        free(j->path);
        free(j);
        return NULL;
}

void journal_set_max_priority(Journal *j, int max_priority)
{
        j->max_priority = max_priority;
}

/* ---- words ---- */

static void put_text(ByteWriter *w, const char *s)
{
        put_bytes(w, s, strlen(s));
}

/* What a letter of a format stands for; "" if the field has no value. */
static const char *field_value(const JournalEntry *entry, char letter, char *number, size_t size_bytes)
{
        switch (letter) {
        case 'a':
                return strempty(entry->app);
        case 'n':
                return strempty(entry->node);
        case 'f':
                return strempty(entry->from_node);
        case 't':
                return strempty(entry->text);
        case 's':
                return start_type_to_string(entry->start_type);
        case 'e':
                if (entry->epoch == 0)
                        return "";
                snprintf(number, size_bytes, "%" PRIu64, entry->epoch);
                return number;
        default:
                return "";
        }
}

/* Writes a format up to its end or to a closing bracket, and returns where that is. `*ret_complete`: no field
 * that was met had no value. */
static const char *expand(ByteWriter *w, const JournalEntry *entry, const char *format, bool *ret_complete)
{
        bool complete = true;

        for (; *format && *format != ']'; format++) {
                if (*format == '[') {
                        size_t before = w->size_bytes;
                        bool inner;

                        format = expand(w, entry, format + 1, &inner);
                        if (!inner)
                                w->size_bytes = before;
                        if (!*format)
                                break;
                } else if (*format == '%' && format[1]) {
                        char number[24];
                        const char *value = field_value(entry, *++format, number, sizeof(number));

                        complete = complete && *value;
                        put_text(w, value);
                } else
                        put_bytes(w, format, 1);
        }
        *ret_complete = complete;
        return format;
}

char *journal_format(const JournalEntry *entry)
{
        const JournalRow *row = journal_row(entry->kind);
        ByteWriter w = {};
        bool complete;

        (void) expand(&w, entry, row ? row->format : "%t", &complete);
        put_u8(&w, 0);
        if (w.error) {
                byte_writer_done(&w);
                return NULL;
        }
        return (char *) w.data;
}

/* ---- the journal's own protocol: one datagram, NAME=value lines; a value with a newline goes by its length
 * ---- */

static void put_field(ByteWriter *w, const char *name, const char *value)
{
        if (!value || !*value)
                return;
        put_text(w, name);
        if (strchr(value, '\n')) {
                put_text(w, "\n");
                put_u64(w, strlen(value));
        } else
                put_text(w, "=");
        put_text(w, value);
        put_text(w, "\n");
}

/* Of the process that OBJECT_PID= names the journal itself adds what it finds. */
static void put_caller(ByteWriter *w, const JournalCaller *caller)
{
        put_field(w, "DISTRO_VERB", caller->verb);
        put_field(w, "DISTRO_FORCE", caller->force ? "yes" : NULL);
        put_field(w, "DISTRO_CALLER_UID", caller->uid);
        put_field(w, "DISTRO_CALLER_PID", caller->pid);
        put_field(w, "DISTRO_CALLER_COMM", caller->comm);
        put_field(w, "OBJECT_PID", caller->pid);
}

static void put_entry(ByteWriter *w, const JournalEntry *entry, const JournalRow *row, const char *message)
{
        char number[24];

        put_field(w, "MESSAGE", message);
        put_field(w, "MESSAGE_ID", row->message_id);
        snprintf(number, sizeof(number), "%d", row->priority);
        put_field(w, "PRIORITY", number);
        put_field(w, "SYSLOG_IDENTIFIER", "distro-manager");
        put_field(w, "DISTRO_APPLICATION", entry->app);
        put_field(w, "DISTRO_NODE", entry->node);
        put_field(w, "DISTRO_START_TYPE", start_type_to_string(entry->start_type));
        put_field(w, "DISTRO_FROM_NODE", entry->from_node);
        if (entry->epoch > 0) {
                snprintf(number, sizeof(number), "%" PRIu64, entry->epoch);
                put_field(w, "DISTRO_EPOCH", number);
        }
        if (entry->view) {
                char view[64];

                view_id_format(entry->view, view, sizeof(view));
                put_field(w, "DISTRO_VIEW", view);
        }
        if (entry->caller)
                put_caller(w, entry->caller);
}

static int open_socket(Journal *j)
{
        int fd, size = SEND_BUFFER_BYTES;

        if (j->fd >= 0)
                return 0;
        fd = local_socket_connect(j->path, SOCK_DGRAM);
        if (fd < 0)
                return fd;
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* the default serves as well */
        j->fd = fd;
        return 0;
}

static int send_datagram(Journal *j, const ByteWriter *w)
{
        /* The second try is for a socket that was made anew since we connected, or for a journal that was
         * busy. */
        for (unsigned i = 0; i < 2; i++) {
                int r = open_socket(j);

                if (r < 0)
                        return r;
                if (send(j->fd, w->data, w->size_bytes, MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno == EAGAIN) {
                        struct pollfd p = { .fd = j->fd, .events = POLLOUT };

                        if (j->stuck || poll(&p, 1, JOURNAL_PATIENCE_MSEC) <= 0)
                                return -EAGAIN;
                } else {
                        (void) close(j->fd);
                        j->fd = -1;
                }
        }
        return -EAGAIN;
}

static void deliver(Journal *j, const JournalEntry *entry)
{
        const JournalRow *row = journal_row(entry->kind);
        _cleanup_free_ char *message = NULL;
        _cleanup_(byte_writer_done) ByteWriter w = {};
        int r;

        if (!row || row->priority > j->max_priority)
                return;
        message = journal_format(entry);
        if (!message) {
                j->n_lost++;
                return;
        }
        if (j->to_stderr)
                fprintf(stderr, "%s\n", message);
        put_entry(&w, entry, row, message);
        r = w.error ? w.error : send_datagram(j, &w);
        j->stuck = r == -EAGAIN;
        /* Without a journal no line is missing: it was on standard error. */
        if (r < 0 && r != -ENOENT)
                j->n_lost++;
}

void journal_send(Journal *j, const JournalEntry *entry)
{
        uint64_t n_lost = j->n_lost;

        deliver(j, entry);
        if (n_lost > 0 && j->n_lost == n_lost) {
                _cleanup_free_ char *text = NULL;

                j->n_lost = 0;
                if (asprintf(&text, "the journal did not take %" PRIu64 " lines before this one", n_lost) <
                                0) {
                        text = NULL;
                        return;
                }
                deliver(j, &(JournalEntry){ .kind = JOURNAL_LINES_LOST, .text = text });
        }
}

static void send_formatted(Journal *j, JournalKind kind, const char *app, const char *format, va_list ap)
                _printf_(4, 0);
static void send_formatted(Journal *j, JournalKind kind, const char *app, const char *format, va_list ap)
{
        _cleanup_free_ char *text = NULL;

        if (vasprintf(&text, format, ap) < 0)
                text = NULL; /* the kind alone, with its message id, says something too */
        journal_send(j, &(JournalEntry){ .kind = kind, .app = app, .text = text });
}

void journal_text(Journal *j, JournalKind kind, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        send_formatted(j, kind, NULL, format, ap);
        va_end(ap);
}

void journal_app(Journal *j, JournalKind kind, const char *app, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        send_formatted(j, kind, app, format, ap);
        va_end(ap);
}
