/* SPDX-License-Identifier: MIT */
/*
 * A restricted token for ourselves, see rights.h.
 *
 *     own token --> Administrators and the like for denials only, privileges gone --> medium integrity
 *               --> the user owns what it makes --> the same command line again
 *
 * The second one inherits its standard handles and no other: what an administrator's program had open when it
 * started us must not end up with the user.
 *
 * The environment tells the second one that it is that: one that still has the rights does not try for ever.
 */
#include "base/alloc.h"
#include "platform/system.h"
#include "platform/win32/launch_win32.h"
#include "platform/win32/wide_win32.h"
#include "session/rights.h"
#include <stdbool.h>
#include <wchar.h>

#include <sddl.h>

#define MARK L"RJ_RIGHTS_DROPPED"
#define PATH_MOST 32768

/* Groups that are as good as administrators. */
static const WELL_KNOWN_SID_TYPE groups[] = {
    WinBuiltinAdministratorsSid,  WinBuiltinPowerUsersSid,      WinBuiltinAccountOperatorsSid,
    WinBuiltinSystemOperatorsSid, WinBuiltinPrintOperatorsSid,  WinBuiltinBackupOperatorsSid,
    WinAccountDomainAdminsSid,    WinAccountEnterpriseAdminsSid};
enum { GROUPS = sizeof groups / sizeof *groups };

typedef union user {
    TOKEN_USER of;
    BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
} user;

static bool read_user(HANDLE token, user *ret_user)
{
    DWORD size = 0;
    return GetTokenInformation(token, TokenUser, ret_user, sizeof *ret_user, &size);
}

/* Those of a domain need the domain's SID, which the user's begins with. */
static size_t list_groups(PSID own, BYTE (*space)[SECURITY_MAX_SID_SIZE], SID_AND_ATTRIBUTES *list)
{
    BYTE domain[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof domain;
    size_t count = 0;
    bool in_domain = GetWindowsAccountDomainSid(own, domain, &size);
    for (size_t i = 0; i < GROUPS; i++) {
        size = SECURITY_MAX_SID_SIZE;
        if (!CreateWellKnownSid(groups[i], in_domain ? (PSID)domain : NULL, space[count], &size))
            continue;
        list[count] = (SID_AND_ATTRIBUTES){.Sid = space[count]};
        count++;
    }
    return count;
}

/* Best effort: the token's groups have gone already. */
static void set_medium(HANDLE token)
{
    PSID medium = NULL;
    if (!ConvertStringSidToSidW(L"S-1-16-8192", &medium))
        return;
    TOKEN_MANDATORY_LABEL label = {.Label = {.Sid = medium, .Attributes = SE_GROUP_INTEGRITY}};
    SetTokenInformation(token, TokenIntegrityLevel, &label, sizeof label);
    LocalFree(medium);
}

/* An administrator's objects belong to the group; without it they must belong to the user. */
static void set_owner(HANDLE token, const user *own)
{
    TOKEN_OWNER owner = {.Owner = own->of.User.Sid};
    SetTokenInformation(token, TokenOwner, &owner, sizeof owner);
}

static rj_status restrict_token(HANDLE *ret_token, rj_error *err)
{
    HANDLE own = NULL, made = NULL;
    user who;
    BYTE space[GROUPS][SECURITY_MAX_SID_SIZE];
    SID_AND_ATTRIBUTES list[GROUPS];
    if (!OpenProcessToken(
            GetCurrentProcess(),
            TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT, &own))
        return rj_fail_win32(err, GetLastError(), "looking at our own rights");
    rj_status status = RJ_OK;
    if (!read_user(own, &who))
        status = rj_fail_win32(err, GetLastError(), "looking at our own rights");
    else if (IsWellKnownSid(who.of.User.Sid, WinLocalSystemSid))
        status = rj_fail(err, RJ_E_DENIED,
                         "packages of users never run as SYSTEM; start the session "
                         "as that user");
    else if (!CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE,
                                    (DWORD)list_groups(who.of.User.Sid, space, list), list, 0, NULL,
                                    0, NULL, &made))
        status = rj_fail_win32(err, GetLastError(), "dropping administrator's rights");
    CloseHandle(own);
    if (status != RJ_OK)
        return status;
    set_medium(made);
    set_owner(made, &who);
    *ret_token = made;
    return RJ_OK;
}

