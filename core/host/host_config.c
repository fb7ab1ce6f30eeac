/* SPDX-License-Identifier: MIT */
/* "rj.host.config/1": the instance's present settings. */
#include "host_internal.h"

#include "base/alloc.h"
#include "base/log.h"

#include <string.h>

static rj_status RJ_CALL read_config(const rj_host *host, rj_sink sink, void *data)
{
    rj_instance *instance = rj_host_instance(host);
    if (!sink)
        return RJ_E_INVALID;
    uv_mutex_lock(&instance->lock);
    char *copy = rj_strdup(instance->config); /* the sink is foreign code: no lock around it */
    uv_mutex_unlock(&instance->lock);
    if (!copy)
        return RJ_E_NO_MEMORY;
    sink(data, copy, strlen(copy));
    rj_free(copy);
    return RJ_OK;
}

void rj_host_configure(rj_instance *instance, char *config)
{
    uv_mutex_lock(&instance->lock);
    char *former = instance->config;
    bool changed = !former || strcmp(former, config) != 0;
    instance->config = config;
    uv_mutex_unlock(&instance->lock);
    rj_free(former);
    if (changed && rj_event_queue_put(instance->runtime->events, instance, "host.config", config,
                                      strlen(config)))
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "plugin %s could not be told of its new settings",
               instance->id);
}

const rj_host_config rj_host_config_table = {
    .size = sizeof(rj_host_config), .minor = RJ_ABI_MINOR, .read = read_config};
