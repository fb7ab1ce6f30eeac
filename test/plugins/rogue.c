/* SPDX-License-Identifier: MIT */
/*
 * A worker program that maps no plugin: it speaks the wire by itself and breaks one rule, that its
 * plugin's id names ("rogue.begun-twice").  Tests put it where the runtime looks for its worker.
 *
 * Everything it does not break it does well: greeting, readiness, BEGUN and FINISH of each question.
 */
#include "platform/stream.h"
#include "platform/worker_process.h"
#include "rogue_system.h"
#include "runtime/wire.h"

#include <realmjoin/check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *behaviour = "";

static bool is(const char *name)
{
    return strcmp(behaviour, name) == 0;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void send_bytes(const void *bytes, size_t length)
{
    if (!rj_stream_write_all(RJ_WORKER_FRAMES, bytes, length))
        rogue_exit(9); /* nobody is left to be annoyed */
}

static void send_to(int stream, rj_wire_writer *writer)
{
    if (rj_wire_end(writer) || !rj_stream_write_all(stream, writer->bytes, writer->length))
        rogue_exit(9);
    rj_wire_discard(writer);
}

/* Many in one write: a flood must stay one where the machine is busy and each write takes its time. */
static void pour(rj_wire_writer *writer)
{
    static char poured[64 * 1024];
    static size_t length;
    if (rj_wire_end(writer))
        rogue_exit(9);
    if (length + writer->length > sizeof poured) {
        send_bytes(poured, length);
        length = 0;
    }
    if (writer->length > sizeof poured) {
        send_bytes(writer->bytes, writer->length);
    } else {
        memcpy(poured + length, writer->bytes, writer->length);
        length += writer->length;
    }
    rj_wire_discard(writer);
}

static bool pouring;

static void send_frame(rj_wire_writer *writer)
{
    if (pouring)
        pour(writer);
    else
        send_to(RJ_WORKER_FRAMES, writer);
}

static void send_empty(uint32_t type, uint64_t handle)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, (rj_wire_type)type, handle);
    send_frame(&writer);
}

static void send_text(rj_wire_type type, uint64_t handle, const char *text)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, type, handle);
    if (type == RJ_WIRE_LOG || type == RJ_WIRE_PROGRESS)
        rj_wire_put_i32(&writer, type == RJ_WIRE_LOG ? RJ_LOG_INFO : 1);
    rj_wire_put_text(&writer, text);
    send_frame(&writer);
}

static void hello(uint32_t magic, uint32_t version)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_HELLO, 0);
    rj_wire_put_u32(&writer, magic);
    rj_wire_put_u32(&writer, version);
    rj_wire_put_list(&writer, NULL);
    send_frame(&writer);
}

static void ready(void)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_READY, 0);
    rj_wire_put_i32(&writer, RJ_OK);
    rj_wire_put_text(&writer, "");
    send_frame(&writer);
}

static void make_finish(rj_wire_writer *writer, uint64_t op, rj_status status, const char *message)
{
    static const char well[] = "{\"state\":\"ok\"}";
    rj_wire_begin(writer, RJ_WIRE_FINISH, op);
    rj_wire_put_i32(writer, status);
    rj_wire_put_text(writer, message);
    rj_wire_put_bytes(writer, well, status ? 0 : sizeof well - 1);
}

static void finish(uint64_t op, rj_status status, const char *message)
{
    rj_wire_writer writer = {0};
    make_finish(&writer, op, status, message);
    send_frame(&writer);
}

static void send_busy(uint32_t count)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_BUSY, 0);
    rj_wire_put_u32(&writer, count);
    send_frame(&writer);
}

static void stopped(void)
{
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_STOPPED, 0);
    rj_wire_put_u32(&writer, 1);
    send_frame(&writer);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void begin_spawn(rj_wire_writer *writer, uint64_t op)
{
    static const char *const arguments[] = {"true", NULL};
    rj_wire_begin(writer, RJ_WIRE_SPAWN, op);
    rj_wire_put_u64(writer, 1);
    rj_wire_put_i64(writer, 0);
    rj_wire_put_text(writer, "/bin/true");
    rj_wire_put_text(writer, "/");
    rj_wire_put_u32(writer, 0);
    rj_wire_put_text(writer, "");
    rj_wire_put_list(writer, arguments);
    rj_wire_put_list(writer, NULL);
}

static void begin_publish(rj_wire_writer *writer)
{
    char topic[100];
    snprintf(topic, sizeof topic, "rogue.%s.x", behaviour);
    rj_wire_begin(writer, RJ_WIRE_PUBLISH, 0);
    rj_wire_put_text(writer, topic);
    rj_wire_put_text(writer, "{}");
}

static void begin_secret(rj_wire_writer *writer, uint64_t op)
{
    rj_wire_begin(writer, RJ_WIRE_SECRET_ATTACH, op);
    rj_wire_put_text(writer, "key");
    rj_wire_put_bytes(writer, "0123456789", 10);
}

