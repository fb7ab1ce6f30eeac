/* SPDX-License-Identifier: MIT */
/* Descriptors are numbers of ours, see test_stream.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_stream.h"

#include "platform/local_socket.h"
#include "platform/win32/descriptor_win32.h"

enum { BOTH = RJ_DESCRIPTOR_READ | RJ_DESCRIPTOR_WRITE };

void test_stream_prepare(void)
{
    /* Writing to nobody is only an error here. */
}

void test_stream_pair(int pair[2])
{
    HANDLE other = NULL;
    assert_int_equal(rj_descriptor_make_pipe(BOTH, true, &pair[0], &other, NULL), RJ_OK);
    assert_int_equal(rj_descriptor_of_pipe(other, BOTH, &pair[1], NULL), RJ_OK);
}

int test_stream_connect(const char *path)
{
    rj_local_socket socket;
    int number = -1;
    rj_error err = RJ_ERROR_NONE;
    if (rj_local_socket_connect(path, &socket, &err) != RJ_OK)
        fail_msg("%s", err.text);
    assert_int_equal(rj_descriptor_of_pipe((HANDLE)socket, BOTH, &number, NULL), RJ_OK);
    return number;
}

void test_stream_close(int stream)
{
    rj_descriptor_close(stream);
}
