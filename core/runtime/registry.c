/* SPDX-License-Identifier: MIT */
/*
 * Who is there and what they offer.  Built-in plugins are loaded before third-party ones, each group
 * by name; an id, a check or a package format belongs to the first that has it.
 */
#include "runtime/placement.h"
#include "runtime/runner.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "host/host.h"
#include "platform/event_log.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>

#define PLUGINS_MAX 64u /* of one folder */
#define ENTRIES_MAX 4096u

/* ---- Instances ------------------------------------------------------------------------------- */

rj_instance *rj_registry_new_instance(rj_runtime *runtime, const char *folder, const char *id,
                                      bool built_in, rj_error *err)
{
    rj_instance *instance = rj_calloc(1, sizeof *instance);
    if (!instance)
        return NULL;
    instance->id = rj_strdup(id);
    if (!instance->id || uv_mutex_init(&instance->lock)) {
        rj_free(instance->id);
        rj_free(instance);
        return NULL;
    }
    if (rj_op_owner_init(&instance->owner, instance->id, err)) {
        uv_mutex_destroy(&instance->lock);
        rj_free(instance->id);
        rj_free(instance);
        return NULL;
    }
    instance->runtime = runtime;
    instance->built_in = built_in;
    instance->state = RJ_INSTANCE_REFUSED;
    instance->folder = rj_strdup(folder);
    instance->host = (rj_host){
        .size = sizeof(rj_host), .minor = RJ_ABI_MINOR, .ctx = instance, .query = rj_host_query};
    if (!instance->folder || rj_host_attach(instance, err)) {
        rj_registry_free_instance(instance);
        return NULL;
    }
    return instance;
}

static void free_ids(char **ids)
{
    for (char **at = ids; at && *at; at++)
        rj_free(*at);
    rj_free(ids);
}

/* What loading made of the folder, but for the plugin itself. */
static void drop_loaded(rj_instance *instance)
{
    rj_placement_release(instance);
    rj_library_close(instance->library);
    free_ids(instance->check_ids);
    free_ids(instance->formats);
    rj_grants_free(&instance->grants);
    rj_manifest_free(instance->manifest);
    rj_free(instance->config);
    instance->library = NULL;
    instance->check_ids = instance->formats = NULL;
    instance->manifest = NULL;
    instance->config = NULL;
}

void rj_registry_free_instance(rj_instance *instance)
{
    /* A plugin that could not be destroyed, or whose lane never came back, stays as it is: freeing
     * under running code would be worse than keeping it. */
    if (instance->plugin || !rj_lane_free(atomic_load(&instance->owner.lane))) {
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "plugin %s did not end and is left behind",
               instance->id);
        return;
    }
    rj_host_detach(instance);
    drop_loaded(instance);
    rj_free(instance->folder);
    rj_op_owner_destroy(&instance->owner);
    uv_mutex_destroy(&instance->lock);
    rj_free(instance->id);
    rj_free(instance);
}

/* ---- Scanning -------------------------------------------------------------------------------- */

static rj_status add_candidate(rj_runtime *runtime, const char *folder, const char *name,
                               bool built_in, rj_error *err)
{
    char *path = NULL;
    rj_status status = rj_path_join(folder, name, &path, err);
    if (status == RJ_E_INVALID) {
        rj_log(RJ_LOG_WARNING, "runtime", NULL, "in %s: %s", folder, err->text);
        return RJ_OK;
    }
    if (status)
        return status;
    rj_instance *instance = rj_registry_new_instance(runtime, path, name, built_in, err);
    rj_free(path);
    if (!instance)
        return rj_fail_memory(err, "looking for plugins");
    runtime->instances[runtime->instance_count++] = instance;
    return RJ_OK;
}

static rj_status add_candidates(rj_runtime *runtime, const char *folder, bool built_in,
                                char *const *names, size_t count, rj_error *err)
{
    size_t last = runtime->instance_count + PLUGINS_MAX;
    for (size_t i = 0; i < count; i++) {
        if (*names[i] == '.')
            continue;
        if (runtime->instance_count == last) {
            rj_log(RJ_LOG_ERROR, "runtime", NULL,
                   "%s has more than %u plugins; from %s on, by name, none is loaded", folder,
                   PLUGINS_MAX, names[i]);
            return RJ_OK;
        }
        rj_status status = add_candidate(runtime, folder, names[i], built_in, err);
        if (status)
            return status;
    }
    return RJ_OK;
}

