/* SPDX-License-Identifier: MIT */
/*
 * Members: read, inflate, verify.
 *
 * A member whose packed and unpacked size together fit WHOLE_BYTES goes through libdeflate in one
 * call, from one reused buffer to another: the fastest way, and the memory stays bounded.  A larger
 * one goes through zlib in pieces.  Both end in the same checks: the data inflates to exactly the
 * size the directory says, uses exactly the packed bytes, and its CRC-32 is right.
 */
#include "archive_hash.h"
#include "archive_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libdeflate.h>
#define ZLIB_CONST
#include <zlib.h>

#define WHOLE_BYTES ((uint64_t)8 * 1024 * 1024)
#define PIECE_BYTES ((size_t)256 * 1024)

struct rj_inflater {
    struct libdeflate_decompressor *whole;
    unsigned char *in, *out;
    size_t in_size, out_size;
    z_stream stream;
    int stream_ready;
};

rj_inflater *rj_inflater_new(void)
{
    rj_inflater *inflater = calloc(1, sizeof(*inflater));
    if (!inflater)
        return NULL;
    inflater->whole = libdeflate_alloc_decompressor();
    if (!inflater->whole) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void rj_inflater_free(rj_inflater *inflater)
{
    if (!inflater)
        return;
    if (inflater->stream_ready)
        inflateEnd(&inflater->stream);
    libdeflate_free_decompressor(inflater->whole);
    free(inflater->in);
    free(inflater->out);
    free(inflater);
}

/* Make room without keeping what was there. */
static int reserve(unsigned char **buffer, size_t *size, size_t need)
{
    if (*size >= need)
        return 1;
    size_t rounded = (need + 65535) & ~(size_t)65535;
    free(*buffer);
    *buffer = malloc(rounded);
    *size = *buffer ? rounded : 0;
    return *buffer != NULL;
}

static rj_status corrupt(rj_source *source, const rj_archive_entry *entry, const char *what,
                         rj_failure *failure)
{
    return rj_fail(failure, RJ_E_CORRUPT, "%s: entry '%.300s': %s", rj_source_path(source),
                   entry->name, what);
}

static rj_status check_crc(rj_source *source, const rj_archive_entry *entry, uint32_t crc,
                           rj_failure *failure)
{
    if (crc == entry->crc32)
        return RJ_OK;
    char what[96];
    snprintf(what, sizeof(what), "CRC-32 is %08" PRIx32 ", the directory says %08" PRIx32, crc,
             entry->crc32);
    return corrupt(source, entry, what, failure);
}

static rj_status inflate_whole(rj_inflater *inflater, rj_source *source,
                               const rj_archive_entry *entry, rj_member_write write, void *data,
                               rj_failure *failure)
{
    size_t packed = (size_t)entry->packed_size, size = (size_t)entry->size, used = 0, made = 0;
    if (!reserve(&inflater->in, &inflater->in_size, packed + 1) ||
        !reserve(&inflater->out, &inflater->out_size, size + 1))
        return rj_fail_memory(failure);
    rj_status status = rj_source_read(source, entry->data_offset, inflater->in, packed, failure);
    if (status != RJ_OK)
        return status;
    /* one byte more than declared, so that a longer member is told from a right one */
    switch (libdeflate_deflate_decompress_ex(inflater->whole, inflater->in, packed, inflater->out,
                                             size + 1, &used, &made)) {
    case LIBDEFLATE_SUCCESS:
        break;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
        return corrupt(source, entry, "inflates to more than the directory says", failure);
    default:
        return corrupt(source, entry, "the compressed data is damaged", failure);
    }
    if (made != size)
        return corrupt(source, entry,
                       made > size ? "inflates to more than the directory says"
                                   : "inflates to less than the directory says",
                       failure);
    if (used != packed)
        return corrupt(source, entry, "has bytes after its compressed data", failure);
    status = check_crc(source, entry, rj_crc32(0, inflater->out, size), failure);
    return status == RJ_OK && size > 0 ? write(data, inflater->out, size, failure) : status;
}

static rj_status copy_stored(rj_inflater *inflater, rj_source *source,
                             const rj_archive_entry *entry, rj_member_write write, void *data,
                             rj_failure *failure)
{
    if (!reserve(&inflater->in, &inflater->in_size, PIECE_BYTES))
        return rj_fail_memory(failure);
    uint32_t crc = 0;
    for (uint64_t at = 0; at < entry->size;) {
        size_t n = entry->size - at < PIECE_BYTES ? (size_t)(entry->size - at) : PIECE_BYTES;
        rj_status status =
            rj_source_read(source, entry->data_offset + at, inflater->in, n, failure);
        if (status != RJ_OK)
            return status;
        crc = rj_crc32(crc, inflater->in, n);
        status = write(data, inflater->in, n, failure);
        if (status != RJ_OK)
            return status;
        at += n;
    }
    return check_crc(source, entry, crc, failure);
}

static int stream_start(rj_inflater *inflater)
{
    if (inflater->stream_ready)
        return inflateReset(&inflater->stream) == Z_OK;
    inflater->stream_ready = inflateInit2(&inflater->stream, -MAX_WBITS) == Z_OK;
    return inflater->stream_ready;
}

static rj_status inflate_pieces(rj_inflater *inflater, rj_source *source,
                                const rj_archive_entry *entry, rj_member_write write, void *data,
                                rj_failure *failure)
{
    if (!reserve(&inflater->in, &inflater->in_size, PIECE_BYTES) ||
        !reserve(&inflater->out, &inflater->out_size, PIECE_BYTES) || !stream_start(inflater))
        return rj_fail_memory(failure);
    z_stream *z = &inflater->stream;
    uint64_t read = 0, made = 0;
    uint32_t crc = 0;
    int result = Z_OK;
    z->avail_in = 0;
    while (result != Z_STREAM_END) {
        if (z->avail_in == 0 && read < entry->packed_size) {
            uint64_t left = entry->packed_size - read;
            size_t n = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
            rj_status status =
                rj_source_read(source, entry->data_offset + read, inflater->in, n, failure);
            if (status != RJ_OK)
                return status;
            z->next_in = inflater->in;
            z->avail_in = (uInt)n;
            read += n;
        }
        z->next_out = inflater->out;
        z->avail_out = (uInt)PIECE_BYTES;
        result = inflate(z, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR)
            return rj_fail_memory(failure);
        if (result != Z_OK && result != Z_STREAM_END)
            return corrupt(source, entry, "the compressed data is damaged", failure);
        size_t n = PIECE_BYTES - z->avail_out;
        made += n;
        if (made > entry->size)
            return corrupt(source, entry, "inflates to more than the directory says", failure);
        crc = rj_crc32(crc, inflater->out, n);
        rj_status status = n > 0 ? write(data, inflater->out, n, failure) : RJ_OK;
        if (status != RJ_OK)
            return status;
    }
    if (made != entry->size)
        return corrupt(source, entry, "inflates to less than the directory says", failure);
    if (z->avail_in != 0 || read != entry->packed_size)
        return corrupt(source, entry, "has bytes after its compressed data", failure);
    return check_crc(source, entry, crc, failure);
}

rj_status rj_inflate_member(rj_inflater *inflater, rj_source *source, const rj_archive_entry *entry,
                            rj_member_write write, void *data, rj_failure *failure)
{
    if (entry->method == 0)
        return copy_stored(inflater, source, entry, write, data, failure);
    if (entry->packed_size <= WHOLE_BYTES && entry->size <= WHOLE_BYTES - entry->packed_size)
        return inflate_whole(inflater, source, entry, write, data, failure);
    return inflate_pieces(inflater, source, entry, write, data, failure);
}
