/* SPDX-License-Identifier: MIT */
/*
 * The end point that clients connect to: a UNIX socket, on Windows a row of named pipe instances.
 *
 * `arrived` says that a client waits; it is taken by rj_listener_accept(), now or later.  While one waits,
 * no other is announced.  Loop thread only.
 */
#ifndef RJ_IPC_LISTENER_H
#define RJ_IPC_LISTENER_H

#include "runtime/loop.h"

#include <uv.h>

typedef struct rj_listener rj_listener;

/* A named pipe that another program has is no failure: it is taken over as soon as it is free. */
rj_status rj_listener_open(rj_loop *loop, const char *path, int backlog,
                           void (*arrived)(void *data), void *data, rj_listener **ret_listener,
                           rj_error *err);
/* Puts the client that waits into `pipe`, which is initialised.  False: it is gone. */
bool rj_listener_accept(rj_listener *listener, uv_pipe_t *pipe);
/* Then calls `closed`, with the listener's memory gone; NULL: nobody to be told. */
void rj_listener_close(rj_listener *listener, void (*closed)(void *data), void *data);

/* Give the connected end of rj_local_socket_connect() to `pipe`; closed with it, or by a failure. */
bool rj_pipe_take(uv_pipe_t *pipe, intptr_t socket);

#endif
