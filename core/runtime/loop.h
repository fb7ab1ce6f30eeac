/* SPDX-License-Identifier: MIT */
/*
 * The one event loop of a program, on libuv.  Everything marked [loop] runs on its thread; the only
 * door from other threads is rj_loop_post().
 */
#ifndef RJ_RUNTIME_LOOP_H
#define RJ_RUNTIME_LOOP_H

#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct rj_loop rj_loop;
typedef struct rj_timer rj_timer;
typedef struct rj_watch rj_watch;
struct uv_loop_s;

rj_status rj_loop_new(rj_loop **ret_loop, rj_error *err);
/* Runs until rj_loop_stop(); returns with nothing pending lost. */
void rj_loop_run(rj_loop *loop);
/* One turn, waiting at most timeout_ms for something to do; for tests. */
void rj_loop_turn(rj_loop *loop, int timeout_ms);
void rj_loop_stop(rj_loop *loop); /* [any] */
/* Frees; every timer, watch and post must be gone or is dropped (posted functions get called). */
void rj_loop_free(rj_loop *loop);
bool rj_loop_is_current(const rj_loop *loop); /* on the loop's thread? */
struct uv_loop_s *rj_loop_uv(rj_loop *loop);

/* Call function(data) on the loop, in order of posting, never from inside this call.  [any]
 * Cannot fail: the node is embedded in the caller's memory until the call. */
typedef struct rj_post {
    struct rj_post *next;
    void (*function)(void *data);
    void *data;
} rj_post;
void rj_loop_post(rj_loop *loop, rj_post *post, void (*function)(void *data), void *data);

/* [loop] period 0: once. */
rj_status rj_timer_start(rj_loop *loop, uint64_t delay_ms, uint64_t period_ms,
                         void (*fire)(void *data), void *data, rj_timer **ret_timer, rj_error *err);
/* Fire once, that long from now, instead of whatever it was to do; needs no memory. */
void rj_timer_set(rj_timer *timer, uint64_t delay_ms);
void rj_timer_pause(rj_timer *timer); /* until it is set again */
void rj_timer_stop(rj_timer *timer);  /* NULL is fine; no call after it */

/* [loop] Call `ready` whenever the descriptor is readable. */
rj_status rj_watch_readable(rj_loop *loop, int fd, void (*ready)(void *data), void *data,
                            rj_watch **ret_watch, rj_error *err);
/* [loop] Beside that, call `ready` whenever the descriptor takes more; NULL: no longer. */
void rj_watch_writable(rj_watch *watch, void (*ready)(void *data));
/* [loop] Call `changed` (coalesced, at most each 100 ms) when an entry of the folder changes. */
rj_status rj_watch_directory(rj_loop *loop, const char *path, void (*changed)(void *data),
                             void *data, rj_watch **ret_watch, rj_error *err);
/* [loop] Call `raised` when the process gets the signal.  Windows: only SIGINT, SIGBREAK and SIGHUP ever
 * are (Ctrl+C, Ctrl+Break, the console is closed). */
rj_status rj_watch_signal(rj_loop *loop, int signal_number, void (*raised)(void *data), void *data,
                          rj_watch **ret_watch, rj_error *err);
void rj_watch_stop(rj_watch *watch); /* NULL is fine; no call after it */

#endif
