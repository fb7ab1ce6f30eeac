/* SPDX-License-Identifier: MIT */
/*
 * One client of the local interface.
 *
 * Happy path: bytes arrive in the server's shared buffer, each complete line is parsed in place and
 * dispatched, its answer written at once.  Only what the socket does not take is copied and queued.
 *
 * Failure: a broken limit or a line that is no message is answered with an error and the connection
 * closed; a line that is not completed in time, a reader that is too slow, or a lost client closes
 * it.  What the client had asked for goes on.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/server_internal.h"
#include <stdio.h>
#include <string.h>

typedef struct unsent {
    uv_write_t request;
    rj_connection *connection;
    char bytes[];
} unsent;

const char *rj_connection_name(const rj_connection *connection, char *ret_text, size_t size)
{
    const rj_peer *peer = &connection->peer;
    char name[64];
    rj_system_user_name(peer->uid, name, sizeof name);
    if (peer->name[0])
        snprintf(ret_text, size, "%s (%spid %ld)", peer->name,
                 strcmp(peer->name, name) != 0 ? "administrator, " : "", peer->pid);
    else
        snprintf(ret_text, size, "%s (uid %u, pid %ld)", name, (unsigned)peer->uid, peer->pid);
    return ret_text;
}

const char *rj_connection_account(const rj_connection *connection, char *ret_text, size_t size)
{
    const rj_peer *peer = &connection->peer;
    char name[64];
    rj_system_user_name(peer->uid, name, sizeof name);
    if (peer->name[0] && strcmp(peer->name, name) != 0)
        snprintf(ret_text, size, "%s (administrator)", peer->name);
    else
        snprintf(ret_text, size, "%s", name);
    return ret_text;
}

/* ---- Close ----------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    rj_connection *connection = handle->data;
    rj_server *server = connection->server;
    rj_server_forget(server, connection);
    rj_lines_free(&connection->lines);
    if (connection == server->spare_connection)
        server->spare_in_use = false;
    else
        rj_free(connection);
    if (server->accept_waiting) {
        server->accept_waiting = false;
        rj_connection_accept(server);
    }
    rj_server_maybe_stopped(server);
}

void rj_connection_close(rj_connection *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    rj_timer_stop(connection->partial_timer);
    connection->partial_timer = NULL;
    rj_methods_forget_checks(connection->server, connection);
    if (connection->topics & RJ_TOPIC_LOG)
        rj_log_feed_watch(connection->server->log_feed, false);
    connection->topics = 0;
    if (connection->session)
        rj_session_close(connection->session, connection->heard_all);
    connection->session = NULL;
    uv_close((uv_handle_t *)&connection->pipe, on_closed);
}

/* ---- Send ------------------------------------------------------------------------------------ */

static void on_written(uv_write_t *request, int status)
{
    unsent *rest = (unsent *)request;
    if (status < 0)
        rj_connection_close(rest->connection);
    rj_free(rest);
}

static void close_slow(rj_connection *connection)
{
    char name[128];
    rj_server_log_refusal(connection->server, NULL, "%s does not read its answers: disconnected",
                          rj_connection_name(connection, name, sizeof name));
    rj_connection_close(connection);
}

static bool queue(rj_connection *connection, const char *bytes, size_t length)
{
    unsent *rest = rj_malloc(sizeof *rest + length);
    if (!rest) {
        rj_connection_close(connection);
        return false;
    }
    rest->connection = connection;
    memcpy(rest->bytes, bytes, length);
    uv_buf_t buffer = uv_buf_init(rest->bytes, (unsigned)length);
    if (uv_write(&rest->request, (uv_stream_t *)&connection->pipe, &buffer, 1, on_written) != 0) {
        rj_free(rest);
        rj_connection_close(connection);
        return false;
    }
    return true;
}

bool rj_connection_send(rj_connection *connection, const char *bytes, size_t length)
{
    if (connection->closing)
        return false;
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    size_t waiting = uv_stream_get_write_queue_size(stream);
    size_t taken = 0;
    if (waiting == 0) {
        uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
        int result = uv_try_write(stream, &buffer, 1);
        if (result < 0 && result != UV_EAGAIN) {
            rj_connection_close(connection);
            return false;
        }
        taken = result > 0 ? (size_t)result : 0;
    }
    if (taken == length)
        return true;
    if (waiting + length - taken > connection->server->limits.unsent_bytes) {
        close_slow(connection);
        return false;
    }
    return queue(connection, bytes + taken, length - taken);
}

bool rj_connection_keeps_up(const rj_connection *connection)
{
    size_t waiting = uv_stream_get_write_queue_size((const uv_stream_t *)&connection->pipe);
    return waiting <= connection->server->limits.unsent_bytes / 4;
}

void rj_connection_send_text(rj_connection *connection, rj_text *text, const json_t *id)
{
    bool too_long = text->length > RJ_MESSAGE_MAX;
    if (rj_text_failed(text) || too_long) {
        rj_text_free(text);
        *text = (rj_text)RJ_TEXT_EMPTY;
        rj_message_add_error(text, id, RJ_CODE_AGENT, too_long ? RJ_E_LIMIT : RJ_E_NO_MEMORY,
                             too_long ? "the answer is too long for one message"
                                      : "out of memory while answering",
                             NULL);
    }
    if (rj_text_failed(text))
        rj_connection_close(connection);
    else
        rj_connection_send(connection, text->bytes, text->length);
    rj_text_free(text);
}

