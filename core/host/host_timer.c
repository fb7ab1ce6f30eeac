/* SPDX-License-Identifier: MIT */
/* "rj.host.timer/1": numbered timers on the loop, a bounded number for each plugin. */
#include "host_internal.h"

#include "base/alloc.h"

static void fire(void *data)
{
    rj_host_timer_slot *slot = data;
    void(RJ_CALL * call)(void *) = slot->fire;
    void *call_data = slot->data;
    if (slot->once) {
        rj_timer_stop(slot->timer);
        slot->timer = NULL;
    }
    call(call_data);
}

static rj_status RJ_CALL start(const rj_host *host, uint64_t delay_ms, uint64_t period_ms,
                               void(RJ_CALL *call)(void *data), void *data, uint64_t *ret_timer)
{
    rj_instance *instance = rj_host_instance(host);
    if (!call || !ret_timer || !rj_host_on_loop(instance, "timer.start"))
        return RJ_E_INVALID;
    rj_host_state *state = instance->services;
    if (!state->timers)
        state->timers = rj_calloc(RJ_HOST_TIMERS_MAX, sizeof *state->timers);
    if (!state->timers)
        return RJ_E_NO_MEMORY;
    for (uint32_t i = 0; i < RJ_HOST_TIMERS_MAX; i++) {
        rj_host_timer_slot *slot = &state->timers[i];
        if (slot->timer)
            continue;
        rj_status status = rj_timer_start(instance->runtime->options.loop, delay_ms, period_ms,
                                          fire, slot, &slot->timer, NULL);
        if (status)
            return status;
        slot->generation++;
        slot->once = period_ms == 0;
        slot->fire = call;
        slot->data = data;
        *ret_timer = (uint64_t)slot->generation << 32 | i;
        return RJ_OK;
    }
    return RJ_E_LIMIT;
}

static void RJ_CALL stop(const rj_host *host, uint64_t timer)
{
    rj_instance *instance = rj_host_instance(host);
    uint32_t index = (uint32_t)timer;
    if (index >= RJ_HOST_TIMERS_MAX || !rj_host_on_loop(instance, "timer.stop") ||
        !instance->services->timers)
        return;
    rj_host_timer_slot *slot = &instance->services->timers[index];
    if (!slot->timer || slot->generation != (uint32_t)(timer >> 32))
        return;
    rj_timer_stop(slot->timer);
    slot->timer = NULL;
}

const rj_host_timer rj_host_timer_table = {
    .size = sizeof(rj_host_timer), .minor = RJ_ABI_MINOR, .start = start, .stop = stop};
