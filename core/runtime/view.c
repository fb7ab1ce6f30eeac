/* SPDX-License-Identifier: MIT */
/*
 * Views: plugins with rj.ui/1, in the person's own session and in its own process.
 *
 * Each gets one op for its whole life, which ends with the session.  A view that ends by itself is not
 * begun again: what it could do wrong once it would do again and again.
 */
#include "runtime/instance.h"
#include "runtime/runner.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"

#include <string.h>

#define LIFE_MS ((int64_t)10 * 365 * 24 * 60 * 60 * 1000)

bool rj_view_is_one(const rj_instance *instance)
{
    const rj_manifest *manifest = instance->manifest;
    for (size_t i = 0; manifest && i < manifest->provides_count; i++)
        if (strcmp(manifest->provides[i], RJ_UI) == 0)
            return true;
    return false;
}

static bool is_ready(const rj_instance *instance)
{
    return instance->state == RJ_INSTANCE_READY && instance->ui;
}

static void on_view_ended(void *data, const rj_answer *answer)
{
    rj_instance *instance = data;
    instance->view = 0;
    if (answer->status == RJ_E_NOT_APPLICABLE)
        rj_log(RJ_LOG_INFO, "runtime", NULL, "%s", answer->message);
    else if (answer->status != RJ_OK && answer->status != RJ_E_CANCELLED)
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "the view is gone: %s", answer->message);
}

size_t rj_runtime_begin_views(rj_runtime *runtime,
                              rj_status (*act)(void *data, int64_t revision, const char *action),
                              void *data)
{
    size_t count = 0;
    runtime->act = act;
    runtime->act_data = data;
    for (size_t i = 0; i < runtime->instance_count; i++) {
        rj_instance *instance = runtime->instances[i];
        const rj_question question = {
            .deadline_ms = LIFE_MS, .answered = on_view_ended, .data = instance};
        bool refused = true;
        if (!is_ready(instance) || instance->view)
            continue;
        rj_op op = rj_runtime_begin(runtime, instance, "show", &question, "", &refused);
        if (refused)
            continue;
        instance->view = op;
        count++;
        rj_runner_run_view(instance, op);
    }
    return count;
}

void rj_runtime_show(rj_runtime *runtime, const json_t *model)
{
    size_t length = 0;
    char *text = rj_json_print(model, &length);
    if (!text) {
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "out of memory: the views stay as they are");
        return;
    }
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (is_ready(runtime->instances[i]) && runtime->instances[i]->view)
            rj_runner_show(runtime->instances[i], text, length);
    rj_free(text);
}

rj_question_id rj_runtime_ask(rj_runtime *runtime, const json_t *prompt,
                              const rj_question *question)
{
    rj_instance *view = NULL;
    for (size_t i = 0; i < runtime->instance_count && !view; i++)
        if (is_ready(runtime->instances[i]) && runtime->instances[i]->view)
            view = runtime->instances[i];
    bool refused = true;
    rj_op op = rj_runtime_begin(runtime, view, "ask the person", question,
                                "nobody can be asked: there is no view", &refused);
    if (refused)
        return op;
    size_t length = 0;
    char *text = rj_json_print(prompt, &length);
    if (text)
        rj_runner_ask(view, text, length, op);
    else
        rj_op_answer_by_host(runtime->ops, op, RJ_E_NO_MEMORY, "out of memory while asking");
    rj_free(text);
    return op;
}
