/* SPDX-License-Identifier: MIT */
/* Descriptors on the loop: uv_poll. */
#include "runtime/loop_internal.h"

#include "base/alloc.h"

/* The watch may be stopped by the first call; its memory stays until the handle is closed. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    rj_watch *watch = poll->data;
    if ((events & UV_WRITABLE) && watch->writable)
        watch->writable(watch->data);
    /* An error is for the reader to find. */
    if ((status < 0 || (events & ~UV_WRITABLE)) && !uv_is_closing(&watch->uv.handle))
        watch->call(watch->data);
}

rj_status rj_watch_readable(rj_loop *loop, int fd, void (*ready)(void *data), void *data,
                            rj_watch **ret_watch, rj_error *err)
{
    rj_watch *watch = rj_watch_new(loop, ready, data, err);
    if (!watch)
        return RJ_E_NO_MEMORY;
    int problem = uv_poll_init(rj_loop_uv(loop), &watch->uv.poll, fd);
    if (problem) {
        rj_free(watch);
        return rj_fail(err, rj_status_of_uv(problem), "descriptor %d cannot be watched: %s", fd,
                       uv_strerror(problem));
    }
    problem = uv_poll_start(&watch->uv.poll, UV_READABLE | UV_DISCONNECT, on_readable);
    return rj_watch_started(watch, problem, "a descriptor", ret_watch, err);
}

void rj_watch_writable(rj_watch *watch, void (*ready)(void *data))
{
    watch->writable = ready;
    uv_poll_start(&watch->uv.poll, UV_READABLE | UV_DISCONNECT | (ready ? UV_WRITABLE : 0),
                  on_readable);
}

void rj_watch_end_descriptor(rj_watch *watch)
{
    (void)watch; /* closing the poll handle is all */
}
