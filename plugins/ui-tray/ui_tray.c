/* SPDX-License-Identifier: MIT */
/*
 * ui-tray: the agent's icon in the notification area.
 *
 *     run --> lane: window and message loop --> ... --> cancelled or stopped --> loop ends --> finish
 *     show, ask --> left for the lane
 *     a click --> host->act
 *
 * Where a session has no desktop, run is answered with "not applicable" and nothing is shown.
 */
#include "tray.h"

#include <realmjoin/kit/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    const rj_host_exec *exec;
    const rj_host_log *log;
    const rj_host_ui *ui; /* NULL: nobody hears what is chosen */
    tray *view;
    rj_op running; /* 0: no */
    rj_op stopping;
    rj_status ended; /* written on the lane, read when that is done */
};

/* ---- What the view says ---------------------------------------------------------------------- */

static rj_status on_act(void *data, int64_t revision, const char *action)
{
    rj_plugin *plugin = data;
    return plugin->ui ? plugin->ui->act(plugin->host, revision, action) : RJ_E_NOT_APPLICABLE;
}

static void on_log(void *data, int32_t level, const char *text)
{
    rj_plugin *plugin = data;
    plugin->log->write(plugin->host, level, 0, text);
}

static bool on_is_withdrawn(void *data, rj_op question)
{
    rj_plugin *plugin = data;
    return plugin->op->cancelled(plugin->host, question) != 0;
}

static void on_answered(void *data, rj_op question, rj_status status, const char *answer,
                        const char *message)
{
    rj_plugin *plugin = data;
    char result[512];
    rj_json_writer out = {result, sizeof result, 0, 0};
    if (answer) {
        rj_json_format(&out, "{\"answer\": %q}", answer);
        if (!rj_json_failed(&out))
            plugin->op->set_result(plugin->host, question, result, out.length);
    }
    plugin->op->finish(plugin->host, question, status, message);
}

/* ---- The interface --------------------------------------------------------------------------- */

static void RJ_CALL on_cancelled(void *data)
{
    rj_plugin *plugin = data;
    if (plugin->running && plugin->op->cancelled(plugin->host, plugin->running))
        tray_quit(plugin->view);
    else
        tray_look(plugin->view);
}

static void RJ_CALL work(rj_op op, void *data)
{
    rj_plugin *plugin = data;
    (void)op;
    plugin->ended = tray_run(plugin->view);
}

static void RJ_CALL done(rj_op op, void *data, int32_t started)
{
    rj_plugin *plugin = data;
    rj_op stopping = plugin->stopping;
    plugin->running = 0;
    if (!started)
        plugin->op->finish(plugin->host, op, RJ_E_NOT_STARTED, "the view was never begun");
    else if (plugin->ended == RJ_E_NOT_APPLICABLE)
        plugin->op->finish(plugin->host, op, RJ_E_NOT_APPLICABLE,
                           "this session has no desktop to show anything on");
    else
        plugin->op->finish(plugin->host, op, plugin->ended,
                           plugin->ended ? "the window could not be made" : NULL);
    if (stopping)
        plugin->op->finish(plugin->host, stopping, RJ_OK, NULL);
}

static void RJ_CALL run(rj_plugin *plugin, rj_op op)
{
    if (plugin->running) {
        plugin->op->finish(plugin->host, op, RJ_E_BUSY, "the view is there already");
        return;
    }
    plugin->running = op;
    plugin->op->on_cancel(plugin->host, op, on_cancelled, plugin);
    rj_status status = plugin->exec->run(plugin->host, op, work, done, plugin);
    if (status == RJ_OK)
        return;
    plugin->running = 0;
    plugin->op->finish(plugin->host, op, status, "the view got no thread; start the session again");
}

static void RJ_CALL show(rj_plugin *plugin, const char *model_json, size_t length)
{
    if (!tray_show(plugin->view, model_json, length))
        plugin->log->write(plugin->host, RJ_LOG_WARNING, 0,
                           "out of memory: the menu stays as it was");
}

static void RJ_CALL ask(rj_plugin *plugin, const char *prompt_json, size_t length, rj_op op)
{
    if (!plugin->running) {
        plugin->op->finish(plugin->host, op, RJ_E_NOT_APPLICABLE, "nothing can be shown here");
        return;
    }
    plugin->op->on_cancel(plugin->host, op, on_cancelled, plugin);
    if (!tray_ask(plugin->view, prompt_json, length, op))
        plugin->op->finish(plugin->host, op, RJ_E_NO_MEMORY, "out of memory while asking");
}

static const rj_ui ui = {
    .size = sizeof(rj_ui), .minor = RJ_ABI_MINOR, .run = run, .show = show, .ask = ask};

/* ---- Life ------------------------------------------------------------------------------------ */

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    rj_plugin *plugin = calloc(1, sizeof *plugin);
    (void)config_json;
    if (!plugin)
        return RJ_E_NO_MEMORY;
    plugin->host = host;
    plugin->op = host->query(host, RJ_HOST_OP);
    plugin->exec = host->query(host, RJ_HOST_EXEC);
    plugin->log = host->query(host, RJ_HOST_LOG);
    plugin->ui = host->query(host, RJ_HOST_UI);
    if (!plugin->op || !plugin->exec || !plugin->log) {
        free(plugin);
        return RJ_E_NOT_APPLICABLE;
    }
    const tray_host view_host = {.data = plugin,
                                 .act = on_act,
                                 .log = on_log,
                                 .is_withdrawn = on_is_withdrawn,
                                 .answered = on_answered};
    plugin->view = tray_new(&view_host);
    if (!plugin->view) {
        free(plugin);
        return RJ_E_NO_MEMORY;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    (void)plugin;
    return strcmp(id, RJ_UI) == 0 ? &ui : NULL;
}

static void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    if (!plugin->running) {
        plugin->op->finish(plugin->host, op, RJ_OK, NULL);
        return;
    }
    plugin->stopping = op;
    tray_quit(plugin->view);
}

static void RJ_CALL destroy(rj_plugin *plugin)
{
    tray_free(plugin->view);
    free(plugin);
}

RJ_EXPORT const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    static const char *const provides[] = {RJ_UI, NULL};
    static const rj_plugin_desc desc = {.size = sizeof desc,
                                        .minor = RJ_ABI_MINOR,
                                        .id = "ui-tray",
                                        .version = "0.1.0",
                                        .provides = provides,
                                        .create = create,
                                        .query = query,
                                        .stop = stop,
                                        .destroy = destroy};
    return &desc;
}
