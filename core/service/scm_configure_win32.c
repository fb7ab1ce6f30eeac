/* SPDX-License-Identifier: MIT */
/*
 * The settings of the service, see scm_configure_win32.h.
 *
 * The installer's tables know some of these settings and its tools write others wrongly (a path without
 * quotes lets "C:\Program.exe" start in our place), so the service puts them right each time it starts.
 */
#include "service/scm_configure_win32.h"
#include "base/alloc.h"
#include "base/log.h"
#include "platform/win32/wide_win32.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sddl.h>
#include <winsvc.h>

#define LOGGER "service.configure"
#define PATH_MOST 32768
#define PRESHUTDOWN_MS 30000

/* Interactive users start and look, services look, SYSTEM and administrators do all. */
#define SDDL_OF_SERVICE                                                                            \
    L"D:(A;;CCLCSWRPLORC;;;IU)(A;;CCLCSWLORC;;;SU)"                                                \
    L"(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)"

/* ---- The path -------------------------------------------------------------------------------- */

static bool is_same_letter(wchar_t a, wchar_t b)
{
    return CompareStringOrdinal(&a, 1, &b, 1, TRUE) == CSTR_EQUAL;
}

wchar_t *rj_scm_quoted(const wchar_t *command, const wchar_t *program)
{
    size_t length = wcslen(program);
    if (command[0] == L'"' || wcschr(program, L'"'))
        return NULL;
    for (size_t i = 0; i < length; i++)
        if (!command[i] || !is_same_letter(command[i], program[i]))
            return NULL;
    const wchar_t *rest = command + length;
    if (*rest && *rest != L' ')
        return NULL;
    size_t size = length + wcslen(rest) + 3;
    wchar_t *quoted = rj_malloc(size * sizeof *quoted);
    if (quoted)
        swprintf(quoted, size, L"\"%ls\"%ls", program, rest);
    return quoted;
}

static DWORD quote_path(SC_HANDLE service)
{
    union {
        QUERY_SERVICE_CONFIGW config;
        BYTE bytes[8192]; /* the most the function gives */
    } space;
    DWORD needed = 0, failed = 0;
    if (!QueryServiceConfigW(service, &space.config, sizeof space, &needed))
        return GetLastError();
    const wchar_t *command = space.config.lpBinaryPathName;
    if (command[0] == L'"')
        return 0;
    wchar_t *program = rj_malloc(PATH_MOST * sizeof *program);
    if (!program)
        return ERROR_OUTOFMEMORY;
    DWORD length = GetModuleFileNameW(NULL, program, PATH_MOST);
    wchar_t *quoted = length && length < PATH_MOST ? rj_scm_quoted(command, program) : NULL;
    if (!quoted)
        failed = ERROR_BAD_PATHNAME; /* another program, or a short name */
    else if (!ChangeServiceConfigW(service, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE,
                                   quoted, NULL, NULL, NULL, NULL, NULL, NULL))
        failed = GetLastError();
    else
        rj_log(RJ_LOG_INFO, LOGGER, NULL, "the service's ImagePath is quoted now");
    rj_free(quoted);
    rj_free(program);
    return failed;
}

/* ---- The others ------------------------------------------------------------------------------ */

static DWORD set(SC_HANDLE service, DWORD what, void *value)
{
    return ChangeServiceConfig2W(service, what, value) ? 0 : GetLastError();
}

static DWORD describe(SC_HANDLE service)
{
    wchar_t text[] = L"Installs the software that the organisation assigned to this device and its "
                     L"users, and checks the device's security.";
    SERVICE_DESCRIPTIONW description = {text};
    return set(service, SERVICE_CONFIG_DESCRIPTION, &description);
}

static DWORD set_recovery(SC_HANDLE service)
{
    SC_ACTION actions[] = {
        {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW recovery = {
        .dwResetPeriod = 86400, .cActions = 3, .lpsaActions = actions};
    return set(service, SERVICE_CONFIG_FAILURE_ACTIONS, &recovery);
}

static DWORD set_recovery_flag(SC_HANDLE service)
{
    SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
    return set(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag);
}

static DWORD set_sid_type(SC_HANDLE service)
{
    SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
    return set(service, SERVICE_CONFIG_SERVICE_SID_INFO, &sid);
}

static DWORD set_preshutdown(SC_HANDLE service)
{
    SERVICE_PRESHUTDOWN_INFO time = {PRESHUTDOWN_MS};
    return set(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &time);
}

static DWORD set_rights(SC_HANDLE service)
{
    PSECURITY_DESCRIPTOR rights = NULL;
    bool done = ConvertStringSecurityDescriptorToSecurityDescriptorW(
                    SDDL_OF_SERVICE, SDDL_REVISION_1, &rights, NULL) &&
                SetServiceObjectSecurity(service, DACL_SECURITY_INFORMATION, rights);
    DWORD failed = done ? 0 : GetLastError();
    LocalFree(rights);
    return failed;
}

void rj_scm_configure(void)
{
    static const struct {
        DWORD (*run)(SC_HANDLE service);
        const char *name, *weaker;
    } steps[] = {
        {quote_path, "the quotes around its path",
         "a program put at the first blank of the path could start in its place"},
        {describe, "the description", "people see only its name"},
        {set_recovery, "the recovery actions", "after a crash it stays down until it is started"},
        {set_recovery_flag, "recovery after an end with an error",
         "it is started again after crashes only"},
        {set_sid_type, "a SID of its own",
         "its rights cannot be told from those of other services"},
        {set_preshutdown, "time before a shutdown",
         "a shutdown may cut it off; the next start recovers"},
        {set_rights, "who may start and stop it",
         "commands of ordinary users cannot start it on demand"},
    };
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = NULL;
    if (manager)
        service = OpenServiceW(manager, L"realmjoin",
                               SERVICE_QUERY_CONFIG | SERVICE_CHANGE_CONFIG | SERVICE_START |
                                   READ_CONTROL | WRITE_DAC);
    DWORD why = GetLastError();
    size_t failures = 0;
    for (size_t i = 0; service && i < sizeof steps / sizeof *steps; i++) {
        rj_error error = RJ_ERROR_NONE;
        DWORD failed = steps[i].run(service);
        if (!failed) {
            rj_log(RJ_LOG_DEBUG, LOGGER, NULL, "set for the service: %s", steps[i].name);
            continue;
        }
        failures++;
        rj_fail_win32(&error, failed, "setting for the service %s", steps[i].name);
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s; %s", error.text, steps[i].weaker);
    }
    if (!service) {
        rj_error error = RJ_ERROR_NONE;
        rj_fail_win32(&error, why, "configuring the service");
        rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s; it is as the installer left it", error.text);
    } else {
        rj_log(RJ_LOG_INFO, LOGGER, NULL, "service configured, %zu of %zu settings",
               sizeof steps / sizeof *steps - failures, sizeof steps / sizeof *steps);
        CloseServiceHandle(service);
    }
    if (manager)
        CloseServiceHandle(manager);
}
