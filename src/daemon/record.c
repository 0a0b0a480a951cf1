/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/hash.h"

#define MAGIC "distro-manager state"
#define MAGIC_BYTES (sizeof(MAGIC) - 1)
#define NEW_NAME RECORD_NAME ".new"
#define DAMAGED_PREFIX RECORD_NAME ".damaged-"

static void closep(int *fd)
{
        if (*fd >= 0)
                (void) close(*fd); /* what was written through it has been synced or given up before */
}

static uint64_t payload_hash(const void *payload, size_t size_bytes)
{
        uint8_t length[8];
        uint64_t hash;

        for (size_t i = 0; i < sizeof(length); i++)
                length[i] = (uint8_t) ((uint64_t) size_bytes >> (8 * i));
        hash = hash64_add(HASH64_INIT, length, sizeof(length));
        return hash64_finish(hash64_add(hash, payload, size_bytes));
}

static void store_number(uint8_t *p, uint64_t v, size_t size_bytes)
{
        for (size_t i = 0; i < size_bytes; i++)
                p[i] = (uint8_t) (v >> (8 * i));
}

void record_header(const void *payload, size_t size_bytes, uint8_t *ret_header)
{
        memcpy(ret_header, MAGIC, MAGIC_BYTES);
        store_number(ret_header + MAGIC_BYTES, RECORD_VERSION, 4);
        store_number(ret_header + 24, hash64(ret_header, 24), 8);
        store_number(ret_header + 32, size_bytes, 8);
        store_number(ret_header + 40, payload_hash(payload, size_bytes), 8);
}

/* ---- reading ---- */

int record_parse(const void *file, size_t size_bytes, const uint8_t **ret_payload, size_t *ret_size_bytes,
                char *ret_why, size_t why_size_bytes)
{
        ByteReader r = byte_reader(file, size_bytes);
        const uint8_t *magic = get_bytes(&r, MAGIC_BYTES), *payload;
        uint32_t version = get_u32(&r);
        uint64_t header_hash = get_u64(&r), length, hash;

        if (size_bytes == 0) {
                snprintf(ret_why, why_size_bytes, "the file is empty");
                return -EBADMSG;
        }
        if (memcmp(file, MAGIC, MIN(size_bytes, MAGIC_BYTES)) != 0) {
                snprintf(ret_why, why_size_bytes, "at byte 0: it does not begin with \"%s\"", MAGIC);
                return -EBADMSG;
        }
        if (r.error || !magic) {
                snprintf(ret_why, why_size_bytes, "at byte %zu: the file ends inside its header", size_bytes);
                return -EBADMSG;
        }
        if (header_hash != hash64(file, MAGIC_BYTES + 4) || version == 0) {
                snprintf(ret_why, why_size_bytes,
                                "at byte %zu: the format version does not match its checksum", MAGIC_BYTES);
                return -EBADMSG;
        }
        if (version > RECORD_VERSION) {
                snprintf(ret_why, why_size_bytes,
                                "it has format version %" PRIu32 ", this program knows %u and older", version,
                                RECORD_VERSION);
                return -EPROTONOSUPPORT;
        }

        length = get_u64(&r);
        hash = get_u64(&r);
        if (r.error) {
                snprintf(ret_why, why_size_bytes, "at byte %zu: the file ends inside its header", size_bytes);
                return -EBADMSG;
        }
        if (length != bytes_left(&r)) {
                snprintf(ret_why, why_size_bytes,
                                "at byte 32: the header announces %" PRIu64
                                " bytes of content, the file has %zu",
                                length, bytes_left(&r));
                return -EBADMSG;
        }
        payload = (const uint8_t *) file + r.at;
        if (hash != payload_hash(payload, length)) {
                snprintf(ret_why, why_size_bytes, "from byte %u on: the content does not match its checksum",
                                RECORD_HEADER_BYTES);
                return -EBADMSG;
        }
        *ret_payload = payload;
        *ret_size_bytes = length;
        return 0;
}

