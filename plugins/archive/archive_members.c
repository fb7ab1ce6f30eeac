/* SPDX-License-Identifier: MIT */
/* What an open archive holds, and reading single members of it. */
#include "archive_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *rj_archive_path(const rj_archive *archive)
{
    return rj_source_path(archive->source);
}

size_t rj_archive_count(const rj_archive *archive)
{
    return archive->count;
}

const rj_archive_entry *rj_archive_entry_at(const rj_archive *archive, size_t index)
{
    return index < archive->count ? &archive->entries[index] : NULL;
}

const rj_archive_entry *rj_archive_find(const rj_archive *archive, const char *name)
{
    for (size_t i = 0; i < archive->count; i++)
        if (strcmp(archive->entries[i].name, name) == 0)
            return &archive->entries[i];
    return NULL;
}

uint64_t rj_archive_total_size(const rj_archive *archive)
{
    return archive->total_size;
}

int rj_archive_is_zip64(const rj_archive *archive)
{
    return archive->zip64;
}

rj_inflater *rj_archive_inflater(rj_archive *archive, rj_failure *failure)
{
    if (!archive->inflater)
        archive->inflater = rj_inflater_new();
    if (!archive->inflater)
        rj_fail_memory(failure);
    return archive->inflater;
}

/* ---- Reading members --------------------------------------------------------------------------- */

typedef struct into_memory {
    char *bytes;
    size_t length;
} into_memory;

static rj_status append(void *data, const void *bytes, size_t length, rj_failure *failure)
{
    into_memory *to = data;
    (void)failure;
    memcpy(to->bytes + to->length, bytes, length); /* the inflater keeps to the declared size */
    to->length += length;
    return RJ_OK;
}

rj_status rj_archive_read(rj_archive *archive, const rj_archive_entry *entry, uint64_t max_bytes,
                          char **ret_bytes, size_t *ret_length, rj_failure *failure)
{
    if (entry->size > max_bytes)
        return rj_fail(failure, RJ_E_LIMIT,
                       "%s: entry '%.300s' has %" PRIu64 " bytes, the limit is %" PRIu64,
                       rj_archive_path(archive), entry->name, entry->size, max_bytes);
    rj_inflater *inflater = rj_archive_inflater(archive, failure);
    into_memory to = {malloc((size_t)entry->size + 1), 0};
    rj_status status = inflater && to.bytes ? RJ_OK : rj_fail_memory(failure);
    if (status == RJ_OK)
        status = rj_inflate_member(inflater, archive->source, entry, append, &to, failure);
    if (status != RJ_OK) {
        free(to.bytes);
        return status;
    }
    to.bytes[to.length] = '\0';
    *ret_bytes = to.bytes;
    *ret_length = to.length;
    return RJ_OK;
}

static rj_status discard(void *data, const void *bytes, size_t length, rj_failure *failure)
{
    (void)data;
    (void)bytes;
    (void)length;
    (void)failure;
    return RJ_OK;
}

rj_status rj_archive_verify(rj_archive *archive, rj_failure *failure)
{
    rj_inflater *inflater = rj_archive_inflater(archive, failure);
    rj_status status = inflater ? RJ_OK : RJ_E_NO_MEMORY;
    for (size_t i = 0; i < archive->count && status == RJ_OK; i++)
        status =
            rj_inflate_member(inflater, archive->source, &archive->entries[archive->file_order[i]],
                              discard, NULL, failure);
    return status;
}