/* Our own plugins are a part of us; without those of others we still do our work. */
static rj_status scan_folder(rj_runtime *runtime, const char *folder, bool built_in, rj_error *err)
{
    char **names = NULL;
    size_t count = 0;
    if (!rj_file_exists(folder)) {
        if (built_in)
            rj_log(RJ_LOG_WARNING, "runtime", NULL, "there is no folder of plugins at %s", folder);
        return RJ_OK;
    }
    rj_error found = RJ_ERROR_NONE;
    rj_status status = rj_dir_list(folder, ENTRIES_MAX, &names, &count, &found);
    if (status && !built_in && status != RJ_E_NO_MEMORY) {
        rj_log(RJ_LOG_ERROR, "runtime", NULL, "no third-party plugin is loaded: %s", found.text);
        return RJ_OK;
    }
    if (status)
        return rj_fail(err, status, "%s", found.text);
    status = add_candidates(runtime, folder, built_in, names, count, err);
    rj_free(names);
    return status;
}

rj_status rj_registry_scan(rj_runtime *runtime, rj_error *err)
{
    runtime->instances = rj_calloc(2 * (size_t)PLUGINS_MAX, sizeof *runtime->instances);
    if (!runtime->instances)
        return rj_fail_memory(err, "looking for plugins");
    const rj_paths *paths = runtime->options.paths;
    rj_status status = scan_folder(runtime, rj_path(paths, RJ_PATH_PLUGINS), true, err);
    if (!status)
        status = scan_folder(runtime, rj_path(paths, RJ_PATH_PLUGINS_3RD), false, err);
    return status;
}

/* ---- Configuration --------------------------------------------------------------------------- */

const json_t *rj_registry_policy(const rj_runtime *runtime, const char *id)
{
    const json_t *section = rj_json_get(runtime->plugins_policy, id);
    return json_is_object(section) ? section : NULL;
}

bool rj_registry_policy_allows(const rj_runtime *runtime, const char *id)
{
    bool enabled = true;
    rj_json_read_bool(rj_json_get(rj_registry_policy(runtime, id), "Enabled"), &enabled);
    return enabled;
}

rj_status rj_registry_folder(const rj_runtime *runtime, rj_path_kind kind, const char *id,
                             char **ret_path, rj_error *err)
{
    char *parent = NULL;
    if (kind == RJ_PATH_STATE)
        return rj_path_join(rj_path(runtime->options.paths, RJ_PATH_PLUGIN_STATE), id, ret_path,
                            err);
    rj_status status = rj_path_join(rj_path(runtime->options.paths, kind), "plugins", &parent, err);
    if (!status)
        status = rj_path_join(parent, id, ret_path, err);
    rj_free(parent);
    return status;
}

rj_status rj_registry_config(const rj_runtime *runtime, const char *id, char **ret_text,
                             rj_error *err)
{
    char *state = NULL;
    char *cache = NULL;
    rj_status status = rj_registry_folder(runtime, RJ_PATH_STATE, id, &state, err);
    if (!status)
        status = rj_registry_folder(runtime, RJ_PATH_CACHE, id, &cache, err);
    if (!status) {
        json_t *settings = rj_json_get(rj_registry_policy(runtime, id), "Settings");
        json_t *document =
            json_pack("{s:s, s:s, s:s, s:s}", "root", rj_paths_root(runtime->options.paths), "role",
                      runtime->options.role == RJ_ROLE_SERVICE ? "service" : "session", "state_dir",
                      state, "cache_dir", cache);
        bool good =
            document && (json_is_object(settings)
                             ? json_object_set(document, "settings", settings) == 0
                             : json_object_set_new(document, "settings", json_object()) == 0);
        char *text = good ? rj_json_print(document, NULL) : NULL;
        json_decref(document);
        if (text)
            *ret_text = text;
        else
            status = rj_fail_memory(err, "writing a plugin's configuration");
    }
    rj_free(state);
    rj_free(cache);
    return status;
}

rj_status rj_registry_make_folders(const rj_runtime *runtime, const char *id, rj_error *err)
{
    static const rj_path_kind kinds[] = {RJ_PATH_STATE, RJ_PATH_CACHE};
    rj_status status = RJ_OK;
    for (size_t i = 0; i < 2 && !status; i++) {
        char *path = NULL;
        status = rj_registry_folder(runtime, kinds[i], id, &path, err);
        if (!status)
            status = rj_dir_make(path, 0700, err);
        rj_free(path);
    }
    return status;
}

/* ---- Loading --------------------------------------------------------------------------------- */

