/* SPDX-License-Identifier: MIT */
/* Positioned reads of a regular file. */
#include "archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rj_status rj_archive_file_open(const char *path, intptr_t *ret_file, uint64_t *ret_size,
                               rj_failure *failure)
{
    /* O_NONBLOCK: a pipe under that name must not hold us up before fstat() tells */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        rj_status status = errno == ENOENT || errno == ENOTDIR ? RJ_E_NOT_FOUND
                           : errno == EACCES                   ? RJ_E_DENIED
                                                               : RJ_E_IO;
        return rj_fail(failure, status, "cannot open %s: %s", path, strerror(errno));
    }
    rj_status status = RJ_OK;
    if (fstat(fd, &st) != 0)
        status = rj_fail(failure, RJ_E_IO, "cannot examine %s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = rj_fail(failure, RJ_E_INVALID, "%s is not a regular file", path);
    if (status != RJ_OK) {
        close(fd);
        return status;
    }
    *ret_file = fd;
    *ret_size = (uint64_t)st.st_size;
    return RJ_OK;
}

void rj_archive_file_close(intptr_t file)
{
    close((int)file);
}

void rj_archive_file_sequential(intptr_t file)
{
    posix_fadvise((int)file, 0, 0, POSIX_FADV_SEQUENTIAL);
}

rj_status rj_archive_file_read(intptr_t file, const char *path, uint64_t offset, void *bytes,
                               size_t length, size_t *ret_read, rj_failure *failure)
{
    ssize_t n;
    do
        n = pread((int)file, bytes, length, (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return rj_fail(failure, RJ_E_IO, "cannot read %s: %s", path, strerror(errno));
    *ret_read = (size_t)n;
    return RJ_OK;
}
