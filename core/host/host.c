/* SPDX-License-Identifier: MIT */
/* query(), and the part of an instance that belongs to the services. */
#include "host_internal.h"

#include "base/alloc.h"
#include "base/log.h"

#include "platform/system.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COMPLAINTS_AT_ONCE 20.0
#define COMPLAINTS_A_SECOND 1.0

const void *RJ_CALL rj_host_query(const rj_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
        const char *capability; /* NULL: always granted */
    } services[] = {
        {RJ_HOST_OP, &rj_host_op_table, NULL},
        {RJ_HOST_EXEC, &rj_host_exec_table, NULL},
        {RJ_HOST_LOG, &rj_host_log_table, NULL},
        {RJ_HOST_CONFIG, &rj_host_config_table, NULL},
        {RJ_HOST_KV, &rj_host_kv_table, NULL},
        {RJ_HOST_EVENT, &rj_host_event_table, NULL},
        {RJ_HOST_TIMER, &rj_host_timer_table, NULL},
        {RJ_HOST_SPAWN, &rj_host_spawn_table, "spawn"},
        {RJ_HOST_SECRET, &rj_host_secret_table, "secret"},
    };
    rj_instance *instance = rj_host_instance(host);
    if (id && strcmp(id, RJ_HOST_UI) == 0)
        return rj_view_is_one(instance) ? &rj_host_ui_table : NULL;
    for (size_t i = 0; id && i < sizeof services / sizeof services[0]; i++) {
        if (strcmp(services[i].id, id) != 0)
            continue;
        if (!services[i].capability || rj_grants_any(&instance->grants, services[i].capability))
            return services[i].table;
        rj_host_complain(instance, "runtime", NULL, "plugin %s asked for %s, which is not granted",
                         instance->id, id);
        return NULL;
    }
    return NULL;
}

void rj_host_complain(rj_instance *instance, const char *logger, const char *correlation,
                      const char *format, ...)
{
    char text[RJ_ERROR_TEXT + 200];
    rj_host_state *state = instance->services;
    uv_mutex_lock(&instance->lock);
    bool may = rj_rate_take(&state->complaints, rj_clock_monotonic_ms(), 1.0, COMPLAINTS_AT_ONCE,
                            COMPLAINTS_A_SECOND);
    unsigned left_out = state->left_out;
    state->left_out = may ? 0 : left_out + 1;
    uv_mutex_unlock(&instance->lock);
    if (!may)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (left_out && length > 0 && (size_t)length < sizeof text)
        snprintf(text + length, sizeof text - (size_t)length, " (%u more were left out)", left_out);
    rj_log(RJ_LOG_WARNING, logger, correlation, "%s", text);
}

bool rj_host_on_loop(rj_instance *instance, const char *function)
{
    if (rj_loop_is_current(instance->runtime->options.loop))
        return true;
    rj_op_misbehaved(instance->runtime->ops, &instance->owner, 0,
                     "called %s from another thread than the loop's", function);
    return false;
}

rj_status rj_host_attach(rj_instance *instance, rj_error *err)
{
    instance->services = rj_calloc(1, sizeof *instance->services);
    return instance->services ? RJ_OK : rj_fail_memory(err, "making a plugin instance");
}

void rj_host_detach(rj_instance *instance)
{
    if (instance->services) {
        rj_free(instance->services->timers);
        rj_free(instance->services->subscriptions);
    }
    rj_free(instance->services);
    instance->services = NULL;
}

void rj_host_end(rj_instance *instance)
{
    rj_host_state *state = instance->services;
    unsigned timers = rj_host_timers(instance);
    unsigned subscriptions = 0;
    for (size_t i = 0; state->timers && i < RJ_HOST_TIMERS_MAX; i++) {
        rj_timer_stop(state->timers[i].timer);
        state->timers[i].timer = NULL;
    }
    for (size_t i = 0; state->subscriptions && i < RJ_HOST_SUBSCRIPTIONS_MAX; i++) {
        subscriptions += state->subscriptions[i].used;
        state->subscriptions[i].used = false;
    }
    if (timers || subscriptions)
        rj_op_misbehaved(instance->runtime->ops, &instance->owner, 0,
                         "stopped with %u timers and %u subscriptions left", timers, subscriptions);
}

unsigned rj_host_children(rj_instance *instance)
{
    uv_mutex_lock(&instance->lock);
    unsigned count = instance->services->child_count;
    uv_mutex_unlock(&instance->lock);
    return count;
}

unsigned rj_host_timers(rj_instance *instance)
{
    unsigned count = 0;
    const rj_host_timer_slot *timers = instance->services->timers;
    for (size_t i = 0; timers && i < RJ_HOST_TIMERS_MAX; i++)
        count += timers[i].timer != NULL;
    return count;
}
