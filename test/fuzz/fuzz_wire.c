/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a worker or of a core: the first says which direction, the rest is the stream.  What is
 * found lies in the buffer, and a frame that is written again from its fields is the same frame.
 */
#include "runtime/wire.h"

#include "base/alloc.h"
#include "fuzz_target.h"

#include <stdlib.h>
#include <string.h>

static void must(bool good)
{
    if (!good)
        abort();
}

static void check_inside(const rj_wire_frame *frame, const char *text, size_t length)
{
    if (length == 0 && (text < frame->payload || text >= frame->payload + frame->length))
        return; /* the empty text of a failure */
    must(text >= frame->payload && text + length < frame->payload + frame->length);
    must(text[length] == '\0');
}

static void read_list(const rj_wire_frame *frame, rj_wire_reader *reader)
{
    const char **texts = rj_wire_get_list(reader);
    must((texts == NULL) == reader->failed);
    for (size_t i = 0; texts && texts[i]; i++)
        check_inside(frame, texts[i], strlen(texts[i]));
    rj_free((void *)texts);
}

/* Fields in the order that `order` says, two bits each. */
static void read_fields(const rj_wire_frame *frame, uint64_t order)
{
    rj_wire_reader reader = rj_wire_read(frame);
    for (unsigned i = 0; i < 16 && reader.at < reader.end && !reader.failed; i++, order >>= 2) {
        size_t length = 0;
        const char *bytes;
        switch (order & 3) {
        case 0:
            rj_wire_get_i32(&reader);
            break;
        case 1:
            rj_wire_get_i64(&reader);
            break;
        case 2:
            bytes = rj_wire_get_bytes(&reader, &length);
            check_inside(frame, bytes, length);
            break;
        default:
            if (order & 4) {
                read_list(frame, &reader);
                break;
            }
            bytes = rj_wire_get_text(&reader);
            check_inside(frame, bytes, strlen(bytes));
        }
        must(reader.at >= frame->payload && reader.at <= reader.end);
    }
    if (rj_wire_read_end(&reader))
        must(!reader.failed && reader.at == frame->payload + frame->length);
}

static void write_again(const rj_wire_frame *frame, const char *bytes, size_t length)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, frame->type, frame->handle);
    rj_wire_reader reader = rj_wire_read(frame);
    while (reader.at < reader.end && (size_t)(reader.end - reader.at) >= 4)
        rj_wire_put_u32(&writer, rj_wire_get_u32(&reader));
    must(rj_wire_end(&writer) == RJ_OK);
    size_t same = writer.length < length ? writer.length : length;
    must(writer.length + 3 >= length);
    if (frame->length % 4 == 0)
        must(writer.length == length && memcmp(writer.bytes, bytes, length) == 0);
    else
        must(memcmp(writer.bytes + 4, bytes + 4, same - 4) == 0);
    rj_wire_discard(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *bytes = (const char *)data + 1;
    size_t left = size - 1;
    rj_wire_direction direction = (rj_wire_direction)(data[0] % 4);
    for (;;) {
        rj_wire_frame frame = {0};
        size_t used = 0;
        rj_status status = rj_wire_take(direction, bytes, left, &frame, &used);
        must(status == RJ_OK || status == RJ_E_BUSY || status == RJ_E_CORRUPT ||
             status == RJ_E_LIMIT);
        if (status == RJ_E_BUSY)
            must(used == 0 || (used > left && used <= RJ_WIRE_PAYLOAD_MAX + RJ_WIRE_HEADER));
        if (status)
            return 0;
        must(used >= RJ_WIRE_HEADER && used <= left);
        must(frame.payload == bytes + RJ_WIRE_HEADER && frame.length == used - RJ_WIRE_HEADER);
        read_fields(&frame, frame.handle);
        read_fields(&frame, ~frame.handle);
        read_fields(&frame, UINT64_C(0xaaaaaaaaaaaaaaaa));
        write_again(&frame, bytes, used);
        bytes += used;
        left -= used;
    }
}
