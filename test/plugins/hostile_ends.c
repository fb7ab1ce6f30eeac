/* SPDX-License-Identifier: MIT */
/* The hostile plugin against the core: floods, ends of all kinds, and its own lines misused. */
#include "hostile.h"

#include "hostile_ids.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

HOSTILE_ATTEMPTS(HOSTILE_DECLARE)

/* ---- Floods ---------------------------------------------------------------------------------- */

void kv_flood(hostile *h)
{
    static char value[64 * 1024 + 1];
    const rj_host_kv *kv = h->host->query(h->host, RJ_HOST_KV);
    char key[40];
    long kept = 0;
    rj_status status = RJ_OK;
    hostile_count(h, "too large", kv->set(h->host, "large", value, sizeof value));
    hostile_count(h, "largest", kv->set(h->host, "key-0", value, sizeof value - 1));
    while (kept < 2000 && status == RJ_OK) {
        snprintf(key, sizeof key, "key-%ld", kept);
        status = kv->set(h->host, key, value, 16);
        kept += status == RJ_OK;
    }
    hostile_count(h, "kept", kept);
    hostile_count(h, "then", status);
    hostile_count(h, "replaced", kv->set(h->host, "key-0", "x", 1));
}

void log_flood(hostile *h)
{
    const rj_host_log *log = h->host->query(h->host, RJ_HOST_LOG);
    for (int i = 0; i < 1000000; i++)
        log->write(h->host, RJ_LOG_ERROR, 0, "the sky is falling");
    hostile_count(h, "lines", 1000000);
}

void event_flood(hostile *h)
{
    const rj_host_event *event = h->host->query(h->host, RJ_HOST_EVENT);
    static char json[60000];
    long refused = 0;
    memset(json, ' ', sizeof json);
    memcpy(json, "{}", 2);
    for (int i = 0; i < 5000; i++)
        refused += event->publish(h->host, HOSTILE_ID ".x", json, sizeof json) != RJ_OK;
    hostile_count(h, "refused", refused);
    hostile_count(h, "topic of another", event->publish(h->host, "probe.x", "{}", 2));
    hostile_count(h, "topic of the core", event->publish(h->host, "host.config", "{}", 2));
}

/* What a plugin does that forgets to free, until it does not survive what malloc says. */
void leak(hostile *h)
{
    (void)h;
    for (int i = 0; i < 4096; i++) {
        char *block = malloc(512 * 1024);
        if (!block)
            break;
        memset(block, i, 512 * 1024);
    }
    abort();
}

void query_flood(hostile *h)
{
    long granted = 0;
    for (int i = 0; i < 10000; i++)
        granted += h->host->query(h->host, RJ_HOST_SPAWN) != NULL;
    hostile_count(h, "granted", granted);
}

void print_flood(hostile *h)
{
    (void)h;
    static char block[64 * 1024];
    memset(block, '\n', sizeof block);
    while (write(STDERR_FILENO, block, sizeof block) > 0)
        ;
}

/* ---- Programs -------------------------------------------------------------------------------- */

static void RJ_CALL on_exit_of_program(void *data, const rj_spawn_exit *how)
{
    hostile *h = data;
    hostile_count(h, "exit kind", how->kind);
    hostile_count(h, "exit value", how->value);
    hostile_answer(h);
}

static rj_status start(hostile *h, const rj_host_spawn *table, const char *program,
                       const char *name, const char *variable)
{
    const char *const arguments[] = {name, NULL};
    const char *const environment[] = {variable, NULL};
    const rj_spawn what = {.size = sizeof what,
                           .minor = RJ_ABI_MINOR,
                           .program = program,
                           .arguments = arguments,
                           .environment = environment,
                           .directory = "/"};
    return table->start(h->host, h->now, &what, on_exit_of_program, h, NULL);
}

/* With the grant spawn:/bin/true, or with none. */
void spawn(hostile *h)
{
    const rj_host_spawn *table = h->host->query(h->host, RJ_HOST_SPAWN);
    if (!table) {
        hostile_count(h, "no table", 1);
        return;
    }
    hostile_count(h, "other program", start(h, table, "/bin/false", "false", "A=b"));
    hostile_count(h, "shell", start(h, table, "/bin/sh", "sh", "A=b"));
    hostile_count(h, "roundabout", start(h, table, "/bin/../bin/true", "true", "A=b"));
    hostile_count(h, "foreign code",
                  start(h, table, "/bin/true", "true", "LD_PRELOAD=/tmp/evil.so"));
    hostile_count(h, "other search path", start(h, table, "/bin/true", "true", "PATH=/tmp"));
    hostile_count(h, "other name", start(h, table, "/bin/true", "sh", "A=b"));
    rj_status status = start(h, table, "/bin/true", "/bin/true", "LANG=C");
    hostile_count(h, "granted", status);
    h->later = status == RJ_OK;
}

static void RJ_CALL ignore_exit(void *data, const rj_spawn_exit *how)
{
    (void)data;
    (void)how;
}

/* A bomb made of programs that it may start. */
void programs(hostile *h)
{
    static const char *const arguments[] = {"sleep", "60", NULL};
    const rj_host_spawn *table = h->host->query(h->host, RJ_HOST_SPAWN);
    const rj_spawn what = {.size = sizeof what,
                           .minor = RJ_ABI_MINOR,
                           .program = "/bin/sleep",
                           .arguments = arguments,
                           .directory = "/"};
    long started = 0;
    rj_status status = RJ_OK;
    while (started < 1000 && status == RJ_OK) {
        status = table->start(h->host, h->now, &what, ignore_exit, NULL, NULL);
        started += status == RJ_OK;
    }
    hostile_count(h, "started", started);
    hostile_count(h, "then", status);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

void end_by_exit(hostile *h)
{
    (void)h;
    exit(0);
}

void end_by_abort(hostile *h)
{
    (void)h;
    abort();
}

void end_by_kill(hostile *h)
{
    (void)h;
    raise(SIGKILL);
}

/* Then it neither answers nor hears. */
void end_by_stop(hostile *h)
{
    (void)h;
    raise(SIGSTOP);
}

static void *spin_for_ever(void *unused)
{
    for (volatile unsigned long i = 0;; i++)
        ;
    return unused;
}

void spin(hostile *h)
{
    spin_for_ever(h);
}

/* Without blocking anything. */
void spin_aside(hostile *h)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, spin_for_ever, NULL))
        hostile_count(h, "no thread", 1);
}

void close_lines(hostile *h)
{
    (void)h;
    close(3);
    close(4);
}

void replace_line(hostile *h)
{
    int pipes[2];
    if (pipe(pipes) == 0)
        dup2(pipes[1], 3);
    hostile_count(h, "replaced", 1);
}

static void write_garbage(int line)
{
    char bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 37 + 11);
    ssize_t ignored = write(line, bytes, sizeof bytes);
    (void)ignored;
}

void garbage(hostile *h)
{
    (void)h;
    write_garbage(3);
}

void garbage_call(hostile *h)
{
    (void)h;
    write_garbage(4);
}

void foreign_call(hostile *h)
{
#ifdef __x86_64__
    long result = 20; /* getpid of 32-bit programs */
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    hostile_count(h, "answered", result);
#else
    hostile_count(h, "answered", 0);
#endif
}
