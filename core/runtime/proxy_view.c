/* SPDX-License-Identifier: MIT */
/* What is said of a worker: how it is, and how it ended. */
#include "proxy_internal.h"

#include "platform/system.h"

#include <stdio.h>
#include <string.h>

static void describe_cause(const rj_proxy *proxy, const rj_process_end *end, char *text,
                           size_t size)
{
    const char *when = proxy->became_ready ? "" : " while it was being started";
    const char *said = proxy->last_line;
    if (proxy->killed)
        snprintf(text, size, "%s", proxy->death);
    else if (end->signalled && end->value == RJ_SIGNAL_CPU)
        snprintf(text, size, "was ended because it used more processor time than it may");
    else if (end->signalled && end->value == RJ_SIGNAL_KILL)
        snprintf(text, size, "was killed from outside (signal %d), perhaps for lack of memory%s",
                 end->value, when);
    else if (end->signalled)
        snprintf(text, size, "crashed with signal %d (%s)%s", end->value,
                 rj_signal_text(end->value), when);
    else
        snprintf(text, size, "ended by itself with code %d%s%s%s", end->value, when,
                 *said ? "; its last words: " : "", said);
}

/* A program that gets no more memory ends in many ways, and none of them says so. */
static void add_memory(const rj_proxy *proxy, char *text, size_t size)
{
    uint64_t limit = proxy->options.sandbox->memory_bytes;
    uint64_t peak = rj_worker_process_peak_kb(proxy->process) * 1024;
    size_t used = strlen(text);
    if (limit && !proxy->killed && peak >= limit / 10 * 9)
        snprintf(text + used, size - used, ", at its memory limit of %llu MiB",
                 (unsigned long long)(limit >> 20));
}

void rj_proxy_describe_end(const rj_proxy *proxy, const rj_process_end *end, char *text,
                           size_t size)
{
    describe_cause(proxy, end, text, size);
    add_memory(proxy, text, size);
}

json_t *rj_proxy_describe(const rj_proxy *proxy)
{
    static const char *const names[] = {
        [PROXY_ASLEEP] = "asleep", [PROXY_WAITING] = "back-off", [PROXY_STARTING] = "starting",
        [PROXY_READY] = "ready",   [PROXY_RETIRING] = "ending",  [PROXY_DYING] = "ending"};
    json_t *document =
        json_pack("{s:s, s:I}", "state", names[proxy->state], "starts", (json_int_t)proxy->life);
    uint64_t memory_kb = 0;
    uint64_t cpu_ms = 0;
    int failed = document ? 0 : -1;
    if (proxy->process) {
        failed |= json_object_set_new(document, "pid",
                                      json_integer(rj_worker_process_pid(proxy->process)));
        if (rj_worker_process_usage(proxy->process, &memory_kb, &cpu_ms)) {
            failed |=
                json_object_set_new(document, "memory_kb", json_integer((json_int_t)memory_kb));
            failed |= json_object_set_new(document, "cpu_ms", json_integer((json_int_t)cpu_ms));
        }
    }
    if (proxy->state == PROXY_WAITING) {
        uint64_t now = rj_clock_monotonic_ms();
        uint64_t left = proxy->wait_until_ms > now ? proxy->wait_until_ms - now : 0;
        failed |= json_object_set_new(document, "retry_in_ms", json_integer((json_int_t)left));
    }
    if (*proxy->last_end)
        failed |= json_object_set_new(document, "last_end", json_string(proxy->last_end));
    if (proxy->greeted) {
        json_t *notes = json_array();
        for (size_t i = 0; i < proxy->note_count; i++)
            failed |= json_array_append_new(notes, json_string(proxy->notes[i]));
        failed |= json_object_set_new(document, "downgrades", notes);
    }
    if (!failed)
        return document;
    json_decref(document);
    return NULL;
}
