/* SPDX-License-Identifier: MIT */
/* Asking through the runtime, as the engine does, or past it, as only a test does. */
#include "ask.h"

#include "base/alloc.h"
#include "platform/system.h"
#include "runtime/runner.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>

#define NO_PACKAGE "rj-validate-no-such-package"

static const char *const verbs[] = {"detect", "fetch", "install", "uninstall", "recover"};

size_t rj_methods_of(const rj_stage *stage, rj_method ret_methods[RJ_METHODS_MAX])
{
    size_t count = 0;
    const rj_instance *instance = stage->instance;
    for (char *const *id = instance->check_ids; id && *id && count < RJ_METHODS_MAX; id++) {
        rj_method *m = &ret_methods[count++];
        *m = (rj_method){.check_id = *id};
        snprintf(m->label, sizeof m->label, "evaluate \"%s\"", *id);
    }
    for (char *const *format = instance->formats; format && *format; format++) {
        for (int verb = RJ_PACKAGE_DETECT; verb <= RJ_PACKAGE_RECOVER && count < RJ_METHODS_MAX;
             verb++) {
            rj_method *m = &ret_methods[count++];
            *m = (rj_method){.format = *format, .verb = (rj_package_verb)verb};
            snprintf(m->label, sizeof m->label, "%s (format \"%s\")", verbs[verb], *format);
        }
    }
    return count;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

json_t *rj_ask_request(const rj_stage *stage, const rj_method *method, const json_t *more)
{
    const char *lib = rj_path(stage->paths, RJ_PATH_PACKAGE_LIB);
    const char *logs = rj_path(stage->paths, RJ_PATH_PACKAGE_LOGS);
    json_t *request = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:s, s:{s:s, s:s}, s:i}", "id",
        NO_PACKAGE, "format", method->format, "package", NO_PACKAGE, "version", "1.0.0", "scope",
        "system", "args", "", "location", "no-such-file.zip", "sources", stage->root, "hash",
        "0000000000000000000000000000000000000000000000000000000000000000", "lib_dir", lib,
        "log_path", logs, "environment", "PATH", "/usr/bin:/bin", "RJ_PackageID", NO_PACKAGE,
        "time_limit_ms", 60000);
    char text[RJ_STAGE_PATH + 40];
    snprintf(text, sizeof text, "%s/srv/feed", stage->root);
    json_object_set_new(request, "sources", json_pack("[s]", text));
    snprintf(text, sizeof text, "%s/validate.log", logs);
    json_object_set_new(request, "log_path", json_string(text));
    if (more)
        json_object_update(request, (json_t *)(uintptr_t)more);
    return request;
}

static void on_answer(void *data, const rj_answer *answer)
{
    rj_asked *asked = data;
    asked->answers++;
    asked->answered = true;
    asked->answered_ms = rj_clock_monotonic_ms();
    asked->status = answer->status;
    snprintf(asked->message, sizeof asked->message, "%s", answer->message);
    if (!asked->result)
        asked->result = json_incref(answer->result);
}

static rj_question begin(const rj_method *method, int64_t deadline_ms, rj_asked *asked)
{
    *asked = (rj_asked){.method = method, .asked_ms = rj_clock_monotonic_ms()};
    return (rj_question){.correlation = "validate",
                         .deadline_ms = deadline_ms,
                         .answered = on_answer,
                         .data = asked};
}

void rj_ask_with(rj_stage *stage, const rj_method *method, const json_t *request,
                 int64_t deadline_ms, rj_asked *asked)
{
    rj_question question = begin(method, deadline_ms, asked);
    asked->id = method->check_id
                    ? rj_runtime_evaluate(stage->runtime, method->check_id, &question)
                    : rj_runtime_package(stage->runtime, method->verb, request, &question);
    rj_stage_called(stage, asked->asked_ms);
}

void rj_ask(rj_stage *stage, const rj_method *method, int64_t deadline_ms, rj_asked *asked)
{
    json_t *request =
        method->check_id
            ? NULL
            : rj_ask_request(stage, method, stage->real_package ? stage->trial->request : NULL);
    rj_ask_with(stage, method, request, deadline_ms, asked);
    json_decref(request);
}

void rj_ask_raw(rj_stage *stage, const rj_method *method, const char *text, int64_t deadline_ms,
                rj_asked *asked)
{
    rj_question question = begin(method, deadline_ms, asked);
    rj_op_request request = {.owner = &stage->instance->owner,
                             .what = method->label,
                             .question = &question,
                             .answered = rj_runner_answered,
                             .data = stage->instance};
    asked->id = rj_op_new(stage->runtime->ops, &request);
    if (asked->id && method->check_id)
        rj_runner_evaluate(stage->instance, text, asked->id);
    else if (asked->id)
        rj_runner_package(stage->instance, method->verb, text, asked->id);
    rj_stage_called(stage, asked->asked_ms);
}

