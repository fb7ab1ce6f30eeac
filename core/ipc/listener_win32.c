/* SPDX-License-Identifier: MIT */
/*
 * Instances of a named pipe on the loop, see listener.h.
 *
 * A few instances always wait for clients; a thread of the system's pool wakes the loop when one has
 * come.  Each that is taken is replaced at once, so that the name is never free for anybody else.  When
 * that fails (memory, handles) it is tried again shortly.
 *
 * Anybody may have taken the name while nobody served it.  That keeps clients away, who look whose pipe it
 * is, and not the service from its work: the log names the holder, and the name is tried until it is free.
 */
#include "ipc/listener.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/win32/bell_win32.h"
#include "platform/win32/local_socket_win32.h"

#include <fcntl.h>
#include <io.h>

#define LOGGER "ipc"
#define INSTANCES 8
#define CONNECT_TRIES 16 /* clients that were gone before they were seen */
#define RETRY_MS 200
#define TAKEN_RETRY_MS 2000

typedef struct instance {
    rj_listener *listener;
    HANDLE pipe; /* NULL: to be made */
    OVERLAPPED connect;
    rj_bell *bell; /* NULL: nothing is waited for */
    bool connected;
} instance;

struct rj_listener {
    uv_async_t woken;
    rj_loop *loop;
    char *path;
    instance instances[INSTANCES];
    bool owned;     /* the name is ours */
    bool told;      /* who has it */
    bool announced; /* and not accepted yet */
    rj_timer *retry;
    void (*arrived)(void *data);
    void (*closed)(void *data);
    void *data;
    void *closed_data;
};

/* By another thread; the handle is closed only after the bells were given back. */
static void on_connected(void *data)
{
    rj_listener *listener = data;
    uv_async_send(&listener->woken);
}

static void end_wait(instance *i)
{
    rj_bell_give_back(i->bell);
    i->bell = NULL;
}

static bool wait_for(instance *i)
{
    i->bell = rj_bell_take(on_connected, i->listener);
    if (i->bell)
        rj_bell_await(i->bell, i->connect.hEvent);
    return i->bell != NULL;
}

static void drop(instance *i)
{
    DWORD count = 0;
    end_wait(i);
    if (i->pipe) {
        if (!i->connected && CancelIoEx(i->pipe, &i->connect))
            GetOverlappedResult(i->pipe, &i->connect, &count, TRUE);
        CloseHandle(i->pipe);
    }
    i->pipe = NULL;
    i->connected = false;
}

/* Waits for a client, or has one. */
static bool begin_connect(instance *i)
{
    for (int tries = 0; tries < CONNECT_TRIES; tries++) {
        ResetEvent(i->connect.hEvent);
        DWORD problem = ConnectNamedPipe(i->pipe, &i->connect) ? 0 : GetLastError();
        if (problem == 0 || problem == ERROR_PIPE_CONNECTED) {
            i->connected = true;
            uv_async_send(&i->listener->woken);
            return true;
        }
        if (problem == ERROR_IO_PENDING)
            return wait_for(i);
        if (problem != ERROR_NO_DATA) /* came and went */
            return false;
        DisconnectNamedPipe(i->pipe);
    }
    return false;
}

static void on_retry(void *data);

/* The first instance, which makes the name ours.  RJ_E_BUSY: it is somebody else's. */
static rj_status own_name(rj_listener *listener, rj_error *err)
{
    HANDLE first = NULL;
    rj_error why = RJ_ERROR_NONE;
    rj_status status = rj_local_socket_instance(listener->path, true, &first, &why);
    if (status == RJ_OK) {
        listener->instances[0].pipe = first;
        listener->owned = true;
        if (listener->told)
            rj_log(RJ_LOG_INFO, LOGGER, NULL, "pipe %s is free again", listener->path);
        listener->told = false;
        if (!begin_connect(&listener->instances[0]))
            drop(&listener->instances[0]);
        return RJ_OK;
    }
    if (status == RJ_E_BUSY && !listener->told)
        rj_log(RJ_LOG_ERROR, LOGGER, NULL,
               "%s; nobody reaches this service until that program has ended", why.text);
    listener->told |= status == RJ_E_BUSY;
    return rj_fail(err, status, "%s", why.text);
}

static void fill(rj_listener *listener)
{
    bool missing = false;
    if (!listener->owned && own_name(listener, NULL) != RJ_OK) {
        rj_timer_set(listener->retry, TAKEN_RETRY_MS);
        return;
    }
    for (size_t n = 0; n < INSTANCES; n++) {
        instance *i = &listener->instances[n];
        if (i->pipe)
            continue;
        HANDLE pipe = NULL;
        if (rj_local_socket_instance(listener->path, false, &pipe, NULL) == RJ_OK)
            i->pipe = pipe;
        if (i->pipe && begin_connect(i))
            continue;
        drop(i);
        missing = true;
    }
    if (missing)
        rj_timer_set(listener->retry, RETRY_MS);
}

