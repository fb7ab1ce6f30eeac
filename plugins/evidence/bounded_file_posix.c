/* SPDX-License-Identifier: MIT */
/* Capped reads below a root on Linux; see bounded_file.h. */
#include "bounded_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "in_root_posix.h"

#define OPEN_ATTEMPTS 8 /* a rename during a look-up with ".." makes it fail with EAGAIN */

const char *file_outcome_text(file_outcome outcome)
{
    switch (outcome) {
    case FILE_READ:
        return "was read";
    case FILE_MISSING:
        return "does not exist";
    case FILE_REFUSED:
        return "may not be read (permission denied)";
    case FILE_NOT_REGULAR:
        return "is not a regular file";
    case FILE_TOO_LARGE:
        return "is larger than accepted";
    case FILE_FAILED:
        break;
    }
    return "cannot be read";
}

static file_outcome outcome_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return FILE_MISSING;
    case EACCES:
    case EPERM:
        return FILE_REFUSED;
    case ELOOP:
    case ENXIO: /* a socket, or a device without a driver */
    case ENODEV:
        return FILE_NOT_REGULAR;
    default:
        return FILE_FAILED;
    }
}

static file_outcome open_below(const char *root, const char *path, int flags, int *ret_fd)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};
    int fd = -1, root_fd, error;

    if (root[0] == '\0') {
        fd = open(path, flags | O_CLOEXEC);
        error = errno;
    } else {
        root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
            return outcome_of(errno);
        for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
            fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
            error = errno;
            if (fd >= 0 || error != EAGAIN)
                break;
        }
        if (fd < 0 && error == ENOSYS) {
            fd = in_root_open(root_fd, path, flags);
            error = errno;
        }
        close(root_fd);
    }
    if (fd < 0)
        return outcome_of(error);
    *ret_fd = fd;
    return FILE_READ;
}

file_outcome bounded_file_open(const char *root, const char *path, int *ret_fd)
{
    struct stat info;
    int fd = -1;
    file_outcome outcome = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd);

    if (outcome != FILE_READ)
        return outcome;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return FILE_NOT_REGULAR;
    }
    *ret_fd = fd;
    return FILE_READ;
}

file_outcome bounded_file_locate(const char *root, const char *path, int *ret_fd)
{
    return open_below(root, path, O_PATH, ret_fd);
}

file_outcome bounded_file_exists(const char *root, const char *path)
{
    int fd;
    file_outcome outcome = bounded_file_locate(root, path, &fd);

    if (outcome == FILE_READ)
        close(fd);
    return outcome;
}

/* Read until the end or `size` bytes. */
static ssize_t read_fully(int fd, char *bytes, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = read(fd, bytes + used, size - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

file_outcome bounded_file_head(const char *root, const char *path, char *ret_text, size_t size)
{
    file_outcome outcome;
    ssize_t length;
    int fd;

    outcome = bounded_file_open(root, path, &fd);
    if (outcome != FILE_READ)
        return outcome;
    length = read_fully(fd, ret_text, size - 1);
    outcome = length < 0 ? outcome_of(errno) : FILE_READ;
    close(fd);
    if (outcome != FILE_READ)
        return outcome;
    if (length > 0 && ret_text[length - 1] == '\n')
        length--;
    ret_text[length] = '\0';
    return FILE_READ;
}

/* Grow a buffer until the file ends: files of /proc say size 0, so the size is no guide. */
static file_outcome read_all(int fd, size_t limit, char **ret_bytes, size_t *ret_length)
{
    size_t capacity = 0, used = 0;
    char *bytes = NULL, *grown;
    ssize_t got;

    for (;;) {
        if (used == capacity) {
            if (used > limit) {
                free(bytes);
                return FILE_TOO_LARGE;
            }
            capacity = capacity ? capacity * 2 : 4096;
            if (capacity > limit + 1)
                capacity = limit + 1;
            grown = realloc(bytes, capacity + 1);
            if (!grown) {
                free(bytes);
                return FILE_FAILED;
            }
            bytes = grown;
        }
        got = read(fd, bytes + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            return outcome_of(errno);
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    bytes[used] = '\0';
    *ret_bytes = bytes;
    *ret_length = used;
    return FILE_READ;
}

file_outcome bounded_file_read(const char *root, const char *path, size_t limit, char **ret_bytes,
                               size_t *ret_length)
{
    file_outcome outcome;
    struct stat info;
    int fd;

    outcome = bounded_file_open(root, path, &fd);
    if (outcome != FILE_READ)
        return outcome;
    if (fstat(fd, &info) == 0 && info.st_size > 0 && (uint64_t)info.st_size > limit)
        outcome = FILE_TOO_LARGE;
    else
        outcome = read_all(fd, limit, ret_bytes, ret_length);
    close(fd);
    return outcome;
}

file_outcome bounded_file_link(const char *root, const char *path, char *ret_target, size_t size)
{
    file_outcome outcome;
    ssize_t length;
    int fd, error;

    outcome = open_below(root, path, O_PATH | O_NOFOLLOW, &fd);
    if (outcome != FILE_READ)
        return outcome;
    length = readlinkat(fd, "", ret_target, size);
    error = errno;
    close(fd);
    if (length < 0)
        return error == EINVAL || error == ENOENT ? FILE_NOT_REGULAR : outcome_of(error);
    if ((size_t)length >= size)
        return FILE_TOO_LARGE;
    ret_target[length] = '\0';
    return FILE_READ;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static file_outcome collect_names(DIR *folder, size_t limit, file_names *names)
{
    size_t capacity = 0;
    struct dirent *entry;

    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (names->count == limit)
            return FILE_TOO_LARGE;
        if (names->count == capacity) {
            char **grown;

            capacity = capacity ? capacity * 2 : 32;
            grown = realloc(names->names, capacity * sizeof *grown);
            if (!grown)
                return FILE_FAILED;
            names->names = grown;
        }
        names->names[names->count] = strdup(entry->d_name);
        if (!names->names[names->count])
            return FILE_FAILED;
        names->count++;
    }
    return FILE_READ;
}

file_outcome bounded_file_list(const char *root, const char *path, size_t limit,
                               file_names *ret_names)
{
    file_names names = {0};
    file_outcome outcome;
    DIR *folder;
    int fd;

    outcome = open_below(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, &fd);
    if (outcome != FILE_READ)
        return outcome;
    folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return FILE_FAILED;
    }
    outcome = collect_names(folder, limit, &names);
    closedir(folder);
    if (outcome != FILE_READ) {
        file_names_free(&names);
        return outcome;
    }
    if (names.count > 1)
        qsort(names.names, names.count, sizeof *names.names, compare_names);
    *ret_names = names;
    return FILE_READ;
}

void file_names_free(file_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (file_names){0};
}
