/* SPDX-License-Identifier: MIT */
/* Frames over a socket, see channel.h. */
#include "runtime/channel.h"

#include "base/alloc.h"
#include "platform/secret_memory.h"
#include "platform/stream.h"

#include <string.h>

#define BUFFER_SIZE 4096u /* grows for a large frame and shrinks behind it */
#define READS_A_TURN 64u
#define CATCH_UP_READS 512u /* more than a socket holds */

struct rj_channel {
    rj_loop *loop;
    rj_watch *watch;
    int socket;
    rj_wire_direction direction;
    rj_channel_hooks hooks;
    bool *closed; /* told when closed from inside a hook */

    char *buffer;
    size_t capacity;
    size_t filled;

    char *unsent;
    size_t unsent_begin;
    size_t unsent_end;
    size_t unsent_capacity;
};

/* Calls may carry secrets: nothing of them stays behind. */
static void release(const rj_channel *channel, char *memory, size_t size)
{
    if (memory && channel->direction == RJ_WIRE_CALL)
        rj_wipe(memory, size);
    rj_free(memory);
}

static void end(rj_channel *channel, rj_status status, const char *why)
{
    rj_watch_stop(channel->watch);
    channel->watch = NULL;
    channel->hooks.ended(channel->hooks.data, status, why);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static bool make_room(rj_channel *channel, size_t needed)
{
    size_t size = needed > BUFFER_SIZE ? needed : BUFFER_SIZE;
    bool fits =
        channel->capacity >= size && (channel->capacity == BUFFER_SIZE || needed > BUFFER_SIZE);
    if (fits || channel->filled > size)
        return true;
    char *buffer = rj_malloc(size);
    if (!buffer)
        return channel->capacity >= size;
    if (channel->filled)
        memcpy(buffer, channel->buffer, channel->filled);
    release(channel, channel->buffer, channel->capacity);
    channel->buffer = buffer;
    channel->capacity = size;
    return true;
}

/* Hands over what is complete.  False: the channel is closed, or broken and said so. */
static bool hand_over(rj_channel *channel)
{
    size_t at = 0;
    size_t needed = 0;
    bool closed = false;
    channel->closed = &closed;
    for (;;) {
        rj_wire_frame frame;
        rj_status status = rj_wire_take(channel->direction, channel->buffer + at,
                                        channel->filled - at, &frame, &needed);
        if (status == RJ_E_BUSY)
            break;
        if (status) {
            channel->closed = NULL;
            end(channel, status,
                status == RJ_E_LIMIT ? "was killed: it sent a message larger than allowed"
                                     : "was killed: it sent what is no message");
            return false;
        }
        at += needed;
        if (channel->direction == RJ_WIRE_CALL && at < channel->filled) {
            channel->closed = NULL;
            end(channel, RJ_E_CORRUPT, "was killed: it asked again before it was answered");
            return false;
        }
        channel->hooks.frame(channel->hooks.data, &frame);
        if (closed)
            return false;
        if (channel->direction == RJ_WIRE_CALL)
            rj_wipe(channel->buffer + at - needed, needed);
    }
    channel->closed = NULL;
    channel->filled -= at;
    memmove(channel->buffer, channel->buffer + at, channel->filled);
    if (make_room(channel, needed))
        return true;
    end(channel, RJ_E_NO_MEMORY, "was killed: no memory for what it sends");
    return false;
}

/* True: the socket may hold more. */
static bool read_some(rj_channel *channel)
{
    size_t room = channel->capacity - channel->filled;
    long got = rj_stream_read(channel->socket, channel->buffer + channel->filled, room);
    if (got == RJ_STREAM_AGAIN)
        return false;
    if (got <= 0) {
        bool cut = got == 0 && channel->filled;
        end(channel, cut ? RJ_E_IO : RJ_OK, cut ? "ended in the middle of a message" : "");
        return false;
    }
    channel->filled += (size_t)got;
    return hand_over(channel) && (size_t)got == room;
}

static void on_readable(void *data)
{
    for (unsigned reads = 0; reads < READS_A_TURN && read_some(data); reads++)
        ;
}

void rj_channel_catch_up(rj_channel *channel)
{
    for (unsigned reads = 0; channel->watch && reads < CATCH_UP_READS && read_some(channel);
         reads++)
        ;
}

/* ---- Sending --------------------------------------------------------------------------------- */

static void on_writable(void *data)
{
    rj_channel *channel = data;
    long sent = rj_stream_write(channel->socket, channel->unsent + channel->unsent_begin,
                                channel->unsent_end - channel->unsent_begin);
    if (sent > 0)
        channel->unsent_begin += (size_t)sent;
    if (sent != RJ_STREAM_LOST && channel->unsent_begin < channel->unsent_end)
        return;
    rj_watch_writable(channel->watch, NULL); /* lost: reading tells */
    release(channel, channel->unsent, channel->unsent_capacity);
    channel->unsent = NULL;
    channel->unsent_begin = channel->unsent_end = channel->unsent_capacity = 0;
}

static rj_status keep(rj_channel *channel, const char *bytes, size_t length)
{
    size_t waiting = channel->unsent_end - channel->unsent_begin;
    if (waiting + length > RJ_CHANNEL_UNSENT_MAX)
        return RJ_E_LIMIT;
    if (channel->unsent_end + length > channel->unsent_capacity) {
        size_t capacity = (waiting + length) * 2;
        char *unsent = rj_malloc(capacity);
        if (!unsent)
            return RJ_E_NO_MEMORY;
        if (waiting)
            memcpy(unsent, channel->unsent + channel->unsent_begin, waiting);
        release(channel, channel->unsent, channel->unsent_capacity);
        channel->unsent = unsent;
        channel->unsent_begin = 0;
        channel->unsent_end = waiting;
        channel->unsent_capacity = capacity;
    }
    memcpy(channel->unsent + channel->unsent_end, bytes, length);
    channel->unsent_end += length;
    rj_watch_writable(channel->watch, on_writable);
    return RJ_OK;
}

rj_status rj_channel_send(rj_channel *channel, const char *bytes, size_t length)
{
    if (!channel->watch)
        return RJ_E_IO;
    if (channel->unsent_begin == channel->unsent_end) {
        long sent = rj_stream_write(channel->socket, bytes, length);
        if (sent == RJ_STREAM_LOST)
            return RJ_E_IO;
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
    return length ? keep(channel, bytes, length) : RJ_OK;
}

/* ---- Life ------------------------------------------------------------------------------------ */

rj_status rj_channel_open(rj_loop *loop, int socket, rj_wire_direction direction,
                          const rj_channel_hooks *hooks, rj_channel **ret_channel, rj_error *err)
{
    rj_channel *channel = rj_calloc(1, sizeof *channel);
    if (!channel)
        return rj_fail_memory(err, "talking to a worker");
    *channel =
        (rj_channel){.loop = loop, .socket = socket, .direction = direction, .hooks = *hooks};
    rj_status status = RJ_OK;
    if (!make_room(channel, 0))
        status = rj_fail_memory(err, "talking to a worker");
    if (!status)
        status = rj_watch_readable(loop, socket, on_readable, channel, &channel->watch, err);
    if (status)
        rj_channel_close(channel);
    else
        *ret_channel = channel;
    return status;
}

void rj_channel_close(rj_channel *channel)
{
    if (!channel)
        return;
    if (channel->closed)
        *channel->closed = true;
    rj_watch_stop(channel->watch);
    release(channel, channel->buffer, channel->capacity);
    release(channel, channel->unsent, channel->unsent_capacity);
    rj_free(channel);
}
