/* SPDX-License-Identifier: MIT */
/*
 * Methods about plugins: plugins, plugin.enable, plugin.disable, plugin.quarantine.
 *
 * Anybody may look.  What root asks for is one line in the log, with who asked and what came of it.
 */
#include "base/log.h"
#include "ipc/server_internal.h"
#include <string.h>

#define LOGGER "ipc"
#define ID_MAX 255 /* a folder's name stands for the id of a plugin whose manifest cannot be read */

rj_status rj_method_plugins(rj_call *call, json_t **ret_result, rj_error *err)
{
    json_t *list = rj_runtime_describe(call->server->runtime);
    *ret_result = list ? json_pack("{s:o}", "plugins", list) : NULL;
    return *ret_result ? RJ_OK : rj_fail_memory(err, "answering");
}

static rj_status read_id(rj_call *call, const char **ret_id, rj_error *err)
{
    const char *id = NULL;
    rj_status status = rj_call_string(call, "id", ID_MAX, &id, err);
    if (status == RJ_OK && !id)
        return rj_call_fail(call, err, "the parameter \"id\" is missing");
    if (status == RJ_OK)
        *ret_id = id;
    return status;
}

/* {"plugin": its entry of `plugins`}: what it is like now. */
static rj_status answer_entry(rj_call *call, const char *id, json_t **ret_result, rj_error *err)
{
    json_t *list = rj_runtime_describe(call->server->runtime);
    for (size_t i = 0; i < json_array_size(list) && !*ret_result; i++) {
        json_t *entry = json_array_get(list, i);
        const char *own = json_string_value(json_object_get(entry, "id"));
        if (own && strcmp(own, id) == 0)
            *ret_result = json_pack("{s:O}", "plugin", entry);
    }
    json_decref(list);
    return *ret_result ? RJ_OK : rj_fail_memory(err, "answering");
}

static rj_status report(rj_call *call, const char *what, const char *id, rj_status status,
                        json_t **ret_result, rj_error *err)
{
    char name[128];
    rj_log(status ? RJ_LOG_WARNING : RJ_LOG_INFO, LOGGER, NULL, "%s of %s asked for by %s: %s",
           what, id, rj_connection_name(call->connection, name, sizeof name),
           status ? err->text : "done");
    return status ? status : answer_entry(call, id, ret_result, err);
}

static rj_status set_enabled(rj_call *call, bool enabled, json_t **ret_result, rj_error *err)
{
    const char *id = NULL;
    rj_status status = read_id(call, &id, err);
    if (status != RJ_OK)
        return status;
    status = rj_runtime_set_enabled(call->server->runtime, id, enabled, err);
    return report(call, enabled ? "plugin.enable" : "plugin.disable", id, status, ret_result, err);
}

rj_status rj_method_plugin_enable(rj_call *call, json_t **ret_result, rj_error *err)
{
    return set_enabled(call, true, ret_result, err);
}

rj_status rj_method_plugin_disable(rj_call *call, json_t **ret_result, rj_error *err)
{
    return set_enabled(call, false, ret_result, err);
}

rj_status rj_method_plugin_quarantine(rj_call *call, json_t **ret_result, rj_error *err)
{
    const char *id = NULL;
    bool clear = false;
    rj_status status = read_id(call, &id, err);
    if (status == RJ_OK)
        status = rj_call_bool(call, "clear", &clear, err);
    if (status != RJ_OK)
        return status;
    status = rj_runtime_set_quarantined(call->server->runtime, id, !clear, err);
    return report(call, clear ? "plugin.quarantine (clear)" : "plugin.quarantine", id, status,
                  ret_result, err);
}
