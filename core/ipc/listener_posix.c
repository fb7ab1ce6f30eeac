/* SPDX-License-Identifier: MIT */
/* A UNIX socket on the loop, see listener.h. */
#include "ipc/listener.h"

#include "base/alloc.h"
#include "platform/local_socket.h"

#include <unistd.h>

struct rj_listener {
    uv_pipe_t pipe;
    void (*arrived)(void *data);
    void (*closed)(void *data);
    void *data;
    void *closed_data;
};

static void on_connection(uv_stream_t *stream, int status)
{
    rj_listener *listener = stream->data;
    if (status == 0)
        listener->arrived(listener->data);
}

static void on_closed(uv_handle_t *handle)
{
    rj_listener *listener = handle->data;
    if (listener->closed)
        listener->closed(listener->closed_data);
    rj_free(listener);
}

rj_status rj_listener_open(rj_loop *loop, const char *path, int backlog,
                           void (*arrived)(void *data), void *data, rj_listener **ret_listener,
                           rj_error *err)
{
    rj_local_socket fd;
    rj_listener *listener = rj_calloc(1, sizeof *listener);
    if (!listener)
        return rj_fail_memory(err, "starting the local interface");
    rj_status status = rj_local_socket_listen(path, backlog, &fd, err);
    if (status != RJ_OK) {
        rj_free(listener);
        return status;
    }
    uv_pipe_init(rj_loop_uv(loop), &listener->pipe, 0);
    listener->pipe.data = listener;
    listener->arrived = arrived;
    listener->data = data;
    int failed = uv_pipe_open(&listener->pipe, (uv_file)fd);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)&listener->pipe, backlog, on_connection);
    if (failed != 0) {
        rj_listener_close(listener, NULL, NULL);
        rj_loop_turn(loop, 0);
        return rj_fail(err, RJ_E_IO, "%s: cannot listen: %s", path, uv_strerror(failed));
    }
    *ret_listener = listener;
    return RJ_OK;
}

bool rj_listener_accept(rj_listener *listener, uv_pipe_t *pipe)
{
    return uv_accept((uv_stream_t *)&listener->pipe, (uv_stream_t *)pipe) == 0;
}

void rj_listener_close(rj_listener *listener, void (*closed)(void *data), void *data)
{
    listener->closed = closed;
    listener->closed_data = data;
    uv_close((uv_handle_t *)&listener->pipe, on_closed);
}

bool rj_pipe_take(uv_pipe_t *pipe, intptr_t socket)
{
    if (uv_pipe_open(pipe, (uv_file)socket) == 0)
        return true;
    close((int)socket);
    return false;
}
