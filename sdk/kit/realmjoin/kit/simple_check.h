/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/kit/simple_check.h -- a plugin with one check, as one function.  The rest of a plugin
 * (descriptor, instance, tables, lane, the one answer, stop) stands here and is compiled into it;
 * no part of the ABI.  Include it in one file of the plugin:
 *
 *     static rj_status judge(rj_check_task *task)                      [lane]: it may block
 *     {
 *         rj_check_evidence(task, "where", "what stood there", "what that means");
 *         return rj_check_conclude(task, "ok", "One sentence for a person.", NULL);
 *     }
 *     RJ_SIMPLE_CHECK("com.example.thing", "1.0.0", "thing", judge)
 *
 * What could not be read is "unknown", with the reason as evidence.  A judge that takes long polls
 * rj_check_cancelled() and returns RJ_E_CANCELLED.  Judging never changes the device.
 */
#ifndef REALMJOIN_KIT_SIMPLE_CHECK_H
#define REALMJOIN_KIT_SIMPLE_CHECK_H

#include <realmjoin/check.h>
#include <realmjoin/kit/json.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_CHECK_DOCUMENT_MAX 32768

typedef struct rj_check_task {
    rj_plugin *plugin;
    rj_op op;
    int32_t answered;
    int32_t concluded;
    char *config; /* the host's document, current when the question came */
    size_t config_length;
    rj_json_writer evidence, document;
    char evidence_text[RJ_CHECK_DOCUMENT_MAX / 2];
    char document_text[RJ_CHECK_DOCUMENT_MAX];
} rj_check_task;

typedef rj_status (*rj_check_judge)(rj_check_task *task);

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *ops;
    const rj_host_exec *exec;
    const rj_host_config *config;
    const char *const *check_ids;
    rj_check_judge judge;
    int32_t jobs;  /* on the lane; [loop] */
    rj_op stop_op; /* 0: not stopping; [loop] */
};

/* ---- For the judge --------------------------------------------------------------------------- */

/* One thing that was looked at.  Call it as often as something was. */
static inline void rj_check_evidence(rj_check_task *task, const char *source, const char *found,
                                     const char *means)
{
    if (task->evidence.length)
        rj_json_raw(&task->evidence, ", ");
    rj_json_format(&task->evidence, "{\"source\": %q, \"found\": %q, \"means\": %q}", source, found,
                   means);
}

/* The result: "ok", "not-met", "unknown" or "not-applicable"; `remedy` with "not-met", or NULL. */
static inline rj_status rj_check_conclude(rj_check_task *task, const char *state,
                                          const char *summary, const char *remedy)
{
    rj_json_writer document = {task->document_text, sizeof task->document_text, 0, 0};

    rj_json_format(&document, "{\"state\": %q, \"summary\": %q", state, summary);
    if (remedy)
        rj_json_format(&document, ", \"remedy\": %q", remedy);
    rj_json_raw(&document, ", \"evidence\": [");
    if (task->evidence.length)
        rj_json_raw(&document, task->evidence.text);
    rj_json_raw(&document, "]}");
    task->document = document;
    task->concluded = 1;
    return RJ_OK;
}

static inline int rj_check_cancelled(const rj_check_task *task)
{
    const rj_plugin *plugin = task->plugin;

    return plugin->ops->cancelled(plugin->host, task->op) != 0;
}

/* A value of the plugin's section of the policy (Plugins.ID.Settings); absent: its start is NULL. */
static inline rj_json_value rj_check_setting(const rj_check_task *task, const char *name)
{
    rj_json_value config = rj_json_document(task->config, task->config_length);

    return rj_json_member(rj_json_member(config, "settings"), name);
}

/* `path` as it is to be opened: behind the host's root, which is "" in real life.  0: too long. */
static inline int rj_check_path(const rj_check_task *task, const char *path, char *buffer,
                                size_t size)
{
    rj_json_value config = rj_json_document(task->config, task->config_length);
    ptrdiff_t used = rj_json_string(rj_json_member(config, "root"), buffer, size);
    size_t length = strlen(path);

    if (used < 0 || length >= size - (size_t)used)
        return 0;
    memcpy(buffer + used, path, length + 1);
    return 1;
}

/* ---- The frame ------------------------------------------------------------------------------- */

static inline void rj_check_answer(rj_check_task *task, rj_status status, const char *message)
{
    const rj_plugin *plugin = task->plugin;

    task->answered = 1;
    plugin->ops->finish(plugin->host, task->op, status, status ? message : NULL);
}

/* Nothing thrown crosses the border. */
static inline rj_status rj_check_call_judge(rj_check_task *task)
{
#if defined(__cpp_exceptions)
    try {
        return task->plugin->judge(task);
    } catch (...) {
        return RJ_E_FAILED;
    }
#else
    return task->plugin->judge(task);
#endif
}

static inline void RJ_CALL rj_check_work(rj_op op, void *data)
{
    rj_check_task *task = (rj_check_task *)data;
    const rj_plugin *plugin = task->plugin;
    rj_status status = rj_check_cancelled(task) ? RJ_E_CANCELLED : rj_check_call_judge(task);

    if (status)
        rj_check_answer(task, status,
                        status == RJ_E_CANCELLED ? "stopped on request"
                                                 : "the check could not be carried out");
    else if (!task->concluded || rj_json_failed(&task->evidence) || rj_json_failed(&task->document))
        rj_check_answer(task, RJ_E_LIMIT,
                        task->concluded ? "the evidence is longer than one result may be"
                                        : "the check came to no conclusion");
    else
        rj_check_answer(
            task,
            plugin->ops->set_result(plugin->host, op, task->document.text, task->document.length),
            "the agent did not take the result");
}

