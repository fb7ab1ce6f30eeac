/* SPDX-License-Identifier: MIT */
/*
 * The life of a worker as its proxy sees it: start, ready, idle, end, reaped.
 *
 * An end is first seen as the frames' socket closing, a moment before the process can be collected;
 * how it ended is part of every answer, so these wait for it, REAP_LIMIT_MS at most.
 */
#include "proxy_internal.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "runtime/setup.h"

#include <stdio.h>
#include <string.h>

#define START_LIMIT_MS 10000u
#define EXIT_LIMIT_MS 1000u /* beyond the plugin's own time to stop */
#define REAP_STEP_MS 1u
#define REAP_LIMIT_MS 1000u
#define OUTPUT_LINES 200u /* of one life; the rest is not logged */
/* Also what is not logged has to be read, 4 KiB at a time. */
#define READS_AT_ONCE 2000.0
#define READS_A_SECOND 200.0

static void on_timer(void *data);
static void begin_dying(rj_proxy *proxy);

static void wait_for(rj_proxy *proxy, uint64_t delay_ms)
{
    rj_timer_set(proxy->timer, delay_ms);
}

static void wait_no_more(rj_proxy *proxy)
{
    rj_timer_pause(proxy->timer);
}

rj_status rj_proxy_make_timer(rj_proxy *proxy, rj_error *err)
{
    rj_status status =
        rj_timer_start(proxy->options.loop, 0, 0, on_timer, proxy, &proxy->timer, err);
    if (!status)
        rj_timer_pause(proxy->timer);
    return status;
}

/* ---- Output ---------------------------------------------------------------------------------- */

static void log_line(rj_proxy *proxy)
{
    if (proxy->line_length == 0)
        return;
    rj_text_to_line(proxy->last_line, sizeof proxy->last_line, proxy->line, proxy->line_length);
    if (proxy->lines < OUTPUT_LINES)
        rj_proxy_say(proxy, RJ_LOG_WARNING, 0, "its worker printed: %.*s", (int)proxy->line_length,
                     proxy->line);
    else if (proxy->lines == OUTPUT_LINES)
        rj_proxy_say(proxy, RJ_LOG_WARNING, 0, "its worker prints too much; the rest is left out");
    proxy->lines += proxy->lines <= OUTPUT_LINES;
    proxy->line_length = 0;
}

static void take_output(rj_proxy *proxy, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n' || proxy->line_length == sizeof proxy->line)
            log_line(proxy);
        if (bytes[i] != '\n')
            proxy->line[proxy->line_length++] = bytes[i];
    }
}

/* True: there may be more at once. */
static bool read_output(rj_proxy *proxy)
{
    char buffer[4096];
    long got = rj_stream_read(rj_worker_process_output(proxy->process), buffer, sizeof buffer);
    if (got > 0)
        take_output(proxy, buffer, (size_t)got);
    if (got > 0 && !rj_rate_take(&proxy->output_rate, rj_clock_monotonic_ms(), 1.0, READS_AT_ONCE,
                                 READS_A_SECOND)) {
        rj_proxy_kill(proxy, RJ_WORKER_CRASHED,
                      "was killed: it prints far more than any plugin needs");
        return false;
    }
    if (got <= 0 && got != RJ_STREAM_AGAIN) {
        rj_watch_stop(proxy->output);
        proxy->output = NULL;
    }
    return got > 0;
}

static void on_output(void *data)
{
    read_output(data);
}

static uint64_t start_limit_ms(const rj_proxy *proxy)
{
    return proxy->options.start_ms ? proxy->options.start_ms : START_LIMIT_MS;
}

/* ---- Start ----------------------------------------------------------------------------------- */

void rj_proxy_refuse_queued(rj_proxy *proxy, const char *text)
{
    rj_proxied_op *next;
    for (rj_proxied_op *at = proxy->ops; at; at = next) {
        next = at->next;
        if (at->state == PROXIED_QUEUED)
            rj_proxy_lose(at, RJ_E_NOT_STARTED, text);
    }
}

