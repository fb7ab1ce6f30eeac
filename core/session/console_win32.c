/* SPDX-License-Identifier: MIT */
/*
 * The console of the parent, see console.h.
 *
 * Standard handles that were given stay.  A console that is attached gets UTF-8, as all our text is, and
 * gets its own code page back at the end.
 */
#include "session/console.h"
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

static bool seen;
static UINT code_page_before;

static bool is_given(DWORD which)
{
    HANDLE handle = GetStdHandle(which);
    return handle && handle != INVALID_HANDLE_VALUE && GetFileType(handle) != FILE_TYPE_UNKNOWN;
}

/* `where`: "CONOUT$" or "NUL". */
static void point(FILE *stream, const char *where)
{
    if (!freopen(where, "w", stream)) /* it cannot be helped, and nobody could be told */
        return;
    setvbuf(stream, NULL, stream == stderr ? _IONBF : _IOFBF, BUFSIZ);
}

static void put_code_page_back(void)
{
    SetConsoleOutputCP(code_page_before);
}

static void use_utf8(void)
{
    UINT now = GetConsoleOutputCP();
    if (!now || now == CP_UTF8)
        return;
    code_page_before = now;
    if (SetConsoleOutputCP(CP_UTF8))
        atexit(put_code_page_back);
}

void rj_console_prepare(void)
{
    bool out = is_given(STD_OUTPUT_HANDLE), err = is_given(STD_ERROR_HANDLE);
    bool attached = false;
    if (!out || !err)
        attached = AttachConsole(ATTACH_PARENT_PROCESS);
    if (!out)
        point(stdout, attached ? "CONOUT$" : "NUL");
    if (!err)
        point(stderr, attached ? "CONOUT$" : "NUL");
    _setmode(_fileno(stdout), _O_BINARY); /* lines end as everywhere */
    _setmode(_fileno(stderr), _O_BINARY);
    use_utf8();
    seen = err || attached;
}

bool rj_console_is_seen(void)
{
    return seen;
}