void record_done(Record *r)
{
        free(r->payload);
        r->payload = NULL;
        r->size_bytes = 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Removes all but the newest of the records that were kept aside; their names sort by date. A failure leaves
 * more of them than need be, which does no harm. */
static void forget_old_damaged(int directory_fd)
{
        char **names = NULL;
        size_t n = 0, n_allocated = 0;
        int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

        if (!d) {
                closep(&fd);
                return;
        }
        for (struct dirent *entry; (entry = readdir(d));) {
                if (strncmp(entry->d_name, DAMAGED_PREFIX, strlen(DAMAGED_PREFIX)) != 0)
                        continue;
                if (ARRAY_GROW(names, n, n_allocated) < 0)
                        break;
                names[n] = strdup(entry->d_name);
                if (!names[n])
                        break;
                n++;
        }
        (void) closedir(d);
        if (n > 0)
                qsort(names, n, sizeof(names[0]), compare_names);
        for (size_t i = 0; i < n; i++) {
                if (i + RECORD_KEPT_MAX < n)
                        (void) unlinkat(directory_fd, names[i], 0);
                free(names[i]);
        }
        free(names);
}

/* Gives the record another name; `ret_name` is the new one. Two of the same second are told apart by a
 * number. */
static int keep_aside(int directory_fd, char *ret_name, size_t size_bytes)
{
        struct timespec now;
        struct tm tm;
        char date[32];

        (void) clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
        if (!gmtime_r(&now.tv_sec, &tm))
                return -errno;
        if (strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm) == 0)
                return -EINVAL;
        for (unsigned i = 0; i < 100; i++) {
                snprintf(ret_name, size_bytes, DAMAGED_PREFIX "%s-%02u", date, i);
                if (faccessat(directory_fd, ret_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        continue;
                if (renameat(directory_fd, RECORD_NAME, directory_fd, ret_name) < 0)
                        return -errno;
                (void) fsync(directory_fd); /* if the name is lost in a power cut, the file is found damaged
                                               again */
                forget_old_damaged(directory_fd);
                return 0;
        }
        return -EEXIST;
}

static void reject(int directory_fd, const char *directory, const char *why, Record *ret)
{
        char name[64];
        int r = keep_aside(directory_fd, name, sizeof(name));

        ret->kind = RECORD_DAMAGED;
        if (r < 0)
                snprintf(ret->why, sizeof(ret->why),
                                "%s/" RECORD_NAME " is damaged: %s. It could not be moved aside: %s",
                                directory, why, strerror(-r));
        else
                snprintf(ret->why, sizeof(ret->why), "%s/" RECORD_NAME " is damaged: %s. It is kept as %s",
                                directory, why, name);
}

/* Reads the whole file. -EIO and -EFBIG are the file's, other errors the host's. */
static int read_all(int fd, uint8_t **ret_data, size_t *ret_size_bytes)
{
        _cleanup_free_ uint8_t *data = NULL;
        size_t n = 0, n_allocated = 0;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EMEDIUMTYPE;
        if ((uint64_t) st.st_size > RECORD_PAYLOAD_MAX + RECORD_HEADER_BYTES)
                return -EFBIG;
        for (;;) {
                ssize_t got;
                int r = array_reserve(&data, &n_allocated, n + MAX((size_t) st.st_size, (size_t) 4096), 1);

                if (r < 0)
                        return r;
                got = read(fd, data + n, n_allocated - n);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        break;
                n += (size_t) got;
                if (n > RECORD_PAYLOAD_MAX + RECORD_HEADER_BYTES)
                        return -EFBIG;
        }
        *ret_data = TAKE_PTR(data);
        *ret_size_bytes = n;
        return 0;
}

static int read_failed(const char *directory, int error, Record *ret)
{
        snprintf(ret->why, sizeof(ret->why), "%s/" RECORD_NAME " cannot be read: %s", directory,
                        strerror(-error));
        return error;
}

int record_read(const char *directory, Record *ret)
{
        _cleanup_(closep) int directory_fd = -1, fd = -1;
        _cleanup_free_ uint8_t *data = NULL;
        const uint8_t *payload;
        size_t size_bytes = 0, payload_bytes;
        char why[256];
        int r;

        *ret = (Record){};
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory_fd < 0)
                return read_failed(directory, -errno, ret);
        (void) unlinkat(directory_fd, NEW_NAME, 0); /* the next write replaces it anyway */

        /* Whatever stands there in place of a file is found by fstat(); opening it must neither wait nor
         * follow. */
        fd = openat(directory_fd, RECORD_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && errno == ENOENT)
                return 0;
        r = fd < 0 ? -errno : read_all(fd, &data, &size_bytes);
        switch (r) {
        case 0:
                r = record_parse(data, size_bytes, &payload, &payload_bytes, why, sizeof(why));
                break;
        case -ELOOP:
        case -ENXIO:
        case -EMEDIUMTYPE:
                snprintf(why, sizeof(why), "it is not a regular file");
                r = -EBADMSG;
                break;
        case -EIO:
                snprintf(why, sizeof(why), "the disk could not read it");
                r = -EBADMSG;
                break;
        case -EFBIG:
                snprintf(why, sizeof(why), "it is longer than a record can be");
                r = -EBADMSG;
                break;
        default:
                return read_failed(directory, r, ret);
        }
        if (r == -EPROTONOSUPPORT) {
                snprintf(ret->why, sizeof(ret->why), "%s/" RECORD_NAME ": %s", directory, why);
                return r;
        }
        if (r < 0) {
                reject(directory_fd, directory, why, ret);
                return 0;
        }

        memmove(data, payload, payload_bytes);
        ret->kind = RECORD_VALID;
        ret->payload = TAKE_PTR(data);
        ret->size_bytes = payload_bytes;
        return 0;
}

void record_reject(const char *directory, const char *why, Record *ret)
{
        _cleanup_(closep) int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        record_done(ret);
        reject(directory_fd, directory, why, ret);
}

/* ---- writing ---- */

static int write_all(int fd, const void *data, size_t size_bytes)
{
        const uint8_t *p = data;

        while (size_bytes > 0) {
                ssize_t n = write(fd, p, size_bytes);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                p += n;
                size_bytes -= (size_t) n;
        }
        return 0;
}

static int write_new(int directory_fd, const void *payload, size_t size_bytes)
{
        _cleanup_(closep) int fd = -1;
        uint8_t header[RECORD_HEADER_BYTES];
        int r;

        fd = openat(directory_fd, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        record_header(payload, size_bytes, header);
        r = write_all(fd, header, sizeof(header));
        if (r < 0)
                return r;
        r = write_all(fd, payload, size_bytes);
        if (r < 0)
                return r;
        if (fsync(fd) < 0)
                return -errno;
        r = close(fd);
        fd = -1;
        return r < 0 ? -errno : 0;
}

int record_write(const char *directory, const void *payload, size_t size_bytes)
{
        _cleanup_(closep) int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (directory_fd < 0)
                return -errno;
        r = write_new(directory_fd, payload, size_bytes);
        if (r == 0 && renameat(directory_fd, NEW_NAME, directory_fd, RECORD_NAME) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(directory_fd, NEW_NAME, 0); /* gives a full disk its room back */
                return r;
        }
        return fsync(directory_fd) < 0 ? -errno : 0;
}