/* Each once; what is none, or may not be inherited, is left out. */
static void add_handle(HANDLE *handle, HANDLE *list, size_t *count)
{
    DWORD flags = 0;
    bool good = *handle && *handle != INVALID_HANDLE_VALUE &&
                GetHandleInformation(*handle, &flags) &&
                SetHandleInformation(*handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    if (!good)
        *handle = NULL;
    for (size_t i = 0; good && i < *count; i++)
        good = list[i] != *handle;
    if (good)
        list[(*count)++] = *handle;
}

static DWORD create(HANDLE token, const wchar_t *program, wchar_t *line)
{
    HANDLE handles[3];
    size_t count = 0;
    DWORD problem = 0, flags = CREATE_UNICODE_ENVIRONMENT;
    PROCESS_INFORMATION started = {0};
    STARTUPINFOEXW how = {.StartupInfo = {.cb = sizeof how.StartupInfo}};
    GetStartupInfoW(&how.StartupInfo); /* the same window */
    how.StartupInfo.lpReserved = NULL;
    how.StartupInfo.cbReserved2 = 0;
    how.StartupInfo.lpReserved2 = NULL;
    how.StartupInfo.lpDesktop = NULL;
    if (how.StartupInfo.dwFlags & STARTF_USESTDHANDLES) {
        add_handle(&how.StartupInfo.hStdInput, handles, &count);
        add_handle(&how.StartupInfo.hStdOutput, handles, &count);
        add_handle(&how.StartupInfo.hStdError, handles, &count);
    }
    if (count) {
        problem = rj_launch_inherit(handles, count, &how.lpAttributeList);
        how.StartupInfo.cb = sizeof how;
        flags |= EXTENDED_STARTUPINFO_PRESENT;
    }
    if (!problem && !CreateProcessAsUserW(token, program, line, NULL, NULL, count > 0, flags, NULL,
                                          NULL, &how.StartupInfo, &started))
        problem = GetLastError();
    if (how.lpAttributeList) {
        DeleteProcThreadAttributeList(how.lpAttributeList);
        rj_free(how.lpAttributeList);
    }
    if (!problem) {
        CloseHandle(started.hThread);
        CloseHandle(started.hProcess);
    }
    return problem;
}

static rj_status start_again(HANDLE token, rj_error *err)
{
    wchar_t *program = rj_malloc(PATH_MOST * sizeof *program);
    const wchar_t *line = GetCommandLineW();
    wchar_t *copy = rj_malloc((wcslen(line) + 1) * sizeof *copy); /* the call writes into it */
    if (!program || !copy) {
        rj_free(program);
        rj_free(copy);
        return rj_fail_memory(err, "starting again");
    }
    wmemcpy(copy, line, wcslen(line) + 1);
    DWORD length = GetModuleFileNameW(NULL, program, PATH_MOST);
    DWORD problem = ERROR_INSUFFICIENT_BUFFER;
    if (length && length < PATH_MOST)
        problem =
            SetEnvironmentVariableW(MARK, L"1") ? create(token, program, copy) : GetLastError();
    rj_status status =
        problem ? rj_fail_win32(err, problem, "starting again without the rights") : RJ_OK;
    rj_free(program);
    rj_free(copy);
    return status;
}

rj_status rj_rights_drop(rj_error *err)
{
    HANDLE token = NULL;
    if (!rj_system_is_root())
        return RJ_E_NOT_APPLICABLE;
    if (GetEnvironmentVariableW(MARK, NULL, 0) > 0)
        return rj_fail(
            err, RJ_E_DENIED,
            "packages of users never run with administrator's rights, and these could not "
            "be dropped; start the session as an ordinary user");
    rj_status status = restrict_token(&token, err);
    if (status == RJ_OK) {
        status = start_again(token, err);
        CloseHandle(token);
    }
    return status == RJ_OK ? RJ_OK : RJ_E_DENIED;
}
