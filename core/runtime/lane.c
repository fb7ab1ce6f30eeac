/* SPDX-License-Identifier: MIT */
/*
 * Jobs live in an array inside the lane, so queueing allocates nothing.  Each travels
 *
 *     free -> queued -> running -> ended (posted to the loop) -> free
 *                 \____ dropped ____/
 *
 * The lock guards states and lists; it is never held while foreign code runs.
 */
#include "runtime/lane.h"

#include "base/alloc.h"

#include <uv.h>

typedef struct slot {
    rj_lane_job job;
    rj_lane *lane;
    struct slot *next; /* in the list of free or of queued ones */
    bool started;
    rj_post post;
} slot;

struct rj_lane {
    rj_loop *loop;
    rj_lane_hooks hooks;
    uv_mutex_t lock;
    uv_cond_t wake;
    uv_thread_t thread;
    bool has_thread;
    bool quit;
    bool wedged;
    unsigned jobs;
    slot *free;
    slot *queue;
    slot **queue_end;
    slot *running;
    slot slots[RJ_LANE_JOBS];
};

/* ---- The loop's side ------------------------------------------------------------------------- */

static void job_ended(void *data)
{
    slot *s = data;
    rj_lane *lane = s->lane;
    rj_lane_job job = s->job;
    bool started = s->started;
    lane->hooks.ended(lane->hooks.data, &job, started);
    uv_mutex_lock(&lane->lock);
    s->next = lane->free;
    lane->free = s;
    lane->jobs--;
    uv_mutex_unlock(&lane->lock);
    lane->hooks.told(lane->hooks.data);
}

static void job_ended_after_all(void *data)
{
    slot *s = data;
    s->lane->hooks.unwedged(s->lane->hooks.data, s->job.op);
    job_ended(s);
}

void rj_lane_drop(rj_lane *lane, rj_op op)
{
    slot *dropped = NULL;
    slot **dropped_end = &dropped;
    uv_mutex_lock(&lane->lock);
    for (slot **at = &lane->queue; *at;) {
        slot *s = *at;
        if (s->job.op != op || s->job.late) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        s->next = NULL;
        *dropped_end = s;
        dropped_end = &s->next;
    }
    lane->queue_end = &lane->queue;
    while (*lane->queue_end)
        lane->queue_end = &(*lane->queue_end)->next;
    uv_mutex_unlock(&lane->lock);
    while (dropped) {
        slot *next = dropped->next;
        rj_loop_post(lane->loop, &dropped->post, job_ended, dropped);
        dropped = next;
    }
}

/* ---- The lane's side ------------------------------------------------------------------------- */

static void lane_main(void *data)
{
    rj_lane *lane = data;
    uv_mutex_lock(&lane->lock);
    for (;;) {
        while (!lane->queue && !lane->quit)
            uv_cond_wait(&lane->wake, &lane->lock);
        slot *s = lane->queue;
        if (!s)
            break;
        lane->queue = s->next;
        if (!lane->queue)
            lane->queue_end = &lane->queue;
        lane->running = s;
        uv_mutex_unlock(&lane->lock);

        s->started = lane->hooks.begin(lane->hooks.data, &s->job);
        if (s->started)
            s->job.work(s->job.op, s->job.data);

        uv_mutex_lock(&lane->lock);
        lane->running = NULL;
        bool after_all = lane->wedged;
        lane->wedged = false;
        rj_loop_post(lane->loop, &s->post, after_all ? job_ended_after_all : job_ended, s);
    }
    uv_mutex_unlock(&lane->lock);
}

/* ---- For others ------------------------------------------------------------------------------ */

rj_status rj_lane_new(rj_loop *loop, const rj_lane_hooks *hooks, rj_lane **ret_lane, rj_error *err)
{
    rj_lane *lane = rj_calloc(1, sizeof *lane);
    if (!lane)
        return rj_fail_memory(err, "making a plugin's lane");
    if (uv_mutex_init(&lane->lock)) {
        rj_free(lane);
        return rj_fail_memory(err, "making a plugin's lane");
    }
    if (uv_cond_init(&lane->wake)) {
        uv_mutex_destroy(&lane->lock);
        rj_free(lane);
        return rj_fail_memory(err, "making a plugin's lane");
    }
    lane->loop = loop;
    lane->hooks = *hooks;
    lane->queue_end = &lane->queue;
    for (size_t i = 0; i < RJ_LANE_JOBS; i++) {
        lane->slots[i].lane = lane;
        lane->slots[i].next = lane->free;
        lane->free = &lane->slots[i];
    }
    *ret_lane = lane;
    return RJ_OK;
}

rj_status rj_lane_run(rj_lane *lane, const rj_lane_job *job)
{
    rj_status status = RJ_OK;
    uv_mutex_lock(&lane->lock);
    slot *s = lane->free;
    if (!s || lane->wedged || lane->quit) {
        status = RJ_E_BUSY;
    } else if (!lane->has_thread && uv_thread_create(&lane->thread, lane_main, lane) != 0) {
        status = RJ_E_NO_MEMORY;
    } else {
        lane->has_thread = true;
        lane->free = s->next;
        s->job = *job;
        s->next = NULL;
        s->started = false;
        *lane->queue_end = s;
        lane->queue_end = &s->next;
        lane->jobs++;
        uv_cond_signal(&lane->wake);
    }
    uv_mutex_unlock(&lane->lock);
    return status;
}

void rj_lane_give_up(rj_lane *lane, rj_op op)
{
    uv_mutex_lock(&lane->lock);
    if (lane->running && lane->running->job.op == op)
        lane->wedged = true;
    uv_mutex_unlock(&lane->lock);
}

bool rj_lane_is_wedged(rj_lane *lane)
{
    uv_mutex_lock(&lane->lock);
    bool wedged = lane->wedged;
    uv_mutex_unlock(&lane->lock);
    return wedged;
}

unsigned rj_lane_jobs(rj_lane *lane)
{
    uv_mutex_lock(&lane->lock);
    unsigned jobs = lane->jobs;
    uv_mutex_unlock(&lane->lock);
    return jobs;
}

bool rj_lane_free(rj_lane *lane)
{
    if (!lane)
        return true;
    uv_mutex_lock(&lane->lock);
    bool idle = lane->jobs == 0;
    lane->quit = lane->quit || idle;
    uv_cond_signal(&lane->wake);
    uv_mutex_unlock(&lane->lock);
    if (!idle)
        return false;
    if (lane->has_thread)
        uv_thread_join(&lane->thread);
    uv_cond_destroy(&lane->wake);
    uv_mutex_destroy(&lane->lock);
    rj_free(lane);
    return true;
}
