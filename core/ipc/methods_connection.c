/* SPDX-License-Identifier: MIT */
/* Methods about the connection itself and the service: subscribe, session.*, service.stop. */
#include "base/log.h"
#include "ipc/server_internal.h"

static rj_status answer_empty(json_t **ret_result, rj_error *err)
{
    *ret_result = json_object();
    return *ret_result ? RJ_OK : rj_fail_memory(err, "answering");
}

rj_status rj_method_subscribe(rj_call *call, json_t **ret_result, rj_error *err)
{
    const json_t *names = json_object_get(call->params, "topics");
    if (!json_is_array(names))
        return rj_call_fail(call, err, "the parameter \"topics\" must be a list of topics");
    unsigned topics = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        unsigned topic = json_is_string(name) ? rj_topic_of_name(json_string_value(name)) : 0;
        if (topic == 0)
            return rj_call_fail(call, err,
                                "a topic is one of: run, action, progress, output, check, policy, "
                                "log");
        topics |= topic;
    }
    rj_status status = answer_empty(ret_result, err);
    if (status != RJ_OK)
        return status;
    unsigned changed = (topics ^ call->connection->topics) & RJ_TOPIC_LOG;
    call->connection->topics = topics;
    if (changed)
        rj_log_feed_watch(call->server->log_feed, (topics & RJ_TOPIC_LOG) != 0);
    return RJ_OK;
}

static bool send_to_session(void *data, const char *bytes, size_t length)
{
    return rj_connection_send(data, bytes, length);
}

static void drop_session(void *data, const char *why)
{
    rj_connection *connection = data;
    char name[128];
    rj_log(RJ_LOG_WARNING, "ipc", NULL, "%s: %s: disconnected",
           rj_connection_name(connection, name, sizeof name), why);
    rj_connection_close(connection);
}

/* Before anything is asked of the session: how it must load its plugins. */
static rj_status send_rules(rj_connection *connection, rj_agent *agent, rj_error *err)
{
    rj_text text = RJ_TEXT_EMPTY;
    json_t *rules = rj_agent_plugin_rules(agent);
    if (rules)
        rj_message_add_notification(&text, "session.plugins", rules);
    json_decref(rules);
    rj_status status = RJ_OK;
    if (!rules || rj_text_failed(&text))
        status = rj_fail_memory(err, "registering a session");
    else if (!rj_connection_send(connection, text.bytes, text.length))
        status = rj_fail(err, RJ_E_IO, "the connection is lost");
    rj_text_free(&text);
    return status;
}

rj_status rj_method_session_register(rj_call *call, json_t **ret_result, rj_error *err)
{
    rj_connection *connection = call->connection;
    if (connection->session)
        return rj_fail(err, RJ_E_EXISTS, "this connection is a session already");
    json_t *result = json_pack("{s:s}", "root", rj_paths_root(call->server->paths));
    if (!result)
        return rj_fail_memory(err, "answering");
    rj_session_link link = {.send = send_to_session, .drop = drop_session, .data = connection};
    rj_status status = send_rules(connection, call->server->agent, err);
    if (status == RJ_OK)
        status = rj_session_open(call->server->sessions, connection->peer.uid, &link,
                                 &connection->session, err);
    if (status != RJ_OK) {
        json_decref(result);
        return status;
    }
    *ret_result = result;
    return RJ_OK;
}

rj_status rj_method_session_answer(rj_call *call, json_t **ret_result, rj_error *err)
{
    rj_status status = rj_session_answer(call->connection->session, call->params, err);
    return status == RJ_OK ? answer_empty(ret_result, err) : status;
}

rj_status rj_method_session_progress(rj_call *call, json_t **ret_result, rj_error *err)
{
    (void)ret_result;
    return rj_session_progress(call->connection->session, call->params, err);
}

rj_status rj_method_session_output(rj_call *call, json_t **ret_result, rj_error *err)
{
    (void)ret_result;
    return rj_session_output(call->connection->session, call->params, err);
}

rj_status rj_method_service_stop(rj_call *call, json_t **ret_result, rj_error *err)
{
    char name[128];
    rj_status status = answer_empty(ret_result, err);
    if (status != RJ_OK)
        return status;
    rj_log(RJ_LOG_INFO, "ipc", NULL, "%s asks the service to stop",
           rj_connection_name(call->connection, name, sizeof name));
    call->server->stop(call->server->stop_data);
    return RJ_OK;
}