bool rj_ask_wait(rj_stage *stage, rj_asked *asked, int64_t limit_ms)
{
    return rj_stage_turn_until(stage, &asked->answered, limit_ms);
}

void rj_ask_forget(rj_asked *asked)
{
    json_decref(asked->result);
    asked->result = NULL;
}

/* ---- Judging --------------------------------------------------------------------------------- */

static bool status_fits(rj_status status, rj_manner manner)
{
    if (manner == RJ_ASKED_ODDLY)
        return status != RJ_E_ABANDONED && status != RJ_E_NOT_STARTED;
    if (manner == RJ_ASKED_WRONGLY && status == RJ_OK)
        return false;
    switch (status) {
    case RJ_E_ABANDONED:
        return false;
    case RJ_E_CANCELLED:
        return manner == RJ_ASKED_CANCELLED || manner == RJ_ASKED_LATE;
    case RJ_E_NOT_STARTED:
        return manner == RJ_ASKED_CANCELLED || manner == RJ_ASKED_LATE;
    case RJ_E_TIMEOUT:
        return manner == RJ_ASKED_LATE;
    default:
        return true;
    }
}

static const char *expected_status(rj_manner manner)
{
    switch (manner) {
    case RJ_ASKED_CANCELLED:
        return "a cancelled op ends with ok, cancelled, or a failure that would have come anyway";
    case RJ_ASKED_LATE:
        return "an op whose deadline passed ends with ok, timeout, cancelled, or another failure";
    case RJ_ASKED_WRONGLY:
        return "what cannot be answered fails, with a message that says why";
    case RJ_ASKED_PLAINLY:
    case RJ_ASKED_ODDLY:
        break;
    }
    return "an op ends with ok or with the failure that happened";
}

static bool judge_status(rj_stage *stage, const rj_asked *asked, rj_manner manner, const char *how)
{
    if (status_fits(asked->status, manner))
        return true;
    const char *advice =
        asked->status == RJ_E_ABANDONED ? "answer every op, also after a cancellation: poll "
                                          "cancelled() in loops, or use on_cancel() to break a wait"
        : asked->status == RJ_OK
            ? "check what you were given before you use it; RJ_E_INVALID or RJ_E_NOT_FOUND fits"
            : "finish with the status that says what happened; plugin.h explains each";
    rj_report_finding(stage->report, expected_status(manner), advice, "%s, %s: %s%s%s",
                      asked->method->label, how, rj_status_name(asked->status),
                      *asked->message ? ", " : "", asked->message);
    return false;
}

static bool judge_result(rj_stage *stage, const rj_asked *asked, rj_manner manner, const char *how)
{
    char problem[400] = "";
    const rj_method *method = asked->method;
    if (asked->status == RJ_OK && !asked->result)
        snprintf(problem, sizeof problem, "there is none");
    else if (asked->result)
        rj_shape_check(method->check_id ? -1 : (int)method->verb, asked->result,
                       asked->status == RJ_OK, problem, sizeof problem);
    if (*problem) {
        rj_report_finding(stage->report, "the result document is of its interface's shape",
                          "compare with realmjoin/check.h or package.h and the schemas in "
                          "share/realmjoin/schema",
                          "%s, %s, its result: %s", method->label, how, problem);
        return false;
    }
    if (method->check_id && asked->result && asked->status && manner == RJ_ASKED_PLAINLY) {
        rj_report_finding(stage->report,
                          "evaluate() finishes with RJ_OK whenever it pushed a document",
                          "put \"unknown\" and the reason into the document, and finish with RJ_OK",
                          "%s, %s: a document and the status %s", method->label, how,
                          rj_status_name(asked->status));
        return false;
    }
    return true;
}

bool rj_ask_judge(rj_stage *stage, const rj_asked *asked, rj_manner manner, const char *how)
{
    if (asked->answers != 1) {
        rj_report_finding(stage->report, "each op is answered exactly once",
                          "finish every op, on every way through your code", "%s, %s: %u answers",
                          asked->method->label, how, asked->answers);
        return false;
    }
    bool fits = judge_status(stage, asked, manner, how);
    return judge_result(stage, asked, manner, how) && fits;
}

bool rj_ask_all(rj_stage *stage, rj_manner manner, const char *how)
{
    rj_method methods[RJ_METHODS_MAX];
    size_t count = rj_methods_of(stage, methods);
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        static rj_asked asked; /* should its answer never come, nobody else uses it */
        rj_report_step(stage->report, "%s, %s", methods[i].label, how);
        rj_ask(stage, &methods[i], stage->options->deadline_ms, &asked);
        rj_ask_wait(stage, &asked, rj_stage_patience_ms(stage));
        good &= rj_ask_judge(stage, &asked, manner, how);
        rj_ask_forget(&asked);
        if (!asked.answered)
            return false;
    }
    return good;
}
