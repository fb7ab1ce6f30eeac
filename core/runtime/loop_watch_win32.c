/* SPDX-License-Identifier: MIT */
/*
 * Descriptors on the loop: a thread of the system's pool waits for the event that says "ready" and
 * wakes the loop, once.  The loop looks at the events itself, calls, and waits again: what is still
 * ready then comes in the next turn, so that others get theirs.
 */
#include "runtime/loop_internal.h"

#include "base/alloc.h"
#include "platform/win32/bell_win32.h"
#include "platform/win32/descriptor_win32.h"

enum { READING, WRITING };

/* By another thread; the handle is closed only after the bells were given back. */
static void on_ready(void *data)
{
    rj_watch *watch = data;
    uv_async_send(&watch->uv.woken);
}

static HANDLE event_of(const rj_watch *watch, int which)
{
    return which == READING ? rj_descriptor_readable(watch->descriptor)
                            : rj_descriptor_writable(watch->descriptor);
}

static bool is_ready(const rj_watch *watch, int which)
{
    HANDLE event = event_of(watch, which);
    return !event || WaitForSingleObject(event, 0) == WAIT_OBJECT_0; /* gone: the reader finds it */
}

static void end_wait(rj_watch *watch, int which)
{
    rj_bell_give_back(watch->bells[which]);
    watch->bells[which] = NULL;
}

/* A bell that cannot be had is replaced by looking again and again. */
static void wait_for(rj_watch *watch, int which)
{
    if (!watch->bells[which])
        watch->bells[which] = rj_bell_take(on_ready, watch);
    if (is_ready(watch, which) || !watch->bells[which])
        uv_async_send(&watch->uv.woken);
    else
        rj_bell_await(watch->bells[which], event_of(watch, which));
}

static void on_woken(uv_async_t *woken)
{
    rj_watch *watch = woken->data;
    if (watch->writable && is_ready(watch, WRITING))
        watch->writable(watch->data);
    if (!uv_is_closing(&watch->uv.handle) && is_ready(watch, READING))
        watch->call(watch->data);
    if (uv_is_closing(&watch->uv.handle))
        return;
    wait_for(watch, READING);
    if (watch->writable)
        wait_for(watch, WRITING);
}

rj_status rj_watch_readable(rj_loop *loop, int fd, void (*ready)(void *data), void *data,
                            rj_watch **ret_watch, rj_error *err)
{
    if (!rj_descriptor_readable(fd))
        return rj_fail(err, RJ_E_INVALID, "descriptor %d cannot be watched: there is none", fd);
    rj_watch *watch = rj_watch_new(loop, ready, data, err);
    if (!watch)
        return RJ_E_NO_MEMORY;
    int problem = uv_async_init(rj_loop_uv(loop), &watch->uv.woken, on_woken);
    if (problem) {
        rj_free(watch);
        return rj_fail(err, rj_status_of_uv(problem), "descriptor %d cannot be watched: %s", fd,
                       uv_strerror(problem));
    }
    watch->descriptor = fd;
    rj_status status = rj_watch_started(watch, 0, "a descriptor", ret_watch, err);
    wait_for(watch, READING);
    return status;
}

void rj_watch_writable(rj_watch *watch, void (*ready)(void *data))
{
    watch->writable = ready;
    if (ready)
        wait_for(watch, WRITING);
    else
        end_wait(watch, WRITING);
}

void rj_watch_end_descriptor(rj_watch *watch)
{
    end_wait(watch, READING);
    end_wait(watch, WRITING);
}
