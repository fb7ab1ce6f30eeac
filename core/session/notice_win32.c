/* SPDX-License-Identifier: MIT */
/* A box on the screen, see notice.h. */
#include "base/alloc.h"
#include "base/text.h"
#include "platform/win32/wide_win32.h"
#include "session/console.h"
#include "session/notice.h"
#include <string.h>

void rj_notice_show(const char *text)
{
    char line[1024]; /* control characters of foreign text do not shape the box */
    if (rj_console_is_seen())
        return;
    rj_text_to_line(line, sizeof line, text, strlen(text));
    wchar_t *wide = rj_wide(line);
    MessageBoxW(NULL, wide ? wide : L"The request was refused.", L"RealmJoin",
                MB_OK | MB_ICONWARNING | MB_SETFOREGROUND);
    rj_free(wide);
}