static void keep_config(void *data, const void *bytes, size_t length)
{
    rj_text_append(data, bytes, length);
}

static rj_status send_setup(rj_proxy *proxy, rj_error *err)
{
    rj_text config = RJ_TEXT_EMPTY;
    rj_wire_writer writer = {0};
    const rj_proxy_options *options = &proxy->options;
    rj_status status = proxy->config->read(options->host, keep_config, &config);
    char *document = rj_text_take(&config);
    if (!status && !document)
        status = RJ_E_NO_MEMORY;
    if (!status) {
        rj_setup setup = {.id = options->id,
                          .version = options->version,
                          .provides = options->provides,
                          .checks = options->checks,
                          .formats = options->formats,
                          .config = document,
                          .grace_ms = options->grace_ms,
                          .sandbox = *options->sandbox};
        status = rj_setup_write(&writer, &setup);
    }
    if (!status)
        status = rj_channel_send(proxy->frames, writer.bytes, writer.length);
    if (status == RJ_E_IO)
        status = RJ_OK; /* it has ended already, and its end tells more */
    rj_wire_discard(&writer);
    rj_free(document);
    return status ? rj_fail(err, status, "its worker cannot be told what to load") : RJ_OK;
}

static void on_ended(void *data, rj_status status, const char *why)
{
    rj_proxy *proxy = data;
    if (status && status != RJ_E_IO) /* then how the process ended tells more */
        rj_proxy_kill(proxy, status == RJ_E_NO_MEMORY ? RJ_WORKER_DROPPED : RJ_WORKER_CRASHED, why);
    else
        begin_dying(proxy);
}

/* Both lines close together, in any order: what it said before counts. */
static void on_calls_ended(void *data, rj_status status, const char *why)
{
    rj_proxy *proxy = data;
    if (proxy->state != PROXY_DYING)
        rj_channel_catch_up(proxy->frames);
    on_ended(proxy, status, why);
}

static rj_status open_lines(rj_proxy *proxy, rj_error *err)
{
    rj_loop *loop = proxy->options.loop;
    rj_channel_hooks frames = {.data = proxy, .frame = rj_proxy_on_frame, .ended = on_ended};
    rj_channel_hooks calls = {.data = proxy, .frame = rj_proxy_on_call, .ended = on_calls_ended};
    rj_status status = rj_channel_open(loop, rj_worker_process_frames(proxy->process),
                                       RJ_WIRE_TO_CORE, &frames, &proxy->frames, err);
    if (!status)
        status = rj_channel_open(loop, rj_worker_process_calls(proxy->process), RJ_WIRE_CALL,
                                 &calls, &proxy->calls, err);
    if (!status)
        status = rj_watch_readable(loop, rj_worker_process_output(proxy->process), on_output, proxy,
                                   &proxy->output, err);
    return status;
}

static void begin_life(rj_proxy *proxy, rj_worker_process *process)
{
    proxy->process = process;
    proxy->life++;
    proxy->state = PROXY_STARTING;
    proxy->greeted = proxy->became_ready = proxy->stopped_well = proxy->killed = false;
    proxy->retires = false;
    proxy->busy = 0;
    proxy->line_length = 0;
    proxy->lines = proxy->log_dropped = 0;
    proxy->last_line[0] = '\0';
    proxy->note_count = 0;
    proxy->call_rate = (rj_rate){0};
    proxy->frame_rate = proxy->log_rate = proxy->output_rate = (rj_rate){0};
}

