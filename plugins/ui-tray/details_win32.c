/* SPDX-License-Identifier: MIT */
/*
 * The details of a progress window: a text that grows while somebody reads it.
 *
 * Whoever looks at its end goes on looking at its end.  Anybody else keeps what is selected and the lines that are
 * on the screen; an edit control by itself jumps to whatever is inserted.
 */
#include "details_change.h"
#include "progress_win32.h"

#include <stdlib.h>

typedef struct selection {
    DWORD start, end;
    bool backwards; /* being made upwards: its beginning moves on */
} selection;

static int ask(HWND control, UINT message, WPARAM w, LPARAM l)
{
    return (int)SendMessageW(control, message, w, l);
}

static wchar_t *text_of(HWND control)
{
    int length = GetWindowTextLengthW(control);
    wchar_t *text = calloc((size_t)length + 1, sizeof *text);
    if (text)
        GetWindowTextW(control, text, length + 1);
    return text;
}

static int lines_visible(HWND control)
{
    RECT area = {0};
    TEXTMETRICW metrics = {0};
    HDC device = GetDC(control);
    HGDIOBJ before = SelectObject(device, (HFONT)SendMessageW(control, WM_GETFONT, 0, 0));
    GetTextMetricsW(device, &metrics);
    SelectObject(device, before);
    ReleaseDC(control, device);
    SendMessageW(control, EM_GETRECT, 0, (LPARAM)&area);
    return metrics.tmHeight > 0 ? (int)(area.bottom - area.top) / (int)metrics.tmHeight : 0;
}

static int first_line_of_end(HWND control)
{
    int first = ask(control, EM_GETLINECOUNT, 0, 0) - lines_visible(control);
    return first > 0 ? first : 0;
}

static void scroll_to(HWND control, int line)
{
    SendMessageW(control, EM_LINESCROLL, 0, line - ask(control, EM_GETFIRSTVISIBLELINE, 0, 0));
}

static selection selected(HWND control)
{
    selection now = {0};
    POINT caret = {0};
    SendMessageW(control, EM_GETSEL, (WPARAM)&now.start, (LPARAM)&now.end);
    if (now.start != now.end && GetFocus() == control && GetCaretPos(&caret)) {
        LRESULT place = SendMessageW(control, EM_POSFROMCHAR, now.start, 0);
        now.backwards = caret.x == (short)LOWORD(place) && caret.y == (short)HIWORD(place);
    }
    return now;
}

static void insert(HWND control, size_t from, size_t to, const wchar_t *text)
{
    if (from == to && !*text)
        return;
    SendMessageW(control, EM_SETSEL, from, (LPARAM)to);
    SendMessageW(control, EM_REPLACESEL, FALSE, (LPARAM)text);
}

static void replace(HWND control, const wchar_t *shown, const wchar_t *text)
{
    details_change change = details_compare(shown, text);
    selection was = selected(control);
    size_t end = wcslen(shown);
    int first = ask(control, EM_GETFIRSTVISIBLELINE, 0, 0);
    size_t top = (size_t)ask(control, EM_LINEINDEX, (WPARAM)first, 0);
    bool hidden = !(GetWindowLongPtrW(control, GWL_STYLE) & WS_VISIBLE);
    bool follow = was.start == was.end && first >= first_line_of_end(control);
    if (!hidden) /* it would show a hidden one */
        SendMessageW(control, WM_SETREDRAW, FALSE, 0);
    insert(control, 0, change.dropped, L"");
    insert(control, change.kept, end - change.dropped, text + change.kept);
    size_t anchor = details_moved(&change, was.backwards ? was.end : was.start);
    size_t caret = details_moved(&change, was.backwards ? was.start : was.end);
    if (was.start == was.end && was.end == end)
        anchor = caret = wcslen(text);
    SendMessageW(control, EM_SETSEL, anchor, (LPARAM)caret);
    scroll_to(control, follow ? first_line_of_end(control)
                              : ask(control, EM_LINEFROMCHAR, details_moved(&change, top), 0));
    if (!hidden) {
        SendMessageW(control, WM_SETREDRAW, TRUE, 0);
        /* With its scroll bar, which has not been drawn meanwhile. */
        RedrawWindow(control, NULL, NULL, RDW_ERASE | RDW_FRAME | RDW_INVALIDATE | RDW_ALLCHILDREN);
    }
}

void details_show(HWND control, const char *details)
{
    wchar_t *text = tray_wide_lines(details), *shown = text_of(control);
    if (text && shown && wcscmp(shown, text) != 0)
        replace(control, shown, text);
    free(shown);
    free(text);
}

void details_show_end(HWND control)
{
    selection now = selected(control);
    if (now.start == now.end)
        scroll_to(control, first_line_of_end(control));
}
