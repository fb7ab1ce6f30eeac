// SPDX-License-Identifier: MIT
//
// settled: ends when the service realmjoin, if it was asked to stop, its process and its workers have ended, or with
// exit code 1 after five minutes. A service that nobody asked to stop, or none, is settled.
#include <windows.h>

#include <tlhelp32.h>
#include <wchar.h>

enum { MOST_MS = 300000, STEP_MS = 10 };

static DWORD state_of(SC_HANDLE service)
{
    SERVICE_STATUS status;
    return service && QueryServiceStatus(service, &status) ? status.dwCurrentState
                                                           : SERVICE_STOPPED;
}

static BOOL has_process(void)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    BOOL found = FALSE;
    for (BOOL more = Process32FirstW(all, &entry); more && !found;
         more = Process32NextW(all, &entry))
        found = _wcsicmp(entry.szExeFile, L"realmjoinservice.exe") == 0 ||
                _wcsicmp(entry.szExeFile, L"realmjoin-worker.exe") == 0;
    CloseHandle(all);
    return found;
}

int main(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceW(manager, L"realmjoin", SERVICE_QUERY_STATUS) : NULL;
    for (int passed = 0; passed < MOST_MS; passed += STEP_MS) {
        DWORD state = state_of(service);
        if (state == SERVICE_RUNNING || state == SERVICE_START_PENDING)
            return 0;
        if (state == SERVICE_STOPPED && !has_process())
            return 0;
        Sleep(STEP_MS);
    }
    return 1;
}