/* The status of the answer. */
static rj_status call(rj_wire_writer *writer)
{
    char answer[RJ_WIRE_HEADER + 8192];
    rj_wire_frame frame;
    size_t used = 0;
    send_to(RJ_WORKER_CALLS, writer);
    if (!rj_stream_read_all(RJ_WORKER_CALLS, answer, RJ_WIRE_HEADER))
        rogue_exit(9);
    rj_wire_take(RJ_WIRE_ANSWER, answer, RJ_WIRE_HEADER, &frame, &used);
    if (used > sizeof answer ||
        !rj_stream_read_all(RJ_WORKER_CALLS, answer + RJ_WIRE_HEADER, used - RJ_WIRE_HEADER) ||
        rj_wire_take(RJ_WIRE_ANSWER, answer, used, &frame, &used))
        rogue_exit(9);
    rj_wire_reader reader = rj_wire_read(&frame);
    return rj_wire_get_i32(&reader);
}

static void finish_with_status(uint64_t op, rj_status status)
{
    char text[60];
    snprintf(text, sizeof text, "the call gave %s",
             status == RJ_E_DENIED      ? "denied"
             : status == RJ_E_NOT_FOUND ? "not found"
             : status == RJ_E_INVALID   ? "invalid"
             : status                   ? "another error"
                                        : "ok");
    finish(op, RJ_E_FAILED, text);
}

static bool misuse_calls(uint64_t op)
{
    rj_wire_writer writer = {0};
    if (is("call-none")) {
        rj_wire_begin(&writer, (rj_wire_type)90, 0);
        send_to(RJ_WORKER_CALLS, &writer);
    } else if (is("call-frame")) {
        rj_wire_begin(&writer, RJ_WIRE_FINISH, op);
        send_to(RJ_WORKER_CALLS, &writer);
    } else if (is("call-broken")) {
        rj_wire_begin(&writer, RJ_WIRE_KV_SET, 0);
        rj_wire_put_text(&writer, "key"); /* and no value */
        send_to(RJ_WORKER_CALLS, &writer);
    } else if (is("call-twice")) {
        char two[2 * RJ_WIRE_HEADER];
        rj_wire_begin(&writer, RJ_WIRE_CONFIG, 0);
        if (rj_wire_end(&writer))
            rogue_exit(9);
        memcpy(two, writer.bytes, RJ_WIRE_HEADER);
        memcpy(two + RJ_WIRE_HEADER, writer.bytes, RJ_WIRE_HEADER);
        if (!rj_stream_write_all(RJ_WORKER_CALLS, two, sizeof two))
            rogue_exit(9);
    } else if (is("spawn-ungranted")) {
        begin_spawn(&writer, op);
        finish_with_status(op, call(&writer));
    } else if (is("spawn-other-op")) {
        begin_spawn(&writer, op + 1);
        finish_with_status(op, call(&writer));
    } else if (is("query-long")) {
        char id[300];
        memset(id, 'x', sizeof id - 1);
        id[sizeof id - 1] = '\0';
        rj_wire_begin(&writer, RJ_WIRE_QUERY, 0);
        rj_wire_put_text(&writer, id);
        send_to(RJ_WORKER_CALLS, &writer);
    } else if (is("kv-elsewhere")) {
        rj_wire_begin(&writer, RJ_WIRE_KV_GET, 0);
        rj_wire_put_text(&writer, "../_runtime/disabled.probe");
        finish_with_status(op, call(&writer));
    } else if (is("publish-host")) {
        rj_wire_begin(&writer, RJ_WIRE_PUBLISH, 0);
        rj_wire_put_text(&writer, "host.config");
        rj_wire_put_text(&writer, "{}");
        finish_with_status(op, call(&writer));
    } else if (is("flood-events")) {
        for (int i = 0; i < 2000; i++) {
            begin_publish(&writer);
            call(&writer);
        }
        finish(op, RJ_OK, "");
    } else if (is("secret-none")) {
        rj_wire_begin(&writer, RJ_WIRE_SECRET_READ, op);
        finish_with_status(op, call(&writer));
    } else if (is("secret-other-op")) {
        begin_secret(&writer, op + 1);
        finish_with_status(op, call(&writer));
    } else if (is("die-with-secret")) {
        begin_secret(&writer, op);
        if (call(&writer))
            rogue_exit(8);
        rogue_crash();
    } else if (is("die-in-call")) {
        begin_publish(&writer);
        send_to(RJ_WORKER_CALLS, &writer);
        rogue_crash();
    } else {
        return false;
    }
    return true;
}

/* ---- Floods ---------------------------------------------------------------------------------- */

