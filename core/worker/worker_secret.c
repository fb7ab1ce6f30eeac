/* SPDX-License-Identifier: MIT */
/* Secrets of a plugin in a worker: they stay in the core, and are passed on when they are asked for. */
#include "worker/worker.h"

#include "worker/uplink.h"

static rj_status RJ_CALL attach(const rj_host *host, rj_op op, const char *name, const void *bytes,
                                size_t length)
{
    rj_wire_writer writer = {.secret = true};
    (void)host;
    if (!name || (length && !bytes))
        return RJ_E_INVALID;
    rj_wire_begin(&writer, RJ_WIRE_SECRET_ATTACH, op);
    rj_wire_put_text(&writer, name);
    rj_wire_put_bytes(&writer, bytes, length);
    return rj_uplink_call(&writer, NULL, NULL);
}

static rj_status RJ_CALL read_secret(const rj_host *host, rj_secret secret, rj_sink sink,
                                     void *data)
{
    rj_wire_writer writer = {0};
    (void)host;
    if (!sink)
        return RJ_E_INVALID;
    rj_wire_begin(&writer, RJ_WIRE_SECRET_READ, secret);
    return rj_uplink_call(&writer, sink, data);
}

static void RJ_CALL take_handle(void *data, const void *bytes, size_t length)
{
    rj_secret *handle = data;
    const unsigned char *at = bytes;
    for (size_t i = 0; i < 8 && i < length; i++)
        *handle |= (rj_secret)at[i] << (8 * i);
}

static rj_secret RJ_CALL of_op(const rj_host *host, rj_op op)
{
    rj_secret handle = 0;
    rj_wire_writer writer = {0};
    (void)host;
    rj_wire_begin(&writer, RJ_WIRE_SECRET_OF, op);
    rj_uplink_call(&writer, take_handle, &handle);
    return handle;
}

const rj_host_secret rj_worker_secret_table = {.size = sizeof(rj_host_secret),
                                               .minor = RJ_ABI_MINOR,
                                               .attach = attach,
                                               .read = read_secret,
                                               .of_op = of_op};
