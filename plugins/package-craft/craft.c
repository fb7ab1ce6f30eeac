/* SPDX-License-Identifier: MIT */
/*
 * package-craft: zip archives with an install script, as an rj.package/1 plugin.
 *
 * Here: the plugin's life and the way of a task through loop, lane and child process (craft.h).
 * Failure modes: a full lane or a refused process ends the op with a message; an op that was
 * cancelled while it waited ends as cancelled; a script is never left running, the host sees to
 * that.
 */
#include "craft.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "craft_system.h"

void craft_log(const craft_task *task, int32_t level, const char *format, ...)
{
    const rj_plugin *plugin = task->plugin;
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    plugin->log->write(plugin->host, level, task->op, text);
}

/* ---- The way of a task ----------------------------------------------------------------------- */

static void task_free(craft_task *task)
{
    craft_request_free(&task->request);
    json_decref(task->result);
    free(task->program);
    free(task->directory);
    free(task);
}

static void push_result(craft_task *task)
{
    rj_plugin *plugin = task->plugin;
    char *text = task->result ? json_dumps(task->result, JSON_COMPACT) : NULL;
    rj_status status = RJ_OK;

    if (text)
        status = plugin->ops->set_result(plugin->host, task->op, text, strlen(text));
    else if (task->result)
        status = RJ_E_NO_MEMORY;
    free(text);
    if (status != RJ_OK && task->status == RJ_OK)
        task->status =
            rj_fail(&task->failure, status, "craft %s: cannot hand over the result of %s",
                    task->request.id, task->verb->name);
}

static void answer(craft_task *task)
{
    rj_plugin *plugin = task->plugin;
    craft_task **link = &plugin->tasks;

    while (*link != task)
        link = &(*link)->next;
    *link = task->next;
    push_result(task);
    plugin->ops->finish(plugin->host, task->op, task->status,
                        task->status == RJ_OK ? NULL : task->failure.text);
    task_free(task);
    if (plugin->stop_op && !plugin->tasks)
        plugin->ops->finish(plugin->host, plugin->stop_op, RJ_OK, NULL);
}

static void RJ_CALL after_work(rj_op op, void *data)
{
    craft_task *task = data;

    (void)op;
    task->status = task->verb->after(task);
    craft_store_empty_trash(&task->plugin->store);
}

static void RJ_CALL after_done(rj_op op, void *data, int32_t started)
{
    craft_task *task = data;

    (void)op;
    if (!started)
        task->status = task->verb->after(task);
    answer(task);
}

static void script_ended(craft_task *task)
{
    rj_plugin *plugin = task->plugin;

    if (task->ended.survivors > 0)
        craft_log(task, RJ_LOG_WARNING,
                  "%s of craft %s ended and left %u running behind it; the agent has ended that",
                  task->script, task->request.id, task->ended.survivors);
    if (plugin->exec->run(plugin->host, task->op, after_work, after_done, task) != RJ_OK)
        after_done(task->op, task, 0);
}

static void start_script(craft_task *task);

static void RJ_CALL on_exit_of_script(void *data, const rj_spawn_exit *how)
{
    craft_task *task = data;
    size_t length = how->tail ? how->tail_length : 0;

    if (length >= sizeof task->ended.tail)
        length = sizeof task->ended.tail - 1;
    task->child = 0;
    task->ended.kind = how->kind;
    task->ended.value = how->value;
    task->ended.survivors = how->survivors;
    if (length > 0)
        memcpy(task->ended.tail, how->tail, length);
    task->ended.tail[length] = '\0';
    /* A file just written counts as busy while some other new process has not yet dropped its copy
     * of our descriptor: once more is safe, for nothing has run. */
    if (how->kind == RJ_EXIT_NO_START && task->start_tried < 2)
        start_script(task);
    else
        script_ended(task);
}

static void start_script(craft_task *task)
{
    rj_plugin *plugin = task->plugin;
    rj_spawn spawn = {.size = sizeof spawn,
                      .minor = RJ_ABI_MINOR,
                      .program = task->program,
                      .arguments = task->request.arguments,
                      .environment = task->request.environment,
                      .directory = task->directory,
                      .log_path = task->request.log_path,
                      .time_limit_ms = task->script_limit_ms};
    rj_status status;

    if (plugin->stop_op || plugin->ops->cancelled(plugin->host, task->op)) {
        task->ended.kind = RJ_EXIT_CANCELLED;
        script_ended(task);
        return;
    }
    task->request.arguments[0] = task->program;
    task->start_tried++;
    plugin->ops->progress(plugin->host, task->op, -1, task->script);
    status = plugin->spawn ? plugin->spawn->start(plugin->host, task->op, &spawn, on_exit_of_script,
                                                  task, &task->child)
                           : RJ_E_DENIED;
    if (status == RJ_OK)
        return;
    task->ended.kind = RJ_EXIT_NO_START;
    snprintf(task->ended.tail, sizeof task->ended.tail,
             status == RJ_E_DENIED ? "this plugin is not allowed to start programs: the capability "
                                     "\"spawn\" is not granted by the policy"
                                   : "the agent refused to start it (status %d)",
             (int)status);
    script_ended(task);
}

static void RJ_CALL before_work(rj_op op, void *data)
{
    craft_task *task = data;

    (void)op;
    task->status = craft_store_prepare(&task->plugin->store, &task->failure);
    if (task->status != RJ_OK)
        return;
    craft_store_empty_trash(&task->plugin->store);
    task->status = task->verb->before(task);
}

