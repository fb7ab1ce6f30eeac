/* SPDX-License-Identifier: MIT */
/* "rj.host.exec/1": blocking work on the instance's lane, which is made when first needed. */
#include "host_internal.h"

#include "base/alloc.h"
#include "base/log.h"

static bool begin(void *data, const rj_lane_job *job)
{
    rj_instance *instance = data;
    return rj_op_begin_job(instance->runtime->ops, job->op, job->late);
}

static void ended(void *data, const rj_lane_job *job, bool started)
{
    rj_instance *instance = data;
    job->done(job->op, job->data, started);
    rj_op_end_job(instance->runtime->ops, &instance->owner, job->op, started);
}

static void told(void *data)
{
    rj_instance *instance = data;
    rj_runtime_check_stop(instance->runtime);
}

static void unwedged(void *data, rj_op op)
{
    rj_instance *instance = data;
    char correlation[64];
    rj_op_correlation(instance->runtime->ops, op, correlation, sizeof correlation);
    rj_log(RJ_LOG_WARNING, "runtime", correlation,
           "plugin %s came back from work that had been given up; it is asked again", instance->id);
}

rj_lane *rj_instance_lane(rj_instance *instance)
{
    rj_lane *lane = atomic_load(&instance->owner.lane);
    if (lane)
        return lane;
    uv_mutex_lock(&instance->lock);
    lane = atomic_load(&instance->owner.lane);
    if (!lane) {
        rj_lane_hooks hooks = {
            .data = instance, .begin = begin, .ended = ended, .told = told, .unwedged = unwedged};
        if (rj_lane_new(instance->runtime->options.loop, &hooks, &lane, NULL) == RJ_OK)
            atomic_store(&instance->owner.lane, lane);
    }
    uv_mutex_unlock(&instance->lock);
    return lane;
}

static rj_status RJ_CALL run(const rj_host *host, rj_op op,
                             void(RJ_CALL *work)(rj_op op, void *data),
                             void(RJ_CALL *done)(rj_op op, void *data, int32_t started), void *data)
{
    rj_instance *instance = rj_host_instance(host);
    rj_ops *ops = instance->runtime->ops;
    if (!work || !done)
        return RJ_E_INVALID;
    rj_lane *lane = rj_instance_lane(instance);
    if (!lane)
        return RJ_E_NO_MEMORY;
    rj_lane_job job = {.op = op, .work = work, .done = done, .data = data};
    rj_status status = rj_op_add_job(ops, op, &job.late);
    if (status)
        return status;
    status = rj_lane_run(lane, &job);
    if (status)
        rj_op_remove_job(ops, op);
    return status;
}

const rj_host_exec rj_host_exec_table = {
    .size = sizeof(rj_host_exec), .minor = RJ_ABI_MINOR, .run = run};
