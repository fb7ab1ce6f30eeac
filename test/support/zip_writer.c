/* SPDX-License-Identifier: MIT */
/* Archives for tests: see zip_writer.h. */
#include "zip_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>

#include "test_files.h"

typedef struct buffer {
    unsigned char *bytes;
    size_t length, capacity;
} buffer;

typedef struct written {
    zip_member member;
    char *name;
    size_t name_length;
    uint32_t crc, offset;
    uint32_t packed, size;
    uint16_t method;
} written;

struct zip_writer {
    buffer data;
    written *members;
    size_t count;
};

static void put(buffer *b, const void *bytes, size_t length)
{
    if (b->length + length > b->capacity) {
        b->capacity = (b->length + length) * 2 + 256;
        b->bytes = realloc(b->bytes, b->capacity);
        assert_non_null(b->bytes);
    }
    if (length > 0)
        memcpy(b->bytes + b->length, bytes, length);
    b->length += length;
}

static void put_le(buffer *b, uint64_t value, int bytes)
{
    unsigned char text[8];
    for (int i = 0; i < bytes; i++)
        text[i] = (unsigned char)(value >> (8 * i));
    put(b, text, (size_t)bytes);
}

zip_writer *zip_writer_new(void)
{
    zip_writer *zip = calloc(1, sizeof(*zip));
    assert_non_null(zip);
    return zip;
}

static void put_zip64(buffer *b, const written *w)
{
    if (!w->member.zip64)
        return;
    put_le(b, 1, 2);
    put_le(b, 16, 2);
    put_le(b, w->size, 8);
    put_le(b, w->packed, 8);
}

static void put_sizes(buffer *b, const written *w, int absent)
{
    put_le(b, absent ? 0 : w->crc, 4);
    put_le(b, w->member.zip64 ? 0xFFFFFFFF : absent ? 0 : w->packed, 4);
    put_le(b, w->member.zip64 ? 0xFFFFFFFF : absent ? 0 : w->size, 4);
    put_le(b, w->name_length, 2);
    put_le(b, w->member.zip64 ? 20 : 0, 2);
}

static void put_local(buffer *b, const written *w)
{
    const zip_member *m = &w->member;
    put_le(b, 0x04034b50, 4);
    put_le(b, m->zip64 ? 45 : 20, 2);
    put_le(b, m->flags, 2);
    put_le(b, m->method_local_lie ? m->method_local_lie : w->method, 2);
    put_le(b, 0x5A210000, 4);
    put_sizes(b, w, (m->flags & 8) != 0 && !m->zip64);
    put(b, m->local_name ? m->local_name : w->name, w->name_length);
    put_zip64(b, w);
}

void zip_writer_add(zip_writer *zip, const zip_member *member)
{
    zip->members = realloc(zip->members, (zip->count + 1) * sizeof(*zip->members));
    assert_non_null(zip->members);
    written *w = &zip->members[zip->count++];
    *w = (written){.member = *member};
    w->name_length = member->name_length ? member->name_length : strlen(member->name);
    w->name = malloc(w->name_length + 1);
    assert_non_null(w->name);
    memcpy(w->name, member->name, w->name_length);
    w->offset = (uint32_t)zip->data.length;
    unsigned char *packed = NULL;
    size_t packed_length = member->length;
    if (member->deflate) {
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
        assert_non_null(c);
        size_t bound = libdeflate_deflate_compress_bound(c, member->length);
        packed = malloc(bound + 1);
        assert_non_null(packed);
        packed_length =
            libdeflate_deflate_compress(c, member->bytes, member->length, packed, bound);
        assert_true(packed_length > 0);
        libdeflate_free_compressor(c);
    }
    w->method = member->method_lie ? member->method_lie : member->deflate ? 8 : 0;
    w->crc = libdeflate_crc32(0, member->bytes, member->length) ^ member->crc_lie;
    w->packed = (uint32_t)packed_length;
    w->size = (uint32_t)((int64_t)member->length + member->size_lie);
    put_local(&zip->data, w);
    put(&zip->data, packed ? packed : member->bytes, packed_length);
    if (member->flags & 8) {
        put_le(&zip->data, 0x08074b50, 4);
        put_le(&zip->data, w->crc, 4);
        put_le(&zip->data, w->packed, member->zip64 ? 8 : 4);
        put_le(&zip->data, w->size, member->zip64 ? 8 : 4);
    }
    free(packed);
}

