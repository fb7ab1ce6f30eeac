/* SPDX-License-Identifier: MIT */
/* Descriptors are numbers of the platform's own here, and so are counted by it. */
#include "leaks.h"

#include "platform/win32/descriptor_win32.h"

#include <windows.h>

#include <aclapi.h>
#include <psapi.h>
#include <stdint.h>
#include <stdlib.h>
#include <tlhelp32.h>
#include <wchar.h>

#define PATH_CHARS 600
#define KILLED_CODE 137u

unsigned leaks_descriptors(void)
{
    return (unsigned)rj_descriptor_count();
}

long leaks_resident_mib(void)
{
    PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof memory};
    if (!K32GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory))
        return 0;
    return (long)(memory.WorkingSetSize / (1024 * 1024));
}

long leaks_worked_ms(void)
{
    FILETIME begun, ended, kernel, user;
    if (!GetThreadTimes(GetCurrentThread(), &begun, &ended, &kernel, &user))
        return 0;
    uint64_t worked = ((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
                      ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime); /* of 100 ns */
    return (long)(worked / 10000);
}

long leaks_other_child(long known)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    long found = 0;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    if (all == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Process32FirstW(all, &entry); more && !found;
         more = Process32NextW(all, &entry))
        if (entry.th32ParentProcessID == GetCurrentProcessId() &&
            (long)entry.th32ProcessID != known && wcscmp(entry.szExeFile, L"conhost.exe") != 0 &&
            leaks_process((long)entry.th32ProcessID))
            found = (long)entry.th32ProcessID;
    CloseHandle(all);
    return found;
}

bool leaks_child(void)
{
    return leaks_other_child(0) != 0;
}

bool leaks_process(long pid)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)pid);
    bool runs = process && WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
    if (process)
        CloseHandle(process);
    return runs;
}

bool leaks_kill(long pid)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, (DWORD)pid);
    bool killed = process && TerminateProcess(process, KILLED_CODE);
    if (process)
        CloseHandle(process);
    return killed;
}

/* No entry of its list lets everybody, or all who have signed in, do anything. */
bool leaks_is_private(const char *folder)
{
    wchar_t wide[PATH_CHARS];
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    bool open = false;
    if (!MultiByteToWideChar(CP_UTF8, 0, folder, -1, wide, PATH_CHARS))
        return false;
    for (wchar_t *c = wide; *c; c++)
        *c = *c == L'/' ? L'\\' : *c;
    if (GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list,
                              NULL, &descriptor))
        return false;
    for (DWORD i = 0; list && i < list->AceCount; i++) {
        static const WELL_KNOWN_SID_TYPE many[] = {WinWorldSid, WinAuthenticatedUserSid,
                                                   WinBuiltinUsersSid};
        void *entry = NULL;
        for (size_t j = 0; j < 3 && GetAce(list, i, &entry); j++) {
            ACCESS_ALLOWED_ACE *allowed = entry;
            open |= allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && allowed->Mask &&
                    IsWellKnownSid(&allowed->SidStart, many[j]);
        }
    }
    LocalFree(descriptor);
    return list && !open;
}

bool leaks_give_away(const char *path)
{
    (void)path;
    return false;
}
