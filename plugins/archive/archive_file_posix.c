/* SPDX-License-Identifier: MIT */
/* rj_source: positioned reads of a regular file, or of memory. */
#include "archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rj_source {
    char *path;
    int fd; /* -1: memory */
    const unsigned char *bytes;
    uint64_t size;
};

static rj_source *source_new(const char *path)
{
    rj_source *source = calloc(1, sizeof(*source));
    if (!source)
        return NULL;
    source->fd = -1;
    source->path = strdup(path);
    if (!source->path) {
        free(source);
        return NULL;
    }
    return source;
}

rj_status rj_source_open(const char *path, rj_source **ret_source, rj_failure *failure)
{
    rj_source *source = source_new(path);
    if (!source)
        return rj_fail_memory(failure);
    /* O_NONBLOCK: a pipe under that name must not hold us up before fstat() tells */
    source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (source->fd < 0) {
        rj_status status = errno == ENOENT || errno == ENOTDIR ? RJ_E_NOT_FOUND
                           : errno == EACCES                   ? RJ_E_DENIED
                                                               : RJ_E_IO;
        rj_fail(failure, status, "cannot open %s: %s", path, strerror(errno));
        rj_source_close(source);
        return status;
    }
    struct stat st;
    if (fstat(source->fd, &st) != 0) {
        rj_fail(failure, RJ_E_IO, "cannot examine %s: %s", path, strerror(errno));
        rj_source_close(source);
        return RJ_E_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        rj_source_close(source);
        return rj_fail(failure, RJ_E_INVALID, "%s is not a regular file", path);
    }
    source->size = (uint64_t)st.st_size;
    *ret_source = source;
    return RJ_OK;
}

rj_source *rj_source_memory(const char *label, const void *bytes, size_t length)
{
    rj_source *source = source_new(label);
    if (!source)
        return NULL;
    source->bytes = bytes;
    source->size = length;
    return source;
}

void rj_source_close(rj_source *source)
{
    if (!source)
        return;
    if (source->fd >= 0)
        close(source->fd);
    free(source->path);
    free(source);
}

uint64_t rj_source_size(const rj_source *source)
{
    return source->size;
}

const char *rj_source_path(const rj_source *source)
{
    return source->path;
}

void rj_source_sequential(rj_source *source)
{
    if (source->fd >= 0)
        posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

rj_status rj_source_read(rj_source *source, uint64_t offset, void *bytes, size_t length,
                         rj_failure *failure)
{
    if (offset > source->size || length > source->size - offset)
        return rj_fail(failure, RJ_E_CORRUPT, "%s: ends before its content does", source->path);
    if (source->fd < 0) {
        memcpy(bytes, source->bytes + offset, length);
        return RJ_OK;
    }
    unsigned char *to = bytes;
    while (length > 0) {
        ssize_t n = pread(source->fd, to, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rj_fail(failure, RJ_E_IO, "cannot read %s: %s", source->path, strerror(errno));
        if (n == 0)
            return rj_fail(failure, RJ_E_CORRUPT, "%s: became shorter while it was read",
                           source->path);
        to += n;
        offset += (uint64_t)n;
        length -= (size_t)n;
    }
    return RJ_OK;
}
