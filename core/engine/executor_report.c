/* SPDX-License-Identifier: MIT */
/* What a run tells: events as docs/ipc.md shapes them, and one log line for each turn of an action.
 * A document that memory does not suffice for is left out; the log line still comes. */
#include "engine/executor_internal.h"

#include "base/log.h"
#include "base/text.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.executor"
#define PROGRESS_EACH_MS 250
#define ROOT ((rj_uid)0)

static void emit(rj_executor *executor, const char *topic, const rj_plan_item *item,
                 json_t *document)
{
    const rj_execution *execution = &executor->execution;
    if (document)
        execution->event(execution->data, topic, rj_item_audience(item), document);
    json_decref(document);
}

static json_t *action_document(const rj_executor *executor, const rj_plan_item *item,
                               const char *state)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "correlation",
                     executor->execution.correlation, "id", item->assignment->id, "name",
                     item->assignment->name, "verdict", rj_verdict_name(item->verdict), "state",
                     state, "index", (json_int_t)executor->next + 1, "total",
                     (json_int_t)executor->execution.plan->action_count);
}

static void set_text(json_t *document, const char *key, const char *text)
{
    if (document && text && text[0])
        json_object_set_new(document, key, json_string(text));
}

static int level_of(const char *state)
{
    return strcmp(state, "failed") == 0 ? RJ_LOG_ERROR : RJ_LOG_INFO;
}

/* What ended it; NULL: its provider was content, but what is there is not what was wanted. */
static const char *error_of(const rj_action *action)
{
    rj_status status = action->outcome_unknown ? RJ_E_ABANDONED : action->ended_as;
    return status != RJ_OK ? rj_status_name(status) : NULL;
}

void rj_report_state(rj_executor *executor, const char *state, const char *message)
{
    const rj_action *action = &executor->action;
    rj_output_feed_flush(action->output); /* before what it ended with */
    const rj_assignment *assignment = action->item->assignment;
    const char *version = action->version ? action->version : assignment->version;
    bool over = strcmp(state, "done") == 0 || strcmp(state, "failed") == 0;

    json_t *document = action_document(executor, action->item, state);
    set_text(document, "version", version);
    set_text(document, "message", message);
    set_text(document, "log", json_string_value(json_object_get(action->request, "log_path")));
    if (strcmp(state, "failed") == 0 || strcmp(state, "held") == 0)
        set_text(document, "error", error_of(action));
    if (document && over && action->has_exit_code)
        json_object_set_new(document, "exit_code", json_integer(action->exit_code));
    if (document && over && action->restart)
        json_object_set_new(document, "restart", json_true());
    emit(executor, "action", action->item, document);

    char user[80] = "", code[32] = "";
    if (action->item->uid != RJ_UID_MACHINE) {
        char name[64];
        snprintf(user, sizeof user, " for %s",
                 rj_system_user_name(action->item->uid, name, sizeof name));
    }
    if (over && action->has_exit_code)
        snprintf(code, sizeof code, ", exit code %d", (int)action->exit_code);
    rj_log(level_of(state), LOGGER, executor->execution.correlation, "%s %s%s%s%s: %s%s%s%s%s",
           rj_verdict_name(action->item->verdict), assignment->id, version ? " " : "",
           version ? version : "", user, state, code,
           action->restart && over ? ", restart wanted" : "", message && message[0] ? ": " : "",
           message ? message : "");
}

void rj_report_held(rj_executor *executor, const rj_plan_item *item, const char *why)
{
    json_t *document = action_document(executor, item, "held");
    set_text(document, "message", why);
    emit(executor, "action", item, document);
    rj_log(RJ_LOG_WARNING, LOGGER, executor->execution.correlation, "%s %s: %s",
           rj_verdict_name(item->verdict), item->assignment->id, why);
}

void rj_report_progress(rj_executor *executor, int permille, const char *text)
{
    rj_action *action = &executor->action;
    action->permille = permille;
    if (text)
        rj_text_to_line(action->text, sizeof action->text, text, strlen(text));
    uint64_t now = rj_clock_monotonic_ms();
    if (action->progress_shown_ms && now - action->progress_shown_ms < PROGRESS_EACH_MS)
        return;
    action->progress_shown_ms = now;
    json_t *document = json_pack("{s:s, s:s}", "correlation", executor->execution.correlation, "id",
                                 action->item->assignment->id);
    if (document && permille >= 0)
        json_object_set_new(document, "permille", json_integer(permille));
    set_text(document, "text", action->text);
    emit(executor, "progress", action->item, document);
}

/* That a package of the machine is on concerns everybody; what its program writes, which only root could read in its
 * log, goes to who asked for it. */
static rj_uid output_audience(const rj_executor *executor)
{
    const rj_plan_item *item = executor->action.item;
    rj_uid asked =
        executor->execution.caller != RJ_UID_MACHINE ? executor->execution.caller : item->uid;
    return asked != RJ_UID_MACHINE && rj_item_is_visible(item, asked, false) ? asked : ROOT;
}

static void emit_output(void *data, uint64_t line, const char *text)
{
    const rj_executor *executor = data;
    const rj_execution *execution = &executor->execution;
    json_t *document =
        json_pack("{s:s, s:s, s:I, s:s}", "correlation", execution->correlation, "id",
                  executor->action.item->assignment->id, "line", (json_int_t)line, "text", text);
    if (document)
        execution->event(execution->data, "output", output_audience(executor), document);
    json_decref(document);
}

void rj_report_output(rj_executor *executor, uint64_t line, const char *bytes, size_t length)
{
    rj_action *action = &executor->action;
    if (!action->output && executor->execution.loop)
        action->output = rj_output_feed_new(executor->execution.loop, emit_output, executor);
    rj_output_feed_add(action->output, line, bytes, length);
}

bool rj_executor_describe(const rj_executor *executor, rj_uid uid, bool admin, json_t *run)
{
    const rj_action *action = &executor->action;
    int failed = json_object_set_new(run, "done", json_integer((json_int_t)executor->next));
    failed |= json_object_set_new(run, "total",
                                  json_integer((json_int_t)executor->execution.plan->action_count));
    if (executor->busy)
        failed |= json_object_set_new(run, "step", json_string(action->label));
    if (executor->busy && rj_item_is_visible(action->item, uid, admin)) {
        failed |= json_object_set_new(run, "package", json_string(action->item->assignment->id));
        if (action->permille >= 0)
            failed |= json_object_set_new(run, "permille", json_integer(action->permille));
        if (action->text[0])
            failed |= json_object_set_new(run, "text", json_string(action->text));
    }
    return failed == 0;
}
