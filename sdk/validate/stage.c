/* SPDX-License-Identifier: MIT */
/* Putting a plugin below a root, loading it as the agent does, and stopping it as the agent does. */
#include "stage.h"

#include "base/alloc.h"
#include "base/json.h"
#include "kv_memory.h"
#include "misbehaviour.h"
#include "platform/file.h"
#include "platform/system.h"
#include "process_facts.h"
#include "tree.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_MS 1500u /* longer, and the loop was blocked */
#define TURN_MS 10

static const char advice_files[] = "this is no fault of the plugin: free some space, or set TMPDIR";

/* ---- Making ---------------------------------------------------------------------------------- */

static rj_status put_plugin(rj_stage *stage, const char *binary, rj_error *err)
{
    rj_trial *trial = stage->trial;
    char folder[RJ_STAGE_PATH];
    char from[RJ_STAGE_PATH * 2];
    char to[RJ_STAGE_PATH * 2];
    snprintf(folder, sizeof folder, "%s/%s", rj_path(stage->paths, RJ_PATH_PLUGINS_3RD), trial->id);
    rj_status status = rj_tree_make(folder, err);
    snprintf(from, sizeof from, "%s/plugin.json", stage->options->folder);
    snprintf(to, sizeof to, "%s/plugin.json", folder);
    if (!status)
        status = rj_tree_copy(from, to, 0644, err);
    snprintf(from, sizeof from, "%s/%s", stage->options->folder, binary);
    snprintf(to, sizeof to, "%s/%s", folder, binary);
    if (!status)
        status = *trial->binary ? rj_tree_link(trial->binary, to, err)
                                : rj_tree_copy(from, to, 0755, err);
    if (!status && !*trial->binary) {
        snprintf(trial->binary, sizeof trial->binary, "%s", to);
        snprintf(trial->mapped, sizeof trial->mapped, "%s", to + strlen(stage->root));
    }
    return status;
}

static rj_status put_worker(rj_stage *stage, rj_error *err)
{
    char folder[RJ_STAGE_PATH];
    const char *to = rj_path(stage->paths, RJ_PATH_WORKER);
    if (stage->options->placement != RJ_PLACED_IN_WORKER)
        return RJ_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(to, '/') - to), to);
    rj_status status = rj_tree_make(folder, err);
    return status ? status : rj_tree_copy(stage->options->worker_program, to, 0755, err);
}

/* Folders the agent makes when it runs, so that they are there before anybody looks. */
static rj_status put_folders(const rj_stage *stage, rj_error *err)
{
    static const rj_path_kind kinds[] = {RJ_PATH_STATE, RJ_PATH_CACHE, RJ_PATH_LOG,
                                         RJ_PATH_PACKAGE_LOGS, RJ_PATH_PACKAGE_LIB};
    rj_status status = RJ_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !status; i++)
        status = rj_tree_make(rj_path(stage->paths, kinds[i]), err);
    for (size_t i = 0; i < 2 && !status; i++) {
        char folder[RJ_STAGE_PATH];
        snprintf(folder, sizeof folder, "%s/plugins", rj_path(stage->paths, kinds[i]));
        status = rj_tree_make(folder, err);
    }
    char feed[RJ_STAGE_PATH + 16];
    snprintf(feed, sizeof feed, "%s/srv/feed", stage->root);
    if (!status)
        status = rj_tree_make(feed, err);
    if (!status && stage->options->feed)
        status = rj_tree_copy_all(stage->options->feed, feed, err);
    return status;
}

/* What we made ourselves is how it was before. */
static rj_status note_files(rj_trial *trial, const char *root, rj_error *err)
{
    size_t length = strlen(root);
    const char *path;
    json_t *like;
    json_t *now = rj_tree_take(trial->options->base);
    if (!now)
        return rj_fail_memory(err, "looking at files");
    json_object_foreach(now, path, like)
    {
        if (strncmp(path, root, length) == 0 && (!path[length] || path[length] == '/'))
            json_object_set_nocheck(trial->tree, path, like);
    }
    json_decref(now);
    return RJ_OK;
}

