/* SPDX-License-Identifier: MIT */
/* Frames and their fields, see wire.h. */
#include "runtime/wire.h"

#include "base/alloc.h"
#include "platform/secret_memory.h"

#include <string.h>

/* ---- Writing --------------------------------------------------------------------------------- */

/* realloc() would leave a copy behind. */
static char *enlarge(const rj_wire_writer *writer, size_t capacity)
{
    if (!writer->secret)
        return rj_realloc(writer->bytes, capacity);
    char *bytes = rj_malloc(capacity);
    if (!bytes)
        return NULL;
    if (writer->length)
        memcpy(bytes, writer->bytes, writer->length);
    rj_wipe(writer->bytes, writer->length);
    rj_free(writer->bytes);
    return bytes;
}

/* Room for `more` bytes behind those there are. */
static char *grow(rj_wire_writer *writer, size_t more)
{
    if (writer->failed)
        return NULL;
    if (more > writer->capacity - writer->length) {
        size_t capacity = writer->capacity ? writer->capacity : 256;
        while (capacity - writer->length < more)
            capacity *= 2;
        char *bytes = enlarge(writer, capacity);
        if (!bytes) {
            writer->failed = true;
            return NULL;
        }
        writer->bytes = bytes;
        writer->capacity = capacity;
    }
    char *room = writer->bytes + writer->length;
    writer->length += more;
    return room;
}

static void store(char *target, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        target[i] = (char)(unsigned char)(value >> (8 * i));
}

static void put_number(rj_wire_writer *writer, uint64_t value, unsigned size)
{
    char *room = grow(writer, size);
    if (room)
        store(room, value, size);
}

void rj_wire_begin(rj_wire_writer *writer, rj_wire_type type, uint64_t handle)
{
    writer->length = 0;
    writer->failed = false;
    put_number(writer, 0, 4);
    put_number(writer, (uint64_t)type, 4);
    put_number(writer, handle, 8);
}

