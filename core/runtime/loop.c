/* SPDX-License-Identifier: MIT */
/*
 * The loop: libuv, one queue of posted functions behind one async handle, timers and watches.
 *
 * Each timer and watch owns its libuv handle; stopping closes the handle, and the memory goes in the
 * close callback.  Nothing here ticks by itself: an idle loop sleeps in the kernel.
 */
#include "runtime/loop_internal.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define DIRECTORY_QUIET_MS 100

struct rj_loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t turn_limit;
    uv_mutex_t lock; /* guards the queue */
    rj_post *first;
    rj_post **last;
    _Atomic(uv_thread_t) thread;
    atomic_bool stopping;
    rj_timer *timers; /* not yet stopped */
    rj_watch *watches;
};

struct rj_timer {
    uv_timer_t uv;
    rj_loop *loop;
    rj_timer *previous, *next;
    void (*fire)(void *data);
    void *data;
};

/* ---- Posting --------------------------------------------------------------------------------- */

void rj_loop_post(rj_loop *loop, rj_post *post, void (*function)(void *data), void *data)
{
    *post = (rj_post){.function = function, .data = data};
    uv_mutex_lock(&loop->lock);
    bool was_empty = !loop->first;
    *loop->last = post;
    loop->last = &post->next;
    uv_mutex_unlock(&loop->lock);
    if (was_empty)
        uv_async_send(&loop->async);
}

/* Those posted meanwhile come in the next turn, so that a chain of posts cannot starve the rest. */
static void run_posts(rj_loop *loop)
{
    uv_mutex_lock(&loop->lock);
    rj_post *post = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    uv_mutex_unlock(&loop->lock);
    while (post) {
        rj_post *next = post->next; /* the function may free or reuse the node */
        post->function(post->data);
        post = next;
    }
}

static void on_async(uv_async_t *async)
{
    rj_loop *loop = async->data;
    run_posts(loop);
    if (atomic_load(&loop->stopping))
        uv_stop(&loop->uv);
}

static void close_handle(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_loop_new(rj_loop **ret_loop, rj_error *err)
{
    rj_loop *loop = rj_calloc(1, sizeof *loop);
    if (!loop)
        return rj_fail_memory(err, "making the event loop");
    int problem = uv_loop_init(&loop->uv);
    if (problem) {
        rj_free(loop);
        return rj_fail(err, RJ_E_FAILED, "the event loop cannot be made: %s", uv_strerror(problem));
    }
    problem = uv_async_init(&loop->uv, &loop->async, on_async);
    if (!problem)
        problem = uv_mutex_init(&loop->lock);
    if (problem) {
        uv_walk(&loop->uv, close_handle, NULL);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        uv_loop_close(&loop->uv);
        rj_free(loop);
        return rj_fail(err, RJ_E_FAILED, "the event loop cannot be made: %s", uv_strerror(problem));
    }
    uv_timer_init(&loop->uv, &loop->turn_limit);
    loop->async.data = loop;
    loop->last = &loop->first;
    loop->thread = uv_thread_self();
    *ret_loop = loop;
    return RJ_OK;
}

void rj_loop_run(rj_loop *loop)
{
    loop->thread = uv_thread_self();
    while (!atomic_load(&loop->stopping))
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store(&loop->stopping, false);
}

static void on_turn_limit(uv_timer_t *timer)
{
    (void)timer; /* waking up was all */
}

void rj_loop_turn(rj_loop *loop, int timeout_ms)
{
    loop->thread = uv_thread_self();
    if (timeout_ms <= 0) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->turn_limit, on_turn_limit, (uint64_t)timeout_ms, 0);
    uv_run(&loop->uv, UV_RUN_ONCE);
    uv_timer_stop(&loop->turn_limit);
}

void rj_loop_stop(rj_loop *loop)
{
    atomic_store(&loop->stopping, true);
    uv_async_send(&loop->async);
}

void rj_loop_free(rj_loop *loop)
{
    if (!loop)
        return;
    bool more = true;
    while (more) { /* posts may post */
        run_posts(loop);
        uv_mutex_lock(&loop->lock);
        more = loop->first != NULL;
        uv_mutex_unlock(&loop->lock);
    }
    while (loop->timers)
        rj_timer_stop(loop->timers);
    while (loop->watches)
        rj_watch_stop(loop->watches);
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    uv_mutex_destroy(&loop->lock);
    rj_free(loop);
}

bool rj_loop_is_current(const rj_loop *loop)
{
    uv_thread_t self = uv_thread_self();
    uv_thread_t theirs = loop->thread;
    return uv_thread_equal(&self, &theirs) != 0;
}

struct uv_loop_s *rj_loop_uv(rj_loop *loop)
{
    return &loop->uv;
}

