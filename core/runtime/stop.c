/* SPDX-License-Identifier: MIT */
/*
 * Stopping, and what is in flight.
 *
 * Questions are refused and cancelled, answers awaited; then plugin by plugin, last loaded first:
 * stop(), its answer, nothing in flight any more, destroy().  Everything that ends calls
 * rj_runtime_check_stop(), which looks whether the next step can be taken.  A plugin that does not end
 * in time is left as it is: its code may still be running.
 */
#include "runtime/runner.h"

#include "base/alloc.h"
#include "base/log.h"
#include "host/host.h"

#include <stdio.h>

/* ---- In flight ------------------------------------------------------------------------------- */

/*
 * The one place that knows every kind of work in flight of an instance.  Returns how much there is;
 * with `list` also one text for each kind.  Ops are listed by the op table itself.
 */
static unsigned instance_in_flight(rj_runtime *runtime, rj_instance *instance, json_t *list)
{
    rj_lane *lane = atomic_load(&instance->owner.lane);
    const struct {
        const char *what;
        unsigned count;
    } kinds[] = {
        {"unanswered ops", rj_op_owner_live(runtime->ops, &instance->owner)},
        {"ops given up", rj_op_owner_abandoned(runtime->ops, &instance->owner)},
        {"lane jobs", lane ? rj_lane_jobs(lane) : 0},
        {"child processes", rj_host_children(instance)},
    };
    unsigned total = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        total += kinds[i].count;
        if (list && kinds[i].count)
            json_array_append_new(
                list, json_sprintf("%s: %u %s", instance->id, kinds[i].count, kinds[i].what));
    }
    return total;
}

json_t *rj_runtime_in_flight(rj_runtime *runtime)
{
    json_t *list = json_array();
    rj_ops_list(runtime->ops, list);
    for (size_t i = 0; i < runtime->instance_count; i++) {
        rj_instance *instance = runtime->instances[i];
        instance_in_flight(runtime, instance, list);
        unsigned timers = rj_host_timers(instance);
        if (timers)
            json_array_append_new(list, json_sprintf("%s: %u timers", instance->id, timers));
    }
    return list;
}

/* ---- The steps ------------------------------------------------------------------------------- */

static void tell_stopped(void *data)
{
    rj_runtime *runtime = data;
    if (runtime->stop_done)
        runtime->stop_done(runtime->stop_data);
}

/* By a post, so that everything posted before has run when the runtime is freed. */
static void end_stopping(rj_runtime *runtime)
{
    rj_timer_stop(runtime->stop_limit);
    runtime->stop_limit = NULL;
    runtime->stopped = true;
    rj_loop_post(runtime->options.loop, &runtime->end_post, tell_stopped, runtime);
}

static void on_stop_answered(const rj_op_answer *answer)
{
    rj_instance *instance = answer->data;
    rj_runtime *runtime = instance->runtime;
    if (answer->status)
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "plugin %s did not stop well: %s, %s", instance->id,
               rj_status_name(answer->status), answer->message);
    runtime->stop_answered = true;
}

static bool ask_to_stop(rj_runtime *runtime, rj_instance *instance)
{
    rj_question question = {.correlation = "stop",
                            .deadline_ms = (int64_t)runtime->options.grace_ms};
    rj_op_request request = {.owner = &instance->owner,
                             .what = "stop",
                             .question = &question,
                             .answered = on_stop_answered,
                             .data = instance};
    rj_op op = rj_op_new(runtime->ops, &request);
    if (!op)
        return false;
    instance->state = RJ_INSTANCE_STOPPING;
    runtime->stop_asked = true;
    runtime->stop_answered = false;
    rj_runner_stop(instance, op);
    return true;
}

static void go_on(rj_runtime *runtime)
{
    runtime->next_to_stop--;
    runtime->stop_asked = false;
}

