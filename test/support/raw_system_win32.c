/* SPDX-License-Identifier: MIT */
/* Descriptors are numbers of ours, see raw_system.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "raw_system.h"

#include "base/alloc.h"
#include "platform/local_socket.h"
#include "platform/win32/descriptor_win32.h"
#include "platform/win32/wide_win32.h"

#include <stdio.h>

enum { BOTH = RJ_DESCRIPTOR_READ | RJ_DESCRIPTOR_WRITE };

void raw_prepare(void)
{
    /* Writing to nobody is only an error here. */
}

void raw_pair(int pair[2])
{
    HANDLE other = NULL;
    assert_int_equal(rj_descriptor_make_pipe(BOTH, true, &pair[0], &other, NULL), RJ_OK);
    assert_int_equal(rj_descriptor_of_pipe(other, BOTH, &pair[1], NULL), RJ_OK);
}

int raw_connect(const char *path)
{
    rj_local_socket socket;
    int number = -1;
    rj_error err = RJ_ERROR_NONE;
    if (rj_local_socket_connect(path, &socket, &err) != RJ_OK)
        fail_msg("%s", err.text);
    assert_int_equal(rj_descriptor_of_pipe((HANDLE)socket, BOTH, &number, NULL), RJ_OK);
    return number;
}

void raw_close(int stream)
{
    rj_descriptor_close(stream);
}

bool raw_is_closed_descriptor(int number)
{
    return rj_descriptor_handle(number) == NULL;
}

void raw_make_folder(char path[RAW_FOLDER_SIZE])
{
    static unsigned made;
    wchar_t folder[MAX_PATH];
    wchar_t name[64];
    DWORD length = GetTempPathW(MAX_PATH - 64, folder);
    assert_true(length > 0 && length < MAX_PATH - 64);
    swprintf(name, 64, L"rj-test-%lu-%llu-%u", GetCurrentProcessId(),
             (unsigned long long)GetTickCount64(), made++);
    wcscat(folder, name);
    assert_true(CreateDirectoryW(folder, NULL));
    char *text = rj_utf8(folder);
    assert_non_null(text);
    snprintf(path, RAW_FOLDER_SIZE, "%s", text);
    rj_free(text);
    for (char *at = path; *at; at++)
        *at = (char)(*at == '\\' ? '/' : *at);
}

const char *raw_absent_folder(void)
{
    return "C:/nowhere";
}

int raw_signal(void)
{
    return 0;
}

void raw_raise(int number)
{
    (void)number;
}
