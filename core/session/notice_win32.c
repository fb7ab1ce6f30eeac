/* SPDX-License-Identifier: MIT */
/* A box on the screen, see notice.h. */
#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/wide_win32.h"
#include "session/notice.h"
#include <stdbool.h>
#include <string.h>

/* A console, a file or a pipe; not NUL, which a program of the desktop gets. */
static bool stderr_is_read(void)
{
    HANDLE handle = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode = 0, type = handle ? GetFileType(handle) : FILE_TYPE_UNKNOWN;
    return type == FILE_TYPE_DISK || type == FILE_TYPE_PIPE || GetConsoleMode(handle, &mode);
}

void rj_notice_show(const char *text)
{
    char line[1024]; /* control characters of foreign text do not shape the box */
    if (stderr_is_read())
        return;
    rj_text_to_line(line, sizeof line, text, strlen(text));
    wchar_t *wide = rj_wide(line);
    MessageBoxW(NULL, wide ? wide : L"The request was refused.", L"RealmJoin",
                MB_OK | MB_ICONWARNING | MB_SETFOREGROUND);
    rj_free(wide);
}
