/* SPDX-License-Identifier: MIT */
/*
 * The sandbox of Windows: job (memory, processor time, one process), token without Administrators and
 * privileges, low integrity, mitigation policies.
 *
 * There is no layer for the network and for what may be read, other than the account's rights: both are
 * said in the report.  Integrity is lowered by the worker itself, once its own libraries are loaded.
 */
#include "sandbox_win32.h"

#include "base/alloc.h"
#include "launch_win32.h"
#include "wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OWN_FOLDERS 2             /* state and cache */
#define TICKS_A_SECOND 10000000LL /* of 100 ns */

/* ---- Step 1 ---------------------------------------------------------------------------------- */

HANDLE rj_sandbox_job(const rj_sandbox *sandbox)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
    limits.BasicLimitInformation.ActiveProcessLimit = 1;
    if (sandbox->memory_bytes) {
        limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        limits.ProcessMemoryLimit = (SIZE_T)sandbox->memory_bytes;
    }
    if (sandbox->cpu_seconds) {
        limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_TIME;
        limits.BasicLimitInformation.PerProcessUserTimeLimit.QuadPart =
            sandbox->cpu_seconds * TICKS_A_SECOND;
    }
    return rj_job_make(&limits);
}

/* All but passing through folders, which everybody has; also where DISABLE_MAX_PRIVILEGE does nothing. */
static DWORD remove_privileges(HANDLE token)
{
    DWORD size = 0;
    DWORD problem = 0;
    LUID passing = {0};
    GetTokenInformation(token, TokenPrivileges, NULL, 0, &size);
    TOKEN_PRIVILEGES *all = rj_calloc(1, size);
    if (!all)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!LookupPrivilegeValueW(NULL, SE_CHANGE_NOTIFY_NAME, &passing) ||
        !GetTokenInformation(token, TokenPrivileges, all, size, &size))
        problem = GetLastError();
    for (DWORD i = 0; i < all->PrivilegeCount; i++)
        if (all->Privileges[i].Luid.LowPart != passing.LowPart || all->Privileges[i].Luid.HighPart)
            all->Privileges[i].Attributes = SE_PRIVILEGE_REMOVED;
    if (!problem && all->PrivilegeCount && !AdjustTokenPrivileges(token, FALSE, all, 0, NULL, NULL))
        problem = GetLastError();
    rj_free(all);
    return problem;
}

HANDLE rj_sandbox_token(void)
{
    SID_AND_ATTRIBUTES administrators = {.Sid = NULL};
    HANDLE own = NULL;
    HANDLE fewer = NULL;
    DWORD problem = 0;
    if (!ConvertStringSidToSidW(L"S-1-5-32-544", &administrators.Sid))
        return NULL;
    if (!OpenProcessToken(GetCurrentProcess(),
                          TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_QUERY |
                              TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_PRIVILEGES,
                          &own) ||
        !CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, 1, &administrators, 0, NULL, 0, NULL,
                               &fewer))
        problem = GetLastError();
    else
        problem = remove_privileges(fewer);
    if (problem && fewer)
        CloseHandle(fewer);
    if (own)
        CloseHandle(own);
    LocalFree(administrators.Sid);
    SetLastError(problem);
    return problem ? NULL : fewer;
}

bool rj_sandbox_has_accounts(void)
{
    return false;
}

/* Who may write elsewhere does so by the account's rights, which low integrity would take away. */
static bool is_for_low_integrity(const rj_sandbox *sandbox)
{
    size_t writable = 0;
    for (size_t i = 0; i < sandbox->path_count; i++)
        writable += sandbox->paths[i].write;
    return writable <= OWN_FOLDERS;
}

void rj_sandbox_label_folders(const rj_sandbox *sandbox)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL present = FALSE;
    BOOL by_default = FALSE;
    PACL label = NULL;
    if (!is_for_low_integrity(sandbox) ||
        !ConvertStringSecurityDescriptorToSecurityDescriptorW(L"S:(ML;OICI;NW;;;LW)",
                                                              SDDL_REVISION_1, &descriptor, NULL))
        return;
    if (GetSecurityDescriptorSacl(descriptor, &present, &label, &by_default))
        for (size_t i = 0; i < sandbox->path_count; i++) {
            wchar_t *path =
                sandbox->paths[i].write ? rj_wide_path(sandbox->paths[i].path, NULL) : NULL;
            if (path)
                SetNamedSecurityInfoW(path, SE_FILE_OBJECT, LABEL_SECURITY_INFORMATION, NULL, NULL,
                                      NULL, label);
            rj_free(path);
        }
    LocalFree(descriptor);
}

