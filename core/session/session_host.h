/* SPDX-License-Identifier: MIT */
/*
 * The session role: performs user-scope package steps for the service, as the user.
 *
 *     register --> session.perform --> "I begin" --> plugin (runtime, role SESSION) --> session.answer
 *
 * The plugins are loaded with the first step.  Never as root: a package of a user runs with that
 * user's rights or not at all.  When the service goes away, steps that run are completed and their
 * answers dropped; nothing new is begun.
 */
#ifndef RJ_SESSION_SESSION_HOST_H
#define RJ_SESSION_SESSION_HOST_H

#include "base/status.h"
#include "ipc/client.h"
#include "platform/paths.h"
#include "runtime/loop.h"
#include "runtime/runtime.h"

typedef struct rj_session_host rj_session_host;

/* RJ_E_DENIED for root.  `paths`: of the session role. */
rj_status rj_session_host_new(rj_loop *loop, const rj_paths *paths, rj_session_host **ret_host,
                              rj_error *err);
/* Become the user's session over this connection, whose notifications must be handed in: asked for here, and
 * rj_session_host_registered() takes the answer when there is one, see rj_client_take(). */
rj_status rj_session_host_register(rj_session_host *host, rj_client *client, rj_error *err);
rj_status rj_session_host_registered(rj_session_host *host, rj_client *client, rj_error *err);
/* The service has said how plugins are to be loaded, which is its first notification after registering. */
bool rj_session_host_has_heard(const rj_session_host *host);
/* After that: the plugins, loaded now if they were not; they live as long as the host.  Not in a callback of
 * the loop. */
rj_status rj_session_host_runtime(rj_session_host *host, rj_runtime **ret_runtime, rj_error *err);
/* The same before the service has spoken: as it last did, which is looked at again by the next
 * rj_session_host_runtime(); what was loaded early ends then if the service now wants something else. */
rj_status rj_session_host_early_runtime(rj_session_host *host, rj_runtime **ret_runtime,
                                        rj_error *err);
/* `changed` with the name of a package that begins to be changed, and with NULL when none is any more. */
void rj_session_host_on_work(rj_session_host *host, void (*changed)(void *data, const char *name),
                             void *data);
/* True: it was one of ours. */
bool rj_session_host_notified(rj_session_host *host, const char *method, const json_t *params);
/* The connection is lost or will be closed. */
void rj_session_host_detach(rj_session_host *host);
/* Ends what runs; runs the loop until it has ended.  NULL is fine.  False: a plugin was left
 * running, so the loop and the paths must stay as they are until the process ends. */
bool rj_session_host_free(rj_session_host *host);

#endif
