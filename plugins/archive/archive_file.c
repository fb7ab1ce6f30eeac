/* SPDX-License-Identifier: MIT */
/* rj_source: positioned reads of a regular file, or of memory. */
#include "archive_file.h"

#include <stdlib.h>
#include <string.h>

struct rj_source {
    char *path;
    int is_file;   /* and open; else memory */
    intptr_t file; /* the system's */
    const unsigned char *bytes;
    uint64_t size;
};

static rj_source *source_new(const char *path)
{
    rj_source *source = calloc(1, sizeof(*source));
    if (!source)
        return NULL;
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
    rj_status status = rj_archive_file_open(path, &source->file, &source->size, failure);
    if (status != RJ_OK) {
        rj_source_close(source);
        return status;
    }
    source->is_file = 1;
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
    if (source->is_file)
        rj_archive_file_close(source->file);
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
    if (source->is_file)
        rj_archive_file_sequential(source->file);
}

rj_status rj_source_read(rj_source *source, uint64_t offset, void *bytes, size_t length,
                         rj_failure *failure)
{
    unsigned char *to = bytes;
    if (offset > source->size || length > source->size - offset)
        return rj_fail(failure, RJ_E_CORRUPT, "%s: ends before its content does", source->path);
    if (!source->is_file) {
        if (length > 0)
            memcpy(bytes, source->bytes + offset, length);
        return RJ_OK;
    }
    while (length > 0) {
        size_t n = 0;
        rj_status status =
            rj_archive_file_read(source->file, source->path, offset, to, length, &n, failure);
        if (status != RJ_OK)
            return status;
        if (n == 0)
            return rj_fail(failure, RJ_E_CORRUPT, "%s: became shorter while it was read",
                           source->path);
        to += n;
        offset += n;
        length -= n;
    }
    return RJ_OK;
}