static inline void rj_check_stop_if_idle(rj_plugin *plugin)
{
    if (plugin->jobs || !plugin->stop_op)
        return;
    plugin->ops->finish(plugin->host, plugin->stop_op, RJ_OK, NULL);
    plugin->stop_op = 0;
}

static inline void rj_check_free(rj_check_task *task)
{
    free(task->config);
    free(task);
}

static inline void RJ_CALL rj_check_done(rj_op op, void *data, int32_t started)
{
    rj_check_task *task = (rj_check_task *)data;
    rj_plugin *plugin = task->plugin;

    (void)op;
    (void)started;
    if (!task->answered)
        rj_check_answer(task, RJ_E_CANCELLED, "stopped before it began");
    rj_check_free(task);
    plugin->jobs--;
    rj_check_stop_if_idle(plugin);
}

static inline void RJ_CALL rj_check_take_config(void *data, const void *bytes, size_t length)
{
    rj_check_task *task = (rj_check_task *)data;
    char *copy = (char *)realloc(task->config, length ? length : 1);

    if (!copy)
        return; /* no config: found by the caller */
    memcpy(copy, bytes, length);
    task->config = copy;
    task->config_length = length;
}

static inline void RJ_CALL rj_check_evaluate(rj_plugin *plugin, const char *check_id, rj_op op)
{
    rj_check_task *task = (rj_check_task *)calloc(1, sizeof *task);
    rj_status status = RJ_E_NO_MEMORY;

    if (!task || strcmp(check_id, plugin->check_ids[0]) != 0) {
        plugin->ops->finish(plugin->host, op, task ? RJ_E_NOT_FOUND : RJ_E_NO_MEMORY,
                            task ? "this plugin has no check of that id" : "out of memory");
        free(task);
        return;
    }
    task->plugin = plugin;
    task->op = op;
    task->evidence.text = task->evidence_text;
    task->evidence.size = sizeof task->evidence_text;
    plugin->jobs++;
    if (plugin->config->read(plugin->host, rj_check_take_config, task) == RJ_OK && task->config)
        status = plugin->exec->run(plugin->host, op, rj_check_work, rj_check_done, task);
    if (status == RJ_OK)
        return;
    plugin->jobs--;
    rj_check_answer(task, status,
                    status == RJ_E_BUSY ? "too much is waiting already; ask again later"
                                        : "the check could not be begun");
    rj_check_free(task);
}

static inline const char *const *RJ_CALL rj_check_ids(rj_plugin *plugin)
{
    return plugin->check_ids;
}

static inline rj_status rj_check_create(const rj_host *host, const char *const *check_ids,
                                        rj_check_judge judge, rj_plugin **ret_plugin)
{
    rj_plugin *plugin = (rj_plugin *)calloc(1, sizeof *plugin);

    if (!plugin)
        return RJ_E_NO_MEMORY;
    plugin->host = host;
    plugin->ops = (const rj_host_op *)host->query(host, RJ_HOST_OP);
    plugin->exec = (const rj_host_exec *)host->query(host, RJ_HOST_EXEC);
    plugin->config = (const rj_host_config *)host->query(host, RJ_HOST_CONFIG);
    plugin->check_ids = check_ids;
    plugin->judge = judge;
    if (!plugin->ops || !plugin->exec || !plugin->config) {
        free(plugin);
        return RJ_E_DENIED;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

static inline const void *RJ_CALL rj_check_query(rj_plugin *plugin, const char *id)
{
    static const rj_check table = {sizeof(rj_check), RJ_ABI_MINOR, rj_check_ids, rj_check_evaluate,
                                   NULL};

    (void)plugin;
    return strcmp(id, RJ_CHECK) == 0 ? &table : NULL;
}

/* The host has cancelled what runs; the last job's end answers. */
static inline void RJ_CALL rj_check_stop(rj_plugin *plugin, rj_op op)
{
    plugin->stop_op = op;
    rj_check_stop_if_idle(plugin);
}

static inline void RJ_CALL rj_check_destroy(rj_plugin *plugin)
{
    free(plugin);
}

#define RJ_SIMPLE_CHECK(ID, VERSION, CHECK_ID, JUDGE)                                              \
    static rj_status RJ_CALL rj_check_create_this(const rj_host *host, const char *config_json,    \
                                                  rj_plugin **ret_plugin)                          \
    {                                                                                              \
        static const char *const check_ids[] = {CHECK_ID, NULL};                                   \
        (void)config_json;                                                                         \
        return rj_check_create(host, check_ids, JUDGE, ret_plugin);                                \
    }                                                                                              \
    const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)                                         \
    {                                                                                              \
        static const char *const provides[] = {RJ_CHECK, NULL};                                    \
        static const rj_plugin_desc desc = {sizeof(rj_plugin_desc),                                \
                                            RJ_ABI_MINOR,                                          \
                                            ID,                                                    \
                                            VERSION,                                               \
                                            provides,                                              \
                                            rj_check_create_this,                                  \
                                            rj_check_query,                                        \
                                            rj_check_stop,                                         \
                                            rj_check_destroy};                                     \
        return &desc;                                                                              \
    }

#ifdef __cplusplus
}
#endif

#endif