/* Trust is judged up to the root everything was moved below, if the folder is there. */
static const char *boundary_of(const rj_instance *instance)
{
    const char *root = rj_paths_root(instance->runtime->options.paths);
    size_t length = strlen(root);
    bool below =
        length && strncmp(instance->folder, root, length) == 0 && instance->folder[length] == '/';
    return below ? root : NULL;
}

static const rj_instance *earlier_with_id(const rj_instance *instance)
{
    const rj_runtime *runtime = instance->runtime;
    for (size_t i = 0; runtime->instances[i] != instance; i++)
        if (strcmp(runtime->instances[i]->id, instance->id) == 0)
            return runtime->instances[i];
    return NULL;
}

rj_status rj_registry_hash(const rj_instance *instance, char ret_sha256[65], rj_error *err)
{
    char *path = NULL;
    if (!instance->manifest)
        return rj_fail(err, RJ_E_INVALID, "its manifest does not say which file it is");
    rj_status status = rj_path_join(instance->folder, instance->manifest->binary, &path, err);
    if (!status)
        status = rj_file_check_trusted(path, boundary_of(instance), err);
    if (!status)
        status = rj_file_sha256(path, ret_sha256, err);
    rj_free(path);
    return status;
}

static bool is_given(const json_t *value)
{
    return value && !json_is_null(value);
}

/* A word that means nothing here may have been meant to restrict it. */
static rj_status check_policy(const rj_instance *instance, rj_error *err)
{
    const json_t *section = rj_json_get(instance->runtime->plugins_policy, instance->id);
    if (is_given(section) && !json_is_object(section))
        return rj_fail(err, RJ_E_INVALID, "policy: /Plugins/%s: expected is an object",
                       instance->id);
    const json_t *enabled = rj_json_get(section, "Enabled");
    bool value;
    if (is_given(enabled) && !rj_json_read_bool(enabled, &value))
        return rj_fail(err, RJ_E_INVALID, "policy: /Plugins/%s/Enabled: expected is true or false",
                       instance->id);
    return RJ_OK;
}

static rj_status make_grants(rj_instance *instance, rj_error *err)
{
    const json_t *list = rj_json_get(rj_registry_policy(instance->runtime, instance->id), "Grant");
    if (is_given(list) && !rj_json_is_string_list(list))
        return rj_fail(err, RJ_E_INVALID,
                       "policy: /Plugins/%s/Grant: expected is a list of capabilities",
                       instance->id);
    return rj_grants_make((const char *const *)instance->manifest->capabilities,
                          is_given(list) ? list : NULL, instance->built_in, &instance->grants, err);
}

static rj_status read_and_judge(rj_instance *instance, rj_error *err)
{
    const rj_instance *earlier = earlier_with_id(instance);
    if (earlier)
        return rj_fail(err, RJ_E_EXISTS, "%s has this id already%s", earlier->folder,
                       earlier->built_in ? "; a built-in plugin cannot be replaced" : "");
    rj_status status =
        rj_loader_read(instance->folder, boundary_of(instance), &instance->manifest, err);
    if (!status && !instance->built_in && instance->runtime->options.policy_unknown)
        status = rj_fail(err, RJ_E_DENIED,
                         "the policy cannot be read, so whether it lets this plugin of others run "
                         "is not known; mend the policy (`realmjoin status` says what is wrong)");
    if (!status)
        status = check_policy(instance, err);
    if (status)
        return status;
    if (!rj_registry_policy_allows(instance->runtime, instance->id)) {
        instance->state = RJ_INSTANCE_DISABLED;
        return rj_fail(err, RJ_E_DENIED, "disabled by policy");
    }
    status = rj_instance_judge(instance, err);
    return status ? status : make_grants(instance, err);
}

