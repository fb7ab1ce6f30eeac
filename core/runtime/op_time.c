/* SPDX-License-Identifier: MIT */
/*
 * Deadlines, cancelling, giving up.
 *
 *     deadline --> cancel (wake, children, queued jobs) --> grace time --> abandoned
 *
 * One timer serves the nearest moment of all ops.  Work that was still queued is taken off the lane
 * and answered by the host: not-started after a deadline, cancelled after a request.
 */
#include "op_internal.h"

#include "base/log.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

static void on_due(void *data);

/* ---- The timer ------------------------------------------------------------------------------- */

/* With the lock held, on the loop.  An earlier moment replaces the armed one. */
void rj_op_arm(rj_ops *ops, uint64_t due_ms)
{
    if (ops->armed_ms && ops->armed_ms <= due_ms)
        return;
    uint64_t now = rj_clock_monotonic_ms();
    rj_timer *timer = NULL;
    if (rj_timer_start(ops->loop, due_ms > now ? due_ms - now : 0, 0, on_due, ops, &timer, NULL))
        return; /* the next op or event tries again */
    rj_timer_stop(ops->timer);
    ops->timer = timer;
    ops->armed_ms = due_ms ? due_ms : 1;
}

void rj_op_stop_timing(rj_ops *ops)
{
    uv_mutex_lock(&ops->lock);
    if (ops->live == 0) {
        rj_timer_stop(ops->timer);
        ops->timer = NULL;
        ops->armed_ms = 0;
    }
    uv_mutex_unlock(&ops->lock);
}

/* ---- Cancelling ------------------------------------------------------------------------------ */

/* On the loop.  `op` is live; children, wake and queued jobs learn of it. */
static void tell_cancelled(rj_ops *ops, op_slot *slot, bool deadline)
{
    uv_mutex_lock(&ops->lock);
    rj_op op = rj_op_handle(slot);
    void(RJ_CALL * wake)(void *) = slot->wake;
    void *wake_data = slot->wake_data;
    slot->wake = NULL;
    rj_lane *lane = slot->owner ? atomic_load(&slot->owner->lane) : NULL;
    if (!slot->began && slot->jobs) {
        /* `done` of the queued job follows and may finish the op: heard, and not needed. */
        slot->tolerate_finish = true;
        rj_op_queue_answer(ops, slot, deadline ? RJ_E_NOT_STARTED : RJ_E_CANCELLED,
                           deadline ? "its turn did not come before the deadline, as earlier work "
                                      "of the plugin took too long; asking again is safe"
                                    : "cancelled before it was begun",
                           true);
        wake = NULL;
    }
    rj_op_child *child = slot->children;
    uv_mutex_unlock(&ops->lock);
    if (lane)
        rj_lane_drop(lane, op);
    while (child) { /* changed on the loop only, and cancelling a child removes none */
        rj_op_child *next = child->next;
        child->cancel(child, deadline);
        child = next;
    }
    if (wake)
        wake(wake_data);
}

static void cancel(rj_ops *ops, rj_op op, bool deadline)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    bool tell = slot && slot->state == OP_LIVE && !slot->cancelled;
    if (tell)
        slot->cancelled = true;
    uv_mutex_unlock(&ops->lock);
    if (tell)
        tell_cancelled(ops, slot, deadline);
}

void rj_op_cancel(rj_ops *ops, rj_op op)
{
    cancel(ops, op, false);
}

void rj_op_expire(rj_ops *ops, rj_op op)
{
    cancel(ops, op, true);
}

void rj_ops_cancel_all(rj_ops *ops, const rj_op_owner *owner)
{
    for (uint32_t i = 0; i < ops->count; i++) { /* the table grows on the loop only */
        op_slot *slot = ops->slots[i];
        uv_mutex_lock(&ops->lock);
        bool mine = slot->state == OP_LIVE && (!owner || slot->owner == owner);
        bool tell = mine && !slot->cancelled;
        if (mine) {
            uint64_t end = rj_clock_monotonic_ms() + ops->grace_ms;
            if (slot->deadline_passed && slot->due_ms < end)
                end = slot->due_ms; /* its time allowed for cancelling runs already */
            slot->cancelled = true;
            slot->deadline_passed = true;
            slot->due_ms = end;
            rj_op_arm(ops, slot->due_ms);
        }
        uv_mutex_unlock(&ops->lock);
        if (tell)
            tell_cancelled(ops, slot, false);
    }
}

/* ---- Deadlines ------------------------------------------------------------------------------- */

