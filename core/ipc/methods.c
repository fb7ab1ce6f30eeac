/* SPDX-License-Identifier: MIT */
/*
 * From message to answer: find the method, ask whether the caller may, run its handler.
 *
 * A refusal is an error answer and a line in the log; ordinary calls leave no line.
 */
#include "base/alloc.h"
#include "engine/policy.h"
#include "ipc/server_internal.h"
#include <string.h>

const rj_method rj_methods[] = {
    {"status", rj_method_status, RJ_ACCESS_ANYONE, false, false},
    {"version", rj_method_version, RJ_ACCESS_ANYONE, true, false},
    {"list", rj_method_list, RJ_ACCESS_ANYONE, false, false},
    {"ui", rj_method_ui, RJ_ACCESS_ANYONE, false, false},
    {"why", rj_method_why, RJ_ACCESS_ANYONE, false, false},
    {"install", rj_method_install, RJ_ACCESS_ANYONE, false, false},
    {"uninstall", rj_method_uninstall, RJ_ACCESS_OWN_PACKAGE, false, false},
    {"upgrade", rj_method_upgrade, RJ_ACCESS_ANYONE, false, false},
    {"sync", rj_method_sync, RJ_ACCESS_ANYONE, false, false},
    {"cancel", rj_method_cancel, RJ_ACCESS_ANYONE, false, false},
    {"check", rj_method_check, RJ_ACCESS_ANYONE, false, false},
    {"policy", rj_method_policy, RJ_ACCESS_ANYONE, false, false},
    {"plugins", rj_method_plugins, RJ_ACCESS_ANYONE, false, false},
    {"plugin.enable", rj_method_plugin_enable, RJ_ACCESS_ADMIN, false, false},
    {"plugin.disable", rj_method_plugin_disable, RJ_ACCESS_ADMIN, false, false},
    {"plugin.quarantine", rj_method_plugin_quarantine, RJ_ACCESS_ADMIN, false, false},
    {"log", rj_method_log, RJ_ACCESS_ANYONE, true, false},
    {"subscribe", rj_method_subscribe, RJ_ACCESS_ANYONE, true, false},
    {"session.register", rj_method_session_register, RJ_ACCESS_USER, true, false},
    {"session.answer", rj_method_session_answer, RJ_ACCESS_SESSION, true, false},
    {"session.progress", rj_method_session_progress, RJ_ACCESS_SESSION, true, true},
    {"session.output", rj_method_session_output, RJ_ACCESS_SESSION, true, true},
    {"service.stop", rj_method_service_stop, RJ_ACCESS_ADMIN, true, false},
};
const size_t rj_method_count = sizeof rj_methods / sizeof rj_methods[0];

static const rj_method *find_method(const char *name)
{
    for (size_t i = 0; i < rj_method_count; i++) {
        if (strcmp(rj_methods[i].name, name) == 0)
            return &rj_methods[i];
    }
    return NULL;
}

/* ---- Parameters ------------------------------------------------------------------------------ */

rj_status rj_call_fail(rj_call *call, rj_error *err, const char *text)
{
    call->code = RJ_CODE_PARAMS;
    return rj_fail(err, RJ_E_INVALID, "%s", text);
}

static rj_status fail_parameter(rj_call *call, rj_error *err, const char *key, const char *expected)
{
    call->code = RJ_CODE_PARAMS;
    return rj_fail(err, RJ_E_INVALID, "the parameter \"%s\" must be %s", key, expected);
}

rj_status rj_call_bool(rj_call *call, const char *key, bool *ret_value, rj_error *err)
{
    const json_t *value = json_object_get(call->params, key);
    if (value && !json_is_boolean(value))
        return fail_parameter(call, err, key, "true or false");
    if (value)
        *ret_value = json_is_true(value);
    return RJ_OK;
}

rj_status rj_call_integer(rj_call *call, const char *key, int64_t least, int64_t most,
                          int64_t *ret_value, rj_error *err)
{
    const json_t *value = json_object_get(call->params, key);
    if (!value)
        return RJ_OK;
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < least || number > most)
        return fail_parameter(call, err, key, "an integer in its bounds (see docs/ipc.md)");
    *ret_value = number;
    return RJ_OK;
}

rj_status rj_call_string(rj_call *call, const char *key, size_t max_length, const char **ret_value,
                         rj_error *err)
{
    const json_t *value = json_object_get(call->params, key);
    if (!value)
        return RJ_OK;
    if (!json_is_string(value) || json_string_length(value) == 0 ||
        json_string_length(value) > max_length)
        return fail_parameter(call, err, key, "a text, neither empty nor too long");
    *ret_value = json_string_value(value);
    return RJ_OK;
}

