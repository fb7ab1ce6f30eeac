/* SPDX-License-Identifier: MIT */
/*
 * What a progress window looks like.  Lengths are for 96 dots an inch and scaled; heights of texts are
 * measured, so that a longer language or a larger font only makes the window taller.
 */
#include "progress_win32.h"

#include <dwmapi.h>
#include <stdlib.h>
#include <uxtheme.h>

enum {
    WIDTH = 500,
    MARGIN = 20,
    GAP = 8,
    BAR_HEIGHT = 14,
    DETAILS_HEIGHT = 190,
    STRIP_MARGIN = 12,
    BUTTON_HEIGHT = 28,
    BUTTON_WIDTH = 92,
    BUTTON_PADDING = 26
};

#define STYLE (WS_OVERLAPPED | WS_CAPTION | WS_SYSMENU | WS_MINIMIZEBOX | WS_CLIPCHILDREN)
#define USE_IMMERSIVE_DARK_MODE 20

static HWND make(progress *p, int id, const wchar_t *class_name, DWORD style, DWORD extended)
{
    HWND made = CreateWindowExW(extended, class_name, L"", WS_CHILD | WS_VISIBLE | style, 0, 0, 10,
                                10, p->window, (HMENU)(INT_PTR)id, p->view->module, NULL);
    p->controls[id] = made;
    return made;
}

bool progress_create(progress *p)
{
    const DWORD text = SS_LEFT | SS_NOPREFIX | SS_EDITCONTROL; /* long words are broken */
    const DWORD button = BS_PUSHBUTTON | WS_TABSTOP;
    wchar_t *title = tray_wide(p->view->model->title);
    DWORD extended = WS_EX_APPWINDOW | (p->view->env.right_to_left ? WS_EX_LAYOUTRTL : 0);
    p->window = CreateWindowExW(extended, PROGRESS_CLASS_NAME, title ? title : L"RealmJoin", STYLE,
                                0, 0, 10, 10, NULL, NULL, p->view->module, NULL);
    free(title);
    if (!p->window)
        return false;
    bool made = make(p, P_TEXT, WC_STATICW, text | SS_ENDELLIPSIS, 0) &&
                make(p, P_BAR, PROGRESS_CLASSW, PBS_SMOOTH, 0) &&
                make(p, P_STATUS, WC_STATICW, text, 0) && make(p, P_NEXT, WC_STATICW, text, 0) &&
                make(p, P_DETAILS, WC_EDITW,
                     ES_MULTILINE | ES_READONLY | ES_AUTOVSCROLL | WS_VSCROLL | WS_TABSTOP,
                     WS_EX_CLIENTEDGE) &&
                make(p, P_MORE, WC_BUTTONW, button, 0) && make(p, P_COPY, WC_BUTTONW, button, 0) &&
                make(p, P_CANCEL, WC_BUTTONW, button, 0) && make(p, P_DONE, WC_BUTTONW, button, 0);
    if (!made) {
        DestroyWindow(p->window);
        p->window = NULL;
        return false;
    }
    SendMessageW(p->controls[P_BAR], PBM_SETRANGE32, 0, 1000);
    SendMessageW(p->controls[P_DETAILS], EM_SETLIMITTEXT, 256 * 1024, 0);
    return true;
}

/* ---- Fonts and colours ----------------------------------------------------------------------- */

void progress_drop_style(progress *p)
{
    HGDIOBJ const objects[] = {p->title_font, p->font, p->fixed_font, p->back_brush,
                               p->field_brush};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (objects[i])
            DeleteObject(objects[i]);
    if (p->small_icon)
        DestroyIcon(p->small_icon);
    if (p->large_icon)
        DestroyIcon(p->large_icon);
    p->title_font = p->font = p->fixed_font = NULL;
    p->back_brush = p->field_brush = NULL;
    p->small_icon = p->large_icon = NULL;
}

