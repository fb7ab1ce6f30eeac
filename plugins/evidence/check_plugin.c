/* SPDX-License-Identifier: MIT */
/* The frame of a plugin that offers one check; see check_plugin.h. */
#include "check_plugin.h"

#include "absolute.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define CONFIG_LIMIT ((size_t)1024 * 1024)

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    const rj_host_exec *exec;
    const rj_host_config *config;
    char *first_config; /* as given to create() */
    atomic_int stopping;
    unsigned jobs; /* handed to the lane and not yet done; loop only */
    rj_op stop_op; /* 0: nobody waits */
};

struct check_task {
    rj_plugin *plugin;
    rj_op op;
    json_t *config;
    const char *root;
    const json_t *settings;
    evidence *document;
    bool answered; /* written on the lane before `done` reads it on the loop */
    char message[512];
};

/* ---- Settings -------------------------------------------------------------------------------- */

static const json_t *find_key(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;

        while (key[i] && name[i] && (key[i] | 0x20) == (name[i] | 0x20))
            i++;
        if (!key[i] && !name[i])
            return json_is_null(value) ? NULL : value;
    }
    return NULL;
}

static rj_status bad_setting(check_task *task, const char *name, const json_t *found,
                             const char *expected)
{
    char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
    rj_status status = check_task_fail(
        task, RJ_E_INVALID, "/settings/%s: expected %s, found %.100s; correct the policy", name,
        expected, text ? text : "something else");

    free(text);
    return status;
}

rj_status check_task_integer(check_task *task, const char *name, int64_t least, int64_t most,
                             int64_t *ret_value)
{
    const json_t *value = find_key(task->settings, name);
    char expected[96];

    if (!value)
        return RJ_OK;
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most) {
        snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)least,
                 (long long)most);
        return bad_setting(task, name, value, expected);
    }
    *ret_value = json_integer_value(value);
    return RJ_OK;
}

rj_status check_task_boolean(check_task *task, const char *name, bool *ret_value)
{
    const json_t *value = find_key(task->settings, name);

    if (!value)
        return RJ_OK;
    if (!json_is_boolean(value))
        return bad_setting(task, name, value, "true or false");
    *ret_value = json_is_true(value);
    return RJ_OK;
}

rj_status check_task_paths(check_task *task, const char *name, const char **ret_paths,
                           size_t capacity)
{
    const json_t *value = find_key(task->settings, name);
    char expected[96];
    size_t count;

    if (!value)
        return RJ_OK;
    snprintf(expected, sizeof expected, "a list of 1 to %zu absolute paths", capacity);
    count = json_array_size(value);
    if (!json_is_array(value) || count < 1 || count > capacity)
        return bad_setting(task, name, value, expected);
    for (size_t i = 0; i < count; i++) {
        const char *path = json_string_value(json_array_get(value, i));

        if (!path || !is_absolute_path(path) || strlen(path) > 1000)
            return bad_setting(task, name, value, expected);
    }
    for (size_t i = 0; i < count; i++)
        ret_paths[i] = json_string_value(json_array_get(value, i));
    if (count < capacity)
        ret_paths[count] = NULL;
    return RJ_OK;
}

/* ---- Task ------------------------------------------------------------------------------------ */

const char *check_task_root(const check_task *task)
{
    return task->root;
}

evidence *check_task_evidence(check_task *task)
{
    return task->document;
}

bool check_task_cancelled(const check_task *task)
{
    const rj_plugin *plugin = task->plugin;

    return atomic_load(&plugin->stopping) || plugin->op->cancelled(plugin->host, task->op);
}

rj_status check_task_interrupted(check_task *task)
{
    const rj_plugin *plugin = task->plugin;

    if (!atomic_load(&plugin->stopping) && plugin->op->remaining_ms(plugin->host, task->op) == 0)
        return check_task_fail(task, RJ_E_TIMEOUT,
                               "the check had not ended when its time was up; try again later");
    return check_task_fail(task, RJ_E_CANCELLED, "the check was cancelled");
}

rj_status check_task_fail(check_task *task, rj_status status, const char *format, ...)
{
    char raw[sizeof task->message];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    evidence_clean_text(task->message, sizeof task->message, raw);
    return status;
}

static void free_task(check_task *task)
{
    evidence_free(task->document);
    json_decref(task->config);
    free(task);
}

/* ---- Evaluating ------------------------------------------------------------------------------ */

typedef struct received_config {
    char *text;
    size_t length;
    bool failed;
} received_config;

static void RJ_CALL receive_config(void *data, const void *bytes, size_t length)
{
    received_config *received = data;
    char *grown = NULL;

    if (!received->failed && length <= CONFIG_LIMIT - received->length)
        grown = realloc(received->text, received->length + length + 1);
    if (!grown) {
        received->failed = true;
        return;
    }
    memcpy(grown + received->length, bytes, length);
    received->text = grown;
    received->length += length;
    grown[received->length] = '\0';
}

/* Take root and settings out of a configuration document. */
static rj_status read_config(check_task *task, const char *text, size_t length)
{
    static const char no_memory[] = "out of memory";
    const json_t *settings, *root;
    json_error_t error;

    task->config = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!task->config)
        return check_task_fail(task, RJ_E_INVALID, "the plugin's configuration is not JSON: %s",
                               error.text);
    root = json_object_get(task->config, "root");
    settings = json_object_get(task->config, "settings");
    if (!json_is_object(task->config) || (root && !json_is_string(root)) ||
        (settings && !json_is_object(settings)))
        return check_task_fail(task, RJ_E_INVALID,
                               "the plugin's configuration: expected an object with the string "
                               "\"root\" and the object \"settings\"");
    task->root = root ? json_string_value(root) : "";
    if (task->root[0] != '\0' && !is_absolute_path(task->root))
        return check_task_fail(task, RJ_E_INVALID,
                               "the plugin's configuration: root \"%s\" is not an absolute path",
                               task->root);
    if (!settings && json_object_set_new(task->config, "settings", json_object()) != 0)
        return check_task_fail(task, RJ_E_NO_MEMORY, no_memory);
    task->settings = json_object_get(task->config, "settings");
    return RJ_OK;
}