void rj_wire_put_u32(rj_wire_writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void rj_wire_put_i32(rj_wire_writer *writer, int32_t value)
{
    put_number(writer, (uint32_t)value, 4);
}

void rj_wire_put_u64(rj_wire_writer *writer, uint64_t value)
{
    put_number(writer, value, 8);
}

void rj_wire_put_i64(rj_wire_writer *writer, int64_t value)
{
    put_number(writer, (uint64_t)value, 8);
}

void rj_wire_put_bytes(rj_wire_writer *writer, const void *bytes, size_t length)
{
    if (length > RJ_WIRE_PAYLOAD_MAX) { /* told by rj_wire_end() */
        writer->length = RJ_WIRE_PAYLOAD_MAX + RJ_WIRE_HEADER + 1;
        writer->failed = true;
        return;
    }
    put_number(writer, length, 4);
    char *room = grow(writer, length + 1);
    if (!room)
        return;
    if (length)
        memcpy(room, bytes, length);
    room[length] = '\0';
}

void rj_wire_put_text(rj_wire_writer *writer, const char *text)
{
    rj_wire_put_bytes(writer, text, text ? strlen(text) : 0);
}

void rj_wire_put_list(rj_wire_writer *writer, const char *const *texts)
{
    uint32_t count = 0;
    while (texts && texts[count])
        count++;
    rj_wire_put_u32(writer, count);
    for (uint32_t i = 0; i < count; i++)
        rj_wire_put_text(writer, texts[i]);
}

rj_status rj_wire_end(rj_wire_writer *writer)
{
    if (writer->length > RJ_WIRE_PAYLOAD_MAX + RJ_WIRE_HEADER)
        return RJ_E_LIMIT;
    if (writer->failed)
        return RJ_E_NO_MEMORY;
    store(writer->bytes, writer->length - RJ_WIRE_HEADER, 4);
    return RJ_OK;
}

void rj_wire_discard(rj_wire_writer *writer)
{
    if (writer->secret && writer->bytes)
        rj_wipe(writer->bytes, writer->capacity);
    rj_free(writer->bytes);
    *writer = (rj_wire_writer){0};
}

/* ---- Reading --------------------------------------------------------------------------------- */

static uint64_t load(const char *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return value;
}

static bool belongs(rj_wire_direction direction, uint64_t type)
{
    switch (direction) {
    case RJ_WIRE_TO_WORKER:
        return type >= RJ_WIRE_SETUP && type <= RJ_WIRE_STOP;
    case RJ_WIRE_TO_CORE:
        return type >= RJ_WIRE_HELLO && type <= RJ_WIRE_STOPPED;
    case RJ_WIRE_CALL:
        return type >= RJ_WIRE_QUERY && type <= RJ_WIRE_SECRET_ATTACH;
    case RJ_WIRE_ANSWER:
        return type == RJ_WIRE_REPLY;
    }
    return false;
}

rj_status rj_wire_take(rj_wire_direction direction, const char *bytes, size_t length,
                       rj_wire_frame *ret_frame, size_t *ret_used)
{
    *ret_used = 0;
    if (length < RJ_WIRE_HEADER)
        return RJ_E_BUSY;
    uint64_t payload = load(bytes, 4);
    uint64_t type = load(bytes + 4, 4); /* the two zero bytes included */
    if (!belongs(direction, type))
        return RJ_E_CORRUPT;
    if (payload > RJ_WIRE_PAYLOAD_MAX)
        return RJ_E_LIMIT;
    *ret_used = RJ_WIRE_HEADER + (size_t)payload;
    if (length < *ret_used)
        return RJ_E_BUSY;
    *ret_frame = (rj_wire_frame){.type = (rj_wire_type)type,
                                 .handle = load(bytes + 8, 8),
                                 .payload = bytes + RJ_WIRE_HEADER,
                                 .length = (size_t)payload};
    return RJ_OK;
}

rj_wire_reader rj_wire_read(const rj_wire_frame *frame)
{
    return (rj_wire_reader){.at = frame->payload, .end = frame->payload + frame->length};
}

static const char *take(rj_wire_reader *reader, size_t size)
{
    if (reader->failed || (size_t)(reader->end - reader->at) < size) {
        reader->failed = true;
        return NULL;
    }
    const char *found = reader->at;
    reader->at += size;
    return found;
}

static uint64_t get_number(rj_wire_reader *reader, unsigned size)
{
    const char *bytes = take(reader, size);
    return bytes ? load(bytes, size) : 0;
}

uint32_t rj_wire_get_u32(rj_wire_reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

int32_t rj_wire_get_i32(rj_wire_reader *reader)
{
    return (int32_t)(uint32_t)get_number(reader, 4);
}

uint64_t rj_wire_get_u64(rj_wire_reader *reader)
{
    return get_number(reader, 8);
}

int64_t rj_wire_get_i64(rj_wire_reader *reader)
{
    return (int64_t)get_number(reader, 8);
}

const char *rj_wire_get_bytes(rj_wire_reader *reader, size_t *ret_length)
{
    uint32_t length = rj_wire_get_u32(reader);
    const char *bytes = length <= RJ_WIRE_PAYLOAD_MAX ? take(reader, (size_t)length + 1) : NULL;
    if (!bytes || bytes[length] != '\0') {
        reader->failed = true;
        *ret_length = 0;
        return "";
    }
    *ret_length = length;
    return bytes;
}

const char *rj_wire_get_text(rj_wire_reader *reader)
{
    size_t length = 0;
    const char *text = rj_wire_get_bytes(reader, &length);
    if (strlen(text) == length)
        return text;
    reader->failed = true;
    return "";
}

const char **rj_wire_get_list(rj_wire_reader *reader)
{
    uint32_t count = rj_wire_get_u32(reader);
    /* Each text takes at least five bytes: a count that cannot be true allocates nothing. */
    if (count > RJ_WIRE_LIST_MAX || count > (size_t)(reader->end - reader->at) / 5)
        reader->failed = true;
    const char **texts = reader->failed ? NULL : rj_calloc((size_t)count + 1, sizeof *texts);
    if (!texts) {
        reader->failed = true;
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        texts[i] = rj_wire_get_text(reader);
    if (!reader->failed)
        return texts;
    rj_free((void *)texts);
    return NULL;
}

bool rj_wire_read_end(const rj_wire_reader *reader)
{
    return !reader->failed && reader->at == reader->end;
}