static void give_up(rj_ops *ops, op_slot *slot)
{
    rj_op op = rj_op_handle(slot);
    rj_op_owner *owner = slot->owner;
    uv_mutex_lock(&ops->lock);
    bool live = slot->state == OP_LIVE;
    bool elsewhere = live && owner && owner->gave_up;
    char what[WHAT_MAX];
    memcpy(what, slot->what, sizeof what);
    slot->given_up = live && owner && !elsewhere;
    slot->due_ms += elsewhere ? ops->grace_ms + 1 : 0;
    if (live && !elsewhere)
        rj_op_queue_answer(ops, slot, RJ_E_ABANDONED,
                           "no answer within the deadline and the time allowed for cancelling; "
                           "what was done is unknown",
                           true);
    uv_mutex_unlock(&ops->lock);
    if (elsewhere)
        owner->gave_up(owner, op, what);
    if (!live || !owner || elsewhere)
        return;
    rj_lane *lane = atomic_load(&owner->lane);
    if (lane)
        rj_lane_give_up(lane, op);
    rj_op_misbehaved(ops, owner, op, "did not answer \"%s\" in time, nor when it was cancelled",
                     what);
}

static void reach_deadline(rj_ops *ops, op_slot *slot)
{
    uv_mutex_lock(&ops->lock);
    bool live = slot->state == OP_LIVE;
    bool tell = live && !slot->cancelled;
    slot->cancelled = true;
    slot->deadline_passed = true;
    slot->due_ms += ops->grace_ms;
    uv_mutex_unlock(&ops->lock);
    if (tell)
        tell_cancelled(ops, slot, true);
}

static void on_due(void *data)
{
    rj_ops *ops = data;
    uv_mutex_lock(&ops->lock);
    rj_timer_stop(ops->timer);
    ops->timer = NULL;
    ops->armed_ms = 0;
    uv_mutex_unlock(&ops->lock);
    uint64_t now = rj_clock_monotonic_ms();
    for (uint32_t i = 0; i < ops->count; i++) {
        op_slot *slot = ops->slots[i];
        uv_mutex_lock(&ops->lock);
        bool due = slot->state == OP_LIVE && slot->due_ms <= now;
        bool last = slot->deadline_passed;
        uv_mutex_unlock(&ops->lock);
        if (due && last)
            give_up(ops, slot);
        else if (due)
            reach_deadline(ops, slot);
    }
    uv_mutex_lock(&ops->lock);
    for (uint32_t i = 0; i < ops->count; i++)
        if (ops->slots[i]->state == OP_LIVE)
            rj_op_arm(ops, ops->slots[i]->due_ms);
    uv_mutex_unlock(&ops->lock);
}

/* ---- What a plugin sees ---------------------------------------------------------------------- */

bool rj_op_cancelled(rj_ops *ops, rj_op op)
{
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = rj_op_find(ops, op);
    bool cancelled = !slot || slot->state != OP_LIVE || slot->cancelled;
    uv_mutex_unlock(&ops->lock);
    return cancelled;
}

int64_t rj_op_remaining_ms(rj_ops *ops, rj_op op)
{
    uint64_t now = rj_clock_monotonic_ms();
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = rj_op_find(ops, op);
    uint64_t deadline = slot && slot->state == OP_LIVE ? slot->deadline_ms : 0;
    uv_mutex_unlock(&ops->lock);
    return deadline > now ? (int64_t)(deadline - now) : 0;
}

rj_status rj_op_on_cancel(rj_ops *ops, rj_op op, void(RJ_CALL *wake)(void *data), void *data)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    rj_status status = slot && slot->state == OP_LIVE ? RJ_OK : RJ_E_NOT_FOUND;
    if (!status) {
        slot->wake = wake;
        slot->wake_data = data;
        if (wake && slot->cancelled && !ops->wake_posted) {
            ops->wake_posted = true;
            rj_loop_post(ops->loop, &ops->wake_post, rj_op_wake_cancelled, ops);
        }
    }
    uv_mutex_unlock(&ops->lock);
    return status;
}

/* Those who asked to be woken after the cancellation had come already. */
void rj_op_wake_cancelled(void *data)
{
    rj_ops *ops = data;
    uv_mutex_lock(&ops->lock);
    ops->wake_posted = false;
    for (uint32_t i = 0; i < ops->count; i++) {
        op_slot *slot = ops->slots[i];
        if (slot->state != OP_LIVE || !slot->cancelled || !slot->wake)
            continue;
        void(RJ_CALL * wake)(void *) = slot->wake;
        void *wake_data = slot->wake_data;
        slot->wake = NULL;
        uv_mutex_unlock(&ops->lock);
        wake(wake_data);
        uv_mutex_lock(&ops->lock);
    }
    uv_mutex_unlock(&ops->lock);
}
