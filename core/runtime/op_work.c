/* SPDX-License-Identifier: MIT */
/* What an op is being worked on with: jobs on the lane and children, so that one whose work has ended
 * without an answer is noticed. */
#include "op_internal.h"

#include <stdio.h>

/* ---- Jobs and children ----------------------------------------------------------------------- */

rj_status rj_op_add_job(rj_ops *ops, rj_op op, bool *ret_late)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    rj_status status = slot && slot->state == OP_LIVE ? RJ_OK : RJ_E_NOT_FOUND;
    if (!status) {
        slot->jobs++;
        *ret_late = slot->cancelled;
    }
    uv_mutex_unlock(&ops->lock);
    return status;
}

void rj_op_remove_job(rj_ops *ops, rj_op op)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->jobs)
        slot->jobs--;
    uv_mutex_unlock(&ops->lock);
}

bool rj_op_begin_job(rj_ops *ops, rj_op op, bool late)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    bool go = slot && slot->state == OP_LIVE && (late || !slot->cancelled);
    if (go)
        slot->began = true;
    uv_mutex_unlock(&ops->lock);
    return go;
}

/* With the lock held: nothing will answer this op any more. */
static bool is_forgotten(const op_slot *slot)
{
    bool here = !slot->owner || !slot->owner->elsewhere;
    return here && slot->state == OP_LIVE && slot->jobs == 0 && !slot->children;
}

static void report_forgotten(rj_ops *ops, rj_op_owner *owner, rj_op op, const char *how)
{
    rj_op_misbehaved(ops, owner, op, "%s and gave no answer", how);
    char message[128];
    snprintf(message, sizeof message, "the plugin %s and gave no answer; what it did is unknown",
             how);
    /* Not the host's own "given up": the plugin has nothing running that could still answer. */
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->state == OP_LIVE)
        rj_op_queue_answer(ops, slot, RJ_E_ABANDONED, message, false);
    uv_mutex_unlock(&ops->lock);
}

void rj_op_end_job(rj_ops *ops, rj_op_owner *owner, rj_op op, bool started)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    if (slot && slot->jobs)
        slot->jobs--;
    bool forgotten = slot && is_forgotten(slot);
    if (slot && slot->state == OP_ENDING && slot->jobs == 0)
        rj_op_put_free(ops, slot);
    uv_mutex_unlock(&ops->lock);
    if (forgotten)
        report_forgotten(ops, owner, op, started ? "ended its work" : "dropped its work");
}

rj_status rj_op_add_child(rj_ops *ops, rj_op op, rj_op_child *child)
{
    uv_mutex_lock(&ops->lock);
    op_slot *slot = rj_op_find(ops, op);
    rj_status status = !slot || slot->state != OP_LIVE ? RJ_E_NOT_FOUND
                       : slot->cancelled               ? RJ_E_CANCELLED
                                                       : RJ_OK;
    if (!status) {
        slot->began = true;
        child->next = slot->children;
        slot->children = child;
    }
    uv_mutex_unlock(&ops->lock);
    return status;
}

/* With the lock held. */
static op_slot *take_off_child(rj_ops *ops, rj_op op, const rj_op_child *child)
{
    op_slot *slot = rj_op_find(ops, op);
    for (rj_op_child **at = slot ? &slot->children : NULL; at && *at; at = &(*at)->next) {
        if (*at == child) {
            *at = child->next;
            break;
        }
    }
    return slot;
}

void rj_op_undo_child(rj_ops *ops, rj_op op, rj_op_child *child)
{
    uv_mutex_lock(&ops->lock);
    take_off_child(ops, op, child);
    uv_mutex_unlock(&ops->lock);
}

void rj_op_remove_child(rj_ops *ops, rj_op_owner *owner, rj_op op, rj_op_child *child)
{
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = take_off_child(ops, op, child);
    bool forgotten = slot && is_forgotten(slot);
    uv_mutex_unlock(&ops->lock);
    if (forgotten)
        report_forgotten(ops, owner, op, "saw its program end");
}
