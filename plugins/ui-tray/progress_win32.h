/* SPDX-License-Identifier: MIT */
/* One progress window: progress_win32.c is what it does, progress_layout_win32.c what it looks like. */
#ifndef UI_TRAY_PROGRESS_WIN32_H
#define UI_TRAY_PROGRESS_WIN32_H

#include "tray_win32.h"

#include <commctrl.h>

#define PROGRESS_CLASS_NAME L"RealmJoinProgress"

/* Controls, in the order of the Tab key; the number is also the command's. */
enum {
    P_TEXT,
    P_BAR,
    P_STATUS = 10, /* 1 and 2 are Enter and Esc */
    P_NEXT,
    P_DETAILS,
    P_MORE,
    P_COPY,
    P_CANCEL,
    P_DONE,
    P_COUNT
};

struct progress {
    struct progress *next;
    tray *view;
    char id[65];
    HWND window; /* NULL: closed by the person */
    HWND controls[P_COUNT];
    HFONT title_font, font, fixed_font;
    HBRUSH back_brush, field_brush;
    HICON small_icon, large_icon;
    tray_state state;
    int strip_top;
    bool without_bar; /* over, and never half-way */
    bool moving, over, cancelling, details_open;
    bool close_untold; /* the session was too busy to hear that the person closed it */
};

bool progress_create(progress *p); /* window and controls, not yet shown */
void progress_style(progress *p);  /* fonts, brushes, icons for the scale and colours of now */
void progress_drop_style(progress *p);
void progress_layout(progress *p); /* after a text or the scale has changed */
void progress_place(progress *p);  /* lower right, or the middle of the screen */

/* details_win32.c */
void details_show(HWND control, const char *details);
void details_show_end(HWND control); /* it was opened */

#endif