static void start(rj_proxy *proxy)
{
    rj_error err = RJ_ERROR_NONE;
    rj_worker_process *process = NULL;
    uint64_t wait_ms = 0;
    rj_status status = proxy->options.start(proxy->options.data, &process, &wait_ms, &err);
    if (status == RJ_E_BUSY) {
        proxy->state = PROXY_WAITING;
        proxy->wait_until_ms = rj_clock_monotonic_ms() + wait_ms;
        wait_for(proxy, wait_ms);
        return;
    }
    if (status) {
        rj_proxy_refuse_queued(proxy, err.text);
        rj_proxy_drop_notices(proxy);
        return;
    }
    begin_life(proxy, process);
    wait_for(proxy, start_limit_ms(proxy));
    status = open_lines(proxy, &err);
    if (!status)
        status = send_setup(proxy, &err);
    if (status)
        rj_proxy_kill(proxy, status == RJ_E_NO_MEMORY ? RJ_WORKER_DROPPED : RJ_WORKER_REFUSED,
                      err.text);
}

void rj_proxy_wake(rj_proxy *proxy)
{
    proxy->active_ms = rj_clock_monotonic_ms();
    if (proxy->state == PROXY_ASLEEP)
        start(proxy);
    else if (proxy->state == PROXY_READY)
        rj_proxy_send_queued(proxy);
}

void rj_proxy_became_ready(rj_proxy *proxy)
{
    proxy->became_ready = true;
    if (proxy->state != PROXY_STARTING)
        return; /* it is to stop already */
    proxy->state = PROXY_READY;
    proxy->active_ms = rj_clock_monotonic_ms();
    wait_for(proxy, proxy->options.idle_ms);
    rj_proxy_deliver_notices(proxy);
    rj_proxy_send_queued(proxy);
    rj_proxy_check_retired(proxy);
}

void rj_proxy_send(rj_proxy *proxy, rj_wire_writer *writer)
{
    bool listens = proxy->frames && proxy->state != PROXY_DYING;
    rj_status status = listens ? rj_wire_end(writer) : RJ_E_IO;
    if (!status)
        status = rj_channel_send(proxy->frames, writer->bytes, writer->length);
    rj_wire_discard(writer);
    if (status == RJ_E_LIMIT)
        rj_proxy_kill(proxy, RJ_WORKER_HUNG, "does not read what it is told");
    else if (status && status != RJ_E_IO)
        rj_proxy_kill(proxy, RJ_WORKER_DROPPED, "could not be told for lack of memory");
}

/* ---- End ------------------------------------------------------------------------------------- */

static void retire(rj_proxy *proxy)
{
    rj_wire_writer writer = {0};
    proxy->state = PROXY_RETIRING;
    wait_for(proxy, proxy->options.grace_ms + EXIT_LIMIT_MS);
    rj_wire_begin(&writer, RJ_WIRE_STOP, 0);
    rj_proxy_send(proxy, &writer);
}

static bool is_idle(const rj_proxy *proxy)
{
    return !proxy->ops && !proxy->children && proxy->busy == 0;
}

/* Timers of the plugin do not keep it now. */
void rj_proxy_retire(rj_proxy *proxy)
{
    proxy->retires = proxy->state != PROXY_ASLEEP;
    if (proxy->state == PROXY_READY && !proxy->ops && !proxy->children)
        retire(proxy);
}

void rj_proxy_check_retired(rj_proxy *proxy)
{
    if (proxy->retires)
        rj_proxy_retire(proxy);
}

bool rj_proxy_is_asleep(const rj_proxy *proxy)
{
    return proxy->state == PROXY_ASLEEP && !proxy->ops && !proxy->telling_end;
}

static void finish_stop(rj_proxy *proxy)
{
    rj_op op = proxy->stop_op;
    if (!op)
        return;
    proxy->stop_op = 0;
    rj_proxy_drop_subscriptions(proxy);
    bool well = proxy->life == 0 || proxy->stopped_well || !proxy->killed;
    proxy->op->finish(proxy->options.host, op, well ? RJ_OK : RJ_E_ABANDONED,
                      well ? NULL : proxy->last_end);
}

void rj_proxy_give_up_stop(rj_proxy *proxy)
{
    proxy->stop_op = 0;
    rj_proxy_kill(proxy, RJ_WORKER_HUNG, "was killed: its plugin did not stop in time");
}

