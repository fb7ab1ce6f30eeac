// SPDX-License-Identifier: MIT
// Plays realmjoinservice.exe where the tests of the MSI run without a finished cross build: a service that
// leaves state in the known folder and in the registry, quotes its own command line, and takes both away
// again with --remove-data. Exit code 0, or the system's error code.
#include <windows.h>

#include <initguid.h>

#include <knownfolders.h>
#include <shlobj.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static const wchar_t SERVICE[] = L"realmjoin";
static const wchar_t STATE_KEY[] = L"SOFTWARE\\RealmJoin";

static SERVICE_STATUS_HANDLE status_handle;
static HANDLE stop_event;

static DWORD state_folder(wchar_t *ret_path, size_t size)
{
    PWSTR base = NULL;
    HRESULT hr = SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &base);
    if (FAILED(hr))
        return (DWORD)hr;
    _snwprintf(ret_path, size, L"%ls\\RealmJoin", base);
    CoTaskMemFree(base);
    return ERROR_SUCCESS;
}

static DWORD leave_state(void)
{
    wchar_t folder[MAX_PATH], file[MAX_PATH];
    DWORD code = state_folder(folder, MAX_PATH);
    if (code != ERROR_SUCCESS)
        return code;
    CreateDirectoryW(folder, NULL);
    _snwprintf(file, MAX_PATH, L"%ls\\state.txt", folder);
    HANDLE handle = CreateFileW(file, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    CloseHandle(handle);
    DWORD value = 1;
    return (DWORD)RegSetKeyValueW(HKEY_LOCAL_MACHINE, STATE_KEY, L"Started", REG_DWORD, &value,
                                  sizeof value);
}

static DWORD remove_data(void)
{
    wchar_t folder[MAX_PATH], path[2 * MAX_PATH];
    DWORD code = state_folder(folder, MAX_PATH);
    if (code != ERROR_SUCCESS)
        return code;
    WIN32_FIND_DATAW found;
    _snwprintf(path, MAX_PATH, L"%ls\\*", folder);
    HANDLE search = FindFirstFileW(path, &found);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            _snwprintf(path, 2 * MAX_PATH, L"%ls\\%ls", folder, found.cFileName);
            DeleteFileW(path);
        } while (FindNextFileW(search, &found));
        FindClose(search);
    }
    RemoveDirectoryW(folder);
    return (DWORD)RegDeleteTreeW(HKEY_LOCAL_MACHINE, STATE_KEY);
}

// Wine's installer leaves the program's path unquoted.
static void quote_own_command_line(void)
{
    wchar_t program[MAX_PATH], line[MAX_PATH + 32];
    GetModuleFileNameW(NULL, program, MAX_PATH);
    _snwprintf(line, MAX_PATH + 32, L"\"%ls\" --service", program);
    SC_HANDLE scm = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = scm ? OpenServiceW(scm, SERVICE, SERVICE_CHANGE_CONFIG) : NULL;
    if (service) {
        ChangeServiceConfigW(service, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, line,
                             NULL, NULL, NULL, NULL, NULL, NULL);
        CloseServiceHandle(service);
    }
    if (scm)
        CloseServiceHandle(scm);
}

static void report(DWORD state)
{
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = state,
        .dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0,
        .dwWaitHint = 3000,
    };
    SetServiceStatus(status_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    if (control == SERVICE_CONTROL_STOP) {
        report(SERVICE_STOP_PENDING);
        SetEvent(stop_event);
    }
    return NO_ERROR;
}

static void WINAPI service_main(DWORD count, LPWSTR *arguments)
{
    (void)count, (void)arguments;
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    status_handle = RegisterServiceCtrlHandlerExW(SERVICE, on_control, NULL);
    quote_own_command_line();
    leave_state();
    report(SERVICE_RUNNING);
    WaitForSingleObject(stop_event, INFINITE);
    report(SERVICE_STOPPED);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc == 2 && wcscmp(argv[1], L"--remove-data") == 0)
        return (int)remove_data();
    if (argc == 2 && wcscmp(argv[1], L"--service") == 0) {
        SERVICE_TABLE_ENTRYW table[] = {{(LPWSTR)SERVICE, service_main}, {NULL, NULL}};
        return StartServiceCtrlDispatcherW(table) ? 0 : (int)GetLastError();
    }
    puts("a stand-in for the programs of the agent");
    return 0;
}
