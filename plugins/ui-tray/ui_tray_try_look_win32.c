/* SPDX-License-Identifier: MIT */
/*
 * What is on the screen of this process, as tests see it and use it, one a line:
 *
 *     window | control | line  CLASS  X Y WIDTH HEIGHT  on|off  TEXT
 *
 * Separated by tabs; a line is one of a menu.  Line ends of a text are blanks, long texts are cut.
 */
#include "ui_tray_try_win32.h"

#include <stdio.h>
#include <windows.h>

#define MENU_CLASS L"#32768"
#define MENU_HANDLE 0x01e1 /* MN_GETHMENU */
#define TEXT_MOST 200

static void print(const char *what, const wchar_t *kind, const RECT *place, BOOL on, wchar_t *text)
{
    char bytes[3 * TEXT_MOST + 1] = "";
    for (wchar_t *at = text; *at; at++)
        if (*at < L' ')
            *at = L' ';
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    printf("%s\t%ls\t%ld %ld %ld %ld\t%s\t%s\n", what, kind, place->left, place->top,
           place->right - place->left, place->bottom - place->top, on ? "on" : "off", bytes);
}

static void print_window(const char *what, HWND window)
{
    wchar_t text[TEXT_MOST] = L"", kind[64] = L"";
    RECT place = {0};
    GetClassNameW(window, kind, sizeof kind / sizeof *kind);
    GetWindowRect(window, &place);
    SendMessageTimeoutW(window, WM_GETTEXT, TEXT_MOST, (LPARAM)text, SMTO_ABORTIFHUNG, 2000, NULL);
    print(what, kind, &place, IsWindowEnabled(window), text);
}

static void print_menu(HWND window)
{
    HMENU menu = (HMENU)SendMessageW(window, MENU_HANDLE, 0, 0);
    for (int i = 0; menu && i < GetMenuItemCount(menu); i++) {
        wchar_t text[TEXT_MOST] = L"";
        RECT place = {0};
        UINT state = GetMenuState(menu, (UINT)i, MF_BYPOSITION);
        GetMenuItemRect(window, menu, (UINT)i, &place);
        GetMenuStringW(menu, (UINT)i, text, TEXT_MOST, MF_BYPOSITION);
        print("line", MENU_CLASS, &place, !(state & MF_GRAYED), text);
    }
}

static BOOL CALLBACK on_control(HWND control, LPARAM data)
{
    (void)data;
    if (IsWindowVisible(control))
        print_window("control", control);
    return TRUE;
}

static BOOL CALLBACK on_window(HWND window, LPARAM data)
{
    DWORD process = 0;
    wchar_t kind[64] = L"";
    (void)data;
    GetWindowThreadProcessId(window, &process);
    if (!IsWindowVisible(window) || process != GetCurrentProcessId())
        return TRUE;
    print_window("window", window);
    GetClassNameW(window, kind, sizeof kind / sizeof *kind);
    if (wcscmp(kind, MENU_CLASS) == 0)
        print_menu(window);
    else
        EnumChildWindows(window, on_control, 0);
    return TRUE;
}

void try_look(void)
{
    EnumWindows(on_window, 0);
}

static HWND details_control(void)
{
    HWND window = FindWindowW(L"RealmJoinProgress", NULL);
    return window ? FindWindowExW(window, NULL, L"Edit", NULL) : NULL;
}

static WNDPROC control_procedure;
static volatile LONG framed; /* how often the control was asked to draw frame and scroll bar */

static LRESULT CALLBACK count_frames(HWND control, UINT message, WPARAM w, LPARAM l)
{
    if (message == WM_NCPAINT)
        InterlockedIncrement(&framed);
    return CallWindowProcW(control_procedure, control, message, w, l);
}

static void watch_frames(HWND control)
{
    if (!control || (WNDPROC)GetWindowLongPtrW(control, GWLP_WNDPROC) == count_frames)
        return;
    control_procedure = (WNDPROC)GetWindowLongPtrW(control, GWLP_WNDPROC);
    SetWindowLongPtrW(control, GWLP_WNDPROC, (LONG_PTR)count_frames);
}

/* The edit control does for its person what it does for these messages. */
void try_details(const char *line, char *ret_text, size_t size)
{
    unsigned from = 0, to = 0;
    int lines = 0;
    HWND control = details_control();
    watch_frames(control);
    if (sscanf(line, "select %u %u", &from, &to) == 2)
        SendMessageW(control, EM_SETSEL, from, (LPARAM)to);
    else if (sscanf(line, "scroll %d", &lines) == 1)
        SendMessageW(control, EM_LINESCROLL, 0, lines);
    SendMessageW(control, EM_GETSEL, (WPARAM)&from, (LPARAM)&to);
    snprintf(ret_text, size, "%u %u of %d framed %ld", from, to, GetWindowTextLengthW(control),
             framed);
}

long long try_first_line(void)
{
    return SendMessageW(details_control(), EM_GETFIRSTVISIBLELINE, 0, 0);
}

void try_dark(bool dark)
{
    DWORD light = !dark;
    RegSetKeyValueW(HKEY_CURRENT_USER,
                    L"Software\\Microsoft\\Windows\\CurrentVersion\\Themes\\Personalize",
                    L"AppsUseLightTheme", REG_DWORD, &light, sizeof light);
    SendMessageTimeoutW(HWND_BROADCAST, WM_SETTINGCHANGE, 0, (LPARAM)L"ImmersiveColorSet",
                        SMTO_ABORTIFHUNG, 5000, NULL);
}