static void on_retry(void *data)
{
    fill(data);
}

static instance *find_connected(rj_listener *listener)
{
    for (size_t n = 0; n < INSTANCES; n++) {
        instance *i = &listener->instances[n];
        DWORD count = 0;
        if (i->pipe && !i->connected && i->bell &&
            WaitForSingleObject(i->connect.hEvent, 0) == WAIT_OBJECT_0) {
            end_wait(i);
            i->connected = GetOverlappedResult(i->pipe, &i->connect, &count, FALSE) != 0;
            if (!i->connected)
                drop(i);
        }
        if (i->pipe && i->connected)
            return i;
    }
    return NULL;
}

static void on_woken(uv_async_t *woken)
{
    rj_listener *listener = woken->data;
    if (listener->announced || uv_is_closing((uv_handle_t *)woken))
        return;
    if (find_connected(listener)) {
        listener->announced = true;
        listener->arrived(listener->data);
    } else {
        fill(listener); /* one may have been dropped */
    }
}

bool rj_pipe_take(uv_pipe_t *pipe, intptr_t socket)
{
    int fd = _open_osfhandle(socket, _O_RDWR | _O_BINARY | _O_NOINHERIT);
    if (fd < 0) {
        CloseHandle((HANDLE)socket);
        return false;
    }
    if (uv_pipe_open(pipe, fd) == 0)
        return true;
    _close(fd);
    return false;
}

bool rj_listener_accept(rj_listener *listener, uv_pipe_t *pipe)
{
    instance *i = find_connected(listener);
    listener->announced = false;
    if (!i)
        return false;
    HANDLE client = i->pipe;
    i->pipe = NULL;
    i->connected = false;
    bool good = rj_pipe_take(pipe, (intptr_t)client);
    fill(listener);
    uv_async_send(&listener->woken); /* others may have come meanwhile */
    return good;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static void free_listener(rj_listener *listener)
{
    for (size_t n = 0; n < INSTANCES; n++)
        if (listener->instances[n].connect.hEvent)
            CloseHandle(listener->instances[n].connect.hEvent);
    rj_free(listener->path);
    rj_free(listener);
}

static void on_closed(uv_handle_t *handle)
{
    rj_listener *listener = handle->data;
    if (listener->closed)
        listener->closed(listener->closed_data);
    free_listener(listener);
}

void rj_listener_close(rj_listener *listener, void (*closed)(void *data), void *data)
{
    listener->closed = closed;
    listener->closed_data = data;
    for (size_t n = 0; n < INSTANCES; n++)
        drop(&listener->instances[n]);
    rj_timer_stop(listener->retry);
    uv_close((uv_handle_t *)&listener->woken, on_closed);
}

static rj_status make(rj_loop *loop, const char *path, rj_listener **ret_listener, rj_error *err)
{
    rj_listener *listener = rj_calloc(1, sizeof *listener);
    if (!listener)
        return rj_fail_memory(err, "starting the local interface");
    listener->loop = loop;
    listener->path = rj_strdup(path);
    bool good = listener->path != NULL;
    for (size_t n = 0; n < INSTANCES; n++) {
        instance *i = &listener->instances[n];
        i->listener = listener;
        i->connect.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
        good &= i->connect.hEvent != NULL;
    }
    if (good && uv_async_init(rj_loop_uv(loop), &listener->woken, on_woken) == 0) {
        listener->woken.data = listener;
        *ret_listener = listener;
        return RJ_OK;
    }
    free_listener(listener);
    return rj_fail_memory(err, "starting the local interface");
}

rj_status rj_listener_open(rj_loop *loop, const char *path, int backlog,
                           void (*arrived)(void *data), void *data, rj_listener **ret_listener,
                           rj_error *err)
{
    rj_listener *listener = NULL;
    (void)backlog;
    rj_status status = make(loop, path, &listener, err);
    if (status != RJ_OK)
        return status;
    listener->arrived = arrived;
    listener->data = data;
    status = rj_timer_start(loop, RETRY_MS, 0, on_retry, listener, &listener->retry, err);
    if (status == RJ_OK)
        status = own_name(listener, err);
    if (status == RJ_E_BUSY) {
        rj_timer_set(listener->retry, TAKEN_RETRY_MS);
        status = RJ_OK;
    } else if (status == RJ_OK && !listener->instances[0].pipe) {
        status = rj_fail(err, RJ_E_IO, "%s: cannot listen", path);
    }
    if (status != RJ_OK) {
        rj_listener_close(listener, NULL, NULL);
        rj_loop_turn(loop, 0);
        return status;
    }
    if (listener->owned)
        fill(listener);
    *ret_listener = listener;
    return RJ_OK;
}
