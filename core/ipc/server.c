/* SPDX-License-Identifier: MIT */
/* Listener, events to subscribers, and the end; see server.h. */
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/server_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG 256
#define READ_BUFFER ((size_t)64 * 1024)
/* At most so many lines about refused clients in a minute. */
#define NOISE_LINES 30u
#define NOISE_WINDOW_MS 60000u
/* An event carries at most so many actions; `list` and `why` tell the rest. */
#define EVENT_ACTIONS ((size_t)256)

static const struct {
    const char *name;
    unsigned bit;
} topics[] = {{"run", RJ_TOPIC_RUN},           {"action", RJ_TOPIC_ACTION},
              {"progress", RJ_TOPIC_PROGRESS}, {"check", RJ_TOPIC_CHECK},
              {"policy", RJ_TOPIC_POLICY},     {"log", RJ_TOPIC_LOG},
              {"output", RJ_TOPIC_OUTPUT}};

unsigned rj_topic_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        if (strcmp(topics[i].name, name) == 0)
            return topics[i].bit;
    }
    return 0;
}

/* ---- Start ----------------------------------------------------------------------------------- */

static void on_arrived(void *data)
{
    rj_connection_accept(data);
}

static void on_session_changed(void *data, rj_uid uid, bool present)
{
    rj_server *server = data;
    char name[64];
    rj_status_cache_clear(&server->status_cache);
    rj_log(RJ_LOG_INFO, "ipc", NULL, "session of %s %s",
           rj_system_user_name(uid, name, sizeof name), present ? "registered" : "ended");
    if (server->agent)
        rj_agent_session_changed(server->agent, uid, present);
}

rj_status rj_server_new(const rj_server_options *options, rj_server **ret_server, rj_error *err)
{
    rj_server *server = rj_calloc(1, sizeof *server);
    if (!server)
        return rj_fail_memory(err, "starting the local interface");
    server->loop = options->loop;
    server->paths = options->paths;
    server->limits = options->limits;
    server->stop = options->stop;
    server->stop_data = options->data;
    server->started_wall_ms = rj_clock_wall_ms();
    server->absent_status = RJ_E_BUSY;
    server->read_buffer = rj_malloc(READ_BUFFER);
    server->spare_connection = rj_calloc(1, sizeof *server->spare_connection);
    rj_status status = server->read_buffer && server->spare_connection
                           ? RJ_OK
                           : rj_fail_memory(err, "starting the local interface");
    if (status == RJ_OK)
        status = rj_sessions_new(server->loop, on_session_changed, server, &server->sessions, err);
    if (status == RJ_OK)
        status = rj_log_feed_new(server, &server->log_feed, err);
    if (status == RJ_OK)
        status = rj_listener_open(server->loop, rj_path(server->paths, RJ_PATH_SOCKET), BACKLOG,
                                  on_arrived, server, &server->listener, err);
    if (status != RJ_OK) {
        rj_server_free(server);
        return status;
    }
    *ret_server = server;
    return RJ_OK;
}

void rj_server_attach(rj_server *server, rj_agent *agent, rj_runtime *runtime, rj_status status,
                      const char *why)
{
    rj_status_cache_clear(&server->status_cache);
    server->agent = agent;
    server->runtime = runtime;
    server->absent_status = status;
    rj_free(server->absent_why);
    server->absent_why = rj_strdup(why);
}

rj_user_performer rj_server_users(rj_server *server)
{
    return rj_sessions_performer(server->sessions);
}

/* ---- Refusals in the log --------------------------------------------------------------------- */

static bool may_write_refusal(rj_server *server)
{
    uint64_t now = rj_clock_monotonic_ms();
    if (server->noise_lines == 0 || now - server->noise_since_ms > NOISE_WINDOW_MS) {
        if (server->noise_dropped > 0)
            rj_log(RJ_LOG_WARNING, "ipc", NULL, "%u more refusals were not written",
                   server->noise_dropped);
        server->noise_since_ms = now;
        server->noise_lines = 0;
        server->noise_dropped = 0;
    }
    if (server->noise_lines >= NOISE_LINES) {
        server->noise_dropped++;
        return false;
    }
    server->noise_lines++;
    return true;
}

