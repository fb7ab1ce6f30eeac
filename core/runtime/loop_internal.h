/* SPDX-License-Identifier: MIT */
/* What loop.c and the watching of descriptors (loop_watch_*.c) share. */
#ifndef RJ_RUNTIME_LOOP_INTERNAL_H
#define RJ_RUNTIME_LOOP_INTERNAL_H

#include "runtime/loop.h"

#include <uv.h>

struct rj_watch {
    union {
        uv_handle_t handle;
        uv_poll_t poll;
        uv_async_t woken; /* Windows: a descriptor is ready */
        uv_fs_event_t folder;
        uv_signal_t signal;
    } uv;
    uv_timer_t quiet; /* folders only */
    unsigned open;    /* handles not yet closed */
    rj_loop *loop;
    rj_watch *previous, *next;
    void (*call)(void *data);
    void (*writable)(void *data); /* NULL: not wanted */
    void *data;
    int descriptor;
    struct rj_bell *bells[2]; /* Windows: for reading and for writing */
};

rj_watch *rj_watch_new(rj_loop *loop, void (*call)(void *data), void *data, rj_error *err);
/* The handle was initialised; `problem` is what starting it gave. */
rj_status rj_watch_started(rj_watch *watch, int problem, const char *what, rj_watch **ret_watch,
                           rj_error *err);

rj_status rj_status_of_uv(int problem); /* of a negative number of libuv */

/* loop_watch_*.c: no call after it; the uv handle is closed by the caller. */
void rj_watch_end_descriptor(rj_watch *watch);

#endif
