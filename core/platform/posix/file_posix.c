/* SPDX-License-Identifier: MIT */
/* Files: opening to read, durable replacing, stamps, the instance lock. */
#include "platform/file_system.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Reading --------------------------------------------------------------------------------- */

/* O_NONBLOCK makes a FIFO answer at once. */
rj_status rj_open_file_regular(const char *path, rj_open_file *ret_file, rj_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return rj_fail_errno(err, errno, "%s cannot be opened", path);
    if (fstat(fd, &st) < 0) {
        rj_status status = rj_fail_errno(err, errno, "%s cannot be examined", path);
        close(fd);
        return status;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return rj_fail(err, RJ_E_INVALID, "%s is not a regular file", path);
    }
    *ret_file = (rj_open_file){fd, st.st_size > 0 ? (uint64_t)st.st_size : 0};
    return RJ_OK;
}

rj_status rj_open_file_read(const rj_open_file *file, const char *path, void *bytes, size_t size,
                            size_t *ret_used, rj_error *err)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read((int)file->handle, (char *)bytes + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rj_fail_errno(err, errno, "%s cannot be read", path);
        if (got == 0)
            break;
        used += (size_t)got;
    }
    *ret_used = used;
    return RJ_OK;
}

void rj_open_file_close(rj_open_file *file)
{
    close((int)file->handle);
}

bool rj_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

uint64_t rj_file_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return 0;
    uint64_t hash = rj_file_stamp_mix(1, (uint64_t)st.st_dev);
    hash = rj_file_stamp_mix(hash, (uint64_t)st.st_ino);
    hash = rj_file_stamp_mix(hash, (uint64_t)st.st_size);
    hash = rj_file_stamp_mix(hash, (uint64_t)st.st_mtim.tv_sec);
    hash = rj_file_stamp_mix(hash, (uint64_t)st.st_mtim.tv_nsec);
    hash = rj_file_stamp_mix(hash, (uint64_t)st.st_ctim.tv_sec);
    hash = rj_file_stamp_mix(hash, (uint64_t)st.st_ctim.tv_nsec);
    return hash ? hash : 1;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static rj_status write_fully(int fd, const char *bytes, size_t length, const char *path,
                             rj_error *err)
{
    while (length) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return rj_fail_errno(err, errno, "%s cannot be written", path);
        bytes += written;
        length -= (size_t)written;
    }
    return RJ_OK;
}

/* A rename is durable when its folder is. */
static rj_status sync_folder_of(const char *path, rj_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    char *folder = length ? rj_strndup(path, length) : rj_strdup("/");
    if (!folder)
        return rj_fail_memory(err, "writing a file");
    rj_status status = RJ_OK;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        status = rj_fail_errno(err, errno, "folder %s cannot be opened", folder);
    else if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
        status = rj_fail_errno(err, errno, "folder %s cannot be made durable", folder);
    if (fd >= 0)
        close(fd);
    rj_free(folder);
    return status;
}

/* "<folder>/.<name>.<random>.tmp" */
static rj_status temporary_name(const char *path, char **ret_name, rj_error *err)
{
    uint64_t random;
    rj_status status = rj_random(&random, sizeof random, err);
    if (status)
        return status;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_append(&text, path, (size_t)(name - path));
    rj_text_addf(&text, ".%s.%016llx.tmp", name, (unsigned long long)random);
    *ret_name = rj_text_take(&text);
    return *ret_name ? RJ_OK : rj_fail_memory(err, "writing a file");
}

