/* SPDX-License-Identifier: MIT */
/* The payload of a worker's first frame; what is read, written and read again says the same. */
#include "runtime/setup.h"

#include "fuzz_target.h"

#include <stdlib.h>
#include <string.h>

static void must(bool good)
{
    if (!good)
        abort();
}

static void write_setup(rj_wire_writer *writer, const rj_setup *setup, rj_wire_frame *ret_frame)
{
    size_t used = 0;
    must(rj_setup_write(writer, setup) == RJ_OK);
    must(rj_wire_take(RJ_WIRE_TO_WORKER, writer->bytes, writer->length, ret_frame, &used) == RJ_OK);
    must(used == writer->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rj_wire_frame frame = {.type = RJ_WIRE_SETUP, .payload = (const char *)data, .length = size};
    rj_setup_copy first = {0};
    rj_setup_copy second = {0};
    rj_wire_writer one = {0};
    rj_wire_writer two = {0};
    rj_status status = rj_setup_read(&frame, &first);
    if (status) {
        must(status == RJ_E_CORRUPT && !first.setup.id && !first.paths);
        return 0;
    }
    write_setup(&one, &first.setup, &frame);
    must(frame.length == size);
    must(rj_setup_read(&frame, &second) == RJ_OK);
    write_setup(&two, &second.setup, &frame);
    must(one.length == two.length && memcmp(one.bytes, two.bytes, one.length) == 0);
    rj_setup_free(&first);
    rj_setup_free(&second);
    rj_wire_discard(&one);
    rj_wire_discard(&two);
    return 0;
}
