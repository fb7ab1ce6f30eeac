/* SPDX-License-Identifier: MIT */
/*
 * One run, from its trigger to its end:
 *
 *     recover what is open -> read the policy -> checks, if old -> detect -> plan -> perform -> end
 *
 * Each stage ends by calling the next one; a cancelled run goes to its end at the next border.
 */
#include "engine/agent_internal.h"

#include "base/log.h"
#include "engine/evidence.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.run"
#define SHOWN_ACTIONS 500 /* so that the event fits into a message; "total" counts all */

/* ---- Events ---------------------------------------------------------------------------------- */

static json_t *run_document(const rj_run *run, const char *state)
{
    return json_pack("{s:s, s:s, s:s}", "correlation", run->correlation, "trigger",
                     rj_trigger_name(&run->trigger), "state", state);
}

void rj_run_emit_end(rj_agent *agent, const rj_run *run, const char *outcome,
                     const rj_execution_counts *counts, const char *message)
{
    rj_execution_counts none = {0};
    const rj_execution_counts *c = counts ? counts : &none;
    json_t *document = run_document(run, "ended");
    if (document) {
        json_object_set_new(document, "outcome", json_string(outcome));
        json_object_set_new(document, "done", json_integer((json_int_t)c->done));
        json_object_set_new(document, "failed", json_integer((json_int_t)c->failed));
        json_object_set_new(document, "held", json_integer((json_int_t)c->held));
        if (message && message[0])
            json_object_set_new(document, "message", json_string(message));
        if (run->decided)
            json_object_set_new(document, "reason_code", json_string(run->decided));
    }
    rj_log(strcmp(outcome, "failed") == 0 ? RJ_LOG_WARNING : RJ_LOG_INFO, LOGGER, run->correlation,
           "%s ended: %s, %zu done, %zu failed, %zu held%s%s", rj_trigger_name(&run->trigger),
           outcome, c->done, c->failed, c->held, message && message[0] ? ": " : "",
           message ? message : "");
    rj_agent_emit(agent, "run", RJ_UID_MACHINE, document);
}

static json_t *view_action(const rj_plan_item *item)
{
    char reason[512] = "";
    const rj_assignment *assignment = item->assignment;
    if (item->reason_count)
        rj_reason_text(&item->reasons[item->reason_count - 1], reason, sizeof reason);
    return json_pack("{s:s, s:s, s:s, s:s*, s:s}", "id", assignment->id, "name", assignment->name,
                     "verdict", rj_verdict_name(item->verdict), "version", assignment->version,
                     "reason", reason);
}

/* The planned actions as `audience` may see them. */
static json_t *planned_document(const rj_run *run, rj_uid audience)
{
    const rj_plan *plan = run->picture->plan;
    json_t *document = run_document(run, "planned"), *actions = json_array();
    size_t total = 0;
    for (size_t i = 0; actions && i < plan->action_count; i++) {
        rj_uid whose = rj_item_audience(&plan->items[i]);
        if (whose != RJ_UID_MACHINE && whose != audience)
            continue;
        if (++total <= SHOWN_ACTIONS)
            json_array_append_new(actions, view_action(&plan->items[i]));
    }
    if (document) {
        json_object_set_new(document, "actions", actions);
        json_object_set_new(document, "total", json_integer((json_int_t)total));
    } else {
        json_decref(actions);
    }
    return document;
}

/* Everybody learns what concerns the machine; users with actions of their own get their list after
 * that, which replaces it. */
static void emit_planned(rj_agent *agent)
{
    const rj_run *run = agent->running;
    const rj_plan *plan = run->picture->plan;
    rj_agent_emit(agent, "run", RJ_UID_MACHINE, planned_document(run, RJ_UID_MACHINE));
    for (size_t i = 0; i < plan->action_count; i++) {
        rj_uid whose = rj_item_audience(&plan->items[i]);
        bool told = whose == RJ_UID_MACHINE;
        for (size_t k = 0; k < i && !told; k++)
            told = rj_item_audience(&plan->items[k]) == whose;
        if (!told)
            rj_agent_emit(agent, "run", whose, planned_document(run, whose));
    }
}

/* ---- End ------------------------------------------------------------------------------------- */

static void end_run(rj_agent *agent, const char *outcome, const rj_execution_counts *counts,
                    const char *message)
{
    rj_run *run = agent->running;
    bool sync = run->trigger.kind == RJ_TRIGGER_SYNC;
    if (sync && strcmp(outcome, "cancelled") != 0)
        agent->last_sync_wall_ms = rj_clock_wall_ms();
    rj_agent_phase_ends(agent, outcome);
    rj_run_emit_end(agent, run, outcome, counts, message);
    rj_run_free(run);
    if (sync || !agent->sync_timer)
        rj_agent_arm_sync(agent);
    rj_agent_run_over(agent);
}

static bool end_if_cancelled(rj_agent *agent)
{
    if (!agent->running->cancelled)
        return false;
    end_run(agent, "cancelled", NULL, NULL);
    return true;
}

/* ---- 6. Perform ------------------------------------------------------------------------------ */