static bool flood(uint64_t op)
{
    static char large[64 * 1024];
    memset(large, 'x', sizeof large - 1);
    pouring = strncmp(behaviour, "flood-", 6) == 0 && !is("flood-output");
    if (is("flood-log"))
        for (;;)
            send_text(RJ_WIRE_LOG, op, "again and again");
    if (is("flood-log-large"))
        for (;;)
            send_text(RJ_WIRE_LOG, op, large);
    if (is("flood-progress"))
        for (;;)
            send_text(RJ_WIRE_PROGRESS, op, "again and again");
    if (is("flood-reports"))
        for (;;)
            send_text(RJ_WIRE_MISBEHAVED, op, "again and again");
    if (is("flood-subscribe"))
        for (uint64_t token = 1;; token++)
            send_text(RJ_WIRE_SUBSCRIBE, token, "host");
    if (is("flood-busy"))
        for (uint32_t count = 0;; count++)
            send_busy(count);
    if (!is("flood-output"))
        return false;
    for (int i = 0; i < 100 * 16; i++) { /* 100 MiB */
        large[i % 1000] = '\n';
        for (size_t done = 0; done < sizeof large;) {
            long put = rogue_print(large + done, sizeof large - done);
            if (put <= 0)
                rogue_exit(9);
            done += (size_t)put;
        }
    }
    finish(op, RJ_OK, "");
    return true;
}

/* ---- Questions ------------------------------------------------------------------------------- */

/* At the second question a breach, and in the same breath what shows that it was begun. */
static void show_with_the_last_words(uint64_t op, rj_wire_type type)
{
    static unsigned asked;
    rj_wire_writer breach = {0};
    rj_wire_writer shown = {0};
    char both[2 * RJ_WIRE_HEADER];
    if (asked++ == 0) {
        send_empty(RJ_WIRE_BEGUN, op);
        return;
    }
    rj_wire_begin(&breach, RJ_WIRE_HELLO, 0);
    rj_wire_begin(&shown, type, op);
    if (rj_wire_end(&breach) || rj_wire_end(&shown))
        rogue_exit(9);
    memcpy(both, breach.bytes, RJ_WIRE_HEADER);
    memcpy(both + RJ_WIRE_HEADER, shown.bytes, RJ_WIRE_HEADER);
    send_bytes(both, sizeof both);
    rj_wire_discard(&breach);
    rj_wire_discard(&shown);
}

/* What is wrong before the question is begun; false: nothing. */
static bool answer_out_of_turn(uint64_t op)
{
    if (is("die-before-begun"))
        rogue_crash();
    if (is("exit-before-begun"))
        rogue_exit(7);
    if (is("begun-other")) {
        send_empty(RJ_WIRE_BEGUN, op + 1);
    } else if (is("finish-other")) {
        finish(op + 1, RJ_OK, "");
    } else if (is("progress-first")) {
        send_text(RJ_WIRE_PROGRESS, op, "before it was begun");
    } else if (is("begun-last")) {
        show_with_the_last_words(op, RJ_WIRE_BEGUN);
    } else if (is("finish-last")) {
        show_with_the_last_words(op, RJ_WIRE_FINISH);
    } else {
        return false;
    }
    return true;
}

/* What is wrong with frames of a question that is begun; false: nothing. */
static bool break_frames(uint64_t op)
{
    rj_wire_writer writer = {0};
    if (is("garbage")) {
        char bytes[4096];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(unsigned char)(i * 167 + 13);
        send_bytes(bytes, sizeof bytes);
    } else if (is("oversize")) {
        static const unsigned char header[RJ_WIRE_HEADER] = {1, 0, 0x20, 0, RJ_WIRE_LOG};
        send_bytes(header, sizeof header);
    } else if (is("reserved")) {
        send_empty(RJ_WIRE_BUSY | 1u << 24, 0);
    } else if (is("no-type")) {
        send_empty(99, 0);
    } else if (is("cores-type")) {
        send_empty(RJ_WIRE_ASK, op);
    } else if (is("too-much")) {
        make_finish(&writer, op, RJ_OK, "");
        rj_wire_put_u32(&writer, 1);
        send_frame(&writer);
    } else if (is("nul-inside")) {
        rj_wire_begin(&writer, RJ_WIRE_FINISH, op);
        rj_wire_put_i32(&writer, RJ_E_FAILED);
        rj_wire_put_bytes(&writer, "a\0b", 3);
        rj_wire_put_bytes(&writer, NULL, 0);
        send_frame(&writer);
    } else if (is("number-and-more")) {
        send_text(RJ_WIRE_UNSUBSCRIBE, 1, "more");
    } else if (is("half-frame")) {
        make_finish(&writer, op, RJ_OK, "");
        if (rj_wire_end(&writer))
            rogue_exit(9);
        send_bytes(writer.bytes, writer.length - 3);
        rogue_exit(0);
    } else {
        return false;
    }
    return true;
}