static rj_status read_current_config(check_task *task)
{
    const rj_plugin *plugin = task->plugin;
    received_config received = {0};
    rj_status status;

    if (!plugin->config || plugin->config->read(plugin->host, receive_config, &received) ||
        received.failed || !received.text) {
        free(received.text);
        return read_config(task, plugin->first_config, strlen(plugin->first_config));
    }
    status = read_config(task, received.text, received.length);
    free(received.text);
    return status;
}

static rj_status push_document(check_task *task)
{
    const rj_plugin *plugin = task->plugin;
    size_t length = 0;
    char *json = evidence_print(task->document, &length);
    rj_status status;

    if (!json)
        return check_task_fail(task, RJ_E_NO_MEMORY, "out of memory while writing the result");
    status = plugin->op->set_result(plugin->host, task->op, json, length);
    free(json);
    return status ? check_task_fail(task, status, "the host refused the result") : RJ_OK;
}

static void answer(check_task *task, rj_status status)
{
    const rj_plugin *plugin = task->plugin;

    task->answered = true;
    plugin->op->finish(plugin->host, task->op, status, status ? task->message : NULL);
}

static void RJ_CALL work(rj_op op, void *data)
{
    check_task *task = data;
    rj_status status;

    (void)op;
    status = check_task_cancelled(task) ? check_task_interrupted(task) : check_plugin_judge(task);
    if (!status)
        status = push_document(task);
    answer(task, status);
}

static void finish_stop_when_idle(rj_plugin *plugin)
{
    if (!plugin->jobs && plugin->stop_op) {
        rj_op op = plugin->stop_op;

        plugin->stop_op = 0;
        plugin->op->finish(plugin->host, op, RJ_OK, NULL);
    }
}

static void RJ_CALL done(rj_op op, void *data, int32_t started)
{
    check_task *task = data;
    rj_plugin *plugin = task->plugin;

    (void)op;
    (void)started;
    if (!task->answered)
        answer(task, check_task_interrupted(task));
    free_task(task);
    plugin->jobs--;
    finish_stop_when_idle(plugin);
}

static void RJ_CALL evaluate(rj_plugin *plugin, const char *check_id, rj_op op)
{
    check_task *task;
    rj_status status;

    task = calloc(1, sizeof *task);
    if (!task) {
        plugin->op->finish(plugin->host, op, RJ_E_NO_MEMORY, "out of memory");
        return;
    }
    task->plugin = plugin;
    task->op = op;
    if (strcmp(check_id, check_plugin_check_id) != 0)
        status = check_task_fail(task, RJ_E_NOT_FOUND,
                                 "no check \"%.64s\" here; this plugin offers \"%s\"", check_id,
                                 check_plugin_check_id);
    else
        status = read_current_config(task);
    if (!status && !(task->document = evidence_new()))
        status = check_task_fail(task, RJ_E_NO_MEMORY, "out of memory");
    if (!status) {
        plugin->jobs++;
        status = plugin->exec->run(plugin->host, op, work, done, task);
        if (!status)
            return;
        plugin->jobs--;
        check_task_fail(task, status, "the check cannot start now: %s; try again later",
                        status == RJ_E_BUSY ? "too much is waiting" : "the host refused it");
    }
    answer(task, status);
    free_task(task);
}

static const char *const *RJ_CALL ids(rj_plugin *plugin)
{
    static const char *const names[] = {check_plugin_check_id, NULL};

    (void)plugin;
    return names;
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status RJ_CALL check_plugin_create(const rj_host *host, const char *config_json,
                                      rj_plugin **ret_plugin)
{
    const rj_host_log *log = host->query(host, RJ_HOST_LOG);
    rj_plugin *plugin = calloc(1, sizeof *plugin);
    check_task *probe = calloc(1, sizeof *probe);
    rj_status status = RJ_E_NO_MEMORY;

    if (!plugin || !probe)
        goto out;
    plugin->host = host;
    plugin->op = host->query(host, RJ_HOST_OP);
    plugin->exec = host->query(host, RJ_HOST_EXEC);
    plugin->config = host->query(host, RJ_HOST_CONFIG);
    plugin->first_config = strdup(config_json);
    if (!plugin->first_config)
        goto out;
    if (!plugin->op || !plugin->exec)
        status = check_task_fail(probe, RJ_E_DENIED, "the host offers no rj.host.op/1 or exec/1");
    else
        status = read_config(probe, config_json, strlen(config_json));
    if (status && log)
        log->write(host, RJ_LOG_ERROR, 0, probe->message);

out:
    if (probe)
        free_task(probe);
    if (status) {
        if (plugin)
            free(plugin->first_config);
        free(plugin);
        return status;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

const void *RJ_CALL check_plugin_query(rj_plugin *plugin, const char *id)
{
    static const rj_check table = {sizeof table, RJ_ABI_MINOR, ids, evaluate, NULL};

    (void)plugin;
    return strcmp(id, RJ_CHECK) == 0 ? &table : NULL;
}

void RJ_CALL check_plugin_stop(rj_plugin *plugin, rj_op op)
{
    atomic_store(&plugin->stopping, 1);
    plugin->stop_op = op;
    finish_stop_when_idle(plugin);
}

void RJ_CALL check_plugin_destroy(rj_plugin *plugin)
{
    free(plugin->first_config);
    free(plugin);
}