static void RJ_CALL before_done(rj_op op, void *data, int32_t started)
{
    craft_task *task = data;

    (void)op;
    if (!started)
        task->status =
            rj_fail(&task->failure, RJ_E_CANCELLED, "%s of craft %s was cancelled before it began",
                    task->verb->name, task->request.id);
    if (task->status == RJ_OK && task->program)
        start_script(task);
    else
        answer(task);
}

/* Ids are ASCII and equal when they differ in case alone. */
static int same_id(const char *a, const char *b)
{
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static const craft_task *rival(const rj_plugin *plugin, const craft_task *task)
{
    const craft_task *other = plugin->tasks;

    while (other &&
           (other == task || other->verb->shared || !same_id(other->request.id, task->request.id)))
        other = other->next;
    return other;
}

static void begin(rj_plugin *plugin, const char *request_json, rj_op op, const craft_verb *verb)
{
    craft_task *task = calloc(1, sizeof *task);
    const craft_task *other;

    if (!task) {
        plugin->ops->finish(plugin->host, op, RJ_E_NO_MEMORY, "out of memory");
        return;
    }
    task->plugin = plugin;
    task->op = op;
    task->verb = verb;
    task->next = plugin->tasks;
    plugin->tasks = task;
    task->status = craft_request_parse(request_json, &task->request, &task->failure);
    if (task->status == RJ_OK && !verb->shared && (other = rival(plugin, task)))
        task->status =
            rj_fail(&task->failure, RJ_E_BUSY, "craft %s: %s has to wait until %s has ended",
                    task->request.id, verb->name, other->verb->name);
    if (task->status == RJ_OK) {
        /* once it is queued, the task belongs to the lane */
        rj_status queued = plugin->exec->run(plugin->host, op, before_work, before_done, task);

        if (queued == RJ_OK)
            return;
        task->status =
            rj_fail(&task->failure, queued, "craft %s: too much is waiting already; try later",
                    task->request.id);
    }
    answer(task);
}

/* ---- The interface --------------------------------------------------------------------------- */

static const char *const *RJ_CALL formats(rj_plugin *plugin)
{
    static const char *const names[] = {"craft", NULL};

    (void)plugin;
    return names;
}

static void RJ_CALL detect(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, &craft_verb_detect);
}

static void RJ_CALL fetch(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, &craft_verb_fetch);
}

static void RJ_CALL install(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, &craft_verb_install);
}

static void RJ_CALL uninstall(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, &craft_verb_uninstall);
}

static void RJ_CALL recover(rj_plugin *plugin, const char *request_json, rj_op op)
{
    begin(plugin, request_json, op, &craft_verb_recover);
}

static const rj_package package_table = {
    sizeof(rj_package), RJ_ABI_MINOR, formats, detect, fetch, install, uninstall, recover};

/* ---- Life ------------------------------------------------------------------------------------ */

static void RJ_CALL destroy(rj_plugin *plugin)
{
    free(plugin->store.state_dir);
    free(plugin->store.cache_dir);
    free(plugin);
}

static rj_status read_config(rj_plugin *plugin, const char *config_json)
{
    const char *state_dir = NULL, *cache_dir = NULL;
    json_t *config = json_loads(config_json, 0, NULL);
    rj_status status = RJ_OK;

    if (json_unpack(config, "{s:s, s:s}", "state_dir", &state_dir, "cache_dir", &cache_dir) != 0 ||
        !craft_is_absolute(state_dir) || !craft_is_absolute(cache_dir)) {
        status = RJ_E_INVALID;
    } else {
        plugin->store.state_dir = strdup(state_dir);
        plugin->store.cache_dir = strdup(cache_dir);
        if (!plugin->store.state_dir || !plugin->store.cache_dir)
            status = RJ_E_NO_MEMORY;
    }
    json_decref(config);
    return status;
}

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    rj_plugin *plugin = calloc(1, sizeof *plugin);
    rj_status status;

    if (!plugin)
        return RJ_E_NO_MEMORY;
    plugin->host = host;
    plugin->ops = host->query(host, RJ_HOST_OP);
    plugin->exec = host->query(host, RJ_HOST_EXEC);
    plugin->log = host->query(host, RJ_HOST_LOG);
    plugin->spawn = host->query(host, RJ_HOST_SPAWN);
    status =
        plugin->ops && plugin->exec && plugin->log ? read_config(plugin, config_json) : RJ_E_FAILED;
    if (status != RJ_OK) {
        destroy(plugin);
        return status;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    (void)plugin;
    return strcmp(id, RJ_PACKAGE) == 0 ? &package_table : NULL;
}

static void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    plugin->stop_op = op;
    for (const craft_task *task = plugin->tasks; task; task = task->next)
        if (task->child)
            plugin->spawn->kill(plugin->host, task->child);
    if (!plugin->tasks)
        plugin->ops->finish(plugin->host, op, RJ_OK, NULL);
}

static const char *const provides[] = {RJ_PACKAGE, NULL};

static const rj_plugin_desc descriptor = {.size = sizeof(rj_plugin_desc),
                                          .minor = RJ_ABI_MINOR,
                                          .id = "package-craft",
                                          .version = "0.1.0",
                                          .provides = provides,
                                          .create = create,
                                          .query = query,
                                          .stop = stop,
                                          .destroy = destroy};

const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    return &descriptor;
}
