/* SPDX-License-Identifier: MIT */
/* Sockets and pipes; whether a call waits is said call by call where the kernel lets us. */
#include "platform/stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A pipe knows no flags by call: its reading end is made non-blocking by whoever makes it. */
static ssize_t receive(int stream, void *buffer, size_t size, int flags)
{
    ssize_t got;
    do {
        got = recv(stream, buffer, size, flags);
        if (got < 0 && errno == ENOTSOCK)
            got = read(stream, buffer, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

static ssize_t transmit(int stream, const void *bytes, size_t length, int flags)
{
    ssize_t sent;
    do
        sent = send(stream, bytes, length, flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static long outcome(ssize_t count)
{
    if (count >= 0)
        return (long)count;
    return errno == EAGAIN || errno == EWOULDBLOCK ? RJ_STREAM_AGAIN : RJ_STREAM_LOST;
}

long rj_stream_read(int stream, void *buffer, size_t size)
{
    return outcome(receive(stream, buffer, size, MSG_DONTWAIT));
}

long rj_stream_write(int stream, const void *bytes, size_t length)
{
    return outcome(transmit(stream, bytes, length, MSG_DONTWAIT));
}

static bool wait_for(int stream, short events)
{
    struct pollfd polled = {.fd = stream, .events = events};
    int ready;
    do
        ready = poll(&polled, 1, -1);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

bool rj_stream_read_all(int stream, void *buffer, size_t size)
{
    char *at = buffer;
    while (size) {
        ssize_t got = receive(stream, at, size, 0);
        if (got == 0 || (got < 0 && (outcome(got) == RJ_STREAM_LOST || !wait_for(stream, POLLIN))))
            return false;
        at += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

bool rj_stream_write_all(int stream, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length) {
        ssize_t sent = transmit(stream, at, length, 0);
        if (sent < 0 && (outcome(sent) == RJ_STREAM_LOST || !wait_for(stream, POLLOUT)))
            return false;
        at += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}
