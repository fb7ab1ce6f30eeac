/* SPDX-License-Identifier: MIT */
/*
 * One action through its steps.
 *
 *     begin --> fetch --> on_fetched --> change --> on_changed --> verify --> on_verified
 *
 * Every way out goes through one of: succeed(), fail(), go_back(), leave_open().
 * Exactly one question is out at a time; its answer continues the run.
 */
#include "engine/executor_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/end_code.h"
#include "engine/request.h"
#include "platform/event_log.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.executor"
#define FETCH_LIMIT_MS ((int64_t)60 * 60 * 1000)
#define DETECT_LIMIT_MS ((int64_t)60 * 1000)
/* Beyond the script's own limit: unpacking, and undoing what was begun. */
#define CHANGE_MARGIN_MS ((int64_t)15 * 60 * 1000)

/* Where a step's own 0..1000 lies on the action's bar. */
#define FETCH_SHARE 400
#define CHANGE_SHARE 950

/* ---- Ways out -------------------------------------------------------------------------------- */

static void clear_action(rj_action *action)
{
    json_decref(action->request);
    rj_free(action->request_text);
    rj_free(action->version);
    rj_output_feed_free(action->output);
    memset(action, 0, sizeof *action);
}

static void over(rj_executor *executor, rj_action_end end, const char *message)
{
    rj_executor_action_over(executor, end, message);
    clear_action(&executor->action);
}

/* The journal row, if any, stays as it is: recovery looks into it before the next run. */
static void leave_open(rj_executor *executor, const char *message)
{
    rj_report_state(executor, "failed", message);
    over(executor, RJ_ACTION_FAILED, message);
}

/* Writing the journal failed: what is not on record is not done, so the run is broken off. */
static void break_off(rj_executor *executor, const char *what, const rj_error *why)
{
    rj_error message = *why;
    rj_fail_prefix(&message, RJ_E_IO, "%s", what);
    executor->broken = true;
    executor->action.ended_as = RJ_E_IO; /* not what the step was about */
    leave_open(executor, message.text);
}

static rj_store_record record_of(const rj_executor *executor, const char *version, bool success,
                                 const char *message)
{
    const rj_action *action = &executor->action;
    return (rj_store_record){
        .core = {.id = action->entry.id,
                 .uid = action->entry.uid,
                 .version = version,
                 .args_hash = action->entry.args_hash,
                 .success = success,
                 .exit_code = success || action->has_exit_code ? action->exit_code
                                                               : rj_end_code(action->ended_as),
                 .restart_pending = action->restart},
        .format = action->entry.format,
        .display_name = action->entry.display_name,
        .message = message,
        .correlation = executor->execution.correlation,
        .started_wall_ms = action->entry.started_wall_ms,
        .ended_wall_ms = rj_clock_wall_ms(),
    };
}

static void succeed(rj_executor *executor, const rj_found *found)
{
    rj_action *action = &executor->action;
    const char *version = found->version[0] ? found->version : action->version;
    if (!version)
        version = action->entry.assignment_version;
    rj_error error = RJ_ERROR_NONE;
    rj_store_record record = record_of(executor, version, true, action->note);
    rj_status status = rj_store_journal_end(executor->execution.store, &action->entry, RJ_STEP_DONE,
                                            &record, &error);
    if (status != RJ_OK) {
        break_off(executor, "done, but it could not be recorded", &error);
        return;
    }
    rj_mirror_ended(executor->execution.mirror, &action->entry, &record);
    rj_report_state(executor, "done", action->note);
    over(executor, RJ_ACTION_DONE, "");
}

/* A failure that counts as one attempt. */
static void fail(rj_executor *executor, const char *message)
{
    rj_action *action = &executor->action;
    const char *version = action->version ? action->version : action->entry.assignment_version;
    rj_error error = RJ_ERROR_NONE;
    rj_store_record record = record_of(executor, version, false, message);
    rj_status status = rj_store_journal_end(executor->execution.store, &action->entry,
                                            RJ_STEP_FAILED, &record, &error);
    if (status != RJ_OK) {
        break_off(executor, "the failure could not be recorded", &error);
        return;
    }
    rj_mirror_ended(executor->execution.mirror, &action->entry, &record);
    rj_report_state(executor, "failed", message);
    rj_event_log_report(RJ_EVENT_PACKAGE_FAILED, action->entry.id, message);
    over(executor, RJ_ACTION_FAILED, message);
}

