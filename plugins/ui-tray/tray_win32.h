/* SPDX-License-Identifier: MIT */
/* What the files of the view share.  All but `pending`, `questions` and `quitting` belongs to the
 * thread of tray_run(). */
#ifndef UI_TRAY_TRAY_WIN32_H
#define UI_TRAY_TRAY_WIN32_H

#include "tray.h"
#include "tray_model.h"
#include "ui_env.h"

#include <windows.h>

#define TRAY_WM_ICON (WM_APP + 1)  /* from the notification area */
#define TRAY_WM_MODEL (WM_APP + 2) /* a newer model waits */
#define TRAY_WM_LOOK (WM_APP + 3)  /* questions came or were withdrawn, or it is over */
#define TRAY_WM_OPEN (WM_APP + 4)  /* the model wants the menu to be opened */

typedef struct tray_question {
    struct tray_question *next;
    rj_op op;
    tray_prompt *prompt;
} tray_question;

typedef struct progress progress;

struct tray {
    tray_host host;

    CRITICAL_SECTION lock;
    char *pending; /* the newest model's text; NULL: none */
    size_t pending_length;
    tray_question *questions; /* in order */
    bool quitting;
    HWND window; /* NULL: tray_run() is not there */

    HMODULE module;
    ui_env env;
    tray_model *model;      /* NULL: none yet */
    tray_model *menu_model; /* what the open menu was made of; NULL: no menu is open */
    int64_t opened;         /* the newest "open-menu"; -1: no model yet */
    HICON icon;
    tray_shade icon_look;
    UINT icon_retry_ms; /* 0: the icon is there */
    progress *jobs;
    tray_question *asked; /* on the screen; NULL: none */
    HWND dialog;          /* of it */
    char told[16][65];    /* ids of the newest notices told */
    unsigned told_next;
};

/* text_win32.c: free() these; NULL: out of memory.  NULL gives "". */
wchar_t *tray_wide(const char *utf8);
wchar_t *tray_wide_label(const char *utf8); /* one line, '&' doubled */
wchar_t *tray_wide_lines(const char *utf8); /* every line end is CR LF */
/* Cut at a whole character. */
void tray_wide_into(const char *utf8, wchar_t *target, size_t size);

/* icon_win32.c */
bool tray_icon_add(tray *view);
void tray_icon_update(tray *view);
void tray_icon_remove(tray *view);
HICON tray_icon_load(const tray *view, tray_shade look, int metric_x, int metric_y);
/* False: nothing was shown. */
bool tray_icon_tell(tray *view, const tray_notice *notice);
/* Where it is, or the corner where it should be. */
POINT tray_icon_place(const tray *view);

/* menu_win32.c: the person asked for the menu at this point. */
void tray_menu_open(tray *view, int x, int y);

/* progress_win32.c: windows follow the model. */
bool progress_register(const tray *view);
void progress_update(tray *view);
void progress_restyle(tray *view); /* colours or fonts have changed */
void progress_close_all(tray *view);
bool progress_is_dialog_message(const tray *view, MSG *message);

/* prompt_win32.c */
void prompt_next(tray *view);
void prompt_withdraw(tray *view);

/* page_win32.c */
bool page_open(HWND owner, const char *target);
bool clipboard_put(HWND owner, const char *text);

void tray_log(tray *view, int32_t level, const char *text);

#endif
