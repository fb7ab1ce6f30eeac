/* SPDX-License-Identifier: MIT */
/* The face of the runtime: loading, questions, and what there is to see. */
#include "runtime/placement.h"
#include "runtime/runner.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "host/host.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_GRACE_MS 5000u
#define MESSAGE_MAX 900u

static void on_delivered(void *data)
{
    rj_runtime_check_stop(data);
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_runtime_new(const rj_runtime_options *options, rj_runtime **ret_runtime, rj_error *err)
{
    rj_runtime *runtime = rj_calloc(1, sizeof *runtime);
    if (!runtime)
        return rj_fail_memory(err, "making the plugin runtime");
    runtime->options = *options;
    if (!runtime->options.grace_ms)
        runtime->options.grace_ms = DEFAULT_GRACE_MS;
    rj_status status = rj_ops_new(options->loop, runtime->options.grace_ms, &runtime->ops, err);
    if (!status)
        status = rj_event_queue_new(runtime, &runtime->events, err);
    if (status) {
        rj_ops_free(runtime->ops);
        rj_free(runtime);
        return status;
    }
    rj_ops_on_delivered(runtime->ops, on_delivered, runtime);
    /* The policy may go before we do; references keep our part of it. */
    runtime->plugins_policy = json_incref((json_t *)(uintptr_t)options->plugins_policy);
    *ret_runtime = runtime;
    return RJ_OK;
}

/* What the plugin offers, or would offer if it could be loaded: such a check is known, and unknown is
 * its state.  A disabled plugin offers nothing. */
static char *const *announced_checks(const rj_instance *instance)
{
    if (instance->state == RJ_INSTANCE_DISABLED)
        return NULL;
    if (instance->check)
        return instance->check_ids;
    return instance->manifest ? instance->manifest->checks : NULL;
}

static bool is_taken(const char *const *ids, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

rj_status rj_runtime_collect_checks(rj_runtime *runtime, rj_error *err)
{
    size_t most = 0;
    for (size_t i = 0; i < runtime->instance_count; i++)
        for (char *const *id = announced_checks(runtime->instances[i]); id && *id; id++)
            most++;
    const char **ids = rj_calloc(most + 1, sizeof *ids);
    if (!ids)
        return rj_fail_memory(err, "listing checks");
    size_t count = 0;
    for (size_t i = 0; i < runtime->instance_count; i++) {
        rj_instance *instance = runtime->instances[i];
        for (char *const *id = announced_checks(instance); id && *id; id++) {
            if (!is_taken(ids, count, *id))
                ids[count++] = *id;
            else
                rj_log(RJ_LOG_WARNING, "runtime", NULL,
                       "plugin %s offers the check %s, which another one offers already",
                       instance->id, *id);
        }
    }
    rj_free((void *)(uintptr_t)runtime->check_ids);
    runtime->check_ids = ids;
    return RJ_OK;
}

/* To the service a view is not a plugin that failed: it is none of its plugins. */
static void drop_views_of_others(rj_runtime *runtime)
{
    size_t kept = 0;
    for (size_t i = 0; i < runtime->instance_count; i++) {
        rj_instance *instance = runtime->instances[i];
        if (rj_view_is_one(instance) && runtime->options.role != RJ_ROLE_SESSION)
            rj_registry_free_instance(instance);
        else
            runtime->instances[kept++] = instance;
    }
    runtime->instance_count = kept;
}

rj_status rj_runtime_load(rj_runtime *runtime, rj_error *err)
{
    if (runtime->instances)
        return rj_fail(err, RJ_E_EXISTS, "the plugins are loaded already");
    rj_status status = rj_registry_scan(runtime, err);
    for (size_t i = 0; i < runtime->instance_count && !status; i++)
        rj_registry_load(runtime, runtime->instances[i]);
    if (!status)
        drop_views_of_others(runtime);
    return status ? status : rj_runtime_collect_checks(runtime, err);
}

void rj_instance_configure(rj_instance *instance)
{
    rj_error err = RJ_ERROR_NONE;
    char *config = NULL;
    if (rj_registry_config(instance->runtime, instance->id, &config, &err))
        rj_log(RJ_LOG_ERROR, "runtime", NULL, "plugin %s keeps its old settings: %s", instance->id,
               err.text);
    else
        rj_host_configure(instance, config);
}

/* Those that the policy's word was missing for; what is wrong with another one still is. */
static void load_refused(rj_runtime *runtime)
{
    rj_error err = RJ_ERROR_NONE;
    for (size_t i = 0; i < runtime->instance_count && !runtime->stopping; i++) {
        rj_instance *instance = runtime->instances[i];
        if (!instance->built_in && !instance->plugin && instance->state == RJ_INSTANCE_REFUSED)
            rj_registry_load_again(instance);
    }
    if (!runtime->stopping && rj_runtime_note_change(runtime, &err))
        rj_log(RJ_LOG_ERROR, "runtime", NULL, "%s", err.text);
}

void rj_runtime_configure(rj_runtime *runtime, const json_t *plugins_policy)
{
    json_t *former = runtime->plugins_policy;
    runtime->plugins_policy = json_incref((json_t *)(uintptr_t)plugins_policy);
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (runtime->instances[i]->state == RJ_INSTANCE_READY)
            rj_instance_configure(runtime->instances[i]);
    json_decref(former);
    if (runtime->options.policy_unknown) {
        runtime->options.policy_unknown = false;
        load_refused(runtime);
    }
}

void rj_runtime_refresh(rj_runtime *runtime)
{
    bool changed = false;
    rj_error err = RJ_ERROR_NONE;
    for (size_t i = 0; i < runtime->instance_count && !runtime->stopping; i++)
        changed |= rj_registry_reload_changed(runtime->instances[i]);
    if (changed && rj_runtime_note_change(runtime, &err))
        rj_log(RJ_LOG_ERROR, "runtime", NULL, "%s", err.text);
}

/* ---- Questions ------------------------------------------------------------------------------- */

static void answer_out_of_memory(const rj_question *question)
{
    rj_answer answer = {.status = RJ_E_NO_MEMORY,
                        .message = "out of memory while asking a plugin",
                        .plugin_id = ""};
    if (question->answered)
        question->answered(question->data, &answer);
}

/* Why nobody may be asked now; RJ_OK: go on. */
static rj_status refusal(rj_runtime *runtime, rj_instance *instance, char *text, size_t size)
{
    if (runtime->stopping) {
        snprintf(text, size, "the agent is stopping");
        return RJ_E_NOT_STARTED;
    }
    if (!instance)
        return RJ_E_NOT_FOUND;
    rj_lane *lane = atomic_load(&instance->owner.lane);
    if (lane && rj_lane_is_wedged(lane)) {
        snprintf(text, size, "still busy with work that was given up; try again later");
        return RJ_E_NOT_STARTED;
    }
    unsigned abandoned = rj_op_owner_abandoned(runtime->ops, &instance->owner);
    if (abandoned >= RJ_OP_ABANDONED_MAX) {
        snprintf(text, size, "%u questions were never answered; it is asked no more until it does",
                 abandoned);
        return RJ_E_NOT_STARTED;
    }
    return RJ_OK;
}

rj_op rj_runtime_begin(rj_runtime *runtime, rj_instance *instance, const char *what,
                       const rj_question *question, const char *missing, bool *ret_refused)
{
    char text[MESSAGE_MAX];
    snprintf(text, sizeof text, "%s", missing);
    rj_status status = refusal(runtime, instance, text, sizeof text);
    rj_op_request request = {.owner = status || !instance ? NULL : &instance->owner,
                             .what = what,
                             .question = question,
                             .answered = rj_runner_answered,
                             .data = status ? NULL : instance};
    *ret_refused = true;
    rj_op op = rj_op_new(runtime->ops, &request);
    if (!op) {
        answer_out_of_memory(question);
        return 0;
    }
    if (status) {
        char message[MESSAGE_MAX + 80];
        snprintf(message, sizeof message, "%s%s%s", instance ? instance->id : "",
                 instance ? ": " : "", text);
        rj_op_answer_by_host(runtime->ops, op, status, message);
    }
    *ret_refused = status != RJ_OK;
    return op;
}

static bool is_named(char *const *list, const char *id)
{
    for (; list && *list; list++)
        if (strcmp(*list, id) == 0)
            return true;
    return false;
}

/* The reason of the plugin that announces it, or else that there is none. */
static void explain_missing(const rj_runtime *runtime, const char *kind, const char *id, char *text,
                            size_t size)
{
    for (size_t i = 0; i < runtime->instance_count; i++) {
        const rj_instance *instance = runtime->instances[i];
        const rj_manifest *manifest = instance->manifest;
        bool announces = manifest
                             ? is_named(manifest->checks, id) || is_named(manifest->formats, id)
                             : *id && strstr(instance->id, id);
        announces |= is_named(instance->check_ids, id) || is_named(instance->formats, id);
        if (*instance->reason && announces) {
            snprintf(text, size, "%.64s is %s: %.600s", instance->id,
                     instance->plugin ? "out of service" : "not loaded", instance->reason);
            return;
        }
    }
    snprintf(text, size, "no loaded plugin offers the %s \"%.64s\"", kind, id);
}

rj_question_id rj_runtime_evaluate(rj_runtime *runtime, const char *check_id,
                                   const rj_question *question)
{
    rj_instance *instance = rj_registry_find_check(runtime, check_id);
    char missing[MESSAGE_MAX] = "";
    char what[96];
    if (!instance)
        explain_missing(runtime, "check", check_id, missing, sizeof missing);
    snprintf(what, sizeof what, "evaluate %.64s", check_id);
    bool refused;
    rj_op op = rj_runtime_begin(runtime, instance, what, question, missing, &refused);
    if (!refused)
        rj_runner_evaluate(instance, check_id, op);
    return op;
}

bool rj_runtime_has_format(rj_runtime *runtime, const char *format)
{
    return rj_registry_find_format(runtime, format) != NULL;
}

rj_question_id rj_runtime_package(rj_runtime *runtime, rj_package_verb verb, const json_t *request,
                                  const rj_question *question)
{
    static const char *const verbs[] = {"detect", "fetch", "install", "uninstall", "recover"};
    const char *format = json_string_value(json_object_get(request, "format"));
    const char *id = json_string_value(json_object_get(request, "id"));
    rj_instance *instance = format ? rj_registry_find_format(runtime, format) : NULL;
    char missing[MESSAGE_MAX] = "";
    char what[96];
    if (!instance)
        explain_missing(runtime, "package format", format ? format : "", missing, sizeof missing);
    snprintf(what, sizeof what, "%s %.64s", verbs[verb], id ? id : "");
    bool refused;
    rj_op op = rj_runtime_begin(runtime, instance, what, question, missing, &refused);
    if (refused)
        return op;
    rj_error err = RJ_ERROR_NONE;
    rj_status status = rj_registry_make_folders(runtime, instance->id, &err);
    char *text = status ? NULL : rj_json_print(request, NULL);
    if (text)
        rj_runner_package(instance, verb, text, op);
    else
        rj_op_answer_by_host(runtime->ops, op, status ? status : RJ_E_NO_MEMORY,
                             status ? err.text : "out of memory while asking");
    rj_free(text);
    return op;
}

void rj_runtime_cancel(rj_runtime *runtime, rj_question_id question)
{
    rj_op_cancel(runtime->ops, question);
}

const char *const *rj_runtime_check_ids(rj_runtime *runtime)
{
    static const char *const none[] = {NULL};
    return runtime->check_ids ? runtime->check_ids : none;
}

void rj_runtime_publish(rj_runtime *runtime, const char *topic, const json_t *document)
{
    size_t length = 0;
    char *text = rj_json_print(document, &length);
    if (!text || rj_event_queue_put(runtime->events, NULL, topic, text, length))
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "the notice %s could not be passed on", topic);
    rj_free(text);
}

/* ---- Views ----------------------------------------------------------------------------------- */

static json_t *list_of(char *const *texts)
{
    json_t *list = json_array();
    for (; texts && *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

const char *rj_instance_state_name(const rj_instance *instance)
{
    switch (instance->state) {
    case RJ_INSTANCE_READY:
        return "ready";
    case RJ_INSTANCE_DISABLED:
        return "disabled";
    case RJ_INSTANCE_QUARANTINED:
        return "quarantined";
    case RJ_INSTANCE_FAILED:
        return "failed";
    case RJ_INSTANCE_STOPPING:
        return "stopping";
    case RJ_INSTANCE_STOPPED:
        return "stopped";
    case RJ_INSTANCE_REFUSED:
        break;
    }
    return "refused";
}

/* Where it runs, or would run. */
static bool is_worker(const rj_instance *instance)
{
    bool worker = !instance->built_in;
    if (instance->plugin)
        return instance->placement != NULL;
    if (instance->manifest)
        rj_placement_choose(instance, &worker, NULL);
    return worker;
}

static json_t *describe_one(rj_runtime *runtime, rj_instance *instance)
{
    char last_error[sizeof instance->owner.last_error];
    uv_mutex_lock(&instance->owner.text_lock);
    memcpy(last_error, instance->owner.last_error, sizeof last_error);
    uv_mutex_unlock(&instance->owner.text_lock);
    const rj_manifest *manifest = instance->manifest;
    const char *sha256 = instance->sha256;
    if (!*sha256 && manifest && manifest->sha256)
        sha256 = manifest->sha256;
    /* Of one that is not loaded, what it announces. */
    char *const *checks = instance->check_ids, *const *formats = instance->formats;
    if (manifest && !instance->plugin) {
        checks = manifest->checks;
        formats = manifest->formats;
    }
    const char *by = NULL;
    if (instance->state == RJ_INSTANCE_DISABLED)
        by = instance->disabled && rj_registry_policy_allows(runtime, instance->id)
                 ? "administrator"
                 : "policy";
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:s*, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:s}",
        "id", instance->id, "version", manifest ? manifest->version : "", "state",
        rj_instance_state_name(instance), "reason", instance->reason, "disabled_by", by, "folder",
        instance->folder, "sha256", sha256, "built_in", (int)instance->built_in, "provides",
        list_of(manifest ? manifest->provides : NULL), "checks", list_of(checks), "formats",
        list_of(formats), "granted", list_of(instance->grants.granted), "refused",
        list_of(instance->grants.refused), "ops",
        (json_int_t)rj_op_owner_live(runtime->ops, &instance->owner), "misbehaved",
        (json_int_t)atomic_load(&instance->owner.misbehaved), "last_error", last_error, "isolation",
        is_worker(instance) ? "worker" : "in-process");
    json_t *worker = rj_placement_describe(instance);
    if (document && worker && json_object_set(document, "worker", worker)) {
        json_decref(document);
        document = NULL;
    }
    json_decref(worker);
    return document;
}

json_t *rj_runtime_describe(rj_runtime *runtime)
{
    json_t *list = json_array();
    for (size_t i = 0; i < runtime->instance_count; i++) {
        json_t *one = describe_one(runtime, runtime->instances[i]);
        if (!one || json_array_append_new(list, one)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