void rj_server_log_refusal(rj_server *server, const char *correlation, const char *format, ...)
{
    if (!may_write_refusal(server))
        return;
    char text[RJ_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rj_log(RJ_LOG_WARNING, "ipc", correlation && *correlation ? correlation : NULL, "%s", text);
}

/* ---- Events ---------------------------------------------------------------------------------- */

static bool concerns(const rj_connection *connection, unsigned topic, rj_uid audience)
{
    if (connection->closing || !(connection->topics & topic))
        return false;
    return connection->admin || audience == RJ_UID_MACHINE || audience == connection->peer.uid;
}

/* The document, or a shallow copy whose list of actions is short enough to be sent; new reference. */
static json_t *shorten(const json_t *document)
{
    json_t *actions = json_object_get(document, "actions");
    if (json_array_size(actions) <= EVENT_ACTIONS)
        return json_incref((json_t *)document);
    json_t *copy = json_copy((json_t *)document);
    json_t *few = json_array();
    int failed = 0;
    for (size_t i = 0; i < EVENT_ACTIONS; i++)
        failed |= json_array_append(few, json_array_get(actions, i));
    failed |= json_object_set_new(copy, "actions", few);
    failed |=
        json_object_set_new(copy, "total", json_integer((json_int_t)json_array_size(actions)));
    if (failed) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static void send_event(rj_server *server, const char *topic, unsigned bit, rj_uid audience,
                       const json_t *document)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_connection *next;
    for (rj_connection *client = server->connections; client; client = next) {
        next = client->next;
        if (!concerns(client, bit, audience))
            continue;
        if (text.length == 0 && !text.failed) {
            json_t *sendable = shorten(document);
            if (sendable)
                rj_message_add_event(&text, topic, sendable);
            else
                text.failed = true;
            json_decref(sendable);
        }
        if (rj_text_failed(&text) || text.length > RJ_MESSAGE_MAX) {
            rj_log(RJ_LOG_ERROR, "ipc", NULL, "an event \"%s\" could not be sent", topic);
            break;
        }
        /* Looking on is no reason to be disconnected: who reads slowly sees a gap in the numbers of lines. */
        if (bit != RJ_TOPIC_OUTPUT || rj_connection_keeps_up(client))
            rj_connection_send(client, text.bytes, text.length);
    }
    rj_text_free(&text);
}

void rj_server_event(void *data, const char *topic, rj_uid audience, const json_t *document)
{
    rj_server *server = data;
    unsigned bit = rj_topic_of_name(topic);
    if (bit != RJ_TOPIC_OUTPUT) /* no part of the status */
        rj_status_cache_clear(&server->status_cache);
    if (bit == RJ_TOPIC_CHECK) {
        const char *state = json_string_value(json_object_get(document, "state"));
        if (state && strcmp(state, "ended") == 0)
            rj_methods_checks_ended(server);
    }
    /* Log lines have their own feed, which knows who may see which. */
    if (bit != 0 && bit != RJ_TOPIC_LOG)
        send_event(server, topic, bit, audience, document);
}

/* ---- End ------------------------------------------------------------------------------------- */

void rj_server_forget(rj_server *server, rj_connection *connection)
{
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->connection_count--;
}

void rj_server_maybe_stopped(rj_server *server)
{
    if (!server->stopped || server->listener || server->connection_count > 0)
        return;
    /* Posted, so that what closing connections posted before has been done by then. */
    rj_loop_post(server->loop, &server->stopped_post, server->stopped, server->stopped_data);
    server->stopped = NULL;
}

static void on_listener_closed(void *data)
{
    rj_server *server = data;
    server->listener = NULL;
    rj_server_maybe_stopped(server);
}

void rj_server_stop(rj_server *server, void (*stopped)(void *data), void *data)
{
    server->stopped = stopped;
    server->stopped_data = data;
    rj_local_socket_remove(rj_path(server->paths, RJ_PATH_SOCKET));
    rj_listener_close(server->listener, on_listener_closed, server);
    rj_connection *next;
    for (rj_connection *client = server->connections; client; client = next) {
        next = client->next;
        rj_connection_close(client);
    }
}

void rj_server_free(rj_server *server)
{
    if (!server)
        return;
    rj_status_cache_clear(&server->status_cache);
    rj_log_feed_free(server->log_feed);
    rj_sessions_free(server->sessions);
    rj_free(server->spare_connection);
    rj_free(server->read_buffer);
    rj_free(server->absent_why);
    rj_free(server);
}
