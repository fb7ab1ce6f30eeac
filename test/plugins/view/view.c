/* SPDX-License-Identifier: MIT */
/*
 * A view for tests: each model is written to model.json in its state folder; what stands in "act" there is
 * chosen in the newest model, and the status that came of it is written to "acted".  Its lane is busy as
 * long as it lives, as that of a view with windows is.
 */
#include <realmjoin/kit/json.h>
#include <realmjoin/ui.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
    const rj_host_exec *exec;
    const rj_host_ui *ui;
    char folder[512];
    atomic_llong revision;
    rj_op running, stopping;
    atomic_int quitting;
};

static FILE *open_file(const rj_plugin *plugin, const char *name, const char *mode)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", plugin->folder, name);
    return fopen(path, mode);
}

static void act(rj_plugin *plugin)
{
    char action[300] = "", path[600];
    FILE *file = open_file(plugin, "act", "r");
    if (!file)
        return;
    if (!fgets(action, sizeof action, file))
        action[0] = '\0';
    fclose(file);
    snprintf(path, sizeof path, "%s/act", plugin->folder);
    remove(path);
    int status = (int)plugin->ui->act(plugin->host, atomic_load(&plugin->revision), action);
    file = open_file(plugin, "acted", "w");
    if (file) {
        fprintf(file, "%d", status);
        fclose(file);
    }
}

static void RJ_CALL work(rj_op op, void *data)
{
    rj_plugin *plugin = data;
    const struct timespec pause = {0, 10000000};
    while (!atomic_load(&plugin->quitting) && !plugin->op->cancelled(plugin->host, op)) {
        act(plugin);
        nanosleep(&pause, NULL);
    }
}

static void RJ_CALL done(rj_op op, void *data, int32_t started)
{
    rj_plugin *plugin = data;
    (void)started;
    plugin->running = 0;
    plugin->op->finish(plugin->host, op, RJ_OK, NULL);
    if (plugin->stopping)
        plugin->op->finish(plugin->host, plugin->stopping, RJ_OK, NULL);
}

static void RJ_CALL run(rj_plugin *plugin, rj_op op)
{
    plugin->running = op;
    if (plugin->exec->run(plugin->host, op, work, done, plugin) != RJ_OK)
        done(op, plugin, 0);
}

static void RJ_CALL show(rj_plugin *plugin, const char *model_json, size_t length)
{
    int64_t revision = 0;
    FILE *file = open_file(plugin, "model.new", "w");
    char from[600], to[600];
    if (!file)
        return;
    fwrite(model_json, 1, length, file);
    fclose(file);
    snprintf(from, sizeof from, "%s/model.new", plugin->folder);
    snprintf(to, sizeof to, "%s/model.json", plugin->folder);
    rename(from, to);
    rj_json_integer(rj_json_member(rj_json_document(model_json, length), "revision"), &revision);
    atomic_store(&plugin->revision, revision);
}

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    rj_plugin *plugin = calloc(1, sizeof *plugin);
    rj_json_value config = rj_json_document(config_json, strlen(config_json));
    if (!plugin)
        return RJ_E_NO_MEMORY;
    plugin->host = host;
    plugin->op = host->query(host, RJ_HOST_OP);
    plugin->exec = host->query(host, RJ_HOST_EXEC);
    plugin->ui = host->query(host, RJ_HOST_UI);
    rj_json_string(rj_json_member(config, "state_dir"), plugin->folder, sizeof plugin->folder);
    if (!plugin->ui) {
        free(plugin);
        return RJ_E_DENIED;
    }
    *ret_plugin = plugin;
    return RJ_OK;
}

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    static const rj_ui ui = {
        .size = sizeof(rj_ui), .minor = RJ_ABI_MINOR, .run = run, .show = show};
    (void)plugin;
    return strcmp(id, RJ_UI) == 0 ? &ui : NULL;
}

static void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    atomic_store(&plugin->quitting, 1);
    plugin->stopping = op;
    if (!plugin->running)
        plugin->op->finish(plugin->host, op, RJ_OK, NULL);
}

static void RJ_CALL destroy(rj_plugin *plugin)
{
    free(plugin);
}

RJ_EXPORT const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    static const char *const provides[] = {RJ_UI, NULL};
    static const rj_plugin_desc desc = {.size = sizeof desc,
                                        .minor = RJ_ABI_MINOR,
                                        .id = "view",
                                        .version = "1.0.0",
                                        .provides = provides,
                                        .create = create,
                                        .query = query,
                                        .stop = stop,
                                        .destroy = destroy};
    return &desc;
}