bool rj_stage_open(rj_trial *trial, const char *name, rj_stage *ret_stage)
{
    rj_error err = RJ_ERROR_NONE;
    rj_stage *stage = ret_stage;
    const char *binary = json_string_value(json_object_get(trial->manifest, "binary"));
    char *joined = NULL;
    *stage = (rj_stage){.trial = trial, .report = trial->report, .options = trial->options};
    snprintf(stage->root, sizeof stage->root, "%s/%s", trial->options->base, name);
    rj_report_step(stage->report, "making the root %s", name);
    rj_status status = rj_path_join("/", binary ? binary : "", &joined, &err);
    rj_free(joined);
    if (status) {
        rj_report_finding(trial->report, "plugin.json names the binary",
                          "put the file's plain name into \"binary\"", "%s", err.text);
        return false;
    }
    status = rj_tree_make(stage->root, &err);
    if (!status)
        status = rj_paths_new(RJ_ROLE_SERVICE, stage->root, NULL, &stage->paths, &err);
    if (!status)
        status = rj_loop_new(&stage->loop, &err);
    if (!status)
        status = rj_kv_memory_new(&stage->kv, &err);
    if (!status)
        status = put_folders(stage, &err);
    if (!status)
        status = put_worker(stage, &err);
    if (!status)
        status = put_plugin(stage, binary, &err);
    if (!status)
        status = note_files(trial, name, &err);
    if (status) {
        rj_report_finding(trial->report, "the plugin can be put into a test folder", advice_files,
                          "%s", err.text);
        rj_stage_close(stage);
        return false;
    }
    return true;
}

void rj_stage_close(rj_stage *stage)
{
    if (stage->runtime && !rj_stage_unload(stage))
        return;
    if (stage->trial->left_behind)
        return; /* its code may still run */
    if (stage->loop)
        rj_loop_free(stage->loop);
    rj_kv_memory_free(stage->kv);
    json_decref(stage->policy);
    if (stage->paths)
        rj_paths_free(stage->paths);
    *stage = (rj_stage){.trial = stage->trial, .report = stage->report, .options = stage->options};
}

/* ---- Loading --------------------------------------------------------------------------------- */

/* New reference. */
static json_t *make_policy(const rj_stage *stage, json_t *settings, bool grant)
{
    json_t *asked = json_object_get(stage->trial->manifest, "capabilities");
    json_t *given = grant && json_is_array(asked) ? json_deep_copy(asked) : json_array();
    return json_pack("{s:{s:b, s:O, s:o, s:s}}", stage->trial->id, "Enabled", 1, "Settings",
                     settings, "Grant", given, "Isolation",
                     rj_place_name(stage->options->placement));
}

static rj_instance *find_instance(const rj_stage *stage)
{
    for (size_t i = 0; i < stage->runtime->instance_count; i++)
        if (strcmp(stage->runtime->instances[i]->id, stage->trial->id) == 0)
            return stage->runtime->instances[i];
    return NULL;
}

bool rj_stage_load(rj_stage *stage, bool grant)
{
    rj_error err = RJ_ERROR_NONE;
    rj_report_step(stage->report, "loading the plugin%s", grant ? "" : " with nothing granted");
    json_decref(stage->policy);
    stage->policy = make_policy(stage, stage->trial->settings, grant);
    rj_runtime_options options = {.loop = stage->loop,
                                  .paths = stage->paths,
                                  .role = RJ_ROLE_SERVICE,
                                  .kv = rj_kv_memory_backend(stage->kv),
                                  .plugins_policy = stage->policy,
                                  .grace_ms = (uint64_t)stage->options->grace_ms};
    uint64_t began = rj_clock_monotonic_ms();
    rj_status status = rj_runtime_new(&options, &stage->runtime, &err);
    if (!status)
        status = rj_runtime_load(stage->runtime, &err);
    stage->load_ms = rj_clock_monotonic_ms() - began;
    stage->instance = status ? NULL : find_instance(stage);
    if (stage->instance && stage->instance->state == RJ_INSTANCE_READY) {
        rj_report_loaded(stage->report);
        return true;
    }
    rj_report_finding(stage->report, "the plugin is loaded and create() succeeds",
                      grant ? "see the reason; the tests manifest, exports and entry say more"
                            : "do without what is not granted, or say so when you are asked; "
                              "query() returning NULL is no reason to refuse create()",
                      "%s",
                      status            ? err.text
                      : stage->instance ? stage->instance->reason
                                        : "the agent does not find it in its folder");
    rj_stage_unload(stage);
    return false;
}