/* ---- Timers ---------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *uv)
{
    rj_timer *timer = uv->data;
    timer->fire(timer->data);
}

rj_status rj_timer_start(rj_loop *loop, uint64_t delay_ms, uint64_t period_ms,
                         void (*fire)(void *data), void *data, rj_timer **ret_timer, rj_error *err)
{
    rj_timer *timer = rj_calloc(1, sizeof *timer);
    if (!timer)
        return rj_fail_memory(err, "starting a timer");
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    timer->fire = fire;
    timer->data = data;
    timer->loop = loop;
    timer->next = loop->timers;
    if (timer->next)
        timer->next->previous = timer;
    loop->timers = timer;
    uv_update_time(&loop->uv); /* a long callback before us must not make it fire early */
    uv_timer_start(&timer->uv, on_timer, delay_ms, period_ms);
    *ret_timer = timer;
    return RJ_OK;
}

void rj_timer_set(rj_timer *timer, uint64_t delay_ms)
{
    uv_update_time(&timer->loop->uv);
    uv_timer_start(&timer->uv, on_timer, delay_ms, 0);
}

void rj_timer_pause(rj_timer *timer)
{
    uv_timer_stop(&timer->uv);
}

static void free_timer(uv_handle_t *handle)
{
    rj_free(handle->data);
}

void rj_timer_stop(rj_timer *timer)
{
    if (!timer)
        return;
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        timer->loop->timers = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    uv_close((uv_handle_t *)&timer->uv, free_timer);
}

/* ---- Watches --------------------------------------------------------------------------------- */

rj_watch *rj_watch_new(rj_loop *loop, void (*call)(void *data), void *data, rj_error *err)
{
    rj_watch *watch = rj_calloc(1, sizeof *watch);
    if (!watch) {
        rj_fail_memory(err, "watching for events");
        return NULL;
    }
    watch->call = call;
    watch->data = data;
    watch->loop = loop;
    watch->open = 1;
    watch->descriptor = -1;
    return watch;
}

/* libuv's numbers are those of errno on some systems only. */
rj_status rj_status_of_uv(int problem)
{
    static const struct {
        int problem;
        int error_number;
    } known[] = {{UV_ENOENT, ENOENT}, {UV_EACCES, EACCES}, {UV_EPERM, EPERM},
                 {UV_ENOMEM, ENOMEM}, {UV_EINVAL, EINVAL}, {UV_EMFILE, EMFILE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].problem == problem)
            return rj_status_of_errno(known[i].error_number);
    return rj_status_of_errno(-problem);
}

rj_status rj_watch_started(rj_watch *watch, int problem, const char *what, rj_watch **ret_watch,
                           rj_error *err)
{
    watch->uv.handle.data = watch;
    watch->next = watch->loop->watches;
    if (watch->next)
        watch->next->previous = watch;
    watch->loop->watches = watch;
    if (!problem) {
        *ret_watch = watch;
        return RJ_OK;
    }
    rj_watch_stop(watch);
    return rj_fail(err, rj_status_of_uv(problem), "%s cannot be watched: %s", what,
                   uv_strerror(problem));
}

static void on_quiet(uv_timer_t *timer)
{
    rj_watch *watch = timer->data;
    watch->call(watch->data);
}

static void on_folder(uv_fs_event_t *event, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    (void)status;
    rj_watch *watch = event->data;
    if (!uv_is_active((uv_handle_t *)&watch->quiet))
        uv_timer_start(&watch->quiet, on_quiet, DIRECTORY_QUIET_MS, 0);
}

rj_status rj_watch_directory(rj_loop *loop, const char *path, void (*changed)(void *data),
                             void *data, rj_watch **ret_watch, rj_error *err)
{
    rj_watch *watch = rj_watch_new(loop, changed, data, err);
    if (!watch)
        return RJ_E_NO_MEMORY;
    uv_fs_event_init(&loop->uv, &watch->uv.folder);
    uv_timer_init(&loop->uv, &watch->quiet);
    watch->quiet.data = watch;
    watch->open = 2;
    int problem = uv_fs_event_start(&watch->uv.folder, on_folder, path, 0);
    return rj_watch_started(watch, problem, path, ret_watch, err);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    rj_watch *watch = signal->data;
    watch->call(watch->data);
}

rj_status rj_watch_signal(rj_loop *loop, int signal_number, void (*raised)(void *data), void *data,
                          rj_watch **ret_watch, rj_error *err)
{
    rj_watch *watch = rj_watch_new(loop, raised, data, err);
    if (!watch)
        return RJ_E_NO_MEMORY;
    uv_signal_init(&loop->uv, &watch->uv.signal);
    int problem = uv_signal_start(&watch->uv.signal, on_signal, signal_number);
    return rj_watch_started(watch, problem, "a signal", ret_watch, err);
}

static void free_watch(uv_handle_t *handle)
{
    rj_watch *watch = handle->data;
    if (--watch->open == 0)
        rj_free(watch);
}

void rj_watch_stop(rj_watch *watch)
{
    if (!watch)
        return;
    if (watch->previous)
        watch->previous->next = watch->next;
    else
        watch->loop->watches = watch->next;
    if (watch->next)
        watch->next->previous = watch->previous;
    rj_watch_end_descriptor(watch);
    if (watch->open == 2)
        uv_close((uv_handle_t *)&watch->quiet, free_watch);
    uv_close(&watch->uv.handle, free_watch);
}
