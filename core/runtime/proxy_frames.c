/* SPDX-License-Identifier: MIT */
/*
 * What a worker tells.  Nothing of it is believed: a frame out of turn, for an op that was not given to
 * it, or more frames than any plugin needs, ends the worker.
 */
#include "proxy_internal.h"

#include "base/text.h"
#include "platform/system.h"

#include <stdio.h>
#include <string.h>

#define FRAME_USUAL 4096.0
#define FRAMES_AT_ONCE 20000.0
#define FRAMES_A_SECOND 2000.0
#define LINES_AT_ONCE 500.0
#define LINES_A_SECOND 50.0

static bool may_log(rj_proxy *proxy)
{
    return rj_rate_take(&proxy->log_rate, rj_clock_monotonic_ms(), 1, LINES_AT_ONCE,
                        LINES_A_SECOND);
}

/* Two kinds answer what the worker was asked; of all others no honest worker sends many.  A large one
 * counts for many. */
static bool is_one_too_many(rj_proxy *proxy, const rj_wire_frame *frame)
{
    return frame->type != RJ_WIRE_BEGUN && frame->type != RJ_WIRE_FINISH &&
           !rj_rate_take(&proxy->frame_rate, rj_clock_monotonic_ms(),
                         1.0 + (double)frame->length / FRAME_USUAL, FRAMES_AT_ONCE,
                         FRAMES_A_SECOND);
}

static void violates(rj_proxy *proxy, const char *what)
{
    char text[200];
    snprintf(text, sizeof text, "was killed: it sent %s", what);
    rj_proxy_kill(proxy, RJ_WORKER_CRASHED, text);
}

static void on_hello(rj_proxy *proxy, rj_wire_reader *reader)
{
    uint32_t magic = rj_wire_get_u32(reader);
    uint32_t version = rj_wire_get_u32(reader);
    uint32_t count = rj_wire_get_u32(reader);
    for (uint32_t i = 0; i < count && i < RJ_PROXY_NOTES && !reader->failed; i++) {
        const char *note = rj_wire_get_text(reader);
        rj_text_to_line(proxy->notes[i], sizeof proxy->notes[i], note, strlen(note));
        proxy->note_count = i + 1;
    }
    if (!rj_wire_read_end(reader) || magic != RJ_WIRE_MAGIC || proxy->greeted) {
        violates(proxy, "a greeting that is none");
        return;
    }
    if (version != RJ_WIRE_VERSION) {
        rj_proxy_kill(proxy, RJ_WORKER_REFUSED,
                      "is of another version than the agent; install both from one package");
        return;
    }
    proxy->greeted = true;
    for (size_t i = 0; i < proxy->note_count && proxy->life == 1; i++)
        rj_proxy_say(proxy, RJ_LOG_WARNING, 0, "its worker is less confined than it should be: %s",
                     proxy->notes[i]);
}

static void on_ready(rj_proxy *proxy, rj_wire_reader *reader)
{
    int32_t status = rj_wire_get_i32(reader);
    const char *message = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader) || !proxy->greeted || proxy->became_ready) {
        violates(proxy, "a readiness out of turn");
        return;
    }
    if (status == RJ_OK) {
        rj_proxy_became_ready(proxy);
        return;
    }
    char text[RJ_PROXY_TEXT];
    int used = snprintf(text, sizeof text, "could not make the plugin ready: ");
    rj_text_to_line(text + used, sizeof text - (size_t)used, message, strlen(message));
    rj_proxy_kill(proxy, RJ_WORKER_REFUSED, text);
}

static void on_begun(rj_proxy *proxy, rj_op op, rj_wire_reader *reader)
{
    rj_proxied_op *proxied = rj_proxy_find(proxy, op);
    if (!rj_wire_read_end(reader) || !proxied || proxied->state != PROXIED_SENT)
        violates(proxy, "word of an operation that it was not given");
    else
        proxied->state = PROXIED_BEGUN;
}

static void on_progress(rj_proxy *proxy, rj_op op, rj_wire_reader *reader)
{
    const rj_proxied_op *proxied = rj_proxy_find(proxy, op);
    int32_t permille = rj_wire_get_i32(reader);
    const char *text = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader) || !proxied || proxied->state != PROXIED_BEGUN)
        violates(proxy, "progress of an operation that it has not begun");
    else
        proxy->op->progress(proxy->options.host, op, permille, text);
}

static void on_finish(rj_proxy *proxy, rj_op op, rj_wire_reader *reader)
{
    size_t length = 0;
    rj_proxied_op *proxied = rj_proxy_find(proxy, op);
    int32_t status = rj_wire_get_i32(reader);
    const char *message = rj_wire_get_text(reader);
    const char *result = rj_wire_get_bytes(reader, &length);
    if (!rj_wire_read_end(reader) || !proxied || proxied->state == PROXIED_QUEUED) {
        violates(proxy, "an answer to what it was not asked");
        return;
    }
    proxy->active_ms = rj_clock_monotonic_ms();
    if (length)
        proxy->op->set_result(proxy->options.host, op, result, length);
    rj_proxy_finish(proxied, status, *message ? message : NULL);
    rj_proxy_check_retired(proxy);
}

