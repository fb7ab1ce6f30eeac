// SPDX-License-Identifier: MIT
//
// What a person can read and press: a line for every window that is shown, and one for every control in it.
//
//     window  CLASS  X Y WIDTH HEIGHT  on|off  TEXT
//     control CLASS  X Y WIDTH HEIGHT  on|off  TEXT
//     .
//
// Separated by tabs; line ends of a text are written as \n. All of it is said once for each line of the input.
#include <stdio.h>
#include <windows.h>

static void print(const char *kind, HWND window)
{
    static wchar_t text[65536];
    static char bytes[3 * 65536];
    wchar_t name[64] = L"";
    RECT place = {0};
    GetClassNameW(window, name, sizeof name / sizeof *name);
    GetWindowRect(window, &place);
    text[0] = L'\0';
    SendMessageTimeoutW(window, WM_GETTEXT, sizeof text / sizeof *text, (LPARAM)text,
                        SMTO_ABORTIFHUNG, 2000, NULL);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    printf("%s\t%ls\t%ld %ld %ld %ld\t%s\t", kind, name, place.left, place.top,
           place.right - place.left, place.bottom - place.top,
           IsWindowEnabled(window) ? "on" : "off");
    for (const char *c = bytes; *c; c++) {
        if (*c == '\n')
            fputs("\\n", stdout);
        else if (*c != '\r')
            putchar(*c);
    }
    putchar('\n');
}

static BOOL CALLBACK on_control(HWND control, LPARAM data)
{
    (void)data;
    if (IsWindowVisible(control))
        print("control", control);
    return TRUE;
}

static BOOL CALLBACK on_window(HWND window, LPARAM data)
{
    (void)data;
    if (!IsWindowVisible(window))
        return TRUE;
    print("window", window);
    EnumChildWindows(window, on_control, 0);
    return TRUE;
}

int main(void)
{
    char question[16];
    while (fgets(question, sizeof question, stdin) != NULL) {
        if (!EnumWindows(on_window, 0))
            return 1;
        puts(".");
        fflush(stdout);
    }
    return 0;
}
