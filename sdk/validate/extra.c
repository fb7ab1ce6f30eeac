/* SPDX-License-Identifier: MIT */
/*
 * They answer through the host of the stage's own instance, whose ops, lane and timers they share: what
 * is in flight there, while that instance is asked nothing, is theirs.
 */
#include "extra.h"

#include "base/alloc.h"
#include "base/json.h"
#include "host/host_internal.h"
#include "misbehaviour.h"
#include "platform/system.h"
#include "runtime/runner.h"

/* Timers and subscriptions. */
static unsigned count_held(const rj_instance *instance)
{
    unsigned count = rj_host_timers((rj_instance *)(uintptr_t)instance);
    const rj_host_subscription *subscriptions = instance->services->subscriptions;
    for (size_t i = 0; subscriptions && i < RJ_HOST_SUBSCRIPTIONS_MAX; i++)
        count += subscriptions[i].used;
    return count;
}

rj_status rj_extra_create_with(rj_stage *stage, const rj_host *host, const char *config,
                               rj_plugin **ret_plugin)
{
    stage->held = count_held(stage->instance);
    uint64_t began = rj_clock_monotonic_ms();
    rj_status status = stage->instance->desc.create(host, config, ret_plugin);
    rj_stage_called(stage, began);
    return status;
}

rj_status rj_extra_create(rj_stage *stage, const char *config, rj_plugin **ret_plugin)
{
    return rj_extra_create_with(stage, &stage->instance->host, config, ret_plugin);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void on_answer(void *data, const rj_answer *answer)
{
    rj_asked *asked = data;
    asked->answers++;
    asked->answered = true;
    asked->status = answer->status;
}

static rj_op new_op(rj_stage *stage, const char *what, int64_t deadline_ms, rj_asked *asked)
{
    *asked = (rj_asked){.asked_ms = rj_clock_monotonic_ms()};
    rj_question question = {.correlation = "validate",
                            .deadline_ms = deadline_ms,
                            .answered = on_answer,
                            .data = asked};
    rj_op_request request = {.owner = &stage->instance->owner,
                             .what = what,
                             .question = &question,
                             .answered = rj_runner_answered,
                             .data = stage->instance};
    return asked->id = rj_op_new(stage->runtime->ops, &request);
}

static void call_verb(const rj_package *table, rj_plugin *plugin, rj_package_verb verb,
                      const char *request, rj_op op)
{
    void(RJ_CALL *const calls[])(rj_plugin *, const char *, rj_op) = {
        table->detect, table->fetch, table->install, table->uninstall, table->recover};
    calls[verb](plugin, request, op);
}

void rj_extra_ask(rj_stage *stage, rj_plugin *plugin, const rj_method *method, int64_t deadline_ms,
                  rj_asked *asked)
{
    const char *interface = method->check_id ? RJ_CHECK : RJ_PACKAGE;
    rj_op op = new_op(stage, method->label, deadline_ms, asked);
    const void *table = stage->instance->desc.query(plugin, interface);
    asked->method = method;
    if (!table || !op) {
        rj_report_finding(stage->report, "every instance offers the same interfaces",
                          "query() must not depend on what happened before",
                          "a further instance gave no table for %s", interface);
        asked->answered = true;
        return;
    }
    if (method->check_id) {
        ((const rj_check *)table)->evaluate(plugin, method->check_id, op);
        return;
    }
    json_t *request = rj_ask_request(stage, method, NULL);
    char *text = rj_json_print(request, NULL);
    call_verb(table, plugin, method->verb, text ? text : "{}", op);
    rj_free(text);
    json_decref(request);
}

/* ---- The end --------------------------------------------------------------------------------- */

static bool is_idle(rj_stage *stage)
{
    rj_lane *lane = rj_instance_lane(stage->instance);
    return (!lane || !rj_lane_jobs(lane)) && !rj_host_children(stage->instance);
}

bool rj_extra_destroy(rj_stage *stage, rj_plugin *plugin)
{
    static rj_asked asked;
    rj_op op = new_op(stage, "stop", stage->options->grace_ms, &asked);
    uint64_t began = rj_clock_monotonic_ms();
    stage->instance->desc.stop(plugin, op);
    rj_stage_called(stage, began);
    bool stopped = rj_ask_wait(stage, &asked, stage->options->grace_ms * 2 + 1000);
    if (!stopped || asked.status == RJ_E_ABANDONED) {
        rj_report_finding(stage->report, "stop() is answered in time",
                          "finish its op as soon as nothing runs any more",
                          "it was not answered within %lld ms",
                          (long long)stage->options->grace_ms);
        return false;
    }
    if (!is_idle(stage)) {
        rj_report_finding(stage->report, "stop() is answered when nothing is running any more",
                          "count jobs and children, and finish the op of stop() in the `done` or "
                          "`on_exit` of the last one",
                          "it was answered while the plugin's lane or a child still worked");
        for (int i = 0; i < 100 && !is_idle(stage); i++)
            rj_stage_turn(stage, 50);
        if (!is_idle(stage))
            return false;
    }
    unsigned held = count_held(stage->instance);
    if (held > stage->held) {
        rj_report_finding(stage->report, "stop() gives back every timer and subscription",
                          "stop timers and unsubscribe in stop()", "%u were left",
                          held - stage->held);
        rj_host_end(stage->instance); /* before they call into what is freed */
        rj_misbehaviour_forget();
    }
    began = rj_clock_monotonic_ms();
    stage->instance->desc.destroy(plugin);
    rj_stage_called(stage, began);
    return true;
}