void rj_proxy_begin_stop(rj_proxy *proxy)
{
    switch (proxy->state) {
    case PROXY_WAITING:
        wait_no_more(proxy);
        proxy->state = PROXY_ASLEEP;
        proxy->killed = false;
        finish_stop(proxy);
        return;
    case PROXY_ASLEEP:
        proxy->killed = false; /* an end that was told at its time */
        finish_stop(proxy);
        return;
    case PROXY_STARTING:
    case PROXY_READY:
        retire(proxy);
        return;
    case PROXY_RETIRING:
    case PROXY_DYING:
        return;
    }
}

/* The worker says so by a frame only if the plugin does not answer at once; until then its page does. */
static bool had_begun(const rj_proxied_op *op)
{
    const rj_worker_process *process = op->proxy->process;
    return op->state == PROXIED_BEGUN ||
           (op->state == PROXIED_SENT && process && rj_worker_process_begun(process) == op->op);
}

/* What had begun may have done anything. */
static void lose_begun(rj_proxy *proxy, const char *how)
{
    char begun[RJ_PROXY_TEXT + 64];
    snprintf(begun, sizeof begun, "its worker %s; what was done is unknown", how);
    rj_proxied_op *next;
    for (rj_proxied_op *at = proxy->ops; at; at = next) {
        next = at->next;
        if (had_begun(at))
            rj_proxy_lose(at, RJ_E_ABANDONED, begun);
    }
}

/* What had not can be asked again. */
static void lose_ops(rj_proxy *proxy, const char *how)
{
    char unbegun[RJ_PROXY_TEXT + 64];
    lose_begun(proxy, how);
    snprintf(unbegun, sizeof unbegun, "its worker %s before this was begun; asking again is safe",
             how);
    rj_proxied_op *next;
    for (rj_proxied_op *at = proxy->ops; at; at = next) {
        next = at->next;
        if (at->state == PROXIED_SENT || !proxy->became_ready)
            rj_proxy_lose(at, RJ_E_NOT_STARTED, unbegun);
    }
}

static void close_lines(rj_proxy *proxy)
{
    rj_channel_close(proxy->frames);
    rj_channel_close(proxy->calls);
    proxy->frames = proxy->calls = NULL;
}

static void keep_last_end(rj_proxy *proxy, const char *text)
{
    char line[RJ_PROXY_TEXT + 20];
    int length = snprintf(line, sizeof line, "its worker %s", text);
    rj_text_to_line(proxy->last_end, sizeof proxy->last_end, line, strnlen(line, (size_t)length));
}

/* The process is gone, or as good as gone. */
static void end_life(rj_proxy *proxy, const rj_process_end *end)
{
    char text[RJ_PROXY_TEXT];
    if (proxy->frames)
        rj_channel_catch_up(proxy->frames); /* it may have begun more than we have read */
    close_lines(proxy);
    bool asked = proxy->stopped_well && !proxy->killed;
    rj_worker_end how = asked                                     ? RJ_WORKER_RETIRED
                        : proxy->killed                           ? proxy->death_kind
                        : !proxy->became_ready && !end->signalled ? RJ_WORKER_REFUSED
                                                                  : RJ_WORKER_CRASHED;
    log_line(proxy); /* begun, and without its end */
    if (asked)
        snprintf(text, sizeof text, "has ended as asked");
    else
        rj_proxy_describe_end(proxy, end, text, sizeof text);
    long pid = rj_worker_process_pid(proxy->process);
    rj_proxy_say(proxy, asked ? RJ_LOG_DEBUG : RJ_LOG_ERROR, 0, "its worker, pid %ld, %s", pid,
                 text);
    if (!asked)
        keep_last_end(proxy, text);
    lose_ops(proxy, text);
    rj_proxy_kill_children(proxy);
    rj_proxy_forget_tokens(proxy);
    rj_watch_stop(proxy->output);
    proxy->output = NULL;
    rj_worker_process_free(proxy->process);
    proxy->process = NULL;
    proxy->state = PROXY_ASLEEP;
    wait_no_more(proxy);
    if (!proxy->became_ready)
        rj_proxy_drop_notices(proxy); /* they must not start it again and again */
    proxy->telling_end = true;
    if (proxy->options.ended)
        proxy->options.ended(proxy->options.data, how, text);
    proxy->telling_end = false;
    finish_stop(proxy);
    if ((proxy->ops || proxy->notice_count) && !proxy->stopping)
        start(proxy);
}