rj_status rj_file_write(const char *path, const void *bytes, size_t length, unsigned mode,
                        rj_error *err)
{
    char *temporary = NULL;
    rj_status status = temporary_name(path, &temporary, err);
    if (status)
        return status;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        status = rj_fail_errno(err, errno, "%s cannot be written", path);
        rj_free(temporary);
        return status;
    }
    status = write_fully(fd, bytes, length, path, err);
    if (!status && fchmod(fd, (mode_t)mode) < 0)
        status = rj_fail_errno(err, errno, "mode of %s cannot be set", path);
    if (!status && fsync(fd) < 0)
        status = rj_fail_errno(err, errno, "%s cannot be made durable", path);
    if (close(fd) < 0 && !status)
        status = rj_fail_errno(err, errno, "%s cannot be written", path);
    if (!status && rename(temporary, path) < 0)
        status = rj_fail_errno(err, errno, "%s cannot be replaced", path);
    if (status)
        unlink(temporary);
    else
        status = sync_folder_of(path, err);
    rj_free(temporary);
    return status;
}

rj_status rj_file_remove(const char *path, rj_error *err)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return rj_fail_errno(err, errno, "%s cannot be removed", path);
    return RJ_OK;
}

rj_status rj_file_rename(const char *from, const char *to, rj_error *err)
{
    if (rename(from, to) < 0)
        return rj_fail_errno(err, errno, "%s cannot be renamed to %s", from, to);
    rj_status status = sync_folder_of(to, err);
    return status ? status : sync_folder_of(from, err);
}

/* ---- Appending ------------------------------------------------------------------------------- */

/* The folder that `name` stands in; *name becomes its last part.  Links on the way are refused: the
 * folders below may be those of somebody we do not trust. */
static int open_parent(const char *folder, const char **name)
{
    char part[NAME_MAX + 1];
    int parent = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *slash; parent >= 0 && (slash = strchr(*name, '/')); *name = slash + 1) {
        int length = (int)(slash - *name);
        int next = -1;
        if (length > NAME_MAX)
            errno = ENAMETOOLONG;
        else if (snprintf(part, sizeof part, "%.*s", length, *name) && strcmp(part, "..") != 0)
            next = openat(parent, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        else
            errno = EINVAL;
        int problem = errno;
        close(parent);
        errno = problem;
        parent = next;
    }
    return parent;
}

rj_status rj_file_append_open(const char *folder, const char *name, unsigned mode, int *ret_handle,
                              uint64_t *ret_size, rj_error *err)
{
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const char *last = name;
    int parent = open_parent(folder, &last);
    int fd = parent < 0 ? -1 : openat(parent, last, flags, (mode_t)mode);
    int problem = errno;
    if (parent >= 0)
        close(parent);
    if (fd < 0)
        return rj_fail_errno(err, problem, "log file %s/%s cannot be opened", folder, name);
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
        close(fd);
        return rj_fail(err, RJ_E_INVALID, "log file %s/%s is not a regular file of one name",
                       folder, name);
    }
    *ret_handle = fd;
    *ret_size = (uint64_t)st.st_size;
    return RJ_OK;
}

bool rj_file_append(int handle, const void *bytes, size_t length)
{
    return write_fully(handle, bytes, length, "", NULL) == RJ_OK;
}

void rj_file_append_close(int handle)
{
    if (handle >= 0)
        close(handle);
}

/* ---- The lock -------------------------------------------------------------------------------- */

static long holder_of(int fd)
{
    char text[32];
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return strtol(text, NULL, 10);
}

rj_status rj_file_lock(const char *path, int *ret_handle, rj_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return rj_fail_errno(err, errno, "lock file %s cannot be opened", path);
    rj_status status = RJ_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            status = rj_fail(err, RJ_E_BUSY, "%s is held by process %ld", path, holder_of(fd));
        else
            status = rj_fail_errno(err, errno, "%s cannot be locked", path);
        close(fd);
        return status;
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        status = rj_fail_errno(err, errno, "lock file %s cannot be written", path);
        close(fd);
        return status;
    }
    *ret_handle = fd;
    return RJ_OK;
}

void rj_file_unlock(int handle)
{
    if (handle >= 0)
        close(handle); /* the lock goes with the descriptor; the file stays for the next one */
}
