/* SPDX-License-Identifier: MIT */
/* Descriptors as they are, see test_stream.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_stream.h"

#include "platform/local_socket.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

void test_stream_prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
}

void test_stream_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

int test_stream_connect(const char *path)
{
    rj_local_socket socket;
    assert_int_equal(rj_local_socket_connect(path, &socket, NULL), RJ_OK);
    return (int)socket;
}

void test_stream_close(int stream)
{
    close(stream);
}
