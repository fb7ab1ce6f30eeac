/* SPDX-License-Identifier: MIT */
/*
 * A plugin's worker thread: jobs in order, one at a time, from a bounded queue.  The thread starts
 * with the first job and sleeps when there is none.
 */
#ifndef RJ_RUNTIME_LANE_H
#define RJ_RUNTIME_LANE_H

#include "runtime/loop.h"

#define RJ_LANE_JOBS 64 /* queued, running, or done but not yet told */

typedef struct rj_lane rj_lane;

typedef struct rj_lane_job {
    rj_op op;
    void(RJ_CALL *work)(rj_op op, void *data);
    void(RJ_CALL *done)(rj_op op, void *data, int32_t started);
    void *data;
    bool late; /* queued when its op was cancelled already: rj_lane_drop() leaves it alone */
} rj_lane_job;

typedef struct rj_lane_hooks {
    void *data;
    /* On the lane, before work: false if it must not begin any more. */
    bool (*begin)(void *data, const rj_lane_job *job);
    /* On the loop, once for each job; calls job->done. */
    void (*ended)(void *data, const rj_lane_job *job, bool started);
    /* On the loop, when the job no longer counts. */
    void (*told)(void *data);
    /* On the loop: work that had been given up returned after all. */
    void (*unwedged)(void *data, rj_op op);
} rj_lane_hooks;

rj_status rj_lane_new(rj_loop *loop, const rj_lane_hooks *hooks, rj_lane **ret_lane, rj_error *err);
/* RJ_E_BUSY: full, or wedged.  [any] */
rj_status rj_lane_run(rj_lane *lane, const rj_lane_job *job);
/* Queued jobs of the op, but for late ones, end without having started.  [loop] */
void rj_lane_drop(rj_lane *lane, rj_op op);
/* The op was given up: if its work is what runs, the lane is wedged until that returns.  [any] */
void rj_lane_give_up(rj_lane *lane, rj_op op);
bool rj_lane_is_wedged(rj_lane *lane); /* [any] */
/* Jobs whose `ended` has not been called.  [any] */
unsigned rj_lane_jobs(rj_lane *lane);
/* Ends the thread and frees.  False, and nothing is done, while there are jobs.  [loop] */
bool rj_lane_free(rj_lane *lane);

#endif
