/* SPDX-License-Identifier: MIT */
/* Pages of the policy in the person's browser, and the clipboard. */
#include "tray_win32.h"

#include <shellapi.h>
#include <stdlib.h>
#include <string.h>

bool page_open(HWND owner, const char *target)
{
    wchar_t *wide = tray_is_page(target) ? tray_wide(target) : NULL;
    SHELLEXECUTEINFOW info = {.cbSize = sizeof info,
                              .fMask = SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
                              .hwnd = owner,
                              .lpVerb = L"open",
                              .lpFile = wide,
                              .nShow = SW_SHOWNORMAL};
    bool opened = wide && ShellExecuteExW(&info);
    free(wide);
    return opened;
}

bool clipboard_put(HWND owner, const char *text)
{
    wchar_t *lines = tray_wide_lines(text);
    size_t size = lines ? (wcslen(lines) + 1) * sizeof *lines : 0;
    HGLOBAL block = lines ? GlobalAlloc(GMEM_MOVEABLE, size) : NULL;
    void *bytes = block ? GlobalLock(block) : NULL;
    bool put = false;
    if (bytes) {
        memcpy(bytes, lines, size);
        GlobalUnlock(block);
        if (OpenClipboard(owner)) {
            EmptyClipboard();
            put = SetClipboardData(CF_UNICODETEXT, block) != NULL;
            CloseClipboard();
        }
    }
    if (block && !put) /* what was put belongs to the clipboard */
        GlobalFree(block);
    free(lines);
    return put;
}