static rj_status load_one(rj_instance *instance, rj_error *err)
{
    bool worker = false;
    rj_status status = read_and_judge(instance, err);
    if (!status && rj_view_is_one(instance) && instance->runtime->options.role != RJ_ROLE_SESSION)
        status = rj_fail(err, RJ_E_NOT_APPLICABLE,
                         "it shows something to a person, so only their session loads it");
    if (!status)
        status = rj_placement_choose(instance, &worker, err);
    if (!status && worker && rj_view_is_one(instance))
        status = rj_fail(err, RJ_E_DENIED,
                         "a view runs in the session's own process; if it is to be trusted with "
                         "that, set \"Isolation\": \"in-process\" in the policy");
    if (!status && !worker)
        status = rj_loader_map(instance->folder, boundary_of(instance), instance->manifest,
                               instance->runtime->plugins_policy, &instance->library,
                               &instance->desc, err);
    if (!status)
        status = rj_registry_make_folders(instance->runtime, instance->id, err);
    if (!status)
        status = rj_registry_config(instance->runtime, instance->id, &instance->config, err);
    if (status)
        return status;
    if (worker)
        status = rj_placement_prepare(instance, boundary_of(instance), err);
    if (status)
        return status;
    instance->state = RJ_INSTANCE_FAILED;
    status = worker ? rj_runner_take_tables(instance, err) : rj_runner_create(instance, err);
    if (!status)
        instance->state = RJ_INSTANCE_READY;
    return status;
}

static uint64_t stamp_of(const rj_instance *instance, const char *name)
{
    char *path = NULL;
    uint64_t stamp = 0;
    if (rj_path_join(instance->folder, name, &path, NULL) == RJ_OK)
        stamp = rj_file_stamp(path);
    rj_free(path);
    return stamp;
}

static void take_stamps(const rj_instance *instance, uint64_t ret_stamps[2])
{
    ret_stamps[0] = stamp_of(instance, "plugin.json");
    ret_stamps[1] = instance->manifest ? stamp_of(instance, instance->manifest->binary) : 0;
}

void rj_registry_load(rj_runtime *runtime, rj_instance *instance)
{
    rj_error err = RJ_ERROR_NONE;
    (void)runtime;
    rj_status status = load_one(instance, &err);
    take_stamps(instance, instance->stamps);
    if (status == RJ_OK) {
        rj_log(RJ_LOG_INFO, "runtime", NULL, "plugin %s %s is ready%s", instance->id,
               instance->manifest->version,
               instance->placement ? ", in a worker that starts when it is asked" : "");
        return;
    }
    snprintf(instance->reason, sizeof instance->reason, "%s", err.text);
    bool wanted = instance->state == RJ_INSTANCE_DISABLED || status == RJ_E_NOT_APPLICABLE;
    rj_log(wanted ? RJ_LOG_INFO : RJ_LOG_WARNING, "runtime", NULL, "plugin %s is not loaded: %s",
           instance->id, instance->reason);
    if (!wanted)
        rj_event_log_report(RJ_EVENT_PLUGIN_REFUSED, instance->id, instance->reason);
}

bool rj_registry_reload_changed(rj_instance *instance)
{
    uint64_t now[2];
    if (instance->plugin && !instance->placement)
        return false; /* its code is in our process for good */
    take_stamps(instance, now);
    bool all_there = now[0] && (now[1] || !instance->manifest);
    if (!all_there || memcmp(now, instance->stamps, sizeof now) == 0)
        return false;
    if (instance->plugin && !rj_placement_may_end(instance))
        return false; /* the next look finds it changed still */
    rj_log(RJ_LOG_INFO, "runtime", NULL, "plugin %s has changed and is loaded again", instance->id);
    if (instance->plugin)
        rj_runner_destroy(instance);
    rj_registry_load_again(instance);
    return true;
}

void rj_registry_load_again(rj_instance *instance)
{
    /* The list has texts of the manifest that goes. */
    rj_free((void *)(uintptr_t)instance->runtime->check_ids);
    instance->runtime->check_ids = NULL;
    drop_loaded(instance);
    instance->state = RJ_INSTANCE_REFUSED;
    *instance->reason = '\0';
    rj_registry_load(instance->runtime, instance);
}

/* ---- Looking up ------------------------------------------------------------------------------ */

static bool offers(char *const *ids, const char *id)
{
    for (; ids && *ids; ids++)
        if (strcmp(*ids, id) == 0)
            return true;
    return false;
}

static bool is_in_service(const rj_instance *instance)
{
    return instance->state == RJ_INSTANCE_READY;
}

rj_instance *rj_registry_find_check(const rj_runtime *runtime, const char *check_id)
{
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (is_in_service(runtime->instances[i]) && runtime->instances[i]->check &&
            offers(runtime->instances[i]->check_ids, check_id))
            return runtime->instances[i];
    return NULL;
}

rj_instance *rj_registry_find_format(const rj_runtime *runtime, const char *format)
{
    for (size_t i = 0; i < runtime->instance_count; i++)
        if (is_in_service(runtime->instances[i]) && runtime->instances[i]->package &&
            offers(runtime->instances[i]->formats, format))
            return runtime->instances[i];
    return NULL;
}
