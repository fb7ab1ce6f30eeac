/* SPDX-License-Identifier: MIT */
/* "rj.host.op/1": the plugin's side of the op table. */
#include "host_internal.h"

static void RJ_CALL progress(const rj_host *host, rj_op op, int32_t permille, const char *text)
{
    rj_op_progress(rj_host_instance(host)->runtime->ops, op, permille, text);
}

static rj_status RJ_CALL set_result(const rj_host *host, rj_op op, const char *json, size_t length)
{
    rj_instance *instance = rj_host_instance(host);
    return rj_op_set_result(instance->runtime->ops, &instance->owner, op, json, length);
}

static void RJ_CALL finish(const rj_host *host, rj_op op, rj_status status, const char *message)
{
    rj_instance *instance = rj_host_instance(host);
    rj_op_finish(instance->runtime->ops, &instance->owner, op, status, message);
}

static int32_t RJ_CALL cancelled(const rj_host *host, rj_op op)
{
    return rj_op_cancelled(rj_host_instance(host)->runtime->ops, op);
}

static int64_t RJ_CALL remaining_ms(const rj_host *host, rj_op op)
{
    return rj_op_remaining_ms(rj_host_instance(host)->runtime->ops, op);
}

static rj_status RJ_CALL on_cancel(const rj_host *host, rj_op op, void(RJ_CALL *wake)(void *data),
                                   void *data)
{
    return rj_op_on_cancel(rj_host_instance(host)->runtime->ops, op, wake, data);
}

const rj_host_op rj_host_op_table = {
    .size = sizeof(rj_host_op),
    .minor = RJ_ABI_MINOR,
    .progress = progress,
    .set_result = set_result,
    .finish = finish,
    .cancelled = cancelled,
    .remaining_ms = remaining_ms,
    .on_cancel = on_cancel,
};
