/* SPDX-License-Identifier: MIT */
/*
 * What the files of the server share.
 *
 *   server.c           listener, bounds on clients, events to subscribers, stop
 *   connection.c       one client: lines in, answers out, close
 *   methods.c          the table of methods, parameters, authorisation, answers
 *   methods_*.c        the methods by subject
 *   sessions.c         users' sessions, which perform user-scope steps
 *   log_feed.c         new log lines to subscribers; who may see which
 */
#ifndef RJ_IPC_SERVER_INTERNAL_H
#define RJ_IPC_SERVER_INTERNAL_H

#include "ipc/authorize.h"
#include "ipc/listener.h"
#include "ipc/message.h"
#include "ipc/server.h"
#include "ipc/sessions.h"
#include "ipc/status_cache.h"
#include "platform/local_socket.h"
#include <uv.h>

#define RJ_CORRELATION_SIZE 17

typedef struct rj_connection rj_connection;
typedef struct rj_log_feed rj_log_feed;

/* Topics of `subscribe`, as bits. */
enum {
    RJ_TOPIC_RUN = 1u,
    RJ_TOPIC_ACTION = 2u,
    RJ_TOPIC_PROGRESS = 4u,
    RJ_TOPIC_CHECK = 8u,
    RJ_TOPIC_POLICY = 16u,
    RJ_TOPIC_LOG = 32u,
    RJ_TOPIC_OUTPUT = 64u
};
unsigned rj_topic_of_name(const char *name); /* 0: no such topic */

struct rj_connection {
    rj_server *server;
    rj_connection *previous, *next;
    uv_pipe_t pipe;
    rj_peer peer;
    bool admin;
    bool closing;
    bool heard_all; /* the client ended and nothing of it is unread */
    unsigned topics;
    unsigned pending;        /* requests that will be answered later */
    rj_lines lines;          /* the incomplete line */
    rj_timer *partial_timer; /* runs only while there is one */
    rj_session *session;     /* NULL: not registered */
};

/* A request that is answered when the checks have ended. */
typedef struct rj_waiting_check {
    struct rj_waiting_check *next;
    rj_connection *connection;
    json_t *id;
    char check_id[64]; /* "": all */
} rj_waiting_check;

struct rj_server {
    rj_loop *loop;
    const rj_paths *paths;
    rj_server_limits limits;
    void (*stop)(void *data);
    void *stop_data;

    rj_agent *agent; /* NULL: not there, see `absent_why` */
    rj_runtime *runtime;
    rj_status absent_status;
    char *absent_why;
    int64_t started_wall_ms;

    rj_listener *listener; /* NULL: closed */
    rj_connection *connections;
    size_t connection_count;         /* closing ones included: memory still held */
    rj_connection *spare_connection; /* for the client that comes when memory is out */
    bool spare_in_use;
    bool accept_waiting; /* even that was in use */
    char *read_buffer;   /* shared: bytes are consumed before the next read */
    rj_sessions *sessions;
    rj_waiting_check *waiting_checks;
    rj_log_feed *log_feed;
    rj_status_cache status_cache;

    /* Lines about refused clients, bounded so that nobody can flood the log. */
    uint64_t noise_since_ms;
    unsigned noise_lines;
    unsigned noise_dropped;

    void (*stopped)(void *data);
    void *stopped_data;
    rj_post stopped_post;
};

/* server.c */
void rj_server_log_refusal(rj_server *server, const char *correlation, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
void rj_server_forget(rj_server *server, rj_connection *connection);
void rj_server_maybe_stopped(rj_server *server);

/* connection.c */
void rj_connection_accept(rj_server *server);
/* Everything or nothing: a client that does not read fast enough is closed.  False: it is closed. */
bool rj_connection_send(rj_connection *connection, const char *bytes, size_t length);
/* Little of what was sent waits to be read: what may be left out need not be. */
bool rj_connection_keeps_up(const rj_connection *connection);
/* Sends and frees a formatted text; when it failed or is too long, an error for `id` instead. */
void rj_connection_send_text(rj_connection *connection, rj_text *text, const json_t *id);
void rj_connection_close(rj_connection *connection);
/* "alice (uid 1000, pid 4711)"; returns ret_text. */
const char *rj_connection_name(const rj_connection *connection, char *ret_text, size_t size);
/* Whose it is: "alice", or "adm (administrator)" of an account that has the machine's rights.  Returns
 * ret_text. */
const char *rj_connection_account(const rj_connection *connection, char *ret_text, size_t size);

/* methods.c */
typedef struct rj_call {
    rj_server *server;
    rj_connection *connection;
    const json_t *params;    /* an object, or NULL */
    json_t *id;              /* NULL: a notification */
    int code;                /* of the error answer; RJ_CODE_AGENT unless set */
    bool deferred;           /* the handler answers later */
    const rj_text *rendered; /* the result as text, borrowed; in place of *ret_result */
    char correlation[RJ_CORRELATION_SIZE];
} rj_call;

typedef rj_status rj_method_handler(rj_call *call, json_t **ret_result, rj_error *err);

typedef struct rj_method {
    const char *name;
    rj_method_handler *handle;
    rj_access access;
    bool without_agent; /* works also while there is no agent */
    bool notification;  /* has no answer */
} rj_method;

extern const rj_method rj_methods[];
extern const size_t rj_method_count;

void rj_methods_dispatch(rj_connection *connection, const rj_message *message);
void rj_methods_answer(rj_connection *connection, json_t *id, json_t *result /* taken */);

/* Parameters; a wrong one fails with RJ_E_INVALID and call->code RJ_CODE_PARAMS. */
rj_status rj_call_bool(rj_call *call, const char *key, bool *ret_value, rj_error *err);
rj_status rj_call_integer(rj_call *call, const char *key, int64_t least, int64_t most,
                          int64_t *ret_value, rj_error *err);
rj_status rj_call_string(rj_call *call, const char *key, size_t max_length, const char **ret_value,
                         rj_error *err);
/* A package id, NULL if absent and not required. */
rj_status rj_call_package(rj_call *call, bool required, const char **ret_id, rj_error *err);
rj_status rj_call_fail(rj_call *call, rj_error *err, const char *text);

/* methods_view.c */
rj_method_handler rj_method_version, rj_method_status, rj_method_list, rj_method_ui, rj_method_why,
    rj_method_check, rj_method_policy;
void rj_methods_checks_ended(rj_server *server);
void rj_methods_forget_checks(rj_server *server, const rj_connection *connection);

/* methods_plugin.c */
rj_method_handler rj_method_plugins, rj_method_plugin_enable, rj_method_plugin_disable,
    rj_method_plugin_quarantine;

/* methods_request.c */
rj_method_handler rj_method_install, rj_method_uninstall, rj_method_upgrade, rj_method_sync,
    rj_method_cancel;

/* methods_connection.c */
rj_method_handler rj_method_subscribe, rj_method_session_register, rj_method_session_answer,
    rj_method_session_progress, rj_method_session_output, rj_method_service_stop;

/* log_feed.c */
rj_method_handler rj_method_log;
rj_status rj_log_feed_new(rj_server *server, rj_log_feed **ret_feed, rj_error *err);
void rj_log_feed_free(rj_log_feed *feed);
/* Some connection's interest in the topic "log" came or went. */
void rj_log_feed_watch(rj_log_feed *feed, bool wanted);
/* This user asked for the run: its lines are theirs to see. */
void rj_log_feed_own(rj_log_feed *feed, const char *correlation, rj_uid uid);

#endif
