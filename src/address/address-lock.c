/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address/address-lock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the file: the first is a removal's, the others are the keepers', by the index of the interface. */
#define REMOVAL_BYTE 0
#define KEEPER_BYTE(index) ((off_t) 1 + (off_t) (index))

static const char *directory(void)
{
        const char *other = getenv(ADDRESS_LOCK_VARIABLE);

        return isempty(other) ? ADDRESS_LOCK_DIRECTORY : other;
}

/* The directory and the one that it is in. */
static int make_directory(const char *path)
{
        _cleanup_free_ char *parent = strdup(path);
        char *slash;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        if (slash)
                *slash = '\0';
        if (parent[0] != '\0' && mkdir(parent, 0755) < 0 && errno != EEXIST)
                return -errno;
        return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_file(const Address *a, int *ret_fd)
{
        _cleanup_free_ char *path = NULL;
        char text[ADDRESS_TEXT_MAX];
        struct stat network;
        int r = make_directory(directory());

        if (r < 0)
                return r;
        if (stat("/proc/self/ns/net", &network) < 0)
                return -errno;
        if (asprintf(&path, "%s/%s@%" PRIu64, directory(), address_format(text, a),
                            (uint64_t) network.st_ino) < 0)
                return -ENOMEM;
        /* Whoever could open it could lock it. */
        *ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return *ret_fd < 0 ? -errno : 0;
}

static int set_lock(int fd, int command, short type, off_t byte)
{
        struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
        int r;

        do
                r = fcntl(fd, command, &lock);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return errno == EAGAIN || errno == EACCES ? -EADDRINUSE : -errno;
        return 0;
}

/* -EADDRINUSE: a keeper has the address on that interface, or with 0 on any. */
static int ask_for_keeper(int fd, uint32_t index)
{
        struct flock lock = { .l_type = F_WRLCK,
                .l_whence = SEEK_SET,
                .l_start = KEEPER_BYTE(index),
                .l_len = index == 0 ? 0 : 1 }; /* 0: all bytes from there on */

        if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
                return -errno;
        return lock.l_type == F_UNLCK ? 0 : -EADDRINUSE;
}

static int finish(int fd, int r, int *ret_fd)
{
        if (r < 0)
                (void) close(fd); /* nothing was written */
        else
                *ret_fd = fd;
        return r;
}

int address_lock_take(const Address *a, uint32_t index, int *ret_fd)
{
        int fd, r = open_file(a, &fd);

        if (r < 0)
                return r;
        r = set_lock(fd, F_OFD_SETLK, F_WRLCK, KEEPER_BYTE(index));
        /* A removal that comes later sees the keeper; one that is at work has not. */
        if (r >= 0)
                r = set_lock(fd, F_OFD_SETLKW, F_WRLCK, REMOVAL_BYTE);
        if (r >= 0)
                r = set_lock(fd, F_OFD_SETLK, F_UNLCK, REMOVAL_BYTE);
        return finish(fd, r, ret_fd);
}

int address_lock_take_to_remove(const Address *a, uint32_t index, int *ret_fd)
{
        int fd, r = open_file(a, &fd);

        if (r < 0)
                return r;
        r = set_lock(fd, F_OFD_SETLKW, F_WRLCK, REMOVAL_BYTE);
        if (r >= 0)
                r = ask_for_keeper(fd, index);
        return finish(fd, r, ret_fd);
}
