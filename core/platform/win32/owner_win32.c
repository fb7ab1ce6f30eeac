/* SPDX-License-Identifier: MIT */
/*
 * Giving a folder to another account.
 *
 * What is inside may have been made by somebody we do not trust: nothing is followed, and a file that
 * has further names elsewhere is left alone, since one of them may be no business of the new owner.
 */
#include "platform/file.h"

#include "base/alloc.h"
#include "platform/system.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/open_at_win32.h"
#include "platform/win32/wide_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>

#define LEVELS_MAX 64 /* each level holds a handle */

struct giving {
    PSID sid;
    PACL folder_list; /* handed on to what is made inside */
    PACL file_list;
    HANDLE folder;
    unsigned level;
};

static DWORD give_entry(void *data, const wchar_t *name);

static DWORD give_handle(HANDLE handle, PSID sid, PACL list)
{
    return SetSecurityInfo(handle, SE_FILE_OBJECT,
                           OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
                               PROTECTED_DACL_SECURITY_INFORMATION,
                           sid, NULL, list, NULL);
}

/* What is in the folder, then the folder: until then nobody else can change what we look at. */
static DWORD give_folder(HANDLE handle, const struct giving *outer)
{
    if (outer->level > LEVELS_MAX)
        return ERROR_TOO_MANY_OPEN_FILES;
    struct giving inner = *outer;
    inner.folder = handle;
    inner.level++;
    DWORD code = rj_each_entry_at(handle, give_entry, &inner);
    return code ? code : give_handle(handle, outer->sid, outer->folder_list);
}

static DWORD give_entry(void *data, const wchar_t *name)
{
    const struct giving *giving = data;
    HANDLE handle = NULL;
    DWORD code = rj_open_at(giving->folder, name,
                            FILE_LIST_DIRECTORY | READ_CONTROL | WRITE_DAC | WRITE_OWNER,
                            RJ_OPEN_AT_EXISTING, NULL, &handle);
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_DELETE_PENDING)
        return 0;
    if (code)
        return code;
    BY_HANDLE_FILE_INFORMATION information;
    if (!GetFileInformationByHandle(handle, &information))
        code = GetLastError();
    else if (information.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        code = 0;
    else if (information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        code = give_folder(handle, giving);
    else if (information.nNumberOfLinks == 1)
        code = give_handle(handle, giving->sid, giving->file_list);
    CloseHandle(handle);
    return code;
}

static void enable_privilege(const wchar_t *name)
{
    HANDLE token = NULL;
    TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1};
    wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        return;
    if (LookupPrivilegeValueW(NULL, name, &wanted.Privileges[0].Luid))
        AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
    CloseHandle(token);
}

/* Descriptors of a folder and a file for SYSTEM, Administrators and the account. */
static DWORD make_lists(const char *sid, PSECURITY_DESCRIPTOR descriptors[2], struct giving *giving)
{
    static const char *const handed_on[] = {"OICI", ""};
    PACL *lists[] = {&giving->folder_list, &giving->file_list};
    for (int i = 0; i < 2; i++) {
        char text[512];
        BOOL present = FALSE;
        BOOL defaulted = FALSE;
        snprintf(text, sizeof text, "D:P(A;%s;FA;;;SY)(A;%s;FA;;;BA)(A;%s;FA;;;%s)", handed_on[i],
                 handed_on[i], handed_on[i], sid);
        wchar_t *wide = rj_wide(text);
        bool good = wide && ConvertStringSecurityDescriptorToSecurityDescriptorW(
                                wide, SDDL_REVISION_1, &descriptors[i], NULL);
        DWORD code = good ? 0 : GetLastError();
        rj_free(wide);
        if (!code && !GetSecurityDescriptorDacl(descriptors[i], &present, lists[i], &defaulted))
            code = GetLastError();
        if (code)
            return code;
    }
    return 0;
}

static bool belongs_to(HANDLE handle, PSID sid)
{
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (GetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL,
                        NULL, &descriptor))
        return false;
    bool same = owner && EqualSid(owner, sid);
    LocalFree(descriptor);
    return same;
}

rj_status rj_dir_give(const char *path, uint32_t uid, rj_error *err)
{
    char *sid = NULL;
    wchar_t *wide_sid = NULL;
    HANDLE handle = NULL;
    PSECURITY_DESCRIPTOR descriptors[2] = {NULL, NULL};
    struct giving giving = {0};
    wchar_t *wide = rj_wide_path(path, err);
    rj_status status =
        wide ? rj_account_sid_text(uid, NULL, &sid, err) : rj_status_of_win32(GetLastError());
    if (status)
        goto out;
    wide_sid = rj_wide(sid);
    DWORD code = wide_sid && ConvertStringSidToSidW(wide_sid, &giving.sid) ? 0 : GetLastError();
    enable_privilege(L"SeRestorePrivilege"); /* to name another owner than oneself */
    enable_privilege(L"SeTakeOwnershipPrivilege");
    if (!code)
        code = make_lists(sid, descriptors, &giving);
    if (!code)
        code = rj_open_unfollowed(
            wide, FILE_LIST_DIRECTORY | READ_CONTROL | WRITE_DAC | WRITE_OWNER, &handle);
    DWORD attributes = handle ? rj_handle_attributes(handle) : 0;
    if (!code &&
        (!(attributes & FILE_ATTRIBUTE_DIRECTORY) || (attributes & FILE_ATTRIBUTE_REPARSE_POINT)))
        code = ERROR_PATH_NOT_FOUND;
    if (!code && !belongs_to(handle, giving.sid))
        code = give_folder(handle, &giving);
    if (code)
        status = rj_fail_win32(err, code, "folder %s cannot be given to %s", path, sid);
out:
    if (handle)
        CloseHandle(handle);
    for (int i = 0; i < 2; i++)
        if (descriptors[i])
            LocalFree(descriptors[i]);
    if (giving.sid)
        LocalFree(giving.sid);
    rj_free(wide_sid);
    rj_free(sid);
    rj_free(wide);
    return status;
}