static bool break_order(uint64_t op)
{
    if (is("begun-twice")) {
        send_empty(RJ_WIRE_BEGUN, op);
    } else if (is("finish-other")) {
        finish(op + 1, RJ_OK, "");
    } else if (is("finish-none")) {
        finish(0, RJ_OK, "");
    } else if (is("finish-twice")) {
        finish(op, RJ_OK, "");
        finish(op, RJ_OK, "");
    } else if (is("hello-twice")) {
        hello(RJ_WIRE_MAGIC, RJ_WIRE_VERSION);
    } else if (is("ready-twice")) {
        ready();
    } else if (is("stopped-unasked")) {
        stopped();
    } else if (is("subscribe-none")) {
        send_text(RJ_WIRE_SUBSCRIBE, 0, "host");
    } else {
        return false;
    }
    return true;
}

static bool break_itself(uint64_t op)
{
    if (is("die-begun"))
        rogue_crash();
    if (is("exit-begun"))
        rogue_exit(3);
    if (is("close-frames")) {
        rogue_hang_up(RJ_WORKER_FRAMES);
        rogue_sleep_for_ever();
    }
    if (is("close-calls")) {
        rogue_hang_up(RJ_WORKER_CALLS);
        rogue_sleep_for_ever();
    }
    if (is("grandchild")) {
        fprintf(stderr, "child %ld\n", rogue_leave_child());
        fflush(stderr);
        rogue_exit(4);
    }
    if (is("hang"))
        rogue_sleep_for_ever();
    if (is("after-cancel"))
        return true; /* see on_cancel() */
    if (is("words")) {
        finish(op, RJ_E_FAILED, "two\nlines \x1b[31m and %s %n \xff");
        return true;
    }
    if (is("status")) {
        finish(op, 12345, "a status that there is not");
        return true;
    }
    return false;
}

static void on_ask(uint64_t op)
{
    if (answer_out_of_turn(op))
        return;
    send_empty(RJ_WIRE_BEGUN, op);
    if (break_frames(op) || break_order(op) || break_itself(op) || misuse_calls(op) || flood(op))
        return;
    finish(op, RJ_OK, "");
}

static void on_stop(void)
{
    if (is("stop-deaf"))
        return;
    if (is("die-in-stop"))
        rogue_crash();
    stopped();
    if (is("stop-lingers"))
        rogue_sleep_for_ever();
    rogue_exit(0);
}

/* ---- Life ------------------------------------------------------------------------------------ */

/* The next frame's type and handle; its payload is thrown away. */
static uint32_t read_frame(uint64_t *ret_handle)
{
    char header[RJ_WIRE_HEADER];
    rj_wire_frame frame = {0};
    size_t size = 0;
    if (!rj_stream_read_all(RJ_WORKER_FRAMES, header, sizeof header))
        rogue_exit(0);
    rj_wire_take(RJ_WIRE_TO_WORKER, header, sizeof header, &frame, &size);
    char *payload = malloc(size + 1);
    if (!payload || !rj_stream_read_all(RJ_WORKER_FRAMES, payload, size - sizeof header))
        rogue_exit(0);
    free(payload);
    *ret_handle = 0;
    for (unsigned i = 0; i < 8; i++)
        *ret_handle |= (uint64_t)(unsigned char)header[8 + i] << (8 * i);
    return (unsigned char)header[4];
}

static void begin_life(void)
{
    uint64_t handle;
    if (is("exit-at-once"))
        rogue_exit(5);
    read_frame(&handle);
    if (is("die-before-hello"))
        rogue_crash();
    if (is("never-greets"))
        rogue_sleep_for_ever();
    if (is("ready-first"))
        ready();
    if (is("log-first"))
        send_text(RJ_WIRE_LOG, 0, "before the greeting");
    hello(is("wrong-magic") ? 1u : RJ_WIRE_MAGIC, RJ_WIRE_VERSION + is("wrong-version"));
    if (is("die-after-hello"))
        rogue_crash();
    if (is("never-ready"))
        rogue_sleep_for_ever();
    ready();
    if (is("never-reads"))
        rogue_sleep_for_ever();
    if (is("die-after-ready"))
        rogue_crash();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strncmp(argv[1], "rogue.", 6) == 0)
        behaviour = argv[1] + 6;
    if (is("sleeper"))
        rogue_sleep_for_ever();
    if (rj_worker_adopt(argc, argv, NULL))
        rogue_exit(9);
    begin_life();
    for (;;) {
        uint64_t handle;
        uint32_t type = read_frame(&handle);
        if (type == RJ_WIRE_ASK)
            on_ask(handle);
        else if (type == RJ_WIRE_CANCEL && is("after-cancel"))
            finish(handle, RJ_OK, "");
        else if (type == RJ_WIRE_STOP)
            on_stop();
    }
}
