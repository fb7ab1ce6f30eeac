// SPDX-License-Identifier: MIT
//
// What launch.exe --serve is asked about services and the registry. Every answer begins with the system's error
// code, 0 for success.
//
//   service-state NAME                    the state's number
//   service-create NAME COMMAND START
//   service-start NAME, service-stop NAME
//   registry KEY                          for the key and each one below it: name relative to KEY, L"", L"", then
//                                         for each of its values: the same, its name, KIND:HEX DIGITS
//   registry-set KEY NAME KIND HEX
//   registry-delete KEY                   with all below it
//   registry-delete KEY value NAME
#include "launch_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <winsvc.h>

enum { NAME_MAX_CHARACTERS = 16384, DATA_MAX = 1 << 16, PATH_MAX_CHARACTERS = 1024 };

// ---- Services ------------------------------------------------------------------------------------

static DWORD create_service(SC_HANDLE system, const request *from)
{
    DWORD start = (DWORD)wcstoul(from->fields[4], NULL, 10);
    SC_HANDLE service =
        CreateServiceW(system, from->fields[2], NULL, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                       start, SERVICE_ERROR_NORMAL, from->fields[3], NULL, NULL, NULL, NULL, NULL);
    if (service == NULL)
        return GetLastError();
    CloseServiceHandle(service);
    return NO_ERROR;
}

static DWORD ask_service(const request *from, SERVICE_STATUS *ret_status)
{
    const wchar_t *what = from->fields[1];
    SC_HANDLE system = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    if (system == NULL)
        return GetLastError();
    BOOL done = TRUE;
    DWORD why = NO_ERROR;
    SC_HANDLE service = NULL;
    if (wcscmp(what, L"service-create") == 0)
        why = create_service(system, from);
    else if ((service = OpenServiceW(system, from->fields[2], SERVICE_ALL_ACCESS)) == NULL)
        done = FALSE;
    else if (wcscmp(what, L"service-start") == 0)
        done = StartServiceW(service, 0, NULL);
    else if (wcscmp(what, L"service-stop") == 0)
        done = ControlService(service, SERVICE_CONTROL_STOP, ret_status);
    else
        done = QueryServiceStatus(service, ret_status);
    if (!done)
        why = GetLastError();
    if (service != NULL)
        CloseServiceHandle(service);
    CloseServiceHandle(system);
    return why;
}

// ---- Registry ------------------------------------------------------------------------------------

static HKEY hive_of(const wchar_t **path)
{
    static const struct {
        const wchar_t *name;
        HKEY key;
    } hives[] = {{L"HKLM\\", HKEY_LOCAL_MACHINE},
                 {L"HKCU\\", HKEY_CURRENT_USER},
                 {L"HKU\\", HKEY_USERS},
                 {L"HKCR\\", HKEY_CLASSES_ROOT}};
    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++) {
        size_t length = wcslen(hives[i].name);
        if (wcsncmp(*path, hives[i].name, length) == 0) {
            *path += length;
            return hives[i].key;
        }
    }
    return NULL;
}

static void add_value(answer *to, const wchar_t *key, const wchar_t *name, DWORD kind,
                      const BYTE *data, DWORD size)
{
    size_t room = 16 + 2 * (size_t)size + 1;
    wchar_t *text = malloc(room * sizeof *text);
    if (text == NULL)
        ExitProcess(CANNOT_START);
    int used = swprintf(text, room, L"%lu:", kind);
    for (DWORD i = 0; i < size; i++)
        used += swprintf(text + used, room - (size_t)used, L"%02x", data[i]);
    answer_add(to, key);
    answer_add(to, name);
    answer_add(to, text);
    free(text);
}

static void add_key(answer *to, HKEY key, const wchar_t *path, wchar_t *name, BYTE *data)
{
    DWORD kind, length = NAME_MAX_CHARACTERS, size = DATA_MAX;
    answer_add(to, path);
    answer_add(to, L"");
    answer_add(to, L"");
    for (DWORD i = 0; RegEnumValueW(key, i, name, &length, NULL, &kind, data, &size) == NO_ERROR;
         i++) {
        add_value(to, path, name, kind, data, size);
        length = NAME_MAX_CHARACTERS, size = DATA_MAX;
    }
    length = NAME_MAX_CHARACTERS;
    for (DWORD i = 0; RegEnumKeyExW(key, i, name, &length, NULL, NULL, NULL, NULL) == NO_ERROR;
         i++) {
        wchar_t below[PATH_MAX_CHARACTERS];
        HKEY inner;
        swprintf(below, PATH_MAX_CHARACTERS, L"%ls%ls%ls", path, *path ? L"\\" : L"", name);
        if (RegOpenKeyExW(key, name, 0, KEY_READ, &inner) == NO_ERROR) {
            add_key(to, inner, below, name, data);
            RegCloseKey(inner);
        }
        length = NAME_MAX_CHARACTERS;
    }
}

static void list_registry(HKEY hive, const wchar_t *path, answer *to)
{
    HKEY key;
    DWORD why = (DWORD)RegOpenKeyExW(hive, path, 0, KEY_READ, &key);
    wchar_t *name = malloc(NAME_MAX_CHARACTERS * sizeof *name);
    BYTE *data = malloc(DATA_MAX);
    if (name == NULL || data == NULL)
        ExitProcess(CANNOT_START);
    answer_add_number(to, why);
    if (why == NO_ERROR) {
        add_key(to, key, L"", name, data);
        RegCloseKey(key);
    }
    free(name);
    free(data);
}

static DWORD set_value(HKEY hive, const wchar_t *path, const request *from)
{
    const wchar_t *digits = from->fields[5];
    DWORD kind = (DWORD)wcstoul(from->fields[4], NULL, 10), size = (DWORD)wcslen(digits) / 2;
    BYTE *data = malloc(size + 1);
    if (data == NULL)
        ExitProcess(CANNOT_START);
    for (DWORD i = 0; i < size; i++) {
        wchar_t two[] = {digits[2 * i], digits[2 * i + 1], L'\0'};
        data[i] = (BYTE)wcstoul(two, NULL, 16);
    }
    HKEY key;
    DWORD why = (DWORD)RegCreateKeyExW(hive, path, 0, NULL, 0, KEY_WRITE, NULL, &key, NULL);
    if (why == NO_ERROR) {
        why = (DWORD)RegSetValueExW(key, from->fields[3], 0, kind, data, size);
        RegCloseKey(key);
    }
    free(data);
    return why;
}

static DWORD delete (HKEY hive, const wchar_t *path, const request *from)
{
    if (*from->fields[3] != L'\0')
        return (DWORD)RegDeleteKeyValueW(hive, path, from->fields[4]);
    return (DWORD)RegDeleteTreeW(hive, path);
}

BOOL launch_ask_system(const request *from, answer *to)
{
    const wchar_t *what = from->fields[1], *path = from->fields[2];
    if (wcsncmp(what, L"service-", 8) == 0) {
        SERVICE_STATUS status = {0};
        answer_add_number(to, ask_service(from, &status));
        answer_add_number(to, status.dwCurrentState);
        return TRUE;
    }
    if (wcsncmp(what, L"registry", 8) != 0)
        return FALSE;
    HKEY hive = hive_of(&path);
    if (hive == NULL)
        answer_add_number(to, ERROR_BAD_PATHNAME);
    else if (wcscmp(what, L"registry-set") == 0)
        answer_add_number(to, set_value(hive, path, from));
    else if (wcscmp(what, L"registry-delete") == 0)
        answer_add_number(to, delete (hive, path, from));
    else
        list_registry(hive, path, to);
    return TRUE;
}