static uint64_t evidence_now(void *data, const rj_assignment *assignment)
{
    const rj_agent *agent = data;
    return rj_evidence(agent->policy, assignment);
}

static const char *installed_version(void *data, const char *id, rj_uid owner)
{
    const rj_agent *agent = data;
    const rj_detection *seen = rj_sightings_get(&agent->sightings, id, owner);
    if (seen && seen->state == RJ_DETECTED_PRESENT)
        return seen->version ? seen->version : "";
    if (seen && seen->state == RJ_DETECTED_ABSENT)
        return NULL;
    const rj_store_record *record = rj_picture_record(agent->running->picture, id, owner);
    return record && record->core.success ? record->core.version : NULL;
}

static void on_found(void *data, const char *id, rj_uid owner, const rj_found *found)
{
    rj_agent *agent = data;
    rj_sightings_put(&agent->sightings, id, owner, found);
}

static void on_executor_event(void *data, const char *topic, rj_uid audience,
                              const json_t *document)
{
    const rj_agent *agent = data;
    if (agent->options.event)
        agent->options.event(agent->options.event_data, topic, audience, document);
}

static size_t count_held(const rj_plan *plan)
{
    size_t held = 0;
    for (size_t i = plan->action_count; i < plan->item_count; i++)
        held += plan->items[i].verdict == RJ_VERDICT_HELD;
    return held;
}

static void on_performed(void *data)
{
    rj_agent *agent = data;
    const rj_run *run = agent->running;
    rj_execution_counts counts = rj_executor_counts(run->executor);
    const char *outcome = "nothing";
    if (counts.cancelled)
        outcome = "cancelled";
    else if (counts.failed)
        outcome = "failed";
    else if (counts.done)
        outcome = "done";
    char message[RJ_ERROR_TEXT]; /* the executor goes with the run */
    snprintf(message, sizeof message, "%s", counts.message);
    counts.held += count_held(run->picture->plan);
    end_run(agent, outcome, &counts, message);
}

static void perform(rj_agent *agent)
{
    rj_run *run = agent->running;
    rj_execution execution = {
        .loop = agent->options.loop,
        .store = agent->options.store,
        .paths = agent->options.paths,
        .performer = &agent->performer,
        .mirror = &agent->mirror,
        .phase = rj_phase_name(agent->phase),
        .policy = agent->policy,
        .plan = run->picture->plan,
        .correlation = run->correlation,
        .caller = run->trigger.uid,
        .data = agent,
        .evidence = evidence_now,
        .installed = installed_version,
        .found = on_found,
        .event = on_executor_event,
        .ended = on_performed,
    };
    rj_error error = RJ_ERROR_NONE;
    run->step = "performing";
    if (rj_executor_new(&execution, &run->executor, &error) != RJ_OK) {
        end_run(agent, "failed", NULL, error.text);
        return;
    }
    rj_executor_run(run->executor);
}

/* ---- 5. Plan --------------------------------------------------------------------------------- */

static void reason_of(const rj_plan_item *item, char *ret_text, size_t size)
{
    ret_text[0] = '\0';
    if (item->reason_count)
        rj_reason_text(&item->reasons[item->reason_count - 1], ret_text, size);
}

/* Every package that has to wait, or was refused, is one line. */
static void log_waiting(const rj_run *run)
{
    const rj_plan *plan = run->picture->plan;
    for (size_t i = plan->action_count; i < plan->item_count; i++) {
        const rj_plan_item *item = &plan->items[i];
        if (item->verdict != RJ_VERDICT_HELD && item->verdict != RJ_VERDICT_REFUSED)
            continue;
        char reason[512];
        reason_of(item, reason, sizeof reason);
        rj_log(RJ_LOG_INFO, LOGGER, run->correlation, "%s: %s: %s",
               item->assignment ? item->assignment->id : run->id, rj_verdict_name(item->verdict),
               reason);
    }
}

/* What a request for one package came to when there is nothing to do. */
static const rj_plan_item *find_asked(const rj_run *run)
{
    const rj_plan *plan = run->picture->plan;
    if (!run->trigger.id)
        return NULL;
    if (plan->item_count == 1 && !plan->items[0].assignment)
        return &plan->items[0];
    return rj_plan_find(plan, run->trigger.id, run->trigger.uid);
}

static void end_without_action(rj_agent *agent)
{
    rj_run *run = agent->running;
    const rj_plan_item *asked = find_asked(run);
    rj_execution_counts counts = {.held = count_held(run->picture->plan)};
    char message[512] = "";
    if (asked)
        reason_of(asked, message, sizeof message);
    if (asked && asked->reason_count)
        run->decided = asked->reasons[asked->reason_count - 1].code;
    end_run(agent, asked && asked->verdict == RJ_VERDICT_REFUSED ? "failed" : "nothing", &counts,
            message);
}

