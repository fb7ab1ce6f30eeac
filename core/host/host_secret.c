/* SPDX-License-Identifier: MIT */
/* "rj.host.secret": secrets beside documents; the op table keeps them. */
#include "host_internal.h"

#include "runtime/op_secret.h"

static rj_secret RJ_CALL of_op(const rj_host *host, rj_op op)
{
    rj_instance *instance = rj_host_instance(host);
    return rj_op_secret_of(instance->runtime->ops, &instance->owner, op);
}

static rj_status RJ_CALL read_secret(const rj_host *host, rj_secret secret, rj_sink sink,
                                     void *data)
{
    rj_instance *instance = rj_host_instance(host);
    return rj_op_read_secret(instance->runtime->ops, &instance->owner, secret, sink, data);
}

static rj_status RJ_CALL attach(const rj_host *host, rj_op op, const char *name, const void *bytes,
                                size_t length)
{
    rj_instance *instance = rj_host_instance(host);
    return rj_op_attach(instance->runtime->ops, &instance->owner, op, name, bytes, length);
}

const rj_host_secret rj_host_secret_table = {.size = sizeof(rj_host_secret),
                                             .minor = RJ_ABI_MINOR,
                                             .attach = attach,
                                             .read = read_secret,
                                             .of_op = of_op};
