/* SPDX-License-Identifier: MIT */
/* The client side of the local interface, see client.h. */
#include "ipc/client.h"
#include "base/alloc.h"
#include "base/text.h"
#include "ipc/listener.h"
#include "ipc/message.h"
#include "ipc/refusal_texts.h"
#include "platform/local_socket.h"
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define READ_SIZE ((size_t)32 * 1024)

typedef struct outgoing {
    uv_write_t request;
    char bytes[];
} outgoing;

struct rj_client {
    rj_loop *loop;
    rj_client_options options;
    uv_pipe_t pipe;
    bool lost;
    bool closed;
    rj_lines lines;
    int64_t last_id;

    /* The call that waits. */
    int64_t waiting_id; /* 0: none */
    bool answered, timed_out;
    rj_message answer;

    char buffer[READ_SIZE];
};

static void lose(rj_client *client, const char *why)
{
    if (client->lost)
        return;
    client->lost = true;
    uv_read_stop((uv_stream_t *)&client->pipe);
    if (client->waiting_id)
        rj_loop_stop(client->loop);
    if (client->options.lost)
        client->options.lost(client->options.data, why);
}

/* ---- Receive --------------------------------------------------------------------------------- */

static bool is_awaited(const rj_client *client, const rj_message *message)
{
    if (client->waiting_id == 0 || client->answered)
        return false;
    if (message->kind == RJ_MESSAGE_ERROR && !message->id)
        return true; /* about the connection as a whole */
    return json_is_integer(message->id) && json_integer_value(message->id) == client->waiting_id;
}

static bool on_line(void *data, const char *bytes, size_t length)
{
    rj_client *client = data;
    rj_message message;
    rj_error error = RJ_ERROR_NONE;
    if (rj_message_parse(bytes, length, &message, &error) != 0) {
        lose(client, "the service sent something that is no message");
        return false;
    }
    bool is_answer = message.kind == RJ_MESSAGE_RESULT || message.kind == RJ_MESSAGE_ERROR;
    if (is_answer && is_awaited(client, &message)) {
        client->answer = message;
        client->answered = true;
        rj_loop_stop(client->loop);
        return true;
    }
    if (message.kind == RJ_MESSAGE_NOTIFICATION && client->options.notified)
        client->options.notified(client->options.data, message.method, message.params);
    rj_message_free(&message);
    return !client->lost;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    rj_client *client = handle->data;
    *buffer = uv_buf_init(client->buffer, READ_SIZE);
    (void)suggested;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    rj_client *client = stream->data;
    rj_error error = RJ_ERROR_NONE;
    if (length < 0)
        lose(client, "the service ended the connection");
    else if (length > 0 && rj_lines_feed(&client->lines, buffer->base, (size_t)length, on_line,
                                         client, &error) != RJ_OK)
        lose(client, error.text);
}

/* ---- Send ------------------------------------------------------------------------------------ */

static void on_written(uv_write_t *request, int status)
{
    rj_client *client = request->data;
    if (status < 0 && !client->closed)
        lose(client, "the service ended the connection");
    rj_free(request);
}

static rj_status fail_lost(rj_error *err)
{
    return rj_fail(
        err, RJ_E_NOT_STARTED,
        "the connection to the RealmJoin service is lost; see `realmjoin service status`");
}

static rj_status send_text(rj_client *client, rj_text *text, rj_error *err)
{
    outgoing *out = NULL;
    rj_status status = RJ_OK;
    if (client->lost)
        status = fail_lost(err);
    else if (rj_text_failed(text) || !(out = rj_malloc(sizeof *out + text->length)))
        status = rj_fail_memory(err, "asking the service");
    else if (text->length > RJ_MESSAGE_MAX)
        status = rj_fail(err, RJ_E_LIMIT, "the request is too long for the service");
    if (status == RJ_OK) {
        memcpy(out->bytes, text->bytes, text->length);
        out->request.data = client;
        uv_buf_t buffer = uv_buf_init(out->bytes, (unsigned)text->length);
        if (uv_write(&out->request, (uv_stream_t *)&client->pipe, &buffer, 1, on_written) == 0)
            out = NULL;
        else
            status = fail_lost(err);
    }
    rj_free(out);
    rj_text_free(text);
    return status;
}

rj_status rj_client_notify(rj_client *client, const char *method, json_t *params, rj_error *err)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_message_add_notification(&text, method, params);
    json_decref(params);
    return send_text(client, &text, err);
}

rj_status rj_client_post(rj_client *client, const char *method, json_t *params, rj_error *err)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_message_add_request(&text, ++client->last_id, method, params);
    json_decref(params);
    return send_text(client, &text, err);
}

/* ---- Call ------------------------------------------------------------------------------------ */

static void on_deadline(void *data)
{
    rj_client *client = data;
    client->timed_out = true;
    rj_loop_stop(client->loop);
}

static void drop_answer(rj_client *client)
{
    if (client->answered)
        rj_message_free(&client->answer);
    client->answered = false;
    client->waiting_id = 0;
}

rj_status rj_client_ask(rj_client *client, const char *method, json_t *params, rj_error *err)
{
    drop_answer(client);
    rj_status status = rj_client_post(client, method, params, err);
    client->waiting_id = status == RJ_OK ? client->last_id : 0;
    return status;
}

