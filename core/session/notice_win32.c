/* SPDX-License-Identifier: MIT */
/* A box on the screen, see notice.h. */
#include "base/alloc.h"
#include "base/native_paths.h"
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

/* Control characters of foreign text do not shape the box. */
static void add(rj_text *whole, const char *part)
{
    char line[1024];
    if (!part || !*part)
        return;
    rj_text_to_line(line, sizeof line, part, strlen(part));
    rj_native_paths(line);
    rj_text_addf(whole, "%s%s", whole->length ? "\n\n" : "", line);
}

bool rj_notice_is_needed(void)
{
    return !stderr_is_read();
}

void rj_notice_show(const char *heading, const char *text, const char *next_step)
{
    rj_text whole = RJ_TEXT_EMPTY;
    if (stderr_is_read())
        return;
    add(&whole, heading);
    add(&whole, text);
    add(&whole, next_step);
    char *all = rj_text_take(&whole);
    wchar_t *wide = all ? rj_wide(all) : NULL;
    MessageBoxW(NULL, wide ? wide : L"The request was refused.", L"RealmJoin",
                MB_OK | MB_ICONWARNING | MB_SETFOREGROUND);
    rj_free(wide);
    rj_free(all);
}