rj_status rj_call_package(rj_call *call, bool required, const char **ret_id, rj_error *err)
{
    const json_t *value = json_object_get(call->params, "id");
    if (!value && !required)
        return RJ_OK;
    if (!json_is_string(value) ||
        !rj_package_id_valid(json_string_value(value), json_string_length(value)))
        return fail_parameter(call, err, "id",
                              "a package id: letters, digits, '.', '_' and '-', at most 128");
    *ret_id = json_string_value(value);
    return RJ_OK;
}

/* ---- Authorisation --------------------------------------------------------------------------- */

static rj_package_fact package_fact(rj_call *call)
{
    const char *id = json_string_value(json_object_get(call->params, "id"));
    const rj_connection *connection = call->connection;
    json_t *why =
        id ? rj_agent_why(call->server->agent, id, connection->peer.uid, connection->admin) : NULL;
    const char *scope =
        json_string_value(json_object_get(json_object_get(why, "package"), "scope"));
    rj_package_fact fact = RJ_PACKAGE_SYSTEM_SCOPE;
    if (!why)
        fact = RJ_PACKAGE_NOT_VISIBLE;
    else if (scope && strcmp(scope, "user") == 0)
        fact = RJ_PACKAGE_USER_SCOPE;
    json_decref(why);
    return fact;
}

static rj_status authorize(rj_call *call, const rj_method *method, rj_error *err)
{
    const rj_connection *connection = call->connection;
    rj_access_facts facts = {.uid = connection->peer.uid,
                             .admin = connection->admin,
                             .session = connection->session != NULL,
                             .package = RJ_PACKAGE_SYSTEM_SCOPE};
    if (method->access == RJ_ACCESS_OWN_PACKAGE && !facts.admin)
        facts.package = package_fact(call);
    rj_status status = rj_authorize(&facts, method->access, err);
    if (status != RJ_OK) {
        char name[128];
        const char *id = json_string_value(json_object_get(call->params, "id"));
        bool printable = id && rj_package_id_valid(id, strlen(id));
        rj_server_log_refusal(call->server, NULL, "%s was refused \"%s%s%s\": %s",
                              rj_connection_name(connection, name, sizeof name), method->name,
                              printable ? " " : "", printable ? id : "", err->text);
    }
    return status;
}

/* ---- Dispatch -------------------------------------------------------------------------------- */

void rj_methods_answer(rj_connection *connection, json_t *id, json_t *result)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_message_add_result(&text, id, result);
    json_decref(result);
    rj_connection_send_text(connection, &text, id);
}

static void answer_rendered(rj_connection *connection, const json_t *id, const rj_text *result)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_message_add_rendered(&text, id, result);
    rj_connection_send_text(connection, &text, id);
}

static void answer_error(rj_connection *connection, const json_t *id, int code, rj_status status,
                         const char *message, const char *correlation)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_message_add_error(&text, id, code, status, message, correlation);
    rj_connection_send_text(connection, &text, id);
}

static rj_status call_method(rj_call *call, const rj_method *method, json_t **ret_result,
                             rj_error *err)
{
    const rj_server *server = call->server;
    if (!method->without_agent && !server->agent)
        return rj_fail(err, server->absent_status, "%s",
                       server->absent_why ? server->absent_why : "the service is starting");
    if (call->connection->pending >= server->limits.requests)
        return rj_fail(err, RJ_E_BUSY, "%u requests of this connection are unanswered; wait",
                       call->connection->pending);
    rj_status status = authorize(call, method, err);
    if (status != RJ_OK)
        return status;
    return method->handle(call, ret_result, err);
}

void rj_methods_dispatch(rj_connection *connection, const rj_message *message)
{
    if (message->kind == RJ_MESSAGE_RESULT || message->kind == RJ_MESSAGE_ERROR)
        return; /* nothing was asked of a client */
    const rj_method *method = find_method(message->method);
    if (!method || (message->id && method->notification)) {
        if (message->id)
            answer_error(connection, message->id, RJ_CODE_METHOD, RJ_E_NOT_FOUND,
                         "there is no method of this name; see docs/ipc.md", NULL);
        return;
    }
    if (!message->id && !method->notification)
        return; /* a request that wants no answer gets no work either */
    rj_call call = {.server = connection->server,
                    .connection = connection,
                    .params = message->params,
                    .id = message->id,
                    .code = RJ_CODE_AGENT};
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = call_method(&call, method, &result, &error);
    if (!message->id || call.deferred || connection->closing)
        json_decref(result);
    else if (status == RJ_OK && call.rendered)
        answer_rendered(connection, message->id, call.rendered);
    else if (status == RJ_OK)
        rj_methods_answer(connection, message->id, result);
    else
        answer_error(connection, message->id, call.code, status, error.text, call.correlation);
}