void rj_stage_configure(rj_stage *stage, json_t *settings)
{
    json_t *former = stage->policy;
    stage->policy = make_policy(stage, settings, true);
    rj_runtime_configure(stage->runtime, stage->policy);
    json_decref(former);
}

/* ---- Turning --------------------------------------------------------------------------------- */

void rj_stage_called(rj_stage *stage, uint64_t began_ms)
{
    uint64_t took = rj_clock_monotonic_ms() - began_ms;
    uint64_t starved = rj_usage_starved_ms();
    uint64_t since = starved - stage->starved_ms; /* a busy machine is not the plugin's fault */
    stage->starved_ms = starved;
    took -= since < took ? since : took;
    if (took > stage->longest_ms)
        stage->longest_ms = took;
}

static void turn_once(rj_stage *stage, int wait_ms)
{
    uint64_t began = rj_clock_monotonic_ms();
    rj_loop_turn(stage->loop, wait_ms);
    rj_stage_called(stage, began + (uint64_t)wait_ms < rj_clock_monotonic_ms()
                               ? began + (uint64_t)wait_ms
                               : rj_clock_monotonic_ms());
}

void rj_stage_turn(rj_stage *stage, int ms)
{
    uint64_t end = rj_clock_monotonic_ms() + (uint64_t)ms;
    do {
        uint64_t now = rj_clock_monotonic_ms();
        uint64_t left = end > now ? end - now : 0;
        turn_once(stage, left < TURN_MS ? (int)left : TURN_MS);
    } while (rj_clock_monotonic_ms() < end);
}

bool rj_stage_turn_until(rj_stage *stage, const bool *flag, int64_t limit_ms)
{
    uint64_t end = rj_clock_monotonic_ms() + (uint64_t)limit_ms;
    while (!*flag && rj_clock_monotonic_ms() < end)
        turn_once(stage, TURN_MS);
    return *flag;
}

int64_t rj_stage_patience_ms(const rj_stage *stage)
{
    return stage->options->deadline_ms + stage->options->grace_ms + 1000;
}

/* ---- Stopping -------------------------------------------------------------------------------- */

static void on_stopped(void *data)
{
    *(bool *)data = true;
}

static void report_blocking(rj_stage *stage)
{
    if (stage->longest_ms > BLOCK_MS && stage->options->placement == RJ_PLACED_IN_PROCESS)
        rj_report_finding(
            stage->report, "functions marked [loop] return at once",
            "give work that may take long to rj.host.exec/1, which runs it on your lane",
            "one call held up the loop for %llu ms", (unsigned long long)stage->longest_ms);
    stage->longest_ms = 0;
}

bool rj_stage_unload(rj_stage *stage)
{
    if (!stage->runtime)
        return true;
    int64_t grace = stage->options->grace_ms;
    rj_report_step(stage->report, "stopping the plugin");
    stage->stopped = false;
    rj_runtime_stop(stage->runtime, on_stopped, &stage->stopped);
    bool stopped = rj_stage_turn_until(stage, &stage->stopped, grace * 4 + 2000);
    rj_stage_turn(stage, 5); /* what it still does after its last answer */
    bool clean = stopped && rj_runtime_free(stage->runtime);
    rj_misbehaviour_report(stage->report);
    report_blocking(stage);
    if (!clean) {
        stage->trial->left_behind = true;
        rj_report_finding(stage->report, "stop() is answered in time, and nothing runs any more",
                          "in stop(), end what runs (children by kill(), lane work by a flag) and "
                          "finish the op when the last of it has ended",
                          "it had not ended %lld ms after stop()", (long long)(grace * 2));
    }
    stage->runtime = NULL;
    stage->instance = NULL;
    return clean;
}
