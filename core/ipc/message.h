/* SPDX-License-Identifier: MIT */
/*
 * Messages of the local interface: one JSON-RPC 2.0 text per line.  No I/O here.
 *
 * Reading is two steps: rj_lines_feed() cuts bytes into lines and keeps what is incomplete,
 * rj_message_parse() makes one line a message.  Both hold their limits before they allocate: a line
 * without an end costs at most RJ_MESSAGE_MAX.
 */
#ifndef RJ_IPC_MESSAGE_H
#define RJ_IPC_MESSAGE_H

#include "base/json.h"
#include "base/status.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RJ_MESSAGE_MAX ((size_t)1024 * 1024) /* bytes of a line */
#define RJ_MESSAGE_DEPTH 32u
#define RJ_MESSAGE_ID_MAX ((size_t)128) /* bytes of a request's id that is a string */

/* Codes of JSON-RPC; the agent's own errors have RJ_CODE_AGENT and a status word. */
#define RJ_CODE_PARSE (-32700)
#define RJ_CODE_REQUEST (-32600)
#define RJ_CODE_METHOD (-32601)
#define RJ_CODE_PARAMS (-32602)
#define RJ_CODE_AGENT (-32000)

/* ---- Lines ----------------------------------------------------------------------------------- */

/* The incomplete line at the end of what was fed; no memory while there is none. */
typedef struct rj_lines {
    char *bytes;
    size_t length;
    size_t capacity;
} rj_lines;

/*
 * Call `line` for each complete line, without its LF, in order; it returns false to stop, then the
 * rest is dropped.  RJ_E_LIMIT: a line is too long; feed nothing more.
 */
rj_status rj_lines_feed(rj_lines *lines, const char *bytes, size_t length,
                        bool (*line)(void *data, const char *bytes, size_t length), void *data,
                        rj_error *err);
bool rj_lines_is_partial(const rj_lines *lines);
void rj_lines_free(rj_lines *lines);

/* ---- Parsing --------------------------------------------------------------------------------- */

typedef enum rj_message_kind {
    RJ_MESSAGE_REQUEST,
    RJ_MESSAGE_NOTIFICATION,
    RJ_MESSAGE_RESULT,
    RJ_MESSAGE_ERROR
} rj_message_kind;

/* Everything is borrowed from `document`; members that do not belong to the kind are NULL. */
typedef struct rj_message {
    rj_message_kind kind;
    json_t *document;
    json_t *id; /* NULL: none, or null in an error */
    const char *method;
    json_t *params; /* an object, or NULL */
    json_t *result;
    int code;
    const char *error_text; /* ERROR: never NULL */
    rj_status error_status; /* ERROR: of "data.status"; RJ_E_FAILED if none */
    const char *correlation;
} rj_message;

/* 0, or a JSON-RPC error code with the reason in `err`; then there is nothing to free. */
int rj_message_parse(const char *bytes, size_t length, rj_message *ret_message, rj_error *err);
void rj_message_free(rj_message *message);

/* ---- Formatting ------------------------------------------------------------------------------ */

/* Each appends one line with its LF; a failure sticks to the text. */
void rj_message_add_request(rj_text *text, int64_t id, const char *method, const json_t *params);
void rj_message_add_notification(rj_text *text, const char *method, const json_t *params);
void rj_message_add_result(rj_text *text, const json_t *id, const json_t *result);
/* The same with a result that is JSON text already. */
void rj_message_add_rendered(rj_text *text, const json_t *id, const rj_text *result);
/* `id` NULL: null.  `correlation` NULL or "": none.  `status` is told with RJ_CODE_AGENT only. */
void rj_message_add_error(rj_text *text, const json_t *id, int code, rj_status status,
                          const char *message, const char *correlation);
/* The notification "event": {"topic", "document"}. */
void rj_message_add_event(rj_text *text, const char *topic, const json_t *document);

/* The status whose name is `name`; RJ_E_FAILED if there is none of that name. */
rj_status rj_status_of_name(const char *name);

#endif
