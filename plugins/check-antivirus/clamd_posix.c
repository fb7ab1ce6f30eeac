/* SPDX-License-Identifier: MIT */
/* One question to a ClamAV daemon over its UNIX socket; see clamd.h. */
#include "clamd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bounded_file.h"

#define SLICE_MS 50

typedef struct conversation {
    int fd;
    long long give_up; /* monotonic ms */
    bool (*stop)(const void *data);
    const void *data;
} conversation;

const char *clamd_outcome_text(clamd_outcome outcome)
{
    switch (outcome) {
    case CLAMD_ANSWERED:
        return "answers";
    case CLAMD_NO_SOCKET:
        return "does not exist";
    case CLAMD_NOT_SOCKET:
        return "is not a socket";
    case CLAMD_REFUSED:
        return "may not be used (permission denied)";
    case CLAMD_DEAD:
        return "is left over: nobody listens";
    case CLAMD_SILENT:
        return "does not answer in time";
    case CLAMD_GARBAGE:
        return "answers what no ClamAV answers";
    case CLAMD_STOPPED:
        break;
    }
    return "was not asked to the end";
}

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Through the handle: the path may be longer than a socket address, and stays below the root. */
static clamd_outcome connect_to(const char *root, const char *path, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    clamd_outcome outcome = CLAMD_ANSWERED;
    struct stat info;
    int handle;

    switch (bounded_file_locate(root, path, &handle)) {
    case FILE_READ:
        break;
    case FILE_MISSING:
        return CLAMD_NO_SOCKET;
    case FILE_REFUSED:
        return CLAMD_REFUSED;
    default:
        return CLAMD_NOT_SOCKET;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", handle);
    if (fstat(handle, &info) != 0 || !S_ISSOCK(info.st_mode))
        outcome = CLAMD_NOT_SOCKET;
    else if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        outcome = errno == EACCES || errno == EPERM ? CLAMD_REFUSED
                  : errno == ECONNREFUSED           ? CLAMD_DEAD
                                                    : CLAMD_SILENT;
    close(handle);
    return outcome;
}

/* Wait until the socket is ready. */
static clamd_outcome await(const conversation *talk, short events)
{
    for (;;) {
        struct pollfd wait = {.fd = talk->fd, .events = events};

        if (talk->stop(talk->data))
            return CLAMD_STOPPED;
        if (now_ms() >= talk->give_up)
            return CLAMD_SILENT;
        if (poll(&wait, 1, SLICE_MS) > 0)
            return CLAMD_ANSWERED;
    }
}

static clamd_outcome send_command(const conversation *talk, const char *command)
{
    char text[64];
    size_t length = (size_t)snprintf(text, sizeof text, "z%s", command) + 1, sent = 0;

    while (sent < length) {
        clamd_outcome outcome = await(talk, POLLOUT);
        ssize_t got;

        if (outcome != CLAMD_ANSWERED)
            return outcome;
        got = send(talk->fd, text + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return CLAMD_SILENT;
        if (got > 0)
            sent += (size_t)got;
    }
    return CLAMD_ANSWERED;
}

static clamd_outcome receive_answer(const conversation *talk, char *ret_answer)
{
    char answer[CLAMD_MAX_ANSWER];
    size_t used = 0;

    while (used < sizeof answer) {
        clamd_outcome outcome = await(talk, POLLIN);
        ssize_t got;

        if (outcome != CLAMD_ANSWERED)
            return outcome;
        got = recv(talk->fd, answer + used, sizeof answer - used, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return CLAMD_SILENT;
        used += (size_t)got;
        if (memchr(answer, '\0', used)) {
            memcpy(ret_answer, answer, used);
            return CLAMD_ANSWERED;
        }
    }
    return CLAMD_GARBAGE;
}

clamd_outcome clamd_ask(const char *root, const char *path, const char *command,
                        bool (*stop)(const void *data), const void *data, char *ret_answer)
{
    conversation talk = {.stop = stop, .data = data, .give_up = now_ms() + CLAMD_TIME_LIMIT_MS};
    clamd_outcome outcome;

    talk.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (talk.fd < 0)
        return CLAMD_SILENT;
    outcome = connect_to(root, path, talk.fd);
    if (outcome == CLAMD_ANSWERED)
        outcome = send_command(&talk, command);
    if (outcome == CLAMD_ANSWERED)
        outcome = receive_answer(&talk, ret_answer);
    close(talk.fd);
    return outcome;
}
