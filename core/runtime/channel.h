/* SPDX-License-Identifier: MIT */
/*
 * Frames over one socket, on the loop: never waits, and neither holds more than it must.
 *
 * Reading stops after a share of a turn, so that a talkative other side cannot starve the rest.  What
 * the socket does not take is kept, up to a limit; beyond it the other side counts as not reading.
 * Calls come one at a time: a second one before the first was answered breaks the stream.
 */
#ifndef RJ_RUNTIME_CHANNEL_H
#define RJ_RUNTIME_CHANNEL_H

#include "runtime/loop.h"
#include "runtime/wire.h"

typedef struct rj_channel rj_channel;

typedef struct rj_channel_hooks {
    void *data;
    /* One frame, borrowed for the call.  The channel may be closed from inside. */
    void (*frame)(void *data, const rj_wire_frame *frame);
    /* Once, and nothing comes after it: RJ_OK, the other side has closed; RJ_E_IO, in the middle of a
     * frame; else what is wrong with what it sent. */
    void (*ended)(void *data, rj_status status, const char *why);
} rj_channel_hooks;

#define RJ_CHANNEL_UNSENT_MAX (8u * 1024 * 1024)

/* The socket stays the caller's, and open until the channel is closed.  [loop] all */
rj_status rj_channel_open(rj_loop *loop, int socket, rj_wire_direction direction,
                          const rj_channel_hooks *hooks, rj_channel **ret_channel, rj_error *err);
/* Copies.  RJ_E_LIMIT: too much is unsent; RJ_E_IO: the other side is gone, `ended` follows;
 * RJ_E_NO_MEMORY: a part may have been sent, so that nothing can follow it. */
rj_status rj_channel_send(rj_channel *channel, const char *bytes, size_t length);
/* Read now what the other side has sent already, instead of on the loop's next look; what it goes on
 * sending meanwhile has to wait. */
void rj_channel_catch_up(rj_channel *channel);
void rj_channel_close(rj_channel *channel); /* NULL is fine; no call after it */

#endif
