/* SPDX-License-Identifier: MIT */
/* The run: takes the plan's actions in order and holds what needs something that did not work. */
#include "engine/executor_internal.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

rj_status rj_executor_new(const rj_execution *execution, rj_executor **ret_executor, rj_error *err)
{
    rj_executor *executor = rj_calloc(1, sizeof *executor);
    if (!executor)
        return rj_fail_memory(err, "starting the plan");
    executor->execution = *execution;
    executor->missed = rj_calloc(execution->plan->action_count, sizeof *executor->missed);
    if (!executor->missed) {
        rj_free(executor);
        return rj_fail_memory(err, "starting the plan");
    }
    *ret_executor = executor;
    return RJ_OK;
}

void rj_executor_free(rj_executor *executor)
{
    if (!executor)
        return;
    rj_free(executor->missed);
    rj_free(executor);
}

rj_uid rj_item_audience(const rj_plan_item *item)
{
    if (item->uid != RJ_UID_MACHINE || !item->assignment)
        return item->uid;
    return item->assignment->audience;
}

bool rj_item_is_visible(const rj_plan_item *item, rj_uid uid, bool admin)
{
    rj_uid audience = rj_item_audience(item);
    return admin || audience == RJ_UID_MACHINE || audience == uid;
}

/* ---- Who waits for whom ---------------------------------------------------------------------- */

static bool needs(const rj_plan_item *item, const rj_plan_item *other)
{
    const rj_assignment *assignment = item->assignment;
    if (item->uid != other->uid && other->uid != RJ_UID_MACHINE)
        return false;
    for (size_t i = 0; i < assignment->depends_count; i++)
        if (rj_ascii_casecmp(assignment->depends_on[i], other->assignment->id) == 0)
            return true;
    return false;
}

/* An earlier action that did not work and that `item` builds upon: to install, what it needs; to
 * remove, what needs it. */
static const rj_plan_item *find_obstacle(const rj_executor *executor, const rj_plan_item *item)
{
    const rj_plan *plan = executor->execution.plan;
    bool removal = item->verdict == RJ_VERDICT_UNINSTALL;
    for (size_t i = 0; i < executor->next; i++) {
        const rj_plan_item *other = &plan->items[i];
        if (executor->missed[i] && (removal ? needs(other, item) : needs(item, other)))
            return other;
    }
    return NULL;
}

static void hold(rj_executor *executor, const rj_plan_item *item, const rj_plan_item *obstacle)
{
    char why[512];
    snprintf(why, sizeof why,
             item->verdict == RJ_VERDICT_UNINSTALL
                 ? "held: %s needs it and could not be removed in this run"
                 : "held: it needs %s, which could not be installed in this run",
             obstacle->assignment->id);
    executor->held++;
    rj_report_held(executor, item, why);
}

/* ---- The run --------------------------------------------------------------------------------- */

/* Actions may end at once (a full disk), so this is a loop and not a recursion. */
void rj_executor_run(rj_executor *executor)
{
    const rj_plan *plan = executor->execution.plan;
    while (!executor->busy && !executor->cancelled && !executor->broken &&
           executor->next < plan->action_count) {
        const rj_plan_item *item = &plan->items[executor->next];
        const rj_plan_item *obstacle = find_obstacle(executor, item);
        if (obstacle) {
            executor->missed[executor->next++] = true;
            hold(executor, item, obstacle);
            continue;
        }
        executor->busy = true;
        rj_action_begin(executor, item);
    }
    if (!executor->busy)
        executor->execution.ended(executor->execution.data);
}

void rj_executor_action_over(rj_executor *executor, rj_action_end end, const char *message)
{
    executor->done += end == RJ_ACTION_DONE;
    executor->failed += end == RJ_ACTION_FAILED;
    executor->held += end == RJ_ACTION_HELD;
    /* The end of a run is told to everybody, what became of a user's package only to that user. */
    bool for_all = rj_item_is_visible(executor->action.item, executor->execution.caller, false);
    if (end != RJ_ACTION_DONE && !executor->message[0])
        snprintf(executor->message, sizeof executor->message, "%s",
                 for_all ? message : "a package of another user did not succeed");
    executor->missed[executor->next++] = end != RJ_ACTION_DONE;
    executor->busy = false;
}

void rj_executor_cancel(rj_executor *executor, bool hard)
{
    executor->cancelled = true;
    executor->hard = executor->hard || hard;
    if (executor->busy)
        rj_action_cancel(executor);
}

rj_execution_counts rj_executor_counts(const rj_executor *executor)
{
    return (rj_execution_counts){
        .done = executor->done,
        .failed = executor->failed,
        .held = executor->held,
        .cancelled = executor->cancelled,
        .message = executor->message,
    };
}
