/* SPDX-License-Identifier: MIT */
/*
 * Ending and bringing back the session programs, see replace_sessions.h.
 *
 * Which desktop sessions had one is kept in a key that Windows forgets when the machine restarts, with the
 * clock that begins with the machine: a number of a session means nothing after that.
 */
#include "service/replace_sessions.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/system.h"
#include "platform/win32/end_event_win32.h"
#include "platform/win32/registry_win32.h"
#include "platform/win32/wide_win32.h"
#include "service/scm_win32.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <tlhelp32.h>
#include <userenv.h>
#include <wtsapi32.h>

#define LOGGER "service.sessions"
#define PARENT "SOFTWARE\\RealmJoin"
#define LIST "SOFTWARE\\RealmJoin\\EndedSessions"
#define PROGRAMS_MOST 256 /* more are found by the next round */
#define ROUNDS 4          /* somebody may follow a link meanwhile */
#define OBEY_MS 8000
#define KILLED_MS 3000
#define FRESH_MS 600000
#define PATH_MOST 1024

/* ---- Programs of this folder ------------------------------------------------------------------ */

typedef struct program {
    HANDLE process;
    DWORD session;
    bool told;
} program;

/* "...\realmjoin", to which ".exe" or ".com" belongs. */
static bool find_stem(wchar_t ret_stem[PATH_MOST])
{
    DWORD length = PATH_MOST - 16;
    if (!QueryFullProcessImageNameW(GetCurrentProcess(), 0, ret_stem, &length))
        return false;
    wchar_t *slash = wcsrchr(ret_stem, L'\\');
    if (!slash)
        return false;
    wcscpy(slash + 1, L"realmjoin");
    return true;
}

static bool is_ours(HANDLE process, const wchar_t *stem)
{
    wchar_t path[PATH_MOST];
    DWORD length = PATH_MOST;
    size_t stem_length = wcslen(stem);
    if (!QueryFullProcessImageNameW(process, 0, path, &length) || length != stem_length + 4)
        return false;
    return CompareStringOrdinal(path, (int)stem_length, stem, (int)stem_length, TRUE) ==
               CSTR_EQUAL &&
           (_wcsicmp(path + stem_length, L".exe") == 0 ||
            _wcsicmp(path + stem_length, L".com") == 0);
}

/* Handles that keep their numbers from being given to others. */
static size_t find_programs(const wchar_t *stem, program found[PROGRAMS_MOST])
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    size_t count = 0;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    if (all == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Process32FirstW(all, &entry); more && count < PROGRAMS_MOST;
         more = Process32NextW(all, &entry)) {
        HANDLE process =
            OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_TERMINATE | SYNCHRONIZE, FALSE,
                        entry.th32ProcessID);
        if (!process)
            continue;
        if (is_ours(process, stem) && WaitForSingleObject(process, 0) == WAIT_TIMEOUT) {
            found[count].process = process;
            found[count].told = false;
            found[count].session = 0;
            ProcessIdToSessionId(entry.th32ProcessID, &found[count].session);
            HANDLE event = rj_end_event_open(entry.th32ProcessID);
            if (event) {
                found[count].told = SetEvent(event);
                CloseHandle(event);
            }
            count++;
        } else {
            CloseHandle(process);
        }
    }
    CloseHandle(all);
    return count;
}

/* ---- What comes back --------------------------------------------------------------------------- */

/* Only a service of LocalSystem can bring it back; then it is nobody's loss that a list cannot be kept. */
static void note_session(DWORD session)
{
    HKEY parent = NULL, key = NULL;
    wchar_t name[16];
    ULONGLONG now = GetTickCount64();
    if (rj_registry_open(NULL, RJ_HIVE_MACHINE, PARENT, true, &parent, NULL) != RJ_OK)
        return;
    if (RegCreateKeyExW(parent, L"EndedSessions", 0, NULL, REG_OPTION_VOLATILE,
                        KEY_WRITE | KEY_WOW64_64KEY, NULL, &key, NULL) == ERROR_SUCCESS) {
        swprintf(name, 16, L"%lu", (unsigned long)session);
        RegSetValueExW(key, name, 0, REG_QWORD, (const BYTE *)&now, sizeof now);
        RegCloseKey(key);
    }
    RegCloseKey(parent);
}

static bool is_fresh(const char *name)
{
    HKEY key = NULL;
    wchar_t *wide = rj_wide(name);
    ULONGLONG then = 0, now = GetTickCount64();
    DWORD size = sizeof then;
    bool fresh = false;
    if (wide && rj_registry_open(NULL, RJ_HIVE_MACHINE, LIST, false, &key, NULL) == RJ_OK) {
        fresh =
            RegGetValueW(key, NULL, wide, RRF_RT_REG_QWORD, NULL, &then, &size) == ERROR_SUCCESS &&
            then <= now && now - then < FRESH_MS;
        RegCloseKey(key);
    }
    rj_free(wide);
    return fresh;
}