/* Nothing was changed, and not by the package's fault: as if it had not been tried. */
static void go_back(rj_executor *executor, rj_action_end end, const char *message)
{
    rj_action *action = &executor->action;
    rj_error error = RJ_ERROR_NONE;
    rj_status status =
        rj_store_journal_drop(executor->execution.store, action->entry.number, message, &error);
    if (status != RJ_OK) {
        break_off(executor, "going back could not be recorded", &error);
        return;
    }
    rj_mirror_dropped(executor->execution.mirror, executor->execution.store, &action->entry);
    rj_report_state(executor, end == RJ_ACTION_HELD ? "held" : "failed", message);
    over(executor, end, message);
}

/* A step that answered other than OK, and left the system as it was. */
static void end_without_change(rj_executor *executor, const rj_answer *answer)
{
    executor->action.ended_as = answer->status;
    switch (answer->status) {
    case RJ_E_NOT_STARTED:
        go_back(executor, RJ_ACTION_HELD, answer->message);
        break;
    case RJ_E_CANCELLED:
        /* A script that was killed half-way counts as a try: one that has the agent stopped (by
         * restarting the system, say) would run again and again for ever. */
        if (json_is_false(json_object_get(answer->result, "certain")))
            fail(executor, answer->message);
        else
            go_back(executor, RJ_ACTION_CANCELLED, answer->message);
        break;
    case RJ_E_BUSY:
    case RJ_E_NO_MEMORY:
        go_back(executor, RJ_ACTION_FAILED, answer->message);
        break;
    default:
        fail(executor, answer->message);
    }
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void resume(rj_executor *executor)
{
    if (!executor->busy)
        rj_executor_run(executor);
}

static void on_progress(void *data, int permille, const char *text)
{
    rj_executor *executor = data;
    const rj_action *action = &executor->action;
    if (!action->asking || action->entry.step == RJ_STEP_VERIFYING)
        return;
    if (permille > 1000)
        permille = 1000;
    bool fetching = action->entry.step == RJ_STEP_FETCHING;
    int from = fetching ? 0 : FETCH_SHARE, to = fetching ? FETCH_SHARE : CHANGE_SHARE;
    if (action->item->verdict == RJ_VERDICT_UNINSTALL)
        from = 0;
    rj_report_progress(executor, permille < 0 ? -1 : from + permille * (to - from) / 1000, text);
}

/* Looking whether it is there is nothing that a person waits for. */
static void on_output(void *data, uint64_t line, const char *bytes, size_t length)
{
    rj_executor *executor = data;
    const rj_action *action = &executor->action;
    if (action->asking && action->entry.step != RJ_STEP_VERIFYING && !action->outcome_unknown)
        rj_report_output(executor, line, bytes, length);
}

static void ask(rj_executor *executor, rj_package_verb verb, int64_t limit_ms,
                void (*answered)(void *data, const rj_answer *answer))
{
    const rj_performer *performer = executor->execution.performer;
    rj_action *action = &executor->action;
    rj_question question = {
        .correlation = executor->execution.correlation,
        .deadline_ms = limit_ms,
        .answered = answered,
        .progressed = on_progress,
        .wrote = on_output,
        .data = executor,
    };
    action->asking = true;
    action->question =
        performer->package(performer->data, action->entry.uid, verb, action->request, &question);
}

/* Durable first; false: the action is over. */
static bool enter_step(rj_executor *executor, rj_step step, const char *label)
{
    rj_action *action = &executor->action;
    rj_error error = RJ_ERROR_NONE;
    rj_status status =
        rj_store_journal_step(executor->execution.store, action->entry.number, step, &error);
    if (status != RJ_OK) {
        break_off(executor, "the next step could not be recorded, so it is not begun", &error);
        return false;
    }
    action->entry.step = step;
    action->label = label;
    rj_report_state(executor, label, NULL);
    return true;
}

/* ---- Verify ---------------------------------------------------------------------------------- */

/* No answer about what is there: not a failure of the package, so it is asked again later. */
static bool may_be_asked_later(rj_status status)
{
    return status == RJ_E_NOT_STARTED || status == RJ_E_CANCELLED || status == RJ_E_ABANDONED ||
           status == RJ_E_BUSY || status == RJ_E_TIMEOUT || status == RJ_E_NO_MEMORY;
}

static void on_verified(void *data, const rj_answer *answer)
{
    rj_executor *executor = data;
    rj_action *action = &executor->action;
    action->asking = false;
    rj_found found = rj_found_read(answer);
    rj_error why = RJ_ERROR_NONE;
    if (found.state != RJ_DETECTED_UNKNOWN)
        executor->execution.found(executor->execution.data, action->entry.id, action->entry.uid,
                                  &found);

    const char *wanted = action->version && action->item->verdict != RJ_VERDICT_UNINSTALL
                             ? action->version
                             : action->entry.assignment_version;
    if (rj_found_proves(&found, action->item->verdict, wanted, &why)) {
        succeed(executor, &found);
    } else if (may_be_asked_later(answer->status)) {
        rj_fail_prefix(&why, RJ_E_FAILED, "not verified yet");
        action->outcome_unknown = true;
        leave_open(executor, why.text);
    } else {
        rj_fail_prefix(&why, RJ_E_FAILED,
                       action->outcome_unknown ? "the step was abandoned"
                                               : "the step reported success, but");
        fail(executor, why.text);
    }
    resume(executor);
}

static void verify(rj_executor *executor)
{
    if (enter_step(executor, RJ_STEP_VERIFYING, "verifying"))
        ask(executor, RJ_PACKAGE_DETECT, DETECT_LIMIT_MS, on_verified);
}

/* The journal keeps saying CHANGING, so that after a kill the provider recovers first. */
static void verify_abandoned(rj_executor *executor, const rj_answer *answer)
{
    rj_log(RJ_LOG_WARNING, LOGGER, executor->execution.correlation,
           "%s: the outcome is not known (%s); looking at what is there", executor->action.entry.id,
           answer->message);
    executor->action.outcome_unknown = true;
    executor->action.label = "verifying";
    ask(executor, RJ_PACKAGE_DETECT, DETECT_LIMIT_MS, on_verified);
}

/* ---- Change ---------------------------------------------------------------------------------- */

/* True: all is taken over. */
static bool read_outcome(rj_action *action, const json_t *result)
{
    const json_t *exit_code = json_object_get(result, "exit_code");
    const char *version = json_string_value(json_object_get(result, "version"));
    action->has_exit_code = json_is_integer(exit_code);
    action->exit_code = (int32_t)json_integer_value(exit_code);
    action->restart = json_is_true(json_object_get(result, "restart"));
    if (!version)
        return true;
    char *copy = rj_strdup(version);
    if (!copy)
        return false;
    rj_free(action->version);
    action->version = copy;
    return true;
}

/* A removal keeps what somebody has changed; the person should know where. */
static void note_what_stayed(rj_action *action, const json_t *result)
{
    const json_t *left = json_object_get(result, "left");
    const char *first = json_string_value(json_array_get(left, 0));
    if (!first)
        return;
    char text[sizeof action->note];
    int length = snprintf(text, sizeof text, "%zu changed or added file%s stayed: %s%s",
                          json_array_size(left), json_array_size(left) == 1 ? "" : "s", first,
                          json_array_size(left) == 1 ? "" : ", ...");
    size_t size = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
    rj_text_to_line(action->note, sizeof action->note, text, size);
}

static void on_changed(void *data, const rj_answer *answer)
{
    rj_executor *executor = data;
    rj_action *action = &executor->action;
    action->asking = false;
    note_what_stayed(action, answer->result);
    bool read = read_outcome(action, answer->result);
    bool removal = action->item->verdict == RJ_VERDICT_UNINSTALL;
    if (removal && answer->status == RJ_E_NOT_APPLICABLE) {
        /* The package knows no way to remove itself; whether it is gone is for detection to say. */
        rj_text_to_line(action->note, sizeof action->note, answer->message,
                        strlen(answer->message));
        verify(executor);
    } else if (answer->status == RJ_E_ABANDONED) {
        verify_abandoned(executor, answer);
    } else if (answer->status != RJ_OK) {
        end_without_change(executor, answer);
    } else if (!read) {
        leave_open(executor, "out of memory while reading the provider's answer");
    } else {
        verify(executor);
    }
    resume(executor);
}

static rj_status set_log(rj_executor *executor, rj_package_verb verb, rj_error *err)
{
    const rj_action *action = &executor->action;
    return rj_request_set_log(action->request, executor->execution.paths, verb,
                              action->entry.uid == RJ_UID_MACHINE, err);
}

static void change(rj_executor *executor)
{
    const rj_action *action = &executor->action;
    bool removal = action->item->verdict == RJ_VERDICT_UNINSTALL;
    rj_package_verb verb = removal ? RJ_PACKAGE_UNINSTALL : RJ_PACKAGE_INSTALL;
    rj_error error = RJ_ERROR_NONE;
    if (executor->cancelled) {
        go_back(executor, RJ_ACTION_CANCELLED, "cancelled before anything was changed");
        return;
    }
    if (set_log(executor, verb, &error) != RJ_OK) {
        go_back(executor, RJ_ACTION_FAILED, error.text);
        return;
    }
    if (enter_step(executor, RJ_STEP_CHANGING, removal ? "removing" : "installing"))
        ask(executor, verb, action->item->assignment->time_limit_ms + CHANGE_MARGIN_MS, on_changed);
}

/* ---- Fetch ----------------------------------------------------------------------------------- */

static void on_fetched(void *data, const rj_answer *answer)
{
    rj_executor *executor = data;
    rj_action *action = &executor->action;
    action->asking = false;
    rj_error error = RJ_ERROR_NONE;
    if (answer->status != RJ_OK) {
        end_without_change(executor, answer);
    } else if (!json_is_object(answer->result)) {
        fail(executor, "the provider fetched nothing it could tell of");
    } else if (!read_outcome(action, answer->result) ||
               rj_request_set_fetched(action->request, answer->result, &error) != RJ_OK) {
        go_back(executor, RJ_ACTION_FAILED, "out of memory after fetching");
    } else {
        change(executor);
    }
    resume(executor);
}

static void fetch(rj_executor *executor)
{
    if (enter_step(executor, RJ_STEP_FETCHING, "fetching"))
        ask(executor, RJ_PACKAGE_FETCH, FETCH_LIMIT_MS, on_fetched);
}

/* ---- Begin ----------------------------------------------------------------------------------- */

static rj_status prepare(rj_executor *executor, const rj_plan_item *item, rj_error *err)
{
    const rj_execution *execution = &executor->execution;
    const rj_assignment *assignment = item->assignment;
    rj_action *action = &executor->action;
    rj_request_facts facts = {
        .policy = execution->policy,
        .assignment = assignment,
        .installed_version = execution->installed(execution->data, assignment->id, item->uid),
        .owner = item->uid,
        .caller = execution->caller,
        .phase = execution->phase,
    };
    rj_status status = rj_request_build(&facts, &action->request, err);
    if (status == RJ_OK && item->uid == RJ_UID_MACHINE)
        status = rj_request_place(action->request, execution->paths, err);
    if (status == RJ_OK) {
        action->request_text = rj_json_print(action->request, NULL);
        if (!action->request_text)
            status = rj_fail_memory(err, "preparing a package step");
    }
    return status;
}

static rj_status open_entry(rj_executor *executor, const rj_plan_item *item, rj_error *err)
{
    const rj_execution *execution = &executor->execution;
    const rj_assignment *assignment = item->assignment;
    rj_action *action = &executor->action;
    action->entry = (rj_journal_entry){
        .id = assignment->id,
        .uid = item->uid,
        .verdict = item->verdict,
        .step = RJ_STEP_PLANNED,
        .request = action->request_text,
        .correlation = execution->correlation,
        .assignment_version = assignment->version ? assignment->version : "",
        .args_hash = assignment->args_hash,
        .display_name = assignment->name,
        .format = assignment->format,
        .evidence = execution->evidence(execution->data, assignment),
        .started_wall_ms = rj_clock_wall_ms(),
    };
    return rj_store_journal_begin(execution->store, &action->entry, &action->entry.number, err);
}

void rj_action_begin(rj_executor *executor, const rj_plan_item *item)
{
    executor->action = (rj_action){.item = item, .label = "started", .permille = -1};
    rj_error error = RJ_ERROR_NONE;
    if (prepare(executor, item, &error) != RJ_OK) {
        leave_open(executor, error.text);
        return;
    }
    if (open_entry(executor, item, &error) != RJ_OK) {
        break_off(executor, "it could not be recorded, so it is not begun", &error);
        return;
    }
    rj_mirror_started(executor->execution.mirror, &executor->action.entry);
    rj_report_state(executor, "started", NULL);
    if (item->verdict == RJ_VERDICT_UNINSTALL)
        change(executor);
    else
        fetch(executor);
}

void rj_action_cancel(rj_executor *executor)
{
    const rj_action *action = &executor->action;
    const rj_performer *performer = executor->execution.performer;
    if (!action->asking || (action->entry.step != RJ_STEP_FETCHING && !executor->hard))
        return;
    performer->cancel(performer->data, action->entry.uid, action->question);
}
