/* SPDX-License-Identifier: MIT */
/*
 * The local interface of the service (docs/ipc.md): JSON-RPC over a UNIX socket.
 *
 *     accept --> who is it (kernel) --> line --> message --> method --> may they --> agent --> answer
 *
 * The server listens from the moment it is made; until an agent is attached, methods that need one
 * are answered with why there is none.  A connection that breaks a limit is told why and closed;
 * nothing a client does or leaves undone touches other clients, or a run that was asked for.
 *
 * Loop thread only.
 */
#ifndef RJ_IPC_SERVER_H
#define RJ_IPC_SERVER_H

#include "base/status.h"
#include "engine/agent.h"
#include "platform/paths.h"
#include "runtime/loop.h"

/* Limits; tests make them small. */
typedef struct rj_server_limits {
    size_t clients;          /* of users other than root */
    size_t clients_per_user; /* also of root */
    size_t unsent_bytes;     /* a client */
    unsigned requests;       /* unanswered, a client */
    uint64_t partial_ms;     /* a line must be complete within this time */
} rj_server_limits;

#define RJ_SERVER_LIMITS                                                                           \
    {                                                                                              \
        512, 64, (size_t)1024 * 1024, 32, 30000                                                    \
    }

typedef struct rj_server_options {
    rj_loop *loop;
    const rj_paths *paths;
    rj_server_limits limits;
    void (*stop)(void *data); /* somebody who may has called service.stop */
    void *data;
} rj_server_options;

typedef struct rj_server rj_server;

rj_status rj_server_new(const rj_server_options *options, rj_server **ret_server, rj_error *err);
/* Both NULL again before they are freed; `why` is then the answer to everybody who asks. */
void rj_server_attach(rj_server *server, rj_agent *agent, rj_runtime *runtime, rj_status status,
                      const char *why);
/* For rj_agent_options.event and .users. */
void rj_server_event(void *server, const char *topic, rj_uid audience, const json_t *document);
rj_user_performer rj_server_users(rj_server *server);
/* Close everything, then call `stopped`. */
void rj_server_stop(rj_server *server, void (*stopped)(void *data), void *data);
void rj_server_free(rj_server *server); /* only after `stopped`; NULL is fine */

#endif
