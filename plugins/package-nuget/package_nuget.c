/* SPDX-License-Identifier: MIT */
/*
 * package-nuget: NuGet packages from folder feeds, the plugin's face.
 *
 * Every method parses its request on the loop and works on the lane.  An install or uninstall goes
 * between the two: lane work up to a package's script, the script (a child of the host, answered on
 * the loop), lane work up to the next one, and so on.  One change of a lib folder is open at a time;
 * a second one is answered RJ_E_BUSY.
 *
 * Failure modes: whatever fails before the commit of install.c takes everything back; a killed
 * process leaves a journal that recover() brings to an end.
 */
#include "package_nuget.h"

#include <stdlib.h>
#include <string.h>

static void work_done(rj_op op, void *data, int32_t started);

static void free_task(nuget_task *task)
{
    for (size_t i = 0; i < task->install.count; i++)
        free((char *)(uintptr_t)task->install.packages[i].package_path);
    rj_install_clear(&task->install);
    free(task->install.packages);
    nuget_request_clear(&task->request);
    json_decref(task->result);
    free(task->output);
    free(task->folder);
    free(task->script_path);
    free(task);
}

/* The answer, and the end of the task. */
static void answer(nuget_task *task)
{
    rj_plugin *plugin = task->plugin;
    if (task->status == RJ_OK && !task->result)
        task->status = rj_fail_memory(&task->failure);
    if ((task->has_exit_code || task->killed) && !task->result)
        task->result = json_pack("{s:b}", "restart", task->restart);
    if (task->result) {
        if (task->has_exit_code)
            json_object_set_new(task->result, "exit_code", json_integer(task->exit_code));
        if (task->killed)
            json_object_set_new(task->result, "certain", json_false());
        if (task->output)
            json_object_set_new(task->result, "output", json_string(task->output));
        char *text = json_dumps(task->result, JSON_COMPACT);
        rj_status pushed = text
                               ? plugin->ops->set_result(plugin->host, task->op, text, strlen(text))
                               : RJ_E_NO_MEMORY;
        if (pushed != RJ_OK && task->status == RJ_OK)
            task->status = rj_fail(&task->failure, pushed, "the result could not be handed over");
        free(text);
    }
    plugin->ops->finish(plugin->host, task->op, task->status,
                        task->status == RJ_OK ? NULL : task->failure.text);
    plugin->running--;
    if (task->changes)
        plugin->changing = 0;
    free_task(task);
    if (plugin->stop_op && plugin->running == 0) {
        plugin->ops->finish(plugin->host, plugin->stop_op, RJ_OK, NULL);
        plugin->stop_op = 0;
    }
}

/* What a task does each time it gets the lane. */
static void lane_work(nuget_task *task, void (*work)(rj_op op, void *data))
{
    rj_plugin *plugin = task->plugin;
    rj_status status = plugin->exec->run(plugin->host, task->op, work, work_done, task);
    if (status == RJ_OK)
        return;
    if (task->status == RJ_OK)
        task->status = rj_fail(&task->failure, status == RJ_E_BUSY ? RJ_E_BUSY : RJ_E_NOT_STARTED,
                               "the plugin has too much to do at the moment; try again later");
    nuget_do_roll_back(task);
    answer(task);
}

static void detect_work(rj_op op, void *data)
{
    (void)op;
    nuget_do_detect(data);
}

static void fetch_work(rj_op op, void *data)
{
    (void)op;
    nuget_do_fetch(data);
}

static void recover_work(rj_op op, void *data)
{
    (void)op;
    nuget_do_recover(data);
}

static void install_work(rj_op op, void *data)
{
    (void)op;
    nuget_do_install(data);
}

static void uninstall_work(rj_op op, void *data)
{
    (void)op;
    nuget_do_uninstall(data);
}

static void roll_back_work(rj_op op, void *data)
{
    (void)op;
    nuget_do_roll_back(data);
}

static void script_ended(void *data, const rj_spawn_exit *how)
{
    nuget_task *task = data;
    nuget_judge_script(task, how);
    free(task->script_path);
    task->script_path = NULL;
    if (task->status != RJ_OK) {
        if (task->prepared)
            lane_work(task, roll_back_work);
        else
            answer(task);
        return;
    }
    task->script_ran = 1;
    lane_work(task, task->folder ? uninstall_work : install_work);
}

