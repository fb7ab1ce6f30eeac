/* SPDX-License-Identifier: MIT */
/* Descriptors as they are, see raw_system.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "raw_system.h"

#include "platform/local_socket.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void raw_prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
}

void raw_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

int raw_connect(const char *path)
{
    rj_local_socket socket;
    assert_int_equal(rj_local_socket_connect(path, &socket, NULL), RJ_OK);
    return (int)socket;
}

void raw_close(int stream)
{
    close(stream);
}

bool raw_is_closed_descriptor(int number)
{
    return fcntl(number, F_GETFD) < 0;
}

void raw_make_folder(char path[RAW_FOLDER_SIZE])
{
    snprintf(path, RAW_FOLDER_SIZE, "/tmp/rj-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    assert_int_equal(chmod(path, 0755), 0); /* also where it is looked at by other accounts */
}

const char *raw_absent_folder(void)
{
    return "/nowhere";
}

int raw_signal(void)
{
    return SIGUSR2;
}

void raw_raise(int number)
{
    kill(getpid(), number);
}