static void make_fonts(progress *p)
{
    NONCLIENTMETRICSW metrics = {.cbSize = sizeof metrics};
    UINT dpi = (UINT)p->view->env.dpi;
    if (!SystemParametersInfoForDpi(SPI_GETNONCLIENTMETRICS, sizeof metrics, &metrics, 0, dpi))
        SystemParametersInfoW(SPI_GETNONCLIENTMETRICS, sizeof metrics, &metrics, 0);
    LOGFONTW title = metrics.lfMessageFont, fixed = metrics.lfMessageFont;
    p->font = CreateFontIndirectW(&metrics.lfMessageFont);
    title.lfHeight = title.lfHeight * 4 / 3;
    p->title_font = CreateFontIndirectW(&title);
    fixed.lfPitchAndFamily = FIXED_PITCH | FF_MODERN;
    wcscpy(fixed.lfFaceName, L"Consolas");
    p->fixed_font = CreateFontIndirectW(&fixed);
}

static void set_theme(progress *p, bool dark)
{
    static const int themed[] = {P_DETAILS, P_MORE, P_COPY, P_CANCEL, P_DONE};
    BOOL value = dark;
    DwmSetWindowAttribute(p->window, USE_IMMERSIVE_DARK_MODE, &value, sizeof value);
    for (size_t i = 0; i < sizeof themed / sizeof *themed; i++)
        SetWindowTheme(p->controls[themed[i]], dark ? L"DarkMode_Explorer" : NULL, NULL);
}

void progress_style(progress *p)
{
    ui_colours colours = ui_env_colours(&p->view->env);
    progress old = *p;
    p->back_brush = colours.system ? NULL : CreateSolidBrush(colours.back);
    p->field_brush = colours.system ? NULL : CreateSolidBrush(colours.field);
    p->small_icon = tray_icon_load(p->view, TRAY_NORMAL, SM_CXSMICON, SM_CYSMICON);
    p->large_icon = tray_icon_load(p->view, TRAY_NORMAL, SM_CXICON, SM_CYICON);
    make_fonts(p);
    for (int i = 0; i < P_COUNT; i++)
        if (p->controls[i])
            SendMessageW(p->controls[i], WM_SETFONT,
                         (WPARAM)(i == P_TEXT      ? p->title_font
                                  : i == P_DETAILS ? p->fixed_font
                                                   : p->font),
                         TRUE);
    SendMessageW(p->window, WM_SETICON, ICON_SMALL, (LPARAM)p->small_icon);
    SendMessageW(p->window, WM_SETICON, ICON_BIG, (LPARAM)p->large_icon);
    set_theme(p, !colours.system);
    progress_drop_style(&old); /* nothing on the screen uses it any more */
}

/* ---- Places ---------------------------------------------------------------------------------- */

static int scaled(const progress *p, int length)
{
    return ui_env_scale(&p->view->env, length);
}

static SIZE measure(const progress *p, int id, HFONT font, int width)
{
    wchar_t text[2048];
    RECT box = {0, 0, width, 0};
    HDC device = GetDC(p->window);
    HGDIOBJ before = SelectObject(device, font);
    GetWindowTextW(p->controls[id], text, sizeof text / sizeof *text);
    DrawTextW(device, text, -1, &box,
              DT_CALCRECT | DT_NOPREFIX | (width ? DT_WORDBREAK | DT_EDITCONTROL : DT_SINGLELINE));
    SelectObject(device, before);
    ReleaseDC(p->window, device);
    SIZE size = {box.right, text[0] ? box.bottom : 0};
    return size;
}

static void move(const progress *p, int id, int x, int y, int width, int height)
{
    SetWindowPos(p->controls[id], NULL, x, y, width, height, SWP_NOZORDER | SWP_NOACTIVATE);
}

/* A text as wide as the window; returns where the next thing begins. */
static int put_text(const progress *p, int id, HFONT font, int y, int gap)
{
    int width = scaled(p, WIDTH - 2 * MARGIN);
    int height = measure(p, id, font, width).cy;
    ShowWindow(p->controls[id], height ? SW_SHOWNA : SW_HIDE);
    if (!height)
        return y;
    move(p, id, scaled(p, MARGIN), y, width, height);
    return y + height + scaled(p, gap);
}