/* As that person, on that desktop: the service has the right to, being LocalSystem. */
static DWORD start_tray(const wchar_t *stem, DWORD session)
{
    wchar_t path[PATH_MOST], line[PATH_MOST + 16], desktop[] = L"winsta0\\default";
    STARTUPINFOW how = {.cb = sizeof how, .lpDesktop = desktop};
    PROCESS_INFORMATION started = {0};
    HANDLE token = NULL;
    void *environment = NULL;
    DWORD code = 0;
    swprintf(path, PATH_MOST, L"%ls.exe", stem);
    swprintf(line, PATH_MOST + 16, L"\"%ls\" tray", path);
    if (!WTSQueryUserToken(session, &token))
        return GetLastError(); /* nobody is signed in there any more */
    if (!CreateEnvironmentBlock(&environment, token, FALSE) ||
        !CreateProcessAsUserW(token, path, line, NULL, NULL, FALSE, CREATE_UNICODE_ENVIRONMENT,
                              environment, NULL, &how, &started))
        code = GetLastError();
    if (environment)
        DestroyEnvironmentBlock(environment);
    CloseHandle(token);
    if (started.hProcess) {
        CloseHandle(started.hThread);
        CloseHandle(started.hProcess);
    }
    return code;
}

void rj_service_return_sessions(void)
{
    rj_registry_key list = {.hive = RJ_HIVE_MACHINE, .key = LIST};
    wchar_t stem[PATH_MOST];
    char **names = NULL;
    size_t count = 0;
    if (!find_stem(stem) ||
        rj_registry_list_values(&list, PROGRAMS_MOST, &names, &count, NULL) != RJ_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        DWORD session = (DWORD)strtoul(names[i], &end, 10);
        if (*end || !is_fresh(names[i]))
            continue;
        DWORD code = start_tray(stem, session);
        rj_log(code ? RJ_LOG_WARNING : RJ_LOG_INFO, LOGGER, NULL,
               code ? "the tray of session %lu comes back at its next sign-in only: error %lu"
                    : "the tray of session %lu, ended by the installer, is started again",
               (unsigned long)session, (unsigned long)code);
    }
    rj_free(names);
    if (count)
        rj_registry_remove_key(&list, NULL);
}

/* Windows Installer holds it for as long as it changes something; only one may at a time. */
bool rj_service_installer_works(void)
{
    HANDLE mutex = OpenMutexW(SYNCHRONIZE | MUTEX_MODIFY_STATE, FALSE, L"Global\\_MSIExecute");
    if (!mutex)
        return false;
    bool free = WaitForSingleObject(mutex, 0) != WAIT_TIMEOUT;
    if (free)
        ReleaseMutex(mutex);
    CloseHandle(mutex);
    return !free;
}

/* The installer may still fail, and leave the service as it is: then nobody else thinks of the trays. */
static void tell_service(void)
{
    SERVICE_STATUS status;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service =
        manager ? OpenServiceW(manager, L"realmjoin", SERVICE_USER_DEFINED_CONTROL) : NULL;
    if (service) {
        ControlService(service, RJ_SCM_SESSIONS_ENDED, &status); /* one that stops needs no word */
        CloseServiceHandle(service);
    }
    if (manager)
        CloseServiceHandle(manager);
}

/* ---- Ending ------------------------------------------------------------------------------------ */

static void await(const program *found, size_t count, DWORD limit_ms)
{
    ULONGLONG end = GetTickCount64() + limit_ms;
    for (size_t i = 0; i < count; i++) {
        ULONGLONG now = GetTickCount64();
        WaitForSingleObject(found[i].process, now < end ? (DWORD)(end - now) : 0);
    }
}

/* True: none is left of those that were there when it began. */
static bool end_all(program *found, size_t count)
{
    bool obeys = false, ended = true;
    for (size_t i = 0; i < count; i++) {
        obeys |= found[i].told;
        if (found[i].told)
            note_session(found[i].session);
    }
    if (obeys)
        await(found, count, OBEY_MS);
    for (size_t i = 0; i < count; i++)
        if (WaitForSingleObject(found[i].process, 0) != WAIT_OBJECT_0)
            TerminateProcess(found[i].process, RJ_SERVICE_FAILED);
    await(found, count, KILLED_MS);
    for (size_t i = 0; i < count; i++) {
        ended &= WaitForSingleObject(found[i].process, 0) == WAIT_OBJECT_0;
        CloseHandle(found[i].process);
    }
    return ended;
}

int rj_service_end_sessions(const rj_service_options *options)
{
    (void)options;
    wchar_t stem[PATH_MOST];
    program *found = rj_calloc(PROGRAMS_MOST, sizeof *found);
    bool ended = true, told = false;
    size_t count = 1;
    if (!found || !rj_system_is_root() || !find_stem(stem)) {
        fputs("realmjoinservice: only an administrator may end the sessions of others\n", stderr);
        rj_free(found);
        return RJ_SERVICE_FAILED;
    }
    for (int round = 0; round < ROUNDS && count > 0 && ended; round++) {
        count = find_programs(stem, found);
        ended = end_all(found, count);
        told |= count > 0;
    }
    if (told)
        tell_service();
    rj_free(found);
    if (ended && count == 0)
        return RJ_SERVICE_OK;
    fputs("realmjoinservice: a RealmJoin program does not end; its files can be replaced after a "
          "restart\n",
          stderr);
    return RJ_SERVICE_FAILED;
}