static void on_log(rj_proxy *proxy, rj_op op, rj_wire_reader *reader)
{
    int32_t level = rj_wire_get_i32(reader);
    const char *text = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader)) {
        violates(proxy, "a broken line of log");
        return;
    }
    if (!may_log(proxy)) {
        proxy->log_dropped++;
        return;
    }
    if (proxy->log_dropped)
        rj_proxy_say(proxy, RJ_LOG_WARNING, 0, "%u lines were left out: it logs too much",
                     proxy->log_dropped);
    proxy->log_dropped = 0;
    proxy->log->write(proxy->options.host, level, op, text);
}

static void on_misbehaved(rj_proxy *proxy, rj_op op, rj_wire_reader *reader)
{
    const char *text = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader))
        violates(proxy, "a broken report");
    else if (may_log(proxy))
        rj_proxy_misbehaved(proxy, op, text);
}

static void on_busy(rj_proxy *proxy, rj_wire_reader *reader)
{
    uint32_t count = rj_wire_get_u32(reader);
    if (!rj_wire_read_end(reader)) {
        violates(proxy, "a broken count");
        return;
    }
    proxy->busy = count;
    proxy->active_ms = rj_clock_monotonic_ms();
}

static void on_subscribe(rj_proxy *proxy, uint64_t token, rj_wire_reader *reader)
{
    const char *prefix = rj_wire_get_text(reader);
    if (!rj_wire_read_end(reader) || token == 0)
        violates(proxy, "a broken subscription");
    else if (!rj_proxy_subscribe(proxy, token, prefix) && may_log(proxy))
        rj_proxy_misbehaved(proxy, 0, "its subscription to notices could not be made");
}

/* Of a subscription, of a program: there is nothing to say but which. */
static void on_number(rj_proxy *proxy, const rj_wire_frame *frame)
{
    if (frame->length)
        violates(proxy, "a number with something behind it");
    else if (frame->type == RJ_WIRE_UNSUBSCRIBE)
        rj_proxy_unsubscribe(proxy, frame->handle);
    else
        rj_proxy_kill_child(proxy, frame->handle);
}

static void on_stopped(rj_proxy *proxy, rj_wire_reader *reader)
{
    bool clean = rj_wire_get_u32(reader) != 0;
    if (!rj_wire_read_end(reader) || proxy->state != PROXY_RETIRING)
        violates(proxy, "word of an end that nobody asked for");
    else if (clean)
        proxy->stopped_well = true;
    else
        rj_proxy_kill(proxy, RJ_WORKER_HUNG, "was killed: its plugin did not end its work");
}

void rj_proxy_on_frame(void *data, const rj_wire_frame *frame)
{
    rj_proxy *proxy = data;
    rj_wire_reader reader = rj_wire_read(frame);
    if (proxy->state == PROXY_DYING) { /* its last words: all that counts is what it began */
        rj_proxied_op *proxied = rj_proxy_find(proxy, frame->handle);
        bool tells = frame->type == RJ_WIRE_BEGUN || frame->type == RJ_WIRE_FINISH;
        if (tells && proxied && proxied->state == PROXIED_SENT)
            proxied->state = PROXIED_BEGUN;
        return;
    }
    if (is_one_too_many(proxy, frame)) {
        violates(proxy, "far more messages than any plugin needs");
        return;
    }
    if (!proxy->greeted && frame->type != RJ_WIRE_HELLO) {
        violates(proxy, "something before its greeting");
        return;
    }
    switch (frame->type) {
    case RJ_WIRE_HELLO:
        on_hello(proxy, &reader);
        return;
    case RJ_WIRE_READY:
        on_ready(proxy, &reader);
        return;
    case RJ_WIRE_BEGUN:
        on_begun(proxy, frame->handle, &reader);
        return;
    case RJ_WIRE_PROGRESS:
        on_progress(proxy, frame->handle, &reader);
        return;
    case RJ_WIRE_FINISH:
        on_finish(proxy, frame->handle, &reader);
        return;
    case RJ_WIRE_LOG:
        on_log(proxy, frame->handle, &reader);
        return;
    case RJ_WIRE_MISBEHAVED:
        on_misbehaved(proxy, frame->handle, &reader);
        return;
    case RJ_WIRE_BUSY:
        on_busy(proxy, &reader);
        return;
    case RJ_WIRE_SUBSCRIBE:
        on_subscribe(proxy, frame->handle, &reader);
        return;
    case RJ_WIRE_UNSUBSCRIBE:
    case RJ_WIRE_KILL_CHILD:
        on_number(proxy, frame);
        return;
    case RJ_WIRE_STOPPED:
        on_stopped(proxy, &reader);
        return;
    default:
        violates(proxy, "a message of a kind that there is not");
    }
}
