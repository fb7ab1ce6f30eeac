/* SPDX-License-Identifier: MIT */
/* rj.host.ui: what a view tells of the person. */
#include "host_internal.h"

#include <string.h>

#define ACTION_MAX 256u

static rj_status RJ_CALL act(const rj_host *host, int64_t revision, const char *action)
{
    const rj_runtime *runtime = rj_host_instance(host)->runtime;
    if (!action || !*action || strnlen(action, ACTION_MAX + 1) > ACTION_MAX)
        return RJ_E_INVALID;
    return runtime->act ? runtime->act(runtime->act_data, revision, action) : RJ_E_NOT_APPLICABLE;
}

const rj_host_ui rj_host_ui_table = {.size = sizeof(rj_host_ui), .minor = RJ_ABI_MINOR, .act = act};
