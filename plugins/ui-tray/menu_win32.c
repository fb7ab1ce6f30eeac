/* SPDX-License-Identifier: MIT */
/*
 * The menu: a native one, so that keyboard, screen readers, contrast and writing direction come with
 * it.  It lives as long as it is open; the model it was made of is kept that long.
 */
#include "tray_win32.h"

#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>

#define ITEMS_MAX 4096u

typedef struct commands {
    const tray_item *chosen[ITEMS_MAX]; /* by number of the command, less 1 */
    UINT count;
} commands;

static HMENU build(commands *all, const tray_item *items, size_t count);

static void add(commands *all, HMENU into, const tray_item *item)
{
    UINT flags = item->enabled ? MF_STRING : MF_STRING | MF_GRAYED;
    UINT_PTR id = 0;
    if (item->kind == TRAY_SEPARATOR) {
        AppendMenuW(into, MF_SEPARATOR, 0, NULL);
        return;
    }
    if (item->checked)
        flags |= MF_CHECKED;
    if (item->submenu) {
        HMENU below = build(all, item->items, item->item_count);
        if (!below)
            return;
        flags |= MF_POPUP;
        id = (UINT_PTR)below;
    } else if (all->count < ITEMS_MAX) {
        all->chosen[all->count++] = item;
        id = all->count;
    }
    wchar_t *label = tray_wide_label(item->text);
    if (!label || !AppendMenuW(into, flags, id, label)) {
        if (item->submenu)
            DestroyMenu((HMENU)id);
    }
    free(label);
}

static HMENU build(commands *all, const tray_item *items, size_t count)
{
    HMENU made = CreatePopupMenu();
    for (size_t i = 0; made && i < count; i++)
        add(all, made, &items[i]);
    return made;
}

static void choose(tray *view, int64_t revision, const tray_item *item)
{
    if (!item->action)
        return;
    rj_status status = view->host.act(view->host.data, revision, item->action);
    if (status != RJ_OK) {
        char text[300];
        snprintf(text, sizeof text, "%.200s was not accepted (%d); the menu has changed",
                 item->action, (int)status);
        tray_log(view, RJ_LOG_WARNING, text);
        return;
    }
    if (item->open && !page_open(view->window, item->open))
        tray_log(view, RJ_LOG_WARNING, "the page of the web link could not be opened");
    if (item->copy && !clipboard_put(view->window, item->copy))
        tray_log(view, RJ_LOG_WARNING, "the clipboard is in use by another program; try again");
}

static UINT track(const tray *view, HMENU shown, int x, int y)
{
    UINT flags = TPM_RETURNCMD | TPM_RIGHTBUTTON | TPM_NONOTIFY | TPM_BOTTOMALIGN;
    flags |= GetSystemMetrics(SM_MENUDROPALIGNMENT) ? TPM_RIGHTALIGN : TPM_LEFTALIGN;
    if (view->model->right_to_left)
        flags |= TPM_LAYOUTRTL;
    /* Without the foreground a click elsewhere would not close it; the message afterwards makes the
     * next opening work at once. */
    SetForegroundWindow(view->window);
    UINT command = (UINT)TrackPopupMenuEx(shown, flags, x, y, view->window, NULL);
    PostMessageW(view->window, WM_NULL, 0, 0);
    return command;
}

void tray_menu_open(tray *view, int x, int y)
{
    commands *open = view->model && !view->menu_model ? calloc(1, sizeof *open) : NULL;
    HMENU shown = open ? build(open, view->model->items, view->model->item_count) : NULL;
    if (!shown) {
        free(open);
        return;
    }
    tray_model *model = view->menu_model = view->model;
    UINT command = track(view, shown, x, y);
    if (command && command <= open->count) {
        choose(view, model->revision, open->chosen[command - 1]);
    } else if (!command) {
        NOTIFYICONDATAW data = {.cbSize = sizeof data, .hWnd = view->window, .uID = 1};
        Shell_NotifyIconW(NIM_SETFOCUS, &data);
    }
    DestroyMenu(shown);
    free(open);
    view->menu_model = NULL;
    if (model != view->model)
        tray_model_free(model);
}
