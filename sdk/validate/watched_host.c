/* SPDX-License-Identifier: MIT */
/* Tables in front of the host's own; calls come from the loop and from lanes, so there is a lock. */
#include "watched_host.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define FINISHED_MAX 256u
#define MISUSES_MAX 6u

static struct {
    uv_mutex_t lock;
    int has_lock;
    rj_host host;
    const rj_host *real;
    rj_op finished[FINISHED_MAX]; /* a ring */
    size_t finished_count;
    char misuses[MISUSES_MAX][80];
    size_t misuse_count;
} watched;

static const rj_host_op *ops(void)
{
    return watched.real->query(watched.real, RJ_HOST_OP);
}

static void use(rj_op op, const char *what)
{
    uv_mutex_lock(&watched.lock);
    for (size_t i = 0; op && i < watched.finished_count && i < FINISHED_MAX; i++)
        if (watched.finished[i] == op && watched.misuse_count < MISUSES_MAX)
            snprintf(watched.misuses[watched.misuse_count++], sizeof watched.misuses[0], "%s",
                     what);
    uv_mutex_unlock(&watched.lock);
}

static void RJ_CALL progress(const rj_host *host, rj_op op, int32_t permille, const char *text)
{
    (void)host;
    use(op, "progress()");
    ops()->progress(watched.real, op, permille, text);
}

static rj_status RJ_CALL set_result(const rj_host *host, rj_op op, const char *json, size_t length)
{
    (void)host;
    use(op, "set_result()");
    return ops()->set_result(watched.real, op, json, length);
}

static void RJ_CALL finish(const rj_host *host, rj_op op, rj_status status, const char *message)
{
    (void)host;
    ops()->finish(watched.real, op, status, message); /* a second one is seen there */
    uv_mutex_lock(&watched.lock);
    watched.finished[watched.finished_count++ % FINISHED_MAX] = op;
    uv_mutex_unlock(&watched.lock);
}

static int32_t RJ_CALL cancelled(const rj_host *host, rj_op op)
{
    (void)host;
    return ops()->cancelled(watched.real, op);
}

static int64_t RJ_CALL remaining_ms(const rj_host *host, rj_op op)
{
    (void)host;
    return ops()->remaining_ms(watched.real, op);
}

static rj_status RJ_CALL on_cancel(const rj_host *host, rj_op op, void(RJ_CALL *wake)(void *data),
                                   void *data)
{
    (void)host;
    if (wake)
        use(op, "on_cancel()");
    return ops()->on_cancel(watched.real, op, wake, data);
}

static rj_status RJ_CALL run(const rj_host *host, rj_op op,
                             void(RJ_CALL *work)(rj_op op, void *data),
                             void(RJ_CALL *done)(rj_op op, void *data, int32_t started), void *data)
{
    const rj_host_exec *exec = watched.real->query(watched.real, RJ_HOST_EXEC);
    (void)host;
    use(op, "exec.run()");
    return exec->run(watched.real, op, work, done, data);
}

static rj_status RJ_CALL start(const rj_host *host, rj_op op, const rj_spawn *spawn,
                               void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                               void *data, uint64_t *ret_child)
{
    const rj_host_spawn *real = watched.real->query(watched.real, RJ_HOST_SPAWN);
    (void)host;
    use(op, "spawn.start()");
    return real->start(watched.real, op, spawn, on_exit, data, ret_child);
}

static void RJ_CALL kill_child(const rj_host *host, uint64_t child)
{
    const rj_host_spawn *real = watched.real->query(watched.real, RJ_HOST_SPAWN);
    (void)host;
    real->kill(watched.real, child);
}

static const void *RJ_CALL query(const rj_host *host, const char *id)
{
    static const rj_host_op op_table = {sizeof op_table, RJ_ABI_MINOR, progress,     set_result,
                                        finish,          cancelled,    remaining_ms, on_cancel};
    static const rj_host_exec exec_table = {sizeof exec_table, RJ_ABI_MINOR, run};
    static const rj_host_spawn spawn_table = {sizeof spawn_table, RJ_ABI_MINOR, start, kill_child};
    const void *real = watched.real->query(watched.real, id);
    (void)host;
    if (!real || !id)
        return NULL;
    return strcmp(id, RJ_HOST_OP) == 0      ? (const void *)&op_table
           : strcmp(id, RJ_HOST_EXEC) == 0  ? (const void *)&exec_table
           : strcmp(id, RJ_HOST_SPAWN) == 0 ? (const void *)&spawn_table
                                            : real;
}

const rj_host *rj_watched_host(const rj_host *host)
{
    if (!watched.has_lock && uv_mutex_init(&watched.lock))
        return host; /* out of memory: not watched */
    watched.has_lock = 1;
    watched.real = host;
    watched.host =
        (rj_host){.size = sizeof(rj_host), .minor = RJ_ABI_MINOR, .ctx = host->ctx, .query = query};
    watched.finished_count = 0;
    watched.misuse_count = 0;
    return &watched.host;
}

void rj_watched_host_report(rj_report *report)
{
    if (!watched.has_lock)
        return;
    uv_mutex_lock(&watched.lock);
    for (size_t i = 0; i < watched.misuse_count; i++)
        rj_report_finding(report, "an op is not used after it was finished",
                          "make finish() the last thing you do with an op",
                          "%s was called with an op the plugin had finished", watched.misuses[i]);
    watched.misuse_count = 0;
    uv_mutex_unlock(&watched.lock);
}