static void work_done(rj_op op, void *data, int32_t started)
{
    nuget_task *task = data;
    (void)op;
    if (!started) {
        if (task->status == RJ_OK)
            task->status = rj_fail(&task->failure, RJ_E_CANCELLED, "cancelled before '%s' went on",
                                   task->request.package);
        /* renames and the removal of what was unpacked: short enough for here */
        nuget_do_roll_back(task);
    } else if (task->status == RJ_OK && task->script_path) {
        if (nuget_run_script(task, script_ended))
            return;
        free(task->script_path);
        task->script_path = NULL;
        if (task->prepared) {
            lane_work(task, roll_back_work);
            return;
        }
    }
    answer(task);
}

/* ---- Methods ----------------------------------------------------------------------------------- */

static void begin(rj_plugin *plugin, const char *request_json, rj_op op, int changes,
                  void (*work)(rj_op op, void *data))
{
    rj_failure failure = {0};
    nuget_task *task = calloc(1, sizeof(*task));
    rj_status status = task ? RJ_OK : rj_fail_memory(&failure);
    if (status == RJ_OK && changes && plugin->changing)
        status = rj_fail(&failure, RJ_E_BUSY, "another package is being changed at the moment");
    if (status == RJ_OK)
        status = nuget_request_parse(request_json, &task->request, &failure);
    if (status != RJ_OK) {
        free(task);
        plugin->ops->finish(plugin->host, op, status, failure.text);
        return;
    }
    task->plugin = plugin;
    task->op = op;
    task->changes = changes;
    plugin->running++;
    plugin->changing |= changes;
    lane_work(task, work);
}

static void RJ_CALL detect(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, 0, detect_work);
}

static void RJ_CALL fetch(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, 0, fetch_work);
}

static void RJ_CALL install(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, 1, install_work);
}

static void RJ_CALL uninstall(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, 1, uninstall_work);
}

static void RJ_CALL recover(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, 1, recover_work);
}

static const char *const *RJ_CALL formats(rj_plugin *plugin)
{
    static const char *const list[] = {"nuget", NULL};
    (void)plugin;
    return list;
}

/* ---- Life -------------------------------------------------------------------------------------- */

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    json_t *config = json_loads(config_json, 0, NULL);
    const char *cache_dir = json_string_value(json_object_get(config, "cache_dir"));
    rj_plugin *plugin = calloc(1, sizeof(*plugin));
    rj_status status = !plugin ? RJ_E_NO_MEMORY : !cache_dir ? RJ_E_INVALID : RJ_OK;
    if (status == RJ_OK) {
        plugin->host = host;
        plugin->ops = host->query(host, RJ_HOST_OP);
        plugin->exec = host->query(host, RJ_HOST_EXEC);
        plugin->spawn = host->query(host, RJ_HOST_SPAWN);
        plugin->cache_dir = strdup(cache_dir);
        plugin->feeds = rj_feeds_new();
        if (!plugin->ops || !plugin->exec)
            status = RJ_E_DENIED;
        else if (!plugin->cache_dir || !plugin->feeds)
            status = RJ_E_NO_MEMORY;
    }
    json_decref(config);
    if (status != RJ_OK) {
        if (plugin) {
            rj_feeds_free(plugin->feeds);
            free(plugin->cache_dir);
        }
        free(plugin);
        return status;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    static const rj_package table = {.size = sizeof(table),
                                     .minor = RJ_ABI_MINOR,
                                     .formats = formats,
                                     .detect = detect,
                                     .fetch = fetch,
                                     .install = install,
                                     .uninstall = uninstall,
                                     .recover = recover};
    (void)plugin;
    return strcmp(id, RJ_PACKAGE) == 0 ? &table : NULL;
}

static void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    if (plugin->running == 0)
        plugin->ops->finish(plugin->host, op, RJ_OK, NULL);
    else
        plugin->stop_op = op;
}

static void RJ_CALL destroy(rj_plugin *plugin)
{
    rj_feeds_free(plugin->feeds);
    free(plugin->cache_dir);
    free(plugin);
}

RJ_EXPORT const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    static const char *const provides[] = {RJ_PACKAGE, NULL};
    static const rj_plugin_desc desc = {.size = sizeof(desc),
                                        .minor = RJ_ABI_MINOR,
                                        .id = "package-nuget",
                                        .version = RJ_VERSION,
                                        .provides = provides,
                                        .create = create,
                                        .query = query,
                                        .stop = stop,
                                        .destroy = destroy};
    return &desc;
}