bool rj_client_has_answer(const rj_client *client)
{
    return client->answered || client->lost;
}

rj_status rj_client_take(rj_client *client, json_t **ret_result, char *ret_correlation,
                         rj_error *err)
{
    rj_status status = RJ_OK;
    if (!client->answered) {
        client->waiting_id = 0;
        return client->lost ? fail_lost(err)
                            : rj_fail(err, RJ_E_TIMEOUT,
                                      "the RealmJoin service does not answer; see its log");
    }
    if (client->answer.kind == RJ_MESSAGE_ERROR) {
        status = client->answer.code == RJ_CODE_AGENT ? client->answer.error_status : RJ_E_INVALID;
        rj_fail(err, status, "%s", client->answer.error_text);
        if (ret_correlation && client->answer.correlation)
            snprintf(ret_correlation, 17, "%s", client->answer.correlation);
    } else {
        *ret_result = json_incref(client->answer.result);
    }
    drop_answer(client);
    return status;
}

static rj_status wait_for_answer(rj_client *client, const char *method, int64_t deadline_ms,
                                 rj_error *err)
{
    rj_timer *timer = NULL;
    client->timed_out = false;
    rj_status status =
        rj_timer_start(client->loop, (uint64_t)deadline_ms, 0, on_deadline, client, &timer, err);
    if (status != RJ_OK)
        return status;
    while (!rj_client_has_answer(client) && !client->timed_out)
        rj_loop_run(client->loop);
    rj_timer_stop(timer);
    if (rj_client_has_answer(client))
        return RJ_OK;
    return rj_fail(err, RJ_E_TIMEOUT,
                   "the RealmJoin service did not answer \"%s\" within %lld s; see its log", method,
                   (long long)(deadline_ms / 1000));
}

rj_status rj_client_call(rj_client *client, const char *method, json_t *params, int64_t deadline_ms,
                         json_t **ret_result, char *ret_correlation, rj_error *err)
{
    if (ret_correlation)
        ret_correlation[0] = '\0';
    rj_status status = rj_client_ask(client, method, params, err);
    if (status == RJ_OK)
        status = wait_for_answer(client, method, deadline_ms, err);
    if (status == RJ_OK)
        return rj_client_take(client, ret_result, ret_correlation, err);
    client->waiting_id = 0;
    return status;
}

/* ---- Connect, close -------------------------------------------------------------------------- */

static rj_status open_socket(const char *path, rj_local_socket *ret_socket, rj_error *err)
{
    rj_error why = RJ_ERROR_NONE;
    rj_status status = rj_local_socket_connect(path, ret_socket, &why);
    if (status == RJ_E_NOT_FOUND)
        return rj_fail(err, status,
                       "the RealmJoin service is not running (nobody listens at %s); %s", path,
                       rj_advice_start_service);
    if (status != RJ_OK)
        return rj_fail(err, status, "the RealmJoin service cannot be reached: %s", why.text);
    return RJ_OK;
}

/* A request may carry what only the agent should know, and sessions run what they are told. */
static rj_status check_server(rj_local_socket socket, const char *path, rj_error *err)
{
    rj_peer peer;
    rj_status status = rj_local_socket_peer(socket, &peer, err);
    if (status != RJ_OK || peer.admin)
        return status;
    char name[64];
    return rj_fail(err, RJ_E_DENIED, "%s belongs to %s, not to %s: not used", path,
                   rj_system_user_name(peer.uid, name, sizeof name), rj_admin_name);
}

static void on_closed(uv_handle_t *handle)
{
    rj_client *client = handle->data;
    client->closed = true;
    rj_loop_stop(client->loop);
}

void rj_client_close(rj_client *client)
{
    if (!client)
        return;
    client->lost = true;
    uv_close((uv_handle_t *)&client->pipe, on_closed);
    while (!client->closed)
        rj_loop_run(client->loop);
    drop_answer(client);
    rj_lines_free(&client->lines);
    rj_free(client);
}

rj_status rj_client_connect(const rj_client_options *options, rj_client **ret_client, rj_error *err)
{
    rj_client *client = rj_calloc(1, sizeof *client);
    if (!client)
        return rj_fail_memory(err, "connecting to the service");
    client->loop = options->loop;
    client->options = *options;
    uv_pipe_init(rj_loop_uv(options->loop), &client->pipe, 0);
    client->pipe.data = client;
    rj_local_socket socket;
    rj_status status = open_socket(options->socket_path, &socket, err);
    if (status == RJ_OK && !rj_pipe_take(&client->pipe, socket))
        status = rj_fail(err, RJ_E_IO, "%s: cannot be used", options->socket_path);
    if (status == RJ_OK)
        status = check_server(socket, options->socket_path, err);
    if (status == RJ_OK && uv_read_start((uv_stream_t *)&client->pipe, on_allocate, on_read) != 0)
        status = rj_fail(err, RJ_E_IO, "%s: cannot be read", options->socket_path);
    if (status != RJ_OK) {
        rj_client_close(client);
        return status;
    }
    *ret_client = client;
    return RJ_OK;
}
