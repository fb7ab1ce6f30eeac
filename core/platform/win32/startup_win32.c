/* SPDX-License-Identifier: MIT */
/* The start of a program: what Windows does otherwise by default is switched off. */
#include "platform/system.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Standard descriptors -------------------------------------------------------------------- */

static bool is_usable(DWORD which)
{
    HANDLE handle = GetStdHandle(which);
    return handle && handle != INVALID_HANDLE_VALUE && GetFileType(handle) != FILE_TYPE_UNKNOWN;
}

/* A descriptor that leads nowhere gets `path`, the console or nothing at all. */
static void open_one(FILE *stream, int descriptor, DWORD which, const wchar_t *path)
{
    HANDLE handle = CreateFileW(path, GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return;
    SetStdHandle(which, handle);
    int number = _open_osfhandle((intptr_t)handle, _O_BINARY);
    if (number < 0)
        return;
    /* The stream of a program without a console knows no descriptor until it is opened once. */
    if (_fileno(stream) != descriptor && !freopen("NUL", descriptor ? "wb" : "rb", stream))
        return;
    if (number != _fileno(stream)) {
        _dup2(number, _fileno(stream));
        SetStdHandle(which, (HANDLE)_get_osfhandle(_fileno(stream)));
        _close(number);
    }
}

static void open_standard_descriptors(void)
{
    bool output = is_usable(STD_OUTPUT_HANDLE);
    /* Started from a terminal without anything to write to: a window program. */
    bool console = !output && !is_usable(STD_ERROR_HANDLE) && AttachConsole(ATTACH_PARENT_PROCESS);
    if (!is_usable(STD_INPUT_HANDLE) || _fileno(stdin) != 0)
        open_one(stdin, 0, STD_INPUT_HANDLE, console ? L"CONIN$" : L"NUL");
    if (!output || console)
        open_one(stdout, 1, STD_OUTPUT_HANDLE, console ? L"CONOUT$" : L"NUL");
    if (!is_usable(STD_ERROR_HANDLE) || console)
        open_one(stderr, 2, STD_ERROR_HANDLE, console ? L"CONOUT$" : L"NUL");
    FILE *streams[] = {stdin, stdout, stderr};
    for (int i = 0; i < 3; i++)
        if (_fileno(streams[i]) >= 0)
            _setmode(_fileno(streams[i]), _O_BINARY);
}

/* ---- The console ----------------------------------------------------------------------------- */

static UINT earlier_code_page;

static void restore_console(void)
{
    SetConsoleOutputCP(earlier_code_page);
}

/* UTF-8 and escape sequences, where there is a console; the code page is that of the terminal and would
 * stay when we are gone. */
static void prepare_console(void)
{
    static const DWORD outputs[] = {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    bool any = false;
    for (int i = 0; i < 2; i++) {
        HANDLE handle = GetStdHandle(outputs[i]);
        DWORD mode = 0;
        if (!GetConsoleMode(handle, &mode))
            continue;
        any = true;
        SetConsoleMode(handle, mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    }
    if (!any)
        return;
    earlier_code_page = GetConsoleOutputCP();
    if (earlier_code_page && earlier_code_page != CP_UTF8 && SetConsoleOutputCP(CP_UTF8))
        atexit(restore_console);
}

/* The system expands %SystemRoot% in what it is asked for by our own variable. */
static void set_system_variables(void)
{
    wchar_t windows[MAX_PATH];
    UINT length = GetSystemWindowsDirectoryW(windows, MAX_PATH);
    if (length < 3 || length >= MAX_PATH)
        return;
    SetEnvironmentVariableW(L"SystemRoot", windows);
    SetEnvironmentVariableW(L"windir", windows);
    windows[2] = L'\0';
    SetEnvironmentVariableW(L"SystemDrive", windows);
}

void rj_system_prepare_process(void)
{
    set_system_variables();
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    SetDllDirectoryW(L"");
    open_standard_descriptors();
    prepare_console();
}

/* ---- The command line ------------------------------------------------------------------------ */

static int argument_count;
static char **argument_list;

/* The list lives as long as the program, like that of main(). */
rj_status rj_system_arguments(int *argc, char ***argv, rj_error *err)
{
    if (!argument_list) {
        int count = 0;
        wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
        if (!wide)
            return rj_fail_win32(err, GetLastError(), "the command line cannot be read");
        char **list = rj_calloc((size_t)count + 1, sizeof *list);
        bool good = list != NULL;
        for (int i = 0; good && i < count; i++)
            good = (list[i] = rj_utf8(wide[i])) != NULL;
        LocalFree(wide);
        if (!good) {
            for (int i = 0; list && i < count; i++)
                rj_free(list[i]);
            rj_free(list);
            return rj_fail_memory(err, "reading the command line");
        }
        argument_count = count;
        argument_list = list;
    }
    *argc = argument_count;
    *argv = argument_list;
    return RJ_OK;
}