/* ---- Step 2 ---------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
note(rj_sandbox_report *report, const char *format, ...)
{
    va_list arguments;
    if (report->count == RJ_SANDBOX_NOTES)
        return;
    va_start(arguments, format);
    vsnprintf(report->notes[report->count], sizeof report->notes[0], format, arguments);
    va_end(arguments);
    report->count++;
}

static bool lower_integrity(HANDLE token)
{
    TOKEN_MANDATORY_LABEL label = {.Label = {.Attributes = SE_GROUP_INTEGRITY}};
    if (!ConvertStringSidToSidW(L"S-1-16-4096", &label.Label.Sid))
        return false;
    bool good = SetTokenInformation(token, TokenIntegrityLevel, &label,
                                    (DWORD)sizeof label + GetLengthSid(label.Label.Sid)) != 0;
    LocalFree(label.Label.Sid);
    return good;
}

/* What was asked for is believed only when the token says it. */
static bool is_low(HANDLE token)
{
    union {
        TOKEN_MANDATORY_LABEL label;
        char bytes[256];
    } found;
    DWORD size = 0;
    if (!GetTokenInformation(token, TokenIntegrityLevel, &found, sizeof found, &size))
        return false;
    PSID sid = found.label.Label.Sid;
    DWORD level = *GetSidSubAuthority(sid, (DWORD)(*GetSidSubAuthorityCount(sid) - 1));
    return level <= SECURITY_MANDATORY_LOW_RID;
}

static void enter_low_integrity(rj_sandbox_report *report)
{
    HANDLE token = NULL;
    bool good = OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_DEFAULT, &token) &&
                lower_integrity(token) && is_low(token);
    if (token)
        CloseHandle(token);
    if (!good)
        note(report, "this system does not lower its integrity: it may write what its account may");
}

typedef BOOL WINAPI set_policy(PROCESS_MITIGATION_POLICY policy, PVOID value, SIZE_T size);

static void enter_mitigations(rj_sandbox_report *report)
{
    static const struct {
        PROCESS_MITIGATION_POLICY policy;
        DWORD flags;
        const char *what;
    } wanted[] = {
        {ProcessStrictHandleCheckPolicy, 3, "strict handle checks"},
        {ProcessExtensionPointDisablePolicy, 1, "no extension points"},
        {ProcessImageLoadPolicy, 1 | 2, "no libraries from the network or of low integrity"},
    };
    union {
        FARPROC address;
        set_policy *call;
    } set = {.address =
                 GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetProcessMitigationPolicy")};
    char missing[120] = "";
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        DWORD flags = wanted[i].flags;
        size_t used = strlen(missing);
        if (!set.address || !set.call(wanted[i].policy, &flags, sizeof flags))
            snprintf(missing + used, sizeof missing - used, "%s%s", used ? "; " : "",
                     wanted[i].what);
    }
    if (*missing)
        note(report, "this system does not offer: %s", missing);
}

rj_status rj_sandbox_enter(const rj_sandbox *sandbox, rj_sandbox_report *ret_report, rj_error *err)
{
    rj_sandbox_report report = {.count = 0};
    (void)err;
    if (is_for_low_integrity(sandbox))
        enter_low_integrity(&report);
    else
        note(&report, "its grants let it write: its integrity is not lowered");
    enter_mitigations(&report);
    if (sandbox->uid != RJ_SANDBOX_KEEP_ACCOUNT)
        note(&report, "it runs in the agent's account, though without its privileges");
    if (!(sandbox->network & RJ_NETWORK_INTERNET))
        note(&report, "its use of the network is not limited on Windows");
    note(&report, "what it may read is limited by its account's rights only");
    *ret_report = report;
    return RJ_OK;
}