static int button_width(const progress *p, int id)
{
    int wanted = measure(p, id, p->font, 0).cx + scaled(p, BUTTON_PADDING);
    return wanted > scaled(p, BUTTON_WIDTH) ? wanted : scaled(p, BUTTON_WIDTH);
}

static void put_buttons(const progress *p, int y)
{
    int height = scaled(p, BUTTON_HEIGHT), left = scaled(p, MARGIN), gap = scaled(p, GAP);
    int right = scaled(p, WIDTH - MARGIN), width = button_width(p, P_MORE);
    move(p, P_MORE, left, y, width, height);
    left += width + gap;
    move(p, P_COPY, left, y, button_width(p, P_COPY), height);
    width = button_width(p, P_DONE);
    move(p, P_DONE, right - width, y, width, height);
    right -= width + gap;
    width = button_width(p, P_CANCEL);
    move(p, P_CANCEL, right - width, y, width, height);
    ShowWindow(p->controls[P_CANCEL], p->over ? SW_HIDE : SW_SHOWNA);
}

static void resize(const progress *p, int width, int height)
{
    RECT frame = {0, 0, width, height}, now;
    AdjustWindowRectExForDpi(&frame, STYLE, FALSE, WS_EX_APPWINDOW, (UINT)p->view->env.dpi);
    GetClientRect(p->window, &now);
    if (now.right == width && now.bottom == height)
        return;
    SetWindowPos(p->window, NULL, 0, 0, frame.right - frame.left, frame.bottom - frame.top,
                 SWP_NOMOVE | SWP_NOZORDER | SWP_NOACTIVATE);
    InvalidateRect(p->window, NULL, TRUE);
}

void progress_layout(progress *p)
{
    int y = put_text(p, P_TEXT, p->title_font, scaled(p, MARGIN - 4), 12);
    int strip = scaled(p, STRIP_MARGIN);
    ShowWindow(p->controls[P_BAR], p->without_bar ? SW_HIDE : SW_SHOWNA);
    if (!p->without_bar) {
        move(p, P_BAR, scaled(p, MARGIN), y, scaled(p, WIDTH - 2 * MARGIN), scaled(p, BAR_HEIGHT));
        y += scaled(p, BAR_HEIGHT + 10);
    }
    y = put_text(p, P_STATUS, p->font, y, 6);
    y = put_text(p, P_NEXT, p->font, y, 6);
    ShowWindow(p->controls[P_DETAILS], p->details_open ? SW_SHOWNA : SW_HIDE);
    if (p->details_open) {
        y += scaled(p, 4);
        move(p, P_DETAILS, scaled(p, MARGIN), y, scaled(p, WIDTH - 2 * MARGIN),
             scaled(p, DETAILS_HEIGHT));
        y += scaled(p, DETAILS_HEIGHT);
    }
    y += scaled(p, MARGIN - 6);
    if (y != p->strip_top)
        InvalidateRect(p->window, NULL, TRUE);
    p->strip_top = y;
    put_buttons(p, y + strip);
    resize(p, scaled(p, WIDTH), y + 2 * strip + scaled(p, BUTTON_HEIGHT));
}

void progress_place(progress *p)
{
    RECT area, box;
    POINT pointer = {0, 0};
    MONITORINFO monitor = {.cbSize = sizeof monitor};
    GetCursorPos(&pointer);
    if (!GetMonitorInfoW(MonitorFromPoint(pointer, MONITOR_DEFAULTTOPRIMARY), &monitor))
        return;
    area = monitor.rcWork;
    GetWindowRect(p->window, &box);
    SetWindowPos(p->window, NULL, area.left + (area.right - area.left - box.right + box.left) / 2,
                 area.top + (area.bottom - area.top - box.bottom + box.top) / 2, 0, 0,
                 SWP_NOSIZE | SWP_NOZORDER | SWP_NOACTIVATE);
}