void zip_writer_text(zip_writer *zip, const char *name, const char *text)
{
    zip_writer_add(
        zip, &(zip_member){.name = name, .bytes = text, .length = strlen(text), .deflate = 1});
}

void zip_writer_script(zip_writer *zip, const char *name, const char *text)
{
    zip_writer_add(zip, &(zip_member){.name = name,
                                      .bytes = text,
                                      .length = strlen(text),
                                      .deflate = 1,
                                      .unix_mode = 0100755});
}

void zip_writer_repeat(zip_writer *zip, size_t index, const char *name)
{
    zip->members = realloc(zip->members, (zip->count + 1) * sizeof(*zip->members));
    assert_non_null(zip->members);
    written *w = &zip->members[zip->count++];
    *w = zip->members[index];
    w->name = strdup(name);
    assert_non_null(w->name);
    w->name_length = strlen(name);
}

static void put_central(buffer *b, const written *w)
{
    put_le(b, 0x02014b50, 4);
    put_le(b, 3 << 8 | 45, 2);
    put_le(b, w->member.zip64 ? 45 : 20, 2);
    put_le(b, w->member.flags, 2);
    put_le(b, w->method, 2);
    put_le(b, 0x5A210000, 4);
    put_sizes(b, w, 0);
    put_le(b, 0, 2);
    put_le(b, 0, 2);
    put_le(b, 0, 2);
    put_le(b, (uint64_t)w->member.unix_mode << 16, 4);
    put_le(b, (uint64_t)((int64_t)w->offset + w->member.offset_lie), 4);
    put(b, w->name, w->name_length);
    put_zip64(b, w);
}

static void put_zip64_end(buffer *b, uint64_t count, uint64_t start, uint64_t end)
{
    put_le(b, 0x06064b50, 4);
    put_le(b, 44, 8);
    put_le(b, 45, 2);
    put_le(b, 45, 2);
    put_le(b, 0, 4);
    put_le(b, 0, 4);
    put_le(b, count, 8);
    put_le(b, count, 8);
    put_le(b, end - start, 8);
    put_le(b, start, 8);
    put_le(b, 0x07064b50, 4);
    put_le(b, 0, 4);
    put_le(b, end, 8);
    put_le(b, 1, 4);
}

unsigned char *zip_writer_finish(zip_writer *zip, const zip_end *end, size_t *ret_length)
{
    static const zip_end plain;
    buffer *b = &zip->data;
    const char *comment;
    if (!end)
        end = &plain;
    comment = end->comment ? end->comment : "";
    uint64_t start = b->length;
    for (size_t i = 0; i < zip->count; i++)
        put_central(b, &zip->members[i]);
    uint64_t stop = b->length, count = (uint64_t)((int64_t)zip->count + end->count_lie);
    if (end->zip64)
        put_zip64_end(b, count, start, stop);
    put_le(b, 0x06054b50, 4);
    put_le(b, 0, 4);
    put_le(b, end->zip64 ? 0xFFFF : count, 2);
    put_le(b, end->zip64 ? 0xFFFF : count, 2);
    put_le(b, end->zip64 ? 0xFFFFFFFF : stop - start, 4);
    put_le(b, end->zip64 ? 0xFFFFFFFF : (uint64_t)((int64_t)start + end->directory_offset_lie), 4);
    put_le(b, strlen(comment), 2);
    put(b, comment, strlen(comment));
    for (size_t i = 0; i < end->junk; i++)
        put(b, "x", 1);
    unsigned char *bytes = b->bytes;
    *ret_length = b->length - end->cut;
    for (size_t i = 0; i < zip->count; i++)
        free(zip->members[i].name);
    free(zip->members);
    free(zip);
    return bytes;
}

void zip_writer_save(zip_writer *zip, const zip_end *end, const char *path)
{
    size_t length;
    unsigned char *bytes = zip_writer_finish(zip, end, &length);
    test_file_write(path, bytes, length);
    free(bytes);
}