static void note_death(rj_proxy *proxy, rj_worker_end how, const char *text)
{
    proxy->killed = true;
    proxy->death_kind = how;
    proxy->dying_ms = rj_clock_monotonic_ms();
    snprintf(proxy->death, sizeof proxy->death, "%s", text);
    rj_worker_process_kill(proxy->process);
}

static void try_to_reap(rj_proxy *proxy)
{
    rj_process_end end = {.signalled = true, .value = RJ_SIGNAL_KILL};
    bool collected = rj_worker_process_ended(proxy->process, &end);
    bool in_time = rj_clock_monotonic_ms() < proxy->dying_ms + REAP_LIMIT_MS;
    if (!collected && !in_time && !proxy->killed && !proxy->stopped_well) {
        note_death(proxy, RJ_WORKER_CRASHED, "was killed: it hung up and did not end");
        in_time = true;
    }
    if (!collected && in_time) {
        wait_for(proxy, REAP_STEP_MS);
        return;
    }
    while (proxy->output && proxy->lines <= OUTPUT_LINES && read_output(proxy))
        ; /* its last words may still be in the pipe */
    end_life(proxy, &end);
}

void rj_proxy_end_now(rj_proxy *proxy)
{
    rj_process_end end = {.signalled = true, .value = RJ_SIGNAL_KILL};
    if (!proxy->process)
        return;
    rj_proxy_kill(proxy, RJ_WORKER_HUNG, "was killed: its plugin is gone");
    rj_worker_process_ended(proxy->process, &end);
    end_life(proxy, &end);
}

static void begin_dying(rj_proxy *proxy)
{
    if (proxy->state == PROXY_DYING)
        return;
    proxy->state = PROXY_DYING;
    proxy->dying_ms = rj_clock_monotonic_ms();
    rj_channel_close(proxy->calls);
    proxy->calls = NULL;
    wait_for(proxy, 0);
}

void rj_proxy_kill(rj_proxy *proxy, rj_worker_end how, const char *text)
{
    if (!proxy->process || proxy->state == PROXY_DYING)
        return;
    note_death(proxy, how, text);
    begin_dying(proxy);
    lose_begun(proxy, proxy->death); /* the reason is known: nobody need wait */
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* Armed once for many questions: only when it fires it is looked how long nothing happened. */
static void on_idle_timer(rj_proxy *proxy)
{
    uint64_t idle_ms = proxy->options.idle_ms;
    uint64_t now = rj_clock_monotonic_ms();
    if (!is_idle(proxy))
        wait_for(proxy, idle_ms);
    else if (now < proxy->active_ms + idle_ms)
        wait_for(proxy, proxy->active_ms + idle_ms - now);
    else
        retire(proxy);
}

static void on_timer(void *data)
{
    rj_proxy *proxy = data;
    char text[100];
    switch (proxy->state) {
    case PROXY_ASLEEP:
        return;
    case PROXY_WAITING:
        proxy->state = PROXY_ASLEEP;
        if (proxy->ops || proxy->notice_count)
            start(proxy);
        return;
    case PROXY_STARTING:
        snprintf(text, sizeof text, "was killed: its plugin was not ready within %llu ms",
                 (unsigned long long)start_limit_ms(proxy));
        rj_proxy_kill(proxy, RJ_WORKER_HUNG, text);
        return;
    case PROXY_READY:
        on_idle_timer(proxy);
        return;
    case PROXY_RETIRING:
        rj_proxy_kill(proxy, RJ_WORKER_HUNG, "was killed: its plugin did not stop in time");
        return;
    case PROXY_DYING:
        try_to_reap(proxy);
        return;
    }
}
