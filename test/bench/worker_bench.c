/* SPDX-License-Identifier: MIT */
/*
 * Times a plugin in a worker: from nothing to its first answer, and questions to a worker that is there;
 * the same questions in-process for comparison.
 *
 *     worker_bench ROOT STARTS ROUNDS
 *
 * ROOT has the worker program and /opt/realmjoin/plugins/bench-answer as installed (test/bench/run
 * lays it out).  Prints one line of JSON, times in microseconds.
 */
#include "base/json.h"
#include "platform/system.h"
#include "runtime/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct bench {
    rj_loop *loop;
    rj_paths *paths;
    rj_runtime *runtime;
    bool answered;
    bool stopped;
    rj_status status;
} bench;

static rj_status kv_get(void *data, const char *plugin_id, const char *key, rj_sink sink,
                        void *sink_data, rj_error *err)
{
    (void)data, (void)plugin_id, (void)key, (void)sink, (void)sink_data, (void)err;
    return RJ_E_NOT_FOUND;
}

static rj_status kv_set(void *data, const char *plugin_id, const char *key, const void *bytes,
                        size_t length, rj_error *err)
{
    (void)data, (void)plugin_id, (void)key, (void)bytes, (void)length, (void)err;
    return RJ_OK;
}

static rj_status kv_remove(void *data, const char *plugin_id, const char *key, rj_error *err)
{
    (void)data, (void)plugin_id, (void)key, (void)err;
    return RJ_OK;
}

static _Noreturn void give_up(const char *what, const rj_error *err)
{
    fprintf(stderr, "worker_bench: %s: %s\n", what, err->text);
    exit(1);
}

static void load(bench *b, const char *placement)
{
    rj_error err = RJ_ERROR_NONE;
    json_t *policy = json_pack("{s:{s:s}}", "bench-answer", "Isolation", placement);
    rj_runtime_options options = {.loop = b->loop,
                                  .paths = b->paths,
                                  .role = RJ_ROLE_SERVICE,
                                  .kv = {.get = kv_get, .set = kv_set, .remove = kv_remove},
                                  .plugins_policy = policy};
    if (rj_runtime_new(&options, &b->runtime, &err) || rj_runtime_load(b->runtime, &err))
        give_up("loading", &err);
    json_decref(policy);
}

static void on_stopped(void *data)
{
    ((bench *)data)->stopped = true;
}

static void unload(bench *b)
{
    b->stopped = false;
    rj_runtime_stop(b->runtime, on_stopped, b);
    while (!b->stopped)
        rj_loop_turn(b->loop, 100);
    rj_runtime_free(b->runtime);
}

static void on_answer(void *data, const rj_answer *answer)
{
    bench *b = data;
    b->answered = true;
    b->status = answer->status;
    if (answer->status)
        fprintf(stderr, "worker_bench: %s\n", answer->message);
}

static double ask(bench *b)
{
    rj_question question = {.deadline_ms = 30000, .answered = on_answer, .data = b};
    b->answered = false;
    uint64_t begin = rj_clock_monotonic_ns();
    rj_runtime_evaluate(b->runtime, "bench-answer", &question);
    while (!b->answered)
        rj_loop_turn(b->loop, 1000);
    if (b->status)
        exit(1);
    return (double)(rj_clock_monotonic_ns() - begin) / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Middle and 99th of a hundred. */
static void sort(double *took, size_t count, double *ret_p50, double *ret_p99)
{
    qsort(took, count, sizeof *took, by_value);
    *ret_p50 = took[count / 2];
    *ret_p99 = took[count * 99 / 100];
}

/* The least two processes need for a question and an answer: bytes there and back. */
static void echo(double *took, size_t rounds)
{
    int pair[2];
    char bytes[100] = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        close(pair[0]);
        while (read(pair[1], bytes, sizeof bytes) == (ssize_t)sizeof bytes)
            if (write(pair[1], bytes, sizeof bytes) < 0)
                break;
        _exit(0);
    }
    close(pair[1]);
    for (size_t i = 0; i < rounds; i++) {
        uint64_t begin = rj_clock_monotonic_ns();
        if (write(pair[0], bytes, sizeof bytes) < 0 || read(pair[0], bytes, sizeof bytes) <= 0)
            exit(1);
        took[i] = (double)(rj_clock_monotonic_ns() - begin) / 1e3;
    }
    close(pair[0]);
    waitpid(child, NULL, 0);
}

static json_int_t memory_of_worker(bench *b)
{
    json_t *list = rj_runtime_describe(b->runtime);
    json_t *worker = json_object_get(json_array_get(list, 0), "worker");
    json_int_t memory = json_integer_value(json_object_get(worker, "memory_kb"));
    json_decref(list);
    return memory;
}

int main(int argc, char **argv)
{
    bench b = {0};
    rj_error err = RJ_ERROR_NONE;
    size_t starts = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    size_t rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (starts < 3 || starts > 1000 || rounds < 100 || rounds > 1000000) {
        fprintf(stderr, "usage: worker_bench ROOT STARTS ROUNDS (3..1000, 100..1000000)\n");
        return 2;
    }
    double *took = calloc(rounds + starts, sizeof *took);
    if (!took || rj_loop_new(&b.loop, &err) ||
        rj_paths_new(RJ_ROLE_SERVICE, argv[1], NULL, &b.paths, &err))
        give_up("beginning", &err);

    double first, first99, worker, worker99, inside, inside99, echo50, echo99;
    for (size_t i = 0; i < starts; i++) {
        load(&b, "worker");
        took[i] = ask(&b);
        unload(&b);
    }
    sort(took, starts, &first, &first99);

    load(&b, "worker");
    for (size_t i = 0; i < 100; i++)
        ask(&b);
    for (size_t i = 0; i < rounds; i++)
        took[i] = ask(&b);
    sort(took, rounds, &worker, &worker99);
    json_int_t memory = memory_of_worker(&b);
    unload(&b);

    load(&b, "in-process");
    for (size_t i = 0; i < rounds; i++)
        took[i] = ask(&b);
    sort(took, rounds, &inside, &inside99);
    unload(&b);

    echo(took, rounds);
    sort(took, rounds, &echo50, &echo99);
    printf(
        "{\"first_p50\": %.1f, \"worker_p50\": %.2f, \"worker_p99\": %.2f, \"inside_p50\": %.2f, "
        "\"inside_p99\": %.2f, \"echo_p50\": %.2f, \"worker_kb\": %lld}\n",
        first, worker, worker99, inside, inside99, echo50, (long long)memory);
    free(took);
    rj_paths_free(b.paths);
    rj_loop_free(b.loop);
    return 0;
}