/* "retry" also wipes what automatic runs count. */
static void forget_failures(rj_agent *agent)
{
    const rj_run *run = agent->running;
    const rj_uid owners[] = {run->trigger.uid, RJ_UID_MACHINE};
    for (size_t i = 0; run->trigger.kind == RJ_TRIGGER_RETRY && i < 2; i++) {
        rj_error error = RJ_ERROR_NONE;
        if (rj_store_clear_attempts(agent->options.store, run->id, owners[i], &error) != RJ_OK)
            rj_log(RJ_LOG_WARNING, LOGGER, run->correlation, "%s: earlier failures still count: %s",
                   run->id, error.text);
    }
}

static void plan(rj_agent *agent)
{
    rj_run *run = agent->running;
    rj_error error = RJ_ERROR_NONE;
    if (end_if_cancelled(agent))
        return;
    run->step = "planning";
    rj_agent_facts_changed(agent);
    forget_failures(agent);
    if (rj_agent_picture(agent, &run->trigger, true, &run->picture, &error) != RJ_OK) {
        end_run(agent, "failed", NULL, error.text);
        return;
    }
    log_waiting(run);
    emit_planned(agent);
    if (run->picture->plan->action_count == 0)
        end_without_action(agent);
    else
        perform(agent);
}

/* ---- 4. Detect ------------------------------------------------------------------------------- */

static void detect(rj_agent *agent)
{
    if (end_if_cancelled(agent))
        return;
    agent->running->step = "detecting";
    rj_agent_detect(agent, agent->running, plan);
}

/* ---- 3. Checks ------------------------------------------------------------------------------- */

static void emit_checks_ended(rj_agent *agent)
{
    json_t *checks = rj_check_cache_view(agent->checks, true);
    rj_agent_facts_changed(agent);
    rj_agent_emit(agent, "check", RJ_UID_MACHINE,
                  checks ? json_pack("{s:s, s:o}", "state", "ended", "checks", checks) : NULL);
}

static void on_checked(void *data)
{
    rj_agent *agent = data;
    emit_checks_ended(agent);
    detect(agent);
}

static bool checks_are_old(const rj_agent *agent)
{
    uint64_t evaluated = rj_check_cache_time(agent->checks);
    if (agent->running->trigger.kind != RJ_TRIGGER_SYNC)
        return false; /* only mandatory software is gated, and that comes with a sync */
    return evaluated == 0 ||
           rj_clock_monotonic_ms() - evaluated >= (uint64_t)agent->policy->check_interval_ms;
}

static void check(rj_agent *agent)
{
    rj_run *run = agent->running;
    rj_error error = RJ_ERROR_NONE;
    if (end_if_cancelled(agent))
        return;
    if (!checks_are_old(agent)) {
        detect(agent);
        return;
    }
    run->step = "checking";
    rj_agent_emit(agent, "check", RJ_UID_MACHINE, json_pack("{s:s}", "state", "started"));
    if (rj_check_cache_refresh(agent->checks, NULL, run->correlation, on_checked, agent, &error) !=
        RJ_OK) {
        rj_log(RJ_LOG_WARNING, LOGGER, run->correlation, "checks: %s", error.text);
        detect(agent);
    }
}

/* ---- 2. Policy ------------------------------------------------------------------------------- */

static void read_policy(rj_agent *agent)
{
    const rj_run *run = agent->running;
    if (end_if_cancelled(agent))
        return;
    if (run->trigger.kind == RJ_TRIGGER_SYNC || !agent->policy_asked_for)
        rj_agent_read_policy(agent, run->correlation);
    if (!agent->policy) {
        bool none = agent->policy_state == RJ_POLICY_NONE;
        end_run(agent, none && !run->trigger.id ? "nothing" : "failed", NULL,
                agent->policy_message);
        return;
    }
    rj_agent_phase_begins(agent);
    check(agent);
}

/* ---- 1. Recover ------------------------------------------------------------------------------ */

static void on_recovered(void *data)
{
    rj_agent *agent = data;
    rj_recovery_free(agent->running->recovery);
    agent->running->recovery = NULL;
    read_policy(agent);
}

void rj_run_begin(rj_agent *agent)
{
    rj_run *run = agent->running;
    rj_recovery_options options = {.store = agent->options.store,
                                   .performer = &agent->performer,
                                   .mirror = &agent->mirror,
                                   .data = agent,
                                   .found = on_found,
                                   .ended = on_recovered};
    rj_error error = RJ_ERROR_NONE;
    if (!agent->policy_watch)
        rj_agent_watch_policy(agent);
    run->step = "recovering";
    rj_agent_emit(agent, "run", RJ_UID_MACHINE, run_document(run, "started"));
    if (rj_recovery_new(&options, &run->recovery, &error) != RJ_OK) {
        end_run(agent, "failed", NULL, error.text);
        return;
    }
    rj_recovery_run(run->recovery);
}

void rj_run_cancel(rj_agent *agent, bool hard)
{
    rj_run *run = agent->running;
    run->cancelled = true;
    if (run->recovery && hard)
        rj_recovery_cancel(run->recovery);
    if (run->detecting)
        rj_agent_detect_cancel(agent, run);
    if (run->executor)
        rj_executor_cancel(run->executor, hard);
    if (strcmp(run->step, "checking") == 0 && hard)
        rj_check_cache_cancel(agent->checks);
}
