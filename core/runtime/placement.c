/* SPDX-License-Identifier: MIT */
/*
 * Workers of instances: what they may do, starting one, and what follows when one ends.
 *
 * The plugin's file is opened and checked once and stays open: every worker maps that very file, also
 * when another one lies in its place by then.
 */
#include "runtime/placement.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "host/host.h"
#include "platform/file.h"
#include "platform/system.h"
#include "runtime/confine.h"
#include "runtime/crash_policy.h"
#include "runtime/proxy.h"
#include "runtime/worker_limits.h"

#include <stdio.h>
#include <string.h>

#define IDLE_MS 60000u
#define REFUSED_WAIT_MS 5000u /* before a worker that did not get ready is tried again */

/* The accounts of workers: numbers that no system hands out to users, containers or services. */
#define FIRST_UID 1879048192u
#define UID_MASK 0x0fffffffu

struct rj_instance_worker {
    rj_proxy *proxy;
    int plugin_file;
    rj_confinement confinement;
    rj_crash_history crashes;
    unsigned crash_count;
    uint64_t refused_until_ms; /* 0: not refused */
    char refusal[RJ_ERROR_TEXT];
};

/* ---- Choice ---------------------------------------------------------------------------------- */

rj_status rj_placement_choose(const rj_instance *instance, bool *ret_worker, rj_error *err)
{
    const json_t *policy = rj_registry_policy(instance->runtime, instance->id);
    const json_t *value = rj_json_get(policy, "Isolation");
    const char *word = json_string_value(value);
    if (!value || json_is_null(value))
        *ret_worker = !instance->built_in || instance->manifest->wants_worker;
    else if (word && strcmp(word, "worker") == 0)
        *ret_worker = true;
    else if (word && strcmp(word, "in-process") == 0)
        *ret_worker = false;
    else
        return rj_fail(err, RJ_E_INVALID,
                       "policy: /Plugins/%s/Isolation: expected is \"worker\" or \"in-process\"",
                       instance->id);
    return RJ_OK;
}

/* ---- Sandbox --------------------------------------------------------------------------------- */

/* A number of its own for each plugin, the same on every machine and after every restart. */
static rj_uid uid_of(const char *id)
{
    uint64_t hash = 14695981039346656037u;
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 1099511628211u;
    return FIRST_UID + ((uint32_t)(hash ^ (hash >> 28)) & UID_MASK);
}

static rj_status choose_account(rj_instance *instance, rj_uid *ret_uid, rj_error *err)
{
    *ret_uid = RJ_SANDBOX_KEEP_ACCOUNT;
    if (!rj_system_is_root() || !rj_sandbox_has_accounts() ||
        rj_grants_any(&instance->grants, "root"))
        return RJ_OK;
    *ret_uid = uid_of(instance->id);
    const rj_runtime *runtime = instance->runtime;
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (runtime->instances[i] != instance && runtime->instances[i]->placement &&
            runtime->instances[i]->placement->confinement.sandbox.uid == *ret_uid)
            return rj_fail(err, RJ_E_EXISTS,
                           "its account, uid %u, is that of %s; give it another id", *ret_uid,
                           runtime->instances[i]->id);
    return RJ_OK;
}

static rj_status make_sandbox(rj_instance *instance, rj_instance_worker *placement, rj_error *err)
{
    const rj_runtime *runtime = instance->runtime;
    char *state = NULL;
    char *cache = NULL;
    rj_confine_what what = {.paths = runtime->options.paths,
                            .granted = (const char *const *)instance->grants.granted,
                            .folder = instance->folder};
    rj_status status = choose_account(instance, &what.uid, err);
    if (!status)
        status = rj_registry_folder(runtime, RJ_PATH_STATE, instance->id, &state, err);
    if (!status)
        status = rj_registry_folder(runtime, RJ_PATH_CACHE, instance->id, &cache, err);
    what.state = state;
    what.cache = cache;
    if (!status)
        status = rj_confine(&what, &placement->confinement, err);
    if (!status)
        status = rj_limits_apply(rj_registry_policy(runtime, instance->id), instance->id,
                                 &placement->confinement.sandbox, err);
    rj_free(state);
    rj_free(cache);
    return status;
}

/* Its folders are there and its own: a cache may be removed as a whole while we run. */
static rj_status give_folders(rj_instance *instance, rj_error *err)
{
    const rj_instance_worker *placement = instance->placement;
    rj_uid uid = placement->confinement.sandbox.uid;
    rj_status status = rj_registry_make_folders(instance->runtime, instance->id, err);
    if (uid == RJ_SANDBOX_KEEP_ACCOUNT)
        uid = rj_system_uid();
    for (size_t i = 0; i < 2 && !status; i++) {
        status = rj_dir_give(placement->confinement.folders[i], uid, err);
        if (status == RJ_E_INVALID) /* a user namespace that does not have it */
            status = rj_dir_give(placement->confinement.folders[i], RJ_SANDBOX_NOBODY, err);
    }
    return status;
}

