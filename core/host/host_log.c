/* SPDX-License-Identifier: MIT */
/* "rj.host.log/1": lines marked with the plugin's id and the op's correlation. */
#include "host_internal.h"

#include "base/log.h"

#include <stdio.h>

static void RJ_CALL write_line(const rj_host *host, int32_t level, rj_op op, const char *text)
{
    const rj_instance *instance = rj_host_instance(host);
    if (!text)
        return;
    char logger[96];
    char correlation[64];
    snprintf(logger, sizeof logger, "plugin.%s", instance->id);
    rj_op_correlation(instance->runtime->ops, op, correlation, sizeof correlation);
    int known = level < RJ_LOG_ERROR ? RJ_LOG_ERROR : level > RJ_LOG_DEBUG ? RJ_LOG_DEBUG : level;
    rj_log(known, logger, correlation, "%s", text);
}

const rj_host_log rj_host_log_table = {
    .size = sizeof(rj_host_log), .minor = RJ_ABI_MINOR, .write = write_line};
