/* SPDX-License-Identifier: MIT */
/*
 * The icon in the notification area.
 *
 * The shell may come late at logon or start again; then the icon is added again, with growing waits.
 */
#include "tray_win32.h"

#include <shellapi.h>
#include <string.h>

#define ICON_ID 1u
#define RETRY_LEAST_MS 1000u
#define RETRY_MOST_MS 60000u

/* Resources of this module: packaging/windows/realmjoin.rc.in. */
enum { RESOURCE_NORMAL = 1, RESOURCE_DEBUG, RESOURCE_ATTENTION };

HICON tray_icon_load(const tray *view, tray_shade look, int metric_x, int metric_y)
{
    int resource = look == TRAY_DEBUG       ? RESOURCE_DEBUG
                   : look == TRAY_ATTENTION ? RESOURCE_ATTENTION
                                            : RESOURCE_NORMAL;
    UINT dpi = (UINT)view->env.dpi;
    return LoadImageW(view->module, MAKEINTRESOURCEW(resource), IMAGE_ICON,
                      GetSystemMetricsForDpi(metric_x, dpi), GetSystemMetricsForDpi(metric_y, dpi),
                      0);
}

static NOTIFYICONDATAW data_of(const tray *view)
{
    NOTIFYICONDATAW data = {.cbSize = sizeof data,
                            .hWnd = view->window,
                            .uID = ICON_ID,
                            .uFlags = NIF_ICON | NIF_MESSAGE | NIF_TIP | NIF_SHOWTIP,
                            .uCallbackMessage = TRAY_WM_ICON,
                            .hIcon = view->icon};
    tray_wide_into(view->model ? view->model->tooltip : "RealmJoin", data.szTip,
                   sizeof data.szTip / sizeof *data.szTip);
    return data;
}

static void load(tray *view)
{
    tray_shade look = view->model ? view->model->look : TRAY_NORMAL;
    HICON icon = tray_icon_load(view, look, SM_CXSMICON, SM_CYSMICON);
    if (!icon)
        return;
    if (view->icon)
        DestroyIcon(view->icon);
    view->icon = icon;
    view->icon_look = look;
}

bool tray_icon_add(tray *view)
{
    load(view);
    NOTIFYICONDATAW data = data_of(view);
    if (!Shell_NotifyIconW(NIM_ADD, &data) && !Shell_NotifyIconW(NIM_MODIFY, &data)) {
        UINT next = view->icon_retry_ms * 2;
        view->icon_retry_ms = next < RETRY_LEAST_MS  ? RETRY_LEAST_MS
                              : next > RETRY_MOST_MS ? RETRY_MOST_MS
                                                     : next;
        return false;
    }
    view->icon_retry_ms = 0;
    data.uVersion = NOTIFYICON_VERSION_4;
    Shell_NotifyIconW(NIM_SETVERSION, &data);
    return true;
}

void tray_icon_update(tray *view)
{
    if (view->icon_retry_ms)
        return;
    if (view->model && view->model->look != view->icon_look)
        load(view);
    NOTIFYICONDATAW data = data_of(view);
    Shell_NotifyIconW(NIM_MODIFY, &data);
}

void tray_icon_remove(tray *view)
{
    NOTIFYICONDATAW data = {.cbSize = sizeof data, .hWnd = view->window, .uID = ICON_ID};
    Shell_NotifyIconW(NIM_DELETE, &data);
    if (view->icon)
        DestroyIcon(view->icon);
    view->icon = NULL;
}

POINT tray_icon_place(const tray *view)
{
    NOTIFYICONIDENTIFIER icon = {.cbSize = sizeof icon, .hWnd = view->window, .uID = ICON_ID};
    RECT place = {0};
    if (Shell_NotifyIconGetRect(&icon, &place) == S_OK)
        return (POINT){(place.left + place.right) / 2, place.top};
    if (!SystemParametersInfoW(SPI_GETWORKAREA, 0, &place, 0))
        GetWindowRect(GetDesktopWindow(), &place);
    return (POINT){place.right - 1, place.bottom - 1};
}

bool tray_icon_tell(tray *view, const tray_notice *notice)
{
    static const DWORD kinds[] = {NIIF_USER | NIIF_LARGE_ICON, NIIF_WARNING, NIIF_ERROR};
    NOTIFYICONDATAW data = data_of(view);
    data.uFlags = NIF_INFO;
    data.dwInfoFlags = kinds[notice->kind] | NIIF_RESPECT_QUIET_TIME;
    if (notice->kind == TRAY_INFO)
        data.hBalloonIcon = tray_icon_load(view, TRAY_NORMAL, SM_CXICON, SM_CYICON);
    tray_wide_into(notice->title, data.szInfoTitle,
                   sizeof data.szInfoTitle / sizeof *data.szInfoTitle);
    tray_wide_into(notice->text, data.szInfo, sizeof data.szInfo / sizeof *data.szInfo);
    bool told = !view->icon_retry_ms && Shell_NotifyIconW(NIM_MODIFY, &data);
    if (data.hBalloonIcon)
        DestroyIcon(data.hBalloonIcon);
    return told;
}