/* ---- Workers --------------------------------------------------------------------------------- */

static rj_status start(void *data, rj_worker_process **ret_process, uint64_t *ret_wait_ms,
                       rj_error *err)
{
    rj_instance *instance = data;
    rj_instance_worker *placement = instance->placement;
    uint64_t now = rj_clock_monotonic_ms();
    if (instance->state != RJ_INSTANCE_READY)
        return rj_fail(err, RJ_E_DENIED, "%s", instance->reason);
    if (now < placement->refused_until_ms)
        return rj_fail(err, RJ_E_NOT_STARTED, "its worker %s; it is tried again in %llu s",
                       placement->refusal,
                       (unsigned long long)(placement->refused_until_ms - now) / 1000 + 1);
    uint64_t first_ms = instance->runtime->options.crash_wait_ms;
    *ret_wait_ms =
        rj_crash_wait_ms(&placement->crashes, first_ms ? first_ms : RJ_CRASH_WAIT_MS, now);
    if (*ret_wait_ms)
        return RJ_E_BUSY;
    const char *program = rj_path(instance->runtime->options.paths, RJ_PATH_WORKER);
    rj_status status = give_folders(instance, err);
    if (!status && !rj_file_exists(program))
        status = rj_fail(err, RJ_E_NOT_FOUND,
                         "%s is missing, in which it would run; install the agent again", program);
    if (!status) {
        const char *root = rj_paths_root(instance->runtime->options.paths);
        status = rj_file_check_trusted(program, *root ? root : NULL, err);
    }
    rj_worker_spec spec = {.program = program,
                           .name = instance->id,
                           .temporary = placement->confinement.folders[1],
                           .plugin_file = placement->plugin_file,
                           .sandbox = &placement->confinement.sandbox};
    if (!status)
        status = rj_worker_process_start(&spec, ret_process, err);
    return status == RJ_E_BUSY ? RJ_E_NOT_STARTED : status; /* busy is the back-off's word */
}

static void note_crash(rj_instance *instance, const char *text)
{
    rj_instance_worker *placement = instance->placement;
    placement->crash_count++;
    if (rj_crash_note(&placement->crashes, rj_clock_monotonic_ms()) != RJ_CRASH_QUARANTINE)
        return;
    rj_error err = RJ_ERROR_NONE;
    char line[RJ_ERROR_TEXT];
    char why[RJ_QUARANTINE_WHY];
    int length = snprintf(line, sizeof line,
                          "%u crashes within ten minutes; the last time its worker %.400s",
                          RJ_CRASH_LIMIT, text);
    rj_text_to_line(why, sizeof why, line, (size_t)length);
    if (rj_instance_set_aside(instance, why, false, &err))
        rj_log(RJ_LOG_ERROR, "runtime", NULL,
               "plugin %s is set aside until the next start only: %s", instance->id, err.text);
}

static void ended(void *data, rj_worker_end how, const char *text)
{
    rj_instance *instance = data;
    rj_instance_worker *placement = instance->placement;
    uv_mutex_lock(&instance->owner.text_lock);
    if (how != RJ_WORKER_RETIRED) {
        char line[RJ_ERROR_TEXT];
        int length = snprintf(line, sizeof line, "its worker %s", text);
        rj_text_to_line(instance->owner.last_error, sizeof instance->owner.last_error, line,
                        (size_t)length);
    }
    uv_mutex_unlock(&instance->owner.text_lock);
    if (how == RJ_WORKER_REFUSED) {
        snprintf(placement->refusal, sizeof placement->refusal, "%s", text);
        placement->refused_until_ms = rj_clock_monotonic_ms() + REFUSED_WAIT_MS;
    }
    if (how == RJ_WORKER_CRASHED && !instance->runtime->stopping)
        note_crash(instance, text);
    rj_runtime_check_stop(instance->runtime);
}

static void lost(void *data, rj_op op, rj_status status, const char *message)
{
    rj_instance *instance = data;
    rj_op_lose(instance->runtime->ops, op, status, message);
}

static void misbehaved(void *data, rj_op op, const char *text)
{
    rj_instance *instance = data;
    rj_op_misbehaved(instance->runtime->ops, &instance->owner, op, "%s", text);
}