/* True if the instance is done with, one way or the other. */
static bool stop_instance(rj_runtime *runtime, rj_instance *instance)
{
    if (!instance->plugin)
        return true;
    if (!runtime->stop_asked) {
        if (!ask_to_stop(runtime, instance))
            return true; /* out of memory: it stays as it is */
        return false;
    }
    if (!runtime->stop_answered || instance_in_flight(runtime, instance, NULL))
        return false;
    rj_host_end(instance);
    rj_runner_destroy(instance);
    instance->state = RJ_INSTANCE_STOPPED;
    return true;
}

static void check_stop(void *data)
{
    rj_runtime *runtime = data;
    runtime->stop_posted = false;
    if (!runtime->stopping || runtime->stopped)
        return;
    if (!runtime->stop_asked && rj_ops_live(runtime->ops))
        return; /* answers first */
    while (runtime->next_to_stop) {
        if (!stop_instance(runtime, runtime->instances[runtime->next_to_stop - 1]))
            return;
        go_on(runtime);
    }
    end_stopping(runtime);
}

void rj_runtime_check_stop(rj_runtime *runtime)
{
    if (!runtime->stopping || runtime->stopped || runtime->stop_posted)
        return;
    runtime->stop_posted = true;
    rj_loop_post(runtime->options.loop, &runtime->stop_post, check_stop, runtime);
}

static void log_in_flight(rj_runtime *runtime)
{
    json_t *list = rj_runtime_in_flight(runtime);
    for (size_t i = 0; i < json_array_size(list); i++)
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "still in flight at the end: %s",
               json_string_value(json_array_get(list, i)));
    json_decref(list);
}

/* The instance being stopped has had its time; the ones before it still get theirs. */
static void on_stop_limit(void *data)
{
    rj_runtime *runtime = data;
    log_in_flight(runtime);
    if (!runtime->stop_asked || !runtime->next_to_stop) {
        end_stopping(runtime); /* not even the answers came */
        return;
    }
    rj_instance *stuck = runtime->instances[runtime->next_to_stop - 1];
    rj_log(RJ_LOG_ERROR, "runtime", NULL, "plugin %s does not stop and is left as it is",
           stuck->id);
    go_on(runtime);
    rj_runtime_check_stop(runtime);
}

void rj_runtime_stop(rj_runtime *runtime, void (*stopped)(void *data), void *data)
{
    runtime->stop_done = stopped;
    runtime->stop_data = data;
    runtime->stopping = true;
    runtime->next_to_stop = runtime->instance_count;
    uint64_t limit = runtime->options.grace_ms * 2 + 100;
    rj_error err = RJ_ERROR_NONE;
    if (rj_timer_start(runtime->options.loop, limit, runtime->options.grace_ms, on_stop_limit,
                       runtime, &runtime->stop_limit, &err))
        rj_log(RJ_LOG_ERROR, "runtime", NULL, "stopping without a time limit: %s", err.text);
    rj_ops_cancel_all(runtime->ops, NULL);
    rj_runtime_check_stop(runtime);
}

/* ---- The end --------------------------------------------------------------------------------- */

/* Runtimes with a plugin that is still running: they must stay readable for it. */
static rj_runtime *left_behind;

bool rj_runtime_free(rj_runtime *runtime)
{
    if (!runtime)
        return true;
    bool clean = true;
    for (size_t i = 0; i < runtime->instance_count; i++) {
        rj_instance *instance = runtime->instances[i];
        clean &= !instance->plugin && !instance_in_flight(runtime, instance, NULL);
    }
    if (!clean) {
        runtime->next_left_behind = left_behind;
        left_behind = runtime;
        return false;
    }
    for (size_t i = runtime->instance_count; i-- > 0;)
        rj_registry_free_instance(runtime->instances[i]);
    rj_free(runtime->instances);
    rj_free((void *)(uintptr_t)runtime->check_ids);
    rj_event_queue_free(runtime->events);
    rj_ops_free(runtime->ops);
    json_decref(runtime->plugins_policy);
    rj_free(runtime);
    return true;
}