/* The error goes out as far as the socket takes it; a client that broke the rules is not waited for. */
static void refuse_and_close(rj_connection *connection, int code, rj_status status,
                             const char *message)
{
    char name[128];
    rj_server_log_refusal(connection->server, NULL, "%s: %s: disconnected",
                          rj_connection_name(connection, name, sizeof name), message);
    rj_text text = RJ_TEXT_EMPTY;
    rj_message_add_error(&text, NULL, code, status, message, NULL);
    if (!rj_text_failed(&text))
        rj_connection_send(connection, text.bytes, text.length);
    rj_text_free(&text);
    rj_connection_close(connection);
}

/* ---- Receive --------------------------------------------------------------------------------- */

static bool on_line(void *data, const char *bytes, size_t length)
{
    rj_connection *connection = data;
    rj_message message;
    rj_error error = RJ_ERROR_NONE;
    int code = rj_message_parse(bytes, length, &message, &error);
    if (code != 0) {
        refuse_and_close(connection, code, RJ_E_INVALID, error.text);
        return false;
    }
    rj_methods_dispatch(connection, &message);
    rj_message_free(&message);
    return !connection->closing;
}

static void on_partial_too_long(void *data)
{
    rj_connection *connection = data;
    refuse_and_close(connection, RJ_CODE_AGENT, RJ_E_TIMEOUT,
                     "a message was begun and not completed in time");
}

/* A timer exists only while a line is incomplete, and is not moved by further bytes of it. */
static void watch_partial(rj_connection *connection, bool new_line)
{
    bool partial = rj_lines_is_partial(&connection->lines);
    if (connection->partial_timer && (!partial || new_line)) {
        rj_timer_stop(connection->partial_timer);
        connection->partial_timer = NULL;
    }
    if (!partial || connection->partial_timer)
        return;
    rj_status status =
        rj_timer_start(connection->server->loop, connection->server->limits.partial_ms, 0,
                       on_partial_too_long, connection, &connection->partial_timer, NULL);
    if (status != RJ_OK)
        rj_connection_close(connection);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    rj_connection *connection = handle->data;
    *buffer = uv_buf_init(connection->server->read_buffer, 64 * 1024);
    (void)suggested;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    rj_connection *connection = stream->data;
    if (length == 0)
        return;
    if (length < 0) {
        connection->heard_all = true;
        rj_connection_close(connection);
        return;
    }
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_lines_feed(&connection->lines, buffer->base, (size_t)length, on_line,
                                     connection, &error);
    if (connection->closing)
        return;
    if (status != RJ_OK)
        refuse_and_close(connection, RJ_CODE_REQUEST, status, error.text);
    else
        watch_partial(connection, memchr(buffer->base, '\n', (size_t)length) != NULL);
}

/* ---- Accept ---------------------------------------------------------------------------------- */

/* Root always finds a place of its own: users together cannot lock it out. */
static const char *why_full(const rj_connection *connection)
{
    const rj_server *server = connection->server;
    size_t same = 0, users = 0;
    for (const rj_connection *other = server->connections; other; other = other->next) {
        if (other == connection)
            continue;
        same += other->peer.uid == connection->peer.uid;
        users += !other->admin;
    }
    if (same >= server->limits.clients_per_user)
        return "this user has too many connections open; close some";
    if (!connection->admin && users >= server->limits.clients)
        return "too many connections are open; try again later";
    return NULL;
}

static bool identify(rj_connection *connection)
{
    uv_os_fd_t fd;
    rj_error error = RJ_ERROR_NONE;
    if (uv_fileno((uv_handle_t *)&connection->pipe, &fd) != 0)
        return false;
    if (rj_local_socket_peer((rj_local_socket)fd, &connection->peer, &error) != RJ_OK) {
        rj_server_log_refusal(connection->server, NULL, "%s", error.text);
        return false;
    }
    connection->admin = connection->peer.admin;
    return true;
}

/* Out of memory, the spare one takes the client off the listener, which would wait for ever. */
static rj_connection *new_connection(rj_server *server)
{
    rj_connection *connection = rj_calloc(1, sizeof *connection);
    if (connection)
        return connection;
    if (server->spare_in_use) {
        server->accept_waiting = true;
        return NULL;
    }
    server->spare_in_use = true;
    *server->spare_connection = (rj_connection){0};
    return server->spare_connection;
}

void rj_connection_accept(rj_server *server)
{
    rj_connection *connection = new_connection(server);
    if (!connection)
        return;
    connection->server = server;
    uv_pipe_init(rj_loop_uv(server->loop), &connection->pipe, 0);
    connection->pipe.data = connection;
    connection->next = server->connections;
    if (server->connections)
        server->connections->previous = connection;
    server->connections = connection;
    server->connection_count++;
    if (!rj_listener_accept(server->listener, &connection->pipe) || !identify(connection)) {
        rj_connection_close(connection);
        return;
    }
    const char *full = connection == server->spare_connection ? "out of memory; try again later"
                                                              : why_full(connection);
    if (full)
        refuse_and_close(connection, RJ_CODE_AGENT, RJ_E_BUSY, full);
    else if (uv_read_start((uv_stream_t *)&connection->pipe, on_allocate, on_read) != 0)
        rj_connection_close(connection);
}