/* The op is to be given up: what hangs is ended, and the proxy answers what it was given. */
static void gave_up(rj_op_owner *owner, rj_op op, const char *what)
{
    rj_instance *instance = (rj_instance *)((char *)owner - offsetof(rj_instance, owner));
    rj_proxy *proxy = instance->placement->proxy;
    char text[240];
    snprintf(text, sizeof text,
             "was killed: no answer within the deadline, nor when cancelled, to \"%.90s\"", what);
    if (strcmp(what, "stop") == 0)
        rj_proxy_give_up_stop(proxy);
    else
        rj_proxy_kill(proxy, RJ_WORKER_HUNG, text);
    if (!rj_proxy_will_answer(proxy, op))
        rj_op_lose(instance->runtime->ops, op, RJ_E_ABANDONED, text);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static rj_status check_lists(const rj_manifest *manifest, rj_error *err)
{
    for (size_t i = 0; i < manifest->provides_count; i++) {
        bool check = strcmp(manifest->provides[i], RJ_CHECK) == 0;
        bool package = strcmp(manifest->provides[i], RJ_PACKAGE) == 0;
        if ((check && !manifest->checks) || (package && !manifest->formats))
            return rj_fail(err, RJ_E_INVALID,
                           "its manifest has no \"%s\": a plugin in a worker is not started to be "
                           "asked what it offers",
                           check ? "checks" : "formats");
    }
    return RJ_OK;
}

static rj_status make_proxy(rj_instance *instance, rj_error *err)
{
    const rj_runtime_options *options = &instance->runtime->options;
    const rj_manifest *manifest = instance->manifest;
    rj_proxy_options proxy = {.loop = options->loop,
                              .host = &instance->host,
                              .id = instance->id,
                              .version = manifest->version,
                              .provides = (const char *const *)manifest->provides,
                              .checks = (const char *const *)manifest->checks,
                              .formats = (const char *const *)manifest->formats,
                              .sandbox = &instance->placement->confinement.sandbox,
                              .idle_ms =
                                  options->worker_idle_ms ? options->worker_idle_ms : IDLE_MS,
                              .start_ms = options->worker_start_ms,
                              .grace_ms = options->grace_ms,
                              .data = instance,
                              .start = start,
                              .ended = ended,
                              .lost = lost,
                              .misbehaved = misbehaved};
    return rj_proxy_new(&proxy, &instance->placement->proxy, err);
}

rj_status rj_placement_prepare(rj_instance *instance, const char *boundary, rj_error *err)
{
    rj_status status = check_lists(instance->manifest, err);
    if (status)
        return status;
    rj_instance_worker *placement = rj_calloc(1, sizeof *placement);
    if (!placement)
        return rj_fail_memory(err, "confining a plugin");
    placement->plugin_file = -1;
    instance->placement = placement;
    status = make_sandbox(instance, placement, err);
    if (!status)
        status = rj_loader_open(instance->folder, boundary, instance->manifest,
                                *instance->sha256 ? instance->sha256 : NULL,
                                instance->runtime->plugins_policy, &placement->plugin_file, err);
    if (!status)
        status = make_proxy(instance, err);
    if (status) {
        rj_placement_release(instance);
        return status;
    }
    instance->owner.gave_up = gave_up;
    instance->owner.elsewhere = true;
    instance->desc = rj_proxy_desc;
    instance->plugin = (rj_plugin *)(void *)placement->proxy;
    return RJ_OK;
}

void rj_placement_release(rj_instance *instance)
{
    rj_instance_worker *placement = instance->placement;
    instance->owner.gave_up = NULL;
    instance->owner.elsewhere = false;
    if (!placement)
        return;
    rj_confine_free(&placement->confinement);
    rj_library_close_file(placement->plugin_file);
    rj_free(placement);
    instance->placement = NULL;
}

void rj_placement_refuse(rj_instance *instance)
{
    if (instance->placement)
        rj_proxy_refuse_queued(instance->placement->proxy, instance->reason);
}

void rj_placement_leave(rj_instance *instance)
{
    if (instance->placement)
        rj_proxy_retire(instance->placement->proxy);
}

void rj_placement_forgive(rj_instance *instance)
{
    if (!instance->placement)
        return;
    instance->placement->crashes = (rj_crash_history){0};
    instance->placement->refused_until_ms = 0;
}

bool rj_placement_may_end(rj_instance *instance)
{
    rj_proxy *proxy = instance->placement->proxy;
    if (rj_proxy_is_asleep(proxy) &&
        rj_op_owner_live(instance->runtime->ops, &instance->owner) == 0 &&
        rj_host_children(instance) == 0)
        return true;
    rj_proxy_retire(proxy);
    return false;
}

json_t *rj_placement_describe(const rj_instance *instance)
{
    const rj_instance_worker *placement = instance->placement;
    if (!placement || !instance->plugin)
        return NULL;
    json_t *document = rj_proxy_describe(placement->proxy);
    int failed = document ? 0 : -1;
    rj_uid uid = placement->confinement.sandbox.uid == RJ_SANDBOX_KEEP_ACCOUNT
                     ? rj_system_uid()
                     : placement->confinement.sandbox.uid;
    failed |= json_object_set_new(document, "crashes", json_integer(placement->crash_count));
    failed |= json_object_set_new(document, "user", json_integer((json_int_t)uid));
    if (!failed)
        return document;
    json_decref(document);
    return NULL;
}
