/* SPDX-License-Identifier: MIT */
/*
 * The client side of the local interface, for the command line and sessions.
 *
 * rj_client_call() waits for its answer by running the loop, so it may only be called from outside
 * the loop's callbacks; notifications that arrive meanwhile are handed to `notified`.
 */
#ifndef RJ_IPC_CLIENT_H
#define RJ_IPC_CLIENT_H

#include "base/status.h"
#include "runtime/loop.h"
#include <jansson.h>
#include <stdbool.h>

typedef struct rj_client rj_client;

typedef struct rj_client_options {
    rj_loop *loop;
    const char *socket_path;
    /* On the loop; NULL: not wanted. */
    void (*notified)(void *data, const char *method, const json_t *params);
    /* The service went away; no further call but rj_client_close() will work. */
    void (*lost)(void *data, const char *why);
    void *data;
} rj_client_options;

/* RJ_E_NOT_FOUND: the service is not running.  RJ_E_DENIED: what listens there is not the agent's:
 * it belongs neither to root nor to the calling user. */
rj_status rj_client_connect(const rj_client_options *options, rj_client **ret_client,
                            rj_error *err);
/*
 * `params` is taken, NULL: none.  The service's own refusal comes back with its status, its words in
 * `err`, and its correlation id in `ret_correlation` (17 bytes, may be NULL; "" if none).
 * RJ_E_TIMEOUT: no answer by the deadline; RJ_E_NOT_STARTED: the connection is lost.
 */
rj_status rj_client_call(rj_client *client, const char *method, json_t *params, int64_t deadline_ms,
                         json_t **ret_result, char *ret_correlation, rj_error *err);
/* The same in two steps, for who has other things to do until then: the loop stops with the answer, or when the
 * connection is lost; then, or when patience ends (RJ_E_TIMEOUT), rj_client_take().  No call in between. */
rj_status rj_client_ask(rj_client *client, const char *method, json_t *params, rj_error *err);
bool rj_client_has_answer(const rj_client *client); /* or is lost */
rj_status rj_client_take(rj_client *client, json_t **ret_result, char *ret_correlation,
                         rj_error *err);
/* Send without waiting; an answer is dropped.  `params` is taken.  [loop] callbacks may use these. */
rj_status rj_client_notify(rj_client *client, const char *method, json_t *params, rj_error *err);
rj_status rj_client_post(rj_client *client, const char *method, json_t *params, rj_error *err);
void rj_client_close(rj_client *client); /* NULL is fine */

#endif
