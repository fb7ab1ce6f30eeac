/* SPDX-License-Identifier: MIT */
/* The way from a worker to its core, see uplink.h. */
#include "worker/uplink.h"

#include "base/alloc.h"
#include "platform/secret_memory.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "platform/worker_process.h"

#include <uv.h>

static uv_mutex_t frames_lock;
static uv_mutex_t calls_lock;

rj_status rj_uplink_open(rj_error *err)
{
    if (uv_mutex_init(&frames_lock))
        return rj_fail_memory(err, "talking to the core");
    if (uv_mutex_init(&calls_lock)) {
        uv_mutex_destroy(&frames_lock);
        return rj_fail_memory(err, "talking to the core");
    }
    return RJ_OK;
}

void rj_uplink_close(void)
{
    uv_mutex_destroy(&frames_lock);
    uv_mutex_destroy(&calls_lock);
}

/* Nobody is left to work for. */
static void transmit(int stream, const char *bytes, size_t length)
{
    if (!rj_stream_write_all(stream, bytes, length))
        rj_system_exit_now(0);
}

rj_status rj_uplink_send(rj_wire_writer *writer)
{
    rj_status status = rj_wire_end(writer);
    uv_mutex_lock(&frames_lock);
    if (!status)
        transmit(RJ_WORKER_FRAMES, writer->bytes, writer->length);
    uv_mutex_unlock(&frames_lock);
    rj_wire_discard(writer);
    return status;
}

/* The answer's bytes, rj_free(); NULL: out of memory. */
static char *receive(rj_wire_frame *ret_frame)
{
    char header[RJ_WIRE_HEADER];
    size_t size = 0;
    if (!rj_stream_read_all(RJ_WORKER_CALLS, header, sizeof header))
        rj_system_exit_now(0);
    rj_status status = rj_wire_take(RJ_WIRE_ANSWER, header, sizeof header, ret_frame, &size);
    char *bytes = size ? rj_malloc(size) : NULL;
    if ((status && status != RJ_E_BUSY) || !bytes)
        return NULL;
    for (size_t i = 0; i < sizeof header; i++)
        bytes[i] = header[i];
    if (!rj_stream_read_all(RJ_WORKER_CALLS, bytes + sizeof header, size - sizeof header))
        rj_system_exit_now(0);
    if (rj_wire_take(RJ_WIRE_ANSWER, bytes, size, ret_frame, &size) == RJ_OK)
        return bytes;
    rj_free(bytes);
    return NULL;
}

rj_status rj_uplink_call(rj_wire_writer *writer, rj_sink sink, void *data)
{
    rj_wire_frame frame = {0};
    char *bytes = NULL;
    rj_status status = rj_wire_end(writer);
    if (!status) {
        uv_mutex_lock(&calls_lock);
        transmit(RJ_WORKER_CALLS, writer->bytes, writer->length);
        bytes = receive(&frame);
        uv_mutex_unlock(&calls_lock);
        /* Without its answer the next call would be given this one's. */
        if (!bytes)
            rj_system_exit_now(1);
    }
    rj_wire_discard(writer);
    if (status)
        return status;
    size_t length = 0;
    rj_wire_reader reader = rj_wire_read(&frame);
    status = rj_wire_get_i32(&reader);
    const char *pushed = rj_wire_get_bytes(&reader, &length);
    if (!status && sink)
        sink(data, pushed, length);
    rj_wipe(bytes, RJ_WIRE_HEADER + frame.length);
    rj_free(bytes);
    return status;
}
