/* SPDX-License-Identifier: MIT */
/* rj_source on Windows: positioned reads of a regular file, or of memory. */
#include "archive_internal.h"

#include <stdlib.h>
#include <string.h>

#include "file_win32.h"

struct rj_source {
    char *path;
    HANDLE file; /* INVALID_HANDLE_VALUE: memory */
    const unsigned char *bytes;
    uint64_t size;
};

static rj_source *source_new(const char *path)
{
    rj_source *source = calloc(1, sizeof(*source));
    if (!source)
        return NULL;
    source->file = INVALID_HANDLE_VALUE;
    source->path = strdup(path);
    if (!source->path) {
        free(source);
        return NULL;
    }
    return source;
}

rj_status rj_source_open(const char *path, rj_source **ret_source, rj_failure *failure)
{
    LARGE_INTEGER size;
    rj_status status = RJ_OK;
    rj_source *source = source_new(path);
    if (!source)
        return rj_fail_memory(failure);
    /* backup semantics: a folder is opened, too, and refused below with a sentence of its own */
    source->file = rj_file_open(path, GENERIC_READ, FILE_FLAG_BACKUP_SEMANTICS);
    if (source->file == INVALID_HANDLE_VALUE)
        status = rj_file_failure(failure, GetLastError(), "open", path);
    else if (GetFileType(source->file) != FILE_TYPE_DISK ||
             (rj_file_attributes(source->file) & FILE_ATTRIBUTE_DIRECTORY))
        status = rj_fail(failure, RJ_E_INVALID, "%s is not a regular file", path);
    else if (!GetFileSizeEx(source->file, &size))
        status = rj_file_failure(failure, GetLastError(), "examine", path);
    if (status != RJ_OK) {
        rj_source_close(source);
        return status;
    }
    source->size = (uint64_t)size.QuadPart;
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
    if (source->file != INVALID_HANDLE_VALUE)
        CloseHandle(source->file);
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
    (void)source; /* the system sees that by itself */
}

rj_status rj_source_read(rj_source *source, uint64_t offset, void *bytes, size_t length,
                         rj_failure *failure)
{
    unsigned char *to = bytes;
    if (offset > source->size || length > source->size - offset)
        return rj_fail(failure, RJ_E_CORRUPT, "%s: ends before its content does", source->path);
    if (source->file == INVALID_HANDLE_VALUE) {
        if (length > 0)
            memcpy(bytes, source->bytes + offset, length);
        return RJ_OK;
    }
    while (length > 0) {
        OVERLAPPED at = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
        DWORD want = length > (1u << 30) ? 1u << 30 : (DWORD)length, n = 0;
        if (!ReadFile(source->file, to, want, &n, &at) && GetLastError() != ERROR_HANDLE_EOF)
            return rj_file_failure(failure, GetLastError(), "read", source->path);
        if (n == 0)
            return rj_fail(failure, RJ_E_CORRUPT, "%s: became shorter while it was read",
                           source->path);
        to += n;
        offset += n;
        length -= n;
    }
    return RJ_OK;
}
