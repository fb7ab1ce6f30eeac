/* SPDX-License-Identifier: MIT */
/*
 * Times round trips of one JSON-RPC method over the agent's socket, and, for comparison, of the same
 * number of bytes through an echo over a socket pair between two processes.
 *
 *     ipc_bench SOCKET METHOD ROUNDS     prints "p50 p99 echo_p50 echo_p99 bytes", microseconds
 */
#include "platform/local_socket.h"
#include "platform/system.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Send `length` bytes and read until the answer's line ends (or `expect` bytes).  0: lost. */
static size_t exchange(int fd, const char *message, size_t length, char *answer, size_t expect)
{
    if (write(fd, message, length) != (ssize_t)length)
        return 0;
    size_t have = 0;
    for (;;) {
        ssize_t got = read(fd, answer + have, ANSWER_MAX - have);
        if (got <= 0)
            return 0;
        have += (size_t)got;
        if (expect ? have >= expect : answer[have - 1] == '\n')
            return have;
        if (have == ANSWER_MAX)
            return 0;
    }
}

static int measure(int fd, const char *message, size_t length, char *answer, size_t expect,
                   size_t rounds, double *took)
{
    for (size_t i = 0; i < rounds; i++) {
        uint64_t begin = rj_clock_monotonic_ns();
        if (exchange(fd, message, length, answer, expect) == 0)
            return 0;
        took[i] = (double)(rj_clock_monotonic_ns() - begin) / 1e3;
    }
    qsort(took, rounds, sizeof *took, by_value);
    return 1;
}

/* The peer of the comparison: reads a request, sends as many bytes as the agent's answer has. */
static void echo(int fd, size_t request, const char *answer, size_t length)
{
    char buffer[4096];
    size_t have = 0;
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0)
            _exit(0);
        have += (size_t)got;
        if (have < request)
            continue;
        have = 0;
        if (write(fd, answer, length) != (ssize_t)length)
            _exit(0);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: ipc_bench SOCKET METHOD ROUNDS\n");
        return 2;
    }
    size_t rounds = strtoul(argv[3], NULL, 10);
    if (rounds < 10 || rounds > 1000000) {
        fprintf(stderr, "ipc_bench: 10..1000000 rounds\n");
        return 2;
    }
    rj_error err = RJ_ERROR_NONE;
    int pair[2];
    rj_local_socket service;
    if (rj_local_socket_connect(argv[1], &service, &err) != RJ_OK) {
        fprintf(stderr, "ipc_bench: %s\n", err.text);
        return 1;
    }
    int fd = (int)service;
    char message[256];
    int length = snprintf(message, sizeof message,
                          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%.64s\"}\n", argv[2]);
    char *answer = malloc(ANSWER_MAX);
    double *took = malloc(rounds * sizeof *took);
    if (answer == NULL || took == NULL)
        return 1;
    size_t bytes = exchange(fd, message, (size_t)length, answer, 0);
    if (bytes == 0 || strstr(answer, "\"result\"") == NULL ||
        !measure(fd, message, (size_t)length, answer, 0, rounds, took)) {
        fprintf(stderr, "ipc_bench: the agent did not answer %s\n", argv[2]);
        return 1;
    }
    double p50 = took[rounds / 2], p99 = took[rounds * 99 / 100];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        close(pair[0]);
        echo(pair[1], (size_t)length, answer, bytes);
    }
    close(pair[1]);
    if (child < 0 || !measure(pair[0], message, (size_t)length, answer, bytes, rounds, took))
        return 1;
    close(pair[0]);
    waitpid(child, NULL, 0);
    printf("%.2f %.2f %.2f %.2f %zu\n", p50, p99, took[rounds / 2], took[rounds * 99 / 100], bytes);
    return 0;
}
